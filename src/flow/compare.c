#include "flow/compare.h"

#include "base/show.h"

#include <stdarg.h>
#include <string.h>

struct compare {
	rk_repo *repo;
	const char *role;
	rk_error *(*each)(void *context, const struct rk_compare_line *line);
	void *context;
};

static rk_error *say(struct compare *compare, const char *kind, const char *subject,
    const char *fmt, ...) RK_PRINTF(4, 5);

static rk_error *
say(struct compare *compare, const char *kind, const char *subject, const char *fmt, ...)
{
	struct rk_compare_line line = {.role = compare->role, .kind = kind, .subject = subject};
	RK_AUTO_BUF(text);
	va_list args;
	rk_error *err;

	va_start(args, fmt);
	rk_buf_vprintf(&text, fmt, args);
	va_end(args);
	err = rk_buf_check(&text);
	line.sentence = rk_buf_str(&text);
	return err ? err : compare->each(compare->context, &line);
}

/* Keys of `from` that `to` does not have, by public key. */
static rk_error *
keys_only_in(struct compare *compare, const char *role, const rk_root *from, const rk_root *to,
    const char *kind, const char *verb)
{
	enum rk_role_kind which = rk_role_kind_of(role);
	const rk_role *have = from ? rk_root_role(from, which) : NULL;
	rk_error *err = NULL;

	for (size_t i = 0; have && i < have->keyid_count && !err; i++) {
		const rk_tuf_key *key = rk_keyring_by_id(from->keys, have->keyids[i]);
		const char *name = key ? rk_repo_key_name(compare->repo, key) : "(no such key)";

		if (to && rk_role_has(rk_root_role(to, which), have->keyids[i]))
			continue;
		err = say(compare, kind, name, "%s key %s %s", role, name, verb);
	}
	return err;
}

static rk_error *
compare_root_role(
    struct compare *compare, const char *role, const rk_root *before, const rk_root *after)
{
	enum rk_role_kind which = rk_role_kind_of(role);
	uint32_t was = before ? rk_root_role(before, which)->threshold : 0;
	uint32_t is = rk_root_role(after, which)->threshold;
	rk_error *err =
	    keys_only_in(compare, role, before, after, "key-removed", "is trusted no more");

	if (!err)
		err = keys_only_in(compare, role, after, before, "key-added", "is trusted");
	if (!err && was != is && was)
		err = say(compare, "threshold", role, "%s needs %u signatures instead of %u", role,
		    is, was);
	else if (!err && was != is)
		err = say(compare, "threshold", role, "%s needs %u signature%s", role, is,
		    is == 1 ? "" : "s");
	return err;
}

static rk_error *
compare_root(struct compare *compare, bool first)
{
	static const char *const roles[] = {"root", "targets", "snapshot", "timestamp"};
	const rk_root *before = NULL, *after = NULL;
	rk_error *err = rk_repo_root(compare->repo, RK_VIEW_NEXT, &after);

	if (!err && !first)
		err = rk_repo_root(compare->repo, RK_VIEW_PUBLISHED, &before);
	for (size_t i = 0; i < 4 && !err; i++)
		err = compare_root_role(compare, roles[i], before, after);
	if (!err && before && before->consistent_snapshot != after->consistent_snapshot)
		err = say(compare, "file", NULL, "consistent snapshots are %s",
		    after->consistent_snapshot ? "on" : "off");
	return err;
}

static rk_error *
compare_target(void *context, const rk_target *before, const rk_target *after)
{
	struct compare *compare = context;

	if (!before)
		return say(compare, "target-added", after->name, "%s is added (%llu bytes)",
		    RK_SHOW(after->name), (unsigned long long)after->length);
	if (!after)
		return say(compare, "target-removed", before->name, "%s is removed",
		    RK_SHOW(before->name));
	return say(compare, "target-changed", after->name, "%s is changed (%llu to %llu bytes)",
	    RK_SHOW(after->name), (unsigned long long)before->length,
	    (unsigned long long)after->length);
}

static rk_error *
compare_new_targets(struct compare *compare, rk_envelope *after)
{
	rk_targets_iter iter = rk_targets_each(after);
	rk_error *err = NULL;

	while (!err) {
		RK_AUTO(rk_target) target = NULL;

		err = rk_targets_next(&iter, &target);
		if (err || !target)
			break;
		err = compare_target(compare, NULL, target);
	}
	return err;
}

static rk_error *
compare_header(struct compare *compare, const rk_envelope *before, const rk_envelope *after)
{
	rk_error *err;

	if (!before)
		return say(compare, "version", NULL, "version %lld is the first; it expires %s",
		    (long long)after->version, RK_TIME(after->expires));
	err = say(compare, "version", NULL, "version %lld follows %lld", (long long)after->version,
	    (long long)before->version);
	if (!err && before->expires != after->expires)
		err = say(compare, "expiry", NULL, "it expires %s instead of %s",
		    RK_TIME(after->expires), RK_TIME(before->expires));
	return err;
}

static rk_error *
compare_role(struct compare *compare)
{
	rk_envelope *before = NULL, *after = NULL;
	rk_error *err = rk_repo_envelope(compare->repo, RK_VIEW_PUBLISHED, compare->role, &before);

	if (!err)
		err = rk_repo_staged(compare->repo, compare->role, &after);
	if (!err)
		err = compare_header(compare, before, after);
	if (err)
		return err;
	if (after->kind == RK_ROLE_ROOT)
		return compare_root(compare, before == NULL);
	if (after->kind != RK_ROLE_TARGETS)
		return NULL;
	return before ? rk_targets_compare(before, after, compare_target, compare)
		      : compare_new_targets(compare, after);
}

rk_error *
rk_compare_staged(rk_repo *repo,
    rk_error *(*each)(void *context, const struct rk_compare_line *line), void *context)
{
	struct compare compare = {.repo = repo, .each = each, .context = context};
	RK_AUTO(rk_names) roles = NULL;
	rk_error *err = rk_repo_staged_roles(repo, &roles);

	for (size_t i = 0; !err && i < roles->count; i++) {
		compare.role = roles->names[i];
		err = compare_role(&compare);
	}
	return err;
}
