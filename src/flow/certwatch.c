#include "flow/certwatch.h"

#include "base/show.h"
#include "world/certificate.h"

#include <stdlib.h>

/* A new keep's policy: 12 and 7 months. */
static const unsigned usual[] = {365, 210};

void
rk_certwatch_free(rk_certwatch *watch)
{
	if (!watch)
		return;
	for (size_t i = 0; i < watch->count; i++) {
		free(watch->items[i].keyid);
		free(watch->items[i].gun);
	}
	free(watch->items);
	free(watch);
}

static unsigned
alarm_of(int64_t left, const unsigned *days, size_t count)
{
	unsigned alarm = 0;

	for (size_t i = 0; i < count; i++)
		if (left <= days[i] * RK_DAY && (alarm == 0 || days[i] < alarm))
			alarm = days[i];
	return alarm;
}

static rk_error *
add_item(rk_certwatch *watch, const rk_dialect *dialect, const rk_tuf_key *key)
{
	struct rk_certwatch_item *item = &watch->items[watch->count];
	RK_AUTO(rk_certificate) certificate = NULL;
	rk_error *err = dialect->certificate_of(key, &certificate);

	if (err || !certificate)
		return err;
	item->not_after = certificate->not_after;
	err = rk_strdup(key->keyid, &item->keyid);
	if (!err)
		err = rk_strdup(certificate->name ? certificate->name : "", &item->gun);
	watch->count++;
	return err;
}

rk_error *
rk_certwatch_take(const rk_root *root, const rk_keep *keep, int64_t now, rk_certwatch **ret_watch)
{
	RK_AUTO(rk_certwatch) watch = calloc(1, sizeof(*watch));
	const rk_role *role = rk_root_role(root, RK_ROLE_ROOT);
	unsigned kept[RK_KEEP_WARN_MAX];
	size_t count =
	    keep ? rk_keep_warn_days(keep, "certificate", kept) : sizeof(usual) / sizeof(usual[0]);
	rk_error *err = NULL;

	if (watch)
		watch->items = calloc(role->keyid_count + 1, sizeof(*watch->items));
	if (!watch || !watch->items)
		return rk_out_of_memory();
	for (size_t i = 0; root->dialect->certificate_of && i < role->keyid_count && !err; i++) {
		const rk_tuf_key *key = rk_keyring_by_id(root->keys, role->keyids[i]);

		if (key && key->pubkey)
			err = add_item(watch, root->dialect, key);
	}
	for (size_t i = 0; i < watch->count && !err; i++) {
		int64_t left = watch->items[i].not_after - now;

		watch->items[i].expired = left <= 0;
		watch->items[i].alarm = alarm_of(left, keep ? kept : usual, count);
	}
	if (!err)
		*ret_watch = RK_TAKE(watch);
	return err;
}

void
rk_certwatch_sentence(const struct rk_certwatch_item *item, const char *key, const char *repo,
    int64_t now, rk_buf *out)
{
	char distance[32];

	rk_buf_printf(out, "the certificate of %s for %s %s %s (%s)", key, RK_SHOW_BARE(item->gun),
	    item->expired ? "expired" : "expires", rk_time_distance(distance, now, item->not_after),
	    RK_TIME(item->not_after));
	if (item->expired)
		rk_buf_text(out, ": clients and the server refuse whatever it should sign; begin "
				 "anew under this name, and clear what clients remember");
	else if (item->alarm && repo)
		rk_buf_printf(out,
		    ": after that nothing can be changed any more; renew it with 'rootkeep key "
		    "certify %s --gun %s', then 'rootkeep renew %s --role root' and 'rootkeep "
		    "sign'",
		    key, RK_SHOW_BARE(item->gun), repo);
	else if (item->alarm)
		rk_buf_text(out, ": after that nothing can be changed any more");
}
