#include "support/spec.h"
#include "support/tuf_maker.h"

#include <string.h>

#define TARGETS(delegations)                                                                  \
	"{\"signed\":{\"_type\":\"targets\"" delegations ",\"expires\":\"2027-12-01T00:00:00" \
	"Z\",\"targets\":{},\"version\":1},\"signatures\":[]}"
#define ROLES(roles) TARGETS(",\"delegations\":{\"keys\":{},\"roles\":[" roles "]}")
#define ROLE(name, rest) "{\"name\":\"" name "\",\"keyids\":[\"k\"],\"threshold\":1" rest "}"
#define BINS(bits, prefix)                                                               \
	TARGETS(",\"delegations\":{\"keys\":{},\"succinct_roles\":{\"bit_length\":" bits \
		",\"keyids\":[\"k\"],\"name_prefix\":\"" prefix "\",\"threshold\":1}}")

static rk_error *
read_text(const char *text, rk_delegations **ret_delegations)
{
	rk_envelope *envelope = rk_tuf_maker_open(rk_tuf_maker_text(text), "targets.json");
	rk_error *err = rk_delegations_read(envelope, ret_delegations);

	rk_envelope_free(envelope);
	return err;
}

static rk_delegations *
delegations_from(const char *text)
{
	rk_delegations *delegations = NULL;

	assert_ok(read_text(text, &delegations));
	return delegations;
}

static void
a_file_without_any_delegates_to_nobody(void **state)
{
	rk_delegations *delegations = delegations_from(TARGETS(""));
	rk_role *role = NULL;

	(void)state;
	assert_int_equal(rk_delegations_total(delegations), 0);
	assert_error(rk_delegations_at(delegations, 0, &role), RK_E_NOT_FOUND);
	assert_error(rk_delegations_role(delegations, "targets/a", &role), RK_E_NOT_FOUND);
	rk_delegations_free(delegations);
}

static void
what_a_client_would_refuse_is_malformed(void **state)
{
	static const char *const bad[] = {
	    TARGETS(",\"delegations\":[]"),
	    TARGETS(",\"delegations\":{}"),
	    TARGETS(",\"delegations\":{\"keys\":{}}"),
	    TARGETS(",\"delegations\":{\"keys\":{},\"roles\":{}}"),
	    TARGETS(",\"delegations\":{\"keys\":{},\"roles\":[],\"succinct_roles\":{}}"),
	    ROLES("{\"keyids\":[],\"threshold\":1}"),
	    ROLES(ROLE("", "")),
	    ROLES(ROLE("root", "")),
	    ROLES(ROLE("a", "") "," ROLE("b", "") "," ROLE("a", "")),
	    ROLES(ROLE("a", ",\"paths\":[],\"path_hash_prefixes\":[]")),
	    BINS("0", "b"),
	    BINS("33", "b"),
	    BINS("\"4\"", "b"),
	};
	rk_delegations *delegations = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_error(read_text(bad[i], &delegations), RK_E_MALFORMED);
	assert_null(delegations);
}

struct heard {
	rk_buf names;
	size_t stop; /* fail at the so-manieth; 0: never */
	size_t count;
};

static rk_error *
hear(void *context, const rk_role *role)
{
	struct heard *heard = context;

	rk_buf_printf(&heard->names, "%s ", role->name);
	return ++heard->count == heard->stop ? rk_fail(RK_E_CANCELLED, NULL, "enough") : NULL;
}

static void
asked_for(const rk_delegations *delegations, const char *path, const char *want)
{
	struct heard heard = {0};

	assert_ok(rk_delegations_for(delegations, path, hear, &heard));
	assert_string_equal(rk_buf_str(&heard.names), want);
	rk_buf_clear(&heard.names);
}

static void
roles_are_asked_in_order_to_the_first_terminating_one(void **state)
{
	rk_delegations *delegations =
	    delegations_from(ROLES(ROLE("c", ",\"paths\":[\"*\"],\"terminating\":false") "," ROLE(
		"a", ",\"paths\":[\"x*\"],\"terminating\":true") "," ROLE("b",
		",\"paths\":[\"*\",\"*/*\"],\"terminating\":false")));
	struct heard heard = {.stop = 1};

	(void)state;
	asked_for(delegations, "y", "targets/c targets/b ");
	asked_for(delegations, "x1", "targets/c targets/a ");
	asked_for(delegations, "p/q", "targets/b ");
	asked_for(delegations, "p/q/r", "");
	assert_error(rk_delegations_for(delegations, "y", hear, &heard), RK_E_CANCELLED);
	assert_string_equal(rk_buf_str(&heard.names), "targets/c ");
	rk_buf_clear(&heard.names);
	rk_delegations_free(delegations);
}

static void
a_role_is_found_by_name_and_by_number(void **state)
{
	rk_delegations *delegations = delegations_from(ROLES(ROLE("c", "") "," ROLE("a/b", "")));
	rk_role *role = NULL;

	(void)state;
	assert_int_equal(rk_delegations_total(delegations), 2);
	assert_ok(rk_delegations_role(delegations, "targets/a/b", &role));
	assert_string_equal(role->name, "targets/a/b");
	rk_role_free(role);
	assert_ok(rk_delegations_at(delegations, 0, &role));
	assert_string_equal(role->name, "targets/c");
	rk_role_free(role);
	assert_error(rk_delegations_at(delegations, 2, &role), RK_E_NOT_FOUND);
	assert_error(rk_delegations_role(delegations, "c", &role), RK_E_NOT_FOUND);
	rk_delegations_free(delegations);
}

static void
bins_are_named_by_as_many_hex_digits_as_they_need(void **state)
{
	rk_delegations *delegations = delegations_from(BINS("14", "bin"));
	rk_delegations *few = delegations_from(BINS("1", "bin"));
	static const char *const none[] = {"targets/bin-4000", "targets/bin-3FFF",
	    "targets/bin-fff", "targets/bin-03fff", "targets/bin", "targets/other-0000"};
	rk_role *role = NULL;

	(void)state;
	assert_int_equal(rk_delegations_total(delegations), 16384);
	assert_ok(rk_delegations_at(delegations, 0x3ff, &role));
	assert_string_equal(role->name, "targets/bin-03ff");
	assert_true(rk_role_has(role, "k"));
	rk_role_free(role);
	assert_ok(rk_delegations_role(delegations, "targets/bin-3fff", &role));
	rk_role_free(role);
	role = NULL;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		assert_error(rk_delegations_role(delegations, none[i], &role), RK_E_NOT_FOUND);
	assert_null(role);
	/* SHA-256 of "x" begins with 2d71, that of "y" with a1fc. */
	asked_for(delegations, "x", "targets/bin-0b5c ");
	asked_for(delegations, "y", "targets/bin-287f ");
	assert_int_equal(rk_delegations_total(few), 2);
	asked_for(few, "x", "targets/bin-0 ");
	asked_for(few, "y", "targets/bin-1 ");
	rk_delegations_free(delegations);
	rk_delegations_free(few);
	few = delegations_from(BINS("32", "b"));
	assert_int_equal(rk_delegations_total(few), UINT64_C(1) << 32);
	asked_for(few, "x", "targets/b-2d711642 ");
	rk_delegations_free(few);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    spec(a_file_without_any_delegates_to_nobody),
	    spec(what_a_client_would_refuse_is_malformed),
	    spec(roles_are_asked_in_order_to_the_first_terminating_one),
	    spec(a_role_is_found_by_name_and_by_number),
	    spec(bins_are_named_by_as_many_hex_digits_as_they_need),
	};

	return cmocka_run_group_tests_name("delegations", tests, NULL, NULL);
}
