#include "keep/keep_private.h"

#include "base/datetime.h"
#include "base/show.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MEMBER "certificates"
#define FOLDER "certificates/"
#define ENDING ".pem"
#define NUMBER_MAX 1000000

/* The number of "certificates/<fingerprint>/<n>.pem"; 0 for anything else. */
static unsigned
number_of(const rk_keep_key *key, const char *file)
{
	size_t print = strlen(key->fingerprint);
	const char *at = file + strlen(FOLDER);
	char *end;
	unsigned long number;

	if (strncmp(file, FOLDER, strlen(FOLDER)) != 0 ||
	    strncmp(at, key->fingerprint, print) != 0 || at[print] != '/' || at[print + 1] < '1' ||
	    at[print + 1] > '9')
		return 0;
	errno = 0;
	number = strtoul(at + print + 1, &end, 10);
	return errno == 0 && number <= NUMBER_MAX && strcmp(end, ENDING) == 0 ? (unsigned)number
									      : 0;
}

static rk_error *
read_one(const rk_keep_key *key, const rk_node *node, const char *where,
    rk_keep_certificate *ret_certificate)
{
	rk_keep_certificate certificate = {NULL, NULL, 0};
	const char *until = NULL;
	rk_error *err = NULL;

	if (rk_node_kind(node) != RK_JSON_OBJECT)
		return rk_fail(RK_E_MALFORMED, "restore it from a copy",
		    "%s: one of its certificates is no object", where);
	err = rk_node_want_text(node, "gun", where, &certificate.gun);
	if (!err)
		err = rk_node_want_text(node, "file", where, &certificate.file);
	if (!err)
		err = rk_node_want_text(node, "not_after", where, &until);
	if (!err)
		err = rk_time_parse(until, strlen(until), &certificate.not_after);
	if (!err && number_of(key, certificate.file) == 0)
		err = rk_fail(RK_E_MALFORMED, "restore it from a copy",
		    "%s: %s is not where a certificate of it lies", where,
		    RK_SHOW(certificate.file));
	if (!err)
		*ret_certificate = certificate;
	return err;
}

rk_error *
rk_keep_certificates_judge(const rk_keep_key *key, const char *where)
{
	rk_node *array = NULL;
	rk_keep_certificate one;
	rk_error *err = NULL;

	if (!rk_node_get(key->rest, MEMBER))
		return NULL;
	err = rk_node_want_array(key->rest, MEMBER, where, &array);
	for (const rk_node *at = rk_node_child(array); at && !err; at = rk_node_next(at))
		err = read_one(key, at, where, &one);
	return err;
}

bool
rk_keep_certificate_next(
    const rk_keep_key *key, const rk_node **at, rk_keep_certificate *ret_certificate)
{
	const rk_node *next =
	    *at ? rk_node_next(*at) : rk_node_child(rk_node_get(key->rest, MEMBER));
	rk_error *err = next ? read_one(key, next, "keep.json", ret_certificate) : NULL;
	bool found = next && !err;

	/* What was read has been judged, and what is added is judged first. */
	rk_error_free(err);
	*at = next;
	return found;
}

/* The array, made where there is none. */
static rk_error *
list_of(const rk_keep_key *key, rk_node **ret_array)
{
	rk_error *err = NULL;

	if (!rk_node_get(key->rest, MEMBER))
		err = rk_node_put(key->rest, MEMBER, rk_node_new_array());
	if (!err)
		*ret_array = rk_node_get(key->rest, MEMBER);
	return err;
}

rk_error *
rk_keep_certificate_add(rk_keep *keep, const char *name, const rk_keep_certificate *certificate)
{
	const rk_keep_key *key = rk_keep_key_by_name(keep, name);
	RK_AUTO(rk_node) node = rk_node_new_object();
	rk_node *array = NULL;
	rk_error *err = node ? NULL : rk_out_of_memory();

	if (!err && !key)
		err = rk_fail(RK_E_NOT_FOUND, "see 'rootkeep key list'", "no key is called %s here",
		    RK_SHOW(name));
	if (!err && number_of(key, certificate->file) == 0)
		err = rk_fail(RK_E_REFUSED, NULL, "%s is not where a certificate of key %s lies",
		    RK_SHOW(certificate->file), RK_SHOW(name));
	if (!err && !rk_utf8_valid(certificate->gun, strlen(certificate->gun)))
		err = rk_fail(
		    RK_E_REFUSED, "write it in UTF-8", "%s is not text", RK_SHOW(certificate->gun));
	if (!err)
		err = rk_node_put_text(node, "gun", certificate->gun);
	if (!err)
		err = rk_node_put_text(node, "file", certificate->file);
	if (!err)
		err = rk_node_put_text(node, "not_after", RK_TIME(certificate->not_after));
	if (!err)
		err = list_of(key, &array);
	return err ? err : rk_node_append(array, RK_TAKE(node));
}

rk_error *
rk_keep_certificate_path(const rk_keep *keep, const rk_keep_key *key, char **ret_path)
{
	const rk_node *at = NULL;
	rk_keep_certificate one;
	unsigned number = 0;

	while (rk_keep_certificate_next(key, &at, &one))
		if (number_of(key, one.file) > number)
			number = number_of(key, one.file);
	while (++number <= NUMBER_MAX) {
		RK_AUTO(rk_str) path = NULL;
		rk_error *err = rk_strdupf(&path, FOLDER "%s/%u" ENDING, key->fingerprint, number);

		if (err)
			return err;
		if (keep->dir && rk_file_exists(keep->dir, path))
			continue;
		*ret_path = RK_TAKE(path);
		return NULL;
	}
	return rk_fail(RK_E_LIMIT, "move old ones out of the keep",
	    "key %s has too many certificates", RK_SHOW(key->name));
}
