#include "support/attest_maker.h"
#include "support/key_scene.h"
#include "support/spec.h"

#include "flow/attest.h"
#include "flow/create.h"

#include <stdlib.h>
#include <string.h>

#define ALICE "pkcs11:token=alice"
#define BOB "pkcs11:token=bob"

#define in_scene(function) cmocka_unit_test_setup_teardown(function, begin, end)

/* A key on alice's token, which swears about it. */
struct sworn {
	struct rk_key_scene *scene;
	struct rk_attest_maker maker;
	const rk_keep_key *key;
	rk_attestation_pins *own, *given; /* both hold the root */
	rk_attestation_pins *empty;
	rk_buf pem[2]; /* on the token: f9, leaf */
};

static rk_attestation_pins *
pins_with(const struct rk_attest_maker *maker, bool given)
{
	struct rk_cert_maker root = rk_attest_maker_root(maker);
	rk_attestation_pins *pins = NULL;
	RK_AUTO_BUF(pem);

	rk_cert_maker_pem(&root, &pem);
	assert_ok(rk_attestation_pins_new(given, &pins));
	assert_ok(rk_attestation_pins_add(pins, pem.data, pem.len, "root"));
	return pins;
}

static int
begin(void **state)
{
	struct sworn *sworn = calloc(1, sizeof(*sworn));
	int result = rk_key_scene_begin((void **)&sworn->scene);
	struct rk_cert_maker leaf, f9;

	sworn->maker = rk_attest_maker_new();
	sworn->key = rk_key_scene_make(sworn->scene, "root-alice", ALICE);
	EVP_PKEY_free(sworn->maker.slot);
	sworn->maker.slot = sworn->scene->alice->keys[0].pair;
	EVP_PKEY_up_ref(sworn->maker.slot);
	f9 = rk_attest_maker_f9(&sworn->maker, false);
	leaf = rk_attest_maker_leaf(&sworn->maker);
	rk_cert_maker_pem(&f9, &sworn->pem[0]);
	rk_cert_maker_pem(&leaf, &sworn->pem[1]);
	sworn->scene->alice->certificates[0] = sworn->pem[0].data;
	sworn->scene->alice->certificates[1] = sworn->pem[1].data;
	sworn->own = pins_with(&sworn->maker, false);
	sworn->given = pins_with(&sworn->maker, true);
	assert_ok(rk_attestation_pins_new(false, &sworn->empty));
	*state = sworn;
	return result;
}

static int
end(void **state)
{
	struct sworn *sworn = *state;
	int result = rk_key_scene_end((void **)&sworn->scene);

	rk_attestation_pins_free(sworn->own);
	rk_attestation_pins_free(sworn->given);
	rk_attestation_pins_free(sworn->empty);
	rk_buf_clear(&sworn->pem[0]);
	rk_buf_clear(&sworn->pem[1]);
	rk_attest_maker_clear(&sworn->maker);
	free(sworn);
	return result;
}

static rk_error *
attest(struct sworn *sworn, const rk_attestation_pins *pins, struct rk_attest_result *result)
{
	const struct rk_attest_wish wish = {sworn->key, pins, sworn->own};

	return rk_attest(&sworn->scene->custody, &wish, result);
}

static void
again(struct sworn *sworn)
{
	rk_key_scene_again(sworn->scene);
	sworn->key = rk_keep_key_by_name(sworn->scene->keep, "root-alice");
	assert_non_null(sworn->key);
}

static void
what_a_device_swears_is_fetched_without_a_pin_and_kept(void **state)
{
	struct sworn *sworn = *state;
	RK_AUTO_ATTEST_RESULT(result);
	RK_AUTO(rk_attestation) kept = NULL;
	unsigned logins = sworn->scene->alice->logins;
	int64_t lines = rk_key_scene_lines(sworn->scene);

	assert_ok(attest(sworn, sworn->own, &result));
	assert_int_equal(result.attestation->serial, 15938791);
	assert_true(result.kept);
	assert_non_null(strstr(result.token, "alice"));
	assert_int_equal(sworn->scene->alice->logins, logins);
	assert_int_equal(rk_key_scene_lines(sworn->scene), lines + 1);
	again(sworn);
	assert_true(rk_keep_attestation_any(sworn->scene->keep));
	assert_ok(rk_attest_kept(sworn->scene->keep, sworn->key, sworn->own, &kept));
	assert_int_equal(kept->slot, 0x9c);
}

static void
a_verdict_is_judged_anew_by_the_roots_of_the_day(void **state)
{
	struct sworn *sworn = *state;
	RK_AUTO_ATTEST_RESULT(result);
	RK_AUTO(rk_attestation) kept = NULL;

	assert_error(
	    rk_attest_kept(sworn->scene->keep, sworn->key, sworn->own, &kept), RK_E_NOT_FOUND);
	assert_false(rk_keep_attestation_any(sworn->scene->keep));
	assert_ok(attest(sworn, sworn->own, &result));
	assert_error(
	    rk_attest_kept(sworn->scene->keep, sworn->key, sworn->empty, &kept), RK_E_UNTRUSTED);
}

static void
without_its_token_what_the_keep_has_is_judged(void **state)
{
	struct sworn *sworn = *state;
	RK_AUTO_ATTEST_RESULT(first);
	RK_AUTO_ATTEST_RESULT(second);
	int64_t lines;

	rk_soft_token_pull(sworn->scene->alice);
	again(sworn);
	assert_error(attest(sworn, sworn->own, &second), RK_E_TOKEN_NONE);
	rk_soft_token_plug(sworn->scene->alice);
	again(sworn);
	assert_ok(attest(sworn, sworn->own, &first));
	rk_soft_token_pull(sworn->scene->alice);
	again(sworn);
	lines = rk_key_scene_lines(sworn->scene);
	assert_ok(attest(sworn, sworn->own, &second));
	assert_null(second.token);
	assert_false(second.kept);
	assert_int_equal(rk_key_scene_lines(sworn->scene), lines);
}

static void
a_plan_changes_nothing(void **state)
{
	struct sworn *sworn = *state;
	const struct rk_attest_wish wish = {sworn->key, sworn->own, sworn->own};
	RK_AUTO(rk_plan) plan = NULL;
	RK_AUTO(rk_plan) without = NULL;
	int64_t lines = rk_key_scene_lines(sworn->scene);

	assert_ok(rk_attest_plan(&sworn->scene->custody, &wish, &plan));
	assert_int_equal(plan->count, 2);
	rk_soft_token_pull(sworn->scene->alice);
	again(sworn);
	assert_ok(rk_attest_plan(&sworn->scene->custody,
	    &(struct rk_attest_wish){sworn->key, sworn->own, sworn->own}, &without));
	assert_int_equal(without->count, 1);
	assert_int_equal(rk_key_scene_lines(sworn->scene), lines);
}

static void
a_chain_that_is_not_believed_is_not_kept(void **state)
{
	struct sworn *sworn = *state;
	RK_AUTO_ATTEST_RESULT(result);

	assert_error(attest(sworn, sworn->empty, &result), RK_E_UNTRUSTED);
	assert_false(rk_keep_attestation_any(sworn->scene->keep));
}

static void
a_key_of_which_nothing_is_sworn_is_told(void **state)
{
	struct sworn *sworn = *state;
	RK_AUTO_ATTEST_RESULT(result);
	const struct rk_attest_wish other = {
	    rk_key_scene_make(sworn->scene, "other", ALICE), sworn->own, sworn->own};
	const struct rk_attest_wish bobs = {
	    rk_key_scene_make(sworn->scene, "bobs", BOB), sworn->own, sworn->own};
	RK_AUTO(rk_error) imported = NULL;
	RK_AUTO(rk_error) none = NULL;

	imported = rk_attest(&sworn->scene->custody, &other, &result);
	assert_int_equal(rk_error_code(imported), RK_E_UNTRUSTED);
	assert_non_null(strstr(rk_error_message(rk_error_cause(imported)), "probably imported"));
	none = rk_attest(&sworn->scene->custody, &bobs, &result);
	assert_int_equal(rk_error_code(none), RK_E_UNTRUSTED);
	assert_non_null(strstr(rk_error_message(rk_error_cause(none)), "no attestation at all"));
}

static void
a_missing_f9_is_told(void **state)
{
	struct sworn *sworn = *state;
	RK_AUTO_ATTEST_RESULT(result);

	sworn->scene->alice->certificates[0] = NULL;
	assert_error(attest(sworn, sworn->own, &result), RK_E_UNTRUSTED);
}

static void
a_verdict_by_a_given_root_takes_no_better_ones_place(void **state)
{
	struct sworn *sworn = *state;
	RK_AUTO_ATTEST_RESULT(given);
	RK_AUTO_ATTEST_RESULT(own);
	RK_AUTO_ATTEST_RESULT(later);

	assert_ok(attest(sworn, sworn->given, &given));
	assert_true(given.attestation->given);
	assert_true(given.kept);
	assert_ok(attest(sworn, sworn->own, &own));
	assert_true(own.kept);
	assert_ok(attest(sworn, sworn->given, &later));
	assert_false(later.kept);
}

static void
what_is_kept_about_another_key_is_not_believed(void **state)
{
	struct sworn *sworn = *state;
	RK_AUTO_ATTEST_RESULT(result);
	RK_AUTO(rk_keep_attestation) files = NULL;
	RK_AUTO(rk_attestation) kept = NULL;
	RK_AUTO(rk_str) leaf = NULL;
	RK_AUTO(rk_str) f9 = NULL;
	RK_AUTO(rk_change) change = NULL;
	const rk_keep_key *other = rk_key_scene_make(sworn->scene, "other", ALICE);

	assert_ok(attest(sworn, sworn->own, &result));
	assert_ok(rk_keep_attestation_read(sworn->scene->keep, sworn->key, &files));
	assert_ok(rk_keep_attestation_paths(other, &leaf, &f9));
	assert_ok(rk_change_new(sworn->scene->keep, &change));
	assert_ok(
	    rk_change_write(change, leaf, RK_CHANGE_CREATE, files->leaf->data, files->leaf->len));
	assert_ok(rk_change_write(change, f9, RK_CHANGE_CREATE, files->f9->data, files->f9->len));
	assert_ok(rk_change_commit(change));
	assert_error(rk_attest_kept(sworn->scene->keep, other, sworn->own, &kept), RK_E_UNTRUSTED);
}

static void
half_a_chain_is_told(void **state)
{
	struct sworn *sworn = *state;
	RK_AUTO_ATTEST_RESULT(result);
	RK_AUTO(rk_attestation) kept = NULL;
	RK_AUTO(rk_str) leaf = NULL;
	RK_AUTO(rk_str) f9 = NULL;
	RK_AUTO(rk_change) change = NULL;

	assert_ok(attest(sworn, sworn->own, &result));
	assert_ok(rk_keep_attestation_paths(sworn->key, &leaf, &f9));
	assert_ok(rk_change_new(sworn->scene->keep, &change));
	assert_ok(rk_change_remove(change, f9));
	assert_ok(rk_change_commit(change));
	assert_error(
	    rk_attest_kept(sworn->scene->keep, sworn->key, sworn->own, &kept), RK_E_NOT_FOUND);
}

/* Policy. */

static void
want_attested_roots(struct sworn *sworn)
{
	static const char text[] = "{\"require_attestation\":[\"root\"]}";
	rk_node *policy = NULL;

	assert_ok(rk_node_parse(text, sizeof(text) - 1, "policy", &policy));
	assert_ok(rk_keep_policy_set(sworn->scene->keep, policy));
	assert_true(rk_keep_wants_attestation(sworn->scene->keep, "root"));
	assert_false(rk_keep_wants_attestation(sworn->scene->keep, "targets"));
	assert_true(rk_keep_wants_attestations(sworn->scene->keep));
}

/* A repository whose root is by this key and targets by bob's; committed. */
static rk_error *
create(struct sworn *sworn, const char *root, const struct rk_attest_terms *terms)
{
	const char *targets = "bobs";
	const struct rk_create wanted = {
	    .name = "demo",
	    .dialect = &rk_dialect_tuf,
	    .roles = {[RK_ROLE_ROOT] = {&root, 1, 1}, [RK_ROLE_TARGETS] = {&targets, 1, 1}},
	    .attestation = terms,
	};
	RK_AUTO(rk_plan) plan = NULL;
	RK_AUTO(rk_change) change = NULL;
	rk_error *err = rk_create_repo(&sworn->scene->custody, &wanted, &plan, &change);

	return err ? err : rk_change_commit(change);
}

static void
policy_refuses_a_root_key_without(void **state)
{
	struct sworn *sworn = *state;
	const struct rk_attest_terms terms = {sworn->own, NULL};
	RK_AUTO_ATTEST_RESULT(result);

	rk_key_scene_make(sworn->scene, "bobs", BOB);
	want_attested_roots(sworn);
	assert_error(create(sworn, "root-alice", &terms), RK_E_REFUSED);
	again(sworn);
	want_attested_roots(sworn);
	assert_error(create(sworn, "root-alice", NULL), RK_E_REFUSED);
	again(sworn);
	assert_ok(attest(sworn, sworn->own, &result));
	want_attested_roots(sworn);
	assert_ok(create(sworn, "root-alice", &terms));
}

static void
a_given_root_satisfies_no_policy(void **state)
{
	struct sworn *sworn = *state;
	const struct rk_attest_terms terms = {sworn->empty, NULL};
	RK_AUTO_ATTEST_RESULT(result);

	rk_key_scene_make(sworn->scene, "bobs", BOB);
	assert_ok(attest(sworn, sworn->given, &result));
	want_attested_roots(sworn);
	assert_error(create(sworn, "root-alice", &terms), RK_E_REFUSED);
}

static void
an_exception_is_taken_and_the_lack_is_told(void **state)
{
	struct sworn *sworn = *state;
	const struct rk_attest_terms excepted = {sworn->own, "the devices come next week"};
	const struct rk_attest_terms strict = {sworn->own, NULL};
	RK_AUTO(rk_names) lacking = calloc(1, sizeof(*lacking));
	RK_AUTO(rk_repo) repo = NULL;
	bool needed = false;

	rk_key_scene_make(sworn->scene, "bobs", BOB);
	want_attested_roots(sworn);
	assert_ok(create(sworn, "root-alice", &excepted));
	assert_ok(rk_repo_open(sworn->scene->keep, &sworn->scene->person.env, "demo", &repo));
	assert_ok(rk_attest_lacking(repo, RK_VIEW_NEXT, "root", sworn->own, false, lacking));
	assert_int_equal(lacking->count, 1);
	assert_string_equal(lacking->names[0], "root-alice");
	assert_ok(rk_attest_lacking(repo, RK_VIEW_NEXT, "targets", sworn->own, false, lacking));
	assert_int_equal(lacking->count, 1);
	assert_error(rk_attest_demand_staged(repo, &strict, NULL, &needed), RK_E_REFUSED);
	assert_ok(rk_attest_demand_staged(repo, &strict, "targets", &needed));
	assert_false(needed);
	assert_ok(rk_attest_demand_staged(repo, &excepted, NULL, &needed));
	assert_true(needed);
}

static void
what_signing_derives_is_judged_too(void **state)
{
	static const char text[] = "{\"require_attestation\":[\"timestamp\"]}";
	struct sworn *sworn = *state;
	const struct rk_attest_terms excepted = {sworn->own, "for a test"};
	const struct rk_attest_terms strict = {sworn->own, NULL};
	RK_AUTO(rk_repo) repo = NULL;
	rk_node *policy = NULL;
	bool needed = false;

	rk_key_scene_make(sworn->scene, "bobs", BOB);
	assert_ok(rk_node_parse(text, sizeof(text) - 1, "policy", &policy));
	assert_ok(rk_keep_policy_set(sworn->scene->keep, policy));
	assert_error(create(sworn, "root-alice", &strict), RK_E_REFUSED);
	again(sworn);
	assert_ok(rk_node_parse(text, sizeof(text) - 1, "policy", &policy));
	assert_ok(rk_keep_policy_set(sworn->scene->keep, policy));
	assert_ok(create(sworn, "root-alice", &excepted));
	assert_ok(rk_repo_open(sworn->scene->keep, &sworn->scene->person.env, "demo", &repo));
	assert_error(rk_attest_demand_staged(repo, &strict, NULL, &needed), RK_E_REFUSED);
	assert_ok(rk_attest_demand_staged(repo, &strict, "root", &needed));
}

static void
what_is_attested_may_be_signed(void **state)
{
	struct sworn *sworn = *state;
	const struct rk_attest_terms terms = {sworn->own, NULL};
	RK_AUTO_ATTEST_RESULT(result);
	RK_AUTO(rk_repo) repo = NULL;
	bool needed = false;

	rk_key_scene_make(sworn->scene, "bobs", BOB);
	assert_ok(attest(sworn, sworn->own, &result));
	want_attested_roots(sworn);
	assert_ok(create(sworn, "root-alice", &terms));
	assert_ok(rk_repo_open(sworn->scene->keep, &sworn->scene->person.env, "demo", &repo));
	assert_ok(rk_attest_demand_staged(repo, &terms, NULL, &needed));
	assert_false(needed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    in_scene(what_a_device_swears_is_fetched_without_a_pin_and_kept),
	    in_scene(a_verdict_is_judged_anew_by_the_roots_of_the_day),
	    in_scene(without_its_token_what_the_keep_has_is_judged),
	    in_scene(a_plan_changes_nothing),
	    in_scene(a_chain_that_is_not_believed_is_not_kept),
	    in_scene(a_key_of_which_nothing_is_sworn_is_told),
	    in_scene(a_missing_f9_is_told),
	    in_scene(a_verdict_by_a_given_root_takes_no_better_ones_place),
	    in_scene(what_is_kept_about_another_key_is_not_believed),
	    in_scene(half_a_chain_is_told),
	    in_scene(policy_refuses_a_root_key_without),
	    in_scene(a_given_root_satisfies_no_policy),
	    in_scene(an_exception_is_taken_and_the_lack_is_told),
	    in_scene(what_signing_derives_is_judged_too),
	    in_scene(what_is_attested_may_be_signed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
