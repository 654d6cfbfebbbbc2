/* Can nobody win who does not look? Is each quad what its page says, and does the check see when it is not? */
#include "scenes/minimal_pairs.h"
#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static Quads quads_of(Arena *arena, QuadKind kind, int count) {
    Quads quads;
    Err err = { "" };
    QuadSettings settings = { .kind = kind, .seed = 7, .count = count };
    CHECK(quads_make(&quads, arena, &settings, &err), "%s", err.text);
    return quads;
}

/* ---- what is built ----------------------------------------------------------------------------------------------- */

/* All kinds, all splits, both parts, worded plainly and in all ways. */
TEST(every_set_is_what_it_says) {
    for (int kind = 0; kind < QUAD_KINDS; kind++)
        for (int split_kind = 0; split_kind < SPLIT_KINDS; split_kind++)
            for (int part = 0; part < 2; part++) {
                Arena arena = { 0 };
                Err err = { "" };
                Quads quads;
                Split split = split_make((SplitKind)split_kind, 0.5, 3);
                QuadSettings settings = { .kind = (QuadKind)kind,
                                          .seed = 2,
                                          .count = 60,
                                          .split = &split,
                                          .part = (SplitPart)part,
                                          .ways = part ? SAY_ALL : 0 };
                CHECK(quads_make(&quads, &arena, &settings, &err), "%s", err.text);
                CHECK(quads_check(&quads, &err), "%s, split %s, part %d", err.text, split_name((SplitKind)split_kind),
                      part);
                CHECK(quads.settings.split != &split && quads.count == 60, "the set keeps a split of its own");
                arena_free(&arena);
            }
}

/* Who reads the scene has all; 1,000 items. */
TEST(oracle_scores_one) {
    for (int kind = 0; kind < QUAD_KINDS; kind++) {
        Arena arena = { 0 };
        Quads quads = quads_of(&arena, (QuadKind)kind, 1000);
        Tally tally = quads_score_by(&quads, quads_oracle, NULL);
        for (int i = 0; i < TALLY_SCORES; i++)
            if (quads.pictures == 2 || i != TALLY_IMAGE)
                CHECK(tally_rate(&tally, (TallyScore)i).share == 1, "%s", quad_name((QuadKind)kind));
        CHECK(tally_rate(&tally, TALLY_GROUP).low > 0.996, "Wilson, 1,000 of 1,000");
        arena_free(&arena);
    }
}

/* What does not look: any function of the caption, here a hash; any function of the picture. */
static double of_caption(void *context, const Scene *scene, const char *caption) {
    uint64_t hash = *(uint64_t *)context;
    (void)scene;
    for (const char *c = caption; *c; c++) hash = (hash ^ (uint64_t)*c) * 1099511628211u;
    return (double)(hash >> 40);
}

static double of_picture(void *context, const Scene *scene, const char *caption) {
    (void)context;
    (void)caption;
    return scene->count + scene->object[0].colour + 8 * scene->object[0].shape;
}

TEST(who_does_not_look_has_exactly_half) {
    for (int kind = 0; kind < QUAD_SHUFFLE; kind++) {
        Arena arena = { 0 };
        Quads quads = quads_of(&arena, (QuadKind)kind, 400);
        for (uint64_t rule = 1; rule <= 20; rule++) {
            Tally tally = quads_score_by(&quads, of_caption, &rule);
            CHECK(tally_rate(&tally, TALLY_CHOICE).share == 0.5, "rule %d", (int)rule);
            CHECK(tally_rate(&tally, TALLY_TEXT).share == 0 && tally_rate(&tally, TALLY_GROUP).share == 0, "rule %d",
                  (int)rule);
        }
        Tally tally = quads_score_by(&quads, of_picture, NULL);
        CHECK(tally_rate(&tally, TALLY_CHOICE).share == 0.5 && tally.ties >= 2 * quads.count, "captions tie");
        arena_free(&arena);
    }
}

/* Every rule of hearsay, also the one that is told the answers of the other half: half of the quads, most of the
 * shuffles. */
TEST(hearsay_wins_shuffles_alone) {
    for (int kind = 0; kind < QUAD_KINDS; kind++) {
        Arena arena = { 0 };
        Err err = { "" };
        Quads quads = quads_of(&arena, (QuadKind)kind, 400);
        Hearsay hearsay = hearsay_read(&arena, quads_reading(&arena, &quads, 1000), 1000);
        for (int rule = 0; rule < HEARSAY_RULES; rule++) {
            Tally tally = quads_score_rule(&quads, &hearsay, (HearsayRule)rule);
            TallyRate rate = tally_rate(&tally, TALLY_CHOICE);
            CHECK(tally.items == 400, "every item is asked once");
            if (kind != QUAD_SHUFFLE) CHECK_NEAR(rate.share, 0.5, 1e-12);
            else if (rule == HEARSAY_BIGRAM || rule == HEARSAY_LABELS) CHECK(rate.share > 0.9, "%g", rate.share);
        }
        CHECK(quads_fair(&quads, &err) == (kind != QUAD_SHUFFLE), "%s", err.text);
        if (kind == QUAD_SHUFFLE) CHECK(strstr(err.text, "bigram") && strstr(err.text, "20.0 %"), "%s", err.text);
        arena_free(&arena);
    }
}

/* Who is told the answers of some shuffles does not know those of the others by heart: the last word is new in some. */
TEST(labels_are_of_the_other_half) {
    Arena arena = { 0 };
    Quads quads = quads_of(&arena, QUAD_SHUFFLE, 20);
    Hearsay hearsay = hearsay_read(&arena, quads_reading(&arena, &quads, 1000), 1000);
    Tally tally = quads_score_rule(&quads, &hearsay, HEARSAY_LABELS);
    double share = tally_rate(&tally, TALLY_CHOICE).share;
    CHECK(share > 0.5 && share < 1, "%g; 1 by heart", share);
    CHECK(hearsay_score(&hearsay, HEARSAY_LABELS, quads.item[0].caption[0]) == 0, "what was told is forgotten");
    arena_free(&arena);
}

/* One to five equally often on either side; the negated caption right half of the time; all four relations. */
TEST(nothing_is_commoner) {
    Arena arena = { 0 };
    Quads counting = quads_of(&arena, QUAD_COUNTING, 800), negation = quads_of(&arena, QUAD_NEGATION, 800),
          relation = quads_of(&arena, QUAD_RELATION, 800);
    int count[2][SCENE_MOST + 1] = { { 0 } }, without = 0, said[RELATION_COUNT] = { 0 };
    Caption caption;
    Err err;
    for (int n = 0; n < 800; n++) {
        for (int p = 0; p < 2; p++) count[p][counting.item[n].scene[p].count]++;
        CHECK(caption_parse(negation.item[n].caption[0], &caption, &err), "%s", err.text);
        without += caption.kind == CAPTION_WITHOUT;
        CHECK(caption_parse(relation.item[n].caption[0], &caption, &err), "%s", err.text);
        said[caption.relation]++;
    }
    for (int p = 0; p < 2; p++)
        for (int c = 1; c <= SCENE_MOST; c++)
            CHECK(count[p][c] == (c == 1 || c == SCENE_MOST ? 100 : 200), "%d things in %d pictures", c, count[p][c]);
    CHECK(without == 400, "%d of 800", without);
    for (int r = 0; r < RELATION_COUNT; r++)
        CHECK(said[r] > 150 && said[r] < 250, "%s %d times", relation_name((Relation)r), said[r]);
    arena_free(&arena);
}

TEST(the_same_for_the_same_seed) {
    Arena arena = { 0 };
    Quads some = quads_of(&arena, QUAD_BINDING, 20), more = quads_of(&arena, QUAD_BINDING, 40), other;
    Err err;
    CHECK(quads_make(&other, &arena, &(QuadSettings){ .kind = QUAD_BINDING, .seed = 8, .count = 20 }, &err), "%s",
          err.text);
    int same = 0;
    for (int n = 0; n < 20; n++) {
        CHECK(!strcmp(some.item[n].caption[1], more.item[n].caption[1]), "item %d depends on how many there are", n);
        CHECK(some.item[n].scene[0].look == more.item[n].scene[0].look, "item %d", n);
        same += !strcmp(some.item[n].caption[0], other.item[n].caption[0]);
    }
    CHECK(same < 3, "another seed, %d of 20 captions the same", same);
    arena_free(&arena);
}

/* Where one pair in eight is held out, swapping two of them gives seen ones, always: the first picture counts. */
TEST(held_out_pairs_with_seen_swaps) {
    Arena arena = { 0 };
    Err err = { "" };
    Quads quads;
    Split split = split_make(SPLIT_PAIRS, 0.875, 1);
    QuadSettings settings = { .kind = QUAD_BINDING, .seed = 1, .count = 50, .split = &split, .part = SPLIT_HELD };
    CHECK(quads_make(&quads, &arena, &settings, &err) && quads_check(&quads, &err), "%s", err.text);
    for (int n = 0; n < 50; n++) {
        CHECK(quad_scene_within(&quads.item[n].scene[0], &split, SPLIT_HELD), "item %d", n);
        CHECK(quad_scene_within(&quads.item[n].scene[1], &split, SPLIT_SEEN), "item %d", n);
    }
    arena_free(&arena);
}

TEST(impossible_sets_are_refused) {
    Arena arena = { 0 };
    Err err = { "" };
    Quads quads = { .count = -5 };
    Split one = split_make(SPLIT_PAIRS, 0.125, 1), none = split_make(SPLIT_PAIRS, 0, 1);
    CHECK(!quads_make(&quads, &arena, &(QuadSettings){ .kind = QUAD_BINDING, .seed = 1, .count = 5, .split = &one },
                      &err),
          "colours tell shapes");
    CHECK(strstr(err.text, "no binding items where seen combinations are all there is, coverage 0.125"), "%s",
          err.text);
    CHECK(!quads_make(&quads, &arena, &(QuadSettings){ .seed = 1, .count = 5, .split = &none }, &err), "empty part");
    CHECK(strstr(err.text, "no combinations are seen") && quads.count == -5, "%s", err.text);
    arena_free(&arena);
}

/* ---- does the check see? ----------------------------------------------------------------------------------------- */

static void refused(const Quads *quads, const char *text) {
    Err err = { "" };
    CHECK(!quads_check(quads, &err), "want a refusal: %s", text);
    CHECK(strstr(err.text, text), "got \"%s\", want \"%s\"", err.text, text);
}

static void swap_captions(Quad *item) {
    const char *first = item->caption[0];
    item->caption[0] = item->caption[1];
    item->caption[1] = first;
}

TEST(defects_are_seen) {
    Arena arena = { 0 };
    Quads quads = quads_of(&arena, QUAD_BINDING, 10);
    Quad keep = quads.item[4], *item = &quads.item[4];
    Err err = { "" };
    CHECK(quads_check(&quads, &err), "%s", err.text);
    swap_captions(item);
    refused(&quads, "item 5 of binding: a caption is not true of its own picture");
    *item = keep;
    item->caption[1] = item->caption[0];
    refused(&quads, "item 5 of binding: a caption is true of a picture that is not its own");
    *item = keep;
    item->caption[1] = "no white object";
    refused(&quads, "is not true as often as false");
    *item = keep;
    item->scene[1].object[0].x += 0.001;
    refused(&quads, "not in the same places");
    *item = keep;
    item->scene[1].object[0].radius *= 1.1;
    refused(&quads, "more ink");
    *item = keep;
    item->scene[1].look++;
    refused(&quads, "background and noise");
    *item = keep;
    item->caption[0] = arena_print(&arena, "there is %s", keep.caption[0]);
    refused(&quads, "longer or shorter");
    *item = keep;
    Split split = split_make(SPLIT_PAIRS, 0.5, 1);
    quads.settings.split = &split;
    refused(&quads, "a combination that was never seen");
    quads.settings.part = SPLIT_HELD;
    refused(&quads, "a combination that was not held out");
    arena_free(&arena);
}

TEST(other_words_are_seen) {
    Arena arena = { 0 };
    Quads quads = quads_of(&arena, QUAD_BINDING, 4), shuffle = quads_of(&arena, QUAD_SHUFFLE, 4);
    Quad *item = &quads.item[2];
    Caption caption; /* disc for circle, say, in one caption only: still true and false where it should be */
    char text[CAPTION_TEXT];
    CHECK(caption_parse(item->caption[1], &caption, NULL), "%s", item->caption[1]);
    caption.a.other = NOUN_SHAPE;
    item->caption[1] = arena_text(&arena, caption_text(&caption, text));
    refused(&quads, "has not the words of the first");
    shuffle.item[1].caption[3] = shuffle.item[1].caption[2];
    refused(&shuffle, "is there twice");
    shuffle.item[1].caption[3] = shuffle.item[1].caption[0];
    refused(&shuffle, "true of a picture that is not its own");
    arena_free(&arena);
}

/* ---- scoring features -------------------------------------------------------------------------------------------- */

static const Mat *given_pictures, *given_texts;
static double given(void *context, const Scene *scene, const char *caption) {
    const Quads *quads = context;
    int p = 0, k = 0;
    while (quads_scene(quads, p) != scene) p++;
    while (quads_caption(quads, k) != caption) k++;
    return vec_dot(&AT(*given_pictures, p, 0), &AT(*given_texts, k, 0), given_texts->shape[1]);
}

TEST(features_are_scored_in_their_order) {
    for (int kind = QUAD_NEGATION; kind < QUAD_KINDS; kind++) {
        Arena arena = { 0 };
        Rng rng = rng_seed(4, 0);
        Quads quads = quads_of(&arena, (QuadKind)kind, 30);
        Mat pictures = mat_normal(&arena, quads_pictures(&quads), 5, &rng, 1),
            texts = mat_normal(&arena, quads_captions(&quads), 5, &rng, 1);
        given_pictures = &pictures;
        given_texts = &texts;
        Tally a = quads_score(&quads, pictures, texts), b = quads_score_by(&quads, given, &quads);
        CHECK(!memcmp(&a, &b, sizeof a) && a.items == 30, "%g and %g", a.sum[0], b.sum[0]);
        CHECK(!strcmp(quads_texts(&quads, &arena)[7], quads_caption(&quads, 7)), "texts are the captions");
        arena_free(&arena);
    }
}

/* ---- files ------------------------------------------------------------------------------------------------------- */

static const char *path_of(Arena *arena, const char *name) {
    return arena_print(arena, "%s/%s.csv", check_folder(), name);
}

static void same_scene(const Scene *a, const Scene *b) {
    CHECK(a->count == b->count && a->look == b->look && a->noise == b->noise, "%d and %d things", a->count, b->count);
    for (int k = 0; k < a->count; k++) {
        const SceneObject *x = &a->object[k], *y = &b->object[k];
        CHECK(x->shape == y->shape && x->colour == y->colour && x->size == y->size, "thing %d", k);
        CHECK(x->x == y->x && x->y == y->y && x->radius == y->radius && x->turn == y->turn,
              "thing %d: not the same numbers", k);
    }
}

TEST(files_give_the_same_back) {
    for (int kind = 0; kind < QUAD_KINDS; kind++)
        for (int split_kind = 0; split_kind < SPLIT_KINDS; split_kind++) {
            Arena arena = { 0 };
            Err err = { "" };
            Split split = split_make((SplitKind)split_kind, 0.5, 9);
            QuadSettings settings = { .kind = (QuadKind)kind,
                                      .seed = 5,
                                      .count = 12,
                                      .split = split_kind ? &split : NULL,
                                      .part = SPLIT_HELD,
                                      .ways = SAY_NAMES,
                                      .noise = split_kind == 2 ? -1 : 0 };
            Quads quads, back;
            const char *path = path_of(&arena, quad_name((QuadKind)kind));
            CHECK(quads_make(&quads, &arena, &settings, &err) && quads_write(&quads, path, &err) &&
                      quads_read(&back, &arena, path, &err),
                  "%s", err.text);
            CHECK(back.count == 12 && quads_check(&back, &err), "%s", err.text);
            for (int i = 0; i < quads_pictures(&quads); i++) same_scene(quads_scene(&quads, i), quads_scene(&back, i));
            for (int i = 0; i < quads_captions(&quads); i++)
                CHECK(!strcmp(quads_caption(&quads, i), quads_caption(&back, i)), "caption %d", i);
            CHECK(!back.settings.split == !split_kind && back.settings.part == SPLIT_HELD &&
                      back.settings.ways == SAY_NAMES,
                  "settings");
            if (split_kind)
                CHECK(!memcmp(back.settings.split->seen_apart, split.seen_apart, sizeof split.seen_apart) &&
                          !memcmp(back.settings.split->seen, split.seen, sizeof split.seen),
                      "what is seen");
            arena_free(&arena);
        }
}

static bool reads(Arena *arena, const char *text, size_t size, Err *err) {
    const char *path = path_of(arena, "hostile");
    OutFile out;
    Quads quads = { .count = -1 };
    CHECK(out_open(&out, path, err), "%s", err->text);
    out_write(&out, text, size);
    CHECK(out_commit(&out, err), "%s", err->text);
    bool read = quads_read(&quads, arena, path, err);
    CHECK(read || quads.count == -1, "a refused file leaves the set alone");
    if (read) quads_check(&quads, err);
    return read;
}

/* The first `from` becomes `to`. */
static void edited(Arena *arena, const char *text, const char *from, const char *to, const char *message) {
    Err err = { "" };
    const char *at = strstr(text, from);
    CHECK(at != NULL, "no %s in the file", from);
    char *other = arena_print(arena, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    CHECK(!reads(arena, other, strlen(other), &err), "%s was read for %s", to, from);
    CHECK(strstr(err.text, message), "%s for %s: got \"%s\", want \"%s\"", to, from, err.text, message);
}

static char *whole_file(Arena *arena, const char *path) {
    File file;
    Err err;
    CHECK(file_open(&file, path, &err), "%s", err.text);
    char *text = arena_alloc(arena, file.size + 1, 1);
    memcpy(text, file.data, file.size);
    text[file.size] = '\0';
    file_close(&file);
    return text;
}

TEST(broken_files_are_refused) {
    Arena arena = { 0 };
    Err err = { "" };
    Split split = split_make(SPLIT_PAIRS, 0.5, 9);
    Quads quads;
    const char *path = path_of(&arena, "good");
    QuadSettings settings = { .kind = QUAD_BINDING, .seed = 5, .count = 2, .split = &split };
    CHECK(quads_make(&quads, &arena, &settings, &err) && quads_write(&quads, path, &err), "%s", err.text);
    char *text = whole_file(&arena, path);
    edited(&arena, text, "# quads binding", "# quads banding", ":1: want a kind of quad, found \"banding");
    edited(&arena, text, "seed 5", "seed 99999999999999999999999", ":1: want a seed");
    edited(&arena, text, "coverage 0.5", "coverage 1.5", ":1: want a coverage from 0 to 1");
    edited(&arena, text, "caption 2,truth", "truth", ":2: want caption 2,");
    edited(&arena, text, "\nlook ", "\nlook -", ":3: want a whole number");
    edited(&arena, text, " noise 0", " noise nan", ":1: want a noise");
    edited(&arena, text, ": small ", ": tiny ", ": want a size");
#define FIVE                                                                                                           \
    "small red bar 0.1 0.1 0.05 0; small red bar 0.1 0.1 0.05 0; small red bar 0.1 0.1 0.05 0; small red bar 0.1 0.1 " \
    "0.05 0; "
    edited(&arena, text, "; ", "; " FIVE, ":3: want no more than five things");
    edited(&arena, text, ",10 01\n", ",01 01\n", ":3: want truth 1 for caption 1 of picture 1, found \"01 01\"");
    edited(&arena, text, ",10 01\n", ",10 00\n", ":3: want truth 1 for caption 2 of picture 2");
    edited(&arena, text, ",10 01\n", ",10 01", ":3: want the end of the line");
    CHECK(!quads_read(&quads, &arena, "no-such-file.csv", &err) && strstr(err.text, "no-such-file.csv"), "%s",
          err.text);
    arena_free(&arena);
}

/* Every prefix, and any one byte changed: read or refused, never a crash. */
TEST(hostile_files_do_no_harm) {
    Arena arena = { 0 };
    Err err = { "" };
    Split split = split_make(SPLIT_RELATIONS, 0.5, 9);
    Quads quads;
    const char *path = path_of(&arena, "good");
    QuadSettings settings = { .kind = QUAD_RELATION, .seed = 5, .count = 2, .split = &split };
    CHECK(quads_make(&quads, &arena, &settings, &err) && quads_write(&quads, path, &err), "%s", err.text);
    const char *text = whole_file(&arena, path);
    size_t size = strlen(text);
    Rng rng = rng_seed(1, 0);
    for (size_t cut = 0; cut < size; cut += 7) {
        Arena scratch = { 0 };
        bool lines = cut > 0 && text[cut - 1] == '\n' && strstr(text, "truth\n") < text + cut;
        CHECK(reads(&scratch, text, cut, &err) == lines, "cut at byte %zu", cut);
        arena_free(&scratch);
    }
    for (int i = 0; i < 300; i++) {
        Arena scratch = { 0 };
        char *other = arena_text(&scratch, text);
        other[rng_below(&rng, (uint32_t)size)] =
            (char)(rng_below(&rng, 2) ? rng_below(&rng, 256) : '0' + rng_below(&rng, 10));
        reads(&scratch, other, size, &err);
        arena_free(&scratch);
    }
    arena_free(&arena);
}

TEST(names_come_back) {
    QuadKind kind = QUAD_KINDS;
    for (int k = 0; k < QUAD_KINDS; k++)
        CHECK(quad_find(quad_name((QuadKind)k), &kind) && kind == (QuadKind)k, "%s", quad_name((QuadKind)k));
    CHECK(!quad_find("bindings", &kind) && !quad_find("", &kind) && kind == QUAD_SHUFFLE, "%s",
          "there is no such kind");
}

/* Not in colour and not in shape: of the three things of a negation no two share either. */
TEST(what_is_denied_is_like_nothing_else) {
    Arena arena = { 0 };
    Quads quads = quads_of(&arena, QUAD_NEGATION, 300);
    for (int n = 0; n < 300; n++) {
        const Scene *one = &quads.item[n].scene[0], *two = &quads.item[n].scene[1];
        bool stays = one->object[0].colour == two->object[0].colour && one->object[0].shape == two->object[0].shape;
        const SceneObject *thing[3] = { &one->object[0], &one->object[1], &two->object[stays] };
        for (int a = 0; a < 3; a++)
            for (int b = 0; b < a; b++)
                CHECK(thing[a]->colour != thing[b]->colour && thing[a]->shape != thing[b]->shape,
                      "item %d, things %d and %d", n, b, a);
    }
    arena_free(&arena);
}

TESTS(every_set_is_what_it_says, oracle_scores_one, who_does_not_look_has_exactly_half, hearsay_wins_shuffles_alone,
      labels_are_of_the_other_half, nothing_is_commoner, the_same_for_the_same_seed, held_out_pairs_with_seen_swaps,
      impossible_sets_are_refused, defects_are_seen, other_words_are_seen, features_are_scored_in_their_order,
      files_give_the_same_back, broken_files_are_refused, hostile_files_do_no_harm, names_come_back,
      what_is_denied_is_like_nothing_else)
