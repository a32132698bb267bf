#include "forward.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ATTRIBUTES_MAX 64

static CK_FUNCTION_LIST *real, list;

static void
note_session(struct turn *turn, CK_SESSION_HANDLE session)
{
	snprintf(turn->note, sizeof(turn->note), " session=%lu", session);
}

static void
note_login(struct turn *turn, CK_SESSION_HANDLE session, CK_USER_TYPE user)
{
	snprintf(turn->note, sizeof(turn->note), " session=%lu user=%lu", session, user);
}

static void
note_opened(struct turn *turn, CK_SESSION_HANDLE session, CK_SLOT_ID slot)
{
	snprintf(turn->note, sizeof(turn->note), " session=%lu slot=%lu", session, slot);
}

static void
note_search(
    struct turn *turn, CK_SESSION_HANDLE session, const CK_ATTRIBUTE *attributes, CK_ULONG count)
{
	CK_OBJECT_CLASS class = CK_UNAVAILABLE_INFORMATION;

	for (CK_ULONG i = 0; i < count; i++)
		if (attributes[i].type == CKA_CLASS && attributes[i].ulValueLen == sizeof(class))
			memcpy(&class, attributes[i].pValue, sizeof(class));
	snprintf(turn->note, sizeof(turn->note), " session=%lu class=%lx", session, class);
}

static void
note_hardware(const struct turn *turn, CK_SLOT_INFO *info)
{
	if (info && turn_does(turn, "hardware"))
		info->flags |= CKF_HW_SLOT;
}

#define FORWARD_NOTED(name, parameters, arguments, note)    \
	static CK_RV forward_##name parameters              \
	{                                                   \
		static atomic_ulong number;                 \
		struct turn turn;                           \
		CK_RV rv;                                   \
                                                            \
		if (turn_begin(&turn, #name, &number, &rv)) \
			rv = real->name arguments;          \
		note;                                       \
		return turn_end(&turn, rv);                 \
	}
#define FORWARD(name, parameters, arguments) FORWARD_NOTED(name, parameters, arguments, (void)0)

FORWARD(C_Initialize, (void *args), (args))
FORWARD(C_Finalize, (void *reserved), (reserved))
FORWARD(C_GetInfo, (CK_INFO * info), (info))
FORWARD_NOTED(C_GetSlotInfo, (CK_SLOT_ID id, CK_SLOT_INFO *info), (id, info),
    note_hardware(&turn, rv == CKR_OK ? info : NULL))
FORWARD(C_GetTokenInfo, (CK_SLOT_ID id, CK_TOKEN_INFO *info), (id, info))
FORWARD(C_GetMechanismInfo, (CK_SLOT_ID id, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *info),
    (id, type, info))
FORWARD(C_InitToken, (CK_SLOT_ID id, unsigned char *pin, CK_ULONG len, unsigned char *label),
    (id, pin, len, label))
FORWARD(
    C_InitPIN, (CK_SESSION_HANDLE session, unsigned char *pin, CK_ULONG len), (session, pin, len))
FORWARD_NOTED(C_OpenSession,
    (CK_SLOT_ID id, CK_FLAGS flags, void *application, CK_NOTIFY notify,
	CK_SESSION_HANDLE *session),
    (id, flags, application, notify, session), note_opened(&turn, rv == CKR_OK ? *session : 0, id))
FORWARD(C_SetPIN,
    (CK_SESSION_HANDLE session, unsigned char *old, CK_ULONG old_len, unsigned char *pin,
	CK_ULONG len),
    (session, old, old_len, pin, len))
FORWARD(C_GetSessionInfo, (CK_SESSION_HANDLE session, CK_SESSION_INFO *info), (session, info))
FORWARD(C_CloseSession, (CK_SESSION_HANDLE session), (session))
FORWARD_NOTED(C_Login,
    (CK_SESSION_HANDLE session, CK_USER_TYPE user, unsigned char *pin, CK_ULONG len),
    (session, user, pin, len), note_login(&turn, session, user))
FORWARD(C_Logout, (CK_SESSION_HANDLE session), (session))
FORWARD_NOTED(C_FindObjectsInit,
    (CK_SESSION_HANDLE session, CK_ATTRIBUTE *attributes, CK_ULONG count),
    (session, attributes, count), note_search(&turn, session, attributes, count))
FORWARD(C_FindObjects,
    (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *objects, CK_ULONG most, CK_ULONG *count),
    (session, objects, most, count))
FORWARD(C_FindObjectsFinal, (CK_SESSION_HANDLE session), (session))
FORWARD_NOTED(C_GetAttributeValue,
    (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *attributes, CK_ULONG count),
    (session, object, attributes, count), note_session(&turn, session))
FORWARD(C_DestroyObject, (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object), (session, object))
FORWARD(C_SetAttributeValue,
    (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *attributes, CK_ULONG count),
    (session, object, attributes, count))
FORWARD(C_CopyObject,
    (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *attributes, CK_ULONG count,
	CK_OBJECT_HANDLE *copy),
    (session, object, attributes, count, copy))
FORWARD(C_GenerateKey,
    (CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *attributes, CK_ULONG count,
	CK_OBJECT_HANDLE *key),
    (session, mechanism, attributes, count, key))
FORWARD(C_DeriveKey,
    (CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE base,
	CK_ATTRIBUTE *attributes, CK_ULONG count, CK_OBJECT_HANDLE *key),
    (session, mechanism, base, attributes, count, key))
FORWARD(C_WrapKey,
    (CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE wrapping,
	CK_OBJECT_HANDLE key, unsigned char *wrapped, CK_ULONG *len),
    (session, mechanism, wrapping, key, wrapped, len))
FORWARD(C_EncryptInit, (CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key),
    (session, mechanism, key))
FORWARD(C_Encrypt,
    (CK_SESSION_HANDLE session, unsigned char *data, CK_ULONG len, unsigned char *out,
	CK_ULONG *out_len),
    (session, data, len, out, out_len))
FORWARD(C_DecryptInit, (CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key),
    (session, mechanism, key))
FORWARD(C_Decrypt,
    (CK_SESSION_HANDLE session, unsigned char *data, CK_ULONG len, unsigned char *out,
	CK_ULONG *out_len),
    (session, data, len, out, out_len))
FORWARD(C_GenerateRandom, (CK_SESSION_HANDLE session, unsigned char *bytes, CK_ULONG len),
    (session, bytes, len))
FORWARD_NOTED(C_SignInit,
    (CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key),
    (session, mechanism, key), note_session(&turn, session))

static CK_RV
forward_C_GetSlotList(CK_BBOOL present, CK_SLOT_ID *ids, CK_ULONG *count)
{
	static atomic_ulong number;
	struct turn turn;
	CK_RV rv;

	if (!turn_begin(&turn, "C_GetSlotList", &number, &rv))
		return turn_end(&turn, rv);
	rv = real->C_GetSlotList(present, ids, count);
	if (rv == CKR_OK && turn_token_is_gone())
		*count = 0;
	return turn_end(&turn, rv);
}

static CK_RV
forward_C_GetMechanismList(CK_SLOT_ID id, CK_MECHANISM_TYPE *types, CK_ULONG *count)
{
	static atomic_ulong number;
	struct turn turn;
	CK_RV rv;

	if (!turn_begin(&turn, "C_GetMechanismList", &number, &rv))
		return turn_end(&turn, rv);
	rv = real->C_GetMechanismList(id, types, count);
	if (rv == CKR_OK && types && turn_does(&turn, "bare")) {
		CK_ULONG kept = 0;

		for (CK_ULONG i = 0; i < *count; i++)
			if (types[i] != CKM_RSA_PKCS_PSS)
				types[kept++] = types[i];
		*count = kept;
	}
	return turn_end(&turn, rv);
}

/* The module that makes of a private key's template what it likes. */
struct template
{
	CK_ATTRIBUTE attributes[ATTRIBUTES_MAX];
	CK_ULONG count;
};

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;

static void
spoil(const struct turn *turn, CK_ATTRIBUTE *attributes, CK_ULONG count, struct template *template)
{
	if (count >= ATTRIBUTES_MAX)
		abort();
	memcpy(template->attributes, attributes, count * sizeof(*attributes));
	template->count = count;
	if (turn_does(turn, "always"))
		template->attributes[template->count++] =
		    (CK_ATTRIBUTE){CKA_ALWAYS_AUTHENTICATE, &yes, sizeof(yes)};
	for (CK_ULONG i = 0; i < count && turn_does(turn, "soft"); i++) {
		if (attributes[i].type == CKA_SENSITIVE)
			template->attributes[i].pValue = &no;
		if (attributes[i].type == CKA_EXTRACTABLE)
			template->attributes[i].pValue = &yes;
	}
}

static CK_RV
forward_C_GenerateKeyPair(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
    CK_ATTRIBUTE *public_part, CK_ULONG public_count, CK_ATTRIBUTE *private_part,
    CK_ULONG private_count, CK_OBJECT_HANDLE *public_key, CK_OBJECT_HANDLE *private_key)
{
	static atomic_ulong number;
	struct template template;
	struct turn turn;
	CK_RV rv;

	if (!turn_begin(&turn, "C_GenerateKeyPair", &number, &rv))
		return turn_end(&turn, rv);
	spoil(&turn, private_part, private_count, &template);
	rv = real->C_GenerateKeyPair(session, mechanism, public_part, public_count,
	    template.attributes, template.count, public_key, private_key);
	return turn_end(&turn, rv);
}

static CK_RV
forward_C_CreateObject(
    CK_SESSION_HANDLE session, CK_ATTRIBUTE *attributes, CK_ULONG count, CK_OBJECT_HANDLE *object)
{
	static atomic_ulong number;
	struct template template;
	struct turn turn;
	CK_RV rv;

	if (!turn_begin(&turn, "C_CreateObject", &number, &rv))
		return turn_end(&turn, rv);
	spoil(&turn, attributes, count, &template);
	rv = real->C_CreateObject(session, template.attributes, template.count, object);
	return turn_end(&turn, rv);
}

static CK_RV
forward_C_UnwrapKey(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE wrapping,
    unsigned char *wrapped, CK_ULONG len, CK_ATTRIBUTE *attributes, CK_ULONG count,
    CK_OBJECT_HANDLE *key)
{
	static atomic_ulong number;
	struct template template;
	struct turn turn;
	CK_RV rv;

	if (!turn_begin(&turn, "C_UnwrapKey", &number, &rv))
		return turn_end(&turn, rv);
	spoil(&turn, attributes, count, &template);
	rv = real->C_UnwrapKey(
	    session, mechanism, wrapping, wrapped, len, template.attributes, template.count, key);
	return turn_end(&turn, rv);
}

static double
seconds_now(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* What stands in for a device: one signature at a time, none faster than the rule says. */
static void
use_device(struct turn *turn, CK_SESSION_HANDLE session)
{
	static pthread_mutex_t device = PTHREAD_MUTEX_INITIALIZER;
	long us = strtol(turn->action + strlen("device"), NULL, 10);
	struct timespec rest = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
	double began;

	(void)pthread_mutex_lock(&device);
	began = seconds_now();
	while (nanosleep(&rest, &rest) != 0)
		;
	snprintf(turn->note, sizeof(turn->note), " session=%lu began=%.6f ended=%.6f", session,
	    began, seconds_now());
	(void)pthread_mutex_unlock(&device);
}

static CK_RV
forward_C_Sign(CK_SESSION_HANDLE session, unsigned char *data, CK_ULONG data_len,
    unsigned char *signature, CK_ULONG *len)
{
	static atomic_ulong number;
	struct turn turn;
	CK_RV rv;

	if (!turn_begin(&turn, "C_Sign", &number, &rv))
		return turn_end(&turn, rv);
	note_session(&turn, session);
	if (signature && strncmp(turn.action, "device", strlen("device")) == 0)
		use_device(&turn, session);
	rv = real->C_Sign(session, data, data_len, signature, len);
	if (rv == CKR_OK && signature && turn_does(&turn, "corrupt"))
		signature[*len / 2] ^= 1;
	if (rv == CKR_OK && signature && turn_does(&turn, "truncate"))
		*len -= 1;
	return turn_end(&turn, rv);
}

#define SET(name) list.name = forward_##name

static CK_RV
load(const char *path)
{
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	CK_RV (*get_list)(CK_FUNCTION_LIST **);

	if (!library)
		return CKR_GENERAL_ERROR;
	*(void **)&get_list = dlsym(library, "C_GetFunctionList");
	return get_list ? get_list(&real) : CKR_GENERAL_ERROR;
}

CK_RV
C_GetFunctionList(CK_FUNCTION_LIST **ret_list)
{
	const char *path = getenv("RK_FORWARD_MODULE");
	CK_RV rv = path ? load(path) : CKR_GENERAL_ERROR;

	if (rv != CKR_OK)
		return rv;
	turn_settle();
	list = *real;
	SET(C_Initialize);
	SET(C_Finalize);
	SET(C_GetInfo);
	SET(C_GetSlotInfo);
	SET(C_GetTokenInfo);
	SET(C_GetMechanismInfo);
	SET(C_InitToken);
	SET(C_InitPIN);
	SET(C_OpenSession);
	SET(C_SetPIN);
	SET(C_GetSessionInfo);
	SET(C_CloseSession);
	SET(C_Login);
	SET(C_Logout);
	SET(C_FindObjectsInit);
	SET(C_FindObjects);
	SET(C_FindObjectsFinal);
	SET(C_GetAttributeValue);
	SET(C_DestroyObject);
	SET(C_SetAttributeValue);
	SET(C_CopyObject);
	SET(C_GenerateKey);
	SET(C_DeriveKey);
	SET(C_WrapKey);
	SET(C_EncryptInit);
	SET(C_Encrypt);
	SET(C_DecryptInit);
	SET(C_Decrypt);
	SET(C_GenerateRandom);
	SET(C_SignInit);
	SET(C_GetSlotList);
	SET(C_GetMechanismList);
	SET(C_GenerateKeyPair);
	SET(C_CreateObject);
	SET(C_UnwrapKey);
	SET(C_Sign);
	*ret_list = &list;
	return CKR_OK;
}
