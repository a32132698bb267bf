#include "json/write.h"

#include "json/document_private.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

const rk_style rk_style_ours = {
    .indent = 2,
    .colon_space = true,
    .newline = true,
    .sorted = true,
    .form = RK_FORM_JSON,
};

const rk_style rk_style_line = {
    .sorted = true,
    .form = RK_FORM_JSON,
};

static void write_value(rk_buf *out, const rk_node *node, const rk_style *style, unsigned level);

static bool
has_lines(const rk_style *style)
{
	return style->indent > 0 || style->tabs;
}

void
rk_write_break(rk_buf *out, const rk_style *style, unsigned level)
{
	if (!has_lines(style))
		return;
	rk_buf_byte(out, '\n');
	for (unsigned i = 0; i < level * style->indent; i++)
		rk_buf_byte(out, style->tabs ? '\t' : ' ');
}

static void
write_string(rk_buf *out, const char *text, const rk_style *style)
{
	/* The buffer remembers that memory ran out. */
	rk_error_free(rk_canonical_string(text, strlen(text), style->form, rk_sink_buf(out)));
}

void
rk_write_text(rk_buf *out, const char *text, const rk_style *style)
{
	write_string(out, text, style);
}

/* Before a member or an element; `inside` is its level. */
static void
write_separator(rk_buf *out, const rk_style *style, unsigned inside, bool first)
{
	if (!first)
		rk_buf_byte(out, ',');
	if (!first && style->comma_space && !has_lines(style))
		rk_buf_byte(out, ' ');
	rk_write_break(out, style, inside);
}

static void
write_member(rk_buf *out, const rk_node *member, const rk_style *style, unsigned inside)
{
	write_string(out, rk_node_name(member), style);
	rk_buf_text(out, style->colon_space ? ": " : ":");
	write_value(out, member, style, inside);
}

static void
write_sorted(rk_buf *out, const rk_node *object, const rk_style *style, unsigned inside)
{
	size_t count = 0;
	const rk_node **members = rk_document_sorted(object, &count);

	if (!members) {
		out->failed = true;
		return;
	}
	for (size_t i = 0; i < count; i++) {
		write_separator(out, style, inside, i == 0);
		write_member(out, members[i], style, inside);
	}
	free(members);
}

static void
write_container(rk_buf *out, const rk_node *node, const rk_style *style, unsigned level)
{
	bool object = rk_node_kind(node) == RK_JSON_OBJECT;
	const rk_node *first = rk_node_child(node);

	rk_buf_byte(out, object ? '{' : '[');
	if (object && style->sorted) {
		write_sorted(out, node, style, level + 1);
	} else {
		for (const rk_node *child = first; child; child = rk_node_next(child)) {
			write_separator(out, style, level + 1, child == first);
			if (object)
				write_member(out, child, style, level + 1);
			else
				write_value(out, child, style, level + 1);
		}
	}
	if (first)
		rk_write_break(out, style, level);
	rk_buf_byte(out, object ? '}' : ']');
}

static void
write_value(rk_buf *out, const rk_node *node, const rk_style *style, unsigned level)
{
	switch (rk_node_kind(node)) {
	case RK_JSON_NULL:
		rk_buf_text(out, "null");
		break;
	case RK_JSON_FALSE:
		rk_buf_text(out, "false");
		break;
	case RK_JSON_TRUE:
		rk_buf_text(out, "true");
		break;
	case RK_JSON_INTEGER:
		rk_buf_printf(out, "%" PRId64, rk_node_int(node));
		break;
	case RK_JSON_STRING:
		write_string(out, rk_node_text(node), style);
		break;
	default:
		write_container(out, node, style, level);
	}
}

void
rk_write_node(rk_buf *out, const rk_node *node, const rk_style *style, unsigned level)
{
	write_value(out, node, style, level);
	/* Only a whole file has an end. */
	if (style->newline && level == 0)
		rk_buf_byte(out, '\n');
}
