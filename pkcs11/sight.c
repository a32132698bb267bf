#include "pkcs11/sight.h"

#include "pkcs11/keys.h"

#include <stdlib.h>

static void
judge(const rk_pubkey *expected, const rk_pubkey *seen, enum rk_fact *shown)
{
	if (seen && rk_pubkey_equal(expected, seen))
		*shown = RK_FACT_YES;
	else if (seen && *shown == RK_FACT_UNKNOWN)
		*shown = RK_FACT_NO;
}

/* An object that cannot be read shows nothing. */
static CK_RV
read_one(rk_session *session, CK_OBJECT_CLASS class, CK_OBJECT_HANDLE handle, rk_pubkey **ret_key)
{
	RK_AUTO_BUF(value);
	CK_RV rv;

	if (class == CKO_PUBLIC_KEY)
		return rk_keys_public_half(session, handle, ret_key);
	rv = rk_attribute_bytes(session, handle, CKA_VALUE, &value);
	if (rv != CKR_OK)
		return rk_attribute_is_lost(rv) ? rv : CKR_OK;
	rk_error_free(rk_pubkey_from_any(rk_buf_str(&value), value.len, ret_key));
	return CKR_OK;
}

static CK_RV
look_through(
    rk_session *session, CK_OBJECT_CLASS class, const rk_pubkey *expected, enum rk_fact *shown)
{
	rk_listed *listed = class == CKO_PUBLIC_KEY ? &session->publics : &session->certificates;
	CK_RV rv = CKR_OK;

	if (!listed->known)
		rv = rk_keys_objects(session, class, &listed->handles, &listed->count);
	if (rv != CKR_OK)
		return rv;
	listed->known = true;
	for (size_t i = 0; i < listed->count && *shown != RK_FACT_YES && rv == CKR_OK; i++) {
		RK_AUTO(rk_pubkey) seen = NULL;

		rv = read_one(session, class, listed->handles[i], &seen);
		judge(expected, seen, shown);
	}
	return rv;
}

static CK_RV
look(rk_session *session, const rk_pubkey *expected, enum rk_fact *shown)
{
	CK_RV rv;

	if (session->objects_known) {
		for (size_t i = 0; i < session->object_count; i++)
			judge(expected, session->objects[i].pubkey, shown);
		return CKR_OK;
	}
	rv = look_through(session, CKO_PUBLIC_KEY, expected, shown);
	if (rv == CKR_OK && *shown != RK_FACT_YES)
		rv = look_through(session, CKO_CERTIFICATE, expected, shown);
	return rv;
}

CK_RV
rk_sight(rk_session *session, const rk_request *request, rk_buf *out)
{
	RK_AUTO(rk_pubkey) expected = NULL;
	enum rk_fact shown = RK_FACT_UNKNOWN;
	CK_RV rv;
	rk_error *err = rk_pubkey_from_spki(request->spki.bytes, request->spki.len, &expected);

	if (err) {
		rk_error_free(err);
		return RK_CKR_PROTOCOL;
	}
	rv = look(session, expected, &shown);
	if (rv == CKR_OK)
		rk_buf_byte(out, (uint8_t)shown);
	return rv;
}
