#include "flow/attest.h"

#include "base/show.h"

#include <stdlib.h>
#include <string.h>

/* NULL: it is attested by the program's own roots. */
static rk_error *
judge_key(const rk_keep *keep, const rk_attestation_pins *pins, const rk_tuf_key *key)
{
	const rk_keep_key *known =
	    key && key->pubkey ? rk_keep_key_by_pubkey(keep, key->pubkey) : NULL;
	RK_AUTO(rk_attestation) attestation = NULL;

	if (!known)
		return rk_fail(RK_E_NOT_FOUND, NULL, "the keep does not know it");
	if (!pins)
		return rk_fail(RK_E_NOT_FOUND, NULL, "there are no roots to judge by");
	return rk_attest_kept(keep, known, pins, &attestation);
}

/* `known` is a key of the keep, or NULL. */
static rk_error *
refuse(const rk_keep_key *known, const char *role, rk_error *why)
{
	const char *name = known ? known->name : "a key that is not in it";

	why = rk_recode(why, RK_E_REFUSED);
	why = rk_wrap(why,
	    "the keep's policy wants the keys of %s attested, and %s has no attestation that is "
	    "believed",
	    RK_SHOW_BARE(role), RK_SHOW(name));
	return rk_advise(why,
	    "fetch it with 'rootkeep key attest KEY', or give --except " RK_ATTEST_RULE "=REASON");
}

rk_error *
rk_attest_demand(const rk_keep *keep, const struct rk_attest_terms *terms, const char *role,
    const rk_tuf_key *key)
{
	rk_error *why;

	if (!rk_keep_wants_attestation(keep, role) || (terms && terms->excepted))
		return NULL;
	why = judge_key(keep, terms ? terms->pins : NULL, key);
	if (!why || rk_error_code(why) == RK_E_NOMEM)
		return why;
	return refuse(
	    key && key->pubkey ? rk_keep_key_by_pubkey(keep, key->pubkey) : NULL, role, why);
}

rk_error *
rk_attest_demand_root(const rk_keep *keep, const struct rk_attest_terms *terms, const rk_root *root,
    enum rk_role_kind kind)
{
	const rk_role *role = rk_root_role(root, kind);
	rk_error *err = NULL;

	for (size_t i = 0; i < role->keyid_count && !err; i++)
		err = rk_attest_demand(keep, terms, rk_role_kind_name(kind),
		    rk_keyring_by_id(root->keys, role->keyids[i]));
	return err;
}

rk_error *
rk_attest_lacking(rk_repo *repo, enum rk_view view, const char *role,
    const rk_attestation_pins *pins, bool known, rk_names *lacking)
{
	struct rk_authority authority;
	rk_error *err;

	if (!rk_keep_wants_attestation(rk_repo_keep(repo), role))
		return NULL;
	err = rk_repo_authority(repo, view, role, &authority);
	for (size_t i = 0; !err && i < authority.role->keyid_count; i++) {
		const char *keyid = authority.role->keyids[i];
		const rk_tuf_key *key = rk_keyring_by_id(authority.keys, keyid);

		if (known && (!key || !rk_repo_keep_key(repo, key)))
			continue;
		err = judge_key(rk_repo_keep(repo), pins, key);
		if (!err || rk_error_code(err) == RK_E_NOMEM)
			continue;
		rk_error_free(err);
		err =
		    rk_names_add(lacking, key ? rk_repo_key_name(repo, key) : RK_SHOW_BARE(keyid));
	}
	return err;
}

static rk_error *
refuse_staged(rk_repo *repo, const char *role, const rk_names *lacking)
{
	RK_AUTO_BUF(names);
	rk_error *err;

	for (size_t i = 0; i < lacking->count; i++)
		rk_buf_printf(&names, "%s%s", i ? ", " : "", lacking->names[i]);
	err = rk_buf_check(&names);
	if (err)
		return err;
	return rk_fail(RK_E_REFUSED,
	    "fetch it with 'rootkeep key attest KEY', or give --except " RK_ATTEST_RULE "=REASON",
	    "the keep's policy wants the keys of %s attested, and in %s these have no attestation "
	    "that is believed: %s",
	    RK_SHOW_BARE(role), RK_SHOW(rk_repo_name(repo)), rk_buf_str(&names));
}

static rk_error *
demand_role(
    rk_repo *repo, const struct rk_attest_terms *terms, const char *role, bool *ret_excepted)
{
	RK_AUTO(rk_names) lacking = calloc(1, sizeof(*lacking));
	rk_error *err =
	    lacking ? rk_attest_lacking(repo, RK_VIEW_NEXT, role, terms->pins, true, lacking)
		    : rk_out_of_memory();

	if (err || lacking->count == 0)
		return err;
	if (!terms->excepted)
		return refuse_staged(repo, role, lacking);
	*ret_excepted = true;
	return NULL;
}

static bool
is_derived(const char *role)
{
	enum rk_role_kind kind = rk_role_kind_of(role);

	return kind == RK_ROLE_SNAPSHOT || kind == RK_ROLE_TIMESTAMP;
}

rk_error *
rk_attest_demand_staged(
    rk_repo *repo, const struct rk_attest_terms *terms, const char *only_role, bool *ret_excepted)
{
	/* Signing makes these from whatever is staged. */
	static const enum rk_role_kind derived[] = {RK_ROLE_SNAPSHOT, RK_ROLE_TIMESTAMP};
	RK_AUTO(rk_names) roles = NULL;
	rk_error *err = rk_keep_wants_attestations(rk_repo_keep(repo))
			    ? rk_repo_staged_roles(repo, &roles)
			    : NULL;

	if (err || !roles || roles->count == 0)
		return err;
	for (size_t i = 0; !err && i < roles->count; i++)
		if (!is_derived(roles->names[i]) &&
		    (!only_role || !strcmp(only_role, roles->names[i])))
			err = demand_role(repo, terms, roles->names[i], ret_excepted);
	for (size_t i = 0; !err && i < sizeof(derived) / sizeof(derived[0]); i++)
		if (!only_role || !strcmp(only_role, rk_role_kind_name(derived[i])))
			err = demand_role(repo, terms, rk_role_kind_name(derived[i]), ret_excepted);
	return err;
}
