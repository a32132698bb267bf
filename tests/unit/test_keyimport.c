#include "support/folder.h"
#include "support/key_maker.h"
#include "support/key_scene.h"
#include "support/spec.h"

#include "flow/keyimport.h"
#include "keep/change.h"

#include <openssl/rsa.h>

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void *files; /* the folder of the key files */

static int
begin(void **state)
{
	return rk_folder_new(&files) || rk_key_scene_begin(state);
}

static int
end(void **state)
{
	int keys = rk_key_scene_end(state), folder = rk_folder_remove(&files);

	return keys || folder;
}

static const char *const alice_alone[] = {"pkcs11:token=alice"};
static const char *const both[] = {"pkcs11:token=alice", "pkcs11:token=bob"};

/* A file of Notary's; the pair is the caller's. */
static EVP_PKEY *
write_key(const char *name, enum rk_key_type type, const char *role, const char *passphrase)
{
	EVP_PKEY *pair = rk_soft_key_new(type);
	RK_AUTO_BUF(text);

	rk_key_maker_notary(pair, role, passphrase, &text);
	rk_folder_write(files, name, rk_buf_str(&text));
	assert_int_equal(chmod(rk_folder_path(files, name), 0600), 0);
	return pair;
}

static void
write_a_key(const char *name, const char *role)
{
	EVP_PKEY_free(write_key(name, RK_KEY_ECDSA_P256, role, NULL));
}

static struct rk_keyimport_wish
wish_of(const char *name, const char *file, size_t tokens)
{
	return (struct rk_keyimport_wish){
	    .name = name,
	    .path = file ? rk_folder_path(files, file) : files,
	    .tokens = tokens == 1 ? alice_alone : both,
	    .token_count = tokens,
	};
}

static rk_error *
run(struct rk_key_scene *scene, const struct rk_keyimport_wish *wish, rk_keyimport **ret_import)
{
	RK_AUTO(rk_keyimport) import = NULL;
	RK_AUTO(rk_plan) plan = NULL;
	rk_error *err = rk_keyimport_open(&scene->custody, wish, &import);

	if (!err)
		err = rk_keyimport_plan(import, &plan);
	if (!err)
		err = rk_keyimport_login(import);
	if (!err)
		err = rk_keyimport_run(import, NULL);
	if (!err && ret_import)
		*ret_import = RK_TAKE(import);
	return err;
}

static rk_error *
import_one(struct rk_key_scene *scene, const char *name, const char *file, size_t tokens)
{
	const struct rk_keyimport_wish wish = wish_of(name, file, tokens);

	return run(scene, &wish, NULL);
}

static void
assert_no_trace(struct rk_key_scene *scene)
{
	RK_AUTO(rk_keep) keep = NULL;

	assert_int_equal(rk_soft_token_key_count(scene->alice), 0);
	assert_int_equal(rk_soft_token_key_count(scene->bob), 0);
	assert_int_equal(rk_key_scene_lines(scene), 0);
	keep = rk_key_scene_read(scene);
	assert_int_equal(rk_keep_key_count(keep), 0);
}

static void
a_key_goes_to_a_token_is_proved_and_noted(void **state)
{
	struct rk_key_scene *scene = *state;
	EVP_PKEY *pair = write_key("k.pem", RK_KEY_ECDSA_P256, "root", NULL);
	RK_AUTO(rk_pubkey) public = rk_soft_key_public(pair);
	RK_AUTO(rk_keep) keep = NULL;
	const rk_keep_key *key;

	assert_ok(import_one(scene, "k", "k.pem", 1));
	assert_int_equal(scene->alice->imported, 1);
	assert_int_equal(scene->alice->signs, 1);
	assert_int_equal(scene->alice->logins, 1);
	assert_int_equal(EVP_PKEY_eq(scene->alice->keys[0].pair, pair), 1);
	assert_string_equal(scene->alice->keys[0].label, "k");
	assert_true(rk_fake_env_asked(&scene->person, "import key k"));
	assert_int_equal(scene->person.warnings, 0);
	assert_int_equal(rk_key_scene_lines(scene), 1);
	keep = rk_key_scene_read(scene);
	key = rk_keep_key_by_name(keep, "k");
	assert_non_null(key);
	assert_int_equal(key->origin, RK_KEEP_IMPORTED);
	assert_true(rk_pubkey_equal(key->pubkey, public));
	EVP_PKEY_free(pair);
}

static void
the_same_key_goes_to_two_tokens_and_is_proved_on_each(void **state)
{
	struct rk_key_scene *scene = *state;
	RK_AUTO(rk_keep) keep = NULL;
	const rk_keep_key *key;

	write_a_key("k.pem", "root");
	assert_ok(import_one(scene, "k", "k.pem", 2));
	assert_int_equal(EVP_PKEY_eq(scene->alice->keys[0].pair, scene->bob->keys[0].pair), 1);
	assert_int_equal(scene->alice->signs, 1);
	assert_int_equal(scene->bob->signs, 1);
	assert_memory_equal(scene->alice->keys[0].id, scene->bob->keys[0].id, 8);
	assert_int_equal(rk_key_scene_lines(scene), 1);
	keep = rk_key_scene_read(scene);
	key = rk_keep_key_by_name(keep, "k");
	assert_int_equal(key->token_count, 2);
	assert_non_null(strstr(key->tokens[0], "serial=a1"));
	assert_non_null(strstr(key->tokens[1], "serial=b2"));
}

static void
each_type_that_tokens_have_is_imported(void **state)
{
	static const enum rk_key_type types[] = {
	    RK_KEY_ECDSA_P384, RK_KEY_ED25519, RK_KEY_RSA2048, RK_KEY_RSA3072};
	struct rk_key_scene *scene = *state;

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		EVP_PKEY_free(write_key("k.pem", types[i], "root", NULL));
		assert_ok(import_one(scene, rk_key_type_name(types[i]), "k.pem", 1));
	}
	EVP_PKEY_free(write_key("k.pem", RK_KEY_ECDSA_P521, "root", NULL));
	assert_error(import_one(scene, "k", "k.pem", 1), RK_E_TOKEN_UNSUPPORTED);
	scene->alice->unsupported[RK_KEY_ED25519] = true;
	EVP_PKEY_free(write_key("k.pem", RK_KEY_ED25519, "root", NULL));
	assert_error(import_one(scene, "k", "k.pem", 1), RK_E_TOKEN_UNSUPPORTED);
	assert_int_equal(scene->alice->imported, 4);
}

static void
a_passphrase_is_asked_for_the_file_and_may_be_mistyped(void **state)
{
	struct rk_key_scene *scene = *state;

	scene->person.pin_count = 0;
	rk_fake_env_pin_times(&scene->person, NULL, "wrong", 1);
	scene->person.pins[0].kind = "passphrase";
	rk_fake_env_pin(&scene->person, NULL, "sesame");
	scene->person.pins[1].kind = "passphrase";
	rk_fake_env_pin(&scene->person, NULL, "123456");
	scene->person.pins[2].kind = "PIN";
	EVP_PKEY_free(write_key("k.pem", RK_KEY_ECDSA_P256, "targets", "sesame"));
	assert_ok(import_one(scene, "k", "k.pem", 1));
	assert_int_equal(scene->person.warnings, 1);
	assert_true(rk_fake_env_said(&scene->person, "passphrase is wrong"));
	assert_int_equal(scene->alice->imported, 1);
}

static void
a_wrong_passphrase_from_a_file_is_tried_once_and_costs_no_pin(void **state)
{
	struct rk_key_scene *scene = *state;

	scene->person.pins_at_hand = true;
	EVP_PKEY_free(write_key("k.pem", RK_KEY_ECDSA_P256, "targets", "sesame"));
	assert_error(import_one(scene, "k", "k.pem", 1), RK_E_MALFORMED);
	assert_int_equal(scene->person.pin_calls, 1);
	assert_int_equal(scene->alice->logins, 0);
	assert_no_trace(scene);
}

static void
what_is_no_key_or_damaged_costs_no_pin(void **state)
{
	struct rk_key_scene *scene = *state;

	rk_folder_write(files, "letter", "dear reader");
	assert_error(import_one(scene, "k", "letter", 1), RK_E_NOT_FOUND);
	assert_error(import_one(scene, "k", "nowhere", 1), RK_E_NOT_FOUND);
	rk_folder_write(files, "cut", "-----BEGIN PRIVATE KEY-----\nMC4C\n");
	assert_error(import_one(scene, "k", "cut", 1), RK_E_MALFORMED);
	write_a_key("k.pem", "root");
	assert_error(import_one(scene, "a/b", "k.pem", 1), RK_E_REFUSED);
	assert_int_equal(scene->alice->logins, 0);
	assert_int_equal(scene->person.pin_calls, 0);
	assert_no_trace(scene);
}

static void
a_file_that_others_can_read_is_warned_of(void **state)
{
	struct rk_key_scene *scene = *state;

	write_a_key("k.pem", "root");
	assert_int_equal(chmod(rk_folder_path(files, "k.pem"), 0644), 0);
	assert_ok(import_one(scene, "k", "k.pem", 1));
	assert_int_equal(scene->person.warnings, 1);
	assert_true(rk_fake_env_said(&scene->person, "others can read"));
}

static void
a_label_that_is_taken_on_one_token_stops_all_before_anything(void **state)
{
	struct rk_key_scene *scene = *state;

	write_a_key("k.pem", "root");
	rk_soft_token_add_key(scene->module, scene->bob, RK_KEY_ED25519, "k");
	assert_error(import_one(scene, "k", "k.pem", 2), RK_E_EXISTS);
	assert_int_equal(scene->module->called[RK_SOFT_IMPORT], 0);
	assert_int_equal(rk_soft_token_key_count(scene->alice), 0);
	assert_int_equal(rk_key_scene_lines(scene), 0);
}

static void
an_id_of_ones_own_is_taken_or_refused(void **state)
{
	struct rk_key_scene *scene = *state;
	struct rk_keyimport_wish wish;

	write_a_key("k.pem", "root");
	wish = wish_of("k", "k.pem", 1);
	wish.place.id[0] = 1;
	wish.place.id_len = 1;
	wish.place.label = "its label";
	rk_soft_token_add_key(scene->module, scene->alice, RK_KEY_ED25519, "other");
	assert_error(run(scene, &wish, NULL), RK_E_EXISTS);
	wish.place.id[0] = 0xa1;
	assert_ok(run(scene, &wish, NULL));
	assert_string_equal(scene->alice->keys[1].label, "its label");
	assert_int_equal(scene->alice->keys[1].id[0], 0xa1);
}

static void
names_that_stand_for_others_are_refused(void **state)
{
	struct rk_key_scene *scene = *state;

	write_a_key("one.pem", "root");
	write_a_key("two.pem", "root");
	assert_ok(import_one(scene, "one", "one.pem", 1));
	assert_error(import_one(scene, "one", "two.pem", 1), RK_E_EXISTS);
	assert_error(import_one(scene, "two", "one.pem", 2), RK_E_EXISTS);
	assert_int_equal(scene->alice->imported, 1);
	assert_int_equal(scene->bob->imported, 0);
}

static void
one_token_twice_is_a_mistake(void **state)
{
	static const char *const twice[] = {"pkcs11:token=alice", "pkcs11:serial=a1"};
	struct rk_key_scene *scene = *state;
	struct rk_keyimport_wish wish;

	write_a_key("k.pem", "root");
	wish = wish_of("k", "k.pem", 2);
	wish.tokens = twice;
	assert_error(run(scene, &wish, NULL), RK_E_USAGE);
}

static void
one_more_token_later_is_one_more_copy(void **state)
{
	struct rk_key_scene *scene = *state;
	RK_AUTO(rk_keep) keep = NULL;

	write_a_key("k.pem", "root");
	assert_ok(import_one(scene, "k", "k.pem", 1));
	rk_key_scene_again(scene);
	assert_ok(import_one(scene, "k", "k.pem", 2));
	assert_int_equal(scene->alice->imported, 0);
	assert_int_equal(scene->alice->signs, 1);
	assert_int_equal(scene->bob->imported, 1);
	rk_key_scene_again(scene);
	/* And then there is nothing left to do. */
	scene->alice->open_to_all = scene->bob->open_to_all = true;
	assert_ok(import_one(scene, "k", "k.pem", 2));
	assert_int_equal(scene->alice->signs, 0);
	assert_int_equal(rk_key_scene_lines(scene), 2);
	keep = rk_key_scene_read(scene);
	assert_int_equal(rk_keep_key_by_name(keep, "k")->token_count, 2);
}

static void
a_key_known_by_its_public_half_becomes_an_imported_one(void **state)
{
	struct rk_key_scene *scene = *state;
	EVP_PKEY *pair = write_key("k.pem", RK_KEY_ECDSA_P256, "root", NULL);
	RK_AUTO(rk_pubkey) public = rk_soft_key_public(pair);
	const rk_keep_key *key = NULL;
	bool changed = false;

	rk_folder_write(files, "public.pem", rk_pubkey_pem(public));
	assert_ok(rk_custody_enrol(
	    &scene->custody, "k", rk_folder_path(files, "public.pem"), &key, &changed));
	assert_int_equal(key->origin, RK_KEEP_EXTERNAL);
	assert_ok(import_one(scene, "k", "k.pem", 1));
	assert_int_equal(rk_keep_key_by_name(scene->keep, "k")->origin, RK_KEEP_IMPORTED);
	EVP_PKEY_free(pair);
}

static void
what_fails_on_the_second_token_is_destroyed_on_the_first(void **state)
{
	struct rk_key_scene *scene = *state;
	RK_AUTO(rk_error) err = NULL;

	write_a_key("k.pem", "root");
	scene->bob->lie = RK_SOFT_WRONG;
	err = import_one(scene, "k", "k.pem", 2);
	assert_int_equal(rk_error_code(err), RK_E_KEY_UNPROVEN);
	assert_int_equal(scene->alice->imported, 1);
	assert_int_equal(scene->alice->destroyed, 1);
	assert_int_equal(scene->bob->destroyed, 1);
	assert_no_trace(scene);
}

static void
what_cannot_be_destroyed_again_is_named(void **state)
{
	struct rk_key_scene *scene = *state;
	RK_AUTO(rk_error) err = NULL;
	const rk_error *at;
	bool named = false;

	write_a_key("k.pem", "root");
	scene->bob->lie = RK_SOFT_WRONG;
	scene->alice->gone_after = RK_SOFT_FIND;
	err = import_one(scene, "k", "k.pem", 2);
	for (at = err; at; at = rk_error_cause(at))
		named |= strstr(rk_error_message(at), "STILL be on 'alice'") != NULL;
	assert_true(named);
	assert_non_null(rk_error_remedy(err));
	assert_int_equal(rk_key_scene_lines(scene), 0);
}

static void
a_token_that_makes_it_extractable_is_not_believed(void **state)
{
	struct rk_key_scene *scene = *state;

	write_a_key("k.pem", "root");
	scene->alice->ignores_template = true;
	assert_error(import_one(scene, "k", "k.pem", 1), RK_E_KEY_UNPROVEN);
	assert_no_trace(scene);
}

static void
a_keep_that_cannot_be_written_leaves_no_copy(void **state)
{
	struct rk_key_scene *scene = *state;
	char path[256];

	write_a_key("k.pem", "root");
	snprintf(path, sizeof(path), "%s/" RK_CHANGE_PENDING, (const char *)scene->folder);
	assert_int_equal(symlink("/nowhere", path), 0);
	rk_error_free(import_one(scene, "k", "k.pem", 2));
	assert_int_equal(scene->alice->imported, 1);
	assert_int_equal(scene->alice->destroyed, 1);
	assert_int_equal(scene->bob->destroyed, 1);
	assert_int_equal(unlink(path), 0);
	assert_no_trace(scene);
}

/* At every call to a token in turn: no step may leave a copy that nobody knows. */
static void
wherever_it_fails_no_stray_copy_remains(void **state)
{
	struct rk_key_scene *scene = *state;
	unsigned step;

	write_a_key("k.pem", "root");
	for (step = 1; step < 100; step++) {
		rk_error *err;

		scene->module->fails_at = step;
		scene->module->fails = RK_E_TOKEN;
		err = import_one(scene, "k", "k.pem", 2);
		if (!err)
			break;
		assert_non_null(rk_error_message(err));
		rk_error_free(err);
		assert_int_equal(rk_soft_token_key_count(scene->alice), 0);
		assert_int_equal(rk_soft_token_key_count(scene->bob), 0);
		assert_int_equal(rk_key_scene_lines(scene), 0);
		rk_key_scene_again(scene);
	}
	assert_in_range(step, 15, 99);
	assert_int_equal(rk_key_scene_lines(scene), 1);
}

static void
what_was_made_though_the_answer_is_lost_is_destroyed_again(void **state)
{
	struct rk_key_scene *scene = *state;

	write_a_key("k.pem", "root");
	scene->bob->answer_lost = RK_SOFT_IMPORT;
	assert_error(import_one(scene, "k", "k.pem", 2), RK_E_TOKEN);
	assert_int_equal(scene->bob->imported, 1);
	assert_no_trace(scene);
}

/* The program was killed after the first token: the next run goes on. */
static void
a_copy_that_nobody_noted_is_proved_and_noted_by_the_next_run(void **state)
{
	struct rk_key_scene *scene = *state;
	EVP_PKEY *pair = write_key("k.pem", RK_KEY_ECDSA_P256, "root", NULL);
	struct rk_soft_pair *copy;

	copy = rk_soft_token_add_pair(scene->module, scene->alice, pair, "k");
	copy->type = RK_KEY_ECDSA_P256;
	assert_ok(import_one(scene, "k", "k.pem", 2));
	assert_int_equal(scene->alice->imported, 0);
	assert_int_equal(scene->alice->signs, 1);
	assert_int_equal(scene->bob->imported, 1);
	assert_int_equal(rk_keep_key_by_name(scene->keep, "k")->token_count, 2);
}

static void
one_that_was_there_before_is_never_destroyed(void **state)
{
	struct rk_key_scene *scene = *state;
	EVP_PKEY *pair = write_key("k.pem", RK_KEY_ECDSA_P256, "root", NULL);

	rk_soft_token_add_pair(scene->module, scene->alice, pair, "k")->type = RK_KEY_ECDSA_P256;
	scene->bob->lie = RK_SOFT_WRONG;
	assert_error(import_one(scene, "k", "k.pem", 2), RK_E_KEY_UNPROVEN);
	assert_int_equal(rk_soft_token_key_count(scene->alice), 1);
	assert_int_equal(rk_soft_token_key_count(scene->bob), 0);
}

#define scene_spec(function) cmocka_unit_test_setup_teardown(function, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    scene_spec(a_key_goes_to_a_token_is_proved_and_noted),
	    scene_spec(the_same_key_goes_to_two_tokens_and_is_proved_on_each),
	    scene_spec(each_type_that_tokens_have_is_imported),
	    scene_spec(a_passphrase_is_asked_for_the_file_and_may_be_mistyped),
	    scene_spec(a_wrong_passphrase_from_a_file_is_tried_once_and_costs_no_pin),
	    scene_spec(what_is_no_key_or_damaged_costs_no_pin),
	    scene_spec(a_file_that_others_can_read_is_warned_of),
	    scene_spec(a_label_that_is_taken_on_one_token_stops_all_before_anything),
	    scene_spec(an_id_of_ones_own_is_taken_or_refused),
	    scene_spec(names_that_stand_for_others_are_refused),
	    scene_spec(one_token_twice_is_a_mistake),
	    scene_spec(one_more_token_later_is_one_more_copy),
	    scene_spec(a_key_known_by_its_public_half_becomes_an_imported_one),
	    scene_spec(what_fails_on_the_second_token_is_destroyed_on_the_first),
	    scene_spec(what_cannot_be_destroyed_again_is_named),
	    scene_spec(a_token_that_makes_it_extractable_is_not_believed),
	    scene_spec(a_keep_that_cannot_be_written_leaves_no_copy),
	    scene_spec(wherever_it_fails_no_stray_copy_remains),
	    scene_spec(what_was_made_though_the_answer_is_lost_is_destroyed_again),
	    scene_spec(a_copy_that_nobody_noted_is_proved_and_noted_by_the_next_run),
	    scene_spec(one_that_was_there_before_is_never_destroyed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
