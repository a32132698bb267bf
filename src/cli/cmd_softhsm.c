#include "cli/cli.h"
#include "cli/planview.h"
#include "cli/spawn.h"

#include "base/file.h"
#include "base/show.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define CONFIG "softhsm2.conf"
#define CONFIG_MAX 65536
#define MODULE "softhsm2"

struct softhsm_args {
	const char *folder;
	const char *label;
};

/* Where things are: absolute, and without links. */
struct place {
	char *folder, *config, *setting; /* "SOFTHSM2_CONF=/…/softhsm2.conf" */
};

static void
place_clear(struct place *place)
{
	free(place->folder);
	free(place->config);
	free(place->setting);
}

static rk_error *
find_place(const char *folder, struct place *place)
{
	rk_error *err;

	place->folder = realpath(folder, NULL);
	if (!place->folder)
		return rk_fail(
		    RK_E_IO, "name another folder", "%s cannot be found", RK_SHOW(folder));
	/* SoftHSM cuts its lines at these. */
	if (strpbrk(place->folder, "#=\r\n"))
		return rk_fail(RK_E_REFUSED, "use a folder whose path has no #, = or line break",
		    "SoftHSM's configuration cannot name %s", RK_SHOW(place->folder));
	err = rk_strdupf(&place->config, "%s/" CONFIG, place->folder);
	return err ? err : rk_strdupf(&place->setting, "SOFTHSM2_CONF=%s", place->config);
}

/* The same folder may get one more token, so what is there already must be what we would write. */
static rk_error *
write_config(const rk_dir *dir, const struct place *place)
{
	RK_AUTO(rk_text) present = NULL;
	RK_AUTO_BUF(text);
	rk_error *err;

	rk_buf_printf(&text,
	    "directories.tokendir = %s/tokens\n"
	    "objectstore.backend = file\n"
	    "log.level = ERROR\n"
	    "slots.removable = false\n",
	    place->folder);
	err = rk_buf_check(&text);
	if (err)
		return err;
	if (!rk_file_exists(dir, CONFIG))
		return rk_file_create(dir, CONFIG, text.data, text.len, 0600);
	err = rk_text_read(dir, CONFIG, CONFIG_MAX, &present);
	if (err || (present->len == text.len && !memcmp(present->data, text.data, text.len)))
		return err;
	return rk_fail(RK_E_EXISTS, "name another folder",
	    "%s is there already, and was not made by this command for this folder",
	    RK_SHOW(place->config));
}

/* Everything in it is for its owner alone, whatever the umask was. */
static rk_error *
make_place(const char *folder, struct place *place)
{
	RK_AUTO(rk_dir) dir = NULL;
	mode_t before = umask(077);
	rk_error *err = rk_dir_make_path(folder);

	if (!err)
		err = rk_dir_open(folder, RK_DIR_OURS, &dir);
	if (!err)
		err = find_place(folder, place);
	if (!err)
		err = rk_dir_make(dir, "tokens");
	if (!err)
		err = write_config(dir, place);
	umask(before);
	return err;
}

/* A command line for the child: as many as fit, else RK_E_LIMIT. */
struct words {
	const char *words[256];
	size_t count;
	bool full;
};

static void
add_word(struct words *words, const char *word)
{
	if (words->count + 1 < sizeof(words->words) / sizeof(words->words[0]))
		words->words[words->count++] = word;
	else
		words->full = true;
}

static void
add_list(struct words *words, const char *option, const rk_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		add_word(words, option);
		add_word(words, list->items[i]);
	}
}

static void
add_globals(struct words *words, const struct rk_globals *globals)
{
	add_word(words, "--json");
	if (globals->modules.count > 0)
		add_list(words, "--module", &globals->modules);
	else {
		add_word(words, "--module");
		add_word(words, MODULE);
	}
	if (globals->no_input)
		add_word(words, "--no-input");
	if (globals->quiet)
		add_word(words, "--quiet");
	if (globals->verbose)
		add_word(words, "--verbose");
}

/* Run ourselves in that place; the child's document. */
static rk_error *
ask_child(struct rk_run *run, const struct place *place, const struct words *words,
    rk_node **ret_document)
{
	const char *const environment[] = {place->setting, NULL};
	const struct rk_spawn spawn = {words->words, environment, true};
	RK_AUTO_SPAWN_END(end);
	rk_error *err;

	if (words->full)
		return rk_fail(
		    RK_E_LIMIT, "give fewer options", "the command line has too many words");
	err = rk_spawn_run(&spawn, &end);
	if (err)
		return err;
	run->signal = end.signal;
	err = rk_spawn_judge(&end);
	return err ? err
		   : rk_node_parse(
			 rk_buf_str(&end.out), end.out.len, "the child's answer", ret_document);
}

/* Two tokens of one name could not be told apart by their URIs' labels. */
static rk_error *
refuse_twin(struct rk_run *run, const struct place *place, const char *label)
{
	struct words words = {.count = 0};
	RK_AUTO(rk_node) document = NULL;
	rk_error *err;

	add_globals(&words, run->globals);
	add_word(&words, "token");
	add_word(&words, "list");
	err = ask_child(run, place, &words, &document);
	if (err)
		return err;
	for (const rk_node *at = rk_node_child(rk_node_get(document, "tokens")); at;
	     at = rk_node_next(at)) {
		const char *present = rk_node_text(rk_node_get(at, "label"));

		if (present && !strcmp(present, label))
			return rk_fail(RK_E_EXISTS, "choose another label",
			    "%s has a token %s already", RK_SHOW(place->folder), RK_SHOW(label));
	}
	return NULL;
}

static rk_error *
init_token(struct rk_run *run, const struct place *place, const char *label, rk_node **ret_document)
{
	const struct rk_globals *globals = run->globals;
	struct words words = {.count = 0};

	add_globals(&words, globals);
	add_list(&words, "--so-pin-file", &globals->so_pin_files);
	add_list(&words, "--new-pin-file", &globals->new_pin_files);
	add_word(&words, "token");
	add_word(&words, "init");
	add_word(&words, "--label");
	add_word(&words, label);
	add_word(&words, "--");
	add_word(&words, "pkcs11:"); /* the one empty token that SoftHSM always shows */
	return ask_child(run, place, &words, ret_document);
}

/* A word of a POSIX shell. */
static void
quote(rk_buf *out, const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "/._-+,:@%";

	if (text[strspn(text, plain)] == 0) {
		rk_buf_text(out, text);
		return;
	}
	rk_buf_byte(out, '\'');
	for (; *text; text++)
		if (*text == '\'')
			rk_buf_text(out, "'\\''");
		else
			rk_buf_byte(out, (uint8_t)*text);
	rk_buf_byte(out, '\'');
}

/* stdout is the environment line alone, so that a shell can eval it. */
static rk_error *
render(struct rk_run *run, const struct place *place, rk_node *document)
{
	rk_node *environment = rk_node_new_object();
	RK_AUTO_BUF(line);
	rk_error *err =
	    environment ? rk_node_put_text(environment, "SOFTHSM2_CONF", place->config) : NULL;

	if (err) {
		rk_node_free(environment);
		return err;
	}
	err = rk_node_put(document, "environment", environment);
	rk_buf_text(&line, "export SOFTHSM2_CONF=");
	quote(&line, place->config);
	rk_buf_byte(&line, '\n');
	if (!err)
		err = rk_buf_check(&line);
	if (!err)
		rk_render_text(run->out, rk_buf_str(&line));
	return err;
}

static rk_error *
show_plan(struct rk_run *run, const struct softhsm_args *softhsm)
{
	RK_AUTO(rk_plan) plan = NULL;
	rk_error *err = rk_plan_new(&plan, "make the SoftHSM token %s in %s",
	    RK_SHOW(softhsm->label), RK_SHOW(softhsm->folder));

	if (!err)
		err = rk_plan_add(plan, RK_EFFECT_TOKEN, "make %s/tokens and %s/" CONFIG,
		    RK_SHOW_BARE(softhsm->folder), RK_SHOW_BARE(softhsm->folder));
	if (!err)
		err = rk_plan_add(plan, RK_EFFECT_TOKEN,
		    "initialise an empty token there as %s, with a new SO PIN and a new PIN",
		    RK_SHOW(softhsm->label));
	return err ? err : rk_planview_render(run, plan);
}

static rk_error *
softhsm_run(struct rk_run *run, const void *args)
{
	const struct softhsm_args *softhsm = args;
	__attribute__((cleanup(place_clear))) struct place place = {NULL, NULL, NULL};
	RK_AUTO(rk_node) document = NULL;
	rk_error *err;

	if (run->globals->dry_run)
		return show_plan(run, softhsm);
	err = make_place(softhsm->folder, &place);
	if (!err)
		err = refuse_twin(run, &place, softhsm->label);
	if (!err)
		err = init_token(run, &place, softhsm->label, &document);
	if (!err)
		err = render(run, &place, document);
	if (err)
		return err;
	rk_sayf(run->env, RK_SAY_INFO,
	    "token %s is in %s; with this line a shell finds it:", RK_SHOW(softhsm->label),
	    RK_SHOW(place.folder));
	rk_render_json(run->out, RK_TAKE(document));
	return NULL;
}

static const struct rk_argument softhsm_arguments[] = {
    RK_ARG(softhsm_args, folder, "DIR", "the folder; made where it is missing"),
    RK_ARG_END,
};

static const struct rk_option softhsm_options[] = {
    RK_OPT_STRING(
	softhsm_args, label, "label", "L", "the token's label, 1 to 32 bytes", RK_REQUIRED),
    RK_OPT_END,
};

const struct rk_command rk_cmd_token_softhsm = {
    .name = "token softhsm",
    .summary = "a fresh SoftHSM token in a folder of its own, for tests and CI",
    .args_size = sizeof(struct softhsm_args),
    .arguments = softhsm_arguments,
    .options = softhsm_options,
    .effects = RK_SPAWNS,
    .example =
	"eval \"$(rootkeep token softhsm ci --label ci --new-pin-file pin --so-pin-file sopin)\"",
    .description =
	"Writes DIR/softhsm2.conf and DIR/tokens, for their owner alone, initialises a token there "
	"and prints the environment line that lets SoftHSM's module find it; other tokens of this "
	"machine are not touched. Called again for the same DIR, it makes one more token there.\n\n"
	"A software token protects a key no better than a file does.",
    .run = softhsm_run,
};
