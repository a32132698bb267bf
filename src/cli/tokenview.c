#include "cli/tokenview.h"
#include "cli/fields.h"

#include "base/show.h"

#include <string.h>

/* A member of an object under way: nothing happens once something failed. */
const char *
rk_tokenview_pin_word(enum rk_pin_state state)
{
	switch (state) {
	case RK_PIN_OK:
		return "ok";
	case RK_PIN_LOW:
		return "low";
	case RK_PIN_FINAL:
		return "final";
	case RK_PIN_LOCKED:
		return "locked";
	case RK_PIN_UNSET:
		break;
	}
	return "unset";
}

static rk_node *
fact_node(enum rk_fact fact)
{
	return fact == RK_FACT_UNKNOWN ? rk_node_new_null() : rk_node_new_bool(fact == RK_FACT_YES);
}

/* Who can give a new PIN. */
static const char *
unblock_word(enum rk_unblock unblock)
{
	switch (unblock) {
	case RK_UNBLOCK_SO:
		return "so-pin";
	case RK_UNBLOCK_PUK:
		return "puk";
	case RK_UNBLOCK_NOBODY:
		break;
	}
	return "nobody";
}

static void
put_pins(rk_error **err, rk_node *node, const rk_token_info *info)
{
	rk_fields_text(err, node, "pin_state", rk_tokenview_pin_word(info->pin_state));
	rk_fields_text(err, node, "so_pin_state", rk_tokenview_pin_word(info->so_pin_state));
	if (info->pin_tries_known)
		rk_fields_put(err, node, "pin_tries", rk_node_new_int(info->pin_tries));
	if (info->puk_tries_known)
		rk_fields_put(err, node, "puk_tries", rk_node_new_int(info->puk_tries));
	rk_fields_put(err, node, "factory_pin", fact_node(info->factory_pin));
	rk_fields_put(err, node, "factory_puk", fact_node(info->factory_puk));
	rk_fields_put(err, node, "factory_so_pin", fact_node(info->factory_so_pin));
	rk_fields_text(err, node, "unblock", unblock_word(info->unblock));
	rk_fields_put(err, node, "so_makes_keys", rk_node_new_bool(info->so_makes_keys));
	rk_fields_put(err, node, "pin_pad", rk_node_new_bool(info->pin_pad));
	rk_fields_put(err, node, "pin_min", rk_node_new_int((int64_t)info->pin_min));
	rk_fields_put(err, node, "pin_max", rk_node_new_int((int64_t)info->pin_max));
}

rk_error *
rk_tokenview_node(const rk_token_info *info, rk_node **ret_node)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	rk_error *err = node ? NULL : rk_out_of_memory();

	rk_fields_shown(&err, node, "label", info->label);
	rk_fields_shown(&err, node, "serial", info->serial);
	rk_fields_shown(&err, node, "model", info->model);
	rk_fields_shown(&err, node, "manufacturer", info->manufacturer);
	rk_fields_shown(&err, node, "firmware", info->firmware);
	rk_fields_shown(&err, node, "module", info->module);
	rk_fields_shown(&err, node, "module_path", info->module_path);
	rk_fields_shown(&err, node, "module_version", info->module_version);
	rk_fields_shown(&err, node, "uri", info->uri);
	rk_fields_put(&err, node, "initialized", rk_node_new_bool(info->initialized));
	rk_fields_put(&err, node, "login_required", rk_node_new_bool(info->login_required));
	rk_fields_put(&err, node, "write_protected", rk_node_new_bool(info->write_protected));
	/* Some modules make up 64-bit slot numbers, which JSON's readers would bend. */
	if (info->slot <= (UINT64_C(1) << 53))
		rk_fields_put(&err, node, "slot", rk_node_new_int((int64_t)info->slot));
	put_pins(&err, node, info);
	if (!err)
		*ret_node = RK_TAKE(node);
	return err;
}

rk_error *
rk_tokenview_key(const rk_token_key *key, rk_node **ret_node)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	RK_AUTO_BUF(id);
	rk_error *err = node ? NULL : rk_out_of_memory();

	rk_buf_hex(&id, key->id, key->id_len);
	rk_fields_shown(&err, node, "label", key->label);
	rk_fields_text(&err, node, "id", rk_buf_str(&id));
	rk_fields_shown(&err, node, "type", key->what);
	rk_fields_text(
	    &err, node, "fingerprint", key->pubkey ? rk_pubkey_fingerprint_hex(key->pubkey) : NULL);
	rk_fields_put(&err, node, "private", rk_node_new_bool(key->handle != 0));
	rk_fields_shown(&err, node, "uri", key->uri);
	rk_fields_put(&err, node, "sensitive", fact_node(key->sensitive));
	rk_fields_put(&err, node, "extractable", fact_node(key->extractable));
	rk_fields_put(&err, node, "always_sensitive", fact_node(key->always_sensitive));
	rk_fields_put(&err, node, "never_extractable", fact_node(key->never_extractable));
	rk_fields_put(&err, node, "local", fact_node(key->local));
	rk_fields_put(&err, node, "sign", fact_node(key->sign));
	rk_fields_put(&err, node, "always_authenticate", fact_node(key->always_authenticate));
	if (!err)
		*ret_node = RK_TAKE(node);
	return err;
}

static rk_error *
add_key(rk_node *array, const rk_token_key *key)
{
	rk_node *node = NULL;
	rk_error *err = rk_tokenview_key(key, &node);

	return err ? err : rk_node_append(array, node);
}

rk_error *
rk_tokenview_keys(const rk_token_keys *keys, rk_node **ret_array)
{
	RK_AUTO(rk_node) array = rk_node_new_array();
	rk_error *err = array ? NULL : rk_out_of_memory();

	for (size_t i = 0; !err && i < keys->count; i++)
		err = add_key(array, &keys->keys[i]);
	if (!err)
		*ret_array = RK_TAKE(array);
	return err;
}

rk_error *
rk_tokenview_abilities(const rk_token_abilities *abilities, rk_node **ret_node)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	rk_error *err = node ? NULL : rk_out_of_memory();

	for (size_t type = 0; type < RK_KEY_GENERATED_COUNT; type++) {
		RK_AUTO(rk_node) one = rk_node_new_object();

		if (!err && !one)
			err = rk_out_of_memory();
		rk_fields_put(&err, one, "generate", rk_node_new_bool(abilities->generate[type]));
		rk_fields_put(&err, one, "sign", rk_node_new_bool(abilities->sign[type]));
		rk_fields_put(&err, node, rk_key_type_name((enum rk_key_type)type), RK_TAKE(one));
	}
	if (!err)
		*ret_node = RK_TAKE(node);
	return err;
}

static void
add_flag(rk_buf *out, bool is, const char *word)
{
	if (is)
		rk_buf_printf(out, "%s%s", out->len > 0 ? ", " : "", word);
}

void
rk_tokenview_flags(rk_buf *out, const rk_token_info *info)
{
	RK_AUTO_BUF(flags);

	add_flag(&flags, !info->initialized, "empty");
	add_flag(&flags, info->write_protected, "read-only");
	add_flag(&flags, info->pin_pad, "PIN pad");
	if (info->initialized) {
		add_flag(&flags, !info->login_required, "no login");
		add_flag(&flags, info->pin_state == RK_PIN_LOW, "PIN low");
		add_flag(&flags, info->pin_state == RK_PIN_FINAL, "PIN final");
		add_flag(&flags, info->pin_state == RK_PIN_LOCKED, "PIN locked");
		add_flag(
		    &flags, info->login_required && info->pin_state == RK_PIN_UNSET, "PIN unset");
		add_flag(&flags, info->so_pin_state == RK_PIN_LOCKED, "SO PIN locked");
	}
	rk_buf_text(out, flags.len > 0 ? rk_buf_str(&flags) : "ready");
}

/* Never assumed: "cannot tell" is an answer. */
static const char *
factory_word(enum rk_fact fact)
{
	switch (fact) {
	case RK_FACT_YES:
		return "STILL THE FACTORY'S";
	case RK_FACT_NO:
		return "not the factory's";
	case RK_FACT_UNKNOWN:
		break;
	}
	return "cannot tell";
}

static void
pin_lines(rk_render *out, const rk_token_info *info)
{
	RK_AUTO_BUF(tries);
	const char *so = info->so_makes_keys ? "management key" : "SO PIN";

	if (info->pin_tries_known)
		rk_buf_printf(&tries, ", %u %s left", info->pin_tries,
		    info->pin_tries == 1 ? "try" : "tries");
	rk_render_line(out, "  PIN         %s, %zu to %zu bytes%s",
	    rk_tokenview_pin_word(info->pin_state), info->pin_min, info->pin_max,
	    rk_buf_str(&tries));
	rk_render_line(out, "  SO PIN      %s%s", rk_tokenview_pin_word(info->so_pin_state),
	    info->so_makes_keys ? ", the management key" : "");
	if (info->puk_tries_known)
		rk_render_line(out, "  unblocks    %s, %u %s left", unblock_word(info->unblock),
		    info->puk_tries, info->puk_tries == 1 ? "try" : "tries");
	else
		rk_render_line(out, "  unblocks    %s", unblock_word(info->unblock));
	rk_render_line(out, "  factory     PIN: %s; PUK: %s; %s: %s",
	    factory_word(info->factory_pin), factory_word(info->factory_puk), so,
	    factory_word(info->factory_so_pin));
}

void
rk_tokenview_lines(rk_render *out, const rk_token_info *info)
{
	RK_AUTO_BUF(flags);
	RK_AUTO_BUF(uri);

	rk_tokenview_flags(&flags, info);
	rk_render_styled(
	    out, RK_STRONG, "%s (serial %s)", RK_SHOW(info->label), RK_SHOW_BARE(info->serial));
	rk_render_line(out, "  model       %s, by %s", RK_SHOW_BARE(info->model),
	    RK_SHOW_BARE(info->manufacturer));
	rk_render_line(out, "  firmware    %s", RK_SHOW_BARE(info->firmware));
	rk_render_line(out, "  module      %s (%s, %s)", RK_SHOW_BARE(info->module),
	    RK_SHOW_BARE(info->module_version), RK_SHOW_BARE(info->module_path));
	rk_show_bare(&uri, info->uri, strlen(info->uri), 0);
	rk_render_line(out, "  URI         %s", rk_buf_str(&uri));
	rk_render_line(out, "  flags       %s", rk_buf_str(&flags));
	pin_lines(out, info);
}

static const char *
judgement(const rk_token_key *key)
{
	if (!key->handle)
		return "public half only";
	if (key->extractable == RK_FACT_YES || key->sensitive == RK_FACT_NO)
		return "can leave the token";
	if (key->sign == RK_FACT_NO)
		return "cannot sign";
	return key->local == RK_FACT_YES ? "made on the token" : "";
}

rk_error *
rk_tokenview_key_table(rk_render *out, const rk_token_keys *keys)
{
	static const char *const headings[] = {"KEY", "TYPE", "ID", "FINGERPRINT", "", NULL};
	RK_AUTO(rk_table) table = NULL;
	rk_error *err = rk_table_new(headings, &table);

	if (err)
		return err;
	for (size_t i = 0; i < keys->count; i++) {
		const rk_token_key *key = &keys->keys[i];
		RK_AUTO_BUF(id);

		rk_buf_hex(&id, key->id, key->id_len);
		rk_table_cell(table, "%s", RK_SHOW_BARE(key->label));
		rk_table_cell(table, "%s", RK_SHOW_BARE(key->what));
		rk_table_cell(table, "%s", rk_buf_str(&id));
		rk_table_cell(table, "%.16s",
		    key->pubkey ? rk_pubkey_fingerprint_hex(key->pubkey) : "unknown");
		rk_table_cell(table, "%s", judgement(key));
	}
	rk_render_table(out, table);
	return NULL;
}
