#include "pkcs11/pairing.h"

#include <stdlib.h>
#include <string.h>

bool
rk_pairing_same(const rk_buf *a, const rk_buf *b)
{
	return a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

static int
compare(const rk_buf *a, const rk_buf *b)
{
	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	return a->len > 0 ? memcmp(a->data, b->data, a->len) : 0;
}

static int
by_id_and_label(const void *a, const void *b, void *context)
{
	const rk_object *objects = context;
	const rk_object *left = &objects[*(const size_t *)a];
	const rk_object *right = &objects[*(const size_t *)b];
	int how = compare(&left->id, &right->id);

	return how != 0 ? how : compare(&left->label, &right->label);
}

CK_RV
rk_pairing_begin(rk_session *session, rk_pairing *ret_pairing)
{
	size_t count = session->object_count;
	size_t *places = calloc(count + 1, sizeof(*places));

	if (!places)
		return CKR_HOST_MEMORY;
	for (size_t i = 0; i < count; i++)
		places[i] = i;
	qsort_r(places, count, sizeof(*places), by_id_and_label, session->objects);
	*ret_pairing = (rk_pairing){session, places, count};
	return CKR_OK;
}

rk_object *
rk_pairing_object(const rk_pairing *pairing, size_t place)
{
	return &pairing->session->objects[pairing->places[place]];
}

/* The first place that is not before this id, or, with a label, before this id and label. */
size_t
rk_pairing_first(const rk_pairing *pairing, const rk_buf *id, const rk_buf *label)
{
	size_t low = 0, high = pairing->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const rk_object *object = rk_pairing_object(pairing, middle);
		int how = compare(&object->id, id);

		if (how == 0 && label)
			how = compare(&object->label, label);
		if (how < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* How well a public object fits a private one: 0 not at all. */
static unsigned
fit(const rk_object *private_half, const rk_object *public_half)
{
	bool id = rk_pairing_same(&private_half->id, &public_half->id);
	bool label = rk_pairing_same(&private_half->label, &public_half->label);

	if (private_half->public_key || private_half->type != public_half->type)
		return 0;
	if (private_half->pubkey && public_half->pubkey &&
	    !rk_pubkey_equal(private_half->pubkey, public_half->pubkey))
		return 0;
	if (private_half->id.len > 0 || public_half->id.len > 0)
		return id ? 1 + label : 0;
	return label && private_half->label.len > 0;
}

/* Without an id the label has to tell, and its places are few; with one, its own places are. */
rk_object *
rk_pairing_best_fit(const rk_pairing *pairing, const rk_object *public_half)
{
	bool nameless = public_half->id.len == 0;
	size_t place =
	    rk_pairing_first(pairing, &public_half->id, nameless ? &public_half->label : NULL);
	rk_object *best = NULL;
	unsigned best_how = 0;

	for (; place < pairing->count && best_how < 2; place++) {
		rk_object *object = rk_pairing_object(pairing, place);
		unsigned how = fit(object, public_half);

		if (!rk_pairing_same(&object->id, &public_half->id) ||
		    (nameless && !rk_pairing_same(&object->label, &public_half->label)))
			break;
		if (how > best_how) {
			best_how = how;
			best = object;
		}
	}
	return best;
}

void
rk_pairing_end(rk_pairing *pairing)
{
	free(pairing->places);
	*pairing = (rk_pairing){0};
}
