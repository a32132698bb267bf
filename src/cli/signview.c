#include "cli/signview.h"

#include "cli/planview.h"

#include "base/show.h"

rk_error *
rk_signview_plan(struct rk_run *run, const rk_plan *plan)
{
	return rk_planview_render(run, plan);
}

static rk_error *
signed_node(const struct rk_signing_signed *sig, rk_node *array)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	rk_error *err = node ? rk_node_put_text(node, "role", sig->role) : rk_out_of_memory();

	if (!err)
		err = rk_node_put_int(node, "version", sig->version);
	if (!err)
		err = rk_node_put_text(node, "key", sig->key);
	if (!err)
		err = rk_node_put_text(node, "fingerprint", sig->fingerprint);
	return err ? err : rk_node_append(array, RK_TAKE(node));
}

static rk_error *
published_node(const struct rk_signing_published *file, rk_node *array)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	rk_error *err = node ? rk_node_put_text(node, "role", file->role) : rk_out_of_memory();

	if (!err)
		err = rk_node_put_int(node, "version", file->version);
	if (!err)
		err = rk_node_put_text(node, "file", file->file);
	return err ? err : rk_node_append(array, RK_TAKE(node));
}

static rk_error *
missing_node(const struct rk_signing_pending *pending, rk_node *node)
{
	RK_AUTO(rk_node) array = rk_node_new_array();
	rk_error *err = array ? NULL : rk_out_of_memory();

	for (size_t i = 0; i < pending->missing_count && !err; i++) {
		RK_AUTO(rk_node) key = rk_node_new_object();

		err = key ? rk_node_put_text(key, "key", pending->missing[i]) : rk_out_of_memory();
		if (!err)
			err =
			    rk_node_put_text(key, "fingerprint", pending->missing_fingerprints[i]);
		if (!err)
			err = rk_node_append(array, RK_TAKE(key));
	}
	return err ? err : rk_node_put(node, "missing", RK_TAKE(array));
}

static rk_error *
pending_node(const struct rk_signing_pending *pending, rk_node *array)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	rk_error *err = node ? rk_node_put_text(node, "role", pending->role) : rk_out_of_memory();

	if (!err)
		err = rk_node_put_int(node, "version", pending->version);
	if (!err)
		err = rk_node_put_text(node, "why", pending->why);
	if (!err)
		err = missing_node(pending, node);
	return err ? err : rk_node_append(array, RK_TAKE(node));
}

static rk_error *
absent_node(const struct rk_signing_absent *absent, rk_node *array)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	rk_error *err = node ? rk_node_put_text(node, "key", absent->key) : rk_out_of_memory();

	if (!err)
		err = rk_node_put_text(node, "reason", absent->reason);
	return err ? err : rk_node_append(array, RK_TAKE(node));
}

static rk_error *
lists_node(const struct rk_signing_outcome *outcome, rk_node *node)
{
	rk_node *lists[4] = {NULL};
	static const char *const names[] = {"signed", "published", "pending", "not_at_hand"};
	rk_error *err = NULL;

	for (size_t i = 0; i < 4 && !err; i++) {
		lists[i] = rk_node_new_array();
		err = rk_node_put(node, names[i], lists[i]);
	}
	for (size_t i = 0; i < outcome->signature_count && !err; i++)
		err = signed_node(&outcome->signatures[i], lists[0]);
	for (size_t i = 0; i < outcome->published_count && !err; i++)
		err = published_node(&outcome->published[i], lists[1]);
	for (size_t i = 0; i < outcome->pending_count && !err; i++)
		err = pending_node(&outcome->pending[i], lists[2]);
	for (size_t i = 0; i < outcome->absent_count && !err; i++)
		err = absent_node(&outcome->absent[i], lists[3]);
	return err;
}

static rk_error *
outcome_node(const struct rk_signing_outcome *outcome, rk_node *array)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	rk_error *err =
	    node ? rk_node_put_text(node, "repository", outcome->repo) : rk_out_of_memory();

	if (!err)
		err = lists_node(outcome, node);
	return err ? err : rk_node_append(array, RK_TAKE(node));
}

static void
pending_line(struct rk_run *run, const char *repo, const struct rk_signing_pending *pending)
{
	RK_AUTO_BUF(who);

	for (size_t i = 0; i < pending->missing_count; i++)
		rk_buf_printf(&who, "%s%s", i ? ", " : "", pending->missing[i]);
	rk_render_line(run->out, "%s: %s %lld waits: %s%s%s", RK_SHOW_BARE(repo),
	    RK_SHOW_BARE(pending->role), (long long)pending->version, pending->why,
	    who.len ? "; not signed by " : "", rk_buf_str(&who));
}

static void
outcome_lines(struct rk_run *run, const struct rk_signing_outcome *outcome)
{
	for (size_t i = 0; i < outcome->signature_count; i++)
		rk_render_line(run->out, "%s: signed %s %lld with %s on %s",
		    RK_SHOW_BARE(outcome->repo), RK_SHOW_BARE(outcome->signatures[i].role),
		    (long long)outcome->signatures[i].version, outcome->signatures[i].key,
		    outcome->signatures[i].token);
	for (size_t i = 0; i < outcome->published_count; i++)
		rk_render_line(run->out, "%s: published %s %lld", RK_SHOW_BARE(outcome->repo),
		    RK_SHOW_BARE(outcome->published[i].role),
		    (long long)outcome->published[i].version);
	for (size_t i = 0; i < outcome->pending_count; i++)
		pending_line(run, outcome->repo, &outcome->pending[i]);
	for (size_t i = 0; i < outcome->absent_count; i++)
		rk_render_line(run->out, "%s: %s is not at hand: %s", RK_SHOW_BARE(outcome->repo),
		    outcome->absent[i].key, outcome->absent[i].reason);
}

rk_error *
rk_signview_render(struct rk_run *run, const rk_signing *signing)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	RK_AUTO(rk_node) array = rk_node_new_array();
	rk_error *err = node && array ? NULL : rk_out_of_memory();

	for (size_t i = 0; i < rk_signing_count(signing) && !err; i++) {
		err = outcome_node(rk_signing_result(signing, i), array);
		if (!err)
			outcome_lines(run, rk_signing_result(signing, i));
	}
	if (!err && rk_signing_count(signing) == 0)
		rk_sayf(run->env, RK_SAY_INFO, "nothing is staged");
	if (!err)
		err = rk_node_put_bool(node, "complete", rk_signing_verdict(signing) == RK_OK);
	if (!err)
		err = rk_node_put(node, "repositories", RK_TAKE(array));
	if (!err)
		rk_render_json(run->out, RK_TAKE(node));
	return err;
}
