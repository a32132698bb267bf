#include "support/spec.h"
#include "support/tuf_maker.h"

#include <string.h>

#define KEY "{\"keytype\":\"ecdsa\",\"keyval\":{\"private\":null,\"public\":\"AAAA\"}}"
#define SIGS "\"signatures\":[{\"keyid\":\"ab\",\"method\":\"ecdsa\",\"sig\":\"AAAA\"}]"
#define ROLE "{\"keyids\":[\"ab\"],\"threshold\":1}"
#define ROOT                                                                                       \
	"{\"signed\":{\"_type\":\"Root\",\"consistent_snapshot\":false,\"expires\":\"2036-"        \
	"11-20T03:06:49Z\",\"keys\":{\"ab\":" KEY ",\"cd\":" KEY "},\"roles\":{\"root\":" ROLE     \
	",\"snapshot\":" ROLE ",\"targets\":" ROLE ",\"timestamp\":" ROLE "},\"version\":1}," SIGS \
	"}"
#define HASHES "\"hashes\":{\"sha256\":\"AAAA\",\"sha512\":\"AAA=\"}"
#define TARGETS                                                                                    \
	"{\"signed\":{\"_type\":\"Targets\",\"delegations\":{\"keys\":{\"ab\":" KEY                \
	"},\"roles\":[{\"keyids\":[\"ab\"],\"name\":\"targets/releases\",\"paths\":[\"\"],\""      \
	"threshold\":1},{\"keyids\":null,\"name\":\"targets/"                                      \
	"bob\",\"threshold\":1}]},\"expires\":\""                                                  \
	"2036-11-20T12:05:19.883009482+09:00\",\"targets\":{\"a\\u003cb\\u003e\\u0026\\\"q\\\\\":" \
	"{" HASHES ",\"length\":1},\"v1\":{\"custom\":{\"a\":[null,true,-1],\"b\":{}}," HASHES     \
	",\"length\":6}},\"version\":2}," SIGS "}"
#define SNAPSHOT                                                                                  \
	"{\"signed\":{\"_type\":\"Snapshot\",\"expires\":\"2036-11-20T03:06:49.1Z\",\"meta\":{\"" \
	"root\":{" HASHES ",\"length\":3},\"targets\":{" HASHES                                   \
	",\"length\":3}},\"version\":2}," SIGS "}"

static rk_error *
exact(const char *bytes, size_t len)
{
	RK_AUTO(rk_envelope) envelope = NULL;
	rk_text *text = NULL;

	assert_ok(rk_text_copy(bytes, len, &text));
	assert_ok(rk_envelope_open(NULL, text, "test.json", &envelope));
	assert_ptr_equal(envelope->dialect, &rk_dialect_notary);
	return rk_dialect_notary.exact(envelope);
}

/* `text` with its first `from` turned into `to`. */
static char *
altered(const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);
	char *result = NULL;

	assert_non_null(at);
	assert_ok(rk_strdupf(&result, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from)));
	return result;
}

/* A text that was exact, with one thing in it changed, and what is said of it. */
struct trap {
	const char *from, *to, *says;
};

static void
check_traps(const char *text, const struct trap *traps, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		RK_AUTO(rk_str) bad = altered(text, traps[i].from, traps[i].to);
		rk_error *err = exact(bad, strlen(bad));

		if (!err)
			fail_msg("taken: %s", bad);
		if (!strstr(rk_error_message(err), traps[i].says))
			fail_msg("%s does not say %s", rk_error_message(err), traps[i].says);
		assert_error(err, RK_E_REFUSED);
	}
}
#define check(text, traps) check_traps((text), (traps), sizeof(traps) / sizeof((traps)[0]))

static void
what_notary_writes_is_exact(void **state)
{
	static const char *const texts[] = {ROOT, TARGETS, SNAPSHOT};

	(void)state;
	for (size_t i = 0; i < 3; i++)
		assert_ok(exact(texts[i], strlen(texts[i])));
}

static void
the_frame_is_one_line_with_signed_first(void **state)
{
	static const struct trap traps[] = {
	    {"{\"signed\"", "{ \"signed\"", "line 1, column 2: white space"},
	    {"{\"signed\"", "\n{\"signed\"", "line 1, column 1: white space"},
	    {"\"version\":1", "\n\"version\":1", "(in 'threshold'): white space"},
	    {"\"version\":1", "\"version\": 1", "(in 'version'): white space"},
	    {"\"AAAA\"}]}", "\"AAAA\"}]}\n", "a newline at the end"},
	    {"\"AAAA\"}]}", "\"AAAA\"}]} ", "something follows the end"},
	    {"\"AAAA\"}]}", "\"AAAA\"}],\"x\":1}", "(in 'x'): this member is none that Notary has"},
	    {"\"sig\":\"AAAA\"", "\"sig\":\"AAAA\",\"signature\":1",
		"(in 'signature'): this member is none"},
	};
	static const char swapped[] =
	    "{" SIGS ",\"signed\":{\"_type\":\"Snapshot\",\"expires\":\"2036-11-20T03:06:49Z\","
	    "\"meta\":{},\"version\":2}}";
	rk_error *err = exact(swapped, sizeof(swapped) - 1);

	(void)state;
	check(ROOT, traps);
	assert_non_null(strstr(rk_error_message(err), "the member 'signed' is missing here"));
	assert_error(err, RK_E_REFUSED);
}

static void
signatures_are_as_go_writes_them(void **state)
{
	static const struct trap traps[] = {
	    {"\"method\":\"ecdsa\"", "\"method\":\"ECDSA\"", "methods in small letters"},
	    {"\"method\":\"ecdsa\",", "", "the member 'method' is missing here"},
	    {"\"keyid\":\"ab\",\"method\":\"ecdsa\"", "\"method\":\"ecdsa\",\"keyid\":\"ab\"",
		"the member 'keyid' is missing here"},
	    {"\"sig\":\"AAAA\"", "\"sig\":\"AAB=\"", "not base64"},
	    {"\"sig\":\"AAAA\"", "\"sig\":\"AAA\"", "not base64"},
	};

	(void)state;
	check(SNAPSHOT, traps);
}

static void
a_root_has_no_more_and_no_less(void **state)
{
	static const struct trap traps[] = {
	    {",\"version\":1", ",\"spec_version\":\"1.0\",\"version\":1",
		"(in 'spec_version'): this member is none"},
	    {"\"consistent_snapshot\":false,", "", "'consistent_snapshot' is missing"},
	    {"\"consistent_snapshot\":false", "\"consistent_snapshot\":null", "true or false"},
	    {"\"private\":null", "\"private\":\"AAAA\"", "(in 'private'): Notary writes null"},
	    {"\"private\":null,", "", "'private' is missing"},
	    {"\"private\":null,\"public\":\"AAAA\"", "\"public\":\"AAAA\",\"private\":null",
		"'private' is missing"},
	    {"\"public\":\"AAAA\"", "\"public\":\"AAAA\",\"x\":1", "this member is none"},
	    {"\"keytype\":\"ecdsa\"", "\"keytype\":\"ecdsa\",\"scheme\":\"x\"",
		"(in 'scheme'): this member is none"},
	    {"\"cd\":", "\"aa\":", "(in 'aa'): the names are not in ascending order"},
	    {"\"threshold\":1", "\"threshold\":1,\"x\":2", "this member is none"},
	    {"06:49Z", "06:49.100Z", "writes times with no 0"},
	    {"06:49Z", "06:49+00:00", "UTC as Z"},
	    {"06:49Z", "06:49.1234567891Z", "writes times"},
	    {"06:49Z", "06:49.000Z", "writes times"},
	};

	(void)state;
	check(ROOT, traps);
}

static void
targets_have_no_more_and_no_less(void **state)
{
	static const struct trap traps[] = {
	    {"\"paths\":[\"\"]", "\"paths\":[]", "leaves paths out"},
	    {"\"paths\":[\"\"]", "\"paths\":null", "leaves paths out"},
	    {"\"threshold\":1}", "\"terminating\":false,\"threshold\":1}",
		"(in 'terminating'): this member is none"},
	    {"\"threshold\":1}", "\"threshold\":1,\"terminating\":true}", "this member is none"},
	    {"\"keyids\":[\"ab\"],\"name\":\"targets/releases\"",
		"\"name\":\"targets/releases\",\"keyids\":[\"ab\"]", "'keyids' is missing"},
	    {"\"custom\":{\"a\":[null,true,-1],\"b\":{}}", "\"custom\":null", "leaves custom out"},
	    {"{\"a\":[null,true,-1],\"b\":{}}", "{\"b\":{},\"a\":1}", "not in ascending order"},
	    {"{\"a\":[null,true,-1],\"b\":{}}", "{\"b\": {}}", "white space"},
	    {"\"sha256\":\"AAAA\",\"sha512\":\"AAA=\"", "\"sha512\":\"AAA=\",\"sha256\":\"AAAA\"",
		"(in 'sha256'): the names are not in ascending order"},
	    {"\"sha256\":\"AAAA\"", "\"sha256\":null", "a string is expected"},
	    {"\"length\":1", "\"length\":1,\"x\":1", "this member is none"},
	    {"\\u003c", "<", "'<', '>' and '&'"},
	    {"\\u003e", ">", "'<', '>' and '&'"},
	    {"\\u0026", "&", "'<', '>' and '&'"},
	    {"\\u003c", "\\u003C", "an escape"},
	    {"\\u003c", "\\n", "an escape"},
	    {"\\u003c", "\\/", "an escape"},
	    {"\\u003c", "\xe2\x80\xa8", "separator"},
	    {"\"v1\"", "\"a\"", "not in ascending order"},
	};

	(void)state;
	check(TARGETS, traps);
}

static void
delegations_are_never_left_out(void **state)
{
	static const char text[] =
	    "{\"signed\":{\"_type\":\"Targets\",\"delegations\":{\"keys\":{},\"roles\":[]},"
	    "\"expires\":\"2036-11-20T03:06:49Z\",\"targets\":{},\"version\":2},\"signatures\":[]}";
	static const struct trap traps[] = {
	    {"\"delegations\":{\"keys\":{},\"roles\":[]},", "", "'delegations' is missing"},
	    {"{\"keys\":{},\"roles\":[]}", "{\"keys\":null,\"roles\":null}",
		"an object is expected"},
	    {"{\"keys\":{},\"roles\":[]}", "{}", "'keys' is missing"},
	    {"{\"keys\":{},\"roles\":[]}", "null", "an object is expected"},
	    {"\"roles\":[]", "\"roles\":null", "an array is expected"},
	};

	(void)state;
	assert_ok(exact(text, sizeof(text) - 1));
	check(text, traps);
}

static void
what_the_server_published_is_exact(void **state)
{
	static const char *const names[] = {"local-ed25519/1.root.json",
	    "local-ed25519/targets.json", "local-ed25519/targets_releases.json",
	    "local-ed25519/snapshot.json", "local-ed25519/timestamp.json", "rotated/1.root.json",
	    "rotated/2.root.json", "rotated/3.root.json", "rotated/4.root.json",
	    "rotated/5.root.json", "rotated/root.json", "rotated/targets.json",
	    "rotated/2.targets.json", "rotated/targets_releases.json", "rotated/snapshot.json",
	    "rotated/timestamp.json"};

	(void)state;
	(void)rk_tuf_maker_fixtures(); /* a test that is skipped leaves at once */
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		RK_AUTO(rk_str) path = NULL;

		assert_ok(rk_strdupf(&path, "notary/%s", names[i]));
		rk_text *text = rk_tuf_maker_fixture(path);
		assert_ok(exact(text->data, text->len));
		rk_text_free(text);
	}
}

static void
both_dialects_are_told_apart_by_what_a_file_says(void **state)
{
	const rk_dialect *dialect = NULL;

	(void)state;
	assert_ok(rk_dialect_by_name("notary", &dialect));
	assert_ptr_equal(dialect, &rk_dialect_notary);
	for (int kind = 0; kind < RK_ROLE_TOP_COUNT; kind++) {
		const rk_dialect *const dialects[] = {&rk_dialect_tuf, &rk_dialect_notary};

		for (size_t i = 0; i < 2; i++) {
			RK_AUTO(rk_str) text = NULL;
			rk_json file;

			assert_ok(rk_strdupf(&text, "{\"signed\":{\"_type\":\"%s\"}}",
			    dialects[i]->type_name[kind]));
			assert_ok(rk_scan_bytes(text, strlen(text), "test", &file));
			assert_ok(rk_dialect_detect(&file, "test", &dialect));
			assert_ptr_equal(dialect, dialects[i]);
		}
	}
}

int
main(void)
{
	static const struct CMUnitTest specs[] = {
	    spec(both_dialects_are_told_apart_by_what_a_file_says),
	    spec(what_notary_writes_is_exact),
	    spec(the_frame_is_one_line_with_signed_first),
	    spec(signatures_are_as_go_writes_them),
	    spec(a_root_has_no_more_and_no_less),
	    spec(targets_have_no_more_and_no_less),
	    spec(delegations_are_never_left_out),
	    spec(what_the_server_published_is_exact),
	};

	return cmocka_run_group_tests(specs, NULL, NULL);
}
