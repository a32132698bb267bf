#include "base/show.h"
#include "flow/adopt_private.h"

#include <stdlib.h>
#include <string.h>

/* The order in which files appear: what a client reads first comes last. */
static const enum rk_role_kind order[] = {
    RK_ROLE_DELEGATED, RK_ROLE_TARGETS, RK_ROLE_SNAPSHOT, RK_ROLE_ROOT, RK_ROLE_TIMESTAMP};

static rk_error *
note_file(rk_adoption *adoption, const char *role, int64_t version, const char *file)
{
	struct rk_adopt_file *grown =
	    realloc(adoption->files, (adoption->file_count + 1) * sizeof(*grown));
	struct rk_adopt_file *added;
	rk_error *err;

	if (!grown)
		return rk_out_of_memory();
	adoption->files = grown;
	added = &grown[adoption->file_count++];
	*added = (struct rk_adopt_file){.version = version};
	err = rk_strdup(role, &added->role);
	return err ? err : rk_strdup(file, &added->file);
}

/* What we have already, byte for byte, is no news. */
static rk_error *
put_file(struct rk_adopt *adopt, const char *role, int64_t version, const char *file,
    const rk_text *text)
{
	const rk_dir *ours = rk_store_metadata(adopt->store);
	RK_AUTO(rk_text) have = NULL;
	rk_error *err = ours ? rk_text_read(ours, file, text->len, &have) : NULL;

	if (rk_error_code(err) == RK_E_NOT_FOUND || rk_error_code(err) == RK_E_LIMIT) {
		rk_error_free(err);
		err = NULL;
	}
	if (!err && have && have->len == text->len &&
	    memcmp(have->data, text->data, text->len) == 0)
		return NULL;
	if (!err)
		err = note_file(adopt->adoption, role, version, file);
	return err ? err
		   : rk_store_put_published(
			 adopt->store, adopt->adoption->change, file, text->data, text->len);
}

static rk_error *
fetch_root(struct rk_adopt *adopt, int64_t version, char **ret_name, rk_text **ret_text)
{
	rk_error *err = adopt->dialect->published_name("root", version, true, ret_name);

	return err ? err
		   : adopt->roots->fetch(
			 adopt->roots, *ret_name, rk_envelope_limit(RK_ROLE_ROOT), ret_text);
}

static rk_error *
put_root(struct rk_adopt *adopt, int64_t version)
{
	RK_AUTO(rk_str) name = NULL;
	RK_AUTO(rk_text) text = NULL;
	rk_error *err = fetch_root(adopt, version, &name, &text);

	return err ? err : put_file(adopt, "root", version, name, text);
}

static rk_error *
open_root(struct rk_adopt *adopt, int64_t version, rk_envelope **ret_envelope, rk_root **ret_root)
{
	RK_AUTO(rk_str) name = NULL;
	RK_AUTO(rk_envelope) envelope = NULL;
	rk_text *text = NULL;
	rk_error *err = fetch_root(adopt, version, &name, &text);

	if (!err)
		err = rk_envelope_open(adopt->dialect, text, name, &envelope);
	if (!err && envelope->kind != RK_ROLE_ROOT)
		err = rk_fail(RK_E_MALFORMED, NULL, "%s is no root", RK_SHOW(name));
	if (!err)
		err = rk_root_read(envelope, ret_root);
	if (!err)
		*ret_envelope = RK_TAKE(envelope);
	return err;
}

/* Nobody need believe the roots before the anchor, but old clients come that way. They are taken
 * over as long as each leads to the next. */
static rk_error *
find_oldest(struct rk_adopt *adopt, int64_t *ret_version)
{
	int64_t version = adopt->state->first_root;
	RK_AUTO(rk_envelope) later = NULL;
	RK_AUTO(rk_root) later_root = NULL;
	rk_error *err = open_root(adopt, version, &later, &later_root);

	while (!err && version > 1) {
		RK_AUTO(rk_envelope) earlier = NULL;
		RK_AUTO(rk_root) root = NULL;

		err = open_root(adopt, version - 1, &earlier, &root);
		if (!err)
			err = rk_chain_root_follows(root, later, later_root);
		if (err)
			break;
		rk_envelope_free(later);
		rk_root_free(later_root);
		later = RK_TAKE(earlier);
		later_root = RK_TAKE(root);
		version--;
	}
	if (err && rk_error_code(err) != RK_E_NOMEM) {
		if (rk_error_code(err) != RK_E_NOT_FOUND)
			rk_sayf(adopt->env, RK_SAY_WARNING, "roots before %lld are left out: %s",
			    (long long)version, rk_error_message(err));
		rk_error_free(err);
		err = NULL;
	}
	if (!err)
		*ret_version = version;
	return err;
}

static rk_error *
put_roots(struct rk_adopt *adopt)
{
	int64_t version = adopt->state->first_root;
	rk_error *err = adopt->repo ? NULL : find_oldest(adopt, &version);

	while (!err && version <= adopt->state->root->version)
		err = put_root(adopt, version++);
	return err;
}

static rk_error *
put_role(struct rk_adopt *adopt, const rk_client_role *role)
{
	RK_AUTO(rk_str) file = NULL;
	rk_error *err = adopt->dialect->published_name(
	    role->name, role->envelope->version, adopt->state->root->consistent_snapshot, &file);

	return err ? err
		   : put_file(
			 adopt, role->name, role->envelope->version, file, role->envelope->text);
}

rk_error *
rk_adopt_files(struct rk_adopt *adopt)
{
	const rk_client_state *state = adopt->state;
	rk_error *err = NULL;

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]) && !err; i++) {
		if (order[i] == RK_ROLE_ROOT) {
			err = put_roots(adopt);
			continue;
		}
		for (size_t j = 0; j < state->count && !err; j++)
			if (rk_role_kind_of(state->roles[j].name) == order[i])
				err = put_role(adopt, &state->roles[j]);
	}
	return err;
}
