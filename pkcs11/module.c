#include "pkcs11/module.h"

#include <dlfcn.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool
rk_module_is_transient(CK_RV rv)
{
	return rv == CKR_GENERAL_ERROR || rv == CKR_TOKEN_NOT_RECOGNIZED ||
	       rv == CKR_USER_PIN_NOT_INITIALIZED;
}

void
rk_module_pause(unsigned attempt)
{
	(void)poll(NULL, 0, 10 << (attempt < 5 ? attempt : 5));
}

static CK_RV
initialize(rk_module *module, const char *reserved)
{
	CK_C_INITIALIZE_ARGS args = {
	    .flags = CKF_OS_LOCKING_OK, .pReserved = (void *)(uintptr_t)reserved};
	CK_RV rv = RK_CALL(module, C_Initialize, &args);

	if (rv == CKR_CANT_LOCK || rv == CKR_ARGUMENTS_BAD) {
		args.flags = 0;
		rv = RK_CALL(module, C_Initialize, reserved ? &args : NULL);
	}
	return rv == CKR_CRYPTOKI_ALREADY_INITIALIZED ? CKR_OK : rv;
}

static CK_RV
open_library(rk_module *module, const char *path)
{
	CK_RV (*get_list)(CK_FUNCTION_LIST * *list);
	CK_RV rv;

	module->call = RK_CALL_dlopen;
	module->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!module->library) {
		const char *text = dlerror();

		(void)snprintf(module->text, sizeof(module->text), "%s", text ? text : "");
		return RK_CKR_LOAD;
	}
	module->call = RK_CALL_C_GetFunctionList;
	/* POSIX's own way from an object pointer to a function's. */
	*(void **)&get_list = dlsym(module->library, "C_GetFunctionList");
	if (!get_list)
		return RK_CKR_NOT_A_MODULE;
	rv = get_list(&module->functions);
	if (rv == CKR_OK && !module->functions)
		return RK_CKR_NOT_A_MODULE;
	return rv;
}

CK_RV
rk_module_load(rk_module *module, const char *path, const char *reserved)
{
	CK_RV rv = open_library(module, path);

	if (rv == CKR_OK)
		rv = initialize(module, reserved);
	if (rv != CKR_OK)
		return rv;
	module->initialized = true;
	return RK_CALL(module, C_GetInfo, &module->info);
}

void
rk_module_finalize(rk_module *module)
{
	if (module->initialized)
		(void)module->functions->C_Finalize(NULL);
	module->initialized = false;
}

static CK_RV
slot_ids(rk_module *module, CK_SLOT_ID **ret_ids, CK_ULONG *ret_count)
{
	/* The first call also makes a module look again at what is plugged in. */
	for (unsigned attempt = 1;; attempt++) {
		CK_ULONG count = 0, room;
		CK_SLOT_ID *ids;
		CK_RV rv = RK_CALL(module, C_GetSlotList, CK_TRUE, NULL, &count);

		if (rv == CKR_OK && count > RK_MESSAGE_SLOTS_MAX)
			return RK_CKR_TOO_MANY;
		if (rv == CKR_OK) {
			room = count;
			ids = calloc(room + 1, sizeof(*ids));
			if (!ids)
				return CKR_HOST_MEMORY;
			rv = room == 0 ? CKR_OK
				       : RK_CALL(module, C_GetSlotList, CK_TRUE, ids, &count);
			if (rv == CKR_OK && count > room)
				rv = RK_CKR_BAD_ANSWER;
			if (rv == CKR_OK) {
				*ret_ids = ids;
				*ret_count = count;
				return CKR_OK;
			}
			free(ids);
		}
		if ((rv != CKR_BUFFER_TOO_SMALL && !rk_module_is_transient(rv)) ||
		    attempt == RK_MODULE_TRIES)
			return rv;
		rk_module_pause(attempt);
	}
}

CK_RV
rk_module_slot(rk_module *module, CK_SLOT_ID id, rk_slot *ret_slot)
{
	rk_slot slot = {.slot = id};
	CK_RV rv = CKR_OK;

	for (unsigned attempt = 1; attempt <= RK_MODULE_TRIES; attempt++) {
		rv = RK_CALL(module, C_GetTokenInfo, id, &slot.token);
		if (!rk_module_is_transient(rv) || attempt == RK_MODULE_TRIES)
			break;
		rk_module_pause(attempt);
	}
	if (rv == CKR_OK)
		rv = RK_CALL(module, C_GetSlotInfo, id, &slot.slot_info);
	if (rv == CKR_OK)
		*ret_slot = slot;
	return rv;
}

CK_RV
rk_module_slots(rk_module *module, rk_slot **ret_slots, size_t *ret_count)
{
	CK_SLOT_ID *ids = NULL;
	CK_ULONG count = 0;
	size_t used = 0;
	rk_slot *slots;
	CK_RV rv = slot_ids(module, &ids, &count);

	if (rv != CKR_OK)
		return rv;
	slots = calloc(count + 1, sizeof(*slots));
	if (!slots) {
		free(ids);
		return CKR_HOST_MEMORY;
	}
	/* A token that cannot be read (pulled out just now, unknown card) hides no other. */
	module->unread = CKR_OK;
	for (CK_ULONG i = 0; i < count; i++) {
		rv = rk_module_slot(module, ids[i], &slots[used]);
		if (rv == CKR_OK) {
			used++;
		} else {
			module->unread = rv;
			module->unread_call = module->call;
		}
	}
	free(ids);
	*ret_slots = slots;
	*ret_count = used;
	return CKR_OK;
}

bool
rk_module_slot_holds(const rk_slot *slot, const rk_identity *identity)
{
	rk_identity here;

	rk_identity_of(&slot->token, &here);
	return memcmp(&here, identity, sizeof(here)) == 0;
}

CK_RV
rk_module_find(rk_module *module, CK_SLOT_ID hint, const rk_identity *identity, rk_slot *ret_slot)
{
	rk_slot *slots = NULL;
	size_t count = 0, found = 0;
	rk_slot slot;
	CK_RV rv;

	if (rk_module_slot(module, hint, &slot) == CKR_OK &&
	    rk_module_slot_holds(&slot, identity)) {
		*ret_slot = slot;
		return CKR_OK;
	}
	rv = rk_module_slots(module, &slots, &count);
	if (rv != CKR_OK)
		return rv;
	for (size_t i = 0; i < count; i++) {
		if (rk_module_slot_holds(&slots[i], identity)) {
			slot = slots[i];
			found++;
		}
	}
	free(slots);
	/* Two that cannot be told apart: without the slot's number neither is meant. */
	if (found != 1)
		return found == 0 ? CKR_TOKEN_NOT_PRESENT : RK_CKR_OTHER_TOKEN;
	*ret_slot = slot;
	return CKR_OK;
}
