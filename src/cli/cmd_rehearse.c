#include "cli/cli.h"
#include "cli/spawn.h"
#include "cli/stage.h"

#include "base/file.h"
#include "base/show.h"
#include "flow/rehearse.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define STEPS_MAX 64

struct rehearse_args {
	const char *folder;
};

/* What is known of the steps so far. */
struct rehearsal {
	struct rk_run *run;
	char *folder; /* absolute */
	char *softhsm, *state; /* "NAME=value" */
	struct {
		char *command;
		double seconds;
		int status;
	} done[STEPS_MAX];
	size_t count;
};

static void
rehearsal_clear(struct rehearsal *rehearsal)
{
	for (size_t i = 0; i < rehearsal->count; i++)
		free(rehearsal->done[i].command);
	free(rehearsal->folder);
	free(rehearsal->softhsm);
	free(rehearsal->state);
}

/* A folder of our own: the one that was named, if nothing is in it, or a new one. */
static rk_error *
make_folder(const char *wanted, char **ret_folder)
{
	const char *below = getenv("TMPDIR");
	RK_AUTO(rk_str) made = NULL;
	RK_AUTO(rk_dir) dir = NULL;
	RK_AUTO(rk_names) names = NULL;
	char *folder;
	rk_error *err;

	if (wanted) {
		err = rk_dir_make_path(wanted);
	} else {
		err = rk_strdupf(
		    &made, "%s/rootkeep-rehearsal-XXXXXX", below && *below ? below : "/tmp");
		if (!err && !mkdtemp(made))
			err = rk_fail(RK_E_IO, "name a folder: rootkeep rehearse DIR",
			    "no folder could be made below %s", RK_SHOW(below ? below : "/tmp"));
	}
	if (!err)
		err = rk_dir_open(wanted ? wanted : made, RK_DIR_OURS, &dir);
	if (!err)
		err = rk_dir_list(dir, "", 1024, &names);
	if (!err && names->count > 0)
		return rk_fail(RK_E_EXISTS, "name an empty folder, or none", "%s is not empty",
		    RK_SHOW(wanted));
	if (err)
		return err;
	folder = realpath(wanted ? wanted : made, NULL);
	if (!folder)
		return rk_out_of_memory();
	*ret_folder = folder;
	return NULL;
}

static rk_error *
set_the_stage(struct rehearsal *rehearsal)
{
	rk_error *err = rk_strdupf(
	    &rehearsal->softhsm, "SOFTHSM2_CONF=%s/tokens/softhsm2.conf", rehearsal->folder);

	if (!err)
		err = rk_strdupf(&rehearsal->state, "XDG_STATE_HOME=%s/state", rehearsal->folder);
	return err ? err
		   : rk_stage_set(&(struct rk_stage){rehearsal->run->env, rehearsal->folder,
			 rehearsal->softhsm, rehearsal->state});
}

/* The word with the folder in the place of "@". */
static rk_error *
expand(const struct rehearsal *rehearsal, const char *word, char **ret_word)
{
	const char *at = strstr(word, "@/");

	if (!at)
		return rk_strdup(word, ret_word);
	return rk_strdupf(ret_word, "%.*s%s%s", (int)(at - word), word, rehearsal->folder, at + 1);
}

/* As a shell takes it. */
static void
quote(rk_buf *out, const char *word)
{
	bool plain =
	    *word && !word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					"0123456789_./:=,+-")];

	rk_buf_printf(out, plain ? " %s" : " '%s'", word);
}

static double
seconds_now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static rk_error *
judge(const struct rk_rehearse_step *step, const rk_spawn_end *end, const char *command)
{
	if (end->signal)
		return rk_fail(RK_E_CANCELLED, NULL, "the rehearsal was stopped");
	if (end->status == step->status)
		return NULL;
	return rk_fail(RK_E_INTERNAL, "run that command by itself, with env.sh read first",
	    "%s ended with status %d instead of %d", RK_SHOW(command), end->status, step->status);
}

static rk_error *
run_words(struct rehearsal *rehearsal, const struct rk_rehearse_step *step,
    const char *const *words, char *command)
{
	const char *const environment[] = {rehearsal->softhsm, rehearsal->state, NULL};
	struct rk_spawn spawn = {words, environment, rehearsal->run->globals->json};
	RK_AUTO_SPAWN_END(end);
	double begun = seconds_now();
	rk_error *err;

	rk_sayf(rehearsal->run->env, RK_SAY_INFO, "\n  %s\n  $%s", step->why, command);
	err = rk_spawn_run(&spawn, &end);
	rehearsal->run->signal = end.signal;
	if (!err)
		err = judge(step, &end, command);
	rehearsal->done[rehearsal->count].command = command;
	rehearsal->done[rehearsal->count].seconds = seconds_now() - begun;
	rehearsal->done[rehearsal->count++].status = end.status;
	return err;
}

static rk_error *
run_step(struct rehearsal *rehearsal, const struct rk_rehearse_step *step)
{
	const char *words[RK_REHEARSE_WORDS + 1] = {NULL};
	char *owned[RK_REHEARSE_WORDS] = {NULL};
	char *command = NULL;
	RK_AUTO_BUF(line);
	rk_error *err = NULL;

	if (step->act)
		rk_sayf(rehearsal->run->env, RK_SAY_INFO, "\n== %s", step->act);
	rk_buf_text(&line, " rootkeep");
	for (size_t i = 0; i < RK_REHEARSE_WORDS && step->words[i] && !err; i++) {
		err = expand(rehearsal, step->words[i], &owned[i]);
		words[i] = owned[i];
		if (!err)
			quote(&line, owned[i]);
	}
	if (!err)
		err = rk_buf_take(&line, &command);
	if (!err)
		err = run_words(rehearsal, step, words, command);
	for (size_t i = 0; i < RK_REHEARSE_WORDS; i++)
		free(owned[i]);
	return err;
}

static rk_error *
summary_node(const struct rehearsal *rehearsal, double seconds, rk_node **ret_node)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	RK_AUTO(rk_node) steps = rk_node_new_array();
	rk_error *err = node && steps ? rk_node_put_text(node, "folder", rehearsal->folder)
				      : rk_out_of_memory();

	for (size_t i = 0; i < rehearsal->count && !err; i++) {
		RK_AUTO(rk_node) step = rk_node_new_object();

		err = step ? rk_node_put_text(step, "command", rehearsal->done[i].command + 1)
			   : rk_out_of_memory();
		if (!err)
			err = rk_node_put_int(step, "status", rehearsal->done[i].status);
		if (!err)
			err = rk_node_put_int(
			    step, "milliseconds", (int64_t)(rehearsal->done[i].seconds * 1000));
		if (!err)
			err = rk_node_append(steps, RK_TAKE(step));
	}
	if (!err)
		err = rk_node_put(node, "steps", RK_TAKE(steps));
	if (!err)
		err = rk_node_put_int(node, "milliseconds", (int64_t)(seconds * 1000));
	if (!err)
		*ret_node = RK_TAKE(node);
	return err;
}

static rk_error *
summary(struct rehearsal *rehearsal, double seconds)
{
	static const char *const headings[] = {"ACT", "STEPS", "SECONDS", NULL};
	RK_AUTO(rk_table) table = NULL;
	rk_node *node = NULL;
	size_t at = 0;
	rk_error *err = rk_table_new(headings, &table);

	while (!err && at < rehearsal->count) {
		const char *act = rk_rehearse_story[at].act;
		size_t steps = 0;
		double spent = 0;

		do {
			spent += rehearsal->done[at + steps].seconds;
			steps++;
		} while (at + steps < rehearsal->count && !rk_rehearse_story[at + steps].act);
		rk_table_cell(table, "%s", act);
		rk_table_cell(table, "%zu", steps);
		rk_table_cell(table, "%.2f", spent);
		at += steps;
	}
	if (!err)
		err = summary_node(rehearsal, seconds, &node);
	if (err)
		return err;
	rk_render_json(rehearsal->run->out, node);
	rk_render_line(rehearsal->run->out, "%s", "");
	rk_render_table(rehearsal->run->out, table);
	rk_render_line(rehearsal->run->out,
	    "%zu commands in %.1f seconds, every state verified as a client would",
	    rehearsal->count, seconds);
	rk_render_line(rehearsal->run->out, "all of it is in %s: keep, tokens, pins, env.sh",
	    RK_SHOW(rehearsal->folder));
	return NULL;
}

static rk_error *
rehearse(struct rehearsal *rehearsal, const char *wanted)
{
	double begun = seconds_now();
	rk_error *err = make_folder(wanted, &rehearsal->folder);

	if (!err)
		err = set_the_stage(rehearsal);
	for (size_t i = 0; !err && i < STEPS_MAX && rk_rehearse_story[i].words[0]; i++)
		err = run_step(rehearsal, &rk_rehearse_story[i]);
	return err ? err : summary(rehearsal, seconds_now() - begun);
}

static rk_error *
rehearse_run(struct rk_run *run, const void *args)
{
	struct rehearsal rehearsal = {.run = run};
	rk_error *err = rehearse(&rehearsal, ((const struct rehearse_args *)args)->folder);

	rehearsal_clear(&rehearsal);
	return err;
}

static const struct rk_argument rehearse_arguments[] = {
    RK_ARG_OPTIONAL(
	rehearse_args, folder, "DIR", "where to play (default: a new temporary folder)"),
    RK_ARG_END,
};

const struct rk_command rk_cmd_rehearse = {
    .name = "rehearse",
    .summary = "live a keep's life on throwaway SoftHSM tokens, and be told each command",
    .args_size = sizeof(struct rehearse_args),
    .arguments = rehearse_arguments,
    .effects = RK_SPAWNS,
    .example = "rootkeep rehearse",
    .description =
	"Three root holders with a threshold of two, a key for targets, files published, a root "
	"holder replaced; then a repository for Docker Content Trust: root certificates made on "
	"the "
	"tokens, a tag signed, a certificate renewed. No server is there: its public keys are made "
	"up, and what it would sign is missing, so that repository is verified as far as it is "
	"held. Each step is this program, run with the command that is shown. No other token is "
	"touched. DIR is left to play in: DIR/keep, DIR/tokens, DIR/pins, DIR/env.sh.",
    .run = rehearse_run,
};
