#include "tuf/chain_private.h"

#include "base/show.h"

#include <stdlib.h>
#include <string.h>

/* What must be true of a file that was fetched. */
struct demand {
	const char *role; /* the house's */
	const rk_role *trusted;
	const rk_keyring *keys;
	const char *under;
	const rk_snapshot_entry *entry; /* what the list says of it; NULL: nobody does */
	bool soft; /* clients go on without it, where it has expired or lacks signatures */
};

static enum rk_role_kind
document_kind(const char *role)
{
	enum rk_role_kind kind = rk_role_kind_of(role);

	return kind == RK_ROLE_DELEGATED ? RK_ROLE_TARGETS : kind;
}

/* The version of a file that nobody lists: the highest there is. */
static rk_error *
latest(struct rk_chain_walker *walker, const char *role, int64_t *ret_version)
{
	rk_source *source = walker->request->source;
	const struct rk_chain_ready *ready = rk_chain_ready_of(walker, role);
	RK_AUTO(rk_str) plain = NULL;
	int64_t first = 0, last = 0;
	rk_error *err = walker->request->dialect->plain_name(role, &plain);

	if (!err && source->range && rk_chain_is_consistent(walker)) {
		err = source->range(source, plain, &first, &last);
		if (ready && ready->envelope->version > last)
			last = ready->envelope->version;
	}
	if (!err)
		*ret_version = last;
	return err;
}

/* Where lists name no versions, the files' own may not go back: while the signatures of what was seen
 * before still hold under these keys. */
static rk_error *
judge_rollback(
    struct rk_chain_walker *walker, const struct demand *demand, const rk_envelope *envelope)
{
	const rk_client_state *since = walker->request->since;
	const rk_client_role *seen = since && !walker->request->dialect->meta_version
					 ? rk_client_role_of(since, demand->role)
					 : NULL;
	RK_AUTO(rk_verdict) verdict = NULL;
	rk_error *err;

	if (!seen || document_kind(demand->role) != RK_ROLE_TARGETS ||
	    envelope->version >= seen->envelope->version)
		return NULL;
	err = rk_verify(seen->envelope, demand->trusted, demand->keys, &verdict);
	if (err || !verdict->met)
		return err;
	return rk_chain_refuse(walker, demand->role, "%s went back from version %lld to %lld",
	    RK_SHOW_BARE(demand->role), (long long)seen->envelope->version,
	    (long long)envelope->version);
}

/* Is it a delegation's file that clients go on without? It is told, then. */
static rk_error *
judge_soft(struct rk_chain_walker *walker, const struct demand *demand,
    const struct rk_chain_found *found, bool *ret_left_out)
{
	const rk_envelope *envelope = found->envelope;
	bool met = found->verdict->met;
	bool expired = envelope->expires <= walker->request->now && !walker->request->ignore_expiry;

	*ret_left_out = demand->soft && (!met || expired);
	if (!*ret_left_out)
		return NULL;
	if (!met)
		return rk_chain_note(walker, RK_FINDING_WARNING, demand->role,
		    "version %lld has %u of %u signatures under its delegator's keys: clients go "
		    "on without it",
		    (long long)envelope->version, found->verdict->valid, found->verdict->threshold);
	return rk_chain_note(walker, RK_FINDING_WARNING, demand->role,
	    "version %lld expired %s: clients go on without it", (long long)envelope->version,
	    RK_TIME(envelope->expires));
}

static rk_error *
judge(struct rk_chain_walker *walker, const struct demand *demand, struct rk_chain_found *found,
    bool *ret_left_out)
{
	rk_envelope *envelope = found->envelope;
	rk_error *err = rk_verify(envelope, demand->trusted, demand->keys, &found->verdict);

	if (err)
		return err;
	if (envelope->kind != document_kind(demand->role))
		return rk_chain_refuse(
		    walker, demand->role, "%s is a file of another role", RK_SHOW(envelope->name));
	if (demand->entry)
		err = rk_chain_refused(
		    walker, demand->role, rk_snapshot_entry_check(demand->entry, envelope));
	if (!err)
		err = judge_soft(walker, demand, found, ret_left_out);
	if (err || *ret_left_out)
		return err;
	if (!err)
		err = rk_chain_refused(walker, demand->role,
		    rk_verdict_error(found->verdict, envelope, demand->under));
	if (!err)
		err = judge_rollback(walker, demand, envelope);
	if (!err)
		err = rk_chain_tell_oddities(walker, demand->role, envelope, found->verdict);
	return err ? err : rk_chain_judge_expiry(walker, demand->role, envelope);
}

/* Fetch, judge, keep. RK_E_NOT_FOUND: there is no such file. The envelope is the state's; it is left
 * alone where clients go on without it. */
static rk_error *
take(struct rk_chain_walker *walker, const struct demand *demand, rk_envelope **ret_envelope)
{
	struct rk_chain_found found = {.name = demand->role};
	int64_t version = demand->entry ? demand->entry->version : 0;
	bool left_out = false;
	rk_error *err = NULL;

	if (!demand->entry)
		err = latest(walker, demand->role, &version);
	if (!err)
		err = rk_chain_fetch(walker, demand->role, version, &found.file, &found.envelope);
	if (err)
		return rk_error_code(err) == RK_E_NOT_FOUND
			   ? err
			   : rk_chain_refused(walker, demand->role, err);
	err = judge(walker, demand, &found, &left_out);
	if (found.verdict) {
		rk_envelope *envelope = found.envelope;
		bool judged = !err && !left_out;

		err = rk_join(err, rk_chain_add(walker, &found));
		if (judged && !err)
			*ret_envelope = envelope;
		return err;
	}
	rk_envelope_free(found.envelope);
	free(found.file);
	return err;
}

static struct demand
top_demand(struct rk_chain_walker *walker, enum rk_role_kind kind, const rk_snapshot_entry *entry)
{
	const rk_root *root = walker->state->root;

	return (struct demand){rk_role_kind_name(kind), rk_root_role(root, kind), root->keys,
	    "the keys of the final root", entry, false};
}

/* Does a list that was seen before still count? Only while its signatures hold under this root:
 * that is how clients come away from a version that a thief made too high. */
static rk_error *
still_counts(struct rk_chain_walker *walker, const rk_client_state *since, const char *role,
    bool *ret_counts)
{
	const rk_client_role *seen = since ? rk_client_role_of(since, role) : NULL;
	const rk_root *root = walker->state->root;
	RK_AUTO(rk_verdict) verdict = NULL;
	rk_error *err;

	*ret_counts = false;
	if (!seen)
		return NULL;
	err = rk_verify(
	    seen->envelope, rk_root_role(root, rk_role_kind_of(role)), root->keys, &verdict);
	if (!err)
		*ret_counts = verdict->met;
	return err;
}

static rk_error *
judge_version_since(struct rk_chain_walker *walker, const char *role)
{
	const rk_client_role *seen =
	    walker->request->since ? rk_client_role_of(walker->request->since, role) : NULL;
	const struct rk_chain_seen *now = rk_chain_seen_of(walker, role);
	bool counts = false;
	rk_error *err = still_counts(walker, walker->request->since, role, &counts);

	if (err || !counts || now->envelope->version >= seen->envelope->version)
		return err;
	return rk_chain_refuse(walker, role, "%s went back from version %lld to %lld", role,
	    (long long)seen->envelope->version, (long long)now->envelope->version);
}

/* Nor may a newer timestamp name an older snapshot. */
static rk_error *
judge_timestamp_since(struct rk_chain_walker *walker)
{
	const rk_client_state *since = walker->request->since;
	const rk_snapshot_entry *was =
	    since && since->timestamp ? rk_snapshot_entry_of(since->timestamp, "snapshot") : NULL;
	const rk_snapshot_entry *is = rk_snapshot_entry_of(walker->state->timestamp, "snapshot");
	bool counts = false;
	rk_error *err = judge_version_since(walker, "timestamp");

	if (!err)
		err = still_counts(walker, since, "timestamp", &counts);
	if (err || !counts || !was || !is || is->version >= was->version)
		return err;
	return rk_chain_refuse(walker, "timestamp",
	    "the timestamp went back from version %lld to %lld of the snapshot",
	    (long long)was->version, (long long)is->version);
}

/* No file that was listed before may disappear or go back. */
static rk_error *
judge_list_since(struct rk_chain_walker *walker)
{
	const rk_client_state *since = walker->request->since;
	const rk_snapshot *seen = since ? since->snapshot : NULL;
	bool counts = false;
	rk_error *err = judge_version_since(walker, "snapshot");

	if (!err)
		err = still_counts(walker, since, "snapshot", &counts);
	for (size_t i = 0; !err && counts && seen && i < seen->count; i++) {
		const rk_snapshot_entry *was = &seen->entries[i];
		const rk_snapshot_entry *is =
		    rk_snapshot_entry_of(walker->state->snapshot, was->role);

		if (!is)
			err = rk_chain_refuse(walker, "snapshot", "the snapshot no longer lists %s",
			    RK_SHOW(was->name));
		else if (is->version < was->version)
			err = rk_chain_refuse(walker, "snapshot",
			    "the snapshot went back from version %lld to %lld of %s",
			    (long long)was->version, (long long)is->version, RK_SHOW(was->name));
	}
	return err;
}

static rk_error *
may_miss(struct rk_chain_walker *walker, rk_error *err, bool allowed, const char *role)
{
	if (rk_error_code(err) != RK_E_NOT_FOUND)
		return err;
	if (!allowed)
		return rk_chain_refused(walker, role,
		    rk_recode(rk_wrap(err, "%s is missing", RK_SHOW_BARE(role)), RK_E_UNTRUSTED));
	rk_error_free(err);
	return rk_chain_note(
	    walker, RK_FINDING_NOTE, role, "it is not held here: another server's key signs it");
}

static rk_error *
walk_timestamp(struct rk_chain_walker *walker)
{
	struct demand demand = top_demand(walker, RK_ROLE_TIMESTAMP, NULL);
	rk_envelope *envelope = NULL;
	rk_error *err = may_miss(walker, take(walker, &demand, &envelope),
	    walker->request->timestamp_may_miss, "timestamp");

	if (err || !envelope)
		return err;
	err = rk_chain_refused(
	    walker, "timestamp", rk_snapshot_read(envelope, &walker->state->timestamp));
	return err ? err : judge_timestamp_since(walker);
}

/* Where snapshots list the root too, it must be this one. */
static rk_error *
judge_listed_root(struct rk_chain_walker *walker)
{
	const rk_snapshot_entry *entry;

	if (!walker->request->dialect->meta_root)
		return NULL;
	entry = rk_snapshot_entry_of(walker->state->snapshot, "root");
	if (!entry)
		return rk_chain_refuse(walker, "snapshot", "the snapshot lists no root");
	return rk_chain_refused(walker, "root",
	    rk_snapshot_entry_check(entry, rk_chain_seen_of(walker, "root")->envelope));
}

static rk_error *
walk_snapshot(struct rk_chain_walker *walker)
{
	const rk_snapshot *timestamp = walker->state->timestamp;
	struct demand demand = top_demand(walker, RK_ROLE_SNAPSHOT,
	    timestamp ? rk_snapshot_entry_of(timestamp, "snapshot") : NULL);
	rk_envelope *envelope = NULL;
	rk_error *err;

	if (timestamp && !demand.entry)
		return rk_chain_refuse(walker, "timestamp", "the timestamp lists no snapshot");
	err = may_miss(walker, take(walker, &demand, &envelope),
	    walker->request->snapshot_may_miss && !timestamp, "snapshot");
	if (err || !envelope)
		return err;
	err = rk_chain_refused(
	    walker, "snapshot", rk_snapshot_read(envelope, &walker->state->snapshot));
	if (!err)
		err = judge_listed_root(walker);
	return err ? err : judge_list_since(walker);
}

static rk_error *
walk_targets(struct rk_chain_walker *walker, rk_envelope **ret_envelope)
{
	const rk_snapshot *snapshot = walker->state->snapshot;
	struct demand demand = top_demand(
	    walker, RK_ROLE_TARGETS, snapshot ? rk_snapshot_entry_of(snapshot, "targets") : NULL);
	rk_error *err;

	if (snapshot && !demand.entry)
		return rk_chain_refuse(walker, "snapshot", "the snapshot lists no targets");
	err = may_miss(walker, take(walker, &demand, ret_envelope), false, "targets");
	if (!err && !snapshot)
		err = judge_version_since(walker, "targets");
	if (!err)
		err = rk_chain_refused(walker, "targets", rk_targets_check(*ret_envelope));
	return err;
}

/* Delegations that are still to be walked. */
struct queue {
	rk_delegations **items;
	size_t count, cap;
};

/* Is every role that it delegates to one level below it? */
static rk_error *
judge_names(struct rk_chain_walker *walker, const char *role, const rk_delegations *delegations)
{
	size_t len = strlen(role);

	for (size_t i = 0; i < delegations->count; i++) {
		const char *name = delegations->roles[i]->name;

		if (strncmp(name, role, len) != 0 || name[len] != '/' ||
		    strchr(name + len + 1, '/'))
			return rk_chain_refuse(walker, role,
			    "%s delegates to %s, which is not one level below it",
			    RK_SHOW_BARE(role), RK_SHOW(name));
	}
	return NULL;
}

static rk_error *
enqueue(struct rk_chain_walker *walker, struct queue *queue, const char *role,
    const rk_envelope *envelope)
{
	RK_AUTO(rk_delegations) delegations = NULL;
	rk_error *err = rk_chain_refused(walker, role, rk_delegations_read(envelope, &delegations));

	if (!err)
		err = rk_chain_tell_keys(walker, role, delegations->keys);
	if (!err && walker->request->dialect->nested_roles)
		err = judge_names(walker, role, delegations);
	if (err || rk_delegations_total(delegations) == 0)
		return err;
	if (queue->count == queue->cap) {
		size_t cap = queue->cap ? 2 * queue->cap : 8;
		rk_delegations **grown = realloc(queue->items, cap * sizeof(*grown));

		if (!grown)
			return rk_out_of_memory();
		queue->items = grown;
		queue->cap = cap;
	}
	queue->items[queue->count++] = RK_TAKE(delegations);
	return NULL;
}

/* A role that two delegate to: clients that come by the second want its keys. */
static rk_error *
judge_again(struct rk_chain_walker *walker, const rk_role *role, const rk_keyring *keys,
    rk_envelope *envelope)
{
	RK_AUTO(rk_verdict) verdict = NULL;
	rk_error *err = rk_verify(envelope, role, keys, &verdict);

	if (err || verdict->met)
		return err;
	return rk_chain_note(walker, RK_FINDING_WARNING, role->name,
	    "another role delegates here too, with keys that have %u of %u signatures",
	    verdict->valid, verdict->threshold);
}

static rk_error *
walk_delegated(struct rk_chain_walker *walker, const rk_delegations *delegations, uint64_t index,
    struct queue *queue)
{
	const rk_snapshot *snapshot = walker->state->snapshot;
	const struct rk_chain_seen *seen;
	RK_AUTO(rk_role) role = NULL;
	rk_envelope *envelope = NULL;
	struct demand demand;
	bool soft = walker->request->dialect->soft_delegations;
	rk_error *err = rk_delegations_at(delegations, index, &role);

	if (err)
		return err;
	if (++walker->asked > RK_CHAIN_DELEGATIONS)
		return rk_fail(
		    RK_E_LIMIT, NULL, "there are more than %d delegations", RK_CHAIN_DELEGATIONS);
	seen = rk_chain_seen_of(walker, role->name);
	if (seen)
		return judge_again(walker, role, delegations->keys, seen->envelope);
	demand = (struct demand){role->name, role, delegations->keys, "its delegator's keys",
	    snapshot ? rk_snapshot_entry_of(snapshot, role->name) : NULL, soft};
	if (snapshot && !demand.entry)
		err = rk_fail(RK_E_NOT_FOUND, NULL, "the snapshot does not list it");
	else
		err = take(walker, &demand, &envelope);
	/* What is listed must be there. */
	if (rk_error_code(err) == RK_E_NOT_FOUND &&
	    (walker->request->delegations_may_miss || (soft && !demand.entry))) {
		rk_error_free(err);
		return rk_chain_note(walker, RK_FINDING_NOTE, role->name,
		    "nothing was published under this delegation yet");
	}
	err = may_miss(walker, err, false, role->name);
	if (!err && !envelope)
		return NULL;
	if (!err)
		err = rk_chain_refused(walker, role->name, rk_targets_check(envelope));
	return err ? err : enqueue(walker, queue, role->name, envelope);
}

static rk_error *
walk_delegations(struct rk_chain_walker *walker, const rk_envelope *targets)
{
	struct queue queue = {0};
	rk_error *err = enqueue(walker, &queue, "targets", targets);

	for (size_t i = 0; i < queue.count && !err; i++) {
		const rk_delegations *delegations = queue.items[i];

		for (uint64_t j = 0; j < rk_delegations_total(delegations) && !err; j++)
			err = walk_delegated(walker, delegations, j, &queue);
	}
	for (size_t i = 0; i < queue.count; i++)
		rk_delegations_free(queue.items[i]);
	free(queue.items);
	return err;
}

rk_error *
rk_chain_walk_files(struct rk_chain_walker *walker)
{
	rk_envelope *targets = NULL;
	rk_error *err = walk_timestamp(walker);

	if (!err)
		err = walk_snapshot(walker);
	if (!err)
		err = walk_targets(walker, &targets);
	if (!err)
		err = walk_delegations(walker, targets);
	if (!err)
		walker->state->complete =
		    walker->state->timestamp != NULL && walker->state->snapshot != NULL;
	return err;
}
