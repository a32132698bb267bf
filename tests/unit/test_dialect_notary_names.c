#include "support/spec.h"
#include "tuf/dialect.h"

#include <string.h>

#define NOTARY (&rk_dialect_notary)

static void
names_of_files_are_those_of_roles(void **state)
{
	static const struct {
		const char *role, *published, *plain;
	} rows[] = {
	    {"root", "7.root.json", "root.json"},
	    {"targets", "targets.json", "targets.json"},
	    {"snapshot", "snapshot.json", "snapshot.json"},
	    {"timestamp", "timestamp.json", "timestamp.json"},
	    {"targets/releases", "targets/releases.json", "targets/releases.json"},
	    {"targets/a/b_c-d", "targets/a/b_c-d.json", "targets/a/b_c-d.json"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *name = NULL, *role = NULL;
		int64_t version = -1;

		assert_ok(NOTARY->published_name(rows[i].role, 7, true, &name));
		assert_string_equal(name, rows[i].published);
		assert_ok(NOTARY->parse_name(name, &role, &version));
		assert_string_equal(role, rows[i].role);
		assert_int_equal(version, i == 0 ? 7 : 0);
		rk_str_free(name);
		rk_str_free(role);
		assert_ok(NOTARY->plain_name(rows[i].role, &name));
		assert_string_equal(name, rows[i].plain);
		rk_str_free(name);
		assert_ok(NOTARY->meta_name(rows[i].role, &name));
		assert_string_equal(name, rows[i].role);
		assert_ok(NOTARY->meta_role(name, &role));
		assert_string_equal(role, rows[i].role);
		rk_str_free(name);
		rk_str_free(role);
	}
}

static void
a_servers_numbered_names_are_read(void **state)
{
	static const char *const bad[] = {"json", ".json", "root", "7.json", "07.root.json",
	    "targets/.json", "targets/A.json", "other.json", "targets//x.json", "7root.json",
	    "7..json", "targets/a%2Fb.json", "root.7.json", ""};
	char *role = NULL;
	int64_t version;

	(void)state;
	assert_ok(NOTARY->parse_name("3.targets/releases.json", &role, &version));
	assert_string_equal(role, "targets/releases");
	assert_int_equal(version, 3);
	rk_str_free(role);
	assert_ok(NOTARY->parse_name("12.targets.json", &role, &version));
	assert_string_equal(role, "targets");
	assert_int_equal(version, 12);
	rk_str_free(role);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_error(NOTARY->parse_name(bad[i], &role, &version), RK_E_MALFORMED);
}

static void
names_of_roles_have_rules(void **state)
{
	static const char *const bad[] = {"", "A", "a b", "a.b", "/a", "a/", "a//b", "..", "ü"};
	char role[300] = "";
	char *name = NULL;

	(void)state;
	assert_ok(rk_role_check_name(NOTARY, "targets/releases"));
	assert_ok(rk_role_check_name(NOTARY, "targets/a/b-c_9"));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		RK_AUTO(rk_str) full = NULL;

		assert_ok(rk_strdupf(&full, "targets/%s", bad[i]));
		assert_error(rk_role_check_name(NOTARY, full), RK_E_REFUSED);
		assert_error(NOTARY->role_from_file(full, &name), RK_E_MALFORMED);
	}
	assert_error(NOTARY->role_from_file("releases", &name), RK_E_MALFORMED);
	memset(role, 'a', 247);
	assert_ok(NOTARY->role_name_check(role));
	role[247] = 'a';
	assert_error(NOTARY->role_name_check(role), RK_E_REFUSED);
}

static void
names_of_repositories_have_rules(void **state)
{
	static const char *const good[] = {"docker.io/library/alpine",
	    "registry.example.com:5000/admin/demo", "localhost/x", "demo",
	    "127.0.0.1:15000/lab/app", "Registry.Example.com/a.b__c-d/e"};
	static const struct {
		const char *name, *says;
	} bad[] = {
	    {"", "empty"},
	    {"/a", "begins with a slash"},
	    {"a/", "ends in a slash"},
	    {"a//b", "a part of it is empty"},
	    {"host/Demo", "capital"},
	    {"Demo", "capital"},
	    {"host/demo:1.0", "a tag is no part"},
	    {"host/de mo", "only small letters"},
	    {"host/de\nmo", "only small letters"},
	    {"ho st/demo", "only letters"},
	    {"host/*", "'*'"},
	    {"host/.demo", "begin and end"},
	    {"host/demo-", "begin and end"},
	    {"host:/demo", "port is empty"},
	    {"host:5x/demo", "port is no number"},
	    {":5/demo", "empty"},
	    {"host/d\xc3\xa9mo", "only small letters"},
	};
	char name[400] = "host/";

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_ok(NOTARY->repo_name_check(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		rk_error *err = NOTARY->repo_name_check(bad[i].name);

		assert_non_null(err);
		if (!strstr(rk_error_message(err), bad[i].says))
			fail_msg("%s does not say %s", rk_error_message(err), bad[i].says);
		assert_error(err, RK_E_REFUSED);
	}
	/* The slash takes three bytes in a folder's name. */
	memset(name + 5, 'a', 248);
	assert_ok(NOTARY->repo_name_check(name));
	name[253] = 'a';
	assert_error(NOTARY->repo_name_check(name), RK_E_REFUSED);
}

int
main(void)
{
	static const struct CMUnitTest specs[] = {
	    spec(names_of_files_are_those_of_roles),
	    spec(a_servers_numbered_names_are_read),
	    spec(names_of_roles_have_rules),
	    spec(names_of_repositories_have_rules),
	};

	return cmocka_run_group_tests_name("names of notary", specs, NULL, NULL);
}
