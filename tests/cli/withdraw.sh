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
finish
