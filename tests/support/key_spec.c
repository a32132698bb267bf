#include "support/key_spec.h"

#include "support/spec.h"

#include <openssl/x509.h>

#include <string.h>

rk_error *
rk_key_spec_read_bytes(const void *bytes, size_t len, rk_keyfile **ret_file)
{
	RK_AUTO(rk_secret) secret = NULL;

	assert_ok(rk_secret_copy(bytes, len, &secret));
	return rk_keyfile_read(secret, "k.key", ret_file);
}

rk_error *
rk_key_spec_read(const rk_buf *bytes, rk_keyfile **ret_file)
{
	return rk_key_spec_read_bytes(rk_buf_str(bytes), bytes->len, ret_file);
}

rk_error *
rk_key_spec_unseal(rk_keyfile *file, const char *passphrase)
{
	RK_AUTO(rk_secret) secret = NULL;

	assert_ok(rk_secret_copy(passphrase, strlen(passphrase), &secret));
	return rk_keyfile_unseal(file, secret);
}

/* Open, the same public key, and PKCS#8 that OpenSSL reads to its last byte and signs with. */
void
rk_key_spec_is(const rk_keyfile *file, EVP_PKEY *pair)
{
	RK_AUTO(rk_pubkey) public = rk_soft_key_public(pair);
	const unsigned char *begin, *at;
	PKCS8_PRIV_KEY_INFO *info;
	EVP_PKEY *again;

	assert_non_null(file->pkcs8);
	assert_true(rk_pubkey_equal(file->pubkey, public));
	begin = at = rk_secret_peek(file->pkcs8);
	info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, (long)rk_secret_len(file->pkcs8));
	assert_non_null(info);
	assert_ptr_equal(at, begin + rk_secret_len(file->pkcs8));
	again = EVP_PKCS82PKEY(info);
	assert_non_null(again);
	assert_int_equal(EVP_PKEY_eq(again, pair), 1);
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, again, NULL);
	assert_int_equal(EVP_PKEY_pairwise_check(context), 1);
	EVP_PKEY_CTX_free(context);
	EVP_PKEY_free(again);
	PKCS8_PRIV_KEY_INFO_free(info);
}

void
rk_key_spec_reads(const rk_buf *bytes, EVP_PKEY *pair)
{
	RK_AUTO(rk_keyfile) file = NULL;

	assert_ok(rk_key_spec_read(bytes, &file));
	assert_false(file->encrypted);
	rk_key_spec_is(file, pair);
}

void
rk_key_spec_refuses(const rk_buf *bytes, enum rk_code code, const char *words)
{
	rk_keyfile *file = NULL;
	rk_error *err = rk_key_spec_read(bytes, &file);
	const rk_error *cause = err;

	assert_null(file);
	assert_non_null(err);
	assert_non_null(rk_error_remedy(err));
	while (rk_error_cause(cause))
		cause = rk_error_cause(cause);
	if (!strstr(rk_error_message(cause), words))
		fail_msg("nothing about \"%s\" in: %s", words, rk_error_message(cause));
	assert_error(err, code);
}
