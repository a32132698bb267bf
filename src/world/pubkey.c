#include "world/pubkey.h"

#include "world/pubkey_private.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <stdlib.h>
#include <string.h>

static const char *const type_names[] = {
    [RK_KEY_ECDSA_P256] = "ecdsa-p256",
    [RK_KEY_ECDSA_P384] = "ecdsa-p384",
    [RK_KEY_ED25519] = "ed25519",
    [RK_KEY_RSA2048] = "rsa2048",
    [RK_KEY_RSA3072] = "rsa3072",
    [RK_KEY_RSA4096] = "rsa4096",
    [RK_KEY_ECDSA_P521] = "ecdsa-p521",
    [RK_KEY_RSA_OTHER] = "rsa",
};

static const struct rk_pubkey_curve curves[] = {
    {RK_KEY_ECDSA_P256, 256, "prime256v1", "nistp256",
	{"ecdsa-sha2-nistp256", RK_FAMILY_ECDSA, RK_HASH_SHA256, RK_SIG_RAW, 256}},
    {RK_KEY_ECDSA_P384, 384, "secp384r1", "nistp384",
	{"ecdsa-sha2-nistp384", RK_FAMILY_ECDSA, RK_HASH_SHA384, RK_SIG_RAW, 384}},
    {RK_KEY_ECDSA_P521, 521, "secp521r1", "nistp521",
	{"ecdsa-sha2-nistp521", RK_FAMILY_ECDSA, RK_HASH_SHA512, RK_SIG_RAW, 521}},
};

static const rk_scheme ed25519_scheme = {"ed25519", RK_FAMILY_ED25519, RK_HASH_NONE, RK_SIG_RAW, 0};
static const rk_scheme pss_scheme = {
    "rsassa-pss-sha256", RK_FAMILY_RSA_PSS, RK_HASH_SHA256, RK_SIG_RAW, 0};

const char *
rk_key_type_name(enum rk_key_type type)
{
	if ((size_t)type >= sizeof(type_names) / sizeof(type_names[0]))
		return "unknown";
	return type_names[type];
}

bool
rk_key_type_parse(const char *name, enum rk_key_type *ret_type)
{
	for (size_t i = 0; i < sizeof(type_names) / sizeof(type_names[0]); i++) {
		if (strcmp(type_names[i], name) == 0) {
			*ret_type = (enum rk_key_type)i;
			return true;
		}
	}
	return false;
}

const struct rk_pubkey_curve *
rk_pubkey_curve_by_bits(unsigned bits)
{
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++) {
		if (curves[i].bits == bits)
			return &curves[i];
	}
	return NULL;
}

const struct rk_pubkey_curve *
rk_pubkey_curve_by_group(const char *group)
{
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++) {
		if (strcmp(curves[i].group, group) == 0)
			return &curves[i];
	}
	return NULL;
}

static void
bio_cleanup(BIO **bio)
{
	BIO_free(*bio);
}

static rk_error *
fill_pem(rk_pubkey *key)
{
	__attribute__((cleanup(bio_cleanup))) BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL;

	if (!bio ||
	    PEM_write_bio(bio, PEM_STRING_PUBLIC, "", key->spki, (long)key->spki_len) <= 0) {
		ERR_clear_error();
		return rk_out_of_memory();
	}
	long len = BIO_get_mem_data(bio, &text);
	return rk_strndup(text, (size_t)len, &key->pem);
}

static rk_error *
fill_spki(rk_pubkey *key)
{
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(key->pkey, &der);

	if (len <= 0) {
		ERR_clear_error();
		return rk_fail(RK_E_INTERNAL, NULL, "OpenSSL could not encode a public key");
	}
	key->spki = der;
	key->spki_len = (size_t)len;
	rk_sha256(key->spki, key->spki_len, key->fingerprint);
	rk_hex(key->fingerprint_hex, key->fingerprint, RK_FINGERPRINT_SIZE);
	return fill_pem(key);
}

rk_error *
rk_pubkey_adopt(EVP_PKEY *pkey, enum rk_key_type type, unsigned bits, rk_pubkey **ret_key)
{
	RK_AUTO(rk_pubkey) key = calloc(1, sizeof(*key));

	if (!key) {
		EVP_PKEY_free(pkey);
		return rk_out_of_memory();
	}
	atomic_init(&key->refs, 1);
	key->pkey = pkey;
	key->type = type;
	key->bits = bits;
	rk_error *err = fill_spki(key);
	if (err)
		return err;
	size_t len = sizeof(key->ed25519);
	if (type == RK_KEY_ED25519 && EVP_PKEY_get_raw_public_key(pkey, key->ed25519, &len) != 1)
		return rk_fail(RK_E_INTERNAL, NULL, "OpenSSL lost the bytes of an Ed25519 key");
	*ret_key = RK_TAKE(key);
	return NULL;
}

enum rk_key_type
rk_pubkey_type(const rk_pubkey *key)
{
	return key->type;
}

enum rk_family
rk_pubkey_family(const rk_pubkey *key)
{
	switch (key->type) {
	case RK_KEY_ECDSA_P256:
	case RK_KEY_ECDSA_P384:
	case RK_KEY_ECDSA_P521:
		return RK_FAMILY_ECDSA;
	case RK_KEY_ED25519:
		return RK_FAMILY_ED25519;
	default:
		return RK_FAMILY_RSA_PSS;
	}
}

unsigned
rk_pubkey_bits(const rk_pubkey *key)
{
	return key->bits;
}

const uint8_t *
rk_pubkey_spki(const rk_pubkey *key, size_t *ret_len)
{
	*ret_len = key->spki_len;
	return key->spki;
}

const char *
rk_pubkey_pem(const rk_pubkey *key)
{
	return key->pem;
}

const uint8_t *
rk_pubkey_fingerprint(const rk_pubkey *key)
{
	return key->fingerprint;
}

const char *
rk_pubkey_fingerprint_hex(const rk_pubkey *key)
{
	return key->fingerprint_hex;
}

const uint8_t *
rk_pubkey_ed25519(const rk_pubkey *key)
{
	return key->type == RK_KEY_ED25519 ? key->ed25519 : NULL;
}

bool
rk_pubkey_equal(const rk_pubkey *a, const rk_pubkey *b)
{
	return a == b || (a->spki_len == b->spki_len && memcmp(a->spki, b->spki, a->spki_len) == 0);
}

const rk_scheme *
rk_pubkey_token_scheme(const rk_pubkey *key)
{
	switch (rk_pubkey_family(key)) {
	case RK_FAMILY_ECDSA:
		return &rk_pubkey_curve_by_bits(key->bits)->scheme;
	case RK_FAMILY_ED25519:
		return &ed25519_scheme;
	case RK_FAMILY_RSA_PSS:
	case RK_FAMILY_RSA_PKCS1:
		break;
	}
	return &pss_scheme;
}

rk_pubkey *
rk_pubkey_ref(const rk_pubkey *key)
{
	/* Sharing does not change the key: only the count of its owners. */
	rk_pubkey *shared = (rk_pubkey *)key;

	if (shared)
		atomic_fetch_add(&shared->refs, 1);
	return shared;
}

void
rk_pubkey_free(rk_pubkey *key)
{
	if (!key || atomic_fetch_sub(&key->refs, 1) != 1)
		return;
	EVP_PKEY_free(key->pkey);
	OPENSSL_free(key->spki);
	free(key->pem);
	free(key);
}
