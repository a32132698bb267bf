#include "support/folder.h"
#include "support/key_maker.h"
#include "support/key_scene.h"
#include "support/spec.h"

#include "flow/keyimport.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void *files; /* like ~/.docker/trust/private */

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

static void
write_key(const char *name, const char *role, const char *passphrase)
{
	EVP_PKEY *pair = rk_soft_key_new(RK_KEY_ECDSA_P256);
	RK_AUTO_BUF(text);

	rk_key_maker_notary(pair, role, passphrase, &text);
	rk_folder_write(files, name, rk_buf_str(&text));
	assert_int_equal(chmod(rk_folder_path(files, name), 0600), 0);
	EVP_PKEY_free(pair);
}

static rk_error *
open_folder(struct rk_key_scene *scene, rk_keyimport **ret_import)
{
	static const char *const tokens[] = {"pkcs11:token=alice"};
	static struct rk_keyimport_wish wish;

	wish = (struct rk_keyimport_wish){.path = files, .tokens = tokens, .token_count = 1};
	return rk_keyimport_open(&scene->custody, &wish, ret_import);
}

static rk_error *
run_folder(struct rk_key_scene *scene, bool (*stop)(void), rk_keyimport **ret_import)
{
	RK_AUTO(rk_keyimport) import = NULL;
	rk_error *err = open_folder(scene, &import);

	if (!err)
		err = rk_keyimport_login(import);
	if (!err)
		err = rk_keyimport_run(import, stop);
	if (!err)
		*ret_import = RK_TAKE(import);
	return err;
}

static const rk_keyimport_item *
item_of(const rk_keyimport *import, const char *file)
{
	for (size_t i = 0; i < rk_keyimport_count(import); i++) {
		const rk_keyimport_item *item = rk_keyimport_at(import, i);

		if (strcmp(item->file, rk_folder_path(files, file)) == 0)
			return item;
	}
	fail_msg("no item for %s", file);
	return NULL;
}

static void
keys_are_named_by_role_and_id_and_the_rest_is_left(void **state)
{
	struct rk_key_scene *scene = *state;
	RK_AUTO(rk_keyimport) import = NULL;

	assert_int_equal(mkdir(rk_folder_path(files, "tuf_keys"), 0700), 0);
	write_key("a.key", "root", NULL);
	write_key("b.key", "targets", NULL);
	write_key("tuf_keys/c.key", "targets/releases", NULL);
	write_key("d.key", "alice", NULL);
	rk_folder_write(files, "README", "none");
	assert_ok(run_folder(scene, NULL, &import));
	assert_int_equal(rk_keyimport_tally(import, RK_KEYIMPORT_DONE), 4);
	assert_int_equal(rk_keyimport_tally(import, RK_KEYIMPORT_SKIPPED), 1);
	assert_int_equal(item_of(import, "README")->outcome, RK_KEYIMPORT_SKIPPED);
	assert_int_equal(strncmp(item_of(import, "a.key")->name, "root-", 5), 0);
	assert_int_equal(strncmp(item_of(import, "b.key")->name, "targets-", 8), 0);
	assert_string_equal(item_of(import, "b.key")->gun, "lab.example/app");
	assert_int_equal(
	    strncmp(item_of(import, "tuf_keys/c.key")->name, "targets-releases-", 17), 0);
	assert_int_equal(strncmp(item_of(import, "d.key")->name, "alice-", 6), 0);
	assert_int_equal(scene->alice->imported, 4);
	assert_int_equal(scene->alice->signs, 4);
	assert_int_equal(scene->alice->logins, 1);
	/* One change, one line. */
	assert_int_equal(rk_key_scene_lines(scene), 1);
	assert_int_equal(rk_keep_key_count(scene->keep), 4);
}

static void
a_second_run_steps_over_what_is_known(void **state)
{
	struct rk_key_scene *scene = *state;
	RK_AUTO(rk_keyimport) first = NULL;
	RK_AUTO(rk_keyimport) second = NULL;

	write_key("a.key", "root", NULL);
	write_key("b.key", "targets", NULL);
	assert_ok(run_folder(scene, NULL, &first));
	rk_key_scene_again(scene);
	write_key("c.key", "snapshot", NULL);
	assert_ok(run_folder(scene, NULL, &second));
	assert_int_equal(rk_keyimport_tally(second, RK_KEYIMPORT_KNOWN), 2);
	assert_int_equal(rk_keyimport_tally(second, RK_KEYIMPORT_DONE), 1);
	assert_int_equal(scene->alice->imported, 1);
	assert_int_equal(scene->alice->signs, 1);
	assert_int_equal(rk_key_scene_lines(scene), 2);
}

static void
one_key_in_two_files_is_imported_once(void **state)
{
	struct rk_key_scene *scene = *state;
	EVP_PKEY *pair = rk_soft_key_new(RK_KEY_ED25519);
	RK_AUTO(rk_keyimport) import = NULL;
	RK_AUTO_BUF(text);

	rk_key_maker_notary(pair, "root", NULL, &text);
	rk_folder_write(files, "a.key", rk_buf_str(&text));
	rk_folder_write(files, "b.key", rk_buf_str(&text));
	assert_ok(run_folder(scene, NULL, &import));
	assert_int_equal(item_of(import, "a.key")->outcome, RK_KEYIMPORT_DONE);
	assert_int_equal(item_of(import, "b.key")->outcome, RK_KEYIMPORT_SKIPPED);
	assert_int_equal(scene->alice->imported, 1);
	EVP_PKEY_free(pair);
}

static void
a_passphrase_that_opened_one_file_is_tried_on_the_next(void **state)
{
	struct rk_key_scene *scene = *state;
	RK_AUTO(rk_keyimport) import = NULL;

	write_key("a.key", "root", "123456");
	write_key("b.key", "targets", "123456");
	write_key("c.key", "alice", "123456");
	assert_ok(run_folder(scene, NULL, &import));
	assert_int_equal(rk_keyimport_tally(import, RK_KEYIMPORT_DONE), 3);
	/* Once for the files, once for the token. */
	assert_int_equal(scene->person.pin_calls, 2);
}

static void
what_cannot_be_read_is_told_and_the_others_go_on(void **state)
{
	struct rk_key_scene *scene = *state;
	RK_AUTO(rk_keyimport) import = NULL;

	write_key("a.key", "root", "unknown");
	rk_folder_write(files, "b.key", "-----BEGIN PRIVATE KEY-----\nMC4C\n");
	write_key("c.key", "targets", NULL);
	scene->person.pins_at_hand = true;
	assert_ok(run_folder(scene, NULL, &import));
	assert_int_equal(item_of(import, "a.key")->outcome, RK_KEYIMPORT_FAILED);
	assert_int_equal(item_of(import, "b.key")->outcome, RK_KEYIMPORT_FAILED);
	assert_int_equal(item_of(import, "c.key")->outcome, RK_KEYIMPORT_DONE);
	assert_non_null(rk_error_remedy(item_of(import, "a.key")->why));
}

static void
what_was_done_before_a_token_failed_is_noted(void **state)
{
	struct rk_key_scene *scene = *state;
	RK_AUTO(rk_keyimport) import = NULL;
	RK_AUTO(rk_keyimport) next = NULL;

	write_key("a.key", "root", NULL);
	write_key("b.key", "targets", NULL);
	write_key("c.key", "snapshot", NULL);
	scene->alice->sign_fails_at = 2;
	assert_ok(run_folder(scene, NULL, &import));
	assert_int_equal(item_of(import, "a.key")->outcome, RK_KEYIMPORT_DONE);
	assert_int_equal(item_of(import, "b.key")->outcome, RK_KEYIMPORT_FAILED);
	assert_int_equal(item_of(import, "c.key")->outcome, RK_KEYIMPORT_FAILED);
	assert_int_equal(rk_soft_token_key_count(scene->alice), 1);
	rk_key_scene_again(scene);
	assert_ok(run_folder(scene, NULL, &next));
	assert_int_equal(rk_keyimport_tally(next, RK_KEYIMPORT_KNOWN), 1);
	assert_int_equal(rk_keyimport_tally(next, RK_KEYIMPORT_DONE), 2);
	assert_int_equal(rk_soft_token_key_count(scene->alice), 3);
}

static unsigned asked;

static bool
stop_after_one(void)
{
	return asked++ > 0;
}

static void
a_signal_ends_it_after_a_whole_key(void **state)
{
	struct rk_key_scene *scene = *state;
	RK_AUTO(rk_keyimport) import = NULL;

	write_key("a.key", "root", NULL);
	write_key("b.key", "targets", NULL);
	asked = 0;
	assert_ok(run_folder(scene, stop_after_one, &import));
	assert_int_equal(rk_keyimport_tally(import, RK_KEYIMPORT_DONE), 1);
	assert_int_equal(rk_keyimport_tally(import, RK_KEYIMPORT_FAILED), 1);
	assert_int_equal(rk_keep_key_count(scene->keep), 1);
}

static void
a_file_that_became_another_key_is_refused(void **state)
{
	struct rk_key_scene *scene = *state;
	RK_AUTO(rk_keyimport) import = NULL;

	write_key("a.key", "root", NULL);
	assert_ok(open_folder(scene, &import));
	write_key("a.key", "root", NULL);
	assert_ok(rk_keyimport_login(import));
	assert_ok(rk_keyimport_run(import, NULL));
	assert_int_equal(rk_keyimport_at(import, 0)->outcome, RK_KEYIMPORT_FAILED);
	assert_int_equal(rk_error_code(rk_keyimport_at(import, 0)->why), RK_E_REFUSED);
	assert_int_equal(scene->alice->imported, 0);
	assert_int_equal(rk_key_scene_lines(scene), 0);
}

static void
files_that_others_can_read_are_counted_not_listed(void **state)
{
	struct rk_key_scene *scene = *state;
	RK_AUTO(rk_keyimport) import = NULL;

	write_key("a.key", "root", NULL);
	write_key("b.key", "targets", NULL);
	write_key("c.key", "snapshot", NULL);
	assert_int_equal(chmod(rk_folder_path(files, "a.key"), 0644), 0);
	assert_int_equal(chmod(rk_folder_path(files, "b.key"), 0640), 0);
	assert_ok(run_folder(scene, NULL, &import));
	assert_int_equal(scene->person.warnings, 1);
	assert_true(rk_fake_env_said(&scene->person, "others can read 2 of the keys' files"));
}

static void
the_plan_tells_each_file(void **state)
{
	struct rk_key_scene *scene = *state;
	RK_AUTO(rk_keyimport) import = NULL;
	RK_AUTO(rk_plan) plan = NULL;
	RK_AUTO_BUF(all);

	write_key("a.key", "targets", NULL);
	rk_folder_write(files, "README", "none");
	assert_ok(open_folder(scene, &import));
	assert_ok(rk_keyimport_plan(import, &plan));
	for (size_t i = 0; i < plan->count; i++)
		rk_buf_printf(&all, "%s\n", plan->steps[i].text);
	assert_non_null(strstr(rk_buf_str(&all), "README': there is no private key in it"));
	assert_non_null(strstr(rk_buf_str(&all), "for the role 'targets' of 'lab.example/app'"));
	assert_non_null(strstr(rk_buf_str(&all), "copy it to 'alice'"));
	assert_int_equal(scene->alice->logins, 0);
}

#define scene_spec(function) cmocka_unit_test_setup_teardown(function, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    scene_spec(keys_are_named_by_role_and_id_and_the_rest_is_left),
	    scene_spec(a_second_run_steps_over_what_is_known),
	    scene_spec(one_key_in_two_files_is_imported_once),
	    scene_spec(a_passphrase_that_opened_one_file_is_tried_on_the_next),
	    scene_spec(what_cannot_be_read_is_told_and_the_others_go_on),
	    scene_spec(what_was_done_before_a_token_failed_is_noted),
	    scene_spec(a_signal_ends_it_after_a_whole_key),
	    scene_spec(a_file_that_became_another_key_is_refused),
	    scene_spec(files_that_others_can_read_are_counted_not_listed),
	    scene_spec(the_plan_tells_each_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
