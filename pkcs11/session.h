/*
 * session.h - one open token: its session, its login, its keys as last seen
 *
 * Read-only until something is to be made or destroyed. One C_Login a token and a typed PIN: a
 * second login succeeds unasked. What stumbles before C_Login was told a PIN is tried again a few
 * times; afterwards never.
 *
 * The PIN is kept, in the secure heap, until the first signature shows that no key of this token
 * asks for it each time (CKA_ALWAYS_AUTHENTICATE); where one does, or may (a PIV card), until the
 * token is closed or refuses it.
 *
 * Ownership  rk_session_close gives everything back; the module is borrowed.
 * Errors     CK_RV; CKR_PIN_LOCKED without a try where the flags tell so.
 * Standard   PKCS#11 2.40, section 5.6.
 */
#ifndef RK_PKCS11_SESSION_H
#define RK_PKCS11_SESSION_H

#include "pkcs11/module.h"
#include "world/pubkey.h"

/* One key pair, or the half that can be seen. Handles are 0 where there is none. */
typedef struct rk_object {
	CK_OBJECT_HANDLE private_key, public_key, certificate;
	CK_KEY_TYPE type;
	rk_buf id, label;
	rk_pubkey *pubkey;
	uint8_t facts[RK_MESSAGE_FACTS]; /* enum rk_fact, in rk_token_key's order */
} rk_object;

/* The handles of a class, as they were listed before a login. */
typedef struct rk_listed {
	CK_OBJECT_HANDLE *handles;
	size_t count;
	bool known;
} rk_listed;

/* The places of some attributes among the facts. */
#define RK_FACT_SENSITIVE 0
#define RK_FACT_EXTRACTABLE 1
#define RK_FACT_ALWAYS_AUTHENTICATE 6

enum rk_pss_way { RK_PSS_UNDECIDED, RK_PSS_TOKEN, RK_PSS_HOST, RK_PSS_NONE };

typedef struct rk_session {
	rk_module *module;
	rk_slot slot;
	rk_identity identity;
	CK_SESSION_HANDLE handle;
	bool open, writable, logged_in, so_logged_in;
	bool pad; /* logged in at the token's own pad */
	bool refused; /* a PIN, after the login that went well */
	bool card_answers; /* pkcs11/card.h reached it before the SO's login */
	bool unblocked; /* it was given a new PIN by its SO PIN or PUK, and none was tried since */
	rk_secret *pin;
	rk_object *objects;
	size_t object_count, last_place; /* of the key that was used last */
	bool objects_known;
	rk_listed publics, certificates; /* for the first look after the login (sight.h) */
	CK_OBJECT_HANDLE transport_private, transport_public; /* while a key is on its way here */
	enum rk_pss_way pss; /* chosen once by the mechanism list */
	bool eddsa_wants_params;
} rk_session;

CK_RV rk_session_open(
    rk_session *session, rk_module *module, CK_SLOT_ID hint, const rk_identity *identity);
/* Read the slot's flags again. RK_CKR_OTHER_TOKEN. */
CK_RV rk_session_refresh(rk_session *session);
/* From now on read/write. */
CK_RV rk_session_make_writable(rk_session *session);
/* Another session in place of this one, which is stuck in an operation. */
CK_RV rk_session_renew(rk_session *session);
/* `pin` NULL: the token's own pad. An SO is logged out first. */
CK_RV rk_session_login(rk_session *session, const rk_secret *pin);
/* As SO, in a session that is writable from then on; a user is logged out first. */
CK_RV rk_session_login_so(rk_session *session, const rk_secret *so_pin);
/* Nobody is logged in any more, and no PIN is kept. */
void rk_session_logout(rk_session *session);
/* One C_Login and nothing else. */
CK_RV rk_session_call_login(rk_session *session, CK_USER_TYPE user, const rk_secret *pin);
/* The login that an always-authenticate key wants between C_SignInit and C_Sign.
 * RK_CKR_PIN_DROPPED. */
CK_RV rk_session_authenticate(rk_session *session);
/* After a signature: is the PIN still needed? */
void rk_session_forget_pin(rk_session *session);
/* `last`: no other session of this worker is on the token, so log out. */
void rk_session_close(rk_session *session, bool last);

/* The mechanisms, at most RK_MESSAGE_MECHANISMS_MAX; free(). */
CK_RV
rk_session_mechanisms(rk_session *session, CK_MECHANISM_TYPE **ret_types, CK_ULONG *ret_count);

void rk_object_clear(rk_object *object);
void rk_session_forget_objects(rk_session *session);

#endif
