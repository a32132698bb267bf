#include "cli/cli.h"
#include "cli/fields.h"
#include "cli/keydesk.h"
#include "cli/tokenview.h"
#include "cli/work.h"

#include "base/show.h"
#include "flow/audit.h"

#include <string.h>

struct audit_args {
	const char *uri;
};

/* A member of an object under way: nothing happens once something failed. */
static rk_error *
add_key(rk_node *array, const rk_audit_key *row)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	RK_AUTO(rk_node) key = NULL;
	rk_error *err = node ? NULL : rk_out_of_memory();

	rk_fields_text(&err, node, "result", rk_audit_word(row->result));
	rk_fields_text(&err, node, "name", row->known ? row->known->name : NULL);
	rk_fields_text(&err, node, "stored", row->uri);
	rk_fields_text(&err, node, "because", row->what);
	if (!err && row->key)
		err = rk_tokenview_key(row->key, &key);
	if (!err)
		err = rk_node_put(node, "key", key ? RK_TAKE(key) : rk_node_new_null());
	return err ? err : rk_node_append(array, RK_TAKE(node));
}

static rk_error *
add_certificate(rk_node *array, const rk_audit_certificate *row)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	RK_AUTO_BUF(id);
	rk_error *err = node ? NULL : rk_out_of_memory();

	rk_buf_hex(&id, row->certificate->id, row->certificate->id_len);
	rk_fields_text(&err, node, "result", rk_audit_word(row->result));
	rk_fields_text(&err, node, "name", row->known ? row->known->name : NULL);
	rk_fields_shown(&err, node, "label", row->certificate->label);
	rk_fields_text(&err, node, "id", rk_buf_str(&id));
	rk_fields_shown(&err, node, "subject", row->read ? row->read->name : NULL);
	rk_fields_text(&err, node, "because", row->what);
	return err ? err : rk_node_append(array, RK_TAKE(node));
}

static rk_error *
add_token(rk_node *array, const rk_audit_token *token)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	RK_AUTO(rk_node) keys = rk_node_new_array();
	RK_AUTO(rk_node) certificates = rk_node_new_array();
	rk_node *info = NULL;
	rk_error *err = node && keys && certificates ? NULL : rk_out_of_memory();

	if (!err)
		err = rk_tokenview_node(token->info, &info);
	if (!err)
		err = rk_node_put(node, "token", info);
	if (!err)
		err = rk_node_put_bool(node, "looked", token->err == NULL);
	rk_fields_text(&err, node, "because", token->err ? rk_error_message(token->err) : NULL);
	for (size_t i = 0; !err && i < token->row_count; i++)
		err = add_key(keys, &token->rows[i]);
	if (!err)
		err = rk_node_put(node, "keys", RK_TAKE(keys));
	for (size_t i = 0; !err && i < token->certificate_count; i++)
		err = add_certificate(certificates, &token->certificate_rows[i]);
	if (!err)
		err = rk_node_put(node, "certificates", RK_TAKE(certificates));
	return err ? err : rk_node_append(array, RK_TAKE(node));
}

static rk_error *
add_absent(rk_node *array, const rk_audit_absent *absent)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	rk_error *err = node ? NULL : rk_out_of_memory();

	rk_fields_text(&err, node, "name", absent->known->name);
	rk_fields_text(&err, node, "stored", absent->uri);
	rk_fields_text(&err, node, "because", absent->why);
	return err ? err : rk_node_append(array, RK_TAKE(node));
}

static rk_error *
audit_node(const rk_audit *audit, rk_node **ret_node)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	RK_AUTO(rk_node) tokens = rk_node_new_array();
	RK_AUTO(rk_node) absent = rk_node_new_array();
	rk_error *err = node && tokens && absent ? NULL : rk_out_of_memory();

	for (size_t i = 0; !err && i < audit->count; i++)
		err = add_token(tokens, &audit->tokens[i]);
	for (size_t i = 0; !err && i < audit->absent_count; i++)
		err = add_absent(absent, &audit->absent[i]);
	if (!err)
		err = rk_node_put(node, "tokens", RK_TAKE(tokens));
	if (!err)
		err = rk_node_put(node, "absent", RK_TAKE(absent));
	if (!err)
		err = rk_node_put_int(node, "findings", (int64_t)audit->findings);
	if (!err)
		*ret_node = RK_TAKE(node);
	return err;
}

static enum rk_style_name
style_of(enum rk_audit_result result)
{
	switch (result) {
	case RK_AUDIT_OK:
		return RK_GOOD;
	case RK_AUDIT_MISSING:
	case RK_AUDIT_UNKNOWN:
	case RK_AUDIT_CHANGED:
		return RK_BAD;
	case RK_AUDIT_UNJUDGED:
		break;
	}
	return RK_FAINT;
}

static void
key_cells(rk_table *table, const rk_audit_key *row)
{
	const rk_token_key *key = row->key;

	rk_table_styled(table, style_of(row->result), "%s", rk_audit_word(row->result));
	rk_table_cell(table, "%s", row->known ? RK_SHOW_BARE(row->known->name) : "");
	rk_table_cell(table, "%s", key ? RK_SHOW_BARE(key->label) : "");
	rk_table_cell(table, "%s", key ? RK_SHOW_BARE(key->what) : "");
	rk_table_cell(table, "%s", row->what ? row->what : "");
}

static void
certificate_cells(rk_table *table, const rk_audit_certificate *row)
{
	rk_table_styled(table, style_of(row->result), "%s", rk_audit_word(row->result));
	rk_table_cell(table, "%s", row->known ? RK_SHOW_BARE(row->known->name) : "");
	rk_table_cell(table, "%s", RK_SHOW_BARE(row->certificate->label));
	rk_table_cell(table, "certificate");
	rk_table_cell(table, "%s", row->what ? row->what : "");
}

static rk_error *
token_text(struct rk_run *run, const rk_audit_token *token)
{
	static const char *const headings[] = {"", "KEY", "LABEL", "TYPE", "", NULL};
	RK_AUTO(rk_table) table = NULL;
	rk_error *err = rk_table_new(headings, &table);

	if (err)
		return err;
	rk_render_styled(run->out, RK_STRONG, "%s (serial %s)", RK_SHOW(token->info->label),
	    RK_SHOW_BARE(token->info->serial));
	if (token->err)
		rk_render_line(run->out, "not looked at: %s", rk_error_message(token->err));
	for (size_t i = 0; i < token->row_count; i++)
		key_cells(table, &token->rows[i]);
	for (size_t i = 0; i < token->certificate_count; i++)
		certificate_cells(table, &token->certificate_rows[i]);
	if (rk_table_rows(table) > 0)
		rk_render_table(run->out, table);
	else if (!token->err)
		rk_render_line(run->out, "nothing is on it, and nothing should be");
	return NULL;
}

static rk_error *
audit_text(struct rk_run *run, const rk_audit *audit)
{
	rk_error *err = NULL;

	for (size_t i = 0; i < audit->count && !err; i++)
		err = token_text(run, &audit->tokens[i]);
	for (size_t i = 0; i < audit->absent_count; i++)
		rk_render_line(run->out, "not here: a token of %s (%s)",
		    RK_SHOW_BARE(audit->absent[i].known->name), audit->absent[i].why);
	return err;
}

static rk_error *
audit_run(struct rk_run *run, const void *args)
{
	RK_AUTO_KEYDESK(desk);
	RK_AUTO(rk_audit) audit = NULL;
	rk_node *node = NULL;
	rk_error *err = rk_keydesk_open(run, RK_KEYDESK_READ, &desk);

	if (!err)
		err = rk_audit_run(&desk.custody, ((const struct audit_args *)args)->uri, &audit);
	if (!err)
		err = audit_node(audit, &node);
	if (err)
		return err;
	rk_render_json(run->out, node);
	if (audit->findings > 0)
		run->status = rk_code_exit(RK_E_FOUND);
	else if (audit->unseen > 0)
		run->status = rk_code_exit(RK_E_UNFINISHED);
	return audit_text(run, audit);
}

static const struct rk_argument audit_arguments[] = {
    RK_ARG_OPTIONAL(audit_args, uri, "URI", "one token (default: every one that the keep names)"),
    RK_ARG_END,
};

const struct rk_command rk_cmd_token_audit = {
    .name = "token audit",
    .summary = "what is on the tokens against what the keep says of them",
    .args_size = sizeof(struct audit_args),
    .arguments = audit_arguments,
    .effects = RK_READS | RK_TOUCHES_TOKEN,
    .example = "rootkeep token audit\nrootkeep token audit 'pkcs11:token=root-alice'",
    .description =
	"Logs in to each token that wants it, and compares: keys that should be there and are "
	"missing, keys that the keep does not know, and what has changed: a private half that can "
	"be read out or leave the token, another label or id, another key in its place, a "
	"certificate around another key than the one under its id. Nothing is written.\n\n"
	"Exit status 3 where something was found; 5 where a token is here and could not be looked "
	"at. Tokens that are not here are named, and are no finding.",
    .run = audit_run,
};
