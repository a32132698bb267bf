#include "world/certificate_private.h"

#include "base/datetime.h"
#include "base/show.h"
#include "world/pubkey_private.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <stdlib.h>
#include <string.h>

#define NOT_FOUND (-1)

static rk_error *
malformed(const char *what)
{
	ERR_clear_error();
	return rk_fail(RK_E_MALFORMED, "give a certificate, as PEM or DER: openssl x509 shows one",
	    "%s", what);
}

/* What Go's reader refuses is refused here: only DER, and nothing after it. */
X509 *
rk_certificate_parse(const void *der, size_t len)
{
	const unsigned char *at = der;
	unsigned char *again = NULL;
	X509 *x509 = d2i_X509(NULL, &at, (long)len);
	int again_len = x509 ? i2d_X509(x509, &again) : NOT_FOUND;
	bool is_der = again_len > 0 && (size_t)again_len == len && memcmp(again, der, len) == 0;

	OPENSSL_free(again);
	ERR_clear_error();
	if (is_der)
		return x509;
	X509_free(x509);
	return NULL;
}

static rk_error *
read_time(const ASN1_TIME *time, int64_t *ret_time)
{
	ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
	int days, seconds;
	bool is_time = epoch && ASN1_TIME_diff(&days, &seconds, epoch, time) == 1;

	ASN1_TIME_free(epoch);
	if (!is_time)
		return malformed("its times are none");
	*ret_time = days * RK_DAY + seconds;
	return NULL;
}

/* The last one, as Go has it. One with a NUL in it would be cut short by half the world. */
static rk_error *
read_name(const X509_NAME *subject, char **ret_name)
{
	int at = NOT_FOUND, len;
	unsigned char *text = NULL;
	rk_error *err;

	for (int i = X509_NAME_get_index_by_NID(subject, NID_commonName, NOT_FOUND); i >= 0;
	     i = X509_NAME_get_index_by_NID(subject, NID_commonName, i))
		at = i;
	if (at < 0)
		return NULL;
	len =
	    ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
	if (len < 0)
		return malformed("its common name is no text");
	if (memchr(text, 0, (size_t)len))
		err = malformed("its common name has a NUL in it");
	else
		err = rk_strndup((const char *)text, (size_t)len, ret_name);
	OPENSSL_free(text);
	return err;
}

static rk_error *
read_authority(const X509 *x509, bool *ret_authority)
{
	int found = 0;
	BASIC_CONSTRAINTS *constraints =
	    X509_get_ext_d2i(x509, NID_basic_constraints, &found, NULL);

	if (!constraints && found != NOT_FOUND)
		return malformed("its basic constraints cannot be read");
	*ret_authority = constraints && constraints->ca;
	BASIC_CONSTRAINTS_free(constraints);
	return NULL;
}

static rk_error *
read_algorithm(X509 *x509, rk_certificate *certificate)
{
	static const int weak[] = {NID_sha1, NID_md5, NID_md5_sha1, NID_md4, NID_md2};
	const X509_ALGOR *algorithm = X509_get0_tbs_sigalg(x509);
	const ASN1_OBJECT *object;
	char name[80];
	int hash = NID_undef;

	X509_ALGOR_get0(&object, NULL, NULL, algorithm);
	if (OBJ_obj2txt(name, sizeof(name), object, 0) <= 0)
		return malformed("its signature names no algorithm");
	if (X509_get_signature_info(x509, &hash, NULL, NULL, NULL) != 1)
		hash = NID_undef;
	for (size_t i = 0; i < sizeof(weak) / sizeof(weak[0]); i++)
		if (hash == weak[i])
			certificate->is_weak = true;
	return rk_strdup(name, &certificate->algorithm);
}

static rk_error *
read_key(const X509 *x509, rk_certificate *certificate)
{
	unsigned char *spki = NULL;
	int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x509), &spki);
	rk_error *err = len > 0 ? rk_pubkey_from_spki(spki, (size_t)len, &certificate->pubkey)
				: malformed("its key cannot be read");
	rk_error *result;

	OPENSSL_free(spki);
	if (!err || rk_error_code(err) == RK_E_NOMEM)
		return err;
	/* The certificate of such a key can still be shown. */
	result = rk_strdup(rk_error_message(err), &certificate->flaw);
	rk_error_free(err);
	return result;
}

static rk_error *
read_leaf(X509 *x509, rk_certificate *certificate)
{
	const X509_NAME *subject = X509_get_subject_name(x509);
	rk_error *err = read_name(subject, &certificate->name);

	if (!err)
		err = read_time(X509_get0_notBefore(x509), &certificate->not_before);
	if (!err)
		err = read_time(X509_get0_notAfter(x509), &certificate->not_after);
	if (!err)
		err = read_authority(x509, &certificate->is_authority);
	if (!err)
		err = read_algorithm(x509, certificate);
	if (!err)
		err = read_key(x509, certificate);
	certificate->is_self_issued = X509_NAME_cmp(subject, X509_get_issuer_name(x509)) == 0;
	return err;
}

static rk_error *
keep_der(rk_certificate *certificate, const void *der, size_t len)
{
	certificate->der = malloc(len);
	if (!certificate->der)
		return rk_out_of_memory();
	memcpy(certificate->der, der, len);
	certificate->der_len = len;
	return NULL;
}

/* One more of the chain; the first is the leaf. */
static rk_error *
take(rk_certificate *certificate, BIO *pem, const unsigned char *der, size_t len)
{
	RK_AUTO_X509 x509 = rk_certificate_parse(der, len);
	bool is_authority = false;
	rk_error *err = x509 ? NULL : malformed("it is no X.509 certificate in DER");

	if (!err && certificate->count == RK_CERTIFICATE_CHAIN_MAX)
		err = rk_fail(RK_E_LIMIT, "keep only those that belong to it",
		    "more than %d certificates in one file", RK_CERTIFICATE_CHAIN_MAX);
	if (!err)
		err = read_authority(x509, &is_authority);
	if (!err && certificate->count == 0)
		err = read_leaf(x509, certificate);
	if (!err && certificate->count == 0)
		err = keep_der(certificate, der, len);
	if (!err && PEM_write_bio(pem, PEM_STRING_X509, "", der, (long)len) <= 0)
		err = rk_out_of_memory();
	if (err)
		return err;
	certificate->count++;
	certificate->leaf_count += !is_authority;
	return NULL;
}

/* The end of the text, and not a block that is broken? */
static bool
is_end(void)
{
	bool end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;

	ERR_clear_error();
	return end;
}

/* Text between the blocks is skipped, as other readers do; blocks of another kind are not. */
static rk_error *
take_blocks(rk_certificate *certificate, BIO *pem, const void *text, size_t len)
{
	RK_AUTO_BIO bio = BIO_new_mem_buf(text, (int)len);
	rk_error *err = bio ? NULL : rk_out_of_memory();

	while (!err) {
		RK_AUTO_PEM_BLOCK(block);

		if (PEM_read_bio(bio, &block.name, &block.header, &block.bytes, &block.len) != 1)
			return is_end() ? NULL : malformed("a PEM block of it is broken");
		if (strcmp(block.name, PEM_STRING_X509) != 0 || block.header[0] != '\0')
			return rk_fail(RK_E_MALFORMED, "give the certificate alone",
			    "it holds a PEM block of another kind: %s", RK_SHOW(block.name));
		err = take(certificate, pem, block.bytes, (size_t)block.len);
	}
	return err;
}

static rk_error *
keep_pem(rk_certificate *certificate, BIO *pem)
{
	char *text;
	long len = BIO_get_mem_data(pem, &text);

	return rk_strndup(text, (size_t)len, &certificate->pem);
}

bool
rk_certificate_is(const void *bytes, size_t len)
{
	static const char label[] = "-----BEGIN CERTIFICATE-----";
	const unsigned char *at = bytes;
	X509 *x509;

	if (len == 0 || len > RK_CERTIFICATE_MAX)
		return false;
	if (*at != 0x30)
		return memmem(bytes, len, label, sizeof(label) - 1) != NULL;
	x509 = d2i_X509(NULL, &at, (long)len);
	ERR_clear_error();
	X509_free(x509);
	return x509 != NULL;
}

static rk_error *
read_all(rk_certificate *certificate, const void *bytes, size_t len)
{
	RK_AUTO_BIO pem = BIO_new(BIO_s_mem());
	rk_error *err = NULL;

	if (!pem)
		return rk_out_of_memory();
	if (len > RK_CERTIFICATE_MAX)
		return rk_fail(RK_E_LIMIT, "give the certificate alone", "more than %u bytes",
		    RK_CERTIFICATE_MAX);
	if (len > 0 && *(const uint8_t *)bytes == 0x30)
		err = take(certificate, pem, bytes, len);
	else if (len > 0)
		err = take_blocks(certificate, pem, bytes, len);
	if (!err && certificate->count == 0)
		err = malformed("there is no certificate in it");
	return err ? err : keep_pem(certificate, pem);
}

rk_error *
rk_certificate_read(
    const void *bytes, size_t len, const char *name, rk_certificate **ret_certificate)
{
	RK_AUTO(rk_certificate) certificate = calloc(1, sizeof(*certificate));
	rk_error *err = certificate ? read_all(certificate, bytes, len) : rk_out_of_memory();

	if (err)
		return rk_wrap(err, "cannot read the certificate in %s", RK_SHOW(name));
	*ret_certificate = RK_TAKE(certificate);
	return NULL;
}
