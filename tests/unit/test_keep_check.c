#include "keep/check.h"
#include "keep/store.h"
#include "support/fake_keep.h"
#include "support/folder.h"
#include "support/spec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define in_folder(function) \
	cmocka_unit_test_setup_teardown(function, rk_folder_new, rk_folder_remove)

#define EXPIRES (RK_FAKE_NOW + RK_DAY)

/* A keep with a published root and staged targets. */
static void
begin(const char *folder)
{
	struct rk_fake_keep fake = rk_fake_keep_env();
	RK_AUTO(rk_keep) keep = NULL;
	RK_AUTO(rk_store) store = NULL;
	RK_AUTO(rk_change) change = NULL;

	rk_fake_keep_begin(&fake, folder);
	keep = rk_fake_keep_open(&fake, folder, true);
	assert_ok(rk_store_open(keep, "demo", &rk_dialect_tuf, &store));
	assert_ok(rk_change_new(keep, &change));
	for (unsigned i = 0; i < 2; i++) {
		static const char *const roles[] = {"root", "targets"};
		RK_AUTO(rk_node) node = NULL;
		RK_AUTO(rk_text) text = NULL;

		assert_ok(rk_dialect_tuf.blank(rk_role_kind_of(roles[i]), EXPIRES, &node));
		assert_ok(rk_envelope_compose(&rk_dialect_tuf, node, NULL, &text));
		if (i == 0)
			assert_ok(rk_store_put_published(
			    store, change, "1.root.json", text->data, text->len));
		else
			assert_ok(rk_store_stage(store, change, roles[i], text->data, text->len));
	}
	assert_ok(rk_change_journal(change, rk_fake_keep_entry(&fake, "sign demo")));
	assert_ok(rk_change_commit(change));
}

static rk_check *
look(const char *folder)
{
	struct rk_keep_options options = {.dir = folder};
	rk_check *check = NULL;

	assert_ok(rk_check_keep(&options, &check));
	return check;
}

/* Exactly one finding, on that path, of that weight. */
static void
assert_one(const char *folder, const char *path, enum rk_check_severity severity)
{
	RK_AUTO(rk_check) check = look(folder);

	for (size_t i = 0; i < check->count && check->count != 1; i++)
		print_error("%s: %s\n", check->findings[i].path, check->findings[i].sentence);
	assert_int_equal(check->count, 1);
	assert_string_equal(check->findings[0].path, path);
	assert_int_equal(check->findings[0].severity, severity);
	assert_true(check->findings[0].sentence[0]);
	assert_non_null(check->findings[0].remedy);
	assert_int_equal(check->wrong, severity == RK_CHECK_NOTE ? 0 : 1);
}

static void
a_keep_in_order_has_no_findings(void **state)
{
	RK_AUTO(rk_check) check = NULL;

	begin(*state);
	rk_folder_write(*state, ".gitignore", "");
	assert_int_equal(chmod(rk_folder_path(*state, ".gitignore"), 0666), 0);
	check = look(*state);
	for (size_t i = 0; i < check->count; i++)
		print_error("%s: %s\n", check->findings[i].path, check->findings[i].sentence);
	assert_int_equal(check->count, 0);
	assert_true(check->files >= 5);
}

static void
no_keep_is_an_error_and_an_unsafe_one_a_finding(void **state)
{
	struct rk_keep_options options = {.dir = *state};
	RK_AUTO(rk_check) check = NULL;

	assert_error(rk_check_keep(&options, &check), RK_E_NOT_FOUND);
	begin(*state);
	assert_int_equal(chmod(*state, 0777), 0);
	assert_one(*state, ".", RK_CHECK_WRONG);
}

static void
stray_files_are_noted(void **state)
{
	begin(*state);
	rk_folder_write(*state, "notes.txt", "");
	assert_one(*state, "notes.txt", RK_CHECK_NOTE);
}

static void
what_a_dead_command_left_is_found(void **state)
{
	begin(*state);
	rk_folder_write(*state, ".rk-tmp-1-2", "");
	assert_one(*state, ".rk-tmp-1-2", RK_CHECK_WARNING);
	assert_int_equal(unlink(rk_folder_path(*state, ".rk-tmp-1-2")), 0);
	rk_folder_write(*state, ".intent", "{\"rootkeep_intent\":1,\"effects\":[]}");
	assert_one(*state, ".intent", RK_CHECK_WARNING);
}

static void
links_modes_and_owners_are_found(void **state)
{
	const char *root = "repos/demo/metadata/1.root.json";

	begin(*state);
	assert_int_equal(mkdir(rk_folder_path(*state, "backups"), 0755), 0);
	assert_int_equal(symlink("/etc", rk_folder_path(*state, "backups/x")), 0);
	assert_one(*state, "backups/x", RK_CHECK_WRONG);
	assert_int_equal(unlink(rk_folder_path(*state, "backups/x")), 0);
	assert_int_equal(mkfifo(rk_folder_path(*state, "backups/x"), 0600), 0);
	assert_one(*state, "backups/x", RK_CHECK_WRONG);
	assert_int_equal(unlink(rk_folder_path(*state, "backups/x")), 0);
	rk_folder_write(*state, "backups/y", "");
	assert_int_equal(chmod(rk_folder_path(*state, "backups/y"), 0664), 0);
	assert_one(*state, "backups/y", RK_CHECK_WRONG);
	assert_int_equal(unlink(rk_folder_path(*state, "backups/y")), 0);
	if (geteuid() != 0)
		return;
	assert_int_equal(chown(rk_folder_path(*state, root), 12345, 12345), 0);
	{
		RK_AUTO(rk_check) check = look(*state);

		/* Told as a file, and that it is not read for that. */
		assert_int_equal(check->count, 2);
		assert_string_equal(check->findings[0].path, root);
	}
}

static void
a_keep_json_that_cannot_be_read_is_a_finding_and_the_look_goes_on(void **state)
{
	RK_AUTO(rk_check) check = NULL;

	begin(*state);
	rk_folder_write(*state, "keep.json", "{\"rootkeep\": 2}");
	rk_folder_write(*state, "notes.txt", "");
	check = look(*state);
	assert_int_equal(check->count, 2);
	assert_string_equal(check->findings[0].path, "keep.json");
	assert_string_equal(check->findings[0].remedy, "use a newer rootkeep");
	assert_string_equal(check->findings[1].path, "notes.txt");
}

static void
a_broken_or_torn_journal_is_found(void **state)
{
	FILE *file;

	begin(*state);
	file = fopen(rk_folder_path(*state, "journal.jsonl"), "a");
	assert_non_null(file);
	assert_true(fputs("{\"half", file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_one(*state, "journal.jsonl", RK_CHECK_WARNING);
	rk_folder_write(*state, "journal.jsonl", "{}\n");
	assert_one(*state, "journal.jsonl", RK_CHECK_WRONG);
	assert_int_equal(unlink(rk_folder_path(*state, "journal.jsonl")), 0);
	rk_folder_write(*state, "journal.torn", "{\"half\n");
	assert_one(*state, "journal.torn", RK_CHECK_NOTE);
}

static void
folders_and_repositories_are_matched(void **state)
{
	begin(*state);
	assert_int_equal(mkdir(rk_folder_path(*state, "repos/other"), 0755), 0);
	assert_one(*state, "repos/other", RK_CHECK_WARNING);
	assert_int_equal(rmdir(rk_folder_path(*state, "repos/other")), 0);
	assert_int_equal(mkdir(rk_folder_path(*state, "repos/Upper"), 0755), 0);
	assert_one(*state, "repos/Upper", RK_CHECK_WARNING);
	assert_int_equal(rmdir(rk_folder_path(*state, "repos/Upper")), 0);
	rk_folder_write(*state, "repos/file", "");
	assert_one(*state, "repos/file", RK_CHECK_WARNING);
	assert_int_equal(unlink(rk_folder_path(*state, "repos/file")), 0);
	assert_int_equal(
	    rename(rk_folder_path(*state, "repos"), rk_folder_path(*state, ".away")), 0);
	assert_one(*state, "repos/demo", RK_CHECK_WRONG);
}

static void
metadata_that_is_none_or_has_the_wrong_name_is_found(void **state)
{
	const char *good = "repos/demo/metadata/1.root.json";
	const char *bad = "repos/demo/metadata/2.root.json";
	const char *other = "repos/demo/metadata/1.snapshot.json";

	begin(*state);
	rk_folder_write(*state, bad, "{}");
	assert_one(*state, bad, RK_CHECK_WRONG);
	assert_int_equal(unlink(rk_folder_path(*state, bad)), 0);
	assert_int_equal(link(rk_folder_path(*state, good), rk_folder_path(*state, bad)), 0);
	assert_one(*state, bad, RK_CHECK_WRONG);
	assert_int_equal(unlink(rk_folder_path(*state, bad)), 0);
	assert_int_equal(link(rk_folder_path(*state, good), rk_folder_path(*state, other)), 0);
	assert_one(*state, other, RK_CHECK_WRONG);
	assert_int_equal(unlink(rk_folder_path(*state, other)), 0);
	rk_folder_write(*state, "repos/demo/metadata/index.html", "");
	assert_one(*state, "repos/demo/metadata/index.html", RK_CHECK_WARNING);
	assert_int_equal(unlink(rk_folder_path(*state, "repos/demo/metadata/index.html")), 0);
	rk_folder_write(*state, "repos/demo/notes", "");
	assert_one(*state, "repos/demo/notes", RK_CHECK_WARNING);
}

static void
what_a_device_swore_belongs_to_a_key_and_is_whole(void **state)
{
	RK_AUTO(rk_pubkey) pubkey = rk_fake_keep_key(0);
	const char *print = rk_pubkey_fingerprint_hex(pubkey);
	RK_AUTO(rk_check) check = NULL;
	RK_AUTO(rk_str) leaf = NULL;
	RK_AUTO(rk_str) f9 = NULL;
	RK_AUTO(rk_str) folder = NULL;

	begin(*state);
	assert_ok(rk_strdupf(&folder, "attestations/%s", print));
	assert_int_equal(mkdir(rk_folder_path(*state, "attestations"), 0755), 0);
	assert_int_equal(mkdir(rk_folder_path(*state, "attestations/stranger"), 0755), 0);
	assert_int_equal(mkdir(rk_folder_path(*state, folder), 0755), 0);
	rk_folder_write(*state, "attestations/stranger/slot.der", "");
	assert_one(*state, "attestations/stranger/slot.der", RK_CHECK_NOTE);
	assert_int_equal(unlink(rk_folder_path(*state, "attestations/stranger/slot.der")), 0);
	assert_ok(rk_strdupf(&leaf, "attestations/%s/slot.der", print));
	assert_ok(rk_strdupf(&f9, "attestations/%s/f9.der", print));
	rk_folder_write(*state, leaf, "");
	assert_one(*state, leaf, RK_CHECK_WARNING);
	rk_folder_write(*state, f9, "");
	check = look(*state);
	assert_int_equal(check->count, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    in_folder(a_keep_in_order_has_no_findings),
	    in_folder(no_keep_is_an_error_and_an_unsafe_one_a_finding),
	    in_folder(stray_files_are_noted),
	    in_folder(what_a_dead_command_left_is_found),
	    in_folder(links_modes_and_owners_are_found),
	    in_folder(a_keep_json_that_cannot_be_read_is_a_finding_and_the_look_goes_on),
	    in_folder(a_broken_or_torn_journal_is_found),
	    in_folder(folders_and_repositories_are_matched),
	    in_folder(metadata_that_is_none_or_has_the_wrong_name_is_found),
	    in_folder(what_a_device_swore_belongs_to_a_key_and_is_whole),
	};

	return cmocka_run_group_tests_name("keep_check", tests, NULL, NULL);
}
