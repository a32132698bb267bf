#include "support/notary_maker.h"
#include "support/soft_key.h"
#include "support/spec.h"
#include "world/certificate.h"

#include <string.h>

#define NOTARY (&rk_dialect_notary)
#define ED_PUBLIC "hGYnJdT+Yc2ybWsFRhxD419rRuRxNRBftMiM/Gb5r0Q="
#define ED_ID "2abe1b054289c7c0f5f20dbf19ec9230ecd023671979ca20208686ded840be9e"

static rk_error *
from_file(const char *bytes, size_t len, rk_tuf_key **ret_key)
{
	rk_text *text = NULL;

	assert_ok(rk_text_copy(bytes, len, &text));
	rk_error *err = rk_tuf_key_from_file(NOTARY, text, "key file", ret_key);
	rk_text_free(text);
	return err;
}

static rk_tuf_key *
key_of(const char *json)
{
	rk_tuf_key *key = NULL;

	assert_ok(from_file(json, strlen(json), &key));
	return key;
}

/* keys */

static void
a_servers_key_has_its_id_however_its_members_stand(void **state)
{
	static const char *const texts[] = {
	    "{\"keytype\":\"ed25519\",\"keyval\":{\"private\":null,\"public\":\"" ED_PUBLIC "\"}}",
	    "{\"keytype\":\"ed25519\",\"keyval\":{\"public\":\"" ED_PUBLIC
	    "\",\"private\":null}}\n",
	    " {\"keyval\":{\"public\":\"" ED_PUBLIC "\"},\"more\":1,\"keytype\":\"ed25519\"}",
	};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		rk_tuf_key *key = key_of(texts[i]);
		RK_AUTO_BUF(out);

		assert_string_equal(key->keyid, ED_ID);
		assert_true(key->id_computed);
		assert_string_equal(key->scheme->name, "eddsa");
		rk_write_node(&out, key->object, NOTARY->style, 0);
		assert_string_equal(rk_buf_str(&out), texts[0]);
		rk_tuf_key_free(key);
	}
}

static void
a_key_file_that_is_none_is_refused(void **state)
{
	static const struct {
		const char *text;
		enum rk_code code;
	} files[] = {
	    {"{\"keytype\":\"ed25519\",\"keyval\":{\"private\":\"AAAA\",\"public\":\"" ED_PUBLIC
	     "\"}}",
		RK_E_REFUSED},
	    {"{\"keytype\":\"ed25519\",\"keyval\":{\"private\":null,\"pub", RK_E_MALFORMED},
	    {"{\"keytype\":\"ed25519\",\"keyval\":{\"private\":null}}", RK_E_MALFORMED},
	    {"{\"keyval\":{\"private\":null,\"public\":\"" ED_PUBLIC "\"}}", RK_E_MALFORMED},
	    {"{\"keytype\":\"dsa\",\"keyval\":{\"private\":null,\"public\":\"" ED_PUBLIC "\"}}",
		RK_E_REFUSED},
	    {"{\"keytype\":\"ecdsa\",\"keyval\":{\"private\":null,\"public\":\"" ED_PUBLIC "\"}}",
		RK_E_REFUSED},
	    {"{\"keytype\":\"ed25519\",\"keyval\":{\"private\":null,\"public\":\"AAAA\"}}",
		RK_E_REFUSED},
	    {"{\"keytype\":\"rsa-x509\",\"keyval\":{\"private\":null,\"public\":\"AAAA\"}}",
		RK_E_REFUSED},
	    {"", RK_E_MALFORMED},
	    {"nothing", RK_E_MALFORMED},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		rk_tuf_key *key = NULL;

		assert_error(from_file(files[i].text, strlen(files[i].text), &key), files[i].code);
		assert_null(key);
	}
}

static void
keys_of_every_type_come_back_from_their_objects(void **state)
{
	static const struct {
		enum rk_key_type type;
		const char *keytype, *method;
	} rows[] = {
	    {RK_KEY_ECDSA_P256, "ecdsa", "ecdsa"},
	    {RK_KEY_ECDSA_P384, "ecdsa", "ecdsa"},
	    {RK_KEY_ECDSA_P521, "ecdsa", "ecdsa"},
	    {RK_KEY_RSA2048, "rsa", "rsapss"},
	    {RK_KEY_ED25519, "ed25519", "eddsa"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		EVP_PKEY *pair = rk_soft_key_new(rows[i].type);
		rk_pubkey *pubkey = rk_soft_key_public(pair);
		rk_tuf_key *made = NULL, *read = NULL;
		char id[RK_KEYID_HEX];

		assert_ok(rk_tuf_key_make(NOTARY, pubkey, &made));
		assert_ok(rk_tuf_key_read(NOTARY, made->keyid, made->object, "root", &read));
		assert_ok(rk_tuf_key_canonical_id(NOTARY, pubkey, id));
		assert_string_equal(id, made->keyid);
		assert_true(rk_pubkey_equal(read->pubkey, pubkey));
		assert_string_equal(read->keytype, rows[i].keytype);
		assert_string_equal(read->scheme->name, rows[i].method);
		assert_int_equal(read->scheme->shape, RK_SIG_RAW);
		rk_tuf_key_free(made);
		rk_tuf_key_free(read);
		/* PEM and DER are the same key. */
		assert_ok(from_file(rk_pubkey_pem(pubkey), strlen(rk_pubkey_pem(pubkey)), &made));
		assert_string_equal(made->keyid, id);
		rk_tuf_key_free(made);
		rk_pubkey_free(pubkey);
		EVP_PKEY_free(pair);
	}
}

static void
a_certificate_is_a_key_of_its_own(void **state)
{
	rk_notary_maker *maker = *state;
	RK_AUTO_BUF(pem);
	rk_tuf_key *key = NULL;
	rk_certificate *certificate = NULL;
	char id[RK_KEYID_HEX];

	rk_notary_maker_pem(maker->pairs[0], RK_NOTARY_GUN, RK_NOTARY_NOT_AFTER, &pem);
	assert_ok(from_file(pem.data, pem.len, &key));
	assert_string_equal(key->keytype, "ecdsa-x509");
	assert_ok(rk_tuf_key_canonical_id(NOTARY, key->pubkey, id));
	assert_string_equal(id, maker->plain[0]->keyid);
	assert_string_not_equal(id, key->keyid);
	assert_ok(NOTARY->certificate_of(key, &certificate));
	assert_string_equal(certificate->name, RK_NOTARY_GUN);
	assert_string_equal(certificate->pem, pem.data);
	rk_certificate_free(certificate);
	assert_ok(NOTARY->certificate_of(maker->plain[0], &certificate));
	assert_null(certificate);
	assert_ok(NOTARY->root_key_check(key, RK_NOTARY_GUN, RK_MAKER_NOW));
	assert_ok(NOTARY->root_key_check(key, NULL, 0));
	assert_error(NOTARY->root_key_check(key, "lab.example/b", 0), RK_E_UNTRUSTED);
	assert_error(NOTARY->root_key_check(key, NULL, RK_NOTARY_NOT_AFTER + 1), RK_E_UNTRUSTED);
	assert_error(NOTARY->root_key_check(maker->plain[0], NULL, 0), RK_E_UNTRUSTED);
	rk_tuf_key_free(key);
}

static void
a_key_under_a_foreign_id_does_not_count(void **state)
{
	rk_notary_maker *maker = *state;
	rk_tuf_key *key = NULL;

	assert_ok(rk_tuf_key_read(NOTARY, "abcd", maker->plain[0]->object, "root", &key));
	assert_null(key->pubkey);
	assert_non_null(key->why);
	rk_tuf_key_free(key);
}

/* signatures */

static rk_tuf_key *
legacy_key(const rk_pubkey *pubkey)
{
	RK_AUTO_BUF(public);
	RK_AUTO_BUF(json);

	rk_buf_base64(&public, rk_pubkey_pem(pubkey), strlen(rk_pubkey_pem(pubkey)));
	rk_buf_printf(&json,
	    "{\"keytype\":\"rsa\",\"keyval\":{\"private\":null,\"public\":\"%s\"}}",
	    rk_buf_str(&public));
	return key_of(rk_buf_str(&json));
}

static bool
is_signed(const rk_tuf_key *key, EVP_PKEY *pair, const char *method, int padding)
{
	RK_AUTO(rk_envelope) envelope = NULL;
	RK_AUTO(rk_keyring) ring = NULL;
	RK_AUTO(rk_verdict) verdict = NULL;
	RK_AUTO_BUF(sig);
	RK_AUTO_BUF(text);
	RK_AUTO_BUF(bytes);
	rk_role role = {.name = (char[]){"root"},
	    .keyids = (char *[]){key->keyid},
	    .keyid_count = 1,
	    .threshold = 1};
	rk_tuf_key *copy = NULL;
	rk_payload payload = {0};
	static const char head[] = "{\"_type\":\"Snapshot\",\"expires\":\"2036-11-20T03:06:49Z\","
				   "\"meta\":{},\"version\":2}";
	rk_text *file = NULL;

	assert_ok(rk_payload_from_bytes(head, strlen(head), &payload));
	rk_soft_key_sign(
	    pair, &(struct rk_soft_wish){key->scheme->hash, &payload, padding, 0}, &sig);
	rk_payload_clear(&payload);
	assert_ok(NOTARY->signature_text(sig.data, sig.len, &text));
	rk_buf_printf(&bytes,
	    "{\"signed\":%s,\"signatures\":[{\"keyid\":\"%s\",\"method\":\"%s\",\"sig\":\"%s\"}]}",
	    head, key->keyid, method, rk_buf_str(&text));
	assert_ok(rk_text_take(&bytes, &file));
	assert_ok(rk_envelope_open(NULL, file, "test", &envelope));
	assert_ok(rk_keyring_new(&ring));
	assert_ok(rk_tuf_key_copy(key, &copy));
	assert_ok(rk_keyring_add(ring, copy));
	assert_ok(rk_verify(envelope, &role, ring, &verdict));
	return verdict->met;
}

static void
a_signature_says_its_method(void **state)
{
	enum { PKCS1 = 1 };
	static const struct {
		enum rk_key_type type;
		const char *good, *bad;
	} rows[] = {
	    {RK_KEY_ECDSA_P256, "ecdsa", "eddsa"},
	    {RK_KEY_ECDSA_P384, "ECDSA", "rsapss"},
	    {RK_KEY_ED25519, "eddsa", "ecdsa"},
	    {RK_KEY_RSA2048, "rsapss", "pycrypto-pkcs#1 pss"},
	    {RK_KEY_RSA2048, "RSAPSS", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		EVP_PKEY *pair = rk_soft_key_new(rows[i].type);
		rk_pubkey *pubkey = rk_soft_key_public(pair);
		rk_tuf_key *key = NULL;

		assert_ok(rk_tuf_key_make(NOTARY, pubkey, &key));
		assert_true(is_signed(key, pair, rows[i].good, 0));
		assert_false(is_signed(key, pair, rows[i].bad, 0));
		assert_int_equal(is_signed(key, pair, "rsapkcs1v15", PKCS1),
		    rk_pubkey_family(pubkey) == RK_FAMILY_RSA_PSS);
		rk_tuf_key_free(key);
		if (rk_pubkey_family(pubkey) == RK_FAMILY_RSA_PSS) {
			key = legacy_key(pubkey);
			assert_true(is_signed(key, pair, "pycrypto-pkcs#1 pss", 0));
			assert_false(is_signed(key, pair, "rsapss", 0));
			rk_tuf_key_free(key);
		}
		rk_pubkey_free(pubkey);
		EVP_PKEY_free(pair);
	}
}

/* documents */

static void
blank_files_are_exact(void **state)
{
	static const char *const texts[RK_ROLE_TOP_COUNT] = {
	    [RK_ROLE_ROOT] =
		"{\"_type\":\"Root\",\"consistent_snapshot\":false,\"expires\":\"2027-01-15T08:00:"
		"00Z\",\"keys\":{},\"roles\":{},\"version\":1}",
	    [RK_ROLE_TIMESTAMP] = "{\"_type\":\"Timestamp\",\"expires\":\"2027-01-15T08:00:00Z\","
				  "\"meta\":{},\"version\":1}",
	    [RK_ROLE_SNAPSHOT] = "{\"_type\":\"Snapshot\",\"expires\":\"2027-01-15T08:00:00Z\","
				 "\"meta\":{},\"version\":1}",
	    [RK_ROLE_TARGETS] =
		"{\"_type\":\"Targets\",\"delegations\":{\"keys\":{},\"roles\":[]},\"expires\":"
		"\"2027-01-15T08:00:00Z\",\"targets\":{},\"version\":1}",
	};

	(void)state;
	for (int kind = 0; kind < RK_ROLE_TOP_COUNT; kind++) {
		RK_AUTO(rk_node) node = NULL;
		RK_AUTO(rk_envelope) envelope = NULL;
		RK_AUTO(rk_str) want = NULL;
		rk_text *text = NULL;

		assert_ok(NOTARY->blank((enum rk_role_kind)kind, RK_MAKER_NOW, &node));
		assert_ok(rk_envelope_compose(NOTARY, node, NULL, &text));
		assert_ok(rk_strdupf(&want, "{\"signed\":%s,\"signatures\":[]}", texts[kind]));
		assert_int_equal(text->len, strlen(want));
		assert_memory_equal(text->data, want, text->len);
		assert_ok(rk_envelope_open(NULL, text, "blank", &envelope));
		assert_ptr_equal(envelope->dialect, NOTARY);
		assert_int_equal(envelope->kind, kind);
		assert_ok(NOTARY->exact(envelope));
	}
}

static void
times_are_read_as_go_writes_them(void **state)
{
	static const struct {
		const char *text;
		bool portable;
	} rows[] = {
	    {"2036-11-20T03:06:49Z", true},
	    {"2036-11-20T03:06:49.883009482Z", true},
	    {"2036-11-20T12:06:49.883009482+09:00", true},
	    {"2036-11-20T03:06:49.1Z", true},
	    {"2036-11-20T03:06:49.100Z", false},
	    {"2036-11-20T03:06:49+00:00", false},
	    {"2036-11-20T03:06:49-00:00", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t time = 0;
		bool portable = !rows[i].portable;

		assert_ok(
		    NOTARY->expires_parse(rows[i].text, strlen(rows[i].text), &time, &portable));
		assert_string_equal(RK_TIME(time), "2036-11-20T03:06:49Z");
		assert_int_equal(portable, rows[i].portable);
	}
}

static void
targets_may_have_every_name_without_control_characters(void **state)
{
	char *custom = NULL;

	(void)state;
	assert_ok(rk_target_check_name(NOTARY, "a<b>&\"q\\"));
	assert_ok(rk_target_check_name(NOTARY, "e\xcc\x81"));
	assert_error(rk_target_check_name(&rk_dialect_tuf, "a\"q"), RK_E_REFUSED);
	assert_error(rk_target_check_name(NOTARY, "a\nb"), RK_E_REFUSED);
	assert_error(rk_target_check_name(NOTARY, "../b"), RK_E_REFUSED);
	assert_ok(rk_target_custom(NOTARY, "{\"z\":1,\"a\\\"\":\"<\"}", 17, &custom));
	assert_string_equal(custom, "{\"a\\\"\":\"<\",\"z\":1}");
	rk_str_free(custom);
	assert_ok(rk_target_custom(NOTARY, "[ 1 ]", 5, &custom));
	assert_string_equal(custom, "[1]");
	rk_str_free(custom);
	assert_error(rk_target_custom(NOTARY, "null", 4, &custom), RK_E_REFUSED);
	assert_error(rk_target_custom(NOTARY, "{\"a\":\"\\n\"}", 10, &custom), RK_E_REFUSED);
	assert_error(rk_target_custom(NOTARY, "{\"a\":\"\\u007F\"}", 14, &custom), RK_E_REFUSED);
	assert_error(rk_target_custom(NOTARY, "{\"a\":1.5}", 9, &custom), RK_E_MALFORMED);
}

static void
edits_are_written_as_go_escapes_them(void **state)
{
	RK_AUTO(rk_envelope) before = NULL;
	RK_AUTO(rk_envelope) after = NULL;
	RK_AUTO_BUF(out);
	RK_AUTO_BUF(payload);
	rk_text *text = NULL;
	rk_target target = {.name = (char[]){"a<b>&\"q\\"},
	    .length = 6,
	    .custom = (char[]){"{\"a\":\"\xe2\x80\xa8\"}"}};
	struct rk_target_edit item = {&target, false};
	rk_target_edit_list list;
	struct rk_targets_change change = {
	    .version = 2, .expires = RK_MAKER_NOW, .edits = &list.edits};

	(void)state;
	assert_ok(rk_targets_blank(NOTARY, RK_MAKER_NOW, &text));
	assert_ok(rk_envelope_open(NULL, text, "targets.json", &before));
	assert_ok(rk_hashes_of("hello\n", 6, NOTARY->target_hashes, &target.hashes));
	assert_ok(rk_target_edit_list_init(&list, &item, 1));
	assert_ok(rk_targets_rewrite(before, &change, rk_sink_buf(&out), NULL));
	assert_non_null(strstr(out.data, "{\"a\\u003cb\\u003e\\u0026\\\"q\\\\\":{\"custom\":{\"a\":"
					 "\"\\u2028\"},\"hashes\":{\"sha256\":\"WJG1tSLV3whtD/"
					 "CxEPvZ0hu0/HFjrzTQgoai6Eb2vgM=\",\"sha512\":"));
	assert_ok(rk_text_take(&out, &text));
	assert_ok(rk_envelope_open(NULL, text, "targets.json", &after));
	assert_ok(NOTARY->exact(after));
	assert_ok(rk_envelope_write_payload(after, rk_sink_buf(&payload)));
	assert_non_null(
	    strstr(payload.data, "{\"a<b>&\\\"q\\\\\":{\"custom\":{\"a\":\"\xe2\x80\xa8\"}"));
}

static void
a_file_that_is_written_otherwise_is_mended_by_its_next_version(void **state)
{
	static const char file[] =
	    "{\n \"signatures\": [],\n \"signed\": {\"_type\": \"Targets\", \"version\": 2,\n"
	    "\"expires\":\"2036-11-20T03:06:49Z\",\"targets\":{\"<\\u0041\":{\"length\":1,"
	    "\"hashes\":{\"sha256\":\"WJG1tSLV3whtD/CxEPvZ0hu0/HFjrzTQgoai6Eb2vgM=\"}}},"
	    "\"delegations\":{\"roles\":[],\"keys\":{}}}}\n";
	struct rk_targets_change change = {.version = 3, .keep_expires = true};
	RK_AUTO(rk_envelope) before = NULL;
	RK_AUTO(rk_envelope) after = NULL;
	RK_AUTO_BUF(out);
	rk_text *text = NULL;

	(void)state;
	assert_ok(rk_text_copy(file, strlen(file), &text));
	assert_ok(rk_envelope_open(NULL, text, "targets.json", &before));
	assert_error(NOTARY->exact(before), RK_E_REFUSED);
	assert_ok(rk_targets_rewrite(before, &change, rk_sink_buf(&out), NULL));
	assert_non_null(strstr(out.data, "\"\\u003cA\":{\"hashes\""));
	assert_ok(rk_text_take(&out, &text));
	assert_ok(rk_envelope_open(NULL, text, "targets.json", &after));
	assert_ok(NOTARY->exact(after));
	assert_int_equal(after->version, 3);
}

static void
a_signature_that_is_replaced_has_its_own_method(void **state)
{
	static const char file[] =
	    "{\"signed\":{\"_type\":\"Snapshot\",\"expires\":\"2036-11-20T03:06:49Z\",\"meta\":{},"
	    "\"version\":2},\"signatures\":[{\"keyid\":\"ab\",\"method\":\"ECDSA\",\"sig\":"
	    "\"AAAA\"}]}";
	RK_AUTO(rk_envelope) before = NULL;
	RK_AUTO(rk_envelope) after = NULL;
	rk_notary_maker *maker = *state;
	const struct rk_new_sig sig = {"ab", maker->plain[0]->scheme, "\x01\x02\x03", 3};
	RK_AUTO_BUF(out);
	rk_text *text = NULL;

	assert_ok(rk_text_copy(file, strlen(file), &text));
	assert_ok(rk_envelope_open(NULL, text, "snapshot.json", &before));
	assert_error(NOTARY->exact(before), RK_E_REFUSED);
	assert_ok(rk_envelope_splice(before, &sig, 1, NULL, rk_sink_buf(&out)));
	assert_ok(rk_text_take(&out, &text));
	assert_ok(rk_envelope_open(NULL, text, "snapshot.json", &after));
	assert_ok(NOTARY->exact(after));
	assert_int_equal(after->sigs[0].len, 3);
}

static void
certificates_and_plain_keys_of_one_pair_stand_side_by_side(void **state)
{
	rk_notary_maker *maker = *state;
	rk_root *root = maker->root;

	assert_ok(rk_root_add_key(root, RK_ROLE_TARGETS, maker->plain[0]));
	assert_true(rk_role_has(rk_root_role(root, RK_ROLE_TARGETS), maker->plain[0]->keyid));
	assert_true(rk_role_has(rk_root_role(root, RK_ROLE_ROOT), maker->certified[0]->keyid));
	assert_ok(rk_root_check(root));
	/* Twice in one role is refused. */
	assert_error(rk_root_add_key(root, RK_ROLE_ROOT, maker->plain[0]), RK_E_EXISTS);
	/* A plain key that is let go leaves the file; root's certificate does not. */
	assert_ok(rk_root_remove_key(root, RK_ROLE_TARGETS, maker->plain[0]->pubkey));
	assert_null(rk_keyring_by_id(root->keys, maker->plain[0]->keyid));
	assert_ok(rk_root_remove_key(root, RK_ROLE_ROOT, maker->certified[0]->pubkey));
	assert_non_null(rk_keyring_by_id(root->keys, maker->certified[0]->keyid));
	assert_error(rk_root_replace_key(root, RK_ROLE_ROOT, maker->certified[0]), RK_E_NOT_FOUND);
}

#define made_spec(function) \
	cmocka_unit_test_setup_teardown(function, rk_notary_maker_new, rk_notary_maker_free)

int
main(void)
{
	static const struct CMUnitTest specs[] = {
	    spec(a_servers_key_has_its_id_however_its_members_stand),
	    spec(a_key_file_that_is_none_is_refused),
	    spec(keys_of_every_type_come_back_from_their_objects),
	    made_spec(a_certificate_is_a_key_of_its_own),
	    made_spec(a_key_under_a_foreign_id_does_not_count),
	    spec(a_signature_says_its_method),
	    spec(blank_files_are_exact),
	    spec(times_are_read_as_go_writes_them),
	    spec(targets_may_have_every_name_without_control_characters),
	    spec(edits_are_written_as_go_escapes_them),
	    spec(a_file_that_is_written_otherwise_is_mended_by_its_next_version),
	    made_spec(a_signature_that_is_replaced_has_its_own_method),
	    made_spec(certificates_and_plain_keys_of_one_pair_stand_side_by_side),
	};

	return cmocka_run_group_tests_name("dialect notary", specs, NULL, NULL);
}
