#include "support/spec.h"
#include "support/tuf_maker.h"

#include <string.h>

static void
walk_roots(rk_tuf_maker *maker, enum rk_code want, const char *says, int64_t version)
{
	struct rk_chain_request request = rk_tuf_maker_request(maker);
	rk_client_state *state;

	request.roots_only = true;
	state = rk_tuf_maker_walk(&request, want);
	if (says)
		assert_true(rk_tuf_maker_finds(state, RK_FINDING_FATAL, says));
	if (version > 0)
		assert_int_equal(state->root->version, version);
	rk_client_state_free(state);
}

/* The next root: as the last one, with key 2 replaced by key 6. */
static void
rotate(rk_tuf_maker *maker)
{
	assert_ok(rk_root_set_version(maker->root, maker->root->version + 1));
	assert_ok(rk_root_add_key(maker->root, RK_ROLE_ROOT, maker->keys[6]));
	assert_ok(rk_root_remove_key(maker->root, RK_ROLE_ROOT, maker->keys[2]->pubkey));
	assert_ok(rk_root_check(maker->root));
}

/* Everything replaced: keys 6, 7 and 8 instead of 0, 1 and 2. */
static void
replace_all(rk_tuf_maker *maker)
{
	assert_ok(rk_root_set_version(maker->root, maker->root->version + 1));
	for (unsigned i = 0; i < 3; i++) {
		assert_ok(rk_root_add_key(maker->root, RK_ROLE_ROOT, maker->keys[6 + i]));
		assert_ok(rk_root_remove_key(maker->root, RK_ROLE_ROOT, maker->keys[i]->pubkey));
	}
}

static void
a_new_client_gets_from_the_first_root_to_the_targets(void **state)
{
	struct rk_chain_request request = rk_tuf_maker_request(*state);
	rk_client_state *seen = rk_tuf_maker_walk(&request, RK_OK);
	rk_target *target = NULL;
	const char *role = NULL;

	assert_true(seen->complete);
	assert_false(seen->authenticated);
	assert_int_equal(seen->count, 4);
	assert_int_equal(seen->first_root, 1);
	assert_string_equal(seen->roles[0].name, "root");
	assert_string_equal(seen->roles[3].file, "1.targets.json");
	assert_int_equal(seen->finding_count, 0);
	assert_ok(rk_client_find_target(seen, "b/c.txt", &target, &role));
	assert_int_equal(target->length, 8);
	assert_string_equal(role, "targets");
	rk_target_free(target);
	assert_error(rk_client_find_target(seen, "nowhere", &target, NULL), RK_E_NOT_FOUND);
	assert_null(rk_client_role_of(seen, "targets/alice"));
	rk_client_state_free(seen);
}

static void
a_root_signed_by_both_thresholds_is_followed(void **state)
{
	rk_tuf_maker *maker = *state;

	replace_all(maker);
	rk_tuf_maker_put_root(maker, "0167");
	walk_roots(maker, RK_OK, NULL, 2);
}

static void
a_root_signed_by_its_new_keys_only_is_refused(void **state)
{
	rk_tuf_maker *maker = *state;

	replace_all(maker);
	rk_tuf_maker_put_root(maker, "67");
	walk_roots(maker, RK_E_UNTRUSTED, "under the keys of root 1", 0);
}

static void
a_root_signed_by_its_old_keys_only_is_refused(void **state)
{
	rk_tuf_maker *maker = *state;

	replace_all(maker);
	rk_tuf_maker_put_root(maker, "012");
	walk_roots(maker, RK_E_UNTRUSTED, "under its own keys", 0);
}

static void
a_signature_by_one_key_that_both_roots_have_counts_in_both(void **state)
{
	rk_tuf_maker *maker = *state;

	rotate(maker);
	rk_tuf_maker_put_root(maker, "01");
	walk_roots(maker, RK_OK, NULL, 2);
}

static void
a_root_under_the_next_name_must_be_the_next_version(void **state)
{
	rk_tuf_maker *maker = *state;
	rk_text *text = NULL;

	assert_ok(rk_root_set_version(maker->root, 3));
	assert_ok(rk_root_compose(maker->root, NULL, &text));
	rk_tuf_maker_put(maker, "2.root.json", rk_tuf_maker_sign(maker, text, "01"));
	walk_roots(maker, RK_E_UNTRUSTED, "root 3 cannot follow root 1", 0);
}

static void
a_gap_between_roots_ends_the_walk_and_is_told(void **state)
{
	rk_tuf_maker *maker = *state;
	struct rk_chain_request request = rk_tuf_maker_request(maker);
	rk_client_state *seen;

	assert_ok(rk_root_set_version(maker->root, 3));
	rk_tuf_maker_put_root(maker, "01");
	seen = rk_tuf_maker_walk(&request, RK_OK);
	assert_int_equal(seen->root->version, 1);
	assert_true(rk_tuf_maker_finds(seen, RK_FINDING_WARNING, "root 2 is missing"));
	rk_client_state_free(seen);
}

static void
a_threshold_that_is_not_met_is_refused(void **state)
{
	rk_tuf_maker *maker = *state;

	rotate(maker);
	rk_tuf_maker_put_root(maker, "0");
	walk_roots(maker, RK_E_UNTRUSTED, "1 of 2 signatures", 0);
}

static void
one_key_under_two_ids_counts_once(void **state)
{
	rk_tuf_maker *maker = *state;
	struct rk_chain_request request = rk_tuf_maker_request(maker);
	rk_node *roles = rk_node_get(maker->root->signed_node, "roles");
	rk_node *object = rk_node_copy(maker->keys[0]->object);
	rk_root *root = NULL;
	rk_text *text = NULL;
	rk_envelope *envelope;
	rk_client_state *seen;
	struct rk_new_sig sigs[2];
	RK_AUTO_BUF(sig);
	RK_AUTO_BUF(out);

	/* Key 0 stands there once more, with a note that gives it another id. */
	assert_ok(rk_node_put_text(object, "note", "the same key"));
	assert_ok(rk_node_put(rk_node_get(maker->root->signed_node, "keys"), "second-id", object));
	assert_ok(
	    rk_node_append_text(rk_node_get(rk_node_get(roles, "root"), "keyids"), "second-id"));
	assert_ok(rk_envelope_compose(&rk_dialect_tuf, maker->root->signed_node, NULL, &text));
	envelope = rk_tuf_maker_open(text, "1.root.json");
	rk_tuf_maker_signature(maker, envelope, 0, &sig);
	sigs[0] =
	    (struct rk_new_sig){maker->keys[0]->keyid, maker->keys[0]->scheme, sig.data, sig.len};
	sigs[1] = sigs[0];
	sigs[1].keyid = "second-id";
	assert_ok(rk_envelope_splice(envelope, sigs, 2, NULL, rk_sink_buf(&out)));
	rk_envelope_free(envelope);
	assert_ok(rk_text_take(&out, &text));
	envelope = rk_tuf_maker_open(text, "1.root.json");
	assert_ok(rk_root_read(envelope, &root));
	assert_error(rk_root_check(root), RK_E_REFUSED);
	rk_root_free(root);
	assert_ok(
	    rk_source_put(maker->source, "1.root.json", envelope->text->data, envelope->text->len));
	walk_roots(maker, RK_E_UNTRUSTED, "1 of 2 signatures", 0);

	/* With a second key it is enough, and the twin is told of. */
	assert_ok(rk_text_copy(envelope->text->data, envelope->text->len, &text));
	rk_envelope_free(envelope);
	rk_tuf_maker_put(maker, "1.root.json", rk_tuf_maker_sign(maker, text, "1"));
	seen = rk_tuf_maker_walk(&request, RK_OK);
	assert_true(rk_tuf_maker_finds(seen, RK_FINDING_WARNING, "a second id of a key"));
	rk_client_state_free(seen);
}

static void
only_the_final_root_has_to_be_valid_today(void **state)
{
	rk_tuf_maker *maker = *state;
	struct rk_chain_request request = rk_tuf_maker_request(maker);
	rk_client_state *seen;

	assert_ok(rk_root_set_version(maker->root, 2));
	assert_ok(rk_root_set_expires(maker->root, RK_MAKER_NOW - 1));
	rk_tuf_maker_put_root(maker, "01");
	walk_roots(maker, RK_E_UNTRUSTED, "expired", 2);

	request.ignore_expiry = true;
	seen = rk_tuf_maker_walk(&request, RK_OK);
	assert_true(rk_tuf_maker_finds(seen, RK_FINDING_WARNING, "expired"));
	assert_true(rk_client_role_of(seen, "root")->expired);
	rk_client_state_free(seen);

	assert_ok(rk_root_set_version(maker->root, 3));
	assert_ok(rk_root_set_expires(maker->root, RK_MAKER_NOW + 1));
	rk_tuf_maker_put_root(maker, "01");
	walk_roots(maker, RK_OK, NULL, 3);
}

/* A file is expired from the second on that it names. */
static void
a_root_that_expires_now_has_expired(void **state)
{
	rk_tuf_maker *maker = *state;

	assert_ok(rk_root_set_version(maker->root, 2));
	assert_ok(rk_root_set_expires(maker->root, RK_MAKER_NOW));
	rk_tuf_maker_put_root(maker, "01");
	walk_roots(maker, RK_E_UNTRUSTED, "expired", 2);
}

static void
a_walk_from_a_trusted_root_is_authenticated(void **state)
{
	rk_tuf_maker *maker = *state;
	struct rk_chain_request request = rk_tuf_maker_request(maker);
	rk_client_state *seen;

	assert_ok(
	    maker->source->fetch(maker->source, "1.root.json", SIZE_MAX, &request.trusted_root));
	rotate(maker);
	rk_tuf_maker_put_root(maker, "01");
	seen = rk_tuf_maker_walk(&request, RK_OK);
	assert_true(seen->authenticated);
	assert_int_equal(seen->root->version, 2);
	rk_client_state_free(seen);
	rk_text_free(request.trusted_root);
}

static void
a_trusted_root_that_its_own_keys_did_not_sign_is_refused(void **state)
{
	rk_tuf_maker *maker = *state;
	struct rk_chain_request request = rk_tuf_maker_request(maker);
	rk_text *text = NULL;

	assert_ok(rk_root_compose(maker->root, NULL, &text));
	request.trusted_root = rk_tuf_maker_sign(maker, text, "0");
	rk_client_state_free(rk_tuf_maker_walk(&request, RK_E_UNTRUSTED));
	rk_text_free(request.trusted_root);
}

static void
an_anchor_is_a_version_and_the_digest_of_its_signed_bytes(void **state)
{
	rk_tuf_maker *maker = *state;
	struct rk_chain_request request = rk_tuf_maker_request(maker);
	rk_client_state *seen = rk_tuf_maker_walk(&request, RK_OK);
	uint8_t anchor[RK_SHA256_SIZE];

	memcpy(anchor, seen->first_sha256, sizeof(anchor));
	rk_client_state_free(seen);
	request.anchor_version = 1;
	request.anchor_sha256 = anchor;
	seen = rk_tuf_maker_walk(&request, RK_OK);
	assert_true(seen->authenticated);
	rk_client_state_free(seen);

	anchor[31] ^= 1;
	seen = rk_tuf_maker_walk(&request, RK_E_UNTRUSTED);
	assert_false(seen->authenticated);
	assert_true(rk_tuf_maker_finds(seen, RK_FINDING_FATAL, "another chain"));
	rk_client_state_free(seen);

	request.anchor_version = 7;
	rk_client_state_free(rk_tuf_maker_walk(&request, RK_E_UNTRUSTED));
}

static void
a_client_that_saw_a_newer_or_another_root_is_not_taken_back(void **state)
{
	rk_tuf_maker *maker = *state;
	struct rk_chain_request request = rk_tuf_maker_request(maker);
	rk_source *old = NULL;
	rk_text *text = NULL;
	rk_client_state *since, *seen;

	assert_ok(maker->source->fetch(maker->source, "1.root.json", SIZE_MAX, &text));
	rotate(maker);
	rk_tuf_maker_put_root(maker, "01");
	since = rk_tuf_maker_walk(&request, RK_OK);
	request.since = since;
	rk_client_state_free(rk_tuf_maker_walk(&request, RK_OK));

	/* The root before it, and no other. */
	assert_ok(rk_source_memory(&old));
	assert_ok(rk_source_put(old, "1.root.json", text->data, text->len));
	request.source = old;
	seen = rk_tuf_maker_walk(&request, RK_E_UNTRUSTED);
	assert_true(rk_tuf_maker_finds(seen, RK_FINDING_FATAL, "older than root 2"));
	rk_client_state_free(seen);

	/* Another second root, signed well. */
	assert_ok(rk_root_set_expires(maker->root, maker->root->expires + 1));
	rk_tuf_maker_put_root(maker, "01");
	request.source = maker->source;
	seen = rk_tuf_maker_walk(&request, RK_E_UNTRUSTED);
	assert_true(rk_tuf_maker_finds(seen, RK_FINDING_FATAL, "another one than was seen"));
	rk_client_state_free(seen);
	rk_client_state_free(since);
	rk_source_free(old);
	rk_text_free(text);
}

static void
a_root_that_cannot_be_read_ends_the_walk_with_a_finding(void **state)
{
	rk_tuf_maker *maker = *state;

	rk_tuf_maker_put(maker, "2.root.json", rk_tuf_maker_text("{\"signed\": "));
	walk_roots(maker, RK_E_MALFORMED, "2.root.json", 0);
}

static void
a_source_without_any_root_is_told_from_one_that_fails(void **state)
{
	struct rk_chain_request request = rk_tuf_maker_request(*state);
	rk_source *empty = NULL;

	assert_ok(rk_source_memory(&empty));
	request.source = empty;
	rk_client_state_free(rk_tuf_maker_walk(&request, RK_E_NOT_FOUND));
	rk_source_free(empty);
}

static void
the_same_root_again_may_follow_and_a_forged_one_may_not(void **state)
{
	rk_tuf_maker *maker = *state;
	rk_root *trusted = NULL;
	rk_text *text = NULL;
	rk_envelope *envelope;

	assert_ok(rk_root_copy(maker->root, &trusted));
	assert_ok(rk_root_compose(maker->root, NULL, &text));
	envelope = rk_tuf_maker_open(rk_tuf_maker_sign(maker, text, "02"), "root.json");
	assert_ok(rk_chain_root_follows(trusted, envelope, maker->root));
	rk_envelope_free(envelope);
	assert_ok(rk_root_set_expires(maker->root, maker->root->expires + 1));
	assert_ok(rk_root_compose(maker->root, NULL, &text));
	envelope = rk_tuf_maker_open(rk_tuf_maker_sign(maker, text, "02"), "root.json");
	assert_error(rk_chain_root_follows(trusted, envelope, maker->root), RK_E_UNTRUSTED);
	rk_envelope_free(envelope);
	rk_root_free(trusted);
}

/* Real chains: odd dates, hex points, old keytypes; placeholders; P-384. */
static void
walk_fixture(rk_tuf_maker *maker, const char *folder, unsigned roots, int64_t now)
{
	struct rk_chain_request request = rk_tuf_maker_request(maker);
	rk_client_state *seen;

	(void)rk_tuf_maker_fixtures();
	assert_ok(rk_source_memory(&request.source));
	for (unsigned i = 1; i <= roots; i++) {
		RK_AUTO(rk_str) path = NULL;
		RK_AUTO(rk_text) text = NULL;

		assert_ok(rk_strdupf(&path, "%s/%u.root.json", folder, i));
		text = rk_tuf_maker_fixture(path);
		assert_ok(
		    rk_source_put(request.source, strchr(path, '/') + 1, text->data, text->len));
	}
	request.roots_only = true;
	request.now = now;
	seen = rk_tuf_maker_walk(&request, RK_OK);
	assert_int_equal(seen->root->version, roots);
	assert_int_equal(seen->root->keys->count > 0, true);
	for (size_t i = 0; i < seen->root->keys->count; i++)
		assert_non_null(seen->root->keys->keys[i]->pubkey);
	rk_client_state_free(seen);
	rk_source_free(request.source);
}

static void
sigstores_first_eight_roots_follow_one_another(void **state)
{
	walk_fixture(*state, "sigstore", 8, INT64_C(1690000000));
}

static void
dockers_first_root_is_one(void **state)
{
	walk_fixture(*state, "docker-tuf", 1, INT64_C(1735000000));
}

#define chain_spec(function) \
	cmocka_unit_test_setup_teardown(function, rk_tuf_maker_new, rk_tuf_maker_free)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    chain_spec(a_new_client_gets_from_the_first_root_to_the_targets),
	    chain_spec(a_root_signed_by_both_thresholds_is_followed),
	    chain_spec(a_root_signed_by_its_new_keys_only_is_refused),
	    chain_spec(a_root_signed_by_its_old_keys_only_is_refused),
	    chain_spec(a_signature_by_one_key_that_both_roots_have_counts_in_both),
	    chain_spec(a_root_under_the_next_name_must_be_the_next_version),
	    chain_spec(a_gap_between_roots_ends_the_walk_and_is_told),
	    chain_spec(a_threshold_that_is_not_met_is_refused),
	    chain_spec(one_key_under_two_ids_counts_once),
	    chain_spec(only_the_final_root_has_to_be_valid_today),
	    chain_spec(a_root_that_expires_now_has_expired),
	    chain_spec(a_walk_from_a_trusted_root_is_authenticated),
	    chain_spec(a_trusted_root_that_its_own_keys_did_not_sign_is_refused),
	    chain_spec(an_anchor_is_a_version_and_the_digest_of_its_signed_bytes),
	    chain_spec(a_client_that_saw_a_newer_or_another_root_is_not_taken_back),
	    chain_spec(a_root_that_cannot_be_read_ends_the_walk_with_a_finding),
	    chain_spec(a_source_without_any_root_is_told_from_one_that_fails),
	    chain_spec(the_same_root_again_may_follow_and_a_forged_one_may_not),
	    chain_spec(sigstores_first_eight_roots_follow_one_another),
	    chain_spec(dockers_first_root_is_one),
	};

	return cmocka_run_group_tests_name("chain", tests, NULL, NULL);
}
