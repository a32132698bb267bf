#include "cli/attestview.h"
#include "cli/fields.h"

#include "base/show.h"
#include "cli/attestroots.h"

#include <stdio.h>
#include <stdlib.h>

#define FIRMWARE(attestation) \
	(attestation)->firmware[0], (attestation)->firmware[1], (attestation)->firmware[2]

rk_error *
rk_attestview_pins(const rk_keep *keep, rk_attestation_pins **ret_pins)
{
	if (!rk_keep_attestation_any(keep) && !rk_keep_wants_attestations(keep))
		return NULL;
	return rk_attestroots_own(ret_pins);
}

static rk_error *
put_advisories(const rk_attestation *attestation, rk_node *node)
{
	RK_AUTO(rk_node) array = rk_node_new_array();
	const struct rk_attestation_require_advisory *advisory;
	rk_error *err = array ? NULL : rk_out_of_memory();

	for (size_t i = 0; !err; i++) {
		RK_AUTO(rk_node) item = NULL;

		advisory = rk_attestation_require_advisory_at(attestation, i);
		if (!advisory)
			break;
		item = rk_node_new_object();
		err = item ? rk_node_put_text(item, "name", advisory->name) : rk_out_of_memory();
		if (!err)
			err = rk_node_put_text(item, "text", advisory->text);
		if (!err)
			err = rk_node_append(array, RK_TAKE(item));
	}
	return err ? err : rk_node_put(node, "advisories", RK_TAKE(array));
}

static rk_error *
put_root(const rk_attestation *attestation, rk_node *node)
{
	RK_AUTO(rk_node) root = rk_node_new_object();
	rk_error *err = root ? NULL : rk_out_of_memory();

	rk_fields_text(&err, root, "name", attestation->root);
	rk_fields_text(&err, root, "sha256", attestation->root_sha256);
	rk_fields_put(&err, root, "given", rk_node_new_bool(attestation->given));
	return err ? err : rk_node_put(node, "root", RK_TAKE(root));
}

rk_error *
rk_attestview_node(const rk_attestation *attestation, rk_node **ret_node)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	char slot[3], firmware[16];
	rk_error *err = node ? put_root(attestation, node) : rk_out_of_memory();

	rk_hex(slot, &attestation->slot, 1);
	snprintf(firmware, sizeof(firmware), "%u.%u.%u", FIRMWARE(attestation));
	rk_fields_text(&err, node, "slot", slot);
	rk_fields_text(&err, node, "firmware", firmware);
	rk_fields_put(&err, node, "serial",
	    attestation->has_serial ? rk_node_new_int(attestation->serial) : rk_node_new_null());
	rk_fields_text(&err, node, "pin_policy", rk_attestation_pin_name(attestation->pin));
	rk_fields_text(&err, node, "touch_policy", rk_attestation_touch_name(attestation->touch));
	rk_fields_text(&err, node, "form", rk_attestation_form_name(attestation->form));
	rk_fields_put(&err, node, "fips", rk_node_new_bool(attestation->fips));
	rk_fields_put(&err, node, "cspn", rk_node_new_bool(attestation->cspn));
	if (!err)
		err = put_advisories(attestation, node);
	if (!err)
		*ret_node = RK_TAKE(node);
	return err;
}

static void
device_line(struct rk_run *run, const rk_attestation *attestation)
{
	const char *form = rk_attestation_form_name(attestation->form);
	char serial[32] = "";

	if (attestation->has_serial)
		snprintf(serial, sizeof(serial), ", serial %u", attestation->serial);
	rk_render_line(run->out, "  device   YubiKey%s%s%s%s, firmware %u.%u.%u%s", form ? " " : "",
	    form ? form : "", attestation->fips ? " FIPS" : "", attestation->cspn ? " CSPN" : "",
	    FIRMWARE(attestation), serial);
}

void
rk_attestview_lines(struct rk_run *run, const rk_attestation *attestation)
{
	const struct rk_attestation_require_advisory *advisory;

	device_line(run, attestation);
	rk_render_line(run->out, "  slot     %02x, PIN %s, touch %s", attestation->slot,
	    rk_attestation_pin_name(attestation->pin),
	    rk_attestation_touch_name(attestation->touch));
	rk_render_line(run->out, "  root     %s, sha256 %.16s…", RK_SHOW_BARE(attestation->root),
	    attestation->root_sha256);
	if (attestation->given)
		rk_render_styled(run->out, RK_CAUTION,
		    "  by a CA that was given for this run: it satisfies no policy");
	for (size_t i = 0; (advisory = rk_attestation_require_advisory_at(attestation, i)); i++)
		rk_render_styled(run->out, RK_CAUTION, "  %s: %s", advisory->name, advisory->text);
}

/* What came of judging what the keep has: none, not believed, or believed. */
struct look {
	bool any;
	rk_error *why;
	rk_attestation *attestation;
};

static void
look_clear(struct look *look)
{
	rk_error_free(look->why);
	rk_attestation_free(look->attestation);
}
#define AUTO_LOOK(look) __attribute__((cleanup(look_clear))) struct look look = {false, NULL, NULL}

static rk_error *
look_at(
    const rk_keep *keep, const rk_keep_key *key, const rk_attestation_pins *pins, struct look *look)
{
	rk_error *err;

	if (!pins)
		return NULL;
	err = rk_attest_kept(keep, key, pins, &look->attestation);
	if (rk_error_code(err) == RK_E_NOMEM)
		return err;
	look->any = !(err && !rk_error_cause(err) && rk_error_code(err) == RK_E_NOT_FOUND);
	look->why = err;
	return NULL;
}

/* The last of the causes says most. */
static const char *
reason_of(const rk_error *err)
{
	while (rk_error_cause(err))
		err = rk_error_cause(err);
	return rk_error_message(err);
}

static rk_error *
not_believed(const struct look *look, rk_node **ret_node)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	rk_error *err = node ? rk_node_put_bool(node, "believed", false) : rk_out_of_memory();

	if (!err)
		err = rk_node_put_text(node, "why", reason_of(look->why));
	if (!err)
		*ret_node = RK_TAKE(node);
	return err;
}

rk_error *
rk_attestview_put(
    const rk_keep *keep, const rk_keep_key *key, const rk_attestation_pins *pins, rk_node *node)
{
	AUTO_LOOK(look);
	RK_AUTO(rk_node) value = NULL;
	rk_error *err = look_at(keep, key, pins, &look);

	if (!err && !look.any)
		return rk_node_put(node, "attestation", rk_node_new_null());
	if (!err && look.why)
		err = not_believed(&look, &value);
	else if (!err)
		err = rk_attestview_node(look.attestation, &value);
	if (!err && !look.why)
		err = rk_node_put_bool(value, "believed", true);
	return err ? err : rk_node_put(node, "attestation", RK_TAKE(value));
}

rk_error *
rk_attestview_line(struct rk_run *run, const rk_keep *keep, const rk_keep_key *key,
    const rk_attestation_pins *pins)
{
	AUTO_LOOK(look);
	rk_error *err = look_at(keep, key, pins, &look);

	if (err || !look.any)
		return err;
	if (look.why) {
		rk_render_styled(
		    run->out, RK_BAD, "  attestation  not believed: %s", reason_of(look.why));
		return NULL;
	}
	rk_render_line(run->out,
	    "  attestation  made on this device, under %s:", RK_SHOW_BARE(look.attestation->root));
	rk_attestview_lines(run, look.attestation);
	return NULL;
}

rk_error *
rk_attestview_append(
    const rk_keep *keep, const rk_keep_key *key, const rk_attestation_pins *pins, rk_buf *out)
{
	AUTO_LOOK(look);
	rk_error *err = look_at(keep, key, pins, &look);

	if (err)
		return err;
	if (!look.any)
		rk_buf_text(out, "no");
	else if (look.why)
		rk_buf_text(out, "not believed");
	else
		rk_buf_printf(out, "%u.%u.%u", FIRMWARE(look.attestation));
	if (look.attestation && look.attestation->has_serial)
		rk_buf_printf(out, ", serial %u", look.attestation->serial);
	return rk_buf_check(out);
}

rk_error *
rk_attestview_policy(rk_repo *repo, enum rk_view view, const char *role,
    const rk_attestation_pins *pins, rk_names *sentences)
{
	RK_AUTO(rk_names) lacking = calloc(1, sizeof(*lacking));
	RK_AUTO_BUF(text);
	rk_error *err = lacking ? rk_attest_lacking(repo, view, role, pins, false, lacking)
				: rk_out_of_memory();

	/* Whom nobody trusts with it yet. */
	if (rk_error_code(err) == RK_E_NOT_FOUND) {
		rk_error_free(err);
		return NULL;
	}
	if (err || lacking->count == 0)
		return err;
	rk_buf_printf(
	    &text, "the keep's policy wants the keys of %s attested; not so: ", RK_SHOW_BARE(role));
	for (size_t i = 0; i < lacking->count; i++)
		rk_buf_printf(&text, "%s%s", i ? ", " : "", lacking->names[i]);
	err = rk_buf_check(&text);
	return err ? err : rk_names_add(sentences, rk_buf_str(&text));
}
