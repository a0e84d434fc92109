#!/bin/bash
# audit [WHAT] [--heal FROM] [--read-data]: every entry is there, or is named.
. "${STILLHERE_SOURCE:?}/tests/lib.sh" || exit 1
channel home
for i in 1 2 3; do still -C home -q checkin "word $i" >/dev/null; done
clip=
for file in "$STILLHERE_SHARED"/clips/*.mp4; do
    [ -f "$file" ] && { [ -z "$clip" ] || [ "$(stat -c %s "$file")" -lt "$(stat -c %s "$clip")" ]; } && clip=$file
done
if [ -n "$clip" ]; then still -C home -q post "$clip" --well "a clip" >/dev/null 2>&1; else
    still -C home -q checkin "no clip" >/dev/null
fi
still -C home -q withdraw 2 >/dev/null
index() { /usr/bin/python3 -c "
import json, sys
d = json.load(sys.stdin)
print(next((e$2 for e in d['entries'] if e['index'] == $1), 'present'))"; }
state() { printf '%s' "$out" | index "$1" "['state']"; }
document() { # ENTRY TREE: the path of its document
    local hash tile
    tile=$(ls "$2"/tile/entries/000.p/* | sort -V | tail -1)
    hash=$(grep -aoE 'stillhere-entry/1 .* [0-9a-f]{64}' "$tile" | sed -n "$(($1 + 1))p" | tail -c 65)
    printf 'd/%s/%s.json' "${hash:0:2}" "$hash"
}
whole=$(tree_hash home/public)
runs "a whole home" still -C home audit
has "says that all is there" "$out" 'Everything is there'
has "names the withdrawn" "$out" 'Withdrawn: 1'
runs "on one screen" test "$(still -C home audit | wc -l)" -le 24
runs "with all data read" still audit home --read-data --json
same "JSON: version and verdict" "$(json "['version']")/$(json "['verdict']")" 1/ok
same "JSON: counts" "$(json "['counts']['entries']")/$(json "['counts']['present']")/$(json "['counts']['withdrawn']")" 6/5/1
same "JSON: the withdrawn one, by whom" "$(state 2)/$(printf '%s' "$out" | index 2 "['by']")" withdrawn/5
same "JSON: nothing else is listed" "$(json "['entries'].__len__()")" 1
cp -r home/public copy
before=$(tree_hash copy)
runs "a copy of its public tree" still audit copy
same "an audit writes nothing" "$(tree_hash copy)" "$before"
same "not into the home either" "$(tree_hash home/public)" "$whole"
mkdir empty
fails 4 "nothing there" still audit empty
fails 4 "no such directory" still --json audit nowhere
same "JSON: an answer all the same" "$(json "['verdict']")" unknown
fails 2 "two at a time" still audit home copy
for lang in zh-Hans uk ru; do runs "in $lang" still --lang "$lang" audit home; done

# ---- what is missing or changed ----
doc1=$(document 1 copy)
rm "copy/$doc1"
fails 3 "a missing document" still --json audit copy
same "JSON: its entry is missing" "$(state 1)" missing
has "the first fault is named" "$(json "['first']")" "entry 1: $doc1 is missing"
doc3=$(document 3 copy)
flip "copy/$doc3" 20
fails 3 "and a changed one" still --json audit copy
same "JSON: both" "$(state 1)/$(state 3)" missing/changed
same "JSON: counted" "$(json "['counts']['missing']")/$(json "['counts']['changed']")/$(json "['counts']['present']")" 1/1/3
fails 3 "in words" still audit copy
has "with the counts" "$out" 'Missing: 1. Changed: 1'
changed=$(sha256sum <"copy/$doc3")

# ---- healing ----
channel other
fails 1 "healing from another channel is refused" still audit copy --heal other/public
has "and says so" "$err" 'nothing was brought back'
runs "nothing was brought back" test ! -e "copy/$doc1"
fails 1 "FROM is not there" still audit copy --heal nowhere
runs "healing from the home" still --json audit copy --heal home
same "JSON: two files came back" "$(json "['healed'].__len__()")" 2
same "the changed file was set aside" "$(sha256sum <"copy/.heal/changed/$doc3")" "$changed"
rm -r copy/.heal
runs "the copy is the original again" diff -r copy home/public
runs "it holds" still verify copy
runs "healing what is whole" still --json audit copy --heal home
same "does nothing" "$(json "['healed']")" "[]"
runs "nor leaves anything" test ! -e copy/.heal

rm -r copy/d copy/id/current copy/tile/entries
printf x >copy/tile/0/000.p/6
fails 3 "nearly everything gone" still audit copy
runs "comes back" still audit copy --heal home/public
rm -rf copy/.heal
runs "all of it" still verify copy
runs "the entry tile too" cmp copy/tile/entries/000.p/6 home/public/tile/entries/000.p/6
runs "and the identity" diff -r copy/id home/public/id
runs "and the documents" diff -r <(cd copy && find d -type f | sort) <(cd home/public && find d -type f | sort)
flip copy/tile/entries/000.p/6 30
fails 3 "a changed entry tile" still audit copy
runs "comes back" still audit copy --heal home
runs "as it was" cmp copy/tile/entries/000.p/6 home/public/tile/entries/000.p/6
rm -rf copy/.heal

# ---- never what was withdrawn, never what is wrong ----
doc2=$(document 2 home/public)
mkdir -p "copy/$(dirname "$doc2")"
cp "home/private/quarantine/$doc2" "copy/$doc2"
rm -f "copy/$doc1"
runs "a copy that still holds what was withdrawn" still audit home --heal copy
runs "gives it to nobody" test ! -e "home/public/$doc2"
cp -r home/public lacking
rm "lacking/$doc1"
printf 'not it' >"copy/$doc1"
fails 3 "a copy that has it changed" still audit lacking --heal copy
has "it says so" "$out" 'changed too'
runs "brings nothing" test ! -e "lacking/$doc1"
rm -f "copy/$doc1"
fails 3 "a copy that lacks it too" still audit lacking --heal copy
has "it says that" "$out" 'Not in the other copy'
ln -s "$scratch/home/public/$doc1" "copy/$doc1"
fails 3 "a link in the other copy is not followed" still audit lacking --heal copy
rm -f "copy/$doc1"

# ---- the home ----
cp -r home twin
rm "twin/public/$doc1"
flip "twin/public/$doc3" 11
fails 3 "a damaged home" still -C twin audit
runs "is healed from a copy" still -C twin audit --heal home/public
runs "the changed file lies in quarantine" test -f "twin/private/quarantine/changed/$doc3"
runs "and it goes on" still -C twin checkin "after healing"
runs "and holds" still verify twin
flip "home/private/quarantine/$doc2" 15
fails 3 "a changed file in quarantine" still --json -C home audit
same "JSON: a private one" "$(json "['counts']['private_files']")" 1
same "JSON: the entry is withdrawn all the same" "$(state 2)" withdrawn
rm "home/private/quarantine/$doc2"
runs "not kept at all" still -C home audit
has "is said" "$out" 'not kept on this machine'

# ---- a healing that is cut off goes on where it was ----
channel many
for i in $(seq 600); do echo "{\"words\":\"word $i\"}"; done >batch
still -C many -q post --batch batch >/dev/null
documents() { find "$1/d" -type f 2>/dev/null | wc -l; }
cut_healing() { # TREE DOCUMENTS FROM: kills it while it is at work
    "$STILLHERE" -q audit "$1" --heal "$3" >/dev/null 2>&1 &
    local pid=$!
    while [ "$(documents "$2")" -lt 20 ] && kill -0 $pid 2>/dev/null; do sleep 0.01; done
    if [ "$1" = "$2" ]; then # A home has a lock of its own, which would be waited for.
        kill -STOP $pid
        fails 1 "a second one beside it is refused" still audit "$1" --heal "$3"
        has "and says why" "$err" 'at work here'
    fi
    kill -9 $pid
    wait $pid 2>/dev/null
    cut=$(documents "$2")
}
cp -r many/public torn
rm -r torn/d
cut_healing torn torn many
ok "it was cut in the middle ($cut of 600)" test "$cut" -ge 20 -a "$cut" -lt 600
fails 3 "what came back is there, the rest is missing" still --json audit torn
same "JSON: counted" "$(json "['counts']['missing']")" $((600 - cut))
same "JSON: nothing is half written" "$(json "['counts']['changed']")" 0
runs "the next one goes on" still --json audit torn --heal many
same "JSON: with the rest" "$(json "['healed'].__len__()")" $((600 - cut))
runs "the copy is the original again, and nothing else is left" diff -r torn many/public
cp -r many home-torn
rm -r home-torn/public/d
cut_healing home-torn home-torn/public many/public
ok "the same in a home ($cut of 600)" test "$cut" -ge 20 -a "$cut" -lt 600
runs "the next one goes on" still audit home-torn --heal many/public
runs "to the end" diff -r home-torn/public many/public
ok "nothing half written is left" test -z "$(find home-torn/private/tmp -type f)"
runs "and the channel goes on" still -C home-torn checkin "healed"

# ---- blobs: size without --read-data, every byte with it ----
if [ -n "$clip" ]; then
    blob=$(cd lacking && find b -name '*.mp4')
    cp home/public/"$doc1" "lacking/$doc1"
    runs "a tree with a clip" still audit lacking --read-data
    flip "lacking/$blob" 1000
    runs "its size alone is looked at" still audit lacking
    fails 3 "--read-data reads it" still --json audit lacking --read-data
    same "JSON: entry 4" "$(state 4)" changed
    truncate -s -1 "lacking/$blob"
    fails 3 "another size is seen at once" still audit lacking
    rm "lacking/$blob"
    fails 3 "and a missing one" still --json audit lacking
    same "JSON: entry 4 again" "$(state 4)" missing
    runs "it comes back" still audit lacking --heal home --read-data
    runs "whole" cmp "lacking/$blob" "home/public/$blob"
    runs "heal of a changed one" still -q audit lacking
    flip "lacking/$blob" 1000
    runs "comes back with --read-data" still audit lacking --heal home --read-data
    runs "whole again" cmp "lacking/$blob" "home/public/$blob"
else
    skip "audits of clips" "no clips"
fi
finish
