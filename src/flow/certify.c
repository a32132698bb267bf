#include "flow/certify.h"

#include "base/show.h"
#include "flow/custody_private.h"
#include "flow/factory.h"
#include "x509/rootcert.h"

#include <string.h>

/* Everything before the last '/', and a star in place of the rest. */
static rk_error *
wildcard_of(const char *gun, char **ret_name)
{
	const char *slash = strrchr(gun, '/');

	if (!slash || slash == gun)
		return rk_fail(RK_E_REFUSED, "leave --wildcard out",
		    "%s has no '/' after which a star could stand", RK_SHOW(gun));
	return rk_strdupf(ret_name, "%.*s/*", (int)(slash - gun), gun);
}

rk_error *
rk_certify_name(const struct rk_certify_wish *wish, char **ret_name)
{
	rk_error *err;

	if (strchr(wish->gun, '*'))
		return rk_fail(RK_E_REFUSED,
		    "give one GUN that it should cover, and --wildcard beside it",
		    "%s has a star in it, which no GUN has", RK_SHOW(wish->gun));
	err = rk_dialect_notary.repo_name_check(wish->gun);
	if (err)
		return err;
	return wish->wildcard ? wildcard_of(wish->gun, ret_name) : rk_strdup(wish->gun, ret_name);
}

/* One that is being made. */
struct making {
	const struct rk_custody *custody;
	const struct rk_certify_wish *wish;
	char *name; /* the common name */
	rk_hand *hand; /* a token of the key that is here */
};

static void
making_clear(struct making *making)
{
	rk_str_free(making->name);
}
#define AUTO_MAKING(making) __attribute__((cleanup(making_clear))) struct making making

static rk_error *
sign(void *context, const rk_scheme *scheme, const rk_payload *payload, rk_buf *out)
{
	const struct making *making = context;
	struct rk_hand_job job = {.hand = making->hand, .scheme = scheme, .payload = payload};
	rk_error *err = rk_hands_sign(making->custody->hands, &job, 1);

	if (!err)
		err = job.err;
	if (!err)
		rk_buf_append(out, job.signature.data, job.signature.len);
	rk_buf_clear(&job.signature);
	return err ? err : rk_buf_check(out);
}

static struct rk_rootcert_wish
order_of(struct making *making)
{
	return (struct rk_rootcert_wish){
	    .pubkey = making->wish->key->pubkey,
	    .name = making->name,
	    .days = making->wish->days,
	    .signer = {sign, making},
	};
}

static rk_error *
reach(struct making *making)
{
	const rk_keep_key *key = making->wish->key;
	const struct rk_reach reach = {
	    .name = key->name,
	    .pubkey = key->pubkey,
	    .uris = (const char *const *)key->tokens,
	    .uri_count = key->token_count,
	};

	if (!making->custody->hands)
		return rk_fail(RK_E_TOKEN_NONE, NULL, "this run uses no token");
	return rk_hands_reach(making->custody->hands, &reach, &making->hand);
}

/* All that can be known without a login. */
static rk_error *
prepare(struct making *making)
{
	rk_env *env = making->custody->env;
	struct rk_rootcert_wish order;
	rk_error *err = rk_certify_name(making->wish, &making->name);

	if (err)
		return err;
	order = order_of(making);
	err = rk_rootcert_check(&order, env->ops->now(env));
	if (!err)
		err = reach(making);
	if (!err)
		err = rk_factory_judge(rk_hand_token_info(making->hand),
		    rk_hand_token_name(making->hand), RK_SHOW(making->wish->key->name));
	return err;
}

static rk_error *
make(struct making *making, rk_certificate **ret_certificate)
{
	struct rk_rootcert_wish order = order_of(making);
	RK_AUTO(rk_str) purpose = NULL;
	rk_error *err = rk_strdupf(&purpose, "sign the root certificate of key %s for %s",
	    RK_SHOW_BARE(making->wish->key->name), RK_SHOW_BARE(making->name));

	if (!err)
		err = rk_hand_ready(making->hand, purpose);
	return err ? err : rk_rootcert_make(making->custody->env, &order, ret_certificate);
}

static rk_error *
add_step(const struct making *making, rk_plan *plan)
{
	return rk_plan_add(plan, RK_EFFECT_SIGN,
	    "sign a root certificate for %s, good for %u days, with %s on %s",
	    RK_SHOW(making->name), making->wish->days ? making->wish->days : RK_ROOTCERT_DAYS,
	    RK_SHOW(making->wish->key->name), rk_hand_token_name(making->hand));
}

rk_error *
rk_certify_plan(
    const struct rk_custody *custody, const struct rk_certify_wish *wish, rk_plan **ret_plan)
{
	AUTO_MAKING(making) = {custody, wish, NULL, NULL};
	RK_AUTO(rk_plan) plan = NULL;
	rk_error *err = prepare(&making);

	if (!err)
		err = rk_plan_new(&plan, "certify key %s", RK_SHOW(wish->key->name));
	if (!err)
		err = add_step(&making, plan);
	if (!err)
		err = rk_plan_add(plan, RK_EFFECT_STAGE, "keep it in certificates/%.16s…",
		    wish->key->fingerprint);
	if (!err)
		*ret_plan = RK_TAKE(plan);
	return err;
}

rk_error *
rk_certify_keep(
    rk_keep *keep, const rk_keep_key *key, const rk_certificate *certificate, char **ret_file)
{
	rk_keep_certificate noted = {.gun = certificate->name, .not_after = certificate->not_after};
	RK_AUTO(rk_str) file = NULL;
	rk_error *err = rk_keep_certificate_path(keep, key, &file);

	noted.file = file;
	if (!err)
		err = rk_keep_certificate_add(keep, key->name, &noted);
	if (!err)
		*ret_file = RK_TAKE(file);
	return err;
}

static rk_error *
commit(const struct making *making, const rk_certificate *certificate, const char *file)
{
	const rk_keep_key *key = making->wish->key;
	struct rk_custody_record record = {
	    .holder = key->holder,
	    .fingerprint = key->fingerprint,
	    .note = making->name,
	    .path = file,
	    .text = certificate->pem,
	};
	RK_AUTO(rk_str) action = NULL;
	rk_error *err = rk_strdupf(&action, "key certify %s", key->name);

	record.action = action;
	return err ? err : rk_custody_commit(making->custody, &record, NULL);
}

rk_error *
rk_certify(const struct rk_custody *custody, const struct rk_certify_wish *wish,
    rk_certificate **ret_certificate, char **ret_file)
{
	AUTO_MAKING(making) = {custody, wish, NULL, NULL};
	RK_AUTO(rk_certificate) certificate = NULL;
	RK_AUTO(rk_str) file = NULL;
	rk_error *err = prepare(&making);

	if (!err)
		err = make(&making, &certificate);
	if (!err)
		err = rk_certify_keep(custody->keep, wish->key, certificate, &file);
	if (!err)
		err = commit(&making, certificate, file);
	if (err)
		return err;
	*ret_certificate = RK_TAKE(certificate);
	*ret_file = RK_TAKE(file);
	return NULL;
}

/* Where else one may come from. */
static rk_error *
advise(rk_error *err, const struct rk_certify_wish *wish)
{
	return rk_advise(err,
	    "run 'rootkeep key certify %s --gun %s' where a token of it is, or take in a "
	    "certificate of it with 'rootkeep key enrol %s FILE'",
	    RK_SHOW_BARE(wish->key->name), RK_SHOW_BARE(wish->gun), RK_SHOW_BARE(wish->key->name));
}

/* `*ret_certificate` stays NULL where there is none and one can be made. */
static rk_error *
look_or_prepare(struct making *making, rk_certificate **ret_certificate)
{
	const struct rk_certify_wish *wish = making->wish;
	RK_AUTO(rk_certificate) certificate = NULL;
	RK_AUTO(rk_error) none = NULL;
	rk_error *err;

	none = rk_certify_find(making->custody->keep, wish->key, wish->gun, &certificate);
	if (rk_error_code(none) != RK_E_NOT_FOUND) {
		*ret_certificate = RK_TAKE(certificate);
		return RK_TAKE(none);
	}
	err = prepare(making);
	if (!err || rk_error_code(err) == RK_E_REFUSED || rk_error_code(err) == RK_E_NOMEM)
		return err;
	err = rk_join(rk_recode(RK_TAKE(none), rk_error_code(err)), err);
	return advise(err, wish);
}

rk_error *
rk_certify_want_plan(
    const struct rk_custody *custody, const struct rk_certify_wish *wish, rk_plan *plan)
{
	AUTO_MAKING(making) = {custody, wish, NULL, NULL};
	RK_AUTO(rk_certificate) certificate = NULL;
	rk_error *err = look_or_prepare(&making, &certificate);

	return err || certificate ? err : add_step(&making, plan);
}

rk_error *
rk_certify_want(const struct rk_custody *custody, const struct rk_certify_wish *wish,
    rk_change *change, rk_certificate **ret_certificate)
{
	AUTO_MAKING(making) = {custody, wish, NULL, NULL};
	RK_AUTO(rk_certificate) certificate = NULL;
	RK_AUTO(rk_str) file = NULL;
	rk_error *err = look_or_prepare(&making, &certificate);

	if (!err && !certificate) {
		err = make(&making, &certificate);
		if (!err)
			err = rk_certify_keep(custody->keep, wish->key, certificate, &file);
		if (!err)
			err = rk_change_write(change, file, RK_CHANGE_CREATE, certificate->pem,
			    strlen(certificate->pem));
		if (!err)
			rk_change_save_keep(change);
	}
	if (!err)
		*ret_certificate = RK_TAKE(certificate);
	return err;
}
