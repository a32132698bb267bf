#include "pkcs11/desk.h"

#include "pkcs11/message.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define ROOM (16384u - 64u) /* with what is around it, a block of the secure heap */
#define OUT_MOST 32768u /* bytes of replies that wait */
#define MOMENT 20000000 /* nanoseconds that they may wait */

struct rk_desk {
	int fd, timer;
	bool is_armed;
	rk_secret *in; /* of ROOM; requests from `at` to `end` */
	size_t at, end;
	uint8_t *taken; /* the bytes of the present request that are to be wiped */
	size_t taken_len;
	rk_buf large; /* the present request where it is larger than the room */
	rk_buf out;
};

static rk_error *
closed(void)
{
	return rk_fail(RK_E_IO, NULL, "the pipe is closed");
}

rk_error *
rk_desk_open(int fd, rk_desk **ret_desk)
{
	RK_AUTO(rk_desk) desk = calloc(1, sizeof(*desk));
	rk_error *err;

	if (!desk)
		return rk_out_of_memory();
	*desk = (rk_desk){.fd = fd, .timer = -1};
	desk->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (desk->timer < 0)
		return rk_fail_errno(RK_E_INTERNAL, errno, NULL, "cannot make a timer");
	err = rk_secret_new(ROOM, &desk->in);
	if (!err)
		*ret_desk = RK_TAKE(desk);
	return err;
}

static rk_error *
receive(rk_desk *desk, void *bytes, size_t len, size_t *ret_got)
{
	ssize_t got;

	do
		got = recv(desk->fd, bytes, len, 0);
	while (got < 0 && errno == EINTR);
	if (got <= 0)
		return closed();
	*ret_got = (size_t)got;
	return NULL;
}

/* Until `len` bytes lie on the desk; no more than there is room for. */
static rk_error *
gather(rk_desk *desk, size_t len)
{
	uint8_t *room = rk_secret_bytes(desk->in);
	rk_error *err = NULL;

	if (desk->at > 0 && desk->at + len > ROOM) {
		memmove(room, room + desk->at, desk->end - desk->at);
		desk->end -= desk->at;
		desk->at = 0;
	}
	while (!err && desk->end - desk->at < len) {
		size_t got = 0;

		err = receive(desk, room + desk->end, ROOM - desk->end, &got);
		desk->end += got;
	}
	return err;
}

/* A frame that the room is too small for: no PIN's is. */
static rk_error *
gather_large(rk_desk *desk, size_t len)
{
	size_t here = desk->end - desk->at;
	rk_error *err = NULL;

	if (here > len)
		here = len;
	rk_buf_append(&desk->large, rk_secret_bytes(desk->in) + desk->at, here);
	desk->at += here;
	while (!err && desk->large.len < len) {
		static uint8_t chunk[65536]; /* a worker has one thread */
		size_t left = len - desk->large.len, got = 0;

		err = receive(desk, chunk, left < sizeof(chunk) ? left : sizeof(chunk), &got);
		rk_buf_append(&desk->large, chunk, got);
		if (!err)
			err = rk_buf_check(&desk->large);
	}
	return err;
}

/* From the first request on that nothing was sent for, the moment runs. */
static rk_error *
arm(rk_desk *desk)
{
	const struct itimerspec moment = {.it_value = {.tv_nsec = MOMENT}};

	if (desk->is_armed)
		return NULL;
	desk->is_armed = true;
	if (timerfd_settime(desk->timer, 0, &moment, NULL) == 0)
		return NULL;
	return rk_fail_errno(RK_E_INTERNAL, errno, NULL, "cannot set a timer");
}

rk_error *
rk_desk_take(rk_desk *desk, rk_wire_header *ret_header, rk_wire_span *ret_body)
{
	rk_error *err = gather(desk, RK_WIRE_HEADER);
	bool secret;

	if (!err)
		err = rk_wire_header_parse(rk_secret_peek(desk->in) + desk->at, ret_header);
	if (err)
		return err;
	desk->at += RK_WIRE_HEADER;
	secret = rk_op_is_secret(ret_header->kind);
	if (secret && ret_header->body > RK_WIRE_SECRET_MAX)
		return rk_fail(RK_E_LIMIT, NULL, "a secret's frame is too long");
	err = ret_header->body > ROOM ? gather_large(desk, ret_header->body)
				      : gather(desk, ret_header->body);
	if (err)
		return err;
	if (ret_header->body > ROOM) {
		*ret_body = (rk_wire_span){(const uint8_t *)desk->large.data, desk->large.len};
		return arm(desk);
	}
	desk->taken = rk_secret_bytes(desk->in) + desk->at;
	desk->taken_len = secret ? ret_header->body : 0;
	*ret_body = (rk_wire_span){desk->taken, ret_header->body};
	desk->at += ret_header->body;
	return arm(desk);
}

rk_buf *
rk_desk_out(rk_desk *desk)
{
	return &desk->out;
}

static rk_error *
send_all(rk_desk *desk)
{
	const char *at = desk->out.data;
	size_t left = desk->out.len;

	while (left > 0) {
		ssize_t sent = send(desk->fd, at, left, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent <= 0)
			return closed();
		at += sent;
		left -= (size_t)sent;
	}
	desk->out.len = 0;
	desk->is_armed = false;
	return NULL;
}

/* Is there another request already, whole, and are the replies neither many nor old? */
static bool
can_wait(rk_desk *desk)
{
	const uint8_t *at = rk_secret_peek(desk->in) + desk->at;
	struct pollfd timer = {.fd = desk->timer, .events = POLLIN};
	size_t here = desk->end - desk->at;
	rk_wire_reader reader = rk_wire_reader_of(at, here);

	/* What is no frame is told by the next rk_desk_take, after what is due was sent. */
	if (here < RK_WIRE_HEADER || rk_wire_u32(&reader) > here - 4 || desk->out.len > OUT_MOST)
		return false;
	return poll(&timer, 1, 0) == 0;
}

rk_error *
rk_desk_done(rk_desk *desk)
{
	if (desk->taken_len > 0)
		OPENSSL_cleanse(desk->taken, desk->taken_len);
	desk->taken_len = 0;
	rk_buf_clear(&desk->large);
	return can_wait(desk) ? NULL : send_all(desk);
}

void
rk_desk_free(rk_desk *desk)
{
	if (!desk)
		return;
	if (desk->timer >= 0)
		close(desk->timer);
	rk_secret_free(desk->in);
	rk_buf_clear(&desk->large);
	rk_buf_clear(&desk->out);
	free(desk);
}
