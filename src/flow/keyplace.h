/*
 * keyplace.h - where on a token a new key goes, and what the device asks for when it signs
 *
 * The options --id, --slot, --label, --touch and --pin-policy as a person typed them, read and
 * judged against the token before a PIN is asked for.
 *
 * Ownership  strings are borrowed.
 * Errors     RK_E_USAGE words that are none, or a place that this kind of token does not have;
 *            RK_E_NOMEM.
 * Standard   PIV slots: NIST SP 800-73-4, part 1, table 4b; RFC 7512 has no name for them.
 */
#ifndef RK_FLOW_KEYPLACE_H
#define RK_FLOW_KEYPLACE_H

#include "world/token.h"

#define RK_KEYPLACE_ID_MAX 64 /* bytes */
#define RK_KEYPLACE_LABEL_MAX 255 /* bytes */
#define RK_KEYPLACE_TOUCH "never|always|cached"
#define RK_KEYPLACE_PIN_POLICY "once|always|never"

/* As typed; NULL: not given. */
struct rk_keyplace_words {
	const char *id, *slot, *label, *touch, *pin_policy;
};

struct rk_keyplace {
	uint8_t id[RK_KEYPLACE_ID_MAX];
	size_t id_len; /* 0: a fresh random one */
	const char *label; /* NULL: the key's name */
	uint8_t slot; /* 0: none named */
	enum rk_touch touch;
	enum rk_pin_policy pin_policy;
};

RK_CHECKED rk_error *
rk_keyplace_read(const struct rk_keyplace_words *words, struct rk_keyplace *ret_place);
/* Does this kind of token have such places and policies? `name` is the token's, safe to print. */
RK_CHECKED rk_error *
rk_keyplace_judge(const struct rk_keyplace *place, const rk_token_info *info, const char *name);
/* Does this key of the token lie where the new one would? By its id: PIV's modules number the slots
 * alike, from 9a as 01 to 95 as 18. */
bool rk_keyplace_is_of(const struct rk_keyplace *place, const rk_token_key *key);
/* "with the id 0a1b", "in slot 9c, touched for each signature": for a plan. */
void rk_keyplace_tell(const struct rk_keyplace *place, rk_buf *out);

#endif
