#include "keep/change_private.h"
#include "keep/keep_private.h"

#include "base/show.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static rk_error *
add_keep(rk_change *change)
{
	RK_AUTO_BUF(text);
	rk_sink sink;
	rk_error *err;

	err = rk_keep_text(change->keep, &text);
	if (!err)
		err = rk_change_file_begin(change, RK_KEEP_FILE, RK_CHANGE_REPLACE);
	if (err)
		return err;
	sink = rk_change_file_sink(change);
	err = sink.write(sink.context, text.data, text.len);
	return err ? err : rk_change_file_end(change);
}

/* keep.json comes first: what is out never depends on what the keep does not know. */
static void
put_keep_first(struct rk_change_effects *effects)
{
	struct rk_change_effect last;

	if (!effects->count)
		return;
	last = effects->items[effects->count - 1];
	if (strcmp(last.path, RK_KEEP_FILE) != 0)
		return;
	memmove(
	    &effects->items[1], &effects->items[0], (effects->count - 1) * sizeof(*effects->items));
	effects->items[0] = last;
}

/* A folder on the way to a file: what would stop a rename must be known before the intent. */
static rk_error *
judge_folder(const rk_change *change, const char *folder, dev_t disk, bool *ret_exists)
{
	int fd = rk_dir_fd(change->dir);
	struct stat st;

	*ret_exists = fstatat(fd, folder, &st, AT_SYMLINK_NOFOLLOW) == 0;
	if (!*ret_exists && errno == ENOENT)
		return NULL;
	if (!*ret_exists || !S_ISDIR(st.st_mode))
		return rk_fail(RK_E_UNSAFE, "put a folder in its place",
		    "%s in the keep is not a folder", RK_SHOW(folder));
	if (st.st_dev != disk)
		return rk_fail(RK_E_UNSAFE, "keep the whole keep on one disk",
		    "%s in the keep is on another file system", RK_SHOW(folder));
	return NULL;
}

static rk_error *
may_write(const rk_change *change, const char *folder)
{
	if (faccessat(rk_dir_fd(change->dir), folder, W_OK | X_OK, AT_EACCESS) == 0)
		return NULL;
	return rk_fail_errno(RK_E_IO, errno, "check who owns it and its mode",
	    "cannot write to %s in the keep", RK_SHOW(folder));
}

/* Effects on one folder are neighbours, and what was judged for the last one holds. */
static bool
is_beside(const rk_change *change, const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) + 1 : 0;

	return change->judged && strncmp(change->judged, path, len) == 0 &&
	       !strchr(change->judged + len, '/');
}

/* The folders above a file, from the top: each is one of ours, or does not exist yet. */
static rk_error *
judge_way(rk_change *change, const char *path)
{
	RK_AUTO(rk_str) folder = NULL;
	RK_AUTO(rk_str) last = NULL;
	struct stat top;
	bool exists = true;
	rk_error *err;

	if (is_beside(change, path))
		return NULL;
	if (fstat(rk_dir_fd(change->dir), &top) != 0)
		return rk_fail_errno(RK_E_IO, errno, "check the disk", "cannot look at the keep");
	err = rk_strdup(path, &folder);
	if (!err)
		err = rk_strdup(".", &last);
	if (err)
		return err;
	for (char *slash = strchr(folder, '/'); slash && exists; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		err = judge_folder(change, folder, top.st_dev, &exists);
		if (!err && exists) {
			free(RK_TAKE(last));
			err = rk_strdup(folder, &last);
		}
		if (err)
			return err;
		*slash = '/';
	}
	err = may_write(change, last);
	free(RK_TAKE(change->judged));
	return err ? err : rk_strdup(path, &change->judged);
}

/* The digest of what is there; NULL in `ret` where nothing is. */
static rk_error *
digest_before(const rk_change *change, const char *path, uint8_t digest[static RK_SHA256_SIZE],
    const uint8_t **ret)
{
	rk_error *err = rk_file_sha256(change->dir, path, digest, NULL);

	if (rk_error_code(err) == RK_E_NOT_FOUND) {
		rk_error_free(err);
		*ret = NULL;
		return NULL;
	}
	if (!err)
		*ret = digest;
	return err;
}

static rk_error *
note(const rk_change *change, size_t entry, const char *path, const uint8_t *before,
    const uint8_t *after)
{
	if (!change->entry_count)
		return NULL;
	if (entry >= change->entry_count)
		entry = change->entry_count - 1;
	return rk_journal_entry_file(change->entries[entry], path, before, after);
}

/* What is there already needs no effect: a file that moves is only dropped where it was. */
static rk_error *
settle_same(const rk_change *change, struct rk_change_effect *effect, bool *ret_stays)
{
	char *from = effect->from;

	*ret_stays = effect->is_move && !effect->is_refilled;
	if (!*ret_stays)
		return NULL;
	effect->kind = RK_CHANGE_DROP;
	effect->from = NULL;
	free(effect->path);
	effect->path = from;
	effect->is_move = false;
	return note(change, effect->entry, effect->path, effect->sha256, NULL);
}

/* Look at what is there, and tell the journal. `*ret_stays`: there is something to do. */
static rk_error *
prepare(rk_change *change, struct rk_change_effect *effect, bool *ret_stays)
{
	uint8_t digest[RK_SHA256_SIZE];
	const uint8_t *before = NULL;
	rk_error *err;

	err = judge_way(change, effect->path);
	if (!err && effect->is_move)
		err = judge_way(change, effect->from);
	if (!err)
		err = digest_before(change, effect->path, digest, &before);
	if (err)
		return err;
	if (effect->kind == RK_CHANGE_DROP) {
		*ret_stays = before != NULL;
		return before ? note(change, effect->entry, effect->path, before, NULL) : NULL;
	}
	if (before && memcmp(before, effect->sha256, RK_SHA256_SIZE) == 0)
		return settle_same(change, effect, ret_stays);
	if (before && effect->how == RK_CHANGE_CREATE)
		return rk_fail(RK_E_EXISTS,
		    "look at it: a file of that name is never replaced by another",
		    "%s is there already, with other contents", RK_SHOW(effect->path));
	*ret_stays = true;
	err = note(change, effect->entry, effect->path, before, effect->sha256);
	if (!err && effect->is_move)
		err = note(change, effect->entry, effect->from, effect->sha256, NULL);
	return err;
}

static rk_error *
prepare_all(rk_change *change)
{
	struct rk_change_effects *effects = &change->effects;
	size_t kept = 0;
	rk_error *err = NULL;

	/* While the index still fits: below, effects move up. */
	for (size_t i = 0; i < effects->count; i++) {
		struct rk_change_effect *effect = &effects->items[i];

		effect->is_refilled = effect->is_move && rk_change_index_find(&change->index,
							     effects, effect->from) != NULL;
	}
	for (size_t i = 0; i < effects->count; i++) {
		struct rk_change_effect effect = effects->items[i];
		bool stays = true;

		if (!err)
			err = prepare(change, &effect, &stays);
		if (stays) {
			effects->items[kept++] = effect;
		} else {
			free(effect.from);
			free(effect.path);
		}
	}
	effects->count = kept;
	put_keep_first(effects);
	return err;
}

/* Each line holds the digest of the one before it. */
static rk_error *
add_line(rk_change *change, rk_journal_entry *entry, rk_journal_head *head)
{
	RK_AUTO_BUF(text);
	rk_error *err = rk_journal_line(entry, head, &text);

	if (err)
		return err;
	if (change->line.text.len > 0)
		rk_buf_byte(&change->line.text, '\n');
	rk_buf_append(&change->line.text, text.data, text.len);
	rk_sha256(text.data, text.len, head->sha256);
	head->count++;
	return rk_buf_check(&change->line.text);
}

static rk_error *
make_lines(rk_change *change)
{
	rk_journal_head head;
	rk_error *err;

	if (!change->entry_count)
		return NULL;
	err = rk_journal_read_head(change->dir, &head);
	if (!err && head.torn)
		err = rk_fail(RK_E_MALFORMED, "run the command again, which sets it aside",
		    "the journal's last line is torn");
	for (size_t i = 0; i < change->entry_count && !err; i++)
		err = add_line(change, change->entries[i], &head);
	if (err)
		return err;
	change->line.offset = head.size;
	return rk_journal_reserve(change->dir, head.size, change->line.text.len + 1);
}

static rk_error *
sync_pending(const rk_change *change)
{
	if (!change->pending)
		return NULL;
	if (change->wants_sync && syncfs(rk_dir_fd(change->dir)) != 0)
		return rk_fail_errno(RK_E_IO, errno, "check the disk, then run it again",
		    "cannot bring the new files to the disk");
	return rk_dir_sync(change->pending, NULL);
}

/* One file, or one line, is whole or not there without an intent. */
static bool
wants_intent(const rk_change *change)
{
	return change->effects.count + change->entry_count > 1;
}

static rk_error *
decide(rk_change *change)
{
	RK_AUTO_BUF(text);
	rk_error *err;

	if (!wants_intent(change))
		return NULL;
	err = rk_change_intent_write(&change->effects, &change->line, &text);
	if (err)
		return err;
	change->is_decided = true;
	err = rk_file_replace(change->dir, RK_CHANGE_INTENT, text.data, text.len, RK_CHANGE_MODE);
	if (err) {
		rk_error *undo = rk_change_forget(change->dir);

		/* Without the undoing it may still be there, and needs its files. */
		change->is_decided = undo != NULL;
		return rk_join(err, undo);
	}
	return NULL;
}

static rk_error *
carry_out(rk_change *change)
{
	rk_error *err;

	err = rk_change_apply(change->dir, &change->effects, &change->line, false);
	if (!err && change->is_decided)
		err = rk_change_forget(change->dir);
	if (err && change->is_decided)
		return rk_advise(rk_wrap(err, "the change is decided, but not finished"),
		    "put right what is named; the next rootkeep command finishes it");
	if (err)
		return err;
	change->is_decided = false;
	return change->pending ? rk_change_clear(change->dir) : NULL;
}

static void
welcome(rk_keep *keep)
{
	if (!keep->is_new)
		return;
	keep->is_new = false;
	rk_sayf(keep->env, RK_SAY_INFO, "%s is a keep now", RK_SHOW(rk_keep_path(keep)));
}

rk_error *
rk_change_commit(rk_change *change)
{
	rk_error *err;

	if (change->is_spent)
		return rk_fail(RK_E_INTERNAL, NULL, "a change is committed twice");
	if (rk_change_is_empty(change)) {
		change->is_spent = true;
		return NULL;
	}
	err = rk_change_file_end(change);
	if (!err && (change->saves_keep || change->keep->is_new))
		err = add_keep(change);
	change->is_spent = true;
	if (!err)
		err = prepare_all(change);
	if (!err)
		err = make_lines(change);
	if (!err)
		err = sync_pending(change);
	if (!err)
		err = decide(change);
	if (!err)
		err = carry_out(change);
	if (!err)
		welcome(change->keep);
	else if (change->pending && !change->is_decided)
		err = rk_join(err, rk_change_clear(change->dir));
	return err;
}
