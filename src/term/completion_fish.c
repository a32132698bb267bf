#include "term/completion_private.h"
#include "term/globals.h"

#include <string.h>

static void
each_prefix(rk_buf *out, const char *prefix)
{
	rk_buf_printf(out, " '%s'", prefix);
}

static void
append_skips(rk_buf *out, const struct rk_option *options)
{
	for (; options && options->name; options++) {
		RK_AUTO_BUF(name);

		rk_buf_printf(&name, " '%s%s'", rk_command_dashes(options), options->name);
		if (options->kind != RK_OPTION_FLAG && !strstr(rk_buf_str(out), rk_buf_str(&name)))
			rk_buf_text(out, rk_buf_str(&name));
	}
}

/* Within '…' of fish: backslash and quote are escaped by a backslash. */
static void
append_quoted(rk_buf *out, const char *text)
{
	rk_buf_byte(out, '\'');
	for (; *text; text++) {
		if (*text == '\'' || *text == '\\')
			rk_buf_byte(out, '\\');
		rk_buf_byte(out, (uint8_t)*text);
	}
	rk_buf_byte(out, '\'');
}

static void
append_value(rk_buf *out, const char *name)
{
	switch (rk_completion_kind_of(name)) {
	case RK_COMPLETION_WORDS:
		rk_buf_text(out, " -x -a '");
		rk_completion_words(out, name);
		rk_buf_byte(out, '\'');
		break;
	case RK_COMPLETION_FILES:
		rk_buf_text(out, " -r -F");
		break;
	case RK_COMPLETION_FOLDERS:
		rk_buf_text(out, " -x -a '(__fish_complete_directories)'");
		break;
	case RK_COMPLETION_NONE:
		rk_buf_text(out, " -x");
		break;
	}
}

/* `command` NULL: of every command. */
static void
append_options(
    rk_buf *out, const char *program, const char *command, const struct rk_option *options)
{
	for (; options && options->name; options++) {
		rk_buf_printf(out, "complete -c %s", program);
		if (command)
			rk_buf_printf(out, " -n '__%s_at \"%s\"'", program, command);
		if (options->letter)
			rk_buf_printf(out, " -s %c", options->letter);
		if (options->name[1])
			rk_buf_printf(out, " -l %s", options->name);
		if (options->kind != RK_OPTION_FLAG)
			append_value(out, options->metavar);
		rk_buf_text(out, " -d ");
		append_quoted(out, options->help);
		rk_buf_byte(out, '\n');
	}
}

static void
append_arguments(rk_buf *out, const char *program, const struct rk_command *command)
{
	for (const struct rk_argument *argument = command->arguments; argument && argument->name;
	     argument++) {
		enum rk_completion_kind kind = rk_completion_kind_of(argument->name);

		if (kind == RK_COMPLETION_NONE)
			continue;
		rk_buf_printf(
		    out, "complete -c %s -n '__%s_at \"%s\"'", program, program, command->name);
		if (kind == RK_COMPLETION_FILES)
			rk_buf_text(out, " -F");
		else
			append_value(out, argument->name);
		rk_buf_byte(out, '\n');
	}
}

/* A placeholder for the program's name: "@" is in no command. */
static void
each_group(rk_buf *out, const char *group, const char *next)
{
	rk_buf_printf(out, "complete -c @ -n '__@_at \"%s\"' -a '%s'\n", group, next);
}

static void
append_groups(const struct rk_program *program, rk_buf *out)
{
	RK_AUTO_BUF(text);

	rk_completion_groups(program, &text, each_group);
	for (const char *at = rk_buf_str(&text); *at; at++) {
		if (*at == '@')
			rk_buf_text(out, program->name);
		else
			rk_buf_byte(out, (uint8_t)*at);
	}
}

static void
append_walk(const struct rk_program *program, rk_buf *out)
{
	RK_AUTO_BUF(prefixes);
	RK_AUTO_BUF(skips);

	rk_completion_prefixes(program, &prefixes, each_prefix);
	append_skips(&skips, rk_globals_options);
	for (size_t i = 0; program->commands[i]; i++)
		append_skips(&skips, program->commands[i]->options);
	rk_buf_printf(out,
	    "# fish completion for %s\n"
	    "function __%s_at\n"
	    "\tset -l command\n"
	    "\tset -l skip 0\n"
	    "\tfor word in (commandline -opc)[2..-1]\n"
	    "\t\tif test $skip = 1\n"
	    "\t\t\tset skip 0\n"
	    "\t\t\tcontinue\n"
	    "\t\tend\n"
	    "\t\tswitch $word\n"
	    "\t\tcase%s\n"
	    "\t\t\tset skip 1\n"
	    "\t\t\tcontinue\n"
	    "\t\tend\n"
	    "\t\tset -l longer (string trim -- \"$command $word\")\n"
	    "\t\tswitch $longer\n"
	    "\t\tcase%s\n"
	    "\t\t\tset command $longer\n"
	    "\t\tend\n"
	    "\tend\n"
	    "\ttest \"$command\" = \"$argv[1]\"\n"
	    "end\n"
	    "complete -c %s -f\n",
	    program->name, program->name, rk_buf_str(&skips), rk_buf_str(&prefixes), program->name);
}

void
rk_completion_fish(const struct rk_program *program, rk_buf *out)
{
	append_walk(program, out);
	append_groups(program, out);
	append_options(out, program->name, NULL, rk_globals_options);
	for (size_t i = 0; program->commands[i]; i++) {
		const struct rk_command *command = program->commands[i];

		if (command->effects & RK_HIDDEN)
			continue;
		append_options(out, program->name, command->name, command->options);
		append_arguments(out, program->name, command);
	}
}
