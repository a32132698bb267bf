#include "keep/check_private.h"

#include "base/show.h"
#include "keep/change.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const char *const severity_names[] = {
    [RK_CHECK_NOTE] = "note",
    [RK_CHECK_WARNING] = "warning",
    [RK_CHECK_WRONG] = "wrong",
};

const char *
rk_check_severity_name(enum rk_check_severity severity)
{
	return (unsigned)severity <= RK_CHECK_WRONG ? severity_names[severity] : "unknown";
}

static rk_error *
grow(rk_check *check)
{
	rk_check_finding *more;

	if (check->count & (check->count - 1))
		return NULL;
	more = reallocarray(check->findings, check->count ? 2 * check->count : 1, sizeof(*more));
	if (!more)
		return rk_out_of_memory();
	check->findings = more;
	return NULL;
}

static rk_error *
add(rk_check *check, const struct rk_check_place *place, rk_buf *sentence)
{
	RK_AUTO(rk_str) path = NULL;
	RK_AUTO(rk_str) remedy = NULL;
	RK_AUTO(rk_str) text = NULL;
	rk_error *err;

	err = rk_strdup(place->path, &path);
	if (!err && place->remedy)
		err = rk_strdup(place->remedy, &remedy);
	if (!err)
		err = rk_buf_check(sentence);
	if (!err)
		err = rk_buf_take(sentence, &text);
	if (!err)
		err = grow(check);
	if (err)
		return err;
	check->findings[check->count++] = (rk_check_finding){
	    .severity = place->severity,
	    .path = RK_TAKE(path),
	    .sentence = RK_TAKE(text),
	    .remedy = RK_TAKE(remedy),
	};
	if (place->severity != RK_CHECK_NOTE)
		check->wrong++;
	return NULL;
}

rk_error *
rk_check_tell(rk_check *check, const struct rk_check_place *place, const char *fmt, ...)
{
	RK_AUTO_BUF(sentence);
	va_list args;

	va_start(args, fmt);
	rk_buf_vprintf(&sentence, fmt, args);
	va_end(args);
	return add(check, place, &sentence);
}

rk_error *
rk_check_tell_error(
    rk_check *check, enum rk_check_severity severity, const char *path, rk_error *err)
{
	struct rk_check_place place = {severity, path, rk_error_remedy(err)};
	RK_AUTO_BUF(sentence);
	rk_error *result;

	if (rk_error_code(err) == RK_E_NOMEM)
		return err;
	for (const rk_error *at = err; at; at = rk_error_cause(at)) {
		if (at != err)
			rk_buf_text(&sentence, ": ");
		rk_buf_text(&sentence, rk_error_message(at));
	}
	result = add(check, &place, &sentence);
	rk_error_free(err);
	return result;
}

void
rk_check_free(rk_check *check)
{
	if (!check)
		return;
	for (size_t i = 0; i < check->count; i++) {
		free(check->findings[i].path);
		free(check->findings[i].sentence);
		free(check->findings[i].remedy);
	}
	free(check->findings);
	free(check->path);
	free(check);
}

static rk_error *
check_keep_file(rk_check *check, const rk_dir *dir, rk_keep **ret_keep)
{
	RK_AUTO(rk_text) text = NULL;
	rk_error *err;

	err = rk_text_read(dir, RK_KEEP_FILE, RK_KEEP_MAX, &text);
	if (!err)
		err = rk_keep_judge(text, ret_keep);
	return err ? rk_check_tell_error(check, RK_CHECK_WRONG, RK_KEEP_FILE, err) : NULL;
}

static rk_error *
check_journal(rk_check *check, const rk_dir *dir)
{
	struct rk_check_place torn = {RK_CHECK_WARNING, RK_JOURNAL_FILE,
	    "the next command that writes sets it aside in journal.torn"};
	struct rk_check_place aside = {RK_CHECK_NOTE, RK_JOURNAL_TORN,
	    "look whether a copy of the journal has it; then it may be removed"};
	rk_journal_head head = {0};
	rk_error *err;

	err = rk_journal_verify(dir, &head);
	if (err)
		return rk_check_tell_error(check, RK_CHECK_WRONG, RK_JOURNAL_FILE, err);
	if (head.torn)
		err = rk_check_tell(check, &torn, "its last line is torn (%llu bytes)",
		    (unsigned long long)head.torn);
	if (!err && rk_file_exists(dir, RK_JOURNAL_TORN))
		err = rk_check_tell(
		    check, &aside, "a line of the journal was torn once, and is set aside here");
	return err;
}

static rk_error *
check_pending(rk_check *check, const rk_dir *dir)
{
	struct rk_check_place place = {RK_CHECK_WARNING, RK_CHANGE_INTENT,
	    "run any other command on the keep, which finishes it"};

	if (!rk_change_is_pending(dir))
		return NULL;
	return rk_check_tell(check, &place, "a change was interrupted and is not finished");
}

static rk_error *
check_all(rk_check *check, const rk_dir *dir)
{
	RK_AUTO(rk_keep) keep = NULL;
	rk_error *err;

	err = check_keep_file(check, dir, &keep);
	if (!err)
		err = check_pending(check, dir);
	if (!err)
		err = check_journal(check, dir);
	if (!err)
		err = rk_check_files(check, dir);
	if (!err && keep)
		err = rk_check_certificates(check, dir, keep);
	if (!err && keep)
		err = rk_check_attestations(check, dir, keep);
	if (!err)
		err = rk_check_repos(check, dir, keep);
	return err;
}

rk_error *
rk_check_keep(const struct rk_keep_options *options, rk_check **ret_check)
{
	RK_AUTO(rk_check) check = calloc(1, sizeof(*check));
	RK_AUTO(rk_dir) dir = NULL;
	const char *given = options->dir ? options->dir : options->from ? options->from : ".";
	rk_error *err;

	if (!check)
		return rk_out_of_memory();
	err = rk_keep_find(options, &dir);
	if (err && rk_error_code(err) != RK_E_UNSAFE)
		return err;
	if (err) {
		/* What may not be believed is not read either. */
		err = rk_check_tell_error(check, RK_CHECK_WRONG, ".", err);
		if (!err)
			err = rk_strdup(given, &check->path);
	} else {
		err = rk_strdup(rk_dir_path(dir), &check->path);
		if (!err)
			err = check_all(check, dir);
	}
	if (!err)
		*ret_check = RK_TAKE(check);
	return err;
}
