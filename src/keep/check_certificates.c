#include "keep/check_private.h"

#include "base/datetime.h"
#include "base/show.h"
#include "world/certificate.h"

#include <stdlib.h>
#include <string.h>

#define FOLDER "certificates"
#define FILES_MAX 1000000

struct look {
	rk_check *check;
	const rk_dir *dir;
	const rk_keep_key *key;
	rk_keep_certificate noted; /* as keep.json has it */
};

static rk_error *
tell(const struct look *look, const char *what)
{
	const struct rk_check_place place = {RK_CHECK_WRONG, look->noted.file,
	    "restore it from a copy, or make it anew with 'rootkeep key certify'"};

	return rk_check_tell(look->check, &place, "the certificate of key %s %s",
	    RK_SHOW(look->key->name), RK_SHOW_BARE(what));
}

/* Whether it has expired is for `status` to say: old ones stay here. */
static rk_error *
judge(const struct look *look, const rk_certificate *certificate)
{
	rk_error *err;

	if (!certificate->pubkey || !rk_pubkey_equal(certificate->pubkey, look->key->pubkey))
		return tell(look, "is around another key");
	if (!certificate->name || strcmp(certificate->name, look->noted.gun) != 0)
		return tell(look, "is for another GUN than keep.json says");
	if (certificate->not_after != look->noted.not_after)
		return tell(look, "expires at another time than keep.json says");
	err = rk_certificate_judge(certificate, NULL, 0);
	if (!err && certificate->is_self_issued)
		err = rk_certificate_check_self_signed(certificate);
	return err ? rk_check_tell_error(look->check, RK_CHECK_WRONG, look->noted.file, err) : NULL;
}

static rk_error *
look_at(const struct look *look)
{
	const struct rk_check_place gone = {RK_CHECK_WARNING, look->noted.file,
	    "restore it from a copy, or make it anew with 'rootkeep key certify'"};
	RK_AUTO(rk_text) text = NULL;
	RK_AUTO(rk_certificate) certificate = NULL;
	rk_error *err;

	if (!rk_file_exists(look->dir, look->noted.file))
		return rk_check_tell(look->check, &gone, "a certificate of key %s is not there",
		    RK_SHOW(look->key->name));
	err = rk_text_read(look->dir, look->noted.file, RK_CERTIFICATE_MAX, &text);
	if (!err)
		err = rk_certificate_read(text->data, text->len, look->noted.file, &certificate);
	if (err)
		return rk_check_tell_error(look->check, RK_CHECK_WRONG, look->noted.file, err);
	return judge(look, certificate);
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* `named` is sorted, and relative to the keep. */
static rk_error *
note_strays(rk_check *check, const rk_dir *dir, const rk_names *named)
{
	RK_AUTO(rk_names) there = NULL;
	rk_error *err = rk_dir_walk(dir, FOLDER, FILES_MAX, &there);

	/* That there is none is fine; what is not believed has been told already. */
	if (err && rk_error_code(err) != RK_E_NOMEM) {
		rk_error_free(err);
		return NULL;
	}
	for (size_t i = 0; !err && i < there->count; i++) {
		struct rk_check_place stray = {
		    RK_CHECK_NOTE, NULL, "move it out of the keep, if nobody needs it here"};
		RK_AUTO(rk_str) path = NULL;

		err = rk_strdupf(&path, FOLDER "/%s", there->names[i]);
		stray.path = path;
		if (!err && (named->count == 0 || !bsearch(&path, named->names, named->count,
						      sizeof(*named->names), compare)))
			err = rk_check_tell(
			    check, &stray, "keep.json knows no certificate by this name");
	}
	return err;
}

rk_error *
rk_check_certificates(rk_check *check, const rk_dir *dir, const rk_keep *keep)
{
	RK_AUTO(rk_names) named = calloc(1, sizeof(*named));
	rk_error *err = named ? NULL : rk_out_of_memory();

	for (size_t i = 0; !err && i < rk_keep_key_count(keep); i++) {
		struct look look = {check, dir, rk_keep_key_at(keep, i), {NULL, NULL, 0}};
		const rk_node *at = NULL;

		while (!err && rk_keep_certificate_next(look.key, &at, &look.noted)) {
			err = rk_names_add(named, look.noted.file);
			if (!err)
				err = look_at(&look);
		}
	}
	if (err)
		return err;
	if (named->count > 0)
		qsort(named->names, named->count, sizeof(*named->names), compare);
	return note_strays(check, dir, named);
}
