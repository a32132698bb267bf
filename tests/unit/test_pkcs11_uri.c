#include "pkcs11/uri.h"
#include "support/spec.h"

#include <stdlib.h>
#include <string.h>

static void
put(unsigned char *field, size_t size, const char *text)
{
	memset(field, ' ', size);
	memcpy(field, text, strlen(text));
}

static rk_slot
a_slot(void)
{
	rk_slot slot = {.slot = 7};

	put(slot.token.label, 32, "root keys; 1");
	put(slot.token.manufacturerID, 32, "maker");
	put(slot.token.model, 16, "model");
	put(slot.token.serialNumber, 16, "0012");
	return slot;
}

static rk_token_key
a_key(void)
{
	static uint8_t id[] = {0, 2, 0xff};
	static char label[] = "root";

	return (rk_token_key){.handle = 1, .id = id, .id_len = sizeof(id), .label = label};
}

static bool
names_token(const char *text, const rk_slot *slot)
{
	const CK_INFO module = {0};
	RK_AUTO(rk_uri) uri = NULL;

	assert_ok(rk_uri_parse(text, &uri));
	return rk_uri_names_token(uri, &module, slot);
}

static bool
names_key(const char *text, const rk_token_key *key)
{
	RK_AUTO(rk_uri) uri = NULL;

	assert_ok(rk_uri_parse(text, &uri));
	return rk_uri_names_key(uri, key);
}

static void
what_is_no_uri_is_usage(void **state)
{
	static const char *const texts[] = {"", "pkcs11", "token=a", "https://x",
	    "pkcs11:token=%zz", "pkcs11:token=a;unknown=b", "pkcs11:?unknown=b", "pkcs11:slot-id=x",
	    "pkcs11:type=nonsense"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		rk_uri *uri = NULL;

		assert_error(rk_uri_parse(texts[i], &uri), RK_E_USAGE);
		assert_null(uri);
	}
}

static void
a_pin_inside_is_refused_and_not_repeated(void **state)
{
	RK_AUTO(rk_error) err = NULL;
	rk_uri *uri = NULL;

	(void)state;
	err = rk_uri_parse("pkcs11:token=a?PIN-Value=hunter2", &uri);
	assert_int_equal(rk_error_code(err), RK_E_REFUSED);
	assert_null(strstr(rk_error_message(err), "hunter2"));
	assert_null(strstr(rk_error_remedy(err), "hunter2"));
	assert_null(uri);
}

static void
a_pin_source_is_told_unless_it_is_a_command(void **state)
{
	RK_AUTO(rk_uri) uri = NULL;
	rk_uri *none = NULL;

	(void)state;
	assert_ok(rk_uri_parse("pkcs11:token=a?pin-source=file:/run/pin&module-name=m"
			       "&module-path=/a.so",
	    &uri));
	assert_string_equal(rk_uri_pin_source(uri), "file:/run/pin");
	assert_string_equal(rk_uri_module_name(uri), "m");
	assert_string_equal(rk_uri_module_path(uri), "/a.so");
	assert_error(rk_uri_parse("pkcs11:?pin-source=|cat", &none), RK_E_REFUSED);
	assert_error(rk_uri_parse("pkcs11:?pin-source=%7Ccat", &none), RK_E_REFUSED);
	assert_null(none);
}

static void
a_token_is_named_by_what_it_says_of_itself(void **state)
{
	const rk_slot slot = a_slot();

	(void)state;
	assert_true(names_token("pkcs11:", &slot));
	assert_true(names_token("pkcs11:token=root%20keys%3B%201", &slot));
	assert_true(names_token("pkcs11:serial=0012;model=model;manufacturer=maker", &slot));
	assert_true(names_token("pkcs11:serial=0012;slot-id=7", &slot));
	assert_false(names_token("pkcs11:serial=0012;slot-id=8", &slot));
	assert_false(names_token("pkcs11:serial=12", &slot));
	assert_false(names_token("pkcs11:token=root", &slot));
	assert_false(names_token("pkcs11:library-description=other", &slot));
}

static void
zeros_for_blanks_are_forgiven(void **state)
{
	rk_slot slot = a_slot();

	(void)state;
	memset(slot.token.serialNumber + 4, 0, 12);
	assert_true(names_token("pkcs11:serial=0012", &slot));
}

static void
a_slot_number_alone_is_told_apart(void **state)
{
	RK_AUTO(rk_uri) alone = NULL;
	RK_AUTO(rk_uri) with_serial = NULL;
	RK_AUTO(rk_uri) neither = NULL;

	(void)state;
	assert_ok(rk_uri_parse("pkcs11:slot-id=7;model=m", &alone));
	assert_ok(rk_uri_parse("pkcs11:slot-id=7;serial=1", &with_serial));
	assert_ok(rk_uri_parse("pkcs11:", &neither));
	assert_true(rk_uri_is_slot_only(alone));
	assert_false(rk_uri_is_slot_only(with_serial));
	assert_false(rk_uri_is_slot_only(neither));
}

static void
a_key_is_named_by_its_whole_id_and_label(void **state)
{
	rk_token_key key = a_key();

	(void)state;
	assert_true(names_key("pkcs11:", &key));
	assert_true(names_key("pkcs11:id=%00%02%FF", &key));
	assert_true(names_key("pkcs11:id=%00%02%FF;object=root;type=private", &key));
	assert_true(names_key("pkcs11:object=root;type=public", &key));
	assert_false(names_key("pkcs11:id=%00%02", &key));
	assert_false(names_key("pkcs11:id=%02%FF", &key));
	assert_false(names_key("pkcs11:object=roo", &key));
	assert_false(names_key("pkcs11:object=root;type=cert", &key));
	key.handle = 0;
	assert_false(names_key("pkcs11:object=root;type=private", &key));
	assert_true(names_key("pkcs11:object=root", &key));
}

/* What we give out means the same token and key again. */
static void
a_uri_of_ours_is_read_back_as_what_it_was_made_of(void **state)
{
	const rk_slot slot = a_slot();
	rk_slot other = a_slot();
	rk_token_key key = a_key();
	RK_AUTO(rk_str) token_text = NULL;
	RK_AUTO(rk_str) key_text = NULL;
	RK_AUTO(rk_uri) uri = NULL;

	(void)state;
	assert_ok(rk_uri_of_token(&slot, NULL, &token_text));
	assert_null(strchr(token_text, '?'));
	assert_true(names_token(token_text, &slot));
	other.token.serialNumber[3] = '3';
	assert_false(names_token(token_text, &other));
	assert_ok(rk_uri_of_key(&slot, &key, "mod ule", &key_text));
	assert_ok(rk_uri_parse(key_text, &uri));
	assert_string_equal(rk_uri_module_name(uri), "mod ule");
	assert_null(rk_uri_pin_source(uri));
	assert_true(names_token(key_text, &slot));
	assert_true(names_key(key_text, &key));
	key.id_len--;
	assert_false(names_key(key_text, &key));
}

static void
an_empty_tokens_uri_says_nothing_that_is_not_there(void **state)
{
	rk_slot slot = a_slot();
	RK_AUTO(rk_str) text = NULL;

	(void)state;
	put(slot.token.label, 32, "");
	put(slot.token.serialNumber, 16, "");
	assert_ok(rk_uri_of_token(&slot, NULL, &text));
	assert_true(names_token(text, &slot));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    spec(what_is_no_uri_is_usage),
	    spec(a_pin_inside_is_refused_and_not_repeated),
	    spec(a_pin_source_is_told_unless_it_is_a_command),
	    spec(a_token_is_named_by_what_it_says_of_itself),
	    spec(zeros_for_blanks_are_forgiven),
	    spec(a_slot_number_alone_is_told_apart),
	    spec(a_key_is_named_by_its_whole_id_and_label),
	    spec(a_uri_of_ours_is_read_back_as_what_it_was_made_of),
	    spec(an_empty_tokens_uri_says_nothing_that_is_not_there),
	};

	return cmocka_run_group_tests_name("pkcs11/uri", tests, NULL, NULL);
}
