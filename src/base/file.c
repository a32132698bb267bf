#include "base/file_private.h"
#include "base/show.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

struct trouble {
	int number;
	enum rk_code code;
	const char *remedy;
};

static const struct trouble troubles[] = {
    {ENOENT, RK_E_NOT_FOUND, "check the name"},
    {ENOTDIR, RK_E_NOT_FOUND, "check the name: a part of it is not a folder"},
    {EEXIST, RK_E_EXISTS, "choose another name, or move the old one away"},
    {ELOOP, RK_E_UNSAFE, "put the file or folder itself in the link's place"},
    {EXDEV, RK_E_UNSAFE, "put the file or folder itself in the link's place"},
    {EACCES, RK_E_IO, "check who owns it and its mode"},
    {EPERM, RK_E_IO, "check who owns it and its mode"},
    {EROFS, RK_E_IO, "choose a place that can be written to"},
    {ENOSPC, RK_E_IO, "make room on that disk and run it again"},
    {EDQUOT, RK_E_IO, "make room on that disk and run it again"},
    {ENOMEM, RK_E_NOMEM, "free some memory and run it again"},
};

rk_error *
rk_file_trouble(int number, const char *verb, const char *where)
{
	const struct trouble *found = NULL;

	for (size_t i = 0; i < sizeof(troubles) / sizeof(troubles[0]) && !found; i++) {
		if (troubles[i].number == number)
			found = &troubles[i];
	}
	if (found && found->code == RK_E_UNSAFE)
		return rk_fail(RK_E_UNSAFE, found->remedy, "cannot %s %s: a link is on the way",
		    verb, RK_SHOW(where));
	return rk_fail_errno(found ? found->code : RK_E_IO, number,
	    found ? found->remedy : "check the disk, then run it again", "cannot %s %s", verb,
	    RK_SHOW(where));
}

/* Where openat2 is missing. One name cannot lead out of its folder but by a link. */
static int
open_without_openat2(int parent, const char *name, int flags, mode_t mode)
{
	int fd = openat(parent, name, flags, mode);
	struct stat st;

	if (fd < 0 && errno == ENOTDIR) {
		if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode))
			errno = ELOOP;
		else
			errno = ENOTDIR;
	}
	return fd;
}

int
rk_file_openat(int parent, const char *name, int flags, mode_t mode)
{
	struct open_how how = {
	    /* Not O_NOFOLLOW: with O_DIRECTORY it would call a link "not a directory". */
	    .flags = (uint64_t)(unsigned)(flags | O_CLOEXEC),
	    .mode = flags & O_CREAT ? mode : 0,
	    .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	long fd;

	do {
		fd = syscall(SYS_openat2, parent, name, &how, sizeof(how));
	} while (fd < 0 && errno == EINTR);
	if (fd < 0 && errno == ENOSYS)
		return open_without_openat2(parent, name, flags | O_CLOEXEC | O_NOFOLLOW, mode);
	return (int)fd;
}

rk_error *
rk_file_judge(int fd, mode_t kind, enum rk_dir_trust trust, const char *where)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return rk_file_trouble(errno, "look at", where);
	if ((st.st_mode & S_IFMT) != kind)
		return rk_fail(RK_E_UNSAFE, "put a plain one in its place", "%s is not a %s",
		    RK_SHOW(where), kind == S_IFDIR ? "folder" : "plain file");
	if (trust != RK_DIR_OURS)
		return NULL;
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return rk_fail(RK_E_UNSAFE, "give it to yourself with chown, or run as its owner",
		    "%s belongs to user %u, neither to you nor to root", RK_SHOW(where),
		    (unsigned)st.st_uid);
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return rk_fail(RK_E_UNSAFE, "run chmod go-w on it, after a look at what is in it",
		    "%s can be written to by others (mode %04o)", RK_SHOW(where),
		    (unsigned)(st.st_mode & 07777));
	return NULL;
}

bool
rk_file_next_part(const char **at, char part[static RK_FILE_PART])
{
	size_t len;

	*at += strspn(*at, "/");
	len = strcspn(*at, "/");
	snprintf(part, RK_FILE_PART, "%.*s", (int)(len > NAME_MAX ? NAME_MAX + 1 : len), *at);
	*at += len;
	return len > 0;
}

rk_error *
rk_file_check_part(const char *part, const char *where)
{
	if (strlen(part) > NAME_MAX)
		return rk_file_trouble(ENAMETOOLONG, "use", where);
	if (strcmp(part, ".") == 0 || strcmp(part, "..") == 0)
		return rk_fail(RK_E_UNSAFE, "name it without '.' and '..'",
		    "%s has a part that leads elsewhere", RK_SHOW(where));
	return NULL;
}

/* Into the folder that is the place's name so far. */
static rk_error *
step_down(rk_file_place *place)
{
	int fd = rk_file_openat(place->fd, place->name, O_RDONLY | O_DIRECTORY, 0);

	if (fd < 0)
		return rk_file_trouble(errno, "open", place->where);
	if (place->is_own)
		close(place->fd);
	place->fd = fd;
	place->is_own = true;
	place->name[0] = '\0';
	return rk_file_judge(fd, S_IFDIR, place->trust, place->where);
}

/* To the folder above the last part of `name`, which stays in the place's name. */
static rk_error *
descend(const rk_dir *dir, const char *name, rk_file_place *place)
{
	char part[RK_FILE_PART];
	rk_error *err;

	place->fd = dir->fd;
	place->trust = dir->trust;
	if (name[0] == '/')
		return rk_fail(RK_E_UNSAFE, "name it from the folder on", "%s does not lie in %s",
		    RK_SHOW(name), RK_SHOW(dir->path));
	err = rk_strdupf(&place->where, "%s%s%s", dir->path, name[0] ? "/" : "", name);
	while (!err && rk_file_next_part(&name, part)) {
		err = rk_file_check_part(part, place->where);
		if (!err && place->name[0])
			err = step_down(place);
		strcpy(place->name, part);
	}
	return err;
}

rk_error *
rk_file_find(const rk_dir *dir, const char *name, rk_file_place *ret_place)
{
	RK_FILE_PLACE(place);
	rk_error *err;

	err = descend(dir, name, &place);
	if (err)
		return err;
	if (!place.name[0])
		return rk_fail(RK_E_NOT_FOUND, "give it a name", "a file in %s has no name",
		    RK_SHOW(dir->path));
	*ret_place = RK_FILE_TAKE(place);
	return NULL;
}

rk_error *
rk_file_enter(const rk_dir *dir, const char *below, rk_file_place *ret_place)
{
	RK_FILE_PLACE(place);
	rk_error *err;

	err = descend(dir, below ? below : "", &place);
	if (!err && place.name[0])
		err = step_down(&place);
	if (err)
		return err;
	*ret_place = RK_FILE_TAKE(place);
	return NULL;
}

void
rk_file_place_clear(rk_file_place *place)
{
	if (place->is_own)
		close(place->fd);
	free(place->where);
	*place = (rk_file_place){.fd = -1};
}

rk_error *
rk_file_open_plain(const rk_file_place *place, int flags, mode_t mode, int *ret_fd)
{
	/* Without O_NONBLOCK a pipe in the file's place would hold us up for ever. */
	int fd = rk_file_openat(place->fd, place->name, flags | O_NONBLOCK | O_NOCTTY, mode);
	rk_error *err;

	if (fd < 0 && (errno == EISDIR || errno == ENXIO))
		return rk_fail(RK_E_UNSAFE, "put a plain one in its place",
		    "%s is not a plain file", RK_SHOW(place->where));
	if (fd < 0)
		return rk_file_trouble(errno, "open", place->where);
	err = rk_file_judge(fd, S_IFREG, place->trust, place->where);
	if (err) {
		close(fd);
		return err;
	}
	*ret_fd = fd;
	return NULL;
}

int
rk_file_write_all(int fd, const void *bytes, size_t len)
{
	const char *at = bytes;

	while (len > 0) {
		ssize_t done = write(fd, at, len);

		if (done < 0 && errno != EINTR)
			return errno;
		if (done > 0) {
			at += done;
			len -= (size_t)done;
		}
	}
	return 0;
}

ssize_t
rk_file_read_some(int fd, void *bytes, size_t len)
{
	size_t have = 0;

	while (have < len) {
		ssize_t got = read(fd, (char *)bytes + have, len - have);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		have += (size_t)got;
	}
	return (ssize_t)have;
}

bool
rk_file_exists(const rk_dir *dir, const char *name)
{
	RK_FILE_PLACE(place);
	RK_AUTO(rk_error) err = NULL;
	struct stat st;

	err = rk_file_find(dir, name, &place);
	return !err && fstatat(place.fd, place.name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISREG(st.st_mode);
}

rk_error *
rk_file_remove(const rk_dir *dir, const char *name)
{
	RK_FILE_PLACE(place);
	rk_error *err;

	err = rk_file_find(dir, name, &place);
	if (rk_error_code(err) == RK_E_NOT_FOUND) {
		rk_error_free(err);
		return NULL;
	}
	if (err)
		return err;
	if (unlinkat(place.fd, place.name, 0) != 0 && errno != ENOENT)
		return rk_file_trouble(errno, "remove", place.where);
	return NULL;
}

static rk_error *
hash(int fd, const char *where, EVP_MD_CTX *ctx, uint64_t *len)
{
	RK_AUTO(rk_str) piece = malloc(RK_FILE_PIECE);
	ssize_t got;

	if (!piece)
		return rk_out_of_memory();
	*len = 0;
	while ((got = rk_file_read_some(fd, piece, RK_FILE_PIECE)) > 0) {
		if (EVP_DigestUpdate(ctx, piece, (size_t)got) != 1)
			return rk_fail(RK_E_INTERNAL, NULL, "SHA-256 failed");
		*len += (uint64_t)got;
	}
	return got < 0 ? rk_file_trouble(errno, "read", where) : NULL;
}

rk_error *
rk_file_sha256(const rk_dir *dir, const char *name, uint8_t out[static 32], uint64_t *ret_len)
{
	RK_FILE_PLACE(place);
	EVP_MD_CTX *ctx;
	uint64_t len = 0;
	rk_error *err;
	int fd = -1;

	err = rk_file_find(dir, name, &place);
	if (!err)
		err = rk_file_open_plain(&place, O_RDONLY, 0, &fd);
	if (err)
		return err;
	ctx = EVP_MD_CTX_new();
	if (!ctx || EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) != 1)
		err = rk_out_of_memory();
	else
		err = hash(fd, place.where, ctx, &len);
	if (!err && EVP_DigestFinal_ex(ctx, out, NULL) != 1)
		err = rk_fail(RK_E_INTERNAL, NULL, "SHA-256 failed");
	EVP_MD_CTX_free(ctx);
	close(fd);
	if (!err && ret_len)
		*ret_len = len;
	return err;
}

static rk_error *
feed(int fd, const char *where, uint64_t max, rk_sink sink, uint64_t *len)
{
	RK_AUTO(rk_str) piece = malloc(RK_FILE_PIECE);
	rk_error *err = NULL;
	ssize_t got;

	if (!piece)
		return rk_out_of_memory();
	while (!err && (got = rk_file_read_some(fd, piece, RK_FILE_PIECE)) != 0) {
		if (got < 0)
			return rk_file_trouble(errno, "read", where);
		if ((uint64_t)got > max - *len)
			return rk_fail(RK_E_LIMIT, NULL, "%s has more than %llu bytes",
			    RK_SHOW(where), (unsigned long long)max);
		err = sink.write(sink.context, piece, (size_t)got);
		*len += (uint64_t)got;
	}
	return err;
}

rk_error *
rk_file_feed(const rk_dir *dir, const char *name, uint64_t max, rk_sink sink, uint64_t *ret_len)
{
	RK_FILE_PLACE(place);
	uint64_t len = 0;
	rk_error *err;
	int fd = -1;

	err = rk_file_find(dir, name, &place);
	if (!err)
		err = rk_file_open_plain(&place, O_RDONLY, 0, &fd);
	if (err)
		return err;
	err = feed(fd, place.where, max, sink, &len);
	close(fd);
	if (!err && ret_len)
		*ret_len = len;
	return err;
}
