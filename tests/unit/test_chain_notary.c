#include "support/notary_maker.h"
#include "support/spec.h"

#include <string.h>

static rk_client_state *
walk(
    struct rk_chain_request request, enum rk_code want, enum rk_severity severity, const char *says)
{
	rk_client_state *state = rk_tuf_maker_walk(&request, want);

	if (says && !rk_tuf_maker_finds(state, severity, says))
		fail_msg("no finding says '%s', but: %s", says,
		    state->finding_count ? state->findings[state->finding_count - 1].sentence
					 : "nothing");
	return state;
}

static void
walk_fine(rk_notary_maker *maker, const char *warning)
{
	rk_client_state *state =
	    walk(rk_notary_maker_request(maker), RK_OK, RK_FINDING_WARNING, warning);

	assert_true(state->complete);
	if (!warning)
		assert_int_equal(state->finding_count, 0);
	rk_client_state_free(state);
}

static void
walk_refused(rk_notary_maker *maker, const char *says)
{
	rk_client_state_free(
	    walk(rk_notary_maker_request(maker), RK_E_UNTRUSTED, RK_FINDING_FATAL, says));
}

static void
a_repository_is_walked_from_its_plain_root_alone(void **state)
{
	rk_notary_maker *maker = *state;
	rk_source *cache = NULL;
	static const char *const names[] = {
	    "root.json", "targets.json", "snapshot.json", "timestamp.json"};
	struct rk_chain_request request = rk_notary_maker_request(maker);

	walk_fine(maker, NULL);
	assert_ok(rk_source_memory(&cache));
	for (size_t i = 0; i < 4; i++) {
		rk_text *text = NULL;

		assert_ok(maker->source->fetch(maker->source, names[i], SIZE_MAX, &text));
		assert_ok(rk_source_put(cache, names[i], text->data, text->len));
		rk_text_free(text);
	}
	request.source = cache;
	rk_client_state_free(walk(request, RK_OK, RK_FINDING_NOTE, NULL));
	rk_source_free(cache);
}

static void
a_certificate_must_be_for_the_name(void **state)
{
	rk_notary_maker *maker = *state;
	struct rk_chain_request request = rk_notary_maker_request(maker);

	request.name = "lab.example/other";
	rk_client_state_free(
	    walk(request, RK_E_UNTRUSTED, RK_FINDING_FATAL, "clients refuse root key"));
	request.name = NULL;
	rk_client_state_free(walk(request, RK_OK, RK_FINDING_NOTE, NULL));
}

static void
an_expired_certificate_does_not_count(void **state)
{
	rk_notary_maker *maker = *state;
	struct rk_chain_request request = rk_notary_maker_request(maker);
	rk_client_state *seen;

	request.now = RK_NOTARY_NOT_AFTER + RK_DAY;
	seen = walk(request, RK_E_UNTRUSTED, RK_FINDING_FATAL, "expired");
	assert_false(seen->complete);
	rk_client_state_free(seen);
	request.ignore_expiry = true;
	rk_client_state_free(walk(request, RK_OK, RK_FINDING_WARNING, "expired"));
}

static void
a_certificate_that_does_not_expire_makes_up_for_one_that_has(void **state)
{
	rk_notary_maker *maker = *state;
	struct rk_chain_request request = rk_notary_maker_request(maker);
	rk_tuf_key *longer = rk_notary_maker_certify(
	    maker->pairs[1], RK_NOTARY_GUN, RK_NOTARY_NOT_AFTER + 400 * RK_DAY);

	/* Two certificates of one key are another id in the role, and one more object. */
	assert_ok(rk_root_replace_key(maker->root, RK_ROLE_ROOT, longer));
	assert_error(rk_root_replace_key(maker->root, RK_ROLE_ROOT, longer), RK_E_EXISTS);
	assert_int_equal(rk_root_role(maker->root, RK_ROLE_ROOT)->keyid_count, 2);
	assert_string_equal(rk_root_role(maker->root, RK_ROLE_ROOT)->keyids[1], longer->keyid);
	assert_non_null(rk_keyring_by_id(maker->root->keys, maker->certified[1]->keyid));
	rk_tuf_key_free(maker->certified[1]);
	maker->certified[1] = longer;
	rk_notary_maker_put_root(maker, "01", true);
	rk_notary_maker_refresh(maker);
	request.now = RK_NOTARY_NOT_AFTER + RK_DAY;
	rk_client_state_free(walk(request, RK_OK, RK_FINDING_WARNING, "expired"));
}

static void
a_plain_key_is_no_root_key(void **state)
{
	rk_notary_maker *maker = *state;

	assert_ok(rk_root_add_key(maker->root, RK_ROLE_ROOT, maker->plain[5]));
	for (unsigned i = 0; i < 2; i++)
		assert_ok(
		    rk_root_remove_key(maker->root, RK_ROLE_ROOT, maker->certified[i]->pubkey));
	rk_tuf_key_free(maker->certified[5]);
	assert_ok(rk_tuf_key_copy(maker->plain[5], &maker->certified[5]));
	rk_notary_maker_put_root(maker, "5", true);
	walk_refused(maker, "is no certificate");
}

static void
rotate(rk_notary_maker *maker, int64_t version)
{
	assert_ok(rk_root_set_version(maker->root, version));
	assert_ok(rk_root_add_key(maker->root, RK_ROLE_ROOT, maker->certified[5]));
	assert_ok(rk_root_remove_key(maker->root, RK_ROLE_ROOT, maker->certified[0]->pubkey));
}

static void
a_root_follows_with_the_certificates_of_both(void **state)
{
	rk_notary_maker *maker = *state;

	rotate(maker, 2);
	/* The old certificate stays, out of the role. */
	assert_non_null(rk_keyring_by_id(maker->root->keys, maker->certified[0]->keyid));
	rk_notary_maker_put_root(maker, "5", true);
	rk_notary_maker_refresh(maker);
	walk_refused(maker, "under the keys of root 1");
	rk_notary_maker_put_root(maker, "05", true);
	rk_notary_maker_refresh(maker);
	walk_fine(maker, NULL);
}

static void
a_plain_root_may_go_by_the_roots_between(void **state)
{
	rk_notary_maker *maker = *state;
	rk_text *text = NULL;
	const struct rk_notary_by by[] = {
	    {maker->pairs[0], maker->certified[0]}, {maker->pairs[5], maker->certified[5]}};

	rotate(maker, 4);
	assert_ok(rk_root_compose(maker->root, NULL, &text));
	text = rk_notary_maker_sign(text, by, 2);
	assert_ok(rk_source_put(maker->source, "root.json", text->data, text->len));
	rk_text_free(text);
	rk_notary_maker_refresh(maker);
	walk_fine(maker, "roots between 1 and 4 are missing");
	assert_ok(rk_root_compose(maker->root, NULL, &text));
	text = rk_notary_maker_sign(text, by + 1, 1);
	assert_ok(rk_source_put(maker->source, "root.json", text->data, text->len));
	rk_text_free(text);
	walk_refused(maker, "under the keys of root 1");
}

static void
an_old_root_under_the_plain_name_is_refused(void **state)
{
	rk_notary_maker *maker = *state;

	assert_ok(rk_root_set_version(maker->root, 2));
	rk_notary_maker_put_root(maker, "0", false);
	walk_refused(maker, "'root.json' is another root than root 2");
}

static void
a_snapshot_must_list_this_root(void **state)
{
	rk_notary_maker *maker = *state;

	assert_ok(rk_root_set_version(maker->root, 2));
	rk_notary_maker_put_root(maker, "0", true);
	walk_refused(maker, "listed");
	rk_notary_maker_refresh(maker);
	walk_fine(maker, NULL);
}

/* Targets that delegate to targets/alice, by key 6, and to `more`. */
static void
put_delegator(rk_notary_maker *maker, int64_t version, const char *more)
{
	RK_AUTO(rk_str) members = NULL;
	RK_AUTO_BUF(key);

	rk_write_node(&key, maker->plain[6]->object, rk_dialect_notary.style, 0);
	assert_ok(rk_strdupf(&members,
	    "\"delegations\":{\"keys\":{\"%s\":%s},\"roles\":[{\"keyids\":[\"%s\"],\"name\":"
	    "\"targets/"
	    "alice\",\"paths\":[\"\"],\"threshold\":1}%s]},\"expires\":\"2028-01-01T00:00:00Z\","
	    "\"targets\":{}",
	    maker->plain[6]->keyid, rk_buf_str(&key), maker->plain[6]->keyid, more));
	rk_notary_maker_put_targets(maker, "targets", version, members, 2);
}

#define EMPTY(expires)                                                                         \
	"\"delegations\":{\"keys\":{},\"roles\":[]},\"expires\":\"" expires "\",\"targets\":{" \
	"\"v1\":{\"hashes\":{\"sha256\":\"WJG1tSLV3whtD/CxEPvZ0hu0/HFjrzTQgoai6Eb2vgM=\"},"    \
	"\"length\":6}}"

static void
delegations_that_nobody_published_are_gone_by(void **state)
{
	rk_notary_maker *maker = *state;
	rk_client_state *seen;

	put_delegator(maker, 2, ",{\"keyids\":null,\"name\":\"targets/bob\",\"threshold\":1}");
	rk_notary_maker_refresh(maker);
	seen = walk(rk_notary_maker_request(maker), RK_OK, RK_FINDING_NOTE,
	    "nothing was published under this delegation yet");
	assert_true(seen->complete);
	rk_client_state_free(seen);
}

static void
nulls_for_what_is_empty_are_read_and_told(void **state)
{
	rk_notary_maker *maker = *state;

	rk_notary_maker_put_targets(maker, "targets", 2,
	    "\"delegations\":{\"keys\":null,\"roles\":null},\"expires\":\"2028-01-01T00:00:00Z\","
	    "\"targets\":{}",
	    2);
	rk_notary_maker_refresh(maker);
	walk_fine(maker, "(in 'keys'): an object is expected here");
}

static void
a_delegation_that_is_not_signed_or_has_expired_is_gone_by(void **state)
{
	rk_notary_maker *maker = *state;
	rk_target *target = NULL;
	rk_client_state *seen;

	put_delegator(maker, 2, "");
	rk_notary_maker_put_targets(maker, "targets/alice", 1, EMPTY("2028-01-01T00:00:00Z"), 6);
	rk_notary_maker_refresh(maker);
	seen = walk(rk_notary_maker_request(maker), RK_OK, RK_FINDING_NOTE, NULL);
	assert_ok(rk_client_find_target(seen, "v1", &target, NULL));
	rk_target_free(target);
	rk_client_state_free(seen);
	rk_notary_maker_put_targets(maker, "targets/alice", 1, EMPTY("2028-01-01T00:00:00Z"), 7);
	rk_notary_maker_refresh(maker);
	walk_fine(maker, "0 of 1 signatures under its delegator's keys");
	rk_notary_maker_put_targets(maker, "targets/alice", 1, EMPTY("2026-01-01T00:00:00Z"), 6);
	rk_notary_maker_refresh(maker);
	walk_fine(maker, "clients go on without it");
}

static void
a_role_delegates_one_level_below_itself(void **state)
{
	rk_notary_maker *maker = *state;

	put_delegator(maker, 2,
	    ",{\"keyids\":[],\"name\":\"targets/bob/x\",\"paths\":[\"\"],\"threshold\":1}");
	rk_notary_maker_refresh(maker);
	walk_refused(maker, "not one level below it");
}

static void
files_may_not_go_back(void **state)
{
	rk_notary_maker *maker = *state;
	struct rk_chain_request request = rk_notary_maker_request(maker);
	rk_client_state *since;

	put_delegator(maker, 5, "");
	rk_notary_maker_put_targets(maker, "targets/alice", 5, EMPTY("2028-01-01T00:00:00Z"), 6);
	rk_notary_maker_refresh(maker);
	since = walk(request, RK_OK, RK_FINDING_NOTE, NULL);
	request.since = since;
	rk_client_state_free(walk(request, RK_OK, RK_FINDING_NOTE, NULL));
	rk_notary_maker_put_targets(maker, "targets/alice", 4, EMPTY("2028-01-01T00:00:00Z"), 6);
	rk_notary_maker_refresh(maker);
	rk_client_state_free(walk(request, RK_E_UNTRUSTED, RK_FINDING_FATAL,
	    "targets/alice went back from version 5 to 4"));
	put_delegator(maker, 4, "");
	rk_notary_maker_refresh(maker);
	rk_client_state_free(walk(
	    request, RK_E_UNTRUSTED, RK_FINDING_FATAL, "targets went back from version 5 to 4"));
	rk_client_state_free(since);
}

static void
what_a_server_would_store_otherwise_is_told(void **state)
{
	rk_notary_maker *maker = *state;

	rk_notary_maker_put_targets(maker, "targets", 2,
	    "\"delegations\":{\"keys\":{},\"roles\":[]},\"expires\":\"2028-01-01T00:00:00Z\","
	    "\"spec_version\":\"1.0\",\"targets\":{}",
	    2);
	rk_notary_maker_refresh(maker);
	walk_fine(maker, "(in 'spec_version')");
}

/* Other people's, from a server: its files' names have '_' for '/'. */
static void
put_fixture(rk_source *source, const char *folder, const char *name, const char *as)
{
	RK_AUTO(rk_str) path = NULL;
	rk_text *text;

	assert_ok(rk_strdupf(&path, "notary/%s/%s", folder, name));
	text = rk_tuf_maker_fixture(path);
	assert_ok(rk_source_put(source, as, text->data, text->len));
	rk_text_free(text);
}

static void
walk_fixture(const char *folder, int roots, const char *target)
{
	static const char *const names[] = {
	    "root.json", "targets.json", "snapshot.json", "timestamp.json"};
	struct rk_chain_request request = {.dialect = &rk_dialect_notary, .name = RK_NOTARY_GUN};
	rk_client_state *state;
	rk_target *found = NULL;
	const char *role = NULL;

	assert_ok(rk_source_memory(&request.source));
	assert_ok(rk_time_parse("2026-11-25T00:00:00Z", 20, &request.now));
	for (size_t i = 0; i < 4; i++)
		put_fixture(request.source, folder, names[i], names[i]);
	put_fixture(request.source, folder, "targets_releases.json", "targets/releases.json");
	for (int i = 1; i <= roots; i++) {
		RK_AUTO(rk_str) name = NULL;

		assert_ok(rk_strdupf(&name, "%d.root.json", i));
		put_fixture(request.source, folder, name, name);
	}
	state = rk_tuf_maker_walk(&request, RK_OK);
	assert_true(state->complete);
	assert_int_equal(state->root->version, roots);
	for (size_t i = 0; i < state->finding_count; i++)
		assert_int_equal(state->findings[i].severity, RK_FINDING_NOTE);
	assert_ok(rk_client_find_target(state, target, &found, &role));
	rk_target_free(found);
	rk_client_state_free(state);
	rk_source_free(request.source);
}

static void
chains_of_notarys_server_are_walked(void **state)
{
	(void)state;
	(void)rk_tuf_maker_fixtures(); /* a test that is skipped leaves at once */
	walk_fixture("local-ed25519", 1, "v3");
	walk_fixture("rotated", 5, "v3");
}

#define chain_spec(function) \
	cmocka_unit_test_setup_teardown(function, rk_notary_maker_new, rk_notary_maker_free)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    chain_spec(a_repository_is_walked_from_its_plain_root_alone),
	    chain_spec(a_certificate_must_be_for_the_name),
	    chain_spec(an_expired_certificate_does_not_count),
	    chain_spec(a_certificate_that_does_not_expire_makes_up_for_one_that_has),
	    chain_spec(a_plain_key_is_no_root_key),
	    chain_spec(a_root_follows_with_the_certificates_of_both),
	    chain_spec(a_plain_root_may_go_by_the_roots_between),
	    chain_spec(an_old_root_under_the_plain_name_is_refused),
	    chain_spec(a_snapshot_must_list_this_root),
	    chain_spec(delegations_that_nobody_published_are_gone_by),
	    chain_spec(nulls_for_what_is_empty_are_read_and_told),
	    chain_spec(a_delegation_that_is_not_signed_or_has_expired_is_gone_by),
	    chain_spec(a_role_delegates_one_level_below_itself),
	    chain_spec(files_may_not_go_back),
	    chain_spec(what_a_server_would_store_otherwise_is_told),
	    spec(chains_of_notarys_server_are_walked),
	};

	return cmocka_run_group_tests_name("chain notary", tests, NULL, NULL);
}
