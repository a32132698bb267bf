/*
 * key_scene.h - a keep in a folder, two tokens in software, and a person who knows their PINs
 *
 * Ownership  rk_key_scene_begin and rk_key_scene_end are cmocka's setup and teardown: *state is the
 *            scene.
 */
#ifndef RK_SUPPORT_KEY_SCENE_H
#define RK_SUPPORT_KEY_SCENE_H

#include "support/fake_env.h"
#include "support/soft_token.h"

#include "flow/custody.h"

struct rk_key_scene {
	void *folder; /* its path */
	struct rk_soft_tokens *module;
	struct rk_soft_token *alice, *bob; /* serials a1 and b2 */
	struct rk_fake_env person;
	rk_keep *keep;
	rk_hands *hands;
	struct rk_custody custody;
};

int rk_key_scene_begin(void **state);
int rk_key_scene_end(void **state);
/* As a new run of the program: the keep read anew, nothing logged in, failures forgotten. */
void rk_key_scene_again(struct rk_key_scene *scene);
/* The lines of the journal, as they are on the disk. */
int64_t rk_key_scene_lines(const struct rk_key_scene *scene);
/* The keep as it is on the disk; the caller's. The scene's own is given back for it. */
rk_keep *rk_key_scene_read(struct rk_key_scene *scene);
/* A key made by the story itself. */
const rk_keep_key *
rk_key_scene_make(struct rk_key_scene *scene, const char *name, const char *token);

#endif
