/*
 * message.h - what the parent and a worker say to each other
 *
 * Requests are made from one table, read and written by the same row, so that both ends agree.
 * Replies carry numbers and what the module said, never a sentence: the parent writes every
 * sentence itself (pkcs11/refusal.h), so a worker that a module took over cannot speak to a
 * person.
 *
 * Ownership  a decoded request or reply points into its frame. PINs are decoded into secrets of
 *            their own, which rk_request_clear wipes.
 * Errors     RK_E_MALFORMED, RK_E_LIMIT, RK_E_NOMEM.
 */
#ifndef RK_PKCS11_MESSAGE_H
#define RK_PKCS11_MESSAGE_H

#include "base/secret.h"
#include "pkcs11/cryptoki.h"
#include "pkcs11/wire.h"

#define RK_MESSAGE_SLOTS_MAX 1024u
#define RK_MESSAGE_KEYS_MAX 16384u
#define RK_MESSAGE_MECHANISMS_MAX 4096u
#define RK_MESSAGE_TEXT_MAX 4096u /* paths, labels, ids, what the system said */
#define RK_MESSAGE_FACTS 7

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
	RK_OP_COUNT
};

enum rk_status { RK_STATUS_DONE, RK_STATUS_REFUSED };

/* How a token is known again when its slot has another number: padded, as in CK_TOKEN_INFO. */
typedef struct rk_identity {
	uint8_t label[32];
	uint8_t manufacturer[32];
	uint8_t model[16];
	uint8_t serial[16];
} rk_identity;

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
	bool has_reserved; /* C_Initialize gets `reserved` */
	bool has_pin; /* false: the token's own pad asks for it */
	rk_wire_span path, reserved, id, label, input;
	const rk_secret *pin, *so_pin; /* when encoding: borrowed */
	rk_secret *owned_pin, *owned_so_pin; /* when decoded */
} rk_request;

bool rk_op_is_secret(uint8_t op);
/* For an operation without PINs, appended to `out`. RK_E_LIMIT, RK_E_NOMEM, RK_E_INTERNAL. */
RK_CHECKED rk_error *rk_request_encode(const rk_request *request, uint32_t id, rk_buf *out);
/* For one with PINs: a frame in the secure heap. */
RK_CHECKED rk_error *
rk_request_encode_secret(const rk_request *request, uint32_t id, rk_secret **ret_frame);
/* RK_E_MALFORMED, RK_E_NOMEM. */
RK_CHECKED rk_error *
rk_request_decode(uint8_t op, const void *body, size_t len, rk_request *ret_request);
void rk_request_clear(rk_request *request);

/* A slot with a token in it, as the module describes them. */
typedef struct rk_slot {
	uint64_t slot;
	CK_SLOT_INFO slot_info;
	CK_TOKEN_INFO token;
} rk_slot;

void rk_slot_encode(const rk_slot *slot, rk_buf *out);
void rk_slot_decode(rk_wire_reader *reader, rk_slot *ret_slot);
void rk_message_info_encode(const CK_INFO *info, rk_buf *out);
void rk_message_info_decode(rk_wire_reader *reader, CK_INFO *ret_info);
void rk_identity_of(const CK_TOKEN_INFO *token, rk_identity *ret_identity);

/* A key pair as the worker found it. The facts are in the order of rk_token_key. */
typedef struct rk_found_key {
	uint64_t handle;
	uint64_t key_type; /* CK_KEY_TYPE */
	rk_wire_span id, label, spki; /* an empty spki: unknown */
	uint8_t facts[RK_MESSAGE_FACTS];
} rk_found_key;

void rk_found_key_encode(const rk_found_key *key, rk_buf *out);
void rk_found_key_decode(rk_wire_reader *reader, rk_found_key *ret_key);

typedef struct rk_mechanism {
	uint64_t type, min, max, flags;
} rk_mechanism;

void rk_mechanism_encode(const rk_mechanism *mechanism, rk_buf *out);
void rk_mechanism_decode(rk_wire_reader *reader, rk_mechanism *ret_mechanism);

/* Why not: the fields of a RK_STATUS_REFUSED reply. */
typedef struct rk_refusal {
	uint8_t call; /* enum rk_call; RK_CALL_none for an unknown number */
	CK_RV rv;
	uint64_t token_flags; /* CK_TOKEN_INFO's now, where a PIN was refused; else 0 */
	rk_wire_span text; /* what the system said; foreign */
} rk_refusal;

void rk_refusal_encode(const rk_refusal *refusal, rk_buf *out);
/* RK_E_MALFORMED. */
RK_CHECKED rk_error *rk_refusal_decode(rk_wire_reader *reader, rk_refusal *ret_refusal);

#endif
