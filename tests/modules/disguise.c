/*
 * SoftHSM in the clothes of another module, as far as rootkeep goes by clothes: DISGUISE_AS says
 * whose (ykcs11-2.2, ykcs11-2.3, opensc, nss, picky, pad), DISGUISE_MODULE where SoftHSM is, DISGUISE_LOG what
 * was called. A YubiKey's management key logs the user in, since SoftHSM lets no SO make keys.
 */
#include "plain.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ATTRIBUTES_MAX 32
#define VENDOR_TOUCH_POLICY (CKA_VENDOR_DEFINED + 0x59554201UL)
#define VENDOR_PIN_POLICY (CKA_VENDOR_DEFINED + 0x59554202UL)

static const char management_key[] = "010203040506070801020304050607080102030405060708";
static const char pin[] = "123456";
static CK_FUNCTION_LIST *real, list;
static bool verified; /* since the last signature, where each wants its own login */

static bool
is_as(const char *whose)
{
	const char *as = getenv("DISGUISE_AS");

	return as && strncmp(as, whose, strlen(whose)) == 0;
}

static void
note(const char *what, const void *bytes, CK_ULONG len)
{
	const char *path = getenv("DISGUISE_LOG");
	FILE *file = path ? fopen(path, "a") : NULL;

	if (!file)
		return;
	fprintf(file, "%s %.*s\n", what, (int)len, bytes ? (const char *)bytes : "");
	fclose(file);
}

static CK_RV
get_info(CK_INFO *info)
{
	CK_RV rv = real->C_GetInfo(info);

	if (is_as("ykcs11")) {
		rk_plain_pad(
		    info->manufacturerID, sizeof(info->manufacturerID), "Yubico (www.yubico.com)");
		rk_plain_pad(info->libraryDescription, sizeof(info->libraryDescription),
		    "PKCS#11 PIV Library (SP-800-73)");
		info->libraryVersion.major = 2;
		info->libraryVersion.minor = is_as("ykcs11-2.2") ? 20 : 30;
	} else if (is_as("opensc")) {
		rk_plain_pad(info->manufacturerID, sizeof(info->manufacturerID), "OpenSC Project");
	} else if (is_as("nss")) {
		rk_plain_pad(
		    info->manufacturerID, sizeof(info->manufacturerID), "Mozilla Foundation");
	}
	return rv;
}

static CK_RV
get_token_info(CK_SLOT_ID id, CK_TOKEN_INFO *info)
{
	CK_RV rv = real->C_GetTokenInfo(id, info);

	if (is_as("opensc")) {
		rk_plain_pad(info->manufacturerID, sizeof(info->manufacturerID), "piv_II");
		info->flags |= CKF_USER_PIN_FINAL_TRY;
	}
	if (is_as("pad"))
		info->flags |= CKF_PROTECTED_AUTHENTICATION_PATH;
	return rv;
}

static CK_RV
login(CK_SESSION_HANDLE session, CK_USER_TYPE user, unsigned char *secret, CK_ULONG len)
{
	if (is_as("nss") && user == CKU_SO)
		return CKR_USER_TYPE_INVALID;
	note(user == CKU_SO	? "login-so"
	     : user == CKU_USER ? "login"
				: "login-context",
	    secret, len);
	if (user == CKU_CONTEXT_SPECIFIC) {
		verified = len == strlen(pin) && memcmp(secret, pin, len) == 0;
		return verified ? CKR_OK : CKR_PIN_INCORRECT;
	}
	verified = true;
	if (is_as("pad") && !secret)
		return real->C_Login(
		    session, user, (unsigned char *)(uintptr_t)pin, (CK_ULONG)strlen(pin));
	if (!is_as("ykcs11") || user != CKU_SO)
		return real->C_Login(session, user, secret, len);
	if (len != strlen(management_key) || memcmp(secret, management_key, len) != 0)
		return CKR_PIN_INCORRECT;
	return real->C_Login(
	    session, CKU_USER, (unsigned char *)(uintptr_t)pin, (CK_ULONG)strlen(pin));
}

static CK_RV
set_pin(CK_SESSION_HANDLE session, unsigned char *old, CK_ULONG old_len, unsigned char *fresh,
    CK_ULONG fresh_len)
{
	(void)session;
	note("set-pin-old", old, old_len);
	note("set-pin-new", fresh, fresh_len);
	return CKR_OK;
}

static bool
is_policy(const CK_ATTRIBUTE *attribute)
{
	return attribute->type == VENDOR_TOUCH_POLICY || attribute->type == VENDOR_PIN_POLICY;
}

/* What SoftHSM is to have of a template; the policies are only noted. */
static CK_ULONG
without_policies(const CK_ATTRIBUTE *from, CK_ULONG count, CK_ATTRIBUTE *to)
{
	CK_ULONG taken = 0;

	for (CK_ULONG i = 0; i < count && i < ATTRIBUTES_MAX; i++) {
		char digit =
		    is_policy(&from[i]) ? (char)('0' + *(const CK_BYTE *)from[i].pValue) : 0;

		if (digit)
			note(from[i].type == VENDOR_TOUCH_POLICY ? "touch" : "pin-policy", &digit,
			    1);
		else
			to[taken++] = from[i];
	}
	return taken;
}

static bool
has(const CK_ATTRIBUTE *template, CK_ULONG count, CK_ATTRIBUTE_TYPE type)
{
	for (CK_ULONG i = 0; i < count; i++)
		if (template[i].type == type)
			return true;
	return false;
}

static CK_RV
generate(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *public_part,
    CK_ULONG public_count, CK_ATTRIBUTE *private_part, CK_ULONG private_count,
    CK_OBJECT_HANDLE *public_key, CK_OBJECT_HANDLE *private_key)
{
	CK_ATTRIBUTE taken[ATTRIBUTES_MAX];
	bool both = has(private_part, private_count, CKA_SENSITIVE) &&
		    has(private_part, private_count, CKA_EXTRACTABLE);

	if (is_as("picky") && both)
		return CKR_ATTRIBUTE_VALUE_INVALID;
	return real->C_GenerateKeyPair(session, mechanism, public_part, public_count, taken,
	    without_policies(private_part, private_count, taken), public_key, private_key);
}

/* ykcs11 2.2's list for a key, and no public objects at all. */
static bool
takes(const CK_ATTRIBUTE *template, CK_ULONG count)
{
	static const CK_ATTRIBUTE_TYPE known[] = {CKA_CLASS, CKA_KEY_TYPE, CKA_ID, CKA_VALUE,
	    CKA_EC_PARAMS, CKA_TOKEN, CKA_LABEL, CKA_SENSITIVE, CKA_CERTIFICATE_TYPE};

	for (CK_ULONG i = 0; i < count; i++) {
		bool is_known = is_policy(&template[i]) && !is_as("ykcs11-2.2");

		if (template[i].type == CKA_CLASS &&
		    *(const CK_OBJECT_CLASS *)template[i].pValue == CKO_PUBLIC_KEY)
			return false;
		for (size_t j = 0; j < sizeof(known) / sizeof(known[0]); j++)
			is_known |= known[j] == template[i].type;
		if (!is_known)
			return false;
	}
	return true;
}

static CK_RV
create(CK_SESSION_HANDLE session, CK_ATTRIBUTE *template, CK_ULONG count, CK_OBJECT_HANDLE *object)
{
	static CK_BBOOL yes = CK_TRUE;
	static unsigned char subject[] = {0x30, 0};
	CK_ATTRIBUTE taken[ATTRIBUTES_MAX + 2];
	CK_ULONG taken_count;

	if (!is_as("ykcs11"))
		return real->C_CreateObject(session, template, count, object);
	if (!takes(template, count))
		return CKR_ATTRIBUTE_TYPE_INVALID;
	taken_count = without_policies(template, count, taken);
	if (has(template, count, CKA_CERTIFICATE_TYPE))
		taken[taken_count++] = (CK_ATTRIBUTE){CKA_SUBJECT, subject, sizeof(subject)};
	else
		taken[taken_count++] = (CK_ATTRIBUTE){CKA_SIGN, &yes, sizeof(yes)};
	return real->C_CreateObject(session, taken, taken_count, object);
}

/* As a card with PIN policy "always", whatever CKA_ALWAYS_AUTHENTICATE says. */
static CK_RV
sign(CK_SESSION_HANDLE session, unsigned char *data, CK_ULONG len, unsigned char *signature,
    CK_ULONG *signature_len)
{
	if (is_as("ykcs11") && !verified)
		return CKR_USER_NOT_LOGGED_IN;
	verified = false;
	return real->C_Sign(session, data, len, signature, signature_len);
}

CK_RV
C_GetFunctionList(CK_FUNCTION_LIST **ret_list)
{
	const char *path = getenv("DISGUISE_MODULE");
	void *library = path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
	CK_C_GetFunctionList get = NULL;
	CK_RV rv;

	if (library)
		*(void **)&get = dlsym(library, "C_GetFunctionList");
	rv = get ? get(&real) : CKR_GENERAL_ERROR;
	if (rv != CKR_OK)
		return rv;
	memcpy(&list, real, sizeof(list));
	list.C_GetInfo = get_info;
	list.C_GetTokenInfo = get_token_info;
	list.C_Login = login;
	list.C_SetPIN = set_pin;
	list.C_GenerateKeyPair = generate;
	list.C_CreateObject = create;
	list.C_Sign = sign;
	*ret_list = &list;
	return CKR_OK;
}
