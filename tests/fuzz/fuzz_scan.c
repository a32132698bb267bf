/*
 * The strict scan over any bytes, and every walk over what it passes: spans stay within the text,
 * each way to look at a value tells the same.
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

/* What is left of an error is that there was one. */
static bool
works(rk_error *err)
{
	rk_error_free(err);
	return !err;
}

static void
look_at_name(const rk_json *object, const rk_json *key)
{
	char *name = NULL;
	rk_json found;

	must(works(rk_json_strdup(key, &name)));
	must(rk_json_is(key, name));
	must(rk_json_compare(key, key) == 0);
	/* A name that is there once is found at its own place. */
	must(rk_json_get(object, name, &found) && found.text > key->text);
	must(works(rk_canonical_portable_string(name, strlen(name), true, "name")) ||
	     !object->portable);
	free(name);
}

static void
look(const rk_json *value, unsigned depth)
{
	rk_json_iter iter = rk_json_each(value);
	const char *last = value->text;
	rk_json key, child;
	size_t count = 0;
	int64_t number;
	RK_AUTO_BUF(text);

	must(depth <= RK_JSON_DEPTH);
	must(works(rk_json_string(value, &text)) == (value->kind == RK_JSON_STRING));
	must(works(rk_json_int(value, &number)) == (value->kind == RK_JSON_INTEGER));
	for (; rk_json_next(&iter, &key, &child); count++) {
		must(child.text > last && child.len > 0);
		must(child.text + child.len < value->text + value->len);
		if (value->kind == RK_JSON_OBJECT && count < 64)
			look_at_name(value, &key);
		look(&child, depth + 1);
		last = child.text + child.len - 1;
	}
	must(count == rk_json_count(value));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data;
	rk_style style = rk_style_detect(bytes, size);
	rk_json value;

	must(style.indent <= size);
	if (!works(rk_scan_bytes(bytes, size, "input", &value)))
		return 0;
	look(&value, 0);
	/* What the scan found portable in passing is so on a closer look. */
	bool passed = value.portable;
	value.portable = false;
	must(works(rk_canonical_portable(&value, bytes, "input")) || !passed);
	return 0;
}
