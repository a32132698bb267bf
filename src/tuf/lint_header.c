#include "tuf/lint_private.h"

#include "base/show.h"

#include <stdlib.h>
#include <string.h>

enum {
	PART,
	TYPE,
	SPEC,
	SPEC_MAJOR,
	VERSION,
	NAME,
	DATE,
	EXPIRED,
	SIGNATURE,
	TWICE,
	DELEGATED,
	RULES
};

static const rk_lint_rule rules[RULES] = {
    [PART] = {"member-missing", RK_LINT_TUF | RK_LINT_DCT, 0,
	"a member that every file of this kind has is missing, or of another type",
	"have the file written anew by the program that made it"},
    [TYPE] = {"type-unexpected", RK_LINT_TUF | RK_LINT_DCT, 0,
	"_type is not what a file of this role has", "put the file in its place"},
    [SPEC] = {"spec-version-form", RK_LINT_PY | RK_LINT_JS, RK_LINT_GO | RK_LINT_TO,
	"spec_version is not X.Y or X.Y.Z in digits", "write \"1.0.31\""},
    [SPEC_MAJOR] = {"spec-version-major", RK_LINT_PY | RK_LINT_JS, RK_LINT_GO | RK_LINT_TO,
	"spec_version is not of TUF 1", "write \"1.0.31\""},
    [VERSION] = {"version-low", RK_LINT_PY | RK_LINT_TO | RK_LINT_DCT, RK_LINT_GO | RK_LINT_JS,
	"a version is below 1", "number the file from 1"},
    [NAME] = {"version-not-in-name", RK_LINT_TUF | RK_LINT_DCT, 0,
	"the file's version is not the one that its name says", "rename the file"},
    [DATE] = {"expires-form", RK_LINT_PY | RK_LINT_GO | RK_LINT_TO | RK_LINT_DCT, RK_LINT_JS,
	"expires is not YYYY-MM-DDTHH:MM:SSZ: python-tuf cannot read it, others verify other bytes",
	"write whole seconds in UTC, ending in Z"},
    [EXPIRED] = {"expired", RK_LINT_TUF | RK_LINT_DCT, 0, "the file has expired",
	"renew it: rootkeep renew REPO"},
    [SIGNATURE] = {"signature-form", RK_LINT_GO | RK_LINT_TO | RK_LINT_DCT, RK_LINT_PY | RK_LINT_JS,
	"a signature is not an object with a keyid and a sig in hex digits",
	"leave it out, or have it made again"},
    [TWICE] = {"signature-keyid-twice", RK_LINT_TUF, 0,
	"two signatures have the same keyid: the whole file is refused", "leave one of them out"},
    [DELEGATED] = {"signature-counts-twice", 0, RK_LINT_TO,
	"tough counts each signature of one keyid of a delegated role: a threshold is met by one "
	"key",
	"leave one of them out"},
};
const struct rk_lint_table rk_lint_header_table = {rules, RULES};

static const char *
kind_word(enum rk_json_kind kind)
{
	switch (kind) {
	case RK_JSON_STRING:
		return "a string";
	case RK_JSON_INTEGER:
		return "an integer";
	case RK_JSON_ARRAY:
		return "a list";
	case RK_JSON_OBJECT:
		return "an object";
	default:
		return "true or false";
	}
}

/* Told where it is missing or of another kind; `*ret_good` says whether to go on with it. */
static rk_error *
want(struct rk_lint_at *at, const char *name, const rk_json *span, enum rk_json_kind kind)
{
	if (span->len == 0)
		return rk_lint_tell(at, &rules[PART],
		    at->payload.len ? at->payload.text : at->wish->text->data, "%s is missing",
		    name);
	if (span->kind == kind || (kind == RK_JSON_TRUE && span->kind == RK_JSON_FALSE))
		return NULL;
	return rk_lint_tell(at, &rules[PART], span->text, "%s is not %s", name, kind_word(kind));
}

static rk_error *
want_all(struct rk_lint_at *at)
{
	const struct {
		const char *name;
		const rk_json *span;
		enum rk_json_kind kind;
		bool wanted;
	} parts[] = {
	    {"spec_version", &at->spec_version, RK_JSON_STRING, at->reading->plain},
	    {"version", &at->version, RK_JSON_INTEGER, true},
	    {"expires", &at->expires, RK_JSON_STRING, true},
	    {"keys", &at->keys, RK_JSON_OBJECT, at->kind == RK_ROLE_ROOT},
	    {"roles", &at->roles, RK_JSON_OBJECT, at->kind == RK_ROLE_ROOT},
	    {"targets", &at->targets, RK_JSON_OBJECT, at->kind == RK_ROLE_TARGETS},
	    {"meta", &at->meta, RK_JSON_OBJECT,
		at->kind == RK_ROLE_SNAPSHOT || at->kind == RK_ROLE_TIMESTAMP},
	};
	rk_error *err = NULL;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && !err; i++)
		if (parts[i].wanted)
			err = want(at, parts[i].name, parts[i].span, parts[i].kind);
	if (!err && at->delegations.len > 0 && at->kind == RK_ROLE_TARGETS)
		err = want(at, "delegations", &at->delegations, RK_JSON_OBJECT);
	return err;
}

static rk_error *
judge_type(struct rk_lint_at *at)
{
	enum rk_role_kind wanted;

	if (at->kind >= RK_ROLE_TOP_COUNT)
		return rk_lint_tell(at, &rules[TYPE],
		    at->type.len ? at->type.text : at->payload.text,
		    "_type %s is none that a client knows",
		    at->type.len ? RK_SHOW_LEN(at->type.text, at->type.len) : "is missing, and");
	if (!at->wish->role)
		return NULL;
	wanted = at->delegated ? RK_ROLE_TARGETS : rk_role_kind_of(at->wish->role);
	if (at->kind == wanted)
		return NULL;
	return rk_lint_tell(at, &rules[TYPE], at->type.text, "_type says %s, but the file is of %s",
	    rk_role_kind_name(at->kind), RK_SHOW(at->wish->role));
}

static bool
all_digits(const char *text)
{
	return *text && strspn(text, "0123456789") == strlen(text);
}

static rk_error *
judge_spec(struct rk_lint_at *at)
{
	RK_AUTO(rk_str) text = NULL;
	const char *place = at->spec_version.text;
	char *rest, *part;
	size_t parts = 0;
	bool good = true, one = false;
	rk_error *err;

	if (at->spec_version.kind != RK_JSON_STRING || at->spec_version.len == 0)
		return NULL;
	err = rk_json_strdup(&at->spec_version, &text);
	if (err)
		return err;
	rest = text;
	while ((part = strsep(&rest, "."))) {
		good = good && all_digits(part);
		one = parts == 0 ? strcmp(part, "1") == 0 : one;
		parts++;
	}
	if (!good || parts < 2 || parts > 3)
		return rk_lint_tell(at, &rules[SPEC], place, "spec_version is %s",
		    RK_SHOW_LEN(place, at->spec_version.len));
	return one ? NULL
		   : rk_lint_tell(at, &rules[SPEC_MAJOR], place, "spec_version is %s",
			 RK_SHOW_LEN(place, at->spec_version.len));
}

static rk_error *
judge_version(struct rk_lint_at *at)
{
	int64_t version = 0;
	rk_error *err;

	if (at->version.kind != RK_JSON_INTEGER || at->version.len == 0)
		return NULL;
	err = rk_json_int(&at->version, &version);
	if (err)
		return err;
	if (version < 1)
		return rk_lint_tell(at, &rules[VERSION], at->version.text, "the version is %lld",
		    (long long)version);
	if (at->wish->version == 0 || at->wish->version == version)
		return NULL;
	return rk_lint_tell(at, &rules[NAME], at->version.text,
	    "version %lld is in the file of version %lld", (long long)version,
	    (long long)at->wish->version);
}

/* Does Go write the time again as it stands? Trailing zeros go, and so does an offset of nothing. */
static bool
go_keeps(const char *text, size_t len)
{
	const char *fraction = memchr(text, '.', len);
	size_t digits;

	if (memchr(text, 't', len) || memchr(text, 'z', len))
		return false;
	if (len > 6 && memcmp(text + len - 6, "+00:00", 6) == 0)
		return false;
	if (!fraction)
		return true;
	digits = strspn(fraction + 1, "0123456789");
	return digits > 0 && fraction[digits] != '0';
}

/* tough writes UTC, with no fraction or 3, 6 or 9 digits of it. */
static bool
tough_keeps(const char *text, size_t len)
{
	const char *fraction = memchr(text, '.', len);
	size_t digits = fraction ? strspn(fraction + 1, "0123456789") : 0;

	if (text[len - 1] != 'Z' || memchr(text, 't', len))
		return false;
	return digits % 3 == 0 && digits <= 9 && (!fraction || digits > 0);
}

static rk_error *
judge_form(struct rk_lint_at *at, const char *text, bool is_time)
{
	struct rk_lint_case one = {
	    &rules[DATE], rules[DATE].errors, rules[DATE].warnings, at->expires.text};
	size_t len = strlen(text);

	if (is_time) {
		one.errors = RK_LINT_PY;
		one.warnings = 0;
		if (!go_keeps(text, len))
			one.errors |= RK_LINT_GO;
		if (!tough_keeps(text, len))
			one.errors |= RK_LINT_TO;
	}
	return rk_lint_tell_case(
	    at, &one, "expires is %s, not YYYY-MM-DDTHH:MM:SSZ", RK_SHOW(text));
}

static rk_error *
judge_expires(struct rk_lint_at *at)
{
	RK_AUTO(rk_str) text = NULL;
	RK_AUTO(rk_error) wrong = NULL;
	int64_t expires = 0;
	rk_error *err;

	if (at->expires.kind != RK_JSON_STRING || at->expires.len == 0)
		return NULL;
	err = rk_json_strdup(&at->expires, &text);
	if (err)
		return err;
	wrong = rk_time_parse(text, strlen(text), &expires);
	if (rk_error_code(wrong) == RK_E_NOMEM)
		return RK_TAKE(wrong);
	if (wrong || (at->reading->plain && !rk_time_is_portable(text, strlen(text))))
		err = judge_form(at, text, wrong == NULL);
	if (err || wrong || at->wish->superseded || expires > at->wish->now)
		return err;
	return rk_lint_tell(
	    at, &rules[EXPIRED], at->expires.text, "it expired at %s", RK_TIME(expires));
}

struct entry {
	char *keyid;
	const char *place;
};

static int
by_keyid(const void *a, const void *b)
{
	const struct entry *left = a, *right = b;
	int order = strcmp(left->keyid, right->keyid);

	if (order)
		return order;
	return left->place < right->place ? -1 : left->place > right->place;
}

static bool
is_hex(const rk_json *string)
{
	for (size_t i = 1; i + 1 < string->len; i++)
		if (!string->text[i] || !strchr("0123456789abcdefABCDEF", string->text[i]))
			return false;
	return string->len % 2 == 0;
}

/* `*ret_keyid` is NULL where the entry has none. */
static rk_error *
judge_signature(struct rk_lint_at *at, const rk_json *entry, char **ret_keyid)
{
	rk_json keyid, sig;
	bool has_id = rk_json_get(entry, "keyid", &keyid) && keyid.kind == RK_JSON_STRING;
	bool has_sig = rk_json_get(entry, "sig", &sig) && sig.kind == RK_JSON_STRING;
	rk_error *err = has_id ? rk_json_strdup(&keyid, ret_keyid) : NULL;

	if (err)
		return err;
	if (!has_id || !has_sig) {
		const struct rk_lint_case one = {&rules[SIGNATURE],
		    RK_LINT_PY | RK_LINT_TO | RK_LINT_JS | RK_LINT_DCT, RK_LINT_GO, entry->text};

		return rk_lint_tell_case(
		    at, &one, "a signature has no %s", has_id ? "sig" : "keyid");
	}
	if (!at->reading->plain || (is_hex(&sig) && is_hex(&keyid)))
		return NULL;
	return rk_lint_tell(at, &rules[SIGNATURE], is_hex(&sig) ? keyid.text : sig.text,
	    "the %s of a signature is not in hex digits", is_hex(&sig) ? "keyid" : "sig");
}

static rk_error *
judge_twice(struct rk_lint_at *at, struct entry *entries, size_t count)
{
	rk_error *err = NULL;

	if (count > 1)
		qsort(entries, count, sizeof(*entries), by_keyid);
	for (size_t i = 1; i < count && !err; i++) {
		struct rk_lint_case one = {&rules[TWICE], rules[TWICE].errors, 0, entries[i].place};

		if (strcmp(entries[i - 1].keyid, entries[i].keyid) != 0)
			continue;
		if (at->delegated) {
			one.errors &= ~RK_LINT_TO;
			err = rk_lint_tell(at, &rules[DELEGATED], entries[i].place,
			    "the keyid %s has two signatures", RK_SHOW(entries[i].keyid));
		}
		if (!err)
			err = rk_lint_tell_case(
			    at, &one, "the keyid %s has two signatures", RK_SHOW(entries[i].keyid));
	}
	return err;
}

static rk_error *
judge_signatures(struct rk_lint_at *at)
{
	rk_json_iter iter = rk_json_each(&at->signatures);
	struct entry *entries = calloc(rk_json_count(&at->signatures) + 1, sizeof(*entries));
	rk_json entry;
	size_t count = 0;
	rk_error *err = entries ? NULL : rk_out_of_memory();

	while (!err && rk_json_next(&iter, NULL, &entry)) {
		entries[count].place = entry.text;
		err = judge_signature(at, &entry, &entries[count].keyid);
		count += entries[count].keyid != NULL;
	}
	if (!err)
		err = judge_twice(at, entries, count);
	for (size_t i = 0; entries && i < count; i++)
		free(entries[i].keyid);
	free(entries);
	return err;
}

rk_error *
rk_lint_header(struct rk_lint_at *at)
{
	rk_error *err;

	if (at->file.kind != RK_JSON_OBJECT || at->payload.len == 0 ||
	    at->payload.kind != RK_JSON_OBJECT) {
		at->payload.len = 0;
		at->kind = RK_ROLE_KIND_COUNT;
		return rk_lint_tell(
		    at, &rules[PART], at->file.text, "it has no signed part: no metadata");
	}
	err = judge_type(at);
	if (!err)
		err = want_all(at);
	if (!err)
		err = judge_spec(at);
	if (!err)
		err = judge_version(at);
	if (!err)
		err = judge_expires(at);
	if (!err && (at->signatures.len == 0 || at->signatures.kind != RK_JSON_ARRAY))
		return rk_lint_tell(
		    at, &rules[PART], at->file.text, "it has no list of signatures");
	return err ? err : judge_signatures(at);
}
