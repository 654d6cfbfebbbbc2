/* entity: HTML's character references, "&amp;", "&eacute;", "&#233;", "&#xe9;", as the characters they stand for. */
#ifndef HTML_ENTITY_H
#define HTML_ENTITY_H

#include "core/base.h"

/* html_entity_unescape: replaces every reference once, as Python's html.unescape does (HTML standard, 13.2.5.72 to .80): all
 * 2,231 names of the standard, those that go without a semicolon also in front of other letters ("&notit;"); numbers
 * that stand for no character become U+FFFD, 128 to 159 what Windows has there, control characters nothing.
 * Shapes  text [count], characters as of unicode.h, in place; returns how many are left, never more than count
 */
size_t html_entity_unescape(uint32_t *text, size_t count);

#endif
