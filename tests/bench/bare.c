#include "bench/bare.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS_MAX 256
#define PIN_MAX 256

_Noreturn void
rk_bare_fail(const char *what)
{
	perror(what);
	exit(1);
}

void
rk_bare_must(CK_RV rv, const char *call)
{
	if (rv == CKR_OK)
		return;
	fprintf(stderr, "%s: 0x%lx\n", call, rv);
	exit(1);
}

#define MUST(bare, name, ...) rk_bare_must((bare)->functions->name(__VA_ARGS__), #name)

static void
load(struct rk_bare *bare, const char *module)
{
	CK_C_INITIALIZE_ARGS arguments = {.flags = CKF_OS_LOCKING_OK};
	CK_RV (*get_list)(CK_FUNCTION_LIST **);

	bare->library = dlopen(module, RTLD_NOW | RTLD_LOCAL);
	if (!bare->library)
		rk_bare_fail(module);
	*(void **)&get_list = dlsym(bare->library, "C_GetFunctionList");
	if (!get_list)
		rk_bare_fail(module);
	rk_bare_must(get_list(&bare->functions), "C_GetFunctionList");
	MUST(bare, C_Initialize, &arguments);
}

/* Labels are padded with blanks. */
static int
is_labelled(const CK_TOKEN_INFO *info, const char *label)
{
	size_t len = strlen(label);

	return len < sizeof(info->label) && memcmp(info->label, label, len) == 0 &&
	       info->label[len] == ' ';
}

static void
find_token(struct rk_bare *bare, const char *label)
{
	CK_SLOT_ID slots[SLOTS_MAX];
	CK_ULONG count = SLOTS_MAX;

	MUST(bare, C_GetSlotList, CK_TRUE, slots, &count);
	for (CK_ULONG i = 0; i < count; i++) {
		CK_TOKEN_INFO info;

		MUST(bare, C_GetTokenInfo, slots[i], &info);
		if (is_labelled(&info, label)) {
			bare->slot = slots[i];
			return;
		}
	}
	fprintf(stderr, "no token '%s'\n", label);
	exit(1);
}

static void
log_in(struct rk_bare *bare, const char *pin_file)
{
	char pin[PIN_MAX];
	FILE *file = fopen(pin_file, "r");

	if (!file || !fgets(pin, sizeof(pin), file))
		rk_bare_fail(pin_file);
	fclose(file);
	pin[strcspn(pin, "\n")] = '\0';
	bare->session = rk_bare_session(bare);
	MUST(bare, C_Login, bare->session, CKU_USER, (unsigned char *)pin, strlen(pin));
}

static void
find_key(struct rk_bare *bare, const char *label)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	char name[PIN_MAX];
	CK_ATTRIBUTE wanted[] = {
	    {CKA_CLASS, &class, sizeof(class)},
	    {CKA_LABEL, name, strlen(label)},
	};
	CK_ULONG count;

	snprintf(name, sizeof(name), "%s", label);
	MUST(bare, C_FindObjectsInit, bare->session, wanted, 2);
	MUST(bare, C_FindObjects, bare->session, &bare->key, 1, &count);
	MUST(bare, C_FindObjectsFinal, bare->session);
	if (count == 0) {
		fprintf(stderr, "no key '%s'\n", label);
		exit(1);
	}
}

void
rk_bare_open(const struct rk_bare_place *place, struct rk_bare *ret_bare)
{
	load(ret_bare, place->module);
	find_token(ret_bare, place->token);
	log_in(ret_bare, place->pin_file);
	find_key(ret_bare, place->key);
}

CK_SESSION_HANDLE
rk_bare_session(const struct rk_bare *bare)
{
	CK_SESSION_HANDLE session;

	MUST(bare, C_OpenSession, bare->slot, CKF_SERIAL_SESSION, NULL, NULL, &session);
	return session;
}

void
rk_bare_sign(const struct rk_bare *bare, CK_SESSION_HANDLE session,
    unsigned char digest[static RK_BARE_DIGEST], unsigned char *signature)
{
	CK_MECHANISM mechanism = {CKM_ECDSA, NULL, 0};
	CK_ULONG len = RK_BARE_SIGNATURE;

	MUST(bare, C_SignInit, session, &mechanism, bare->key);
	MUST(bare, C_Sign, session, digest, RK_BARE_DIGEST, signature, &len);
}

void
rk_bare_close(struct rk_bare *bare)
{
	MUST(bare, C_Logout, bare->session);
	MUST(bare, C_CloseSession, bare->session);
	MUST(bare, C_Finalize, NULL);
}
