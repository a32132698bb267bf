#include "term/completion_private.h"
#include "term/globals.h"

#include <string.h>

static void
each_prefix(rk_buf *out, const char *prefix)
{
	rk_buf_printf(out, "%s'%s'", out->len > 0 ? " | " : "", prefix);
}

static void
append_skip(rk_buf *out, const struct rk_option *options)
{
	for (; options && options->name; options++) {
		RK_AUTO_BUF(name);

		rk_buf_printf(&name, "'%s%s' | ", rk_command_dashes(options), options->name);
		if (options->kind != RK_OPTION_FLAG && !strstr(rk_buf_str(out), rk_buf_str(&name)))
			rk_buf_text(out, rk_buf_str(&name));
	}
}

/* The text between '[' and ']' of an _arguments specification, or a part between colons. */
static void
append_escaped(rk_buf *out, const char *text)
{
	for (; *text; text++) {
		if (strchr("[]:\\", *text))
			rk_buf_byte(out, '\\');
		rk_buf_byte(out, (uint8_t)*text);
	}
}

static void
append_action(rk_buf *out, const char *name)
{
	rk_buf_byte(out, ':');
	append_escaped(out, name);
	rk_buf_byte(out, ':');
	switch (rk_completion_kind_of(name)) {
	case RK_COMPLETION_WORDS:
		rk_buf_byte(out, '(');
		rk_completion_words(out, name);
		rk_buf_byte(out, ')');
		break;
	case RK_COMPLETION_FILES:
		rk_buf_text(out, "_files");
		break;
	case RK_COMPLETION_FOLDERS:
		rk_buf_text(out, "_files -/");
		break;
	case RK_COMPLETION_NONE:
		rk_buf_byte(out, ' ');
		break;
	}
}

static void
append_spec(rk_buf *out, const struct rk_option *option, const char *dashed)
{
	bool repeats = option->kind == RK_OPTION_REPEAT || option->kind == RK_OPTION_LIST;
	RK_AUTO_BUF(spec);

	rk_buf_printf(&spec, "%s%s", repeats ? "*" : "", dashed);
	if (option->kind != RK_OPTION_FLAG)
		rk_buf_text(&spec, dashed[1] == '-' ? "=" : "+");
	rk_buf_byte(&spec, '[');
	append_escaped(&spec, option->help);
	rk_buf_byte(&spec, ']');
	if (option->kind != RK_OPTION_FLAG)
		append_action(&spec, option->metavar);
	rk_buf_text(out, "\t\t");
	rk_completion_quoted(out, rk_buf_str(&spec));
	rk_buf_byte(out, '\n');
}

static void
append_specs(rk_buf *out, const struct rk_option *options)
{
	for (; options && options->name; options++) {
		RK_AUTO_BUF(dashed);
		const char letter[3] = {'-', options->letter, 0};

		rk_buf_printf(&dashed, "%s%s", rk_command_dashes(options), options->name);
		append_spec(out, options, rk_buf_str(&dashed));
		if (options->letter && options->name[1])
			append_spec(out, options, letter);
	}
}

static void
append_own(rk_buf *out, const struct rk_command *command)
{
	const struct rk_argument *argument = command->arguments;

	if (command->effects & RK_HIDDEN)
		return;
	rk_buf_printf(out, "\t('%s') specs+=(\n", command->name);
	append_specs(out, command->options);
	for (; argument && argument->name; argument++) {
		RK_AUTO_BUF(spec);

		rk_buf_text(&spec, argument->kind == RK_OPTION_REPEAT ? "*" : "");
		rk_buf_text(&spec, argument->flags & RK_REQUIRED || spec.len > 0 ? "" : ":");
		append_action(&spec, argument->name);
		rk_buf_text(out, "\t\t");
		rk_completion_quoted(out, rk_buf_str(&spec));
		rk_buf_byte(out, '\n');
	}
	rk_buf_text(out, "\t\t) ;;\n");
}

static void
each_group(rk_buf *out, const char *group, const char *next)
{
	rk_buf_printf(out, "\t('%s') next=(%s) ;;\n", group, next);
}

static void
append_walk(const struct rk_program *program, rk_buf *out)
{
	RK_AUTO_BUF(prefixes);
	RK_AUTO_BUF(skips);

	rk_completion_prefixes(program, &prefixes, each_prefix);
	append_skip(&skips, rk_globals_options);
	for (size_t i = 0; program->commands[i]; i++)
		append_skip(&skips, program->commands[i]->options);
	rk_buf_printf(out,
	    "#compdef %s\n"
	    "# zsh completion for %s\n"
	    "_%s()\n{\n"
	    "\tlocal command=''\n"
	    "\tlocal -a next specs\n"
	    "\tlocal -i i at=1\n"
	    "\tfor (( i = 2; i < CURRENT; i++ )); do\n"
	    "\t\tcase $words[i] in\n"
	    "\t\t(%.*s) (( i++ )); continue ;;\n"
	    "\t\tesac\n"
	    "\t\tcase \"${command:+$command }$words[i]\" in\n"
	    "\t\t(%s) command=\"${command:+$command }$words[i]\"; at=$i ;;\n"
	    "\t\tesac\n"
	    "\tdone\n",
	    program->name, program->name, program->name, (int)(skips.len - strlen(" | ")),
	    rk_buf_str(&skips), rk_buf_str(&prefixes));
}

void
rk_completion_zsh(const struct rk_program *program, rk_buf *out)
{
	append_walk(program, out);
	rk_buf_text(out, "\tcase $command in\n");
	rk_completion_groups(program, out, each_group);
	rk_buf_text(out,
	    "\tesac\n"
	    "\tif [[ $words[CURRENT] != -* ]] && (( at == CURRENT - 1 && $#next )); then\n"
	    "\t\tcompadd -- $next\n"
	    "\t\treturn\n"
	    "\tfi\n"
	    "\tspecs=(\n");
	append_specs(out, rk_globals_options);
	rk_buf_text(out, "\t)\n\tcase $command in\n");
	for (size_t i = 0; program->commands[i]; i++)
		append_own(out, program->commands[i]);
	rk_buf_printf(out,
	    "\tesac\n"
	    "\twords=(\"$words[1]\" \"${(@)words[at+1,-1]}\")\n"
	    "\t(( CURRENT -= at - 1 ))\n"
	    "\t_arguments -S $specs\n"
	    "}\n"
	    "if [[ $zsh_eval_context[-1] == loadautofunc ]]; then\n"
	    "\t_%s \"$@\"\n"
	    "else\n"
	    "\tcompdef _%s %s\n"
	    "fi\n",
	    program->name, program->name, program->name);
}
