/* html_entity: HTML's character references, "&amp;", "&eacute;", "&#233;", "&#xe9;", replaced by their characters. */
#ifndef HTML_ENTITY_H
#define HTML_ENTITY_H

#include "core/base.h"

/* html_entity_unescape: replaces every reference once, as Python's html.unescape does (HTML standard, 13.2.5.72 to 80):
 * all 2,231 names of the standard; names that are valid without a semicolon also before other letters ("&notit;").
 * Numbers of no character become U+FFFD, 128 to 159 the characters of Windows code page 1252, control characters
 * nothing.
 * Shapes  text [count], characters of unicode.h, changed in place. Returns the new count, at most the old one */
size_t html_entity_unescape(uint32_t *text, size_t count);

#endif
