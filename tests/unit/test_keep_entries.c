#include "keep/keep.h"
#include "support/fake_keep.h"
#include "support/folder.h"
#include "support/spec.h"

#include <string.h>

#define URI "pkcs11:serial=15938791;id=%02;object=root-alice;type=private?module-name=ykcs11"

/* A keep in memory, with the three keys. */
static rk_keep *
three_keys(void)
{
	static const char *const names[] = {"bob", "alice", "carol"};
	RK_AUTO(rk_text) text = NULL;
	rk_keep *keep = NULL;

	assert_ok(rk_text_copy("{\"rootkeep\":1}", 14, &text));
	assert_ok(rk_keep_judge(text, &keep));
	for (unsigned i = 0; i < RK_FAKE_KEYS; i++) {
		RK_AUTO(rk_pubkey) key = rk_fake_keep_key(i);
		struct rk_keep_new_key added = {
		    .name = names[i], .pubkey = key, .origin = RK_KEEP_EXTERNAL};

		assert_ok(rk_keep_key_add(keep, &added, NULL));
	}
	return keep;
}

static void
keys_are_in_the_order_of_their_names(void **state)
{
	RK_AUTO(rk_keep) keep = three_keys();

	(void)state;
	assert_string_equal(rk_keep_key_at(keep, 0)->name, "alice");
	assert_string_equal(rk_keep_key_at(keep, 1)->name, "bob");
	assert_string_equal(rk_keep_key_at(keep, 2)->name, "carol");
}

static void
a_name_or_a_public_key_is_there_once(void **state)
{
	RK_AUTO(rk_keep) keep = three_keys();
	RK_AUTO(rk_pubkey) key = rk_fake_keep_key(0);
	struct rk_keep_new_key added = {.name = "bob", .pubkey = key};
	rk_error *err;

	(void)state;
	assert_error(rk_keep_key_add(keep, &added, NULL), RK_E_EXISTS);
	added.name = "bobby";
	err = rk_keep_key_add(keep, &added, NULL);
	assert_non_null(strstr(rk_error_message(err), "bob"));
	assert_error(err, RK_E_EXISTS);
	assert_int_equal(rk_keep_key_count(keep), RK_FAKE_KEYS);
}

static void
a_key_is_found_by_name_fingerprint_and_key_id(void **state)
{
	RK_AUTO(rk_keep) keep = three_keys();
	const rk_keep_key *alice = rk_keep_key_by_name(keep, "alice"), *found = NULL;
	RK_AUTO(rk_node) object = NULL;
	char id[RK_KEYID_HEX], prefix[16] = "";

	(void)state;
	assert_ok(rk_keep_key_find(keep, "alice", &found));
	assert_ptr_equal(found, alice);
	memcpy(prefix, alice->fingerprint, 8);
	assert_ok(rk_keep_key_find(keep, prefix, &found));
	assert_ptr_equal(found, alice);
	assert_ok(rk_dialect_tuf.key_object(alice->pubkey, &object));
	assert_ok(rk_dialect_tuf.key_id(object, id));
	memcpy(prefix, id, 10);
	found = NULL;
	assert_ok(rk_keep_key_find(keep, prefix, &found));
	assert_ptr_equal(found, alice);
}

static void
too_short_unknown_and_ambiguous_prefixes_are_told_apart(void **state)
{
	RK_AUTO(rk_keep) keep = three_keys();
	const rk_keep_key *found = NULL;
	char prefix[16] = "";

	(void)state;
	memcpy(prefix, rk_keep_key_at(keep, 0)->fingerprint, 7);
	assert_error(rk_keep_key_find(keep, prefix, &found), RK_E_NOT_FOUND);
	assert_error(rk_keep_key_find(keep, "00000000000000", &found), RK_E_NOT_FOUND);
	assert_error(rk_keep_key_find(keep, "dave", &found), RK_E_NOT_FOUND);
	assert_null(found);
}

/* Two keys whose fingerprints begin with the same 32 bits, found by a search. */
static void
an_ambiguous_prefix_lists_the_candidates(void **state)
{
	static const char *const twins[][2] = {
	    {"dave", "-----BEGIN PUBLIC KEY-----\n"
		     "MCowBQYDK2VwAyEAAd9/B0vQ/ER60hdXQziZZF23NAsNjbB07wrwtbt6qb4=\n"
		     "-----END PUBLIC KEY-----\n"},
	    {"erin", "-----BEGIN PUBLIC KEY-----\n"
		     "MCowBQYDK2VwAyEAWw2mAA5Pfx4FnD5nK/RMs6GuDDtpJAYkbTpX/XYYR8Y=\n"
		     "-----END PUBLIC KEY-----\n"},
	};
	RK_AUTO(rk_keep) keep = three_keys();
	const rk_keep_key *found = NULL;
	rk_error *err;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		RK_AUTO(rk_pubkey) key = NULL;
		struct rk_keep_new_key added = {.name = twins[i][0]};

		assert_ok(rk_pubkey_from_any(twins[i][1], strlen(twins[i][1]), &key));
		added.pubkey = key;
		assert_ok(rk_keep_key_add(keep, &added, NULL));
	}
	err = rk_keep_key_find(keep, "11AF79A8", &found);
	assert_non_null(strstr(rk_error_message(err), "dave"));
	assert_non_null(strstr(rk_error_message(err), "erin"));
	assert_error(err, RK_E_AMBIGUOUS);
	assert_null(found);
	assert_ok(rk_keep_key_find(keep, rk_keep_key_by_name(keep, "erin")->fingerprint, &found));
	assert_string_equal(found->name, "erin");
}

static void
an_exact_name_wins_over_a_prefix(void **state)
{
	RK_AUTO(rk_keep) keep = three_keys();
	const rk_keep_key *bob = rk_keep_key_by_name(keep, "bob"), *found = NULL;
	char prefix[16] = "";

	(void)state;
	memcpy(prefix, bob->fingerprint, 8);
	assert_ok(rk_keep_key_rename(keep, "alice", prefix));
	assert_ok(rk_keep_key_find(keep, prefix, &found));
	assert_ptr_not_equal(found, bob);
	assert_string_equal(found->name, prefix);
}

static void
names_of_keys_have_a_rule(void **state)
{
	static const char *const bad[] = {"", "-a", ".a", "_a", "a/b", "a b", "\xc3\xa9",
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_error(rk_keep_key_check_name(bad[i]), RK_E_REFUSED);
	assert_ok(rk_keep_key_check_name("0"));
	assert_ok(rk_keep_key_check_name("Root-Alice_2026.1"));
	assert_ok(rk_keep_key_check_name(
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
}

static void
a_key_is_renamed_edited_and_removed(void **state)
{
	RK_AUTO(rk_keep) keep = three_keys();
	const rk_keep_key *bob = rk_keep_key_by_name(keep, "bob");

	(void)state;
	assert_error(rk_keep_key_rename(keep, "bob", "carol"), RK_E_EXISTS);
	assert_ok(rk_keep_key_rename(keep, "bob", "zoe"));
	assert_ptr_equal(rk_keep_key_at(keep, 2), bob);
	assert_ok(rk_keep_key_set_holder(keep, "zoe", "Zoe <zoe@example.com>"));
	assert_string_equal(bob->holder, "Zoe <zoe@example.com>");
	assert_ok(rk_keep_key_set_holder(keep, "zoe", NULL));
	assert_null(bob->holder);
	assert_ok(rk_keep_key_put(keep, "zoe", "backups", rk_node_new_array()));
	assert_non_null(rk_node_get(bob->rest, "backups"));
	assert_error(
	    rk_keep_key_put(keep, "zoe", "origin", rk_node_new_text("split")), RK_E_REFUSED);
	assert_ok(rk_keep_key_remove(keep, "zoe"));
	assert_error(rk_keep_key_remove(keep, "zoe"), RK_E_NOT_FOUND);
	assert_int_equal(rk_keep_key_count(keep), 2);
}

static void
tokens_are_added_once_and_removed(void **state)
{
	RK_AUTO(rk_keep) keep = three_keys();
	const rk_keep_key *bob = rk_keep_key_by_name(keep, "bob");

	(void)state;
	assert_ok(rk_keep_key_add_token(keep, "bob", URI));
	assert_ok(rk_keep_key_add_token(keep, "bob", URI));
	assert_ok(rk_keep_key_add_token(keep, "bob", "pkcs11:serial=2"));
	assert_int_equal(bob->token_count, 2);
	assert_ok(rk_keep_key_remove_token(keep, "bob", URI));
	assert_int_equal(bob->token_count, 1);
	assert_string_equal(bob->tokens[0], "pkcs11:serial=2");
	assert_error(rk_keep_key_remove_token(keep, "bob", URI), RK_E_NOT_FOUND);
	assert_error(rk_keep_key_add_token(keep, "dave", URI), RK_E_NOT_FOUND);
}

static void
only_a_module_name_may_follow_the_question_mark_of_a_stored_uri(void **state)
{
	static const char *const bad[] = {"", "file:/x", "pkcs11:serial=1?module-path=/tmp/x.so",
	    "pkcs11:serial=1?pin-source=|touch%20x", "pkcs11:serial=1?pin-value=1234",
	    "pkcs11:serial=1?module-name=a&pin-value=1", "pkcs11:serial=1?vendor=1",
	    "pkcs11:serial=1?module-name=../x", "pkcs11:serial=1?module-name=..%2fx",
	    "pkcs11:serial=1?module-name=", "pkcs11:serial=1?module-name=a&module-name=b",
	    "pkcs11:slot-id=0", "pkcs11:slot-id=0;object=root?module-name=a",
	    "pkcs11:serial=1;pin-value=1", "pkcs11:serial=1;module-path=/tmp/x.so",
	    "pkcs11:serial=1;%70in-source=/x", "pkcs11:serial=1;module-name=a", "pkcs11:x-own=1",
	    "pkcs11:serial=1 2", "pkcs11:serial=1\n", "pkcs11:serial=\xff",
	    "pkcs11:serial=1?module-name"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		rk_error *err = rk_keep_uri_check(bad[i]);

		if (!err)
			print_error("accepted: %s\n", bad[i]);
		assert_error(err, RK_E_REFUSED);
	}
	assert_ok(rk_keep_uri_check(URI));
	assert_ok(rk_keep_uri_check("pkcs11:slot-id=0;serial=1"));
	assert_ok(rk_keep_uri_check("pkcs11:token=My%20Token;object=x"));
}

static void
a_repository_remembers_expiry_anchor_and_what_is_outstanding(void **state)
{
	RK_AUTO(rk_keep) keep = three_keys();
	const uint8_t first[RK_SHA256_SIZE] = {1}, second[RK_SHA256_SIZE] = {2};
	char *prints[] = {(char *)(uintptr_t)rk_keep_key_at(keep, 0)->fingerprint};
	rk_keep_outstanding out = {.version = 3, .fingerprints = prints, .fingerprint_count = 1};
	char role[] = "root";
	const rk_keep_repo *repo = NULL;
	unsigned days = 0;

	(void)state;
	out.role = role;
	memcpy(out.sha256, first, sizeof(first));
	assert_ok(rk_keep_repo_add(keep, "registry.example.com/demo", &rk_dialect_tuf, &repo));
	assert_error(rk_keep_repo_add(keep, repo->name, &rk_dialect_tuf, NULL), RK_E_EXISTS);
	assert_error(rk_keep_repo_add(keep, "", &rk_dialect_tuf, NULL), RK_E_REFUSED);
	assert_ok(rk_keep_repo_set_expires(keep, repo->name, "targets", 90));
	assert_ok(rk_keep_repo_set_expires(keep, repo->name, "root", 365));
	assert_true(rk_keep_repo_expires(repo, "targets/alice", &days));
	assert_int_equal(days, 90);
	assert_false(rk_keep_repo_expires(repo, "snapshot", &days));
	assert_ok(rk_keep_repo_set_expires(keep, repo->name, "root", 0));
	assert_false(rk_keep_repo_expires(repo, "root", &days));
	assert_ok(rk_keep_repo_set_anchor(keep, repo->name, 1, first));
	assert_true(repo->anchored);
	assert_ok(rk_keep_repo_add_outstanding(keep, repo->name, &out));
	assert_ok(rk_keep_repo_add_outstanding(keep, repo->name, &out));
	assert_int_equal(repo->outstanding_count, 1);
	assert_int_equal(repo->outstanding[0].fingerprint_count, 1);
	assert_null(rk_keep_repo_outstanding(repo, "root", 3, first));
	assert_non_null(rk_keep_repo_outstanding(repo, "root", 3, second));
	assert_true(rk_keep_repo_is_outstanding(repo, "root", 3));
	assert_false(rk_keep_repo_is_outstanding(repo, "root", 4));
	assert_ok(rk_keep_repo_remove(keep, "registry.example.com/demo"));
	assert_error(rk_keep_repo_find(keep, "demo", &repo), RK_E_NOT_FOUND);
}

static void
names_are_one_path_component_and_come_back(void **state)
{
	static const char *const pairs[][2] = {
	    {"demo", "demo"},
	    {"registry.example.com:5000/admin/demo", "registry.example.com%3A5000%2Fadmin%2Fdemo"},
	    {"..", "%2E."},
	    {".hidden", "%2Ehidden"},
	    {"Alice", "%41lice"},
	    {"a%b", "a%25b"},
	    {"\xc3\xa9", "%C3%A9"},
	};
	static const char *const bad[] = {
	    "", ".", "..", "A", "a%2", "%2f", "%61", "a%00", "%ff", "a/b", "%2E%2E"};

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		RK_AUTO(rk_str) component = NULL;
		RK_AUTO(rk_str) name = NULL;

		assert_ok(rk_keep_component(pairs[i][0], &component));
		assert_string_equal(component, pairs[i][1]);
		assert_ok(rk_keep_component_decode(component, &name));
		assert_string_equal(name, pairs[i][0]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		RK_AUTO(rk_str) name = NULL;

		assert_error(rk_keep_component_decode(bad[i], &name), RK_E_MALFORMED);
	}
}

static void
the_policy_has_defaults_and_takes_what_is_said_over_them(void **state)
{
	static const char text[] = "{\"min_threshold\":{\"root\":2},\"future\":1,"
				   "\"warn_days\":{\"root\":[30,90]}}";
	RK_AUTO(rk_keep) keep = three_keys();
	unsigned days[RK_KEEP_WARN_MAX];
	rk_node *policy = NULL;

	(void)state;
	assert_int_equal(rk_keep_min_threshold(keep, "root"), 1);
	assert_int_equal(rk_keep_warn_days(keep, "certificate", days), 2);
	assert_int_equal(days[0], 365);
	assert_int_equal(days[1], 210);
	assert_int_equal(rk_keep_warn_window(keep, "targets/alice"), 60);
	assert_ok(rk_node_parse(text, sizeof(text) - 1, "policy", &policy));
	assert_ok(rk_keep_policy_set(keep, policy));
	assert_int_equal(rk_keep_min_threshold(keep, "root"), 2);
	assert_int_equal(rk_keep_min_threshold(keep, "targets"), 1);
	assert_int_equal(rk_keep_warn_days(keep, "root", days), 2);
	assert_int_equal(days[0], 90);
	assert_int_equal(rk_keep_warn_window(keep, "timestamp"), 3);
	assert_int_equal(rk_node_int(rk_node_get(rk_keep_policy(keep), "future")), 1);
	assert_error(rk_keep_policy_set(keep, rk_node_new_array()), RK_E_MALFORMED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    spec(keys_are_in_the_order_of_their_names),
	    spec(a_name_or_a_public_key_is_there_once),
	    spec(a_key_is_found_by_name_fingerprint_and_key_id),
	    spec(too_short_unknown_and_ambiguous_prefixes_are_told_apart),
	    spec(an_ambiguous_prefix_lists_the_candidates),
	    spec(an_exact_name_wins_over_a_prefix),
	    spec(names_of_keys_have_a_rule),
	    spec(a_key_is_renamed_edited_and_removed),
	    spec(tokens_are_added_once_and_removed),
	    spec(only_a_module_name_may_follow_the_question_mark_of_a_stored_uri),
	    spec(a_repository_remembers_expiry_anchor_and_what_is_outstanding),
	    spec(names_are_one_path_component_and_come_back),
	    spec(the_policy_has_defaults_and_takes_what_is_said_over_them),
	};

	return cmocka_run_group_tests_name("keep_entries", tests, NULL, NULL);
}
