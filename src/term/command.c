#include "term/command.h"

#include <stdlib.h>
#include <string.h>

#define LETTERS_MAX 64

const struct rk_command *
rk_command_find(const struct rk_program *program, const char *name)
{
	for (size_t i = 0; program->commands[i]; i++)
		if (!strcmp(program->commands[i]->name, name))
			return program->commands[i];
	return NULL;
}

bool
rk_command_begins(const struct rk_program *program, const char *words)
{
	size_t len = strlen(words);

	for (size_t i = 0; program->commands[i]; i++) {
		const char *name = program->commands[i]->name;

		if (!strncmp(name, words, len) && (name[len] == 0 || name[len] == ' '))
			return true;
	}
	return false;
}

const struct rk_option *
rk_command_option(const struct rk_option *options, const char *name)
{
	for (; options && options->name; options++)
		if (!strcmp(options->name, name))
			return options;
	return NULL;
}

const char *
rk_command_dashes(const struct rk_option *option)
{
	return option->name[1] ? "--" : "-";
}

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t
rk_command_distance(const char *a, const char *b)
{
	size_t rows[3][LETTERS_MAX + 1];
	size_t *before = rows[0], *above = rows[1], *row = rows[2];
	size_t a_len = strnlen(a, LETTERS_MAX), b_len = strnlen(b, LETTERS_MAX);

	for (size_t j = 0; j <= b_len; j++)
		above[j] = before[j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		size_t *oldest = before;

		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			row[j] = least(above[j], row[j - 1]) + 1;
			row[j] = least(row[j], above[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = least(row[j], before[j - 2] + 1);
		}
		before = above;
		above = row;
		row = oldest;
	}
	return above[b_len];
}

/* How far `typed` is from a command: from its whole name, or from its last word ("generate"). */
static size_t
command_distance(const struct rk_command *command, const char *typed)
{
	const char *last = strrchr(command->name, ' ');

	if (last && !strcmp(last + 1, typed))
		return 1;
	return rk_command_distance(command->name, typed);
}

const struct rk_command *
rk_command_nearest(const struct rk_program *program, const char *typed)
{
	const struct rk_command *nearest = NULL;
	size_t best = strlen(typed) / 3 + 1;

	for (size_t i = 0; program->commands[i]; i++) {
		const struct rk_command *command = program->commands[i];
		size_t distance = command_distance(command, typed);

		if (distance > best || (nearest && distance == best) ||
		    (command->effects & RK_HIDDEN))
			continue;
		nearest = command;
		best = distance;
	}
	return nearest;
}

void
rk_command_line_free(rk_command_line *line)
{
	if (!line)
		return;
	for (size_t i = 0; i < line->owned_count; i++)
		free(line->owned[i]);
	free(line->owned);
	free(line->topic);
	free(line);
}
