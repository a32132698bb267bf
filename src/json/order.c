#include "json/order.h"

#include "json/escape.h"

#include <stdlib.h>
#include <string.h>

#define SHORT_RUN 12 /* up to here an insertion is quicker than a merge */
#define HEAD_SIZE 8
#define FIRST_ROOM 16
#define MOST_ROUNDS 4
#define FETCH_AHEAD 16

/* What is known of the names of a run of members. */
struct shared {
	size_t bytes; /* in common, without any escapes */
	unsigned rounds; /* of looking at heads */
};

/* How a run of members is sorted. */
struct sorting {
	struct rk_order_member *half; /* room for half of them */
	bool by_name; /* where the heads are the same */
};

static inline bool
comes_after(
    const struct sorting *sorting, const struct rk_order_member *a, const struct rk_order_member *b)
{
	if (a->head != b->head || !sorting->by_name)
		return a->head > b->head;
	return rk_escape_compare(a->key, b->key) > 0;
}

static void
sort_short(const struct sorting *sorting, struct rk_order_member *members, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct rk_order_member member = members[i];
		size_t at = i;

		for (; at > 0 && comes_after(sorting, &members[at - 1], &member); at--)
			members[at] = members[at - 1];
		members[at] = member;
	}
}

/* Merges, because names may be chosen so that a quicksort takes for ever. */
static void
sort(const struct sorting *sorting, struct rk_order_member *members, size_t count)
{
	size_t left_count = count / 2, left = 0, right = left_count, at = 0;
	struct rk_order_member *half = sorting->half;

	if (count <= SHORT_RUN) {
		sort_short(sorting, members, count);
		return;
	}
	sort(sorting, members, left_count);
	sort(sorting, members + left_count, count - left_count);
	memcpy(half, members, left_count * sizeof(*half));
	while (left < left_count && right < count) {
		bool later = comes_after(sorting, &half[left], &members[right]);

		members[at++] = *(later ? &members[right] : &half[left]);
		right += later;
		left += !later;
	}
	memcpy(members + at, half + left, (left_count - left) * sizeof(*half));
}

/* How many bytes two names have in common, of `most`, escapes not looked into. */
static size_t
common(const char *a, const char *b, size_t most)
{
	size_t len = 0;

	while (len < most && a[len] == b[len] && a[len] != '"' && a[len] != '\\')
		len++;
	return len;
}

/* The bytes at `at` in a name, as a number that sorts as they do. */
static uint64_t
head_of(const char *at)
{
	uint8_t bytes[HEAD_SIZE + RK_ESCAPE_UTF8_MAX] = {0};
	size_t len = 0;
	uint64_t head = 0;
	uint32_t point;

	while (len < HEAD_SIZE && *at != '"') {
		if (*at != '\\') {
			bytes[len++] = (uint8_t)*at++;
			continue;
		}
		at = rk_escape_next(at, &point);
		len = (size_t)((uint8_t *)rk_escape_utf8((char *)bytes + len, point) - bytes);
	}
	/* No name holds a zero byte, so one that ends here comes before those that go on. */
	for (size_t i = 0; i < HEAD_SIZE; i++)
		head = head << 8 | bytes[i];
	return head;
}

/* How many bytes all names have in common, the first `least` of them known. */
static size_t
common_to_all(const struct rk_order_member *members, size_t count, size_t least)
{
	size_t shared = SIZE_MAX - least;
	const char *first = members[0].key + least;

	for (size_t i = 1; i < count; i++)
		shared = common(first, members[i].key + least, shared);
	return least + shared;
}

static void sort_by_heads(const struct sorting *sorting, struct rk_order_member *members,
    size_t count, struct shared shared);

/* Names that begin with the same bytes and a head: look further into them. */
static void
sort_alike(const struct sorting *sorting, struct rk_order_member *members, size_t count,
    struct shared shared)
{
	struct sorting by_name = {.half = sorting->half, .by_name = true};
	size_t start = shared.bytes;

	if (count == 1 || (members[0].head & 0xff) == 0)
		return; /* alone, or all of them ended: the same name */
	shared.rounds++;
	shared.bytes = common_to_all(members, count, start);
	if (shared.rounds >= MOST_ROUNDS || shared.bytes < start + HEAD_SIZE)
		sort(&by_name, members, count); /* far along, or escapes are in the way */
	else
		sort_by_heads(sorting, members, count, shared);
}

static void
sort_by_heads(const struct sorting *sorting, struct rk_order_member *members, size_t count,
    struct shared shared)
{
	size_t end;

	for (size_t i = 0; i < count; i++) {
		if (i + FETCH_AHEAD < count)
			__builtin_prefetch(members[i + FETCH_AHEAD].key + shared.bytes);
		members[i].head = head_of(members[i].key + shared.bytes);
	}
	sort(sorting, members, count);
	for (size_t i = 0; i < count; i = end) {
		for (end = i + 1; end < count && members[end].head == members[i].head; end++)
			;
		sort_alike(sorting, members + i, end - i, shared);
	}
}

/* Room that is not used is not touched, so doubling costs addresses, not memory. */
static rk_error *
make_room(struct rk_order *order)
{
	size_t room = order->room ? order->room * 2 : FIRST_ROOM;
	struct rk_order_member *members = reallocarray(order->members, room, sizeof(*members));

	if (!members)
		return rk_out_of_memory();
	order->members = members;
	order->room = room;
	return NULL;
}

rk_error *
rk_order_add(struct rk_order *order, const char *key)
{
	rk_error *err = order->count == order->room ? make_room(order) : NULL;

	if (err)
		return err;
	if (order->count == 0)
		order->shared = SIZE_MAX;
	order->members[order->count++].key = key;
	order->shared = common(order->members[0].key, key, order->shared);
	return NULL;
}

rk_error *
rk_order_add_all(struct rk_order *order, const rk_json *object)
{
	rk_json_iter iter = rk_json_each(object);
	rk_error *err = NULL;
	rk_json key;

	while (!err && rk_json_next(&iter, &key, NULL))
		err = rk_order_add(order, key.text + 1);
	return err;
}

rk_error *
rk_order_sort(struct rk_order *order)
{
	struct shared shared = {order->shared, 0};
	struct sorting sorting = {NULL, false};

	if (order->count < 2)
		return NULL;
	sorting.half = reallocarray(NULL, order->count / 2, sizeof(*sorting.half));
	if (!sorting.half)
		return rk_out_of_memory();
	sort_by_heads(&sorting, order->members, order->count, shared);
	free(sorting.half);
	return NULL;
}

void
rk_order_clear(struct rk_order *order)
{
	free(order->members);
	*order = (struct rk_order){0};
}

void
rk_order_get(const rk_json *object, const struct rk_order_member *member, rk_json *ret_key,
    rk_json *ret_value)
{
	rk_json_iter iter = rk_json_each(object);

	/* Here and there in the text: no pages to give back. */
	iter.source = NULL;
	iter.at = member->key - 1;
	rk_json_next(&iter, ret_key, ret_value);
}
