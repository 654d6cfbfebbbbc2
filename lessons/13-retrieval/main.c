/* Lesson 13: retrieval. Pictures that answer a text, texts that answer a picture, and what counts as a right answer.
 * Before: 12 prompts. */
#include "image_folder.h"
#include "own_search.h"
#include "core/arena.h"
#include "core/quote.h"
#include "lesson/lesson_data.h"
#include "lesson/lesson.h"
#include "show/plot.h"
#include "evaluate/retrieval.h"
#include "text_image_search.h"

enum { C = CIFAR_CLASSES, TOP = 10, TEXTS = 5, ASKED = 5, PAIRS = 1000 };

static Mat transposed(Arena *arena, Mat m) {
    Mat t = mat_new(arena, m.shape[1], m.shape[0]);
    mat_transpose(m, t);
    return t;
}

/* The nearest pictures of each class's first caption: one class in the terminal, all of them in the picture. */
static void show_text_to_image(const Lesson *lesson, Arena *arena, const Search *s, Mat by_text) {
    Tile tiles[C * TOP];
    int each = 0;
    for (int c = 0; c < C; c++)
        each = search_tiles(arena, s, &AT(by_text, c * s->templates, 0), TOP, c, tiles + c * each);
    lesson_tiles(lesson, NULL, &(Tiles){ .title = s->texts[0], .tiles = tiles, .count = each });
    Tiles all = { .title = "nearest pictures of each class's caption, with cosines (framed: another class)",
                  .tiles = tiles,
                  .count = C * each,
                  .columns = each };
    if (plot_tiles("13-pictures", &all, NULL) == PLOT_DRAWN) fprintf(stderr, "picture: %s\n", plot_path("13-pictures"));
}

/* The first pictures, each with the nearest captions (the first of each class). */
static void show_image_to_text(const Lesson *lesson, Arena *arena, const Search *s, Mat S) {
    Tile tiles[ASKED];
    int asked = MIN(ASKED, s->set->n);
    for (int i = 0; i < asked; i++) {
        num score[C];
        int top[TEXTS];
        for (int c = 0; c < C; c++) score[c] = AT(S, i, c * s->templates);
        retrieval_top(score, C, TEXTS, top);
        printf("picture %d shows: %s\n", i + 1, s->set->names[s->shows[i]]);
        for (int k = 0; k < TEXTS; k++)
            printf("  %d  %.3f  %s%s\n", k + 1, (double)score[top[k]], s->texts[top[k] * s->templates],
                   top[k] == s->shows[i] ? "   <" : "");
        const char *const *name = s->set->names,
                          *said = arena_print(arena, "1 %s\n2 %s\n3 %s", name[top[0]], name[top[1]], name[top[2]]);
        tiles[i] = search_tile(arena, s->set, i, said, top[0] != s->shows[i]);
    }
    lesson_tiles(lesson, "13-captions",
                 &(Tiles){ .title = "the nearest captions of the first pictures", .tiles = tiles, .count = asked });
}

static Retrieval measure(Mat scores, const int *query, const int *answer) {
    Retrieval r;
    Err err;
    if (!retrieval_measure(scores, query, answer, &r, &err)) die("%s", err.text);
    return r;
}

/* Pairs of the first pictures and one caption drawn for each. An answer is right if it is the own partner, or any of
 * the class. */
static void count_pairs(Arena *arena, const Search *s, Mat S, uint64_t seed) {
    int n = MIN(PAIRS, s->set->n), *own = arena_alloc(arena, (size_t)n, sizeof *own), *class = s->shows;
    Mat pairs = mat_new(arena, n, n);
    Rng rng = rng_seed(seed, 13);
    for (int j = 0; j < n; j++) {
        own[j] = j;
        int text = class[j] * s->templates + (int)rng_below(&rng, (uint32_t)s->templates);
        for (int i = 0; i < n; i++) AT(pairs, i, j) = AT(S, i, text);
    }
    Mat by_text = transposed(arena, pairs);
    term_say("%d pictures, each with one of the %d captions of its class:\n", n, s->templates);
    retrieval_print(NULL, (Retrieval){ 0 });
    retrieval_print("text to image, its own picture", measure(by_text, own, own));
    retrieval_print("text to image, any of its class", measure(by_text, class, class));
    retrieval_print("image to text, its own caption", measure(pairs, own, own));
    retrieval_print("image to text, any of its class", measure(pairs, class, class));
}

static void measure_all(const Lesson *lesson, Arena *arena, Clip *clip, const Search *s, uint64_t seed) {
    Mat S = search_cosines(arena, clip, s->set, s->texts, s->text_count), by_text = transposed(arena, S);
    int right = 0;
    for (int i = 0; i < s->set->n; i++) right += s->shows[i] == 0;

    lesson_section(lesson, "1. Text to image");
    Prediction said = lesson_predict_number(
        lesson, 0, 100, "The first answer to each of %d captions: how many of 100 are right?", s->text_count);
    Retrieval r = measure(by_text, s->says, s->shows);
    printf("%d captions, %d pictures\n", s->text_count, s->set->n);
    retrieval_print(NULL, (Retrieval){ 0 });
    retrieval_print("the model", r);
    if (right) retrieval_print("guessing", retrieval_chance(s->set->n, right));
    lesson_outcome_number(lesson, &said, 100 * r.recall[0], 1);
    show_text_to_image(lesson, arena, s, by_text);

    lesson_section(lesson, "2. Image to text");
    retrieval_print(NULL, (Retrieval){ 0 });
    retrieval_print("the model", measure(S, s->shows, s->says));
    retrieval_print("guessing", retrieval_chance(s->text_count, s->templates));
    show_image_to_text(lesson, arena, s, S);

    lesson_section(lesson, "3. What counts as a right answer?");
    count_pairs(arena, s, S, seed);
}

static void search(Lesson *lesson, Clip *clip, const Search *s, int number, const char *text) {
    Arena *arena = &lesson->memory;
    int *ids = arena_alloc(arena, (size_t)clip->config.tokens, sizeof *ids);
    Tile tiles[TOP];
    lesson_section(lesson, quote_plain(arena, text));
    if (vocab_encode(&clip->vocab, arena, &text, 1, clip->config.tokens, ids).empty_count) {
        printf("The model knows no word of this: any answer would be chance. It knows:\n ");
        for (int id = TEXT_FIRST_WORD; id < clip->vocab.size; id++) printf(" %s", clip->vocab.word[id]);
        printf("\n");
        return;
    }
    Mat score = transposed(arena, search_cosines(arena, clip, s->set, &text, 1));
    int count = search_tiles(arena, s, score.v, TOP, -1, tiles);
    lesson_tiles(lesson, arena_print(arena, "13-query-%d", number),
                 &(Tiles){ .title = text, .tiles = tiles, .count = count });
}

int main(int argc, char **argv) {
    const char *weights = "", *data = "auto", *recipe = "templates", *folder = "";
    LessonPairs pairs = LESSON_PAIRS_DEFAULTS;
    int seed = 1, pictures = 0, train_images = 0;
    const Option options[] = {
        { "folder", .text = &folder, .help = "search the pictures in this folder instead" },
        { "weights", .text = &weights, .help = "a model file; empty: the one of --recipe and --seed" },
        { "recipe", .text = &recipe, .choices = "quick|templates",
          .help = "the model of this recipe, trained first if it is not there" },
        { "data", .text = &data, .choices = LESSON_DATA, .help = "which pictures" },
        { "pictures", .integer = &pictures, .low = 0, .high = 10000,
          .help = "test pictures, the first so many; 0: all" },
        { "train-images", .integer = &train_images, .low = 0, .high = 50000,
          .help = "a model trained on the first so many pictures; 0: all" },
        LESSON_PAIRS_OPTIONS(pairs),
        { 0 },
    };
    Lesson lesson = { .number = "13",
                      .title = "Retrieval",
                      .shows = "sentences find pictures, and pictures sentences",
                      .takes = "five seconds, and half a minute more where the model must be trained first",
                      .next = "make lesson-14",
                      .options = options,
                      .quick = "--data shapes --pictures 500 --train-images 200",
                      .seed = &seed,
                      .wants = "\"A PHOTO OF A ...\" ..." };
    lesson_begin(&lesson, argc, argv);
    Arena *arena = &lesson.memory;
    if (*pairs.table || lesson_model_of_pairs(weights)) {
        own_search(&lesson, &pairs, weights, folder, seed);
        return lesson_end(&lesson);
    }
    Cifar test = lesson_pictures(arena, data, CIFAR_TEST, pictures);
    printf("%s\n", lesson_notice(&test, data));
    LessonModel model = lesson_model(arena, &(LessonModelArgs){ weights, recipe, data, seed, train_images }, &test);
    if (model.template_count == 0) die("%s: the file has no templates of its training", model.path);
    Search s = search_make(arena, &test, (const char *const *)model.templates, model.template_count);
    ImageFolder photos = { 0 };
    Err err;
    if (*folder) {
        if (!image_folder_open(&photos, arena, folder, &err)) die("%s", err.text);
        if (photos.set.n == 0) die("%s: there is no picture in this folder", folder);
        term_say("%d pictures from the folder, %d left out\n", photos.set.n, photos.skipped);
        s.set = &photos.set;
        s.files = photos.files;
    }
    if (!*folder && !lesson.word_count) measure_all(&lesson, arena, &model.clip, &s, (uint64_t)seed);
    int asked = lesson.word_count ? lesson.word_count : *folder ? C : 0;
    for (int k = 0; k < asked; k++)
        search(&lesson, &model.clip, &s, k + 1, lesson.word_count ? lesson.words[k] : s.texts[k * s.templates]);
    if (!asked)
        printf("\nYour own text:      build/lesson-13 \"a photo of a %s\"\n"
               "Your own pictures:  build/lesson-13 --folder FOLDER\n",
               test.names[8]);
    clip_free(&model.clip);
    return lesson_end(&lesson);
}
