#include "own_sounds.h"
#include "scenes/probe_report.h"
#include "show/plot.h"
#include "sound/resample.h"
#include "sound/wav.h"

#include <math.h>
#include <string.h>

enum { NEAREST = 3, STEPS_IN_A_SECOND = 8 };

bool own_sound_read(OwnSound *sound, const char *path, Err *err) {
    Arena arena = { 0 };
    Wav wav;
    int count = 0;
    bool ok = wav_read(&wav, &arena, path, err);
    if (ok) {
        num *second = arena_alloc(&arena, (size_t)wav.rate, sizeof *second);
        int begin = sound_loudest(wav.samples, wav.count, wav.rate, MAX(1, wav.rate / STEPS_IN_A_SECOND), second);
        const num *y = sound_resample(&arena, second, wav.rate, wav.rate, SOUND_RATE, &count);
        memcpy(sound->samples, y, sizeof sound->samples);
        sound->rate = wav.rate;
        sound->channels = wav.channels;
        sound->bits = wav.bits;
        sound->floats = wav.floats;
        sound->seconds = (double)wav.count / wav.rate;
        sound->begin = (double)begin / wav.rate;
        ok = sound_level(sound->samples, SOUND_SAMPLES) || err_set(err, "%s: it is silent", path);
    }
    arena_free(&arena);
    return ok;
}

/* ---- --listen ---------------------------------------------------------------------------------------------------- */

/* "plots/out/24-three-red-circles.wav", on the arena. */
static char *listen_path(Arena *arena, const SoundExample *example) {
    char text[CAPTION_TEXT];
    Caption caption = sound_caption(&example->scene);
    caption_text(&caption, text);
    for (char *c = text; *c; c++)
        if (*c == ' ') *c = '-';
    char *path = arena_text(arena, plot_path(arena_print(arena, "24-%s", text)));
    memcpy(strrchr(path, '.'), ".wav", 4);
    return path;
}

void sounds_listen(Arena *arena, const SoundExample *example, int count) {
    Mat samples = sound_samples(arena, example, count);
    Err err;
    for (int i = 0; i < count; i++) {
        const num *x = &AT(samples, i, 0);
        char *path = listen_path(arena, &example[i]), *folder = arena_text(arena, path);
        double worst = 0;
        Wav wav;
        *strrchr(folder, '/') = '\0';
        if (!folder_make(folder, &err) || !wav_write(path, x, SOUND_SAMPLES, SOUND_RATE, &err) ||
            !wav_read(&wav, arena, path, &err))
            die("%s", err.text);
        for (int k = 0; k < SOUND_SAMPLES; k++) worst = fmax(worst, fabs((double)(x[k] - wav.samples[k])));
        fprintf(stderr, "%s\n", path);
        printf("  %-36s %d samples, read back: off by at most %.5f\n", strrchr(path, '/') + 1, wav.count, worst);
    }
}

/* ---- own files --------------------------------------------------------------------------------------------------- */

/* The scenes of both sets, the texts and pictures of which are compared. */
typedef struct {
    const SearchSet *sets;
    int n;
    Mat scores; /* [1,n] */
} Compared;
static const Scene *compared_scene(const Compared *c, int i) {
    return i < c->sets[0].n ? c->sets[0].scene[i] : c->sets[1].scene[i - c->sets[0].n];
}
static const char *compared_text(const Compared *c, int i) {
    return i < c->sets[0].n ? c->sets[0].text[i] : c->sets[1].text[i - c->sets[0].n];
}
static Compared compare(Arena *arena, const SearchSet *sets, Mat vector, bool pictures) {
    Compared c = { .sets = sets, .n = sets[0].n + sets[1].n };
    c.scores = mat_new(arena, 1, c.n);
    for (int k = 0; k < SETS; k++) {
        Mat some = search_scores(arena, vector, pictures ? sets[k].pictures : sets[k].texts);
        memcpy(&AT(c.scores, 0, k * sets[0].n), some.v, mat_count(some) * sizeof(num));
    }
    return c;
}

/* One file: its lines, and its nearest pictures as tiles. */
static void own_file(Arena *arena, SoundModel *model, const SearchSet *sets, const char *path, Tile *tile) {
    OwnSound sound;
    Err err;
    int top[NEAREST];
    if (!own_sound_read(&sound, path, &err)) die("%s", err.text);
    printf("%s: %d Hz, %d channel%s, %d bits%s, %.2f s; heard: the second from %.2f s on\n", path, sound.rate,
           sound.channels, sound.channels == 1 ? "" : "s", sound.bits, sound.floats ? " (float)" : "", sound.seconds,
           sound.begin);
    Mat samples = { .dims = 2, .shape = { 1, SOUND_SAMPLES, 1, 1 }, .v = sound.samples };
    Mat vector = sound_features(model, arena, samples);
    for (int pictures = 0; pictures < 2; pictures++) {
        Compared c = compare(arena, sets, vector, pictures);
        retrieval_top(c.scores.v, c.n, NEAREST, top);
        printf("  nearest %s\n", pictures ? "pictures" : "captions");
        for (int i = 0; i < NEAREST; i++) {
            double cosine = (double)c.scores.v[top[i]];
            printf("    %.3f  %s\n", cosine, compared_text(&c, top[i]));
            if (pictures)
                tile[i] = probe_tile(arena, compared_scene(&c, top[i]), compared_text(&c, top[i]),
                                     arena_print(arena, "%.3f", cosine));
        }
    }
}

/* Mean cosine of our own sounds with the nearest caption: what a sound of this kind can have. */
static double usual_cosine(Arena *arena, SoundModel *model, const SearchSet *sets) {
    Mat vectors = search_sounds(model, arena, &sets[SET_ONE]), scores = search_scores(arena, vectors, sets[0].texts);
    double sum = 0;
    for (int i = 0; i < scores.shape[0]; i++) {
        double best = -1;
        for (int k = 0; k < scores.shape[1]; k++) best = fmax(best, (double)AT(scores, i, k));
        sum += best;
    }
    return sum / scores.shape[0];
}

void sounds_own(const Lesson *lesson, SoundModel *model, const SearchSet *sets) {
    Arena arena = { 0 };
    int n = lesson->word_count;
    Tile *tiles = arena_alloc(&arena, (size_t)n * NEAREST, sizeof *tiles);
    for (int i = 0; i < n; i++) own_file(&arena, model, sets, lesson->words[i], tiles + i * NEAREST);
    printf("sounds of the synthesiser have a cosine of %.3f with their nearest caption, on average\n",
           usual_cosine(&arena, model, sets));
    lesson_tiles(lesson, "24-yours",
                 &(Tiles){ .title = "the pictures nearest to your sounds, a row each",
                           .tiles = tiles,
                           .count = n * NEAREST,
                           .columns = NEAREST });
    arena_free(&arena);
}
