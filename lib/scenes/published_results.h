/* Published results of CLIP (ViT-B/32) on probes like ours, in %; NaN: not published.
 *
 *   ARO                 Yuksekgonul et al. 2022, arXiv:2210.01936, section 2; two captions, five in the word orders.
 *                       Figures that users of its code get (issue 33 of github.com/mertyg/
 *                       vision-language-models-are-bows); the paper has 59 for CLIP's relations (table 2), 81 and 71
 *                       for NegCLIP (table 6)
 *   SugarCrepe, CREPE   Hsieh et al. 2023, arXiv:2306.14610, table 5; by kind in issue 3 of github.com/RAIVNLab/
 *                       sugar-crepe. Also the scores of text-only models, on ARO too, and of people
 *   Winoground          Thrush et al. 2022, arXiv:2204.03162, table 3
 *   hard positives      Kamath et al. 2024, arXiv:2409.17958, abstract (printed by lesson 18) */
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
    double hard_negatives, control; /* fine-tuned with hard negatives (NegCLIP), and equally long without */
    const char *text_only;          /* "62", a range "74-76", "-": not published */
    const char *people;             /* likewise */
} Published;

/* The row of a probe; static. */
const Published *published(PublishedProbe probe);

enum { PUBLISHED_TEXT = 32 }; /* bytes of a number's text */

/* "59.9", with the published digits, in `width` columns, or "-". Into text[PUBLISHED_TEXT]; returns text. */
char *published_text(double percent, int width, char *text);

#endif
