#include "support/spec.h"
#include "support/tuf_maker.h"

static void
walk_refused(rk_tuf_maker *maker, const rk_client_state *since, const char *says)
{
	struct rk_chain_request request = rk_tuf_maker_request(maker);
	rk_client_state *state;

	request.since = since;
	state = rk_tuf_maker_walk(&request, RK_E_UNTRUSTED);
	if (!rk_tuf_maker_finds(state, RK_FINDING_FATAL, says))
		fail_msg("no finding says '%s', but: %s", says,
		    state->findings[state->finding_count - 1].sentence);
	assert_false(state->complete);
	rk_client_state_free(state);
}

static rk_client_state *
walk_fine(rk_tuf_maker *maker, const rk_client_state *since)
{
	struct rk_chain_request request = rk_tuf_maker_request(maker);
	rk_client_state *state;

	request.since = since;
	state = rk_tuf_maker_walk(&request, RK_OK);
	assert_true(state->complete);
	return state;
}

static void
put_targets(rk_tuf_maker *maker, int64_t version, const char *members)
{
	rk_tuf_maker_put_targets(
	    maker, &(struct rk_maker_targets){"targets", version, 0, members, "3"});
}

static void
a_timestamp_that_went_back_is_refused(void **state)
{
	rk_tuf_maker *maker = *state;
	rk_client_state *since;

	rk_tuf_maker_refresh(maker);
	since = walk_fine(maker, NULL);
	rk_client_state_free(walk_fine(maker, since));
	assert_ok(rk_snapshot_set_version(maker->timestamp, 1));
	rk_tuf_maker_put_timestamp(maker, "5");
	walk_refused(maker, since, "timestamp went back from version 2 to 1");
	rk_client_state_free(since);
}

static void
a_newer_timestamp_may_not_name_an_older_snapshot(void **state)
{
	rk_tuf_maker *maker = *state;
	rk_client_state *since;

	rk_tuf_maker_refresh(maker);
	since = walk_fine(maker, NULL);
	assert_ok(rk_snapshot_set_version(maker->snapshot, 1));
	rk_tuf_maker_put_snapshot(maker, "4");
	assert_ok(rk_snapshot_set_version(maker->timestamp, 3));
	rk_tuf_maker_put_timestamp(maker, "5");
	walk_refused(maker, since, "went back from version 2 to 1 of the snapshot");
	rk_client_state_free(since);
}

static void
a_snapshot_may_neither_drop_nor_lower_a_file(void **state)
{
	rk_tuf_maker *maker = *state;
	rk_client_state *since;

	put_targets(maker, 2, "\"targets\":{}");
	rk_tuf_maker_put_targets(
	    maker, &(struct rk_maker_targets){"targets/alice", 1, 0, "\"targets\":{}", "6"});
	rk_tuf_maker_refresh(maker);
	since = walk_fine(maker, NULL);
	assert_ok(rk_snapshot_unlist(maker->snapshot, "targets/alice"));
	rk_tuf_maker_refresh(maker);
	rk_client_state_free(walk_fine(maker, NULL));
	walk_refused(maker, since, "no longer lists 'alice.json'");
	rk_tuf_maker_put_targets(
	    maker, &(struct rk_maker_targets){"targets/alice", 1, 0, "\"targets\":{}", "6"});
	put_targets(maker, 1, "\"targets\":{}");
	rk_tuf_maker_refresh(maker);
	walk_refused(maker, since, "went back from version 2 to 1 of 'targets.json'");
	rk_client_state_free(since);
}

/* How clients come away from a version that a thief made too high. */
static void
with_both_keys_replaced_old_lists_no_longer_count(void **state)
{
	rk_tuf_maker *maker = *state;
	const enum rk_role_kind kinds[] = {RK_ROLE_SNAPSHOT, RK_ROLE_TIMESTAMP};
	rk_client_state *since;

	assert_ok(rk_snapshot_set_version(maker->snapshot, 1000));
	assert_ok(rk_snapshot_set_version(maker->timestamp, 1000));
	put_targets(maker, 1000, "\"targets\":{}");
	rk_tuf_maker_refresh(maker);
	since = walk_fine(maker, NULL);

	assert_ok(rk_root_set_version(maker->root, 2));
	for (size_t i = 0; i < 2; i++) {
		assert_ok(rk_root_add_key(maker->root, kinds[i], maker->keys[6 + i]));
		assert_ok(rk_root_remove_key(maker->root, kinds[i], maker->keys[4 + i]->pubkey));
	}
	rk_tuf_maker_put_root(maker, "01");
	put_targets(maker, 2, "\"targets\":{}");
	assert_ok(rk_snapshot_set_version(maker->snapshot, 2));
	assert_ok(rk_snapshot_set_version(maker->timestamp, 2));
	rk_tuf_maker_put_snapshot(maker, "6");
	rk_tuf_maker_put_timestamp(maker, "7");
	rk_client_state_free(walk_fine(maker, since));

	/* One of the two replaced is not enough. */
	assert_ok(rk_root_add_key(maker->root, RK_ROLE_SNAPSHOT, maker->keys[4]));
	rk_tuf_maker_put_root(maker, "01");
	walk_refused(maker, since, "snapshot went back from version 1001 to 2");
	rk_client_state_free(since);
}

#define chain_spec(function) \
	cmocka_unit_test_setup_teardown(function, rk_tuf_maker_new, rk_tuf_maker_free)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    chain_spec(a_timestamp_that_went_back_is_refused),
	    chain_spec(a_newer_timestamp_may_not_name_an_older_snapshot),
	    chain_spec(a_snapshot_may_neither_drop_nor_lower_a_file),
	    chain_spec(with_both_keys_replaced_old_lists_no_longer_count),
	};

	return cmocka_run_group_tests_name("chain since", tests, NULL, NULL);
}
