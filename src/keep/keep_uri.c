#include "keep/keep_private.h"

#include "base/show.h"

#include <string.h>

#define URI_MAX 4096
#define SCHEME "pkcs11:"
#define ALNUM "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

/* A part of the URI: name=value. */
struct attribute {
	const char *name;
	size_t name_len;
	const char *value;
	size_t value_len;
};

static bool
next_attribute(const char **at, const char *end, char separator, struct attribute *ret)
{
	const char *stop, *equals;

	if (*at >= end)
		return false;
	stop = memchr(*at, separator, (size_t)(end - *at));
	if (!stop)
		stop = end;
	equals = memchr(*at, '=', (size_t)(stop - *at));
	ret->name = *at;
	ret->name_len = (size_t)((equals ? equals : stop) - *at);
	ret->value = equals ? equals + 1 : stop;
	ret->value_len = (size_t)(stop - ret->value);
	*at = stop + 1;
	return true;
}

static bool
is_named(const struct attribute *attribute, const char *name)
{
	return attribute->name_len == strlen(name) &&
	       memcmp(attribute->name, name, attribute->name_len) == 0;
}

static rk_error *
refuse_part(const struct attribute *part)
{
	if (is_named(part, "module-path") || is_named(part, "pin-source"))
		return rk_fail(RK_E_REFUSED,
		    "leave it out; give it on the command line or in a site file of your own",
		    "%s in a URI is never stored: whoever can edit the keep would have it run",
		    RK_SHOW_LEN(part->name, part->name_len));
	if (is_named(part, "pin-value"))
		return rk_fail(RK_E_REFUSED, "leave it out; use --pin-file",
		    "a PIN in a URI is accepted nowhere");
	return rk_fail(RK_E_REFUSED, "leave it out",
	    "%s is no part of a URI that is stored: RFC 7512's names, and module-name after '?'",
	    RK_SHOW_LEN(part->name, part->name_len));
}

/* The name of a module in p11-kit's configuration, which is a file's name. */
static rk_error *
judge_module_name(const struct attribute *query)
{
	size_t good = 0;

	while (good < query->value_len && strchr(ALNUM "._-", query->value[good]))
		good++;
	if (good == query->value_len && good > 0 && query->value[0] != '.')
		return NULL;
	return rk_fail(RK_E_REFUSED, "use the name that 'rootkeep token list' shows",
	    "%s is no module's name", RK_SHOW_LEN(query->value, query->value_len));
}

static rk_error *
judge_query(const char *at, const char *end)
{
	struct attribute query;
	unsigned modules = 0;
	rk_error *err = NULL;

	while (!err && next_attribute(&at, end, '&', &query)) {
		if (!is_named(&query, "module-name"))
			err = refuse_part(&query);
		else if (modules++)
			err = rk_fail(RK_E_REFUSED, "leave one", "a URI names two modules");
		else
			err = judge_module_name(&query);
	}
	return err;
}

/* RFC 7512's own: whatever else stands there finds nothing, or means something to one program. */
static bool
is_known(const struct attribute *part)
{
	static const char *const names[] = {"token", "manufacturer", "serial", "model",
	    "library-manufacturer", "library-version", "library-description", "object", "type",
	    "id", "slot-description", "slot-manufacturer", "slot-id"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (is_named(part, names[i]))
			return true;
	return false;
}

static rk_error *
judge_path(const char *uri, const char *at, const char *end)
{
	bool has_slot = false, has_token = false;
	struct attribute part;

	while (next_attribute(&at, end, ';', &part)) {
		if (!is_known(&part))
			return refuse_part(&part);
		has_slot = has_slot || is_named(&part, "slot-id");
		has_token = has_token || is_named(&part, "serial") || is_named(&part, "token");
	}
	if (has_slot && !has_token)
		return rk_fail(RK_E_REFUSED, "name the token by its serial or label",
		    "%s finds its token by the slot alone, which says nothing about the token",
		    RK_SHOW(uri));
	return NULL;
}

rk_error *
rk_keep_uri_check(const char *uri)
{
	const char *end = uri + strlen(uri), *path, *query;
	rk_error *err;

	if (strncmp(uri, SCHEME, strlen(SCHEME)) != 0 || end - uri > URI_MAX)
		return rk_fail(RK_E_REFUSED, "take it from 'rootkeep token list'",
		    "%s is no pkcs11: URI", RK_SHOW(uri));
	for (const char *at = uri; at < end; at++) {
		if (*at <= ' ' || *at > '~' || strchr("\"<>\\^`{|}#", *at))
			return rk_fail(RK_E_REFUSED, "write such characters as %XX",
			    "%s holds a character that no URI may have", RK_SHOW(uri));
	}
	path = uri + strlen(SCHEME);
	query = strchr(path, '?');
	err = judge_path(uri, path, query ? query : end);
	if (!err && query)
		err = judge_query(query + 1, end);
	return err;
}
