#include "cli/keyids.h"

#include "base/show.h"
#include "tuf/key.h"

#define GUNS_SHOWN 2 /* in a cell */

static const rk_dialect *const dialects[] = {&rk_dialect_tuf, &rk_dialect_notary};
static const size_t dialect_count = sizeof(dialects) / sizeof(dialects[0]);

/* "": none. */
static rk_error *
plain_id(const rk_dialect *dialect, const rk_keep_key *key, char id[static RK_KEYID_HEX])
{
	rk_error *err = rk_tuf_key_canonical_id(dialect, key->pubkey, id);

	if (rk_error_code(err) != RK_E_REFUSED)
		return err;
	rk_error_free(err);
	id[0] = '\0';
	return NULL;
}

static rk_error *
certificate_id(const rk_keep *keep, const rk_keep_key *key, const rk_keep_certificate *noted,
    char id[static RK_KEYID_HEX])
{
	rk_error *err = rk_keep_certificate_id(keep, key, noted, &rk_dialect_notary, id);

	if (!err || rk_error_code(err) == RK_E_NOMEM)
		return err;
	rk_error_free(err);
	id[0] = '\0';
	return NULL;
}

static rk_error *
put_id(rk_node *node, const char *name, const char *id)
{
	return rk_node_put(node, name, *id ? rk_node_new_text(id) : rk_node_new_null());
}

rk_error *
rk_keyids_put(const rk_keep_key *key, rk_node *node)
{
	RK_AUTO(rk_node) ids = rk_node_new_object();
	rk_error *err = ids ? NULL : rk_out_of_memory();

	for (size_t i = 0; i < dialect_count && !err; i++) {
		char id[RK_KEYID_HEX];

		err = plain_id(dialects[i], key, id);
		if (!err)
			err = put_id(ids, dialects[i]->name, id);
	}
	return err ? err : rk_node_put(node, "ids", RK_TAKE(ids));
}

static rk_error *
certificate_node(
    const rk_keep *keep, const rk_keep_key *key, const rk_keep_certificate *noted, rk_node *array)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	char id[RK_KEYID_HEX];
	rk_error *err = node ? rk_node_put_text(node, "gun", noted->gun) : rk_out_of_memory();

	if (!err)
		err = rk_node_put_text(node, "file", noted->file);
	if (!err)
		err = rk_node_put_text(node, "not_after", RK_TIME(noted->not_after));
	if (!err && keep)
		err = certificate_id(keep, key, noted, id);
	if (!err && keep)
		err = put_id(node, "keyid", id);
	return err ? err : rk_node_append(array, RK_TAKE(node));
}

rk_error *
rk_keyids_put_certificates(const rk_keep *keep, const rk_keep_key *key, rk_node *node)
{
	RK_AUTO(rk_node) array = rk_node_new_array();
	const rk_node *at = NULL;
	rk_keep_certificate one;
	rk_error *err = array ? NULL : rk_out_of_memory();

	while (!err && rk_keep_certificate_next(key, &at, &one))
		err = certificate_node(keep, key, &one, array);
	return err ? err : rk_node_put(node, "certificates", RK_TAKE(array));
}

static rk_error *
certificate_line(struct rk_run *run, const rk_keep *keep, const rk_keep_key *key,
    const rk_keep_certificate *noted)
{
	int64_t now = run->env->ops->now(run->env);
	char id[RK_KEYID_HEX], distance[32];
	rk_error *err = certificate_id(keep, key, noted, id);

	if (err)
		return err;
	rk_render_styled(run->out, noted->not_after <= now ? RK_BAD : RK_PLAIN,
	    "  certificate  %s for %s until %s (%s), in %s",
	    *id ? RK_SHOW_BARE(id) : "(its file is gone or damaged)", RK_SHOW_BARE(noted->gun),
	    RK_TIME(noted->not_after), rk_time_distance(distance, now, noted->not_after),
	    RK_SHOW_BARE(noted->file));
	return NULL;
}

rk_error *
rk_keyids_lines(struct rk_run *run, const rk_keep *keep, const rk_keep_key *key)
{
	const rk_node *at = NULL;
	rk_keep_certificate one;
	rk_error *err = NULL;

	for (size_t i = 0; i < dialect_count && !err; i++) {
		char id[RK_KEYID_HEX];

		err = plain_id(dialects[i], key, id);
		if (!err && *id)
			rk_render_line(run->out, "  %-6s id    %s", RK_SHOW_BARE(dialects[i]->name),
			    RK_SHOW_BARE(id));
	}
	while (!err && rk_keep_certificate_next(key, &at, &one))
		err = certificate_line(run, keep, key, &one);
	return err;
}

bool
rk_keyids_any(const rk_keep *keep)
{
	bool any = false;

	for (size_t i = 0; i < rk_keep_key_count(keep) && !any; i++) {
		const rk_node *at = NULL;
		rk_keep_certificate one;

		any = rk_keep_certificate_next(rk_keep_key_at(keep, i), &at, &one);
	}
	return any;
}

void
rk_keyids_append(const rk_keep_key *key, rk_buf *out)
{
	const rk_node *at = NULL;
	rk_keep_certificate one;
	size_t count = 0;

	for (; rk_keep_certificate_next(key, &at, &one); count++)
		if (count < GUNS_SHOWN)
			rk_buf_printf(out, "%s%s", count > 0 ? ", " : "", RK_SHOW_BARE(one.gun));
	if (count > GUNS_SHOWN)
		rk_buf_printf(out, "; %zu more", count - GUNS_SHOWN);
}
