#include "cli/stage.h"

#include "base/file.h"
#include "base/show.h"
#include "flow/rehearse.h"
#include "tuf/dialect.h"
#include "json/write.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PIN_DIGITS 8
#define SEED_SIZE 32

/* Random digits: these tokens are thrown away, and their PINs lie beside them. */
static rk_error *
write_pin(rk_env *env, const rk_dir *dir, const char *holder)
{
	uint8_t bytes[PIN_DIGITS];
	char line[PIN_DIGITS + 1];
	RK_AUTO(rk_str) name = NULL;
	rk_error *err = env->ops->entropy(env, bytes, sizeof(bytes));

	for (size_t i = 0; i < PIN_DIGITS; i++)
		line[i] = (char)('0' + bytes[i] % 10);
	line[PIN_DIGITS] = '\n';
	if (!err)
		err = rk_strdupf(&name, "pins/%s.pin", holder);
	return err ? err : rk_file_create(dir, name, line, sizeof(line), 0600);
}

static rk_error *
write_artifact(const rk_dir *dir, const char *file)
{
	RK_AUTO(rk_str) name = NULL;
	RK_AUTO(rk_str) text = NULL;
	rk_error *err = rk_strdupf(&name, "artifacts/%s", file);

	if (!err)
		err = rk_strdupf(&text, "this is %s\n", file);
	return err ? err : rk_file_create(dir, name, text, strlen(text), 0644);
}

static rk_error *
write_settings(const struct rk_stage *stage, const rk_dir *dir)
{
	RK_AUTO_BUF(text);
	rk_error *err;

	rk_buf_printf(&text,
	    "# . this file, then: rootkeep -C \"$REHEARSAL/keep\" status\n"
	    "export REHEARSAL='%s'\nexport '%s'\nexport '%s'\n",
	    stage->folder, stage->softhsm, stage->state);
	err = rk_buf_check(&text);
	return err ? err : rk_file_create(dir, "env.sh", text.data, text.len, 0644);
}

/*
 * What a server would give. Nobody has the private halves: no server is rehearsed, and what it would
 * sign is not there.
 */
static rk_error *
write_server_key(rk_env *env, const rk_dir *dir, const char *role)
{
	uint8_t seed[SEED_SIZE];
	RK_AUTO(rk_pubkey) pubkey = NULL;
	RK_AUTO(rk_node) object = NULL;
	RK_AUTO(rk_str) name = NULL;
	RK_AUTO_BUF(text);
	rk_error *err = env->ops->entropy(env, seed, sizeof(seed));

	if (!err)
		err = rk_pubkey_from_ed25519_seed(seed, &pubkey);
	if (!err)
		err = rk_dialect_notary.key_object(pubkey, &object);
	if (!err)
		err = rk_strdupf(&name, "server/%s.json", role);
	if (err)
		return err;
	rk_write_node(&text, object, &rk_style_line, 0);
	err = rk_buf_check(&text);
	return err ? err : rk_file_create(dir, name, text.data, text.len, 0644);
}

static rk_error *
fill(const struct rk_stage *stage, const rk_dir *dir)
{
	static const char *const folders[] = {"keep", "pins", "artifacts", "server", "state"};
	rk_error *err = NULL;

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]) && !err; i++)
		err = rk_dir_make(dir, folders[i]);
	for (const char *const *holder = rk_rehearse_holders; *holder && !err; holder++)
		err = write_pin(stage->env, dir, *holder);
	if (!err)
		err = write_pin(stage->env, dir, "so");
	for (const char *const *file = rk_rehearse_artifacts; *file && !err; file++)
		err = write_artifact(dir, *file);
	for (const char *const *role = rk_rehearse_server_roles; *role && !err; role++)
		err = write_server_key(stage->env, dir, *role);
	return err ? err : write_settings(stage, dir);
}

rk_error *
rk_stage_set(const struct rk_stage *stage)
{
	RK_AUTO(rk_dir) dir = NULL;
	mode_t before = umask(077);
	rk_error *err = rk_dir_open(stage->folder, RK_DIR_OURS, &dir);

	if (!err)
		err = fill(stage, dir);
	umask(before);
	return err;
}
