/*
 * attestation_pins.h - the roots and intermediates that may stand above a device
 *
 * A set of certificates, each believed by itself. One whose issuer is itself is a root, any other one
 * an intermediate, which counts only below a root of the same set. A set is either that of the
 * program's own folder, or was given for one run.
 *
 * Ownership  a set owns its certificates; ret_pins belongs to the caller.
 * Errors     RK_E_MALFORMED a file that holds no certificate, or one that may not issue any;
 *            RK_E_NOT_FOUND no such folder; RK_E_UNSAFE a folder or file that others can write to;
 *            RK_E_LIMIT; RK_E_IO; RK_E_NOMEM.
 */
#ifndef RK_X509_ATTESTATION_PINS_H
#define RK_X509_ATTESTATION_PINS_H

#include "base/file.h"

#define RK_ATTESTATION_PINS_MAX 256 /* certificates */
#define RK_ATTESTATION_PINS_BYTES (1u << 20) /* of one file */

typedef struct rk_attestation_pins rk_attestation_pins;

/* An empty one. `given`: for one run, by whoever runs it. */
RK_CHECKED rk_error *rk_attestation_pins_new(bool given, rk_attestation_pins **ret_pins);
/* PEM blocks, or one in DER. `name` is for messages (a path, foreign). */
RK_CHECKED rk_error *
rk_attestation_pins_add(rk_attestation_pins *pins, const void *bytes, size_t len, const char *name);
/* Every *.pem of the folder, which has to be believed (RK_DIR_OURS). */
RK_CHECKED rk_error *rk_attestation_pins_add_folder(rk_attestation_pins *pins, const char *path);
size_t rk_attestation_pins_count(const rk_attestation_pins *pins);
bool rk_attestation_pins_are_given(const rk_attestation_pins *pins);
void rk_attestation_pins_free(rk_attestation_pins *pins);
RK_DEFINE_FREEP(rk_attestation_pins)

#endif
