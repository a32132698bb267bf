/*
 * signature_private.h - hashes as OpenSSL names them, for the rooms of world
 */
#ifndef RK_WORLD_SIGNATURE_PRIVATE_H
#define RK_WORLD_SIGNATURE_PRIVATE_H

#include "world/signature.h"

#include <openssl/evp.h>

/* Static; NULL for RK_HASH_NONE. */
const EVP_MD *rk_signature_md(enum rk_hash hash);

#endif
