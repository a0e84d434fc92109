#!/bin/bash
# proof N writes a .tlog-proof; verify X.tlog-proof holds it against a file, keys and a policy.
. "${STILLHERE_SOURCE:?}/tests/lib.sh" || exit 1
helper() { /usr/bin/python3 "$STILLHERE_SOURCE/tests/cli/proof.py" "$@"; }
clip=$STILLHERE_SHARED/clips/exo_portrait.mp4
channel home
still -C home -q checkin --place Odesa --lang en "Back from shopping" >/dev/null
still -C home -q checkin "Second word" >/dev/null
vkey=$(still -C home key show --vkey)
id=$(still -C home status --json | /usr/bin/python3 -c 'import json,sys; print(json.load(sys.stdin)["channel"])' 2>/dev/null)
document=$(grep -l "Back from shopping" home/public/d/*/*.json)

runs "a proof" still -C home proof 1
has "what it is of" "$out" 'entry 1, in the log of 3 entries: 1\.tlog-proof'
same "a second reader agrees" "$(helper check 1.tlog-proof | cut -d' ' -f1-4)" \
    "1 3 stillhere-entry/1 dispatch"
fails 1 "what is there is left as it is" still -C home proof 1
has "and it says so" "$err" 'such a file already'
runs "another name, from any copy, no key" still proof 1 home/public -o other.tlog-proof --json
same "its entry" "$(json "['index']")" 1
same "its size" "$(json "['checkpoint']['size']")" 3
same "with the document" "$(json "['document']")" True
ok "both are one" cmp 1.tlog-proof other.tlog-proof
out=$(still -C home proof 1 --output - | cmp - 1.tlog-proof)
same "on standard output too" "$out" ""
runs "entry 0" still -C home proof 0
has "has no document" "$out" 'not public here'
fails 1 "beyond the log" still -C home proof 3
fails 2 "no number" still -C home proof x
fails 2 "-o twice" still -C home proof 1 -o a -o b
fails 2 "-o without a name" still -C home proof 1 -o

# ---- who signed, and which file ----
runs "held against the channel's tree" still verify 1.tlog-proof home --file "$document"
has "the key" "$out" "signed by the channel's log key"
has "the file" "$out" 'The file is the document of entry 1'
lacks "never says" "$out" '[Tt]rue|[Rr]eal\b|[Vv]erified|[Aa]uthentic|✓'
for language in zh-Hans uk ru; do
    runs "in $language" still --lang $language verify 1.tlog-proof home --file "$document"
done
runs "held against a key" still verify 1.tlog-proof --key "$vkey" --file "$document" --json
same "verdict" "$(json "['verdict']")" ok
runs "offline: no tree, no home" env -i "$STILLHERE" verify 1.tlog-proof --key "$vkey"
fails 4 "without any key it could not be checked" still verify 1.tlog-proof --file "$document"
has "and it says what to give" "$out" 'no key was given: add the channel.s tree, --key or --policy'
fails 3 "another file" still verify 1.tlog-proof home --file "$STILLHERE_SOURCE/README.md"
has "is named so" "$out" 'neither the document of entry 1 nor one that it names'
fails 4 "a file that is not there" still verify 1.tlog-proof home --file nowhere
fails 4 "a proof that is not there" still verify nowhere.tlog-proof
fails 3 "another channel" still verify 1.tlog-proof home --channel "$(printf 'a%.0s' {1..52})"
[ -n "$id" ] && runs "this channel" still verify 1.tlog-proof home --channel "$id"
channel stranger
fails 3 "another channel's tree" still verify 1.tlog-proof stranger
fails 3 "another channel's key" still verify 1.tlog-proof \
    --key "$(still -C stranger key show --vkey)"
fails 2 "--file without a proof" still verify home --file "$document"
fails 2 "a cosigner's key as a log's" still verify 1.tlog-proof \
    --key "$(helper vkey a.example "$(printf '01%.0s' {1..32})" 4)"
fails 2 "a key that is none" still verify 1.tlog-proof --key nonsense
fails 2 "two trees" still verify 1.tlog-proof home home

# ---- every cut, and a flip in every line ----
cuts=0
bytes=$(stat -c %s 1.tlog-proof)
for ((at = 0; at < bytes; at += 97)); do
    head -c $at 1.tlog-proof >cut.tlog-proof
    still verify cut.tlog-proof home --file "$document" >/dev/null 2>&1
    [ $? = 3 ] || cuts=$((cuts + 1))
done
same "every cut is found wanting" $cuts 0
flips() { # each line of the proof, with one character changed
    /usr/bin/python3 - <<'P'
data = open('1.tlog-proof', 'rb').read()
at = 0
for number, line in enumerate(data.split(b'\n')[:-1]):
    if line:
        where = at + len(line) // 2
        swap = b'B' if data[where:where + 1] == b'A' else b'A'
        open(f'flip-{number}.tlog-proof', 'wb').write(data[:where] + swap + data[where + 1:])
    at += len(line) + 1
P
}
ok "flips" flips
seen=0
for file in flip-*.tlog-proof; do
    still verify "$file" home --file "$document" >/dev/null 2>&1
    [ $? = 3 ] && seen=$((seen + 1))
done
same "every flip is found wanting" $seen "$(ls flip-*.tlog-proof | wc -l)"

# ---- cosigners and a policy ----
for i in 1 2 3; do
    helper vkey "w$i.example" "$(printf "0$i%.0s" {1..32})" 4 >"w$i"
done
policy() { # QUORUM
    printf 'log %s\n' "$vkey"
    for i in 1 2 3; do printf 'witness w%s %s\n' $i "$(cat w$i)"; done
    printf 'group two 2 w1 w2 w3\nquorum %s\n' "$1"
}
policy two >two.policy
cp 1.tlog-proof cosigned.tlog-proof
helper cosign cosigned.tlog-proof w1.example "$(printf '01%.0s' {1..32})" 1795430000
fails 3 "one cosignature of two" still verify cosigned.tlog-proof --policy two.policy
has "too few" "$out" 'Too few cosignatures for your policy: 1 hold, of 3'
helper cosign cosigned.tlog-proof w3.example "$(printf '03%.0s' {1..32})" 1795430001
runs "two of three" still verify cosigned.tlog-proof --policy two.policy --file "$document"
has "enough" "$out" 'enough for your policy: 2 hold, of 3'
has "who, and when" "$out" 'Cosigned by w1\.example, 2026-11-23T'
has "the log of the policy" "$out" 'signed by a log of your policy'
helper line cosigned.tlog-proof pq.example 2432
helper line cosigned.tlog-proof grease.example 17
runs "lines of strangers are carried along" still verify cosigned.tlog-proof --policy two.policy
has "ML-DSA by its length" "$out" 'pq\.example, 2428 bytes \(of the length of an ML-DSA-44'
has "grease" "$out" 'grease\.example, 13 bytes'
sed 's/^\(— w1.example .*\)A\(.*\)$/\1B\2/' cosigned.tlog-proof >bad.tlog-proof
cmp -s cosigned.tlog-proof bad.tlog-proof && sed 's/^\(— w1.example ....................\)./\1b/' \
    cosigned.tlog-proof >bad.tlog-proof
fails 3 "a known key's bad signature" still verify bad.tlog-proof --policy two.policy
policy none >none.policy
runs "quorum none" still verify 1.tlog-proof --policy none.policy
printf 'quorum none\n' >nolog.policy
fails 4 "a policy without a log needs a key" still verify 1.tlog-proof --policy nolog.policy
runs "and takes one" still verify 1.tlog-proof --policy nolog.policy --key "$vkey"
printf 'quorum nobody\n' >broken.policy
fails 1 "a broken policy" still verify 1.tlog-proof --policy broken.policy
has "names its line" "$err" 'broken\.policy: policy: line 1: a quorum that is not defined'

# ---- signatures kept beside the checkpoint ----
size=3
root=$(sed -n 3p home/public/checkpoint | base64 -d | head -c4 | od -An -tx1 | tr -d ' ')
mkdir -p home/public/cp
cp home/public/checkpoint "home/public/cp/00$size.$root"
helper cosign "home/public/cp/00$size.$root" w2.example "$(printf '02%.0s' {1..32})" 1795430002
runs "they come along" still -C home proof 2 --json
same "two signatures" "$(json "['signatures']")" 2
sed 's/group.*/quorum w2/;/quorum two/d' two.policy >one.policy
runs "and count" still verify 2.tlog-proof --policy one.policy

# ---- hidden ----
still -C home -q withdraw 2 >/dev/null
runs "of a withdrawn entry" still -C home proof 2 -o hidden.tlog-proof
has "what is proven" "$out" 'says that the entry was made'
runs "it holds" still verify hidden.tlog-proof home
has "and says what it holds" "$out" 'not what was in it'
fails 4 "of another file nothing can be said" still verify hidden.tlog-proof home --file w1
if [ -f "$clip" ]; then
    still -C home -q post "$clip" --no-poster "a clip" >/dev/null
    video=$(ls home/public/b/*/*.mp4)
    runs "of a clip" still -C home proof 4
    runs "its file" still verify 4.tlog-proof home --file "$video"
    has "is one that the document names" "$out" "names, byte for byte: ${video#home/public/}"
    fails 3 "the untouched clip is another" still verify 4.tlog-proof home --file "$clip"
else
    skip "proof of a clip" "no clips here"
fi

# ---- a damaged tree gives no proof ----
cp -r home/public copy
flip "copy/tile/0/000.p/$(ls copy/tile/0/000.p | sort -n | tail -1)" 40
fails 1 "a changed tile" still proof 0 copy -o never.tlog-proof
has "is said" "$err" 'do not give the root'
ok "and nothing is written" test ! -e never.tlog-proof
fails 1 "no tree" still proof 0 nowhere

# ---- few files are read: of 100,003 entries at most 25, the program's own apart ----
ok "a log of 100,003 entries" helper tree large 100003
if command -v strace >/dev/null; then
    most=0
    for entry in 0 255 256 65535 65536 77777 99839 99840 100002; do
        ASAN_OPTIONS=detect_leaks=0 strace -f -o trace -e trace=open,openat,openat2 \
            "$STILLHERE" proof $entry large -o "large-$entry.tlog-proof" >/dev/null || most=999
        helper check "large-$entry.tlog-proof" >/dev/null || most=999
        reads=$(grep -cE '"(checkpoint|cp/|tile/|d/|id/)' trace)
        [ "$reads" -gt "$most" ] && most=$reads
    done
    echo "# at most $most files of the tree are opened for one proof"
    ok "at most 25" test "$most" -le 25
else
    skip "file reads of a proof" "no strace here"
fi
finish
