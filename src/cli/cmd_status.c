#include "cli/attestview.h"
#include "cli/cli.h"
#include "cli/work.h"

#include "base/show.h"
#include "flow/standing.h"

#include <stdlib.h>
#include <string.h>

struct status_args {
	rk_list repos;
	int64_t fail_within;
	const char *ics;
};

static rk_error *
file_node(const struct rk_standing_file *file, const char *name, rk_node *role)
{
	RK_AUTO(rk_node) node = NULL;
	rk_error *err;

	if (!file->version)
		return rk_node_put(role, name, rk_node_new_null());
	node = rk_node_new_object();
	err = node ? rk_node_put_int(node, "version", file->version) : rk_out_of_memory();
	if (!err)
		err = rk_node_put_text(node, "expires", RK_TIME(file->expires));
	if (!err)
		err = rk_node_put_bool(node, "expired", file->expired);
	return err ? err : rk_node_put(role, name, RK_TAKE(node));
}

static rk_error *
names_node(const rk_names *names, const char *member, rk_node *role)
{
	RK_AUTO(rk_node) array = rk_node_new_array();
	rk_error *err = array ? NULL : rk_out_of_memory();

	for (size_t i = 0; names && i < names->count && !err; i++)
		err = rk_node_append_text(array, names->names[i]);
	return err ? err : rk_node_put(role, member, RK_TAKE(array));
}

static rk_error *
role_node(const struct rk_standing_role *role, rk_node *array)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	rk_error *err = node ? rk_node_put_text(node, "role", role->role) : rk_out_of_memory();

	if (!err)
		err = rk_node_put_bool(node, "held", role->held);
	if (!err)
		err = file_node(&role->published, "published", node);
	if (!err)
		err = file_node(&role->staged, "staged", node);
	if (!err)
		err = rk_node_put_int(node, "valid", role->valid);
	if (!err)
		err = rk_node_put_int(node, "threshold", role->threshold);
	if (!err)
		err = names_node(role->have, "signed_by", node);
	if (!err)
		err = names_node(role->missing, "missing", node);
	return err ? err : rk_node_append(array, RK_TAKE(node));
}

static rk_error *
certificate_node(const rk_standing *standing, size_t index, rk_node *array)
{
	const struct rk_certwatch_item *item = &standing->certificates->items[index];
	RK_AUTO(rk_node) node = rk_node_new_object();
	rk_error *err =
	    node ? rk_node_put_text(node, "key", standing->certified[index]) : rk_out_of_memory();

	if (!err)
		err = rk_node_put_text(node, "keyid", item->keyid);
	if (!err)
		err = rk_node_put_text(node, "gun", item->gun);
	if (!err)
		err = rk_node_put_text(node, "expires", RK_TIME(item->not_after));
	if (!err)
		err = rk_node_put_bool(node, "expired", item->expired);
	if (!err)
		err = rk_node_put(node, "warning_days",
		    item->alarm ? rk_node_new_int(item->alarm) : rk_node_new_null());
	return err ? err : rk_node_append(array, RK_TAKE(node));
}

static rk_error *
put_certificates(const rk_standing *standing, rk_node *node)
{
	RK_AUTO(rk_node) array = rk_node_new_array();
	rk_error *err = array ? NULL : rk_out_of_memory();

	for (size_t i = 0; standing->certificates && i < standing->certificates->count && !err; i++)
		err = certificate_node(standing, i, array);
	return err ? err : rk_node_put(node, "certificates", RK_TAKE(array));
}

static rk_error *
standing_node(const rk_standing *standing, const rk_names *amiss, rk_node *array)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	RK_AUTO(rk_node) roles = rk_node_new_array();
	rk_error *err = node && roles ? rk_node_put_text(node, "repository", standing->repo)
				      : rk_out_of_memory();

	for (size_t i = 0; i < standing->count && !err; i++)
		err = role_node(&standing->roles[i], roles);
	if (!err)
		err = rk_node_put(node, "roles", RK_TAKE(roles));
	if (!err)
		err = put_certificates(standing, node);
	if (!err)
		err = names_node(amiss, "amiss", node);
	if (!err)
		err = rk_node_put_bool(node, "trusted", standing->trusted);
	if (!err)
		err = rk_node_put_int(node, "outstanding", (int64_t)standing->outstanding);
	return err ? err : rk_node_append(array, RK_TAKE(node));
}

static void
expiry_cell(struct rk_run *run, rk_table *table, const struct rk_standing_file *file)
{
	char distance[32];

	if (!file->version)
		rk_table_cell(table, "%s", "-");
	else
		rk_table_styled(table, file->expired ? RK_BAD : RK_PLAIN, "%s (%s)",
		    RK_TIME(file->expires),
		    rk_time_distance(distance, run->env->ops->now(run->env), file->expires));
}

static void
names_text(const rk_names *names, rk_buf *out)
{
	for (size_t i = 0; names && i < names->count; i++)
		rk_buf_printf(out, "%s%s", i ? ", " : "", names->names[i]);
}

static void
role_row(struct rk_run *run, rk_table *table, const struct rk_standing_role *role)
{
	bool staged = role->staged.version > 0;
	RK_AUTO_BUF(who);

	names_text(staged ? role->missing : NULL, &who);
	rk_table_cell(table, "  %s", RK_SHOW_BARE(role->role));
	if (role->published.version)
		rk_table_cell(table, "%lld", (long long)role->published.version);
	else
		rk_table_cell(table, "%s", "-");
	expiry_cell(run, table, &role->published);
	if (staged)
		rk_table_cell(table, "%lld", (long long)role->staged.version);
	else
		rk_table_cell(table, "%s", "-");
	rk_table_styled(table, role->valid < role->threshold ? RK_CAUTION : RK_PLAIN, "%u of %u",
	    role->valid, role->threshold);
	rk_table_cell(table, "%s%s%s", role->held ? "" : "(not held here) ",
	    who.len ? "waits for: " : "", rk_buf_str(&who));
}

/* What still lasts is a line; what is inside a warning says what to do, too. */
static rk_error *
certificate_lines(struct rk_run *run, const rk_standing *standing)
{
	const rk_certwatch *watch = standing->certificates;
	int64_t now = run->env->ops->now(run->env);
	rk_error *err = NULL;

	for (size_t i = 0; watch && i < watch->count && !err; i++) {
		const struct rk_certwatch_item *item = &watch->items[i];
		RK_AUTO_BUF(line);

		rk_certwatch_sentence(
		    item, standing->certified[i], RK_SHOW_BARE(standing->repo), now, &line);
		err = rk_buf_check(&line);
		rk_render_styled(run->out,
		    item->expired ? RK_BAD
		    : item->alarm ? RK_CAUTION
				  : RK_PLAIN,
		    "  %s", rk_buf_str(&line));
	}
	return err;
}

static rk_error *
standing_text(struct rk_run *run, const rk_standing *standing)
{
	static const char *const headings[] = {
	    "  ROLE", "VERSION", "EXPIRES", "STAGED", "SIGNED", "", NULL};
	RK_AUTO(rk_table) table = NULL;
	rk_error *err = rk_table_new(headings, &table);

	if (err)
		return err;
	for (size_t i = 0; i < standing->count; i++)
		role_row(run, table, &standing->roles[i]);
	rk_render_line(run->out, "%s", RK_SHOW_BARE(standing->repo));
	rk_render_table(run->out, table);
	if (standing->outstanding > 0)
		rk_render_line(run->out,
		    "  %zu payload%s that was dropped carries signatures that stay valid",
		    standing->outstanding, standing->outstanding == 1 ? "" : "s");
	if (!standing->trusted)
		rk_render_styled(run->out, RK_BAD,
		    "  its roots do not lead from the anchor: see 'rootkeep verify'");
	return certificate_lines(run, standing);
}

/* What the policy misses, with what is staged. */
static rk_error *
judge_policy(
    rk_repo *repo, const rk_standing *standing, const rk_attestation_pins *pins, rk_names *amiss)
{
	rk_error *err = NULL;

	for (size_t i = 0; i < standing->count && !err; i++)
		err =
		    rk_attestview_policy(repo, RK_VIEW_NEXT, standing->roles[i].role, pins, amiss);
	return err;
}

static rk_error *
key_line(struct rk_run *run, const rk_keep *keep, const rk_keep_key *key,
    const rk_attestation_pins *pins)
{
	size_t backups = rk_node_count(rk_node_get(key->rest, "backups"));
	RK_AUTO_BUF(sworn);
	rk_error *err = pins ? rk_attestview_append(keep, key, pins, &sworn) : NULL;

	if (!err)
		rk_render_line(run->out, "  %-20s on %zu token%s, %zu backup%s%s%s", key->name,
		    key->token_count, key->token_count == 1 ? "" : "s", backups,
		    backups == 1 ? "" : "s", pins ? ", attested: " : "", rk_buf_str(&sworn));
	return err;
}

/* Where each key is, what is sworn about it, and what would be left without its token. */
static rk_error *
keys_node(struct rk_run *run, const rk_keep *keep, const rk_attestation_pins *pins, rk_node *node)
{
	RK_AUTO(rk_node) array = rk_node_new_array();
	rk_error *err = array ? NULL : rk_out_of_memory();

	for (size_t i = 0; i < rk_keep_key_count(keep) && !err; i++) {
		const rk_keep_key *key = rk_keep_key_at(keep, i);
		size_t backups = rk_node_count(rk_node_get(key->rest, "backups"));
		RK_AUTO(rk_node) item = rk_node_new_object();

		err = item ? rk_node_put_text(item, "key", key->name) : rk_out_of_memory();
		if (!err)
			err = rk_node_put_int(item, "tokens", (int64_t)key->token_count);
		if (!err)
			err = rk_node_put_int(item, "backups", (int64_t)backups);
		if (!err)
			err = rk_attestview_put(keep, key, pins, item);
		if (!err)
			err = rk_node_append(array, RK_TAKE(item));
		if (!err)
			err = key_line(run, keep, key, pins);
	}
	return err ? err : rk_node_put(node, "keys", RK_TAKE(array));
}

/* RFC 5545: one event a role, and one a certificate, on the day it expires. `what` says it within
 * the repository; `number` tells it from the one that replaces it. */
static void
begin_event(
    const rk_standing *standing, const char *what, long long number, int64_t expires, rk_buf *out)
{
	const char *time = RK_TIME(expires);

	rk_buf_printf(out, "BEGIN:VEVENT\r\nUID:");
	rk_buf_hex(out, standing->repo, strlen(standing->repo));
	rk_buf_printf(out, "-");
	rk_buf_hex(out, what, strlen(what));
	rk_buf_printf(out, "-%lld@rootkeep\r\n", number);
	rk_buf_printf(out, "DTSTAMP:%.4s%.2s%.2sT000000Z\r\n", time, time + 5, time + 8);
	rk_buf_printf(out, "DTSTART;VALUE=DATE:%.4s%.2s%.2s\r\n", time, time + 5, time + 8);
}

static void
event_text(const char *text, rk_buf *out)
{
	for (const char *at = text; *at; at++)
		rk_buf_printf(out, strchr("\\;,", *at) ? "\\%c" : "%c", *at);
}

static void
role_event(const rk_standing *standing, const struct rk_standing_role *role, rk_buf *out)
{
	begin_event(standing, role->role, role->published.version, role->published.expires, out);
	rk_buf_printf(out, "SUMMARY:%s %lld of ", RK_SHOW_BARE(role->role),
	    (long long)role->published.version);
	event_text(RK_SHOW_BARE(standing->repo), out);
	rk_buf_printf(out, " expires\r\nEND:VEVENT\r\n");
}

/* A calendar rings when the policy would warn: that far ahead nobody looks by himself. */
static void
certificate_event(const rk_keep *keep, const rk_standing *standing, size_t index, rk_buf *out)
{
	const struct rk_certwatch_item *item = &standing->certificates->items[index];
	unsigned days[RK_KEEP_WARN_MAX];
	size_t count = rk_keep_warn_days(keep, "certificate", days);

	begin_event(standing, item->keyid, (long long)item->not_after, item->not_after, out);
	rk_buf_text(out, "SUMMARY:the certificate of ");
	event_text(standing->certified[index], out);
	rk_buf_text(out, " for ");
	event_text(RK_SHOW_BARE(item->gun), out);
	rk_buf_text(out, " expires\r\n");
	for (size_t i = 0; i < count; i++)
		rk_buf_printf(out,
		    "BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:renew it: after that nothing "
		    "can be changed\r\nTRIGGER:-P%uD\r\nEND:VALARM\r\n",
		    days[i]);
	rk_buf_text(out, "END:VEVENT\r\n");
}

static void
add_events(const rk_keep *keep, const rk_standing *standing, rk_buf *out)
{
	for (size_t i = 0; i < standing->count; i++)
		if (standing->roles[i].published.version)
			role_event(standing, &standing->roles[i], out);
	for (size_t i = 0; standing->certificates && i < standing->certificates->count; i++)
		certificate_event(keep, standing, i, out);
}

struct status {
	struct rk_run *run;
	const struct status_args *args;
	const rk_attestation_pins *pins;
	rk_node *array;
	rk_buf ics;
};

static rk_error *
take_repo(struct status *status, rk_keep *keep, const char *name)
{
	struct rk_run *run = status->run;
	int64_t now = run->env->ops->now(run->env);
	RK_AUTO(rk_repo) repo = NULL;
	RK_AUTO(rk_standing) standing = NULL;
	RK_AUTO(rk_names) amiss = calloc(1, sizeof(*amiss));
	int64_t first;
	rk_error *err = amiss ? rk_repo_open(keep, run->env, name, &repo) : rk_out_of_memory();

	if (!err)
		err = rk_standing_take(repo, &standing);
	if (!err)
		err = judge_policy(repo, standing, status->pins, amiss);
	if (!err)
		err = standing_node(standing, amiss, status->array);
	if (!err)
		err = standing_text(run, standing);
	for (size_t i = 0; !err && i < amiss->count; i++)
		rk_render_styled(run->out, RK_CAUTION, "  %s", amiss->names[i]);
	if (err)
		return err;
	first = rk_standing_first_expiry(standing);
	if (status->args->fail_within >= 0 && first &&
	    first <= now + status->args->fail_within * RK_DAY)
		run->status = rk_code_exit(RK_E_FOUND);
	add_events(keep, standing, &status->ics);
	return NULL;
}

static rk_error *
write_ics(const char *path, const rk_buf *events)
{
	RK_AUTO_BUF(out);
	rk_error *err;

	rk_buf_text(&out, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//rootkeep//EN\r\n");
	rk_buf_append(&out, rk_buf_str(events), events->len);
	rk_buf_text(&out, "END:VCALENDAR\r\n");
	err = rk_buf_check(&out);
	return err ? err : rk_file_replace_path(path, out.data, out.len, 0644);
}

static rk_error *
take_all(struct status *status, rk_keep *keep)
{
	RK_AUTO(rk_names) names = NULL;
	rk_error *err =
	    rk_work_repos(keep, &status->args->repos, status->args->repos.count == 0, &names);

	for (size_t i = 0; !err && i < names->count; i++)
		err = take_repo(status, keep, names->names[i]);
	return err;
}

static rk_error *
status_run(struct rk_run *run, const void *args)
{
	struct status status = {.run = run, .args = args};
	RK_AUTO(rk_keep) keep = NULL;
	RK_AUTO(rk_attestation_pins) pins = NULL;
	RK_AUTO(rk_node) node = rk_node_new_object();
	RK_AUTO(rk_node) array = rk_node_new_array();
	rk_error *err = node && array ? rk_work_keep(run, RK_WORK_READ, &keep) : rk_out_of_memory();

	status.array = array;
	if (!err)
		err = rk_attestview_pins(keep, &pins);
	status.pins = pins;
	if (!err)
		err = take_all(&status, keep);
	if (!err)
		err = keys_node(run, keep, pins, node);
	if (!err)
		err = rk_node_put(node, "repositories", RK_TAKE(array));
	if (!err && status.args->ics)
		err = write_ics(status.args->ics, &status.ics);
	rk_buf_clear(&status.ics);
	if (!err)
		rk_render_json(run->out, RK_TAKE(node));
	return err;
}

static const struct rk_argument status_arguments[] = {
    RK_ARG_LIST(status_args, repos, "REPO", "repositories (default: all)", 0),
    RK_ARG_END,
};

static const struct rk_option status_options[] = {
    RK_OPT_INT(status_args, fail_within, "fail-within", "DAYS",
	"exit with 3 when anything published, or a root certificate, expires within this many days",
	0, 36500, -1),
    RK_OPT_STRING(status_args, ics, "ics", "FILE", "write the expiries as a calendar", 0),
    RK_OPT_END,
};

const struct rk_command rk_cmd_status = {
    .name = "status",
    .summary = "versions, expiry of metadata and certificates, who has signed, where each key is",
    .args_size = sizeof(struct status_args),
    .arguments = status_arguments,
    .options = status_options,
    .effects = RK_READS,
    .example = "rootkeep status\nrootkeep status demo --fail-within 30",
    .description =
	"A root certificate of a repository in the notary dialect has an expiry of its own; after "
	"it "
	"nobody can change the repository any more. It is warned of as keep.json's policy says, 12 "
	"and 7 months ahead where it says nothing, and the calendar rings then.",
    .run = status_run,
};
