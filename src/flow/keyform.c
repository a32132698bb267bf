#include "flow/keyform.h"

#include "base/show.h"
#include "flow/keyuri.h"
#include "flow/qrcode.h"

#include <string.h>

#define ID_MAX 64 /* bytes of an id that is written as a number */
#define DECIMAL_MAX (3 * ID_MAX + 1)

static rk_error *
write_pem(const rk_keep_key *key, rk_buf *out)
{
	rk_buf_text(out, rk_pubkey_pem(key->pubkey));
	return NULL;
}

static rk_error *
write_der(const rk_keep_key *key, rk_buf *out)
{
	size_t len = 0;
	const uint8_t *spki = rk_pubkey_spki(key->pubkey, &len);

	rk_buf_append(out, spki, len);
	return NULL;
}

static rk_error *
write_tuf(const rk_keep_key *key, rk_buf *out)
{
	RK_AUTO(rk_node) object = NULL;
	rk_error *err = rk_dialect_tuf.key_object(key->pubkey, &object);

	if (!err)
		rk_write_node(out, object, &rk_style_ours, 0);
	return err;
}

static rk_error *
write_ssh(const rk_keep_key *key, rk_buf *out)
{
	rk_error *err = rk_pubkey_ssh(key->pubkey, out);

	rk_buf_printf(out, " %s\n", key->name);
	return err;
}

static rk_error *
on_no_token(const rk_keep_key *key)
{
	return rk_fail(RK_E_NOT_FOUND, "enrol its token with 'rootkeep key enrol NAME URI'",
	    "the keep knows no token of key %s", RK_SHOW(key->name));
}

static rk_error *
write_uris(const rk_keep_key *key, rk_buf *out)
{
	if (key->token_count == 0)
		return on_no_token(key);
	for (size_t i = 0; i < key->token_count; i++) {
		rk_buf_text(out, key->tokens[i]);
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
write_hsm(const rk_keep_key *key, rk_buf *out)
{
	enum rk_key_type type = rk_pubkey_type(key->pubkey);
	bool written = false;
	rk_error *err = NULL;

	if (key->token_count == 0)
		return on_no_token(key);
	if (type != RK_KEY_ECDSA_P256 && type != RK_KEY_ECDSA_P384)
		return rk_fail(RK_E_REFUSED, "take --format uri",
		    "HSMSigner takes keys on P-256 and P-384 alone, and key %s is %s",
		    RK_SHOW(key->name), rk_key_type_name(type));
	for (size_t i = 0; i < key->token_count && !err; i++)
		err = write_one_hsm(key->tokens[i], out, &written);
	if (!err && !written)
		return rk_fail(RK_E_REFUSED, "take --format uri",
		    "the id of key %s begins with zero bytes, which a number cannot tell",
		    RK_SHOW(key->name));
	return err;
}

static rk_error *
write_qr(const rk_keep_key *key, rk_buf *out)
{
	const char *pem = rk_pubkey_pem(key->pubkey);

	return rk_qrcode_append(out, pem, strlen(pem));
}

static const struct {
	const char *name;
	rk_error *(*write)(const rk_keep_key *key, rk_buf *out);
} forms[RK_KEYFORM_COUNT] = {
    [RK_KEYFORM_PEM] = {"pem", write_pem},
    [RK_KEYFORM_DER] = {"der", write_der},
    [RK_KEYFORM_TUF] = {"tuf", write_tuf},
    [RK_KEYFORM_SSH] = {"ssh", write_ssh},
    [RK_KEYFORM_URI] = {"uri", write_uris},
    [RK_KEYFORM_HSM] = {"hsm", write_hsm},
    [RK_KEYFORM_QR] = {"qr", write_qr},
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
rk_keyform_write(const rk_keep_key *key, enum rk_keyform form, rk_buf *out)
{
	rk_error *err = forms[form].write(key, out);

	return err ? err : rk_buf_check(out);
}
