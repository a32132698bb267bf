#include "keep/change_private.h"

#include <stdlib.h>
#include <string.h>

/* FNV-1a: paths are our own, so nobody gains by making them collide. */
static uint64_t
hash(const char *path)
{
	uint64_t value = UINT64_C(14695981039346656037);

	for (; *path; path++)
		value = (value ^ (uint8_t)*path) * UINT64_C(1099511628211);
	return value;
}

/* The slot that holds the path, or the free one that it would take. */
static size_t
probe(
    const struct rk_change_index *index, const struct rk_change_effects *effects, const char *path)
{
	size_t slot = (size_t)hash(path) & (index->size - 1);

	while (index->slots[slot] && strcmp(effects->items[index->slots[slot] - 1].path, path) != 0)
		slot = (slot + 1) & (index->size - 1);
	return slot;
}

struct rk_change_effect *
rk_change_index_find(
    const struct rk_change_index *index, const struct rk_change_effects *effects, const char *path)
{
	size_t slot;

	if (!index->size)
		return NULL;
	slot = probe(index, effects, path);
	return index->slots[slot] ? &effects->items[index->slots[slot] - 1] : NULL;
}

static rk_error *
grow(struct rk_change_index *index, const struct rk_change_effects *effects)
{
	struct rk_change_index larger = {.size = index->size ? 2 * index->size : 32};

	larger.slots = calloc(larger.size, sizeof(*larger.slots));
	if (!larger.slots)
		return rk_out_of_memory();
	for (size_t i = 0; i < effects->count; i++)
		larger.slots[probe(&larger, effects, effects->items[i].path)] = i + 1;
	free(index->slots);
	*index = larger;
	return NULL;
}

rk_error *
rk_change_index_last(struct rk_change_index *index, const struct rk_change_effects *effects)
{
	size_t last = effects->count - 1;

	if (2 * effects->count >= index->size)
		return grow(index, effects);
	index->slots[probe(index, effects, effects->items[last].path)] = last + 1;
	return NULL;
}

void
rk_change_index_clear(struct rk_change_index *index)
{
	free(index->slots);
	*index = (struct rk_change_index){0};
}
