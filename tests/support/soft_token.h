/*
 * soft_token.h - tokens in software, for rehearsed disasters
 *
 * A module with up to eight tokens whose keys are OpenSSL's. By itself it is an honest token: PIN
 * counters and their flags, one login, keys hidden before it, real signatures. A test scripts
 * what goes wrong: call N fails, signatures lie, the token is pulled out after a call, templates
 * are ignored. Everything that happens is counted. fake_token.h is the simpler one, for flows that
 * never see a true signature.
 *
 * URIs: token, serial, model, manufacturer, object, id and type are understood, pin-source is
 * kept, anything else is RK_E_USAGE.
 *
 * Ownership  the module owns its tokens and keys; rk_token objects that were opened must be freed
 *            before it. Labels, serials and PINs are borrowed.
 */
#ifndef RK_SUPPORT_SOFT_TOKEN_H
#define RK_SUPPORT_SOFT_TOKEN_H

#include "support/soft_key.h"

#include "world/token.h"

#define RK_SOFT_TOKENS_MAX 8
#define RK_SOFT_KEYS_MAX 32
#define RK_SOFT_TRIES 3

enum rk_soft_call {
	RK_SOFT_LIST,
	RK_SOFT_OPEN,
	RK_SOFT_INIT_TARGET,
	RK_SOFT_INIT,
	RK_SOFT_INFO,
	RK_SOFT_ABILITIES,
	RK_SOFT_LOGIN,
	RK_SOFT_LOGIN_SO,
	RK_SOFT_SET_PIN,
	RK_SOFT_KEYS,
	RK_SOFT_SHOWS,
	RK_SOFT_CERTIFICATES,
	RK_SOFT_FIND,
	RK_SOFT_GENERATE,
	RK_SOFT_IMPORT,
	RK_SOFT_SIGN,
	RK_SOFT_DESTROY,
	RK_SOFT_TRANSPORT,
	RK_SOFT_TRANSPORT_END,
	RK_SOFT_WRAP,
	RK_SOFT_UNWRAP,
	RK_SOFT_SEAL,
	RK_SOFT_CALL_COUNT,
	RK_SOFT_NEVER = RK_SOFT_CALL_COUNT,
};

/* How a signature lies. */
enum rk_soft_lie {
	RK_SOFT_HONEST,
	RK_SOFT_WRONG, /* the right length, one bit turned */
	RK_SOFT_SHORT, /* the last byte is missing */
	RK_SOFT_LONG, /* a byte too many */
	RK_SOFT_EMPTY,
	RK_SOFT_STRANGER, /* valid, by another key of the same type */
	RK_SOFT_OTHER_BYTES, /* by the right key, over something else */
};

struct rk_soft_pair {
	EVP_PKEY *pair; /* NULL: destroyed */
	enum rk_key_type type;
	uint64_t handle;
	char label[64];
	uint8_t id[32];
	size_t id_len;
	bool extractable;
	bool imported;
};

struct rk_soft_token {
	/* what it is; a test may change it at any time */
	const char *label, *serial, *pin, *so_pin;
	bool initialized, absent, open_to_all /* no login needed */, pin_pad, write_protected;
	bool pin_unset;
	bool asks_each_time; /* its keys want the PIN for each signature */
	bool so_makes_keys; /* as a YubiKey: the SO makes and destroys, the user signs */
	bool shows_public; /* its keys' public halves before a login */
	const char *puk; /* NULL: it has none, and the SO unblocks, unless nobody does */
	bool nobody_unblocks, tells_tries;
	enum rk_fact factory_pin, factory_puk, factory_so_pin;
	const char *certificates[4]; /* PEM, each under the id of the key of that place */
	unsigned tries, so_tries; /* left */
	struct rk_soft_pair keys[RK_SOFT_KEYS_MAX];
	size_t key_count; /* places used, destroyed ones too */
	bool unsupported[RK_KEY_GENERATED_COUNT];
	bool no_pkcs1; /* RSA signs as PSS alone */
	bool hardware;
	bool ways[RK_WRAP_WAY_COUNT]; /* that it names; rk_soft_tokens_add: RK_WRAP_PAD alone */
	bool only_sha1; /* for OAEP */
	unsigned refuses_ways; /* the first so many wrappings fail */
	bool wraps_no[RK_KEY_GENERATED_COUNT]; /* keys of these types */
	/* what goes wrong */
	enum rk_soft_lie lie;
	unsigned lie_at; /* only in signature number N; 0: in each */
	unsigned sign_fails_at; /* signature number N has its own error */
	enum rk_code sign_fails;
	enum rk_soft_call gone_after; /* pulled out once this call has succeeded */
	enum rk_soft_call
	    answer_lost; /* generate, import, set_pin: it is done, and the answer is an error; init: but for its PIN */
	bool ignores_template; /* what it makes is extractable */
	bool forgets_keys; /* what it makes is not there afterwards */
	bool unwraps_another; /* what comes out of a wrapped key is not that key */
	bool never_seals; /* says that it did, and did not */
	bool never_settles; /* says that it signed, and gives nobody a signature */
	/* what happened */
	unsigned so_logins, pin_changes, wrapped, unwrapped, transports /* living */;
	unsigned logins, logins_refused, finds, signs, made, destroyed, inits, opened, imported;
	char new_label[64], new_pin[64], new_so_pin[64]; /* given by an initialisation */
	unsigned generation; /* counts pulling out and initialising: older handles are void */
};

struct rk_soft_tokens {
	rk_tokens tokens;
	struct rk_soft_token all[RK_SOFT_TOKENS_MAX];
	size_t count;
	unsigned fails_at; /* call number N of all calls; 0: never */
	enum rk_code fails;
	unsigned calls; /* of every kind */
	unsigned called[RK_SOFT_CALL_COUNT];
	uint64_t next_handle;
};

struct rk_soft_tokens *rk_soft_tokens_new(void);
void rk_soft_tokens_free(struct rk_soft_tokens *module);
/* Initialised, without keys: PIN 123456, SO PIN 12345678. Labels and serials may be there twice. */
struct rk_soft_token *
rk_soft_tokens_add(struct rk_soft_tokens *module, const char *label, const char *serial);
/* Forget the counts and the failures to come, as before a second try. */
void rk_soft_tokens_settle(struct rk_soft_tokens *module);

/* A pair put there without asking: its label may be taken. The id is one byte. */
struct rk_soft_pair *rk_soft_token_add_key(struct rk_soft_tokens *module,
    struct rk_soft_token *token, enum rk_key_type type, const char *label);
/* The same with a pair of the caller's, which is taken over; its type is left unsaid. */
struct rk_soft_pair *rk_soft_token_add_pair(
    struct rk_soft_tokens *module, struct rk_soft_token *token, EVP_PKEY *pkey, const char *label);
void rk_soft_token_pull(struct rk_soft_token *token);
void rk_soft_token_plug(struct rk_soft_token *token);
/* Living keys. */
size_t rk_soft_token_key_count(const struct rk_soft_token *token);

#endif
