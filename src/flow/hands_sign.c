#include "flow/hands_private.h"

#include "base/file.h"
#include "base/show.h"

#include <stdlib.h>
#include <string.h>

#define NONCE_SIZE 32
#define MODULE_MAX (256u << 20) /* bytes of a module's file */

/* How many bytes a token must return for this scheme; 0: any. */
static size_t
raw_size(const rk_scheme *scheme, const rk_pubkey *pubkey)
{
	switch (scheme->family) {
	case RK_FAMILY_ECDSA:
		return 2 * ((scheme->curve_bits + 7) / 8);
	case RK_FAMILY_ED25519:
		return 64;
	case RK_FAMILY_RSA_PSS:
	case RK_FAMILY_RSA_PKCS1:
		return (rk_pubkey_bits(pubkey) + 7) / 8;
	}
	return 0;
}

static rk_error *
unproven(const rk_hand *hand, rk_error *cause)
{
	rk_error *err = rk_fail(RK_E_KEY_UNPROVEN,
	    "run 'rootkeep key test' and 'rootkeep token test'; do not use this token until they "
	    "pass",
	    "%s returned a signature for key %s that does not verify; it was thrown away",
	    hand->tray->token->name, RK_SHOW(hand->name));

	return rk_join(err, cause);
}

/* From the token's raw bytes to the scheme's own shape, believed only once it verifies. */
static rk_error *
judge_signature(struct rk_hand_job *job, const rk_buf *raw)
{
	const rk_pubkey *pubkey = rk_hand_pubkey(job->hand);
	RK_AUTO_BUF(shaped);
	rk_error *err = NULL;

	if (!pubkey)
		return unproven(job->hand,
		    rk_fail(RK_E_KEY_UNPROVEN, NULL, "the token does not show its public half"));
	if (raw->len != raw_size(job->scheme, pubkey))
		return unproven(
		    job->hand, rk_fail(RK_E_KEY_UNPROVEN, NULL, "it has %zu bytes instead of %zu",
				   raw->len, raw_size(job->scheme, pubkey)));
	if (job->scheme->family == RK_FAMILY_ECDSA && job->scheme->shape == RK_SIG_DER)
		err = rk_ecdsa_raw_to_der((const uint8_t *)raw->data, raw->len, &shaped);
	else
		rk_buf_append(&shaped, raw->data, raw->len);
	if (!err)
		err = rk_buf_check(&shaped);
	if (!err)
		err = rk_pubkey_verify(pubkey, job->scheme, job->payload, shaped.data, shaped.len);
	if (err && rk_error_code(err) != RK_E_NOMEM)
		return unproven(job->hand, err);
	if (err)
		return err;
	rk_buf_clear(&job->signature);
	job->signature = shaped;
	shaped = (rk_buf){NULL, 0, 0, false};
	return NULL;
}

/* Judged at once, while the token makes the next. */
static void
settle_job(struct rk_sign_job *signed_job)
{
	struct rk_hand_job *job = signed_job->context;

	job->err = signed_job->err ? signed_job->err : judge_signature(job, &signed_job->signature);
	signed_job->err = NULL;
	rk_buf_clear(&signed_job->signature);
}

static void
check_settled(const struct rk_sign_job *signed_job)
{
	struct rk_hand_job *job = signed_job->context;

	if (!job->err && job->signature.len == 0)
		job->err = unproven(job->hand, NULL);
}

/* A call that failed has given nothing: what some jobs have by then goes. */
static void
take_back(struct rk_sign_job *signed_job)
{
	struct rk_hand_job *job = signed_job->context;

	rk_error_free(RK_TAKE(job->err));
	rk_buf_clear(&job->signature);
}

/* Keys that want their PIN for each signature ask for it where it is typed. */
static void
tell_pad(
    const struct rk_hands_tray *tray, const struct rk_sign_job *jobs, size_t count, rk_env *env)
{
	size_t asks = 0;

	for (size_t i = 0; i < count; i++)
		asks += jobs[i].key->always_authenticate == RK_FACT_YES;
	if (tray->info->pin_pad && asks > 0)
		rk_sayf(env, RK_SAY_INFO,
		    "enter the PIN of %s on its own pad for each signature: %zu time%s",
		    tray->token->name, asks, asks == 1 ? "" : "s");
}

/* All jobs of one token in one call. */
static rk_error *
sign_on_tray(const struct rk_hands_tray *tray, struct rk_hand_job *jobs, size_t count)
{
	struct rk_sign_job *batch = calloc(count + 1, sizeof(*batch));
	size_t used = 0;
	rk_error *err = batch ? NULL : rk_out_of_memory();

	for (size_t i = 0; i < count && !err; i++) {
		if (jobs[i].hand->tray != tray)
			continue;
		batch[used].key = jobs[i].hand->key;
		batch[used].hash = jobs[i].scheme->hash;
		batch[used].pkcs1 = jobs[i].scheme->family == RK_FAMILY_RSA_PKCS1;
		batch[used].payload = jobs[i].payload;
		batch[used].settled = settle_job;
		batch[used++].context = &jobs[i];
	}
	if (!err && used > 0) {
		tell_pad(tray, batch, used, jobs[0].hand->hands->env);
		err = tray->token->ops->sign(tray->token, batch, used);
	}
	for (size_t i = 0; i < used; i++) {
		if (err)
			take_back(&batch[i]);
		else
			check_settled(&batch[i]);
	}
	free(batch);
	return err;
}

rk_error *
rk_hands_sign(rk_hands *hands, struct rk_hand_job *jobs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!jobs[i].hand->key)
			return rk_fail(
			    RK_E_INTERNAL, NULL, "a signature of a key that is not ready");
	for (const struct rk_hands_tray *tray = hands->trays; tray; tray = tray->next) {
		rk_error *err = sign_on_tray(tray, jobs, count);

		if (err)
			return rk_wrap(err, "%s did not sign", tray->token->name);
	}
	return NULL;
}

/* SHA-256 of "rootkeep:" purpose "\0" and the fields, each after its length. */
static rk_error *
challenge(rk_hands *hands, const rk_hand *hand, const char *purpose, uint8_t out[static 32])
{
	RK_AUTO_BUF(text);
	uint8_t nonce[NONCE_SIZE];
	rk_error *err = hands->env->ops->entropy(hands->env, nonce, sizeof(nonce));

	if (err)
		return err;
	rk_buf_printf(&text, "rootkeep:%s", purpose);
	rk_buf_byte(&text, 0);
	rk_buf_u32(&text, NONCE_SIZE);
	rk_buf_append(&text, nonce, sizeof(nonce));
	rk_buf_u32(&text, RK_FINGERPRINT_SIZE);
	rk_buf_append(&text, rk_pubkey_fingerprint(rk_hand_pubkey(hand)), RK_FINGERPRINT_SIZE);
	err = rk_buf_check(&text);
	if (!err)
		rk_sha256(text.data, text.len, out);
	return err;
}

rk_error *
rk_hand_prove(rk_hands *hands, rk_hand *hand, const char *purpose)
{
	const rk_pubkey *pubkey = rk_hand_pubkey(hand);
	rk_payload payload = {0};
	struct rk_hand_job job = {.hand = hand, .payload = &payload};
	uint8_t message[32];
	rk_error *err;

	if (!pubkey)
		return rk_fail(RK_E_KEY_UNPROVEN,
		    "enrol its public half or certificate first, then this token",
		    "%s does not show the public half of key %s", hand->tray->token->name,
		    RK_SHOW(hand->name));
	err = challenge(hands, hand, purpose, message);
	if (!err)
		err = rk_payload_from_bytes(message, sizeof(message), &payload);
	if (err)
		return err;
	job.scheme = rk_pubkey_token_scheme(pubkey);
	err = rk_hands_sign(hands, &job, 1);
	if (!err)
		err = job.err;
	rk_buf_clear(&job.signature);
	rk_payload_clear(&payload);
	return err;
}

/* What the module's file is, for whoever reads the journal; one that cannot be read is left out. */
static rk_error *
hash_module(struct rk_hands_tray *tray)
{
	RK_AUTO(rk_text) text = NULL;
	uint8_t digest[32];
	rk_error *err;

	if (tray->module_hashed || !tray->info->module_path)
		return NULL;
	err = rk_text_read_path(tray->info->module_path, MODULE_MAX, &text);
	if (rk_error_code(err) == RK_E_NOMEM)
		return err;
	/* Once a run: a batch has a line in the journal for each repository. */
	tray->module_hashed = true;
	if (err) {
		rk_error_free(err);
		return NULL;
	}
	rk_sha256(text->data, text->len, digest);
	rk_hex(tray->module_sha256, digest, sizeof(digest));
	return NULL;
}

static rk_error *
used_node(struct rk_hands_tray *tray, rk_node *array)
{
	const rk_token_info *info = tray->info;
	const char *const fields[][2] = {
	    {"serial", info->serial},
	    {"label", info->label},
	    {"model", info->model},
	    {"firmware", info->firmware},
	    {"module", info->module},
	    {"module_path", info->module_path},
	    {"version", info->module_version},
	};
	RK_AUTO(rk_node) node = rk_node_new_object();
	rk_error *err = node ? NULL : rk_out_of_memory();

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]) && !err; i++)
		if (fields[i][1])
			err = rk_node_put_text(node, fields[i][0], fields[i][1]);
	if (!err)
		err = hash_module(tray);
	if (!err && tray->module_sha256[0])
		err = rk_node_put_text(node, "sha256", tray->module_sha256);
	if (!err && info->network)
		err = rk_node_put_bool(node, "network", true);
	return err ? err : rk_node_append(array, RK_TAKE(node));
}

rk_error *
rk_hands_used(const rk_hands *hands, rk_node **ret_array)
{
	RK_AUTO(rk_node) array = rk_node_new_array();
	rk_error *err = array ? NULL : rk_out_of_memory();

	for (struct rk_hands_tray *tray = hands->trays; tray && !err; tray = tray->next)
		if (tray->logged_in)
			err = used_node(tray, array);
	if (!err)
		*ret_array = RK_TAKE(array);
	return err;
}
