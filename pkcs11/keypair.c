#include "pkcs11/keypair.h"

#include <stdlib.h>

/*
 * How much of the template is left: what a module refuses is left out step by step. Some refuse
 * SENSITIVE and EXTRACTABLE together; without the second a key is hardly ever extractable, without
 * the first it often is not sensitive.
 */
enum level { LEVEL_ALL, LEVEL_SENSITIVE, LEVEL_EXTRACTABLE, LEVEL_LEAST, LEVEL_COUNT };

#define AT(level) (1u << (level))
#define AT_ALL (AT(LEVEL_ALL) | AT(LEVEL_SENSITIVE) | AT(LEVEL_EXTRACTABLE) | AT(LEVEL_LEAST))
#define AT_MORE (AT_ALL & ~AT(LEVEL_LEAST))

enum value { VALUE_TRUE, VALUE_FALSE, VALUE_WRAPPABLE, VALUE_ID, VALUE_LABEL };

struct row {
	CK_ATTRIBUTE_TYPE type;
	enum value value;
	unsigned levels; /* that it is part of */
};

static const struct row private_rows[] = {
    {CKA_TOKEN, VALUE_TRUE, AT_ALL},
    {CKA_ID, VALUE_ID, AT_ALL},
    {CKA_LABEL, VALUE_LABEL, AT_MORE},
    {CKA_PRIVATE, VALUE_TRUE, AT_MORE},
    {CKA_SIGN, VALUE_TRUE, AT_MORE},
    {CKA_SENSITIVE, VALUE_TRUE, AT(LEVEL_ALL) | AT(LEVEL_SENSITIVE)},
    {CKA_EXTRACTABLE, VALUE_WRAPPABLE, AT(LEVEL_ALL) | AT(LEVEL_EXTRACTABLE)},
};

static const struct row public_rows[] = {
    {CKA_TOKEN, VALUE_TRUE, AT_ALL},
    {CKA_ID, VALUE_ID, AT_ALL},
    {CKA_LABEL, VALUE_LABEL, AT_MORE},
    {CKA_VERIFY, VALUE_TRUE, AT_MORE},
    {CKA_PRIVATE, VALUE_FALSE, AT(LEVEL_ALL)},
};

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))
#define TEMPLATE_MAX (ROWS(private_rows) + 2)

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

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
static CK_BYTE exponent[] = {1, 0, 1};

static CK_ATTRIBUTE
from_span(CK_ATTRIBUTE_TYPE type, const rk_wire_span *span)
{
	return (CK_ATTRIBUTE){type, (void *)(uintptr_t)span->bytes, span->len};
}

static CK_ATTRIBUTE
attribute_of(const struct row *row, const rk_request *request)
{
	switch (row->value) {
	case VALUE_ID:
		return from_span(row->type, &request->id);
	case VALUE_LABEL:
		return from_span(row->type, &request->label);
	case VALUE_WRAPPABLE:
		return (CK_ATTRIBUTE){row->type, request->wrappable ? &yes : &no, sizeof(yes)};
	case VALUE_FALSE:
		return (CK_ATTRIBUTE){row->type, &no, sizeof(no)};
	case VALUE_TRUE:
	default:
		return (CK_ATTRIBUTE){row->type, &yes, sizeof(yes)};
	}
}

/* One way to ask: how much of the template, and by which of the curve's names. */
struct way {
	const rk_request *request;
	enum level level;
	unsigned name;
};

static CK_ULONG
fill(CK_ATTRIBUTE *template, const struct row *rows, size_t count, const struct way *way)
{
	CK_ULONG used = 0;

	for (size_t i = 0; i < count; i++)
		if (rows[i].levels & AT(way->level))
			template[used++] = attribute_of(&rows[i], way->request);
	return used;
}

struct pair {
	CK_OBJECT_HANDLE private_key, public_key;
};

static CK_RV
generate_one_way(rk_session *session, const struct way *way, struct pair *ret_pair)
{
	const struct recipe *recipe = &recipes[way->request->type];
	CK_MECHANISM mechanism = {recipe->mechanism, NULL, 0};
	CK_ATTRIBUTE private_part[TEMPLATE_MAX], public_part[TEMPLATE_MAX];
	CK_ULONG bits = recipe->bits;
	CK_ULONG private_count = fill(private_part, private_rows, ROWS(private_rows), way);
	CK_ULONG public_count = fill(public_part, public_rows, ROWS(public_rows), way);

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

/* Is it the template that was refused? Then nothing was made, and less may be asked for. */
static bool
refuses_template(CK_RV rv)
{
	return rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_ATTRIBUTE_VALUE_INVALID ||
	       rv == CKR_ATTRIBUTE_READ_ONLY || rv == CKR_TEMPLATE_INCONSISTENT ||
	       rv == CKR_DOMAIN_PARAMS_INVALID || rv == CKR_CURVE_NOT_SUPPORTED ||
	       rv == CKR_MECHANISM_PARAM_INVALID;
}

static CK_RV
make_pair(rk_session *session, const rk_request *request, struct pair *ret_pair)
{
	const struct recipe *recipe = &recipes[request->type];
	CK_RV rv = CKR_OK, first = CKR_OK;

	for (int level = LEVEL_ALL; level < LEVEL_COUNT; level++) {
		/* A key that is to be wrapped has to be made extractable. */
		if (request->wrappable && (level == LEVEL_SENSITIVE || level == LEVEL_LEAST))
			continue;
		for (unsigned name = 0; name < 2; name++) {
			const struct way way = {request, (enum level)level, name};

			if (name > 0 && !recipe->params[name])
				break;
			rv = generate_one_way(session, &way, ret_pair);
			if (rv == CKR_OK || !refuses_template(rv))
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
static CK_RV
judge(rk_session *session, const rk_request *request, const rk_object *made)
{
	if ((uint8_t)rk_pubkey_type(made->pubkey) != request->type)
		return RK_CKR_BAD_ANSWER;
	/* Gone with the session, or usable without a PIN. */
	if (rk_attribute_fact(session, made->private_key, CKA_TOKEN) == RK_FACT_NO ||
	    rk_attribute_fact(session, made->private_key, CKA_PRIVATE) == RK_FACT_NO)
		return RK_CKR_BAD_ANSWER;
	return CKR_OK;
}

/* Take back what was made; `why` stays the answer, unless something is left behind. */
static CK_RV
take_back(rk_session *session, const struct pair *pair, CK_RV why)
{
	enum rk_call call = session->module->call;
	CK_RV rv = destroy_handle(session, pair->private_key), also;

	also = destroy_handle(session, pair->public_key);
	session->objects_known = false;
	if (rv != CKR_OK || also != CKR_OK)
		return RK_CKR_STRAY;
	session->module->call = call;
	return why;
}

static CK_RV
prepare(rk_session *session, const rk_request *request)
{
	bool offered = false;
	CK_RV rv = offers(session, recipes[request->type].mechanism, &offered);

	if (rv == CKR_OK && !offered)
		return RK_CKR_UNSUPPORTED;
	if (rv == CKR_OK)
		rv = rk_keys_find(session);
	if (rv == CKR_OK && rk_keys_taken(session, &request->id, &request->label))
		return RK_CKR_EXISTS;
	return rv == CKR_OK ? rk_session_make_writable(session) : rv;
}

CK_RV
rk_keypair_generate(rk_session *session, const rk_request *request, rk_object **ret_object)
{
	struct pair pair = {0, 0};
	CK_RV rv;

	if (request->type >= RK_KEY_GENERATED_COUNT)
		return RK_CKR_PROTOCOL;
	rv = prepare(session, request);
	if (rv != CKR_OK)
		return rv;
	rv = make_pair(session, request, &pair);
	if (rv != CKR_OK) {
		/* Half of it may be there: look again before anything else is believed. */
		session->objects_known = false;
		return rv;
	}
	rv = rk_keys_add(session, pair.private_key, pair.public_key);
	if (rv == CKR_OK)
		rv = judge(session, request, &session->objects[session->object_count - 1]);
	if (rv != CKR_OK)
		return take_back(session, &pair, rv);
	*ret_object = &session->objects[session->object_count - 1];
	return CKR_OK;
}

CK_RV
rk_keypair_destroy(rk_session *session, rk_object *object)
{
	CK_OBJECT_HANDLE private_key = object->private_key;
	CK_KEY_TYPE type;
	CK_RV rv = rk_session_make_writable(session);

	if (rv == CKR_OK)
		rv = destroy_handle(session, private_key);
	if (rv == CKR_OK)
		rv = destroy_handle(session, object->public_key);
	if (rv == CKR_OK)
		rv = destroy_handle(session, object->certificate);
	/* A module that says that it did it, and did not. */
	if (rv == CKR_OK && private_key != 0 &&
	    rk_attribute_number(session, private_key, CKA_KEY_TYPE, &type) == CKR_OK)
		rv = RK_CKR_BAD_ANSWER;
	if (rv == CKR_OK)
		rk_keys_drop(session, object);
	else
		session->objects_known = false;
	return rv;
}
