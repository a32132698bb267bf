/*
 * passes FILE PASS…: the floor for what reads, hashes and writes metadata.
 *
 * A PASS is HASHES or HASHES:OUT, and reads the file once in blocks: each block goes into as many
 * SHA-256 states as HASHES says and, with OUT, into that file. "passes FILE 1" is read and
 * SHA-256; "passes FILE 2:OUT" is read, two SHA-256 and a write.
 */
#include "bench/bare.h"

#include <openssl/evp.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCK (1 << 18)
#define HASHES_MAX 8

struct pass {
	int in, out; /* out: -1 without one */
	size_t hashes;
	EVP_MD_CTX *states[HASHES_MAX];
};

static void
begin(struct pass *pass, const char *file, const char *what)
{
	const char *out = strchr(what, ':');

	*pass = (struct pass){.in = open(file, O_RDONLY | O_CLOEXEC), .out = -1};
	if (pass->in < 0)
		rk_bare_fail(file);
	if (out && (pass->out = open(out + 1, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)) < 0)
		rk_bare_fail(out + 1);
	pass->hashes = strtoul(what, NULL, 10);
	if (pass->hashes > HASHES_MAX)
		rk_bare_fail(what);
	for (size_t i = 0; i < pass->hashes; i++) {
		pass->states[i] = EVP_MD_CTX_new();
		if (!pass->states[i] || !EVP_DigestInit_ex(pass->states[i], EVP_sha256(), NULL))
			rk_bare_fail("SHA-256");
	}
}

static void
end(struct pass *pass)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len;

	for (size_t i = 0; i < pass->hashes; i++) {
		if (!EVP_DigestFinal_ex(pass->states[i], digest, &len))
			rk_bare_fail("SHA-256");
		for (unsigned k = 0; k < len; k++)
			printf("%02x", digest[k]);
		putchar('\n');
		EVP_MD_CTX_free(pass->states[i]);
	}
	close(pass->in);
	if (pass->out >= 0 && close(pass->out) != 0)
		rk_bare_fail("close");
}

static void
run(struct pass *pass)
{
	static unsigned char block[BLOCK];
	ssize_t len;

	while ((len = read(pass->in, block, sizeof(block))) > 0) {
		for (size_t i = 0; i < pass->hashes; i++)
			if (!EVP_DigestUpdate(pass->states[i], block, (size_t)len))
				rk_bare_fail("SHA-256");
		if (pass->out >= 0 && write(pass->out, block, (size_t)len) != len)
			rk_bare_fail("write");
	}
	if (len < 0)
		rk_bare_fail("read");
}

int
main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	for (int i = 2; i < argc; i++) {
		struct pass pass;

		begin(&pass, argv[1], argv[i]);
		run(&pass);
		end(&pass);
	}
	return 0;
}
