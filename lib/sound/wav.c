#include "sound/wav.h"
#include "formats/byte_order.h"
#include "formats/file_kind.h"

#include <math.h>
#include <string.h>

enum { CODING_PCM = 1, CODING_FLOAT = 3, CODING_EXTENSIBLE = 0xfffe, FORMAT_BYTES = 16, EXTENSIBLE_BYTES = 40 };
/* What programs write as the length of a sound into a pipe, where they cannot come back: 0x7fffffff, also less the
 * header, 0x80000000 or 0xffffffff. No file that is read here is so long. */
static const uint32_t LENGTH_UNKNOWN = 0x7fffff00;
static const double LOUDEST = 1e6; /* of float samples; 1 is full scale */

typedef struct {
    int coding, channels, bits, rate, frame; /* frame: bytes */
} Format;

static int u16(const uint8_t *p) { return p[0] | p[1] << 8; }

/* The chunk "fmt " of n bytes. */
static bool format_read(Format *f, const char *name, const uint8_t *p, size_t n, Err *err) {
    static const uint8_t guid[] = { 0, 0, 0, 0, 16, 0, 128, 0, 0, 170, 0, 56, 155, 113 };
    if (n < FORMAT_BYTES) return err_set(err, "%s: its chunk \"fmt \" has %zu bytes, want at least 16", name, n);
    *f = (Format){ .coding = u16(p), .channels = u16(p + 2), .frame = u16(p + 12), .bits = u16(p + 14) };
    uint32_t rate = little_endian_32(p + 4);
    if (f->coding == CODING_EXTENSIBLE) {
        if (n < EXTENSIBLE_BYTES || memcmp(p + 26, guid, sizeof guid) != 0)
            return err_set(err, "%s: its extensible header is cut or names an unknown coding", name);
        f->coding = u16(p + 24);
    }
    bool pcm = f->coding == CODING_PCM && (f->bits == 8 || f->bits == 16 || f->bits == 24 || f->bits == 32);
    bool floats = f->coding == CODING_FLOAT && (f->bits == 32 || f->bits == 64);
    if (!pcm && !floats)
        return err_set(err,
                       "%s: coding %d with %d bits; want PCM (1) with 8, 16, 24 or 32 bits, or float (3) with 32 or 64",
                       name, f->coding, f->bits);
    if (f->channels < 1 || f->channels > WAV_CHANNELS)
        return err_set(err, "%s: %d channels, want 1 to %d", name, f->channels, WAV_CHANNELS);
    if (rate < WAV_RATE_MIN || rate > WAV_RATE_MAX)
        return err_set(err, "%s: %u samples a second, want %d to %d", name, rate, WAV_RATE_MIN, WAV_RATE_MAX);
    if (f->frame != f->channels * f->bits / 8)
        return err_set(err, "%s: %d bytes a frame, want %d for %d channels of %d bits", name, f->frame,
                       f->channels * f->bits / 8, f->channels, f->bits);
    f->rate = (int)rate;
    return true;
}

/* Little-endian bytes of a float or double. */
static double float_of(const uint8_t *p, int bits) {
    if (bits == 32) {
        uint32_t word = little_endian_32(p);
        float value;
        memcpy(&value, &word, sizeof value);
        return (double)value;
    }
    uint64_t word = little_endian_32(p) | (uint64_t)little_endian_32(p + 4) << 32;
    double value;
    memcpy(&value, &word, sizeof value);
    return value;
}
/* One sample. The bytes of PCM become the upper ones of a number of 32 bits with a sign. */
static double sample_of(const uint8_t *p, const Format *f) {
    if (f->coding == CODING_FLOAT) return float_of(p, f->bits);
    if (f->bits == 8) return (p[0] - 128) / 128.0;
    uint32_t word = 0;
    for (int i = 0; i < f->bits / 8; i++) word |= (uint32_t)p[i] << (32 - f->bits + 8 * i);
    return (word < 0x80000000u ? (double)word : (double)word - 4294967296.0) / 2147483648.0;
}

/* The chunk "data" of n bytes. */
static bool samples_read(Wav *wav, Arena *arena, const Format *f, const char *name, const uint8_t *p, size_t n,
                         Err *err) {
    REQUIRE(f->frame > 0, "%s", "format_read lets no empty frame pass");
    size_t count = n / (size_t)f->frame;
    if (n % (size_t)f->frame)
        return err_set(err, "%s: %zu bytes of sound are no whole number of frames of %d bytes", name, n, f->frame);
    if (!count) return err_set(err, "%s: it has no samples", name);
    if (count > (size_t)f->rate * WAV_SECONDS)
        return err_set(err, "%s: %.9g seconds of sound, want at most %d; cut it", name, (double)count / f->rate,
                       WAV_SECONDS);
    num *samples = arena_alloc(arena, count, sizeof *samples);
    for (size_t i = 0; i < count; i++) {
        double sum = 0;
        for (int c = 0; c < f->channels; c++, p += f->bits / 8) sum += sample_of(p, f);
        if (!(fabs(sum) <= LOUDEST * f->channels))
            return err_set(err, "%s: frame %zu is %g, want numbers near -1 to 1", name, i, sum / f->channels);
        samples[i] = (num)(sum / f->channels);
    }
    *wav = (Wav){ f->rate, f->channels, f->bits, f->coding == CODING_FLOAT, (int)count, samples };
    return true;
}

static bool wrong_kind(const char *name, File file, Err *err) {
    if (file_kind_tell_binary(name, file, HOLDS_SOUND, err)) return false;
    return err_set(err, "%s: no WAV file: want \"RIFF\", four bytes, and \"WAVE\" at its begin", name);
}

bool wav_decode(Wav *wav, Arena *arena, const char *name, File file, Err *err) {
    Format format = { 0 };
    bool known = false;
    if (file.size < 12 || memcmp(file.data, "RIFF", 4) != 0 || memcmp(file.data + 8, "WAVE", 4) != 0)
        return wrong_kind(name, file, err);
    for (size_t at = 12; at < file.size;) {
        const uint8_t *p = file.data + at;
        size_t left = file.size - at;
        if (left < 8) return err_set(err, "%s: it ends within a chunk's header; is it cut?", name);
        uint32_t n = little_endian_32(p + 4);
        bool sound = !memcmp(p, "data", 4), unknown = sound && n >= LENGTH_UNKNOWN && n > left - 8;
        if (n > left - 8 && !unknown)
            return err_set(err, "%s: it ends within a chunk: %zu bytes of %u are there; is it cut?", name, left - 8, n);
        if (sound) {
            if (!known) return err_set(err, "%s: the sound comes before its format", name);
            if (!samples_read(wav, arena, &format, name, p + 8, MIN((size_t)n, left - 8), err)) return false;
            if (unknown)
                warn("%s: byte %zu: the length of the sound is not known (%u); all that follows is read", name, at + 4,
                     n);
            return true;
        }
        if (!memcmp(p, "fmt ", 4)) {
            if (!format_read(&format, name, p + 8, n, err)) return false;
            known = true;
        }
        at += 8 + (size_t)n + n % 2;
    }
    return err_set(err, "%s: there is no sound in it (chunk \"data\")", name);
}

bool wav_read(Wav *wav, Arena *arena, const char *path, Err *err) {
    File file;
    if (!file_open(&file, path, err)) return false;
    bool ok = wav_decode(wav, arena, path, file, err);
    file_close(&file);
    return ok;
}

static void little_endian_put(OutFile *out, uint32_t value, int bytes) {
    uint8_t p[4];
    for (int i = 0; i < bytes; i++) p[i] = (uint8_t)(value >> 8 * i);
    out_write(out, p, (size_t)bytes);
}

bool wav_write(const char *path, const num *samples, int count, int rate, Err *err) {
    enum { BYTES = 2, HEADER = 36 };
    OutFile out;
    uint32_t size = (uint32_t)count * BYTES;
    if (!out_open(&out, path, err)) return false;
    out_write(&out, "RIFF", 4);
    little_endian_put(&out, HEADER + size, 4);
    out_write(&out, "WAVEfmt ", 8);
    little_endian_put(&out, FORMAT_BYTES, 4);
    little_endian_put(&out, CODING_PCM, 2);
    little_endian_put(&out, 1, 2);
    little_endian_put(&out, (uint32_t)rate, 4);
    little_endian_put(&out, (uint32_t)rate * BYTES, 4);
    little_endian_put(&out, BYTES, 2);
    little_endian_put(&out, 8 * BYTES, 2);
    out_write(&out, "data", 4);
    little_endian_put(&out, size, 4);
    for (int i = 0; i < count; i++) {
        double x = fmin(1, fmax(-1, (double)samples[i]));
        little_endian_put(&out, (uint32_t)(int32_t)lround(32767 * x), BYTES);
    }
    return out_commit(&out, err);
}
