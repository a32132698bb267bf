#include "tuf/targets_private.h"

#include "json/bytes.h"

#include <string.h>

#define STEP ((size_t)1 << 20)

/*
 * Entries as everybody writes them are judged where they stand, without a span for each part. The
 * text was scanned: it is well-formed. Whatever looks otherwise (white space, escapes, other
 * members) is left to the careful way, as is the complaint.
 */
struct glance {
	const rk_dialect *dialect;
	const char *end; /* of the text of all entries */
	bool measured, hashed;
};

/* Behind `word`; NULL: it does not stand there. */
static inline const char *
behind(const struct glance *glance, const char *at, const char *word, size_t len)
{
	if ((size_t)(glance->end - at) <= len || memcmp(at, word, len) != 0)
		return NULL;
	return at + len;
}

#define BEHIND(glance, at, word) behind(glance, at, word, sizeof(word) - 1)

/* Behind a string without escapes whose opening quote was passed. */
static inline const char *
plain_string(const struct glance *glance, const char *at)
{
	at = rk_bytes_quote(at, glance->end);
	return at < glance->end && *at == '"' ? at + 1 : NULL;
}

/* Behind the hash that begins at `at`: at once where it is as long as hex is. What is not all digits
 * up to there is refused when it is read. */
static inline const char *
hash_end(const struct glance *glance, const char *at, size_t size)
{
	if ((size_t)(glance->end - at) > 2 * size && at[2 * size] == '"')
		return at + 2 * size + 1;
	return plain_string(glance, at);
}

static const char *
glance_hash(struct glance *glance, const char *at)
{
	uint8_t value[RK_HASHES_MAX];
	enum rk_hash hash = RK_HASH_SHA256;
	const char *text = BEHIND(glance, at, "\"sha256\":\"");
	rk_error *err;

	if (!text) {
		hash = RK_HASH_SHA512;
		text = BEHIND(glance, at, "\"sha512\":\"");
	}
	at = text ? hash_end(glance, text, rk_hashes_size(hash)) : NULL;
	if (!at)
		return NULL;
	err =
	    glance->dialect->hash_bytes(text, (size_t)(at - 1 - text), value, rk_hashes_size(hash));
	rk_error_free(err);
	return err ? NULL : at;
}

static const char *
glance_hashes(struct glance *glance, const char *at)
{
	do
		at = glance_hash(glance, at);
	while (at && *at == ',' && at++);
	glance->hashed = at && *at == '}';
	return glance->hashed ? at + 1 : NULL;
}

/* An object of strings and numbers, no deeper. */
static const char *
glance_custom(const struct glance *glance, const char *at)
{
	for (at = rk_bytes_structure(at, glance->end); at < glance->end && *at == '"';) {
		at = plain_string(glance, at + 1);
		if (!at)
			return NULL;
		at = rk_bytes_structure(at, glance->end);
	}
	return at < glance->end && *at == '}' ? at + 1 : NULL;
}

static const char *
glance_length(struct glance *glance, const char *at)
{
	const char *digits = at;

	while (at < glance->end && *at >= '0' && *at <= '9')
		at++;
	glance->measured = at > digits;
	return glance->measured ? at : NULL;
}

static const char *
glance_member(struct glance *glance, const char *at)
{
	const char *value;

	if ((value = BEHIND(glance, at, "\"hashes\":{")))
		return glance_hashes(glance, value);
	if ((value = BEHIND(glance, at, "\"length\":")))
		return glance_length(glance, value);
	if ((value = BEHIND(glance, at, "\"custom\":{")))
		return glance_custom(glance, value);
	return NULL;
}

/* Behind the entry whose name begins at `at`; NULL: it has to be looked at. */
static const char *
glance_entry(struct glance *glance, const char *at)
{
	at = *at == '"' ? plain_string(glance, at + 1) : NULL;
	at = at ? BEHIND(glance, at, ":{") : NULL;
	glance->measured = false;
	glance->hashed = false;
	if (!at)
		return NULL;
	do
		at = glance_member(glance, at);
	while (at && *at == ',' && at++);
	return at && *at == '}' && glance->measured && glance->hashed ? at + 1 : NULL;
}

/* Behind as many entries as a glance is enough for, and the comma after them. */
static const char *
pass_plain(struct glance *glance, const rk_json *entries, const char *at)
{
	const char *mark = at + STEP, *behind_entry;

	while (at < glance->end && (behind_entry = glance_entry(glance, at))) {
		/* White space before a comma: not as everybody writes it. */
		if (*behind_entry != ',')
			return behind_entry == glance->end ? behind_entry : at;
		at = behind_entry + 1;
		if (at >= mark && entries->source) {
			rk_text_forget(entries->source, (size_t)(at - entries->source->data));
			mark = at + STEP;
		}
	}
	return at;
}

rk_error *
rk_targets_check_entries(const rk_envelope *envelope, const rk_json *entries)
{
	struct glance glance = {
	    .dialect = envelope->dialect, .end = entries->text + entries->len - 1};
	rk_json_iter iter = rk_json_each(entries);
	rk_json value;
	rk_error *err = NULL;

	for (;;) {
		iter.at = pass_plain(&glance, entries, iter.at);
		if (!rk_json_next(&iter, NULL, &value))
			return NULL;
		err = rk_targets_check_entry(envelope, &value);
		if (err)
			return err;
	}
}
