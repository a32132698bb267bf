#include "cli/planview.h"

/* Not a step that flow knows of: it goes for whatever the run does with tokens. */
static const char network_step[] = "let the tokens' modules open network connections";

static rk_error *
put_network(rk_node *plan)
{
	RK_AUTO(rk_node) step = rk_node_new_object();
	rk_error *err = step ? NULL : rk_out_of_memory();

	if (!err)
		err = rk_node_put_text(step, "effect", "network");
	if (!err)
		err = rk_node_put_text(step, "text", network_step);
	return err ? err : rk_node_append(rk_node_get(plan, "steps"), RK_TAKE(step));
}

rk_error *
rk_planview_render(struct rk_run *run, const rk_plan *plan)
{
	const bool network = run->globals->network_token && run->tokens;
	rk_node *node = NULL;
	rk_error *err = rk_plan_node(plan, &node);

	if (!err && network)
		err = put_network(node);
	if (err) {
		rk_node_free(node);
		return err;
	}
	rk_render_line(run->out, "plan: %s", plan->title);
	for (size_t i = 0; i < plan->count; i++)
		rk_render_line(run->out, "  %zu. %s", i + 1, plan->steps[i].text);
	if (network)
		rk_render_line(run->out, "  %zu. %s", plan->count + 1, network_step);
	rk_render_json(run->out, node);
	return NULL;
}
