/*
 * Private key files as anybody may hand them in. A key that is taken must be taken again from the
 * PKCS#8 that it became, byte for byte, and not from any more or less of it.
 */
#include "world/keyfile.h"

#include <stdlib.h>
#include <string.h>

#define ROUNDS_MAX 16 /* of a passphrase's stretching: a fuzzer has no time */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(rk_error *err)
{
	if (err)
		abort();
}

static void
must_hold(bool truth)
{
	if (!truth)
		abort();
}

static rk_error *
read_bytes(const uint8_t *bytes, size_t size, rk_keyfile **ret_file)
{
	RK_AUTO(rk_secret) secret = NULL;

	must(rk_secret_copy(bytes, size, &secret));
	return rk_keyfile_read(secret, "fuzzed", ret_file);
}

static void
survive(const rk_keyfile *file)
{
	RK_AUTO(rk_keyfile) again = NULL;
	rk_keyfile *none = NULL;
	RK_AUTO(rk_secret) more = NULL;
	size_t len = rk_secret_len(file->pkcs8);

	must(rk_keyfile_read(file->pkcs8, "its PKCS#8", &again));
	must_hold(again->pkcs8 && rk_secret_equal(file->pkcs8, again->pkcs8));
	must_hold(rk_pubkey_equal(file->pubkey, again->pubkey));
	must_hold(!again->unchecked && !again->encrypted);
	must(rk_secret_new(len + 1, &more));
	memcpy(rk_secret_bytes(more), rk_secret_peek(file->pkcs8), len);
	rk_error_free(rk_keyfile_read(more, "more", &none));
	must_hold(!none);
	rk_secret_truncate(more, len - 1);
	rk_error_free(rk_keyfile_read(more, "less", &none));
	must_hold(!none);
}

/* PBKDF2's own identifier, then the salt and a small number; PEM's old way costs nothing. */
static bool
is_cheap(const uint8_t *data, size_t size)
{
	static const uint8_t oid[] = {
	    0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0c, 0x30};
	const uint8_t *at = memmem(data, size, oid, sizeof(oid)), *end = data + size;

	if (memmem(data, size, "DEK-Info", 8))
		return true;
	if (!at || end - at < 16)
		return false;
	at += sizeof(oid) + 1;
	if (at[0] != 0x04 || at[1] >= end - at - 5)
		return false;
	at += 2 + at[1];
	return at[0] == 0x02 && at[1] == 1 && at[2] <= ROUNDS_MAX;
}

static void
unseal(rk_keyfile *file)
{
	RK_AUTO(rk_secret) passphrase = NULL;

	must(rk_secret_copy("sesame", 6, &passphrase));
	rk_error_free(rk_keyfile_unseal(file, passphrase));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	RK_AUTO(rk_keyfile) file = NULL;

	must(rk_secret_heap_init());
	rk_error_free(read_bytes(data, size, &file));
	if (!file)
		return 0;
	must_hold(file->encrypted == !file->pkcs8 && !file->pkcs8 == !file->pubkey);
	if (file->encrypted && is_cheap(data, size))
		unseal(file);
	if (file->pkcs8)
		survive(file);
	return 0;
}
