#include "pkcs11/session.h"

#include "pkcs11/yubikey.h"

#include "world/token.h"

#include <stdlib.h>

static CK_RV
open_handle(rk_session *session, bool writable, CK_SESSION_HANDLE *ret_handle)
{
	CK_FLAGS flags = CKF_SERIAL_SESSION | (writable ? CKF_RW_SESSION : 0);
	CK_RV rv = CKR_OK;

	for (unsigned attempt = 1; attempt <= RK_MODULE_TRIES; attempt++) {
		rv = RK_CALL(session->module, C_OpenSession, session->slot.slot, flags, NULL, NULL,
		    ret_handle);
		if (!rk_module_is_transient(rv) || attempt == RK_MODULE_TRIES)
			break;
		rk_module_pause(attempt);
	}
	return rv;
}

static bool
is_misread(CK_RV rv)
{
	return rv == CKR_TOKEN_NOT_PRESENT || rv == RK_CKR_OTHER_TOKEN;
}

CK_RV
rk_session_open(
    rk_session *session, rk_module *module, CK_SLOT_ID hint, const rk_identity *identity)
{
	CK_RV rv;

	*session = (rk_session){.module = module, .identity = *identity};
	rv = rk_module_find(module, hint, identity, &session->slot);
	/* A software token that is being written looks like none, or like another. */
	for (unsigned attempt = 1; attempt < RK_MODULE_TRIES && is_misread(rv); attempt++) {
		rk_module_pause(attempt);
		rv = rk_module_find(module, hint, identity, &session->slot);
	}
	if (rv == CKR_OK)
		rv = open_handle(session, false, &session->handle);
	if (rv == CKR_SESSION_READ_WRITE_SO_EXISTS) {
		rv = open_handle(session, true, &session->handle);
		session->writable = rv == CKR_OK;
	}
	session->open = rv == CKR_OK;
	return rv;
}

CK_RV
rk_session_refresh(rk_session *session)
{
	rk_slot slot;
	CK_RV rv = rk_module_slot(session->module, session->slot.slot, &slot);

	if (rv != CKR_OK)
		return rv;
	if (!rk_module_slot_holds(&slot, &session->identity))
		return RK_CKR_OTHER_TOKEN;
	/* A good login, or a new PIN, gives all tries back; some modules go on saying what was before. */
	if (session->unblocked || (session->logged_in && !session->refused))
		slot.token.flags &= ~(CK_FLAGS)(CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY |
						CKF_USER_PIN_LOCKED);
	session->slot = slot;
	return CKR_OK;
}

/* The new one is opened first: closing a token's last session would log out. */
static CK_RV
replace_handle(rk_session *session, bool writable)
{
	CK_SESSION_HANDLE fresh;
	CK_RV rv = open_handle(session, writable, &fresh);

	if (rv != CKR_OK)
		return rv;
	(void)session->module->functions->C_CloseSession(session->handle);
	session->handle = fresh;
	session->writable = writable;
	return CKR_OK;
}

CK_RV
rk_session_make_writable(rk_session *session)
{
	return session->writable ? CKR_OK : replace_handle(session, true);
}

CK_RV
rk_session_renew(rk_session *session)
{
	return replace_handle(session, session->writable);
}

CK_RV
rk_session_call_login(rk_session *session, CK_USER_TYPE user, const rk_secret *pin)
{
	CK_UTF8CHAR *bytes = pin ? (CK_UTF8CHAR *)(uintptr_t)rk_secret_peek(pin) : NULL;

	return RK_CALL(
	    session->module, C_Login, session->handle, user, bytes, pin ? rk_secret_len(pin) : 0);
}

/* A refusal of our own is no call's doing. */
static CK_RV
ours(rk_session *session, CK_RV rv)
{
	if (rv != CKR_OK)
		session->module->call = RK_CALL_none;
	return rv;
}

/* Another process may be writing the token just now: look a few times, and no more than look. */
static CK_RV
look_at_flags(rk_session *session)
{
	CK_RV rv = rk_session_refresh(session);

	for (unsigned attempt = 1; attempt < RK_MODULE_TRIES; attempt++) {
		bool has_pin = session->slot.token.flags & CKF_USER_PIN_INITIALIZED;

		if (!is_misread(rv) && (rv != CKR_OK || has_pin))
			break;
		rk_module_pause(attempt);
		rv = rk_session_refresh(session);
	}
	if (rv == CKR_OK && (session->slot.token.flags & CKF_USER_PIN_LOCKED))
		return ours(session, CKR_PIN_LOCKED);
	return rv;
}

static CK_RV
keep_pin(rk_session *session, const rk_secret *pin)
{
	rk_error *err;

	session->pad = pin == NULL;
	if (!pin)
		return CKR_OK;
	err = rk_secret_copy(rk_secret_peek(pin), rk_secret_len(pin), &session->pin);
	if (!err)
		return CKR_OK;
	rk_error_free(err);
	return CKR_HOST_MEMORY;
}

static void
drop_pin(rk_session *session)
{
	rk_secret_free(session->pin);
	session->pin = NULL;
	session->pad = false;
}

CK_RV
rk_session_login(rk_session *session, const rk_secret *pin)
{
	CK_RV rv;

	if (session->logged_in)
		return CKR_OK;
	rk_session_logout(session);
	rv = look_at_flags(session);
	if (rv == CKR_OK)
		rv = ours(session, rk_yubikey_check_pin(session, pin));
	if (rv != CKR_OK)
		return rv;
	rv = rk_session_call_login(session, CKU_USER, pin);
	session->unblocked = false;
	if (rv == CKR_USER_ALREADY_LOGGED_IN)
		rv = CKR_OK;
	if (rv != CKR_OK)
		return rv;
	session->logged_in = true;
	session->refused = false;
	rk_session_forget_objects(session);
	return keep_pin(session, pin);
}

void
rk_session_logout(rk_session *session)
{
	drop_pin(session);
	if (!session->logged_in && !session->so_logged_in)
		return;
	(void)session->module->functions->C_Logout(session->handle);
	session->logged_in = session->so_logged_in = false;
	rk_session_forget_objects(session);
}

CK_RV
rk_session_login_so(rk_session *session, const rk_secret *so_pin)
{
	CK_RV rv;

	if (session->so_logged_in)
		return CKR_OK;
	rk_session_logout(session);
	rv = rk_session_refresh(session);
	if (rv == CKR_OK && (session->slot.token.flags & CKF_SO_PIN_LOCKED))
		rv = ours(session, CKR_PIN_LOCKED);
	if (rv == CKR_OK)
		rv = ours(session, rk_yubikey_check_so_pin(session, so_pin));
	if (rv == CKR_OK)
		rv = rk_session_make_writable(session);
	if (rv == CKR_OK)
		rv = rk_session_call_login(session, CKU_SO, so_pin);
	if (rv == CKR_USER_ALREADY_LOGGED_IN)
		rv = CKR_OK;
	rv = rk_yubikey_explain_so(session, rv);
	session->so_logged_in = rv == CKR_OK;
	if (rv == CKR_OK)
		rk_session_forget_objects(session);
	return rv;
}

CK_RV
rk_session_authenticate(rk_session *session)
{
	CK_RV rv;

	if (!session->pin && !session->pad)
		return RK_CKR_PIN_DROPPED;
	rv = rk_session_call_login(session, CKU_CONTEXT_SPECIFIC, session->pin);
	/* What was refused once is not sent again with the next signature. */
	if (rv != CKR_OK)
		drop_pin(session);
	session->refused = rv != CKR_OK;
	return rv;
}

void
rk_session_forget_pin(rk_session *session)
{
	if (rk_yubikey_keeps_pin(session))
		return;
	for (size_t i = 0; i < session->object_count; i++)
		if (session->objects[i].facts[RK_FACT_ALWAYS_AUTHENTICATE] == RK_FACT_YES)
			return;
	drop_pin(session);
}

CK_RV
rk_session_mechanisms(rk_session *session, CK_MECHANISM_TYPE **ret_types, CK_ULONG *ret_count)
{
	CK_SLOT_ID slot = session->slot.slot;
	CK_ULONG count = 0, room;
	CK_MECHANISM_TYPE *types;
	CK_RV rv = RK_CALL(session->module, C_GetMechanismList, slot, NULL, &count);

	if (rv != CKR_OK)
		return rv;
	if (count > RK_MESSAGE_MECHANISMS_MAX)
		return RK_CKR_TOO_MANY;
	room = count;
	types = calloc(room + 1, sizeof(*types));
	if (!types)
		return CKR_HOST_MEMORY;
	if (room > 0)
		rv = RK_CALL(session->module, C_GetMechanismList, slot, types, &count);
	if (rv == CKR_OK && count > room)
		rv = RK_CKR_BAD_ANSWER;
	if (rv != CKR_OK) {
		free(types);
		return rv;
	}
	*ret_types = types;
	*ret_count = count;
	return CKR_OK;
}

void
rk_object_clear(rk_object *object)
{
	rk_buf_clear(&object->id);
	rk_buf_clear(&object->label);
	rk_pubkey_free(object->pubkey);
	*object = (rk_object){0};
}

void
rk_session_forget_objects(rk_session *session)
{
	for (size_t i = 0; i < session->object_count; i++)
		rk_object_clear(&session->objects[i]);
	free(session->objects);
	session->objects = NULL;
	session->object_count = 0;
	session->objects_known = false;
}

void
rk_session_close(rk_session *session, bool last)
{
	if (session->open && last && (session->logged_in || session->so_logged_in))
		(void)session->module->functions->C_Logout(session->handle);
	if (session->open)
		(void)session->module->functions->C_CloseSession(session->handle);
	rk_session_forget_objects(session);
	free(session->publics.handles);
	free(session->certificates.handles);
	rk_secret_free(session->pin);
	*session = (rk_session){0};
}
