/* Exercise 12: probe. Your own experiments on three limits of CLIP: two with texts, and one with pictures (12b). You
 * write the whole functions.
 *
 * Choose two limits. Does the text tower notice the order of words? Numbers? "no" and "without"? One word among eight?
 * Take a text tower. Make prompts that differ in exactly this, and a control that differs more. Print their cosines and
 * your conclusions. `make ex-12` reads what you print and checks that your conclusions agree with your numbers. Any
 * result is accepted. `make hint-12` gives a hint.
 *
 * probe() prints lines of these forms with printf. Print each as often as you need. Other lines are allowed.
 *
 *   limitation: TEXT                     what the experiment measures: two lines, one for each limit
 *   prompt I: TEXT                       prompts 1, 2, 3 ... (3 to 9 of them), all different
 *   differ I J KIND                      how prompts I and J differ. KIND is one of
 *                                          order      the same words in another order
 *                                          word       one word is another
 *                                          number     one word is another, both are numbers (one to ten; 1, 2 ...)
 *                                          negation   one of the two has no, not, never or without, the other does not
 *                                          other      the control: at least two words differ
 *                                        At least one line of "other", and at least two that are not, of two kinds.
 *   cosine I J: NUMBER                   four decimals or more, for every I and J, also I = J and both orders of two
 *   conclusion: I J > K L                "the cosine of I and J is greater than that of K and L"; also < instead of >.
 *                                        It must hold by 0.001 or more. For each of the two limits, one conclusion
 *                                        must compare a pair called "other" with a pair of that kind.
 *   because: TEXT                        your explanation, five words or more
 *
 * It must print the same every time. Worked, the first lines of a probe of the order of words:
 *
 *   limitation: the order of words
 *   prompt 1: a dog on a cat
 *   prompt 2: a cat on a dog
 *   prompt 3: a ship near a tree
 *   differ 1 2 order
 *   differ 1 3 other
 *   cosine 1 1: 1.0000
 *
 * Towers to use: one with random weights (lib/model/clip.h: vocab_build, clip_init, clip_text_features), or one that
 * you have trained (clip_load("data/models/quick-cifar10-seed1.safetensors", ...), after `make lesson-10`).
 */
#include "../exercises/exercise.h"

/* TODO 12: your program from here ... */
enum { PROMPTS = 4 };
static const char *const prompts[PROMPTS] = { "a dog on a cat", "a cat on a dog", "a dog on a ship",
                                              "two birds near one tree" };

/* A fresh bag of words: its weights are random, so what it cannot hear no training will teach it. */
static Mat encode(Arena *arena, Clip *clip) {
    const char *const pattern = "{}";
    Err err;
    Vocab words = vocab_build(arena, &pattern, 1, prompts, PROMPTS);
    ClipConfig config = { .image = { .kind = "small", .embed = 32 },
                          .tokens = 8,
                          .text = { .kind = "bow", .width = 32, .embed = 32, .padding = TEXT_PADDING } };
    if (!clip_init(clip, config, &words, 1, &err)) die("%s", err.text);
    return clip_text_features(clip, arena, prompts, PROMPTS, NULL);
}

void probe(void) {
    Arena arena = { 0 };
    Clip clip;
    Mat text = encode(&arena, &clip);
    printf("limitation: the order of words\nlimitation: one word among many\n");
    for (int i = 0; i < PROMPTS; i++) printf("prompt %d: %s\n", i + 1, prompts[i]);
    printf("differ 1 2 order\ndiffer 1 3 word\ndiffer 1 4 other\n");
    for (int i = 0; i < PROMPTS; i++)
        for (int j = 0; j < PROMPTS; j++)
            printf("cosine %d %d: %.4f\n", i + 1, j + 1, vec_dot(&AT(text, i, 0), &AT(text, j, 0), text.shape[1]));
    printf("conclusion: 1 2 > 1 4\nconclusion: 1 3 > 1 4\n");
    printf("because: a mean of word vectors is the same in any order, so 1 and 2 are one text to this tower,\n");
    printf("while one other word moves it, and many words move it further.\n");
    clip_free(&clip);
    arena_free(&arena);
}
/* ... to here. END 12 */

/* 12b: the third limit, with pictures. Draw scenes of coloured shapes. Compute with both towers how similar each scene
 * is to each caption. probe_scenes() prints lines of these forms:
 *
 *   limitation: TEXT
 *   scene I: red circle 0.3 0.5, blue square 0.7 0.5      scenes 1 to 6 at most: objects as COLOUR SHAPE X Y. X goes
 *                                        right and Y down, from 0.1 to 0.9 (lib/dataset/shapes.h has the names)
 *   caption J: a red circle left of a blue square         captions 1 to 6 at most, in the words of the lessons' scenes:
 *                                        "two red circles", "a red circle and no blue square", "above" ...
 *   score I J: NUMBER                    the similarity of scene I and caption J, four decimals, for every I and J
 *   conclusion: I J > I K                scene I is more similar to caption J than to K, by 0.001 or more. Also <, and
 *                                        = for a difference below 0.001
 *   because: TEXT                        your explanation, five words or more
 *
 * The check reads the captions and the scenes, so it knows which caption is true of which scene. At least one
 * conclusion must compare a true caption with a false one that has the same words in another order, or other words. At
 * least one must be a control: it compares a true and a false caption that do not have the same words.
 *
 * Worked, the first lines of a probe of what is on the left:
 *
 *   limitation: which of two things is on the left
 *   scene 1: red circle 0.3 0.5, blue square 0.7 0.5
 *   caption 1: a red circle left of a blue square
 *   caption 2: a blue square left of a red circle
 *   caption 3: a green star left of a black heart
 *
 * Towers to use: scene_model_init makes both with random weights, and scene_model_similarities computes the scores
 * (lib/scenes/scene_model.h). A Scene is a plain struct (lib/scenes/scene.h).
 */
/* TODO 12: your program from here ... */
#include "scenes/scene_model.h"

enum { SCENES = 2, CAPTIONS = 3 };
static const char *const captions[CAPTIONS] = { "a red circle left of a blue square",
                                                "a blue square left of a red circle",
                                                "a green star left of a black heart" };

static Scene beside(SceneObject left, SceneObject right) {
    Scene scene = { .count = 2, .object = { left, right }, .appearance = 1, .noise = -1 };
    scene.object[0].x = 0.3;
    scene.object[1].x = 0.7;
    return scene;
}

/* With random weights, which caption a scene is most similar to is chance. That both word orders get the same score is
 * not. */
void probe_scenes(void) {
    SceneObject circle = { SHAPE_CIRCLE, COLOUR_RED, SIZE_NONE, 0, 0.5, 0.12, 0 };
    SceneObject square = { SHAPE_SQUARE, COLOUR_BLUE, SIZE_NONE, 0, 0.5, 0.12, 0 };
    Scene one = beside(circle, square), two = beside(square, circle);
    const Scene *const scenes[SCENES] = { &one, &two };
    Arena arena = { 0 };
    SceneModel model;
    Err err;
    if (!scene_model_init(&model, &(SceneModelConfig){ .text = "bow", .seed = 1 }, &err)) die("%s", err.text);
    Mat score = scene_model_similarities(&model, &arena, scenes, SCENES, captions, CAPTIONS);
    printf("limitation: which of two things stands left\n");
    printf("scene 1: red circle 0.3 0.5, blue square 0.7 0.5\nscene 2: blue square 0.3 0.5, red circle 0.7 0.5\n");
    for (int j = 0; j < CAPTIONS; j++) printf("caption %d: %s\n", j + 1, captions[j]);
    for (int i = 0; i < SCENES; i++)
        for (int j = 0; j < CAPTIONS; j++) printf("score %d %d: %.4f\n", i + 1, j + 1, AT(score, i, j));
    printf("conclusion: 1 1 = 1 2\nconclusion: 2 1 = 2 2\n");
    printf("conclusion: 1 1 %c 1 3\n", AT(score, 0, 0) > AT(score, 0, 2) ? '>' : '<');
    printf("because: a mean of word vectors is the same in any order, so no picture can choose between the two.\n");
    scene_model_free(&model);
    arena_free(&arena);
}
/* ... to here. END 12 */
