/* Minimal pairs: the captions alone score one half; each pair is as minimal_pairs.h says; a broken pair is found. */
#include "minimal_pairs_file.h"
#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static MinimalPairs minimal_pairs_of(Arena *arena, ProbeKind kind, int count) {
    MinimalPairs pairs;
    Err err = { "" };
    MinimalPairsConfig config = { .kind = kind, .seed = 7, .count = count };
    CHECK(minimal_pairs_make(&pairs, arena, &config, &err), "%s", err.text);
    return pairs;
}

/* ---- what is built ----------------------------------------------------------------------------------------------- */

/* All kinds, all splits, both parts, worded plainly and in all ways. */
TEST(every_set_is_what_it_says) {
    for (int kind = 0; kind < PROBE_KINDS; kind++)
        for (int split_kind = 0; split_kind < SPLIT_KINDS; split_kind++)
            for (int part = 0; part < 2; part++) {
                Arena arena = { 0 };
                Err err = { "" };
                MinimalPairs pairs;
                Split split = split_make((SplitKind)split_kind, 0.5, 3);
                MinimalPairsConfig config = { .kind = (ProbeKind)kind,
                                              .seed = 2,
                                              .count = 60,
                                              .split = &split,
                                              .part = (SplitPart)part,
                                              .paraphrases = part ? PARAPHRASE_ALL : 0 };
                CHECK(minimal_pairs_make(&pairs, &arena, &config, &err), "%s", err.text);
                CHECK(minimal_pairs_check(&pairs, &err), "%s, split %s, part %d", err.text,
                      split_name((SplitKind)split_kind), part);
                CHECK(pairs.config.split != &split && pairs.count == 60, "the set keeps a split of its own");
                arena_free(&arena);
            }
}

/* Who reads the scene has all; 1,000 items. */
TEST(oracle_scores_one) {
    for (int kind = 0; kind < PROBE_KINDS; kind++) {
        Arena arena = { 0 };
        MinimalPairs pairs = minimal_pairs_of(&arena, (ProbeKind)kind, 1000);
        PairScore score = minimal_pairs_score_by(&pairs, minimal_pairs_oracle, NULL);
        for (int i = 0; i < PAIR_METRICS; i++)
            if (pairs.pictures == 2 || i != PAIR_METRIC_IMAGE)
                CHECK(pair_score_rate(&score, (PairMetric)i).fraction == 1, "%s", probe_name((ProbeKind)kind));
        CHECK(pair_score_rate(&score, PAIR_METRIC_GROUP).low > 0.996, "Wilson, 1,000 of 1,000");
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
    return scene->count + (int)scene->object[0].colour + 8 * (int)scene->object[0].shape;
}

TEST(who_does_not_look_has_exactly_half) {
    for (int kind = 0; kind < PROBE_SHUFFLE; kind++) {
        Arena arena = { 0 };
        MinimalPairs pairs = minimal_pairs_of(&arena, (ProbeKind)kind, 400);
        for (uint64_t rule = 1; rule <= 20; rule++) {
            PairScore score = minimal_pairs_score_by(&pairs, of_caption, &rule);
            CHECK(pair_score_rate(&score, PAIR_METRIC_CHOICE).fraction == 0.5, "rule %d", (int)rule);
            CHECK(pair_score_rate(&score, PAIR_METRIC_TEXT).fraction == 0 &&
                      pair_score_rate(&score, PAIR_METRIC_GROUP).fraction == 0,
                  "rule %d", (int)rule);
        }
        PairScore score = minimal_pairs_score_by(&pairs, of_picture, NULL);
        CHECK(pair_score_rate(&score, PAIR_METRIC_CHOICE).fraction == 0.5 && score.ties >= 2 * pairs.count,
              "captions tie");
        arena_free(&arena);
    }
}

/* Every rule of the text-only baseline, also the one that knows the answers of the other half: one half; most of the
 * shuffles. */
TEST(text_baseline_wins_shuffles_alone) {
    for (int kind = 0; kind < PROBE_KINDS; kind++) {
        Arena arena = { 0 };
        Err err = { "" };
        MinimalPairs pairs = minimal_pairs_of(&arena, (ProbeKind)kind, 400);
        TextBaseline baseline = text_baseline_fit(&arena, minimal_pairs_training_captions(&arena, &pairs, 1000), 1000);
        for (int rule = 0; rule < TEXT_BASELINE_RULES; rule++) {
            PairScore score = minimal_pairs_score_rule(&pairs, &baseline, (TextBaselineRule)rule);
            PairScoreRate rate = pair_score_rate(&score, PAIR_METRIC_CHOICE);
            CHECK(score.items == 400, "every item is asked once");
            if (kind != PROBE_SHUFFLE) CHECK_NEAR(rate.fraction, 0.5, 1e-12);
            else if (rule == TEXT_BASELINE_BIGRAM || rule == TEXT_BASELINE_LABELS)
                CHECK(rate.fraction > 0.9, "%g", rate.fraction);
        }
        CHECK(minimal_pairs_fair(&pairs, &err) == (kind != PROBE_SHUFFLE), "%s", err.text);
        if (kind == PROBE_SHUFFLE) CHECK(strstr(err.text, "bigram") && strstr(err.text, "20.0 %"), "%s", err.text);
        arena_free(&arena);
    }
}

/* Who is told the answers of some shuffles does not know those of the others by heart: the last word is new in some. */
TEST(labels_are_of_the_other_half) {
    Arena arena = { 0 };
    MinimalPairs pairs = minimal_pairs_of(&arena, PROBE_SHUFFLE, 20);
    TextBaseline baseline = text_baseline_fit(&arena, minimal_pairs_training_captions(&arena, &pairs, 1000), 1000);
    PairScore score = minimal_pairs_score_rule(&pairs, &baseline, TEXT_BASELINE_LABELS);
    double fraction = pair_score_rate(&score, PAIR_METRIC_CHOICE).fraction;
    CHECK(fraction > 0.5 && fraction < 1, "%g; 1 by heart", fraction);
    CHECK(text_baseline_score(&baseline, TEXT_BASELINE_LABELS, pairs.item[0].caption[0]) == 0,
          "what was told is forgotten");
    arena_free(&arena);
}

/* One to five equally often on either side; the negated caption right half of the time; all four relations. */
TEST(nothing_is_commoner) {
    Arena arena = { 0 };
    MinimalPairs counting = minimal_pairs_of(&arena, PROBE_COUNTING, 800),
                 negation = minimal_pairs_of(&arena, PROBE_NEGATION, 800),
                 relation = minimal_pairs_of(&arena, PROBE_RELATION, 800);
    int count[2][SCENE_MAX + 1] = { { 0 } }, without = 0, said[RELATION_COUNT] = { 0 };
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
        for (int c = 1; c <= SCENE_MAX; c++)
            CHECK(count[p][c] == (c == 1 || c == SCENE_MAX ? 100 : 200), "%d things in %d pictures", c, count[p][c]);
    CHECK(without == 400, "%d of 800", without);
    for (int r = 0; r < RELATION_COUNT; r++) CHECK(said[r] > 150 && said[r] < 250, "relation %d: %d times", r, said[r]);
    arena_free(&arena);
}

TEST(the_same_for_the_same_seed) {
    Arena arena = { 0 };
    MinimalPairs some = minimal_pairs_of(&arena, PROBE_BINDING, 20),
                 longer = minimal_pairs_of(&arena, PROBE_BINDING, 40), other;
    Err err;
    CHECK(minimal_pairs_make(&other, &arena, &(MinimalPairsConfig){ .kind = PROBE_BINDING, .seed = 8, .count = 20 },
                             &err),
          "%s", err.text);
    int same = 0;
    for (int n = 0; n < 20; n++) {
        CHECK(!strcmp(some.item[n].caption[1], longer.item[n].caption[1]), "item %d depends on how many there are", n);
        CHECK(some.item[n].scene[0].appearance == longer.item[n].scene[0].appearance, "item %d", n);
        same += !strcmp(some.item[n].caption[0], other.item[n].caption[0]);
    }
    CHECK(same < 3, "another seed, %d of 20 captions the same", same);
    arena_free(&arena);
}

/* Where one pair in eight is held out, swapping two of them gives seen ones, always: the first picture counts. */
TEST(held_out_pairs_with_seen_swaps) {
    Arena arena = { 0 };
    Err err = { "" };
    MinimalPairs pairs;
    Split split = split_make(SPLIT_PAIRS, 0.875, 1);
    MinimalPairsConfig config = { .kind = PROBE_BINDING, .seed = 1, .count = 50, .split = &split, .part = SPLIT_HELD };
    CHECK(minimal_pairs_make(&pairs, &arena, &config, &err) && minimal_pairs_check(&pairs, &err), "%s", err.text);
    for (int n = 0; n < 50; n++) {
        CHECK(scene_in_part(&pairs.item[n].scene[0], &split, SPLIT_HELD), "item %d", n);
        CHECK(scene_in_part(&pairs.item[n].scene[1], &split, SPLIT_SEEN), "item %d", n);
    }
    arena_free(&arena);
}

TEST(impossible_sets_are_refused) {
    Arena arena = { 0 };
    Err err = { "" };
    MinimalPairs pairs = { .count = -5 };
    Split one = split_make(SPLIT_PAIRS, 0.125, 1), none = split_make(SPLIT_PAIRS, 0, 1);
    CHECK(!minimal_pairs_make(&pairs, &arena,
                              &(MinimalPairsConfig){ .kind = PROBE_BINDING, .seed = 1, .count = 5, .split = &one },
                              &err),
          "colours tell shapes");
    CHECK(strstr(err.text, "no binding items within the seen combinations at coverage 0.125"), "%s", err.text);
    CHECK(!minimal_pairs_make(&pairs, &arena, &(MinimalPairsConfig){ .seed = 1, .count = 5, .split = &none }, &err),
          "empty part");
    CHECK(strstr(err.text, "no combinations are seen") && pairs.count == 0, "%s", err.text);
    arena_free(&arena);
}

/* ---- does the check see? ----------------------------------------------------------------------------------------- */

static void refused(const MinimalPairs *pairs, const char *text) {
    Err err = { "" };
    CHECK(!minimal_pairs_check(pairs, &err), "want a refusal: %s", text);
    CHECK(strstr(err.text, text), "got \"%s\", want \"%s\"", err.text, text);
}

static void swap_captions(MinimalPair *item) {
    const char *first = item->caption[0];
    item->caption[0] = item->caption[1];
    item->caption[1] = first;
}

TEST(defects_are_seen) {
    Arena arena = { 0 };
    MinimalPairs pairs = minimal_pairs_of(&arena, PROBE_BINDING, 10);
    MinimalPair keep = pairs.item[4], *item = &pairs.item[4];
    Err err = { "" };
    CHECK(minimal_pairs_check(&pairs, &err), "%s", err.text);
    swap_captions(item);
    refused(&pairs, "item 5 of binding: a caption is not true of its own picture");
    *item = keep;
    item->caption[1] = item->caption[0];
    refused(&pairs, "item 5 of binding: a caption is true of a picture that is not its own");
    *item = keep;
    item->caption[1] = "no white object";
    refused(&pairs, "is not true as often as false");
    *item = keep;
    item->scene[1].object[0].x += 0.001;
    refused(&pairs, "positions or sizes");
    *item = keep;
    item->scene[1].object[0].radius *= 1.1;
    refused(&pairs, "larger area");
    *item = keep;
    item->scene[1].appearance++;
    refused(&pairs, "background or noise");
    *item = keep;
    item->caption[0] = arena_print(&arena, "there is %s", keep.caption[0]);
    refused(&pairs, "longer or shorter");
    *item = keep;
    Split split = split_make(SPLIT_PAIRS, 0.5, 1);
    pairs.config.split = &split;
    refused(&pairs, "a combination that is not seen");
    pairs.config.part = SPLIT_HELD;
    refused(&pairs, "a combination that is not held out");
    arena_free(&arena);
}

TEST(other_words_are_seen) {
    Arena arena = { 0 };
    MinimalPairs pairs = minimal_pairs_of(&arena, PROBE_BINDING, 4),
                 shuffle = minimal_pairs_of(&arena, PROBE_SHUFFLE, 4);
    MinimalPair *item = &pairs.item[2];
    Caption caption; /* disc for circle, say, in one caption only: still true and false where it should be */
    char text[CAPTION_TEXT];
    CHECK(caption_parse(item->caption[1], &caption, NULL), "%s", item->caption[1]);
    caption.a.synonyms = NOUN_SHAPE;
    item->caption[1] = arena_text(&arena, caption_text(&caption, text));
    refused(&pairs, "does not have the words of the first");
    shuffle.item[1].caption[3] = shuffle.item[1].caption[2];
    refused(&shuffle, "occurs twice");
    shuffle.item[1].caption[3] = shuffle.item[1].caption[0];
    refused(&shuffle, "true of a picture that is not its own");
    arena_free(&arena);
}

/* ---- scoring features -------------------------------------------------------------------------------------------- */

static const Mat *given_pictures, *given_texts;
static double given(void *context, const Scene *scene, const char *caption) {
    const MinimalPairs *pairs = context;
    int p = 0, k = 0;
    while (minimal_pairs_scene(pairs, p) != scene) p++;
    while (minimal_pairs_caption(pairs, k) != caption) k++;
    return vec_dot(&AT(*given_pictures, p, 0), &AT(*given_texts, k, 0), given_texts->shape[1]);
}

TEST(features_are_scored_in_their_order) {
    for (int kind = PROBE_NEGATION; kind < PROBE_KINDS; kind++) {
        Arena arena = { 0 };
        Rng rng = rng_seed(4, 0);
        MinimalPairs pairs = minimal_pairs_of(&arena, (ProbeKind)kind, 30);
        Mat pictures = mat_normal(&arena, minimal_pairs_pictures(&pairs), 5, &rng, 1),
            texts = mat_normal(&arena, minimal_pairs_captions(&pairs), 5, &rng, 1);
        given_pictures = &pictures;
        given_texts = &texts;
        PairScore a = minimal_pairs_score(&pairs, pictures, texts), b = minimal_pairs_score_by(&pairs, given, &pairs);
        CHECK(!memcmp(&a, &b, sizeof a) && a.items == 30, "%g and %g", a.sum[0], b.sum[0]);
        CHECK(!strcmp(minimal_pairs_texts(&pairs, &arena)[7], minimal_pairs_caption(&pairs, 7)),
              "texts are the captions");
        arena_free(&arena);
    }
}

/* ---- files ------------------------------------------------------------------------------------------------------- */

static const char *path_of(Arena *arena, const char *name) {
    return arena_print(arena, "%s/%s.csv", check_folder(), name);
}

static void same_scene(const Scene *a, const Scene *b) {
    CHECK(a->count == b->count && a->appearance == b->appearance && a->noise == b->noise, "%d and %d things", a->count,
          b->count);
    for (int k = 0; k < a->count; k++) {
        const SceneObject *x = &a->object[k], *y = &b->object[k];
        CHECK(x->shape == y->shape && x->colour == y->colour && x->size == y->size, "thing %d", k);
        CHECK(x->x == y->x && x->y == y->y && x->radius == y->radius && x->rotation == y->rotation,
              "thing %d: not the same numbers", k);
    }
}

TEST(files_give_the_same_back) {
    for (int kind = 0; kind < PROBE_KINDS; kind++)
        for (int split_kind = 0; split_kind < SPLIT_KINDS; split_kind++) {
            Arena arena = { 0 };
            Err err = { "" };
            Split split = split_make((SplitKind)split_kind, 0.5, 9);
            MinimalPairsConfig config = { .kind = (ProbeKind)kind,
                                          .seed = 5,
                                          .count = 12,
                                          .split = split_kind ? &split : NULL,
                                          .part = SPLIT_HELD,
                                          .paraphrases = PARAPHRASE_SYNONYMS,
                                          .noise = split_kind == 2 ? -1 : 0 };
            MinimalPairs pairs, back;
            const char *path = path_of(&arena, probe_name((ProbeKind)kind));
            CHECK(minimal_pairs_make(&pairs, &arena, &config, &err) && minimal_pairs_write(&pairs, path, &err) &&
                      minimal_pairs_read(&back, &arena, path, &err),
                  "%s", err.text);
            CHECK(back.count == 12 && minimal_pairs_check(&back, &err), "%s", err.text);
            for (int i = 0; i < minimal_pairs_pictures(&pairs); i++)
                same_scene(minimal_pairs_scene(&pairs, i), minimal_pairs_scene(&back, i));
            for (int i = 0; i < minimal_pairs_captions(&pairs); i++)
                CHECK(!strcmp(minimal_pairs_caption(&pairs, i), minimal_pairs_caption(&back, i)), "caption %d", i);
            CHECK(!back.config.split == !split_kind && back.config.part == SPLIT_HELD &&
                      back.config.paraphrases == PARAPHRASE_SYNONYMS,
                  "settings");
            if (split_kind)
                CHECK(!memcmp(back.config.split->seen_apart, split.seen_apart, sizeof split.seen_apart) &&
                          !memcmp(back.config.split->seen, split.seen, sizeof split.seen),
                      "what is seen");
            arena_free(&arena);
        }
}

static bool reads(Arena *arena, const char *text, size_t size, Err *err) {
    const char *path = path_of(arena, "hostile");
    OutFile out;
    MinimalPairs pairs = { .count = -1 };
    CHECK(out_open(&out, path, err), "%s", err->text);
    out_write(&out, text, size);
    CHECK(out_commit(&out, err), "%s", err->text);
    bool read = minimal_pairs_read(&pairs, arena, path, err);
    CHECK(read || pairs.count == -1, "a refused file leaves the set alone");
    if (read) minimal_pairs_check(&pairs, err);
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
    MinimalPairs pairs;
    const char *path = path_of(&arena, "good");
    MinimalPairsConfig config = { .kind = PROBE_BINDING, .seed = 5, .count = 2, .split = &split };
    CHECK(minimal_pairs_make(&pairs, &arena, &config, &err) && minimal_pairs_write(&pairs, path, &err), "%s", err.text);
    char *text = whole_file(&arena, path);
    edited(&arena, text, "# minimal pairs binding", "# minimal pairs banding",
           ":1: want a kind of probe, found \"banding");
    edited(&arena, text, "seed 5", "seed 99999999999999999999999", ":1: want a seed");
    edited(&arena, text, "coverage 0.5", "coverage 1.5", ":1: want a coverage from 0 to 1");
    edited(&arena, text, "caption 2,truth", "truth", ":2: want caption 2,");
    edited(&arena, text, "\nappearance ", "\nappearance -", ":3: want a whole number");
    edited(&arena, text, " noise 0", " noise nan", ":1: want a noise");
    edited(&arena, text, ": small ", ": tiny ", ": want a size");
#define FIVE                                                                                                           \
    "small red bar 0.1 0.1 0.05 0; small red bar 0.1 0.1 0.05 0; small red bar 0.1 0.1 0.05 0; small red bar 0.1 0.1 " \
    "0.05 0; "
    edited(&arena, text, "; ", "; " FIVE, ":3: want at most five objects");
    edited(&arena, text, ",10 01\n", ",01 01\n", ":3: want truth 1 for caption 1 of picture 1, found \"01 01\"");
    edited(&arena, text, ",10 01\n", ",10 00\n", ":3: want truth 1 for caption 2 of picture 2");
    edited(&arena, text, ",10 01\n", ",10 01", ":3: want the end of the line");
    CHECK(!minimal_pairs_read(&pairs, &arena, "no-such-file.csv", &err) && strstr(err.text, "no-such-file.csv"), "%s",
          err.text);
    arena_free(&arena);
}

/* Every prefix, and any one byte changed: read or refused, never a crash. */
TEST(hostile_files_do_no_harm) {
    Arena arena = { 0 };
    Err err = { "" };
    Split split = split_make(SPLIT_RELATIONS, 0.5, 9);
    MinimalPairs pairs;
    const char *path = path_of(&arena, "good");
    MinimalPairsConfig config = { .kind = PROBE_RELATION, .seed = 5, .count = 2, .split = &split };
    CHECK(minimal_pairs_make(&pairs, &arena, &config, &err) && minimal_pairs_write(&pairs, path, &err), "%s", err.text);
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

/* Not in colour and not in shape: of the three things of a negation no two share either. */
TEST(what_is_denied_is_like_nothing_else) {
    Arena arena = { 0 };
    MinimalPairs pairs = minimal_pairs_of(&arena, PROBE_NEGATION, 300);
    for (int n = 0; n < 300; n++) {
        const Scene *one = &pairs.item[n].scene[0], *two = &pairs.item[n].scene[1];
        bool stays = one->object[0].colour == two->object[0].colour && one->object[0].shape == two->object[0].shape;
        const SceneObject *type[3] = { &one->object[0], &one->object[1], &two->object[stays] };
        for (int a = 0; a < 3; a++)
            for (int b = 0; b < a; b++)
                CHECK(type[a]->colour != type[b]->colour && type[a]->shape != type[b]->shape,
                      "item %d, things %d and %d", n, b, a);
    }
    arena_free(&arena);
}

TESTS(every_set_is_what_it_says, oracle_scores_one, who_does_not_look_has_exactly_half,
      text_baseline_wins_shuffles_alone, labels_are_of_the_other_half, nothing_is_commoner, the_same_for_the_same_seed,
      held_out_pairs_with_seen_swaps, impossible_sets_are_refused, defects_are_seen, other_words_are_seen,
      features_are_scored_in_their_order, files_give_the_same_back, broken_files_are_refused, hostile_files_do_no_harm,
      what_is_denied_is_like_nothing_else)
