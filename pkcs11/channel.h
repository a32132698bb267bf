/*
 * channel.h - the parent's end of a worker's pipe
 *
 * Sends requests, gathers replies, many in flight, with a time-out between two signs of life. A
 * worker that dies, hangs or talks nonsense is killed, its channel is dead from then on, and the
 * parent is unharmed.
 *
 * Ownership  counted: rk_channel_ref and rk_channel_free. The launcher is borrowed: rk_channel_orphan
 *            tells that it has gone. A reply owns its bytes.
 * Errors     RK_E_TOKEN_GONE with a remedy; RK_E_LIMIT a request that is too large; RK_E_NOMEM.
 * Units      time-outs in seconds.
 */
#ifndef RK_PKCS11_CHANNEL_H
#define RK_PKCS11_CHANNEL_H

#include "pkcs11/launcher.h"
#include "pkcs11/message.h"
#include "world/env.h"

typedef struct rk_channel rk_channel;

typedef struct rk_reply {
	rk_buf frame;
	uint8_t status; /* enum rk_status */
	rk_wire_span body;
} rk_reply;

void rk_reply_clear(rk_reply *reply);
#define RK_AUTO_REPLY(name) __attribute__((cleanup(rk_reply_clear))) rk_reply name = {0}

/* Starts a worker. `name` is the module's, for messages: already shown. */
RK_CHECKED rk_error *
rk_channel_open(rk_launcher *launcher, const char *name, bool network, rk_channel **ret_channel);
bool rk_channel_is_dead(const rk_channel *channel);
/* Has it more than one owner? */
bool rk_channel_is_shared(const rk_channel *channel);

RK_CHECKED rk_error *
rk_channel_call(rk_channel *channel, const rk_request *request, int timeout, rk_reply *ret_reply);

/* `count` requests, made when there is room and answered in any order. */
struct rk_channel_batch {
	size_t count;
	int timeout;
	void *context;
	/* An error here is this one's own: it is given to `taken` and nothing is sent. */
	rk_error *(*make)(void *context, size_t index, rk_request *ret_request);
	/* Takes over `err`; `reply` is NULL where there is one. */
	void (*taken)(void *context, size_t index, const rk_reply *reply, rk_error *err);
};
/* An error of the pipe itself is returned; what was not answered by then was not taken. */
RK_CHECKED rk_error *rk_channel_batch(rk_channel *channel, const struct rk_channel_batch *batch);

/* Who is told, by env's progress, what is waited for while an answer takes its time; NULL: nobody. */
void rk_channel_tell(rk_channel *channel, rk_env *env);
/* What that is, for the calls from now on: safe to print, borrowed; NULL: nothing worth telling. */
void rk_channel_waits_for(rk_channel *channel, const char *what);

/* End the worker now; the channel is dead from then on. */
void rk_channel_kill(rk_channel *channel);
rk_channel *rk_channel_ref(rk_channel *channel);
/* The launcher is gone, and the worker with it. */
void rk_channel_orphan(rk_channel *channel);
void rk_channel_free(rk_channel *channel);
RK_DEFINE_FREEP(rk_channel)

#endif
