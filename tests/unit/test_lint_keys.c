#include "support/lint_scene.h"
#include "support/soft_key.h"
#include "support/spec.h"

#include <stdlib.h>
#include <string.h>

#define PY RK_SCENE_PY
#define GO RK_SCENE_GO
#define TO RK_SCENE_TO
#define JS RK_SCENE_JS

#define assert_finds(lint, rule, errors, warnings) \
	rk_lint_scene_finds(scene, lint, &(const rk_lint_rule){rule, errors, warnings, "", ""})

static rk_lint_scene *scene;

static int
begin(void **state)
{
	int failed = rk_lint_scene_new(state);

	scene = *state;
	return failed;
}

/* A root by another key than the maker's: `object` under its id, in every role. */
static rk_lint *
look_with_key(const rk_tuf_key *key, const char *keyid, bool alone)
{
	const rk_tuf_maker *maker = scene->maker;
	RK_AUTO_BUF(object);
	RK_AUTO_BUF(root);
	RK_AUTO_BUF(spare);
	RK_AUTO_BUF(more);
	struct rk_lint_wish wish;

	rk_write_node(&object, key->object, &rk_style_line, 0);
	rk_tuf_maker_keys_json(maker, "0", &spare);
	rk_buf_printf(&more, ",\"%s\"", maker->keys[0]->keyid);
	rk_buf_printf(&root,
	    "{\"signatures\":[],\"signed\":{\"_type\":\"root\",\"consistent_snapshot\":true,"
	    "\"expires\":\"2028-01-01T00:00:00Z\",%.*s,\"%s\":%s},\"roles\":{",
	    (int)(spare.len - 1), rk_buf_str(&spare), keyid, rk_buf_str(&object));
	for (int i = 0; i < RK_SCENE_BASES; i++)
		rk_buf_printf(&root, "%s\"%s\":{\"keyids\":[\"%s\"%s],\"threshold\":1}",
		    i ? "," : "", rk_lint_scene_roles[i], keyid, alone ? "" : rk_buf_str(&more));
	rk_buf_text(&root, "},\"spec_version\":\"1.0.31\",\"version\":1}}");
	assert_ok(rk_buf_check(&root));
	wish = rk_lint_scene_wish(rk_tuf_maker_text(rk_buf_str(&root)));
	return rk_lint_scene_look(&wish);
}

static rk_tuf_key *
new_key(enum rk_key_type type)
{
	EVP_PKEY *pair = rk_soft_key_new(type);
	rk_pubkey *pubkey = rk_soft_key_public(pair);
	rk_tuf_key *key = NULL;

	assert_ok(rk_tuf_key_make(&rk_dialect_tuf, pubkey, &key));
	rk_pubkey_free(pubkey);
	EVP_PKEY_free(pair);
	return key;
}

/* The key with other words in its object, under the id of that object. */
static rk_tuf_key *
reworded(const rk_tuf_key *key, const char *member, const char *text)
{
	RK_AUTO(rk_node) object = rk_node_copy(key->object);
	char keyid[RK_KEYID_HEX];
	rk_tuf_key *made = NULL;

	if (strcmp(member, "public") == 0)
		assert_ok(rk_node_put_text(rk_node_get(object, "keyval"), member, text));
	else
		assert_ok(rk_node_put_text(object, member, text));
	assert_ok(rk_dialect_tuf.key_id(object, keyid));
	assert_ok(rk_tuf_key_read(&rk_dialect_tuf, keyid, object, "made", &made));
	return made;
}

static void
assert_key(const rk_tuf_key *key, const char *rule, unsigned alone, unsigned beside)
{
	rk_lint *lint = look_with_key(key, key->keyid, true);

	if (rule)
		assert_finds(lint, rule, alone, 0);
	else
		assert_int_equal(lint->count, 0);
	rk_lint_free(lint);
	/* Beside a key that all can use, those who only cannot use it are warned. */
	lint = look_with_key(key, key->keyid, false);
	if (rule)
		assert_finds(lint, rule, beside, alone & ~beside);
	rk_lint_free(lint);
}

static void
keys_that_every_client_uses_are_nothing_to_tell(void **state)
{
	static const enum rk_key_type types[] = {
	    RK_KEY_ECDSA_P256, RK_KEY_ED25519, RK_KEY_RSA2048, RK_KEY_RSA3072};

	(void)state;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		rk_tuf_key *key = new_key(types[i]);

		assert_key(key, NULL, 0, 0);
		rk_tuf_key_free(key);
	}
}

static void
a_key_is_an_error_where_it_bricks_the_file_or_the_role_needs_it(void **state)
{
	rk_tuf_key *p384 = new_key(RK_KEY_ECDSA_P384), *rsa = new_key(RK_KEY_RSA2048);
	rk_tuf_key *old = reworded(p384, "keytype", "ecdsa-sha2-nistp384");
	rk_tuf_key *p521 = new_key(RK_KEY_ECDSA_P521);
	rk_tuf_key *pkcs1 = reworded(rsa, "scheme", "rsa-pkcs1v15-sha256");
	rk_tuf_key *unknown = reworded(rsa, "keytype", "frodo");

	(void)state;
	assert_key(p384, "key-ecdsa-p384", TO | JS, TO);
	assert_key(old, "key-type-nistp384", GO | TO | JS, GO | TO);
	assert_key(p521, "key-ecdsa-p521", GO | TO | JS, TO);
	assert_key(pkcs1, "key-rsa-scheme", GO | TO | JS, TO);
	assert_key(unknown, "key-type-unknown", PY | GO | TO | JS, PY | GO | TO);
	rk_tuf_key_free(p384);
	rk_tuf_key_free(rsa);
	rk_tuf_key_free(old);
	rk_tuf_key_free(p521);
	rk_tuf_key_free(pkcs1);
	rk_tuf_key_free(unknown);
}

static void
the_form_of_a_public_value_matters(void **state)
{
	rk_tuf_key *ed25519 = new_key(RK_KEY_ED25519), *p256 = new_key(RK_KEY_ECDSA_P256);
	size_t len;
	const uint8_t *spki = rk_pubkey_spki(p256->pubkey, &len);
	char point[131];
	rk_tuf_key *hex, *pem;

	(void)state;
	/* The point is the end of the SubjectPublicKeyInfo. */
	rk_hex(point, spki + len - 65, 65);
	hex = reworded(p256, "public", point);
	pem = reworded(ed25519, "public", rk_pubkey_pem(ed25519->pubkey));
	assert_key(hex, "key-hex-point", PY | GO, GO);
	assert_key(pem, "key-ed25519-pem", PY | GO | TO, GO | TO);
	rk_tuf_key_free(ed25519);
	rk_tuf_key_free(p256);
	rk_tuf_key_free(hex);
	rk_tuf_key_free(pem);
}

static void
a_role_that_a_client_cannot_meet_is_told(void **state)
{
	rk_tuf_key *key = new_key(RK_KEY_ECDSA_P384);
	rk_lint *lint = look_with_key(key, key->keyid, true);

	(void)state;
	/* tough cannot even read it: that is said of the key. */
	assert_finds(lint, "threshold-unreachable-for", JS, 0);
	rk_lint_free(lint);
	rk_tuf_key_free(key);
}

static void
one_key_under_two_ids_is_told(void **state)
{
	const rk_tuf_maker *maker = scene->maker;
	rk_lint *lint = look_with_key(maker->keys[0], "ab", false);

	(void)state;
	assert_finds(lint, "role-key-twice", 0, PY | TO | JS);
	assert_finds(lint, "key-id-not-computed", TO, 0);
	rk_lint_free(lint);
}

static void
keyids_that_are_twice_or_have_no_key_are_told(void **state)
{
	const rk_tuf_maker *maker = scene->maker;
	RK_AUTO_BUF(from);
	RK_AUTO_BUF(to);
	struct rk_lint_wish wish;
	rk_lint *lint;

	(void)state;
	rk_buf_printf(&from, "\"keyids\":[\"%s\"", maker->keys[3]->keyid);
	rk_buf_printf(
	    &to, "\"keyids\":[\"%s\",\"%s\",\"ff\"", maker->keys[3]->keyid, maker->keys[3]->keyid);
	wish = rk_lint_scene_wish(
	    rk_lint_scene_text(scene, RK_SCENE_ROOT, rk_buf_str(&from), rk_buf_str(&to)));
	lint = rk_lint_scene_look(&wish);
	assert_finds(lint, "role-keyid-twice", PY | JS, GO | TO);
	assert_finds(lint, "role-key-missing", GO, PY | TO | JS);
	rk_lint_free(lint);
}

static void
an_rsa_key_larger_than_tough_takes_is_told(void **state)
{
	rk_tuf_key *rsa = new_key(RK_KEY_RSA2048);
	RK_AUTO_BUF(modulus);
	rk_pubkey *large = NULL;
	rk_tuf_key *key = NULL;
	static const uint8_t exponent[] = {1, 0, 1};

	(void)state;
	rk_buf_byte(&modulus, 0xc1);
	for (int i = 0; i < 1125; i++)
		rk_buf_byte(&modulus, (uint8_t)(i * 7 + 1) | 1);
	assert_ok(rk_pubkey_from_rsa(modulus.data, modulus.len, exponent, 3, &large));
	assert_ok(rk_tuf_key_make(&rk_dialect_tuf, large, &key));
	assert_key(key, "key-rsa-size", TO, 0);
	rk_pubkey_free(large);
	rk_tuf_key_free(key);
	rk_tuf_key_free(rsa);
}

/* The last test: every rule of keys must have been met above, or by a file in test_lint.c. */
static void
every_rule_of_keys_has_a_test(void **state)
{
	static const char *const elsewhere[] = {
	    "key-ml-dsa", "key-sigstore-oidc", "key-unreadable", "key-pem-newline"};

	(void)state;
	for (size_t i = 0; i < rk_lint_rule_count(); i++) {
		const char *rule = rk_lint_rule_at(i)->id;
		bool met = scene->seen[i];

		for (size_t j = 0; j < sizeof(elsewhere) / sizeof(elsewhere[0]); j++)
			met = met || strcmp(rule, elsewhere[j]) == 0;
		if (!met && (strncmp(rule, "key-", 4) == 0 || strncmp(rule, "role-key", 8) == 0))
			fail_msg("no test meets %s", rule);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    spec(keys_that_every_client_uses_are_nothing_to_tell),
	    spec(a_key_is_an_error_where_it_bricks_the_file_or_the_role_needs_it),
	    spec(the_form_of_a_public_value_matters),
	    spec(a_role_that_a_client_cannot_meet_is_told),
	    spec(one_key_under_two_ids_is_told),
	    spec(keyids_that_are_twice_or_have_no_key_are_told),
	    spec(an_rsa_key_larger_than_tough_takes_is_told),
	    spec(every_rule_of_keys_has_a_test),
	};

	return cmocka_run_group_tests_name("lint keys", tests, begin, rk_lint_scene_free);
}
