/*
 * Canonical bytes of whatever the scan passes: the same from their own result, the same whether or
 * not the scan told what is in order already, and the same as cJSON's tree written by our writer.
 */
#include "json/canonical.h"
#include "json/write.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool right)
{
	if (!right)
		abort();
}

static void
works(rk_error *err)
{
	must(!err);
}

static void
scan(const rk_buf *text, rk_json *ret_value)
{
	works(rk_scan_bytes(rk_buf_str(text), text->len, "result", ret_value));
}

static void
canonical(const rk_json *value, enum rk_form form, rk_buf *out)
{
	works(rk_canonical(value, form, rk_sink_buf(out), NULL));
}

static void
same(const rk_buf *a, const rk_buf *b)
{
	must(a->len == b->len && memcmp(rk_buf_str(a), rk_buf_str(b), a->len) == 0);
}

/* A form that can be read back says the same, and is as its own reader writes it. */
static void
check_form(const rk_json *value, enum rk_form form, const rk_buf *signed_bytes)
{
	RK_AUTO_BUF(first);
	RK_AUTO_BUF(second);
	RK_AUTO_BUF(again);
	rk_json read;

	canonical(value, form, &first);
	scan(&first, &read);
	must(read.unsorted == 1);
	canonical(&read, form, &second);
	same(&first, &second);
	canonical(&read, RK_FORM_SIGNED, &again);
	same(signed_bytes, &again);
}

static void
check_tree(const rk_json *value)
{
	RK_AUTO(rk_node) tree = NULL;
	RK_AUTO(rk_node) copy = NULL;
	RK_AUTO_BUF(ours);
	RK_AUTO_BUF(theirs);
	RK_AUTO_BUF(indented);
	RK_AUTO_BUF(again);
	rk_json read;

	works(rk_node_from_json(value, "input", &tree));
	canonical(value, RK_FORM_JSON, &ours);
	rk_write_node(&theirs, tree, &rk_style_line, 0);
	same(&ours, &theirs);
	copy = rk_node_copy(tree);
	must(rk_node_equal(tree, copy));
	rk_write_node(&indented, copy, &rk_style_ours, 0);
	scan(&indented, &read);
	canonical(&read, RK_FORM_JSON, &again);
	same(&ours, &again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	RK_AUTO_BUF(known);
	RK_AUTO_BUF(unknown);
	rk_json value;
	rk_error *err = rk_scan_bytes((const char *)data, size, "input", &value);

	if (err) {
		rk_error_free(err);
		return 0;
	}
	canonical(&value, RK_FORM_SIGNED, &known);
	check_form(&value, RK_FORM_JSON, &known);
	check_form(&value, RK_FORM_GO, &known);
	check_tree(&value);
	value.unsorted = 0;
	value.loose = 0;
	canonical(&value, RK_FORM_SIGNED, &unknown);
	same(&known, &unknown);
	return 0;
}
