/*
 * completion_private.h - what the three shells' writers share
 *
 * Errors     none; the buffer's failure is sticky.
 */
#ifndef RK_TERM_COMPLETION_PRIVATE_H
#define RK_TERM_COMPLETION_PRIVATE_H

#include "term/completion.h"

/* "a|b|c" as "a b c". */
void rk_completion_words(rk_buf *out, const char *name);
/* Within '…' of a POSIX shell: a quote becomes '\''. */
void rk_completion_quoted(rk_buf *out, const char *text);
/*
 * Each group ("", "key") and what may follow it, once: `each` is called with the group and its next
 * words, blanks between. Hidden commands are left out.
 */
void rk_completion_groups(const struct rk_program *program, rk_buf *out,
    void (*each)(rk_buf *out, const char *group, const char *next));
/* All words that may stand before the arguments: "key" and "key generate", without "". */
void rk_completion_prefixes(
    const struct rk_program *program, rk_buf *out, void (*each)(rk_buf *out, const char *prefix));

void rk_completion_bash(const struct rk_program *program, rk_buf *out);
void rk_completion_zsh(const struct rk_program *program, rk_buf *out);
void rk_completion_fish(const struct rk_program *program, rk_buf *out);

#endif
