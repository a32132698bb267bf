#include "support/tuf_maker.h"

#include "support/soft_key.h"
#include "support/spec.h"

#include <stdlib.h>
#include <string.h>

#define YEAR (365 * RK_DAY)

static unsigned
key_of(char digit)
{
	assert_in_range(digit, '0', '9');
	return (unsigned)(digit - '0');
}

static void
make_key(rk_tuf_maker *maker, unsigned number)
{
	rk_pubkey *pubkey;

	maker->pairs[number] = rk_soft_key_new(RK_KEY_ECDSA_P256);
	pubkey = rk_soft_key_public(maker->pairs[number]);
	assert_ok(rk_tuf_key_make(&rk_dialect_tuf, pubkey, &maker->keys[number]));
	rk_pubkey_free(pubkey);
}

void
rk_tuf_maker_signature(const rk_tuf_maker *maker, rk_envelope *envelope, unsigned key, rk_buf *out)
{
	const rk_scheme *scheme = maker->keys[key]->scheme;
	struct rk_soft_wish wish = {.hash = scheme->hash};
	RK_AUTO_BUF(raw);

	assert_ok(rk_envelope_payload_for(envelope, scheme, &wish.payload));
	rk_soft_key_sign(maker->pairs[key], &wish, &raw);
	assert_ok(rk_ecdsa_raw_to_der((const uint8_t *)rk_buf_str(&raw), raw.len, out));
}

rk_envelope *
rk_tuf_maker_open(rk_text *text, const char *name)
{
	rk_envelope *envelope = NULL;

	assert_ok(rk_envelope_open(&rk_dialect_tuf, text, name, &envelope));
	return envelope;
}

rk_text *
rk_tuf_maker_sign(const rk_tuf_maker *maker, rk_text *text, const char *keys)
{
	rk_envelope *envelope = rk_tuf_maker_open(text, "made");
	struct rk_new_sig sigs[RK_MAKER_KEYS];
	rk_buf bytes[RK_MAKER_KEYS] = {{0}};
	size_t count = strlen(keys);
	RK_AUTO_BUF(out);
	rk_text *made = NULL;

	assert_true(count <= RK_MAKER_KEYS);
	for (size_t i = 0; i < count; i++) {
		const rk_tuf_key *key = maker->keys[key_of(keys[i])];

		rk_tuf_maker_signature(maker, envelope, key_of(keys[i]), &bytes[i]);
		sigs[i] = (struct rk_new_sig){key->keyid, key->scheme, bytes[i].data, bytes[i].len};
	}
	assert_ok(rk_envelope_splice(envelope, sigs, count, NULL, rk_sink_buf(&out)));
	assert_ok(rk_text_take(&out, &made));
	for (size_t i = 0; i < count; i++)
		rk_buf_clear(&bytes[i]);
	rk_envelope_free(envelope);
	return made;
}

rk_text *
rk_tuf_maker_text(const char *bytes)
{
	rk_text *text = NULL;

	assert_ok(rk_text_copy(bytes, strlen(bytes), &text));
	return text;
}

rk_text *
rk_tuf_maker_wrap(const rk_tuf_maker *maker, const char *signed_json, const char *keys)
{
	RK_AUTO_BUF(file);

	rk_buf_printf(&file, "{\"signed\":%s,\"signatures\":[]}", signed_json);
	assert_ok(rk_buf_check(&file));
	return rk_tuf_maker_sign(maker, rk_tuf_maker_text(rk_buf_str(&file)), keys);
}

void
rk_tuf_maker_put(rk_tuf_maker *maker, const char *name, rk_text *text)
{
	assert_ok(rk_source_put(maker->source, name, text->data, text->len));
	rk_text_free(text);
}

static void
put_published(rk_tuf_maker *maker, const char *role, int64_t version, rk_text *text)
{
	RK_AUTO(rk_str) name = NULL;

	assert_ok(
	    rk_dialect_tuf.published_name(role, version, maker->root->consistent_snapshot, &name));
	rk_tuf_maker_put(maker, name, text);
}

void
rk_tuf_maker_put_root(rk_tuf_maker *maker, const char *keys)
{
	rk_text *text = NULL;

	/* Not rk_root_compose: a test may want a root that is not fit. */
	assert_ok(rk_envelope_compose(&rk_dialect_tuf, maker->root->signed_node, NULL, &text));
	put_published(maker, "root", maker->root->version, rk_tuf_maker_sign(maker, text, keys));
}

static rk_text *
copy_of(const rk_text *text)
{
	rk_text *copy = NULL;

	assert_ok(rk_text_copy(text->data, text->len, &copy));
	return copy;
}

void
rk_tuf_maker_put_targets(rk_tuf_maker *maker, const struct rk_maker_targets *targets)
{
	int64_t expires = targets->expires ? targets->expires : RK_MAKER_NOW + YEAR;
	RK_AUTO_BUF(json);
	rk_text *text;
	rk_envelope *envelope;

	rk_buf_printf(&json,
	    "{\"_type\":\"targets\",\"expires\":\"%s\",\"spec_version\":\"1.0.31\",\"version\":%"
	    "lld%s%s}",
	    RK_TIME(expires), (long long)targets->version, *targets->members ? "," : "",
	    targets->members);
	text = rk_tuf_maker_wrap(maker, rk_buf_str(&json), targets->keys);
	envelope = rk_tuf_maker_open(copy_of(text), "made");
	assert_ok(rk_snapshot_list(maker->snapshot, targets->role, envelope));
	rk_envelope_free(envelope);
	put_published(maker, targets->role, targets->version, text);
}

void
rk_tuf_maker_put_snapshot(rk_tuf_maker *maker, const char *keys)
{
	rk_text *text = NULL;
	rk_envelope *envelope;

	assert_ok(rk_snapshot_compose(maker->snapshot, NULL, &text));
	text = rk_tuf_maker_sign(maker, text, keys);
	envelope = rk_tuf_maker_open(copy_of(text), "made");
	assert_ok(rk_snapshot_list(maker->timestamp, "snapshot", envelope));
	rk_envelope_free(envelope);
	put_published(maker, "snapshot", maker->snapshot->version, text);
}

void
rk_tuf_maker_put_timestamp(rk_tuf_maker *maker, const char *keys)
{
	rk_text *text = NULL;

	assert_ok(rk_snapshot_compose(maker->timestamp, NULL, &text));
	rk_tuf_maker_put(maker, "timestamp.json", rk_tuf_maker_sign(maker, text, keys));
}

void
rk_tuf_maker_refresh(rk_tuf_maker *maker)
{
	assert_ok(rk_snapshot_set_version(maker->snapshot, maker->snapshot->version + 1));
	rk_tuf_maker_put_snapshot(maker, "4");
	assert_ok(rk_snapshot_set_version(maker->timestamp, maker->timestamp->version + 1));
	rk_tuf_maker_put_timestamp(maker, "5");
}

void
rk_tuf_maker_keys_json(const rk_tuf_maker *maker, const char *keys, rk_buf *out)
{
	rk_buf_text(out, "\"keys\":{");
	for (size_t i = 0; keys[i]; i++) {
		const rk_tuf_key *key = maker->keys[key_of(keys[i])];

		rk_buf_printf(out, "%s\"%s\":", i ? "," : "", key->keyid);
		rk_write_node(out, key->object, &rk_style_line, 0);
	}
	rk_buf_byte(out, '}');
}

void
rk_tuf_maker_keyids_json(const rk_tuf_maker *maker, const char *keys, rk_buf *out)
{
	rk_buf_text(out, "\"keyids\":[");
	for (size_t i = 0; keys[i]; i++)
		rk_buf_printf(out, "%s\"%s\"", i ? "," : "", maker->keys[key_of(keys[i])]->keyid);
	rk_buf_byte(out, ']');
}

static void
fill_root(rk_tuf_maker *maker)
{
	static const struct {
		enum rk_role_kind kind;
		unsigned key;
	} rows[] = {
	    {RK_ROLE_ROOT, 0},
	    {RK_ROLE_ROOT, 1},
	    {RK_ROLE_ROOT, 2},
	    {RK_ROLE_TARGETS, 3},
	    {RK_ROLE_SNAPSHOT, 4},
	    {RK_ROLE_TIMESTAMP, 5},
	};

	assert_ok(rk_root_new(&rk_dialect_tuf, RK_MAKER_NOW + YEAR, true, &maker->root));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_ok(rk_root_add_key(maker->root, rows[i].kind, maker->keys[rows[i].key]));
	assert_ok(rk_root_set_threshold(maker->root, RK_ROLE_ROOT, 2));
}

#define ZEROS32 "00000000000000000000000000000000"

int
rk_tuf_maker_new(void **state)
{
	rk_tuf_maker *maker = calloc(1, sizeof(*maker));

	assert_non_null(maker);
	for (unsigned i = 0; i < RK_MAKER_KEYS; i++)
		make_key(maker, i);
	assert_ok(rk_source_memory(&maker->source));
	fill_root(maker);
	rk_tuf_maker_put_root(maker, "01");
	assert_ok(rk_snapshot_new(
	    &rk_dialect_tuf, RK_ROLE_SNAPSHOT, RK_MAKER_NOW + YEAR, &maker->snapshot));
	assert_ok(rk_snapshot_new(
	    &rk_dialect_tuf, RK_ROLE_TIMESTAMP, RK_MAKER_NOW + YEAR, &maker->timestamp));
	rk_tuf_maker_put_targets(maker,
	    &(struct rk_maker_targets){.role = "targets",
		.version = 1,
		.keys = "3",
		.members =
		    "\"targets\":{\"a.txt\":{\"hashes\":{\"sha256\":\"" ZEROS32 ZEROS32
		    "\"},\"length\":7},\"b/c.txt\":{\"hashes\":{\"sha256\":\"" ZEROS32 ZEROS32
		    "\"},\"length\":8}}"});
	rk_tuf_maker_put_snapshot(maker, "4");
	rk_tuf_maker_put_timestamp(maker, "5");
	*state = maker;
	return 0;
}

int
rk_tuf_maker_free(void **state)
{
	rk_tuf_maker *maker = *state;

	for (unsigned i = 0; i < RK_MAKER_KEYS; i++) {
		EVP_PKEY_free(maker->pairs[i]);
		rk_tuf_key_free(maker->keys[i]);
	}
	rk_source_free(maker->source);
	rk_root_free(maker->root);
	rk_snapshot_free(maker->snapshot);
	rk_snapshot_free(maker->timestamp);
	free(maker);
	return 0;
}

struct rk_chain_request
rk_tuf_maker_request(rk_tuf_maker *maker)
{
	return (struct rk_chain_request){
	    .dialect = &rk_dialect_tuf, .source = maker->source, .now = RK_MAKER_NOW};
}

rk_client_state *
rk_tuf_maker_walk(const struct rk_chain_request *request, enum rk_code want)
{
	rk_client_state *state = NULL;

	assert_error(rk_chain_walk(request, &state), want);
	assert_non_null(state);
	return state;
}

bool
rk_tuf_maker_finds(const rk_client_state *state, enum rk_severity severity, const char *says)
{
	for (size_t i = 0; i < state->finding_count; i++)
		if (state->findings[i].severity == severity &&
		    strstr(state->findings[i].sentence, says))
			return true;
	return false;
}

void
rk_tuf_maker_refused(rk_tuf_maker *maker, const rk_client_state *since, const char *says)
{
	struct rk_chain_request request = rk_tuf_maker_request(maker);
	rk_client_state *state;

	request.since = since;
	state = rk_tuf_maker_walk(&request, RK_E_UNTRUSTED);
	if (!rk_tuf_maker_finds(state, RK_FINDING_FATAL, says))
		fail_msg("no finding says '%s', but: %s", says,
		    state->findings[state->finding_count - 1].sentence);
	assert_false(state->complete);
	rk_client_state_free(state);
}

rk_client_state *
rk_tuf_maker_fine(rk_tuf_maker *maker, const rk_client_state *since)
{
	struct rk_chain_request request = rk_tuf_maker_request(maker);
	rk_client_state *state;

	request.since = since;
	state = rk_tuf_maker_walk(&request, RK_OK);
	assert_true(state->complete);
	return state;
}

void
rk_tuf_maker_put_signed_targets(rk_tuf_maker *maker, int64_t version, const char *members)
{
	rk_tuf_maker_put_targets(
	    maker, &(struct rk_maker_targets){"targets", version, 0, members, "3"});
}

const char *
rk_tuf_maker_fixtures(void)
{
	const char *folder = getenv("ROOTKEEP_FIXTURES");
	const char *ci = getenv("CI");

	if (folder && *folder)
		return folder;
	if (ci && !strcmp(ci, "true"))
		fail_msg("ROOTKEEP_FIXTURES is not set");
	print_message("SKIP: ROOTKEEP_FIXTURES is not set\n");
	skip();
	return NULL;
}

rk_text *
rk_tuf_maker_fixture(const char *name)
{
	const char *folder = rk_tuf_maker_fixtures();
	RK_AUTO(rk_str) path = NULL;
	rk_text *text = NULL;

	assert_ok(rk_strdupf(&path, "%s/%s", folder, name));
	assert_ok(rk_text_read_path(path, rk_envelope_limit(RK_ROLE_ROOT), &text));
	return text;
}
