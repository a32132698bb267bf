#include "flow/inspect.h"

#include "base/show.h"

#include <stdlib.h>
#include <string.h>

#define DELEGATED "targets/"
#define RELEASES "targets/releases"
#define NOT_COVERED SIZE_MAX

/* One role of the walk, from targets outward. */
struct stop {
	const rk_client_role *role;
	rk_delegations *delegations;
	size_t shortest; /* length of the shortest prefix of the tag that it may sign */
};

/* A target as one role lists it. */
struct listed {
	char *name;
	char digest[2 * RK_SHA256_SIZE + 1];
	size_t stop;
};

struct walk {
	const rk_client_state *state;
	const char *tag;
	const rk_client_role **by_name; /* sorted */
	struct stop *stops;
	size_t stop_count;
	struct listed *listed;
	size_t count, cap;
};

static void
walk_clear(struct walk *walk)
{
	for (size_t i = 0; i < walk->stop_count; i++)
		rk_delegations_free(walk->stops[i].delegations);
	for (size_t i = 0; i < walk->count; i++)
		free(walk->listed[i].name);
	free(walk->stops);
	free(walk->listed);
	free(walk->by_name);
}

void
rk_inspect_free(rk_inspect *inspect)
{
	if (!inspect)
		return;
	for (size_t i = 0; i < inspect->tag_count; i++)
		free(inspect->tags[i].name);
	for (size_t i = 0; i < inspect->signed_count; i++)
		free(inspect->signed_by[i]);
	for (size_t i = 0; i < inspect->signer_count; i++) {
		free(inspect->signers[i].name);
		rk_names_free(inspect->signers[i].keyids);
	}
	free(inspect->tags);
	free(inspect->signed_by);
	free(inspect->signers);
	rk_names_free(inspect->root_keys);
	rk_names_free(inspect->targets_keys);
	free(inspect);
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Two numbers where both begin: by value, then by how many zeros lead. Moves past both. */
static int
compare_numbers(const char **a, const char **b)
{
	size_t zeros_a = strspn(*a, "0"), zeros_b = strspn(*b, "0");
	const char *digits_a = *a + zeros_a, *digits_b = *b + zeros_b;
	size_t len_a = strspn(digits_a, "0123456789"), len_b = strspn(digits_b, "0123456789");
	int order = 0;

	if (len_a == len_b)
		order = memcmp(digits_a, digits_b, len_a);
	else
		order = len_a < len_b ? -1 : 1;
	if (order == 0 && zeros_a != zeros_b)
		order = zeros_a < zeros_b ? -1 : 1;
	*a = digits_a + len_a;
	*b = digits_b + len_b;
	return order;
}

int
rk_inspect_compare(const char *a, const char *b)
{
	while (*a && *b) {
		if (is_digit(*a) != is_digit(*b))
			return is_digit(*a) ? -1 : 1;
		if (is_digit(*a)) {
			int order = compare_numbers(&a, &b);

			if (order != 0)
				return order;
		} else if (*a != *b) {
			return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
		} else {
			a++;
			b++;
		}
	}
	return (*a != '\0') - (*b != '\0');
}

/* The walk. */

static int
by_name(const void *a, const void *b)
{
	const rk_client_role *const *one = a, *const *other = b;

	return strcmp((*one)->name, (*other)->name);
}

static int
name_against(const void *name, const void *role)
{
	const rk_client_role *const *one = role;

	return strcmp(name, (*one)->name);
}

static rk_error *
index_roles(struct walk *walk)
{
	size_t count = walk->state->count;

	walk->by_name = calloc(count + 1, sizeof(const rk_client_role *));
	walk->stops = calloc(count + 1, sizeof(*walk->stops));
	if (!walk->by_name || !walk->stops)
		return rk_out_of_memory();
	for (size_t i = 0; i < count; i++)
		walk->by_name[i] = &walk->state->roles[i];
	qsort(walk->by_name, count, sizeof(const rk_client_role *), by_name);
	return NULL;
}

static const rk_client_role *
find_role(const struct walk *walk, const char *name)
{
	const rk_client_role *const *found = bsearch(
	    name, walk->by_name, walk->state->count, sizeof(const rk_client_role *), name_against);

	return found && (*found)->verdict && (*found)->verdict->met ? *found : NULL;
}

/* The shortest of its paths that the tag begins with, of those that its delegator may give away. */
static size_t
shortest_cover(const rk_role *role, const char *tag, size_t delegators)
{
	size_t shortest = NOT_COVERED;

	for (size_t i = 0; i < role->path_count; i++) {
		size_t len = strlen(role->paths[i]);

		if (len >= delegators && len < shortest && !strncmp(role->paths[i], tag, len))
			shortest = len;
	}
	return shortest;
}

static rk_error *
add_stop(struct walk *walk, const rk_client_role *role, size_t shortest)
{
	struct stop *stop = &walk->stops[walk->stop_count++];

	stop->role = role;
	stop->shortest = shortest;
	return rk_delegations_read(role->envelope, &stop->delegations);
}

/* A role's children, in the file's order; who delegates to a name first has it. */
static rk_error *
add_children(struct walk *walk, size_t at)
{
	const rk_delegations *delegations = walk->stops[at].delegations;
	rk_error *err = NULL;

	for (size_t i = 0; i < delegations->count && !err; i++) {
		const rk_role *child = delegations->roles[i];
		const rk_client_role *role = find_role(walk, child->name);
		size_t shortest = walk->stops[at].shortest;

		if (!role || walk->stop_count > walk->state->count)
			continue;
		if (walk->tag && shortest != NOT_COVERED)
			shortest = shortest_cover(child, walk->tag, shortest);
		err = add_stop(walk, role, shortest);
	}
	return err;
}

static rk_error *
take_stops(struct walk *walk)
{
	rk_error *err = index_roles(walk);
	const rk_client_role *targets = err ? NULL : find_role(walk, "targets");

	if (!err && targets)
		err = add_stop(walk, targets, 0);
	for (size_t i = 0; i < walk->stop_count && !err; i++)
		err = add_children(walk, i);
	return err;
}

/* Takes the target's name over. */
static rk_error *
note_target(struct walk *walk, rk_target *target, size_t stop)
{
	struct listed *listed;

	if (walk->count == walk->cap) {
		size_t cap = walk->cap ? 2 * walk->cap : 64;
		struct listed *grown = realloc(walk->listed, cap * sizeof(*grown));

		if (!grown)
			return rk_out_of_memory();
		walk->listed = grown;
		walk->cap = cap;
	}
	listed = &walk->listed[walk->count++];
	*listed = (struct listed){.stop = stop};
	listed->name = RK_TAKE(target->name);
	if (target->hashes.have & 1u << RK_HASH_SHA256)
		rk_hex(listed->digest, target->hashes.value[RK_HASH_SHA256], RK_SHA256_SIZE);
	return NULL;
}

static rk_error *
take_targets(struct walk *walk, size_t stop)
{
	rk_targets_iter iter = rk_targets_each(walk->stops[stop].role->envelope);
	rk_error *err = NULL;

	if (walk->tag && walk->stops[stop].shortest == NOT_COVERED)
		return NULL;
	while (!err) {
		RK_AUTO(rk_target) target = NULL;

		err = rk_targets_next(&iter, &target);
		if (err || !target)
			break;
		if (!walk->tag || !strcmp(walk->tag, target->name))
			err = note_target(walk, target, stop);
	}
	return err;
}

/* What the walk found, as docker puts it together. */

static bool
is_release(const char *role)
{
	return !strcmp(role, "targets") || !strcmp(role, RELEASES);
}

static int
same_target(const struct listed *a, const struct listed *b)
{
	int order = strcmp(a->name, b->name);

	return order != 0 ? order : strcmp(a->digest, b->digest);
}

static int
by_target(const void *a, const void *b)
{
	const struct listed *one = a, *other = b;
	int order = same_target(one, other);

	return order != 0 ? order : (one->stop > other->stop) - (one->stop < other->stop);
}

static int
by_tag(const void *a, const void *b)
{
	const rk_inspect_tag *one = a, *other = b;
	int order = rk_inspect_compare(one->name, other->name);

	return order != 0 ? order : strcmp(one->digest, other->digest);
}

static const char *
signer_name(const char *role)
{
	size_t len = strlen(DELEGATED);

	return strncmp(role, DELEGATED, len) == 0 ? role + len : role;
}

/* Entries `from` to `to` are one name and digest: a tag, if anyone released it. */
static rk_error *
take_tag(const struct walk *walk, size_t from, size_t to, rk_inspect *inspect)
{
	rk_inspect_tag tag = {.first = inspect->signed_count};
	bool released = false;
	rk_error *err = NULL;

	for (size_t i = from; i < to; i++)
		released = released || is_release(walk->stops[walk->listed[i].stop].role->name);
	if (!released)
		return NULL;
	for (size_t i = from; i < to && !err; i++) {
		const char *role = walk->stops[walk->listed[i].stop].role->name;

		if (is_release(role))
			continue;
		err = rk_strdup(signer_name(role), &inspect->signed_by[inspect->signed_count]);
		if (!err)
			inspect->signed_count++;
	}
	tag.signers = inspect->signed_count - tag.first;
	memcpy(tag.digest, walk->listed[from].digest, sizeof(tag.digest));
	if (!err)
		err = rk_strdup(walk->listed[from].name, &tag.name);
	if (!err)
		inspect->tags[inspect->tag_count++] = tag;
	return err;
}

static rk_error *
take_tags(struct walk *walk, rk_inspect *inspect)
{
	rk_error *err = NULL;
	size_t end;

	for (size_t i = 0; i < walk->stop_count && !err; i++)
		err = take_targets(walk, i);
	if (err)
		return err;
	inspect->tags = calloc(walk->count + 1, sizeof(*inspect->tags));
	inspect->signed_by = calloc(walk->count + 1, sizeof(*inspect->signed_by));
	if (!inspect->tags || !inspect->signed_by)
		return rk_out_of_memory();
	if (walk->count > 0)
		qsort(walk->listed, walk->count, sizeof(*walk->listed), by_target);
	for (size_t i = 0; i < walk->count && !err; i = end) {
		for (end = i + 1; end < walk->count; end++)
			if (same_target(&walk->listed[i], &walk->listed[end]) != 0)
				break;
		err = take_tag(walk, i, end, inspect);
	}
	if (inspect->tag_count > 0)
		qsort(inspect->tags, inspect->tag_count, sizeof(*inspect->tags), by_tag);
	return err;
}

/* The id of the plain key, whatever the file has around it. A key that is not understood, or not
 * there, goes by the id that names it. */
static rk_error *
add_canonical(const rk_dialect *dialect, const rk_delegations *delegations, const char *keyid,
    rk_names *keyids)
{
	const rk_tuf_key *key = rk_keyring_by_id(delegations->keys, keyid);
	char id[RK_KEYID_HEX];
	rk_error *err;

	if (!key || !key->pubkey)
		return rk_names_add(keyids, keyid);
	err = rk_tuf_key_canonical_id(dialect, key->pubkey, id);
	return err ? err : rk_names_add(keyids, id);
}

static rk_error *
take_signer(const struct walk *walk, const rk_delegations *delegations, const rk_role *role,
    rk_inspect_signer *signer)
{
	rk_error *err = rk_strdup(signer_name(role->name), &signer->name);

	signer->keyids = calloc(1, sizeof(*signer->keyids));
	if (!err && !signer->keyids)
		err = rk_out_of_memory();
	for (size_t i = 0; i < role->keyid_count && !err; i++)
		err = add_canonical(
		    walk->state->dialect, delegations, role->keyids[i], signer->keyids);
	return err;
}

static int
by_signer(const void *a, const void *b)
{
	const rk_inspect_signer *one = a, *other = b;

	return rk_inspect_compare(one->name, other->name);
}

/* Also those that have published nothing yet. */
static rk_error *
take_signers(const struct walk *walk, rk_inspect *inspect)
{
	size_t most = 0;
	rk_error *err = NULL;

	for (size_t i = 0; i < walk->stop_count; i++)
		most += walk->stops[i].delegations->count;
	inspect->signers = calloc(most + 1, sizeof(*inspect->signers));
	if (!inspect->signers)
		return rk_out_of_memory();
	for (size_t i = 0; i < walk->stop_count; i++) {
		const rk_delegations *delegations = walk->stops[i].delegations;

		for (size_t j = 0; j < delegations->count && !err; j++)
			if (!is_release(delegations->roles[j]->name))
				err = take_signer(walk, delegations, delegations->roles[j],
				    &inspect->signers[inspect->signer_count++]);
	}
	if (inspect->signer_count > 0)
		qsort(
		    inspect->signers, inspect->signer_count, sizeof(*inspect->signers), by_signer);
	return err;
}

static rk_error *
take_admins(const rk_root *root, enum rk_role_kind kind, rk_names **ret_keys)
{
	RK_AUTO(rk_names) keys = calloc(1, sizeof(*keys));
	const rk_role *role = rk_root_role(root, kind);
	rk_error *err = keys ? NULL : rk_out_of_memory();

	for (size_t i = 0; !err && i < role->keyid_count; i++)
		err = rk_names_add(keys, role->keyids[i]);
	if (!err)
		*ret_keys = RK_TAKE(keys);
	return err;
}

rk_error *
rk_inspect_take(const rk_client_state *state, const char *tag, rk_inspect **ret_inspect)
{
	struct walk walk = {.state = state, .tag = tag};
	RK_AUTO(rk_inspect) inspect = NULL;
	rk_error *err;

	if (!state->dialect->one_reader)
		return rk_fail(RK_E_REFUSED,
		    "see 'rootkeep verify', 'rootkeep role show' and 'rootkeep target list'",
		    "docker shows Notary's repositories alone, and this one is %s",
		    state->dialect->title);
	inspect = calloc(1, sizeof(*inspect));
	err = inspect ? take_stops(&walk) : rk_out_of_memory();
	if (!err)
		err = take_tags(&walk, inspect);
	if (!err)
		err = take_signers(&walk, inspect);
	if (!err)
		err = take_admins(state->root, RK_ROLE_ROOT, &inspect->root_keys);
	if (!err)
		err = take_admins(state->root, RK_ROLE_TARGETS, &inspect->targets_keys);
	if (!err)
		*ret_inspect = RK_TAKE(inspect);
	walk_clear(&walk);
	return err;
}
