#include "pkcs11/kind.h"

#include <string.h>

/* Fields are padded with blanks, so they begin with what they say. */
static bool
begins(const unsigned char *field, const char *word)
{
	return memcmp(field, word, strlen(word)) == 0;
}

enum rk_kind
rk_kind_of(const CK_INFO *module, const CK_TOKEN_INFO *token)
{
	if (begins(module->manufacturerID, "Yubico") &&
	    begins(module->libraryDescription, "PKCS#11 PIV"))
		return RK_KIND_YKCS11;
	if (begins(module->manufacturerID, "OpenSC") && begins(token->manufacturerID, "piv_II"))
		return RK_KIND_OPENSC_PIV;
	if (begins(module->manufacturerID, "Mozilla"))
		return RK_KIND_NSS;
	return RK_KIND_PLAIN;
}
