#include "support/soft_key.h"
#include "support/spec.h"
#include "support/tuf_maker.h"

#include <stdlib.h>
#include <string.h>

#define SIGNED                                                                     \
	"{\"_type\":\"targets\",\"expires\":\"2027-12-01T00:00:00Z\",\"targets\":" \
	"{},\"version\":3}"

/* The role of these keys, as root has it; the root is the test's. */
static rk_root *
root_of(const rk_tuf_maker *maker, const char *keys, uint32_t threshold)
{
	rk_root *root = NULL;

	assert_ok(rk_root_new(&rk_dialect_tuf, RK_MAKER_NOW, true, &root));
	for (; *keys; keys++)
		assert_ok(rk_root_add_key(root, RK_ROLE_TARGETS, maker->keys[*keys - '0']));
	assert_ok(rk_root_set_threshold(root, RK_ROLE_TARGETS, threshold));
	return root;
}

static rk_verdict *
judge(rk_text *text, const rk_root *root)
{
	rk_envelope *envelope = rk_tuf_maker_open(text, "targets.json");
	rk_verdict *verdict = NULL;

	assert_ok(rk_verify(envelope, rk_root_role(root, RK_ROLE_TARGETS), root->keys, &verdict));
	rk_envelope_free(envelope);
	return verdict;
}

static void
distinct_keys_of_the_role_are_counted(void **state)
{
	rk_tuf_maker *maker = *state;
	rk_root *root = root_of(maker, "0123", 3);
	rk_verdict *verdict = judge(rk_tuf_maker_wrap(maker, SIGNED, "3157"), root);

	assert_false(verdict->met);
	assert_int_equal(verdict->valid, 2);
	assert_int_equal(verdict->threshold, 3);
	assert_int_equal(verdict->sigs[0].judgement, RK_JUDGED_VALID);
	assert_int_equal(verdict->sigs[2].judgement, RK_JUDGED_NOT_IN_ROLE);
	assert_string_equal(
	    verdict->sigs[0].fingerprint, rk_pubkey_fingerprint_hex(maker->keys[3]->pubkey));
	assert_int_equal(verdict->missing_count, 2);
	assert_string_equal(verdict->missing[0], maker->keys[0]->keyid);
	assert_string_equal(verdict->missing[1], maker->keys[2]->keyid);
	rk_verdict_free(verdict);
	verdict = judge(rk_tuf_maker_wrap(maker, SIGNED, "023"), root);
	assert_true(verdict->met);
	rk_verdict_free(verdict);
	rk_root_free(root);
}

/* What was verified once is not verified again, but by that key alone. */
static void
a_signature_that_one_key_made_is_none_of_another_with_its_id(void **state)
{
	rk_tuf_maker *maker = *state;
	rk_root *root = root_of(maker, "01", 1);
	rk_envelope *envelope =
	    rk_tuf_maker_open(rk_tuf_maker_wrap(maker, SIGNED, "0"), "targets.json");
	const rk_role *role = rk_root_role(root, RK_ROLE_TARGETS);
	rk_tuf_key *one =
	    (rk_tuf_key *)(uintptr_t)rk_keyring_by_id(root->keys, maker->keys[0]->keyid);
	rk_pubkey *its = one->pubkey;

	for (unsigned i = 0; i < 3; i++) {
		rk_verdict *verdict = NULL;

		one->pubkey = i == 1 ? maker->keys[1]->pubkey : its;
		assert_ok(rk_verify(envelope, role, root->keys, &verdict));
		assert_int_equal(
		    verdict->sigs[0].judgement, i == 1 ? RK_JUDGED_WRONG : RK_JUDGED_VALID);
		rk_verdict_free(verdict);
	}
	rk_envelope_free(envelope);
	rk_root_free(root);
}

/* A signature over other bytes, an empty one, hex that is none, and ids twice: none of it spoils
 * what is enough without it. */
static void
an_unusable_signature_spoils_nothing(void **state)
{
	rk_tuf_maker *maker = *state;
	rk_root *root = root_of(maker, "0123", 1);
	rk_envelope *other = rk_tuf_maker_open(
	    rk_tuf_maker_wrap(maker,
		"{\"_type\":\"targets\",\"expires\":\"2027-12-01T00:00:00Z\",\"version\":4}", "1"),
	    "other");
	rk_text *text = rk_tuf_maker_wrap(maker, SIGNED, "0");
	rk_verdict *verdict;
	RK_AUTO_BUF(file);

	rk_buf_append(&file, text->data, text->len - 2);
	rk_text_free(text);
	rk_buf_byte(&file, ',');
	rk_buf_append(&file, other->sigs[0].span.text, other->sigs[0].span.len);
	rk_buf_printf(&file,
	    ",{\"keyid\":\"%s\",\"sig\":\"\"},{\"keyid\":\"%s\",\"sig\":\"xx\"},"
	    "{\"keyid\":\"%s\",\"sig\":\"00\"},{\"keyid\":\"%s\",\"sig\":\"00\"}]}",
	    maker->keys[2]->keyid, maker->keys[3]->keyid, maker->keys[0]->keyid, "");
	assert_ok(rk_buf_check(&file));
	verdict = judge(rk_tuf_maker_text(rk_buf_str(&file)), root);
	assert_true(verdict->met);
	assert_int_equal(verdict->valid, 1);
	assert_int_equal(verdict->sigs[1].judgement, RK_JUDGED_WRONG);
	assert_int_equal(verdict->sigs[2].judgement, RK_JUDGED_EMPTY);
	assert_int_equal(verdict->sigs[3].judgement, RK_JUDGED_UNDECODABLE);
	assert_int_equal(verdict->sigs[4].judgement, RK_JUDGED_DUPLICATE_ID);
	assert_int_equal(verdict->sigs[5].judgement, RK_JUDGED_NOT_IN_ROLE);
	rk_verdict_free(verdict);
	rk_envelope_free(other);
	rk_root_free(root);
}

static void
one_key_under_two_ids_counts_once_and_is_told_of(void **state)
{
	rk_tuf_maker *maker = *state;
	rk_root *root = root_of(maker, "01", 2), *both = NULL;
	rk_text *text = rk_tuf_maker_wrap(maker, SIGNED, "0");
	rk_node *roles = rk_node_get(root->signed_node, "roles");
	rk_node *copy = rk_node_copy(maker->keys[0]->object);
	rk_envelope *envelope;
	rk_text *written = NULL;
	rk_verdict *verdict;
	struct rk_new_sig sig = {"twin", maker->keys[0]->scheme, NULL, 0};
	RK_AUTO_BUF(out);

	assert_ok(rk_node_put(rk_node_get(root->signed_node, "keys"), "twin", copy));
	assert_ok(
	    rk_node_append_text(rk_node_get(rk_node_get(roles, "targets"), "keyids"), "twin"));
	assert_ok(rk_envelope_compose(&rk_dialect_tuf, root->signed_node, NULL, &written));
	envelope = rk_tuf_maker_open(written, "root.json");
	assert_ok(rk_root_read(envelope, &both));
	rk_envelope_free(envelope);

	envelope = rk_tuf_maker_open(text, "targets.json");
	sig.sig = envelope->sigs[0].bytes;
	sig.len = envelope->sigs[0].len;
	assert_ok(rk_envelope_splice(envelope, &sig, 1, NULL, rk_sink_buf(&out)));
	rk_envelope_free(envelope);
	verdict = judge(rk_tuf_maker_text(rk_buf_str(&out)), both);
	assert_false(verdict->met);
	assert_int_equal(verdict->valid, 1);
	assert_int_equal(verdict->sigs[1].judgement, RK_JUDGED_SAME_KEY);
	assert_int_equal(verdict->twin_count, 1);
	assert_string_equal(verdict->twins[0], "twin");
	assert_int_equal(verdict->missing_count, 1);
	rk_verdict_free(verdict);
	rk_root_free(both);
	rk_root_free(root);
}

static void
an_id_without_a_key_and_a_key_of_an_unknown_type_never_count(void **state)
{
	rk_tuf_maker *maker = *state;
	const char *keys = "{\"odd\":{\"keytype\":\"odd\",\"scheme\":\"odd\"}}";
	const char *role = "{\"keyids\":[\"odd\",\"gone\"],\"threshold\":1}";
	rk_node *keys_node = NULL, *role_node = NULL;
	rk_keyring *ring = NULL;
	rk_role *trusted = NULL;
	rk_verdict *verdict = NULL;
	rk_envelope *envelope =
	    rk_tuf_maker_open(rk_tuf_maker_text("{\"signed\":" SIGNED ",\"signatures\":["
						"{\"keyid\":\"odd\",\"sig\":\"00\"},"
						"{\"keyid\":\"gone\",\"sig\":\"00\"}]}"),
		"targets.json");

	(void)maker;
	assert_ok(rk_node_parse(keys, strlen(keys), "keys", &keys_node));
	assert_ok(rk_node_parse(role, strlen(role), "role", &role_node));
	assert_ok(rk_keyring_read(&rk_dialect_tuf, keys_node, "a test", &ring));
	assert_ok(rk_role_read(&rk_dialect_tuf, role_node, "targets", "a test", &trusted));
	assert_ok(rk_verify(envelope, trusted, ring, &verdict));
	assert_int_equal(verdict->sigs[0].judgement, RK_JUDGED_UNKNOWN_KEY);
	assert_non_null(verdict->sigs[0].why);
	assert_int_equal(verdict->sigs[1].judgement, RK_JUDGED_NO_KEY);
	assert_false(verdict->met);
	assert_error(rk_verify_one(envelope, rk_keyring_by_id(ring, "odd"), "x", 1), RK_E_REFUSED);
	rk_verdict_free(verdict);
	rk_role_free(trusted);
	rk_keyring_free(ring);
	rk_node_free(keys_node);
	rk_node_free(role_node);
	rk_envelope_free(envelope);
}

static void
a_threshold_not_met_says_how_many_of_how_many(void **state)
{
	rk_tuf_maker *maker = *state;
	rk_root *root = root_of(maker, "01", 2);
	const rk_role *role = rk_root_role(root, RK_ROLE_TARGETS);
	rk_envelope *some =
	    rk_tuf_maker_open(rk_tuf_maker_wrap(maker, SIGNED, "0"), "targets.json");
	rk_envelope *all =
	    rk_tuf_maker_open(rk_tuf_maker_wrap(maker, SIGNED, "01"), "targets.json");
	rk_error *err = rk_verify_role(some, role, root->keys, "the keys of root 2");

	assert_non_null(strstr(rk_error_message(err),
	    "targets version 3 has 1 of 2 signatures under the keys of root 2"));
	assert_error(err, RK_E_UNTRUSTED);
	assert_ok(rk_verify_role(all, role, root->keys, NULL));
	rk_envelope_free(some);
	rk_envelope_free(all);
	rk_root_free(root);
}

static void
a_verdict_is_told_as_json(void **state)
{
	rk_tuf_maker *maker = *state;
	rk_root *root = root_of(maker, "01", 2);
	rk_verdict *verdict = judge(rk_tuf_maker_wrap(maker, SIGNED, "0"), root);
	rk_node *node = NULL;
	const rk_node *sig;

	assert_ok(rk_verdict_node(verdict, &node));
	assert_string_equal(rk_node_text(rk_node_get(node, "role")), "targets");
	assert_int_equal(rk_node_int(rk_node_get(node, "threshold")), 2);
	assert_int_equal(rk_node_int(rk_node_get(node, "valid")), 1);
	assert_int_equal(rk_node_kind(rk_node_get(node, "met")), RK_JSON_FALSE);
	sig = rk_node_at(rk_node_get(node, "signatures"), 0);
	assert_string_equal(rk_node_text(rk_node_get(sig, "judgement")), "valid");
	assert_string_equal(rk_node_text(rk_node_get(sig, "keyid")), maker->keys[0]->keyid);
	assert_int_equal(rk_node_count(rk_node_get(node, "missing")), 1);
	rk_node_free(node);
	rk_verdict_free(verdict);
	rk_root_free(root);
}

/* Sign with a pair of this type, in the shape that the scheme has in files. */
static void
sign_as(EVP_PKEY *pair, const rk_scheme *scheme, rk_envelope *envelope, rk_buf *out)
{
	struct rk_soft_wish wish = {.hash = scheme->hash};
	RK_AUTO_BUF(raw);

	assert_ok(rk_envelope_payload_for(envelope, scheme, &wish.payload));
	rk_soft_key_sign(pair, &wish, &raw);
	if (scheme->family == RK_FAMILY_ECDSA)
		assert_ok(rk_ecdsa_raw_to_der((const uint8_t *)rk_buf_str(&raw), raw.len, out));
	else
		rk_buf_append(out, raw.data, raw.len);
}

static void
every_type_of_key_verifies_and_another_text_does_not(void **state)
{
	static const enum rk_key_type types[] = {RK_KEY_ECDSA_P256, RK_KEY_ECDSA_P384,
	    RK_KEY_ECDSA_P521, RK_KEY_ED25519, RK_KEY_RSA2048};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		EVP_PKEY *pair = rk_soft_key_new(types[i]);
		rk_pubkey *pubkey = rk_soft_key_public(pair);
		rk_tuf_key *key = NULL;
		rk_envelope *envelope =
		    rk_tuf_maker_open(rk_tuf_maker_wrap(*state, SIGNED, ""), "one");
		rk_envelope *other = rk_tuf_maker_open(
		    rk_tuf_maker_wrap(*state,
			"{\"_type\":\"root\",\"expires\":\"2027-12-01T00:00:00Z\",\"version\":3}",
			""),
		    "other");
		RK_AUTO_BUF(sig);

		assert_ok(rk_tuf_key_make(&rk_dialect_tuf, pubkey, &key));
		sign_as(pair, key->scheme, envelope, &sig);
		assert_ok(rk_verify_one(envelope, key, sig.data, sig.len));
		assert_error(rk_verify_one(other, key, sig.data, sig.len), RK_E_UNTRUSTED);
		rk_tuf_key_free(key);
		rk_pubkey_free(pubkey);
		EVP_PKEY_free(pair);
		rk_envelope_free(envelope);
		rk_envelope_free(other);
	}
}

#define verify_spec(function) \
	cmocka_unit_test_setup_teardown(function, rk_tuf_maker_new, rk_tuf_maker_free)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    verify_spec(a_signature_that_one_key_made_is_none_of_another_with_its_id),
	    verify_spec(distinct_keys_of_the_role_are_counted),
	    verify_spec(an_unusable_signature_spoils_nothing),
	    verify_spec(one_key_under_two_ids_counts_once_and_is_told_of),
	    verify_spec(an_id_without_a_key_and_a_key_of_an_unknown_type_never_count),
	    verify_spec(a_threshold_not_met_says_how_many_of_how_many),
	    verify_spec(a_verdict_is_told_as_json),
	    verify_spec(every_type_of_key_verifies_and_another_text_does_not),
	};

	return cmocka_run_group_tests_name("verify", tests, NULL, NULL);
}
