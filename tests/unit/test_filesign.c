#include "support/fake_env.h"
#include "support/folder.h"
#include "support/soft_token.h"
#include "support/spec.h"

#include "flow/filesign.h"
#include "tuf/root.h"
#include "tuf/verify.h"

#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define K "pkcs11:token=alice;object=k"
#define L "pkcs11:token=alice;object=l"
#define OTHER "pkcs11:token=bob;object=other"

/* Token "alice" with keys "k" and "l", which a root in "root.json" names; token "bob" with another. */
struct scene {
	struct rk_soft_tokens *module;
	struct rk_soft_token *alice, *bob;
	struct rk_fake_env person;
	void *folder;
	char file[256];
	char *before; /* the file's text */
	struct rk_filesign_key keys[2];
	struct rk_filesign_wish wish;
};

static rk_pubkey *
public_half(const struct rk_soft_pair *pair)
{
	uint8_t *der = NULL;
	int len = i2d_PUBKEY(pair->pair, &der);
	rk_pubkey *pubkey = NULL;

	assert_true(len > 0);
	assert_ok(rk_pubkey_from_spki(der, (size_t)len, &pubkey));
	OPENSSL_free(der);
	return pubkey;
}

static rk_tuf_key *
tuf_key(const struct rk_soft_pair *pair)
{
	rk_pubkey *pubkey = public_half(pair);
	rk_tuf_key *key = NULL;

	assert_ok(rk_tuf_key_make(&rk_dialect_tuf, pubkey, &key));
	rk_pubkey_free(pubkey);
	return key;
}

static void
write_root(struct scene *scene, struct rk_soft_pair *const *pairs, size_t count)
{
	rk_root *root = NULL;
	rk_text *text = NULL;

	assert_ok(rk_root_new(&rk_dialect_tuf, scene->person.now + 1000000, true, &root));
	for (size_t i = 0; i < count; i++) {
		rk_tuf_key *key = tuf_key(pairs[i]);

		for (int kind = 0; kind < RK_ROLE_TOP_COUNT; kind++)
			assert_ok(rk_root_add_key(root, (enum rk_role_kind)kind, key));
		rk_tuf_key_free(key);
	}
	assert_ok(rk_root_compose(root, NULL, &text));
	scene->before = strndup(text->data, text->len);
	assert_non_null(scene->before);
	rk_folder_write(scene->folder, "root.json", scene->before);
	rk_text_free(text);
	rk_root_free(root);
}

static int
begin(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));
	struct rk_soft_pair *pairs[2];

	assert_non_null(scene);
	assert_ok(rk_secret_heap_init());
	assert_int_equal(rk_folder_new(&scene->folder), 0);
	scene->module = rk_soft_tokens_new();
	scene->alice = rk_soft_tokens_add(scene->module, "alice", "a1");
	scene->bob = rk_soft_tokens_add(scene->module, "bob", "b1");
	pairs[0] = rk_soft_token_add_key(scene->module, scene->alice, RK_KEY_ECDSA_P256, "k");
	pairs[1] = rk_soft_token_add_key(scene->module, scene->alice, RK_KEY_ED25519, "l");
	rk_soft_token_add_key(scene->module, scene->bob, RK_KEY_ECDSA_P256, "other");
	scene->person = rk_fake_env_new();
	rk_fake_env_pin(&scene->person, "alice", "123456");
	write_root(scene, pairs, 2);
	strcpy(scene->file, rk_folder_path(scene->folder, "root.json"));
	scene->wish = (struct rk_filesign_wish){
	    .env = &scene->person.env,
	    .tokens = &scene->module->tokens,
	    .file = scene->file,
	    .keys = scene->keys,
	};
	*state = scene;
	return 0;
}

static int
end(void **state)
{
	struct scene *scene = *state;

	rk_fake_env_clear(&scene->person);
	rk_soft_tokens_free(scene->module);
	rk_folder_remove(&scene->folder);
	free(scene->before);
	free(scene);
	return 0;
}

static rk_error *
sign_with(struct scene *scene, const char *first, const char *second)
{
	rk_filesign *sign = NULL;
	rk_error *err;

	scene->keys[0].typed = first;
	scene->keys[1].typed = second;
	scene->wish.key_count = second ? 2 : 1;
	err = rk_filesign_new(&scene->wish, &sign);
	if (!err)
		err = rk_filesign_run(sign);
	if (!err)
		assert_int_equal(rk_filesign_count(sign), scene->wish.key_count);
	rk_filesign_free(sign);
	return err;
}

static void
assert_untouched(const struct scene *scene)
{
	assert_true(rk_folder_holds(scene->folder, "root.json", scene->before));
	assert_int_equal(rk_folder_count(scene->folder, "."), 1);
}

/* Both keys of the file, each counted once. */
static void
assert_signed(const struct scene *scene, uint32_t valid)
{
	rk_envelope *envelope = NULL;
	rk_root *root = NULL;
	rk_verdict *verdict = NULL;

	assert_ok(rk_envelope_open_path(NULL, scene->file, &envelope));
	assert_ok(rk_root_read(envelope, &root));
	assert_ok(rk_verify(envelope, rk_root_role(root, RK_ROLE_ROOT), root->keys, &verdict));
	assert_int_equal(verdict->valid, valid);
	assert_int_equal(envelope->sig_count, valid);
	rk_verdict_free(verdict);
	rk_root_free(root);
	rk_envelope_free(envelope);
}

static void
two_keys_sign_at_one_login_and_again_in_place(void **state)
{
	struct scene *scene = *state;

	assert_ok(sign_with(scene, K, L));
	assert_signed(scene, 2);
	assert_int_equal(scene->alice->logins, 1);
	assert_true(rk_fake_env_asked(&scene->person, "sign root version 1 of"));
	assert_true(rk_fake_env_asked(&scene->person, "sha256 "));
	assert_ok(sign_with(scene, K, NULL));
	assert_signed(scene, 2);
	assert_int_equal(rk_folder_count(scene->folder, "."), 1);
}

static void
a_token_that_lies_leaves_the_file_as_it_was(void **state)
{
	struct scene *scene = *state;

	for (int lie = RK_SOFT_WRONG; lie <= RK_SOFT_OTHER_BYTES; lie++) {
		scene->alice->lie = (enum rk_soft_lie)lie;
		assert_error(sign_with(scene, K, NULL), RK_E_KEY_UNPROVEN);
		assert_untouched(scene);
	}
}

static void
one_of_two_that_fails_leaves_the_file_as_it_was(void **state)
{
	struct scene *scene = *state;

	scene->alice->lie = RK_SOFT_WRONG;
	scene->alice->lie_at = 2;
	assert_error(sign_with(scene, K, L), RK_E_KEY_UNPROVEN);
	assert_untouched(scene);
}

static void
wherever_the_token_fails_the_file_is_as_it_was(void **state)
{
	struct scene *scene = *state;

	for (unsigned call = 1;; call++) {
		rk_error *err;

		rk_soft_tokens_settle(scene->module);
		scene->module->fails_at = call;
		scene->module->fails = RK_E_TOKEN_GONE;
		err = sign_with(scene, K, NULL);
		if (!err)
			break;
		rk_error_free(err);
		assert_untouched(scene);
	}
	assert_signed(scene, 1);
}

static void
a_file_that_changed_meanwhile_is_left_as_it_is_now(void **state)
{
	struct scene *scene = *state;
	rk_filesign *sign = NULL;

	scene->keys[0].typed = K;
	scene->wish.key_count = 1;
	assert_ok(rk_filesign_new(&scene->wish, &sign));
	rk_folder_write(scene->folder, "root.json", "somebody else's");
	assert_error(rk_filesign_run(sign), RK_E_BUSY);
	rk_filesign_free(sign);
	assert_true(rk_folder_holds(scene->folder, "root.json", "somebody else's"));
}

static void
a_key_that_the_file_does_not_name_is_refused_before_it_signs(void **state)
{
	struct scene *scene = *state;

	rk_fake_env_pin(&scene->person, "bob", "123456");
	assert_error(sign_with(scene, OTHER, NULL), RK_E_REFUSED);
	assert_int_equal(scene->bob->signs, 0);
	scene->wish.keyid = "0123";
	assert_error(sign_with(scene, K, NULL), RK_E_REFUSED);
	scene->wish.keyid = "not hex";
	assert_error(sign_with(scene, OTHER, NULL), RK_E_REFUSED);
	assert_int_equal(scene->alice->signs, 0);
	assert_untouched(scene);
}

static void
one_key_twice_is_refused(void **state)
{
	struct scene *scene = *state;

	assert_error(sign_with(scene, K, K), RK_E_REFUSED);
	assert_untouched(scene);
}

static void
a_link_stays_a_link_and_its_file_is_signed(void **state)
{
	struct scene *scene = *state;
	char link[256];

	strcpy(link, rk_folder_path(scene->folder, "link.json"));
	assert_int_equal(symlink("root.json", link), 0);
	scene->wish.file = link;
	assert_ok(sign_with(scene, K, NULL));
	assert_signed(scene, 1);
	assert_int_equal(unlink(link), 0);
}

static void
what_is_no_metadata_is_told_without_a_token(void **state)
{
	struct scene *scene = *state;

	rk_folder_write(scene->folder, "root.json", "{}");
	assert_error(sign_with(scene, K, NULL), RK_E_MALFORMED);
	assert_int_equal(scene->module->calls, 0);
}

#define over_scene(function) cmocka_unit_test_setup_teardown(function, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    over_scene(two_keys_sign_at_one_login_and_again_in_place),
	    over_scene(a_token_that_lies_leaves_the_file_as_it_was),
	    over_scene(one_of_two_that_fails_leaves_the_file_as_it_was),
	    over_scene(wherever_the_token_fails_the_file_is_as_it_was),
	    over_scene(a_file_that_changed_meanwhile_is_left_as_it_is_now),
	    over_scene(a_key_that_the_file_does_not_name_is_refused_before_it_signs),
	    over_scene(one_key_twice_is_refused),
	    over_scene(a_link_stays_a_link_and_its_file_is_signed),
	    over_scene(what_is_no_metadata_is_told_without_a_token),
	};

	return cmocka_run_group_tests_name("filesign", tests, NULL, NULL);
}
