#include "exam.h"

#include "show/term.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

enum { CPU_SECONDS = SANITIZED ? 10 : 2, WALL_SECONDS = 20, MEMORY_MB = 1024, PRINTED = 4000, PRINTED_LINES = 20 };

typedef enum { PART_UNTOUCHED, PART_RIGHT, PART_WRONG } Verdict;

/* What the child tells its parent; in memory that both see. */
typedef struct {
    bool finished;
    bool fresh;             /* numbers were drawn, */
    bool fixed;             /* but the first wrong number was there before */
    Verdict verdict;
    char input[600];        /* the case at hand */
    char report[3000];      /* why it is wrong */
    char notes[3000];
    char id[64];            /* of the mistake */
    int numbers;            /* how many were compared */
} Shared;
static Shared *shared;

/* ---- the numbers of one part ------------------------------------------------------------------------------------- */

/* Mistakes that any gradient can have, by the ratio of what came to what was wanted. */
enum { RATIO_SIGN, RATIO_TWICE, RATIO_HALF, RATIO_MEAN, RATIO_MEAN_TWICE, RATIO_NOTHING, RATIOS };
static const Mistake ratio_mistakes[RATIOS] = {
    { "sign", "every gradient is -1 times the right one: the sign. Which of the two is subtracted from the other?" },
    { "twice", "every gradient is 2 times the right one: something is counted twice" },
    { "half",
      "every gradient is half the right one: one of two shares is missing, or it was averaged once too often" },
    { "mean", "every gradient is B times the right one: 1/B, of the mean over the batch, was forgotten" },
    { "mean-twice", "every gradient is 1/B of the right one: the mean over the batch was taken twice" },
    { "nothing",
      "nothing arrived (the ratio is 0): the gradient was overwritten later, or never added to what was there" },
};

static struct {
    const Part *part;
    Rng rng;
    Arena arena;
    int mistakes;                    /* models that the part brings */
    bool alive[EXAM_MISTAKES + RATIOS];
    int case_count, wrong_count, count_in_case;
    bool first_right_only;           /* in the case of the first wrong number: index 0 is right, and it is not 0 */
    char where[200], wrong_input[600];
    double got, want, ratio;
    bool has_ratio;
} now;

Rng *exam_rng(void) {
    shared->fresh = true;
    return &now.rng;
}
Arena *exam_arena(void) { return &now.arena; }
bool exam_right(void) { return now.wrong_count == 0; }

static bool close_to(double got, double want, double tolerance) {
    if (want == EXAM_ANY) return true;
    if (isnan(want) || isnan(got)) return isnan(want) && isnan(got);
    if (isinf(want) || isinf(got)) return want == got;
    return fabs(got - want) <= tolerance * fmax(1, fabs(want));
}

/* Notes one number; true if it is the first wrong one. */
static bool judge(double got, const double *models, int mistakes) {
    const double tolerance = now.part->tolerance;
    for (int m = 0; m < mistakes; m++)
        if (!close_to(got, models[1 + m], 4 * tolerance)) now.alive[m] = false;
    shared->numbers++;
    now.count_in_case++;
    if (close_to(got, models[0], tolerance)) return false;
    now.got = now.wrong_count ? now.got : got;
    now.want = now.wrong_count ? now.want : models[0];
    if (now.wrong_count == 0) shared->fixed = !shared->fresh;
    return now.wrong_count++ == 0;
}

static void remember_where(const char *where, va_list args) {
    vsnprintf(now.where, sizeof now.where, where, args);
    snprintf(now.wrong_input, sizeof now.wrong_input, "%s", shared->input);
}

void exam_number(double got, const double *models, const char *where, ...) {
    va_list args;
    va_start(args, where);
    if (judge(got, models, now.mistakes)) remember_where(where, args);
    va_end(args);
}

void exam_gradient(double got, double before, int B, const double *models, const char *where, ...) {
    double all[1 + EXAM_MISTAKES + RATIOS], factor[RATIOS] = { -1, 2, 0.5, B, B ? 1.0 / B : 0, 0 },
                                            grad = models[0] - before;
    memcpy(all, models, (size_t)(1 + now.mistakes) * sizeof *all);
    for (int r = 0; r < RATIOS; r++) all[1 + now.mistakes + r] = before + factor[r] * grad;
    if (!B) all[1 + now.mistakes + RATIO_MEAN] = all[1 + now.mistakes + RATIO_MEAN_TWICE] = NAN;
    va_list args;
    va_start(args, where);
    bool at_start = now.count_in_case == 0;
    if (judge(got, all, now.mistakes + RATIOS)) {
        remember_where(where, args);
        now.has_ratio = fabs(grad) > 1e-3;
        now.ratio = now.has_ratio ? (got - before) / grad : 0;
        now.first_right_only = !at_start && now.count_in_case == 2;
    }
    va_end(args);
}

/* ---- the report -------------------------------------------------------------------------------------------------- */

static void add(char *text, size_t size, const char *format, va_list args) {
    size_t used = strlen(text);
    vsnprintf(text + used, size - used, format, args);
}

PRINTF_LIKE(1, 2) static void report(const char *format, ...) {
    va_list args;
    va_start(args, format);
    add(shared->report, sizeof shared->report, format, args);
    va_end(args);
}

void exam_note(const char *format, ...) {
    va_list args;
    va_start(args, format);
    add(shared->notes, sizeof shared->notes, format, args);
    va_end(args);
}

static void end_part(Verdict verdict) {
    fflush(NULL);
    shared->verdict = verdict;
    shared->finished = true;
    arena_free(&now.arena);
    _exit(0);
}

/* The mistakes that explain every number, each text once. */
static int explain(const Mistake **found, int room) {
    int count = 0;
    for (int m = 0; m < now.mistakes + (now.part->gradient ? RATIOS : 0); m++) {
        const Mistake *mistake = m < now.mistakes ? &now.part->mistakes[m] : &ratio_mistakes[m - now.mistakes];
        bool known = !now.alive[m];
        for (int i = 0; i < count; i++) known = known || !strcmp(found[i]->text, mistake->text);
        if (!known && count < room) found[count++] = mistake;
    }
    return count;
}

static void report_unknown(void) {
    if (now.part->gradient && now.first_right_only && 2 * now.wrong_count > now.count_in_case) {
        snprintf(shared->id, sizeof shared->id, "index");
        report("  Only the first number is right: a stride, or rows and columns exchanged.\n");
    } else if (isnan(now.got)) {
        report("  nan: a number that was never written or read from beyond an array, 0/0, or a difference of "
               "infinities.\n");
    } else if (isinf(now.got)) {
        report("  inf: a division by 0, the logarithm of 0, or exp of a number above 88.\n");
    } else {
        if (now.part->gradient && now.has_ratio) report("  Its ratio to the right gradient is %.4g.\n", now.ratio);
        report(
            "  None of the mistakes known to this check gives these numbers. Put the worked number of the file in.\n");
    }
}

static void look_at_guards(void);

static void judge_part(void) {
    look_at_guards();
    if (now.wrong_count == 0 && shared->numbers > 0) end_part(PART_RIGHT);
    const Mistake *found[4];
    int count = explain(found, COUNT(found));
    double allowed = now.part->tolerance * fmax(1, fabs(now.want));
    report("  put in    %s\n", now.wrong_input);
    report("  %s\n    expected  %.7g\n    got       %.7g", now.where, now.want, now.got);
    if (isfinite(now.got - now.want)) report("     (off by %.3g, allowed %.1g)", fabs(now.got - now.want), allowed);
    report("\n");
    for (int i = 0; i < count; i++) {
        report("  %s %s.\n",
               i == 0 ? "These are the numbers of a known mistake:" : "    or of this one:", found[i]->text);
        size_t used = strlen(shared->id);
        if (i > 0 && !strcmp(found[i]->id, found[i - 1]->id)) continue;
        snprintf(shared->id + used, sizeof shared->id - used, "%s%s", i ? "|" : "", found[i]->id);
    }
    if (count == 0) report_unknown();
    end_part(PART_WRONG);
}

/* After a case with a wrong number no further one is put in, unless several mistakes still explain what came. */
void exam_case(const char *format, ...) {
    const Mistake *found[4];
    look_at_guards();
    if (now.wrong_count > 0 && explain(found, COUNT(found)) <= 1) judge_part();
    va_list args;
    va_start(args, format);
    vsnprintf(shared->input, sizeof shared->input, format, args);
    va_end(args);
    now.case_count++;
    now.count_in_case = 0;
}

void exam_wrong(const char *id, const char *format, ...) {
    va_list args;
    va_start(args, format);
    if (*shared->input) report("  put in    %s\n", shared->input);
    report("  ");
    add(shared->report, sizeof shared->report, format, args);
    report("\n");
    va_end(args);
    snprintf(shared->id, sizeof shared->id, "%s", id ? id : "");
    end_part(PART_WRONG);
    abort();
}

void exam_untouched(void) {
    end_part(PART_UNTOUCHED);
    abort();
}

void exercise_todo(const char *file, int line, ...) {
    (void)file, (void)line;
    exam_untouched();
}

/* ---- guarded memory ---------------------------------------------------------------------------------------------- */

/* Before and behind each array lie numbers that are NaN: who reads them gets NaN, and who writes them is found out. */
enum { GUARD = 16, GUARDED = 400 };
static struct { num *v; size_t n; } guarded[GUARDED];
static size_t guarded_count;

static num *guard(size_t n) {
    num *all = arena_alloc(&now.arena, n + 2 * GUARD, sizeof *all);
    for (size_t i = 0; i < n + 2 * GUARD; i++) all[i] = (num)NAN;
    if (guarded_count < GUARDED) guarded[guarded_count].v = all + GUARD, guarded[guarded_count++].n = n;
    return all + GUARD;
}

static void look_at_guards(void) {
    for (size_t g = 0; g < guarded_count; g++)
        for (int i = 0; i < GUARD; i++)
            if (!isnan(guarded[g].v[-1 - i]) || !isnan(guarded[g].v[guarded[g].n + (size_t)i]))
                exam_wrong(
                    "outside",
                    "Something was written before the beginning or behind the end of an array of %zu numbers. Check "
                    "the loops' bounds.",
                    guarded[g].n);
}

Mat exam_guarded(Mat m) {
    Mat copy = m;
    copy.v = guard(mat_count(m));
    memcpy(copy.v, m.v, mat_count(m) * sizeof(num));
    return copy;
}

num *exam_copy(const num *v, int n) { return memcpy(guard((size_t)n), v, (size_t)n * sizeof *v); }

Mat exam_from(int rows, int cols, const double *numbers) {
    return exam_guarded(mat_from(&now.arena, rows, cols, numbers));
}

/* ---- inputs ------------------------------------------------------------------------------------------------------ */

Mat exam_room(int rows, int cols) {
    Mat m = mat_shape(2, rows, cols);
    m.v = guard(mat_count(m));
    return m;
}

Mat exam_random(int rows, int cols, double scale) {
    return exam_guarded(mat_normal(&now.arena, rows, cols, exam_rng(), scale));
}

enum { SHOWN = 8, TEXT = 400 };

const char *exam_vector(const num *v, int n) {
    char *text = arena_alloc(&now.arena, TEXT, 1);
    int used = snprintf(text, TEXT, "(");
    for (int i = 0; i < n && i < SHOWN; i++)
        used += snprintf(text + used, (size_t)(TEXT - used), "%s%.4g", i ? ", " : "", (double)v[i]);
    snprintf(text + used, (size_t)(TEXT - used), "%s)", n > SHOWN ? ", ..." : "");
    return text;
}

const char *exam_matrix(Mat m) {
    char *text = arena_alloc(&now.arena, TEXT, 1);
    int used = snprintf(text, TEXT, "["), n = (int)MIN(mat_count(m), 16);
    for (int i = 0; i < n; i++)
        used += snprintf(text + used, (size_t)(TEXT - used), "%s%.4g",
                         !i               ? ""
                         : i % m.shape[1] ? " "
                                          : " | ",
                         (double)m.v[i]);
    snprintf(text + used, (size_t)(TEXT - used), "%s]", mat_count(m) > 16 ? " ..." : "");
    return text;
}

const char *exam_ints(const int *v, int n) {
    char *text = arena_alloc(&now.arena, TEXT, 1);
    int used = snprintf(text, TEXT, "(");
    for (int i = 0; i < n && i < SHOWN; i++)
        used += snprintf(text + used, (size_t)(TEXT - used), "%s%d", i ? ", " : "", v[i]);
    snprintf(text + used, (size_t)(TEXT - used), "%s)", n > SHOWN ? ", ..." : "");
    return text;
}

char *exam_printed(void (*call)(void)) {
    enum { MOST = 1 << 20 };
    FILE *file = tmpfile();
    int before = dup(STDOUT_FILENO);
    if (!file || before < 0) die("a temporary file: %s", strerror(errno));
    fflush(stdout);
    dup2(fileno(file), STDOUT_FILENO);
    call();
    fflush(stdout);
    dup2(before, STDOUT_FILENO);
    close(before);
    rewind(file);
    char *text = arena_alloc(&now.arena, MOST + 1, 1);
    text[fread(text, 1, MOST, file)] = '\0';
    fclose(file);
    return text;
}

/* ---- one part in its own process --------------------------------------------------------------------------------- */

static void limit_to(int resource, rlim_t soft, rlim_t hard) {
    struct rlimit limit = { soft, hard };
    setrlimit(resource, &limit); /* where the system does not know it, the clock of the parent remains */
}

NORETURN static void be_child(const Part *part, int index, uint64_t seed, int out) {
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    close(out);
    setvbuf(stdout, NULL, _IOLBF, 0); /* what is printed before a crash is seen */
    limit_to(RLIMIT_CPU, CPU_SECONDS, CPU_SECONDS + 1);
    limit_to(RLIMIT_CORE, 0, 0);
    if (!SANITIZED) limit_to(RLIMIT_AS, (rlim_t)MEMORY_MB << 20, (rlim_t)MEMORY_MB << 20);
    now.part = part;
    now.rng = rng_seed(seed, (uint64_t)index);
    while (part->mistakes[now.mistakes].id) now.mistakes++;
    for (size_t i = 0; i < COUNT(now.alive); i++) now.alive[i] = true;
    part->check();
    judge_part();
    abort();
}

/* Reads what the child prints until it closes its end or the time is up. False: it is. */
static bool listen(int in, char *said) {
    double start = clock_seconds();
    size_t used = 0;
    for (;;) {
        struct pollfd wait = { .fd = in, .events = POLLIN };
        double left = WALL_SECONDS - (clock_seconds() - start);
        char lost[4096];
        if (left <= 0) return false;
        if (poll(&wait, 1, (int)(1000 * left) + 1) <= 0) continue;
        bool room = used < PRINTED;
        ssize_t n = read(in, room ? said + used : lost, room ? PRINTED - used : sizeof lost);
        if (n <= 0) return true;
        if (room) used += (size_t)n, said[used] = '\0';
    }
}

static void report_end(bool timely, int status) {
    const char *put_in = *shared->input ? shared->input : "the first input";
    shared->verdict = PART_WRONG;
    shared->report[0] = '\0';
    report("  put in    %s\n", put_in);
    if (!timely || (WIFSIGNALED(status) && (WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL))) {
        snprintf(shared->id, sizeof shared->id, "endless");
        report("  Stopped: it ran for more than %d seconds. Is there a loop whose condition never becomes false?\n",
               timely ? CPU_SECONDS : WALL_SECONDS);
    } else if (WIFSIGNALED(status)) {
        snprintf(shared->id, sizeof shared->id, "crash");
        report("  Crashed: %s. An index outside an array, or a function that calls itself without end?\n",
               strsignal(WTERMSIG(status)));
    } else if (WEXITSTATUS(status) == EXIT_CONTRACT) {
        snprintf(shared->id, sizeof shared->id, "contract");
        report("  A function of the library was called with something it does not take; it says what, above.\n");
    } else {
        snprintf(shared->id, sizeof shared->id, "exit");
        report("  The program ended (exit status %d) before the function had returned.\n", WEXITSTATUS(status));
    }
}

static void run_part(const Part *part, int index, uint64_t seed, char *said) {
    int ends[2];
    memset(shared, 0, sizeof *shared);
    *said = '\0';
    fflush(NULL);
    if (pipe(ends) != 0) die("pipe: %s", strerror(errno));
    pid_t child = fork();
    if (child < 0) die("fork: %s", strerror(errno));
    if (child == 0) {
        close(ends[0]);
        be_child(part, index, seed, ends[1]);
    }
    close(ends[1]);
    bool timely = listen(ends[0], said);
    int status = 0;
    kill(child, SIGKILL); /* it has closed its output, or the time is up */
    waitpid(child, &status, 0);
    close(ends[0]);
    if (!shared->finished) report_end(timely, status);
}

/* ---- the whole exercise ------------------------------------------------------------------------------------------ */

/* The line of the file on which the function begins; 0 if there is none. */
static int line_of(const File *file, const char *name) {
    const char *text = (const char *)file->data, *end = text + file->size;
    char call[80];
    int length = snprintf(call, sizeof call, "%s(", name);
    for (int line = 1; text < end; line++) {
        const char *stop = memchr(text, '\n', (size_t)(end - text));
        if (!stop) stop = end;
        for (const char *at = text;
             at + length <= stop && *text != ' ' && *text != '/' && *text != '*' && *text != '#'; at++)
            if (!memcmp(at, call, (size_t)length)) return line;
        text = stop + 1;
    }
    return 0;
}

/* FNV-1a (Fowler, Noll, Vo), cut to nine digits that can be typed. */
static uint64_t seed_of(const File *file) {
    uint64_t hash = 14695981039346656037u;
    for (size_t i = 0; i < file->size; i++) hash = (hash ^ file->data[i]) * 1099511628211u;
    return hash % 1000000000u;
}

static void print_said(const char *said) {
    if (!*said) return;
    printf("  Your program printed:\n");
    int line = 0;
    for (const char *stop; *said && line < PRINTED_LINES; line++) {
        stop = strchr(said, '\n');
        int length = stop ? (int)(stop - said) : (int)strlen(said);
        printf("  | %.*s\n", MIN(length, 200), said);
        said += length + (stop != NULL);
    }
    if (*said) printf("  | ...\n");
}

typedef struct { int right, untouched, wrong; char id[64]; } PairScore;

static void print_wrong(const Term *term, const Part *part, const char *path, const File *file, uint64_t seed) {
    term_print(term, TERM_BAD, "WRONG: %s", part->name);
    printf("   %s:%d\n%s", path, line_of(file, part->name), shared->report);
    printf("  again: make ex-%s", exam.number);
    if (shared->fresh && !shared->fixed) printf(" SEED=%llu (the same fresh numbers)", (unsigned long long)seed);
    printf("     a hint: make hint-%s\n", exam.number);
}

static PairScore run_parts(const Term *term, const char *path, const File *file, uint64_t seed) {
    PairScore tally = { 0 };
    char said[PRINTED + 1];
    for (int i = 0; i < exam.count; i++) {
        const Part *part = &exam.parts[i];
        run_part(part, i, seed, said);
        print_said(said);
        fputs(shared->notes, stdout);
        tally.right += shared->verdict == PART_RIGHT;
        tally.untouched += shared->verdict == PART_UNTOUCHED;
        if (shared->verdict != PART_WRONG) {
            printf("%s: %s\n", shared->verdict == PART_RIGHT ? "right" : "not started", part->name);
            continue;
        }
        print_wrong(term, part, path, file, seed);
        snprintf(tally.id, sizeof tally.id, "%s", shared->id);
        tally.wrong = 1;
        break; /* the first wrong one is enough to think about */
    }
    return tally;
}

static ExamStatus conclude(const Term *term, const PairScore *tally, const char *path) {
    if (tally->wrong) return EXAM_WRONG;
    if (tally->right == exam.count) {
        term_print(term, TERM_GOOD, "DONE %s %s\n", exam.number, exam.title);
        printf("  What you have shown: %s\n  Where CLIP does it: %s\n", exam.proved, exam.in_clip);
        return EXAM_DONE;
    }
    if (tally->right == 0) {
        printf("NOT STARTED %s %s: this is an exercise, not an error. Open %s and look for TODO.\n", exam.number,
               exam.title, path);
        return EXAM_NOT_STARTED;
    }
    printf("BEGUN %s %s: %d of %d parts are right; go on with the next TODO in %s.\n", exam.number, exam.title,
           tally->right, exam.count, path);
    return EXAM_BEGUN;
}

static void write_result(const char *path, ExamStatus status, const PairScore *tally) {
    const char *word = status == EXAM_DONE    ? "done"
                       : status == EXAM_WRONG ? "wrong"
                       : status == EXAM_BEGUN ? "begun"
                                              : "not-started";
    OutFile out;
    Err err;
    if (!out_open(&out, path, &err)) die("%s", err.text);
    fprintf(out.stream, "%s %d %d %s\n", word, tally->right, exam.count, *tally->id ? tally->id : "-");
    if (!out_commit(&out, &err)) die("%s", err.text);
}

int main(int argc, char **argv) {
    long long seed = 0;
    File file;
    Err err;
    if (argc < 2 || argc > 4) die_usage("exam STUDENT.c [SEED|-] [RESULT]");
    if (!file_open(&file, argv[1], &err)) die("%s", err.text);
    bool given = argc > 2 && strcmp(argv[2], "-");
    if (given && !parse_int(argv[2], 0, INT64_MAX, &seed)) die_usage("SEED is '%s', want a whole number", argv[2]);
    if (!given) seed = (long long)seed_of(&file);
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANON, -1, 0);
    if (shared == MAP_FAILED) die("memory to share: %s", strerror(errno));
    Term term = term_of(stdout);
    PairScore tally = run_parts(&term, argv[1], &file, (uint64_t)seed);
    ExamStatus status = conclude(&term, &tally, argv[1]);
    if (argc > 3) write_result(argv[3], status, &tally);
    file_close(&file);
    fflush(stdout);
    return status;
}
