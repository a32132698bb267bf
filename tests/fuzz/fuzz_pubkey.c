/*
 * Public keys and signatures as anybody may hand them in. The first byte chooses the reader, the
 * rest is what it reads. A key that is taken must survive its own DER and PEM, and an ECDSA
 * signature its two shapes.
 */
#include "world/pubkey.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(rk_error *err)
{
	if (err)
		abort();
}

static void
must_hold(bool truth)
{
	if (!truth)
		abort();
}

static void
judge(const rk_pubkey *key)
{
	RK_AUTO(rk_pubkey) from_der = NULL;
	RK_AUTO(rk_pubkey) from_pem = NULL;
	RK_AUTO_BUF(ssh);
	size_t len;
	const uint8_t *spki = rk_pubkey_spki(key, &len);
	const char *pem = rk_pubkey_pem(key);

	must(rk_pubkey_from_spki(spki, len, &from_der));
	must(rk_pubkey_from_any(pem, strlen(pem), &from_pem));
	must_hold(rk_pubkey_equal(key, from_der) && rk_pubkey_equal(key, from_pem));
	must_hold(rk_pubkey_type(key) == rk_pubkey_type(from_der));
	must_hold(rk_pubkey_bits(key) == rk_pubkey_bits(from_der));
	must_hold(strcmp(pem, rk_pubkey_pem(from_der)) == 0);
	must(rk_pubkey_ssh(key, &ssh));
}

/* Two byte strings from one: the length of the first is in front. */
static size_t
split(const uint8_t **data, size_t *size)
{
	size_t len = *size > 0 ? (*data)[0] : 0;

	if (*size > 0) {
		(*data)++;
		(*size)--;
	}
	return len < *size ? len : *size;
}

static rk_error *
read_key(uint8_t choice, const uint8_t *data, size_t size, rk_pubkey **ret_key)
{
	static const unsigned bits[] = {256, 384, 521, 224};
	size_t first;

	switch (choice % 6) {
	case 0:
		return rk_pubkey_from_any(data, size, ret_key);
	case 1:
		return rk_pubkey_from_spki(data, size, ret_key);
	case 2:
		first = split(&data, &size);
		return rk_pubkey_from_ec(data, first, data + first, size - first, ret_key);
	case 3:
		first = split(&data, &size);
		return rk_pubkey_from_rsa(data + first, size - first, data, first, ret_key);
	case 4:
		return rk_pubkey_from_point(bits[choice / 6 % 4], data, size, ret_key);
	default:
		return size < 32 ? NULL : rk_pubkey_from_ed25519(data, ret_key);
	}
}

static void
read_signature(const uint8_t *data, size_t size)
{
	static const size_t halves[] = {32, 48, 66, 4};
	size_t half = size > 0 ? halves[data[size - 1] % 4] : 32;
	RK_AUTO_BUF(raw);
	RK_AUTO_BUF(der);
	rk_error *err = rk_ecdsa_der_to_raw(data, size, half, &raw);

	if (!err) {
		must_hold(raw.len == 2 * half);
		must(rk_ecdsa_raw_to_der((const uint8_t *)raw.data, raw.len, &der));
		must_hold(der.len == size && memcmp(der.data, data, size) == 0);
		return;
	}
	rk_error_free(err);
	err = rk_ecdsa_raw_to_der(data, size, &der);
	if (!err) {
		must(rk_ecdsa_der_to_raw((const uint8_t *)der.data, der.len, size / 2, &raw));
		must_hold(raw.len == size && memcmp(raw.data, data, size) == 0);
	}
	rk_error_free(err);
}

/* Nobody has signed: whatever the bytes are, the answer is no. SEC 2's base point is the key. */
static void
refuse_signature(const uint8_t *data, size_t size)
{
	static const char point[] =
	    "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
	    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
	uint8_t bytes[65];
	RK_AUTO(rk_pubkey) key = NULL;
	rk_payload payload;

	must(rk_unhex(point, 130, bytes, sizeof(bytes)));
	must(rk_pubkey_from_point(256, bytes, sizeof(bytes), &key));
	must(rk_payload_from_bytes("payload", 7, &payload));
	rk_scheme scheme = *rk_pubkey_token_scheme(key);
	for (int shape = RK_SIG_DER; shape <= RK_SIG_RAW; shape++) {
		scheme.shape = (enum rk_sig_shape)shape;
		rk_error *err = rk_pubkey_verify(key, &scheme, &payload, data, size);
		must_hold(
		    rk_error_code(err) == RK_E_UNTRUSTED || rk_error_code(err) == RK_E_MALFORMED);
		rk_error_free(err);
	}
	rk_payload_clear(&payload);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	RK_AUTO(rk_pubkey) key = NULL;

	if (size == 0)
		return 0;
	uint8_t choice = data[0];
	data++;
	size--;
	if (choice >= 0xf0)
		refuse_signature(data, size);
	else if (choice >= 0xe0)
		read_signature(data, size);
	else
		rk_error_free(read_key(choice, data, size, &key));
	if (key)
		judge(key);
	return 0;
}
