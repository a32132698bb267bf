/*
 * forward.h - what a call to the forwarding module is to suffer, and the line that tells of it
 *
 * A module that hands every call to another one, writes it down, and does some of them badly.
 *
 * RK_FORWARD_MODULE  the real module's path
 * RK_FORWARD_LOG     a file: each call appends a line, "C_Login 0xa0"; those that open a session, log
 *                    in, find, read attributes and sign also say which session of which slot, and
 *                    a call that a rule was for says " fault=ACTION"
 * RK_FORWARD_STATE   a file that all processes of a run share: there "any" is counted, and there it
 *                    is written that the token is gone. Without it each process has its own
 * RK_FORWARD_RULE    FUNCTION:N=ACTION, several with ';' between them. N counts that function's
 *                    calls from 1; '*' is each of them. FUNCTION "any" counts all calls. ACTION is
 *   a CKR number     the call is not handed on, and this is its answer
 *   gone             CKR_DEVICE_REMOVED, and from here on the token is not there
 *   die, stop        the process ends by SIGKILL, or stands still by SIGSTOP
 *   hang, crash      it waits for ever, or aborts
 *   + and one of them (not hang, crash) the call is handed on first, and its answer lost
 *   corrupt, truncate  C_Sign's signature
 *   soft             keys are made, imported and unwrapped as not sensitive and extractable
 *   always           C_GenerateKeyPair: the key wants the PIN each time
 *   hardware         C_GetSlotInfo: the slot says that it is a device
 *   bare             C_GetMechanismList: no RSA but the bare operation
 *   deviceUS         C_Sign: by a device that does one at a time and takes US microseconds; its
 *                    line also has when it began and ended, in seconds
 *
 * A worker keeps these variables; it drops LD_*, OPENSSL_*, PKCS11SPY*, P11_KIT_* (but for
 * P11_KIT_SERVER_ADDRESS), GCONV_PATH, MALLOC_* and SSLKEYLOGFILE.
 *
 * Ownership  a turn is the call's own, on its stack.
 * Errors     CK_RV; a log or state file that cannot be used aborts the process.
 * Standard   PKCS#11 2.40.
 */
#ifndef RK_FAULTS_FORWARD_H
#define RK_FAULTS_FORWARD_H

#include <p11-kit/pkcs11.h>

#include <stdatomic.h>
#include <stdbool.h>

/* One call on its way: what the rule wants done with it. */
struct turn {
	const char *name;
	char action[32];
	char note[96]; /* the rest of its line */
};

void turn_settle(void);
/* False where the call stops here, with *ret_rv for an answer. */
bool turn_begin(struct turn *turn, const char *name, atomic_ulong *number, CK_RV *ret_rv);
bool turn_does(const struct turn *turn, const char *action);
/* Writes the line; the answer that the caller gets. */
CK_RV turn_end(const struct turn *turn, CK_RV rv);
bool turn_token_is_gone(void);

#endif
