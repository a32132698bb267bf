#include "world/keyfile_private.h"

#include "world/pubkey_private.h"

#include <openssl/bn.h>
#include <openssl/err.h>

#include <string.h>

#define FRAME 64 /* more than the tags and lengths around a PKCS#1 key */

/* The numbers of RFC 8017, A.1.2, in its order. */
enum { N, E, D, P, Q, DP, DQ, QINV, COUNT };

struct rsa {
	struct rk_keyfile_span spans[COUNT];
	BIGNUM *numbers[COUNT];
	BIGNUM *scratch, *less;
	BN_CTX *context;
};

static void
rsa_clear(struct rsa *rsa)
{
	for (int i = 0; i < COUNT; i++)
		BN_clear_free(rsa->numbers[i]);
	BN_clear_free(rsa->scratch);
	BN_clear_free(rsa->less);
	BN_CTX_free(rsa->context);
}

static bool
read_spans(struct rsa *rsa, struct rk_keyfile_span der)
{
	struct rk_keyfile_span body, version;

	if (!rk_keyfile_der_take(&der, RK_KEYFILE_SEQUENCE, &body) || der.len > 0 ||
	    !rk_keyfile_der_number(&body, &version) || !rk_keyfile_span_is(&version, "\0", 1))
		return false;
	for (int i = 0; i < COUNT; i++)
		if (!rk_keyfile_der_number(&body, &rsa->spans[i]) ||
		    rsa->spans[i].len > RK_RSA_BITS_MAX / 8)
			return false;
	return body.len == 0;
}

/* All on the secure heap, and so is what is computed with them. */
static rk_error *
read_numbers(struct rsa *rsa)
{
	rsa->context = BN_CTX_secure_new();
	rsa->scratch = BN_secure_new();
	rsa->less = BN_secure_new();
	if (!rsa->context || !rsa->scratch || !rsa->less)
		return rk_out_of_memory();
	for (int i = 0; i < COUNT; i++) {
		rsa->numbers[i] = BN_secure_new();
		if (!rsa->numbers[i] ||
		    !BN_bin2bn(rsa->spans[i].at, (int)rsa->spans[i].len, rsa->numbers[i]))
			return rk_out_of_memory();
		if (i >= D)
			BN_set_flags(rsa->numbers[i], BN_FLG_CONSTTIME);
	}
	return NULL;
}

/* Is `exponent` the inverse of e, and its remainder `small`, for this prime? */
static bool
fits_prime(struct rsa *rsa, int prime, int small)
{
	BN_CTX *context = rsa->context;

	return BN_sub(rsa->less, rsa->numbers[prime], BN_value_one()) == 1 &&
	       BN_nnmod(rsa->scratch, rsa->numbers[D], rsa->less, context) == 1 &&
	       BN_cmp(rsa->scratch, rsa->numbers[small]) == 0 &&
	       BN_mod_mul(rsa->scratch, rsa->scratch, rsa->numbers[E], rsa->less, context) == 1 &&
	       BN_is_one(rsa->scratch);
}

/* RFC 8017, 3.2. Primes that are none are not looked for: with them no signature verifies. */
static bool
agree(struct rsa *rsa)
{
	BN_CTX *context = rsa->context;

	for (int i = P; i <= Q; i++)
		if (BN_cmp(rsa->numbers[i], BN_value_one()) <= 0)
			return false;
	return BN_mul(rsa->scratch, rsa->numbers[P], rsa->numbers[Q], context) == 1 &&
	       BN_cmp(rsa->scratch, rsa->numbers[N]) == 0 && fits_prime(rsa, P, DP) &&
	       fits_prime(rsa, Q, DQ) &&
	       BN_mod_mul(rsa->scratch, rsa->numbers[QINV], rsa->numbers[Q], rsa->numbers[P],
		   context) == 1 &&
	       BN_is_one(rsa->scratch);
}

static rk_error *
judge(rk_keyfile *file, struct rsa *rsa)
{
	rk_error *err = rk_pubkey_from_rsa(rsa->spans[N].at, rsa->spans[N].len, rsa->spans[E].at,
	    rsa->spans[E].len, &file->pubkey);
	bool good;

	if (!err)
		err = read_numbers(rsa);
	if (err)
		return err;
	good = agree(rsa);
	ERR_clear_error();
	return good ? NULL
		    : rk_fail(RK_E_MALFORMED, "take another copy of the file: this one is damaged",
			  "its numbers are not those of one RSA key");
}

rk_error *
rk_keyfile_take_pkcs1(rk_keyfile *file, struct rk_keyfile_span der)
{
	static const uint8_t algorithm[] = {RK_KEYFILE_SEQUENCE, 13, RK_KEYFILE_OID, 9, 0x2a, 0x86,
	    0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, RK_KEYFILE_NULL, 0};
	__attribute__((cleanup(rsa_clear))) struct rsa rsa = {0};
	RK_AUTO_KEYFILE_OUT(out);
	rk_error *err;

	if (!read_spans(&rsa, der))
		return rk_keyfile_damaged("RSA");
	err = judge(file, &rsa);
	if (!err)
		err = rk_keyfile_out_open(der.len + FRAME, &out);
	if (err)
		return err;
	rk_keyfile_out_bytes(&out, der.at, der.len);
	return rk_keyfile_out_pkcs8(&out, algorithm, sizeof(algorithm), &file->pkcs8);
}
