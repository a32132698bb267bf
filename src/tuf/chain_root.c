#include "tuf/chain_private.h"

#include "base/show.h"

#include <stdlib.h>
#include <string.h>

/* Whose keys clients of a repository believe, at a time. */
struct clients {
	const char *name; /* of the repository; NULL: not known */
	int64_t now; /* 0: at any time */
};

/* Takes the ids out of the role whose keys clients refuse. `*ret_why` says why the first is; it stays
 * NULL where none is. */
static rk_error *
drop_refused(const rk_root *root, const struct clients *clients, rk_role *role, rk_error **ret_why)
{
	size_t kept = 0;

	for (size_t i = 0; i < role->keyid_count; i++) {
		const rk_tuf_key *key = rk_keyring_by_id(root->keys, role->keyids[i]);
		rk_error *why =
		    key ? root->dialect->root_key_check(key, clients->name, clients->now) : NULL;

		if (rk_error_code(why) == RK_E_NOMEM) {
			rk_error_free(*ret_why);
			*ret_why = NULL;
			return why;
		}
		if (!why) {
			char *keyid = role->keyids[kept];

			role->keyids[kept++] = role->keyids[i];
			role->keyids[i] = keyid;
		}
		if (*ret_why)
			rk_error_free(why);
		else
			*ret_why = why;
	}
	/* Those that were refused are behind the others now. */
	for (size_t i = kept; i < role->keyid_count; i++)
		free(role->keyids[i]);
	role->keyid_count = kept;
	return NULL;
}

/* Is it signed by enough of the root's keys, of those that clients take? */
static rk_error *
verify_by_root(
    rk_envelope *envelope, const rk_root *root, const struct clients *clients, const char *under)
{
	const rk_role *role = rk_root_role(root, RK_ROLE_ROOT);
	RK_AUTO(rk_role) taken = NULL;
	rk_error *why = NULL;
	rk_error *err = rk_verify_role(envelope, role, root->keys, under);

	if (err || !root->dialect->root_key_check)
		return err;
	err = rk_role_copy(role, &taken);
	if (!err)
		err = drop_refused(root, clients, taken, &why);
	if (!err && why)
		err = rk_verify_role(envelope, taken, root->keys, under);
	if (!why || rk_error_code(err) != RK_E_UNTRUSTED) {
		rk_error_free(why);
		return err;
	}
	/* With all of its keys there were enough. */
	rk_error_free(err);
	return why;
}

static rk_error *
verify_both(rk_envelope *envelope, const rk_root *trusted, const rk_root *next, const char *name)
{
	const struct clients clients = {name, 0};
	RK_AUTO(rk_str) old = NULL;
	rk_error *err = rk_strdupf(&old, "the keys of root %lld", (long long)trusted->version);

	if (!err)
		err = verify_by_root(envelope, trusted, &clients, old);
	return err ? err : verify_by_root(envelope, next, &clients, "its own keys");
}

static rk_error *
follows(rk_envelope *envelope, const rk_root *trusted, const rk_root *next, const char *name)
{
	bool same = next->version == trusted->version &&
		    rk_node_equal(next->signed_node, trusted->signed_node);

	if (next->version != trusted->version + 1 && !same)
		return rk_fail(RK_E_UNTRUSTED,
		    "get every root in between: clients take one at a time",
		    "root %lld cannot follow root %lld", (long long)next->version,
		    (long long)trusted->version);
	return verify_both(envelope, trusted, next, name);
}

rk_error *
rk_chain_root_follows(const rk_root *trusted, rk_envelope *next_envelope, const rk_root *next)
{
	return follows(next_envelope, trusted, next, NULL);
}

rk_error *
rk_chain_root_is_taken(rk_envelope *envelope, const rk_root *root, const char *name, int64_t now)
{
	const struct clients clients = {name, now};

	return verify_by_root(envelope, root, &clients, "its own keys");
}

/* A root in hand, before it is known to be the final one. */
struct step {
	rk_envelope *envelope;
	rk_root *root;
	char *file;
};

static void
step_clear(struct step *step)
{
	rk_envelope_free(step->envelope);
	rk_root_free(step->root);
	free(step->file);
	*step = (struct step){0};
}

static rk_error *
read_step(struct step *step)
{
	rk_error *err = NULL;

	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): success has fetched it */
	if (step->envelope->kind != RK_ROLE_ROOT)
		err = rk_fail(RK_E_MALFORMED, NULL, "%s is no root", RK_SHOW(step->envelope->name));
	return err ? err : rk_root_read(step->envelope, &step->root);
}

static rk_error *
verify_itself(struct rk_chain_walker *walker, const struct step *step)
{
	const struct clients clients = {walker->request->name, 0};

	return rk_chain_refused(
	    walker, "root", verify_by_root(step->envelope, step->root, &clients, "its own keys"));
}

static rk_error *
begin_from_file(struct rk_chain_walker *walker, struct step *step)
{
	const rk_text *given = walker->request->trusted_root;
	rk_text *copy = NULL;
	rk_error *err = rk_text_copy(given->data, given->len, &copy);

	if (!err)
		err = rk_envelope_open(
		    walker->request->dialect, copy, "the trusted root", &step->envelope);
	if (!err)
		err = rk_strdup("the trusted root", &step->file);
	walker->state->authenticated = err == NULL;
	return err;
}

/* By number. */
static rk_error *
fetch_root(struct rk_chain_walker *walker, int64_t version, struct step *step)
{
	return rk_chain_fetch(walker, "root", version, &step->file, &step->envelope);
}

/* The first of a walk: where roots are not numbered, the plain one, if it is that version (0: any). */
static rk_error *
fetch_first(struct rk_chain_walker *walker, int64_t version, struct step *step)
{
	rk_error *err = version ? fetch_root(walker, version, step) : NULL;
	rk_error *plain;

	if (version && rk_error_code(err) != RK_E_NOT_FOUND)
		return err;
	plain = fetch_root(walker, 0, step);
	if (!plain && (!version || step->envelope->version == version)) {
		rk_error_free(err);
		return NULL;
	}
	if (!version)
		return plain;
	rk_error_free(plain);
	step_clear(step);
	return err;
}

static rk_error *
begin_from_anchor(struct rk_chain_walker *walker, struct step *step)
{
	const struct rk_chain_request *request = walker->request;
	uint8_t sha256[RK_SHA256_SIZE];
	rk_error *err = fetch_first(walker, request->anchor_version, step);

	if (rk_error_code(err) == RK_E_NOT_FOUND)
		return rk_chain_refused(walker, "root",
		    rk_recode(rk_wrap(err, "root %lld, the anchor, is not there",
				  (long long)request->anchor_version),
			RK_E_UNTRUSTED));
	if (!err)
		err = rk_envelope_sha256(step->envelope, sha256);
	if (!err && memcmp(sha256, request->anchor_sha256, sizeof(sha256)) != 0)
		return rk_chain_refuse(walker, "root",
		    "root %lld is not the one that was believed here before: another chain is in "
		    "its place",
		    (long long)request->anchor_version);
	walker->state->authenticated = err == NULL;
	return err;
}

static rk_error *
begin_anywhere(struct rk_chain_walker *walker, struct step *step)
{
	rk_source *source = walker->request->source;
	int64_t first = source->range ? 0 : 1, last = 0;
	rk_error *err = source->range ? source->range(source, "root.json", &first, &last) : NULL;

	return err ? err : fetch_first(walker, first, step);
}

/* A client goes on from the root that it has: another one of that version is not its own. */
static rk_error *
judge_since(struct rk_chain_walker *walker, const struct step *step)
{
	const rk_client_state *since = walker->request->since;
	const rk_client_role *seen = since ? rk_client_role_of(since, "root") : NULL;
	uint8_t sha256[RK_SHA256_SIZE];
	rk_error *err;

	if (!seen || seen->envelope->version != step->root->version)
		return NULL;
	err = rk_envelope_sha256(step->envelope, sha256);
	if (!err && memcmp(sha256, seen->sha256, sizeof(sha256)) != 0)
		err =
		    rk_chain_refuse(walker, "root", "root %lld is another one than was seen before",
			(long long)step->root->version);
	return err;
}

static rk_error *
begin(struct rk_chain_walker *walker, struct step *step)
{
	const struct rk_chain_request *request = walker->request;
	rk_error *err;

	if (request->trusted_root)
		err = begin_from_file(walker, step);
	else if (request->anchor_sha256)
		err = begin_from_anchor(walker, step);
	else
		err = begin_anywhere(walker, step);
	if (!err)
		err = read_step(step);
	if (!err)
		err = verify_itself(walker, step);
	if (!err)
		err = judge_since(walker, step);
	if (!err)
		err = rk_envelope_sha256(step->envelope, walker->state->first_sha256);
	if (!err)
		walker->state->first_root = step->root->version;
	return err;
}

/* The next one, by number; or, where the newest stands under its plain name too, that one. */
static rk_error *
fetch_next(struct rk_chain_walker *walker, int64_t version, struct step *next)
{
	rk_error *err = fetch_root(walker, version + 1, next);
	rk_error *plain;

	if (rk_error_code(err) != RK_E_NOT_FOUND || !walker->request->dialect->root_plain)
		return err;
	plain = fetch_root(walker, 0, next);
	if (rk_error_code(plain) == RK_E_NOT_FOUND ||
	    (!plain && next->envelope->version <= version)) {
		rk_error_free(plain);
		step_clear(next);
		return err;
	}
	rk_error_free(err);
	return plain;
}

/* Clients that get the newest root first go by all others, where their own root's keys signed it. */
static rk_error *
judge_next(struct rk_chain_walker *walker, const rk_root *trusted, const struct step *next)
{
	const char *name = walker->request->name;
	rk_error *err;

	if (!walker->request->dialect->root_plain || next->root->version <= trusted->version + 1)
		return rk_chain_refused(
		    walker, "root", follows(next->envelope, trusted, next->root, name));
	err = verify_both(next->envelope, trusted, next->root, name);
	if (err)
		return rk_chain_refused(walker, "root",
		    rk_advise(err, "get every root in between: clients take one at a time"));
	return rk_chain_note(walker, RK_FINDING_WARNING, "root",
	    "roots between %lld and %lld are missing: only clients whose root's keys have signed "
	    "root %lld get there",
	    (long long)trusted->version, (long long)next->root->version,
	    (long long)next->root->version);
}

/* `*ret_more` false: there is no next root. */
static rk_error *
advance(struct rk_chain_walker *walker, struct step *step, bool *ret_more)
{
	struct step next = {0};
	rk_error *err = fetch_next(walker, step->root->version, &next);

	*ret_more = false;
	if (rk_error_code(err) == RK_E_NOT_FOUND) {
		rk_error_free(err);
		return NULL;
	}
	if (!err)
		err = read_step(&next);
	if (!err)
		err = judge_next(walker, step->root, &next);
	if (!err)
		err = judge_since(walker, &next);
	/* Of the final root this is told later. */
	if (!err)
		err = rk_chain_tell_date(walker, "root", step->envelope);
	if (err) {
		step_clear(&next);
		return err;
	}
	step_clear(step);
	*step = next;
	*ret_more = true;
	return NULL;
}

/* A client stops at a gap and never sees what comes after it. */
static rk_error *
tell_gap(struct rk_chain_walker *walker, int64_t version)
{
	rk_source *source = walker->request->source;
	int64_t first = 0, last = 0;
	rk_error *err = source->range ? source->range(source, "root.json", &first, &last) : NULL;

	if (!err && last > version)
		err = rk_chain_note(walker, RK_FINDING_WARNING, "root",
		    "root %lld is missing, so no client gets to root %lld", (long long)version + 1,
		    (long long)last);
	return err;
}

/* The newest root's plain name must be that root's: clients ask for it first. */
static rk_error *
tell_plain(struct rk_chain_walker *walker, const struct step *step)
{
	struct step plain = {0};
	rk_error *err = NULL;
	uint8_t sha256[RK_SHA256_SIZE], plain_sha256[RK_SHA256_SIZE];

	if (!walker->request->dialect->root_plain)
		return NULL;
	err = fetch_root(walker, 0, &plain);
	if (rk_error_code(err) == RK_E_NOT_FOUND) {
		rk_error_free(err);
		return NULL;
	}
	if (!err)
		err = rk_envelope_sha256(step->envelope, sha256);
	if (!err)
		err = rk_envelope_sha256(plain.envelope, plain_sha256);
	if (!err && memcmp(sha256, plain_sha256, sizeof(sha256)) != 0)
		err = rk_fail(RK_E_UNTRUSTED, NULL,
		    "%s is another root than root %lld, and it is the first that a new client gets",
		    RK_SHOW(plain.file), (long long)step->root->version);
	step_clear(&plain);
	return rk_chain_refused(walker, "root", err);
}

/* A warning for each key of root that clients refuse at this time. */
static rk_error *
tell_refused(struct rk_chain_walker *walker, const rk_root *root)
{
	const rk_role *role = rk_root_role(root, RK_ROLE_ROOT);
	const struct rk_chain_request *request = walker->request;
	rk_error *err = NULL;

	for (size_t i = 0; i < role->keyid_count && !err; i++) {
		const rk_tuf_key *key = rk_keyring_by_id(root->keys, role->keyids[i]);
		rk_error *why =
		    key ? root->dialect->root_key_check(key, request->name, request->now) : NULL;

		if (rk_error_code(why) == RK_E_NOMEM)
			return why;
		if (why)
			err = rk_chain_note(
			    walker, RK_FINDING_WARNING, "root", "%s", rk_error_message(why));
		rk_error_free(why);
	}
	return err;
}

/* Of the final root, certificates must be good now: those that are not do not count. */
static rk_error *
judge_keys(struct rk_chain_walker *walker, const struct step *step)
{
	const struct rk_chain_request *request = walker->request;
	const struct clients clients = {request->name, request->now};
	rk_error *err = NULL;

	if (!request->dialect->root_key_check)
		return NULL;
	if (!request->ignore_expiry)
		err = rk_chain_refused(walker, "root",
		    verify_by_root(step->envelope, step->root, &clients, "its own keys"));
	return err ? err : tell_refused(walker, step->root);
}

static rk_error *
settle(struct rk_chain_walker *walker, struct step *step)
{
	const rk_client_state *since = walker->request->since;
	struct rk_chain_found found = {.name = "root"};
	rk_error *err = rk_verify(step->envelope, rk_root_role(step->root, RK_ROLE_ROOT),
	    step->root->keys, &found.verdict);

	if (!err)
		err = rk_chain_tell_oddities(walker, "root", step->envelope, found.verdict);
	if (!err)
		err = rk_chain_tell_keys(walker, "root", step->root->keys);
	if (!err)
		err = tell_gap(walker, step->root->version);
	if (!err)
		err = tell_plain(walker, step);
	if (err) {
		rk_verdict_free(found.verdict);
		return err;
	}
	if (since && since->root && step->root->version < since->root->version)
		err = rk_chain_refuse(walker, "root",
		    "root %lld is older than root %lld, which was seen before",
		    (long long)step->root->version, (long long)since->root->version);
	if (!err)
		err = rk_chain_judge_expiry(walker, "root", step->envelope);
	if (!err)
		err = judge_keys(walker, step);
	walker->state->root = RK_TAKE(step->root);
	found.envelope = RK_TAKE(step->envelope);
	found.file = RK_TAKE(step->file);
	return rk_join(err, rk_chain_add(walker, &found));
}

rk_error *
rk_chain_walk_roots(struct rk_chain_walker *walker)
{
	struct step step = {0};
	bool more = true;
	rk_error *err = begin(walker, &step);

	for (size_t i = 0; i < RK_CHAIN_ROOTS && more && !err; i++)
		err = advance(walker, &step, &more);
	if (!err && more)
		err = rk_fail(
		    RK_E_LIMIT, NULL, "there are more than %d roots in a row", RK_CHAIN_ROOTS);
	if (!err)
		err = settle(walker, &step);
	step_clear(&step);
	return err;
}
