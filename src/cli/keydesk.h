/*
 * keydesk.h - what a command on keys works with: the keep, the hands, and both for the stories
 *
 * Ownership  a desk owns its keep and hands; `custody` borrows them. A zeroed desk is empty.
 * Errors     as rk_keep_open.
 */
#ifndef RK_CLI_KEYDESK_H
#define RK_CLI_KEYDESK_H

#include "flow/custody.h"
#include "term/run.h"

struct rk_keydesk {
	rk_keep *keep;
	rk_hands *hands; /* NULL unless the command touches tokens */
	struct rk_custody custody;
};

#define RK_AUTO_KEYDESK(name) \
	__attribute__((cleanup(rk_keydesk_clear))) struct rk_keydesk name = {NULL, NULL, {0}}

enum rk_keydesk_how { RK_KEYDESK_READ, RK_KEYDESK_WRITE, RK_KEYDESK_CREATE };

/* A dry run reads, and leaves no trace even where it would begin a keep. */
RK_CHECKED rk_error *
rk_keydesk_open(struct rk_run *run, enum rk_keydesk_how how, struct rk_keydesk *desk);
/* The key that was typed (flow/keyarg.h). */
RK_CHECKED rk_error *
rk_keydesk_key(const struct rk_keydesk *desk, const char *text, const rk_keep_key **ret_key);
void rk_keydesk_clear(struct rk_keydesk *desk);

#endif
