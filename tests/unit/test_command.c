#include "support/spec.h"

#include "base/error.h"
#include "term/command.h"
#include "term/globals.h"

#include <stdio.h>
#include <string.h>

struct make_args {
	const char *name;
	rk_list files;
	const char *token;
	const char *type;
	rk_list roots;
	rk_list notes;
	int64_t days;
	rk_days_list expires;
	bool force;
};

static const struct rk_argument make_arguments[] = {
    RK_ARG(make_args, name, "NAME", "a name"),
    RK_ARG_LIST(make_args, files, "FILE", "files", 0),
    RK_ARG_END,
};

static const struct rk_option make_options[] = {
    RK_OPT_STRING(make_args, token, "token", "URI", "a token", RK_REQUIRED),
    RK_OPT_CHOICE(make_args, type, "type", "ecdsa-p256|ed25519", "a type", 0),
    RK_OPT_LIST(make_args, roots, "root", "KEY", "keys", 0),
    RK_OPT_REPEAT(make_args, notes, "note", "TEXT", "notes", 0),
    RK_OPT_INT(make_args, days, "days", "N", "days", 1, 100, 30),
    RK_OPT_DAYS(make_args, expires, "expires", "role=DAYS", "expiry", 0),
    RK_OPT_FLAG(make_args, force, "force", "do it"),
    RK_OPT_END,
};

static const struct rk_command key_make = {
    .name = "key make",
    .summary = "make a key",
    .args_size = sizeof(struct make_args),
    .arguments = make_arguments,
    .options = make_options,
};
static const struct rk_command log_show = {.name = "log", .summary = "the journal"};
static const struct rk_command log_verify = {.name = "log verify", .summary = "judge it"};
static const struct rk_command secret = {.name = "wipe", .summary = "hidden", .effects = RK_HIDDEN};

static const struct rk_command *const commands[] = {
    &key_make, &log_show, &log_verify, &secret, NULL};
static const struct rk_program program = {"tool", "a tool", "1", commands};

/* The line of up to 16 words, NULL behind the last. */
static rk_error *
parse(const char *const *words, rk_command_line **ret_line)
{
	char *argv[20] = {(char *)(uintptr_t) "tool"};
	int argc = 1;

	while (*words)
		argv[argc++] = (char *)(uintptr_t)*words++;
	return rk_command_parse(&program, argc, argv, ret_line);
}

#define LINE(...)                 \
	(const char *const[])     \
	{                         \
		__VA_ARGS__, NULL \
	}

static void
a_whole_command_line_fills_every_field(void **state)
{
	RK_AUTO(rk_command_line) line = NULL;
	const struct make_args *args;

	(void)state;
	assert_ok(parse(LINE("key", "make", "alice", "--token", "pkcs11:a,b", "--type=ed25519",
			    "--root", "x,y", "--root=z", "--note", "a,b", "--days", "7",
			    "--expires", "root=365,targets=90", "--force", "f1", "f2"),
	    &line));
	args = line->args;
	assert_ptr_equal(line->command, &key_make);
	assert_string_equal(line->topic, "key make");
	assert_string_equal(args->name, "alice");
	assert_int_equal(args->files.count, 2);
	assert_string_equal(args->files.items[1], "f2");
	assert_string_equal(args->token, "pkcs11:a,b");
	assert_string_equal(args->type, "ed25519");
	assert_int_equal(args->roots.count, 3);
	assert_string_equal(args->roots.items[2], "z");
	assert_int_equal(args->notes.count, 1);
	assert_string_equal(args->notes.items[0], "a,b");
	assert_int_equal(args->days, 7);
	assert_int_equal(args->expires.count, 2);
	assert_string_equal(args->expires.items[1].role, "targets");
	assert_int_equal(args->expires.items[1].days, 90);
	assert_true(args->force);
}

static void
what_is_not_given_has_its_default(void **state)
{
	RK_AUTO(rk_command_line) line = NULL;
	const struct make_args *args;

	(void)state;
	assert_ok(parse(LINE("key", "make", "a", "--token", "t"), &line));
	args = line->args;
	assert_int_equal(args->days, 30);
	assert_null(args->type);
	assert_int_equal(args->roots.count, 0);
	assert_false(args->force);
}

static void
global_options_stand_before_between_and_after(void **state)
{
	RK_AUTO(rk_command_line) line = NULL;

	(void)state;
	assert_ok(parse(
	    LINE("-qy", "key", "--json", "make", "a", "-C/keep", "--token", "t", "--no-input"),
	    &line));
	assert_true(line->globals->quiet && line->globals->yes && line->globals->json);
	assert_true(line->globals->no_input);
	assert_string_equal(line->globals->keep_dir, "/keep");
}

static void
two_dashes_end_the_options(void **state)
{
	RK_AUTO(rk_command_line) line = NULL;
	const struct make_args *args;

	(void)state;
	assert_ok(parse(LINE("key", "make", "--token", "t", "--", "--json", "-x"), &line));
	args = line->args;
	assert_string_equal(args->name, "--json");
	assert_string_equal(args->files.items[0], "-x");
	assert_false(line->globals->json);
}

static void
the_longer_command_is_meant_where_its_words_follow(void **state)
{
	RK_AUTO(rk_command_line) line = NULL;
	RK_AUTO(rk_command_line) longer = NULL;

	(void)state;
	assert_ok(parse(LINE("log"), &line));
	assert_ptr_equal(line->command, &log_show);
	assert_ok(parse(LINE("log", "verify"), &longer));
	assert_ptr_equal(longer->command, &log_verify);
}

static void
help_and_version_require_nothing_of_the_rest(void **state)
{
	RK_AUTO(rk_command_line) line = NULL;
	RK_AUTO(rk_command_line) group = NULL;
	RK_AUTO(rk_command_line) alone = NULL;

	(void)state;
	assert_ok(parse(LINE("key", "make", "--help"), &line));
	assert_string_equal(line->topic, "key make");
	assert_ok(parse(LINE("key", "-h"), &group));
	assert_string_equal(group->topic, "key");
	assert_null(group->command);
	assert_ok(parse(LINE("--version"), &alone));
	assert_true(alone->globals->version);
}

static void
refuse(const char *const *words)
{
	RK_AUTO(rk_command_line) line = NULL;

	assert_error(parse(words, &line), RK_E_USAGE);
	assert_null(line);
}

static void
what_does_not_fit_the_table_is_a_usage_error(void **state)
{
	(void)state;
	refuse((const char *const[]){NULL});
	refuse(LINE("key"));
	refuse(LINE("nothing"));
	refuse(LINE("key", "make"));
	refuse(LINE("key", "make", "a"));
	refuse(LINE("key", "make", "a", "--token"));
	refuse(LINE("key", "make", "a", "--token", "t", "--token", "u"));
	refuse(LINE("key", "make", "a", "--token", "t", "--type", "rsa"));
	refuse(LINE("key", "make", "a", "--token", "t", "--days", "0"));
	refuse(LINE("key", "make", "a", "--token", "t", "--days", "7x"));
	refuse(LINE("key", "make", "a", "--token", "t", "--days", "99999999999999999999"));
	refuse(LINE("key", "make", "a", "--token", "t", "--root", "x,,y"));
	refuse(LINE("key", "make", "a", "--token", "t", "--expires", "root"));
	refuse(LINE("key", "make", "a", "--token", "t", "--expires", "root=0"));
	refuse(LINE("key", "make", "a", "--token", "t", "--force=yes"));
	refuse(LINE("key", "make", "a", "--token", "t", "--unknown"));
	refuse(LINE("key", "make", "a", "--token", "t", "-z"));
	refuse(LINE("log", "verify", "extra"));
}

static void
expect_remedy(const char *const *words, const char *part)
{
	RK_AUTO(rk_command_line) line = NULL;
	RK_AUTO(rk_error) err = parse(words, &line);

	assert_non_null(err);
	assert_non_null(rk_error_remedy(err));
	if (!strstr(rk_error_remedy(err), part))
		fail_msg("the remedy is: %s", rk_error_remedy(err));
}

static void
a_slip_is_answered_with_the_nearest_name(void **state)
{
	(void)state;
	expect_remedy(LINE("kye", "make"), "key make");
	expect_remedy(LINE("make"), "key make");
	expect_remedy(LINE("log", "--jsno"), "--json");
	expect_remedy(LINE("key", "make", "a", "--tokne", "t"), "--token");
	expect_remedy(LINE("key", "make", "a"), "help key make");
}

static void
hidden_commands_work_and_are_not_suggested(void **state)
{
	RK_AUTO(rk_command_line) line = NULL;

	(void)state;
	assert_ok(parse(LINE("wipe"), &line));
	assert_null(rk_command_nearest(&program, "wip"));
}

static void
a_swap_of_two_letters_is_one_edit(void **state)
{
	char longest[200];

	(void)state;
	memset(longest, 'a', sizeof(longest));
	longest[sizeof(longest) - 1] = 0;
	assert_int_equal(rk_command_distance("kye", "key"), 1);
	assert_int_equal(rk_command_distance("", "key"), 3);
	assert_int_equal(rk_command_distance("list", "lists"), 1);
	assert_int_equal(rk_command_distance("same", "same"), 0);
	assert_int_equal(rk_command_distance(longest, ""), 64);
}

static void
a_thousand_values_are_kept_in_order(void **state)
{
	RK_AUTO(rk_command_line) line = NULL;
	RK_AUTO_BUF(value);
	const struct make_args *args;

	(void)state;
	for (int i = 0; i < 1000; i++)
		rk_buf_printf(&value, "%s%d", i > 0 ? "," : "", i);
	assert_ok(
	    parse(LINE("key", "make", "a", "--token", "t", "--root", rk_buf_str(&value)), &line));
	args = line->args;
	assert_int_equal(args->roots.count, 1000);
	assert_string_equal(args->roots.items[999], "999");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    spec(a_whole_command_line_fills_every_field),
	    spec(what_is_not_given_has_its_default),
	    spec(global_options_stand_before_between_and_after),
	    spec(two_dashes_end_the_options),
	    spec(the_longer_command_is_meant_where_its_words_follow),
	    spec(help_and_version_require_nothing_of_the_rest),
	    spec(what_does_not_fit_the_table_is_a_usage_error),
	    spec(a_slip_is_answered_with_the_nearest_name),
	    spec(hidden_commands_work_and_are_not_suggested),
	    spec(a_swap_of_two_letters_is_one_edit),
	    spec(a_thousand_values_are_kept_in_order),
	};

	return cmocka_run_group_tests_name("command", tests, NULL, NULL);
}
