/*
 * A module in front of ykcs11 2 that takes what ykcs11 1 took: Notary's client gives each private
 * key a vendor's attribute for touch, and ykcs11 2.2 refuses the key for it. The real module is the
 * one that ELDER_MODULE names.
 */
#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ATTRIBUTES_MAX 64

static CK_FUNCTION_LIST *real, list;

static CK_RV
create_object(
    CK_SESSION_HANDLE session, CK_ATTRIBUTE *template, CK_ULONG count, CK_OBJECT_HANDLE *object)
{
	CK_ATTRIBUTE taken[ATTRIBUTES_MAX];
	CK_ULONG taken_count = 0;

	if (count > ATTRIBUTES_MAX)
		return CKR_ARGUMENTS_BAD;
	for (CK_ULONG i = 0; i < count; i++)
		if (template[i].type != CKA_VENDOR_DEFINED)
			taken[taken_count++] = template[i];
	return real->C_CreateObject(session, taken, taken_count, object);
}

CK_RV
C_GetFunctionList(CK_FUNCTION_LIST **ret_list)
{
	const char *path = getenv("ELDER_MODULE");
	void *library = path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
	CK_C_GetFunctionList get = NULL;
	CK_RV rv;

	if (library)
		*(void **)&get = dlsym(library, "C_GetFunctionList");
	if (!get) {
		fprintf(stderr, "elder: ELDER_MODULE names no module\n");
		return CKR_GENERAL_ERROR;
	}
	rv = get(&real);
	if (rv != CKR_OK)
		return rv;
	memcpy(&list, real, sizeof(list));
	list.C_CreateObject = create_object;
	*ret_list = &list;
	return CKR_OK;
}
