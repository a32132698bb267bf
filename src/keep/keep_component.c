#include "keep/keep_private.h"

#include "base/show.h"

#include <limits.h>
#include <string.h>

#define PLAIN "abcdefghijklmnopqrstuvwxyz0123456789._-"
/* Room for what is put around a name in a folder: a version before, ".json" after. */
#define COMPONENT_MAX (NAME_MAX - 32)

rk_error *
rk_keep_component(const char *name, char **ret_component)
{
	RK_AUTO_BUF(out);
	rk_error *err;

	if (!name[0] || !rk_utf8_valid(name, strlen(name)))
		return rk_fail(RK_E_REFUSED, "use a name of letters, digits, '.', '-' and '/'",
		    "%s is no name", RK_SHOW(name));
	for (const char *at = name; *at; at++) {
		if (!strchr(PLAIN, *at) || (at == name && *at == '.'))
			rk_buf_printf(&out, "%%%02X", (unsigned)(unsigned char)*at);
		else
			rk_buf_byte(&out, (uint8_t)*at);
	}
	err = rk_buf_check(&out);
	if (!err && out.len > COMPONENT_MAX)
		err = rk_fail(RK_E_REFUSED, "use a shorter one",
		    "the name %s is too long for a folder", RK_SHOW(name));
	return err ? err : rk_buf_take(&out, ret_component);
}

static rk_error *
no_component(const char *component)
{
	return rk_fail(RK_E_MALFORMED, "rename or remove it",
	    "%s is not how a name is written in this folder", RK_SHOW(component));
}

static rk_error *
decode(const char *component, rk_buf *out)
{
	for (const char *at = component; *at; at++) {
		uint8_t byte;
		rk_error *err;

		if (*at != '%') {
			rk_buf_byte(out, (uint8_t)*at);
			continue;
		}
		if (strlen(at) < 3)
			return no_component(component);
		err = rk_unhex(at + 1, 2, &byte, 1);
		if (err || byte == 0) {
			rk_error_free(err);
			return no_component(component);
		}
		rk_buf_byte(out, byte);
		at += 2;
	}
	return rk_buf_check(out);
}

rk_error *
rk_keep_component_decode(const char *component, char **ret_name)
{
	RK_AUTO_BUF(name);
	RK_AUTO(rk_str) again = NULL;
	rk_error *err;

	err = decode(component, &name);
	if (err)
		return err;
	/* One spelling a name: two folders can never mean the same repository. */
	err = rk_keep_component(rk_buf_str(&name), &again);
	if (rk_error_code(err) == RK_E_NOMEM)
		return err;
	if (err || strcmp(again, component) != 0) {
		rk_error_free(err);
		return no_component(component);
	}
	return rk_buf_take(&name, ret_name);
}

rk_error *
rk_keep_repo_path(const char *name, const char *below, char **ret_path)
{
	RK_AUTO(rk_str) component = NULL;
	rk_error *err;

	err = rk_keep_component(name, &component);
	if (err)
		return err;
	return rk_strdupf(
	    ret_path, "%s/%s%s%s", RK_KEEP_REPOS, component, below ? "/" : "", below ? below : "");
}
