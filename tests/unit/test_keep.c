#include "keep/keep.h"
#include "support/fake_keep.h"
#include "support/folder.h"
#include "support/spec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define in_folder(function) \
	cmocka_unit_test_setup_teardown(function, rk_folder_new, rk_folder_remove)

static rk_error *
open_from(struct rk_fake_keep *fake, const char *from, bool create, rk_keep **ret_keep)
{
	struct rk_keep_options options = {
	    .from = from, .write = create, .create = create, .env = &fake->env};

	return rk_keep_open(&options, ret_keep);
}

static rk_error *
read_text(const char *json)
{
	RK_AUTO(rk_text) text = NULL;
	RK_AUTO(rk_keep) keep = NULL;

	assert_ok(rk_text_copy(json, strlen(json), &text));
	return rk_keep_judge(text, &keep);
}

static void
an_empty_folder_becomes_a_keep_by_its_first_commit(void **state)
{
	struct rk_fake_keep fake = rk_fake_keep_env();

	rk_folder_write(*state, ".gitignore", "*.pin\n");
	{
		RK_AUTO(rk_keep) keep = NULL;

		assert_ok(open_from(&fake, *state, true, &keep));
		assert_true(rk_keep_is_new(keep));
	}
	assert_int_not_equal(access(rk_folder_path(*state, "keep.json"), F_OK), 0);
	rk_fake_keep_begin(&fake, *state);
	assert_int_equal(access(rk_folder_path(*state, "keep.json"), F_OK), 0);
	assert_non_null(strstr(fake.said, "is a keep now"));
	assert_int_not_equal(access(rk_folder_path(*state, ".pending"), F_OK), 0);
	assert_int_not_equal(access(rk_folder_path(*state, ".intent"), F_OK), 0);
}

static void
no_keep_is_begun_in_a_folder_that_holds_something(void **state)
{
	struct rk_fake_keep fake = rk_fake_keep_env();
	RK_AUTO(rk_keep) keep = NULL;
	rk_error *err;

	rk_folder_write(*state, "letters.txt", "");
	err = open_from(&fake, *state, true, &keep);
	assert_non_null(rk_error_remedy(err));
	assert_error(err, RK_E_REFUSED);
	assert_error(open_from(&fake, *state, false, &keep), RK_E_NOT_FOUND);
	assert_null(keep);
	assert_int_not_equal(access(rk_folder_path(*state, ".lock"), F_OK), 0);
}

static void
a_keep_is_found_from_below_and_by_its_own_name_only(void **state)
{
	struct rk_fake_keep fake = rk_fake_keep_env();
	RK_AUTO(rk_keep) keep = NULL;
	struct rk_keep_options options = {.env = &fake.env};

	rk_fake_keep_begin(&fake, *state);
	assert_int_equal(mkdir(rk_folder_path(*state, "repos"), 0755), 0);
	assert_ok(open_from(&fake, rk_folder_path(*state, "repos"), false, &keep));
	assert_non_null(rk_keep_key_by_name(keep, "alice"));
	options.dir = rk_folder_path(*state, "repos");
	rk_keep_free(RK_TAKE(keep));
	assert_error(rk_keep_open(&options, &keep), RK_E_NOT_FOUND);
	options.dir = rk_folder_path(*state, "nowhere");
	assert_error(rk_keep_open(&options, &keep), RK_E_NOT_FOUND);
}

static void
a_second_writer_hears_who_holds_it_and_a_reader_does_not_mind(void **state)
{
	struct rk_fake_keep fake = rk_fake_keep_env();
	RK_AUTO(rk_keep) first = NULL;
	RK_AUTO(rk_keep) second = NULL;
	struct rk_keep_options options = {.dir = *state, .write = true, .env = &fake.env};
	rk_error *err;

	rk_fake_keep_begin(&fake, *state);
	first = rk_fake_keep_open(&fake, *state, true);
	err = rk_keep_open(&options, &second);
	assert_non_null(strstr(rk_error_message(err), "process "));
	assert_error(err, RK_E_BUSY);
	second = rk_fake_keep_open(&fake, *state, false);
	assert_false(rk_keep_is_writable(second));
}

static void
a_keep_of_another_user_is_not_believed(void **state)
{
	struct rk_fake_keep fake = rk_fake_keep_env();
	RK_AUTO(rk_keep) keep = NULL;

	rk_fake_keep_begin(&fake, *state);
	if (geteuid() != 0)
		skip();
	assert_int_equal(chown(*state, 12345, 12345), 0);
	assert_error(open_from(&fake, *state, false, &keep), RK_E_UNSAFE);
	assert_int_equal(chown(*state, 0, 0), 0);
	assert_int_equal(chown(rk_folder_path(*state, "keep.json"), 12345, 12345), 0);
	assert_error(open_from(&fake, *state, false, &keep), RK_E_UNSAFE);
}

/* Whoever owns a folder on the way could have put a keep of his own above the place of work. */
static void
no_keep_is_looked_for_above_a_folder_of_another_user(void **state)
{
	struct rk_fake_keep fake = rk_fake_keep_env();
	RK_AUTO(rk_keep) keep = NULL;

	rk_fake_keep_begin(&fake, *state);
	if (geteuid() != 0)
		skip();
	assert_int_equal(mkdir(rk_folder_path(*state, "theirs"), 0755), 0);
	assert_int_equal(mkdir(rk_folder_path(*state, "theirs/mine"), 0755), 0);
	assert_int_equal(chown(rk_folder_path(*state, "theirs"), 12345, 12345), 0);
	assert_error(
	    open_from(&fake, rk_folder_path(*state, "theirs/mine"), false, &keep), RK_E_UNSAFE);
}

static void
a_keep_that_others_can_write_is_not_believed(void **state)
{
	struct rk_fake_keep fake = rk_fake_keep_env();
	RK_AUTO(rk_keep) keep = NULL;
	rk_error *err;

	rk_fake_keep_begin(&fake, *state);
	assert_int_equal(chmod(*state, 0775), 0);
	err = open_from(&fake, *state, false, &keep);
	assert_non_null(rk_error_remedy(err));
	assert_error(err, RK_E_UNSAFE);
	assert_int_equal(chmod(*state, 0755), 0);
	assert_int_equal(chmod(rk_folder_path(*state, "keep.json"), 0666), 0);
	assert_error(open_from(&fake, *state, false, &keep), RK_E_UNSAFE);
}

static void
a_link_in_place_of_keep_json_is_not_followed(void **state)
{
	struct rk_fake_keep fake = rk_fake_keep_env();
	RK_AUTO(rk_keep) keep = NULL;

	rk_fake_keep_begin(&fake, *state);
	assert_int_equal(
	    rename(rk_folder_path(*state, "keep.json"), rk_folder_path(*state, "elsewhere.json")),
	    0);
	assert_int_equal(symlink("elsewhere.json", rk_folder_path(*state, "keep.json")), 0);
	assert_error(open_from(&fake, *state, false, &keep), RK_E_UNSAFE);
}

/* Root may read anything, so a child gives its rights away. */
static void
a_reader_without_the_right_to_write_can_read(void **state)
{
	struct rk_fake_keep fake = rk_fake_keep_env();
	int status = 0;
	pid_t child;

	rk_fake_keep_begin(&fake, *state);
	assert_int_equal(chmod(*state, 0555), 0);
	child = fork();
	if (child == 0) {
		struct rk_keep_options options = {.dir = *state, .env = &fake.env};
		RK_AUTO(rk_keep) keep = NULL;
		RK_AUTO(rk_error) read = NULL;
		RK_AUTO(rk_error) write = NULL;

		if (geteuid() == 0 && setuid(12345) != 0)
			_exit(9);
		read = rk_keep_open(&options, &keep);
		options.write = true;
		rk_keep_free(RK_TAKE(keep));
		write = rk_keep_open(&options, &keep);
		_exit(read ? 1 : rk_error_code(write) == RK_E_IO ? 0 : 2);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(chmod(*state, 0755), 0);
	assert_int_equal(status, 0);
}

static void
a_newer_keep_is_refused_and_never_half_read(void **state)
{
	rk_error *err = read_text("{\"rootkeep\": 2, \"keys\": 7}");

	(void)state;
	assert_string_equal(rk_error_remedy(err), "use a newer rootkeep");
	assert_error(err, RK_E_NEWER);
	assert_error(read_text("{\"rootkeep\": 0}"), RK_E_MALFORMED);
	assert_error(read_text("{}"), RK_E_MALFORMED);
	assert_error(read_text("[1]"), RK_E_MALFORMED);
	assert_ok(read_text("{\"rootkeep\": 1}"));
}

/* What each of them breaks is told by the text before it. */
static void
what_is_malformed_is_named(void **state)
{
	static const char *const bad[][2] = {
	    {"twice", "{\"rootkeep\":1,\"keys\":{},\"keys\":{}}"},
	    {"key entries", "{\"rootkeep\":1,\"keys\":[]}"},
	    {"alice", "{\"rootkeep\":1,\"keys\":{\"alice\":[]}}"},
	    {"public", "{\"rootkeep\":1,\"keys\":{\"alice\":{\"origin\":\"split\"}}}"},
	    {"../x", "{\"rootkeep\":1,\"keys\":{\"../x\":{}}}"},
	    {"dialect", "{\"rootkeep\":1,\"repositories\":{\"demo\":{}}}"},
	    {"expires_days", "{\"rootkeep\":1,\"repositories\":{\"demo\":{\"dialect\":\"tuf\","
			     "\"expires_days\":{\"root\":0}}}}"},
	    {"digest", "{\"rootkeep\":1,\"repositories\":{\"demo\":{\"dialect\":\"tuf\","
		       "\"anchor\":{\"version\":1,\"sha256\":\"ab\"}}}}"},
	    {"version", "{\"rootkeep\":1,\"repositories\":{\"demo\":{\"dialect\":\"tuf\","
			"\"anchor\":{\"version\":0}}}}"},
	    {"min_threshold", "{\"rootkeep\":1,\"policy\":{\"min_threshold\":3}}"},
	    {"warn_days", "{\"rootkeep\":1,\"policy\":{\"warn_days\":{\"root\":[-1]}}}"},
	    {"require_attestation",
		"{\"rootkeep\":1,\"policy\":{\"require_attestation\":[\"roots\"]}}"},
	    {"two_person", "{\"rootkeep\":1,\"policy\":{\"two_person\":1}}"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		rk_error *err = read_text(bad[i][1]);
		bool is_named = false;

		for (const rk_error *at = err; at; at = rk_error_cause(at))
			is_named = is_named || strstr(rk_error_message(at), bad[i][0]);
		if (!is_named)
			print_error("%s: %s\n", bad[i][0], rk_error_message(err));
		assert_true(is_named);
		assert_error(err, RK_E_MALFORMED);
	}
}

/* As formats.md shows it, with members that nobody knows at every level. */
static void
unknown_members_survive_a_save(void **state)
{
	struct rk_fake_keep fake = rk_fake_keep_env();
	RK_AUTO(rk_pubkey) key = rk_fake_keep_key(1);
	RK_AUTO(rk_text) text = NULL;
	RK_AUTO(rk_keep) keep = NULL;
	RK_AUTO_BUF(json);
	RK_AUTO_BUF(again);

	(void)state;
	(void)fake;
	rk_buf_printf(&json,
	    "{\n  \"after\": {\n    \"a\": 1\n  },\n  \"keys\": {\n    \"bob\": {\n"
	    "      \"backups\": [],\n      \"fingerprint\": \"%s\",\n"
	    "      \"future\": [\n        true\n      ],\n      \"holder\": \"Bob\",\n"
	    "      \"origin\": \"split\",\n"
	    "      \"public\": \"-----BEGIN PUBLIC KEY-----\\nMCowBQYDK2VwAyEA"
	    "p6TJuIS/l+8iG7m5+RO0N66jxkgyx8a9Iyp2dPxYcXw=\\n-----END PUBLIC KEY-----\\n\",\n"
	    "      \"tokens\": []\n    }\n  },\n  \"policy\": {\n    \"future\": 2\n  },\n"
	    "  \"repositories\": {\n    \"demo\": {\n      \"dialect\": \"tuf\",\n"
	    "      \"expires_days\": {},\n      \"future\": null\n    }\n  },\n"
	    "  \"rootkeep\": 1,\n  \"zeta\": \"z\"\n}\n",
	    rk_pubkey_fingerprint_hex(key));
	assert_ok(rk_text_copy(json.data, json.len, &text));
	assert_ok(rk_keep_judge(text, &keep));
	assert_ok(rk_keep_text(keep, &again));
	assert_string_equal(rk_buf_str(&again), rk_buf_str(&json));
}

static void
a_keep_is_read_back_as_it_was_saved(void **state)
{
	struct rk_fake_keep fake = rk_fake_keep_env();
	RK_AUTO(rk_keep) keep = NULL;
	const rk_keep_key *key;

	rk_fake_keep_begin(&fake, *state);
	keep = rk_fake_keep_open(&fake, *state, false);
	assert_int_equal(rk_keep_key_count(keep), 1);
	key = rk_keep_key_at(keep, 0);
	assert_string_equal(key->name, "alice");
	assert_int_equal(key->token_count, 1);
	assert_string_equal(key->tokens[0], "pkcs11:serial=1?module-name=softhsm2");
	assert_int_equal(key->origin, RK_KEEP_GENERATED);
	assert_ptr_equal(rk_keep_key_by_fingerprint(keep, key->fingerprint), key);
	assert_int_equal(rk_keep_repo_count(keep), 1);
	assert_string_equal(rk_keep_repo_at(keep, 0)->dialect, "tuf");
	assert_int_equal(rk_keep_warn_window(keep, "certificate"), 365);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    in_folder(an_empty_folder_becomes_a_keep_by_its_first_commit),
	    in_folder(no_keep_is_begun_in_a_folder_that_holds_something),
	    in_folder(a_keep_is_found_from_below_and_by_its_own_name_only),
	    in_folder(a_second_writer_hears_who_holds_it_and_a_reader_does_not_mind),
	    in_folder(a_keep_of_another_user_is_not_believed),
	    in_folder(no_keep_is_looked_for_above_a_folder_of_another_user),
	    in_folder(a_keep_that_others_can_write_is_not_believed),
	    in_folder(a_link_in_place_of_keep_json_is_not_followed),
	    in_folder(a_reader_without_the_right_to_write_can_read),
	    spec(a_newer_keep_is_refused_and_never_half_read),
	    spec(what_is_malformed_is_named),
	    spec(unknown_members_survive_a_save),
	    in_folder(a_keep_is_read_back_as_it_was_saved),
	};

	return cmocka_run_group_tests_name("keep", tests, NULL, NULL);
}
