/*
 * document_private.h - the members of a tree's object in order, without touching the tree
 *
 * Ownership  the array is the caller's to free().
 */
#ifndef RK_JSON_DOCUMENT_PRIVATE_H
#define RK_JSON_DOCUMENT_PRIVATE_H

#include "json/document.h"

/* Sorted by the bytes of their names; NULL when memory is out. */
const rk_node **rk_document_sorted(const rk_node *object, size_t *ret_count);

#endif
