#include "tuf/dialect.h"

#include "base/show.h"

#include <string.h>

static const rk_dialect *const dialects[] = {&rk_dialect_tuf};
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
rk_dialect_detect(const rk_json *file, const char *name, const rk_dialect **ret_dialect)
{
	rk_json signed_span, type;
	if (!rk_json_get(file, "signed", &signed_span) ||
	    !rk_json_get(&signed_span, "_type", &type) || type.kind != RK_JSON_STRING)
		return rk_fail(RK_E_MALFORMED, "name a metadata file, such as root.json",
		    "%s is no TUF metadata: it has no signed part with a _type", RK_SHOW(name));
	for (size_t i = 0; i < dialect_count; i++) {
		if (says_type_of(dialects[i], &type)) {
			*ret_dialect = dialects[i];
			return NULL;
		}
	}
	return rk_fail(RK_E_MALFORMED, NULL, "%s has a _type that no known dialect has: %s",
	    RK_SHOW(name), RK_SHOW_LEN(type.text, type.len));
}
