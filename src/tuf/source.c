#include "tuf/source.h"

#include "base/show.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FILES_MAX (4u << 20)

void
rk_source_free(rk_source *source)
{
	if (source && source->free)
		source->free(source);
}

static rk_error *
no_such_file(const char *name)
{
	return rk_fail(RK_E_NOT_FOUND, NULL, "there is no file %s", RK_SHOW(name));
}

/* N of "N.NAME"; 0: it is another file. */
static int64_t
number_of(const char *file, const char *name)
{
	int64_t number = 0;
	const char *at = file;

	while (*at >= '0' && *at <= '9' && at - file < 16)
		number = number * 10 + (*at++ - '0');
	if (at == file || *file == '0' || *at != '.' || strcmp(at + 1, name) != 0)
		return 0;
	return number;
}

static void
widen(int64_t number, int64_t *first, int64_t *last)
{
	if (!number)
		return;
	if (!*first || number < *first)
		*first = number;
	if (number > *last)
		*last = number;
}

/* a folder */

/* A file "N.NAME". */
struct numbered {
	const char *name; /* behind the number */
	int64_t number;
};

struct folder {
	rk_source base;
	const rk_dir *dir;
	rk_names *names; /* NULL: not listed yet */
	struct numbered *files; /* those of the names, by name and number */
	size_t count;
	struct timespec listed; /* when the folder had changed last, by then */
};

static rk_error *
folder_fetch(rk_source *self, const char *name, size_t max, rk_text **ret_text)
{
	rk_error *err = rk_text_read(((struct folder *)self)->dir, name, max, ret_text);

	if (rk_error_code(err) != RK_E_NOT_FOUND)
		return err;
	rk_error_free(err);
	return no_such_file(name);
}

static int
compare_numbered(const void *a, const void *b)
{
	const struct numbered *left = a, *right = b;
	int order = strcmp(left->name, right->name);

	return order ? order : (left->number > right->number) - (left->number < right->number);
}

/* Thousands of delegations ask for their range, one after the other. */
static rk_error *
index_files(struct folder *folder)
{
	struct numbered *files = calloc(folder->names->count + 1, sizeof(*files));
	size_t count = 0;

	if (!files)
		return rk_out_of_memory();
	for (size_t i = 0; i < folder->names->count; i++) {
		const char *dot = strchr(folder->names->names[i], '.');

		if (!dot)
			continue;
		files[count] =
		    (struct numbered){dot + 1, number_of(folder->names->names[i], dot + 1)};
		count += files[count].number > 0;
	}
	qsort(files, count, sizeof(*files), compare_numbered);
	free(folder->files);
	folder->files = files;
	folder->count = count;
	return NULL;
}

/* Where the first file of that name from that number on is, or would be. */
static size_t
first_from(const struct folder *folder, const char *name, int64_t number)
{
	const struct numbered wanted = {name, number};
	size_t low = 0, high = folder->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_numbered(&folder->files[middle], &wanted) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Listed once for all ranges, and again when the folder has changed. */
static rk_error *
list(struct folder *folder)
{
	RK_AUTO(rk_names) names = NULL;
	struct stat now;
	rk_error *err;

	if (fstat(rk_dir_fd(folder->dir), &now) != 0)
		return rk_fail_errno(
		    RK_E_IO, errno, NULL, "cannot look at %s", RK_SHOW(rk_dir_path(folder->dir)));
	if (folder->names && now.st_mtim.tv_sec == folder->listed.tv_sec &&
	    now.st_mtim.tv_nsec == folder->listed.tv_nsec)
		return NULL;
	err = rk_dir_list(folder->dir, "", FILES_MAX, &names);
	if (err)
		return err;
	rk_names_free(folder->names);
	folder->names = RK_TAKE(names);
	folder->listed = now.st_mtim;
	return index_files(folder);
}

static rk_error *
folder_range(rk_source *self, const char *name, int64_t *ret_first, int64_t *ret_last)
{
	struct folder *folder = (struct folder *)self;
	rk_error *err = list(folder);
	size_t from, to;

	if (err)
		return err;
	from = first_from(folder, name, 0);
	to = first_from(folder, name, INT64_MAX);
	*ret_first = from < to ? folder->files[from].number : 0;
	*ret_last = from < to ? folder->files[to - 1].number : 0;
	return NULL;
}

static void
folder_free(rk_source *self)
{
	struct folder *folder = (struct folder *)self;

	rk_names_free(folder->names);
	free(folder->files);
	free(folder);
}

rk_error *
rk_source_folder(const rk_dir *dir, rk_source **ret_source)
{
	struct folder *folder = calloc(1, sizeof(*folder));

	if (!folder)
		return rk_out_of_memory();
	folder->base = (rk_source){folder_fetch, folder_range, folder_free};
	folder->dir = dir;
	*ret_source = &folder->base;
	return NULL;
}

/* memory */

struct held {
	char *name;
	char *bytes;
	size_t len;
};

struct memory {
	rk_source base;
	struct held *files; /* sorted by name */
	size_t count, cap;
};

/* Where a file of that name is, or would be. */
static size_t
place_of(const struct memory *memory, const char *name, bool *ret_held)
{
	size_t low = 0, high = memory->count;

	*ret_held = false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(memory->files[middle].name, name);

		if (order == 0) {
			*ret_held = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static rk_error *
memory_fetch(rk_source *self, const char *name, size_t max, rk_text **ret_text)
{
	const struct memory *memory = (const struct memory *)self;
	const struct held *held;
	bool is_held;
	size_t at = place_of(memory, name, &is_held);

	if (!is_held)
		return no_such_file(name);
	held = &memory->files[at];
	if (held->len > max)
		return rk_fail(RK_E_LIMIT, NULL, "%s has %zu bytes; at most %zu are read",
		    RK_SHOW(name), held->len, max);
	return rk_text_copy(held->bytes, held->len, ret_text);
}

static rk_error *
memory_range(rk_source *self, const char *name, int64_t *ret_first, int64_t *ret_last)
{
	const struct memory *memory = (const struct memory *)self;
	int64_t first = 0, last = 0;

	for (size_t i = 0; i < memory->count; i++)
		widen(number_of(memory->files[i].name, name), &first, &last);
	*ret_first = first;
	*ret_last = last;
	return NULL;
}

static void
memory_free(rk_source *self)
{
	struct memory *memory = (struct memory *)self;

	for (size_t i = 0; i < memory->count; i++) {
		free(memory->files[i].name);
		free(memory->files[i].bytes);
	}
	free(memory->files);
	free(memory);
}

rk_error *
rk_source_memory(rk_source **ret_source)
{
	struct memory *memory = calloc(1, sizeof(*memory));

	if (!memory)
		return rk_out_of_memory();
	memory->base = (rk_source){memory_fetch, memory_range, memory_free};
	*ret_source = &memory->base;
	return NULL;
}

static rk_error *
make_room(struct memory *memory)
{
	size_t cap = 2 * memory->cap + 8;
	struct held *grown;

	if (memory->count < memory->cap)
		return NULL;
	grown = reallocarray(memory->files, cap, sizeof(*grown));
	if (!grown)
		return rk_out_of_memory();
	memory->files = grown;
	memory->cap = cap;
	return NULL;
}

rk_error *
rk_source_put(rk_source *source, const char *name, const void *bytes, size_t len)
{
	struct memory *memory = (struct memory *)source;
	RK_AUTO(rk_str) copy = NULL;
	RK_AUTO(rk_str) named = NULL;
	bool is_held;
	size_t at = place_of(memory, name, &is_held);
	rk_error *err = rk_strndup(bytes, len, &copy);

	if (!err && !is_held)
		err = make_room(memory);
	if (!err && !is_held)
		err = rk_strdup(name, &named);
	if (err)
		return err;
	if (is_held) {
		free(memory->files[at].bytes);
		memory->files[at].bytes = RK_TAKE(copy);
		memory->files[at].len = len;
		return NULL;
	}
	memmove(&memory->files[at + 1], &memory->files[at],
	    (memory->count - at) * sizeof(memory->files[0]));
	memory->files[at] = (struct held){RK_TAKE(named), RK_TAKE(copy), len};
	memory->count++;
	return NULL;
}

/* one before the other */

struct overlay {
	rk_source base;
	rk_source *above, *below;
};

static rk_error *
overlay_fetch(rk_source *self, const char *name, size_t max, rk_text **ret_text)
{
	struct overlay *overlay = (struct overlay *)self;
	rk_error *err = overlay->above->fetch(overlay->above, name, max, ret_text);

	if (rk_error_code(err) != RK_E_NOT_FOUND)
		return err;
	rk_error_free(err);
	return overlay->below->fetch(overlay->below, name, max, ret_text);
}

static rk_error *
overlay_range(rk_source *self, const char *name, int64_t *ret_first, int64_t *ret_last)
{
	const struct overlay *overlay = (const struct overlay *)self;
	rk_source *const parts[] = {overlay->above, overlay->below};
	int64_t first = 0, last = 0;

	for (size_t i = 0; i < 2; i++) {
		int64_t from = 0, to = 0;
		rk_error *err =
		    parts[i]->range ? parts[i]->range(parts[i], name, &from, &to) : NULL;

		if (err)
			return err;
		widen(from, &first, &last);
		widen(to, &first, &last);
	}
	*ret_first = first;
	*ret_last = last;
	return NULL;
}

static void
overlay_free(rk_source *self)
{
	free(self);
}

rk_error *
rk_source_overlay(rk_source *above, rk_source *below, rk_source **ret_source)
{
	struct overlay *overlay = calloc(1, sizeof(*overlay));

	if (!overlay)
		return rk_out_of_memory();
	overlay->base = (rk_source){overlay_fetch, overlay_range, overlay_free};
	overlay->above = above;
	overlay->below = below;
	*ret_source = &overlay->base;
	return NULL;
}
