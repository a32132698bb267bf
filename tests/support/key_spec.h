/*
 * key_spec.h - what specs of private key files say again and again
 *
 * Ownership  borrowed, all; a keyfile that is given belongs to the caller. Failures of the rk_key_spec_is
 *            kind fail the test.
 */
#ifndef RK_SUPPORT_KEY_SPEC_H
#define RK_SUPPORT_KEY_SPEC_H

#include "support/key_maker.h"

#include "world/keyfile.h"

#define SECRET_LABEL "sesame"

RK_CHECKED rk_error *rk_key_spec_read_bytes(const void *bytes, size_t len, rk_keyfile **ret_file);
RK_CHECKED rk_error *rk_key_spec_read(const rk_buf *bytes, rk_keyfile **ret_file);
RK_CHECKED rk_error *rk_key_spec_unseal(rk_keyfile *file, const char *passphrase);
/* Open, the same public key, and PKCS#8 that OpenSSL reads to its last byte and believes. */
void rk_key_spec_is(const rk_keyfile *file, EVP_PKEY *pair);
/* The bytes are this key, and not sealed. */
void rk_key_spec_reads(const rk_buf *bytes, EVP_PKEY *pair);
/* The first cause has these words, and there is a remedy. */
void rk_key_spec_refuses(const rk_buf *bytes, enum rk_code code, const char *words);

#endif
