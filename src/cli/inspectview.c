#include "cli/inspectview.h"

#include "base/show.h"
#include "term/table.h"
#include "json/write.h"

#include <stdlib.h>
#include <string.h>

#define SHORT_ID 12 /* digits of a key's id beside its signer */
#define COLUMN_MIN 10 /* columns of a cell, the gap included */
#define COLUMN_GAP 3

static const rk_style docker_style = {
    .indent = 4,
    .colon_space = true,
    .newline = true,
    .form = RK_FORM_GO,
};

/* JSON. An object's members stand in the order in which they are put. */

static rk_error *
key_node(const char *keyid, rk_node *array)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	rk_error *err = node ? rk_node_put_text(node, "ID", keyid) : rk_out_of_memory();

	return err ? err : rk_node_append(array, RK_TAKE(node));
}

/* Without keys there is no such member. */
static rk_error *
holder_node(const char *name, const rk_names *keyids, rk_node *array)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	RK_AUTO(rk_node) keys = rk_node_new_array();
	rk_error *err = node && keys ? rk_node_put_text(node, "Name", name) : rk_out_of_memory();

	for (size_t i = 0; i < keyids->count && !err; i++)
		err = key_node(keyids->names[i], keys);
	if (!err && keyids->count > 0)
		err = rk_node_put(node, "Keys", RK_TAKE(keys));
	return err ? err : rk_node_append(array, RK_TAKE(node));
}

static rk_error *
tag_node(const rk_inspect *inspect, const rk_inspect_tag *tag, rk_node *array)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	RK_AUTO(rk_node) signers = rk_node_new_array();
	rk_error *err =
	    node && signers ? rk_node_put_text(node, "SignedTag", tag->name) : rk_out_of_memory();

	if (!err)
		err = rk_node_put_text(node, "Digest", tag->digest);
	for (size_t i = 0; i < tag->signers && !err; i++)
		err = rk_node_append_text(signers, inspect->signed_by[tag->first + i]);
	if (!err && tag->signers == 0)
		err = rk_node_append_text(signers, RK_INSPECT_ADMIN);
	if (!err)
		err = rk_node_put(node, "Signers", RK_TAKE(signers));
	return err ? err : rk_node_append(array, RK_TAKE(node));
}

static int
by_name_down(const void *a, const void *b)
{
	const rk_inspect_signer *const *one = a, *const *other = b;

	return strcmp((*other)->name, (*one)->name);
}

static rk_error *
put_signers(const rk_inspect *inspect, rk_node *array)
{
	const rk_inspect_signer **sorted =
	    calloc(inspect->signer_count + 1, sizeof(const rk_inspect_signer *));
	rk_error *err = NULL;

	if (!sorted)
		return rk_out_of_memory();
	for (size_t i = 0; i < inspect->signer_count; i++)
		sorted[i] = &inspect->signers[i];
	qsort(sorted, inspect->signer_count, sizeof(const rk_inspect_signer *), by_name_down);
	for (size_t i = 0; i < inspect->signer_count && !err; i++)
		err = holder_node(sorted[i]->name, sorted[i]->keyids, array);
	free(sorted);
	return err;
}

static rk_error *
put_array(rk_node *node, const char *name, rk_node **ret_array)
{
	*ret_array = rk_node_new_array();
	return rk_node_put(node, name, *ret_array);
}

static rk_error *
repository_node(const rk_inspect *inspect, const char *what, rk_node *node)
{
	rk_node *tags = NULL, *signers = NULL, *admins = NULL;
	rk_error *err = rk_node_put_text(node, "Name", what);

	if (!err)
		err = put_array(node, "SignedTags", &tags);
	if (!err)
		err = put_array(node, "Signers", &signers);
	if (!err)
		err = put_array(node, "AdministrativeKeys", &admins);
	for (size_t i = 0; i < inspect->tag_count && !err; i++)
		err = tag_node(inspect, &inspect->tags[i], tags);
	if (!err)
		err = put_signers(inspect, signers);
	if (!err)
		err = holder_node("Root", inspect->root_keys, admins);
	if (!err)
		err = holder_node("Repository", inspect->targets_keys, admins);
	return err;
}

rk_error *
rk_inspectview_json(const rk_inspect *inspect, const char *what, rk_buf *out)
{
	RK_AUTO(rk_node) list = rk_node_new_array();
	RK_AUTO(rk_node) node = rk_node_new_object();
	rk_error *err = list && node ? repository_node(inspect, what, node) : rk_out_of_memory();

	if (!err)
		err = rk_node_append(list, RK_TAKE(node));
	if (err)
		return err;
	rk_write_node(out, list, &docker_style, 0);
	return rk_buf_check(out);
}

/* Tables. */

static int
by_text(const void *a, const void *b)
{
	const char *const *one = a, *const *other = b;

	return strcmp(*one, *other);
}

/* "alice, bob", sorted, each cut to `most` bytes. */
static rk_error *
append_sorted(rk_buf *out, char *const *texts, size_t count, size_t most)
{
	const char **sorted = calloc(count + 1, sizeof(const char *));

	if (!sorted)
		return rk_out_of_memory();
	for (size_t i = 0; i < count; i++)
		sorted[i] = texts[i];
	qsort(sorted, count, sizeof(const char *), by_text);
	for (size_t i = 0; i < count; i++) {
		size_t len = strnlen(sorted[i], most);

		rk_buf_text(out, i > 0 ? ", " : "");
		rk_show_bare(out, sorted[i], len, 0);
	}
	free(sorted);
	return NULL;
}

static size_t
shown_width(const char *text)
{
	RK_AUTO_BUF(shown);

	rk_show_bare(&shown, text, strlen(text), 0);
	return rk_table_width(rk_buf_str(&shown), shown.len);
}

static void
widen(size_t *column, size_t width)
{
	if (*column < width + COLUMN_GAP)
		*column = width + COLUMN_GAP;
}

/* A cell and the blanks up to the next column. */
static void
put_cell(rk_buf *out, const char *text, size_t column)
{
	RK_AUTO_BUF(shown);
	size_t width;

	rk_show_bare(&shown, text, strlen(text), 0);
	width = rk_table_width(rk_buf_str(&shown), shown.len);
	rk_buf_append(out, rk_buf_str(&shown), shown.len);
	rk_buf_printf(out, "%*s", width < column ? (int)(column - width) : 0, "");
}

static rk_error *
put_tags(const rk_inspect *inspect, rk_buf *out)
{
	size_t names = COLUMN_MIN, digests = COLUMN_MIN;
	rk_error *err = NULL;

	widen(&names, strlen("SIGNED TAG"));
	widen(&digests, strlen("DIGEST"));
	for (size_t i = 0; i < inspect->tag_count; i++) {
		widen(&names, shown_width(inspect->tags[i].name));
		widen(&digests, strlen(inspect->tags[i].digest));
	}
	put_cell(out, "SIGNED TAG", names);
	put_cell(out, "DIGEST", digests);
	rk_buf_text(out, "SIGNERS\n");
	for (size_t i = 0; i < inspect->tag_count && !err; i++) {
		const rk_inspect_tag *tag = &inspect->tags[i];

		put_cell(out, tag->name, names);
		put_cell(out, tag->digest, digests);
		if (tag->signers == 0)
			rk_buf_text(out, "(" RK_INSPECT_ADMIN ")");
		else
			err = append_sorted(
			    out, inspect->signed_by + tag->first, tag->signers, SIZE_MAX);
		rk_buf_byte(out, '\n');
	}
	return err;
}

static rk_error *
put_signer_table(const rk_inspect *inspect, rk_buf *out)
{
	size_t names = COLUMN_MIN;
	rk_error *err = NULL;

	widen(&names, strlen("SIGNER"));
	for (size_t i = 0; i < inspect->signer_count; i++)
		widen(&names, shown_width(inspect->signers[i].name));
	put_cell(out, "SIGNER", names);
	rk_buf_text(out, "KEYS\n");
	for (size_t i = 0; i < inspect->signer_count && !err; i++) {
		const rk_names *keyids = inspect->signers[i].keyids;

		put_cell(out, inspect->signers[i].name, names);
		err = append_sorted(out, keyids->names, keyids->count, SHORT_ID);
		rk_buf_byte(out, '\n');
	}
	return err;
}

static void
put_heading(rk_buf *out, const char *words, const char *what)
{
	rk_buf_printf(out, "\n%s for ", words);
	rk_show_bare(out, what, strlen(what), 0);
	rk_buf_text(out, "\n\n");
}

static rk_error *
put_admins(rk_buf *out, const char *heading, const rk_names *keyids)
{
	rk_error *err;

	rk_buf_printf(out, "  %s:\t", heading);
	err = append_sorted(out, keyids->names, keyids->count, SIZE_MAX);
	rk_buf_byte(out, '\n');
	return err;
}

rk_error *
rk_inspectview_pretty(const rk_inspect *inspect, const char *what, rk_buf *out)
{
	rk_error *err = NULL;

	put_heading(out, inspect->tag_count > 0 ? "Signatures" : "No signatures", what);
	if (inspect->tag_count > 0)
		err = put_tags(inspect, out);
	if (!err && inspect->signer_count > 0) {
		put_heading(out, "List of signers and their keys", what);
		err = put_signer_table(inspect, out);
	}
	put_heading(out, "Administrative keys", what);
	if (!err)
		err = put_admins(out, "Repository Key", inspect->targets_keys);
	if (!err)
		err = put_admins(out, "Root Key", inspect->root_keys);
	return err ? err : rk_buf_check(out);
}
