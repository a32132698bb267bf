#include "support/cert_maker.h"
#include "support/folder.h"
#include "support/key_scene.h"
#include "support/spec.h"

#include "base/datetime.h"
#include "flow/certify.h"

#include <string.h>
#include <unistd.h>

#define GUN "registry.example.com/admin/demo"
#define ALICE "pkcs11:token=alice"

#define in_scene(function) \
	cmocka_unit_test_setup_teardown(function, rk_key_scene_begin, rk_key_scene_end)

static struct rk_certify_wish
wish_of(const rk_keep_key *key)
{
	return (struct rk_certify_wish){.key = key, .gun = GUN};
}

static rk_error *
certify(struct rk_key_scene *scene, const struct rk_certify_wish *wish)
{
	RK_AUTO(rk_plan) plan = NULL;
	RK_AUTO(rk_certificate) certificate = NULL;
	RK_AUTO(rk_str) file = NULL;
	rk_error *err = rk_certify_plan(&scene->custody, wish, &plan);

	if (!err)
		err = rk_certify(&scene->custody, wish, &certificate, &file);
	assert_true(err ? !certificate && !file : certificate && file);
	if (!err)
		assert_true(rk_folder_holds(scene->folder, file, certificate->pem));
	return err;
}

static size_t
certificate_count(const rk_keep_key *key)
{
	rk_keep_certificate one;
	const rk_node *at = NULL;
	size_t count = 0;

	while (rk_keep_certificate_next(key, &at, &one))
		count++;
	return count;
}

/* The key as a new run of the program reads it. */
static const rk_keep_key *
again(struct rk_key_scene *scene, const char *name)
{
	const rk_keep_key *key;

	rk_key_scene_again(scene);
	key = rk_keep_key_by_name(scene->keep, name);
	assert_non_null(key);
	return key;
}

static void
assert_no_files(const struct rk_key_scene *scene)
{
	assert_int_not_equal(access(rk_folder_path(scene->folder, "certificates"), F_OK), 0);
}

static void
one_is_made_kept_and_found(void **state)
{
	struct rk_key_scene *scene = *state;
	const rk_keep_key *key = rk_key_scene_make(scene, "root", ALICE);
	struct rk_certify_wish wish = wish_of(key);
	RK_AUTO(rk_certificate) certificate = NULL;

	assert_ok(certify(scene, &wish));
	assert_int_equal(rk_key_scene_lines(scene), 2);
	key = again(scene, "root");
	assert_int_equal(certificate_count(key), 1);
	assert_ok(rk_certify_find(scene->keep, key, GUN, &certificate));
	assert_true(rk_pubkey_equal(certificate->pubkey, key->pubkey));
	assert_string_equal(certificate->name, GUN);
	assert_int_equal(certificate->not_after, scene->person.now + 3650 * RK_DAY);
}

static void
the_prompt_says_what_is_signed(void **state)
{
	struct rk_key_scene *scene = *state;
	struct rk_certify_wish wish;

	rk_key_scene_make(scene, "root", ALICE);
	wish = wish_of(again(scene, "root"));
	assert_ok(certify(scene, &wish));
	assert_true(
	    rk_fake_env_asked(&scene->person, "sign the root certificate of key root for " GUN));
}

static void
the_one_that_lasts_longest_is_found(void **state)
{
	struct rk_key_scene *scene = *state;
	const rk_keep_key *key = rk_key_scene_make(scene, "root", ALICE);
	struct rk_certify_wish wish = wish_of(key);
	RK_AUTO(rk_certificate) certificate = NULL;

	wish.days = 100;
	assert_ok(certify(scene, &wish));
	wish.days = 300;
	wish.wildcard = true;
	assert_ok(certify(scene, &wish));
	wish.days = 200;
	wish.wildcard = false;
	assert_ok(certify(scene, &wish));
	assert_ok(rk_certify_find(scene->keep, key, GUN, &certificate));
	assert_string_equal(certificate->name, "registry.example.com/admin/*");
	rk_certificate_free(certificate);
	certificate = NULL;
	scene->person.now += 250 * RK_DAY;
	assert_ok(rk_certify_find(scene->keep, key, GUN, &certificate));
	assert_int_equal(certificate_count(key), 3);
}

static void
an_expired_one_is_not_found_and_the_reason_told(void **state)
{
	struct rk_key_scene *scene = *state;
	const rk_keep_key *key = rk_key_scene_make(scene, "root", ALICE);
	struct rk_certify_wish wish = wish_of(key);
	RK_AUTO(rk_certificate) certificate = NULL;
	RK_AUTO(rk_error) err = NULL;

	wish.days = 10;
	assert_ok(certify(scene, &wish));
	scene->person.now += 11 * RK_DAY;
	err = rk_certify_find(scene->keep, key, GUN, &certificate);
	assert_int_equal(rk_error_code(err), RK_E_NOT_FOUND);
	assert_non_null(strstr(rk_error_remedy(err), "key certify root --gun " GUN));
	assert_non_null(strstr(rk_error_message(rk_error_cause(err)), "expired"));
}

static void
one_for_another_gun_is_not_found(void **state)
{
	struct rk_key_scene *scene = *state;
	const rk_keep_key *key = rk_key_scene_make(scene, "root", ALICE);
	struct rk_certify_wish wish = wish_of(key);
	RK_AUTO(rk_certificate) certificate = NULL;

	assert_ok(certify(scene, &wish));
	assert_error(rk_certify_find(scene->keep, key, GUN "2", &certificate), RK_E_NOT_FOUND);
	assert_null(certificate);
}

static void
a_wildcard_is_everything_up_to_the_last_slash(void **state)
{
	static const struct {
		const char *gun, *name;
	} rows[] = {
	    {GUN, "registry.example.com/admin/*"},
	    {"registry.example.com/demo", "registry.example.com/*"},
	    {"localhost:5000/demo", "localhost:5000/*"},
	};
	struct rk_certify_wish wish = {.wildcard = true};
	RK_AUTO(rk_str) none = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		RK_AUTO(rk_str) name = NULL;

		wish.gun = rows[i].gun;
		assert_ok(rk_certify_name(&wish, &name));
		assert_string_equal(name, rows[i].name);
	}
	wish.gun = "demo";
	assert_error(rk_certify_name(&wish, &none), RK_E_REFUSED);
	wish.gun = "/demo";
	assert_error(rk_certify_name(&wish, &none), RK_E_REFUSED);
	wish.gun = "registry.example.com/*";
	assert_error(rk_certify_name(&wish, &none), RK_E_REFUSED);
}

static void
an_ed25519_key_is_refused_before_anybody_is_asked(void **state)
{
	struct rk_key_scene *scene = *state;
	const struct rk_custody_wish made = {.name = "ed", .token = ALICE, .type = RK_KEY_ED25519};
	const rk_keep_key *key = NULL;
	struct rk_certify_wish wish;

	assert_ok(rk_custody_generate(&scene->custody, &made, &key));
	wish = wish_of(again(scene, "ed"));
	scene->person.pin_calls = 0;
	assert_error(certify(scene, &wish), RK_E_REFUSED);
	assert_int_equal(scene->person.pin_calls, 0);
	assert_int_equal(rk_key_scene_lines(scene), 1);
}

static void
rsa_is_signed_as_the_token_can(void **state)
{
	struct rk_key_scene *scene = *state;
	const struct rk_custody_wish made = {.name = "rsa", .token = ALICE, .type = RK_KEY_RSA2048};
	const rk_keep_key *key = NULL;
	struct rk_certify_wish wish;
	RK_AUTO(rk_certificate) pkcs1 = NULL;
	RK_AUTO(rk_certificate) pss = NULL;

	assert_ok(rk_custody_generate(&scene->custody, &made, &key));
	wish = wish_of(key);
	assert_ok(certify(scene, &wish));
	assert_ok(rk_certify_find(scene->keep, key, GUN, &pkcs1));
	assert_string_equal(pkcs1->algorithm, "sha256WithRSAEncryption");
	scene->alice->no_pkcs1 = true;
	wish.days = 4000;
	assert_ok(certify(scene, &wish));
	assert_ok(rk_certify_find(scene->keep, key, GUN, &pss));
	assert_string_equal(pss->algorithm, "rsassaPss");
}

static void
a_token_that_lies_leaves_nothing_behind(void **state)
{
	struct rk_key_scene *scene = *state;
	struct rk_certify_wish wish = wish_of(rk_key_scene_make(scene, "root", ALICE));

	for (enum rk_soft_lie lie = RK_SOFT_WRONG; lie <= RK_SOFT_OTHER_BYTES; lie++) {
		scene->alice->lie = lie;
		assert_error(certify(scene, &wish), RK_E_KEY_UNPROVEN);
	}
	assert_int_equal(rk_key_scene_lines(scene), 1);
	assert_int_equal(certificate_count(again(scene, "root")), 0);
	assert_no_files(scene);
}

static void
wherever_the_token_fails_nothing_is_kept(void **state)
{
	struct rk_key_scene *scene = *state;
	rk_error *err = NULL;

	rk_key_scene_make(scene, "root", ALICE);
	for (unsigned step = 1;; step++) {
		struct rk_certify_wish wish = wish_of(again(scene, "root"));

		assert_int_equal(certificate_count(wish.key), 0);
		scene->module->fails_at = step;
		scene->module->fails = RK_E_TOKEN_GONE;
		err = certify(scene, &wish);
		if (!err)
			break;
		assert_error(err, RK_E_TOKEN_GONE);
		assert_int_equal(rk_key_scene_lines(scene), 1);
		assert_no_files(scene);
	}
	assert_int_equal(certificate_count(again(scene, "root")), 1);
}

/* `want` with a change of its own. */
static rk_error *
want(struct rk_key_scene *scene, const rk_keep_key *key, rk_certificate **ret_certificate)
{
	const struct rk_certify_wish wish = wish_of(key);
	RK_AUTO(rk_change) change = NULL;
	RK_AUTO(rk_plan) plan = NULL;
	rk_error *err;

	assert_ok(rk_change_new(scene->keep, &change));
	assert_ok(rk_plan_new(&plan, "init demo"));
	err = rk_certify_want_plan(&scene->custody, &wish, plan);
	if (!err)
		err = rk_certify_want(&scene->custody, &wish, change, ret_certificate);
	if (!err)
		assert_int_equal(plan->count, rk_change_is_empty(change) ? 0 : 1);
	return err ? err : rk_change_commit(change);
}

static void
a_wanted_one_is_made_once(void **state)
{
	struct rk_key_scene *scene = *state;
	const rk_keep_key *key = rk_key_scene_make(scene, "root", ALICE);
	RK_AUTO(rk_certificate) first = NULL;
	RK_AUTO(rk_certificate) second = NULL;
	unsigned signs;

	assert_ok(want(scene, key, &first));
	key = again(scene, "root");
	signs = scene->alice->signs;
	assert_ok(want(scene, key, &second));
	assert_string_equal(first->pem, second->pem);
	assert_int_equal(scene->alice->signs, signs);
	assert_int_equal(certificate_count(key), 1);
}

static void
one_that_cannot_be_made_is_an_error_of_the_token(void **state)
{
	struct rk_key_scene *scene = *state;
	const rk_keep_key *key = rk_key_scene_make(scene, "root", ALICE);
	RK_AUTO(rk_certificate) certificate = NULL;
	rk_error *err;

	key = again(scene, "root");
	rk_soft_token_pull(scene->alice);
	err = want(scene, key, &certificate);
	assert_int_equal(rk_code_exit(rk_error_code(err)), 4);
	assert_non_null(strstr(rk_error_message(err), "no root certificate for '" GUN "'"));
	assert_non_null(strstr(rk_error_remedy(err), "rootkeep key certify root --gun " GUN));
	assert_error(err, RK_E_TOKEN_NONE);
	scene->custody.hands = NULL;
	assert_error(want(scene, key, &certificate), RK_E_TOKEN_NONE);
	assert_null(certificate);
}

/* Enrolling one. */

static rk_error *
enrol_file(struct rk_key_scene *scene, const char *name, bool *ret_changed)
{
	RK_AUTO(rk_plan) plan = NULL;
	const rk_keep_key *key = NULL;
	RK_AUTO(rk_str) path = NULL;
	rk_error *err;

	assert_ok(rk_strdup(rk_folder_path(scene->folder, ".leaf.pem"), &path));
	err = rk_custody_enrol_plan(&scene->custody, name, path, &plan);
	if (!err)
		err = rk_custody_enrol(&scene->custody, name, path, &key, ret_changed);
	return err;
}

static rk_error *
enrol(struct rk_key_scene *scene, const char *name, const struct rk_cert_maker *maker,
    bool *ret_changed)
{
	RK_AUTO_BUF(pem);

	rk_cert_maker_pem(maker, &pem);
	rk_folder_write(scene->folder, ".leaf.pem", pem.data);
	return enrol_file(scene, name, ret_changed);
}

static void
an_enrolled_certificate_is_kept_with_its_key(void **state)
{
	struct rk_key_scene *scene = *state;
	EVP_PKEY *pair = rk_soft_key_new(RK_KEY_ECDSA_P256);
	struct rk_cert_maker maker = {.pair = pair, .name = GUN};
	RK_AUTO(rk_certificate) certificate = NULL;
	bool changed = false;

	scene->person.now = RK_CERT_NOW;
	assert_ok(enrol(scene, "carol", &maker, &changed));
	assert_true(changed);
	assert_ok(rk_certify_find(
	    scene->keep, rk_keep_key_by_name(scene->keep, "carol"), GUN, &certificate));
	assert_ok(enrol_file(scene, "carol", &changed));
	assert_false(changed);
	maker.name = "registry.example.com/other";
	assert_ok(enrol(scene, "carol", &maker, &changed));
	assert_true(changed);
	assert_int_equal(certificate_count(again(scene, "carol")), 2);
	assert_int_equal(rk_key_scene_lines(scene), 2);
	EVP_PKEY_free(pair);
}

static void
a_certificate_of_a_key_on_a_token_joins_it(void **state)
{
	struct rk_key_scene *scene = *state;
	struct rk_soft_pair *pair =
	    rk_soft_token_add_key(scene->module, scene->alice, RK_KEY_ECDSA_P256, "k");
	struct rk_cert_maker maker = {.pair = pair->pair, .name = GUN};
	const rk_keep_key *key = NULL;
	bool changed = false;

	scene->person.now = RK_CERT_NOW;
	assert_ok(rk_custody_enrol(&scene->custody, "k", ALICE ";object=k", &key, &changed));
	assert_ok(enrol(scene, "k", &maker, &changed));
	assert_true(changed);
	key = again(scene, "k");
	assert_int_equal(key->token_count, 1);
	assert_int_equal(certificate_count(key), 1);
}

static void
bad_certificates_are_not_enrolled(void **state)
{
	struct rk_key_scene *scene = *state;
	EVP_PKEY *pair = rk_soft_key_new(RK_KEY_ECDSA_P256);
	EVP_PKEY *other = rk_soft_key_new(RK_KEY_ECDSA_P256);
	const struct rk_cert_maker good = {.pair = pair, .name = GUN};
	struct rk_cert_maker bad[5];
	bool changed = false;

	scene->person.now = RK_CERT_NOW;
	for (size_t i = 0; i < 5; i++)
		bad[i] = good;
	bad[0].constraints = "critical,CA:TRUE";
	bad[1].hash = "SHA1";
	bad[2].not_before = scene->person.now - 10 * RK_DAY;
	bad[2].not_after = scene->person.now - RK_DAY;
	bad[3].name = NULL;
	bad[4].signer = other;
	for (size_t i = 0; i < 5; i++)
		assert_error(enrol(scene, "carol", &bad[i], &changed), RK_E_UNTRUSTED);
	assert_null(rk_keep_key_by_name(scene->keep, "carol"));
	assert_false(rk_folder_holds(scene->folder, "keep.json", ""));
	assert_ok(enrol(scene, "carol", &good, &changed));
	bad[0] = good;
	bad[0].pair = other;
	assert_error(enrol(scene, "carol", &bad[0], &changed), RK_E_EXISTS);
	assert_int_equal(rk_key_scene_lines(scene), 1);
	EVP_PKEY_free(pair);
	EVP_PKEY_free(other);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    in_scene(one_is_made_kept_and_found),
	    in_scene(the_prompt_says_what_is_signed),
	    in_scene(the_one_that_lasts_longest_is_found),
	    in_scene(an_expired_one_is_not_found_and_the_reason_told),
	    in_scene(one_for_another_gun_is_not_found),
	    in_scene(a_wildcard_is_everything_up_to_the_last_slash),
	    in_scene(an_ed25519_key_is_refused_before_anybody_is_asked),
	    in_scene(rsa_is_signed_as_the_token_can),
	    in_scene(a_token_that_lies_leaves_nothing_behind),
	    in_scene(wherever_the_token_fails_nothing_is_kept),
	    in_scene(a_wanted_one_is_made_once),
	    in_scene(one_that_cannot_be_made_is_an_error_of_the_token),
	    in_scene(an_enrolled_certificate_is_kept_with_its_key),
	    in_scene(a_certificate_of_a_key_on_a_token_joins_it),
	    in_scene(bad_certificates_are_not_enrolled),
	};

	return cmocka_run_group_tests_name("certify", tests, NULL, NULL);
}
