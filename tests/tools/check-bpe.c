/* check-bpe: compares the ids of the tokeniser with expected ones. */
#include "core/version.h"
#include "dataset/bpe.h"
#include "core/arena.h"
#include "core/file.h"
#include "core/quote.h"
#include "formats/json.h"
#include "show/term_fit.h"

#include <string.h>

static const char usage[] =
    "check-bpe VOCAB TOKENS.jsonl\n"
    "  VOCAB         bpe_simple_vocab_16e6.txt.gz or merges.txt\n"
    "  TOKENS.jsonl  one object a line: {\"text\": \"a cat\", \"ids\": [49406, 320, 2368, 49407]};\n"
    "                ids of a row of 77,\n"
    "                which may leave out the zeros at its end\n"
    "Holds when every row is equal.\n"
    "Exit status: 0 holds, 1 does not, 2 the command line is wrong.\n";

typedef struct {
    const char *text;
    int ids[BPE_LENGTH], count;
} Wanted;

/* One line of the file, without its end. */
static bool wanted_read(Arena *arena, const char *line, size_t size, const char *name, Wanted *wanted, Err *err) {
    Json j = json_begin(arena, line, size, name, err);
    *wanted = (Wanted){ 0 };
    bool have_ids = false;
    const char *key;
    long long id;
    json_object(&j);
    while (json_key(&j, &key)) {
        if (!strcmp(key, "text")) {
            json_string(&j, &wanted->text);
        } else if (!strcmp(key, "ids")) {
            have_ids = true;
            json_array(&j);
            while (json_item(&j) && json_int(&j, 0, BPE_IDS - 1, &id)) {
                if (wanted->count == BPE_LENGTH) return err_set(err, "%s: more than %d ids", name, BPE_LENGTH);
                wanted->ids[wanted->count++] = (int)id;
            }
        } else {
            json_skip(&j);
        }
    }
    if (!json_end(&j)) return false;
    return (wanted->text && have_ids) || err_set(err, "%s: \"text\" and \"ids\" were wanted", name);
}

/* The first position where the rows differ; BPE_LENGTH if they do not. */
static int first_difference(const int *got, const int *want) {
    int at = 0;
    while (at < BPE_LENGTH && got[at] == want[at]) at++;
    return at;
}

typedef struct {
    int rows, wrong;
    char first[256];
} Verdict;

static void check_line(const Bpe *bpe, Arena *arena, const char *line, size_t size, const char *name,
                       Verdict *verdict) {
    Wanted wanted;
    Err err;
    if (!wanted_read(arena, line, size, name, &wanted, &err)) die("%s", err.text);
    int got[BPE_LENGTH];
    bpe_encode(bpe, &wanted.text, 1, BPE_LENGTH, got, NULL);
    int at = first_difference(got, wanted.ids);
    verdict->rows++;
    if (at == BPE_LENGTH) return;
    if (verdict->wrong++ == 0)
        snprintf(verdict->first, sizeof verdict->first, "%s, %s: id %d is %d, %d was wanted", name, quoted(wanted.text),
                 at, got[at], wanted.ids[at]);
}

int main(int argc, char **argv) {
    term_fit_output();
    if (version_asked(argc, argv)) return status_printed(0);
    if (argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) return fputs(usage, stdout) == EOF;
    if (argc != 3) die_usage("check-bpe VOCAB TOKENS.jsonl, %d arguments came; try --help", argc - 1);
    Arena arena = { 0 }, row = { 0 };
    Bpe bpe;
    File file;
    Err err;
    Verdict verdict = { 0 };
    if (!bpe_read(&bpe, &arena, argv[1], &err) || !file_open(&file, argv[2], &err)) die("%s", err.text);
    int number = 0;
    for (size_t at = 0; at < file.size;) {
        const uint8_t *line = file.data + at, *end = memchr(line, '\n', file.size - at);
        size_t size = end ? (size_t)(end - line) : file.size - at;
        arena_reset(&row);
        number++;
        if (size > 0)
            check_line(&bpe, &row, (const char *)line, size, arena_print(&row, "%s:%d", argv[2], number), &verdict);
        at += size + 1;
    }
    if (verdict.rows == 0) die("%s: there is no row in it", argv[2]);
    printf("%s: %d rows, %d differ%s%s: %s\n", argv[2], verdict.rows, verdict.wrong, verdict.wrong ? "; first " : "",
           verdict.first, verdict.wrong ? "DOES NOT HOLD" : "holds");
    file_close(&file);
    arena_free(&arena);
    arena_free(&row);
    return status_printed(verdict.wrong ? EXIT_TROUBLE : 0);
}
