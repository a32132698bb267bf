#include "support/lint_scene.h"

#include "support/spec.h"

#include <stdlib.h>
#include <string.h>

const char *const rk_lint_scene_roles[RK_SCENE_BASES] = {
    "root", "targets", "snapshot", "timestamp"};

static char *
make_root(const rk_tuf_maker *maker)
{
	RK_AUTO(rk_root) root = NULL;
	rk_text *text = NULL;
	char *copy;

	/* Every key is needed, so that it does not matter which of them a test breaks. */
	assert_ok(rk_root_copy(maker->root, &root));
	assert_ok(rk_root_set_threshold(root, RK_ROLE_ROOT, 3));
	assert_ok(rk_envelope_compose(&rk_dialect_tuf, root->signed_node, NULL, &text));
	copy = strndup(text->data, text->len);
	rk_text_free(text);
	assert_non_null(copy);
	return copy;
}

static char *
make_targets(const rk_tuf_maker *maker)
{
	RK_AUTO_BUF(text);
	char *made = NULL;

	rk_buf_text(&text,
	    "{\"signatures\":[{\"keyid\":\"aa\",\"sig\":\"bb\"},{\"keyid\":\"ab\",\"sig\":\"\"}],"
	    "\"signed\":{\"_type\":\"targets\",\"delegations\":{");
	rk_tuf_maker_keys_json(maker, "67", &text);
	rk_buf_text(&text, ",\"roles\":[{");
	rk_tuf_maker_keyids_json(maker, "67", &text);
	rk_buf_text(&text, ",\"name\":\"alice\",\"paths\":[\"a/b\"],\"terminating\":false,"
			   "\"threshold\":1}]},\"expires\":\"2028-01-01T00:00:00Z\","
			   "\"spec_version\":\"1.0.31\",\"targets\":{\"a\":{\"hashes\":{\"sha256\":"
			   "\"" RK_SCENE_HASH "\"},\"length\":5}},\"version\":1}}");
	assert_ok(rk_buf_take(&text, &made));
	return made;
}

static char *
make_meta(const char *type, const char *file)
{
	char *made = NULL;

	assert_ok(rk_strdupf(&made,
	    "{\"signatures\":[],\"signed\":{\"_type\":\"%s\",\"expires\":\"2028-01-01T00:00:00Z\","
	    "\"meta\":{\"%s\":{\"length\":17,\"version\":3}},\"spec_version\":\"1.0.31\","
	    "\"version\":1}}",
	    type, file));
	return made;
}

int
rk_lint_scene_new(void **state)
{
	rk_lint_scene *scene = calloc(1, sizeof(*scene));

	assert_non_null(scene);
	assert_int_equal(rk_tuf_maker_new(&scene->maker), 0);
	scene->base[RK_SCENE_ROOT] = make_root(scene->maker);
	scene->base[RK_SCENE_TARGETS] = make_targets(scene->maker);
	scene->base[RK_SCENE_SNAPSHOT] = make_meta("snapshot", "targets.json");
	scene->base[RK_SCENE_TIMESTAMP] = make_meta("timestamp", "snapshot.json");
	*state = scene;
	return 0;
}

int
rk_lint_scene_free(void **state)
{
	rk_lint_scene *scene = *state;

	rk_tuf_maker_free(&scene->maker);
	for (int i = 0; i < RK_SCENE_BASES; i++)
		free(scene->base[i]);
	free(scene);
	return 0;
}

rk_text *
rk_lint_scene_text(
    const rk_lint_scene *scene, enum rk_scene_base base, const char *from, const char *to)
{
	const char *text = scene->base[base], *place = from ? strstr(text, from) : NULL;
	RK_AUTO_BUF(out);
	rk_text *made = NULL;

	if (from && !place)
		fail_msg("nothing says %s", from);
	rk_buf_append(&out, text, place ? (size_t)(place - text) : strlen(text));
	if (place) {
		rk_buf_text(&out, to);
		rk_buf_text(&out, place + strlen(from));
	}
	assert_ok(rk_text_take(&out, &made));
	return made;
}

struct rk_lint_wish
rk_lint_scene_wish(rk_text *text)
{
	return (struct rk_lint_wish){
	    .text = text, .name = "file", .now = RK_MAKER_NOW, .length = RK_LINT_LENGTH_LISTED};
}

rk_lint *
rk_lint_scene_look(const struct rk_lint_wish *wish)
{
	rk_lint *lint = NULL;

	assert_ok(rk_lint_new(&lint));
	assert_ok(rk_lint_file(lint, wish));
	rk_text_free(wish->text);
	return lint;
}

const rk_lint_finding *
rk_lint_scene_finding(const rk_lint *lint, const char *rule)
{
	for (size_t i = 0; i < lint->count; i++)
		if (strcmp(lint->findings[i].rule->id, rule) == 0)
			return &lint->findings[i];
	return NULL;
}

void
rk_lint_scene_finds(rk_lint_scene *scene, const rk_lint *lint, const rk_lint_rule *expected)
{
	const rk_lint_finding *finding = rk_lint_scene_finding(lint, expected->id);

	if (!finding)
		fail_msg("%s is not found", expected->id);
	for (size_t i = 0; i < rk_lint_rule_count(); i++)
		if (rk_lint_rule_at(i) == finding->rule)
			scene->seen[i] = true;
	if (finding->errors != expected->errors || finding->warnings != expected->warnings)
		fail_msg(
		    "%s: errors %x, warnings %x", expected->id, finding->errors, finding->warnings);
	assert_non_null(finding->sentence);
}
