#include "generation/decode.h"
#include "core/softmax.h"

#include <math.h>
#include <string.h>

/* A text that is being written, and one word that may continue it. */
typedef struct {
    double score;
    int from, word; /* row of the text; the next word, -1: the text has ended, nothing follows */
} Candidate;

/* Row r = picture * beams + beam. */
typedef struct {
    Arena arena;
    const TextDecoder *decoder;
    DecodeConfig config;
    int n, beams, rows, T, classes; /* T: room for words in a row */
    Mat vector, states;             /* repeated for every beam */
    DecoderCache *cache;            /* NULL without */
    Tape tape;                      /* without cache */
    int *words;                     /* [rows,T] */
    double *score;                  /* [rows]; -infinity: no text yet */
    bool *ended;
    num *logits; /* [rows,classes] of the next word */
} Search;

/* Each of the n parts of x `times` times in a row. */
static Mat repeat(Arena *arena, Mat x, int n, int times) {
    if (!x.v) return x;
    size_t each = mat_count(x) / (size_t)n;
    Mat shape = x;
    shape.shape[0] = n * times;
    Mat all = mat_like(arena, shape);
    for (size_t r = 0; r < (size_t)(n * times); r++)
        memcpy(all.v + r * each, x.v + r / (size_t)times * each, each * sizeof(num));
    return all;
}

static void search_begin(Search *s, const TextDecoder *m, Mat vector, Mat states, int n, DecodeConfig config) {
    *s = (Search){ .decoder = m, .config = config, .n = n, .beams = MAX(1, config.beams), .T = m->size.tokens };
    REQUIRE(n >= 1 && s->beams <= DECODE_BEAMS_MAX && config.prompt_words < s->T,
            "%d pictures, %d beams, a prompt of %d words of %d", n, s->beams, config.prompt_words, s->T);
    Arena *a = &s->arena;
    s->rows = n * s->beams;
    s->classes = m->size.vocabulary + 2;
    s->vector = repeat(a, vector, n, s->beams);
    s->states = repeat(a, states, n, s->beams);
    s->words = arena_alloc(a, (size_t)(s->rows * s->T), sizeof *s->words);
    s->score = arena_alloc(a, (size_t)s->rows, sizeof *s->score);
    s->ended = arena_zero(a, (size_t)s->rows, sizeof *s->ended);
    s->logits = arena_alloc(a, (size_t)(s->rows * s->classes), sizeof *s->logits);
    s->tape.no_grad = true;
    if (!config.no_cache) s->cache = decoder_cache_new(m, a, s->vector, s->states, s->rows);
    for (int r = 0; r < s->rows; r++) {
        s->score[r] = r % s->beams ? -INFINITY : 0;
        for (int i = 0; i < s->T; i++)
            s->words[r * s->T + i] = i < config.prompt_words ? config.prompt[i] : m->size.padding;
    }
}

/* Logits of word `at`, all tokens before it computed again: begin and the words 0 .. at-1. */
static void logits_again(Search *s, int at) {
    int T = at + 1, *rows = arena_alloc(&s->tape.arena, (size_t)(s->rows * T), sizeof *rows);
    for (int i = 0; i < s->rows * T; i++)
        rows[i] = i % T ? s->words[i / T * s->T + i % T - 1] : s->decoder->size.vocabulary;
    DecoderInput in = { s->vector.v ? tape_data(&s->tape, s->vector) : NULL,
                        s->states.v ? tape_data(&s->tape, s->states) : NULL };
    const num *all = text_decoder_logits(&s->tape, s->decoder, in, rows, s->rows, T)->val.v;
    for (int r = 0; r < s->rows; r++)
        memcpy(s->logits + r * s->classes, all + (r * T + at) * s->classes, (size_t)s->classes * sizeof(num));
    tape_reset(&s->tape);
}
/* Logits of word `at`: the cache takes in the token before it. */
static void logits_of(Search *s, int at) {
    if (!s->cache) {
        if (at >= s->config.prompt_words) logits_again(s, at);
        return;
    }
    ArenaMark mark = arena_mark(&s->arena);
    int *tokens = arena_alloc(&s->arena, (size_t)s->rows, sizeof *tokens);
    for (int r = 0; r < s->rows; r++) tokens[r] = at ? s->words[r * s->T + at - 1] : s->decoder->size.vocabulary;
    decoder_cache_step(s->cache, tokens, s->logits);
    arena_release(&s->arena, mark);
}

/* Keeps the `room` best candidates in order; an equal one comes behind. */
static int candidate_add(Candidate *best, int count, int room, Candidate c) {
    int i = count;
    while (i > 0 && best[i - 1].score < c.score) i--;
    if (i >= room) return count;
    count = MIN(count + 1, room);
    memmove(best + i + 1, best + i, (size_t)(count - 1 - i) * sizeof *best);
    best[i] = c;
    return count;
}

/* The best continuations of the texts of one picture. */
static int candidates(const Search *s, int picture, Candidate *best) {
    int count = 0, padding = s->decoder->size.padding, begin = s->decoder->size.vocabulary;
    for (int r = picture * s->beams; r < (picture + 1) * s->beams; r++) {
        if (s->score[r] == -INFINITY) continue;
        if (s->ended[r]) {
            count = candidate_add(best, count, s->beams, (Candidate){ s->score[r], r, -1 });
            continue;
        }
        const num *logits = s->logits + r * s->classes;
        double all = log_sum_exp(logits, s->classes, 1);
        for (int v = 0; v < s->classes; v++)
            if (v != padding && v != begin)
                count =
                    candidate_add(best, count, s->beams, (Candidate){ s->score[r] + (double)logits[v] - all, r, v });
    }
    return count;
}

/* Every text of every picture is replaced by its best continuations. Returns whether all have ended. */
static bool extend(Search *s, int at) {
    ArenaMark mark = arena_mark(&s->arena);
    size_t all = (size_t)(s->rows * s->T);
    int *from = arena_alloc(&s->arena, (size_t)s->rows, sizeof *from);
    int *words = memcpy(arena_alloc(&s->arena, all, sizeof *words), s->words, all * sizeof *words);
    Candidate *best = arena_alloc(&s->arena, (size_t)s->rows, sizeof *best);
    bool done = true;
    for (int picture = 0; picture < s->n; picture++) {
        int first = picture * s->beams, count = candidates(s, picture, best + first);
        for (int k = count; k < s->beams; k++) best[first + k] = (Candidate){ -INFINITY, first, -1 };
    }
    for (int r = 0; r < s->rows; r++) {
        Candidate c = best[r];
        int end = s->decoder->size.vocabulary + 1;
        from[r] = c.from;
        s->score[r] = c.score;
        memcpy(s->words + r * s->T, words + c.from * s->T, (size_t)s->T * sizeof *words);
        s->ended[r] = c.word < 0 || c.word == end;
        if (!s->ended[r]) s->words[r * s->T + at] = c.word;
        done = done && s->ended[r];
    }
    if (s->cache && s->beams > 1) decoder_cache_reorder(s->cache, from);
    arena_release(&s->arena, mark);
    return done;
}

void decode_texts(const TextDecoder *m, Mat vector, Mat states, int n, DecodeConfig config, int *ids, double *log_p) {
    Search s;
    search_begin(&s, m, vector, states, n, config);
    int longest = config.longest ? MIN(config.longest, s.T) : s.T;
    for (int at = 0; at < longest; at++) {
        logits_of(&s, at);
        if (at >= config.prompt_words && extend(&s, at)) break;
    }
    for (int i = 0; i < n; i++) {
        memcpy(ids + i * s.T, s.words + i * s.beams * s.T, (size_t)s.T * sizeof *ids);
        if (log_p) log_p[i] = s.score[i * s.beams];
    }
    if (s.cache) decoder_cache_free(s.cache);
    tape_free(&s.tape);
    arena_free(&s.arena);
}
