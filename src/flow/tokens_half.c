#include "flow/tokens_half.h"

#include "base/show.h"

#include <string.h>

static bool
is_same(const rk_token_info *a, const rk_token_info *b)
{
	return !strcmp(a->module_path, b->module_path) && !strcmp(a->serial, b->serial) &&
	       !strcmp(a->label, b->label) && a->initialized == b->initialized &&
	       a->pin_state == b->pin_state;
}

static bool
was_there(const rk_token_list *before, const rk_token_info *info)
{
	for (size_t i = 0; i < before->count; i++)
		if (is_same(&before->tokens[i], info))
			return true;
	return false;
}

/* One of the label that was asked for, in the same module, that was not there, or not so. */
static const rk_token_info *
find(const struct rk_tokens_half *half, const rk_token_list *now)
{
	for (size_t i = 0; i < now->count; i++) {
		const rk_token_info *info = &now->tokens[i];

		if (info->initialized && !strcmp(info->label, half->wish->label) &&
		    !strcmp(info->module_path, half->target->module_path) &&
		    !was_there(half->before, info))
			return info;
	}
	return NULL;
}

static rk_error *
tell_seen(const rk_token_info *info, rk_error *why)
{
	RK_AUTO_BUF(uri);

	why = rk_wrap(why, "the token is initialised as %s (serial %s) all the same, %s",
	    RK_SHOW(info->label), RK_SHOW_BARE(info->serial),
	    info->pin_state == RK_PIN_UNSET ? "and has no PIN yet"
					    : "but its PIN may not be the one that was given");
	rk_show_bare(&uri, info->uri, strlen(info->uri), 0);
	return rk_advise(why,
	    "give it a PIN by its SO PIN: 'rootkeep token pin --unblock %s'; or initialise that "
	    "one again, with --erase=%s",
	    rk_buf_str(&uri), RK_SHOW_BARE(info->serial));
}

rk_error *
rk_tokens_half_tell(const struct rk_tokens_half *half, rk_error *why)
{
	rk_tokens *tokens = half->wish->tokens;
	RK_AUTO(rk_token_list) now = NULL;
	const rk_token_info *found;
	rk_error *err;

	err = tokens->ops->list(tokens, &now);
	found = err ? NULL : find(half, now);
	rk_error_free(err);
	if (found)
		return tell_seen(found, why);
	/* What went away while it was being done may be back later, with half of it. */
	if (!err && rk_error_code(why) != RK_E_TOKEN_GONE)
		return why;
	why = rk_wrap(why, "the token may be initialised as %s already, and without a PIN",
	    RK_SHOW(half->wish->label));
	return rk_advise(why, "see with 'rootkeep token list' once it is back; 'rootkeep token pin "
			      "--unblock' gives it "
			      "a PIN by its SO PIN");
}
