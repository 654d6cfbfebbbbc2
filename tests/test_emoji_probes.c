/* emoji_probes: which names are pairs, and their scores, by hand. */
#include "27-emoji/emoji_probes.h"
#include "check.h"

#include <string.h>

static Arena arena;

static const char *const names[] = {
    "red heart",                /* 0 */
    "green heart",              /* 1 */
    "three o clock",            /* 2 */
    "nine o clock",             /* 3 */
    "three thirty",             /* 4 */
    "right arrow curving left", /* 5 */
    "left arrow curving right", /* 6 */
    "woman walking",            /* 7 */
    "woman walking facing right",
    "man walking", /* 9 */
    "left arrow",  /* 10 */
    "right arrow",
    "light green heart", /* 12 */
    "red card",
};

static EmojiSet make_set(void) {
    EmojiSet set = { .count = COUNT(names), .category = { "all" }, .category_count = 1 };
    set.item = arena_zero(&arena, COUNT(names), sizeof *set.item);
    for (int i = 0; i < set.count; i++) {
        set.item[i].phrase = &((const char **)arena_alloc(&arena, COUNT(names), sizeof(char *)))[0];
        set.item[i].phrase[0] = names[i];
        set.item[i].phrase_count = 1;
        set.item[i].held = i == 1;
    }
    return set;
}

TEST(pairs_by_hand) {
    static const int want[BIND_KINDS][8] = {
        [BIND_COLOUR] = { 0, 1, -1 }, [BIND_NUMBER] = { 2, 3, -1 }, [BIND_DIRECTION] = { 7, 8, 10, 11, -1 },
        [BIND_PERSON] = { 7, 9, -1 }, [BIND_ORDER] = { 5, 6, -1 },
    };
    EmojiSet set = make_set();
    for (int kind = 0; kind < BIND_KINDS; kind++) {
        int count, wanted = 0;
        BindPair *pairs = bind_pairs(&set, &arena, (BindKind)kind, &count);
        while (want[kind][2 * wanted] >= 0) wanted++;
        CHECK(count == wanted, "%s: %d pairs, want %d", bind_name((BindKind)kind), count, wanted);
        for (int k = 0; k < count; k++)
            CHECK(pairs[k].a == want[kind][2 * k] && pairs[k].b == want[kind][2 * k + 1] &&
                      pairs[k].held == (kind == BIND_COLOUR),
                  "%s: %d, %d", bind_name((BindKind)kind), pairs[k].a, pairs[k].b);
    }
    arena_free(&arena);
}

TEST(families) {
    EmojiSet set = make_set();
    int item[4];
    CHECK(bind_family(&set, BIND_COLOUR, "X heart", item, 4) == 2 && item[0] == 0 && item[1] == 1, "%d", item[0]);
    CHECK(bind_family(&set, BIND_NUMBER, "X o clock", item, 4) == 2 && item[0] == 2, "%d", item[0]);
    CHECK(bind_family(&set, BIND_COLOUR, "X heart", item, 1) == 1, "more than there is room for");
    arena_free(&arena);
}

/* Pictures and names are unit vectors of the plane. Item 0: both names are nearest to its picture 0; item 1: right. */
TEST(scores) {
    const BindPair pairs[] = { { 0, 1, false }, { 2, 3, true } };
    const double picture[] = { 1, 0, 1, 0, 1, 0, 0, 1 }, name[] = { 1, 0, 0, 1, 1, 0, 0, 1 };
    Mat pictures = mat_from(&arena, 4, 2, picture), texts = mat_from(&arena, 4, 2, name);
    PairScore seen = bind_score(pairs, 2, false, pictures, texts), held = bind_score(pairs, 2, true, pictures, texts);
    CHECK(seen.items == 1 && held.items == 1, "%d, %d", seen.items, held.items);
    CHECK_NEAR(seen.sum[PAIR_METRIC_CHOICE], 0.5, 1e-12); /* both pictures choose name 0 */
    CHECK_NEAR(held.sum[PAIR_METRIC_CHOICE], 1, 1e-12);
    CHECK_NEAR(held.sum[PAIR_METRIC_GROUP], 1, 1e-12);
    arena_free(&arena);
}

TESTS(pairs_by_hand, families, scores)
