/*
 * Metadata of any bytes: opened, read as whatever it says it is, signed, and rewritten. What was
 * signed or rewritten opens again and says what was asked for, and nothing else is another. A file
 * that one reader would write just so is canonical as that one escapes it.
 */
#include "tuf/delegations.h"
#include "tuf/root.h"
#include "tuf/snapshot.h"
#include "tuf/targets.h"
#include "tuf/verify.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool right)
{
	if (!right)
		abort();
}

/* What is left of an error is that there was one. */
static bool
works(rk_error *err)
{
	rk_error_free(err);
	return !err;
}

static rk_envelope *
open_bytes(const void *bytes, size_t len)
{
	rk_envelope *envelope = NULL;
	rk_text *text = NULL;

	must(works(rk_text_copy(bytes, len, &text)));
	return works(rk_envelope_open(NULL, text, "input", &envelope)) ? envelope : NULL;
}

static void
same_payload(rk_envelope *a, rk_envelope *b)
{
	uint8_t one[RK_SHA256_SIZE], other[RK_SHA256_SIZE];

	must(works(rk_envelope_sha256(a, one)) && works(rk_envelope_sha256(b, other)));
	must(memcmp(one, other, sizeof(one)) == 0);
}

static void
read_root(rk_envelope *envelope)
{
	RK_AUTO(rk_root) root = NULL;
	RK_AUTO(rk_verdict) verdict = NULL;
	RK_AUTO(rk_node) node = NULL;
	rk_text *text = NULL;

	if (!works(rk_root_read(envelope, &root)))
		return;
	must(root->version == envelope->version && root->expires == envelope->expires);
	if (works(rk_verify(envelope, rk_root_role(root, RK_ROLE_ROOT), root->keys, &verdict)))
		must(works(rk_verdict_node(verdict, &node)));
	must(works(rk_root_set_version(root, 7)));
	if (works(rk_root_compose(root, NULL, &text)))
		rk_text_free(text);
}

static void
read_list(rk_envelope *envelope)
{
	RK_AUTO(rk_snapshot) snapshot = NULL;
	rk_text *text = NULL;

	if (!works(rk_snapshot_read(envelope, &snapshot)))
		return;
	for (size_t i = 0; i < snapshot->count; i++)
		must(rk_snapshot_entry_of(snapshot, snapshot->entries[i].role) ==
		     &snapshot->entries[i]);
	if (snapshot->count > 0)
		must(works(rk_snapshot_unlist(snapshot, snapshot->entries[0].role)));
	must(works(rk_snapshot_list_facts(snapshot, "targets/fuzz", 3, 0, NULL)));
	must(rk_snapshot_entry_of(snapshot, "targets/fuzz")->version ==
	     (envelope->dialect->meta_version ? 3 : 0));
	if (works(rk_snapshot_compose(snapshot, NULL, &text)))
		rk_text_free(text);
}

static rk_error *
look_at_role(void *context, const rk_role *role)
{
	const rk_delegations *delegations = context;
	RK_AUTO(rk_role) same = NULL;

	must(works(rk_delegations_role(delegations, role->name, &same)));
	return NULL;
}

static void
read_delegations(const rk_envelope *envelope)
{
	RK_AUTO(rk_delegations) delegations = NULL;

	if (!works(rk_delegations_read(envelope, &delegations)))
		return;
	must(works(rk_delegations_for(delegations, "a/b", look_at_role, delegations)));
	for (uint64_t i = 0; i < rk_delegations_total(delegations) && i < 16; i++) {
		RK_AUTO(rk_role) role = NULL;

		must(works(rk_delegations_at(delegations, i, &role)));
	}
}

/* Signing changes the array of signatures and nothing else. */
static void
sign(rk_envelope *envelope)
{
	static const rk_scheme scheme = {"ed25519", RK_FAMILY_ED25519, RK_HASH_NONE, RK_SIG_RAW, 0};
	const struct rk_new_sig sig = {"fuzz", &scheme, "\x01\x02", 2};
	const rk_envelope_sig *put;
	RK_AUTO(rk_envelope) after = NULL;
	RK_AUTO_BUF(out);

	must(works(rk_envelope_splice(envelope, &sig, 1, NULL, rk_sink_buf(&out))));
	after = open_bytes(out.data, out.len);
	must(after != NULL);
	put = rk_envelope_sig_by_id(after, "fuzz");
	must(put && put->len == 2 && !memcmp(put->bytes, "\x01\x02", 2));
	must(after->sig_count <= envelope->sig_count + 1);
	same_payload(envelope, after);
}

static void
read_exactly(const rk_envelope *envelope)
{
	const rk_json *span = &envelope->signed_span;
	RK_AUTO_BUF(out);

	if (!envelope->dialect->exact || !works(envelope->dialect->exact(envelope)))
		return;
	must(works(rk_canonical(span, envelope->dialect->style->form, rk_sink_buf(&out), NULL)));
	must(out.len == span->len && memcmp(out.data, span->text, out.len) == 0);
}

/* Only the names that were edited may differ. */
static rk_error *
expect(void *context, const rk_target *before, const rk_target *after)
{
	const char *gone = context;

	must(before ? !after ? !strcmp(before->name, gone) : !strcmp(after->name, "fuzz")
		    : !strcmp(after->name, "fuzz"));
	return NULL;
}

/* The first name in the text, if it can be read. */
static char *
first_name(const rk_envelope *envelope)
{
	rk_targets_iter iter = rk_targets_each(envelope);
	rk_target *target = NULL;
	char *name = NULL;

	if (works(rk_targets_next(&iter, &target)) && target && strcmp(target->name, "fuzz"))
		must(works(rk_strdup(target->name, &name)));
	rk_target_free(target);
	return name;
}

static void
edit(const rk_envelope *envelope)
{
	RK_AUTO(rk_str) gone = first_name(envelope);
	rk_target put = {.name = (char[]){"fuzz"}, .length = 5}, dropped = {.name = gone};
	struct rk_target_edit items[] = {{&put, false}, {&dropped, true}};
	rk_target_edit_list list;
	struct rk_targets_changed changed;
	struct rk_targets_change change = {
	    .version = 9, .keep_expires = true, .edits = &list.edits};
	RK_AUTO(rk_envelope) after = NULL;
	RK_AUTO_BUF(out);

	rk_hashes_set(&put.hashes, RK_HASH_SHA256, (const uint8_t[RK_SHA256_SIZE]){7});
	must(works(rk_target_edit_list_init(&list, items, gone ? 2 : 1)));
	if (!works(rk_targets_rewrite(envelope, &change, rk_sink_buf(&out), &changed)))
		return;
	after = open_bytes(out.data, out.len);
	must(after && after->version == 9 && after->sig_count == 0);
	must(rk_targets_count(after) + changed.removed ==
	     rk_targets_count(envelope) + changed.added);
	must(changed.removed == (gone ? 1 : 0));
	/* False where some entry cannot be read. */
	(void)works(rk_targets_compare(envelope, after, expect, gone ? gone : (char[]){""}));
}

static void
renew(rk_envelope *envelope)
{
	struct rk_targets_change change = {.version = envelope->version, .keep_expires = true};
	RK_AUTO(rk_envelope) after = NULL;
	RK_AUTO_BUF(out);

	must(works(rk_targets_rewrite(envelope, &change, rk_sink_buf(&out), NULL)));
	after = open_bytes(out.data, out.len);
	must(after != NULL);
	same_payload(envelope, after);
	rk_buf_clear(&out);
	change.delegations = "{\"keys\":{},\"roles\":[]}";
	must(works(rk_targets_rewrite(envelope, &change, rk_sink_buf(&out), NULL)));
	rk_envelope_free(after);
	after = open_bytes(out.data, out.len);
	must(after && after->delegations_span.len > 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	RK_AUTO(rk_envelope) envelope = open_bytes(data, size);

	if (!envelope)
		return 0;
	read_root(envelope);
	read_list(envelope);
	read_delegations(envelope);
	read_exactly(envelope);
	(void)works(rk_targets_check(envelope));
	sign(envelope);
	edit(envelope);
	renew(envelope);
	return 0;
}
