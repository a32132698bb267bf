#include "x509/attestation_require.h"

#include "base/show.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct rk_attestation_require {
	bool fips, no_advisory, any_firmware;
	uint8_t firmware[3];
	unsigned pin, touch; /* the least rank */
	uint8_t form;
	uint32_t *serials;
	size_t serial_count;
};

/* Stricter is more; a policy that we do not know is the least. */
static unsigned
pin_rank(uint8_t pin)
{
	static const unsigned ranks[] = {0, 1, 2, 3, 2, 3};

	return pin < sizeof(ranks) / sizeof(ranks[0]) ? ranks[pin] : 0;
}

static unsigned
touch_rank(uint8_t touch)
{
	static const unsigned ranks[] = {0, 1, 3, 2};

	return touch < sizeof(ranks) / sizeof(ranks[0]) ? ranks[touch] : 0;
}

static rk_error *
unknown(const char *word)
{
	return rk_fail(RK_E_USAGE, "take these: " RK_ATTESTATION_REQUIRE_WORDS,
	    "nothing about an attestation can be required by %s", RK_SHOW(word));
}

/* Only digits, up to `max`; the rest of the text is behind `*text`. */
static bool
take_number(const char **text, unsigned long max, unsigned long *ret_number)
{
	char *end;

	if (**text < '0' || **text > '9')
		return false;
	errno = 0;
	*ret_number = strtoul(*text, &end, 10);
	*text = end;
	return errno == 0 && *ret_number <= max;
}

static rk_error *
read_firmware(rk_attestation_require *require, const char *word, const char *value)
{
	unsigned long number = 0;
	size_t i = 0;

	do {
		if (i == 3 || !take_number(&value, UINT8_MAX, &number))
			return unknown(word);
		require->firmware[i++] = (uint8_t)number;
	} while (*value == '.' && *++value);
	if (*value || value[-1] == '.')
		return unknown(word);
	require->any_firmware = true;
	return NULL;
}

static rk_error *
read_serial(rk_attestation_require *require, const char *word, const char *value)
{
	unsigned long serial = 0;
	uint32_t *serials;

	if (!take_number(&value, UINT32_MAX, &serial) || *value)
		return unknown(word);
	serials =
	    realloc(require->serials, (require->serial_count + 1) * sizeof(*require->serials));
	if (!serials)
		return rk_out_of_memory();
	require->serials = serials;
	serials[require->serial_count++] = (uint32_t)serial;
	return NULL;
}

static rk_error *
read_touch(rk_attestation_require *require, const char *word, const char *value)
{
	if (!strcmp(value, "always"))
		require->touch = touch_rank(RK_ATTESTATION_TOUCH_ALWAYS);
	else if (!strcmp(value, "cached"))
		require->touch = touch_rank(RK_ATTESTATION_TOUCH_CACHED);
	else
		return unknown(word);
	return NULL;
}

static rk_error *
read_pin(rk_attestation_require *require, const char *word, const char *value)
{
	if (!strcmp(value, "always"))
		require->pin = pin_rank(RK_ATTESTATION_PIN_ALWAYS);
	else if (!strcmp(value, "once"))
		require->pin = pin_rank(RK_ATTESTATION_PIN_ONCE);
	else
		return unknown(word);
	return NULL;
}

static rk_error *
read_form(rk_attestation_require *require, const char *word, const char *value)
{
	return rk_attestation_form_parse(value, &require->form) ? NULL : unknown(word);
}

static rk_error *
read_fips(rk_attestation_require *require, const char *word, const char *value)
{
	(void)word;
	(void)value;
	require->fips = true;
	return NULL;
}

static rk_error *
read_no_advisory(rk_attestation_require *require, const char *word, const char *value)
{
	(void)word;
	(void)value;
	require->no_advisory = true;
	return NULL;
}

struct word {
	const char *begins; /* up to the value; alone where there is none */
	bool valued;
	rk_error *(*read)(rk_attestation_require *require, const char *word, const char *value);
};

static const struct word table[] = {
    {"fips", false, read_fips},
    {"no-advisory", false, read_no_advisory},
    {"touch=", true, read_touch},
    {"pin=", true, read_pin},
    {"firmware>=", true, read_firmware},
    {"serial=", true, read_serial},
    {"form=", true, read_form},
};

static rk_error *
read_word(rk_attestation_require *require, const char *word)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		size_t len = strlen(table[i].begins);

		if (!strncmp(word, table[i].begins, len) && (table[i].valued || !word[len]))
			return table[i].read(require, word, word + len);
	}
	return unknown(word);
}

rk_error *
rk_attestation_require_read(
    const char *const *words, size_t count, rk_attestation_require **ret_require)
{
	RK_AUTO(rk_attestation_require) require = calloc(1, sizeof(*require));
	rk_error *err = require ? NULL : rk_out_of_memory();

	for (size_t i = 0; i < count && !err; i++)
		err = read_word(require, words[i]);
	if (!err)
		*ret_require = RK_TAKE(require);
	return err;
}

static rk_error *note(rk_names *unmet, const char *fmt, ...) RK_PRINTF(2, 3);

static rk_error *
note(rk_names *unmet, const char *fmt, ...)
{
	RK_AUTO_BUF(text);
	rk_error *err;
	va_list args;

	va_start(args, fmt);
	rk_buf_vprintf(&text, fmt, args);
	va_end(args);
	err = rk_buf_check(&text);
	return err ? err : rk_names_add(unmet, rk_buf_str(&text));
}

static bool
has_serial(const rk_attestation_require *require, const rk_attestation *attestation)
{
	for (size_t i = 0; i < require->serial_count; i++)
		if (attestation->has_serial && require->serials[i] == attestation->serial)
			return true;
	return false;
}

static rk_error *
judge_device(
    const rk_attestation_require *require, const rk_attestation *attestation, rk_names *unmet)
{
	const uint8_t *want = require->firmware, *have = attestation->firmware;
	const char *form = rk_attestation_form_name(attestation->form);
	rk_error *err = NULL;

	if (require->fips && !attestation->fips)
		err = note(unmet, "the device is not said to be a FIPS one");
	if (!err && require->any_firmware && memcmp(have, want, 3) < 0)
		err = note(unmet, "the firmware is %u.%u.%u, before %u.%u.%u", have[0], have[1],
		    have[2], want[0], want[1], want[2]);
	if (!err && require->serial_count > 0 && !has_serial(require, attestation))
		err = attestation->has_serial
			  ? note(unmet, "the device's serial number is %u", attestation->serial)
			  : note(unmet, "the device's serial number is not told");
	if (!err && require->form && require->form != attestation->form)
		err = note(unmet, "the device is %s, not %s", form ? form : "of an unknown form",
		    rk_attestation_form_name(require->form));
	return err;
}

static rk_error *
judge_key(const rk_attestation_require *require, const rk_attestation *attestation, rk_names *unmet)
{
	const struct rk_attestation_require_advisory *advisory;
	rk_error *err = NULL;

	if (touch_rank(attestation->touch) < require->touch)
		err = note(unmet, "its touch policy is %s (%u)",
		    rk_attestation_touch_name(attestation->touch), attestation->touch);
	if (!err && pin_rank(attestation->pin) < require->pin)
		err = note(unmet, "its PIN policy is %s (%u)",
		    rk_attestation_pin_name(attestation->pin), attestation->pin);
	for (size_t i = 0; !err && require->no_advisory; i++) {
		advisory = rk_attestation_require_advisory_at(attestation, i);
		if (!advisory)
			break;
		err = note(unmet, "%s: %s", advisory->name, advisory->text);
	}
	return err;
}

rk_error *
rk_attestation_require_judge(
    const rk_attestation_require *require, const rk_attestation *attestation, rk_names *unmet)
{
	rk_error *err = judge_device(require, attestation, unmet);

	return err ? err : judge_key(require, attestation, unmet);
}

void
rk_attestation_require_free(rk_attestation_require *require)
{
	if (!require)
		return;
	free(require->serials);
	free(require);
}

/* What is known against keys that were made on certain firmware. */

struct weakness {
	struct rk_attestation_require_advisory advisory;
	bool ecdsa, rsa;
	uint8_t from[3], until[3]; /* the first firmware that has it, the first that has not */
};

static const struct weakness weaknesses[] = {
    {{"YSA-2017-01", "an RSA key made on firmware 4.2.6 to 4.3.4 can be factored"}, false, true,
	{4, 2, 6}, {4, 3, 5}},
    {{"YSA-2024-03", "an EC key on firmware before 5.7.0 can be computed by whoever holds the "
		     "device, has its PIN and measures it"},
	true, false, {0, 0, 0}, {5, 7, 0}},
};

static bool
concerns(const struct weakness *weakness, const rk_attestation *attestation)
{
	enum rk_family family = rk_pubkey_family(attestation->pubkey);
	bool kind = (family == RK_FAMILY_ECDSA && weakness->ecdsa) ||
		    (family == RK_FAMILY_RSA_PSS && weakness->rsa);

	return kind && memcmp(attestation->firmware, weakness->from, 3) >= 0 &&
	       memcmp(attestation->firmware, weakness->until, 3) < 0;
}

const struct rk_attestation_require_advisory *
rk_attestation_require_advisory_at(const rk_attestation *attestation, size_t index)
{
	for (size_t i = 0; i < sizeof(weaknesses) / sizeof(weaknesses[0]); i++)
		if (concerns(&weaknesses[i], attestation) && index-- == 0)
			return &weaknesses[i].advisory;
	return NULL;
}
