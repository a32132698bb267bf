/*
 * error.h - what went wrong, why, and what to do about it
 *
 * Every function that can fail returns an rk_error *: NULL is success, anything else is an
 * error that the caller now owns and must return, wrap, or free. An error is a code (for the
 * exit status, for scripts and for tests), one sentence of fact, a remedy, and a chain of
 * causes. It is printed once, at the top of the program.
 *
 * Ownership  an error owns its text and its cause; rk_wrap and rk_join take over what they are
 *            given.
 * Errors     making an error cannot fail: without memory a static one takes its place.
 */
#ifndef RK_BASE_ERROR_H
#define RK_BASE_ERROR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RK_CHECKED __attribute__((warn_unused_result))
#define RK_PRINTF(f, a) __attribute__((format(printf, f, a)))
/* Said of what makes errors, for static analysis: failing is never taken for success. */
#define RK_NEVER_NULL __attribute__((returns_nonnull))

/* Declare a pointer that frees what it holds when the block ends. */
#define RK_AUTO(type) __attribute__((cleanup(type##_freep))) type *
/* Give `type` what RK_AUTO needs, from its `type_free`. */
#define RK_DEFINE_FREEP(type)                     \
	static inline void type##_freep(type **p) \
	{                                         \
		type##_free(*p);                  \
	}
/* Move a pointer out of an RK_AUTO variable. */
#define RK_TAKE(p)                          \
	__extension__({                     \
		__typeof__(p) taken_ = (p); \
		(p) = NULL;                 \
		taken_;                     \
	})

/* The order is of no meaning; rk_code_name and rk_code_exit have a row for each. */
enum rk_code {
	RK_OK = 0,
	/* exit 1: failed or not well-formed */
	RK_E_NOMEM,
	RK_E_INTERNAL, /* a defect of ours, or a library that broke its promise */
	RK_E_MALFORMED, /* bytes that are not what they should be */
	RK_E_LIMIT, /* larger, deeper or more than we accept */
	RK_E_NEWER, /* a format newer than this program knows */
	RK_E_NO_DATA, /* nothing that is signed is there to show */
	/* exit 2: usage, or refused by one of our own rules */
	RK_E_USAGE,
	RK_E_REFUSED,
	RK_E_EXISTS,
	RK_E_NOT_FOUND,
	RK_E_AMBIGUOUS,
	RK_E_NO_INPUT, /* a person would have to be asked, and may not be */
	RK_E_CANCELLED,
	/* exit 3: not trusted, or a check found something */
	RK_E_UNTRUSTED,
	RK_E_FOUND,
	/* exit 4: the token */
	RK_E_TOKEN_NONE,
	RK_E_TOKEN_MANY,
	RK_E_TOKEN_GONE, /* unplugged, or the module's worker died or hung */
	RK_E_TOKEN, /* refused for a reason that its sentence tells */
	RK_E_TOKEN_UNSUPPORTED,
	RK_E_KEY_NONE, /* no such key on the token */
	RK_E_KEY_MANY,
	RK_E_KEY_UNPROVEN,
	RK_E_PIN_NEEDED,
	RK_E_PIN_WRONG, /* one try is spent */
	RK_E_PIN_LAST, /* one try is left, so nothing was sent */
	RK_E_PIN_LOCKED,
	RK_E_TOUCH, /* nobody touched the token in time */
	/* exit 5: not finished */
	RK_E_UNFINISHED,
	/* exit 6: file, folder or disk */
	RK_E_IO,
	RK_E_BUSY, /* another rootkeep holds the keep */
	RK_E_UNSAFE, /* owner, mode, link or file system that we do not believe */
	RK_CODE_COUNT
};

typedef struct rk_error rk_error;

/*
 * rk_fail(code, remedy, fmt, ...): a new error. `remedy` is a sentence without a final stop, or
 * NULL; it is copied. Foreign text goes into `fmt`'s arguments through RK_SHOW (base/show.h).
 */
RK_CHECKED RK_NEVER_NULL rk_error *
rk_fail(enum rk_code code, const char *remedy, const char *fmt, ...) RK_PRINTF(3, 4);
/* As rk_fail, and says what the system said: ": " and the text of errno value `number`. */
RK_CHECKED RK_NEVER_NULL rk_error *rk_fail_errno(
    enum rk_code code, int number, const char *remedy, const char *fmt, ...) RK_PRINTF(4, 5);
/* A new error above `cause` (which it takes over), with the cause's code and remedy. */
RK_CHECKED rk_error *rk_wrap(rk_error *cause, const char *fmt, ...) RK_PRINTF(2, 3);
/* The same error with this remedy in place of its own. */
RK_CHECKED rk_error *rk_advise(rk_error *err, const char *fmt, ...) RK_PRINTF(2, 3);
/* The same error with this code in place of its own. */
RK_CHECKED rk_error *rk_recode(rk_error *err, enum rk_code code);
/* `also` reported beneath `err`; either may be NULL. */
RK_CHECKED rk_error *rk_join(rk_error *err, rk_error *also);
RK_CHECKED RK_NEVER_NULL rk_error *rk_out_of_memory(void);

/* RK_OK for NULL. */
enum rk_code rk_error_code(const rk_error *err);
/* The sentence of the top error; never NULL. */
const char *rk_error_message(const rk_error *err);
/* NULL where there is none. */
const char *rk_error_remedy(const rk_error *err);
/* The error beneath, borrowed; NULL at the end of the chain. */
const rk_error *rk_error_cause(const rk_error *err);
void rk_error_free(rk_error *err);
RK_DEFINE_FREEP(rk_error)

/* "pin-wrong" for RK_E_PIN_WRONG: the word that --json prints; never NULL. */
const char *rk_code_name(enum rk_code code);
/* The exit status for a code, by the manual's table. */
int rk_code_exit(enum rk_code code);

#endif
