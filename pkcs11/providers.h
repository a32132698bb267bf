/*
 * providers.h - the modules in use, and which of them a question goes to
 *
 * Those of --module; else the one that a URI names; else all that p11-kit's configuration knows.
 * One library with one set of settings is one module, however it is named.
 *
 * Ownership  rk_providers_clear gives everything back; what a choice holds is borrowed.
 * Errors     RK_E_TOKEN_NONE an unknown module; RK_E_NOMEM.
 */
#ifndef RK_PKCS11_PROVIDERS_H
#define RK_PKCS11_PROVIDERS_H

#include "pkcs11/config.h"
#include "pkcs11/provider.h"
#include "pkcs11/uri.h"

typedef struct rk_providers {
	rk_launcher *launcher;
	rk_env *env; /* borrowed; NULL: nobody is told what is waited for */
	bool network;
	struct rk_patience patience;
	rk_config *config;
	rk_provider **named; /* of --module, borrowed from `all` */
	size_t named_count;
	rk_provider **all; /* every module that was named so far */
	size_t count;
} rk_providers;

/* The modules to ask; `alone`: the only one that may answer, so its failure is the answer. */
typedef struct rk_providers_choice {
	rk_provider **providers;
	size_t count;
	bool alone;
} rk_providers_choice;

/* Read p11-kit's files; first of all. `env`, for warnings, may be NULL. */
RK_CHECKED rk_error *rk_providers_configure(rk_providers *providers, rk_env *env);
/* The modules of --module, by name or path. */
RK_CHECKED rk_error *
rk_providers_name(rk_providers *providers, const char *const *modules, size_t count);
/* `uri` may be NULL: a list of everything. *choice is zeroed before. */
RK_CHECKED rk_error *
rk_providers_choose(rk_providers *providers, const rk_uri *uri, rk_providers_choice *choice);
void rk_providers_choice_clear(rk_providers_choice *choice);
/* The launcher is gone, and every worker with it. */
void rk_providers_orphan(rk_providers *providers);
void rk_providers_clear(rk_providers *providers);

#endif
