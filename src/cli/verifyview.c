#include "cli/verifyview.h"

#include "base/datetime.h"
#include "base/show.h"

static const char *const severity_names[] = {
    [RK_FINDING_NOTE] = "note",
    [RK_FINDING_WARNING] = "warning",
    [RK_FINDING_FATAL] = "fatal",
};

static const char *const start_names[] = {
    [RK_JUDGE_UNAUTHENTICATED] = "nothing",
    [RK_JUDGE_FROM_ANCHOR] = "anchor",
    [RK_JUDGE_FROM_ROOT] = "root",
};

static const enum rk_role_kind missable[] = {RK_ROLE_TIMESTAMP, RK_ROLE_SNAPSHOT};
static const size_t missable_count = sizeof(missable) / sizeof(missable[0]);

static rk_error *
put_sha256(rk_node *node, const char *name, const uint8_t *sha256)
{
	char hex[2 * RK_SHA256_SIZE + 1];

	rk_hex(hex, sha256, RK_SHA256_SIZE);
	return rk_node_put_text(node, name, hex);
}

static rk_error *
role_node(const rk_client_role *role, rk_node *array)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	rk_error *err = node ? rk_node_put_text(node, "role", role->name) : rk_out_of_memory();

	if (!err)
		err = rk_node_put_text(node, "file", role->file);
	if (!err)
		err = rk_node_put_int(node, "version", role->envelope->version);
	if (!err)
		err = rk_node_put_text(node, "expires", RK_TIME(role->envelope->expires));
	if (!err)
		err = rk_node_put_bool(node, "expired", role->expired);
	if (!err)
		err = put_sha256(node, "sha256", role->sha256);
	if (!err)
		err = rk_node_put_int(node, "valid", role->verdict ? role->verdict->valid : 0);
	if (!err)
		err = rk_node_put_int(
		    node, "threshold", role->verdict ? role->verdict->threshold : 0);
	return err ? err : rk_node_append(array, RK_TAKE(node));
}

static rk_error *
finding_node(const rk_finding *finding, rk_node *array)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	rk_error *err = node ? rk_node_put_text(node, "severity", severity_names[finding->severity])
			     : rk_out_of_memory();

	if (!err)
		err = rk_node_put(node, "role",
		    finding->role ? rk_node_new_text(finding->role) : rk_node_new_null());
	if (!err)
		err = rk_node_put_text(node, "text", finding->sentence);
	return err ? err : rk_node_append(array, RK_TAKE(node));
}

static rk_error *
warning_node(const char *sentence, const char *role, rk_node *array)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	rk_error *err = node ? rk_node_put_text(node, "severity", "warning") : rk_out_of_memory();

	if (!err)
		err = rk_node_put(node, "role", role ? rk_node_new_text(role) : rk_node_new_null());
	if (!err)
		err = rk_node_put_text(node, "text", sentence);
	return err ? err : rk_node_append(array, RK_TAKE(node));
}

static rk_error *
put_lists(const rk_judge *judge, rk_node *node)
{
	const rk_client_state *state = judge->state;
	rk_node *lists[3] = {NULL};
	static const char *const names[] = {"roles", "findings", "not_held"};
	rk_error *err = NULL;

	for (size_t i = 0; i < 3 && !err; i++) {
		lists[i] = rk_node_new_array();
		err = rk_node_put(node, names[i], lists[i]);
	}
	for (size_t i = 0; i < state->count && !err; i++)
		err = role_node(&state->roles[i], lists[0]);
	for (size_t i = 0; i < state->finding_count && !err; i++)
		err = finding_node(&state->findings[i], lists[1]);
	for (size_t i = 0; judge->warnings && i < judge->warnings->count && !err; i++)
		err = warning_node(judge->warnings->names[i], "root", lists[1]);
	for (size_t i = 0; judge->amiss && i < judge->amiss->count && !err; i++)
		err = warning_node(judge->amiss->names[i], NULL, lists[1]);
	for (size_t i = 0; i < missable_count && !err; i++)
		if (judge->missing[missable[i]])
			err = rk_node_append_text(lists[2], rk_role_kind_name(missable[i]));
	return err;
}

static rk_error *
put_targets(const rk_judge *judge, rk_node *node)
{
	RK_AUTO(rk_node) object = rk_node_new_object();
	rk_error *err = object ? rk_node_put_int(object, "good", (int64_t)judge->target_good)
			       : rk_out_of_memory();

	if (!err)
		err = rk_node_put_int(object, "missing", (int64_t)judge->target_missing);
	return err ? err : rk_node_put(node, "targets", RK_TAKE(object));
}

static rk_error *
judge_node(const rk_judge *judge, const char *what, rk_node **ret_node)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	rk_error *err = node ? rk_node_put_text(node, "verified", what) : rk_out_of_memory();

	if (!err)
		err = rk_node_put_bool(
		    node, "authenticated", judge->start != RK_JUDGE_UNAUTHENTICATED);
	if (!err)
		err = rk_node_put_text(node, "from", start_names[judge->start]);
	if (!err)
		err = rk_node_put_int(node, "first_root", judge->state->first_root);
	if (!err)
		err = put_sha256(node, "first_root_sha256", judge->state->first_sha256);
	if (!err)
		err = put_lists(judge, node);
	if (!err && judge->targets_checked)
		err = put_targets(judge, node);
	if (!err)
		*ret_node = RK_TAKE(node);
	return err;
}

static void
role_row(struct rk_run *run, rk_table *table, const rk_client_role *role)
{
	const rk_verdict *verdict = role->verdict;
	int64_t now = run->env->ops->now(run->env);
	char distance[32];

	rk_table_cell(table, "%s", RK_SHOW_BARE(role->name));
	rk_table_cell(table, "%lld", (long long)role->envelope->version);
	rk_table_styled(table, role->expired ? RK_BAD : RK_PLAIN, "%s (%s)",
	    RK_TIME(role->envelope->expires),
	    rk_time_distance(distance, now, role->envelope->expires));
	rk_table_styled(table, verdict && verdict->met ? RK_PLAIN : RK_BAD, "%u of %u",
	    verdict ? verdict->valid : 0, verdict ? verdict->threshold : 0);
	rk_table_cell(table, "%s", RK_SHOW_BARE(role->file));
}

static rk_error *
role_table(struct rk_run *run, const rk_client_state *state)
{
	static const char *const headings[] = {
	    "ROLE", "VERSION", "EXPIRES", "SIGNED", "FILE", NULL};
	RK_AUTO(rk_table) table = NULL;
	rk_error *err = rk_table_new(headings, &table);

	if (err || state->count == 0)
		return err;
	for (size_t i = 0; i < state->count; i++)
		role_row(run, table, &state->roles[i]);
	rk_render_table(run->out, table);
	return NULL;
}

/* What is fatal is told by the error. */
static void
finding_lines(struct rk_run *run, const rk_judge *judge)
{
	const rk_client_state *state = judge->state;

	for (size_t i = 0; judge->warnings && i < judge->warnings->count; i++)
		rk_render_styled(
		    run->out, RK_CAUTION, "warning: root: %s", judge->warnings->names[i]);
	for (size_t i = 0; judge->amiss && i < judge->amiss->count; i++)
		rk_render_styled(run->out, RK_CAUTION, "warning: %s", judge->amiss->names[i]);
	for (size_t i = 0; i < state->finding_count; i++) {
		const rk_finding *finding = &state->findings[i];

		if (finding->severity == RK_FINDING_FATAL)
			continue;
		rk_render_styled(run->out,
		    finding->severity == RK_FINDING_WARNING ? RK_CAUTION : RK_PLAIN, "%s: %s: %s",
		    severity_names[finding->severity], RK_SHOW_BARE(finding->role),
		    finding->sentence);
	}
}

static void
end_lines(struct rk_run *run, const rk_judge *judge, const char *what)
{
	const rk_client_state *state = judge->state;
	bool partly = judge->missing[RK_ROLE_TIMESTAMP] || judge->missing[RK_ROLE_SNAPSHOT];

	if (judge->targets_checked)
		rk_render_line(run->out, "target files: %llu as the metadata says, %llu not there",
		    (unsigned long long)judge->target_good,
		    (unsigned long long)judge->target_missing);
	if (judge->start == RK_JUDGE_UNAUTHENTICATED)
		rk_render_styled(run->out, RK_CAUTION,
		    "%s is consistent, not authenticated: give a root that you trust, --root FILE",
		    RK_SHOW(what));
	else
		rk_render_line(run->out, "%s is what a client believes, from %s %lld%s%s",
		    RK_SHOW(what),
		    judge->start == RK_JUDGE_FROM_ANCHOR ? "its anchor, root" : "root",
		    (long long)state->first_root, partly ? ", as far as held" : "",
		    state->count > 0 ? "" : ": nothing");
}

rk_error *
rk_verifyview_render(struct rk_run *run, const rk_judge *judge, const char *what, bool believed)
{
	rk_node *node = NULL;
	rk_error *err;

	if (!judge->state)
		return NULL;
	err = role_table(run, judge->state);
	if (err)
		return err;
	finding_lines(run, judge);
	if (!believed)
		return NULL;
	end_lines(run, judge, what);
	err = judge_node(judge, what, &node);
	if (!err)
		rk_render_json(run->out, node);
	return err;
}

static rk_error *
verdicts_node(const rk_judge_file *judge, rk_node *node)
{
	RK_AUTO(rk_node) array = rk_node_new_array();
	rk_error *err = array ? NULL : rk_out_of_memory();

	for (size_t i = 0; i < judge->count && !err; i++) {
		RK_AUTO(rk_node) verdict = NULL;

		err = rk_verdict_node(judge->verdicts[i], &verdict);
		if (!err)
			err = rk_node_put_text(verdict, "under", judge->under[i]);
		if (!err)
			err = rk_node_append(array, RK_TAKE(verdict));
	}
	return err ? err : rk_node_put(node, "verdicts", RK_TAKE(array));
}

static rk_error *
file_node(const rk_judge_file *judge, const char *file, rk_node **ret_node)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	rk_error *err = node ? rk_node_put_text(node, "file", file) : rk_out_of_memory();

	if (!err)
		err = rk_node_put_text(node, "role", judge->role);
	if (!err)
		err = rk_node_put_int(node, "version", judge->envelope->version);
	if (!err)
		err = rk_node_put_text(node, "expires", RK_TIME(judge->envelope->expires));
	if (!err)
		err = rk_node_put_bool(node, "expired", judge->expired);
	if (!err)
		err = put_sha256(node, "sha256", judge->sha256);
	if (!err)
		err = rk_node_put_bool(node, "same", judge->same);
	if (!err)
		err = verdicts_node(judge, node);
	if (!err)
		*ret_node = RK_TAKE(node);
	return err;
}

static void
verdict_lines(struct rk_run *run, const rk_verdict *verdict, const char *under)
{
	rk_render_styled(run->out, verdict->met ? RK_PLAIN : RK_BAD, "%u of %u signatures under %s",
	    verdict->valid, verdict->threshold, under);
	for (size_t i = 0; i < verdict->count; i++) {
		const rk_verdict_sig *sig = &verdict->sigs[i];

		rk_render_line(run->out, "  %s: %s%s%s", RK_SHOW_BARE(sig->keyid),
		    rk_judgement_name(sig->judgement), sig->why ? ": " : "",
		    sig->why ? sig->why : "");
	}
	if (verdict->met)
		return;
	for (size_t i = 0; i < verdict->missing_count; i++)
		rk_render_line(run->out, "  %s: has not signed", RK_SHOW_BARE(verdict->missing[i]));
}

static void
file_lines(struct rk_run *run, const rk_judge_file *judge, const char *file)
{
	char hex[2 * RK_SHA256_SIZE + 1], distance[32];
	int64_t now = run->env->ops->now(run->env);

	rk_hex(hex, judge->sha256, RK_SHA256_SIZE);
	rk_render_line(run->out, "%s version %lld in %s, sha256 %s", RK_SHOW_BARE(judge->role),
	    (long long)judge->envelope->version, RK_SHOW(file), hex);
	rk_render_styled(run->out, judge->expired ? RK_CAUTION : RK_PLAIN, "expires %s (%s)",
	    RK_TIME(judge->envelope->expires),
	    rk_time_distance(distance, now, judge->envelope->expires));
	for (size_t i = 0; i < judge->count; i++)
		verdict_lines(run, judge->verdicts[i], judge->under[i]);
}

rk_error *
rk_verifyview_render_file(
    struct rk_run *run, const rk_judge_file *judge, const char *file, bool believed)
{
	rk_node *node = NULL;
	rk_error *err;

	if (judge->count == 0)
		return NULL;
	file_lines(run, judge, file);
	if (!believed)
		return NULL;
	if (judge->same)
		rk_render_line(run->out, "it is the trusted root itself");
	rk_render_line(run->out, "that suffices");
	err = file_node(judge, file, &node);
	if (!err)
		rk_render_json(run->out, node);
	return err;
}
