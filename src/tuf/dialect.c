#include "tuf/dialect.h"

#include "base/show.h"

#include <string.h>

static const rk_dialect *const dialects[] = {&rk_dialect_tuf, &rk_dialect_notary};
static const size_t dialect_count = sizeof(dialects) / sizeof(dialects[0]);

rk_error *
rk_dialect_by_name(const char *name, const rk_dialect **ret_dialect)
{
	RK_AUTO_BUF(known);
	for (size_t i = 0; i < dialect_count; i++) {
		if (strcmp(dialects[i]->name, name) == 0) {
			*ret_dialect = dialects[i];
			return NULL;
		}
		rk_buf_printf(&known, "%s%s", i ? ", " : "", dialects[i]->name);
	}
	rk_error *err = rk_fail(RK_E_NOT_FOUND, NULL, "there is no dialect %s", RK_SHOW(name));
	return rk_advise(err, "use one of: %s", rk_buf_str(&known));
}

static bool
says_type_of(const rk_dialect *dialect, const rk_json *type)
{
	for (int kind = 0; kind < RK_ROLE_KIND_COUNT; kind++)
		if (rk_json_is(type, dialect->type_name[kind]))
			return true;
	return false;
}

rk_error *
rk_dialect_by_type(const rk_json *type, const char *name, const rk_dialect **ret_dialect)
{
	if (type->len == 0 || type->kind != RK_JSON_STRING)
		return rk_fail(RK_E_MALFORMED, "name a metadata file, such as root.json",
		    "%s is no TUF metadata: it has no signed part with a _type", RK_SHOW(name));
	for (size_t i = 0; i < dialect_count; i++) {
		if (says_type_of(dialects[i], type)) {
			*ret_dialect = dialects[i];
			return NULL;
		}
	}
	return rk_fail(RK_E_MALFORMED, NULL, "%s has a _type that no known dialect has: %s",
	    RK_SHOW(name), RK_SHOW_LEN(type->text, type->len));
}

rk_error *
rk_dialect_detect(const rk_json *file, const char *name, const rk_dialect **ret_dialect)
{
	rk_json signed_span, type;
	if (!rk_json_get(file, "signed", &signed_span) ||
	    !rk_json_get(&signed_span, "_type", &type))
		type = (rk_json){0};
	return rk_dialect_by_type(&type, name, ret_dialect);
}

static rk_error *
control_character(const char *what)
{
	return rk_fail(RK_E_REFUSED, "leave it out",
	    "a control character is in %s: signed bytes cannot hold it", what);
}

/* Is what the escape behind this backslash says a control character? */
static bool
is_control_escape(const char *at, const char *end)
{
	uint32_t point = 0;

	if (end - at < 2)
		return false;
	if (at[1] != 'u')
		return strchr("bfnrt", at[1]) != NULL;
	for (int i = 2; i < 6 && at + i < end; i++)
		point =
		    point << 4 | (uint32_t)(at[i] <= '9' ? at[i] - '0' : (at[i] | 0x20) - 'a' + 10);
	return point < 0x20 || point == 0x7f;
}

/* All text that was scanned is without raw ones, but for the last in ASCII. */
static const char *
find_control(const char *at, const char *end)
{
	for (; at < end; at++) {
		if (*at == 0x7f || (*at == '\\' && is_control_escape(at, end)))
			return at;
		at += *at == '\\';
	}
	return NULL;
}

rk_error *
rk_dialect_check_value(
    const rk_dialect *dialect, const rk_json *value, const char *start, const char *name)
{
	size_t line, column;

	if (!dialect->one_reader)
		return rk_canonical_portable(value, start, name);
	const char *place = find_control(value->text, value->text + value->len);
	if (!place)
		return NULL;
	rk_json_position(start, place, &line, &column);
	return rk_wrap(
	    control_character("a string"), "%s, line %zu, column %zu", RK_SHOW(name), line, column);
}

rk_error *
rk_dialect_check_string(
    const rk_dialect *dialect, const char *text, bool member_name, const char *what)
{
	if (!dialect->one_reader)
		return rk_canonical_portable_string(text, strlen(text), member_name, what);
	if (!rk_utf8_valid(text, strlen(text)))
		return rk_fail(RK_E_REFUSED, NULL, "%s is not UTF-8", what);
	for (const char *at = text; *at; at++)
		if ((uint8_t)*at < 0x20 || *at == 0x7f)
			return control_character(what);
	return NULL;
}
