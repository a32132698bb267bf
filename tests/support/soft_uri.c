#include "support/soft_token_private.h"

#include "support/spec.h"

#include "base/show.h"

#include <stdlib.h>
#include <string.h>

char *
rk_soft_strdup(const char *text)
{
	char *copy = strdup(text);

	assert_non_null(copy);
	return copy;
}

void
rk_soft_uri_escape(rk_buf *out, const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-_.~";

	for (; *text; text++) {
		if (strchr(plain, *text))
			rk_buf_byte(out, (uint8_t)*text);
		else
			rk_buf_printf(out, "%%%02X", (uint8_t)*text);
	}
}

/* Percent signs taken out; at most `max` bytes. False: not to be read. */
static bool
unescape(const char *text, size_t len, uint8_t *out, size_t max, size_t *ret_len)
{
	size_t done = 0;

	for (size_t i = 0; i < len; done++) {
		if (done == max)
			return false;
		if (text[i] != '%') {
			out[done] = (uint8_t)text[i++];
			continue;
		}
		if (i + 3 > len)
			return false;
		rk_error *err = rk_unhex(text + i + 1, 2, out + done, 1);
		if (err) {
			rk_error_free(err);
			return false;
		}
		i += 3;
	}
	*ret_len = done;
	return true;
}

static bool
read_text(const char *text, size_t len, char *out, size_t size)
{
	size_t done;

	if (!unescape(text, len, (uint8_t *)out, size - 1, &done))
		return false;
	out[done] = '\0';
	return true;
}

static bool
read_path(struct rk_soft_uri *uri, const char *name, const char *value, size_t len)
{
	char other[64];

	if (strcmp(name, "token") == 0)
		return uri->has_token = read_text(value, len, uri->token, sizeof(uri->token));
	if (strcmp(name, "serial") == 0)
		return uri->has_serial = read_text(value, len, uri->serial, sizeof(uri->serial));
	if (strcmp(name, "object") == 0)
		return uri->has_object = read_text(value, len, uri->object, sizeof(uri->object));
	if (strcmp(name, "id") == 0)
		return uri->has_id = unescape(value, len, uri->id, sizeof(uri->id), &uri->id_len);
	if (!read_text(value, len, other, sizeof(other)))
		return false;
	if (strcmp(name, "type") == 0)
		return true;
	if (strcmp(name, "model") == 0) {
		uri->foreign |= strcmp(other, "soft") != 0;
		return true;
	}
	if (strcmp(name, "manufacturer") == 0) {
		uri->foreign |= strcmp(other, "us") != 0;
		return true;
	}
	return false;
}

static bool
read_query(struct rk_soft_uri *uri, const char *name, const char *value, size_t len)
{
	if (strcmp(name, "pin-source") == 0)
		return uri->has_pin_source =
			   read_text(value, len, uri->pin_source, sizeof(uri->pin_source));
	return strcmp(name, "module-name") == 0 || strcmp(name, "module-path") == 0;
}

static bool
read_attribute(struct rk_soft_uri *uri, const char *text, size_t len, bool in_query)
{
	const char *equals = memchr(text, '=', len);
	char name[32];
	size_t name_len = equals ? (size_t)(equals - text) : 0;

	if (name_len == 0 || name_len >= sizeof(name))
		return false;
	memcpy(name, text, name_len);
	name[name_len] = '\0';
	return (in_query ? read_query : read_path)(uri, name, equals + 1, len - name_len - 1);
}

rk_error *
rk_soft_uri_parse(const char *text, struct rk_soft_uri *ret_uri)
{
	struct rk_soft_uri uri = {.foreign = false};
	bool in_query = false, good = strncmp(text, "pkcs11:", 7) == 0;
	const char *at = good ? text + 7 : "";

	while (good && *at) {
		size_t len = strcspn(at, in_query ? "&" : ";?");

		good = len == 0 || read_attribute(&uri, at, len, in_query);
		in_query |= at[len] == '?';
		at += len + (at[len] != '\0');
	}
	if (!good)
		return rk_fail(
		    RK_E_USAGE, NULL, "%s is not a URI that soft tokens know", RK_SHOW(text));
	*ret_uri = uri;
	return NULL;
}
