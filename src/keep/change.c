#include "keep/change_private.h"
#include "keep/keep_private.h"

#include "base/show.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

rk_error *
rk_change_new(rk_keep *keep, rk_change **ret_change)
{
	rk_change *change;

	if (!rk_keep_is_writable(keep))
		return rk_fail(RK_E_INTERNAL, NULL, "a keep that is open for reading is changed");
	change = calloc(1, sizeof(*change));
	if (!change)
		return rk_out_of_memory();
	change->keep = keep;
	change->dir = rk_keep_dir(keep);
	*ret_change = change;
	return NULL;
}

static rk_error *
judge_parts(const char *path)
{
	for (const char *at = path; *at;) {
		size_t len = strcspn(at, "/");

		if (len == 0 || len > NAME_MAX || (len == 1 && *at == '.') ||
		    (len == 2 && strncmp(at, "..", 2) == 0))
			return rk_fail(RK_E_UNSAFE, "use a shorter name without '.' and '..'",
			    "%s is no path in a keep", RK_SHOW(path));
		at += len;
		at += *at == '/';
	}
	return NULL;
}

/* keep.json, the journal and what the house keeps hidden have ways of their own. */
static rk_error *
judge_path(const rk_change *change, const char *path)
{
	if (change->is_spent)
		return rk_fail(RK_E_INTERNAL, NULL, "a change is used after its commit");
	if (path[0] == '.' || path[0] == '/' || !path[0] || path[strlen(path) - 1] == '/' ||
	    strcmp(path, RK_KEEP_FILE) == 0 || strcmp(path, RK_JOURNAL_FILE) == 0)
		return rk_fail(
		    RK_E_INTERNAL, NULL, "%s is no path that a change may name", RK_SHOW(path));
	return judge_parts(path);
}

static rk_error *
replace(struct rk_change_effect *old, const struct rk_change_effect *effect)
{
	RK_AUTO(rk_str) from = NULL;
	rk_error *err = effect->from ? rk_strdup(effect->from, &from) : NULL;
	char *path = old->path;

	if (err)
		return err;
	if (old->kind == RK_CHANGE_PLACE && old->is_move)
		return rk_fail(RK_E_INTERNAL, NULL,
		    "a file is moved to %s and then replaced by one change", RK_SHOW(path));
	free(old->from);
	*old = *effect;
	old->from = RK_TAKE(from);
	old->path = path;
	return NULL;
}

rk_error *
rk_change_effect_put(rk_change *change, const struct rk_change_effect *effect)
{
	struct rk_change_effect *old =
	    rk_change_index_find(&change->index, &change->effects, effect->path);
	struct rk_change_effect told = *effect;
	rk_error *err;

	told.entry = change->entry_count;
	if (old)
		return replace(old, &told);
	err = rk_change_effects_add(&change->effects, &told);
	return err ? err : rk_change_index_last(&change->index, &change->effects);
}

rk_error *
rk_change_write(
    rk_change *change, const char *path, enum rk_change_how how, const void *bytes, size_t len)
{
	rk_sink sink;
	rk_error *err;

	err = rk_change_stream(change, path, how, &sink);
	if (!err)
		err = sink.write(sink.context, bytes, len);
	return err ? err : rk_change_file_end(change);
}

rk_error *
rk_change_stream(rk_change *change, const char *path, enum rk_change_how how, rk_sink *ret_sink)
{
	rk_error *err;

	err = judge_path(change, path);
	if (!err)
		err = rk_change_file_begin(change, path, how);
	if (!err)
		*ret_sink = rk_change_file_sink(change);
	return err;
}

/* A file that this change has written goes to its place from where it waits; what may stand under
 * the first name goes. */
static rk_error *
move_written(rk_change *change, size_t number, const char *to, enum rk_change_how how)
{
	struct rk_change_effect effect = change->effects.items[number];
	RK_AUTO(rk_str) from = NULL;
	rk_error *err;

	err = rk_strdup(effect.from, &from);
	if (err)
		return err;
	effect.from = from;
	effect.path = (char *)(uintptr_t)to;
	effect.how = how;
	err = rk_change_effect_put(change, &effect);
	/* The list may have moved: by its number. */
	if (!err)
		change->effects.items[number].kind = RK_CHANGE_DROP;
	return err;
}

rk_error *
rk_change_move(rk_change *change, const char *from, const char *to, enum rk_change_how how)
{
	struct rk_change_effect effect = {.kind = RK_CHANGE_PLACE, .how = how, .is_move = true};
	struct rk_change_effect *written;
	rk_error *err;

	err = judge_path(change, from);
	if (!err)
		err = judge_path(change, to);
	if (!err)
		err = rk_change_file_end(change);
	if (err)
		return err;
	written = rk_change_index_find(&change->index, &change->effects, from);
	if (written && written->kind == RK_CHANGE_PLACE)
		return move_written(change, (size_t)(written - change->effects.items), to, how);
	if (written)
		return rk_fail(
		    RK_E_NOT_FOUND, NULL, "%s is removed by the same change", RK_SHOW(from));
	err = rk_file_sha256(change->dir, from, effect.sha256, NULL);
	if (err)
		return err;
	effect.from = (char *)(uintptr_t)from;
	effect.path = (char *)(uintptr_t)to;
	return rk_change_effect_put(change, &effect);
}

rk_error *
rk_change_remove(rk_change *change, const char *path)
{
	struct rk_change_effect effect = {.kind = RK_CHANGE_DROP};
	rk_error *err;

	err = judge_path(change, path);
	if (!err)
		err = rk_change_file_end(change);
	if (err)
		return err;
	effect.path = (char *)(uintptr_t)path;
	return rk_change_effect_put(change, &effect);
}

void
rk_change_save_keep(rk_change *change)
{
	change->saves_keep = true;
}

rk_error *
rk_change_journal(rk_change *change, rk_journal_entry *entry)
{
	rk_journal_entry **more =
	    reallocarray(change->entries, change->entry_count + 1, sizeof(rk_journal_entry *));
	rk_error *err = more ? rk_change_file_end(change) : rk_out_of_memory();

	if (more)
		change->entries = more;
	if (err) {
		rk_journal_entry_free(entry);
		return err;
	}
	more[change->entry_count++] = entry;
	return NULL;
}

bool
rk_change_is_empty(const rk_change *change)
{
	return !change->effects.count && !change->file && !change->entry_count &&
	       !change->saves_keep;
}

void
rk_change_free(rk_change *change)
{
	if (!change)
		return;
	rk_change_file_drop(change);
	rk_change_effects_clear(&change->effects);
	rk_change_index_clear(&change->index);
	for (size_t i = 0; i < change->entry_count; i++)
		rk_journal_entry_free(change->entries[i]);
	free(change->entries);
	free(change->judged);
	rk_buf_clear(&change->line.text);
	/* Nothing of a change without an intent stays; what cannot be removed now goes at the next
	 * opening. */
	if (change->pending && !change->is_decided)
		rk_error_free(rk_change_clear(change->dir));
	rk_dir_free(change->pending);
	free(change);
}
