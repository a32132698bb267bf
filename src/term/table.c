#include "term/table.h"

#include "base/show.h"

#include <stdlib.h>
#include <string.h>
#include <uniwidth.h>

#define GAP 2 /* spaces between columns */

struct cell {
	char *text;
	enum rk_style_name style;
};

struct rk_table {
	const char *const *headings;
	size_t columns;
	struct cell *cells;
	size_t count, room;
	bool failed;
};

size_t
rk_table_width(const char *text, size_t len)
{
	int width;

	if (!rk_utf8_valid(text, len))
		return len;
	width = u8_width((const uint8_t *)text, len, "UTF-8");
	return width < 0 ? len : (size_t)width;
}

rk_error *
rk_table_new(const char *const *headings, rk_table **ret_table)
{
	rk_table *table = calloc(1, sizeof(*table));

	if (!table)
		return rk_out_of_memory();
	table->headings = headings;
	while (headings[table->columns])
		table->columns++;
	*ret_table = table;
	return NULL;
}

static bool
make_room(rk_table *table)
{
	size_t room = table->room ? 2 * table->room : 16;
	struct cell *cells;

	if (table->count < table->room)
		return true;
	cells = reallocarray(table->cells, room, sizeof(*cells));
	if (!cells)
		return false;
	table->cells = cells;
	table->room = room;
	return true;
}

static RK_PRINTF(3, 0) void add_cell(
    rk_table *table, enum rk_style_name style, const char *fmt, va_list args)
{
	RK_AUTO_BUF(text);
	rk_error *err;
	char *taken;

	rk_buf_vprintf(&text, fmt, args);
	rk_buf_text(&text, "");
	err = rk_buf_take(&text, &taken);
	if (err || !make_room(table)) {
		if (!err)
			free(taken);
		rk_error_free(err);
		table->failed = true;
		return;
	}
	table->cells[table->count++] = (struct cell){taken, style};
}

void
rk_table_cell(rk_table *table, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add_cell(table, RK_PLAIN, fmt, args);
	va_end(args);
}

void
rk_table_styled(rk_table *table, enum rk_style_name style, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add_cell(table, style, fmt, args);
	va_end(args);
}

size_t
rk_table_rows(const rk_table *table)
{
	return (table->count + table->columns - 1) / table->columns;
}

static void
write_cell(rk_buf *out, bool color, const struct cell *cell, size_t width)
{
	size_t len = strlen(cell->text), taken = rk_table_width(cell->text, len);

	rk_color_append(out, color, cell->style, cell->text, len);
	while (taken++ < width)
		rk_buf_byte(out, ' ');
}

/* The last cell that says something ends the line: no blanks after it. */
static void
write_row(const rk_table *table, const struct cell *cells, size_t count, const size_t *widths,
    bool color, rk_buf *out)
{
	while (count > 0 && cells[count - 1].text[0] == 0)
		count--;
	for (size_t i = 0; i < count && i < table->columns; i++)
		write_cell(out, color, &cells[i], i + 1 < count ? widths[i] + GAP : 0);
	rk_buf_byte(out, '\n');
}

static void
write_headings(const rk_table *table, const size_t *widths, bool color, rk_buf *out)
{
	size_t count = table->columns;

	while (count > 0 && table->headings[count - 1][0] == 0)
		count--;
	if (count == 0)
		return;
	for (size_t i = 0; i < count; i++) {
		char *heading = (char *)(uintptr_t)table->headings[i];
		struct cell cell = {heading, RK_STRONG};

		write_cell(out, color, &cell, i + 1 < count ? widths[i] + GAP : 0);
	}
	rk_buf_byte(out, '\n');
}

static void
measure(const rk_table *table, size_t *widths)
{
	for (size_t i = 0; i < table->columns; i++)
		widths[i] = rk_table_width(table->headings[i], strlen(table->headings[i]));
	for (size_t i = 0; i < table->count && table->columns > 0; i++) {
		const char *text = table->cells[i].text;
		size_t width = rk_table_width(text, strlen(text));

		if (width > widths[i % table->columns])
			widths[i % table->columns] = width;
	}
}

rk_error *
rk_table_write(const rk_table *table, bool color, rk_buf *out)
{
	size_t *widths;

	if (table->failed)
		return rk_out_of_memory();
	widths = calloc(table->columns + 1, sizeof(*widths));
	if (!widths)
		return rk_out_of_memory();
	measure(table, widths);
	write_headings(table, widths, color, out);
	for (size_t i = 0; i < table->count; i += table->columns) {
		size_t left = table->count - i;

		write_row(table, &table->cells[i], left < table->columns ? left : table->columns,
		    widths, color, out);
	}
	free(widths);
	return rk_buf_check(out);
}

void
rk_table_free(rk_table *table)
{
	if (!table)
		return;
	for (size_t i = 0; i < table->count; i++)
		free(table->cells[i].text);
	free(table->cells);
	free(table);
}
