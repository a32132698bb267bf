#include "base/secret.h"

#include <malloc.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Powers of two, as OpenSSL's buddy allocator wants them. */
#define HEAP_LARGEST ((size_t)1 << 20)
#define HEAP_SMALLEST ((size_t)1 << 16)
#define HEAP_GRAIN 32

/* What CRYPTO_secure_malloc_init says. */
enum { HEAP_REFUSED = 0, HEAP_LOCKED = 1, HEAP_NOT_LOCKED = 2 };

/* All of it is one allocation in the secure heap, so a length is as private as the bytes. */
struct rk_secret {
	size_t len;
	uint8_t bytes[];
};

static bool heap_is_locked;
static void *heap; /* all of it, while it is set up */
static size_t heap_size;

static rk_error *
heap_refused(void)
{
	return rk_fail(RK_E_INTERNAL, "report it", "the secure heap could not be set up");
}

/* The largest heap that the kernel will lock; a bigger one that can be swapped out is no gain. */
static int
heap_open(void)
{
	int got = HEAP_REFUSED;

	for (heap_size = HEAP_LARGEST; heap_size >= HEAP_SMALLEST; heap_size /= 2) {
		got = CRYPTO_secure_malloc_init(heap_size, HEAP_GRAIN);
		if (got != HEAP_NOT_LOCKED)
			return got;
		if (!CRYPTO_secure_malloc_done())
			return HEAP_REFUSED;
	}
	heap_size = HEAP_LARGEST;
	return CRYPTO_secure_malloc_init(heap_size, HEAP_GRAIN);
}

/* OpenSSL tells nobody where its heap is, but of any address whether it is in there. To take all of it
 * at once would tell, too, and cost the wiping of it. */
static void
find_heap(void)
{
	uint8_t *inside = OPENSSL_secure_malloc(1);
	size_t within = 0, beyond = heap_size;

	if (!inside)
		return;
	while (beyond - within > 1) {
		size_t middle = within + (beyond - within) / 2;

		if (CRYPTO_secure_allocated(inside - middle))
			within = middle;
		else
			beyond = middle;
	}
	heap = inside - within;
	OPENSSL_secure_free(inside);
}

rk_error *
rk_secret_heap_init(void)
{
	int got;

	if (CRYPTO_secure_malloc_initialized())
		return NULL;
	got = heap_open();
	if (got == HEAP_REFUSED)
		return heap_refused();
	heap_is_locked = got == HEAP_LOCKED;
	find_heap();
	return NULL;
}

static void *
allocate(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return malloc(size);
}

static void
wipe_and_free(void *memory, const char *file, int line)
{
	(void)file;
	(void)line;
	if (memory)
		OPENSSL_cleanse(memory, malloc_usable_size(memory));
	free(memory);
}

static void *
move_and_wipe(void *memory, size_t size, const char *file, int line)
{
	size_t had = memory ? malloc_usable_size(memory) : 0;
	void *moved = malloc(size);

	if (!moved)
		return NULL;
	if (memory)
		memcpy(moved, memory, had < size ? had : size);
	wipe_and_free(memory, file, line);
	return moved;
}

bool
rk_secret_wipe_freed(void)
{
	return CRYPTO_set_mem_functions(allocate, move_and_wipe, wipe_and_free) == 1;
}

void
rk_secret_heap_drop(void)
{
	/* The pages are the child's own copies. */
	if (heap)
		(void)munmap(heap, heap_size);
	heap = NULL;
}

bool
rk_secret_heap_is_locked(void)
{
	return heap_is_locked;
}

rk_error *
rk_secret_new(size_t size, rk_secret **ret_secret)
{
	rk_secret *secret;

	/* Without its heap OpenSSL would quietly hand out ordinary memory. */
	if (!CRYPTO_secure_malloc_initialized())
		return heap_refused();
	if (size > HEAP_LARGEST)
		return rk_fail(RK_E_NOMEM, "use a smaller one",
		    "a secret of %zu bytes does not fit into the secure heap", size);
	secret = OPENSSL_secure_zalloc(sizeof(*secret) + size + 1);
	if (!secret || !CRYPTO_secure_allocated(secret)) {
		OPENSSL_free(secret);
		return rk_fail(RK_E_NOMEM,
		    "raise the limit on locked memory (ulimit -l) and run it again",
		    "the secure heap has no room for a secret of %zu bytes", size);
	}
	secret->len = size;
	*ret_secret = secret;
	return NULL;
}

rk_error *
rk_secret_copy(const void *bytes, size_t len, rk_secret **ret_secret)
{
	rk_secret *secret;
	rk_error *err;

	err = rk_secret_new(len, &secret);
	if (err)
		return err;
	if (len > 0)
		memcpy(secret->bytes, bytes, len);
	*ret_secret = secret;
	return NULL;
}

uint8_t *
rk_secret_bytes(rk_secret *secret)
{
	return secret->bytes;
}

const uint8_t *
rk_secret_peek(const rk_secret *secret)
{
	return secret->bytes;
}

size_t
rk_secret_len(const rk_secret *secret)
{
	return secret->len;
}

void
rk_secret_truncate(rk_secret *secret, size_t len)
{
	if (len >= secret->len)
		return;
	OPENSSL_cleanse(secret->bytes + len, secret->len - len);
	secret->len = len;
}

bool
rk_secret_equal(const rk_secret *a, const rk_secret *b)
{
	return a->len == b->len && CRYPTO_memcmp(a->bytes, b->bytes, a->len) == 0;
}

void
rk_secret_free(rk_secret *secret)
{
	/* The heap knows the size of the allocation, which truncating does not change. */
	if (secret)
		OPENSSL_secure_clear_free(secret, CRYPTO_secure_actual_size(secret));
}
