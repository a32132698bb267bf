#include "support/notary_maker.h"
#include "support/spec.h"

#include "tuf/lint.h"

#include <stdlib.h>
#include <string.h>

#define NO (1u << RK_LINT_NOTARY)
#define DO (1u << RK_LINT_DOCKER)
#define BOTH (NO | DO)
/* When nothing of the maker's is near its end. */
#define EARLY (RK_MAKER_NOW - 200 * RK_DAY)
#define HASHES \
	"\"hashes\":{\"sha256\":\"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\"},\"length\":5"
#define TARGET "{" HASHES "}"

static rk_notary_maker *maker;
static bool seen[256];

static int
begin(void **state)
{
	int failed = rk_notary_maker_new(state);

	maker = *state;
	return failed;
}

static rk_lint *
look(rk_text *text, const char *role, const char *gun, int64_t now)
{
	const struct rk_lint_wish wish = {.dialect = &rk_dialect_notary,
	    .text = text,
	    .name = "file",
	    .role = role,
	    .repo = gun,
	    .now = now,
	    .length = RK_LINT_LENGTH_LISTED};
	rk_lint *lint = NULL;

	assert_ok(rk_lint_new(&lint));
	assert_ok(rk_lint_file(lint, &wish));
	rk_text_free(text);
	return lint;
}

static void
assert_clean(rk_lint *lint)
{
	if (lint->count > 0)
		fail_msg("%s: %s", lint->findings[0].rule->id, lint->findings[0].sentence);
	rk_lint_free(lint);
}

/* Among the findings is one of this rule, for these clients. Takes the lint over. */
static void
assert_finds(rk_lint *lint, const char *rule, unsigned errors, unsigned warnings)
{
	const rk_lint_finding *finding = NULL;

	for (size_t i = 0; i < lint->count && !finding; i++)
		if (strcmp(lint->findings[i].rule->id, rule) == 0)
			finding = &lint->findings[i];
	if (!finding)
		fail_msg("%s is not found", rule);
	for (size_t i = 0; i < rk_lint_rule_count(); i++)
		if (rk_lint_rule_at(i) == finding->rule)
			seen[i] = true;
	if (finding->errors != errors || finding->warnings != warnings)
		fail_msg("%s: errors %x, warnings %x", rule, finding->errors, finding->warnings);
	rk_lint_free(lint);
}

static rk_text *
fetched(const char *name)
{
	rk_text *text = NULL;

	assert_ok(maker->source->fetch(maker->source, name, SIZE_MAX, &text));
	return text;
}

/* The maker's file with `from` replaced once. */
static rk_text *
changed(const char *name, const char *from, const char *to)
{
	RK_AUTO(rk_text) text = fetched(name);
	RK_AUTO(rk_str) whole = strndup(text->data, text->len);
	const char *place = strstr(whole, from);
	RK_AUTO(rk_str) made = NULL;

	if (!place)
		fail_msg("nothing says %s", from);
	assert_ok(
	    rk_strdupf(&made, "%.*s%s%s", (int)(place - whole), whole, to, place + strlen(from)));
	return rk_tuf_maker_text(made);
}

/* The maker's root with these keys alone for root. */
static rk_text *
root_by(const rk_tuf_key *key)
{
	RK_AUTO(rk_root) root = NULL;
	rk_text *text = NULL;

	assert_ok(rk_root_copy(maker->root, &root));
	for (int i = 0; i < 2; i++)
		assert_ok(rk_root_remove_keyid(root, RK_ROLE_ROOT, maker->certified[i]->keyid));
	assert_ok(rk_root_add_key(root, RK_ROLE_ROOT, key));
	assert_ok(rk_envelope_compose(&rk_dialect_notary, root->signed_node, NULL, &text));
	return text;
}

static rk_text *
targets(const char *delegations, const char *targets)
{
	RK_AUTO(rk_str) text = NULL;

	assert_ok(rk_strdupf(&text,
	    "{\"signed\":{\"_type\":\"Targets\",\"delegations\":%s,"
	    "\"expires\":\"2028-01-01T00:00:00Z\",\"targets\":%s,\"version\":1},\"signatures\":[]}",
	    delegations, targets));
	return rk_tuf_maker_text(text);
}

/* One role by key 5, beside these targets. */
static rk_text *
delegating(const char *name, const char *keyids, const char *paths, const char *all)
{
	RK_AUTO(rk_str) delegations = NULL;
	RK_AUTO_BUF(key);

	rk_write_node(&key, maker->plain[5]->object, &rk_style_line, 0);
	assert_ok(rk_strdupf(&delegations,
	    "{\"keys\":{\"%s\":%s},\"roles\":[{\"keyids\":%s,\"name\":\"%s\"%s,\"threshold\":1}]}",
	    maker->plain[5]->keyid, rk_buf_str(&key), keyids, name, paths));
	return targets(delegations, all);
}

static const char *
keyids(void)
{
	static char text[128];

	snprintf(text, sizeof(text), "[\"%s\"]", maker->plain[5]->keyid);
	return text;
}

static void
what_notary_writes_has_no_findings(void **state)
{
	(void)state;
	assert_clean(look(fetched("1.root.json"), "root", RK_NOTARY_GUN, EARLY));
	assert_clean(look(fetched("targets.json"), "targets", RK_NOTARY_GUN, EARLY));
	assert_clean(look(fetched("snapshot.json"), "snapshot", RK_NOTARY_GUN, EARLY));
	assert_clean(look(fetched("timestamp.json"), "timestamp", RK_NOTARY_GUN, EARLY));
	assert_clean(look(delegating("targets/releases", keyids(), ",\"paths\":[\"\"]", "{}"),
	    "targets", RK_NOTARY_GUN, EARLY));
	assert_clean(look(targets("{\"keys\":{},\"roles\":[]}", "{\"1.0\":" TARGET "}"), "targets",
	    RK_NOTARY_GUN, EARLY));
}

static void
a_byte_that_notary_writes_otherwise_is_told(void **state)
{
	(void)state;
	assert_finds(
	    look(changed("1.root.json", "\"version\":1", "\"version\": 1"), "root", NULL, EARLY),
	    "not-as-notary-writes", BOTH, 0);
	assert_finds(look(changed("targets.json", "\"version\":1", "\"version\":1,\"x\":1"),
			 "targets", NULL, EARLY),
	    "not-as-notary-writes", BOTH, 0);
	assert_finds(look(changed("snapshot.json", "\"version\":", "\"version\": "), "snapshot",
			 NULL, EARLY),
	    "not-as-notary-writes", 0, BOTH);
}

static void
files_that_are_none_are_told(void **state)
{
	(void)state;
	assert_finds(look(changed("targets.json", "\"version\":1", "\"version\":1,\"version\":1"),
			 "targets", NULL, EARLY),
	    "member-twice", BOTH, 0);
	assert_finds(look(changed("targets.json", "\"version\":1", "\"version\":1.5"), "targets",
			 NULL, EARLY),
	    "number-float", BOTH, 0);
	assert_finds(look(changed("targets.json", "\"version\":1", "\"version\":-0"), "targets",
			 NULL, EARLY),
	    "number-negative-zero", 0, BOTH);
	assert_finds(look(changed("targets.json", "\"version\":1", "\"version\":9007199254740993"),
			 "targets", NULL, EARLY),
	    "number-large", BOTH, 0);
	assert_finds(
	    look(changed("targets.json", "{\"signed\":", "{\"signed\""), "targets", NULL, EARLY),
	    "not-strict-json", BOTH, 0);
	assert_finds(
	    look(changed("targets.json", "\"targets\":", "\"target\":"), "targets", NULL, EARLY),
	    "member-missing", BOTH, 0);
	assert_finds(
	    look(changed("targets.json", "\"Targets\"", "\"targets\""), "targets", NULL, EARLY),
	    "type-unexpected", BOTH, 0);
	assert_finds(
	    look(changed("targets.json", "\"version\":1", "\"version\":0"), "targets", NULL, EARLY),
	    "version-low", BOTH, 0);
	assert_finds(
	    look(changed("targets.json", "2028-01-01T00:00:00Z", "2028"), "targets", NULL, EARLY),
	    "expires-form", BOTH, 0);
	assert_finds(look(changed("targets.json", "\"sig\":", "\"sog\":"), "targets", NULL, EARLY),
	    "signature-form", BOTH, 0);
	assert_finds(look(fetched("targets.json"), "targets", NULL, EARLY + 1000 * RK_DAY),
	    "expired", BOTH, 0);
}

static void
a_version_that_is_not_its_name_s_is_told(void **state)
{
	RK_AUTO(rk_text) text = fetched("1.root.json");
	const struct rk_lint_wish wish = {.dialect = &rk_dialect_notary,
	    .text = text,
	    .name = "file",
	    .role = "root",
	    .version = 2,
	    .now = EARLY};
	rk_lint *lint = NULL;

	(void)state;
	assert_ok(rk_lint_new(&lint));
	assert_ok(rk_lint_file(lint, &wish));
	assert_finds(lint, "version-not-in-name", BOTH, 0);
}

static void
a_root_key_is_a_certificate_for_the_repository(void **state)
{
	rk_tuf_key *other =
	    rk_notary_maker_certify(maker->pairs[5], "lab.example/other", RK_NOTARY_NOT_AFTER);
	rk_tuf_key *wide =
	    rk_notary_maker_certify(maker->pairs[5], "lab.example/*", RK_NOTARY_NOT_AFTER);

	(void)state;
	assert_finds(look(root_by(maker->plain[5]), "root", NULL, EARLY), "root-key-no-certificate",
	    BOTH, 0);
	assert_finds(
	    look(root_by(other), "root", RK_NOTARY_GUN, EARLY), "certificate-name", BOTH, 0);
	assert_clean(look(root_by(other), "root", NULL, EARLY));
	assert_clean(look(root_by(wide), "root", RK_NOTARY_GUN, EARLY));
	assert_finds(
	    look(fetched("1.root.json"), "root", "lab.example/App", EARLY), "gun-form", BOTH, 0);
	rk_tuf_key_free(other);
	rk_tuf_key_free(wide);
}

static void
a_certificate_s_time_is_told_before_it_is_over(void **state)
{
	(void)state;
	assert_finds(look(fetched("1.root.json"), "root", NULL, RK_MAKER_NOW),
	    "certificate-near-expiry", 0, BOTH);
	assert_finds(look(fetched("1.root.json"), "root", NULL, RK_NOTARY_NOT_AFTER),
	    "certificate-expired", BOTH, 0);
	assert_finds(look(fetched("1.root.json"), "root", NULL, EARLY - 200 * RK_DAY),
	    "certificate-not-yet", BOTH, 0);
	assert_finds(look(fetched("1.root.json"), "root", NULL, RK_MAKER_NOW + 200 * RK_DAY),
	    "root-near-expiry", 0, BOTH);
}

/* A certificate's text with a line more is another key to clients. */
static void
a_certificate_that_clients_refuse_is_told(void **state)
{
	RK_AUTO_BUF(pem);
	RK_AUTO_BUF(base64);
	RK_AUTO(rk_node) object = rk_node_copy(maker->certified[5]->object);
	char keyid[RK_KEYID_HEX];
	rk_tuf_key *key = NULL;

	(void)state;
	rk_notary_maker_pem(maker->pairs[5], RK_NOTARY_GUN, RK_NOTARY_NOT_AFTER, &pem);
	rk_buf_text(&pem, "\n");
	rk_buf_base64(&base64, pem.data, pem.len);
	assert_ok(rk_node_put_text(rk_node_get(object, "keyval"), "public", rk_buf_str(&base64)));
	assert_ok(rk_dialect_notary.key_id(object, keyid));
	assert_ok(rk_tuf_key_read(&rk_dialect_notary, keyid, object, "made", &key));
	assert_finds(look(root_by(key), "root", NULL, EARLY), "certificate-refused", BOTH, 0);
	rk_tuf_key_free(key);
}

static void
keys_and_thresholds_are_held_to_the_same_rules(void **state)
{
	RK_AUTO_BUF(twice);

	(void)state;
	assert_finds(look(changed("1.root.json", "\"keytype\":\"ecdsa\"", "\"keytype\":\"rsa\""),
			 "root", NULL, EARLY),
	    "key-id-not-computed", BOTH, 0);
	assert_finds(
	    look(changed("1.root.json", "\"keys\":{", "\"keys\":{\"aa\":7,"), "root", NULL, EARLY),
	    "key-unreadable", BOTH, 0);
	assert_finds(
	    look(changed("1.root.json", "\"threshold\":1", "\"threshold\":0"), "root", NULL, EARLY),
	    "threshold-zero", BOTH, 0);
	assert_finds(
	    look(changed("1.root.json", "\"threshold\":1", "\"threshold\":3"), "root", NULL, EARLY),
	    "threshold-unreachable", BOTH, 0);
	assert_finds(look(changed("1.root.json", "\"threshold\":1", "\"threshold\":\"1\""), "root",
			 NULL, EARLY),
	    "role-form", BOTH, 0);
	assert_finds(
	    look(changed("1.root.json", "\"snapshot\":{", "\"mirrors\":{"), "root", NULL, EARLY),
	    "root-role-missing", BOTH, 0);
	assert_finds(
	    look(changed("1.root.json", "\"snapshot\":{", "\"mirrors\":{"), "root", NULL, EARLY),
	    "root-role-extra", 0, BOTH);
	rk_buf_printf(&twice, "\"keyids\":[\"%s\",\"%s\",\"ff\"", maker->plain[2]->keyid,
	    maker->plain[2]->keyid);
	{
		RK_AUTO(rk_str) once = NULL;

		assert_ok(rk_strdupf(&once, "\"keyids\":[\"%s\"", maker->plain[2]->keyid));
		assert_finds(
		    look(changed("1.root.json", once, rk_buf_str(&twice)), "root", NULL, EARLY),
		    "role-keyid-twice", 0, BOTH);
		assert_finds(
		    look(changed("1.root.json", once, rk_buf_str(&twice)), "root", NULL, EARLY),
		    "role-key-missing", 0, BOTH);
	}
}

/* A certificate and the plain key, or two certificates: one key. */
static void
one_key_under_two_ids_is_told(void **state)
{
	rk_tuf_key *again =
	    rk_notary_maker_certify(maker->pairs[0], RK_NOTARY_GUN, RK_NOTARY_NOT_AFTER + RK_DAY);
	RK_AUTO(rk_str) from = NULL;
	RK_AUTO(rk_str) to = NULL;
	RK_AUTO_BUF(object);
	RK_AUTO(rk_text) first = NULL;
	RK_AUTO(rk_str) keys = NULL;
	rk_text *text;
	const char *place;

	(void)state;
	rk_write_node(&object, again->object, &rk_style_line, 0);
	assert_ok(rk_strdupf(&keys, "\"keys\":{\"%s\":%s,", again->keyid, rk_buf_str(&object)));
	first = changed("1.root.json", "\"keys\":{", keys);
	from = strndup(first->data, first->len);
	place = strstr(from, "\"root\":{\"keyids\":[");
	assert_non_null(place);
	place += strlen("\"root\":{\"keyids\":[");
	assert_ok(rk_strdupf(&to, "%.*s\"%s\",%s", (int)(place - from), from, again->keyid, place));
	text = rk_tuf_maker_text(to);
	assert_finds(look(text, "root", NULL, EARLY), "role-key-twice", 0, BOTH);
	rk_tuf_key_free(again);
}

static void
delegations_have_their_place_keys_and_paths(void **state)
{
	static const char paths[] = ",\"paths\":[\"\"]";

	(void)state;
	assert_finds(look(delegating("targets/a/b", keyids(), paths, "{}"), "targets", NULL, EARLY),
	    "delegation-place", BOTH, 0);
	assert_finds(look(delegating("targets/A", keyids(), paths, "{}"), "targets", NULL, EARLY),
	    "delegation-place", BOTH, 0);
	assert_clean(
	    look(delegating("targets/a/b", keyids(), paths, "{}"), "targets/a", NULL, EARLY));
	assert_finds(
	    look(delegating("targets/releases", "null", paths, "{}"), "targets", NULL, EARLY),
	    "delegation-without-keys", 0, BOTH);
	assert_finds(
	    look(delegating("targets/releases", keyids(), "", "{}"), "targets", NULL, EARLY),
	    "delegation-without-paths", 0, BOTH);
}

static void
docker_has_wishes_of_its_own(void **state)
{
	static const char paths[] = ",\"paths\":[\"\"]", none[] = "{\"keys\":{},\"roles\":[]}";

	(void)state;
	assert_finds(
	    look(delegating("targets/alice", keyids(), paths, "{}"), "targets", NULL, EARLY),
	    "releases-missing", 0, DO);
	assert_finds(look(delegating("targets/-a", keyids(), paths, "{}"), "targets", NULL, EARLY),
	    "signer-name", 0, DO);
	assert_finds(look(delegating("targets/releases", keyids(), paths, "{\"1.0\":" TARGET "}"),
			 "targets", NULL, EARLY),
	    "tag-beside-signers", 0, DO);
	assert_finds(
	    look(targets(none, "{\"a/b\":" TARGET "}"), "targets", NULL, EARLY), "tag-form", 0, DO);
	assert_finds(
	    look(targets(none, "{\"a\":{\"hashes\":{},\"length\":1}}"), "targets", NULL, EARLY),
	    "target-without-sha256", DO, 0);
}

static void
snapshot_and_timestamp_list_what_clients_need(void **state)
{
	(void)state;
	assert_finds(
	    look(changed("snapshot.json", "\"root\":{", "\"rood\":{"), "snapshot", NULL, EARLY),
	    "meta-role-missing", BOTH, 0);
	assert_finds(
	    look(changed("timestamp.json", "\"sha256\":", "\"sha224\":"), "timestamp", NULL, EARLY),
	    "meta-sha256-missing", BOTH, 0);
}

static void
a_timestamp_larger_than_a_mebibyte_is_not_read(void **state)
{
	RK_AUTO_BUF(padding);

	(void)state;
	while (padding.len <= 1u << 20)
		rk_buf_byte(&padding, ' ');
	rk_buf_text(&padding, "{\"signed\":");
	assert_finds(look(changed("timestamp.json", "{\"signed\":", rk_buf_str(&padding)),
			 "timestamp", NULL, EARLY),
	    "size-limit", BOTH, 0);
}

static void
what_is_superseded_may_have_expired(void **state)
{
	RK_AUTO(rk_text) text = fetched("1.root.json");
	const struct rk_lint_wish wish = {.dialect = &rk_dialect_notary,
	    .text = text,
	    .name = "file",
	    .role = "root",
	    .now = RK_MAKER_NOW + 3650 * RK_DAY,
	    .superseded = true};
	rk_lint *lint = NULL;

	(void)state;
	assert_ok(rk_lint_new(&lint));
	assert_ok(rk_lint_file(lint, &wish));
	assert_clean(lint);
}

/* The last test: what notary or docker meets must have been met above. */
static void
every_rule_of_notary_and_docker_has_a_test(void **state)
{
	(void)state;
	for (size_t i = 0; i < rk_lint_rule_count(); i++) {
		const rk_lint_rule *rule = rk_lint_rule_at(i);

		if (((rule->errors | rule->warnings) & BOTH) && !seen[i])
			fail_msg("no test meets %s", rule->id);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    spec(what_notary_writes_has_no_findings),
	    spec(a_byte_that_notary_writes_otherwise_is_told),
	    spec(files_that_are_none_are_told),
	    spec(a_version_that_is_not_its_name_s_is_told),
	    spec(a_root_key_is_a_certificate_for_the_repository),
	    spec(a_certificate_s_time_is_told_before_it_is_over),
	    spec(a_certificate_that_clients_refuse_is_told),
	    spec(keys_and_thresholds_are_held_to_the_same_rules),
	    spec(one_key_under_two_ids_is_told),
	    spec(delegations_have_their_place_keys_and_paths),
	    spec(docker_has_wishes_of_its_own),
	    spec(snapshot_and_timestamp_list_what_clients_need),
	    spec(a_timestamp_larger_than_a_mebibyte_is_not_read),
	    spec(what_is_superseded_may_have_expired),
	    spec(every_rule_of_notary_and_docker_has_a_test),
	};

	return cmocka_run_group_tests_name("lint notary", tests, begin, rk_notary_maker_free);
}
