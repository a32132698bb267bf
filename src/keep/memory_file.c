#include "keep/memory_private.h"

#include "base/show.h"
#include "json/document.h"
#include "json/write.h"

#include <stdlib.h>
#include <string.h>

static void
payload_clear(rk_memory_payload *payload)
{
	free(payload->role);
	for (size_t i = 0; i < payload->fingerprint_count; i++)
		free(payload->fingerprints[i]);
	free(payload->fingerprints);
}

void
rk_memory_record_free(rk_memory_record *record)
{
	if (!record)
		return;
	for (size_t i = 0; i < record->count; i++)
		payload_clear(&record->payloads[i]);
	free(record->payloads);
	free(record->name);
	free(record);
}

static rk_error *
read_digest(const rk_node *object, const char *where, uint8_t out[static RK_SHA256_SIZE])
{
	const char *hex;
	rk_error *err = rk_node_want_text(object, "sha256", where, &hex);

	return err ? err : rk_unhex(hex, strlen(hex), out, RK_SHA256_SIZE);
}

rk_error *
rk_memory_payload_add_fingerprint(rk_memory_payload *payload, const char *fingerprint)
{
	char **more;
	rk_error *err;

	for (size_t i = 0; i < payload->fingerprint_count; i++) {
		if (strcmp(payload->fingerprints[i], fingerprint) == 0)
			return NULL;
	}
	more = reallocarray(payload->fingerprints, payload->fingerprint_count + 1, sizeof(*more));
	if (!more)
		return rk_out_of_memory();
	payload->fingerprints = more;
	err = rk_strdup(fingerprint, &more[payload->fingerprint_count]);
	if (!err)
		payload->fingerprint_count++;
	return err;
}

static rk_error *
read_payload(const rk_node *object, const char *where, rk_memory_payload *payload)
{
	const char *role;
	rk_node *prints;
	rk_error *err;

	err = rk_node_want_text(object, "role", where, &role);
	if (!err)
		err = rk_node_want_int(object, "version", where, &payload->version);
	if (!err)
		err = read_digest(object, where, payload->sha256);
	if (!err)
		err = rk_node_want_array(object, "fingerprints", where, &prints);
	if (!err)
		err = rk_strdup(role, &payload->role);
	if (err)
		return err;
	for (const rk_node *print = rk_node_child(prints); print && !err;
	     print = rk_node_next(print)) {
		if (rk_node_text(print))
			err = rk_memory_payload_add_fingerprint(payload, rk_node_text(print));
	}
	return err;
}

static rk_error *
read_payloads(const rk_node *top, const char *where, rk_memory_record *record)
{
	rk_node *list;
	rk_error *err;

	err = rk_node_want_array(top, "signed", where, &list);
	if (err)
		return err;
	record->payloads = calloc(rk_node_count(list) + 1, sizeof(*record->payloads));
	if (!record->payloads)
		return rk_out_of_memory();
	for (const rk_node *one = rk_node_child(list); one && !err; one = rk_node_next(one))
		err = read_payload(one, where, &record->payloads[record->count++]);
	return err;
}

static rk_error *
read_version(const rk_node *top, const char *where)
{
	int64_t version;
	rk_error *err = rk_node_want_int(top, "rootkeep_memory", where, &version);

	if (!err && version > RK_MEMORY_VERSION)
		err = rk_fail(RK_E_NEWER, "use a newer rootkeep",
		    "%s was written by a newer rootkeep", where);
	return err;
}

rk_error *
rk_memory_record_read(const rk_text *text, const char *where, rk_memory_record **ret_record)
{
	RK_AUTO(rk_memory_record) record = calloc(1, sizeof(*record));
	RK_AUTO(rk_node) top = NULL;
	rk_node *anchor = NULL;
	const char *name = NULL;
	rk_error *err;

	if (!record)
		return rk_out_of_memory();
	err = rk_node_parse(text->data, text->len, where, &top);
	if (!err)
		err = read_version(top, where);
	if (!err)
		err = rk_node_want_text(top, "name", where, &name);
	if (!err)
		err = rk_node_want_object(top, "anchor", where, &anchor);
	if (!err)
		err = rk_node_want_int(anchor, "version", where, &record->anchor_version);
	if (!err)
		err = read_digest(anchor, where, record->anchor_sha256);
	if (!err)
		err = read_payloads(top, where, record);
	if (!err)
		err = rk_strdup(name, &record->name);
	if (!err)
		*ret_record = RK_TAKE(record);
	return err;
}

static rk_error *
put_digest(rk_node *object, const uint8_t sha256[static RK_SHA256_SIZE])
{
	char hex[2 * RK_SHA256_SIZE + 1];

	rk_hex(hex, sha256, RK_SHA256_SIZE);
	return rk_node_put_text(object, "sha256", hex);
}

static rk_error *
append_payload(rk_node *list, const rk_memory_payload *payload)
{
	RK_AUTO(rk_node) object = rk_node_new_object();
	RK_AUTO(rk_node) prints = rk_node_new_array();
	rk_error *err = NULL;

	if (!object || !prints)
		return rk_out_of_memory();
	for (size_t i = 0; i < payload->fingerprint_count && !err; i++)
		err = rk_node_append_text(prints, payload->fingerprints[i]);
	if (!err)
		err = rk_node_put(object, "fingerprints", RK_TAKE(prints));
	if (!err)
		err = rk_node_put_text(object, "role", payload->role);
	if (!err)
		err = rk_node_put_int(object, "version", payload->version);
	if (!err)
		err = put_digest(object, payload->sha256);
	return err ? err : rk_node_append(list, RK_TAKE(object));
}

static rk_error *
put_anchor(rk_node *top, const rk_memory_record *record)
{
	RK_AUTO(rk_node) anchor = rk_node_new_object();
	rk_error *err;

	if (!anchor)
		return rk_out_of_memory();
	err = rk_node_put_int(anchor, "version", record->anchor_version);
	if (!err)
		err = put_digest(anchor, record->anchor_sha256);
	return err ? err : rk_node_put(top, "anchor", RK_TAKE(anchor));
}

rk_error *
rk_memory_record_write(const rk_memory_record *record, rk_buf *out)
{
	RK_AUTO(rk_node) top = rk_node_new_object();
	RK_AUTO(rk_node) list = rk_node_new_array();
	rk_error *err = NULL;

	if (!top || !list)
		return rk_out_of_memory();
	for (size_t i = 0; i < record->count && !err; i++)
		err = append_payload(list, &record->payloads[i]);
	if (!err)
		err = rk_node_put_int(top, "rootkeep_memory", RK_MEMORY_VERSION);
	if (!err)
		err = rk_node_put_text(top, "name", record->name);
	if (!err)
		err = put_anchor(top, record);
	if (!err)
		err = rk_node_put(top, "signed", RK_TAKE(list));
	if (err)
		return err;
	rk_write_node(out, top, &rk_style_ours, 0);
	return rk_buf_check(out);
}
