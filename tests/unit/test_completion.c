#include "support/folder.h"
#include "support/spec.h"

#include "term/completion.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct show_args {
	const char *file;
	const char *format;
	const char *folder;
};

static const struct rk_argument show_arguments[] = {
    RK_ARG(show_args, file, "FILE", "a file"),
    RK_ARG_END,
};

static const struct rk_option show_options[] = {
    RK_OPT_CHOICE(show_args, format, "format", "pem|der", "it's the form", 0),
    RK_OPT_STRING(show_args, folder, "out", "DIR", "where [and why: here]", 0),
    RK_OPT_END,
};

static const struct rk_command key_show = {
    .name = "key show",
    .args_size = sizeof(struct show_args),
    .arguments = show_arguments,
    .options = show_options,
};
static const struct rk_command key_list = {.name = "key list"};
static const struct rk_command log_all = {.name = "log"};
static const struct rk_command log_verify = {.name = "log verify"};
static const struct rk_command hidden = {.name = "wipe", .effects = RK_HIDDEN};
static const struct rk_command *const commands[] = {
    &key_list, &key_show, &log_all, &log_verify, &hidden, NULL};
static const struct rk_program program = {"tool", "a tool", "1", commands};

static void
values_are_offered_by_their_names(void **state)
{
	(void)state;
	assert_int_equal(rk_completion_kind_of("pem|der|9a"), RK_COMPLETION_WORDS);
	assert_int_equal(rk_completion_kind_of("[WHOSE=]FILE"), RK_COMPLETION_FILES);
	assert_int_equal(rk_completion_kind_of("NAME|PATH"), RK_COMPLETION_FILES);
	assert_int_equal(rk_completion_kind_of("DIR"), RK_COMPLETION_FOLDERS);
	assert_int_equal(rk_completion_kind_of("URI"), RK_COMPLETION_NONE);
	assert_int_equal(rk_completion_kind_of("word"), RK_COMPLETION_NONE);
}

static void
a_shell_that_is_not_known_is_a_usage_error(void **state)
{
	RK_AUTO_BUF(out);

	(void)state;
	assert_error(rk_completion_append(&program, "csh", &out), RK_E_USAGE);
}

static void
hidden_commands_are_in_no_script(void **state)
{
	static const char *const shells[] = {"bash", "zsh", "fish"};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		RK_AUTO_BUF(out);

		assert_ok(rk_completion_append(&program, shells[i], &out));
		assert_null(strstr(rk_buf_str(&out), "wipe"));
		assert_non_null(strstr(rk_buf_str(&out), "verify"));
	}
}

/* What bash offers for these words, sorted, blanks between; the last word is being typed. */
static void
assert_offers(const char *folder, const char *words, const char *want)
{
	char got[4096], command[512];
	size_t len;
	FILE *pipe;

	snprintf(command, sizeof(command),
	    "cd '%s' && bash --norc -c 'source ./script; COMP_WORDS=(%s); "
	    "COMP_CWORD=$((${#COMP_WORDS[@]}-1)); compopt() { :; }; _tool; "
	    "printf \"%%s\\n\" \"${COMPREPLY[@]}\" | sort | xargs'",
	    folder, words);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	len = fread(got, 1, sizeof(got) - 1, pipe);
	assert_int_equal(pclose(pipe), 0);
	got[len] = 0;
	got[strcspn(got, "\n")] = 0;
	if (strcmp(got, want) != 0)
		fail_msg("%s: '%s' instead of '%s'", words, got, want);
}

static void
bash_offers_what_the_table_has(void **state)
{
	RK_AUTO_BUF(script);

	if (system("bash -c true") != 0)
		skip();
	assert_ok(rk_completion_append(&program, "bash", &script));
	rk_folder_write(*state, "script", rk_buf_str(&script));
	assert_offers(*state, "tool \"\"", "key log");
	assert_offers(*state, "tool key \"\"", "list show");
	assert_offers(*state, "tool key s", "show");
	assert_offers(*state, "tool -C x key l", "list");
	assert_offers(*state, "tool --module key k", "key");
	assert_offers(*state, "tool log v", "verify");
	assert_offers(*state, "tool key show --fo", "--format");
	assert_offers(*state, "tool key show --format \"\"", "der pem");
	assert_offers(*state, "tool key show --format = p", "pem");
	assert_offers(*state, "tool --color a", "always auto");
	assert_offers(*state, "tool key show scr", "script");
	assert_offers(*state, "tool key list --fo", "");
	assert_offers(*state, "tool --no-in", "--no-input");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    spec(values_are_offered_by_their_names),
	    spec(a_shell_that_is_not_known_is_a_usage_error),
	    spec(hidden_commands_are_in_no_script),
	    cmocka_unit_test_setup_teardown(
		bash_offers_what_the_table_has, rk_folder_new, rk_folder_remove),
	};

	return cmocka_run_group_tests_name("completion", tests, NULL, NULL);
}
