#include "cli/planview.h"

rk_error *
rk_planview_render(struct rk_run *run, const rk_plan *plan)
{
	rk_node *node = NULL;
	rk_error *err = rk_plan_node(plan, &node);

	if (err)
		return err;
	rk_render_line(run->out, "plan: %s", plan->title);
	for (size_t i = 0; i < plan->count; i++)
		rk_render_line(run->out, "  %zu. %s", i + 1, plan->steps[i].text);
	rk_render_json(run->out, node);
	return NULL;
}
