#include "keep/keep_private.h"

#include "base/show.h"

#include <stdlib.h>
#include <string.h>

rk_error *
rk_keep_list_append(struct rk_keep_list *list, void *item)
{
	if (list->count == list->cap) {
		size_t cap = list->cap ? 2 * list->cap : 8;
		void **more = reallocarray(list->items, cap, sizeof(*more));

		if (!more)
			return rk_out_of_memory();
		list->items = more;
		list->cap = cap;
	}
	list->items[list->count++] = item;
	return NULL;
}

static int
compare(const void *a, const void *b, void *context)
{
	const struct rk_keep_list *list = context;

	return strcmp(list->text_of(*(void *const *)a), list->text_of(*(void *const *)b));
}

bool
rk_keep_list_sort(struct rk_keep_list *list, const char **ret_twice)
{
	if (list->count < 2)
		return true;
	qsort_r(list->items, list->count, sizeof(*list->items), compare, list);
	for (size_t i = 1; i < list->count; i++) {
		if (compare(&list->items[i - 1], &list->items[i], list) == 0) {
			*ret_twice = list->text_of(list->items[i]);
			return false;
		}
	}
	return true;
}

bool
rk_keep_list_seek(const struct rk_keep_list *list, const char *text, size_t *ret_at)
{
	size_t low = 0, high = list->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(text, list->text_of(list->items[middle]));

		if (order == 0) {
			*ret_at = middle;
			return true;
		}
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	*ret_at = low;
	return false;
}

void *
rk_keep_list_get(const struct rk_keep_list *list, const char *text)
{
	size_t at;

	return rk_keep_list_seek(list, text, &at) ? list->items[at] : NULL;
}

rk_error *
rk_keep_list_insert(struct rk_keep_list *list, void *item)
{
	size_t at;
	rk_error *err;

	if (rk_keep_list_seek(list, list->text_of(item), &at))
		return rk_fail(
		    RK_E_INTERNAL, NULL, "%s is in the list already", RK_SHOW(list->text_of(item)));
	err = rk_keep_list_append(list, item);
	if (err)
		return err;
	memmove(
	    &list->items[at + 1], &list->items[at], (list->count - 1 - at) * sizeof(*list->items));
	list->items[at] = item;
	return NULL;
}

void
rk_keep_list_remove(struct rk_keep_list *list, const char *text)
{
	size_t at;

	if (!rk_keep_list_seek(list, text, &at))
		return;
	list->count--;
	memmove(&list->items[at], &list->items[at + 1], (list->count - at) * sizeof(*list->items));
}

void
rk_keep_list_clear(struct rk_keep_list *list)
{
	free(list->items);
	list->items = NULL;
	list->count = list->cap = 0;
}

rk_error *
rk_keep_strings_add(char ***strings, size_t *count, const char *text)
{
	rk_error *err;
	char *copy;

	/* Full at every power of two, so that no room is counted. */
	if ((*count & (*count - 1)) == 0) {
		char **more = reallocarray(*strings, *count ? 2 * *count : 1, sizeof(*more));

		if (!more)
			return rk_out_of_memory();
		*strings = more;
	}
	err = rk_strdup(text, &copy);
	if (!err)
		(*strings)[(*count)++] = copy;
	return err;
}

void
rk_keep_strings_free(char **strings, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(strings[i]);
	free(strings);
}

rk_error *
rk_keep_strings_read(
    const rk_node *array, const char *where, char ***ret_strings, size_t *ret_count)
{
	char **strings = NULL;
	size_t count = 0;
	rk_error *err = NULL;

	for (const rk_node *item = rk_node_child(array); item && !err; item = rk_node_next(item)) {
		if (rk_node_text(item))
			err = rk_keep_strings_add(&strings, &count, rk_node_text(item));
		else
			err = rk_fail(RK_E_MALFORMED, "restore it from a copy",
			    "%s: a list holds something else than texts", where);
	}
	if (err) {
		rk_keep_strings_free(strings, count);
		return err;
	}
	*ret_strings = strings;
	*ret_count = count;
	return NULL;
}

rk_error *
rk_keep_strings_node(char *const *strings, size_t count, rk_node **ret_array)
{
	RK_AUTO(rk_node) array = rk_node_new_array();
	rk_error *err = NULL;

	if (!array)
		return rk_out_of_memory();
	for (size_t i = 0; i < count && !err; i++)
		err = rk_node_append_text(array, strings[i]);
	if (!err)
		*ret_array = RK_TAKE(array);
	return err;
}

rk_error *
rk_keep_digest_read(const char *hex, const char *where, uint8_t out[static RK_SHA256_SIZE])
{
	size_t len = strlen(hex);
	rk_error *err = NULL;

	if (strspn(hex, "0123456789abcdef") != len)
		err = rk_fail(RK_E_MALFORMED, "restore it from a copy", "not lower-case hex");
	else
		err = rk_unhex(hex, len, out, RK_SHA256_SIZE);
	return err ? rk_wrap(err, "%s: %s is no SHA-256 digest", where, RK_SHOW(hex)) : NULL;
}
