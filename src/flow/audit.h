/*
 * audit.h - what is on tokens against what keep.json says of them
 *
 * Each token is opened once, logged in where it wants that, and its keys and certificates are
 * listed. A key of the keep may be missing there, or be there with other attributes, under another
 * label or id, or with another key in its place; a key on the token may be unknown to the keep. A
 * token that is not here is no finding: it may well lie in its safe.
 *
 * Ownership  an audit owns its tokens and rows; keys of the keep are borrowed from it.
 * Errors     as hands.h lists them; RK_E_TOKEN_NONE none of the keep's tokens is here.
 */
#ifndef RK_FLOW_AUDIT_H
#define RK_FLOW_AUDIT_H

#include "flow/custody.h"
#include "world/certificate.h"

enum rk_audit_result {
	RK_AUDIT_OK,
	RK_AUDIT_MISSING, /* the keep says that it is there */
	RK_AUDIT_UNKNOWN, /* the keep does not know it, or not that it is there */
	RK_AUDIT_CHANGED,
	RK_AUDIT_UNJUDGED, /* no finding: its public half does not show, or there is nothing else */
};

typedef struct rk_audit_key {
	enum rk_audit_result result;
	const rk_keep_key *known; /* NULL: the keep does not know it */
	const char *uri; /* as the keep has it stored; NULL: it says nothing of this token */
	const rk_token_key *key; /* of the token's `keys`; NULL: it is not there */
	char *what; /* why it is no RK_AUDIT_OK; safe to print; NULL: nothing to say */
} rk_audit_key;

typedef struct rk_audit_certificate {
	enum rk_audit_result result;
	const rk_token_certificate *certificate; /* of the token's `certificates` */
	rk_certificate *read; /* NULL: it is none that can be read */
	const rk_keep_key *known; /* whose it is; NULL: nobody's that the keep knows */
	char *what;
} rk_audit_certificate;

typedef struct rk_audit_token {
	rk_token *token; /* the hands' */
	rk_token_info *info;
	rk_token_keys *keys;
	rk_token_certificates *certificates;
	rk_audit_key *rows;
	size_t row_count;
	rk_audit_certificate *certificate_rows;
	size_t certificate_count;
	rk_error *err; /* why it could not be looked at; NULL: it was */
} rk_audit_token;

/* What the keep says to be on a token that is not here. */
typedef struct rk_audit_absent {
	const rk_keep_key *known;
	const char *uri;
	char *why; /* safe to print */
} rk_audit_absent;

typedef struct rk_audit {
	rk_audit_token *tokens;
	size_t count;
	rk_audit_absent *absent;
	size_t absent_count;
	size_t findings; /* rows that are missing, unknown or changed */
	size_t unseen; /* tokens that are here and could not be looked at */
} rk_audit;

/* `uri`: that token, which has to be here and opened up; NULL: every one that the keep names. */
RK_CHECKED rk_error *
rk_audit_run(const struct rk_custody *custody, const char *uri, rk_audit **ret_audit);
/* "ok", "missing", "unknown", "changed", "unjudged". */
const char *rk_audit_word(enum rk_audit_result result);
void rk_audit_free(rk_audit *audit);
RK_DEFINE_FREEP(rk_audit)

#endif
