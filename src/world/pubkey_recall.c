#include "world/pubkey_private.h"

#include <pthread.h>
#include <string.h>

/*
 * The roots of a keep's thousand repositories name the same few keys, and OpenSSL takes longer to
 * read one than to verify with it. So what was read last is kept, by the digest of its bytes: keys
 * are immutable, and nothing but time depends on what is found here.
 */
#define PLACES 256

static struct place {
	uint8_t digest[32];
	rk_pubkey *key;
} places[PLACES];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct place *
place_of(const uint8_t digest[static 32])
{
	return &places[digest[0] % PLACES];
}

rk_pubkey *
rk_pubkey_recall(const uint8_t digest[static 32])
{
	const struct place *place = place_of(digest);
	rk_pubkey *key = NULL;

	pthread_mutex_lock(&lock);
	if (place->key && memcmp(place->digest, digest, sizeof(place->digest)) == 0)
		key = rk_pubkey_ref(place->key);
	pthread_mutex_unlock(&lock);
	return key;
}

void
rk_pubkey_remember(const uint8_t digest[static 32], const rk_pubkey *key)
{
	struct place *place = place_of(digest);

	pthread_mutex_lock(&lock);
	rk_pubkey_free(place->key);
	place->key = rk_pubkey_ref(key);
	memcpy(place->digest, digest, sizeof(place->digest));
	pthread_mutex_unlock(&lock);
}
