/*
 * hashwords.h - a SHA-256 as 32 words that two people can read to each other
 *
 * The PGP word list (Juola and Zimmermann, 1995): even bytes take a word of two syllables, odd
 * bytes one of three, so a word left out or swapped is heard. Four groups of eight.
 */
#ifndef RK_BASE_HASHWORDS_H
#define RK_BASE_HASHWORDS_H

#include "base/buf.h"

#define RK_SHA256_SIZE 32

/* Four lines of eight words, each ended by '\n' and begun by `indent`. */
void
rk_hashwords_append(rk_buf *out, const uint8_t digest[static RK_SHA256_SIZE], const char *indent);
/* All 32 on one line, spaces between. */
void rk_hashwords_line(rk_buf *out, const uint8_t digest[static RK_SHA256_SIZE]);
/* 32 words, any white space between, any case. RK_E_MALFORMED names the first wrong one. */
RK_CHECKED rk_error *rk_hashwords_parse(const char *text, uint8_t out[static RK_SHA256_SIZE]);

#endif
