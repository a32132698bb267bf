/*
 * filesign_private.h - what the rooms of signing a file share
 *
 * filesign.c reads, signs and replaces; filesign_id.c says under which ids a key signs.
 */
#ifndef RK_FLOW_FILESIGN_PRIVATE_H
#define RK_FLOW_FILESIGN_PRIVATE_H

#include "flow/filesign.h"
#include "tuf/root.h"

/* A key on its way to being a signature. */
struct rk_filesign_signer {
	const struct rk_filesign_key *key;
	rk_hand *hand;
	const rk_scheme *scheme;
};

/* One id that it signs under. */
struct rk_filesign_filing {
	size_t signer;
	char *keyid;
	struct rk_filesign_signed made;
};

/* Where ids are looked for. */
struct rk_filesign_place {
	rk_keyring *ring; /* NULL: there is none */
	rk_role *root; /* the root role, where it is a root; else NULL */
};

/* In the order in which they are asked. */
enum { RK_PLACE_FILE, RK_PLACE_ROOT, RK_PLACE_BY, RK_PLACE_COUNT };

struct rk_filesign {
	struct rk_filesign_wish wish;
	rk_hands *hands;
	rk_envelope *envelope;
	struct rk_filesign_place places[RK_PLACE_COUNT];
	uint8_t sha256[RK_SHA256_SIZE];
	char *what;
	struct rk_filesign_signer *signers;
	struct rk_filesign_filing *filings;
	size_t filing_count;
	bool done;
};

RK_CHECKED rk_error *rk_filesign_places(rk_filesign *sign);
/* Would clients take root's keys? RK_E_REFUSED where the wish names a GUN, else a warning. */
RK_CHECKED rk_error *rk_filesign_judge_keys(const rk_filesign *sign);
/* The ids of a signer that is ready, as filings, and its scheme. */
RK_CHECKED rk_error *rk_filesign_file_under(rk_filesign *sign, size_t signer);
void rk_filesign_ids_free(rk_filesign *sign);

#endif
