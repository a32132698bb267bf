#include "pkcs11/channel.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define CHUNK 65536u
#define READY (256u << 10) /* bytes of requests kept made ahead of the pipe */

struct rk_channel {
	unsigned refs;
	rk_launcher *launcher; /* NULL: gone */
	int fd; /* -1: dead */
	int timer;
	pid_t pid;
	char *name;
	uint32_t next_id;
	rk_buf in; /* received, from in_at on not yet used */
	size_t in_at;
	rk_env *env; /* NULL: nobody is told */
	const char *waits_for; /* NULL: nothing worth telling */
	bool told;
};

void
rk_reply_clear(rk_reply *reply)
{
	rk_buf_clear(&reply->frame);
	reply->body = (rk_wire_span){NULL, 0};
}

rk_error *
rk_channel_open(rk_launcher *launcher, const char *name, bool network, rk_channel **ret_channel)
{
	RK_AUTO(rk_channel) channel = calloc(1, sizeof(*channel));
	rk_error *err;

	if (!channel)
		return rk_out_of_memory();
	*channel = (struct rk_channel){.refs = 1, .fd = -1, .timer = -1, .next_id = 1};
	err = rk_strdup(name, &channel->name);
	if (err)
		return err;
	/* A deadline that poll can wait for: nobody below the terminal asks for the time. */
	channel->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (channel->timer < 0)
		return rk_fail_errno(RK_E_INTERNAL, errno, NULL, "cannot make a timer");
	err = rk_launcher_start(launcher, network, &channel->fd, &channel->pid);
	if (err)
		return err;
	channel->launcher = launcher;
	*ret_channel = RK_TAKE(channel);
	return NULL;
}

bool
rk_channel_is_dead(const rk_channel *channel)
{
	return channel->fd < 0;
}

void
rk_channel_kill(rk_channel *channel)
{
	if (channel->fd < 0)
		return;
	close(channel->fd);
	channel->fd = -1;
	if (channel->launcher)
		rk_launcher_kill(channel->launcher, channel->pid);
	rk_buf_clear(&channel->in);
	channel->in_at = 0;
}

bool
rk_channel_is_shared(const rk_channel *channel)
{
	return channel->refs > 1;
}

static rk_error *
died(rk_channel *channel)
{
	rk_channel_kill(channel);
	return rk_fail(RK_E_TOKEN_GONE,
	    "see that the token is plugged in and that the module is whole, then start the command "
	    "again",
	    "the worker of module %s ended in the middle of its work", channel->name);
}

static rk_error *
hung(rk_channel *channel, int timeout)
{
	rk_channel_kill(channel);
	return rk_fail(RK_E_TOKEN_GONE,
	    "unplug the token and plug it in again, then start the command again",
	    "module %s did not answer within %d seconds", channel->name, timeout);
}

static rk_error *
babbled(rk_channel *channel, rk_error *err)
{
	rk_channel_kill(channel);
	err = rk_recode(rk_wrap(err, "the worker of module %s answers nonsense", channel->name),
	    RK_E_TOKEN_GONE);
	return rk_advise(err, "do not use this module; see where it comes from");
}

static bool
arm(rk_channel *channel, int timeout)
{
	const struct itimerspec when = {.it_value = {.tv_sec = timeout}};

	return timerfd_settime(channel->timer, 0, &when, NULL) == 0;
}

#define TELL_EVERY 250 /* milliseconds */

static void
tell(rk_channel *channel, const char *what)
{
	if (!channel->env)
		return;
	channel->told = what != NULL;
	channel->env->ops->progress(channel->env, what, 0, 0);
}

/* Wait until the pipe can do what is wanted. */
static rk_error *
await(rk_channel *channel, short events, int timeout, short *ret_events)
{
	struct pollfd wanted[2] = {
	    {.fd = channel->fd, .events = events}, {.fd = channel->timer, .events = POLLIN}};
	int ready;

	do {
		ready = poll(wanted, 2, channel->env && channel->waits_for ? TELL_EVERY : -1);
		if (ready == 0)
			tell(channel, channel->waits_for);
	} while (ready == 0 || (ready < 0 && errno == EINTR));
	if (ready < 0)
		return rk_fail_errno(RK_E_INTERNAL, errno, NULL, "cannot wait for a worker");
	if (wanted[0].revents == 0)
		return hung(channel, timeout);
	*ret_events = wanted[0].revents;
	return NULL;
}

static bool
is_transient(void)
{
	return errno == EAGAIN || errno == EINTR;
}

/* What there is to read goes behind what is not used yet. */
static rk_error *
receive(rk_channel *channel)
{
	char chunk[CHUNK];
	ssize_t got = recv(channel->fd, chunk, sizeof(chunk), 0);

	if (got < 0 && is_transient())
		return NULL;
	if (got <= 0)
		return died(channel);
	if (channel->in_at > CHUNK && channel->in_at > channel->in.len / 2) {
		channel->in.len -= channel->in_at;
		memmove(channel->in.data, channel->in.data + channel->in_at, channel->in.len);
		channel->in_at = 0;
	}
	rk_buf_append(&channel->in, chunk, (size_t)got);
	return rk_buf_check(&channel->in);
}

/* The next whole reply, if there is one. */
static rk_error *
next_reply(rk_channel *channel, bool *ret_whole, uint32_t *ret_id, rk_reply *ret_reply)
{
	size_t left = channel->in.len - channel->in_at;
	const char *at;
	rk_wire_header header;
	rk_error *err;

	*ret_whole = false;
	if (left < RK_WIRE_HEADER)
		return NULL;
	at = channel->in.data + channel->in_at;
	err = rk_wire_header_parse((const uint8_t *)at, &header);
	if (!err && header.kind > RK_STATUS_REFUSED)
		err = rk_fail(RK_E_MALFORMED, NULL, "a reply is of no known kind");
	if (err)
		return babbled(channel, err);
	if (left - RK_WIRE_HEADER < header.body)
		return NULL;
	rk_buf_append(&ret_reply->frame, at + RK_WIRE_HEADER, header.body);
	err = rk_buf_check(&ret_reply->frame);
	if (err)
		return err;
	channel->in_at += RK_WIRE_HEADER + header.body;
	if (channel->in_at == channel->in.len)
		channel->in.len = channel->in_at = 0;
	ret_reply->status = header.kind;
	ret_reply->body = (rk_wire_span){(const uint8_t *)ret_reply->frame.data, header.body};
	*ret_id = header.id;
	*ret_whole = true;
	return NULL;
}

/* Write some of `bytes`; how many. */
static rk_error *
transmit(rk_channel *channel, const void *bytes, size_t len, size_t *ret_sent)
{
	ssize_t sent = send(channel->fd, bytes, len, MSG_NOSIGNAL);

	*ret_sent = 0;
	if (sent < 0 && is_transient())
		return NULL;
	if (sent < 0)
		return died(channel);
	*ret_sent = (size_t)sent;
	return NULL;
}

static rk_error *
send_all(rk_channel *channel, const void *bytes, size_t len, int timeout)
{
	const char *at = bytes;
	rk_error *err = NULL;

	while (len > 0 && !err) {
		size_t sent = 0;
		short events;

		err = await(channel, POLLOUT, timeout, &events);
		if (!err)
			err = transmit(channel, at, len, &sent);
		at += sent;
		len -= sent;
	}
	return err;
}

static rk_error *
send_request(rk_channel *channel, const rk_request *request, uint32_t id, int timeout)
{
	RK_AUTO(rk_secret) secret = NULL;
	RK_AUTO_BUF(plain);
	rk_error *err;

	if (!rk_op_is_secret((uint8_t)request->op)) {
		err = rk_request_encode(request, id, &plain);
		return err ? err : send_all(channel, plain.data, plain.len, timeout);
	}
	err = rk_request_encode_secret(request, id, &secret);
	if (err)
		return err;
	return send_all(channel, rk_secret_peek(secret), rk_secret_len(secret), timeout);
}

static rk_error *
dead(const rk_channel *channel)
{
	return rk_fail(RK_E_TOKEN_GONE, "start the command again",
	    "the worker of module %s is gone", channel->name);
}

rk_error *
rk_channel_call(rk_channel *channel, const rk_request *request, int timeout, rk_reply *ret_reply)
{
	uint32_t id = channel->next_id++, answered = 0;
	bool whole = false;
	rk_error *err;

	if (channel->fd < 0)
		return dead(channel);
	if (!arm(channel, timeout))
		return rk_fail_errno(RK_E_INTERNAL, errno, NULL, "cannot set a timer");
	err = send_request(channel, request, id, timeout);
	while (!err && !whole) {
		short events;

		err = await(channel, POLLIN, timeout, &events);
		if (!err)
			err = receive(channel);
		if (!err)
			err = next_reply(channel, &whole, &answered, ret_reply);
	}
	if (!err && answered != id)
		err = babbled(channel,
		    rk_fail(RK_E_MALFORMED, NULL, "a reply to a question that was not asked"));
	return err;
}

/* A batch on its way: requests first_id … first_id + count - 1. */
struct flight {
	rk_channel *channel;
	const struct rk_channel_batch *batch;
	uint32_t first_id;
	size_t made, answered;
	bool *done;
	rk_buf out;
	size_t out_at;
};

static void
answer_one(struct flight *flight, size_t index, const rk_reply *reply, rk_error *err)
{
	flight->done[index] = true;
	flight->answered++;
	flight->batch->taken(flight->batch->context, index, reply, err);
}

static void
make_some(struct flight *flight)
{
	if (flight->out_at == flight->out.len)
		flight->out.len = flight->out_at = 0;
	while (flight->made < flight->batch->count && flight->out.len < READY) {
		size_t index = flight->made++;
		rk_request request = {0};
		rk_error *err = flight->batch->make(flight->batch->context, index, &request);

		if (!err)
			err = rk_request_encode(
			    &request, flight->first_id + (uint32_t)index, &flight->out);
		if (err)
			answer_one(flight, index, NULL, err);
	}
}

static rk_error *
take_replies(struct flight *flight)
{
	for (;;) {
		RK_AUTO_REPLY(reply);
		bool whole;
		uint32_t id = 0;
		rk_error *err = next_reply(flight->channel, &whole, &id, &reply);

		if (err || !whole)
			return err;
		id -= flight->first_id;
		if (id >= flight->made || flight->done[id])
			return babbled(
			    flight->channel, rk_fail(RK_E_MALFORMED, NULL,
						 "a reply to a question that was not asked"));
		answer_one(flight, id, &reply, NULL);
	}
}

static rk_error *
fly_once(struct flight *flight)
{
	bool sending = flight->out_at < flight->out.len;
	short events = 0;
	rk_error *err = await(flight->channel, (short)(sending ? POLLIN | POLLOUT : POLLIN),
	    flight->batch->timeout, &events);

	if (!err && sending && (events & POLLOUT)) {
		size_t sent = 0;

		err = transmit(flight->channel, flight->out.data + flight->out_at,
		    flight->out.len - flight->out_at, &sent);
		flight->out_at += sent;
	}
	if (!err && (events & ~POLLOUT)) {
		err = receive(flight->channel);
		if (!err)
			err = take_replies(flight);
	}
	if (!err && !arm(flight->channel, flight->batch->timeout))
		err = rk_fail_errno(RK_E_INTERNAL, errno, NULL, "cannot set a timer");
	return err;
}

rk_error *
rk_channel_batch(rk_channel *channel, const struct rk_channel_batch *batch)
{
	struct flight flight = {.channel = channel, .batch = batch, .first_id = channel->next_id};
	rk_error *err = NULL;

	if (batch->count == 0)
		return NULL;
	if (channel->fd < 0)
		return dead(channel);
	flight.done = calloc(batch->count, sizeof(*flight.done));
	if (!flight.done)
		return rk_out_of_memory();
	channel->next_id += (uint32_t)batch->count;
	if (!arm(channel, batch->timeout))
		err = rk_fail_errno(RK_E_INTERNAL, errno, NULL, "cannot set a timer");
	make_some(&flight);
	while (!err && flight.answered < batch->count) {
		err = fly_once(&flight);
		make_some(&flight);
	}
	rk_buf_clear(&flight.out);
	free(flight.done);
	return err;
}

void
rk_channel_tell(rk_channel *channel, rk_env *env)
{
	channel->env = env;
}

void
rk_channel_waits_for(rk_channel *channel, const char *what)
{
	if (channel->told)
		tell(channel, NULL);
	channel->waits_for = what;
}

rk_channel *
rk_channel_ref(rk_channel *channel)
{
	channel->refs++;
	return channel;
}

void
rk_channel_orphan(rk_channel *channel)
{
	if (channel->fd >= 0)
		close(channel->fd);
	channel->fd = -1;
	channel->launcher = NULL;
	channel->env = NULL;
}

void
rk_channel_free(rk_channel *channel)
{
	if (!channel || --channel->refs > 0)
		return;
	/* Closing the pipe is the worker's sign to finalize; it is waited for at the end. */
	if (channel->fd >= 0)
		close(channel->fd);
	if (channel->timer >= 0)
		close(channel->timer);
	rk_buf_clear(&channel->in);
	free(channel->name);
	free(channel);
}
