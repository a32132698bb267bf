#include "support/notary_maker.h"
#include "support/spec.h"

#include "flow/certwatch.h"

#include <string.h>

#define END RK_NOTARY_NOT_AFTER

static void
assert_alarm(const rk_root *root, int64_t now, unsigned want, bool expired)
{
	rk_certwatch *watch = NULL;

	assert_ok(rk_certwatch_take(root, NULL, now, &watch));
	assert_int_equal(watch->count, rk_root_role(root, RK_ROLE_ROOT)->keyid_count);
	for (size_t i = 0; i < watch->count; i++) {
		assert_string_equal(
		    watch->items[i].keyid, rk_root_role(root, RK_ROLE_ROOT)->keyids[i]);
		assert_string_equal(watch->items[i].gun, RK_NOTARY_GUN);
		assert_int_equal(watch->items[i].not_after, END);
		assert_int_equal(watch->items[i].alarm, want);
		assert_int_equal(watch->items[i].expired, expired);
	}
	rk_certwatch_free(watch);
}

static void
the_nearest_warning_that_is_due_is_the_alarm(void **state)
{
	const rk_notary_maker *maker = *state;

	assert_alarm(maker->root, END - 366 * RK_DAY, 0, false);
	assert_alarm(maker->root, END - 365 * RK_DAY - 1, 0, false);
	assert_alarm(maker->root, END - 365 * RK_DAY, 365, false);
	assert_alarm(maker->root, END - 210 * RK_DAY - 1, 365, false);
	assert_alarm(maker->root, END - 210 * RK_DAY, 210, false);
	assert_alarm(maker->root, END - 1, 210, false);
	assert_alarm(maker->root, END, 210, true);
	assert_alarm(maker->root, END + RK_DAY, 210, true);
}

static void
keys_without_certificates_are_not_watched(void **state)
{
	rk_certwatch *watch = NULL;
	void *maker = NULL;

	(void)state;
	assert_int_equal(rk_tuf_maker_new(&maker), 0);
	assert_ok(rk_certwatch_take(((rk_tuf_maker *)maker)->root, NULL, RK_MAKER_NOW, &watch));
	assert_int_equal(watch->count, 0);
	rk_certwatch_free(watch);
	rk_tuf_maker_free(&maker);
}

static void
assert_sentence(const struct rk_certwatch_item *item, const char *repo, int64_t now,
    const char *says, const char *silent)
{
	RK_AUTO_BUF(text);

	rk_certwatch_sentence(item, "root-alice", repo, now, &text);
	assert_ok(rk_buf_check(&text));
	assert_non_null(strstr(rk_buf_str(&text), "the certificate of root-alice for "));
	assert_non_null(strstr(rk_buf_str(&text), says));
	if (silent)
		assert_null(strstr(rk_buf_str(&text), silent));
}

static void
a_sentence_says_what_to_do_only_once_it_is_due(void **state)
{
	char gun[] = "lab.example/\x1b[31mx";
	struct rk_certwatch_item item = {.gun = gun, .not_after = END};

	(void)state;
	assert_sentence(&item, "demo", END - 400 * RK_DAY, "expires in 400 days", "renew");
	assert_sentence(&item, "demo", END - 400 * RK_DAY, "\\x1b[31mx", "\x1b");
	item.alarm = 365;
	assert_sentence(&item, "demo", END - 300 * RK_DAY, "rootkeep key certify root-alice", NULL);
	assert_sentence(&item, "demo", END - 300 * RK_DAY, "rootkeep renew demo --role root", NULL);
	assert_sentence(&item, NULL, END - 300 * RK_DAY, "nothing can be changed", "renew");
	item.expired = true;
	assert_sentence(&item, "demo", END + 2 * RK_DAY, "expired 2 days ago", "rootkeep renew");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(the_nearest_warning_that_is_due_is_the_alarm,
		rk_notary_maker_new, rk_notary_maker_free),
	    spec(keys_without_certificates_are_not_watched),
	    spec(a_sentence_says_what_to_do_only_once_it_is_due),
	};

	return cmocka_run_group_tests_name("certwatch", tests, NULL, NULL);
}
