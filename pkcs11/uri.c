#include "pkcs11/uri.h"

#include "base/show.h"

#include <p11-kit/uri.h>
#include <stdlib.h>
#include <string.h>

struct rk_uri {
	P11KitUri *uri;
};

static rk_error *
no_uri(const char *text, const char *why)
{
	return rk_fail(RK_E_USAGE, "'rootkeep token list' prints the URI of every token",
	    "%s is no PKCS#11 URI: %s", RK_SHOW(text), why);
}

static rk_error *
pin_inside(void)
{
	return rk_fail(RK_E_REFUSED,
	    "take pin-value out of the URI, and change the PIN: others may have seen it",
	    "a URI with a PIN in it is refused");
}

/* The attributes of RFC 7512, of the path and of the query. */
static const char *const path_names[] = {"id", "library-description", "library-manufacturer",
    "library-version", "manufacturer", "model", "object", "serial", "slot-description", "slot-id",
    "slot-manufacturer", "token", "type"};
static const char *const query_names[] = {"module-name", "module-path", "pin-source"};

#define COUNT(names) (sizeof(names) / sizeof((names)[0]))

/* Its place among the names; `count` where it has none. */
static size_t
place_of(const char *name, size_t len, const char *const *names, size_t count)
{
	size_t place = 0;

	while (
	    place < count && (strlen(names[place]) != len || memcmp(names[place], name, len) != 0))
		place++;
	return place;
}

/*
 * p11-kit passes over what it does not know in a query, and lets a second value win over the
 * first: a URI that was misspelt, or looks like another than it is.
 */
static rk_error *
check_names(const char *text)
{
	const char *at = strchr(text, ':') + 1;
	bool query = false;
	unsigned seen[2] = {0, 0};

	while (*at) {
		size_t len = strcspn(at, query ? "=&" : "=;?");
		size_t place = query ? place_of(at, len, query_names, COUNT(query_names))
				     : place_of(at, len, path_names, COUNT(path_names));

		if (len > 0 && place == (query ? COUNT(query_names) : COUNT(path_names)))
			return no_uri(text, "it has an attribute that is not known");
		if (len > 0 && (seen[query] & (1u << place)))
			return no_uri(text, "it has an attribute twice");
		seen[query] |= len > 0 ? 1u << place : 0;
		at += strcspn(at, query ? "&" : ";?");
		query |= *at == '?';
		at += *at != '\0';
	}
	return NULL;
}

static rk_error *
check(const rk_uri *uri, const char *text)
{
	const char *source = p11_kit_uri_get_pin_source(uri->uri);

	if (p11_kit_uri_get_pin_value(uri->uri))
		return pin_inside();
	if (source && source[0] == '|')
		return rk_fail(RK_E_REFUSED, "put the PIN into a file and name it with --pin-file",
		    "a pin-source that is a command is refused");
	if (p11_kit_uri_any_unrecognized(uri->uri))
		return no_uri(text, "it has a value that matches nothing");
	return check_names(text);
}

rk_error *
rk_uri_parse(const char *text, rk_uri **ret_uri)
{
	RK_AUTO(rk_uri) uri = calloc(1, sizeof(*uri));
	rk_error *err;
	int bad;

	if (!uri)
		return rk_out_of_memory();
	/* Before anything else, and without repeating the text: it may hold a PIN. */
	if (strcasestr(text, "pin-value"))
		return pin_inside();
	uri->uri = p11_kit_uri_new();
	if (!uri->uri)
		return rk_out_of_memory();
	bad = p11_kit_uri_parse(text, P11_KIT_URI_FOR_ANY, uri->uri);
	if (bad == P11_KIT_URI_NO_MEMORY)
		return rk_out_of_memory();
	if (bad != P11_KIT_URI_OK)
		return no_uri(text, p11_kit_uri_message(bad));
	err = check(uri, text);
	if (!err)
		*ret_uri = RK_TAKE(uri);
	return err;
}

const char *
rk_uri_module_name(const rk_uri *uri)
{
	return p11_kit_uri_get_module_name(uri->uri);
}

const char *
rk_uri_module_path(const rk_uri *uri)
{
	return p11_kit_uri_get_module_path(uri->uri);
}

const char *
rk_uri_pin_source(const rk_uri *uri)
{
	return p11_kit_uri_get_pin_source(uri->uri);
}

/* PKCS#11 pads with blanks; some modules pad with zeros. */
static void
blank_pad(unsigned char *field, size_t len)
{
	unsigned char *zero = memchr(field, 0, len);

	if (zero)
		memset(zero, ' ', len - (size_t)(zero - field));
}

static CK_TOKEN_INFO
padded(const CK_TOKEN_INFO *token)
{
	CK_TOKEN_INFO copy = *token;

	blank_pad(copy.label, sizeof(copy.label));
	blank_pad(copy.manufacturerID, sizeof(copy.manufacturerID));
	blank_pad(copy.model, sizeof(copy.model));
	blank_pad(copy.serialNumber, sizeof(copy.serialNumber));
	return copy;
}

bool
rk_uri_is_about_one(const rk_uri *uri)
{
	const CK_TOKEN_INFO *token = p11_kit_uri_get_token_info(uri->uri);

	return token->label[0] != 0 || token->serialNumber[0] != 0;
}

bool
rk_uri_is_slot_only(const rk_uri *uri)
{
	const CK_TOKEN_INFO *token = p11_kit_uri_get_token_info(uri->uri);

	return p11_kit_uri_get_slot_id(uri->uri) != (CK_SLOT_ID)-1 && token->label[0] == 0 &&
	       token->serialNumber[0] == 0;
}

bool
rk_uri_names_token(const rk_uri *uri, const CK_INFO *module, const rk_slot *slot)
{
	CK_TOKEN_INFO token = padded(&slot->token);
	CK_SLOT_ID id = p11_kit_uri_get_slot_id(uri->uri);

	if (id != (CK_SLOT_ID)-1 && id != slot->slot)
		return false;
	return p11_kit_uri_match_module_info(uri->uri, module) == 1 &&
	       p11_kit_uri_match_slot_info(uri->uri, &slot->slot_info) == 1 &&
	       p11_kit_uri_match_token_info(uri->uri, &token) == 1;
}

static bool
attribute_is(const CK_ATTRIBUTE *attribute, const void *bytes, size_t len)
{
	return !attribute || (attribute->ulValueLen == len &&
				 (len == 0 || memcmp(attribute->pValue, bytes, len) == 0));
}

bool
rk_uri_names_key(const rk_uri *uri, const rk_token_key *key)
{
	const CK_ATTRIBUTE *id = p11_kit_uri_get_attribute(uri->uri, CKA_ID);
	const CK_ATTRIBUTE *label = p11_kit_uri_get_attribute(uri->uri, CKA_LABEL);
	const CK_ATTRIBUTE *class = p11_kit_uri_get_attribute(uri->uri, CKA_CLASS);
	CK_OBJECT_CLASS wanted = CKO_PRIVATE_KEY;

	if (class && class->ulValueLen == sizeof(wanted))
		memcpy(&wanted, class->pValue, sizeof(wanted));
	if (wanted != CKO_PRIVATE_KEY && wanted != CKO_PUBLIC_KEY)
		return false;
	if (class && wanted == CKO_PRIVATE_KEY && key->handle == 0)
		return false;
	return attribute_is(id, key->id, key->id_len) &&
	       attribute_is(label, key->label, key->label ? strlen(key->label) : 0);
}

void
rk_uri_free(rk_uri *uri)
{
	if (uri && uri->uri)
		p11_kit_uri_free(uri->uri);
	free(uri);
}

static rk_error *
format(P11KitUri *uri, P11KitUriType type, char **ret_text)
{
	char *text = NULL;

	if (p11_kit_uri_format(uri, type, &text) != P11_KIT_URI_OK)
		return rk_out_of_memory();
	*ret_text = text;
	return NULL;
}

static P11KitUri *
begin(const rk_slot *slot, const char *module_name)
{
	P11KitUri *uri = p11_kit_uri_new();

	if (!uri)
		return NULL;
	*p11_kit_uri_get_token_info(uri) = padded(&slot->token);
	if (module_name)
		p11_kit_uri_set_module_name(uri, module_name);
	return uri;
}

rk_error *
rk_uri_of_token(const rk_slot *slot, const char *module_name, char **ret_text)
{
	P11KitUri *uri = begin(slot, module_name);
	rk_error *err;

	if (!uri)
		return rk_out_of_memory();
	err = format(uri, P11_KIT_URI_FOR_TOKEN, ret_text);
	p11_kit_uri_free(uri);
	return err;
}

rk_error *
rk_uri_of_key(
    const rk_slot *slot, const rk_token_key *key, const char *module_name, char **ret_text)
{
	P11KitUri *uri = begin(slot, module_name);
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE type = {CKA_CLASS, &class, sizeof(class)};
	CK_ATTRIBUTE id = {CKA_ID, key->id, key->id_len};
	CK_ATTRIBUTE label = {CKA_LABEL, key->label, key->label ? strlen(key->label) : 0};
	bool bad;
	rk_error *err;

	if (!uri)
		return rk_out_of_memory();
	bad = p11_kit_uri_set_attribute(uri, &type) != P11_KIT_URI_OK;
	if (id.ulValueLen > 0)
		bad |= p11_kit_uri_set_attribute(uri, &id) != P11_KIT_URI_OK;
	if (label.ulValueLen > 0)
		bad |= p11_kit_uri_set_attribute(uri, &label) != P11_KIT_URI_OK;
	err = bad ? rk_out_of_memory() : format(uri, P11_KIT_URI_FOR_OBJECT_ON_TOKEN, ret_text);
	p11_kit_uri_free(uri);
	return err;
}
