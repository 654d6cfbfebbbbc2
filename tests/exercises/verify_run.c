#include "verify_inside.h"

#include "show/term_fit.h"

#include <ctype.h>
#include <stdarg.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) && !defined(__SANITIZE_ADDRESS__)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__ /* it wants more memory than any limit */
enum { LIMITED = 0 };
#else
enum { LIMITED = 1 };
#endif

enum { CPU_SECONDS = LIMITED ? 3 : 15, CPU_SECONDS_SANITIZED = 20, WALL_SECONDS = 120, MEMORY_MB = 1024 };
enum { PRINTED = 60000, PRINTED_LINES = 20, FINDINGS = 60 };

/* What the compiler said of a line. */
typedef struct {
    int line;
    char id[24], text[240];
} Finding;

/* What a sanitizer said. */
typedef struct {
    bool found;
    int line;
    char id[24], text[500];
} Sanitized;

/* What this run of the program was asked for. */
static struct {
    const char *student, *result, *sanitized;
    File file;
    uint64_t seed;
    bool all;
    Finding finding[FINDINGS];
    int findings;
    Term term;
} run;

static const Part *part_of(int index) { return &checked.parts[index]; }

/* ---- the student's file ------------------------------------------------------------------------------------------ */

static bool in_a_name(char c) { return isalnum((unsigned char)c) || c == '_'; }

/* The line of the file on which the function begins; 0 if there is none. */
static int line_of(const char *name) {
    const char *text = (const char *)run.file.data, *end = text + run.file.size;
    char call[80];
    int length = snprintf(call, sizeof call, "%s(", name);
    for (int line = 1; text < end; line++) {
        const char *stop = memchr(text, '\n', (size_t)(end - text));
        if (!stop) stop = end;
        const char *last = stop;
        while (last > text && isspace((unsigned char)last[-1])) last--;
        bool declares = !strchr(" \t/*#", *text) && last > text && last[-1] != ';';
        for (const char *at = text; declares && at + length <= stop; at++)
            if (!memcmp(at, call, (size_t)length) && (at == text || !in_a_name(at[-1]))) return line;
        text = stop + 1;
    }
    return 0;
}

/* The first line behind `from` that begins with a brace: there the function ends. */
static int end_of(int from) {
    const char *text = (const char *)run.file.data, *end = text + run.file.size;
    for (int line = 1; text < end; line++) {
        const char *stop = memchr(text, '\n', (size_t)(end - text));
        if (line > from && *text == '}') return line;
        text = stop ? stop + 1 : end;
    }
    return INT32_MAX;
}

/* Whether the line may be about this part: it is not in the function of another one. */
static bool concerns(int line, int index) {
    for (int other = 0; other < checked.count; other++) {
        int begin = line_of(part_of(other)->name);
        if (other != index && begin > 0 && line >= begin && line <= end_of(begin)) return false;
    }
    return true;
}

/* FNV-1a (Fowler, Noll, Vo), cut to nine digits that can be typed. */
static uint64_t seed_of(const File *file) {
    uint64_t hash = 14695981039346656037u;
    for (size_t i = 0; i < file->size; i++) hash = (hash ^ file->data[i]) * 1099511628211u;
    return hash % 1000000000u;
}

static void read_findings(const char *path) {
    FILE *file = fopen(path, "r");
    char line[400];
    while (file && run.findings < FINDINGS && fgets(line, sizeof line, file)) {
        Finding *f = &run.finding[run.findings];
        line[strcspn(line, "\n")] = '\0';
        run.findings += sscanf(line, "%d %23s %239[^\n]", &f->line, f->id, f->text) == 3;
    }
    if (file) fclose(file);
}

/* ---- one part in its own process --------------------------------------------------------------------------------- */

static void limit_to(int resource, rlim_t soft, rlim_t hard) {
    struct rlimit limit = { soft, hard };
    setrlimit(resource, &limit); /* where the system does not know it, the clock of the parent remains */
}

static void limit_child(int out, bool sanitized) {
    rlim_t seconds = sanitized ? CPU_SECONDS_SANITIZED : CPU_SECONDS;
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    close(out);
    setvbuf(stdout, NULL, _IOLBF, 0); /* what is printed before a crash is seen */
    limit_to(RLIMIT_CPU, seconds, seconds + 1);
    limit_to(RLIMIT_CORE, 0, 0);
    if (LIMITED && !sanitized) limit_to(RLIMIT_AS, (rlim_t)MEMORY_MB << 20, (rlim_t)MEMORY_MB << 20);
}

/* The same program with the student's file built with sanitizers checks the part, in the memory that is shared. */
NORETURN static void become_sanitized(int index, int memory) {
    char part[16], seed[32], fd[16];
    snprintf(part, sizeof part, "%d", index);
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)run.seed);
    snprintf(fd, sizeof fd, "%d", memory);
    setenv("ASAN_OPTIONS", "detect_leaks=0:color=never:handle_abort=0:exitcode=87", 1);
    setenv("UBSAN_OPTIONS", "color=never:print_stacktrace=0", 1);
    execl(run.sanitized, run.sanitized, "--part", part, seed, fd, (char *)NULL);
    _exit(127);
}

/* Reads what the child prints until it closes its end or the time is up. False: it is. */
static bool listen_to(int in, char *said) {
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
        if (room) {
            used += (size_t)n;
            said[used] = '\0';
        }
    }
}

static int shared_memory = -1, pretended;

static double child_seconds(void) {
    struct rusage usage;
    getrusage(RUSAGE_CHILDREN, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

/* Runs a part to its end; its exit status, or -1 when the time was up. */
static int run_child(int index, bool sanitized, char *said) {
    int ends[2], status = 0;
    memset(shared, 0, sizeof *shared);
    *said = '\0';
    fflush(NULL);
    if (pipe(ends) != 0) die("pipe: %s", strerror(errno));
    pid_t child = fork();
    if (child < 0) die("fork: %s", strerror(errno));
    if (child == 0) {
        close(ends[0]);
        limit_child(ends[1], sanitized);
        if (sanitized) become_sanitized(index, shared_memory);
        verify_pretend(pretended);
        verify_part(part_of(index), index, run.seed, false);
    }
    close(ends[1]);
    bool timely = listen_to(ends[0], said);
    kill(child, SIGKILL); /* it has closed its output, or the time is up */
    waitpid(child, &status, 0);
    close(ends[0]);
    return timely ? status : -1;
}

/* ---- ends before the end ----------------------------------------------------------------------------------------- */

static bool out_of_time(int status) {
    return status == -1 || (WIFSIGNALED(status) && (WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL));
}

PRINTF_LIKE(1, 2) static void report(const char *format, ...) {
    size_t used = strlen(shared->report);
    va_list args;
    va_start(args, format);
    vsnprintf(shared->report + used, sizeof shared->report - used, format, args);
    va_end(args);
}

static void set_id(const char *id) {
    if (!*shared->id) snprintf(shared->id, sizeof shared->id, "%s", id);
}

static void report_input(void) {
    const char *label = shared->label;
    report("  input     %s%s%s%s\n", *label ? "(" : "", label, *label ? ") " : "",
           *shared->input ? shared->input : "the first input");
}

static void report_end(int status) {
    char before[sizeof shared->report];
    snprintf(before, sizeof before, "%s", shared->report);
    shared->verdict = PART_WRONG;
    shared->report[0] = '\0';
    report_input();
    if (out_of_time(status)) {
        set_id("endless");
        report("  Stopped after %d seconds. A loop does not end: its condition never becomes false.\n",
               status == -1 ? WALL_SECONDS : CPU_SECONDS);
        shared->named = true;
    } else if (WIFSIGNALED(status)) {
        set_id("crash");
        report(
            "  Crashed: %s. Usual causes: an index outside of an array, a function that calls itself without end, or "
            "memory that malloc could not give.\n",
            strsignal(WTERMSIG(status)));
    } else if (WEXITSTATUS(status) == EXIT_CONTRACT) {
        set_id("contract");
        report("  Your function called a function of the library with an argument that it does not accept. The "
               "message above says which.\n");
        shared->named = true;
    } else {
        set_id("exit");
        report("  The program ended with exit status %d before your function returned. Use return, not exit.\n",
               WEXITSTATUS(status));
        shared->named = true;
    }
    report("%s", before);
}

/* ---- what a sanitizer found -------------------------------------------------------------------------------------- */

/* The line of the student's file that a report names first; 0 if none. */
static int student_line(const char *said) {
    const char *slash = strrchr(run.student, '/'), *base = slash ? slash + 1 : run.student;
    size_t length = strlen(base);
    for (const char *at = strstr(said, base); at; at = strstr(at + 1, base))
        if (at[length] == ':' && isdigit((unsigned char)at[length + 1])) return atoi(at + length + 1);
    return 0;
}

static const struct {
    const char *kind, *id, *text;
} sanitizer_kinds[] = {
    { "stack-buffer-overflow", "outside", "%s %s beyond the end of the array%s of your function" },
    { "stack-buffer-underflow", "outside", "%s %s before the beginning of the array%s of your function" },
    { "dynamic-stack-buffer-overflow", "outside", "%s %s beyond the end of the array%s of your function" },
    { "global-buffer-overflow", "outside", "%s %s beyond the end of the global array%s" },
    { "heap-use-after-free", "freed", "%s %s memory%s that was freed. arena_free or free comes too early" },
    { "stack-use-after", "freed", "%s %s a local variable%s of a function or block that has ended" },
    { "stack-overflow", "endless",
      "%s needs more stack%s%s than there is. A function calls itself without end, or a local array is too large" },
    { "use-after-poison", "outside", "%s %s outside of an array%s, before its beginning or beyond its end" },
    { "heap-buffer-overflow", "outside", "%s %s outside of an array%s, before its beginning or beyond its end" },
    { "memcpy-param-overlap", "overlap", "%s calls memcpy for two pieces of memory%s%s that overlap" },
    { "requested allocation size", "memory", "%s asks for more memory%s%s than there is. Look at the size" },
    { "allocation-size-too-big", "memory", "%s asks for more memory%s%s than there is. Look at the size" },
    { "out of memory", "memory", "%s asks for more memory%s%s than there is. Look at the size" },
    { "attempting double-free", "freed", "%s frees%s%s the same memory a second time" },
    { "attempting free", "freed", "%s frees%s%s memory that malloc did not give" },
    { "SEGV", "crash",
      "%s %s memory%s that does not exist. The address was never set, is NULL, or lies far outside of an array" },
};

/* The local array that an address report marks, as " 'mean'". */
static void marked_variable(const char *said, char *name, size_t size) {
    const char *mark = strstr(said, "<== Memory access"), *begin = mark;
    *name = '\0';
    if (!mark) return;
    while (begin > said && begin[-1] != '\n') begin--;
    const char *open = memchr(begin, '\'', (size_t)(mark - begin));
    const char *close = open ? memchr(open + 1, '\'', (size_t)(mark - open - 1)) : NULL;
    if (close) snprintf(name, size, " `%.*s`", (int)(close - open - 1), open + 1);
}

static void read_address_report(const char *report_text, Sanitized *s) {
    char who[40], name[60];
    const char *verb = strstr(report_text, "\nWRITE of size")  ? "writes"
                       : strstr(report_text, "\nREAD of size") ? "reads"
                                                               : "uses";
    marked_variable(report_text, name, sizeof name);
    s->found = true;
    s->line = student_line(report_text);
    snprintf(who, sizeof who, s->line ? "Line %d" : "Your function", s->line);
    snprintf(s->id, sizeof s->id, "crash");
    snprintf(s->text, sizeof s->text, "%s %s memory that it must not use", who, verb);
    for (size_t i = 0; i < COUNT(sanitizer_kinds); i++) {
        const char *at = strstr(report_text, sanitizer_kinds[i].kind);
        if (!at || memchr(report_text, '\n', (size_t)(at - report_text))) continue;
        snprintf(s->id, sizeof s->id, "%s", sanitizer_kinds[i].id);
        bool has_verb = strstr(sanitizer_kinds[i].text, "%s %s ") == sanitizer_kinds[i].text;
        snprintf(s->text, sizeof s->text, sanitizer_kinds[i].text, who, has_verb ? verb : "", name);
        break;
    }
    size_t used = strlen(s->text);
    snprintf(s->text + used, sizeof s->text - used, " (AddressSanitizer: %.*s)",
             (int)MIN(strcspn(report_text, " :\n"), 40), report_text);
}

static Sanitized read_sanitizer(const char *said) {
    Sanitized s = { 0 };
    const char *address = strstr(said, "ERROR: AddressSanitizer: "), *undefined = strstr(said, ": runtime error: ");
    if (address) {
        read_address_report(address + 25, &s);
    } else if (undefined) {
        const char *begin = undefined, *what = undefined + 17;
        while (begin > said && begin[-1] != '\n') begin--;
        s.line = student_line(begin);
        if (!s.line) return s; /* the library's own lines are tested elsewhere */
        s.found = true;
        snprintf(s.id, sizeof s.id, "%s",
                 strstr(what, "out of bounds")   ? "outside"
                 : !strncmp(what, "division", 8) ? "zero-division"
                 : strstr(what, "null pointer")  ? "null"
                                                 : "undefined");
        snprintf(s.text, sizeof s.text, "Line %d: %.*s", s.line, (int)MIN(strcspn(what, "\n"), 300), what);
    }
    return s;
}

/* Memory that was never written holds one thing in the one program and another in the other: where they differ, the
 * student's function read it. */
static Sanitized compare_runs(const Shared *plain, const Shared *seen) {
    Sanitized s = { 0 };
    bool wrong = plain->verdict == PART_WRONG, same_nan = isnan(plain->got) && isnan(seen->got);
    if (!plain->finished || !seen->finished || (wrong && !plain->has_got)) return s;
    if (plain->verdict == seen->verdict && (!wrong || same_nan || plain->got == seen->got)) return s;
    if (plain->verdict == seen->verdict && fabs(plain->got - seen->got) <= 1e-4 * fmax(1, fabs(plain->got))) return s;
    s.found = true;
    snprintf(s.id, sizeof s.id, "unwritten");
    snprintf(
        s.text, sizeof s.text,
        "Your function uses numbers that were never written. Memory from arena_alloc, mat_new and malloc is not set "
        "to 0. A variable without = 0 is not set either");
    return s;
}

/* Runs the part once more under the sanitizers and adds what they say. Where they cannot start, nothing is said. */
static void look_closer(int index) {
    static char said[PRINTED + 1];
    static Shared plain;
    if (!run.sanitized || shared->verdict == PART_UNTOUCHED || strstr(shared->id, "endless")) return;
    plain = *shared;
    int status = run_child(index, true, said);
    Sanitized s = { 0 };
    if (shared->started && !shared->finished && !out_of_time(status)) s = read_sanitizer(said);
    Shared seen = *shared;
    *shared = plain;
    if (!s.found) s = compare_runs(&plain, &seen);
    if (!s.found) return;
    if (shared->verdict == PART_RIGHT || !strcmp(shared->id, "crash")) {
        *shared = seen;
        shared->verdict = PART_WRONG;
        shared->finished = true;
        shared->seconds = plain.seconds;
        shared->report[0] = shared->id[0] = shared->hint[0] = '\0';
        report_input();
        report("  %s%s.\n", seen.finished ? "" : "Stopped. ", s.text);
        set_id(s.id);
    } else {
        report("  %s%s.\n", shared->named ? "Also: " : "", s.text);
        if (!shared->named || !strcmp(shared->id, "remembers")) shared->id[0] = '\0';
        set_id(s.id);
    }
    shared->named = true;
}

/* ---- what the compiler said -------------------------------------------------------------------------------------- */

/* Findings that say what is wrong, and how; the most telling first. */
static const Mistake finding_texts[] = {
    { "recursion", "The function calls itself in every case, so it never returns" },
    { "uninitialised", "A variable is used before it has a value. Start it with = 0" },
    { "int-division", "This divides two integers, and C drops the fraction: 1 / 2 is 0. Write 1.0 / 2" },
    { "abs", "abs is for integers and drops the fraction. Use fabs" },
    { "int", "A real number is stored in an int, so its fraction is lost. Use double" },
    { "sizeof", "sizeof of a pointer is the size of an address, not of the array it points to" },
    { "indent", "The indentation does not agree with the braces. A line looks as if it were inside and is not" },
    { "empty", "A loop or an if has an empty body: there is one ; too many" },
    { "parentheses", "Parentheses are missing, or = stands in place of ==" },
    { "unused-value", "A value is computed and not used" },
    { "unset", "A variable may be used before it has a value. Start it with = 0" },
    { "self", "A variable is assigned to itself or compared with itself" },
    { "bounds", "An index is outside of its array" },
    { "static", "A static variable keeps its value from one call to the next" },
    { "shadow", "A variable is declared again in an inner block. The outer variable keeps its old value" },
};

/* A static variable may be harmless: it is shown where nothing else is known, and is no diagnosis. */
static bool only_shown(const Finding *f) { return !strcmp(f->id, "static"); }
static bool certain(const Finding *f) { return !strcmp(f->id, "uninitialised"); }

/* Adds what the compiler said of a wrong part. An uninitialised variable makes a right one wrong: it was luck. */
static void add_findings(int index) {
    int said = 0;
    for (size_t k = 0; k < COUNT(finding_texts); k++)
        for (int i = 0; i < run.findings && said < 2; i++) {
            const Finding *f = &run.finding[i];
            if (strcmp(f->id, finding_texts[k].id) || !concerns(f->line, index)) continue;
            if (shared->verdict == PART_RIGHT && !certain(f)) continue;
            if (only_shown(f) && shared->named) continue;
            if (shared->verdict == PART_RIGHT) {
                shared->verdict = PART_WRONG;
                shared->report[0] = '\0';
                report("  All numbers are right, but only by luck.\n");
            }
            bool unset = !strcmp(f->id, "uninitialised") || !strcmp(f->id, "unset");
            if (unset && shared->by_shape) { /* whatever its numbers look like is chance */
                shared->report[shared->shape_at] = shared->id[0] = '\0';
                shared->by_shape = shared->named = false;
            }
            if (unset && !strcmp(shared->id, "unwritten")) {
                shared->id[0] = '\0';
                shared->named = false;
            }
            report("  Line %d: %s. %s%s.\n", f->line, finding_texts[k].text,
                   only_shown(f) ? "The line: " : "The compiler says: ", f->text);
            said++;
            if (only_shown(f)) continue;
            if (!shared->named) set_id(f->id);
            shared->named = true;
        }
}

/* ---- the whole exercise ------------------------------------------------------------------------------------------ */

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

static void check_part(int index, char *said) {
    double before = child_seconds();
    int status = run_child(index, false, said);
    if (!shared->finished) report_end(status);
    look_closer(index);
    if (shared->verdict != PART_UNTOUCHED) add_findings(index);
    if (!shared->named && shared->verdict == PART_WRONG) {
        report("%s", shared->hint);
        if (shared->finished) report("  None of the mistakes known to this check gives these numbers.\n");
    }
    shared->seconds = child_seconds() - before;
}

typedef struct {
    int right, untouched, wrong;
    char id[64];
} PairScore;

static void print_wrong(int index) {
    const Part *part = part_of(index);
    term_print(&run.term, TERM_BAD, "WRONG: %s", part->name);
    printf("   %s:%d\n%s", run.student, line_of(part->name), shared->report);
    printf("  again: make ex-%s", checked.number);
    if (shared->fresh) printf(" SEED=%llu (the same fresh numbers)", (unsigned long long)run.seed);
    printf("     a hint: make hint-%s\n", checked.number);
}

static const char *const verdict_words[] = { "not-started", "right", "wrong" };

static PairScore run_parts(FILE *parts) {
    static char said[PRINTED + 1];
    PairScore counts = { 0 };
    for (int i = 0; i < checked.count; i++) {
        check_part(i, said);
        print_said(said);
        fputs(shared->notes, stdout);
        const char *id = shared->verdict == PART_WRONG && *shared->id ? shared->id : "-";
        if (parts)
            fprintf(parts, "%s %s %s %.3f\n", part_of(i)->name, verdict_words[shared->verdict], id, shared->seconds);
        counts.right += shared->verdict == PART_RIGHT;
        counts.untouched += shared->verdict == PART_UNTOUCHED;
        if (shared->verdict != PART_WRONG) {
            printf("%s: %s\n", shared->verdict == PART_RIGHT ? "right" : "not started", part_of(i)->name);
            continue;
        }
        print_wrong(i);
        if (!counts.wrong) snprintf(counts.id, sizeof counts.id, "%s", id);
        counts.wrong++;
        if (!run.all) break; /* the first wrong one is enough to think about */
    }
    return counts;
}

static VerifyStatus conclude(const PairScore *counts) {
    if (counts->wrong) return VERIFY_WRONG;
    if (counts->right == checked.count) {
        term_print(&run.term, TERM_GOOD, "DONE %s %s\n", checked.number, checked.title);
        if (checked.proved)
            printf("  What you have shown: %s\n  Where it is in CLIP: %s\n", checked.proved, checked.in_clip);
        return VERIFY_DONE;
    }
    if (counts->right == 0) {
        printf("NOT STARTED %s %s. This is not an error. Open %s and look for TODO.\n", checked.number, checked.title,
               run.student);
        return VERIFY_NOT_STARTED;
    }
    printf("BEGUN %s %s: %d of %d parts are right. Go on with the next TODO in %s.\n", checked.number, checked.title,
           counts->right, checked.count, run.student);
    return VERIFY_BEGUN;
}

static void write_result(const char *path, VerifyStatus status, const PairScore *counts) {
    const char *word = status == VERIFY_DONE    ? "done"
                       : status == VERIFY_WRONG ? "wrong"
                       : status == VERIFY_BEGUN ? "begun"
                                                : "not-started";
    OutFile out;
    Err err;
    if (!out_open(&out, path, &err)) die("%s", err.text);
    fprintf(out.stream, "%s %d %d %s\n", word, counts->right, checked.count, *counts->id ? counts->id : "-");
    if (!out_commit(&out, &err)) die("%s", err.text);
}

/* Memory that the processes of the parts write into; of a file, so that another program can be given it. */
static void share_memory(int fd) {
    static FILE *file;
    if (fd < 0) {
        file = tmpfile();
        if (!file || ftruncate(fileno(file), (off_t)sizeof *shared) != 0) die("memory to share: %s", strerror(errno));
        fd = fileno(file);
    }
    shared_memory = fd;
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (shared == MAP_FAILED) die("memory to share: %s", strerror(errno));
}

/* One known mistake, whose own numbers are the answer: it must be found, and be named by its id and by no other text.
 * True: it is. Two mistakes with the same numbers name both. */
static bool sweep_one(int index, int model, char *said) {
    const Mistake *mistake = &part_of(index)->mistakes[model - 1];
    memset(shared, 0, sizeof *shared);
    pretended = model;
    run_child(index, false, said);
    pretended = 0;
    bool named = shared->verdict == PART_WRONG && strstr(shared->report, mistake->text);
    bool alone = named && !strstr(shared->report, "Or, with the same numbers");
    if (!named || !alone)
        printf("%s %s %s (%s): %s\n%s%s", checked.number, part_of(index)->name, mistake->id, mistake->text,
               named                           ? "not the only one"
               : shared->verdict == PART_RIGHT ? "not found"
                                               : "not named",
               shared->report, shared->hint);
    return named && alone;
}

/* --sweep SEED: every known mistake. Wants to be linked with a right answer. */
NORETURN static void sweep(const char *seed) {
    static char said[PRINTED + 1];
    int good = 0, bad = 0;
    run.seed = strtoull(seed, NULL, 10);
    share_memory(-1);
    for (int i = 0; i < checked.count; i++)
        for (int m = 1; part_of(i)->mistakes[m - 1].id; m++) {
            if (sweep_one(i, m, said)) good++;
            else bad++;
        }
    printf("%s: %d mistakes named, %d not\n", checked.number, good, bad);
    fflush(stdout);
    exit(bad ? EXIT_TROUBLE : 0);
}

/* --part INDEX SEED FD: as become_sanitized calls it. */
NORETURN static void be_part(char **argv) {
    int index = atoi(argv[2]);
    REQUIRE(index >= 0 && index < checked.count, "part %d of %d", index, checked.count);
    share_memory(atoi(argv[4]));
    verify_part(part_of(index), index, strtoull(argv[3], NULL, 10), true);
}

static const char *given(int argc, char **argv, int i) {
    return argc > i && strcmp(argv[i], "-") != 0 ? argv[i] : NULL;
}

static VerifyStatus examine(void) {
    OutFile parts;
    Err err;
    char path[1100];
    bool wanted = run.result != NULL;
    if (wanted) {
        snprintf(path, sizeof path, "%s.parts", run.result);
        if (!out_open(&parts, path, &err)) die("%s", err.text);
    }
    PairScore counts = run_parts(wanted ? parts.stream : NULL);
    VerifyStatus status = conclude(&counts);
    if (wanted && !out_commit(&parts, &err)) die("%s", err.text);
    if (wanted) write_result(run.result, status, &counts);
    return status;
}

int main(int argc, char **argv) {
    long long seed = 0;
    Err err;
    if (argc == 5 && !strcmp(argv[1], "--part")) be_part(argv);
    if (argc == 3 && !strcmp(argv[1], "--sweep")) sweep(argv[2]);
    if (argc < 2 || argc > 7) die_usage("NN STUDENT.c [SEED|-] [RESULT|-] [FINDINGS|-] [SANITIZED|-] [all]");
    run.student = argv[1];
    if (!file_open(&run.file, run.student, &err)) die("%s", err.text);
    const char *seed_text = given(argc, argv, 2), *findings = given(argc, argv, 4);
    if (seed_text && !parse_int(seed_text, 0, INT64_MAX, &seed))
        die_usage("SEED is '%s', want a whole number", seed_text);
    run.seed = seed_text ? (uint64_t)seed : seed_of(&run.file);
    run.result = given(argc, argv, 3);
    run.sanitized = given(argc, argv, 5);
    run.all = argc > 6;
    term_fit_output();
    run.term = term_of(stdout);
    if (findings) read_findings(findings);
    share_memory(-1);
    VerifyStatus status = examine();
    file_close(&run.file);
    fflush(stdout);
    return (int)status;
}
