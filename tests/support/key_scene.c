#include "support/key_scene.h"

#include "support/folder.h"
#include "support/spec.h"

#include "keep/journal.h"

#include <stdlib.h>

static rk_keep *
open_keep(struct rk_key_scene *scene, bool write)
{
	const struct rk_keep_options options = {
	    .dir = scene->folder, .write = write, .create = true, .env = &scene->person.env};
	rk_keep *keep = NULL;

	assert_ok(rk_keep_open(&options, &keep));
	return keep;
}

static void
meet(struct rk_key_scene *scene)
{
	scene->keep = open_keep(scene, true);
	assert_ok(rk_hands_new(&scene->person.env, &scene->module->tokens, &scene->hands));
	scene->custody =
	    (struct rk_custody){&scene->person.env, scene->keep, scene->hands, scene->person.now};
}

static void
part(struct rk_key_scene *scene)
{
	rk_hands_free(scene->hands);
	rk_keep_free(scene->keep);
	scene->hands = NULL;
	scene->keep = NULL;
}

int
rk_key_scene_begin(void **state)
{
	struct rk_key_scene *scene = calloc(1, sizeof(*scene));

	if (!scene || rk_folder_new(&scene->folder) != 0) {
		free(scene);
		return -1;
	}
	assert_ok(rk_secret_heap_init());
	scene->module = rk_soft_tokens_new();
	scene->alice = rk_soft_tokens_add(scene->module, "alice", "a1");
	scene->bob = rk_soft_tokens_add(scene->module, "bob", "b2");
	scene->person = rk_fake_env_new();
	rk_fake_env_pin(&scene->person, NULL, "123456");
	meet(scene);
	*state = scene;
	return 0;
}

int
rk_key_scene_end(void **state)
{
	struct rk_key_scene *scene = *state;
	int result;

	part(scene);
	rk_fake_env_clear(&scene->person);
	rk_soft_tokens_free(scene->module);
	result = rk_folder_remove(&scene->folder);
	free(scene);
	return result;
}

void
rk_key_scene_again(struct rk_key_scene *scene)
{
	part(scene);
	rk_soft_tokens_settle(scene->module);
	meet(scene);
}

int64_t
rk_key_scene_lines(const struct rk_key_scene *scene)
{
	rk_journal_head head;

	assert_ok(rk_journal_verify(rk_keep_dir(scene->keep), &head));
	return head.count;
}

rk_keep *
rk_key_scene_read(struct rk_key_scene *scene)
{
	part(scene);
	return open_keep(scene, false);
}

const rk_keep_key *
rk_key_scene_make(struct rk_key_scene *scene, const char *name, const char *token)
{
	const struct rk_custody_wish wish = {
	    .name = name, .token = token, .type = RK_KEY_ECDSA_P256};
	const rk_keep_key *key = NULL;

	assert_ok(rk_custody_generate(&scene->custody, &wish, &key));
	return key;
}
