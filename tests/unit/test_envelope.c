#include "support/folder.h"
#include "support/spec.h"
#include "support/tuf_maker.h"

#include <stdlib.h>
#include <string.h>

#define SIGNED                                                                           \
	"{\"_type\":\"timestamp\",\"expires\":\"2027-12-01T00:00:00Z\",\"meta\":{\"snap" \
	"shot.json\":{\"version\":1}},\"version\":3}"
#define FILE_WITH(sigs) "{\"signed\":" SIGNED ",\"signatures\":[" sigs "]}"

static rk_envelope *
open_text(const char *text)
{
	return rk_tuf_maker_open(rk_tuf_maker_text(text), "timestamp.json");
}

static rk_error *
try_text(const char *text)
{
	rk_envelope *envelope = NULL;
	rk_error *err = rk_envelope_open(NULL, rk_tuf_maker_text(text), "x.json", &envelope);

	rk_envelope_free(envelope);
	return err;
}

static void
a_file_says_its_kind_version_and_expiry(void **state)
{
	rk_envelope *envelope = NULL;

	(void)state;
	assert_ok(rk_envelope_open(NULL, rk_tuf_maker_text(FILE_WITH("")), "t.json", &envelope));
	assert_ptr_equal(envelope->dialect, &rk_dialect_tuf);
	assert_int_equal(envelope->kind, RK_ROLE_TIMESTAMP);
	assert_int_equal(envelope->version, 3);
	assert_string_equal(envelope->expires_text, "2027-12-01T00:00:00Z");
	assert_true(envelope->expires_portable);
	assert_int_equal(envelope->sig_count, 0);
	assert_ok(rk_envelope_portable(envelope));
	rk_envelope_free(envelope);
}

static void
what_is_no_metadata_is_malformed(void **state)
{
	static const char *const bad[] = {
	    "",
	    "[]",
	    "{}",
	    "{\"signed\":[],\"signatures\":[]}",
	    "{\"signed\":" SIGNED "}",
	    "{\"signed\":" SIGNED ",\"signatures\":{}}",
	    "{\"signed\":" SIGNED ",\"signatures\":[],\"signatures\":[]}",
	    "{\"signed\":" SIGNED ",\"signatures\":[1]}",
	    "{\"signed\":{\"_type\":\"mirror\",\"expires\":\"2027-12-01T00:00:00Z\","
	    "\"version\":1},\"signatures\":[]}",
	    "{\"signed\":{\"_type\":\"root\",\"expires\":\"2027-12-01T00:00:00Z\"},"
	    "\"signatures\":[]}",
	    "{\"signed\":{\"_type\":\"root\",\"expires\":\"2027-12-01T00:00:00Z\",\"version\":0},"
	    "\"signatures\":[]}",
	    "{\"signed\":{\"_type\":\"root\",\"expires\":\"tomorrow\",\"version\":1},"
	    "\"signatures\":[]}",
	    "{\"signed\":{\"_type\":\"root\",\"version\":1},\"signatures\":[]}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_error(try_text(bad[i]), RK_E_MALFORMED);
}

static void
signatures_by_the_thousand_are_too_many(void **state)
{
	RK_AUTO_BUF(file);

	(void)state;
	rk_buf_text(&file, "{\"signed\":" SIGNED ",\"signatures\":[{}");
	for (int i = 0; i < 5000; i++)
		rk_buf_text(&file, ",{}");
	rk_buf_text(&file, "]}");
	assert_error(try_text(rk_buf_str(&file)), RK_E_LIMIT);
}

static void
odd_signatures_are_kept_and_told_apart(void **state)
{
	rk_envelope *envelope =
	    open_text(FILE_WITH("{\"keyid\":\"a\",\"sig\":\"00ff\"},{\"keyid\":\"b\",\"sig\":\"\"},"
				"{\"keyid\":\"c\",\"sig\":\"zz\"},{\"keyid\":\"a\",\"sig\":\"01\"},"
				"{\"sig\":7},{\"keyid\":\"d\"}"));

	(void)state;
	assert_int_equal(envelope->sig_count, 6);
	assert_int_equal(envelope->sigs[0].len, 2);
	assert_true(envelope->sigs[1].empty && !envelope->sigs[1].bytes);
	assert_true(envelope->sigs[2].undecodable);
	assert_true(envelope->sigs[3].duplicate && !envelope->sigs[0].duplicate);
	assert_true(envelope->sigs[4].undecodable);
	assert_string_equal(envelope->sigs[4].keyid, "");
	assert_true(envelope->sigs[5].undecodable && envelope->sigs[5].sig_span.len == 0);
	assert_ptr_equal(rk_envelope_sig_by_id(envelope, "a"), &envelope->sigs[0]);
	assert_null(rk_envelope_sig_by_id(envelope, "e"));
	rk_envelope_free(envelope);
}

/* Whatever the file looks like, what is signed is the same. */
static void
the_payload_is_canonical_whatever_the_file_looks_like(void **state)
{
	rk_envelope *line = open_text(FILE_WITH(""));
	rk_envelope *lines = open_text(
	    "{ \"signatures\": [],\n  \"signed\": {\n    \"version\": 3,\n    \"meta\": {"
	    "\"snapshot.json\": { \"version\": 1 } },\n    \"_type\": \"timesta\\u006dp\",\n"
	    "    \"expires\": \"2027-12-01T00:00:00Z\" } }\n");
	const rk_payload *payload = NULL;
	uint8_t one[RK_SHA256_SIZE], other[RK_SHA256_SIZE];
	RK_AUTO_BUF(out);

	(void)state;
	assert_ok(rk_envelope_sha256(line, one));
	assert_ok(rk_envelope_sha256(lines, other));
	assert_memory_equal(one, other, sizeof(one));
	rk_sha256(SIGNED, strlen(SIGNED), other);
	assert_memory_equal(one, other, sizeof(one));
	assert_ok(rk_envelope_write_payload(lines, rk_sink_buf(&out)));
	assert_string_equal(rk_buf_str(&out), SIGNED);
	/* Asked for more, it knows more, and nothing less. */
	assert_ok(rk_envelope_payload(lines, 1u << RK_HASH_SHA384, false, &payload));
	assert_ok(rk_envelope_payload(lines, 1u << RK_HASH_SHA512, true, &payload));
	assert_true(payload->have & 1u << RK_HASH_SHA384 && payload->whole);
	assert_memory_equal(payload->sha256, one, sizeof(one));
	assert_int_equal(payload->bytes.len, strlen(SIGNED));
	rk_envelope_free(line);
	rk_envelope_free(lines);
}

static void
splice(const char *file, const struct rk_new_sig *sigs, size_t count, const char *const *drop,
    const char *want)
{
	rk_envelope *envelope = open_text(file);
	RK_AUTO_BUF(out);

	assert_ok(rk_envelope_splice(envelope, sigs, count, drop, rk_sink_buf(&out)));
	assert_string_equal(rk_buf_str(&out), want);
	rk_envelope_free(envelope);
}

static const rk_scheme ed25519 = {"ed25519", RK_FAMILY_ED25519, RK_HASH_NONE, RK_SIG_RAW, 0};

static void
a_signature_is_put_in_and_all_other_bytes_stay(void **state)
{
	const struct rk_new_sig sig = {"b", &ed25519, "\x01\x02", 2};
	const char *const drop[] = {"a", NULL};

	(void)state;
	splice(FILE_WITH(""), &sig, 1, NULL, FILE_WITH("{\"keyid\":\"b\",\"sig\":\"0102\"}"));
	splice(FILE_WITH("{\"keyid\":\"a\",\"sig\":\"\"}"), &sig, 1, NULL,
	    FILE_WITH("{\"keyid\":\"a\",\"sig\":\"\"},{\"keyid\":\"b\",\"sig\":\"0102\"}"));
	splice(FILE_WITH("{\"keyid\":\"a\",\"sig\":\"\"}"), &sig, 1, drop,
	    FILE_WITH("{\"keyid\":\"b\",\"sig\":\"0102\"}"));
	/* One of that id is replaced where it stands, other members and spaces with it. */
	splice(FILE_WITH("{ \"sig\" : \"ff\" , \"x\":1,\"keyid\":\"b\" },{\"keyid\":\"c\"}"), &sig,
	    1, NULL,
	    FILE_WITH("{ \"sig\" : \"0102\" , \"x\":1,\"keyid\":\"b\" },{\"keyid\":\"c\"}"));
	/* Two of one id would be refused: the second goes. */
	splice(FILE_WITH("{\"keyid\":\"b\",\"sig\":\"00\"},{\"keyid\":\"b\",\"sig\":\"01\"}"), &sig,
	    1, NULL, FILE_WITH("{\"keyid\":\"b\",\"sig\":\"0102\"}"));
	splice("{\"x\" : [ ], \"signatures\":[ ] ,\r\n\"signed\": " SIGNED " }\n\n", &sig, 1, NULL,
	    "{\"x\" : [ ], \"signatures\":[{\"keyid\": \"b\", \"sig\": \"0102\"}] "
	    ",\r\n\"signed\": " SIGNED " }\n\n");
}

static void
a_signature_is_written_in_the_files_own_style(void **state)
{
	const struct rk_new_sig sig = {"b", &ed25519, "\x01\x02", 2};

	(void)state;
	splice("{\n \"signatures\": [],\n \"signed\": {\n  \"_type\": \"timestamp\",\n"
	       "  \"expires\": \"2027-12-01T00:00:00Z\",\n  \"version\": 1\n }\n}\n",
	    &sig, 1, NULL,
	    "{\n \"signatures\": [\n  {\n   \"keyid\": \"b\",\n   \"sig\": \"0102\"\n  }\n ],\n"
	    " \"signed\": {\n  \"_type\": \"timestamp\",\n"
	    "  \"expires\": \"2027-12-01T00:00:00Z\",\n  \"version\": 1\n }\n}\n");
}

static void
what_is_composed_must_be_portable(void **state)
{
	rk_node *node = rk_node_new_object();
	rk_text *text = NULL;

	(void)state;
	assert_ok(rk_node_put_text(node, "name", "e\xcc\x81"));
	assert_error(rk_envelope_compose(&rk_dialect_tuf, node, NULL, &text), RK_E_REFUSED);
	assert_ok(rk_node_put_text(node, "name", "\xc3\xa9"));
	assert_ok(rk_envelope_compose(&rk_dialect_tuf, node, NULL, &text));
	rk_text_free(text);
	rk_node_free(node);
}

static void
what_not_every_client_canonicalises_alike_is_found(void **state)
{
	rk_envelope *envelope = open_text(
	    "{\"signed\":{\"_type\":\"root\",\"expires\":\"2027-12-01T00:00:00Z\",\"version\":1,"
	    "\"x\":\"\\u0007\"},\"signatures\":[]}");

	(void)state;
	assert_error(rk_envelope_portable(envelope), RK_E_REFUSED);
	rk_envelope_free(envelope);
}

static rk_error *
full(void *context, const void *bytes, size_t len)
{
	(void)context, (void)bytes, (void)len;
	return rk_fail(RK_E_IO, NULL, "the disk is full");
}

static void
a_sink_that_fails_ends_the_writing(void **state)
{
	rk_envelope *envelope = open_text(FILE_WITH(""));

	(void)state;
	assert_error(rk_envelope_splice(envelope, NULL, 0, NULL, (rk_sink){full, NULL}), RK_E_IO);
	assert_error(rk_envelope_write_payload(envelope, (rk_sink){full, NULL}), RK_E_IO);
	rk_envelope_free(envelope);
}

static void
a_file_is_opened_by_its_path(void **state)
{
	const char *folder = *state;
	rk_envelope *envelope = NULL;
	rk_hashes hashes;
	uint8_t digest[RK_SHA256_SIZE];

	rk_folder_write(folder, "t.json", FILE_WITH(""));
	assert_ok(rk_envelope_open_path(NULL, rk_folder_path(folder, "t.json"), &envelope));
	assert_ok(rk_envelope_file_hashes(envelope, 1u << RK_HASH_SHA256, &hashes));
	rk_sha256(FILE_WITH(""), strlen(FILE_WITH("")), digest);
	assert_memory_equal(hashes.value[RK_HASH_SHA256], digest, sizeof(digest));
	rk_envelope_free(envelope);
	assert_error(rk_envelope_open_path(NULL, rk_folder_path(folder, "u.json"), &envelope),
	    RK_E_NOT_FOUND);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    spec(a_file_says_its_kind_version_and_expiry),
	    spec(what_is_no_metadata_is_malformed),
	    spec(signatures_by_the_thousand_are_too_many),
	    spec(odd_signatures_are_kept_and_told_apart),
	    spec(the_payload_is_canonical_whatever_the_file_looks_like),
	    spec(a_signature_is_put_in_and_all_other_bytes_stay),
	    spec(a_signature_is_written_in_the_files_own_style),
	    spec(what_is_composed_must_be_portable),
	    spec(what_not_every_client_canonicalises_alike_is_found),
	    spec(a_sink_that_fails_ends_the_writing),
	    cmocka_unit_test_setup_teardown(
		a_file_is_opened_by_its_path, rk_folder_new, rk_folder_remove),
	};

	return cmocka_run_group_tests_name("envelope", tests, NULL, NULL);
}
