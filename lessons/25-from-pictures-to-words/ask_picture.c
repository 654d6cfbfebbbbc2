#include "ask_picture.h"
#include "formats/image_file.h"

#include <math.h>
#include <string.h>

/* A picture and what CLIP sees of it; the scene if it is one of ours. */
typedef struct {
    bool known;
    Scene scene;
    Sight sight;
} Asked;

static bool read_scene(const Answerers *who, Arena *arena, const char *number, Asked *at, Err *err) {
    long long i;
    if (!parse_int(number, 0, 1000000000, &i)) return err_set(err, "--scene %s: want a number from 0 on", number);
    at->known = true;
    at->scene = words_scene(NULL, SPLIT_SEEN, i % 4 == 3, 77, (uint64_t)i);
    const Scene *scenes[] = { &at->scene };
    at->sight = sight_of_scenes(who->clip, arena, scenes, 1);
    printf("scene %lld:", i);
    for (int k = 0; k < at->scene.count; k++) printf("%s %s", k ? "," : "", scene_text(arena, &at->scene, k));
    printf("\n");
    return true;
}

/* As the scenes' own pictures: (byte / 255 - 0.48) / 0.25. */
static bool read_picture(const Answerers *who, Arena *arena, const char *path, Asked *at, Err *err) {
    Image image;
    if (!image_read(arena, path, &image, err)) return false;
    image = image_clip_crop(arena, image, SCENE_SIDE);
    Mat pixels = mat_like(arena, mat_shape(4, 1, SCENE_SIDE, SCENE_SIDE, 3));
    for (size_t i = 0; i < mat_count(pixels); i++) pixels.v[i] = (num)((image.rgb[i] / 255.0 - 0.48) / 0.25);
    at->sight = sight_of_pixels(who->clip, arena, pixels);
    printf("%s, made %d x %d; the networks know generated scenes alone\n", path, SCENE_SIDE, SCENE_SIDE);
    return true;
}

static const char *truth_of(const Asked *at, const char *text) {
    Caption c;
    if (!at->known) return "";
    if (!caption_parse(text, &c, NULL)) return "no caption";
    return caption_true(&at->scene, &c) ? "true" : "false";
}

static void print_captions(const Answerers *who, Arena *arena, const Asked *at) {
    for (int ask = 0; ask < ASK_KINDS; ask++)
        for (int k = NET_VECTOR; k <= NET_POSITIONS; k++) {
            const char *text =
                net_write(who->net[k], arena, at->sight, 1, ask_name((Ask)ask), (NetSearch){ .beams = 4 })[0];
            printf("  %-9s %-7s %-50s %s\n", k == NET_VECTOR ? ask_name((Ask)ask) : "", net_name((NetKind)k), text,
                   truth_of(at, text));
        }
}

static bool print_caption(const Answerers *who, const Asked *at, const char *text, Err *err) {
    Caption c;
    Err why;
    char said[CAPTION_TEXT], prompted[WORDS_TEXT];
    double logit;
    if (!caption_parse(text, &c, &why))
        return err_set(err, "%s: say for example \"a red circle left of a blue square\"", why.text);
    caption_text(&c, said);
    const char *texts[] = { words_with_prompt(&c, prompted) };
    net_scores(who->net[NET_MATCHING], at->sight, texts, NULL, 1, &logit);
    printf("  \"%s\": true with p = %.2f %s\n", said, 1 / (1 + exp(-logit)), truth_of(at, said));
    return true;
}

static bool print_answers(const Answerers *who, Arena *arena, const Asked *at, const char *text, Err *err) {
    QuestionSet set = { .n = 1, .sight = at->sight };
    Question q;
    char words[WORDS_TEXT];
    if (!question_parse(text, &q, err)) return false;
    set.question = &q;
    set.kind = q.kind;
    QuestionSet training = question_set(who->clip, arena, q.kind, SPLIT_SEEN, 200, 501);
    printf("  %s?", question_text(&q, words));
    for (int way = WAY_RANKING; way < WAYS; way++) {
        int answer;
        answer_all(who, (AnswerWay)way, &set, &training, &answer);
        printf("  %s: %s", answer_way_name((AnswerWay)way), question_answer_word(q.kind, answer));
    }
    int truth = at->known ? question_truth(&at->scene, &q) : -1;
    if (at->known) printf("  truth: %s", truth < 0 ? "none" : question_answer_word(q.kind, truth));
    printf("\n");
    return true;
}

bool ask_picture(const Answerers *who, Arena *arena, const char *scene, const char *const *words, int count, Err *err) {
    Asked at = { .known = false };
    int first = *scene ? 0 : 1;
    if (!(*scene ? read_scene(who, arena, scene, &at, err) : read_picture(who, arena, words[0], &at, err)))
        return false;
    print_captions(who, arena, &at);
    for (int i = first; i < count; i++)
        if (!(question_is(words[i]) ? print_answers(who, arena, &at, words[i], err)
                                    : print_caption(who, &at, words[i], err)))
            return false;
    return true;
}
