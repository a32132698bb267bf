#include "term/command_value.h"

#include "base/show.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DAYS_MAX 36500

/* Keep `memory` until the line is freed; frees it on failure. */
rk_error *
rk_command_own(rk_command_line *line, void *memory)
{
	size_t count = line->owned_count;

	if (!memory)
		return rk_out_of_memory();
	if ((count & (count - 1)) == 0) { /* full at each power of two */
		void **owned = realloc(line->owned, (count ? 2 * count : 1) * sizeof(*owned));

		if (!owned) {
			free(memory);
			return rk_out_of_memory();
		}
		line->owned = owned;
	}
	line->owned[line->owned_count++] = memory;
	return NULL;
}

rk_error *
rk_command_own_text(rk_command_line *line, const char *text, size_t len, const char **ret_text)
{
	char *copy = strndup(text, len);
	rk_error *err = rk_command_own(line, copy);

	if (!err)
		*ret_text = copy;
	return err;
}

/*
 * Room for one more item of `size` bytes in an array of `count`: a new array at each power of two.
 * The old one stays with the line, so that nothing has to know which arrays were replaced.
 */
static rk_error *
grow(rk_command_line *line, void **items, size_t count, size_t size)
{
	rk_error *err;
	void *larger;

	if (count & (count - 1) || (count == 0 && *items))
		return NULL;
	larger = calloc(count ? 2 * count : 1, size);
	err = rk_command_own(line, larger);
	if (err)
		return err;
	if (count)
		memcpy(larger, *items, count * size);
	*items = larger;
	return NULL;
}

rk_error *
rk_command_list_add(rk_command_line *line, rk_list *list, const char *item)
{
	void *items = list->items;
	rk_error *err = grow(line, &items, list->count, sizeof(*list->items));

	if (err)
		return err;
	list->items = items;
	list->items[list->count++] = item;
	return NULL;
}

static rk_error *
bad_value(const struct rk_option *option, const char *value, const char *wanted)
{
	return rk_fail(RK_E_USAGE, wanted, "--%s %s is not what it takes (%s)", option->name,
	    RK_SHOW(value), option->metavar);
}

static rk_error *
parse_int(const char *text, int64_t min, int64_t max, int64_t *ret_number)
{
	char *end;
	long long number;

	errno = 0;
	number = strtoll(text, &end, 10);
	if (errno || end == text || *end || strchr(" \t+", text[0]) || number < min || number > max)
		return rk_fail(RK_E_USAGE, "give a number in that range",
		    "%s is not a number from %lld to %lld", RK_SHOW(text), (long long)min,
		    (long long)max);
	*ret_number = number;
	return NULL;
}

static rk_error *
store_int(const struct rk_option *option, const char *value, int64_t *ret_number)
{
	rk_error *err = parse_int(value, option->min, option->max, ret_number);

	return err ? rk_wrap(err, "--%s wants another value", option->name) : NULL;
}

static rk_error *
store_choice(const struct rk_option *option, const char *value, const char **ret_choice)
{
	size_t len = strlen(value);
	const char *word = option->metavar;

	while (word) {
		const char *bar = strchr(word, '|');
		size_t word_len = bar ? (size_t)(bar - word) : strlen(word);

		if (word_len == len && !memcmp(word, value, len)) {
			*ret_choice = value;
			return NULL;
		}
		word = bar ? bar + 1 : NULL;
	}
	return bad_value(option, value, "give one of the words in brackets");
}

static rk_error *
days_add(rk_command_line *line, const struct rk_option *option, rk_days_list *list, char *item)
{
	char *equals = strchr(item, '=');
	void *items = list->items;
	int64_t days = 0;
	rk_error *err;

	if (!equals || equals == item)
		return bad_value(option, item, "give role=DAYS, for example root=365");
	*equals = 0;
	err = parse_int(equals + 1, 1, DAYS_MAX, &days);
	if (err)
		return rk_wrap(err, "--%s wants other days for %s", option->name, RK_SHOW(item));
	err = grow(line, &items, list->count, sizeof(*list->items));
	if (err)
		return err;
	list->items = items;
	list->items[list->count++] = (struct rk_days){item, days};
	return NULL;
}

/* "a,b,c", each part handed on as a string of its own. */
static rk_error *
store_split(rk_command_line *line, const struct rk_option *option, const char *value, void *field)
{
	for (;;) {
		size_t len = strcspn(value, ",");
		const char *item;
		rk_error *err;

		if (len == 0)
			return rk_fail(RK_E_USAGE, "write items with one comma between them",
			    "--%s has an empty item", option->name);
		err = rk_command_own_text(line, value, len, &item);
		if (!err && option->kind == RK_OPTION_DAYS)
			err = days_add(line, option, field, line->owned[line->owned_count - 1]);
		else if (!err)
			err = rk_command_list_add(line, field, item);
		if (err || value[len] == 0)
			return err;
		value += len + 1;
	}
}

rk_error *
rk_command_store(
    rk_command_line *line, const struct rk_option *option, const char *value, void *field)
{
	switch (option->kind) {
	case RK_OPTION_STRING:
		*(const char **)field = value;
		return NULL;
	case RK_OPTION_FLAG:
		*(bool *)field = true;
		return NULL;
	case RK_OPTION_INT:
		return store_int(option, value, field);
	case RK_OPTION_CHOICE:
		return store_choice(option, value, field);
	case RK_OPTION_REPEAT:
		return rk_command_list_add(line, field, value);
	case RK_OPTION_LIST:
	case RK_OPTION_DAYS:
		return store_split(line, option, value, field);
	case RK_OPTION_END:
		break;
	}
	return rk_fail(RK_E_INTERNAL, NULL, "option --%s has no kind", option->name);
}
