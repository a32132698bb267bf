#include "base/file_private.h"
#include "base/show.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEEPEST 64

rk_error *
rk_names_add(rk_names *names, const char *name)
{
	rk_error *err;
	char *copy;

	/* Full at every power of two: the room doubles, and no count of it is kept. */
	if ((names->count & (names->count - 1)) == 0) {
		size_t cap = names->count ? 2 * names->count : 1;
		char **more = reallocarray(names->names, cap, sizeof(*more));

		if (!more)
			return rk_out_of_memory();
		names->names = more;
	}
	err = rk_strdup(name, &copy);
	if (err)
		return err;
	names->names[names->count++] = copy;
	return NULL;
}

void
rk_names_free(rk_names *names)
{
	if (!names)
		return;
	for (size_t i = 0; i < names->count; i++)
		free(names->names[i]);
	free(names->names);
	free(names);
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A look through folders. */
struct look {
	const rk_file_place *place;
	size_t max;
	bool goes_down;
	rk_names *names;
	rk_buf path; /* of the folder being read, "" or ended by '/' */
	unsigned depth;
};

enum kind { KIND_FILE, KIND_FOLDER, KIND_OTHER, KIND_GONE };

static enum kind
kind_of(int fd, const struct dirent *entry)
{
	struct stat st;

	if (entry->d_type == DT_REG)
		return KIND_FILE;
	if (entry->d_type == DT_DIR)
		return KIND_FOLDER;
	if (entry->d_type != DT_UNKNOWN)
		return KIND_OTHER;
	if (fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return KIND_GONE;
	return S_ISREG(st.st_mode) ? KIND_FILE : S_ISDIR(st.st_mode) ? KIND_FOLDER : KIND_OTHER;
}

static rk_error *
add(struct look *look, const char *name, const char *end)
{
	RK_AUTO(rk_str) whole = NULL;
	rk_error *err;

	if (look->names->count >= look->max)
		return rk_fail(RK_E_LIMIT, "check that it is the folder you mean",
		    "%s holds more than %zu files", RK_SHOW(look->place->where), look->max);
	err = rk_strdupf(&whole, "%s%s%s", rk_buf_str(&look->path), name, end);
	return err ? err : rk_names_add(look->names, whole);
}

static rk_error *look_into(struct look *look, int fd);

static rk_error *
go_down(struct look *look, int parent, const char *name)
{
	size_t len = look->path.len;
	rk_error *err;
	int fd;

	if (look->depth >= DEEPEST)
		return rk_fail(RK_E_LIMIT, "check that it is the folder you mean",
		    "%s is more than %d folders deep", RK_SHOW(look->place->where), DEEPEST);
	rk_buf_printf(&look->path, "%s/", name);
	err = rk_buf_check(&look->path);
	if (err)
		return err;
	fd = rk_file_openat(parent, name, O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0)
		return rk_file_trouble(errno, "open", look->path.data);
	look->depth++;
	err = rk_file_judge(fd, S_IFDIR, look->place->trust, look->path.data);
	if (!err)
		err = look_into(look, fd);
	close(fd);
	look->depth--;
	look->path.len = len;
	look->path.data[len] = '\0';
	return err;
}

static rk_error *
take_entry(struct look *look, int fd, const struct dirent *entry)
{
	const char *name = entry->d_name;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
	    strncmp(name, RK_FILE_TEMP, strlen(RK_FILE_TEMP)) == 0)
		return NULL;
	switch (kind_of(fd, entry)) {
	case KIND_FILE:
		return add(look, name, "");
	case KIND_FOLDER:
		return look->goes_down ? go_down(look, fd, name) : add(look, name, "/");
	case KIND_OTHER:
		if (look->place->trust == RK_DIR_OURS)
			return rk_fail(RK_E_UNSAFE,
			    "remove it, or put the file itself in its place",
			    "%s in %s is a link or a special file", RK_SHOW(name),
			    RK_SHOW(look->place->where));
		return NULL;
	case KIND_GONE:
		return NULL;
	}
	return NULL;
}

static rk_error *
look_into(struct look *look, int fd)
{
	/* Its own descriptor: a DIR closes the one it is given, and moves its offset. */
	int own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = own < 0 ? NULL : fdopendir(own);
	struct dirent *entry = NULL;
	rk_error *err = NULL;

	if (!stream) {
		err = rk_file_trouble(errno, "list", look->place->where);
		if (own >= 0)
			close(own);
		return err;
	}
	do {
		errno = 0;
		entry = readdir(stream);
		if (entry)
			err = take_entry(look, fd, entry);
		else if (errno != 0)
			err = rk_file_trouble(errno, "list", look->place->where);
	} while (entry && !err);
	closedir(stream);
	return err;
}

static rk_error *
list(const rk_dir *dir, const char *below, struct look *look, rk_names **ret_names)
{
	RK_FILE_PLACE(place);
	RK_AUTO(rk_names) names = NULL;
	rk_error *err;

	err = rk_file_enter(dir, below, &place);
	if (err)
		return err;
	names = calloc(1, sizeof(*names));
	if (!names)
		return rk_out_of_memory();
	look->place = &place;
	look->names = names;
	err = look_into(look, place.fd);
	rk_buf_clear(&look->path);
	if (err)
		return err;
	if (names->count > 1)
		qsort(names->names, names->count, sizeof(*names->names), compare);
	*ret_names = RK_TAKE(names);
	return NULL;
}

rk_error *
rk_dir_walk(const rk_dir *dir, const char *below, size_t max, rk_names **ret_names)
{
	struct look look = {.max = max, .goes_down = true};

	return list(dir, below, &look, ret_names);
}

rk_error *
rk_dir_list(const rk_dir *dir, const char *below, size_t max, rk_names **ret_names)
{
	struct look look = {.max = max, .goes_down = false};

	return list(dir, below, &look, ret_names);
}

rk_error *
rk_dir_sweep(const rk_dir *dir, const char *below)
{
	RK_FILE_PLACE(place);
	rk_error *err;
	DIR *stream;
	int fd;

	err = rk_file_enter(dir, below, &place);
	if (err)
		return err;
	fd = openat(place.fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	stream = fd < 0 ? NULL : fdopendir(fd);
	if (!stream) {
		err = rk_file_trouble(errno, "list", place.where);
		if (fd >= 0)
			close(fd);
		return err;
	}
	for (struct dirent *entry; !err && (entry = readdir(stream));) {
		if (strncmp(entry->d_name, RK_FILE_TEMP, strlen(RK_FILE_TEMP)) == 0 &&
		    unlinkat(place.fd, entry->d_name, 0) != 0 && errno != ENOENT)
			err = rk_file_trouble(errno, "clean up", place.where);
	}
	closedir(stream);
	return err;
}
