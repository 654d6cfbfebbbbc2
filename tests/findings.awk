# findings.awk: what a compiler warned about, as lines "LINE ID TEXT" for tests/exercises/verify_run.c.
#
#   awk -v source=exercises/01-cosine.c -f tests/findings.awk LOG exercises/01-cosine.c
#
# LOG is what gcc or clang printed about the file. No compiler warns of divisions of whole numbers. They are looked for
# in the file itself: an integer divided by another one, or by a name that is declared as int. So are static variables
# of functions.

function id_of(text, flag) {
    if (flag == "uninitialized" && text !~ /may be/) return "uninitialised"
    if (flag ~ /uninitialized/) return "unset"
    if (flag == "absolute-value" || (flag == "float-conversion" && text ~ /abs/)) return "abs"
    if (flag ~ /float-conversion|literal-conversion/ && text ~ /to .(int|long|unsigned|size_t|short|char)/) return "int"
    if (flag ~ /^sizeof/) return "sizeof"
    if (flag == "infinite-recursion") return "recursion"
    if (flag ~ /misleading-indentation/) return "indent"
    if (flag == "empty-body") return "empty"
    if (flag ~ /^(parentheses|bitwise-op-parentheses|logical-op-parentheses)/) return "parentheses"
    if (flag ~ /^unused-(value|comparison)/) return "unused-value"
    if (flag ~ /^(self-assign|tautological-compare|init-self)/) return "self"
    if (flag ~ /^(array-bounds|stringop-overflow|aggressive-loop-optimizations)/) return "bounds"
    if (flag ~ /^shadow/) return "shadow"
    return ""
}

# The compiler's log.
FILENAME != source {
    at = index($0, source ":")
    if (at != 1 || !match($0, /warning: .*\[-W[^]]*\]$/)) next
    rest = substr($0, length(source) + 2)
    line = rest + 0
    text = substr($0, RSTART + 9, RLENGTH - 9)
    flag = text
    sub(/.*\[-W(error=)?/, "", flag)
    sub(/\].*/, "", flag)
    sub(/ *\[-W[^]]*\]$/, "", text)
    id = id_of(text, flag)
    if (id != "" && !((line, id) in said)) print line, id, text
    said[line, id] = 1
    next
}

# The student's file: comments and texts are taken out.
{
    code = $0
    gsub(/"([^"\\]|\\.)*"/, "\"\"", code)
    while (match(code, /\/\*([^*]|\*+[^*\/])*\*+\//))
        code = substr(code, 1, RSTART - 1) " " substr(code, RSTART + RLENGTH)
    if (comment) {
        if (!sub(/.*\*\//, "", code)) next
        comment = 0
    }
    if (sub(/\/\*.*/, "", code)) comment = 1
    sub(/\/\/.*/, "", code)
    lines[FNR] = code
    if (code ~ /^[ \t]+static / && code !~ /const /) {
        sub(/^[ \t]+/, "", code)
        print FNR, "static", code
    }
    declared = code
    while (match(declared, /(^|[^A-Za-z_0-9])(int|long|size_t|unsigned) +[A-Za-z_][^;(){}]*/)) {
        names = substr(declared, RSTART, RLENGTH)
        declared = substr(declared, RSTART + RLENGTH)
        sub(/^.?(int|long|size_t|unsigned) +/, "", names)
        sub(/^[^a-z]*(int|long|size_t|unsigned) +/, "", names)
        count = split(names, list, ",")
        for (k = 1; k <= count; k++) {
            name = list[k]
            sub(/^[ *]*(const +)?(int|long|size_t|unsigned)? */, "", name)
            sub(/[^A-Za-z_0-9].*/, "", name)
            if (name != "") whole[name] = 1
        }
    }
    last = FNR
}

END {
    for (n = 1; n <= last; n++) {
        code = " " lines[n] " "
        while (match(code, /[^A-Za-z_0-9.)\]][0-9]+ *\/ *[A-Za-z_0-9]+[^A-Za-z_0-9.\[(>-]/)) {
            found = substr(code, RSTART + 1, RLENGTH - 2)
            code = substr(code, RSTART + RLENGTH - 1)
            name = found
            sub(/.*\/ */, "", name)
            before = found
            sub(/ *\/.*/, "", before)
            if ((name ~ /^[0-9]+$/ && before % name != 0) || (name in whole)) print n, "int-division", found
        }
    }
}
