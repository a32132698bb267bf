#include "support/attest_maker.h"

struct rk_attest_maker
rk_attest_maker_new(void)
{
	return (struct rk_attest_maker){
	    .root = rk_soft_key_new(RK_KEY_ECDSA_P256),
	    .upper = rk_soft_key_new(RK_KEY_ECDSA_P256),
	    .lower = rk_soft_key_new(RK_KEY_ECDSA_P256),
	    .f9 = rk_soft_key_new(RK_KEY_ECDSA_P256),
	    .slot = rk_soft_key_new(RK_KEY_ECDSA_P256),
	};
}

void
rk_attest_maker_clear(struct rk_attest_maker *maker)
{
	EVP_PKEY_free(maker->root);
	EVP_PKEY_free(maker->upper);
	EVP_PKEY_free(maker->lower);
	EVP_PKEY_free(maker->f9);
	EVP_PKEY_free(maker->slot);
}

struct rk_cert_maker
rk_attest_maker_root(const struct rk_attest_maker *maker)
{
	return (struct rk_cert_maker){
	    .pair = maker->root, .name = RK_ATTEST_ROOT, .constraints = "CA:TRUE,pathlen:3"};
}

struct rk_cert_maker
rk_attest_maker_upper(const struct rk_attest_maker *maker)
{
	return (struct rk_cert_maker){.pair = maker->upper,
	    .signer = maker->root,
	    .name = RK_ATTEST_UPPER,
	    .issuer = RK_ATTEST_ROOT,
	    .constraints = "critical,CA:TRUE,pathlen:2"};
}

struct rk_cert_maker
rk_attest_maker_lower(const struct rk_attest_maker *maker)
{
	return (struct rk_cert_maker){.pair = maker->lower,
	    .signer = maker->upper,
	    .name = RK_ATTEST_LOWER,
	    .issuer = RK_ATTEST_UPPER,
	    .constraints = "critical,CA:TRUE,pathlen:1"};
}

struct rk_cert_maker
rk_attest_maker_f9(const struct rk_attest_maker *maker, bool deep)
{
	static const struct rk_cert_extra extras[] = {
	    {RK_ATTEST_ARC ".3", "\x05\x07\x01", 3, false}, {NULL, NULL, 0, false}};

	return (struct rk_cert_maker){.pair = maker->f9,
	    .signer = deep ? maker->lower : maker->root,
	    .name = RK_ATTEST_F9,
	    .issuer = deep ? RK_ATTEST_LOWER : RK_ATTEST_ROOT,
	    .constraints = "critical,CA:TRUE,pathlen:0",
	    .extras = extras};
}

struct rk_cert_maker
rk_attest_maker_leaf(const struct rk_attest_maker *maker)
{
	static const struct rk_cert_extra extras[] = {
	    {RK_ATTEST_ARC ".3", "\x05\x07\x01", 3, false},
	    {RK_ATTEST_ARC ".7", "\x02\x04\x00\xf3\x34\xe7", 6, false},
	    {RK_ATTEST_ARC ".8", "\x03\x02", 2, false},
	    {RK_ATTEST_ARC ".9", "\x03", 1, false},
	    {NULL, NULL, 0, false},
	};

	return (struct rk_cert_maker){.pair = maker->slot,
	    .signer = maker->f9,
	    .name = RK_ATTEST_SLOT,
	    .issuer = RK_ATTEST_F9,
	    .constraints = "",
	    .extras = extras};
}
