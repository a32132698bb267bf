#include "tuf/lint_private.h"

#include "base/show.h"

#include <stdlib.h>
#include <string.h>

#define VISITED_MAX 32 /* delegated roles that python-tuf, go-tuf and tuf-js look into */

enum {
	FORM,
	NAME,
	NUMBER,
	FISHY,
	TWICE,
	TERMINATING,
	COVERS,
	ABSOLUTE,
	CROSSES,
	SPECIAL,
	BRACES,
	PREFIXES,
	PREFIX_FORM,
	SUCCINCT,
	SUCCINCT_FORM,
	BOTH,
	MEMBER,
	MANY,
	RULES
};

static const rk_lint_rule rules[RULES] = {
    [FORM] = {"delegations-form", RK_LINT_TUF, 0,
	"delegations without keys, or with roles that are no list of objects",
	"have the file written anew by the program that made it"},
    [NAME] = {"delegation-name", RK_LINT_PY | RK_LINT_JS, RK_LINT_GO | RK_LINT_TO,
	"a delegated role has no name, or that of a top-level role", "give it a name of its own"},
    [NUMBER] = {"delegation-name-number", RK_LINT_JS, 0,
	"tuf-js puts roles with numbers for names first, so it verifies other bytes",
	"give the role a name that is not a number, or list those first, in ascending order"},
    [FISHY] = {"delegation-name-escaped", 0, RK_LINT_TUF,
	"a delegated role's name is not a plain file name, and not every client escapes it alike",
	"use letters, digits, '-' and '_'"},
    [TWICE] = {"delegation-name-twice", RK_LINT_PY | RK_LINT_JS, RK_LINT_GO | RK_LINT_TO,
	"two delegations have one name: python-tuf cannot read the file, tuf-js verifies other "
	"bytes",
	"give each its own name"},
    [TERMINATING] = {"terminating-missing", RK_LINT_TUF, 0,
	"a delegation without terminating: python-tuf, tough and tuf-js cannot read the file, "
	"go-tuf "
	"verifies other bytes",
	"write \"terminating\": false or true"},
    [COVERS] = {"delegation-paths", RK_LINT_PY | RK_LINT_TO, RK_LINT_GO | RK_LINT_JS,
	"a delegation must have either paths or path_hash_prefixes", "give it one of the two"},
    [ABSOLUTE] = {"path-absolute", 0, RK_LINT_TUF,
	"a pattern that begins with a slash covers no target", "leave the slash out"},
    [CROSSES] = {"path-wildcard", 0, RK_LINT_TO,
	"'*' and '?' match a slash in tough and in no other client: there the role covers more",
	"write patterns without wildcards, or make sure that nothing lies deeper"},
    [SPECIAL] = {"path-special", 0, RK_LINT_TUF,
	"'[', '{', '\\', '**' or '!' in a pattern mean something else to each client",
	"use only '*' and '?'"},
    [BRACES] = {"path-unparsable", RK_LINT_TO, 0,
	"tough cannot read a file with a pattern whose brackets or braces are not closed",
	"use only '*' and '?'"},
    [PREFIXES] = {"path-hash-prefixes", RK_LINT_GO, 0,
	"go-tuf to 2.4.2 compares hash prefixes in base64, and finds no target behind them",
	"delegate by paths"},
    [PREFIX_FORM] = {"path-hash-prefix-form", 0, RK_LINT_TUF,
	"a hash prefix is not in lower-case hex digits", "write 1 to 64 digits 0 to 9 and a to f"},
    [SUCCINCT] = {"succinct-roles", RK_LINT_TO, 0,
	"tough cannot read a targets file with succinct_roles", "delegate by path_hash_prefixes"},
    [SUCCINCT_FORM] = {"succinct-roles-form", RK_LINT_TUF, 0,
	"succinct_roles without a bit_length of 1 to 32 and a name_prefix",
	"have the file written anew by the program that made it"},
    [BOTH] = {"succinct-and-roles", RK_LINT_TUF, 0,
	"delegations must have either roles or succinct_roles", "keep one of them"},
    [MEMBER] = {"delegations-member-unknown", RK_LINT_TO, 0,
	"tough drops a member that it does not know from delegations and their roles, so it "
	"verifies "
	"other bytes",
	"leave it out"},
    [MANY] = {"delegations-many", 0, RK_LINT_PY | RK_LINT_GO | RK_LINT_JS,
	"a search for a target looks into at most 32 delegated roles",
	"let no path be covered by more than 32 roles"},
};
const struct rk_lint_table rk_lint_delegations_table = {rules, RULES};

struct named {
	char *name;
	const char *place;
};

/* The delegated roles, one after the other. */
struct walk {
	struct rk_lint_at *at;
	const rk_lint_keys *keys;
	struct named *names;
	size_t count;
	bool other; /* a name that is no number has been there */
	unsigned long long number; /* the last one */
};

/* What JavaScript takes for an index of an array. */
static bool
is_index(const char *name, unsigned long long *ret_number)
{
	size_t len = strlen(name);

	if (len == 0 || len > 10 || strspn(name, "0123456789") != len || (len > 1 && *name == '0'))
		return false;
	*ret_number = strtoull(name, NULL, 10);
	return *ret_number < 4294967295ULL;
}

static rk_error *
judge_number(struct walk *walk, const char *name, const char *place)
{
	unsigned long long number = 0;
	bool wrong;

	if (!is_index(name, &number)) {
		walk->other = true;
		return NULL;
	}
	wrong = walk->other || number < walk->number;
	walk->number = number;
	return wrong ? rk_lint_tell(walk->at, &rules[NUMBER], place,
			   "the role %s is not where tuf-js puts it", RK_SHOW(name))
		     : NULL;
}

static rk_error *
judge_name(struct walk *walk, const char *name, const char *place)
{
	struct rk_lint_at *at = walk->at;
	rk_error *err;

	if (!*name) {
		const struct rk_lint_case one = {
		    &rules[NAME], RK_LINT_PY, RK_LINT_GO | RK_LINT_TO | RK_LINT_JS, place};

		return rk_lint_tell_case(at, &one, "a delegation has no name");
	}
	if (rk_role_kind_of(name) != RK_ROLE_DELEGATED)
		return rk_lint_tell(
		    at, &rules[NAME], place, "a delegation is named %s", RK_SHOW(name));
	if (name[0] == '.' ||
	    strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._") !=
		strlen(name)) {
		err = rk_lint_tell(
		    at, &rules[FISHY], place, "a delegation is named %s", RK_SHOW(name));
		if (err)
			return err;
	}
	return judge_number(walk, name, place);
}

static bool
is_closed(const char *pattern)
{
	const char *open = strchr(pattern, '[');
	int braces = 0;

	if (open && (!open[1] || !strchr(open + 2, ']')))
		return false;
	for (const char *at = pattern; *at && braces >= 0; at++)
		braces += (*at == '{') - (*at == '}');
	return braces == 0;
}

static rk_error *
judge_pattern(struct rk_lint_at *at, const rk_json *span, const char *role)
{
	RK_AUTO(rk_str) pattern = NULL;
	bool special;
	rk_error *err = rk_json_strdup(span, &pattern);

	if (err)
		return err;
	special = strpbrk(pattern, "[]{}\\") || strstr(pattern, "**") || *pattern == '!' ||
		  *pattern == '#';
	if (*pattern == '/')
		err = rk_lint_tell(at, &rules[ABSOLUTE], span->text,
		    "the role %s has the pattern %s", role, RK_SHOW(pattern));
	if (!err && strpbrk(pattern, "*?"))
		err = rk_lint_tell(at, &rules[CROSSES], span->text,
		    "the role %s has the pattern %s", role, RK_SHOW(pattern));
	if (!err && special)
		err = rk_lint_tell(at, &rules[SPECIAL], span->text,
		    "the role %s has the pattern %s", role, RK_SHOW(pattern));
	if (!err && !is_closed(pattern))
		err = rk_lint_tell(at, &rules[BRACES], span->text, "the role %s has the pattern %s",
		    role, RK_SHOW(pattern));
	return err;
}

static rk_error *
judge_prefix(struct rk_lint_at *at, const rk_json *span, const char *role)
{
	RK_AUTO(rk_str) prefix = NULL;
	rk_error *err = rk_json_strdup(span, &prefix);
	size_t len;

	if (err)
		return err;
	len = strlen(prefix);
	if (len >= 1 && len <= 64 && strspn(prefix, "0123456789abcdef") == len)
		return NULL;
	return rk_lint_tell(at, &rules[PREFIX_FORM], span->text,
	    "the role %s has the hash prefix %s", role, RK_SHOW(prefix));
}

static rk_error *
judge_list(struct rk_lint_at *at, const rk_json *list, const char *role,
    rk_error *(*judge)(struct rk_lint_at *at, const rk_json *span, const char *role))
{
	rk_json_iter iter = rk_json_each(list);
	rk_json element;
	rk_error *err = NULL;

	while (!err && rk_json_next(&iter, NULL, &element))
		if (element.kind == RK_JSON_STRING)
			err = judge(at, &element, role);
	return err;
}

static rk_error *
judge_covers(struct rk_lint_at *at, const rk_json *role, const char *name)
{
	rk_json paths, prefixes;
	bool has_paths = rk_json_get(role, "paths", &paths) && paths.kind == RK_JSON_ARRAY;
	bool has_prefixes =
	    rk_json_get(role, "path_hash_prefixes", &prefixes) && prefixes.kind == RK_JSON_ARRAY;
	rk_error *err = NULL;

	if (has_paths && has_prefixes)
		err = rk_lint_tell_case(at,
		    &(struct rk_lint_case){&rules[COVERS], RK_LINT_TUF, 0, role->text},
		    "the role %s has both paths and path_hash_prefixes", name);
	else if (!has_paths && !has_prefixes)
		err =
		    rk_lint_tell(at, &rules[COVERS], role->text, "the role %s has no paths", name);
	if (!err && has_paths)
		err = judge_list(at, &paths, name, judge_pattern);
	if (!err && has_prefixes)
		err = rk_lint_tell(at, &rules[PREFIXES], prefixes.text,
		    "the role %s has path_hash_prefixes", name);
	if (!err && has_prefixes)
		err = judge_list(at, &prefixes, name, judge_prefix);
	return err;
}

/* `known` ends in NULL. */
static rk_error *
judge_members(struct rk_lint_at *at, const rk_json *object, const char *const *known)
{
	rk_json_iter iter = rk_json_each(object);
	rk_json key, value;
	rk_error *err = NULL;

	while (!err && rk_json_next(&iter, &key, &value)) {
		const char *const *name = known;

		while (*name && !rk_json_is(&key, *name))
			name++;
		if (!*name)
			err = rk_lint_tell(at, &rules[MEMBER], key.text, "there is a member %s",
			    RK_SHOW_LEN(key.text, key.len));
	}
	return err;
}

static rk_error *
judge_role(struct walk *walk, const rk_json *role)
{
	static const char *const known[] = {
	    "keyids", "name", "path_hash_prefixes", "paths", "terminating", "threshold", NULL};
	struct named *named = &walk->names[walk->count];
	rk_json span, terminating;
	const char *name;
	rk_error *err = NULL;

	if (rk_json_get(role, "name", &span) && span.kind == RK_JSON_STRING)
		err = rk_json_strdup(&span, &named->name);
	else
		err = rk_strdup("", &named->name);
	if (err)
		return err;
	named->place = role->text;
	walk->count++;
	name = RK_SHOW(named->name);
	err = judge_name(walk, named->name, role->text);
	if (!err && (!rk_json_get(role, "terminating", &terminating) ||
			(terminating.kind != RK_JSON_TRUE && terminating.kind != RK_JSON_FALSE)))
		err = rk_lint_tell(walk->at, &rules[TERMINATING], role->text,
		    "the role %s does not say whether it is terminating", name);
	if (!err)
		err = judge_members(walk->at, role, known);
	if (!err)
		err = judge_covers(walk->at, role, name);
	return err ? err : rk_lint_role(walk->at, walk->keys, role, name);
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct named *)a)->name, ((const struct named *)b)->name);
}

static rk_error *
judge_twice(struct walk *walk)
{
	rk_error *err = NULL;

	if (walk->count > 1)
		qsort(walk->names, walk->count, sizeof(*walk->names), by_name);
	for (size_t i = 1; i < walk->count && !err; i++)
		if (strcmp(walk->names[i - 1].name, walk->names[i].name) == 0)
			err = rk_lint_tell(walk->at, &rules[TWICE], walk->names[i].place,
			    "two delegations are named %s", RK_SHOW(walk->names[i].name));
	return err;
}

static rk_error *
judge_roles(struct rk_lint_at *at, const rk_lint_keys *keys, const rk_json *roles)
{
	size_t total = rk_json_count(roles);
	struct walk walk = {at, keys, calloc(total + 1, sizeof(*walk.names)), 0, false, 0};
	rk_json_iter iter = rk_json_each(roles);
	rk_json role;
	rk_error *err = walk.names ? NULL : rk_out_of_memory();

	while (!err && rk_json_next(&iter, NULL, &role))
		err = role.kind == RK_JSON_OBJECT
			  ? judge_role(&walk, &role)
			  : rk_lint_tell(at, &rules[FORM], role.text, "a delegation is no object");
	if (!err)
		err = judge_twice(&walk);
	if (!err && total > VISITED_MAX)
		err =
		    rk_lint_tell(at, &rules[MANY], roles->text, "it delegates to %zu roles", total);
	for (size_t i = 0; i < walk.count; i++)
		free(walk.names[i].name);
	free(walk.names);
	return err;
}

static rk_error *
judge_succinct(struct rk_lint_at *at, const rk_lint_keys *keys, const rk_json *succinct)
{
	rk_json bits, prefix;
	int64_t number = 0;
	rk_error *err = rk_lint_tell(at, &rules[SUCCINCT], succinct->text, "it has succinct_roles");

	if (!err && rk_json_get(succinct, "bit_length", &bits) && bits.kind == RK_JSON_INTEGER)
		err = rk_json_int(&bits, &number);
	if (!err && (number < 1 || number > 32 || !rk_json_get(succinct, "name_prefix", &prefix) ||
			prefix.kind != RK_JSON_STRING))
		err = rk_lint_tell(at, &rules[SUCCINCT_FORM], succinct->text,
		    "succinct_roles has no bit_length of 1 to 32, or no name_prefix");
	return err ? err : rk_lint_role(at, keys, succinct, "succinct_roles");
}

static rk_error *
judge_all(struct rk_lint_at *at, const rk_lint_keys *keys)
{
	static const char *const known[] = {"keys", "roles", "succinct_roles", NULL};
	rk_json roles, succinct;
	bool listed = rk_json_get(&at->delegations, "roles", &roles);
	bool bins = rk_json_get(&at->delegations, "succinct_roles", &succinct);
	rk_error *err = judge_members(at, &at->delegations, known);

	if (!err && listed == bins)
		err = rk_lint_tell(at, &rules[BOTH], at->delegations.text,
		    listed ? "it has both roles and succinct_roles"
			   : "it has neither roles nor succinct_roles");
	if (!err && listed)
		err = roles.kind == RK_JSON_ARRAY
			  ? judge_roles(at, keys, &roles)
			  : rk_lint_tell(at, &rules[FORM], roles.text, "roles is no list");
	if (!err && bins)
		err = judge_succinct(at, keys, &succinct);
	return err;
}

rk_error *
rk_lint_delegations(struct rk_lint_at *at)
{
	rk_lint_keys keys = {NULL, 0};
	rk_json object;
	rk_error *err;

	if (at->delegations.len == 0 || at->delegations.kind != RK_JSON_OBJECT)
		return NULL;
	if (!rk_json_get(&at->delegations, "keys", &object) || object.kind != RK_JSON_OBJECT)
		return rk_lint_tell(
		    at, &rules[FORM], at->delegations.text, "delegations has no keys");
	err = rk_lint_keys_read(at, &object, &keys);
	if (!err)
		err = judge_all(at, &keys);
	if (!err)
		err = rk_lint_keys_tell(at, &keys);
	rk_lint_keys_clear(&keys);
	return err;
}
