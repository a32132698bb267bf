#include "flow/certify.h"

#include "base/show.h"

/* What the search has found so far. */
struct search {
	const rk_keep *keep;
	const rk_keep_key *key;
	const char *gun;
	rk_certificate *best;
	rk_error *reasons; /* why those that are there will not do */
};

static void
search_clear(struct search *search)
{
	rk_certificate_free(search->best);
	rk_error_free(search->reasons);
}

/* One that will not do is a reason, not an error. */
static rk_error *
consider(struct search *search, const rk_keep_certificate *noted)
{
	RK_AUTO(rk_certificate) certificate = NULL;
	rk_env *env = rk_keep_env(search->keep);
	rk_error *err = rk_keep_certificate_read(search->keep, search->key, noted, &certificate);

	if (!err)
		err = rk_certificate_judge(certificate, search->gun, env->ops->now(env));
	if (rk_error_code(err) == RK_E_NOMEM)
		return err;
	if (err) {
		search->reasons = rk_join(search->reasons, err);
		return NULL;
	}
	if (search->best && search->best->not_after >= certificate->not_after)
		return NULL;
	rk_certificate_free(search->best);
	search->best = RK_TAKE(certificate);
	return NULL;
}

static rk_error *
none(struct search *search)
{
	const char *name = search->key->name;
	rk_error *err = rk_fail(RK_E_NOT_FOUND, NULL, "key %s has no root certificate for %s%s",
	    RK_SHOW(name), RK_SHOW(search->gun), search->reasons ? " that is good" : "");

	err = rk_join(err, RK_TAKE(search->reasons));
	return rk_advise(err, "make one: rootkeep key certify %s --gun %s", RK_SHOW_BARE(name),
	    RK_SHOW_BARE(search->gun));
}

rk_error *
rk_certify_find(
    const rk_keep *keep, const rk_keep_key *key, const char *gun, rk_certificate **ret_certificate)
{
	__attribute__((cleanup(search_clear))) struct search search = {keep, key, gun, NULL, NULL};
	const rk_node *at = NULL;
	rk_keep_certificate noted;
	rk_error *err = NULL;

	while (!err && rk_keep_certificate_next(key, &at, &noted))
		if (rk_certificate_name_covers(noted.gun, gun))
			err = consider(&search, &noted);
	if (err)
		return err;
	if (!search.best)
		return none(&search);
	*ret_certificate = RK_TAKE(search.best);
	return NULL;
}
