#include "support/notary_maker.h"

#include "support/soft_key.h"
#include "support/spec.h"
#include "world/certificate.h"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <stdlib.h>
#include <string.h>

static void
add_extension(X509 *certificate, int nid, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	assert_non_null(extension);
	assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
	X509_EXTENSION_free(extension);
}

void
rk_notary_maker_pem(EVP_PKEY *pair, const char *name, int64_t not_after, rk_buf *out)
{
	X509 *certificate = X509_new();
	BIO *bio = BIO_new(BIO_s_mem());
	X509_NAME *subject;
	char *data;

	assert_non_null(certificate);
	assert_int_equal(X509_set_version(certificate, X509_VERSION_3), 1);
	assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(certificate), rand() + 1L), 1);
	subject = X509_get_subject_name(certificate);
	assert_int_equal(X509_NAME_add_entry_by_txt(
			     subject, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1, -1, 0),
	    1);
	assert_int_equal(X509_set_issuer_name(certificate, subject), 1);
	assert_non_null(
	    ASN1_TIME_set(X509_getm_notBefore(certificate), RK_MAKER_NOW - 365 * RK_DAY));
	assert_non_null(ASN1_TIME_set(X509_getm_notAfter(certificate), not_after));
	assert_int_equal(X509_set_pubkey(certificate, pair), 1);
	add_extension(certificate, NID_basic_constraints, "critical,CA:FALSE");
	add_extension(certificate, NID_key_usage, "critical,digitalSignature,keyEncipherment");
	assert_true(X509_sign(certificate, pair, EVP_sha256()) > 0);
	assert_int_equal(PEM_write_bio_X509(bio, certificate), 1);
	long len = BIO_get_mem_data(bio, &data);
	rk_buf_append(out, data, (size_t)len);
	BIO_free(bio);
	X509_free(certificate);
}

rk_tuf_key *
rk_notary_maker_certify(EVP_PKEY *pair, const char *name, int64_t not_after)
{
	RK_AUTO_BUF(pem);
	rk_text *text = NULL;
	rk_tuf_key *key = NULL;

	rk_notary_maker_pem(pair, name, not_after, &pem);
	assert_ok(rk_text_copy(pem.data, pem.len, &text));
	assert_ok(rk_tuf_key_from_file(&rk_dialect_notary, text, "certificate", &key));
	rk_text_free(text);
	return key;
}

rk_text *
rk_notary_maker_sign(rk_text *text, const struct rk_notary_by *by, size_t count)
{
	rk_envelope *envelope = NULL;
	rk_text *result = NULL;

	assert_ok(rk_envelope_open(&rk_dialect_notary, text, "to sign", &envelope));
	for (size_t i = 0; i < count; i++) {
		RK_AUTO_BUF(sig);
		RK_AUTO_BUF(out);
		const rk_payload *payload;

		assert_ok(rk_envelope_payload_for(envelope, by[i].key->scheme, &payload));
		rk_soft_key_sign(by[i].pair,
		    &(struct rk_soft_wish){by[i].key->scheme->hash, payload, 0, 0}, &sig);
		const struct rk_new_sig put = {
		    by[i].key->keyid, by[i].key->scheme, sig.data, sig.len};
		assert_ok(rk_envelope_splice(envelope, &put, 1, NULL, rk_sink_buf(&out)));
		rk_envelope_free(envelope);
		assert_ok(rk_text_take(&out, &text));
		assert_ok(rk_envelope_open(&rk_dialect_notary, text, "signed", &envelope));
	}
	assert_ok(rk_text_copy(envelope->text->data, envelope->text->len, &result));
	rk_envelope_free(envelope);
	return result;
}

static void
put(rk_notary_maker *maker, const char *name, const rk_text *text)
{
	assert_ok(rk_source_put(maker->source, name, text->data, text->len));
}

/* The file as it was put. */
static rk_envelope *
open_put(rk_notary_maker *maker, const char *name)
{
	rk_envelope *envelope = NULL;
	rk_text *text = NULL;

	assert_ok(maker->source->fetch(maker->source, name, SIZE_MAX, &text));
	assert_ok(rk_envelope_open(&rk_dialect_notary, text, name, &envelope));
	return envelope;
}

void
rk_notary_maker_put_root(rk_notary_maker *maker, const char *keys, bool plain)
{
	struct rk_notary_by by[RK_NOTARY_KEYS];
	size_t count = strlen(keys);
	RK_AUTO(rk_str) name = NULL;
	rk_text *text = NULL;

	for (size_t i = 0; i < count; i++) {
		unsigned key = (unsigned)(keys[i] - '0');
		by[i] = (struct rk_notary_by){maker->pairs[key], maker->certified[key]};
	}
	assert_ok(rk_root_compose(maker->root, NULL, &text));
	text = rk_notary_maker_sign(text, by, count);
	assert_ok(rk_dialect_notary.published_name("root", maker->root->version, false, &name));
	put(maker, name, text);
	if (plain)
		put(maker, "root.json", text);
	rk_text_free(text);
}

void
rk_notary_maker_put_targets(
    rk_notary_maker *maker, const char *role, int64_t version, const char *members, unsigned key)
{
	const struct rk_notary_by by = {maker->pairs[key], maker->plain[key]};
	RK_AUTO(rk_envelope) envelope = NULL;
	RK_AUTO(rk_str) bytes = NULL;
	RK_AUTO(rk_str) name = NULL;

	assert_ok(rk_strdupf(&bytes,
	    "{\"signed\":{\"_type\":\"Targets\",%s,\"version\":%lld},\"signatures\":[]}", members,
	    (long long)version));
	rk_text *text = rk_notary_maker_sign(rk_tuf_maker_text(bytes), &by, 1);
	assert_ok(rk_dialect_notary.plain_name(role, &name));
	put(maker, name, text);
	rk_text_free(text);
	envelope = open_put(maker, name);
	assert_ok(rk_snapshot_list(maker->snapshot, role, envelope));
}

static void
put_list(rk_notary_maker *maker, const rk_snapshot *list, const char *name, unsigned key)
{
	const struct rk_notary_by by = {maker->pairs[key], maker->plain[key]};
	rk_text *text = NULL;

	assert_ok(rk_snapshot_compose(list, NULL, &text));
	text = rk_notary_maker_sign(text, &by, 1);
	put(maker, name, text);
	rk_text_free(text);
}

void
rk_notary_maker_refresh(rk_notary_maker *maker)
{
	RK_AUTO(rk_envelope) root = open_put(maker, "root.json");
	RK_AUTO(rk_envelope) snapshot = NULL;

	assert_ok(rk_snapshot_list(maker->snapshot, "root", root));
	assert_ok(rk_snapshot_set_version(maker->snapshot, maker->snapshot->version + 1));
	put_list(maker, maker->snapshot, "snapshot.json", 3);
	snapshot = open_put(maker, "snapshot.json");
	assert_ok(rk_snapshot_list(maker->timestamp, "snapshot", snapshot));
	assert_ok(rk_snapshot_set_version(maker->timestamp, maker->timestamp->version + 1));
	put_list(maker, maker->timestamp, "timestamp.json", 4);
}

static void
make_documents(rk_notary_maker *maker)
{
	const int64_t expires = RK_MAKER_NOW + 365 * RK_DAY;

	assert_ok(rk_root_new(&rk_dialect_notary, expires, false, &maker->root));
	assert_ok(rk_root_add_key(maker->root, RK_ROLE_ROOT, maker->certified[0]));
	assert_ok(rk_root_add_key(maker->root, RK_ROLE_ROOT, maker->certified[1]));
	assert_ok(rk_root_add_key(maker->root, RK_ROLE_TARGETS, maker->plain[2]));
	assert_ok(rk_root_add_key(maker->root, RK_ROLE_SNAPSHOT, maker->plain[3]));
	assert_ok(rk_root_add_key(maker->root, RK_ROLE_TIMESTAMP, maker->plain[4]));
	assert_ok(rk_snapshot_new(&rk_dialect_notary, RK_ROLE_SNAPSHOT, expires, &maker->snapshot));
	assert_ok(
	    rk_snapshot_new(&rk_dialect_notary, RK_ROLE_TIMESTAMP, expires, &maker->timestamp));
}

int
rk_notary_maker_new(void **state)
{
	rk_notary_maker *maker = calloc(1, sizeof(*maker));

	assert_non_null(maker);
	for (size_t i = 0; i < RK_NOTARY_KEYS; i++) {
		RK_AUTO(rk_pubkey) pubkey = NULL;

		maker->pairs[i] = rk_soft_key_new(RK_KEY_ECDSA_P256);
		pubkey = rk_soft_key_public(maker->pairs[i]);
		assert_ok(rk_tuf_key_make(&rk_dialect_notary, pubkey, &maker->plain[i]));
		maker->certified[i] =
		    rk_notary_maker_certify(maker->pairs[i], RK_NOTARY_GUN, RK_NOTARY_NOT_AFTER);
	}
	assert_ok(rk_source_memory(&maker->source));
	make_documents(maker);
	rk_notary_maker_put_root(maker, "0", true);
	rk_notary_maker_put_targets(maker, "targets", 1,
	    "\"delegations\":{\"keys\":{},\"roles\":[]},\"expires\":\"2028-01-01T00:00:00Z\","
	    "\"targets\":{}",
	    2);
	rk_notary_maker_refresh(maker);
	*state = maker;
	return 0;
}

int
rk_notary_maker_free(void **state)
{
	rk_notary_maker *maker = *state;

	for (size_t i = 0; i < RK_NOTARY_KEYS; i++) {
		EVP_PKEY_free(maker->pairs[i]);
		rk_tuf_key_free(maker->plain[i]);
		rk_tuf_key_free(maker->certified[i]);
	}
	rk_source_free(maker->source);
	rk_root_free(maker->root);
	rk_snapshot_free(maker->snapshot);
	rk_snapshot_free(maker->timestamp);
	free(maker);
	return 0;
}

struct rk_chain_request
rk_notary_maker_request(rk_notary_maker *maker)
{
	return (struct rk_chain_request){.dialect = &rk_dialect_notary,
	    .name = RK_NOTARY_GUN,
	    .source = maker->source,
	    .now = RK_MAKER_NOW};
}
