#include "pkcs11/inittoken.h"

#include <stdlib.h>
#include <string.h>

/* The token that C_InitToken made: the old slot if it has the label, else one that was not there. */
static CK_RV
find_fresh(rk_module *module, const rk_slot *before, const CK_UTF8CHAR label[32], rk_slot *ret_slot)
{
	rk_slot *slots = NULL;
	size_t count = 0, found = 0;
	CK_RV rv = rk_module_slots(module, &slots, &count);

	for (size_t i = 0; i < count; i++) {
		if (memcmp(slots[i].token.label, label, 32) != 0 ||
		    !(slots[i].token.flags & CKF_TOKEN_INITIALIZED))
			continue;
		if (slots[i].slot == before->slot) {
			*ret_slot = slots[i];
			found = 1;
			break;
		}
		*ret_slot = slots[i];
		found++;
	}
	free(slots);
	if (rv == CKR_OK && found != 1)
		return RK_CKR_OTHER_TOKEN;
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

CK_RV
rk_inittoken(rk_module *module, const rk_request *request, rk_slot *slot)
{
	CK_UTF8CHAR label[32];
	rk_slot before, after;
	CK_RV rv = rk_module_find(module, request->slot, &request->identity, &before);

	if (rv == CKR_OK && request->label.len > sizeof(label))
		rv = RK_CKR_PROTOCOL;
	if (rv != CKR_OK)
		return rv;
	*slot = before;
	memset(label, ' ', sizeof(label));
	if (request->label.len > 0)
		memcpy(label, request->label.bytes, request->label.len);
	rv = RK_CALL(module, C_InitToken, before.slot, pin_bytes(request->so_pin),
	    pin_len(request->so_pin), label);
	if (rv == CKR_OK)
		rv = find_fresh(module, &before, label, &after);
	if (rv == CKR_OK)
		rv = set_user_pin(module, after.slot, request);
	return rv == CKR_OK ? rk_module_slot(module, after.slot, slot) : rv;
}
