#include "support/softhsm.h"
#include "support/spec.h"

#include <string.h>

/* Two tokens of the real SoftHSM, logged in. */
struct two {
	rk_softhsm *softhsm;
	rk_token *source, *target;
};

static struct two
two_tokens(void **state)
{
	struct two two = {.softhsm = rk_softhsm_or_skip(state)};
	const char *const modules[] = {two.softhsm->module, NULL};

	rk_softhsm_launch(two.softhsm, modules, 0);
	rk_softhsm_add_token(two.softhsm, "source");
	rk_softhsm_add_token(two.softhsm, "target");
	two.source = rk_softhsm_log_in(two.softhsm, "source");
	two.target = rk_softhsm_log_in(two.softhsm, "target");
	return two;
}

static void
two_clear(struct two *two)
{
	rk_token_free(two->source);
	rk_token_free(two->target);
}

#define TWO(name, state) __attribute__((cleanup(two_clear))) struct two name = two_tokens(state)

static rk_token_key *
wrappable(rk_token *token, enum rk_key_type type, bool wrappable)
{
	static const uint8_t id[] = {0, 1, 2, 3};
	const struct rk_key_spec spec = {
	    .type = type, .label = "root", .id = id, .id_len = sizeof(id), .wrappable = wrappable};
	rk_token_key *key = NULL;

	assert_ok(token->ops->generate(token, &spec, &key));
	return key;
}

static rk_error *
wrap(struct two *two, const rk_token_key *key, rk_wrapped *wrapped)
{
	RK_AUTO(rk_pubkey) transport = NULL;
	struct rk_wrap_how how = {.way = RK_WRAP_PAD, .sha1 = true};

	assert_ok(two->target->ops->transport(two->target, &transport));
	assert_int_equal(rk_pubkey_type(transport), RK_KEY_RSA3072);
	how.transport = transport;
	return two->source->ops->wrap(two->source, key, &how, wrapped);
}

static rk_error *
unwrap(struct two *two, const rk_token_key *key, const rk_wrapped *wrapped, rk_token_key **ret_copy)
{
	const struct rk_unwrap_wish wish = {
	    .wrapped = wrapped,
	    .pubkey = key->pubkey,
	    .label = key->label,
	    .id = key->id,
	    .id_len = key->id_len,
	};

	return two->target->ops->unwrap(two->target, &wish, ret_copy);
}

static size_t
objects(rk_token *token)
{
	RK_AUTO(rk_token_keys) keys = NULL;

	assert_ok(token->ops->keys(token, &keys));
	return keys->count;
}

static void
the_copy_of_every_type_that_is_wrapped_signs_and_cannot_be_read_out(void **state)
{
	static const enum rk_key_type types[] = {
	    RK_KEY_ECDSA_P256, RK_KEY_ECDSA_P384, RK_KEY_RSA2048, RK_KEY_RSA3072, RK_KEY_RSA4096};
	TWO(two, state);

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		RK_AUTO(rk_token_key) key = wrappable(two.source, types[i], true);
		RK_AUTO(rk_token_key) copy = NULL;
		RK_AUTO(rk_token_key) found = NULL;
		RK_AUTO_WRAPPED(wrapped);

		assert_ok(wrap(&two, key, &wrapped));
		assert_int_equal(wrapped.kek.len, 384);
		assert_ok(unwrap(&two, key, &wrapped, &copy));
		assert_ok(two.target->ops->transport_end(two.target));
		assert_true(rk_pubkey_equal(copy->pubkey, key->pubkey));
		assert_string_equal(copy->label, "root");
		assert_int_equal(copy->id_len, 4);
		assert_memory_equal(copy->id, key->id, 4);
		assert_int_equal(copy->sensitive, RK_FACT_YES);
		assert_int_equal(copy->extractable, RK_FACT_NO);
		/* The honest mark of a copy. */
		assert_int_equal(copy->always_sensitive, RK_FACT_NO);
		assert_int_equal(copy->never_extractable, RK_FACT_NO);
		assert_int_equal(copy->local, RK_FACT_NO);
		assert_ok(rk_softhsm_sign(two.target, copy, "what is signed"));
		assert_ok(two.target->ops->find(two.target, copy->uri, &found));
		assert_true(rk_pubkey_equal(found->pubkey, key->pubkey));
		assert_int_equal(objects(two.target), 1);
		assert_int_equal(objects(two.source), 1);
		assert_ok(two.source->ops->destroy(two.source, key));
		assert_ok(two.target->ops->destroy(two.target, copy));
	}
}

static void
an_ed25519_key_is_not_wrapped_by_softhsm(void **state)
{
	TWO(two, state);
	RK_AUTO(rk_token_key) key = wrappable(two.source, RK_KEY_ED25519, true);
	RK_AUTO(rk_error) err = NULL;
	RK_AUTO_WRAPPED(wrapped);

	err = wrap(&two, key, &wrapped);
	assert_int_equal(rk_error_code(err), RK_E_TOKEN_UNSUPPORTED);
	assert_non_null(strstr(rk_error_message(err), "CKR_KEY_NOT_WRAPPABLE"));
	assert_int_equal(wrapped.key.len, 0);
	assert_ok(rk_softhsm_sign(two.source, key, "it still signs"));
	assert_int_equal(objects(two.source), 1);
}

static void
a_key_that_may_not_leave_is_not_wrapped(void **state)
{
	TWO(two, state);
	RK_AUTO(rk_token_key) key = wrappable(two.source, RK_KEY_ECDSA_P256, false);
	RK_AUTO(rk_error) err = NULL;
	RK_AUTO_WRAPPED(wrapped);

	err = wrap(&two, key, &wrapped);
	assert_int_equal(rk_error_code(err), RK_E_TOKEN_UNSUPPORTED);
	assert_non_null(strstr(rk_error_message(err), "CKR_KEY_UNEXTRACTABLE"));
}

static void
what_the_module_does_not_do_is_unsupported_and_leaves_nothing(void **state)
{
	TWO(two, state);
	RK_AUTO(rk_token_key) key = wrappable(two.source, RK_KEY_ECDSA_P256, true);
	RK_AUTO(rk_token_abilities) abilities = NULL;
	RK_AUTO(rk_pubkey) transport = NULL;

	assert_ok(two.source->ops->abilities(two.source, &abilities));
	assert_true(abilities->wrap[RK_WRAP_PAD]);
	assert_true(abilities->unwrap[RK_WRAP_PAD]);
	assert_ok(two.target->ops->transport(two.target, &transport));
	for (int way = 0; way < RK_WRAP_WAY_COUNT; way++) {
		struct rk_wrap_how how = {
		    .way = (enum rk_wrap_way)way, .sha1 = true, .transport = transport};
		RK_AUTO_WRAPPED(wrapped);
		RK_AUTO(rk_error) err = NULL;

		if (abilities->wrap[way])
			continue;
		err = two.source->ops->wrap(two.source, key, &how, &wrapped);
		assert_int_equal(rk_error_code(err), RK_E_TOKEN_UNSUPPORTED);
	}
	assert_int_equal(objects(two.source), 1);
}

static void
a_sealed_key_stays_and_can_leave_no_more(void **state)
{
	TWO(two, state);
	RK_AUTO(rk_token_key) key = wrappable(two.source, RK_KEY_ECDSA_P256, true);
	RK_AUTO(rk_token_key) found = NULL;
	RK_AUTO_WRAPPED(wrapped);

	assert_int_equal(key->extractable, RK_FACT_YES);
	assert_ok(two.source->ops->seal(two.source, key));
	assert_ok(two.source->ops->seal(two.source, key));
	assert_ok(two.source->ops->find(two.source, key->uri, &found));
	assert_int_equal(found->extractable, RK_FACT_NO);
	assert_ok(rk_softhsm_sign(two.source, found, "what is signed"));
	assert_error(wrap(&two, found, &wrapped), RK_E_TOKEN_UNSUPPORTED);
}

static void
without_its_transport_key_nothing_is_unwrapped(void **state)
{
	TWO(two, state);
	RK_AUTO(rk_token_key) key = wrappable(two.source, RK_KEY_ECDSA_P256, true);
	rk_token_key *copy = NULL;
	RK_AUTO_WRAPPED(wrapped);

	assert_ok(wrap(&two, key, &wrapped));
	assert_ok(two.target->ops->transport_end(two.target));
	assert_ok(two.target->ops->transport_end(two.target));
	assert_error(unwrap(&two, key, &wrapped, &copy), RK_E_INTERNAL);
	assert_null(copy);
	assert_int_equal(objects(two.target), 0);
}

static void
damaged_bytes_make_no_key_and_leave_nothing(void **state)
{
	TWO(two, state);
	RK_AUTO(rk_token_key) key = wrappable(two.source, RK_KEY_ECDSA_P256, true);
	rk_token_key *copy = NULL;
	RK_AUTO_WRAPPED(wrapped);

	assert_ok(wrap(&two, key, &wrapped));
	/* The transport key itself is not shown as one of the keys. */
	assert_int_equal(objects(two.target), 0);
	for (unsigned part = 0; part < 2; part++) {
		rk_buf *buf = part ? &wrapped.key : &wrapped.kek;
		RK_AUTO(rk_error) err = NULL;

		buf->data[buf->len / 2] ^= 1;
		err = unwrap(&two, key, &wrapped, &copy);
		assert_non_null(err);
		assert_null(copy);
		assert_int_equal(objects(two.target), 0);
		buf->data[buf->len / 2] ^= 1;
	}
	assert_ok(unwrap(&two, key, &wrapped, &copy));
	rk_token_key_free(copy);
}

static void
a_wrapped_key_that_is_another_is_never_taken_for_this_one(void **state)
{
	TWO(two, state);
	RK_AUTO(rk_token_key) key = wrappable(two.source, RK_KEY_RSA2048, true);
	RK_AUTO(rk_token) third = NULL;
	RK_AUTO(rk_token_key) other = NULL;
	rk_token_key *copy = NULL;
	RK_AUTO_WRAPPED(wrapped);

	rk_softhsm_add_token(two.softhsm, "third");
	third = rk_softhsm_log_in(two.softhsm, "third");
	other = wrappable(third, RK_KEY_RSA2048, true);
	assert_ok(wrap(&two, key, &wrapped));
	assert_error(unwrap(&two, other, &wrapped, &copy), RK_E_TOKEN);
	assert_null(copy);
	assert_int_equal(objects(two.target), 0);
}

static void
a_label_or_id_that_is_taken_is_not_overwritten(void **state)
{
	TWO(two, state);
	RK_AUTO(rk_token_key) key = wrappable(two.source, RK_KEY_ECDSA_P256, true);
	RK_AUTO(rk_token_key) there = wrappable(two.target, RK_KEY_ECDSA_P256, false);
	rk_token_key *copy = NULL;
	RK_AUTO_WRAPPED(wrapped);

	assert_ok(wrap(&two, key, &wrapped));
	assert_error(unwrap(&two, key, &wrapped, &copy), RK_E_EXISTS);
	assert_null(copy);
	assert_int_equal(objects(two.target), 1);
	assert_ok(rk_softhsm_sign(two.target, there, "it is as it was"));
}

#define with_softhsm(f) cmocka_unit_test_setup_teardown(f, rk_softhsm_new, rk_softhsm_free)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    with_softhsm(the_copy_of_every_type_that_is_wrapped_signs_and_cannot_be_read_out),
	    with_softhsm(an_ed25519_key_is_not_wrapped_by_softhsm),
	    with_softhsm(a_key_that_may_not_leave_is_not_wrapped),
	    with_softhsm(what_the_module_does_not_do_is_unsupported_and_leaves_nothing),
	    with_softhsm(a_sealed_key_stays_and_can_leave_no_more),
	    with_softhsm(without_its_transport_key_nothing_is_unwrapped),
	    with_softhsm(damaged_bytes_make_no_key_and_leave_nothing),
	    with_softhsm(a_wrapped_key_that_is_another_is_never_taken_for_this_one),
	    with_softhsm(a_label_or_id_that_is_taken_is_not_overwritten),
	};

	return cmocka_run_group_tests_name("copies over SoftHSM", tests, NULL, NULL);
}
