#include "flow/keyimport_private.h"

#include "base/file.h"
#include "base/show.h"
#include "tuf/dialect.h"
#include "tuf/key.h"

#include <stdlib.h>
#include <string.h>

#define FILES_MAX 100000 /* of a folder */
#define TYPINGS 3
#define ID_SHOWN 8 /* hex digits in a name */
#define ALNUM "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

/* The last one that opened a file comes first to mind. */
static rk_error *
try_remembered(rk_keyimport *import, rk_keyfile *file, const rk_secret **ret_passphrase)
{
	rk_error *err = NULL;

	for (size_t i = import->passphrase_count; !file->pkcs8 && i-- > 0;) {
		err = rk_keyfile_unseal(file, import->passphrases[i]);
		if (file->pkcs8)
			*ret_passphrase = import->passphrases[i];
		if (err && rk_error_code(err) != RK_E_MALFORMED)
			return err;
		rk_error_free(err);
	}
	return NULL;
}

static rk_error *
remember(rk_keyimport *import, rk_secret **passphrase, const rk_secret **ret_remembered)
{
	if (import->passphrase_count == RK_KEYIMPORT_PASSPHRASES)
		return NULL;
	import->passphrases[import->passphrase_count] = RK_TAKE(*passphrase);
	*ret_remembered = import->passphrases[import->passphrase_count++];
	return NULL;
}

/* A person may mistype; a file says the same again. */
static rk_error *
ask_and_open(rk_keyimport *import, rk_keyfile *file, const struct rk_pin_request *request,
    const rk_secret **ret_passphrase)
{
	rk_env *env = import->custody->env;
	bool at_hand = env->ops->pin_at_hand(env, request);
	rk_error *err = NULL;

	for (int i = 0; i < TYPINGS && !file->pkcs8; i++) {
		RK_AUTO(rk_secret) passphrase = NULL;

		err = env->ops->pin(env, request, &passphrase);
		if (err)
			return err;
		err = rk_keyfile_unseal(file, passphrase);
		if (!err)
			return remember(import, &passphrase, ret_passphrase);
		if (at_hand || i + 1 == TYPINGS || rk_error_code(err) != RK_E_MALFORMED)
			return err;
		rk_sayf(env, RK_SAY_WARNING, "%s", rk_error_message(err));
		rk_error_free(err);
	}
	return NULL;
}

/* A role is whose passphrase it is, for --passphrase-file: root=FILE. */
static rk_error *
unseal(rk_keyimport *import, const char *path, rk_keyfile *file, const rk_secret **ret_passphrase)
{
	const struct rk_pin_request request = {
	    .kind = "passphrase",
	    .label = path,
	    .serial = file->role,
	    .purpose = "read the private key in it",
	};
	rk_error *err = try_remembered(import, file, ret_passphrase);

	if (!err && !file->pkcs8)
		err = ask_and_open(import, file, &request, ret_passphrase);
	return err ? rk_wrap(err, "cannot open the private key in %s", RK_SHOW(path)) : NULL;
}

static void
warn(rk_keyimport *import, const char *path, const rk_keyfile *file)
{
	rk_env *env = import->custody->env;

	import->exposed += file->exposed;
	if (file->exposed && import->wish->name)
		rk_sayf(env, RK_SAY_WARNING,
		    "others can read %s%s; 'chmod 600' keeps them out from now on", RK_SHOW(path),
		    file->encrypted ? ", and guess its passphrase for as long as they like"
				    : ": whoever has done so has the key");
	if (file->unchecked)
		rk_sayf(env, RK_SAY_WARNING,
		    "%s does not tell its public half, which was computed: compare the "
		    "fingerprint with one that you know",
		    RK_SHOW(path));
}

static void
warn_of_folder(const rk_keyimport *import)
{
	if (import->exposed > 0)
		rk_sayf(import->custody->env, RK_SAY_WARNING,
		    "others can read %zu of the keys' files in %s: whoever has done so has the "
		    "keys, or can guess their passphrases for as long as they like",
		    import->exposed, RK_SHOW(import->wish->path));
}

/* Notary's own id, which its files are named by; the fingerprint where Notary has none. */
static rk_error *
id_of(const rk_pubkey *pubkey, char out[static RK_KEYID_HEX])
{
	rk_error *err = rk_tuf_key_canonical_id(&rk_dialect_notary, pubkey, out);

	if (rk_error_code(err) == RK_E_REFUSED) {
		rk_error_free(err);
		memcpy(out, rk_pubkey_fingerprint_hex(pubkey), RK_KEYID_HEX);
		err = NULL;
	}
	return err;
}

/* "targets/releases" as part of a name: "targets-releases". */
static void
append_role(rk_buf *out, const char *role)
{
	size_t most = RK_KEEP_NAME_MAX - ID_SHOWN - 1;

	for (; *role && out->len < most; role++) {
		bool fits = strchr(ALNUM, *role) || (out->len > 0 && strchr("._-", *role));

		if (fits || out->len > 0)
			rk_buf_byte(out, fits ? (uint8_t)*role : '-');
	}
	if (out->len == 0)
		rk_buf_text(out, "key");
}

/* The role by its header, else by the folders and names that old versions had. */
static const char *
role_of(const rk_keyfile *file, const char *path)
{
	const char *name = strrchr(path, '/');
	const char *mark = strrchr(name ? name : path, '_');

	if (file->role)
		return file->role;
	if (strstr(path, "/root_keys/") || (mark && !strcmp(mark, "_root.key")))
		return "root";
	if (mark && !strcmp(mark, "_targets.key"))
		return "targets";
	if (mark && !strcmp(mark, "_snapshot.key"))
		return "snapshot";
	return "key";
}

static rk_error *
name_item(rk_keyimport *import, rk_keyimport_item *item, const rk_keyfile *file)
{
	const rk_keep_key *known = rk_keep_key_by_pubkey(import->custody->keep, item->pubkey);
	char id[RK_KEYID_HEX];
	RK_AUTO_BUF(name);
	rk_error *err;

	if (import->wish->name)
		return rk_strdup(import->wish->name, &item->name);
	if (known)
		return rk_strdup(known->name, &item->name);
	err = id_of(item->pubkey, id);
	if (err)
		return err;
	append_role(&name, role_of(file, item->file));
	rk_buf_printf(&name, "-%.*s", ID_SHOWN, id);
	return rk_buf_take(&name, &item->name);
}

static rk_error *
describe(rk_keyimport *import, rk_keyimport_item *item, const rk_keyfile *file)
{
	rk_error *err = NULL;

	if (file->role)
		err = rk_strdup(file->role, &item->role);
	if (!err && file->gun)
		err = rk_strdup(file->gun, &item->gun);
	item->pubkey = rk_pubkey_ref(file->pubkey);
	return err ? err : name_item(import, item, file);
}

static rk_error *
open_file(rk_keyimport *import, rk_keyimport_item *item, rk_keyfile **ret_file)
{
	RK_AUTO(rk_keyfile) file = NULL;
	rk_error *err = rk_keyfile_load(item->file, &file);

	if (!err && item->state->passphrase)
		err = rk_keyfile_unseal(file, item->state->passphrase);
	if (!err && !file->pkcs8)
		err = unseal(import, item->file, file, &item->state->passphrase);
	if (!err)
		*ret_file = RK_TAKE(file);
	return err;
}

static rk_error *
read_item(rk_keyimport *import, rk_keyimport_item *item)
{
	RK_AUTO(rk_keyfile) file = NULL;
	rk_error *err = open_file(import, item, &file);

	if (!err)
		err = describe(import, item, file);
	if (err)
		return err;
	warn(import, item->file, file);
	item->state->label = import->wish->place.label ? import->wish->place.label : item->name;
	/* While anybody is asked for a PIN, no key lies open in memory; a pipe is read once, though. */
	if (!file->lasting)
		item->state->file = RK_TAKE(file);
	return NULL;
}

rk_error *
rk_keyimport_read_again(rk_keyimport *import, rk_keyimport_item *item)
{
	RK_AUTO(rk_keyfile) file = NULL;
	rk_error *err;

	if (item->state->file)
		return NULL;
	err = open_file(import, item, &file);
	if (!err && !rk_pubkey_equal(file->pubkey, item->pubkey))
		return rk_fail(RK_E_REFUSED, "see who writes to that folder, and run it again",
		    "%s has another key than when it was looked at", RK_SHOW(item->file));
	if (!err)
		item->state->file = RK_TAKE(file);
	return err;
}

/* What ends the whole run, whichever file it was. */
static bool
is_fatal(const rk_error *err)
{
	switch (rk_error_code(err)) {
	case RK_E_NOMEM:
	case RK_E_CANCELLED:
	case RK_E_NO_INPUT:
	case RK_E_AMBIGUOUS:
	case RK_E_UNSAFE:
		return true;
	default:
		return false;
	}
}

static rk_error *
read_folder_file(rk_keyimport *import, const char *path)
{
	rk_keyimport_item *item = NULL;
	rk_error *err = rk_keyimport_add(import, path, &item);

	if (err)
		return err;
	err = read_item(import, item);
	if (is_fatal(err))
		return err;
	if (rk_error_code(err) == RK_E_NOT_FOUND || rk_error_code(err) == RK_E_LIMIT)
		rk_keyimport_set_aside(item, RK_KEYIMPORT_SKIPPED, err);
	else if (err)
		rk_keyimport_set_aside(item, RK_KEYIMPORT_FAILED, err);
	return NULL;
}

/* One key in two files, or one name for two keys: by name, then by file. */
static int
compare(const void *a, const void *b)
{
	const rk_keyimport_item *left = *(rk_keyimport_item *const *)a;
	const rk_keyimport_item *right = *(rk_keyimport_item *const *)b;
	int order = strcmp(left->name, right->name);

	return order ? order : strcmp(left->file, right->file);
}

static void
set_aside_second(const rk_keyimport_item *first, rk_keyimport_item *second)
{
	if (rk_pubkey_equal(first->pubkey, second->pubkey))
		rk_keyimport_set_aside(second, RK_KEYIMPORT_SKIPPED,
		    rk_fail(RK_E_EXISTS, "nothing is to be done", "it is the same key as in %s",
			RK_SHOW(first->file)));
	else
		rk_keyimport_set_aside(second, RK_KEYIMPORT_FAILED,
		    rk_fail(RK_E_EXISTS, "import it by itself, with a name of your own",
			"its name would be %s, as that of the key in %s", RK_SHOW(second->name),
			RK_SHOW(first->file)));
}

static rk_error *
set_doubles_aside(rk_keyimport *import)
{
	rk_keyimport_item **sorted = calloc(import->count + 1, sizeof(*sorted));
	size_t count = 0, first = 0;

	if (!sorted)
		return rk_out_of_memory();
	for (size_t i = 0; i < import->count; i++)
		if (import->items[i].outcome == RK_KEYIMPORT_WANTED)
			sorted[count++] = &import->items[i];
	if (count > 0)
		qsort(sorted, count, sizeof(*sorted), compare);
	for (size_t i = 1; i < count; i++) {
		if (strcmp(sorted[i]->name, sorted[first]->name) == 0)
			set_aside_second(sorted[first], sorted[i]);
		else
			first = i;
	}
	free(sorted);
	return NULL;
}

static rk_error *
read_folder(rk_keyimport *import)
{
	const char *path = import->wish->path;
	RK_AUTO(rk_dir) dir = NULL;
	RK_AUTO(rk_names) names = NULL;
	rk_error *err = rk_dir_open(path, RK_DIR_ANY, &dir);

	if (!err)
		err = rk_dir_walk(dir, NULL, FILES_MAX, &names);
	for (size_t i = 0; !err && i < names->count; i++) {
		RK_AUTO(rk_str) file = NULL;

		err = rk_strdupf(&file, "%s%s%s", path,
		    path[0] && path[strlen(path) - 1] == '/' ? "" : "/", names->names[i]);
		if (!err)
			err = read_folder_file(import, file);
	}
	if (err)
		return err;
	warn_of_folder(import);
	return set_doubles_aside(import);
}

rk_error *
rk_keyimport_read(rk_keyimport *import)
{
	rk_keyimport_item *item = NULL;
	rk_error *err;

	if (!import->wish->name)
		return read_folder(import);
	err = rk_keep_key_check_name(import->wish->name);
	if (!err)
		err = rk_keyimport_add(import, import->wish->path, &item);
	return err ? err : read_item(import, item);
}
