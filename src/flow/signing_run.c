#include "flow/signing_private.h"

#include "base/show.h"

#include <stdlib.h>

/*
 * Repositories go through a run a batch at a time: what all of them want signed travels to the
 * tokens together, and one change brings all of it to the disk. One that fails is left as it was,
 * and the others of its batch go on.
 */
#define BATCH_MAX 32

void
rk_signing_fail(struct rk_signing_repo *run, rk_error *err)
{
	struct rk_signing *signing = run->signing;

	run->failed = true;
	if (signing->err)
		rk_error_free(err);
	else
		signing->err = err;
}

/* Those of its keys that could have signed something that waits. */
static rk_error *
note_absent(struct rk_signing_repo *run)
{
	size_t most = 0;

	for (const struct rk_signing_signer *s = run->signing->signers; s; s = s->next)
		most++;
	run->absent = calloc(most + 1, sizeof(*run->absent));
	if (!run->absent)
		return rk_out_of_memory();
	for (const struct rk_signing_signer *s = run->signing->signers; s; s = s->next)
		if (!s->hand)
			run->absent[run->outcome.absent_count++] = (struct rk_signing_absent){
			    s->key->name, s->reason ? s->reason : "", s->lacked_pin};
	run->outcome.absent = run->absent;
	return NULL;
}

static rk_error *
sign_edits(struct rk_signing_batch *batch)
{
	struct rk_signing_wants wants = {0};
	rk_error *err = NULL;

	for (size_t i = 0; i < batch->count && !err; i++) {
		struct rk_signing_repo *run = batch->repos[i];

		for (size_t j = 0; j < run->count && !err; j++)
			if (run->docs[j].kind != RK_ROLE_SNAPSHOT &&
			    run->docs[j].kind != RK_ROLE_TIMESTAMP)
				err = rk_signing_want(&wants, run, &run->docs[j]);
	}
	if (!err)
		err = rk_signing_docs_sign(batch->signing, &wants);
	free(wants.items);
	return err;
}

static rk_error *
finish_batch(struct rk_signing_batch *batch)
{
	for (size_t i = 0; i < batch->count; i++) {
		struct rk_signing_repo *run = batch->repos[i];
		rk_error *err = run->failed ? NULL : rk_signing_parts_pending(run);

		if (!err && !run->failed)
			err = note_absent(run);
		if (err)
			rk_signing_fail(run, err);
	}
	return rk_signing_commit(batch);
}

static rk_error *
run_batch(struct rk_signing_batch *batch)
{
	struct rk_signing *signing = batch->signing;
	rk_error *err = rk_change_new(signing->options.keep, &signing->change);

	if (!err)
		err = sign_edits(batch);
	if (!err)
		err = rk_signing_parts(batch);
	if (!err)
		err = finish_batch(batch);
	/* Without its commit, nothing has happened. */
	rk_change_free(RK_TAKE(signing->change));
	return err;
}

/* A file that is signed in a stream is written as it is signed; and where a person answers for each
 * signature, the next repository's must not be what undoes this one's. */
static bool
goes_alone(const struct rk_signing_repo *run)
{
	for (size_t i = 0; i < run->count; i++)
		if (rk_signing_is_large(&run->docs[i]))
			return true;
	for (const struct rk_signing_signer *s = run->signing->signers; s; s = s->next)
		if (s->hand && s->ready && rk_hand_key(s->hand)->always_authenticate == RK_FACT_YES)
			return true;
	return false;
}

/* One, two, four, …: a token that is pulled out at the 20th touch loses what it signed in this batch,
 * which is never much more than all before it. */
static size_t
batch_size(const struct rk_signing *signing, size_t first)
{
	size_t most = first < BATCH_MAX ? first + 1 : BATCH_MAX;
	size_t count = 1;

	if (goes_alone(signing->repos[first]))
		return 1;
	while (count < most && first + count < signing->count &&
	       !goes_alone(signing->repos[first + count]))
		count++;
	return count;
}

/* What became of the others is worth knowing where one of many failed. */
static rk_error *
tell_failure(struct rk_signing *signing, rk_error *err)
{
	size_t done = 0;

	err = rk_join(RK_TAKE(signing->err), err);
	for (size_t i = 0; i < signing->count; i++)
		done += signing->repos[i]->done;
	if (!err || signing->count == 1)
		return err;
	err = rk_wrap(err, "%zu of %zu repositories are done, the others are as they were", done,
	    signing->count);
	return done > 0 ? rk_recode(err, RK_E_UNFINISHED) : err;
}

rk_error *
rk_signing_run(rk_signing *signing)
{
	rk_env *env = signing->options.env;
	rk_error *err = NULL;

	for (size_t i = 0, size; i < signing->count && !err && !signing->err; i += size) {
		struct rk_signing_batch batch = {signing, &signing->repos[i], 0};

		size = batch.count = batch_size(signing, i);
		if (signing->count > 1)
			env->ops->progress(env, "signing", i, signing->count);
		err = run_batch(&batch);
	}
	if (signing->count > 1)
		env->ops->progress(env, "signing", signing->count, signing->count);
	return tell_failure(signing, err);
}
