#include "core/arena.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* With the address sanitizer an arena is as strict as malloc: reading or writing the gap behind a piece, or memory that
 * is not allocated or was freed, stops the program. */
#ifndef __has_feature
#define __has_feature(feature) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
enum { GAP = 64 };
#define FORBID(data, size) __asan_poison_memory_region(data, size)
#define ALLOW(data, size)  __asan_unpoison_memory_region(data, size)
#else
enum { GAP = 0 };
#define FORBID(data, size) ((void)(data), (void)(size))
#define ALLOW(data, size)  ((void)(data), (void)(size))
#endif

/* A chunk of at least a huge page begins at one. So does every new chunk of an arena that holds between SMALL_ARENA and
 * LARGE_ARENA bytes. In a larger arena small pieces lie between large ones and would fill little of a huge page. */
enum { ALIGN = 64, CHUNK_MIN = 1 << 20, HUGE_PAGE = 2 << 20, SMALL_ARENA = 8 << 20, LARGE_ARENA = 64 << 20 };

struct ArenaChunk {
    ArenaChunk *next;
    size_t size;
    uint8_t *data; /* ALIGN-aligned */
};

static ArenaChunk *chunk_new(size_t size) {
    void *block = NULL;
    size_t head = (sizeof(ArenaChunk) + ALIGN - 1) / ALIGN * ALIGN;
    size_t align = size >= HUGE_PAGE - head ? HUGE_PAGE : ALIGN;
    if (size > SIZE_MAX - head || posix_memalign(&block, align, head + size) != 0)
        die("out of memory: %.1f MB more are needed; close other programs or use a smaller batch", (double)size / 1e6);
#ifdef MADV_HUGEPAGE /* Linux: one page fault instead of 512; a system without such pages refuses */
    if (align == HUGE_PAGE) madvise(block, head + size, MADV_HUGEPAGE);
#endif
    ArenaChunk *chunk = block;
    *chunk = (ArenaChunk){ .next = NULL, .size = size, .data = (uint8_t *)block + head };
    FORBID(chunk->data, size);
    return chunk;
}

/* Makes `now` a chunk with room for `size` bytes: the next chunk, or a new one in its place if it is too small. So a
 * loop that resets the arena and allocates the same again finds the same chunks. */
static void arena_grow(Arena *arena, size_t size) {
    ArenaChunk **link = arena->now ? &arena->now->next : &arena->first;
    if (!*link || (*link)->size < size) {
        size_t held = arena_held(arena);
        size_t least = held < SMALL_ARENA || held > LARGE_ARENA ? CHUNK_MIN : HUGE_PAGE - ALIGN;
        ArenaChunk *small = *link, *chunk = chunk_new(MAX(size, least));
        chunk->next = small ? small->next : NULL;
        free(small);
        *link = chunk;
    }
    arena->now = *link;
    arena->used = 0;
}

void *arena_alloc(Arena *arena, size_t count, size_t size) {
    size_t bytes;
    if (!size_fits(count, size, &bytes) || bytes > SIZE_MAX / 2 - GAP)
        die("out of memory: %zu elements of %zu bytes are needed", count, size);
    size_t taken = (bytes + ALIGN - 1) / ALIGN * ALIGN + GAP;
    if (!arena->now || arena->now->size - arena->used < taken) arena_grow(arena, taken);
    void *memory = arena->now->data + arena->used;
    arena->used += taken;
    ALLOW(memory, bytes);
#ifdef DEBUG
    memset(memory, 0xff, bytes); /* all ones is a NaN: a number that is read before it is written shows */
#endif
    return memory;
}

void *arena_zero(Arena *arena, size_t count, size_t size) {
    return memset(arena_alloc(arena, count, size), 0, count * size);
}
char *arena_text(Arena *arena, const char *text) { return arena_print(arena, "%s", text); }

char *arena_print(Arena *arena, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    char *text = arena_alloc(arena, (size_t)length + 1, 1);
    vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    va_end(args);
    return text;
}

ArenaMark arena_mark(const Arena *arena) { return (ArenaMark){ arena->now, arena->used }; }

void arena_release(Arena *arena, ArenaMark mark) {
    for (ArenaChunk *chunk = mark.now ? mark.now : arena->first; arena->now && chunk; chunk = chunk->next) {
        size_t kept = chunk == mark.now ? mark.used : 0;
        FORBID(chunk->data + kept, chunk->size - kept);
        if (chunk == arena->now) break;
    }
    arena->now = mark.now;
    arena->used = mark.used;
}

void arena_reset(Arena *arena) { arena_release(arena, (ArenaMark){ NULL, 0 }); }
void arena_free(Arena *arena) {
    for (ArenaChunk *chunk = arena->first, *next; chunk; chunk = next) {
        next = chunk->next;
        free(chunk);
    }
    *arena = (Arena){ 0 };
}
size_t arena_held(const Arena *arena) {
    size_t held = 0;
    for (const ArenaChunk *chunk = arena->first; chunk; chunk = chunk->next) held += chunk->size;
    return held;
}
