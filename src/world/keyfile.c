#include "world/keyfile_private.h"

#include "base/show.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

rk_error *
rk_keyfile_damaged(const char *what)
{
	return rk_fail(RK_E_MALFORMED, "take a whole copy of the file, as its program wrote it",
	    "what should be a private key (%s) is cut off, has something after its end, or is "
	    "damaged",
	    what);
}

enum rk_keyfile_form
rk_keyfile_form_of(struct rk_keyfile_span der)
{
	struct rk_keyfile_span body, first, rest;

	if (!rk_keyfile_der_take(&der, RK_KEYFILE_SEQUENCE, &body))
		return RK_KEYFILE_FORM_NONE;
	rest = body;
	if (rk_keyfile_der_take(&rest, RK_KEYFILE_SEQUENCE, &first))
		return rk_keyfile_der_next_is(&rest, RK_KEYFILE_OCTETS) ? RK_KEYFILE_FORM_SEALED
		       : rk_keyfile_der_next_is(&rest, RK_KEYFILE_BITS) ? RK_KEYFILE_FORM_PUBLIC
		       : rk_keyfile_der_next_is(&rest, RK_KEYFILE_SEQUENCE)
			   ? RK_KEYFILE_FORM_CERTIFICATE
			   : RK_KEYFILE_FORM_NONE;
	if (!rk_keyfile_der_number(&rest, &first))
		return RK_KEYFILE_FORM_NONE;
	if (rk_keyfile_der_next_is(&rest, RK_KEYFILE_SEQUENCE))
		return RK_KEYFILE_FORM_PKCS8;
	if (rk_keyfile_der_next_is(&rest, RK_KEYFILE_OCTETS))
		return RK_KEYFILE_FORM_SEC1;
	for (int i = 0; i < 8; i++) {
		if (!rk_keyfile_der_number(&rest, &first))
			return i == 5 && rest.len == 0 ? RK_KEYFILE_FORM_DSA : RK_KEYFILE_FORM_NONE;
	}
	return RK_KEYFILE_FORM_PKCS1;
}

static rk_error *
only_public(void)
{
	return rk_fail(RK_E_NOT_FOUND,
	    "'rootkeep key enrol NAME FILE' is for public halves and certificates",
	    "there is only the public half of a key in it");
}

static rk_error *
no_form(void)
{
	return rk_fail(RK_E_TOKEN_UNSUPPORTED,
	    "convert it: 'openssl pkey -in FILE -out NEW', or 'ssh-keygen -p -m PKCS8 -f COPY' for "
	    "one of OpenSSH",
	    "a private key in a form that we do not know");
}

/* An open key's DER, whatever its form. */
static rk_error *
take_open(rk_keyfile *file, enum rk_keyfile_form form, struct rk_keyfile_span der)
{
	switch (form) {
	case RK_KEYFILE_FORM_PKCS8:
		return rk_keyfile_take_pkcs8(file, der);
	case RK_KEYFILE_FORM_PKCS1:
		return rk_keyfile_take_pkcs1(file, der);
	case RK_KEYFILE_FORM_SEC1:
		return rk_keyfile_take_sec1(file, der, NULL);
	case RK_KEYFILE_FORM_PUBLIC:
	case RK_KEYFILE_FORM_CERTIFICATE:
		return only_public();
	case RK_KEYFILE_FORM_NONE:
	case RK_KEYFILE_FORM_SEALED:
	case RK_KEYFILE_FORM_DSA:
		break;
	}
	return no_form();
}

/* Half a key is none. */
static rk_error *
settle(rk_keyfile *file, rk_error *err)
{
	if (!err)
		return NULL;
	rk_secret_free(file->pkcs8);
	rk_pubkey_free(file->pubkey);
	file->pkcs8 = NULL;
	file->pubkey = NULL;
	file->unchecked = false;
	return err;
}

static rk_error *
take_sealed(rk_keyfile *file, const rk_secret *bytes, char *dek_info, bool bare_edwards)
{
	struct rk_keyfile_seal *seal = calloc(1, sizeof(*seal));
	rk_error *err;

	if (!seal) {
		free(dek_info);
		return rk_out_of_memory();
	}
	file->seal = seal;
	file->encrypted = true;
	seal->dek_info = dek_info;
	seal->bare_edwards = bare_edwards;
	err = rk_secret_copy(rk_secret_peek(bytes), rk_secret_len(bytes), &seal->bytes);
	return err ? err : rk_keyfile_seal_judge(seal);
}

static struct rk_keyfile_span
span_of(const rk_secret *secret)
{
	return (struct rk_keyfile_span){rk_secret_peek(secret), rk_secret_len(secret)};
}

static rk_error *
take_der(rk_keyfile *file, const rk_secret *bytes)
{
	enum rk_keyfile_form form = rk_keyfile_form_of(span_of(bytes));

	if (form == RK_KEYFILE_FORM_SEALED)
		return take_sealed(file, bytes, NULL, false);
	return settle(file, take_open(file, form, span_of(bytes)));
}

static rk_error *
take_block(rk_keyfile *file, struct rk_keyfile_block *block)
{
	bool edwards = !strcmp(block->label, "ED25519 PRIVATE KEY");

	file->role = RK_TAKE(block->role);
	file->gun = RK_TAKE(block->gun);
	file->path = RK_TAKE(block->path);
	if (block->dek_info)
		return take_sealed(file, block->bytes, RK_TAKE(block->dek_info), edwards);
	if (edwards)
		return settle(file, rk_keyfile_take_edwards96(file, span_of(block->bytes)));
	if (!strcmp(block->label, "OPENSSH PRIVATE KEY"))
		return no_form();
	if (rk_keyfile_form_of(span_of(block->bytes)) == RK_KEYFILE_FORM_NONE)
		return rk_keyfile_damaged("DER");
	return take_der(file, block->bytes);
}

static rk_error *
take_pem(rk_keyfile *file, const rk_secret *bytes)
{
	__attribute__((cleanup(rk_keyfile_block_clear))) struct rk_keyfile_block block = {0};
	rk_error *err = rk_keyfile_pem_read(rk_secret_peek(bytes), rk_secret_len(bytes), &block);

	return err ? err : take_block(file, &block);
}

/* A text is no key; what begins like one in DER is taken for one. */
static rk_error *
take_any(rk_keyfile *file, const rk_secret *bytes)
{
	const uint8_t *at = rk_secret_peek(bytes);
	size_t len = rk_secret_len(bytes);

	if (rk_keyfile_pem_is(at, len))
		return take_pem(file, bytes);
	if (rk_keyfile_form_of(span_of(bytes)) != RK_KEYFILE_FORM_NONE)
		return take_der(file, bytes);
	if (len > 2 && at[0] == RK_KEYFILE_SEQUENCE &&
	    (at[1] >= 0x80 || at[2] == RK_KEYFILE_INTEGER))
		return rk_keyfile_damaged("DER");
	return rk_fail(RK_E_NOT_FOUND, "give the file of a private key, PEM or DER",
	    "there is no private key in it");
}

rk_error *
rk_keyfile_read(const rk_secret *bytes, const char *name, rk_keyfile **ret_file)
{
	RK_AUTO(rk_keyfile) file = calloc(1, sizeof(*file));
	rk_error *err = file ? take_any(file, bytes) : rk_out_of_memory();

	if (err)
		return rk_wrap(err, "cannot read the private key in %s", RK_SHOW(name));
	*ret_file = RK_TAKE(file);
	return NULL;
}

/* Up to one byte more than may be there, straight into the secret. */
static rk_error *
read_all(int fd, const struct stat *status, rk_secret **ret_bytes)
{
	bool regular = S_ISREG(status->st_mode);
	size_t room = regular && status->st_size < RK_KEYFILE_MAX ? (size_t)status->st_size + 1
								  : RK_KEYFILE_MAX + 1;
	RK_AUTO(rk_secret) bytes = NULL;
	size_t len = 0;
	rk_error *err = rk_secret_new(room, &bytes);

	while (!err && len < room) {
		ssize_t got = read(fd, rk_secret_bytes(bytes) + len, room - len);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			err = rk_fail_errno(
			    RK_E_IO, errno, "name a file that can be read", "it cannot be read");
		if (got <= 0)
			break;
		len += (size_t)got;
	}
	if (!err && len == room)
		err = rk_fail(RK_E_LIMIT, "give the file of one private key",
		    room > RK_KEYFILE_MAX ? "it is longer than %u bytes, which no private key is"
					  : "it grew beyond what it was, or beyond %u bytes",
		    RK_KEYFILE_MAX);
	if (err)
		return err;
	rk_secret_truncate(bytes, len);
	*ret_bytes = RK_TAKE(bytes);
	return NULL;
}

static bool
is_exposed(const struct stat *status)
{
	bool ours = status->st_uid == geteuid() || status->st_uid == 0;

	return S_ISREG(status->st_mode) && (!ours || (status->st_mode & (S_IRWXG | S_IRWXO)) != 0);
}

static rk_error *
load_bytes(const char *path, rk_secret **ret_bytes, struct stat *ret_status)
{
	int fd = open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	rk_error *err = NULL;

	if (fd < 0)
		return rk_fail_errno(errno == ENOENT ? RK_E_NOT_FOUND : RK_E_IO, errno,
		    "name a file that you can read", "it cannot be opened");
	if (fstat(fd, ret_status) != 0)
		err = rk_fail_errno(RK_E_IO, errno, NULL, "it cannot be looked at");
	else if (S_ISDIR(ret_status->st_mode))
		err = rk_fail(
		    RK_E_IO, "give a file; for all keys of a folder: --all DIR", "it is a folder");
	else
		err = read_all(fd, ret_status, ret_bytes);
	close(fd);
	return err;
}

rk_error *
rk_keyfile_load(const char *path, rk_keyfile **ret_file)
{
	RK_AUTO(rk_secret) bytes = NULL;
	struct stat status;
	rk_error *err = load_bytes(path, &bytes, &status);

	if (err)
		return rk_wrap(err, "cannot read the private key in %s", RK_SHOW(path));
	err = rk_keyfile_read(bytes, path, ret_file);
	if (err)
		return err;
	(*ret_file)->exposed = is_exposed(&status);
	(*ret_file)->lasting = S_ISREG(status.st_mode);
	return NULL;
}

/* What a wrong passphrase lets out is noise, which now and then is padded well. */
static rk_error *
take_plain(rk_keyfile *file, const rk_secret *plain)
{
	struct rk_keyfile_span der = span_of(plain);
	enum rk_keyfile_form form;

	if (file->seal->bare_edwards && der.len == 96)
		return rk_keyfile_take_edwards96(file, der);
	form = rk_keyfile_form_of(der);
	if (form == RK_KEYFILE_FORM_NONE)
		return rk_keyfile_wrong();
	return take_open(file, form, der);
}

rk_error *
rk_keyfile_unseal(rk_keyfile *file, const rk_secret *passphrase)
{
	RK_AUTO(rk_secret) plain = NULL;
	rk_error *err;

	if (file->pkcs8)
		return NULL;
	err = rk_keyfile_seal_open(file->seal, passphrase, &plain);
	return err ? err : settle(file, take_plain(file, plain));
}

void
rk_keyfile_free(rk_keyfile *file)
{
	if (!file)
		return;
	rk_secret_free(file->pkcs8);
	rk_pubkey_free(file->pubkey);
	free(file->role);
	free(file->gun);
	free(file->path);
	rk_keyfile_seal_free(file->seal);
	free(file);
}
