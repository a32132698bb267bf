#include "support/lint_scene.h"
#include "support/spec.h"

#include <stdlib.h>
#include <string.h>

#define PY RK_SCENE_PY
#define GO RK_SCENE_GO
#define TO RK_SCENE_TO
#define JS RK_SCENE_JS
#define ALL RK_SCENE_ALL

#define assert_finds(lint, rule, errors, warnings) \
	rk_lint_scene_finds(scene, lint, &(const rk_lint_rule){rule, errors, warnings, "", ""})

static rk_lint_scene *scene;

static int
begin(void **state)
{
	int failed = rk_lint_scene_new(state);

	scene = *state;
	return failed;
}

struct row {
	const char *rule;
	enum rk_scene_base base;
	const char *from, *to;
	unsigned errors, warnings;
};

static const struct row rows[] = {
    {"member-twice", RK_SCENE_ROOT, "{\"signed\":{", "{\"signed\":{\"version\":1,", TO,
	PY | GO | JS},
    {"not-strict-json", RK_SCENE_TIMESTAMP, "}}", "}", ALL, 0},
    {"number-float", RK_SCENE_TIMESTAMP, "\"version\":1}", "\"version\":1,\"x\":1.0}", PY | GO | TO,
	JS},
    {"number-float", RK_SCENE_TIMESTAMP, "\"version\":1}", "\"version\":1e1}", PY | GO | TO, JS},
    {"number-negative-zero", RK_SCENE_TIMESTAMP, "\"version\":1}", "\"version\":1,\"x\":-0}", TO,
	PY | GO | JS},
    {"number-large", RK_SCENE_TIMESTAMP, "\"version\":1}", "\"version\":9007199254740992}", JS, GO},
    {"number-large", RK_SCENE_TIMESTAMP, "\"version\":1}",
	"\"version\":1,\"x\":-18446744073709551616}", GO | TO | JS, 0},
    {"text-not-nfc", RK_SCENE_TARGETS, "\"a\":{", "\"e\xcc\x81\":{", TO, 0},
    {"member-order-quoted", RK_SCENE_TARGETS, "\"targets\":{",
	"\"x\":{\"a\":1,\"a b\":2},\"targets\":{", TO, 0},
    {"member-order-quoted", RK_SCENE_TARGETS, "\"targets\":{",
	"\"x\":{\"a#\":1,\"a\\\"\":2},\"targets\":{", TO, 0},
    {"member-order-utf16", RK_SCENE_TARGETS, "\"targets\":{",
	"\"x\":{\"\xef\xbc\x81\":1,\"\xf0\x9f\x98\x80\":2},\"targets\":{", JS, 0},
    {"text-control", RK_SCENE_TARGETS, "\"targets\":{", "\"x\":\"a\\tb\",\"targets\":{", 0, ALL},
    {"member-missing", RK_SCENE_ROOT, "\"signed\"", "\"unsigned\"", ALL, 0},
    {"member-missing", RK_SCENE_ROOT, "\"signatures\"", "\"signature\"", ALL, 0},
    {"member-missing", RK_SCENE_ROOT, "\"spec_version\"", "\"spec\"", ALL, 0},
    {"member-missing", RK_SCENE_ROOT, "\"roles\":{", "\"rolls\":{", ALL, 0},
    {"member-missing", RK_SCENE_TARGETS, "\"expires\":\"2028-01-01T00:00:00Z\"", "\"expires\":7",
	ALL, 0},
    {"member-missing", RK_SCENE_TIMESTAMP, "\"meta\":{", "\"mata\":{", ALL, 0},
    {"type-unexpected", RK_SCENE_ROOT, "\"_type\":\"root\"", "\"_type\":\"rood\"", ALL, 0},
    {"spec-version-form", RK_SCENE_ROOT, "\"1.0.31\"", "\"1.x\"", PY | JS, GO | TO},
    {"spec-version-form", RK_SCENE_ROOT, "\"1.0.31\"", "\"1\"", PY | JS, GO | TO},
    {"spec-version-major", RK_SCENE_ROOT, "\"1.0.31\"", "\"2.0\"", PY | JS, GO | TO},
    {"version-low", RK_SCENE_TIMESTAMP, "\"version\":1}", "\"version\":0}", PY | TO, GO | JS},
    {"expires-form", RK_SCENE_TIMESTAMP, "00:00:00Z", "00:00:00.123Z", PY, 0},
    {"expires-form", RK_SCENE_TIMESTAMP, "00:00:00Z", "00:00:00.1234Z", PY | TO, 0},
    {"expires-form", RK_SCENE_TIMESTAMP, "00:00:00Z", "00:00:00.100Z", PY | GO, 0},
    {"expires-form", RK_SCENE_TIMESTAMP, "00:00:00Z", "00:00:00+02:00", PY | TO, 0},
    {"expires-form", RK_SCENE_TIMESTAMP, "00:00:00Z", "00:00:00+00:00", PY | GO | TO, 0},
    {"expires-form", RK_SCENE_TIMESTAMP, "T00:00:00Z", "", PY | GO | TO, JS},
    {"expired", RK_SCENE_TIMESTAMP, "2028-", "2026-", ALL, 0},
    {"signature-form", RK_SCENE_TARGETS, "\"sig\":\"bb\"", "\"sig\":\"b\"", GO | TO, PY | JS},
    {"signature-form", RK_SCENE_TARGETS, "\"sig\":\"bb\"", "\"sog\":\"bb\"", PY | TO | JS, GO},
    {"signature-keyid-twice", RK_SCENE_TARGETS, "\"keyid\":\"ab\"", "\"keyid\":\"aa\"", ALL, 0},
    {"key-type-unknown", RK_SCENE_ROOT, "\"keytype\":\"ecdsa\"", "\"keytype\":\"ec\"",
	PY | GO | TO | JS, 0},
    {"key-ecdsa-p384", RK_SCENE_ROOT, "nistp256", "nistp384", GO | TO | PY | JS, 0},
    {"key-ml-dsa", RK_SCENE_ROOT, "\"keytype\":\"ecdsa\"", "\"keytype\":\"ml-dsa\"",
	PY | GO | TO | JS, 0},
    {"key-sigstore-oidc", RK_SCENE_ROOT, "\"keytype\":\"ecdsa\"", "\"keytype\":\"sigstore-oidc\"",
	PY | GO | TO | JS, 0},
    {"key-unreadable", RK_SCENE_ROOT, "BEGIN PUBLIC", "BEGIN PUPLIC", ALL, 0},
    {"key-unreadable", RK_SCENE_ROOT, "\"keys\":{", "\"keys\":{\"x\":7,", ALL, 0},
    {"key-id-not-computed", RK_SCENE_ROOT, "\"keytype\":\"ecdsa\"", "\"x\":1,\"keytype\":\"ecdsa\"",
	TO, 0},
    {"key-pem-newline", RK_SCENE_ROOT, "PUBLIC KEY-----\\n\"", "PUBLIC KEY-----\"", 0, PY | GO},
    {"role-form", RK_SCENE_ROOT, "\"threshold\":3", "\"threshold\":\"3\"", ALL, 0},
    {"threshold-zero", RK_SCENE_ROOT, "\"threshold\":3", "\"threshold\":0", ALL, 0},
    {"threshold-unreachable", RK_SCENE_ROOT, "\"threshold\":3", "\"threshold\":4", ALL, 0},
    {"root-role-missing", RK_SCENE_ROOT, "\"targets\":{", "\"mirrors\":{", ALL, 0},
    {"root-role-extra", RK_SCENE_ROOT, "\"targets\":{", "\"mirrors\":{", PY | TO, GO | JS},
    {"consistent-snapshot-missing", RK_SCENE_ROOT, "\"consistent_snapshot\":true,", "",
	GO | TO | JS, 0},
    {"delegations-form", RK_SCENE_TARGETS, "\"delegations\":{\"keys\"", "\"delegations\":{\"kees\"",
	ALL, 0},
    {"delegations-form", RK_SCENE_TARGETS, "\"roles\":[", "\"roles\":[7,", ALL, 0},
    {"delegation-name", RK_SCENE_TARGETS, "\"alice\"", "\"\"", PY, GO | TO | JS},
    {"delegation-name", RK_SCENE_TARGETS, "\"alice\"", "\"snapshot\"", PY | JS, GO | TO},
    {"delegation-name-escaped", RK_SCENE_TARGETS, "\"alice\"", "\"al/ice\"", 0, ALL},
    {"terminating-missing", RK_SCENE_TARGETS, "\"terminating\":false,", "", ALL, 0},
    {"delegation-paths", RK_SCENE_TARGETS, "\"paths\":[\"a/b\"],", "", PY | TO, GO | JS},
    {"delegation-paths", RK_SCENE_TARGETS, "\"paths\":[\"a/b\"],",
	"\"paths\":[],\"path_hash_prefixes\":[],", ALL, 0},
    {"path-absolute", RK_SCENE_TARGETS, "\"a/b\"", "\"/a\"", 0, ALL},
    {"path-wildcard", RK_SCENE_TARGETS, "\"a/b\"", "\"a/*\"", 0, TO},
    {"path-special", RK_SCENE_TARGETS, "\"a/b\"", "\"a/[bc]\"", 0, ALL},
    {"path-unparsable", RK_SCENE_TARGETS, "\"a/b\"", "\"a/[b\"", TO, 0},
    {"path-unparsable", RK_SCENE_TARGETS, "\"a/b\"", "\"a/}{\"", TO, 0},
    {"path-hash-prefixes", RK_SCENE_TARGETS, "\"paths\":[\"a/b\"]",
	"\"path_hash_prefixes\":[\"0a\"]", GO, 0},
    {"path-hash-prefix-form", RK_SCENE_TARGETS, "\"paths\":[\"a/b\"]",
	"\"path_hash_prefixes\":[\"0A\"]", 0, ALL},
    {"succinct-roles-form", RK_SCENE_TARGETS, "\"roles\":[{",
	"\"succinct_roles\":{\"bit_length\":33},\"roles\":[{", ALL, 0},
    {"succinct-roles", RK_SCENE_TARGETS, "\"roles\":[{",
	"\"succinct_roles\":{\"bit_length\":8,\"keyids\":[],\"name_prefix\":\"b\",\"threshold\":1},"
	"\"roles\":[{",
	TO, 0},
    {"succinct-and-roles", RK_SCENE_TARGETS, "\"roles\":[{", "\"succinct_roles\":{},\"roles\":[{",
	ALL, 0},
    {"delegations-member-unknown", RK_SCENE_TARGETS, "\"roles\":[{", "\"x\":1,\"roles\":[{", TO, 0},
    {"delegations-member-unknown", RK_SCENE_TARGETS, "\"alice\"", "\"alice\",\"x\":1", TO, 0},
    {"target-form", RK_SCENE_TARGETS, "\"length\":5", "\"length\":-5", PY | TO | JS, GO},
    {"target-form", RK_SCENE_TARGETS, "\"hashes\":{", "\"hushes\":{", ALL, 0},
    {"hashes-empty", RK_SCENE_TARGETS, "\"sha256\":\"" RK_SCENE_HASH "\"", "", PY | GO | TO, JS},
    {"sha256-missing", RK_SCENE_TARGETS, "\"sha256\":\"" RK_SCENE_HASH "\"",
	"\"sha512\":\"" RK_SCENE_HASH RK_SCENE_HASH "\"", TO, 0},
    {"hash-upper-case", RK_SCENE_TARGETS, "0123456789abcdef0", "0123456789abcdeF0", GO, PY | JS},
    {"hash-form", RK_SCENE_TARGETS, "0123456789abcdef0", "0123456789abcdef", GO | TO, PY | JS},
    {"custom-form", RK_SCENE_TARGETS, "\"hashes\":{", "\"custom\":{},\"hashes\":{", TO, 0},
    {"custom-form", RK_SCENE_TARGETS, "\"hashes\":{", "\"custom\":7,\"hashes\":{", TO, 0},
    {"meta-form", RK_SCENE_SNAPSHOT, "\"meta\":{", "\"meta\":{\"a.json\":7,", ALL, 0},
    {"meta-version", RK_SCENE_SNAPSHOT, "\"version\":3", "\"version\":0", PY | TO | JS, GO},
    {"meta-version", RK_SCENE_SNAPSHOT, ",\"version\":3", "", ALL, 0},
    {"meta-name", RK_SCENE_SNAPSHOT, "\"meta\":{", "\"meta\":{\"a\":{\"version\":1},", 0, ALL},
    {"meta-length-zero", RK_SCENE_SNAPSHOT, "\"length\":17", "\"length\":0", GO, PY | TO | JS},
    {"meta-entry-missing", RK_SCENE_SNAPSHOT, "targets.json", "target.json", ALL, 0},
    {"meta-entry-missing", RK_SCENE_TIMESTAMP, "snapshot.json", "targets.json", ALL, 0},
};

static void
each_rule_is_met_by_a_file_that_breaks_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		const struct rk_lint_wish wish =
		    rk_lint_scene_wish(rk_lint_scene_text(scene, row->base, row->from, row->to));
		rk_lint *lint = rk_lint_scene_look(&wish);

		assert_finds(lint, row->rule, row->errors, row->warnings);
		rk_lint_free(lint);
	}
}

static void
a_file_that_every_client_takes_has_no_findings(void **state)
{
	(void)state;
	for (int i = 0; i < RK_SCENE_BASES; i++) {
		struct rk_lint_wish wish = rk_lint_scene_wish(
		    rk_lint_scene_text(scene, (enum rk_scene_base)i, NULL, NULL));
		rk_lint *lint;

		wish.role = rk_lint_scene_roles[i];
		wish.version = 1;
		lint = rk_lint_scene_look(&wish);
		if (lint->count > 0)
			fail_msg("%s: %s", lint->findings[0].rule->id, lint->findings[0].sentence);
		assert_int_equal(lint->files, 1);
		rk_lint_free(lint);
	}
}

static void
a_zero_byte_target_is_nothing_to_tell(void **state)
{
	const struct rk_lint_wish wish = rk_lint_scene_wish(
	    rk_lint_scene_text(scene, RK_SCENE_TARGETS, "\"length\":5", "\"length\":0"));
	rk_lint *lint = rk_lint_scene_look(&wish);

	(void)state;
	assert_int_equal(lint->count, 0);
	rk_lint_free(lint);
}

static void
what_is_written_in_another_order_is_nothing_to_tell(void **state)
{
	const struct rk_lint_wish wish = rk_lint_scene_wish(rk_lint_scene_text(scene,
	    RK_SCENE_TARGETS, "\"targets\":{", "\"x\":{\"a b\":1,\"c\\\"\":2},\"targets\":{"));
	rk_lint *lint = rk_lint_scene_look(&wish);

	(void)state;
	assert_null(rk_lint_scene_finding(lint, "member-order-quoted"));
	rk_lint_free(lint);
}

static void
a_finding_says_where_it_is(void **state)
{
	const char *text = "{\n \"signatures\":[],\n \"signed\":{\n  \"_type\":\"timestamp\",\n"
			   "  \"expires\":\"2028-01-01\",\"meta\":{}}}";
	const struct rk_lint_wish wish = rk_lint_scene_wish(rk_tuf_maker_text(text));
	rk_lint *lint = rk_lint_scene_look(&wish);
	const rk_lint_finding *finding = rk_lint_scene_finding(lint, "expires-form");

	(void)state;
	assert_non_null(finding);
	assert_int_equal(finding->line, 5);
	assert_int_equal(finding->column, 13);
	assert_string_equal(finding->file, "file");
	assert_string_equal(finding->role, "timestamp");
	rk_lint_free(lint);
}

/* What the caller says of a file, and what it says of itself. */
static void
a_file_in_another_s_place_is_told(void **state)
{
	struct rk_lint_wish wish =
	    rk_lint_scene_wish(rk_lint_scene_text(scene, RK_SCENE_TIMESTAMP, NULL, NULL));
	rk_lint *lint;

	(void)state;
	wish.role = "snapshot";
	lint = rk_lint_scene_look(&wish);
	assert_finds(lint, "type-unexpected", ALL, 0);
	rk_lint_free(lint);
	wish = rk_lint_scene_wish(rk_lint_scene_text(scene, RK_SCENE_ROOT, NULL, NULL));
	wish.version = 2;
	lint = rk_lint_scene_look(&wish);
	assert_finds(lint, "version-not-in-name", ALL, 0);
	rk_lint_free(lint);
}

static void
what_is_wrong_with_a_superseded_file_is_only_warned_of(void **state)
{
	struct rk_lint_wish wish =
	    rk_lint_scene_wish(rk_lint_scene_text(scene, RK_SCENE_ROOT, "\"1.0.31\"", "\"2.0\""));
	rk_lint *lint;

	(void)state;
	wish.superseded = true;
	wish.now = RK_MAKER_NOW + 20 * 365 * RK_DAY;
	lint = rk_lint_scene_look(&wish);
	assert_finds(lint, "spec-version-major", 0, ALL);
	assert_null(rk_lint_scene_finding(lint, "expired"));
	assert_false(rk_lint_has_error(lint, ALL));
	rk_lint_free(lint);
}

static void
two_signatures_of_a_delegation_s_keyid_count_twice_in_tough(void **state)
{
	struct rk_lint_wish wish = rk_lint_scene_wish(
	    rk_lint_scene_text(scene, RK_SCENE_TARGETS, "\"keyid\":\"ab\"", "\"keyid\":\"aa\""));
	rk_lint *lint;

	(void)state;
	wish.role = "targets/alice";
	lint = rk_lint_scene_look(&wish);
	assert_finds(lint, "signature-counts-twice", 0, TO);
	assert_finds(lint, "signature-keyid-twice", PY | GO | JS, 0);
	rk_lint_free(lint);
}

/* The targets file with more delegations, all alike but for their names. */
static rk_lint *
look_with_roles(const char *const *names, size_t count)
{
	const rk_tuf_maker *maker = scene->maker;
	RK_AUTO_BUF(roles);
	struct rk_lint_wish wish;

	rk_buf_text(&roles, "\"roles\":[");
	for (size_t i = 0; i < count; i++) {
		rk_buf_text(&roles, "{");
		rk_tuf_maker_keyids_json(maker, "6", &roles);
		if (names)
			rk_buf_printf(&roles, ",\"name\":\"%s\"", names[i]);
		else
			rk_buf_printf(&roles, ",\"name\":\"r%zu\"", i);
		rk_buf_text(&roles, ",\"paths\":[\"a\"],\"terminating\":true,\"threshold\":1},");
	}
	rk_buf_text(&roles, "{");
	assert_ok(rk_buf_check(&roles));
	wish = rk_lint_scene_wish(
	    rk_lint_scene_text(scene, RK_SCENE_TARGETS, "\"roles\":[{", rk_buf_str(&roles)));
	return rk_lint_scene_look(&wish);
}

static void
delegations_are_counted_and_their_names_compared(void **state)
{
	static const char *const twice[] = {"bob", "carol", "bob"};
	static const char *const good[] = {"2", "10", "bob"};
	static const char *const bad[] = {"10", "2", "bob"};
	rk_lint *lint = look_with_roles(NULL, 32);

	(void)state;
	assert_finds(lint, "delegations-many", 0, PY | GO | JS);
	rk_lint_free(lint);
	lint = look_with_roles(NULL, 31);
	assert_int_equal(lint->count, 0);
	rk_lint_free(lint);
	lint = look_with_roles(twice, 3);
	assert_finds(lint, "delegation-name-twice", PY | JS, GO | TO);
	rk_lint_free(lint);
	lint = look_with_roles(good, 3);
	assert_int_equal(lint->count, 0);
	rk_lint_free(lint);
	lint = look_with_roles(bad, 3);
	assert_finds(lint, "delegation-name-number", JS, 0);
	rk_lint_free(lint);
}

static rk_lint *
look_at_size(enum rk_scene_base base, size_t size, enum rk_lint_listed listed)
{
	RK_AUTO_BUF(padding);
	struct rk_lint_wish wish;

	rk_buf_text(&padding, "\"signed\":");
	while (padding.len < size)
		rk_buf_byte(&padding, ' ');
	wish = rk_lint_scene_wish(
	    rk_lint_scene_text(scene, base, "\"signed\":", rk_buf_str(&padding)));
	wish.length = listed;
	return rk_lint_scene_look(&wish);
}

static void
a_file_larger_than_a_client_reads_is_told(void **state)
{
	static const struct {
		enum rk_scene_base base;
		size_t size;
		enum rk_lint_listed listed;
		const char *rule;
		unsigned errors, warnings;
	} cases[] = {
	    {RK_SCENE_ROOT, 512000, RK_LINT_LENGTH_UNKNOWN, "size-limit", PY | GO | JS, 0},
	    {RK_SCENE_ROOT, 500000, RK_LINT_LENGTH_UNKNOWN, NULL, 0, 0},
	    {RK_SCENE_TIMESTAMP, 16384, RK_LINT_LENGTH_UNKNOWN, "size-limit", PY | GO | JS, 0},
	    {RK_SCENE_SNAPSHOT, 2000000, RK_LINT_LENGTH_UNLISTED, "size-limit", PY | GO | JS, 0},
	    {RK_SCENE_SNAPSHOT, 2000000, RK_LINT_LENGTH_UNKNOWN, "size-limit-unlisted", 0,
		PY | GO | JS},
	    {RK_SCENE_SNAPSHOT, 2000000, RK_LINT_LENGTH_LISTED, NULL, 0, 0},
	    {RK_SCENE_TARGETS, 5000000, RK_LINT_LENGTH_UNLISTED, "size-limit", PY | GO | JS, 0},
	    {RK_SCENE_TARGETS, 4900000, RK_LINT_LENGTH_UNLISTED, NULL, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		rk_lint *lint = look_at_size(cases[i].base, cases[i].size, cases[i].listed);

		if (cases[i].rule)
			assert_finds(lint, cases[i].rule, cases[i].errors, cases[i].warnings);
		else
			assert_int_equal(lint->count, 0);
		rk_lint_free(lint);
	}
}

static rk_lint *
look_at_targets(size_t count, const char *entry)
{
	RK_AUTO_BUF(targets);
	struct rk_lint_wish wish;

	rk_buf_text(&targets, "\"targets\":{");
	for (size_t i = 0; i < count; i++)
		rk_buf_printf(&targets, "\"0%08zu\":%s,", i, entry);
	wish = rk_lint_scene_wish(
	    rk_lint_scene_text(scene, RK_SCENE_TARGETS, "\"targets\":{", rk_buf_str(&targets)));
	return rk_lint_scene_look(&wish);
}

static void
many_targets_are_slow_in_tuf_js(void **state)
{
	static const char entry[] = "{\"hashes\":{\"sha256\":\"" RK_SCENE_HASH "\"},\"length\":1}";
	rk_lint *lint = look_at_targets(1999, entry);

	(void)state;
	assert_int_equal(lint->count, 0);
	rk_lint_free(lint);
	lint = look_at_targets(2000, entry);
	assert_finds(lint, "targets-many", 0, JS);
	rk_lint_free(lint);
}

static void
places_beyond_twenty_are_counted(void **state)
{
	rk_lint *lint = look_at_targets(
	    1000, "{\"hashes\":{\"sha512\":\"" RK_SCENE_HASH RK_SCENE_HASH "\"},\"length\":1}");

	(void)state;
	assert_int_equal(lint->count, 20);
	assert_int_equal(lint->findings[19].more, 980);
	assert_int_equal(lint->findings[0].more, 0);
	rk_lint_free(lint);
}

static void
a_long_chain_of_roots_is_told(void **state)
{
	rk_lint *lint = NULL;

	(void)state;
	assert_ok(rk_lint_new(&lint));
	assert_ok(rk_lint_chain(lint, &rk_dialect_tuf, "root.json", 256));
	assert_int_equal(lint->count, 0);
	assert_ok(rk_lint_chain(lint, &rk_dialect_tuf, "root.json", 257));
	assert_finds(lint, "roots-many", 0, PY | GO | JS);
	assert_ok(rk_lint_chain(lint, &rk_dialect_tuf, "root.json", 1025));
	assert_int_equal(lint->findings[2].warnings, TO);
	rk_lint_free(lint);
}

static void
clients_are_known_by_name(void **state)
{
	enum rk_lint_client client = RK_LINT_DOCKER;

	(void)state;
	assert_ok(rk_lint_client_by_name("tough", &client));
	assert_int_equal(client, RK_LINT_TOUGH);
	assert_error(rk_lint_client_by_name("rough", &client), RK_E_NOT_FOUND);
	assert_string_equal(rk_lint_client_name(RK_LINT_TUF_JS), "tuf-js");
	assert_int_equal(rk_lint_clients_of(&rk_dialect_tuf), ALL);
}

/* Met in test_lint_keys.c. */
static bool
is_of_keys(const char *rule)
{
	return strncmp(rule, "key-", 4) == 0 || strncmp(rule, "role-key", 8) == 0 ||
	       strcmp(rule, "threshold-unreachable-for") == 0;
}

/* The last test: what any client of TUF's meets must have been met above. */
static void
every_rule_has_a_test(void **state)
{
	(void)state;
	for (size_t i = 0; i < rk_lint_rule_count(); i++) {
		const rk_lint_rule *rule = rk_lint_rule_at(i);

		assert_non_null(rule->sentence);
		assert_non_null(rule->remedy);
		if (((rule->errors | rule->warnings) & ALL) && !scene->seen[i] &&
		    !is_of_keys(rule->id))
			fail_msg("no test meets %s", rule->id);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(rk_lint_rule_at(j)->id, rule->id);
	}
	assert_null(rk_lint_rule_at(rk_lint_rule_count()));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    spec(each_rule_is_met_by_a_file_that_breaks_it),
	    spec(a_file_that_every_client_takes_has_no_findings),
	    spec(a_zero_byte_target_is_nothing_to_tell),
	    spec(what_is_written_in_another_order_is_nothing_to_tell),
	    spec(a_finding_says_where_it_is),
	    spec(a_file_in_another_s_place_is_told),
	    spec(what_is_wrong_with_a_superseded_file_is_only_warned_of),
	    spec(two_signatures_of_a_delegation_s_keyid_count_twice_in_tough),
	    spec(delegations_are_counted_and_their_names_compared),
	    spec(a_file_larger_than_a_client_reads_is_told),
	    spec(many_targets_are_slow_in_tuf_js),
	    spec(places_beyond_twenty_are_counted),
	    spec(a_long_chain_of_roots_is_told),
	    spec(clients_are_known_by_name),
	    spec(every_rule_has_a_test),
	};

	return cmocka_run_group_tests_name("lint", tests, begin, rk_lint_scene_free);
}
