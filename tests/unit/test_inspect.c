#include "support/notary_maker.h"
#include "support/spec.h"

#include "flow/inspect.h"

#include <stdlib.h>
#include <string.h>

#define A_DIGEST "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"
#define A_HASH \
	"{\"hashes\":{\"sha256\":\"WJG1tSLV3whtD/CxEPvZ0hu0/HFjrzTQgoai6Eb2vgM=\"},\"length\":6}"
#define Z_HASH \
	"{\"hashes\":{\"sha256\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"},\"length\":6}"
#define LEAF(targets)                                                                      \
	"\"delegations\":{\"keys\":{},\"roles\":[]},\"expires\":\"2028-01-01T00:00:00Z\"," \
	"\"targets\":{" targets "}"

static void
names_are_compared_by_their_numbers(void **state)
{
	/* "02x" is 02 and then more: after 02, before 10. */
	static const char *const order[] = {"", "1", "2", "02", "02x", "10", "Z", "a", "a-b", "a_b",
	    "ab1", "abc1", "v", "v1", "v1.9", "v1.09", "v1.10", "v1.10-rc1", "v1.10rc1",
	    "v18446744073709551616", "v18446744073709551617"};
	size_t count = sizeof(order) / sizeof(order[0]);

	(void)state;
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < count; j++) {
			int found = rk_inspect_compare(order[i], order[j]);

			assert_int_equal((found > 0) - (found < 0), (i > j) - (i < j));
		}
}

static rk_client_state *
walked(rk_notary_maker *maker)
{
	struct rk_chain_request request;

	rk_notary_maker_refresh(maker);
	request = rk_notary_maker_request(maker);
	return rk_tuf_maker_walk(&request, RK_OK);
}

/* targets of version 2 with these entries; key 6 signs releases and alice, whose paths are `paths`. */
static void
put_targets(rk_notary_maker *maker, const char *targets, const char *paths)
{
	RK_AUTO(rk_str) members = NULL;
	RK_AUTO_BUF(key);
	const char *id = maker->plain[6]->keyid;

	rk_write_node(&key, maker->plain[6]->object, rk_dialect_notary.style, 0);
	assert_ok(rk_strdupf(&members,
	    "\"delegations\":{\"keys\":{\"%s\":%s},\"roles\":["
	    "{\"keyids\":[\"%s\"],\"name\":\"targets/alice\",\"paths\":[%s],\"threshold\":1},"
	    "{\"keyids\":[\"%s\"],\"name\":\"targets/bob\",\"paths\":[\"\"],\"threshold\":1},"
	    "{\"keyids\":[\"%s\"],\"name\":\"targets/"
	    "releases\",\"paths\":[\"\"],\"threshold\":1}]},"
	    "\"expires\":\"2028-01-01T00:00:00Z\",\"targets\":{%s}",
	    id, rk_buf_str(&key), id, paths, id, id, targets));
	rk_notary_maker_put_targets(maker, "targets", 2, members, 2);
}

static void
assert_tag(const rk_inspect *inspect, size_t index, const char *name, const char *digest,
    const char *signer)
{
	const rk_inspect_tag *tag = &inspect->tags[index];

	assert_string_equal(tag->name, name);
	if (digest)
		assert_string_equal(tag->digest, digest);
	assert_int_equal(tag->signers, signer ? 1 : 0);
	if (signer)
		assert_string_equal(inspect->signed_by[tag->first], signer);
}

static void
a_tag_is_shown_with_those_who_list_its_digest_once_it_is_released(void **state)
{
	rk_notary_maker *maker = *state;
	rk_inspect *inspect = NULL;
	rk_client_state *seen;

	put_targets(maker, "\"1.10\":" A_HASH ",\"1.9\":" A_HASH, "\"\"");
	rk_notary_maker_put_targets(maker, "targets/alice", 1,
	    LEAF("\"1.9\":" Z_HASH ",\"2\":" A_HASH ",\"own\":" A_HASH), 6);
	rk_notary_maker_put_targets(maker, "targets/releases", 1, LEAF("\"2\":" A_HASH), 6);
	seen = walked(maker);
	assert_ok(rk_inspect_take(seen, NULL, &inspect));
	assert_int_equal(inspect->tag_count, 3);
	assert_tag(inspect, 0, "1.9", A_DIGEST, NULL);
	assert_tag(inspect, 1, "1.10", A_DIGEST, NULL);
	assert_tag(inspect, 2, "2", A_DIGEST, "alice");
	assert_int_equal(inspect->signer_count, 2);
	assert_string_equal(inspect->signers[1].name, "bob");
	assert_string_equal(inspect->signers[1].keyids->names[0], maker->plain[6]->keyid);
	assert_string_equal(inspect->root_keys->names[0], maker->certified[0]->keyid);
	assert_string_equal(inspect->targets_keys->names[0], maker->plain[2]->keyid);
	rk_inspect_free(inspect);
	rk_client_state_free(seen);
}

static void
two_released_digests_of_a_tag_are_two_rows(void **state)
{
	rk_notary_maker *maker = *state;
	rk_inspect *inspect = NULL;
	rk_client_state *seen;

	put_targets(maker, "\"1\":" A_HASH, "\"\"");
	rk_notary_maker_put_targets(maker, "targets/releases", 1, LEAF("\"1\":" Z_HASH), 6);
	seen = walked(maker);
	assert_ok(rk_inspect_take(seen, "1", &inspect));
	assert_int_equal(inspect->tag_count, 2);
	assert_tag(inspect, 1, "1", A_DIGEST, NULL);
	rk_inspect_free(inspect);
	rk_client_state_free(seen);
}

static void
one_tag_is_asked_of_those_alone_whose_paths_cover_it(void **state)
{
	rk_notary_maker *maker = *state;
	rk_inspect *inspect = NULL;
	rk_client_state *seen;

	put_targets(maker, "\"v1\":" A_HASH ",\"w1\":" A_HASH, "\"v\"");
	rk_notary_maker_put_targets(
	    maker, "targets/alice", 1, LEAF("\"v1\":" A_HASH ",\"w1\":" A_HASH), 6);
	seen = walked(maker);
	assert_ok(rk_inspect_take(seen, "v1", &inspect));
	assert_int_equal(inspect->tag_count, 1);
	assert_tag(inspect, 0, "v1", A_DIGEST, "alice");
	rk_inspect_free(inspect);
	assert_ok(rk_inspect_take(seen, "w1", &inspect));
	assert_tag(inspect, 0, "w1", A_DIGEST, NULL);
	rk_inspect_free(inspect);
	assert_ok(rk_inspect_take(seen, "none", &inspect));
	assert_int_equal(inspect->tag_count, 0);
	assert_int_equal(inspect->signer_count, 2);
	rk_inspect_free(inspect);
	rk_client_state_free(seen);
}

static void
a_dialect_that_docker_does_not_read_is_refused(void **state)
{
	rk_inspect *inspect = NULL;
	struct rk_chain_request request;
	rk_client_state *seen;
	void *maker = NULL;

	(void)state;
	assert_int_equal(rk_tuf_maker_new(&maker), 0);
	request = rk_tuf_maker_request(maker);
	seen = rk_tuf_maker_walk(&request, RK_OK);
	assert_error(rk_inspect_take(seen, NULL, &inspect), RK_E_REFUSED);
	rk_client_state_free(seen);
	rk_tuf_maker_free(&maker);
}

#define spec_made(function) \
	cmocka_unit_test_setup_teardown(function, rk_notary_maker_new, rk_notary_maker_free)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    spec(names_are_compared_by_their_numbers),
	    spec_made(a_tag_is_shown_with_those_who_list_its_digest_once_it_is_released),
	    spec_made(two_released_digests_of_a_tag_are_two_rows),
	    spec_made(one_tag_is_asked_of_those_alone_whose_paths_cover_it),
	    spec(a_dialect_that_docker_does_not_read_is_refused),
	};

	return cmocka_run_group_tests_name("inspect", tests, NULL, NULL);
}
