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
fails 2 "purge is not offered" still -C "$home" withdraw 2 --purge
fails 1 "a reason with bidi controls" still -C "$home" withdraw 2 --reason $'\u202e'
ok "the other word still shows" grep -q 'second words' "$public/index.html"
# Pages that cannot be written: the withdrawal stands, but it is not called done.
still -C "$home" -q checkin "third words" >/dev/null
size=$(find "$public/w" -name index.en.html | wc -l)
page=$(dirname "$(grep -rl 'third words' "$public/w" | head -1)")
index=$((10#$(basename "$page")))
rm "$page/index.en.html" && mkdir "$page/index.en.html"
fails 1 "a page cannot be written" still -C "$home" -q withdraw "$index"
has "says that its words may still show" "$err" 'may still show its words'
ok "they do" grep -rq 'third words' "$public"
fails 1 "again, still not" still -C "$home" -q withdraw "$index"
has "and says so again" "$err" 'may still show its words'
rmdir "$page/index.en.html"
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
