#include "pkcs11/jobs.h"

#include "base/show.h"
#include "pkcs11/refusal.h"

static rk_error *
no_digest(void)
{
	return rk_fail(RK_E_INTERNAL, NULL, "the payload was not hashed as the key wants it");
}

static rk_error *
input_of(const struct rk_sign_job *job, rk_wire_span *ret_input)
{
	const rk_pubkey *key = job->key->pubkey;
	size_t len = 0, curve = (rk_pubkey_bits(key) + 7) / 8;
	const uint8_t *digest;

	if (rk_pubkey_family(key) == RK_FAMILY_ED25519) {
		if (!job->payload->whole)
			return rk_fail(RK_E_INTERNAL, NULL,
			    "an Ed25519 key signs the bytes, and they were not kept");
		*ret_input = (rk_wire_span){
		    (const uint8_t *)job->payload->bytes.data, job->payload->bytes.len};
		return NULL;
	}
	digest = rk_payload_digest(job->payload, job->hash, &len);
	if (!digest)
		return no_digest();
	if (rk_pubkey_family(key) == RK_FAMILY_ECDSA && len > curve)
		len = curve;
	*ret_input = (rk_wire_span){digest, len};
	return NULL;
}

static rk_error *
make_job(void *context, size_t index, rk_request *ret_request)
{
	const struct rk_jobs *jobs = context;
	const struct rk_sign_job *job = &jobs->jobs[index];

	if (job->key->handle == 0)
		return rk_fail(RK_E_KEY_NONE, "log in to the token first",
		    "the private half of key %s is not to be seen on %s", RK_SHOW(job->key->label),
		    jobs->token_name);
	if (!job->key->pubkey)
		return rk_fail(RK_E_TOKEN_UNSUPPORTED, "use another key",
		    "key %s on %s is of a kind that is not known: %s", RK_SHOW(job->key->label),
		    jobs->token_name, RK_SHOW_BARE(job->key->what));
	*ret_request = (rk_request){.op = RK_OP_SIGN,
	    .session = jobs->session,
	    .handle = job->key->handle,
	    .hash = (uint8_t)job->hash,
	    .pkcs1 = job->pkcs1};
	return input_of(job, &ret_request->input);
}

static size_t
signature_len(const rk_pubkey *key)
{
	size_t bytes = (rk_pubkey_bits(key) + 7) / 8;

	switch (rk_pubkey_family(key)) {
	case RK_FAMILY_ECDSA:
		return 2 * bytes;
	case RK_FAMILY_ED25519:
		return 64;
	case RK_FAMILY_RSA_PSS:
	case RK_FAMILY_RSA_PKCS1:
	default:
		return bytes;
	}
}

static rk_error *
take_signature(const struct rk_jobs *jobs, struct rk_sign_job *job, const rk_reply *reply)
{
	rk_wire_reader reader = rk_wire_reader_of(reply->body.bytes, reply->body.len);
	rk_wire_span raw = rk_wire_bytes(&reader, reply->body.len);
	rk_error *err = rk_wire_done(&reader);

	if (err)
		return rk_recode(
		    rk_wrap(err, "cannot sign with %s", jobs->token_name), RK_E_TOKEN_GONE);
	if (raw.len != signature_len(job->key->pubkey))
		return rk_fail(RK_E_TOKEN, "run 'rootkeep token test' before you trust this token",
		    "%s returned a signature of %zu bytes where key %s has %zu", jobs->token_name,
		    raw.len, RK_SHOW(job->key->label), signature_len(job->key->pubkey));
	rk_buf_append(&job->signature, raw.bytes, raw.len);
	return rk_buf_check(&job->signature);
}

static rk_error *
take_refusal(const struct rk_jobs *jobs, const struct rk_sign_job *job, const rk_reply *reply)
{
	rk_wire_reader reader = rk_wire_reader_of(reply->body.bytes, reply->body.len);
	RK_AUTO(rk_str) what = NULL;
	rk_refusal refusal;
	rk_error *err = rk_refusal_decode(&reader, &refusal);

	if (err)
		return rk_recode(err, RK_E_TOKEN_GONE);
	err = rk_strdupf(
	    &what, "cannot sign with key %s on %s", RK_SHOW(job->key->label), jobs->token_name);
	return err ? err : rk_refusal_error(&refusal, RK_REFUSAL_PIN, what);
}

static void
job_taken(void *context, size_t index, const rk_reply *reply, rk_error *err)
{
	const struct rk_jobs *jobs = context;
	struct rk_sign_job *job = &jobs->jobs[index];

	if (!err && reply->status == RK_STATUS_DONE)
		err = take_signature(jobs, job, reply);
	else if (!err)
		err = take_refusal(jobs, job, reply);
	job->err = err;
	if (job->settled)
		job->settled(job);
}

rk_error *
rk_jobs_run(rk_channel *channel, const struct rk_jobs *jobs)
{
	struct rk_jobs copy = *jobs;
	const struct rk_channel_batch batch = {.count = jobs->count,
	    .timeout = jobs->timeout,
	    .context = &copy,
	    .make = make_job,
	    .taken = job_taken};
	rk_error *err = rk_channel_batch(channel, &batch);

	return err ? rk_wrap(err, "cannot sign with %s", jobs->token_name) : NULL;
}
