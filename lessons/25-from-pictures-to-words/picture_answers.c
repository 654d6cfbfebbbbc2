#include "picture_answers.h"

#include <string.h>

static const char *const names[WAYS] = { "prior", "ranking", "vector", "positions", "matching", "caption" };
const char *answer_way_name(AnswerWay way) { return names[way]; }
static Net *net_of(const Answerers *who, AnswerWay way) {
    return who->net[way == WAY_CAPTION ? NET_POSITIONS : NET_VECTOR + (int)(way - WAY_VECTOR)];
}
/* Whether "is there" is answered by a threshold for the statement. */
static bool has_threshold(AnswerWay way) { return way == WAY_RANKING || way == WAY_CAPTION; }

QuestionSet question_set(SceneModel *clip, Arena *arena, QuestionKind kind, SplitPart part, int n, uint64_t seed) {
    QuestionSet set = { .kind = kind, .scene = arena_alloc(arena, (size_t)n, sizeof *set.scene) };
    set.question = arena_alloc(arena, (size_t)n, sizeof *set.question);
    set.truth = arena_alloc(arena, (size_t)n, sizeof *set.truth);
    const Scene **scenes = arena_alloc(arena, (size_t)n, sizeof *scenes);
    CaptionRules rules = { .split = &clip->split, .part = part };
    for (uint64_t i = 0; set.n < n; i++) {
        Rng rng = rng_seed(seed + 3, i);
        Scene *scene = &set.scene[set.n];
        *scene = words_scene(&clip->split, part, kind == QUESTION_HOW_MANY, 5000 + 10 * seed + (uint64_t)kind, i);
        if (!question_draw(&set.question[set.n], kind, scene, &rules, &rng)) continue;
        set.truth[set.n] = question_truth(scene, &set.question[set.n]);
        scenes[set.n++] = scene;
    }
    set.sight = sight_of_scenes(clip, arena, scenes, n);
    return set;
}

int answers_right(const QuestionSet *set, const int *answer) {
    int right = 0;
    for (int i = 0; i < set->n; i++) right += answer[i] == set->truth[i];
    return right;
}

/* ---- the ways ---------------------------------------------------------------------------------------------------- */

static int prior(const QuestionSet *training) {
    int count[ANSWERS_MAX] = { 0 }, best = 0;
    for (int i = 0; i < training->n; i++) count[training->truth[i]]++;
    for (int a = 1; a < question_answers(training->kind); a++)
        if (count[a] > count[best]) best = a;
    return best;
}

/* A caption of a probe, with the prompt of its kind. */
static const char *with_prompt(Arena *arena, const char *caption) {
    Caption c;
    Err err;
    char text[WORDS_TEXT];
    if (!caption_parse(caption, &c, &err)) die("%s: %s", caption, err.text);
    return arena_text(arena, words_with_prompt(&c, text));
}

/* The scores of answer a for every question, [n]. */
static void answer_scores(const Answerers *who, AnswerWay way, const QuestionSet *set, int a, double *score) {
    Arena arena = { 0 };
    const char **texts = arena_alloc(&arena, (size_t)set->n, sizeof *texts);
    int *given = arena_zero(&arena, (size_t)set->n, sizeof *given);
    for (int i = 0; i < set->n; i++) {
        char text[WORDS_TEXT];
        Caption said = question_statement(&set->question[i], a);
        if (way == WAY_RANKING) texts[i] = arena_text(&arena, caption_text(&said, text));
        else if (way == WAY_CAPTION || way == WAY_MATCHING)
            texts[i] = arena_text(&arena, words_with_prompt(&said, text));
        else
            texts[i] = arena_print(&arena, "question %s answer %s", question_text(&set->question[i], text),
                                   question_answer_word(set->kind, a));
        given[i] = way == WAY_CAPTION ? 1 : text_max_words(&texts[i], 1) - 1;
    }
    if (way == WAY_RANKING) {
        Mat vector = clip_text_features(&who->clip->clip, &arena, texts, set->n, NULL);
        for (int i = 0; i < set->n; i++)
            score[i] = vec_cosine(&AT(set->sight.vector, i, 0), &AT(vector, i, 0), VECTOR_NUMBERS);
    } else net_scores(net_of(who, way), set->sight, texts, given, set->n, score);
    arena_free(&arena);
}

/* The threshold with most right answers among training questions: yes above it. */
static double threshold_of(const Answerers *who, AnswerWay way, const QuestionSet *training) {
    Arena arena = { 0 };
    double *score = arena_alloc(&arena, (size_t)training->n, sizeof *score), best = 0;
    int most = -1;
    answer_scores(who, way, training, 1, score);
    for (int k = 0; k < training->n; k++) {
        int right = 0;
        for (int i = 0; i < training->n; i++) right += (score[i] > score[k]) == training->truth[i];
        if (right <= most) continue;
        most = right;
        best = score[k];
    }
    arena_free(&arena);
    return best;
}

void answer_all(const Answerers *who, AnswerWay way, const QuestionSet *set, const QuestionSet *training, int *answer) {
    bool statement = set->kind == QUESTION_IS_THERE && (has_threshold(way) || way == WAY_MATCHING);
    if (way == WAY_PRIOR) {
        for (int i = 0; i < set->n; i++) answer[i] = prior(training);
        return;
    }
    Arena arena = { 0 };
    double *score = arena_alloc(&arena, (size_t)set->n, sizeof *score);
    double *best = arena_alloc(&arena, (size_t)set->n, sizeof *best);
    double threshold = statement && has_threshold(way) ? threshold_of(who, way, training) : 0;
    for (int a = statement ? 1 : 0; a < question_answers(set->kind); a++) {
        answer_scores(who, way, set, a, score);
        for (int i = 0; i < set->n; i++) {
            if (statement) answer[i] = score[i] > threshold;
            else if (a == 0 || score[i] > best[i]) {
                best[i] = score[i];
                answer[i] = a;
            }
        }
    }
    arena_free(&arena);
}

/* ---- lesson 17's probes ------------------------------------------------------------------------------------------ */

PairScore probe_score(const Answerers *who, AnswerWay way, const MinimalPairs *pairs) {
    if (way == WAY_RANKING) return scene_model_pair_score(who->clip, pairs);
    Arena arena = { 0 };
    int P = pairs->pictures, C = pairs->captions, n = pairs->count * P * C;
    const Scene **scenes = arena_alloc(&arena, (size_t)(pairs->count * P), sizeof *scenes);
    const char **texts = arena_alloc(&arena, (size_t)n, sizeof *texts);
    int *index = arena_alloc(&arena, (size_t)n, sizeof *index), *given = arena_alloc(&arena, (size_t)n, sizeof *given);
    double *score = arena_alloc(&arena, (size_t)n, sizeof *score);
    for (int i = 0; i < pairs->count * P; i++) scenes[i] = minimal_pairs_scene(pairs, i);
    for (int i = 0; i < n; i++) { /* item, picture, caption */
        index[i] = i / C;
        texts[i] = with_prompt(&arena, pairs->item[i / (P * C)].caption[i % C]);
        given[i] = 1;
    }
    Sight sight = sight_of_scenes(who->clip, &arena, scenes, pairs->count * P);
    net_scores(net_of(who, way), sight_rows(&arena, sight, index, n), texts, given, n, score);
    PairScore sum = pair_score_new(P, C);
    for (int q = 0; q < pairs->count; q++) pair_score_add(&sum, score + q * P * C);
    arena_free(&arena);
    return sum;
}
