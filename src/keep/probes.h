/*
 * probes.h - what tokens of a kind were found to be able to do, when one was tried out
 *
 * `token test` makes, uses and destroys a key of each type; what came of it is noted for this
 * person, in $XDG_STATE_HOME/rootkeep/probes, one small file for each kind of token: maker, model,
 * firmware, module and its version. Another firmware or module is another kind, of which nothing is
 * known. Only verdicts are noted, that is what the kind can do or refuses; a touch that was not
 * given, a full token or one that was pulled out say nothing of it.
 *
 * Ownership  a probe owns its reasons.
 * Errors     RK_E_NOT_FOUND this kind was never tried out; RK_E_UNSAFE a folder or file that others can
 *            write; RK_E_NEWER; RK_E_MALFORMED; RK_E_IO; RK_E_NOMEM.
 */
#ifndef RK_KEEP_PROBES_H
#define RK_KEEP_PROBES_H

#include "world/token.h"
#include "json/document.h"

enum rk_probe_verdict {
	RK_PROBE_UNKNOWN,
	RK_PROBE_WORKS,
	RK_PROBE_CANNOT_MAKE,
	RK_PROBE_CANNOT_SIGN, /* or its signatures do not verify */
	RK_PROBE_VERDICT_COUNT
};

typedef struct rk_probe {
	int64_t time;
	enum rk_probe_verdict verdict[RK_KEY_GENERATED_COUNT];
	char *why[RK_KEY_GENERATED_COUNT]; /* safe to print; NULL: nothing to say */
} rk_probe;

/* "works", "cannot be made", "does not sign", "unknown". */
const char *rk_probe_word(enum rk_probe_verdict verdict);
/* What is known of tokens like this one. `state_dir` may not exist. */
RK_CHECKED rk_error *
rk_probes_read(const char *state_dir, const rk_token_info *info, rk_probe **ret_probe);
/* In place of what was known; types of verdict RK_PROBE_UNKNOWN keep theirs. */
RK_CHECKED rk_error *
rk_probes_note(const char *state_dir, const rk_token_info *info, const rk_probe *probe);
/* As a list of {type, result, because?}, for the file and for whoever is told. */
RK_CHECKED rk_error *rk_probe_results(const rk_probe *probe, rk_node **ret_array);
void rk_probe_free(rk_probe *probe);
RK_DEFINE_FREEP(rk_probe)

#endif
