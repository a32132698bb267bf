/*
 * targets COUNT sorted|shuffled metadata|list: made-up targets, the same ones every time.
 *
 * `metadata` is a TUF targets file without signatures, in canonical form when sorted; `list` has one
 * object a line, as 'rootkeep target add --from' takes it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_LEN 64
#define WORDS 12 /* of a digest's 64 bits: four of SHA-256, eight of SHA-512 */

typedef char target_name[NAME_MAX_LEN];

/* xorshift: any stream of numbers will do that is the same everywhere. */
static uint64_t
next_number(void)
{
	static uint64_t state = 88172645463325252u;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static void
make_name(char *name, unsigned long number)
{
	static const char *const kinds[] = {
	    "firmware", "rootfs", "kernel", "bootldr", "package", "content", "calibra", "gateway"};
	unsigned bits = (unsigned)(next_number() & 0xffffffffu);
	unsigned long tail = (unsigned long)(next_number() & 0xffffffu);

	snprintf(name, NAME_MAX_LEN, "pool/%02x/%02x/%s-%02u.%u.%u_%08lx%06lx.bin", bits & 0xff,
	    bits >> 8 & 0xff, kinds[bits >> 16 & 7], bits >> 20 & 63, bits >> 26 & 7,
	    bits >> 29 & 7, number, tail);
}

static int
compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void
put_digest(const char *name, const uint64_t *words, size_t count)
{
	printf("\"%s\":\"", name);
	for (size_t i = 0; i < count; i++)
		printf("%016" PRIx64, words[i]);
	putchar('"');
}

static void
put_metadata(const char *name, const uint64_t *words)
{
	printf("\"%s\":{\"custom\":{\"arch\":\"arm64\",\"rel\":%u},\"hashes\":{", name,
	    (unsigned)(words[0] % 1000));
	put_digest("sha256", words, 4);
	putchar(',');
	put_digest("sha512", words + 4, 8);
	printf("},\"length\":%u}", (unsigned)(words[5] % 4000000000u));
}

static void
put_line(const char *name, const uint64_t *words)
{
	printf("{\"name\":\"%s\",\"length\":%u,", name, (unsigned)(words[5] % 4000000000u));
	put_digest("sha256", words, 4);
	putchar(',');
	put_digest("sha512", words + 4, 8);
	printf(",\"custom\":{\"arch\":\"arm64\",\"rel\":%u}}\n", (unsigned)(words[0] % 1000));
}

static void
put_targets(target_name *names, unsigned long count, int as_list)
{
	for (unsigned long i = 0; i < count; i++) {
		uint64_t words[WORDS];

		for (size_t k = 0; k < WORDS; k++)
			words[k] = next_number();
		if (as_list) {
			put_line(names[i], words);
			continue;
		}
		if (i > 0)
			putchar(',');
		put_metadata(names[i], words);
	}
}

int
main(int argc, char **argv)
{
	unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
	target_name *names = calloc(count + 1, sizeof(*names));
	int as_list;

	if (argc != 4 || !names)
		return 2;
	as_list = strcmp(argv[3], "list") == 0;
	for (unsigned long i = 0; i < count; i++)
		make_name(names[i], i);
	if (strcmp(argv[2], "sorted") == 0)
		qsort(names, count, sizeof(*names), compare);
	if (!as_list)
		fputs("{\"signatures\":[],\"signed\":{\"_type\":\"targets\",\"expires\":"
		      "\"2099-01-01T00:00:00Z\",\"spec_version\":\"1.0.31\",\"targets\":{",
		    stdout);
	put_targets(names, count, as_list);
	if (!as_list)
		fputs("},\"version\":42}}", stdout);
	free(names);
	return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}
