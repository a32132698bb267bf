#include "x509/attestation_private.h"

#include "base/show.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <stdlib.h>
#include <string.h>

#define NOT_FOUND (-1)
#define ARC "1.3.6.1.4.1.41482.3"
#define SUBJECT "YubiKey PIV Attestation "
#define SERIAL_MAX 5 /* bytes: four, and a zero before a high bit */

static rk_error *
malformed(const char *what)
{
	ERR_clear_error();
	return rk_fail(RK_E_MALFORMED, NULL, "%s", what);
}

rk_error *
rk_attestation_x509(const struct rk_attestation_der *der, const char *what, X509 **ret_x509)
{
	const unsigned char *at = der->bytes;
	unsigned char *again = NULL;
	X509 *x509;
	int len;
	bool same;

	if (der->len > RK_ATTESTATION_MAX)
		return rk_fail(RK_E_LIMIT, NULL, "%s is larger than %u bytes", RK_SHOW_BARE(what),
		    RK_ATTESTATION_MAX);
	x509 = d2i_X509(NULL, &at, (long)der->len);
	len = x509 ? i2d_X509(x509, &again) : NOT_FOUND;
	same = len > 0 && (size_t)len == der->len && memcmp(again, der->bytes, der->len) == 0;
	OPENSSL_free(again);
	ERR_clear_error();
	if (!same) {
		X509_free(x509);
		return rk_fail(
		    RK_E_MALFORMED, NULL, "%s is no certificate in DER", RK_SHOW_BARE(what));
	}
	*ret_x509 = x509;
	return NULL;
}

rk_error *
rk_attestation_extension(
    const X509 *x509, enum rk_attestation_extension extension, const ASN1_OCTET_STRING **ret_value)
{
	char name[sizeof(ARC) + 8];
	ASN1_OBJECT *object;
	int at, again = NOT_FOUND;

	snprintf(name, sizeof(name), ARC ".%d", (int)extension);
	object = OBJ_txt2obj(name, 1);
	if (!object)
		return rk_out_of_memory();
	at = X509_get_ext_by_OBJ(x509, object, NOT_FOUND);
	if (at >= 0)
		again = X509_get_ext_by_OBJ(x509, object, at);
	ASN1_OBJECT_free(object);
	if (again >= 0)
		return malformed("a certificate has one of Yubico's extensions twice");
	*ret_value = at >= 0 ? X509_EXTENSION_get_data(X509_get_ext(x509, at)) : NULL;
	return NULL;
}

rk_error *
rk_attestation_constraints(const X509 *x509, struct rk_attestation_constraints *ret_constraints)
{
	struct rk_attestation_constraints said = {false, false, -1};
	BASIC_CONSTRAINTS *constraints;
	int found = 0;

	for (int i = 0; i < X509_get_ext_count(x509); i++) {
		X509_EXTENSION *extension = X509_get_ext(x509, i);

		if (X509_EXTENSION_get_critical(extension) && !X509_supported_extension(extension))
			return malformed("a certificate has a critical extension that is unknown "
					 "here");
	}
	constraints = X509_get_ext_d2i(x509, NID_basic_constraints, &found, NULL);
	if (!constraints && found != NOT_FOUND)
		return malformed("a certificate's basic constraints cannot be read");
	if (constraints) {
		said.present = true;
		said.authority = constraints->ca != 0;
		if (constraints->pathlen)
			said.path = ASN1_INTEGER_get(constraints->pathlen);
		if (constraints->pathlen && said.path < 0)
			said.path = 0;
	}
	BASIC_CONSTRAINTS_free(constraints);
	*ret_constraints = said;
	return NULL;
}

bool
rk_attestation_is_self_issued(const X509 *x509)
{
	return X509_NAME_cmp(X509_get_subject_name(x509), X509_get_issuer_name(x509)) == 0;
}

bool
rk_attestation_is_issued_by(X509 *x509, X509 *issuer)
{
	static const int weak[] = {NID_sha1, NID_md5, NID_md5_sha1, NID_md4, NID_md2};
	EVP_PKEY *key = X509_get0_pubkey(issuer);
	int hash = NID_undef;
	bool is;

	if (!key || X509_NAME_cmp(X509_get_issuer_name(x509), X509_get_subject_name(issuer)) != 0)
		return false;
	if (X509_get_signature_info(x509, &hash, NULL, NULL, NULL) != 1)
		hash = NID_undef;
	for (size_t i = 0; i < sizeof(weak) / sizeof(weak[0]); i++)
		if (hash == weak[i])
			return false;
	is = X509_verify(x509, key) == 1;
	ERR_clear_error();
	return is;
}

rk_error *
rk_attestation_name(const X509_NAME *name, char **ret_text)
{
	int at = X509_NAME_get_index_by_NID(name, NID_commonName, NOT_FOUND);
	unsigned char *text = NULL;
	rk_error *err;
	int len;

	if (at < 0)
		return rk_strdup("a certificate without a name", ret_text);
	len = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
	if (len < 0 || memchr(text, 0, (size_t)len)) {
		OPENSSL_free(text);
		return malformed("a certificate's name is no text");
	}
	err = rk_strndup((const char *)text, (size_t)len, ret_text);
	OPENSSL_free(text);
	return err;
}

/* The leaf's own words. */

static rk_error *
read_slot(const X509 *leaf, uint8_t *ret_slot)
{
	RK_AUTO(rk_str) name = NULL;
	rk_error *err = rk_attestation_name(X509_get_subject_name(leaf), &name);

	if (err)
		return err;
	if (strncmp(name, SUBJECT, strlen(SUBJECT)) != 0)
		return malformed("the certificate's subject names no slot of a YubiKey");
	err = rk_unhex(name + strlen(SUBJECT), strlen(name) - strlen(SUBJECT), ret_slot, 1);
	if (!err)
		return NULL;
	rk_error_free(err);
	return malformed("the certificate's subject names no slot of a YubiKey");
}

/* `*ret_bytes` stays NULL where it is not there; of another length it cannot be read. */
static rk_error *
bytes_of(const X509 *leaf, enum rk_attestation_extension extension, int len,
    const unsigned char **ret_bytes)
{
	const ASN1_OCTET_STRING *value = NULL;
	rk_error *err = rk_attestation_extension(leaf, extension, &value);

	if (err || !value)
		return err;
	if (ASN1_STRING_length(value) != len)
		return rk_fail(RK_E_MALFORMED, NULL,
		    "its extension " ARC ".%d is not %d bytes long", (int)extension, len);
	*ret_bytes = ASN1_STRING_get0_data(value);
	return NULL;
}

static rk_error *
read_firmware(const X509 *leaf, rk_attestation *attestation)
{
	const unsigned char *bytes = NULL;
	rk_error *err = bytes_of(leaf, RK_ATTESTATION_FIRMWARE, 3, &bytes);

	if (!err && !bytes)
		return malformed("the certificate tells no firmware: it is no attestation");
	if (!err)
		memcpy(attestation->firmware, bytes, 3);
	return err;
}

static rk_error *
read_policy(const X509 *leaf, rk_attestation *attestation)
{
	const unsigned char *bytes = NULL;
	rk_error *err = bytes_of(leaf, RK_ATTESTATION_POLICY, 2, &bytes);

	if (!err && !bytes)
		return malformed("the certificate tells no PIN and touch policy: it is no "
				 "attestation of a slot");
	if (err)
		return err;
	attestation->pin = bytes[0];
	attestation->touch = bytes[1];
	return NULL;
}

static rk_error *
read_form(const X509 *leaf, rk_attestation *attestation)
{
	const unsigned char *bytes = NULL;
	rk_error *err = bytes_of(leaf, RK_ATTESTATION_FORM, 1, &bytes);

	if (err || !bytes)
		return err;
	attestation->form = bytes[0] & (uint8_t)~RK_ATTESTATION_FIPS;
	if (bytes[0] & RK_ATTESTATION_FIPS)
		attestation->fips = true;
	return NULL;
}

/* An INTEGER whose bytes devices fill as they are: the high bit is no sign. */
static rk_error *
read_serial(const X509 *leaf, rk_attestation *attestation)
{
	const ASN1_OCTET_STRING *value = NULL;
	const unsigned char *bytes;
	uint64_t serial = 0;
	rk_error *err = rk_attestation_extension(leaf, RK_ATTESTATION_SERIAL, &value);
	int len;

	if (err || !value)
		return err;
	bytes = ASN1_STRING_get0_data(value);
	len = ASN1_STRING_length(value);
	if (len < 3 || len > 2 + SERIAL_MAX || bytes[0] != V_ASN1_INTEGER || bytes[1] != len - 2)
		return malformed("the certificate's serial number of the device is no integer");
	for (int i = 2; i < len; i++)
		serial = serial << 8 | bytes[i];
	if (serial > UINT32_MAX)
		return malformed("the certificate's serial number of the device is too large");
	attestation->has_serial = true;
	attestation->serial = (uint32_t)serial;
	return NULL;
}

static rk_error *
read_mark(const X509 *leaf, enum rk_attestation_extension extension, bool *mark)
{
	const ASN1_OCTET_STRING *value = NULL;
	rk_error *err = rk_attestation_extension(leaf, extension, &value);

	if (!err && value)
		*mark = true;
	return err;
}

static rk_error *
read_key(const X509 *leaf, rk_attestation *attestation)
{
	unsigned char *spki = NULL;
	int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(leaf), &spki);
	rk_error *err = len > 0 ? rk_pubkey_from_spki(spki, (size_t)len, &attestation->pubkey)
				: malformed("the certificate's key cannot be read");

	OPENSSL_free(spki);
	ERR_clear_error();
	return err;
}

rk_error *
rk_attestation_read_leaf(X509 *leaf, rk_attestation **ret_attestation)
{
	RK_AUTO(rk_attestation) attestation = calloc(1, sizeof(*attestation));
	rk_error *err = attestation ? read_slot(leaf, &attestation->slot) : rk_out_of_memory();

	if (!err)
		err = read_firmware(leaf, attestation);
	if (!err)
		err = read_policy(leaf, attestation);
	if (!err)
		err = read_form(leaf, attestation);
	if (!err)
		err = read_serial(leaf, attestation);
	if (!err)
		err = read_mark(leaf, RK_ATTESTATION_FIPS_MARK, &attestation->fips);
	if (!err)
		err = read_mark(leaf, RK_ATTESTATION_CSPN_MARK, &attestation->cspn);
	if (!err)
		err = read_key(leaf, attestation);
	if (!err)
		*ret_attestation = RK_TAKE(attestation);
	return err;
}

rk_error *
rk_attestation_read(const struct rk_attestation_der *leaf, rk_attestation **ret_attestation)
{
	RK_AUTO_ATTESTATION_X509 x509 = NULL;
	rk_error *err = rk_attestation_x509(leaf, "the attestation", &x509);

	return err ? err : rk_attestation_read_leaf(x509, ret_attestation);
}

const char *
rk_attestation_pin_name(uint8_t pin)
{
	static const char *const names[] = {
	    "unknown policy", "never", "once", "always", "once or a finger", "always or a finger"};

	return names[pin < sizeof(names) / sizeof(names[0]) ? pin : 0];
}

const char *
rk_attestation_touch_name(uint8_t touch)
{
	static const char *const names[] = {"unknown policy", "never", "always", "cached"};

	return names[touch < sizeof(names) / sizeof(names[0]) ? touch : 0];
}

static const char *const forms[] = {NULL, "usb-a-keychain", "usb-a-nano", "usb-c-keychain",
    "usb-c-nano", "usb-c-lightning", "usb-a-bio", "usb-c-bio"};
#define FORM_COUNT (sizeof(forms) / sizeof(forms[0]))

const char *
rk_attestation_form_name(uint8_t form)
{
	return form < FORM_COUNT ? forms[form] : NULL;
}

bool
rk_attestation_form_parse(const char *name, uint8_t *ret_form)
{
	for (size_t i = 1; i < FORM_COUNT; i++) {
		if (strcmp(forms[i], name) != 0)
			continue;
		*ret_form = (uint8_t)i;
		return true;
	}
	return false;
}

void
rk_attestation_free(rk_attestation *attestation)
{
	if (!attestation)
		return;
	rk_pubkey_free(attestation->pubkey);
	rk_str_free(attestation->root);
	free(attestation);
}
