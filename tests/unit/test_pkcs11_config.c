#include "base/buf.h"
#include "pkcs11/config.h"
#include "support/folder.h"
#include "support/spec.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static unsigned warnings;

static void
hear(rk_env *env, enum rk_say level, const char *text)
{
	(void)env;
	(void)text;
	warnings += level == RK_SAY_WARNING;
}

static const struct rk_env_ops ops = {.say = hear};
static rk_env env = {.ops = &ops};

static int
new_folders(void **state)
{
	static const char *const names[] = {"packages", "system", "user"};

	warnings = 0;
	if (rk_folder_new(state) != 0)
		return -1;
	for (size_t i = 0; i < 3; i++)
		if (mkdir(rk_folder_path(*state, names[i]), 0755) != 0)
			return -1;
	return 0;
}

static rk_config *
load(const char *folder)
{
	const struct rk_config_places places = {.packages = rk_folder_path(folder, "packages"),
	    .system = rk_folder_path(folder, "system"),
	    .user = rk_folder_path(folder, "user"),
	    .settings = rk_folder_path(folder, "pkcs11.conf"),
	    .libraries = "/usr/lib/pkcs11"};
	rk_config *config = NULL;

	assert_ok(rk_config_load(&places, &env, &config));
	return config;
}

static void
folders_that_are_not_there_are_no_modules(void **state)
{
	const struct rk_config_places nothing = {0};
	const struct rk_config_places missing = {
	    "/nowhere/p", "/nowhere/s", "/nowhere/u", NULL, NULL};
	RK_AUTO(rk_config) first = NULL;
	RK_AUTO(rk_config) second = NULL;

	(void)state;
	assert_ok(rk_config_load(&nothing, NULL, &first));
	assert_ok(rk_config_load(&missing, &env, &second));
	assert_int_equal(first->count + second->count, 0);
	assert_int_equal(warnings, 0);
}

static void
a_module_file_tells_path_and_reserved_text(void **state)
{
	RK_AUTO(rk_config) config = NULL;

	rk_folder_write(*state, "packages/nss.module",
	    "# a comment: with a colon\n\n  module :  libsoftokn3.so \r\n"
	    "x-init-reserved: configDir='sql:/x' flags=\nno setting at all\n");
	rk_folder_write(*state, "packages/absolute.module", "module: /opt/m.so");
	rk_folder_write(*state, "packages/README", "module: /opt/readme.so");
	rk_folder_write(*state, "packages/.hidden.module", "module: /opt/hidden.so");
	rk_folder_write(*state, "packages/empty.module", "module:\n");
	config = load(*state);
	assert_int_equal(config->count, 2);
	assert_string_equal(config->modules[0].name, "absolute");
	assert_string_equal(config->modules[0].path, "/opt/m.so");
	assert_null(config->modules[0].reserved);
	assert_string_equal(config->modules[1].path, "/usr/lib/pkcs11/libsoftokn3.so");
	assert_string_equal(config->modules[1].reserved, "configDir='sql:/x' flags=");
}

static void
later_folders_go_over_earlier_ones_line_by_line(void **state)
{
	RK_AUTO(rk_config) config = NULL;

	rk_folder_write(*state, "packages/m.module", "module: /p.so\npriority: 1\n");
	rk_folder_write(*state, "system/m.module", "priority: 5\n");
	rk_folder_write(*state, "user/m.module", "module: /u.so\n");
	rk_folder_write(*state, "system/n.module", "module: /n.so\npriority: 3\n");
	config = load(*state);
	assert_int_equal(config->count, 2);
	assert_string_equal(config->modules[0].path, "/u.so");
	assert_int_equal(config->modules[0].priority, 5);
	assert_string_equal(config->modules[1].name, "n");
}

static void
modules_for_others_and_trust_anchors_are_left_out(void **state)
{
	RK_AUTO(rk_config) config = NULL;

	rk_folder_write(*state, "packages/a.module", "module: /a.so\nenable-in: firefox\n");
	rk_folder_write(*state, "packages/b.module", "module: /b.so\nenable-in: x, rootkeep\n");
	rk_folder_write(*state, "packages/c.module", "module: /c.so\ndisable-in: rootkeep\n");
	rk_folder_write(*state, "packages/d.module", "module: /d.so\ndisable-in: rootkeeper\n");
	rk_folder_write(*state, "packages/e.module", "module: /e.so\ntrust-policy: yes\n");
	config = load(*state);
	assert_int_equal(config->count, 2);
	assert_string_equal(config->modules[0].name, "b");
	assert_string_equal(config->modules[1].name, "d");
}

static void
the_users_folder_counts_unless_the_system_says_no(void **state)
{
	RK_AUTO(rk_config) none = NULL;
	RK_AUTO(rk_config) only = NULL;

	rk_folder_write(*state, "packages/p.module", "module: /p.so\n");
	rk_folder_write(*state, "user/u.module", "module: /u.so\n");
	rk_folder_write(*state, "pkcs11.conf", "user-config: none\n");
	none = load(*state);
	assert_int_equal(none->count, 1);
	assert_string_equal(none->modules[0].name, "p");
	rk_folder_write(*state, "pkcs11.conf", "user-config: only\n");
	only = load(*state);
	assert_int_equal(only->count, 1);
	assert_string_equal(only->modules[0].name, "u");
}

static void
a_users_folder_that_others_can_write_is_one_warning_and_not_used(void **state)
{
	RK_AUTO(rk_config) config = NULL;

	rk_folder_write(*state, "packages/p.module", "module: /p.so\n");
	rk_folder_write(*state, "user/u.module", "module: /u.so\n");
	assert_int_equal(chmod(rk_folder_path(*state, "user"), 0777), 0);
	config = load(*state);
	assert_int_equal(config->count, 1);
	assert_string_equal(config->modules[0].name, "p");
	assert_int_equal(warnings, 1);
}

static void
a_file_that_cannot_be_read_is_one_warning_and_hides_no_other(void **state)
{
	RK_AUTO(rk_config) config = NULL;

	rk_folder_write(*state, "packages/p.module", "module: /p.so\n");
	assert_int_equal(mkdir(rk_folder_path(*state, "packages/x.module"), 0755), 0);
	assert_int_equal(symlink("/nowhere", rk_folder_path(*state, "packages/y.module")), 0);
	config = load(*state);
	assert_int_equal(config->count, 1);
	assert_int_equal(warnings, 2);
}

static void
a_module_is_found_by_its_files_name_its_librarys_and_its_path(void **state)
{
	RK_AUTO(rk_config) config = NULL;
	const char *real = rk_folder_path(*state, "libsofthsm2.so");

	rk_folder_write(*state, "libsofthsm2.so", "");
	assert_int_equal(symlink(real, rk_folder_path(*state, "link.so")), 0);
	{
		RK_AUTO_BUF(text);

		rk_buf_printf(&text, "module: %s\n", real);
		rk_folder_write(*state, "packages/soft.module", rk_buf_str(&text));
	}
	config = load(*state);
	assert_ptr_equal(rk_config_by_name(config, "soft"), &config->modules[0]);
	assert_ptr_equal(rk_config_by_name(config, "softhsm2"), &config->modules[0]);
	assert_ptr_equal(rk_config_by_name(config, "libsofthsm2"), &config->modules[0]);
	assert_null(rk_config_by_name(config, "softhsm"));
	assert_null(rk_config_by_name(config, ""));
	assert_ptr_equal(
	    rk_config_by_path(config, rk_folder_path(*state, "link.so")), &config->modules[0]);
	assert_null(rk_config_by_path(config, "/nowhere.so"));
}

#define with_folders(function) \
	cmocka_unit_test_setup_teardown(function, new_folders, rk_folder_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    with_folders(folders_that_are_not_there_are_no_modules),
	    with_folders(a_module_file_tells_path_and_reserved_text),
	    with_folders(later_folders_go_over_earlier_ones_line_by_line),
	    with_folders(modules_for_others_and_trust_anchors_are_left_out),
	    with_folders(the_users_folder_counts_unless_the_system_says_no),
	    with_folders(a_users_folder_that_others_can_write_is_one_warning_and_not_used),
	    with_folders(a_file_that_cannot_be_read_is_one_warning_and_hides_no_other),
	    with_folders(a_module_is_found_by_its_files_name_its_librarys_and_its_path),
	};

	return cmocka_run_group_tests_name("pkcs11/config", tests, NULL, NULL);
}
