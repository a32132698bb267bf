#include "x509/attestation_private.h"

#include "base/show.h"

#include <openssl/evp.h>

#define HEIGHT_MAX 4 /* pinned certificates above f9 */

/* The chain as it is climbed. */
struct climb {
	const rk_attestation_pins *pins;
	X509 *root; /* borrowed, once it is reached */
};

static rk_error *
untrusted(const char *what)
{
	return rk_fail(RK_E_UNTRUSTED, NULL, "%s", what);
}

/* `below`: how many authorities stand under this one so far. */
static rk_error *
may_issue(const X509 *issuer, long below, bool *ret_may)
{
	struct rk_attestation_constraints said;
	rk_error *err = rk_attestation_constraints(issuer, &said);

	if (!err)
		*ret_may =
		    !said.present || (said.authority && (said.path < 0 || said.path >= below));
	return err;
}

static rk_error *
climb_from(struct climb *climb, X509 *from, long below, unsigned height)
{
	rk_error *err = NULL;

	for (size_t i = 0; !err && !climb->root && i < climb->pins->list.count; i++) {
		X509 *pin = climb->pins->list.items[i];
		bool may = false;

		if (pin == from || !rk_attestation_is_issued_by(from, pin))
			continue;
		err = may_issue(pin, below, &may);
		if (err || !may)
			continue;
		if (rk_attestation_is_self_issued(pin))
			climb->root = pin;
		else if (height < HEIGHT_MAX)
			err = climb_from(climb, pin, below + 1, height + 1);
	}
	return err;
}

static bool
is_pinned(const rk_attestation_pins *pins, const X509 *x509)
{
	for (size_t i = 0; i < pins->list.count; i++)
		if (X509_cmp(pins->list.items[i], x509) == 0)
			return true;
	return false;
}

/* What a slot's key says of itself makes it no authority, whoever signed it. */
static rk_error *
judge_is_f9(const rk_attestation_pins *pins, const X509 *f9)
{
	const ASN1_OCTET_STRING *policy = NULL, *form = NULL;
	rk_error *err = rk_attestation_extension(f9, RK_ATTESTATION_POLICY, &policy);

	if (!err)
		err = rk_attestation_extension(f9, RK_ATTESTATION_FORM, &form);
	if (err)
		return err;
	if (policy || form)
		return rk_fail(RK_E_UNTRUSTED,
		    "believe nothing of this token: somebody had a slot's key sign a certificate",
		    "the attestation is issued by the key of a slot, which is no authority: only "
		    "the key in f9 is");
	if (rk_attestation_is_self_issued(f9) || is_pinned(pins, f9))
		return untrusted("the certificate of f9 is no device's: it stands for itself");
	return NULL;
}

static rk_error *
no_issuer(const struct climb *climb, const X509 *f9)
{
	RK_AUTO(rk_str) name = NULL;
	rk_error *err = rk_attestation_name(X509_get_issuer_name(f9), &name);

	if (err)
		return err;
	err = rk_fail(RK_E_UNTRUSTED, NULL, "the device's certificate is issued by %s, which %s",
	    RK_SHOW(name),
	    climb->pins->list.count == 0
		? "nobody here knows: no root is pinned"
		: "is not pinned here, or leads to no root, or has not signed it");
	return rk_advise(err,
	    "see README.md in share/rootkeep/attestation for which are pinned; give another one "
	    "with --ca FILE");
}

static rk_error *
judge_f9(struct climb *climb, X509 *f9)
{
	struct rk_attestation_constraints said = {false, false, -1};
	rk_error *err = judge_is_f9(climb->pins, f9);

	if (!err)
		err = rk_attestation_constraints(f9, &said);
	if (!err && said.present && !said.authority)
		err = untrusted("the device's certificate may not issue others");
	/* One that says nothing (older devices) counts as no authority below its issuer. */
	if (!err)
		err = climb_from(climb, f9, said.present ? 1 : 0, 1);
	if (!err && !climb->root)
		err = no_issuer(climb, f9);
	return err;
}

static rk_error *
judge_leaf(X509 *leaf, X509 *f9)
{
	struct rk_attestation_constraints said;
	rk_error *err = rk_attestation_constraints(leaf, &said);

	if (err)
		return err;
	if (said.present && said.authority)
		return untrusted("the attestation says that it may issue certificates itself");
	if (!rk_attestation_is_issued_by(leaf, f9))
		return untrusted("the attestation is not signed by the key in f9");
	return NULL;
}

static rk_error *
note_root(const struct climb *climb, rk_attestation *attestation)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	rk_error *err = rk_attestation_name(X509_get_subject_name(climb->root), &attestation->root);

	if (err)
		return err;
	if (X509_digest(climb->root, EVP_sha256(), digest, &len) != 1)
		return rk_out_of_memory();
	rk_hex(attestation->root_sha256, digest, len);
	attestation->given = climb->pins->given;
	return NULL;
}

/* The certification of the device stands in its own certificate, too. */
static rk_error *
note_marks(const X509 *f9, rk_attestation *attestation)
{
	const ASN1_OCTET_STRING *fips = NULL, *cspn = NULL;
	rk_error *err = rk_attestation_extension(f9, RK_ATTESTATION_FIPS_MARK, &fips);

	if (!err)
		err = rk_attestation_extension(f9, RK_ATTESTATION_CSPN_MARK, &cspn);
	if (!err && fips)
		attestation->fips = true;
	if (!err && cspn)
		attestation->cspn = true;
	return err;
}

rk_error *
rk_attestation_verify(const rk_attestation_pins *pins, const struct rk_attestation_der *leaf,
    const struct rk_attestation_der *f9, rk_attestation **ret_attestation)
{
	RK_AUTO_ATTESTATION_X509 slot = NULL;
	RK_AUTO_ATTESTATION_X509 device = NULL;
	RK_AUTO(rk_attestation) attestation = NULL;
	struct climb climb = {pins, NULL};
	rk_error *err = rk_attestation_x509(leaf, "the attestation", &slot);

	if (!err)
		err = rk_attestation_x509(f9, "the device's certificate", &device);
	if (!err)
		err = rk_attestation_read_leaf(slot, &attestation);
	if (!err)
		err = judge_leaf(slot, device);
	if (!err)
		err = judge_f9(&climb, device);
	if (!err)
		err = note_marks(device, attestation);
	if (!err)
		err = note_root(&climb, attestation);
	if (!err)
		*ret_attestation = RK_TAKE(attestation);
	return err;
}

/* Is it an attestation of this key? What cannot be read is none. */
static rk_error *
is_of(X509 *x509, const rk_pubkey *pubkey, bool *ret_any, bool *ret_is)
{
	RK_AUTO(rk_attestation) attestation = NULL;
	rk_error *err = rk_attestation_read_leaf(x509, &attestation);

	if (rk_error_code(err) == RK_E_NOMEM)
		return err;
	rk_error_free(err);
	if (!attestation)
		return NULL;
	*ret_any = true;
	*ret_is = rk_pubkey_equal(attestation->pubkey, pubkey);
	return NULL;
}

static rk_error *
find_leaf(const struct rk_attestation_der *certificates, size_t count, const rk_pubkey *pubkey,
    struct rk_attestation_found *found)
{
	for (size_t i = 0; i < count && found->leaf == count; i++) {
		RK_AUTO_ATTESTATION_X509 x509 = NULL;
		bool is = false;
		rk_error *err = rk_attestation_x509(&certificates[i], "it", &x509);

		if (!err)
			err = is_of(x509, pubkey, &found->any, &is);
		if (rk_error_code(err) == RK_E_NOMEM)
			return err;
		rk_error_free(err);
		if (is)
			found->leaf = i;
	}
	return NULL;
}

rk_error *
rk_attestation_find(const struct rk_attestation_der *certificates, size_t count,
    const rk_pubkey *pubkey, struct rk_attestation_found *ret_found)
{
	struct rk_attestation_found found = {count, count, false};
	RK_AUTO_ATTESTATION_X509 leaf = NULL;
	rk_error *err = find_leaf(certificates, count, pubkey, &found);

	if (!err && found.leaf < count)
		err = rk_attestation_x509(&certificates[found.leaf], "the attestation", &leaf);
	for (size_t i = 0; !err && leaf && i < count && found.f9 == count; i++) {
		RK_AUTO_ATTESTATION_X509 issuer = NULL;

		if (i == found.leaf)
			continue;
		err = rk_attestation_x509(&certificates[i], "it", &issuer);
		if (!err && rk_attestation_is_issued_by(leaf, issuer))
			found.f9 = i;
		if (rk_error_code(err) != RK_E_NOMEM) {
			rk_error_free(err);
			err = NULL;
		}
	}
	if (!err)
		*ret_found = found;
	return err;
}
