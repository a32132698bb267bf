#include "pkcs11/unwrap.h"

#include "pkcs11/keypair.h"
#include "pkcs11/publichalf.h"
#include "pkcs11/template.h"
#include "pkcs11/wrapway.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <string.h>

#define CKA_NSS_PUBLIC 0xd5a0db00UL /* CKA_NSS_DB: NSS wants the public point of an EC key */
#define POINT_MAX 160u
#define TEMPLATE_MAX 12

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;

/* What one unwrapping has made so far: handles, 0 where there is none. */
struct bench {
	rk_session *session;
	const rk_request *request;
	rk_pubkey *key; /* the one that is to come out of it */
	CK_OBJECT_HANDLE kek, private_key, public_key;
	bool room; /* nothing had the names before */
	struct rk_wrapway_call call;
};

static CK_ATTRIBUTE
from_span(CK_ATTRIBUTE_TYPE type, const rk_wire_span *span)
{
	return (CK_ATTRIBUTE){type, (void *)(uintptr_t)span->bytes, span->len};
}

/* How much of the private key's template is left. */
enum level { LEVEL_ALL, LEVEL_NSS, LEVEL_EXTRACTABLE, LEVEL_LEAST, LEVEL_COUNT };

static bool
refuses_template(CK_RV rv)
{
	return rv == CKR_TEMPLATE_INCOMPLETE || rk_template_is_refused(rv);
}

static CK_RV
unwrap(struct bench *bench, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE with,
    const rk_wire_span *wrapped, CK_ATTRIBUTE *template, CK_ULONG count,
    CK_OBJECT_HANDLE *ret_handle)
{
	CK_OBJECT_HANDLE made = 0;
	CK_RV rv = RK_CALL(bench->session->module, C_UnwrapKey, bench->session->handle, mechanism,
	    with, (CK_BYTE *)(uintptr_t)wrapped->bytes, wrapped->len, template, count, &made);

	/* What a refusal leaves in the handle is nobody's to destroy. */
	*ret_handle = rv == CKR_OK ? made : 0;
	return rv;
}

static CK_RV
unwrap_kek(struct bench *bench)
{
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_KEY_TYPE type = CKK_AES;
	CK_ATTRIBUTE template[] = {
	    {CKA_CLASS, &class, sizeof(class)},
	    {CKA_KEY_TYPE, &type, sizeof(type)},
	    {CKA_TOKEN, &no, sizeof(no)},
	    {CKA_UNWRAP, &yes, sizeof(yes)},
	    {CKA_PRIVATE, &yes, sizeof(yes)},
	    {CKA_SENSITIVE, &yes, sizeof(yes)},
	    {CKA_EXTRACTABLE, &no, sizeof(no)},
	};
	CK_ULONG count = sizeof(template) / sizeof(template[0]);
	CK_RV rv = unwrap(bench, &bench->call.kek, bench->session->transport_private,
	    &bench->request->kek, template, count, &bench->kek);

	if (refuses_template(rv))
		rv = unwrap(bench, &bench->call.kek, bench->session->transport_private,
		    &bench->request->kek, template, count - 2, &bench->kek);
	return rv;
}

static CK_KEY_TYPE
key_type_of(const rk_pubkey *key)
{
	switch (rk_pubkey_family(key)) {
	case RK_FAMILY_ECDSA:
		return CKK_EC;
	case RK_FAMILY_ED25519:
		return CKK_EC_EDWARDS;
	case RK_FAMILY_RSA_PSS:
	case RK_FAMILY_RSA_PKCS1:
	default:
		return CKK_RSA;
	}
}

/* The point as it is; 0 for an RSA key. */
static size_t
read_point(const rk_pubkey *key, CK_BYTE point[static POINT_MAX])
{
	size_t len = 0, used = 0;
	const uint8_t *spki = rk_pubkey_spki(key, &len);
	EVP_PKEY *pkey = NULL;

	if (rk_pubkey_family(key) == RK_FAMILY_ECDSA)
		pkey = d2i_PUBKEY(NULL, &spki, (long)len);
	if (pkey && EVP_PKEY_get_octet_string_param(
			pkey, OSSL_PKEY_PARAM_PUB_KEY, point, POINT_MAX, &used) != 1)
		used = 0;
	EVP_PKEY_free(pkey);
	return used;
}

static CK_RV
unwrap_private_at(struct bench *bench, enum level level, const CK_ATTRIBUTE *point)
{
	bool whole = rk_wrapway_is_whole((enum rk_wrap_way)bench->request->way);
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_KEY_TYPE type = key_type_of(bench->key);
	CK_ATTRIBUTE template[TEMPLATE_MAX] = {
	    {CKA_CLASS, &class, sizeof(class)},
	    {CKA_KEY_TYPE, &type, sizeof(type)},
	    {CKA_TOKEN, &yes, sizeof(yes)},
	    {CKA_PRIVATE, &yes, sizeof(yes)},
	    {CKA_SIGN, &yes, sizeof(yes)},
	    from_span(CKA_ID, &bench->request->id),
	    from_span(CKA_LABEL, &bench->request->label),
	};
	CK_ULONG count = 7;

	if (level != LEVEL_LEAST)
		template[count++] = (CK_ATTRIBUTE){CKA_EXTRACTABLE, &no, sizeof(no)};
	if (level == LEVEL_ALL || level == LEVEL_NSS)
		template[count++] = (CK_ATTRIBUTE){CKA_SENSITIVE, &yes, sizeof(yes)};
	if (level == LEVEL_NSS)
		template[count++] = *point;
	return unwrap(bench, &bench->call.key,
	    whole ? bench->session->transport_private : bench->kek, &bench->request->input,
	    template, count, &bench->private_key);
}

static bool
is_exposed(const struct bench *bench)
{
	return rk_attribute_fact(bench->session, bench->private_key, CKA_SENSITIVE) == RK_FACT_NO ||
	       rk_attribute_fact(bench->session, bench->private_key, CKA_EXTRACTABLE) ==
		   RK_FACT_YES;
}

/* With less than all of the template a key may come out that could be read out: not that way. */
static CK_RV
unwrap_private_safely(struct bench *bench, enum level level, const CK_ATTRIBUTE *point)
{
	CK_RV rv = unwrap_private_at(bench, level, point);

	if (rv != CKR_OK || level == LEVEL_ALL || level == LEVEL_NSS || !is_exposed(bench))
		return rv;
	if (RK_CALL(bench->session->module, C_DestroyObject, bench->session->handle,
		bench->private_key) != CKR_OK)
		return RK_CKR_STRAY;
	bench->private_key = 0;
	return CKR_TEMPLATE_INCONSISTENT;
}

/* Others leave half an object behind when they are told what they do not know. */
static bool
is_nss(const struct bench *bench)
{
	static const char maker[] = "Mozilla Foundation";
	const CK_TOKEN_INFO *token = &bench->session->slot.token;

	return memcmp(token->manufacturerID, maker, sizeof(maker) - 1) == 0;
}

static CK_RV
unwrap_private(struct bench *bench)
{
	CK_BYTE bytes[POINT_MAX];
	CK_ATTRIBUTE point = {CKA_NSS_PUBLIC, bytes, read_point(bench->key, bytes)};
	CK_RV rv = CKR_OK, first = CKR_OK;

	for (int level = LEVEL_ALL; level < LEVEL_COUNT; level++) {
		if (level == LEVEL_NSS && (point.ulValueLen == 0 || !is_nss(bench)))
			continue;
		rv = unwrap_private_safely(bench, (enum level)level, &point);
		if (rv == CKR_OK || !refuses_template(rv))
			return rv;
		if (first == CKR_OK)
			first = rv;
	}
	bench->session->module->call = RK_CALL_C_UnwrapKey;
	return first;
}

/* A public object of this very key is what was cut off halfway: it makes room. */
static CK_RV
make_room(struct bench *bench)
{
	const rk_request *request = bench->request;
	rk_object *half = rk_keys_by_name(bench->session, &request->id, &request->label);
	CK_RV rv = CKR_OK;

	if (half && half->pubkey && rk_pubkey_equal(half->pubkey, bench->key)) {
		rv = RK_CALL(bench->session->module, C_DestroyObject, bench->session->handle,
		    half->public_key);
		if (rv == CKR_OK)
			rk_keys_drop(bench->session, half);
	}
	if (rv == CKR_OK && rk_keys_taken(bench->session, &request->id, &request->label))
		return RK_CKR_EXISTS;
	bench->room = rv == CKR_OK;
	return rv;
}

static CK_RV
make_public(struct bench *bench)
{
	const struct rk_publichalf half = {
	    .key = bench->key,
	    .id = bench->request->id,
	    .label = bench->request->label,
	    .use = RK_PUBLICHALF_VERIFY,
	};

	return rk_publichalf_create(bench->session, &half, &bench->public_key);
}

/* Is it what was asked for, whatever the template said? */
static CK_RV
judge(const struct bench *bench, const rk_object *made)
{
	if (!rk_pubkey_equal(made->pubkey, bench->key))
		return RK_CKR_BAD_ANSWER;
	if (made->facts[RK_FACT_SENSITIVE] == RK_FACT_NO ||
	    made->facts[RK_FACT_EXTRACTABLE] == RK_FACT_YES)
		return RK_CKR_EXPOSED;
	if (rk_attribute_fact(bench->session, made->private_key, CKA_TOKEN) == RK_FACT_NO ||
	    rk_attribute_fact(bench->session, made->private_key, CKA_PRIVATE) == RK_FACT_NO)
		return RK_CKR_BAD_ANSWER;
	return CKR_OK;
}

/* What was made without being told of: its names were free before. */
static CK_RV
remove_named(struct bench *bench, CK_RV why)
{
	rk_session *session = bench->session;
	enum rk_call call = session->module->call;
	CK_RV rv = CKR_OK;

	if (!bench->room || rk_attribute_is_lost(why) || rk_keys_find(session) != CKR_OK)
		return why;
	for (size_t i = session->object_count; i > 0 && rv == CKR_OK; i--)
		if (rk_keys_is_named(
			&session->objects[i - 1], &bench->request->id, &bench->request->label))
			rv = rk_keypair_destroy(session, &session->objects[i - 1]);
	session->module->call = call;
	return rv == CKR_OK ? why : RK_CKR_STRAY;
}

static CK_RV
run(struct bench *bench)
{
	rk_session *session = bench->session;
	CK_RV rv = rk_keys_find(session);

	if (rv == CKR_OK)
		rv = make_room(bench);
	if (rv == CKR_OK && !rk_wrapway_is_whole((enum rk_wrap_way)bench->request->way))
		rv = unwrap_kek(bench);
	if (rv == CKR_OK)
		rv = make_public(bench);
	if (rv == CKR_OK)
		rv = unwrap_private(bench);
	if (rv == CKR_OK)
		rv = rk_keys_add(session, bench->private_key, bench->public_key);
	if (rv == CKR_OK)
		rv = judge(bench, &session->objects[session->object_count - 1]);
	if (rv != CKR_OK) {
		const struct rk_keypair made = {
		    .private_key = bench->private_key, .public_key = bench->public_key};

		return remove_named(bench, rk_keypair_take_back(session, &made, rv));
	}
	return CKR_OK;
}

CK_RV
rk_unwrap_key(rk_session *session, const rk_request *request, rk_object **ret_object)
{
	struct bench bench = {.session = session, .request = request};
	CK_RV rv;

	/* The transport key is this session's: it was made writable before. */
	if (request->way >= RK_WRAP_WAY_COUNT || session->transport_private == 0)
		return RK_CKR_PROTOCOL;
	rk_error_free(rk_pubkey_from_spki(request->spki.bytes, request->spki.len, &bench.key));
	if (!bench.key)
		return RK_CKR_PROTOCOL;
	rk_wrapway_prepare((enum rk_wrap_way)request->way, request->sha1, &bench.call);
	rv = run(&bench);
	/* A session object: the module that will not destroy it ends it with the session. */
	if (bench.kek != 0)
		(void)session->module->functions->C_DestroyObject(session->handle, bench.kek);
	rk_pubkey_free(bench.key);
	if (rv == CKR_OK)
		*ret_object = &session->objects[session->object_count - 1];
	return rv;
}
