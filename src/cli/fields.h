/*
 * fields.h - the members of a result, one after the other, with one look at the error at the end
 *
 * Ownership  as for rk_node_put: values are taken over.
 * Errors     those of rk_node_put, into `*err`; where there is one already, nothing is done.
 */
#ifndef RK_CLI_FIELDS_H
#define RK_CLI_FIELDS_H

#include "json/document.h"

void rk_fields_put(rk_error **err, rk_node *node, const char *name, rk_node *value);
/* NULL is JSON's null. */
void rk_fields_text(rk_error **err, rk_node *node, const char *name, const char *text);
/* Foreign text: JSON wants UTF-8, and what is none is told by its escapes. */
void rk_fields_shown(rk_error **err, rk_node *node, const char *name, const char *text);

#endif
