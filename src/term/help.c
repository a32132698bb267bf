#include "term/help.h"

#include "base/show.h"
#include "term/globals.h"
#include "term/table.h"

#include <string.h>
#include <sys/ioctl.h>

#define WIDTH_MIN 40
#define WIDTH_MAX 100
#define WIDTH_USUAL 80
#define LEFT_MAX 26 /* a left column never takes more */

static const struct {
	unsigned effect;
	struct rk_help_effect told;
} effects_told[] = {
    {RK_READS, {"reads", "reads, and changes nothing"}},
    {RK_TOUCHES_TOKEN, {"token", "uses tokens, through their PKCS#11 modules"}},
    {RK_WRITES_METADATA, {"metadata", "writes metadata, staged or published"}},
    {RK_WRITES_KEEP, {"keep", "writes the keep: keep.json and the journal"}},
    {RK_SIGNS, {"signs", "signs what others will believe: --now is held to 25 hours of the clock"}},
    {RK_HANDLES_SECRET,
	{"secret", "handles key bytes or shares in this process, in locked memory"}},
    {RK_DESTROYS,
	{"destroys", "can destroy what cannot be had back; --yes does not answer for that"}},
    {RK_SPAWNS, {"spawns", "runs this program again, with a configuration of its own"}},
};

bool
rk_help_effect(unsigned effects, size_t index, struct rk_help_effect *ret_effect)
{
	for (size_t i = 0; i < sizeof(effects_told) / sizeof(effects_told[0]); i++) {
		if (!(effects & effects_told[i].effect))
			continue;
		if (index-- == 0) {
			*ret_effect = effects_told[i].told;
			return true;
		}
	}
	return false;
}

size_t
rk_help_width(int fd)
{
	struct winsize size;

	if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
		return WIDTH_USUAL;
	return size.ws_col < WIDTH_MIN	 ? WIDTH_MIN
	       : size.ws_col > WIDTH_MAX ? WIDTH_MAX
					 : size.ws_col;
}

static void
blanks(rk_buf *out, size_t count)
{
	while (count-- > 0)
		rk_buf_byte(out, ' ');
}

/* One line of the source text, wrapped; `at` is where the pen stands. */
static void
wrap_line(rk_buf *out, const char *line, size_t len, size_t at, size_t indent, size_t width)
{
	bool first = true;

	while (len > 0) {
		size_t word = 0, columns;

		while (word < len && line[word] != ' ')
			word++;
		columns = rk_table_width(line, word);
		if (word > 0 && !first && at + 1 + columns > width) {
			rk_buf_byte(out, '\n');
			blanks(out, indent);
			at = indent;
			first = true;
		}
		if (word > 0) {
			if (!first)
				rk_buf_byte(out, ' ');
			rk_buf_append(out, line, word);
			at += columns + !first;
			first = false;
		}
		word += word < len; /* the blank after it */
		line += word;
		len -= word;
	}
}

void
rk_help_wrap(rk_buf *out, const char *text, size_t at, size_t indent, size_t width)
{
	for (;;) {
		size_t len = strcspn(text, "\n");

		if (text[0] == ' ')
			rk_buf_append(out, text, len);
		else
			wrap_line(out, text, len, at, indent, width);
		rk_buf_byte(out, '\n');
		if (text[len] == 0 || text[len + 1] == 0)
			return;
		text += len + 1;
		if (*text != '\n')
			blanks(out, indent);
		at = indent;
	}
}

static void
append_value(rk_buf *out, const struct rk_option *option)
{
	bool list = option->kind == RK_OPTION_LIST || option->kind == RK_OPTION_DAYS;

	if (option->kind == RK_OPTION_FLAG)
		return;
	rk_buf_printf(out, " %s", option->metavar);
	if (list && !strstr(option->metavar, "…"))
		rk_buf_text(out, ",…");
}

void
rk_help_option(rk_buf *out, const struct rk_option *option)
{
	if (option->letter && option->name[1])
		rk_buf_printf(out, "-%c, ", option->letter);
	rk_buf_printf(out, "%s%s", rk_command_dashes(option), option->name);
	append_value(out, option);
}

static void
append_argument(rk_buf *out, const struct rk_argument *argument)
{
	bool required = argument->flags & RK_REQUIRED;

	rk_buf_printf(out, " %s%s%s%s", required ? "" : "[", argument->name,
	    argument->kind == RK_OPTION_REPEAT ? "…" : "", required ? "" : "]");
}

void
rk_help_synopsis(rk_buf *out, const struct rk_program *program, const struct rk_command *command)
{
	const struct rk_argument *argument = command->arguments;

	rk_buf_printf(out, "%s %s", program->name, command->name);
	for (; argument && argument->name; argument++)
		append_argument(out, argument);
	for (unsigned required = RK_REQUIRED;; required = 0) {
		const struct rk_option *option = command->options;

		for (; option && option->name; option++) {
			if ((option->flags & RK_REQUIRED) != required)
				continue;
			rk_buf_printf(out, " %s%s%s", required ? "" : "[",
			    rk_command_dashes(option), option->name);
			append_value(out, option);
			rk_buf_text(out, required ? "" : "]");
			rk_buf_text(out, option->kind == RK_OPTION_REPEAT ? "…" : "");
		}
		if (!required)
			return;
	}
}

/* Where the right column of a list begins. */
struct columns {
	size_t left, width;
};

static void
append_row(rk_buf *out, const char *left, const char *right, const struct columns *columns)
{
	size_t taken = 2 + rk_table_width(left, strlen(left));

	rk_buf_printf(out, "  %s", left);
	if (taken + 2 > columns->left) {
		rk_buf_byte(out, '\n');
		taken = 0;
	}
	blanks(out, columns->left - taken);
	rk_help_wrap(out, right, columns->left, columns->left, columns->width);
}

static void
note_width(struct columns *columns, const char *left)
{
	size_t needed = 4 + rk_table_width(left, strlen(left));

	if (needed > columns->left && needed <= LEFT_MAX)
		columns->left = needed;
}

static void
append_options(rk_buf *out, const char *heading, const struct rk_option *options, size_t width)
{
	struct columns columns = {12, width};

	if (!options || !options->name)
		return;
	for (const struct rk_option *option = options; option->name; option++) {
		RK_AUTO_BUF(left);

		rk_help_option(&left, option);
		note_width(&columns, rk_buf_str(&left));
	}
	rk_buf_printf(out, "\n%s\n", heading);
	for (; options->name; options++) {
		RK_AUTO_BUF(left);

		rk_help_option(&left, options);
		append_row(out, rk_buf_str(&left), options->help, &columns);
	}
}

static void
append_arguments(rk_buf *out, const struct rk_argument *arguments, size_t width)
{
	struct columns columns = {12, width};

	if (!arguments || !arguments->name)
		return;
	for (const struct rk_argument *argument = arguments; argument->name; argument++)
		note_width(&columns, argument->name);
	rk_buf_text(out, "\nArguments\n");
	for (; arguments->name; arguments++)
		append_row(out, arguments->name, arguments->help, &columns);
}

static void
append_effects(rk_buf *out, unsigned effects, size_t width)
{
	const char *heading = "\nEffects\n";
	struct rk_help_effect effect;

	for (size_t i = 0; rk_help_effect(effects, i, &effect); i++) {
		rk_buf_printf(out, "%s  ", heading);
		rk_help_wrap(out, effect.sentence, 2, 4, width);
		heading = "";
	}
}

static void
append_example(rk_buf *out, const char *example)
{
	if (!example)
		return;
	rk_buf_text(out, "\nExample\n");
	while (*example) {
		size_t len = strcspn(example, "\n");

		rk_buf_text(out, "  ");
		rk_buf_append(out, example, len);
		rk_buf_byte(out, '\n');
		example += len + (example[len] != 0);
	}
}

static void
append_command(
    rk_buf *out, const struct rk_program *program, const struct rk_command *command, size_t width)
{
	RK_AUTO_BUF(synopsis);

	rk_help_synopsis(&synopsis, program, command);
	rk_buf_text(out, "Usage: ");
	rk_help_wrap(out, rk_buf_str(&synopsis), 7, 11, width);
	rk_buf_byte(out, '\n');
	if (command->description)
		rk_help_wrap(out, command->description, 0, 0, width);
	else
		rk_help_wrap(out, command->summary, 0, 0, width);
	append_arguments(out, command->arguments, width);
	append_options(out, "Options", command->options, width);
	append_effects(out, command->effects, width);
	append_example(out, command->example);
	rk_buf_printf(out, "\nThe options of every command: %s help\n", program->name);
}

bool
rk_help_covers(const struct rk_command *command, const char *words)
{
	size_t len = strlen(words);

	return len == 0 || (!strncmp(command->name, words, len) &&
			       (command->name[len] == 0 || command->name[len] == ' '));
}

static bool
is_listed(const struct rk_command *command, const char *words)
{
	return !(command->effects & RK_HIDDEN) && rk_help_covers(command, words);
}

static void
append_commands(rk_buf *out, const struct rk_program *program, const char *words, size_t width)
{
	struct columns columns = {12, width};
	size_t count = 0;

	for (size_t i = 0; program->commands[i]; i++)
		if (is_listed(program->commands[i], words))
			note_width(&columns, program->commands[i]->name);
	for (size_t i = 0; program->commands[i]; i++) {
		const struct rk_command *command = program->commands[i];

		if (!is_listed(command, words))
			continue;
		if (count++ == 0)
			rk_buf_text(out, "\nCommands\n");
		append_row(out, command->name, command->summary, &columns);
	}
}

static rk_error *
nothing_named(const struct rk_program *program, const char *words)
{
	const struct rk_command *nearest = rk_command_nearest(program, words);
	rk_error *err =
	    rk_fail(RK_E_USAGE, NULL, "%s has no command %s", program->name, RK_SHOW(words));

	if (nearest)
		return rk_advise(err, "did you mean `%s help %s`?", program->name, nearest->name);
	return rk_advise(err, "see `%s help`", program->name);
}

rk_error *
rk_help_append(const struct rk_program *program, const char *words, size_t width, rk_buf *out)
{
	const struct rk_command *command = rk_command_find(program, words);

	if (!command && *words && !rk_command_begins(program, words))
		return nothing_named(program, words);
	if (command) {
		append_command(out, program, command, width);
		return rk_buf_check(out);
	}
	rk_buf_printf(out, "Usage: %s %s%sCOMMAND …\n\n", program->name, words, *words ? " " : "");
	if (!*words)
		rk_help_wrap(out, program->summary, 0, 0, width);
	append_commands(out, program, words, width);
	if (!*words)
		append_options(out, "Options of every command", rk_globals_options, width);
	rk_buf_printf(out, "\nMore on one of them: %s help COMMAND\n", program->name);
	return rk_buf_check(out);
}
