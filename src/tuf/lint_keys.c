#include "tuf/lint_private.h"

#include "base/show.h"

#include <stdlib.h>
#include <string.h>

enum {
	UNKNOWN,
	P384,
	OLD_P384,
	P521,
	RSA,
	MLDSA,
	FULCIO,
	POINT,
	PEM_ED25519,
	DAMAGED,
	SIZE,
	ID,
	NEWLINE,
	RULES
};

#define KEY_REMEDY "use an ecdsa-p256, ed25519 or RSA key with rsassa-pss-sha256"

static const rk_lint_rule rules[RULES] = {
    [UNKNOWN] = {"key-type-unknown", RK_LINT_PY | RK_LINT_GO | RK_LINT_TO, RK_LINT_JS,
	"a key type that clients do not know: python-tuf and tough cannot read the whole file, "
	"go-tuf "
	"believes no role that names the key",
	KEY_REMEDY},
    [P384] = {"key-ecdsa-p384", RK_LINT_TO | RK_LINT_JS, 0,
	"tough cannot read a file with a P-384 key, and tuf-js hashes for it with SHA-256",
	KEY_REMEDY},
    [OLD_P384] = {"key-type-nistp384", RK_LINT_GO | RK_LINT_TO | RK_LINT_JS, 0,
	"ecdsa-sha2-nistp384 as a key type is known to few", KEY_REMEDY},
    [P521] = {"key-ecdsa-p521", RK_LINT_GO | RK_LINT_TO | RK_LINT_JS, 0,
	"only python-tuf verifies P-521", KEY_REMEDY},
    [RSA] = {"key-rsa-scheme", RK_LINT_GO | RK_LINT_TO | RK_LINT_JS, 0,
	"of RSA's schemes only rsassa-pss-sha256 is known to all", KEY_REMEDY},
    [MLDSA] = {"key-ml-dsa", RK_LINT_PY | RK_LINT_GO | RK_LINT_TO, RK_LINT_JS,
	"ML-DSA keys are known to the newest clients only, and verified where that is switched on",
	KEY_REMEDY},
    [FULCIO] = {"key-sigstore-oidc", RK_LINT_PY | RK_LINT_GO | RK_LINT_TO, RK_LINT_JS,
	"identities are keys to python-tuf alone, where that is switched on", KEY_REMEDY},
    [POINT] = {"key-hex-point", RK_LINT_PY | RK_LINT_GO, RK_LINT_TO | RK_LINT_JS,
	"an ECDSA key as a hex point instead of PEM: python-tuf and go-tuf cannot use it",
	"write the key as PEM"},
    [PEM_ED25519] = {"key-ed25519-pem", RK_LINT_PY | RK_LINT_GO | RK_LINT_TO, 0,
	"an Ed25519 key as PEM instead of 64 hex digits: only tuf-js can use it",
	"write the key as 64 hex digits"},
    [DAMAGED] = {"key-unreadable", RK_LINT_TUF | RK_LINT_DCT, 0,
	"a key's public value cannot be read", "write the key again, or leave it out"},
    [SIZE] = {"key-rsa-size", RK_LINT_TO, 0, "tough verifies RSA keys of 2048 to 8192 bits only",
	"use a key of 2048 to 8192 bits"},
    [ID] = {"key-id-not-computed", RK_LINT_TO | RK_LINT_DCT, 0,
	"an id is not the one computed over the key object, custom members included: tough refuses "
	"the "
	"whole file, notary all that the key has signed",
	"file the key under its computed id"},
    [NEWLINE] = {"key-pem-newline", 0, RK_LINT_PY | RK_LINT_GO,
	"a PEM without a final newline: python-tuf and go-tuf give the same key another id when "
	"they "
	"write it",
	"end the PEM in a newline"},
};
const struct rk_lint_table rk_lint_keys_table = {rules, RULES};

#define FINE RK_LINT_FINE
#define USELESS RK_LINT_USELESS
#define POISON RK_LINT_POISON
#define BRICK RK_LINT_BRICK

/* What becomes of each type and scheme in python-tuf, go-tuf, tough and tuf-js; "" is any scheme. */
static const struct known {
	const char *keytype, *scheme;
	int rule; /* -1: none */
	enum rk_lint_fate fates[RK_LINT_TUF_COUNT];
} known[] = {
    {"ed25519", "ed25519", -1, {FINE, FINE, FINE, FINE}},
    {"ecdsa", "ecdsa-sha2-nistp256", -1, {FINE, FINE, FINE, FINE}},
    {"ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256", -1, {FINE, FINE, FINE, FINE}},
    {"rsa", "rsassa-pss-sha256", -1, {FINE, FINE, FINE, FINE}},
    {"ecdsa", "ecdsa-sha2-nistp384", P384, {FINE, FINE, BRICK, USELESS}},
    {"ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384", OLD_P384, {FINE, POISON, BRICK, USELESS}},
    {"ecdsa", "ecdsa-sha2-nistp521", P521, {FINE, USELESS, BRICK, USELESS}},
    {"ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521", P521, {FINE, POISON, BRICK, USELESS}},
    {"rsa", "rsassa-pss-sha224", RSA, {FINE, USELESS, BRICK, USELESS}},
    {"rsa", "rsassa-pss-sha384", RSA, {FINE, USELESS, BRICK, USELESS}},
    {"rsa", "rsassa-pss-sha512", RSA, {FINE, USELESS, BRICK, USELESS}},
    {"rsa", "rsa-pkcs1v15-sha224", RSA, {FINE, USELESS, BRICK, USELESS}},
    {"rsa", "rsa-pkcs1v15-sha256", RSA, {FINE, USELESS, BRICK, USELESS}},
    {"rsa", "rsa-pkcs1v15-sha384", RSA, {FINE, USELESS, BRICK, USELESS}},
    {"rsa", "rsa-pkcs1v15-sha512", RSA, {FINE, USELESS, BRICK, USELESS}},
    {"ml-dsa", "", MLDSA, {BRICK, POISON, BRICK, USELESS}},
    {"sigstore-oidc", "", FULCIO, {BRICK, POISON, BRICK, USELESS}},
    {"ecdsa", "", UNKNOWN, {BRICK, USELESS, BRICK, USELESS}},
    {"rsa", "", UNKNOWN, {BRICK, USELESS, BRICK, USELESS}},
    {"ed25519", "", UNKNOWN, {BRICK, USELESS, BRICK, USELESS}},
};
static const size_t known_count = sizeof(known) / sizeof(known[0]);
static const enum rk_lint_fate unknown_fates[] = {BRICK, POISON, BRICK, USELESS};
static const enum rk_lint_fate damaged_fates[] = {USELESS, POISON, BRICK, USELESS};
static const enum rk_lint_fate point_fates[] = {USELESS, POISON, FINE, FINE};
static const enum rk_lint_fate pem_fates[] = {USELESS, POISON, BRICK, FINE};
static const enum rk_lint_fate size_fates[] = {FINE, FINE, USELESS, FINE};

static void
set_fates(rk_lint_key *key, int rule, const enum rk_lint_fate *fates)
{
	key->rule = rule < 0 ? NULL : &rules[rule];
	memcpy(key->fates, fates, sizeof(key->fates));
}

/* The worse of what it is already and of this. */
static void
worsen(rk_lint_key *key, int rule, const enum rk_lint_fate *fates)
{
	if (!key->rule)
		key->rule = &rules[rule];
	for (size_t i = 0; i < RK_LINT_TUF_COUNT; i++)
		if (fates[i] > key->fates[i])
			key->fates[i] = fates[i];
}

static const char *
public_of(const rk_lint_key *key)
{
	const char *text =
	    rk_node_text(rk_node_get(rk_node_get(key->key->object, "keyval"), "public"));

	return text ? text : "";
}

static void
judge_type(rk_lint_key *key)
{
	for (size_t i = 0; i < known_count; i++) {
		if (strcmp(known[i].keytype, key->key->keytype) != 0)
			continue;
		if (*known[i].scheme && strcmp(known[i].scheme, key->key->scheme_name) != 0)
			continue;
		set_fates(key, known[i].rule, known[i].fates);
		return;
	}
	set_fates(key, UNKNOWN, unknown_fates);
}

/* How the public half is written, of a type that we know. */
static void
judge_value(rk_lint_key *key)
{
	const char *text = public_of(key);
	bool pem = strncmp(text, "-----BEGIN", strlen("-----BEGIN")) == 0;
	const rk_pubkey *pubkey = key->key->pubkey;

	if (!pubkey) {
		worsen(key, DAMAGED, damaged_fates);
		return;
	}
	if (rk_pubkey_family(pubkey) == RK_FAMILY_ED25519 && pem)
		worsen(key, PEM_ED25519, pem_fates);
	if (rk_pubkey_family(pubkey) == RK_FAMILY_ECDSA && !pem)
		worsen(key, POINT, point_fates);
	if (rk_pubkey_family(pubkey) == RK_FAMILY_RSA_PSS && rk_pubkey_bits(pubkey) > 8192)
		worsen(key, SIZE, size_fates);
}

static int
by_id(const void *a, const void *b)
{
	const rk_lint_key *left = a, *right = b;

	return strcmp(left->key->keyid, right->key->keyid);
}

static rk_error *
read_key(struct rk_lint_at *at, const rk_json *name, const rk_json *value, rk_lint_key *ret_key)
{
	static const char where[] = "keys";
	RK_AUTO(rk_str) keyid = NULL;
	RK_AUTO(rk_node) object = NULL;
	rk_lint_key key = {.place = value->text};
	bool known_type;
	rk_error *err = rk_json_strdup(name, &keyid);

	if (!err)
		err = rk_node_from_json(value, where, &object);
	if (!err)
		err = rk_tuf_key_read(at->dialect, keyid, object, where, &key.key);
	if (err)
		return err;
	if (!at->reading->plain) {
		*ret_key = key;
		return NULL;
	}
	judge_type(&key);
	known_type =
	    key.rule != &rules[UNKNOWN] && key.rule != &rules[MLDSA] && key.rule != &rules[FULCIO];
	if (known_type)
		judge_value(&key);
	*ret_key = key;
	return NULL;
}

rk_error *
rk_lint_keys_read(struct rk_lint_at *at, const rk_json *object, rk_lint_keys *ret_keys)
{
	size_t count = rk_json_count(object);
	rk_lint_keys keys = {calloc(count + 1, sizeof(*keys.keys)), 0};
	rk_json_iter iter = rk_json_each(object);
	rk_json name, value;
	rk_error *err = keys.keys ? NULL : rk_out_of_memory();

	while (!err && rk_json_next(&iter, &name, &value)) {
		err = read_key(at, &name, &value, &keys.keys[keys.count]);
		if (rk_error_code(err) == RK_E_MALFORMED) {
			rk_error_free(err);
			err = rk_lint_tell(at, &rules[DAMAGED], value.text,
			    "the key %s is no key object", RK_SHOW_LEN(name.text, name.len));
			continue;
		}
		keys.count += err == NULL;
	}
	if (!err && keys.count > 1)
		qsort(keys.keys, keys.count, sizeof(*keys.keys), by_id);
	if (err)
		rk_lint_keys_clear(&keys);
	else
		*ret_keys = keys;
	return err;
}

rk_lint_key *
rk_lint_keys_find(const rk_lint_keys *keys, const char *keyid)
{
	rk_tuf_key wanted = {.keyid = (char *)(uintptr_t)keyid};
	const rk_lint_key probe = {.key = &wanted};

	if (keys->count == 0)
		return NULL;
	return bsearch(&probe, keys->keys, keys->count, sizeof(probe), by_id);
}

/* Who has an error by this key, and who only cannot use it. */
static struct rk_lint_case
case_of(const rk_lint_key *key)
{
	struct rk_lint_case one = {key->rule, 0, 0, key->place};

	for (unsigned i = 0; i < RK_LINT_TUF_COUNT; i++) {
		unsigned client = 1U << i;

		if (key->fates[i] == RK_LINT_BRICK || (key->broken & client))
			one.errors |= client;
		else if (key->fates[i] != RK_LINT_FINE && key->named)
			one.warnings |= client;
	}
	return one;
}

static rk_error *
tell_fate(struct rk_lint_at *at, const rk_lint_key *key)
{
	const struct rk_lint_case one = case_of(key);
	const rk_tuf_key *tuf = key->key;

	if (!at->reading->plain && key->named && !tuf->pubkey && tuf->id_computed)
		return rk_lint_tell(at, &rules[DAMAGED], key->place, "the key %s: %s",
		    RK_SHOW(tuf->keyid), key->key->why);
	if (!key->rule)
		return NULL;
	return rk_lint_tell_case(at, &one, "the key %s has type %s and scheme %s%s%s",
	    RK_SHOW(tuf->keyid), RK_SHOW(tuf->keytype), RK_SHOW(tuf->scheme_name),
	    key->rule == &rules[DAMAGED] && key->key->why ? ": " : "",
	    key->rule == &rules[DAMAGED] && key->key->why ? key->key->why : "");
}

static rk_error *
tell_form(struct rk_lint_at *at, const rk_lint_key *key)
{
	const char *text = public_of(key);
	size_t len = strlen(text);
	rk_error *err = NULL;

	if (!key->key->id_computed)
		err = rk_lint_tell(at, &rules[ID], key->place,
		    "the id %s is not the one computed over the key", RK_SHOW(key->key->keyid));
	if (!err && len > 0 && !strncmp(text, "-----BEGIN", strlen("-----BEGIN")) &&
	    text[len - 1] != '\n')
		err = rk_lint_tell(at, &rules[NEWLINE], key->place,
		    "the PEM of the key %s does not end in a newline", RK_SHOW(key->key->keyid));
	return err;
}

rk_error *
rk_lint_keys_tell(struct rk_lint_at *at, const rk_lint_keys *keys)
{
	rk_error *err = NULL;

	for (size_t i = 0; i < keys->count && !err; i++) {
		err = tell_fate(at, &keys->keys[i]);
		if (!err)
			err = tell_form(at, &keys->keys[i]);
	}
	return err;
}

void
rk_lint_keys_clear(rk_lint_keys *keys)
{
	for (size_t i = 0; i < keys->count; i++)
		rk_tuf_key_free(keys->keys[i].key);
	free(keys->keys);
	*keys = (rk_lint_keys){NULL, 0};
}
