#include "scenes/probe_report.h"

#include <math.h>
#include <string.h>

enum { LINE = 31, TRAINING_CAPTIONS = 4000, LIMIT = 32 };

void model_set_free(ModelSet *set) {
    for (int k = 0; k < set->count; k++) scene_model_free(&set->scene_model[k]);
    set->count = 0;
}

/* ---- pictures ---------------------------------------------------------------------------------------------------- */

char *probe_lines(Arena *arena, const char *text, int width) {
    char *lines = arena_text(arena, text), *line = lines, *last = NULL;
    for (char *at = lines; *at; at++) {
        if (*at == ' ') last = at;
        char *end = *at == '\n' ? at : at - line >= width ? last : NULL;
        if (!end) continue;
        *end = '\n';
        line = end + 1;
        last = NULL;
    }
    return lines;
}

Tile probe_tile(Arena *arena, const Scene *scene, const char *caption, const char *note) {
    size_t pixels = (size_t)SCENE_SIDE * SCENE_SIDE * 3;
    uint8_t *rgb = arena_alloc(arena, pixels, 1);
    scene_picture(scene, (Canvas){ SCENE_SIDE, arena_alloc(arena, pixels, sizeof(double)) }, rgb);
    char *text = probe_lines(arena, arena_print(arena, "%s%s%s", caption, *note ? "\n" : "", note), LINE);
    return (Tile){ rgb, SCENE_SIDE, SCENE_SIDE, text, strstr(note, "wrong") != NULL };
}

/* ---- one probe --------------------------------------------------------------------------------------------------- */

void probe_report_heading(void) {
    printf("                right choice (95 %% interval)       text  image  group    ties\n");
}

static void print_metric(double fraction) {
    if (isnan(fraction)) printf("      -");
    else printf("  %5.1f", 100 * fraction);
}

static void print_row(const char *name, const PairScore *score) {
    PairScoreRate rate = pair_score_rate(score, PAIR_METRIC_CHOICE);
    printf("  %-12s  %5.1f %%  (%5.1f to %5.1f)         ", name, 100 * rate.fraction, 100 * rate.low, 100 * rate.high);
    for (int k = PAIR_METRIC_TEXT; k < PAIR_METRICS; k++) print_metric(pair_score_rate(score, (PairMetric)k).fraction);
    printf("   %5.1f\n", 100.0 * score->ties / score->comparisons);
}

static void print_chance(const PairScore *any) {
    printf("  (chance)      %5.1f %%                           ", 100 * pair_score_chance(any, PAIR_METRIC_CHOICE));
    for (int k = PAIR_METRIC_TEXT; k < PAIR_METRICS; k++) print_metric(pair_score_chance(any, (PairMetric)k));
    printf("\n");
}

/* The oracle, chance, and the text-only rules. */
static void print_baselines(Arena *arena, const MinimalPairs *pairs) {
    PairScore oracle = minimal_pairs_score_by(pairs, minimal_pairs_oracle, NULL);
    print_row("(oracle)", &oracle);
    print_chance(&oracle);
    const char **captions = minimal_pairs_training_captions(arena, pairs, TRAINING_CAPTIONS);
    TextBaseline baseline = text_baseline_fit(arena, captions, TRAINING_CAPTIONS);
    printf("  (text only)     ");
    for (int rule = 0; rule < TEXT_BASELINE_RULES; rule++) {
        PairScore score = minimal_pairs_score_rule(pairs, &baseline, (TextBaselineRule)rule);
        printf("%s by %s %.1f %%", rule ? "," : "", text_baseline_name((TextBaselineRule)rule),
               100 * pair_score_rate(&score, PAIR_METRIC_CHOICE).fraction);
    }
    printf("\n");
}

double probe_report(Arena *arena, ModelSet *set, const MinimalPairsConfig *config) {
    MinimalPairs pairs;
    Err err;
    double first = NAN;
    const char *held = config->split && config->part == SPLIT_HELD ? ", held-out combinations" : "";
    if (!minimal_pairs_make(&pairs, arena, config, &err)) {
        printf("%s%s: %s\n", probe_name(config->kind), held, err.text);
        return NAN;
    }
    if (!minimal_pairs_check(&pairs, &err)) die("%s: %s", probe_name(config->kind), err.text);
    printf("%s, %d items%s\n  \"%s\"\n  \"%s\"\n", probe_name(config->kind), pairs.count, held,
           pairs.item[0].caption[0], pairs.item[0].caption[1]);
    for (int k = 0; k < set->count; k++) {
        PairScore score = scene_model_pair_score(&set->scene_model[k], &pairs);
        if (k == 0) first = pair_score_rate(&score, PAIR_METRIC_CHOICE).fraction;
        print_row(set->scene_model[k].config.text, &score);
    }
    print_baselines(arena, &pairs);
    return first;
}

/* ---- choices ----------------------------------------------------------------------------------------------------- */

/* Prints the choice of every model for one picture of an item; returns the note below the picture. */
static const char *print_choices(Arena *arena, ModelSet *set, const MinimalPair *item, int picture) {
    const char *tied = "", *wrong = "";
    const Scene *scene = &item->scene[picture];
    for (int k = 0; k < set->count; k++) {
        SceneModel *model = &set->scene_model[k];
        Mat s = scene_model_similarities(model, arena, &scene, 1, item->caption, 2);
        num own = s.v[picture], other = s.v[1 - picture];
        const char **list = own == other ? &tied : &wrong, *begin = own == other ? "tie: " : "wrong: ";
        if (own <= other) *list = arena_print(arena, "%s%s%s", *list, **list ? ", " : begin, model->config.text);
        printf("  %-5s", own > other ? "right" : own < other ? "wrong" : "tie");
    }
    printf("\n");
    if (!*tied && !*wrong) return "all right";
    return arena_print(arena, "%s%s%s", tied, *tied && *wrong ? "; " : "", wrong);
}

void probe_report_choices(const Lesson *lesson, Arena *arena, ModelSet *set, const char *name, int each) {
    REQUIRE(each >= 1 && 4 * each <= LIMIT, "%d pairs of a kind, want 1 to %d", each, LIMIT / 4);
    Tile tiles[LIMIT];
    int n = 0;
    printf("  %-52s", "right caption (wrong one: that of the other picture)");
    for (int k = 0; k < set->count; k++) printf("  %-5.5s", set->scene_model[k].config.text);
    printf("\n");
    for (int kind = PROBE_BINDING; kind <= PROBE_RELATION; kind++) {
        MinimalPairs pairs;
        Err err;
        MinimalPairsConfig config = { .kind = (ProbeKind)kind, .seed = 4, .count = each };
        config.split = &set->scene_model[0].split;
        if (!minimal_pairs_make(&pairs, arena, &config, &err)) {
            printf("  %s: %s\n", probe_name(config.kind), err.text);
            continue;
        }
        for (int i = 0; i < minimal_pairs_pictures(&pairs); i++) {
            printf("  %2d%c %-48s", 1 + n / 2, "ab"[i % 2], minimal_pairs_caption(&pairs, i));
            const char *note = print_choices(arena, set, &pairs.item[i / 2], i % 2);
            tiles[n++] = probe_tile(arena, minimal_pairs_scene(&pairs, i), minimal_pairs_caption(&pairs, i), note);
        }
    }
    const char *title = "Right captions, and the models that chose the wrong one";
    if (n) lesson_tiles(lesson, name, &(Tiles){ .title = title, .tiles = tiles, .count = n, .columns = 2 });
}
