#include "json/bytes.h"
#include "json/write.h"

#include <string.h>

/* A walk over text that may be cut off anywhere. */
struct looking {
	const char *at;
	const char *end;
	rk_style style;
	bool colon_seen;
	bool comma_seen;
	unsigned depth;
	struct {
		const char *name; /* the last one, behind its opening quote; NULL: none yet */
		size_t len;
		bool object;
		bool value; /* behind the colon */
		bool envelope; /* begins with "signed": everyone writes it so, sorted or not */
	} open[RK_JSON_DEPTH + 1];
};

/* How the first member or element stands: on a line of its own, and how far in. */
static void
learn_indent(rk_style *style, const char *at, const char *end)
{
	const char *first = rk_bytes_space(at, end);
	const char *line = memchr(at, '\n', (size_t)(first - at));

	if (!line || first >= end)
		return;
	line++;
	style->indent = (unsigned)(first - line);
	style->tabs = style->indent > 0 && *line == '\t';
}

static bool
escapes_as_go(const char *at, size_t len)
{
	static const char *const escapes[] = {
	    "\\u003c", "\\u003e", "\\u0026", "\\u2028", "\\u2029"};

	for (size_t i = 0; i < sizeof(escapes) / sizeof(escapes[0]); i++)
		if (memmem(at, len, escapes[i], strlen(escapes[i])))
			return true;
	return false;
}

static void
learn_order(struct looking *looking, const char *name, size_t len)
{
	const char *last = looking->open[looking->depth].name;
	size_t last_len = looking->open[looking->depth].len;
	size_t shorter = last_len < len ? last_len : len;
	int order = last ? memcmp(last, name, shorter) : -1;

	if (order == 0)
		order = last_len < len ? -1 : 1;
	if (order > 0 && !looking->open[looking->depth].envelope)
		looking->style.sorted = false;
	if (!last && looking->depth == 1)
		looking->open[1].envelope = len == 6 && memcmp(name, "signed", 6) == 0;
	looking->open[looking->depth].name = name;
	looking->open[looking->depth].len = len;
}

static void
look_at_string(struct looking *looking)
{
	const char *start = looking->at + 1, *at = start;

	while ((at = rk_bytes_quote(at, looking->end)) < looking->end && *at == '\\')
		at += looking->end - at < 2 ? 1 : 2;
	looking->at = at < looking->end ? at + 1 : looking->end;
	if (at >= looking->end)
		return;
	if (looking->style.form == RK_FORM_JSON && escapes_as_go(start, (size_t)(at - start)))
		looking->style.form = RK_FORM_GO;
	if (looking->open[looking->depth].object && !looking->open[looking->depth].value)
		learn_order(looking, start, (size_t)(at - start));
}

static bool
is_blank_next(const struct looking *looking)
{
	return looking->at < looking->end && *looking->at == ' ';
}

static void
look_at_opening(struct looking *looking, char byte)
{
	if (looking->depth++ == 0)
		learn_indent(&looking->style, looking->at, looking->end);
	memset(&looking->open[looking->depth], 0, sizeof(looking->open[0]));
	looking->open[looking->depth].object = byte == '{';
}

/* One token or one blank. False: the text is deeper than any that was scanned. */
static bool
look(struct looking *looking)
{
	char byte = *looking->at;

	if (byte == '"') {
		look_at_string(looking);
		return true;
	}
	looking->at++;
	if (byte == '{' || byte == '[') {
		if (looking->depth >= RK_JSON_DEPTH)
			return false;
		look_at_opening(looking, byte);
	} else if ((byte == '}' || byte == ']') && looking->depth > 0) {
		looking->depth--;
	} else if (byte == ':') {
		if (!looking->colon_seen)
			looking->style.colon_space = is_blank_next(looking);
		looking->colon_seen = true;
		looking->open[looking->depth].value = true;
	} else if (byte == ',') {
		if (!looking->comma_seen)
			looking->style.comma_space = is_blank_next(looking);
		looking->comma_seen = true;
		looking->open[looking->depth].value = false;
	}
	return true;
}

rk_style
rk_style_detect(const char *bytes, size_t len)
{
	struct looking looking = {.at = bytes, .end = bytes + len};

	looking.style = (rk_style){.sorted = true, .form = RK_FORM_JSON};
	looking.style.newline = len > 0 && bytes[len - 1] == '\n';
	while (looking.at < looking.end && look(&looking))
		;
	return looking.style;
}
