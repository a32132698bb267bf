#include "keep/check.h"
#include "support/cert_maker.h"
#include "support/fake_keep.h"
#include "support/folder.h"
#include "support/soft_key.h"
#include "support/spec.h"

#include "base/datetime.h"

#include <stdlib.h>
#include <string.h>

#define GUN "registry.example.com/demo"
#define UNTIL (RK_CERT_NOW + 3650 * RK_DAY)
#define in_folder(function) \
	cmocka_unit_test_setup_teardown(function, rk_folder_new, rk_folder_remove)

static EVP_PKEY *pair, *other;

static int
make_pairs(void **state)
{
	(void)state;
	pair = rk_soft_key_new(RK_KEY_ECDSA_P256);
	other = rk_soft_key_new(RK_KEY_ECDSA_P256);
	return 0;
}

static int
free_pairs(void **state)
{
	(void)state;
	EVP_PKEY_free(pair);
	EVP_PKEY_free(other);
	return 0;
}

/* A keep in the folder whose key "root" is the pair's. */
static rk_keep *
begin(const char *folder)
{
	static struct rk_fake_keep fake;
	RK_AUTO(rk_pubkey) pubkey = rk_soft_key_public(pair);
	const struct rk_keep_new_key added = {
	    .name = "root", .pubkey = pubkey, .origin = RK_KEEP_EXTERNAL};
	rk_keep *keep;

	fake = rk_fake_keep_env();
	rk_fake_keep_begin(&fake, folder);
	keep = rk_fake_keep_open(&fake, folder, true);
	assert_ok(rk_keep_key_add(keep, &added, NULL));
	/* Its folder is not there, which would be a finding of its own. */
	assert_ok(rk_keep_repo_remove(keep, "demo"));
	return keep;
}

static const rk_keep_key *
root_of(const rk_keep *keep)
{
	const rk_keep_key *key = rk_keep_key_by_name(keep, "root");

	assert_non_null(key);
	return key;
}

/* One certificate: its file as made, and what keep.json is to say of it. */
struct scene {
	struct rk_cert_maker maker;
	rk_keep_certificate noted;
	bool without_file;
};

static struct scene
in_order(void)
{
	return (struct scene){.maker = {.pair = pair, .name = GUN}, .noted = {GUN, NULL, UNTIL}};
}

static void
write_scene(const char *folder, const struct scene *scene, char **ret_path)
{
	RK_AUTO(rk_keep) keep = begin(folder);
	RK_AUTO(rk_change) change = NULL;
	rk_keep_certificate noted = scene->noted;
	RK_AUTO_BUF(pem);

	assert_ok(rk_keep_certificate_path(keep, root_of(keep), ret_path));
	noted.file = *ret_path;
	rk_cert_maker_pem(&scene->maker, &pem);
	assert_ok(rk_change_new(keep, &change));
	if (!scene->without_file)
		assert_ok(rk_change_write(change, noted.file, RK_CHANGE_CREATE, pem.data, pem.len));
	assert_ok(rk_keep_certificate_add(keep, "root", &noted));
	rk_change_save_keep(change);
	assert_ok(rk_change_commit(change));
}

static rk_check *
look(const char *folder)
{
	const struct rk_keep_options options = {.dir = folder};
	rk_check *check = NULL;

	assert_ok(rk_check_keep(&options, &check));
	return check;
}

static void
assert_found(const char *folder, const struct scene *scene, const char *words)
{
	RK_AUTO(rk_str) path = NULL;
	RK_AUTO(rk_check) check = NULL;

	write_scene(folder, scene, &path);
	check = look(folder);
	assert_int_equal(check->count, words ? 1 : 0);
	if (!words)
		return;
	assert_string_equal(check->findings[0].path, path);
	if (!strstr(check->findings[0].sentence, words))
		fail_msg("'%s' does not say '%s'", check->findings[0].sentence, words);
	assert_int_equal(check->wrong, 1);
}

static void
what_is_added_is_read_again_in_order(void **state)
{
	RK_AUTO(rk_keep) keep = begin(*state);
	RK_AUTO(rk_keep) again = NULL;
	RK_AUTO(rk_text) text = NULL;
	RK_AUTO_BUF(written);
	const rk_node *at = NULL;
	rk_keep_certificate one;

	assert_false(rk_keep_certificate_next(root_of(keep), &at, &one));
	for (int i = 1; i <= 3; i++) {
		RK_AUTO(rk_str) path = NULL;
		RK_AUTO(rk_str) end = NULL;
		rk_keep_certificate added = {GUN, NULL, UNTIL + i};

		assert_ok(rk_keep_certificate_path(keep, root_of(keep), &path));
		assert_ok(rk_strdupf(&end, "/%d.pem", i));
		assert_non_null(strstr(path, end));
		added.file = path;
		assert_ok(rk_keep_certificate_add(keep, "root", &added));
	}
	assert_ok(rk_keep_text(keep, &written));
	assert_ok(rk_text_copy(written.data, written.len, &text));
	assert_ok(rk_keep_judge(text, &again));
	at = NULL;
	for (int i = 1; i <= 3; i++) {
		assert_true(rk_keep_certificate_next(root_of(again), &at, &one));
		assert_string_equal(one.gun, GUN);
		assert_int_equal(one.not_after, UNTIL + i);
	}
	assert_false(rk_keep_certificate_next(root_of(again), &at, &one));
}

static void
a_number_that_a_file_has_is_not_given_again(void **state)
{
	RK_AUTO(rk_keep) keep = begin(*state);
	RK_AUTO(rk_str) first = NULL;
	RK_AUTO(rk_str) second = NULL;

	assert_ok(rk_keep_certificate_path(keep, root_of(keep), &first));
	{
		RK_AUTO(rk_change) change = NULL;

		assert_ok(rk_change_new(keep, &change));
		assert_ok(rk_change_write(change, first, RK_CHANGE_CREATE, "x", 1));
		assert_ok(rk_change_commit(change));
	}
	assert_ok(rk_keep_certificate_path(keep, root_of(keep), &second));
	assert_string_not_equal(first, second);
}

static void
a_file_that_is_not_the_keys_is_refused(void **state)
{
	RK_AUTO(rk_keep) keep = begin(*state);
	const char *print = root_of(keep)->fingerprint;
	static const char *const forms[] = {"certificates/%s/0.pem", "certificates/%s/01.pem",
	    "certificates/%s/1.pem/", "certificates/%s/../1.pem", "certificates/%s/1",
	    "certificates/%s/99999999999999999999.pem", "../certificates/%s/1.pem"};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		RK_AUTO_BUF(file);
		const char *at = strstr(forms[i], "%s");

		rk_buf_append(&file, forms[i], (size_t)(at - forms[i]));
		rk_buf_text(&file, print);
		rk_buf_text(&file, at + 2);
		rk_keep_certificate added = {GUN, rk_buf_str(&file), UNTIL};
		assert_error(rk_keep_certificate_add(keep, "root", &added), RK_E_REFUSED);
	}
	rk_keep_certificate other_key = {GUN, "certificates/a/1.pem", UNTIL};
	assert_error(rk_keep_certificate_add(keep, "root", &other_key), RK_E_REFUSED);
	assert_error(rk_keep_certificate_add(keep, "nobody", &other_key), RK_E_NOT_FOUND);
}

static rk_error *
judge_with(const char *folder, const char *list)
{
	RK_AUTO(rk_keep) keep = begin(folder);
	RK_AUTO(rk_keep) again = NULL;
	RK_AUTO(rk_text) text = NULL;
	RK_AUTO_BUF(written);
	rk_node *certificates = NULL;

	assert_ok(rk_node_parse(list, strlen(list), "list", &certificates));
	assert_ok(rk_keep_key_put(keep, "root", "certificates", certificates));
	assert_ok(rk_keep_text(keep, &written));
	assert_ok(rk_text_copy(written.data, written.len, &text));
	return rk_keep_judge(text, &again);
}

static void
a_list_that_is_none_is_malformed(void **state)
{
	assert_error(judge_with(*state, "{}"), RK_E_MALFORMED);
}

static void
an_entry_that_leads_elsewhere_is_malformed(void **state)
{
	assert_error(judge_with(*state, "[{\"gun\":\"demo\",\"file\":\"certificates/a/1.pem\","
					"\"not_after\":\"2030-01-01T00:00:00Z\"}]"),
	    RK_E_MALFORMED);
}

static void
an_entry_that_is_no_object_is_malformed(void **state)
{
	assert_error(judge_with(*state, "[3]"), RK_E_MALFORMED);
}

static void
a_certificate_in_order_is_no_finding(void **state)
{
	struct scene scene = in_order();

	assert_found(*state, &scene, NULL);
}

static void
one_that_keep_json_names_must_be_there(void **state)
{
	struct scene scene = in_order();

	scene.without_file = true;
	assert_found(*state, &scene, "is not there");
}

static void
one_around_another_key_is_found(void **state)
{
	struct scene scene = in_order();

	scene.maker.pair = other;
	assert_found(*state, &scene, "around another key");
}

static void
one_for_another_gun_is_found(void **state)
{
	struct scene scene = in_order();

	scene.maker.name = "registry.example.com/other";
	assert_found(*state, &scene, "for another GUN");
}

static void
one_that_expires_at_another_time_is_found(void **state)
{
	struct scene scene = in_order();

	scene.noted.not_after++;
	assert_found(*state, &scene, "at another time");
}

static void
one_that_clients_refuse_is_found(void **state)
{
	struct scene scene = in_order();

	scene.maker.constraints = "critical,CA:TRUE";
	assert_found(*state, &scene, "authority");
}

static void
one_that_somebody_else_signed_in_its_name_is_found(void **state)
{
	struct scene scene = in_order();

	scene.maker.signer = other;
	assert_found(*state, &scene, "not signed by its own key");
}

static void
a_file_that_keep_json_does_not_name_is_noted(void **state)
{
	struct scene scene = in_order();
	RK_AUTO(rk_str) path = NULL;
	RK_AUTO(rk_check) check = NULL;

	write_scene(*state, &scene, &path);
	rk_folder_write(*state, "certificates/stray.pem", "x");
	check = look(*state);
	assert_int_equal(check->count, 1);
	assert_string_equal(check->findings[0].path, "certificates/stray.pem");
	assert_int_equal(check->findings[0].severity, RK_CHECK_NOTE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    in_folder(what_is_added_is_read_again_in_order),
	    in_folder(a_number_that_a_file_has_is_not_given_again),
	    in_folder(a_file_that_is_not_the_keys_is_refused),
	    in_folder(a_list_that_is_none_is_malformed),
	    in_folder(an_entry_that_leads_elsewhere_is_malformed),
	    in_folder(an_entry_that_is_no_object_is_malformed),
	    in_folder(a_certificate_in_order_is_no_finding),
	    in_folder(one_that_keep_json_names_must_be_there),
	    in_folder(one_around_another_key_is_found),
	    in_folder(one_for_another_gun_is_found),
	    in_folder(one_that_expires_at_another_time_is_found),
	    in_folder(one_that_clients_refuse_is_found),
	    in_folder(one_that_somebody_else_signed_in_its_name_is_found),
	    in_folder(a_file_that_keep_json_does_not_name_is_noted),
	};

	return cmocka_run_group_tests_name("keep_certificate", tests, make_pairs, free_pairs);
}
