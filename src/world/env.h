/*
 * env.h - the outside world, handed in: clock, entropy, people
 *
 * No code below src/term asks libc for the time, for randomness or for a person's answer: it asks
 * its rk_env, so that a test can hold the clock, choose the bytes and pull the plug.
 *
 * Ownership  requests are borrowed for the call; ret_* belong to the caller.
 */
#ifndef RK_WORLD_ENV_H
#define RK_WORLD_ENV_H

#include "base/secret.h"

typedef struct rk_env rk_env;

enum rk_pin_state { RK_PIN_OK, RK_PIN_LOW, RK_PIN_FINAL, RK_PIN_LOCKED, RK_PIN_UNSET };

/* Which secret of which token is wanted, and what for. */
struct rk_pin_request {
	const char *kind; /* "PIN", "SO PIN", "new PIN": term/prompt.h lists them */
	const char *label; /* the token's, foreign */
	const char *serial; /* foreign */
	const char *model; /* foreign */
	const char *source; /* the URI's pin-source, or NULL */
	const char *purpose; /* "sign root 3 and targets 7 of demo": ours, already shown */
	enum rk_pin_state state;
	bool tries_known; /* the token tells the count */
	unsigned tries; /* left */
	bool only_token; /* the plan uses exactly one token: an unlabelled --pin-file is meant */
	bool shared_label; /* another token of the plan has it: only the serial says whose it is */
	bool twice; /* a new one: typed twice and compared */
};

/* How grave a yes is: what --yes may answer. */
enum rk_confirm_kind {
	RK_CONFIRM_ORDINARY, /* --yes answers it */
	RK_CONFIRM_LAST_PIN, /* --last-pin-try answers it */
	RK_CONFIRM_DESTROY, /* --erase=SERIAL answers it: the serial is typed back */
	RK_CONFIRM_EXCEPTION, /* --except RULE=REASON answers it */
};

struct rk_confirm_request {
	enum rk_confirm_kind kind;
	const char *question; /* one line, ours */
	const char *expect; /* what has to be typed back (a serial, a rule's name), or NULL: yes */
};

enum rk_say { RK_SAY_DETAIL, RK_SAY_INFO, RK_SAY_WARNING };

struct rk_env_ops {
	/* `len` bytes nobody can foresee. RK_E_INTERNAL. */
	RK_CHECKED rk_error *(*entropy)(rk_env *env, void *bytes, size_t len);
	/* The time to believe: one value for the whole run. */
	int64_t (*now)(rk_env *env);
	/* RK_E_NO_INPUT, RK_E_PIN_NEEDED, RK_E_CANCELLED, RK_E_UNSAFE (a PIN file others can read). */
	RK_CHECKED rk_error *(*pin)(
	    rk_env *env, const struct rk_pin_request *request, rk_secret **ret_pin);
	/* Would `pin` have an answer without a person? Asked before a plan is made. */
	bool (*pin_at_hand)(rk_env *env, const struct rk_pin_request *request);
	/* NULL is yes; RK_E_CANCELLED no; RK_E_NO_INPUT names the option that would answer. */
	RK_CHECKED rk_error *(*confirm)(rk_env *env, const struct rk_confirm_request *request);
	/* A line for a person, on stderr; `text` is ours or already shown. */
	void (*say)(rk_env *env, enum rk_say level, const char *text);
	/* `what` is a phrase ("hashing files"); `total` 0: unknown, shown as waiting. done == total ends. */
	void (*progress)(rk_env *env, const char *what, uint64_t done, uint64_t total);
};

struct rk_env {
	const struct rk_env_ops *ops;
};

/* rk_say(env, level, fmt, …) through ops->say. */
void rk_sayf(rk_env *env, enum rk_say level, const char *fmt, ...) RK_PRINTF(3, 4);

#endif
