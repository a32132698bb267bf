#include "support/key_scene.h"
#include "support/spec.h"

#include "flow/factory.h"
#include "flow/keyarg.h"

#include <string.h>

static char uri[] = "pkcs11:serial=1";

static rk_error *
judge(const rk_token_info *info)
{
	return rk_factory_judge(info, "'alice'", "'root'");
}

static void
what_cannot_be_told_is_not_refused(void **state)
{
	const rk_token_info unknown = {.uri = uri};
	const rk_token_info changed = {.uri = uri,
	    .factory_pin = RK_FACT_NO,
	    .factory_puk = RK_FACT_NO,
	    .factory_so_pin = RK_FACT_NO};

	(void)state;
	assert_ok(judge(&unknown));
	assert_ok(judge(&changed));
}

static void
the_command_that_mends_it_is_named(void **state)
{
	rk_token_info info = {.uri = uri, .factory_pin = RK_FACT_YES};
	rk_error *err = judge(&info);

	(void)state;
	assert_int_equal(rk_error_code(err), RK_E_REFUSED);
	assert_non_null(strstr(rk_error_remedy(err), "rootkeep token pin 'pkcs11:serial=1'"));
	assert_null(strstr(rk_error_remedy(err), "--so"));
	rk_error_free(err);
	info.factory_puk = RK_FACT_YES;
	info.factory_so_pin = RK_FACT_YES;
	info.so_makes_keys = true;
	err = judge(&info);
	assert_non_null(strstr(rk_error_message(err), "PIN and PUK and management key"));
	assert_non_null(strstr(rk_error_remedy(err), "--so"));
	assert_non_null(strstr(rk_error_remedy(err), "change-puk"));
	rk_error_free(err);
}

static void
a_key_is_made_there_with_a_warning(void **state)
{
	struct rk_key_scene *scene = *state;

	scene->alice->factory_pin = RK_FACT_YES;
	(void)rk_key_scene_make(scene, "root", "pkcs11:token=alice");
	assert_int_equal(scene->person.warnings, 0);
	rk_key_scene_again(scene);
	{
		const struct rk_custody_wish wish = {
		    .name = "other", .token = "pkcs11:token=alice"};
		RK_AUTO(rk_plan) plan = NULL;

		assert_ok(rk_custody_generate_plan(&scene->custody, &wish, &plan));
	}
	assert_true(rk_fake_env_said(&scene->person, "factory"));
}

static rk_error *
take_for_root(struct rk_key_scene *scene, const char *name)
{
	struct rk_keyarg_root how = {.custody = &scene->custody, .gun = "demo"};
	RK_AUTO(rk_tuf_key) key = NULL;

	assert_ok(rk_dialect_by_name("tuf", &how.dialect));
	return rk_keyarg_root(&how, name, &key);
}

static void
it_is_no_root_key_until_the_secret_is_changed(void **state)
{
	struct rk_key_scene *scene = *state;

	(void)rk_key_scene_make(scene, "root", "pkcs11:token=alice");
	scene->alice->factory_so_pin = RK_FACT_YES;
	rk_key_scene_again(scene);
	assert_error(take_for_root(scene, "root"), RK_E_REFUSED);
	scene->alice->factory_so_pin = RK_FACT_NO;
	assert_ok(take_for_root(scene, "root"));
	assert_int_equal(scene->person.pin_calls, 1); /* when it was made */
	assert_int_equal(rk_hands_token_count(scene->hands), 0);
}

static void
a_token_that_is_not_here_is_not_looked_at(void **state)
{
	struct rk_key_scene *scene = *state;

	(void)rk_key_scene_make(scene, "root", "pkcs11:token=alice");
	scene->alice->factory_so_pin = RK_FACT_YES;
	rk_key_scene_again(scene);
	rk_soft_token_pull(scene->alice);
	assert_ok(take_for_root(scene, "root"));
}

static void
no_certificate_is_made_there_either(void **state)
{
	struct rk_key_scene *scene = *state;
	struct rk_certify_wish wish = {.gun = "example.com/demo"};
	RK_AUTO(rk_plan) plan = NULL;

	wish.key = rk_key_scene_make(scene, "root", "pkcs11:token=alice");
	scene->alice->factory_pin = RK_FACT_YES;
	rk_key_scene_again(scene);
	wish.key = rk_keep_key_by_name(scene->keep, "root");
	assert_error(rk_certify_plan(&scene->custody, &wish, &plan), RK_E_REFUSED);
	assert_int_equal(scene->alice->logins, 0);
}

#define scene_spec(function) \
	cmocka_unit_test_setup_teardown(function, rk_key_scene_begin, rk_key_scene_end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    spec(what_cannot_be_told_is_not_refused),
	    spec(the_command_that_mends_it_is_named),
	    scene_spec(a_key_is_made_there_with_a_warning),
	    scene_spec(it_is_no_root_key_until_the_secret_is_changed),
	    scene_spec(a_token_that_is_not_here_is_not_looked_at),
	    scene_spec(no_certificate_is_made_there_either),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
