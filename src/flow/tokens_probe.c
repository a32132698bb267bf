#include "flow/tokens.h"

#include "base/datetime.h"
#include "base/show.h"

#include <stdlib.h>

static const char *
deepest(const rk_error *err)
{
	while (rk_error_cause(err))
		err = rk_error_cause(err);
	return rk_error_message(err);
}

/* What a refusal says of every such token, and not of this one today. */
static bool
is_verdict(const rk_error *err)
{
	return rk_error_code(err) == RK_E_TOKEN_UNSUPPORTED ||
	       rk_error_code(err) == RK_E_KEY_UNPROVEN;
}

static enum rk_probe_verdict
verdict_of(const rk_tokens_trial *trial, size_t type)
{
	switch (trial->stage[type]) {
	case RK_TOKENS_WORKS:
		return RK_PROBE_WORKS;
	case RK_TOKENS_NOT_MADE:
		return is_verdict(trial->err[type]) ? RK_PROBE_CANNOT_MAKE : RK_PROBE_UNKNOWN;
	case RK_TOKENS_NOT_PROVEN:
		return is_verdict(trial->err[type]) ? RK_PROBE_CANNOT_SIGN : RK_PROBE_UNKNOWN;
	case RK_TOKENS_NOT_OFFERED:
	case RK_TOKENS_NOT_TRIED:
	case RK_TOKENS_NOT_DESTROYED:
		break;
	}
	return RK_PROBE_UNKNOWN;
}

rk_error *
rk_tokens_verdicts(const rk_tokens_trial *trial, int64_t now, rk_probe **ret_probe)
{
	RK_AUTO(rk_probe) probe = calloc(1, sizeof(*probe));
	rk_error *err = probe ? NULL : rk_out_of_memory();

	if (!err)
		probe->time = now;
	for (size_t type = 0; type < RK_KEY_GENERATED_COUNT && !err; type++) {
		probe->verdict[type] = verdict_of(trial, type);
		if (probe->verdict[type] != RK_PROBE_UNKNOWN && trial->err[type])
			err = rk_strdup(deepest(trial->err[type]), &probe->why[type]);
	}
	if (!err)
		*ret_probe = RK_TAKE(probe);
	return err;
}

/* "ecdsa-p256, rsa2048" */
static void
list_working(const rk_probe *probe, rk_buf *out)
{
	for (size_t type = 0; type < RK_KEY_GENERATED_COUNT; type++)
		if (probe->verdict[type] == RK_PROBE_WORKS)
			rk_buf_printf(out, "%s%s", out->len > 0 ? ", " : "",
			    rk_key_type_name((enum rk_key_type)type));
}

static rk_error *
judge_probe(const struct rk_tokens_question *question, const rk_probe *probe)
{
	enum rk_probe_verdict verdict = probe->verdict[question->type];
	const char *why = probe->why[question->type];
	RK_AUTO_BUF(working);
	rk_error *err;

	if (verdict == RK_PROBE_UNKNOWN || verdict == RK_PROBE_WORKS)
		return NULL;
	list_working(probe, &working);
	err = rk_fail(RK_E_TOKEN_UNSUPPORTED, NULL,
	    "a token like %s was tried out on %.10s: an %s key %s there%s%s", question->name,
	    RK_TIME(probe->time), rk_key_type_name(question->type), rk_probe_word(verdict),
	    why ? ": " : "", why ? why : "");
	return rk_advise(err,
	    "choose another --type (%s worked); or try it out again: rootkeep token test '%s'",
	    working.len > 0 ? rk_buf_str(&working) : "none", RK_SHOW_BARE(question->info->uri));
}

rk_error *
rk_tokens_judge_type(const struct rk_tokens_question *question)
{
	RK_AUTO(rk_probe) probe = NULL;
	rk_error *err;

	if (!question->abilities->generate[question->type])
		return rk_fail(RK_E_TOKEN_UNSUPPORTED,
		    "choose another --type; 'rootkeep token show' lists what it makes",
		    "%s makes no %s keys", question->name, rk_key_type_name(question->type));
	if (!question->state_dir)
		return NULL;
	err = rk_probes_read(question->state_dir, question->info, &probe);
	if (!err)
		return judge_probe(question, probe);
	if (rk_error_code(err) == RK_E_NOMEM)
		return err;
	/* A hint that cannot be read is none. */
	rk_error_free(err);
	return NULL;
}
