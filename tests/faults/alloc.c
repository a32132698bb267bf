/*
 * An allocation that fails, in a program as it is shipped: preloaded (LD_PRELOAD) beneath it.
 *
 * Allocations are counted from 1, from the first that the program's own code makes, whoever makes
 * them: it or a library.
 *
 * RK_ALLOC_FAILS    the number of the one that fails, with ENOMEM; 0 or not there: none
 * RK_ALLOC_PROCESS  in which process: 0, the one that was started; 1, its children; 2, theirs
 * RK_ALLOC_LOG      a file: the numbers of those that come from a place in the program (a chain of
 *                   callers) that none before came from, one a line
 */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHAIN 4 /* callers in the program that make a place, whatever library is between */
#define DEPTH 40 /* callers that are looked through for them */
#define PLACES 65536u /* a power of two */

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);

static uintptr_t program_begin, program_end;
static const char *log_path;
static int is_ready, has_begun;
static unsigned long process, wanted_process, fails, number;
static uint64_t places[PLACES];
static __thread int is_inside;

static int
find_program(struct dl_phdr_info *info, size_t size, void *context)
{
	(void)size;
	(void)context;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &info->dlpi_phdr[i];
		uintptr_t begin = info->dlpi_addr + part->p_vaddr;

		if (part->p_type != PT_LOAD)
			continue;
		if (program_begin == 0 || begin < program_begin)
			program_begin = begin;
		if (begin + part->p_memsz > program_end)
			program_end = begin + part->p_memsz;
	}
	return 1; /* the first is the program itself */
}

static unsigned long
number_in(const char *name)
{
	const char *text = getenv(name);

	return text ? strtoul(text, NULL, 10) : 0;
}

static void
count_processes(void)
{
	process++;
}

__attribute__((constructor)) static void
begin(void)
{
	void *callers[1];

	(void)dl_iterate_phdr(find_program, NULL);
	(void)backtrace(callers, 1); /* it loads its library, once */
	(void)pthread_atfork(NULL, NULL, count_processes);
	fails = number_in("RK_ALLOC_FAILS");
	wanted_process = number_in("RK_ALLOC_PROCESS");
	log_path = getenv("RK_ALLOC_LOG");
	is_ready = 1;
}

/* Opened anew each time: a worker closes what it inherited. */
static void
write_number(unsigned long which)
{
	int fd = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	char line[32];
	int len = snprintf(line, sizeof(line), "%lu\n", which);

	if (fd < 0 || write(fd, line, (size_t)len) != len)
		abort();
	close(fd);
}

static int
is_program(const void *caller)
{
	return (uintptr_t)caller >= program_begin && (uintptr_t)caller < program_end;
}

static void
note_place(void)
{
	void *callers[DEPTH];
	int count = backtrace(callers, DEPTH), taken = 0;
	uint64_t hash = 14695981039346656037u;
	size_t at;

	for (int i = 0; i < count && taken < CHAIN; i++) {
		if (!is_program(callers[i]))
			continue;
		hash = (hash ^ (uint64_t)(uintptr_t)callers[i]) * 1099511628211u;
		taken++;
	}
	for (at = hash % PLACES; places[at] != 0; at = (at + 1) % PLACES)
		if (places[at] == hash)
			return;
	places[at] = hash;
	write_number(number);
}

/* False where this one fails. */
static int
may_have(const void *caller)
{
	int fine = 1;

	if (!is_ready || is_inside || process != wanted_process)
		return 1;
	if (!has_begun && !is_program(caller))
		return 1;
	has_begun = 1;
	is_inside = 1;
	number++;
	if (log_path)
		note_place();
	if (number == fails) {
		errno = ENOMEM;
		fine = 0;
	}
	is_inside = 0;
	return fine;
}

void *
malloc(size_t size)
{
	return may_have(__builtin_return_address(0)) ? __libc_malloc(size) : NULL;
}

void *
calloc(size_t count, size_t size)
{
	return may_have(__builtin_return_address(0)) ? __libc_calloc(count, size) : NULL;
}

void *
realloc(void *old, size_t size)
{
	return may_have(__builtin_return_address(0)) ? __libc_realloc(old, size) : NULL;
}
