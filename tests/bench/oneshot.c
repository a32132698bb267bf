/*
 * oneshot MODULE TOKEN PIN-FILE KEY FILE OUT: the floor for signing one file with a token's key.
 *
 * P-256 over the file's SHA-256, and not a call more than that takes.
 */
#include "bench/bare.h"

#include <openssl/evp.h>

#include <stdio.h>

static void
hash_file(const char *path, unsigned char digest[static RK_BARE_DIGEST])
{
	static unsigned char block[1 << 16];
	FILE *file = fopen(path, "rb");
	EVP_MD_CTX *state = EVP_MD_CTX_new();
	size_t len;

	if (!file || !state || !EVP_DigestInit_ex(state, EVP_sha256(), NULL))
		rk_bare_fail(path);
	while ((len = fread(block, 1, sizeof(block), file)) > 0)
		if (!EVP_DigestUpdate(state, block, len))
			rk_bare_fail("SHA-256");
	if (ferror(file) || !EVP_DigestFinal_ex(state, digest, NULL))
		rk_bare_fail(path);
	fclose(file);
	EVP_MD_CTX_free(state);
}

static void
write_file(const char *path, const unsigned char *data, size_t len)
{
	FILE *file = fopen(path, "wb");

	if (!file || fwrite(data, 1, len, file) != len || fclose(file) != 0)
		rk_bare_fail(path);
}

int
main(int argc, char **argv)
{
	unsigned char digest[RK_BARE_DIGEST], signature[RK_BARE_SIGNATURE];
	struct rk_bare bare = {0};

	if (argc != 7)
		return 2;
	hash_file(argv[5], digest);
	rk_bare_open(
	    &(struct rk_bare_place){
		.module = argv[1], .token = argv[2], .pin_file = argv[3], .key = argv[4]},
	    &bare);
	rk_bare_sign(&bare, bare.session, digest, signature);
	write_file(argv[6], signature, sizeof(signature));
	rk_bare_close(&bare);
	return 0;
}
