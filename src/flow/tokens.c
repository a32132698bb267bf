#include "flow/tokens.h"

#include "base/show.h"
#include "flow/custody.h"
#include "flow/factory.h"
#include "flow/tokens_half.h"

#include <stdlib.h>
#include <string.h>

#define LISTED_MAX 50 /* objects named one by one in a plan */
#define NAMED_MAX 5 /* and in an error */

/* What is to be lost, as far as it shows. */
struct contents {
	bool looked; /* it was listed after a login */
	rk_token_keys *keys;
	rk_token_certificates *certificates;
};

static void
contents_clear(struct contents *contents)
{
	rk_token_keys_free(contents->keys);
	rk_token_certificates_free(contents->certificates);
}

static size_t
count_objects(const struct contents *contents)
{
	return (contents->keys ? contents->keys->count : 0) +
	       (contents->certificates ? contents->certificates->count : 0);
}

static struct rk_pin_request
request_for(const rk_token_info *info, const char *kind)
{
	return (struct rk_pin_request){.kind = kind,
	    .label = info->label,
	    .serial = info->serial,
	    .model = info->model,
	    .source = info->pin_source,
	    .state = info->pin_state,
	    .only_token = true};
}

/* Looking costs a login, so it is done only with a PIN that was given for it. */
bool
rk_tokens_can_look(rk_env *env, const rk_token_info *info)
{
	const struct rk_pin_request request = request_for(info, "PIN");

	if (info->pin_pad || info->pin_state == RK_PIN_LOCKED || info->pin_state == RK_PIN_UNSET)
		return false;
	return !info->login_required || env->ops->pin_at_hand(env, &request);
}

static rk_error *
look(const struct rk_tokens_wish *wish, const rk_token_info *info, struct contents *contents)
{
	RK_AUTO(rk_hands) hands = NULL;
	rk_token *token = NULL;
	bool can = rk_tokens_can_look(wish->env, info);
	rk_error *err = rk_hands_new(wish->env, wish->tokens, &hands);

	if (!err)
		err = rk_hands_token(hands, info->uri, &token);
	if (!err && can)
		err = rk_hands_login(hands, token, "see what is on it");
	if (!err)
		err = token->ops->keys(token, &contents->keys);
	if (!err)
		err = token->ops->certificates(token, &contents->certificates);
	contents->looked = !err && can;
	if (!err || can || rk_error_code(err) == RK_E_NOMEM)
		return err;
	/* Without a login there is no more to be known of it than that it counts as full. */
	rk_error_free(err);
	return NULL;
}

static bool
is_full(const rk_token_info *info, const struct contents *contents)
{
	return info->initialized && (!contents->looked || count_objects(contents) > 0);
}

static rk_error *
name_token(const rk_token_info *info, char **ret_name)
{
	if (!info->initialized)
		return rk_strdupf(ret_name, "the empty token in slot %llu of module %s",
		    (unsigned long long)info->slot, RK_SHOW_BARE(info->module));
	return rk_strdupf(ret_name, "token %s (serial %s, %s)", RK_SHOW(info->label),
	    RK_SHOW_BARE(info->serial), RK_SHOW_BARE(info->model));
}

static rk_error *
add_key(rk_plan *plan, const rk_keep *keep, const rk_token_key *key)
{
	const rk_keep_key *known =
	    keep && key->pubkey ? rk_keep_key_by_pubkey(keep, key->pubkey) : NULL;
	RK_AUTO_BUF(id);

	rk_buf_hex(&id, key->id, key->id_len);
	return rk_plan_add(plan, RK_EFFECT_DESTROY, "destroy %s %s (%s, id %s)%s%s",
	    key->handle ? "key" : "the public half", RK_SHOW(key->label), RK_SHOW_BARE(key->what),
	    rk_buf_str(&id), known ? ", in the keep as " : "", known ? RK_SHOW(known->name) : "");
}

static rk_error *
add_objects(rk_plan *plan, const rk_keep *keep, const struct contents *contents)
{
	size_t keys = contents->keys ? contents->keys->count : 0;
	size_t all = count_objects(contents);
	rk_error *err = NULL;

	for (size_t i = 0; i < all && i < LISTED_MAX && !err; i++)
		err = i < keys ? add_key(plan, keep, &contents->keys->keys[i])
			       : rk_plan_add(plan, RK_EFFECT_DESTROY, "destroy certificate %s",
				     RK_SHOW(contents->certificates->certificates[i - keys].label));
	if (!err && all > LISTED_MAX)
		err = rk_plan_add(
		    plan, RK_EFFECT_DESTROY, "destroy %zu more objects", all - LISTED_MAX);
	return err;
}

static rk_error *
add_loss(rk_plan *plan, const char *name, const rk_keep *keep, const struct contents *contents)
{
	size_t count = count_objects(contents);
	rk_error *err;

	if (contents->looked && count == 0)
		return rk_plan_add(
		    plan, RK_EFFECT_FORGET, "clear %s, where a login shows nothing", name);
	if (contents->looked)
		err = rk_plan_add(plan, RK_EFFECT_DESTROY, "destroy everything on %s: %zu object%s",
		    name, count, count == 1 ? "" : "s");
	else
		err = rk_plan_add(plan, RK_EFFECT_DESTROY,
		    "destroy everything on %s, also what shows only after a login (--pin-file FILE "
		    "has it listed)",
		    name);
	return err ? err : add_objects(plan, keep, contents);
}

static rk_error *
make_plan(const struct rk_tokens_wish *wish, const rk_token_info *info,
    const struct contents *contents, rk_plan **ret_plan)
{
	RK_AUTO(rk_plan) plan = NULL;
	RK_AUTO(rk_str) name = NULL;
	rk_error *err = name_token(info, &name);

	if (!err)
		err = rk_plan_new(&plan, "initialise %s as %s", name, RK_SHOW(wish->label));
	if (!err && info->initialized)
		err = add_loss(plan, name, wish->keep, contents);
	if (!err)
		err = rk_plan_add(plan, RK_EFFECT_TOKEN,
		    "initialise it with the label %s, %s SO PIN and a new PIN",
		    RK_SHOW(wish->label), info->initialized ? "its" : "a new");
	if (!err)
		*ret_plan = RK_TAKE(plan);
	return err;
}

/* In the error too, since a run without a person may show nothing else. */
static rk_error *
tell_full(rk_error *err, const rk_token_info *info, const struct contents *contents)
{
	size_t keys = contents->keys ? contents->keys->count : 0;
	RK_AUTO_BUF(list);

	for (size_t i = 0; i < keys && i < NAMED_MAX; i++)
		rk_buf_printf(
		    &list, "%s%s", i > 0 ? ", " : "", RK_SHOW(contents->keys->keys[i].label));
	if (keys > NAMED_MAX)
		rk_buf_printf(&list, ", and %zu more", keys - NAMED_MAX);
	if (keys > 0)
		return rk_wrap(err, "%s holds keys (%s); nothing was erased", RK_SHOW(info->label),
		    rk_buf_str(&list));
	return rk_wrap(err, "%s counts as full; nothing was erased", RK_SHOW(info->label));
}

static const char *
typed_back(const rk_token_info *info)
{
	if (info->serial && *info->serial)
		return info->serial;
	return info->label && *info->label ? info->label : "erase";
}

/* A wrong SO PIN spends one of its tries. */
static rk_error *
judge_so_pin(rk_env *env, const rk_token_info *info)
{
	struct rk_confirm_request request = {.kind = RK_CONFIRM_LAST_PIN};
	RK_AUTO_BUF(question);
	rk_error *err;

	if (!info->initialized)
		return NULL;
	if (info->so_pin_state == RK_PIN_LOCKED)
		return rk_fail(RK_E_PIN_LOCKED, "reset the device with its vendor's tool",
		    "the SO PIN of %s is locked; nothing was sent", RK_SHOW(info->label));
	if (info->so_pin_state != RK_PIN_FINAL)
		return NULL;
	rk_buf_printf(&question, "%s has ONE try left before its SO PIN is locked. Use it?",
	    RK_SHOW(info->label));
	err = rk_buf_check(&question);
	request.question = rk_buf_str(&question);
	if (!err)
		err = env->ops->confirm(env, &request);
	return err ? rk_recode(err, RK_E_PIN_LAST) : NULL;
}

static rk_error *
judge_new_pin(const rk_token_info *info, const char *kind, const rk_secret *pin)
{
	size_t len = rk_secret_len(pin);
	rk_error *err;

	if (info->pin_max == 0 || (len >= info->pin_min && len <= info->pin_max))
		return NULL;
	err = rk_fail(RK_E_REFUSED, NULL, "the token does not take a %s of that length", kind);
	return rk_advise(err, "choose one of %zu to %zu bytes", info->pin_min, info->pin_max);
}

struct pins {
	rk_secret *so_pin, *pin; /* NULL: by the token's own pad */
};

static void
pins_clear(struct pins *pins)
{
	rk_secret_free(pins->so_pin);
	rk_secret_free(pins->pin);
}

static rk_error *
ask_so_pin(const struct rk_tokens_wish *wish, const rk_token_info *info, rk_secret **ret_pin)
{
	struct rk_pin_request request =
	    request_for(info, info->initialized ? "SO PIN" : "new SO PIN");
	RK_AUTO(rk_secret) pin = NULL;
	rk_error *err;

	request.state = info->initialized ? info->so_pin_state : RK_PIN_UNSET;
	request.purpose = "initialise it";
	request.twice = !info->initialized;
	if (!info->initialized)
		request.label = wish->label;
	err = wish->env->ops->pin(wish->env, &request, &pin);
	if (!err && !info->initialized)
		err = judge_new_pin(info, request.kind, pin);
	if (!err)
		*ret_pin = RK_TAKE(pin);
	return err;
}

static rk_error *
ask_new_pin(const struct rk_tokens_wish *wish, const rk_token_info *info, rk_secret **ret_pin)
{
	struct rk_pin_request request = request_for(info, "new PIN");
	RK_AUTO(rk_secret) pin = NULL;
	rk_error *err;

	request.label = wish->label;
	request.state = RK_PIN_UNSET;
	request.purpose = "be its user's from now on";
	request.twice = true;
	err = wish->env->ops->pin(wish->env, &request, &pin);
	if (!err)
		err = judge_new_pin(info, request.kind, pin);
	if (!err)
		*ret_pin = RK_TAKE(pin);
	return err;
}

static rk_error *
ask_pins(const struct rk_tokens_wish *wish, const rk_token_info *info, struct pins *pins)
{
	rk_error *err;

	if (info->pin_pad) {
		rk_sayf(wish->env, RK_SAY_INFO, "enter SO PIN and PIN on the token's own pad");
		return NULL;
	}
	err = ask_so_pin(wish, info, &pins->so_pin);
	if (!err)
		err = ask_new_pin(wish, info, &pins->pin);
	if (!err && rk_secret_equal(pins->so_pin, pins->pin))
		rk_sayf(wish->env, RK_SAY_WARNING,
		    "SO PIN and PIN are the same: who knows the one can reset the other");
	return err;
}

static bool
is_same(const rk_token_info *a, const rk_token_info *b)
{
	return a->slot == b->slot && a->initialized == b->initialized &&
	       !strcmp(a->module_path, b->module_path) && !strcmp(a->serial, b->serial) &&
	       !strcmp(a->label, b->label);
}

/* The questions took time: what was judged must still be what is meant. */
static rk_error *
see_again(const struct rk_tokens_wish *wish, const rk_token_info *judged)
{
	RK_AUTO(rk_token_info) now = NULL;
	rk_error *err = wish->tokens->ops->meant(wish->tokens, wish->uri, &now);

	if (!err && !is_same(judged, now))
		err = rk_fail(RK_E_TOKEN_GONE, "put the right token back and run it again",
		    "another token came in the place of the one that was looked at");
	return err;
}

/* A YubiKey's label is made of its serial, whatever it was told. */
static rk_error *
judge_result(const struct rk_tokens_wish *wish, const rk_token_info *info)
{
	bool is_labelled = !strcmp(info->label, wish->label);

	if (info->initialized && (is_labelled || info->so_makes_keys) &&
	    info->pin_state != RK_PIN_UNSET) {
		if (!is_labelled)
			rk_sayf(wish->env, RK_SAY_WARNING, "the token keeps its own label, %s",
			    RK_SHOW(info->label));
		return NULL;
	}
	return rk_fail(RK_E_KEY_UNPROVEN, "look at it with 'rootkeep token list'",
	    "the module reports success, but the token does not show the label and a user PIN");
}

/* What only the open token tells: tries, and what its factory set, which is back (a YubiKey's PUK). */
static rk_error *
look_again(const struct rk_tokens_wish *wish, rk_token_info **info)
{
	RK_AUTO(rk_token) token = NULL;
	RK_AUTO(rk_token_info) now = NULL;
	rk_error *err = wish->tokens->ops->open(wish->tokens, (*info)->uri, &token);

	if (!err)
		err = token->ops->info(token, &now);
	if (!err)
		err = rk_factory_warn(wish->env, now, token->name);
	if (!err) {
		rk_token_info_free(*info);
		*info = RK_TAKE(now);
	}
	return err;
}

/* It is initialised, whatever comes of this. */
static void
tell_factory(const struct rk_tokens_wish *wish, rk_token_info **info)
{
	rk_error *err = (*info)->so_makes_keys ? look_again(wish, info) : NULL;

	if (err)
		rk_sayf(wish->env, RK_SAY_WARNING, "the token cannot be looked at again: %s",
		    rk_error_message(err));
	rk_error_free(err);
}

static rk_error *
init_now(const struct rk_tokens_wish *wish, const rk_token_info *target, rk_token_info **ret_info)
{
	__attribute__((cleanup(pins_clear))) struct pins pins = {NULL, NULL};
	RK_AUTO(rk_token_info) info = NULL;
	RK_AUTO(rk_token_list) before = NULL;
	struct rk_tokens_half half = {.wish = wish, .target = target};
	rk_error *err = judge_so_pin(wish->env, target);

	if (!err)
		err = ask_pins(wish, target, &pins);
	if (!err)
		err = see_again(wish, target);
	if (!err)
		err = wish->tokens->ops->list(wish->tokens, &before);
	if (err)
		return err;
	half.before = before;
	err = wish->tokens->ops->init(
	    wish->tokens, wish->uri, wish->label, pins.so_pin, pins.pin, &info);
	if (err)
		return rk_tokens_half_tell(&half, err);
	err = judge_result(wish, info);
	if (err)
		return err;
	tell_factory(wish, &info);
	*ret_info = RK_TAKE(info);
	return NULL;
}

static rk_error *
consent(const struct rk_tokens_wish *wish, const rk_plan *plan, const rk_token_info *target,
    const struct contents *contents)
{
	bool full = is_full(target, contents);
	rk_error *err =
	    rk_plan_consent(plan, wish->env, RK_CONFIRM_ORDINARY, full ? typed_back(target) : NULL);

	return err && full ? tell_full(err, target, contents) : err;
}

rk_error *
rk_tokens_init(const struct rk_tokens_wish *wish, rk_plan **ret_plan, rk_token_info **ret_info)
{
	RK_AUTO(rk_token_info) target = NULL;
	RK_AUTO(rk_plan) plan = NULL;
	__attribute__((cleanup(contents_clear))) struct contents contents = {false, NULL, NULL};
	rk_error *err = wish->tokens->ops->meant(wish->tokens, wish->uri, &target);

	if (!err && target->write_protected)
		err = rk_fail(RK_E_TOKEN, "lift the protection with the token's own means",
		    "%s is write-protected", RK_SHOW(target->label));
	if (!err && target->initialized && wish->keep)
		err = rk_custody_token(wish->keep, wish->env, wish->tokens, target);
	if (!err && target->initialized)
		err = look(wish, target, &contents);
	if (!err)
		err = make_plan(wish, target, &contents, &plan);
	if (!err && !wish->dry_run)
		err = consent(wish, plan, target, &contents);
	if (!err && !wish->dry_run)
		err = init_now(wish, target, ret_info);
	if (!err)
		*ret_plan = RK_TAKE(plan);
	return err;
}
