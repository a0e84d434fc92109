# shellcheck shell=bash
# Sourced by the shell tests: TAP output, a scratch directory, the program under test.
#
#   ok NAME COMMAND...        passes when the command succeeds
#   fails CODE NAME COMMAND.. passes when it exits with CODE; its words are in $out and $err
#   runs NAME COMMAND...      passes on exit 0; standard output in $out, standard error in $err
#   same NAME A B / has NAME TEXT PATTERN / lacks NAME TEXT PATTERN
#   skip NAME REASON          says so
#   finish                    prints the plan; the last line of every test
#
# STILLHERE is the program, STILLHERE_SOURCE the source tree, STILLHERE_SHARED the test data.
set -u
: "${STILLHERE:?path of the program under test}"
: "${STILLHERE_SOURCE:?path of the source tree}"
STILLHERE_SHARED=${STILLHERE_SHARED:-$STILLHERE_SOURCE/../shared}
export LC_ALL=C.UTF-8 NO_COLOR=1
unset STILLHERE_HOME LANG
count=0
broken=0
out=
err=
scratch=$(mktemp -d "${TMPDIR:-/tmp}/stillhere-test.XXXXXX")
trap 'chmod -R u+rwX "$scratch" 2>/dev/null; rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1

still() { "$STILLHERE" "$@"; }

result() { # STATUS NAME
    count=$((count + 1))
    if [ "$1" = 0 ]; then
        echo "ok $count - $2"
    else
        broken=$((broken + 1))
        echo "not ok $count - $2"
        [ -n "$out" ] && printf '%s\n' "$out" | head -20 | sed 's/^/# out: /'
        [ -n "$err" ] && printf '%s\n' "$err" | head -20 | sed 's/^/# err: /'
    fi
}
ok() {
    local name=$1
    shift
    out=
    err=$("$@" 2>&1)
    result $? "$name"
}
runs() {
    local name=$1
    shift
    out=$("$@" 2>"$scratch/.err")
    local rc=$?
    err=$(cat "$scratch/.err")
    result $rc "$name"
}
fails() {
    local code=$1 name=$2
    shift 2
    out=$("$@" 2>"$scratch/.err")
    local rc=$?
    err=$(cat "$scratch/.err")
    [ $rc = "$code" ] || err="$err (exit $rc, expected $code)"
    [ $rc = "$code" ]
    result $? "$name"
}
same() {
    local out="first:  $2" err="second: $3"
    [ "$2" = "$3" ]
    result $? "$1"
}
has() {
    local out=$2 err="looked for: $3"
    printf '%s' "$2" | grep -qE -- "$3"
    result $? "$1"
}
lacks() {
    local out=$2 err="should not be there: $3"
    ! printf '%s' "$2" | grep -qE -- "$3"
    result $? "$1"
}
skip() {
    count=$((count + 1))
    echo "ok $count - $1 # SKIP $2"
}
# json FIELD: a field of the JSON in $out, by a Python expression over d.
json() { printf '%s' "$out" | /usr/bin/python3 -c "import json,sys; d=json.load(sys.stdin); print(d$1)"; }
# A fresh channel in $scratch/NAME, quietly.
channel() { still -q init "$scratch/$1" --name "${2:-Test channel}" --sheet "$scratch/$1.sheet" >/dev/null 2>&1; }
# One byte of FILE at OFFSET becomes another one, whatever it was: keys and hashes are new in
# each run, so that a byte written over them is now and then the one that was there.
flip() {
    /usr/bin/python3 - "$1" "$2" <<'P'
import sys
with open(sys.argv[1], 'r+b') as file:
    file.seek(int(sys.argv[2]))
    byte = file.read(1)[0]
    file.seek(-1, 1)
    file.write(bytes([byte ^ 1]))
P
}
# The whole public tree in one hash, times included.
tree_hash() { (cd "$1" && find . -type f -printf '%p %T@\n' | LC_ALL=C sort; find . -type f -print0 | LC_ALL=C sort -z | xargs -0 -r sha256sum) | sha256sum; }
finish() {
    echo "1..$count"
    [ $broken = 0 ]
}
