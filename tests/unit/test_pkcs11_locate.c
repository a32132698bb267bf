#include "pkcs11/locate.h"
#include "support/spec.h"

#include <stdlib.h>
#include <string.h>

static char module_name[] = "module.so";
static rk_provider provider = {.name = module_name};

static rk_slot
slot_of(const char *label, const char *serial, bool initialized)
{
	static uint64_t number;
	rk_slot slot = {.slot = ++number};

	memset(slot.token.label, ' ', 32);
	memset(slot.token.serialNumber, ' ', 16);
	memcpy(slot.token.label, label, strlen(label));
	memcpy(slot.token.serialNumber, serial, strlen(serial));
	slot.token.flags = initialized ? CKF_TOKEN_INITIALIZED : 0;
	return slot;
}

static void
add(rk_sightings *seen, const char *label, const char *serial, bool initialized)
{
	const rk_slot slot = slot_of(label, serial, initialized);

	assert_ok(rk_sightings_add(seen, &provider, &slot, 1));
}

static rk_error *
locate(const rk_sightings *seen, const char *text, const rk_sighting **ret_sighting)
{
	RK_AUTO(rk_uri) uri = NULL;

	assert_ok(rk_uri_parse(text, &uri));
	return rk_locate_token(uri, text, seen, ret_sighting);
}

static rk_error *
locate_empty(const rk_sightings *seen, const char *text, const rk_sighting **ret_sighting)
{
	RK_AUTO(rk_uri) uri = NULL;

	assert_ok(rk_uri_parse(text, &uri));
	return rk_locate_empty(uri, text, seen, ret_sighting);
}

/* The only one that can be read is not the one that is meant because it is the only one. */
static void
a_full_token_is_not_taken_for_an_empty_one_that_cannot_be_read(void **state)
{
	RK_AUTO_SIGHTINGS(seen);
	const rk_sighting *found = NULL;

	(void)state;
	add(&seen, "a", "1", true);
	assert_ok(locate_empty(&seen, "pkcs11:", &found));
	found = NULL;
	rk_buf_text(&seen.failures, "a token of module 'm' cannot be read");
	assert_error(locate_empty(&seen, "pkcs11:", &found), RK_E_TOKEN);
	assert_null(found);
	assert_ok(locate_empty(&seen, "pkcs11:serial=1", &found));
	assert_ok(locate_empty(&seen, "pkcs11:token=a", &found));
	add(&seen, "", "", false);
	assert_ok(locate_empty(&seen, "pkcs11:", &found));
}

static void
exactly_one_token_is_meant_or_it_is_an_error(void **state)
{
	RK_AUTO_SIGHTINGS(seen);
	const rk_sighting *found = NULL;

	(void)state;
	assert_error(locate(&seen, "pkcs11:", &found), RK_E_TOKEN_NONE);
	add(&seen, "a", "1", true);
	add(&seen, "b", "2", true);
	add(&seen, "", "", false);
	assert_error(locate(&seen, "pkcs11:", &found), RK_E_TOKEN_MANY);
	assert_error(locate(&seen, "pkcs11:token=c", &found), RK_E_TOKEN_NONE);
	assert_null(found);
	assert_ok(locate(&seen, "pkcs11:serial=2", &found));
	assert_ptr_equal(found, &seen.sightings[1]);
}

static void
two_tokens_that_are_alike_are_many(void **state)
{
	RK_AUTO_SIGHTINGS(seen);
	const rk_sighting *found = NULL;
	RK_AUTO(rk_error) err = NULL;
	RK_AUTO(rk_error) another = NULL;

	(void)state;
	add(&seen, "a", "123", true);
	add(&seen, "a", "123", true);
	err = locate(&seen, "pkcs11:token=a;serial=123", &found);
	assert_int_equal(rk_error_code(err), RK_E_TOKEN_MANY);
	assert_null(found);
	/* To name one by its serial would be bad advice. */
	assert_non_null(strstr(rk_error_remedy(err), "cannot be told apart"));
	add(&seen, "a", "124", true);
	another = locate(&seen, "pkcs11:token=a", &found);
	assert_non_null(strstr(rk_error_remedy(another), "serial"));
}

static void
a_candidate_is_shown_not_printed_and_the_list_has_an_end(void **state)
{
	RK_AUTO_SIGHTINGS(seen);
	const rk_sighting *found = NULL;
	RK_AUTO(rk_error) err = NULL;

	(void)state;
	for (size_t i = 0; i < 40; i++)
		add(&seen, "\x1b[2J", "1", true);
	err = locate(&seen, "pkcs11:", &found);
	assert_int_equal(rk_error_code(err), RK_E_TOKEN_MANY);
	assert_null(strchr(rk_error_message(err), '\x1b'));
	assert_non_null(strstr(rk_error_message(err), "40 tokens"));
	assert_non_null(strstr(rk_error_message(err), "…"));
	assert_true(strlen(rk_error_message(err)) < 2000);
}

static void
a_token_that_was_never_initialised_says_so(void **state)
{
	RK_AUTO_SIGHTINGS(seen);
	const rk_sighting *found = NULL;
	RK_AUTO(rk_error) err = NULL;

	(void)state;
	add(&seen, "", "9", false);
	err = locate(&seen, "pkcs11:serial=9", &found);
	assert_int_equal(rk_error_code(err), RK_E_TOKEN_NONE);
	assert_non_null(strstr(rk_error_remedy(err), "token init"));
}

static void
modules_that_failed_are_named_where_a_token_is_missing(void **state)
{
	RK_AUTO_SIGHTINGS(seen);
	const rk_sighting *found = NULL;
	RK_AUTO(rk_error) err = NULL;

	(void)state;
	rk_buf_text(&seen.failures, "module 'x' is broken");
	err = locate(&seen, "pkcs11:token=a", &found);
	assert_non_null(strstr(rk_error_message(err), "module 'x' is broken"));
}

static void
the_only_empty_token_is_the_one_to_initialise(void **state)
{
	RK_AUTO_SIGHTINGS(seen);
	const rk_sighting *found = NULL;

	(void)state;
	add(&seen, "a", "1", true);
	assert_ok(locate_empty(&seen, "pkcs11:", &found));
	assert_ptr_equal(found, &seen.sightings[0]);
	add(&seen, "b", "2", true);
	assert_error(locate_empty(&seen, "pkcs11:", &found), RK_E_TOKEN_MANY);
	add(&seen, "", "", false);
	assert_ok(locate_empty(&seen, "pkcs11:", &found));
	assert_ptr_equal(found, &seen.sightings[2]);
	add(&seen, "", "", false);
	assert_error(locate_empty(&seen, "pkcs11:", &found), RK_E_TOKEN_MANY);
	assert_error(locate_empty(&seen, "pkcs11:token=c", &found), RK_E_TOKEN_NONE);
}

/* Keys by label; a small letter has no private half. */
static rk_token_keys *
keys_of(const char *labels)
{
	rk_token_keys *keys = calloc(1, sizeof(*keys));

	assert_non_null(keys);
	keys->keys = calloc(strlen(labels) + 1, sizeof(*keys->keys));
	assert_non_null(keys->keys);
	for (; *labels; labels++) {
		rk_token_key *key = &keys->keys[keys->count++];

		key->handle = *labels < 'a' ? keys->count : 0;
		assert_ok(rk_strndup(labels, 1, &key->label));
		assert_ok(rk_strdup("ecdsa-p256", &key->what));
	}
	return keys;
}

static enum rk_code
find(const char *labels, const char *text, bool hidden)
{
	RK_AUTO(rk_token_keys) keys = keys_of(labels);
	RK_AUTO(rk_token_key) key = NULL;
	RK_AUTO(rk_uri) uri = NULL;
	RK_AUTO(rk_error) err = NULL;

	assert_ok(rk_uri_parse(text, &uri));
	err = rk_locate_key(uri, keys, "'t' (serial 1)", hidden, &key);
	assert_true((err == NULL) == (key != NULL));
	return rk_error_code(err);
}

static void
exactly_one_key_is_meant_or_it_is_an_error(void **state)
{
	(void)state;
	assert_int_equal(find("AB", "pkcs11:object=A", false), RK_OK);
	assert_int_equal(find("A", "pkcs11:", false), RK_OK);
	assert_int_equal(find("AB", "pkcs11:", false), RK_E_KEY_MANY);
	assert_int_equal(find("AA", "pkcs11:object=A", false), RK_E_KEY_MANY);
	assert_int_equal(find("AB", "pkcs11:object=C", false), RK_E_KEY_NONE);
	assert_int_equal(find("", "pkcs11:", false), RK_E_KEY_NONE);
}

static void
a_key_without_its_private_half_is_not_one_to_sign_with(void **state)
{
	(void)state;
	assert_int_equal(find("a", "pkcs11:object=a", false), RK_E_KEY_NONE);
	assert_int_equal(find("aA", "pkcs11:", false), RK_OK);
}

static void
before_a_login_a_key_may_be_hidden(void **state)
{
	(void)state;
	assert_int_equal(find("a", "pkcs11:object=a", true), RK_E_PIN_NEEDED);
	assert_int_equal(find("", "pkcs11:object=A", true), RK_E_PIN_NEEDED);
	assert_int_equal(find("A", "pkcs11:object=A", true), RK_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    spec(exactly_one_token_is_meant_or_it_is_an_error),
	    spec(a_full_token_is_not_taken_for_an_empty_one_that_cannot_be_read),
	    spec(two_tokens_that_are_alike_are_many),
	    spec(a_candidate_is_shown_not_printed_and_the_list_has_an_end),
	    spec(a_token_that_was_never_initialised_says_so),
	    spec(modules_that_failed_are_named_where_a_token_is_missing),
	    spec(the_only_empty_token_is_the_one_to_initialise),
	    spec(exactly_one_key_is_meant_or_it_is_an_error),
	    spec(a_key_without_its_private_half_is_not_one_to_sign_with),
	    spec(before_a_login_a_key_may_be_hidden),
	};

	return cmocka_run_group_tests_name("pkcs11/locate", tests, NULL, NULL);
}
