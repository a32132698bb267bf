#include "flow/lintrun.h"

#include "base/show.h"
#include "flow/judge.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FILES_MAX RK_STORE_FILES

/* A file of a folder. */
struct found {
	char *role; /* the house's */
	const char *name; /* borrowed from the listing */
	int64_t version; /* by its name; 0: none */
};

/* What the newest snapshot or timestamp says of another file. */
struct listing {
	rk_snapshot *snapshot, *timestamp; /* NULL: not there, or unreadable */
};

struct run {
	const struct rk_lintrun_wish *wish;
	rk_lint *lint;
	const rk_dialect *dialect; /* NULL: not known */
	const rk_dir *dir;
	const char *prefix; /* before file names in findings */
	const char *repo_name;
	bool staged;
	struct found *found;
	size_t count;
	struct listing listing;
	int64_t roots;
};

static void
run_clear(struct run *run)
{
	for (size_t i = 0; i < run->count; i++)
		free(run->found[i].role);
	free(run->found);
	run->found = NULL;
	run->count = 0;
	rk_snapshot_free(run->listing.snapshot);
	rk_snapshot_free(run->listing.timestamp);
	run->listing = (struct listing){NULL, NULL};
}

static const rk_dialect *
dialect_of(const struct run *run)
{
	return run->dialect ? run->dialect : &rk_dialect_tuf;
}

static int
by_role(const void *a, const void *b)
{
	const struct found *left = a, *right = b;
	int order = strcmp(left->role, right->role);

	if (order)
		return order;
	return left->version < right->version ? -1 : left->version > right->version;
}

/* A plain name is staged under, or is the newest of its role. */
static rk_error *
find_file(struct run *run, const char *name)
{
	struct found *found = &run->found[run->count];
	rk_error *err = run->staged
			    ? dialect_of(run)->meta_role(name, &found->role)
			    : dialect_of(run)->parse_name(name, &found->role, &found->version);

	if (rk_error_code(err) == RK_E_MALFORMED || rk_error_code(err) == RK_E_REFUSED) {
		rk_error_free(err);
		return NULL;
	}
	if (err)
		return err;
	found->name = name;
	if (rk_role_kind_of(found->role) == RK_ROLE_ROOT && found->version > run->roots)
		run->roots = found->version;
	run->count++;
	return NULL;
}

static rk_error *
find_files(struct run *run, const rk_names *names)
{
	rk_error *err = NULL;

	run->found = calloc(names->count + 1, sizeof(*run->found));
	if (!run->found)
		return rk_out_of_memory();
	for (size_t i = 0; i < names->count && !err; i++)
		err = find_file(run, names->names[i]);
	if (!err && run->count > 1)
		qsort(run->found, run->count, sizeof(*run->found), by_role);
	return err;
}

/* The last of a role counts; one without a number stands before those that have one. */
static bool
is_newest(const struct run *run, size_t index)
{
	return index + 1 == run->count ||
	       strcmp(run->found[index].role, run->found[index + 1].role) != 0;
}

/* What is not good enough to be read says nothing of others; lint tells why. */
static rk_error *
read_listing(struct run *run, const char *role, rk_snapshot **ret_snapshot)
{
	RK_AUTO(rk_text) text = NULL;
	RK_AUTO(rk_envelope) envelope = NULL;
	rk_error *err = NULL;

	for (size_t i = 0; i < run->count; i++) {
		/* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): what was found has a role */
		if (strcmp(run->found[i].role, role) != 0 || !is_newest(run, i))
			continue;
		err = rk_text_read(
		    run->dir, run->found[i].name, rk_envelope_limit(rk_role_kind_of(role)), &text);
		if (!err)
			err = rk_envelope_open(
			    dialect_of(run), RK_TAKE(text), run->found[i].name, &envelope);
		if (!err && envelope->kind == rk_role_kind_of(role))
			err = rk_snapshot_read(envelope, ret_snapshot);
	}
	if (rk_error_code(err) == RK_E_MALFORMED || rk_error_code(err) == RK_E_LIMIT) {
		rk_error_free(err);
		err = NULL;
	}
	return err;
}

static enum rk_lint_listed
is_listed(const struct run *run, const char *role)
{
	const rk_snapshot *lister = rk_role_kind_of(role) == RK_ROLE_SNAPSHOT
					? run->listing.timestamp
					: run->listing.snapshot;
	const rk_snapshot_entry *entry = lister ? rk_snapshot_entry_of(lister, role) : NULL;

	if (!entry)
		return RK_LINT_LENGTH_UNKNOWN;
	return entry->has_length ? RK_LINT_LENGTH_LISTED : RK_LINT_LENGTH_UNLISTED;
}

/* Nobody reads an old file, but for roots, nor a delegation that the snapshot does not list. */
static bool
is_read(const struct run *run, size_t index)
{
	const char *role = run->found[index].role;
	enum rk_role_kind kind = rk_role_kind_of(role);

	if (kind == RK_ROLE_ROOT)
		return true;
	if (!is_newest(run, index))
		return false;
	return kind != RK_ROLE_DELEGATED || run->staged || !run->listing.snapshot ||
	       rk_snapshot_entry_of(run->listing.snapshot, role);
}

static rk_error *
look_at(struct run *run, size_t index)
{
	const struct found *found = &run->found[index];
	RK_AUTO(rk_text) text = NULL;
	RK_AUTO(rk_str) name = NULL;
	struct rk_lint_wish wish = {
	    .dialect = run->dialect,
	    .role = found->role,
	    .version = found->version,
	    .repo = run->repo_name,
	    .now = run->wish->env->ops->now(run->wish->env),
	    .superseded = !is_newest(run, index),
	    .length = is_listed(run, found->role),
	};
	rk_error *err = rk_text_read(
	    run->dir, found->name, rk_envelope_limit(rk_role_kind_of(found->role)), &text);

	if (!err)
		err = rk_strdupf(&name, "%s%s", run->prefix, found->name);
	wish.text = text;
	wish.name = name;
	return err ? err : rk_lint_file(run->lint, &wish);
}

static rk_error *
look_at_folder(struct run *run)
{
	RK_AUTO(rk_names) names = NULL;
	rk_error *err = rk_dir_walk(run->dir, NULL, FILES_MAX, &names);

	if (!err)
		err = find_files(run, names);
	if (!err && !run->staged)
		err = read_listing(run, "snapshot", &run->listing.snapshot);
	if (!err && !run->staged)
		err = read_listing(run, "timestamp", &run->listing.timestamp);
	for (size_t i = 0; i < run->count && !err; i++)
		if (is_read(run, i))
			err = look_at(run, i);
	if (!err && run->roots > 0)
		err = rk_lint_chain(run->lint, dialect_of(run), "root.json", run->roots);
	run_clear(run);
	return err;
}

static rk_error *
take_repo(struct run *run)
{
	rk_repo *repo = run->wish->repo;
	const rk_store *store = rk_repo_store(repo);
	rk_error *err = NULL;

	run->dialect = rk_repo_dialect(repo);
	if (!run->repo_name)
		run->repo_name = rk_repo_gun(repo);
	run->dir = rk_store_metadata(store);
	if (run->dir)
		err = look_at_folder(run);
	run->dir = rk_store_staged(store);
	run->staged = true;
	run->prefix = "staged/";
	run->roots = 0;
	return err || !run->dir ? err : look_at_folder(run);
}

static rk_error *
take_folder(struct run *run)
{
	RK_AUTO(rk_dir) dir = NULL;
	RK_AUTO(rk_source) source = NULL;
	rk_error *err = rk_judge_open_folder(run->wish->path, &dir), *unknown;

	if (!err)
		err = rk_source_folder(dir, &source);
	if (err)
		return err;
	unknown = rk_judge_dialect(source, &run->dialect);
	if (rk_error_code(unknown) == RK_E_NOMEM)
		return unknown;
	rk_error_free(unknown);
	run->dir = dir;
	return look_at_folder(run);
}

/* A name such as "3.root.json" says what the file should be. */
static rk_error *
take_file(struct run *run)
{
	const char *path = run->wish->path, *slash = strrchr(path, '/');
	RK_AUTO(rk_text) text = NULL;
	RK_AUTO(rk_str) role = NULL;
	struct rk_lint_wish wish = {
	    .name = path,
	    .repo = run->repo_name,
	    .now = run->wish->env->ops->now(run->wish->env),
	};
	rk_error *err = rk_text_read_path(path, rk_envelope_limit(RK_ROLE_TARGETS), &text);
	rk_error *no_name;

	if (err)
		return err;
	no_name = rk_dialect_tuf.parse_name(slash ? slash + 1 : path, &role, &wish.version);
	rk_error_free(no_name);
	if (role && rk_role_kind_of(role) != RK_ROLE_DELEGATED)
		wish.role = role;
	else
		wish.version = 0;
	wish.text = text;
	return rk_lint_file(run->lint, &wish);
}

static bool
is_folder(const char *path)
{
	struct stat facts;

	return stat(path, &facts) == 0 && S_ISDIR(facts.st_mode);
}

rk_error *
rk_lintrun_take(const struct rk_lintrun_wish *wish, rk_lint **ret_lint)
{
	RK_AUTO(rk_lint) lint = NULL;
	struct run run = {.wish = wish, .prefix = "", .repo_name = wish->gun};
	rk_error *err = rk_lint_new(&lint);

	run.lint = lint;
	if (!err && wish->repo)
		err = take_repo(&run);
	else if (!err)
		err = is_folder(wish->path) ? take_folder(&run) : take_file(&run);
	if (!err && lint->files == 0)
		err = rk_fail(RK_E_NOT_FOUND, "name the folder that holds the metadata",
		    "there is no metadata to look at");
	if (!err)
		*ret_lint = RK_TAKE(lint);
	return err;
}

rk_error *
rk_lintrun_policy(const rk_keep *keep, unsigned *ret_clients)
{
	const rk_node *list = rk_node_get(rk_keep_policy(keep), "clients");
	unsigned clients = 0;

	for (const rk_node *item = rk_node_child(list); item; item = rk_node_next(item)) {
		enum rk_lint_client client;
		rk_error *err = rk_lint_client_by_name(rk_node_text(item), &client);

		if (err)
			return rk_recode(
			    rk_wrap(err, "the policy's clients cannot be heeded"), RK_E_MALFORMED);
		clients |= 1U << client;
	}
	*ret_clients = clients;
	return NULL;
}

/* The name of the first of them; all are told of by `rootkeep lint`. */
static const char *
first_name(unsigned clients)
{
	int client = 0;

	while (client < RK_LINT_CLIENT_COUNT - 1 && !(clients & 1U << client))
		client++;
	return rk_lint_client_name((enum rk_lint_client)client);
}

static rk_error *
refuse(
    const rk_repo *repo, const rk_envelope *root, const rk_lint_finding *finding, unsigned clients)
{
	rk_error *err = rk_fail(RK_E_REFUSED, NULL,
	    "%s would refuse root %lld of %s (%s), line %zu, column %zu: %s",
	    clients ? first_name(clients) : "every client", (long long)root->version,
	    RK_SHOW(rk_repo_name(repo)), finding->rule->id, finding->line, finding->column,
	    finding->sentence);

	return rk_advise(err, "%s; or give --except lint=REASON", finding->rule->remedy);
}

rk_error *
rk_lintrun_gate(rk_repo *repo, const rk_envelope *root)
{
	RK_AUTO(rk_lint) lint = NULL;
	unsigned all = rk_lint_clients_of(rk_repo_dialect(repo)), named = 0;
	rk_env *env = rk_repo_env(repo);
	const struct rk_lint_wish wish = {
	    .dialect = rk_repo_dialect(repo),
	    .text = root->text,
	    .name = root->name,
	    .role = "root",
	    .repo = rk_repo_gun(repo),
	    .now = env->ops->now(env),
	};
	rk_error *err = rk_lintrun_policy(rk_repo_keep(repo), &named);

	if (!err)
		err = rk_lint_new(&lint);
	if (!err)
		err = rk_lint_file(lint, &wish);
	named &= all;
	for (size_t i = 0; !err && i < lint->count; i++) {
		unsigned errors = lint->findings[i].errors;

		if (named ? (errors & named) != 0 : (errors & all) == all)
			err = refuse(repo, root, &lint->findings[i], errors & named);
	}
	return err;
}
