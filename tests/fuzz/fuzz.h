/* fuzz: every reader of foreign bytes, given bytes nobody meant for it.
 *
 * A harness is one function, int fuzz_NAME(const uint8_t *data, size_t size), which gives the bytes to a reader, checks what
 * came out, and returns 0. Whatever is wrong ends the process: a crash, a sanitizer's word, REQUIRE, too much memory.
 * Two engines call it: drive.c, which any compiler builds, and clang's libFuzzer (-DFUZZ_ONE=NAME).
 *
 * A new harness: write fuzz_NAME in a file here, describe it with HARNESS, add NAME to the list below, and put a few small
 * files to begin with into a folder of tests/corpus.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include "core/base.h"
#include "core/rng.h"

#define HARNESSES(X)                                                                                                   \
    X(png)                                                                                                             \
    X(ppm)                                                                                                             \
    X(zlib)                                                                                                            \
    X(gzip) X(deflate) X(safetensors) X(model) X(pretrained) X(json) X(labels) X(cifar) X(vocabulary) X(tokens)        \
        X(unicode) X(text) X(options) X(holdout) X(log) X(caption) X(minimal_pairs) X(limits) X(progress) X(quiz)

enum { FUZZ_MAX = 1 << 16 }; /* bytes of an input */

/* Pieces of a format, for the mutator; bytes, so that zeros may be among them. */
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
    const char *corpus; /* the folder of tests/corpus with the files to begin with; NULL: there is none */
    size_t (*make)(int i,
                   Input *); /* the i-th further input to begin with; 0: there are no more. NULL: there are none */
    void (*mend)(Input *);   /* makes lengths and checksums right again, so that a change gets past them; or NULL */
    const Word *words;       /* ends with { 0 }; or NULL */
    int check;               /* changed inputs in `make check`; each takes a part of it that is about equal */
} Harness;

#define HARNESS(id, ...) const Harness harness_##id = { .name = #id, .run = fuzz_##id, __VA_ARGS__ }

/* Checks how a reader answered: a refusal has a message, and that is one line which no terminal obeys. What was said is
 * a sign of where the reader went: an input that makes it say something new is worth changing further. */
void fuzz_answer(bool ok, const Err *err);

/* The same sign from other facts, any number. */
void fuzz_sign(uint64_t fact);
extern uint64_t fuzz_signs; /* of the input that runs, mixed */

/* One to some changes of `input`, from `other` among them, by the means of a harness. */
void fuzz_mutate(const Harness *harness, Rng *rng, Input *input, Input other);

/* A copy in memory of its own, exactly as long as its contents, so that reading beyond shows. Free it. */
uint8_t *fuzz_copy(const uint8_t *data, size_t size);

#endif
