/*
 * plain.h - the least a PKCS#11 module can be: it starts, names itself, has no slot
 *
 * Each misbehaving module of this folder is this one with a function or two of its own, put into
 * the list by rk_plain_list.
 *
 * Standard   PKCS#11 2.40.
 */
#ifndef RK_MODULES_PLAIN_H
#define RK_MODULES_PLAIN_H

#include <p11-kit/pkcs11.h>

/* The list that C_GetFunctionList gives; a module changes it once, at its start. */
extern CK_FUNCTION_LIST rk_plain_list;

/* Blanks up to the end, as every text of PKCS#11 has them. */
void rk_plain_pad(unsigned char *field, CK_ULONG size, const char *text);

#endif
