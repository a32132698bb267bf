#include "pkcs11/describe.h"

#include "base/show.h"
#include "pkcs11/kind.h"
#include "pkcs11/refusal.h"
#include "pkcs11/uri.h"
#include "pkcs11/wrapway.h"

#include <stdlib.h>
#include <string.h>

/* A padded field as a string: to the first zero, without the blanks at its end. */
static rk_error *
field(const unsigned char *bytes, size_t size, char **ret_text)
{
	size_t len = strnlen((const char *)bytes, size);

	while (len > 0 && bytes[len - 1] == ' ')
		len--;
	return rk_strndup((const char *)bytes, len, ret_text);
}

#define FIELD(array, ret) field((array), sizeof(array), (ret))

rk_error *
rk_describe_name(const rk_slot *slot, char **ret_name)
{
	RK_AUTO(rk_str) label = NULL;
	RK_AUTO(rk_str) serial = NULL;
	rk_error *err = FIELD(slot->token.label, &label);

	if (!err)
		err = FIELD(slot->token.serialNumber, &serial);
	if (err)
		return err;
	if (!(slot->token.flags & CKF_TOKEN_INITIALIZED))
		return rk_strdupf(
		    ret_name, "the empty token in slot %llu", (unsigned long long)slot->slot);
	return rk_strdupf(ret_name, "%s (serial %s)", RK_SHOW(label), RK_SHOW_BARE(serial));
}

/* ykcs11 puts three numbers into two, for itself and the card: its minor is ten times that, and the
 * patch. */
static rk_error *
version(enum rk_kind kind, CK_VERSION said, char **ret_text)
{
	if (kind == RK_KIND_YKCS11)
		return rk_strdupf(
		    ret_text, "%u.%u.%u", said.major, said.minor / 10U, said.minor % 10U);
	return rk_strdupf(ret_text, "%u.%u", said.major, said.minor);
}

static rk_error *
describe_module(const struct rk_described_module *module, enum rk_kind kind, rk_token_info *info)
{
	RK_AUTO(rk_str) library = NULL;
	RK_AUTO(rk_str) number = NULL;
	rk_error *err = FIELD(module->info.libraryDescription, &library);

	if (!err)
		err = version(kind, module->info.libraryVersion, &number);
	if (!err)
		err = rk_strdupf(&info->module_version, "%s %s", library, number);
	if (!err)
		err = rk_strdup(module->name, &info->module);
	if (!err)
		err = rk_strdup(module->path, &info->module_path);
	return err;
}

/* A PIN that is to be changed is one that somebody else has chosen. */
static enum rk_fact
to_be_changed(CK_FLAGS flags, CK_FLAGS flag)
{
	return flags & flag ? RK_FACT_YES : RK_FACT_UNKNOWN;
}

static void
describe_kind_of(enum rk_kind kind, const CK_TOKEN_INFO *token, rk_token_info *info)
{
	info->factory_pin = to_be_changed(token->flags, CKF_USER_PIN_TO_BE_CHANGED);
	info->factory_so_pin = to_be_changed(token->flags, CKF_SO_PIN_TO_BE_CHANGED);
	switch (kind) {
	case RK_KIND_YKCS11:
		info->so_makes_keys = true;
		info->unblock = RK_UNBLOCK_PUK;
		info->pin_max = 8;
		break;
	case RK_KIND_OPENSC_PIV:
	case RK_KIND_NSS:
		info->unblock = RK_UNBLOCK_NOBODY;
		break;
	case RK_KIND_PLAIN:
	default:
		info->unblock = RK_UNBLOCK_SO;
		break;
	}
}

rk_error *
rk_describe_token(
    const struct rk_described_module *module, const rk_slot *slot, rk_token_info *info)
{
	const CK_TOKEN_INFO *token = &slot->token;
	enum rk_kind kind = rk_kind_of(&module->info, token);
	rk_error *err = FIELD(token->label, &info->label);

	if (!err)
		err = FIELD(token->serialNumber, &info->serial);
	if (!err)
		err = FIELD(token->model, &info->model);
	if (!err)
		err = FIELD(token->manufacturerID, &info->manufacturer);
	if (!err)
		err = version(kind, token->firmwareVersion, &info->firmware);
	if (!err)
		err = describe_module(module, kind, info);
	if (!err)
		err = FIELD(slot->slot_info.slotDescription, &info->slot_name);
	if (!err)
		err = rk_uri_of_token(slot, module->uri_name, &info->uri);
	info->pin_state = rk_refusal_pin_state(token->flags);
	info->so_pin_state = rk_refusal_so_pin_state(token->flags);
	info->initialized = (token->flags & CKF_TOKEN_INITIALIZED) != 0;
	info->login_required = (token->flags & CKF_LOGIN_REQUIRED) != 0;
	info->pin_pad = (token->flags & CKF_PROTECTED_AUTHENTICATION_PATH) != 0;
	info->hardware = (slot->slot_info.flags & CKF_HW_SLOT) != 0;
	info->write_protected = (token->flags & CKF_WRITE_PROTECTED) != 0;
	info->network = module->network;
	info->pin_min = token->ulMinPinLen;
	info->pin_max = token->ulMaxPinLen;
	info->slot = slot->slot;
	describe_kind_of(kind, token, info);
	return err;
}

static enum rk_fact
fact(uint8_t value)
{
	return value == RK_FACT_YES  ? RK_FACT_YES
	       : value == RK_FACT_NO ? RK_FACT_NO
				     : RK_FACT_UNKNOWN;
}

void
rk_describe_card(const rk_card *card, rk_token_info *info)
{
	if (card->factory_pin)
		info->factory_pin = fact(card->factory_pin);
	if (card->factory_puk)
		info->factory_puk = fact(card->factory_puk);
	if (card->factory_so_pin)
		info->factory_so_pin = fact(card->factory_so_pin);
	info->pin_tries_known = card->pin_tries_known != 0;
	info->pin_tries = card->pin_tries;
	info->puk_tries_known = card->puk_tries_known != 0;
	info->puk_tries = card->puk_tries;
}

static void
describe_facts(const rk_found_key *found, rk_token_key *key)
{
	key->sensitive = fact(found->facts[0]);
	key->extractable = fact(found->facts[1]);
	key->always_sensitive = fact(found->facts[2]);
	key->never_extractable = fact(found->facts[3]);
	key->local = fact(found->facts[4]);
	key->sign = fact(found->facts[5]);
	key->always_authenticate = fact(found->facts[6]);
}

static rk_error *
describe_kind(const rk_found_key *found, rk_token_key *key)
{
	if (key->pubkey)
		return rk_strdup(rk_key_type_name(rk_pubkey_type(key->pubkey)), &key->what);
	switch (found->key_type) {
	case CKK_RSA:
		return rk_strdup("rsa, public half unknown", &key->what);
	case CKK_EC:
		return rk_strdup("ecdsa, public half or curve unknown", &key->what);
	case CKK_EC_EDWARDS:
		return rk_strdup("eddsa, public half or curve unknown", &key->what);
	default:
		return rk_strdupf(
		    &key->what, "unknown key type 0x%llx", (unsigned long long)found->key_type);
	}
}

rk_error *
rk_describe_key(const struct rk_described_module *module, const rk_slot *slot,
    const rk_found_key *found, rk_token_key *key)
{
	rk_error *err;

	key->handle = found->handle;
	describe_facts(found, key);
	if (found->id.len > 0) {
		key->id = malloc(found->id.len);
		if (!key->id)
			return rk_out_of_memory();
		memcpy(key->id, found->id.bytes, found->id.len);
		key->id_len = found->id.len;
	}
	err = rk_strndup(found->label.bytes ? (const char *)found->label.bytes : "",
	    found->label.len, &key->label);
	/* A public half that does not parse is one that we do not know. */
	if (!err && found->spki.len > 0)
		rk_error_free(
		    rk_pubkey_from_spki(found->spki.bytes, found->spki.len, &key->pubkey));
	if (!err)
		err = describe_kind(found, key);
	if (!err)
		err = rk_uri_of_key(slot, key, module->uri_name, &key->uri);
	return err;
}

static const struct {
	CK_MECHANISM_TYPE type;
	const char *name;
} mechanism_names[] = {
#define NAMED(name)         \
	{                   \
		name, #name \
	}
    NAMED(CKM_RSA_PKCS_KEY_PAIR_GEN),
    NAMED(CKM_RSA_PKCS),
    NAMED(CKM_RSA_X_509),
    NAMED(CKM_RSA_PKCS_OAEP),
    NAMED(CKM_RSA_PKCS_PSS),
    NAMED(CKM_SHA1_RSA_PKCS),
    NAMED(CKM_SHA224_RSA_PKCS),
    NAMED(CKM_SHA256_RSA_PKCS),
    NAMED(CKM_SHA384_RSA_PKCS),
    NAMED(CKM_SHA512_RSA_PKCS),
    NAMED(CKM_SHA1_RSA_PKCS_PSS),
    NAMED(CKM_SHA224_RSA_PKCS_PSS),
    NAMED(CKM_SHA256_RSA_PKCS_PSS),
    NAMED(CKM_SHA384_RSA_PKCS_PSS),
    NAMED(CKM_SHA512_RSA_PKCS_PSS),
    NAMED(CKM_EC_KEY_PAIR_GEN),
    NAMED(CKM_EC_EDWARDS_KEY_PAIR_GEN),
    NAMED(CKM_ECDSA),
    NAMED(CKM_ECDSA_SHA1),
    NAMED(CKM_ECDSA_SHA224),
    NAMED(CKM_ECDSA_SHA256),
    NAMED(CKM_ECDSA_SHA384),
    NAMED(CKM_ECDSA_SHA512),
    NAMED(CKM_EDDSA),
    NAMED(CKM_ECDH1_DERIVE),
    NAMED(CKM_SHA_1),
    NAMED(CKM_SHA224),
    NAMED(CKM_SHA256),
    NAMED(CKM_SHA384),
    NAMED(CKM_SHA512),
    NAMED(CKM_AES_KEY_GEN),
    NAMED(CKM_AES_ECB),
    NAMED(CKM_AES_CBC),
    NAMED(CKM_AES_CBC_PAD),
    NAMED(CKM_AES_CTR),
    NAMED(CKM_AES_GCM),
    NAMED(CKM_AES_CMAC),
    NAMED(CKM_AES_KEY_WRAP),
    NAMED(CKM_AES_KEY_WRAP_PAD),
    NAMED(CKM_GENERIC_SECRET_KEY_GEN),
#undef NAMED
};

static rk_error *
mechanism_name(uint64_t type, char **ret_name)
{
	for (size_t i = 0; i < sizeof(mechanism_names) / sizeof(mechanism_names[0]); i++)
		if (mechanism_names[i].type == type)
			return rk_strdup(mechanism_names[i].name, ret_name);
	return rk_strdupf(ret_name, "0x%llx", (unsigned long long)type);
}

/* A mechanism that is offered for `bits`; what a module leaves out (zeros) limits nothing. */
static bool
offers(const rk_mechanism *mechanisms, size_t count, CK_MECHANISM_TYPE type, unsigned bits)
{
	for (size_t i = 0; i < count; i++) {
		const rk_mechanism *mechanism = &mechanisms[i];

		if (mechanism->type != type)
			continue;
		if (bits == 0 || mechanism->max == 0)
			return true;
		return mechanism->min <= bits && bits <= mechanism->max;
	}
	return false;
}

static const struct {
	CK_MECHANISM_TYPE generate, sign, sign_too;
	unsigned bits;
} needs[RK_KEY_GENERATED_COUNT] = {
    [RK_KEY_ECDSA_P256] = {CKM_EC_KEY_PAIR_GEN, CKM_ECDSA, CKM_ECDSA, 256},
    [RK_KEY_ECDSA_P384] = {CKM_EC_KEY_PAIR_GEN, CKM_ECDSA, CKM_ECDSA, 384},
    /* Modules count Edwards keys in bits, bytes, or not at all. */
    [RK_KEY_ED25519] = {CKM_EC_EDWARDS_KEY_PAIR_GEN, CKM_EDDSA, CKM_EDDSA, 0},
    [RK_KEY_RSA2048] = {CKM_RSA_PKCS_KEY_PAIR_GEN, CKM_RSA_PKCS_PSS, CKM_RSA_X_509, 2048},
    [RK_KEY_RSA3072] = {CKM_RSA_PKCS_KEY_PAIR_GEN, CKM_RSA_PKCS_PSS, CKM_RSA_X_509, 3072},
    [RK_KEY_RSA4096] = {CKM_RSA_PKCS_KEY_PAIR_GEN, CKM_RSA_PKCS_PSS, CKM_RSA_X_509, 4096},
};

rk_error *
rk_describe_abilities(
    const rk_mechanism *mechanisms, size_t count, rk_token_abilities **ret_abilities)
{
	RK_AUTO(rk_token_abilities) abilities = calloc(1, sizeof(*abilities));

	if (!abilities)
		return rk_out_of_memory();
	abilities->mechanisms = calloc(count + 1, sizeof(*abilities->mechanisms));
	if (!abilities->mechanisms)
		return rk_out_of_memory();
	for (size_t i = 0; i < count; i++) {
		rk_error *err = mechanism_name(mechanisms[i].type, &abilities->mechanisms[i]);

		if (err)
			return err;
		abilities->mechanism_count++;
	}
	for (size_t type = 0; type < RK_KEY_GENERATED_COUNT; type++) {
		unsigned bits = needs[type].bits;

		abilities->generate[type] = offers(mechanisms, count, needs[type].generate, bits);
		abilities->sign[type] = offers(mechanisms, count, needs[type].sign, bits) ||
					offers(mechanisms, count, needs[type].sign_too, bits);
	}
	rk_wrapway_offered(mechanisms, count, abilities);
	*ret_abilities = RK_TAKE(abilities);
	return NULL;
}
