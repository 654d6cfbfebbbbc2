#!/bin/sh
# package.sh: tests what a packager needs.
#
#   sh tests/package.sh BUILD              from the top folder; part of make check-dev
#   sh tests/package.sh BUILD long         make package: also the whole tarball, checked twice (some minutes)
#
#   each installed shell can parse every script
#   the tarball has the same bytes for any clock, rights and order of files, and packed again from its own files
# and with "long"
#   the unpacked tarball passes make -j and make check, in a path with spaces
#   the same in a tree that cannot be written to, with BUILD elsewhere; no file of the tree changes
#   the tarball for students builds and checks an exercise without solutions/
#   the scripts that students run pass their tests in each installed shell
#
# The last line is "package: N passed, N failed[, N skipped]".
# shellcheck disable=SC2016 # texts in quotes
LC_ALL=C NO_COLOR=1
export LC_ALL NO_COLOR
unset BUILD SAN MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL CFLAGS OPT ARCH NAMES CIFAR10_DIR CLIP_MODELS CLIP_PLOTS
top=$PWD
case $1 in /*) build=$1 ;; *) build=$PWD/$1 ;; esac
work=$(mktemp -d "${TMPDIR:-/tmp}/clip-package-XXXXXX") || exit 2
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
chmod 755 "$work"
passed=0 failed=0 skipped=0
: "${MAKE:=make}" "${CC:=cc}"

right() { passed=$((passed + 1)); }
wrong() {
    failed=$((failed + 1))
    echo "  FAILED  $*"
    tail -n 40 "$work/out" 2>/dev/null | sed 's/^/      /'
}
skip() {
    skipped=$((skipped + 1))
    echo "  skipped: $*"
}
check() { # check WHAT COMMAND...
    what=$1
    shift
    if "$@"; then right; else wrong "$what"; fi
}

shells=''
for shell in dash 'bash --posix' 'busybox sh' mksh yash posh zsh; do
    command -v "${shell%% *}" >/dev/null 2>&1 && shells="$shells${shell%% *} "
done
# shell NAME WORDS...: runs the shell in its POSIX mode.
shell() {
    case $1 in
    bash) shift && bash --posix "$@" ;;
    busybox) shift && busybox sh "$@" ;;
    zsh) shift && zsh --emulate sh "$@" ;;
    *) "$@" ;;
    esac
}
for script in tests/*.sh data/*.sh lessons/*.sh plots/*.sh .ci/run; do
    [ -f "$script" ] || continue
    : >"$work/out"
    for name in sh $shells; do
        shell "$name" -n "$script" >>"$work/out" 2>&1 || echo "$name: $script" >>"$work/out"
    done
    check "every shell can parse $script" [ ! -s "$work/out" ]
done

# ---- the tarball ----------------------------------------------------------------------------------------------------

small=$work/small
mkdir -p "$small/dir"
echo first >"$small/a"
: >"$small/dir/empty"
awk 'BEGIN { while (n++ < 20000) print n * n % 997 }' >"$small/dir/numbers"
printf '#!/bin/sh\necho runs\n' >"$small/run"
chmod 755 "$small/run"
printf 'run\na\ndir/numbers\ndir/empty\n' >"$small/list"
pack() { (cd "$1" && "$build/tarball" "$2" toy "$3") >"$work/out" 2>&1; }
check "a tarball" pack "$small" "$work/one.tar.gz" list
cp -R "$small" "$work/again"
chmod 640 "$work/again/a" && touch -t 200001010000 "$work/again/run"
check "another day, with other rights" pack "$work/again" "$work/two.tar.gz" list
check "the same bytes" cmp "$work/one.tar.gz" "$work/two.tar.gz"
check "tar reads it" eval 'tar -tzf "$work/one.tar.gz" >"$work/out" 2>&1'
check "its files are sorted" \
    [ "$(tr '\n' ' ' <"$work/out")" = 'toy/MANIFEST toy/a toy/dir/empty toy/dir/numbers toy/run ' ]
mkdir "$work/unpacked"
check "tar unpacks it" eval '(cd "$work/unpacked" && tar -xzf "$work/one.tar.gz") >"$work/out" 2>&1'
for file in a run dir/empty dir/numbers; do
    check "$file is unchanged" cmp "$small/$file" "$work/unpacked/toy/$file"
done
check "an executable file still runs" [ "$("$work/unpacked/toy/run")" = runs ]
check "another file is not executable" [ ! -x "$work/unpacked/toy/a" ]
check "packed again from its own files" pack "$work/unpacked/toy" "$work/three.tar.gz" MANIFEST
check "the same bytes again" cmp "$work/one.tar.gz" "$work/three.tar.gz"
for bad in missing ../small/a /etc/passwd dir; do
    printf 'a\n%s\n' "$bad" >"$small/bad"
    check "$bad is refused" eval '! pack "$small" "$work/four.tar.gz" bad'
    check "in one line" [ "$(wc -l <"$work/out")" -eq 1 ]
done
check "no incomplete file" [ ! -e "$work/four.tar.gz" ]

# The list of files: in the tree of another user, and where there is none.
theirs=$work/theirs
mkdir -p "$theirs/tests" && cp tests/manifest.sh "$theirs/tests/"
listed() { (cd "$theirs" && GIT_DIR=$work/none sh tests/manifest.sh) >"$work/out" 2>"$work/err"; }
check "neither .git nor MANIFEST" eval '! listed'
check "says what to do" grep -q 'run this in the folder of the project' "$work/err"
if [ "$(id -u)" -eq 0 ] && command -v git >/dev/null 2>&1; then
    (cd "$theirs" && git init -q . && git add tests/manifest.sh && chown -R 65534:65534 .) >"$work/out" 2>&1
    check "make dist lists the files of another user" listed
    check "all of them" [ "$(cat "$work/out")" = tests/manifest.sh ]
else
    skip "the tree of another user: needs root and git"
fi

# ---- with "long" ----------------------------------------------------------------------------------------------------

# In a git checkout the files that git knows are packed; elsewhere those of the MANIFEST.
long() {
    check "make dist" eval '$MAKE BUILD="${build#"$top"/}" dist >"$work/out" 2>&1'
    ball=$build/clip-from-scratch.tar.gz
    mkdir "$work/a b"
    check "it unpacks" eval '(cd "$work/a b" && tar -xzf "$ball") >"$work/out" 2>&1'
    tree="$work/a b/clip-from-scratch"
    check "make -j in a path with spaces" eval '(cd "$tree" && $MAKE -j all) >"$work/out" 2>&1'
    check "no warnings" eval '! grep ": warning: " "$work/out"'
    check "make check there" eval '(cd "$tree" && $MAKE check) >"$work/out" 2>&1'
    grep '^[0-9]* passed, ' "$work/out"
    check "make dist there" eval '(cd "$tree" && $MAKE dist) >"$work/out" 2>&1'
    check "the same bytes as from here" cmp "$ball" "$tree/build/clip-from-scratch.tar.gz"
    installed
    (cd "$tree" && $MAKE clean) >/dev/null 2>&1
    rm -rf "$tree"/exercises/[0-9][0-9]-* "$tree/exercises/progress.txt"
    unwritable
    students
    for name in $shells; do other_shell "$name"; done
}

# as_nobody COMMAND...: runs it as an ordinary user, because file rights do not restrict root.
as_nobody() {
    if [ "$(id -u)" -ne 0 ]; then "$@"; else setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; fi
}

# make install, into a folder of a package and with a prefix; a program against the library; and make uninstall.
installed() {
    root=$work/package prefix=/opt/clip
    version=$(cat VERSION)
    check "the tarball with the version" [ -s "$build/clip-from-scratch-$version.tar.gz" ]
    check "make install" eval '(cd "$tree" && $MAKE install DESTDIR="$root" PREFIX=$prefix) >"$work/out" 2>&1'
    check "for any processor" eval '! grep -q march=native "$tree/build/portable/made-with"'
    check "nothing outside of the prefix" [ "$(cd "$root" && find . -type f | grep -vc "^.$prefix/")" -eq 0 ]
    check "the man page is one" grep -q '^\.SS lesson' "$root$prefix/share/man/man1/clip-from-scratch.1"
    sed "s|$prefix/|$root$prefix/|g" "$root$prefix/bin/clip-from-scratch" >"$work/clip" # as if $root were /
    HOME=$work XDG_DATA_HOME='' sh "$work/clip" 02 --no-predict >"$work/out" 2>&1
    check "a lesson runs" [ $? -eq 0 ]
    check "and keeps its pictures at home" [ -d "$work/.local/share/clip-from-scratch/plots" ]
    check "the version" [ "$(sh "$work/clip" lesson-03 --version)" = "lesson-03 (CLIP from scratch) $version" ]
    check "a name that is no program" eval '! sh "$work/clip" lesson-99 >"$work/out" 2>&1'
    check "says so in one line" [ "$(wc -l <"$work/out")" -eq 1 ]
    for word in . .. / 02/; do
        sh "$work/clip" "$word" >"$work/out" 2>&1
        check "nor is $word" [ $? -eq 2 ]
    done
    printf '#include "model/clip.h"\n#include "core/version.h"\nint main(void) { puts(clip_version()); return 0; }\n' \
        >"$work/use.c"
    pc=$root$prefix/lib/pkgconfig/clip-from-scratch.pc
    flags() { sed -n "s|^$1: *||p" "$pc" | sed 's|[$]{\([a-z]*\)}|'"$root$prefix"'/\1|; s|/includedir|/include/clip-from-scratch|; s|/libdir|/lib|; s|"||g'; }
    # shellcheck disable=SC2046 # words
    check "a program against the library" \
        eval '$CC -std=c11 $(flags Cflags) -o "$work/use" "$work/use.c" $(flags Libs) >"$work/out" 2>&1'
    check "prints its version" [ "$("$work/use")" = "$version" ]
    check "make uninstall" eval '(cd "$tree" && $MAKE uninstall DESTDIR="$root" PREFIX=$prefix) >"$work/out" 2>&1'
    check "leaves no file" [ -z "$(find "$root" -type f)" ]
    check "a quote in PREFIX" eval '! (cd "$tree" && $MAKE install DESTDIR="$root" PREFIX="/it'"'"'s") >"$work/out" 2>&1'
    check "is refused with a reason" grep -q 'would be read by the shell' "$work/out"
    check "PREFIX must be a path" eval '! (cd "$tree" && $MAKE install DESTDIR="$root" PREFIX=usr) >"$work/out" 2>&1'
}

students() {
    check "make dist-students" eval '$MAKE BUILD="${build#"$top"/}" dist-students >"$work/out" 2>&1'
    mkdir "$work/students"
    check "it unpacks" \
        eval '(cd "$work/students" && tar -xzf "$build/clip-from-scratch-students.tar.gz") >"$work/out" 2>&1'
    class=$work/students/clip-from-scratch
    check "it has no solutions" [ ! -e "$class/solutions" ]
    check "nor the list of mistakes" [ ! -e "$class/tests/exercises/mutants.txt" ]
    check "make ex-00 works there" eval '(cd "$class" && $MAKE ex-00) >"$work/out" 2>&1'
    check "make dist there" eval '(cd "$class" && $MAKE dist) >"$work/out" 2>&1'
    check "the same bytes as from here" \
        cmp "$build/clip-from-scratch-students.tar.gz" "$class/build/clip-from-scratch.tar.gz"
}

unwritable() {
    unset CLIP_REFERENCE
    if ! as_nobody true >/dev/null 2>&1; then
        skip "a tree that cannot be written to: needs an ordinary user, or setpriv"
        return
    fi
    chmod -R a-w,a+rX "$tree"
    mkdir "$work/out of tree"
    chmod 777 "$work/out of tree"
    ln -s "$work/out of tree" "$work/o" # BUILD itself must have no space: make ends a name at a space
    touch "$work/stamp"
    cd "$tree" || exit 2
    for target in all check lesson-02 ex-00 'lesson-10 ARGS="--data shapes --pictures 200 --recipe tiny --epochs 1"'; do
        check "make $target, in a tree that cannot be written to" \
            eval "as_nobody \$MAKE BUILD=\"$work/o/b\" $target"' >"$work/out" 2>&1'
    done
    grep '^model: ' "$work/out"
    check "the model is beside what was built" eval 'ls "$work/o/b/models/"*.safetensors >/dev/null 2>&1'
    check "the exercises are there too" [ -f "$work/o/b/desk/00-hello.c" ]
    check "make data cannot, and says so" eval '! as_nobody $MAKE BUILD="$work/o/b" data >"$work/out" 2>&1'
    check "in one line" [ "$(grep -c 'cannot be written to' "$work/out")" -eq 1 ]
    cd "$top" || exit 2
    find "$tree" -newer "$work/stamp" >"$work/out"
    check "no file of the tree was changed" [ ! -s "$work/out" ]
}

# other_shell NAME: the tests of the scripts, with this shell as sh.
other_shell() {
    mkdir -p "$work/path-$1"
    program=$(command -v "$1")
    case $1 in
    bash | busybox | yash | zsh) ln -s "$program" "$work/path-$1/sh" ;; # each is POSIX when called sh
    *) printf '#!/bin/sh\nexec %s "$@"\n' "$program" >"$work/path-$1/sh" && chmod 755 "$work/path-$1/sh" ;;
    esac
    for script in harness pages quiz exercises fetch pretrained photos; do
        check "$script, with $1 as sh" \
            eval 'PATH="$work/path-$1:$PATH" sh "tests/$script.sh" "$build" >"$work/out" 2>&1'
    done
}

[ "$2" = long ] && long

if [ $skipped -gt 0 ]; then
    echo "package: $passed passed, $failed failed, $skipped skipped"
else
    echo "package: $passed passed, $failed failed"
fi
[ $failed -eq 0 ]
