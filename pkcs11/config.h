/*
 * config.h - which modules this machine knows, by p11-kit's module files
 *
 * p11-kit loads configured modules all at once and does not tell which failed, so its files are
 * read here: NAME.module in the packages' folder, the system's and the user's, later ones over
 * earlier ones line by line; `module`, `enable-in`, `disable-in`, `priority`, `trust-policy` and
 * `x-init-reserved` count. The user's folder counts unless pkcs11.conf says `user-config: none`,
 * the program runs with somebody else's rights, or others could write to it.
 *
 * Ownership  ret_config belongs to the caller; what the finders give is borrowed from it.
 * Errors     RK_E_NOMEM. A file that cannot be read is one warning, and is passed over.
 * Standard   pkcs11.conf(5).
 */
#ifndef RK_PKCS11_CONFIG_H
#define RK_PKCS11_CONFIG_H

#include "world/env.h"

typedef struct rk_module_config {
	char *name;
	char *path; /* absolute */
	char *reserved; /* C_Initialize's pReserved, or NULL */
	long priority;
} rk_module_config;

typedef struct rk_config {
	rk_module_config *modules; /* highest priority first, then by name */
	size_t count;
} rk_config;

/* Folders; NULL: none. */
struct rk_config_places {
	const char *packages; /* …/p11-kit/modules */
	const char *system; /* /etc/pkcs11/modules */
	const char *user; /* ~/.config/pkcs11/modules */
	const char *settings; /* /etc/pkcs11/pkcs11.conf */
	const char *libraries; /* where a relative `module` is found */
};

/* This machine's. `user` is NULL or points into `user_folder`, which belongs to the caller. */
RK_CHECKED rk_error *rk_config_places(struct rk_config_places *ret_places, char **user_folder);
/* `env`, for warnings, may be NULL. */
RK_CHECKED rk_error *
rk_config_load(const struct rk_config_places *places, rk_env *env, rk_config **ret_config);
/* By the file's name, else by the library's ("softhsm2" for libsofthsm2.so). NULL: unknown. */
const rk_module_config *rk_config_by_name(const rk_config *config, const char *name);
/* By the library, links followed. NULL: unknown. */
const rk_module_config *rk_config_by_path(const rk_config *config, const char *path);
void rk_config_free(rk_config *config);
RK_DEFINE_FREEP(rk_config)

#endif
