#include "x509/attestation_private.h"

#include "base/show.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <stdlib.h>
#include <string.h>

#define FILES_MAX 256
#define ENDING ".pem"
#define REMEDY "give the CA's certificate, as PEM or DER"

static void
bio_cleanup(BIO **bio)
{
	BIO_free(*bio);
}
#define AUTO_BIO __attribute__((cleanup(bio_cleanup))) BIO *

rk_error *
rk_attestation_pins_new(bool given, rk_attestation_pins **ret_pins)
{
	rk_attestation_pins *pins = calloc(1, sizeof(*pins));

	if (!pins)
		return rk_out_of_memory();
	pins->given = given;
	*ret_pins = pins;
	return NULL;
}

static rk_error *
refuse(const char *name, const char *why)
{
	ERR_clear_error();
	return rk_fail(RK_E_MALFORMED, REMEDY, "%s %s", RK_SHOW(name), why);
}

/* A root is its own issuer, so that a damaged one is noticed here. */
static rk_error *
judge(X509 *x509, const char *name)
{
	struct rk_attestation_constraints said;
	rk_error *err = rk_attestation_constraints(x509, &said);

	if (err)
		return rk_advise(rk_wrap(err, "%s cannot be a CA", RK_SHOW(name)), REMEDY);
	if (said.present && !said.authority)
		return refuse(name, "holds a certificate that may not issue others");
	if (rk_attestation_is_self_issued(x509) && X509_verify(x509, X509_get0_pubkey(x509)) != 1)
		return refuse(name, "holds a root that has not signed itself: it is damaged");
	return NULL;
}

static rk_error *
own(rk_attestation_pins *pins, X509 **x509, const char *name)
{
	struct rk_attestation_pin_list *list = &pins->list;
	rk_error *err = judge(*x509, name);
	X509 **items;

	if (!err && list->count == RK_ATTESTATION_PINS_MAX)
		err = rk_fail(RK_E_LIMIT, "keep only those that are needed",
		    "there are more than %d CA certificates", RK_ATTESTATION_PINS_MAX);
	if (err)
		return err;
	items = realloc(list->items, (list->count + 1) * sizeof(*items));
	if (!items)
		return rk_out_of_memory();
	list->items = items;
	items[list->count++] = RK_TAKE(*x509);
	return NULL;
}

static bool
is_end(void)
{
	bool end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;

	ERR_clear_error();
	return end;
}

static rk_error *
add_blocks(rk_attestation_pins *pins, const void *text, size_t len, const char *name)
{
	AUTO_BIO bio = BIO_new_mem_buf(text, (int)len);
	rk_error *err = bio ? NULL : rk_out_of_memory();
	size_t before = pins->list.count;

	while (!err) {
		RK_AUTO_ATTESTATION_X509 x509 = PEM_read_bio_X509(bio, NULL, NULL, NULL);

		if (x509)
			err = own(pins, &x509, name);
		else if (!is_end())
			err = refuse(name, "holds a block that is broken");
		else
			break;
	}
	if (!err && pins->list.count == before)
		err = refuse(name, "holds no certificate");
	return err;
}

rk_error *
rk_attestation_pins_add(rk_attestation_pins *pins, const void *bytes, size_t len, const char *name)
{
	const struct rk_attestation_der der = {bytes, len};
	RK_AUTO_ATTESTATION_X509 x509 = NULL;
	rk_error *err;

	if (len > RK_ATTESTATION_PINS_BYTES)
		return rk_fail(RK_E_LIMIT, "give the CA's certificate alone",
		    "%s is larger than %u bytes", RK_SHOW(name), RK_ATTESTATION_PINS_BYTES);
	if (len == 0 || *der.bytes != 0x30)
		return add_blocks(pins, bytes, len, name);
	err = rk_attestation_x509(&der, name, &x509);
	if (!err)
		return own(pins, &x509, name);
	return rk_advise(err, REMEDY);
}

static bool
is_pem(const char *name)
{
	size_t len = strlen(name);

	return len > strlen(ENDING) && !strcmp(name + len - strlen(ENDING), ENDING);
}

rk_error *
rk_attestation_pins_add_folder(rk_attestation_pins *pins, const char *path)
{
	RK_AUTO(rk_dir) dir = NULL;
	RK_AUTO(rk_names) names = NULL;
	rk_error *err = rk_dir_open(path, RK_DIR_OURS, &dir);

	if (!err)
		err = rk_dir_list(dir, NULL, FILES_MAX, &names);
	for (size_t i = 0; !err && i < names->count; i++) {
		RK_AUTO(rk_text) text = NULL;

		if (!is_pem(names->names[i]))
			continue;
		err = rk_text_read(dir, names->names[i], RK_ATTESTATION_PINS_BYTES, &text);
		if (!err)
			err = rk_attestation_pins_add(pins, text->data, text->len, names->names[i]);
	}
	return err;
}

size_t
rk_attestation_pins_count(const rk_attestation_pins *pins)
{
	return pins->list.count;
}

bool
rk_attestation_pins_are_given(const rk_attestation_pins *pins)
{
	return pins->given;
}

void
rk_attestation_pins_free(rk_attestation_pins *pins)
{
	if (!pins)
		return;
	for (size_t i = 0; i < pins->list.count; i++)
		X509_free(pins->list.items[i]);
	free(pins->list.items);
	free(pins);
}
