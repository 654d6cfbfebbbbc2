/* scenes: captions of the grammar, probes about scenes, and the table of results. */
#include "fuzz.h"

#include "../minimal_pairs_file.h"
#include "core/file.h"
#include "scenes/result_table.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A caption that was parsed is parsed again from its own text. */
int fuzz_caption(const uint8_t *data, size_t size) {
    Caption caption = { .form = -1 }, again;
    Err err = { "" };
    char *text = malloc(size + 1), said[CAPTION_TEXT];
    if (!text) die("out of memory");
    if (size) memcpy(text, data, size);
    text[size] = '\0';
    bool ok = caption_parse(text, &caption, &err);
    fuzz_answer(ok, &err);
    REQUIRE(ok || caption.form == -1, "%s", "a refused caption was set");
    if (ok) {
        caption_text(&caption, said);
        REQUIRE(caption_parse(said, &again, &err) && caption_identical(&caption, &again),
                "\"%s\" does not come back: %s", said, err.text);
        fuzz_sign((uint64_t)caption.kind * 8 + (uint64_t)caption.form);
    }
    free(text);
    return 0;
}

int fuzz_minimal_pairs(const uint8_t *data, size_t size) {
    enum { SIDE = 32 };
    Arena arena = { 0 };
    Err err = { "" };
    MinimalPairs pairs;
    uint8_t *copy = fuzz_copy(data, size);
    file_mock("minimal-pairs", copy, size);
    bool ok = minimal_pairs_read(&pairs, &arena, "minimal-pairs", &err);
    fuzz_answer(ok, &err);
    if (ok) fuzz_answer(minimal_pairs_check(&pairs, &err), &err);
    if (ok && pairs.count) {
        double numbers[3 * SIDE * SIDE];
        uint8_t rgb[3 * SIDE * SIDE];
        scene_picture(&pairs.item[0].scene[0], (Canvas){ SIDE, numbers }, rgb);
    }
    file_mock(NULL, NULL, 0);
    free(copy);
    arena_free(&arena);
    return 0;
}

/* What the writer makes of a few items of each kind. */
static size_t minimal_pairs_seed(int i, Input *in) {
    Arena arena = { 0 };
    MinimalPairs pairs;
    Err err;
    File file;
    if (i >= PROBE_KINDS) return 0;
    char *name = arena_print(&arena, "%s/fuzz-pairs-%ld", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp", (long)getpid());
    if (!minimal_pairs_make(
            &pairs, &arena,
            &(MinimalPairsConfig){ .kind = (ProbeKind)i, .seed = 1, .count = 2, .paraphrases = PARAPHRASE_ALL },
            &err) ||
        !minimal_pairs_write(&pairs, name, &err) || !file_open(&file, name, &err))
        die("%s", err.text);
    REQUIRE(file.size <= FUZZ_MAX, "%zu bytes are too many to begin with", file.size);
    in->size = file.size;
    memcpy(in->data, file.data, in->size);
    file_close(&file);
    remove(name);
    arena_free(&arena);
    return in->size;
}

int fuzz_limits(const uint8_t *data, size_t size) {
    Arena arena = { 0 };
    Err err = { "" };
    ResultTable table = { .arena = &arena };
    uint8_t *copy = fuzz_copy(data, size);
    file_mock("limits", copy, size);
    bool ok = result_table_read(&table, &arena, "limits", &err);
    fuzz_answer(ok, &err);
    REQUIRE(ok || !table.count, "%s", "a refused table was set");
    for (int i = 0; i < table.count; i++)
        REQUIRE(result_find(&table, &table.row[i]) == &table.row[i], "row %d is not found", i);
    fuzz_sign((uint64_t)table.count);
    file_mock(NULL, NULL, 0);
    free(copy);
    arena_free(&arena);
    return 0;
}

static const Word words[] = { W("a "),
                              W("an "),
                              W("no "),
                              W("red "),
                              W("crimson "),
                              W("blue "),
                              W("circle"),
                              W("squares"),
                              W("discs"),
                              W("thing"),
                              W("small "),
                              W(" and "),
                              W(" is left of "),
                              W(" to the right of "),
                              W(" above "),
                              W(" below "),
                              W("three "),
                              W("there are "),
                              W("a picture of "),
                              W("."),
                              W(","),
                              { 0 } };
static const Word items[] = { W("appearance 17 noise 0.03: "),
                              W("small red circle 0.2 0.5 0.066 0.01"),
                              W("; "),
                              W(","),
                              W("\n"),
                              W("10 01"),
                              W("1"),
                              W("-0"),
                              W("1e-7"),
                              W("nan"),
                              W("a red circle and a blue square"),
                              { 0 } };
static const Word rows[] = { W(","), W("\n"), W("0.5000"), W("1"), W("bow"), W("none"), W("\r\n"), W("1.0001"), { 0 } };
HARNESS(caption, .corpus = "caption", .words = words, .check = 6000);
HARNESS(minimal_pairs, .make = minimal_pairs_seed, .words = items, .check = 2000);
HARNESS(limits, .corpus = "limits", .words = rows, .check = 4000);
