#include "base/show.h"
#include "json/document.h"

static rk_error *
not_there(const char *name, const char *where, const char *kind)
{
	return rk_fail(RK_E_MALFORMED, NULL, "%s: %s is not there, or is no %s", RK_SHOW(where),
	    RK_SHOW(name), kind);
}

rk_error *
rk_node_want_text(const rk_node *object, const char *name, const char *where, const char **ret_text)
{
	const char *text = rk_node_text(rk_node_get(object, name));

	if (!text)
		return not_there(name, where, "string");
	*ret_text = text;
	return NULL;
}

/* The member of that kind, or NULL. */
static rk_node *
find(const rk_node *object, const char *name, enum rk_json_kind kind)
{
	rk_node *node = rk_node_get(object, name);

	return node && rk_node_kind(node) == kind ? node : NULL;
}

rk_error *
rk_node_want_int(const rk_node *object, const char *name, const char *where, int64_t *ret_number)
{
	const rk_node *node = find(object, name, RK_JSON_INTEGER);

	if (!node)
		return not_there(name, where, "integer");
	*ret_number = rk_node_int(node);
	return NULL;
}

rk_error *
rk_node_want_bool(const rk_node *object, const char *name, const char *where, bool *ret_value)
{
	bool is_true = find(object, name, RK_JSON_TRUE) != NULL;

	if (!is_true && !find(object, name, RK_JSON_FALSE))
		return not_there(name, where, "true or false");
	*ret_value = is_true;
	return NULL;
}

rk_error *
rk_node_want_object(const rk_node *object, const char *name, const char *where, rk_node **ret_node)
{
	rk_node *node = find(object, name, RK_JSON_OBJECT);

	if (!node)
		return not_there(name, where, "object");
	*ret_node = node;
	return NULL;
}

rk_error *
rk_node_want_array(const rk_node *object, const char *name, const char *where, rk_node **ret_node)
{
	rk_node *node = find(object, name, RK_JSON_ARRAY);

	if (!node)
		return not_there(name, where, "array");
	*ret_node = node;
	return NULL;
}
