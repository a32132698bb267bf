#include "base/show.h"
#include "tuf/dialect_tuf.h"

#include <string.h>

/* A keytype and scheme that we verify. The first row of a family and curve is what we write. */
static const struct tuf_row {
	const char *keytype;
	rk_scheme scheme;
} rows[] = {
    {"ecdsa", {"ecdsa-sha2-nistp256", RK_FAMILY_ECDSA, RK_HASH_SHA256, RK_SIG_DER, 256}},
    {"ecdsa", {"ecdsa-sha2-nistp384", RK_FAMILY_ECDSA, RK_HASH_SHA384, RK_SIG_DER, 384}},
    {"ecdsa", {"ecdsa-sha2-nistp521", RK_FAMILY_ECDSA, RK_HASH_SHA512, RK_SIG_DER, 521}},
    {"ecdsa-sha2-nistp256",
	{"ecdsa-sha2-nistp256", RK_FAMILY_ECDSA, RK_HASH_SHA256, RK_SIG_DER, 256}},
    {"ecdsa-sha2-nistp384",
	{"ecdsa-sha2-nistp384", RK_FAMILY_ECDSA, RK_HASH_SHA384, RK_SIG_DER, 384}},
    {"ecdsa-sha2-nistp521",
	{"ecdsa-sha2-nistp521", RK_FAMILY_ECDSA, RK_HASH_SHA512, RK_SIG_DER, 521}},
    {"ed25519", {"ed25519", RK_FAMILY_ED25519, RK_HASH_NONE, RK_SIG_RAW, 0}},
    {"rsa", {"rsassa-pss-sha256", RK_FAMILY_RSA_PSS, RK_HASH_SHA256, RK_SIG_RAW, 0}},
    {"rsa", {"rsassa-pss-sha224", RK_FAMILY_RSA_PSS, RK_HASH_SHA224, RK_SIG_RAW, 0}},
    {"rsa", {"rsassa-pss-sha384", RK_FAMILY_RSA_PSS, RK_HASH_SHA384, RK_SIG_RAW, 0}},
    {"rsa", {"rsassa-pss-sha512", RK_FAMILY_RSA_PSS, RK_HASH_SHA512, RK_SIG_RAW, 0}},
    {"rsa", {"rsa-pkcs1v15-sha224", RK_FAMILY_RSA_PKCS1, RK_HASH_SHA224, RK_SIG_RAW, 0}},
    {"rsa", {"rsa-pkcs1v15-sha256", RK_FAMILY_RSA_PKCS1, RK_HASH_SHA256, RK_SIG_RAW, 0}},
    {"rsa", {"rsa-pkcs1v15-sha384", RK_FAMILY_RSA_PKCS1, RK_HASH_SHA384, RK_SIG_RAW, 0}},
    {"rsa", {"rsa-pkcs1v15-sha512", RK_FAMILY_RSA_PKCS1, RK_HASH_SHA512, RK_SIG_RAW, 0}},
};
static const size_t row_count = sizeof(rows) / sizeof(rows[0]);

static const struct tuf_row *
row_named(const char *keytype, const char *scheme)
{
	for (size_t i = 0; i < row_count; i++)
		if (strcmp(rows[i].keytype, keytype) == 0 &&
		    strcmp(rows[i].scheme.name, scheme) == 0)
			return &rows[i];
	return NULL;
}

static const struct tuf_row *
row_for(const rk_pubkey *pubkey)
{
	enum rk_family family = rk_pubkey_family(pubkey);
	for (size_t i = 0; i < row_count; i++) {
		const rk_scheme *scheme = &rows[i].scheme;
		if (scheme->family == family &&
		    (scheme->curve_bits == 0 || scheme->curve_bits == rk_pubkey_bits(pubkey)))
			return &rows[i];
	}
	return NULL;
}

const rk_scheme *
rk_dialect_tuf_scheme_for(const rk_pubkey *pubkey)
{
	const struct tuf_row *row = row_for(pubkey);
	return row ? &row->scheme : NULL;
}

rk_error *
rk_dialect_tuf_key_object(const rk_pubkey *pubkey, rk_node **ret_object)
{
	RK_AUTO(rk_node) object = rk_node_new_object();
	const struct tuf_row *row = row_for(pubkey);
	char hex[65] = "";
	if (!row)
		return rk_fail(RK_E_REFUSED, NULL, "TUF has no scheme for a key of type %s",
		    rk_key_type_name(rk_pubkey_type(pubkey)));
	const uint8_t *raw = rk_pubkey_ed25519(pubkey);
	if (raw)
		rk_hex(hex, raw, 32);
	rk_node *value = rk_node_new_object();
	if (!object || !value) {
		rk_node_free(value);
		return rk_out_of_memory();
	}
	rk_error *err = rk_node_put(object, "keyval", value);
	if (!err)
		err = rk_node_put_text(value, "public", raw ? hex : rk_pubkey_pem(pubkey));
	if (!err)
		err = rk_node_put_text(object, "keytype", row->keytype);
	if (!err)
		err = rk_node_put_text(object, "scheme", row->scheme.name);
	if (err)
		return err;
	*ret_object = RK_TAKE(object);
	return NULL;
}

rk_error *
rk_dialect_tuf_key_id(const rk_node *object, char out[static RK_KEYID_HEX])
{
	RK_AUTO_BUF(text);
	RK_AUTO_BUF(canonical);
	uint8_t digest[RK_SHA256_SIZE];
	rk_json value;
	rk_write_node(&text, object, &rk_style_line, 0);
	rk_error *err = rk_buf_check(&text);
	if (!err)
		err = rk_scan_bytes(rk_buf_str(&text), text.len, "key", &value);
	if (!err)
		err = rk_canonical(&value, RK_FORM_SIGNED, rk_sink_buf(&canonical), NULL);
	if (!err)
		err = rk_buf_check(&canonical);
	if (err)
		return err;
	rk_sha256(rk_buf_str(&canonical), canonical.len, digest);
	rk_hex(out, digest, sizeof(digest));
	return NULL;
}

static bool
is_hex(const char *text, size_t len)
{
	return len > 0 && strspn(text, "0123456789abcdefABCDEF") == len;
}

static rk_error *
public_from_hex(const struct tuf_row *row, const char *text, size_t len, rk_pubkey **ret_pubkey)
{
	RK_AUTO_BUF(bytes);
	rk_error *err = rk_unhex_buf(text, len, &bytes);
	if (err)
		return err;
	if (row->scheme.family == RK_FAMILY_ECDSA)
		return rk_pubkey_from_point(
		    row->scheme.curve_bits, rk_buf_str(&bytes), bytes.len, ret_pubkey);
	if (row->scheme.family == RK_FAMILY_ED25519 && bytes.len == 32)
		return rk_pubkey_from_ed25519((const uint8_t *)rk_buf_str(&bytes), ret_pubkey);
	return rk_fail(RK_E_MALFORMED, NULL, "%zu hex digits are no such key", len);
}

/* The public half must be what the scheme wants: an RSA key under an ECDSA scheme is refused. */
static bool
fits(const rk_pubkey *pubkey, const rk_scheme *scheme)
{
	enum rk_family family = rk_pubkey_family(pubkey);
	if (scheme->family == RK_FAMILY_RSA_PKCS1)
		return family == RK_FAMILY_RSA_PSS;
	return family == scheme->family &&
	       (scheme->curve_bits == 0 || scheme->curve_bits == rk_pubkey_bits(pubkey));
}

static rk_error *
read_public(const struct tuf_row *row, const char *text, rk_pubkey **ret_pubkey)
{
	RK_AUTO(rk_pubkey) pubkey = NULL;
	size_t len = strlen(text);
	rk_error *err = is_hex(text, len) ? public_from_hex(row, text, len, &pubkey)
					  : rk_pubkey_from_any(text, len, &pubkey);
	if (err)
		return err;
	if (!fits(pubkey, &row->scheme))
		return rk_fail(RK_E_MALFORMED, NULL, "the public half is of type %s",
		    rk_key_type_name(rk_pubkey_type(pubkey)));
	*ret_pubkey = RK_TAKE(pubkey);
	return NULL;
}

static rk_error *
copy_name(const rk_node *object, const char *member, char **ret_name)
{
	const char *text = rk_node_text(rk_node_get(object, member));
	return rk_strdup(text ? text : "", ret_name);
}

rk_error *
rk_dialect_tuf_key_parse(rk_tuf_key *key)
{
	rk_error *err = copy_name(key->object, "keytype", &key->keytype);
	if (!err)
		err = copy_name(key->object, "scheme", &key->scheme_name);
	if (err)
		return err;
	const struct tuf_row *row = row_named(key->keytype, key->scheme_name);
	if (!row)
		return rk_strdupf(&key->why, "its type %s with scheme %s is not known",
		    RK_SHOW(key->keytype), RK_SHOW(key->scheme_name));
	const char *text = rk_node_text(rk_node_get(rk_node_get(key->object, "keyval"), "public"));
	if (!text)
		return rk_strdup("it has no public value", &key->why);
	err = read_public(row, text, &key->pubkey);
	if (err && rk_error_code(err) == RK_E_NOMEM)
		return err;
	if (err) {
		rk_error *told = rk_strdupf(
		    &key->why, "its public value cannot be read: %s", rk_error_message(err));
		rk_error_free(err);
		return told;
	}
	key->scheme = &row->scheme;
	return NULL;
}

rk_error *
rk_dialect_tuf_signature_text(const void *sig, size_t sig_len, rk_buf *out)
{
	rk_buf_hex(out, sig, sig_len);
	return rk_buf_check(out);
}

rk_error *
rk_dialect_tuf_signature_object(const char *keyid, const rk_scheme *scheme, const void *sig,
    size_t sig_len, rk_node **ret_object)
{
	RK_AUTO(rk_node) object = rk_node_new_object();
	RK_AUTO_BUF(text);
	(void)scheme;
	if (!object)
		return rk_out_of_memory();
	rk_error *err = rk_dialect_tuf_signature_text(sig, sig_len, &text);
	if (!err)
		err = rk_node_put_text(object, "keyid", keyid);
	if (!err)
		err = rk_node_put_text(object, "sig", rk_buf_str(&text));
	if (err)
		return err;
	*ret_object = RK_TAKE(object);
	return NULL;
}
