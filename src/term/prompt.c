#include "term/prompt.h"

#include "base/show.h"
#include "term/pinfile.h"
#include "term/talk.h"
#include "term/terminal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define TYPINGS 3 /* how often two typings of a new secret may differ */

struct rk_prompt {
	rk_env env; /* first: the env's functions find the prompt by it */
	const struct rk_globals *globals;
	const char *tty;
	int64_t clock;
	rk_talk *talk;
	rk_pinfiles *files;
	int signal;
};

/* Which option answers a kind of request. */
struct kind {
	const char *name, *option;
	size_t files; /* offset of its list in rk_globals */
	bool of_token; /* else WHOSE is never needed */
};

static const struct kind kinds[] = {
    {"PIN", "pin-file", RK_FIELD(rk_globals, pin_files, rk_list), true},
    {"new PIN", "new-pin-file", RK_FIELD(rk_globals, new_pin_files, rk_list), true},
    {"SO PIN", "so-pin-file", RK_FIELD(rk_globals, so_pin_files, rk_list), true},
    {"new SO PIN", "so-pin-file", RK_FIELD(rk_globals, so_pin_files, rk_list), true},
    {"next SO PIN", "new-pin-file", RK_FIELD(rk_globals, new_pin_files, rk_list), true},
    {"management key", "so-pin-file", RK_FIELD(rk_globals, so_pin_files, rk_list), true},
    {"next management key", "new-pin-file", RK_FIELD(rk_globals, new_pin_files, rk_list), true},
    {"PUK", "so-pin-file", RK_FIELD(rk_globals, so_pin_files, rk_list), true},
    {"passphrase", "passphrase-file", RK_FIELD(rk_globals, passphrase_files, rk_list), false},
    {"new passphrase", "passphrase-file", RK_FIELD(rk_globals, passphrase_files, rk_list), false},
    {"share", "share-file", RK_FIELD(rk_globals, share_files, rk_list), false},
};

static rk_prompt *
prompt_of(rk_env *env)
{
	return (rk_prompt *)env;
}

static const struct kind *
kind_of(const struct rk_pin_request *request)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kinds[i].name, request->kind))
			return &kinds[i];
	return &kinds[0];
}

static const rk_list *
files_of(const rk_prompt *prompt, const struct kind *kind)
{
	return (const rk_list *)(const void *)((const char *)prompt->globals + kind->files);
}

static rk_error *
env_entropy(rk_env *env, void *bytes, size_t len)
{
	uint8_t *at = bytes;

	(void)env;
	while (len > 0) {
		ssize_t got = getrandom(at, len, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return rk_fail_errno(
			    RK_E_INTERNAL, errno, NULL, "the kernel gives no random bytes");
		at += got;
		len -= (size_t)got;
	}
	return NULL;
}

static int64_t
env_now(rk_env *env)
{
	const rk_prompt *prompt = prompt_of(env);

	return prompt->globals->now ? prompt->globals->believed_now : prompt->clock;
}

/* One question at the terminal; a signal there ends all questions of this run. */
static rk_error *
ask(rk_prompt *prompt, const char *text, bool echo, rk_secret **ret_answer)
{
	struct rk_terminal_question question = {prompt->tty, text, echo};

	if (prompt->signal)
		return rk_fail(RK_E_CANCELLED, NULL, "stopped by %s", strsignal(prompt->signal));
	rk_talk_clear(prompt->talk);
	return rk_terminal_ask(&question, ret_answer, &prompt->signal);
}

/* How the secret stands, as far as the token tells. */
static void
note_state(rk_buf *text, const struct rk_pin_request *request)
{
	switch (request->state) {
	case RK_PIN_LOW:
		if (request->tries_known)
			break;
		rk_buf_printf(text, "a wrong %s was given since the last right one", request->kind);
		return;
	case RK_PIN_FINAL:
		rk_buf_printf(text, "this is the LAST try before the %s is locked", request->kind);
		return;
	case RK_PIN_LOCKED:
		rk_buf_printf(text, "the token says that this %s is locked", request->kind);
		return;
	case RK_PIN_OK:
		break;
	case RK_PIN_UNSET:
		return;
	}
	if (request->tries_known)
		rk_buf_printf(text, "%u %s left before the %s is locked", request->tries,
		    request->tries == 1 ? "try is" : "tries are", request->kind);
}

/* "Token 'root-alice' (serial 1a2b, SoftHSM v2)", what for, and how the PIN stands. */
static void
describe(rk_buf *text, const struct rk_pin_request *request)
{
	RK_AUTO_BUF(state);

	if (kind_of(request)->of_token && request->serial && *request->serial && request->label)
		rk_buf_printf(text, "Token %s (serial %s, %s)\n", RK_SHOW(request->label),
		    RK_SHOW_BARE(request->serial), RK_SHOW_BARE(request->model));
	else if (request->label)
		rk_buf_printf(text, "%s\n", RK_SHOW(request->label));
	if (request->purpose)
		rk_buf_printf(text, "  to %s\n", request->purpose);
	note_state(&state, request);
	if (state.len > 0)
		rk_buf_printf(text, "  %s\n", rk_buf_str(&state));
}

/* The secret typed once, or twice where it is new. */
static rk_error *
type_secret(rk_prompt *prompt, const struct rk_pin_request *request, rk_secret **ret_pin)
{
	RK_AUTO(rk_secret) first = NULL;
	RK_AUTO(rk_secret) second = NULL;
	RK_AUTO_BUF(text);
	rk_error *err;

	describe(&text, request);
	rk_buf_printf(&text, "%s: ", request->kind);
	err = ask(prompt, rk_buf_str(&text), false, &first);
	if (err)
		return err;
	if (rk_secret_len(first) == 0)
		return rk_fail(RK_E_CANCELLED, NULL, "no %s was typed", request->kind);
	if (request->twice) {
		rk_buf_clear(&text);
		rk_buf_printf(&text, "%s again: ", request->kind);
		err = ask(prompt, rk_buf_str(&text), false, &second);
		if (err)
			return err;
		if (!rk_secret_equal(first, second))
			return NULL;
	}
	*ret_pin = RK_TAKE(first);
	return NULL;
}

static rk_error *
ask_secret(rk_prompt *prompt, const struct rk_pin_request *request, rk_secret **ret_pin)
{
	for (int i = 0; i < TYPINGS; i++) {
		rk_secret *pin = NULL;
		rk_error *err = type_secret(prompt, request, &pin);

		if (err)
			return err;
		if (pin) {
			*ret_pin = pin;
			return NULL;
		}
		rk_talk_say(prompt->talk, RK_SAY_WARNING, "the two differ");
	}
	return rk_fail(
	    RK_E_CANCELLED, NULL, "the %s was typed differently each time", request->kind);
}

/* What to give so that nobody has to be asked. */
static rk_error *
advise_file(rk_error *err, const rk_prompt *prompt, const struct rk_pin_request *request,
    const struct kind *kind)
{
	const char *whose = request->serial && *request->serial ? request->serial : request->label;

	if (!kind->of_token || !whose || request->only_token)
		return rk_advise(err, "give --%s FILE", kind->option);
	if (files_of(prompt, kind)->count > 0)
		return rk_advise(err,
		    "say whose it is: --%s %s=FILE (a file without a name serves only where one "
		    "token is used)",
		    kind->option, RK_SHOW_BARE(whose));
	return rk_advise(err, "give --%s %s=FILE", kind->option, RK_SHOW_BARE(whose));
}

static rk_error *
secret_by_person(rk_prompt *prompt, const struct rk_pin_request *request, rk_secret **ret_pin)
{
	const struct kind *kind = kind_of(request);
	rk_error *err;

	if (prompt->globals->no_input)
		err = rk_fail(RK_E_NO_INPUT, NULL, "the %s of %s would have to be asked for",
		    request->kind, RK_SHOW(request->label));
	else
		err = ask_secret(prompt, request, ret_pin);
	if (rk_error_code(err) == RK_E_NO_INPUT)
		return advise_file(err, prompt, request, kind);
	return err;
}

/* The entry of the command line that answers; NULL: none. */
static rk_error *
choose_file(const rk_prompt *prompt, const struct rk_pin_request *request, const char **ret_entry)
{
	const struct kind *kind = kind_of(request);
	struct rk_pin_request wanted = *request;

	wanted.only_token = request->only_token || !kind->of_token;
	return rk_pinfiles_choose(files_of(prompt, kind), &wanted, ret_entry);
}

static bool
is_share(const struct rk_pin_request *request)
{
	return !strcmp(request->kind, "share");
}

static bool
has_source(const struct rk_pin_request *request)
{
	return request->source && *request->source && !strcmp(request->kind, "PIN");
}

/* Nobody is asked; but who reads along should know that tries are being spent. */
static void
tell_state(const rk_prompt *prompt, const struct rk_pin_request *request)
{
	RK_AUTO_BUF(state);
	RK_AUTO_BUF(text);

	if (request->state != RK_PIN_LOW && request->state != RK_PIN_FINAL)
		return;
	note_state(&state, request);
	rk_buf_printf(&text, "token %s: %s", RK_SHOW(request->label), rk_buf_str(&state));
	rk_talk_say(prompt->talk, RK_SAY_WARNING, rk_buf_str(&text));
}

static rk_error *
env_pin(rk_env *env, const struct rk_pin_request *request, rk_secret **ret_pin)
{
	rk_prompt *prompt = prompt_of(env);
	RK_AUTO(rk_secret) share = NULL;
	const char *entry = NULL;
	rk_error *err;

	if (is_share(request)) {
		err = rk_pinfiles_next(prompt->files, &prompt->globals->share_files, &share);
		if (!err && share)
			*ret_pin = RK_TAKE(share);
		else if (!err)
			err = secret_by_person(prompt, request, ret_pin);
		return err;
	}
	err = choose_file(prompt, request, &entry);
	if (err)
		return err;
	if (entry || has_source(request))
		tell_state(prompt, request);
	if (entry)
		return rk_pinfiles_read(prompt->files, entry, request, ret_pin);
	if (has_source(request))
		return rk_pinfiles_source(request->source, ret_pin);
	return secret_by_person(prompt, request, ret_pin);
}

static bool
env_pin_at_hand(rk_env *env, const struct rk_pin_request *request)
{
	const rk_prompt *prompt = prompt_of(env);
	const char *entry = NULL;

	if (is_share(request))
		return prompt->globals->share_files.count > 0;
	rk_error_free(choose_file(prompt, request, &entry));
	return entry || has_source(request);
}

static bool
list_has(const rk_list *list, const char *text)
{
	for (size_t i = 0; text && i < list->count; i++)
		if (!strcmp(list->items[i], text))
			return true;
	return false;
}

/* Did the command line answer already? */
static bool
is_answered(const struct rk_globals *globals, const struct rk_confirm_request *request)
{
	switch (request->kind) {
	case RK_CONFIRM_ORDINARY:
		return globals->yes;
	case RK_CONFIRM_LAST_PIN:
		return globals->last_pin_try;
	case RK_CONFIRM_DESTROY:
		return list_has(&globals->erase, request->expect);
	case RK_CONFIRM_EXCEPTION:
		return request->expect && rk_globals_exception(globals, request->expect);
	}
	return false;
}

static rk_error *
advise_confirm(rk_error *err, const struct rk_confirm_request *request)
{
	const char *expect = request->expect ? request->expect : "";

	switch (request->kind) {
	case RK_CONFIRM_ORDINARY:
		return rk_advise(err, "give --yes");
	case RK_CONFIRM_LAST_PIN:
		return rk_advise(err, "give --last-pin-try, if you are sure of the PIN");
	case RK_CONFIRM_DESTROY:
		return rk_advise(err, "give --erase=%s", RK_SHOW_BARE(expect));
	case RK_CONFIRM_EXCEPTION:
		return rk_advise(err, "give --except %s=REASON", RK_SHOW_BARE(expect));
	}
	return err;
}

static bool
is_yes(const rk_secret *answer, const struct rk_confirm_request *request)
{
	const char *text = (const char *)rk_secret_peek(answer);

	if (request->expect)
		return !strcmp(text, request->expect);
	if (request->kind != RK_CONFIRM_ORDINARY)
		return !strcmp(text, "yes");
	return !strcasecmp(text, "y") || !strcasecmp(text, "yes");
}

static rk_error *
ask_consent(rk_prompt *prompt, const struct rk_confirm_request *request)
{
	RK_AUTO(rk_secret) answer = NULL;
	RK_AUTO_BUF(text);
	rk_error *err;

	if (request->expect)
		rk_buf_printf(&text, "%s\nType %s to go on: ", request->question,
		    RK_SHOW_BARE(request->expect));
	else
		rk_buf_printf(&text, "%s [%s] ", request->question,
		    request->kind == RK_CONFIRM_ORDINARY ? "y/N" : "yes/no");
	err = ask(prompt, rk_buf_str(&text), true, &answer);
	if (err || is_yes(answer, request))
		return err;
	return rk_fail(RK_E_CANCELLED, NULL, "the answer was not %s",
	    request->expect ? RK_SHOW(request->expect) : "yes");
}

static rk_error *
env_confirm(rk_env *env, const struct rk_confirm_request *request)
{
	rk_prompt *prompt = prompt_of(env);
	rk_error *err;

	if (is_answered(prompt->globals, request))
		return NULL;
	if (prompt->globals->no_input)
		err = rk_fail(
		    RK_E_NO_INPUT, NULL, "this would have to be asked: %s", request->question);
	else
		err = ask_consent(prompt, request);
	return rk_error_code(err) == RK_E_NO_INPUT ? advise_confirm(err, request) : err;
}

static void
env_say(rk_env *env, enum rk_say level, const char *text)
{
	rk_talk_say(prompt_of(env)->talk, level, text);
}

static void
env_progress(rk_env *env, const char *what, uint64_t done, uint64_t total)
{
	rk_talk_progress(prompt_of(env)->talk, what, done, total);
}

static const struct rk_env_ops prompt_ops = {
    .entropy = env_entropy,
    .now = env_now,
    .pin = env_pin,
    .pin_at_hand = env_pin_at_hand,
    .confirm = env_confirm,
    .say = env_say,
    .progress = env_progress,
};

rk_error *
rk_prompt_new(const struct rk_prompt_options *options, rk_prompt **ret_prompt)
{
	RK_AUTO(rk_prompt) prompt = calloc(1, sizeof(*prompt));
	const struct rk_globals *globals = options->globals;
	const struct rk_talk_options talk = {
	    options->err_fd, globals->color, globals->quiet, globals->verbose};
	rk_error *err;

	if (!prompt)
		return rk_out_of_memory();
	prompt->env.ops = &prompt_ops;
	prompt->globals = globals;
	prompt->tty = options->tty;
	prompt->clock = (int64_t)time(NULL);
	err = rk_talk_new(&talk, &prompt->talk);
	if (!err)
		err = rk_pinfiles_new(options->in_fd, &prompt->files);
	if (err)
		return err;
	*ret_prompt = RK_TAKE(prompt);
	return NULL;
}

rk_env *
rk_prompt_env(rk_prompt *prompt)
{
	return &prompt->env;
}

int64_t
rk_prompt_clock(const rk_prompt *prompt)
{
	return prompt->clock;
}

int
rk_prompt_signal(const rk_prompt *prompt)
{
	return prompt->signal;
}

void
rk_prompt_free(rk_prompt *prompt)
{
	if (!prompt)
		return;
	rk_talk_free(prompt->talk);
	rk_pinfiles_free(prompt->files);
	free(prompt);
}
