#include "keep/keep_private.h"

#include "json/write.h"

#include <stdlib.h>
#include <string.h>

/* A member of the file: one of ours, or one that we do not know. */
struct member {
	const char *name;
	rk_error *(*write)(const rk_keep *keep, rk_buf *out);
	const rk_node *node;
};

static void
begin_entry(rk_buf *out, const char *name, size_t index, unsigned level)
{
	if (index > 0)
		rk_buf_byte(out, ',');
	rk_write_break(out, &rk_style_ours, level);
	rk_write_text(out, name, &rk_style_ours);
	rk_buf_text(out, ": ");
}

static rk_error *
write_version(const rk_keep *keep, rk_buf *out)
{
	(void)keep;
	rk_buf_printf(out, "%d", RK_KEEP_VERSION);
	return NULL;
}

static rk_error *
write_policy(const rk_keep *keep, rk_buf *out)
{
	rk_write_node(out, keep->own_policy, &rk_style_ours, 1);
	return NULL;
}

static void
end_entries(rk_buf *out, size_t count)
{
	if (count > 0)
		rk_write_break(out, &rk_style_ours, 1);
	rk_buf_byte(out, '}');
}

static rk_error *
write_keys(const rk_keep *keep, rk_buf *out)
{
	rk_error *err = NULL;

	rk_buf_byte(out, '{');
	for (size_t i = 0; i < keep->keys.count && !err; i++) {
		const rk_keep_key *key = keep->keys.items[i];
		RK_AUTO(rk_node) node = NULL;

		err = rk_keep_key_node(key, &node);
		if (err)
			break;
		begin_entry(out, key->name, i, 2);
		rk_write_node(out, node, &rk_style_ours, 2);
	}
	end_entries(out, keep->keys.count);
	return err;
}

static rk_error *
write_repos(const rk_keep *keep, rk_buf *out)
{
	rk_error *err = NULL;

	rk_buf_byte(out, '{');
	for (size_t i = 0; i < keep->repos.count && !err; i++) {
		const rk_keep_repo *repo = keep->repos.items[i];
		RK_AUTO(rk_node) node = NULL;

		err = rk_keep_repo_node(repo, &node);
		if (err)
			break;
		begin_entry(out, repo->name, i, 2);
		rk_write_node(out, node, &rk_style_ours, 2);
	}
	end_entries(out, keep->repos.count);
	return err;
}

static const struct member own_members[] = {
    {"keys", write_keys, NULL},
    {"policy", write_policy, NULL},
    {"repositories", write_repos, NULL},
    {"rootkeep", write_version, NULL},
};

#define OWN_COUNT (sizeof(own_members) / sizeof(own_members[0]))

static int
compare(const void *a, const void *b)
{
	return strcmp(((const struct member *)a)->name, ((const struct member *)b)->name);
}

static rk_error *
write_members(const rk_keep *keep, const struct member *members, size_t count, rk_buf *out)
{
	rk_error *err = NULL;

	rk_buf_byte(out, '{');
	for (size_t i = 0; i < count && !err; i++) {
		begin_entry(out, members[i].name, i, 1);
		if (members[i].write)
			err = members[i].write(keep, out);
		else
			rk_write_node(out, members[i].node, &rk_style_ours, 1);
	}
	rk_write_break(out, &rk_style_ours, 0);
	rk_buf_text(out, "}\n");
	return err ? err : rk_buf_check(out);
}

rk_error *
rk_keep_text(const rk_keep *keep, rk_buf *out)
{
	size_t count = OWN_COUNT + rk_node_count(keep->rest);
	struct member *members = calloc(count, sizeof(*members));
	struct member *next;
	rk_error *err;

	if (!members)
		return rk_out_of_memory();
	memcpy(members, own_members, sizeof(own_members));
	next = &members[OWN_COUNT];
	for (const rk_node *node = rk_node_child(keep->rest); node; node = rk_node_next(node))
		*next++ = (struct member){rk_node_name(node), NULL, node};
	qsort(members, count, sizeof(*members), compare);
	err = write_members(keep, members, count, out);
	free(members);
	return err;
}
