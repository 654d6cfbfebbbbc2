/* pairs_table: RFC 4180, joined rows, every kind of bad row with its line, headings, a large table in linear time. */
#include "core/arena.h"
#include "core/file.h"
#include "pairs/pairs_table.h"
#include "check.h"

#include <string.h>

static Arena arena;

static bool reads(PairsTable *table, const char *text, size_t size, PairsFormat format, Err *err) {
    file_mock("folder/pairs.tsv", text, size);
    bool ok = pairs_table_read(table, &arena, "folder/pairs.tsv", format, err);
    file_mock(NULL, NULL, 0);
    return ok;
}

static PairsTable table_of(const char *text) {
    PairsTable table;
    Err err = { "" };
    CHECK(reads(&table, text, strlen(text), (PairsFormat){ 0 }, &err), "%s", err.text);
    return table;
}

/* "path: caption, caption; path: ..." */
static const char *shown(const PairsTable *t) {
    const char *text = "";
    for (int i = 0; i < t->picture_count; i++) {
        const PairsPicture *p = &t->pictures[i];
        text = arena_print(&arena, "%s%s%s:", text, i ? "; " : "", p->path);
        for (int k = 0; k < p->count; k++)
            text = arena_print(&arena, "%s%s %s", text, k ? "," : "", t->caption[p->first + k]);
    }
    return text;
}

TEST(tables_of_pairs) {
    const struct {
        const char *text, *want;
    } cases[] = {
        { "filepath\ttitle\na.png\ta cat\nb.png\ta dog\n", "a.png: a cat; b.png: a dog" },
        { "title,filepath\r\na cat,a.png\r\na dog,b.png", "a.png: a cat; b.png: a dog" },
        { "filepath;title;x\na.png;a, cat;1\n", "a.png: a, cat" },
        { "\xef\xbb\xbf"
          "FilePath,Title\na.png,a cat\n",
          "a.png: a cat" },
        { "filepath,title\na.png,\"a \"\"big\"\" cat, here\"\n", "a.png: a \"big\" cat, here" },
        { "filepath,title\n\"a,1.png\",\"two\nlines\"\r\nb.png,x\n", "a,1.png: two\nlines; b.png: x" },
        { "filepath,title\na.png,a cat\nb.png,x\na.png,our cat\n", "a.png: a cat, our cat; b.png: x" },
        { "filepath\ttitle\na.png\ta cat | our cat||  \n", "a.png: a cat, our cat" },
        { "filepath,title\n\n  a.png ,  a cat  \n\r\n\n", "a.png: a cat" },
        { "filepath,title\na.png,5\" nails\n", "a.png: 5\" nails" },
        { "filepath,title\na.png,\xc3\xbc"
          "ber\n",
          "a.png: \xc3\xbc"
          "ber" },
        { "\"filepath\",\"title\"\n\"a.png\",\"a cat\"", "a.png: a cat" },
        { "\n\r\nfilepath,title\na.png,a cat", "a.png: a cat" },
        { "filepath,title\ra.png,a cat\r\rb.png,\"a, dog\"\r", "a.png: a cat; b.png: a, dog" },
        { "\xef\xbb\xbf"
          "filepath\ttitle\ra.png\ta cat",
          "a.png: a cat" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        PairsTable t = table_of(cases[i].text);
        CHECK(!strcmp(shown(&t), cases[i].want) && t.bad_count == 0, "case %zu: %s, %d bad", i, shown(&t), t.bad_count);
    }
    PairsTable t = table_of("filepath,title\na.png,x\n/b/c.png,y\n");
    CHECK(!strcmp(pairs_table_path(&t, &arena, 0), "folder/a.png"), "%s", pairs_table_path(&t, &arena, 0));
    CHECK(!strcmp(pairs_table_path(&t, &arena, 1), "/b/c.png"), "%s", pairs_table_path(&t, &arena, 1));
    arena_free(&arena);
}

TEST(other_columns_and_parts) {
    PairsTable t;
    Err err = { "" };
    const char *text = "id,Image,words,split\n1,a.png,a cat,train\n2,b.png,a dog,Validation\n3,c.png,a cow,test\n";
    CHECK(reads(&t, text, strlen(text), (PairsFormat){ "image", "words", true }, &err), "%s", err.text);
    CHECK(!strcmp(shown(&t), "a.png: a cat; b.png: a dog; c.png: a cow") && t.has_split, "%s", shown(&t));
    for (int i = 0; i < 3; i++) CHECK((int)t.pictures[i].part == i, "%d: %s", i, pairs_part_name(t.pictures[i].part));
    t = table_of("filepath,title\na.png,x\n");
    CHECK(!t.has_split && t.pictures[0].part == PAIRS_PARTS, "%s", "there is no column split");
    arena_free(&arena);
}

/* One bad row in line 3, between good ones in lines 2 and 4: it alone is left out. */
TEST(every_bad_row_alone) {
    static const struct {
        const char *row;
        size_t size;
        PairsBadKind kind;
    } rows[] = {
        { "b.png", 5, PAIRS_BAD_COLUMNS },
        { "b.png,x,train,more", 18, PAIRS_BAD_COLUMNS },
        { "b.png,\"x,train", 14, PAIRS_BAD_QUOTE },
        { "b.png,\"x\"y,train", 16, PAIRS_BAD_QUOTE },
        { "\"b.png\"\",x,train", 16, PAIRS_BAD_QUOTE },
        { "b.png,x\xff,train", 14, PAIRS_BAD_UTF8 },
        { "b\xc3.png,x,train", 14, PAIRS_BAD_UTF8 },
        { "b.png,x\0y,train", 15, PAIRS_BAD_UTF8 },
        { ",x,train", 8, PAIRS_BAD_PATH },
        { "b.png,,train", 12, PAIRS_BAD_CAPTION },
        { "b.png, | |,train", 16, PAIRS_BAD_CAPTION },
        { "b.png,\"  \",train", 16, PAIRS_BAD_CAPTION },
        { "b.png,x,other", 13, PAIRS_BAD_SPLIT },
        { "b.png,x,", 8, PAIRS_BAD_SPLIT },
        { "a.png,x,test", 12, PAIRS_BAD_SPLIT },
    };
    static const char before[] = "filepath,title,split\na.png,one,train\n", after[] = "\nc.png,three,test\n";
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[200];
        size_t size = sizeof before - 1;
        memcpy(text, before, size);
        memcpy(text + size, rows[i].row, rows[i].size);
        size += rows[i].size;
        memcpy(text + size, after, sizeof after - 1);
        size += sizeof after - 1;
        PairsTable t;
        Err err = { "" };
        CHECK(reads(&t, text, size, (PairsFormat){ 0 }, &err), "%s", err.text);
        CHECK(!strcmp(shown(&t), "a.png: one; c.png: three"), "row %zu: %s", i, shown(&t));
        CHECK(t.rows == 3 && t.bad_count == 1 && t.bad[0].line == 3 && t.bad[0].kind == rows[i].kind,
              "row %zu: %d bad, line %d, %s", i, t.bad_count, t.bad[0].line, pairs_bad_name(t.bad[0].kind));
        CHECK(!reads(&t, text, size, (PairsFormat){ .strict = true }, &err), "row %zu was taken with strict", i);
        const char *want = arena_print(&arena, "folder/pairs.tsv:3: %s", pairs_bad_name(rows[i].kind));
        CHECK(strstr(err.text, want), "%s", err.text);
    }
    arena_free(&arena);
}

TEST(lines_after_a_field_of_several_lines) {
    PairsTable t = table_of("filepath,title\na.png,\"one\ntwo\nthree\"\nb.png\n\nc.png,\n");
    CHECK(t.bad_count == 2 && t.bad[0].line == 5 && t.bad[1].line == 7, "lines %d and %d", t.bad[0].line,
          t.bad[1].line);
    arena_free(&arena);
}

TEST(tables_that_are_refused) {
    const struct {
        const char *text, *want;
    } cases[] = {
        { "", "the file is empty" },
        { "filepath,title\n", "a heading and no rows" },
        { "filepath,title\n\n\r\n", "a heading and no rows" },
        { "filepath,name\na.png,x\n", ":1: the heading has no column title; it has \"filepath, name\"" },
        { "file\ttitle\na.png\tx\n", ":1: the heading has no column filepath; it has \"file, title\"" },
        { "a.png\n", "the heading has no column filepath" },
        { "\"filepath,title\na.png,x", ":1: a quote in the heading is not closed" },
        { "\n\nfile,title\na.png,x\n", ":3: the heading has no column filepath" },
        { "\xef\xbb\xbf\r\n\n", "the file is empty" },
        { "\xff\xfe"
          "f",
          "this is a text in UTF-16 or UTF-32, a table of pairs" },
        { "<!DOCTYPE html>\n<html>", "this is an HTML page, a table of pairs" },
        { "{\"filepath\": \"a.png\"}\n", "this is a JSON text" },
        { "version https://git-lfs.github.com/spec/v1\noid", "this is a Git LFS pointer" },
        { "\xfe\xff"
          "f",
          "this is a text in UTF-16 or UTF-32, a table of pairs" },
        { "\xff", "the heading has no column filepath" },
    };
    PairsTable t;
    Err err;
    for (size_t i = 0; i < COUNT(cases); i++) {
        bool ok = reads(&t, cases[i].text, strlen(cases[i].text), (PairsFormat){ 0 }, &err);
        CHECK(!ok && strstr(err.text, cases[i].want), "case %zu: %s", i, err.text);
    }
    static const char wide[] = "f\0i\0l\0e\0p\0a\0t\0h\0,\0t\0i\0t\0l\0e\0\n\0";
    CHECK(!reads(&t, wide, sizeof wide, (PairsFormat){ 0 }, &err) && strstr(err.text, "UTF-16"), "%s", err.text);
    CHECK(!pairs_table_read(&t, &arena, "no/such.tsv", (PairsFormat){ 0 }, &err) && strstr(err.text, "no/such.tsv"),
          "%s", err.text);
    const char *text = "filepath,title\na.png,x\n";
    CHECK(!reads(&t, text, strlen(text), (PairsFormat){ .picture_column = "Title" }, &err) &&
              strstr(err.text, "the column of pictures and that of captions are both \"Title\"; name two columns"),
          "%s", err.text);
    t = table_of("filepath,title\na.png,\nb.png\n");
    CHECK(t.picture_count == 0 && t.bad_count == 2, "%d pictures, %d bad rows", t.picture_count, t.bad_count);
    arena_free(&arena);
}

TEST(rows_of_a_dropped_picture) {
    PairsTable t = table_of("filepath,title\na.png,x|y\nb.png,z\na.png,w\nb.png\n");
    pairs_table_drop(&t, 0, PAIRS_BAD_FILE, "a.png: No such file");
    CHECK(t.bad_count == 3 && t.bad[1].line == 2 && t.bad[2].line == 4 && t.bad_by_kind[PAIRS_BAD_FILE] == 2, "%d bad",
          t.bad_count);
    const char *path = arena_print(&arena, "%s/report", check_folder());
    FILE *out = fopen(path, "w");
    pairs_table_print(&t, out);
    fclose(out);
    File file;
    Err err = { "" };
    CHECK(file_open(&file, path, &err), "%s", err.text);
    const char *want = "folder/pairs.tsv: 4 rows; 1 pairs of 1 pictures; 3 rows left out:\n"
                       "       1  wrong number of columns  line 5\n"
                       "       2  missing file             lines 2, 4\n";
    CHECK(file.size == strlen(want) && !memcmp(file.data, want, file.size), "%.*s", (int)file.size, file.data);
    file_close(&file);
    CHECK(pairs_table_write_bad(&t, path, &err) && file_open(&file, path, &err), "%s", err.text);
    want = "line\twrong\n5\twrong number of columns\n2\tmissing file: a.png: No such file\n"
           "4\tmissing file: a.png: No such file\n";
    CHECK(pairs_table_first_bad(&t, PAIRS_BAD_FILE) == &t.bad[1] && !pairs_table_first_bad(&t, PAIRS_BAD_PICTURE), "%s",
          "the first of a kind");
    CHECK(file.size == strlen(want) && !memcmp(file.data, want, file.size), "%.*s", (int)file.size, file.data);
    file_close(&file);
    arena_free(&arena);
}

static int warnings;
static char last[2000];
static void hear(const char *line) {
    warnings++;
    snprintf(last, sizeof last, "%s", line);
}

/* Captions that OpenAI's tokeniser repairs: the first line, not the first picture; not those of dropped pictures. */
TEST(texts_that_differ) {
    PairsTable t = table_of("filepath,title\na.png,a cat\nc.png,\xef\xbb\xbf"
                            "a cow\nb.png,a dog\xe2\x80\x99s bone\na.png,the of\xef\xac\x81"
                            "ce|\x1b[31mred\n");
    warnings = 0;
    warning_hook = hear;
    pairs_table_drop(&t, 1, PAIRS_BAD_FILE, "c.png: No such file");
    pairs_table_warn_texts(&t);
    CHECK(warnings == 1 && strstr(last, "folder/pairs.tsv:4: the text \"a dog") && strstr(last, "quote (U+2019)") &&
              strstr(last, "; 3 such texts in all"),
          "%d: %s", warnings, last);
    t = table_of("filepath,title\na.png,a cat\n");
    pairs_table_warn_texts(&t);
    CHECK(warnings == 1, "%s", last);
    warning_hook = NULL;
    arena_free(&arena);
}

/* A kind of which there are many: eight lines are named. A table without bad rows: none is, and no list is written. */
TEST(reports_of_many_and_of_none) {
    static const struct {
        int bad;
        const char *want;
    } cases[] = { { 0, "folder/pairs.tsv: 1 rows; 1 pairs of 1 pictures\n" },
                  { 8, "folder/pairs.tsv: 9 rows; 1 pairs of 1 pictures; 8 rows left out:\n"
                       "       8  empty caption            lines 3, 4, 5, 6, 7, 8, 9, 10\n" },
                  { 10, "folder/pairs.tsv: 11 rows; 1 pairs of 1 pictures; 10 rows left out:\n"
                        "      10  empty caption            lines 3, 4, 5, 6, 7, 8, 9, 10, ...\n" } };
    const char *folder = check_folder(), *list = arena_print(&arena, "%s/list", folder);
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *text = "filepath,title\na.png,x\n", *path = arena_print(&arena, "%s/report%zu", folder, i);
        File file;
        Err err = { "" };
        for (int k = 0; k < cases[i].bad; k++) text = arena_print(&arena, "%sb.png,\n", text);
        PairsTable t = table_of(arena_print(&arena, "%s\n\r", text)); /* and an empty line without an end */
        FILE *out = fopen(path, "w");
        pairs_table_print(&t, out);
        fclose(out);
        CHECK(file_open(&file, path, &err), "%s", err.text);
        CHECK(file.size == strlen(cases[i].want) && !memcmp(file.data, cases[i].want, file.size), "%.*s",
              (int)file.size, file.data);
        file_close(&file);
        bool none = cases[i].bad == 0;
        CHECK(pairs_table_write_bad(&t, list, &err) && file_exists(list) == !none, "%d bad rows: %s", cases[i].bad,
              err.text);
        CHECK(pairs_table_write_bad(&t, arena_print(&arena, "%s/no/list", folder), &err) == none, "%d bad rows",
              cases[i].bad);
    }
    arena_free(&arena);
}

typedef struct {
    char *text;
    bool all_open; /* every row opens a quote that no row ends */
} ManyRows;

static void read_many_rows(void *data, int rows) {
    ManyRows *many = data;
    char *at = many->text + sprintf(many->text, "filepath,title\n");
    int bad = 0;
    for (int i = 0; i < rows; i++) {
        bool wrong = many->all_open || i % 100 == 7;
        if (many->all_open) at += sprintf(at, "\"p%d.png,x\n", i);
        else if (wrong) at += sprintf(at, i % 200 == 7 ? "p%d.png,\"not closed\n" : "p%d.png\n", i);
        else at += sprintf(at, "p%d.png,\"number \"\"%d\"\"\"\n", i, i % 1000);
        bad += wrong;
    }
    PairsTable t;
    Err err = { "" };
    ArenaMark mark = arena_mark(&arena);
    CHECK(reads(&t, many->text, (size_t)(at - many->text), (PairsFormat){ 0 }, &err), "%s", err.text);
    CHECK(t.rows == rows && t.bad_count == bad && t.picture_count == rows - bad, "%d rows, %d bad", t.rows,
          t.bad_count);
    arena_release(&arena, mark);
}

/* Each row opens a quote that the next row ends: a reader that searches the whole file for each would take hours. */
TEST(a_row_takes_no_longer_among_many) {
    enum { SMALL = 1 << 15, LARGE = 1 << 19 };
    ManyRows many = { .text = arena_alloc(&arena, LARGE, 64) };
    for (int i = 0; i < 2; i++) {
        many.all_open = i == 1;
        double growth = check_growth(read_many_rows, &many, SMALL, LARGE);
        CHECK(growth < 4, "a row takes %g times as long in a long table", growth);
    }
    arena_free(&arena);
}

TESTS(tables_of_pairs, other_columns_and_parts, every_bad_row_alone, lines_after_a_field_of_several_lines,
      tables_that_are_refused, rows_of_a_dropped_picture, texts_that_differ, reports_of_many_and_of_none,
      a_row_takes_no_longer_among_many)
