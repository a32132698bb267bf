#include "flow/plan.h"

#include <stdarg.h>
#include <stdlib.h>

static const char *const effect_names[] = {
    [RK_EFFECT_READ] = "read",
    [RK_EFFECT_STAGE] = "stage",
    [RK_EFFECT_SIGN] = "sign",
    [RK_EFFECT_PUBLISH] = "publish",
    [RK_EFFECT_TOKEN] = "token",
    [RK_EFFECT_FORGET] = "forget",
    [RK_EFFECT_DESTROY] = "destroy",
};

rk_error *
rk_plan_new(rk_plan **ret_plan, const char *title_fmt, ...)
{
	RK_AUTO(rk_plan) plan = calloc(1, sizeof(*plan));
	RK_AUTO_BUF(title);
	va_list args;
	rk_error *err;

	if (!plan)
		return rk_out_of_memory();
	va_start(args, title_fmt);
	rk_buf_vprintf(&title, title_fmt, args);
	va_end(args);
	err = rk_buf_take(&title, &plan->title);
	if (!err)
		*ret_plan = RK_TAKE(plan);
	return err;
}

rk_error *
rk_plan_add(rk_plan *plan, enum rk_plan_effect effect, const char *fmt, ...)
{
	RK_AUTO_BUF(text);
	rk_plan_step *grown;
	va_list args;
	rk_error *err;

	va_start(args, fmt);
	rk_buf_vprintf(&text, fmt, args);
	va_end(args);
	grown = realloc(plan->steps, (plan->count + 1) * sizeof(*grown));
	if (!grown)
		return rk_out_of_memory();
	plan->steps = grown;
	plan->steps[plan->count] = (rk_plan_step){.effect = effect};
	err = rk_buf_take(&text, &plan->steps[plan->count].text);
	if (!err)
		plan->count++;
	return err;
}

static rk_error *
step_node(const rk_plan_step *step, rk_node *steps)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	rk_error *err;

	if (!node)
		return rk_out_of_memory();
	err = rk_node_put_text(node, "effect", effect_names[step->effect]);
	if (!err)
		err = rk_node_put_text(node, "text", step->text);
	if (!err)
		err = rk_node_append(steps, RK_TAKE(node));
	return err;
}

rk_error *
rk_plan_node(const rk_plan *plan, rk_node **ret_node)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	RK_AUTO(rk_node) steps = rk_node_new_array();
	rk_error *err = NULL;

	if (!node || !steps)
		return rk_out_of_memory();
	for (size_t i = 0; i < plan->count && !err; i++)
		err = step_node(&plan->steps[i], steps);
	if (!err)
		err = rk_node_put_text(node, "plan", plan->title);
	if (!err)
		err = rk_node_put(node, "steps", RK_TAKE(steps));
	if (!err)
		*ret_node = RK_TAKE(node);
	return err;
}

void
rk_plan_say(const rk_plan *plan, rk_env *env)
{
	rk_sayf(env, RK_SAY_INFO, "plan: %s", plan->title);
	for (size_t i = 0; i < plan->count; i++)
		rk_sayf(env, RK_SAY_INFO, "  %zu. %s", i + 1, plan->steps[i].text);
}

static bool
has_effect(const rk_plan *plan, enum rk_plan_effect least)
{
	for (size_t i = 0; i < plan->count; i++)
		if (plan->steps[i].effect >= least)
			return true;
	return false;
}

rk_error *
rk_plan_consent(const rk_plan *plan, rk_env *env, enum rk_confirm_kind kind, const char *expect)
{
	RK_AUTO_BUF(question);
	struct rk_confirm_request request = {.kind = kind, .expect = expect};
	rk_error *err;

	if (has_effect(plan, RK_EFFECT_DESTROY))
		request.kind = RK_CONFIRM_DESTROY;
	else if (!has_effect(plan, RK_EFFECT_FORGET) && kind == RK_CONFIRM_ORDINARY)
		return NULL;
	rk_plan_say(plan, env);
	rk_buf_printf(&question, "%s?", plan->title);
	err = rk_buf_check(&question);
	if (err)
		return err;
	request.question = rk_buf_str(&question);
	return env->ops->confirm(env, &request);
}

void
rk_plan_free(rk_plan *plan)
{
	if (!plan)
		return;
	for (size_t i = 0; i < plan->count; i++)
		free(plan->steps[i].text);
	free(plan->steps);
	free(plan->title);
	free(plan);
}
