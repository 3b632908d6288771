// SPDX-License-Identifier: ISC

#include "config/memory.h"

#include "base/array.h"
#include "base/index.h"
#include "base/rng.h"

#include <errno.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_SIZE = 64 * 1024 };

struct chunk {
	struct chunk *next;
	size_t used, size;
	alignas(max_align_t) char data[];
};

/* Items that are found again by what they hold. */
struct pool {
	const void **items;
	size_t count, size;
	struct index index;
};

/* A zone that there is not: a thousand devices may name it, and it is looked for once. */
struct refusal {
	struct refusal *next;
	const char *name;
	int code;
	struct error why;
};

struct config_memory {
	struct chunk *chunks;
	struct zone **zones;
	size_t zone_count;
	struct refusal *refusals;
	struct pool texts;
	struct pool settings;
};

struct config_memory *config_memory_new(void) {
	return calloc(1, sizeof(struct config_memory));
}

static void pool_done(struct pool *pool) {
	free(pool->items);
	index_done(&pool->index);
	*pool = (struct pool){0};
}

void memory_seal(struct config_memory *memory) {
	pool_done(&memory->texts);
	pool_done(&memory->settings);
}

void config_memory_free(struct config_memory *memory) {
	if (!memory) {
		return;
	}

	memory_seal(memory);
	for (size_t i = 0; i < memory->zone_count; i++) {
		zone_free(memory->zones[i]);
	}
	free(memory->zones);
	for (struct chunk *chunk = memory->chunks; chunk;) {
		struct chunk *next = chunk->next;
		free(chunk);
		chunk = next;
	}
	free(memory);
}

static void *take(struct config_memory *memory, size_t size, size_t align) {
	struct chunk *chunk = memory->chunks;
	size_t at = chunk ? (chunk->used + align - 1) & ~(align - 1) : 0;

	if (!chunk || at > chunk->size || size > chunk->size - at) {
		size_t data_size = size > CHUNK_SIZE ? size : CHUNK_SIZE;
		if (data_size > SIZE_MAX - sizeof(*chunk)) {
			return NULL;
		}
		chunk = malloc(sizeof(*chunk) + data_size);
		if (!chunk) {
			return NULL;
		}
		*chunk = (struct chunk){.next = memory->chunks, .size = data_size};
		memory->chunks = chunk;
		at = 0;
	}
	chunk->used = at + size;
	return chunk->data + at;
}

void *memory_alloc(struct config_memory *memory, size_t size) {
	void *data = take(memory, size, alignof(max_align_t));
	return data ? memset(data, 0, size) : NULL;
}

/* Room for one more, made before the index is told of it. */
static int pool_reserve(struct pool *pool) {
	return array_reserve(&pool->items, &pool->size, pool->count + 1, sizeof(*pool->items));
}

/* Text comes by the hundred thousand: it is packed without alignment. */
static const void *copy_of(struct config_memory *memory, const void *data, size_t size, size_t align) {
	void *copy = take(memory, size, align);
	return copy ? memcpy(copy, data, size) : NULL;
}

static const void *pool_get(struct config_memory *memory, struct pool *pool, const void *key, size_t size,
                            size_t align, uint64_t hash, index_same *same) {
	size_t found;
	if (pool_reserve(pool) < 0) {
		return NULL;
	}

	int r = index_add(&pool->index, hash, same, pool->items, key, pool->count, &found);
	if (r != 0) {
		return r > 0 ? pool->items[found] : NULL;
	}

	/* The index holds the position already: without a copy it would point at nothing. */
	const void *copy = copy_of(memory, key, size, align);
	if (!copy) {
		pool_done(pool);
		return NULL;
	}
	pool->items[pool->count++] = copy;
	return copy;
}

static bool same_text(const void *items, size_t position, const void *key) {
	const char *const *texts = items;
	return strcmp(texts[position], key) == 0;
}

const char *memory_text(struct config_memory *memory, const char *text) {
	size_t len = strlen(text);
	return pool_get(memory, &memory->texts, text, len + 1, 1, rng_hash(text, len), same_text);
}

/*
 * Settings are told apart by the keys that are read into them.  What else the struct
 * holds follows from those; and it has padding, so it cannot be compared as a whole.
 */
static const char *member_of(const struct settings *settings, const struct key *key) {
	bool inside = key->group == GROUP_DEFAULTS && key->offset >= offsetof(struct device_draft, settings) &&
	              key->offset + key->size <= offsetof(struct device_draft, settings) + sizeof(*settings);
	return inside ? (const char *)settings + (key->offset - offsetof(struct device_draft, settings)) : NULL;
}

static bool same_settings(const void *items, size_t position, const void *key) {
	const struct settings *const *all = items;
	for (enum key_id id = 0; id < KEY_COUNT; id++) {
		const char *member = member_of(key, &key_table[id]);
		if (member && memcmp(member, member_of(all[position], &key_table[id]), key_table[id].size) != 0) {
			return false;
		}
	}
	return true;
}

static uint64_t settings_hash(const struct settings *settings) {
	uint64_t hash = 0;
	for (enum key_id id = 0; id < KEY_COUNT; id++) {
		const char *member = member_of(settings, &key_table[id]);
		hash = member ? hash * 31 + rng_hash(member, key_table[id].size) : hash;
	}
	return hash;
}

const struct settings *memory_settings(struct config_memory *memory, const struct settings *settings) {
	return pool_get(memory, &memory->settings, settings, sizeof(*settings), alignof(struct settings),
	                settings_hash(settings), same_settings);
}

/* Without memory it will be looked for again. */
static int refuse_zone(struct config_memory *memory, const char *name, int code, const struct error *why) {
	struct refusal *refusal = memory_alloc(memory, sizeof(*refusal));
	const char *copy = refusal ? memory_text(memory, name) : NULL;
	if (copy) {
		*refusal = (struct refusal){memory->refusals, copy, code, *why};
		memory->refusals = refusal;
	}
	return code;
}

int memory_zone(struct config_memory *memory, const char *name, const struct zone **ret_zone,
                struct error *err) {
	for (size_t i = 0; i < memory->zone_count; i++) {
		if (strcmp(zone_name(memory->zones[i]), name) == 0) {
			*ret_zone = memory->zones[i];
			return 0;
		}
	}

	for (const struct refusal *refusal = memory->refusals; refusal; refusal = refusal->next) {
		if (strcmp(refusal->name, name) == 0) {
			*err = refusal->why;
			return refusal->code;
		}
	}

	struct zone **zones = reallocarray(memory->zones, memory->zone_count + 1, sizeof(*zones));
	if (!zones) {
		return -ENOMEM;
	}
	memory->zones = zones;

	struct zone *zone;
	int r = zone_load(name, &zone, err);
	if (r < 0) {
		return r == -ENOMEM ? r : refuse_zone(memory, name, r, err);
	}
	memory->zones[memory->zone_count++] = zone;
	*ret_zone = zone;
	return 0;
}

const struct zone *memory_zone_at(const struct config_memory *memory, size_t at) {
	return at < memory->zone_count ? memory->zones[at] : NULL;
}
