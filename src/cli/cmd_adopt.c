#include "cli/cli.h"
#include "cli/work.h"

#include "base/show.h"
#include "flow/adopt.h"

#include <string.h>

struct adopt_args {
	const char *name;
	const char *folder;
	const char *root, *gun;
};

static rk_error *
file_node(const struct rk_adopt_file *file, rk_node *array)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	rk_error *err = node ? rk_node_put_text(node, "role", file->role) : rk_out_of_memory();

	if (!err)
		err = rk_node_put_int(node, "version", file->version);
	if (!err)
		err = rk_node_put_text(node, "file", file->file);
	return err ? err : rk_node_append(array, RK_TAKE(node));
}

static rk_error *
role_node(const struct rk_adopt_role *role, const char *name, rk_node *array)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	RK_AUTO(rk_node) known = rk_node_new_array();
	rk_error *err = node && known ? rk_node_put_text(node, "role", name) : rk_out_of_memory();

	for (size_t i = 0; i < role->known->count && !err; i++)
		err = rk_node_append_text(known, role->known->names[i]);
	if (!err)
		err = rk_node_put(node, "keys", RK_TAKE(known));
	if (!err)
		err = rk_node_put_int(node, "unknown", (int64_t)role->unknown);
	return err ? err : rk_node_append(array, RK_TAKE(node));
}

static rk_error *
unfit_node(const struct rk_adopt_unfit *unfit, rk_node *array)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	rk_error *err = node ? rk_node_put_text(node, "role", unfit->role) : rk_out_of_memory();

	if (!err)
		err = rk_node_put_int(node, "staged", unfit->staged);
	if (!err)
		err = rk_node_put_int(node, "published", unfit->published);
	return err ? err : rk_node_append(array, RK_TAKE(node));
}

static rk_error *
put_lists(const rk_adoption *adoption, rk_node *node)
{
	static const char *const names[] = {"files", "roles", "unfit"};
	rk_node *lists[3] = {NULL};
	rk_error *err = NULL;

	for (size_t i = 0; i < 3 && !err; i++) {
		lists[i] = rk_node_new_array();
		err = rk_node_put(node, names[i], lists[i]);
	}
	for (size_t i = 0; i < adoption->file_count && !err; i++)
		err = file_node(&adoption->files[i], lists[0]);
	for (int kind = 0; kind < RK_ROLE_TOP_COUNT && !err; kind++)
		err = role_node(
		    &adoption->roles[kind], rk_role_kind_name((enum rk_role_kind)kind), lists[1]);
	for (size_t i = 0; i < adoption->unfit_count && !err; i++)
		err = unfit_node(&adoption->unfit[i], lists[2]);
	return err;
}

static rk_error *
put_anchor(const rk_adoption *adoption, rk_node *node)
{
	RK_AUTO(rk_node) anchor = rk_node_new_object();
	char hex[2 * RK_SHA256_SIZE + 1];
	rk_error *err = anchor ? rk_node_put_int(anchor, "version", adoption->anchor_version)
			       : rk_out_of_memory();

	rk_hex(hex, adoption->anchor_sha256, RK_SHA256_SIZE);
	if (!err)
		err = rk_node_put_text(anchor, "sha256", hex);
	return err ? err : rk_node_put(node, "anchor", RK_TAKE(anchor));
}

static rk_error *
render_node(struct rk_run *run, const rk_adoption *adoption, const char *name)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	rk_error *err = node ? rk_node_put_text(node, "repository", name) : rk_out_of_memory();

	if (!err)
		err = rk_node_put_text(node, "dialect", adoption->dialect->name);
	if (!err)
		err = rk_node_put_bool(node, "pulled", adoption->pulled);
	if (!err)
		err = put_anchor(adoption, node);
	if (!err)
		err = put_lists(adoption, node);
	if (!err)
		rk_render_json(run->out, RK_TAKE(node));
	return err;
}

static rk_error *
role_line(struct rk_run *run, const struct rk_adopt_role *role, const char *name, bool missing)
{
	RK_AUTO_BUF(names);
	rk_error *err;

	for (size_t i = 0; i < role->known->count; i++)
		rk_buf_printf(&names, "%s%s", i ? ", " : "", RK_SHOW_BARE(role->known->names[i]));
	if (role->unknown > 0)
		rk_buf_printf(&names, "%s%zu that the keep does not know", names.len ? ", " : "",
		    role->unknown);
	err = rk_buf_check(&names);
	if (!err)
		rk_render_line(run->out, "  %s: keys %s%s", name, rk_buf_str(&names),
		    missing ? "; its file is not there" : "");
	return err;
}

static rk_error *
render(struct rk_run *run, const rk_adoption *adoption, const char *name)
{
	char hex[2 * RK_SHA256_SIZE + 1];
	rk_error *err = NULL;

	rk_hex(hex, adoption->anchor_sha256, RK_SHA256_SIZE);
	if (adoption->file_count == 0)
		rk_render_line(run->out, "%s: nothing is newer there", RK_SHOW_BARE(name));
	for (size_t i = 0; i < adoption->file_count; i++)
		rk_render_line(run->out, "%s: took over %s %lld", RK_SHOW_BARE(name),
		    RK_SHOW_BARE(adoption->files[i].role), (long long)adoption->files[i].version);
	rk_render_line(
	    run->out, "anchor: root %lld, sha256 %s", (long long)adoption->anchor_version, hex);
	for (int kind = 0; kind < RK_ROLE_TOP_COUNT && !err; kind++)
		err = role_line(run, &adoption->roles[kind],
		    rk_role_kind_name((enum rk_role_kind)kind), adoption->missing[kind]);
	for (size_t i = 0; i < adoption->unfit_count; i++)
		rk_render_styled(run->out, RK_CAUTION,
		    "staged %s %lld no longer fits, %lld is published: rootkeep reset %s --role %s",
		    RK_SHOW_BARE(adoption->unfit[i].role), (long long)adoption->unfit[i].staged,
		    (long long)adoption->unfit[i].published, RK_SHOW_BARE(name),
		    RK_SHOW_BARE(adoption->unfit[i].role));
	return err ? err : render_node(run, adoption, name);
}

static rk_error *
adopt_run(struct rk_run *run, const void *args)
{
	const struct adopt_args *adopt = args;
	const struct rk_adopt_wish wish = {adopt->name, adopt->folder, adopt->root, adopt->gun};
	RK_AUTO(rk_keep) keep = NULL;
	RK_AUTO(rk_adoption) adoption = NULL;
	bool done = false;
	rk_error *err = rk_work_keep(run, RK_WORK_CREATE, &keep);

	if (!err)
		err = rk_adopt_repo(keep, run->env, &wish, &adoption);
	if (!err && adoption->file_count == 0 && !run->globals->dry_run)
		done = true;
	else if (!err)
		err = rk_work_finish(run, adoption->plan, adoption->change, &done);
	return err || !done ? err : render(run, adoption, adopt->name);
}

static const struct rk_argument adopt_arguments[] = {
    RK_ARG(adopt_args, name, "NAME", "the repository's name in the keep"),
    RK_ARG(adopt_args, folder, "DIR", "its metadata"),
    RK_ARG_END,
};

static const struct rk_option adopt_options[] = {
    RK_OPT_STRING(adopt_args, root, "root", "FILE",
	"the root that is trusted to begin with (needed for a new name)", 0),
    RK_OPT_STRING(adopt_args, gun, "gun", "GUN",
	"in the notary dialect: the name that clients know it by (default: NAME)", 0),
    RK_OPT_END,
};

const struct rk_command rk_cmd_adopt = {
    .name = "adopt",
    .summary = "take over a repository made elsewhere, or what was published newer there",
    .args_size = sizeof(struct adopt_args),
    .arguments = adopt_arguments,
    .options = adopt_options,
    .effects = RK_WRITES_METADATA | RK_WRITES_KEEP,
    .example = "rootkeep adopt demo ./mirror --root 1.root.json\n"
	       "rootkeep adopt demo ./mirror",
    .description =
	"It is verified as a client does that trusts --root, which becomes the anchor; then it is "
	"ours to go on with. Keys of the keep are matched by fingerprint: enrol yours before or "
	"afterwards. In an empty folder it begins a keep.\n\n"
	"For a name that is in the keep, what was published newer there is pulled in, if it "
	"follows "
	"from what is published here; nothing goes back in version. What is staged and no longer "
	"fits is named.",
    .run = adopt_run,
};
