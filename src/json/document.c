#include "json/document.h"

#include "base/show.h"
#include "json/document_private.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

/*
 * cJSON does not use an object's valueint. Here it says that the members are in order, so that
 * putting in one that comes last needs no search, and making an object of many members in order is
 * linear.
 */
#define IN_ORDER 1

static bool
is_object(const rk_node *node)
{
	return cJSON_IsObject(node);
}

static rk_node *
last_child(const rk_node *container)
{
	/* The first child's prev is the last. */
	return container->child ? container->child->prev : NULL;
}

/* cJSON keeps nothing that the scan has not passed; memory is the only thing it can lack. */
static rk_error *
parse_scanned(const char *bytes, size_t len, rk_node **ret_node)
{
	rk_node *node = cJSON_ParseWithLength(bytes, len);

	if (!node)
		return rk_out_of_memory();
	*ret_node = node;
	return NULL;
}

static rk_error *
too_large(const char *name)
{
	return rk_fail(RK_E_LIMIT, "check that it is the file you mean",
	    "%s is larger than the %u bytes that a document may have", RK_SHOW(name),
	    RK_DOCUMENT_MAX);
}

rk_error *
rk_node_parse(const char *bytes, size_t len, const char *name, rk_node **ret_node)
{
	rk_json value;
	rk_error *err;

	if (len > RK_DOCUMENT_MAX)
		return too_large(name);
	err = rk_scan_bytes(bytes, len, name, &value);
	return err ? err : parse_scanned(value.text, value.len, ret_node);
}

rk_error *
rk_node_from_json(const rk_json *value, const char *name, rk_node **ret_node)
{
	if (value->len > RK_DOCUMENT_MAX)
		return too_large(name);
	return parse_scanned(value->text, value->len, ret_node);
}

void
rk_node_free(rk_node *node)
{
	cJSON_Delete(node);
}

enum rk_json_kind
rk_node_kind(const rk_node *node)
{
	if (cJSON_IsObject(node))
		return RK_JSON_OBJECT;
	if (cJSON_IsArray(node))
		return RK_JSON_ARRAY;
	if (cJSON_IsString(node))
		return RK_JSON_STRING;
	if (cJSON_IsNumber(node))
		return RK_JSON_INTEGER;
	if (cJSON_IsBool(node))
		return cJSON_IsTrue(node) ? RK_JSON_TRUE : RK_JSON_FALSE;
	return RK_JSON_NULL;
}

rk_node *
rk_node_get(const rk_node *object, const char *name)
{
	return is_object(object) ? cJSON_GetObjectItemCaseSensitive(object, name) : NULL;
}

rk_node *
rk_node_at(const rk_node *array, size_t index)
{
	rk_node *child = cJSON_IsArray(array) ? array->child : NULL;

	for (; child && index > 0; index--)
		child = child->next;
	return child;
}

size_t
rk_node_count(const rk_node *container)
{
	size_t count = 0;

	for (const rk_node *child = rk_node_child(container); child; child = child->next)
		count++;
	return count;
}

rk_node *
rk_node_child(const rk_node *container)
{
	return container ? container->child : NULL;
}

rk_node *
rk_node_next(const rk_node *child)
{
	return child ? child->next : NULL;
}

const char *
rk_node_name(const rk_node *child)
{
	return child ? child->string : NULL;
}

const char *
rk_node_text(const rk_node *node)
{
	return cJSON_IsString(node) ? node->valuestring : NULL;
}

int64_t
rk_node_int(const rk_node *node)
{
	return cJSON_IsNumber(node) ? (int64_t)node->valuedouble : 0;
}

static rk_node *
new_bool(bool value)
{
	return value ? cJSON_CreateTrue() : cJSON_CreateFalse();
}

rk_node *
rk_node_new_object(void)
{
	rk_node *object = cJSON_CreateObject();

	if (object)
		object->valueint = IN_ORDER;
	return object;
}

rk_node *
rk_node_new_array(void)
{
	return cJSON_CreateArray();
}

rk_node *
rk_node_new_text(const char *text)
{
	return cJSON_CreateString(text);
}

rk_node *
rk_node_new_int(int64_t number)
{
	return cJSON_CreateNumber((double)number);
}

rk_node *
rk_node_new_bool(bool value)
{
	return new_bool(value);
}

rk_node *
rk_node_new_null(void)
{
	return cJSON_CreateNull();
}

rk_node *
rk_node_copy(const rk_node *node)
{
	return cJSON_Duplicate(node, true);
}

/* The member of that name, where there is one. Keeps IN_ORDER true. */
static rk_node *
make_room(rk_node *object, const char *name)
{
	rk_node *last = last_child(object);
	rk_node *old;

	if (!last)
		object->valueint = IN_ORDER;
	else if (object->valueint == IN_ORDER && strcmp(last->string, name) < 0)
		return NULL;
	old = rk_node_get(object, name);
	if (!old && last)
		object->valueint = 0;
	return old;
}

/* The old one's name goes over, so that nothing has to be found or made. */
static void
replace(rk_node *object, rk_node *old, rk_node *value)
{
	cJSON_free(value->string);
	value->string = old->string;
	old->string = NULL;
	cJSON_ReplaceItemViaPointer(object, old, value);
}

rk_error *
rk_node_put(rk_node *object, const char *name, rk_node *value)
{
	rk_node *old;

	if (!value)
		return rk_out_of_memory();
	if (!is_object(object)) {
		rk_node_free(value);
		return rk_fail(RK_E_INTERNAL, NULL, "a member was put into what is no object");
	}
	old = make_room(object, name);
	if (old) {
		replace(object, old, value);
		return NULL;
	}
	if (cJSON_AddItemToObject(object, name, value))
		return NULL;
	rk_node_free(value);
	return rk_out_of_memory();
}

rk_error *
rk_node_add(rk_node *object, const char *name, rk_node *value)
{
	const rk_node *last;

	if (!value)
		return rk_out_of_memory();
	if (!is_object(object)) {
		rk_node_free(value);
		return rk_fail(RK_E_INTERNAL, NULL, "a member was added to what is no object");
	}
	last = last_child(object);
	if (!last)
		object->valueint = IN_ORDER;
	else if (strcmp(last->string, name) >= 0)
		object->valueint = 0;
	if (cJSON_AddItemToObject(object, name, value))
		return NULL;
	rk_node_free(value);
	return rk_out_of_memory();
}

rk_error *
rk_node_put_text(rk_node *object, const char *name, const char *text)
{
	return rk_node_put(object, name, rk_node_new_text(text));
}

static rk_error *
check_range(const char *name, int64_t number)
{
	if (number >= -RK_JSON_INT_MAX && number <= RK_JSON_INT_MAX)
		return NULL;
	return rk_fail(
	    RK_E_LIMIT, NULL, "%s is beyond what every JSON reader reads exactly", RK_SHOW(name));
}

rk_error *
rk_node_put_int(rk_node *object, const char *name, int64_t number)
{
	rk_error *err = check_range(name, number);

	return err ? err : rk_node_put(object, name, rk_node_new_int(number));
}

rk_error *
rk_node_put_bool(rk_node *object, const char *name, bool value)
{
	return rk_node_put(object, name, new_bool(value));
}

rk_error *
rk_node_append(rk_node *array, rk_node *value)
{
	if (!value)
		return rk_out_of_memory();
	if (cJSON_IsArray(array) && cJSON_AddItemToArray(array, value))
		return NULL;
	rk_node_free(value);
	return rk_fail(RK_E_INTERNAL, NULL, "an element was appended to what is no array");
}

rk_error *
rk_node_append_text(rk_node *array, const char *text)
{
	return rk_node_append(array, rk_node_new_text(text));
}

void
rk_node_remove(rk_node *object, const char *name)
{
	rk_node *child = rk_node_get(object, name);

	if (child)
		rk_node_free(cJSON_DetachItemViaPointer(object, child));
}

void
rk_node_remove_at(rk_node *array, size_t index)
{
	rk_node *child = rk_node_at(array, index);

	if (child)
		rk_node_free(cJSON_DetachItemViaPointer(array, child));
}

static int
by_name(const void *a, const void *b)
{
	const rk_node *const *left = a, *const *right = b;

	return strcmp((*left)->string, (*right)->string);
}

const rk_node **
rk_document_sorted(const rk_node *object, size_t *ret_count)
{
	size_t count = rk_node_count(object), i = 0;
	const rk_node **members = calloc(count + 1, sizeof(const rk_node *));

	if (!members)
		return NULL;
	for (const rk_node *child = rk_node_child(object); child; child = child->next)
		members[i++] = child;
	if (object->valueint != IN_ORDER)
		qsort(members, count, sizeof(const rk_node *), by_name);
	*ret_count = count;
	return members;
}

static bool
equal_objects(const rk_node *a, const rk_node *b)
{
	size_t a_count = 0, b_count = 0, same = 0;
	const rk_node **left = rk_document_sorted(a, &a_count);
	const rk_node **right = rk_document_sorted(b, &b_count);
	bool equal = left && right && a_count == b_count;

	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): members up to count are there */
	while (equal && same < a_count && strcmp(left[same]->string, right[same]->string) == 0 &&
	       rk_node_equal(left[same], right[same]))
		same++;
	equal = equal && same == a_count;
	free(left);
	free(right);
	return equal;
}

static bool
equal_arrays(const rk_node *a, const rk_node *b)
{
	a = a->child;
	b = b->child;
	for (; a && b; a = a->next, b = b->next)
		if (!rk_node_equal(a, b))
			return false;
	return !a && !b;
}

bool
rk_node_equal(const rk_node *a, const rk_node *b)
{
	enum rk_json_kind kind;

	if (!a || !b)
		return a == b;
	kind = rk_node_kind(a);
	if (kind != rk_node_kind(b))
		return false;
	switch (kind) {
	case RK_JSON_OBJECT:
		return equal_objects(a, b);
	case RK_JSON_ARRAY:
		return equal_arrays(a, b);
	case RK_JSON_STRING:
		return strcmp(a->valuestring, b->valuestring) == 0;
	case RK_JSON_INTEGER:
		return rk_node_int(a) == rk_node_int(b);
	default:
		return true;
	}
}
