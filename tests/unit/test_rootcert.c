#include "support/fake_env.h"
#include "support/soft_key.h"
#include "support/spec.h"

#include "base/datetime.h"
#include "x509/rootcert.h"

#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <string.h>

#define GUN "registry.example.com/admin/demo"

/* A token in software, for one key. */
struct token {
	EVP_PKEY *pair;
	rk_pubkey *pubkey;
	struct rk_fake_env person;
	bool no_pkcs1, lies, refuses;
	unsigned signs;
	enum rk_family family; /* of the last */
	enum rk_hash hash;
};

static rk_error *
sign(void *context, const rk_scheme *scheme, const rk_payload *payload, rk_buf *out)
{
	struct token *token = context;
	struct rk_soft_wish wish = {.hash = scheme->hash, .payload = payload};

	token->signs++;
	token->family = scheme->family;
	token->hash = scheme->hash;
	assert_int_equal(scheme->shape, RK_SIG_RAW);
	if (token->refuses)
		return rk_fail(RK_E_PIN_LOCKED, "unlock it", "the PIN is locked");
	if (scheme->family == RK_FAMILY_RSA_PKCS1 && token->no_pkcs1)
		return rk_fail(RK_E_TOKEN_UNSUPPORTED, NULL, "only PSS here");
	if (scheme->family == RK_FAMILY_RSA_PKCS1)
		wish.rsa_padding = RSA_PKCS1_PADDING;
	rk_soft_key_sign(token->pair, &wish, out);
	if (token->lies)
		out->data[out->len - 1] ^= 1;
	return NULL;
}

static struct token
token_with(enum rk_key_type type)
{
	struct token token = {.pair = rk_soft_key_new(type), .person = rk_fake_env_new()};

	token.pubkey = rk_soft_key_public(token.pair);
	return token;
}

static void
token_clear(struct token *token)
{
	rk_pubkey_free(token->pubkey);
	EVP_PKEY_free(token->pair);
	rk_fake_env_clear(&token->person);
}

#define AUTO_TOKEN __attribute__((cleanup(token_clear))) struct token

static struct rk_rootcert_wish
wish_of(struct token *token)
{
	return (struct rk_rootcert_wish){
	    .pubkey = token->pubkey, .name = GUN, .signer = {sign, token}};
}

static X509 *
open_certificate(const rk_certificate *certificate)
{
	const unsigned char *at = certificate->der;
	X509 *x509 = d2i_X509(NULL, &at, (long)certificate->der_len);

	assert_non_null(x509);
	return x509;
}

/* What every one of them has, whatever the key. */
static void
assert_notarys(const rk_certificate *certificate)
{
	X509 *x509 = open_certificate(certificate);
	const ASN1_INTEGER *serial = X509_get0_serialNumber(x509);

	assert_int_equal(X509_get_version(x509), X509_VERSION_3);
	assert_int_equal(X509_NAME_entry_count(X509_get_subject_name(x509)), 1);
	assert_int_equal(X509_get_ext_count(x509), 3);
	assert_int_equal(
	    X509_get_key_usage(x509), X509v3_KU_DIGITAL_SIGNATURE | X509v3_KU_KEY_ENCIPHERMENT);
	assert_int_equal(X509_get_extended_key_usage(x509), XKU_CODE_SIGN);
	assert_true(X509_EXTENSION_get_critical(
	    X509_get_ext(x509, X509_get_ext_by_NID(x509, NID_key_usage, -1))));
	assert_true(X509_EXTENSION_get_critical(
	    X509_get_ext(x509, X509_get_ext_by_NID(x509, NID_basic_constraints, -1))));
	assert_false(X509_EXTENSION_get_critical(
	    X509_get_ext(x509, X509_get_ext_by_NID(x509, NID_ext_key_usage, -1))));
	assert_true(ASN1_STRING_length(serial) > 8 && ASN1_STRING_length(serial) <= 16);
	assert_int_equal(X509_check_ca(x509), 0);
	X509_free(x509);
}

static void
make_for(enum rk_key_type type, const char *algorithm)
{
	AUTO_TOKEN token = token_with(type);
	struct rk_rootcert_wish wish = wish_of(&token);
	RK_AUTO(rk_certificate) certificate = NULL;

	assert_ok(rk_rootcert_make(&token.person.env, &wish, &certificate));
	assert_string_equal(certificate->algorithm, algorithm);
	assert_string_equal(certificate->name, GUN);
	assert_int_equal(certificate->not_before, token.person.now - RK_DAY);
	assert_int_equal(certificate->not_after, token.person.now + 3650 * RK_DAY);
	assert_true(rk_pubkey_equal(certificate->pubkey, token.pubkey));
	assert_int_equal(token.hash, RK_HASH_SHA256);
	assert_int_equal(token.signs, 1);
	assert_notarys(certificate);
	assert_ok(rk_certificate_check_self_signed(certificate));
	assert_ok(rk_certificate_judge(certificate, GUN, token.person.now));
}

static void
a_key_on_p256_gets_one(void **state)
{
	(void)state;
	make_for(RK_KEY_ECDSA_P256, "ecdsa-with-SHA256");
}

static void
a_key_on_p384_gets_one_with_sha256_all_the_same(void **state)
{
	(void)state;
	make_for(RK_KEY_ECDSA_P384, "ecdsa-with-SHA256");
}

static void
an_rsa_key_gets_one_with_pkcs1(void **state)
{
	(void)state;
	make_for(RK_KEY_RSA2048, "sha256WithRSAEncryption");
	make_for(RK_KEY_RSA3072, "sha256WithRSAEncryption");
}

static void
a_token_without_pkcs1_makes_one_with_pss(void **state)
{
	AUTO_TOKEN token = token_with(RK_KEY_RSA2048);
	struct rk_rootcert_wish wish = wish_of(&token);
	RK_AUTO(rk_certificate) certificate = NULL;

	(void)state;
	token.no_pkcs1 = true;
	assert_ok(rk_rootcert_make(&token.person.env, &wish, &certificate));
	assert_string_equal(certificate->algorithm, "rsassaPss");
	assert_int_equal(token.signs, 2);
	assert_int_equal(token.family, RK_FAMILY_RSA_PSS);
	assert_false(certificate->is_weak);
	assert_notarys(certificate);
	assert_ok(rk_certificate_check_self_signed(certificate));
}

static void
an_ed25519_key_is_refused_before_the_token_is_asked(void **state)
{
	AUTO_TOKEN token = token_with(RK_KEY_ED25519);
	struct rk_rootcert_wish wish = wish_of(&token);
	RK_AUTO(rk_certificate) certificate = NULL;

	(void)state;
	assert_error(rk_rootcert_make(&token.person.env, &wish, &certificate), RK_E_REFUSED);
	assert_null(certificate);
	assert_int_equal(token.signs, 0);
}

static void
a_gun_may_be_longer_than_openssl_likes(void **state)
{
	AUTO_TOKEN token = token_with(RK_KEY_ECDSA_P256);
	struct rk_rootcert_wish wish = wish_of(&token);
	RK_AUTO(rk_certificate) certificate = NULL;
	RK_AUTO_BUF(gun);

	(void)state;
	rk_buf_text(&gun, "registry.example.com/");
	while (gun.len < 300)
		rk_buf_byte(&gun, 'a');
	wish.name = rk_buf_str(&gun);
	assert_ok(rk_rootcert_make(&token.person.env, &wish, &certificate));
	assert_string_equal(certificate->name, gun.data);
	assert_ok(rk_certificate_judge(certificate, gun.data, token.person.now));
	while (gun.len <= RK_ROOTCERT_NAME_MAX)
		rk_buf_byte(&gun, 'a');
	wish.name = rk_buf_str(&gun);
	assert_error(rk_rootcert_check(&wish, token.person.now), RK_E_REFUSED);
}

static void
a_beginning_and_a_star_covers_what_begins_so(void **state)
{
	AUTO_TOKEN token = token_with(RK_KEY_ECDSA_P256);
	struct rk_rootcert_wish wish = wish_of(&token);
	RK_AUTO(rk_certificate) certificate = NULL;

	(void)state;
	wish.name = "registry.example.com/admin/*";
	assert_ok(rk_rootcert_make(&token.person.env, &wish, &certificate));
	assert_true(rk_certificate_covers(certificate, GUN));
	assert_false(rk_certificate_covers(certificate, "registry.example.com/other"));
}

static void
names_that_are_no_gun_are_refused(void **state)
{
	static const char *const names[] = {
	    "", "*", "**", "a\nb", "a\x7f", "\xff\xfe", "registry.example.com/\x1b[0m"};
	AUTO_TOKEN token = token_with(RK_KEY_ECDSA_P256);
	struct rk_rootcert_wish wish = wish_of(&token);

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		wish.name = names[i];
		assert_error(rk_rootcert_check(&wish, token.person.now), RK_E_REFUSED);
	}
}

/* RFC 5280: UTCTime through 2049, GeneralizedTime after it. */
static void
years_past_2049_are_written_in_full(void **state)
{
	AUTO_TOKEN token = token_with(RK_KEY_ECDSA_P256);
	struct rk_rootcert_wish wish = wish_of(&token);
	RK_AUTO(rk_certificate) certificate = NULL;
	X509 *x509;

	(void)state;
	wish.days = 100 * 365;
	assert_ok(rk_rootcert_make(&token.person.env, &wish, &certificate));
	assert_int_equal(certificate->not_after, token.person.now + 100 * 365 * RK_DAY);
	x509 = open_certificate(certificate);
	assert_int_equal(ASN1_STRING_type(X509_get0_notAfter(x509)), V_ASN1_GENERALIZEDTIME);
	assert_int_equal(ASN1_STRING_type(X509_get0_notBefore(x509)), V_ASN1_UTCTIME);
	X509_free(x509);
	wish.days = UINT32_MAX;
	assert_error(rk_rootcert_check(&wish, token.person.now), RK_E_REFUSED);
}

static void
the_serial_is_the_worlds_randomness(void **state)
{
	AUTO_TOKEN token = token_with(RK_KEY_ECDSA_P256);
	struct rk_rootcert_wish wish = wish_of(&token);
	RK_AUTO(rk_certificate) one = NULL;
	RK_AUTO(rk_certificate) two = NULL;
	X509 *first, *second;

	(void)state;
	assert_ok(rk_rootcert_make(&token.person.env, &wish, &one));
	assert_ok(rk_rootcert_make(&token.person.env, &wish, &two));
	assert_int_equal(token.person.entropy_calls, 2);
	first = open_certificate(one);
	second = open_certificate(two);
	assert_int_not_equal(
	    ASN1_INTEGER_cmp(X509_get0_serialNumber(first), X509_get0_serialNumber(second)), 0);
	X509_free(first);
	X509_free(second);
	token.person.entropy_fails_at = 3;
	rk_certificate_free(one);
	one = NULL;
	assert_error(rk_rootcert_make(&token.person.env, &wish, &one), RK_E_INTERNAL);
	assert_null(one);
}

static void
a_signature_that_does_not_verify_is_thrown_away(void **state)
{
	static const enum rk_key_type types[] = {RK_KEY_ECDSA_P256, RK_KEY_RSA2048};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		AUTO_TOKEN token = token_with(types[i]);
		struct rk_rootcert_wish wish = wish_of(&token);
		RK_AUTO(rk_certificate) certificate = NULL;

		token.lies = true;
		assert_error(
		    rk_rootcert_make(&token.person.env, &wish, &certificate), RK_E_KEY_UNPROVEN);
		assert_null(certificate);
	}
}

static void
a_tokens_own_error_is_what_is_told(void **state)
{
	AUTO_TOKEN token = token_with(RK_KEY_RSA2048);
	struct rk_rootcert_wish wish = wish_of(&token);
	RK_AUTO(rk_certificate) certificate = NULL;
	RK_AUTO(rk_error) err = NULL;

	(void)state;
	token.refuses = true;
	err = rk_rootcert_make(&token.person.env, &wish, &certificate);
	assert_int_equal(rk_error_code(err), RK_E_PIN_LOCKED);
	assert_string_equal(rk_error_remedy(err), "unlock it");
	assert_null(certificate);
	assert_int_equal(token.signs, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    spec(a_key_on_p256_gets_one),
	    spec(a_key_on_p384_gets_one_with_sha256_all_the_same),
	    spec(an_rsa_key_gets_one_with_pkcs1),
	    spec(a_token_without_pkcs1_makes_one_with_pss),
	    spec(an_ed25519_key_is_refused_before_the_token_is_asked),
	    spec(a_gun_may_be_longer_than_openssl_likes),
	    spec(a_beginning_and_a_star_covers_what_begins_so),
	    spec(names_that_are_no_gun_are_refused),
	    spec(years_past_2049_are_written_in_full),
	    spec(the_serial_is_the_worlds_randomness),
	    spec(a_signature_that_does_not_verify_is_thrown_away),
	    spec(a_tokens_own_error_is_what_is_told),
	};

	return cmocka_run_group_tests_name("rootcert", tests, NULL, NULL);
}
