/*
 * secret.h - bytes that must not outlive their purpose
 *
 * PINs, key bytes and shares live here and nowhere else: in OpenSSL's secure heap (locked,
 * guarded, kept out of core dumps), wiped when freed. There is no way to print one and no
 * implicit copy. What wiping cannot reach (a module's own heap, pcscd, the terminal's buffers)
 * is told in docs/threats.md.
 *
 * Ownership  ret_* belongs to the caller; freeing wipes.
 * Errors     RK_E_NOMEM where the secure heap is exhausted: there is no fall-back to the
 *            ordinary heap.
 * Units      sizes in bytes.
 */
#ifndef RK_BASE_SECRET_H
#define RK_BASE_SECRET_H

#include "base/error.h"

typedef struct rk_secret rk_secret;

/* Set up the secure heap; once, at the start of each process. RK_E_NOMEM, RK_E_INTERNAL. */
RK_CHECKED rk_error *rk_secret_heap_init(void);
/* False where the kernel would not lock the heap's pages (a small RLIMIT_MEMLOCK). */
bool rk_secret_heap_is_locked(void);

/* From now on OpenSSL wipes all that it frees: some of its readers of keys leave copies behind. False
 * where OpenSSL was used before: then nothing changes. For a process that is given private keys. */
bool rk_secret_wipe_freed(void);
/* In a forked child that has no use for secrets: it holds none of its parent's any more. Nothing may
 * be allocated or freed in the heap there afterwards. */
void rk_secret_heap_drop(void);

/* `size` zero bytes, length `size`. RK_E_NOMEM; RK_E_INTERNAL before rk_secret_heap_init. */
RK_CHECKED rk_error *rk_secret_new(size_t size, rk_secret **ret_secret);
/* A copy of `len` bytes at `bytes`, which the caller still has to wipe. As rk_secret_new. */
RK_CHECKED rk_error *rk_secret_copy(const void *bytes, size_t len, rk_secret **ret_secret);
/* The bytes, writable; followed by one zero byte that is not counted. */
uint8_t *rk_secret_bytes(rk_secret *secret);
const uint8_t *rk_secret_peek(const rk_secret *secret);
size_t rk_secret_len(const rk_secret *secret);
/* Shorten; what is cut off is wiped. `len` above the present length is ignored. */
void rk_secret_truncate(rk_secret *secret, size_t len);
/* In constant time for equal lengths. */
bool rk_secret_equal(const rk_secret *a, const rk_secret *b);
void rk_secret_free(rk_secret *secret);
RK_DEFINE_FREEP(rk_secret)

#endif
