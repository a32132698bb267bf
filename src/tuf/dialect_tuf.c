#include "tuf/dialect_tuf.h"

#include "base/show.h"

#include <fnmatch.h>
#include <string.h>

/* RFC 3986's unreserved characters and what python's quote leaves alone: the others are escaped. */
static bool
is_plain(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	       (byte >= '0' && byte <= '9') || (byte && strchr("-._~", byte));
}

static rk_error *
escape_name(const char *name, rk_buf *out)
{
	for (const char *at = name; *at; at++) {
		if (is_plain(*at))
			rk_buf_byte(out, (uint8_t)*at);
		else
			rk_buf_printf(out, "%%%02X", (unsigned)(uint8_t)*at);
	}
	return rk_buf_check(out);
}

static int
hex_value(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	if (digit >= 'A' && digit <= 'F')
		return digit - 'A' + 10;
	if (digit >= 'a' && digit <= 'f')
		return digit - 'a' + 10;
	return -1;
}

/* False for an escape that is none, or of a zero byte. */
static bool
unescape_name(const char *name, size_t len, rk_buf *out)
{
	for (size_t i = 0; i < len; i++) {
		if (name[i] != '%') {
			rk_buf_byte(out, (uint8_t)name[i]);
			continue;
		}
		if (i + 2 >= len)
			return false;
		int high = hex_value(name[i + 1]), low = hex_value(name[i + 2]);
		if (high < 0 || low < 0 || high + low == 0)
			return false;
		rk_buf_byte(out, (uint8_t)(high << 4 | low));
		i += 2;
	}
	return rk_utf8_valid(rk_buf_str(out), out->len);
}

static const char *
file_role(const char *role)
{
	return strncmp(role, "targets/", 8) == 0 ? role + 8 : role;
}

static rk_error *
role_to_file(const char *role, char **ret_name)
{
	return rk_strdup(file_role(role), ret_name);
}

static rk_error *
role_from_file(const char *name, char **ret_role)
{
	if (rk_role_kind_of(name) != RK_ROLE_DELEGATED)
		return rk_strdup(name, ret_role);
	return rk_strdupf(ret_role, "targets/%s", name);
}

static rk_error *
refuse_name(const char *name, const char *why)
{
	return rk_fail(RK_E_REFUSED, "use letters, digits, '-' and '_'",
	    "%s is no name for a delegated role: %s", RK_SHOW(name), why);
}

static rk_error *
role_name_check(const char *name)
{
	if (!*name)
		return rk_fail(RK_E_REFUSED, "name the role", "a role's name is empty");
	if (strlen(name) > 200)
		return refuse_name(name, "it is longer than 200 bytes");
	if (rk_role_kind_of(name) != RK_ROLE_DELEGATED)
		return refuse_name(name, "it is a top-level role's");
	if (name[0] == '.' || name[0] == '/' || name[strlen(name) - 1] == '/')
		return refuse_name(name, "it begins with a dot or a slash, or ends in a slash");
	for (const char *at = name; *at; at++)
		if ((uint8_t)*at < 0x20 || *at == 0x7f)
			return refuse_name(name, "it has a control character");
	return rk_canonical_portable_string(name, strlen(name), true, "the role's name");
}

static rk_error *
plain_name(const char *role, char **ret_name)
{
	RK_AUTO_BUF(out);
	rk_error *err = escape_name(file_role(role), &out);
	if (err)
		return err;
	rk_buf_text(&out, ".json");
	return rk_buf_take(&out, ret_name);
}

static rk_error *
published_name(const char *role, int64_t version, bool consistent_snapshot, char **ret_name)
{
	RK_AUTO(rk_str) plain = NULL;
	rk_error *err = plain_name(role, &plain);
	if (err)
		return err;
	enum rk_role_kind kind = rk_role_kind_of(role);
	if (kind != RK_ROLE_ROOT && (!consistent_snapshot || kind == RK_ROLE_TIMESTAMP)) {
		*ret_name = RK_TAKE(plain);
		return NULL;
	}
	return rk_strdupf(ret_name, "%lld.%s", (long long)version, plain);
}

/* The number before the first dot, without leading zeros; 0: there is none. */
static int64_t
leading_version(const char *name, const char **ret_rest)
{
	int64_t version = 0;
	const char *at = name;
	*ret_rest = name;
	if (*at == '0')
		return 0;
	while (*at >= '0' && *at <= '9' && version <= RK_JSON_INT_MAX / 10 - 1)
		version = 10 * version + (*at++ - '0');
	if (at == name || *at != '.')
		return 0;
	*ret_rest = at + 1;
	return version;
}

static rk_error *
parse_name(const char *file_name, char **ret_role, int64_t *ret_version)
{
	RK_AUTO_BUF(name);
	const char *rest;
	size_t len = strlen(file_name);
	int64_t version = leading_version(file_name, &rest);
	/* "7.json" is the role "7", not version 7 of nothing. */
	if (strcmp(rest, "json") == 0) {
		rest = file_name;
		version = 0;
	}
	size_t rest_len = len - (size_t)(rest - file_name);
	if (rest_len <= 5 || strcmp(file_name + len - 5, ".json") != 0 || strchr(file_name, '/') ||
	    !unescape_name(rest, rest_len - 5, &name))
		return rk_fail(RK_E_MALFORMED, NULL, "%s is not the name of a metadata file",
		    RK_SHOW(file_name));
	rk_error *err = rk_buf_check(&name);
	if (err)
		return err;
	err = role_from_file(rk_buf_str(&name), ret_role);
	if (err)
		return err;
	*ret_version = version;
	return NULL;
}

static rk_error *
meta_name(const char *role, char **ret_name)
{
	return rk_strdupf(ret_name, "%s.json", file_role(role));
}

static rk_error *
meta_role(const char *name, char **ret_role)
{
	RK_AUTO(rk_str) stem = NULL;
	size_t len = strlen(name);
	if (len <= 5 || strcmp(name + len - 5, ".json") != 0)
		return rk_fail(
		    RK_E_MALFORMED, NULL, "%s in meta does not end in .json", RK_SHOW(name));
	rk_error *err = rk_strndup(name, len - 5, &stem);
	if (err)
		return err;
	return role_from_file(stem, ret_role);
}

static rk_error *
hash_text(const uint8_t *hash, size_t len, rk_buf *out)
{
	rk_buf_hex(out, hash, len);
	return rk_buf_check(out);
}

static const char *
expires_text(char out[static RK_TIME_SIZE], int64_t time)
{
	return rk_time_format(out, time);
}

static rk_error *
expires_parse(const char *text, size_t len, int64_t *ret_time, bool *ret_portable)
{
	rk_error *err = rk_time_parse(text, len, ret_time);
	if (err)
		return err;
	if (ret_portable)
		*ret_portable = rk_time_is_portable(text, len);
	return NULL;
}

/* What each kind has besides the header, while it is empty. */
static rk_error *
blank_body(enum rk_role_kind kind, rk_node *signed_node)
{
	rk_error *err;
	switch (kind) {
	case RK_ROLE_ROOT:
		err = rk_node_put_bool(signed_node, "consistent_snapshot", true);
		if (!err)
			err = rk_node_put(signed_node, "keys", rk_node_new_object());
		return err ? err : rk_node_put(signed_node, "roles", rk_node_new_object());
	case RK_ROLE_SNAPSHOT:
	case RK_ROLE_TIMESTAMP:
		return rk_node_put(signed_node, "meta", rk_node_new_object());
	default:
		return rk_node_put(signed_node, "targets", rk_node_new_object());
	}
}

static rk_error *
blank(enum rk_role_kind kind, int64_t expires, rk_node **ret_signed)
{
	RK_AUTO(rk_node) signed_node = rk_node_new_object();
	char time[RK_TIME_SIZE];
	if (!signed_node)
		return rk_out_of_memory();
	rk_error *err = rk_node_put_text(signed_node, "_type", rk_dialect_tuf.type_name[kind]);
	if (!err)
		err = rk_node_put_text(signed_node, "expires", expires_text(time, expires));
	if (!err)
		err = rk_node_put_text(signed_node, "spec_version", "1.0.31");
	if (!err)
		err = rk_node_put_int(signed_node, "version", 1);
	if (!err)
		err = blank_body(kind, signed_node);
	if (err)
		return err;
	*ret_signed = RK_TAKE(signed_node);
	return NULL;
}

static size_t
depth_of(const char *path)
{
	size_t depth = 1;
	for (const char *at = path; *at; at++)
		depth += *at == '/';
	return depth;
}

/* The specification's PATHPATTERN: as in a shell, and as many components. */
static bool
path_covers(const char *pattern, const char *path)
{
	return depth_of(pattern) == depth_of(path) &&
	       fnmatch(pattern, path, FNM_PATHNAME | FNM_NOESCAPE) == 0;
}

const rk_dialect rk_dialect_tuf = {
    .name = "tuf",
    .title = "TUF 1.0",
    .type_name = {[RK_ROLE_ROOT] = "root",
	[RK_ROLE_TIMESTAMP] = "timestamp",
	[RK_ROLE_SNAPSHOT] = "snapshot",
	[RK_ROLE_TARGETS] = "targets",
	[RK_ROLE_DELEGATED] = "targets"},
    .expires_days = {[RK_ROLE_ROOT] = 365,
	[RK_ROLE_TIMESTAMP] = 7,
	[RK_ROLE_SNAPSHOT] = 30,
	[RK_ROLE_TARGETS] = 365,
	[RK_ROLE_DELEGATED] = 365},
    .target_hashes = 1u << RK_HASH_SHA256,
    .meta_hashes = 1u << RK_HASH_SHA256,
    .style = &rk_style_line,
    .meta_version = true,
    .meta_root = false,
    .consistent_default = true,
    .role_to_file = role_to_file,
    .role_from_file = role_from_file,
    .role_name_check = role_name_check,
    .published_name = published_name,
    .plain_name = plain_name,
    .parse_name = parse_name,
    .meta_name = meta_name,
    .meta_role = meta_role,
    .key_parse = rk_dialect_tuf_key_parse,
    .key_object = rk_dialect_tuf_key_object,
    .key_id = rk_dialect_tuf_key_id,
    .scheme_for = rk_dialect_tuf_scheme_for,
    .signature_object = rk_dialect_tuf_signature_object,
    .signature_text = rk_dialect_tuf_signature_text,
    .signature_bytes = rk_unhex_buf,
    .hash_text = hash_text,
    .hash_bytes = rk_unhex,
    .expires_text = expires_text,
    .expires_parse = expires_parse,
    .blank = blank,
    .path_covers = path_covers,
};
