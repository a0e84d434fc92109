#!/bin/bash
# What post signs: one certificate of the channel a year, by an authority whose anchor key ca prints;
# credentials that came with a clip are shown, and carried over only by a yes.
. "${STILLHERE_SOURCE:?}/tests/lib.sh" || exit 1
home=$scratch/home
sheet=$scratch/home.sheet
keys=$home/private/keys
leaf=$keys/c2pa-leaf.key
ffmpeg -nostdin -loglevel error -y -f lavfi -i testsrc=duration=1:size=160x120:rate=15 -c:v libx264 -pix_fmt yuv420p clip.mp4
at() { # UNIX-SECONDS ARGS...
    local now=$1
    shift
    STILLHERE_NOW=$now "$STILLHERE" "$@"
}
newest() { ls -t "$home"/public/b/*/*.mp4 | head -1; }
posted() { # the path of what the last post made
    printf '%s/public/%s' "$home" "$(json "['blobs'][0]['path']")"
}
dates() { openssl x509 -in "$leaf" -noout -startdate -enddate | tr '\n' ' '; }
then=1752000000 # 2025
ok "a channel of 2025" at $then -q init "$home" --name Signed --sheet "$sheet"
ok "has no certificate for claims yet" test ! -e "$leaf"
runs "a clip" at $then -C "$home" --json post clip.mp4 --no-poster
first=$(posted)
same "now it has, for its owner only" "$(stat -c %a "$leaf")" 600
same "of this year, for thirty" "$(dates)" "notBefore=Jan  1 00:00:00 2025 GMT notAfter=Jan  1 00:00:00 2055 GMT "
serial=$(openssl x509 -in "$leaf" -noout -serial)
same "with a random serial" "$(printf '%s' "${serial#serial=}" | wc -c)" 32
runs "another clip" at $((then + 100)) -C "$home" --json post clip.mp4 --no-poster
same "is signed by the same" "$(openssl x509 -in "$leaf" -noout -serial)" "$serial"
lacks "no time in it" "$(strings -n 4 "$first" | head -80)" '2025-|sigTst|when'
runs "the anchor" still -C "$home" key ca
printf '%s\n' "$out" >"$scratch/ca.pem"
ok "certifies it, by openssl's word" openssl verify -x509_strict -CAfile "$scratch/ca.pem" "$leaf"
runs "who trusts it" still verify --anchors "$scratch/ca.pem" "$first"
has "is told that it holds" "$out" 'signature of the content credentials holds'
has "and that nothing was changed" "$out" 'nothing was changed'
runs "with the channel" still verify "$home" "$first"
has "which dispatch it is" "$out" 'dispatch 1 of the channel'

# ---- renewed ----
runs "a year later" at $((then + 31600000)) -C "$home" --json post clip.mp4 --no-poster
second=$(posted)
same "there is another certificate" "$(dates)" "notBefore=Jan  1 00:00:00 2026 GMT notAfter=Jan  1 00:00:00 2056 GMT "
ok "of another key" test "$serial" != "$(openssl x509 -in "$leaf" -noout -serial)"
runs "both hold" still verify --anchors "$scratch/ca.pem" "$first" "$second"
runs "a clock before the channel's birth" at 1000000000 -C "$home" --json post clip.mp4 --no-poster
has "makes no word late" "$(dates)" 'notBefore=Jan  1 00:00:00 2025'
for damage in '' 'x' "$(head -c 64 /dev/zero | tr '\0' 0)"; do
    printf '%s\n' "$damage" >"$leaf"
    ok "a damaged one is made anew" at $then -C "$home" -q post clip.mp4 --no-poster
done
ok "and holds" still verify --anchors "$scratch/ca.pem" "$(newest)"
ok "rotate c2pa" at $((then + 200)) -C "$home" -q key rotate c2pa --sheet "$sheet"
ok "the old key is gone" test ! -e "$leaf"
runs "a clip by the new authority" at $((then + 300)) -C "$home" --json post clip.mp4 --no-poster
third=$(posted)
runs "key ca" still -C "$home" key ca
same "prints both" "$(printf '%s\n' "$out" | grep -c BEGIN)" 2
printf '%s\n' "$out" >"$scratch/both.pem"
runs "all hold" still verify --anchors "$scratch/both.pem" "$first" "$second" "$third"
mv "$keys"/c2pa-ca-*.key "$scratch/kept.key"
rm "$leaf"
fails 1 "without the authority's key" at $then -C "$home" post clip.mp4 --no-poster
has "says what to do" "$err" 'key rotate c2pa'
same "nothing is staged" "$(ls "$home/private/staging" | wc -l)" 0
ok "a word goes out" at $then -C "$home" -q checkin --well

# ---- credentials that came with the clip ----
came=$STILLHERE_SHARED/vectors/c2pa/made-good/tiny.signed.mp4
if [ ! -f "$came" ]; then
    skip "credentials of others" "no $came"
    finish
    exit
fi
ok "another channel" still -q init "$scratch/two" --name Two --sheet "$scratch/two.sheet"
home=$scratch/two
runs "a clip with credentials" still -C "$home" --json post "$came" --no-poster
has "they are shown" "$err" 'came with content credentials'
has "with what holds" "$err" 'signature of the content credentials holds'
lacks "and left out" "$(strings "$(posted)")" 'C2PA Signer'
fails 2 "to keep them without a yes" still -C "$home" post "$came" --no-poster --keep-credentials
has "shows what they reveal" "$err" 'Whoever gets the video can read'
has "and how to say yes" "$err" 'add --yes'
same "and publishes nothing" "$(ls "$home"/public/b/*/*.mp4 | wc -l)" 1
runs "with a yes" still -C "$home" --json post "$came" --no-poster --keep-credentials --yes
kept=$(posted)
has "they are carried over" "$(strings "$kept")" 'C2PA Signer'
runs "and all of it holds" still verify "$home" "$kept"
has "as those of the file before" "$out" 'signer of the earlier file'
fails 2 "with a yes that comes through a pipe" bash -c "yes | '$STILLHERE' -C '$home' post '$came' --no-poster --keep-credentials"
fails 2 "nor with -q and no --yes" still -q -C "$home" post "$came" --no-poster --keep-credentials
same "nothing was published" "$(ls "$home"/public/b/*/*.mp4 | wc -l)" 2

# ---- the question, on a terminal ----
types() { # MODE-OR-TEXT [LANG]: the transcript is in $said, what it answered in $out, its code in $code
    local mode=$1
    if [ "$mode" != hang ]; then
        printf '%s' "$1" >"$scratch/typed"
        mode=$scratch/typed
    fi
    rm -f "$scratch/answer"
    /usr/bin/python3 "$STILLHERE_SOURCE/tests/cli/terminal.py" "$mode" "$scratch/said" "$scratch/answer" \
        "$STILLHERE" -C "$home" --lang "${2:-en}" post "$came" --no-poster --keep-credentials
    code=$?
    said=$(tr -d '\r' <"$scratch/said")
    out=$(cat "$scratch/answer")
}
for answer in no '' y 'yes, please' YES; do
    types "$answer"
    same "“$answer” is no yes" "$code" 2
    has "it was asked" "$said" 'Carry them over\? Type yes; else nothing is published: '
    has "and said" "$said" 'nothing was published'
done
types hang
ok "a line that is cut is no yes" test "$code" != 0
same "nothing was published by any of these" "$(ls "$home"/public/b/*/*.mp4 | wc -l)" 2
types yes
same "“yes” is" "$code" 0
has "what they reveal was shown before" "$said" 'Whoever gets the video can read.*'
has "by whom they are signed" "$said" 'calls itself “C2PA Signer”'
ok "before it was asked" test "$(printf '%s\n' "$said" | grep -n 'Whoever gets' | cut -d: -f1)" -lt "$(printf '%s\n' "$said" | grep -n 'Type yes' | cut -d: -f1)"
same "it is published" "$(ls "$home"/public/b/*/*.mp4 | wc -l)" 3
asked=$(newest)
has "with them in it" "$(strings "$asked")" 'C2PA Signer'
runs "and it holds" still --json verify "$home" "$asked"
has "as made from an earlier file, and by whom that was signed" "$out" '"id":"parent".*"id":"ingredient-signer"'
for lang in zh-Hans uk ru; do
    types no $lang
    lacks "asked in $lang" "$said" 'Carry them|Whoever'
done

# ---- what sign made, and updated ----
ok "signed by the channel" still -C "$home" sign clip.mp4 signed.mp4
ok "and updated" still -C "$home" sign signed.mp4 updated.mp4 --update
fails 2 "post itself updates nothing" still -C "$home" post updated.mp4 --update --no-poster
runs "a clip whose credentials were updated" still -C "$home" --json post updated.mp4 --no-poster --keep-credentials --yes
updated=$(posted)
runs "all of them are carried over" still --json verify --manifest "$home" "$updated"
same "the new ones, the update, and those below it" "$(printf '%s' "$out" | /usr/bin/python3 -c '
import json, re, sys
labels = re.findall("\"(urn:c2pa:[0-9a-f-]{36})\"", json.dumps(json.load(sys.stdin)["manifest"]))
print(len(set(labels)))')" 3
has "and hold" "$out" '"verdict":"ok".*"id":"ingredient-signer-known"'
ok "the posted file is updated" still -C "$home" sign "$updated" again.mp4 --update
runs "and holds as the channel's" still --json verify "$home" again.mp4
has "of no dispatch: its bytes are others" "$out" '"id":"signer-channel".*"id":"outside-dispatch"'
runs "of a clip without any" still -C "$home" post clip.mp4 --no-poster --keep-credentials
has "that is said" "$err" 'no content credentials'
fails 2 "not with --transcode" still -C "$home" post "$came" --keep-credentials --transcode
fails 2 "--yes alone" still -C "$home" post "$came" --yes
made_broken=$STILLHERE_SHARED/vectors/c2pa/made-broken
for each in "$made_broken"/*.mp4; do
    "$STILLHERE" -C "$home" -q post "$each" --no-poster >/dev/null 2>"$scratch/err" ||
        grep -qE 'moov|box|mdat|cut off|missing|content|no file' "$scratch/err" || echo "$each: $(cat "$scratch/err")"
done >"$scratch/odd"
same "a clip with broken ones is posted, or refused for its boxes" "$(cat "$scratch/odd")" ""
runs "and the channel holds" still verify "$home"
finish
