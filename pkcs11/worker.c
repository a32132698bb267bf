#include "pkcs11/worker.h"

#include "pkcs11/cell.h"
#include "pkcs11/certificates.h"
#include "pkcs11/desk.h"
#include "pkcs11/import.h"
#include "pkcs11/inittoken.h"
#include "pkcs11/keypair.h"
#include "pkcs11/pins.h"
#include "pkcs11/sign.h"
#include "pkcs11/transport.h"
#include "pkcs11/unwrap.h"
#include "pkcs11/wrap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SESSIONS_MAX 256

struct worker {
	rk_desk *desk;
	rk_module module;
	rk_error *unconfined; /* why nothing is loaded: the first request is told */
	rk_session *sessions[SESSIONS_MAX]; /* a session's number is its index and 1 */
	uint64_t token_flags; /* told with a refusal about PINs */
};

typedef CK_RV operation(struct worker *worker, const rk_request *request, rk_buf *out);

static rk_session *
session_of(struct worker *worker, const rk_request *request)
{
	if (request->session == 0 || request->session > SESSIONS_MAX)
		return NULL;
	return worker->sessions[request->session - 1];
}

static CK_RV
copy_text(const rk_wire_span *span, char **ret_text)
{
	char *text = calloc(1, span->len + 1);

	if (!text)
		return CKR_HOST_MEMORY;
	if (span->len > 0)
		memcpy(text, span->bytes, span->len);
	*ret_text = text;
	return CKR_OK;
}

static CK_RV
run_load(struct worker *worker, const rk_request *request, rk_buf *out)
{
	char *path = NULL;
	/* The module may keep the pointer: it stays for the worker's life. */
	static char *reserved;
	CK_RV rv;

	if (worker->module.library)
		return RK_CKR_PROTOCOL;
	if (worker->unconfined) {
		(void)snprintf(worker->module.text, sizeof(worker->module.text), "%s",
		    rk_error_message(worker->unconfined));
		return RK_CKR_CONFINE;
	}
	rv = copy_text(&request->path, &path);
	if (rv == CKR_OK && request->has_reserved)
		rv = copy_text(&request->reserved, &reserved);
	if (rv == CKR_OK)
		rv = rk_module_load(&worker->module, path, reserved);
	if (rv == CKR_OK)
		rk_message_info_encode(&worker->module.info, out);
	free(path);
	return rv;
}

static CK_RV
run_list(struct worker *worker, const rk_request *request, rk_buf *out)
{
	rk_slot *slots = NULL;
	size_t count = 0;
	CK_RV rv = rk_module_slots(&worker->module, &slots, &count);

	(void)request;
	if (rv != CKR_OK)
		return rv;
	rk_buf_u32(out, (uint32_t)count);
	for (size_t i = 0; i < count; i++)
		rk_slot_encode(&slots[i], out);
	free(slots);
	return CKR_OK;
}

static CK_RV
run_open(struct worker *worker, const rk_request *request, rk_buf *out)
{
	uint32_t index = 0;
	rk_session *session;
	CK_RV rv;

	while (index < SESSIONS_MAX && worker->sessions[index])
		index++;
	if (index == SESSIONS_MAX)
		return RK_CKR_TOO_MANY;
	session = calloc(1, sizeof(*session));
	if (!session)
		return CKR_HOST_MEMORY;
	rv = rk_session_open(session, &worker->module, request->slot, &request->identity);
	if (rv != CKR_OK) {
		free(session);
		return rv;
	}
	worker->sessions[index] = session;
	rk_buf_u32(out, index + 1);
	rk_slot_encode(&session->slot, out);
	return CKR_OK;
}

static CK_RV
run_info(struct worker *worker, const rk_request *request, rk_buf *out)
{
	rk_session *session = session_of(worker, request);
	CK_RV rv = rk_session_refresh(session);

	if (rv == CKR_OK)
		rk_slot_encode(&session->slot, out);
	return rv;
}

static CK_RV
run_abilities(struct worker *worker, const rk_request *request, rk_buf *out)
{
	rk_session *session = session_of(worker, request);
	CK_MECHANISM_TYPE *types = NULL;
	CK_ULONG count = 0;
	CK_RV rv = rk_session_mechanisms(session, &types, &count);

	if (rv != CKR_OK)
		return rv;
	rk_buf_u32(out, (uint32_t)count);
	for (CK_ULONG i = 0; i < count; i++) {
		rk_mechanism mechanism = {.type = types[i]};
		CK_MECHANISM_INFO info = {0};

		if (RK_CALL(&worker->module, C_GetMechanismInfo, session->slot.slot, types[i],
			&info) == CKR_OK) {
			mechanism.min = info.ulMinKeySize;
			mechanism.max = info.ulMaxKeySize;
			mechanism.flags = info.flags;
		}
		rk_mechanism_encode(&mechanism, out);
	}
	free(types);
	return CKR_OK;
}

static bool
is_about_pin(CK_RV rv)
{
	return rv == CKR_PIN_INCORRECT || rv == CKR_PIN_LOCKED || rv == CKR_PIN_EXPIRED ||
	       rv == CKR_PIN_INVALID || rv == CKR_PIN_LEN_RANGE ||
	       rv == CKR_USER_PIN_NOT_INITIALIZED;
}

/* The flags as they are after the refusal, without losing which call refused. */
static void
note_flags(struct worker *worker, CK_SLOT_ID id)
{
	enum rk_call call = worker->module.call;
	rk_slot slot;

	if (rk_module_slot(&worker->module, id, &slot) == CKR_OK)
		worker->token_flags = slot.token.flags;
	worker->module.call = call;
}

static CK_RV
run_login(struct worker *worker, const rk_request *request, rk_buf *out)
{
	rk_session *session = session_of(worker, request);
	CK_RV rv = rk_session_login(session, request->pin);

	(void)out;
	if (is_about_pin(rv))
		note_flags(worker, session->slot.slot);
	return rv;
}

static CK_RV
run_login_so(struct worker *worker, const rk_request *request, rk_buf *out)
{
	rk_session *session = session_of(worker, request);
	CK_RV rv = rk_session_login_so(session, request->pin);

	(void)out;
	if (is_about_pin(rv))
		note_flags(worker, session->slot.slot);
	return rv;
}

static CK_RV
run_set_pin(struct worker *worker, const rk_request *request, rk_buf *out)
{
	rk_session *session = session_of(worker, request);
	CK_RV rv = rk_pins_change(session, request);

	(void)out;
	if (is_about_pin(rv))
		note_flags(worker, session->slot.slot);
	return rv;
}

static void
put_key(const rk_object *object, rk_buf *out)
{
	rk_found_key found = rk_keys_found(object);

	rk_found_key_encode(&found, out);
}

static CK_RV
run_keys(struct worker *worker, const rk_request *request, rk_buf *out)
{
	rk_session *session = session_of(worker, request);
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

static CK_RV
run_generate(struct worker *worker, const rk_request *request, rk_buf *out)
{
	rk_object *object = NULL;
	CK_RV rv = rk_keypair_generate(session_of(worker, request), request, &object);

	if (rv == CKR_OK)
		put_key(object, out);
	return rv;
}

static CK_RV
run_import(struct worker *worker, const rk_request *request, rk_buf *out)
{
	rk_object *object = NULL;
	CK_RV rv = rk_import(session_of(worker, request), request, &object);

	if (rv == CKR_OK)
		put_key(object, out);
	return rv;
}

static CK_RV
run_certificates(struct worker *worker, const rk_request *request, rk_buf *out)
{
	return rk_certificates_put(session_of(worker, request), out);
}

static CK_RV
run_sign(struct worker *worker, const rk_request *request, rk_buf *out)
{
	rk_session *session = session_of(worker, request);
	RK_AUTO_BUF(raw);
	const rk_object *key;
	CK_RV rv = rk_keys_find(session);

	if (rv != CKR_OK)
		return rv;
	key = rk_keys_by_handle(session, request->handle);
	if (!key)
		return CKR_KEY_HANDLE_INVALID;
	rv = rk_sign(session, key, request, &raw);
	if (is_about_pin(rv))
		note_flags(worker, session->slot.slot);
	if (rv == CKR_OK)
		rk_wire_put_bytes(out, raw.data, raw.len);
	return rv;
}

static CK_RV
run_destroy(struct worker *worker, const rk_request *request, rk_buf *out)
{
	rk_session *session = session_of(worker, request);
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

static CK_RV
run_transport(struct worker *worker, const rk_request *request, rk_buf *out)
{
	return rk_transport_begin(session_of(worker, request), out);
}

static CK_RV
run_transport_end(struct worker *worker, const rk_request *request, rk_buf *out)
{
	(void)out;
	return rk_transport_end(session_of(worker, request));
}

static CK_RV
run_wrap(struct worker *worker, const rk_request *request, rk_buf *out)
{
	rk_session *session = session_of(worker, request);
	CK_RV rv = rk_keys_find(session);
	const rk_object *key = rv == CKR_OK ? rk_keys_by_handle(session, request->handle) : NULL;

	if (rv != CKR_OK)
		return rv;
	return key ? rk_wrap_key(session, key, request, out) : CKR_KEY_HANDLE_INVALID;
}

static CK_RV
run_unwrap(struct worker *worker, const rk_request *request, rk_buf *out)
{
	rk_object *object = NULL;
	CK_RV rv = rk_unwrap_key(session_of(worker, request), request, &object);

	if (rv == CKR_OK)
		put_key(object, out);
	return rv;
}

static CK_RV
run_seal(struct worker *worker, const rk_request *request, rk_buf *out)
{
	rk_session *session = session_of(worker, request);
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

static CK_RV
run_init(struct worker *worker, const rk_request *request, rk_buf *out)
{
	rk_slot slot = {.slot = request->slot};
	CK_RV rv = rk_inittoken(&worker->module, request, &slot);

	if (is_about_pin(rv))
		note_flags(worker, slot.slot);
	if (rv == CKR_OK)
		rk_slot_encode(&slot, out);
	return rv;
}

static void
close_session(struct worker *worker, uint32_t index)
{
	rk_session *session = worker->sessions[index];
	bool last = true;

	worker->sessions[index] = NULL;
	for (size_t i = 0; i < SESSIONS_MAX; i++)
		if (worker->sessions[i] && worker->sessions[i]->slot.slot == session->slot.slot)
			last = false;
	(void)rk_transport_end(session);
	rk_session_close(session, last);
	free(session);
}

static CK_RV
run_close(struct worker *worker, const rk_request *request, rk_buf *out)
{
	(void)out;
	close_session(worker, request->session - 1);
	return CKR_OK;
}

/* What each request needs before it is run. */
static const struct {
	operation *run;
	bool needs_module, needs_session;
} operations[RK_OP_COUNT] = {
    [RK_OP_LOAD] = {run_load, false, false},
    [RK_OP_LIST] = {run_list, true, false},
    [RK_OP_OPEN] = {run_open, true, false},
    [RK_OP_INFO] = {run_info, true, true},
    [RK_OP_ABILITIES] = {run_abilities, true, true},
    [RK_OP_LOGIN] = {run_login, true, true},
    [RK_OP_KEYS] = {run_keys, true, true},
    [RK_OP_GENERATE] = {run_generate, true, true},
    [RK_OP_SIGN] = {run_sign, true, true},
    [RK_OP_DESTROY] = {run_destroy, true, true},
    [RK_OP_INIT] = {run_init, true, false},
    [RK_OP_CLOSE] = {run_close, true, true},
    [RK_OP_LOGIN_SO] = {run_login_so, true, true},
    [RK_OP_SET_PIN] = {run_set_pin, true, true},
    [RK_OP_IMPORT] = {run_import, true, true},
    [RK_OP_CERTIFICATES] = {run_certificates, true, true},
    [RK_OP_TRANSPORT] = {run_transport, true, true},
    [RK_OP_TRANSPORT_END] = {run_transport_end, true, true},
    [RK_OP_WRAP] = {run_wrap, true, true},
    [RK_OP_UNWRAP] = {run_unwrap, true, true},
    [RK_OP_SEAL] = {run_seal, true, true},
};

static CK_RV
run(struct worker *worker, const rk_request *request, rk_buf *out)
{
	if (operations[request->op].needs_module && !worker->module.initialized)
		return RK_CKR_PROTOCOL;
	if (operations[request->op].needs_session && !session_of(worker, request))
		return CKR_SESSION_HANDLE_INVALID;
	return operations[request->op].run(worker, request, out);
}

static void
put_refusal(struct worker *worker, CK_RV rv, rk_buf *out)
{
	const char *text = worker->module.text;
	rk_refusal refusal = {.call = (uint8_t)worker->module.call,
	    .rv = rv,
	    .token_flags = worker->token_flags,
	    .text = {(const uint8_t *)text, strlen(text)}};

	rk_refusal_encode(&refusal, out);
}

static rk_error *
answer(struct worker *worker, uint32_t id, const rk_request *request)
{
	rk_buf *out = rk_desk_out(worker->desk);
	RK_AUTO_BUF(body);
	size_t start;
	CK_RV rv;

	worker->module.call = RK_CALL_none;
	worker->token_flags = 0;
	rv = run(worker, request, &body);
	if (rv == CKR_OK && body.failed)
		rv = CKR_HOST_MEMORY;
	start = rk_wire_begin(out, id, rv == CKR_OK ? RK_STATUS_DONE : RK_STATUS_REFUSED);
	if (rv == CKR_OK)
		rk_buf_append(out, body.data, body.len);
	else
		put_refusal(worker, rv, out);
	return rk_wire_end(out, start);
}

/* One request and its answer. An error ends the worker: the parent sees the pipe close. */
static rk_error *
serve_one(struct worker *worker)
{
	rk_request request = {0};
	rk_wire_header header;
	rk_wire_span body;
	rk_error *err = rk_desk_take(worker->desk, &header, &body);

	if (!err)
		err = rk_request_decode(header.kind, body.bytes, body.len, &request);
	if (!err)
		err = answer(worker, header.id, &request);
	rk_request_clear(&request);
	return err ? err : rk_desk_done(worker->desk);
}

static rk_error *
confine(int fd, bool network)
{
	rk_error *err = rk_cell_process();

	rk_cell_environment();
	if (!err)
		err = rk_cell_descriptors(fd);
	if (!err)
		err = rk_secret_heap_init();
	return err ? err : rk_cell_calls(network);
}

int
rk_worker_run(int fd, bool network)
{
	struct worker worker = {.desk = NULL};
	rk_error *err;

	worker.unconfined = confine(fd, network);
	err = rk_desk_open(fd, &worker.desk);
	while (!err)
		err = serve_one(&worker);
	rk_error_free(err);
	for (uint32_t i = 0; i < SESSIONS_MAX; i++)
		if (worker.sessions[i])
			close_session(&worker, i);
	rk_module_finalize(&worker.module);
	rk_error_free(worker.unconfined);
	rk_desk_free(worker.desk);
	return 0;
}
