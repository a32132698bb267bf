#include "support/key_scene.h"
#include "support/spec.h"

#include "flow/tokens.h"

#include <string.h>

#define URI "pkcs11:token=alice"

static void
try_out(struct rk_key_scene *scene, rk_probe **ret_probe)
{
	RK_AUTO(rk_tokens_trial) trial = NULL;

	assert_ok(rk_tokens_test(scene->hands, URI, NULL, &trial));
	assert_ok(rk_tokens_verdicts(trial, scene->person.now, ret_probe));
}

static void
what_works_and_what_lies_are_verdicts(void **state)
{
	struct rk_key_scene *scene = *state;
	RK_AUTO(rk_probe) probe = NULL;

	scene->alice->unsupported[RK_KEY_ED25519] = true;
	scene->alice->lie = RK_SOFT_WRONG;
	scene->alice->lie_at = 1;
	try_out(scene, &probe);
	assert_int_equal(probe->verdict[RK_KEY_ECDSA_P256], RK_PROBE_CANNOT_SIGN);
	assert_non_null(probe->why[RK_KEY_ECDSA_P256]);
	assert_int_equal(probe->verdict[RK_KEY_ECDSA_P384], RK_PROBE_WORKS);
	assert_int_equal(probe->verdict[RK_KEY_ED25519], RK_PROBE_UNKNOWN);
	assert_int_equal(rk_soft_token_key_count(scene->alice), 0);
}

static void
a_touch_that_was_not_given_is_none(void **state)
{
	struct rk_key_scene *scene = *state;
	RK_AUTO(rk_probe) probe = NULL;

	scene->alice->sign_fails_at = 1;
	try_out(scene, &probe);
	assert_int_equal(probe->verdict[RK_KEY_ECDSA_P256], RK_PROBE_UNKNOWN);
	assert_int_equal(probe->verdict[RK_KEY_ECDSA_P384], RK_PROBE_WORKS);
}

static void
where_keys_stay_for_ever_none_is_made(void **state)
{
	struct rk_key_scene *scene = *state;
	RK_AUTO(rk_tokens_trial) trial = NULL;
	RK_AUTO(rk_plan) plan = NULL;

	scene->alice->so_makes_keys = true;
	(void)rk_soft_token_add_key(scene->module, scene->alice, RK_KEY_ECDSA_P256, "k");
	assert_ok(rk_tokens_test_plan(scene->hands, URI, &plan));
	assert_int_equal(plan->count, 1);
	assert_ok(rk_tokens_test(scene->hands, URI, NULL, &trial));
	assert_true(trial->keeps);
	assert_int_equal(trial->stage[RK_KEY_ECDSA_P256], RK_TOKENS_WORKS);
	assert_int_equal(trial->stage[RK_KEY_RSA2048], RK_TOKENS_NOT_TRIED);
	assert_int_equal(scene->alice->made, 0);
	assert_int_equal(rk_soft_token_key_count(scene->alice), 1);
}

/* Asked as `key generate` asks: its kind was tried out, in a folder of this test. */
static void
what_does_not_work_is_said_before_a_pin_is_asked(void **state)
{
	struct rk_key_scene *scene = *state;
	struct rk_custody_wish wish = {.name = "k", .token = URI, .type = RK_KEY_ED25519};
	RK_AUTO(rk_token_info) info = NULL;
	RK_AUTO(rk_str) state_dir = NULL;
	RK_AUTO(rk_plan) plan = NULL;
	rk_probe probe = {.time = scene->person.now};
	rk_error *err;

	assert_ok(rk_strdupf(&state_dir, "%s/state", (const char *)scene->folder));
	wish.state_dir = state_dir;
	probe.verdict[RK_KEY_ED25519] = RK_PROBE_CANNOT_SIGN;
	probe.verdict[RK_KEY_RSA2048] = RK_PROBE_WORKS;
	assert_ok(rk_hands_look(scene->hands, URI, &info));
	assert_ok(rk_probes_note(state_dir, info, &probe));
	err = rk_custody_generate_plan(&scene->custody, &wish, &plan);
	assert_int_equal(rk_error_code(err), RK_E_TOKEN_UNSUPPORTED);
	assert_non_null(strstr(rk_error_remedy(err), "rsa2048 worked"));
	assert_non_null(strstr(rk_error_remedy(err), "token test"));
	rk_error_free(err);
	assert_int_equal(scene->person.pin_calls, 0);
	wish.type = RK_KEY_RSA2048;
	assert_ok(rk_custody_generate_plan(&scene->custody, &wish, &plan));
}

#define scene_spec(function) \
	cmocka_unit_test_setup_teardown(function, rk_key_scene_begin, rk_key_scene_end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    scene_spec(what_works_and_what_lies_are_verdicts),
	    scene_spec(a_touch_that_was_not_given_is_none),
	    scene_spec(where_keys_stay_for_ever_none_is_made),
	    scene_spec(what_does_not_work_is_said_before_a_pin_is_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
