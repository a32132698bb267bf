#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct rk_error {
	enum rk_code code;
	char *message;
	char *remedy;
	rk_error *cause;
	bool fixed; /* static: neither changed nor freed */
};

static rk_error no_memory = {
    .code = RK_E_NOMEM,
    .message = (char *)(uintptr_t) "out of memory",
    .remedy = (char *)(uintptr_t) "free some memory and run it again",
    .fixed = true,
};

struct row {
	const char *name;
	int status;
};

static const struct row rows[RK_CODE_COUNT] = {
    [RK_OK] = {"ok", 0},
    [RK_E_NOMEM] = {"out-of-memory", 1},
    [RK_E_INTERNAL] = {"internal", 1},
    [RK_E_MALFORMED] = {"malformed", 1},
    [RK_E_LIMIT] = {"limit", 1},
    [RK_E_NEWER] = {"newer", 1},
    [RK_E_NO_DATA] = {"no-data", 1},
    [RK_E_USAGE] = {"usage", 2},
    [RK_E_REFUSED] = {"refused", 2},
    [RK_E_EXISTS] = {"exists", 2},
    [RK_E_NOT_FOUND] = {"not-found", 2},
    [RK_E_AMBIGUOUS] = {"ambiguous", 2},
    [RK_E_NO_INPUT] = {"no-input", 2},
    [RK_E_CANCELLED] = {"cancelled", 2},
    [RK_E_UNTRUSTED] = {"untrusted", 3},
    [RK_E_FOUND] = {"found", 3},
    [RK_E_TOKEN_NONE] = {"token-none", 4},
    [RK_E_TOKEN_MANY] = {"token-many", 4},
    [RK_E_TOKEN_GONE] = {"token-gone", 4},
    [RK_E_TOKEN] = {"token", 4},
    [RK_E_TOKEN_UNSUPPORTED] = {"token-unsupported", 4},
    [RK_E_KEY_NONE] = {"key-none", 4},
    [RK_E_KEY_MANY] = {"key-many", 4},
    [RK_E_KEY_UNPROVEN] = {"key-unproven", 4},
    [RK_E_PIN_NEEDED] = {"pin-needed", 4},
    [RK_E_PIN_WRONG] = {"pin-wrong", 4},
    [RK_E_PIN_LAST] = {"pin-last", 4},
    [RK_E_PIN_LOCKED] = {"pin-locked", 4},
    [RK_E_TOUCH] = {"touch", 4},
    [RK_E_UNFINISHED] = {"unfinished", 5},
    [RK_E_IO] = {"io", 6},
    [RK_E_BUSY] = {"busy", 6},
    [RK_E_UNSAFE] = {"unsafe", 6},
};

const char *
rk_code_name(enum rk_code code)
{
	return (unsigned)code < RK_CODE_COUNT ? rows[code].name : "unknown";
}

int
rk_code_exit(enum rk_code code)
{
	return (unsigned)code < RK_CODE_COUNT ? rows[code].status : 1;
}

void
rk_error_free(rk_error *err)
{
	while (err && !err->fixed) {
		rk_error *cause = err->cause;

		free(err->message);
		free(err->remedy);
		free(err);
		err = cause;
	}
}

rk_error *
rk_out_of_memory(void)
{
	return &no_memory;
}

/* Takes `message` over; NULL is memory that ran out. */
static rk_error *
new_error(enum rk_code code, const char *remedy, char *message)
{
	rk_error *err = message ? calloc(1, sizeof(*err)) : NULL;

	if (!err) {
		free(message);
		return rk_out_of_memory();
	}
	err->code = code;
	err->message = message;
	err->remedy = remedy ? strdup(remedy) : NULL;
	if (remedy && !err->remedy) {
		rk_error_free(err);
		return rk_out_of_memory();
	}
	return err;
}

RK_PRINTF(1, 0)
static char *
format(const char *fmt, va_list args)
{
	char *text = NULL;

	return vasprintf(&text, fmt, args) < 0 ? NULL : text;
}

rk_error *
rk_fail(enum rk_code code, const char *remedy, const char *fmt, ...)
{
	va_list args;
	char *message;

	va_start(args, fmt);
	message = format(fmt, args);
	va_end(args);
	return new_error(code, remedy, message);
}

rk_error *
rk_fail_errno(enum rk_code code, int number, const char *remedy, const char *fmt, ...)
{
	char room[128];
	char *whole = NULL;
	va_list args;
	char *message;

	va_start(args, fmt);
	message = format(fmt, args);
	va_end(args);
	if (!message)
		return rk_out_of_memory();
	if (asprintf(&whole, "%s: %s", message, strerror_r(number, room, sizeof(room))) < 0)
		whole = NULL;
	free(message);
	return new_error(code, remedy, whole);
}

rk_error *
rk_wrap(rk_error *cause, const char *fmt, ...)
{
	va_list args;
	char *message;
	rk_error *err;

	if (!cause)
		return NULL;
	va_start(args, fmt);
	message = format(fmt, args);
	va_end(args);
	err = new_error(cause->code, cause->remedy, message);
	if (err->fixed) {
		rk_error_free(cause);
		return err;
	}
	err->cause = cause;
	return err;
}

rk_error *
rk_advise(rk_error *err, const char *fmt, ...)
{
	va_list args;
	char *remedy;

	if (!err || err->fixed)
		return err;
	va_start(args, fmt);
	remedy = format(fmt, args);
	va_end(args);
	if (remedy) {
		free(err->remedy);
		err->remedy = remedy;
	}
	return err;
}

rk_error *
rk_recode(rk_error *err, enum rk_code code)
{
	if (err && !err->fixed)
		err->code = code;
	return err;
}

rk_error *
rk_join(rk_error *err, rk_error *also)
{
	rk_error *last = err;

	if (!err)
		return also;
	while (last->cause)
		last = last->cause;
	if (last->fixed)
		rk_error_free(also);
	else
		last->cause = also;
	return err;
}

enum rk_code
rk_error_code(const rk_error *err)
{
	return err ? err->code : RK_OK;
}

const char *
rk_error_message(const rk_error *err)
{
	return err ? err->message : "";
}

const char *
rk_error_remedy(const rk_error *err)
{
	return err ? err->remedy : NULL;
}

const rk_error *
rk_error_cause(const rk_error *err)
{
	return err ? err->cause : NULL;
}
