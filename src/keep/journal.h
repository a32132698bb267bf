/*
 * journal.h - what happened to the keep: hash-chained, append-only, one JSON object a line
 *
 * Each line holds the SHA-256 of the line before it (its bytes without the newline; 64 zeros in the
 * first), so a line cannot be changed without changing all that follow. Whoever can write the file
 * can write all of it anew: only a head that was kept elsewhere, as words or in a copy, shows that.
 *
 * Ownership  entries own what they are given.
 * Errors     RK_E_MALFORMED a line that is none, or breaks the chain, with its number;
 *            RK_E_UNTRUSTED the journal does not hold what a head or a copy says; RK_E_LIMIT;
 *            RK_E_IO; RK_E_NOMEM.
 */
#ifndef RK_KEEP_JOURNAL_H
#define RK_KEEP_JOURNAL_H

#include "base/file.h"
#include "base/hashwords.h"
#include "world/env.h"
#include "json/document.h"

#define RK_JOURNAL_FILE "journal.jsonl"
#define RK_JOURNAL_TORN "journal.torn"
#define RK_JOURNAL_MAX (1u << 30) /* bytes */

typedef struct rk_journal_entry rk_journal_entry;

/* `action` is the command and its object: "sign demo". The time is env's. */
RK_CHECKED rk_error *
rk_journal_entry_new(rk_env *env, const char *action, rk_journal_entry **ret_entry);
/* The holder, where known; NULL is fine. */
RK_CHECKED rk_error *rk_journal_entry_who(rk_journal_entry *entry, const char *who);
/* A key that took part, by its fingerprint in hex; more than once counts once. */
RK_CHECKED rk_error *rk_journal_entry_key(rk_journal_entry *entry, const char *fingerprint);
/* An array of {serial, label, model, firmware, module, version, sha256}; taken over, also on
 * failure. */
RK_CHECKED rk_error *rk_journal_entry_tokens(rk_journal_entry *entry, rk_node *tokens);
RK_CHECKED rk_error *rk_journal_entry_note(rk_journal_entry *entry, const char *note);
/* What the machine's clock said, where --now made the run believe another time. */
void rk_journal_entry_clock(rk_journal_entry *entry, int64_t clock);
/* Any other member ("signature", "except"); taken over, also on failure. RK_E_REFUSED a member that
 * has a function of its own. */
RK_CHECKED rk_error *
rk_journal_entry_put(rk_journal_entry *entry, const char *member, rk_node *value);
/* A rule that was gone past, and the reason that was given: in the member "except". */
RK_CHECKED rk_error *
rk_journal_entry_except(rk_journal_entry *entry, const char *rule, const char *reason);
/* A file's digest before and after; NULL: was not or is not there. rk_change fills these in. */
RK_CHECKED rk_error *rk_journal_entry_file(
    rk_journal_entry *entry, const char *path, const uint8_t *before, const uint8_t *after);
void rk_journal_entry_free(rk_journal_entry *entry);
RK_DEFINE_FREEP(rk_journal_entry)

/* The end of the chain. */
typedef struct rk_journal_head {
	int64_t count; /* lines; the last one's seq */
	uint8_t sha256[RK_SHA256_SIZE]; /* of the last line; zeros where there is none */
	uint64_t size; /* bytes of whole lines */
	uint64_t torn; /* bytes of a torn line after them */
} rk_journal_head;

/* By the last whole line alone. No journal is an empty one. */
RK_CHECKED rk_error *rk_journal_read_head(const rk_dir *dir, rk_journal_head *ret_head);
/* The entry as the line that follows `head`, without a newline. */
RK_CHECKED rk_error *
rk_journal_line(rk_journal_entry *entry, const rk_journal_head *head, rk_buf *out);
/* Every line, the chain, and the head. RK_E_MALFORMED names the first line that is wrong. A torn
 * last line is told in `ret_head`. */
RK_CHECKED rk_error *rk_journal_verify(const rk_dir *dir, rk_journal_head *ret_head);
/* Every line in order, verified as it goes; an error of `each` ends it and is returned. */
RK_CHECKED rk_error *rk_journal_each(const rk_dir *dir,
    rk_error *(*each)(void *context, const rk_node *entry, const rk_journal_head *upto),
    void *context);
/* Verify, and find a head that was written down. `*ret_since`: how many lines came after it.
 * RK_E_UNTRUSTED: the chain does not hold it (a torn line may be the one: said). */
RK_CHECKED rk_error *rk_journal_check_head(
    const rk_dir *dir, const uint8_t head[static RK_SHA256_SIZE], int64_t *ret_since);
/* Verify, and compare with a copy, which may be shorter. RK_E_UNTRUSTED: they part, or lines of the
 * copy are missing here. */
RK_CHECKED rk_error *
rk_journal_check_copy(const rk_dir *dir, const rk_text *copy, int64_t *ret_since);
/* For a writer: a torn last line goes to the end of journal.torn, and is cut off; `*ret_torn`: it
 * was so. The caller says it. */
RK_CHECKED rk_error *rk_journal_mend(const rk_dir *dir, bool *ret_torn);
/* Have the disk keep room for a line that is about to be appended, without changing the journal. */
RK_CHECKED rk_error *rk_journal_reserve(const rk_dir *dir, uint64_t offset, size_t len);
/*
 * Append a line, or several with newlines between them, at `offset`, the size of the journal before
 * it; what is there of it already (after a power cut) is completed. RK_E_UNTRUSTED: something else
 * stands there.
 */
RK_CHECKED rk_error *
rk_journal_append(const rk_dir *dir, uint64_t offset, const char *line, size_t len);

#endif
