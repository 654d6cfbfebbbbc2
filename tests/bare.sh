#!/bin/sh
# bare.sh: make check and make check-dev where nothing but a compiler, make and the tools of POSIX is installed, beside
# a loop on each processor that takes all the time it gets.
#
#   sh tests/bare.sh BUILD [GOAL ...]            from the top folder; GOALs of make, else check and check-dev
#
# PATH is one folder, BUILD/bare/bin, of links to what POSIX names, to make and to the compiler CC (cc). It has no
# gnuplot, curl, git, python, perl and no other shell. With the CC that BUILD was made with, nothing is compiled again.
# LOOPS=0: without the loops. The exit status is that of make.
set -u
build=$1
shift
[ $# -gt 0 ] || set -- check check-dev
bin=$build/bare/bin
rm -rf "$build/bare"
mkdir -p "$bin" || exit 2
bin=$(cd "$bin" && pwd)

# The utilities of POSIX.1-2017 that scripts of ours, make or a compiler may use; tar, gzip and mktemp, which every
# system has.
TOOLS='awk basename cat chgrp chmod chown cksum cmp comm cp cut date dd df diff dirname du echo ed env expand expr false
    file find fold getconf grep head id join kill ln locale ls mkdir mkfifo mv nice nl nohup od paste pathchk pr printf
    ps pwd rm rmdir sed sh sleep sort split stty tail tee test touch tr true tsort tty umask uname unexpand uniq wait wc
    xargs [ ar ld as nm strip ranlib tar gzip mktemp cc make'
# A shell answers `command -v printf` with its builtin, so the folders of PATH are searched.
for tool in $TOOLS; do
    echo "$PATH" | tr : '\n' | while read -r folder; do
        [ -f "$folder/$tool" ] && [ -x "$folder/$tool" ] && ln -sf "$folder/$tool" "$bin/$tool" && break
    done
done
compiler=${CC:-cc}
ln -sf "$(command -v "$compiler")" "$bin/$compiler"
if [ ! -x "$bin/$compiler" ] || [ ! -x "$bin/make" ]; then
    echo "bare.sh: it needs make and a compiler"
    exit 2
fi

loops=''
# shellcheck disable=SC2086 # several
stop() { [ -z "$loops" ] || kill $loops 2>/dev/null; }
trap stop EXIT
trap 'exit 130' INT TERM
i=${LOOPS:-$(getconf _NPROCESSORS_ONLN)}
while [ "$i" -gt 0 ]; do
    sh -c 'while :; do :; done' &
    loops="$loops $!" i=$((i - 1))
done
PATH=$bin
export PATH
make CC="$compiler" BUILD="$build" "$@"
