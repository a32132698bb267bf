#include "keep/probes.h"

#include "base/datetime.h"
#include "base/file.h"
#include "base/hashwords.h"
#include "base/show.h"
#include "json/document.h"
#include "json/write.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FOLDER "probes"
#define FOLDER_MODE 0700
#define FILE_MODE 0600
#define VERSION 1
#define PROBE_MAX ((size_t)64 << 10) /* bytes of a file */
#define WHERE "what is known of tokens of this kind"
#define SUFFIX ".json"
#define NAME_SIZE (2 * RK_SHA256_SIZE + sizeof(SUFFIX))
#define PARTS 5

static const char *const words[RK_PROBE_VERDICT_COUNT] = {
    [RK_PROBE_UNKNOWN] = "unknown",
    [RK_PROBE_WORKS] = "works",
    [RK_PROBE_CANNOT_MAKE] = "cannot be made",
    [RK_PROBE_CANNOT_SIGN] = "does not sign",
};

const char *
rk_probe_word(enum rk_probe_verdict verdict)
{
	return words[verdict < RK_PROBE_VERDICT_COUNT ? verdict : RK_PROBE_UNKNOWN];
}

void
rk_probe_free(rk_probe *probe)
{
	if (!probe)
		return;
	for (size_t type = 0; type < RK_KEY_GENERATED_COUNT; type++)
		free(probe->why[type]);
	free(probe);
}

/* What makes a kind of token. */
static void
list_parts(const rk_token_info *info, const char *parts[static PARTS])
{
	parts[0] = info->manufacturer;
	parts[1] = info->model;
	parts[2] = info->firmware;
	parts[3] = info->module;
	parts[4] = info->module_version;
}

static rk_error *
name_file(const rk_token_info *info, char out[static NAME_SIZE])
{
	const char *parts[PARTS];
	uint8_t digest[RK_SHA256_SIZE];
	RK_AUTO_BUF(text);
	rk_error *err;

	list_parts(info, parts);
	for (size_t i = 0; i < PARTS; i++) {
		rk_buf_text(&text, parts[i] ? parts[i] : "");
		rk_buf_byte(&text, 0);
	}
	err = rk_buf_check(&text);
	if (err)
		return err;
	rk_sha256(text.data, text.len, digest);
	rk_hex(out, digest, sizeof(digest));
	strcat(out, SUFFIX);
	return NULL;
}

static rk_error *
open_folder(const char *state_dir, rk_dir **ret_dir)
{
	RK_AUTO(rk_dir) state = NULL;
	rk_error *err = rk_dir_open(state_dir, RK_DIR_OURS, &state);

	return err ? err : rk_dir_open_at(state, FOLDER, ret_dir);
}

static enum rk_probe_verdict
verdict_of(const char *word)
{
	for (int verdict = 0; verdict < RK_PROBE_VERDICT_COUNT; verdict++)
		if (strcmp(words[verdict], word) == 0)
			return (enum rk_probe_verdict)verdict;
	return RK_PROBE_UNKNOWN;
}

/* A type or a verdict that we do not know says nothing to us. */
static rk_error *
read_result(const rk_node *node, rk_probe *probe)
{
	enum rk_key_type type;
	const char *name = NULL, *result = NULL, *why = rk_node_text(rk_node_get(node, "because"));
	rk_error *err = rk_node_want_text(node, "type", WHERE, &name);

	if (!err)
		err = rk_node_want_text(node, "result", WHERE, &result);
	if (err || !rk_key_type_parse(name, &type) || type >= RK_KEY_GENERATED_COUNT ||
	    probe->verdict[type] != RK_PROBE_UNKNOWN)
		return err;
	probe->verdict[type] = verdict_of(result);
	return why ? rk_strdup(RK_SHOW_BARE(why), &probe->why[type]) : NULL;
}

static rk_error *
read_head(const rk_node *top, rk_probe *probe)
{
	const char *time = NULL;
	int64_t version = 0;
	rk_error *err = rk_node_want_int(top, "rootkeep_probe", WHERE, &version);

	if (!err && version > VERSION)
		return rk_fail(RK_E_NEWER, "use a newer rootkeep",
		    "%s was written by a newer rootkeep", WHERE);
	if (!err)
		err = rk_node_want_text(top, "time", WHERE, &time);
	return err ? err : rk_time_parse(time, strlen(time), &probe->time);
}

static rk_error *
read_text(const rk_text *text, rk_probe **ret_probe)
{
	RK_AUTO(rk_probe) probe = calloc(1, sizeof(*probe));
	RK_AUTO(rk_node) top = NULL;
	rk_node *results = NULL;
	rk_error *err =
	    probe ? rk_node_parse(text->data, text->len, WHERE, &top) : rk_out_of_memory();

	if (!err)
		err = read_head(top, probe);
	if (!err)
		err = rk_node_want_array(top, "results", WHERE, &results);
	for (const rk_node *one = rk_node_child(results); one && !err; one = rk_node_next(one))
		err = read_result(one, probe);
	if (!err)
		*ret_probe = RK_TAKE(probe);
	return err;
}

rk_error *
rk_probes_read(const char *state_dir, const rk_token_info *info, rk_probe **ret_probe)
{
	RK_AUTO(rk_dir) dir = NULL;
	RK_AUTO(rk_text) text = NULL;
	char name[NAME_SIZE];
	rk_error *err = name_file(info, name);

	if (!err)
		err = open_folder(state_dir, &dir);
	if (!err)
		err = rk_text_read(dir, name, PROBE_MAX, &text);
	if (!err)
		err = read_text(text, ret_probe);
	return err ? rk_wrap(err, "nothing is known of tokens of this kind") : NULL;
}

static rk_error *
add_result(rk_node *array, const rk_probe *probe, size_t type)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	rk_error *err = node ? NULL : rk_out_of_memory();

	if (!err)
		err = rk_node_put_text(node, "type", rk_key_type_name((enum rk_key_type)type));
	if (!err)
		err = rk_node_put_text(node, "result", rk_probe_word(probe->verdict[type]));
	if (!err && probe->why[type])
		err = rk_node_put_text(node, "because", probe->why[type]);
	return err ? err : rk_node_append(array, RK_TAKE(node));
}

rk_error *
rk_probe_results(const rk_probe *probe, rk_node **ret_array)
{
	RK_AUTO(rk_node) array = rk_node_new_array();
	rk_error *err = array ? NULL : rk_out_of_memory();

	for (size_t type = 0; type < RK_KEY_GENERATED_COUNT && !err; type++)
		if (probe->verdict[type] != RK_PROBE_UNKNOWN)
			err = add_result(array, probe, type);
	if (!err)
		*ret_array = RK_TAKE(array);
	return err;
}

/* For whoever looks into the folder; the file's name is what counts. */
static rk_error *
put_kind(rk_node *top, const rk_token_info *info)
{
	static const char *const names[PARTS] = {
	    "manufacturer", "model", "firmware", "module", "module_version"};
	const char *parts[PARTS];
	rk_error *err = NULL;

	list_parts(info, parts);
	for (size_t i = 0; i < PARTS && !err; i++)
		if (parts[i])
			err = rk_node_put_text(top, names[i], RK_SHOW_BARE(parts[i]));
	return err;
}

static rk_error *
write_text(const rk_token_info *info, const rk_probe *probe, rk_buf *out)
{
	RK_AUTO(rk_node) top = rk_node_new_object();
	RK_AUTO(rk_node) array = NULL;
	rk_error *err = top ? rk_probe_results(probe, &array) : rk_out_of_memory();

	if (!err)
		err = rk_node_put_int(top, "rootkeep_probe", VERSION);
	if (!err)
		err = rk_node_put_text(top, "time", RK_TIME(probe->time));
	if (!err)
		err = put_kind(top, info);
	if (!err)
		err = rk_node_put(top, "results", RK_TAKE(array));
	if (err)
		return err;
	rk_write_node(out, top, &rk_style_ours, 0);
	return rk_buf_check(out);
}

static rk_error *
make_folder(const char *state_dir, rk_dir **ret_dir)
{
	RK_AUTO(rk_dir) state = NULL;
	rk_error *err = rk_dir_make_path(state_dir);

	if (!err)
		err = rk_dir_open(state_dir, RK_DIR_OURS, &state);
	if (err)
		return err;
	if (mkdirat(rk_dir_fd(state), FOLDER, FOLDER_MODE) != 0 && errno != EEXIST)
		return rk_fail_errno(RK_E_IO, errno, "check who owns that folder",
		    "cannot make a folder in %s", RK_SHOW(state_dir));
	return rk_dir_open_at(state, FOLDER, ret_dir);
}

/* What was not tried this time is as it was known. */
static rk_error *
merge(const rk_probe *known, const rk_probe *news, rk_probe *out)
{
	rk_error *err = NULL;

	out->time = news->time;
	for (size_t type = 0; type < RK_KEY_GENERATED_COUNT && !err; type++) {
		bool is_news = news->verdict[type] != RK_PROBE_UNKNOWN || !known;
		const rk_probe *from = is_news ? news : known;

		out->verdict[type] = from->verdict[type];
		if (from->why[type])
			err = rk_strdup(from->why[type], &out->why[type]);
	}
	return err;
}

rk_error *
rk_probes_note(const char *state_dir, const rk_token_info *info, const rk_probe *probe)
{
	RK_AUTO(rk_probe) known = NULL;
	RK_AUTO(rk_probe) merged = calloc(1, sizeof(*merged));
	RK_AUTO(rk_dir) dir = NULL;
	RK_AUTO_BUF(text);
	char name[NAME_SIZE];
	rk_error *err = merged ? name_file(info, name) : rk_out_of_memory();

	if (err)
		return err;
	/* One that cannot be read is written anew. */
	rk_error_free(rk_probes_read(state_dir, info, &known));
	err = merge(known, probe, merged);
	if (!err)
		err = write_text(info, merged, &text);
	if (!err)
		err = make_folder(state_dir, &dir);
	if (!err)
		err = rk_file_replace(dir, name, text.data, text.len, FILE_MODE);
	return err ? rk_wrap(err, "cannot note what this kind of token can do") : NULL;
}
