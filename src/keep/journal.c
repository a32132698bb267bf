#include "keep/journal_private.h"

#include "base/show.h"
#include "world/signature.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

rk_error *
rk_journal_text(const rk_dir *dir, rk_text **ret_text)
{
	rk_error *err = rk_text_read(dir, RK_JOURNAL_FILE, RK_JOURNAL_MAX, ret_text);

	if (rk_error_code(err) != RK_E_NOT_FOUND)
		return err;
	rk_error_free(err);
	return rk_text_copy("", 0, ret_text);
}

bool
rk_journal_next(const rk_text *text, size_t offset, struct rk_journal_line *ret_line)
{
	const char *newline;

	if (offset >= text->len)
		return false;
	newline = memchr(text->data + offset, '\n', text->len - offset);
	if (!newline)
		return false;
	ret_line->bytes = text->data + offset;
	ret_line->len = (size_t)(newline - ret_line->bytes);
	ret_line->end = offset + ret_line->len + 1;
	return true;
}

static rk_error *
broken(int64_t number, const char *what)
{
	return rk_fail(RK_E_MALFORMED,
	    "compare it with a copy: 'rootkeep log verify --against COPY'", "line %lld of %s %s",
	    (long long)number, RK_JOURNAL_FILE, what);
}

/* What every line must have, whatever else it tells. */
static rk_error *
judge_line(const struct rk_journal_line *line, const rk_journal_head *before)
{
	int64_t number = before->count + 1, seq = 0;
	char prev[2 * RK_SHA256_SIZE + 1], where[64];
	rk_json object, member;
	rk_error *err;

	rk_hex(prev, before->sha256, RK_SHA256_SIZE);
	snprintf(where, sizeof(where), "line %lld of the journal", (long long)number);
	err = rk_scan_bytes(line->bytes, line->len, where, &object);
	if (err)
		return rk_wrap(
		    err, "line %lld of %s cannot be read", (long long)number, RK_JOURNAL_FILE);
	if (object.kind != RK_JSON_OBJECT)
		return broken(number, "is not an object");
	if (!rk_json_get(&object, "seq", &member))
		return broken(number, "has no seq");
	err = rk_json_int(&member, &seq);
	if (err || seq != number) {
		rk_error_free(err);
		return broken(number, "is not numbered so");
	}
	if (!rk_json_get(&object, "prev", &member) || !rk_json_is(&member, prev))
		return broken(number, "does not follow from the line before it");
	return NULL;
}

static void
stand_on(const struct rk_journal_line *line, rk_journal_head *head)
{
	rk_sha256(line->bytes, line->len, head->sha256);
	head->count++;
	head->size = line->end;
}

rk_error *
rk_journal_walk(const rk_text *text, struct rk_journal_walk *walk)
{
	struct rk_journal_line line;
	rk_error *err = NULL;

	walk->head = (rk_journal_head){0};
	while (!err && rk_journal_next(text, walk->head.size, &line)) {
		err = judge_line(&line, &walk->head);
		if (err)
			break;
		stand_on(&line, &walk->head);
		if (walk->each)
			err = walk->each(walk->context, &line, &walk->head);
		rk_text_forget(text, walk->head.size);
	}
	walk->head.torn = text->len - walk->head.size;
	return err;
}

rk_error *
rk_journal_verify(const rk_dir *dir, rk_journal_head *ret_head)
{
	RK_AUTO(rk_text) text = NULL;
	struct rk_journal_walk walk = {0};
	rk_error *err;

	err = rk_journal_text(dir, &text);
	if (!err)
		err = rk_journal_walk(text, &walk);
	if (!err)
		*ret_head = walk.head;
	return err;
}

static rk_error *
last_seq(const struct rk_journal_line *line, int64_t *ret_seq)
{
	rk_json object, member;
	rk_error *err;

	err = rk_scan_bytes(line->bytes, line->len, "the journal's last line", &object);
	if (err)
		return err;
	if (object.kind != RK_JSON_OBJECT || !rk_json_get(&object, "seq", &member))
		return rk_fail(RK_E_MALFORMED,
		    "see 'rootkeep log verify', and compare it with a copy",
		    "the last line of %s is no entry", RK_JOURNAL_FILE);
	return rk_json_int(&member, ret_seq);
}

rk_error *
rk_journal_read_head(const rk_dir *dir, rk_journal_head *ret_head)
{
	RK_AUTO(rk_text) text = NULL;
	struct rk_journal_line line;
	rk_journal_head head = {0};
	const char *end, *begin;
	uint64_t from;
	rk_error *err;

	err = rk_journal_tail(dir, &text, &from);
	if (err)
		return err;
	end = text->len ? memrchr(text->data, '\n', text->len) : NULL;
	head.torn = text->len;
	if (end) {
		begin =
		    end > text->data ? memrchr(text->data, '\n', (size_t)(end - text->data)) : NULL;
		line.bytes = begin ? begin + 1 : text->data;
		line.len = (size_t)(end - line.bytes);
		head.size = from + (uint64_t)(end - text->data) + 1;
		head.torn = from + text->len - head.size;
		err = last_seq(&line, &head.count);
		rk_sha256(line.bytes, line.len, head.sha256);
	}
	if (!err)
		*ret_head = head;
	return err;
}

/* For people who want the entries as trees. */
struct reading {
	rk_error *(*each)(void *context, const rk_node *entry, const rk_journal_head *upto);
	void *context;
};

static rk_error *
read_line(void *context, const struct rk_journal_line *line, const rk_journal_head *head)
{
	struct reading *reading = context;
	RK_AUTO(rk_node) entry = NULL;
	rk_error *err;

	err = rk_node_parse(line->bytes, line->len, RK_JOURNAL_FILE, &entry);
	return err ? err : reading->each(reading->context, entry, head);
}

rk_error *
rk_journal_each(const rk_dir *dir,
    rk_error *(*each)(void *context, const rk_node *entry, const rk_journal_head *upto),
    void *context)
{
	RK_AUTO(rk_text) text = NULL;
	struct reading reading = {each, context};
	struct rk_journal_walk walk = {.each = read_line, .context = &reading};
	rk_error *err;

	err = rk_journal_text(dir, &text);
	return err ? err : rk_journal_walk(text, &walk);
}

/* A head that was written down, looked for along the chain. */
struct finding {
	const uint8_t *wanted;
	int64_t at; /* 0: not yet */
};

static rk_error *
compare_head(void *context, const struct rk_journal_line *line, const rk_journal_head *head)
{
	struct finding *finding = context;

	(void)line;
	if (memcmp(head->sha256, finding->wanted, RK_SHA256_SIZE) == 0)
		finding->at = head->count;
	return NULL;
}

rk_error *
rk_journal_check_head(
    const rk_dir *dir, const uint8_t wanted[static RK_SHA256_SIZE], int64_t *ret_since)
{
	RK_AUTO(rk_text) text = NULL;
	struct finding finding = {.wanted = wanted};
	struct rk_journal_walk walk = {.each = compare_head, .context = &finding};
	rk_error *err;

	err = rk_journal_text(dir, &text);
	if (!err)
		err = rk_journal_walk(text, &walk);
	if (err)
		return err;
	if (!finding.at)
		return rk_fail(RK_E_UNTRUSTED,
		    "look for a copy that holds it: the journal was cut off or written anew",
		    "the journal does not hold the head that was written down%s",
		    walk.head.torn ? "; its torn last line may have been the one" : "");
	*ret_since = walk.head.count - finding.at;
	return NULL;
}

static rk_error *
part_at(const rk_text *ours, const rk_text *copy, int64_t *ret_number)
{
	struct rk_journal_line here, there;
	size_t offset = 0;
	int64_t number = 1;

	while (rk_journal_next(copy, offset, &there)) {
		if (!rk_journal_next(ours, offset, &here))
			return rk_fail(RK_E_UNTRUSTED,
			    "keep the copy: the journal here was cut off",
			    "the copy has a line %lld, and the journal here does not",
			    (long long)number);
		if (here.len != there.len || memcmp(here.bytes, there.bytes, here.len) != 0)
			return rk_fail(RK_E_UNTRUSTED, "find out which of the two was written anew",
			    "the journal and the copy part at line %lld", (long long)number);
		offset = here.end;
		number++;
	}
	*ret_number = number - 1;
	return NULL;
}

rk_error *
rk_journal_check_copy(const rk_dir *dir, const rk_text *copy, int64_t *ret_since)
{
	RK_AUTO(rk_text) text = NULL;
	struct rk_journal_walk walk = {0};
	int64_t common = 0;
	rk_error *err;

	err = rk_journal_text(dir, &text);
	if (!err)
		err = rk_journal_walk(text, &walk);
	if (!err)
		err = part_at(text, copy, &common);
	if (!err)
		*ret_since = walk.head.count - common;
	return err;
}
