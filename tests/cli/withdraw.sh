#!/bin/bash
# withdraw N: out of sight at once, on record for ever.
. "${STILLHERE_SOURCE:?}/tests/lib.sh" || exit 1
channel home
home=$scratch/home
public=$home/public
still -C "$home" -q checkin --place Secretville "first words" >/dev/null
still -C "$home" -q checkin "second words" >/dev/null
runs "withdraw" still -C "$home" --json withdraw 1 --reason "a neighbour's <face>"
same "the entry that withdraws" "$(json "['index']")" 3
same "the page of what it withdraws" "$(json "['page']")" w/001/index.html
ok "words and place are nowhere in public" bash -c "! grep -rqE 'first words|Secretville' '$public'"
has "the page stays and says so" "$(cat "$public/w/001/index.html")" 'withdrawn'
has "with the reason, as text" "$(cat "$public/w/001/index.html")" 'neighbour.*&lt;face&gt;'
same "the document is in quarantine" "$(ls "$home"/private/quarantine/d/*/*.json | wc -l)" 1
same "one document per other entry is public" "$(ls "$public"/d/*/*.json | wc -l)" 2
runs "the tree holds" still verify "$home"
fails 1 "twice" still -C "$home" withdraw 1
has "says by which entry" "$err" 'by entry 3'
fails 1 "the identity" still -C "$home" withdraw 0
fails 1 "a withdrawal" still -C "$home" withdraw 3
fails 1 "beyond the log" still -C "$home" withdraw 99
fails 2 "no number" still -C "$home" withdraw
fails 1 "a purge without a sheet" still -C "$home" withdraw 2 --purge </dev/null
fails 2 "a sheet without a purge" still -C "$home" withdraw 2 --sheet "$scratch/none"
fails 1 "a reason with bidi controls" still -C "$home" withdraw 2 --reason $'\u202e'
fails 1 "a reason of two lines" still -C "$home" withdraw 2 --reason $'one\ntwo'
has "says what is wrong with which word" "$err" '^stillhere: --reason: control character U\+000A'
ok "the other word still shows" grep -q 'second words' "$public/index.html"
# Purge: by the recovery sheet, also of what is hidden already; the bytes are gone everywhere.
runs "a channel with its sheet" still init "$scratch/p" --name P --sheet "$scratch/p-sheet.txt"
runs "another" still init "$scratch/q" --name Q --sheet "$scratch/q-sheet.txt"
for words in "purge me" "hide me first" "sealed purge"; do
    still -C "$scratch/p" -q checkin $([ "$words" = "sealed purge" ] && echo --publish 6h) "$words" >/dev/null
done
runs "what would go" still -C "$scratch/p" withdraw 1 --purge --dry-run
same "its document" "$(cd "$scratch/p/public" && cat $out | grep -c 'purge me')" 1
fails 1 "the sheet of another channel" still -C "$scratch/p" withdraw 1 --purge --sheet "$scratch/q-sheet.txt"
ok "changes nothing" grep -q 'purge me' "$scratch/p/public/index.html"
runs "purge" still -C "$scratch/p" withdraw 1 --purge --sheet "$scratch/p-sheet.txt"
ok "it is nowhere, not in the database either" bash -c "! grep -rqa 'purge me' '$scratch/p'"
still -C "$scratch/p" -q withdraw 2 >/dev/null
runs "purge of what is hidden" still -C "$scratch/p" withdraw 2 --purge --sheet "$scratch/p-sheet.txt"
ok "it is nowhere" bash -c "! grep -rqa 'hide me first' '$scratch/p'"
runs "purge of what is sealed" still -C "$scratch/p" withdraw 3 --purge --sheet "$scratch/p-sheet.txt"
ok "it is nowhere" bash -c "! grep -rqa 'sealed purge' '$scratch/p'"
fails 1 "once only" still -C "$scratch/p" withdraw 1 --purge --sheet "$scratch/p-sheet.txt"
runs "the tree holds" still verify "$scratch/p"
runs "rebuild" still -C "$scratch/p" rebuild
runs "show says so" still -C "$scratch/p" --json show 2
same "by which entry" "$(json "['purged_by']")" 6
# The sheet's secrets are in the process then: no core file, no debugger of the same user.
# A process that may not be looked into has its files in /proc belong to root.
nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }
dumpable() { # COMMAND...: waits for its standard input; 0 when it may be looked into
    local pid owner=
    coproc { exec "${user[@]}" "$@" >/dev/null 2>&1; }
    pid=$COPROC_PID
    for _ in $(seq 100); do
        [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = stillhere ] && owner=$(stat -c %u "/proc/$pid/environ")
        [ "$owner" = 0 ] && break
        sleep 0.05
    done
    kill "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
    [ -n "$owner" ] && [ "$owner" != 0 ]
}
user=()
[ "$(id -u)" != 0 ] || user=(setpriv --reuid=65534 --regid=65534 --clear-groups)
chmod 755 "$scratch"
if [ "$(id -u)" != 0 ] || nobody "$STILLHERE" --version >/dev/null 2>&1; then
    cp -a "$scratch/q" "$scratch/q2"
    [ "$(id -u)" != 0 ] || chown -R 65534:65534 "$scratch/q2"
    still -C "$scratch/q2" -q checkin "a word" >/dev/null
    [ "$(id -u)" != 0 ] || chown -R 65534:65534 "$scratch/q2"
    ok "who waits for words may be looked into" dumpable "$STILLHERE" -C "$scratch/q2" checkin -
    fails 1 "who waits for a sheet may not" dumpable "$STILLHERE" -C "$scratch/q2" withdraw 1 --purge --sheet -
else
    skip "who waits for a sheet may not be looked into" "another user cannot start the program here"
fi
# Pages that cannot be written: the withdrawal stands, but it is not called done.
still -C "$home" -q checkin "third words" >/dev/null
size=$(find "$public/w" -name index.en.html | wc -l)
page=$(dirname "$(grep -rl 'third words' "$public/w" | head -1)")
index=$((10#$(basename "$page")))
mv "$page" "$scratch/page" && ln -s "$scratch/page" "$page" # Nothing is written through a link.
fails 1 "a page cannot be written" still -C "$home" -q withdraw "$index"
has "says that its words may still show" "$err" 'may still show its words'
ok "they do" grep -q 'third words' "$page/index.en.html"
fails 1 "again, still not" still -C "$home" -q withdraw "$index"
has "and says so again" "$err" 'may still show its words'
rm "$page" && mv "$scratch/page" "$page"
fails 1 "again, the cause mended" still -C "$home" -q withdraw "$index"
has "it is withdrawn already" "$err" 'withdrawn already'
ok "its words are nowhere in public" bash -c "! grep -rq 'third words' '$public'"
same "no page is missing" "$(find "$public/w" -name index.en.html | wc -l)" "$size"

# public/ put back from the day before a withdrawal: its pages show what was withdrawn since.
still -C "$home" -q checkin "fourth words" >/dev/null
index=$((10#$(basename "$(dirname "$(grep -rl 'fourth words' "$public/w" | head -1)")")))
cp -a "$public" "$scratch/older"
still -C "$home" -q withdraw "$index" >/dev/null
rm -r "$public" && mv "$scratch/older" "$public"
runs "status finishes the log" still -C "$home" --json status
same "and knows that the pages are old" "$(json "['pages_current']")" False
runs "the next word" still -C "$home" -q checkin "fifth words"
still -C "$home" -q checkin --next-due 24h "back tomorrow" >"$scratch/promised"
runs "a word goes with the promise in it" still -C "$home" withdraw "$(sed -n 's/^Entry \([0-9]*\) .*/\1/p' "$scratch/promised")"
has "and that is said" "$out" 'No next word is promised'
ok "withdrawn words are gone from all pages" bash -c "! grep -rq 'fourth words' '$public'"
ok "the note of it too" test ! -e "$home/private/pages-old"
runs "the tree holds at the end" still verify "$home"

# A commit that could not be published is said, also with -q: else it would be repeated.
size=$(($(sed -n 2p "$public/checkpoint") + 1))
mkdir "$public/tile/0/000.p/$size"
fails 1 "a tile in the way" still -C "$home" -q checkin "sixth words"
has "says that the entry stands" "$err" 'is committed, but not public yet; do not repeat it'
rmdir "$public/tile/0/000.p/$size"
runs "the next finishes it" still -C "$home" -q checkin "seventh words"
ok "sixth" grep -q 'sixth words' "$public/index.html"
finish
