/*
 * loop MODULE TOKEN PIN-FILE KEY COUNT SIZE THREADS FOLDER: the floor for a batch.
 *
 * COUNT files of SIZE bytes: hashed, signed with a P-256 key, written under another name, renamed;
 * by THREADS threads with a session each; then one syncfs for all of them. Prints the seconds of
 * the loop alone, without loading, login and finalizing.
 */
#include "bench/bare.h"

#include <openssl/evp.h>

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define THREADS_MAX 64

struct batch {
	struct rk_bare bare;
	unsigned long count;
	size_t size;
	int folder;
	atomic_ulong next;
};

static double
seconds_now(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void
write_file(const struct batch *batch, unsigned long number, const unsigned char *data, size_t len)
{
	char temporary[40], name[40];
	int file;

	snprintf(temporary, sizeof(temporary), ".%lu", number);
	snprintf(name, sizeof(name), "%lu.json", number);
	file = openat(batch->folder, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (file < 0 || write(file, data, len) != (ssize_t)len || close(file) != 0 ||
	    renameat(batch->folder, temporary, batch->folder, name) != 0)
		rk_bare_fail(name);
}

static void *
work(void *argument)
{
	struct batch *batch = argument;
	CK_SESSION_HANDLE session = rk_bare_session(&batch->bare);
	unsigned char *data = calloc(1, batch->size + RK_BARE_SIGNATURE);
	unsigned char digest[RK_BARE_DIGEST];
	unsigned long number;

	if (!data)
		rk_bare_fail("memory");
	while ((number = atomic_fetch_add(&batch->next, 1)) < batch->count) {
		/* Each file is another one. */
		memcpy(data, &number, sizeof(number));
		if (!EVP_Digest(data, batch->size, digest, NULL, EVP_sha256(), NULL))
			rk_bare_fail("SHA-256");
		rk_bare_sign(&batch->bare, session, digest, data + batch->size);
		write_file(batch, number, data, batch->size + RK_BARE_SIGNATURE);
	}
	free(data);
	rk_bare_must(batch->bare.functions->C_CloseSession(session), "C_CloseSession");
	return NULL;
}

static double
run(struct batch *batch, unsigned long threads)
{
	pthread_t ids[THREADS_MAX];
	double began = seconds_now();

	for (unsigned long i = 0; i < threads; i++)
		if (pthread_create(&ids[i], NULL, work, batch) != 0)
			rk_bare_fail("a thread");
	for (unsigned long i = 0; i < threads; i++)
		(void)pthread_join(ids[i], NULL);
	if (syncfs(batch->folder) != 0)
		rk_bare_fail("syncfs");
	return seconds_now() - began;
}

int
main(int argc, char **argv)
{
	struct batch batch = {0};
	unsigned long threads;

	if (argc != 9)
		return 2;
	batch.count = strtoul(argv[5], NULL, 10);
	batch.size = strtoul(argv[6], NULL, 10);
	threads = strtoul(argv[7], NULL, 10);
	batch.folder = open(argv[8], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (batch.folder < 0 || threads > THREADS_MAX || batch.size < sizeof(batch.count))
		rk_bare_fail(argv[8]);
	rk_bare_open(
	    &(struct rk_bare_place){
		.module = argv[1], .token = argv[2], .pin_file = argv[3], .key = argv[4]},
	    &batch.bare);
	printf("%.6f\n", run(&batch, threads));
	rk_bare_close(&batch.bare);
	return 0;
}
