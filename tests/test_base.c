/* Tests of base, arena, file, rng, thread and mat. */
#include "core/mat.h"
#include "core/arena.h"
#include "core/file.h"
#include "core/thread.h"
#include "check.h"

#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

TEST(arena_alignment_and_reset) {
    Arena arena = { 0 };
    uint8_t *first = arena_alloc(&arena, 3, 1), *second = arena_alloc(&arena, 5000000, 1);
    CHECK((uintptr_t)first % 64 == 0 && (uintptr_t)second % 64 == 0, "%p %p", (void *)first, (void *)second);
    memset(second, 1, 5000000);
    size_t held = arena_held(&arena);
    arena_reset(&arena);
    CHECK(arena_alloc(&arena, 3, 1) == first, "a reset arena starts at the beginning");
    arena_alloc(&arena, 5000000, 1);
    CHECK(arena_held(&arena) == held, "chunks are used again");
    arena_free(&arena);
    CHECK(arena_held(&arena) == 0, "all chunks are freed");
}

/* As in a training: small pieces between large ones. A chunk for small ones is 1 MB there, of which little is used. */
TEST(large_arena_has_little_between_its_pieces) {
    Arena arena = { 0 };
    arena_alloc(&arena, 70, 1000000);
    size_t held = arena_held(&arena);
    for (int i = 0; i < 4; i++) {
        arena_alloc(&arena, 3, 1000000);
        arena_alloc(&arena, 1000, 1);
    }
    CHECK(arena_held(&arena) - held <= 4 * (3000000 + 1100000), "%zu bytes", arena_held(&arena) - held);
    arena_free(&arena);
}

TEST(arena_out_of_memory) {
    Arena arena = { 0 };
    CHECK_STOPS(arena_alloc(&arena, SIZE_MAX / 4, 8), EXIT_TROUBLE, "out of memory");
}

TEST(matmul_names_both_shapes) {
    Mat a = mat_shape(2, 2, 3), b = mat_shape(2, 4, 5), c = mat_shape(2, 2, 5);
    CHECK_STOPS(mat_matmul(a, b, c), EXIT_CONTRACT, "a [2,3] times b [4,5] into c [2,5]");
}

TEST(out_file_is_written_as_a_whole) {
    char path[1100];
    Err err;
    OutFile out;
    snprintf(path, sizeof path, "%s/file", check_folder());
    CHECK(out_open(&out, path, &err), "%s", err.text);
    out_write(&out, "one", 3);
    CHECK(!file_exists(path), "the file exists before the commit");
    CHECK(out_commit(&out, &err), "%s", err.text);
    CHECK(out_open(&out, path, &err), "%s", err.text);
    out_write(&out, "two", 3);
    out.failed = true;
    CHECK(!out_commit(&out, &err) && !file_exists(out.temporary), "%s", err.text);
    File file;
    CHECK(file_open(&file, path, &err), "%s", err.text);
    CHECK(file.size == 3 && !memcmp(file.data, "one", 3), "the first text is unchanged");
    file_close(&file);
}

/* A folder appears at the path before the commit: the commit fails and removes the temporary file. */
TEST(out_file_path_becomes_a_folder) {
    char path[1100], temporary[1200];
    Err err = { "" };
    OutFile out;
    snprintf(path, sizeof path, "%s/file", check_folder());
    CHECK(out_open(&out, path, &err), "%s", err.text);
    snprintf(temporary, sizeof temporary, "%s", out.temporary);
    out_write(&out, "one", 3);
    CHECK(mkdir(path, 0777) == 0 && !out_commit(&out, &err) && strstr(err.text, "file: not written ("), "%s", err.text);
    CHECK(!file_exists(temporary), "%s is left", temporary);
}

TEST(size_overflow) {
    size_t product = 7;
    CHECK(size_fits(SIZE_MAX / 3, 3, &product) && product == SIZE_MAX / 3 * 3, "%zu", product);
    CHECK(size_fits(0, SIZE_MAX, &product) && product == 0 && size_fits(SIZE_MAX, 0, &product) && product == 0, "%zu",
          product);
    CHECK(!size_fits(SIZE_MAX / 2 + 1, 2, &product) && !size_fits(SIZE_MAX, SIZE_MAX, &product) && product == 0, "%zu",
          product);
    CHECK_STOPS(size_mul(SIZE_MAX / 2 + 1, 2), EXIT_CONTRACT, "times 2 does not fit");
}

TEST(files_that_cannot_be_opened) {
    Err err;
    File file;
    OutFile out;
    CHECK(!file_open(&file, "no/such/file", &err) && strstr(err.text, "no/such/file"), "%s", err.text);
    CHECK(!file_open(&file, check_folder(), &err) && strstr(err.text, "folder"), "%s", err.text);
    CHECK(!file_open(&file, "/dev/null", &err) && strstr(err.text, "regular"), "%s", err.text);
    CHECK(!out_open(&out, check_folder(), &err) && strstr(err.text, "folder"), "%s", err.text);
    if (file_exists("/dev/full")) {
        CHECK((out.stream = fopen("/dev/full", "wb")) != NULL, "%s", "cannot open /dev/full");
        strcpy(out.path, "full");
        strcpy(out.temporary, "no/such/tmp");
        out.failed = false;
        out_write(&out, "x", 1);
        CHECK(!out_commit(&out, &err) && strstr(err.text, "full: not written"), "%s", err.text);
    }
}

static const char *own_folder(void) {
    static const char *folder; /* one per test: check_folder empties it */
    if (!folder) folder = check_folder();
    return folder;
}

static const char *path_in_folder(const char *name) {
    static char path[4][1100];
    static int next;
    char *p = path[next++ % 4];
    snprintf(p, sizeof path[0], "%s/%s", own_folder(), name);
    return p;
}

static void write_file(const char *name, const char *text, const char *backup) {
    OutFile out;
    Err err = { "" };
    CHECK(out_open(&out, path_in_folder(name), &err), "%s", err.text);
    out_write(&out, text, strlen(text));
    out.backup = backup;
    CHECK(out_commit(&out, &err), "%s", err.text);
}

static bool has_text(const char *name, const char *text) {
    File file;
    Err err;
    CHECK(file_open(&file, path_in_folder(name), &err), "%s", err.text);
    bool same = file.size == strlen(text) && !memcmp(file.data, text, file.size);
    file_close(&file);
    return same;
}

static int count_files(void) {
    DIR *list = opendir(own_folder());
    CHECK(list, "the folder of this test does not exist");
    int count = 0;
    for (struct dirent *entry = readdir(list); entry; entry = readdir(list)) count += entry->d_name[0] != '.';
    closedir(list);
    return count;
}

/* Starts a process that writes half of a file, waits for a byte, then commits or is killed. */
static pid_t start_writer(const char *name, int *go, bool killed) {
    int ends[2], ready[2];
    char byte;
    own_folder(); /* before the fork */
    CHECK(pipe(ends) == 0 && pipe(ready) == 0, "%s", "no pipe");
    pid_t child = fork();
    if (child == 0) {
        OutFile out;
        if (!out_open(&out, path_in_folder(name), NULL)) _exit(1);
        fputs("theirs", out.stream);
        fflush(out.stream);
        if (write(ready[1], "x", 1) != 1 || read(ends[0], &byte, 1) != 1) _exit(2);
        if (killed) raise(SIGKILL);
        _exit(out_commit(&out, NULL) ? 0 : 3);
    }
    CHECK(read(ready[0], &byte, 1) == 1, "%s", "the process did not start");
    *go = ends[1];
    return child;
}

TEST(two_processes_write_one_file) {
    int go, status;
    pid_t child = start_writer("same", &go, false);
    write_file("same", "ours", NULL);
    CHECK(has_text("same", "ours"), "%s", "the file of the other process");
    CHECK(write(go, "x", 1) == 1 && waitpid(child, &status, 0) == child && status == 0, "its status is %d", status);
    CHECK(has_text("same", "theirs") && count_files() == 1, "%d files", count_files());
}

TEST(temporary_files_of_killed_processes) {
    int go, status;
    pid_t child = start_writer("left", &go, true);
    CHECK(write(go, "x", 1) == 1 && waitpid(child, &status, 0) == child && WIFSIGNALED(status), "its status is %d",
          status);
    write_file("left.1.tmp.tmp", "other", NULL);
    write_file("left.tmp", "other", NULL);
    write_file("leftover.9.tmp", "other", NULL);
    write_file("9.tmp", "other", NULL);
    write_file("left.x.tmp", "other", NULL);
    write_file("left.1.tmp", "another process that is running", NULL);
    CHECK(count_files() == 7, "%d files", count_files());
    write_file("left", "ours", NULL);
    CHECK(count_files() == 7 && has_text("left", "ours") && has_text("left.tmp", "other"), "%d files", count_files());
}

/* A program that ends while it writes takes its temporary file along, but not that of the program that started it. */
TEST(temporary_files_of_ended_processes) {
    OutFile ours;
    Err err;
    int status;
    write_file("kept", "old", NULL);
    CHECK(out_open(&ours, path_in_folder("ours"), &err), "%s", err.text);
    pid_t child = fork();
    if (child == 0) {
        OutFile out;
        if (!out_open(&out, path_in_folder("kept"), NULL)) _exit(2);
        fputs("half", out.stream);
        exit(3);
    }
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 3, "its status is %d",
          status);
    CHECK(has_text("kept", "old") && count_files() == 2 && file_exists(ours.temporary), "%d files", count_files());
    CHECK(out_commit(&ours, &err) && count_files() == 2, "%s", err.text);
}

TEST(out_file_backup) {
    OutFile out;
    Err err = { "" };
    char place[1100];
    snprintf(place, sizeof place, "%s/no/such/folder", own_folder());
    write_file("kept", "first", NULL);
    write_file("kept", "second", path_in_folder("backup"));
    CHECK(has_text("kept", "second") && has_text("backup", "first"), "%s", "no backup");
    CHECK(out_open(&out, path_in_folder("kept"), &err), "%s", err.text);
    out_write(&out, "third", 5);
    out.backup = place;
    CHECK(!out_commit(&out, &err) && strstr(err.text, "no/such/folder"), "%s", err.text);
    CHECK(has_text("kept", "second") && count_files() == 2, "%d files", count_files());
    CHECK(out_open(&out, path_in_folder("new"), &err), "%s", err.text);
    out.backup = path_in_folder("backup"); /* of a file that is not there */
    CHECK(!out_commit(&out, &err) && strstr(err.text, "/new: No such file"), "%s", err.text);
    CHECK(has_text("backup", "first") && count_files() == 2, "%d files", count_files());
}

/* LINK leads to TARGET; both are names in the folder of the test, TARGET may be a path. */
static void link_to(const char *target, const char *name) {
    CHECK(symlink(target, path_in_folder(name)) == 0, "%s", name);
}
static bool is_link(const char *name) {
    struct stat info;
    return lstat(path_in_folder(name), &info) == 0 && S_ISLNK(info.st_mode);
}

/* The link stays, and the file that it leads to is replaced as a whole, in its own folder. */
TEST(out_file_follows_links) {
    Err err = { "" };
    char absolute[1100];
    own_folder();
    CHECK(folder_make(path_in_folder("far"), &err), "%s", err.text);
    write_file("real", "first", NULL);
    link_to("real", "link");
    link_to("link", "link2");
    link_to("far/none", "dangling");
    snprintf(absolute, sizeof absolute, "%s", path_in_folder("far/whole"));
    link_to(absolute, "absolute");
    write_file("link2", "second", NULL);
    CHECK(is_link("link") && is_link("link2") && has_text("real", "second"), "%s", "a link of a link");
    write_file("dangling", "third", NULL);
    CHECK(is_link("dangling") && has_text("far/none", "third"), "%s", "a link to nothing");
    write_file("absolute", "whole", NULL);
    CHECK(is_link("absolute") && has_text("far/whole", "whole"), "%s", "an absolute link");
    write_file("link", "fourth", path_in_folder("backup"));
    CHECK(is_link("link") && has_text("real", "fourth") && has_text("backup", "second"), "%s", "a backup");
}

TEST(out_file_refuses_links_that_lead_nowhere) {
    static const struct {
        const char *target, *want;
    } links[] = { { "circle1", "the symbolic links lead in a circle" },
                  { "circle0", "the symbolic links lead in a circle" },
                  { "no/such/folder/file", "no/such/folder/file: cannot be written: No such file" },
                  { ".", ": this is a folder, not a file" },
                  { "/dev/null", "/dev/null: this is not a regular file; it was not replaced" } };
    Err err;
    OutFile out;
    own_folder();
    for (size_t i = 0; i < COUNT(links); i++) {
        char name[20];
        snprintf(name, sizeof name, "circle%zu", i);
        link_to(links[i].target, name);
    }
    for (size_t i = 0; i < COUNT(links); i++) {
        char name[20];
        snprintf(name, sizeof name, "circle%zu", i);
        CHECK(!out_open(&out, path_in_folder(name), &err) && strstr(err.text, links[i].want) && is_link(name),
              "link to %s: %s", links[i].target, err.text);
    }
    CHECK(!out_open(&out, "/dev/null", &err) && strstr(err.text, "not a regular file"), "%s", err.text);
    CHECK(count_files() == (int)COUNT(links), "%d files", count_files());
}

/* Beyond `ulimit -f` the program goes on, and says why the file was not written. */
TEST(out_file_larger_than_the_limit) {
    OutFile out;
    Err err = { "" };
    struct rlimit limit = { 4096, RLIM_INFINITY };
    own_folder();
    write_file("small", "before", NULL);
    CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0 && out_open(&out, path_in_folder("small"), &err), "%s", err.text);
    for (int i = 0; i < 100000; i++) out_write(&out, "0123456789", 10);
    CHECK(!out_commit(&out, &err) && strstr(err.text, "small: not written (File too large)"), "%s", err.text);
    CHECK(has_text("small", "before") && count_files() == 1, "%d files", count_files());
}

static void read_all(const char *name, bool shorter) {
    File file;
    unsigned sum = 0;
    if (!file_open(&file, path_in_folder(name), NULL)) _exit(9);
    if (shorter && truncate(path_in_folder(name), 1) != 0) _exit(8);
    for (size_t i = 0; i < file.size; i++) sum += file.data[i];
    file_close(&file);
    if (sum != 100000u * 'x') _exit(7);
}

/* qemu 7.2 for s390x tells a program another address than the one that failed. */
static uintptr_t told;
static sigjmp_buf after_signal;
static void bad_page(int number, siginfo_t *info, void *context) {
    (void)number;
    (void)context;
    told = (uintptr_t)info->si_addr;
    siglongjmp(after_signal, 1);
}
static void skip_without_addresses(const char *path) {
    struct sigaction action = { .sa_sigaction = bad_page, .sa_flags = SA_SIGINFO }, before;
    int fd = open(path, O_RDWR | O_CREAT, 0600);
    enum { SIZE = 100000 };
    CHECK(fd >= 0 && ftruncate(fd, SIZE) == 0, "%s", path);
    const volatile char *map = mmap(NULL, SIZE, PROT_READ, MAP_PRIVATE, fd, 0);
    CHECK(ftruncate(fd, 0) == 0 && sigaction(SIGBUS, &action, &before) == 0, "%s", path);
    if (sigsetjmp(after_signal, 1) == 0) told = (uintptr_t)map[SIZE / 2];
    sigaction(SIGBUS, &before, NULL);
    if (told - (uintptr_t)map >= SIZE) check_skip("skipped: the address of a bad page (an emulator)");
    munmap((void *)(uintptr_t)map, SIZE);
    close(fd);
}

TEST(file_truncated_while_it_is_read) {
    skip_without_addresses(path_in_folder("page"));
    char text[100001] = "";
    memset(text, 'x', sizeof text - 1);
    write_file("other", text, NULL);
    write_file("cut", text, NULL);
    read_all("other", false);
    CHECK_STOPS(read_all("cut", true), EXIT_TROUBLE, "/cut: the file cannot be read to its end");
}

/* The reason stands in the line, however long the path is. */
TEST(paths_that_are_too_long) {
    static char longest[5000];
    Err err = { "" };
    OutFile out;
    memset(longest, 'x', sizeof longest - 1);
    CHECK(!folder_make(longest, &err) && strstr(err.text, "xxx...: the path is too long"), "%s", err.text);
    CHECK(!out_open(&out, longest, &err) && strstr(err.text, "xxx...: the path is too long"), "%s", err.text);
    longest[sizeof out.path - 10] = '\0'; /* with the folder of the link in front of it, too long */
    if (symlink(longest, path_in_folder("far away")) != 0) check_skip("skipped: no such long link can be made here");
    CHECK(!out_open(&out, path_in_folder("far away"), &err) && strstr(err.text, ": the path it links to is too long"),
          "%s", err.text);
}

TEST(folders_by_the_environment) {
    setenv("CLIP_MODELS", "", 1);
    setenv("CLIP_SHIPPED", "", 1);
    CHECK(!strcmp(models_folder(), "data/models") && !strcmp(shipped_prefix(), ""), "%s, %s", models_folder(),
          shipped_prefix());
    setenv("CLIP_MODELS", "a/b", 1);
    setenv("CLIP_SHIPPED", "/c", 1);
    CHECK(!strcmp(models_folder(), "a/b") && !strcmp(shipped_prefix(), "/c/"), "%s, %s", models_folder(),
          shipped_prefix());
    unsetenv("CLIP_MODELS");
    unsetenv("CLIP_SHIPPED");
    CHECK(!strcmp(models_folder(), "data/models") && !strcmp(shipped_prefix(), ""), "%s, %s", models_folder(),
          shipped_prefix());
}

TEST(folders_are_made) {
    Err err = { "" };
    char path[1200];
    snprintf(path, sizeof path, "%s/a/b//c", own_folder());
    CHECK(folder_make(path, &err) && folder_make(path, &err) && file_exists(path), "%s", err.text);
    write_file("file", "x", NULL);
    CHECK(!folder_make(path_in_folder("file"), &err) && strstr(err.text, "this is not a folder"), "%s", err.text);
    CHECK(!folder_make(path_in_folder("file/below"), &err) && strstr(err.text, "/file: "), "%s", err.text);
    CHECK(!file_exists(path_in_folder("file/below")) && !file_exists(path_in_folder("none")), "%s", "it exists");
    CHECK(!folder_make("", &err), "%s", "a folder without a name");
}

TEST(parse_int_and_parse_real) {
    long long i;
    double x;
    CHECK(parse_int("12", 0, 100, &i) && i == 12, "%s", "12");
    CHECK(parse_int("-007", -10, 0, &i) && i == -7, "%lld", i);
    const char *bad[] = { "",   "x",   "12x",   "101", "-1", "1e3",  "99999999999999999999",
                          " 5", "\n5", " \n+5", "+5",  "5 ", "0x10", "--5",
                          "-",  "-+5", ".5",    "5." };
    for (size_t k = 0; k < COUNT(bad); k++) CHECK(!parse_int(bad[k], 0, 100, &i) && i == -7, "%s", bad[k]);
    CHECK(parse_real("1e-3", 0, 1, &x) && x == 1e-3, "%s", "1e-3");
    CHECK(parse_real("-.5E+1", -9, 0, &x) && x == -5, "%g", x);
    CHECK(parse_real("5.", 0, 9, &x) && x == 5, "%g", x);
    const char *not_real[] = { "",     "nan",   "NAN",     "inf", "-inf",     "infinity", "nan(1)", "1.2.3", "2",
                               " 0.5", "\t0.5", " 0x1p-1", "+.5", "0x1",      "0X1",      "0.5 ",   "1e",    "1e+",
                               "e-1",  ".",     "-",       "-+1", "0.5e-0x1", "--1",      "1-1",    "1e5",   "1e999" };
    for (size_t k = 0; k < COUNT(not_real); k++)
        CHECK(!parse_real(not_real[k], -1, 1, &x) && x == 5, "%s", not_real[k]);
    CHECK(all_finite(NULL, 0) && all_finite((num[]){ 1, -2 }, 2), "%s", "finite");
    CHECK(!all_finite((num[]){ 1, NAN }, 2) && !all_finite((num[]){ -INFINITY, 1 }, 2), "%s", "not finite");
}

TEST(rng_matches_the_reference_code) {
    /* xoshiro256++ from the state 1, 2, 3, 4: the first outputs of the authors' reference code. */
    Rng rng = { { 1, 2, 3, 4 } };
    const uint64_t want[] = { 41943041, 58720359, 3588806011781223, 3591011842654386 };
    for (int i = 0; i < 4; i++) CHECK(rng_next(&rng) == want[i], "output %d", i);
}

TEST(rng_moments) {
    Rng rng = rng_seed(1, 0);
    double sum = 0, square = 0, fourth = 0;
    int n = 200000, below[7] = { 0 };
    for (int i = 0; i < n; i++) {
        double x = rng_normal(&rng);
        sum += x;
        square += x * x;
        fourth += x * x * x * x;
        below[rng_below(&rng, 7)]++;
    }
    CHECK_NEAR(sum / n, 0, 0.01);
    CHECK_NEAR(square / n, 1, 0.015);
    CHECK_NEAR(fourth / n, 3, 0.03);
    for (int i = 0; i < 7; i++) CHECK_NEAR(below[i] * 7.0 / n, 1, 0.03);
    Rng other = rng_seed(1, 1), again = rng_seed(1, 0);
    CHECK(rng_next(&other) != rng_next(&again), "streams differ");
}

TEST(rng_shuffle_and_choice) {
    int counts[6] = { 0 }, picked[5] = { 0 };
    Rng rng = rng_seed(3, 0);
    for (int i = 0; i < 60000; i++) {
        int p[3] = { 0, 1, 2 }, k[2];
        rng_shuffle(&rng, p, 3);
        counts[p[0] * 2 + (p[1] > p[2])]++;
        rng_choice(&rng, 5, k, 2);
        CHECK(k[0] != k[1], "chosen twice: %d", k[0]);
        picked[k[0]]++;
    }
    for (int i = 0; i < 6; i++) CHECK_NEAR(counts[i] / 1e4, 1, 0.05);
    for (int i = 0; i < 5; i++) CHECK_NEAR(picked[i] / 12e3, 1, 0.05);
}

TEST(thread_count_can_be_set) {
    setenv("CLIP_THREADS", "3", 1);
    CHECK(thread_count() == 3, "%d", thread_count());
    thread_set_count(5);
    CHECK(thread_count() == 5, "%d", thread_count());
    CHECK_STOPS(thread_set_count(0), EXIT_CONTRACT, "threads is 0, want 1 to 256");
    CHECK_STOPS(thread_set_count(257), EXIT_CONTRACT, "threads is 257");
}

static void count_with(const char *args) {
    int processors = (int)sysconf(_SC_NPROCESSORS_ONLN);
    if (args) setenv("CLIP_THREADS", args, 1);
    else unsetenv("CLIP_THREADS");
    fprintf(stderr, "%d of %d\n", thread_count(), processors);
    exit(thread_count() == (processors > 256 ? 256 : processors) ? 0 : 1);
}

TEST(thread_count_is_the_number_of_processors) {
    static const char *const values[] = { NULL, "", "0", "-1", "257", "1000", "abc", "2 or so", "2\n" };
    for (size_t i = 0; i < COUNT(values); i++) {
        CHECK_STOPS(count_with(values[i]), 0, " of ");
        if (i >= 2) CHECK_STOPS(count_with(values[i]), 0, "warning: CLIP_THREADS is \"");
    }
}

static void piece(void *context, size_t begin, size_t end) {
    double *sums = context;
    for (size_t i = begin; i < end; i++) sums[begin / 10] += 1 / (1 + (double)i);
}

TEST(parallel_for_same_pieces_for_any_threads) {
    double one[101] = { 0 };
    thread_set_count(1);
    parallel_for(1003, 10, piece, one);
    for (int threads = 2; threads <= 8; threads++) {
        thread_set_count(threads);
        for (int round = 0; round < 200; round++) {
            double many[101] = { 0 };
            parallel_for(1003, 10, piece, many);
            CHECK(!memcmp(one, many, sizeof one), "%d threads", threads);
        }
    }
    parallel_for(0, 1, piece, NULL);
}

/* Two pieces for two threads: the piece of the caller waits until the other has begun; the other ends later. */
static atomic_int begun, ended;
static void slow(void *context, size_t begin, size_t end) {
    (void)context;
    (void)begin;
    (void)end;
    atomic_fetch_add(&begun, 1);
    for (double start = clock_seconds(); atomic_load(&begun) < 2 && clock_seconds() < start + 5;) sched_yield();
    if (thread_self() != 0)
        for (double start = clock_seconds(); clock_seconds() < start + 0.05;) sched_yield();
    atomic_fetch_add(&ended, 1);
}

TEST(parallel_for_waits_for_all) {
    thread_set_count(2);
    for (int round = 1; round <= 3; round++) {
        atomic_store(&begun, 0);
        atomic_store(&ended, 0);
        parallel_for(2, 1, slow, NULL);
        CHECK(atomic_load(&ended) == 2, "round %d: %d of 2 pieces are done", round, atomic_load(&ended));
    }
}

static void nested(void *context, size_t begin, size_t end) {
    double sums[101] = { 0 };
    (void)end;
    parallel_for(100, 10, piece, sums);
    ((double *)context)[begin] = sums[9];
}

TEST(parallel_for_nested) {
    double sums[50] = { 0 };
    thread_set_count(3);
    parallel_for(50, 1, nested, sums);
    for (int i = 0; i < 50; i++) CHECK(sums[i] == sums[0] && sums[i] > 0, "piece %d", i);
}

static void die_in_piece_7(void *context, size_t begin, size_t end) {
    (void)context;
    (void)end;
    if (begin == 7) die("piece 7 failed");
}

TEST(die_inside_a_worker_ends_the_program) {
    thread_set_count(4);
    for (int i = 0; i < 20; i++) CHECK_STOPS(parallel_for(64, 1, die_in_piece_7, NULL), EXIT_TROUBLE, "piece 7 failed");
}

TEST(rows_add_by_hand) {
    const num x[] = { 1, 2, 3, 10, 20, 30 };
    num sum[] = { 100, 200, 300, 7 }; /* the last is not part of the sum */
    rows_add(x, 2, 3, sum);
    CHECK(sum[0] == 111 && sum[1] == 222 && sum[2] == 333 && sum[3] == 7, "%g %g %g, then %g", (double)sum[0],
          (double)sum[1], (double)sum[2], (double)sum[3]);
}

TEST(mat_by_hand) {
    Arena arena = { 0 };
    Mat a = mat_from(&arena, 2, 3, (double[]){ 1, 2, 3, 4, 5, 6 }), b = mat_from(&arena, 3, 1, (double[]){ 1, 0, -1 });
    Mat c = mat_new(&arena, 2, 1), at = mat_new(&arena, 3, 2);
    mat_matmul(a, b, c);
    CHECK(AT(c, 0, 0) == -2 && AT(c, 1, 0) == -2, "%g %g", AT(c, 0, 0), AT(c, 1, 0));
    mat_transpose(a, at);
    CHECK(AT(at, 2, 0) == 3 && AT(at, 0, 1) == 4, "%g %g", AT(at, 2, 0), AT(at, 0, 1));
    CHECK_NEAR(vec_cosine(a.v, a.v + 3, 3), 32 / (sqrt(14) * sqrt(77)), 1e-7);
    mat_normalise_rows(a);
    CHECK_NEAR(vec_norm(a.v + 3, 3), 1, 1e-7);
    CHECK_STOPS(vec_cosine(a.v, mat_zero(&arena, 1, 3).v, 3), EXIT_CONTRACT, "length 0");
    CHECK(!strcmp(mat_shape_text(mat_shape(4, 1, 2, 3, 4)), "[1,2,3,4]"), "%s", "shape text");
    arena_free(&arena);
}

/* Names from a file may hold anything: a message about them is one line without control characters. */
TEST(an_error_is_one_line) {
    Err err;
    err_set(&err, "%s: %s", "a\nfile\r", "\x1b[2J\x7f \xc2\x9b \xc3\xa9 \xc2\xa0");
    CHECK(!strcmp(err.text, "a?file?: ?[2J? ?? \xc3\xa9 \xc2\xa0"), "%s", err.text);
    err_set(&err, "%s", "ends in half a character: \xc2");
    CHECK(err.text[strlen(err.text) - 1] == (char)0xc2, "%s", err.text);
}

TEST(file_mock_replaces_a_file) {
    File file;
    Err err;
    CHECK(!file_exists("no/such/file"), "it exists");
    file_mock("no/such/file", "bytes", 5);
    CHECK(file_exists("no/such/file") && file_open(&file, "no/such/file", &err) && file.size == 5 &&
              !memcmp(file.data, "bytes", 5),
          "not mocked");
    file_close(&file);
    CHECK(!file_open(&file, "another/file", &err), "another path is mocked");
    file_mock("no/such/file", "", 0);
    CHECK(file_open(&file, "no/such/file", &err) && file.size == 0 && !file.data, "an empty file");
    file_close(&file);
    file_mock(NULL, NULL, 0);
    CHECK(!file_open(&file, "no/such/file", &err), "it is still mocked");
}

TESTS(arena_alignment_and_reset, large_arena_has_little_between_its_pieces, arena_out_of_memory,
      matmul_names_both_shapes, out_file_is_written_as_a_whole, out_file_path_becomes_a_folder, size_overflow,
      files_that_cannot_be_opened, two_processes_write_one_file, temporary_files_of_killed_processes,
      temporary_files_of_ended_processes, out_file_backup, out_file_follows_links,
      out_file_refuses_links_that_lead_nowhere, out_file_larger_than_the_limit, file_truncated_while_it_is_read,
      paths_that_are_too_long, folders_by_the_environment, folders_are_made, parse_int_and_parse_real,
      rng_matches_the_reference_code, an_error_is_one_line, file_mock_replaces_a_file, rng_moments,
      rng_shuffle_and_choice, thread_count_can_be_set, thread_count_is_the_number_of_processors,
      parallel_for_same_pieces_for_any_threads, parallel_for_waits_for_all, parallel_for_nested,
      die_inside_a_worker_ends_the_program, rows_add_by_hand, mat_by_hand)
