#include "pkcs11/transport.h"

#include "pkcs11/attribute.h"
#include "pkcs11/template.h"

#define BITS 3072
#define STRAYS_MAX 64

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;

/* What a module refuses is left out step by step: first what it does by itself, then the session. */
enum level { LEVEL_SESSION, LEVEL_SESSION_LEAST, LEVEL_TOKEN, LEVEL_TOKEN_LEAST, LEVEL_COUNT };

static CK_RV
generate(rk_session *session, enum level level)
{
	CK_MECHANISM mechanism = {CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0};
	CK_BYTE exponent[] = {1, 0, 1};
	CK_UTF8CHAR label[] = RK_TRANSPORT_LABEL;
	CK_ULONG bits = BITS, least = level == LEVEL_SESSION || level == LEVEL_TOKEN ? 0 : 2;
	CK_BBOOL *kept = level == LEVEL_TOKEN || level == LEVEL_TOKEN_LEAST ? &yes : &no;
	CK_ATTRIBUTE public_part[] = {
	    {CKA_TOKEN, kept, sizeof(*kept)},
	    {CKA_LABEL, label, sizeof(label) - 1},
	    {CKA_WRAP, &yes, sizeof(yes)},
	    {CKA_MODULUS_BITS, &bits, sizeof(bits)},
	    {CKA_PUBLIC_EXPONENT, exponent, sizeof(exponent)},
	};
	CK_ATTRIBUTE private_part[] = {
	    {CKA_TOKEN, kept, sizeof(*kept)},
	    {CKA_LABEL, label, sizeof(label) - 1},
	    {CKA_PRIVATE, &yes, sizeof(yes)},
	    {CKA_UNWRAP, &yes, sizeof(yes)},
	    {CKA_SENSITIVE, &yes, sizeof(yes)},
	    {CKA_EXTRACTABLE, &no, sizeof(no)},
	};

	return RK_CALL(session->module, C_GenerateKeyPair, session->handle, &mechanism, public_part,
	    sizeof(public_part) / sizeof(public_part[0]), private_part,
	    sizeof(private_part) / sizeof(private_part[0]) - least, &session->transport_public,
	    &session->transport_private);
}

static CK_RV
destroy(rk_session *session, CK_OBJECT_HANDLE *handle)
{
	CK_RV rv = CKR_OK;

	if (*handle != 0)
		rv = RK_CALL(session->module, C_DestroyObject, session->handle, *handle);
	*handle = 0;
	return rv == CKR_OBJECT_HANDLE_INVALID ? CKR_OK : rv;
}

static bool
refuses_template(CK_RV rv)
{
	return rk_template_is_refused(rv) || rv == CKR_TEMPLATE_INCOMPLETE ||
	       rv == CKR_FUNCTION_FAILED || rv == CKR_GENERAL_ERROR;
}

/* The template may have been ignored: a key that could be read out protects nothing. */
static bool
is_exposed(rk_session *session)
{
	CK_OBJECT_HANDLE key = session->transport_private;

	return rk_attribute_fact(session, key, CKA_EXTRACTABLE) == RK_FACT_YES ||
	       rk_attribute_fact(session, key, CKA_SENSITIVE) == RK_FACT_NO;
}

static CK_RV
make_pair_at(rk_session *session, enum level level)
{
	CK_RV rv = generate(session, level);

	if (rv != CKR_OK)
		session->transport_private = session->transport_public = 0;
	if (rv != CKR_OK || !is_exposed(session))
		return rv;
	if (rk_transport_end(session) != CKR_OK)
		return RK_CKR_TRANSPORT;
	/* Asked for less, it gave less: another level may do. Else its templates are worth nothing. */
	return level == LEVEL_SESSION || level == LEVEL_TOKEN ? RK_CKR_EXPOSED
							      : CKR_TEMPLATE_INCONSISTENT;
}

static CK_RV
make_pair(rk_session *session)
{
	CK_RV rv = CKR_OK, first = CKR_OK;

	for (int level = 0; level < LEVEL_COUNT; level++) {
		rv = make_pair_at(session, (enum level)level);
		if (rv == CKR_OK || !refuses_template(rv))
			return rv;
		if (first == CKR_OK)
			first = rv;
	}
	session->module->call = RK_CALL_C_GenerateKeyPair;
	return first;
}

/* Token objects with our label, of one class: what a run that was killed has left. */
static CK_RV
remove_strays(rk_session *session, CK_OBJECT_CLASS class)
{
	CK_UTF8CHAR label[] = RK_TRANSPORT_LABEL;
	CK_KEY_TYPE type = CKK_RSA;
	CK_ATTRIBUTE template[] = {
	    {CKA_CLASS, &class, sizeof(class)},
	    {CKA_TOKEN, &yes, sizeof(yes)},
	    {CKA_KEY_TYPE, &type, sizeof(type)},
	    {CKA_LABEL, label, sizeof(label) - 1},
	};
	CK_OBJECT_HANDLE found[STRAYS_MAX];
	CK_ULONG count = 0;
	CK_RV rv = RK_CALL(session->module, C_FindObjectsInit, session->handle, template,
	    sizeof(template) / sizeof(template[0]));

	if (rv != CKR_OK)
		return rv;
	rv = RK_CALL(session->module, C_FindObjects, session->handle, found, STRAYS_MAX, &count);
	(void)session->module->functions->C_FindObjectsFinal(session->handle);
	if (rv == CKR_OK && count > STRAYS_MAX)
		rv = RK_CKR_BAD_ANSWER;
	if (count > 0)
		session->objects_known = false;
	for (CK_ULONG i = 0; i < count && rv == CKR_OK; i++)
		rv = RK_CALL(session->module, C_DestroyObject, session->handle, found[i]);
	return rv;
}

static CK_RV
tell(rk_session *session, rk_buf *out)
{
	RK_AUTO_BUF(modulus);
	RK_AUTO_BUF(exponent);
	RK_AUTO(rk_pubkey) key = NULL;
	const uint8_t *spki;
	size_t len = 0;
	CK_RV rv = rk_attribute_bytes(session, session->transport_public, CKA_MODULUS, &modulus);

	if (rv == CKR_OK)
		rv = rk_attribute_bytes(
		    session, session->transport_public, CKA_PUBLIC_EXPONENT, &exponent);
	if (rv != CKR_OK)
		return rv;
	rk_error_free(
	    rk_pubkey_from_rsa(modulus.data, modulus.len, exponent.data, exponent.len, &key));
	if (!key || rk_pubkey_bits(key) != BITS)
		return RK_CKR_BAD_ANSWER;
	spki = rk_pubkey_spki(key, &len);
	rk_wire_put_bytes(out, spki, len);
	return CKR_OK;
}

CK_RV
rk_transport_begin(rk_session *session, rk_buf *out)
{
	CK_RV rv = rk_transport_end(session);

	/* First of all: another session in its place would end the objects of this one. */
	if (rv == CKR_OK)
		rv = rk_session_make_writable(session);
	if (rv == CKR_OK)
		rv = remove_strays(session, CKO_PRIVATE_KEY);
	if (rv == CKR_OK)
		rv = remove_strays(session, CKO_PUBLIC_KEY);
	if (rv == CKR_OK)
		rv = make_pair(session);
	if (rv == CKR_OK)
		rv = tell(session, out);
	if (rv != CKR_OK) {
		enum rk_call call = session->module->call;
		CK_RV also = rk_transport_end(session);

		session->module->call = call;
		return also == CKR_OK ? rv : also;
	}
	return CKR_OK;
}

CK_RV
rk_transport_end(rk_session *session)
{
	CK_RV rv = destroy(session, &session->transport_private);
	CK_RV also = destroy(session, &session->transport_public);

	return rv == CKR_OK && also == CKR_OK ? CKR_OK : RK_CKR_TRANSPORT;
}
