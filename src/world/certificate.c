#include "world/certificate_private.h"

#include "base/datetime.h"
#include "base/show.h"

#include <openssl/err.h>

#include <stdlib.h>
#include <string.h>

#define REMEDY "take or make another one: rootkeep key certify"

void
rk_certificate_free(rk_certificate *certificate)
{
	if (!certificate)
		return;
	free(certificate->name);
	free(certificate->algorithm);
	free(certificate->flaw);
	free(certificate->der);
	free(certificate->pem);
	rk_pubkey_free(certificate->pubkey);
	free(certificate);
}

/* Notary cuts off every star at the end, and looks whether the rest begins the GUN. */
bool
rk_certificate_name_covers(const char *name, const char *gun)
{
	size_t len = strlen(name), prefix = len;

	while (prefix > 0 && name[prefix - 1] == '*')
		prefix--;
	return prefix < len ? strncmp(name, gun, prefix) == 0 : strcmp(name, gun) == 0;
}

bool
rk_certificate_covers(const rk_certificate *certificate, const char *gun)
{
	return certificate->name && rk_certificate_name_covers(certificate->name, gun);
}

static rk_error *
judge_chain(const rk_certificate *certificate)
{
	if (certificate->is_authority)
		return rk_fail(RK_E_UNTRUSTED, REMEDY,
		    "the certificate of %s is that of an authority (CA:TRUE); a root key's is not",
		    RK_SHOW(certificate->name));
	if (certificate->leaf_count != 1)
		return rk_fail(RK_E_UNTRUSTED,
		    "keep one that is no authority, first, and authorities after it",
		    "%zu of the %zu certificates are no authority; just one may be",
		    certificate->leaf_count, certificate->count);
	return NULL;
}

static rk_error *
judge_key(const rk_certificate *certificate)
{
	if (!certificate->pubkey)
		return rk_fail(RK_E_UNTRUSTED, REMEDY,
		    "the certificate of %s has no usable key: %s", RK_SHOW(certificate->name),
		    RK_SHOW_BARE(certificate->flaw));
	if (rk_pubkey_type(certificate->pubkey) == RK_KEY_ED25519)
		return rk_fail(RK_E_UNTRUSTED, "use an ECDSA or RSA key",
		    "the certificate of %s has an Ed25519 key, which Notary has no root key of",
		    RK_SHOW(certificate->name));
	if (certificate->is_weak)
		return rk_fail(RK_E_UNTRUSTED, REMEDY,
		    "the certificate of %s is signed with %s, which is not believed any more",
		    RK_SHOW(certificate->name), RK_SHOW_BARE(certificate->algorithm));
	return NULL;
}

static rk_error *
judge_name(const rk_certificate *certificate, const char *gun)
{
	if (!certificate->name)
		return rk_fail(
		    RK_E_UNTRUSTED, REMEDY, "the certificate has no common name: it is for no GUN");
	if (!gun || rk_certificate_covers(certificate, gun))
		return NULL;
	return rk_fail(RK_E_UNTRUSTED, "make one for this GUN: rootkeep key certify",
	    "the certificate is for %s, not for %s", RK_SHOW(certificate->name), RK_SHOW(gun));
}

/* A day of leeway before it begins, none after it ends: as Notary has it. */
static rk_error *
judge_time(const rk_certificate *certificate, int64_t now)
{
	if (certificate->not_before > certificate->not_after)
		return rk_fail(RK_E_UNTRUSTED, REMEDY,
		    "the certificate of %s ends before it begins", RK_SHOW(certificate->name));
	if (now == 0)
		return NULL;
	if (certificate->not_after < now)
		return rk_fail(RK_E_UNTRUSTED, REMEDY, "the certificate of %s expired at %s",
		    RK_SHOW(certificate->name), RK_TIME(certificate->not_after));
	if (certificate->not_before > now + RK_DAY)
		return rk_fail(RK_E_UNTRUSTED, "wait until then, or take another one",
		    "the certificate of %s is good from %s on, more than a day ahead",
		    RK_SHOW(certificate->name), RK_TIME(certificate->not_before));
	return NULL;
}

rk_error *
rk_certificate_judge(const rk_certificate *certificate, const char *gun, int64_t now)
{
	rk_error *err = judge_chain(certificate);

	if (!err)
		err = judge_key(certificate);
	if (!err)
		err = judge_name(certificate, gun);
	return err ? err : judge_time(certificate, now);
}

rk_error *
rk_certificate_check_self_signed(const rk_certificate *certificate)
{
	RK_AUTO_X509 x509 = rk_certificate_parse(certificate->der, certificate->der_len);
	EVP_PKEY *key = x509 ? X509_get0_pubkey(x509) : NULL;
	bool is_signed = key && certificate->is_self_issued && X509_verify(x509, key) == 1;

	ERR_clear_error();
	if (!x509)
		return rk_out_of_memory();
	if (is_signed)
		return NULL;
	if (!certificate->is_self_issued)
		return rk_fail(RK_E_UNTRUSTED, REMEDY,
		    "the certificate of %s is issued by somebody else", RK_SHOW(certificate->name));
	return rk_fail(RK_E_UNTRUSTED, REMEDY, "the certificate of %s is not signed by its own key",
	    RK_SHOW(certificate->name));
}
