#include "flow/keyplace.h"

#include "base/show.h"

#include <string.h>

static rk_error *
read_id(const char *text, struct rk_keyplace *place)
{
	RK_AUTO_BUF(id);
	rk_error *err = rk_unhex_buf(text, strlen(text), &id);

	if (rk_error_code(err) == RK_E_MALFORMED)
		return rk_join(rk_fail(RK_E_USAGE, "write each byte as two digits, like 0a1b",
				   "--id takes pairs of hex digits, not %s", RK_SHOW(text)),
		    err);
	if (err)
		return err;
	if (id.len == 0 || id.len > RK_KEYPLACE_ID_MAX)
		return rk_fail(RK_E_USAGE, "give 1 to 64 bytes as hex digits",
		    "an id of %zu bytes is none that tokens take", id.len);
	memcpy(place->id, id.data, id.len);
	place->id_len = id.len;
	return NULL;
}

static bool
is_slot(uint8_t slot)
{
	return slot == 0x9a || (slot >= 0x9c && slot <= 0x9e) || (slot >= 0x82 && slot <= 0x95);
}

static rk_error *
read_slot(const char *text, struct rk_keyplace *place)
{
	uint8_t slot = 0;
	rk_error *err = rk_unhex(text, strlen(text), &slot, 1);

	if (!err && is_slot(slot)) {
		place->slot = slot;
		return NULL;
	}
	rk_error_free(err);
	return rk_fail(RK_E_USAGE, "choose 9a, 9c, 9d, 9e, or one of 82 to 95",
	    "%s is no PIV slot for keys", RK_SHOW(text));
}

struct word {
	const char *word; /* NULL ends a table */
	int value;
};

static rk_error *
read_word(const struct word *words, const char *option, const char *text, int *ret_value)
{
	for (; words->word; words++) {
		if (strcmp(words->word, text) == 0) {
			*ret_value = words->value;
			return NULL;
		}
	}
	return rk_fail(RK_E_USAGE, "'rootkeep help key generate' names those there are",
	    "--%s does not know %s", option, RK_SHOW(text));
}

static rk_error *
read_policies(const struct rk_keyplace_words *words, struct rk_keyplace *place)
{
	static const struct word touches[] = {{"never", RK_TOUCH_NEVER},
	    {"always", RK_TOUCH_ALWAYS}, {"cached", RK_TOUCH_CACHED}, {NULL, 0}};
	static const struct word policies[] = {
	    {"once", RK_PIN_ONCE}, {"always", RK_PIN_ALWAYS}, {"never", RK_PIN_NEVER}, {NULL, 0}};
	int touch = RK_TOUCH_UNSAID, policy = RK_PIN_UNSAID;
	rk_error *err = NULL;

	if (words->touch)
		err = read_word(touches, "touch", words->touch, &touch);
	if (!err && words->pin_policy)
		err = read_word(policies, "pin-policy", words->pin_policy, &policy);
	if (err)
		return err;
	place->touch = (enum rk_touch)touch;
	place->pin_policy = (enum rk_pin_policy)policy;
	return NULL;
}

static rk_error *
check_label(const char *label)
{
	size_t len = label ? strlen(label) : 1;

	if (!label || (len > 0 && len <= RK_KEYPLACE_LABEL_MAX && rk_utf8_valid(label, len)))
		return NULL;
	return rk_fail(RK_E_USAGE, "choose a label of 1 to 255 bytes of UTF-8",
	    "%s cannot be a key's label", RK_SHOW(label));
}

rk_error *
rk_keyplace_read(const struct rk_keyplace_words *words, struct rk_keyplace *ret_place)
{
	struct rk_keyplace place = {.label = words->label};
	rk_error *err = check_label(words->label);

	if (!err && words->id && words->slot)
		err = rk_fail(RK_E_USAGE, "give one of them: a slot has its own id",
		    "--id and --slot cannot be together");
	if (!err && words->id)
		err = read_id(words->id, &place);
	if (!err && words->slot)
		err = read_slot(words->slot, &place);
	if (!err)
		err = read_policies(words, &place);
	if (!err)
		*ret_place = place;
	return err;
}

rk_error *
rk_keyplace_judge(const struct rk_keyplace *place, const rk_token_info *info, const char *name)
{
	bool piv = place->slot || place->touch || place->pin_policy;

	if (piv && !info->so_makes_keys)
		return rk_fail(RK_E_USAGE,
		    "leave out --slot, --touch and --pin-policy; a YubiKey is reached through "
		    "ykcs11",
		    "%s has neither slots nor policies to choose from", name);
	if (info->so_makes_keys && !place->slot && place->id_len == 0)
		return rk_fail(RK_E_USAGE,
		    "name one: --slot 9c for signing, or 82 to 95 for more keys",
		    "on %s a key needs a slot", name);
	return NULL;
}

/* ykcs11's and OpenSC's number for it. */
static uint8_t
number_of(uint8_t slot)
{
	if (slot == 0x9a)
		return 1;
	return slot >= 0x9c ? (uint8_t)(slot - 0x9c + 2) : (uint8_t)(slot - 0x82 + 5);
}

bool
rk_keyplace_is_of(const struct rk_keyplace *place, const rk_token_key *key)
{
	if (place->slot)
		return key->id_len == 1 && key->id[0] == number_of(place->slot);
	return place->id_len > 0 && key->id_len == place->id_len &&
	       memcmp(key->id, place->id, place->id_len) == 0;
}

void
rk_keyplace_tell(const struct rk_keyplace *place, rk_buf *out)
{
	static const char *const touches[] = {[RK_TOUCH_UNSAID] = "",
	    [RK_TOUCH_NEVER] = ", never touched",
	    [RK_TOUCH_ALWAYS] = ", touched for each signature",
	    [RK_TOUCH_CACHED] = ", touched again after 15 seconds"};
	static const char *const policies[] = {[RK_PIN_UNSAID] = "",
	    [RK_PIN_NEVER] = ", signing WITHOUT its PIN",
	    [RK_PIN_ONCE] = ", its PIN asked once",
	    [RK_PIN_ALWAYS] = ", its PIN needed for each signature"};

	if (place->slot)
		rk_buf_printf(out, "in slot %02x", place->slot);
	else if (place->id_len > 0) {
		rk_buf_text(out, "with the id ");
		rk_buf_hex(out, place->id, place->id_len);
	} else
		rk_buf_text(out, "with a fresh random id");
	rk_buf_printf(out, "%s%s", touches[place->touch], policies[place->pin_policy]);
}
