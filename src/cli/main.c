#include "cli/cli.h"

#include "pkcs11/client.h"
#include "term/confine.h"
#include "term/prompt.h"

#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

/* Everything that lives as long as the program, in the order in which it comes into being. */
struct life {
	rk_render *out;
	rk_command_line *line;
	rk_pkcs11 *pkcs11;
	rk_prompt *prompt;
	char *state_dir, *working_dir;
	struct rk_run run;
};

static bool
has_effect(const struct life *life, unsigned effect)
{
	return life->run.globals && !life->run.globals->help && !life->run.globals->version &&
	       (life->line->command->effects & effect);
}

static rk_error *
new_render(bool json, const char *color, rk_render **ret_out)
{
	const struct rk_render_options options = {STDOUT_FILENO, STDERR_FILENO, json, color};

	return rk_render_new(&options, ret_out);
}

/* The first one is for what the command line itself does wrong. */
static rk_error *
settle_render(struct life *life)
{
	rk_render *out = NULL;
	rk_error *err = new_render(life->line->globals->json, life->line->globals->color, &out);

	if (err)
		return err;
	rk_render_free(life->out);
	life->out = life->run.out = out;
	return NULL;
}

static const char *
home(void)
{
	const char *named = getenv("HOME");
	const struct passwd *entry;

	if (named && *named == '/')
		return named;
	entry = getpwuid(geteuid());
	return entry ? entry->pw_dir : "";
}

static rk_error *
find_folders(struct life *life)
{
	const char *state = getenv("XDG_STATE_HOME");
	rk_error *err;

	if (state && *state == '/')
		err = rk_strdupf(&life->state_dir, "%s/rootkeep", state);
	else
		err = rk_strdupf(&life->state_dir, "%s/.local/state/rootkeep", home());
	if (err)
		return err;
	life->working_dir = getcwd(NULL, 0);
	if (!life->working_dir)
		return rk_fail_errno(RK_E_IO, errno, "change into a folder that exists",
		    "the current folder cannot be named");
	life->run.state_dir = life->state_dir;
	life->run.working_dir = life->working_dir;
	return NULL;
}

static rk_error *
meet_outside(struct life *life)
{
	const struct rk_prompt_options options = {
	    .globals = life->run.globals,
	    .in_fd = STDIN_FILENO,
	    .err_fd = STDERR_FILENO,
	    .tty = "/dev/tty",
	};
	rk_error *err = rk_prompt_new(&options, &life->prompt);

	if (err)
		return err;
	life->run.env = rk_prompt_env(life->prompt);
	life->run.clock = rk_prompt_clock(life->prompt);
	return NULL;
}

static rk_error *
meet_tokens(struct life *life)
{
	const struct rk_globals *globals = life->run.globals;
	const struct rk_pkcs11_options options = {
	    .modules = globals->modules.items,
	    .module_count = globals->modules.count,
	    .network = globals->network_token,
	    .env = life->run.env,
	};

	if (!life->pkcs11)
		return NULL;
	if (globals->network_token)
		rk_sayf(life->run.env, RK_SAY_INFO,
		    "the tokens' modules may open network connections (--network-token)");
	return rk_pkcs11_tokens(life->pkcs11, &options, &life->run.tokens);
}

/* Said once a run, and only where it matters. */
static void
warn_of_swap(const struct life *life)
{
	if (rk_secret_heap_is_locked() ||
	    !has_effect(life, RK_TOUCHES_TOKEN | RK_HANDLES_SECRET | RK_SPAWNS))
		return;
	rk_sayf(life->run.env, RK_SAY_WARNING,
	    "no memory could be locked for secrets (ulimit -l): they may get into swap space");
}

/* The launcher is forked before a file is opened or OpenSSL is used: parsing does neither. */
static rk_error *
begin(struct life *life, int argc, char **argv)
{
	rk_error *err = rk_confine_inherited();

	if (!err)
		err = rk_command_parse(&rk_cli_program, argc, argv, &life->line);
	if (err)
		return err;
	life->run.globals = life->line->globals;
	if (has_effect(life, RK_TOUCHES_TOKEN))
		err = rk_pkcs11_launch(&life->pkcs11);
	if (!err)
		err = rk_confine_memory();
	if (!err)
		err = settle_render(life);
	if (!err)
		err = find_folders(life);
	if (!err)
		err = meet_outside(life);
	if (!err)
		err = meet_tokens(life);
	if (!err)
		err = rk_confine_calls(has_effect(life, RK_SPAWNS));
	if (!err)
		warn_of_swap(life);
	return err;
}

static rk_error *
run_command(struct life *life)
{
	const struct rk_command *command = life->line->command;
	rk_error *err = NULL;

	if (life->run.globals->version)
		return rk_about_program(&life->run);
	if (life->run.globals->help)
		return rk_about_words(&life->run, life->line->topic);
	if (command->effects & RK_SIGNS)
		err = rk_globals_signing_time(life->run.globals, life->run.clock);
	return err ? err : command->run(&life->run, life->line->args);
}

static void
end(struct life *life)
{
	rk_pkcs11_free(life->pkcs11);
	rk_prompt_free(life->prompt);
	rk_command_line_free(life->line);
	rk_render_free(life->out);
	free(life->state_dir);
	free(life->working_dir);
}

/* As a program ends that did not catch the signal, so that a shell's loop ends too. */
static int
end_by_signal(int number)
{
	sigset_t set;

	signal(number, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, number);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(number);
	return 128 + number;
}

int
main(int argc, char **argv)
{
	struct life life = {.run = {.program = &rk_cli_program}};
	RK_AUTO(rk_error) err = new_render(rk_globals_json_asked(argc, argv), NULL, &life.out);
	int status, ended_by;

	if (err)
		return rk_code_exit(rk_error_code(err)); /* no memory to say more with */
	err = begin(&life, argc, argv);
	if (!err)
		err = run_command(&life);
	if (!err)
		err = rk_render_finish(life.out);
	if (err)
		rk_render_error(life.out, rk_cli_program.name, err);
	status = err ? rk_code_exit(rk_error_code(err)) : life.run.status;
	ended_by = life.run.signal;
	if (life.prompt && rk_prompt_signal(life.prompt))
		ended_by = rk_prompt_signal(life.prompt);
	end(&life);
	return ended_by ? end_by_signal(ended_by) : status;
}
