#include "base/show.h"
#include "tuf/dialect_notary.h"

#include <string.h>
#include <strings.h>

#define CERTIFICATE "-----BEGIN CERTIFICATE-----"

/* Of each name, the first that fits a key is what we write. */
static const rk_scheme schemes[] = {
    {"ecdsa", RK_FAMILY_ECDSA, RK_HASH_SHA256, RK_SIG_RAW, 256},
    {"ecdsa", RK_FAMILY_ECDSA, RK_HASH_SHA256, RK_SIG_RAW, 384},
    {"ecdsa", RK_FAMILY_ECDSA, RK_HASH_SHA256, RK_SIG_RAW, 521},
    {"eddsa", RK_FAMILY_ED25519, RK_HASH_NONE, RK_SIG_RAW, 0},
    {"rsapss", RK_FAMILY_RSA_PSS, RK_HASH_SHA256, RK_SIG_RAW, 0},
    {"rsapkcs1v15", RK_FAMILY_RSA_PKCS1, RK_HASH_SHA256, RK_SIG_RAW, 0},
};
static const size_t scheme_count = sizeof(schemes) / sizeof(schemes[0]);
/* Of RSA keys whose public half is PEM text, and of no others. */
static const rk_scheme pem_scheme = {
    "pycrypto-pkcs#1 pss", RK_FAMILY_RSA_PSS, RK_HASH_SHA256, RK_SIG_RAW, 0};

/* What a keytype's `public` is made of. */
enum shape { SHAPE_SPKI, SHAPE_CERTIFICATE, SHAPE_RAW };

static const struct type {
	const char *keytype;
	enum rk_family family;
	enum shape shape;
} types[] = {
    {"ecdsa", RK_FAMILY_ECDSA, SHAPE_SPKI},
    {"rsa", RK_FAMILY_RSA_PSS, SHAPE_SPKI},
    {"ed25519", RK_FAMILY_ED25519, SHAPE_RAW},
    {"ecdsa-x509", RK_FAMILY_ECDSA, SHAPE_CERTIFICATE},
    {"rsa-x509", RK_FAMILY_RSA_PSS, SHAPE_CERTIFICATE},
};

static const struct type *
type_named(const char *keytype)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(types[i].keytype, keytype) == 0)
			return &types[i];
	return NULL;
}

static const struct type *
type_of(enum rk_family family, enum shape shape)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].family == family &&
		    (types[i].shape == SHAPE_CERTIFICATE) == (shape == SHAPE_CERTIFICATE))
			return &types[i];
	return NULL;
}

static bool
fits(const rk_scheme *scheme, const rk_pubkey *pubkey)
{
	enum rk_family family = rk_pubkey_family(pubkey);

	if (scheme->family == RK_FAMILY_RSA_PKCS1)
		return family == RK_FAMILY_RSA_PSS;
	return family == scheme->family &&
	       (scheme->curve_bits == 0 || scheme->curve_bits == rk_pubkey_bits(pubkey));
}

const rk_scheme *
rk_dialect_notary_scheme_for(const rk_pubkey *pubkey)
{
	for (size_t i = 0; i < scheme_count; i++)
		if (fits(&schemes[i], pubkey))
			return &schemes[i];
	return NULL;
}

/* Methods are read in small letters, however they are written. */
const rk_scheme *
rk_dialect_notary_signature_scheme(const rk_tuf_key *key, const rk_json *entry)
{
	RK_AUTO(rk_str) method = NULL;
	rk_json span;

	if (!key->pubkey || !rk_json_get(entry, "method", &span) || span.kind != RK_JSON_STRING)
		return NULL;
	rk_error *err = rk_json_strdup(&span, &method);
	if (err) {
		rk_error_free(err);
		return NULL;
	}
	if (key->scheme == &pem_scheme)
		return strcasecmp(method, pem_scheme.name) == 0 ? &pem_scheme : NULL;
	for (size_t i = 0; i < scheme_count; i++)
		if (strcasecmp(method, schemes[i].name) == 0 && fits(&schemes[i], key->pubkey))
			return &schemes[i];
	return NULL;
}

/* {"keytype": …, "keyval": {"private": null, "public": …}} */
static rk_error *
make_object(const char *keytype, const char *public, rk_node **ret_object)
{
	RK_AUTO(rk_node) object = rk_node_new_object();
	rk_node *value = rk_node_new_object();

	if (!object || !value) {
		rk_node_free(value);
		return rk_out_of_memory();
	}
	rk_error *err = rk_node_put(object, "keyval", value);
	if (!err)
		err = rk_node_put(value, "private", rk_node_new_null());
	if (!err)
		err = rk_node_put_text(value, "public", public);
	if (!err)
		err = rk_node_put_text(object, "keytype", keytype);
	if (!err)
		*ret_object = RK_TAKE(object);
	return err;
}

rk_error *
rk_dialect_notary_key_object(const rk_pubkey *pubkey, rk_node **ret_object)
{
	const struct type *type = type_of(rk_pubkey_family(pubkey), SHAPE_SPKI);
	const uint8_t *bytes = rk_pubkey_ed25519(pubkey);
	size_t len = 32;
	RK_AUTO_BUF(text);

	if (!type)
		return rk_fail(RK_E_REFUSED, NULL, "Notary has no keys of type %s",
		    rk_key_type_name(rk_pubkey_type(pubkey)));
	if (!bytes)
		bytes = rk_pubkey_spki(pubkey, &len);
	rk_buf_base64(&text, bytes, len);
	rk_error *err = rk_buf_check(&text);
	return err ? err : make_object(type->keytype, rk_buf_str(&text), ret_object);
}

rk_error *
rk_dialect_notary_certificate_object(const rk_certificate *certificate, rk_node **ret_object)
{
	const struct type *type = NULL;
	RK_AUTO_BUF(text);

	if (certificate->pubkey)
		type = type_of(rk_pubkey_family(certificate->pubkey), SHAPE_CERTIFICATE);
	if (!type)
		return rk_fail(
		    RK_E_REFUSED, NULL, "Notary takes certificates of ECDSA and RSA keys only");
	rk_buf_base64(&text, certificate->pem, strlen(certificate->pem));
	rk_error *err = rk_buf_check(&text);
	return err ? err : make_object(type->keytype, rk_buf_str(&text), ret_object);
}

static const char *
text_of(const rk_node *object, const char *member)
{
	const char *text = rk_node_text(rk_node_get(object, member));

	return text ? text : "";
}

/* As a server or a person gives it: in any order, perhaps with more in it. */
rk_error *
rk_dialect_notary_key_given(const rk_node *object, rk_node **ret_object)
{
	const rk_node *value = rk_node_get(object, "keyval");
	const rk_node *private = rk_node_get(value, "private");

	if (private && rk_node_kind(private) != RK_JSON_NULL)
		return rk_fail(RK_E_REFUSED, "use the file of the public key; keep this one secret",
		    "the key has a private half in it");
	if (!rk_node_text(rk_node_get(object, "keytype")) ||
	    !rk_node_text(rk_node_get(value, "public")))
		return rk_fail(RK_E_MALFORMED, "get the key from the server again",
		    "it is no key object: keytype or the public value is missing");
	return make_object(text_of(object, "keytype"), text_of(value, "public"), ret_object);
}

/* Over type and public value, whatever else the object says. */
rk_error *
rk_dialect_notary_key_id(const rk_node *object, char out[static RK_KEYID_HEX])
{
	RK_AUTO(rk_node) exact = NULL;
	RK_AUTO_BUF(text);
	uint8_t digest[RK_SHA256_SIZE];
	static const rk_style signed_style = {.sorted = true, .form = RK_FORM_SIGNED};
	rk_error *err = make_object(
	    text_of(object, "keytype"), text_of(rk_node_get(object, "keyval"), "public"), &exact);

	if (!err) {
		rk_write_node(&text, exact, &signed_style, 0);
		err = rk_buf_check(&text);
	}
	if (err)
		return err;
	rk_sha256(rk_buf_str(&text), text.len, digest);
	rk_hex(out, digest, sizeof(digest));
	return NULL;
}

static const char *
public_of(const rk_tuf_key *key)
{
	return rk_node_text(rk_node_get(rk_node_get(key->object, "keyval"), "public"));
}

rk_error *
rk_dialect_notary_certificate_of(const rk_tuf_key *key, rk_certificate **ret_certificate)
{
	const struct type *type = type_named(key->keytype);
	const char *text = public_of(key);
	RK_AUTO_BUF(pem);

	*ret_certificate = NULL;
	if (!type || type->shape != SHAPE_CERTIFICATE || !text)
		return NULL;
	rk_error *err = rk_unbase64(text, strlen(text), &pem);
	return err ? err
		   : rk_certificate_read(
			 rk_buf_str(&pem), pem.len, "the key's certificate", ret_certificate);
}

/* Clients take the id anew from what they have parsed: text that is written otherwise has another. */
static rk_error *
check_text(const rk_tuf_key *key, const rk_certificate *certificate)
{
	RK_AUTO_BUF(text);

	rk_buf_base64(&text, certificate->pem, strlen(certificate->pem));
	rk_error *err = rk_buf_check(&text);
	if (err || strcmp(rk_buf_str(&text), public_of(key)) == 0)
		return err;
	return rk_fail(RK_E_UNTRUSTED, NULL,
	    "its PEM text is not as Notary writes it, so that clients see another key id");
}

/* One sentence says which and why. */
static rk_error *
refused(const rk_tuf_key *key, rk_error *why)
{
	if (rk_error_code(why) == RK_E_NOMEM)
		return why;
	rk_error *err = rk_fail(RK_E_UNTRUSTED, rk_error_remedy(why),
	    "clients refuse root key %s: %s", RK_SHOW(key->keyid), rk_error_message(why));
	rk_error_free(why);
	return err;
}

rk_error *
rk_dialect_notary_root_key_check(const rk_tuf_key *key, const char *name, int64_t now)
{
	RK_AUTO(rk_certificate) certificate = NULL;

	if (!key->pubkey)
		return rk_fail(RK_E_UNTRUSTED, NULL, "root key %s is not understood: %s",
		    RK_SHOW(key->keyid), key->why);
	rk_error *err = rk_dialect_notary_certificate_of(key, &certificate);
	if (!err && !certificate)
		return rk_fail(RK_E_UNTRUSTED, "put the key's certificate into root",
		    "root key %s is no certificate, and Notary's clients take nothing else for "
		    "root",
		    RK_SHOW(key->keyid));
	if (!err)
		err = rk_certificate_judge(certificate, name, now);
	if (!err)
		err = check_text(key, certificate);
	return err ? refused(key, err) : NULL;
}

static bool
is_pem(const rk_buf *bytes)
{
	return memmem(rk_buf_str(bytes), bytes->len, "-----BEGIN ", 11) != NULL;
}

static rk_error *
read_raw(const rk_buf *bytes, rk_pubkey **ret_pubkey)
{
	if (bytes->len != 32)
		return rk_fail(RK_E_MALFORMED, NULL, "it has %zu bytes instead of 32", bytes->len);
	return rk_pubkey_from_ed25519((const uint8_t *)rk_buf_str(bytes), ret_pubkey);
}

static rk_error *
read_certificate(const rk_buf *bytes, rk_pubkey **ret_pubkey)
{
	const char *pem =
	    memmem(rk_buf_str(bytes), bytes->len, CERTIFICATE, sizeof(CERTIFICATE) - 1);

	if (!pem)
		return rk_fail(RK_E_MALFORMED, NULL, "it is not a certificate in PEM");
	return rk_pubkey_from_any(pem, bytes->len - (size_t)(pem - bytes->data), ret_pubkey);
}

static rk_error *
read_public(const struct type *type, const char *text, rk_pubkey **ret_pubkey, bool *ret_pem)
{
	RK_AUTO(rk_pubkey) pubkey = NULL;
	RK_AUTO_BUF(bytes);
	rk_error *err = rk_unbase64(text, strlen(text), &bytes);

	if (err)
		return err;
	*ret_pem = type->shape == SHAPE_SPKI && type->family == RK_FAMILY_RSA_PSS && is_pem(&bytes);
	if (type->shape == SHAPE_RAW)
		err = read_raw(&bytes, &pubkey);
	else if (type->shape == SHAPE_CERTIFICATE)
		err = read_certificate(&bytes, &pubkey);
	else if (*ret_pem)
		err = rk_pubkey_from_any(rk_buf_str(&bytes), bytes.len, &pubkey);
	else
		err = rk_pubkey_from_spki(rk_buf_str(&bytes), bytes.len, &pubkey);
	if (err)
		return err;
	if (rk_pubkey_family(pubkey) != type->family)
		return rk_fail(RK_E_MALFORMED, NULL, "the public half is of type %s",
		    rk_key_type_name(rk_pubkey_type(pubkey)));
	*ret_pubkey = RK_TAKE(pubkey);
	return NULL;
}

static rk_error *
cannot_read(rk_tuf_key *key, rk_error *err)
{
	if (rk_error_code(err) == RK_E_NOMEM)
		return err;
	rk_error *told =
	    rk_strdupf(&key->why, "its public value cannot be read: %s", rk_error_message(err));
	rk_error_free(err);
	return told;
}

rk_error *
rk_dialect_notary_key_parse(rk_tuf_key *key)
{
	RK_AUTO(rk_pubkey) pubkey = NULL;
	const char *text = public_of(key);
	bool pem = false;
	rk_error *err = rk_strdup(text_of(key->object, "keytype"), &key->keytype);

	if (!err)
		err = rk_strdup("", &key->scheme_name);
	if (err)
		return err;
	const struct type *type = type_named(key->keytype);
	if (!type)
		return rk_strdupf(&key->why, "its type %s is not known", RK_SHOW(key->keytype));
	if (!text)
		return rk_strdup("it has no public value", &key->why);
	/* Clients refuse every file that such a key has signed. */
	if (!key->id_computed)
		return rk_strdup(
		    "its id is not the one that its type and public value give", &key->why);
	err = read_public(type, text, &pubkey, &pem);
	if (err)
		return cannot_read(key, err);
	key->scheme = pem ? &pem_scheme : rk_dialect_notary_scheme_for(pubkey);
	if (!key->scheme)
		return rk_strdup("Notary has no signatures for keys of its type", &key->why);
	key->pubkey = RK_TAKE(pubkey);
	return NULL;
}

rk_error *
rk_dialect_notary_signature_text(const void *sig, size_t sig_len, rk_buf *out)
{
	rk_buf_base64(out, sig, sig_len);
	return rk_buf_check(out);
}

rk_error *
rk_dialect_notary_signature_object(const char *keyid, const rk_scheme *scheme, const void *sig,
    size_t sig_len, rk_node **ret_object)
{
	RK_AUTO(rk_node) object = rk_node_new_object();
	RK_AUTO_BUF(text);

	if (!object)
		return rk_out_of_memory();
	rk_error *err = rk_dialect_notary_signature_text(sig, sig_len, &text);
	if (!err)
		err = rk_node_put_text(object, "keyid", keyid);
	if (!err)
		err = rk_node_put_text(object, "method", scheme->name);
	if (!err)
		err = rk_node_put_text(object, "sig", rk_buf_str(&text));
	if (!err)
		*ret_object = RK_TAKE(object);
	return err;
}
