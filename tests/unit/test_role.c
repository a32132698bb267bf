#include "support/spec.h"

#include "tuf/dialect.h"

#include <stdlib.h>
#include <string.h>

static rk_error *
read_role(const char *json, rk_role **ret_role)
{
	RK_AUTO(rk_node) node = NULL;

	assert_ok(rk_node_parse(json, strlen(json), "test", &node));
	return rk_role_read(&rk_dialect_tuf, node, "targets/alice", "a role", ret_role);
}

static rk_role *
role_from(const char *json)
{
	rk_role *role = NULL;

	assert_ok(read_role(json, &role));
	return role;
}

static void
a_role_is_its_keys_and_how_many_of_them(void **state)
{
	rk_role *role = role_from("{\"keyids\":[\"a\",\"b\"],\"threshold\":2,\"paths\":[\"x/*\"],"
				  "\"terminating\":true}");
	rk_role *copy = NULL;

	(void)state;
	assert_int_equal(role->threshold, 2);
	assert_true(role->terminating);
	assert_true(rk_role_has(role, "b"));
	assert_false(rk_role_has(role, "c"));
	assert_ok(rk_role_copy(role, &copy));
	assert_true(rk_role_same_keys(role, copy));
	assert_string_equal(copy->paths[0], "x/*");
	copy->threshold = 1;
	assert_false(rk_role_same_keys(role, copy));
	rk_role_free(role);
	rk_role_free(copy);
}

static void
what_is_no_role_is_malformed(void **state)
{
	static const char *const bad[] = {
	    "[]",
	    "{\"threshold\":1}",
	    "{\"keyids\":[]}",
	    "{\"keyids\":\"a\",\"threshold\":1}",
	    "{\"keyids\":[1],\"threshold\":1}",
	    "{\"keyids\":[\"a\"],\"threshold\":0}",
	    "{\"keyids\":[\"a\"],\"threshold\":-1}",
	    "{\"keyids\":[\"a\"],\"threshold\":4294967296}",
	    "{\"keyids\":[\"a\"],\"threshold\":\"1\"}",
	    "{\"keyids\":[\"a\",\"b\",\"a\"],\"threshold\":1}",
	    "{\"keyids\":[],\"threshold\":1,\"paths\":[],\"path_hash_prefixes\":[]}",
	    "{\"keyids\":[],\"threshold\":1,\"paths\":{}}",
	    "{\"keyids\":[],\"threshold\":1,\"terminating\":0}",
	};
	rk_role *role = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_error(read_role(bad[i], &role), RK_E_MALFORMED);
	assert_null(role);
}

static bool
covers(const char *pattern, const char *path)
{
	RK_AUTO(rk_str) json = NULL;
	rk_role *role;
	bool answer;

	assert_ok(rk_strdupf(&json, "{\"keyids\":[],\"threshold\":1,\"paths\":[\"%s\"]}", pattern));
	role = role_from(json);
	answer = rk_role_covers(&rk_dialect_tuf, role, path);
	rk_role_free(role);
	return answer;
}

static void
patterns_cover_as_many_components_as_they_have(void **state)
{
	(void)state;
	assert_true(covers("*", "a"));
	assert_false(covers("*", "a/b"));
	assert_true(covers("a/*", "a/b"));
	assert_false(covers("a/*", "a/b/c"));
	assert_false(covers("a/*", "a"));
	assert_true(covers("a/?.txt", "a/1.txt"));
	assert_false(covers("a/?.txt", "a/12.txt"));
	assert_true(covers("*/*", ".x/y"));
	assert_true(covers("a/[0-9]", "a/7"));
	assert_false(covers("", "a"));
}

/* SHA-256 of "x" begins with 2d711642b726b044. */
static void
hash_prefixes_cover_what_their_digest_begins_with(void **state)
{
	rk_role *role =
	    role_from("{\"keyids\":[],\"threshold\":1,\"path_hash_prefixes\":[\"ff\",\"2d7\"]}");

	(void)state;
	assert_true(rk_role_covers(&rk_dialect_tuf, role, "x"));
	assert_false(rk_role_covers(&rk_dialect_tuf, role, "y"));
	rk_role_free(role);
}

static void
names_are_the_four_or_a_delegations(void **state)
{
	static const char *const good[] = {
	    "root", "targets", "snapshot", "timestamp", "targets/alice", "targets/a/b"};
	static const char *const bad[] = {"", "Root", "alice", "targets/", "targets/root",
	    "targets/.x", "targets//x", "targets/x/", "targets/a\nb", "targets/e\xcc\x81"};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_ok(rk_role_check_name(&rk_dialect_tuf, good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_error(rk_role_check_name(&rk_dialect_tuf, bad[i]), RK_E_REFUSED);
	assert_int_equal(rk_role_kind_of("snapshot"), RK_ROLE_SNAPSHOT);
	assert_int_equal(rk_role_kind_of("targets/root"), RK_ROLE_DELEGATED);
	assert_null(rk_role_kind_name(RK_ROLE_DELEGATED));
}

static void
published_as(const char *role, int64_t version, bool consistent, const char *want)
{
	RK_AUTO(rk_str) name = NULL;
	RK_AUTO(rk_str) back = NULL;
	int64_t number = -1;

	assert_ok(rk_dialect_tuf.published_name(role, version, consistent, &name));
	assert_string_equal(name, want);
	assert_ok(rk_dialect_tuf.parse_name(name, &back, &number));
	assert_string_equal(back, role);
	assert_int_equal(number, want[0] >= '0' && want[0] <= '9' ? version : 0);
}

static void
files_are_named_as_clients_ask_for_them(void **state)
{
	static const char *const none[] = {
	    "json", "root.txt", ".json", "a/b.json", "%zz.json", "%00.json", "%4.json", "%ff.json"};
	RK_AUTO(rk_str) plain = NULL;

	(void)state;
	published_as("root", 3, true, "3.root.json");
	published_as("root", 3, false, "3.root.json");
	published_as("timestamp", 9, true, "timestamp.json");
	published_as("snapshot", 12, true, "12.snapshot.json");
	published_as("targets", 12, false, "targets.json");
	published_as("targets/alice", 7, true, "7.alice.json");
	published_as("targets/a/b ü", 7, true, "7.a%2Fb%20%C3%BC.json");
	published_as("targets/../x", 7, true, "7...%2Fx.json");
	assert_ok(rk_dialect_tuf.plain_name("targets/a/b", &plain));
	assert_string_equal(plain, "a%2Fb.json");
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		char *role = NULL;
		int64_t number;

		assert_error(rk_dialect_tuf.parse_name(none[i], &role, &number), RK_E_MALFORMED);
		assert_null(role);
	}
}

static void
a_role_named_by_a_number_is_no_version(void **state)
{
	RK_AUTO(rk_str) role = NULL;
	int64_t number = -1;

	(void)state;
	assert_ok(rk_dialect_tuf.parse_name("7.json", &role, &number));
	assert_string_equal(role, "targets/7");
	assert_int_equal(number, 0);
}

static void
dialects_are_found_by_name_and_by_what_a_file_says(void **state)
{
	static const char *const tuf = "{\"signed\":{\"_type\":\"root\"}}";
	static const char *const none[] = {
	    "{}", "[]", "{\"signed\":{\"_type\":1}}", "{\"signed\":{\"_type\":\"mirrors\"}}"};
	const rk_dialect *dialect = NULL;
	rk_json file;

	(void)state;
	assert_ok(rk_dialect_by_name("tuf", &dialect));
	assert_ptr_equal(dialect, &rk_dialect_tuf);
	assert_error(rk_dialect_by_name("uptane", &dialect), RK_E_NOT_FOUND);
	assert_ok(rk_scan_bytes(tuf, strlen(tuf), "root.json", &file));
	assert_ok(rk_dialect_detect(&file, "root.json", &dialect));
	assert_ptr_equal(dialect, &rk_dialect_tuf);
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		assert_ok(rk_scan_bytes(none[i], strlen(none[i]), "x.json", &file));
		assert_error(rk_dialect_detect(&file, "x.json", &dialect), RK_E_MALFORMED);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    spec(a_role_is_its_keys_and_how_many_of_them),
	    spec(what_is_no_role_is_malformed),
	    spec(patterns_cover_as_many_components_as_they_have),
	    spec(hash_prefixes_cover_what_their_digest_begins_with),
	    spec(names_are_the_four_or_a_delegations),
	    spec(files_are_named_as_clients_ask_for_them),
	    spec(a_role_named_by_a_number_is_no_version),
	    spec(dialects_are_found_by_name_and_by_what_a_file_says),
	};

	return cmocka_run_group_tests_name("role", tests, NULL, NULL);
}
