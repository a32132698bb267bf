#include "cli/fields.h"

#include "base/show.h"

#include <string.h>

void
rk_fields_put(rk_error **err, rk_node *node, const char *name, rk_node *value)
{
	if (*err)
		rk_node_free(value);
	else
		*err = rk_node_put(node, name, value);
}

void
rk_fields_text(rk_error **err, rk_node *node, const char *name, const char *text)
{
	rk_fields_put(err, node, name, text ? rk_node_new_text(text) : rk_node_new_null());
}

void
rk_fields_shown(rk_error **err, rk_node *node, const char *name, const char *text)
{
	bool clean = !text || rk_utf8_valid(text, strlen(text));

	rk_fields_text(err, node, name, clean ? text : RK_SHOW_BARE(text));
}
