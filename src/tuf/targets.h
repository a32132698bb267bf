/*
 * targets.h - targets by the million, and delegations
 *
 * Entries are never made into a tree: they are walked in the text, and an edit writes the next
 * file by copying the text around what changes. Everything not named by the edit (delegations,
 * unknown members, the other entries, formatting) is copied byte for byte. A sorted file costs
 * constant memory, an unsorted one an index (and comes out sorted).
 *
 * Ownership  rk_target owns its strings; spans borrow the envelope.
 * Errors     RK_E_MALFORMED with file and place; RK_E_NOT_FOUND; RK_E_REFUSED; RK_E_NOMEM; the sink's.
 * Units      lengths in bytes.
 * Standard   TUF 1.0, section 4.5 (targets.json and delegated roles), TAP 15.
 */
#ifndef RK_TUF_TARGETS_H
#define RK_TUF_TARGETS_H

#include "tuf/envelope.h"

/* A target as an entry says it. */
typedef struct rk_target {
	char *name;
	uint64_t length;
	rk_hashes hashes;
	char *custom; /* its JSON text, canonical; NULL: none */
} rk_target;

void rk_target_free(rk_target *target);
RK_DEFINE_FREEP(rk_target)
/* A name that may be published: not empty, UTF-8, no control characters, no "..", ".", empty
 * component, no leading or trailing slash, and rk_dialect_check_string. RK_E_REFUSED says which rule. */
RK_CHECKED rk_error *rk_target_check_name(const rk_dialect *dialect, const char *name);
/* `text` (foreign JSON) as canonical text for `custom`. RK_E_MALFORMED; RK_E_REFUSED not an object
 * (with one reader: null), or not rk_dialect_check_value. */
RK_CHECKED rk_error *
rk_target_custom(const rk_dialect *dialect, const char *text, size_t len, char **ret_custom);

/* Walk all entries in the text's order. */
typedef struct rk_targets_iter {
	const rk_envelope *envelope;
	rk_json_iter entries;
} rk_targets_iter;
rk_targets_iter rk_targets_each(const rk_envelope *envelope);
/* `*ret_target` is NULL at the end; else the caller's. */
RK_CHECKED rk_error *rk_targets_next(rk_targets_iter *iter, rk_target **ret_target);
size_t rk_targets_count(const rk_envelope *envelope);
/* One by its name. RK_E_NOT_FOUND. Linear. */
RK_CHECKED rk_error *
rk_targets_find(const rk_envelope *envelope, const char *name, rk_target **ret_target);
/* All entries' members are well-formed (length, hashes): what a client would choke on. What has
 * passed is not looked at again. */
RK_CHECKED rk_error *rk_targets_check(rk_envelope *envelope);

/* One change: the name put in (added or replaced) or taken out. */
struct rk_target_edit {
	const rk_target *target; /* borrowed until the next call of `next` */
	bool remove; /* only target->name counts */
};
/* Edits in ascending order of their names' bytes, each name once (else RK_E_INTERNAL). */
typedef struct rk_target_edits rk_target_edits;
struct rk_target_edits {
	RK_CHECKED rk_error *(*next)(
	    rk_target_edits *self, struct rk_target_edit *ret_edit, bool *ret_more);
};
/* The edits of an array; sorts it. A name twice: the later one counts. */
typedef struct rk_target_edit_list {
	rk_target_edits edits; /* pass &list->edits */
	struct rk_target_edit *items;
	size_t count;
	size_t at;
} rk_target_edit_list;
RK_CHECKED rk_error *
rk_target_edit_list_init(rk_target_edit_list *list, struct rk_target_edit *items, size_t count);

/* What to change; what the rewrite did. */
struct rk_targets_change {
	int64_t version;
	int64_t expires; /* a time; or keep_expires */
	bool keep_expires;
	rk_target_edits *edits; /* NULL: none */
	const char *delegations; /* JSON text that replaces or adds `delegations`; NULL: verbatim */
};
struct rk_targets_changed {
	uint64_t added, replaced, removed, same; /* same: put, but equal to what was there */
};
/*
 * The next version's whole file, with no signatures (`"signatures":[]`), to `sink`. Works for any role's
 * file where only version and expiry change (renew). RK_E_NOT_FOUND: a removal of what is not there.
 * A file that its dialect's one reader would write otherwise is written anew: that costs its size.
 * `ret_changed` may be NULL.
 */
RK_CHECKED rk_error *rk_targets_rewrite(const rk_envelope *envelope,
    const struct rk_targets_change *change, rk_sink sink, struct rk_targets_changed *ret_changed);
/* A file without targets: version 1. */
RK_CHECKED rk_error *
rk_targets_blank(const rk_dialect *dialect, int64_t expires, rk_text **ret_text);
/* What differs between two files, for `diff`: both sorted or indexed; calls back for each name that
 * differs, in ascending order. `before` or `after` is NULL for added or removed; borrowed. */
RK_CHECKED rk_error *rk_targets_compare(const rk_envelope *before, const rk_envelope *after,
    rk_error *(*each)(void *context, const rk_target *before, const rk_target *after),
    void *context);

#endif
