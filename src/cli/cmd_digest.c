#include "cli/cli.h"
#include "cli/filekey.h"

#include "base/datetime.h"
#include "base/show.h"
#include "flow/keyuri.h"

#include <string.h>

#define KEY_FILE_MAX (64u << 10)
#define SHOWN_MAX (1u << 20) /* bytes of a payload that are shown as hex */

struct digest_args {
	const char *file;
	const char *key;
	const char *bytes;
};

/* The key whose input is asked for. */
struct input {
	rk_pubkey *pubkey;
	const rk_scheme *scheme;
	const rk_payload *payload;
};

/* Public halves are mostly to be seen without a PIN. */
static rk_error *
key_by_uri(struct rk_run *run, const char *uri, rk_pubkey **ret_pubkey)
{
	struct rk_reach reach = {.name = uri, .uris = &uri, .uri_count = 1};
	RK_AUTO(rk_hands) hands = NULL;
	RK_AUTO(rk_token_key) seen = NULL;
	rk_hand *hand = NULL;
	rk_token *token;
	rk_error *err = rk_hands_new(run->env, run->tokens, &hands);

	if (!err)
		err = rk_hands_reach(hands, &reach, &hand);
	if (err)
		return err;
	token = rk_hand_token(hand);
	err = token->ops->find(token, uri, &seen);
	if (!err && seen->pubkey) {
		*ret_pubkey = rk_pubkey_ref(seen->pubkey);
		return NULL;
	}
	rk_error_free(err);
	err = rk_hand_ready(hand, "read the public half of a key");
	if (!err && !rk_hand_pubkey(hand))
		err = rk_fail(RK_E_TOKEN_UNSUPPORTED, "give its public half as a file",
		    "%s does not show the public half of %s", rk_hand_token_name(hand),
		    RK_SHOW(uri));
	if (!err)
		*ret_pubkey = rk_pubkey_ref(rk_hand_pubkey(hand));
	return err;
}

static rk_error *
key_by_name(struct rk_run *run, const char *typed, rk_pubkey **ret_pubkey)
{
	RK_AUTO(rk_filekeys) keys = NULL;
	const rk_list list = {&typed, 1};
	rk_error *err = rk_filekeys_read(run, &list, &keys);

	if (!err)
		*ret_pubkey = rk_pubkey_ref(keys->keys[0].known->pubkey);
	return err;
}

/* The name of a key comes before that of a file; a file may have any name where no key has it. */
static rk_error *
read_key(struct rk_run *run, const rk_dialect *dialect, const char *typed, struct input *input)
{
	RK_AUTO(rk_error) unknown = NULL;
	RK_AUTO(rk_text) text = NULL;
	RK_AUTO(rk_tuf_key) key = NULL;
	rk_error *err;

	if (rk_keyuri_is(typed))
		return key_by_uri(run, typed, &input->pubkey);
	unknown = key_by_name(run, typed, &input->pubkey);
	if (rk_error_code(unknown) != RK_E_NOT_FOUND)
		return RK_TAKE(unknown);
	err = rk_text_read_path(typed, KEY_FILE_MAX, &text);
	if (rk_error_code(err) == RK_E_NOT_FOUND) {
		rk_error_free(err);
		return RK_TAKE(unknown);
	}
	if (!err)
		err = rk_tuf_key_from_file(dialect, text, typed, &key);
	if (err)
		return err;
	input->pubkey = rk_pubkey_ref(key->pubkey);
	input->scheme = key->scheme;
	return NULL;
}

/* The scheme that the file says for this key, else the key's own, else the dialect's. */
static rk_error *
settle_scheme(rk_envelope *envelope, struct input *input)
{
	RK_AUTO(rk_keyring) ring = NULL;
	const rk_tuf_key *said;
	rk_error *err = rk_filesign_ring(envelope, &ring);

	if (err)
		return err;
	said = ring ? rk_keyring_by_pubkey(ring, input->pubkey, NULL) : NULL;
	if (said && said->scheme)
		input->scheme = said->scheme;
	if (!input->scheme)
		input->scheme = envelope->dialect->scheme_for(input->pubkey);
	if (!input->scheme)
		return rk_fail(RK_E_REFUSED, "name a key of another type",
		    "%s has no scheme for a key of type %s", envelope->dialect->title,
		    rk_key_type_name(rk_pubkey_type(input->pubkey)));
	return rk_envelope_payload_for(envelope, input->scheme, &input->payload);
}

/* What goes into the signature; "": too long to be shown. */
static void
input_hex(const struct input *input, rk_buf *out)
{
	size_t len = 0;
	const uint8_t *digest = rk_payload_digest(input->payload, input->scheme->hash, &len);

	if (digest)
		rk_buf_hex(out, digest, len);
	else if (input->payload->len <= SHOWN_MAX)
		rk_buf_hex(out, input->payload->bytes.data, input->payload->len);
}

static rk_error *
render_input(struct rk_run *run, const struct input *input, const char *typed, rk_node *node)
{
	const char *hash = rk_hashes_name(input->scheme->hash);
	RK_AUTO(rk_node) object = rk_node_new_object();
	RK_AUTO_BUF(hex);
	rk_error *err;

	input_hex(input, &hex);
	err = object ? rk_buf_check(&hex) : rk_out_of_memory();
	if (!err)
		err = rk_node_put_text(
		    object, "fingerprint", rk_pubkey_fingerprint_hex(input->pubkey));
	if (!err)
		err = rk_node_put_text(object, "scheme", input->scheme->name);
	if (!err)
		err =
		    rk_node_put(object, "hash", hash ? rk_node_new_text(hash) : rk_node_new_null());
	if (!err)
		err = rk_node_put(object, "input",
		    hex.len ? rk_node_new_text(rk_buf_str(&hex)) : rk_node_new_null());
	if (!err)
		err = rk_node_put(node, "key", RK_TAKE(object));
	if (err)
		return err;
	rk_render_line(run->out, "input of %s (%s): %s", RK_SHOW(typed), input->scheme->name,
	    hash ? hash : "the canonical bytes themselves");
	rk_render_line(
	    run->out, "  %s", hex.len ? rk_buf_str(&hex) : "too many to show: --bytes writes them");
	return NULL;
}

static rk_error *
render(struct rk_run *run, const struct digest_args *digest, rk_envelope *envelope,
    const struct input *input)
{
	const rk_payload *payload = NULL;
	char hex[2 * RK_SHA256_SIZE + 1];
	RK_AUTO(rk_node) node = rk_node_new_object();
	RK_AUTO_BUF(lines);
	RK_AUTO_BUF(line);
	rk_error *err =
	    node ? rk_envelope_payload(envelope, 0, false, &payload) : rk_out_of_memory();

	if (err)
		return err;
	rk_hex(hex, payload->sha256, sizeof(payload->sha256));
	rk_hashwords_append(&lines, payload->sha256, "  ");
	rk_hashwords_line(&line, payload->sha256);
	err = rk_buf_check(&lines);
	if (!err)
		err = rk_buf_check(&line);
	if (!err)
		err = rk_node_put_text(node, "file", digest->file);
	if (!err)
		err = rk_node_put_text(node, "type", rk_role_kind_name(envelope->kind));
	if (!err)
		err = rk_node_put_int(node, "version", envelope->version);
	if (!err)
		err = rk_node_put_text(node, "expires", RK_TIME(envelope->expires));
	if (!err)
		err = rk_node_put_int(node, "length", (int64_t)payload->len);
	if (!err)
		err = rk_node_put_text(node, "sha256", hex);
	if (!err)
		err = rk_node_put_text(node, "words", rk_buf_str(&line));
	if (err)
		return err;
	rk_render_line(run->out, "%s version %lld of %s, %zu bytes",
	    rk_role_kind_name(envelope->kind), (long long)envelope->version, RK_SHOW(digest->file),
	    payload->len);
	rk_render_line(run->out, "sha256 %s", hex);
	rk_render_text(run->out, rk_buf_str(&lines));
	if (input->pubkey)
		err = render_input(run, input, digest->key, node);
	if (!err)
		rk_render_json(run->out, RK_TAKE(node));
	return err;
}

/* A new file: what lies there may be somebody's. */
static rk_error *
write_bytes(const rk_envelope *envelope, const char *path)
{
	const char *slash = strrchr(path, '/');
	RK_AUTO(rk_str) parent = NULL;
	RK_AUTO(rk_dir) dir = NULL;
	RK_AUTO(rk_writer) writer = NULL;
	rk_error *err = slash && slash > path ? rk_strndup(path, (size_t)(slash - path), &parent)
					      : rk_strdup(slash ? "/" : ".", &parent);

	if (!err)
		err = rk_dir_open(parent, RK_DIR_ANY, &dir);
	if (!err)
		err = rk_writer_open(dir, slash ? slash + 1 : path, true, 0644, &writer);
	if (!err)
		err = rk_envelope_write_payload(envelope, rk_writer_sink(writer));
	return err ? err : rk_writer_finish(writer);
}

static rk_error *
digest_run(struct rk_run *run, const void *args)
{
	const struct digest_args *digest = args;
	bool to_stdout = digest->bytes && !strcmp(digest->bytes, "-");
	struct input input = {0};
	RK_AUTO(rk_envelope) envelope = NULL;
	rk_error *err;

	if (to_stdout && run->globals->json)
		return rk_fail(RK_E_USAGE, "name a file for the bytes, or leave --json out",
		    "the bytes and the document cannot both go to stdout");
	err = rk_envelope_open_path(NULL, digest->file, &envelope);
	if (!err && digest->key)
		err = read_key(run, envelope->dialect, digest->key, &input);
	if (!err && digest->key)
		err = settle_scheme(envelope, &input);
	if (!err && to_stdout)
		err = rk_envelope_write_payload(envelope, rk_render_sink(run->out));
	else if (!err && digest->bytes)
		err = write_bytes(envelope, digest->bytes);
	if (!err && !to_stdout)
		err = render(run, digest, envelope, &input);
	rk_pubkey_free(input.pubkey);
	return err;
}

static const struct rk_argument digest_arguments[] = {
    RK_ARG(digest_args, file, "FILE", "a metadata file"),
    RK_ARG_END,
};

static const struct rk_option digest_options[] = {
    RK_OPT_STRING(digest_args, key, "key", "KEY|FILE", "also what exactly this key signs", 0),
    RK_OPT_STRING(digest_args, bytes, "bytes", "FILE",
	"write the canonical bytes to a new file, or to stdout alone (-)", 0),
    RK_OPT_END,
};

const struct rk_command rk_cmd_digest = {
    .name = "digest",
    .summary = "the SHA-256 of what is signed of a metadata file, as hex and words",
    .args_size = sizeof(struct digest_args),
    .arguments = digest_arguments,
    .options = digest_options,
    .effects = RK_READS | RK_TOUCHES_TOKEN,
    .example = "rootkeep digest 3.root.json\n"
	       "rootkeep digest 3.root.json --bytes payload --key root-alice",
    .description =
	"The words are for reading out loud: who signs elsewhere compares them. With --key, the "
	"exact input of that key's signature: the hash that its scheme takes, or for ed25519 the "
	"bytes. With --bytes, another program can sign them.",
    .run = digest_run,
};
