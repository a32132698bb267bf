#include "support/hands_scene.h"
#include "support/spec.h"

#include <stdio.h>
#include <stdlib.h>

static rk_error *
make_ready(struct rk_hands_scene *scene, const char *uri)
{
	rk_hand *hand = NULL;
	rk_error *err = rk_hands_scene_reach(scene, uri, NULL, &hand);

	return err ? err : rk_hand_ready(hand, "try it");
}

static void
one_pin_is_one_login_however_many_keys(void **state)
{
	struct rk_hands_scene *scene = *state;

	rk_hands_scene_knows_pin(scene);
	rk_soft_token_add_key(scene->module, scene->alice, RK_KEY_ED25519, "l");
	assert_ok(make_ready(scene, "pkcs11:token=alice;object=k"));
	assert_ok(make_ready(scene, "pkcs11:serial=a1;object=l"));
	assert_int_equal(scene->alice->logins, 1);
	assert_int_equal(scene->person.pin_calls, 1);
	assert_int_equal(rk_hands_token_count(scene->hands), 1);
	assert_true(scene->person.pin_only_token);
	assert_true(rk_fake_env_asked(&scene->person, "try it"));
}

static void
a_wrong_pin_is_one_try_and_not_a_second(void **state)
{
	struct rk_hands_scene *scene = *state;

	rk_fake_env_pin(&scene->person, NULL, "654321");
	assert_error(make_ready(scene, "pkcs11:token=alice;object=k"), RK_E_PIN_WRONG);
	assert_error(make_ready(scene, "pkcs11:token=alice;object=k"), RK_E_PIN_WRONG);
	assert_int_equal(scene->alice->logins, 1);
	assert_int_equal(scene->person.pin_calls, 1);
}

static void
the_state_is_told_before_a_pin_is_asked(void **state)
{
	struct rk_hands_scene *scene = *state;

	rk_hands_scene_knows_pin(scene);
	scene->alice->tries = 2;
	assert_ok(make_ready(scene, "pkcs11:token=alice;object=k"));
	assert_int_equal(scene->person.pin_state, RK_PIN_LOW);
	assert_int_equal(scene->person.confirm_calls, 0);
}

static void
the_last_try_wants_a_yes_of_its_own(void **state)
{
	struct rk_hands_scene *scene = *state;

	rk_hands_scene_knows_pin(scene);
	scene->alice->tries = 1;
	scene->person.confirm_says = RK_E_NO_INPUT;
	assert_error(make_ready(scene, "pkcs11:token=alice;object=k"), RK_E_PIN_LAST);
	assert_int_equal(scene->person.confirm_kind, RK_CONFIRM_LAST_PIN);
	assert_int_equal(scene->person.pin_calls, 0);
	assert_int_equal(scene->alice->logins, 0);
	scene->person.confirm_says = RK_OK;
	assert_ok(make_ready(scene, "pkcs11:token=alice;object=k"));
}

static void
a_locked_token_is_not_tried(void **state)
{
	struct rk_hands_scene *scene = *state;

	rk_hands_scene_knows_pin(scene);
	scene->alice->tries = 0;
	assert_error(make_ready(scene, "pkcs11:token=alice;object=k"), RK_E_PIN_LOCKED);
	assert_int_equal(scene->person.pin_calls, 0);
	assert_int_equal(scene->alice->logins, 0);
}

static void
a_token_without_a_pin_is_not_tried(void **state)
{
	struct rk_hands_scene *scene = *state;

	scene->alice->pin_unset = true;
	assert_error(make_ready(scene, "pkcs11:token=alice;object=k"), RK_E_PIN_NEEDED);
	assert_int_equal(scene->alice->logins, 0);
}

static void
a_pin_of_a_length_that_cannot_be_is_not_sent(void **state)
{
	struct rk_hands_scene *scene = *state;

	rk_fake_env_pin(&scene->person, NULL, "123");
	assert_error(make_ready(scene, "pkcs11:token=alice;object=k"), RK_E_PIN_NEEDED);
	assert_int_equal(scene->alice->logins, 0);
}

static void
nobody_to_ask_is_told_as_that(void **state)
{
	struct rk_hands_scene *scene = *state;

	assert_error(make_ready(scene, "pkcs11:token=alice;object=k"), RK_E_NO_INPUT);
	assert_int_equal(scene->alice->logins, 0);
}

static void
a_pad_takes_the_pin_itself(void **state)
{
	struct rk_hands_scene *scene = *state;

	scene->alice->pin_pad = true;
	assert_ok(make_ready(scene, "pkcs11:token=alice;object=k"));
	assert_int_equal(scene->person.pin_calls, 0);
	assert_int_equal(scene->alice->logins, 1);
	assert_true(rk_fake_env_said(&scene->person, "pad"));
}

static void
a_token_that_needs_no_login_gets_none(void **state)
{
	struct rk_hands_scene *scene = *state;

	scene->alice->open_to_all = true;
	assert_ok(make_ready(scene, "pkcs11:token=alice;object=k"));
	assert_int_equal(scene->alice->logins + scene->person.pin_calls, 0);
}

static void
a_token_that_was_swapped_meanwhile_gets_no_pin(void **state)
{
	struct rk_hands_scene *scene = *state;
	rk_hand *hand = NULL;

	rk_hands_scene_knows_pin(scene);
	assert_ok(rk_hands_scene_reach(scene, "pkcs11:token=alice;object=k", NULL, &hand));
	scene->alice->serial = "other";
	assert_error(rk_hand_ready(hand, "try it"), RK_E_TOKEN_GONE);
	assert_int_equal(scene->person.pin_calls, 0);
	assert_int_equal(scene->alice->logins, 0);
}

static void
a_key_is_found_on_whichever_of_its_tokens_is_here(void **state)
{
	struct rk_hands_scene *scene = *state;
	const char *uris[] = {"pkcs11:token=away", "pkcs11:token=alice", "pkcs11:token=bob"};
	const struct rk_reach both = {.name = "k", .uris = uris, .uri_count = 3};
	rk_hand *hand = NULL;

	rk_soft_tokens_add(scene->module, "bob", "b2");
	assert_ok(rk_hands_reach(scene->hands, &both, &hand));
	assert_string_equal(rk_hand_token_info(hand)->serial, "a1");
	/* A locked one only where there is no other. */
	scene->alice->tries = 0;
	rk_hands_free(scene->hands);
	assert_ok(rk_hands_new(&scene->person.env, &scene->module->tokens, &scene->hands));
	assert_ok(rk_hands_reach(scene->hands, &both, &hand));
	assert_string_equal(rk_hand_token_info(hand)->serial, "b2");
	/* And then it is not counted: a PIN file without a name is meant for the other. */
	assert_int_equal(rk_hands_token_count(scene->hands), 1);
}

static void
a_key_without_a_token_here_tells_why(void **state)
{
	struct rk_hands_scene *scene = *state;
	const struct rk_reach none = {.name = "k"};
	rk_hand *hand = NULL;

	assert_error(
	    rk_hands_scene_reach(scene, "pkcs11:token=away", NULL, &hand), RK_E_TOKEN_NONE);
	assert_error(rk_hands_reach(scene->hands, &none, &hand), RK_E_TOKEN_NONE);
	rk_soft_tokens_add(scene->module, "alice", "a3");
	assert_error(
	    rk_hands_scene_reach(scene, "pkcs11:token=alice", NULL, &hand), RK_E_TOKEN_MANY);
	assert_error(rk_hands_scene_reach(scene, "nonsense", NULL, &hand), RK_E_USAGE);
	assert_null(hand);
}

static void
another_key_in_its_place_is_not_taken_for_it(void **state)
{
	struct rk_hands_scene *scene = *state;
	EVP_PKEY *stranger = rk_soft_key_new(RK_KEY_ECDSA_P256);
	RK_AUTO(rk_pubkey) pubkey = rk_soft_key_public(stranger);
	rk_hand *hand = NULL;

	rk_hands_scene_knows_pin(scene);
	assert_ok(rk_hands_scene_reach(scene, "pkcs11:token=alice;object=k", pubkey, &hand));
	assert_error(rk_hand_ready(hand, "try it"), RK_E_UNTRUSTED);
	assert_ok(rk_hands_scene_reach(scene, "pkcs11:token=alice;object=gone", pubkey, &hand));
	assert_error(rk_hand_ready(hand, "try it"), RK_E_KEY_NONE);
	EVP_PKEY_free(stranger);
}

static void
a_key_is_known_by_its_public_half_whatever_its_label(void **state)
{
	struct rk_hands_scene *scene = *state;
	RK_AUTO(rk_pubkey) pubkey = rk_soft_key_public(scene->alice->keys[0].pair);
	rk_hand *hand = NULL;

	rk_hands_scene_knows_pin(scene);
	assert_ok(
	    rk_hands_scene_reach(scene, "pkcs11:token=alice;object=old%20label", pubkey, &hand));
	assert_ok(rk_hand_ready(hand, "try it"));
	assert_string_equal(rk_hand_key(hand)->label, "k");
}

static void
a_uri_that_means_two_keys_is_told(void **state)
{
	struct rk_hands_scene *scene = *state;

	rk_hands_scene_knows_pin(scene);
	rk_soft_token_add_key(scene->module, scene->alice, RK_KEY_ED25519, "l");
	assert_error(make_ready(scene, "pkcs11:token=alice"), RK_E_KEY_MANY);
}

static rk_hand *
proved(struct rk_hands_scene *scene, const char *uri, enum rk_code want)
{
	rk_hand *hand = NULL;

	assert_ok(rk_hands_scene_reach(scene, uri, NULL, &hand));
	assert_ok(rk_hand_ready(hand, "try it"));
	assert_error(rk_hand_prove(scene->hands, hand, "test"), want);
	return hand;
}

static void
a_signature_that_lies_in_any_way_is_thrown_away(void **state)
{
	static const enum rk_soft_lie lies[] = {RK_SOFT_WRONG, RK_SOFT_SHORT, RK_SOFT_LONG,
	    RK_SOFT_EMPTY, RK_SOFT_STRANGER, RK_SOFT_OTHER_BYTES};
	static const enum rk_key_type types[] = {
	    RK_KEY_ECDSA_P256, RK_KEY_ECDSA_P384, RK_KEY_ED25519, RK_KEY_RSA2048};
	struct rk_hands_scene *scene = *state;

	rk_hands_scene_knows_pin(scene);
	for (size_t type = 0; type < sizeof(types) / sizeof(types[0]); type++) {
		const char *name = rk_key_type_name(types[type]);
		char uri[64];

		snprintf(uri, sizeof(uri), "pkcs11:token=alice;object=%s", name);
		rk_soft_token_add_key(scene->module, scene->alice, types[type], name);
		for (size_t lie = 0; lie < sizeof(lies) / sizeof(lies[0]); lie++) {
			scene->alice->lie = lies[lie];
			(void)proved(scene, uri, RK_E_KEY_UNPROVEN);
		}
		scene->alice->lie = RK_SOFT_HONEST;
		(void)proved(scene, uri, RK_OK);
	}
}

static void
without_entropy_there_is_no_challenge(void **state)
{
	struct rk_hands_scene *scene = *state;

	rk_hands_scene_knows_pin(scene);
	(void)proved(scene, "pkcs11:token=alice;object=k", RK_OK);
	scene->person.entropy_fails_at = scene->person.entropy_calls + 1;
	(void)proved(scene, "pkcs11:token=alice;object=k", RK_E_INTERNAL);
}

/* Two jobs for one token and one for another. */
struct batch {
	struct rk_hand_job jobs[3];
	rk_payload payload;
};

static void
batch_begin(struct rk_hands_scene *scene, struct batch *batch)
{
	struct rk_soft_token *bob = rk_soft_tokens_add(scene->module, "bob", "b2");
	static const char *const uris[] = {
	    "pkcs11:token=alice;object=k", "pkcs11:token=bob", "pkcs11:token=alice;object=k"};

	rk_hands_scene_knows_pin(scene);
	rk_soft_token_add_key(scene->module, bob, RK_KEY_ED25519, "b");
	assert_ok(rk_payload_from_bytes("text", 4, &batch->payload));
	for (size_t i = 0; i < 3; i++) {
		rk_hand *hand = NULL;

		assert_ok(rk_hands_scene_reach(scene, uris[i], NULL, &hand));
		assert_ok(rk_hand_ready(hand, "sign"));
		batch->jobs[i] = (struct rk_hand_job){.hand = hand,
		    .scheme = rk_pubkey_token_scheme(rk_hand_pubkey(hand)),
		    .payload = &batch->payload};
	}
}

static void
batch_end(struct batch *batch)
{
	for (size_t i = 0; i < 3; i++) {
		rk_error_free(batch->jobs[i].err);
		rk_buf_clear(&batch->jobs[i].signature);
	}
	rk_payload_clear(&batch->payload);
}

static void
jobs_for_one_token_travel_together(void **state)
{
	struct rk_hands_scene *scene = *state;
	struct batch batch = {0};

	batch_begin(scene, &batch);
	assert_ok(rk_hands_sign(scene->hands, batch.jobs, 3));
	for (size_t i = 0; i < 3; i++) {
		assert_null(batch.jobs[i].err);
		assert_int_equal(batch.jobs[i].signature.len, 64);
	}
	assert_int_equal(scene->module->called[RK_SOFT_SIGN], 2);
	assert_int_equal(rk_hands_token_count(scene->hands), 2);
	assert_false(scene->person.pin_only_token);
	batch_end(&batch);
}

static void
a_call_that_gives_no_signature_proves_nothing(void **state)
{
	struct rk_hands_scene *scene = *state;
	struct batch batch = {0};

	batch_begin(scene, &batch);
	scene->alice->never_settles = true;
	assert_ok(rk_hands_sign(scene->hands, batch.jobs, 3));
	assert_int_equal(rk_error_code(batch.jobs[0].err), RK_E_KEY_UNPROVEN);
	assert_null(batch.jobs[1].err);
	assert_int_equal(rk_error_code(batch.jobs[2].err), RK_E_KEY_UNPROVEN);
	batch_end(&batch);
}

static void
each_signature_has_its_own_outcome(void **state)
{
	struct rk_hands_scene *scene = *state;
	struct batch batch = {0};

	batch_begin(scene, &batch);
	scene->alice->sign_fails_at = 1;
	scene->alice->sign_fails = RK_E_TOUCH;
	assert_ok(rk_hands_sign(scene->hands, batch.jobs, 3));
	assert_int_equal(rk_error_code(batch.jobs[0].err), RK_E_TOUCH);
	assert_int_equal(batch.jobs[0].signature.len, 0);
	assert_null(batch.jobs[1].err);
	assert_null(batch.jobs[2].err);
	batch_end(&batch);
}

static void
a_key_that_is_not_ready_signs_nothing(void **state)
{
	struct rk_hands_scene *scene = *state;
	struct rk_hand_job job = {0};

	assert_ok(rk_hands_scene_reach(scene, "pkcs11:token=alice;object=k", NULL, &job.hand));
	assert_error(rk_hands_sign(scene->hands, &job, 1), RK_E_INTERNAL);
}

static void
only_tokens_that_were_logged_in_are_journaled(void **state)
{
	struct rk_hands_scene *scene = *state;
	RK_AUTO(rk_node) used = NULL;
	rk_hand *hand = NULL;

	rk_hands_scene_knows_pin(scene);
	rk_soft_tokens_add(scene->module, "bob", "b2");
	assert_ok(rk_hands_scene_reach(scene, "pkcs11:token=bob", NULL, &hand));
	assert_ok(make_ready(scene, "pkcs11:token=alice;object=k"));
	assert_ok(rk_hands_used(scene->hands, &used));
	assert_int_equal(rk_node_count(used), 1);
	assert_string_equal(rk_node_text(rk_node_get(rk_node_child(used), "serial")), "a1");
	/* The module's file is none, so nothing is said of its digest. */
	assert_null(rk_node_get(rk_node_child(used), "sha256"));
}

static void
what_was_destroyed_is_looked_for_again(void **state)
{
	struct rk_hands_scene *scene = *state;
	rk_hand *hand;

	rk_hands_scene_knows_pin(scene);
	hand = proved(scene, "pkcs11:token=alice;object=k", RK_OK);
	assert_ok(rk_hands_destroy(rk_hand_token(hand), rk_hand_key(hand)));
	assert_int_equal(rk_soft_token_key_count(scene->alice), 0);
	/* Another one under the same label and id: the module would have done nothing. */
	rk_soft_token_add_key(scene->module, scene->alice, RK_KEY_ECDSA_P256, "k")->id[0] =
	    rk_hand_key(hand)->id[0];
	assert_error(rk_hands_destroy(rk_hand_token(hand), rk_hand_key(hand)), RK_E_TOKEN);
}

#define scene_spec(function) \
	cmocka_unit_test_setup_teardown(function, rk_hands_scene_begin, rk_hands_scene_end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    scene_spec(one_pin_is_one_login_however_many_keys),
	    scene_spec(a_wrong_pin_is_one_try_and_not_a_second),
	    scene_spec(the_state_is_told_before_a_pin_is_asked),
	    scene_spec(the_last_try_wants_a_yes_of_its_own),
	    scene_spec(a_locked_token_is_not_tried),
	    scene_spec(a_token_without_a_pin_is_not_tried),
	    scene_spec(a_pin_of_a_length_that_cannot_be_is_not_sent),
	    scene_spec(nobody_to_ask_is_told_as_that),
	    scene_spec(a_pad_takes_the_pin_itself),
	    scene_spec(a_token_that_needs_no_login_gets_none),
	    scene_spec(a_token_that_was_swapped_meanwhile_gets_no_pin),
	    scene_spec(a_key_is_found_on_whichever_of_its_tokens_is_here),
	    scene_spec(a_key_without_a_token_here_tells_why),
	    scene_spec(another_key_in_its_place_is_not_taken_for_it),
	    scene_spec(a_key_is_known_by_its_public_half_whatever_its_label),
	    scene_spec(a_uri_that_means_two_keys_is_told),
	    scene_spec(a_signature_that_lies_in_any_way_is_thrown_away),
	    scene_spec(without_entropy_there_is_no_challenge),
	    scene_spec(jobs_for_one_token_travel_together),
	    scene_spec(a_call_that_gives_no_signature_proves_nothing),
	    scene_spec(each_signature_has_its_own_outcome),
	    scene_spec(a_key_that_is_not_ready_signs_nothing),
	    scene_spec(only_tokens_that_were_logged_in_are_journaled),
	    scene_spec(what_was_destroyed_is_looked_for_again),
	};

	return cmocka_run_group_tests_name("hands", tests, NULL, NULL);
}
