#include "support/cert_maker.h"
#include "support/key_scene.h"
#include "support/spec.h"

#include "flow/audit.h"

#include <string.h>

static rk_error *
audit(struct rk_key_scene *scene, const char *uri, rk_audit **ret_audit)
{
	return rk_audit_run(&scene->custody, uri, ret_audit);
}

static const rk_audit_key *
row_of(const rk_audit *audit, const char *name)
{
	for (size_t i = 0; i < audit->count; i++)
		for (size_t j = 0; j < audit->tokens[i].row_count; j++) {
			const rk_audit_key *row = &audit->tokens[i].rows[j];

			if (row->known && strcmp(row->known->name, name) == 0)
				return row;
		}
	fail_msg("no row for %s", name);
	return NULL;
}

static void
what_is_as_the_keep_says_is_ok(void **state)
{
	struct rk_key_scene *scene = *state;
	RK_AUTO(rk_audit) found = NULL;

	(void)rk_key_scene_make(scene, "a", "pkcs11:token=alice");
	(void)rk_key_scene_make(scene, "b", "pkcs11:token=bob");
	rk_key_scene_again(scene);
	assert_ok(audit(scene, NULL, &found));
	assert_int_equal(found->count, 2);
	assert_int_equal(found->findings, 0);
	assert_int_equal(found->absent_count, 0);
	assert_int_equal(row_of(found, "a")->result, RK_AUDIT_OK);
	assert_int_equal(scene->alice->logins, 1);
	assert_int_equal(scene->bob->logins, 1);
}

static void
one_token_is_looked_at_by_its_uri_and_no_other(void **state)
{
	struct rk_key_scene *scene = *state;
	RK_AUTO(rk_audit) found = NULL;

	(void)rk_key_scene_make(scene, "a", "pkcs11:token=alice");
	(void)rk_key_scene_make(scene, "b", "pkcs11:token=bob");
	rk_key_scene_again(scene);
	assert_ok(audit(scene, "pkcs11:token=alice", &found));
	assert_int_equal(found->count, 1);
	assert_int_equal(found->tokens[0].row_count, 1);
	assert_int_equal(scene->bob->opened, 0);
	assert_true(scene->person.pin_only_token);
}

static void
a_key_that_is_gone_is_missing(void **state)
{
	struct rk_key_scene *scene = *state;
	RK_AUTO(rk_audit) found = NULL;

	(void)rk_key_scene_make(scene, "a", "pkcs11:token=alice");
	EVP_PKEY_free(scene->alice->keys[0].pair);
	scene->alice->keys[0].pair = NULL;
	rk_key_scene_again(scene);
	assert_ok(audit(scene, NULL, &found));
	assert_int_equal(row_of(found, "a")->result, RK_AUDIT_MISSING);
	assert_null(row_of(found, "a")->key);
	assert_int_equal(found->findings, 1);
}

static void
a_key_that_the_keep_does_not_know_is_unknown(void **state)
{
	struct rk_key_scene *scene = *state;
	RK_AUTO(rk_audit) found = NULL;

	(void)rk_soft_token_add_key(scene->module, scene->alice, RK_KEY_ED25519, "stray");
	assert_ok(audit(scene, "pkcs11:token=alice", &found));
	assert_int_equal(found->findings, 1);
	assert_int_equal(found->tokens[0].rows[0].result, RK_AUDIT_UNKNOWN);
	assert_null(found->tokens[0].rows[0].known);
}

static void
a_known_key_where_the_keep_does_not_have_it_is_unknown_there(void **state)
{
	struct rk_key_scene *scene = *state;
	RK_AUTO(rk_audit) found = NULL;
	struct rk_soft_pair *copy;

	(void)rk_key_scene_make(scene, "a", "pkcs11:token=alice");
	copy = rk_soft_token_add_key(scene->module, scene->bob, RK_KEY_ECDSA_P256, "copy");
	EVP_PKEY_free(copy->pair);
	copy->pair = scene->alice->keys[0].pair;
	assert_int_equal(EVP_PKEY_up_ref(copy->pair), 1);
	rk_key_scene_again(scene);
	assert_ok(audit(scene, "pkcs11:token=bob", &found));
	assert_int_equal(row_of(found, "a")->result, RK_AUDIT_UNKNOWN);
	assert_non_null(strstr(row_of(found, "a")->what, "not that it is here"));
}

static void
a_key_that_can_leave_has_changed(void **state)
{
	struct rk_key_scene *scene = *state;
	RK_AUTO(rk_audit) found = NULL;

	(void)rk_key_scene_make(scene, "a", "pkcs11:token=alice");
	scene->alice->keys[0].extractable = true;
	rk_key_scene_again(scene);
	assert_ok(audit(scene, NULL, &found));
	assert_int_equal(row_of(found, "a")->result, RK_AUDIT_CHANGED);
	assert_non_null(strstr(row_of(found, "a")->what, "leave"));
}

static void
another_label_is_a_change(void **state)
{
	struct rk_key_scene *scene = *state;
	RK_AUTO(rk_audit) found = NULL;

	(void)rk_key_scene_make(scene, "a", "pkcs11:token=alice");
	strcpy(scene->alice->keys[0].label, "renamed");
	rk_key_scene_again(scene);
	assert_ok(audit(scene, NULL, &found));
	assert_int_equal(row_of(found, "a")->result, RK_AUDIT_CHANGED);
	assert_non_null(strstr(row_of(found, "a")->what, "label"));
}

static void
another_key_in_its_place_is_a_change_and_unknown(void **state)
{
	struct rk_key_scene *scene = *state;
	RK_AUTO(rk_audit) found = NULL;

	(void)rk_key_scene_make(scene, "a", "pkcs11:token=alice");
	EVP_PKEY_free(scene->alice->keys[0].pair);
	scene->alice->keys[0].pair = rk_soft_key_new(RK_KEY_ECDSA_P256);
	rk_key_scene_again(scene);
	assert_ok(audit(scene, NULL, &found));
	assert_int_equal(row_of(found, "a")->result, RK_AUDIT_CHANGED);
	assert_non_null(strstr(row_of(found, "a")->what, "in its place"));
	assert_int_equal(found->findings, 2);
}

static void
an_absent_token_is_no_finding(void **state)
{
	struct rk_key_scene *scene = *state;
	RK_AUTO(rk_audit) found = NULL;

	(void)rk_key_scene_make(scene, "a", "pkcs11:token=alice");
	(void)rk_key_scene_make(scene, "b", "pkcs11:token=bob");
	rk_key_scene_again(scene);
	rk_soft_token_pull(scene->bob);
	assert_ok(audit(scene, NULL, &found));
	assert_int_equal(found->findings, 0);
	assert_int_equal(found->absent_count, 1);
	assert_string_equal(found->absent[0].known->name, "b");
}

static void
with_none_of_them_here_nothing_was_looked_at(void **state)
{
	struct rk_key_scene *scene = *state;
	RK_AUTO(rk_audit) found = NULL;

	assert_error(audit(scene, NULL, &found), RK_E_TOKEN_NONE);
	(void)rk_key_scene_make(scene, "a", "pkcs11:token=alice");
	rk_key_scene_again(scene);
	rk_soft_token_pull(scene->alice);
	assert_error(audit(scene, NULL, &found), RK_E_TOKEN_NONE);
	assert_error(audit(scene, "pkcs11:token=alice", &found), RK_E_TOKEN_NONE);
}

static void
a_token_that_does_not_open_up_does_not_hide_the_others(void **state)
{
	struct rk_key_scene *scene = *state;
	RK_AUTO(rk_audit) found = NULL;

	(void)rk_key_scene_make(scene, "a", "pkcs11:token=alice");
	(void)rk_key_scene_make(scene, "b", "pkcs11:token=bob");
	rk_key_scene_again(scene);
	scene->alice->tries = 0;
	assert_ok(audit(scene, NULL, &found));
	assert_int_equal(found->unseen, 1);
	assert_int_equal(row_of(found, "b")->result, RK_AUDIT_OK);
	assert_error(audit(scene, "pkcs11:token=alice", &found), RK_E_PIN_LOCKED);
}

static void
certificates_are_told_and_one_around_another_key_is_a_change(void **state)
{
	struct rk_key_scene *scene = *state;
	struct rk_cert_maker maker = {.name = "example.com/demo"};
	EVP_PKEY *stranger = rk_soft_key_new(RK_KEY_ECDSA_P256);
	RK_AUTO(rk_audit) found = NULL;
	RK_AUTO(rk_audit) again = NULL;
	RK_AUTO_BUF(own);
	RK_AUTO_BUF(other);

	(void)rk_key_scene_make(scene, "a", "pkcs11:token=alice");
	maker.pair = scene->alice->keys[0].pair;
	rk_cert_maker_pem(&maker, &own);
	scene->alice->certificates[0] = rk_buf_str(&own);
	rk_key_scene_again(scene);
	assert_ok(audit(scene, NULL, &found));
	assert_int_equal(found->tokens[0].certificate_count, 1);
	assert_int_equal(found->tokens[0].certificate_rows[0].result, RK_AUDIT_OK);
	assert_string_equal(found->tokens[0].certificate_rows[0].known->name, "a");
	maker.pair = stranger;
	rk_cert_maker_pem(&maker, &other);
	scene->alice->certificates[0] = rk_buf_str(&other);
	rk_key_scene_again(scene);
	assert_ok(audit(scene, NULL, &again));
	assert_int_equal(again->tokens[0].certificate_rows[0].result, RK_AUDIT_CHANGED);
	assert_int_equal(again->findings, 1);
	EVP_PKEY_free(stranger);
}

#define scene_spec(function) \
	cmocka_unit_test_setup_teardown(function, rk_key_scene_begin, rk_key_scene_end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    scene_spec(what_is_as_the_keep_says_is_ok),
	    scene_spec(one_token_is_looked_at_by_its_uri_and_no_other),
	    scene_spec(a_key_that_is_gone_is_missing),
	    scene_spec(a_key_that_the_keep_does_not_know_is_unknown),
	    scene_spec(a_known_key_where_the_keep_does_not_have_it_is_unknown_there),
	    scene_spec(a_key_that_can_leave_has_changed),
	    scene_spec(another_label_is_a_change),
	    scene_spec(another_key_in_its_place_is_a_change_and_unknown),
	    scene_spec(an_absent_token_is_no_finding),
	    scene_spec(with_none_of_them_here_nothing_was_looked_at),
	    scene_spec(a_token_that_does_not_open_up_does_not_hide_the_others),
	    scene_spec(certificates_are_told_and_one_around_another_key_is_a_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
