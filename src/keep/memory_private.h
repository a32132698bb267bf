/*
 * memory_private.h - a record of memory.h as text, and back
 *
 * Errors     RK_E_MALFORMED, RK_E_NEWER, RK_E_NOMEM.
 */
#ifndef RK_KEEP_MEMORY_PRIVATE_H
#define RK_KEEP_MEMORY_PRIVATE_H

#include "keep/memory.h"

#define RK_MEMORY_VERSION 1

RK_CHECKED rk_error *
rk_memory_record_read(const rk_text *text, const char *where, rk_memory_record **ret_record);
RK_CHECKED rk_error *rk_memory_record_write(const rk_memory_record *record, rk_buf *out);
/* One that is there already is success. */
RK_CHECKED rk_error *
rk_memory_payload_add_fingerprint(rk_memory_payload *payload, const char *fingerprint);

#endif
