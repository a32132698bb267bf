#include "base/secret.h"
#include "support/spec.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static int
set_up_heap(void **state)
{
	rk_error *err = rk_secret_heap_init();

	(void)state;
	return rk_spec_code(err, RK_OK) == RK_OK ? 0 : -1;
}

/* In a process of its own, whose heap and limits are as they are at the start. */
static int
status_of(int (*body)(void))
{
	int status = -1;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0)
		_exit(body());
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int
ask_too_early(void)
{
	rk_secret *secret = NULL;
	bool refused = rk_spec_code(rk_secret_new(8, &secret), RK_E_INTERNAL) == RK_E_INTERNAL;

	return refused && !secret ? 0 : 1;
}

static void
before_its_heap_there_is_no_secret(void **state)
{
	(void)state;
	assert_int_equal(status_of(ask_too_early), 0);
}

static int
start_with_little_locked_memory(void)
{
	const struct rlimit little = {128 * 1024, 128 * 1024};
	rk_secret *secret = NULL;

	/* Root may lock without limit. */
	if (setrlimit(RLIMIT_MEMLOCK, &little) != 0 || (geteuid() == 0 && setuid(65534) != 0))
		return 1;
	if (rk_spec_code(rk_secret_heap_init(), RK_OK) != RK_OK || !rk_secret_heap_is_locked())
		return 2;
	if (rk_spec_code(rk_secret_new(1000, &secret), RK_OK) != RK_OK)
		return 3;
	rk_secret_free(secret);
	return 0;
}

static void
a_small_limit_gives_a_smaller_heap_that_is_still_locked(void **state)
{
	(void)state;
	assert_int_equal(status_of(start_with_little_locked_memory), 0);
}

static int
start_without_locked_memory(void)
{
	const struct rlimit none = {0, 0};
	rk_secret *secret = NULL;

	if (setrlimit(RLIMIT_MEMLOCK, &none) != 0 || (geteuid() == 0 && setuid(65534) != 0))
		return 1;
	if (rk_spec_code(rk_secret_heap_init(), RK_OK) != RK_OK || rk_secret_heap_is_locked())
		return 2;
	if (rk_spec_code(rk_secret_new(1000, &secret), RK_OK) != RK_OK)
		return 3;
	rk_secret_free(secret);
	return 0;
}

static void
without_locked_memory_the_heap_says_so(void **state)
{
	(void)state;
	assert_int_equal(status_of(start_without_locked_memory), 0);
}

static int
fork_with_a_secret(void)
{
	rk_secret *secret = NULL;
	int status = -1, ends[2];
	pid_t child;

	if (rk_spec_code(rk_secret_heap_init(), RK_OK) != RK_OK || pipe(ends) != 0 ||
	    rk_spec_code(rk_secret_copy("12345678", 8, &secret), RK_OK) != RK_OK)
		return 1;
	child = fork();
	if (child == 0) {
		bool had = write(ends[1], rk_secret_peek(secret), 8) == 8;

		rk_secret_heap_drop();
		_exit(had && write(ends[1], rk_secret_peek(secret), 8) < 0 && errno == EFAULT ? 0
											      : 1);
	}
	if (waitpid(child, &status, 0) != child || status != 0)
		return 2;
	status = strcmp((const char *)rk_secret_peek(secret), "12345678") == 0 ? 0 : 3;
	rk_secret_free(secret);
	return status;
}

static int
have_what_is_freed_wiped(void)
{
	uint8_t *memory;
	bool wiped;

	if (!rk_secret_wipe_freed())
		return 1;
	memory = OPENSSL_malloc(64);
	memory = memory ? OPENSSL_realloc(memory, 100000) : NULL;
	if (!memory)
		return 2;
	memset(memory, 7, 100000);
	memory = OPENSSL_realloc(memory, 64);
	wiped = memory && memory[0] == 7 && memory[63] == 7;
	OPENSSL_free(memory);
	OPENSSL_free(NULL);
	if (!wiped || rk_spec_code(rk_secret_heap_init(), RK_OK) != RK_OK)
		return 3;
	return 0;
}

static int
use_openssl_before(void)
{
	OPENSSL_free(OPENSSL_malloc(8));
	return rk_secret_wipe_freed() ? 1 : 0;
}

static void
what_openssl_frees_is_wiped_if_that_is_said_before_its_first_use(void **state)
{
	(void)state;
	assert_int_equal(status_of(have_what_is_freed_wiped), 0);
	assert_int_equal(status_of(use_openssl_before), 0);
}

static void
a_child_can_drop_what_it_inherited_and_its_parent_keeps_it(void **state)
{
	(void)state;
	assert_int_equal(status_of(fork_with_a_secret), 0);
}

static void
setting_up_twice_is_harmless(void **state)
{
	(void)state;
	assert_ok(rk_secret_heap_init());
	assert_ok(rk_secret_heap_init());
}

static void
a_new_one_is_zero_and_in_the_secure_heap(void **state)
{
	static const uint8_t zero[64];
	RK_AUTO(rk_secret) secret = NULL;

	(void)state;
	assert_ok(rk_secret_new(64, &secret));
	assert_int_equal(rk_secret_len(secret), 64);
	assert_memory_equal(rk_secret_peek(secret), zero, 64);
	assert_true(CRYPTO_secure_allocated(secret));
}

static void
a_copy_is_its_own_and_ends_in_a_zero(void **state)
{
	RK_AUTO(rk_secret) secret = NULL;
	RK_AUTO(rk_secret) empty = NULL;
	char pin[] = "123456";

	(void)state;
	assert_ok(rk_secret_copy(pin, 6, &secret));
	memset(pin, 'x', 6);
	assert_string_equal((const char *)rk_secret_peek(secret), "123456");
	rk_secret_bytes(secret)[0] = '9';
	assert_string_equal((const char *)rk_secret_peek(secret), "923456");
	assert_ok(rk_secret_copy(NULL, 0, &empty));
	assert_int_equal(rk_secret_len(empty), 0);
}

static void
what_is_cut_off_is_wiped(void **state)
{
	static const uint8_t zero[4];
	RK_AUTO(rk_secret) secret = NULL;

	(void)state;
	assert_ok(rk_secret_copy("12345678", 8, &secret));
	rk_secret_truncate(secret, 9);
	assert_int_equal(rk_secret_len(secret), 8);
	rk_secret_truncate(secret, 4);
	assert_int_equal(rk_secret_len(secret), 4);
	assert_string_equal((const char *)rk_secret_peek(secret), "1234");
	assert_memory_equal(rk_secret_peek(secret) + 4, zero, 4);
}

static void
equal_means_length_and_bytes(void **state)
{
	RK_AUTO(rk_secret) a = NULL;
	RK_AUTO(rk_secret) b = NULL;
	RK_AUTO(rk_secret) c = NULL;

	(void)state;
	assert_ok(rk_secret_copy("1234", 4, &a));
	assert_ok(rk_secret_copy("1234", 4, &b));
	assert_ok(rk_secret_copy("1235", 4, &c));
	assert_true(rk_secret_equal(a, b));
	assert_false(rk_secret_equal(a, c));
	rk_secret_truncate(c, 3);
	rk_secret_truncate(b, 3);
	assert_true(rk_secret_equal(b, c));
	assert_false(rk_secret_equal(a, b));
}

static void
a_full_heap_is_an_error_and_never_the_ordinary_heap(void **state)
{
	rk_secret *kept[64] = {NULL};
	size_t count = 0;
	rk_error *err = NULL;

	(void)state;
	while (count < 64) {
		err = rk_secret_new(64 * 1024, &kept[count]);
		if (err)
			break;
		assert_true(CRYPTO_secure_allocated(kept[count]));
		count++;
	}
	assert_null(kept[count]);
	assert_error(err, RK_E_NOMEM);
	assert_error(rk_secret_new(SIZE_MAX, &kept[count]), RK_E_NOMEM);
	assert_error(rk_secret_new(8 << 20, &kept[count]), RK_E_NOMEM);
	while (count > 0)
		rk_secret_free(kept[--count]);
	assert_ok(rk_secret_new(64 * 1024, &kept[0]));
	rk_secret_free(kept[0]);
	assert_int_equal(CRYPTO_secure_used(), 0);
}

int
main(void)
{
	/* These start from a process without a heap. */
	const struct CMUnitTest early[] = {
	    spec(before_its_heap_there_is_no_secret),
	    spec(a_small_limit_gives_a_smaller_heap_that_is_still_locked),
	    spec(without_locked_memory_the_heap_says_so),
	    spec(a_child_can_drop_what_it_inherited_and_its_parent_keeps_it),
	    spec(what_openssl_frees_is_wiped_if_that_is_said_before_its_first_use),
	};
	const struct CMUnitTest tests[] = {
	    spec(setting_up_twice_is_harmless),
	    spec(a_new_one_is_zero_and_in_the_secure_heap),
	    spec(a_copy_is_its_own_and_ends_in_a_zero),
	    spec(what_is_cut_off_is_wiped),
	    spec(equal_means_length_and_bytes),
	    spec(a_full_heap_is_an_error_and_never_the_ordinary_heap),
	};
	int failed = cmocka_run_group_tests_name("secret, early", early, NULL, NULL);

	return failed + cmocka_run_group_tests_name("secret", tests, set_up_heap, NULL);
}
