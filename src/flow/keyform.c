#include "flow/keyform.h"

#include "base/show.h"
#include "flow/keyuri.h"
#include "flow/qrcode.h"

#include <stdlib.h>
#include <string.h>

#define ID_MAX 64 /* bytes of an id that is written as a number */
#define DECIMAL_MAX (3 * ID_MAX + 1)

/* A key, and the keep that has its certificates. */
struct subject {
	const rk_keep *keep;
	const rk_keep_key *key;
};

static rk_error *
write_pem(const struct subject *subject, rk_buf *out)
{
	rk_buf_text(out, rk_pubkey_pem(subject->key->pubkey));
	return NULL;
}

static rk_error *
write_der(const struct subject *subject, rk_buf *out)
{
	size_t len = 0;
	const uint8_t *spki = rk_pubkey_spki(subject->key->pubkey, &len);

	rk_buf_append(out, spki, len);
	return NULL;
}

static rk_error *
write_tuf(const struct subject *subject, rk_buf *out)
{
	RK_AUTO(rk_node) object = NULL;
	rk_error *err = rk_dialect_tuf.key_object(subject->key->pubkey, &object);

	if (!err)
		rk_write_node(out, object, &rk_style_ours, 0);
	return err;
}

static rk_error *
write_ssh(const struct subject *subject, rk_buf *out)
{
	rk_error *err = rk_pubkey_ssh(subject->key->pubkey, out);

	rk_buf_printf(out, " %s\n", subject->key->name);
	return err;
}

static rk_error *
on_no_token(const rk_keep_key *key)
{
	return rk_fail(RK_E_NOT_FOUND, "enrol its token with 'rootkeep key enrol NAME URI'",
	    "the keep knows no token of key %s", RK_SHOW(key->name));
}

static rk_error *
write_uris(const struct subject *subject, rk_buf *out)
{
	if (subject->key->token_count == 0)
		return on_no_token(subject->key);
	for (size_t i = 0; i < subject->key->token_count; i++) {
		rk_buf_text(out, subject->key->tokens[i]);
		rk_buf_byte(out, '\n');
	}
	return NULL;
}

/* A big-endian number of any size, digit by digit from its end. */
static void
append_decimal(rk_buf *out, const uint8_t *bytes, size_t len)
{
	char digits[DECIMAL_MAX + 1];
	uint8_t rest[ID_MAX];
	size_t at = sizeof(digits) - 1;
	bool left = true;

	memcpy(rest, bytes, len);
	digits[at] = '\0';
	while (left) {
		unsigned carry = 0;

		left = false;
		for (size_t i = 0; i < len; i++) {
			carry = carry << 8 | rest[i];
			rest[i] = (uint8_t)(carry / 10);
			carry %= 10;
			left |= rest[i] != 0;
		}
		digits[--at] = (char)('0' + carry);
	}
	rk_buf_text(out, digits + at);
}

/* As HTML forms encode: what its reader decodes. */
static void
append_encoded(rk_buf *out, const rk_buf *text)
{
	static const char plain[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-~";

	for (size_t i = 0; i < text->len; i++) {
		uint8_t byte = (uint8_t)text->data[i];

		if (byte == ' ')
			rk_buf_byte(out, '+');
		else if (byte && strchr(plain, byte))
			rk_buf_byte(out, byte);
		else
			rk_buf_printf(out, "%%%02X", byte);
	}
}

/* Its reader makes the id from the number, so an id with a leading zero would not be found. */
static rk_error *
write_one_hsm(const char *uri, rk_buf *out, bool *ret_written)
{
	RK_AUTO_BUF(id);
	RK_AUTO_BUF(label);
	bool has_id = false, has_label = false;
	rk_error *err = rk_keyuri_attribute(uri, "id", &id, &has_id);

	if (!err)
		err = rk_keyuri_attribute(uri, "token", &label, &has_label);
	if (err || !has_id || !has_label || id.len == 0 || id.len > ID_MAX ||
	    (id.data[0] == 0 && id.len > 1))
		return err;
	rk_buf_text(out, "hsm:");
	append_decimal(out, (const uint8_t *)id.data, id.len);
	rk_buf_text(out, "?label=");
	append_encoded(out, &label);
	rk_buf_byte(out, '\n');
	*ret_written = true;
	return NULL;
}

static rk_error *
write_hsm(const struct subject *subject, rk_buf *out)
{
	enum rk_key_type type = rk_pubkey_type(subject->key->pubkey);
	bool written = false;
	rk_error *err = NULL;

	if (subject->key->token_count == 0)
		return on_no_token(subject->key);
	if (type != RK_KEY_ECDSA_P256 && type != RK_KEY_ECDSA_P384)
		return rk_fail(RK_E_REFUSED, "take --format uri",
		    "HSMSigner takes keys on P-256 and P-384 alone, and key %s is %s",
		    RK_SHOW(subject->key->name), rk_key_type_name(type));
	for (size_t i = 0; i < subject->key->token_count && !err; i++)
		err = write_one_hsm(subject->key->tokens[i], out, &written);
	if (!err && !written)
		return rk_fail(RK_E_REFUSED, "take --format uri",
		    "the id of key %s begins with zero bytes, which a number cannot tell",
		    RK_SHOW(subject->key->name));
	return err;
}

static rk_error *
write_qr(const struct subject *subject, rk_buf *out)
{
	const char *pem = rk_pubkey_pem(subject->key->pubkey);

	return rk_qrcode_append(out, pem, strlen(pem));
}

/* What a key is known by in Notary's key files; its certificates lie in the keep as they are. */
static rk_error *
write_notary(const struct subject *subject, rk_buf *out)
{
	RK_AUTO(rk_node) object = NULL;
	rk_error *err = rk_dialect_notary.key_object(subject->key->pubkey, &object);

	if (!err)
		rk_write_node(out, object, &rk_style_ours, 0);
	return err;
}

struct pin {
	rk_keep_certificate noted;
	size_t order;
};

static int
by_gun(const void *a, const void *b)
{
	const struct pin *one = a, *other = b;
	int order = strcmp(one->noted.gun, other->noted.gun);

	return order != 0 ? order : (one->order > other->order) - (one->order < other->order);
}

/* By GUN, and those of one in the order in which they were added. */
static rk_error *
sort_pins(const rk_keep_key *key, struct pin **ret_pins, size_t *ret_count)
{
	struct pin *pins =
	    calloc(rk_node_count(rk_node_get(key->rest, "certificates")) + 1, sizeof(*pins));
	const rk_node *at = NULL;
	rk_keep_certificate one;
	size_t count = 0;

	if (!pins)
		return rk_out_of_memory();
	while (rk_keep_certificate_next(key, &at, &one)) {
		pins[count] = (struct pin){one, count};
		count++;
	}
	qsort(pins, count, sizeof(*pins), by_gun);
	*ret_pins = pins;
	*ret_count = count;
	return NULL;
}

/* {"GUN": ["id", …], …}: a client takes any of them. */
static rk_error *
pin_certificates(const struct subject *subject, const struct pin *pins, size_t count, rk_node *guns)
{
	rk_node *ids = NULL;
	rk_error *err = NULL;

	for (size_t i = 0; i < count && !err; i++) {
		char id[RK_KEYID_HEX];

		err = rk_keep_certificate_id(
		    subject->keep, subject->key, &pins[i].noted, &rk_dialect_notary, id);
		if (!err && (i == 0 || strcmp(pins[i].noted.gun, pins[i - 1].noted.gun) != 0)) {
			ids = rk_node_new_array();
			err = rk_node_add(guns, pins[i].noted.gun, ids);
		}
		if (!err)
			err = rk_node_append_text(ids, id);
	}
	return err;
}

static rk_error *
write_pin(const struct subject *subject, rk_buf *out)
{
	RK_AUTO(rk_node) file = rk_node_new_object();
	RK_AUTO(rk_node) pinning = rk_node_new_object();
	RK_AUTO(rk_node) guns = rk_node_new_object();
	struct pin *pins = NULL;
	size_t count = 0;
	rk_error *err =
	    file && pinning && guns ? sort_pins(subject->key, &pins, &count) : rk_out_of_memory();

	if (!err && count == 0)
		err = rk_fail(RK_E_NOT_FOUND, "make one: rootkeep key certify KEY --gun GUN",
		    "key %s has no certificate to pin", RK_SHOW(subject->key->name));
	if (!err)
		err = pin_certificates(subject, pins, count, guns);
	free(pins);
	if (!err)
		err = rk_node_add(pinning, "certs", RK_TAKE(guns));
	if (!err)
		err = rk_node_add(file, "trust_pinning", RK_TAKE(pinning));
	if (!err)
		rk_write_node(out, file, &rk_style_ours, 0);
	return err;
}

static const struct {
	const char *name;
	rk_error *(*write)(const struct subject *subject, rk_buf *out);
} forms[RK_KEYFORM_COUNT] = {
    [RK_KEYFORM_PEM] = {"pem", write_pem},
    [RK_KEYFORM_DER] = {"der", write_der},
    [RK_KEYFORM_TUF] = {"tuf", write_tuf},
    [RK_KEYFORM_SSH] = {"ssh", write_ssh},
    [RK_KEYFORM_URI] = {"uri", write_uris},
    [RK_KEYFORM_HSM] = {"hsm", write_hsm},
    [RK_KEYFORM_QR] = {"qr", write_qr},
    [RK_KEYFORM_NOTARY] = {"notary", write_notary},
    [RK_KEYFORM_PIN] = {"pin", write_pin},
};

bool
rk_keyform_parse(const char *name, enum rk_keyform *ret_form)
{
	for (int form = 0; form < RK_KEYFORM_COUNT; form++) {
		if (strcmp(forms[form].name, name) != 0)
			continue;
		*ret_form = (enum rk_keyform)form;
		return true;
	}
	return false;
}

rk_error *
rk_keyform_write(const rk_keep *keep, const rk_keep_key *key, enum rk_keyform form, rk_buf *out)
{
	rk_error *err = forms[form].write(&(struct subject){keep, key}, out);

	return err ? err : rk_buf_check(out);
}
