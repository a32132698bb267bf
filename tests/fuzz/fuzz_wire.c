/*
 * The parent's side of the worker's pipe: a worker that says whatever it likes. The client is the
 * real one; only the launcher is replaced, by one whose worker has already said everything and
 * hung up. The first byte tells whether the rest are raw bytes or the bodies of frames that
 * answer the right questions: status, two bytes of length, body.
 */
#include "pkcs11/client.h"
#include "pkcs11/launcher.h"
#include "pkcs11/message.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct rk_launcher {
	const uint8_t *data;
	size_t size;
	int worker;
};

static struct rk_launcher launcher = {.worker = -1};

rk_error *
rk_launcher_fork(rk_launcher **ret_launcher)
{
	*ret_launcher = &launcher;
	return NULL;
}

static void
say(int fd, const void *bytes, size_t len)
{
	if (len > 0)
		(void)!send(fd, bytes, len, MSG_NOSIGNAL);
}

static void
say_frames(int fd, const uint8_t *data, size_t size)
{
	for (uint32_t id = 1; size >= 3; id++) {
		size_t len = (size_t)data[1] << 8 | data[2];
		RK_AUTO_BUF(frame);
		size_t start = rk_wire_begin(&frame, id, data[0]);

		data += 3;
		size -= 3;
		len = len < size ? len : size;
		rk_buf_append(&frame, data, len);
		rk_error_free(rk_wire_end(&frame, start));
		say(fd, frame.data, frame.len);
		data += len;
		size -= len;
	}
}

static void
hang_up(void)
{
	if (launcher.worker >= 0)
		close(launcher.worker);
	launcher.worker = -1;
}

rk_error *
rk_launcher_start(rk_launcher *self, bool network, int *ret_fd, pid_t *ret_pid)
{
	int ends[2];

	(void)network;
	hang_up();
	/* Packets: each frame is read by itself, as if it had been waited for. */
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
		abort();
	if (self->size > 0 && self->data[0] % 2)
		say(ends[1], self->data + 1, self->size - 1);
	else if (self->size > 0)
		say_frames(ends[1], self->data + 1, self->size - 1);
	shutdown(ends[1], SHUT_WR);
	/* Said once: a worker that is started again has nothing more to say. */
	self->size = 0;
	self->worker = ends[1];
	*ret_fd = ends[0];
	*ret_pid = 1;
	return NULL;
}

void
rk_launcher_kill(rk_launcher *self, pid_t pid)
{
	(void)self;
	(void)pid;
}

void
rk_launcher_free(rk_launcher *self)
{
	(void)self;
	hang_up();
}

static void
sign(rk_token *token, const rk_token_keys *keys)
{
	struct rk_sign_job jobs[8];
	size_t count = keys->count < 8 ? keys->count : 8;
	rk_payload payload;

	rk_error_free(rk_payload_from_bytes("payload", 7, &payload));
	for (size_t i = 0; i < count; i++)
		jobs[i] = (struct rk_sign_job){
		    .key = &keys->keys[i], .hash = RK_HASH_SHA256, .payload = &payload};
	rk_error_free(token->ops->sign(token, jobs, count));
	for (size_t i = 0; i < count; i++) {
		rk_error_free(jobs[i].err);
		rk_buf_clear(&jobs[i].signature);
	}
	rk_payload_clear(&payload);
}

static void
use(rk_token *token)
{
	const struct rk_key_spec spec = {.type = RK_KEY_ED25519, .label = "new"};
	RK_AUTO(rk_token_info) info = NULL;
	RK_AUTO(rk_token_abilities) abilities = NULL;
	RK_AUTO(rk_token_keys) keys = NULL;
	RK_AUTO(rk_token_key) found = NULL;
	RK_AUTO(rk_token_key) made = NULL;
	RK_AUTO(rk_token_key) copy = NULL;
	RK_AUTO(rk_token_certificates) certificates = NULL;
	RK_AUTO(rk_secret) pin = NULL;

	rk_error_free(rk_secret_copy("1234", 4, &pin));
	rk_error_free(token->ops->login(token, pin));
	rk_error_free(token->ops->keys(token, &keys));
	if (keys)
		sign(token, keys);
	rk_error_free(token->ops->info(token, &info));
	rk_error_free(token->ops->abilities(token, &abilities));
	rk_error_free(token->ops->find(token, "pkcs11:type=private", &found));
	rk_error_free(token->ops->generate(token, &spec, &made));
	if (made)
		rk_error_free(token->ops->destroy(token, made));
	rk_error_free(token->ops->certificates(token, &certificates));
	rk_error_free(token->ops->login_so(token, pin));
	rk_error_free(token->ops->import(token, &spec, pin, &copy));
	rk_error_free(token->ops->set_pin(token, RK_PIN_UNBLOCK_PUK, pin, pin));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const modules[] = {"/nowhere/module.so"};
	const struct rk_pkcs11_options options = {
	    .modules = modules, .module_count = 1, .timeout_seconds = 1};
	RK_AUTO(rk_pkcs11) pkcs11 = NULL;
	RK_AUTO(rk_token_list) list = NULL;
	RK_AUTO(rk_token) token = NULL;
	rk_tokens *tokens = NULL;

	rk_error_free(rk_secret_heap_init());
	launcher.data = data;
	launcher.size = size;
	rk_error_free(rk_pkcs11_launch(&pkcs11));
	rk_error_free(rk_pkcs11_tokens(pkcs11, &options, &tokens));
	if (!tokens)
		abort();
	rk_error_free(tokens->ops->list(tokens, &list));
	rk_error_free(tokens->ops->open(tokens, "pkcs11:", &token));
	if (token)
		use(token);
	return 0;
}
