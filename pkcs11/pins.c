#include "pkcs11/pins.h"

#include "pkcs11/yubikey.h"
#include "world/token.h"

static CK_UTF8CHAR *
bytes_of(const rk_secret *pin)
{
	return pin ? (CK_UTF8CHAR *)(uintptr_t)rk_secret_peek(pin) : NULL;
}

static CK_ULONG
len_of(const rk_secret *pin)
{
	return pin ? rk_secret_len(pin) : 0;
}

static bool
has_fitting_length(const CK_TOKEN_INFO *token, const rk_secret *pin)
{
	CK_ULONG len = len_of(pin);

	return !pin || token->ulMaxPinLen == 0 || token->ulMinPinLen > token->ulMaxPinLen ||
	       (token->ulMinPinLen <= len && len <= token->ulMaxPinLen);
}

static CK_RV
check_secrets(rk_session *session, const rk_request *request)
{
	bool new_so_pin = request->change == RK_PIN_CHANGE_SO;
	CK_RV rv = CKR_OK;

	if (request->change == RK_PIN_CHANGE_USER)
		rv = rk_yubikey_check_pin(session, request->so_pin);
	else if (request->change != RK_PIN_UNBLOCK_PUK)
		rv = rk_yubikey_check_so_pin(session, request->so_pin);
	if (rv != CKR_OK)
		return rv;
	return new_so_pin ? rk_yubikey_check_so_pin(session, request->pin)
			  : rk_yubikey_check_pin(session, request->pin);
}

/* What would spend a try for nothing is seen before. */
static CK_RV
look_ahead(rk_session *session, const rk_request *request)
{
	CK_FLAGS locked = request->change == RK_PIN_CHANGE_USER	  ? CKF_USER_PIN_LOCKED
			  : request->change == RK_PIN_UNBLOCK_PUK ? 0
								  : CKF_SO_PIN_LOCKED;
	CK_RV rv = rk_session_refresh(session);

	if (rv != CKR_OK)
		return rv;
	/* What is refused from here on is no call's doing. */
	session->module->call = RK_CALL_none;
	if (session->slot.token.flags & locked)
		return CKR_PIN_LOCKED;
	if (!has_fitting_length(&session->slot.token, request->pin))
		return CKR_PIN_LEN_RANGE;
	return check_secrets(session, request);
}

static CK_RV
call_set_pin(rk_session *session, const rk_request *request)
{
	return RK_CALL(session->module, C_SetPIN, session->handle, bytes_of(request->so_pin),
	    len_of(request->so_pin), bytes_of(request->pin), len_of(request->pin));
}

/*
 * The login is the one try: before it some modules change nothing, and some take the old PIN for
 * a PUK. A PIN that has expired is right, and is there to be changed.
 */
static CK_RV
change_after_login(rk_session *session, const rk_request *request, CK_USER_TYPE user)
{
	CK_RV rv = rk_session_call_login(session, user, request->so_pin);

	if (rv == CKR_PIN_EXPIRED || rv == CKR_USER_ALREADY_LOGGED_IN)
		rv = CKR_OK;
	return rv == CKR_OK ? call_set_pin(session, request) : rv;
}

/* A pad asks for the old PIN by itself: a login before would ask for it twice. */
static CK_RV
change_at_pad(rk_session *session, const rk_request *request, CK_USER_TYPE user)
{
	CK_RV rv = call_set_pin(session, request);

	return rv == CKR_USER_NOT_LOGGED_IN ? change_after_login(session, request, user) : rv;
}

static CK_RV
unblock_by_so(rk_session *session, const rk_request *request)
{
	CK_RV rv = rk_session_call_login(session, CKU_SO, request->so_pin);

	if (rv != CKR_OK)
		return rv;
	return RK_CALL(session->module, C_InitPIN, session->handle, bytes_of(request->pin),
	    len_of(request->pin));
}

static CK_RV
change(rk_session *session, const rk_request *request)
{
	switch (request->change) {
	case RK_PIN_CHANGE_USER:
		return request->so_pin ? change_after_login(session, request, CKU_USER)
				       : change_at_pad(session, request, CKU_USER);
	case RK_PIN_CHANGE_SO:
		return change_after_login(session, request, CKU_SO);
	case RK_PIN_UNBLOCK_SO:
		return unblock_by_so(session, request);
	case RK_PIN_UNBLOCK_PUK:
		return rk_yubikey_unblock(session, request);
	default:
		return RK_CKR_PROTOCOL;
	}
}

CK_RV
rk_pins_change(rk_session *session, const rk_request *request)
{
	enum rk_call call;
	CK_RV rv;

	rk_session_logout(session);
	rv = look_ahead(session, request);
	if (rv == CKR_OK)
		rv = rk_session_make_writable(session);
	if (rv == CKR_OK)
		rv = change(session, request);
	session->unblocked = rv == CKR_OK && request->change != RK_PIN_CHANGE_SO;
	/* It has no SO, or none that this could be done by. */
	if (rv == CKR_USER_TYPE_INVALID)
		rv = RK_CKR_NO_SUCH_CHANGE;
	call = session->module->call;
	(void)session->module->functions->C_Logout(session->handle);
	rk_session_forget_objects(session);
	session->module->call = call;
	return rv;
}
