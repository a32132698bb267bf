/*
 * worker_private.h - a worker as the files of this room share it
 *
 * worker.c serves the pipe and has what concerns modules, tokens and PINs; worker_keys.c has what
 * concerns keys. Each operation reads its request and appends the reply's fields to `out`.
 *
 * Errors     CK_RV.
 */
#ifndef RK_PKCS11_WORKER_PRIVATE_H
#define RK_PKCS11_WORKER_PRIVATE_H

#include "pkcs11/desk.h"
#include "pkcs11/session.h"
#include "pkcs11/worker.h"

#define RK_WORKER_SESSIONS 256

struct rk_worker {
	rk_desk *desk;
	rk_module module;
	rk_error *unconfined; /* why nothing is loaded: the first request is told */
	rk_session *sessions[RK_WORKER_SESSIONS]; /* a session's number is its index and 1 */
	uint64_t token_flags; /* told with a refusal about PINs */
};

typedef CK_RV rk_worker_operation(struct rk_worker *worker, const rk_request *request, rk_buf *out);

/* NULL: no such session is open. */
rk_session *rk_worker_session(struct rk_worker *worker, const rk_request *request);
/* Where a PIN was refused: the flags as they are afterwards go with the refusal, and `locked`
 * among them tells that CKR_PIN_LOCKED was a last try that is spent now. */
CK_RV rk_worker_note_pin(struct rk_worker *worker, CK_SLOT_ID id, CK_FLAGS locked, CK_RV rv);

rk_worker_operation rk_worker_keys;
rk_worker_operation rk_worker_generate;
rk_worker_operation rk_worker_import;
rk_worker_operation rk_worker_certificates;
rk_worker_operation rk_worker_sign;
rk_worker_operation rk_worker_destroy;
rk_worker_operation rk_worker_transport;
rk_worker_operation rk_worker_transport_end;
rk_worker_operation rk_worker_wrap;
rk_worker_operation rk_worker_unwrap;
rk_worker_operation rk_worker_seal;
rk_worker_operation rk_worker_sight;

#endif
