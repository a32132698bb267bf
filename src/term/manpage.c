#include "term/manpage.h"

#include "base/file.h"
#include "term/globals.h"
#include "term/help.h"

#include <ctype.h>
#include <string.h>

static const char *const statuses[][2] = {
    {"0", "done"},
    {"1", "failed or not well-formed; nothing changed, or what had changed was rolled back"},
    {"2", "usage, or refused by one of our own rules"},
    {"3", "not trusted, or a check found something"},
    {"4", "the token: not there, its PIN, its touch, or it refused"},
    {"5", "not finished: more signatures are needed, or some of a batch was not done"},
    {"6", "a file, a folder or the disk"},
};

static const char *const environment[][2] = {
    {"NO_COLOR", "where it is set and not empty, nothing is coloured unless --color says so"},
    {"XDG_STATE_HOME", "where this machine's memory of what was signed is kept, in rootkeep/ below "
		       "it (default: ~/.local/state)"},
    {"SOFTHSM2_CONF", "the configuration of the SoftHSM module, which reads it by itself"},
};

/* The character at `text` as a number; the bytes it takes. Our own text is well-formed UTF-8. */
static size_t
decode(const char *text, unsigned *ret_point)
{
	uint8_t first = (uint8_t)text[0];
	size_t len = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	unsigned point = first & (0xffu >> (len + 1));

	for (size_t i = 1; i < len; i++) {
		if (((uint8_t)text[i] & 0xc0) != 0x80)
			len = i;
		else
			point = point << 6 | ((uint8_t)text[i] & 0x3fu);
	}
	*ret_point = point;
	return len;
}

/* Text as roff prints it: no control lines, no escapes, hyphens that can be copied as minus. */
static void
append_text(rk_buf *out, const char *text)
{
	bool begins = true;

	while (*text) {
		size_t taken = 1;
		unsigned point;

		if (begins && (*text == '.' || *text == '\''))
			rk_buf_text(out, "\\&");
		begins = *text == '\n';
		if (*text == '\\')
			rk_buf_text(out, "\\e");
		else if (*text == '-')
			rk_buf_text(out, "\\-");
		else if (isascii(*text))
			rk_buf_byte(out, (uint8_t)*text);
		else {
			taken = decode(text, &point);
			rk_buf_printf(out, "\\[u%04X]", point);
		}
		text += taken;
	}
}

static void
append_paragraphs(rk_buf *out, const char *text)
{
	for (;;) {
		size_t len = strcspn(text, "\n");
		RK_AUTO_BUF(line);

		rk_buf_append(&line, text, len);
		if (len == 0)
			rk_buf_text(out, ".PP\n");
		else {
			if (text[0] == ' ')
				rk_buf_text(out, ".br\n");
			append_text(out, rk_buf_str(&line));
			rk_buf_byte(out, '\n');
		}
		if (text[len] == 0 || text[len + 1] == 0)
			return;
		text += len + 1;
	}
}

static void
append_tagged(rk_buf *out, const char *tag, const char *text)
{
	rk_buf_text(out, ".TP\n\\fB");
	append_text(out, tag);
	rk_buf_text(out, "\\fR\n");
	append_text(out, text);
	rk_buf_byte(out, '\n');
}

static void
append_options(rk_buf *out, const char *heading, const struct rk_option *options)
{
	if (!options || !options->name)
		return;
	rk_buf_printf(out, ".SH %s\n", heading);
	for (; options->name; options++) {
		RK_AUTO_BUF(tag);

		rk_help_option(&tag, options);
		append_tagged(out, rk_buf_str(&tag), options->help);
	}
}

static void
append_arguments(rk_buf *out, const struct rk_argument *arguments)
{
	if (!arguments || !arguments->name)
		return;
	rk_buf_text(out, ".SH ARGUMENTS\n");
	for (; arguments->name; arguments++)
		append_tagged(out, arguments->name, arguments->help);
}

static void
append_effects(rk_buf *out, unsigned effects)
{
	struct rk_help_effect effect;

	for (size_t i = 0; rk_help_effect(effects, i, &effect); i++) {
		if (i == 0)
			rk_buf_text(out, ".SH EFFECTS\n");
		append_tagged(out, effect.word, effect.sentence);
	}
}

static void
append_example(rk_buf *out, const char *example)
{
	if (!example)
		return;
	rk_buf_text(out, ".SH EXAMPLES\n.nf\n");
	append_text(out, example);
	rk_buf_text(out, "\n.fi\n");
}

static void
append_pairs(rk_buf *out, const char *heading, const char *const (*pairs)[2], size_t count)
{
	rk_buf_printf(out, ".SH %s\n", heading);
	for (size_t i = 0; i < count; i++)
		append_tagged(out, pairs[i][0], pairs[i][1]);
}

static void
append_statuses(rk_buf *out)
{
	append_pairs(out, "EXIT STATUS", statuses, sizeof(statuses) / sizeof(statuses[0]));
}

/* The page's name without its section: "rootkeep-key-generate". */
static void
append_page(rk_buf *out, const struct rk_program *program, const struct rk_command *command)
{
	rk_buf_text(out, program->name);
	if (!command)
		return;
	rk_buf_byte(out, '-');
	for (const char *at = command->name; *at; at++)
		rk_buf_byte(out, *at == ' ' ? '-' : (uint8_t)*at);
}

void
rk_manpage_name(rk_buf *out, const struct rk_program *program, const struct rk_command *command)
{
	append_page(out, program, command);
	rk_buf_text(out, ".1");
}

static void
append_head(rk_buf *out, const struct rk_program *program, const struct rk_command *command)
{
	RK_AUTO_BUF(page);
	const char *summary = command ? command->summary : program->summary;

	append_page(&page, program, command);
	rk_buf_text(out, ".TH ");
	for (const char *at = rk_buf_str(&page); *at; at++)
		rk_buf_byte(out, (uint8_t)toupper((unsigned char)*at));
	rk_buf_printf(out, " 1 \"\" \"%s %s\" \"User Commands\"\n.SH NAME\n", program->name,
	    program->version);
	append_text(out, rk_buf_str(&page));
	rk_buf_text(out, " \\- ");
	append_text(out, summary);
	rk_buf_text(out, "\n.SH SYNOPSIS\n.B ");
}

static void
append_command_page(rk_buf *out, const struct rk_program *program, const struct rk_command *command)
{
	RK_AUTO_BUF(synopsis);

	append_head(out, program, command);
	rk_help_synopsis(&synopsis, program, command);
	append_text(out, rk_buf_str(&synopsis));
	rk_buf_text(out, "\n.SH DESCRIPTION\n");
	append_paragraphs(out, command->description ? command->description : command->summary);
	append_arguments(out, command->arguments);
	append_options(out, "OPTIONS", command->options);
	rk_buf_text(out, ".PP\nThe options that every command takes are in ");
	rk_buf_printf(out, "\\fB%s\\fR(1).\n", program->name);
	append_effects(out, command->effects);
	append_example(out, command->example);
	append_statuses(out);
	rk_buf_printf(out, ".SH SEE ALSO\n\\fB%s\\fR(1)\n", program->name);
}

static void
append_commands(rk_buf *out, const struct rk_program *program)
{
	rk_buf_text(out, ".SH COMMANDS\n");
	for (size_t i = 0; program->commands[i]; i++)
		if (!(program->commands[i]->effects & RK_HIDDEN))
			append_tagged(
			    out, program->commands[i]->name, program->commands[i]->summary);
}

static void
append_see_also(rk_buf *out, const struct rk_program *program)
{
	const char *lead = ".SH SEE ALSO\n";

	for (size_t i = 0; program->commands[i]; i++) {
		RK_AUTO_BUF(page);

		if (program->commands[i]->effects & RK_HIDDEN)
			continue;
		append_page(&page, program, program->commands[i]);
		rk_buf_printf(out, "%s\\fB", lead);
		append_text(out, rk_buf_str(&page));
		rk_buf_text(out, "\\fR(1)");
		lead = ",\n";
	}
	rk_buf_byte(out, '\n');
}

static void
append_program_page(rk_buf *out, const struct rk_program *program)
{
	append_head(out, program, NULL);
	rk_buf_printf(out,
	    "%s\n.I COMMAND\n[\\fIOPTION\\fR]\\[u2026]\n"
	    ".br\n.B %s help\n[\\fICOMMAND\\fR]\n"
	    ".SH DESCRIPTION\n",
	    program->name, program->name);
	append_text(out, program->summary);
	rk_buf_text(out,
	    ".\n.PP\nResults go to the standard output, talk and questions elsewhere. A secret is "
	    "never "
	    "an argument or an environment variable. An error tells the fact, its cause and what "
	    "to do "
	    "about it; with \\fB\\-\\-json\\fR it is a document on the standard output.\n");
	append_commands(out, program);
	append_options(out, "OPTIONS OF EVERY COMMAND", rk_globals_options);
	append_statuses(out);
	append_pairs(out, "ENVIRONMENT", environment, sizeof(environment) / sizeof(environment[0]));
	append_see_also(out, program);
}

rk_error *
rk_manpage_append(const struct rk_program *program, const struct rk_command *command, rk_buf *out)
{
	if (command)
		append_command_page(out, program, command);
	else
		append_program_page(out, program);
	return rk_buf_check(out);
}

static rk_error *
write_page(const struct rk_program *program, const struct rk_command *command, const rk_dir *dir)
{
	RK_AUTO_BUF(name);
	RK_AUTO_BUF(page);
	rk_error *err = rk_manpage_append(program, command, &page);

	rk_manpage_name(&name, program, command);
	if (!err)
		err = rk_buf_check(&name);
	return err ? err : rk_file_replace(dir, rk_buf_str(&name), page.data, page.len, 0644);
}

rk_error *
rk_manpage_write(const struct rk_program *program, const char *folder)
{
	RK_AUTO(rk_dir) dir = NULL;
	rk_error *err = rk_dir_make_path(folder);

	if (!err)
		err = rk_dir_open(folder, RK_DIR_ANY, &dir);
	if (!err)
		err = write_page(program, NULL, dir);
	for (size_t i = 0; !err && program->commands[i]; i++)
		if (!(program->commands[i]->effects & RK_HIDDEN))
			err = write_page(program, program->commands[i], dir);
	return err;
}
