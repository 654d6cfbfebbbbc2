/* published: what others measured of real CLIP (ViT-B/32) with probes built like ours. In %; NaN: not published.
 *
 *   ARO                 Yuksekgonul et al. 2022, arXiv:2210.01936, section 2; two captions, of word orders five.
 *                       Figures as users of its code get them (issue 33 of its repository, github.com/mertyg/
 *                       vision-language-models-are-bows); the paper has 59 for CLIP's relations (table 2), 81 and
 *                       71 for NegCLIP (table 6)
 *   SugarCrepe, CREPE   Hsieh et al. 2023, arXiv:2306.14610, table 5, by kind in its repository (RAIVNLab/sugar-crepe,
 *                       issue 3); from there, too, what judges of texts alone get, on ARO as well, and people
 *   Winoground          Thrush et al. 2022, arXiv:2204.03162, table 3
 *   hard positives      Kamath et al. 2024, arXiv:2409.17958, abstract (negatives_report.h prints it)
 */
#ifndef PUBLISHED_RESULTS_H
#define PUBLISHED_RESULTS_H

#include "core/base.h"

typedef enum {
    PUBLISHED_ARO_RELATION,
    PUBLISHED_ARO_ATTRIBUTION,
    PUBLISHED_ARO_ORDER,
    PUBLISHED_CREPE_REPLACE_ATTRIBUTE,
    PUBLISHED_CREPE_REPLACE_RELATION,
    PUBLISHED_CREPE_SWAP_OBJECT,
    PUBLISHED_CREPE_SWAP_ATTRIBUTE,
    PUBLISHED_CREPE_NEGATE,
    PUBLISHED_WINOGROUND_TEXT,
    PUBLISHED_WINOGROUND_IMAGE,
    PUBLISHED_WINOGROUND_GROUP,
    PUBLISHED_PROBES
} PublishedProbe;

typedef struct {
    const char *name; /* "ARO, relation (VG-R)" */
    double chance, clip;
    double repaired, plain; /* CLIP that practised with wrong captions (NegCLIP), and as long without */
    const char *blind;      /* who judges the text alone: "62", or from "74-76"; "-": not published */
    const char *people;     /* likewise */
} Published;

/* The row of a probe; nobody owns it. */
const Published *published(PublishedProbe probe);

/* Bytes that hold a number of them. */
enum { PUBLISHED_TEXT = 32 };

/* "59.9", as many digits as were published, in `width` columns, or "-". Into text[PUBLISHED_TEXT]; returns text. */
char *published_text(double percent, int width, char *text);

#endif
