/*
 * template.h - what is asked of a token when a key comes to be: attribute templates as tables
 *
 * Modules refuse attributes: some SENSITIVE and EXTRACTABLE together, some every one that they do
 * not know. So a template has levels, from all that we want to the least that makes a key, and what
 * came of it is read back.
 *
 * Ownership  a filled template points into the request and into static values.
 * Standard   PKCS#11 2.40, sections 4.7 to 4.9.
 */
#ifndef RK_PKCS11_TEMPLATE_H
#define RK_PKCS11_TEMPLATE_H

#include "pkcs11/message.h"

/*
 * Without EXTRACTABLE a key is hardly ever extractable; without SENSITIVE it often is not
 * sensitive.
 */
enum rk_template_level {
	RK_TEMPLATE_ALL,
	RK_TEMPLATE_SENSITIVE,
	RK_TEMPLATE_EXTRACTABLE,
	RK_TEMPLATE_LEAST,
	RK_TEMPLATE_LEVEL_COUNT
};

#define RK_TEMPLATE_AT(level) (1u << (level))
#define RK_TEMPLATE_AT_ALL 0xfu
#define RK_TEMPLATE_AT_MORE 0x7u /* all but the least */

enum rk_template_value {
	RK_TEMPLATE_TRUE,
	RK_TEMPLATE_FALSE,
	RK_TEMPLATE_WRAPPABLE,
	RK_TEMPLATE_ID,
	RK_TEMPLATE_LABEL
};

typedef struct rk_template_row {
	CK_ATTRIBUTE_TYPE type;
	enum rk_template_value value;
	unsigned levels; /* that it is part of */
} rk_template_row;

typedef struct rk_template_table {
	const rk_template_row *rows;
	size_t count;
} rk_template_table;

#define RK_TEMPLATE_TABLE(array)                            \
	{                                                   \
		(array), sizeof(array) / sizeof((array)[0]) \
	}

/* The rows of this level into `out`, which has room for them all; how many. */
CK_ULONG rk_template_fill(const rk_template_table *table, const rk_request *request,
    enum rk_template_level level, CK_ATTRIBUTE *out);
/* May a key be asked for with that little? One that is to be wrapped has to be extractable. */
bool rk_template_will_do(enum rk_template_level level, bool wrappable);
/* Is it the template that was refused? Then nothing was made, and less may be asked for. */
bool rk_template_is_refused(CK_RV rv);

#endif
