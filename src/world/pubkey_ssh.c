#include "world/pubkey.h"

#include "world/pubkey_private.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>

#include <string.h>

/* The wire forms of RFC 4253 6.6, RFC 5656 3.1 and RFC 8709 4. */

static void
wire_bytes(rk_buf *wire, const void *bytes, size_t len)
{
	rk_buf_u32(wire, (uint32_t)len);
	rk_buf_append(wire, bytes, len);
}

static void
wire_text(rk_buf *wire, const char *text)
{
	wire_bytes(wire, text, strlen(text));
}

static rk_error *
lost(void)
{
	ERR_clear_error();
	return rk_fail(RK_E_INTERNAL, NULL, "OpenSSL lost the numbers of a public key");
}

/* An mpint: a zero in front where the high bit would make it negative. */
static rk_error *
wire_number(rk_buf *wire, const EVP_PKEY *pkey, const char *param)
{
	uint8_t bytes[1 + RK_RSA_BITS_MAX / 8] = {0};
	BIGNUM *number = NULL;

	if (EVP_PKEY_get_bn_param(pkey, param, &number) != 1)
		return lost();
	size_t len = (size_t)BN_bn2bin(number, bytes + 1);
	BN_free(number);
	if (bytes[1] & 0x80)
		wire_bytes(wire, bytes, len + 1);
	else
		wire_bytes(wire, bytes + 1, len);
	return NULL;
}

static rk_error *
wire_ecdsa(const rk_pubkey *key, const struct rk_pubkey_curve *curve, rk_buf *wire)
{
	/* The point is the end of the SPKI: that is how every key here is built. */
	size_t len = 1 + 2 * (size_t)((key->bits + 7) / 8);

	if (key->spki_len < len)
		return lost();
	wire_text(wire, curve->scheme.name);
	wire_text(wire, curve->ssh);
	wire_bytes(wire, key->spki + key->spki_len - len, len);
	return NULL;
}

static rk_error *
wire_rsa(const rk_pubkey *key, rk_buf *wire)
{
	wire_text(wire, "ssh-rsa");
	rk_error *err = wire_number(wire, key->pkey, OSSL_PKEY_PARAM_RSA_E);
	if (!err)
		err = wire_number(wire, key->pkey, OSSL_PKEY_PARAM_RSA_N);
	return err;
}

rk_error *
rk_pubkey_ssh(const rk_pubkey *key, rk_buf *out)
{
	const struct rk_pubkey_curve *curve = NULL;
	const char *name = "ssh-rsa";
	rk_error *err = NULL;
	RK_AUTO_BUF(wire);

	switch (rk_pubkey_family(key)) {
	case RK_FAMILY_ECDSA:
		curve = rk_pubkey_curve_by_bits(key->bits);
		name = curve->scheme.name;
		err = wire_ecdsa(key, curve, &wire);
		break;
	case RK_FAMILY_ED25519:
		name = "ssh-ed25519";
		wire_text(&wire, name);
		wire_bytes(&wire, key->ed25519, sizeof(key->ed25519));
		break;
	case RK_FAMILY_RSA_PSS:
	case RK_FAMILY_RSA_PKCS1:
		err = wire_rsa(key, &wire);
		break;
	}
	if (!err)
		err = rk_buf_check(&wire);
	if (err)
		return err;
	rk_buf_printf(out, "%s ", name);
	rk_buf_base64(out, wire.data, wire.len);
	return rk_buf_check(out);
}
