#!/bin/bash
# verify HOME|DIR: what holds, what does not, what could not be checked.
. "${STILLHERE_SOURCE:?}/tests/lib.sh" || exit 1
channel home
home=$scratch/home
for i in 1 2 3; do still -C "$home" -q checkin "word $i" >/dev/null; done
still -C "$home" -q withdraw 2 >/dev/null
id=$(still -C "$home" --json status | /usr/bin/python3 -c 'import json,sys; print(json.load(sys.stdin)["channel"])')
runs "a channel home" still verify "$home"
has "says the id first" "$(printf '%s' "$out" | head -1)" "$id"
runs "a public tree" still verify "$home/public"
lacks "never says verified, true or authentic" "$out" '[Vv]erified|[Aa]uthentic|[Gg]enuine|is real'
runs "the right channel" still verify --channel "$id" "$home"
other=$(printf '%s' "$id" | tr a-z b-za)
fails 3 "another channel's id" still verify --channel "${other:0:51}a" "$home"
runs "JSON" still verify --json "$home"
same "JSON: version" "$(json "['version']")" 1
fails 4 "JSON: nothing there" still verify --json "$scratch/nowhere"
same "JSON: is an object all the same" "$(json "['verdict']")/$(json "['findings']")" "unknown/[]"
has "JSON: and says why" "$(json "['error']")" 'not there'
runs "JSON again" still verify --json "$home"
same "JSON: findings" "$(json "['findings'].__class__.__name__")" list
runs "Chinese" still --lang zh-Hans verify "$home"
copy() { rm -rf "$scratch/copy"; cp -r "$home/public" "$scratch/copy"; }
copy; flip "$(ls -d "$scratch"/copy/d/*/*.json | head -1)" 5
fails 3 "a changed document" still verify "$scratch/copy"
copy; rm "$(ls -d "$scratch"/copy/d/*/*.json | head -1)"
fails 3 "a missing document" still verify "$scratch/copy"
for file in checkpoint id/0.note id/current; do
    copy; flip "$scratch/copy/$file" 70
    fails 3 "a changed $file" still verify "$scratch/copy"
done
copy; rm "$scratch/copy/id/0.note"
fails 4 "without its identity it cannot be checked" still verify "$scratch/copy"
entry=$(cd "$home/public" && find tile/entries -type f | LC_ALL=C sort | tail -1)
tile=$(cd "$home/public" && find tile/0 -type f | LC_ALL=C sort | tail -1)
for file in "$entry" "$tile"; do
    copy; flip "$scratch/copy/$file" 40
    fails 3 "a changed $file" still verify "$scratch/copy"
    copy; truncate -s -1 "$scratch/copy/$file"
    fails 3 "a cut $file" still verify "$scratch/copy"
done
mkdir "$scratch/empty"
fails 4 "nothing there to check" still verify "$scratch/empty"
fails 4 "no such directory" still verify "$scratch/none"
fails 2 "nothing named" still verify
fails 2 "an id that is none" still verify --channel abc "$home"
copy; ln -sf /etc/passwd "$scratch/copy/checkpoint"
fails 4 "a link out of the tree is not followed" still verify "$scratch/copy"
lacks "and not read" "$out$err" 'root:'
finish
