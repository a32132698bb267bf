/*
 * request.h - what the parent asks a worker
 *
 * Requests are made from one table, read and written by the same row, so that both ends agree.
 *
 * Ownership  a decoded request points into its frame. PINs and keys are decoded into secrets of
 *            their own, which rk_request_clear wipes.
 * Errors     RK_E_MALFORMED, RK_E_LIMIT, RK_E_NOMEM.
 */
#ifndef RK_PKCS11_REQUEST_H
#define RK_PKCS11_REQUEST_H

#include "base/secret.h"
#include "pkcs11/cryptoki.h"
#include "pkcs11/wire.h"

#define RK_MESSAGE_TEXT_MAX 4096u /* paths, labels, ids, what the system said */

enum rk_op {
	RK_OP_LOAD = 1,
	RK_OP_LIST,
	RK_OP_OPEN,
	RK_OP_INFO,
	RK_OP_ABILITIES,
	RK_OP_LOGIN,
	RK_OP_KEYS,
	RK_OP_GENERATE,
	RK_OP_SIGN,
	RK_OP_DESTROY,
	RK_OP_INIT,
	RK_OP_CLOSE,
	RK_OP_LOGIN_SO,
	RK_OP_SET_PIN,
	RK_OP_IMPORT,
	RK_OP_CERTIFICATES,
	RK_OP_TRANSPORT,
	RK_OP_TRANSPORT_END,
	RK_OP_WRAP,
	RK_OP_UNWRAP,
	RK_OP_SEAL,
	RK_OP_SIGHT,
	RK_OP_COUNT
};

/* How a token is known again when its slot has another number: padded, as in CK_TOKEN_INFO. */
typedef struct rk_identity {
	uint8_t label[32];
	uint8_t manufacturer[32];
	uint8_t model[16];
	uint8_t serial[16];
} rk_identity;

void rk_identity_of(const CK_TOKEN_INFO *token, rk_identity *ret_identity);

/* One request; each operation uses the fields that its row names. */
typedef struct rk_request {
	enum rk_op op;
	uint32_t session;
	uint64_t slot;
	uint64_t handle;
	rk_identity identity;
	uint8_t type; /* enum rk_key_type */
	uint8_t hash; /* enum rk_hash */
	bool pkcs1; /* RSA: PKCS#1 v1.5 instead of PSS */
	bool wrappable;
	uint8_t piv_slot, touch, pin_policy; /* as in struct rk_key_spec */
	uint8_t change; /* enum rk_pin_change */
	uint8_t way; /* enum rk_wrap_way */
	bool sha1; /* OAEP with SHA-1 instead of SHA-256 */
	bool has_reserved; /* C_Initialize gets `reserved` */
	bool has_pin; /* false: the token's own pad asks for it */
	rk_wire_span path, reserved, id, label, input;
	rk_wire_span spki; /* of the transport key, or of the key that is to be unwrapped */
	rk_wire_span kek; /* wrapped */
	/* When encoding: borrowed. `so_pin` is the present secret where a PIN is changed. */
	const rk_secret *pin, *so_pin, *pkcs8;
	rk_secret *owned_pin, *owned_so_pin, *owned_pkcs8; /* when decoded */
} rk_request;

bool rk_op_is_secret(uint8_t op);
/* For an operation without secrets, appended to `out`. RK_E_LIMIT, RK_E_NOMEM, RK_E_INTERNAL. */
RK_CHECKED rk_error *rk_request_encode(const rk_request *request, uint32_t id, rk_buf *out);
/* For one with secrets: a frame in the secure heap. */
RK_CHECKED rk_error *
rk_request_encode_secret(const rk_request *request, uint32_t id, rk_secret **ret_frame);
/* RK_E_MALFORMED, RK_E_NOMEM. */
RK_CHECKED rk_error *
rk_request_decode(uint8_t op, const void *body, size_t len, rk_request *ret_request);
void rk_request_clear(rk_request *request);

#endif
