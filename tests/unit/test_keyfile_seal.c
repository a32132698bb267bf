#include "support/folder.h"
#include "support/key_spec.h"
#include "support/spec.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void
what_a_passphrase_seals_is_opened_by_it_alone(void **state)
{
	EVP_PKEY *pair = rk_soft_key_new(RK_KEY_ECDSA_P256);

	(void)state;
	for (int how = 0; how < RK_KEY_SEAL_COUNT; how++) {
		RK_AUTO(rk_keyfile) file = NULL;
		RK_AUTO_BUF(der);
		RK_AUTO_BUF(pem);

		rk_key_maker_seal(pair, (enum rk_key_seal)how, SECRET_LABEL, &der);
		rk_key_maker_pem("ENCRYPTED PRIVATE KEY", NULL, &der, &pem);
		assert_ok(rk_key_spec_read(how ? &pem : &der, &file));
		assert_true(file->encrypted);
		assert_null(file->pkcs8);
		assert_null(file->pubkey);
		assert_error(rk_key_spec_unseal(file, "wrong"), RK_E_MALFORMED);
		assert_error(rk_key_spec_unseal(file, ""), RK_E_MALFORMED);
		assert_null(file->pkcs8);
		assert_ok(rk_key_spec_unseal(file, SECRET_LABEL));
		rk_key_spec_is(file, pair);
		/* Open is open. */
		assert_ok(rk_key_spec_unseal(file, "wrong"));
	}
	EVP_PKEY_free(pair);
}

static void
pem_s_old_way_of_sealing_is_opened_too(void **state)
{
	static const enum rk_key_type old[] = {RK_KEY_ECDSA_P256, RK_KEY_RSA2048};

	(void)state;
	for (int i = 0; i < 2; i++) {
		EVP_PKEY *pair = rk_soft_key_new(old[i]);
		RK_AUTO(rk_keyfile) file = NULL;
		RK_AUTO_BUF(pem);

		rk_key_maker_seal_pem(pair, SECRET_LABEL, &pem);
		assert_non_null(strstr(rk_buf_str(&pem), "Proc-Type: 4,ENCRYPTED"));
		assert_ok(rk_key_spec_read(&pem, &file));
		assert_true(file->encrypted);
		assert_error(rk_key_spec_unseal(file, "wrong"), RK_E_MALFORMED);
		assert_ok(rk_key_spec_unseal(file, SECRET_LABEL));
		rk_key_spec_is(file, pair);
		EVP_PKEY_free(pair);
	}
}

static void
a_thousand_wrong_passphrases_open_nothing(void **state)
{
	EVP_PKEY *pair = rk_soft_key_new(RK_KEY_ED25519);
	RK_AUTO(rk_keyfile) file = NULL;
	RK_AUTO_BUF(der);

	/* One in 256 is padded well by chance. */
	(void)state;
	rk_key_maker_seal(pair, RK_KEY_SEAL_NOTARY, SECRET_LABEL, &der);
	assert_ok(rk_key_spec_read(&der, &file));
	for (int i = 0; i < 1000; i++) {
		char guess[16];

		snprintf(guess, sizeof(guess), "%d", i);
		assert_error(rk_key_spec_unseal(file, guess), RK_E_MALFORMED);
		assert_null(file->pkcs8);
	}
	assert_ok(rk_key_spec_unseal(file, SECRET_LABEL));
	EVP_PKEY_free(pair);
}

static void
nothing_is_read_from_a_part_or_from_more(void **state)
{
	EVP_PKEY *pair = rk_soft_key_new(RK_KEY_ECDSA_P256);
	RK_AUTO_BUF(der);
	RK_AUTO_BUF(sealed);
	RK_AUTO_BUF(pem);
	rk_buf *const each[] = {&der, &sealed, &pem};

	(void)state;
	rk_key_maker_pkcs8(pair, &der);
	rk_key_maker_seal(pair, RK_KEY_SEAL_NOTARY, SECRET_LABEL, &sealed);
	rk_key_maker_notary(pair, "root", NULL, &pem);
	for (int i = 0; i < 3; i++) {
		/* A PEM text may lack its last newline. */
		for (size_t len = 0; len < each[i]->len - (i == 2); len++) {
			rk_keyfile *file = NULL;
			rk_error *err = rk_key_spec_read_bytes(rk_buf_str(each[i]), len, &file);
			enum rk_code code = rk_error_code(err);

			rk_error_free(err);
			assert_null(file);
			assert_true(code == RK_E_MALFORMED || code == RK_E_NOT_FOUND);
		}
	}
	rk_buf_byte(&der, 0);
	rk_key_spec_refuses(&der, RK_E_MALFORMED, "after its end");
	rk_buf_byte(&sealed, 0);
	rk_key_spec_refuses(&sealed, RK_E_MALFORMED, "after its end");
	EVP_PKEY_free(pair);
}

static void
garbage_behind_the_key_in_a_block_is_refused(void **state)
{
	EVP_PKEY *pair = rk_soft_key_new(RK_KEY_ED25519);
	RK_AUTO_BUF(der);
	RK_AUTO_BUF(pem);
	RK_AUTO_BUF(letters);

	(void)state;
	rk_key_maker_pkcs8(pair, &der);
	rk_buf_text(&der, "more");
	rk_key_maker_pem("PRIVATE KEY", NULL, &der, &pem);
	rk_key_spec_refuses(&pem, RK_E_MALFORMED, "after its end");
	rk_buf_text(&letters,
	    "-----BEGIN PRIVATE KEY-----\nMC4CAQ%BwBQYDK2Vw\n-----END PRIVATE KEY-----\n");
	rk_key_spec_refuses(&letters, RK_E_MALFORMED, "base64");
	EVP_PKEY_free(pair);
}

static void
a_passphrase_that_would_take_hours_is_not_tried(void **state)
{
	EVP_PKEY *pair = rk_soft_key_new(RK_KEY_ED25519);
	RK_AUTO_BUF(der);
	char *rounds;

	(void)state;
	rk_key_maker_seal(pair, RK_KEY_SEAL_NOTARY, SECRET_LABEL, &der);
	rounds = memmem(der.data, der.len, "\x02\x02\x08\x00", 4);
	assert_non_null(rounds);
	/* The salt's last two bytes become part of a longer number. */
	rounds[-9] = 6;
	memcpy(rounds - 2, "\x02\x04\x7f\xff\xff\xff", 6);
	rk_key_spec_refuses(&der, RK_E_LIMIT, "longer than anybody waits");
	EVP_PKEY_free(pair);
}

static void
sealings_that_we_do_not_know_are_named(void **state)
{
	RK_AUTO_BUF(der);
	RK_AUTO_BUF(pem);
	/* pbeWithMD5AndDES-CBC */
	static const char old[] = "3023"
				  "301b06092a864886f70d010503300e0408000000000000000002020800"
				  "040400000000";

	(void)state;
	assert_ok(rk_unhex_buf(old, strlen(old), &der));
	rk_key_spec_refuses(&der, RK_E_TOKEN_UNSUPPORTED, "pbeWithMD5AndDES-CBC");
	rk_buf_text(&pem, "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n"
			  "DEK-Info: ROT-13,00\n\nAAAA\n-----END EC PRIVATE KEY-----\n");
	rk_key_spec_refuses(&pem, RK_E_TOKEN_UNSUPPORTED, "ROT-13");
}

/* Files. */

static char *
write_file(const char *folder, const rk_buf *bytes, unsigned mode)
{
	char *path = NULL;
	FILE *file;

	assert_ok(rk_strdupf(&path, "%s/k.key", folder));
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(rk_buf_str(bytes), 1, bytes->len, file), bytes->len);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, (mode_t)mode), 0);
	return path;
}

static void
a_file_that_others_can_read_is_told(void **state)
{
	EVP_PKEY *pair = rk_soft_key_new(RK_KEY_ED25519);
	RK_AUTO(rk_keyfile) closed = NULL;
	RK_AUTO(rk_keyfile) open_to_all = NULL;
	RK_AUTO(rk_str) path = NULL;
	RK_AUTO_BUF(pem);

	rk_key_maker_notary(pair, "root", NULL, &pem);
	path = write_file(*state, &pem, 0600);
	assert_ok(rk_keyfile_load(path, &closed));
	assert_false(closed->exposed);
	rk_key_spec_is(closed, pair);
	assert_int_equal(chmod(path, 0640), 0);
	assert_ok(rk_keyfile_load(path, &open_to_all));
	assert_true(open_to_all->exposed);
	EVP_PKEY_free(pair);
}

static void
a_large_or_missing_file_or_a_folder_is_no_key(void **state)
{
	RK_AUTO(rk_str) path = NULL;
	rk_keyfile *file = NULL;
	RK_AUTO_BUF(zeros);

	for (unsigned i = 0; i <= RK_KEYFILE_MAX; i++)
		rk_buf_byte(&zeros, '0');
	path = write_file(*state, &zeros, 0600);
	assert_error(rk_keyfile_load(path, &file), RK_E_LIMIT);
	assert_int_equal(truncate(path, RK_KEYFILE_MAX), 0);
	assert_error(rk_keyfile_load(path, &file), RK_E_NOT_FOUND);
	assert_int_equal(unlink(path), 0);
	assert_error(rk_keyfile_load(path, &file), RK_E_NOT_FOUND);
	assert_error(rk_keyfile_load(*state, &file), RK_E_IO);
	assert_null(file);
}

static int
begin(void **state)
{
	assert_ok(rk_secret_heap_init());
	return rk_folder_new(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_a_passphrase_seals_is_opened_by_it_alone),
	    cmocka_unit_test(pem_s_old_way_of_sealing_is_opened_too),
	    cmocka_unit_test(a_thousand_wrong_passphrases_open_nothing),
	    cmocka_unit_test(nothing_is_read_from_a_part_or_from_more),
	    cmocka_unit_test(garbage_behind_the_key_in_a_block_is_refused),
	    cmocka_unit_test(a_passphrase_that_would_take_hours_is_not_tried),
	    cmocka_unit_test(sealings_that_we_do_not_know_are_named),
	    cmocka_unit_test(a_file_that_others_can_read_is_told),
	    cmocka_unit_test(a_large_or_missing_file_or_a_folder_is_no_key),
	};

	return cmocka_run_group_tests(tests, begin, rk_folder_remove);
}
