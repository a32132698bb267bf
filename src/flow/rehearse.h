/*
 * rehearse.h - the story that `rehearse` lives through, as data
 *
 * Each step is a command as a person types it, what it is for, and the exit status that the story
 * expects of it. Whoever runs the steps needs no knowledge of them.
 *
 * In words of a command, "@" stands for the rehearsal's folder.
 */
#ifndef RK_FLOW_REHEARSE_H
#define RK_FLOW_REHEARSE_H

#include "base/error.h"

#define RK_REHEARSE_WORDS 24

struct rk_rehearse_step {
	const char *act; /* a new act begins: its title; NULL: it goes on */
	const char *why; /* one sentence */
	const char *words[RK_REHEARSE_WORDS]; /* ended by NULL */
	int status; /* expected */
};

/* Ended by a step without words. */
extern const struct rk_rehearse_step rk_rehearse_story[];
/* Whose PIN files are needed in "@/pins", ended by NULL; the files to publish, in "@/artifacts"; the
 * roles whose public keys a server would have given, in "@/server/ROLE.json". */
extern const char *const rk_rehearse_holders[];
extern const char *const rk_rehearse_artifacts[];
extern const char *const rk_rehearse_server_roles[];

#endif
