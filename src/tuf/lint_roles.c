#include "tuf/lint_private.h"

#include "base/show.h"

#include <stdlib.h>
#include <string.h>

enum { FORM, ZERO, HIGH, USABLE, TWICE, TWIN, NO_KEY, MISSING, EXTRA, CONSISTENT, RULES };

static const rk_lint_rule rules[RULES] = {
    [FORM] = {"role-form", RK_LINT_TUF | RK_LINT_DCT, 0,
	"a role has no list of keyids, or no threshold that is an integer",
	"have the file written anew by the program that made it"},
    [ZERO] = {"threshold-zero", RK_LINT_TUF | RK_LINT_DCT, 0, "a threshold below 1",
	"set it to at least 1"},
    [HIGH] = {"threshold-unreachable", RK_LINT_TUF | RK_LINT_DCT, 0,
	"a role has fewer keys than its threshold: nothing it signs is ever believed",
	"add keys to the role, or lower the threshold"},
    [USABLE] = {"threshold-unreachable-for", RK_LINT_TUF, 0,
	"a role has fewer keys that a client can use than its threshold: nothing it signs is ever "
	"believed there",
	"add keys of a type that the client knows"},
    [TWICE] = {"role-keyid-twice", RK_LINT_PY | RK_LINT_JS, RK_LINT_GO | RK_LINT_TO | RK_LINT_DCT,
	"a role names a keyid twice: python-tuf and tuf-js cannot read the file", "name it once"},
    [TWIN] = {"role-key-twice", 0, RK_LINT_PY | RK_LINT_JS | RK_LINT_TO | RK_LINT_DCT,
	"a role has one public key under two ids: it counts twice toward the threshold",
	"name the key by one of the ids"},
    [NO_KEY] = {"role-key-missing", RK_LINT_GO, RK_LINT_PY | RK_LINT_TO | RK_LINT_JS | RK_LINT_DCT,
	"a role names a keyid that is not among the keys: go-tuf then believes nothing of the role",
	"add the key, or take the keyid out"},
    [MISSING] = {"root-role-missing", RK_LINT_TUF | RK_LINT_DCT, 0,
	"root, targets, snapshot and timestamp must all be there", "add the role"},
    [EXTRA] = {"root-role-extra", RK_LINT_PY | RK_LINT_TO, RK_LINT_GO | RK_LINT_JS | RK_LINT_DCT,
	"python-tuf and tough cannot read a root with a role besides the four", "take it out"},
    [CONSISTENT] = {"consistent-snapshot-missing", RK_LINT_GO | RK_LINT_TO | RK_LINT_JS, 0,
	"only python-tuf takes a root without consistent_snapshot", "write true or false"},
};
const struct rk_lint_table rk_lint_roles_table = {rules, RULES};

/* A role under examination. */
struct panel {
	const char *name; /* safe to print */
	const char *place;
	char **ids;
	rk_lint_key **keys; /* those that are there, of distinct ids */
	size_t id_count, key_count;
	int64_t threshold;
};

static void
panel_clear(struct panel *panel)
{
	for (size_t i = 0; i < panel->id_count; i++)
		free(panel->ids[i]);
	free(panel->ids);
	free(panel->keys);
}

static rk_error *
read_ids(const rk_json *list, struct panel *panel)
{
	size_t count = rk_json_count(list);
	rk_json_iter iter = rk_json_each(list);
	rk_json element;
	rk_error *err = NULL;

	panel->ids = calloc(count + 1, sizeof(char *));
	panel->keys = calloc(count + 1, sizeof(rk_lint_key *));
	if (!panel->ids || !panel->keys)
		return rk_out_of_memory();
	while (!err && rk_json_next(&iter, NULL, &element)) {
		if (element.kind != RK_JSON_STRING)
			continue;
		err = rk_json_strdup(&element, &panel->ids[panel->id_count]);
		panel->id_count += err == NULL;
	}
	return err;
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static rk_error *
judge_ids(struct rk_lint_at *at, const rk_lint_keys *keys, struct panel *panel)
{
	rk_error *err = NULL;

	if (panel->id_count > 1)
		qsort(panel->ids, panel->id_count, sizeof(char *), by_text);
	for (size_t i = 0; i < panel->id_count && !err; i++) {
		rk_lint_key *key;

		if (i > 0 && strcmp(panel->ids[i - 1], panel->ids[i]) == 0) {
			err = rk_lint_tell(at, &rules[TWICE], panel->place,
			    "the role %s names the keyid %s twice", panel->name,
			    RK_SHOW(panel->ids[i]));
			continue;
		}
		key = rk_lint_keys_find(keys, panel->ids[i]);
		if (!key) {
			err = rk_lint_tell(at, &rules[NO_KEY], panel->place,
			    "the role %s names the keyid %s, which is not among the keys",
			    panel->name, RK_SHOW(panel->ids[i]));
			continue;
		}
		key->named = true;
		panel->keys[panel->key_count++] = key;
	}
	return err;
}

static int
by_fingerprint(const void *a, const void *b)
{
	const rk_lint_key *left = *(rk_lint_key *const *)a, *right = *(rk_lint_key *const *)b;
	const rk_pubkey *one = left->key->pubkey, *two = right->key->pubkey;

	if (!one || !two)
		return (one != NULL) - (two != NULL);
	return memcmp(rk_pubkey_fingerprint(one), rk_pubkey_fingerprint(two), RK_FINGERPRINT_SIZE);
}

static rk_error *
judge_twins(struct rk_lint_at *at, struct panel *panel)
{
	rk_error *err = NULL;

	if (panel->key_count > 1)
		qsort(panel->keys, panel->key_count, sizeof(rk_lint_key *), by_fingerprint);
	for (size_t i = 1; i < panel->key_count && !err; i++) {
		const rk_tuf_key *one = panel->keys[i - 1]->key, *two = panel->keys[i]->key;

		if (one->pubkey && two->pubkey && rk_pubkey_equal(one->pubkey, two->pubkey))
			err = rk_lint_tell(at, &rules[TWIN], panel->place,
			    "the role %s has one public key under the ids %s and %s", panel->name,
			    RK_SHOW(one->keyid), RK_SHOW(two->keyid));
	}
	return err;
}

/* What a client makes of the role as a whole falls back on the keys that it cannot use. One that
 * cannot read the file for a key is told of the key. */
static unsigned
judge_client(struct panel *panel, unsigned index)
{
	unsigned client = 1U << index;
	size_t usable = 0;
	bool fails, unread = false;

	for (size_t i = 0; i < panel->key_count; i++) {
		/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): each has been judged */
		usable += panel->keys[i]->fates[index] == RK_LINT_FINE;
		unread = unread || panel->keys[i]->fates[index] == RK_LINT_BRICK;
	}
	fails = (int64_t)usable < panel->threshold;
	for (size_t i = 0; i < panel->key_count; i++) {
		rk_lint_key *key = panel->keys[i];

		if (key->fates[index] == RK_LINT_POISON ||
		    (fails && key->fates[index] == RK_LINT_USELESS))
			key->broken |= client;
	}
	return fails && !unread ? client : 0;
}

static rk_error *
judge_threshold(struct rk_lint_at *at, struct panel *panel)
{
	struct rk_lint_case one = {&rules[USABLE], 0, 0, panel->place};

	if (panel->threshold < 1)
		return rk_lint_tell(at, &rules[ZERO], panel->place,
		    "the threshold of the role %s is %lld", panel->name,
		    (long long)panel->threshold);
	for (unsigned i = 0; i < RK_LINT_TUF_COUNT; i++)
		one.errors |= judge_client(panel, i);
	if ((int64_t)panel->key_count < panel->threshold)
		return rk_lint_tell(at, &rules[HIGH], panel->place,
		    "the role %s wants %lld signatures and has %zu keys", panel->name,
		    (long long)panel->threshold, panel->key_count);
	return rk_lint_tell_case(at, &one,
	    "the role %s wants %lld signatures and has fewer keys that can be used", panel->name,
	    (long long)panel->threshold);
}

rk_error *
rk_lint_role(struct rk_lint_at *at, const rk_lint_keys *keys, const rk_json *role, const char *name)
{
	struct panel panel = {.name = name, .place = role->text};
	rk_json keyids, threshold;
	rk_error *err;

	if (!rk_json_get(role, "keyids", &keyids) || keyids.kind != RK_JSON_ARRAY ||
	    !rk_json_get(role, "threshold", &threshold) || threshold.kind != RK_JSON_INTEGER)
		return rk_lint_tell(at, &rules[FORM], role->text,
		    "the role %s has no list of keyids or no threshold", name);
	err = rk_json_int(&threshold, &panel.threshold);
	if (!err)
		err = read_ids(&keyids, &panel);
	if (!err)
		err = judge_ids(at, keys, &panel);
	if (!err)
		err = judge_twins(at, &panel);
	if (!err)
		err = judge_threshold(at, &panel);
	panel_clear(&panel);
	return err;
}

static rk_error *
judge_names(struct rk_lint_at *at)
{
	bool there[RK_ROLE_TOP_COUNT] = {false};
	rk_json_iter iter = rk_json_each(&at->roles);
	rk_json name, role;
	rk_error *err = NULL;

	while (!err && rk_json_next(&iter, &name, &role)) {
		RK_AUTO(rk_str) text = NULL;
		enum rk_role_kind kind;

		err = rk_json_strdup(&name, &text);
		if (err)
			return err;
		kind = rk_role_kind_of(text);
		if (kind < RK_ROLE_TOP_COUNT)
			there[kind] = true;
		else
			err = rk_lint_tell(
			    at, &rules[EXTRA], name.text, "there is a role %s", RK_SHOW(text));
	}
	for (int kind = 0; kind < RK_ROLE_TOP_COUNT && !err; kind++)
		if (!there[kind])
			err = rk_lint_tell(at, &rules[MISSING], at->roles.text,
			    "the role %s is missing", rk_role_kind_name((enum rk_role_kind)kind));
	return err;
}

rk_error *
rk_lint_roles_judge(struct rk_lint_at *at, const rk_lint_keys *keys)
{
	rk_json_iter iter = rk_json_each(&at->roles);
	rk_json name, role;
	rk_error *err = judge_names(at);

	while (!err && rk_json_next(&iter, &name, &role)) {
		RK_AUTO(rk_str) text = NULL;

		err = rk_json_strdup(&name, &text);
		if (!err)
			err = rk_lint_role(at, keys, &role, RK_SHOW(text));
	}
	return err;
}

rk_error *
rk_lint_roles_root(struct rk_lint_at *at)
{
	rk_lint_keys keys = {NULL, 0};
	rk_error *err = NULL;

	if (at->consistent.len == 0 ||
	    (at->consistent.kind != RK_JSON_TRUE && at->consistent.kind != RK_JSON_FALSE))
		err = rk_lint_tell(
		    at, &rules[CONSISTENT], at->payload.text, "consistent_snapshot is not there");
	if (err || at->keys.kind != RK_JSON_OBJECT || at->roles.kind != RK_JSON_OBJECT ||
	    at->keys.len == 0 || at->roles.len == 0)
		return err;
	err = rk_lint_keys_read(at, &at->keys, &keys);
	if (!err)
		err = rk_lint_roles_judge(at, &keys);
	if (!err)
		err = rk_lint_keys_tell(at, &keys);
	rk_lint_keys_clear(&keys);
	return err;
}
