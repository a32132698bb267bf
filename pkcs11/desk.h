/*
 * desk.h - the worker's end of its pipe: requests come in, replies go out
 *
 * Requests are read many at a time, into the secure heap, since any of them may hold a PIN; such a
 * one is wiped as soon as it is done. Replies wait for each other while more requests lie on the
 * desk, but no longer than a moment: a signature that took a person's touch goes out at once.
 *
 * Ownership  what rk_desk_take gives stays until rk_desk_done.
 * Errors     RK_E_IO the pipe is closed; RK_E_MALFORMED, RK_E_LIMIT a frame that is none;
 *            RK_E_NOMEM, RK_E_INTERNAL.
 */
#ifndef RK_PKCS11_DESK_H
#define RK_PKCS11_DESK_H

#include "base/secret.h"
#include "pkcs11/wire.h"

typedef struct rk_desk rk_desk;

/* `fd` is borrowed. The secure heap is set up. */
RK_CHECKED rk_error *rk_desk_open(int fd, rk_desk **ret_desk);
/* The next request: waits for it. */
RK_CHECKED rk_error *
rk_desk_take(rk_desk *desk, rk_wire_header *ret_header, rk_wire_span *ret_body);
/* Where the reply is written, whole. */
rk_buf *rk_desk_out(rk_desk *desk);
/* The request is done: its bytes go, and the replies as soon as they should. */
RK_CHECKED rk_error *rk_desk_done(rk_desk *desk);
void rk_desk_free(rk_desk *desk);
RK_DEFINE_FREEP(rk_desk)

#endif
