#include "support/fake_env.h"

#include "support/spec.h"

#include "base/show.h"

#include <string.h>

#define FAKE_NOW INT64_C(1795465992)

static struct rk_fake_env *
fake_of(rk_env *env)
{
	return (struct rk_fake_env *)(void *)((char *)env - offsetof(struct rk_fake_env, env));
}

/* SplitMix64: the same bytes in each run, never the same twice in one. Nobody's secret. */
static uint8_t
next_byte(struct rk_fake_env *fake)
{
	uint64_t z = fake->stream += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return (uint8_t)(z >> 56);
}

static rk_error *
fake_entropy(rk_env *env, void *bytes, size_t len)
{
	struct rk_fake_env *fake = fake_of(env);

	if (++fake->entropy_calls == fake->entropy_fails_at)
		return rk_fail(RK_E_INTERNAL, NULL, "the rehearsed entropy is exhausted");
	for (size_t i = 0; i < len; i++)
		((uint8_t *)bytes)[i] = next_byte(fake);
	return NULL;
}

static int64_t
fake_now(rk_env *env)
{
	struct rk_fake_env *fake = fake_of(env);

	fake->now_calls++;
	return fake->now;
}

static struct rk_fake_pin *
find_pin(struct rk_fake_env *fake, const struct rk_pin_request *request)
{
	for (size_t i = 0; i < fake->pin_count; i++) {
		struct rk_fake_pin *pin = &fake->pins[i];
		bool fits =
		    (!pin->label || (request->label && strcmp(pin->label, request->label) == 0)) &&
		    (!pin->kind || strcmp(pin->kind, request->kind) == 0);

		if (fits && (pin->times == 0 || pin->given < pin->times))
			return pin;
	}
	return NULL;
}

static rk_error *
fake_pin(rk_env *env, const struct rk_pin_request *request, rk_secret **ret_pin)
{
	struct rk_fake_env *fake = fake_of(env);
	struct rk_fake_pin *pin = find_pin(fake, request);

	fake->pin_calls++;
	fake->pin_state = request->state;
	fake->pin_twice = request->twice;
	fake->pin_only_token = request->only_token;
	rk_buf_printf(&fake->asked, "%s of %s: %s\n", request->kind, RK_SHOW(request->label),
	    request->purpose ? request->purpose : "");
	if (!pin)
		return rk_fail(RK_E_NO_INPUT, "give --pin-file", "nobody is here to type the %s",
		    request->kind);
	pin->given++;
	if (!pin->pin)
		return rk_fail(pin->fails, NULL, "the rehearsed person has no %s", request->kind);
	return rk_secret_copy(pin->pin, strlen(pin->pin), ret_pin);
}

static bool
fake_pin_at_hand(rk_env *env, const struct rk_pin_request *request)
{
	struct rk_fake_env *fake = fake_of(env);
	const struct rk_fake_pin *pin = find_pin(fake, request);

	return fake->pins_at_hand && pin && pin->pin;
}

static rk_error *
fake_confirm(rk_env *env, const struct rk_confirm_request *request)
{
	struct rk_fake_env *fake = fake_of(env);

	fake->confirm_calls++;
	fake->confirm_kind = request->kind;
	rk_buf_printf(&fake->asked, "confirm: %s", request->question);
	if (request->expect)
		rk_buf_printf(&fake->asked, " [%s]", request->expect);
	rk_buf_byte(&fake->asked, '\n');
	if (fake->confirm_says != RK_OK)
		return rk_fail(fake->confirm_says, NULL, "the rehearsed person says no");
	if (fake->confirms_say_no_at != 0 && fake->confirm_calls >= fake->confirms_say_no_at)
		return rk_fail(RK_E_CANCELLED, NULL, "the rehearsed person says no");
	return NULL;
}

static void
fake_say(rk_env *env, enum rk_say level, const char *text)
{
	static const char *const levels[] = {
	    [RK_SAY_DETAIL] = "detail", [RK_SAY_INFO] = "info", [RK_SAY_WARNING] = "warning"};
	struct rk_fake_env *fake = fake_of(env);

	fake->say_calls++;
	fake->warnings += level == RK_SAY_WARNING;
	rk_buf_printf(&fake->said, "%s: %s\n", levels[level], text);
}

static void
fake_progress(rk_env *env, const char *what, uint64_t done, uint64_t total)
{
	struct rk_fake_env *fake = fake_of(env);

	assert_true(total == 0 || done <= total);
	fake->progress_calls++;
	if (!what)
		return; /* nothing is waited for any more */
	rk_buf_printf(&fake->progress, "%s %llu/%llu\n", what, (unsigned long long)done,
	    (unsigned long long)total);
}

static const struct rk_env_ops fake_ops = {
    .entropy = fake_entropy,
    .now = fake_now,
    .pin = fake_pin,
    .pin_at_hand = fake_pin_at_hand,
    .confirm = fake_confirm,
    .say = fake_say,
    .progress = fake_progress,
};

struct rk_fake_env
rk_fake_env_new(void)
{
	return (struct rk_fake_env){.env = {&fake_ops}, .now = FAKE_NOW};
}

void
rk_fake_env_clear(struct rk_fake_env *fake)
{
	rk_buf_clear(&fake->said);
	rk_buf_clear(&fake->asked);
	rk_buf_clear(&fake->progress);
}

void
rk_fake_env_pin_times(struct rk_fake_env *fake, const char *label, const char *pin, unsigned times)
{
	assert_true(fake->pin_count < RK_FAKE_PINS_MAX);
	fake->pins[fake->pin_count++] =
	    (struct rk_fake_pin){.label = label, .pin = pin, .times = times};
}

void
rk_fake_env_pin(struct rk_fake_env *fake, const char *label, const char *pin)
{
	rk_fake_env_pin_times(fake, label, pin, 0);
}

bool
rk_fake_env_said(const struct rk_fake_env *fake, const char *text)
{
	return strstr(rk_buf_str(&fake->said), text) != NULL;
}

bool
rk_fake_env_asked(const struct rk_fake_env *fake, const char *text)
{
	return strstr(rk_buf_str(&fake->asked), text) != NULL;
}
