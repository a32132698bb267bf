#include "flow/custody_private.h"

#include "base/show.h"
#include "world/certificate.h"

#include <string.h>

/* The key's own certificate, such as Notary's clients take; NULL: it is none of these. */
static rk_error *
read_own(const rk_token_certificate *seen, const rk_pubkey *pubkey, int64_t now,
    rk_certificate **ret_certificate)
{
	RK_AUTO(rk_certificate) certificate = NULL;
	rk_error *err = rk_certificate_read(seen->der, seen->der_len, "the token", &certificate);
	bool own = !err && certificate->name && certificate->is_self_issued &&
		   certificate->pubkey && rk_pubkey_equal(certificate->pubkey, pubkey);

	if (!err && own)
		err = rk_certificate_judge(certificate, NULL, now);
	if (!err && own)
		err = rk_certificate_check_self_signed(certificate);
	if (rk_error_code(err) == RK_E_NOMEM)
		return err;
	if (!err && own)
		*ret_certificate = RK_TAKE(certificate);
	rk_error_free(err);
	return NULL;
}

/* Notary's client lists a key on a YubiKey under the role that its certificate names; that is no
 * repository. A name of one has a '/', as docker's all have. */
static bool
is_for_a_repository(const rk_certificate *certificate)
{
	return strchr(certificate->name, '/') != NULL;
}

rk_error *
rk_custody_find_certificate(
    const struct rk_custody *custody, const rk_hand *hand, rk_certificate **ret_certificate)
{
	rk_token *token = rk_hand_token(hand);
	RK_AUTO(rk_token_certificates) seen = NULL;
	rk_env *env = custody->env;
	rk_error *err = token->ops->certificates(token, &seen);

	/* It proved itself already; a module that shows no certificates takes nothing from that. */
	if (err && rk_error_code(err) != RK_E_NOMEM) {
		if (rk_error_code(err) != RK_E_TOKEN_UNSUPPORTED)
			rk_sayf(env, RK_SAY_WARNING,
			    "whether %s has a certificate of the key could not be seen: %s",
			    rk_hand_token_name(hand), rk_error_message(err));
		rk_error_free(err);
		return NULL;
	}
	for (size_t i = 0; !err && i < seen->count && !*ret_certificate; i++) {
		RK_AUTO(rk_certificate) own = NULL;

		err = read_own(
		    &seen->certificates[i], rk_hand_pubkey(hand), env->ops->now(env), &own);
		if (err || !own)
			continue;
		rk_sayf(env, RK_SAY_INFO, "%s has the key's certificate for %s%s",
		    rk_hand_token_name(hand), RK_SHOW(own->name),
		    is_for_a_repository(own) ? "; it is kept" : "");
		if (is_for_a_repository(own))
			*ret_certificate = RK_TAKE(own);
	}
	return err;
}
