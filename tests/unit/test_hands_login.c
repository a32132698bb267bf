#include "support/hands_scene.h"
#include "support/spec.h"

#include <stdio.h>
#include <stdlib.h>

/* Its serial tells nothing, or the URI does not name it: then what it shows has to be the key. */
static void
a_pin_is_not_sent_where_others_are_shown_instead_of_the_key(void **state)
{
	struct rk_hands_scene *scene = *state;
	RK_AUTO(rk_pubkey) mine = rk_soft_key_public(scene->alice->keys[0].pair);
	EVP_PKEY *stranger = rk_soft_key_new(RK_KEY_ECDSA_P256);
	RK_AUTO(rk_pubkey) other = rk_soft_key_public(stranger);
	rk_hand *hand = NULL;

	rk_hands_scene_knows_pin(scene);
	scene->alice->shows_public = true;
	assert_ok(rk_hands_scene_reach(scene, "pkcs11:token=alice", other, &hand));
	assert_error(rk_hand_ready(hand, "sign"), RK_E_UNTRUSTED);
	assert_int_equal(scene->person.pin_calls, 0);
	assert_int_equal(scene->alice->logins, 0);
	scene->alice->serial = "0000";
	assert_ok(rk_hands_scene_reach(scene, "pkcs11:token=alice;serial=0000", other, &hand));
	assert_error(rk_hand_ready(hand, "sign"), RK_E_UNTRUSTED);
	assert_int_equal(scene->alice->logins, 0);
	assert_ok(rk_hands_scene_reach(scene, "pkcs11:token=alice;serial=0000", mine, &hand));
	assert_ok(rk_hand_ready(hand, "sign"));
	EVP_PKEY_free(stranger);
}

/* The name and the serial are right: a person may know why. */
static void
with_the_right_serial_a_person_is_asked_before_the_pin_goes(void **state)
{
	struct rk_hands_scene *scene = *state;
	EVP_PKEY *stranger = rk_soft_key_new(RK_KEY_ECDSA_P256);
	RK_AUTO(rk_pubkey) other = rk_soft_key_public(stranger);
	rk_hand *hand = NULL;

	rk_hands_scene_knows_pin(scene);
	scene->alice->shows_public = true;
	scene->person.confirm_says = RK_E_CANCELLED;
	assert_ok(rk_hands_scene_reach(scene, "pkcs11:token=alice;serial=a1", other, &hand));
	assert_error(rk_hand_ready(hand, "sign"), RK_E_CANCELLED);
	assert_int_equal(scene->person.confirm_kind, RK_CONFIRM_ORDINARY);
	assert_int_equal(scene->person.pin_calls, 0);
	assert_int_equal(scene->alice->logins, 0);
	scene->person.confirm_says = RK_OK;
	assert_error(rk_hand_ready(hand, "sign"), RK_E_UNTRUSTED);
	assert_int_equal(scene->alice->logins, 1);
	EVP_PKEY_free(stranger);
}

static void
a_key_that_is_shown_costs_no_question(void **state)
{
	struct rk_hands_scene *scene = *state;
	RK_AUTO(rk_pubkey) mine = rk_soft_key_public(scene->alice->keys[0].pair);
	rk_hand *hand = NULL;

	rk_hands_scene_knows_pin(scene);
	scene->alice->shows_public = true;
	rk_soft_token_add_key(scene->module, scene->alice, RK_KEY_ED25519, "l");
	assert_ok(rk_hands_scene_reach(scene, "pkcs11:token=alice;serial=a1", mine, &hand));
	assert_ok(rk_hand_ready(hand, "sign"));
	assert_int_equal(scene->person.confirm_calls, 0);
}

static void
one_that_shows_nothing_before_a_login_is_believed_its_name(void **state)
{
	struct rk_hands_scene *scene = *state;
	RK_AUTO(rk_pubkey) mine = rk_soft_key_public(scene->alice->keys[0].pair);
	rk_hand *hand = NULL;

	rk_hands_scene_knows_pin(scene);
	assert_ok(rk_hands_scene_reach(scene, "pkcs11:token=alice", mine, &hand));
	assert_ok(rk_hand_ready(hand, "sign"));
}

static void
the_so_and_the_user_take_turns_and_are_asked_once(void **state)
{
	static const char key[] = "010203040506070801020304050607080102030405060708";
	struct rk_hands_scene *scene = *state;
	rk_token *token = NULL;

	rk_hands_scene_knows_pin(scene);
	scene->person.pins[0].kind = "PIN";
	rk_fake_env_pin(&scene->person, NULL, key);
	scene->alice->so_makes_keys = true;
	scene->alice->so_pin = key;
	assert_ok(rk_hands_token(scene->hands, "pkcs11:token=alice", &token));
	for (int turn = 0; turn < 3; turn++) {
		assert_ok(rk_hands_login(scene->hands, token, "sign"));
		assert_ok(rk_hands_login_maker(scene->hands, token, "make"));
	}
	assert_int_equal(scene->person.pin_calls, 2);
	assert_int_equal(scene->alice->logins, 3);
	assert_int_equal(scene->alice->so_logins, 3);
}

static void
a_management_key_that_was_refused_is_not_tried_again(void **state)
{
	static const char key[] = "010203040506070801020304050607080102030405060708";
	struct rk_hands_scene *scene = *state;
	rk_token *token = NULL;

	rk_fake_env_pin(&scene->person, NULL, key);
	scene->alice->so_makes_keys = true;
	assert_ok(rk_hands_token(scene->hands, "pkcs11:token=alice", &token));
	assert_error(rk_hands_login_maker(scene->hands, token, "make"), RK_E_PIN_WRONG);
	assert_error(rk_hands_login_maker(scene->hands, token, "make"), RK_E_PIN_WRONG);
	assert_int_equal(scene->alice->so_logins, 1);
	assert_int_equal(scene->alice->so_tries, RK_SOFT_TRIES - 1);
}

static void
a_pad_that_asks_for_each_signature_is_told_of(void **state)
{
	struct rk_hands_scene *scene = *state;
	rk_hand *hand = NULL;

	scene->alice->pin_pad = scene->alice->asks_each_time = true;
	assert_ok(rk_hands_scene_reach(scene, "pkcs11:token=alice;object=k", NULL, &hand));
	assert_ok(rk_hand_ready(hand, "sign"));
	assert_ok(rk_hand_prove(scene->hands, hand, "key proof"));
	assert_int_equal(scene->person.pin_calls, 0);
	assert_true(rk_fake_env_said(&scene->person, "on its own pad: sign"));
	assert_true(rk_fake_env_said(&scene->person, "for each signature: 1 time"));
}

static void
without_an_so_for_it_the_user_makes_keys(void **state)
{
	struct rk_hands_scene *scene = *state;
	rk_token *token = NULL;

	rk_hands_scene_knows_pin(scene);
	assert_ok(rk_hands_token(scene->hands, "pkcs11:token=alice", &token));
	assert_ok(rk_hands_login_maker(scene->hands, token, "make"));
	assert_ok(rk_hands_login(scene->hands, token, "sign"));
	assert_int_equal(scene->alice->logins, 1);
	assert_int_equal(scene->alice->so_logins, 0);
}

#define hands_spec(function) \
	cmocka_unit_test_setup_teardown(function, rk_hands_scene_begin, rk_hands_scene_end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    hands_spec(a_pin_is_not_sent_where_others_are_shown_instead_of_the_key),
	    hands_spec(with_the_right_serial_a_person_is_asked_before_the_pin_goes),
	    hands_spec(a_key_that_is_shown_costs_no_question),
	    hands_spec(one_that_shows_nothing_before_a_login_is_believed_its_name),
	    hands_spec(the_so_and_the_user_take_turns_and_are_asked_once),
	    hands_spec(a_management_key_that_was_refused_is_not_tried_again),
	    hands_spec(a_pad_that_asks_for_each_signature_is_told_of),
	    hands_spec(without_an_so_for_it_the_user_makes_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
