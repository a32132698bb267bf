#include "tuf/root.h"

#include "base/show.h"

#include <stdlib.h>
#include <string.h>

void
rk_root_free(rk_root *root)
{
	if (!root)
		return;
	rk_node_free(root->signed_node);
	rk_keyring_free(root->keys);
	for (int kind = 0; kind < RK_ROLE_TOP_COUNT; kind++)
		rk_role_free(root->roles[kind]);
	free(root);
}

static rk_error *
read_roles(rk_root *root, const char *where)
{
	rk_node *roles;
	rk_error *err = rk_node_want_object(root->signed_node, "roles", where, &roles);
	for (int kind = 0; !err && kind < RK_ROLE_TOP_COUNT; kind++) {
		const char *name = rk_role_kind_name((enum rk_role_kind)kind);
		rk_node *role;
		RK_AUTO(rk_str) place = NULL;
		err = rk_strdupf(&place, "role %s of %s", name, where);
		if (!err)
			err = rk_node_want_object(roles, name, where, &role);
		if (!err)
			err = rk_role_read(root->dialect, role, name, place, &root->roles[kind]);
	}
	return err;
}

static rk_error *
read_header(rk_root *root, const char *where)
{
	const char *expires;
	rk_error *err = rk_node_want_int(root->signed_node, "version", where, &root->version);
	if (!err)
		err = rk_node_want_text(root->signed_node, "expires", where, &expires);
	if (!err)
		err = root->dialect->expires_parse(expires, strlen(expires), &root->expires, NULL);
	/* Optional in the specification; clients take its absence for false. */
	if (!err && rk_node_get(root->signed_node, "consistent_snapshot"))
		err = rk_node_want_bool(
		    root->signed_node, "consistent_snapshot", where, &root->consistent_snapshot);
	return err;
}

/* Takes `signed_node` over. `where` is safe to print. */
static rk_error *
parse(const rk_dialect *dialect, rk_node *signed_node, const char *where, rk_root **ret_root)
{
	RK_AUTO(rk_node) owned = signed_node;
	RK_AUTO(rk_root) root = calloc(1, sizeof(*root));
	rk_node *keys;
	if (!root || !owned)
		return rk_out_of_memory();
	root->dialect = dialect;
	root->signed_node = RK_TAKE(owned);
	rk_error *err = read_header(root, where);
	if (!err)
		err = rk_node_want_object(root->signed_node, "keys", where, &keys);
	if (!err)
		err = rk_keyring_read(dialect, keys, where, &root->keys);
	if (!err)
		err = read_roles(root, where);
	if (err)
		return err;
	*ret_root = RK_TAKE(root);
	return NULL;
}

rk_error *
rk_root_read(const rk_envelope *envelope, rk_root **ret_root)
{
	rk_node *signed_node = NULL;
	if (envelope->kind != RK_ROLE_ROOT)
		return rk_fail(RK_E_MALFORMED, NULL, "%s is no root: it says that it is %s",
		    RK_SHOW(envelope->name), rk_role_kind_name(envelope->kind));
	rk_error *err = rk_envelope_signed_node(envelope, &signed_node);
	if (err)
		return err;
	return parse(envelope->dialect, signed_node, RK_SHOW(envelope->name), ret_root);
}

rk_error *
rk_root_new(
    const rk_dialect *dialect, int64_t expires, bool consistent_snapshot, rk_root **ret_root)
{
	RK_AUTO(rk_node) signed_node = NULL;
	rk_error *err = dialect->blank(RK_ROLE_ROOT, expires, &signed_node);
	if (!err)
		err = rk_node_put_bool(signed_node, "consistent_snapshot", consistent_snapshot);
	if (err)
		return err;
	rk_node *roles = rk_node_get(signed_node, "roles");
	for (int kind = 0; !err && kind < RK_ROLE_TOP_COUNT; kind++) {
		rk_node *role = rk_node_new_object();
		err = rk_node_put(roles, rk_role_kind_name((enum rk_role_kind)kind), role);
		if (!err)
			err = rk_node_put(role, "keyids", rk_node_new_array());
		if (!err)
			err = rk_node_put_int(role, "threshold", 1);
	}
	return err ? err : parse(dialect, RK_TAKE(signed_node), "a new root", ret_root);
}

rk_error *
rk_root_copy(const rk_root *root, rk_root **ret_copy)
{
	return parse(root->dialect, rk_node_copy(root->signed_node), "root", ret_copy);
}

const rk_role *
rk_root_role(const rk_root *root, enum rk_role_kind kind)
{
	return kind < RK_ROLE_TOP_COUNT ? root->roles[kind] : NULL;
}

/* Put an edited tree in the old one's place, once it reads as a root: all of it or nothing. */
static rk_error *
adopt_tree(rk_root *root, rk_node *edited)
{
	RK_AUTO(rk_root) next = NULL;
	rk_error *err = parse(root->dialect, edited, "the edited root", &next);
	if (err)
		return err;
	rk_root old = *root;
	*root = *next;
	*next = old;
	return NULL;
}

static rk_node *
role_node(rk_node *signed_node, enum rk_role_kind kind)
{
	return rk_node_get(rk_node_get(signed_node, "roles"), rk_role_kind_name(kind));
}

/* A copy of the tree to edit. */
static rk_error *
begin_edit(const rk_root *root, rk_node **ret_copy)
{
	*ret_copy = rk_node_copy(root->signed_node);
	return *ret_copy ? NULL : rk_out_of_memory();
}

rk_error *
rk_root_set_version(rk_root *root, int64_t version)
{
	RK_AUTO(rk_node) copy = NULL;
	rk_error *err = begin_edit(root, &copy);
	if (!err)
		err = rk_node_put_int(copy, "version", version);
	return err ? err : adopt_tree(root, RK_TAKE(copy));
}

rk_error *
rk_root_set_expires(rk_root *root, int64_t expires)
{
	RK_AUTO(rk_node) copy = NULL;
	char text[RK_TIME_SIZE];
	rk_error *err = begin_edit(root, &copy);
	if (!err)
		err = rk_node_put_text(copy, "expires", root->dialect->expires_text(text, expires));
	return err ? err : adopt_tree(root, RK_TAKE(copy));
}

rk_error *
rk_root_set_consistent(rk_root *root, bool consistent_snapshot)
{
	RK_AUTO(rk_node) copy = NULL;
	rk_error *err = begin_edit(root, &copy);
	if (!err)
		err = rk_node_put_bool(copy, "consistent_snapshot", consistent_snapshot);
	return err ? err : adopt_tree(root, RK_TAKE(copy));
}

rk_error *
rk_root_set_threshold(rk_root *root, enum rk_role_kind kind, uint32_t threshold)
{
	RK_AUTO(rk_node) copy = NULL;
	if (threshold == 0)
		return rk_fail(RK_E_REFUSED, "use 1 or more", "a threshold of 0 trusts anyone");
	rk_error *err = begin_edit(root, &copy);
	if (!err)
		err = rk_node_put_int(role_node(copy, kind), "threshold", threshold);
	return err ? err : adopt_tree(root, RK_TAKE(copy));
}

rk_error *
rk_root_add_key(rk_root *root, enum rk_role_kind kind, const rk_tuf_key *key)
{
	RK_AUTO(rk_node) copy = NULL;
	const rk_role *role = root->roles[kind];
	const rk_tuf_key *known =
	    key->pubkey ? rk_keyring_by_pubkey(root->keys, key->pubkey, NULL) : NULL;
	for (const rk_tuf_key *same = known; same;
	     same = rk_keyring_by_pubkey(root->keys, key->pubkey, same))
		if (rk_role_has(role, same->keyid))
			return rk_fail(RK_E_EXISTS, NULL, "role %s has this key already, as %s",
			    role->name, RK_SHOW(same->keyid));
	if (rk_role_has(role, key->keyid))
		return rk_fail(RK_E_EXISTS, NULL, "role %s has key %s already", role->name,
		    RK_SHOW(key->keyid));
	rk_error *err = begin_edit(root, &copy);
	if (err)
		return err;
	/* One key, one id: where the root knows this public key, its id there is used. With
	 * certificates, another object of the same key is another thing to say. */
	bool reuse = known && !root->dialect->root_certificates;
	const char *keyid = reuse ? known->keyid : key->keyid;
	rk_node *keys = rk_node_get(copy, "keys");
	if (!rk_node_get(keys, keyid))
		err = rk_node_put(keys, keyid, rk_node_copy(key->object));
	if (!err)
		err = rk_node_append_text(rk_node_get(role_node(copy, kind), "keyids"), keyid);
	return err ? err : adopt_tree(root, RK_TAKE(copy));
}

static bool
is_used(rk_node *signed_node, const char *keyid)
{
	rk_node *roles = rk_node_get(signed_node, "roles");
	for (rk_node *role = rk_node_child(roles); role; role = rk_node_next(role)) {
		rk_node *keyids = rk_node_get(role, "keyids");
		for (rk_node *id = rk_node_child(keyids); id; id = rk_node_next(id))
			if (rk_node_text(id) && strcmp(rk_node_text(id), keyid) == 0)
				return true;
	}
	return false;
}

/* Out of the role, and out of the file when no role is left that uses it. A certificate that was
 * root's stays there: clients that come from an older root look it up. */
static void
drop_keyid(
    const rk_dialect *dialect, rk_node *signed_node, enum rk_role_kind kind, const char *keyid)
{
	rk_node *keyids = rk_node_get(role_node(signed_node, kind), "keyids");
	size_t index = 0;
	for (rk_node *id = rk_node_child(keyids); id; id = rk_node_next(id), index++) {
		if (rk_node_text(id) && strcmp(rk_node_text(id), keyid) == 0) {
			rk_node_remove_at(keyids, index);
			break;
		}
	}
	bool kept = kind == RK_ROLE_ROOT && dialect->root_certificates;
	if (!kept && !is_used(signed_node, keyid))
		rk_node_remove(rk_node_get(signed_node, "keys"), keyid);
}

rk_error *
rk_root_remove_key(rk_root *root, enum rk_role_kind kind, const rk_pubkey *pubkey)
{
	RK_AUTO(rk_node) copy = NULL;
	const rk_role *role = root->roles[kind];
	bool found = false;
	rk_error *err = begin_edit(root, &copy);
	if (err)
		return err;
	for (const rk_tuf_key *key = rk_keyring_by_pubkey(root->keys, pubkey, NULL); key;
	     key = rk_keyring_by_pubkey(root->keys, pubkey, key)) {
		if (!rk_role_has(role, key->keyid))
			continue;
		drop_keyid(root->dialect, copy, kind, key->keyid);
		found = true;
	}
	if (!found)
		return rk_fail(RK_E_NOT_FOUND, NULL, "role %s does not have this key", role->name);
	return adopt_tree(root, RK_TAKE(copy));
}

rk_error *
rk_root_remove_keyid(rk_root *root, enum rk_role_kind kind, const char *keyid)
{
	RK_AUTO(rk_node) copy = NULL;
	const rk_role *role = root->roles[kind];
	if (!rk_role_has(role, keyid))
		return rk_fail(RK_E_NOT_FOUND, NULL, "role %s does not have key %s", role->name,
		    RK_SHOW(keyid));
	rk_error *err = begin_edit(root, &copy);
	if (err)
		return err;
	drop_keyid(root->dialect, copy, kind, keyid);
	return adopt_tree(root, RK_TAKE(copy));
}

rk_error *
rk_root_replace_key(rk_root *root, enum rk_role_kind kind, const rk_tuf_key *key)
{
	RK_AUTO(rk_node) copy = NULL;
	const rk_role *role = root->roles[kind];
	const rk_tuf_key *old =
	    key->pubkey ? rk_keyring_by_pubkey(root->keys, key->pubkey, NULL) : NULL;
	size_t at = 0;
	if (rk_role_has(role, key->keyid))
		return rk_fail(RK_E_EXISTS, NULL, "role %s has key %s already", role->name,
		    RK_SHOW(key->keyid));
	while (old && !rk_role_has(role, old->keyid))
		old = rk_keyring_by_pubkey(root->keys, key->pubkey, old);
	if (!old)
		return rk_fail(RK_E_NOT_FOUND, NULL, "role %s does not have this key", role->name);
	while (strcmp(role->keyids[at], old->keyid) != 0)
		at++;
	rk_error *err = begin_edit(root, &copy);
	if (err)
		return err;
	rk_node *keys = rk_node_get(copy, "keys");
	rk_node *keyids = rk_node_new_array();
	err = rk_node_put(role_node(copy, kind), "keyids", keyids);
	for (size_t i = 0; i < role->keyid_count && !err; i++)
		err = rk_node_append_text(keyids, i == at ? key->keyid : role->keyids[i]);
	if (!err && !rk_node_get(keys, key->keyid))
		err = rk_node_put(keys, key->keyid, rk_node_copy(key->object));
	if (!err && !root->dialect->root_certificates && !is_used(copy, old->keyid))
		rk_node_remove(keys, old->keyid);
	return err ? err : adopt_tree(root, RK_TAKE(copy));
}

/* Is the `at`th id the first under which its public key stands in the role? */
static bool
counts(const rk_root *root, const rk_role *role, size_t at)
{
	const rk_tuf_key *key = rk_keyring_by_id(root->keys, role->keyids[at]);
	if (!key || !key->pubkey)
		return false;
	for (size_t i = 0; i < at; i++) {
		const rk_tuf_key *before = rk_keyring_by_id(root->keys, role->keyids[i]);
		if (before && before->pubkey && rk_pubkey_equal(before->pubkey, key->pubkey))
			return false;
	}
	return true;
}

size_t
rk_root_key_count(const rk_root *root, enum rk_role_kind kind)
{
	const rk_role *role = root->roles[kind];
	size_t count = 0;
	for (size_t i = 0; i < role->keyid_count; i++)
		count += counts(root, role, i);
	return count;
}

static rk_error *
check_role(const rk_root *root, enum rk_role_kind kind)
{
	const rk_role *role = root->roles[kind];
	size_t count = rk_root_key_count(root, kind);
	for (size_t i = 0; i < role->keyid_count; i++) {
		const rk_tuf_key *key = rk_keyring_by_id(root->keys, role->keyids[i]);
		if (key && key->pubkey && !counts(root, role, i))
			return rk_fail(RK_E_REFUSED, "remove one of the two ids",
			    "role %s has one key under two ids (the second is %s): many clients "
			    "would count it twice",
			    role->name, RK_SHOW(key->keyid));
	}
	if (count < role->threshold)
		return rk_fail(RK_E_REFUSED, "add keys or lower the threshold",
		    "role %s has %zu keys and a threshold of %u: nobody could ever sign it",
		    role->name, count, role->threshold);
	return NULL;
}

rk_error *
rk_root_check(const rk_root *root)
{
	rk_error *err = NULL;
	for (int kind = 0; !err && kind < RK_ROLE_TOP_COUNT; kind++)
		err = check_role(root, (enum rk_role_kind)kind);
	return err;
}

rk_error *
rk_root_compose(const rk_root *root, const rk_style *style, rk_text **ret_text)
{
	rk_error *err = rk_root_check(root);
	return err ? err : rk_envelope_compose(root->dialect, root->signed_node, style, ret_text);
}
