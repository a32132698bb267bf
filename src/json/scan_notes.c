#include "json/order.h"
#include "json/scan_private.h"

#include <stdlib.h>

#define WORTH_KEEPING 1024 /* members in order */

enum rk_json_kind
rk_scan_kind(char first)
{
	switch (first) {
	case '"':
		return RK_JSON_STRING;
	case '{':
		return RK_JSON_OBJECT;
	case '[':
		return RK_JSON_ARRAY;
	case 't':
		return RK_JSON_TRUE;
	case 'f':
		return RK_JSON_FALSE;
	case 'n':
		return RK_JSON_NULL;
	default:
		return RK_JSON_INTEGER;
	}
}

/* What is known of a container's levels, as those further down have it. */
static uint8_t
levels_down(unsigned levels, unsigned down)
{
	return levels > down ? (uint8_t)(levels - down + 1) : 1;
}

void
rk_scan_complete_notes(const struct rk_scan *scan)
{
	struct rk_scan_notes *notes = scan->notes;

	for (size_t i = 0; notes && i < notes->count; i++) {
		struct rk_scan_note *note = &notes->items[i];
		rk_json *const spans[] = {&note->key, &note->value};

		note->value.kind = rk_scan_kind(*note->value.text);
		for (size_t j = 0; j < 2; j++) {
			spans[j]->unsorted = levels_down(scan->unsorted, note->depth + 1);
			spans[j]->loose = levels_down(scan->loose, note->depth + 1);
			spans[j]->portable = scan->portable;
			spans[j]->source = scan->source;
		}
	}
}

bool
rk_scan_keep_order(struct rk_scan *scan, const char *object, struct rk_order *order)
{
	struct rk_scan_order *largest = &scan->notes->largest;

	if (order->count < WORTH_KEEPING ||
	    (largest->object && largest->order->count >= order->count))
		return true;
	if (!largest->order)
		largest->order = calloc(1, sizeof(*largest->order));
	if (!largest->order) {
		scan->err = rk_out_of_memory();
		return false;
	}
	rk_order_clear(largest->order);
	*largest->order = *order;
	*order = (struct rk_order){0};
	largest->object = object;
	return true;
}

void
rk_scan_order_clear(struct rk_scan_order *largest)
{
	if (largest->order)
		rk_order_clear(largest->order);
	free(largest->order);
	*largest = (struct rk_scan_order){NULL, NULL};
}
