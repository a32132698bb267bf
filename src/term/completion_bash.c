#include "term/completion_private.h"
#include "term/globals.h"

#include <string.h>

/* The names of an option as a `case` pattern: "--yes | -y". */
static void
append_pattern(rk_buf *out, const struct rk_option *option)
{
	rk_buf_printf(out, "%s%s", rk_command_dashes(option), option->name);
	if (option->letter && option->name[1])
		rk_buf_printf(out, " | -%c", option->letter);
}

static void
append_value_patterns(rk_buf *out, const struct rk_option *options, rk_buf *seen)
{
	for (; options && options->name; options++) {
		RK_AUTO_BUF(mark);

		rk_buf_printf(&mark, " %s ", options->name);
		if (options->kind == RK_OPTION_FLAG || strstr(rk_buf_str(seen), rk_buf_str(&mark)))
			continue;
		rk_buf_text(seen, rk_buf_str(&mark));
		rk_buf_text(out, " | ");
		append_pattern(out, options);
	}
}

/* Every option that takes a value, so that the value is not taken for a command. */
static void
append_skips(rk_buf *out, const struct rk_program *program)
{
	RK_AUTO_BUF(seen);
	RK_AUTO_BUF(patterns);

	append_value_patterns(&patterns, rk_globals_options, &seen);
	for (size_t i = 0; program->commands[i]; i++)
		append_value_patterns(&patterns, program->commands[i]->options, &seen);
	rk_buf_printf(out, "\t\t%s)\n", rk_buf_str(&patterns) + strlen(" | "));
	rk_buf_text(out, "\t\t\t((i++))\n"
			 "\t\t\t[[ ${COMP_WORDS[i]} == '=' ]] && ((i++))\n"
			 "\t\t\tcontinue ;;\n");
}

static void
each_prefix(rk_buf *out, const char *prefix)
{
	rk_buf_printf(out, "%s'%s'", out->len > 0 ? " | " : "", prefix);
}

static void
append_reply(rk_buf *out, const char *name)
{
	switch (rk_completion_kind_of(name)) {
	case RK_COMPLETION_WORDS:
		rk_buf_text(out, "COMPREPLY=($(compgen -W '");
		rk_completion_words(out, name);
		rk_buf_text(out, "' -- \"$cur\"))");
		break;
	case RK_COMPLETION_FILES:
		rk_buf_text(
		    out, "compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")");
		break;
	case RK_COMPLETION_FOLDERS:
		rk_buf_text(
		    out, "compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- \"$cur\")");
		break;
	case RK_COMPLETION_NONE:
		rk_buf_byte(out, ':');
		break;
	}
}

static void
append_values(rk_buf *out, const char *command, const struct rk_option *options)
{
	for (; options && options->name; options++) {
		if (options->kind == RK_OPTION_FLAG)
			continue;
		rk_buf_printf(out, "\t%s%s%s:%s%s) ", command ? "'" : "", command ? command : "*",
		    command ? "'" : "", rk_command_dashes(options), options->name);
		append_reply(out, options->metavar);
		rk_buf_text(out, "; return ;;\n");
	}
}

static void
append_names(rk_buf *out, const struct rk_option *options)
{
	for (; options && options->name; options++) {
		rk_buf_printf(out, " %s%s", rk_command_dashes(options), options->name);
		if (options->letter && options->name[1])
			rk_buf_printf(out, " -%c", options->letter);
	}
}

static void
append_own_names(rk_buf *out, const struct rk_command *command)
{
	if ((command->effects & RK_HIDDEN) || !command->options || !command->options->name)
		return;
	rk_buf_printf(out, "\t\t'%s') names+='", command->name);
	append_names(out, command->options);
	rk_buf_text(out, "' ;;\n");
}

static void
each_group(rk_buf *out, const char *group, const char *next)
{
	rk_buf_printf(out, "\t'%s') COMPREPLY=($(compgen -W '%s' -- \"$cur\")) ;;\n", group, next);
}

/* The first argument that is a file, a folder or a choice speaks for all of them. */
static void
append_arguments(rk_buf *out, const struct rk_command *command)
{
	const struct rk_argument *argument = command->arguments;

	while (argument && argument->name &&
	       rk_completion_kind_of(argument->name) == RK_COMPLETION_NONE)
		argument++;
	if ((command->effects & RK_HIDDEN) || !argument || !argument->name)
		return;
	rk_buf_printf(out, "\t'%s') ", command->name);
	append_reply(out, argument->name);
	rk_buf_text(out, " ;;\n");
}

static void
append_walk(const struct rk_program *program, rk_buf *out)
{
	RK_AUTO_BUF(prefixes);

	rk_completion_prefixes(program, &prefixes, each_prefix);
	rk_buf_printf(out,
	    "# bash completion for %s\n"
	    "_%s()\n{\n"
	    "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
	    "\tlocal command='' names='' i\n"
	    "\tCOMPREPLY=()\n"
	    "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	    "\t\tcase ${COMP_WORDS[i]} in\n",
	    program->name, program->name);
	append_skips(out, program);
	rk_buf_printf(out,
	    "\t\t-*) continue ;;\n"
	    "\t\tesac\n"
	    "\t\tcase \"${command:+$command }${COMP_WORDS[i]}\" in\n"
	    "\t\t%s) command=\"${command:+$command }${COMP_WORDS[i]}\" ;;\n"
	    "\t\tesac\n"
	    "\tdone\n"
	    "\tif [[ $cur == '=' ]]; then\n\t\tcur=''\n"
	    "\telif [[ $prev == '=' ]]; then\n\t\tprev=${COMP_WORDS[COMP_CWORD-2]}\n\tfi\n",
	    rk_buf_str(&prefixes));
}

void
rk_completion_bash(const struct rk_program *program, rk_buf *out)
{
	append_walk(program, out);
	rk_buf_text(out, "\tcase \"$command:$prev\" in\n");
	for (size_t i = 0; program->commands[i]; i++)
		if (!(program->commands[i]->effects & RK_HIDDEN))
			append_values(
			    out, program->commands[i]->name, program->commands[i]->options);
	append_values(out, NULL, rk_globals_options);
	rk_buf_text(out, "\tesac\n\tif [[ $cur == -* ]]; then\n\t\tnames='");
	append_names(out, rk_globals_options);
	rk_buf_text(out, "'\n\t\tcase $command in\n");
	for (size_t i = 0; program->commands[i]; i++)
		append_own_names(out, program->commands[i]);
	rk_buf_text(out, "\t\tesac\n"
			 "\t\tCOMPREPLY=($(compgen -W \"$names\" -- \"$cur\"))\n"
			 "\t\treturn\n\tfi\n"
			 "\tcase $command in\n");
	rk_completion_groups(program, out, each_group);
	for (size_t i = 0; program->commands[i]; i++)
		append_arguments(out, program->commands[i]);
	rk_buf_printf(out, "\tesac\n}\ncomplete -F _%s %s\n", program->name, program->name);
}
