#include "tuf/targets_private.h"

#include <stdlib.h>
#include <string.h>

struct comparison {
	const rk_envelope *before, *after;
	rk_error *(*each)(void *context, const rk_target *before, const rk_target *after);
	void *context;
};

static rk_error *
tell(const struct comparison *what, const struct rk_targets_cursor *before,
    const struct rk_targets_cursor *after)
{
	RK_AUTO(rk_target) was = NULL;
	RK_AUTO(rk_target) is = NULL;
	rk_error *err = NULL;

	if (before)
		err = rk_targets_read_entry(what->before, &before->key, &before->value, &was);
	if (!err && after)
		err = rk_targets_read_entry(what->after, &after->key, &after->value, &is);
	if (err || (was && is && rk_targets_same(was, is)))
		return err;
	return what->each(what->context, was, is);
}

static bool
same_text(const rk_json *a, const rk_json *b)
{
	return a->len == b->len && !memcmp(a->text, b->text, a->len);
}

static rk_error *
merge(const struct comparison *what, struct rk_targets_cursor *before,
    struct rk_targets_cursor *after)
{
	rk_error *err = NULL;

	while (!err && (before->more || after->more)) {
		int order = !before->more  ? 1
			    : !after->more ? -1
					   : rk_json_compare(&before->key, &after->key);

		if (order != 0)
			err = tell(what, order < 0 ? before : NULL, order > 0 ? after : NULL);
		else if (!same_text(&before->value, &after->value))
			err = tell(what, before, after);
		if (order <= 0)
			rk_targets_cursor_next(before);
		if (order >= 0)
			rk_targets_cursor_next(after);
	}
	return err;
}

rk_error *
rk_targets_compare(const rk_envelope *before, const rk_envelope *after,
    rk_error *(*each)(void *context, const rk_target *before, const rk_target *after),
    void *context)
{
	static const rk_json none = {.text = "{}", .len = 2, .kind = RK_JSON_OBJECT};
	const struct comparison what = {before, after, each, context};
	struct rk_targets_cursor was = {0}, is = {0};
	rk_error *err = rk_targets_cursor_open(before,
	    before->targets_span.kind == RK_JSON_OBJECT ? &before->targets_span : &none, &was);

	if (!err)
		err = rk_targets_cursor_open(after,
		    after->targets_span.kind == RK_JSON_OBJECT ? &after->targets_span : &none, &is);
	if (!err)
		err = merge(&what, &was, &is);
	rk_targets_cursor_close(&was);
	rk_targets_cursor_close(&is);
	return err;
}

/* the edits of an array */

static rk_error *
list_next(rk_target_edits *self, struct rk_target_edit *ret_edit, bool *ret_more)
{
	rk_target_edit_list *list = (rk_target_edit_list *)self;

	*ret_more = list->at < list->count;
	if (*ret_more)
		*ret_edit = list->items[list->at++];
	return NULL;
}

struct ranked {
	struct rk_target_edit edit;
	size_t rank; /* where it stood: of two with one name the later counts */
};

static int
compare_ranked(const void *a, const void *b)
{
	const struct ranked *left = a, *right = b;
	int order = strcmp(left->edit.target->name, right->edit.target->name);

	return order ? order : (left->rank > right->rank) - (left->rank < right->rank);
}

rk_error *
rk_target_edit_list_init(rk_target_edit_list *list, struct rk_target_edit *items, size_t count)
{
	struct ranked *ranked = calloc(count + 1, sizeof(*ranked));
	size_t kept = 0;

	if (!ranked)
		return rk_out_of_memory();
	for (size_t i = 0; i < count; i++)
		ranked[i] = (struct ranked){items[i], i};
	qsort(ranked, count, sizeof(*ranked), compare_ranked);
	for (size_t i = 0; i < count; i++) {
		bool twin = i + 1 < count &&
			    !strcmp(ranked[i].edit.target->name, ranked[i + 1].edit.target->name);

		if (!twin)
			items[kept++] = ranked[i].edit;
	}
	free(ranked);
	*list = (rk_target_edit_list){.edits = {list_next}, .items = items, .count = kept};
	return NULL;
}
