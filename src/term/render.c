#include "term/render.h"

#include "json/write.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FLUSH_AT (64u << 10) /* bytes that wait before they are written */

struct rk_render {
	int out_fd, err_fd;
	bool json, color, err_color;
	bool streamed; /* the sink was written to */
	bool failed; /* memory was out */
	int write_errno;
	rk_buf pending;
	rk_node *document;
};

rk_error *
rk_render_new(const struct rk_render_options *options, rk_render **ret_render)
{
	rk_render *out = calloc(1, sizeof(*out));

	if (!out)
		return rk_out_of_memory();
	out->out_fd = options->out_fd;
	out->err_fd = options->err_fd;
	out->json = options->json;
	out->color = rk_color_wanted(options->color, options->out_fd);
	out->err_color = rk_color_wanted(options->color, options->err_fd);
	*ret_render = out;
	return NULL;
}

bool
rk_render_is_json(const rk_render *out)
{
	return out->json;
}

/* 0, or what write(2) said. */
static int
write_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t written = write(fd, bytes, len);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return written < 0 ? errno : EIO;
		bytes += written;
		len -= (size_t)written;
	}
	return 0;
}

static void
flush_pending(rk_render *out)
{
	if (out->pending.failed)
		out->failed = true;
	if (out->write_errno == 0 && out->pending.len > 0)
		out->write_errno = write_all(out->out_fd, out->pending.data, out->pending.len);
	rk_buf_clear(&out->pending);
}

static void
flush_if_full(rk_render *out)
{
	if (out->pending.len >= FLUSH_AT || out->pending.failed)
		flush_pending(out);
}

static RK_PRINTF(3, 0) void put_line(
    rk_render *out, enum rk_style_name style, const char *fmt, va_list args)
{
	RK_AUTO_BUF(line);

	if (out->json)
		return;
	rk_buf_vprintf(&line, fmt, args);
	if (line.failed)
		out->failed = true;
	rk_color_append(&out->pending, out->color, style, rk_buf_str(&line), line.len);
	rk_buf_byte(&out->pending, '\n');
	flush_if_full(out);
}

void
rk_render_line(rk_render *out, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	put_line(out, RK_PLAIN, fmt, args);
	va_end(args);
}

void
rk_render_styled(rk_render *out, enum rk_style_name style, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	put_line(out, style, fmt, args);
	va_end(args);
}

void
rk_render_text(rk_render *out, const char *text)
{
	if (out->json)
		return;
	rk_buf_text(&out->pending, text);
	flush_if_full(out);
}

void
rk_render_table(rk_render *out, const rk_table *table)
{
	rk_error *err;

	if (out->json)
		return;
	err = rk_table_write(table, out->color, &out->pending);
	if (err)
		out->failed = true;
	rk_error_free(err);
	flush_if_full(out);
}

void
rk_render_json(rk_render *out, rk_node *node)
{
	if (!node)
		out->failed = true;
	rk_node_free(out->document);
	out->document = node;
}

static rk_error *
write_error(int number)
{
	const char *remedy = number == EPIPE	? "let the reader read to the end"
			     : number == ENOSPC ? "make room on that disk"
						: NULL;

	return rk_fail_errno(RK_E_IO, number, remedy, "the result could not be written to stdout");
}

static rk_error *
sink_write(void *context, const void *bytes, size_t len)
{
	rk_render *out = context;

	out->streamed = true;
	rk_buf_append(&out->pending, bytes, len);
	flush_if_full(out);
	if (out->failed)
		return rk_out_of_memory();
	return out->write_errno ? write_error(out->write_errno) : NULL;
}

rk_sink
rk_render_sink(rk_render *out)
{
	return (rk_sink){sink_write, out};
}

static void
write_document(rk_render *out, const rk_node *document)
{
	rk_write_node(&out->pending, document, &rk_style_ours, 0);
	if (out->pending.len > 0 && out->pending.data[out->pending.len - 1] != '\n')
		rk_buf_byte(&out->pending, '\n');
}

/* A command without anything to tell still gives a document. */
static void
finish_document(rk_render *out)
{
	RK_AUTO(rk_node) document = RK_TAKE(out->document);

	if (!document)
		document = rk_node_new_object();
	if (document)
		write_document(out, document);
	else
		out->failed = true;
}

rk_error *
rk_render_finish(rk_render *out)
{
	if (out->json && !out->streamed && !out->failed)
		finish_document(out);
	flush_pending(out);
	if (out->write_errno)
		return write_error(out->write_errno);
	return out->failed ? rk_out_of_memory() : NULL;
}

static rk_error *
put_causes(rk_node *object, const rk_error *err)
{
	rk_node *causes = rk_node_new_array();

	for (const rk_error *at = rk_error_cause(err); causes && at; at = rk_error_cause(at)) {
		rk_error *failure = rk_node_append_text(causes, rk_error_message(at));

		if (failure) {
			rk_node_free(causes);
			return failure;
		}
	}
	return rk_node_put(object, "causes", causes);
}

rk_node *
rk_render_error_node(const rk_error *err)
{
	RK_AUTO(rk_node) document = rk_node_new_object();
	RK_AUTO(rk_node) inner = rk_node_new_object();
	const char *remedy = rk_error_remedy(err);
	rk_error *failure = NULL;

	if (!document || !inner)
		return NULL;
	failure = rk_node_put_text(inner, "code", rk_code_name(rk_error_code(err)));
	if (!failure)
		failure = rk_node_put_text(inner, "message", rk_error_message(err));
	if (!failure)
		failure = put_causes(inner, err);
	if (!failure)
		failure = rk_node_put(
		    inner, "remedy", remedy ? rk_node_new_text(remedy) : rk_node_new_null());
	if (!failure)
		failure = rk_node_put(document, "error", RK_TAKE(inner));
	if (failure) {
		rk_error_free(failure);
		return NULL;
	}
	return RK_TAKE(document);
}

static void
put_part(rk_buf *text, const char *label, const char *sentence)
{
	if (sentence)
		rk_buf_printf(text, "%s%s\n", label, sentence);
}

static void
write_error_text(rk_render *out, const char *program, const rk_error *err)
{
	RK_AUTO_BUF(text);
	RK_AUTO_BUF(fact);

	rk_buf_printf(&fact, "%s:", program);
	rk_color_append(&text, out->err_color, RK_BAD, rk_buf_str(&fact), fact.len);
	put_part(&text, " ", rk_error_message(err));
	for (const rk_error *at = rk_error_cause(err); at; at = rk_error_cause(at))
		put_part(&text, "  because: ", rk_error_message(at));
	put_part(&text, "  remedy:  ", rk_error_remedy(err));
	(void)write_all(out->err_fd, rk_buf_str(&text), text.len);
}

void
rk_render_error(rk_render *out, const char *program, const rk_error *err)
{
	RK_AUTO(rk_node) node = NULL;

	/* What was streamed cannot be taken back, and after a failed write nothing arrives. */
	if (!out->json || out->streamed || out->write_errno) {
		flush_pending(out);
		write_error_text(out, program, err);
		return;
	}
	node = rk_render_error_node(err);
	if (!node) {
		write_error_text(out, program, err);
		return;
	}
	rk_buf_clear(&out->pending);
	write_document(out, node);
	rk_node_free(out->document);
	out->document = NULL;
	flush_pending(out);
	if (out->write_errno)
		write_error_text(out, program, err);
}

void
rk_render_free(rk_render *out)
{
	if (!out)
		return;
	rk_node_free(out->document);
	rk_buf_clear(&out->pending);
	free(out);
}
