/*
 * bytes.h - the loops that everything else in this floor spends its time in
 *
 * Sixteen bytes at a time, by the compilers' vector extension, never reading past `end`. Inline:
 * a call for each string would cost more than the string.
 *
 * Errors     none; where nothing is found the answer is `end`.
 */
#ifndef RK_JSON_BYTES_H
#define RK_JSON_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define RK_BYTES_BLOCK 16

typedef uint8_t rk_bytes_block __attribute__((vector_size(RK_BYTES_BLOCK)));
typedef uint64_t rk_bytes_halves __attribute__((vector_size(RK_BYTES_BLOCK)));

static inline rk_bytes_block
rk_bytes_load(const char *at)
{
	rk_bytes_block block;

	memcpy(&block, at, sizeof(block));
	return block;
}

/* The place of the first byte of a comparison that is true; RK_BYTES_BLOCK: none is. */
static inline unsigned
rk_bytes_first(rk_bytes_block hits)
{
#ifdef __SSE2__
	unsigned mask = (unsigned)_mm_movemask_epi8((__m128i)hits);

	return (unsigned)__builtin_ctz(mask | 1U << RK_BYTES_BLOCK);
#else
	rk_bytes_halves halves = (rk_bytes_halves)hits;

	if (!(halves[0] | halves[1]))
		return RK_BYTES_BLOCK;
	for (unsigned half = 0;; half++)
		if (halves[half])
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
			return half * 8 + (unsigned)__builtin_ctzll(halves[half]) / 8;
#else
			return half * 8 + (unsigned)__builtin_clzll(halves[half]) / 8;
#endif
#endif
}

/* To the first byte of a string that is more than itself: '"', '\', a control (and DEL), not ASCII. */
static inline const char *
rk_bytes_plain(const char *at, const char *end)
{
	while (end - at >= RK_BYTES_BLOCK) {
		rk_bytes_block block = rk_bytes_load(at);
		/* Below 0x20 and from 0x7f on: of all others less than 0x5f is left. */
		unsigned first = rk_bytes_first((rk_bytes_block)(block == '"') |
						(rk_bytes_block)(block == '\\') |
						(rk_bytes_block)(block - 0x20 >= 0x5f));

		at += first;
		if (first < RK_BYTES_BLOCK)
			return at;
	}
	while (at < end && *at != '"' && *at != '\\' && (uint8_t)(*at - 0x20) < 0x5f)
		at++;
	return at;
}

/* To the first '"' or '\'. */
static inline const char *
rk_bytes_quote(const char *at, const char *end)
{
	while (end - at >= RK_BYTES_BLOCK) {
		rk_bytes_block block = rk_bytes_load(at);
		unsigned first = rk_bytes_first(
		    (rk_bytes_block)(block == '"') | (rk_bytes_block)(block == '\\'));

		at += first;
		if (first < RK_BYTES_BLOCK)
			return at;
	}
	while (at < end && *at != '"' && *at != '\\')
		at++;
	return at;
}

/* To the first quote, brace or bracket. */
static inline const char *
rk_bytes_structure(const char *at, const char *end)
{
	while (end - at >= RK_BYTES_BLOCK) {
		rk_bytes_block block = rk_bytes_load(at);
		rk_bytes_block folded = block | 0x20; /* '[' to '{', ']' to '}' */
		unsigned first = rk_bytes_first((rk_bytes_block)(block == '"') |
						(rk_bytes_block)(folded == '{') |
						(rk_bytes_block)(folded == '}'));

		at += first;
		if (first < RK_BYTES_BLOCK)
			return at;
	}
	while (at < end && *at != '"' && (*at | 0x20) != '{' && (*at | 0x20) != '}')
		at++;
	return at;
}

#ifdef __SSE2__
#define RK_BYTES_WIDE 64

/* Of 64 bytes, which are what: a bit each, the first byte's the lowest. */
struct rk_bytes_wide {
	uint64_t quote;
	uint64_t backslash;
	uint64_t open;
	uint64_t close;
};

static inline struct rk_bytes_wide
rk_bytes_look(const char *at)
{
	struct rk_bytes_wide wide = {0};

	for (unsigned i = 0; i < RK_BYTES_WIDE; i += RK_BYTES_BLOCK) {
		rk_bytes_block block = rk_bytes_load(at + i), folded = block | 0x20;
		__m128i quote = (__m128i)(block == '"'), backslash = (__m128i)(block == '\\');
		__m128i open = (__m128i)(folded == '{'), close = (__m128i)(folded == '}');

		wide.quote |= (uint64_t)(unsigned)_mm_movemask_epi8(quote) << i;
		wide.backslash |= (uint64_t)(unsigned)_mm_movemask_epi8(backslash) << i;
		wide.open |= (uint64_t)(unsigned)_mm_movemask_epi8(open) << i;
		wide.close |= (uint64_t)(unsigned)_mm_movemask_epi8(close) << i;
	}
	return wide;
}

/* Ones from each odd quote up to the next even one: the insides of strings. */
static inline uint64_t
rk_bytes_inside(uint64_t quotes)
{
	for (unsigned shift = 1; shift < RK_BYTES_WIDE; shift *= 2)
		quotes ^= quotes << shift;
	return quotes;
}
#endif

static inline bool
rk_bytes_is_space(char byte)
{
	return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t';
}

/* To the first byte that is no white space. */
static inline const char *
rk_bytes_space(const char *at, const char *end)
{
	while (at < end && rk_bytes_is_space(*at))
		at++;
	return at;
}

/* Behind the closing quote of a string that the scan has passed; `at` is behind the opening one. */
static inline const char *
rk_bytes_string_end(const char *at, const char *end)
{
	while ((at = rk_bytes_quote(at, end)) < end && *at == '\\')
		at += 2;
	return at + 1;
}

#endif
