/*
 * token.h - what the rest of Rootkeep knows about tokens
 *
 * A token is a place that signs and never tells. Workflows see only this interface: pkcs11/
 * implements it over a worker process per module, tests/support/soft_token.c for rehearsed
 * disasters. A PKCS#11 URI (RFC 7512) is an opaque string here. Whatever a token says (labels,
 * serials, points) is foreign text, and whatever it signs is verified by the caller before it is
 * kept.
 *
 * Ownership  ret_* objects belong to the caller; every other pointer is borrowed for the call.
 *            Strings in rk_token_info and rk_token_key are owned by their struct.
 * Errors     NULL is success. Otherwise no ret_* was touched. Besides those listed, every call
 *            can return RK_E_TOKEN_GONE (unplugged; worker died or hung), RK_E_TOKEN (the module
 *            refused; the sentence tells CKR and why), RK_E_NOMEM.
 */
#ifndef RK_WORLD_TOKEN_H
#define RK_WORLD_TOKEN_H

#include "world/env.h"
#include "world/pubkey.h"

typedef struct rk_tokens rk_tokens;
typedef struct rk_token rk_token;

/* Three-valued: modules may not know (CKR_ATTRIBUTE_TYPE_INVALID is "unknown", never "no"). */
enum rk_fact { RK_FACT_UNKNOWN, RK_FACT_NO, RK_FACT_YES };

/* Who can set a new PIN where the old one is locked or forgotten. */
enum rk_unblock { RK_UNBLOCK_NOBODY, RK_UNBLOCK_SO, RK_UNBLOCK_PUK };

/* CK_TOKEN_INFO and CK_SLOT_INFO, trimmed, with what the module says of itself. */
typedef struct rk_token_info {
	char *label;
	char *serial;
	char *model;
	char *manufacturer;
	char *firmware; /* "2.6", a YubiKey's "5.4.3" */
	char *module; /* p11-kit's name, or the file's name */
	char *module_path; /* absolute */
	char *module_version; /* library description and version */
	char *uri; /* pkcs11:model=…;manufacturer=…;serial=…;token=…?module-name=… */
	char *pin_source; /* from the URI that opened it, or NULL */
	enum rk_pin_state pin_state;
	enum rk_pin_state so_pin_state;
	bool initialized;
	bool login_required;
	bool pin_pad; /* CKF_PROTECTED_AUTHENTICATION_PATH */
	bool write_protected;
	bool hardware; /* its slot is said to be a device (CKF_HW_SLOT) */
	char *slot_name; /* CK_SLOT_INFO's slotDescription: of a card, the reader's name; or NULL */
	bool network; /* its module may open network connections, in this run */
	bool so_makes_keys; /* a key is made after login_so, not after login (YubiKey) */
	enum rk_unblock unblock;
	/* Is it still the one that the device left the factory with? */
	enum rk_fact factory_pin, factory_puk, factory_so_pin;
	bool pin_tries_known;
	unsigned pin_tries; /* left, where the device gives the count */
	bool puk_tries_known;
	unsigned puk_tries;
	size_t pin_min, pin_max;
	uint64_t slot;
} rk_token_info;

typedef struct rk_token_list {
	rk_token_info *tokens;
	size_t count;
} rk_token_list;

/* A key pair, or what can be seen of one. */
typedef struct rk_token_key {
	uint64_t handle; /* of the private key, for this open token only; 0: no private half seen */
	uint8_t *id; /* CKA_ID, any length, zeros and all */
	size_t id_len;
	char *label;
	rk_pubkey *pubkey; /* NULL: a type we do not know, or its public half is not to be had */
	char *what; /* "ecdsa-p256", or "unknown key type 0x…" */
	char *uri; /* pkcs11:…;id=%02;object=…;type=private?module-name=… */
	enum rk_fact sensitive, extractable, always_sensitive, never_extractable, local, sign,
	    always_authenticate;
} rk_token_key;

typedef struct rk_token_keys {
	rk_token_key *keys;
	size_t count;
} rk_token_keys;

/* What the device asks for at each signature, where it lets us choose (YubiKey PIV). */
enum rk_touch { RK_TOUCH_UNSAID, RK_TOUCH_NEVER, RK_TOUCH_ALWAYS, RK_TOUCH_CACHED };
enum rk_pin_policy { RK_PIN_UNSAID, RK_PIN_NEVER, RK_PIN_ONCE, RK_PIN_ALWAYS };

struct rk_key_spec {
	enum rk_key_type type;
	const char *label;
	const uint8_t *id;
	size_t id_len;
	uint8_t slot; /* PIV's number, 0x9a; 0: none named; with it `id` is not looked at */
	enum rk_touch touch;
	enum rk_pin_policy pin_policy;
	bool wrappable; /* CKA_EXTRACTABLE true until cloned */
};

/* An X.509 certificate object on a token, attestations among them. */
typedef struct rk_token_certificate {
	uint8_t *id; /* CKA_ID */
	size_t id_len;
	char *label;
	uint8_t *der; /* CKA_VALUE, foreign and unparsed */
	size_t der_len;
} rk_token_certificate;

typedef struct rk_token_certificates {
	rk_token_certificate *certificates;
	size_t count;
} rk_token_certificates;

/* A change of a PIN, and what the present secret is that allows it. */
enum rk_pin_change {
	RK_PIN_CHANGE_USER, /* the PIN itself: C_SetPIN */
	RK_PIN_CHANGE_SO, /* the SO PIN, a YubiKey's management key: C_SetPIN as SO */
	RK_PIN_UNBLOCK_SO, /* the SO PIN gives a new PIN: C_InitPIN */
	RK_PIN_UNBLOCK_PUK, /* the PUK gives a new PIN */
};

/*
 * One signature wanted. `payload` has the digest or the bytes that the key's family needs. On
 * success `err` is NULL and `signature` holds the raw bytes (r||s, 64 bytes, modulus length).
 */
struct rk_sign_job {
	const rk_token_key *key;
	enum rk_hash hash; /* for ECDSA and RSA; RK_HASH_NONE for Ed25519 */
	bool pkcs1; /* RSA: padded as PKCS#1 v1.5 instead of PSS; RK_E_TOKEN_UNSUPPORTED */
	const rk_payload *payload;
	/* Called when it has its outcome, while the token goes on with the others. NULL: nobody is. */
	void (*settled)(struct rk_sign_job *job);
	void *context; /* the caller's */
	rk_buf signature;
	rk_error *err;
};

/*
 * How a private key travels from token to token: as ciphertext under a fresh AES key of its own,
 * which an RSA key of the target's carries. The best comes first.
 */
enum rk_wrap_way {
	RK_WRAP_RSA_AES, /* both steps in one mechanism */
	RK_WRAP_KWP, /* CKM_AES_KEY_WRAP_KWP */
	RK_WRAP_PAD, /* CKM_AES_KEY_WRAP_PAD */
	RK_WRAP_CBC, /* CKM_AES_CBC_PAD: nothing but the key's proof tells a wrong one */
	RK_WRAP_WAY_COUNT
};

struct rk_wrap_how {
	enum rk_wrap_way way;
	bool sha1; /* OAEP with SHA-1 instead of SHA-256 */
	const rk_pubkey *transport; /* the target's */
};

/* A key on its way; nothing of it is secret. */
typedef struct rk_wrapped {
	enum rk_wrap_way way;
	bool sha1;
	rk_buf kek; /* empty where the way has none of its own */
	rk_buf key;
} rk_wrapped;

/* The key that is to come out of it, and what it is called there. */
struct rk_unwrap_wish {
	const rk_wrapped *wrapped;
	const rk_pubkey *pubkey;
	const char *label;
	const uint8_t *id;
	size_t id_len;
};

/* What `token test` and `token show` tell of a token. */
typedef struct rk_token_abilities {
	bool generate[RK_KEY_GENERATED_COUNT];
	bool sign[RK_KEY_GENERATED_COUNT];
	bool wrap[RK_WRAP_WAY_COUNT]; /* as its mechanisms are said to be */
	bool unwrap[RK_WRAP_WAY_COUNT];
	char **mechanisms; /* "CKM_ECDSA", or "0x80000001" */
	size_t mechanism_count;
} rk_token_abilities;

struct rk_token_ops {
	/* What was known when it was opened, with the flags as they are now. */
	RK_CHECKED rk_error *(*info)(rk_token *token, rk_token_info **ret_info);
	RK_CHECKED rk_error *(*abilities)(rk_token *token, rk_token_abilities **ret_abilities);
	/*
	 * Exactly one C_Login. `pin` NULL is the token's own pad. A second login succeeds unasked.
	 * RK_E_PIN_WRONG one try is spent; RK_E_PIN_LOCKED nothing was or can be spent.
	 */
	RK_CHECKED rk_error *(*login)(rk_token *token, const rk_secret *pin);
	/* Exactly one C_Login as SO, after logging a user out; a later `login` logs the SO out. What
	 * making keys needs where so_makes_keys. Errors as for login. */
	RK_CHECKED rk_error *(*login_so)(rk_token *token, const rk_secret *so_pin);
	/*
	 * A new PIN by exactly one try of `old` (struct rk_token_info's unblock tells which kind may
	 * work); both NULL is the token's own pad. Nobody is logged in afterwards.
	 * RK_E_PIN_WRONG, RK_E_PIN_LOCKED as for login; RK_E_TOKEN_UNSUPPORTED.
	 */
	RK_CHECKED rk_error *(*set_pin)(
	    rk_token *token, enum rk_pin_change change, const rk_secret *old, const rk_secret *pin);
	/* All keys to be seen (before a login often none), one find per object class. */
	RK_CHECKED rk_error *(*keys)(rk_token *token, rk_token_keys **ret_keys);
	/* Before a login: is this public key to be seen on it, by itself or in a certificate?
	 * RK_FACT_NO: others are, and not this one; RK_FACT_UNKNOWN: none is. */
	RK_CHECKED
	rk_error *(*shows)(rk_token *token, const rk_pubkey *pubkey, enum rk_fact *ret_shows);
	/* The one key that the URI this token was opened by means. RK_E_KEY_NONE; RK_E_KEY_MANY
	 * lists the candidates; RK_E_PIN_NEEDED it may be there once logged in. */
	RK_CHECKED rk_error *(*find)(rk_token *token, const char *uri, rk_token_key **ret_key);
	/* RK_E_EXISTS for a label or id that is taken; RK_E_TOKEN_UNSUPPORTED. */
	RK_CHECKED rk_error *(*generate)(
	    rk_token *token, const struct rk_key_spec *spec, rk_token_key **ret_key);
	/*
	 * A copy of a private key (PKCS#8 DER, unencrypted) goes to the token, with spec's type, label
	 * and id. RK_E_EXISTS, RK_E_TOKEN_UNSUPPORTED, RK_E_USAGE a key of another type.
	 */
	RK_CHECKED rk_error *(*import)(rk_token *token, const struct rk_key_spec *spec,
	    const rk_secret *pkcs8, rk_token_key **ret_key);
	/* Every X.509 certificate object to be seen. */
	RK_CHECKED
	rk_error *(*certificates)(rk_token *token, rk_token_certificates **ret_certificates);
	/* All of them, each with its own outcome; an error of the call itself is returned. */
	RK_CHECKED rk_error *(*sign)(rk_token *token, struct rk_sign_job *jobs, size_t count);
	/* Private and public half and what was made with them. Missing is success. */
	RK_CHECKED rk_error *(*destroy)(rk_token *token, const rk_token_key *key);
	/*
	 * A copy on another token. The target makes a transport key, private and not extractable, which
	 * is gone after transport_end, and gives its public half; what a run that was killed has left
	 * of one goes first. RK_E_TOKEN_UNSUPPORTED.
	 */
	RK_CHECKED rk_error *(*transport)(rk_token *token, rk_pubkey **ret_transport);
	/* No transport key is left; none was there is success. */
	RK_CHECKED rk_error *(*transport_end)(rk_token *token);
	/* The source wraps the key. RK_E_TOKEN_UNSUPPORTED not this way, or not such a key. */
	RK_CHECKED rk_error *(*wrap)(rk_token *token, const rk_token_key *key,
	    const struct rk_wrap_how *how, rk_wrapped *ret_wrapped);
	/*
	 * The target, with its transport key, unwraps it, sensitive and not extractable: one that could
	 * be read out is destroyed again, RK_E_KEY_UNPROVEN. RK_E_EXISTS for a label or id that is taken,
	 * unless by the public half of this very key alone; RK_E_TOKEN_UNSUPPORTED.
	 */
	RK_CHECKED rk_error *(*unwrap)(
	    rk_token *token, const struct rk_unwrap_wish *wish, rk_token_key **ret_key);
	/* From now on not extractable; read back. RK_E_KEY_UNPROVEN it still is. */
	RK_CHECKED rk_error *(*seal)(rk_token *token, const rk_token_key *key);
	/* Logs out and closes; the worker may live on for other tokens of its module. */
	void (*close)(rk_token *token);
};

struct rk_token {
	const struct rk_token_ops *ops;
	const char *name; /* for people, already safe to print: 'label' (serial 1234) */
};

struct rk_tokens_ops {
	/* Every token of every module in use; a module that fails is one warning through env. */
	RK_CHECKED rk_error *(*list)(rk_tokens *tokens, rk_token_list **ret_list);
	/* RK_E_TOKEN_NONE; RK_E_TOKEN_MANY lists them; RK_E_USAGE a URI that is none. */
	RK_CHECKED rk_error *(*open)(rk_tokens *tokens, const char *uri, rk_token **ret_token);
	/* The token that `init` would take for this URI, as it is now: among several that fit, the
	 * only empty one. RK_E_TOKEN_NONE, RK_E_TOKEN_MANY, RK_E_USAGE. */
	RK_CHECKED rk_error *(*meant)(rk_tokens *tokens, const char *uri, rk_token_info **ret_info);
	/* C_InitToken and C_InitPIN. The caller has judged that nothing of worth is on it. */
	RK_CHECKED rk_error *(*init)(rk_tokens *tokens, const char *uri, const char *label,
	    const rk_secret *so_pin, const rk_secret *pin, rk_token_info **ret_info);
};

struct rk_tokens {
	const struct rk_tokens_ops *ops;
};

void rk_token_info_free(rk_token_info *info);
RK_DEFINE_FREEP(rk_token_info)
void rk_token_list_free(rk_token_list *list);
RK_DEFINE_FREEP(rk_token_list)
void rk_token_key_free(rk_token_key *key);
RK_DEFINE_FREEP(rk_token_key)
void rk_token_keys_free(rk_token_keys *keys);
RK_DEFINE_FREEP(rk_token_keys)
void rk_token_certificates_free(rk_token_certificates *certificates);
RK_DEFINE_FREEP(rk_token_certificates)
void rk_token_abilities_free(rk_token_abilities *abilities);
RK_DEFINE_FREEP(rk_token_abilities)
void rk_wrapped_clear(rk_wrapped *wrapped);
#define RK_AUTO_WRAPPED(name) __attribute__((cleanup(rk_wrapped_clear))) rk_wrapped name = {0}
/* Closes; NULL is ignored. */
void rk_token_free(rk_token *token);
RK_DEFINE_FREEP(rk_token)

#endif
