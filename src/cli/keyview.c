#include "cli/keyview.h"
#include "cli/fields.h"

#include "base/show.h"
#include "cli/attestview.h"
#include "cli/keyids.h"
#include "flow/keyuri.h"

#include <string.h>

#define ROLES_SHOWN 4 /* in a cell */

static rk_error *
add_role(rk_node *array, const rk_custody_role *role)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	rk_error *err = node ? NULL : rk_out_of_memory();

	rk_fields_text(&err, node, "repository", role->repo);
	rk_fields_text(&err, node, "role", role->role);
	rk_fields_put(&err, node, "published", rk_node_new_bool(role->published));
	rk_fields_put(&err, node, "next", rk_node_new_bool(role->next));
	return err ? err : rk_node_append(array, RK_TAKE(node));
}

static rk_error *
put_roles(rk_node *node, const rk_custody_roles *roles, const rk_keep_key *key)
{
	RK_AUTO(rk_node) array = rk_node_new_array();
	size_t count = 0;
	const rk_custody_role *first = rk_custody_roles_of(roles, key, &count);
	rk_error *err = array ? NULL : rk_out_of_memory();

	for (size_t i = 0; i < count && !err; i++)
		err = add_role(array, &first[i]);
	return err ? err : rk_node_put(node, "roles", RK_TAKE(array));
}

static rk_error *
put_tokens(rk_node *node, const rk_keep_key *key)
{
	RK_AUTO(rk_node) array = rk_node_new_array();
	rk_error *err = array ? NULL : rk_out_of_memory();

	for (size_t i = 0; i < key->token_count && !err; i++)
		err = rk_node_append_text(array, key->tokens[i]);
	return err ? err : rk_node_put(node, "tokens", RK_TAKE(array));
}

static rk_node *
backups_of(const rk_keep_key *key)
{
	return rk_node_get(key->rest, "backups");
}

rk_error *
rk_keyview_node(const rk_keep_key *key, const rk_custody_roles *roles, rk_node **ret_node)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	const rk_node *backups = backups_of(key);
	rk_error *err = node ? put_tokens(node, key) : rk_out_of_memory();

	rk_fields_text(&err, node, "name", key->name);
	rk_fields_text(&err, node, "type", rk_key_type_name(rk_pubkey_type(key->pubkey)));
	rk_fields_text(&err, node, "fingerprint", key->fingerprint);
	rk_fields_text(&err, node, "public", rk_pubkey_pem(key->pubkey));
	rk_fields_text(&err, node, "holder", key->holder);
	rk_fields_text(&err, node, "origin", rk_keep_origin_name(key->origin));
	rk_fields_put(&err, node, "backups", backups ? rk_node_copy(backups) : rk_node_new_array());
	if (!err && roles)
		err = put_roles(node, roles, key);
	if (!err)
		*ret_node = RK_TAKE(node);
	return err;
}

rk_error *
rk_keyview_render(struct rk_run *run, const rk_keep_key *key)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	rk_node *value = NULL;
	rk_error *err = node ? rk_keyview_node(key, NULL, &value) : rk_out_of_memory();

	if (!err)
		err = rk_node_put(node, "key", value);
	if (err)
		return err;
	rk_render_json(run->out, RK_TAKE(node));
	return NULL;
}

static const char *
standing(const rk_custody_role *role)
{
	if (!role->published)
		return " (staged)";
	return role->next ? "" : " (not in what is staged)";
}

/* "demo: root, targets; other: root". */
static void
append_roles(rk_buf *out, const rk_custody_roles *roles, const rk_keep_key *key, size_t most)
{
	size_t count = 0;
	const rk_custody_role *first = rk_custody_roles_of(roles, key, &count);

	for (size_t i = 0; i < count && i < most; i++) {
		if (i == 0 || strcmp(first[i].repo, first[i - 1].repo) != 0)
			rk_buf_printf(
			    out, "%s%s: ", i > 0 ? "; " : "", RK_SHOW_BARE(first[i].repo));
		else
			rk_buf_text(out, ", ");
		rk_buf_printf(out, "%s%s", RK_SHOW_BARE(first[i].role), standing(&first[i]));
	}
	if (count > most)
		rk_buf_printf(out, "; %zu more", count - most);
}

static const char *
backup_word(const rk_keep_key *key)
{
	const char *opens = rk_node_text(rk_node_get(rk_node_child(backups_of(key)), "opens_with"));

	if (rk_node_count(backups_of(key)) == 0)
		return "none";
	return opens ? opens : "yes";
}

static void
show_tokens(rk_render *out, const rk_keep_key *key)
{
	if (key->token_count == 0)
		rk_render_line(out, "  token        none: only its public half is known");
	for (size_t i = 0; i < key->token_count; i++) {
		RK_AUTO_BUF(uri);

		rk_show_bare(&uri, key->tokens[i], strlen(key->tokens[i]), 0);
		rk_render_line(out, "  token        %s", rk_buf_str(&uri));
	}
}

void
rk_keyview_lines(rk_render *out, const rk_keep_key *key, const rk_custody_roles *roles)
{
	RK_AUTO_BUF(trust);

	rk_render_styled(out, RK_STRONG, "%s (%s, %s)", RK_SHOW_BARE(key->name),
	    rk_key_type_name(rk_pubkey_type(key->pubkey)), rk_keep_origin_name(key->origin));
	rk_render_line(out, "  fingerprint  %s", rk_pubkey_fingerprint_hex(key->pubkey));
	if (key->origin == RK_KEEP_IMPORTED)
		rk_render_line(out, "  origin       a file: whoever has a copy of it has the key");
	if (key->holder)
		rk_render_line(out, "  holder       %s", RK_SHOW_BARE(key->holder));
	show_tokens(out, key);
	if (!roles)
		return;
	append_roles(&trust, roles, key, SIZE_MAX);
	rk_render_line(out, "  roles        %s", trust.len > 0 ? rk_buf_str(&trust) : "none");
	rk_render_line(out, "  backup       %s", RK_SHOW_BARE(backup_word(key)));
}

/* Its label, else its serial. */
static rk_error *
append_token(rk_buf *out, const char *uri)
{
	RK_AUTO_BUF(value);
	bool found = false;
	rk_error *err = rk_keyuri_attribute(uri, "token", &value, &found);

	if (!err && !found)
		err = rk_keyuri_attribute(uri, "serial", &value, &found);
	if (rk_error_code(err) == RK_E_MALFORMED) {
		rk_error_free(err);
		err = NULL;
	}
	if (!err)
		rk_buf_printf(out, "%s%s", out->len > 0 ? ", " : "",
		    found ? RK_SHOW_BARE(rk_buf_str(&value)) : "?");
	return err;
}

/* What a table of keys shows. */
struct wide {
	bool origins;
	const rk_keep *keep;
	const rk_custody_roles *roles;
	const rk_attestation_pins *pins; /* NULL: without attestations */
	bool certificates;
};

static rk_error *
add_more(const struct wide *wide, rk_table *table, const rk_keep_key *key)
{
	RK_AUTO_BUF(sworn);
	RK_AUTO_BUF(guns);
	rk_error *err =
	    wide->pins ? rk_attestview_append(wide->keep, key, wide->pins, &sworn) : NULL;

	if (!err && wide->origins)
		rk_table_cell(table, "%s", rk_keep_origin_name(key->origin));
	if (!err && wide->pins)
		rk_table_cell(table, "%s", rk_buf_str(&sworn));
	if (!err && wide->certificates) {
		rk_keyids_append(key, &guns);
		rk_table_cell(table, "%s", guns.len > 0 ? rk_buf_str(&guns) : "none");
	}
	return err;
}

static rk_error *
add_row(const struct wide *wide, rk_table *table, const rk_keep_key *key)
{
	RK_AUTO_BUF(tokens);
	RK_AUTO_BUF(trust);
	rk_error *err = NULL;

	for (size_t i = 0; i < key->token_count && !err; i++)
		err = append_token(&tokens, key->tokens[i]);
	if (err)
		return err;
	append_roles(&trust, wide->roles, key, ROLES_SHOWN);
	rk_table_cell(table, "%s", RK_SHOW_BARE(key->name));
	rk_table_cell(table, "%s", rk_key_type_name(rk_pubkey_type(key->pubkey)));
	rk_table_cell(table, "%.16s", rk_pubkey_fingerprint_hex(key->pubkey));
	rk_table_cell(table, "%s", tokens.len > 0 ? rk_buf_str(&tokens) : "none");
	rk_table_cell(table, "%s", key->holder ? RK_SHOW_BARE(key->holder) : "");
	rk_table_cell(table, "%s", trust.len > 0 ? rk_buf_str(&trust) : "none");
	rk_table_cell(table, "%s", RK_SHOW_BARE(backup_word(key)));
	return add_more(wide, table, key);
}

/* Keys that there are copies of outside their tokens are told from the others. */
static bool
any_copied(const rk_keep *keep)
{
	for (size_t i = 0; i < rk_keep_key_count(keep); i++) {
		enum rk_keep_origin origin = rk_keep_key_at(keep, i)->origin;

		if (origin == RK_KEEP_IMPORTED || origin == RK_KEEP_SPLIT)
			return true;
	}
	return false;
}

rk_error *
rk_keyview_table(rk_render *out, const rk_keep *keep, const rk_custody_roles *roles,
    const rk_attestation_pins *pins)
{
	const struct wide wide = {any_copied(keep), keep, roles, pins, rk_keyids_any(keep)};
	const char *headings[11] = {
	    "NAME", "TYPE", "FINGERPRINT", "TOKEN", "HOLDER", "ROLES", "BACKUP"};
	RK_AUTO(rk_table) table = NULL;
	size_t count = 7;
	rk_error *err;

	if (wide.origins)
		headings[count++] = "ORIGIN";
	if (pins)
		headings[count++] = "ATTESTED";
	if (wide.certificates)
		headings[count++] = "CERTIFICATE FOR";
	err = rk_table_new(headings, &table);
	for (size_t i = 0; i < rk_keep_key_count(keep) && !err; i++)
		err = add_row(&wide, table, rk_keep_key_at(keep, i));
	if (!err)
		rk_render_table(out, table);
	return err;
}
