/* drive: runs the fuzz harnesses on their corpus and on changed copies of it. Any compiler builds it.
 *
 *   build/fuzz                              the corpus, then a fixed number of changed inputs of each harness
 *   build/fuzz --seconds 60 [NAME ...]      for so long in all, for all harnesses or those named
 *   build/fuzz --replay FILE NAME           one input
 *
 * Each harness runs in its own process and shares its current input with this one. When it crashes, hangs, or takes
 * more than MEMORY_MB, the input is kept in BUILD/crashes/ and the command that repeats it is printed. Inputs come from
 * a seed: the same seed and number gives the same inputs. An input that causes a new message of a reader is kept and
 * changed further.
 *
 * With -DFUZZ_ONE=NAME this file is that harness for clang's libFuzzer instead.
 */
#include "fuzz.h"
#include "core/file.h"

#include "lesson/options.h"
#include "show/progress.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define DECLARE(id) extern const Harness harness_##id;
HARNESSES(DECLARE)

enum { MEMORY_MB = 768, STUCK_SECONDS = 120, SPIN_SECONDS = 4, POOL = 512, FINDINGS_MAX = 3, SIGNS = 1 << 16 };

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifdef SANITIZED
const char *__asan_default_options(void);
const char *__asan_default_options(void) {
    return "max_allocation_size_mb=768:allocator_may_return_null=1:quarantine_size_mb=16";
}
#else
#define SANITIZED 0
#endif

static void drop_warning(const char *line) { (void)line; }

#ifdef FUZZ_ONE

#define GLUE(a, b)     a##b
#define HARNESS_OF(id) GLUE(harness_, id)

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc;
    (void)argv;
    warning_hook = drop_warning;
    message_hook = abort; /* a message that ends the process is a finding too */
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    return size > FUZZ_MAX ? 0 : HARNESS_OF(FUZZ_ONE).run(data, size);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed) {
    static uint8_t room[FUZZ_MAX], same[FUZZ_MAX]; /* the input, and it again for splices */
    Rng rng = rng_seed(seed, 0);
    Input in = { .data = room,
                 .size = rng_below(&rng, 4) ? LLVMFuzzerMutate(data, size, MIN(max, (size_t)FUZZ_MAX)) : size };
    in.size = MIN(in.size, (size_t)FUZZ_MAX);
    memcpy(room, data, in.size);
    memcpy(same, data, in.size);
    if (rng_below(&rng, 2)) fuzz_mutate(&HARNESS_OF(FUZZ_ONE), &rng, &in, (Input){ .data = same, .size = in.size });
    else if (HARNESS_OF(FUZZ_ONE).mend) HARNESS_OF(FUZZ_ONE).mend(&in);
    in.size = MIN(in.size, max);
    memcpy(data, room, in.size);
    return in.size;
}

#else

#define LISTED(id) &harness_##id,
static const Harness *const harnesses[] = { HARNESSES(LISTED) };

/* Memory shared by the process of a harness and this one. */
typedef struct {
    volatile uint64_t executions;
    volatile size_t size;
    uint8_t data[FUZZ_MAX];
} Shared;

typedef struct {
    const Harness *harness;
    uint64_t seed, max;  /* changed inputs at most; 0: until the time is up */
    double seconds;      /* 0: no limit */
    const char *folder;  /* of the findings */
    const char *program; /* as it was called */
} Job;

typedef struct {
    uint64_t executions;
    double seconds;
    int findings;
} Outcome;

static Shared *shared;

/* ---- the corpus ------------------------------------------------------------------------------------------------- */

/* Inputs to change. The first `given` are the corpus and always stay, because most of the found inputs are refused
 * early. No found input is larger than `max`, so that inputs stay small and fast. */
typedef struct {
    Input input[POOL];
    int count, given;
    size_t max;
} Pool;

static void pool_add(Pool *pool, Rng *rng, const uint8_t *data, size_t size) {
    int i = pool->count < POOL ? pool->count++ : pool->given + (int)rng_below(rng, (uint32_t)(POOL - pool->given));
    free(pool->input[i].data);
    pool->input[i] = (Input){ .data = fuzz_copy(data, size), .size = size };
}

static int visible(const struct dirent *entry) { return entry->d_name[0] != '.'; }

static void pool_fill(Pool *pool, Rng *rng, const Harness *harness) {
    static uint8_t room[FUZZ_MAX];
    struct dirent **entries;
    char path[600];
    Input in = { .data = room };
    Err err;
    for (int i = 0; harness->make && harness->make(i, &in) > 0; i++) pool_add(pool, rng, in.data, in.size);
    if (harness->corpus) {
        snprintf(path, sizeof path, "tests/corpus/%s", harness->corpus);
        int count = scandir(path, &entries, visible, alphasort);
        if (count < 0) die("%s: %s; run this from the top folder", path, strerror(errno));
        for (int i = 0; i < count; i++) {
            File file;
            snprintf(path, sizeof path, "tests/corpus/%s/%s", harness->corpus, entries[i]->d_name);
            if (!file_open(&file, path, &err)) die("%s", err.text);
            pool_add(pool, rng, file.data, MIN(file.size, (size_t)FUZZ_MAX));
            file_close(&file);
            free(entries[i]);
        }
        free(entries);
    }
    if (!pool->count) pool_add(pool, rng, (const uint8_t *)"", 0);
    pool->given = MIN(pool->count, POOL / 2);
}

static Input pool_draw(const Pool *pool, Rng *rng) {
    return pool->input[rng_below(rng, (uint32_t)(rng_below(rng, 2) ? pool->given : pool->count))];
}

/* ---- the process that runs a harness ---------------------------------------------------------------------------- */

/* After each second of its processor time: is it still at the same input? */
static void on_second(int signal) {
    static uint64_t before;
    static int same;
    (void)signal;
    same = shared->executions == before ? same + 1 : 0;
    before = shared->executions;
    static const char text[] = "stuck: this input takes too long\n";
    if (same >= SPIN_SECONDS && write(STDERR_FILENO, text, sizeof text - 1) >= 0) _exit(99);
}

static void limits_set(void) {
    struct rlimit memory = { (rlim_t)MEMORY_MB << 20, (rlim_t)MEMORY_MB << 20 }, none = { 0, 0 };
    struct itimerval each = { { 1, 0 }, { 1, 0 } };
    struct sigaction action = { .sa_handler = on_second, .sa_flags = SA_RESTART };
    if (!SANITIZED) setrlimit(RLIMIT_AS, &memory); /* a sanitizer needs more memory and has its own limit */
    setrlimit(RLIMIT_CORE, &none);
    sigemptyset(&action.sa_mask);
    sigaction(SIGVTALRM, &action, NULL);
    setitimer(ITIMER_VIRTUAL, &each, NULL);
}

static void run_one(const Harness *harness, const uint8_t *data, size_t size) {
    shared->size = size;
    if (size) memcpy(shared->data, data, size);
    fuzz_signs = 0;
    harness->run(shared->data, size);
    shared->executions++;
}

/* Is this sign new? */
static bool is_new(uint64_t sign) {
    static bool seen[SIGNS];
    bool before = seen[sign % SIGNS];
    seen[sign % SIGNS] = true;
    return !before;
}

static void run_all(const Job *job) {
    static Pool pool;
    static uint8_t room[FUZZ_MAX];
    Rng rng = rng_seed(job->seed, 0);
    double end = clock_seconds() + job->seconds;
    pool_fill(&pool, &rng, job->harness);
    for (int i = 0, first = pool.count; i < first; i++) {
        pool.max = MAX(pool.max, 2 * pool.input[i].size + 256);
        run_one(job->harness, pool.input[i].data, pool.input[i].size);
        is_new(fuzz_signs);
    }
    for (uint64_t i = 0; (!job->max || i < job->max) && (job->seconds == 0 || clock_seconds() < end); i++) {
        Input from = pool_draw(&pool, &rng), other = pool_draw(&pool, &rng);
        Input in = { .data = room, .size = from.size };
        if (from.size) memcpy(room, from.data, from.size);
        fuzz_mutate(job->harness, &rng, &in, other);
        run_one(job->harness, in.data, in.size);
        if (in.size <= pool.max && is_new(fuzz_signs)) pool_add(&pool, &rng, in.data, in.size);
    }
    for (int i = 0; i < pool.count; i++) free(pool.input[i].data);
}

NORETURN static void be_child(const Job *job, const char *said) {
    int out = open(said, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (out >= 0) {
        dup2(out, STDOUT_FILENO);
        dup2(out, STDERR_FILENO);
    }
    limits_set();
    run_all(job);
    exit(0); /* the leak sanitizer checks here */
}

/* ---- the process that watches ----------------------------------------------------------------------------------- */

/* Waits until it ends by itself (its status) or is stuck (-1). */
static int watch(pid_t child, Progress *progress, double base) {
    uint64_t before = 0;
    double moved = clock_seconds();
    int status;
    for (;;) {
        if (waitpid(child, &status, WNOHANG) == child) return status;
        if (shared->executions != before) {
            before = shared->executions;
            moved = clock_seconds();
        }
        if (clock_seconds() - moved > STUCK_SECONDS) {
            kill(child, SIGKILL);
            waitpid(child, &status, 0);
            return -1;
        }
        progress_update(progress, base + (double)before);
        usleep(20000);
    }
}

/* Keeps the input and its messages. */
static void finding_report(const Job *job, int status, const char *said) {
    uint32_t hash = 2166136261u;
    char path[700], why[80];
    OutFile out;
    Err err;
    for (size_t i = 0; i < shared->size; i++) hash = (hash ^ shared->data[i]) * 16777619u;
    snprintf(path, sizeof path, "%s/%s-%08x", job->folder, job->harness->name, hash);
    if (!folder_make(job->folder, &err) || !out_open(&out, path, &err)) die("%s", err.text);
    out_write(&out, shared->data, shared->size);
    if (!out_commit(&out, &err)) die("%s", err.text);
    if (status < 0) snprintf(why, sizeof why, "it was stuck");
    else if (WIFSIGNALED(status))
        snprintf(why, sizeof why, "signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
    else snprintf(why, sizeof why, "exit status %d", WEXITSTATUS(status));
    progress_clear();
    printf("FINDING  %s, input %llu of seed %llu: %s. It is kept:\n  %s --replay %s %s\n", job->harness->name,
           (unsigned long long)shared->executions, (unsigned long long)job->seed, why, job->program, path,
           job->harness->name);
    File file;
    if (file_open(&file, said, NULL)) {
        size_t shown = MIN(file.size, (size_t)3000);
        printf("%.*s\n", (int)shown, file.data ? (const char *)file.data : "");
        file_close(&file);
    }
    fflush(stdout);
}

static Outcome job_run(Job job, Progress *progress) {
    Outcome outcome = { 0 };
    char said[600];
    double start = clock_seconds(), seconds = job.seconds;
    snprintf(said, sizeof said, "%s-said-%ld", job.folder, (long)getpid());
    for (;;) {
        shared->executions = 0;
        fflush(stdout);
        pid_t child = fork();
        if (child < 0) die("a process for %s: %s", job.harness->name, strerror(errno));
        if (child == 0) be_child(&job, said);
        int status = watch(child, progress, (double)outcome.executions);
        outcome.executions += shared->executions;
        if (status == 0) break;
        finding_report(&job, status, said);
        job.seed++;
        job.seconds = seconds - (clock_seconds() - start);
        if (++outcome.findings == FINDINGS_MAX || (seconds > 0 && job.seconds <= 0)) break;
    }
    remove(said);
    outcome.seconds = clock_seconds() - start;
    return outcome;
}

static const Harness *harness_find(const char *name) {
    for (size_t i = 0; i < COUNT(harnesses); i++)
        if (!strcmp(harnesses[i]->name, name)) return harnesses[i];
    die_usage("there is no harness '%s'; `fuzz --list` names them", name);
}

static void replay(const char *path, const Harness *harness) {
    File file;
    Err err;
    if (!file_open(&file, path, &err)) die("%s", err.text);
    uint8_t *copy = fuzz_copy(file.data, file.size);
    harness->run(copy, file.size);
    printf("%s: %s was met without a finding\n", path, harness->name);
    free(copy);
    file_close(&file);
}

static void seeds_write(const char *folder, const Harness *harness) {
    static uint8_t room[FUZZ_MAX];
    Input in = { .data = room };
    for (int i = 0; harness->make && harness->make(i, &in) > 0; i++) {
        char path[600];
        OutFile out;
        Err err;
        snprintf(path, sizeof path, "%s/seed-%d", folder, i);
        if (!out_open(&out, path, &err)) die("%s", err.text);
        out_write(&out, in.data, in.size);
        if (!out_commit(&out, &err)) die("%s", err.text);
    }
}

static int run_harnesses(const Harness *const *list, int count, Job job) {
    uint64_t all = 0;
    int passed = 0;
    double seconds = job.seconds / count, start = clock_seconds();
    for (int i = 0; i < count; i++) {
        Job one = job;
        one.harness = list[i];
        one.seconds = seconds;
        if (seconds == 0 && !one.max) one.max = (uint64_t)list[i]->check;
        Progress progress = progress_begin(list[i]->name, 0, "inputs/s");
        Outcome o = job_run(one, &progress);
        progress_end(&progress);
        printf("  %-12s %10llu inputs %8.1f s %9.0f a second   %d findings\n", list[i]->name,
               (unsigned long long)o.executions, o.seconds, (double)o.executions / MAX(o.seconds, 1e-9), o.findings);
        fflush(stdout);
        all += o.executions;
        passed += o.findings == 0;
    }
    printf("  %-12s %10llu inputs %8.1f s\n", "all", (unsigned long long)all, clock_seconds() - start);
    printf("fuzz: %d passed, %d failed\n", passed, count - passed);
    return passed == count ? 0 : EXIT_TROUBLE;
}

int main(int argc, char **argv) {
    warning_hook = drop_warning;
    int seconds = 0, seed = 1, inputs = 0, count = 0;
    const char *again = NULL, *seeds = NULL;
    bool help = false, names = false;
    const Option options[] = {
        { "seconds", .integer = &seconds, .low = 0, .high = 1e6,
          .help = "run for so long; 0: the inputs of make check" },
        { "inputs", .integer = &inputs, .low = 0, .high = 1e9, .help = "changed inputs of each harness; 0: see above" },
        { "seed", .integer = &seed, .low = 0, .high = 1e9, .help = "of the changes" },
        { "replay", .text = &again, .help = "one input, for the harness that is named" },
        { "seeds", .text = &seeds, .help = "write what the named harness begins with, beyond its corpus, to a folder" },
        { "list", .flag = &names, .help = "name the harnesses" },
        { "help", .flag = &help, .help = "this page" },
        { 0 },
    };
    Err err;
    if (!options_parse(options, argc, argv, &count, &err)) die_usage("%s", err.text);
    if (help) {
        printf("fuzz [OPTIONS] [HARNESS ...]\n");
        options_help(options, stdout);
    }
    for (size_t i = 0; names && i < COUNT(harnesses); i++)
        printf("%s %s\n", harnesses[i]->name, harnesses[i]->corpus ? harnesses[i]->corpus : "");
    if (help || names) return 0;
    if ((again || seeds) && count != 1) die_usage("--replay FILE and --seeds FOLDER want one harness");
    if (seeds) {
        seeds_write(seeds, harness_find(argv[1]));
        return 0;
    }
    if (again) {
        replay(again, harness_find(argv[1]));
        return 0;
    }
    const Harness *named[64];
    for (int i = 0; i < MIN(count, (int)COUNT(named)); i++) named[i] = harness_find(argv[i + 1]);
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANON, -1, 0);
    if (shared == MAP_FAILED) die("memory to share: %s", strerror(errno));
    const char *slash = strrchr(argv[0], '/');
    char folder[500];
    snprintf(folder, sizeof folder, "%.*s/crashes", slash ? (int)MIN(slash - argv[0], 400) : 1, slash ? argv[0] : ".");
    return run_harnesses(count ? named : harnesses, count ? MIN(count, (int)COUNT(named)) : (int)COUNT(harnesses),
                         (Job){ .seed = (uint64_t)seed,
                                .seconds = seconds,
                                .max = (uint64_t)inputs,
                                .folder = folder,
                                .program = argv[0] });
}

#endif
