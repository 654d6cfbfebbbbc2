/* scripts: the two files with a student's progress. Shell scripts read them, so an input takes a tenth of a second. */
#include "fuzz.h"
#include "core/arena.h"
#include "core/file.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A temporary folder, removed at the end of the process. */
static char folder[200];

static void folder_remove(void) {
    if (system("rm -rf \"$F\"") != 0) fprintf(stderr, "%s stays behind\n", folder);
}

static const char *in_folder(const char *name) {
    static char path[300];
    if (!folder[0]) {
        const char *where = getenv("TMPDIR");
        snprintf(folder, sizeof folder, "%.100s/clip-fuzz-XXXXXX", where && *where ? where : "/tmp");
        if (!mkdtemp(folder)) die("%s: a folder was wanted", folder);
        setenv("F", folder, 1); /* for the shell: no character of a name can be taken for a command */
        atexit(folder_remove);
    }
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void put(const char *name, const void *data, size_t size) {
    FILE *stream = fopen(in_folder(name), "wb"); /* not an OutFile, which waits for the disk */
    if (!stream || fwrite(data, 1, size, stream) != size || fclose(stream) != 0)
        die("%s cannot be written", in_folder(name));
}

/* The whole file, with a zero at its end; "" if it is not there. */
static char *get(Arena *arena, const char *name) {
    File file;
    if (!file_open(&file, in_folder(name), NULL)) return arena_text(arena, "");
    char *text = arena_zero(arena, file.size + 1, 1);
    if (file.size) memcpy(text, file.data, file.size);
    file_close(&file);
    return text;
}

/* Runs it in the top folder; the exit status must be 0 and stderr empty. */
static void run(Arena *arena, const char *command) {
    in_folder("");
    char *line =
        arena_print(arena, "TOP=$PWD; export TOP; { %s; } >\"$F/said\" 2>\"$F/complaint\" </dev/null", command);
    int status = system(line);
    char *complaint = get(arena, "complaint");
    REQUIRE(status == 0 && !*complaint, "status %d: %s\n%s", status, command, complaint);
}

/* Lines whose first word is none of `known` are still there, in order. */
static void strangers_stay(const uint8_t *data, size_t size, const char *after, const char *known) {
    const char *at = (const char *)data, *end = at + size;
    while (at < end) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t length = (size_t)((stop ? stop : end) - at), blanks = strspn(at, " \t"),
               word = strcspn(at + blanks, " \t\n");
        bool mine = false;
        for (const char *k = known; *k && word; k += strcspn(k, " "), k += *k == ' ')
            mine = mine || (strcspn(k, " ") == word && !strncmp(k, at + blanks, word));
        if (!mine && length) {
            const char *found = after;
            while (*found && (strncmp(found, at, length) || (found[length] && found[length] != '\n'))) {
                found += strcspn(found, "\n");
                found += *found == '\n';
            }
            REQUIRE(*found, "the line \"%.*s\" is lost", (int)length, at);
            after = found;
        }
        at = stop ? stop + 1 : end;
    }
}

/* Makes a text of the input: no zero bytes, a line end at its end. */
static uint8_t *as_text(const uint8_t *data, size_t *size) {
    uint8_t *text = malloc(*size + 2);
    if (!text) die("out of memory");
    for (size_t i = 0; i < *size; i++) text[i] = data[i] ? data[i] : ' ';
    if (*size && text[*size - 1] != '\n') text[(*size)++] = '\n';
    text[*size] = '\0';
    return text;
}

/* Two exercises only, because the time of an input grows with their number. */
#define STUDENT "CLIP_EXERCISES=. sh \"$TOP\"/tests/student.sh none "

static void course_make(Arena *arena) {
    static bool made;
    if (made) return;
    run(arena,
        "mkdir -p $F/exercises/original $F/exercises/hints $F/lessons/01-one && "
        "cp exercises/original/0[13]-*.c $F/exercises/original && cp exercises/hints/03.txt $F/exercises/hints && "
        "echo '# Lesson 01: one' >$F/lessons/01-one/README.md");
    made = true;
}

int fuzz_progress(const uint8_t *data, size_t size) {
    Arena arena = { 0 };
    uint8_t *text = as_text(data, &size);
    course_make(&arena);
    put("progress.txt", text, size);
    run(&arena, "cd $F && " STUDENT "list && " STUDENT "hint 03");
    strangers_stay(text, size, get(&arena, "progress.txt"), "done hint given ran");
    fuzz_sign(strlen(get(&arena, "said")));
    free(text);
    arena_free(&arena);
    return 0;
}

static const char page[] =
    "# Lesson 01: a page\n\n## Questions\n\n1. One?\n\n<details><summary>Answer</summary>\n\nYes.\n\n</details>\n\n"
    "2. Two?\n\n<details><summary>Answer</summary>\n\nNo.\n\n</details>\n";

static void page_make(Arena *arena) {
    static bool made;
    if (made) return;
    run(arena, "mkdir $F/01-page");
    put("01-page/README.md", page, sizeof page - 1);
    made = true;
}

int fuzz_quiz(const uint8_t *data, size_t size) {
    Arena arena = { 0 };
    uint8_t *text = as_text(data, &size);
    put("quiz.txt", text, size);
    page_make(&arena);
    run(&arena, "printf '\\ny\\n\\nn\\n' | QUIZ_ANYWHERE=1 QUIZ_FILE=$F/quiz.txt QUIZ_PAGES=$F sh lessons/quiz.sh");
    char *after = get(&arena, "quiz.txt");
    REQUIRE(strstr(after, "known 01.") && strstr(after, "missed 01."), "not remembered: %s", after);
    strangers_stay(text, size, after, "known missed");
    fuzz_sign(strlen(get(&arena, "said")));
    free(text);
    arena_free(&arena);
    return 0;
}

static const Word words[] = { W("done "),
                              W("hint "),
                              W("given "),
                              W("known "),
                              W("missed "),
                              W("01.1"),
                              W("01.2"),
                              W("03-softmax"),
                              W("\n"),
                              W("$(touch x)"),
                              W("`id`"),
                              W("'"),
                              W("\""),
                              W("*"),
                              W("\\"),
                              W("%s"),
                              W("-n"),
                              W(" 1"),
                              W("missed 01.1\n"),
                              W("hint 03-softmax 2\n"),
                              { 0 } };
HARNESS(progress, .corpus = "progress", .words = words, .check = 1);
HARNESS(quiz, .corpus = "progress", .words = words, .check = 1);
