/* Lesson 27: your own pairs. A CLIP learns emoji of one vendor from their names and key words; the pictures of another
 * vendor test it. What do 1,911 pairs teach? Before: 10 train, 13 retrieval, 16, 17. See README.md. */
#include "emoji_report.h"
#include "emoji_scenes.h"

#include "core/file.h"

#include <string.h>

enum { TOWERS = 2, SIZES = 4 };

static struct {
    const char *data, *write;
    EmojiConfig config;
    int items;
    bool study;
} args = { .data = "auto", .write = "", .config = { .text = "transformer", .seed = 1, .steps = EMOJI_STEPS } };

static const Option options[] = {
    { "data", .text = &args.data, .choices = "auto|emoji|scenes",
      .help = "emoji, or generated scenes with captions; auto: emoji where make emoji has put them" },
    { "text", .text = &args.config.text, .choices = "lstm|transformer",
      .help = "the text tower that is compared with the bag of words" },
    { "steps", .integer = &args.config.steps, .low = 1, .high = 1000000, .help = "training steps" },
    { "items", .integer = &args.items, .low = 0, .high = 1000, .help = "scenes: so many of them; 0: all" },
    { "write", .text = &args.write,
      .help = "write the pictures and a table pairs.tsv for lesson-10 --pairs into this new folder" },
    { "study", .flag = &args.study, .help = "train on fewer pairs: how much does each pair teach? Two minutes" },
    { 0 },
};

static void open_set(Arena *arena, EmojiSet *set) {
    const char *folder = emoji_folder();
    bool there = emoji_files_exist(folder), wanted = !strcmp(args.data, "emoji");
    Err err;
    if (!strcmp(args.data, "scenes") || (!there && !wanted)) {
        emoji_set_generate(set, arena, args.items);
        if (there || !strcmp(args.data, "scenes")) puts("Pictures: generated scenes, as asked for.");
        else
            puts("Pictures: generated scenes, because the emoji are not here. \"make emoji\" fetches them (12 MB);\n"
                 "without a network it says which four files to fetch by hand.");
        return;
    }
    if (!there) die("%s does not hold the emoji; run \"make emoji\", or leave out --data emoji", folder);
    if (!emoji_set_read(set, arena, folder, &err)) die("%s", err.text);
    printf("Pictures: emoji. Twemoji by Twitter and contributors (CC-BY 4.0), Noto Emoji by Google (Apache 2.0).\n");
}

static void open_towers(Arena *arena, const EmojiSet *set, EmojiTower *towers) {
    const char *const text[TOWERS] = { "bow", args.config.text };
    Err err;
    for (int t = 0; t < TOWERS; t++) {
        EmojiConfig config = args.config;
        config.text = text[t];
        if (!emoji_tower_open(&towers[t], arena, set, &config, &err)) die("%s", err.text);
        const EmojiModel *m = &towers[t].model;
        printf("%-12s %d pairs, %d steps, %d words, loss %.2f\n", text[t], m->pairs, m->config.steps,
               m->clip.vocab.size - TEXT_FIRST_WORD, m->loss);
    }
}

/* The nearest pictures of the words on the command line, and no more. */
static int answer(Lesson *lesson, const EmojiSet *set) {
    Arena *arena = &lesson->memory;
    EmojiTower towers[TOWERS];
    open_towers(arena, set, towers);
    for (int k = 0; k < lesson->word_count; k++)
        report_query(lesson, arena, set, towers, TOWERS, arena_print(arena, "27-query-%d", k + 1), lesson->words[k]);
    for (int t = 0; t < TOWERS; t++) emoji_model_free(&towers[t].model);
    return lesson_end(lesson);
}

/* ---- how much does each pair teach? ------------------------------------------------------------------------------ */

/* `pairs` of the `seen` pictures. Each is shown as often as in the whole set: fewer pairs, fewer steps. */
static void study_row(const EmojiSet *set, int pairs, int seen) {
    Arena arena = { 0 };
    EmojiConfig config = { .text = "bow", .seed = args.config.seed };
    EmojiTower tower;
    Err err;
    config.steps = MAX(args.config.steps * pairs / seen, 1);
    config.pairs = pairs < seen ? pairs : 0;
    if (!emoji_tower_open(&tower, &arena, set, &config, &err)) die("%s", err.text);
    printf("  %5d", pairs);
    for (int k = 0; k < 2 * EMOJI_STYLES; k++) {
        EmojiRecall r = emoji_recall(&arena, set, &tower, k % EMOJI_STYLES, true, k < EMOJI_STYLES);
        double low, high, found = r.recall[COUNT(r.recall) - 1];
        metrics_interval(found, MAX(r.queries, 1), &low, &high);
        printf("   %5.1f (%4.1f to %5.1f)", 100 * found, 100 * low, 100 * high);
    }
    printf("\n");
    emoji_model_free(&tower.model);
    arena_free(&arena);
}

static void study(const EmojiSet *set) {
    int seen = 0;
    for (int i = 0; i < set->count; i++) seen += !set->item[i].held;
    printf("recall@10 of the %d that are held out, among all %d, %%; bag of words; guessing %.1f\n  pairs",
           set->count - seen, set->count, 1000.0 / set->count);
    for (int k = 0; k < 2 * EMOJI_STYLES; k++)
        printf("   %-12s %-8s", k < EMOJI_STYLES ? "its name," : "its picture,", set->style[k % EMOJI_STYLES]);
    printf("\n");
    for (int k = SIZES - 1; k >= 0; k--) study_row(set, seen >> k, seen);
}

/* ---- the lesson -------------------------------------------------------------------------------------------------- */

static void measure_all(Lesson *lesson, const EmojiSet *set) {
    Arena *arena = &lesson->memory;
    EmojiTower towers[TOWERS], *tower = &towers[TOWERS - 1];
    static const char *const queries[2][2] = { { "angry cat", "red flower" }, { "red circle", "three squares" } };
    const char *const *asked = queries[set->generated];
    lesson_section(lesson, "2. Training");
    Prediction guess = lesson_predict_number(
        lesson, 0, 100,
        "%d pictures, all in one style. For how many of 100 NEW pictures of this style is the right name "
        "among the ten nearest of %d?",
        set->count, set->count);
    Prediction shift =
        lesson_predict_number(lesson, 0, 100, "And for pictures that training showed, drawn by another vendor?");
    open_towers(arena, set, towers);
    lesson_section(lesson, "3. Recall: seen and held out, one style and the other");
    report_recall(arena, set, towers, TOWERS);
    lesson_outcome_number(lesson, &guess, 100 * emoji_recall(arena, set, tower, STYLE_LEARNT, true, true).recall[2], 1);
    lesson_outcome_number(lesson, &shift, 100 * emoji_recall(arena, set, tower, STYLE_OTHER, false, true).recall[2], 1);
    report_known(arena, set, towers, TOWERS);
    report_categories_recall(lesson, arena, set, tower);
    lesson_section(lesson, "4. Free queries");
    for (size_t k = 0; k < COUNT(queries[0]); k++)
        report_query(lesson, arena, set, towers, TOWERS, arena_print(arena, "27-query-%zu", k + 1), asked[k]);
    lesson_section(lesson, "5. Where words bind");
    report_binding(arena, set, towers, TOWERS);
    report_families(lesson, arena, set, tower);
    report_orders(arena, set, towers, TOWERS);
    lesson_section(lesson, "6. Categories, zero-shot");
    report_zero_shot(arena, set, towers, TOWERS);
    lesson_section(lesson, "7. Words that no caption had");
    report_withheld(lesson, arena, set, towers, TOWERS);
    for (int t = 0; t < TOWERS; t++) emoji_model_free(&towers[t].model);
}

int main(int argc, char **argv) {
    Lesson lesson = { .number = "27",
                      .title = "Your own pairs: emoji",
                      .shows = "pictures with names and key words; one vendor's style is learnt, another's is tested",
                      .takes = "two minutes, seconds when run again",
                      .next = "build/lesson-27 \"angry cat\"",
                      .options = options,
                      .quick = "--data scenes --items 88 --steps 10",
                      .seed = &args.config.seed,
                      .wants = "\"WHAT TO LOOK FOR\" ..." };
    lesson_begin(&lesson, argc, argv);
    EmojiSet set;
    Err err;
    open_set(&lesson.memory, &set);
    if (*args.write) {
        if (!emoji_set_write(&set, args.write, &err)) die("%s", err.text);
        fprintf(stderr, "written: %s/pairs.tsv; it is a table for build/lesson-10 --pairs\n", args.write);
    }
    if (lesson.word_count) return answer(&lesson, &set);
    lesson_section(&lesson, "1. The pictures and their captions");
    report_set(&lesson, &lesson.memory, &set);
    if (args.study) {
        lesson_section(&lesson, "8. How much does each pair teach?");
        study(&set);
    } else measure_all(&lesson, &set);
    return lesson_end(&lesson);
}
