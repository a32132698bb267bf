/*
 * tokens_half.h - what an initialisation that failed may have left behind
 *
 * Between the label and the PIN a token is half made, and an answer can get lost. Whoever reads the
 * error has to know which token that is, and how to go on with it.
 *
 * Ownership  everything given is borrowed; but `why` is taken over and comes back.
 * Errors     that of the initialisation, with what is left above it.
 */
#ifndef RK_FLOW_TOKENS_HALF_H
#define RK_FLOW_TOKENS_HALF_H

#include "flow/tokens.h"

/* `before` is what there was when it began; `target` what was to be initialised. */
struct rk_tokens_half {
	const struct rk_tokens_wish *wish;
	const rk_token_info *target;
	const rk_token_list *before;
};

RK_CHECKED rk_error *rk_tokens_half_tell(const struct rk_tokens_half *half, rk_error *why);

#endif
