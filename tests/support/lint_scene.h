/*
 * lint_scene.h - files that every client takes, to be broken and looked at by lint
 *
 * A root, a targets file (one target, one delegation), a snapshot and a timestamp of TUF, with keys
 * of a maker's. A test replaces some text in one of them, and says what lint must find.
 *
 * Ownership  a scene owns its maker and texts; lints that it gives are the test's. Failures fail the
 *            test.
 */
#ifndef RK_SUPPORT_LINT_SCENE_H
#define RK_SUPPORT_LINT_SCENE_H

#include "support/tuf_maker.h"

#include "tuf/lint.h"

#define RK_SCENE_PY (1u << RK_LINT_PYTHON_TUF)
#define RK_SCENE_GO (1u << RK_LINT_GO_TUF)
#define RK_SCENE_TO (1u << RK_LINT_TOUGH)
#define RK_SCENE_JS (1u << RK_LINT_TUF_JS)
#define RK_SCENE_ALL (RK_SCENE_PY | RK_SCENE_GO | RK_SCENE_TO | RK_SCENE_JS)
#define RK_SCENE_HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

enum rk_scene_base {
	RK_SCENE_ROOT,
	RK_SCENE_TARGETS,
	RK_SCENE_SNAPSHOT,
	RK_SCENE_TIMESTAMP,
	RK_SCENE_BASES
};

typedef struct rk_lint_scene {
	void *maker;
	char *base[RK_SCENE_BASES];
	bool seen[256]; /* rules that some test has met */
} rk_lint_scene;

extern const char *const rk_lint_scene_roles[RK_SCENE_BASES];

/* cmocka's setup and teardown: *state is the scene. */
int rk_lint_scene_new(void **state);
int rk_lint_scene_free(void **state);

/* A base file with `from` replaced once; NULL: as it is. */
rk_text *rk_lint_scene_text(
    const rk_lint_scene *scene, enum rk_scene_base base, const char *from, const char *to);
/* Look at it as "file", now, its length listed. */
struct rk_lint_wish rk_lint_scene_wish(rk_text *text);
/* Takes `wish->text` over. */
rk_lint *rk_lint_scene_look(const struct rk_lint_wish *wish);
/* NULL: none. */
const rk_lint_finding *rk_lint_scene_finding(const rk_lint *lint, const char *rule);
/* The first finding of the rule has errors and warnings of just these clients. */
void
rk_lint_scene_finds(rk_lint_scene *scene, const rk_lint *lint, const struct rk_lint_rule *expected);

#endif
