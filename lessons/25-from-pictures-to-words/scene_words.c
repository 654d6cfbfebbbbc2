#include "scene_words.h"

#include <ctype.h>
#include <string.h>

static const char *const ask_names[ASK_KINDS] = { "object", "pair", "count", "relation", "negation" };
static const char *const question_names[QUESTION_KINDS] = { "is there", "how many", "what colour" };
static const char *const yes_no[] = { "no", "yes" }, *const numbers[] = { "one", "two", "three", "four", "five" };
static const char EXAMPLES[] =
    "ask for example \"is there a red circle left of a blue square?\", \"how many red circles "
    "are there?\" or \"what colour is the star?\"";
static const double PARAPHRASE_RATE = 0.1, COUNTING_RATE = 0.25, QUESTION_RATE = 0.5, IS_THERE_RATE = 0.65,
                    RELATION_RATE = 0.75;

const char *ask_name(Ask ask) { return ask_names[ask]; }
const char *question_name(QuestionKind kind) { return question_names[kind]; }
int question_answers(QuestionKind kind) {
    return kind == QUESTION_IS_THERE ? 2 : kind == QUESTION_HOW_MANY ? (int)SCENE_MAX : (int)COLOUR_COUNT;
}
const char *question_answer_word(QuestionKind kind, int answer) {
    REQUIRE(0 <= answer && answer < question_answers(kind), "answer %d of \"%s\"", answer, question_name(kind));
    return kind == QUESTION_IS_THERE   ? yes_no[answer]
           : kind == QUESTION_HOW_MANY ? numbers[answer]
                                       : colour_name((ShapeColour)answer);
}

bool ask_is(Ask ask, CaptionKind kind) {
    switch (ask) {
    case ASK_OBJECT: return kind == CAPTION_OBJECT;
    case ASK_PAIR: return kind == CAPTION_PAIR;
    case ASK_COUNT: return kind == CAPTION_COUNT;
    case ASK_RELATION: return kind == CAPTION_RELATION;
    default: return kind == CAPTION_WITHOUT || kind == CAPTION_NONE;
    }
}

char *words_with_prompt(const Caption *caption, char *text) {
    char said[CAPTION_TEXT];
    const char *prompt = "";
    for (int k = 0; k < ASK_KINDS; k++)
        if (ask_is((Ask)k, caption->kind)) prompt = ask_names[k];
    snprintf(text, WORDS_TEXT, "%s%s%s", prompt, *prompt ? " " : "", caption_text(caption, said));
    return text;
}

Vocab words_vocab(Arena *arena) {
    Vocab captions = caption_vocab(arena);
    const char *texts[ASK_KINDS + 3];
    int n = 0;
    texts[n++] = vocab_to_text(arena, &captions);
    for (int k = 0; k < ASK_KINDS; k++) texts[n++] = ask_names[k];
    texts[n++] = "question is there how many are there what colour is the answer yes no";
    return vocab_of_texts(arena, texts, n, 1);
}

/* ---- questions --------------------------------------------------------------------------------------------------- */

char *question_text(const Question *q, char *text) {
    char caption[CAPTION_TEXT];
    Caption two = q->caption; /* the noun in the plural */
    two.count[0] = 2;
    two.form = 0;
    switch (q->kind) {
    case QUESTION_IS_THERE: snprintf(text, WORDS_TEXT, "is there %s", caption_text(&q->caption, caption)); break;
    case QUESTION_HOW_MANY:
        snprintf(text, WORDS_TEXT, "how many %s are there", caption_text(&two, caption) + strlen("two "));
        break;
    default: snprintf(text, WORDS_TEXT, "what colour is the %s", caption_text(&q->caption, caption) + strlen("a "));
    }
    return text;
}

bool question_is(const char *text) {
    static const char *const first[] = { "is", "how", "what" };
    text += strspn(text, " ");
    size_t n = strcspn(text, " ");
    for (size_t i = 0; i < COUNT(first); i++) {
        bool same = strlen(first[i]) == n;
        for (size_t k = 0; same && k < n; k++) same = tolower((unsigned char)text[k]) == first[i][k];
        if (same) return true;
    }
    return false;
}

/* Copies a question in lower case, each space once, without question mark or full stop. False if it is too long. */
static bool tidy(const char *text, char *out) {
    size_t n = 0;
    for (; *text; text++) {
        bool space = isspace((unsigned char)*text) != 0;
        if (space && (n == 0 || out[n - 1] == ' ')) continue;
        if (n + 1 >= WORDS_TEXT) return false;
        out[n++] = space ? ' ' : (char)tolower((unsigned char)*text);
    }
    while (n > 0 && strchr(" ?.", out[n - 1])) n--;
    out[n] = '\0';
    return true;
}

/* The text after `first` if it begins with it, without `last` at its end; NULL if one is not there. */
static char *between(char *text, const char *first, const char *last) {
    size_t n = strlen(first), length = strlen(text), end = strlen(last);
    if (strncmp(text, first, n)) return NULL;
    if (length < n + end || strcmp(text + length - end, last)) return NULL;
    text[length - end] = '\0';
    return text + n;
}

/* The part of a question that is said as a caption: PREFIX + rest must be one of that kind (CAPTION_KINDS: any). */
static bool read_part(const char *prefix, const char *rest, CaptionKind kind, Caption *caption, Err *err) {
    char text[2 * WORDS_TEXT];
    Err inner = { "" };
    snprintf(text, sizeof text, "%s%s", prefix, rest);
    if (!caption_parse(text, caption, &inner)) return err_set(err, "\"%s\": %s; %s", rest, inner.text, EXAMPLES);
    if (kind != CAPTION_KINDS && caption->kind != kind)
        return err_set(err, "\"%s\" is no single thing; %s", rest, EXAMPLES);
    return true;
}

/* The message about a question that begins as none does: the first word that does not fit. */
static bool wrong_beginning(const char *text, Err *err) {
    static const char *const begin[] = { "is there ", "how many ", "what colour is the " };
    size_t at = 0;
    for (size_t i = 0; i < COUNT(begin); i++) { /* the longest beginning that fits */
        size_t same = 0;
        while (begin[i][same] && text[same] == begin[i][same]) same++;
        at = MAX(at, same);
    }
    while (at > 0 && text[at - 1] != ' ') at--;
    return err_set(err, "\"%.*s\" does not fit here; %s", (int)strcspn(text + at, " "), text + at, EXAMPLES);
}

static bool read_colour(const char *part, Caption *caption, Err *err) {
    if (!read_part("a ", part, CAPTION_OBJECT, caption, err)) return false;
    if (caption->a.colour == CAPTION_ANY && caption->a.shape != CAPTION_ANY) return true;
    return err_set(err, "\"%s\" must be a shape without a colour; %s", part, EXAMPLES);
}

bool question_parse(const char *given, Question *q, Err *err) {
    char text[WORDS_TEXT];
    Question found = { 0 };
    if (!tidy(given, text)) return err_set(err, "the question is too long; %s", EXAMPLES);
    const char *statement = between(text, "is there ", "");
    const char *counted = statement ? NULL : between(text, "how many ", " are there");
    if (!statement && !counted) counted = between(text, "how many ", "");
    const char *coloured = statement || counted ? NULL : between(text, "what colour is the ", "");
    bool ok = false;
    if (statement) ok = read_part("", statement, CAPTION_KINDS, &found.caption, err);
    else if (counted) {
        found.kind = QUESTION_HOW_MANY;
        ok = read_part("two ", counted, CAPTION_COUNT, &found.caption, err);
    } else if (coloured) {
        found.kind = QUESTION_COLOUR;
        ok = read_colour(coloured, &found.caption, err);
    } else return wrong_beginning(text, err);
    if (ok) *q = found;
    return ok;
}

int question_truth(const Scene *scene, const Question *q) {
    int count = 0, colour = -1;
    bool several = false;
    if (q->kind == QUESTION_IS_THERE) return caption_true(scene, &q->caption);
    for (int k = 0; k < scene->count; k++) {
        if (!noun_matches(&q->caption.a, &scene->object[k])) continue;
        several = several || (colour >= 0 && colour != (int)scene->object[k].colour);
        colour = (int)scene->object[k].colour;
        count++;
    }
    if (q->kind == QUESTION_COLOUR) return several ? -1 : colour;
    return 1 <= count && count <= SCENE_MAX ? count - 1 : -1;
}

Caption question_statement(const Question *q, int answer) {
    Caption c = q->caption;
    if (q->kind == QUESTION_HOW_MANY) c.count[0] = answer + 1;
    if (q->kind == QUESTION_COLOUR) c.a.colour = answer;
    return c;
}

/* A caption of the kind that is true, and in half of the cases an edit of it that is false. */
static bool draw_statement(Caption *out, Ask ask, const Scene *scene, const CaptionRules *rules, Rng *rng) {
    const unsigned edits = 1u << EDIT_SWAP_COLOURS | 1u << EDIT_SWAP_SHAPES | 1u << EDIT_REPLACE_COLOUR |
                           1u << EDIT_REPLACE_SHAPE | 1u << EDIT_REPLACE_RELATION | 1u << EDIT_INVERT_RELATION |
                           1u << EDIT_SWAP_NOUNS;
    Caption said;
    if (!words_caption(&said, ask, scene, rules, rng)) return false;
    *out = said;
    return rng_below(rng, 2) || caption_random_false(out, scene, &said, edits, rules, rng);
}

bool question_draw(Question *q, QuestionKind kind, const Scene *scene, const CaptionRules *rules, Rng *rng) {
    *q = (Question){ .kind = kind };
    const SceneObject *object = &scene->object[rng_below(rng, (uint32_t)scene->count)];
    static const Ask asked[] = { ASK_OBJECT, ASK_PAIR, ASK_RELATION };
    if (kind == QUESTION_IS_THERE)
        return draw_statement(&q->caption, asked[rng_below(rng, COUNT(asked))], scene, rules, rng);
    q->caption.kind = kind == QUESTION_HOW_MANY ? CAPTION_COUNT : CAPTION_OBJECT;
    q->caption.a = noun_of_object(object, kind == QUESTION_HOW_MANY ? NOUN_FULL : NOUN_SHAPE);
    if (kind == QUESTION_HOW_MANY) q->caption.count[0] = 1;
    return question_truth(scene, q) >= 0;
}

/* ---- training examples ------------------------------------------------------------------------------------------- */

Scene words_scene(const Split *split, SplitPart part, bool counting, uint64_t seed, uint64_t i) {
    SceneConfig s = { .seed = seed, .least = 2, .max = 2, .split = split, .part = part };
    if (counting) {
        s.least = 1;
        s.max = SCENE_MAX;
        s.repeat = 1;
    }
    return scene_make(&s, i);
}

bool words_caption(Caption *caption, Ask ask, const Scene *scene, const CaptionRules *rules, Rng *rng) {
    static const CaptionKind kinds[ASK_KINDS] = { CAPTION_OBJECT, CAPTION_PAIR, CAPTION_COUNT, CAPTION_RELATION,
                                                  CAPTION_WITHOUT };
    CaptionKind kind = kinds[ask];
    if (ask == ASK_NEGATION && rng_below(rng, 2)) kind = CAPTION_NONE;
    return caption_random_true(caption, scene, kind, rules, rng);
}

/* The scene of example i, and whether its objects are to be counted. rng decides which scene it is. */
static Scene draw_scene(const WordsStream *stream, uint64_t i, Rng *rng, bool *counting) {
    SceneConfig one = { .seed = rng_next(rng), .least = 1, .max = 1, .split = stream->split, .part = SPLIT_SEEN };
    *counting = rng_uniform(rng) < COUNTING_RATE && i >= stream->single;
    return i < stream->single ? scene_make(&one, 0) : words_scene(stream->split, SPLIT_SEEN, *counting, one.seed, 0);
}

/* A caption of the scene of any kind that it has. */
static void draw_caption(Caption *caption, const Scene *scene, bool counting, const CaptionRules *rules, Rng *rng) {
    static const Ask one[] = { ASK_COUNT, ASK_COUNT, ASK_OBJECT, ASK_NEGATION },
                     two[] = { ASK_OBJECT, ASK_PAIR, ASK_NEGATION };
    for (;;) { /* ends: there is always an object */
        bool related = !counting && rng_uniform(rng) < RELATION_RATE;
        Ask ask = related ? ASK_RELATION : counting ? one[rng_below(rng, COUNT(one))] : two[rng_below(rng, COUNT(two))];
        if (!words_caption(caption, ask, scene, rules, rng)) continue;
        if (rng_uniform(rng) < PARAPHRASE_RATE) *caption = caption_paraphrase(caption, PARAPHRASE_ALL, rng);
        return;
    }
}

WordsExample words_example(const WordsStream *stream, uint64_t i) {
    Rng of_scene = rng_seed(stream->seed, i / WORDS_TEXTS), rng = rng_seed(stream->seed + 50, i);
    bool counting;
    WordsExample e = { .scene = draw_scene(stream, i, &of_scene, &counting), .given = 1 };
    CaptionRules rules = { .split = stream->split, .part = SPLIT_SEEN };
    char text[WORDS_TEXT];
    Question q;
    QuestionKind kind = rng_uniform(&rng) < IS_THERE_RATE ? QUESTION_IS_THERE : QUESTION_COLOUR;
    if (counting) kind = QUESTION_HOW_MANY;
    bool asked = rng_uniform(&rng) < QUESTION_RATE;
    if (asked && question_draw(&q, kind, &e.scene, &rules, &rng)) {
        const char *answer = question_answer_word(kind, question_truth(&e.scene, &q)), *start = e.text;
        snprintf(e.text, sizeof e.text, "question %.180s answer ", question_text(&q, text));
        e.given = text_max_words(&start, 1);
        strncat(e.text, answer, sizeof e.text - strlen(e.text) - 1);
        return e;
    }
    Caption caption;
    draw_caption(&caption, &e.scene, counting, &rules, &rng);
    words_with_prompt(&caption, e.text);
    return e;
}

WordsExample words_match_example(const WordsStream *stream, uint64_t i) {
    Rng of_scene = rng_seed(stream->seed, i / WORDS_TEXTS), rng = rng_seed(stream->seed + 50, i);
    bool counting, of_other;
    WordsExample e = { .scene = draw_scene(stream, i, &of_scene, &counting) };
    CaptionRules rules = { .split = stream->split, .part = SPLIT_SEEN };
    Caption caption, wrong;
    draw_caption(&caption, &e.scene, counting, &rules, &rng);
    uint32_t way = rng_below(&rng, 8); /* 0 to 3: true; 4: of another scene; 5 to 7: edited */
    if (way > 4 && caption_random_false(&wrong, &e.scene, &caption, (1u << EDIT_KINDS) - 1, &rules, &rng)) {
        caption = wrong;
    } else if (way >= 4) {
        Scene other = draw_scene(stream, i, &rng, &of_other);
        draw_caption(&caption, &other, of_other, &rules, &rng);
    }
    e.matches = caption_true(&e.scene, &caption);
    words_with_prompt(&caption, e.text);
    return e;
}
