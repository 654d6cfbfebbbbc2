#include "caption_judge.h"
#include "generation/bleu.h"

#include <string.h>

JudgeSet judge_set(SceneModel *clip, Arena *arena, Ask ask, SplitPart part, int n, uint64_t seed) {
    JudgeSet set = { .ask = ask, .part = part, .n = n };
    const Scene **scenes = arena_alloc(arena, (size_t)n, sizeof *scenes);
    CaptionRules rules = { .split = &clip->split, .part = part };
    char text[CAPTION_TEXT];
    set.scene = arena_alloc(arena, (size_t)n, sizeof *set.scene);
    set.reference = arena_alloc(arena, (size_t)n * JUDGE_REFERENCES, sizeof *set.reference);
    uint64_t at = 0;
    for (int i = 0; i < n; at++) {
        Rng rng = rng_seed(seed + 1, at);
        Caption caption;
        set.scene[i] = words_scene(&clip->split, part, ask == ASK_COUNT, 2500 + 10 * seed + (uint64_t)ask, at);
        if (!words_caption(&caption, ask, &set.scene[i], &rules, &rng)) continue;
        for (int k = 0; k < JUDGE_REFERENCES; k++) {
            set.reference[i * JUDGE_REFERENCES + k] = arena_text(arena, caption_text(&caption, text));
            Caption other;
            if (words_caption(&other, ask, &set.scene[i], &rules, &rng)) caption = other;
        }
        scenes[i] = &set.scene[i];
        i++;
    }
    set.sight = sight_of_scenes(clip, arena, scenes, n);
    return set;
}

double judge_bleu(const JudgeSet *set, const char *const *captions) {
    Arena arena = { 0 };
    Vocab vocab = words_vocab(&arena);
    BleuCount sum = { .length = 0 };
    for (int i = 0; i < set->n; i++) {
        enum { TEXTS = JUDGE_REFERENCES + 1 };
        int ids[TEXTS][WORDS_MOST];
        BleuText text[TEXTS];
        if (!captions[i]) continue;
        for (int k = 0; k < TEXTS; k++) {
            const char *words = k ? set->reference[i * JUDGE_REFERENCES + k - 1] : captions[i];
            ArenaMark mark = arena_mark(&arena);
            vocab_encode(&vocab, &arena, &words, 1, WORDS_MOST, ids[k]);
            arena_release(&arena, mark);
            text[k] = (BleuText){ ids[k], 0 };
            while (text[k].count < WORDS_MOST && ids[k][text[k].count] != TEXT_PADDING) text[k].count++;
        }
        bleu_add(&sum, text[0], text + 1, JUDGE_REFERENCES);
    }
    arena_free(&arena);
    return bleu_score(&sum);
}

Judged judge_captions(const JudgeSet *set, const char *const *captions) {
    Judged j = { .n = set->n };
    for (int i = 0; i < set->n; i++) {
        Caption c;
        if (!caption_parse(captions[i], &c, NULL)) continue;
        bool asked = ask_is(set->ask, c.kind);
        j.fluent++;
        j.asked += asked;
        j.right += asked && caption_true(&set->scene[i], &c);
        j.luck += asked && caption_true(&set->scene[(i + 1) % set->n], &c);
    }
    j.bleu = judge_bleu(set, captions);
    return j;
}

CaptionBank judge_bank(SceneModel *clip, Arena *arena, Ask ask, int count, uint64_t seed) {
    CaptionBank bank = { .caption = arena_alloc(arena, (size_t)count, sizeof *bank.caption) };
    CaptionRules rules = { .split = &clip->split, .part = SPLIT_SEEN };
    char text[CAPTION_TEXT];
    for (uint64_t i = 0; bank.count < count; i++) {
        Rng rng = rng_seed(seed + 2, i);
        Caption caption;
        Scene scene = words_scene(&clip->split, SPLIT_SEEN, ask == ASK_COUNT, 7500 + 10 * seed + (uint64_t)ask, i);
        if (words_caption(&caption, ask, &scene, &rules, &rng))
            bank.caption[bank.count++] = arena_text(arena, caption_text(&caption, text));
    }
    bank.vector = clip_text_features(&clip->clip, arena, bank.caption, count, NULL);
    return bank;
}

const char **judge_retrieve(Arena *arena, const JudgeSet *set, const CaptionBank *bank) {
    const char **found = arena_alloc(arena, (size_t)set->n, sizeof *found);
    for (int i = 0; i < set->n; i++) {
        double best = 0;
        for (int k = 0; k < bank->count; k++) {
            double cosine = vec_dot(&AT(set->sight.vector, i, 0), &AT(bank->vector, k, 0), VECTOR_NUMBERS);
            if (k > 0 && cosine <= best) continue;
            best = cosine;
            found[i] = bank->caption[k];
        }
    }
    return found;
}

int judge_swapped(Arena *arena, const JudgeSet *set, const char **captions) {
    int made = 0;
    for (int i = 0; i < set->n; i++) {
        Caption c, swapped;
        char text[CAPTION_TEXT];
        captions[i] = NULL;
        if (!caption_parse(set->reference[i * JUDGE_REFERENCES], &c, NULL)) continue;
        if (!caption_edit(&swapped, &c, EDIT_SWAP_NOUNS, NULL) || caption_true(&set->scene[i], &swapped)) continue;
        captions[i] = arena_text(arena, caption_text(&swapped, text));
        made++;
    }
    return made;
}
