/*
 * hands_scene.h - a module with token "alice" and its key "k", a person who knows its PIN, and hands
 *
 * Ownership  *state is the scene between begin and end.
 */
#ifndef RK_TESTS_HANDS_SCENE_H
#define RK_TESTS_HANDS_SCENE_H

#include "support/fake_env.h"
#include "support/soft_token.h"

#include "flow/hands.h"

struct rk_hands_scene {
	struct rk_soft_tokens *module;
	struct rk_soft_token *alice;
	struct rk_fake_env person;
	rk_hands *hands;
};

int rk_hands_scene_begin(void **state);
int rk_hands_scene_end(void **state);
/* From now on the person has an answer. */
void rk_hands_scene_knows_pin(struct rk_hands_scene *scene);
/* Key "k" by that URI; `pubkey` NULL: whatever is there. */
RK_CHECKED rk_error *rk_hands_scene_reach(
    struct rk_hands_scene *scene, const char *uri, const rk_pubkey *pubkey, rk_hand **ret_hand);

#endif
