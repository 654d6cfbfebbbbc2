#include "dataset/pair_set.h"

#include "core/thread.h"
#include "dataset/words.h"

#include <string.h>

PairSet pair_set_cifar(Arena *arena, const Cifar *set, const char *const *templates, int template_count) {
    REQUIRE(template_count >= 1, "%d templates, want 1 or more", template_count);
    int captions = CIFAR_CLASSES * template_count, n = set->n;
    const uint8_t **planes = arena_alloc(arena, (size_t)n, sizeof *planes);
    const char **caption = arena_alloc(arena, (size_t)captions, sizeof *caption);
    int *group = arena_alloc(arena, (size_t)captions, sizeof *group), *own = arena_alloc(arena, (size_t)captions, 4);
    int *first = arena_alloc(arena, (size_t)n, sizeof *first), *count = arena_alloc(arena, (size_t)n, sizeof *count);
    for (int c = 0; c < captions; c++) {
        group[c] = c / template_count;
        caption[c] = text_fill(arena, templates[c % template_count], set->names[group[c]]);
        own[c] = c;
    }
    for (int i = 0; i < n; i++) {
        planes[i] = cifar_planes(set, i);
        first[i] = set->labels[i] * template_count;
        count[i] = template_count;
    }
    return (PairSet){ n,     CIFAR_SIDE, planes, captions, caption,
                      group, first,      count,  own,      .name = set->generated ? "generated shapes" : "CIFAR-10" };
}

int pair_set_groups(const PairSet *set, const int *ids, int T, int *group) {
    size_t slots = 64, row = (size_t)T * sizeof *ids;
    int groups = 0, n = set->caption_count;
    for (int c = 0; set->group && c < n; c++) {
        group[c] = set->group[c];
        groups = MAX(groups, group[c] + 1);
    }
    if (set->group) return groups;
    Arena work = { 0 };
    while (slots < 2 * (size_t)n) slots *= 2;
    int *slot = arena_alloc(&work, slots, sizeof *slot); /* hash table: a caption with these ids, or -1 */
    memset(slot, 0xff, slots * sizeof *slot);
    for (int c = 0; c < n; c++) {
        const int *own = ids + (size_t)c * (size_t)T;
        uint64_t hash = 0;
        for (int t = 0; t < T; t++) hash = (hash ^ (uint64_t)own[t]) * 0x100000001b3u + (hash >> 32);
        size_t at = (hash ^ hash >> 29) & (slots - 1);
        while (slot[at] >= 0 && memcmp(ids + (size_t)slot[at] * (size_t)T, own, row) != 0) at = (at + 1) & (slots - 1);
        if (slot[at] < 0) {
            slot[at] = c;
            group[c] = groups++;
        } else {
            group[c] = group[slot[at]];
        }
    }
    arena_free(&work);
    return groups;
}

typedef struct {
    const PairSet *set;
    uint8_t *sums; /* [n,32] */
} Sums;

static void sums_add(void *context, size_t begin, size_t end) {
    const Sums *sums = context;
    size_t size = 3 * (size_t)sums->set->side * (size_t)sums->set->side;
    for (size_t i = begin; i < end; i++) sha256_bytes(sums->set->planes[i], size, sums->sums + i * SHA256_BYTES);
}

/* The sum of: the sums of all pictures; then, as text, the captions of each picture and the group of each caption. */
void pair_set_sign(const PairSet *set, char hex[SHA256_HEX]) {
    if (set->signature) {
        snprintf(hex, SHA256_HEX, "%s", set->signature);
        return;
    }
    Arena work = { 0 };
    size_t pictures = (size_t)set->n * SHA256_BYTES, room = pictures + 64, used = pictures;
    for (int i = 0; i < set->n; i++) room += 16 + 16 * (size_t)set->count[i];
    for (int c = 0; c < set->caption_count; c++) room += 32 + strlen(set->caption[c]);
    char *all = arena_alloc(&work, room, 1);
    parallel_for((size_t)set->n, 64, sums_add, &(Sums){ set, (uint8_t *)all });
    for (int i = 0; i < set->n; i++) {
        for (int k = 0; k < set->count[i]; k++)
            used += (size_t)snprintf(all + used, room - used, " %d", set->own[set->first[i] + k]);
        used += (size_t)snprintf(all + used, room - used, "\n");
    }
    for (int c = 0; c < set->caption_count; c++)
        used += (size_t)snprintf(all + used, room - used, "%d %s\n", set->group ? set->group[c] : -1, set->caption[c]);
    sha256_hex(all, used, hex);
    arena_free(&work);
}
