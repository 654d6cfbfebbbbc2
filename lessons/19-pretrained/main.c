/* Lesson 19: the real CLIP. Weights that others have trained on hundreds of millions of pairs, in the library of the
 * lessons before. Without them ("make pretrained") a tiny random model shows the same steps. Before: 01 to 03, 11. */
#include "core/arena.h"
#include "core/file.h"
#include "core/quote.h"
#include "core/softmax.h"
#include "drawn_pairs.h"
#include "evaluate/metrics.h"
#include "formats/image_convert.h"
#include "image_index.h"
#include "kernels/gemm.h"
#include "lesson/lesson.h"
#include "lesson/lesson_data.h"
#include "own_pairs.h"
#include "photos.h"
#include "scenes/pair_score.h"
#include "show/progress.h"

#include <math.h>
#include <string.h>

enum { FIVE = 5, FOUND = 5, SHOWN = 20 };

static const char *const one_template[] = { "a photo of a {}." };

/* The templates that the authors of CLIP chose for CIFAR-10 (github.com/openai/CLIP, data/prompts.md). */
static const char *const ensemble[] = {
    "a photo of a {}.",
    "a blurry photo of a {}.",
    "a black and white photo of a {}.",
    "a low contrast photo of a {}.",
    "a high contrast photo of a {}.",
    "a bad photo of a {}.",
    "a good photo of a {}.",
    "a photo of a small {}.",
    "a photo of a big {}.",
    "a photo of the {}.",
    "a blurry photo of the {}.",
    "a black and white photo of the {}.",
    "a low contrast photo of the {}.",
    "a high contrast photo of the {}.",
    "a bad photo of the {}.",
    "a good photo of the {}.",
    "a photo of the small {}.",
    "a photo of the big {}.",
};

/* ---- 1. the model ----------------------------------------------------------------------------------------------- */

static void show_model(const Encoder *encoder) {
    const ClipConfig *c = &encoder->clip.config;
    EncoderCost cost = encoder_cost(&encoder->clip);
    if (encoder->tiny)
        term_say("There are no published weights here (`make pretrained` fetches them), or you asked for none. A tiny\n"
                 "model with RANDOM weights stands in: steps and shapes are right, NO NUMBER BELOW MEANS ANYTHING.\n");
    else printf("%s\n%s.\n", encoder->path, encoder->clip.notes);
    int side = c->image.side, E = c->image.embed;
    printf("  picture  [%d,%d,3] -> [%d]   %11.0f numbers  %7.3f G multiply-adds\n", side, side, E, cost.image_params,
           cost.image_macs / 1e9);
    printf("  text     [%d] tokens -> [%d]  %11.0f numbers  %7.3f G multiply-adds\n", c->tokens, E, cost.text_params,
           cost.text_macs / 1e9);
    double scale = exp((double)encoder->clip.logit_scale->val.v[0]);
    term_say("  exp(logit scale) %.2f: a cosine that is 0.01 higher makes a choice %.2f times as likely\n", scale,
             exp(0.01 * scale));
}

/* ---- 2. pictures and texts -------------------------------------------------------------------------------------- */

typedef struct {
    int n;
    Image *image;
    const char **name;
    int *label; /* classes of the test pictures; NULL: photographs */
} Pictures;
typedef struct {
    int n;
    const char *const *text;
} Texts;

/* cosine [pictures,texts] */
static Mat cosines(Arena *arena, Mat image, Mat text) {
    int P = image.shape[0], N = text.shape[0], E = image.shape[1];
    Mat s = mat_new(arena, P, N);
    gemm(false, true, P, N, E, image.v, E, text.v, E, false, s.v, N);
    return s;
}

static Image cifar_image(Arena *arena, const Cifar *set, int i) {
    Image image = image_new(arena, CIFAR_SIDE, CIFAR_SIDE);
    cifar_picture(set, i, image.rgb);
    return image;
}

/* The photographs that `make photos` fetched, unless other data were asked for. Else the first test picture of each of
 * five classes: two that are alike (cat and dog), and three others. */
static Pictures five_pictures(Arena *arena, const Cifar *test, const char *data) {
    static const int classes[FIVE] = { 3, 5, 1, 9, 8 };
    Photos photos = { 0 };
    Err err;
    if (!strcmp(data, "auto") && !photos_read(&photos, arena, "data/photos.txt", photos_folder(), &err))
        die("%s", err.text);
    if (photos.n > 0) {
        term_say("Pictures: %d photographs from Wikimedia Commons; authors and licences: CREDITS.txt.\n", photos.n);
        return (Pictures){ photos.n, photos.image, photos.name, NULL };
    }
    printf("%s\n", lesson_notice(test, data));
    Pictures p = { .image = arena_alloc(arena, FIVE, sizeof *p.image) };
    p.name = arena_alloc(arena, FIVE, sizeof *p.name);
    p.label = arena_alloc(arena, FIVE, sizeof *p.label);
    for (int k = 0; k < FIVE; k++)
        for (int i = 0; i < test->n; i++) {
            if (test->labels[i] != classes[k]) continue;
            p.image[p.n] = cifar_image(arena, test, i);
            p.label[p.n] = classes[k];
            p.name[p.n++] = test->names[classes[k]];
            break;
        }
    return p;
}

static Texts class_texts(Arena *arena, const Pictures *pictures) {
    const char **text = arena_alloc(arena, (size_t)pictures->n, sizeof *text);
    for (int k = 0; k < pictures->n; k++) text[k] = text_fill(arena, one_template[0], pictures->name[k]);
    return (Texts){ pictures->n, text };
}

static Pictures pictures_read(Arena *arena, char **paths, int n) {
    Pictures p = { .n = n, .image = arena_alloc(arena, (size_t)n, sizeof *p.image), .name = (const char **)paths };
    Err err;
    for (int i = 0; i < n; i++)
        if (!image_read_any(arena, paths[i], &p.image[i], &err)) die("%s", err.text);
    return p;
}

/* Photographs: both animals, or both machines. Generated shapes: of one colour. */
static bool related(const Cifar *test, int a, int b) {
    bool animal_a = a >= 2 && a <= 7, animal_b = b >= 2 && b <= 7;
    return test->generated ? a / 5 == b / 5 : animal_a == animal_b;
}

/* The other texts in two groups: of a related class, or not. */
static void show_related(Mat s, const int *label, const Cifar *test) {
    double sum[2] = { 0 };
    int count[2] = { 0 };
    for (int i = 0; i < s.shape[0]; i++)
        for (int j = 0; j < s.shape[1]; j++) {
            bool near = related(test, label[i], label[j]);
            if (i == j) continue;
            sum[near] += (double)AT(s, i, j);
            count[near]++;
        }
    if (!count[0] || !count[1]) return;
    term_say("Of the others, related pairs (%s) have a mean cosine of %.3f, unrelated pairs %.3f.\n",
             test->generated ? "of one colour" : "both animals, or both machines", sum[1] / count[1],
             sum[0] / count[0]);
}

/* Mean cosine of own and of other texts. Picture k belongs to text k. */
static void show_gap(Mat s, const int *label, const Cifar *test) {
    double own = 0, other = 0;
    int right = 0, n = s.shape[0];
    for (int i = 0; i < n; i++) {
        int best = 0;
        for (int j = 0; j < n; j++) {
            *(i == j ? &own : &other) += (double)AT(s, i, j);
            if (AT(s, i, j) > AT(s, i, best)) best = j;
        }
        right += best == i;
    }
    own /= n;
    other /= n * (n - 1);
    term_say("Observations: own texts have a mean cosine of %.3f, others %.3f; the gap is %.3f.\n", own, other,
             own - other);
    if (label) show_related(s, label, test);
    term_say("No cosine is near 1: what counts is which is higher. %d of %d pictures prefer their own text.\n", right,
             n);
}

/* The tokens of a text. */
static void show_tokens(const Encoder *encoder, Arena *arena, const char *text) {
    int ids[BPE_LENGTH], count, shown = 12;
    bpe_encode(&encoder->bpe, &text, 1, BPE_LENGTH, ids, &count);
    count = MIN(count, BPE_LENGTH);
    printf("Text 1 is read as %d tokens:", count);
    for (int i = 0; i < MIN(count, shown); i++)
        printf(" %s", quote_plain(arena, bpe_token(&encoder->bpe, arena, ids[i])));
    printf("%s\n", count > shown ? " ..." : "");
}

/* The pictures as the model sees them: resized and cropped. */
static void show_seen(const Lesson *lesson, const Encoder *encoder, Pictures pictures) {
    Arena *arena = (Arena *)&lesson->memory;
    int count = MIN(pictures.n, SHOWN), side = encoder->clip.config.image.side;
    Tile *tiles = arena_zero(arena, (size_t)count, sizeof *tiles);
    for (int i = 0; i < count; i++) {
        const char *slash = strrchr(pictures.name[i], '/');
        Image seen = image_clip_crop(arena, pictures.image[i], side);
        tiles[i] = (Tile){ seen.rgb, side, side, slash ? slash + 1 : pictures.name[i], false };
    }
    const char *first = count < pictures.n ? arena_print(arena, ", the first %d of %d", count, pictures.n) : "";
    lesson_tiles(lesson, "19-pictures",
                 &(Tiles){ .title = arena_print(arena, "What the model sees: %d x %d pixels%s", side, side, first),
                           .tiles = tiles,
                           .count = count });
}

static void show_pictures(const Lesson *lesson, Encoder *encoder, Pictures pictures, Texts texts, const Cifar *test) {
    Arena *arena = (Arena *)&lesson->memory;
    show_seen(lesson, encoder, pictures);
    int cut = 0, n = texts.n;
    Mat image = encoder_images(encoder, arena, pictures.image, pictures.n, NULL, NULL);
    Mat text = encoder_texts(encoder, arena, texts.text, n, &cut), s = cosines(arena, image, text);
    for (int t = 0; t < n; t++) printf("  text %d  %s\n", t + 1, quoted(texts.text[t]));
    show_tokens(encoder, arena, texts.text[0]);
    if (cut) term_say("%d of the texts are longer than %d tokens: their ends were cut off.\n", cut, BPE_LENGTH);
    lesson_heat(lesson, "19-matrix",
                &(Heat){ .title = "Cosine of every picture with every text",
                         .values = encoder->tiny ? "cosine (random weights)" : "cosine",
                         .y = "picture",
                         .x = "text",
                         .m = s,
                         .rows = pictures.name,
                         .decimals = 3 });
    if (test && pictures.n > 1) show_gap(s, pictures.label, test);
    double scale = exp((double)encoder->clip.logit_scale->val.v[0]);
    Mat p = mat_new(arena, pictures.n, n);
    for (int i = 0; i < pictures.n; i++) softmax_row(&AT(s, i, 0), n, scale, &AT(p, i, 0));
    lesson_heat(lesson, "19-choices",
                &(Heat){ .title = "Each picture chooses: softmax of its row",
                         .values = encoder->tiny ? "probability (random weights)" : "probability",
                         .y = "picture",
                         .x = "text",
                         .m = p,
                         .rows = pictures.name,
                         .decimals = 3,
                         .high = 1 });
}

/* ---- 3. CIFAR-10 from text alone -------------------------------------------------------------------------------- */

static void show_progress(void *progress, int done) { progress_update(progress, done); }

static Rate classify(Arena *arena, Mat image, Mat classes, const Cifar *test, Confusion *confusion) {
    Err err;
    int *said = arena_alloc(arena, (size_t)test->n, sizeof *said);
    int *truth = arena_alloc(arena, (size_t)test->n, sizeof *truth);
    if (!metrics_argmax(cosines(arena, image, classes), said, &err)) die("%s", err.text);
    for (int i = 0; i < test->n; i++) truth[i] = test->labels[i];
    *confusion = metrics_confusion(arena, truth, said, test->n, CIFAR_CLASSES);
    return confusion_overall(*confusion);
}

static void show_rate(const char *what, Rate rate) {
    printf("  %-16s %6.2f %% (95 %% interval %.1f to %.1f)\n", what, 100 * rate.proportion, 100 * rate.low,
           100 * rate.high);
}

static void show_cifar(const Lesson *lesson, Encoder *encoder, const Cifar *test) {
    Arena *arena = (Arena *)&lesson->memory;
    Image *images = arena_alloc(arena, (size_t)test->n, sizeof *images);
    for (int i = 0; i < test->n; i++) images[i] = cifar_image(arena, test, i);
    Progress progress = progress_begin("classify", test->n, "img/s");
    Mat image = encoder_images(encoder, arena, images, test->n, show_progress, &progress);
    progress_end(&progress);
    Confusion confusion;
    Mat plain = encoder_classes(encoder, arena, one_template, 1, test->names, CIFAR_CLASSES);
    Mat mean = encoder_classes(encoder, arena, ensemble, COUNT(ensemble), test->names, CIFAR_CLASSES);
    Rate one = classify(arena, image, plain, test, &confusion), all = classify(arena, image, mean, test, &confusion);
    int side = encoder->clip.config.image.side;
    term_say("%d test pictures, 32 x 32 pixels blown up to %d x %d. Guessing: 10 %%.\n", test->n, side, side);
    show_rate("one template", one);
    show_rate("the mean of 18", all);
    Bar bars[CIFAR_CLASSES];
    for (int c = 0; c < CIFAR_CLASSES; c++) {
        Rate rate = confusion_class(confusion, c);
        bars[c] = (Bar){ test->names[c], 100 * rate.proportion, 100 * rate.low, 100 * rate.high, false };
    }
    lesson_bars(lesson, "19-classes",
                &(Bars){ .title = "The mean of 18 templates, class by class",
                         .values = encoder->tiny ? "accuracy (random weights)" : "accuracy, with 95 % intervals",
                         .unit = " %",
                         .bars = bars,
                         .count = CIFAR_CLASSES,
                         .decimals = 1,
                         .high = 100 });
}

/* ---- 4. what it cannot do --------------------------------------------------------------------------------------- */

static void show_probes(Encoder *encoder) {
    term_say(
        "Of %d pairs each, drawn here: both pictures prefer their own caption (chance %d), both captions their own\n"
        "picture (chance %d), and both (chance %.1f).\n",
        DRAWN_PAIRS, DRAWN_PAIRS / 4, DRAWN_PAIRS / 4, DRAWN_PAIRS / 6.0);
    printf("  %-10s %-22s pictures  captions  both   example\n", "probe", "what changes");
    for (DrawnKind kind = 0; kind < DRAWN_KINDS; kind++) {
        PairScore score = pair_score_new(2, 2);
        Arena arena = { 0 };
        const char *example = NULL;
        for (int i = 0; i < DRAWN_PAIRS; i++) {
            DrawnPair pair = drawn_pair(&arena, kind, i, encoder->clip.config.image.side);
            Mat image = encoder_images(encoder, &arena, pair.image, 2, NULL, NULL);
            Mat s = cosines(&arena, image, encoder_texts(encoder, &arena, pair.caption, 2, NULL));
            pair_score_add(&score, (double[]){ s.v[0], s.v[1], s.v[2], s.v[3] });
            if (i == 0) example = pair.caption[0];
        }
        printf("  %-10s %-22s %5g %9g %7g    %s\n", drawn_name(kind), drawn_changes(kind), score.sum[PAIR_METRIC_TEXT],
               score.sum[PAIR_METRIC_IMAGE], score.sum[PAIR_METRIC_GROUP], example);
        arena_free(&arena);
    }
}

/* ---- 5. your own pictures, found by a text ---------------------------------------------------------------------- */

static void search_folder(const Lesson *lesson, Encoder *encoder, const char *folder, const char *cache, Texts texts) {
    Arena *arena = (Arena *)&lesson->memory;
    ImageIndex index;
    Err err;
    if (!*cache) {
        cache = arena_print(arena, "%s/gallery.safetensors", models_folder());
        if (!folder_make(models_folder(), &err)) die("%s", err.text);
    }
    if (!image_index_open(&index, arena, folder, cache, encoder, &err)) die("%s", err.text);
    term_say("%d pictures in %s: %d from the cache, %d encoded now, %d files that are no pictures.\n", index.n, folder,
             index.cached, index.encoded, index.skipped);
    fprintf(stderr, "cache: %s\n", cache);
    Mat s = cosines(arena, index.features, encoder_texts(encoder, arena, texts.text, texts.n, NULL));
    for (int t = 0; t < texts.n; t++) {
        printf("\n%s\n", quoted(texts.text[t]));
        bool *shown = arena_zero(arena, (size_t)index.n + 1, sizeof *shown);
        for (int place = 1; place <= MIN(FOUND, index.n); place++) {
            int best = -1;
            for (int i = 0; i < index.n; i++)
                if (!shown[i] && (best < 0 || AT(s, i, t) > AT(s, best, t))) best = i;
            shown[best] = true;
            printf("  %d. %6.3f  ", place, (double)AT(s, best, t));
            term_text(&lesson->term, index.names[best], 60, TERM_LEFT);
            putchar('\n');
        }
    }
}

static void model_open(Encoder *encoder, Arena *arena, const char *weights, const char *gelu, PretrainedChoice choice) {
    Err err;
    choice.gelu = !strcmp(gelu, "quick") ? GELU_QUICK : !strcmp(gelu, "exact") ? GELU_EXACT : GELU_AUTO;
    if (!encoder_open(encoder, arena, weights, choice, &err)) die("%s", err.text);
}

static void show_sections(const Lesson *lesson, Encoder *encoder, const char *data, int pictures) {
    Arena *arena = (Arena *)&lesson->memory;
    Cifar test = lesson_pictures(arena, data, CIFAR_TEST, pictures);
    lesson_section(lesson, "2. Five pictures, five texts");
    Pictures five = five_pictures(arena, &test, data);
    Prediction guess = lesson_predict_number(lesson, -1, 1, "How high is the cosine of a picture and its own text?");
    show_pictures(lesson, encoder, five, class_texts(arena, &five), &test);
    lesson_outcome(lesson, &guess, "see the diagonal");
    lesson_section(lesson, "3. CIFAR-10 from text alone");
    show_cifar(lesson, encoder, &test);
    lesson_section(lesson, "4. What it cannot do");
    show_probes(encoder);
    printf("\nYour own:  build/lesson-19 cat.png car.png --text \"a photo of a cat\" --text \"a sports car\"\n"
           "           build/lesson-19 --folder photos --text \"a dog on a beach\"\n"
           "           build/lesson-19 --pairs photos.tsv\n");
}

static void check_words(int pictures, int texts, bool folder) {
    if (pictures && !texts)
        die_usage("pictures want texts to choose from: photo.png --text \"a cat\" --text \"a dog\"");
    if (folder && !texts)
        die_usage("a folder wants something to look for: --folder photos --text \"a dog on a beach\"");
    if (texts && !folder && !pictures)
        die_usage("texts want pictures: photo.png --text ..., or --folder photos --text ...");
}

int main(int argc, char **argv) {
    const char *weights = "auto", *data = "auto", *gelu = "auto", *folder = "", *cache = "";
    int pictures = 500, heads = 0, text_heads = 0;
    OptionTexts said = { 0 };
    const char *table = "";
    PairsFormat format = { .picture_column = "filepath", .caption_column = "title" };
    const Option options[] = {
        { "text", .texts = &said, .help = "a text, again and again: for your pictures, or to search a folder for" },
        { "folder", .text = &folder, .help = "find in this folder what --text says" },
        { "pairs", .text = &table, .help = "a table of own pictures and captions: filepath and title, with a heading" },
        { "picture-column", .text = &format.picture_column, .help = "the table's column of pictures" },
        { "caption-column", .text = &format.caption_column, .help = "the table's column of captions" },
        { "strict", .flag = &format.strict, .help = "stop at the first row of the table that cannot be used" },
        { "cache", .text = &cache, .help = "where the folder's vectors are kept; empty: among the models" },
        { "weights", .text = &weights, .help = "a safetensors file; auto: what is there; tiny: random ones" },
        { "gelu", .text = &gelu, .choices = "auto|quick|exact", .help = "OpenAI's is quick, LAION's exact" },
        { "heads", .integer = &heads, .low = 0, .high = 1024, .help = "heads of the image tower; 0: find out" },
        { "text-heads", .integer = &text_heads, .low = 0, .high = 1024, .help = "the same for the text tower" },
        { "data", .text = &data, .choices = LESSON_DATA, .help = "which test pictures" },
        { "pictures", .integer = &pictures, .low = 10, .high = 10000,
          .help = "how many of them to classify, or of a table to read" },
        { 0 },
    };
    Lesson lesson = { .number = "19",
                      .title = "The real CLIP",
                      .next = "make lesson-20",
                      .options = options,
                      .wants = "PICTURE ...",
                      .shows = "Published weights in this library: five pictures, CIFAR-10, limits, your photographs",
                      .takes = "half a minute with ViT-B/32; five minutes with --pictures 10000" };
    lesson_begin(&lesson, argc, argv);
    Arena *arena = &lesson.memory;
    check_words(lesson.word_count, said.count, *folder);
    Encoder encoder;
    model_open(&encoder, arena, weights, gelu, (PretrainedChoice){ .heads = heads, .text_heads = text_heads });
    lesson_section(&lesson, "1. The model");
    show_model(&encoder);
    Texts texts = { said.count, said.item };
    if (*folder || *table || lesson.word_count) {
        lesson_section(&lesson, "Your pictures");
        if (*table) own_pairs(&lesson, &encoder, table, format, pictures);
        if (lesson.word_count)
            show_pictures(&lesson, &encoder, pictures_read(arena, lesson.words, lesson.word_count), texts, NULL);
        if (*folder) search_folder(&lesson, &encoder, folder, cache, texts);
    } else {
        show_sections(&lesson, &encoder, data, pictures);
    }
    encoder_close(&encoder);
    return lesson_end(&lesson);
}
