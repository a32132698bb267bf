#include "term/globals.h"
#include "term/help.h"

static const char *const kinds[] = {
    [RK_OPTION_STRING] = "text",
    [RK_OPTION_FLAG] = "flag",
    [RK_OPTION_LIST] = "list",
    [RK_OPTION_REPEAT] = "repeat",
    [RK_OPTION_INT] = "integer",
    [RK_OPTION_CHOICE] = "choice",
    [RK_OPTION_DAYS] = "days",
};

static rk_error *
add_option(rk_node *array, const struct rk_option *option)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	char letter[2] = {option->letter, 0};
	rk_error *err = node ? NULL : rk_out_of_memory();

	if (!err)
		err = rk_node_put_text(node, "name", option->name);
	if (!err)
		err = rk_node_put_text(node, "help", option->help);
	if (!err)
		err = rk_node_put_text(node, "kind", kinds[option->kind]);
	if (!err)
		err = rk_node_put_bool(node, "required", option->flags & RK_REQUIRED);
	if (!err && option->metavar)
		err = rk_node_put_text(node, "value", option->metavar);
	if (!err && option->letter)
		err = rk_node_put_text(node, "letter", letter);
	return err ? err : rk_node_append(array, RK_TAKE(node));
}

static rk_error *
put_options(rk_node *object, const struct rk_option *options)
{
	RK_AUTO(rk_node) array = rk_node_new_array();
	rk_error *err = array ? NULL : rk_out_of_memory();

	for (; !err && options && options->name; options++)
		err = add_option(array, options);
	return err ? err : rk_node_put(object, "options", RK_TAKE(array));
}

static rk_error *
add_argument(rk_node *array, const struct rk_argument *argument)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	rk_error *err = node ? NULL : rk_out_of_memory();

	if (!err)
		err = rk_node_put_text(node, "name", argument->name);
	if (!err)
		err = rk_node_put_text(node, "help", argument->help);
	if (!err)
		err = rk_node_put_bool(node, "required", argument->flags & RK_REQUIRED);
	if (!err)
		err = rk_node_put_bool(node, "list", argument->kind == RK_OPTION_REPEAT);
	return err ? err : rk_node_append(array, RK_TAKE(node));
}

static rk_error *
put_arguments(rk_node *object, const struct rk_argument *arguments)
{
	RK_AUTO(rk_node) array = rk_node_new_array();
	rk_error *err = array ? NULL : rk_out_of_memory();

	for (; !err && arguments && arguments->name; arguments++)
		err = add_argument(array, arguments);
	return err ? err : rk_node_put(object, "arguments", RK_TAKE(array));
}

static rk_error *
put_effects(rk_node *object, unsigned effects)
{
	RK_AUTO(rk_node) array = rk_node_new_array();
	rk_error *err = array ? NULL : rk_out_of_memory();
	struct rk_help_effect effect;

	for (size_t i = 0; !err && rk_help_effect(effects, i, &effect); i++)
		err = rk_node_append_text(array, effect.word);
	return err ? err : rk_node_put(object, "effects", RK_TAKE(array));
}

static rk_error *
put_words(rk_node *node, const struct rk_program *program, const struct rk_command *command)
{
	RK_AUTO_BUF(synopsis);
	rk_error *err = rk_node_put_text(node, "name", command->name);

	rk_help_synopsis(&synopsis, program, command);
	if (!err)
		err = rk_buf_check(&synopsis);
	if (!err)
		err = rk_node_put_text(node, "synopsis", rk_buf_str(&synopsis));
	if (!err)
		err = rk_node_put_text(node, "summary", command->summary);
	if (!err && command->description)
		err = rk_node_put_text(node, "description", command->description);
	if (!err && command->example)
		err = rk_node_put_text(node, "example", command->example);
	return err ? err : rk_node_put_bool(node, "hidden", command->effects & RK_HIDDEN);
}

static rk_error *
add_command(rk_node *array, const struct rk_program *program, const struct rk_command *command)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	rk_error *err = node ? put_words(node, program, command) : rk_out_of_memory();

	if (!err)
		err = put_arguments(node, command->arguments);
	if (!err)
		err = put_options(node, command->options);
	if (!err)
		err = put_effects(node, command->effects);
	return err ? err : rk_node_append(array, RK_TAKE(node));
}

rk_error *
rk_help_node(const struct rk_program *program, const char *words, rk_node **ret_node)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	RK_AUTO(rk_node) array = rk_node_new_array();
	RK_AUTO_BUF(unused);
	rk_error *err = node && array ? NULL : rk_out_of_memory();

	if (!err)
		err = rk_help_append(program, words, 80, &unused); /* judges the words */
	for (size_t i = 0; !err && program->commands[i]; i++)
		if (rk_help_covers(program->commands[i], words))
			err = add_command(array, program, program->commands[i]);
	if (!err)
		err = rk_node_put_text(node, "program", program->name);
	if (!err)
		err = rk_node_put_text(node, "version", program->version);
	if (!err)
		err = put_options(node, rk_globals_options);
	if (!err)
		err = rk_node_put(node, "commands", RK_TAKE(array));
	if (!err)
		*ret_node = RK_TAKE(node);
	return err;
}
