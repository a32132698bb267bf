#include "pkcs11/yubikey.h"

#include "pkcs11/card.h"
#include "pkcs11/kind.h"
#include "world/token.h"

#include <ctype.h>
#include <string.h>

#define ATTESTER 25 /* slot f9 */
#define VENDOR_TOUCH_POLICY (CKA_VENDOR_DEFINED + 0x59554200UL + 1)
#define VENDOR_PIN_POLICY (CKA_VENDOR_DEFINED + 0x59554200UL + 2)
#define FACTORY_PIN "123456"
#define PIN_LEAST 6
#define PIN_MOST 8

static enum rk_kind
kind_of(const rk_session *session)
{
	return rk_kind_of(&session->module->info, &session->slot.token);
}

/* ykcs11 2.3.0 brought policies and AES management keys. Its minor is ten times that, and the patch. */
static bool
is_before_2_3(const rk_session *session)
{
	const CK_VERSION *version = &session->module->info.libraryVersion;

	return version->major < 2 || (version->major == 2 && version->minor < 30);
}

/* CKA_ID of a slot; 0: no such slot, or none for keys of ours. */
static uint8_t
id_of_slot(uint8_t slot)
{
	static const uint8_t first[] = {0x9a, 0x9c, 0x9d, 0x9e};

	for (size_t i = 0; i < sizeof(first); i++)
		if (first[i] == slot)
			return (uint8_t)(i + 1);
	return slot >= 0x82 && slot <= 0x95 ? (uint8_t)(slot - 0x82 + 5) : 0;
}

static CK_RV
choose_place(const rk_request *request, rk_yubikey_order *order)
{
	if (request->piv_slot)
		order->id = id_of_slot(request->piv_slot);
	else if (request->id.len == 1 && request->id.bytes[0] < ATTESTER)
		order->id = request->id.bytes[0];
	if (order->id == 0)
		return RK_CKR_NO_SLOT;
	order->request.id = (rk_wire_span){&order->id, 1};
	return CKR_OK;
}

static CK_RV
choose_policies(const rk_session *session, const rk_request *request, rk_yubikey_order *order)
{
	static const uint8_t touches[] = {
	    [RK_TOUCH_NEVER] = 1, [RK_TOUCH_ALWAYS] = 2, [RK_TOUCH_CACHED] = 3};
	static const uint8_t policies[] = {
	    [RK_PIN_NEVER] = 1, [RK_PIN_ONCE] = 2, [RK_PIN_ALWAYS] = 3};

	if (request->touch > RK_TOUCH_CACHED || request->pin_policy > RK_PIN_ALWAYS)
		return RK_CKR_PROTOCOL;
	if (!request->touch && !request->pin_policy)
		return CKR_OK;
	if (is_before_2_3(session))
		return RK_CKR_NO_POLICY;
	order->touch = touches[request->touch];
	order->pin_policy = policies[request->pin_policy];
	return CKR_OK;
}

CK_RV
rk_yubikey_order_of(rk_session *session, const rk_request *request, rk_yubikey_order *ret_order)
{
	enum rk_kind kind = kind_of(session);
	CK_RV rv;

	ret_order->request = *request;
	if (kind == RK_KIND_OPENSC_PIV)
		return RK_CKR_USE_YKCS11;
	if (kind != RK_KIND_YKCS11)
		return request->piv_slot		       ? RK_CKR_NO_SLOT
		       : request->touch || request->pin_policy ? RK_CKR_NO_POLICY
							       : CKR_OK;
	rv = choose_place(request, ret_order);
	if (rv == CKR_OK)
		rv = choose_policies(session, request, ret_order);
	/* What is on a YubiKey never leaves it. */
	if (rv == CKR_OK && request->wrappable)
		rv = CKR_KEY_UNEXTRACTABLE;
	if (rv == CKR_OK && !session->so_logged_in)
		rv = RK_CKR_SO_NEEDED;
	return rv;
}

CK_ULONG
rk_yubikey_attributes(rk_yubikey_order *order, CK_ATTRIBUTE *out)
{
	CK_ULONG count = 0;

	if (order->touch)
		out[count++] = (CK_ATTRIBUTE){VENDOR_TOUCH_POLICY, &order->touch, 1};
	if (order->pin_policy)
		out[count++] = (CK_ATTRIBUTE){VENDOR_PIN_POLICY, &order->pin_policy, 1};
	return count;
}

static bool
begins(const rk_secret *secret, const char *word)
{
	size_t len = strlen(word);

	return rk_secret_len(secret) >= len && memcmp(rk_secret_peek(secret), word, len) == 0;
}

CK_RV
rk_yubikey_check_pin(const rk_session *session, const rk_secret *pin)
{
	enum rk_kind kind = kind_of(session);

	if (!pin || (kind != RK_KIND_YKCS11 && kind != RK_KIND_OPENSC_PIV))
		return CKR_OK;
	if (rk_secret_len(pin) < PIN_LEAST || rk_secret_len(pin) > PIN_MOST)
		return CKR_PIN_LEN_RANGE;
	/* The module would take it for a PUK. */
	return begins(pin, "puk:") ? CKR_PIN_INVALID : CKR_OK;
}

static bool
is_hex(const rk_secret *secret)
{
	for (size_t i = 0; i < rk_secret_len(secret); i++)
		if (!isxdigit(rk_secret_peek(secret)[i]))
			return false;
	return true;
}

/* Digits of a management key of this algorithm; 0: unknown. */
static size_t
digits_of(uint8_t algorithm)
{
	switch (algorithm) {
	case RK_CARD_TDES:
	case RK_CARD_AES192:
		return 48;
	case RK_CARD_AES128:
		return 32;
	case RK_CARD_AES256:
		return 64;
	default:
		return 0;
	}
}

CK_RV
rk_yubikey_check_so_pin(rk_session *session, const rk_secret *so_pin)
{
	rk_card card = {0};
	size_t len, digits;

	if (kind_of(session) == RK_KIND_OPENSC_PIV)
		return RK_CKR_USE_YKCS11;
	if (!so_pin || kind_of(session) != RK_KIND_YKCS11)
		return CKR_OK;
	rk_card_look(session, &card);
	session->card_answers = card.reached != 0;
	if (card.so_algorithm > RK_CARD_TDES && is_before_2_3(session))
		return RK_CKR_OLD_LIBRARY;
	len = rk_secret_len(so_pin);
	digits = is_before_2_3(session) ? 48 : digits_of(card.so_algorithm);
	if (digits > 0 ? len != digits : len != 32 && len != 48 && len != 64)
		return RK_CKR_MANAGEMENT_KEY;
	return is_hex(so_pin) ? CKR_OK : RK_CKR_MANAGEMENT_KEY;
}

static CK_RV
prefix(const char *word, const rk_secret *secret, rk_secret **ret_secret)
{
	size_t len = strlen(word);
	rk_error *err = rk_secret_new(len + rk_secret_len(secret), ret_secret);

	if (err) {
		rk_error_free(err);
		return CKR_HOST_MEMORY;
	}
	memcpy(rk_secret_bytes(*ret_secret), word, len);
	memcpy(rk_secret_bytes(*ret_secret) + len, rk_secret_peek(secret), rk_secret_len(secret));
	return CKR_OK;
}

CK_RV
rk_yubikey_unblock(rk_session *session, const rk_request *request)
{
	RK_AUTO(rk_secret) puk = NULL;
	RK_AUTO(rk_secret) pin = NULL;
	CK_RV rv;

	if (kind_of(session) == RK_KIND_OPENSC_PIV)
		return RK_CKR_USE_YKCS11;
	if (kind_of(session) != RK_KIND_YKCS11 || !request->so_pin || !request->pin)
		return RK_CKR_NO_SUCH_CHANGE;
	if (rk_secret_len(request->so_pin) < PIN_LEAST || rk_secret_len(request->so_pin) > PIN_MOST)
		return CKR_PIN_LEN_RANGE;
	rv = prefix("puk:", request->so_pin, &puk);
	if (rv == CKR_OK)
		rv = prefix("pin:", request->pin, &pin);
	if (rv != CKR_OK)
		return rv;
	return RK_CALL(session->module, C_SetPIN, session->handle, rk_secret_bytes(puk),
	    rk_secret_len(puk), rk_secret_bytes(pin), rk_secret_len(pin));
}

/* Would the card take these secrets? Once it is wiped it is too late to ask. */
static CK_RV
check_init(rk_module *module, const rk_request *request, const rk_slot *slot)
{
	rk_session session = {.module = module};
	rk_identity identity;
	CK_RV rv;

	if (!request->so_pin || !request->pin)
		return CKR_PIN_INVALID;
	rk_identity_of(&slot->token, &identity);
	rv = rk_session_open(&session, module, slot->slot, &identity);
	if (rv != CKR_OK)
		return rv;
	rv = rk_yubikey_check_pin(&session, request->pin);
	if (rv == CKR_OK)
		rv = rk_yubikey_check_so_pin(&session, request->so_pin);
	rk_session_close(&session, true);
	module->call = RK_CALL_none;
	return rv;
}

static CK_RV
factory_pin(rk_secret **ret_pin)
{
	rk_error *err = rk_secret_copy(FACTORY_PIN, strlen(FACTORY_PIN), ret_pin);

	if (err) {
		rk_error_free(err);
		return CKR_HOST_MEMORY;
	}
	return CKR_OK;
}

/* A wiped card has the factory's PIN, which is no guess then; it must not keep it. */
static CK_RV
replace_factory_pin(rk_module *module, const rk_request *request, const rk_slot *slot)
{
	RK_AUTO(rk_secret) factory = NULL;
	rk_session session = {.module = module};
	rk_identity identity;
	enum rk_call call;
	CK_RV rv = factory_pin(&factory);

	rk_identity_of(&slot->token, &identity);
	if (rv == CKR_OK)
		rv = rk_session_open(&session, module, slot->slot, &identity);
	if (rv != CKR_OK)
		return rv;
	rv = rk_session_make_writable(&session);
	if (rv == CKR_OK)
		rv = rk_session_call_login(&session, CKU_USER, factory);
	if (rv == CKR_OK)
		rv = RK_CALL(module, C_SetPIN, session.handle, rk_secret_bytes(factory),
		    rk_secret_len(factory), (CK_UTF8CHAR *)(uintptr_t)rk_secret_peek(request->pin),
		    rk_secret_len(request->pin));
	call = module->call;
	rk_session_close(&session, true);
	module->call = call;
	return rv;
}

CK_RV
rk_yubikey_init(rk_module *module, const rk_request *request, const rk_slot *slot)
{
	CK_UTF8CHAR label[sizeof(slot->token.label)];
	CK_RV rv = check_init(module, request, slot);

	memcpy(label, slot->token.label, sizeof(label));
	if (rv == CKR_OK)
		rv = RK_CALL(module, C_InitToken, slot->slot,
		    (CK_UTF8CHAR *)(uintptr_t)rk_secret_peek(request->so_pin),
		    rk_secret_len(request->so_pin), label);
	return rv == CKR_OK ? replace_factory_pin(module, request, slot) : rv;
}

bool
rk_yubikey_keeps_pin(const rk_session *session)
{
	enum rk_kind kind = kind_of(session);

	return kind == RK_KIND_YKCS11 || kind == RK_KIND_OPENSC_PIV;
}

/* The slot of a key; 0: unknown. */
static uint8_t
slot_of(const rk_object *key)
{
	for (unsigned slot = 0x82; slot <= 0x9e; slot++)
		if (key->id.len == 1 && id_of_slot((uint8_t)slot) != 0 &&
		    id_of_slot((uint8_t)slot) == (uint8_t)key->id.data[0])
			return (uint8_t)slot;
	return 0;
}

CK_RV
rk_yubikey_explain(rk_session *session, rk_object *key, CK_RV rv)
{
	struct rk_card_policies policies = {0, 0};

	if (rv != CKR_USER_NOT_LOGGED_IN || !rk_yubikey_keeps_pin(session) || !session->logged_in)
		return rv;
	/* It had its login. */
	if (key->facts[RK_FACT_ALWAYS_AUTHENTICATE] == RK_FACT_YES)
		return RK_CKR_UNTOUCHED;
	rk_card_policies_of(session, slot_of(key), &policies);
	if (policies.pin != 0 && policies.pin != RK_CARD_PIN_ALWAYS &&
	    policies.touch >= RK_CARD_TOUCH_ALWAYS)
		return RK_CKR_UNTOUCHED;
	/* OpenSC takes such a login only where it knows of the policy itself. */
	if (kind_of(session) != RK_KIND_YKCS11 || (!session->pin && !session->pad))
		return rv;
	key->facts[RK_FACT_ALWAYS_AUTHENTICATE] = RK_FACT_YES;
	return CKR_OK;
}

CK_RV
rk_yubikey_explain_so(const rk_session *session, CK_RV rv)
{
	rk_card card;

	if (rv != CKR_PIN_INCORRECT || !session->card_answers)
		return rv;
	rk_card_look(session, &card);
	return card.reached ? rv : CKR_DEVICE_REMOVED;
}

CK_RV
rk_yubikey_check_destroy(const rk_session *session)
{
	switch (kind_of(session)) {
	case RK_KIND_YKCS11:
		return RK_CKR_NO_DELETE;
	case RK_KIND_OPENSC_PIV:
		return RK_CKR_USE_YKCS11;
	default:
		return CKR_OK;
	}
}

bool
rk_yubikey_is_attester(const rk_session *session, const rk_buf *id)
{
	return id->len == 1 && (uint8_t)id->data[0] == ATTESTER &&
	       kind_of(session) == RK_KIND_YKCS11;
}
