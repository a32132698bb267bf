#include "cli/cli.h"
#include "cli/work.h"

#include "base/show.h"
#include "flow/lintrun.h"

#include <string.h>
#include <sys/stat.h>

struct lint_args {
	const char *what;
	const char *gun;
	rk_list clients;
	bool rules;
};

/* What of a finding is shown, and how grave it is. */
struct view {
	unsigned shown; /* clients */
	unsigned matter;
	size_t errors, warnings, notes;
};

enum grade { GRADE_ERROR, GRADE_WARNING, GRADE_NOTE, GRADE_COUNT };
static const char *const grade_names[] = {"error", "warning", "note"};
static const enum rk_style_name grade_styles[] = {RK_BAD, RK_CAUTION, RK_PLAIN};

static unsigned
graded(const rk_lint_finding *finding, const struct view *view, enum grade grade)
{
	unsigned any = (finding->errors | finding->warnings) & view->shown;

	switch (grade) {
	case GRADE_ERROR:
		return finding->errors & view->shown & view->matter;
	case GRADE_WARNING:
		return finding->warnings & ~finding->errors & view->shown & view->matter;
	default:
		return any & ~view->matter;
	}
}

static rk_error *
client_list(unsigned clients, rk_buf *out)
{
	for (int i = 0; i < RK_LINT_CLIENT_COUNT; i++)
		if (clients & 1U << i)
			rk_buf_printf(out, "%s%s", out->len ? ", " : "",
			    rk_lint_client_name((enum rk_lint_client)i));
	return rk_buf_check(out);
}

static rk_error *
clients_node(unsigned clients, rk_node **ret_array)
{
	RK_AUTO(rk_node) array = rk_node_new_array();
	rk_error *err = array ? NULL : rk_out_of_memory();

	for (int i = 0; i < RK_LINT_CLIENT_COUNT && !err; i++)
		if (clients & 1U << i)
			err =
			    rk_node_append_text(array, rk_lint_client_name((enum rk_lint_client)i));
	if (!err)
		*ret_array = RK_TAKE(array);
	return err;
}

/* One client's share of a finding. */
static rk_error *
finding_node(
    const rk_lint_finding *finding, enum rk_lint_client client, enum grade grade, rk_node *array)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	const struct {
		const char *name, *text;
	} texts[] = {
	    {"client", rk_lint_client_name(client)},
	    {"rule", finding->rule->id},
	    {"severity", grade_names[grade]},
	    {"file", finding->file},
	    {"role", finding->role},
	    {"sentence", finding->sentence},
	    {"remedy", finding->rule->remedy},
	};
	rk_error *err = node ? NULL : rk_out_of_memory();

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]) && !err; i++)
		err = rk_node_put_text(node, texts[i].name, texts[i].text);
	if (!err)
		err = rk_node_put_int(node, "line", (int64_t)finding->line);
	if (!err)
		err = rk_node_put_int(node, "column", (int64_t)finding->column);
	if (!err)
		err = rk_node_put_int(node, "more", (int64_t)finding->more);
	return err ? err : rk_node_append(array, RK_TAKE(node));
}

static rk_error *
finding_nodes(const rk_lint_finding *finding, const struct view *view, rk_node *array)
{
	rk_error *err = NULL;

	for (int grade = 0; grade < GRADE_COUNT; grade++)
		for (int i = 0; i < RK_LINT_CLIENT_COUNT && !err; i++)
			if (graded(finding, view, (enum grade)grade) & 1U << i)
				err = finding_node(
				    finding, (enum rk_lint_client)i, (enum grade)grade, array);
	return err;
}

static rk_error *
lint_node(const rk_lint *lint, const struct view *view, const char *what, rk_node **ret_node)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	RK_AUTO(rk_node) array = rk_node_new_array();
	rk_node *clients = NULL;
	rk_error *err = node && array ? rk_node_put_text(node, "linted", what) : rk_out_of_memory();

	if (!err)
		err = clients_node(view->shown & view->matter, &clients);
	if (!err)
		err = rk_node_put(node, "clients", clients);
	for (size_t i = 0; i < lint->count && !err; i++)
		err = finding_nodes(&lint->findings[i], view, array);
	if (!err)
		err = rk_node_put_int(node, "files", (int64_t)lint->files);
	if (!err)
		err = rk_node_put_int(node, "errors", (int64_t)view->errors);
	if (!err)
		err = rk_node_put_int(node, "warnings", (int64_t)view->warnings);
	if (!err)
		err = rk_node_put(node, "findings", RK_TAKE(array));
	if (!err)
		*ret_node = RK_TAKE(node);
	return err;
}

static rk_error *
finding_row(
    rk_table *table, const rk_lint_finding *finding, const struct view *view, enum grade grade)
{
	unsigned clients = graded(finding, view, grade);
	RK_AUTO_BUF(names);
	RK_AUTO_BUF(more);
	rk_error *err;

	if (!clients)
		return NULL;
	err = client_list(clients, &names);
	if (finding->more > 0)
		rk_buf_printf(&more, " (and %llu more)", (unsigned long long)finding->more);
	if (!err)
		err = rk_buf_check(&more);
	if (err)
		return err;
	rk_table_styled(table, grade_styles[grade], "%s", grade_names[grade]);
	rk_table_cell(table, "%s", rk_buf_str(&names));
	if (finding->line > 0)
		rk_table_cell(table, "%s:%zu:%zu", RK_SHOW_BARE(finding->file), finding->line,
		    finding->column);
	else
		rk_table_cell(table, "%s", RK_SHOW_BARE(finding->file));
	rk_table_cell(table, "%s", finding->rule->id);
	rk_table_cell(table, "%s%s", finding->sentence, rk_buf_str(&more));
	return NULL;
}

static void
count(const rk_lint *lint, struct view *view)
{
	for (size_t i = 0; i < lint->count; i++) {
		view->errors += graded(&lint->findings[i], view, GRADE_ERROR) != 0;
		view->warnings += graded(&lint->findings[i], view, GRADE_WARNING) != 0;
		view->notes += graded(&lint->findings[i], view, GRADE_NOTE) != 0;
	}
}

static rk_error *
show_table(struct rk_run *run, const rk_lint *lint, const struct view *view)
{
	static const char *const headings[] = {
	    "SEVERITY", "CLIENTS", "PLACE", "RULE", "FINDING", NULL};
	RK_AUTO(rk_table) table = NULL;
	rk_error *err = rk_table_new(headings, &table);

	for (int grade = 0; grade < GRADE_COUNT; grade++)
		for (size_t i = 0; i < lint->count && !err; i++)
			err = finding_row(table, &lint->findings[i], view, (enum grade)grade);
	if (!err && rk_table_rows(table) > 0)
		rk_render_table(run->out, table);
	return err;
}

/* Of each rule that was met, in the order of the rules: why, and what to do. */
static void
show_rules(struct rk_run *run, const rk_lint *lint, const struct view *view)
{
	for (size_t i = 0; i < rk_lint_rule_count(); i++) {
		const rk_lint_rule *rule = rk_lint_rule_at(i);
		bool met = false;

		for (size_t j = 0; j < lint->count && !met; j++)
			met =
			    lint->findings[j].rule == rule &&
			    ((lint->findings[j].errors | lint->findings[j].warnings) & view->shown);
		if (met)
			rk_render_line(
			    run->out, "%s: %s; %s", rule->id, rule->sentence, rule->remedy);
	}
}

static rk_error *
show(struct rk_run *run, const rk_lint *lint, struct view *view, const char *what)
{
	rk_node *node = NULL;
	rk_error *err;

	count(lint, view);
	err = lint_node(lint, view, what, &node);
	if (err)
		return err;
	rk_render_json(run->out, node);
	err = show_table(run, lint, view);
	if (err)
		return err;
	show_rules(run, lint, view);
	rk_render_line(run->out, "%zu files looked at: %zu errors, %zu warnings%s", lint->files,
	    view->errors, view->warnings,
	    view->notes ? ", and notes of clients that do not matter" : "");
	if (view->errors > 0)
		run->status = rk_code_exit(RK_E_FOUND);
	return NULL;
}

static rk_error *
named_clients(const rk_list *list, unsigned *ret_clients)
{
	unsigned clients = 0;

	for (size_t i = 0; i < list->count; i++) {
		enum rk_lint_client client;
		rk_error *err = rk_lint_client_by_name(list->items[i], &client);

		if (err)
			return rk_recode(err, RK_E_USAGE);
		clients |= 1U << client;
	}
	*ret_clients = clients;
	return NULL;
}

static rk_error *
lint_path(struct rk_run *run, const struct lint_args *args, struct view *view)
{
	const struct rk_lintrun_wish wish = {.env = run->env, .path = args->what, .gun = args->gun};
	RK_AUTO(rk_lint) lint = NULL;
	rk_error *err = rk_lintrun_take(&wish, &lint);

	return err ? err : show(run, lint, view, args->what);
}

static rk_error *
heed_policy(const rk_repo *repo, const rk_keep *keep, struct view *view)
{
	unsigned policy = 0, all = rk_lint_clients_of(rk_repo_dialect(repo));
	rk_error *err = rk_lintrun_policy(keep, &policy);

	if (!err && (policy & all))
		view->matter = policy;
	return err;
}

static rk_error *
lint_repo(struct rk_run *run, const struct lint_args *args, struct view *view)
{
	const rk_list named = {(const char **)(uintptr_t)&args->what, args->what ? 1 : 0};
	RK_AUTO(rk_keep) keep = NULL;
	RK_AUTO(rk_names) names = NULL;
	RK_AUTO(rk_repo) repo = NULL;
	RK_AUTO(rk_lint) lint = NULL;
	struct rk_lintrun_wish wish = {.env = run->env, .gun = args->gun};
	rk_error *err = rk_work_keep(run, RK_WORK_READ, &keep);

	if (!err)
		err = rk_work_repos(keep, &named, false, &names);
	if (!err)
		err = rk_repo_open(keep, run->env, names->names[0], &repo);
	wish.repo = repo;
	if (!err)
		err = rk_lintrun_take(&wish, &lint);
	if (!err && args->clients.count == 0)
		err = heed_policy(repo, keep, view);
	view->shown &= rk_lint_clients_of(repo ? rk_repo_dialect(repo) : NULL);
	return err ? err : show(run, lint, view, names->names[0]);
}

static rk_error *
rule_node(const rk_lint_rule *rule, rk_node *array)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	rk_node *errors = NULL, *warnings = NULL;
	rk_error *err = node ? rk_node_put_text(node, "rule", rule->id) : rk_out_of_memory();

	if (!err)
		err = clients_node(rule->errors, &errors);
	if (!err)
		err = rk_node_put(node, "errors", errors);
	if (!err)
		err = clients_node(rule->warnings, &warnings);
	if (!err)
		err = rk_node_put(node, "warnings", warnings);
	if (!err)
		err = rk_node_put_text(node, "sentence", rule->sentence);
	if (!err)
		err = rk_node_put_text(node, "remedy", rule->remedy);
	return err ? err : rk_node_append(array, RK_TAKE(node));
}

static rk_error *
rule_row(rk_table *table, const rk_lint_rule *rule)
{
	RK_AUTO_BUF(errors);
	RK_AUTO_BUF(warnings);
	rk_error *err = client_list(rule->errors, &errors);

	if (!err)
		err = client_list(rule->warnings, &warnings);
	rk_table_cell(table, "%s", rule->id);
	rk_table_cell(table, "%s", errors.len ? rk_buf_str(&errors) : "-");
	rk_table_cell(table, "%s", warnings.len ? rk_buf_str(&warnings) : "-");
	rk_table_cell(table, "%s", rule->sentence);
	return err;
}

static rk_error *
list_rules(struct rk_run *run)
{
	static const char *const headings[] = {"RULE", "ERROR", "WARNING", "WHY", NULL};
	RK_AUTO(rk_table) table = NULL;
	RK_AUTO(rk_node) node = rk_node_new_object();
	rk_node *array = rk_node_new_array();
	rk_error *err = node ? rk_node_put(node, "rules", array) : rk_out_of_memory();

	if (!err)
		err = rk_table_new(headings, &table);
	for (size_t i = 0; i < rk_lint_rule_count() && !err; i++) {
		err = rule_node(rk_lint_rule_at(i), array);
		if (!err)
			err = rule_row(table, rk_lint_rule_at(i));
	}
	if (err)
		return err;
	rk_render_table(run->out, table);
	rk_render_json(run->out, RK_TAKE(node));
	return NULL;
}

static rk_error *
lint_run(struct rk_run *run, const void *args)
{
	const struct lint_args *lint = args;
	struct view view = {.shown = rk_lint_clients_of(NULL), .matter = rk_lint_clients_of(NULL)};
	rk_error *err = NULL;

	if (lint->rules)
		return list_rules(run);
	if (lint->clients.count > 0)
		err = named_clients(&lint->clients, &view.shown);
	if (err)
		return err;
	return lint->what && rk_work_is_path(lint->what) ? lint_path(run, lint, &view)
							 : lint_repo(run, lint, &view);
}

static const struct rk_argument lint_arguments[] = {
    RK_ARG_OPTIONAL(lint_args, what, "REPO|DIR|FILE",
	"a repository of the keep, a folder of metadata, or one metadata file"),
    RK_ARG_END,
};

static const struct rk_option lint_options[] = {
    RK_OPT_LIST(lint_args, clients, "client", "NAME,...",
	"these clients alone (default: all, or those of the policy)", 0),
    RK_OPT_STRING(lint_args, gun, "gun", "GUN",
	"for a folder or file: the name that its root certificates are for", 0),
    RK_OPT_FLAG(lint_args, rules, "rules", "list the rules, and whom each is about"),
    RK_OPT_END,
};

const struct rk_command rk_cmd_lint = {
    .name = "lint",
    .summary = "which clients would refuse this metadata or choke on it, and why",
    .args_size = sizeof(struct lint_args),
    .arguments = lint_arguments,
    .options = lint_options,
    .effects = RK_READS,
    .example = "rootkeep lint demo\n"
	       "rootkeep lint ./mirror --client python-tuf,tough\n"
	       "rootkeep lint 3.root.json --json\n"
	       "rootkeep lint --rules",
    .description =
	"An error is a client that refuses the file, cannot read it, or never counts its "
	"signatures; a warning one to which it is slow, different or doubtful. Exit status 3: "
	"there are errors. Of a repository both what is published and what is staged is looked "
	"at. No signature is verified: that is what 'rootkeep verify' does.\n\n"
	"The policy's \"clients\" say who matters; what the others meet is a note. 'rootkeep "
	"sign' holds every root to it: an error of a client that matters stops it, and where the "
	"policy names none, an error that all clients have. --except lint=REASON goes past that.",
    .run = lint_run,
};
