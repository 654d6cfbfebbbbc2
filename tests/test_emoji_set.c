/* emoji_set: the published files, read from small ones of the same form; captions, truth, what is held out; the table
 * of pairs. */
#include "27-emoji/emoji_scenes.h"
#include "core/file.h"
#include "formats/image_file.h"
#include "pairs/pairs_table.h"
#include "check.h"

#include <stdlib.h>
#include <string.h>

static Arena arena;
static const char *folder;

enum { HIGHEST = 10000 }; /* emoji that are read */

static const char *in(const char *name) { return arena_print(&arena, "%s/%s", folder, name); }

static void put(const char *name, const char *text) {
    OutFile out;
    Err err;
    CHECK(out_open(&out, in(name), &err), "%s", err.text);
    fputs(text, out.stream);
    CHECK(out_commit(&out, &err), "%s", err.text);
}

/* Three cells of 34 x 34 pixels: in cell k the border is 9, pixel (x, y) of the picture is 100 k + base, y, x. */
static void put_sheet(const char *name, int base, int cells) {
    Image sheet = image_new(&arena, 34 * cells, 34);
    Err err;
    for (int i = 0; i < 34 * cells * 34; i++) {
        int x = i % (34 * cells) % 34 - 1, y = i / (34 * cells) - 1, cell = i % (34 * cells) / 34;
        bool border = x < 0 || y < 0 || x == 32 || y == 32;
        const uint8_t rgb[3] = { (uint8_t)(100 * cell + base), (uint8_t)y, (uint8_t)x }, nine[3] = { 9, 9, 9 };
        memcpy(sheet.rgb + 3 * i, border ? nine : rgb, 3);
    }
    CHECK(image_write(in(name), sheet, &err), "%s", err.text);
}

#define DRAWN "\"sheet_y\": 0, \"has_img_twitter\": true, \"has_img_google\": true, \"sheet_x\": "
static const char entries[] =
    "[{\"name\": \"RED HEART\", \"unified\": \"2764-FE0F\", \"category\": \"Signs & more\", " DRAWN
    "0, \"text\": null, "
    "\"skin_variations\": {\"1F3FB\": {\"unified\": \"1\", \"sheet_x\": 7, \"has_img_google\": false}}},\n"
    "{\"name\": \"NOT DRAWN\", \"unified\": \"1F600\", \"category\": \"Other\", \"sheet_x\": 1, \"sheet_y\": 0,"
    " \"has_img_twitter\": false, \"has_img_google\": true},\n"
    "{\"name\": null, \"unified\": \"1F63E\", \"category\": \"Cats\", " DRAWN "2},\n"
    "{\"name\": \"NAMED LOUDLY: YES\", \"unified\": \"1F43C\", \"category\": \"Cats\", " DRAWN "1}]";
static const char keywords[] = "{\"\\u2764\\ufe0f\": [\"red_heart\", \"love\", \":D\", \"Love\", \"blue-square\"],\n"
                               "\"\xf0\x9f\x98\xbe\": [\"pouting_cat\", \"right\xc2\xa0side\"], \"x\": []}";

static void put_all(void) {
    folder = check_folder();
    put("emoji.json", entries);
    put("keywords.json", keywords);
    put_sheet("twitter.png", 1, 3);
    put_sheet("google.png", 2, 3);
}

TEST(reads_names_key_words_and_pictures) {
    EmojiSet set;
    Err err;
    put_all();
    CHECK(emoji_files_exist(folder) && emoji_set_read(&set, &arena, folder, &err), "%s", err.text);
    CHECK(set.count == 3 && set.category_count == 2, "%d of %d", set.count, set.category_count);
    const Emoji *heart = &set.item[0], *cat = &set.item[1], *loud = &set.item[2];
    CHECK(heart->phrase_count == 3 && !strcmp(heart->phrase[0], "red heart") && !strcmp(heart->phrase[1], "love") &&
              !strcmp(heart->phrase[2], "blue square"),
          "%d, %s", heart->phrase_count, heart->phrase[0]);
    CHECK(!strcmp(cat->phrase[0], "pouting cat") && !strcmp(cat->phrase[1], "right side"), "%s", cat->phrase[1]);
    CHECK(loud->phrase_count == 1 && !strcmp(loud->phrase[0], "named loudly yes"), "%s", loud->phrase[0]);
    CHECK(!strcmp(set.category[heart->category], "Signs & more") && cat->category == loud->category, "categories");
    for (int s = 0; s < EMOJI_STYLES; s++)
        for (int p = 0; p < 32 * 32; p++) {
            const uint8_t *first = emoji_rgb(&set, s, 0) + 3 * p, *second = emoji_rgb(&set, s, 1) + 3 * p;
            CHECK(first[0] == 1 + s && first[1] == p / 32 && first[2] == p % 32, "style %d, pixel %d", s, p);
            CHECK(second[0] == 201 + s && second[2] == p % 32, "style %d, pixel %d of cell 2", s, p);
        }
    arena_free(&arena);
}

/* A damaged folder is refused with a line that has these words. */
static void refused(const char *words) {
    EmojiSet set;
    Err err = { "" };
    CHECK(!emoji_set_read(&set, &arena, folder, &err), "%s: was read", words);
    CHECK(strstr(err.text, words) && !strchr(err.text, '\n'), "\"%s\" has no \"%s\"", err.text, words);
}

TEST(damaged_files_are_refused) {
    static const struct {
        const char *file, *text, *words;
    } damaged[] = {
        { "emoji.json", "[", "emoji.json: byte 1" },
        { "emoji.json", "{}", "emoji.json: byte 0" },
        { "emoji.json", "[]", "no emoji has a name" },
        { "emoji.json", "[{\"unified\": \"1\", \"category\": \"c\", \"sheet_x\": 0}]", "entry 1 has no unified" },
        { "emoji.json", "[{\"has_img_google\": 1}]", "has_img_" },
        { "emoji.json", "[{\"sheet_x\": -1}]", "emoji.json: byte 13" },
        { "emoji.json", "[] []", "emoji.json: byte 3" },
        { "emoji.json", "[{\"unified\": \"1F43C\", \"name\": \"a\", \"category\": \"\\u001b[2J\", " DRAWN "0}]",
          "other characters than ASCII" },
        { "keywords.json", "[]", "keywords.json: byte 0" },
        { "keywords.json", "{\"a\": \"b\"}", "keywords.json: byte 6" },
        { "keywords.json", "{\"a\": [1]}", "keywords.json: byte 7" },
        { "twitter.png", "no picture", "twitter.png: byte 0" },
        { "emoji.json", "[{\"category\": \"c\", " DRAWN "0}]", "entry 1 has no unified" },
        { "emoji.json", "[{\"unified\": \"1\", " DRAWN "0}]", "entry 1 has no unified, category" },
        { "emoji.json", "[{\"unified\": \"1\", \"category\": \"c\", \"sheet_y\": 0}]", "entry 1 has no unified" },
        { "emoji.json", "[{\"unified\": \"1F43C\", \"name\": \"a\", \"category\": \"caf\xc3\xa9\", " DRAWN "0}]",
          "other characters than ASCII" },
    };
    for (size_t i = 0; i < COUNT(damaged); i++) {
        put_all();
        put(damaged[i].file, damaged[i].text);
        refused(damaged[i].words);
    }
    put_all();
    put("emoji.json", "[{\"unified\": \"1F43C\", \"name\": \"a\", \"category\": \"c\", \"sheet_x\": 0, "
                      "\"has_img_twitter\": true, \"has_img_google\": true, \"sheet_y\": 1}]");
    refused("twitter.png: the sheet has 102 x 34 pixels, cell 0, 1 of \"1F43C\" ends at 33, 67");
    put_all();
    put_sheet("google.png", 2, 2);
    refused("the sheet has 68 x 34 pixels, cell 2, 0 of \"1F63E\" ends at 101, 33");
    put_all();
    CHECK(remove(in("keywords.json")) == 0, "remove");
    CHECK(!emoji_files_exist(folder), "a missing file");
    refused("keywords.json");
    arena_free(&arena);
}

/* What names no character has no key words, and is called by its own name or left out. */
TEST(characters_that_are_none) {
    static const char *const unified[] = { "", "0", "110000", "1F43C+", "panda", "1F43C-" };
    for (size_t i = 0; i < COUNT(unified); i++) {
        EmojiSet set;
        Err err;
        put_all();
        put("keywords.json", "{\"\\ud83d\\udc3c\": [\"bear\"]}");
        put("emoji.json", arena_print(&arena,
                                      "[{\"unified\": \"%s\", \"name\": \"PANDA\", \"category\": \"c\", " DRAWN
                                      "0}, {\"unified\": \"%s\", \"name\": null, \"category\": \"c\", " DRAWN "1}]",
                                      unified[i], unified[i]));
        bool found = !strcmp(unified[i], "1F43C-"); /* an end without a character is passed over */
        CHECK(emoji_set_read(&set, &arena, folder, &err) && set.count == 1 + found, "\"%s\": %d emoji", unified[i],
              set.count);
        CHECK(set.item[0].phrase_count == 1 && !strcmp(set.item[0].phrase[0], found ? "bear" : "panda"), "\"%s\": %s",
              unified[i], set.item[0].phrase[0]);
    }
    arena_free(&arena);
}

/* Entries, of which there may be so many; of each the unified "1F43C", the name "a" and a category of its own. */
static const char *entries_of(int count, int categories) {
    size_t room = 200 * (size_t)count + 3, length = 1;
    char *text = arena_alloc(&arena, room, 1);
    *text = '[';
    for (int i = 0; i < count; i++)
        length += (size_t)snprintf(text + length, room - length,
                                   "%s{\"unified\": \"1F43C\", \"name\": \"a\", \"category\": \"c%d\", " DRAWN "0}",
                                   i ? ", " : "", i % categories);
    strcpy(text + length, "]");
    return text;
}

TEST(more_than_there_is_room_for) {
    EmojiSet set;
    Err err;
    put_all();
    put("emoji.json", entries_of(300, EMOJI_CATEGORIES));
    CHECK(emoji_set_read(&set, &arena, folder, &err) && set.count == 300 && set.category_count == EMOJI_CATEGORIES,
          "%d emoji, %s", set.count, err.text);
    put("emoji.json", entries_of(300, EMOJI_CATEGORIES + 1));
    refused(arena_print(&arena, "more than %d categories", EMOJI_CATEGORIES));
    put("emoji.json", entries_of(HIGHEST + 1, 1));
    refused(arena_print(&arena, "emoji.json: more than %d entries", HIGHEST));
    put_all();
    size_t room = 16 * (HIGHEST + 2), length = 1;
    char *text = arena_alloc(&arena, room, 1);
    *text = '{';
    for (int i = 0; i <= HIGHEST; i++)
        length += (size_t)snprintf(text + length, room - length, "%s\"%d\": []", i ? ", " : "", i);
    strcpy(text + length, "}");
    put("keywords.json", text);
    refused(arena_print(&arena, "keywords.json: more than %d emoji", HIGHEST));
    arena_free(&arena);
}

TEST(every_cut_is_refused_or_read) {
    put_all();
    Arena own = { 0 };
    const char *path = in("emoji.json");
    for (size_t n = 0; n + 1 < sizeof entries; n++) {
        EmojiSet set;
        Err err = { "" };
        file_mock(path, entries, n);
        CHECK(!emoji_set_read(&set, &own, folder, &err) && err.text[0], "%zu bytes", n);
        arena_reset(&own);
    }
    file_mock(NULL, NULL, 0);
    arena_free(&own);
    arena_free(&arena);
}

TEST(phrases) {
    static const char *const text[][2] = {
        { "grinning_face", "grinning face" },
        { "Right\xc2\xa0"
          "Arrow",
          "right arrow" },
        { ":D", NULL },
        { "", NULL },
        { "o'clock", "o'clock" },
        { "a|b\tc\"d\"", "a b c d" },
        { " 21:00 ", "21 00" },
        { "'", NULL },
        { "pi\xc3\xb1"
          "ata",
          "pi\xc3\xb1"
          "ata" },
        { "two--words_", "two words" },
        { "a\xc2\x9b"
          "2J",
          "a 2j" },
    };
    for (size_t i = 0; i < COUNT(text); i++) {
        const char *got = emoji_phrase(&arena, text[i][0]);
        CHECK(got ? text[i][1] && !strcmp(got, text[i][1]) : !text[i][1], "%s: %s", text[i][0], got ? got : "none");
    }
    arena_free(&arena);
}

static int phrase_id(const EmojiSet *set, const char *phrase) {
    for (int p = 0; p < set->phrase_count; p++)
        if (!strcmp(set->phrase[p], phrase)) return p;
    return -1;
}

TEST(truth) {
    EmojiSet set;
    Err err;
    put_all();
    CHECK(emoji_set_read(&set, &arena, folder, &err), "%s", err.text);
    int love = phrase_id(&set, "love"), heart = phrase_id(&set, "red heart"), cat = phrase_id(&set, "pouting cat");
    const int both[2] = { love, heart }, mixed[2] = { love, cat };
    CHECK(love >= 0 && heart >= 0 && cat >= 0, "%d %d %d", love, heart, cat);
    CHECK(emoji_true(&set, 0, both, 2) && !emoji_true(&set, 0, mixed, 2) && !emoji_true(&set, 1, both, 1), "truth");
    CHECK(emoji_says(&set, 0, "hear") && emoji_says(&set, 0, "square") && !emoji_says(&set, 0, "eart"), "words");
    CHECK(emoji_find(&set, "pouting cat") == 1 && emoji_find(&set, "pouting") == -1, "names");
    arena_free(&arena);
}

/* A phrase of one word is also true where a longer phrase has it: "red" of "a red circle". */
TEST(truth_of_a_word) {
    EmojiSet set;
    emoji_set_generate(&set, &arena, 0);
    int red = phrase_id(&set, "red"), circle = emoji_find(&set, "a red circle"),
        square = emoji_find(&set, "a blue square");
    set.item[circle].phrase_count = 1;
    CHECK(emoji_true(&set, circle, &red, 1) && !emoji_true(&set, square, &red, 1), "red");
    arena_free(&arena);
}

TEST(scenes_have_the_same_questions) {
    EmojiSet set, again, some;
    emoji_set_generate(&set, &arena, 0);
    emoji_set_generate(&again, &arena, 0);
    emoji_set_generate(&some, &arena, 50);
    CHECK(set.count == 64 + 64 + 48 && some.count == 50 && set.generated, "%d, %d", set.count, some.count);
    for (int s = 0; s < EMOJI_STYLES; s++)
        CHECK(!memcmp(set.rgb[s], again.rgb[s], (size_t)set.count * EMOJI_PIXELS), "style %d differs", s);
    CHECK(memcmp(set.rgb[0], set.rgb[1], EMOJI_PIXELS) != 0, "the styles are the same");
    for (int i = 0; i < set.count; i++)
        CHECK(emoji_find(&set, set.item[i].phrase[0]) == i, "two pictures are called %s", set.item[i].phrase[0]);
    int turned = emoji_find(&set, "a red circle left of a blue square");
    CHECK(turned >= 0 && emoji_find(&set, "a red circle right of a blue square") == turned + 1, "%d", turned);
    for (int i = 0; i < some.count; i++) {
        int whole = emoji_find(&set, some.item[i].phrase[0]);
        CHECK(whole >= 0 && !memcmp(emoji_rgb(&some, 1, i), emoji_rgb(&set, 1, whole), EMOJI_PIXELS), "item %d", i);
    }
    arena_free(&arena);
}

TEST(held_out_by_name_and_every_tenth) {
    EmojiSet set;
    emoji_set_generate(&set, &arena, 0);
    int held[EMOJI_CATEGORIES] = { 0 }, named[EMOJI_CATEGORIES] = { 0 }, of[EMOJI_CATEGORIES] = { 0 };
    for (int i = 0; i < set.count; i++) {
        const Emoji *e = &set.item[i];
        bool is_named = emoji_named_held(e->phrase[0]);
        CHECK(!is_named || e->held, "%s is not held out", e->phrase[0]);
        held[e->category] += e->held;
        named[e->category] += is_named;
        of[e->category]++;
    }
    for (int c = 0; c < set.category_count; c++)
        CHECK(named[c] > 0 && held[c] >= (of[c] + 9) / 10 && held[c] <= (of[c] + 9) / 10 + named[c], "%s: %d of %d",
              set.category[c], held[c], of[c]);
    CHECK(emoji_named_held("green heart") && !emoji_named_held("red heart"), "hearts");
    arena_free(&arena);
}

/* The table has a line for each picture, and its pictures come back. */
TEST(the_table_and_its_pictures) {
    EmojiSet set;
    Err err;
    File file;
    Image image;
    const char *to = arena_print(&arena, "%s/new", check_folder());
    emoji_set_generate(&set, &arena, 30);
    for (int twice = 0; twice < 2; twice++) CHECK(emoji_set_write(&set, to, &err), "%s", err.text);
    CHECK(file_open(&file, arena_print(&arena, "%s/pairs.tsv", to), &err), "%s", err.text);
    char *text = arena_print(&arena, "%.*s", (int)file.size, (const char *)file.data), *rest = NULL;
    file_close(&file);
    char *line = strtok_r(text, "\n", &rest);
    CHECK(!strcmp(line, "filepath\ttitle\tsplit\tstyle"), "%s", line);
    for (int k = 0; k < 2 * set.count; k++) {
        int style = k / set.count, item = k % set.count;
        const Emoji *e = &set.item[item];
        const char *split = e->held ? "test" : style ? "val" : "train";
        line = strtok_r(NULL, "\n", &rest);
        CHECK(line, "%d lines", k);
        CHECK(!strncmp(line, arena_print(&arena, "%s/%04d.png\t%s|", set.style[style], item + 1, e->phrase[0]), 16),
              "%s", line);
        CHECK(strstr(line, arena_print(&arena, "\t%s\t%s", split, set.style[style])), "%s: want %s", line, split);
        const char *path = arena_print(&arena, "%s/%.*s", to, (int)strcspn(line, "\t"), line);
        CHECK(image_read(&arena, path, &image, &err), "%s", err.text);
        CHECK(!memcmp(image.rgb, emoji_rgb(&set, style, item), EMOJI_PIXELS), "%s differs", path);
    }
    CHECK(!strtok_r(NULL, "\n", &rest), "more lines");
    arena_free(&arena);
}

/* The reader of lesson-10 --pairs finds every picture with all its captions and its part, and no bad row. */
TEST(the_table_is_one_of_pairs) {
    EmojiSet set;
    PairsTable table;
    Err err;
    const char *to = arena_print(&arena, "%s/new", check_folder());
    emoji_set_generate(&set, &arena, 0);
    CHECK(emoji_set_write(&set, to, &err), "%s", err.text);
    CHECK(pairs_table_read(&table, &arena, arena_print(&arena, "%s/pairs.tsv", to), (PairsFormat){ .strict = true },
                           &err),
          "%s", err.text);
    CHECK(table.picture_count == 2 * set.count && table.bad_count == 0 && table.has_split, "%d", table.picture_count);
    for (int k = 0; k < table.picture_count; k++) {
        const PairsPicture *picture = &table.pictures[k];
        const Emoji *e = &set.item[k % set.count];
        PairsPart part = e->held ? PAIRS_TEST : k < set.count ? PAIRS_TRAIN : PAIRS_VAL;
        CHECK(picture->count == e->phrase_count && picture->part == part, "picture %d", k);
        for (int p = 0; p < e->phrase_count; p++)
            CHECK(!strcmp(table.caption[picture->first + p], e->phrase[p]), "%s", e->phrase[p]);
        CHECK(file_exists(pairs_table_path(&table, &arena, k)), "%s", picture->path);
    }
    arena_free(&arena);
}

TEST(a_folder_of_others_is_not_written_to) {
    EmojiSet set;
    Err err = { "" };
    folder = check_folder();
    put("mine.txt", "mine");
    emoji_set_generate(&set, &arena, 20);
    CHECK(!emoji_set_write(&set, folder, &err) && strstr(err.text, "has no pairs.tsv"), "%s", err.text);
    CHECK(!folder_exists(in("plain")), "a folder was made");
    arena_free(&arena);
}

TESTS(reads_names_key_words_and_pictures, damaged_files_are_refused, characters_that_are_none,
      more_than_there_is_room_for, every_cut_is_refused_or_read, phrases, truth, truth_of_a_word,
      scenes_have_the_same_questions, held_out_by_name_and_every_tenth, the_table_and_its_pictures,
      the_table_is_one_of_pairs, a_folder_of_others_is_not_written_to)
