#include "pkcs11/worker_private.h"

#include "pkcs11/card.h"
#include "pkcs11/cell.h"
#include "pkcs11/desk.h"
#include "pkcs11/inittoken.h"
#include "pkcs11/kind.h"
#include "pkcs11/pins.h"
#include "pkcs11/transport.h"
#include "world/token.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

rk_session *
rk_worker_session(struct rk_worker *worker, const rk_request *request)
{
	if (request->session == 0 || request->session > RK_WORKER_SESSIONS)
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
run_load(struct rk_worker *worker, const rk_request *request, rk_buf *out)
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
run_list(struct rk_worker *worker, const rk_request *request, rk_buf *out)
{
	rk_slot *slots = NULL;
	size_t count = 0;
	rk_refusal unread = {.call = RK_CALL_none};
	CK_RV rv = rk_module_slots(&worker->module, &slots, &count);

	(void)request;
	if (rv != CKR_OK)
		return rv;
	rk_buf_u32(out, (uint32_t)count);
	for (size_t i = 0; i < count; i++)
		rk_slot_encode(&slots[i], out);
	free(slots);
	unread.rv = worker->module.unread;
	unread.call = (uint8_t)worker->module.unread_call;
	rk_refusal_encode(&unread, out);
	return CKR_OK;
}

static CK_RV
run_open(struct rk_worker *worker, const rk_request *request, rk_buf *out)
{
	uint32_t index = 0;
	rk_session *session;
	CK_RV rv;

	while (index < RK_WORKER_SESSIONS && worker->sessions[index])
		index++;
	if (index == RK_WORKER_SESSIONS)
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
run_info(struct rk_worker *worker, const rk_request *request, rk_buf *out)
{
	rk_session *session = rk_worker_session(worker, request);
	rk_card card = {0};
	CK_RV rv = rk_session_refresh(session);

	if (rv != CKR_OK)
		return rv;
	if (rk_kind_of(&worker->module.info, &session->slot.token) != RK_KIND_PLAIN)
		rk_card_look(session, &card);
	rk_slot_encode(&session->slot, out);
	rk_card_encode(&card, out);
	return CKR_OK;
}

static CK_RV
run_abilities(struct rk_worker *worker, const rk_request *request, rk_buf *out)
{
	rk_session *session = rk_worker_session(worker, request);
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

/* Without losing which call refused. */
CK_RV
rk_worker_note_pin(struct rk_worker *worker, CK_SLOT_ID id, CK_FLAGS locked, CK_RV rv)
{
	enum rk_call call = worker->module.call;
	rk_slot slot;

	if (is_about_pin(rv) && rk_module_slot(&worker->module, id, &slot) == CKR_OK)
		worker->token_flags = slot.token.flags;
	worker->module.call = call;
	/* It was not locked before that call: its last try was this one. */
	if (rv == CKR_PIN_LOCKED && call == RK_CALL_C_Login && (worker->token_flags & locked))
		return CKR_PIN_INCORRECT;
	return rv;
}

static CK_RV
run_login(struct rk_worker *worker, const rk_request *request, rk_buf *out)
{
	rk_session *session = rk_worker_session(worker, request);
	CK_RV rv = rk_session_login(session, request->pin);

	(void)out;
	return rk_worker_note_pin(worker, session->slot.slot, CKF_USER_PIN_LOCKED, rv);
}

/* An SO takes no read-only session beside it: no other of ours, either. */
static CK_RV
make_all_writable(struct rk_worker *worker, CK_SLOT_ID slot)
{
	CK_RV rv = CKR_OK;

	for (size_t i = 0; i < RK_WORKER_SESSIONS && rv == CKR_OK; i++)
		if (worker->sessions[i] && worker->sessions[i]->slot.slot == slot)
			rv = rk_session_make_writable(worker->sessions[i]);
	return rv;
}

static CK_RV
run_login_so(struct rk_worker *worker, const rk_request *request, rk_buf *out)
{
	rk_session *session = rk_worker_session(worker, request);
	CK_RV rv = make_all_writable(worker, session->slot.slot);

	if (rv == CKR_OK)
		rv = rk_session_login_so(session, request->pin);
	(void)out;
	return rk_worker_note_pin(worker, session->slot.slot, CKF_SO_PIN_LOCKED, rv);
}

static CK_RV
run_set_pin(struct rk_worker *worker, const rk_request *request, rk_buf *out)
{
	rk_session *session = rk_worker_session(worker, request);
	CK_FLAGS locked =
	    request->change == RK_PIN_CHANGE_USER ? CKF_USER_PIN_LOCKED : CKF_SO_PIN_LOCKED;
	CK_RV rv = make_all_writable(worker, session->slot.slot);

	if (rv == CKR_OK)
		rv = rk_pins_change(session, request);
	(void)out;
	return rk_worker_note_pin(worker, session->slot.slot, locked, rv);
}

static CK_RV
run_init(struct rk_worker *worker, const rk_request *request, rk_buf *out)
{
	rk_slot slot = {.slot = request->slot};
	CK_RV rv = rk_inittoken(&worker->module, request, &slot);

	(void)rk_worker_note_pin(worker, slot.slot, 0, rv);
	if (rv == CKR_OK)
		rk_slot_encode(&slot, out);
	return rv;
}

static void
close_session(struct rk_worker *worker, uint32_t index)
{
	rk_session *session = worker->sessions[index];
	bool last = true;

	worker->sessions[index] = NULL;
	for (size_t i = 0; i < RK_WORKER_SESSIONS; i++)
		if (worker->sessions[i] && worker->sessions[i]->slot.slot == session->slot.slot)
			last = false;
	(void)rk_transport_end(session);
	rk_session_close(session, last);
	free(session);
}

static CK_RV
run_close(struct rk_worker *worker, const rk_request *request, rk_buf *out)
{
	(void)out;
	close_session(worker, request->session - 1);
	return CKR_OK;
}

/* What each request needs before it is run. */
static const struct {
	rk_worker_operation *run;
	bool needs_module, needs_session;
} operations[RK_OP_COUNT] = {
    [RK_OP_LOAD] = {run_load, false, false},
    [RK_OP_LIST] = {run_list, true, false},
    [RK_OP_OPEN] = {run_open, true, false},
    [RK_OP_INFO] = {run_info, true, true},
    [RK_OP_ABILITIES] = {run_abilities, true, true},
    [RK_OP_LOGIN] = {run_login, true, true},
    [RK_OP_KEYS] = {rk_worker_keys, true, true},
    [RK_OP_GENERATE] = {rk_worker_generate, true, true},
    [RK_OP_SIGN] = {rk_worker_sign, true, true},
    [RK_OP_DESTROY] = {rk_worker_destroy, true, true},
    [RK_OP_INIT] = {run_init, true, false},
    [RK_OP_CLOSE] = {run_close, true, true},
    [RK_OP_LOGIN_SO] = {run_login_so, true, true},
    [RK_OP_SET_PIN] = {run_set_pin, true, true},
    [RK_OP_IMPORT] = {rk_worker_import, true, true},
    [RK_OP_CERTIFICATES] = {rk_worker_certificates, true, true},
    [RK_OP_TRANSPORT] = {rk_worker_transport, true, true},
    [RK_OP_TRANSPORT_END] = {rk_worker_transport_end, true, true},
    [RK_OP_WRAP] = {rk_worker_wrap, true, true},
    [RK_OP_UNWRAP] = {rk_worker_unwrap, true, true},
    [RK_OP_SEAL] = {rk_worker_seal, true, true},
    [RK_OP_SIGHT] = {rk_worker_sight, true, true},
};

static CK_RV
run(struct rk_worker *worker, const rk_request *request, rk_buf *out)
{
	if (operations[request->op].needs_module && !worker->module.initialized)
		return RK_CKR_PROTOCOL;
	if (operations[request->op].needs_session && !rk_worker_session(worker, request))
		return CKR_SESSION_HANDLE_INVALID;
	return operations[request->op].run(worker, request, out);
}

static void
put_refusal(struct rk_worker *worker, CK_RV rv, rk_buf *out)
{
	const char *text = worker->module.text;
	rk_refusal refusal = {.call = (uint8_t)worker->module.call,
	    .rv = rv,
	    .token_flags = worker->token_flags,
	    .text = {(const uint8_t *)text, strlen(text)}};

	rk_refusal_encode(&refusal, out);
}

static rk_error *
answer(struct rk_worker *worker, uint32_t id, const rk_request *request)
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
serve_one(struct rk_worker *worker)
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

	(void)
	    rk_secret_wipe_freed(); /* false only in a program that used OpenSSL before it forked */
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
	struct rk_worker worker = {.desk = NULL};
	rk_error *err;

	worker.unconfined = confine(fd, network);
	err = rk_desk_open(fd, &worker.desk);
	while (!err)
		err = serve_one(&worker);
	rk_error_free(err);
	for (uint32_t i = 0; i < RK_WORKER_SESSIONS; i++)
		if (worker.sessions[i])
			close_session(&worker, i);
	rk_module_finalize(&worker.module);
	rk_error_free(worker.unconfined);
	rk_desk_free(worker.desk);
	return 0;
}
