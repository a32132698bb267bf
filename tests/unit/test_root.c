#include "support/soft_key.h"
#include "support/spec.h"
#include "support/tuf_maker.h"

#include <string.h>

static rk_node *
role_node(rk_root *root, const char *role)
{
	return rk_node_get(rk_node_get(root->signed_node, "roles"), role);
}

static rk_error *
read_back(rk_node *signed_node, rk_root **ret_root)
{
	rk_text *text = NULL;
	rk_envelope *envelope;
	rk_error *err;

	assert_ok(rk_envelope_compose(&rk_dialect_tuf, signed_node, NULL, &text));
	envelope = rk_tuf_maker_open(text, "root.json");
	err = rk_root_read(envelope, ret_root);
	rk_envelope_free(envelope);
	return err;
}

static void
a_new_root_is_not_fit_until_every_role_has_keys(void **state)
{
	rk_tuf_maker *maker = *state;
	rk_root *root = NULL;
	rk_text *text = NULL;

	assert_ok(rk_root_new(&rk_dialect_tuf, RK_MAKER_NOW, false, &root));
	assert_int_equal(root->version, 1);
	assert_false(root->consistent_snapshot);
	assert_error(rk_root_check(root), RK_E_REFUSED);
	assert_error(rk_root_compose(root, NULL, &text), RK_E_REFUSED);
	for (int kind = 0; kind < RK_ROLE_TOP_COUNT; kind++)
		assert_ok(rk_root_add_key(root, (enum rk_role_kind)kind, maker->keys[0]));
	assert_ok(rk_root_check(root));
	assert_ok(rk_root_compose(root, NULL, &text));
	rk_text_free(text);
	assert_ok(rk_root_set_threshold(root, RK_ROLE_ROOT, 2));
	assert_error(rk_root_check(root), RK_E_REFUSED);
	assert_error(rk_root_set_threshold(root, RK_ROLE_ROOT, 0), RK_E_REFUSED);
	assert_int_equal(rk_root_role(root, RK_ROLE_ROOT)->threshold, 2);
	assert_null(rk_root_role(root, RK_ROLE_DELEGATED));
	rk_root_free(root);
}

static void
a_root_is_written_as_one_canonical_line(void **state)
{
	rk_tuf_maker *maker = *state;
	rk_text *text = NULL;
	const char *start = "{\"signed\":{\"_type\":\"root\",\"consistent_snapshot\":true,"
			    "\"expires\":\"2028-01-15T08:00:00Z\",\"keys\":{\"";

	assert_ok(rk_root_compose(maker->root, NULL, &text));
	assert_memory_equal(text->data, start, strlen(start));
	assert_memory_equal(text->data + text->len - 17, ",\"signatures\":[]}", 17);
	assert_null(
	    memchr(text->data, ' ', (size_t)(strstr(text->data, "-----BEGIN") - text->data)));
	rk_text_free(text);
}

static void
unknown_members_survive_every_edit(void **state)
{
	rk_tuf_maker *maker = *state;
	rk_root *root = NULL, *copy = NULL;

	assert_ok(rk_node_put_text(maker->root->signed_node, "x-own", "kept"));
	assert_ok(rk_node_put_text(role_node(maker->root, "root"), "x-why", "kept"));
	assert_ok(rk_root_set_version(maker->root, 9));
	assert_ok(rk_root_set_expires(maker->root, RK_MAKER_NOW));
	assert_ok(rk_root_set_consistent(maker->root, false));
	assert_ok(rk_root_add_key(maker->root, RK_ROLE_ROOT, maker->keys[7]));
	assert_ok(rk_root_remove_key(maker->root, RK_ROLE_ROOT, maker->keys[0]->pubkey));
	assert_ok(rk_root_set_threshold(maker->root, RK_ROLE_ROOT, 3));
	assert_ok(read_back(maker->root->signed_node, &root));
	assert_int_equal(root->version, 9);
	assert_int_equal(root->expires, RK_MAKER_NOW);
	assert_false(root->consistent_snapshot);
	assert_string_equal(rk_node_text(rk_node_get(root->signed_node, "x-own")), "kept");
	assert_string_equal(rk_node_text(rk_node_get(role_node(root, "root"), "x-why")), "kept");
	assert_ok(rk_root_copy(root, &copy));
	assert_true(rk_node_equal(root->signed_node, copy->signed_node));
	rk_root_free(root);
	rk_root_free(copy);
}

static void
a_key_leaves_the_file_with_the_last_role_that_used_it(void **state)
{
	rk_tuf_maker *maker = *state;
	rk_root *root = maker->root;
	const rk_tuf_key *key = maker->keys[3];

	assert_ok(rk_root_add_key(root, RK_ROLE_SNAPSHOT, key));
	assert_ok(rk_root_remove_key(root, RK_ROLE_TARGETS, key->pubkey));
	assert_non_null(rk_keyring_by_id(root->keys, key->keyid));
	assert_ok(rk_root_remove_key(root, RK_ROLE_SNAPSHOT, key->pubkey));
	assert_null(rk_keyring_by_id(root->keys, key->keyid));
	assert_null(rk_node_get(rk_node_get(root->signed_node, "keys"), key->keyid));
	assert_error(rk_root_remove_key(root, RK_ROLE_SNAPSHOT, key->pubkey), RK_E_NOT_FOUND);
	assert_error(rk_root_remove_keyid(root, RK_ROLE_SNAPSHOT, key->keyid), RK_E_NOT_FOUND);
	assert_ok(rk_root_remove_keyid(root, RK_ROLE_SNAPSHOT, maker->keys[4]->keyid));
	assert_int_equal(rk_root_key_count(root, RK_ROLE_SNAPSHOT), 0);
}

static void
a_role_has_a_public_key_once(void **state)
{
	rk_tuf_maker *maker = *state;
	rk_root *root = maker->root;
	RK_AUTO(rk_node) object = rk_node_copy(maker->keys[0]->object);
	rk_tuf_key *twin = NULL;

	assert_error(rk_root_add_key(root, RK_ROLE_ROOT, maker->keys[0]), RK_E_EXISTS);
	assert_ok(rk_node_put_text(object, "x-owner", "the same key"));
	assert_ok(rk_tuf_key_read(&rk_dialect_tuf, "other", object, "a test", &twin));
	assert_error(rk_root_add_key(root, RK_ROLE_ROOT, twin), RK_E_EXISTS);
	/* For another role it stands under the id that the file has for it. */
	assert_ok(rk_root_add_key(root, RK_ROLE_TARGETS, twin));
	assert_true(rk_role_has(rk_root_role(root, RK_ROLE_TARGETS), maker->keys[0]->keyid));
	assert_false(rk_role_has(rk_root_role(root, RK_ROLE_TARGETS), "other"));
	rk_tuf_key_free(twin);
}

static void
one_key_under_two_ids_is_not_fit_to_be_signed(void **state)
{
	rk_tuf_maker *maker = *state;
	rk_node *keys = rk_node_get(maker->root->signed_node, "keys");
	rk_node *copy = rk_node_copy(maker->keys[0]->object);
	rk_root *root = NULL;

	assert_ok(rk_node_put(keys, "second", copy));
	assert_ok(
	    rk_node_append_text(rk_node_get(role_node(maker->root, "root"), "keyids"), "second"));
	assert_ok(read_back(maker->root->signed_node, &root));
	assert_int_equal(rk_root_key_count(root, RK_ROLE_ROOT), 3);
	assert_error(rk_root_check(root), RK_E_REFUSED);
	/* Both ids go. */
	assert_ok(rk_root_remove_key(root, RK_ROLE_ROOT, maker->keys[0]->pubkey));
	assert_int_equal(rk_root_role(root, RK_ROLE_ROOT)->keyid_count, 2);
	assert_ok(rk_root_check(root));
	rk_root_free(root);
}

static void
a_threshold_that_only_unknown_keys_could_meet_is_refused(void **state)
{
	rk_tuf_maker *maker = *state;
	rk_node *object = NULL;
	rk_tuf_key *key = NULL;

	assert_ok(rk_node_parse("{\"keytype\":\"ml-dsa\"}", 20, "test", &object));
	assert_ok(rk_tuf_key_read(&rk_dialect_tuf, "new", object, "a test", &key));
	assert_ok(rk_root_add_key(maker->root, RK_ROLE_TARGETS, key));
	assert_ok(rk_root_check(maker->root));
	assert_ok(rk_root_set_threshold(maker->root, RK_ROLE_TARGETS, 2));
	assert_error(rk_root_check(maker->root), RK_E_REFUSED);
	rk_tuf_key_free(key);
	rk_node_free(object);
}

/* Each a root but for one member. */
static void
what_is_no_root_is_malformed(void **state)
{
	rk_tuf_maker *maker = *state;
	static const char *const gone[] = {"keys", "roles"};
	static const char *const roles[] = {"root", "targets", "snapshot", "timestamp"};
	rk_root *root = NULL;

	for (size_t i = 0; i < 2; i++) {
		RK_AUTO(rk_node) copy = rk_node_copy(maker->root->signed_node);

		rk_node_remove(copy, gone[i]);
		assert_error(read_back(copy, &root), RK_E_MALFORMED);
	}
	for (size_t i = 0; i < 4; i++) {
		RK_AUTO(rk_node) copy = rk_node_copy(maker->root->signed_node);

		rk_node_remove(rk_node_get(copy, "roles"), roles[i]);
		assert_error(read_back(copy, &root), RK_E_MALFORMED);
	}
	{
		RK_AUTO(rk_node) copy = rk_node_copy(maker->root->signed_node);

		assert_ok(rk_node_put_int(copy, "consistent_snapshot", 1));
		assert_error(read_back(copy, &root), RK_E_MALFORMED);
		rk_node_remove(copy, "consistent_snapshot");
		assert_ok(read_back(copy, &root));
		assert_false(root->consistent_snapshot);
		rk_root_free(root);
		root = NULL;
		assert_ok(rk_node_put_text(copy, "_type", "targets"));
		assert_error(read_back(copy, &root), RK_E_MALFORMED);
	}
	assert_null(root);
}

#define root_spec(function) \
	cmocka_unit_test_setup_teardown(function, rk_tuf_maker_new, rk_tuf_maker_free)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    root_spec(a_new_root_is_not_fit_until_every_role_has_keys),
	    root_spec(a_root_is_written_as_one_canonical_line),
	    root_spec(unknown_members_survive_every_edit),
	    root_spec(a_key_leaves_the_file_with_the_last_role_that_used_it),
	    root_spec(a_role_has_a_public_key_once),
	    root_spec(one_key_under_two_ids_is_not_fit_to_be_signed),
	    root_spec(a_threshold_that_only_unknown_keys_could_meet_is_refused),
	    root_spec(what_is_no_root_is_malformed),
	};

	return cmocka_run_group_tests_name("root", tests, NULL, NULL);
}
