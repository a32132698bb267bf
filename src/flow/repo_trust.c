#include "flow/repo_private.h"

#include "base/show.h"

/* A walk stops at a gap; what is published must not lie behind one. */
static rk_error *
reaches_published(rk_repo *repo, const rk_client_state *state)
{
	rk_envelope *published = NULL;
	rk_error *err = rk_repo_envelope(repo, RK_VIEW_PUBLISHED, "root", &published);

	if (err || !published || published->version <= state->root->version)
		return err;
	return rk_fail(
	    RK_E_UNTRUSTED, NULL, "root %lld is missing", (long long)state->root->version + 1);
}

rk_error *
rk_repo_trust(rk_repo *repo)
{
	RK_AUTO(rk_source) source = NULL;
	RK_AUTO(rk_client_state) state = NULL;
	struct rk_chain_request request = {
	    .dialect = repo->dialect,
	    .name = rk_repo_gun(repo),
	    .now = repo->env->ops->now(repo->env),
	    .ignore_expiry = true,
	    .roots_only = true,
	};
	rk_error *err;

	if (!rk_store_is_published(repo->store, "root"))
		return NULL;
	if (!repo->entry->anchored)
		return rk_fail(RK_E_UNTRUSTED,
		    "adopt it from a root that you trust: rootkeep adopt NAME DIR --root FILE",
		    "repository %s has published roots, but no anchor in the keep",
		    RK_SHOW(repo->entry->name));
	request.anchor_version = repo->entry->anchor_version;
	request.anchor_sha256 = repo->entry->anchor_sha256;
	err = rk_repo_source(repo, &source);
	request.source = source;
	if (!err)
		err = rk_chain_walk(&request, &state);
	if (!err)
		err = reaches_published(repo, state);
	if (!err)
		return NULL;
	return rk_advise(
	    rk_wrap(err, "the roots of %s do not lead from its anchor to what is published",
		RK_SHOW(repo->entry->name)),
	    "restore repos/ from a copy, or compare 'rootkeep log verify' with the words on paper");
}
