#include "support/spec.h"
#include "support/tuf_maker.h"

#include <string.h>

/* 64 of it are a SHA-256. */
#define ONES16 "1111111111111111"
#define SHA256 "{\"sha256\":\"" ONES16 ONES16 ONES16 ONES16 "\"}"
#define TARGET(name, length) "\"" name "\":{\"hashes\":" SHA256 ",\"length\":" length "}"

/* One delegation: to `name`, of these paths, by one key. */
static void
add_delegation(
    rk_tuf_maker *maker, rk_buf *out, const char *name, const char *keys, const char *rest)
{
	rk_buf_printf(out, "{\"name\":\"%s\",", name);
	rk_tuf_maker_keyids_json(maker, keys, out);
	rk_buf_printf(out, ",\"threshold\":1,%s}", rest);
}

static void
each_file_needs_its_own_roles_signature(void **state)
{
	rk_tuf_maker *maker = *state;

	rk_tuf_maker_put_timestamp(maker, "4");
	rk_tuf_maker_refused(maker, NULL, "timestamp version 1 has 0 of 1 signatures");
	rk_tuf_maker_put_snapshot(maker, "5");
	rk_tuf_maker_put_timestamp(maker, "5");
	rk_tuf_maker_refused(maker, NULL, "snapshot version 1 has 0 of 1 signatures");
	rk_tuf_maker_put_targets(
	    maker, &(struct rk_maker_targets){"targets", 1, 0, "\"targets\":{}", "45"});
	rk_tuf_maker_put_snapshot(maker, "4");
	rk_tuf_maker_put_timestamp(maker, "5");
	rk_tuf_maker_refused(maker, NULL, "targets version 1 has 0 of 1 signatures");
}

static void
each_file_must_be_valid_today(void **state)
{
	rk_tuf_maker *maker = *state;
	struct rk_chain_request request = rk_tuf_maker_request(maker);
	rk_client_state *seen;

	rk_tuf_maker_put_targets(
	    maker, &(struct rk_maker_targets){"targets", 1, RK_MAKER_NOW, "\"targets\":{}", "3"});
	rk_tuf_maker_refresh(maker);
	rk_tuf_maker_refused(maker, NULL, "targets version 1 expired");
	assert_ok(rk_snapshot_set_expires(maker->snapshot, RK_MAKER_NOW - RK_DAY));
	rk_tuf_maker_refresh(maker);
	rk_tuf_maker_refused(maker, NULL, "snapshot version 3 expired");
	assert_ok(rk_snapshot_set_expires(maker->timestamp, RK_MAKER_NOW - RK_DAY));
	rk_tuf_maker_refresh(maker);
	rk_tuf_maker_refused(maker, NULL, "timestamp version 4 expired");

	request.ignore_expiry = true;
	seen = rk_tuf_maker_walk(&request, RK_OK);
	assert_true(seen->complete);
	assert_int_equal(seen->finding_count, 3);
	rk_client_state_free(seen);
}

/* One byte more, and signed well: not the file that the snapshot means. */
static void
a_file_with_another_hash_or_length_is_refused(void **state)
{
	rk_tuf_maker *maker = *state;
	rk_text *text = NULL;
	RK_AUTO_BUF(longer);

	assert_ok(maker->source->fetch(maker->source, "1.targets.json", SIZE_MAX, &text));
	rk_buf_append(&longer, text->data, text->len);
	rk_buf_byte(&longer, '\n');
	assert_ok(rk_source_put(maker->source, "1.targets.json", longer.data, longer.len));
	rk_tuf_maker_refused(maker, NULL, "bytes, but listed are");
	longer.data[--longer.len] = '\0';
	assert_ok(rk_source_put(maker->source, "1.targets.json", longer.data, longer.len));
	rk_client_state_free(rk_tuf_maker_fine(maker, NULL));
	*strstr(longer.data, "a.txt") = 'A';
	assert_ok(rk_source_put(maker->source, "1.targets.json", longer.data, longer.len));
	rk_tuf_maker_refused(maker, NULL, "another hash");
	rk_text_free(text);
}

static void
a_file_of_another_version_than_listed_is_refused(void **state)
{
	rk_tuf_maker *maker = *state;
	rk_text *text = NULL;

	assert_ok(maker->source->fetch(maker->source, "1.targets.json", SIZE_MAX, &text));
	assert_ok(rk_snapshot_list_facts(maker->snapshot, "targets", 2, 0, NULL));
	rk_tuf_maker_put(maker, "2.targets.json", text);
	rk_tuf_maker_refresh(maker);
	rk_tuf_maker_refused(maker, NULL, "is version 1, but listed is 2");
}

static void
a_file_that_is_missing_is_fatal_unless_its_keys_are_a_servers(void **state)
{
	rk_tuf_maker *maker = *state;
	struct rk_chain_request request = rk_tuf_maker_request(maker);
	rk_source *some = NULL;
	rk_client_state *seen;
	const char *const names[] = {"1.root.json", "1.targets.json"};

	assert_ok(rk_source_memory(&some));
	for (size_t i = 0; i < 2; i++) {
		RK_AUTO(rk_text) text = NULL;

		assert_ok(maker->source->fetch(maker->source, names[i], SIZE_MAX, &text));
		assert_ok(rk_source_put(some, names[i], text->data, text->len));
	}
	request.source = some;
	seen = rk_tuf_maker_walk(&request, RK_E_UNTRUSTED);
	assert_true(rk_tuf_maker_finds(seen, RK_FINDING_FATAL, "timestamp is missing"));
	rk_client_state_free(seen);
	request.timestamp_may_miss = true;
	seen = rk_tuf_maker_walk(&request, RK_E_UNTRUSTED);
	assert_true(rk_tuf_maker_finds(seen, RK_FINDING_FATAL, "snapshot is missing"));
	rk_client_state_free(seen);
	request.snapshot_may_miss = true;
	seen = rk_tuf_maker_walk(&request, RK_OK);
	assert_false(seen->complete);
	assert_null(seen->snapshot);
	assert_non_null(rk_client_role_of(seen, "targets"));
	rk_client_state_free(seen);
	rk_source_free(some);
}

/* targets to alice (a/…) and bob (b/…, terminating), alice on to carol. */
static void
delegate(rk_tuf_maker *maker)
{
	RK_AUTO_BUF(top);
	RK_AUTO_BUF(alice);

	rk_buf_text(&top, "\"delegations\":{");
	rk_tuf_maker_keys_json(maker, "67", &top);
	rk_buf_text(&top, ",\"roles\":[");
	add_delegation(maker, &top, "alice", "6", "\"paths\":[\"a/*\"],\"terminating\":false");
	rk_buf_byte(&top, ',');
	add_delegation(maker, &top, "bob", "7", "\"paths\":[\"*/*\"],\"terminating\":true");
	rk_buf_byte(&top, ',');
	add_delegation(maker, &top, "late", "7", "\"paths\":[\"*/*\"],\"terminating\":false");
	rk_buf_text(&top, "]},\"targets\":{}");
	rk_tuf_maker_put_signed_targets(maker, 2, rk_buf_str(&top));

	rk_buf_text(&alice, "\"delegations\":{");
	rk_tuf_maker_keys_json(maker, "8", &alice);
	rk_buf_text(&alice, ",\"roles\":[");
	add_delegation(maker, &alice, "carol", "8", "\"paths\":[\"a/*\"],\"terminating\":false");
	rk_buf_text(&alice, "]},\"targets\":{" TARGET("a/one", "1") "}");
	rk_tuf_maker_put_targets(
	    maker, &(struct rk_maker_targets){"targets/alice", 1, 0, rk_buf_str(&alice), "6"});
	rk_tuf_maker_put_targets(
	    maker, &(struct rk_maker_targets){"targets/carol", 1, 0,
		       "\"targets\":{" TARGET("a/one", "3") "," TARGET("a/two", "3") "}", "8"});
	rk_tuf_maker_put_targets(
	    maker, &(struct rk_maker_targets){"targets/bob", 4, 0,
		       "\"targets\":{" TARGET("a/two", "2") "," TARGET("b/one", "2") "}", "7"});
	rk_tuf_maker_put_targets(maker, &(struct rk_maker_targets){"targets/late", 1, 0,
					    "\"targets\":{" TARGET("b/two", "5") "}", "7"});
	rk_tuf_maker_refresh(maker);
}

static void
finds_in(const rk_client_state *seen, const char *name, const char *want)
{
	rk_target *target = NULL;
	const char *role = NULL;

	assert_ok(rk_client_find_target(seen, name, &target, &role));
	assert_string_equal(role, want);
	assert_string_equal(target->name, name);
	rk_target_free(target);
}

static void
delegations_are_walked_and_searched_in_order(void **state)
{
	rk_tuf_maker *maker = *state;
	rk_target *target = NULL;
	rk_client_state *seen;

	delegate(maker);
	seen = rk_tuf_maker_fine(maker, NULL);
	assert_int_equal(seen->count, 8);
	assert_string_equal(rk_client_role_of(seen, "targets/bob")->file, "4.bob.json");
	assert_true(rk_client_role_of(seen, "targets/carol")->verdict->met);
	finds_in(seen, "a/one", "targets/alice");
	finds_in(seen, "a/two", "targets/carol");
	finds_in(seen, "b/one", "targets/bob");
	/* bob is asked last for what is his. */
	assert_error(rk_client_find_target(seen, "b/two", &target, NULL), RK_E_NOT_FOUND);
	rk_client_state_free(seen);
}

static void
a_delegated_file_by_another_key_is_refused(void **state)
{
	rk_tuf_maker *maker = *state;

	delegate(maker);
	rk_tuf_maker_put_targets(
	    maker, &(struct rk_maker_targets){"targets/carol", 2, 0, "\"targets\":{}", "6"});
	rk_tuf_maker_refresh(maker);
	rk_tuf_maker_refused(maker, NULL, "targets/carol version 2 has 0 of 1 signatures");
}

static void
a_delegation_that_nobody_signed_into_yet_may_be_missing(void **state)
{
	rk_tuf_maker *maker = *state;
	struct rk_chain_request request = rk_tuf_maker_request(maker);
	rk_client_state *seen;

	delegate(maker);
	assert_ok(rk_snapshot_unlist(maker->snapshot, "targets/carol"));
	rk_tuf_maker_refresh(maker);
	rk_tuf_maker_refused(maker, NULL, "targets/carol is missing");
	request.delegations_may_miss = true;
	seen = rk_tuf_maker_walk(&request, RK_OK);
	assert_null(rk_client_role_of(seen, "targets/carol"));
	assert_true(rk_tuf_maker_finds(seen, RK_FINDING_NOTE, "nothing was published"));
	rk_client_state_free(seen);
}

static void
roles_that_delegate_to_each_other_are_walked_once(void **state)
{
	rk_tuf_maker *maker = *state;
	rk_target *target = NULL;
	rk_client_state *seen;
	RK_AUTO_BUF(carol);

	delegate(maker);
	rk_buf_text(&carol, "\"delegations\":{");
	rk_tuf_maker_keys_json(maker, "9", &carol);
	rk_buf_text(&carol, ",\"roles\":[");
	add_delegation(maker, &carol, "alice", "9", "\"paths\":[\"a/*\"],\"terminating\":false");
	rk_buf_text(&carol, "]},\"targets\":{}");
	rk_tuf_maker_put_targets(
	    maker, &(struct rk_maker_targets){"targets/carol", 2, 0, rk_buf_str(&carol), "8"});
	rk_tuf_maker_refresh(maker);
	seen = rk_tuf_maker_fine(maker, NULL);
	assert_int_equal(seen->count, 8);
	assert_true(rk_tuf_maker_finds(seen, RK_FINDING_WARNING, "another role delegates"));
	assert_error(rk_client_find_target(seen, "a/six", &target, NULL), RK_E_NOT_FOUND);
	rk_client_state_free(seen);
}

static void
every_bin_is_walked_and_the_digest_says_which(void **state)
{
	rk_tuf_maker *maker = *state;
	const char *const bins[] = {
	    "targets/bin-0", "targets/bin-1", "targets/bin-2", "targets/bin-3"};
	rk_client_state *seen;
	RK_AUTO_BUF(top);

	rk_buf_text(&top, "\"delegations\":{");
	rk_tuf_maker_keys_json(maker, "6", &top);
	rk_buf_text(&top, ",\"succinct_roles\":{\"bit_length\":2,\"name_prefix\":\"bin\",");
	rk_tuf_maker_keyids_json(maker, "6", &top);
	rk_buf_text(&top, ",\"threshold\":1}},\"targets\":{}");
	rk_tuf_maker_put_signed_targets(maker, 2, rk_buf_str(&top));
	for (size_t i = 0; i < 4; i++)
		rk_tuf_maker_put_targets(
		    maker, &(struct rk_maker_targets){bins[i], 1, 0,
			       "\"targets\":{" TARGET("x", "1") "," TARGET("y", "1") "}", "6"});
	rk_tuf_maker_refresh(maker);
	seen = rk_tuf_maker_fine(maker, NULL);
	assert_int_equal(seen->count, 8);
	/* SHA-256 of "x" begins with 2d, that of "y" with a1. */
	finds_in(seen, "x", "targets/bin-0");
	finds_in(seen, "y", "targets/bin-2");
	rk_client_state_free(seen);
	assert_ok(rk_snapshot_unlist(maker->snapshot, "targets/bin-3"));
	rk_tuf_maker_refresh(maker);
	rk_tuf_maker_refused(maker, NULL, "targets/bin-3 is missing");
}

static void
more_delegations_than_anyone_walks_are_too_many(void **state)
{
	rk_tuf_maker *maker = *state;
	struct rk_chain_request request = rk_tuf_maker_request(maker);
	rk_client_state *seen = NULL;
	RK_AUTO_BUF(top);

	rk_buf_text(&top, "\"delegations\":{");
	rk_tuf_maker_keys_json(maker, "6", &top);
	rk_buf_text(&top, ",\"succinct_roles\":{\"bit_length\":32,\"name_prefix\":\"bin\",");
	rk_tuf_maker_keyids_json(maker, "6", &top);
	rk_buf_text(&top, ",\"threshold\":1}},\"targets\":{}");
	rk_tuf_maker_put_signed_targets(maker, 2, rk_buf_str(&top));
	rk_tuf_maker_refresh(maker);
	request.delegations_may_miss = true;
	assert_error(rk_chain_walk(&request, &seen), RK_E_LIMIT);
	assert_null(seen);
}

static void
a_targets_file_that_a_client_would_choke_on_is_refused(void **state)
{
	rk_tuf_maker *maker = *state;
	struct rk_chain_request request = rk_tuf_maker_request(maker);

	rk_tuf_maker_put_signed_targets(
	    maker, 2, "\"targets\":{\"a\":{\"hashes\":{},\"length\":1}}");
	rk_tuf_maker_refresh(maker);
	rk_client_state_free(rk_tuf_maker_walk(&request, RK_E_MALFORMED));
}

static void
odd_dates_and_repeated_ids_are_told(void **state)
{
	rk_tuf_maker *maker = *state;
	struct rk_chain_request request = rk_tuf_maker_request(maker);
	rk_client_state *seen;
	rk_text *text = NULL;
	RK_AUTO_BUF(out);
	const char *entry;

	assert_ok(rk_node_put_text(
	    maker->snapshot->signed_node, "expires", "2027-12-01T00:00:00.5+01:00"));
	rk_tuf_maker_refresh(maker);
	assert_ok(maker->source->fetch(maker->source, "timestamp.json", SIZE_MAX, &text));
	rk_buf_append(&out, text->data, text->len);
	rk_text_free(text);
	/* The same entry once more, at the end of the array. */
	entry = strstr(rk_buf_str(&out), "{\"keyid\"");
	assert_non_null(entry);
	{
		RK_AUTO_BUF(twice);

		rk_buf_append(&twice, out.data, out.len - 2);
		rk_buf_byte(&twice, ',');
		rk_buf_append(&twice, entry, (size_t)(out.data + out.len - 2 - entry));
		rk_buf_text(&twice, "]}");
		assert_ok(rk_source_put(maker->source, "timestamp.json", twice.data, twice.len));
	}
	seen = rk_tuf_maker_walk(&request, RK_OK);
	assert_true(rk_tuf_maker_finds(seen, RK_FINDING_NOTE, "which some clients do not read"));
	assert_true(rk_tuf_maker_finds(seen, RK_FINDING_WARNING, "two signatures have the key id"));
	rk_client_state_free(seen);
}

static void
what_would_be_there_after_promoting_is_seen_through_an_overlay(void **state)
{
	rk_tuf_maker *maker = *state;
	struct rk_chain_request request = rk_tuf_maker_request(maker);
	rk_source *published = maker->source, *staged = NULL;
	rk_client_state *seen;

	assert_ok(rk_source_memory(&staged));
	maker->source = staged;
	rk_tuf_maker_put_signed_targets(maker, 2, "\"targets\":{}");
	assert_ok(rk_root_set_version(maker->root, 2));
	rk_tuf_maker_put_root(maker, "02");
	rk_tuf_maker_refresh(maker);
	assert_ok(rk_source_overlay(staged, published, &request.source));
	seen = rk_tuf_maker_walk(&request, RK_OK);
	assert_int_equal(seen->root->version, 2);
	assert_int_equal(rk_client_role_of(seen, "targets")->envelope->version, 2);
	assert_int_equal(seen->timestamp->version, 2);
	rk_client_state_free(seen);
	rk_source_free(request.source);
	rk_source_free(published);
}

#define chain_spec(function) \
	cmocka_unit_test_setup_teardown(function, rk_tuf_maker_new, rk_tuf_maker_free)

/* Files that are open already stand in the source's place, under their own names only. */
static void
an_open_file_is_judged_as_if_it_had_been_fetched(void **state)
{
	rk_tuf_maker *maker = *state;
	struct rk_chain_request request = rk_tuf_maker_request(maker);
	struct rk_chain_ready ready = {.role = "targets", .file = "1.targets.json"};
	rk_text *text = NULL;
	rk_client_state *seen;

	assert_ok(request.source->fetch(request.source, "1.targets.json", 1 << 20, &text));
	ready.envelope = rk_tuf_maker_open(text, "open.json");
	assert_ok(rk_source_put(maker->source, "1.targets.json", "{}", 2));
	request.ready = &ready;
	request.ready_count = 1;
	seen = rk_tuf_maker_walk(&request, RK_OK);
	assert_ptr_equal(rk_client_role_of(seen, "targets")->envelope, ready.envelope);
	assert_true(seen->complete);
	rk_client_state_free(seen);
	ready.file = "2.targets.json";
	seen = rk_tuf_maker_walk(&request, RK_E_MALFORMED);
	rk_client_state_free(seen);
	/* What it says is judged like any other: another file is not what the snapshot lists. */
	rk_envelope_free(ready.envelope);
	ready.file = "1.targets.json";
	ready.envelope = rk_tuf_maker_open(
	    rk_tuf_maker_wrap(maker,
		"{\"_type\":\"targets\",\"expires\":\"2027-12-01T00:00:00Z\",\"spec_version\":"
		"\"1.0.31\",\"targets\":{},\"version\":2}",
		"3"),
	    "open.json");
	seen = rk_tuf_maker_walk(&request, RK_E_UNTRUSTED);
	rk_client_state_free(seen);
	rk_envelope_free(ready.envelope);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    chain_spec(each_file_needs_its_own_roles_signature),
	    chain_spec(each_file_must_be_valid_today),
	    chain_spec(a_file_with_another_hash_or_length_is_refused),
	    chain_spec(a_file_of_another_version_than_listed_is_refused),
	    chain_spec(a_file_that_is_missing_is_fatal_unless_its_keys_are_a_servers),
	    chain_spec(delegations_are_walked_and_searched_in_order),
	    chain_spec(a_delegated_file_by_another_key_is_refused),
	    chain_spec(a_delegation_that_nobody_signed_into_yet_may_be_missing),
	    chain_spec(roles_that_delegate_to_each_other_are_walked_once),
	    chain_spec(every_bin_is_walked_and_the_digest_says_which),
	    chain_spec(more_delegations_than_anyone_walks_are_too_many),
	    chain_spec(a_targets_file_that_a_client_would_choke_on_is_refused),
	    chain_spec(odd_dates_and_repeated_ids_are_told),
	    chain_spec(what_would_be_there_after_promoting_is_seen_through_an_overlay),
	    chain_spec(an_open_file_is_judged_as_if_it_had_been_fetched),
	};

	return cmocka_run_group_tests_name("chain files", tests, NULL, NULL);
}
