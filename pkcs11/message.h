/*
 * message.h - what a worker answers its parent
 *
 * Requests are pkcs11/request.h's. Replies carry numbers and what the module said, never a
 * sentence: the parent writes every sentence itself (pkcs11/refusal.h), so a worker that a module
 * took over cannot speak to a person.
 *
 * Ownership  what is decoded points into its frame.
 * Errors     RK_E_MALFORMED, RK_E_LIMIT, RK_E_NOMEM.
 */
#ifndef RK_PKCS11_MESSAGE_H
#define RK_PKCS11_MESSAGE_H

#include "pkcs11/cryptoki.h"
#include "pkcs11/request.h"

#define RK_MESSAGE_SLOTS_MAX 1024u
#define RK_MESSAGE_KEYS_MAX 16384u
#define RK_MESSAGE_MECHANISMS_MAX 4096u
#define RK_MESSAGE_FACTS 7

enum rk_status { RK_STATUS_DONE, RK_STATUS_REFUSED };

/* A slot with a token in it, as the module describes them. */
typedef struct rk_slot {
	uint64_t slot;
	CK_SLOT_INFO slot_info;
	CK_TOKEN_INFO token;
} rk_slot;

void rk_slot_encode(const rk_slot *slot, rk_buf *out);
void rk_slot_decode(rk_wire_reader *reader, rk_slot *ret_slot);
/* What the device itself tells of its secrets (pkcs11/card.h); zeros: nothing. */
typedef struct rk_card {
	uint8_t reached; /* there is a card, and it answers */
	uint8_t factory_pin, factory_puk, factory_so_pin; /* enum rk_fact */
	uint8_t pin_tries_known, pin_tries, puk_tries_known, puk_tries;
	uint8_t so_algorithm; /* of the management key */
} rk_card;

void rk_card_encode(const rk_card *card, rk_buf *out);
void rk_card_decode(rk_wire_reader *reader, rk_card *ret_card);
void rk_message_info_encode(const CK_INFO *info, rk_buf *out);
void rk_message_info_decode(rk_wire_reader *reader, CK_INFO *ret_info);

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
