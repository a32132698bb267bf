/*
 * document.h - small JSON documents as trees, over cJSON
 *
 * For keep.json, root, snapshot, timestamp and the like: never for targets. The strict scan has
 * passed the text before cJSON sees it, so what cJSON is lenient about (duplicates, NUL, floats)
 * cannot be there. Numbers are integers within ±(2^53-1). Members keep the order they came in;
 * the writer sorts.
 *
 * Ownership  an rk_node that was parsed or made belongs to the caller until it is put into another;
 *            nodes looked up are borrowed from the tree. Iterate with rk_node_child/rk_node_next.
 * Errors     RK_E_MALFORMED, RK_E_LIMIT (over RK_DOCUMENT_MAX), RK_E_NOMEM.
 */
#ifndef RK_JSON_DOCUMENT_H
#define RK_JSON_DOCUMENT_H

#include "json/scan.h"

#define RK_DOCUMENT_MAX (16u << 20) /* bytes of text */

typedef struct cJSON rk_node;

RK_CHECKED rk_error *
rk_node_parse(const char *bytes, size_t len, const char *name, rk_node **ret_node);
/* From a value that rk_scan has passed. */
RK_CHECKED rk_error *rk_node_from_json(const rk_json *value, const char *name, rk_node **ret_node);
void rk_node_free(rk_node *node);
RK_DEFINE_FREEP(rk_node)

enum rk_json_kind rk_node_kind(const rk_node *node);
/* NULL-safe look-ups: NULL where there is no such member or element. */
rk_node *rk_node_get(const rk_node *object, const char *name);
rk_node *rk_node_at(const rk_node *array, size_t index); /* linear */
size_t rk_node_count(const rk_node *container);
rk_node *rk_node_child(const rk_node *container);
rk_node *rk_node_next(const rk_node *child);
/* The member name of a child of an object. */
const char *rk_node_name(const rk_node *child);
/* NULL where it is no string. */
const char *rk_node_text(const rk_node *node);
/* Members of the wanted kind, or RK_E_MALFORMED that names `where` and the member. */
RK_CHECKED rk_error *rk_node_want_text(
    const rk_node *object, const char *name, const char *where, const char **ret_text);
RK_CHECKED rk_error *
rk_node_want_int(const rk_node *object, const char *name, const char *where, int64_t *ret_number);
RK_CHECKED rk_error *
rk_node_want_bool(const rk_node *object, const char *name, const char *where, bool *ret_value);
RK_CHECKED rk_error *
rk_node_want_object(const rk_node *object, const char *name, const char *where, rk_node **ret_node);
RK_CHECKED rk_error *
rk_node_want_array(const rk_node *object, const char *name, const char *where, rk_node **ret_node);
/* An integer's value; 0 for another kind. */
int64_t rk_node_int(const rk_node *node);

/* New nodes; NULL when memory is out, which the put functions turn into RK_E_NOMEM. */
rk_node *rk_node_new_object(void);
rk_node *rk_node_new_array(void);
rk_node *rk_node_new_text(const char *text);
rk_node *rk_node_new_int(int64_t number);
rk_node *rk_node_new_bool(bool value);
rk_node *rk_node_new_null(void);
rk_node *rk_node_copy(const rk_node *node);
/* Set a member (replacing one of that name); `value` is taken over, also on failure. */
RK_CHECKED rk_error *rk_node_put(rk_node *object, const char *name, rk_node *value);
/* The same for a name that is known not to be there: without a search. */
RK_CHECKED rk_error *rk_node_add(rk_node *object, const char *name, rk_node *value);
RK_CHECKED rk_error *rk_node_put_text(rk_node *object, const char *name, const char *text);
RK_CHECKED rk_error *rk_node_put_int(rk_node *object, const char *name, int64_t number);
RK_CHECKED rk_error *rk_node_put_bool(rk_node *object, const char *name, bool value);
RK_CHECKED rk_error *rk_node_append(rk_node *array, rk_node *value);
RK_CHECKED rk_error *rk_node_append_text(rk_node *array, const char *text);
void rk_node_remove(rk_node *object, const char *name);
void rk_node_remove_at(rk_node *array, size_t index);
bool rk_node_equal(const rk_node *a, const rk_node *b);

#endif
