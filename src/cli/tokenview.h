/*
 * tokenview.h - tokens and their keys as rows, lines and JSON values
 *
 * Ownership  ret_* belong to the caller.
 * Errors     RK_E_NOMEM.
 */
#ifndef RK_CLI_TOKENVIEW_H
#define RK_CLI_TOKENVIEW_H

#include "term/run.h"

/* {"label", "serial", "model", …}: every fact of an rk_token_info by its own name. */
RK_CHECKED rk_error *rk_tokenview_node(const rk_token_info *info, rk_node **ret_node);
/* One of those of rk_tokenview_keys. */
RK_CHECKED rk_error *rk_tokenview_key(const rk_token_key *key, rk_node **ret_node);
/* [{"label", "id", "type", "fingerprint", "private", "uri", "sensitive", …}]. */
RK_CHECKED rk_error *rk_tokenview_keys(const rk_token_keys *keys, rk_node **ret_array);
/* {"ecdsa-p256": {"generate": true, "sign": true}, …}. */
RK_CHECKED rk_error *
rk_tokenview_abilities(const rk_token_abilities *abilities, rk_node **ret_node);
/* "ok", "low", "final", "locked", "unset". */
const char *rk_tokenview_pin_word(enum rk_pin_state state);
/* "login, PIN low" or "empty": what `token list` shows as flags. */
void rk_tokenview_flags(rk_buf *out, const rk_token_info *info);
/* The facts of one token, a line each, in text mode. */
void rk_tokenview_lines(rk_render *out, const rk_token_info *info);
RK_CHECKED rk_error *rk_tokenview_key_table(rk_render *out, const rk_token_keys *keys);

#endif
