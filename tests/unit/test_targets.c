#include "support/spec.h"
#include "support/tuf_maker.h"

#include <stdlib.h>
#include <string.h>

#define ONES16 "1111111111111111"
#define SHA256 "{\"sha256\":\"" ONES16 ONES16 ONES16 ONES16 "\"}"
#define ENTRY(length) "{\"hashes\":" SHA256 ",\"length\":" length "}"
#define TARGET(name, length) "\"" name "\":" ENTRY(length)
#define FILE_OF(entries)                                                                     \
	"{\"signed\":{\"_type\":\"targets\",\"expires\":\"2027-12-01T00:00:00Z\","           \
	"\"spec_version\":\"1.0.31\",\"targets\":{" entries "},\"version\":1,\"x-more\":[1," \
	"2]},\"signatures\":[{\"keyid\":\"k\",\"sig\":\"00\"}]}"
static rk_envelope *
open_text(const char *text)
{
	return rk_tuf_maker_open(rk_tuf_maker_text(text), "targets.json");
}

static rk_error *
write_difference(void *context, const rk_target *before, const rk_target *after)
{
	rk_buf_printf(context, "%s%s%s ", before ? "-" : "", after ? "+" : "",
	    before ? before->name : after->name);
	return NULL;
}

static void
differs(const char *before, const char *after, const char *want)
{
	rk_envelope *was = open_text(before), *is = open_text(after);
	RK_AUTO_BUF(said);

	assert_ok(rk_targets_compare(was, is, write_difference, &said));
	assert_string_equal(rk_buf_str(&said), want);
	rk_envelope_free(was);
	rk_envelope_free(is);
}

static void
two_files_are_compared_by_what_their_entries_say(void **state)
{
	const char *some = FILE_OF(TARGET("a", "1") "," TARGET("b", "2") "," TARGET("c", "3"));

	(void)state;
	differs(some, some, "");
	differs(FILE_OF(""), FILE_OF(TARGET("a", "1")), "+a ");
	differs(some, FILE_OF(TARGET("b", "3") "," TARGET("d", "4")), "-a -+b -c +d ");
	/* Order, white space and escapes aside. */
	differs(some,
	    FILE_OF(TARGET("c", "3") ", \"\\u0061\":{\"length\": 1, \"hashes\" :" SHA256
				     "}," TARGET("b", "2")),
	    "");
}

static void
names_that_may_be_published_are_plain_relative_paths(void **state)
{
	static const char *const good[] = {"a", "a/b.txt", "…/ü", "..a/b..", ".hidden"};
	static const char *const bad[] = {"", "/a", "a/", "a//b", "a/../b", ".", "a/.", "..",
	    "a\nb", "\x7f", "\xff", "e\xcc\x81", "a\"b", "a\\b"};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_ok(rk_target_check_name(&rk_dialect_tuf, good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_error(rk_target_check_name(&rk_dialect_tuf, bad[i]), RK_E_REFUSED);
}

static rk_error *
read_custom(const char *text, char **ret_custom)
{
	return rk_target_custom(&rk_dialect_tuf, text, strlen(text), ret_custom);
}

static void
custom_is_an_object_in_canonical_order(void **state)
{
	char *custom = NULL;

	(void)state;
	assert_ok(read_custom("{ \"b\": [1, true], \"a\": \"x\\u0021\" }", &custom));
	assert_string_equal(custom, "{\"a\":\"x!\",\"b\":[1,true]}");
	free(custom);
	assert_error(read_custom("{", &custom), RK_E_MALFORMED);
	assert_error(read_custom("[]", &custom), RK_E_REFUSED);
	assert_error(read_custom("{\"a\":\"\\u0001\"}", &custom), RK_E_REFUSED);
}

static void
what_a_client_would_choke_on_is_found_with_its_place(void **state)
{
	static const char *const bad[] = {"\"a\":1", "\"a\":{\"hashes\":" SHA256 "}",
	    "\"a\":{\"length\":1}", "\"a\":{\"hashes\":{},\"length\":1}",
	    "\"a\":{\"hashes\":{\"sha256\":\"00\"},\"length\":1}",
	    "\"a\":{\"hashes\":" SHA256 ",\"length\":-1}"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		RK_AUTO(rk_str) file = NULL;
		rk_envelope *envelope;
		rk_error *err;

		assert_ok(rk_strdupf(&file, FILE_OF("%s"), bad[i]));
		envelope = open_text(file);
		err = rk_targets_check(envelope);
		assert_non_null(strstr(rk_error_message(err), "line 1, column"));
		assert_error(err, RK_E_MALFORMED);
		rk_envelope_free(envelope);
	}
}

static void
a_blank_file_is_the_first_version_without_targets(void **state)
{
	rk_text *text = NULL;
	rk_envelope *envelope;

	(void)state;
	assert_ok(rk_targets_blank(&rk_dialect_tuf, RK_MAKER_NOW, &text));
	envelope = rk_tuf_maker_open(text, "blank");
	assert_int_equal(envelope->kind, RK_ROLE_TARGETS);
	assert_int_equal(envelope->version, 1);
	assert_int_equal(envelope->expires, RK_MAKER_NOW);
	assert_int_equal(rk_targets_count(envelope), 0);
	assert_ok(rk_targets_check(envelope));
	rk_envelope_free(envelope);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    spec(two_files_are_compared_by_what_their_entries_say),
	    spec(names_that_may_be_published_are_plain_relative_paths),
	    spec(custom_is_an_object_in_canonical_order),
	    spec(what_a_client_would_choke_on_is_found_with_its_place),
	    spec(a_blank_file_is_the_first_version_without_targets),
	};

	return cmocka_run_group_tests_name("targets", tests, NULL, NULL);
}
