#include "support/soft_key.h"
#include "support/spec.h"
#include "support/tuf_maker.h"

#include <string.h>

#define ED_PUBLIC "edcd0a32a07dce33f7c7873aaffbff36d20ea30787574ead335eefd337e4dacd"
#define ED_OBJECT                                                                        \
	"{\"keytype\":\"ed25519\",\"keyval\":{\"public\":\"" ED_PUBLIC "\"},\"scheme\":" \
	"\"ed25519\"}"
/* SHA-256 of just that text. */
#define ED_ID "2345a90ad8d76f3677f9ad6695b0ba0b5c7b7fbf27fb0ed35fbdf7b71264a679"

static rk_node *
node_of(const char *json)
{
	rk_node *node = NULL;

	assert_ok(rk_node_parse(json, strlen(json), "test", &node));
	return node;
}

static rk_error *
read_key(const char *keyid, const char *json, rk_tuf_key **ret_key)
{
	RK_AUTO(rk_node) node = node_of(json);

	return rk_tuf_key_read(&rk_dialect_tuf, keyid, node, "root", ret_key);
}

static rk_tuf_key *
key_from(const char *json)
{
	rk_tuf_key *key = NULL;

	assert_ok(read_key("id", json, &key));
	return key;
}

static void
a_key_id_is_taken_over_the_canonical_object(void **state)
{
	rk_tuf_key *key = NULL;

	(void)state;
	assert_ok(read_key(ED_ID, ED_OBJECT, &key));
	assert_true(key->id_computed);
	assert_string_equal(key->keytype, "ed25519");
	assert_int_equal(key->scheme->family, RK_FAMILY_ED25519);
	rk_tuf_key_free(key);
	/* Any member more counts. */
	assert_ok(read_key(ED_ID,
	    "{\"x-more\":1,\"scheme\":\"ed25519\",\"keytype\":\"ed25519\",\"keyval\":{\"public\":"
	    "\"" ED_PUBLIC "\"}}",
	    &key));
	assert_false(key->id_computed);
	assert_string_equal(key->keyid, ED_ID);
	rk_tuf_key_free(key);
}

static void
keys_of_every_type_that_we_make_come_back_from_their_objects(void **state)
{
	static const enum rk_key_type types[] = {RK_KEY_ECDSA_P256, RK_KEY_ECDSA_P384,
	    RK_KEY_ECDSA_P521, RK_KEY_ED25519, RK_KEY_RSA2048};
	static const char *const schemes[] = {"ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384",
	    "ecdsa-sha2-nistp521", "ed25519", "rsassa-pss-sha256"};

	(void)state;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		EVP_PKEY *pair = rk_soft_key_new(types[i]);
		rk_pubkey *pubkey = rk_soft_key_public(pair);
		rk_tuf_key *made = NULL, *read = NULL;

		assert_ok(rk_tuf_key_make(&rk_dialect_tuf, pubkey, &made));
		assert_true(made->id_computed);
		assert_string_equal(made->scheme_name, schemes[i]);
		assert_ok(
		    rk_tuf_key_read(&rk_dialect_tuf, made->keyid, made->object, "root", &read));
		assert_true(read->id_computed);
		assert_true(rk_pubkey_equal(read->pubkey, pubkey));
		rk_tuf_key_free(made);
		rk_tuf_key_free(read);
		rk_pubkey_free(pubkey);
		EVP_PKEY_free(pair);
	}
}

/* The uncompressed point in hex, and the curve as keytype: how roots were written once. */
static void
hex_points_and_old_keytypes_are_read(void **state)
{
	EVP_PKEY *pair = rk_soft_key_new(RK_KEY_ECDSA_P256);
	rk_pubkey *pubkey = rk_soft_key_public(pair);
	size_t len;
	const uint8_t *spki = rk_pubkey_spki(pubkey, &len);
	char point[131];
	RK_AUTO(rk_str) json = NULL;
	rk_tuf_key *key;

	(void)state;
	rk_hex(point, spki + len - 65, 65);
	assert_ok(rk_strdupf(&json,
	    "{\"keytype\":\"ecdsa-sha2-nistp256\",\"scheme\":\"ecdsa-sha2-nistp256\",\"keyval\":{"
	    "\"public\":\"%s\"}}",
	    point));
	key = key_from(json);
	assert_true(rk_pubkey_equal(key->pubkey, pubkey));
	rk_tuf_key_free(key);
	rk_pubkey_free(pubkey);
	EVP_PKEY_free(pair);
}

static void
a_key_that_is_not_understood_is_kept_and_says_why(void **state)
{
	static const char *const objects[] = {
	    "{\"keytype\":\"ml-dsa\",\"scheme\":\"ml-dsa-44/1\",\"keyval\":{\"public\":\"x\"}}",
	    "{\"keytype\":\"ed25519\",\"scheme\":\"ed25519\",\"keyval\":{\"public\":\"00\"}}",
	    "{\"keytype\":\"ed25519\",\"scheme\":\"ed25519\",\"keyval\":{}}",
	    "{\"keytype\":\"ecdsa\",\"scheme\":\"rsassa-pss-sha256\",\"keyval\":{\"public\":\"\"}}",
	    ("{\"keytype\":\"ecdsa\",\"scheme\":\"ecdsa-sha2-nistp256\",\"keyval\":{\"public\":"
	     "\"0400\"}}"),
	    "{}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
		rk_tuf_key *key = key_from(objects[i]), *copy = NULL;

		assert_null(key->pubkey);
		assert_non_null(key->why);
		assert_non_null(key->keytype);
		assert_ok(rk_tuf_key_copy(key, &copy));
		assert_string_equal(copy->why, key->why);
		rk_tuf_key_free(key);
		rk_tuf_key_free(copy);
	}
}

static void
a_key_that_is_no_object_is_malformed(void **state)
{
	rk_tuf_key *key = NULL;

	(void)state;
	assert_error(read_key("id", "[]", &key), RK_E_MALFORMED);
	assert_null(key);
}

/* An RSA key under an ECDSA scheme would verify by the wrong rules. */
static void
a_public_half_of_another_type_than_the_scheme_does_not_count(void **state)
{
	EVP_PKEY *pair = rk_soft_key_new(RK_KEY_ECDSA_P384);
	rk_pubkey *pubkey = rk_soft_key_public(pair);
	rk_node *object = node_of("{\"keytype\":\"ecdsa\",\"scheme\":\"ecdsa-sha2-nistp256\","
				  "\"keyval\":{}}");
	rk_tuf_key *key = NULL;

	(void)state;
	assert_ok(rk_node_put_text(rk_node_get(object, "keyval"), "public", rk_pubkey_pem(pubkey)));
	assert_ok(rk_tuf_key_read(&rk_dialect_tuf, "id", object, "root", &key));
	assert_null(key->pubkey);
	assert_non_null(strstr(key->why, "ecdsa-p384"));
	rk_tuf_key_free(key);
	rk_node_free(object);
	rk_pubkey_free(pubkey);
	EVP_PKEY_free(pair);
}

static void
a_persons_file_is_pem_or_a_key_object(void **state)
{
	EVP_PKEY *pair = rk_soft_key_new(RK_KEY_ECDSA_P256);
	rk_pubkey *pubkey = rk_soft_key_public(pair);
	RK_AUTO(rk_text) pem = rk_tuf_maker_text(rk_pubkey_pem(pubkey));
	RK_AUTO(rk_text) object = rk_tuf_maker_text("\n" ED_OBJECT "\n");
	RK_AUTO(rk_text) unknown = rk_tuf_maker_text("{\"keytype\":\"x\"}");
	RK_AUTO(rk_text) junk = rk_tuf_maker_text("junk");
	rk_tuf_key *key = NULL;

	(void)state;
	assert_ok(rk_tuf_key_from_file(&rk_dialect_tuf, pem, "k.pem", &key));
	assert_true(rk_pubkey_equal(key->pubkey, pubkey));
	rk_tuf_key_free(key);
	assert_ok(rk_tuf_key_from_file(&rk_dialect_tuf, object, "k.json", &key));
	assert_string_equal(key->keyid, ED_ID);
	rk_tuf_key_free(key);
	assert_error(rk_tuf_key_from_file(&rk_dialect_tuf, unknown, "k.json", &key), RK_E_REFUSED);
	assert_error(rk_tuf_key_from_file(&rk_dialect_tuf, junk, "k.pem", &key), RK_E_MALFORMED);
	rk_pubkey_free(pubkey);
	EVP_PKEY_free(pair);
}

static void
a_ring_finds_its_keys_by_id_and_by_public_key(void **state)
{
	rk_node *object = node_of("{\"b\":" ED_OBJECT ",\"a\":" ED_OBJECT ",\"c\":{}}");
	rk_keyring *ring = NULL;
	const rk_tuf_key *first, *second;
	rk_tuf_key *copy = NULL;

	(void)state;
	assert_ok(rk_keyring_read(&rk_dialect_tuf, object, "root", &ring));
	assert_int_equal(ring->count, 3);
	assert_null(rk_keyring_by_id(ring, "d"));
	first = rk_keyring_by_pubkey(ring, rk_keyring_by_id(ring, "a")->pubkey, NULL);
	assert_string_equal(first->keyid, "b");
	second = rk_keyring_by_pubkey(ring, first->pubkey, first);
	assert_string_equal(second->keyid, "a");
	assert_null(rk_keyring_by_pubkey(ring, first->pubkey, second));
	assert_ok(rk_tuf_key_copy(first, &copy));
	assert_error(rk_keyring_add(ring, copy), RK_E_EXISTS);
	rk_keyring_free(ring);
	rk_node_free(object);
	object = node_of("[]");
	assert_error(rk_keyring_read(&rk_dialect_tuf, object, "root", &ring), RK_E_MALFORMED);
	rk_node_free(object);
}

static void
real_key_ids_are_as_we_compute_them(void **state)
{
	rk_envelope *envelope =
	    rk_tuf_maker_open(rk_tuf_maker_fixture("sigstore/5.root.json"), "5.root.json");
	rk_root *root = NULL;
	size_t odd = 0;

	(void)state;
	assert_ok(rk_root_read(envelope, &root));
	for (size_t i = 0; i < root->keys->count; i++)
		assert_true(root->keys->keys[i]->id_computed);
	rk_root_free(root);
	rk_envelope_free(envelope);
	/* One id in Docker's root is of another making. */
	envelope = rk_tuf_maker_open(rk_tuf_maker_fixture("docker-tuf/1.root.json"), "1.root.json");
	assert_ok(rk_root_read(envelope, &root));
	for (size_t i = 0; i < root->keys->count; i++)
		odd += !root->keys->keys[i]->id_computed;
	assert_int_equal(odd, 1);
	rk_root_free(root);
	rk_envelope_free(envelope);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    spec(a_key_id_is_taken_over_the_canonical_object),
	    spec(keys_of_every_type_that_we_make_come_back_from_their_objects),
	    spec(hex_points_and_old_keytypes_are_read),
	    spec(a_key_that_is_not_understood_is_kept_and_says_why),
	    spec(a_key_that_is_no_object_is_malformed),
	    spec(a_public_half_of_another_type_than_the_scheme_does_not_count),
	    spec(a_persons_file_is_pem_or_a_key_object),
	    spec(a_ring_finds_its_keys_by_id_and_by_public_key),
	    spec(real_key_ids_are_as_we_compute_them),
	};

	return cmocka_run_group_tests_name("tuf key", tests, NULL, NULL);
}
