#include "x509/rootcert.h"

#include "base/datetime.h"
#include "base/show.h"

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <string.h>
#include <time.h>

#define SERIAL_SIZE 16
#define LAST_SECOND INT64_C(253402300799) /* 9999-12-31T23:59:59Z */

static void
x509_cleanup(X509 **x509)
{
	X509_free(*x509);
}
#define AUTO_X509 __attribute__((cleanup(x509_cleanup))) X509 *

static rk_error *
broken(const char *what)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());
	rk_error *err = rk_fail(RK_E_INTERNAL, NULL, "OpenSSL could not %s: %s", RK_SHOW_BARE(what),
	    RK_SHOW_BARE(reason ? reason : "no reason given"));

	ERR_clear_error();
	return err;
}

static int64_t
last_second(const struct rk_rootcert_wish *wish, int64_t now)
{
	return now + (wish->days ? wish->days : RK_ROOTCERT_DAYS) * RK_DAY;
}

static bool
has_control(const char *name)
{
	for (; *name; name++)
		if ((unsigned char)*name < 0x20 || *name == 0x7f)
			return true;
	return false;
}

static rk_error *
check_name(const char *name)
{
	const char *remedy = "give the GUN as docker names the image, like "
			     "registry.example.com/app";
	size_t len = strlen(name);

	if (len == 0 || strspn(name, "*") == len)
		return rk_fail(RK_E_REFUSED, remedy, "a root certificate is for a GUN, not for %s",
		    len ? "every GUN there is" : "none");
	if (len > RK_ROOTCERT_NAME_MAX)
		return rk_fail(RK_E_REFUSED, remedy, "%s is longer than %d bytes", RK_SHOW(name),
		    RK_ROOTCERT_NAME_MAX);
	if (!rk_utf8_valid(name, len) || has_control(name))
		return rk_fail(RK_E_REFUSED, remedy, "%s cannot be a GUN", RK_SHOW(name));
	return NULL;
}

rk_error *
rk_rootcert_check(const struct rk_rootcert_wish *wish, int64_t now)
{
	rk_error *err = check_name(wish->name);

	if (err)
		return err;
	if (rk_pubkey_family(wish->pubkey) == RK_FAMILY_ED25519)
		return rk_fail(RK_E_REFUSED, "take an ECDSA or RSA key for the root role",
		    "an Ed25519 key cannot be a root key in Notary: there is no certificate around "
		    "one");
	if (last_second(wish, now) > LAST_SECOND)
		return rk_fail(RK_E_REFUSED, "give fewer days",
		    "a certificate cannot last past the year 9999");
	return NULL;
}

static rk_error *
put_serial(rk_env *env, X509 *x509)
{
	uint8_t bytes[SERIAL_SIZE];
	BIGNUM *number;
	rk_error *err = env->ops->entropy(env, bytes, sizeof(bytes));

	if (err)
		return err;
	number = BN_bin2bn(bytes, sizeof(bytes), NULL);
	if (!number || !BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x509)))
		err = rk_out_of_memory();
	BN_free(number);
	return err;
}

/* With its type given, the text is taken as it is: OpenSSL's own table allows a common name 64
 * characters, which GUNs and their readers do not know of. */
static rk_error *
put_names(const char *name, X509 *x509)
{
	X509_NAME *subject = X509_NAME_new();
	bool done = subject &&
		    X509_NAME_add_entry_by_NID(subject, NID_commonName, V_ASN1_UTF8STRING,
			(const unsigned char *)name, (int)strlen(name), -1, 0) == 1 &&
		    X509_set_subject_name(x509, subject) == 1 &&
		    X509_set_issuer_name(x509, subject) == 1;

	X509_NAME_free(subject);
	return done ? NULL : broken("write the name of a certificate");
}

/* UTCTime up to 2049, GeneralizedTime from then on: OpenSSL chooses as RFC 5280 has it. */
static rk_error *
put_times(const struct rk_rootcert_wish *wish, int64_t now, X509 *x509)
{
	if (ASN1_TIME_set(X509_getm_notBefore(x509), (time_t)(now - RK_DAY)) &&
	    ASN1_TIME_set(X509_getm_notAfter(x509), (time_t)last_second(wish, now)))
		return NULL;
	return broken("write the times of a certificate");
}

static rk_error *
put_key(const rk_pubkey *pubkey, X509 *x509)
{
	size_t len;
	const uint8_t *spki = rk_pubkey_spki(pubkey, &len);
	EVP_PKEY *key = d2i_PUBKEY(NULL, &spki, (long)len);
	bool done = key && X509_set_pubkey(x509, key) == 1;

	EVP_PKEY_free(key);
	return done ? NULL : broken("write the key of a certificate");
}

static rk_error *
put_extensions(X509 *x509)
{
	static const struct {
		int nid;
		const char *value;
	} extensions[] = {
	    {NID_key_usage, "critical,digitalSignature,keyEncipherment"},
	    {NID_ext_key_usage, "codeSigning"},
	    {NID_basic_constraints, "critical,CA:FALSE"},
	};

	for (size_t i = 0; i < sizeof(extensions) / sizeof(extensions[0]); i++) {
		X509_EXTENSION *one =
		    X509V3_EXT_nconf_nid(NULL, NULL, extensions[i].nid, extensions[i].value);
		bool done = one && X509_add_ext(x509, one, -1) == 1;

		X509_EXTENSION_free(one);
		if (!done)
			return broken("write the extensions of a certificate");
	}
	return NULL;
}

static rk_error *
fill(rk_env *env, const struct rk_rootcert_wish *wish, X509 *x509)
{
	rk_error *err =
	    X509_set_version(x509, X509_VERSION_3) == 1 ? NULL : broken("begin a certificate");

	if (!err)
		err = put_serial(env, x509);
	if (!err)
		err = put_names(wish->name, x509);
	if (!err)
		err = put_times(wish, env->ops->now(env), x509);
	if (!err)
		err = put_key(wish->pubkey, x509);
	return err ? err : put_extensions(x509);
}

static rk_error *
sign(rk_tokenkey *key, bool pss, X509 *x509)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	rk_error *err = context ? rk_tokenkey_begin(key, pss, context) : rk_out_of_memory();

	if (!err && X509_sign_ctx(x509, context) <= 0)
		err = rk_tokenkey_failure(key);
	EVP_MD_CTX_free(context);
	return err;
}

/* PKCS#1 v1.5 is what Notary's own certificates have; not every token still offers it. */
static rk_error *
sign_as_can_be(const struct rk_rootcert_wish *wish, X509 *x509)
{
	RK_AUTO(rk_tokenkey) key = NULL;
	rk_error *err = rk_tokenkey_new(wish->pubkey, &wish->signer, &key);

	if (!err)
		err = sign(key, false, x509);
	if (rk_error_code(err) != RK_E_TOKEN_UNSUPPORTED ||
	    rk_pubkey_family(wish->pubkey) == RK_FAMILY_ECDSA)
		return err;
	rk_error_free(err);
	return sign(key, true, x509);
}

/* What is kept is what a reader sees, not what was meant. */
static rk_error *
judge(rk_env *env, const struct rk_rootcert_wish *wish, const rk_certificate *certificate)
{
	rk_error *err = rk_certificate_judge(certificate, wish->name, env->ops->now(env));

	if (!err)
		err = rk_certificate_check_self_signed(certificate);
	if (!err && !rk_pubkey_equal(certificate->pubkey, wish->pubkey))
		err = rk_fail(RK_E_UNTRUSTED, NULL, "another key is in it");
	if (!err || rk_error_code(err) == RK_E_NOMEM)
		return err;
	return rk_join(
	    rk_fail(RK_E_KEY_UNPROVEN, "run 'rootkeep key test' before you use this key again",
		"the certificate that was made for %s is not good; it was thrown away",
		RK_SHOW(wish->name)),
	    err);
}

static rk_error *
take(rk_env *env, const struct rk_rootcert_wish *wish, const X509 *x509,
    rk_certificate **ret_certificate)
{
	RK_AUTO(rk_certificate) certificate = NULL;
	unsigned char *der = NULL;
	int len = i2d_X509(x509, &der);
	rk_error *err = len > 0 ? rk_certificate_read(der, (size_t)len, wish->name, &certificate)
				: broken("write a certificate");

	OPENSSL_free(der);
	if (!err)
		err = judge(env, wish, certificate);
	if (!err)
		*ret_certificate = RK_TAKE(certificate);
	return err;
}

rk_error *
rk_rootcert_make(rk_env *env, const struct rk_rootcert_wish *wish, rk_certificate **ret_certificate)
{
	AUTO_X509 x509 = NULL;
	rk_error *err = rk_rootcert_check(wish, env->ops->now(env));

	if (err)
		return err;
	x509 = X509_new();
	if (!x509)
		return rk_out_of_memory();
	err = fill(env, wish, x509);
	if (!err)
		err = sign_as_can_be(wish, x509);
	if (err)
		return rk_wrap(err, "no certificate was made for %s", RK_SHOW(wish->name));
	return take(env, wish, x509, ret_certificate);
}
