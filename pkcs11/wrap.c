#include "pkcs11/wrap.h"

#include "pkcs11/publichalf.h"
#include "pkcs11/wrapway.h"

#define WRAPPED_MAX 32768u

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;

/* What one wrapping makes on the way: session objects, 0 where there is none. */
struct bench {
	rk_session *session;
	CK_OBJECT_HANDLE transport, kek;
	struct rk_wrapway_call call;
};

static CK_RV
take_transport(struct bench *bench, const rk_request *request)
{
	RK_AUTO(rk_pubkey) key = NULL;
	struct rk_publichalf half = {.use = RK_PUBLICHALF_WRAP};

	rk_error_free(rk_pubkey_from_spki(request->spki.bytes, request->spki.len, &key));
	if (!key || rk_pubkey_family(key) != RK_FAMILY_RSA_PSS)
		return RK_CKR_PROTOCOL;
	half.key = key;
	return rk_publichalf_create(bench->session, &half, &bench->transport);
}

/* Extractable, since it is to be wrapped; sensitive, so that it leaves no other way. */
static CK_RV
make_kek(struct bench *bench)
{
	CK_MECHANISM mechanism = {CKM_AES_KEY_GEN, NULL, 0};
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_KEY_TYPE type = CKK_AES;
	CK_ULONG len = RK_WRAPWAY_KEK;
	CK_ATTRIBUTE template[] = {
	    {CKA_CLASS, &class, sizeof(class)},
	    {CKA_KEY_TYPE, &type, sizeof(type)},
	    {CKA_VALUE_LEN, &len, sizeof(len)},
	    {CKA_TOKEN, &no, sizeof(no)},
	    {CKA_PRIVATE, &yes, sizeof(yes)},
	    {CKA_WRAP, &yes, sizeof(yes)},
	    {CKA_SENSITIVE, &yes, sizeof(yes)},
	    {CKA_EXTRACTABLE, &yes, sizeof(yes)},
	};

	CK_RV rv = RK_CALL(bench->session->module, C_GenerateKey, bench->session->handle,
	    &mechanism, template, sizeof(template) / sizeof(template[0]), &bench->kek);

	if (rv != CKR_OK)
		bench->kek = 0;
	return rv;
}

/* One C_WrapKey, with room enough: some modules count wrongly when they are asked for the size. */
static CK_RV
wrap(struct bench *bench, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE with, CK_OBJECT_HANDLE what,
    rk_buf *out)
{
	static CK_BYTE wrapped[WRAPPED_MAX]; /* a worker has one thread */
	CK_ULONG len = sizeof(wrapped);
	CK_RV rv = RK_CALL(bench->session->module, C_WrapKey, bench->session->handle, mechanism,
	    with, what, wrapped, &len);

	if (rv == CKR_OK && (len == 0 || len > sizeof(wrapped)))
		return RK_CKR_BAD_ANSWER;
	if (rv == CKR_OK)
		rk_wire_put_bytes(out, wrapped, len);
	return rv;
}

static CK_RV
wrap_all(struct bench *bench, const rk_object *key, enum rk_wrap_way way, rk_buf *out)
{
	CK_RV rv;

	if (rk_wrapway_is_whole(way)) {
		rk_wire_put_bytes(out, "", 0);
		return wrap(bench, &bench->call.key, bench->transport, key->private_key, out);
	}
	rv = make_kek(bench);
	if (rv == CKR_OK)
		rv = wrap(bench, &bench->call.kek, bench->transport, bench->kek, out);
	if (rv == CKR_OK)
		rv = wrap(bench, &bench->call.key, bench->kek, key->private_key, out);
	return rv;
}

static void
destroy(rk_session *session, CK_OBJECT_HANDLE handle)
{
	/* A session object: the module that will not destroy it ends it with the session. */
	if (handle != 0)
		(void)session->module->functions->C_DestroyObject(session->handle, handle);
}

CK_RV
rk_wrap_key(rk_session *session, const rk_object *key, const rk_request *request, rk_buf *out)
{
	struct bench bench = {.session = session};
	CK_RV rv;

	if (request->way >= RK_WRAP_WAY_COUNT)
		return RK_CKR_PROTOCOL;
	rk_wrapway_prepare((enum rk_wrap_way)request->way, request->sha1, &bench.call);
	rv = take_transport(&bench, request);
	if (rv == CKR_OK)
		rv = wrap_all(&bench, key, (enum rk_wrap_way)request->way, out);
	destroy(session, bench.kek);
	destroy(session, bench.transport);
	return rv;
}

CK_RV
rk_wrap_seal(rk_session *session, rk_object *key)
{
	CK_ATTRIBUTE template = {CKA_EXTRACTABLE, &no, sizeof(no)};
	uint8_t *fact = &key->facts[RK_FACT_EXTRACTABLE];
	enum rk_call call;
	CK_RV rv;

	*fact = (uint8_t)rk_attribute_fact(session, key->private_key, CKA_EXTRACTABLE);
	if (*fact == RK_FACT_NO)
		return CKR_OK;
	rv = rk_session_make_writable(session);
	if (rv == CKR_OK)
		rv = RK_CALL(session->module, C_SetAttributeValue, session->handle,
		    key->private_key, &template, 1);
	call = session->module->call;
	*fact = (uint8_t)rk_attribute_fact(session, key->private_key, CKA_EXTRACTABLE);
	session->module->call = call;
	/* What it is now counts, whatever the module said. */
	if (*fact == RK_FACT_NO || rv != CKR_OK)
		return *fact == RK_FACT_NO ? CKR_OK : rv;
	return *fact == RK_FACT_YES ? RK_CKR_EXPOSED : CKR_OK;
}
