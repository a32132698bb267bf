#include "tuf/hashes.h"

#include "base/show.h"
#include "tuf/dialect.h"

#include <string.h>

static const struct {
	const char *name;
	size_t size;
} algorithms[] = {
    [RK_HASH_NONE] = {NULL, 0},
    [RK_HASH_SHA224] = {"sha224", 28},
    [RK_HASH_SHA256] = {"sha256", 32},
    [RK_HASH_SHA384] = {"sha384", 48},
    [RK_HASH_SHA512] = {"sha512", 64},
};

const char *
rk_hashes_name(enum rk_hash hash)
{
	return algorithms[hash].name;
}

enum rk_hash
rk_hashes_by_name(const char *name)
{
	for (enum rk_hash hash = RK_HASH_SHA224; hash <= RK_HASH_SHA512; hash++)
		if (strcmp(algorithms[hash].name, name) == 0)
			return hash;
	return RK_HASH_NONE;
}

size_t
rk_hashes_size(enum rk_hash hash)
{
	return algorithms[hash].size;
}

void
rk_hashes_set(rk_hashes *hashes, enum rk_hash hash, const uint8_t *value)
{
	memcpy(hashes->value[hash], value, algorithms[hash].size);
	hashes->have |= 1u << hash;
}

static rk_error *
finish(rk_payload_pass *pass, unsigned set, rk_hashes *ret_hashes)
{
	rk_payload payload = {0};
	rk_hashes hashes = {0};
	rk_error *err = rk_payload_finish(pass, &payload);
	if (err)
		return err;
	for (enum rk_hash hash = RK_HASH_SHA224; hash <= RK_HASH_SHA512; hash++) {
		size_t size;
		const uint8_t *digest = rk_payload_digest(&payload, hash, &size);
		if ((set & 1u << hash) && digest)
			rk_hashes_set(&hashes, hash, digest);
	}
	rk_payload_clear(&payload);
	*ret_hashes = hashes;
	return NULL;
}

rk_error *
rk_hashes_of(const void *bytes, size_t len, unsigned set, rk_hashes *ret_hashes)
{
	RK_AUTO(rk_payload_pass) pass = NULL;
	rk_error *err = rk_payload_begin(set, false, &pass);
	if (err)
		return err;
	rk_sink sink = rk_payload_sink(pass);
	err = sink.write(sink.context, bytes, len);
	return err ? err : finish(pass, set, ret_hashes);
}

rk_error *
rk_hashes_of_text(const rk_text *text, unsigned set, rk_hashes *ret_hashes)
{
	RK_AUTO(rk_payload_pass) pass = NULL;
	rk_error *err = rk_payload_begin(set, false, &pass);
	if (err)
		return err;
	err = rk_text_feed(text, 0, text->len, rk_payload_sink(pass));
	return err ? err : finish(pass, set, ret_hashes);
}

bool
rk_hashes_match(const rk_hashes *a, const rk_hashes *b)
{
	unsigned common = a->have & b->have;
	for (enum rk_hash hash = RK_HASH_SHA224; hash <= RK_HASH_SHA512; hash++)
		if ((common & 1u << hash) &&
		    memcmp(a->value[hash], b->value[hash], algorithms[hash].size) != 0)
			return false;
	return common != 0;
}

bool
rk_hashes_equal(const rk_hashes *a, const rk_hashes *b)
{
	if (a->have != b->have || a->unknown != b->unknown)
		return false;
	return a->have == 0 || rk_hashes_match(a, b);
}

static rk_error *
take_one(const rk_dialect *dialect, const char *name, const char *text, size_t len,
    const char *where, rk_hashes *hashes)
{
	enum rk_hash hash = rk_hashes_by_name(name);
	if (hash == RK_HASH_NONE) {
		hashes->unknown++;
		return NULL;
	}
	rk_error *err = dialect->hash_bytes(text, len, hashes->value[hash], algorithms[hash].size);
	if (err)
		return rk_wrap(err, "%s has a damaged %s", where, algorithms[hash].name);
	hashes->have |= 1u << hash;
	return NULL;
}

static rk_error *
not_hashes(const char *where)
{
	return rk_fail(
	    RK_E_MALFORMED, NULL, "the hashes of %s are not an object of strings", where);
}

rk_error *
rk_hashes_read(
    const rk_dialect *dialect, const rk_node *object, const char *where, rk_hashes *ret_hashes)
{
	rk_hashes hashes = {0};
	if (!object || rk_node_kind(object) != RK_JSON_OBJECT)
		return not_hashes(where);
	for (rk_node *child = rk_node_child(object); child; child = rk_node_next(child)) {
		const char *text = rk_node_text(child);
		if (!text)
			return not_hashes(where);
		rk_error *err =
		    take_one(dialect, rk_node_name(child), text, strlen(text), where, &hashes);
		if (err)
			return err;
	}
	*ret_hashes = hashes;
	return NULL;
}

/* A name or a hash with escapes: seldom seen, and no reason to complain. */
static rk_error *
take_escaped(const rk_dialect *dialect, const rk_json *key, const rk_json *value, const char *where,
    rk_hashes *hashes)
{
	RK_AUTO_BUF(name);
	RK_AUTO_BUF(text);
	rk_error *err = rk_json_string(key, &name);
	if (!err)
		err = rk_json_string(value, &text);
	if (err)
		return err;
	return take_one(dialect, rk_buf_str(&name), rk_buf_str(&text), text.len, where, hashes);
}

static enum rk_hash
algorithm_of(const rk_json *key)
{
	for (enum rk_hash hash = RK_HASH_SHA224; hash <= RK_HASH_SHA512; hash++)
		if (rk_json_is(key, algorithms[hash].name))
			return hash;
	return RK_HASH_NONE;
}

/* Millions of them are read: the text as it stands, where it holds no escapes. */
static rk_error *
take_json(const rk_dialect *dialect, const rk_json *key, const rk_json *value, const char *where,
    rk_hashes *hashes)
{
	enum rk_hash hash = algorithm_of(key);
	if (hash == RK_HASH_NONE || memchr(value->text, '\\', value->len))
		return take_escaped(dialect, key, value, where, hashes);
	return take_one(
	    dialect, algorithms[hash].name, value->text + 1, value->len - 2, where, hashes);
}

rk_error *
rk_hashes_read_json(
    const rk_dialect *dialect, const rk_json *object, const char *where, rk_hashes *ret_hashes)
{
	rk_hashes hashes = {0};
	rk_json key, value;
	if (object->kind != RK_JSON_OBJECT)
		return not_hashes(where);
	for (rk_json_iter iter = rk_json_each(object); rk_json_next(&iter, &key, &value);) {
		if (value.kind != RK_JSON_STRING)
			return not_hashes(where);
		rk_error *err = take_json(dialect, &key, &value, where, &hashes);
		if (err)
			return err;
	}
	*ret_hashes = hashes;
	return NULL;
}

rk_error *
rk_hashes_node(const rk_dialect *dialect, const rk_hashes *hashes, rk_node **ret_object)
{
	RK_AUTO(rk_node) object = rk_node_new_object();
	if (!object)
		return rk_out_of_memory();
	for (enum rk_hash hash = RK_HASH_SHA224; hash <= RK_HASH_SHA512; hash++) {
		RK_AUTO_BUF(text);
		if (!(hashes->have & 1u << hash))
			continue;
		rk_error *err =
		    dialect->hash_text(hashes->value[hash], algorithms[hash].size, &text);
		if (err)
			return err;
		err = rk_node_put_text(object, algorithms[hash].name, rk_buf_str(&text));
		if (err)
			return err;
	}
	*ret_object = RK_TAKE(object);
	return NULL;
}
