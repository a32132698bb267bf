#include "support/spec.h"
#include "support/tuf_maker.h"

#include <stdlib.h>
#include <string.h>

#define ONES16 "1111111111111111"
#define HEX64 ONES16 ONES16 ONES16 ONES16
#define SHA256 "{\"sha256\":\"" HEX64 "\"}"

/* The entry alone, between two that are plain, and in a file with white space. */
static rk_error *
check(const char *entry, unsigned way)
{
	static const char *const before[] = {
	    "", "\"A\":{\"hashes\":" SHA256 ",\"length\":1},", " "};
	static const char *const after[] = {
	    "", ",\"z\":{\"hashes\":" SHA256 ",\"length\":1}", "\n"};
	RK_AUTO_BUF(text);
	RK_AUTO(rk_envelope) envelope = NULL;

	rk_buf_printf(&text,
	    "{\"signed\":{\"_type\":\"targets\",\"expires\":\"2027-12-01T00:00:00Z\",\"targets\":{"
	    "%s%s%s},\"version\":1},\"signatures\":[]}",
	    before[way], entry, after[way]);
	envelope = rk_tuf_maker_open(rk_tuf_maker_text(rk_buf_str(&text)), "targets.json");
	return rk_targets_check(envelope);
}

static void
what_clients_can_read_passes_however_it_is_written(void **state)
{
	static const char *const good[] = {
	    "\"a\":{\"hashes\":" SHA256 ",\"length\":0}",
	    "\"a\":{\"length\":1,\"hashes\":" SHA256 "}",
	    "\"a\":{\"custom\":{},\"hashes\":" SHA256 ",\"length\":1}",
	    "\"a\":{\"custom\":{\"b\":{\"c\":[1,{}]}},\"hashes\":" SHA256 ",\"length\":1}",
	    "\"a\":{\"custom\":{\"b\":\"}\",\"c\":1},\"hashes\":" SHA256 ",\"length\":1}",
	    "\"a\":{\"custom\":{\"b\":\"\\\"}\"},\"hashes\":" SHA256 ",\"length\":1}",
	    "\"a\":{\"custom\":[1],\"hashes\":" SHA256 ",\"length\":1}",
	    "\"a\":{\"custom\":null,\"hashes\":" SHA256 ",\"length\":1}",
	    "\"a\":{\"hashes\":{\"sha256\":\"" HEX64 "\",\"sha512\":\"" HEX64 HEX64
	    "\"},\"length\":1}",
	    "\"a\":{\"hashes\":{\"sha512\":\"" HEX64 HEX64 "\"},\"length\":1}",
	    "\"a\":{\"hashes\":{\"blake2b\":\"whatever\"},\"length\":1}",
	    "\"a\":{\"hashes\":{\"sha256\":\"" HEX64 "\",\"x\":\"\"},\"length\":1,\"y\":{}}",
	    "\"\\u0061\":{\"hashes\":{\"\\u0073ha256\":\"" HEX64 "\"},\"length\":1}",
	    "\"a\" : { \"hashes\" : { \"sha256\" : \"" HEX64 "\" } , \"length\" : 1 }",
	    "\"a\":{\"hashes\":" SHA256 ",\"length\":1} ,\"b\":{\"hashes\":" SHA256
	    ",\"length\":1} ",
	    "\"a\":{\"hashes\":" SHA256 ",\"length\":1}, \"b\":{\"hashes\":" SHA256
	    ",\"length\":1}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		for (unsigned way = 0; way < 3; way++)
			assert_ok(check(good[i], way));
}

static void
what_a_client_would_choke_on_is_malformed_wherever_it_stands(void **state)
{
	static const char *const bad[] = {
	    "\"a\":1",
	    "\"a\":[]",
	    "\"a\":{}",
	    "\"a\":{\"hashes\":" SHA256 "}",
	    "\"a\":{\"length\":1}",
	    "\"a\":{\"hashes\":{},\"length\":1}",
	    "\"a\":{\"hashes\":[],\"length\":1}",
	    "\"a\":{\"hashes\":{\"sha256\":1},\"length\":1}",
	    "\"a\":{\"hashes\":{\"sha256\":\"\"},\"length\":1}",
	    "\"a\":{\"hashes\":{\"sha256\":\"" HEX64 "1\"},\"length\":1}",
	    "\"a\":{\"hashes\":{\"sha256\":\"g" ONES16 ONES16 ONES16
	    "111111111111111\"},\"length\":1}",
	    "\"a\":{\"hashes\":{\"sha512\":\"" HEX64 "\"},\"length\":1}",
	    "\"a\":{\"hashes\":" SHA256 ",\"length\":-1}",
	    "\"a\":{\"hashes\":" SHA256 ",\"length\":\"1\"}",
	    "\"a\":{\"hashes\":" SHA256 ",\"length\":null}",
	    "\"a\":{\"custom\":{\"length\":1},\"hashes\":" SHA256 "}",
	    "\"a\":{\"custom\":{\"hashes\":" SHA256 "},\"length\":1}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		for (unsigned way = 0; way < 3; way++)
			assert_error(check(bad[i], way), RK_E_MALFORMED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    spec(what_clients_can_read_passes_however_it_is_written),
	    spec(what_a_client_would_choke_on_is_malformed_wherever_it_stands),
	};

	return cmocka_run_group_tests_name("targets_check", tests, NULL, NULL);
}
