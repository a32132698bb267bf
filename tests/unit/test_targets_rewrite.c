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
#define NEXT_OF(entries)                                                                     \
	"{\"signed\":{\"_type\":\"targets\",\"expires\":\"2027-12-01T00:00:00Z\","           \
	"\"spec_version\":\"1.0.31\",\"targets\":{" entries "},\"version\":2,\"x-more\":[1," \
	"2]},\"signatures\":[]}"

static rk_envelope *
open_text(const char *text)
{
	return rk_tuf_maker_open(rk_tuf_maker_text(text), "targets.json");
}

static rk_target *
new_target(const char *name, uint64_t length, const char *custom)
{
	rk_target *target = calloc(1, sizeof(*target));
	uint8_t digest[RK_SHA256_SIZE];

	assert_non_null(target);
	memset(digest, 0x11, sizeof(digest));
	assert_ok(rk_strdup(name, &target->name));
	if (custom)
		assert_ok(
		    rk_target_custom(&rk_dialect_tuf, custom, strlen(custom), &target->custom));
	target->length = length;
	rk_hashes_set(&target->hashes, RK_HASH_SHA256, digest);
	return target;
}

/* "+a" puts a target of length 5, "-a" removes it. */
struct edits {
	rk_target *targets[8];
	struct rk_target_edit items[8];
	rk_target_edit_list list;
	size_t count;
};

static struct edits *
new_edits(const char *const *texts)
{
	struct edits *edits = calloc(1, sizeof(*edits));

	assert_non_null(edits);
	for (; *texts; texts++) {
		edits->targets[edits->count] = new_target(*texts + 1, 5, NULL);
		edits->items[edits->count] =
		    (struct rk_target_edit){edits->targets[edits->count], **texts == '-'};
		edits->count++;
	}
	assert_ok(rk_target_edit_list_init(&edits->list, edits->items, edits->count));
	return edits;
}

static void
free_edits(struct edits *edits)
{
	for (size_t i = 0; i < edits->count; i++)
		rk_target_free(edits->targets[i]);
	free(edits);
}

static rk_error *
rewrite(
    const char *file, const char *const *texts, struct rk_targets_changed *ret_changed, rk_buf *out)
{
	rk_envelope *envelope = open_text(file);
	struct edits *edits = new_edits(texts);
	struct rk_targets_change change = {
	    .version = 2, .keep_expires = true, .edits = &edits->list.edits};
	rk_error *err = rk_targets_rewrite(envelope, &change, rk_sink_buf(out), ret_changed);

	free_edits(edits);
	rk_envelope_free(envelope);
	return err;
}

#define EDITS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void
becomes(const char *file, const char *const *texts, const char *want)
{
	RK_AUTO_BUF(out);

	assert_ok(rewrite(file, texts, NULL, &out));
	assert_string_equal(rk_buf_str(&out), want);
}

static void
a_target_is_added_in_its_place(void **state)
{
	(void)state;
	becomes(FILE_OF(""), EDITS("+b"), NEXT_OF(TARGET("b", "5")));
	becomes(
	    FILE_OF(TARGET("b", "1")), EDITS("+a"), NEXT_OF(TARGET("a", "5") "," TARGET("b", "1")));
	becomes(
	    FILE_OF(TARGET("b", "1")), EDITS("+c"), NEXT_OF(TARGET("b", "1") "," TARGET("c", "5")));
	becomes(FILE_OF(TARGET("a", "1") "," TARGET("c", "1")), EDITS("+b"),
	    NEXT_OF(TARGET("a", "1") "," TARGET("b", "5") "," TARGET("c", "1")));
}

static void
a_target_is_replaced_where_it_stands(void **state)
{
	(void)state;
	becomes(FILE_OF(TARGET("a", "1") "," TARGET("b", "2") "," TARGET("c", "3")), EDITS("+b"),
	    NEXT_OF(TARGET("a", "1") "," TARGET("b", "5") "," TARGET("c", "3")));
	/* By what the name says, not by how it is written. */
	becomes(FILE_OF(TARGET("\\u0061", "1")), EDITS("+a"), NEXT_OF(TARGET("a", "5")));
}

static void
a_target_is_taken_out_with_its_comma(void **state)
{
	const char *three = FILE_OF(TARGET("a", "1") "," TARGET("b", "2") "," TARGET("c", "3"));

	(void)state;
	becomes(three, EDITS("-a"), NEXT_OF(TARGET("b", "2") "," TARGET("c", "3")));
	becomes(three, EDITS("-b"), NEXT_OF(TARGET("a", "1") "," TARGET("c", "3")));
	becomes(three, EDITS("-c"), NEXT_OF(TARGET("a", "1") "," TARGET("b", "2")));
	becomes(three, EDITS("-c", "-a", "-b"), NEXT_OF(""));
	becomes(three, EDITS("-a", "+d", "-c"), NEXT_OF(TARGET("b", "2") "," TARGET("d", "5")));
}

static void
what_was_done_is_counted(void **state)
{
	struct rk_targets_changed changed;
	RK_AUTO_BUF(out);

	(void)state;
	assert_ok(rewrite(FILE_OF(TARGET("a", "5") "," TARGET("b", "2") "," TARGET("c", "3")),
	    EDITS("+a", "+b", "-c", "+d", "+e"), &changed, &out));
	assert_int_equal(changed.same, 1);
	assert_int_equal(changed.replaced, 1);
	assert_int_equal(changed.removed, 1);
	assert_int_equal(changed.added, 2);
}

static void
removing_what_is_not_there_is_an_error(void **state)
{
	RK_AUTO_BUF(out);

	(void)state;
	assert_error(rewrite(FILE_OF(TARGET("a", "1")), EDITS("-b"), NULL, &out), RK_E_NOT_FOUND);
}

static void
a_name_that_nobody_could_fetch_is_not_added(void **state)
{
	RK_AUTO_BUF(out);

	(void)state;
	assert_error(rewrite(FILE_OF(""), EDITS("+../up"), NULL, &out), RK_E_REFUSED);
}

static void
an_unsorted_file_comes_out_sorted(void **state)
{
	(void)state;
	becomes(FILE_OF(TARGET("c", "1") "," TARGET("a", "2") "," TARGET("d", "3")),
	    EDITS("+b", "-d"), NEXT_OF(TARGET("a", "2") "," TARGET("b", "5") "," TARGET("c", "1")));
	becomes(FILE_OF(TARGET("c", "1") "," TARGET("a", "2")), EDITS("+c"),
	    NEXT_OF(TARGET("a", "2") "," TARGET("c", "5")));
}

#define OWN "{ \"length\":5,\"hashes\":" SHA256 ",\"x-own\" : 1}"
#define ODD(signatures, version)                                                              \
	"{ \"signatures\" : " signatures ",\r\n \"more\":{\"b\":1,\"a\":2},\"signed\" :{"     \
	"\"zz\": [ ],\"version\" :" version ",\"targets\" :{ \"a\" : " OWN " ,\n\t\"b\":" OWN \
	",\"c\" :" OWN " }, \"_type\":\"targets\" ,"                                          \
	"\"expires\":\"2027-12-01T00:00:00.000Z\" } }\n"

static void
the_rest_of_the_file_stays_byte_for_byte(void **state)
{
	(void)state;
	/* The same targets put once more are no change. */
	becomes(ODD("[ { } ]", "1"), EDITS("+b", "+a"), ODD("[]", "2"));
}

static void
a_file_in_lines_goes_on_in_lines(void **state)
{
	static const char *const before = "{\n \"signed\": {\n  \"_type\": \"targets\",\n"
					  "  \"expires\": \"2027-12-01T00:00:00Z\",\n"
					  "  \"targets\": {},\n  \"version\": 1\n },\n"
					  " \"signatures\": []\n}\n";
	static const char *const after =
	    "{\n \"signed\": {\n  \"_type\": \"targets\",\n"
	    "  \"expires\": \"2027-12-01T00:00:00Z\",\n"
	    "  \"targets\": {\n   \"a\": {\n    \"hashes\": {\n     \"sha256\": \"" ONES16 ONES16
		ONES16 ONES16 "\"\n    },\n    \"length\": 5\n   }\n  },\n  \"version\": 2\n },\n"
	    " \"signatures\": []\n}\n";

	(void)state;
	becomes(before, EDITS("+a"), after);
}

static void
renewing_changes_version_and_expiry_of_any_role(void **state)
{
	rk_envelope *envelope = open_text(
	    "{\"signed\":{\"_type\":\"snapshot\",\"expires\":\"2027-12-01T00:00:00Z\",\"meta\":{},"
	    "\"version\":41},\"signatures\":[]}");
	struct rk_targets_change change = {.version = 42, .expires = RK_MAKER_NOW};
	RK_AUTO_BUF(out);

	(void)state;
	assert_ok(rk_targets_rewrite(envelope, &change, rk_sink_buf(&out), NULL));
	assert_string_equal(rk_buf_str(&out),
	    "{\"signed\":{\"_type\":\"snapshot\",\"expires\":\"2027-01-15T08:00:00Z\",\"meta\":{},"
	    "\"version\":42},\"signatures\":[]}");
	rk_envelope_free(envelope);
}

static rk_error *
delegate(const char *file, const char *delegations, rk_buf *out)
{
	rk_envelope *envelope = open_text(file);
	struct rk_targets_change change = {
	    .version = 2, .keep_expires = true, .delegations = delegations};
	rk_error *err = rk_targets_rewrite(envelope, &change, rk_sink_buf(out), NULL);

	rk_envelope_free(envelope);
	return err;
}

static void
delegations_are_added_and_replaced(void **state)
{
	rk_envelope *envelope;
	RK_AUTO_BUF(once);
	RK_AUTO_BUF(twice);
	RK_AUTO_BUF(bad);
	rk_json scanned;

	(void)state;
	assert_ok(delegate(FILE_OF(TARGET("a", "1")), "{ \"roles\" : [], \"keys\": {} }", &once));
	assert_non_null(strstr(rk_buf_str(&once),
	    "{\"_type\":\"targets\",\"delegations\":{\"keys\":{},\"roles\":[]},\"expires\""));
	envelope = open_text(rk_buf_str(&once));
	assert_int_equal(rk_targets_count(envelope), 1);
	rk_envelope_free(envelope);
	assert_ok(delegate(rk_buf_str(&once), "{\"x\":1}", &twice));
	assert_non_null(strstr(rk_buf_str(&twice), "\"delegations\":{\"x\":1},\"expires\""));
	assert_ok(rk_scan_bytes(twice.data, twice.len, "twice", &scanned));
	assert_error(delegate(FILE_OF(""), "[]", &bad), RK_E_MALFORMED);
	assert_error(delegate(FILE_OF(""), "{", &bad), RK_E_MALFORMED);
	assert_error(delegate(FILE_OF(""), "{\"e\\u0301\":1}", &bad), RK_E_REFUSED);
}

static rk_error *
wrong_order_next(rk_target_edits *self, struct rk_target_edit *ret_edit, bool *ret_more)
{
	static char late[] = "b", early[] = "a";
	static const rk_target names[2] = {{.name = late}, {.name = early}};
	static size_t at;

	(void)self;
	*ret_more = at < 2;
	if (*ret_more)
		*ret_edit = (struct rk_target_edit){&names[at++], false};
	return NULL;
}

static void
edits_out_of_order_are_our_own_defect(void **state)
{
	rk_target_edits edits = {wrong_order_next};
	struct rk_targets_change change = {.version = 2, .keep_expires = true, .edits = &edits};
	rk_envelope *envelope = open_text(FILE_OF(TARGET("c", "1")));
	RK_AUTO_BUF(out);

	(void)state;
	assert_error(rk_targets_rewrite(envelope, &change, rk_sink_buf(&out), NULL), RK_E_INTERNAL);
	rk_envelope_free(envelope);
}

static void
of_two_edits_of_one_name_the_later_counts(void **state)
{
	(void)state;
	becomes(FILE_OF(TARGET("a", "1")), EDITS("+a", "-a"), NEXT_OF(""));
	becomes(FILE_OF(TARGET("a", "1")), EDITS("-a", "+a"), NEXT_OF(TARGET("a", "5")));
}

static void
an_entry_that_no_client_reads_is_mended_by_putting_it_again(void **state)
{
	(void)state;
	becomes(FILE_OF("\"a\":7"), EDITS("+a"), NEXT_OF(TARGET("a", "5")));
}

static void
a_file_without_targets_cannot_be_edited(void **state)
{
	RK_AUTO_BUF(out);

	(void)state;
	assert_error(
	    rewrite("{\"signed\":{\"_type\":\"snapshot\",\"expires\":\"2027-12-01T00:00:00Z\","
		    "\"version\":1},\"signatures\":[]}",
		EDITS("+a"), NULL, &out),
	    RK_E_MALFORMED);
}

/* As large as real repositories: a run is copied in pieces and comes out whole. */
static void
large_files_are_rewritten_in_pieces(void **state)
{
	enum { COUNT = 30000 };
	rk_envelope *before, *after;
	rk_targets_iter iter;
	rk_target *target = NULL;
	size_t seen = 0;
	rk_text *text = NULL;
	RK_AUTO_BUF(file);
	RK_AUTO_BUF(out);

	(void)state;
	rk_buf_text(&file,
	    "{\"signed\":{\"_type\":\"targets\",\"expires\":\"2027-12-01T00:00:00Z\","
	    "\"targets\":{\n");
	for (int i = 0; i < COUNT; i++)
		rk_buf_printf(&file, "%s\"f/%07d\" :" ENTRY("1"), i ? ",\n\n" : "", 2 * i);
	rk_buf_text(&file, "  },\"version\":1},\"signatures\":[]}");
	assert_ok(rewrite(
	    rk_buf_str(&file), EDITS("+f/0029999", "-f/0040000", "-f/0059998"), NULL, &out));
	/* One entry less, and the white space around the three places. */
	assert_int_equal(out.len, file.len - strlen("\"f/0000000\" :" ENTRY("1")) - 12);
	assert_ok(rk_text_take(&out, &text));
	before = open_text(rk_buf_str(&file));
	after = rk_tuf_maker_open(text, "next");
	assert_int_equal(rk_targets_count(before), COUNT);
	assert_int_equal(rk_targets_count(after), COUNT - 1);
	assert_ok(rk_targets_check(after));
	for (iter = rk_targets_each(after);; rk_target_free(target), seen++) {
		assert_ok(rk_targets_next(&iter, &target));
		if (!target)
			break;
	}
	assert_int_equal(seen, COUNT - 1);
	assert_error(rk_targets_find(after, "f/0040000", &target), RK_E_NOT_FOUND);
	assert_ok(rk_targets_find(after, "f/0029999", &target));
	assert_int_equal(target->length, 5);
	rk_target_free(target);
	rk_envelope_free(before);
	rk_envelope_free(after);
}

static void
custom_travels_with_its_target(void **state)
{
	rk_envelope *envelope = open_text(FILE_OF(""));
	rk_target *target = new_target("a", 5, "{\"y\":{\"z\":1},\"x\":\"…\"}"), *read = NULL;
	struct rk_target_edit item = {target, false};
	rk_target_edit_list list;
	struct rk_targets_change change = {
	    .version = 2, .keep_expires = true, .edits = &list.edits};
	rk_text *text = NULL;
	RK_AUTO_BUF(out);

	(void)state;
	assert_ok(rk_target_edit_list_init(&list, &item, 1));
	assert_ok(rk_targets_rewrite(envelope, &change, rk_sink_buf(&out), NULL));
	rk_envelope_free(envelope);
	assert_ok(rk_text_take(&out, &text));
	envelope = rk_tuf_maker_open(text, "next");
	assert_ok(rk_targets_find(envelope, "a", &read));
	assert_string_equal(read->custom, target->custom);
	rk_target_free(read);
	rk_target_free(target);
	rk_envelope_free(envelope);
}

static rk_error *
full(void *context, const void *bytes, size_t len)
{
	(void)context, (void)bytes, (void)len;
	return rk_fail(RK_E_IO, NULL, "the disk is full");
}

static void
a_sink_that_fails_ends_the_rewrite(void **state)
{
	rk_envelope *envelope = open_text(FILE_OF(TARGET("a", "1")));
	struct rk_targets_change change = {.version = 2, .keep_expires = true};

	(void)state;
	assert_error(rk_targets_rewrite(envelope, &change, (rk_sink){full, NULL}, NULL), RK_E_IO);
	rk_envelope_free(envelope);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    spec(a_target_is_added_in_its_place),
	    spec(a_target_is_replaced_where_it_stands),
	    spec(a_target_is_taken_out_with_its_comma),
	    spec(what_was_done_is_counted),
	    spec(removing_what_is_not_there_is_an_error),
	    spec(a_name_that_nobody_could_fetch_is_not_added),
	    spec(an_unsorted_file_comes_out_sorted),
	    spec(the_rest_of_the_file_stays_byte_for_byte),
	    spec(a_file_in_lines_goes_on_in_lines),
	    spec(renewing_changes_version_and_expiry_of_any_role),
	    spec(delegations_are_added_and_replaced),
	    spec(edits_out_of_order_are_our_own_defect),
	    spec(of_two_edits_of_one_name_the_later_counts),
	    spec(an_entry_that_no_client_reads_is_mended_by_putting_it_again),
	    spec(a_file_without_targets_cannot_be_edited),
	    spec(large_files_are_rewritten_in_pieces),
	    spec(custom_travels_with_its_target),
	    spec(a_sink_that_fails_ends_the_rewrite),
	};

	return cmocka_run_group_tests_name("targets rewrite", tests, NULL, NULL);
}
