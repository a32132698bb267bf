#include "tuf/chain_private.h"

#include "base/show.h"

#include <stdlib.h>
#include <string.h>

rk_error *
rk_chain_root_follows(const rk_root *trusted, rk_envelope *next_envelope, const rk_root *next)
{
	RK_AUTO(rk_str) old = NULL;
	bool same = next->version == trusted->version &&
		    rk_node_equal(next->signed_node, trusted->signed_node);
	rk_error *err;

	if (next->version != trusted->version + 1 && !same)
		return rk_fail(RK_E_UNTRUSTED,
		    "get every root in between: clients take one at a time",
		    "root %lld cannot follow root %lld", (long long)next->version,
		    (long long)trusted->version);
	err = rk_strdupf(&old, "the keys of root %lld", (long long)trusted->version);
	if (!err)
		err = rk_verify_role(
		    next_envelope, rk_root_role(trusted, RK_ROLE_ROOT), trusted->keys, old);
	return err ? err
		   : rk_verify_role(next_envelope, rk_root_role(next, RK_ROLE_ROOT), next->keys,
			 "its own keys");
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
	return rk_chain_refused(walker, "root",
	    rk_verify_role(step->envelope, rk_root_role(step->root, RK_ROLE_ROOT), step->root->keys,
		"its own keys"));
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

/* `*ret_more` false: there is no next root. */
static rk_error *
advance(struct rk_chain_walker *walker, struct step *step, bool *ret_more)
{
	struct step next = {0};
	rk_error *err = fetch_root(walker, step->root->version + 1, &next);

	*ret_more = false;
	if (rk_error_code(err) == RK_E_NOT_FOUND) {
		rk_error_free(err);
		return NULL;
	}
	if (!err)
		err = read_step(&next);
	if (!err)
		err = rk_chain_refused(
		    walker, "root", rk_chain_root_follows(step->root, next.envelope, next.root));
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
