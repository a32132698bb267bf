#include "tuf/lint_private.h"

#include "base/show.h"
#include "tuf/envelope.h"
#include "world/certificate.h"

#include <stdlib.h>
#include <string.h>

#define HALF_YEAR (182 * RK_DAY) /* from when on Notary's clients warn, and sign root again */
#define AHEAD RK_DAY /* how far ahead a certificate may begin */

enum {
	EXACT,
	GUN,
	PLAIN_KEY,
	FORM,
	NAME,
	GONE,
	EARLY,
	NEAR,
	ROOT_NEAR,
	META,
	META_LACKS,
	LEVEL,
	NO_KEYS,
	NO_PATHS,
	RULES
};

static const rk_lint_rule rules[RULES] = {
    [EXACT] = {"not-as-notary-writes", RK_LINT_DCT, 0,
	"a byte that Notary's server would write otherwise: it takes the file, and where it signs "
	"the "
	"snapshot, clients then refuse all trust data for good",
	"have the file made again by rootkeep or by notary"},
    [GUN] = {"gun-form", RK_LINT_DCT, 0,
	"a repository's name that registries and Notary's server do not take",
	"name it as images are pulled, without a tag"},
    [PLAIN_KEY] = {"root-key-no-certificate", RK_LINT_DCT, 0,
	"a root key that is no certificate: nothing else is taken for root",
	"make its certificate: rootkeep key certify KEY --gun GUN"},
    [FORM] = {"certificate-refused", RK_LINT_DCT, 0, "a root certificate that clients refuse",
	"make another: rootkeep key certify KEY --gun GUN"},
    [NAME] = {"certificate-name", RK_LINT_DCT, 0,
	"a root certificate whose common name is not the repository's, nor a beginning of it with "
	"a '*'",
	"make one for it: rootkeep key certify KEY --gun GUN"},
    [GONE] = {"certificate-expired", RK_LINT_DCT, 0,
	"a root certificate has expired: server and clients refuse even the root that would "
	"replace it",
	"delete the repository's trust data on the server and begin anew"},
    [EARLY] = {"certificate-not-yet", RK_LINT_DCT, 0,
	"a root certificate begins more than a day from now", "make one that begins now"},
    [NEAR] = {"certificate-near-expiry", 0, RK_LINT_DCT,
	"a root certificate has less than half a year left: after that nothing can be repaired",
	"make the next one now, and publish a root with it"},
    [ROOT_NEAR] = {"root-near-expiry", 0, RK_LINT_DCT,
	"root has less than half a year left: stock clients then sign root at every publish, and "
	"one "
	"without the root key cannot publish",
	"renew it: rootkeep renew REPO --role root"},
    [META] = {"meta-sha256-missing", RK_LINT_DCT, 0, "an entry of meta has no length, or no sha256",
	"have the file made again: rootkeep sign REPO"},
    [META_LACKS] = {"meta-role-missing", RK_LINT_DCT, 0,
	"timestamp must list snapshot, and snapshot must list root and targets",
	"have the file made again: rootkeep sign REPO"},
    [LEVEL] = {"delegation-place", RK_LINT_DCT, 0,
	"a delegated role's name is none, or not one level below the file that lists it",
	"list targets/A in targets, and targets/A/B in targets/A"},
    [NO_KEYS] = {"delegation-without-keys", 0, RK_LINT_DCT,
	"a delegated role has no keys: nothing it signs is believed until it has some",
	"add a key to it, or take it out"},
    [NO_PATHS] = {"delegation-without-paths", 0, RK_LINT_DCT,
	"a delegated role has no paths, and can sign nothing", "add a path; \"\" is everything"},
};
const struct rk_lint_table rk_lint_notary_table = {rules, RULES};

/* Copied, since an envelope owns its text. */
static rk_error *
judge_exact(struct rk_lint_at *at)
{
	struct rk_lint_case one = {&rules[EXACT], RK_LINT_DCT, 0, NULL};
	RK_AUTO(rk_envelope) envelope = NULL;
	RK_AUTO(rk_text) copy = NULL;
	RK_AUTO(rk_error) other = NULL;
	rk_error *err = rk_text_copy(at->wish->text->data, at->wish->text->len, &copy);

	if (!err)
		err = rk_envelope_open(at->dialect, RK_TAKE(copy), at->wish->name, &envelope);
	if (!err)
		err = at->dialect->exact(envelope);
	if (rk_error_code(err) != RK_E_REFUSED && rk_error_code(err) != RK_E_MALFORMED)
		return err;
	/* Of these the server makes its own, or believes whoever signs them. */
	if (at->kind == RK_ROLE_SNAPSHOT || at->kind == RK_ROLE_TIMESTAMP)
		one = (struct rk_lint_case){&rules[EXACT], 0, RK_LINT_DCT, NULL};
	other = err;
	return rk_lint_tell_case(at, &one, "%s", rk_error_message(other));
}

static rk_error *
judge_times(struct rk_lint_at *at, const rk_lint_key *key, const rk_certificate *certificate)
{
	int64_t now = at->wish->now;
	const char *keyid = RK_SHOW(key->key->keyid);

	if (at->wish->superseded)
		return NULL;
	if (certificate->not_after <= now)
		return rk_lint_tell(at, &rules[GONE], key->place,
		    "the certificate of root key %s expired at %s", keyid,
		    RK_TIME(certificate->not_after));
	if (certificate->not_before > now + AHEAD)
		return rk_lint_tell(at, &rules[EARLY], key->place,
		    "the certificate of root key %s begins at %s", keyid,
		    RK_TIME(certificate->not_before));
	if (certificate->not_after > now + HALF_YEAR)
		return NULL;
	return rk_lint_tell(at, &rules[NEAR], key->place,
	    "the certificate of root key %s expires at %s", keyid, RK_TIME(certificate->not_after));
}

static rk_error *
judge_certificate(struct rk_lint_at *at, const rk_lint_key *key, const rk_certificate *certificate)
{
	RK_AUTO(rk_error) flaw = at->dialect->root_key_check(key->key, NULL, 0);
	const char *gun = at->wish->repo;
	rk_error *err = NULL;

	if (rk_error_code(flaw) == RK_E_UNTRUSTED)
		err = rk_lint_tell(at, &rules[FORM], key->place, "%s", rk_error_message(flaw));
	else if (flaw)
		return RK_TAKE(flaw);
	if (!err && gun && !rk_certificate_covers(certificate, gun))
		err = rk_lint_tell(at, &rules[NAME], key->place,
		    "the certificate of root key %s is for %s, not for %s",
		    RK_SHOW(key->key->keyid), RK_SHOW(certificate->name), RK_SHOW(gun));
	return err ? err : judge_times(at, key, certificate);
}

static rk_error *
judge_root_key(struct rk_lint_at *at, const rk_lint_key *key)
{
	RK_AUTO(rk_certificate) certificate = NULL;
	rk_error *err = at->dialect->certificate_of(key->key, &certificate);

	if (rk_error_code(err) == RK_E_MALFORMED || rk_error_code(err) == RK_E_LIMIT) {
		/* Why is told with all keys that cannot be read. */
		rk_error_free(err);
		return NULL;
	}
	if (err)
		return err;
	if (!certificate)
		return rk_lint_tell(at, &rules[PLAIN_KEY], key->place, "root key %s has type %s",
		    RK_SHOW(key->key->keyid), RK_SHOW(key->key->keytype));
	return judge_certificate(at, key, certificate);
}

static rk_error *
judge_root_keys(struct rk_lint_at *at, const rk_lint_keys *keys)
{
	rk_json role, keyids, element;
	rk_json_iter iter;
	rk_error *err = NULL;

	if (!rk_json_get(&at->roles, "root", &role) || !rk_json_get(&role, "keyids", &keyids) ||
	    keyids.kind != RK_JSON_ARRAY)
		return NULL;
	iter = rk_json_each(&keyids);
	while (!err && rk_json_next(&iter, NULL, &element)) {
		RK_AUTO(rk_str) keyid = NULL;
		const rk_lint_key *key;

		if (element.kind != RK_JSON_STRING)
			continue;
		err = rk_json_strdup(&element, &keyid);
		key = err ? NULL : rk_lint_keys_find(keys, keyid);
		if (key)
			err = judge_root_key(at, key);
	}
	return err;
}

static rk_error *
judge_root_expiry(struct rk_lint_at *at)
{
	RK_AUTO(rk_str) text = NULL;
	int64_t expires = 0;
	rk_error *err = NULL;

	if (at->expires.len == 0 || at->expires.kind != RK_JSON_STRING || at->wish->superseded)
		return NULL;
	err = rk_json_strdup(&at->expires, &text);
	if (!err)
		err = rk_time_parse(text, strlen(text), &expires);
	if (rk_error_code(err) == RK_E_MALFORMED) {
		rk_error_free(err);
		return NULL;
	}
	if (err || expires <= at->wish->now || expires > at->wish->now + HALF_YEAR)
		return err;
	return rk_lint_tell(
	    at, &rules[ROOT_NEAR], at->expires.text, "root expires at %s", RK_TIME(expires));
}

static rk_error *
judge_gun(struct rk_lint_at *at)
{
	RK_AUTO(rk_error) fault = NULL;

	if (!at->wish->repo)
		return NULL;
	fault = at->dialect->repo_name_check(at->wish->repo);
	if (rk_error_code(fault) != RK_E_REFUSED)
		return RK_TAKE(fault);
	return rk_lint_tell(at, &rules[GUN], NULL, "%s", rk_error_message(fault));
}

static rk_error *
judge_root(struct rk_lint_at *at)
{
	rk_lint_keys keys = {NULL, 0};
	rk_error *err = judge_gun(at);

	if (!err)
		err = judge_root_expiry(at);
	if (err || at->keys.len == 0 || at->keys.kind != RK_JSON_OBJECT || at->roles.len == 0 ||
	    at->roles.kind != RK_JSON_OBJECT)
		return err;
	err = rk_lint_keys_read(at, &at->keys, &keys);
	if (!err)
		err = rk_lint_roles_judge(at, &keys);
	if (!err)
		err = judge_root_keys(at, &keys);
	if (!err)
		err = rk_lint_keys_tell(at, &keys);
	rk_lint_keys_clear(&keys);
	return err;
}

/* "targets/a" below "targets". A file whose place is not known lists what it wants. */
static bool
is_in_place(const struct rk_lint_at *at, const char *name)
{
	size_t len = strlen(at->role);

	if (!at->wish->role)
		return strncmp(name, "targets/", 8) == 0;
	return strncmp(name, at->role, len) == 0 && name[len] == '/' &&
	       !strchr(name + len + 1, '/');
}

static rk_error *
judge_place(struct rk_lint_at *at, const char *name, const char *place)
{
	RK_AUTO(rk_error) fault = NULL;

	if (!is_in_place(at, name))
		return rk_lint_tell(at, &rules[LEVEL], place, "%s delegates to %s",
		    RK_SHOW(at->role), RK_SHOW(name));
	fault = at->dialect->role_name_check(name + 8);
	if (rk_error_code(fault) != RK_E_REFUSED)
		return RK_TAKE(fault);
	return rk_lint_tell(at, &rules[LEVEL], place, "%s", rk_error_message(fault));
}

static rk_error *
judge_delegation(struct rk_lint_at *at, const rk_lint_keys *keys, const rk_json *role)
{
	RK_AUTO(rk_str) name = NULL;
	rk_json span, keyids, paths;
	rk_error *err;

	if (!rk_json_get(role, "name", &span) || span.kind != RK_JSON_STRING)
		return rk_lint_tell(at, &rules[LEVEL], role->text, "a delegation has no name");
	err = rk_json_strdup(&span, &name);
	if (!err)
		err = judge_place(at, name, span.text);
	if (!err && (!rk_json_get(role, "paths", &paths) || rk_json_count(&paths) == 0))
		err = rk_lint_tell(
		    at, &rules[NO_PATHS], role->text, "the role %s has no paths", RK_SHOW(name));
	if (err)
		return err;
	if (rk_json_get(role, "keyids", &keyids) &&
	    (keyids.kind == RK_JSON_NULL ||
		(keyids.kind == RK_JSON_ARRAY && rk_json_count(&keyids) == 0)))
		return rk_lint_tell(
		    at, &rules[NO_KEYS], role->text, "the role %s has no keys", RK_SHOW(name));
	return rk_lint_role(at, keys, role, RK_SHOW(name));
}

static rk_error *
judge_delegations(struct rk_lint_at *at)
{
	rk_lint_keys keys = {NULL, 0};
	rk_json object, roles, role;
	rk_json_iter iter;
	rk_error *err;

	/* Anything else is not as Notary writes it, and told. */
	if (at->delegations.len == 0 || at->delegations.kind != RK_JSON_OBJECT ||
	    !rk_json_get(&at->delegations, "keys", &object) || object.kind != RK_JSON_OBJECT ||
	    !rk_json_get(&at->delegations, "roles", &roles) || roles.kind != RK_JSON_ARRAY)
		return NULL;
	err = rk_lint_keys_read(at, &object, &keys);
	iter = rk_json_each(&roles);
	while (!err && rk_json_next(&iter, NULL, &role))
		if (role.kind == RK_JSON_OBJECT)
			err = judge_delegation(at, &keys, &role);
	if (!err)
		err = rk_lint_keys_tell(at, &keys);
	rk_lint_keys_clear(&keys);
	return err;
}

static rk_error *
judge_entry(struct rk_lint_at *at, const rk_json *name, const rk_json *entry)
{
	rk_json length, hashes, sha256;

	if (rk_json_get(entry, "length", &length) && length.kind == RK_JSON_INTEGER &&
	    rk_json_get(entry, "hashes", &hashes) && rk_json_get(&hashes, "sha256", &sha256))
		return NULL;
	return rk_lint_tell(at, &rules[META], name->text,
	    "the entry of %s has no length or no sha256", RK_SHOW_LEN(name->text, name->len));
}

static rk_error *
judge_meta(struct rk_lint_at *at)
{
	static const char *const wanted[RK_ROLE_TOP_COUNT][2] = {
	    [RK_ROLE_SNAPSHOT] = {"root", "targets"},
	    [RK_ROLE_TIMESTAMP] = {"snapshot", "snapshot"},
	};
	const char *const *roles = wanted[at->kind];
	bool there[2] = {false, false};
	rk_json name, entry;
	rk_json_iter iter;
	rk_error *err = NULL;

	if (at->meta.len == 0 || at->meta.kind != RK_JSON_OBJECT)
		return NULL;
	iter = rk_json_each(&at->meta);
	while (!err && rk_json_next(&iter, &name, &entry)) {
		for (size_t i = 0; i < 2; i++)
			there[i] = there[i] || rk_json_is(&name, roles[i]);
		err = judge_entry(at, &name, &entry);
	}
	if (!err && !(there[0] && there[1]))
		err = rk_lint_tell(at, &rules[META_LACKS], at->meta.text, "meta does not list %s",
		    RK_SHOW(there[0] ? roles[1] : roles[0]));
	return err;
}

rk_error *
rk_lint_notary(struct rk_lint_at *at)
{
	rk_error *err = judge_exact(at);

	if (err)
		return err;
	switch (at->kind) {
	case RK_ROLE_ROOT:
		return judge_root(at);
	case RK_ROLE_TARGETS:
		return judge_delegations(at);
	default:
		return judge_meta(at);
	}
}
