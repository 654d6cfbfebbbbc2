/* options, lesson: command lines, predictions, Ctrl-C; a program without a reader never waits. */
#include "lesson/lesson.h"
#include "core/file.h"
#include "core/version.h"
#include "check.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int epochs, seed;
static double rate;
static bool resume;
static const char *recipe, *file;

static const Option options[] = {
    { "epochs", .integer = &epochs, .low = 1, .high = 1000, .help = "passes over the pictures" },
    { "lr", .real = &rate, .low = 0, .high = 10, .help = "learning rate" },
    { "resume", .flag = &resume, .help = "go on where it stopped" },
    { "recipe", .text = &recipe, .choices = "fast|notebook", .help = "whose settings" },
    { "file", .text = &file, .help = "where the log goes" },
    { 0 },
};

static void defaults(void) {
    epochs = 30;
    seed = 1;
    rate = 0.5;
    resume = false;
    recipe = "fast";
    file = "log.csv";
}

/* Splits `line` at its spaces into argv (static), argv[0] being "program". "_" stands for an empty word. */
static char **words(const char *line, int *argc) {
    static char copy[512], program[] = "program", empty[] = "", *argv[32];
    snprintf(copy, sizeof copy, "%s", line);
    *argc = 1;
    argv[0] = program;
    for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
        argv[(*argc)++] = strcmp(word, "_") ? word : empty;
    return argv;
}

static bool parse(const char *line, int *count, Err *err) {
    int argc;
    char **argv = words(line, &argc);
    defaults();
    return options_parse(options, argc, argv, count, err);
}

TEST(options_are_set) {
    Err err;
    CHECK(parse("", NULL, &err) && epochs == 30 && rate == 0.5 && !resume && !strcmp(recipe, "fast"), "%s", "defaults");
    CHECK(parse("--epochs 5 --lr=1e-3 --resume --recipe notebook --file a=b", NULL, &err), "%s", err.text);
    CHECK(epochs == 5 && rate == 1e-3 && resume, "%d %g %d", epochs, rate, resume);
    CHECK(!strcmp(recipe, "notebook") && !strcmp(file, "a=b"), "%s %s", recipe, file);
    CHECK(parse("--epochs 5 --epochs=1000 --file=", NULL, &err) && epochs == 1000 && !*file, "%d '%s'", epochs, file);
    CHECK(options_parse(NULL, 1, (char *[]){ (char[]){ "program" } }, NULL, &err), "%s", "no table, no options");
}

TEST(options_refuse_in_one_line) {
    static const char *const bad[][2] = {
        { "--epochs 0", "--epochs '0': want a whole number from 1 to 1000" },
        { "--epochs 1001", "--epochs '1001': want a whole number from 1 to 1000" },
        { "--epochs 3.5", "--epochs '3.5': want a whole number from 1 to 1000" },
        { "--epochs 99999999999999999999", "want a whole number from 1 to 1000" },
        { "--epochs=", "--epochs '': want a whole number from 1 to 1000" },
        { "--epochs", "--epochs wants a value: --epochs N" },
        { "--epochs --resume", "--epochs wants a value: --epochs N" },
        { "--lr -1", "--lr '-1': want a number from 0 to 10" },
        { "--lr nan", "--lr 'nan': want a number from 0 to 10" },
        { "--lr _", "--lr '': want a number from 0 to 10" },
        { "--recipe", "--recipe wants a value: --recipe WORD" },
        { "--recipe fas", "--recipe 'fas': want one of fast|notebook" },
        { "--recipe fast|notebook", "want one of fast|notebook" },
        { "--recipe _", "--recipe '': want one of fast|notebook" },
        { "--resume=yes", "--resume takes no value, 'yes' came" },
        { "--epoch 3", "there is no --epoch; did you mean --epochs?" },
        { "--rseume", "there is no --rseume; did you mean --resume?" },
        { "--batch 3", "there is no --batch; --help lists the options" },
        { "--=3", "there is no --; --help lists the options" },
        { "-e 3", "'-e': options begin with two dashes" },
        { "--epochs 5 cat.png", "'cat.png': this program takes options only" },
        { "--file a\nb\033[2J --batch", "there is no --batch" },
        { "--ba\ntch\033[2J", "there is no --ba?tch?[2J" },
        { "--epochs-that-are-longer-than-any-name-of-an-option", "there is no --epochs-that-are-longer-than-any-name" },
        { "--lr 10.5", "--lr '10.5': want a number from 0 to 10" },
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        Err err = { "" };
        CHECK(!parse(bad[i][0], NULL, &err), "%s was taken", bad[i][0]);
        CHECK(strstr(err.text, bad[i][1]), "%s: wanted '%s', got '%s'", bad[i][0], bad[i][1], err.text);
        CHECK(!strpbrk(err.text, "\n\033"), "%s: more than a line", bad[i][0]);
    }
    CHECK(!parse("--batch", NULL, NULL), "%s", "nobody has to listen");
}

TEST(options_change_nothing_when_one_is_wrong) {
    Err err;
    CHECK(!parse("--epochs 5 --lr 2 --resume --recipe slow", NULL, &err), "%s", "slow was taken");
    CHECK(epochs == 30 && rate == 0.5 && !resume, "%d %g %d", epochs, rate, resume);
}

TEST(options_leave_other_words) {
    Err err;
    int argc, count;
    char **argv = words("photo.png --epochs 5 a cat -- --lr - x", &argc);
    defaults();
    CHECK(options_parse(options, argc, argv, &count, &err), "%s", err.text);
    static const char *const want[] = { "program", "photo.png", "a", "cat", "--lr", "-", "x" };
    CHECK(count == 6 && epochs == 5 && rate == 0.5, "%d words, %d epochs", count, epochs);
    for (size_t i = 0; i < COUNT(want); i++) CHECK(!strcmp(argv[i], want[i]), "word %zu: %s", i, argv[i]);
    argv = words("a --help", &argc);
    CHECK(options_have(argc, argv, "help") && !options_have(argc, argv, "hel"), "%s", "--help");
    argv = words("a -- --help", &argc);
    CHECK(!options_have(argc, argv, "help"), "%s", "--help after --");
}

TEST(options_again_and_again) {
    static OptionTexts texts;
    texts = (OptionTexts){ .count = 1, .item = { "default" } };
    const Option table[] = {
        { "text", .texts = &texts, .help = "a text" },
        { "epochs", .integer = &epochs, .high = 9 },
        { 0 },
    };
    Err err;
    int argc, count;
    char **argv = words("--epochs 3", &argc);
    CHECK(options_parse(table, argc, argv, NULL, &err) && texts.count == 1, "%d texts", texts.count);
    argv = words("--text a x --text=b --epochs 77", &argc);
    texts = (OptionTexts){ .count = 1, .item = { "default" } };
    CHECK(!options_parse(table, argc, argv, &count, &err) && texts.count == 1, "%d texts", texts.count);
    argv = words("--text a x --text=b --epochs 7", &argc);
    CHECK(options_parse(table, argc, argv, &count, &err) && count == 1 && texts.count == 2, "%d texts", texts.count);
    CHECK(!strcmp(texts.item[0], "a") && !strcmp(texts.item[1], "b"), "%s %s", texts.item[0], texts.item[1]);
    char *many[2 * OPTION_TEXTS + 3] = { (char[]){ "program" } }, text[] = "--text", c[] = "c";
    for (int i = 0; i <= OPTION_TEXTS; i++) {
        many[2 * i + 1] = text;
        many[2 * i + 2] = c;
    }
    CHECK(options_parse(table, 2 * OPTION_TEXTS + 1, many, NULL, &err) && texts.count == OPTION_TEXTS, "%d",
          texts.count);
    CHECK(!options_parse(table, 2 * OPTION_TEXTS + 3, many, NULL, &err), "%d", texts.count);
    CHECK(strstr(err.text, "--text: at most 64"), "%s", err.text);
}

TEST(options_stop_a_broken_table) {
    int argc = 2;
    Option none[] = { { .name = "epochs" }, { 0 } };
    Option empty[] = { { "epochs", .integer = &epochs, .low = 2, .high = 1 }, { 0 } };
    char *argv[] = { (char[]){ "program" }, (char[]){ "--epochs" }, (char[]){ "3" } };
    CHECK_STOPS(options_parse(none, argc, argv, NULL, NULL), EXIT_CONTRACT, "--epochs sets 0 variables");
    CHECK_STOPS(options_parse(empty, argc, argv, NULL, NULL), EXIT_CONTRACT, "--epochs allows 2 to 1");
}

/* ---- lessons ---------------------------------------------------------------------------------------------------- */

static Lesson lesson_99(void) {
    return (Lesson){ .number = "99",
                     .title = "Testing",
                     .shows = "What a lesson does",
                     .takes = "no time",
                     .next = "make nothing",
                     .options = options,
                     .seed = &seed,
                     .wants = "PICTURE ..." };
}

/* Runs lesson_begin with this command line in a child whose stdout is stderr, so that CHECK_STOPS can read it. */
static void begin(const char *line) {
    int argc;
    char **argv = words(line, &argc);
    Lesson lesson = lesson_99();
    defaults();
    dup2(STDERR_FILENO, STDOUT_FILENO);
    lesson_begin(&lesson, argc, argv);
    printf("epochs %d words %d %s predictions %d\n", epochs, lesson.word_count, lesson.words[0], lesson.predictions);
    exit(lesson_end(&lesson));
}

TEST(lesson_begins_and_ends) {
    CHECK_STOPS(begin("--seed 7 cat.png"), 0, "Lesson 99: Testing   (seed 7)\nWhat a lesson does.\n");
    CHECK_STOPS(begin("--epochs 5 cat.png"), 0, "epochs 5 words 1 cat.png predictions 0\n\nnext: make nothing\n");
}

TEST(lesson_helps) {
    CHECK_STOPS(begin("--help"), 0, "Lesson 99: Testing. What a lesson does.\nTakes no time.\n");
    CHECK_STOPS(begin("--help"), 0, "  program [OPTIONS] PICTURE ...\n");
    CHECK_STOPS(begin("--epochs 0 --help"), 0, "  --epochs N           passes over the pictures (1 to 1000; 30)\n");
    CHECK_STOPS(begin("--help"), 0, "  --recipe WORD        whose settings (fast|notebook; fast)\n");
    CHECK_STOPS(begin("--help"), 0, "  --lr X               learning rate (0 to 10; 0.5)\n");
    CHECK_STOPS(begin("--help"), 0, "  --no-predict         do not ask for predictions\n");
}

/* A lesson that takes no time worth a word, and wants no other words. */
static void help_of_a_plain_lesson(void) {
    Lesson plain = { .number = "98", .title = "Plain", .shows = "What is least" };
    dup2(STDERR_FILENO, STDOUT_FILENO);
    lesson_begin(&plain, 2, (char *[]){ (char[]){ "program" }, (char[]){ "--help" }, NULL });
}

TEST(lesson_says_no_more_than_there_is) {
    CHECK_STOPS(help_of_a_plain_lesson(), 0, "Lesson 98: Plain. What is least.\n\n  program [OPTIONS]\n\n");
    char version[100];
    snprintf(version, sizeof version, "program (CLIP from scratch) %s\n", clip_version());
    CHECK_STOPS(begin("--version"), 0, version);
    CHECK_STOPS(begin("--version cat.png"), EXIT_USAGE, "there is no --version");
}

TEST(lesson_refuses) {
    CHECK_STOPS(begin("--epochs many"), EXIT_USAGE, "--epochs 'many': want a whole number from 1 to 1000\n");
    CHECK_STOPS(begin("--seed -1"), EXIT_USAGE, "--seed '-1': want a whole number from 0 to 1000000000\n");
}

/* What the student types is read from a file: predictions are asked as if on a terminal. */
static Lesson lesson_typed(const char *typed, int width) {
    char path[1100];
    Err err;
    OutFile out;
    snprintf(path, sizeof path, "%s/typed", check_folder());
    CHECK(out_open(&out, path, &err), "%s", err.text);
    out_write(&out, typed, strlen(typed));
    CHECK(out_commit(&out, &err) && freopen(path, "r", stdin), "%s", "cannot be read again");
    dup2(STDERR_FILENO, STDOUT_FILENO);
    return (Lesson){ .number = "99", .predictions = true, .term = { .out = stdout, .width = width } };
}

static const char *const amounts[] = { "lots", "half" };

static void answer(const char *typed, double value) {
    Lesson lesson = lesson_typed(typed, 80);
    Prediction said = lesson_predict_number(&lesson, 0, 100, "How %s?", "much");
    Prediction next = lesson_predict_choice(&lesson, amounts, COUNT(amounts), 1, "And then?");
    lesson_outcome_number(&lesson, &said, value, 2);
    lesson_outcome(&lesson, &next, "nothing");
    printf("%zu, %zu\n", strlen(said.said), strlen(next.said));
    exit(lesson_end(&lesson));
}

TEST(predictions_are_set_beside_what_came) {
    CHECK_STOPS(answer("0.5\nlots\n", 0.75), 0, "Before you look: How much?\n(Enter skips) > ");
    CHECK_STOPS(answer("0.5\nlots\n", 0.75), 0,
                "You said: 0.5   It is: 0.75, off by 0.25\nYou said: lots   It is: nothing\n");
    CHECK_STOPS(answer(" 50 % \nx", 0.75), 0, "You said: 50   It is: 0.75, off by 49.25\n");
    CHECK_STOPS(answer("1\n  about\ta\033half \n", 0.75), 0, "You said: about a half   It is: nothing\n");
    CHECK_STOPS(answer("\n\n", 0.75), 0, "> 0, 0\n");
    CHECK_STOPS(answer("", 0.75), 0, "> \n0, 0\n");
    char longer[400];
    memset(longer, 'x', sizeof longer);
    memcpy(longer, "1\nhalf ", 7);
    strcpy(longer + 300, "\nsecond\n");
    CHECK_STOPS(answer(longer, 0.75), 0, "1, 79\n");
}

/* What is not an answer is refused, and asked again. */
TEST(predictions_refuse_what_is_no_answer) {
    static const char *const not [] = { "lots", "101", "-1", "nan", "5 of 10", "%", "inf", "1e" };
    for (size_t i = 0; i < COUNT(not ); i++) {
        char typed[100];
        snprintf(typed, sizeof typed, "%s\n7\n?\nlots and half\nhalf\n", not [i]);
        CHECK_STOPS(answer(typed, 8), 0,
                    "(Enter skips) > Want a number from 0 to 100, or Enter alone.\n(Enter skips) > ");
        CHECK_STOPS(answer(typed, 8), 0,
                    "You said: 7   It is: 8.00, off by 1.00\nYou said: half   It is: nothing\n1, 4\n");
    }
    CHECK_STOPS(answer("7\n?\n...\n", 8), 0, "> Want 1 of: lots, half, or Enter alone.\n(Enter skips) > Want");
    CHECK_STOPS(answer("lots\n", 8), 0, "\n0, 0\n"); /* the input ends: nothing waits */
}

static void choose(const char *typed, int picks) {
    static const char *const animals[] = { "cat", "wild dog", "airplane" };
    Lesson lesson = lesson_typed(typed, 40);
    Prediction said = lesson_predict_choice(&lesson, animals, 3, picks,
                                            "Which of the three animals is it, and is it "
                                            "not one of the others?");
    printf("\"%s\"\n", said.said);
    exit(lesson_end(&lesson));
}

TEST(predictions_are_chosen) {
    CHECK_STOPS(choose("the CAT\n", 1), 0, "\"the CAT\"\n");
    CHECK_STOPS(choose("cat and Wild dog\n", 2), 0, "\"cat and Wild dog\"\n");
    CHECK_STOPS(choose("horse\ncat\n", 1), 0, "> Want 1 of: cat, wild dog, airplane, or\nEnter alone.\n");
    CHECK_STOPS(choose("cat\ncat airplane\n", 2), 0, "> Want 2 of: ");
    CHECK_STOPS(choose("cat airplane\n\n", 1), 0, "\"\"\n");
}

static void choose_number(const char *typed) {
    static const char *const all[] = { "1", "0.3", "tau", "1/tau" };
    Lesson lesson = lesson_typed(typed, 80);
    printf("\"%s\"\n", lesson_predict_choice(&lesson, all, 4, 1, "Which?").said);
    exit(lesson_end(&lesson));
}

/* A choice within a longer one, or within a longer number, is not named. */
TEST(predictions_name_whole_choices) {
    static const char *const good[] = { "1", "1/tau", "at 1.", "TAU", "0.3" };
    static const char *const bad[] = { "0.1", "13", "0.35", "10.3", "1.5", "tau 1" };
    char typed[64], want[80];
    for (size_t i = 0; i < COUNT(good); i++) {
        snprintf(typed, sizeof typed, "%s\n", good[i]);
        snprintf(want, sizeof want, "(Enter skips) > \"%s\"\n", good[i]);
        CHECK_STOPS(choose_number(typed), 0, want);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        snprintf(typed, sizeof typed, "%s\n0.3\n", bad[i]);
        CHECK_STOPS(choose_number(typed), 0, "Enter alone.\n(Enter skips) > \"0.3\"\n");
    }
}

TEST(questions_wrap_at_words) {
    CHECK_STOPS(choose("cat\n", 1), 0,
                "Before you look: Which of the three\nanimals is it, and is it not one of the\nothers?\n(Enter skips)");
}

/* Ctrl-C: one line, and the shell sees the signal. */
static void interrupted(void) {
    int argc;
    char **argv = words("", &argc);
    Lesson lesson = lesson_99();
    defaults();
    signal(SIGINT, SIG_DFL);
    lesson_begin(&lesson, argc, argv);
    raise(SIGINT);
}

TEST(interrupts_end_in_one_line) {
    int ends[2], status;
    char text[400];
    fflush(stdout);
    CHECK(pipe(ends) == 0, "%s", "no pipe");
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        interrupted();
        _exit(0);
    }
    close(ends[1]);
    ssize_t length = read(ends[0], text, sizeof text - 1);
    text[MAX(0, length)] = '\0';
    CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGINT, "status %d",
          status);
    CHECK(!strcmp(text, "stopped: lesson 99 did not finish; make lesson-99 starts it again\n"), "%s", text);
    close(ends[0]);
}

/* Ctrl-D at one question is no answer to the next: what is typed then is read. */
static void answer_after_an_end(void) {
    char path[1100];
    Lesson lesson = { .number = "99", .predictions = true, .term = { .out = stdout, .width = 80 } };
    snprintf(path, sizeof path, "%s/typed", check_folder());
    FILE *typing = fopen(path, "w");
    CHECK(typing && freopen(path, "r", stdin), "%s", path);
    dup2(STDERR_FILENO, STDOUT_FILENO);
    Prediction first = lesson_predict_choice(&lesson, amounts, COUNT(amounts), 1, "How much?");
    CHECK(fputs("half\n", typing) >= 0 && fclose(typing) == 0, "%s", path);
    Prediction second = lesson_predict_choice(&lesson, amounts, COUNT(amounts), 1, "And now?");
    printf("\"%s\", \"%s\"\n", first.said, second.said);
    exit(lesson_end(&lesson));
}
TEST(an_end_of_the_input_is_of_one_answer) { CHECK_STOPS(answer_after_an_end(), 0, "\"\", \"half\"\n"); }

TEST(predictions_do_not_wait_for_nobody) {
    Lesson lesson = { .number = "99", .term = { .out = stdout, .width = 80 } };
    int ends[2];
    CHECK(pipe(ends) == 0 && dup2(ends[0], STDIN_FILENO) >= 0, "%s", "no pipe");
    alarm(5); /* reading the pipe, which stays open and empty, would never end */
    Prediction said = lesson_predict_number(&lesson, 0, 1, "Is anybody there?");
    CHECK(!said.said[0], "%s", said.said);
    lesson_outcome(&lesson, &said, "nobody");
}

TEST(lesson_notices_a_full_disk) {
    if (!file_exists("/dev/full")) check_skip("skipped: there is no /dev/full here");
    Lesson lesson = lesson_99();
    CHECK(freopen("/dev/full", "w", stdout), "%s", "cannot open /dev/full");
    CHECK_STOPS(lesson_end(&lesson), EXIT_TROUBLE, "the standard output could not be written");
    _exit(0); /* the harness's own printing is of no use any more */
}

TESTS(options_are_set, options_refuse_in_one_line, options_change_nothing_when_one_is_wrong, options_leave_other_words,
      options_again_and_again, options_stop_a_broken_table, lesson_begins_and_ends, lesson_helps,
      lesson_says_no_more_than_there_is, lesson_refuses, predictions_are_set_beside_what_came,
      predictions_refuse_what_is_no_answer, predictions_are_chosen, predictions_name_whole_choices,
      questions_wrap_at_words, interrupts_end_in_one_line, an_end_of_the_input_is_of_one_answer,
      predictions_do_not_wait_for_nobody, lesson_notices_a_full_disk)
