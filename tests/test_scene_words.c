/* The texts of lesson 25: do questions come back from their text, is every training example true, are wrong words
 * named?
 */
#include "25-from-pictures-to-words/scene_words.h"
#include "check.h"

#include <string.h>

/* A red circle left of a blue star, which stands above a green star. */
static Scene scene_by_hand(void) {
    Scene s = { .count = 3 };
    s.object[0] = (SceneObject){ SHAPE_CIRCLE, COLOUR_RED, SIZE_NONE, 0.2, 0.2, 0.1, 0 };
    s.object[1] = (SceneObject){ SHAPE_STAR, COLOUR_BLUE, SIZE_NONE, 0.8, 0.2, 0.1, 0 };
    s.object[2] = (SceneObject){ SHAPE_STAR, COLOUR_GREEN, SIZE_NONE, 0.8, 0.8, 0.1, 0 };
    return s;
}

TEST(questions_by_hand) {
    static const struct {
        const char *text, *said, *answer; /* NULL: none */
    } cases[] = {
        { "Is there a red circle left of a blue star?", "is there a red circle left of a blue star", "yes" },
        { "is there a blue star left of a red circle", "is there a blue star left of a red circle", "no" },
        { "is there a purple bar?", "is there a purple bar", "no" },
        { "how many stars are there?", "how many stars are there", "two" },
        { "how many blue stars", "how many blue stars are there", "one" },
        { "how many bars are there?", "how many bars are there", NULL },
        { "What colour is the circle?", "what colour is the circle", "red" },
        { "what colour is the star?", "what colour is the star", NULL },
    };
    Scene s = scene_by_hand();
    Err err;
    for (size_t i = 0; i < COUNT(cases); i++) {
        Question q;
        char text[WORDS_TEXT];
        CHECK(question_is(cases[i].text), "%s", cases[i].text);
        CHECK(question_parse(cases[i].text, &q, &err), "%s: %s", cases[i].text, err.text);
        CHECK(!strcmp(question_text(&q, text), cases[i].said), "\"%s\", want \"%s\"", text, cases[i].said);
        int answer = question_truth(&s, &q);
        const char *word = answer < 0 ? NULL : question_answer_word(q.kind, answer);
        CHECK(!word == !cases[i].answer && (!word || !strcmp(word, cases[i].answer)), "%s: %s", text,
              word ? word : "none");
        if (!word) continue;
        Caption said = question_statement(&q, answer);
        CHECK(q.kind == QUESTION_IS_THERE || caption_true(&s, &said), "the statement of \"%s\" is false", text);
    }
}

TEST(wrong_words_are_named) {
    static const char *const cases[][2] = {
        { "is there a red zebra?", "\"zebra\"" },
        { "how many red zebras are there?", "\"zebras\"" },
        { "what colour is the zebra?", "\"zebra\"" },
        { "what colour is the red star?", "without a colour" },
        { "what size is the star?", "\"size\" does not" },
        { "how many people are there", "\"people\"" },
        { "is it raining?", "\"it\" does not" },
        { "what colour is the thing?", "must be a shape" },
        { "how many stars and bars are there", "\"stars and bars\"" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        Question q = { .kind = QUESTION_COLOUR };
        Err err = { "" };
        CHECK(!question_parse(cases[i][0], &q, &err), "\"%s\" was accepted", cases[i][0]);
        CHECK(strstr(err.text, cases[i][1]) && strstr(err.text, "for example"), "%s: %s", cases[i][0], err.text);
        CHECK(q.kind == QUESTION_COLOUR, "%s", "the question changed");
    }
    char longer[400];
    memset(longer, 'a', sizeof longer - 1);
    longer[399] = '\0';
    Question q;
    CHECK(!question_parse(longer, &q, NULL) && !question_is(longer) && !question_is("a red circle"), "%s", "long");
}

TEST(drawn_questions_are_balanced_and_come_back) {
    Split split = split_make(SPLIT_PAIRS, 0.5, 1);
    for (int kind = 0; kind < QUESTION_KINDS; kind++) {
        int count[ANSWERS_MAX] = { 0 }, n = 0;
        CaptionRules rules = { .split = &split, .part = SPLIT_HELD };
        for (uint64_t i = 0; i < 2000; i++) {
            Rng rng = rng_seed(3, i);
            Scene s = words_scene(&split, SPLIT_HELD, kind == QUESTION_HOW_MANY, 5, i);
            Question q, back;
            char text[WORDS_TEXT], again[WORDS_TEXT];
            Err err;
            if (!question_draw(&q, (QuestionKind)kind, &s, &rules, &rng)) continue;
            CHECK(question_parse(question_text(&q, text), &back, &err), "%s: %s", text, err.text);
            CHECK(!strcmp(text, question_text(&back, again)), "\"%s\" became \"%s\"", text, again);
            count[question_truth(&s, &q)]++;
            n++;
        }
        for (int a = 0; a < question_answers((QuestionKind)kind); a++)
            CHECK(count[a] * question_answers((QuestionKind)kind) > 0.8 * n &&
                      count[a] * question_answers((QuestionKind)kind) < 1.2 * n,
                  "%s: answer %d, %d of %d", question_name((QuestionKind)kind), a, count[a], n);
    }
}

TEST(training_examples_are_true) {
    Arena arena = { 0 };
    Split split = split_make(SPLIT_PAIRS, 0.5, 1);
    WordsStream stream = { &split, 7, 100 };
    Vocab vocab = words_vocab(&arena);
    int questions = 0, matching = 0;
    uint64_t written = 0, appearance = 0; /* of the scenes before */
    for (uint64_t i = 0; i < 1000; i++) {
        WordsExample e = words_example(&stream, i), m = words_match_example(&stream, i);
        const char *text = e.text;
        int ids[WORDS_MOST];
        TextNotes notes = vocab_encode(&vocab, &arena, &text, 1, WORDS_MOST, ids);
        CHECK(notes.unknown_count == 0 && notes.cut_count == 0, "%s", e.text);
        CHECK(scene_in_part(&e.scene, &split, SPLIT_SEEN) && (i >= 100 || e.scene.count == 1), "%s", e.text);
        Caption c;
        Err err;
        if (strncmp(e.text, "question ", 9)) {
            const char *caption = strchr(e.text, ' ') + 1;
            CHECK(e.given == 1 && caption_parse(caption, &c, &err) && caption_true(&e.scene, &c), "%s", e.text);
        } else {
            char question[WORDS_TEXT], *answer = strstr(e.text, " answer ");
            Question q;
            snprintf(question, sizeof question, "%.*s", (int)(answer - e.text) - 9, e.text + 9);
            CHECK(question_parse(question, &q, &err), "%s: %s", question, err.text);
            CHECK(!strcmp(answer + 8, question_answer_word(q.kind, question_truth(&e.scene, &q))), "%s", e.text);
            CHECK(e.given == text_max_words(&text, 1) - 1, "%s: %d words are given", e.text, e.given);
            questions++;
        }
        const char *said = strchr(m.text, ' ') + 1;
        char prompted[WORDS_TEXT];
        CHECK(caption_parse(said, &c, &err) && caption_true(&m.scene, &c) == m.matches, "%s", m.text);
        CHECK(!strcmp(words_with_prompt(&c, prompted), m.text), "%s became %s", m.text, prompted);
        CHECK(i % WORDS_TEXTS == 0 || m.scene.appearance == appearance, "%s: another scene", m.text);
        CHECK(i % WORDS_TEXTS == 0 || e.scene.appearance == written, "%s: another scene", e.text);
        appearance = m.scene.appearance;
        written = e.scene.appearance;
        matching += m.matches;
    }
    CHECK(questions > 350 && questions < 650, "%d questions", questions);
    CHECK(matching > 450 && matching < 600, "%d captions match", matching);
    arena_free(&arena);
}

TESTS(questions_by_hand, wrong_words_are_named, drawn_questions_are_balanced_and_come_back, training_examples_are_true)
