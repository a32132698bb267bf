#include "pkcs11/wrapway.h"

#define CKM_KWP 0x210bUL /* CKM_AES_KEY_WRAP_KWP */

static const struct {
	CK_MECHANISM_TYPE mechanism;
	bool whole, iv;
} ways[RK_WRAP_WAY_COUNT] = {
    [RK_WRAP_RSA_AES] = {CKM_RSA_AES_KEY_WRAP, true, false},
    [RK_WRAP_KWP] = {CKM_KWP, false, false},
    [RK_WRAP_PAD] = {CKM_AES_KEY_WRAP_PAD, false, false},
    [RK_WRAP_CBC] = {CKM_AES_CBC_PAD, false, true},
};

CK_MECHANISM_TYPE
rk_wrapway_mechanism(enum rk_wrap_way way)
{
	return ways[way].mechanism;
}

bool
rk_wrapway_is_whole(enum rk_wrap_way way)
{
	return ways[way].whole;
}

void
rk_wrapway_prepare(enum rk_wrap_way way, bool sha1, struct rk_wrapway_call *call)
{
	*call = (struct rk_wrapway_call){
	    .oaep = {.hashAlg = sha1 ? CKM_SHA_1 : CKM_SHA256,
		.mgf = sha1 ? CKG_MGF1_SHA1 : CKG_MGF1_SHA256,
		.source = CKZ_DATA_SPECIFIED},
	    .rsa_aes = {.bits = 8UL * RK_WRAPWAY_KEK},
	};
	call->rsa_aes.oaep = &call->oaep;
	call->kek = (CK_MECHANISM){CKM_RSA_PKCS_OAEP, &call->oaep, sizeof(call->oaep)};
	call->key = (CK_MECHANISM){ways[way].mechanism, NULL, 0};
	/* Zeros will do: the KEK is used once. */
	if (ways[way].iv) {
		call->key.pParameter = call->iv;
		call->key.ulParameterLen = sizeof(call->iv);
	}
	if (ways[way].whole) {
		call->key.pParameter = &call->rsa_aes;
		call->key.ulParameterLen = sizeof(call->rsa_aes);
	}
}

struct offer {
	const rk_mechanism *mechanisms;
	size_t count;
};

static bool
offers(const struct offer *offer, CK_MECHANISM_TYPE type, CK_FLAGS flag)
{
	for (size_t i = 0; i < offer->count; i++)
		if (offer->mechanisms[i].type == type)
			return offer->mechanisms[i].flags == 0 ||
			       (offer->mechanisms[i].flags & flag) != 0;
	return false;
}

void
rk_wrapway_offered(const rk_mechanism *mechanisms, size_t count, rk_token_abilities *abilities)
{
	const struct offer offer = {mechanisms, count};
	bool source = offers(&offer, CKM_AES_KEY_GEN, CKF_GENERATE) &&
		      offers(&offer, CKM_RSA_PKCS_OAEP, CKF_WRAP);
	bool target = offers(&offer, CKM_RSA_PKCS_KEY_PAIR_GEN, CKF_GENERATE_KEY_PAIR);
	bool unwraps_kek = offers(&offer, CKM_RSA_PKCS_OAEP, CKF_UNWRAP);

	for (size_t i = 0; i < RK_WRAP_WAY_COUNT; i++) {
		abilities->wrap[i] =
		    (ways[i].whole || source) && offers(&offer, ways[i].mechanism, CKF_WRAP);
		abilities->unwrap[i] = target && (ways[i].whole || unwraps_kek) &&
				       offers(&offer, ways[i].mechanism, CKF_UNWRAP);
	}
}
