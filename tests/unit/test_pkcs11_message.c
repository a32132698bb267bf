#include "pkcs11/message.h"
#include "support/spec.h"
#include "world/token.h"

#include <string.h>

static int
set_up_heap(void **state)
{
	(void)state;
	return rk_spec_code(rk_secret_heap_init(), RK_OK) == RK_OK ? 0 : -1;
}

static void
a_header_tells_its_frames_length(void **state)
{
	const uint8_t good[RK_WIRE_HEADER] = {0, 0, 1, 5, 0, 0, 0, 9, 3};
	const uint8_t least[RK_WIRE_HEADER] = {0, 0, 0, 5, 0, 0, 0, 9, 3};
	rk_wire_header header;

	(void)state;
	assert_ok(rk_wire_header_parse(good, &header));
	assert_int_equal(header.id, 9);
	assert_int_equal(header.kind, 3);
	assert_int_equal(header.body, 256);
	assert_ok(rk_wire_header_parse(least, &header));
	assert_int_equal(header.body, 0);
}

static void
a_header_that_lies_is_refused(void **state)
{
	const uint8_t shorter[RK_WIRE_HEADER] = {0, 0, 0, 4, 0, 0, 0, 9, 3};
	const uint8_t huge[RK_WIRE_HEADER] = {4, 0, 0, 1, 0, 0, 0, 9, 3};
	rk_wire_header header = {.id = 77};

	(void)state;
	assert_error(rk_wire_header_parse(shorter, &header), RK_E_MALFORMED);
	assert_error(rk_wire_header_parse(huge, &header), RK_E_LIMIT);
	assert_int_equal(header.id, 77);
}

static void
a_reader_never_goes_past_its_end(void **state)
{
	const uint8_t bytes[] = {1, 0, 0, 0, 9, 'a'};
	rk_wire_reader reader = rk_wire_reader_of(bytes, sizeof(bytes));
	uint8_t fixed[3] = {9, 9, 9};
	rk_wire_span span;

	(void)state;
	assert_int_equal(rk_wire_u8(&reader), 1);
	span = rk_wire_bytes(&reader, 100);
	assert_null(span.bytes);
	assert_int_equal(span.len, 0);
	/* From its first failure on it gives zeros, though a byte is left. */
	assert_int_equal(rk_wire_u8(&reader), 0);
	assert_int_equal(rk_wire_u32(&reader), 0);
	assert_int_equal(rk_wire_u64(&reader), 0);
	rk_wire_fixed(&reader, fixed, sizeof(fixed));
	assert_int_equal(fixed[0] | fixed[1] | fixed[2], 0);
	assert_error(rk_wire_done(&reader), RK_E_MALFORMED);
}

static void
a_string_above_its_limit_and_bytes_left_over_are_malformed(void **state)
{
	const uint8_t bytes[] = {0, 0, 0, 2, 'a', 'b'};
	rk_wire_reader capped = rk_wire_reader_of(bytes, sizeof(bytes));
	rk_wire_reader early = rk_wire_reader_of(bytes, sizeof(bytes));

	(void)state;
	(void)rk_wire_bytes(&capped, 1);
	assert_error(rk_wire_done(&capped), RK_E_MALFORMED);
	(void)rk_wire_u32(&early);
	assert_error(rk_wire_done(&early), RK_E_MALFORMED);
}

static void
a_frame_that_is_too_large_is_taken_off_again(void **state)
{
	RK_AUTO_BUF(out);
	size_t start;
	static const char zeros[1u << 20];

	(void)state;
	rk_buf_text(&out, "before");
	start = rk_wire_begin(&out, 1, 2);
	for (size_t i = 0; i <= RK_WIRE_MAX / sizeof(zeros); i++)
		rk_buf_append(&out, zeros, sizeof(zeros));
	assert_error(rk_wire_end(&out, start), RK_E_LIMIT);
	assert_int_equal(out.len, 6);
}

/* A request of every kind without PINs comes out as it went in. */
static void
requests_travel_whole(void **state)
{
	static const enum rk_op ops[] = {RK_OP_LOAD, RK_OP_LIST, RK_OP_OPEN, RK_OP_INFO,
	    RK_OP_ABILITIES, RK_OP_KEYS, RK_OP_GENERATE, RK_OP_SIGN, RK_OP_DESTROY, RK_OP_CLOSE,
	    RK_OP_CERTIFICATES, RK_OP_TRANSPORT, RK_OP_TRANSPORT_END, RK_OP_WRAP, RK_OP_UNWRAP,
	    RK_OP_SEAL};
	rk_request request = {.session = 3,
	    .slot = UINT64_C(0x1122334455667788),
	    .handle = 42,
	    .type = 2,
	    .hash = RK_OP_KEYS,
	    .pkcs1 = true,
	    .wrappable = true,
	    .way = RK_WRAP_CBC,
	    .sha1 = true,
	    .spki = {(const uint8_t *)"spki", 4},
	    .kek = {(const uint8_t *)"kek", 3},
	    .has_reserved = true,
	    .path = {(const uint8_t *)"/m.so", 5},
	    .reserved = {(const uint8_t *)"r", 1},
	    .id = {(const uint8_t *)"\0\1", 2},
	    .label = {(const uint8_t *)"root", 4},
	    .input = {(const uint8_t *)"digest", 6}};

	(void)state;
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		RK_AUTO_BUF(first);
		RK_AUTO_BUF(second);
		rk_wire_header header;
		rk_request back;

		request.op = ops[i];
		assert_ok(rk_request_encode(&request, 5, &first));
		assert_ok(rk_wire_header_parse((const uint8_t *)first.data, &header));
		assert_int_equal(header.kind, ops[i]);
		assert_int_equal(header.body, first.len - RK_WIRE_HEADER);
		assert_ok(rk_request_decode(
		    header.kind, first.data + RK_WIRE_HEADER, header.body, &back));
		assert_ok(rk_request_encode(&back, 5, &second));
		assert_int_equal(second.len, first.len);
		assert_memory_equal(second.data, first.data, first.len);
		rk_request_clear(&back);
	}
}

/* Cut anywhere, or with a byte too many, a request is malformed and nothing of it is given. */
static void
a_cut_request_is_malformed(void **state)
{
	const rk_request request = {.op = RK_OP_DESTROY,
	    .id = {(const uint8_t *)"id", 2},
	    .label = {(const uint8_t *)"root", 4}};
	RK_AUTO_BUF(frame);
	rk_request back = {.session = 77};

	(void)state;
	assert_ok(rk_request_encode(&request, 5, &frame));
	rk_buf_byte(&frame, 0);
	for (size_t len = 0; len <= frame.len - RK_WIRE_HEADER; len++) {
		if (len == frame.len - RK_WIRE_HEADER - 1)
			continue;
		assert_error(
		    rk_request_decode(RK_OP_DESTROY, frame.data + RK_WIRE_HEADER, len, &back),
		    RK_E_MALFORMED);
	}
	assert_int_equal(back.session, 77);
}

static void
a_request_of_no_known_kind_is_malformed(void **state)
{
	rk_request back;

	(void)state;
	assert_error(rk_request_decode(0, "", 0, &back), RK_E_MALFORMED);
	assert_error(rk_request_decode(RK_OP_COUNT, "", 0, &back), RK_E_MALFORMED);
	assert_error(rk_request_decode(255, "", 0, &back), RK_E_MALFORMED);
}

static void
pins_travel_in_the_secure_heap_alone(void **state)
{
	RK_AUTO(rk_secret) pin = NULL;
	RK_AUTO(rk_secret) so_pin = NULL;
	RK_AUTO(rk_secret) frame = NULL;
	RK_AUTO_BUF(plain);
	rk_request request = {.op = RK_OP_INIT, .label = {(const uint8_t *)"tok", 3}};
	rk_request back;

	(void)state;
	assert_ok(rk_secret_copy("1234", 4, &pin));
	assert_ok(rk_secret_copy("so-pin", 6, &so_pin));
	request.pin = pin;
	request.so_pin = so_pin;
	assert_error(rk_request_encode(&request, 1, &plain), RK_E_INTERNAL);
	assert_int_equal(plain.len, 0);
	assert_ok(rk_request_encode_secret(&request, 1, &frame));
	assert_ok(rk_request_decode(RK_OP_INIT, rk_secret_peek(frame) + RK_WIRE_HEADER,
	    rk_secret_len(frame) - RK_WIRE_HEADER, &back));
	assert_true(back.has_pin);
	assert_true(rk_secret_equal(back.pin, pin));
	assert_true(rk_secret_equal(back.so_pin, so_pin));
	rk_request_clear(&back);
	assert_null(back.owned_pin);
}

static void
the_pad_is_another_thing_than_an_empty_pin(void **state)
{
	RK_AUTO(rk_secret) empty = NULL;
	RK_AUTO(rk_secret) frame = NULL;
	RK_AUTO(rk_secret) pad_frame = NULL;
	rk_request request = {.op = RK_OP_LOGIN};
	rk_request back;

	(void)state;
	assert_ok(rk_request_encode_secret(&request, 1, &pad_frame));
	assert_ok(rk_request_decode(RK_OP_LOGIN, rk_secret_peek(pad_frame) + RK_WIRE_HEADER,
	    rk_secret_len(pad_frame) - RK_WIRE_HEADER, &back));
	assert_false(back.has_pin);
	assert_null(back.pin);
	assert_ok(rk_secret_new(0, &empty));
	request.pin = empty;
	assert_ok(rk_request_encode_secret(&request, 1, &frame));
	assert_ok(rk_request_decode(RK_OP_LOGIN, rk_secret_peek(frame) + RK_WIRE_HEADER,
	    rk_secret_len(frame) - RK_WIRE_HEADER, &back));
	assert_true(back.has_pin);
	assert_int_equal(rk_secret_len(back.pin), 0);
	rk_request_clear(&back);
}

static void
a_key_travels_in_the_secure_heap_with_its_place_and_policies(void **state)
{
	const uint8_t id[] = {0, 7};
	RK_AUTO(rk_secret) key = NULL;
	RK_AUTO(rk_secret) frame = NULL;
	RK_AUTO_BUF(plain);
	rk_request request = {.op = RK_OP_IMPORT,
	    .session = 3,
	    .type = 2,
	    .wrappable = true,
	    .piv_slot = 0x9c,
	    .touch = 3,
	    .pin_policy = 1,
	    .id = {id, sizeof(id)},
	    .label = {(const uint8_t *)"root", 4}};
	rk_request back;

	(void)state;
	assert_ok(rk_secret_new(2400, &key));
	request.pkcs8 = key;
	assert_error(rk_request_encode(&request, 1, &plain), RK_E_INTERNAL);
	assert_ok(rk_request_encode_secret(&request, 1, &frame));
	assert_ok(rk_request_decode(RK_OP_IMPORT, rk_secret_peek(frame) + RK_WIRE_HEADER,
	    rk_secret_len(frame) - RK_WIRE_HEADER, &back));
	assert_true(rk_secret_equal(back.pkcs8, key));
	assert_null(back.pin);
	assert_int_equal(back.session, 3);
	assert_int_equal(back.type, 2);
	assert_true(back.wrappable);
	assert_int_equal(back.piv_slot, 0x9c);
	assert_int_equal(back.touch, 3);
	assert_int_equal(back.pin_policy, 1);
	assert_int_equal(back.id.len, 2);
	assert_int_equal(back.label.len, 4);
	rk_request_clear(&back);
	assert_null(back.owned_pkcs8);
}

static void
a_key_beyond_all_measure_is_refused_before_it_is_sent(void **state)
{
	RK_AUTO(rk_secret) key = NULL;
	rk_secret *frame = NULL;
	rk_request request = {.op = RK_OP_IMPORT};

	(void)state;
	assert_ok(rk_secret_new(RK_WIRE_SECRET_MAX, &key));
	request.pkcs8 = key;
	assert_error(rk_request_encode_secret(&request, 1, &frame), RK_E_LIMIT);
	assert_null(frame);
}

static void
the_present_secret_and_the_new_one_are_not_mixed_up(void **state)
{
	RK_AUTO(rk_secret) old = NULL;
	RK_AUTO(rk_secret) pin = NULL;
	RK_AUTO(rk_secret) frame = NULL;
	rk_request request = {.op = RK_OP_SET_PIN, .change = 2};
	rk_request back;

	(void)state;
	assert_ok(rk_secret_copy("old", 3, &old));
	assert_ok(rk_secret_copy("new", 3, &pin));
	request.so_pin = old;
	request.pin = pin;
	assert_ok(rk_request_encode_secret(&request, 1, &frame));
	assert_ok(rk_request_decode(RK_OP_SET_PIN, rk_secret_peek(frame) + RK_WIRE_HEADER,
	    rk_secret_len(frame) - RK_WIRE_HEADER, &back));
	assert_int_equal(back.change, 2);
	assert_true(rk_secret_equal(back.so_pin, old));
	assert_true(rk_secret_equal(back.pin, pin));
	rk_request_clear(&back);
}

static void
what_a_card_tells_comes_back_as_it_went(void **state)
{
	const rk_card card = {1, 1, 2, 0, 1, 3, 1, 2, 0x0a};
	rk_wire_reader reader;
	RK_AUTO_BUF(out);
	rk_card back;

	(void)state;
	rk_card_encode(&card, &out);
	reader = rk_wire_reader_of(out.data, out.len);
	rk_card_decode(&reader, &back);
	assert_ok(rk_wire_done(&reader));
	assert_memory_equal(&back, &card, sizeof(card));
}

static void
a_pin_beyond_all_measure_is_refused_before_it_is_sent(void **state)
{
	RK_AUTO(rk_secret) pin = NULL;
	rk_secret *frame = NULL;
	rk_request request = {.op = RK_OP_LOGIN};

	(void)state;
	assert_ok(rk_secret_new(RK_WIRE_SECRET_MAX, &pin));
	request.pin = pin;
	assert_error(rk_request_encode_secret(&request, 1, &frame), RK_E_LIMIT);
	assert_null(frame);
}

static void
what_a_module_says_travels_whole(void **state)
{
	RK_AUTO_BUF(out);
	rk_slot slot = {.slot = UINT64_MAX}, slot_back;
	CK_INFO info = {.cryptokiVersion = {2, 40}, .libraryVersion = {9, 8}}, info_back;
	const rk_mechanism mechanism = {1, 2, UINT64_MAX, 4};
	rk_mechanism mechanism_back;
	rk_wire_reader reader;

	(void)state;
	memset(slot.token.label, 0x1b, sizeof(slot.token.label));
	slot.token.flags = CKF_TOKEN_INITIALIZED;
	slot.token.ulMaxPinLen = 8;
	slot.token.firmwareVersion.minor = 7;
	memset(info.manufacturerID, 'm', sizeof(info.manufacturerID));
	rk_slot_encode(&slot, &out);
	rk_message_info_encode(&info, &out);
	rk_mechanism_encode(&mechanism, &out);
	reader = rk_wire_reader_of(out.data, out.len);
	rk_slot_decode(&reader, &slot_back);
	rk_message_info_decode(&reader, &info_back);
	rk_mechanism_decode(&reader, &mechanism_back);
	assert_ok(rk_wire_done(&reader));
	assert_true(slot_back.slot == UINT64_MAX);
	assert_memory_equal(slot_back.token.label, slot.token.label, 32);
	assert_int_equal(slot_back.token.flags, CKF_TOKEN_INITIALIZED);
	assert_int_equal(slot_back.token.ulMaxPinLen, 8);
	assert_int_equal(slot_back.token.firmwareVersion.minor, 7);
	assert_memory_equal(info_back.manufacturerID, info.manufacturerID, 32);
	assert_int_equal(info_back.libraryVersion.major, 9);
	assert_true(mechanism_back.max == UINT64_MAX);
}

static void
a_key_travels_with_its_facts(void **state)
{
	RK_AUTO_BUF(out);
	const rk_found_key key = {.handle = 9,
	    .key_type = 0x40,
	    .id = {(const uint8_t *)"\0", 1},
	    .label = {NULL, 0},
	    .spki = {(const uint8_t *)"spki", 4},
	    .facts = {1, 2, 0, 1, 2, 0, 1}};
	rk_found_key back;
	rk_wire_reader reader;

	(void)state;
	rk_found_key_encode(&key, &out);
	reader = rk_wire_reader_of(out.data, out.len);
	rk_found_key_decode(&reader, &back);
	assert_ok(rk_wire_done(&reader));
	assert_int_equal(back.handle, 9);
	assert_int_equal(back.id.len, 1);
	assert_int_equal(back.label.len, 0);
	assert_memory_equal(back.spki.bytes, "spki", 4);
	assert_memory_equal(back.facts, key.facts, RK_MESSAGE_FACTS);
}

static void
a_refusal_of_an_unknown_call_is_nobodys(void **state)
{
	RK_AUTO_BUF(out);
	const rk_refusal refusal = {.call = 250, .rv = 0xa0, .token_flags = 5};
	rk_refusal back = {.rv = 1};
	rk_wire_reader reader;

	(void)state;
	rk_refusal_encode(&refusal, &out);
	reader = rk_wire_reader_of(out.data, out.len);
	assert_ok(rk_refusal_decode(&reader, &back));
	assert_int_equal(back.call, RK_CALL_none);
	assert_int_equal(back.rv, 0xa0);
	reader = rk_wire_reader_of(out.data, out.len - 1);
	assert_error(rk_refusal_decode(&reader, &back), RK_E_MALFORMED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    spec(a_header_tells_its_frames_length),
	    spec(a_header_that_lies_is_refused),
	    spec(a_reader_never_goes_past_its_end),
	    spec(a_string_above_its_limit_and_bytes_left_over_are_malformed),
	    spec(a_frame_that_is_too_large_is_taken_off_again),
	    spec(requests_travel_whole),
	    spec(a_cut_request_is_malformed),
	    spec(a_request_of_no_known_kind_is_malformed),
	    spec(pins_travel_in_the_secure_heap_alone),
	    spec(the_pad_is_another_thing_than_an_empty_pin),
	    spec(a_pin_beyond_all_measure_is_refused_before_it_is_sent),
	    spec(a_key_travels_in_the_secure_heap_with_its_place_and_policies),
	    spec(a_key_beyond_all_measure_is_refused_before_it_is_sent),
	    spec(the_present_secret_and_the_new_one_are_not_mixed_up),
	    spec(what_a_card_tells_comes_back_as_it_went),
	    spec(what_a_module_says_travels_whole),
	    spec(a_key_travels_with_its_facts),
	    spec(a_refusal_of_an_unknown_call_is_nobodys),
	};

	return cmocka_run_group_tests_name("pkcs11/message", tests, set_up_heap, NULL);
}
