#include "world/signature.h"

#include "world/signature_private.h"

#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include <stdlib.h>
#include <string.h>

#define HASH_COUNT (RK_HASH_SHA512 + 1)
#define HALF_MAX 66 /* P-521 */
#define DER_MAX 160

struct rk_payload_pass {
	EVP_MD_CTX *digests[HASH_COUNT];
	size_t len;
	rk_buf bytes;
	bool whole;
};

const EVP_MD *
rk_signature_md(enum rk_hash hash)
{
	switch (hash) {
	case RK_HASH_SHA224:
		return EVP_sha224();
	case RK_HASH_SHA256:
		return EVP_sha256();
	case RK_HASH_SHA384:
		return EVP_sha384();
	case RK_HASH_SHA512:
		return EVP_sha512();
	case RK_HASH_NONE:
		break;
	}
	return NULL;
}

/* Where `payload` keeps the digest that `hash` names. */
static uint8_t *
payload_place(rk_payload *payload, enum rk_hash hash, size_t *ret_len)
{
	switch (hash) {
	case RK_HASH_SHA224:
		*ret_len = sizeof(payload->sha224);
		return payload->sha224;
	case RK_HASH_SHA256:
		*ret_len = sizeof(payload->sha256);
		return payload->sha256;
	case RK_HASH_SHA384:
		*ret_len = sizeof(payload->sha384);
		return payload->sha384;
	case RK_HASH_SHA512:
		*ret_len = sizeof(payload->sha512);
		return payload->sha512;
	case RK_HASH_NONE:
		break;
	}
	return NULL;
}

static rk_error *
digest_failed(void)
{
	ERR_clear_error();
	return rk_fail(RK_E_INTERNAL, NULL, "OpenSSL could not compute a digest");
}

void
rk_payload_clear(rk_payload *payload)
{
	rk_buf_clear(&payload->bytes);
	*payload = (rk_payload){0};
}

const uint8_t *
rk_payload_digest(const rk_payload *payload, enum rk_hash hash, size_t *ret_len)
{
	size_t len;
	const uint8_t *place = payload_place((rk_payload *)payload, hash, &len);

	if (!place || !(payload->have & 1u << hash))
		return NULL;
	*ret_len = len;
	return place;
}

rk_error *
rk_payload_begin(unsigned hashes, bool whole, rk_payload_pass **ret_pass)
{
	RK_AUTO(rk_payload_pass) pass = calloc(1, sizeof(*pass));

	if (!pass)
		return rk_out_of_memory();
	pass->whole = whole;
	for (enum rk_hash hash = RK_HASH_SHA224; hash <= RK_HASH_SHA512; hash++) {
		if (!(hashes & 1u << hash))
			continue;
		pass->digests[hash] = EVP_MD_CTX_new();
		if (!pass->digests[hash])
			return rk_out_of_memory();
		if (EVP_DigestInit_ex(pass->digests[hash], rk_signature_md(hash), NULL) != 1)
			return digest_failed();
	}
	*ret_pass = RK_TAKE(pass);
	return NULL;
}

static rk_error *
pass_write(void *context, const void *bytes, size_t len)
{
	rk_payload_pass *pass = context;

	if (len == 0)
		return NULL;
	for (enum rk_hash hash = RK_HASH_SHA224; hash <= RK_HASH_SHA512; hash++) {
		if (pass->digests[hash] && EVP_DigestUpdate(pass->digests[hash], bytes, len) != 1)
			return digest_failed();
	}
	pass->len += len;
	if (!pass->whole)
		return NULL;
	rk_buf_append(&pass->bytes, bytes, len);
	return rk_buf_check(&pass->bytes);
}

rk_sink
rk_payload_sink(rk_payload_pass *pass)
{
	return (rk_sink){.write = pass_write, .context = pass};
}

rk_error *
rk_payload_finish(rk_payload_pass *pass, rk_payload *ret_payload)
{
	rk_payload payload = {.len = pass->len, .whole = pass->whole};

	for (enum rk_hash hash = RK_HASH_SHA224; hash <= RK_HASH_SHA512; hash++) {
		size_t len;
		uint8_t *place = payload_place(&payload, hash, &len);

		if (!pass->digests[hash])
			continue;
		if (EVP_DigestFinal_ex(pass->digests[hash], place, NULL) != 1)
			return digest_failed();
		payload.have |= 1u << hash;
	}
	payload.bytes = pass->bytes;
	pass->bytes = (rk_buf){0};
	*ret_payload = payload;
	return NULL;
}

void
rk_payload_pass_free(rk_payload_pass *pass)
{
	if (!pass)
		return;
	for (size_t i = 0; i < HASH_COUNT; i++)
		EVP_MD_CTX_free(pass->digests[i]);
	rk_buf_clear(&pass->bytes);
	free(pass);
}

rk_error *
rk_payload_from_bytes(const void *bytes, size_t len, rk_payload *ret_payload)
{
	RK_AUTO(rk_payload_pass) pass = NULL;
	unsigned all = 1u << RK_HASH_SHA224 | 1u << RK_HASH_SHA256 | 1u << RK_HASH_SHA384 |
		       1u << RK_HASH_SHA512;
	rk_error *err = rk_payload_begin(all, true, &pass);

	if (!err)
		err = pass_write(pass, bytes, len);
	if (!err)
		err = rk_payload_finish(pass, ret_payload);
	return err;
}

static void
ecdsa_sig_cleanup(ECDSA_SIG **sig)
{
	ECDSA_SIG_free(*sig);
}

static void
openssl_cleanup(unsigned char **bytes)
{
	OPENSSL_free(*bytes);
}

static rk_error *
bad_ecdsa(const char *why)
{
	ERR_clear_error();
	return rk_fail(RK_E_MALFORMED, NULL, "not an ECDSA signature: %s", why);
}

rk_error *
rk_ecdsa_raw_to_der(const uint8_t *raw, size_t len, rk_buf *out)
{
	__attribute__((cleanup(ecdsa_sig_cleanup))) ECDSA_SIG *sig = ECDSA_SIG_new();
	__attribute__((cleanup(openssl_cleanup))) unsigned char *der = NULL;

	if (len == 0 || len % 2 || len / 2 > HALF_MAX)
		return bad_ecdsa("r and s are not two halves of a known width");
	int half = (int)(len / 2);
	BIGNUM *r = BN_bin2bn(raw, half, NULL);
	BIGNUM *s = BN_bin2bn(raw + half, half, NULL);
	if (!sig || !r || !s || ECDSA_SIG_set0(sig, r, s) != 1) {
		BN_free(r);
		BN_free(s);
		return rk_out_of_memory();
	}
	if (BN_is_zero(r) || BN_is_zero(s))
		return bad_ecdsa("r or s is zero");
	int der_len = i2d_ECDSA_SIG(sig, &der);
	if (der_len <= 0)
		return rk_out_of_memory();
	rk_buf_append(out, der, (size_t)der_len);
	return rk_buf_check(out);
}

/* A positive number in `half` bytes, appended. */
static rk_error *
append_half(rk_buf *out, const BIGNUM *number, size_t half)
{
	uint8_t bytes[HALF_MAX];

	if (BN_is_zero(number) || BN_is_negative(number))
		return bad_ecdsa("r or s is not positive");
	if (BN_bn2binpad(number, bytes, (int)half) < 0)
		return bad_ecdsa("r or s is too wide for the curve");
	rk_buf_append(out, bytes, half);
	return NULL;
}

/* DER has one form for each value: what OpenSSL would write must be what is there. */
static bool
is_minimal(const ECDSA_SIG *sig, const uint8_t *der, size_t len)
{
	__attribute__((cleanup(openssl_cleanup))) unsigned char *again = NULL;
	int again_len = i2d_ECDSA_SIG(sig, &again);

	return again_len > 0 && (size_t)again_len == len && memcmp(again, der, len) == 0;
}

rk_error *
rk_ecdsa_der_to_raw(const uint8_t *der, size_t len, size_t half, rk_buf *out)
{
	__attribute__((cleanup(ecdsa_sig_cleanup))) ECDSA_SIG *sig = NULL;
	const unsigned char *at = der;
	RK_AUTO_BUF(raw);
	const BIGNUM *r, *s;

	if (len == 0 || len > DER_MAX || half == 0 || half > HALF_MAX)
		return bad_ecdsa("its length fits no known curve");
	sig = d2i_ECDSA_SIG(NULL, &at, (long)len);
	if (!sig || !is_minimal(sig, der, len))
		return bad_ecdsa("not minimal DER");
	ECDSA_SIG_get0(sig, &r, &s);
	rk_error *err = append_half(&raw, r, half);
	if (!err)
		err = append_half(&raw, s, half);
	if (!err)
		err = rk_buf_check(&raw);
	if (err)
		return err;
	rk_buf_append(out, raw.data, raw.len);
	return rk_buf_check(out);
}
