#include "support/hands_scene.h"

#include "support/spec.h"

#include <stdlib.h>

int
rk_hands_scene_begin(void **state)
{
	struct rk_hands_scene *scene = calloc(1, sizeof(*scene));

	assert_non_null(scene);
	assert_ok(rk_secret_heap_init());
	scene->module = rk_soft_tokens_new();
	scene->alice = rk_soft_tokens_add(scene->module, "alice", "a1");
	rk_soft_token_add_key(scene->module, scene->alice, RK_KEY_ECDSA_P256, "k");
	scene->person = rk_fake_env_new();
	assert_ok(rk_hands_new(&scene->person.env, &scene->module->tokens, &scene->hands));
	*state = scene;
	return 0;
}

int
rk_hands_scene_end(void **state)
{
	struct rk_hands_scene *scene = *state;

	rk_hands_free(scene->hands);
	rk_fake_env_clear(&scene->person);
	rk_soft_tokens_free(scene->module);
	free(scene);
	return 0;
}

void
rk_hands_scene_knows_pin(struct rk_hands_scene *scene)
{
	rk_fake_env_pin(&scene->person, NULL, "123456");
}

rk_error *
rk_hands_scene_reach(
    struct rk_hands_scene *scene, const char *uri, const rk_pubkey *pubkey, rk_hand **ret_hand)
{
	const struct rk_reach reach = {.name = "k", .pubkey = pubkey, .uris = &uri, .uri_count = 1};

	return rk_hands_reach(scene->hands, &reach, ret_hand);
}
