/*
 * A module that hands every call to another one, writes it down, and does some of them badly.
 *
 * RK_FORWARD_MODULE  the real module's path
 * RK_FORWARD_LOG     a file: each call appends a line, "C_Login 0xa0"; those that open a session, log
 *                    in, find, read attributes and sign also say which session of which slot
 * RK_FORWARD_RULE    FUNCTION:N=ACTION, several with ';' between them. N counts that function's
 *                    calls from 1; '*' is each of them. ACTION is a CKR number (the call is not
 *                    handed on), '+' and a CKR number (it is, and the answer kept back), hang,
 *                    crash, corrupt and truncate (C_Sign's signature), always (C_GenerateKeyPair:
 *                    the key wants the PIN each time), bare (C_GetMechanismList: no RSA but the
 *                    bare operation), deviceUS (C_Sign: by a device that does one at a time and
 *                    takes US microseconds; its line also has when it began and ended, in seconds)
 *
 * A worker keeps these variables; it drops LD_*, OPENSSL_*, PKCS11SPY*, P11_KIT_* (but for
 * P11_KIT_SERVER_ADDRESS), GCONV_PATH, MALLOC_* and SSLKEYLOGFILE.
 */
#include <p11-kit/pkcs11.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ATTRIBUTES_MAX 64

static CK_FUNCTION_LIST *real, list;
static int log_fd = -1;

/* One call on its way: what the rule wants done with it. */
struct turn {
	const char *name;
	char action[32];
	char note[64]; /* the rest of its line */
};

/* The rule for call number `number`, or "" */
static void
find_action(const char *name, unsigned long number, char action[static 32])
{
	const char *rule = getenv("RK_FORWARD_RULE");
	size_t len = strlen(name);

	action[0] = '\0';
	for (; rule && *rule; rule += strcspn(rule, ";"), rule += *rule == ';') {
		const char *at = rule + len + 1;
		char *end;

		if (strncmp(rule, name, len) != 0 || rule[len] != ':')
			continue;
		if (*at == '*')
			end = (char *)(size_t)at + 1;
		else if (strtoul(at, &end, 10) != number)
			continue;
		if (*end == '=')
			snprintf(action, 32, "%.*s", (int)strcspn(end + 1, ";"), end + 1);
	}
}

static int
does(const struct turn *turn, const char *action)
{
	return strcmp(turn->action, action) == 0;
}

/* False where the call stops here, with *rv for an answer. */
static int
begin(struct turn *turn, const char *name, unsigned long number, CK_RV *rv)
{
	*turn = (struct turn){.name = name};
	find_action(name, number, turn->action);
	if (does(turn, "crash"))
		abort();
	while (does(turn, "hang"))
		(void)pause();
	if (turn->action[0] < '0' || turn->action[0] > '9')
		return 1;
	*rv = strtoul(turn->action, NULL, 0);
	return 0;
}

static CK_RV
end(const struct turn *turn, CK_RV rv)
{
	char line[120];
	int len;

	if (turn->action[0] == '+')
		rv = strtoul(turn->action + 1, NULL, 0);
	len = snprintf(line, sizeof(line), "%s 0x%lx%s\n", turn->name, rv, turn->note);
	if (log_fd >= 0 && write(log_fd, line, (size_t)len) != len)
		abort();
	return rv;
}

static void
note_session(struct turn *turn, CK_SESSION_HANDLE session)
{
	snprintf(turn->note, sizeof(turn->note), " session=%lu", session);
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

#define FORWARD_NOTED(name, parameters, arguments, note) \
	static CK_RV forward_##name parameters           \
	{                                                \
		static unsigned long number;             \
		struct turn turn;                        \
		CK_RV rv;                                \
                                                         \
		if (begin(&turn, #name, ++number, &rv))  \
			rv = real->name arguments;       \
		note;                                    \
		return end(&turn, rv);                   \
	}
#define FORWARD(name, parameters, arguments) FORWARD_NOTED(name, parameters, arguments, (void)0)

FORWARD(C_Initialize, (void *args), (args))
FORWARD(C_Finalize, (void *reserved), (reserved))
FORWARD(C_GetInfo, (CK_INFO * info), (info))
FORWARD(C_GetSlotList, (CK_BBOOL present, CK_SLOT_ID *ids, CK_ULONG *count), (present, ids, count))
FORWARD(C_GetSlotInfo, (CK_SLOT_ID id, CK_SLOT_INFO *info), (id, info))
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
    (id, flags, application, notify, session), note_opened(&turn, *session, id))
FORWARD(C_CloseSession, (CK_SESSION_HANDLE session), (session))
FORWARD_NOTED(C_Login,
    (CK_SESSION_HANDLE session, CK_USER_TYPE user, unsigned char *pin, CK_ULONG len),
    (session, user, pin, len), note_session(&turn, session))
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
FORWARD_NOTED(C_SignInit,
    (CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key),
    (session, mechanism, key), note_session(&turn, session))

static CK_RV
forward_C_GetMechanismList(CK_SLOT_ID id, CK_MECHANISM_TYPE *types, CK_ULONG *count)
{
	static unsigned long number;
	struct turn turn;
	CK_RV rv;

	if (!begin(&turn, "C_GetMechanismList", ++number, &rv))
		return end(&turn, rv);
	rv = real->C_GetMechanismList(id, types, count);
	if (rv == CKR_OK && types && does(&turn, "bare")) {
		CK_ULONG kept = 0;

		for (CK_ULONG i = 0; i < *count; i++)
			if (types[i] != CKM_RSA_PKCS_PSS)
				types[kept++] = types[i];
		*count = kept;
	}
	return end(&turn, rv);
}

static CK_RV
forward_C_GenerateKeyPair(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
    CK_ATTRIBUTE *public_part, CK_ULONG public_count, CK_ATTRIBUTE *private_part,
    CK_ULONG private_count, CK_OBJECT_HANDLE *public_key, CK_OBJECT_HANDLE *private_key)
{
	static unsigned long number;
	CK_ATTRIBUTE more[ATTRIBUTES_MAX];
	CK_BBOOL yes = CK_TRUE;
	struct turn turn;
	CK_RV rv;

	if (!begin(&turn, "C_GenerateKeyPair", ++number, &rv))
		return end(&turn, rv);
	if (private_count >= ATTRIBUTES_MAX)
		abort();
	memcpy(more, private_part, private_count * sizeof(*more));
	if (does(&turn, "always"))
		more[private_count++] = (CK_ATTRIBUTE){CKA_ALWAYS_AUTHENTICATE, &yes, sizeof(yes)};
	rv = real->C_GenerateKeyPair(session, mechanism, public_part, public_count, more,
	    private_count, public_key, private_key);
	return end(&turn, rv);
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
	static unsigned long number;
	struct turn turn;
	CK_RV rv;

	if (!begin(&turn, "C_Sign", ++number, &rv))
		return end(&turn, rv);
	note_session(&turn, session);
	if (signature && strncmp(turn.action, "device", strlen("device")) == 0)
		use_device(&turn, session);
	rv = real->C_Sign(session, data, data_len, signature, len);
	if (rv == CKR_OK && signature && does(&turn, "corrupt"))
		signature[*len / 2] ^= 1;
	if (rv == CKR_OK && signature && does(&turn, "truncate"))
		*len -= 1;
	return end(&turn, rv);
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
	const char *path = getenv("RK_FORWARD_MODULE"), *log = getenv("RK_FORWARD_LOG");
	CK_RV rv = path ? load(path) : CKR_GENERAL_ERROR;

	if (rv != CKR_OK)
		return rv;
	if (log)
		log_fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	list = *real;
	SET(C_Initialize);
	SET(C_Finalize);
	SET(C_GetInfo);
	SET(C_GetSlotList);
	SET(C_GetSlotInfo);
	SET(C_GetTokenInfo);
	SET(C_GetMechanismList);
	SET(C_GetMechanismInfo);
	SET(C_InitToken);
	SET(C_InitPIN);
	SET(C_OpenSession);
	SET(C_CloseSession);
	SET(C_Login);
	SET(C_Logout);
	SET(C_FindObjectsInit);
	SET(C_FindObjects);
	SET(C_FindObjectsFinal);
	SET(C_GetAttributeValue);
	SET(C_GenerateKeyPair);
	SET(C_DestroyObject);
	SET(C_SignInit);
	SET(C_Sign);
	*ret_list = &list;
	return CKR_OK;
}
