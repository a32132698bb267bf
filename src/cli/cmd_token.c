#include "cli/cli.h"
#include "cli/planview.h"
#include "cli/tokenview.h"

#include "base/datetime.h"
#include "base/show.h"
#include "flow/tokens.h"
#include "term/help.h"

#include <string.h>
#include <unistd.h>

struct uri_args {
	const char *uri;
};

static const struct rk_argument uri_arguments[] = {
    RK_ARG(uri_args, uri, "URI", "the token, as a PKCS#11 URI (token list prints them)"),
    RK_ARG_END,
};

/* {"token": …} as this run's result. */
static rk_error *
put_token(rk_node *node, const rk_token_info *info)
{
	rk_node *token = NULL;
	rk_error *err = rk_tokenview_node(info, &token);

	return err ? err : rk_node_put(node, "token", token);
}

static rk_error *
render_token(struct rk_run *run, const rk_token_info *info)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	rk_error *err = node ? put_token(node, info) : rk_out_of_memory();

	if (!err)
		rk_render_json(run->out, RK_TAKE(node));
	return err;
}

/* token list */

static rk_error *
list_node(const rk_token_list *list, rk_node **ret_node)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	RK_AUTO(rk_node) array = rk_node_new_array();
	rk_error *err = node && array ? NULL : rk_out_of_memory();

	for (size_t i = 0; !err && i < list->count; i++) {
		rk_node *token = NULL;

		err = rk_tokenview_node(&list->tokens[i], &token);
		if (!err)
			err = rk_node_append(array, token);
	}
	if (!err)
		err = rk_node_put(node, "tokens", RK_TAKE(array));
	if (!err)
		*ret_node = RK_TAKE(node);
	return err;
}

static rk_error *
list_table(struct rk_run *run, const rk_token_list *list)
{
	static const char *const headings[] = {
	    "LABEL", "SERIAL", "MODEL", "MODULE", "FLAGS", "URI", NULL};
	RK_AUTO(rk_table) table = NULL;
	rk_error *err = rk_table_new(headings, &table);

	if (err)
		return err;
	for (size_t i = 0; i < list->count; i++) {
		const rk_token_info *info = &list->tokens[i];
		RK_AUTO_BUF(flags);
		RK_AUTO_BUF(uri);

		rk_tokenview_flags(&flags, info);
		rk_show_bare(&uri, info->uri, strlen(info->uri), 0);
		rk_table_cell(table, "%s", RK_SHOW_BARE(info->label));
		rk_table_cell(table, "%s", RK_SHOW_BARE(info->serial));
		rk_table_cell(table, "%s", RK_SHOW_BARE(info->model));
		rk_table_cell(table, "%s", RK_SHOW_BARE(info->module));
		rk_table_cell(table, "%s", rk_buf_str(&flags));
		rk_table_cell(table, "%s", rk_buf_str(&uri));
	}
	if (list->count > 0)
		rk_render_table(run->out, table);
	else
		rk_sayf(run->env, RK_SAY_INFO, "no module shows a token");
	return NULL;
}

static rk_error *
list_run(struct rk_run *run, const void *args)
{
	RK_AUTO(rk_token_list) list = NULL;
	rk_node *node = NULL;
	rk_error *err = run->tokens->ops->list(run->tokens, &list);

	(void)args;
	if (!err)
		err = list_node(list, &node);
	if (err)
		return err;
	rk_render_json(run->out, node);
	return list_table(run, list);
}

const struct rk_command rk_cmd_token_list = {
    .name = "token list",
    .summary = "every token that every module shows",
    .effects = RK_READS | RK_TOUCHES_TOKEN,
    .example = "rootkeep token list\nrootkeep --module softhsm2 token list --json",
    .description = "Label, serial, model, module, flags and URI of each token. Nothing is logged "
		   "in. A module that fails is a warning and hides no other.",
    .run = list_run,
};

/* token show */

struct sight {
	rk_token_info *info;
	rk_token_abilities *abilities;
	rk_token_keys *keys;
	rk_probe *probe; /* what its kind was tried out for; NULL: it was not */
	bool complete; /* nothing may hide behind a login */
};

static void
sight_clear(struct sight *sight)
{
	rk_token_info_free(sight->info);
	rk_token_abilities_free(sight->abilities);
	rk_token_keys_free(sight->keys);
	rk_probe_free(sight->probe);
}

static rk_error *
look(struct rk_run *run, const char *uri, struct sight *sight)
{
	RK_AUTO(rk_hands) hands = NULL;
	rk_token *token = NULL;
	rk_error *err = rk_hands_new(run->env, run->tokens, &hands);

	if (!err)
		err = rk_hands_token(hands, uri, &token);
	if (!err)
		err = token->ops->info(token, &sight->info);
	if (err)
		return err;
	sight->complete = !run->globals->dry_run && rk_tokens_can_look(run->env, sight->info);
	if (sight->complete)
		err = rk_hands_login(hands, token, "list the keys on it");
	if (!err)
		err = token->ops->abilities(token, &sight->abilities);
	if (!err)
		err = token->ops->keys(token, &sight->keys);
	if (!err)
		rk_error_free(rk_probes_read(run->state_dir, sight->info, &sight->probe));
	return err;
}

static rk_error *
put_probe(rk_node *node, const rk_probe *probe)
{
	RK_AUTO(rk_node) tried = rk_node_new_object();
	RK_AUTO(rk_node) array = NULL;
	rk_error *err;

	if (!probe)
		return rk_node_put(node, "tried", rk_node_new_null());
	err = tried ? rk_probe_results(probe, &array) : rk_out_of_memory();
	if (!err)
		err = rk_node_put_text(tried, "time", RK_TIME(probe->time));
	if (!err)
		err = rk_node_put(tried, "results", RK_TAKE(array));
	return err ? err : rk_node_put(node, "tried", RK_TAKE(tried));
}

static rk_error *
put_mechanisms(rk_node *node, const rk_token_abilities *abilities)
{
	RK_AUTO(rk_node) array = rk_node_new_array();
	rk_error *err = array ? NULL : rk_out_of_memory();

	for (size_t i = 0; !err && i < abilities->mechanism_count; i++)
		err = rk_node_append_text(array, abilities->mechanisms[i]);
	return err ? err : rk_node_put(node, "mechanisms", RK_TAKE(array));
}

static rk_error *
show_node(const struct sight *sight, rk_node **ret_node)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	rk_node *part = NULL;
	rk_error *err = node ? put_token(node, sight->info) : rk_out_of_memory();

	if (!err)
		err = put_mechanisms(node, sight->abilities);
	if (!err)
		err = rk_tokenview_abilities(sight->abilities, &part);
	if (!err)
		err = rk_node_put(node, "abilities", part);
	if (!err)
		err = put_probe(node, sight->probe);
	if (!err)
		err = rk_tokenview_keys(sight->keys, &part);
	if (!err)
		err = rk_node_put(node, "keys", part);
	if (!err)
		err = rk_node_put_bool(node, "keys_complete", sight->complete);
	if (!err)
		*ret_node = RK_TAKE(node);
	return err;
}

static void
show_wrapped(rk_render *out, const char *label, const rk_buf *words)
{
	RK_AUTO_BUF(text);

	rk_buf_printf(&text, "  %-10s  ", label);
	rk_help_wrap(
	    &text, words->len > 0 ? words->data : "none", 14, 14, rk_help_width(STDOUT_FILENO));
	rk_render_text(out, rk_buf_str(&text));
}

static void
show_abilities(rk_render *out, const rk_token_abilities *abilities)
{
	RK_AUTO_BUF(types);
	RK_AUTO_BUF(mechanisms);

	for (size_t type = 0; type < RK_KEY_GENERATED_COUNT; type++) {
		const char *name = rk_key_type_name((enum rk_key_type)type);
		const char *comma = types.len > 0 ? ", " : "";

		if (abilities->generate[type] && abilities->sign[type])
			rk_buf_printf(&types, "%s%s", comma, name);
		else if (abilities->sign[type])
			rk_buf_printf(&types, "%s%s (signs, cannot make)", comma, name);
	}
	for (size_t i = 0; i < abilities->mechanism_count; i++)
		rk_buf_printf(&mechanisms, "%s%s", i > 0 ? " " : "", abilities->mechanisms[i]);
	show_wrapped(out, "for us", &types);
	show_wrapped(out, "mechanisms", &mechanisms);
}

static void
show_probe(rk_render *out, const rk_probe *probe)
{
	RK_AUTO_BUF(words);

	for (size_t type = 0; probe && type < RK_KEY_GENERATED_COUNT; type++)
		if (probe->verdict[type] != RK_PROBE_UNKNOWN)
			rk_buf_printf(&words, "%s%s %s", words.len > 0 ? ", " : "",
			    rk_key_type_name((enum rk_key_type)type),
			    rk_probe_word(probe->verdict[type]));
	if (words.len > 0)
		rk_buf_printf(&words, " (%.10s)", RK_TIME(probe->time));
	else
		rk_buf_text(&words, "not yet: rootkeep token test");
	show_wrapped(out, "tried", &words);
}

static rk_error *
show_text(struct rk_run *run, const struct sight *sight)
{
	rk_tokenview_lines(run->out, sight->info);
	show_abilities(run->out, sight->abilities);
	show_probe(run->out, sight->probe);
	if (!sight->complete)
		rk_sayf(run->env, RK_SAY_INFO,
		    "keys that show only after a login are left out; --pin-file FILE lists them");
	if (sight->keys->count == 0) {
		rk_render_line(run->out, "  keys        none%s", sight->complete ? "" : " seen");
		return NULL;
	}
	rk_render_line(run->out, "%s", "");
	return rk_tokenview_key_table(run->out, sight->keys);
}

static rk_error *
show_run(struct rk_run *run, const void *args)
{
	__attribute__((cleanup(sight_clear))) struct sight sight = {NULL, NULL, NULL, NULL, false};
	rk_node *node = NULL;
	rk_error *err = look(run, ((const struct uri_args *)args)->uri, &sight);

	if (!err)
		err = show_node(&sight, &node);
	if (err)
		return err;
	rk_render_json(run->out, node);
	return show_text(run, &sight);
}

const struct rk_command rk_cmd_token_show = {
    .name = "token show",
    .summary = "one token: its PIN's state, its keys, and what it can do for us",
    .args_size = sizeof(struct uri_args),
    .arguments = uri_arguments,
    .effects = RK_READS | RK_TOUCHES_TOKEN,
    .example = "rootkeep token show 'pkcs11:token=root-alice' --pin-file alice.pin",
    .description =
	"Logs in only where the PIN is given by --pin-file or the URI's pin-source; many "
	"tokens show no private key before that.",
    .run = show_run,
};

/* token init */

struct init_args {
	const char *uri;
	const char *label;
};

/* Outside of a keep there is nothing to be careful for; a -C that is none is still an error. */
static rk_error *
open_keep(struct rk_run *run, rk_keep **ret_keep)
{
	const struct rk_keep_options options = {
	    .dir = run->globals->keep_dir,
	    .from = run->working_dir,
	    .env = run->env,
	};
	rk_error *err = rk_keep_open(&options, ret_keep);

	if (rk_error_code(err) != RK_E_NOT_FOUND || options.dir)
		return err;
	rk_error_free(err);
	return NULL;
}

static rk_error *
init_run(struct rk_run *run, const void *args)
{
	const struct init_args *init = args;
	RK_AUTO(rk_keep) keep = NULL;
	RK_AUTO(rk_plan) plan = NULL;
	RK_AUTO(rk_token_info) info = NULL;
	struct rk_tokens_wish wish = {
	    .env = run->env,
	    .tokens = run->tokens,
	    .uri = init->uri,
	    .label = init->label,
	    .dry_run = run->globals->dry_run,
	};
	rk_error *err = open_keep(run, &keep);

	wish.keep = keep;
	if (!err)
		err = rk_tokens_init(&wish, &plan, &info);
	if (err)
		return err;
	if (!info)
		return rk_planview_render(run, plan);
	rk_tokenview_lines(run->out, info);
	return render_token(run, info);
}

static const struct rk_argument init_arguments[] = {
    RK_ARG(init_args, uri, "URI", "the token; among several that fit, the only empty one is meant"),
    RK_ARG_END,
};

static const struct rk_option init_options[] = {
    RK_OPT_STRING(init_args, label, "label", "L", "the token's label, 1 to 32 bytes", RK_REQUIRED),
    RK_OPT_END,
};

const struct rk_command rk_cmd_token_init = {
    .name = "token init",
    .summary = "initialise a token: a label, an SO PIN, a PIN",
    .args_size = sizeof(struct init_args),
    .arguments = init_arguments,
    .options = init_options,
    .effects = RK_TOUCHES_TOKEN | RK_DESTROYS,
    .example = "rootkeep token init 'pkcs11:model=SoftHSM%20v2' --label root-alice\n"
	       "rootkeep token init 'pkcs11:serial=1a2b' --label root-alice --erase=1a2b",
    .description =
	"Asks for the SO PIN and the new PIN, each twice where it is new; --so-pin-file and "
	"--new-pin-file answer.\n\n"
	"Whatever was on the token is lost. A token that was initialised before counts as full, "
	"unless a login (--pin-file) shows that no key is on it: a full one wants its serial typed "
	"back, or --erase=SERIAL. Never while a role of the keep trusts a key whose only copy it "
	"holds.",
    .run = init_run,
};
