/* arena: memory that is allocated piece by piece and freed as a whole. */
#ifndef ARENA_H
#define ARENA_H

#include "core/base.h"

/* `Arena a = {0};` is a valid empty arena. */
typedef struct ArenaChunk ArenaChunk;
typedef struct {
    ArenaChunk *first, *now; /* list of chunks, in order of use; the one in use */
    size_t used;             /* bytes used of `now` */
} Arena;

/* A position in an arena. */
typedef struct {
    ArenaChunk *now;
    size_t used;
} ArenaMark;

/* count * size bytes, aligned to 64 (every vector type), not initialised (NaN with -DDEBUG), owned by the arena. Linux
 * is asked for huge pages (2 MB), which it fills at once.
 * Ends the program with one line if memory is short or the product overflows. */
void *arena_alloc(Arena *arena, size_t count, size_t size);
void *arena_zero(Arena *arena, size_t count, size_t size); /* filled with zero bytes */

/* A copy of `text`, or printf into a new string; owned by the arena. */
char *arena_text(Arena *arena, const char *text);
char *arena_print(Arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);
/* Frees what was allocated after the mark; the chunks stay for later use. */
ArenaMark arena_mark(const Arena *arena);
void arena_release(Arena *arena, ArenaMark mark);

void arena_reset(Arena *arena);        /* frees everything; the chunks stay for later use */
void arena_free(Arena *arena);         /* returns the chunks to the system; the arena is valid and empty */
size_t arena_held(const Arena *arena); /* bytes in all chunks */

#endif
