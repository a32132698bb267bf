#include "support/spec.h"
#include "support/tuf_maker.h"

#include <stdlib.h>
#include <string.h>

#define SIGNED                                                                    \
	"{\"_type\":\"targets\",\"delegations\":{\"keys\":{},\"roles\":[]},"      \
	"\"expires\":\"2027-12-01T00:00:00Z\",\"spec_version\":\"1.0.31\",\"targ" \
	"ets\":{},\"version\":3}"
#define LAST(sigs) "{\"signed\":" SIGNED ",\"signatures\":[" sigs "]}\n"
#define FIRST(sigs) "{\"signatures\":[" sigs "],\"signed\":" SIGNED "}"

static rk_envelope *
open_text(const char *text)
{
	return rk_tuf_maker_open(rk_tuf_maker_text(text), "targets.json");
}

static void
assert_span(const rk_envelope *envelope, const rk_json *span, const rk_json *want)
{
	assert_int_equal(span->len, want->len);
	if (span->len == 0)
		return;
	assert_true(span->text >= envelope->text->data);
	assert_true(span->text + span->len <= envelope->text->data + envelope->text->len);
	assert_memory_equal(span->text, want->text, span->len);
	assert_ptr_equal(span->source, envelope->text);
	assert_int_equal(span->kind, want->kind);
	assert_int_equal(span->unsorted, want->unsorted);
	assert_int_equal(span->loose, want->loose);
}

/* As if it had been read from its first byte on. */
static void
assert_as_read(rk_envelope *envelope)
{
	RK_AUTO_BUF(bytes);
	rk_envelope *read;
	uint8_t known[RK_SHA256_SIZE], fresh[RK_SHA256_SIZE];

	rk_buf_append(&bytes, envelope->text->data, envelope->text->len);
	read = open_text(rk_buf_str(&bytes));
	assert_span(envelope, &envelope->signed_span, &read->signed_span);
	assert_span(envelope, &envelope->type_span, &read->type_span);
	assert_span(envelope, &envelope->version_span, &read->version_span);
	assert_span(envelope, &envelope->expires_span, &read->expires_span);
	assert_span(envelope, &envelope->targets_span, &read->targets_span);
	assert_span(envelope, &envelope->delegations_span, &read->delegations_span);
	assert_int_equal(envelope->sig_count, read->sig_count);
	for (size_t i = 0; i < read->sig_count; i++)
		assert_string_equal(envelope->sigs[i].keyid, read->sigs[i].keyid);
	assert_int_equal(envelope->version, 3);
	assert_int_equal(envelope->kind, RK_ROLE_TARGETS);
	assert_ok(rk_envelope_sha256(envelope, known));
	assert_ok(rk_envelope_sha256(read, fresh));
	assert_memory_equal(known, fresh, sizeof(known));
	rk_envelope_free(read);
}

static rk_error *
follow(rk_envelope *before, const char *text, rk_envelope **ret_envelope)
{
	return rk_envelope_open_spliced(before, rk_tuf_maker_text(text), ret_envelope);
}

static void
other_signatures_leave_all_else_known(void **state)
{
	static const char *const pairs[][2] = {
	    {LAST(""), LAST("{\"keyid\":\"k\",\"sig\":\"00\"}")},
	    {LAST("{\"keyid\":\"k\",\"sig\":\"00\"}"), LAST("")},
	    {FIRST(""), FIRST("{\"keyid\":\"k\",\"sig\":\"00\"},{\"keyid\":\"l\",\"sig\":\"01\"}")},
	    {FIRST("{\"keyid\":\"k\",\"sig\":\"00\"}"), FIRST("")},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		rk_envelope *before = open_text(pairs[i][0]), *after = NULL;
		const rk_payload *payload;
		uint8_t sha256[RK_SHA256_SIZE];

		/* Half of the time there is a digest to take over, and bytes. */
		if (i % 2 == 0)
			assert_ok(rk_envelope_payload(before, 0, true, &payload));
		assert_ok(follow(before, pairs[i][1], &after));
		assert_as_read(after);
		assert_ok(rk_envelope_payload(after, 1u << RK_HASH_SHA384, true, &payload));
		assert_true(payload->whole);
		/* The old one is still of use. */
		assert_ok(rk_envelope_sha256(before, sha256));
		assert_memory_equal(sha256, payload->sha256, sizeof(sha256));
		assert_ok(rk_envelope_payload(before, 0, true, &payload));
		assert_int_equal(payload->bytes.len, payload->len);
		rk_envelope_free(before);
		assert_as_read(after);
		rk_envelope_free(after);
	}
}

static void
a_text_that_differs_elsewhere_is_not_believed(void **state)
{
	static const char *const others[] = {
	    "",
	    "{}",
	    "{\"signed\":" SIGNED ",\"signatures\":[]}",
	    "{\"signed\":" SIGNED ",\"signatures\":[]}\n\n",
	    "{\"Signed\":" SIGNED ",\"signatures\":[]}\n",
	    "{\"signed\":" SIGNED ",\"signatures\":{}}\n",
	    "{\"signed\":" SIGNED ",\"signatures\":1}\n",
	};
	rk_envelope *before = open_text(LAST("")), *after = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_error(follow(before, others[i], &after), RK_E_UNTRUSTED);
	/* What stands for the signatures is read as strictly as ever. */
	assert_error(
	    follow(before, "{\"signed\":" SIGNED ",\"signatures\":[1]}\n", &after), RK_E_MALFORMED);
	assert_error(
	    follow(before, "{\"signed\":" SIGNED ",\"signatures\":[],\"signed\":[]}\n", &after),
	    RK_E_MALFORMED);
	assert_null(after);
	rk_envelope_free(before);
}

static void
a_shared_envelope_goes_with_its_last_owner(void **state)
{
	rk_envelope *envelope = open_text(LAST("")), *second = rk_envelope_share(envelope);

	(void)state;
	rk_envelope_free(envelope);
	assert_int_equal(second->version, 3);
	rk_envelope_free(second);
}

static void
the_hashes_of_a_file_are_taken_once_and_grow(void **state)
{
	rk_envelope *envelope = open_text(LAST(""));
	rk_hashes hashes;
	uint8_t sha256[RK_SHA256_SIZE], noted[RK_SHA256_SIZE] = {1};

	(void)state;
	rk_sha256(envelope->text->data, envelope->text->len, sha256);
	assert_ok(rk_envelope_file_hashes(envelope, 1u << RK_HASH_SHA512, &hashes));
	assert_int_equal(hashes.have, 1u << RK_HASH_SHA512);
	assert_ok(rk_envelope_file_hashes(envelope, 1u << RK_HASH_SHA256, &hashes));
	assert_int_equal(hashes.have, 1u << RK_HASH_SHA256);
	assert_memory_equal(hashes.value[RK_HASH_SHA256], sha256, sizeof(sha256));
	rk_envelope_note_file_sha256(envelope, noted);
	assert_ok(rk_envelope_file_hashes(
	    envelope, 1u << RK_HASH_SHA256 | 1u << RK_HASH_SHA512, &hashes));
	assert_memory_equal(hashes.value[RK_HASH_SHA256], noted, sizeof(noted));
	rk_envelope_free(envelope);
}

/* More members than the scan has room to note. */
static void
a_file_with_many_members_is_found_out_all_the_same(void **state)
{
	rk_envelope *envelope;
	RK_AUTO_BUF(text);

	(void)state;
	rk_buf_text(&text, "{\"signed\":{");
	for (int i = 0; i < 100; i++)
		rk_buf_printf(&text, "\"x%d\":%d,", i, i);
	rk_buf_text(&text, "\"_type\":\"targets\",\"targets\":{},\"version\":7,"
			   "\"expires\":\"2027-12-01T00:00:00Z\"},\"signatures\":[]}");
	envelope = open_text(rk_buf_str(&text));
	assert_int_equal(envelope->version, 7);
	assert_int_equal(envelope->targets_span.len, 2);
	assert_ok(rk_targets_check(envelope));
	rk_envelope_free(envelope);
	/* Only what is directly in `signed` counts. */
	envelope = open_text("{\"a\":{\"version\":9},\"signed\":{\"_type\":\"targets\",\"b\":{"
			     "\"version\":8},\"expires\":\"2027-12-01T00:00:00Z\",\"targets\":{}"
			     ",\"version\":7},\"signatures\":[],\"z\":{\"version\":6}}");
	assert_int_equal(envelope->version, 7);
	rk_envelope_free(envelope);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    spec(other_signatures_leave_all_else_known),
	    spec(a_text_that_differs_elsewhere_is_not_believed),
	    spec(a_shared_envelope_goes_with_its_last_owner),
	    spec(the_hashes_of_a_file_are_taken_once_and_grow),
	    spec(a_file_with_many_members_is_found_out_all_the_same),
	};

	return cmocka_run_group_tests_name("envelope_spliced", tests, NULL, NULL);
}
