#include "tuf/lint_private.h"

#include "base/show.h"

#include <string.h>

#define TAG_MAX 128
#define RELEASES "targets/releases"

enum { SHA256, TAG, RELEASES_MISSING, SIGNER, BESIDE, RULES };

static const rk_lint_rule rules[RULES] = {
    [SHA256] = {"target-without-sha256", RK_LINT_DO, 0, "docker refuses a target without a sha256",
	"add it with the sha256 of its manifest"},
    [TAG] = {"tag-form", 0, RK_LINT_DO, "a target's name is no tag: docker can never pull it",
	"name it by a tag: letters, digits, '_', '.' and '-', at most 128"},
    [RELEASES_MISSING] = {"releases-missing", 0, RK_LINT_DO,
	"signers without targets/releases: docker pulls what is in releases or in targets, and "
	"nothing "
	"that only a signer has",
	"add the signers' keys to targets/releases too: rootkeep signer add"},
    [SIGNER] = {"signer-name", 0, RK_LINT_DO,
	"a delegated role whose name docker takes for no signer's",
	"use a to z, 0 to 9, '_' and '-'"},
    [BESIDE] = {"tag-beside-signers", 0, RK_LINT_DO,
	"tags in targets beside delegations: 'docker trust revoke' says it is done, and they stay "
	"pullable",
	"move them to targets/releases: rootkeep target remove, and have a signer sign them"},
};
const struct rk_lint_table rk_lint_docker_table = {rules, RULES};

#define SMALL "abcdefghijklmnopqrstuvwxyz0123456789"
#define ANY SMALL "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

static bool
is_tag(const rk_json *name)
{
	const char *text = name->text + 1;
	size_t len = name->len - 2;

	if (len == 0 || len > TAG_MAX || !strchr(ANY "_", text[0]))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!text[i] || !strchr(ANY "_.-", text[i]))
			return false;
	return true;
}

static rk_error *
judge_target(struct rk_lint_at *at, const rk_json *name, const rk_json *entry)
{
	rk_json hashes, sha256;
	rk_error *err = NULL;

	if (!rk_json_get(entry, "hashes", &hashes) || !rk_json_get(&hashes, "sha256", &sha256))
		err = rk_lint_tell(at, &rules[SHA256], name->text, "the target %s has no sha256",
		    RK_SHOW_LEN(name->text, name->len));
	if (!err && !is_tag(name))
		err = rk_lint_tell(at, &rules[TAG], name->text, "the target %s is no tag",
		    RK_SHOW_LEN(name->text, name->len));
	return err;
}

static rk_error *
judge_targets(struct rk_lint_at *at, size_t *ret_count)
{
	rk_json_iter iter;
	rk_json name, entry;
	rk_error *err = NULL;

	*ret_count = 0;
	if (at->targets.len == 0 || at->targets.kind != RK_JSON_OBJECT)
		return NULL;
	iter = rk_json_each(&at->targets);
	while (!err && rk_json_next(&iter, &name, &entry)) {
		++*ret_count;
		err = judge_target(at, &name, &entry);
	}
	return err;
}

/* What is behind "targets/"; NULL: another name. */
static bool
is_signer(const char *name)
{
	const char *rest = strncmp(name, "targets/", 8) == 0 ? name + 8 : "";

	return *rest && strchr(SMALL, *rest) && strspn(rest, SMALL "_-") == strlen(rest);
}

static rk_error *
judge_names(struct rk_lint_at *at, const rk_json *roles, size_t *ret_count, bool *ret_releases)
{
	rk_json_iter iter = rk_json_each(roles);
	rk_json role, span;
	rk_error *err = NULL;

	while (!err && rk_json_next(&iter, NULL, &role)) {
		RK_AUTO(rk_str) name = NULL;

		if (!rk_json_get(&role, "name", &span) || span.kind != RK_JSON_STRING)
			continue;
		err = rk_json_strdup(&span, &name);
		if (err)
			return err;
		++*ret_count;
		*ret_releases = *ret_releases || strcmp(name, RELEASES) == 0;
		if (!is_signer(name))
			err = rk_lint_tell(at, &rules[SIGNER], span.text,
			    "the delegated role %s is no signer's", RK_SHOW(name));
	}
	return err;
}

rk_error *
rk_lint_docker(struct rk_lint_at *at)
{
	size_t targets = 0, delegations = 0;
	bool releases = false;
	rk_json roles;
	rk_error *err = judge_targets(at, &targets);

	/* docker looks no deeper than the first level. */
	if (err || at->delegated || at->delegations.len == 0 ||
	    !rk_json_get(&at->delegations, "roles", &roles) || roles.kind != RK_JSON_ARRAY)
		return err;
	err = judge_names(at, &roles, &delegations, &releases);
	if (!err && delegations > 0 && !releases)
		err = rk_lint_tell(at, &rules[RELEASES_MISSING], roles.text,
		    "it delegates to %zu roles and not to " RELEASES, delegations);
	if (!err && delegations > 0 && targets > 0)
		err = rk_lint_tell(at, &rules[BESIDE], at->targets.text,
		    "it has %zu targets beside %zu delegations", targets, delegations);
	return err;
}
