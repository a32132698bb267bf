/*
 * bare.h - the fewest PKCS#11 calls that sign: what the floor programs measure
 *
 * A module is loaded by path, a token found by its label, a key by its label, and a P-256 key signs
 * a digest. Nothing is checked that a caller of PKCS#11 is not forced to check.
 *
 * Ownership  a bare belongs to the caller, who closes it.
 * Errors     a message on stderr, and exit status 1.
 * Standard   PKCS#11 2.40.
 */
#ifndef RK_BENCH_BARE_H
#define RK_BENCH_BARE_H

#include <p11-kit/pkcs11.h>

#define RK_BARE_DIGEST 32
#define RK_BARE_SIGNATURE 64

struct rk_bare_place {
	const char *module; /* its path */
	const char *token, *key; /* labels */
	const char *pin_file; /* the PIN is its first line */
};

struct rk_bare {
	void *library;
	CK_FUNCTION_LIST *functions;
	CK_SLOT_ID slot;
	CK_SESSION_HANDLE session; /* logged in */
	CK_OBJECT_HANDLE key;
};

/* From dlopen to the found key: one C_Login, one C_FindObjectsInit. */
void rk_bare_open(const struct rk_bare_place *place, struct rk_bare *ret_bare);
/* Another session of the same login. */
CK_SESSION_HANDLE rk_bare_session(const struct rk_bare *bare);
/* One C_SignInit and one C_Sign; `signature` has room for RK_BARE_SIGNATURE bytes. */
void rk_bare_sign(const struct rk_bare *bare, CK_SESSION_HANDLE session,
    unsigned char digest[static RK_BARE_DIGEST], unsigned char *signature);
void rk_bare_close(struct rk_bare *bare);

/* Leave, saying what failed. */
_Noreturn void rk_bare_fail(const char *what);
/* Leave where a call was refused. */
void rk_bare_must(CK_RV rv, const char *call);

#endif
