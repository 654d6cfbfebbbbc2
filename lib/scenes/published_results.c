#include "scenes/published_results.h"

#include <math.h>

static const Published probes[] = {
    [PUBLISHED_ARO_RELATION] = { "ARO, relation (VG-R)", 50, 59.9, 80.2, NAN, "62", "-" },
    [PUBLISHED_ARO_ATTRIBUTION] = { "ARO, attribution (VG-A)", 50, 63.2, 70.5, NAN, "82", "-" },
    [PUBLISHED_ARO_ORDER] = { "ARO, order (COCO)", 20, 47.4, 86.8, NAN, "74-76", "-" },
    [PUBLISHED_CREPE_REPLACE_ATTRIBUTE] = { "SugarCrepe, replace attribute", 50, 80.1, 85.9, 85.8, "49-50", "97-100" },
    [PUBLISHED_CREPE_REPLACE_RELATION] = { "SugarCrepe, replace relation", 50, 69.2, 76.5, 73.8, "49-50", "97-100" },
    [PUBLISHED_CREPE_SWAP_OBJECT] = { "SugarCrepe, swap object", 50, 61.4, 75.2, 68.3, "49-50", "97-100" },
    [PUBLISHED_CREPE_SWAP_ATTRIBUTE] = { "SugarCrepe, swap attribute", 50, 64.0, 75.3, 71.8, "49-50", "97-100" },
    [PUBLISHED_CREPE_NEGATE] = { "CREPE, negate", 50, 76.9, 99.5, 61.2, "-", "-" },
    [PUBLISHED_WINOGROUND_TEXT] = { "Winoground, text", 25, 30.75, NAN, NAN, "-", "89.5" },
    [PUBLISHED_WINOGROUND_IMAGE] = { "Winoground, image", 25, 10.5, NAN, NAN, "-", "88.5" },
    [PUBLISHED_WINOGROUND_GROUP] = { "Winoground, group", 100 / 6.0, 8, NAN, NAN, "-", "85.5" },
};
_Static_assert(COUNT(probes) == PUBLISHED_PROBES, "one row per probe");

const Published *published(PublishedProbe probe) {
    REQUIRE((unsigned)probe < PUBLISHED_PROBES, "probe %d of %d", (int)probe, (int)PUBLISHED_PROBES);
    return &probes[probe];
}

char *published_text(double percent, int width, char *text) {
    REQUIRE(width < PUBLISHED_TEXT, "%d columns, want less than %d", width, (int)PUBLISHED_TEXT);
    if (isnan(percent)) snprintf(text, PUBLISHED_TEXT, "%*s", width, "-");
    else snprintf(text, PUBLISHED_TEXT, "%*.4g", width, percent);
    return text;
}
