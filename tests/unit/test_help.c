#include "support/folder.h"
#include "support/spec.h"

#include "term/command.h"
#include "term/help.h"
#include "term/manpage.h"
#include "term/table.h"

#include <string.h>

struct make_args {
	const char *name;
	rk_list more;
	const char *token;
	rk_list roots;
	bool force;
};

static const struct rk_argument make_arguments[] = {
    RK_ARG(make_args, name, "NAME", "the key's name"),
    RK_ARG_LIST(make_args, more, "FILE", "more of them", 0),
    RK_ARG_END,
};

static const struct rk_option make_options[] = {
    RK_OPT_FLAG(make_args, force, "force", "do it although it was done before"),
    RK_OPT_STRING(make_args, token, "token", "URI", "the token", RK_REQUIRED),
    RK_OPT_LIST(make_args, roots, "root", "KEY", "the keys that may sign for it", 0),
    RK_OPT_END,
};

static const struct rk_command key_make = {
    .name = "key make",
    .summary = "make a key",
    .args_size = sizeof(struct make_args),
    .arguments = make_arguments,
    .options = make_options,
    .effects = RK_TOUCHES_TOKEN | RK_DESTROYS,
    .example = "tool key make alice --token pkcs11:\ntool key make --help",
    .description =
	"A first paragraph that is long enough to be wrapped on every terminal that "
	"people use for their work.\n\n.A line that begins with a stop, and a back\\slash.",
};
static const struct rk_command hidden = {
    .name = "wipe", .summary = "not listed", .effects = RK_HIDDEN, .example = "tool wipe"};
static const struct rk_command *const commands[] = {&key_make, &hidden, NULL};
static const struct rk_program program = {"tool", "a tool for tests", "1.2", commands};

static void
assert_has(const rk_buf *text, const char *part)
{
	if (!strstr(rk_buf_str(text), part))
		fail_msg("'%s' is not in:\n%s", part, rk_buf_str(text));
}

static void
assert_lacks(const rk_buf *text, const char *part)
{
	if (strstr(rk_buf_str(text), part))
		fail_msg("'%s' is in:\n%s", part, rk_buf_str(text));
}

static void
the_synopsis_names_what_is_required_first(void **state)
{
	RK_AUTO_BUF(out);

	(void)state;
	rk_help_synopsis(&out, &program, &key_make);
	assert_string_equal(
	    rk_buf_str(&out), "tool key make NAME [FILE…] --token URI [--force] [--root KEY,…]");
}

static void
a_command_is_told_with_effects_and_example(void **state)
{
	RK_AUTO_BUF(out);

	(void)state;
	assert_ok(rk_help_append(&program, "key make", 80, &out));
	assert_has(&out, "Usage: tool key make NAME");
	assert_has(&out, "A first paragraph");
	assert_has(&out, "the token");
	assert_has(&out, "can destroy what cannot be had back");
	assert_has(&out, "  tool key make alice --token pkcs11:\n  tool key make --help\n");
}

static void
the_program_and_a_group_list_their_commands(void **state)
{
	RK_AUTO_BUF(all);
	RK_AUTO_BUF(group);

	(void)state;
	assert_ok(rk_help_append(&program, "", 80, &all));
	assert_has(&all, "key make");
	assert_has(&all, "--no-input");
	assert_lacks(&all, "wipe");
	assert_ok(rk_help_append(&program, "key", 80, &group));
	assert_has(&group, "key make");
	assert_lacks(&group, "--no-input");
}

static void
words_that_name_nothing_are_a_usage_error(void **state)
{
	RK_AUTO_BUF(out);
	rk_node *node = NULL;

	(void)state;
	assert_error(rk_help_append(&program, "kye", 80, &out), RK_E_USAGE);
	assert_error(rk_help_append(&program, "key mak", 80, &out), RK_E_USAGE);
	assert_error(rk_help_node(&program, "kye", &node), RK_E_USAGE);
	assert_null(node);
}

static void
no_line_is_wider_than_the_terminal(void **state)
{
	RK_AUTO_BUF(out);

	(void)state;
	assert_ok(rk_help_append(&program, "", 44, &out));
	assert_ok(rk_help_append(&program, "key make", 44, &out));
	for (const char *line = rk_buf_str(&out); *line;) {
		size_t len = strcspn(line, "\n");

		if (rk_table_width(line, len) > 44)
			fail_msg("too wide: %.*s", (int)len, line);
		line += len + 1;
	}
}

static void
wrapping_keeps_paragraphs_and_drops_no_word(void **state)
{
	RK_AUTO_BUF(out);
	RK_AUTO_BUF(word);

	(void)state;
	rk_help_wrap(&out, "one two three four\n\nfive\n  kept   as is", 0, 2, 10);
	assert_string_equal(
	    rk_buf_str(&out), "one two\n  three\n  four\n\n  five\n    kept   as is\n");
	rk_help_wrap(&word, "incomprehensibilities", 0, 2, 10);
	assert_string_equal(rk_buf_str(&word), "incomprehensibilities\n");
}

static void
as_a_value_everything_is_there(void **state)
{
	RK_AUTO(rk_node) node = NULL;
	const rk_node *first;

	(void)state;
	assert_ok(rk_help_node(&program, "", &node));
	assert_int_equal(rk_node_count(rk_node_get(node, "commands")), 2);
	first = rk_node_at(rk_node_get(node, "commands"), 0);
	assert_string_equal(rk_node_text(rk_node_get(first, "name")), "key make");
	assert_int_equal(rk_node_count(rk_node_get(first, "options")), 3);
	assert_int_equal(rk_node_count(rk_node_get(first, "effects")), 2);
}

static void
a_manual_page_hides_its_text_from_roff(void **state)
{
	RK_AUTO_BUF(page);
	RK_AUTO_BUF(name);

	(void)state;
	assert_ok(rk_manpage_append(&program, &key_make, &page));
	assert_has(&page, ".TH TOOL-KEY-MAKE 1 ");
	assert_has(&page, "tool\\-key\\-make \\- make a key\n");
	assert_has(&page, "\n\\&.A line that begins");
	assert_has(&page, "back\\eslash");
	assert_has(&page, "\\[u2026]");
	rk_manpage_name(&name, &program, &key_make);
	assert_string_equal(rk_buf_str(&name), "tool-key-make.1");
}

static void
a_page_is_written_for_each_command_that_is_listed(void **state)
{
	RK_AUTO(rk_str) folder = NULL;

	assert_ok(rk_strdup(rk_folder_path(*state, "man/man1"), &folder));
	assert_ok(rk_manpage_write(&program, folder));
	assert_int_equal(rk_folder_count(*state, "man/man1"), 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    spec(the_synopsis_names_what_is_required_first),
	    spec(a_command_is_told_with_effects_and_example),
	    spec(the_program_and_a_group_list_their_commands),
	    spec(words_that_name_nothing_are_a_usage_error),
	    spec(no_line_is_wider_than_the_terminal),
	    spec(wrapping_keeps_paragraphs_and_drops_no_word),
	    spec(as_a_value_everything_is_there),
	    spec(a_manual_page_hides_its_text_from_roff),
	    cmocka_unit_test_setup_teardown(
		a_page_is_written_for_each_command_that_is_listed, rk_folder_new, rk_folder_remove),
	};

	return cmocka_run_group_tests_name("help", tests, NULL, NULL);
}
