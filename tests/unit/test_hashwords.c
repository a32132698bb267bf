#include "base/hashwords.h"
#include "support/spec.h"

#include <string.h>

/* SHA-256 of nothing. */
static const uint8_t nothing[RK_SHA256_SIZE] = {0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14,
    0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c,
    0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55};

static const char spoken[] =
    "tissue phonetic snowslide December printer Wilmington befriend belowground "
    "pupil Wichita upshot retrieval prowler hemisphere sentence Capricorn "
    "brackish performance cranky tradition flytrap Norwegian playhouse disbelief "
    "regain Montana prowler bravado island enrollment select equipment";

static void
a_digest_is_said_in_the_words_of_the_list(void **state)
{
	RK_AUTO_BUF(line);

	(void)state;
	rk_hashwords_line(&line, nothing);
	assert_string_equal(rk_buf_str(&line), spoken);
}

/* The example that is given with the list everywhere. */
static void
the_list_is_the_well_known_one(void **state)
{
	static const uint8_t digest[RK_SHA256_SIZE] = {0xe5, 0x82, 0x94, 0xf2, 0xe9, 0xa2, 0x27,
	    0x48, 0x6e, 0x8b, 0x06, 0x1b, 0x31, 0xcc, 0x52, 0x8f, 0xd7, 0xfa, 0x3f, 0x19, 0x00,
	    0x00, 0xff, 0xff};
	static const char begin[] =
	    "topmost Istanbul Pluto vagabond treadmill Pacific brackish dictator goldfish Medusa "
	    "afflict bravado chatter revolver Dupont midsummer stopwatch whimsical cowbell "
	    "bottomless aardvark adroitness Zulu Yucatan aardvark adroitness ";
	RK_AUTO_BUF(line);

	(void)state;
	rk_hashwords_line(&line, digest);
	assert_int_equal(strncmp(rk_buf_str(&line), begin, strlen(begin)), 0);
}

static void
four_lines_of_eight_are_indented(void **state)
{
	RK_AUTO_BUF(out);

	(void)state;
	rk_hashwords_append(&out, nothing, "  ");
	assert_int_equal(
	    strncmp(rk_buf_str(&out), "  tissue phonetic snowslide December printer ", 45), 0);
	assert_non_null(strstr(rk_buf_str(&out), " belowground\n  pupil "));
	assert_non_null(strstr(rk_buf_str(&out), " Capricorn\n  brackish "));
	assert_non_null(strstr(rk_buf_str(&out), " disbelief\n  regain "));
	assert_string_equal(rk_buf_str(&out) + out.len - 10, "equipment\n");
}

static void
every_byte_goes_there_and_back_at_both_places(void **state)
{
	(void)state;
	for (int start = 0; start < 256; start++) {
		uint8_t digest[RK_SHA256_SIZE], back[RK_SHA256_SIZE];
		RK_AUTO_BUF(line);

		memset(digest, start, sizeof(digest));
		rk_hashwords_line(&line, digest);
		assert_ok(rk_hashwords_parse(rk_buf_str(&line), back));
		assert_memory_equal(back, digest, sizeof(digest));
	}
}

static void
case_and_white_space_do_not_matter(void **state)
{
	uint8_t back[RK_SHA256_SIZE];
	RK_AUTO_BUF(out);

	(void)state;
	rk_hashwords_append(&out, nothing, "\t \r\n");
	for (size_t i = 0; i < out.len; i++) {
		if (out.data[i] >= 'a' && out.data[i] <= 'z')
			out.data[i] = (char)(out.data[i] - 'a' + 'A');
	}
	assert_ok(rk_hashwords_parse(rk_buf_str(&out), back));
	assert_memory_equal(back, nothing, sizeof(back));
}

/* The message of parsing `text`, which must fail and leave the digest alone. */
static void
assert_refused(const char *text, const char *says)
{
	uint8_t back[RK_SHA256_SIZE] = {7};
	RK_AUTO(rk_error) err = rk_hashwords_parse(text, back);

	assert_int_equal(rk_error_code(err), RK_E_MALFORMED);
	if (!strstr(rk_error_message(err), says))
		fail_msg("'%s' does not say '%s'", rk_error_message(err), says);
	assert_int_equal(back[0], 7);
}

static void
the_first_wrong_word_is_named(void **state)
{
	RK_AUTO_BUF(more);

	(void)state;
	assert_refused("", "only 0 of 32");
	assert_refused("tissue phonetic", "only 2 of 32");
	assert_refused("tissue phonetix southward wrong", "word 2, 'phonetix', is not in the list");
	assert_refused("tissue southward decimal", "word 2, 'southward', cannot stand there");
	assert_refused("phonetic tissue", "word 1, 'phonetic', cannot stand there");
	assert_refused("tissue \x1b[31mphonetic", "\\x1b[31mphonetic");
	assert_refused("tissues", "is not in the list");
	assert_refused("tissu", "is not in the list");
	rk_buf_printf(&more, "%s aardvark", spoken);
	assert_refused(rk_buf_str(&more), "more than 32");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    spec(a_digest_is_said_in_the_words_of_the_list),
	    spec(the_list_is_the_well_known_one),
	    spec(four_lines_of_eight_are_indented),
	    spec(every_byte_goes_there_and_back_at_both_places),
	    spec(case_and_white_space_do_not_matter),
	    spec(the_first_wrong_word_is_named),
	};

	return cmocka_run_group_tests_name("hashwords", tests, NULL, NULL);
}
