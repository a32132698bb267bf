/*
 * file_private.h - what the rooms of file.h share: one way down, one judgement, one error
 *
 * Ownership  an rk_file_place closes its descriptor and frees its text with rk_file_place_clear.
 * Errors     as file.h.
 */
#ifndef RK_BASE_FILE_PRIVATE_H
#define RK_BASE_FILE_PRIVATE_H

#include "base/file.h"

#include <limits.h>
#include <sys/types.h>

#define RK_FILE_TEMP ".rk-tmp-" /* how the names of unfinished files begin */
#define RK_FILE_PIECE (64 * 1024) /* bytes read or hashed at a time */
#define RK_FILE_LARGE ((size_t)1 << 20) /* from here on pages are worth giving back */
#define RK_FILE_PART (NAME_MAX + 2) /* a name, a byte to tell that it is too long, the zero */

struct rk_dir {
	int fd;
	char *path;
	enum rk_dir_trust trust;
};

/* The folder that holds (or will hold) a name, reached from an rk_dir. */
typedef struct rk_file_place {
	int fd;
	bool is_own; /* `fd` is ours to close */
	char name[RK_FILE_PART]; /* "" where the place is the folder itself */
	char *where; /* the whole path, for messages */
	enum rk_dir_trust trust;
} rk_file_place;

#define RK_FILE_PLACE(name)                                                  \
	__attribute__((cleanup(rk_file_place_clear))) rk_file_place name = { \
	    .fd = -1,                                                        \
	}
/* RK_TAKE for a place. */
#define RK_FILE_TAKE(place)                          \
	__extension__({                              \
		rk_file_place taken_ = (place);      \
		(place) = (rk_file_place){.fd = -1}; \
		taken_;                              \
	})

/* Walk to the folder above `name`, judging each folder on the way. RK_E_NOT_FOUND, RK_E_UNSAFE. */
RK_CHECKED rk_error *rk_file_find(const rk_dir *dir, const char *name, rk_file_place *ret_place);
/* Walk to the folder `below` itself; NULL and "" are `dir`. */
RK_CHECKED rk_error *rk_file_enter(const rk_dir *dir, const char *below, rk_file_place *ret_place);
void rk_file_place_clear(rk_file_place *place);

/* openat2 of one name, no links. The descriptor, or -1 with errno. */
int rk_file_openat(int parent, const char *name, int flags, mode_t mode);
/* As that, and judged: a plain file, and what `trust` asks. */
RK_CHECKED rk_error *
rk_file_open_plain(const rk_file_place *place, int flags, mode_t mode, int *ret_fd);
/* What an open descriptor must be: S_IFDIR or S_IFREG, and owner and mode for RK_DIR_OURS. */
RK_CHECKED rk_error *rk_file_judge(int fd, mode_t kind, enum rk_dir_trust trust, const char *where);
/* "cannot `verb` `where`: what errno says", with the code and the remedy for `number`. */
RK_CHECKED rk_error *rk_file_trouble(int number, const char *verb, const char *where);
/* fsync of a folder, also through a descriptor that may not read it. RK_E_IO. */
RK_CHECKED rk_error *rk_file_sync_folder(int fd, const char *where);
/* The next part of a path into `part`; `*at` moves on. False at the end of the path. */
bool rk_file_next_part(const char **at, char part[static RK_FILE_PART]);
/* What is no name: too long (cut off to NAME_MAX bytes), "." and "..". RK_E_UNSAFE, RK_E_IO. */
RK_CHECKED rk_error *rk_file_check_part(const char *part, const char *where);
/* A file without a name, on a disk where there is one, which nobody else can open. -1 with errno. */
int rk_text_private_file(void);
/* What to say where there is no room for it. */
RK_CHECKED rk_error *rk_text_no_copy(int number, const char *where);
/* The file of a descriptor as a text; the descriptor may be closed afterwards. */
RK_CHECKED rk_error *rk_text_map(int fd, size_t len, const char *where, rk_text **ret_text);
/* All of it, whatever the system takes at a time. 0 or an errno value. */
int rk_file_write_all(int fd, const void *bytes, size_t len);
/* Up to `len` bytes; less only at the end. -1 with errno. */
ssize_t rk_file_read_some(int fd, void *bytes, size_t len);

#endif
