#include "tuf/chain_private.h"

#include "base/show.h"

#include <search.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void
rk_client_state_free(rk_client_state *state)
{
	if (!state)
		return;
	for (size_t i = 0; i < state->count; i++) {
		free(state->roles[i].name);
		free(state->roles[i].file);
		rk_envelope_free(state->roles[i].envelope);
		rk_verdict_free(state->roles[i].verdict);
	}
	for (size_t i = 0; i < state->finding_count; i++) {
		free(state->findings[i].role);
		free(state->findings[i].sentence);
	}
	free(state->roles);
	free(state->by_name);
	free(state->findings);
	rk_snapshot_free(state->snapshot);
	rk_snapshot_free(state->timestamp);
	rk_root_free(state->root);
	free(state);
}

bool
rk_client_state_has_expired(const rk_client_state *state)
{
	for (size_t i = 0; state && i < state->count; i++)
		if (state->roles[i].expired)
			return true;
	return false;
}

static int
compare_named(const void *name, const void *role)
{
	return strcmp(name, (*(const rk_client_role *const *)role)->name);
}

static int
compare_roles(const void *a, const void *b)
{
	return compare_named((*(const rk_client_role *const *)a)->name, b);
}

/* For look-ups once the walk has ended: there may be thousands of delegations. */
static rk_error *
index_roles(rk_client_state *state)
{
	const rk_client_role **index;

	if (state->count == 0)
		return NULL;
	index = calloc(state->count, sizeof(rk_client_role *));
	if (!index)
		return rk_out_of_memory();
	for (size_t i = 0; i < state->count; i++)
		index[i] = &state->roles[i];
	qsort(index, state->count, sizeof(rk_client_role *), compare_roles);
	state->by_name = index;
	return NULL;
}

const rk_client_role *
rk_client_role_of(const rk_client_state *state, const char *role)
{
	const rk_client_role *const *found;

	if (state->by_name) {
		found = bsearch(
		    role, state->by_name, state->count, sizeof(rk_client_role *), compare_named);
		return found ? *found : NULL;
	}
	for (size_t i = 0; i < state->count; i++)
		if (!strcmp(state->roles[i].name, role))
			return &state->roles[i];
	return NULL;
}

/* Takes `sentence` over. */
static rk_error *
add_finding(rk_client_state *state, enum rk_severity severity, const char *role, char *sentence)
{
	RK_AUTO(rk_str) taken = sentence;
	RK_AUTO(rk_str) name = NULL;
	rk_finding *grown = realloc(state->findings, (state->finding_count + 1) * sizeof(*grown));
	rk_error *err;

	if (!grown)
		return rk_out_of_memory();
	state->findings = grown;
	err = rk_strdup(role, &name);
	if (!err)
		grown[state->finding_count++] =
		    (rk_finding){severity, RK_TAKE(name), RK_TAKE(taken)};
	return err;
}

rk_error *
rk_chain_note(struct rk_chain_walker *walker, enum rk_severity severity, const char *role,
    const char *fmt, ...)
{
	RK_AUTO_BUF(text);
	char *sentence = NULL;
	va_list args;
	rk_error *err;

	va_start(args, fmt);
	rk_buf_vprintf(&text, fmt, args);
	va_end(args);
	err = rk_buf_take(&text, &sentence);
	return err ? err : add_finding(walker->state, severity, role, sentence);
}

rk_error *
rk_chain_refuse(struct rk_chain_walker *walker, const char *role, const char *fmt, ...)
{
	RK_AUTO_BUF(text);
	va_list args;
	rk_error *err;

	va_start(args, fmt);
	rk_buf_vprintf(&text, fmt, args);
	va_end(args);
	err = rk_buf_check(&text);
	return err ? err
		   : rk_chain_refused(
			 walker, role, rk_fail(RK_E_UNTRUSTED, NULL, "%s", rk_buf_str(&text)));
}

rk_error *
rk_chain_refused(struct rk_chain_walker *walker, const char *role, rk_error *err)
{
	rk_error *noted;

	if (!err || rk_error_code(err) == RK_E_NOMEM)
		return err;
	noted = rk_chain_note(walker, RK_FINDING_FATAL, role, "%s", rk_error_message(err));
	return rk_join(err, noted);
}

bool
rk_chain_is_consistent(const struct rk_chain_walker *walker)
{
	return walker->state->root && walker->state->root->consistent_snapshot;
}

static int
compare_ready(const void *role, const void *ready)
{
	return strcmp(role, ((const struct rk_chain_ready *)ready)->role);
}

const struct rk_chain_ready *
rk_chain_ready_of(const struct rk_chain_walker *walker, const char *role)
{
	const struct rk_chain_request *request = walker->request;

	if (request->ready_count == 0)
		return NULL;
	return bsearch(
	    role, request->ready, request->ready_count, sizeof(*request->ready), compare_ready);
}

rk_error *
rk_chain_fetch(struct rk_chain_walker *walker, const char *role, int64_t version, char **ret_file,
    rk_envelope **ret_envelope)
{
	const struct rk_chain_request *request = walker->request;
	const struct rk_chain_ready *ready = rk_chain_ready_of(walker, role);
	RK_AUTO(rk_str) file = NULL;
	rk_text *text = NULL;
	rk_error *err = version ? request->dialect->published_name(
				      role, version, rk_chain_is_consistent(walker), &file)
				: request->dialect->plain_name(role, &file);

	if (!err && ready && !strcmp(ready->file, file)) {
		*ret_envelope = rk_envelope_share(ready->envelope);
		*ret_file = RK_TAKE(file);
		return NULL;
	}
	if (!err)
		err = request->source->fetch(
		    request->source, file, rk_envelope_limit(rk_role_kind_of(role)), &text);
	if (!err)
		err = rk_envelope_open(request->dialect, text, file, ret_envelope);
	if (!err)
		*ret_file = RK_TAKE(file);
	return err;
}

static int
compare_seen(const void *a, const void *b)
{
	const struct rk_chain_seen *left = a, *right = b;

	return strcmp(left->name, right->name);
}

const struct rk_chain_seen *
rk_chain_seen_of(const struct rk_chain_walker *walker, const char *name)
{
	const struct rk_chain_seen wanted = {.name = name};
	void *const *node = tfind(&wanted, &walker->seen, compare_seen);

	return node ? *node : NULL;
}

static rk_error *
remember(struct rk_chain_walker *walker, const char *name, rk_envelope *envelope)
{
	struct rk_chain_seen *seen = malloc(sizeof(*seen));

	if (!seen)
		return rk_out_of_memory();
	*seen = (struct rk_chain_seen){name, envelope};
	if (tsearch(seen, &walker->seen, compare_seen))
		return NULL;
	free(seen);
	return rk_out_of_memory();
}

rk_error *
rk_chain_add(struct rk_chain_walker *walker, struct rk_chain_found *found)
{
	rk_client_state *state = walker->state;
	RK_AUTO(rk_str) file = RK_TAKE(found->file);
	RK_AUTO(rk_envelope) envelope = RK_TAKE(found->envelope);
	RK_AUTO(rk_verdict) verdict = RK_TAKE(found->verdict);
	rk_client_role role = {0};
	rk_error *err;

	if (state->count == walker->cap) {
		size_t cap = walker->cap ? 2 * walker->cap : 8;
		rk_client_role *grown = realloc(state->roles, cap * sizeof(*grown));

		if (!grown)
			return rk_out_of_memory();
		state->roles = grown;
		walker->cap = cap;
	}
	err = rk_envelope_sha256(envelope, role.sha256);
	if (!err)
		err = rk_strdup(found->name, &role.name);
	if (!err)
		err = remember(walker, role.name, envelope);
	if (err) {
		free(role.name);
		return err;
	}
	role.expired = envelope->expires <= walker->request->now;
	role.file = RK_TAKE(file);
	role.envelope = RK_TAKE(envelope);
	role.verdict = RK_TAKE(verdict);
	state->roles[state->count++] = role;
	return NULL;
}

rk_error *
rk_chain_judge_expiry(struct rk_chain_walker *walker, const char *role, const rk_envelope *envelope)
{
	char distance[32];

	if (envelope->expires > walker->request->now)
		return NULL;
	rk_time_distance(distance, walker->request->now, envelope->expires);
	if (!walker->request->ignore_expiry)
		return rk_chain_refuse(walker, role, "%s version %lld expired %s (%s)",
		    RK_SHOW_BARE(role), (long long)envelope->version, distance,
		    RK_TIME(envelope->expires));
	return rk_chain_note(walker, RK_FINDING_WARNING, role, "version %lld expired %s (%s)",
	    (long long)envelope->version, distance, RK_TIME(envelope->expires));
}

rk_error *
rk_chain_tell_date(struct rk_chain_walker *walker, const char *role, const rk_envelope *envelope)
{
	if (envelope->expires_portable)
		return NULL;
	return rk_chain_note(walker, RK_FINDING_NOTE, role,
	    "expires of version %lld is written as %s, which some clients do not read",
	    (long long)envelope->version, RK_SHOW(envelope->expires_text));
}

/* What one reader would write otherwise: its server takes it, and no client can use it then. */
static rk_error *
tell_exact(struct rk_chain_walker *walker, const char *role, const rk_envelope *envelope)
{
	rk_error *why = envelope->dialect->exact ? envelope->dialect->exact(envelope) : NULL;
	rk_error *err = NULL;

	if (rk_error_code(why) == RK_E_NOMEM)
		return why;
	if (why)
		err = rk_chain_note(walker, RK_FINDING_WARNING, role,
		    "a server that signs the snapshot would store another text than this, and "
		    "clients would refuse it: %s",
		    rk_error_message(why));
	rk_error_free(why);
	return err;
}

rk_error *
rk_chain_tell_oddities(struct rk_chain_walker *walker, const char *role,
    const rk_envelope *envelope, const rk_verdict *verdict)
{
	rk_error *err = rk_chain_tell_date(walker, role, envelope);

	if (!err)
		err = tell_exact(walker, role, envelope);
	for (size_t i = 0; i < envelope->sig_count && !err; i++)
		if (envelope->sigs[i].duplicate)
			err = rk_chain_note(walker, RK_FINDING_WARNING, role,
			    "two signatures have the key id %s: many clients refuse the file",
			    RK_SHOW(envelope->sigs[i].keyid));
	for (size_t i = 0; i < verdict->twin_count && !err; i++)
		err = rk_chain_note(walker, RK_FINDING_WARNING, role,
		    "key id %s is a second id of a key that the role has: it counts once here, and "
		    "twice for some clients",
		    RK_SHOW(verdict->twins[i]));
	return err;
}

rk_error *
rk_chain_tell_keys(struct rk_chain_walker *walker, const char *role, const rk_keyring *keys)
{
	rk_error *err = NULL;

	for (size_t i = 0; i < keys->count && !err; i++)
		if (keys->keys[i]->why)
			err = rk_chain_note(walker, RK_FINDING_WARNING, role,
			    "key %s is not understood: %s", RK_SHOW(keys->keys[i]->keyid),
			    keys->keys[i]->why);
	return err;
}

static bool
has_fatal(const rk_client_state *state)
{
	for (size_t i = 0; i < state->finding_count; i++)
		if (state->findings[i].severity == RK_FINDING_FATAL)
			return true;
	return false;
}

/* A file that could not be read at all is a finding too: whoever lists them sees why it ended. */
static rk_error *
note_end(struct rk_chain_walker *walker, rk_error *err)
{
	return has_fatal(walker->state) ? err : rk_chain_refused(walker, "root", err);
}

rk_error *
rk_chain_walk(const struct rk_chain_request *request, rk_client_state **ret_state)
{
	struct rk_chain_walker walker = {.request = request};
	rk_error *err;

	walker.state = calloc(1, sizeof(*walker.state));
	if (!walker.state)
		return rk_out_of_memory();
	walker.state->dialect = request->dialect;
	err = rk_chain_walk_roots(&walker);
	if (!err && !request->roots_only)
		err = rk_chain_walk_files(&walker);
	tdestroy(walker.seen, free);
	err = rk_join(err, index_roles(walker.state));
	switch (rk_error_code(err)) {
	case RK_E_UNTRUSTED:
	case RK_E_MALFORMED:
	case RK_E_NOT_FOUND:
		err = note_end(&walker, err);
		/* fall through */
	case RK_OK:
		*ret_state = walker.state;
		break;
	default:
		rk_client_state_free(walker.state);
	}
	return err;
}
