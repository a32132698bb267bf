#include "keep/journal.h"

#include "base/datetime.h"
#include "base/show.h"
#include "json/write.h"

#include <stdlib.h>
#include <string.h>

/* A file that changed. */
struct touched {
	char *path;
	char before[2 * RK_SHA256_SIZE + 1]; /* "": was not there */
	char after[2 * RK_SHA256_SIZE + 1];
	size_t order; /* in which it was told */
};

struct rk_journal_entry {
	int64_t time;
	int64_t clock;
	bool has_clock;
	char *action;
	char *who;
	char *note;
	rk_names *keys;
	rk_node *tokens;
	rk_node *others; /* an object */
	struct touched *files;
	size_t file_count;
	size_t file_cap;
};

/* What rk_journal_line writes by itself. */
static const char *const own_members[] = {
    "action", "after", "before", "clock", "keys", "note", "prev", "seq", "time", "tokens", "who"};

rk_error *
rk_journal_entry_new(rk_env *env, const char *action, rk_journal_entry **ret_entry)
{
	RK_AUTO(rk_journal_entry) entry = calloc(1, sizeof(*entry));
	rk_error *err;

	if (!entry)
		return rk_out_of_memory();
	entry->time = env->ops->now(env);
	entry->keys = calloc(1, sizeof(*entry->keys));
	entry->others = rk_node_new_object();
	if (!entry->keys || !entry->others)
		return rk_out_of_memory();
	err = rk_strdup(action, &entry->action);
	if (!err)
		*ret_entry = RK_TAKE(entry);
	return err;
}

static rk_error *
replace(char **text, const char *with)
{
	RK_AUTO(rk_str) copy = NULL;
	rk_error *err = with ? rk_strdup(with, &copy) : NULL;

	if (err)
		return err;
	free(*text);
	*text = RK_TAKE(copy);
	return NULL;
}

rk_error *
rk_journal_entry_who(rk_journal_entry *entry, const char *who)
{
	return replace(&entry->who, who);
}

rk_error *
rk_journal_entry_note(rk_journal_entry *entry, const char *note)
{
	return replace(&entry->note, note);
}

rk_error *
rk_journal_entry_key(rk_journal_entry *entry, const char *fingerprint)
{
	return rk_names_add(entry->keys, fingerprint);
}

rk_error *
rk_journal_entry_tokens(rk_journal_entry *entry, rk_node *tokens)
{
	rk_node_free(entry->tokens);
	entry->tokens = tokens;
	return NULL;
}

void
rk_journal_entry_clock(rk_journal_entry *entry, int64_t clock)
{
	entry->clock = clock;
	entry->has_clock = true;
}

rk_error *
rk_journal_entry_put(rk_journal_entry *entry, const char *member, rk_node *value)
{
	for (size_t i = 0; i < sizeof(own_members) / sizeof(own_members[0]); i++) {
		if (strcmp(member, own_members[i]) == 0) {
			rk_node_free(value);
			return rk_fail(RK_E_REFUSED, NULL,
			    "%s of a journal entry is not set this way", RK_SHOW(member));
		}
	}
	return rk_node_put(entry->others, member, value);
}

rk_error *
rk_journal_entry_file(
    rk_journal_entry *entry, const char *path, const uint8_t *before, const uint8_t *after)
{
	struct touched *file;
	rk_error *err;

	if (entry->file_count == entry->file_cap) {
		size_t cap = entry->file_cap ? 2 * entry->file_cap : 8;

		file = reallocarray(entry->files, cap, sizeof(*file));
		if (!file)
			return rk_out_of_memory();
		entry->files = file;
		entry->file_cap = cap;
	}
	file = &entry->files[entry->file_count];
	*file = (struct touched){.order = entry->file_count};
	err = rk_strdup(path, &file->path);
	if (err)
		return err;
	if (before)
		rk_hex(file->before, before, RK_SHA256_SIZE);
	if (after)
		rk_hex(file->after, after, RK_SHA256_SIZE);
	entry->file_count++;
	return NULL;
}

void
rk_journal_entry_free(rk_journal_entry *entry)
{
	if (!entry)
		return;
	for (size_t i = 0; i < entry->file_count; i++)
		free(entry->files[i].path);
	free(entry->files);
	free(entry->action);
	free(entry->who);
	free(entry->note);
	rk_names_free(entry->keys);
	rk_node_free(entry->tokens);
	rk_node_free(entry->others);
	free(entry);
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static rk_error *
put_keys(const rk_journal_entry *entry, rk_node *line)
{
	RK_AUTO(rk_node) keys = rk_node_new_array();
	char *const *names = entry->keys->names;
	rk_error *err = NULL;

	if (!keys)
		return rk_out_of_memory();
	if (entry->keys->count > 1)
		qsort(entry->keys->names, entry->keys->count, sizeof(*entry->keys->names),
		    compare_names);
	for (size_t i = 0; i < entry->keys->count && !err; i++) {
		if (i == 0 || strcmp(names[i - 1], names[i]) != 0)
			err = rk_node_append_text(keys, names[i]);
	}
	return err ? err : rk_node_put(line, "keys", RK_TAKE(keys));
}

static rk_error *
put_chain(const rk_journal_head *head, rk_node *line)
{
	char prev[2 * RK_SHA256_SIZE + 1];
	rk_error *err;

	rk_hex(prev, head->sha256, RK_SHA256_SIZE);
	err = rk_node_put_int(line, "seq", head->count + 1);
	return err ? err : rk_node_put_text(line, "prev", prev);
}

/* Everything but the files, which may be thousands: no tree is made of them. */
static rk_error *
line_node(const rk_journal_entry *entry, const rk_journal_head *head, rk_node **ret_line)
{
	RK_AUTO(rk_node) line = rk_node_copy(entry->others);
	rk_error *err;

	if (!line)
		return rk_out_of_memory();
	err = put_chain(head, line);
	if (!err)
		err = rk_node_put_text(line, "action", entry->action);
	if (!err)
		err = rk_node_put_text(line, "time", RK_TIME(entry->time));
	if (!err && entry->has_clock)
		err = rk_node_put_text(line, "clock", RK_TIME(entry->clock));
	if (!err && entry->who)
		err = rk_node_put_text(line, "who", entry->who);
	if (!err && entry->note)
		err = rk_node_put_text(line, "note", entry->note);
	if (!err)
		err = put_keys(entry, line);
	if (!err)
		err = rk_node_put(line, "tokens",
		    entry->tokens ? rk_node_copy(entry->tokens) : rk_node_new_array());
	if (!err)
		*ret_line = RK_TAKE(line);
	return err;
}

static int
compare_files(const void *a, const void *b)
{
	const struct touched *left = a, *right = b;
	int order = strcmp(left->path, right->path);

	if (order != 0)
		return order;
	return left->order < right->order ? -1 : left->order > right->order ? 1 : 0;
}

/* A file that was moved away and written anew is one that changed. */
static void
join_files(rk_journal_entry *entry)
{
	size_t kept = 0;

	if (entry->file_count < 2)
		return;
	qsort(entry->files, entry->file_count, sizeof(*entry->files), compare_files);
	for (size_t i = 1; i < entry->file_count; i++) {
		struct touched *last = &entry->files[kept], *file = &entry->files[i];

		if (strcmp(last->path, file->path) == 0) {
			memcpy(last->after, file->after, sizeof(last->after));
			free(file->path);
		} else {
			entry->files[++kept] = *file;
		}
	}
	entry->file_count = kept + 1;
}

static void
write_files(const rk_journal_entry *entry, bool is_after, rk_buf *out)
{
	bool is_first = true;

	rk_buf_byte(out, '{');
	for (size_t i = 0; i < entry->file_count; i++) {
		const struct touched *file = &entry->files[i];
		const char *digest = is_after ? file->after : file->before;

		if (!digest[0])
			continue;
		if (!is_first)
			rk_buf_byte(out, ',');
		is_first = false;
		rk_write_text(out, file->path, &rk_style_line);
		rk_buf_printf(out, ":\"%s\"", digest);
	}
	rk_buf_byte(out, '}');
}

static int
compare_members(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void
write_member(const rk_journal_entry *entry, const rk_node *line, const char *name, rk_buf *out)
{
	rk_write_text(out, name, &rk_style_line);
	rk_buf_byte(out, ':');
	if (strcmp(name, "after") == 0)
		write_files(entry, true, out);
	else if (strcmp(name, "before") == 0)
		write_files(entry, false, out);
	else
		rk_write_node(out, rk_node_get(line, name), &rk_style_line, 0);
}

rk_error *
rk_journal_line(rk_journal_entry *entry, const rk_journal_head *head, rk_buf *out)
{
	RK_AUTO(rk_node) line = NULL;
	const char **names;
	size_t count = 0;
	rk_error *err;

	err = line_node(entry, head, &line);
	if (err)
		return err;
	names = calloc(rk_node_count(line) + 2, sizeof(*names));
	if (!names)
		return rk_out_of_memory();
	names[count++] = "after";
	names[count++] = "before";
	for (const rk_node *node = rk_node_child(line); node; node = rk_node_next(node))
		names[count++] = rk_node_name(node);
	qsort(names, count, sizeof(*names), compare_members);
	join_files(entry);
	for (size_t i = 0; i < count; i++) {
		rk_buf_byte(out, i == 0 ? '{' : ',');
		write_member(entry, line, names[i], out);
	}
	rk_buf_byte(out, '}');
	free(names);
	return rk_buf_check(out);
}

rk_error *
rk_journal_entry_except(rk_journal_entry *entry, const char *rule, const char *reason)
{
	rk_node *rules = rk_node_get(entry->others, "except");
	rk_error *err = NULL;

	if (!rules) {
		rules = rk_node_new_object();
		err = rk_journal_entry_put(entry, "except", rules);
	}
	return err ? err : rk_node_put_text(rules, rule, reason);
}
