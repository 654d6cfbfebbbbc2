#!/bin/sh
# install.sh: copies the built library and programs to where a system keeps them (`make install`).
#
#   VERSION=1.0.0 PREFIX=/usr/local DESTDIR= sh tests/install.sh BUILD        from the top folder
#   ... sh tests/install.sh --remove                                           removes these files
#
#   PREFIX/bin/clip-from-scratch             runs a lesson or a checker: clip-from-scratch lesson-03
#   PREFIX/libexec/clip-from-scratch/        the lessons and checkers
#   PREFIX/lib/libclip.a, lib/pkgconfig/clip-from-scratch.pc, include/clip-from-scratch/ROOM/*.h
#   PREFIX/share/clip-from-scratch/          the trained model
#   PREFIX/share/man/man1/clip-from-scratch.1, made from --help
#   PREFIX/share/doc/clip-from-scratch/      README, licence, changes
#
# DESTDIR is put before every path, for packages.
set -u
umask 022
LC_ALL=C NO_COLOR=1
export LC_ALL NO_COLOR
name=clip-from-scratch
# shellcheck source=tests/fit.sh
. "${0%/*}/fit.sh"
case $PREFIX in /*) ;; *) tell "install: PREFIX is \"$PREFIX\"; it must be a path that begins with /" >&2; exit 2 ;; esac
case $PREFIX in
*[\'\"\`\$\\]*)
    tell "install: PREFIX is \"$PREFIX\"; a quote, \` , \$ or \\ in it would be read by the shell; name another folder" >&2
    exit 2
    ;;
esac
root=$DESTDIR$PREFIX
bin=$root/bin lib=$root/lib libexec=$root/libexec/$name include=$root/include/$name share=$root/share/$name
doc=$root/share/doc/$name man=$root/share/man/man1

fail() {
    tell "install: $1 cannot be written; is PREFIX right, and may you write there?" >&2
    exit 1
}

if [ "$1" = --remove ]; then
    rm -f "$bin/$name" "$lib/libclip.a" "$lib/pkgconfig/$name.pc" "$man/$name.1" 2>/dev/null || fail "$root"
    rm -rf "$libexec" "$include" "$share" "$doc" 2>/dev/null || fail "$root"
    exit 0
fi
build=$1

# copy MODE FOLDER FILES...: whole or not at all, like every output.
copy() {
    mode=$1 folder=$2
    shift 2
    mkdir -p "$folder" 2>/dev/null || fail "$folder"
    for file do
        to=$folder/${file##*/}
        { cp "$file" "$to.$$.tmp" && chmod "$mode" "$to.$$.tmp" && mv -f "$to.$$.tmp" "$to"; } 2>/dev/null || fail "$to"
    done
}
# write MODE TO: the same for stdin.
write() {
    mkdir -p "${2%/*}" 2>/dev/null || fail "${2%/*}"
    { cat >"$2.$$.tmp" && chmod "$1" "$2.$$.tmp" && mv -f "$2.$$.tmp" "$2"; } || fail "$2"
}

programs=''
for program in "$build"/lesson-[0-9][0-9] "$build"/check-*; do
    [ -f "$program" ] && [ -x "$program" ] && programs="$programs ${program##*/}"
done

# The help of each program as one manual page.
# shellcheck disable=SC2016 # names of variables
manual() {
    printf '.TH CLIP-FROM-SCRATCH 1 "" "CLIP from scratch %s" "User Commands"\n' "$VERSION"
    printf '.SH NAME\n%s \\- lessons and checkers of a CLIP in C\n' "$name"
    printf '.SH SYNOPSIS\n.B %s\n[PROGRAM [OPTIONS]]\n' "$name"
    printf '.SH DESCRIPTION\nRuns one of the programs below. \\fB%s 03\\fR is the same as \\fB%s lesson-03\\fR.\n' "$name" "$name"
    printf 'Models are kept in \\fB$CLIP_MODELS\\fR, pictures in \\fB$CLIP_PLOTS\\fR;\n'
    printf 'both are in ~/.local/share/%s/ unless these variables are set.\n.SH PROGRAMS\n' "$name"
    for program in $programs; do
        printf '.SS %s\n.nf\n' "$program" | sed 's/-/\\-/g'
        "$build/$program" --help | sed -e 's/\\/\\e/g' -e 's/^\([.'\'']\)/\\\&\1/' -e 's/-/\\-/g' -e "s|$build/||g"
        printf '.fi\n'
    done
}

for program in $programs; do copy 755 "$libexec" "$build/$program"; done
copy 644 "$lib" "$build/libclip.a"
for header in lib/*/*.h; do
    room=${header#lib/}
    copy 644 "$include/${room%/*}" "$header"
done
copy 644 "$share" tests/fit.sh
copy 644 "$share/data/pretrained" data/pretrained/*.safetensors
copy 644 "$doc" README.md LICENSE CHANGELOG.md
manual | write 644 "$man/$name.1"
write 644 "$lib/pkgconfig/$name.pc" <<TEXT
prefix=$PREFIX
libdir=\${prefix}/lib
includedir=\${prefix}/include/$name

Name: CLIP from scratch
Description: CLIP (contrastive language-image pre-training) in C11
Version: $VERSION
Libs: -L"\${libdir}" -lclip -lm -pthread
Cflags: -I"\${includedir}"
TEXT
write 755 "$bin/$name" <<TEXT
#!/bin/sh
# $name: runs a lesson or a checker of CLIP from scratch.
programs='$PREFIX/libexec/$name'
. '$PREFIX/share/$name/fit.sh'
case \${1-} in
'' | -h | --help)
    tell "$name PROGRAM [OPTIONS]: runs one of these programs; PROGRAM --help lists its options."
    ls "\$programs"
    exit
    ;;
--version)
    echo "$name (CLIP from scratch) $VERSION"
    exit
    ;;
[0-9][0-9]) program=lesson-\$1 ;;
*) program=\${1##*/} ;;
esac
{ [ -n "\$program" ] && [ -f "\$programs/\$program" ]; } || { tell "$name: there is no program \$1; $name --help lists them" >&2; exit 2; }
shift
data=\${XDG_DATA_HOME:-\${HOME:-.}/.local/share}/$name
: "\${CLIP_MODELS:=\$data/models}" "\${CLIP_PLOTS:=\$data/plots}" "\${CLIP_SHIPPED:=$PREFIX/share/$name}"
export CLIP_MODELS CLIP_PLOTS CLIP_SHIPPED
exec "\$programs/\$program" "\$@"
TEXT
tell "CLIP from scratch $VERSION is in $root; next: $bin/$name --help"
