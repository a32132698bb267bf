#include "support/fake_keep.h"

#include "support/spec.h"

#include <stdio.h>
#include <string.h>

static const char *const pems[RK_FAKE_KEYS] = {
    "-----BEGIN PUBLIC KEY-----\n"
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEJ/WrO7erxrLhFc+YV9/j4eUTbGwE\n"
    "+Cno2WTR3WA3TBXfw/+d7wghkisgPM/eRztu9dp+P9Gbk4xoWEFVjAhClw==\n"
    "-----END PUBLIC KEY-----\n",
    "-----BEGIN PUBLIC KEY-----\n"
    "MCowBQYDK2VwAyEAp6TJuIS/l+8iG7m5+RO0N66jxkgyx8a9Iyp2dPxYcXw=\n"
    "-----END PUBLIC KEY-----\n",
    "-----BEGIN PUBLIC KEY-----\n"
    "MCowBQYDK2VwAyEA6/tD5B42Gt4KIWjrZn4rLN+2TFhSCtG3ymXktEkEZc0=\n"
    "-----END PUBLIC KEY-----\n",
};

static int64_t
now(rk_env *env)
{
	(void)env;
	return RK_FAKE_NOW;
}

static void
say(rk_env *env, enum rk_say level, const char *text)
{
	struct rk_fake_keep *fake = (struct rk_fake_keep *)env;
	size_t len = strlen(fake->said);

	(void)level;
	snprintf(fake->said + len, sizeof(fake->said) - len, "%s\n", text);
}

static const struct rk_env_ops ops = {.now = now, .say = say};

struct rk_fake_keep
rk_fake_keep_env(void)
{
	return (struct rk_fake_keep){.env = {.ops = &ops}};
}

const char *
rk_fake_keep_pem(unsigned number)
{
	return pems[number];
}

rk_pubkey *
rk_fake_keep_key(unsigned number)
{
	rk_pubkey *key = NULL;

	assert_ok(rk_pubkey_from_any(pems[number], strlen(pems[number]), &key));
	return key;
}

rk_keep *
rk_fake_keep_open(struct rk_fake_keep *fake, const char *folder, bool write)
{
	struct rk_keep_options options = {
	    .dir = folder, .write = write, .create = write, .env = &fake->env};
	rk_keep *keep = NULL;

	assert_ok(rk_keep_open(&options, &keep));
	return keep;
}

rk_journal_entry *
rk_fake_keep_entry(struct rk_fake_keep *fake, const char *action)
{
	rk_journal_entry *entry = NULL;

	assert_ok(rk_journal_entry_new(&fake->env, action, &entry));
	return entry;
}

void
rk_fake_keep_begin(struct rk_fake_keep *fake, const char *folder)
{
	RK_AUTO(rk_keep) keep = rk_fake_keep_open(fake, folder, true);
	RK_AUTO(rk_pubkey) key = rk_fake_keep_key(0);
	RK_AUTO(rk_change) change = NULL;
	struct rk_keep_new_key added = {
	    .name = "alice", .pubkey = key, .token = "pkcs11:serial=1?module-name=softhsm2"};

	assert_ok(rk_keep_key_add(keep, &added, NULL));
	assert_ok(rk_keep_repo_add(keep, "demo", &rk_dialect_tuf, NULL));
	assert_ok(rk_change_new(keep, &change));
	rk_change_save_keep(change);
	assert_ok(rk_change_journal(change, rk_fake_keep_entry(fake, "init demo")));
	assert_ok(rk_change_commit(change));
}
