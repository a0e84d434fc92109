#!/bin/bash
# verify A B...: the same, one older, or two histories of one channel.
. "${STILLHERE_SOURCE:?}/tests/lib.sh" || exit 1
channel home
for i in 1 2; do still -C home -q checkin "word $i" >/dev/null; done
cp -r home/public old
runs "two copies of one day" still verify home old
has "are the same" "$out" 'the same channel, the same 3 entries'
still -C home -q checkin "word 3" >/dev/null
runs "an older copy" still verify home old
has "is called so" "$out" 'old is an older copy of home.*1 entries'
runs "in the other order too" still verify old home
has "the same words" "$out" 'old is an older copy of home'
runs "JSON" still --json verify home old
same "JSON: who is older" "$(json "['comparisons'][0]['relation']")/$(json "['comparisons'][0]['older']")" older/old
same "JSON: each tree" "$(json "['trees'][1]['size']")/$(json "['trees'][1]['verdict']")/$(json "['verdict']")" 3/ok/ok
cp -r home twin
still -C home -q checkin "here" >/dev/null
still -C twin -q checkin "there" >/dev/null
still -C twin -q checkin "and more" >/dev/null
runs "each of two histories holds" still verify twin
fails 3 "both together do not" still verify home twin
has "the entry where they part" "$out" 'differ from entry 4 on'
has "nothing decides" "$out" 'No identity note decides'
fails 3 "JSON: two histories" still --json verify home/public twin/public
same "JSON: a fork" "$(json "['comparisons'][0]['relation']")/$(json "['comparisons'][0]['from']")/$(json "['verdict']")" fork/4/wanting
fails 3 "an older third one helps nobody" still verify old home twin
channel other
runs "another channel" still verify home other
has "is another" "$out" 'different channels'
rm -rf bad && cp -r home/public bad && rm -r bad/d
fails 3 "one that does not hold" still --json verify home bad
same "JSON: their logs are the same" "$(json "['comparisons'][0]['relation']")" same
fails 4 "one that is not there" still --json verify home nowhere
same "JSON: is an object" "$(json "['comparisons'][0]['relation']")/$(json "['trees'].__len__()")" not-compared/2
for lang in zh-Hans uk ru; do fails 3 "in $lang" still --lang "$lang" verify home twin; done

# ---- a stolen log key: the identity note decides ----
cp -r home/public before
cp -r home thief
out=$(still -C home --json key show)
log=$(printf '%s' "$out" | grep -oE '"role":"log","alg":"ed25519","id":"[0-9a-f]{16}' | tail -c 17)
still -C thief -q withdraw 1 >/dev/null
still -C thief -q checkin "the thief writes" >/dev/null
runs "the key is revoked" still -C home key revoke "$log" --since 5 --sheet home.sheet
still -C home -q checkin "ours again" >/dev/null
runs "the owner's alone" still verify home
runs "the thief's alone" still verify thief
fails 3 "the thief's beside it" still --json verify thief home
same "JSON: whose is the channel's" "$(json "['comparisons'][0]['channel']")/$(json "['comparisons'][0]['evidence']")/$(json "['comparisons'][0]['note']")" home/thief/1
fails 3 "in words" still verify thief home
has "the identity note decides" "$out" "home is the channel's: its identity note 1 decides. thief is evidence"
runs "who has an old copy sees that it grew" still verify before home
# The thief's log in the hands of who has the new note.
cp home/public/id/1.note thief/public/id/1.note
fails 3 "the thief's log, with the new note beside it" still verify thief
has "is not the channel's any more" "$out" 'evidence, not the channel'
# The owner goes on from what the thief wrote: disputed, and what he withdrew is there again.
cp -r twin ours
still -C ours -q withdraw 1 >/dev/null
runs "revoked since an earlier entry" still -C ours key revoke "$log" --since 6 --sheet home.sheet
runs "the withdrawal of that time does not count" still --json audit ours
has "the entries are disputed" "$(json "['entries']")" "disputed"
lacks "nothing is withdrawn" "$(json "['entries']")" "withdrawn"
finish
