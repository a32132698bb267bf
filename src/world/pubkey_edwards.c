#include "world/pubkey_private.h"

#include <openssl/bn.h>

#include <string.h>

/*
 * OpenSSL takes any 32 bytes as an Ed25519 key and finds out when it verifies. A key is judged
 * here when it is met: y below p = 2^255 - 19, a point on the curve
 *
 *     -x^2 + y^2 = 1 + d x^2 y^2,  d = -121665/121666
 *
 * and not one of the few of small order, for which anybody can sign. All of this is public.
 */
struct edwards {
	BN_CTX *context;
	BIGNUM *p, *y, *yy, *value, *term;
};

/* x^2 = 121666 (yy - 1) / (121666 - 121665 yy): a square? The divisor is never zero. */
static int
is_on_curve(struct edwards *e)
{
	return BN_copy(e->value, e->yy) && BN_mul_word(e->value, 121665) &&
	       BN_set_word(e->term, 121666) &&
	       BN_mod_sub(e->value, e->term, e->value, e->p, e->context) &&
	       BN_copy(e->term, e->yy) && BN_sub_word(e->term, 1) &&
	       BN_mod_mul(e->value, e->value, e->term, e->p, e->context) &&
	       BN_mul_word(e->value, 121666) &&
	       /* 0 is x = 0, y = 1 or -1: of order 1 and 2 */
	       BN_kronecker(e->value, e->p, e->context) == 1;
}

/* Order 4 is y = 0; the double of order 8 has y = 0: 121665 y^4 - 2 * 121666 yy + 121666 = 0. */
static int
is_large_order(struct edwards *e)
{
	return !BN_is_zero(e->y) && BN_mod_sqr(e->value, e->yy, e->p, e->context) &&
	       BN_mul_word(e->value, 121665) && BN_add_word(e->value, 121666) &&
	       BN_copy(e->term, e->yy) && BN_mul_word(e->term, 2 * 121666) &&
	       BN_mod_sub(e->value, e->value, e->term, e->p, e->context) && !BN_is_zero(e->value);
}

static int
judge(struct edwards *e, const uint8_t bytes[static 32])
{
	return e->term && BN_lebin2bn(bytes, 32, e->y) && BN_set_bit(e->p, 255) &&
	       BN_sub_word(e->p, 19) && BN_cmp(e->y, e->p) < 0 &&
	       BN_mod_sqr(e->yy, e->y, e->p, e->context) && is_on_curve(e) && is_large_order(e);
}

rk_error *
rk_pubkey_edwards_check(const uint8_t raw[static 32])
{
	struct edwards e = {.context = BN_CTX_new()};
	uint8_t bytes[32];

	if (!e.context)
		return rk_out_of_memory();
	memcpy(bytes, raw, sizeof(bytes));
	bytes[31] &= 0x7f; /* the sign of x */
	BN_CTX_start(e.context);
	e.p = BN_CTX_get(e.context);
	e.y = BN_CTX_get(e.context);
	e.yy = BN_CTX_get(e.context);
	e.value = BN_CTX_get(e.context);
	e.term = BN_CTX_get(e.context);
	int good = judge(&e, bytes);
	BN_CTX_end(e.context);
	BN_CTX_free(e.context);
	if (!good)
		return rk_fail(RK_E_MALFORMED, NULL, "32 bytes that are no Ed25519 key");
	return NULL;
}
