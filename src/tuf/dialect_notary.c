#include "tuf/dialect_notary.h"

#include "base/show.h"

#include <string.h>

#define NAME_MAX_LEN 255 /* bytes: of a role as of a repository's folder */

/* One line, as Go's encoder escapes it. */
static const rk_style style = {.sorted = true, .form = RK_FORM_GO};

/* names of roles */

static bool
is_role_byte(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '-' ||
	       byte == '_' || byte == '/';
}

/* What is wrong with a delegation's name; NULL: nothing. `rest` is what follows "targets/". */
static const char *
name_fault(const char *rest)
{
	size_t len = strlen(rest);

	if (len == 0)
		return "it is empty";
	if (len + strlen("targets/") > NAME_MAX_LEN)
		return "with targets/ before it, it is longer than 255 bytes";
	for (const char *at = rest; *at; at++)
		if (!is_role_byte(*at))
			return "only a to z, 0 to 9, '-', '_' and '/' may be in it";
	if (rest[0] == '/' || rest[len - 1] == '/' || strstr(rest, "//"))
		return "a part of it between slashes is empty";
	return NULL;
}

bool
rk_dialect_notary_is_delegation(const char *name)
{
	return strncmp(name, "targets/", 8) == 0 && !name_fault(name + 8);
}

static rk_error *
role_name_check(const char *name)
{
	const char *fault = name_fault(name);

	if (!fault)
		return NULL;
	return rk_fail(RK_E_REFUSED, "use small letters, digits, '-' and '_'",
	    "%s is no name for a delegated role: %s", RK_SHOW(name), fault);
}

static rk_error *
same_name(const char *role, char **ret_name)
{
	return rk_strdup(role, ret_name);
}

static rk_error *
role_from_file(const char *name, char **ret_role)
{
	if (rk_role_kind_of(name) == RK_ROLE_DELEGATED && !rk_dialect_notary_is_delegation(name))
		return rk_fail(RK_E_MALFORMED, NULL, "%s is no role's name in Notary: %s",
		    RK_SHOW(name),
		    strncmp(name, "targets/", 8) ? "it does not begin with targets/"
						 : name_fault(name + 8));
	return rk_strdup(name, ret_role);
}

/* names of files */

static rk_error *
plain_name(const char *role, char **ret_name)
{
	return rk_strdupf(ret_name, "%s.json", role);
}

/* Whatever consistent_snapshot says: nobody looks at it. */
static rk_error *
published_name(const char *role, int64_t version, bool consistent_snapshot, char **ret_name)
{
	(void)consistent_snapshot;
	if (rk_role_kind_of(role) != RK_ROLE_ROOT)
		return plain_name(role, ret_name);
	return rk_strdupf(ret_name, "%lld.%s.json", (long long)version, role);
}

static rk_error *
parse_name(const char *file_name, char **ret_role, int64_t *ret_version)
{
	RK_AUTO(rk_str) role = NULL;
	const char *rest = file_name;
	size_t len = strlen(file_name);
	int64_t version = 0;

	while (*rest >= '0' && *rest <= '9' && *file_name != '0' &&
	       version <= RK_JSON_INT_MAX / 10 - 1)
		version = 10 * version + (*rest++ - '0');
	if (version > 0 && *rest == '.')
		rest++;
	else if (rest != file_name)
		len = 0;
	len -= len ? (size_t)(rest - file_name) : 0;
	if (len <= 5 || strcmp(rest + len - 5, ".json") != 0)
		return rk_fail(RK_E_MALFORMED, NULL, "%s is not the name of a metadata file",
		    RK_SHOW(file_name));
	rk_error *err = rk_strndup(rest, len - 5, &role);
	if (err)
		return err;
	if (rk_role_kind_of(role) == RK_ROLE_DELEGATED && !rk_dialect_notary_is_delegation(role))
		return rk_fail(RK_E_MALFORMED, NULL,
		    "%s is not the name of a metadata file: Notary has no such role",
		    RK_SHOW(file_name));
	*ret_role = RK_TAKE(role);
	*ret_version = version;
	return NULL;
}

/* names of repositories */

static bool
is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

static bool
is_small(char byte)
{
	return (byte >= 'a' && byte <= 'z') || is_digit(byte);
}

static bool
is_capital(char byte)
{
	return byte >= 'A' && byte <= 'Z';
}

/* Bytes as the name of a folder, where all but small letters, digits and "._-" take three. */
static size_t
folder_len(const char *name)
{
	size_t len = 0;

	for (const char *at = name; *at; at++)
		len += is_small(*at) || (strchr("._-", *at) && at != name) ? 1 : 3;
	return len;
}

/* The first part, where others follow: it may be a host, with capitals and a port. */
static const char *
host_fault(const char *host, size_t len)
{
	const char *colon = memchr(host, ':', len);
	size_t name_len = colon ? (size_t)(colon - host) : len;

	if (colon && (colon + 1 == host + len || name_len == 0))
		return "the host or its port is empty";
	for (size_t i = name_len + 1; i < len; i++)
		if (!is_digit(host[i]))
			return "the port is no number";
	for (size_t i = 0; i < name_len; i++)
		if (!is_small(host[i]) && !is_capital(host[i]) && !strchr("._-", host[i]))
			return "only letters, digits, '.', '-' and '_' may be in it";
	if (!is_small(host[0]) && !is_capital(host[0]))
		return "its host does not begin with a letter or a digit";
	return NULL;
}

static const char *
part_fault(const char *part, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (is_capital(part[i]))
			return "a capital letter is in its path, which registries refuse";
		if (part[i] == ':')
			return "a ':' is in its path: a tag is no part of a repository's name";
		if (!is_small(part[i]) && !strchr("._-", part[i]))
			return "only small letters, digits, '.', '-' and '_' may be in its path";
	}
	if (!is_small(part[0]) || !is_small(part[len - 1]))
		return "a part of its path does not begin and end with a letter or a digit";
	return NULL;
}

static const char *
repo_fault(const char *name)
{
	const char *at = name, *fault = NULL;

	if (!*name)
		return "it is empty";
	if (folder_len(name) > NAME_MAX_LEN)
		return "as the name of a folder it is longer than 255 bytes";
	if (strchr(name, '*'))
		return "a '*' is in it: that is for a certificate's name";
	while (*at && !fault) {
		size_t len = strcspn(at, "/");
		bool host = at == name && at[len] == '/';

		if (len == 0)
			return at == name ? "it begins with a slash" : "a part of it is empty";
		fault = host ? host_fault(at, len) : part_fault(at, len);
		at += len;
		if (*at == '/' && !*++at && !fault)
			return "it ends in a slash";
	}
	return fault;
}

static rk_error *
repo_name_check(const char *name)
{
	const char *fault = repo_fault(name);

	if (!fault)
		return NULL;
	return rk_fail(RK_E_REFUSED,
	    "name it as images are pulled, without a tag: registry.example.com/admin/demo",
	    "%s is no name for a Notary repository: %s", RK_SHOW(name), fault);
}

/* hashes and times */

static rk_error *
hash_text(const uint8_t *hash, size_t len, rk_buf *out)
{
	rk_buf_base64(out, hash, len);
	return rk_buf_check(out);
}

static rk_error *
hash_bytes(const char *text, size_t text_len, uint8_t *out, size_t len)
{
	RK_AUTO_BUF(bytes);
	rk_error *err = rk_unbase64(text, text_len, &bytes);

	if (err)
		return err;
	if (bytes.len != len)
		return rk_fail(
		    RK_E_MALFORMED, NULL, "a hash has %zu bytes instead of %zu", bytes.len, len);
	memcpy(out, rk_buf_str(&bytes), len);
	return NULL;
}

static const char *
expires_text(char out[static RK_TIME_SIZE], int64_t time)
{
	return rk_time_format(out, time);
}

/* Fractions have one to nine digits, the last of which is no 0; no offset is +00:00. */
bool
rk_dialect_notary_time_is_exact(const char *text, size_t len)
{
	const size_t whole = strlen("2036-11-20T03:06:49");
	size_t at = whole;

	if (len <= whole || text[10] != 'T')
		return false;
	if (text[at] == '.') {
		size_t digits = 0;

		while (at + 1 + digits < len && is_digit(text[at + 1 + digits]))
			digits++;
		if (digits < 1 || digits > 9 || text[at + digits] == '0')
			return false;
		at += 1 + digits;
	}
	if (len - at == 1)
		return text[at] == 'Z';
	return len - at == 6 && text[at + 3] == ':' && memcmp(text + at + 1, "00:00", 5) != 0;
}

static rk_error *
expires_parse(const char *text, size_t len, int64_t *ret_time, bool *ret_portable)
{
	rk_error *err = rk_time_parse(text, len, ret_time);

	if (!err && ret_portable)
		*ret_portable = rk_dialect_notary_time_is_exact(text, len);
	return err;
}

/* documents */

static rk_error *
put_delegations(rk_node *signed_node)
{
	rk_node *delegations = rk_node_new_object();
	rk_error *err = rk_node_put(signed_node, "delegations", delegations);

	if (!err)
		err = rk_node_put(delegations, "keys", rk_node_new_object());
	return err ? err : rk_node_put(delegations, "roles", rk_node_new_array());
}

static rk_error *
blank_body(enum rk_role_kind kind, rk_node *signed_node)
{
	rk_error *err;

	switch (kind) {
	case RK_ROLE_ROOT:
		err = rk_node_put_bool(signed_node, "consistent_snapshot", false);
		if (!err)
			err = rk_node_put(signed_node, "keys", rk_node_new_object());
		return err ? err : rk_node_put(signed_node, "roles", rk_node_new_object());
	case RK_ROLE_SNAPSHOT:
	case RK_ROLE_TIMESTAMP:
		return rk_node_put(signed_node, "meta", rk_node_new_object());
	default:
		err = put_delegations(signed_node);
		return err ? err : rk_node_put(signed_node, "targets", rk_node_new_object());
	}
}

static rk_error *
blank(enum rk_role_kind kind, int64_t expires, rk_node **ret_signed)
{
	RK_AUTO(rk_node) signed_node = rk_node_new_object();
	char time[RK_TIME_SIZE];

	if (!signed_node)
		return rk_out_of_memory();
	rk_error *err = rk_node_put_text(signed_node, "_type", rk_dialect_notary.type_name[kind]);
	if (!err)
		err = rk_node_put_text(signed_node, "expires", expires_text(time, expires));
	if (!err)
		err = rk_node_put_int(signed_node, "version", 1);
	if (!err)
		err = blank_body(kind, signed_node);
	if (!err)
		*ret_signed = RK_TAKE(signed_node);
	return err;
}

/* A plain prefix; the empty one covers everything. */
static bool
path_covers(const char *pattern, const char *path)
{
	return strncmp(pattern, path, strlen(pattern)) == 0;
}

const rk_dialect rk_dialect_notary = {
    .name = "notary",
    .title = "Notary",
    .type_name = {[RK_ROLE_ROOT] = "Root",
	[RK_ROLE_TIMESTAMP] = "Timestamp",
	[RK_ROLE_SNAPSHOT] = "Snapshot",
	[RK_ROLE_TARGETS] = "Targets",
	[RK_ROLE_DELEGATED] = "Targets"},
    .expires_days = {[RK_ROLE_ROOT] = 3650,
	[RK_ROLE_TIMESTAMP] = 14,
	[RK_ROLE_SNAPSHOT] = 1095,
	[RK_ROLE_TARGETS] = 1095,
	[RK_ROLE_DELEGATED] = 1095},
    .target_hashes = 1u << RK_HASH_SHA256 | 1u << RK_HASH_SHA512,
    .meta_hashes = 1u << RK_HASH_SHA256 | 1u << RK_HASH_SHA512,
    .style = &style,
    .meta_version = false,
    .meta_root = true,
    .consistent_default = false,
    .root_plain = true,
    .root_certificates = true,
    .server_roles = true,
    .one_reader = true,
    .nested_roles = true,
    .soft_delegations = true,
    .role_to_file = same_name,
    .role_from_file = role_from_file,
    .repo_name_check = repo_name_check,
    .role_name_check = role_name_check,
    .published_name = published_name,
    .plain_name = plain_name,
    .parse_name = parse_name,
    .meta_name = same_name,
    .meta_role = same_name,
    .key_parse = rk_dialect_notary_key_parse,
    .key_object = rk_dialect_notary_key_object,
    .key_given = rk_dialect_notary_key_given,
    .certificate_object = rk_dialect_notary_certificate_object,
    .certificate_of = rk_dialect_notary_certificate_of,
    .root_key_check = rk_dialect_notary_root_key_check,
    .key_id = rk_dialect_notary_key_id,
    .scheme_for = rk_dialect_notary_scheme_for,
    .signature_scheme = rk_dialect_notary_signature_scheme,
    .signature_object = rk_dialect_notary_signature_object,
    .signature_text = rk_dialect_notary_signature_text,
    .signature_bytes = rk_unbase64,
    .hash_text = hash_text,
    .hash_bytes = hash_bytes,
    .expires_text = expires_text,
    .expires_parse = expires_parse,
    .blank = blank,
    .exact = rk_dialect_notary_exact,
    .path_covers = path_covers,
};
