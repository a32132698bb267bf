/*
 * keep_private.h - what the rooms of keep.h share: the keep itself, and a sorted list of pointers
 *
 * Ownership  a list borrows its items; the keep frees keys and repositories through the lists by
 *            name.
 * Errors     as keep.h.
 */
#ifndef RK_KEEP_KEEP_PRIVATE_H
#define RK_KEEP_KEEP_PRIVATE_H

#include "keep/keep.h"

#define RK_KEEP_LOCK ".lock"
#define RK_KEEP_REPOS "repos"

/* Items in the order of what `text_of` says of them, each text once. */
struct rk_keep_list {
	void **items;
	size_t count;
	size_t cap;
	const char *(*text_of)(const void *item);
};

struct rk_keep {
	rk_dir *dir; /* NULL: only judged from a text */
	rk_lock *lock; /* NULL: open for reading */
	rk_env *env;
	bool is_new;
	size_t pending_count; /* names given out in `.pending/` */
	struct rk_keep_list keys; /* rk_keep_key, by name */
	struct rk_keep_list prints; /* the same, by fingerprint */
	struct rk_keep_list repos; /* rk_keep_repo, by name */
	rk_node *policy; /* as it holds */
	rk_node *own_policy; /* as the file says it */
	rk_node *rest; /* members of the file that we do not know */
};

/* An empty keep with the default policy. */
RK_CHECKED rk_error *rk_keep_blank(rk_keep **ret_keep);
/* The members of a text into a blank keep; `where` is for messages. */
RK_CHECKED rk_error *rk_keep_read(rk_keep *keep, const rk_text *text, const char *where);

/* At the end, out of order: rk_keep_list_sort comes after. */
RK_CHECKED rk_error *rk_keep_list_append(struct rk_keep_list *list, void *item);
/* False: two items have the same text; `ret_twice` is it. */
bool rk_keep_list_sort(struct rk_keep_list *list, const char **ret_twice);
/* Where `text` is, or would be. */
bool rk_keep_list_seek(const struct rk_keep_list *list, const char *text, size_t *ret_at);
void *rk_keep_list_get(const struct rk_keep_list *list, const char *text);
/* RK_E_INTERNAL: its text is there. */
RK_CHECKED rk_error *rk_keep_list_insert(struct rk_keep_list *list, void *item);
void rk_keep_list_remove(struct rk_keep_list *list, const char *text);
void rk_keep_list_clear(struct rk_keep_list *list);

/* One entry of "keys" or "repositories" as a value; the node is taken over, also on failure. */
RK_CHECKED rk_error *
rk_keep_key_read(const char *name, rk_node *object, const char *where, rk_keep_key **ret_key);
RK_CHECKED rk_error *
rk_keep_repo_read(const char *name, rk_node *object, const char *where, rk_keep_repo **ret_repo);
/* Its certificates, as they stand in its rest. RK_E_MALFORMED. */
RK_CHECKED rk_error *rk_keep_certificates_judge(const rk_keep_key *key, const char *where);
/* And back. */
RK_CHECKED rk_error *rk_keep_key_node(const rk_keep_key *key, rk_node **ret_object);
RK_CHECKED rk_error *rk_keep_repo_node(const rk_keep_repo *repo, rk_node **ret_object);
/* The key into the lists, which own it from then on; freed on failure. */
RK_CHECKED rk_error *rk_keep_key_own(rk_keep *keep, rk_keep_key *key);
RK_CHECKED rk_error *rk_keep_repo_own(rk_keep *keep, rk_keep_repo *repo);
void rk_keep_key_free(rk_keep_key *key);
RK_DEFINE_FREEP(rk_keep_key)
void rk_keep_repo_free(rk_keep_repo *repo);
RK_DEFINE_FREEP(rk_keep_repo)

/* Strings: an array that grows by one. The text is copied. */
RK_CHECKED rk_error *rk_keep_strings_add(char ***strings, size_t *count, const char *text);
/* From an array of texts; every one must be a text. */
RK_CHECKED rk_error *rk_keep_strings_read(
    const rk_node *array, const char *where, char ***ret_strings, size_t *ret_count);
RK_CHECKED rk_error *rk_keep_strings_node(char *const *strings, size_t count, rk_node **ret_array);
void rk_keep_strings_free(char **strings, size_t count);
/* 64 lower-case hex digits. RK_E_MALFORMED names `where`. */
RK_CHECKED rk_error *
rk_keep_digest_read(const char *hex, const char *where, uint8_t out[static RK_SHA256_SIZE]);

/* The default with `own` over it. `own` must have been judged. */
RK_CHECKED rk_error *rk_keep_policy_merge(const rk_node *own, rk_node **ret_policy);
RK_CHECKED rk_error *rk_keep_policy_judge(const rk_node *policy, const char *where);

/* keep_find.c: `*ret_new` is true for an empty folder that `create` may begin a keep in. */
RK_CHECKED rk_error *
rk_keep_find_or_begin(const struct rk_keep_options *options, rk_dir **ret_dir, bool *ret_new);

#endif
