#include "scenes/probe_report.h"

#include <math.h>
#include <string.h>

enum { LINE = 31, READING = 4000, MOST = 32 };

void class_free(Class *class) {
    for (int k = 0; k < class->count; k++) learner_free(&class->learner[k]);
    class->count = 0;
}

/* ---- pictures --------------------------------------------------------------------------------------------------- */

Tile exam_tile(Arena *arena, const Scene *scene, const char *caption, const char *note) {
    size_t pixels = (size_t)LEARNER_SIDE * LEARNER_SIDE * 3;
    uint8_t *rgb = arena_alloc(arena, pixels, 1);
    scene_picture(scene, (Canvas){ LEARNER_SIDE, arena_alloc(arena, pixels, sizeof(double)) }, rgb);
    char *text = arena_print(arena, "%s%s%s", caption, *note ? "\n" : "", note), *last = NULL;
    for (char *at = text, *line = text; *at && *at != '\n'; at++) {
        if (*at == ' ') last = at;
        if (at - line >= LINE && last) {
            *last = '\n';
            line = last + 1;
            last = NULL;
        }
    }
    return (Tile){ rgb, LEARNER_SIDE, LEARNER_SIDE, text, *note != '\0' };
}

/* ---- one probe -------------------------------------------------------------------------------------------------- */

void exam_heading(void) { printf("                chosen rightly (95 %% interval)    text  image  group    tied\n"); }

static void print_row(const char *who, const Tally *tally) {
    TallyRate rate = tally_rate(tally, TALLY_CHOICE);
    printf("  %-12s  %5.1f %%  (%5.1f to %5.1f)         ", who, 100 * rate.share, 100 * rate.low, 100 * rate.high);
    for (int k = TALLY_TEXT; k < TALLY_SCORES; k++) {
        double share = tally_rate(tally, (TallyScore)k).share;
        if (isnan(share)) printf("      -");
        else printf("  %5.1f", 100 * share);
    }
    printf("   %5.1f\n", 100.0 * tally->ties / tally->comparisons);
}

static void print_guessing(const Tally *any) {
    printf("  %-12s  %5.1f %%                           ", "(guessing)", 100 * tally_chance(any, TALLY_CHOICE));
    for (int k = TALLY_TEXT; k < TALLY_SCORES; k++) {
        double chance = tally_chance(any, (TallyScore)k);
        if (isnan(chance)) printf("      -");
        else printf("  %5.1f", 100 * chance);
    }
    printf("\n");
}

/* Who reads the scene, who guesses, who does not look. */
static void print_others(Arena *arena, const Quads *quads) {
    Tally oracle = quads_score_by(quads, quads_oracle, NULL);
    print_row("(oracle)", &oracle);
    print_guessing(&oracle);
    Hearsay hearsay = hearsay_read(arena, quads_reading(arena, quads, READING), READING);
    printf("  (captions alone)");
    for (int rule = 0; rule < HEARSAY_RULES; rule++) {
        Tally tally = quads_score_rule(quads, &hearsay, (HearsayRule)rule);
        printf("%s by %s %.1f %%", rule ? "," : "", hearsay_name((HearsayRule)rule),
               100 * tally_rate(&tally, TALLY_CHOICE).share);
    }
    printf("\n");
}

double exam_probe(Arena *arena, Class *class, const QuadSettings *settings) {
    Quads quads;
    Err err;
    double first = NAN;
    const char *held = settings->split && settings->part == SPLIT_HELD ? ", of combinations that were held out" : "";
    if (!quads_make(&quads, arena, settings, &err))
        return printf("%s%s: %s\n", quad_name(settings->kind), held, err.text), NAN;
    if (!quads_check(&quads, &err)) die("%s: %s", quad_name(settings->kind), err.text);
    printf("%s, %d items%s\n  \"%s\"\n  \"%s\"\n", quad_name(settings->kind), quads.count, held,
           quads.item[0].caption[0], quads.item[0].caption[1]);
    for (int k = 0; k < class->count; k++) {
        Tally tally = learner_quads(&class->learner[k], &quads);
        if (k == 0) first = tally_rate(&tally, TALLY_CHOICE).share;
        print_row(class->learner[k].settings.text, &tally);
    }
    print_others(arena, &quads);
    return first;
}

/* ---- what each chose -------------------------------------------------------------------------------------------- */

/* One picture of an item: prints who chose what; returns the note for under the picture. */
static const char *choose(Arena *arena, Class *class, const Quad *item, int picture) {
    const char *tied = "", *wrong = "";
    const Scene *scene = &item->scene[picture];
    for (int k = 0; k < class->count; k++) {
        Learner *l = &class->learner[k];
        Mat s = learner_similar(l, arena, &scene, 1, item->caption, 2);
        num own = s.v[picture], other = s.v[1 - picture];
        const char **list = own == other ? &tied : &wrong, *begin = own == other ? "tie: " : "wrong: ";
        if (own <= other) *list = arena_print(arena, "%s%s%s", *list, **list ? ", " : begin, l->settings.text);
        printf("  %-5s", own > other ? "right" : own < other ? "wrong" : "tie");
    }
    printf("\n");
    if (!*tied && !*wrong) return "all right";
    return arena_print(arena, "%s%s%s", tied, *tied && *wrong ? "; " : "", wrong);
}

void exam_choices(const Lesson *lesson, Arena *arena, Class *class, const char *name, int each) {
    REQUIRE(each >= 1 && 4 * each <= MOST, "%d pairs of a kind, want 1 to %d", each, MOST / 4);
    Tile tiles[MOST];
    int n = 0;
    printf("  %-52s", "the right caption; the other one is the neighbour's");
    for (int k = 0; k < class->count; k++) printf("  %-5.5s", class->learner[k].settings.text);
    printf("\n");
    for (int kind = QUAD_BINDING; kind <= QUAD_RELATION; kind++) {
        Quads quads;
        Err err;
        const QuadSettings settings = {
            .kind = (QuadKind)kind, .seed = 4, .count = each, .split = &class->learner[0].split
        };
        if (!quads_make(&quads, arena, &settings, &err)) {
            printf("  %s: %s\n", quad_name(settings.kind), err.text);
            continue;
        }
        for (int i = 0; i < quads_pictures(&quads); i++) {
            printf("  %2d%c %-48s", 1 + n / 2, "ab"[i % 2], quads_caption(&quads, i));
            const char *note = choose(arena, class, &quads.item[i / 2], i % 2);
            tiles[n++] = exam_tile(arena, quads_scene(&quads, i), quads_caption(&quads, i), note);
        }
    }
    if (n)
        lesson_tiles(
            lesson, name,
            &(Tiles){ .title = "The right caption, and who chose wrongly", .tiles = tiles, .count = n, .columns = 2 });
}
