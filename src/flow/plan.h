/*
 * plan.h - what is about to change, as data
 *
 * A workflow first says what it will do, step by step; the dry run, the question and the journal
 * are three printings of the same list. Text is ours or already shown.
 *
 * Ownership  the plan owns its steps.
 * Errors     RK_E_NOMEM; rk_plan_consent: RK_E_CANCELLED, RK_E_NO_INPUT.
 */
#ifndef RK_FLOW_PLAN_H
#define RK_FLOW_PLAN_H

#include "world/env.h"
#include "json/document.h"

enum rk_plan_effect {
	RK_EFFECT_READ,
	RK_EFFECT_STAGE, /* writes staged files and keep.json: undone by `reset` */
	RK_EFFECT_SIGN, /* a token key signs */
	RK_EFFECT_PUBLISH, /* metadata is replaced */
	RK_EFFECT_TOKEN, /* a key is made on a token */
	RK_EFFECT_FORGET, /* what was staged, given out or known is dropped: asked about */
	RK_EFFECT_DESTROY, /* a key or a token's contents is gone for ever */
};

typedef struct rk_plan_step {
	enum rk_plan_effect effect;
	char *text; /* "sign root 3 of demo with root-alice on 'root-alice' (serial 1a2b)" */
} rk_plan_step;

typedef struct rk_plan {
	char *title; /* "sign demo" */
	rk_plan_step *steps;
	size_t count;
} rk_plan;

RK_CHECKED rk_error *rk_plan_new(rk_plan **ret_plan, const char *title_fmt, ...) RK_PRINTF(2, 3);
RK_CHECKED rk_error *
rk_plan_add(rk_plan *plan, enum rk_plan_effect effect, const char *fmt, ...) RK_PRINTF(3, 4);
/* {"plan": title, "steps": [{"effect": "sign", "text": …}]}. */
RK_CHECKED rk_error *rk_plan_node(const rk_plan *plan, rk_node **ret_node);
/* The steps, a line each, to the person (env->say). */
void rk_plan_say(const rk_plan *plan, rk_env *env);
/*
 * Where a yes is wanted, show the plan and ask. For signing and for making keys the PIN is the
 * yes: its prompt names the token and what it is for, and a PIN file was given for this run. So
 * ordinary plans ask only before something is forgotten; destroying asks by RK_CONFIRM_DESTROY
 * with `expect` typed back; any other `kind` always asks.
 */
RK_CHECKED rk_error *
rk_plan_consent(const rk_plan *plan, rk_env *env, enum rk_confirm_kind kind, const char *expect);
void rk_plan_free(rk_plan *plan);
RK_DEFINE_FREEP(rk_plan)

#endif
