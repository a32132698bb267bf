#include "keep/change.h"
#include "keep/keep_private.h"

#include "base/show.h"

#include <stdlib.h>
#include <unistd.h>

/* A commit takes milliseconds, or some seconds where thousands of files change. */
#define COMMIT_TRIES 500
#define COMMIT_PAUSE 20000 /* microseconds */

const rk_dir *
rk_keep_dir(const rk_keep *keep)
{
	return keep->dir;
}

const char *
rk_keep_path(const rk_keep *keep)
{
	return rk_dir_path(keep->dir);
}

rk_env *
rk_keep_env(const rk_keep *keep)
{
	return keep->env;
}

bool
rk_keep_is_writable(const rk_keep *keep)
{
	return keep->lock != NULL;
}

bool
rk_keep_is_new(const rk_keep *keep)
{
	return keep->is_new;
}

/* What an interrupted writer left, put right under the lock, and said. */
static rk_error *
put_right(const rk_dir *dir, rk_env *env)
{
	bool is_finished = false, is_torn = false;
	rk_error *err;

	err = rk_change_recover(dir, &is_finished);
	if (!err && is_finished)
		rk_sayf(env, RK_SAY_WARNING,
		    "an interrupted change of %s has been finished just now",
		    RK_SHOW(rk_dir_path(dir)));
	if (!err)
		err = rk_journal_mend(dir, &is_torn);
	if (!err && is_torn)
		rk_sayf(env, RK_SAY_WARNING,
		    "the journal's last line was torn: it is set aside in %s", RK_JOURNAL_TORN);
	return err;
}

/* A reader meets an intent: a writer is at it right now, or died. */
static rk_error *
settle(const rk_dir *dir, rk_env *env)
{
	RK_AUTO(rk_lock) lock = NULL;
	rk_error *err = NULL;

	for (unsigned try = 0; rk_change_is_pending(dir); try++) {
		err = rk_lock_take(dir, RK_KEEP_LOCK, &lock);
		if (!err)
			return put_right(dir, env);
		if (rk_error_code(err) != RK_E_BUSY || try == COMMIT_TRIES)
			return rk_wrap(
			    err, "a change of %s is not finished", RK_SHOW(rk_dir_path(dir)));
		rk_error_free(err);
		usleep(COMMIT_PAUSE);
	}
	return NULL;
}

static rk_error *
load(rk_keep *keep)
{
	RK_AUTO(rk_text) text = NULL;
	rk_error *err;

	err = rk_text_read(keep->dir, RK_KEEP_FILE, RK_KEEP_MAX, &text);
	if (rk_error_code(err) == RK_E_NOT_FOUND && keep->is_new) {
		rk_error_free(err);
		return NULL;
	}
	keep->is_new = false;
	return err ? err : rk_keep_read(keep, text, RK_KEEP_FILE);
}

rk_error *
rk_keep_open(const struct rk_keep_options *options, rk_keep **ret_keep)
{
	RK_AUTO(rk_keep) keep = NULL;
	rk_error *err;

	err = rk_keep_blank(&keep);
	if (!err)
		err = rk_keep_find_or_begin(options, &keep->dir, &keep->is_new);
	if (err)
		return err;
	keep->env = options->env;
	if (options->write) {
		err = rk_lock_take(keep->dir, RK_KEEP_LOCK, &keep->lock);
		if (!err)
			err = put_right(keep->dir, keep->env);
	} else {
		err = settle(keep->dir, keep->env);
	}
	if (!err)
		err = load(keep);
	if (!err)
		*ret_keep = RK_TAKE(keep);
	return err;
}

/* A folder that did not become a keep is left as it was found. */
static void
leave_no_trace(const rk_keep *keep)
{
	if (keep->is_new && keep->lock && !rk_file_exists(keep->dir, RK_KEEP_FILE) &&
	    !rk_change_is_pending(keep->dir))
		rk_error_free(rk_file_remove(keep->dir, RK_KEEP_LOCK));
}

void
rk_keep_free(rk_keep *keep)
{
	if (!keep)
		return;
	for (size_t i = 0; i < keep->keys.count; i++)
		rk_keep_key_free(keep->keys.items[i]);
	for (size_t i = 0; i < keep->repos.count; i++)
		rk_keep_repo_free(keep->repos.items[i]);
	rk_keep_list_clear(&keep->keys);
	rk_keep_list_clear(&keep->prints);
	rk_keep_list_clear(&keep->repos);
	rk_node_free(keep->policy);
	rk_node_free(keep->own_policy);
	rk_node_free(keep->rest);
	leave_no_trace(keep);
	rk_lock_free(keep->lock);
	rk_dir_free(keep->dir);
	free(keep);
}
