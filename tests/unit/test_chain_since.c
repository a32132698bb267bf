#include "support/spec.h"
#include "support/tuf_maker.h"

static void
a_timestamp_that_went_back_is_refused(void **state)
{
	rk_tuf_maker *maker = *state;
	rk_client_state *since;

	rk_tuf_maker_refresh(maker);
	since = rk_tuf_maker_fine(maker, NULL);
	rk_client_state_free(rk_tuf_maker_fine(maker, since));
	assert_ok(rk_snapshot_set_version(maker->timestamp, 1));
	rk_tuf_maker_put_timestamp(maker, "5");
	rk_tuf_maker_refused(maker, since, "timestamp went back from version 2 to 1");
	rk_client_state_free(since);
}

static void
a_newer_timestamp_may_not_name_an_older_snapshot(void **state)
{
	rk_tuf_maker *maker = *state;
	rk_client_state *since;

	rk_tuf_maker_refresh(maker);
	since = rk_tuf_maker_fine(maker, NULL);
	assert_ok(rk_snapshot_set_version(maker->snapshot, 1));
	rk_tuf_maker_put_snapshot(maker, "4");
	assert_ok(rk_snapshot_set_version(maker->timestamp, 3));
	rk_tuf_maker_put_timestamp(maker, "5");
	rk_tuf_maker_refused(maker, since, "went back from version 2 to 1 of the snapshot");
	rk_client_state_free(since);
}

static void
a_snapshot_may_neither_drop_nor_lower_a_file(void **state)
{
	rk_tuf_maker *maker = *state;
	rk_client_state *since;

	rk_tuf_maker_put_signed_targets(maker, 2, "\"targets\":{}");
	rk_tuf_maker_put_targets(
	    maker, &(struct rk_maker_targets){"targets/alice", 1, 0, "\"targets\":{}", "6"});
	rk_tuf_maker_refresh(maker);
	since = rk_tuf_maker_fine(maker, NULL);
	assert_ok(rk_snapshot_unlist(maker->snapshot, "targets/alice"));
	rk_tuf_maker_refresh(maker);
	rk_client_state_free(rk_tuf_maker_fine(maker, NULL));
	rk_tuf_maker_refused(maker, since, "no longer lists 'alice.json'");
	rk_tuf_maker_put_targets(
	    maker, &(struct rk_maker_targets){"targets/alice", 1, 0, "\"targets\":{}", "6"});
	rk_tuf_maker_put_signed_targets(maker, 1, "\"targets\":{}");
	rk_tuf_maker_refresh(maker);
	rk_tuf_maker_refused(maker, since, "went back from version 2 to 1 of 'targets.json'");
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
	rk_tuf_maker_put_signed_targets(maker, 1000, "\"targets\":{}");
	rk_tuf_maker_refresh(maker);
	since = rk_tuf_maker_fine(maker, NULL);

	assert_ok(rk_root_set_version(maker->root, 2));
	for (size_t i = 0; i < 2; i++) {
		assert_ok(rk_root_add_key(maker->root, kinds[i], maker->keys[6 + i]));
		assert_ok(rk_root_remove_key(maker->root, kinds[i], maker->keys[4 + i]->pubkey));
	}
	rk_tuf_maker_put_root(maker, "01");
	rk_tuf_maker_put_signed_targets(maker, 2, "\"targets\":{}");
	assert_ok(rk_snapshot_set_version(maker->snapshot, 2));
	assert_ok(rk_snapshot_set_version(maker->timestamp, 2));
	rk_tuf_maker_put_snapshot(maker, "6");
	rk_tuf_maker_put_timestamp(maker, "7");
	rk_client_state_free(rk_tuf_maker_fine(maker, since));

	/* One of the two replaced is not enough. */
	assert_ok(rk_root_add_key(maker->root, RK_ROLE_SNAPSHOT, maker->keys[4]));
	rk_tuf_maker_put_root(maker, "01");
	rk_tuf_maker_refused(maker, since, "snapshot went back from version 1001 to 2");
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
