#include "support/soft_token_private.h"

#include "support/spec.h"

#include <openssl/pem.h>

#include <stdlib.h>
#include <string.h>

rk_error *
rk_soft_login_so(rk_token *token, const rk_secret *so_pin)
{
	struct rk_soft_opened *opened = rk_soft_opened_of(token);
	rk_error *err = rk_soft_begin(opened, RK_SOFT_LOGIN_SO);

	if (!err && !opened->so) {
		opened->logged_in = false;
		opened->soft->so_logins++;
		err = rk_soft_try_so_pin(opened->soft, so_pin);
	}
	if (err)
		return err;
	opened->so = true;
	rk_soft_done(opened->soft, RK_SOFT_LOGIN_SO);
	return NULL;
}

/* The PIN's or the PUK's one try. */
static rk_error *
try_user(struct rk_soft_token *soft, const rk_secret *given, const char *right, bool is_pin)
{
	if (is_pin && soft->tries == 0)
		return rk_fail(RK_E_PIN_LOCKED, NULL, "the PIN is locked");
	if (!given ? soft->pin_pad : rk_soft_is_secret(given, right)) {
		soft->tries = RK_SOFT_TRIES;
		return NULL;
	}
	if (is_pin)
		soft->tries--;
	return rk_fail(RK_E_PIN_WRONG, NULL, "that was wrong");
}

static rk_error *
try_old(struct rk_soft_token *soft, enum rk_pin_change change, const rk_secret *old)
{
	rk_error *err = NULL;

	switch (change) {
	case RK_PIN_CHANGE_USER:
		return try_user(soft, old, soft->pin, true);
	case RK_PIN_CHANGE_SO:
		return rk_soft_try_so_pin(soft, old);
	case RK_PIN_UNBLOCK_SO:
		if (soft->puk || soft->nobody_unblocks)
			break;
		err = rk_soft_try_so_pin(soft, old);
		if (!err)
			soft->tries = RK_SOFT_TRIES;
		return err;
	case RK_PIN_UNBLOCK_PUK:
		if (!soft->puk)
			break;
		return try_user(soft, old, soft->puk, false);
	}
	return rk_fail(RK_E_TOKEN_UNSUPPORTED, NULL, "it has no such way to a new PIN");
}

rk_error *
rk_soft_set_pin(
    rk_token *token, enum rk_pin_change change, const rk_secret *old, const rk_secret *pin)
{
	struct rk_soft_opened *opened = rk_soft_opened_of(token);
	struct rk_soft_token *soft = opened->soft;
	rk_error *err = rk_soft_begin(opened, RK_SOFT_SET_PIN);
	char *into = change == RK_PIN_CHANGE_SO ? soft->new_so_pin : soft->new_pin;

	assert_int_equal(old == NULL, pin == NULL);
	opened->logged_in = opened->so = false;
	if (!err)
		err = try_old(soft, change, old);
	if (err)
		return err;
	if (pin)
		snprintf(into, sizeof(soft->new_pin), "%.*s", (int)rk_secret_len(pin),
		    (const char *)rk_secret_peek(pin));
	if (pin && change == RK_PIN_CHANGE_SO)
		soft->so_pin = into;
	else if (pin)
		soft->pin = into;
	if (change != RK_PIN_CHANGE_SO)
		soft->pin_unset = false;
	soft->pin_changes++;
	rk_soft_done(soft, RK_SOFT_SET_PIN);
	return soft->answer_lost == RK_SOFT_SET_PIN
		   ? rk_fail(RK_E_TOKEN, NULL, "the rehearsed loss of an answer")
		   : NULL;
}

rk_error *
rk_soft_shows(rk_token *token, const rk_pubkey *pubkey, enum rk_fact *ret_shows)
{
	struct rk_soft_opened *opened = rk_soft_opened_of(token);
	const struct rk_soft_token *soft = opened->soft;
	enum rk_fact shows = RK_FACT_UNKNOWN;
	rk_error *err = rk_soft_begin(opened, RK_SOFT_SHOWS);

	if (err)
		return err;
	for (size_t i = 0; soft->shows_public && shows != RK_FACT_YES && i < soft->key_count; i++) {
		RK_AUTO(rk_pubkey) seen = NULL;

		if (!soft->keys[i].pair)
			continue;
		seen = rk_soft_key_public(soft->keys[i].pair);
		shows = rk_pubkey_equal(seen, pubkey) ? RK_FACT_YES : RK_FACT_NO;
	}
	*ret_shows = shows;
	rk_soft_done(opened->soft, RK_SOFT_SHOWS);
	return NULL;
}

static void
read_pem(const char *pem, rk_token_certificate *certificate)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	unsigned char *der = NULL;
	long len = 0;

	assert_non_null(bio);
	assert_int_equal(PEM_bytes_read_bio(&der, &len, NULL, PEM_STRING_X509, bio, NULL, NULL), 1);
	certificate->der = malloc((size_t)len);
	assert_non_null(certificate->der);
	memcpy(certificate->der, der, (size_t)len);
	certificate->der_len = (size_t)len;
	OPENSSL_free(der);
	BIO_free(bio);
}

rk_error *
rk_soft_certificates(rk_token *token, rk_token_certificates **ret_certificates)
{
	struct rk_soft_opened *opened = rk_soft_opened_of(token);
	const size_t places = sizeof(opened->soft->certificates) / sizeof(char *);
	rk_error *err = rk_soft_begin(opened, RK_SOFT_CERTIFICATES);
	rk_token_certificates *list;

	if (err)
		return err;
	list = calloc(1, sizeof(*list));
	assert_non_null(list);
	list->certificates = calloc(places, sizeof(*list->certificates));
	assert_non_null(list->certificates);
	for (size_t i = 0; i < places; i++) {
		const struct rk_soft_pair *pair = &opened->soft->keys[i];
		rk_token_certificate *certificate = &list->certificates[list->count];

		if (!opened->soft->certificates[i])
			continue;
		read_pem(opened->soft->certificates[i], certificate);
		certificate->label = rk_soft_strdup(pair->label);
		certificate->id = malloc(sizeof(pair->id));
		assert_non_null(certificate->id);
		memcpy(certificate->id, pair->id, pair->id_len);
		certificate->id_len = pair->id_len;
		list->count++;
	}
	*ret_certificates = list;
	rk_soft_done(opened->soft, RK_SOFT_CERTIFICATES);
	return NULL;
}
