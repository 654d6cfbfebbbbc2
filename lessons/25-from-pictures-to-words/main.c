#include "word_net.h"
#include "lesson/lesson.h"
#include <string.h>
#include <stdlib.h>
static WordsExample ex(const void *c, uint64_t i) { return words_example(c, 101, i); }
static WordsExample mex(const void *c, uint64_t i) { return words_match_example(c, 102, i); }
int main(int argc, char **argv) {
    static SceneModel clip; static Net net; Err err; Arena arena = {0};
    NetConfig c = { (NetKind)atoi(argv[1]), atoi(argv[2]), atoi(argv[3]), atoi(argv[4]), 1 };
    SceneModelConfig sc = { .split = SPLIT_PAIRS, .coverage = 0.5, .objects = 2, .seed = 1 };
    if (!scene_model_load_or_train(&clip, &sc, NULL, &err)) die("%s", err.text);
    if (!net_init(&net, c, &err)) die("%s", err.text);
    double t0 = clock_seconds();
    if (!net_train(&net, &clip, c.kind == NET_MATCHING ? mex : ex, &clip.split, &err)) die("%s", err.text);
    printf("%s width %d steps %d batch %d: %zu parameters, loss %.4f, %.1f s\n", net_name(c.kind), c.width, c.steps, c.batch, params_count(&net.params), net.loss, clock_seconds() - t0);
    enum { N = 500 };
    static Scene scene[N]; const Scene *sp[N];
    for (int part = 0; part < 2; part++) {
        CaptionRules rules = { .split = &clip.split, .part = (SplitPart)part };
        for (int ask = 0; ask < ASK_KINDS && c.kind != NET_MATCHING; ask++) {
            for (int i = 0; i < N; i++) { scene[i] = words_scene(&clip.split, (SplitPart)part, ask == ASK_COUNT, 900 + (uint64_t)ask, (uint64_t)i); sp[i] = &scene[i]; }
            Sight s = sight_of_scenes(&clip, &arena, sp, N);
            double t = clock_seconds();
            const char **texts = net_write(&net, &arena, s, N, ask_name((Ask)ask), (NetSearch){ 1, false });
            double dt = clock_seconds() - t;
            int parsed = 0, kind = 0, right = 0, luck = 0;
            for (int i = 0; i < N; i++) { Caption cap; if (!caption_parse(texts[i], &cap, NULL)) continue; parsed++; kind += ask_is((Ask)ask, cap.kind); right += caption_true(&scene[i], &cap); luck += caption_true(&scene[(i+1)%N], &cap); }
            printf("part %d %-9s parsed %3d kind %3d true %.3f luck %.3f  (%.2fs) e.g. %s | %s\n", part, ask_name((Ask)ask), parsed, kind, right / (double)N, luck/(double)N, dt, texts[0], texts[1]);
        }
        for (int k = 0; k < QUESTION_KINDS; k++) {
            int A = question_answers((QuestionKind)k), n = 0, right = 0; Rng rng = rng_seed(77, (uint64_t)k);
            static Question q[N];
            for (uint64_t i = 0; n < N; i++) { scene[n] = words_scene(&clip.split, (SplitPart)part, k == QUESTION_HOW_MANY, 950 + (uint64_t)k, i); sp[n] = &scene[n]; if (question_draw(&q[n], (QuestionKind)k, &scene[n], &rules, &rng)) n++; }
            Sight s = sight_of_scenes(&clip, &arena, sp, N);
            static double best[N]; static int pick[N];
            for (int a = 0; a < A; a++) {
                const char *texts[N]; double sc2[N];
                for (int i = 0; i < N; i++) { char b[WORDS_TEXT];
                    if (c.kind == NET_MATCHING) { Caption st = question_statement(&q[i], a); texts[i] = arena_text(&arena, caption_text(&st, b)); }
                    else texts[i] = arena_print(&arena, "question %s answer %s", question_text(&q[i], b), question_answer_word((QuestionKind)k, a)); }
                net_scores(&net, s, texts, N, sc2);
                for (int i = 0; i < N; i++) { if (k == 0 && c.kind == NET_MATCHING) { pick[i] = sc2[i] > 0; continue; } if (!a || sc2[i] > best[i]) { best[i] = sc2[i]; pick[i] = a; } }
            }
            for (int i = 0; i < N; i++) right += pick[i] == question_truth(&scene[i], &q[i]);
            printf("part %d %-12s %.3f\n", part, question_name((QuestionKind)k), right / (double)N);
        }
    }
    return 0;
}
