/*
 * hashwords_private.h - the word list itself
 *
 * Row: the byte. Column 0: its word at an even place (two syllables), 1: at an odd one (three).
 */
#ifndef RK_BASE_HASHWORDS_PRIVATE_H
#define RK_BASE_HASHWORDS_PRIVATE_H

extern const char *const rk_hashwords_list[256][2];

#endif
