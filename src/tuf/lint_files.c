#include "tuf/lint_private.h"

#include "base/show.h"

#include <stdlib.h>
#include <string.h>

#define SLOW_FROM 2000 /* targets that tuf-js takes seconds for */
/* 20,000 targets took tuf-js 198 seconds, and it is quadratic. */
#define SLOW_UNIT 20000.0
#define SLOW_SECONDS 198.0

enum {
	ENTRY,
	EMPTY,
	SHA256,
	CASE,
	DIGITS,
	CUSTOM,
	MANY,
	META,
	META_VERSION,
	META_NAME,
	META_ZERO,
	META_LACKS,
	RULES
};

static const rk_lint_rule rules[RULES] = {
    [ENTRY] = {"target-form", RK_LINT_TUF, 0,
	"a target without a length that is an integer from 0, or without hashes",
	"add the target again: rootkeep target add"},
    [EMPTY] = {"hashes-empty", RK_LINT_PY | RK_LINT_GO | RK_LINT_TO, RK_LINT_JS,
	"hashes without any: python-tuf, go-tuf and tough cannot read the file",
	"list a sha256, or leave hashes out where they may be left out"},
    [SHA256] = {"sha256-missing", RK_LINT_TO, 0, "tough cannot read hashes without a sha256",
	"list a sha256 too"},
    [CASE] = {"hash-upper-case", RK_LINT_GO, RK_LINT_PY | RK_LINT_JS,
	"a hash in upper-case digits: go-tuf verifies other bytes, python-tuf and tuf-js find the "
	"file "
	"to be another",
	"write it in lower case"},
    [DIGITS] = {"hash-form", RK_LINT_GO | RK_LINT_TO, RK_LINT_PY | RK_LINT_JS,
	"a hash is not in hex digits, or not of its algorithm's length",
	"have the hash computed again"},
    [CUSTOM] = {"custom-form", RK_LINT_TO, 0,
	"tough cannot read a custom that is no object, and "
	"verifies other bytes where it is an empty one",
	"make it an object with something in it, or leave it out"},
    [MANY] = {"targets-many", 0, RK_LINT_JS,
	"tuf-js takes time with the square of the number of targets",
	"delegate: hash bins keep each file small"},
    [META] = {"meta-form", RK_LINT_TUF, 0, "an entry of meta is no object",
	"have the file written anew by the program that made it"},
    [META_VERSION] = {"meta-version", RK_LINT_TUF, 0,
	"an entry of meta has no version that is an integer from 1", "write the file's version"},
    [META_NAME] = {"meta-name", 0, RK_LINT_TUF, "a name in meta does not end in .json",
	"write NAME.json"},
    [META_ZERO] = {"meta-length-zero", RK_LINT_GO, RK_LINT_PY | RK_LINT_TO | RK_LINT_JS,
	"go-tuf leaves a length of 0 and empty hashes out before it verifies, so it verifies other "
	"bytes",
	"write the true length, or none"},
    [META_LACKS] = {"meta-entry-missing", RK_LINT_TUF, 0,
	"timestamp must list snapshot.json, and snapshot must list targets.json",
	"have the file made again: rootkeep sign REPO"},
};
const struct rk_lint_table rk_lint_files_table = {rules, RULES};

/* What one algorithm says; `name` is of the file that is listed. */
static rk_error *
judge_hash(
    struct rk_lint_at *at, const rk_json *algorithm, const rk_json *value, const rk_json *name)
{
	RK_AUTO(rk_str) known = NULL;
	size_t digits = value->kind == RK_JSON_STRING ? value->len - 2 : 0, size;
	const char *text = value->text + 1;
	bool hex = digits > 0, upper = false;
	rk_error *err = rk_json_strdup(algorithm, &known);

	if (err)
		return err;
	size = rk_hashes_size(rk_hashes_by_name(known));
	for (size_t i = 0; i < digits && hex; i++) {
		hex = text[i] && strchr("0123456789abcdefABCDEF", text[i]);
		upper = upper || (text[i] >= 'A' && text[i] <= 'F');
	}
	if (!hex || digits % 2 || (size > 0 && digits != 2 * size))
		return rk_lint_tell(at, &rules[DIGITS], value->text,
		    "%s of %s is not in hex digits", RK_SHOW(known),
		    RK_SHOW_LEN(name->text, name->len));
	return upper ? rk_lint_tell(at, &rules[CASE], value->text, "%s of %s has upper-case digits",
			   RK_SHOW(known), RK_SHOW_LEN(name->text, name->len))
		     : NULL;
}

static rk_error *
judge_hashes(struct rk_lint_at *at, const rk_json *hashes, const rk_json *name)
{
	rk_json_iter iter = rk_json_each(hashes);
	rk_json algorithm, value;
	bool any = false, sha256 = false;
	rk_error *err = NULL;

	while (!err && rk_json_next(&iter, &algorithm, &value)) {
		any = true;
		sha256 = sha256 || rk_json_is(&algorithm, "sha256");
		err = judge_hash(at, &algorithm, &value, name);
	}
	if (!err && !any)
		return rk_lint_tell(at, &rules[EMPTY], hashes->text, "the hashes of %s are empty",
		    RK_SHOW_LEN(name->text, name->len));
	if (!err && !sha256)
		err = rk_lint_tell(at, &rules[SHA256], hashes->text, "%s has no sha256",
		    RK_SHOW_LEN(name->text, name->len));
	return err;
}

static rk_error *
judge_target(struct rk_lint_at *at, const rk_json *name, const rk_json *entry)
{
	rk_json_iter iter = rk_json_each(entry);
	rk_json key, value, length = {0}, hashes = {0}, custom = {0};
	rk_error *err = NULL;

	if (entry->kind == RK_JSON_OBJECT)
		while (rk_json_next(&iter, &key, &value)) {
			if (rk_json_is(&key, "length"))
				length = value;
			else if (rk_json_is(&key, "hashes"))
				hashes = value;
			else if (rk_json_is(&key, "custom"))
				custom = value;
		}
	if (length.len > 0 && length.kind == RK_JSON_INTEGER && *length.text == '-')
		return rk_lint_tell_case(at,
		    &(struct rk_lint_case){&rules[ENTRY], RK_LINT_PY | RK_LINT_TO | RK_LINT_JS,
			RK_LINT_GO, length.text},
		    "the length of %s is below 0", RK_SHOW_LEN(name->text, name->len));
	if (length.len == 0 || length.kind != RK_JSON_INTEGER || hashes.len == 0 ||
	    hashes.kind != RK_JSON_OBJECT)
		return rk_lint_tell(at, &rules[ENTRY], name->text,
		    "the target %s has no length, or no hashes",
		    RK_SHOW_LEN(name->text, name->len));
	if (custom.len > 0 && (custom.kind != RK_JSON_OBJECT || rk_json_count(&custom) == 0))
		err = rk_lint_tell(at, &rules[CUSTOM], custom.text, "the custom of %s is %s",
		    RK_SHOW_LEN(name->text, name->len),
		    custom.kind == RK_JSON_OBJECT ? "empty" : "no object");
	return err ? err : judge_hashes(at, &hashes, name);
}

static rk_error *
judge_count(struct rk_lint_at *at, uint64_t count)
{
	double seconds = SLOW_SECONDS * ((double)count / SLOW_UNIT) * ((double)count / SLOW_UNIT);

	if (count <= SLOW_FROM)
		return NULL;
	if (seconds < 600)
		return rk_lint_tell(at, &rules[MANY], at->targets.text,
		    "tuf-js takes some %.0f seconds to read %llu targets", seconds,
		    (unsigned long long)count);
	return rk_lint_tell(at, &rules[MANY], at->targets.text,
	    "tuf-js takes some %.0f hours to read %llu targets", seconds / 3600 + 0.5,
	    (unsigned long long)count);
}

rk_error *
rk_lint_files_targets(struct rk_lint_at *at)
{
	rk_json_iter iter;
	rk_json name, entry;
	uint64_t count = 0;
	rk_error *err = NULL;

	if (at->targets.len == 0 || at->targets.kind != RK_JSON_OBJECT)
		return NULL;
	iter = rk_json_each(&at->targets);
	while (!err && rk_json_next(&iter, &name, &entry)) {
		err = judge_target(at, &name, &entry);
		count++;
	}
	return err ? err : judge_count(at, count);
}

static rk_error *
judge_meta_name(struct rk_lint_at *at, const rk_json *name)
{
	static const char end[] = ".json\"";
	size_t len = sizeof(end) - 1;

	if (name->len > len + 1 && memcmp(name->text + name->len - len, end, len) == 0)
		return NULL;
	return rk_lint_tell(
	    at, &rules[META_NAME], name->text, "meta lists %s", RK_SHOW_LEN(name->text, name->len));
}

static rk_error *
judge_meta(struct rk_lint_at *at, const rk_json *name, const rk_json *entry)
{
	rk_json version, length, hashes;
	rk_error *err = judge_meta_name(at, name);

	if (err)
		return err;
	if (entry->kind != RK_JSON_OBJECT)
		return rk_lint_tell(at, &rules[META], entry->text, "the entry of %s is no object",
		    RK_SHOW_LEN(name->text, name->len));
	if (!rk_json_get(entry, "version", &version) || version.kind != RK_JSON_INTEGER)
		err = rk_lint_tell(at, &rules[META_VERSION], entry->text,
		    "the entry of %s has no version", RK_SHOW_LEN(name->text, name->len));
	else if (*version.text < '1')
		err = rk_lint_tell_case(at,
		    &(struct rk_lint_case){&rules[META_VERSION],
			RK_LINT_PY | RK_LINT_TO | RK_LINT_JS, RK_LINT_GO, version.text},
		    "the version of %s is below 1", RK_SHOW_LEN(name->text, name->len));
	if (!err && rk_json_get(entry, "length", &length) && length.len == 1 && *length.text == '0')
		err = rk_lint_tell(at, &rules[META_ZERO], length.text, "the length of %s is 0",
		    RK_SHOW_LEN(name->text, name->len));
	if (!err && rk_json_get(entry, "hashes", &hashes) && hashes.kind == RK_JSON_OBJECT)
		err = judge_hashes(at, &hashes, name);
	return err;
}

rk_error *
rk_lint_files_meta(struct rk_lint_at *at)
{
	const char *wanted = at->kind == RK_ROLE_TIMESTAMP ? "snapshot.json" : "targets.json";
	rk_json_iter iter;
	rk_json name, entry;
	bool there = false;
	rk_error *err = NULL;

	if (at->meta.len == 0 || at->meta.kind != RK_JSON_OBJECT)
		return NULL;
	iter = rk_json_each(&at->meta);
	while (!err && rk_json_next(&iter, &name, &entry)) {
		there = there || rk_json_is(&name, wanted);
		err = judge_meta(at, &name, &entry);
	}
	if (!err && !there)
		err = rk_lint_tell(
		    at, &rules[META_LACKS], at->meta.text, "meta does not list %s", wanted);
	return err;
}
