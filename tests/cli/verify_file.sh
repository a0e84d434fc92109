#!/bin/bash
# verify FILE: what content credentials say, in plain words, without believing any of them.
. "${STILLHERE_SOURCE:?}/tests/lib.sh" || exit 1
# The findings that are wanting or unknown, of the JSON in $out.
bad() { json "['findings']" >/dev/null && printf '%s' "$out" | /usr/bin/python3 -c '
import json, sys
print(" ".join(f["id"] for f in json.load(sys.stdin)["findings"] if f["severity"] in ("wanting", "unknown")))'; }
ids() { printf '%s' "$out" | /usr/bin/python3 -c '
import json, sys
print(" ".join(f["id"] for f in json.load(sys.stdin)["findings"]))'; }

# ---- what is no video, or no file ----
printf 'A text.\n' >text.txt
: >empty.mp4
mkfifo pipe.mp4
printf '\377\330\377\340\000\020JFIF\000\001\001\000\000\001\000\001\000\000\377\331' >photo.jpg
fails 4 "a text" still verify text.txt
has "a text: says that it is none" "$out" 'not checked: This is no video'
fails 4 "a photo" still verify photo.jpg
has "a photo: says so" "$out" 'This is a photo'
fails 4 "an empty file" still verify empty.mp4
has "an empty file: says so" "$out" 'The file is empty'
fails 4 "a FIFO is not waited for" timeout 10 "$STILLHERE" verify pipe.mp4
has "a FIFO: says why" "$out" 'not a regular file'
fails 4 "a FIFO: JSON" still verify --json pipe.mp4
same "a FIFO: JSON has its finding" "$(bad)/$(json "['verdict']")" unreadable/unknown
fails 4 "standard input is no file" bash -c "printf x | \"$STILLHERE\" verify /dev/stdin"
fails 4 "a directory that is no channel" still verify "$scratch"
printf x >closed.mp4
chmod 000 closed.mp4
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
    chmod 755 "$scratch"
    fails 4 "a file that may not be read" setpriv --reuid 65534 --regid 65534 --clear-groups "$STILLHERE" verify "$scratch/closed.mp4"
else
    fails 4 "a file that may not be read" still verify closed.mp4
fi
has "says why" "$out" 'denied'
fails 2 "--anchors without a file" still verify --anchors text.txt "$scratch"
fails 1 "--anchors that are not there" still verify --anchors nowhere.pem text.txt
fails 1 "--anchors that hold no certificate" still verify --anchors text.txt empty.mp4
has "and it is named" "$err" 'text.txt'

shared=$STILLHERE_SHARED/vectors/c2pa
if [ ! -d "$shared" ]; then
    skip "files with credentials" "no shared test data"
    finish
    exit
fi
root=$shared/certs/sdk/tests/fixtures/certs/trust/test_cert_root_bundle.pem
good=$shared/made-good/tiny.signed.mp4

# ---- who signed ----
runs "a signed file, nobody named" still verify "$good"
has "the signer only calls itself so" "$out" 'calls itself “C2PA Signer”. Whether that is so is not known'
has "the last line says what was not looked at" "$(printf '%s' "$out" | tail -1)" 'Who the signer is was not looked at'
has "and what it does not prove" "$out" 'does not prove what a scene shows'
runs "a signed file, its authority named" still verify "$good" --anchors "$root"
has "somebody vouches" "$out" 'holds: Signed by “C2PA Signer”'
same "the last line" "$(printf '%s' "$out" | tail -1)" 'Everything that was looked at holds.'
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout other.key -out other.pem -days 30 -subj "/CN=Another root" 2>/dev/null
fails 3 "a signed file, another authority named" still verify "$good" --anchors other.pem
has "nobody vouches" "$out" 'does not hold: The signer calls itself “C2PA Signer”. Nobody whom you named vouches'
runs "two --anchors" still verify "$good" --anchors other.pem --anchors "$root"
for lang in en zh-Hans uk ru; do
    runs "findings ($lang)" still --lang $lang verify "$good"
    lacks "never says what it cannot know ($lang)" "$out" '[Vv]erified|[Aa]uthentic|[Gg]enuine|[^a-z]real[^a-z]|✓|✔|真实|正品|[Дд]ійсний|справжн|[Пп]одлинн|настоящ'
done
lacks "no colour without a terminal" "$out" $'\033'

# ---- JSON ----
runs "JSON" still verify --json "$good" --anchors "$root"
same "JSON: version, verdict, state" "$(json "['version']")/$(json "['verdict']")/$(json "['state']")" 1/ok/trusted
same "JSON: validation results" "$(json "['c2pa']['activeManifest']['failure']")" '[]'
has "JSON: with their codes" "$(json "['c2pa']['activeManifest']['success']")" 'claimSignature.validated'
same "JSON: the signer is known" "$(json "['signer']['known']")" True
runs "JSON: the manifest" still verify --json --manifest "$good"
has "JSON: with its claim" "$(json "['manifest']")" 'claim'
runs "which bytes" still verify --explain-hash "$good"
has "which bytes: ftyp is left out" "$out" ' 0 - +[0-9]+ +left out.*/ftyp'
has "which bytes: moov is in" "$out" 'in the signature  /moov'
runs "which bytes: JSON" still verify --json --explain-hash "$good"
same "the ranges tile the file" "$(printf '%s' "$out" | /usr/bin/python3 -c '
import json, sys
d = json.load(sys.stdin); at = 0
for r in d["ranges"]:
    assert r["from"] == at < r["to"]; at = r["to"]
print(at == d["bytes"])')" True

# ---- what was changed ----
for name in 01-mdat-bitflip-middle 03-moov-mvhd-bitflip 09-append-garbage-bytes; do
    fails 3 "$name" still verify --json --anchors "$root" "$shared/made-broken/$name.mp4"
    same "$name: changed, and by whom it was signed" "$(bad)/$(ids | grep -c signer-known)" content-changed/1
done
fails 3 "junk in a box that the signer left out" still verify --json "$shared/made-broken/06-append-free-box-with-junk(excluded).mp4"
same "junk: found" "$(bad)" bytes-added
for name in 14-uuid-version-nonzero 16-two-manifest-uuid-boxes 23-claim-instanceID-changed 32-jumbf-length-overflow 33-uuid-length-huge; do
    fails 3 "$name" still verify "$shared/made-broken/$name.mp4"
done
fails 3 "a signature that does not hold" still verify --json "$shared/made-broken/23-claim-instanceID-changed.mp4" --anchors "$root"
has "then nobody is said to have signed" "$(ids)" 'signer-claimed'
lacks "whoever is named" "$(ids)" 'signer-known'
fails 4 "credentials taken out" still verify --json "$shared/made-broken/35-manifest-stripped.mp4"
same "neither for nor against it" "$(bad)" no-credentials
fails 4 "boxes in boxes in boxes" still verify "$shared/c2pa-rs/nested_moov_1000.mp4"

# ---- several, and pieces ----
fails 3 "several: the gravest counts" still verify --json "$good" text.txt "$shared/made-broken/01-mdat-bitflip-middle.mp4"
same "several: each has its answer" "$(json "['files'].__len__()")/$(json "['verdict']")" 3/wanting
fails 4 "a piece alone" still verify "$shared/c2pa-rs/dash1.m4s"
fails 3 "a first file alone" still verify --json "$shared/c2pa-rs/dashinit.mp4"
same "its pieces are missing, not changed" "$(bad)" pieces-missing
runs "a first file and its piece" still verify --json "$shared/c2pa-rs/dashinit.mp4" "$shared/c2pa-rs/dash1.m4s"
has "says that there may be more" "$(ids)" 'pieces'
cp "$shared/c2pa-rs/dash1.m4s" piece.m4s
chmod u+w piece.m4s
flip piece.m4s 60000
fails 3 "a changed piece" still verify "$shared/c2pa-rs/dashinit.mp4" piece.m4s

# ---- texts that would do harm ----
/usr/bin/python3 - many.mp4 <<'P'
import sys
open(sys.argv[1], 'wb').write(b'\0\0\0\x10ftypisom\0\0\2\0' + b'\0\0\0\x08free' * 200001)
P
fails 4 "a file beyond a limit, beside another" still verify --json many.mp4 "$good"
same "it cannot be looked at" "$(json "['files'][0]['verdict']")" unknown
same "and takes nothing from the other" "$(json "['files'][1]['state']")" valid

/usr/bin/python3 - "$good" hostile.mp4 <<'P'
import sys
data = open(sys.argv[1], "rb").read()
name = b"C2PA Signer"
assert data.count(name) >= 1
open(sys.argv[2], "wb").write(data.replace(name, b"\x1b[2J<b>\xe2\x80\xae\x07"))
P
fails 3 "a name with markup and control characters" still verify hostile.mp4 -v --manifest
lacks "no escape sequence reaches the terminal" "$out$err" $'\033|\007'
lacks "nothing turns the text around" "$out$err" $'\xe2\x80\xae'
fails 3 "the same in JSON" still verify hostile.mp4 --json --manifest
same "is JSON" "$(json "['verdict']")" wanting
has "as characters that are named" "$(json "['signer']['name']")" 'u\{1b\}\[2J<b>'

# ---- a file of a channel ----
channel home
home=$scratch/home
clip=$(find "$STILLHERE_SHARED/clips" -name '*.mp4' -size -3M 2>/dev/null | LC_ALL=C sort | head -1)
if [ -n "$clip" ] && still -q -C "$home" post "$clip" --no-poster --well >/dev/null 2>&1; then
    posted=$scratch/posted.mp4
    cp "$(find "$home/public/b" -name '*.mp4' | head -1)" "$posted"
    id=$(still -C "$home" --json status | /usr/bin/python3 -c 'import json,sys; print(json.load(sys.stdin)["channel"])')
    runs "a posted file with its channel" still verify "$home" "$posted"
    has "says the channel's id first" "$(printf '%s' "$out" | head -1)" "$id"
    has "signed by the channel" "$out" 'holds: Signed by the channel “Test channel”'
    has "and of which dispatch it is" "$out" 'holds: This file belongs to dispatch 1 of the channel'
    runs "the public tree will do, and JSON" still verify --json "$posted" "$home/public" --channel "$id"
    same "JSON: SHA-256 of the file" "$(json "['sha256']")" "$(sha256sum "$posted" | cut -d' ' -f1)"
    same "JSON: the dispatch" "$(json "['entry']")/$(json "['channel']")" "1/$id"
    runs "-C names the channel" still -C "$home" verify --json "$posted"
    has "-C: the same" "$(ids)" 'signer-channel.*dispatch'
    runs "without the channel it holds as well" still verify "$posted"
    has "but who signed is not known" "$out" 'Whether that is so is not known'
    runs "-C with a file of somebody else" still -C "$home" verify "$good"
    fails 3 "a channel that does not have the file" still verify --json "$home" "$good"
    same "says so" "$(bad)" not-in-channel
    other=$(printf '%s' "$id" | tr a-z b-za)
    fails 3 "another channel was asked for" still verify --json "$home" "$posted" --channel "${other:0:51}a"
    still -q -C "$home" key ca >ca.pem
    runs "the authority of the channel as an anchor" still verify "$posted" --anchors ca.pem
    cp "$posted" changed.mp4
    chmod u+w changed.mp4
    flip changed.mp4 $(($(stat -c %s changed.mp4) - 9))
    fails 3 "a changed file of the channel" still verify --json "$home" changed.mp4
    has "changed, and in no dispatch" "$(bad)" 'content-changed.*not-in-channel'

    # ---- withdrawn, then purged ----
    still -q -C "$home" checkin --well >/dev/null # Entry 2
    cp -r "$home/public" before
    STILLHERE_NOW=1900000000 "$STILLHERE" -q -C "$home" withdraw 1 >/dev/null # Entry 3
    runs "a withdrawn dispatch: its keeper knows it" still verify --json "$home" "$posted"
    same "which, by which entry, when" "$(json "['entry']")/$(json "['withdrawn_by']")/$(json "['withdrawn']")" 1/3/1900000000
    has "as findings" "$(ids)" 'signer-channel dispatch published dispatch-withdrawn'
    runs "in words" still verify "$home" "$posted" --channel "$id"
    has "in words: by whom and when" "$out" 'note: Dispatch 1, to which this file belonged, was withdrawn by entry 3 on 17 March 2030, 17:46 UTC'
    lacks "never that it is not here" "$out" 'not in this copy'
    fails 4 "the same from the public tree" still verify --json "$home/public" "$posted"
    same "whose log does not say which files it had" "$(bad)" dispatch-not-here
    has "but which entries come into question" "$(ids)" 'dispatch-not-here entry-gone'
    for lang in en zh-Hans uk ru; do
        fails 4 "in words ($lang)" still --lang $lang verify "$home/public" "$posted"
        has "which entry, by which one, in which year ($lang)" "$out" '1 [^0-9]*3[^0-9].*2030'
    done
    printf 'of nobody' >strange.mp4
    fails 4 "a file that no dispatch has which is still there" still verify --json "$home/public" strange.mp4
    has "may have been of the withdrawn one" "$(bad)" file-not-here
    fails 3 "the keeper knows that it was not" still verify --json "$home" strange.mp4
    has "not of the channel" "$(bad)" not-in-channel
    fails 3 "a changed file stays wanting" still verify --json "$home/public" changed.mp4
    has "by what is wrong with it" "$(bad)" content-changed
    runs "a copy from before does not know of it" still verify --json before "$posted"
    lacks "and says nothing" "$(ids)" withdrawn
    cp -r "$home/public" kept
    cp -r before/d before/b kept/
    runs "a copy that has kept the file" still verify --json kept "$posted"
    same "says that it was withdrawn" "$(json "['withdrawn_by']")/$(json "['withdrawn']")" 3/1900000000
    mv "$home/private/quarantine" aside
    fails 4 "a home whose quarantine is not there" still verify --json "$home" "$posted"
    has "is as a public tree" "$(ids)" 'dispatch-not-here entry-gone'
    mv aside "$home/private/quarantine"
    still -q -C "$home" withdraw 1 --purge --sheet "$scratch/home.sheet" >/dev/null
    fails 4 "purged" still verify --json "$home" "$posted"
    has "no more is known than the log says" "$(ids)" 'dispatch-not-here entry-gone'
    lacks "not which dispatch it was" "$out" '"entry"'
    runs "the channel holds" still verify "$home"
else
    skip "a file of a channel" "no clip in the shared test data"
fi
finish
