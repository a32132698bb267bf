#include "json/order.h"

#include "json/escape.h"

#include <stdlib.h>
#include <string.h>

#define SHORT_RUN 12 /* up to here an insertion is quicker than a merge */
#define HEAD_SIZE 8

static bool
comes_after(const struct rk_order_member *a, const struct rk_order_member *b)
{
	if (a->head != b->head)
		return a->head > b->head;
	return rk_escape_compare(a->key, b->key) > 0;
}

static void
sort_short(struct rk_order_member *members, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct rk_order_member member = members[i];
		size_t at = i;

		for (; at > 0 && comes_after(&members[at - 1], &member); at--)
			members[at] = members[at - 1];
		members[at] = member;
	}
}

/* Merges, because names may be chosen so that a quicksort takes for ever. */
static void
sort(struct rk_order_member *members, size_t count, struct rk_order_member *half)
{
	size_t left_count = count / 2, left = 0, right = left_count, at = 0;

	if (count <= SHORT_RUN) {
		sort_short(members, count);
		return;
	}
	sort(members, left_count, half);
	sort(members + left_count, count - left_count, half);
	memcpy(half, members, left_count * sizeof(*half));
	while (left < left_count && right < count) {
		if (comes_after(&half[left], &members[right]))
			members[at++] = members[right++];
		else
			members[at++] = half[left++];
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

static void
collect(const rk_json *object, size_t count, struct rk_order_member *members)
{
	rk_json_iter iter = rk_json_each(object);
	size_t shared = SIZE_MAX;
	rk_json key;

	for (size_t i = 0; i < count && rk_json_next(&iter, &key, NULL); i++) {
		members[i].key = key.text + 1;
		shared = common(members[0].key, members[i].key, shared);
	}
	for (size_t i = 0; i < count; i++)
		members[i].head = head_of(members[i].key + shared);
}

rk_error *
rk_order_make(const rk_json *object, size_t count, struct rk_order_member **ret_members)
{
	struct rk_order_member *members = calloc(count, sizeof(*members));
	struct rk_order_member *half = calloc(count / 2 + 1, sizeof(*half));

	if (!members || !half) {
		free(members);
		free(half);
		return rk_out_of_memory();
	}
	collect(object, count, members);
	sort(members, count, half);
	free(half);
	*ret_members = members;
	return NULL;
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
