/* style: checks rules of layout that no compiler checks.
 *
 *   build/style NAMES FILE ...       NAMES: a list of words that are not allowed as identifiers; # begins a comment
 *
 * One line for each finding, FILE:LINE: what. The rules, for C files:
 *   a line has at most 120 columns                     a function has at most 60 lines
 *   no identifier of the list                          one statement a line: no comma operator between statements
 *   no assignment inside a condition, an argument or a return
 * It is not a parser of C: it skips comments, strings and preprocessor lines, and keeps track of brackets.
 * Exit status: 0 nothing found, 1 something, 2 the command line is wrong.
 */
#include "core/version.h"
#include "core/arena.h"
#include "core/file.h"

#include <ctype.h>
#include <string.h>

enum { COLUMNS = 120, LINES = 60, DEPTH = 256, NAMES = 512, WORD = 64 };

static struct {
    const char *path;
    int line, findings;
} at;

static void finding(int line, const char *what, const char *detail) {
    printf("%s:%d: %s%s\n", at.path, line, what, detail);
    at.findings++;
}

/* ---- the list of names ------------------------------------------------------------------------------------------- */

static char names[NAMES][WORD];
static int name_count;

static void names_read(const char *path) {
    FILE *file = fopen(path, "r");
    char line[256];
    if (!file) die("%s cannot be read", path);
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "#\n")] = '\0';
        for (char *word = strtok(line, " \t"); word; word = strtok(NULL, " \t")) {
            if (name_count == NAMES || strlen(word) >= WORD) die("%s: too many names, or one too long", path);
            snprintf(names[name_count++], WORD, "%s", word);
        }
    }
    fclose(file);
}

static bool name_listed(const char *word) {
    for (int i = 0; i < name_count; i++)
        if (!strcmp(names[i], word)) return true;
    return false;
}

/* ---- text without comments, strings and preprocessor lines ------------------------------------------------------- */

/* Overwrites comments, strings and preprocessor lines with spaces, in place; newlines stay. */
static void blank_text(char *s) {
    bool fresh = true; /* nothing but spaces since the last newline */
    while (*s) {
        char *end = s + 1;
        if (!strncmp(s, "/*", 2)) {
            char *close = strstr(s + 2, "*/");
            end = close ? close + 2 : s + strlen(s);
        } else if (!strncmp(s, "//", 2) || (*s == '#' && fresh)) {
            for (end = s; *end && (*end != '\n' || end[-1] == '\\'); end++) {
            }
        } else if (*s == '"' || *s == '\'') {
            for (end = s + 1; *end && *end != *s; end++)
                if (*end == '\\' && end[1]) end++;
            if (*end) end++;
        }
        fresh = *s == '\n' || (fresh && isspace((unsigned char)*s));
        if (end > s + 1)
            for (; s < end; s++) *s = *s == '\n' ? '\n' : ' ';
        else s++;
    }
}

/* ---- tokens and brackets ----------------------------------------------------------------------------------------- */

typedef enum { PAREN_CALL, PAREN_CONDITION, PAREN_FOR, PAREN_CAST, BRACE_BLOCK, BRACE_LIST, SQUARE } Kind;

static struct {
    Kind kind[DEPTH];
    int depth;
    Kind closed;               /* the kind of the bracket that was closed last */
    char before[WORD];         /* the token before this one */
    bool member;               /* the token before that was ".": .name = value in a macro's list is no assignment */
    int statement;             /* how many tokens of this statement were read */
    bool expression, returned; /* the statement is an expression; it began with return */
} scan;

static bool is_word(const char *token) { return isalpha((unsigned char)*token) || *token == '_'; }

static bool is_one_of(const char *token, const char *list) {
    size_t n = strlen(token);
    for (; n > 0 && *list; list += strcspn(list, " "), list += strspn(list, " "))
        if (strcspn(list, " ") == n && !strncmp(list, token, n)) return true;
    return false;
}

static Kind paren_kind(void) {
    if (!strcmp(scan.before, "for")) return PAREN_FOR;
    if (is_one_of(scan.before, "if while switch")) return PAREN_CONDITION;
    if (is_one_of(scan.before, "return sizeof") || !(is_word(scan.before) || *scan.before == ')')) return PAREN_CAST;
    return PAREN_CALL;
}

/* A brace begins a block behind ")" of a function, an if or a loop, behind else, do and between statements. */
static Kind brace_kind(void) {
    if (*scan.before == ')') return scan.closed == PAREN_CAST ? BRACE_LIST : BRACE_BLOCK;
    return is_one_of(scan.before, "else do ; { } :") && (scan.depth == 0 || scan.kind[scan.depth - 1] == BRACE_BLOCK)
               ? BRACE_BLOCK
               : BRACE_LIST;
}

static void open_bracket(const char *token) {
    Kind kind = *token == '(' ? paren_kind() : *token == '{' ? brace_kind() : SQUARE;
    if (scan.depth == DEPTH) die("%s:%d: brackets are too deep", at.path, at.line);
    scan.kind[scan.depth++] = kind;
    if (kind == BRACE_BLOCK) scan.statement = 0;
}

static void close_bracket(void) {
    if (scan.depth == 0) return;
    scan.closed = scan.kind[--scan.depth];
    if (scan.closed == BRACE_BLOCK) scan.statement = 0;
}

static void check_token(const char *token) {
    Kind top = scan.depth ? scan.kind[scan.depth - 1] : BRACE_BLOCK;
    bool assigns = is_one_of(token, "= += -= *= /= %= |= &= ^= <<= >>=");
    if (is_word(token) && name_listed(token)) finding(at.line, "this name is not used here: ", token);
    if (assigns && !scan.member && (top == PAREN_CALL || top == PAREN_CONDITION || top == PAREN_CAST))
        finding(at.line, "an assignment inside a condition or an argument", "");
    if (assigns && top == BRACE_BLOCK && scan.returned) finding(at.line, "an assignment inside a return", "");
    if (*token == ',' && top == BRACE_BLOCK && scan.expression) finding(at.line, "a comma between two statements", "");
}

/* An expression statement begins with a name and what can follow it in no declaration, or with *, ++ or --. */
static void follow_statement(const char *token) {
    if (scan.statement == 0) {
        scan.returned = !strcmp(token, "return");
        scan.expression = scan.returned || is_one_of(token, "* ++ -- (");
    } else if (scan.statement == 1 && is_one_of(token, "= . -> ( [ += -= *= /= |= &= ++ --") && is_word(scan.before)) {
        scan.expression = !is_one_of(scan.before, "for if while switch");
    }
    scan.statement++;
    bool block = scan.depth == 0 || scan.kind[scan.depth - 1] == BRACE_BLOCK;
    if (block && is_one_of(token, "; else do")) scan.statement = 0;
    if (*token == ')' && (scan.closed == PAREN_CONDITION || scan.closed == PAREN_FOR)) scan.statement = 0;
}

/* The token at s and its length. */
static int token_read(const char *s, char token[WORD]) {
    static const char *const longer[] = { "<<=", ">>=", "...", "->", "++", "--", "<<", ">>", "<=", ">=", "==",
                                          "!=",  "&&",  "||",  "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=" };
    int n = 1;
    if (is_word(s) || isdigit((unsigned char)*s)) {
        while (isalnum((unsigned char)s[n]) || s[n] == '_' || (s[n] == '.' && isdigit((unsigned char)*s))) n++;
    } else {
        for (size_t i = COUNT(longer); i-- > 0;)
            if (!strncmp(s, longer[i], strlen(longer[i]))) n = (int)strlen(longer[i]);
    }
    snprintf(token, WORD, "%.*s", MIN(n, WORD - 1), s);
    return n;
}

static void scan_tokens(const char *s) {
    char token[WORD];
    memset(&scan, 0, sizeof scan);
    at.line = 1;
    while (*s) {
        if (isspace((unsigned char)*s)) {
            at.line += *s++ == '\n';
            continue;
        }
        int n = token_read(s, token);
        if (is_one_of(token, ") } ]")) close_bracket();
        check_token(token);
        follow_statement(token);
        if (is_one_of(token, "( { [")) open_bracket(token);
        scan.member = *scan.before == '.';
        snprintf(scan.before, sizeof scan.before, "%s", token);
        s += n;
    }
}

/* ---- lines ------------------------------------------------------------------------------------------------------- */

static void check_columns(const char *s) {
    for (int line = 1; *s; line++) {
        int columns = 0;
        for (; *s && *s != '\n'; s++) columns += (*s & 0xC0) != 0x80; /* a character of UTF-8 counts once */
        if (columns > COLUMNS) finding(line, "more than 120 columns", "");
        if (*s) s++;
    }
}

/* A function begins with a line that starts in its first column and ends with {; it ends with } in the first column. */
static void check_functions(const char *s) {
    int begun = 0;
    for (int line = 1; *s; line++) {
        size_t n = strcspn(s, "\n");
        size_t last = n;
        while (last > 0 && isspace((unsigned char)s[last - 1])) last--;
        bool opens = last > 1 && s[last - 1] == '{' && !isspace((unsigned char)*s) && s[last - 2] == ' ';
        if (opens && memchr(s, '(', n) && !memchr(s, '=', n)) begun = line;
        if (*s == '}' && begun) {
            if (line - begun + 1 > LINES) finding(begun, "a function of more than 60 lines", "");
            begun = 0;
        }
        s += n;
        if (*s) s++;
    }
}

static void file_check(const char *path) {
    Arena arena = { 0 };
    Err err;
    File file;
    if (!file_open(&file, path, &err)) die("%s", err.text);
    char *text = arena_alloc(&arena, file.size + 1, 1);
    memcpy(text, file.data, file.size);
    text[file.size] = '\0';
    at.path = path;
    check_columns(text);
    blank_text(text);
    check_functions(text);
    scan_tokens(text);
    file_close(&file);
    arena_free(&arena);
}

int main(int argc, char **argv) {
    if (version_asked(argc, argv)) return status_printed(0);
    if (argc < 3) die_usage("style NAMES FILE ...; NAMES is tests/names.txt");
    names_read(argv[1]);
    for (int i = 2; i < argc; i++) file_check(argv[i]);
    return at.findings > 0;
}
