#include "pkcs11/sight.h"

#include "pkcs11/keys.h"
#include "world/token.h"

#include <stdlib.h>

struct view {
	const rk_pubkey *expected;
	bool found;
	bool others;
	bool unread; /* one whose key does not show may be the one that is looked for */
};

static void
judge(struct view *view, const rk_pubkey *seen)
{
	if (!seen)
		view->unread = true;
	else if (rk_pubkey_equal(view->expected, seen))
		view->found = true;
	else
		view->others = true;
}

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
look_through(rk_session *session, CK_OBJECT_CLASS class, struct view *view)
{
	rk_listed *listed = class == CKO_PUBLIC_KEY ? &session->publics : &session->certificates;
	CK_RV rv = CKR_OK;

	if (!listed->known)
		rv = rk_keys_objects(session, class, &listed->handles, &listed->count);
	if (rv != CKR_OK)
		return rv;
	listed->known = true;
	for (size_t i = 0; i < listed->count && !view->found && rv == CKR_OK; i++) {
		RK_AUTO(rk_pubkey) seen = NULL;

		rv = read_one(session, class, listed->handles[i], &seen);
		judge(view, seen);
	}
	return rv;
}

static CK_RV
look(rk_session *session, struct view *view)
{
	CK_RV rv;

	if (session->objects_known) {
		for (size_t i = 0; i < session->object_count; i++)
			judge(view, session->objects[i].pubkey);
		return CKR_OK;
	}
	rv = look_through(session, CKO_PUBLIC_KEY, view);
	if (rv == CKR_OK && !view->found)
		rv = look_through(session, CKO_CERTIFICATE, view);
	return rv;
}

CK_RV
rk_sight(rk_session *session, const rk_request *request, rk_buf *out)
{
	RK_AUTO(rk_pubkey) expected = NULL;
	struct view view = {NULL, false, false, false};
	enum rk_fact shown = RK_FACT_UNKNOWN;
	CK_RV rv;
	rk_error *err = rk_pubkey_from_spki(request->spki.bytes, request->spki.len, &expected);

	if (err) {
		rk_error_free(err);
		return RK_CKR_PROTOCOL;
	}
	view.expected = expected;
	rv = look(session, &view);
	if (view.found)
		shown = RK_FACT_YES;
	else if (view.others && !view.unread)
		shown = RK_FACT_NO;
	if (rv == CKR_OK)
		rk_buf_byte(out, (uint8_t)shown);
	return rv;
}
