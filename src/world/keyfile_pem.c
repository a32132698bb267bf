#include "world/keyfile_private.h"

#include "base/show.h"

#include <openssl/evp.h>

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define BEGIN "-----BEGIN "
#define END "-----END "
#define DASHES "-----"
#define PRIVATE " PRIVATE KEY"
#define LABEL_MAX 64
#define VALUE_MAX 4096 /* of a header */

/* A text that is being read, a line at a time. */
struct lines {
	const char *at, *end;
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static bool
next_line(struct lines *lines, struct rk_keyfile_span *ret_line)
{
	const char *at = lines->at, *stop;
	size_t len;

	if (at >= lines->end)
		return false;
	stop = memchr(at, '\n', (size_t)(lines->end - at));
	lines->at = stop ? stop + 1 : lines->end;
	len = (size_t)((stop ? stop : lines->end) - at);
	while (len > 0 && is_blank(at[len - 1]))
		len--;
	*ret_line = (struct rk_keyfile_span){(const uint8_t *)at, len};
	return true;
}

/* The label of a line like "-----BEGIN X-----"; false for other lines. */
static bool
label_of(const struct rk_keyfile_span *line, const char *mark, struct rk_keyfile_span *ret_label)
{
	size_t before = strlen(mark), after = strlen(DASHES);

	if (line->len < before + after || memcmp(line->at, mark, before) != 0 ||
	    memcmp(line->at + line->len - after, DASHES, after) != 0)
		return false;
	*ret_label = (struct rk_keyfile_span){line->at + before, line->len - before - after};
	return ret_label->len <= LABEL_MAX;
}

/* "PRIVATE KEY" and "X PRIVATE KEY"; OpenPGP's end in a word more. */
static bool
is_private(const struct rk_keyfile_span *label)
{
	size_t len = strlen(PRIVATE);

	return memmem(label->at, label->len, PRIVATE, len) != NULL ||
	       rk_keyfile_span_is(label, &PRIVATE[1], len - 1);
}

static bool
is_public(const struct rk_keyfile_span *label)
{
	return rk_keyfile_span_is(label, "PUBLIC KEY", 10) ||
	       rk_keyfile_span_is(label, "CERTIFICATE", 11);
}

bool
rk_keyfile_pem_is(const void *text, size_t len)
{
	return memmem(text, len, BEGIN, strlen(BEGIN)) != NULL;
}

/* Lines of it are lost. */
static rk_error *
cut_off(const struct rk_keyfile_span *label)
{
	return rk_fail(RK_E_MALFORMED, "take a whole copy of the file",
	    "the %s in it is cut off: its last line is missing",
	    RK_SHOW_LEN(label->at, label->len));
}

/* The lines from a BEGIN to its END. */
static rk_error *
body_of(struct lines *lines, const struct rk_keyfile_span *label, struct lines *ret_body)
{
	struct rk_keyfile_span line, end;
	const char *from = lines->at, *to = from;

	for (; next_line(lines, &line); to = lines->at) {
		if (label_of(&line, BEGIN, &end))
			break;
		if (!label_of(&line, END, &end))
			continue;
		if (!rk_keyfile_span_is(&end, label->at, label->len))
			break;
		*ret_body = (struct lines){from, to};
		return NULL;
	}
	return cut_off(label);
}

static bool
named(const struct rk_keyfile_span *name, const char *text)
{
	return name->len == strlen(text) &&
	       strncasecmp((const char *)name->at, text, name->len) == 0;
}

static rk_error *
keep_header(const struct rk_keyfile_span *name, const char *value, size_t len,
    struct rk_keyfile_block *block)
{
	char **place = named(name, "role")	 ? &block->role
		       : named(name, "gun")	 ? &block->gun
		       : named(name, "path")	 ? &block->path
		       : named(name, "DEK-Info") ? &block->dek_info
						 : NULL;

	if (!place)
		return NULL;
	if (*place || len == 0 || len > VALUE_MAX || !rk_utf8_valid(value, len))
		return rk_fail(RK_E_MALFORMED, "mend the lines after its first one",
		    "its header %s is there twice, or says nothing that we could read",
		    RK_SHOW_LEN(name->at, name->len));
	return rk_strndup(value, len, place);
}

/* "name: value" */
static rk_error *
read_header(
    const struct rk_keyfile_span *line, const uint8_t *colon, struct rk_keyfile_block *block)
{
	const struct rk_keyfile_span name = {line->at, (size_t)(colon - line->at)};
	const char *value = (const char *)colon + 1;
	size_t len = line->len - name.len - 1;

	while (len > 0 && is_blank(*value)) {
		value++;
		len--;
	}
	return keep_header(&name, value, len, block);
}

/* Up to the first line that cannot be one; base64 has no colon. */
static rk_error *
read_headers(struct lines *body, struct rk_keyfile_block *block)
{
	struct lines ahead = *body;
	struct rk_keyfile_span line;
	rk_error *err = NULL;

	while (!err && next_line(&ahead, &line)) {
		const uint8_t *colon = memchr(line.at, ':', line.len);
		bool more = line.len > 0 && is_blank((char)line.at[0]);

		if (!colon && !more && line.len > 0)
			break;
		*body = ahead;
		if (colon && !more)
			err = read_header(&line, colon, block);
	}
	return err;
}

static rk_error *
no_base64(void)
{
	return rk_fail(RK_E_MALFORMED, "take a whole copy of the file",
	    "what stands between its first and last line is not base64");
}

/* The characters alone, since OpenSSL takes a single line. */
static rk_error *
gather(const struct lines *body, rk_secret **ret_text, size_t *ret_padding)
{
	RK_AUTO(rk_secret) text = NULL;
	size_t len = 0, padding = 0;
	rk_error *err = rk_secret_new((size_t)(body->end - body->at), &text);

	if (err)
		return err;
	for (const char *at = body->at; at < body->end; at++) {
		if (is_blank(*at) || *at == '\n')
			continue;
		padding += *at == '=';
		if (padding > 2 || (padding > 0 && *at != '=') || *at == '-')
			return no_base64();
		rk_secret_bytes(text)[len++] = (uint8_t)*at;
	}
	rk_secret_truncate(text, len);
	*ret_text = RK_TAKE(text);
	*ret_padding = padding;
	return NULL;
}

static rk_error *
decode(const struct lines *body, rk_secret **ret_bytes)
{
	RK_AUTO(rk_secret) text = NULL;
	RK_AUTO(rk_secret) bytes = NULL;
	size_t padding = 0, len;
	rk_error *err = gather(body, &text, &padding);

	if (err)
		return err;
	len = rk_secret_len(text);
	if (len == 0 || len % 4 != 0)
		return no_base64();
	err = rk_secret_new(len / 4 * 3, &bytes);
	if (err)
		return err;
	if (EVP_DecodeBlock(rk_secret_bytes(bytes), rk_secret_peek(text), (int)len) !=
	    (int)(len / 4 * 3))
		return no_base64();
	rk_secret_truncate(bytes, len / 4 * 3 - padding);
	*ret_bytes = RK_TAKE(bytes);
	return NULL;
}

static rk_error *
read_block(const struct rk_keyfile_span *label, struct lines body, struct rk_keyfile_block *block)
{
	rk_error *err = rk_strndup((const char *)label->at, label->len, &block->label);

	if (!err)
		err = read_headers(&body, block);
	return err ? err : decode(&body, &block->bytes);
}

static rk_error *
two_keys(void)
{
	return rk_fail(RK_E_MALFORMED,
	    "give each key a file of its own, from its BEGIN line to its END line",
	    "there is more than one private key in it");
}

static rk_error *
no_key(bool public)
{
	if (public)
		return rk_fail(RK_E_NOT_FOUND,
		    "'rootkeep key enrol NAME FILE' is for public halves and certificates",
		    "there is only the public half of a key in it");
	return rk_fail(RK_E_NOT_FOUND, "give the file of a private key, PEM or DER",
	    "there is no private key in it");
}

rk_error *
rk_keyfile_pem_read(const void *text, size_t len, struct rk_keyfile_block *ret_block)
{
	struct lines lines = {text, (const char *)text + len};
	struct rk_keyfile_span line, label;
	bool public = false;
	rk_error *err = NULL;

	while (!err && next_line(&lines, &line)) {
		struct lines body;

		if (!label_of(&line, BEGIN, &label))
			continue;
		err = body_of(&lines, &label, &body);
		public |= is_public(&label);
		/* Others stand beside a key: an EC key's parameters, its certificates. */
		if (!err && is_private(&label))
			err = ret_block->label ? two_keys() : read_block(&label, body, ret_block);
	}
	return err || ret_block->label ? err : no_key(public);
}

void
rk_keyfile_block_clear(struct rk_keyfile_block *block)
{
	free(block->label);
	rk_secret_free(block->bytes);
	free(block->role);
	free(block->gun);
	free(block->path);
	free(block->dek_info);
	*block = (struct rk_keyfile_block){0};
}
