#include "world/keyfile_private.h"

#include "base/show.h"
#include "world/pubkey_private.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/objects.h>

#include <string.h>

#define SEED 32 /* bytes of an Ed25519 private key, RFC 8032 */
#define EDWARDS96 96
#define FRAME 128 /* more than all the tags and lengths of a key's DER */

static const uint8_t oid_rsa[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01};
static const uint8_t oid_ec[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01};
static const uint8_t oid_ed25519[] = {0x2b, 0x65, 0x70};
/* GNU's, which Notary writes. */
static const uint8_t oid_gnu_ed25519[] = {0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x0f, 0x01};

static void
point_cleanup(EC_POINT **point)
{
	EC_POINT_free(*point);
}

static rk_error *
contradicts(void)
{
	ERR_clear_error();
	return rk_fail(RK_E_MALFORMED, "take another copy of the file: this one is damaged",
	    "its public half does not belong to its private half");
}

/* An object identifier by name, or in digits; its bytes are foreign. */
static int
nid_of(const struct rk_keyfile_span *oid, char *name, int size)
{
	const unsigned char *at;
	uint8_t der[66] = {RK_KEYFILE_OID, (uint8_t)oid->len};
	ASN1_OBJECT *object = NULL;
	int nid = NID_undef;

	if (oid->at && oid->len <= 64) {
		memcpy(der + 2, oid->at, oid->len);
		at = der;
		object = d2i_ASN1_OBJECT(NULL, &at, (long)oid->len + 2);
	}
	if (!object || OBJ_obj2txt(name, size, object, 0) <= 0)
		name[0] = '\0';
	if (object)
		nid = OBJ_obj2nid(object);
	ASN1_OBJECT_free(object);
	ERR_clear_error();
	return nid;
}

static rk_error *
unsupported(const char *what, const struct rk_keyfile_span *oid)
{
	char name[80];

	(void)nid_of(oid, name, sizeof(name));
	return rk_fail(RK_E_TOKEN_UNSUPPORTED,
	    "use a key on P-256 or P-384, an Ed25519 key or an RSA key",
	    "%s that we do not know: %s", what, RK_SHOW(name));
}

static const struct rk_pubkey_curve *
curve_of(const struct rk_keyfile_span *oid, int *ret_nid)
{
	char name[80];
	int nid = nid_of(oid, name, sizeof(name));
	const char *group = nid == NID_undef ? NULL : OBJ_nid2sn(nid);

	*ret_nid = nid;
	return group ? rk_pubkey_curve_by_group(group) : NULL;
}

/* An EC key's numbers, while they are judged. */
struct ec {
	const struct rk_pubkey_curve *curve;
	struct rk_keyfile_span oid, scalar, point;
	bool has_point;
	BIGNUM *number;
	BN_CTX *context;
	EC_GROUP *group;
	EC_POINT *public;
};

static void
ec_clear(struct ec *ec)
{
	BN_clear_free(ec->number);
	EC_POINT_free(ec->public);
	EC_GROUP_free(ec->group);
	BN_CTX_free(ec->context);
}

/* Everything secret is on the secure heap: the number itself and what is computed with it. */
static rk_error *
ec_compute(struct ec *ec, int nid)
{
	ec->context = BN_CTX_secure_new();
	ec->group = EC_GROUP_new_by_curve_name(nid);
	ec->number = BN_secure_new();
	ec->public = ec->group ? EC_POINT_new(ec->group) : NULL;
	if (!ec->context || !ec->number || !ec->public ||
	    !BN_bin2bn(ec->scalar.at, (int)ec->scalar.len, ec->number))
		return rk_out_of_memory();
	BN_set_flags(ec->number, BN_FLG_CONSTTIME);
	if (BN_is_zero(ec->number) || BN_cmp(ec->number, EC_GROUP_get0_order(ec->group)) >= 0)
		return rk_fail(RK_E_MALFORMED, "take another copy of the file: this one is damaged",
		    "its number is none of a private key on this curve");
	if (EC_POINT_mul(ec->group, ec->public, ec->number, NULL, NULL, ec->context) != 1)
		return rk_out_of_memory();
	return NULL;
}

/* Written in full or compressed, the file's point must be the one that was computed. */
static rk_error *
ec_compare(const struct ec *ec)
{
	__attribute__((cleanup(point_cleanup))) EC_POINT *told = EC_POINT_new(ec->group);

	if (!told)
		return rk_out_of_memory();
	if (EC_POINT_oct2point(ec->group, told, ec->point.at, ec->point.len, ec->context) != 1 ||
	    EC_POINT_cmp(ec->group, told, ec->public, ec->context) != 0)
		return contradicts();
	return NULL;
}

/* RFC 5915 inside RFC 5958: the curve is told outside, the point inside. */
static rk_error *
ec_write(const struct ec *ec, const uint8_t *point, size_t point_len, rk_secret **ret_pkcs8)
{
	static const uint8_t one[] = {RK_KEYFILE_INTEGER, 1, 1}, no_spare_bits = 0;
	uint8_t algorithm[64] = {RK_KEYFILE_SEQUENCE, (uint8_t)(sizeof(oid_ec) + ec->oid.len + 4),
	    RK_KEYFILE_OID, sizeof(oid_ec)};
	size_t half = (point_len - 1) / 2, end;
	RK_AUTO_KEYFILE_OUT(out);
	rk_error *err = rk_keyfile_out_open(half + point_len + FRAME, &out);

	if (err)
		return err;
	memcpy(algorithm + 4, oid_ec, sizeof(oid_ec));
	algorithm[4 + sizeof(oid_ec)] = RK_KEYFILE_OID;
	algorithm[5 + sizeof(oid_ec)] = (uint8_t)ec->oid.len;
	memcpy(algorithm + 6 + sizeof(oid_ec), ec->oid.at, ec->oid.len);
	end = out.at;
	rk_keyfile_out_bytes(&out, point, point_len);
	rk_keyfile_out_bytes(&out, &no_spare_bits, 1);
	rk_keyfile_out_wrap(&out, RK_KEYFILE_BITS, end);
	rk_keyfile_out_wrap(&out, RK_KEYFILE_CONTEXT_1, end);
	end = out.at;
	if (BN_bn2binpad(ec->number, rk_secret_bytes(out.room) + out.at - half, (int)half) !=
	    (int)half)
		return rk_fail(RK_E_INTERNAL, "report it", "a number outgrew its curve");
	out.at -= half;
	rk_keyfile_out_wrap(&out, RK_KEYFILE_OCTETS, end);
	rk_keyfile_out_bytes(&out, one, sizeof(one));
	rk_keyfile_out_wrap(&out, RK_KEYFILE_SEQUENCE, rk_secret_len(out.room));
	return rk_keyfile_out_pkcs8(&out, algorithm, algorithm[1] + 2u, ret_pkcs8);
}

static rk_error *
ec_finish(rk_keyfile *file, struct ec *ec)
{
	uint8_t point[RK_POINT_MAX];
	int nid;
	rk_error *err;
	size_t len;

	ec->curve = curve_of(&ec->oid, &nid);
	if (!ec->curve)
		return unsupported("an elliptic curve", &ec->oid);
	err = ec_compute(ec, nid);
	if (!err && ec->has_point)
		err = ec_compare(ec);
	if (err)
		return err;
	len = EC_POINT_point2oct(ec->group, ec->public, POINT_CONVERSION_UNCOMPRESSED, point,
	    sizeof(point), ec->context);
	if (len != 1 + 2 * (size_t)((ec->curve->bits + 7) / 8))
		return rk_out_of_memory();
	err = rk_pubkey_from_point(ec->curve->bits, point, len, &file->pubkey);
	if (!err)
		err = ec_write(ec, point, len, &file->pkcs8);
	file->unchecked = !ec->has_point;
	return err;
}

/* The curve inside must be the one outside, where both are told. */
static rk_error *
read_curve(struct ec *ec, struct rk_keyfile_span *body, const struct rk_keyfile_span *outside)
{
	struct rk_keyfile_span params, inside;

	if (outside)
		ec->oid = *outside;
	if (rk_keyfile_der_take(body, RK_KEYFILE_CONTEXT_0, &params)) {
		if (!rk_keyfile_der_take(&params, RK_KEYFILE_OID, &inside) || params.len > 0)
			return rk_fail(RK_E_TOKEN_UNSUPPORTED,
			    "use a key that names its curve, like P-256",
			    "an elliptic curve that is spelt out in numbers");
		if (outside && !rk_keyfile_span_is(outside, inside.at, inside.len))
			return rk_keyfile_damaged("EC");
		ec->oid = inside;
	} else if (!outside) {
		return rk_fail(RK_E_MALFORMED,
		    "have the program that it comes from write PKCS#8, which names the curve",
		    "it does not say on which curve its number is a key");
	}
	return NULL;
}

static rk_error *
read_ec(struct ec *ec, struct rk_keyfile_span der, const struct rk_keyfile_span *outside)
{
	struct rk_keyfile_span body, version, params;
	rk_error *err;

	if (!rk_keyfile_der_take(&der, RK_KEYFILE_SEQUENCE, &body) || der.len > 0 ||
	    !rk_keyfile_der_number(&body, &version) || !rk_keyfile_span_is(&version, "\x01", 1) ||
	    !rk_keyfile_der_take(&body, RK_KEYFILE_OCTETS, &ec->scalar) ||
	    ec->scalar.len > RK_POINT_MAX)
		return rk_keyfile_damaged("EC");
	err = read_curve(ec, &body, outside);
	if (err)
		return err;
	ec->has_point = rk_keyfile_der_take(&body, RK_KEYFILE_CONTEXT_1, &params);
	if ((ec->has_point &&
		(!rk_keyfile_der_bits(&params, RK_KEYFILE_BITS, &ec->point) || params.len > 0)) ||
	    body.len > 0)
		return rk_keyfile_damaged("EC");
	return NULL;
}

rk_error *
rk_keyfile_take_sec1(
    rk_keyfile *file, struct rk_keyfile_span der, const struct rk_keyfile_span *curve)
{
	__attribute__((cleanup(ec_clear))) struct ec ec = {0};
	rk_error *err = read_ec(&ec, der, curve);

	return err ? err : ec_finish(file, &ec);
}

/* RFC 8410; what public half the file tells of must be its own. */
static rk_error *
take_seed(rk_keyfile *file, const uint8_t *seed, const struct rk_keyfile_span *public)
{
	static const uint8_t algorithm[] = {
	    RK_KEYFILE_SEQUENCE, 5, RK_KEYFILE_OID, 3, 0x2b, 0x65, 0x70};
	RK_AUTO_KEYFILE_OUT(out);
	rk_error *err = rk_pubkey_from_ed25519_seed(seed, &file->pubkey);

	if (!err && public->len > 0 &&
	    !rk_keyfile_span_is(public, rk_pubkey_ed25519(file->pubkey), SEED))
		return contradicts();
	if (!err)
		err = rk_keyfile_out_open(SEED + FRAME, &out);
	if (err)
		return err;
	rk_keyfile_out_bytes(&out, seed, SEED);
	rk_keyfile_out_wrap(&out, RK_KEYFILE_OCTETS, rk_secret_len(out.room));
	return rk_keyfile_out_pkcs8(&out, algorithm, sizeof(algorithm), &file->pkcs8);
}

rk_error *
rk_keyfile_take_edwards96(rk_keyfile *file, struct rk_keyfile_span bytes)
{
	const struct rk_keyfile_span public = {bytes.at, SEED};

	if (bytes.len != EDWARDS96)
		return rk_keyfile_damaged("Ed25519");
	if (memcmp(bytes.at, bytes.at + (size_t)2 * SEED, SEED) != 0)
		return contradicts();
	return take_seed(file, bytes.at + SEED, &public);
}

/* The seed in an OCTET STRING of its own; Notary's 96 bytes with one or without. */
static rk_error *
take_edwards(rk_keyfile *file, struct rk_keyfile_span key, const struct rk_keyfile_span *public)
{
	struct rk_keyfile_span inner, rest = key;

	if (key.len == EDWARDS96)
		return rk_keyfile_take_edwards96(file, key);
	if (!rk_keyfile_der_take(&rest, RK_KEYFILE_OCTETS, &inner) || rest.len > 0)
		return rk_keyfile_damaged("Ed25519");
	if (inner.len == EDWARDS96)
		return rk_keyfile_take_edwards96(file, inner);
	if (inner.len != SEED)
		return rk_keyfile_damaged("Ed25519");
	return take_seed(file, inner.at, public);
}

/* Version 1 (which Go's programs write) may have the public half after the attributes. */
struct pkcs8 {
	struct rk_keyfile_span algorithm, params, key, public;
};

static bool
read_pkcs8(struct rk_keyfile_span der, struct pkcs8 *ret)
{
	struct rk_keyfile_span body, version, attributes;

	if (!rk_keyfile_der_take(&der, RK_KEYFILE_SEQUENCE, &body) || der.len > 0 ||
	    !rk_keyfile_der_number(&body, &version) || version.len != 1 || version.at[0] > 1 ||
	    !rk_keyfile_der_take(&body, RK_KEYFILE_SEQUENCE, &ret->params) ||
	    !rk_keyfile_der_take(&ret->params, RK_KEYFILE_OID, &ret->algorithm) ||
	    !rk_keyfile_der_take(&body, RK_KEYFILE_OCTETS, &ret->key))
		return false;
	(void)rk_keyfile_der_take(&body, RK_KEYFILE_CONTEXT_0, &attributes);
	if (rk_keyfile_der_next_is(&body, RK_KEYFILE_CONTEXT_1_BITS) &&
	    !rk_keyfile_der_bits(&body, RK_KEYFILE_CONTEXT_1_BITS, &ret->public))
		return false;
	return body.len == 0;
}

static rk_error *
take_ec(rk_keyfile *file, struct pkcs8 *parts)
{
	__attribute__((cleanup(ec_clear))) struct ec ec = {0};
	struct rk_keyfile_span curve;
	rk_error *err;

	if (!rk_keyfile_der_take(&parts->params, RK_KEYFILE_OID, &curve) || parts->params.len > 0)
		return rk_fail(RK_E_TOKEN_UNSUPPORTED, "use a key that names its curve, like P-256",
		    "an elliptic curve that is spelt out in numbers");
	err = read_ec(&ec, parts->key, &curve);
	if (!err && !ec.has_point && parts->public.len > 0) {
		ec.has_point = true;
		ec.point = parts->public;
	}
	return err ? err : ec_finish(file, &ec);
}

/* RSA's parameters are NULL; Notary leaves them out. */
static rk_error *
take_rsa(rk_keyfile *file, struct pkcs8 *parts)
{
	struct rk_keyfile_span null;

	if (parts->params.len > 0 &&
	    (!rk_keyfile_der_take(&parts->params, RK_KEYFILE_NULL, &null) || null.len > 0 ||
		parts->params.len > 0))
		return rk_keyfile_damaged("RSA");
	return rk_keyfile_take_pkcs1(file, parts->key);
}

rk_error *
rk_keyfile_take_pkcs8(rk_keyfile *file, struct rk_keyfile_span der)
{
	struct pkcs8 parts = {0};

	if (!read_pkcs8(der, &parts))
		return rk_keyfile_damaged("PKCS#8");
	if (rk_keyfile_span_is(&parts.algorithm, oid_ec, sizeof(oid_ec)))
		return take_ec(file, &parts);
	if (rk_keyfile_span_is(&parts.algorithm, oid_rsa, sizeof(oid_rsa)))
		return take_rsa(file, &parts);
	if (rk_keyfile_span_is(&parts.algorithm, oid_ed25519, sizeof(oid_ed25519)) ||
	    rk_keyfile_span_is(&parts.algorithm, oid_gnu_ed25519, sizeof(oid_gnu_ed25519)))
		return take_edwards(file, parts.key, &parts.public);
	return unsupported("a kind of key", &parts.algorithm);
}
