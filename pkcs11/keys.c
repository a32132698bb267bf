#include "pkcs11/keys.h"

#include "pkcs11/pairing.h"
#include "pkcs11/yubikey.h"

#include <stdlib.h>
#include <string.h>

#define FIND_STEP 64

struct handles {
	CK_OBJECT_HANDLE *handles;
	size_t count;
};

static CK_RV
add_handles(struct handles *list, const CK_OBJECT_HANDLE *more, size_t count)
{
	CK_OBJECT_HANDLE *grown;

	if (list->count + count > RK_MESSAGE_KEYS_MAX)
		return RK_CKR_TOO_MANY;
	grown = realloc(list->handles, (list->count + count) * sizeof(*grown));
	if (!grown)
		return CKR_HOST_MEMORY;
	memcpy(grown + list->count, more, count * sizeof(*more));
	list->handles = grown;
	list->count += count;
	return CKR_OK;
}

static CK_RV
find_class(rk_session *session, CK_OBJECT_CLASS class, struct handles *ret_list)
{
	CK_ATTRIBUTE template = {CKA_CLASS, &class, sizeof(class)};
	CK_OBJECT_HANDLE some[FIND_STEP];
	CK_ULONG count;
	CK_RV rv = RK_CALL(session->module, C_FindObjectsInit, session->handle, &template, 1);

	/* A search that could not be ended is left behind with its session. */
	if (rv == CKR_OPERATION_ACTIVE && rk_session_renew(session) == CKR_OK)
		rv = RK_CALL(session->module, C_FindObjectsInit, session->handle, &template, 1);
	if (rv != CKR_OK)
		return rv;
	do {
		count = 0;
		rv = RK_CALL(
		    session->module, C_FindObjects, session->handle, some, FIND_STEP, &count);
		if (rv == CKR_OK && count > FIND_STEP)
			rv = RK_CKR_BAD_ANSWER;
		if (rv == CKR_OK && count > 0)
			rv = add_handles(ret_list, some, count);
	} while (rv == CKR_OK && count > 0);
	(void)session->module->functions->C_FindObjectsFinal(session->handle);
	return rv;
}

/* The public half as this object tells it; NULL where it does not. */
static CK_RV
read_pubkey(rk_session *session, CK_OBJECT_HANDLE object, CK_KEY_TYPE type, rk_pubkey **ret_key)
{
	RK_AUTO_BUF(first);
	RK_AUTO_BUF(second);
	bool rsa = type == CKK_RSA;
	rk_error *err;
	CK_RV rv;

	if (!rsa && type != CKK_EC && type != CKK_EC_EDWARDS)
		return CKR_OK;
	rv = rk_attribute_bytes(session, object, rsa ? CKA_MODULUS : CKA_EC_PARAMS, &first);
	if (rv == CKR_OK)
		rv = rk_attribute_bytes(
		    session, object, rsa ? CKA_PUBLIC_EXPONENT : CKA_EC_POINT, &second);
	if (rv != CKR_OK || first.len == 0 || second.len == 0)
		return rk_attribute_is_withheld(rv) ? CKR_OK : rv;
	if (rsa)
		err = rk_pubkey_from_rsa(first.data, first.len, second.data, second.len, ret_key);
	else
		err = rk_pubkey_from_ec(first.data, first.len, second.data, second.len, ret_key);
	rk_error_free(err);
	return CKR_OK;
}

/* One key of many: where its public half cannot be read, the others are still to be seen. */
static CK_RV
try_pubkey(rk_session *session, CK_OBJECT_HANDLE object, CK_KEY_TYPE type, rk_pubkey **ret_key)
{
	CK_RV rv = read_pubkey(session, object, type, ret_key);

	return rk_attribute_is_lost(rv) ? rv : CKR_OK;
}

static void
read_facts(rk_session *session, rk_object *object)
{
	static const CK_ATTRIBUTE_TYPE types[RK_MESSAGE_FACTS] = {
	    CKA_SENSITIVE,
	    CKA_EXTRACTABLE,
	    CKA_ALWAYS_SENSITIVE,
	    CKA_NEVER_EXTRACTABLE,
	    CKA_LOCAL,
	    CKA_SIGN,
	    CKA_ALWAYS_AUTHENTICATE,
	};

	for (size_t i = 0; i < RK_MESSAGE_FACTS; i++)
		object->facts[i] =
		    (uint8_t)rk_attribute_fact(session, object->private_key, types[i]);
}

static CK_RV
read_name(rk_session *session, CK_OBJECT_HANDLE handle, CK_ATTRIBUTE_TYPE type, rk_buf *out)
{
	CK_RV rv = rk_attribute_bytes(session, handle, type, out);

	return rk_attribute_is_withheld(rv) ? CKR_OK : rv;
}

/* Type, id and label: what every key has. One that is not seen would be taken for free. */
static CK_RV
read_names(rk_session *session, CK_OBJECT_HANDLE handle, rk_object *object)
{
	CK_RV rv = rk_attribute_number(session, handle, CKA_KEY_TYPE, &object->type);

	if (rv == CKR_OK)
		rv = read_name(session, handle, CKA_ID, &object->id);
	if (rv == CKR_OK)
		rv = read_name(session, handle, CKA_LABEL, &object->label);
	if (rv != CKR_OK)
		return rv;
	if (object->id.len > RK_MESSAGE_TEXT_MAX || object->label.len > RK_MESSAGE_TEXT_MAX)
		return RK_CKR_TOO_MANY;
	/* No key for us: its place is taken by its certificate alone. */
	if (rk_yubikey_is_attester(session, &object->id))
		return CKR_OBJECT_HANDLE_INVALID;
	return object->id.failed || object->label.failed ? CKR_HOST_MEMORY : CKR_OK;
}

static CK_RV
reserve(rk_session *session, size_t count)
{
	rk_object *grown =
	    realloc(session->objects, (session->object_count + count + 1) * sizeof(*grown));

	if (!grown)
		return CKR_HOST_MEMORY;
	session->objects = grown;
	return CKR_OK;
}

/* An object that went away or will not tell its type is not a key for us. */
static bool
is_no_key(CK_RV rv)
{
	return rk_attribute_is_withheld(rv) || rv == CKR_OBJECT_HANDLE_INVALID;
}

static CK_RV
read_private(rk_session *session, CK_OBJECT_HANDLE handle)
{
	rk_object object = {.private_key = handle};
	CK_RV rv = read_names(session, handle, &object);

	if (rv == CKR_OK)
		rv = try_pubkey(session, handle, object.type, &object.pubkey);
	if (rv != CKR_OK) {
		rk_object_clear(&object);
		return is_no_key(rv) ? CKR_OK : rv;
	}
	read_facts(session, &object);
	session->objects[session->object_count++] = object;
	return CKR_OK;
}

static CK_RV
read_public(rk_session *session, CK_OBJECT_HANDLE handle, const rk_pairing *pairing)
{
	rk_object object = {.public_key = handle};
	rk_object *pair;
	CK_RV rv = read_names(session, handle, &object);

	if (rv == CKR_OK)
		rv = try_pubkey(session, handle, object.type, &object.pubkey);
	if (rv != CKR_OK) {
		rk_object_clear(&object);
		return is_no_key(rv) ? CKR_OK : rv;
	}
	pair = rk_pairing_best_fit(pairing, &object);
	if (!pair) {
		session->objects[session->object_count++] = object;
		return CKR_OK;
	}
	pair->public_key = handle;
	if (!pair->pubkey) {
		pair->pubkey = object.pubkey;
		object.pubkey = NULL;
	}
	rk_object_clear(&object);
	return CKR_OK;
}

/* A certificate without a key: nothing to show, but its id is taken. */
static CK_RV
keep_lonely(rk_session *session, CK_OBJECT_HANDLE handle, rk_buf *id)
{
	rk_object object = {.certificate = handle, .id = *id};

	*id = (rk_buf){0};
	session->objects[session->object_count++] = object;
	return CKR_OK;
}

/* A certificate belongs to the key of its id: it tells the public half, or has the same one. */
static CK_RV
read_certificate(rk_session *session, CK_OBJECT_HANDLE handle, const rk_pairing *pairing)
{
	RK_AUTO_BUF(id);
	RK_AUTO_BUF(value);
	RK_AUTO(rk_pubkey) pubkey = NULL;
	size_t first, place;
	CK_RV rv = read_name(session, handle, CKA_ID, &id);

	if (rv != CKR_OK || id.len == 0 || id.len > RK_MESSAGE_TEXT_MAX)
		return is_no_key(rv) ? CKR_OK : rv;
	first = rk_pairing_first(pairing, &id, NULL);
	for (place = first; place < pairing->count; place++) {
		rk_object *object = rk_pairing_object(pairing, place);

		if (!rk_pairing_same(&object->id, &id))
			break;
		if (object->certificate)
			continue;
		if (!pubkey) {
			rv = rk_attribute_bytes(session, handle, CKA_VALUE, &value);
			if (rv != CKR_OK)
				return rk_attribute_is_lost(rv) ? rv : CKR_OK;
			rk_error_free(rk_pubkey_from_any(rk_buf_str(&value), value.len, &pubkey));
		}
		if (!pubkey || (object->pubkey && !rk_pubkey_equal(object->pubkey, pubkey)))
			continue;
		object->certificate = handle;
		if (!object->pubkey)
			object->pubkey = rk_pubkey_ref(pubkey);
	}
	return place > first ? CKR_OK : keep_lonely(session, handle, &id);
}

CK_RV
rk_keys_objects(
    rk_session *session, CK_OBJECT_CLASS class, CK_OBJECT_HANDLE **ret_handles, size_t *ret_count)
{
	struct handles found = {NULL, 0};
	CK_RV rv = find_class(session, class, &found);

	if (rv != CKR_OK) {
		free(found.handles);
		return rv;
	}
	*ret_handles = found.handles;
	*ret_count = found.count;
	return CKR_OK;
}

/* It carries another key to this token, and is nobody's key. */
static bool
is_transport(const rk_session *session, CK_OBJECT_HANDLE handle)
{
	return handle == session->transport_private || handle == session->transport_public;
}

CK_RV
rk_keys_public_half(rk_session *session, CK_OBJECT_HANDLE handle, rk_pubkey **ret_key)
{
	CK_KEY_TYPE type;
	CK_RV rv = rk_attribute_number(session, handle, CKA_KEY_TYPE, &type);

	if (rv != CKR_OK)
		return is_no_key(rv) ? CKR_OK : rv;
	return try_pubkey(session, handle, type, ret_key);
}

/* What was listed before the login is not searched for again. */
static CK_RV
list_class(rk_session *session, CK_OBJECT_CLASS class, struct handles *ret_found, bool *ret_listed)
{
	rk_listed *listed = class == CKO_PUBLIC_KEY    ? &session->publics
			    : class == CKO_CERTIFICATE ? &session->certificates
						       : NULL;

	if (!listed || !listed->known)
		return find_class(session, class, ret_found);
	*ret_found = (struct handles){listed->handles, listed->count};
	*listed = (rk_listed){NULL, 0, false};
	*ret_listed = true;
	return CKR_OK;
}

/* All objects of one class; they are put to those that are known already. */
static CK_RV
read_class(rk_session *session, CK_OBJECT_CLASS class, bool *ret_listed)
{
	struct handles found = {NULL, 0};
	rk_pairing pairing = {NULL, NULL, 0};
	CK_RV rv = list_class(session, class, &found, ret_listed);

	if (rv == CKR_OK)
		rv = reserve(session, found.count);
	if (rv == CKR_OK)
		rv = rk_pairing_begin(session, &pairing);
	for (size_t i = 0; i < found.count && rv == CKR_OK; i++) {
		if (is_transport(session, found.handles[i]))
			continue;
		if (class == CKO_PRIVATE_KEY)
			rv = read_private(session, found.handles[i]);
		else if (class == CKO_PUBLIC_KEY)
			rv = read_public(session, found.handles[i], &pairing);
		else
			rv = read_certificate(session, found.handles[i], &pairing);
	}
	rk_pairing_end(&pairing);
	free(found.handles);
	return rv;
}

static CK_RV
read_all(rk_session *session, bool *ret_listed)
{
	static const CK_OBJECT_CLASS classes[] = {CKO_PRIVATE_KEY, CKO_PUBLIC_KEY, CKO_CERTIFICATE};
	CK_RV rv = CKR_OK;

	rk_session_forget_objects(session);
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]) && rv == CKR_OK; i++)
		rv = read_class(session, classes[i], ret_listed);
	return rv;
}

/* Some tokens show the public halves too only after a login. */
static bool
lacks_half(const rk_session *session)
{
	for (size_t i = 0; i < session->object_count; i++)
		if (session->objects[i].private_key && !session->objects[i].pubkey)
			return true;
	return false;
}

CK_RV
rk_keys_find(rk_session *session)
{
	bool listed = false;
	CK_RV rv;

	if (session->objects_known)
		return CKR_OK;
	rv = read_all(session, &listed);
	if (rv == CKR_OK && listed && lacks_half(session))
		rv = read_all(session, &listed);
	if (rv == CKR_OK)
		session->objects_known = true;
	else
		rk_session_forget_objects(session);
	return rv;
}

bool
rk_keys_has_half(const rk_object *object)
{
	return object->private_key != 0 || object->public_key != 0;
}

rk_object *
rk_keys_by_handle(rk_session *session, CK_OBJECT_HANDLE private_key)
{
	size_t last = session->last_place;

	/* A batch mostly signs with one key. */
	if (private_key != 0 && last < session->object_count &&
	    session->objects[last].private_key == private_key)
		return &session->objects[last];
	for (size_t i = 0; i < session->object_count && private_key != 0; i++) {
		if (session->objects[i].private_key == private_key) {
			session->last_place = i;
			return &session->objects[i];
		}
	}
	return NULL;
}

static bool
span_is(const rk_wire_span *span, const rk_buf *buf)
{
	return span->len == buf->len &&
	       (buf->len == 0 || memcmp(span->bytes, buf->data, buf->len) == 0);
}

bool
rk_keys_is_named(const rk_object *object, const rk_wire_span *id, const rk_wire_span *label)
{
	return span_is(id, &object->id) && span_is(label, &object->label);
}

rk_object *
rk_keys_by_name(rk_session *session, const rk_wire_span *id, const rk_wire_span *label)
{
	for (size_t i = 0; i < session->object_count; i++) {
		rk_object *object = &session->objects[i];

		if (!object->private_key && object->public_key &&
		    rk_keys_is_named(object, id, label))
			return object;
	}
	return NULL;
}

bool
rk_keys_taken(rk_session *session, const rk_wire_span *id, const rk_wire_span *label)
{
	for (size_t i = 0; i < session->object_count; i++) {
		const rk_object *object = &session->objects[i];

		if ((id->len > 0 && span_is(id, &object->id)) ||
		    (label->len > 0 && span_is(label, &object->label)))
			return true;
	}
	return false;
}

CK_RV
rk_keys_add(rk_session *session, CK_OBJECT_HANDLE private_key, CK_OBJECT_HANDLE public_key)
{
	size_t before = session->object_count;
	rk_object *object;
	CK_RV rv = reserve(session, 1);

	if (rv == CKR_OK)
		rv = read_private(session, private_key);
	if (rv != CKR_OK)
		return rv;
	if (session->object_count == before)
		return RK_CKR_BAD_ANSWER;
	object = &session->objects[before];
	object->public_key = public_key;
	if (!object->pubkey)
		rv = read_pubkey(session, public_key, object->type, &object->pubkey);
	return rv == CKR_OK && !object->pubkey ? RK_CKR_BAD_ANSWER : rv;
}

void
rk_keys_drop(rk_session *session, rk_object *object)
{
	size_t index = (size_t)(object - session->objects);

	rk_object_clear(object);
	memmove(object, object + 1, (session->object_count - index - 1) * sizeof(*object));
	session->object_count--;
}

rk_found_key
rk_keys_found(const rk_object *object)
{
	rk_found_key found = {.handle = object->private_key, .key_type = object->type};

	found.id = (rk_wire_span){(const uint8_t *)object->id.data, object->id.len};
	found.label = (rk_wire_span){(const uint8_t *)object->label.data, object->label.len};
	if (object->pubkey)
		found.spki.bytes = rk_pubkey_spki(object->pubkey, &found.spki.len);
	memcpy(found.facts, object->facts, sizeof(found.facts));
	return found;
}
