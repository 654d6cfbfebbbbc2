/* fuzz: gives arbitrary bytes to every reader of files.
 *
 * A harness is one function, int fuzz_NAME(const uint8_t *data, size_t size), which gives the bytes to a reader, checks
 * the result, and returns 0. A fault ends the process: a crash, a sanitizer's report, REQUIRE, too much memory. Two
 * engines call it: drive.c, which any compiler builds, and clang's libFuzzer (-DFUZZ_ONE=NAME).
 *
 * A new harness: write fuzz_NAME in a file here, describe it with HARNESS, add NAME to the list below, and put a few
 * small first inputs into a folder of tests/corpus.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include "core/base.h"
#include "core/rng.h"

/* clang-format off */
#define HARNESSES(X)                                                                                                   \
    X(png) X(jpeg) X(ppm) X(zlib) X(gzip) X(deflate) X(safetensors) X(model) X(pretrained) X(json) X(labels) X(cifar)  \
    X(vocabulary) X(tokens) X(unicode) X(text) X(options) X(holdout) X(log) X(batches) X(cells) X(caption)             \
    X(minimal_pairs) X(limits) X(pairs) X(progress) X(quiz) X(config) X(wav)
/* clang-format on */

enum { FUZZ_MAX = 1 << 16 }; /* bytes of an input */

/* Pieces of a format for the mutator; they may contain zero bytes. */
typedef struct {
    const char *bytes;
    size_t size;
} Word;
#define W(text)                                                                                                        \
    { text, sizeof text - 1 }

/* An input that is being changed; it has room for FUZZ_MAX bytes. */
typedef struct {
    uint8_t *data;
    size_t size;
} Input;

typedef struct {
    const char *name;
    int (*run)(const uint8_t *data, size_t size);
    const char *corpus; /* folder of tests/corpus with the first inputs; NULL: none */
    size_t (*make)(int i,
                   Input *); /* the i-th further input to begin with; 0: there are no more. NULL: there are none */
    void (*mend)(Input *);   /* corrects lengths and checksums after a change; or NULL */
    const Word *words;       /* ends with { 0 }; or NULL */
    int check;               /* number of changed inputs in `make check`; all harnesses take about the same time */
} Harness;

#define HARNESS(id, ...) const Harness harness_##id = { .name = #id, .run = fuzz_##id, __VA_ARGS__ }

/* Checks the answer of a reader: a refusal has a message of one line without control characters. The message is a sign:
 * an input with a new sign is kept and changed further. */
void fuzz_answer(bool ok, const Err *err);

/* Adds another fact to the sign. */
void fuzz_sign(uint64_t fact);
extern uint64_t fuzz_signs; /* the hash of all signs of the current input */

/* Changes `input` in one or more places, also with pieces of `other` and words of the harness. */
void fuzz_mutate(const Harness *harness, Rng *rng, Input *input, Input other);

/* A copy in memory of exactly its size, so that a sanitizer detects reading beyond the end. Owner: the caller (free).
 * */
uint8_t *fuzz_copy(const uint8_t *data, size_t size);

#endif
