/* lib/sound without its model: transform, log-mel spectrogram, resampling, synthesiser, WAV files. */
#include "24-a-third-modality/own_sounds.h"
#include "core/thread.h"
#include "sound/resample.h"
#include "sound/wav.h"
#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static Arena arena;
static const double TAU = 6.283185307179586;

/* ---- transform --------------------------------------------------------------------------------------------------- */

TEST(the_transform_is_the_sum) {
    Rng rng = rng_seed(1, 1);
    for (int n = 2; n <= 256; n *= 2) {
        Fft plan = fft_plan(&arena, n);
        double re[256], im[256], want_re[256], want_im[256], energy = 0, sum = 0;
        for (int i = 0; i < n; i++) {
            re[i] = rng_normal(&rng);
            im[i] = rng_normal(&rng);
            energy += re[i] * re[i] + im[i] * im[i];
        }
        dft(re, im, n, want_re, want_im);
        fft_run(&plan, re, im);
        for (int i = 0; i < n; i++) {
            CHECK_NEAR(re[i], want_re[i], 1e-12);
            CHECK_NEAR(im[i], want_im[i], 1e-12);
            sum += re[i] * re[i] + im[i] * im[i];
        }
        CHECK_NEAR(sum / n, energy, 1e-12); /* Parseval */
    }
    CHECK_STOPS(fft_plan(&arena, 12), EXIT_CONTRACT, "want a power of 2");
    CHECK_STOPS(fft_plan(&arena, 1), EXIT_CONTRACT, "want a power of 2");
}

TEST(the_sum_by_hand) {
    const double re[] = { 1, 2, 3, 4 }, im[] = { 0, 0, 0, 0 };
    double out_re[4], out_im[4];
    dft(re, im, 4, out_re, out_im); /* 10, -2 + 2i, -2, -2 - 2i */
    const double want_re[] = { 10, -2, -2, -2 }, want_im[] = { 0, 2, 0, -2 };
    for (int k = 0; k < 4; k++) {
        CHECK_NEAR(out_re[k], want_re[k], 1e-12);
        CHECK_NEAR(out_im[k], want_im[k], 1e-12);
    }
}

/* ---- log-mel ----------------------------------------------------------------------------------------------------- */

TEST(mel_and_filters) {
    CHECK_NEAR(mel_of_hertz(0), 0, 1e-12);
    CHECK_NEAR(mel_of_hertz(700), 2595 * log10(2), 1e-12);
    CHECK_NEAR(mel_of_hertz(1000), 1000, 1e-4); /* the scale was made so */
    CHECK_NEAR(mel_to_hertz(mel_of_hertz(3210)), 3210, 1e-12);
    const LogMel *plan = log_mel_plan(&arena);
    double apart = mel_of_hertz(4000) / (MEL_BANDS + 1);
    for (int k = 0; k < MEL_BINS; k++) { /* between the outer centres neighbouring triangles add up to 1 */
        double sum = 0, mel = mel_of_hertz(8000.0 * k / MEL_WINDOW);
        for (int b = 0; b < MEL_BANDS; b++) sum += plan->filter[b][k];
        if (mel >= apart && mel <= MEL_BANDS * apart) CHECK_NEAR(sum, 1, 1e-12);
        else CHECK(sum < 1, "bin %d: %g", k, sum);
    }
}

static void tone(num *samples, int n, double hertz, double rate, double amplitude) {
    for (int i = 0; i < n; i++) samples[i] = (num)(amplitude * cos(TAU * hertz * i / rate + 0.3));
}

TEST(a_tone_has_its_closed_form) {
    static num samples[SOUND_SAMPLES], out[MEL_FRAMES * MEL_BANDS], picture[MEL_FRAMES * MEL_BANDS];
    const LogMel *plan = log_mel_plan(&arena);
    for (int bin = 16; bin <= 240; bin += 32)
        for (int soft = 0; soft < 2; soft++) {
            double amplitude = soft ? 0.125 : 1;
            tone(samples, SOUND_SAMPLES, bin * 8000.0 / MEL_WINDOW, 8000, amplitude);
            log_mel(plan, samples, false, out);
            log_mel(plan, samples, true, picture);
            for (int t = 2; t < MEL_FRAMES - 2; t++) /* whose window is inside */
                for (int b = 0; b < MEL_BANDS; b++) {
                    double near = plan->filter[b][bin - 1] + plan->filter[b][bin + 1];
                    double want = log(1e-7 + amplitude * amplitude * (plan->filter[b][bin] / 4 + near / 16));
                    CHECK_NEAR(out[t * MEL_BANDS + b], want, 2e-4);
                    CHECK_NEAR(picture[t * MEL_BANDS + b], (want + 12) / 4, 2e-4);
                }
        }
}

TEST(silence_and_noise) {
    static num samples[SOUND_SAMPLES], out[MEL_FRAMES * MEL_BANDS];
    const LogMel *plan = log_mel_plan(&arena);
    log_mel(plan, samples, false, out);
    for (int i = 0; i < MEL_FRAMES * MEL_BANDS; i++) CHECK_NEAR(out[i], log(1e-7), 1e-6);
    Rng rng = rng_seed(3, 1);
    for (int i = 0; i < SOUND_SAMPLES; i++) samples[i] = (num)rng_normal(&rng);
    log_mel(plan, samples, false, out);
    const int frames[] = { 0, 1, 30, 63 }; /* each against its own sum; the ends have silence in their windows */
    for (int f = 0; f < 4; f++) {
        double re[MEL_WINDOW], im[MEL_WINDOW] = { 0 }, out_re[MEL_WINDOW], out_im[MEL_WINDOW];
        for (int n = 0; n < MEL_WINDOW; n++) {
            int at = 125 * frames[f] + 62 - MEL_WINDOW / 2 + n;
            double w = (0.5 - 0.5 * cos(TAU * n / MEL_WINDOW)) / (MEL_WINDOW / 2.0);
            re[n] = at >= 0 && at < SOUND_SAMPLES ? w * (double)samples[at] : 0;
        }
        dft(re, im, MEL_WINDOW, out_re, out_im);
        for (int b = 0; b < MEL_BANDS; b++) {
            double energy = 1e-7;
            for (int k = 0; k < MEL_BINS; k++)
                energy += plan->filter[b][k] * (out_re[k] * out_re[k] + out_im[k] * out_im[k]);
            CHECK_NEAR(out[frames[f] * MEL_BANDS + b], log(energy), 1e-5);
        }
    }
}

/* ---- resampling -------------------------------------------------------------------------------------------------- */

static void resampled(int from, int to, double hertz, double want) {
    int n = from, count;
    num *x = arena_alloc(&arena, (size_t)n, sizeof *x);
    tone(x, n, hertz, from, 1);
    const num *y = sound_resample(&arena, x, n, from, to, &count);
    CHECK(count == to, "%d", count);
    for (int j = to / 4; j < 3 * to / 4; j++) /* away from the ends */
        CHECK(fabs((double)y[j] - want * cos(TAU * hertz * j / to + 0.3)) < 2e-3, "%d Hz to %d, %g Hz: y[%d] = %g",
              from, to, hertz, j, (double)y[j]);
}
TEST(tones_stay_and_what_does_not_fit_goes) {
    resampled(11025, 8000, 440, 1);
    resampled(22050, 8000, 3000, 1);
    resampled(4000, 8000, 1200, 1);
    resampled(16000, 8000, 6000, 0); /* would be heard as 2000 Hz */
    int count;
    num x[3] = { 1, 2, 3 };
    CHECK(sound_resample(&arena, x, 3, 8000, 8000, &count) == x && count == 3, "%d", count);
}

TEST(the_loudest_second) {
    num x[40] = { 0 }, out[10];
    for (int i = 21; i < 27; i++) x[i] = 1;
    CHECK(sound_loudest(x, 40, 10, 5, out) == 20 && out[1] == 1 && out[0] == 0, "%s", "another part");
    CHECK(sound_loudest(x + 24, 4, 10, 5, out) == 0 && out[2] == 1 && out[3] == 0 && out[9] == 0, "%s", "no silence");
}

/* ---- synthesiser ------------------------------------------------------------------------------------------------- */

TEST(partials_by_formula) {
    CHECK_NEAR(sound_pitch(COLOUR_RED), 220, 1e-12);
    CHECK_NEAR(sound_pitch(COLOUR_CYAN), 440, 1e-12);
    const int counts[SHAPE_COUNT] = { 1, 9, 9, 17, 4, 4, 17, 4 };
    for (int k = 0; k < SHAPE_COUNT; k++) {
        Partials p = sound_partials((Shape)k, 220);
        double power = 0;
        for (int i = 0; i < p.count; i++) power += p.strength[i] * p.strength[i] / 2;
        CHECK(p.count == counts[k] && fabs(power - 1) < 1e-12, "%s: %d of power %g", shape_name((Shape)k), p.count,
              power);
    }
    Partials square = sound_partials(SHAPE_SQUARE, 220), triangle = sound_partials(SHAPE_TRIANGLE, 220);
    CHECK_NEAR(square.strength[0] / square.strength[2], 5, 1e-12);
    CHECK_NEAR(triangle.strength[0] / triangle.strength[2], 25, 1e-12);
}

static Scene scene_of(int count, ShapeColour colour, Shape shape) {
    Scene scene = { .count = count };
    for (int k = 0; k < count; k++) object_set_type(&scene.object[k], (ObjectType){ colour, shape });
    return scene;
}

/* The number of times that the sound begins: a window of 10 ms above a third of the loudest after one below. */
static int strokes_heard(const num *samples) {
    enum { WINDOW = 80, WINDOWS = SOUND_SAMPLES / WINDOW };
    double level[WINDOWS], loudest = 0;
    int strokes = 0;
    for (int w = 0; w < WINDOWS; w++) {
        level[w] = vec_norm(samples + w * WINDOW, WINDOW);
        loudest = fmax(loudest, level[w]);
    }
    for (int w = 0; w < WINDOWS; w++) strokes += level[w] > loudest / 3 && (w == 0 || level[w - 1] <= loudest / 3);
    return strokes;
}

TEST(sounds_follow_their_scenes) {
    static num a[SOUND_SAMPLES], b[SOUND_SAMPLES];
    for (int count = 1; count <= SCENE_MAX; count++)
        for (uint64_t seed = 1; seed <= 3; seed++) {
            Scene scene = scene_of(count, COLOUR_GREEN, SHAPE_CIRCLE);
            sound_of_scene(&scene, seed, false, a);
            CHECK(strokes_heard(a) == count, "%d strokes of %d", strokes_heard(a), count);
            CHECK_NEAR(vec_norm(a, SOUND_SAMPLES) / sqrt(SOUND_SAMPLES), SOUND_LEVEL, 1e-5);
        }
    Scene scene = scene_of(2, COLOUR_RED, SHAPE_BAR), moved = scene;
    moved.object[0].x = 0.9;
    sound_of_scene(&scene, 7, true, a);
    sound_of_scene(&moved, 7, true, b);
    CHECK(!memcmp(a, b, sizeof a), "%s", "the place is heard");
    sound_of_scene(&scene, 8, true, b);
    CHECK(memcmp(a, b, sizeof a) != 0, "%s", "two seeds sound the same");
}

/* The mean of a band over all frames. */
static double band_mean(const num *samples, double hertz) {
    static num out[MEL_FRAMES * MEL_BANDS];
    const LogMel *plan = log_mel_plan(&arena);
    int band = (int)lround(mel_of_hertz(hertz) / (mel_of_hertz(4000) / (MEL_BANDS + 1))) - 1;
    double sum = 0;
    log_mel(plan, samples, false, out);
    for (int t = 0; t < MEL_FRAMES; t++) sum += exp((double)out[t * MEL_BANDS + band]);
    return sum / MEL_FRAMES;
}
TEST(pitch_and_breath_are_where_they_should_be) {
    static num plain[SOUND_SAMPLES], breath[SOUND_SAMPLES];
    Scene scene = scene_of(1, COLOUR_BLACK, SHAPE_CIRCLE); /* 740 Hz; its breath is around 500 Hz */
    sound_of_scene(&scene, 1, false, plain);
    sound_of_scene(&scene, 1, true, breath);
    CHECK(band_mean(plain, sound_pitch(COLOUR_BLACK)) > 100 * band_mean(plain, sound_pitch(COLOUR_RED)), "%s",
          "another pitch");
    double with = band_mean(breath, 500), without = band_mean(plain, 500);
    CHECK(with > 5 * without, "%g with breath, %g without", with, without);
    scene = scene_of(1, COLOUR_RED, SHAPE_CIRCLE);
    scene.count = 2;
    object_set_type(&scene.object[1], (ObjectType){ COLOUR_BLACK, SHAPE_CIRCLE });
    sound_of_scene(&scene, 1, false, plain);
    double low = band_mean(plain, 220), high = band_mean(plain, 740), between = band_mean(plain, 400);
    CHECK(low > 20 * between && high > 20 * between, "%g %g %g", low, between, high);
}

/* ---- WAV files --------------------------------------------------------------------------------------------------- */

/* A file in memory: the header for these samples, which follow as bytes. */
typedef struct {
    uint8_t bytes[400];
    size_t size;
} Bytes;
static void add(Bytes *b, uint32_t value, int n) {
    for (int i = 0; i < n; i++) b->bytes[b->size++] = (uint8_t)(i < 4 ? value >> 8 * i : 0);
}
static void add_text(Bytes *b, const char *text) {
    for (; *text; text++) b->bytes[b->size++] = (uint8_t)*text;
}
static Bytes header(int coding, int channels, int bits, int rate, bool extensible, int data) {
    Bytes b = { .size = 0 };
    add_text(&b, "RIFF");
    add(&b, (uint32_t)(data + (extensible ? 60 : 36)), 4);
    add_text(&b, "WAVEfmt ");
    add(&b, extensible ? 40 : 16, 4);
    add(&b, extensible ? 0xfffe : (uint32_t)coding, 2);
    add(&b, (uint32_t)channels, 2);
    add(&b, (uint32_t)rate, 4);
    add(&b, (uint32_t)(rate * channels * bits / 8), 4);
    add(&b, (uint32_t)(channels * bits / 8), 2);
    add(&b, (uint32_t)bits, 2);
    if (extensible) {
        add(&b, 22, 2);
        add(&b, (uint32_t)bits, 2);
        add(&b, 3, 4);
        add(&b, (uint32_t)coding, 2);
        const uint8_t guid[] = { 0, 0, 0, 0, 16, 0, 128, 0, 0, 170, 0, 56, 155, 113 };
        for (size_t i = 0; i < sizeof guid; i++) add(&b, guid[i], 1);
    }
    add_text(&b, "data");
    add(&b, (uint32_t)data, 4);
    return b;
}
static uint32_t float_bits(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}
static Wav decoded(const Bytes *b) {
    Wav wav;
    Err err;
    CHECK(wav_decode(&wav, &arena, "a.wav", (File){ .data = b->bytes, .size = b->size }, &err), "%s", err.text);
    return wav;
}
static void refused(const Bytes *b, const char *why) {
    Wav wav = { .rate = -1 };
    Err err;
    CHECK(!wav_decode(&wav, &arena, "a.wav", (File){ .data = b->bytes, .size = b->size }, &err), "read; want: %s", why);
    CHECK(strstr(err.text, why) && !strchr(err.text, '\n') && wav.rate == -1, "want \"%s\" in: %s", why, err.text);
}

TEST(codings) {
    const int bits[] = { 8, 16, 24, 32 };
    const uint32_t half[] = { 192, 0x4000, 0x400000, 0x40000000 }, least[] = { 0, 0x8000, 0x800000, 0x80000000u };
    for (int k = 0; k < 4; k++)
        for (int extensible = 0; extensible < 2; extensible++) {
            Bytes b = header(1, 1, bits[k], 8000, extensible, 2 * bits[k] / 8);
            add(&b, half[k], bits[k] / 8);
            add(&b, least[k], bits[k] / 8);
            Wav wav = decoded(&b);
            CHECK(wav.count == 2 && wav.bits == bits[k] && wav.samples[0] == (num)0.5 && wav.samples[1] == -1,
                  "%d bits: %d, %g %g", bits[k], wav.count, (double)wav.samples[0], (double)wav.samples[1]);
        }
    Bytes stereo = header(3, 2, 32, 44100, true, 16);
    for (int i = 0; i < 4; i++) add(&stereo, float_bits(0.25f * (float)(i + 1)), 4);
    Wav wav = decoded(&stereo);
    CHECK(wav.floats && wav.channels == 2 && wav.rate == 44100 && wav.count == 2 && wav.samples[0] == (num)0.375 &&
              wav.samples[1] == (num)0.875,
          "%g %g", (double)wav.samples[0], (double)wav.samples[1]);
    Bytes wide = header(3, 1, 64, 8000, false, 8);
    add(&wide, 0, 4);
    add(&wide, 0xbfe00000u, 4);
    CHECK(decoded(&wide).samples[0] == (num)-0.5, "%g", (double)decoded(&wide).samples[0]);
}

/* Other chunks come between, one of odd length. */
TEST(chunks_between) {
    Bytes b = header(1, 1, 8, 8000, false, 1);
    b.size -= 8;
    add_text(&b, "LIST");
    add(&b, 3, 4);
    add_text(&b, "abc");
    add(&b, 0, 1);
    add_text(&b, "data");
    add(&b, 1, 4);
    add(&b, 64, 1);
    CHECK(decoded(&b).samples[0] == (num)-0.5, "%g", (double)decoded(&b).samples[0]);
}

static int warnings;
static void keep_warning(const char *line) { warnings += strstr(line, "the length of the sound is not known") != NULL; }

/* What a program writes into a pipe. */
TEST(length_that_is_not_known) {
    warning_hook = keep_warning;
    const uint32_t lengths[] = { 0xffffffff, 0x7fffffff, 0x7fffffff - 36, 0x80000000u };
    for (size_t i = 0; i < COUNT(lengths); i++) {
        Bytes b = header(1, 1, 8, 8000, false, 0);
        b.size -= 4;
        add(&b, lengths[i], 4);
        add(&b, 0xc040, 2);
        Wav wav = decoded(&b);
        CHECK(wav.count == 2 && wav.samples[1] == (num)0.5 && warnings == (int)i + 1, "%d samples, %d warnings",
              wav.count, warnings);
        b.size -= 2;
        refused(&b, "it has no samples");
    }
    Bytes b = header(1, 1, 8, 8000, false, 1000);
    add(&b, 64, 1);
    refused(&b, "1 bytes of 1000 are there; is it cut?");
}

TEST(files_that_are_refused) {
    Bytes b = { .bytes = "RIFF\1\0\0\0ACON", .size = 12 };
    refused(&b, "a.wav: no WAV file");
    b = (Bytes){ .bytes = "RIFX....WAVEfmt ", .size = 16 };
    refused(&b, "this is a sound file (RIFX or RF64), a WAV file was wanted; a sound program can save it as WAV");
    b = (Bytes){ .bytes = "ID3\4", .size = 5 };
    refused(&b, "this is a sound file (MP3, AAC");
    b = (Bytes){ .bytes = "<!DOCTYPE html>", .size = 15 };
    refused(&b, "this is an HTML page, a WAV file was wanted");
    b = header(2, 1, 4, 8000, false, 0);
    refused(&b, "coding 2 with 4 bits; want PCM");
    b = header(1, 1, 12, 8000, false, 0);
    refused(&b, "coding 1 with 12 bits");
    b = header(3, 1, 16, 8000, false, 0);
    refused(&b, "coding 3 with 16 bits");
    b = header(1, 0, 8, 8000, false, 0);
    refused(&b, "0 channels, want 1 to 8");
    b = header(1, 9, 8, 8000, false, 0);
    refused(&b, "9 channels");
    b = header(1, 1, 8, 10, false, 0);
    refused(&b, "10 samples a second, want 1000 to 384000");
    b = header(1, 1, 16, 8000, false, 0);
    refused(&b, "it has no samples");
    b = header(1, 1, 16, 8000, false, 3);
    add(&b, 0, 3);
    refused(&b, "3 bytes of sound are no whole number of frames of 2 bytes");
    b = header(1, 1, 16, 8000, false, 4);
    b.bytes[32] = 3;
    add(&b, 0, 4);
    refused(&b, "3 bytes a frame, want 2 for 1 channels of 16 bits");
    b = header(3, 1, 32, 8000, false, 4);
    add(&b, float_bits(NAN), 4);
    refused(&b, "frame 0 is nan");
    b = header(3, 1, 32, 8000, false, 4);
    add(&b, float_bits(1e20f), 4);
    refused(&b, "frame 0 is 1e+20, want numbers near -1 to 1");
    b = header(1, 1, 8, 8000, true, 1);
    b.bytes[50]++; /* of the GUID */
    add(&b, 0, 1);
    refused(&b, "its extensible header is cut or names an unknown coding");
    b = header(1, 1, 8, 8000, false, 1);
    b.size = 36;
    refused(&b, "there is no sound in it");
    b = header(1, 1, 8, 8000, false, 1);
    memmove(b.bytes + 12, b.bytes + 36, 8);
    refused(&b, "the sound comes before its format");
    b = (Bytes){ .bytes = "RIFF\1\0\0\0WAVXfmt ", .size = 16 };
    refused(&b, "a.wav: no WAV file");
    b = header(1, 1, 8, 8000, false, 1);
    b.bytes[16] = 14;
    refused(&b, "its chunk \"fmt \" has 14 bytes, want at least 16");
    b = header(0xfffe, 1, 8, 8000, false, 1);
    refused(&b, "its extensible header is cut");
}

/* A minute is read, and one sample more is refused. */
TEST(the_longest_sound) {
    for (int over = 0; over < 2; over++) {
        size_t samples = (size_t)WAV_SECONDS * WAV_RATE_MIN + (size_t)over;
        Bytes b = header(1, 1, 8, WAV_RATE_MIN, false, (int)samples);
        uint8_t *bytes = arena_zero(&arena, b.size + samples, 1);
        Wav wav = { .count = -1 };
        Err err = { "" };
        memcpy(bytes, b.bytes, b.size);
        bool ok = wav_decode(&wav, &arena, "a.wav", (File){ .data = bytes, .size = b.size + samples }, &err);
        CHECK(ok == !over && wav.count == (over ? -1 : (int)samples), "%d samples: %s", wav.count, err.text);
        CHECK(ok || strstr(err.text, "a.wav: 60.001 seconds of sound, want at most 60; cut it"), "%s", err.text);
    }
}

/* A good file cut at any byte is refused in one line. */
TEST(cut_files) {
    Bytes good = header(1, 2, 24, 8000, true, 12);
    add(&good, 1, 12);
    CHECK(decoded(&good).count == 2, "%d", decoded(&good).count);
    for (size_t size = 0; size < good.size; size++) {
        Bytes cut = good;
        cut.size = size;
        refused(&cut, "a.wav: ");
    }
}

static const char *in_folder(const char *name) { return arena_print(&arena, "%s/%s", check_folder(), name); }

TEST(written_and_read) {
    static num x[SOUND_SAMPLES];
    Rng rng = rng_seed(5, 1);
    const char *path = in_folder("a.wav");
    Wav wav;
    Err err;
    for (int i = 0; i < SOUND_SAMPLES; i++) x[i] = (num)(0.4 * rng_normal(&rng));
    x[7] = 3;
    CHECK(wav_write(path, x, SOUND_SAMPLES, 8000, &err) && wav_read(&wav, &arena, path, &err), "%s", err.text);
    CHECK(wav.count == SOUND_SAMPLES && wav.rate == 8000 && wav.channels == 1 && wav.bits == 16, "%d", wav.count);
    for (int i = 0; i < SOUND_SAMPLES; i++)
        CHECK(fabs((double)wav.samples[i] - fmin(1, fmax(-1, (double)x[i]))) < 5e-5, "%d: %g, %g", i,
              (double)wav.samples[i], (double)x[i]);
    CHECK(!wav_read(&wav, &arena, in_folder("none.wav"), &err) && strstr(err.text, "none.wav"), "%s", err.text);
    CHECK(!wav_write(in_folder("no/folder.wav"), x, 1, 8000, &err), "%s", "written");
}

/* A tone of three seconds at another rate: its loudest second is found, brought to 8 kHz and to the usual level. */
TEST(own_files) {
    enum { RATE = 11025, N = 3 * RATE };
    static num x[N];
    static OwnSound own;
    Err err;
    const char *path = in_folder("own.wav");
    tone(x, N, 440, RATE, 0.01);
    tone(x + RATE, RATE, 440, RATE, 0.5);
    CHECK(wav_write(path, x, N, RATE, &err) && own_sound_read(&own, path, &err), "%s", err.text);
    CHECK(own.rate == RATE && fabs(own.begin - 1) < 0.01 && fabs(own.seconds - 3) < 1e-9, "%g of %g", own.begin,
          own.seconds);
    CHECK_NEAR(vec_norm(own.samples, SOUND_SAMPLES) / sqrt(SOUND_SAMPLES), SOUND_LEVEL, 1e-5);
    CHECK(band_mean(own.samples, 440) > 1000 * band_mean(own.samples, 1500), "%s", "another pitch");
    memset(x, 0, sizeof x);
    CHECK(wav_write(path, x, N, RATE, &err) && !own_sound_read(&own, path, &err) && strstr(err.text, "it is silent"),
          "%s", err.text);
}

TESTS(the_transform_is_the_sum, the_sum_by_hand, mel_and_filters, a_tone_has_its_closed_form, silence_and_noise,
      tones_stay_and_what_does_not_fit_goes, the_loudest_second, partials_by_formula, sounds_follow_their_scenes,
      pitch_and_breath_are_where_they_should_be, codings, chunks_between, length_that_is_not_known,
      files_that_are_refused, the_longest_sound, cut_files, written_and_read, own_files)
