/*
 * table.h - columns as wide as their widest cell
 *
 * Cells fill the table row by row. Foreign text in them goes through RK_SHOW_BARE.
 *
 * Ownership  the table owns its cells.
 * Errors     RK_E_NOMEM; sticky in the cells, told by rk_table_write.
 */
#ifndef RK_TERM_TABLE_H
#define RK_TERM_TABLE_H

#include "term/color.h"

typedef struct rk_table rk_table;

/* `headings` ends in NULL; one of "" everywhere: a table without a heading line. RK_E_NOMEM. */
RK_CHECKED rk_error *rk_table_new(const char *const *headings, rk_table **ret_table);
/* The next cell. */
void rk_table_cell(rk_table *table, const char *fmt, ...) RK_PRINTF(2, 3);
/* A cell in a style. */
void
rk_table_styled(rk_table *table, enum rk_style_name style, const char *fmt, ...) RK_PRINTF(3, 4);
/* How many rows were begun. */
size_t rk_table_rows(const rk_table *table);
/* RK_E_NOMEM. */
RK_CHECKED rk_error *rk_table_write(const rk_table *table, bool color, rk_buf *out);
void rk_table_free(rk_table *table);
RK_DEFINE_FREEP(rk_table)

/* Columns on a terminal that `len` bytes of well-formed UTF-8 take. */
size_t rk_table_width(const char *text, size_t len);

#endif
