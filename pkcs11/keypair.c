#include "pkcs11/keypair.h"

#include "pkcs11/template.h"
#include "pkcs11/yubikey.h"

#include <stdlib.h>

static const rk_template_row private_rows[] = {
    {CKA_TOKEN, RK_TEMPLATE_TRUE, RK_TEMPLATE_AT_ALL},
    {CKA_ID, RK_TEMPLATE_ID, RK_TEMPLATE_AT_ALL},
    {CKA_LABEL, RK_TEMPLATE_LABEL, RK_TEMPLATE_AT_MORE},
    {CKA_PRIVATE, RK_TEMPLATE_TRUE, RK_TEMPLATE_AT_MORE},
    {CKA_SIGN, RK_TEMPLATE_TRUE, RK_TEMPLATE_AT_MORE},
    {CKA_SENSITIVE, RK_TEMPLATE_TRUE,
	RK_TEMPLATE_AT(RK_TEMPLATE_ALL) | RK_TEMPLATE_AT(RK_TEMPLATE_SENSITIVE)},
    {CKA_EXTRACTABLE, RK_TEMPLATE_WRAPPABLE,
	RK_TEMPLATE_AT(RK_TEMPLATE_ALL) | RK_TEMPLATE_AT(RK_TEMPLATE_EXTRACTABLE)},
};

static const rk_template_row public_rows[] = {
    {CKA_TOKEN, RK_TEMPLATE_TRUE, RK_TEMPLATE_AT_ALL},
    {CKA_ID, RK_TEMPLATE_ID, RK_TEMPLATE_AT_ALL},
    {CKA_LABEL, RK_TEMPLATE_LABEL, RK_TEMPLATE_AT_MORE},
    {CKA_VERIFY, RK_TEMPLATE_TRUE, RK_TEMPLATE_AT_MORE},
    {CKA_PRIVATE, RK_TEMPLATE_FALSE, RK_TEMPLATE_AT(RK_TEMPLATE_ALL)},
};

static const rk_template_table private_table = RK_TEMPLATE_TABLE(private_rows);
static const rk_template_table public_table = RK_TEMPLATE_TABLE(public_rows);

/* With what the type and a device's policies add. */
#define TEMPLATE_MAX (sizeof(private_rows) / sizeof(private_rows[0]) + 4)

/* What each type is made with. Ed25519 has two names: modules take one, the other, or both. */
struct recipe {
	CK_MECHANISM_TYPE mechanism;
	const char *params[2]; /* DER */
	CK_ULONG params_len[2];
	CK_ULONG bits; /* RSA */
};

static const struct recipe recipes[RK_KEY_GENERATED_COUNT] = {
    [RK_KEY_ECDSA_P256] = {CKM_EC_KEY_PAIR_GEN, {"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07", NULL},
	{10, 0}, 0},
    [RK_KEY_ECDSA_P384] = {CKM_EC_KEY_PAIR_GEN, {"\x06\x05\x2b\x81\x04\x00\x22", NULL}, {7, 0}, 0},
    [RK_KEY_ED25519] = {CKM_EC_EDWARDS_KEY_PAIR_GEN,
	{"\x06\x03\x2b\x65\x70", "\x13\x0c"
				 "edwards25519"},
	{5, 14}, 0},
    [RK_KEY_RSA2048] = {CKM_RSA_PKCS_KEY_PAIR_GEN, {NULL, NULL}, {0, 0}, 2048},
    [RK_KEY_RSA3072] = {CKM_RSA_PKCS_KEY_PAIR_GEN, {NULL, NULL}, {0, 0}, 3072},
    [RK_KEY_RSA4096] = {CKM_RSA_PKCS_KEY_PAIR_GEN, {NULL, NULL}, {0, 0}, 4096},
};

static CK_BYTE exponent[] = {1, 0, 1};

/* One way to ask: how much of the template, and by which of the curve's names. */
struct way {
	rk_yubikey_order *order;
	enum rk_template_level level;
	unsigned name;
};

static CK_RV
generate_one_way(rk_session *session, const struct way *way, struct rk_keypair *ret_pair)
{
	const rk_request *request = &way->order->request;
	const struct recipe *recipe = &recipes[request->type];
	CK_MECHANISM mechanism = {recipe->mechanism, NULL, 0};
	CK_ATTRIBUTE private_part[TEMPLATE_MAX], public_part[TEMPLATE_MAX];
	CK_ULONG bits = recipe->bits;
	CK_ULONG private_count =
	    rk_template_fill(&private_table, request, way->level, private_part);
	CK_ULONG public_count = rk_template_fill(&public_table, request, way->level, public_part);

	private_count += rk_yubikey_attributes(way->order, private_part + private_count);
	if (bits > 0) {
		public_part[public_count++] = (CK_ATTRIBUTE){CKA_MODULUS_BITS, &bits, sizeof(bits)};
		public_part[public_count++] =
		    (CK_ATTRIBUTE){CKA_PUBLIC_EXPONENT, exponent, sizeof(exponent)};
	} else {
		public_part[public_count++] = (CK_ATTRIBUTE){CKA_EC_PARAMS,
		    (void *)(uintptr_t)recipe->params[way->name], recipe->params_len[way->name]};
	}
	return RK_CALL(session->module, C_GenerateKeyPair, session->handle, &mechanism, public_part,
	    public_count, private_part, private_count, &ret_pair->public_key,
	    &ret_pair->private_key);
}

static CK_RV
make_pair(rk_session *session, rk_yubikey_order *order, struct rk_keypair *ret_pair)
{
	const rk_request *request = &order->request;
	const struct recipe *recipe = &recipes[request->type];
	CK_RV rv = CKR_OK, first = CKR_OK;

	for (int level = RK_TEMPLATE_ALL; level < RK_TEMPLATE_LEVEL_COUNT; level++) {
		if (!rk_template_will_do((enum rk_template_level)level, request->wrappable))
			continue;
		for (unsigned name = 0; name < 2; name++) {
			const struct way way = {order, (enum rk_template_level)level, name};

			if (name > 0 && !recipe->params[name])
				break;
			rv = generate_one_way(session, &way, ret_pair);
			if (rv == CKR_OK || !rk_template_is_refused(rv))
				return rv;
			if (first == CKR_OK)
				first = rv;
		}
	}
	return first;
}

static CK_RV
destroy_handle(rk_session *session, CK_OBJECT_HANDLE handle)
{
	CK_RV rv;

	if (handle == 0)
		return CKR_OK;
	rv = RK_CALL(session->module, C_DestroyObject, session->handle, handle);
	return rv == CKR_OBJECT_HANDLE_INVALID ? CKR_OK : rv;
}

static CK_RV
offers(rk_session *session, CK_MECHANISM_TYPE wanted, bool *ret_offers)
{
	CK_MECHANISM_TYPE *types = NULL;
	CK_ULONG count = 0;
	CK_RV rv = rk_session_mechanisms(session, &types, &count);

	*ret_offers = false;
	for (CK_ULONG i = 0; i < count; i++)
		if (types[i] == wanted)
			*ret_offers = true;
	free(types);
	return rv;
}

/* Is the pair what was asked for, in what nobody above could repair? The rest is told. */
CK_RV
rk_keypair_judge(rk_session *session, const rk_request *request, const rk_object *made)
{
	if ((uint8_t)rk_pubkey_type(made->pubkey) != request->type)
		return RK_CKR_BAD_ANSWER;
	/* Gone with the session, or usable without a PIN. */
	if (rk_attribute_fact(session, made->private_key, CKA_TOKEN) == RK_FACT_NO ||
	    rk_attribute_fact(session, made->private_key, CKA_PRIVATE) == RK_FACT_NO)
		return RK_CKR_BAD_ANSWER;
	return CKR_OK;
}

/* Take back what was made; `why` stays the answer, unless something is left behind. Where the token is
 * gone, that is what there is to say. */
CK_RV
rk_keypair_take_back(rk_session *session, const struct rk_keypair *pair, CK_RV why)
{
	enum rk_call call = session->module->call;
	CK_RV rv = destroy_handle(session, pair->private_key), also;

	also = destroy_handle(session, pair->public_key);
	if (also == CKR_OK)
		also = destroy_handle(session, pair->certificate);
	session->objects_known = false;
	if ((rv != CKR_OK || also != CKR_OK) && !rk_attribute_is_lost(why))
		return RK_CKR_STRAY;
	session->module->call = call;
	return why;
}

CK_RV
rk_keypair_prepare(rk_session *session, const rk_request *request)
{
	CK_RV rv = rk_keys_find(session);

	if (rv == CKR_OK && rk_keys_taken(session, &request->id, &request->label))
		return RK_CKR_EXISTS;
	return rv == CKR_OK ? rk_session_make_writable(session) : rv;
}

CK_RV
rk_keypair_generate(rk_session *session, const rk_request *wanted, rk_object **ret_object)
{
	rk_yubikey_order order = {0};
	const rk_request *request = &order.request;
	struct rk_keypair pair = {0, 0, 0};
	bool offered = false;
	CK_RV rv;

	if (wanted->type >= RK_KEY_GENERATED_COUNT)
		return RK_CKR_PROTOCOL;
	rv = rk_yubikey_order_of(session, wanted, &order);
	if (rv != CKR_OK)
		return rv;
	rv = offers(session, recipes[request->type].mechanism, &offered);
	if (rv == CKR_OK && !offered)
		return RK_CKR_UNSUPPORTED;
	if (rv == CKR_OK)
		rv = rk_keypair_prepare(session, request);
	if (rv != CKR_OK)
		return rv;
	rv = make_pair(session, &order, &pair);
	if (rv != CKR_OK) {
		/* Half of it may be there: look again before anything else is believed. */
		session->objects_known = false;
		return rv;
	}
	rv = rk_keys_add(session, pair.private_key, pair.public_key);
	if (rv == CKR_OK)
		rv = rk_keypair_judge(
		    session, request, &session->objects[session->object_count - 1]);
	if (rv != CKR_OK)
		return rk_keypair_take_back(session, &pair, rv);
	*ret_object = &session->objects[session->object_count - 1];
	return CKR_OK;
}

/* A module that says that it did it, and did not; a token that went away shows neither. */
static CK_RV
see_gone(rk_session *session, CK_OBJECT_HANDLE handle)
{
	CK_KEY_TYPE type;
	CK_RV rv = rk_attribute_number(session, handle, CKA_KEY_TYPE, &type);

	if (rv == CKR_OK)
		return RK_CKR_BAD_ANSWER;
	return rk_attribute_is_lost(rv) ? rv : CKR_OK;
}

CK_RV
rk_keypair_destroy(rk_session *session, rk_object *object)
{
	CK_OBJECT_HANDLE private_key = object->private_key;
	CK_RV rv = rk_yubikey_check_destroy(session);

	if (rv == CKR_OK)
		rv = rk_session_make_writable(session);
	if (rv == CKR_OK)
		rv = destroy_handle(session, private_key);
	if (rv == CKR_OK)
		rv = destroy_handle(session, object->public_key);
	if (rv == CKR_OK)
		rv = destroy_handle(session, object->certificate);
	if (rv == CKR_OK && private_key != 0)
		rv = see_gone(session, private_key);
	if (rv == CKR_OK)
		rk_keys_drop(session, object);
	else
		session->objects_known = false;
	return rv;
}
