/* shapes: scenes of coloured shapes as pictures, with captions that are certainly true or certainly false. */
#include "core/version.h"
#include "scenes/caption.h"
#include "core/arena.h"
#include "core/file.h"
#include "formats/image_file.h"
#include "lesson/options.h"
#include "show/progress.h"
#include "show/term_fit.h"

#include <math.h>
#include <string.h>

typedef struct {
    int seed, from, count, side, zoom, split_seed;
    const char *objects, *split, *part, *kind, *format;
    double coverage, repeat, noise;
    bool equal_area, no_noise, paraphrase, help;
    const char *folder, *sheet, *csv, *pairs;
    OptionTexts ask;
    /* computed from these: */
    SceneConfig config;
    Split held;
} Config;

/* ---- settings --------------------------------------------------------------------------------------------------- */

/* "3" or "1-5". */
static bool read_objects(const char *text, int *least, int *max, Err *err) {
    char low[8] = "";
    const char *dash = strchr(text, '-'), *high = dash ? dash + 1 : text;
    size_t size = dash ? (size_t)(dash - text) : strlen(text);
    long long a = 0, b = 0;
    if (size < sizeof low) {
        memcpy(low, text, size);
        low[size] = '\0';
    }
    if (!parse_int(low, 1, SCENE_MAX, &a) || !parse_int(high, 1, SCENE_MAX, &b) || a > b)
        return err_set(err, "--objects is \"%s\", want a number from 1 to %d, or two such as 1-%d", text, SCENE_MAX,
                       SCENE_MAX);
    *least = (int)a;
    *max = (int)b;
    return true;
}

static bool settle(Config *w, Err *err) {
    SplitKind kind = SPLIT_ALL;
    SceneConfig *s = &w->config;
    split_find(w->split, &kind);
    w->held = split_make(kind, w->coverage, (uint64_t)w->split_seed);
    *s =
        (SceneConfig){ .seed = (uint64_t)w->seed, .split = &w->held, .repeat = w->repeat, .equal_area = w->equal_area };
    s->part = strcmp(w->part, "held") ? SPLIT_SEEN : SPLIT_HELD;
    s->noise = w->noise == 0 ? -1 : w->noise;
    if (!read_objects(w->objects, &s->least, &s->max, err)) return false;
    return scene_config_check(s, err);
}

/* ---- captions --------------------------------------------------------------------------------------------------- */

enum { ALL_EDITS = (1 << EDIT_KINDS) - 1, STREAM = 1 << 20 };

/* A true caption and a false one that differs from it in one respect; false if this scene has none of this kind. */
static bool two_captions(const Config *w, const Scene *scene, int number, CaptionKind kind, char right[CAPTION_TEXT],
                         char wrong[CAPTION_TEXT]) {
    CaptionRules rules = { .split = &w->held, .part = w->config.part };
    Rng rng = rng_seed(w->config.seed + (uint64_t)kind * STREAM, (uint64_t)number);
    Caption yes, no;
    if (!caption_random_true(&yes, scene, kind, &rules, &rng)) return false;
    if (!caption_random_false(&no, scene, &yes, ALL_EDITS, &rules, &rng)) return false;
    if (w->paraphrase) {
        yes = caption_paraphrase(&yes, PARAPHRASE_ALL, &rng);
        no = caption_paraphrase(&no, PARAPHRASE_ALL, &rng);
    }
    caption_text(&yes, right);
    caption_text(&no, wrong);
    return true;
}

static bool kind_wanted(const Config *w, CaptionKind kind) {
    return !strcmp(w->kind, "all") || !strcmp(w->kind, caption_kind_name(kind));
}

typedef void (*PairUse)(void *context, int number, CaptionKind kind, const char *right, const char *wrong);

static void each_pair(const Config *w, const Scene *scene, int number, PairUse use, void *context) {
    char right[CAPTION_TEXT], wrong[CAPTION_TEXT];
    for (int kind = 0; kind < CAPTION_KINDS; kind++)
        if (kind_wanted(w, (CaptionKind)kind) && two_captions(w, scene, number, (CaptionKind)kind, right, wrong))
            use(context, number, (CaptionKind)kind, right, wrong);
}

static void say_pair(void *context, int number, CaptionKind kind, const char *right, const char *wrong) {
    (void)context;
    (void)number;
    printf("  %-9s true   %s\n  %-9s false  %s\n", caption_kind_name(kind), right, "", wrong);
}

static void write_pair(void *context, int number, CaptionKind kind, const char *right, const char *wrong) {
    fprintf(context, "%d,%s,\"%s\",1\n", number, caption_kind_name(kind), right);
    fprintf(context, "%d,%s,\"%s\",0\n", number, caption_kind_name(kind), wrong);
}

static void say_scene(const Scene *scene, int number) {
    Arena arena = { 0 };
    printf("scene %d\n", number);
    for (int k = 0; k < scene->count; k++) printf("  %s\n", scene_text(&arena, scene, k));
    arena_free(&arena);
}

/* ---- pictures --------------------------------------------------------------------------------------------------- */

static Image picture_of(Arena *arena, const Scene *scene, int side) {
    Image image = image_new(arena, side, side);
    Canvas canvas = { side, arena_alloc(arena, size_mul(3 * (size_t)side, (size_t)side), sizeof(double)) };
    scene_picture(scene, canvas, image.rgb);
    return image;
}

/* Every pixel becomes zoom x zoom of them. */
static void paste(Image sheet, int left, int top, Image image, int zoom) {
    for (int y = 0; y < image.height * zoom; y++)
        for (int x = 0; x < image.width * zoom; x++)
            memcpy(sheet.rgb + 3 * ((size_t)(top + y) * (size_t)sheet.width + (size_t)(left + x)),
                   image.rgb + 3 * ((size_t)(y / zoom) * (size_t)image.width + (size_t)(x / zoom)), 3);
}

static bool write_sheet(const Config *w, Err *err) {
    enum { GAP = 4 };
    Arena arena = { 0 };
    int across = (int)ceil(sqrt(w->count)), down = (w->count + across - 1) / across, step = w->side * w->zoom + GAP;
    double pixels = (double)(across * (double)step + GAP) * (down * (double)step + GAP);
    if (pixels > IMAGE_PIXELS_MAX)
        return err_set(err, "a sheet of %d scenes has %.0f pixels, want at most %d; take fewer, smaller or --zoom 1",
                       w->count, pixels, IMAGE_PIXELS_MAX);
    Image sheet = image_new(&arena, across * step + GAP, down * step + GAP);
    memset(sheet.rgb, 255, 3 * (size_t)sheet.width * (size_t)sheet.height);
    for (int i = 0; i < w->count; i++) {
        ArenaMark mark = arena_mark(&arena);
        Scene scene = scene_make(&w->config, (uint64_t)(w->from + i));
        paste(sheet, GAP + i % across * step, GAP + i / across * step, picture_of(&arena, &scene, w->side), w->zoom);
        arena_release(&arena, mark);
    }
    bool ok = image_write(w->sheet, sheet, err);
    if (ok) printf("%s: scenes %d to %d, %d in a row\n", w->sheet, w->from, w->from + w->count - 1, across);
    arena_free(&arena);
    return ok;
}

static bool write_pictures(const Config *w, Err *err) {
    Arena arena = { 0 };
    Progress progress = progress_begin("scenes", w->count, "img/s");
    bool ok = folder_make(w->folder, err);
    for (int i = 0; ok && i < w->count; i++) {
        Scene scene = scene_make(&w->config, (uint64_t)(w->from + i));
        const char *path = arena_print(&arena, "%s/%06d.%s", w->folder, w->from + i, w->format);
        ok = image_write(path, picture_of(&arena, &scene, w->side), err);
        progress_update(&progress, i + 1);
        arena_reset(&arena);
    }
    progress_end(&progress);
    arena_free(&arena);
    if (ok) printf("%s: %d pictures, the first is %06d.%s\n", w->folder, w->count, w->from, w->format);
    return ok;
}

/* The true captions: a table for lesson 10. */
typedef struct {
    FILE *stream;
    const Config *config;
} PairsFile;

static void write_true(void *context, int number, CaptionKind kind, const char *right, const char *wrong) {
    const PairsFile *file = context;
    (void)kind;
    (void)wrong;
    fprintf(file->stream, "%06d.%s\t%s\n", number, file->config->format, right);
}

static bool write_pairs(const Config *w, Err *err) {
    OutFile out;
    if (!out_open(&out, w->pairs, err)) return false;
    fprintf(out.stream, "filepath\ttitle\n");
    for (int i = 0; i < w->count; i++) {
        Scene scene = scene_make(&w->config, (uint64_t)(w->from + i));
        each_pair(w, &scene, w->from + i, write_true, &(PairsFile){ out.stream, w });
    }
    if (!out_commit(&out, err)) return false;
    printf("%s: pairs of %d scenes\n", w->pairs, w->count);
    return true;
}

static bool write_csv(const Config *w, Err *err) {
    OutFile out;
    if (!out_open(&out, w->csv, err)) return false;
    fprintf(out.stream, "scene,kind,caption,true\n");
    for (int i = 0; i < w->count; i++) {
        Scene scene = scene_make(&w->config, (uint64_t)(w->from + i));
        each_pair(w, &scene, w->from + i, write_pair, out.stream);
    }
    if (!out_commit(&out, err)) return false;
    printf("%s: captions of %d scenes\n", w->csv, w->count);
    return true;
}

/* ---- the program ------------------------------------------------------------------------------------------------ */

/* All captions are parsed before the first answer is printed. */
static bool judge(const Config *w, Err *err) {
    Caption caption[OPTION_TEXTS];
    Scene scene = scene_make(&w->config, (uint64_t)w->from);
    for (int i = 0; i < w->ask.count; i++) {
        Err why;
        if (!caption_parse(w->ask.item[i], &caption[i], &why)) return err_set(err, "--ask: %s", why.text);
    }
    say_scene(&scene, w->from);
    for (int i = 0; i < w->ask.count; i++) {
        char text[CAPTION_TEXT];
        printf("  %-5s  %s\n", caption_true(&scene, &caption[i]) ? "true" : "false", caption_text(&caption[i], text));
    }
    return true;
}

static void show(const Config *w) {
    for (int i = 0; i < w->count; i++) {
        Scene scene = scene_make(&w->config, (uint64_t)(w->from + i));
        say_scene(&scene, w->from + i);
        each_pair(w, &scene, w->from + i, say_pair, NULL);
    }
    printf("\nLook at them: build/shapes --seed %d --count %d --sheet shapes.png\n", w->seed, w->count);
}

static void help(const Option *options) {
    printf("usage: build/shapes [options]\n\n"
           "Scenes of 1 to 5 coloured shapes, endless from a seed, with captions that are certainly true or false.\n"
           "Without --sheet, --folder, --csv and --ask: scenes and captions as text.\n\n");
    options_help(options, stdout);
    printf("\nCaptions to --ask are such as\n"
           "  a red circle                       at least one      (also: there is ..., a picture of ...)\n"
           "  three blue squares                 exactly so many   (also: exactly three ...)\n"
           "  a small star and a black thing     both, as two objects\n"
           "  two hearts and one bar             exactly so many of each\n"
           "  a disc to the left of a cross      left of, right of, above, below: by %g of the side or more\n"
           "  a red circle and no blue square    the one, and none of the other\n"
           "  no green diamond                   none\n",
           SCENE_MARGIN);
    printf("\n  build/shapes --objects 2 --count 25 --sheet two.png\n"
           "  build/shapes --count 1000 --folder scenes --csv scenes/captions.csv --kind relation\n"
           "  build/shapes --seed 3 --from 7 --ask \"a red circle left of a blue square\" --ask \"no green star\"\n");
}

int main(int argc, char **argv) {
    term_fit_output();
    if (version_asked(argc, argv)) return status_printed(0);
    Config w = { .seed = 1,
                 .count = 4,
                 .side = 32,
                 .zoom = 4,
                 .split_seed = 1,
                 .objects = "1-5",
                 .split = "all",
                 .part = "seen",
                 .kind = "all",
                 .format = "ppm",
                 .coverage = 0.5,
                 .repeat = 0.25,
                 .noise = SCENE_NOISE };
    const Option options[] = {
        { "seed", .integer = &w.seed, .low = 0, .high = 1e9, .help = "of the endless row of scenes" },
        { "from", .integer = &w.from, .low = 0, .high = 1e9, .help = "number of the first scene" },
        { "count", .integer = &w.count, .low = 1, .high = 1e6, .help = "how many scenes" },
        { "objects", .text = &w.objects, .help = "in a scene: a number, or the least and the most, as in 2-3" },
        { "size", .integer = &w.side, .low = 8, .high = 1024, .help = "side of a picture in pixels" },
        { "alike", .real = &w.repeat, .low = 0, .high = 1, .help = "chance that an object is like the one before" },
        { "equal-ink", .flag = &w.equal_area, .help = "objects cover the same area together, however many" },
        { "noise", .real = &w.noise, .low = 0, .high = 1, .help = "largest deviation; 0: flat colours" },
        { "split", .text = &w.split, .choices = "all|pairs|counts|relations", .help = "what is held out" },
        { "split-seed", .integer = &w.split_seed, .low = 0, .high = 1e9, .help = "chooses them" },
        { "coverage", .real = &w.coverage, .low = 0, .high = 1, .help = "share of the combinations that are seen" },
        { "part", .text = &w.part, .choices = "seen|held", .help = "which part scenes and captions show" },
        { "kind", .text = &w.kind, .choices = "all|object|count|pair|counts|relation|without|none",
          .help = "of caption" },
        { "paraphrase", .flag = &w.paraphrase, .help = "captions in other words too: synonyms, forms, converses" },
        { "sheet", .text = &w.sheet, .help = "write all scenes as one picture (.png or .ppm)" },
        { "zoom", .integer = &w.zoom, .low = 1, .high = 32, .help = "pixels of the sheet for a pixel" },
        { "folder", .text = &w.folder, .help = "write each scene as a picture into this folder" },
        { "format", .text = &w.format, .choices = "ppm|png", .help = "of these" },
        { "csv", .text = &w.csv, .help = "write captions with their truth (1 or 0) to this file" },
        { "pairs", .text = &w.pairs, .help = "write true captions to this table in --folder, for lesson 10 --pairs" },
        { "ask", .texts = &w.ask, .help = "is this caption true of scene --from? May be given often" },
        { "help", .flag = &w.help, .help = "this" },
        { 0 },
    };
    Err err;
    if (options_have(argc, argv, "help")) {
        help(options);
        return 0;
    }
    if (!options_parse(options, argc, argv, NULL, &err)) die_usage("%s; --help lists all options", err.text);
    if (!settle(&w, &err)) die_usage("%s", err.text);
    bool files = w.sheet || w.folder || w.csv || w.pairs;
    if (w.ask.count > 0 && !judge(&w, &err)) die_usage("%s", err.text);
    if (w.sheet && !write_sheet(&w, &err)) die("%s", err.text);
    if (w.folder && !write_pictures(&w, &err)) die("%s", err.text);
    if (w.csv && !write_csv(&w, &err)) die("%s", err.text);
    if (w.pairs && !write_pairs(&w, &err)) die("%s", err.text);
    if (!files && w.ask.count == 0) show(&w);
    return status_printed(0);
}
