#include "keep/memory_private.h"

#include "base/show.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ANCHORS "anchors"
#define LOCK ".lock"
#define FOLDER_MODE 0700
#define FILE_MODE 0600
#define RECORD_MAX ((size_t)64 << 20)
#define RECORDS_MAX ((size_t)1 << 20)
#define SUFFIX ".json"
#define FILE_SIZE (2 * RK_SHA256_SIZE + sizeof(SUFFIX))
/* Another rootkeep of the same person writes for some milliseconds. */
#define LOCK_TRIES 250
#define LOCK_PAUSE 20000 /* microseconds */

struct rk_memory {
	char *state_dir;
	rk_dir *dir; /* the anchors; NULL: nothing was ever remembered */
	bool is_swept; /* of what other runs left half written: once, not for each repository */
};

static rk_error *
open_anchors(rk_memory *memory)
{
	RK_AUTO(rk_dir) state = NULL;
	rk_error *err;

	err = rk_dir_open(memory->state_dir, RK_DIR_OURS, &state);
	if (!err)
		err = rk_dir_open_at(state, ANCHORS, &memory->dir);
	if (rk_error_code(err) != RK_E_NOT_FOUND)
		return err;
	rk_error_free(err);
	return NULL;
}

rk_error *
rk_memory_open(const char *state_dir, rk_memory **ret_memory)
{
	RK_AUTO(rk_memory) memory = calloc(1, sizeof(*memory));
	rk_error *err;

	if (!memory)
		return rk_out_of_memory();
	err = rk_strdup(state_dir, &memory->state_dir);
	if (!err)
		err = open_anchors(memory);
	if (err)
		return rk_wrap(err, "cannot look up what was signed at this machine");
	*ret_memory = RK_TAKE(memory);
	return NULL;
}

void
rk_memory_free(rk_memory *memory)
{
	if (!memory)
		return;
	rk_dir_free(memory->dir);
	free(memory->state_dir);
	free(memory);
}

static void
name_file(char out[static FILE_SIZE], const uint8_t anchor[static RK_SHA256_SIZE])
{
	rk_hex(out, anchor, RK_SHA256_SIZE);
	strcat(out, SUFFIX);
}

static rk_error *
nothing(void)
{
	return rk_fail(RK_E_NOT_FOUND, "give the root you trust with --root FILE",
	    "nothing is remembered of this repository at this machine");
}

static rk_error *
read_file(const rk_memory *memory, const char *file, rk_memory_record **ret_record)
{
	RK_AUTO(rk_text) text = NULL;
	rk_error *err;

	err = rk_text_read(memory->dir, file, RECORD_MAX, &text);
	if (rk_error_code(err) == RK_E_NOT_FOUND) {
		rk_error_free(err);
		return nothing();
	}
	return err ? err : rk_memory_record_read(text, "this machine's memory", ret_record);
}

rk_error *
rk_memory_recall(const rk_memory *memory, const uint8_t anchor[static RK_SHA256_SIZE],
    rk_memory_record **ret_record)
{
	RK_AUTO(rk_memory_record) record = NULL;
	char file[FILE_SIZE];
	rk_error *err;

	if (!memory->dir)
		return nothing();
	name_file(file, anchor);
	err = read_file(memory, file, &record);
	if (err)
		return err;
	/* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): without an error it is there */
	if (memcmp(record->anchor_sha256, anchor, RK_SHA256_SIZE) != 0)
		return rk_fail(RK_E_MALFORMED, "restore it from a copy",
		    "this machine's memory of an anchor tells of another one");
	*ret_record = RK_TAKE(record);
	return NULL;
}

static rk_error *
recall_named(
    const rk_memory *memory, const rk_names *files, const char *name, rk_memory_record **ret_record)
{
	RK_AUTO(rk_memory_record) found = NULL;
	rk_error *err = NULL;

	for (size_t i = 0; i < files->count && !err; i++) {
		RK_AUTO(rk_memory_record) record = NULL;
		size_t len = strlen(files->names[i]);

		if (len + 1 != FILE_SIZE || files->names[i][0] == '.')
			continue;
		err = read_file(memory, files->names[i], &record);
		if (err || strcmp(record->name, name) != 0)
			continue;
		if (found)
			return rk_fail(RK_E_AMBIGUOUS, "give the root you trust with --root FILE",
			    "this machine remembers more than one repository called %s",
			    RK_SHOW(name));
		found = RK_TAKE(record);
	}
	if (!err && !found)
		err = nothing();
	if (!err)
		*ret_record = RK_TAKE(found);
	return err;
}

rk_error *
rk_memory_recall_name(const rk_memory *memory, const char *name, rk_memory_record **ret_record)
{
	RK_AUTO(rk_names) files = NULL;
	rk_error *err;

	if (!memory->dir)
		return nothing();
	err = rk_dir_list(memory->dir, NULL, RECORDS_MAX, &files);
	return err ? err : recall_named(memory, files, name, ret_record);
}

static const rk_memory_payload *
find_version(const rk_memory_record *record, const char *role, int64_t version,
    const rk_memory_payload *after)
{
	size_t i = after ? (size_t)(after - record->payloads) + 1 : 0;

	for (; i < record->count; i++) {
		if (record->payloads[i].version == version &&
		    strcmp(record->payloads[i].role, role) == 0)
			return &record->payloads[i];
	}
	return NULL;
}

static rk_error *
judge(const rk_memory_record *record, const char *role, int64_t version,
    const uint8_t sha256[static RK_SHA256_SIZE])
{
	const rk_memory_payload *other = NULL;

	for (const rk_memory_payload *known = NULL;
	     (known = find_version(record, role, version, known));) {
		/* Signed before, by whatever exception: signing it again adds nothing. */
		if (memcmp(known->sha256, sha256, RK_SHA256_SIZE) == 0)
			return NULL;
		other = known;
	}
	if (!other)
		return NULL;
	return rk_fail(RK_E_REFUSED,
	    "make a higher version; or, if the first was never given out, sign with --except "
	    "second-payload=REASON",
	    "another %s version %lld of this repository (then called %s) was signed at this "
	    "machine",
	    RK_SHOW(role), (long long)version, RK_SHOW(record->name));
}

rk_error *
rk_memory_check(const rk_memory *memory, const uint8_t anchor[static RK_SHA256_SIZE],
    const char *role, int64_t version, const uint8_t sha256[static RK_SHA256_SIZE])
{
	RK_AUTO(rk_memory_record) record = NULL;
	rk_error *err;

	err = rk_memory_recall(memory, anchor, &record);
	if (rk_error_code(err) == RK_E_NOT_FOUND) {
		rk_error_free(err);
		return NULL;
	}
	return err ? err : judge(record, role, version, sha256);
}

static rk_error *
make_anchors(rk_memory *memory)
{
	RK_AUTO(rk_dir) state = NULL;
	rk_error *err;

	if (memory->dir)
		return NULL;
	err = rk_dir_make_path(memory->state_dir);
	if (!err)
		err = rk_dir_open(memory->state_dir, RK_DIR_OURS, &state);
	if (err)
		return err;
	if (mkdirat(rk_dir_fd(state), ANCHORS, FOLDER_MODE) != 0 && errno != EEXIST)
		return rk_fail_errno(RK_E_IO, errno, "check who owns that folder",
		    "cannot make a folder in %s", RK_SHOW(memory->state_dir));
	err = rk_dir_sync(state, NULL);
	return err ? err : rk_dir_open_at(state, ANCHORS, &memory->dir);
}

static rk_error *
lock(const rk_memory *memory, rk_lock **ret_lock)
{
	rk_error *err;

	for (unsigned try = 0;; try++) {
		err = rk_lock_take(memory->dir, LOCK, ret_lock);
		if (rk_error_code(err) != RK_E_BUSY || try == LOCK_TRIES)
			return err;
		rk_error_free(err);
		usleep(LOCK_PAUSE);
	}
}

static rk_error *
new_record(const struct rk_memory_news *news, rk_memory_record **ret_record)
{
	rk_memory_record *record = calloc(1, sizeof(*record));

	if (!record)
		return rk_out_of_memory();
	record->anchor_version = news->anchor_version;
	memcpy(record->anchor_sha256, news->anchor_sha256, RK_SHA256_SIZE);
	*ret_record = record;
	return NULL;
}

static rk_error *
add_payload(rk_memory_record *record, const rk_memory_payload *payload)
{
	rk_memory_payload *into = NULL;
	rk_error *err = NULL;

	for (size_t i = record->count; i > 0 && !into; i--) {
		rk_memory_payload *known = &record->payloads[i - 1];

		if (known->version == payload->version && strcmp(known->role, payload->role) == 0 &&
		    memcmp(known->sha256, payload->sha256, RK_SHA256_SIZE) == 0)
			into = known;
	}
	if (!into) {
		into = reallocarray(record->payloads, record->count + 1, sizeof(*into));
		if (!into)
			return rk_out_of_memory();
		record->payloads = into;
		into = &record->payloads[record->count];
		*into = (rk_memory_payload){.version = payload->version};
		memcpy(into->sha256, payload->sha256, RK_SHA256_SIZE);
		err = rk_strdup(payload->role, &into->role);
		if (!err)
			record->count++;
	}
	for (size_t i = 0; i < payload->fingerprint_count && !err; i++)
		err = rk_memory_payload_add_fingerprint(into, payload->fingerprints[i]);
	return err;
}

static rk_error *
learn(rk_memory_record *record, const struct rk_memory_news *news)
{
	RK_AUTO(rk_str) name = NULL;
	rk_error *err;

	err = rk_strdup(news->name, &name);
	for (size_t i = 0; i < news->count && !err; i++)
		err = add_payload(record, &news->payloads[i]);
	if (err)
		return err;
	free(record->name);
	record->name = RK_TAKE(name);
	return NULL;
}

/* The next record of an anchor, written and without its name yet. */
static rk_error *
update(const rk_memory *memory, const struct rk_memory_news *news, rk_writer **ret_writer)
{
	RK_AUTO(rk_memory_record) record = NULL;
	RK_AUTO(rk_writer) writer = NULL;
	RK_AUTO_BUF(text);
	char file[FILE_SIZE];
	rk_sink sink;
	rk_error *err;

	name_file(file, news->anchor_sha256);
	err = rk_memory_recall(memory, news->anchor_sha256, &record);
	if (rk_error_code(err) == RK_E_NOT_FOUND) {
		rk_error_free(err);
		err = new_record(news, &record);
	}
	if (!err)
		err = learn(record, news);
	if (!err)
		err = rk_memory_record_write(record, &text);
	if (!err)
		err = rk_writer_open(memory->dir, file, false, FILE_MODE, &writer);
	if (err)
		return err;
	sink = rk_writer_sink(writer);
	err = sink.write(sink.context, text.data, text.len);
	if (!err)
		*ret_writer = RK_TAKE(writer);
	return err;
}

/* One repository under two names: what is told of the first is read again for the second. */
static bool
is_among(const struct rk_memory_news *news, size_t count, const uint8_t *anchor)
{
	for (size_t i = 0; i < count; i++)
		if (memcmp(news[i].anchor_sha256, anchor, RK_SHA256_SIZE) == 0)
			return true;
	return false;
}

static rk_error *
update_all(const rk_memory *memory, const struct rk_memory_news *news, size_t count)
{
	rk_writer **writers = calloc(count + 1, sizeof(rk_writer *));
	rk_error *err = writers ? NULL : rk_out_of_memory();
	size_t first = 0;

	for (size_t i = 0; i < count && !err; i++) {
		if (is_among(&news[first], i - first, news[i].anchor_sha256)) {
			err = rk_writer_finish_all(&writers[first], i - first);
			first = i;
		}
		if (!err)
			err = update(memory, &news[i], &writers[i]);
	}
	if (!err)
		err = rk_writer_finish_all(&writers[first], count - first);
	for (size_t i = 0; writers && i < count; i++)
		rk_writer_free(writers[i]);
	free(writers);
	return err;
}

rk_error *
rk_memory_record_news(rk_memory *memory, const struct rk_memory_news *news, size_t count)
{
	RK_AUTO(rk_lock) held = NULL;
	rk_error *err;

	err = make_anchors(memory);
	if (!err)
		err = lock(memory, &held);
	if (!err && !memory->is_swept)
		err = rk_dir_sweep(memory->dir, NULL);
	if (!err) {
		memory->is_swept = true;
		err = update_all(memory, news, count);
	}
	return err ? rk_wrap(err, "cannot remember at this machine what is signed") : NULL;
}
