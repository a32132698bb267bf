#include "flow/collect_private.h"

#include "base/show.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define CHUNK (1u << 20)
#define FILES_MAX (10u << 20)

rk_error *
rk_collection_new(const rk_dialect *dialect, rk_collection **ret_collection)
{
	rk_collection *collection = calloc(1, sizeof(*collection));

	if (!collection)
		return rk_out_of_memory();
	collection->dialect = dialect;
	collection->lines.dialect = dialect;
	*ret_collection = collection;
	return NULL;
}

void
rk_collection_free(rk_collection *collection)
{
	if (!collection)
		return;
	for (size_t i = 0; i < collection->count; i++) {
		rk_target_free(collection->items[i].target);
		free(collection->items[i].path);
	}
	free(collection->items);
	free(collection->edits);
	rk_collect_lines_clear(&collection->lines);
	free(collection);
}

/* Takes both over, also on failure. */
static rk_error *
add(rk_collection *collection, rk_target *target, char *path)
{
	RK_AUTO(rk_target) taken = target;
	RK_AUTO(rk_str) file = path;

	if (collection->count == collection->cap) {
		size_t cap = collection->cap ? 2 * collection->cap : 16;
		struct rk_collected *grown = realloc(collection->items, cap * sizeof(*grown));

		if (!grown)
			return rk_out_of_memory();
		collection->items = grown;
		collection->cap = cap;
	}
	collection->items[collection->count++] =
	    (struct rk_collected){RK_TAKE(taken), RK_TAKE(file)};
	return NULL;
}

static rk_error *
hash_stream(const struct rk_collect *how, FILE *file, const char *path, uint64_t total,
    rk_payload_pass *pass)
{
	char *chunk = malloc(CHUNK);
	rk_sink sink = rk_payload_sink(pass);
	uint64_t done = 0;
	size_t got;
	rk_error *err = chunk ? NULL : rk_out_of_memory();

	while (!err && (got = fread(chunk, 1, CHUNK, file)) > 0) {
		err = sink.write(sink.context, chunk, got);
		done += got;
		if (total > CHUNK)
			how->env->ops->progress(how->env, "hashing files", done, total);
	}
	if (!err && ferror(file))
		err = rk_fail_errno(RK_E_IO, errno, NULL, "cannot read %s", RK_SHOW(path));
	free(chunk);
	return err;
}

static void
take_hashes(const rk_payload *payload, unsigned set, rk_hashes *hashes)
{
	for (int hash = RK_HASH_SHA224; hash <= RK_HASH_SHA512; hash++) {
		size_t len = 0;
		const uint8_t *digest = set & (1u << hash)
					    ? rk_payload_digest(payload, (enum rk_hash)hash, &len)
					    : NULL;

		if (digest)
			rk_hashes_set(hashes, (enum rk_hash)hash, digest);
	}
}

static rk_error *
hash_file(const struct rk_collect *how, const char *path, rk_target *target)
{
	RK_AUTO(rk_payload_pass) pass = NULL;
	rk_payload payload = {0};
	struct stat facts;
	FILE *file = fopen(path, "re");
	rk_error *err;

	if (!file)
		return rk_fail_errno(errno == ENOENT ? RK_E_NOT_FOUND : RK_E_IO, errno, NULL,
		    "cannot open %s", RK_SHOW(path));
	if (fstat(fileno(file), &facts) < 0 || !S_ISREG(facts.st_mode)) {
		fclose(file);
		return rk_fail(RK_E_REFUSED, NULL, "%s is not a regular file", RK_SHOW(path));
	}
	err = rk_payload_begin(how->hashes, false, &pass);
	if (!err)
		err = hash_stream(how, file, path, (uint64_t)facts.st_size, pass);
	fclose(file);
	if (!err)
		err = rk_payload_finish(pass, &payload);
	if (err)
		return err;
	target->length = payload.len;
	take_hashes(&payload, how->hashes, &target->hashes);
	rk_payload_clear(&payload);
	return NULL;
}

static rk_error *
add_file(
    rk_collection *collection, const struct rk_collect *how, const char *name, const char *path)
{
	RK_AUTO(rk_target) target = calloc(1, sizeof(*target));
	RK_AUTO(rk_str) copy = NULL;
	rk_error *err =
	    target ? rk_target_check_name(collection->dialect, name) : rk_out_of_memory();

	if (!err)
		err = rk_strdup(name, &target->name);
	if (!err && how->custom)
		err = rk_strdup(how->custom, &target->custom);
	if (!err)
		err = hash_file(how, path, target);
	if (!err)
		err = rk_strdup(path, &copy);
	return err ? err : add(collection, RK_TAKE(target), RK_TAKE(copy));
}

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

/* As it was typed; from elsewhere, a file's own name, and nothing for a folder. */
static const char *
typed_name(const char *path, bool folder)
{
	while (!strncmp(path, "./", 2))
		path += 2;
	if (path[0] == '/' || strstr(path, ".."))
		return folder ? "" : base_name(path);
	return strcmp(path, ".") ? path : "";
}

/* The name that a file gets: relative to the base, or as it was typed. */
static rk_error *
name_of(const struct rk_collect *how, const char *path, bool folder, char **ret_name)
{
	RK_AUTO(rk_str) base = how->base ? realpath(how->base, NULL) : NULL;
	RK_AUTO(rk_str) real = how->base ? realpath(path, NULL) : NULL;
	const char *name;

	if (!how->base)
		return rk_strdup(typed_name(path, folder), ret_name);
	if (!base || !real)
		return rk_fail_errno(RK_E_NOT_FOUND, errno, NULL, "cannot find %s",
		    RK_SHOW(base ? path : how->base));
	name = real + strlen(base);
	if (strncmp(real, base, strlen(base)) != 0 || (*name && *name != '/' && base[1]))
		return rk_fail(RK_E_REFUSED, "give a --base that holds it", "%s is not below %s",
		    RK_SHOW(path), RK_SHOW(how->base));
	while (*name == '/')
		name++;
	return rk_strdup(name, ret_name);
}

static rk_error *
add_folder(
    rk_collection *collection, const struct rk_collect *how, const char *prefix, const char *path)
{
	RK_AUTO(rk_dir) dir = NULL;
	RK_AUTO(rk_names) names = NULL;
	rk_error *err = rk_dir_open(path, RK_DIR_ANY, &dir);

	if (!err)
		err = rk_dir_walk(dir, "", FILES_MAX, &names);
	for (size_t i = 0; !err && i < names->count; i++) {
		RK_AUTO(rk_str) name = NULL;
		RK_AUTO(rk_str) file = NULL;
		size_t len = strlen(prefix);

		err = rk_strdupf(&name, "%s%s%s", prefix,
		    len > 0 && prefix[len - 1] != '/' ? "/" : "", names->names[i]);
		if (!err)
			err = rk_strdupf(&file, "%s/%s", path, names->names[i]);
		if (!err)
			err = add_file(collection, how, name, file);
		how->env->ops->progress(how->env, "hashing files", i + 1, names->count);
	}
	return err;
}

rk_error *
rk_collection_path(rk_collection *collection, const struct rk_collect *how, const char *path)
{
	struct stat facts;
	RK_AUTO(rk_str) name = NULL;
	bool folder;
	rk_error *err;

	if (stat(path, &facts) < 0)
		return rk_fail_errno(errno == ENOENT ? RK_E_NOT_FOUND : RK_E_IO, errno, NULL,
		    "cannot find %s", RK_SHOW(path));
	folder = S_ISDIR(facts.st_mode);
	err = name_of(how, path, folder, &name);
	if (err)
		return err;
	return folder ? add_folder(collection, how, name, path)
		      : add_file(collection, how, name, path);
}

rk_error *
rk_collection_fact(rk_collection *collection, const rk_target *target)
{
	RK_AUTO(rk_target) copy = calloc(1, sizeof(*copy));
	rk_error *err =
	    copy ? rk_target_check_name(collection->dialect, target->name) : rk_out_of_memory();

	if (!err)
		err = rk_strdup(target->name, &copy->name);
	if (!err && target->custom)
		err = rk_strdup(target->custom, &copy->custom);
	if (err)
		return err;
	copy->length = target->length;
	copy->hashes = target->hashes;
	return add(collection, RK_TAKE(copy), NULL);
}

rk_error *
rk_collection_remove(rk_collection *collection, const char *name)
{
	RK_AUTO(rk_target) target = calloc(1, sizeof(*target));
	rk_error *err = target ? rk_strdup(name, &target->name) : rk_out_of_memory();

	/* No hash at all marks it: a target that is put in has one. */
	return err ? err : add(collection, RK_TAKE(target), NULL);
}

rk_error *
rk_collection_list(rk_collection *collection, const char *path)
{
	return rk_collect_lines_read(&collection->lines, path);
}

size_t
rk_collection_count(const rk_collection *collection)
{
	return collection->lines.text ? collection->lines.count : collection->count;
}

rk_error *
rk_collection_edits(rk_collection *collection, rk_target_edits **ret_edits)
{
	rk_error *err;

	if (collection->lines.text) {
		*ret_edits = &collection->lines.edits;
		return NULL;
	}
	free(collection->edits);
	collection->edits = calloc(collection->count + 1, sizeof(*collection->edits));
	if (!collection->edits)
		return rk_out_of_memory();
	for (size_t i = 0; i < collection->count; i++) {
		const rk_target *target = collection->items[i].target;

		collection->edits[i] = (struct rk_target_edit){target, target->hashes.have == 0};
	}
	err = rk_target_edit_list_init(&collection->list, collection->edits, collection->count);
	if (!err)
		*ret_edits = &collection->list.edits;
	return err;
}

/* "a/HASH.b" for "a/b". */
static rk_error *
published_path(const rk_target *target, enum rk_hash hash, char **ret_path)
{
	const char *name = base_name(target->name);
	char hex[2 * RK_HASHES_MAX + 1];

	rk_hex(hex, target->hashes.value[hash], rk_hashes_size(hash));
	return rk_strdupf(
	    ret_path, "%.*s%s.%s", (int)(name - target->name), target->name, hex, name);
}

static rk_error *
copy_file(const rk_dir *dir, const char *name, const char *path)
{
	RK_AUTO(rk_writer) writer = NULL;
	RK_AUTO(rk_str) parent = NULL;
	FILE *file = fopen(path, "re");
	char *chunk = malloc(CHUNK);
	rk_sink sink;
	size_t got;
	rk_error *err = chunk ? NULL : rk_out_of_memory();

	if (!err && !file)
		err = rk_fail_errno(RK_E_IO, errno, NULL, "cannot open %s", RK_SHOW(path));
	if (!err && strrchr(name, '/'))
		err = rk_strndup(name, (size_t)(strrchr(name, '/') - name), &parent);
	if (!err && parent)
		err = rk_dir_make(dir, parent);
	if (!err)
		err = rk_writer_open(dir, name, false, 0644, &writer);
	if (!err)
		sink = rk_writer_sink(writer);
	while (!err && (got = fread(chunk, 1, CHUNK, file)) > 0)
		err = sink.write(sink.context, chunk, got);
	if (!err && ferror(file))
		err = rk_fail_errno(RK_E_IO, errno, NULL, "cannot read %s", RK_SHOW(path));
	if (file)
		fclose(file);
	free(chunk);
	return err ? err : rk_writer_finish(writer);
}

rk_error *
rk_collection_publish(const rk_collection *collection, const char *dir, bool numbered)
{
	RK_AUTO(rk_dir) to = NULL;
	rk_error *err = rk_dir_make_path(dir);

	if (!err)
		err = rk_dir_open(dir, RK_DIR_ANY, &to);
	for (size_t i = 0; i < collection->count && !err; i++) {
		const struct rk_collected *item = &collection->items[i];

		if (!item->path)
			continue;
		if (!numbered)
			err = copy_file(to, item->target->name, item->path);
		for (int hash = RK_HASH_SHA224; numbered && hash <= RK_HASH_SHA512 && !err;
		     hash++) {
			RK_AUTO(rk_str) name = NULL;

			if (!(item->target->hashes.have & (1u << hash)))
				continue;
			err = published_path(item->target, (enum rk_hash)hash, &name);
			if (!err)
				err = copy_file(to, name, item->path);
		}
	}
	return err;
}
