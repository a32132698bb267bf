#include "support/softhsm.h"

#include "support/folder.h"
#include "support/spec.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *
find_module(void)
{
	static const char *const places[] = {
	    "/usr/lib/softhsm/libsofthsm2.so",
	    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
	    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
	    "/usr/lib64/pkcs11/libsofthsm2.so",
	    "/usr/lib64/softhsm/libsofthsm2.so",
	    "/usr/local/lib/softhsm/libsofthsm2.so",
	};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (access(places[i], R_OK) == 0)
			return places[i];
	return NULL;
}

static void
hear(rk_env *env, enum rk_say level, const char *text)
{
	rk_softhsm *softhsm = (rk_softhsm *)env;

	if (level != RK_SAY_WARNING)
		return;
	softhsm->warnings++;
	snprintf(softhsm->said, sizeof(softhsm->said), "%s", text);
}

static void
keep_waiting(rk_env *env, const char *what, uint64_t done, uint64_t total)
{
	(void)env;
	(void)what;
	(void)done;
	(void)total;
}

static const struct rk_env_ops ops = {.say = hear, .progress = keep_waiting};

/* The folder, its configuration, and the variable that names it. */
static int
settle(rk_softhsm *softhsm)
{
	RK_AUTO_BUF(text);

	if (rk_folder_new(&softhsm->folder) != 0)
		return -1;
	rk_buf_printf(&text,
	    "directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n"
	    "slots.removable = false\n",
	    rk_folder_path(softhsm->folder, "tokens"));
	if (mkdir(rk_folder_path(softhsm->folder, "tokens"), 0700) != 0)
		return -1;
	rk_folder_write(softhsm->folder, "softhsm2.conf", rk_buf_str(&text));
	return setenv("SOFTHSM2_CONF", rk_folder_path(softhsm->folder, "softhsm2.conf"), 1);
}

int
rk_softhsm_new(void **state)
{
	rk_softhsm *softhsm = calloc(1, sizeof(*softhsm));

	if (!softhsm)
		return -1;
	*state = softhsm;
	softhsm->env.ops = &ops;
	softhsm->module = find_module();
	return settle(softhsm);
}

void
rk_softhsm_settle(rk_softhsm *softhsm)
{
	rk_pkcs11_free(softhsm->pkcs11);
	softhsm->pkcs11 = NULL;
	assert_int_equal(rk_folder_remove(&softhsm->folder), 0);
	assert_int_equal(settle(softhsm), 0);
}

int
rk_softhsm_free(void **state)
{
	rk_softhsm *softhsm = *state;
	int bad;

	rk_pkcs11_free(softhsm->pkcs11);
	bad = rk_folder_remove(&softhsm->folder);
	free(softhsm);
	return bad;
}

rk_softhsm *
rk_softhsm_or_skip(void **state)
{
	rk_softhsm *softhsm = *state;
	const char *ci = getenv("CI");

	if (softhsm->module)
		return softhsm;
	if (ci && strcmp(ci, "true") == 0)
		fail_msg("SoftHSM is not installed, and CI must not go without it");
	print_message("SoftHSM is not installed (package softhsm2)\n");
	skip();
	return NULL;
}

void
rk_softhsm_launch(rk_softhsm *softhsm, const char *const *modules, int timeout_seconds)
{
	struct rk_pkcs11_options options = {
	    .modules = modules, .timeout_seconds = timeout_seconds, .env = &softhsm->env};

	while (modules[options.module_count])
		options.module_count++;
	rk_pkcs11_free(softhsm->pkcs11);
	softhsm->pkcs11 = NULL;
	assert_ok(rk_pkcs11_launch(&softhsm->pkcs11));
	assert_ok(rk_secret_heap_init());
	assert_ok(rk_pkcs11_tokens(softhsm->pkcs11, &options, &softhsm->tokens));
}

static rk_secret *
secret_of(const char *text)
{
	rk_secret *secret = NULL;

	assert_ok(rk_secret_copy(text, strlen(text), &secret));
	return secret;
}

void
rk_softhsm_add_token(rk_softhsm *softhsm, const char *label)
{
	RK_AUTO(rk_secret) pin = secret_of(RK_SOFTHSM_PIN);
	RK_AUTO(rk_secret) so_pin = secret_of(RK_SOFTHSM_SO_PIN);
	RK_AUTO(rk_token_info) info = NULL;

	assert_ok(
	    softhsm->tokens->ops->init(softhsm->tokens, "pkcs11:", label, so_pin, pin, &info));
	assert_string_equal(info->label, label);
	assert_true(info->initialized);
	assert_int_equal(info->pin_state, RK_PIN_OK);
}

rk_softhsm *
rk_softhsm_with_one(void **state)
{
	rk_softhsm *softhsm = rk_softhsm_or_skip(state);
	const char *const modules[] = {softhsm->module, NULL};

	rk_softhsm_launch(softhsm, modules, 0);
	rk_softhsm_add_token(softhsm, "one");
	return softhsm;
}

rk_token *
rk_softhsm_open(rk_softhsm *softhsm, const char *label)
{
	rk_token *token = NULL;
	char uri[128];

	snprintf(uri, sizeof(uri), "pkcs11:token=%s", label);
	assert_ok(softhsm->tokens->ops->open(softhsm->tokens, uri, &token));
	return token;
}

rk_error *
rk_softhsm_try_pin(rk_token *token, const char *pin)
{
	RK_AUTO(rk_secret) secret = secret_of(pin);

	return token->ops->login(token, secret);
}

rk_token *
rk_softhsm_log_in(rk_softhsm *softhsm, const char *label)
{
	rk_token *token = rk_softhsm_open(softhsm, label);

	assert_ok(rk_softhsm_try_pin(token, RK_SOFTHSM_PIN));
	return token;
}

rk_error *
rk_softhsm_generate(
    rk_token *token, enum rk_key_type type, const char *label, rk_token_key **ret_key)
{
	/* Of several bytes, with zeros in it. */
	uint8_t id[8] = {0, 0xff, 0, 7, (uint8_t)type, 0};
	struct rk_key_spec spec = {.type = type, .label = label, .id = id, .id_len = sizeof(id)};

	id[6] = (uint8_t)strlen(label);
	id[7] = (uint8_t)label[0];
	return token->ops->generate(token, &spec, ret_key);
}

rk_error *
rk_softhsm_sign(rk_token *token, const rk_token_key *key, const char *text)
{
	const rk_scheme *scheme = rk_pubkey_token_scheme(key->pubkey);
	__attribute__((cleanup(rk_payload_clear))) rk_payload payload = {0};
	struct rk_sign_job job = {.key = key, .hash = scheme->hash, .payload = &payload};
	rk_error *err;

	assert_ok(rk_payload_from_bytes(text, strlen(text), &payload));
	err = token->ops->sign(token, &job, 1);
	if (!err)
		err = job.err;
	if (!err)
		err = rk_pubkey_verify(
		    key->pubkey, scheme, &payload, job.signature.data, job.signature.len);
	rk_buf_clear(&job.signature);
	return err;
}

/* Of any process: who started it. 0: not to be told. */
static pid_t
parent_of(const char *name)
{
	char path[300];
	FILE *file;
	int parent = 0;

	snprintf(path, sizeof(path), "/proc/%s/stat", name);
	file = fopen(path, "r");
	if (!file)
		return 0;
	if (fscanf(file, "%*d (%*[^)]) %*c %d", &parent) != 1)
		parent = 0;
	fclose(file);
	return parent;
}

static size_t
children_of(pid_t parent, pid_t *ret_one)
{
	DIR *stream = opendir("/proc");
	size_t count = 0;

	assert_non_null(stream);
	for (struct dirent *entry; (entry = readdir(stream));) {
		if (entry->d_name[0] < '1' || entry->d_name[0] > '9' ||
		    parent_of(entry->d_name) != parent)
			continue;
		*ret_one = (pid_t)strtol(entry->d_name, NULL, 10);
		count++;
	}
	closedir(stream);
	return count;
}

size_t
rk_softhsm_workers(pid_t *ret_one)
{
	pid_t launcher = 0;

	if (children_of(getpid(), &launcher) != 1)
		return 0;
	return children_of(launcher, ret_one);
}
