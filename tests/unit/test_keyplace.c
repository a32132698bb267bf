#include "support/spec.h"

#include "flow/keyplace.h"

#include <string.h>

static rk_error *
read(struct rk_keyplace_words words, struct rk_keyplace *ret_place)
{
	return rk_keyplace_read(&words, ret_place);
}

static void
nothing_said_is_a_random_id_and_no_slot(void **state)
{
	struct rk_keyplace place;
	RK_AUTO_BUF(told);

	(void)state;
	assert_ok(read((struct rk_keyplace_words){0}, &place));
	assert_int_equal(place.id_len, 0);
	assert_int_equal(place.slot, 0);
	rk_keyplace_tell(&place, &told);
	assert_string_equal(rk_buf_str(&told), "with a fresh random id");
}

static void
ids_keep_their_leading_zeros(void **state)
{
	struct rk_keyplace place;

	(void)state;
	assert_ok(read((struct rk_keyplace_words){.id = "00a1"}, &place));
	assert_int_equal(place.id_len, 2);
	assert_memory_equal(place.id, "\0\xa1", 2);
}

static void
ids_that_are_none_are_usage(void **state)
{
	static const char *const bad[] = {"", "0", "xy", "0a 1b"};
	char long_id[2 * RK_KEYPLACE_ID_MAX + 3];
	struct rk_keyplace place;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_error(read((struct rk_keyplace_words){.id = bad[i]}, &place), RK_E_USAGE);
	memset(long_id, 'a', sizeof(long_id));
	long_id[sizeof(long_id) - 1] = 0;
	assert_error(read((struct rk_keyplace_words){.id = long_id}, &place), RK_E_USAGE);
}

static void
the_slots_are_those_of_piv(void **state)
{
	static const char *const good[] = {"9a", "9c", "9d", "9e", "82", "95", "9C"};
	static const char *const bad[] = {"9b", "81", "96", "f9", "9", "09c", "", "-1"};
	struct rk_keyplace place;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_ok(read((struct rk_keyplace_words){.slot = good[i]}, &place));
	assert_int_equal(place.slot, 0x9c);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_error(read((struct rk_keyplace_words){.slot = bad[i]}, &place), RK_E_USAGE);
}

static void
a_slot_has_its_own_id(void **state)
{
	struct rk_keyplace place;

	(void)state;
	assert_error(
	    read((struct rk_keyplace_words){.id = "02", .slot = "9c"}, &place), RK_E_USAGE);
}

static void
policies_are_words(void **state)
{
	struct rk_keyplace place;
	RK_AUTO_BUF(told);

	(void)state;
	assert_ok(read(
	    (struct rk_keyplace_words){.slot = "9c", .touch = "always", .pin_policy = "always"},
	    &place));
	assert_int_equal(place.touch, RK_TOUCH_ALWAYS);
	assert_int_equal(place.pin_policy, RK_PIN_ALWAYS);
	rk_keyplace_tell(&place, &told);
	assert_string_equal(rk_buf_str(&told),
	    "in slot 9c, touched for each signature, its PIN needed for each signature");
	assert_ok(
	    read((struct rk_keyplace_words){.touch = "cached", .pin_policy = "never"}, &place));
	assert_int_equal(place.touch, RK_TOUCH_CACHED);
	assert_int_equal(place.pin_policy, RK_PIN_NEVER);
	assert_error(read((struct rk_keyplace_words){.touch = "alway"}, &place), RK_E_USAGE);
	assert_error(read((struct rk_keyplace_words){.pin_policy = ""}, &place), RK_E_USAGE);
}

static void
a_label_has_to_be_one(void **state)
{
	struct rk_keyplace place;

	(void)state;
	assert_error(read((struct rk_keyplace_words){.label = ""}, &place), RK_E_USAGE);
	assert_error(read((struct rk_keyplace_words){.label = "\xff"}, &place), RK_E_USAGE);
	assert_ok(read((struct rk_keyplace_words){.label = "k"}, &place));
}

static void
only_a_token_whose_so_makes_keys_has_slots(void **state)
{
	const rk_token_info plain = {0}, yubikey = {.so_makes_keys = true};
	struct rk_keyplace place = {.slot = 0x9c};

	(void)state;
	assert_ok(rk_keyplace_judge(&place, &yubikey, "y"));
	assert_error(rk_keyplace_judge(&place, &plain, "p"), RK_E_USAGE);
	place = (struct rk_keyplace){.pin_policy = RK_PIN_ONCE};
	assert_error(rk_keyplace_judge(&place, &plain, "p"), RK_E_USAGE);
	place = (struct rk_keyplace){.id = {2}, .id_len = 1};
	assert_ok(rk_keyplace_judge(&place, &yubikey, "y"));
	assert_ok(rk_keyplace_judge(&place, &plain, "p"));
	place = (struct rk_keyplace){0};
	assert_error(rk_keyplace_judge(&place, &yubikey, "y"), RK_E_USAGE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nothing_said_is_a_random_id_and_no_slot),
	    cmocka_unit_test(ids_keep_their_leading_zeros),
	    cmocka_unit_test(ids_that_are_none_are_usage),
	    cmocka_unit_test(the_slots_are_those_of_piv),
	    cmocka_unit_test(a_slot_has_its_own_id),
	    cmocka_unit_test(policies_are_words),
	    cmocka_unit_test(a_label_has_to_be_one),
	    cmocka_unit_test(only_a_token_whose_so_makes_keys_has_slots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
