/*
 * envelope_private.h - what envelope.c and envelope_spliced.c share
 */
#ifndef RK_TUF_ENVELOPE_PRIVATE_H
#define RK_TUF_ENVELOPE_PRIVATE_H

#include "tuf/envelope.h"

/* The entries of `signatures_span`, where that is set. RK_E_MALFORMED, RK_E_LIMIT, RK_E_NOMEM. */
RK_CHECKED rk_error *rk_envelope_read_sigs(rk_envelope *envelope);

#endif
