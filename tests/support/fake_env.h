/*
 * fake_env.h - a world that does as it is told: clock, entropy, a person who answers
 *
 * A test sets the clock, fails the entropy, writes down the PINs and answers that the person has,
 * runs a flow over `env`, and reads what was said and asked.
 *
 * Ownership  rk_fake_env_clear gives the captured text back; labels and PINs are borrowed.
 * Errors     failures of the fake itself fail the test.
 */
#ifndef RK_SUPPORT_FAKE_ENV_H
#define RK_SUPPORT_FAKE_ENV_H

#include "base/buf.h"
#include "world/env.h"

#define RK_FAKE_PINS_MAX 16

struct rk_fake_pin {
	const char *label; /* of the token; NULL: any */
	const char *kind; /* "PIN", "SO PIN", "new PIN"; NULL: any */
	const char *pin; /* the answer, or NULL: `fails` */
	enum rk_code fails;
	unsigned times; /* how often it may be given; 0: always */
	unsigned given;
};

struct rk_fake_env {
	rk_env env;
	int64_t now;
	/* entropy: a counted stream, the same in each run; fails at call N of entropy_calls */
	uint64_t stream;
	unsigned entropy_fails_at; /* 0: never */
	/* the person's PINs: the first that fits and is not used up; none: RK_E_NO_INPUT */
	struct rk_fake_pin pins[RK_FAKE_PINS_MAX];
	size_t pin_count;
	bool pins_at_hand; /* they are in a file: pin_at_hand says yes where one fits */
	/* what the person says to a question; from number confirms_say_no_at on: no. 0: never */
	enum rk_code confirm_says;
	unsigned confirms_say_no_at;
	/* what happened */
	unsigned entropy_calls, now_calls, pin_calls, confirm_calls, say_calls, warnings,
	    progress_calls;
	enum rk_pin_state pin_state; /* of the last request */
	bool pin_twice, pin_only_token;
	enum rk_confirm_kind confirm_kind;
	rk_buf said; /* "warning: …\n", "info: …\n", "detail: …\n" */
	rk_buf asked; /* "PIN of 'label': purpose\n", "confirm: question [expect]\n" */
	rk_buf progress; /* "what done/total\n" */
};

/* 2026-11-23T20:33:12Z; no PIN, yes to everything. */
struct rk_fake_env rk_fake_env_new(void);
void rk_fake_env_clear(struct rk_fake_env *fake);
/* One answer more: `pin` to a token of this label, always. */
void rk_fake_env_pin(struct rk_fake_env *fake, const char *label, const char *pin);
/* The same, `times` often. */
void
rk_fake_env_pin_times(struct rk_fake_env *fake, const char *label, const char *pin, unsigned times);
/* True where `text` was said, asked or shown. */
bool rk_fake_env_said(const struct rk_fake_env *fake, const char *text);
bool rk_fake_env_asked(const struct rk_fake_env *fake, const char *text);

#endif
