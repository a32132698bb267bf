#include "pkcs11/worker_private.h"

#include "pkcs11/certificates.h"
#include "pkcs11/import.h"
#include "pkcs11/keypair.h"
#include "pkcs11/sight.h"
#include "pkcs11/sign.h"
#include "pkcs11/transport.h"
#include "pkcs11/unwrap.h"
#include "pkcs11/wrap.h"

static void
put_key(const rk_object *object, rk_buf *out)
{
	rk_found_key found = rk_keys_found(object);

	rk_found_key_encode(&found, out);
}

CK_RV
rk_worker_keys(struct rk_worker *worker, const rk_request *request, rk_buf *out)
{
	rk_session *session = rk_worker_session(worker, request);
	CK_RV rv = rk_keys_find(session);

	uint32_t count = 0;

	if (rv != CKR_OK)
		return rv;
	for (size_t i = 0; i < session->object_count; i++)
		count += rk_keys_has_half(&session->objects[i]);
	rk_buf_u32(out, count);
	for (size_t i = 0; i < session->object_count; i++)
		if (rk_keys_has_half(&session->objects[i]))
			put_key(&session->objects[i], out);
	return CKR_OK;
}

CK_RV
rk_worker_generate(struct rk_worker *worker, const rk_request *request, rk_buf *out)
{
	rk_object *object = NULL;
	CK_RV rv = rk_keypair_generate(rk_worker_session(worker, request), request, &object);

	if (rv == CKR_OK)
		put_key(object, out);
	return rv;
}

CK_RV
rk_worker_import(struct rk_worker *worker, const rk_request *request, rk_buf *out)
{
	rk_object *object = NULL;
	CK_RV rv = rk_import(rk_worker_session(worker, request), request, &object);

	if (rv == CKR_OK)
		put_key(object, out);
	return rv;
}

CK_RV
rk_worker_certificates(struct rk_worker *worker, const rk_request *request, rk_buf *out)
{
	return rk_certificates_put(rk_worker_session(worker, request), out);
}

CK_RV
rk_worker_sight(struct rk_worker *worker, const rk_request *request, rk_buf *out)
{
	return rk_sight(rk_worker_session(worker, request), request, out);
}

CK_RV
rk_worker_sign(struct rk_worker *worker, const rk_request *request, rk_buf *out)
{
	rk_session *session = rk_worker_session(worker, request);
	RK_AUTO_BUF(raw);
	rk_object *key;
	CK_RV rv = rk_keys_find(session);

	if (rv != CKR_OK)
		return rv;
	key = rk_keys_by_handle(session, request->handle);
	if (!key)
		return CKR_KEY_HANDLE_INVALID;
	rv = rk_sign(session, key, request, &raw);
	rv = rk_worker_note_pin(worker, session->slot.slot, CKF_USER_PIN_LOCKED, rv);
	if (rv == CKR_OK)
		rk_wire_put_bytes(out, raw.data, raw.len);
	return rv;
}

CK_RV
rk_worker_destroy(struct rk_worker *worker, const rk_request *request, rk_buf *out)
{
	rk_session *session = rk_worker_session(worker, request);
	rk_object *object;
	CK_RV rv = rk_keys_find(session);

	(void)out;
	if (rv != CKR_OK)
		return rv;
	object = request->handle ? rk_keys_by_handle(session, request->handle)
				 : rk_keys_by_name(session, &request->id, &request->label);
	/* A handle of another session may mean another key here. */
	if (object && !rk_keys_is_named(object, &request->id, &request->label))
		return CKR_KEY_HANDLE_INVALID;
	return object ? rk_keypair_destroy(session, object) : CKR_OK;
}

CK_RV
rk_worker_transport(struct rk_worker *worker, const rk_request *request, rk_buf *out)
{
	return rk_transport_begin(rk_worker_session(worker, request), out);
}

CK_RV
rk_worker_transport_end(struct rk_worker *worker, const rk_request *request, rk_buf *out)
{
	(void)out;
	return rk_transport_end(rk_worker_session(worker, request));
}

CK_RV
rk_worker_wrap(struct rk_worker *worker, const rk_request *request, rk_buf *out)
{
	rk_session *session = rk_worker_session(worker, request);
	CK_RV rv = rk_keys_find(session);
	const rk_object *key = rv == CKR_OK ? rk_keys_by_handle(session, request->handle) : NULL;

	if (rv != CKR_OK)
		return rv;
	return key ? rk_wrap_key(session, key, request, out) : CKR_KEY_HANDLE_INVALID;
}

CK_RV
rk_worker_unwrap(struct rk_worker *worker, const rk_request *request, rk_buf *out)
{
	rk_object *object = NULL;
	CK_RV rv = rk_unwrap_key(rk_worker_session(worker, request), request, &object);

	if (rv == CKR_OK)
		put_key(object, out);
	return rv;
}

CK_RV
rk_worker_seal(struct rk_worker *worker, const rk_request *request, rk_buf *out)
{
	rk_session *session = rk_worker_session(worker, request);
	CK_RV rv = rk_keys_find(session);
	rk_object *key = rv == CKR_OK ? rk_keys_by_handle(session, request->handle) : NULL;

	(void)out;
	if (rv != CKR_OK)
		return rv;
	/* A handle of another session may mean another key here. */
	if (!key || !rk_keys_is_named(key, &request->id, &request->label))
		return CKR_KEY_HANDLE_INVALID;
	return rk_wrap_seal(session, key);
}
