/*
 * module.h - one PKCS#11 module: loaded, initialized, asked for its slots, finalized
 *
 * Only a worker loads a module, exactly one, and never forks after C_Initialize. C_Finalize is
 * called explicitly: some modules crash in exit handlers when libcrypto has cleaned up first.
 *
 * Ownership  rk_slot arrays belong to the caller (free()).
 * Errors     CK_RV, with `call` and `text` of the rk_module telling where it came from.
 * Standard   PKCS#11 2.40, sections 5.4 and 5.5.
 */
#ifndef RK_PKCS11_MODULE_H
#define RK_PKCS11_MODULE_H

#include "pkcs11/message.h"

typedef struct rk_module {
	void *library;
	CK_FUNCTION_LIST *functions;
	bool initialized;
	CK_INFO info;
	enum rk_call call; /* the last that was made */
	CK_RV
	unread; /* why rk_module_slots left out a slot with a token in it; CKR_OK: it did not */
	enum rk_call unread_call;
	char text[512]; /* what dlerror said */
} rk_module;

/* Call a function of the module and remember which. */
#define RK_CALL(module, name, ...) \
	((module)->call = RK_CALL_##name, (module)->functions->name(__VA_ARGS__))

/* `reserved`: C_Initialize's pReserved, or NULL. RK_CKR_LOAD, RK_CKR_NOT_A_MODULE. */
CK_RV rk_module_load(rk_module *module, const char *path, const char *reserved);
void rk_module_finalize(rk_module *module);

/* Every slot with a token in it that can be read. RK_CKR_TOO_MANY. */
CK_RV rk_module_slots(rk_module *module, rk_slot **ret_slots, size_t *ret_count);
/* What is in slot `id` now. */
CK_RV rk_module_slot(rk_module *module, CK_SLOT_ID id, rk_slot *ret_slot);
/* The slot that holds this token now, `hint` first. CKR_TOKEN_NOT_PRESENT. */
CK_RV
rk_module_find(rk_module *module, CK_SLOT_ID hint, const rk_identity *identity, rk_slot *ret_slot);
bool rk_module_slot_holds(const rk_slot *slot, const rk_identity *identity);

/* Other processes that write to a software token make it stumble for a moment. */
bool rk_module_is_transient(CK_RV rv);
#define RK_MODULE_TRIES 5
/* Wait before try number `attempt`, which counts from 1: 20 ms, then twice as long each time. */
void rk_module_pause(unsigned attempt);

#endif
