#include "base/show.h"
#include "term/command_value.h"
#include "term/globals.h"

#include <stdlib.h>
#include <string.h>

#define OPTIONS_MAX 64 /* as many as `seen` has bits */

/* One table of options, and the struct that it fills. */
struct target {
	const struct rk_option *options;
	char *base;
	uint64_t seen;
};

struct parse {
	const struct rk_program *program;
	rk_command_line *line;
	struct target global, own;
	const struct rk_argument *next; /* positional argument to be filled */
	int argc, at;
	char *const *argv;
	bool only_arguments; /* "--" was met */
	bool list_given; /* the list at `next` has an item */
};

static bool
is_repeatable(const struct rk_option *option)
{
	return option->kind == RK_OPTION_LIST || option->kind == RK_OPTION_REPEAT ||
	       option->kind == RK_OPTION_DAYS || option->kind == RK_OPTION_FLAG;
}

/* `value` NULL: it is the next argument, where the option takes one. */
static rk_error *
take_option(
    struct parse *parse, struct target *target, const struct rk_option *option, const char *value)
{
	uint64_t bit = UINT64_C(1) << ((size_t)(option - target->options) % OPTIONS_MAX);

	if (option->kind == RK_OPTION_FLAG && value)
		return rk_fail(
		    RK_E_USAGE, "leave out the value", "--%s takes no value", option->name);
	if (option->kind != RK_OPTION_FLAG && !value) {
		if (parse->at >= parse->argc)
			return rk_fail(RK_E_USAGE, NULL, "%s%s needs a value (%s)",
			    rk_command_dashes(option), option->name, option->metavar);
		value = parse->argv[parse->at++];
	}
	if ((target->seen & bit) && !is_repeatable(option))
		return rk_fail(RK_E_USAGE, "give it once", "%s%s is given twice",
		    rk_command_dashes(option), option->name);
	target->seen |= bit;
	return rk_command_store(parse->line, option, value, target->base + option->offset);
}

/* From now on the command is known. */
static rk_error *
settle(struct parse *parse)
{
	const struct rk_command *command = rk_command_find(parse->program, parse->line->topic);
	void *args = calloc(1, command->args_size ? command->args_size : 1);
	rk_error *err = rk_command_own(parse->line, args);

	if (err)
		return err;
	parse->line->command = command;
	parse->line->args = args;
	parse->own = (struct target){command->options, args, 0};
	parse->next = command->arguments;
	for (const struct rk_option *option = command->options; option && option->name; option++)
		if (option->kind == RK_OPTION_INT)
			*(int64_t *)(void *)((char *)args + option->offset) = option->otherwise;
	return NULL;
}

/* Settle for the words so far, if they are a command ("log", though "log verify" is one too). */
static rk_error *
settle_if_whole(struct parse *parse)
{
	if (parse->line->command || !rk_command_find(parse->program, parse->line->topic))
		return NULL;
	return settle(parse);
}

static void
nearest_option(
    const struct rk_option *options, const char *name, const char **nearest, size_t *best)
{
	for (; options && options->name; options++) {
		size_t distance = rk_command_distance(options->name, name);

		if (options->name[1] && distance < *best) {
			*best = distance;
			*nearest = options->name;
		}
	}
}

static rk_error *
unknown_option(const struct parse *parse, const char *name)
{
	const char *program = parse->program->name, *topic = parse->line->topic, *nearest = NULL;
	size_t best = strlen(name) / 3 + 2;
	rk_error *err;

	err = rk_fail(RK_E_USAGE, NULL, "%s%s%s has no option %s", program, *topic ? " " : "",
	    topic, RK_SHOW(name));
	nearest_option(parse->own.options, name, &nearest, &best);
	nearest_option(parse->global.options, name, &nearest, &best);
	if (nearest)
		return rk_advise(err, "did you mean --%s?", nearest);
	return rk_advise(err, "see `%s help%s%s`", program, *topic ? " " : "", topic);
}

static rk_error *
take_long(struct parse *parse, const char *text)
{
	size_t len = strcspn(text, "=");
	const char *name, *value = text[len] ? text + len + 1 : NULL;
	const struct rk_option *option;
	rk_error *err;

	err = rk_command_own_text(parse->line, text, len, &name);
	if (err)
		return err;
	if (!name[0] || !name[1]) /* "--C": such names are letters */
		return unknown_option(parse, name);
	if (!rk_command_option(parse->global.options, name))
		err = settle_if_whole(parse);
	if (err)
		return err;
	option = rk_command_option(parse->own.options, name);
	if (option)
		return take_option(parse, &parse->own, option, value);
	option = rk_command_option(parse->global.options, name);
	if (option)
		return take_option(parse, &parse->global, option, value);
	return unknown_option(parse, name);
}

/* "-qy", "-C DIR", "-CDIR". Only the global options have letters. */
static rk_error *
take_letters(struct parse *parse, const char *letters)
{
	for (; *letters; letters++) {
		const struct rk_option *option = parse->global.options;
		bool flag;
		rk_error *err;

		while (option->name && option->letter != *letters)
			option++;
		if (!option->name)
			return unknown_option(parse, letters);
		flag = option->kind == RK_OPTION_FLAG;
		err = take_option(
		    parse, &parse->global, option, !flag && letters[1] ? letters + 1 : NULL);
		if (err || !flag)
			return err;
	}
	return NULL;
}

static rk_error *
take_argument(struct parse *parse, const char *text)
{
	const struct rk_argument *next = parse->next;
	void *field;

	if (!next || !next->name)
		return rk_fail(RK_E_USAGE, NULL, "%s %s does not take the argument %s",
		    parse->program->name, parse->line->topic, RK_SHOW(text));
	field = (char *)parse->line->args + next->offset;
	if (next->kind == RK_OPTION_REPEAT) {
		parse->list_given = true;
		return rk_command_list_add(parse->line, field, text);
	}
	*(const char **)field = text;
	parse->next++;
	return NULL;
}

static rk_error *
unknown_command(const struct parse *parse, const char *typed, const char *word)
{
	const struct rk_command *nearest = NULL;
	rk_error *err;

	/* The word after it may make the meaning plain: "kye generate". */
	if (parse->at < parse->argc) {
		RK_AUTO(rk_str) longer = NULL;

		err = rk_strdupf(&longer, "%s %s", typed, parse->argv[parse->at]);
		if (err)
			return err;
		nearest = rk_command_nearest(parse->program, longer);
	}
	if (!nearest)
		nearest = rk_command_nearest(parse->program, typed);
	if (!nearest)
		nearest = rk_command_nearest(parse->program, word);
	err =
	    rk_fail(RK_E_USAGE, NULL, "%s has no command %s", parse->program->name, RK_SHOW(typed));
	if (nearest)
		return rk_advise(err, "did you mean `%s %s`?", parse->program->name, nearest->name);
	return rk_advise(err, "see `%s help`", parse->program->name);
}

static rk_error *
take_word(struct parse *parse, const char *word)
{
	rk_command_line *line = parse->line;
	RK_AUTO(rk_str) words = NULL;
	rk_error *err;

	if (line->command)
		return take_argument(parse, word);
	err = rk_strdupf(&words, "%s%s%s", line->topic, *line->topic ? " " : "", word);
	if (err)
		return err;
	if (*word && rk_command_begins(parse->program, words)) {
		free(line->topic);
		line->topic = RK_TAKE(words);
		return NULL;
	}
	err = settle_if_whole(parse);
	if (err)
		return err;
	return line->command ? take_argument(parse, word) : unknown_command(parse, words, word);
}

static rk_error *
take_all(struct parse *parse)
{
	while (parse->at < parse->argc) {
		const char *text = parse->argv[parse->at++];
		rk_error *err = NULL;

		if (parse->only_arguments || text[0] != '-' || text[1] == 0)
			err = take_word(parse, text);
		else if (!strcmp(text, "--")) {
			parse->only_arguments = true;
			err = settle_if_whole(parse);
		} else if (text[1] == '-')
			err = take_long(parse, text + 2);
		else
			err = take_letters(parse, text + 1);
		if (err)
			return err;
	}
	return settle_if_whole(parse);
}

static rk_error *
no_command(const struct parse *parse)
{
	const char *program = parse->program->name, *topic = parse->line->topic;
	rk_error *err;

	if (!*topic)
		return rk_advise(
		    rk_fail(RK_E_USAGE, NULL, "no command is given"), "see `%s help`", program);
	err = rk_fail(RK_E_USAGE, NULL, "%s %s is not a whole command", program, topic);
	return rk_advise(err, "see `%s help %s`", program, topic);
}

/* Everything that must be there is. */
static rk_error *
check_required(const struct parse *parse)
{
	const struct rk_option *options = parse->own.options;
	const struct rk_argument *next = parse->next;
	rk_error *err = NULL;

	if (!parse->line->command)
		return no_command(parse);
	if (next && next->name && (next->flags & RK_REQUIRED) && !parse->list_given)
		err = rk_fail(RK_E_USAGE, NULL, "%s %s needs the argument %s", parse->program->name,
		    parse->line->topic, next->name);
	for (size_t i = 0; !err && options && options[i].name; i++)
		if ((options[i].flags & RK_REQUIRED) && !(parse->own.seen & (UINT64_C(1) << i)))
			err = rk_fail(RK_E_USAGE, NULL, "%s %s needs --%s %s", parse->program->name,
			    parse->line->topic, options[i].name, options[i].metavar);
	return err ? rk_advise(err, "see `%s help %s`", parse->program->name, parse->line->topic)
		   : NULL;
}

static rk_error *
line_new(rk_command_line **ret_line)
{
	RK_AUTO(rk_command_line) line = calloc(1, sizeof(*line));
	rk_error *err;

	if (!line)
		return rk_out_of_memory();
	line->globals = calloc(1, sizeof(*line->globals));
	err = rk_command_own(line, line->globals);
	if (!err)
		err = rk_strdup("", &line->topic);
	if (err)
		return err;
	*ret_line = RK_TAKE(line);
	return NULL;
}

rk_error *
rk_command_parse(
    const struct rk_program *program, int argc, char *const *argv, rk_command_line **ret_line)
{
	RK_AUTO(rk_command_line) line = NULL;
	struct parse parse = {.program = program, .argc = argc, .argv = argv, .at = 1};
	rk_error *err = line_new(&line);

	if (err)
		return err;
	parse.line = line;
	parse.global = (struct target){rk_globals_options, (char *)line->globals, 0};
	err = take_all(&parse);
	if (!err && !line->globals->help && !line->globals->version)
		err = check_required(&parse);
	if (!err)
		err = rk_globals_settle(line->globals);
	if (err)
		return err;
	*ret_line = RK_TAKE(line);
	return NULL;
}
