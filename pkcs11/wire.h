/*
 * wire.h - frames and fields of the pipe between the parent and a worker
 *
 * A frame is a 32-bit length of what follows, a 32-bit request id, one byte (an operation, or a
 * reply's status), and fields: numbers big-endian, byte strings with a 32-bit length. Either end
 * may be hostile (a module has taken over its worker), so a reader never goes past its frame,
 * remembers its first failure and afterwards gives only zeros.
 *
 * Ownership  a reader borrows the frame's bytes and everything it gives points into them.
 * Errors     RK_E_MALFORMED; RK_E_LIMIT a frame above RK_WIRE_MAX.
 * Units      bytes.
 */
#ifndef RK_PKCS11_WIRE_H
#define RK_PKCS11_WIRE_H

#include "base/buf.h"

#define RK_WIRE_MAX (64u << 20) /* the largest frame: an Ed25519 message is one */
#define RK_WIRE_SECRET_MAX 4096u /* the largest frame that holds a secret */
#define RK_WIRE_HEADER 9

typedef struct rk_wire_header {
	uint32_t id;
	uint8_t kind;
	size_t body; /* bytes that follow */
} rk_wire_header;

/* RK_E_MALFORMED, RK_E_LIMIT. */
RK_CHECKED rk_error *
rk_wire_header_parse(const uint8_t bytes[static RK_WIRE_HEADER], rk_wire_header *ret_header);

typedef struct rk_wire_reader {
	const uint8_t *at;
	size_t left;
	bool bad;
} rk_wire_reader;

/* Bytes within a frame. */
typedef struct rk_wire_span {
	const uint8_t *bytes;
	size_t len;
} rk_wire_span;

rk_wire_reader rk_wire_reader_of(const void *bytes, size_t len);
uint8_t rk_wire_u8(rk_wire_reader *reader);
uint32_t rk_wire_u32(rk_wire_reader *reader);
uint64_t rk_wire_u64(rk_wire_reader *reader);
/* Exactly `len` bytes into `out`; zeros where they are not there. */
void rk_wire_fixed(rk_wire_reader *reader, void *out, size_t len);
/* A byte string of at most `max`. */
rk_wire_span rk_wire_bytes(rk_wire_reader *reader, size_t max);
/* NULL where every field was there and nothing is left. */
RK_CHECKED rk_error *rk_wire_done(const rk_wire_reader *reader);

/* Start a frame at the end of `out`; give what it returns to rk_wire_end once the fields are in. */
size_t rk_wire_begin(rk_buf *out, uint32_t id, uint8_t kind);
/* RK_E_LIMIT, RK_E_NOMEM; the frame is taken off again. */
RK_CHECKED rk_error *rk_wire_end(rk_buf *out, size_t start);
void rk_wire_put_u64(rk_buf *out, uint64_t value);
void rk_wire_put_bytes(rk_buf *out, const void *bytes, size_t len);

#endif
