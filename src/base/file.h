/*
 * file.h - folders that we judge before we believe them, and files that are whole or not there
 *
 * Everything below a folder is opened beneath it, without following links (openat2). What is
 * read is capped. What is written is complete and on the disk before its name exists.
 *
 * Ownership  an rk_dir owns its descriptor; rk_text owns or maps its bytes.
 * Errors     RK_E_IO what the system refused; RK_E_NOT_FOUND no such file (its own code, so that
 *            callers can tell); RK_E_UNSAFE owner, mode or a link; RK_E_LIMIT over the cap;
 *            RK_E_EXISTS; RK_E_BUSY; RK_E_NOMEM.
 * Units      sizes in bytes, modes as in chmod(2).
 */
#ifndef RK_BASE_FILE_H
#define RK_BASE_FILE_H

#include "base/buf.h"

typedef struct rk_dir rk_dir;
typedef struct rk_lock rk_lock;

/*
 * How far a folder is believed. RK_DIR_OURS asks of the folder and of every folder and file that is
 * opened beneath it: owned by the caller or root, not writable by group or others, no link. Above
 * it only what everybody can write to is refused, unless it is sticky and root's or the caller's
 * (/tmp): whoever owns a folder above can put nothing in ours' place but what passes as well.
 */
enum rk_dir_trust {
	RK_DIR_ANY, /* somebody's metadata: read, never believed */
	RK_DIR_OURS,
};

/* Open `path`; the last part may be a link for RK_DIR_ANY. RK_E_NOT_FOUND, RK_E_UNSAFE (with the
 * remedy: chmod, chown), RK_E_IO. */
RK_CHECKED rk_error *rk_dir_open(const char *path, enum rk_dir_trust trust, rk_dir **ret_dir);
/* Open `name` (may have slashes) beneath `dir` with the same trust. */
RK_CHECKED rk_error *rk_dir_open_at(const rk_dir *dir, const char *name, rk_dir **ret_dir);
/* Make `name` and what is missing above it beneath `dir`, mode 0755 & ~umask, and fsync each
 * parent. One that is there already is success. */
RK_CHECKED rk_error *rk_dir_make(const rk_dir *dir, const char *name);
/* Make a folder anywhere, and its parents. */
RK_CHECKED rk_error *rk_dir_make_path(const char *path);
/* Every file in the folder `below` and in those beneath it (not the folders), as paths relative to
 * `below`, sorted by bytes; `below` NULL or "" is `dir` itself. A link or a special file is
 * RK_E_UNSAFE for RK_DIR_OURS and left out for RK_DIR_ANY; unfinished files (".rk-tmp-...") are
 * always left out. At most `max` names, else RK_E_LIMIT. */
typedef struct rk_names {
	char **names;
	size_t count;
} rk_names;
RK_CHECKED rk_error *
rk_dir_walk(const rk_dir *dir, const char *below, size_t max, rk_names **ret_names);
/* The entries of one folder, by the same rules: folders end in '/'. */
RK_CHECKED rk_error *
rk_dir_list(const rk_dir *dir, const char *below, size_t max, rk_names **ret_names);
RK_CHECKED rk_error *rk_names_add(rk_names *names, const char *name);
void rk_names_free(rk_names *names);
RK_DEFINE_FREEP(rk_names)
/* As it was opened, for messages. */
const char *rk_dir_path(const rk_dir *dir);
int rk_dir_fd(const rk_dir *dir);
RK_CHECKED rk_error *rk_dir_sync(const rk_dir *dir, const char *below);
/* Remove the unfinished files that a crash left in the folder. Only while holding its lock. */
RK_CHECKED rk_error *rk_dir_sweep(const rk_dir *dir, const char *below);
void rk_dir_free(rk_dir *dir);
RK_DEFINE_FREEP(rk_dir)

/*
 * The bytes of a file. Small files are read; large ones are mapped from a private copy, or from
 * the file itself beneath an RK_DIR_OURS folder, so that pages can be given back while a pass
 * goes over them.
 */
typedef struct rk_text {
	const char *data; /* not zero-ended */
	size_t len;
	void *owner; /* file_text.c's */
} rk_text;
/* The whole of `name` beneath `dir`, at most `max` bytes. */
RK_CHECKED rk_error *
rk_text_read(const rk_dir *dir, const char *name, size_t max, rk_text **ret_text);
/* The same for a path of the command line: links are followed, the bytes copied once, pipes are
 * read to their end. "/dev/stdin" and "/dev/fd/N" mean our own descriptor; "-" is not special. */
RK_CHECKED rk_error *rk_text_read_path(const char *path, size_t max, rk_text **ret_text);
/* From memory; the bytes are copied. */
RK_CHECKED rk_error *rk_text_copy(const void *bytes, size_t len, rk_text **ret_text);
/* From a buffer, taken over: the buffer is empty afterwards. */
RK_CHECKED rk_error *rk_text_take(rk_buf *buf, rk_text **ret_text);
/* A pass is done with everything before `offset`: give those pages back. A hint,
 * cheap enough to give often. */
void rk_text_forget(const rk_text *text, size_t offset);
/* The bytes from one offset to another, to `sink`, a piece at a time; their pages are given back. */
RK_CHECKED rk_error *rk_text_feed(const rk_text *text, size_t from, size_t to, rk_sink sink);
/*
 * A text that comes through a sink: a small one stays in memory, a large one goes to a private file
 * without a name, on a disk.
 */
typedef struct rk_spool rk_spool;
RK_CHECKED rk_error *rk_spool_open(rk_spool **ret_spool);
rk_sink rk_spool_sink(rk_spool *spool);
/* Once; the spool is spent. */
RK_CHECKED rk_error *rk_spool_finish(rk_spool *spool, rk_text **ret_text);
void rk_spool_free(rk_spool *spool);
RK_DEFINE_FREEP(rk_spool)
/* Do both say the same, byte for byte, from these offsets on? */
bool rk_text_same(const rk_text *a, size_t a_from, const rk_text *b, size_t b_from, size_t len);
/* Is the file at `path`, as it is now, these bytes and no others? RK_E_NOT_FOUND, RK_E_IO. */
RK_CHECKED rk_error *rk_text_is_file(const rk_text *text, const char *path, bool *ret_same);
void rk_text_free(rk_text *text);
RK_DEFINE_FREEP(rk_text)

/* Write, fsync, rename, fsync the folder: `name` is the old file or the new one, never a part. A
 * link is replaced, not followed. `mode` is less the umask. */
RK_CHECKED rk_error *
rk_file_replace(const rk_dir *dir, const char *name, const void *bytes, size_t len, unsigned mode);
/* The same for any path outside a keep (`--out FILE`). RK_E_UNSAFE where the name leads to a device,
 * a pipe or one of our own descriptors (/dev/stdout). */
RK_CHECKED rk_error *
rk_file_replace_path(const char *path, const void *bytes, size_t len, unsigned mode);
/* The same for what comes through a sink. */
typedef struct rk_writer rk_writer;
RK_CHECKED rk_error *rk_writer_open_path(const char *path, unsigned mode, rk_writer **ret_writer);
/* A new file that must not exist. RK_E_EXISTS. */
RK_CHECKED rk_error *
rk_file_create(const rk_dir *dir, const char *name, const void *bytes, size_t len, unsigned mode);
/* A file that grows through a sink, then gets its name; not fsynced until rk_writer_finish. */
RK_CHECKED rk_error *rk_writer_open(
    const rk_dir *dir, const char *name, bool exclusive, unsigned mode, rk_writer **ret_writer);
rk_sink rk_writer_sink(rk_writer *writer);
RK_CHECKED rk_error *rk_writer_finish(rk_writer *writer);
/* Several of one disk, with one wait for it instead of one for each: all of their bytes are on it
 * before the first gets its name. On failure some may have theirs. */
RK_CHECKED rk_error *rk_writer_finish_all(rk_writer *const *writers, size_t count);
/* Without a finish, removes what was written. */
void rk_writer_free(rk_writer *writer);
RK_DEFINE_FREEP(rk_writer)

bool rk_file_exists(const rk_dir *dir, const char *name);
/* A missing file is success. Not brought to the disk: rk_dir_sync. */
RK_CHECKED rk_error *rk_file_remove(const rk_dir *dir, const char *name);
/* The file's bytes, at most `max` of them, to `sink`, a piece at a time. `ret_len` may be NULL. */
RK_CHECKED rk_error *
rk_file_feed(const rk_dir *dir, const char *name, uint64_t max, rk_sink sink, uint64_t *ret_len);
/* SHA-256 of the file's bytes, streamed. `ret_len` may be NULL. */
RK_CHECKED rk_error *
rk_file_sha256(const rk_dir *dir, const char *name, uint8_t out[static 32], uint64_t *ret_len);

/*
 * An exclusive flock on `name` beneath `dir` (made where missing, never renamed or removed), which
 * also writes into it who holds it. Not waiting: RK_E_BUSY says who. RK_E_UNSAFE on a file system
 * without locks, renames or permissions (vfat, exfat).
 */
RK_CHECKED rk_error *rk_lock_take(const rk_dir *dir, const char *name, rk_lock **ret_lock);
void rk_lock_free(rk_lock *lock);
RK_DEFINE_FREEP(rk_lock)

#endif
