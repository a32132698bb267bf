#include "support/cert_maker.h"
#include "support/soft_key.h"
#include "support/spec.h"

#include "base/datetime.h"
#include "world/certificate.h"

#include <openssl/x509.h>

#include <stdlib.h>
#include <string.h>

#define GUN "registry.example.com/admin/demo"

static EVP_PKEY *pair, *other;

static int
make_pairs(void **state)
{
	(void)state;
	pair = rk_soft_key_new(RK_KEY_ECDSA_P256);
	other = rk_soft_key_new(RK_KEY_ECDSA_P256);
	return 0;
}

static int
free_pairs(void **state)
{
	(void)state;
	EVP_PKEY_free(pair);
	EVP_PKEY_free(other);
	return 0;
}

static struct rk_cert_maker
good(void)
{
	return (struct rk_cert_maker){.pair = pair, .name = GUN};
}

static rk_certificate *
read_maker(const struct rk_cert_maker *maker)
{
	rk_certificate *certificate = NULL;
	RK_AUTO_BUF(der);

	rk_cert_maker_der(maker, &der);
	assert_ok(rk_certificate_read(der.data, der.len, "a file", &certificate));
	return certificate;
}

/* What is told of it, as one text. */
static void
assert_refused(const struct rk_cert_maker *maker, const char *words)
{
	RK_AUTO(rk_certificate) certificate = read_maker(maker);
	RK_AUTO(rk_error) err = rk_certificate_judge(certificate, GUN, RK_CERT_NOW);

	assert_int_equal(rk_error_code(err), RK_E_UNTRUSTED);
	if (!strstr(rk_error_message(err), words))
		fail_msg("'%s' does not say '%s'", rk_error_message(err), words);
	assert_non_null(rk_error_remedy(err));
}

static void
its_facts_are_read(void **state)
{
	struct rk_cert_maker maker = good();
	RK_AUTO(rk_certificate) certificate = read_maker(&maker);
	RK_AUTO(rk_pubkey) pubkey = rk_soft_key_public(pair);

	(void)state;
	assert_string_equal(certificate->name, GUN);
	assert_int_equal(certificate->not_before, RK_CERT_NOW - RK_DAY);
	assert_int_equal(certificate->not_after, RK_CERT_NOW + 3650 * RK_DAY);
	assert_string_equal(certificate->algorithm, "ecdsa-with-SHA256");
	assert_false(certificate->is_authority);
	assert_false(certificate->is_weak);
	assert_true(certificate->is_self_issued);
	assert_int_equal(certificate->count, 1);
	assert_int_equal(certificate->leaf_count, 1);
	assert_true(rk_pubkey_equal(certificate->pubkey, pubkey));
	assert_null(certificate->flaw);
	assert_ok(rk_certificate_judge(certificate, GUN, RK_CERT_NOW));
	assert_ok(rk_certificate_judge(certificate, NULL, 0));
	assert_ok(rk_certificate_check_self_signed(certificate));
}

static void
its_pem_is_the_same_however_it_came(void **state)
{
	struct rk_cert_maker maker = good();
	RK_AUTO(rk_certificate) from_der = NULL;
	RK_AUTO(rk_certificate) from_pem = NULL;
	RK_AUTO_BUF(pem);
	RK_AUTO_BUF(messy);

	(void)state;
	rk_cert_maker_pem(&maker, &pem);
	rk_buf_text(&messy, "Certificate:\n    Data: what openssl x509 -text prints\n");
	for (size_t i = 0; i < pem.len; i++) {
		if (pem.data[i] == '\n')
			rk_buf_byte(&messy, '\r');
		rk_buf_byte(&messy, (uint8_t)pem.data[i]);
	}
	rk_buf_text(&messy, "and more\n");
	assert_ok(rk_certificate_read(pem.data, pem.len, "a file", &from_pem));
	assert_string_equal(from_pem->pem, pem.data);
	rk_certificate_free(from_pem);
	from_pem = NULL;
	assert_ok(rk_certificate_read(messy.data, messy.len, "a file", &from_pem));
	assert_string_equal(from_pem->pem, pem.data);
	assert_ok(rk_certificate_read(from_pem->der, from_pem->der_len, "a file", &from_der));
	assert_string_equal(from_der->pem, pem.data);
	for (const char *at = from_der->pem; at && *at; at = strchr(at, '\n') + 1)
		assert_true(strcspn(at, "\n") <= 64);
}

static void
the_last_of_several_common_names_counts(void **state)
{
	struct rk_cert_maker maker = good();
	RK_AUTO(rk_certificate) certificate = NULL;

	(void)state;
	maker.first_name = "somebody/else";
	certificate = read_maker(&maker);
	assert_string_equal(certificate->name, GUN);
}

static void
a_star_at_the_end_is_a_beginning(void **state)
{
	(void)state;
	assert_true(rk_certificate_name_covers(GUN, GUN));
	assert_false(rk_certificate_name_covers(GUN, GUN "2"));
	assert_false(rk_certificate_name_covers(GUN, "registry.example.com"));
	assert_true(rk_certificate_name_covers("registry.example.com/*", GUN));
	assert_true(rk_certificate_name_covers("registry.example.com/adm*", GUN));
	assert_true(rk_certificate_name_covers("registry.example.com/**", GUN));
	assert_true(rk_certificate_name_covers("*", GUN));
	assert_false(rk_certificate_name_covers("registry.example.com/*/demo", GUN));
	assert_false(rk_certificate_name_covers("other.example.com/*", GUN));
	assert_false(rk_certificate_name_covers("", GUN));
}

static void
a_certificate_for_another_gun_is_refused(void **state)
{
	struct rk_cert_maker maker = good();

	(void)state;
	maker.name = "registry.example.com/admin/other";
	assert_refused(&maker, "is for 'registry.example.com/admin/other', not for");
	maker.name = NULL;
	assert_refused(&maker, "no common name");
}

static void
the_certificate_of_an_authority_is_refused(void **state)
{
	struct rk_cert_maker maker = good();

	(void)state;
	maker.constraints = "critical,CA:TRUE";
	assert_refused(&maker, "authority (CA:TRUE)");
}

static void
one_without_basic_constraints_is_fine(void **state)
{
	struct rk_cert_maker maker = good();
	RK_AUTO(rk_certificate) certificate = NULL;

	(void)state;
	maker.constraints = "";
	certificate = read_maker(&maker);
	assert_ok(rk_certificate_judge(certificate, GUN, RK_CERT_NOW));
}

static void
an_expired_one_is_refused_to_the_second(void **state)
{
	struct rk_cert_maker maker = good();
	RK_AUTO(rk_certificate) certificate = NULL;

	(void)state;
	maker.not_before = RK_CERT_NOW - 10 * RK_DAY;
	maker.not_after = RK_CERT_NOW - 1;
	assert_refused(&maker, "expired at 2027-01-15T07:59:59Z");
	maker.not_after = RK_CERT_NOW;
	certificate = read_maker(&maker);
	assert_ok(rk_certificate_judge(certificate, GUN, RK_CERT_NOW));
	assert_ok(rk_certificate_judge(certificate, GUN, 0));
}

static void
one_may_begin_a_day_ahead_and_no_more(void **state)
{
	struct rk_cert_maker maker = good();
	RK_AUTO(rk_certificate) certificate = NULL;

	(void)state;
	maker.not_before = RK_CERT_NOW + RK_DAY;
	maker.not_after = RK_CERT_NOW + 10 * RK_DAY;
	certificate = read_maker(&maker);
	assert_ok(rk_certificate_judge(certificate, GUN, RK_CERT_NOW));
	maker.not_before++;
	assert_refused(&maker, "more than a day ahead");
	maker.not_before = maker.not_after + 1;
	assert_refused(&maker, "ends before it begins");
}

static void
sha1_is_refused(void **state)
{
	struct rk_cert_maker maker = good();

	(void)state;
	maker.hash = "SHA1";
	assert_refused(&maker, "ecdsa-with-SHA1");
}

static void
md5_and_pss_over_sha1_are_refused(void **state)
{
	EVP_PKEY *rsa = rk_soft_key_new(RK_KEY_RSA2048);
	struct rk_cert_maker maker = {.pair = rsa, .name = GUN, .hash = "MD5"};

	(void)state;
	assert_refused(&maker, "md5WithRSAEncryption");
	maker.hash = "SHA1";
	maker.pss = true;
	assert_refused(&maker, "rsassaPss");
	EVP_PKEY_free(rsa);
}

static void
rsa_of_2048_bits_is_fine_and_less_is_not(void **state)
{
	EVP_PKEY *enough = EVP_RSA_gen(2048), *few = EVP_RSA_gen(1024);
	struct rk_cert_maker maker = {.pair = enough, .name = GUN};
	RK_AUTO(rk_certificate) certificate = read_maker(&maker);

	(void)state;
	assert_ok(rk_certificate_judge(certificate, GUN, RK_CERT_NOW));
	assert_ok(rk_certificate_check_self_signed(certificate));
	maker.pair = few;
	assert_refused(&maker, "1024");
	EVP_PKEY_free(enough);
	EVP_PKEY_free(few);
}

static void
an_ed25519_key_is_refused(void **state)
{
	EVP_PKEY *edwards = rk_soft_key_new(RK_KEY_ED25519);
	struct rk_cert_maker maker = {.pair = edwards, .name = GUN};

	(void)state;
	assert_refused(&maker, "Ed25519");
	EVP_PKEY_free(edwards);
}

/* A leaf, then others. */
static rk_error *
judge_chain(const struct rk_cert_maker *makers, size_t count)
{
	RK_AUTO(rk_certificate) certificate = NULL;
	RK_AUTO_BUF(pem);

	for (size_t i = 0; i < count; i++)
		rk_cert_maker_pem(&makers[i], &pem);
	assert_ok(rk_certificate_read(pem.data, pem.len, "a chain", &certificate));
	assert_int_equal(certificate->count, count);
	assert_string_equal(certificate->pem, pem.data);
	return rk_certificate_judge(certificate, GUN, RK_CERT_NOW);
}

static void
authorities_may_follow_the_leaf_and_nobody_else(void **state)
{
	struct rk_cert_maker leaf = good();
	struct rk_cert_maker authority = {
	    .pair = other, .name = "an authority", .constraints = "critical,CA:TRUE"};
	struct rk_cert_maker chain[2];

	(void)state;
	leaf.issuer = "an authority";
	leaf.signer = other;
	chain[0] = leaf;
	chain[1] = authority;
	assert_ok(judge_chain(chain, 2));
	chain[1] = leaf;
	assert_error(judge_chain(chain, 2), RK_E_UNTRUSTED);
	chain[0] = authority;
	assert_error(judge_chain(chain, 2), RK_E_UNTRUSTED);
}

static void
one_that_its_own_key_did_not_sign_is_told(void **state)
{
	struct rk_cert_maker maker = good();
	RK_AUTO(rk_certificate) forged = NULL;
	RK_AUTO(rk_certificate) issued = NULL;

	(void)state;
	maker.signer = other;
	forged = read_maker(&maker);
	assert_error(rk_certificate_check_self_signed(forged), RK_E_UNTRUSTED);
	maker.issuer = "somebody";
	issued = read_maker(&maker);
	assert_false(issued->is_self_issued);
	assert_error(rk_certificate_check_self_signed(issued), RK_E_UNTRUSTED);
}

static rk_error *
read_text(const void *bytes, size_t len)
{
	RK_AUTO(rk_certificate) certificate = NULL;
	rk_error *err = rk_certificate_read(bytes, len, "a file", &certificate);

	assert_true(err ? !certificate : certificate != NULL);
	return err;
}

static void
what_is_no_certificate_is_malformed(void **state)
{
	static const char key[] = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n";
	static const char broken[] =
	    "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
	static const char torn[] = "-----BEGIN CERTIFICATE-----\nAAAA\n";

	(void)state;
	assert_error(read_text("", 0), RK_E_MALFORMED);
	assert_error(read_text("nothing", 7), RK_E_MALFORMED);
	assert_error(read_text("0", 1), RK_E_MALFORMED);
	assert_error(read_text(key, sizeof(key) - 1), RK_E_MALFORMED);
	assert_error(read_text(broken, sizeof(broken) - 1), RK_E_MALFORMED);
	assert_error(read_text(torn, sizeof(torn) - 1), RK_E_MALFORMED);
}

static void
bytes_after_it_and_torn_ones_are_malformed(void **state)
{
	struct rk_cert_maker maker = good();
	RK_AUTO_BUF(der);

	(void)state;
	rk_cert_maker_der(&maker, &der);
	assert_error(read_text(der.data, der.len - 1), RK_E_MALFORMED);
	rk_buf_byte(&der, 0);
	assert_error(read_text(der.data, der.len), RK_E_MALFORMED);
}

static void
a_name_with_a_nul_in_it_is_malformed(void **state)
{
	struct rk_cert_maker maker = good();
	RK_AUTO_BUF(der);

	(void)state;
	maker.name = GUN "\0/evil";
	maker.name_len = sizeof(GUN "\0/evil") - 1;
	rk_cert_maker_der(&maker, &der);
	assert_error(read_text(der.data, der.len), RK_E_MALFORMED);
}

static void
too_many_and_too_much_is_a_limit(void **state)
{
	struct rk_cert_maker maker = good();
	char *huge = calloc(1, RK_CERTIFICATE_MAX + 1);
	RK_AUTO_BUF(pem);

	(void)state;
	for (size_t i = 0; i <= RK_CERTIFICATE_CHAIN_MAX; i++)
		rk_cert_maker_pem(&maker, &pem);
	assert_error(read_text(pem.data, pem.len), RK_E_LIMIT);
	assert_error(read_text(huge, RK_CERTIFICATE_MAX + 1), RK_E_LIMIT);
	free(huge);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    spec(its_facts_are_read),
	    spec(its_pem_is_the_same_however_it_came),
	    spec(the_last_of_several_common_names_counts),
	    spec(a_star_at_the_end_is_a_beginning),
	    spec(a_certificate_for_another_gun_is_refused),
	    spec(the_certificate_of_an_authority_is_refused),
	    spec(one_without_basic_constraints_is_fine),
	    spec(an_expired_one_is_refused_to_the_second),
	    spec(one_may_begin_a_day_ahead_and_no_more),
	    spec(sha1_is_refused),
	    spec(md5_and_pss_over_sha1_are_refused),
	    spec(rsa_of_2048_bits_is_fine_and_less_is_not),
	    spec(an_ed25519_key_is_refused),
	    spec(authorities_may_follow_the_leaf_and_nobody_else),
	    spec(one_that_its_own_key_did_not_sign_is_told),
	    spec(what_is_no_certificate_is_malformed),
	    spec(bytes_after_it_and_torn_ones_are_malformed),
	    spec(a_name_with_a_nul_in_it_is_malformed),
	    spec(too_many_and_too_much_is_a_limit),
	};

	return cmocka_run_group_tests_name("certificate", tests, make_pairs, free_pairs);
}
