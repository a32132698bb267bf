#include "support/cert_maker.h"
#include "support/key_scene.h"
#include "support/spec.h"

#include "world/certificate.h"

#include <string.h>

#define ALICE_K "pkcs11:token=alice;object=k"

/* A key of another program's on alice's token, with a certificate as this maker makes it. */
static void
put_there(struct rk_key_scene *scene, struct rk_cert_maker *maker, rk_buf *pem)
{
	struct rk_soft_pair *pair =
	    rk_soft_token_add_key(scene->module, scene->alice, RK_KEY_ECDSA_P256, "k");

	maker->pair = pair->pair;
	maker->not_before = scene->person.now - 10;
	maker->not_after = scene->person.now + 1000000;
	rk_cert_maker_pem(maker, pem);
	scene->alice->certificates[0] = rk_buf_str(pem);
}

static const rk_keep_key *
enrol(struct rk_key_scene *scene)
{
	const rk_keep_key *key = NULL;
	bool changed = false;

	assert_ok(rk_custody_enrol(&scene->custody, "k", ALICE_K, &key, &changed));
	assert_true(changed);
	return key;
}

static bool
has_certificate(const rk_keep_key *key, const char *gun)
{
	const rk_node *at = NULL;
	rk_keep_certificate noted;

	while (rk_keep_certificate_next(key, &at, &noted))
		if (!gun || !strcmp(noted.gun, gun))
			return true;
	return false;
}

static void
a_certificate_for_a_repository_comes_with_its_key(void **state)
{
	struct rk_key_scene *scene = *state;
	struct rk_cert_maker maker = {.name = "example.com/demo"};
	RK_AUTO_BUF(pem);

	put_there(scene, &maker, &pem);
	assert_true(has_certificate(enrol(scene), "example.com/demo"));
	assert_true(rk_fake_env_said(&scene->person, "certificate for 'example.com/demo'"));
}

static void
a_certificate_that_names_a_role_is_told_and_not_kept(void **state)
{
	struct rk_key_scene *scene = *state;
	struct rk_cert_maker maker = {.name = "root"};
	RK_AUTO_BUF(pem);

	put_there(scene, &maker, &pem);
	assert_false(has_certificate(enrol(scene), NULL));
	assert_true(rk_fake_env_said(&scene->person, "certificate for 'root'"));
}

static void
what_another_key_signed_is_passed_over(void **state)
{
	struct rk_key_scene *scene = *state;
	EVP_PKEY *stranger = rk_soft_key_new(RK_KEY_ECDSA_P256);
	struct rk_cert_maker maker = {.name = "example.com/demo", .signer = stranger};
	RK_AUTO_BUF(pem);

	put_there(scene, &maker, &pem);
	assert_false(has_certificate(enrol(scene), NULL));
	assert_false(rk_fake_env_said(&scene->person, "certificate for"));
	EVP_PKEY_free(stranger);
}

#define scene_spec(function) \
	cmocka_unit_test_setup_teardown(function, rk_key_scene_begin, rk_key_scene_end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    scene_spec(a_certificate_for_a_repository_comes_with_its_key),
	    scene_spec(a_certificate_that_names_a_role_is_told_and_not_kept),
	    scene_spec(what_another_key_signed_is_passed_over),
	};

	return cmocka_run_group_tests_name("custody, certificates", tests, NULL, NULL);
}
