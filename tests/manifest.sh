#!/bin/sh
# manifest.sh: prints the files of the project, as git or, in an unpacked tarball, the file MANIFEST knows them. For
# `make dist` and tests.
#
#   sh tests/manifest.sh [OPTIONS of git ls-files]       from the top folder
#
# What the environment says of another repository, as in a hook of git, does not count. A tree that belongs to another user is fine: these files are only listed.
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE
if [ ! -e .git ]; then
    cat MANIFEST || { echo "manifest: neither .git nor MANIFEST is here; run this in the folder of the project" >&2; exit 1; }
elif ! git -c safe.directory="$PWD" ls-files "$@"; then
    echo "manifest: git cannot list the files of $PWD; is git installed? In another user's tree older versions of git need:" \
        "git config --global --add safe.directory '$PWD'" >&2
    exit 1
fi
