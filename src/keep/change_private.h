/*
 * change_private.h - effects as data, their intent on the disk, and how they are carried out
 *
 * Ownership  a list owns its effects and their strings.
 * Errors     as change.h.
 */
#ifndef RK_KEEP_CHANGE_PRIVATE_H
#define RK_KEEP_CHANGE_PRIVATE_H

#include "keep/change.h"

#define RK_CHANGE_VERSION 1
#define RK_CHANGE_INTENT_MAX (256u << 20) /* bytes */
#define RK_CHANGE_MODE 0644
/* Up to so many files and folders are synced one by one; more, by one syncfs. */
#define RK_CHANGE_SYNC_EACH 16

enum rk_change_kind {
	RK_CHANGE_PLACE, /* `from` becomes `path` */
	RK_CHANGE_DROP, /* `path` goes */
};

struct rk_change_effect {
	enum rk_change_kind kind;
	enum rk_change_how how;
	char *from; /* PLACE: in `.pending/`, or a file of the keep that moves */
	char *path;
	bool is_move; /* `from` is a file of the keep */
	bool is_refilled; /* and another effect is on it: set by the commit */
	size_t entry; /* which of the journal's entries tells of it */
	uint8_t sha256[RK_SHA256_SIZE]; /* PLACE: of the file */
};

struct rk_change_effects {
	struct rk_change_effect *items;
	size_t count;
	size_t cap;
};

/* Lines for the journal, and where they go. */
struct rk_change_line {
	rk_buf text; /* without the last one's newline; empty: none */
	uint64_t offset;
};

/* Strings are copied. */
RK_CHECKED rk_error *
rk_change_effects_add(struct rk_change_effects *effects, const struct rk_change_effect *effect);
void rk_change_effects_clear(struct rk_change_effects *effects);

/* Which effect a path has: slots of effect numbers, from 1; 0 is free. */
struct rk_change_index {
	size_t *slots;
	size_t size; /* a power of two, or 0 */
};

/* NULL: none. */
struct rk_change_effect *rk_change_index_find(
    const struct rk_change_index *index, const struct rk_change_effects *effects, const char *path);
/* Take in the effect that was added last; its path must have had none. */
RK_CHECKED rk_error *
rk_change_index_last(struct rk_change_index *index, const struct rk_change_effects *effects);
void rk_change_index_clear(struct rk_change_index *index);

struct rk_change {
	rk_keep *keep;
	const rk_dir *dir;
	struct rk_change_effects effects;
	struct rk_change_index index;
	rk_journal_entry **entries;
	size_t entry_count;
	struct rk_change_line line;
	bool saves_keep;
	bool is_spent;
	bool is_decided; /* the intent is there: `.pending/` belongs to it */
	/* The file that is being written. */
	struct rk_change_file *file;
	rk_dir *pending;
	size_t written;
	char *judged; /* the path whose way was judged last */
	bool wants_sync; /* more files than are synced one by one */
};

/* change_file.c: one file in `.pending/`. */
RK_CHECKED rk_error *
rk_change_file_begin(rk_change *change, const char *path, enum rk_change_how how);
rk_sink rk_change_file_sink(rk_change *change);
/* The file is complete: it becomes an effect. Nothing begun is success. */
RK_CHECKED rk_error *rk_change_file_end(rk_change *change);
/* Half of a file is forgotten. */
void rk_change_file_drop(rk_change *change);
/* Put an effect in, or in the place of the path's earlier one. */
RK_CHECKED rk_error *rk_change_effect_put(rk_change *change, const struct rk_change_effect *effect);

/* The intent's text, and back. RK_E_NEWER, RK_E_MALFORMED. */
RK_CHECKED rk_error *rk_change_intent_write(
    const struct rk_change_effects *effects, const struct rk_change_line *line, rk_buf *out);
RK_CHECKED rk_error *rk_change_intent_read(
    const rk_text *text, struct rk_change_effects *effects, struct rk_change_line *line);

/*
 * Carry all out, in order, and bring it to the disk. Effects that have happened are passed over.
 * With `checks` the digest of a file is compared before it is renamed. RK_E_MALFORMED: a file is
 * lost.
 */
RK_CHECKED rk_error *rk_change_apply(const rk_dir *dir, const struct rk_change_effects *effects,
    const struct rk_change_line *line, bool checks);
/* The intent goes; its absence is on the disk. */
RK_CHECKED rk_error *rk_change_forget(const rk_dir *dir);
/* Everything in `.pending/` goes, and the folder. */
RK_CHECKED rk_error *rk_change_clear(const rk_dir *dir);
/* The folder of a path ("" for the keep's own) as a string of its own, and its last part,
 * borrowed. */
RK_CHECKED rk_error *rk_change_split(const char *path, char **ret_folder, const char **ret_name);

#endif
