#include "flow/signing_private.h"

#include "base/show.h"

#include <stdlib.h>
#include <string.h>

static enum rk_view
view_of(const struct rk_signing_repo *run, bool new_root)
{
	return new_root || run->first ? RK_VIEW_NEXT : RK_VIEW_PUBLISHED;
}

rk_error *
rk_signing_is_held(struct rk_signing_repo *run, const char *role, bool new_root, bool *ret_held)
{
	return rk_repo_is_held(run->repo, view_of(run, new_root), role, ret_held);
}

rk_error *
rk_signing_published_holds(
    struct rk_signing_repo *run, const char *role, bool new_root, bool *ret_holds)
{
	RK_AUTO(rk_verdict) verdict = NULL;
	struct rk_authority authority;
	rk_envelope *published = NULL;
	rk_error *err = rk_repo_envelope(run->repo, RK_VIEW_PUBLISHED, role, &published);

	*ret_holds = false;
	if (err || !published)
		return err;
	err = rk_repo_authority(run->repo, view_of(run, new_root), role, &authority);
	if (!err)
		err = rk_verify(published, authority.role, authority.keys, &verdict);
	if (!err)
		*ret_holds = verdict->met;
	return err;
}

static bool
is_remembered(const rk_memory_record *record, const char *role, int64_t version)
{
	for (size_t i = 0; record && i < record->count; i++)
		if (record->payloads[i].version == version &&
		    !strcmp(record->payloads[i].role, role))
			return true;
	return false;
}

rk_error *
rk_signing_skip_signed(struct rk_signing_repo *run, const char *role, int64_t *version)
{
	RK_AUTO(rk_memory_record) record = NULL;
	rk_error *err = rk_memory_recall(run->signing->options.memory, run->anchor, &record);

	if (rk_error_code(err) == RK_E_NOT_FOUND) {
		rk_error_free(err);
		err = NULL;
	}
	if (err)
		return err;
	while (is_remembered(record, role, *version) ||
	       rk_keep_repo_is_outstanding(rk_repo_entry(run->repo), role, *version))
		(*version)++;
	return NULL;
}

/* The version of a file that this run makes. */
static rk_error *
new_version(struct rk_signing_repo *run, const char *role, int64_t *ret_version)
{
	rk_error *err = rk_repo_next_version(run->repo, role, ret_version);

	return err ? err : rk_signing_skip_signed(run, role, ret_version);
}

/* A text as a doc's envelope. */
static rk_error *
open_text(
    const struct rk_signing_repo *run, rk_text *text, const char *role, rk_envelope **ret_envelope)
{
	RK_AUTO(rk_str) name = NULL;
	const rk_dialect *dialect = rk_repo_dialect(run->repo);
	rk_error *err = dialect->plain_name(role, &name);

	if (err) {
		rk_text_free(text);
		return err;
	}
	return rk_envelope_open(dialect, text, name, ret_envelope);
}

/* The published file once more, as its next version; not in the keep yet, which a plan leaves alone. */
static rk_error *
restate(struct rk_signing_repo *run, const char *role, rk_envelope *published)
{
	struct rk_targets_change change = {0};
	RK_AUTO(rk_spool) spool = NULL;
	rk_envelope *envelope = NULL;
	rk_text *text = NULL;
	rk_error *err = new_version(run, role, &change.version);

	if (!err)
		err = rk_repo_next_expiry(run->repo, role, &change.expires);
	if (!err)
		err = rk_spool_open(&spool);
	if (!err)
		err = rk_targets_rewrite(published, &change, rk_spool_sink(spool), NULL);
	if (!err)
		err = rk_spool_finish(spool, &text);
	if (!err)
		err = open_text(run, text, role, &envelope);
	return err ? err : rk_signing_doc_put(run, role, envelope, false);
}

rk_error *
rk_signing_derive_targets(struct rk_signing_repo *run)
{
	rk_envelope *published = NULL;
	bool held = false, holds = false;
	rk_error *err;

	if (!rk_signing_doc_of(run, "root") || rk_signing_doc_of(run, "targets"))
		return NULL;
	err = rk_repo_envelope(run->repo, RK_VIEW_PUBLISHED, "targets", &published);
	if (err || !published)
		return err;
	err = rk_signing_is_held(run, "targets", true, &held);
	if (!err)
		err = rk_signing_published_holds(run, "targets", true, &holds);
	return err || !held || holds ? err : restate(run, "targets", published);
}

/* What a client would be given: the doc that goes out, else the published file. */
static rk_error *
file_in_force(struct rk_signing_repo *run, const char *role, rk_envelope **ret_envelope)
{
	struct rk_signing_doc *doc = rk_signing_doc_of(run, role);

	if (doc && doc->publish) {
		*ret_envelope = doc->envelope;
		return NULL;
	}
	return rk_repo_envelope(run->repo, RK_VIEW_PUBLISHED, role, ret_envelope);
}

static bool
is_listed(const struct rk_signing_repo *run, const char *role)
{
	enum rk_role_kind kind = rk_role_kind_of(role);

	if (kind == RK_ROLE_ROOT)
		return rk_repo_dialect(run->repo)->meta_root;
	return kind >= RK_ROLE_TARGETS;
}

/* List every file that the snapshot names, as it will be. */
static rk_error *
list_files(struct rk_signing_repo *run, rk_snapshot *snapshot)
{
	RK_AUTO(rk_names) roles = NULL;
	rk_error *err = rk_repo_roles(run->repo, RK_VIEW_NEXT, &roles);

	for (size_t i = 0; !err && i < roles->count; i++) {
		const char *role = roles->names[i];
		struct rk_signing_doc *doc = rk_signing_doc_of(run, role);
		rk_envelope *file = NULL;

		if (!is_listed(run, role) ||
		    (!(doc && doc->publish) && rk_snapshot_entry_of(snapshot, role)))
			continue;
		err = file_in_force(run, role, &file);
		if (!err && file)
			err = rk_snapshot_list(snapshot, role, file);
	}
	return err;
}

/* An empty list, or the published one to go on with. */
static rk_error *
begin_list(struct rk_signing_repo *run, const char *role, rk_snapshot **ret_snapshot)
{
	rk_envelope *published = NULL;
	rk_error *err = rk_repo_envelope(run->repo, RK_VIEW_PUBLISHED, role, &published);

	if (err)
		return err;
	if (published)
		return rk_snapshot_read(published, ret_snapshot);
	return rk_snapshot_new(rk_repo_dialect(run->repo), rk_role_kind_of(role), 0, ret_snapshot);
}

static rk_error *
wanted_list(struct rk_signing_repo *run, const char *role, rk_snapshot **ret_snapshot)
{
	RK_AUTO(rk_snapshot) snapshot = NULL;
	rk_envelope *file = NULL;
	rk_error *err = begin_list(run, role, &snapshot);

	if (!err && rk_role_kind_of(role) == RK_ROLE_SNAPSHOT)
		err = list_files(run, snapshot);
	else if (!err)
		err = file_in_force(run, "snapshot", &file);
	if (!err && file)
		err = rk_snapshot_list(snapshot, "snapshot", file);
	if (!err)
		*ret_snapshot = RK_TAKE(snapshot);
	return err;
}

/* Is the published list still all there is to say, under the root that will be in force? */
static rk_error *
is_current(struct rk_signing_repo *run, const char *role, bool new_root, const rk_snapshot *wanted,
    bool *ret_current)
{
	RK_AUTO(rk_snapshot) published = NULL;
	rk_envelope *envelope = NULL;
	bool holds = false;
	rk_error *err;

	*ret_current = false;
	if (rk_signing_doc_of(run, role))
		return NULL;
	err = rk_signing_published_holds(run, role, new_root, &holds);
	if (err || !holds)
		return err;
	err = rk_repo_envelope(run->repo, RK_VIEW_PUBLISHED, role, &envelope);
	if (!err)
		err = rk_snapshot_read(envelope, &published);
	if (!err)
		*ret_current = rk_snapshot_same_files(published, wanted);
	return err;
}

/* A staged list with signatures is final: it must say what is wanted. */
static rk_error *
judge_frozen(struct rk_signing_repo *run, struct rk_signing_doc *doc, const rk_snapshot *wanted)
{
	RK_AUTO(rk_snapshot) staged = NULL;
	rk_error *err = rk_snapshot_read(doc->envelope, &staged);

	if (err || rk_snapshot_same_files(staged, wanted))
		return err;
	err = rk_fail(RK_E_REFUSED, NULL, "%s %lld of %s was signed before other files changed",
	    doc->role, (long long)doc->envelope->version, RK_SHOW(rk_repo_name(run->repo)));
	return rk_advise(err, "rootkeep reset %s --role %s, then sign again",
	    RK_SHOW_BARE(rk_repo_name(run->repo)), doc->role);
}

static rk_error *
compose_list(
    struct rk_signing_repo *run, const char *role, rk_snapshot *wanted, rk_envelope **ret_envelope)
{
	struct rk_signing_doc *doc = rk_signing_doc_of(run, role);
	rk_envelope *published = NULL;
	rk_style style;
	rk_text *text = NULL;
	int64_t version = 0, expires = 0;
	rk_error *err = rk_repo_envelope(run->repo, RK_VIEW_PUBLISHED, role, &published);

	if (!err && doc) {
		version = doc->envelope->version;
		expires = doc->envelope->expires;
	} else if (!err) {
		err = new_version(run, role, &version);
		if (!err)
			err = rk_repo_next_expiry(run->repo, role, &expires);
	}
	if (!err)
		err = rk_snapshot_set_version(wanted, version);
	if (!err)
		err = rk_snapshot_set_expires(wanted, expires);
	if (err)
		return err;
	if (published)
		style = rk_envelope_style(published);
	err = rk_snapshot_compose(wanted, published ? &style : NULL, &text);
	return err ? err : open_text(run, text, role, ret_envelope);
}

static rk_error *
derive_list(
    struct rk_signing_repo *run, const char *role, bool new_root, struct rk_signing_doc **ret_doc)
{
	RK_AUTO(rk_snapshot) wanted = NULL;
	struct rk_signing_doc *doc;
	rk_envelope *envelope = NULL;
	bool current = false;
	rk_error *err = wanted_list(run, role, &wanted);

	*ret_doc = NULL;
	if (!err)
		err = is_current(run, role, new_root, wanted, &current);
	if (err || current)
		return err;
	doc = rk_signing_doc_of(run, role);
	if (doc && doc->envelope->sig_count > 0) {
		err = judge_frozen(run, doc, wanted);
	} else {
		err = compose_list(run, role, wanted, &envelope);
		if (!err)
			err = rk_signing_doc_put(run, role, envelope, false);
	}
	if (err)
		return err;
	doc = rk_signing_doc_of(run, role);
	err = rk_signing_doc_judge(run, doc, new_root);
	if (!err)
		*ret_doc = doc;
	return err;
}

rk_error *
rk_signing_derive_snapshot(
    struct rk_signing_repo *run, bool new_root, struct rk_signing_doc **ret_doc)
{
	return derive_list(run, "snapshot", new_root, ret_doc);
}

rk_error *
rk_signing_derive_timestamp(
    struct rk_signing_repo *run, bool new_root, struct rk_signing_doc **ret_doc)
{
	return derive_list(run, "timestamp", new_root, ret_doc);
}
