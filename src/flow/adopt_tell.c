#include "base/show.h"
#include "flow/adopt_private.h"

#include <stdlib.h>
#include <string.h>

/* A key under two ids is one key. */
static bool
is_named(const rk_names *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++)
		if (!strcmp(names->names[i], name))
			return true;
	return false;
}

static rk_error *
match_role(struct rk_adopt *adopt, enum rk_role_kind kind)
{
	const rk_root *root = adopt->state->root;
	const rk_role *role = rk_root_role(root, kind);
	struct rk_adopt_role *matched = &adopt->adoption->roles[kind];
	rk_error *err = NULL;

	matched->known = calloc(1, sizeof(*matched->known));
	if (!matched->known)
		return rk_out_of_memory();
	for (size_t i = 0; i < role->keyid_count && !err; i++) {
		const rk_tuf_key *key = rk_keyring_by_id(root->keys, role->keyids[i]);
		const rk_keep_key *known =
		    key && key->pubkey ? rk_keep_key_by_pubkey(adopt->keep, key->pubkey) : NULL;

		if (!known)
			matched->unknown++;
		else if (!is_named(matched->known, known->name))
			err = rk_names_add(matched->known, known->name);
	}
	return err;
}

static rk_error *
add_unfit(rk_adoption *adoption, const char *role, int64_t staged, int64_t published)
{
	struct rk_adopt_unfit *grown =
	    realloc(adoption->unfit, (adoption->unfit_count + 1) * sizeof(*grown));

	if (!grown)
		return rk_out_of_memory();
	adoption->unfit = grown;
	grown[adoption->unfit_count] = (struct rk_adopt_unfit){NULL, staged, published};
	return rk_strdup(role, &grown[adoption->unfit_count++].role);
}

static rk_error *
find_unfit(struct rk_adopt *adopt)
{
	RK_AUTO(rk_names) staged = NULL;
	rk_error *err = rk_store_staged_roles(adopt->store, &staged);

	for (size_t i = 0; !err && i < staged->count; i++) {
		const rk_client_role *role = rk_client_role_of(adopt->state, staged->names[i]);
		RK_AUTO(rk_envelope) envelope = NULL;

		if (!role)
			continue;
		err = rk_store_open_staged(adopt->store, staged->names[i], &envelope);
		if (!err && envelope && envelope->version <= role->envelope->version)
			err = add_unfit(adopt->adoption, staged->names[i], envelope->version,
			    role->envelope->version);
	}
	return err;
}

/* The same version twice: no client minds, and somebody should know. */
static void
say_forks(const struct rk_adopt *adopt)
{
	for (size_t i = 0; adopt->since && i < adopt->since->count; i++) {
		const rk_client_role *ours = &adopt->since->roles[i];
		const rk_client_role *theirs = rk_client_role_of(adopt->state, ours->name);

		if (theirs && theirs->envelope->version == ours->envelope->version &&
		    memcmp(theirs->sha256, ours->sha256, RK_SHA256_SIZE) != 0)
			rk_sayf(adopt->env, RK_SAY_WARNING,
			    "%s %lld is another one there than here: two were signed with the same "
			    "version",
			    RK_SHOW_BARE(ours->name), (long long)ours->envelope->version);
	}
}

static rk_error *
plan_role(const rk_adoption *adoption, enum rk_role_kind kind, rk_plan *plan)
{
	const struct rk_adopt_role *role = &adoption->roles[kind];
	RK_AUTO_BUF(names);
	rk_error *err;

	for (size_t i = 0; i < role->known->count; i++)
		rk_buf_printf(&names, "%s%s", i ? ", " : "", RK_SHOW_BARE(role->known->names[i]));
	if (role->unknown > 0)
		rk_buf_printf(&names, "%s%zu that the keep does not know", names.len ? ", " : "",
		    role->unknown);
	err = rk_buf_check(&names);
	return err ? err
		   : rk_plan_add(plan, RK_EFFECT_READ, "%s keys: %s", rk_role_kind_name(kind),
			 rk_buf_str(&names));
}

static rk_error *
make_plan(struct rk_adopt *adopt)
{
	rk_adoption *adoption = adopt->adoption;
	rk_error *err =
	    rk_plan_new(&adoption->plan, "%s %s from %s", adoption->pulled ? "pull" : "adopt",
		RK_SHOW_BARE(adopt->wish->name), RK_SHOW(adopt->wish->folder));

	for (size_t i = 0; i < adoption->file_count && !err; i++)
		err = rk_plan_add(adoption->plan, RK_EFFECT_PUBLISH, "take over %s %lld as %s",
		    RK_SHOW_BARE(adoption->files[i].role), (long long)adoption->files[i].version,
		    RK_SHOW_BARE(adoption->files[i].file));
	for (int kind = 0; kind < RK_ROLE_TOP_COUNT && !err; kind++)
		err = plan_role(adoption, (enum rk_role_kind)kind, adoption->plan);
	return err;
}

rk_error *
rk_adopt_tell(struct rk_adopt *adopt)
{
	rk_adoption *adoption = adopt->adoption;
	rk_error *err = NULL;

	adoption->dialect = adopt->dialect;
	say_forks(adopt);
	for (int kind = 0; kind < RK_ROLE_TOP_COUNT && !err; kind++) {
		adoption->missing[kind] =
		    !rk_client_role_of(adopt->state, rk_role_kind_name((enum rk_role_kind)kind));
		err = match_role(adopt, (enum rk_role_kind)kind);
	}
	if (!err)
		err = find_unfit(adopt);
	return err ? err : make_plan(adopt);
}
