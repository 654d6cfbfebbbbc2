/* Lesson 13: retrieval. The table of cosines read along its columns: which pictures answer a sentence, which sentences
 * a picture, and how to count that honestly. Before: 12 prompts. See README.md. */
#include "../../lib/album.h"
#include "../../lib/course.h"
#include "../../lib/lesson.h"
#include "../../lib/plot.h"
#include "../../lib/retrieval.h"
#include "../../lib/zeroshot.h"

#include <string.h>

enum { C = CIFAR_CLASSES, TOP = 10, TEXTS = 5, ASKED = 5, PAIRS = 1000 };

/* Pictures, texts, the class of each, and S [pictures,texts], the cosine of every picture with every text. */
typedef struct {
    const Cifar *set;
    const char **texts, **files;
    int *shows, *says, templates, n;
    Mat S;
} Search;

static Mat turned(Arena *arena, Mat m) {
    Mat t = mat_new(arena, m.shape[1], m.shape[0]);
    mat_transpose(m, t);
    return t;
}

static Mat cosines(Arena *arena, Clip *clip, const Cifar *set, const char *const *texts, int n) {
    return zeroshot_scores(clip, arena, clip_text_features(clip, arena, texts, n, stdout), set, (ZeroshotRange){ .n = set->n, .batch = 500 });
}

/* ---- figures ------------------------------------------------------------------------------------------------------------ */

static Tile tile_of(Arena *arena, const Search *s, int i, const char *caption, bool wrong) {
    uint8_t *rgb = arena_alloc(arena, CIFAR_NUMBERS, 1);
    cifar_picture(s->set, i, rgb);
    return (Tile){ rgb, CIFAR_SIDE, CIFAR_SIDE, caption, wrong };
}

/* The nearest pictures of one text. `class` -1: nobody knows which are right. */
static int tiles_top(Arena *arena, const Search *s, const num *score, int class, Tile *tiles) {
    int top[TOP], count = MIN(TOP, s->set->n);
    retrieval_top(score, s->set->n, count, top);
    for (int k = 0; k < count; k++) {
        const char *name = s->files ? s->files[top[k]] : s->set->names[s->shows[top[k]]];
        tiles[k] = tile_of(arena, s, top[k], arena_print(arena, "%.18s\n%.3f", name, (double)score[top[k]]), class >= 0 && s->shows[top[k]] != class);
    }
    return count;
}

/* The first caption of each class: one class in the terminal, all of them in the picture. */
static void show_text_to_image(const Lesson *lesson, Arena *arena, const Search *s, Mat by_text) {
    Tile tiles[C * TOP];
    int each = 0;
    for (int c = 0; c < C; c++) each = tiles_top(arena, s, &AT(by_text, c * s->templates, 0), c, tiles + c * each);
    lesson_tiles(lesson, NULL, &(Tiles){ .title = s->texts[0], .tiles = tiles, .count = each });
    Tiles all = { .title = "the nearest pictures of each class's first caption (marked: of another class)", .tiles = tiles, .count = C * each, .columns = each };
    if (plot_tiles("13-pictures", &all, NULL) == PLOT_DRAWN) fprintf(stderr, "picture: %s\n", plot_path("13-pictures"));
}

/* The first pictures, each with the first captions of the classes that come nearest. */
static void show_image_to_text(const Lesson *lesson, Arena *arena, const Search *s) {
    Tile tiles[ASKED];
    int asked = MIN(ASKED, s->set->n);
    for (int i = 0; i < asked; i++) {
        num score[C];
        int top[TEXTS];
        for (int c = 0; c < C; c++) score[c] = AT(s->S, i, c * s->templates);
        retrieval_top(score, C, TEXTS, top);
        printf("picture %d shows: %s\n", i + 1, s->set->names[s->shows[i]]);
        for (int k = 0; k < TEXTS; k++) printf("  %d  %.3f  %s%s\n", k + 1, (double)score[top[k]], s->texts[top[k] * s->templates], top[k] == s->shows[i] ? "   <" : "");
        tiles[i] = tile_of(arena, s, i, arena_print(arena, "1 %s\n2 %s\n3 %s", s->set->names[top[0]], s->set->names[top[1]], s->set->names[top[2]]), top[0] != s->shows[i]);
    }
    lesson_tiles(lesson, "13-captions", &(Tiles){ .title = "the nearest captions of the first pictures", .tiles = tiles, .count = asked });
}

/* ---- counting ------------------------------------------------------------------------------------------------------------ */

static void print_row(const char *what, Retrieval r) {
    printf("  %-34s", what);
    for (int c = 0; c < RETRIEVAL_CUTS; c++) printf(" %6.1f", 100 * r.recall[c]);
    printf("   %8.1f  ", r.median_rank);
    for (int c = 0; c < RETRIEVAL_CUTS; c++) printf(" %6.1f", 100 * r.precision[c]);
    printf("   %6d\n", r.tied);
}

static void print_heading(void) {
    printf("  %-34s    R@1    R@5   R@10   med.rank      P@1    P@5   P@10     tied\n", "%");
}

static Retrieval measure(Mat scores, const int *query, const int *answer) {
    Retrieval r;
    Err err;
    if (!retrieval_measure(scores, query, answer, &r, &err)) die("%s", err.text);
    return r;
}

/* Each of the first pictures with one caption drawn for it, as in a set of pairs: what counts as found? */
static void count_pairs(Arena *arena, const Search *s, uint64_t seed) {
    int n = MIN(PAIRS, s->set->n), *own = arena_alloc(arena, (size_t)n, sizeof *own), *class = arena_alloc(arena, (size_t)n, sizeof *class);
    Mat pairs = mat_new(arena, n, n);
    Rng rng = rng_seed(seed, 13);
    for (int i = 0; i < n; i++) own[i] = i, class[i] = s->shows[i];
    for (int j = 0; j < n; j++) {
        int text = class[j] * s->templates + (int)rng_below(&rng, (uint32_t)s->templates);
        for (int i = 0; i < n; i++) AT(pairs, i, j) = AT(s->S, i, text);
    }
    Mat by_text = turned(arena, pairs);
    printf("%d pictures, each with one of the %d captions of its class:\n", n, s->templates);
    print_heading();
    print_row("text to image, its own picture", measure(by_text, own, own));
    print_row("text to image, any of its class", measure(by_text, class, class));
    print_row("image to text, its own caption", measure(pairs, own, own));
    print_row("image to text, any of its class", measure(pairs, class, class));
}

static void measure_all(const Lesson *lesson, Arena *arena, Clip *clip, Search *s, uint64_t seed) {
    s->S = cosines(arena, clip, s->set, s->texts, s->n);
    Mat by_text = turned(arena, s->S);
    int right = 0;
    for (int i = 0; i < s->set->n; i++) right += s->shows[i] == 0;

    lesson_section(lesson, "1. Text to image");
    Prediction said = lesson_predict(lesson, "The first answer to each of %d captions: how many of 100 are right?", s->n);
    Retrieval r = measure(by_text, s->says, s->shows);
    printf("%d captions, %d pictures\n", s->n, s->set->n);
    print_heading();
    print_row("the model", r);
    if (right) print_row("guessing", retrieval_chance(s->set->n, right));
    lesson_outcome_number(lesson, &said, 100 * r.recall[0], 1);
    show_text_to_image(lesson, arena, s, by_text);

    lesson_section(lesson, "2. Image to text");
    print_heading();
    print_row("the model", measure(s->S, s->shows, s->says));
    print_row("guessing", retrieval_chance(s->n, s->templates));
    show_image_to_text(lesson, arena, s);

    lesson_section(lesson, "3. What counts as found?");
    count_pairs(arena, s, seed);
}

/* ---- questions of the student's own ---------------------------------------------------------------------------------------- */

static void answer(const Lesson *lesson, Arena *arena, Clip *clip, Search *s, const char *text) {
    int *ids = arena_alloc(arena, (size_t)clip->config.tokens, sizeof *ids);
    Tile tiles[TOP];
    lesson_section(lesson, text);
    if (vocab_encode(&clip->vocab, arena, &text, 1, clip->config.tokens, ids).empty_count) {
        printf("The model knows no word of this. It would answer all the same, and the answer would mean nothing. It knows:\n ");
        for (int id = TEXT_FIRST_WORD; id < clip->vocab.size; id++) printf(" %s", clip->vocab.word[id]);
        printf("\n");
        return;
    }
    Mat score = turned(arena, cosines(arena, clip, s->set, &text, 1));
    int count = tiles_top(arena, s, score.v, -1, tiles);
    lesson_tiles(lesson, arena_print(arena, "13-query-%d", ++s->n), &(Tiles){ .title = text, .tiles = tiles, .count = count });
}

int main(int argc, char **argv) {
    const char *weights = "", *data = "auto", *recipe = "templates", *folder = "";
    int seed = 1, pictures = 0, learn = 0;
    const Option options[] = {
        { "folder", .text = &folder, .help = "search the pictures in this folder instead" },
        { "weights", .text = &weights, .help = "a model file; empty: the one of --recipe and --seed" },
        { "recipe", .text = &recipe, .choices = "quick|templates", .help = "whose model; it is trained if it is not there yet" },
        { "data", .text = &data, .choices = COURSE_DATA, .help = "which pictures" },
        { "pictures", .integer = &pictures, .low = 0, .high = 10000, .help = "test pictures, the first so many; 0: all" },
        { "learn", .integer = &learn, .low = 0, .high = 50000, .help = "a model that learns from the first so many; 0: all" },
        { 0 },
    };
    Lesson lesson = { .number = "13", .title = "Retrieval", .shows = "sentences find pictures, and pictures sentences",
                      .takes = "five seconds, and two minutes more where the model must be trained first", .next = "make lesson-14",
                      .options = options, .seed = &seed, .wants = "\"A PHOTO OF A ...\" ..." };
    lesson_begin(&lesson, argc, argv);
    Arena *arena = &lesson.memory;
    Cifar test = course_pictures(arena, data, CIFAR_TEST, pictures);
    printf("%s\n", course_notice(&test, data));
    CourseModel model = course_model(arena, &(CourseWish){ weights, recipe, data, seed, learn }, &test);
    if (model.template_count == 0) die("%s: the file does not say with which wordings it was trained", model.path);
    Search s = { .set = &test, .templates = model.template_count, .n = C * model.template_count };
    s.texts = arena_alloc(arena, (size_t)s.n, sizeof *s.texts), s.says = arena_alloc(arena, (size_t)s.n, sizeof *s.says);
    s.shows = arena_alloc(arena, (size_t)test.n, sizeof *s.shows);
    for (int k = 0; k < s.n; k++) s.says[k] = k / s.templates, s.texts[k] = text_fill(arena, model.templates[k % s.templates], test.names[s.says[k]]);
    for (int i = 0; i < test.n; i++) s.shows[i] = test.labels[i];
    Album album = { 0 };
    Err err;
    if (*folder) {
        if (!album_open(&album, arena, folder, &err)) die("%s", err.text);
        if (album.set.n == 0) die("%s: there is no picture in this folder", folder);
        printf("%d pictures from the folder, %d left out\n", album.set.n, album.skipped);
        s.set = &album.set, s.files = album.files;
    }
    if (!*folder && !lesson.word_count) measure_all(&lesson, arena, &model.clip, &s, (uint64_t)seed);
    int own = lesson.word_count ? lesson.word_count : *folder ? C : 0, step = lesson.word_count ? 1 : s.templates;
    s.n = 0;
    for (int k = 0; k < own; k++) answer(&lesson, arena, &model.clip, &s, lesson.word_count ? lesson.words[k] : s.texts[k * step]);
    if (!own) printf("\nYour own question:  build/lesson-13 \"a photo of a %s\"\nYour own pictures:  build/lesson-13 --folder FOLDER\n", test.names[8]);
    clip_free(&model.clip);
    return lesson_end(&lesson);
}
