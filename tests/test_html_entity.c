/* html_entity: HTML's references, as Python's html.unescape replaces them. */
#include "dataset/html_entity.h"
#include "dataset/unicode.h"
#include "check.h"

#include <string.h>

static void check_text(const char *text, const char *want) {
    uint32_t codes[256];
    char got[1024];
    size_t size = strlen(text), count = 0, made = 0;
    for (size_t at = 0; at < size; count++) at += unicode_read(text + at, size - at, &codes[count]);
    count = html_entity_unescape(codes, count);
    for (size_t i = 0; i < count; i++) made += unicode_write(codes[i], got + made);
    got[made] = '\0';
    CHECK(!strcmp(got, want), "%s became %s, not %s", text, got, want);
}

TEST(html_entity_names) {
    check_text("&lt;b&gt; &amp; &quot;&apos;&nbsp;|", "<b> & \"'\xc2\xa0|");
    check_text("&AElig;&zwnj;&CounterClockwiseContourIntegral;", "Æ\xe2\x80\x8c∳");
    check_text("&NotEqualTilde;&nGt;&fjlig;", "≂\xcc\xb8≫⃒fj");
    check_text("&eacute &eacutex &notit; &notin; &notinx &LTx", "é éx ¬it; ∉ ¬inx <x");
    check_text("&alpha &hearts", "&alpha &hearts");          /* these want the semicolon */
    check_text("&Eacute;&EACUTE;", "É&EACUTE;");             /* case counts */
    check_text("&amp;lt; &ampamp; &&amp;", "&lt; &amp; &&"); /* once only */
    check_text("& &; &x &unknown; a&b AT&T &", "& &; &x &unknown; a&b AT&T &");
    check_text("&CounterClockwiseContourIntegralx;&amp", "&CounterClockwiseContourIntegralx;&");
    check_text("&am\xff;&ampé;", "&am\xff;&é;");
    check_text("&amp\n&lt\x01;", "&\n<\x01;");
    check_text("", "");
}

TEST(html_entity_numbers) {
    check_text("&#233;&#xe9;&#XE9;&#233&#xe9.", "éééé"
                                                "é.");
    check_text("&#0;&#xd800;&#x110000;&#99999999999999999999;", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    check_text("&#128;&#150;&#159;&#129;", "€–Ÿ\xc2\x81");
    check_text("|&#1;&#11;&#127;&#xfdd0;&#xfffe;&#x1ffff;|", "||");
    check_text("&#9;&#10;&#13;&#12;", "\t\n\r\f");
    check_text("&#x1F600;&#0065;&#x000000041;", "😀AA");
    check_text("&# &#; &#x; &#xg; &#a;", "&# &#; &#x; &#xg; &#a;");
}

/* Every name of the table, in its place: what the binary search passes over would stay as it is. */
TEST(html_entity_first_and_last) {
    check_text("&AElig;&Zscr;&aacute;&zwnj;&zwj;&Aacute", "Æ𝒵á\xe2\x80\x8c\xe2\x80\x8dÁ");
    check_text("&frac12&THORN&brvbar&yuml", "½Þ¦ÿ");
}

TESTS(html_entity_names, html_entity_numbers, html_entity_first_and_last)
