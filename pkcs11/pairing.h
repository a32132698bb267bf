/*
 * pairing.h - which public half and which certificate belong to a private key
 *
 * The objects that are known stand in an order, by id and then by label, so that what belongs
 * together stands together and is found without a look at all the others.
 *
 * Ownership  rk_pairing_end gives the order back; it holds while no object is added or dropped
 *            before it.
 * Errors     CKR_HOST_MEMORY.
 */
#ifndef RK_PKCS11_PAIRING_H
#define RK_PKCS11_PAIRING_H

#include "pkcs11/session.h"

typedef struct rk_pairing {
	rk_session *session;
	size_t *places;
	size_t count;
} rk_pairing;

bool rk_pairing_same(const rk_buf *a, const rk_buf *b);
CK_RV rk_pairing_begin(rk_session *session, rk_pairing *ret_pairing);
rk_object *rk_pairing_object(const rk_pairing *pairing, size_t place);
/* The first place that is not before this id, or, with a label, before this id and label. */
size_t rk_pairing_first(const rk_pairing *pairing, const rk_buf *id, const rk_buf *label);
/* The private half for a public object; NULL where none fits. */
rk_object *rk_pairing_best_fit(const rk_pairing *pairing, const rk_object *public_half);
void rk_pairing_end(rk_pairing *pairing);

#endif
