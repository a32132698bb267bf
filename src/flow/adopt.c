#include "flow/adopt_private.h"

#include "base/show.h"
#include "flow/edit.h"

#include <stdlib.h>
#include <string.h>

void
rk_adoption_free(rk_adoption *adoption)
{
	if (!adoption)
		return;
	for (size_t i = 0; i < adoption->file_count; i++) {
		free(adoption->files[i].role);
		free(adoption->files[i].file);
	}
	for (size_t i = 0; i < adoption->unfit_count; i++)
		free(adoption->unfit[i].role);
	for (size_t i = 0; i < RK_ROLE_TOP_COUNT; i++)
		rk_names_free(adoption->roles[i].known);
	free(adoption->files);
	free(adoption->unfit);
	rk_plan_free(adoption->plan);
	rk_change_free(adoption->change);
	free(adoption);
}

static void
adopt_clear(struct rk_adopt *adopt)
{
	rk_client_state_free(adopt->state);
	rk_client_state_free(adopt->since);
	rk_text_free(adopt->trusted);
	rk_source_free(adopt->source);
	rk_source_free(adopt->roots);
	rk_source_free(adopt->folder);
	rk_dir_free(adopt->dir);
	rk_store_free(adopt->store);
	rk_repo_free(adopt->repo);
	rk_adoption_free(adopt->adoption);
}

/* A repository that has published nothing has nothing that could be gone on from. */
static rk_error *
open_known(struct rk_adopt *adopt)
{
	const char *name = adopt->wish->name;
	rk_error *err;

	if (!rk_keep_repo_by_name(adopt->keep, name))
		return NULL;
	err = rk_repo_open(adopt->keep, adopt->env, name, &adopt->repo);
	if (err)
		return err;
	if (!rk_store_is_published(rk_repo_store(adopt->repo), "root"))
		return rk_fail(RK_E_EXISTS,
		    "adopt it under another name, or remove what is staged: rootkeep repo remove",
		    "the keep has a repository %s that was made here and not yet signed",
		    RK_SHOW(name));
	adopt->adoption->pulled = true;
	return rk_repo_trust(adopt->repo);
}

static rk_error *
write_keep(struct rk_adopt *adopt)
{
	const char *name = adopt->wish->name;
	rk_adoption *adoption = adopt->adoption;
	rk_error *err;

	if (adopt->repo) {
		const rk_keep_repo *entry = rk_repo_entry(adopt->repo);

		adoption->anchor_version = entry->anchor_version;
		memcpy(adoption->anchor_sha256, entry->anchor_sha256, RK_SHA256_SIZE);
		return NULL;
	}
	adoption->anchor_version = adopt->state->first_root;
	memcpy(adoption->anchor_sha256, adopt->state->first_sha256, RK_SHA256_SIZE);
	err = rk_keep_repo_add(adopt->keep, name, adopt->dialect, NULL);
	if (!err && adopt->dialect->repo_name_check)
		err = rk_keep_repo_set_gun(
		    adopt->keep, name, adopt->wish->gun ? adopt->wish->gun : name);
	if (!err)
		err = rk_keep_repo_set_anchor(
		    adopt->keep, name, adoption->anchor_version, adoption->anchor_sha256);
	if (!err)
		rk_change_save_keep(adoption->change);
	return err;
}

static rk_error *
write_journal(struct rk_adopt *adopt)
{
	RK_AUTO(rk_journal_entry) entry = NULL;
	RK_AUTO(rk_str) action = NULL;
	RK_AUTO(rk_str) note = NULL;
	char hex[2 * RK_SHA256_SIZE + 1];
	rk_error *err = rk_strdupf(&action, "adopt %s", adopt->wish->name);

	rk_hex(hex, adopt->state->first_sha256, RK_SHA256_SIZE);
	if (!err)
		err = rk_strdupf(&note, "from root %lld, sha256 %s, to root %lld",
		    (long long)adopt->state->first_root, hex,
		    (long long)adopt->state->root->version);
	if (!err)
		err = rk_journal_entry_new(adopt->env, action, &entry);
	if (!err)
		err = rk_journal_entry_note(entry, note);
	return err ? err : rk_change_journal(adopt->adoption->change, RK_TAKE(entry));
}

static rk_error *
take_over(struct rk_adopt *adopt)
{
	rk_error *err = rk_change_new(adopt->keep, &adopt->adoption->change);

	if (!err)
		err = rk_store_open(adopt->keep, adopt->wish->name, adopt->dialect, &adopt->store);
	if (!err)
		err = rk_adopt_files(adopt);
	if (!err)
		err = write_keep(adopt);
	if (!err && adopt->adoption->file_count > 0)
		err = write_journal(adopt);
	return err ? err : rk_adopt_tell(adopt);
}

rk_error *
rk_adopt_repo(
    rk_keep *keep, rk_env *env, const struct rk_adopt_wish *wish, rk_adoption **ret_adoption)
{
	struct rk_adopt adopt = {.wish = wish, .keep = keep, .env = env};
	rk_error *err;

	adopt.adoption = calloc(1, sizeof(*adopt.adoption));
	if (!adopt.adoption)
		return rk_out_of_memory();
	err = open_known(&adopt);
	if (!err)
		err = rk_adopt_walk(&adopt);
	if (!err)
		err = take_over(&adopt);
	if (!err)
		*ret_adoption = RK_TAKE(adopt.adoption);
	adopt_clear(&adopt);
	return err;
}
