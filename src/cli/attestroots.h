/*
 * attestroots.h - the roots by which attestations are judged: the program's own, or given ones
 *
 * The program's own lie in the folder share/rootkeep/attestation, beside the program's: of the place
 * that it was installed to, of a build tree, or of the place that it was built for.
 *
 * Errors     as x509/attestation_pins.h.
 */
#ifndef RK_CLI_ATTESTROOTS_H
#define RK_CLI_ATTESTROOTS_H

#include "x509/attestation_pins.h"

/* None where there is no such folder: then no chain is believed. */
RK_CHECKED rk_error *rk_attestroots_own(rk_attestation_pins **ret_pins);
/* From a file of the command line. */
RK_CHECKED rk_error *rk_attestroots_given(const char *path, rk_attestation_pins **ret_pins);

#endif
