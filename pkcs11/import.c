#include "pkcs11/import.h"

#include "pkcs11/keypair.h"
#include "pkcs11/privatehalf.h"
#include "pkcs11/publichalf.h"
#include "pkcs11/template.h"
#include "pkcs11/yubikey.h"

#include <string.h>

static const rk_template_row rows[] = {
    {CKA_TOKEN, RK_TEMPLATE_TRUE, RK_TEMPLATE_AT_ALL},
    {CKA_ID, RK_TEMPLATE_ID, RK_TEMPLATE_AT_ALL},
    {CKA_LABEL, RK_TEMPLATE_LABEL, RK_TEMPLATE_AT_ALL},
    {CKA_PRIVATE, RK_TEMPLATE_TRUE, RK_TEMPLATE_AT_MORE},
    {CKA_SIGN, RK_TEMPLATE_TRUE, RK_TEMPLATE_AT_MORE},
    {CKA_SENSITIVE, RK_TEMPLATE_TRUE,
	RK_TEMPLATE_AT_ALL & ~RK_TEMPLATE_AT(RK_TEMPLATE_EXTRACTABLE)},
    {CKA_EXTRACTABLE, RK_TEMPLATE_WRAPPABLE,
	RK_TEMPLATE_AT(RK_TEMPLATE_ALL) | RK_TEMPLATE_AT(RK_TEMPLATE_EXTRACTABLE)},
};
static const rk_template_table table = RK_TEMPLATE_TABLE(rows);

/* With class, type and curve, and what a device's policies add. */
#define TEMPLATE_MAX (sizeof(rows) / sizeof(rows[0]) + RK_PRIVATE_HALF_NUMBERS + 5)

struct import {
	rk_session *session;
	const rk_request *request; /* the order's */
	rk_yubikey_order order;
	rk_private_half half;
	struct rk_keypair made;
};

/* A call that failed has made nothing, whatever it wrote. */
static CK_RV
create(rk_session *session, CK_ATTRIBUTE *template, CK_ULONG count, CK_OBJECT_HANDLE *ret_handle)
{
	CK_OBJECT_HANDLE handle = 0;
	CK_RV rv =
	    RK_CALL(session->module, C_CreateObject, session->handle, template, count, &handle);

	if (rv == CKR_OK)
		*ret_handle = handle;
	return rv;
}

static CK_RV
create_private_at(struct import *import, enum rk_template_level level)
{
	const rk_private_half *half = &import->half;
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_KEY_TYPE type = half->type;
	size_t numbers = level == RK_TEMPLATE_LEAST ? half->least : half->count;
	CK_ATTRIBUTE template[TEMPLATE_MAX];
	CK_ULONG count = rk_template_fill(&table, import->request, level, template);

	template[count++] = (CK_ATTRIBUTE){CKA_CLASS, &class, sizeof(class)};
	template[count++] = (CK_ATTRIBUTE){CKA_KEY_TYPE, &type, sizeof(type)};
	if (half->params)
		template[count++] = (CK_ATTRIBUTE){
		    CKA_EC_PARAMS, (void *)(uintptr_t)half->params, half->params_len};
	for (size_t i = 0; i < numbers; i++)
		template[count++] = (CK_ATTRIBUTE){half->numbers[i].type,
		    rk_secret_bytes(half->numbers[i].bytes), rk_secret_len(half->numbers[i].bytes)};
	count += rk_yubikey_attributes(&import->order, template + count);
	return create(import->session, template, count, &import->made.private_key);
}

static CK_RV
create_private(struct import *import)
{
	CK_RV rv;

	for (int level = RK_TEMPLATE_ALL; level < RK_TEMPLATE_LEVEL_COUNT; level++) {
		if (!rk_template_will_do((enum rk_template_level)level, import->request->wrappable))
			continue;
		rv = create_private_at(import, (enum rk_template_level)level);
		if (rv == CKR_OK || !rk_template_is_refused(rv))
			return rv;
	}
	return RK_CKR_NOT_TAKEN;
}

static CK_RV
create_certificate(struct import *import)
{
	static CK_BBOOL yes = CK_TRUE;
	CK_OBJECT_CLASS class = CKO_CERTIFICATE;
	CK_CERTIFICATE_TYPE type = CKC_X_509;
	const rk_request *request = import->request;
	RK_AUTO_BUF(der);
	CK_RV rv = rk_private_half_certify(&import->half, &der);
	CK_ATTRIBUTE template[] = {
	    {CKA_CLASS, &class, sizeof(class)},
	    {CKA_CERTIFICATE_TYPE, &type, sizeof(type)},
	    {CKA_TOKEN, &yes, sizeof(yes)},
	    {CKA_ID, (void *)(uintptr_t)request->id.bytes, request->id.len},
	    {CKA_VALUE, der.data, der.len},
	};

	if (rv != CKR_OK)
		return rv;
	return create(import->session, template, sizeof(template) / sizeof(template[0]),
	    &import->made.certificate);
}

/* A module that takes no public objects is no reason to stop: a certificate tells the same. Where it
 * takes neither, it is told why it took no public one. */
static CK_RV
create_public(struct import *import)
{
	const struct rk_publichalf half = {.key = import->half.pubkey,
	    .id = import->request->id,
	    .label = import->request->label,
	    .use = RK_PUBLICHALF_VERIFY};
	CK_OBJECT_HANDLE handle = 0;
	CK_RV rv = rk_publichalf_create(import->session, &half, &handle);

	if (rv == CKR_OK)
		import->made.public_key = handle;
	if ((rv == CKR_FUNCTION_NOT_SUPPORTED || rk_template_is_refused(rv)) &&
	    create_certificate(import) == CKR_OK)
		return CKR_OK;
	return rv;
}

/* The token as anybody finds it from now on. */
static CK_RV
read_back(struct import *import, rk_object **ret_object)
{
	rk_session *session = import->session;
	rk_object *object;
	CK_RV rv;

	session->objects_known = false;
	rv = rk_keys_find(session);
	if (rv != CKR_OK)
		return rv;
	object = rk_keys_by_handle(session, import->made.private_key);
	if (!object || !object->pubkey || !rk_pubkey_equal(object->pubkey, import->half.pubkey))
		return RK_CKR_BAD_ANSWER;
	rv = rk_keypair_judge(session, import->request, object);
	if (rv == CKR_OK)
		*ret_object = object;
	return rv;
}

static bool
has_id(const rk_object *object, const rk_wire_span *id)
{
	return id->len > 0 && object->id.len == id->len &&
	       memcmp(object->id.data, id->bytes, id->len) == 0;
}

/* Some modules refuse an object and have made it. The id was free: what has it now is ours. */
static CK_RV
clear_id(struct import *import)
{
	rk_session *session = import->session;
	size_t i = 0;
	CK_RV rv;

	session->objects_known = false;
	rv = rk_keys_find(session);
	while (rv == CKR_OK && i < session->object_count) {
		if (has_id(&session->objects[i], &import->request->id))
			rv = rk_keypair_destroy(session, &session->objects[i]);
		else
			i++;
	}
	return rv;
}

/* `why` stays the answer, unless something is left behind. */
static CK_RV
take_back(struct import *import, CK_RV why)
{
	enum rk_call call;
	CK_RV rv = rk_keypair_take_back(import->session, &import->made, why);

	if (rv == RK_CKR_STRAY || rk_attribute_is_lost(why))
		return rv;
	call = import->session->module->call;
	if (clear_id(import) != CKR_OK)
		return RK_CKR_STRAY;
	import->session->module->call = call;
	return why;
}

CK_RV
rk_import(rk_session *session, const rk_request *wanted, rk_object **ret_object)
{
	struct import import = {.session = session};
	CK_RV rv;

	import.request = &import.order.request;
	if (!wanted->pkcs8)
		return RK_CKR_PROTOCOL;
	rv = rk_yubikey_order_of(session, wanted, &import.order);
	if (rv == CKR_OK)
		rv = rk_private_half_read(
		    wanted->pkcs8, (enum rk_key_type)wanted->type, &import.half);
	if (rv == CKR_OK)
		rv = rk_keypair_prepare(session, import.request);
	if (rv == CKR_OK) {
		rv = create_private(&import);
		if (rv == CKR_OK)
			rv = create_public(&import);
		if (rv == CKR_OK)
			rv = read_back(&import, ret_object);
		if (rv != CKR_OK)
			rv = take_back(&import, rv);
	}
	rk_private_half_clear(&import.half);
	return rv;
}
