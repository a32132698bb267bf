#include "pkcs11/inittoken.h"

#include "pkcs11/kind.h"
#include "pkcs11/yubikey.h"

#include <stdlib.h>
#include <string.h>

struct slots {
	rk_slot *slots;
	size_t count;
};

static bool
was_there(const struct slots *old, const rk_slot *slot)
{
	rk_identity identity;

	rk_identity_of(&slot->token, &identity);
	for (size_t i = 0; i < old->count; i++)
		if (rk_module_slot_holds(&old->slots[i], &identity))
			return true;
	return false;
}

/* The token that C_InitToken made, by *slot's label: the old slot, else one that was not there. */
static CK_RV
find_fresh(rk_module *module, const struct slots *old, const rk_slot *before, rk_slot *slot)
{
	struct slots now = {NULL, 0};
	rk_slot fresh = {0};
	size_t found = 0;
	CK_RV rv = rk_module_slots(module, &now.slots, &now.count);

	for (size_t i = 0; i < now.count; i++) {
		const rk_slot *seen = &now.slots[i];
		bool same_slot = seen->slot == before->slot;

		if (memcmp(seen->token.label, slot->token.label, sizeof(seen->token.label)) != 0 ||
		    !(seen->token.flags & CKF_TOKEN_INITIALIZED) ||
		    (!same_slot && was_there(old, seen)))
			continue;
		fresh = *seen;
		found++;
		if (same_slot) {
			found = 1;
			break;
		}
	}
	free(now.slots);
	if (rv == CKR_OK && found != 1)
		return RK_CKR_OTHER_TOKEN;
	if (rv == CKR_OK)
		*slot = fresh;
	return rv;
}

static CK_UTF8CHAR *
pin_bytes(const rk_secret *pin)
{
	return pin ? (CK_UTF8CHAR *)(uintptr_t)rk_secret_peek(pin) : NULL;
}

static CK_ULONG
pin_len(const rk_secret *pin)
{
	return pin ? rk_secret_len(pin) : 0;
}

static CK_RV
set_user_pin(rk_module *module, CK_SLOT_ID slot, const rk_request *request)
{
	CK_SESSION_HANDLE session;
	enum rk_call call;
	CK_RV rv = RK_CALL(
	    module, C_OpenSession, slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session);

	if (rv != CKR_OK)
		return rv;
	rv = RK_CALL(
	    module, C_Login, session, CKU_SO, pin_bytes(request->so_pin), pin_len(request->so_pin));
	if (rv == CKR_OK) {
		rv = RK_CALL(
		    module, C_InitPIN, session, pin_bytes(request->pin), pin_len(request->pin));
		call = module->call;
		(void)RK_CALL(module, C_Logout, session);
		module->call = call;
	}
	(void)module->functions->C_CloseSession(session);
	return rv;
}

/* What would leave the token erased and without a PIN is seen before it is erased. */
static CK_RV
look_ahead(const rk_request *request, const CK_TOKEN_INFO *token)
{
	CK_ULONG len = pin_len(request->pin);

	if ((token->flags & CKF_TOKEN_INITIALIZED) && (token->flags & CKF_SO_PIN_LOCKED))
		return CKR_PIN_LOCKED;
	if (request->pin && token->ulMaxPinLen > 0 && token->ulMinPinLen <= token->ulMaxPinLen &&
	    (len < token->ulMinPinLen || len > token->ulMaxPinLen))
		return CKR_PIN_LEN_RANGE;
	return request->label.len > sizeof(token->label) ? RK_CKR_PROTOCOL : CKR_OK;
}

/* An empty token of whatever module: it takes the label, and may turn up in another slot. */
static CK_RV
init_plain(rk_module *module, const rk_request *request, const rk_slot *before, rk_slot *slot)
{
	struct slots old = {NULL, 0};
	rk_slot after = {0};
	CK_RV rv = rk_module_slots(module, &old.slots, &old.count);

	if (rv != CKR_OK)
		return rv;
	memset(after.token.label, ' ', sizeof(after.token.label));
	if (request->label.len > 0)
		memcpy(after.token.label, request->label.bytes, request->label.len);
	rv = RK_CALL(module, C_InitToken, before->slot, pin_bytes(request->so_pin),
	    pin_len(request->so_pin), after.token.label);
	if (rv == CKR_OK)
		rv = find_fresh(module, &old, before, &after);
	if (rv == CKR_OK) {
		*slot = after;
		rv = set_user_pin(module, after.slot, request);
	}
	free(old.slots);
	return rv;
}

CK_RV
rk_inittoken(rk_module *module, const rk_request *request, rk_slot *slot)
{
	rk_slot before;
	CK_RV rv = rk_module_find(module, request->slot, &request->identity, &before);

	if (rv == CKR_OK)
		rv = look_ahead(request, &before.token);
	if (rv != CKR_OK)
		return rv;
	*slot = before;
	/* What is refused from here on is no call's doing. */
	module->call = RK_CALL_none;
	switch (rk_kind_of(&module->info, &before.token)) {
	case RK_KIND_YKCS11:
		rv = rk_yubikey_init(module, request, &before);
		break;
	case RK_KIND_OPENSC_PIV:
		return RK_CKR_USE_YKCS11;
	case RK_KIND_NSS:
		/* It would be cleared, and nobody could give it a PIN then. */
		return CKR_FUNCTION_NOT_SUPPORTED;
	default:
		rv = init_plain(module, request, &before, slot);
		break;
	}
	return rv == CKR_OK ? rk_module_slot(module, slot->slot, slot) : rv;
}
