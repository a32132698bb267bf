/*
 * keyfile.h - a private key that lies in a file, on its way to a token
 *
 * Reads one key, PEM or DER: PKCS#8 (RFC 5208, 5958, 8410), PKCS#1 (RFC 8017), SEC1 (RFC 5915); sealed
 * by a passphrase as PKCS#8 (PBES2 with PBKDF2 of any hash or scrypt) or in the old way of PEM
 * (RFC 1421); and Notary's and docker's files, with their headers, their RSA without parameters and
 * their 96 bytes of Ed25519. Whatever came in, what goes on is one form: plain PKCS#8, version 0, EC
 * keys with their public point. A key that contradicts itself (a scalar and another key's point,
 * primes that do not multiply to the modulus) is refused.
 *
 * The bytes stay in rk_secret and in OpenSSL's numbers on its secure heap: none of OpenSSL's decoders
 * is used on them, which leave copies behind in the ordinary heap. Out of reach are the registers and
 * stack of OpenSSL's arithmetic, the schedule of the cipher that opens a sealed file (ordinary heap,
 * wiped by OpenSSL), and the kernel's cached pages of the file itself.
 *
 * Ownership  a keyfile owns all it holds.
 * Errors     RK_E_NOT_FOUND no such file, or no private key in it; RK_E_IO; RK_E_LIMIT longer than
 *            RK_KEYFILE_MAX, or sealed at a cost that nobody would wait for; RK_E_MALFORMED;
 *            RK_E_TOKEN_UNSUPPORTED a kind of key or of sealing that we do not know; RK_E_NOMEM.
 * Units      bytes.
 */
#ifndef RK_WORLD_KEYFILE_H
#define RK_WORLD_KEYFILE_H

#include "base/secret.h"
#include "world/pubkey.h"

#define RK_KEYFILE_MAX (64u << 10)

struct rk_keyfile_seal;

typedef struct rk_keyfile {
	rk_secret *pkcs8; /* NULL: still sealed */
	rk_pubkey *pubkey; /* NULL: still sealed */
	char *role, *gun, *path; /* Notary's headers; foreign; NULL: not there */
	bool encrypted; /* it is sealed, or was */
	bool
	    exposed; /* others than its owner and root could read the file, or it is somebody else's */
	bool lasting; /* a regular file: there to be read again */
	bool unchecked; /* an EC key without its point: nothing in it tells that it is whole */
	struct rk_keyfile_seal *seal; /* keyfile.c's */
} rk_keyfile;

/* Links are followed; "/dev/stdin" is ours. */
RK_CHECKED rk_error *rk_keyfile_load(const char *path, rk_keyfile **ret_file);
/* The same from memory; `name` is for messages (foreign). */
RK_CHECKED rk_error *
rk_keyfile_read(const rk_secret *bytes, const char *name, rk_keyfile **ret_file);
/*
 * Open a sealed one; an open one is left as it is. RK_E_MALFORMED the passphrase is wrong, or the
 * file damaged: which of them cannot be told; the file stays sealed and can be tried again.
 */
RK_CHECKED rk_error *rk_keyfile_unseal(rk_keyfile *file, const rk_secret *passphrase);
void rk_keyfile_free(rk_keyfile *file);
RK_DEFINE_FREEP(rk_keyfile)

#endif
