#include "emoji_report.h"

#include "core/quote.h"
#include "evaluate/retrieval.h"
#include "kernels/gemm.h"
#include "scenes/caption_sensitivity.h"
#include "scenes/probe_report.h"

#include <math.h>
#include <string.h>

enum { TOP = 10, SHOWN = 10, FAMILY = 24, ORDERED = 4, TILE_LINE = 15 };

/* ---- vectors and cosines ----------------------------------------------------------------------------------------- */

/* a b^T: the dot product of each row of a [M,E] with each row of b [N,E]; on the arena. */
static Mat dots(Arena *arena, Mat a, Mat b) {
    int M = a.shape[0], N = b.shape[0], E = a.shape[1];
    Mat c = mat_new(arena, M, N);
    gemm(false, true, M, N, E, a.v, E, b.v, E, false, c.v, N);
    return c;
}

bool emoji_tower_open(EmojiTower *tower, Arena *arena, const EmojiSet *set, const EmojiConfig *config, Err *err) {
    if (!emoji_model_load_or_train(&tower->model, set, config, err)) return false;
    tower->names = emoji_model_names(&tower->model, arena, set);
    for (int s = 0; s < EMOJI_STYLES; s++) {
        tower->image[s] = emoji_model_images(&tower->model, arena, set, s);
        tower->cosine[s] = dots(arena, tower->image[s], tower->names);
    }
    return true;
}

/* Unit vectors of texts, and their cosines with the pictures of a style, [count,n]. */
static Mat text_cosines(Arena *arena, EmojiTower *tower, int style, const char *const *texts, int n) {
    return dots(arena, tower->image[style], clip_text_features(&tower->model.clip, arena, texts, n, NULL));
}

/* The cosine of a text with the pictures of a style, mean of the towers: [count], on the arena. */
static num *mean_cosines(Arena *arena, const EmojiSet *set, EmojiTower *towers, int count, int style,
                         const char *text) {
    num *mean = arena_zero(arena, (size_t)set->count, sizeof *mean);
    for (int t = 0; t < count; t++) {
        Mat cosine = text_cosines(arena, &towers[t], style, &text, 1);
        for (int i = 0; i < set->count; i++) mean[i] += cosine.v[i] / (num)count;
    }
    return mean;
}

static void print_rate(Rate r) { printf("%5.1f (%4.1f to %5.1f)", 100 * r.proportion, 100 * r.low, 100 * r.high); }

/* ---- the set ----------------------------------------------------------------------------------------------------- */

static int count_held(const EmojiSet *set, int category) {
    int held = 0;
    for (int i = 0; i < set->count; i++)
        held += set->item[i].held && (category < 0 || set->item[i].category == category);
    return held;
}

static int count_category(const EmojiSet *set, int category) {
    int n = 0;
    for (int i = 0; i < set->count; i++) n += set->item[i].category == category;
    return n;
}

static Tile tile_of(Arena *arena, const EmojiSet *set, int style, int item, const char *note) {
    const char *caption = arena_print(arena, "%s%s%s", set->item[item].phrase[0], *note ? "\n" : "", note);
    return (Tile){ emoji_rgb(set, style, item), EMOJI_SIDE, EMOJI_SIDE, probe_lines(arena, caption, TILE_LINE), false };
}

void report_set(const Lesson *lesson, Arena *arena, const EmojiSet *set) {
    Tile tiles[2 * SHOWN];
    int shown = 0, phrases = 0;
    for (int i = 0; i < set->count; i++) phrases += set->item[i].phrase_count;
    printf("%d pictures in each of two styles, %s and %s; %.1f phrases for each, %d different ones\n", set->count,
           set->style[STYLE_LEARNT], set->style[STYLE_OTHER], (double)phrases / set->count, set->phrase_count);
    printf("  %-20s pictures  held out\n", "category");
    for (int c = 0; c < set->category_count; c++)
        printf("  %-20s %8d  %8d\n", set->category[c], count_category(set, c), count_held(set, c));
    printf("  %-20s %8d  %8d\n", "all", set->count, count_held(set, -1));
    printf("held out by name:");
    for (int i = 0, line = 17; i < set->count; i++) {
        const char *name = set->item[i].phrase[0];
        if (!emoji_named_held(name)) continue;
        line += (int)strlen(name) + 2;
        if (line > 110) printf("\n ");
        if (line > 110) line = 3 + (int)strlen(name);
        printf(" %s;", name);
        if (shown < SHOWN / 2)
            for (int s = 0; s < EMOJI_STYLES; s++)
                tiles[s * (SHOWN / 2) + shown] = tile_of(arena, set, s, i, set->style[s]);
        shown += shown < SHOWN / 2;
    }
    printf("\n");
    if (shown < SHOWN / 2) return;
    lesson_tiles(lesson, "27-styles",
                 &(Tiles){ .title = "Held out by name: the same five in both styles",
                           .tiles = tiles,
                           .count = SHOWN,
                           .columns = SHOWN / 2 });
}

/* ---- recall ------------------------------------------------------------------------------------------------------ */

/* Queries are the emoji that are held out, or are not; answers are all. */
static EmojiRecall measure(Arena *arena, const EmojiSet *set, Mat scores, bool held) {
    int n = 0, N = set->count;
    int *query = arena_alloc(arena, (size_t)N, sizeof *query), *label = arena_alloc(arena, (size_t)N, sizeof *label);
    Mat rows = mat_new(arena, N, N);
    for (int i = 0; i < N; i++) {
        label[i] = set->item[i].phrase_id[0];
        if (set->item[i].held != held) continue;
        query[n] = label[i];
        memcpy(&AT(rows, n, 0), &AT(scores, i, 0), (size_t)N * sizeof(num));
        n++;
    }
    rows.shape[0] = n;
    Retrieval r;
    Err err;
    if (!retrieval_measure(rows, query, label, &r, &err)) die("%s", err.text);
    EmojiRecall result = { .median_rank = r.median_rank, .queries = n };
    memcpy(result.recall, r.recall, sizeof result.recall);
    return result;
}

EmojiRecall emoji_recall(Arena *arena, const EmojiSet *set, const EmojiTower *tower, int style, bool held,
                         bool to_text) {
    ArenaMark mark = arena_mark(arena);
    Mat scores = tower->cosine[style];
    if (!to_text) {
        Mat turned = mat_new(arena, set->count, set->count);
        mat_transpose(scores, turned);
        scores = turned;
    }
    EmojiRecall r = measure(arena, set, scores, held);
    arena_release(arena, mark);
    return r;
}

static void print_recall(const char *name, EmojiRecall r) {
    double low, high;
    printf("    %-22s %6.1f %6.1f %6.1f", name, 100 * r.recall[0], 100 * r.recall[1], 100 * r.recall[2]);
    metrics_interval(r.recall[2], MAX(r.queries, 1), &low, &high);
    printf("  (%4.1f to %5.1f) %8.1f\n", 100 * low, 100 * high, r.median_rank);
}

/* The pictures of a style as [count,8*8*3]: means of 4 x 4 pixels, less the mean of all, as unit vectors. */
static Mat thumbnails(Arena *arena, const EmojiSet *set, int style) {
    enum { THUMB = 8, EACH = EMOJI_SIDE / THUMB, NUMBERS = THUMB * THUMB * 3 };
    Mat m = mat_zero(arena, set->count, NUMBERS);
    for (int i = 0; i < set->count; i++)
        for (int p = 0; p < EMOJI_PIXELS; p++) {
            int x = p / 3 % EMOJI_SIDE / EACH, y = p / 3 / EMOJI_SIDE / EACH;
            AT(m, i, (y * THUMB + x) * 3 + p % 3) += emoji_rgb(set, style, i)[p];
        }
    for (int k = 0; k < NUMBERS; k++) {
        double mean = 0;
        for (int i = 0; i < set->count; i++) mean += (double)AT(m, i, k) / set->count;
        for (int i = 0; i < set->count; i++) AT(m, i, k) -= (num)mean;
    }
    for (int i = 0; i < set->count; i++) AT(m, i, 0) += (num)1e-3; /* a picture that is the mean has a length, too */
    mat_normalise_rows(m);
    return m;
}

/* Without learning: the name of the most similar picture of the learnt style, which must be one that training shows. */
static EmojiRecall nearest_pixels(Arena *arena, const EmojiSet *set, bool to_text) {
    ArenaMark mark = arena_mark(arena);
    Mat other = thumbnails(arena, set, STYLE_OTHER), learnt = thumbnails(arena, set, STYLE_LEARNT);
    Mat scores = to_text ? dots(arena, other, learnt) : dots(arena, learnt, other);
    for (int i = 0; i < set->count; i++)
        for (int j = 0; j < set->count; j++)
            if (to_text && set->item[j].held) AT(scores, i, j) = -2;
    EmojiRecall r = measure(arena, set, scores, false);
    arena_release(arena, mark);
    return r;
}

void report_recall(Arena *arena, const EmojiSet *set, const EmojiTower *towers, int count) {
    for (int to_text = 1; to_text >= 0; to_text--) {
        printf("%s, among all %d, %%\n", to_text ? "the name of a picture" : "the picture of a name", set->count);
        printf("    %-22s %6s %6s %6s  (95 %%)          med. rank\n", "", "R@1", "R@5", "R@10");
        for (int held = 0; held < 2; held++)
            for (int s = 0; s < EMOJI_STYLES; s++) {
                EmojiRecall r = { 0 };
                printf("  %s, %s", held ? "held out" : "seen", set->style[s]);
                printf(" (%d)\n", held ? count_held(set, -1) : set->count - count_held(set, -1));
                for (int t = 0; t < count; t++) {
                    r = emoji_recall(arena, set, &towers[t], s, held, to_text);
                    print_recall(towers[t].model.config.text, r);
                }
                if (s == STYLE_OTHER && !held) print_recall("nearest in pixels", nearest_pixels(arena, set, to_text));
            }
        Retrieval chance = retrieval_chance(set->count, 1);
        printf("  guessing\n    %-22s %6.1f %6.1f %6.1f %25.1f\n", "", 100 * chance.recall[0], 100 * chance.recall[1],
               100 * chance.recall[2], chance.median_rank);
    }
}

/* Whether the model has every word of the name. */
static bool name_is_known(Arena *arena, const EmojiTower *tower, const char *name) {
    int words = 1;
    for (const char *at = name; *at; at++) words += *at == ' ';
    return emoji_model_known(&tower->model, arena, name) == MIN(words, EMOJI_WORDS);
}

/* Whether the picture of name j is among the ten nearest. */
static bool is_found(const EmojiSet *set, const EmojiTower *tower, int style, int j) {
    int better = 0;
    for (int i = 0; i < set->count; i++) better += AT(tower->cosine[style], i, j) > AT(tower->cosine[style], j, j);
    return better < TOP;
}

void report_known(Arena *arena, const EmojiSet *set, const EmojiTower *towers, int count) {
    printf("recall@10, the picture of a name that is held out, %%\n");
    for (int known = 1; known >= 0; known--)
        for (int s = 0; s < EMOJI_STYLES; s++) {
            printf("  %-40s %-8s",
                   known ? "captions had all words of the name" : "a word of the name was in no caption",
                   set->style[s]);
            for (int t = 0; t < count; t++) {
                int right = 0, of = 0;
                for (int j = 0; j < set->count; j++) {
                    if (!set->item[j].held || name_is_known(arena, &towers[t], set->item[j].phrase[0]) != known)
                        continue;
                    right += is_found(set, &towers[t], s, j);
                    of++;
                }
                printf("  %s (%d) ", towers[t].model.config.text, of);
                print_rate(metrics_wilson(right, of));
            }
            printf("\n");
        }
}

/* recall@10 of the names of one category, seen or held out, in a style. */
static Rate category_recall(const EmojiSet *set, const EmojiTower *tower, int style, int category, bool held) {
    int right = 0, of = 0;
    for (int j = 0; j < set->count; j++) {
        if (set->item[j].category != category || set->item[j].held != held) continue;
        right += is_found(set, tower, style, j);
        of++;
    }
    return metrics_wilson(right, of);
}

void report_categories_recall(const Lesson *lesson, Arena *arena, const EmojiSet *set, const EmojiTower *tower) {
    Bar *bars = arena_alloc(arena, (size_t)set->category_count, sizeof *bars);
    int count = 0;
    printf("recall@10, the picture of a name, by category, %% (%s)\n", tower->model.config.text);
    printf("  %-20s %-25s %-25s %s\n", "", arena_print(arena, "seen, %s", set->style[STYLE_LEARNT]),
           arena_print(arena, "seen, %s", set->style[STYLE_OTHER]),
           arena_print(arena, "held out, %s", set->style[STYLE_LEARNT]));
    for (int c = 0; c < set->category_count; c++) {
        Rate seen = category_recall(set, tower, STYLE_LEARNT, c, false);
        Rate other = category_recall(set, tower, STYLE_OTHER, c, false);
        Rate held = category_recall(set, tower, STYLE_LEARNT, c, true);
        if (held.of == 0) continue;
        printf("  %-20s ", set->category[c]);
        print_rate(seen);
        printf("    ");
        print_rate(other);
        printf("    ");
        print_rate(held);
        printf("\n");
        bars[count++] = (Bar){
            .label = set->category[c], .value = 100 * other.proportion, .low = 100 * other.low, .high = 100 * other.high
        };
    }
    lesson_bars(
        lesson, "27-categories",
        &(Bars){ .title = arena_print(arena, "recall@10, the picture of a name, seen in training, in the style of %s",
                                      set->style[STYLE_OTHER]),
                 .unit = " %",
                 .bars = bars,
                 .count = count,
                 .decimals = 1,
                 .high = 100 });
}

/* ---- a query ----------------------------------------------------------------------------------------------------- */

void report_query(const Lesson *lesson, Arena *arena, const EmojiSet *set, EmojiTower *towers, int count,
                  const char *name, const char *text) {
    int top[TOP], ids[EMOJI_WORDS], shown = MIN(TOP, EMOJI_STYLES * set->count);
    Tile tiles[TOP];
    num *score = arena_alloc(arena, EMOJI_STYLES * (size_t)set->count, sizeof *score);
    TextNotes notes = vocab_encode(&towers[0].model.clip.vocab, arena, &text, 1, EMOJI_WORDS, ids);
    text_warn(&notes, stdout);
    if (notes.empty_count) {
        printf("%s: the model knows no word of this; any answer would be chance\n", quoted(text));
        return;
    }
    for (int s = 0; s < EMOJI_STYLES; s++)
        memcpy(score + s * set->count, mean_cosines(arena, set, towers, count, s, text),
               (size_t)set->count * sizeof *score);
    retrieval_top(score, EMOJI_STYLES * set->count, shown, top);
    printf("%s\n", quoted(text));
    for (int k = 0; k < shown; k++) {
        int style = top[k] / set->count, item = top[k] % set->count;
        const char *held = set->item[item].held ? ", held out" : "";
        printf("  %2d  %.3f  %s (%s%s)\n", k + 1, (double)score[top[k]], set->item[item].phrase[0], set->style[style],
               held);
        tiles[k] =
            tile_of(arena, set, style, item, arena_print(arena, "%s %.2f", set->style[style], (double)score[top[k]]));
    }
    lesson_tiles(lesson, name, &(Tiles){ .title = text, .tiles = tiles, .count = shown, .columns = TOP / 2 });
}

/* ---- where words bind -------------------------------------------------------------------------------------------- */

static void print_binding(const char *name, PairScore score) {
    if (score.items == 0) return;
    PairScoreRate choice = pair_score_rate(&score, PAIR_METRIC_CHOICE),
                  group = pair_score_rate(&score, PAIR_METRIC_GROUP);
    printf("    %-14s %5d   %5.1f (%4.1f to %5.1f)    %5.1f (%4.1f to %5.1f)  %6.1f\n", name, score.items,
           100 * choice.fraction, 100 * choice.low, 100 * choice.high, 100 * group.fraction, 100 * group.low,
           100 * group.high, 100.0 * score.ties / score.comparisons);
}

/* How many pairs have the same picture, byte for byte, in a style. */
static void print_same(const EmojiSet *set, const BindPair *pairs, int n) {
    for (int s = 0; s < EMOJI_STYLES; s++) {
        int same = 0;
        for (int k = 0; k < n; k++)
            same += !memcmp(emoji_rgb(set, s, pairs[k].a), emoji_rgb(set, s, pairs[k].b), EMOJI_PIXELS);
        if (same) printf("   in %d of the %d pairs both pictures are the same in %s\n", same, n, set->style[s]);
    }
}

void report_binding(Arena *arena, const EmojiSet *set, const EmojiTower *towers, int count) {
    printf("    %-14s pairs   right choice, %%          group, %%                 ties, %%\n", "");
    for (int kind = 0; kind < BIND_KINDS; kind++) {
        int n;
        BindPair *pairs = bind_pairs(set, arena, (BindKind)kind, &n);
        if (n == 0) continue;
        printf("  %s: \"%s\" or \"%s\", ...\n", bind_name((BindKind)kind), set->item[pairs[0].a].phrase[0],
               set->item[pairs[0].b].phrase[0]);
        print_same(set, pairs, n);
        for (int held = 0; held < 2; held++)
            for (int s = 0; s < EMOJI_STYLES; s++) {
                PairScore some = bind_score(pairs, n, held, towers[0].image[s], towers[0].names);
                if (some.items > 0) printf("   %s, %s\n", held ? "one of them held out" : "both seen", set->style[s]);
                for (int t = 0; t < count; t++)
                    print_binding(towers[t].model.config.text,
                                  bind_score(pairs, n, held, towers[t].image[s], towers[t].names));
            }
    }
    printf("  guessing, or reading the names alone: choice 50.0, group 16.7\n");
}

/* How many pictures of a family choose their own name among the family's. */
static void print_family(const EmojiSet *set, const EmojiTower *tower, const char *pattern, const int *item, int n) {
    printf("  \"%s\", %d of them: right name among these; guessing %.1f %%\n", pattern, n, 100.0 / n);
    for (int s = 0; s < EMOJI_STYLES; s++)
        for (int held = 0; held < 2; held++) {
            int right = 0, of = 0;
            for (int i = 0; i < n; i++) {
                int best = 0;
                if (set->item[item[i]].held != held) continue;
                for (int j = 1; j < n; j++)
                    if (AT(tower->cosine[s], item[i], item[j]) > AT(tower->cosine[s], item[i], item[best])) best = j;
                right += best == i;
                of++;
            }
            if (of == 0) continue;
            printf("    %-8s %-9s %2d of %2d   ", set->style[s], held ? "held out" : "seen", right, of);
            print_rate(metrics_wilson(right, of));
            printf("\n");
        }
}

static void draw_family(const Lesson *lesson, Arena *arena, const EmojiSet *set, const EmojiTower *tower,
                        const char *name, const char *pattern, const int *item, int n) {
    Mat m = mat_new(arena, n, n);
    const char **label = arena_alloc(arena, (size_t)n, sizeof *label),
               **column = arena_alloc(arena, (size_t)n, sizeof *label);
    for (int i = 0; i < n; i++) {
        const char *own = set->item[item[i]].phrase[0];
        label[i] = arena_print(arena, "%s%s", own, set->item[item[i]].held ? " *" : "");
        const char *differs = own + strcspn(pattern, "X");
        column[i] = arena_print(arena, "%.*s", (int)strcspn(differs, " "), differs);
        for (int j = 0; j < n; j++) AT(m, i, j) = AT(tower->cosine[STYLE_OTHER], item[i], item[j]);
    }
    lesson_heat(lesson, name,
                &(Heat){ .title = arena_print(arena, "\"%s\": cosine of pictures (%s) with names; * held out", pattern,
                                              set->style[STYLE_OTHER]),
                         .y = "picture",
                         .x = "name",
                         .m = m,
                         .rows = label,
                         .cols = column,
                         .decimals = 2 });
}

void report_families(const Lesson *lesson, Arena *arena, const EmojiSet *set, const EmojiTower *tower) {
    static const struct {
        BindKind kind;
        const char *pattern, *figure;
    } families[] = {
        { BIND_COLOUR, "X heart", "27-hearts" },   { BIND_NUMBER, "X o clock", NULL },
        { BIND_NUMBER, "X thirty", NULL },         { BIND_COLOUR, "X circle", NULL },
        { BIND_COLOUR, "a X heart", "27-hearts" }, { BIND_NUMBER, "X red squares", NULL },
    };
    int item[FAMILY];
    for (size_t f = 0; f < COUNT(families); f++) {
        int n = bind_family(set, families[f].kind, families[f].pattern, item, FAMILY);
        if (n < 2) continue;
        print_family(set, tower, families[f].pattern, item, n);
        if (families[f].figure)
            draw_family(lesson, arena, set, tower, families[f].figure, families[f].pattern, item, n);
    }
}

/* At most the first four words: more have too many orders. */
static char *first_words(Arena *arena, const char *text) {
    int words = 0;
    size_t end = 0;
    for (; text[end]; end++) {
        words += text[end] == ' ';
        if (words == ORDERED) break;
    }
    return arena_print(arena, "%.*s", (int)end, text);
}

void report_orders(Arena *arena, const EmojiSet *set, EmojiTower *towers, int count) {
    int n, orders;
    BindPair *pairs = bind_pairs(set, arena, BIND_ORDER, &n);
    for (int k = 0; k < MIN(n, 3); k++) {
        const char *text[2] = { set->item[pairs[k].a].phrase[0], set->item[pairs[k].b].phrase[0] };
        const char **all = sensitivity_orders(arena, first_words(arena, text[0]), &orders);
        printf("  \"%s\", \"%s\"\n", text[0], text[1]);
        for (int t = 0; t < count; t++) {
            Mat two = sensitivity_vectors(&towers[t].model.clip, arena, text, 2);
            Mat many = sensitivity_vectors(&towers[t].model.clip, arena, all, orders);
            printf("    %-14s cosine %.6f; the %d orders of the first words have %d different vectors\n",
                   towers[t].model.config.text, sensitivity_cosine(two, 0, two, 1), orders,
                   sensitivity_different(many));
        }
    }
}

/* ---- zero-shot categories ---------------------------------------------------------------------------------------- */

/* What a category shows, in words that captions have; NULL: its own name. */
static const char *category_text(Arena *arena, const char *category, bool described) {
    static const char *const text[][2] = {
        { "Smileys & Emotion", "face" },
        { "People & Body", "person" },
        { "Animals & Nature", "animal" },
        { "Food & Drink", "food" },
        { "Travel & Places", "place building transportation" },
        { "Activities", "game" },
        { "Objects", "tool" },
        { "Symbols", "sign symbol" },
        { "Flags", "flag" },
        { "one shape", "a" },
        { "several shapes", "three squares" },
        { "two shapes", "left of a" },
    };
    for (size_t i = 0; described && i < COUNT(text); i++)
        if (!strcmp(text[i][0], category)) return text[i][1];
    const char *name = emoji_phrase(arena, category);
    return name ? name : category;
}

static Rate zero_shot(const EmojiSet *set, Mat cosine, const int *class, int classes, bool held) {
    int right = 0, of = 0;
    for (int i = 0; i < set->count; i++) {
        int best = 0;
        if (set->item[i].held != held) continue;
        for (int c = 1; c < classes; c++)
            if (AT(cosine, i, c) > AT(cosine, i, best)) best = c;
        right += class[best] == set->item[i].category;
        of++;
    }
    return metrics_wilson(right, of);
}

static void print_zero_shot(Arena *arena, const EmojiSet *set, EmojiTower *tower, bool described, const int *class,
                            int n) {
    const char **text = arena_alloc(arena, (size_t)n, sizeof *text);
    for (int c = 0; c < n; c++) text[c] = category_text(arena, set->category[class[c]], described);
    printf("    %-14s %-12s", tower->model.config.text, described ? "described" : "its name");
    for (int held = 0; held < 2; held++)
        for (int s = 0; s < EMOJI_STYLES; s++) {
            printf("  ");
            print_rate(zero_shot(set, text_cosines(arena, tower, s, text, n), class, n, held));
        }
    printf("\n");
}

void report_zero_shot(Arena *arena, const EmojiSet *set, EmojiTower *towers, int count) {
    int class[EMOJI_CATEGORIES], n = 0, largest = 0;
    for (int c = 0; c < set->category_count; c++) {
        if (count_held(set, c) == 0) continue; /* a category of five */
        if (count_category(set, c) > count_category(set, largest)) largest = c;
        class[n++] = c;
    }
    printf("right category of %d, %%\n    %-27s", n, "");
    for (int held = 0; held < 2; held++)
        for (int s = 0; s < EMOJI_STYLES; s++)
            printf("  %-21s", arena_print(arena, "%s, %s", held ? "held out" : "seen", set->style[s]));
    printf("\n");
    for (int t = 0; t < count; t++)
        for (int described = 0; described < 2; described++)
            print_zero_shot(arena, set, &towers[t], described, class, n);
    printf("    always \"%s\": %.1f %%; guessing: %.1f %%\n", set->category[largest],
           100.0 * count_category(set, largest) / set->count, 100.0 / n);
}

/* ---- words that no caption had ----------------------------------------------------------------------------------- */

/* Of the ten pictures of the other style that are nearest to the text, those whose phrases have the word. */
static int among_top(const EmojiSet *set, const num *cosine, const char *word, int *top) {
    int right = 0;
    retrieval_top(cosine, set->count, TOP, top);
    for (int k = 0; k < TOP; k++) right += emoji_says(set, top[k], word);
    return right;
}

void report_withheld(const Lesson *lesson, Arena *arena, const EmojiSet *set, EmojiTower *towers, int count) {
    int top[TOP];
    Tile tiles[TOP];
    const Withheld *list = emoji_withheld(set);
    if (set->count < TOP) return;
    printf("of the %d nearest pictures (%s), those whose phrases have the word\n", TOP, set->style[STYLE_OTHER]);
    printf("  %-10s %-40s the word  described  guessing\n", "word", "described as");
    for (const Withheld *w = list; w->word; w++) {
        int all = 0;
        for (int i = 0; i < set->count; i++) all += emoji_says(set, i, w->word);
        int bare = among_top(set, mean_cosines(arena, set, towers, count, STYLE_OTHER, w->word), w->word, top);
        int described =
            among_top(set, mean_cosines(arena, set, towers, count, STYLE_OTHER, w->description), w->word, top);
        printf("  %-10s %-40s %8d %10d %9.2f\n", w->word, w->description, bare, described,
               (double)TOP * all / set->count);
        for (int k = 0; w == list && k < TOP; k++)
            tiles[k] =
                tile_of(arena, set, STYLE_OTHER, top[k], emoji_says(set, top[k], w->word) ? "" : "(not its word)");
    }
    lesson_tiles(lesson, "27-described",
                 &(Tiles){ .title = arena_print(arena, "\"%s\", described as \"%s\"", list->word, list->description),
                           .tiles = tiles,
                           .count = TOP,
                           .columns = TOP / 2 });
}
