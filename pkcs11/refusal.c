#include "pkcs11/refusal.h"

#include "base/show.h"

#include <stdio.h>

struct row {
	CK_RV rv;
	const char *name;
	enum rk_code code;
	const char *sentence;
	const char *remedy;
};

#define AGAIN "plug the token in again and start the command again"
#define AGREE "start the command again, and agree at the token"
#define REPORT "run 'rootkeep token test' to see what this token can do"

static const struct row rows[] = {
    {CKR_CANCEL, "CKR_CANCEL", RK_E_CANCELLED, "it was cancelled at the token", AGREE},
    {CKR_HOST_MEMORY, "CKR_HOST_MEMORY", RK_E_NOMEM, "out of memory",
	"free some memory and try again"},
    {CKR_SLOT_ID_INVALID, "CKR_SLOT_ID_INVALID", RK_E_TOKEN_GONE, "the token's slot is gone",
	AGAIN},
    {CKR_GENERAL_ERROR, "CKR_GENERAL_ERROR", RK_E_TOKEN, "the module failed without a reason",
	"see that no other program uses the token, then try again"},
    {CKR_FUNCTION_FAILED, "CKR_FUNCTION_FAILED", RK_E_TOKEN, "the token failed to do it", AGAIN},
    {CKR_ARGUMENTS_BAD, "CKR_ARGUMENTS_BAD", RK_E_TOKEN, "the module does not take these arguments",
	"see if the module needs 'x-init-reserved' in its p11-kit module file"},
    {CKR_ATTRIBUTE_TYPE_INVALID, "CKR_ATTRIBUTE_TYPE_INVALID", RK_E_TOKEN,
	"the token does not know one of the attributes", REPORT},
    {CKR_ATTRIBUTE_VALUE_INVALID, "CKR_ATTRIBUTE_VALUE_INVALID", RK_E_TOKEN,
	"the token does not take one of the attributes", REPORT},
    {CKR_ACTION_PROHIBITED, "CKR_ACTION_PROHIBITED", RK_E_TOKEN, "the token forbids it",
	"see what its own program says of the key and of the token's policy"},
    {CKR_DATA_LEN_RANGE, "CKR_DATA_LEN_RANGE", RK_E_TOKEN,
	"the token does not sign that much at once", "use an ECDSA or RSA key for large metadata"},
    {CKR_DEVICE_ERROR, "CKR_DEVICE_ERROR", RK_E_TOKEN, "the token reports an error of its own",
	AGAIN},
    {CKR_DEVICE_MEMORY, "CKR_DEVICE_MEMORY", RK_E_TOKEN, "the token is full",
	"delete keys that are not needed, or use another token"},
    {CKR_DEVICE_REMOVED, "CKR_DEVICE_REMOVED", RK_E_TOKEN_GONE, "the token was removed", AGAIN},
    {CKR_FUNCTION_CANCELED, "CKR_FUNCTION_CANCELED", RK_E_TOUCH,
	"nobody touched the token or typed at its pad in time",
	"start the command again and touch the token when it blinks"},
    {CKR_FUNCTION_NOT_SUPPORTED, "CKR_FUNCTION_NOT_SUPPORTED", RK_E_TOKEN_UNSUPPORTED,
	"the module cannot do this", "use the token's own program for it"},
    {CKR_KEY_HANDLE_INVALID, "CKR_KEY_HANDLE_INVALID", RK_E_TOKEN, "the key is not there any more",
	"start the command again"},
    {CKR_KEY_SIZE_RANGE, "CKR_KEY_SIZE_RANGE", RK_E_TOKEN_UNSUPPORTED,
	"the token does not take keys of that size", "choose another --type"},
    {CKR_KEY_TYPE_INCONSISTENT, "CKR_KEY_TYPE_INCONSISTENT", RK_E_TOKEN,
	"the key is of another type than the token expects", REPORT},
    {CKR_KEY_FUNCTION_NOT_PERMITTED, "CKR_KEY_FUNCTION_NOT_PERMITTED", RK_E_TOKEN,
	"the key may not be used for this", "use a key that was made for signing"},
    {CKR_KEY_NOT_WRAPPABLE, "CKR_KEY_NOT_WRAPPABLE", RK_E_TOKEN_UNSUPPORTED,
	"the module does not wrap keys of this kind", NULL},
    {CKR_KEY_UNEXTRACTABLE, "CKR_KEY_UNEXTRACTABLE", RK_E_TOKEN_UNSUPPORTED,
	"the key may not leave the token", NULL},
    {CKR_MECHANISM_INVALID, "CKR_MECHANISM_INVALID", RK_E_TOKEN_UNSUPPORTED,
	"the token does not offer the mechanism", REPORT},
    {CKR_MECHANISM_PARAM_INVALID, "CKR_MECHANISM_PARAM_INVALID", RK_E_TOKEN_UNSUPPORTED,
	"the token does not offer the mechanism with these parameters", REPORT},
    {CKR_OBJECT_HANDLE_INVALID, "CKR_OBJECT_HANDLE_INVALID", RK_E_TOKEN,
	"the object is not there any more", "start the command again"},
    {CKR_OPERATION_ACTIVE, "CKR_OPERATION_ACTIVE", RK_E_TOKEN,
	"the module is in the middle of something else", "start the command again"},
    {CKR_OPERATION_NOT_INITIALIZED, "CKR_OPERATION_NOT_INITIALIZED", RK_E_TOKEN,
	"the module lost the operation", "start the command again"},
    {CKR_PIN_INCORRECT, "CKR_PIN_INCORRECT", RK_E_PIN_WRONG, "the PIN is wrong", NULL},
    {CKR_PIN_INVALID, "CKR_PIN_INVALID", RK_E_TOKEN, "the token does not take such a PIN",
	"use characters that the token's manual allows"},
    {CKR_PIN_LEN_RANGE, "CKR_PIN_LEN_RANGE", RK_E_TOKEN, "the PIN is too short or too long",
	"'rootkeep token show' tells how long a PIN of this token is"},
    {CKR_PIN_EXPIRED, "CKR_PIN_EXPIRED", RK_E_TOKEN, "the PIN has to be changed first",
	"change it with 'rootkeep token pin'"},
    {CKR_PIN_LOCKED, "CKR_PIN_LOCKED", RK_E_PIN_LOCKED, "the PIN is locked",
	"unblock it with 'rootkeep token pin --unblock'"},
    {CKR_PIN_TOO_WEAK, "CKR_PIN_TOO_WEAK", RK_E_TOKEN, "the token finds the PIN too weak",
	"choose a longer one"},
    {CKR_SESSION_CLOSED, "CKR_SESSION_CLOSED", RK_E_TOKEN_GONE, "the session with the token ended",
	AGAIN},
    {CKR_SESSION_COUNT, "CKR_SESSION_COUNT", RK_E_TOKEN, "the token has no session left",
	"close other programs that use the token"},
    {CKR_SESSION_HANDLE_INVALID, "CKR_SESSION_HANDLE_INVALID", RK_E_TOKEN_GONE,
	"the session with the token ended", AGAIN},
    {CKR_SESSION_READ_ONLY, "CKR_SESSION_READ_ONLY", RK_E_TOKEN, "the token can only be read",
	"make it writable with its own program, or use another token"},
    {CKR_SESSION_EXISTS, "CKR_SESSION_EXISTS", RK_E_TOKEN, "a session with the token is still open",
	"close other programs that use the token"},
    {CKR_TEMPLATE_INCOMPLETE, "CKR_TEMPLATE_INCOMPLETE", RK_E_TOKEN,
	"the token wants more attributes", REPORT},
    {CKR_TEMPLATE_INCONSISTENT, "CKR_TEMPLATE_INCONSISTENT", RK_E_TOKEN,
	"the token does not take these attributes together", REPORT},
    {CKR_DOMAIN_PARAMS_INVALID, "CKR_DOMAIN_PARAMS_INVALID", RK_E_TOKEN_UNSUPPORTED,
	"the token does not know the curve", "choose another --type"},
    {CKR_CURVE_NOT_SUPPORTED, "CKR_CURVE_NOT_SUPPORTED", RK_E_TOKEN_UNSUPPORTED,
	"the token does not know the curve", "choose another --type"},
    {CKR_TOKEN_NOT_PRESENT, "CKR_TOKEN_NOT_PRESENT", RK_E_TOKEN_GONE, "the token is not there",
	AGAIN},
    {CKR_TOKEN_NOT_RECOGNIZED, "CKR_TOKEN_NOT_RECOGNIZED", RK_E_TOKEN,
	"the module does not know this kind of token", "name another module with --module"},
    {CKR_TOKEN_WRITE_PROTECTED, "CKR_TOKEN_WRITE_PROTECTED", RK_E_TOKEN,
	"the token is write-protected", "lift the protection with the token's own means"},
    {CKR_USER_NOT_LOGGED_IN, "CKR_USER_NOT_LOGGED_IN", RK_E_PIN_NEEDED,
	"the token wants its PIN first", "log in to the token"},
    {CKR_USER_PIN_NOT_INITIALIZED, "CKR_USER_PIN_NOT_INITIALIZED", RK_E_TOKEN,
	"the token has no user PIN yet", "initialise it with 'rootkeep token init'"},
    {CKR_USER_TYPE_INVALID, "CKR_USER_TYPE_INVALID", RK_E_TOKEN, "the token knows no such user",
	"see with 'rootkeep token show' whether it has a PIN at all"},
    {CKR_USER_ANOTHER_ALREADY_LOGGED_IN, "CKR_USER_ANOTHER_ALREADY_LOGGED_IN", RK_E_TOKEN,
	"another user is logged in at the token", "start the command again"},
    {CKR_USER_TOO_MANY_TYPES, "CKR_USER_TOO_MANY_TYPES", RK_E_TOKEN,
	"another user is logged in at the token", "close other programs that use the token"},
    {CKR_BUFFER_TOO_SMALL, "CKR_BUFFER_TOO_SMALL", RK_E_TOKEN,
	"the module gives more than it announced", "see whether there is a newer one"},
    {CKR_WRAPPED_KEY_INVALID, "CKR_WRAPPED_KEY_INVALID", RK_E_TOKEN_UNSUPPORTED,
	"the token does not understand the wrapped key", NULL},
    {CKR_WRAPPED_KEY_LEN_RANGE, "CKR_WRAPPED_KEY_LEN_RANGE", RK_E_TOKEN_UNSUPPORTED,
	"the token does not take a wrapped key of that length", NULL},
    {CKR_WRAPPING_KEY_TYPE_INCONSISTENT, "CKR_WRAPPING_KEY_TYPE_INCONSISTENT",
	RK_E_TOKEN_UNSUPPORTED, "the module does not wrap with such a key", NULL},
    {CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT, "CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT",
	RK_E_TOKEN_UNSUPPORTED, "the module does not unwrap with such a key", NULL},
    {CKR_CRYPTOKI_NOT_INITIALIZED, "CKR_CRYPTOKI_NOT_INITIALIZED", RK_E_TOKEN,
	"the module lost its initialization", "start the command again"},
    {CKR_FUNCTION_REJECTED, "CKR_FUNCTION_REJECTED", RK_E_CANCELLED, "it was refused at the token",
	AGREE},
    {RK_CKR_PROTOCOL, "bad request", RK_E_INTERNAL, "the worker was asked what makes no sense",
	NULL},
    {RK_CKR_LOAD, "not loaded", RK_E_TOKEN, "the module cannot be loaded",
	"see that the file is there and is a PKCS#11 module for this machine"},
    {RK_CKR_NOT_A_MODULE, "not a module", RK_E_TOKEN, "the file is no PKCS#11 module",
	"name a PKCS#11 module"},
    {RK_CKR_CONFINE, "not confined", RK_E_TOKEN,
	"the worker cannot confine itself, so nothing was loaded",
	"use a kernel with seccomp filters"},
    {RK_CKR_OTHER_TOKEN, "another token", RK_E_TOKEN_GONE, "another token is in its place",
	"plug in the right token and start the command again"},
    {RK_CKR_EXISTS, "taken", RK_E_EXISTS, "the label or the id is taken on this token",
	"choose another --label or --id, or delete the other key first"},
    {RK_CKR_UNSUPPORTED, "not offered", RK_E_TOKEN_UNSUPPORTED,
	"the token offers no mechanism for it", REPORT},
    {RK_CKR_SO_NEEDED, "SO needed", RK_E_PIN_NEEDED,
	"the token makes keys only for its SO (a YubiKey: with the management key)",
	"log in with the SO PIN first"},
    {RK_CKR_NO_SLOT, "no slot", RK_E_USAGE,
	"the key needs a place: a PIV token has the slots 9a, 9c, 9d, 9e and 82 to 95, others none",
	"on a YubiKey name one with --slot (9c is the one for signatures); elsewhere leave it out"},
    {RK_CKR_NO_POLICY, "no policy", RK_E_TOKEN_UNSUPPORTED,
	"touch and PIN policies can be chosen only on a YubiKey, through ykcs11 2.3.0 or newer",
	"use a newer ykcs11, or make the key with 'yubico-piv-tool -a generate --touch-policy' and "
	"enrol it"},
    {RK_CKR_MANAGEMENT_KEY, "no management key", RK_E_TOKEN,
	"the SO PIN of a YubiKey is its management key: 48 hexadecimal digits (AES keys: 32, 48 or "
	"64); nothing was tried",
	"give the management key in hexadecimal digits"},
    {RK_CKR_OLD_LIBRARY, "old library", RK_E_TOKEN_UNSUPPORTED,
	"the management key is an AES key, which ykcs11 before 2.3.0 does not know",
	"use a newer ykcs11"},
    {RK_CKR_USE_YKCS11, "another module", RK_E_TOKEN_UNSUPPORTED,
	"OpenSC signs with a PIV card and changes its PIN, and can do no more with it",
	"use Yubico's module for it: --module ykcs11"},
    {RK_CKR_NO_DELETE, "no deletion", RK_E_TOKEN_UNSUPPORTED,
	"ykcs11 cannot delete a key from a YubiKey",
	"overwrite it with a new one by 'yubico-piv-tool -a generate', or reset the PIV "
	"application"},
    {RK_CKR_UNTOUCHED, "no touch", RK_E_TOUCH, "nobody touched the token in time",
	"start the command again and touch the token when it blinks"},
    {RK_CKR_NOT_TAKEN, "not taken", RK_E_TOKEN_UNSUPPORTED,
	"the token takes no key of this type from outside",
	"use another token, or a newer module; 'rootkeep token test' tells what it can do"},
    {RK_CKR_OTHER_TYPE, "another type", RK_E_USAGE, "the key is of another type than was said",
	"leave --type out, or name the key's own type"},
    {RK_CKR_NO_SUCH_CHANGE, "no such change", RK_E_TOKEN_UNSUPPORTED,
	"this kind of token has no such way to a new PIN",
	"'rootkeep token show' tells who can unblock its PIN"},
    {RK_CKR_TOO_MANY, "too many", RK_E_LIMIT, "the module shows more than is accepted",
	"use a token with less on it"},
    {RK_CKR_BAD_ANSWER, "nonsense", RK_E_TOKEN, "the module says that it did it, and did not",
	"do not trust this module with a key"},
    {RK_CKR_EXPOSED, "could be read out", RK_E_KEY_UNPROVEN,
	"the key could be read out of the token, whatever was asked for",
	"use another token or module for this key"},
    {RK_CKR_TRANSPORT, "transport key left", RK_E_TOKEN,
	"the key pair that was to carry another one cannot be removed",
	"remove what is labelled 'rootkeep-transport' with the token's own program; the next copy "
	"to "
	"this token tries it again"},
    {RK_CKR_STRAY, "stray key", RK_E_TOKEN,
	"a key was made that cannot be read back, and cannot be removed either",
	"remove it with the token's own program: 'rootkeep token show' lists what is there"},
    {RK_CKR_PIN_DROPPED, "PIN gone", RK_E_PIN_NEEDED, "the key wants the PIN for each signature",
	"open the token again and log in"},
};

static const char *const call_names[RK_CALL_COUNT] = {
#define RK_CALL_NAME(name) #name,
    RK_CALLS(RK_CALL_NAME)
#undef RK_CALL_NAME
};

static const struct row *
row_of(CK_RV rv)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].rv == rv)
			return &rows[i];
	return NULL;
}

const char *
rk_refusal_name(char out[static 32], CK_RV rv)
{
	const struct row *row = row_of(rv);

	if (row)
		(void)snprintf(out, 32, "%s", row->name);
	else
		(void)snprintf(out, 32, "CKR 0x%lx", rv);
	return out;
}

enum rk_pin_state
rk_refusal_pin_state(uint64_t token_flags)
{
	if (token_flags & CKF_USER_PIN_LOCKED)
		return RK_PIN_LOCKED;
	if (token_flags & CKF_USER_PIN_FINAL_TRY)
		return RK_PIN_FINAL;
	if (token_flags & CKF_USER_PIN_COUNT_LOW)
		return RK_PIN_LOW;
	return token_flags & CKF_USER_PIN_INITIALIZED ? RK_PIN_OK : RK_PIN_UNSET;
}

enum rk_pin_state
rk_refusal_so_pin_state(uint64_t token_flags)
{
	if (token_flags & CKF_SO_PIN_LOCKED)
		return RK_PIN_LOCKED;
	if (token_flags & CKF_SO_PIN_FINAL_TRY)
		return RK_PIN_FINAL;
	return token_flags & CKF_SO_PIN_COUNT_LOW ? RK_PIN_LOW : RK_PIN_OK;
}

/* What the token says of the secret now. Nothing tells of a PUK. */
static enum rk_pin_state
state_after(const rk_refusal *refusal, enum rk_refusal_secret tried)
{
	switch (tried) {
	case RK_REFUSAL_SO_PIN:
		return rk_refusal_so_pin_state(refusal->token_flags);
	case RK_REFUSAL_PUK:
		return RK_PIN_OK;
	case RK_REFUSAL_PIN:
	default:
		return rk_refusal_pin_state(refusal->token_flags);
	}
}

struct secret {
	const char *name, *when_locked;
};

static const struct secret secrets[] = {
    [RK_REFUSAL_PIN] = {"PIN", "unblock it with 'rootkeep token pin --unblock'"},
    [RK_REFUSAL_SO_PIN] = {"SO PIN", "erase the token with its maker's own program"},
    [RK_REFUSAL_PUK] = {"PUK", "erase the token with its maker's own program"},
};

static rk_error *
wrong_pin(const rk_refusal *refusal, enum rk_refusal_secret tried, const char *what)
{
	const struct secret *secret = &secrets[tried];

	switch (state_after(refusal, tried)) {
	case RK_PIN_LOCKED:
		return rk_fail(RK_E_PIN_WRONG, secret->when_locked,
		    "%s: the %s is wrong, and the token has locked it now", what, secret->name);
	case RK_PIN_FINAL:
		return rk_fail(RK_E_PIN_WRONG, "be sure of it before you try again",
		    "%s: the %s is wrong; one try is left before the token locks it", what,
		    secret->name);
	case RK_PIN_LOW:
		return rk_fail(RK_E_PIN_WRONG, "be sure of it before you try again",
		    "%s: the %s is wrong; the token says that few tries are left", what,
		    secret->name);
	case RK_PIN_OK:
	case RK_PIN_UNSET:
	default:
		/* Nothing counts the tries of every SO PIN. */
		return rk_fail(RK_E_PIN_WRONG, "be sure of it before you try again",
		    tried == RK_REFUSAL_SO_PIN ? "%s: the %s is wrong"
					       : "%s: the %s is wrong; one try is spent",
		    what, secret->name);
	}
}

/* Our own words, which no call of the module's has said. */
static bool
is_ours(CK_RV rv)
{
	return (rv & ~0xffUL) == RK_CKR(0UL);
}

rk_error *
rk_refusal_error(const rk_refusal *refusal, enum rk_refusal_secret tried, const char *what)
{
	const struct row *row = row_of(refusal->rv);
	const char *call = refusal->call == RK_CALL_none ? "the worker" : call_names[refusal->call];
	const char *remedy = row && row->remedy ? row->remedy : REPORT;
	char name[32];

	if (refusal->rv == CKR_PIN_INCORRECT)
		return wrong_pin(refusal, tried, what);
	if (refusal->rv == CKR_PIN_LOCKED && tried != RK_REFUSAL_PIN)
		return rk_fail(RK_E_PIN_LOCKED, secrets[tried].when_locked, "%s: the %s is locked",
		    what, secrets[tried].name);
	if (!row)
		return rk_fail(RK_E_TOKEN, remedy, "%s: %s says %s", what, call,
		    rk_refusal_name(name, refusal->rv));
	if (refusal->text.len > 0)
		return rk_fail(row->code, remedy, "%s: %s: %s", what, row->sentence,
		    RK_SHOW_LEN(refusal->text.bytes, refusal->text.len));
	if (refusal->call == RK_CALL_none || is_ours(refusal->rv))
		return rk_fail(row->code, remedy, "%s: %s", what, row->sentence);
	return rk_fail(row->code, remedy, "%s: %s (%s: %s)", what, row->sentence, call, row->name);
}
