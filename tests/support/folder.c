#include "support/folder.h"

#include "support/spec.h"

#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int
rk_folder_new(void **state)
{
	const char *above = getenv("TMPDIR");
	char *path = NULL;

	if (asprintf(&path, "%s/rk-test-XXXXXX", above ? above : "/tmp") < 0)
		return -1;
	if (!mkdtemp(path)) {
		free(path);
		return -1;
	}
	*state = path;
	return 0;
}

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

int
rk_folder_remove(void **state)
{
	int result = nftw(*state, remove_one, 16, FTW_DEPTH | FTW_PHYS);

	free(*state);
	return result;
}

const char *
rk_folder_path(const char *folder, const char *name)
{
	static char paths[8][4096];
	static unsigned next;
	char *path = paths[next++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
	return path;
}

void
rk_folder_write(const char *folder, const char *name, const char *text)
{
	FILE *file = fopen(rk_folder_path(folder, name), "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
	assert_int_equal(fclose(file), 0);
}

bool
rk_folder_holds(const char *folder, const char *name, const char *text)
{
	FILE *file = fopen(rk_folder_path(folder, name), "r");
	char *bytes = malloc(strlen(text) + 2);
	bool is_same = false;

	if (file && bytes) {
		size_t got = fread(bytes, 1, strlen(text) + 1, file);

		is_same = got == strlen(text) && memcmp(bytes, text, got) == 0;
	}
	if (file)
		fclose(file);
	free(bytes);
	return is_same;
}

size_t
rk_folder_count(const char *folder, const char *name)
{
	DIR *stream = opendir(rk_folder_path(folder, name));
	size_t count = 0;

	assert_non_null(stream);
	for (struct dirent *entry; (entry = readdir(stream));) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			count++;
	}
	closedir(stream);
	return count;
}
