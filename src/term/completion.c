#include "term/completion_private.h"

#include "base/show.h"

#include <ctype.h>
#include <string.h>

enum rk_completion_kind
rk_completion_kind_of(const char *name)
{
	bool bar = false, lower = true;

	for (const char *at = name; *at; at++) {
		bar |= *at == '|';
		lower &= *at == '|' || islower((unsigned char)*at) || isdigit((unsigned char)*at) ||
			 *at == '-';
	}
	if (bar && lower)
		return RK_COMPLETION_WORDS;
	if (strstr(name, "FILE") || strstr(name, "PATH"))
		return RK_COMPLETION_FILES;
	return strstr(name, "DIR") ? RK_COMPLETION_FOLDERS : RK_COMPLETION_NONE;
}

void
rk_completion_words(rk_buf *out, const char *name)
{
	for (; *name; name++)
		rk_buf_byte(out, *name == '|' ? ' ' : (uint8_t)*name);
}

void
rk_completion_quoted(rk_buf *out, const char *text)
{
	rk_buf_byte(out, '\'');
	for (; *text; text++) {
		if (*text == '\'')
			rk_buf_text(out, "'\\'");
		rk_buf_byte(out, (uint8_t)*text);
	}
	rk_buf_byte(out, '\'');
}

/* Is there a command before `index` that also begins with these `len` bytes and then ends or goes
 * on with a blank? Tables are sorted and small. */
static bool
came_before(const struct rk_program *program, size_t index, size_t len)
{
	const char *name = program->commands[index]->name;

	for (size_t i = 0; i < index; i++) {
		const struct rk_command *other = program->commands[i];

		if (!(other->effects & RK_HIDDEN) && !strncmp(other->name, name, len) &&
		    (other->name[len] == 0 || other->name[len] == ' '))
			return true;
	}
	return false;
}

/* Where the word that begins at `from` ends. */
static size_t
word_end(const char *name, size_t from)
{
	return from + strcspn(name + from, " ");
}

static void
next_words(const struct rk_program *program, const char *group, rk_buf *next)
{
	size_t len = strlen(group);

	for (size_t i = 0; program->commands[i]; i++) {
		const struct rk_command *command = program->commands[i];
		size_t from = len > 0 ? len + 1 : 0, end;

		if ((command->effects & RK_HIDDEN) || strncmp(command->name, group, len) != 0 ||
		    (len > 0 && command->name[len] != ' '))
			continue;
		end = word_end(command->name, from);
		if (came_before(program, i, end))
			continue;
		rk_buf_text(next, next->len > 0 ? " " : "");
		rk_buf_append(next, command->name + from, end - from);
	}
}

void
rk_completion_prefixes(
    const struct rk_program *program, rk_buf *out, void (*each)(rk_buf *out, const char *prefix))
{
	for (size_t i = 0; program->commands[i]; i++) {
		const char *name = program->commands[i]->name;
		size_t end = 0;

		if (program->commands[i]->effects & RK_HIDDEN)
			continue;
		for (;;) {
			RK_AUTO_BUF(prefix);

			end = word_end(name, end);
			rk_buf_append(&prefix, name, end);
			if (!came_before(program, i, end))
				each(out, rk_buf_str(&prefix));
			if (name[end] == 0)
				break;
			end++;
		}
	}
}

void
rk_completion_groups(const struct rk_program *program, rk_buf *out,
    void (*each)(rk_buf *out, const char *group, const char *next))
{
	RK_AUTO_BUF(top);

	next_words(program, "", &top);
	each(out, "", rk_buf_str(&top));
	for (size_t i = 0; program->commands[i]; i++) {
		const char *name = program->commands[i]->name;

		if (program->commands[i]->effects & RK_HIDDEN)
			continue;
		for (size_t end = word_end(name, 0);; end = word_end(name, end + 1)) {
			RK_AUTO_BUF(group);
			RK_AUTO_BUF(next);

			rk_buf_append(&group, name, end);
			next_words(program, rk_buf_str(&group), &next);
			if (next.len > 0 && !came_before(program, i, end))
				each(out, rk_buf_str(&group), rk_buf_str(&next));
			if (name[end] == 0)
				break;
		}
	}
}

rk_error *
rk_completion_append(const struct rk_program *program, const char *shell, rk_buf *out)
{
	static const struct {
		const char *name;
		void (*write)(const struct rk_program *program, rk_buf *out);
	} shells[] = {
	    {"bash", rk_completion_bash},
	    {"zsh", rk_completion_zsh},
	    {"fish", rk_completion_fish},
	};

	for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++) {
		if (strcmp(shells[i].name, shell) != 0)
			continue;
		shells[i].write(program, out);
		return rk_buf_check(out);
	}
	return rk_fail(RK_E_USAGE, "give bash, zsh or fish",
	    "no completion is known for the shell %s", RK_SHOW(shell));
}
