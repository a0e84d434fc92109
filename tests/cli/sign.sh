#!/bin/bash
# sign IN OUT: credentials in a copy, by own keys; held against a recomputation in Python and,
# where they are installed, against other people's verifiers.
. "${STILLHERE_SOURCE:?}/tests/lib.sh" || exit 1
helper() { /usr/bin/python3 "$STILLHERE_SOURCE/tests/cli/sign.py" "$@"; }

# ---- a small authority ----
authority() { # makes ca.pem and ca.key
    openssl ecparam -name prime256v1 -genkey -noout -out ca.key &&
        openssl req -x509 -new -key ca.key -subj "/O=test/CN=root" -days 100 -out ca.pem \
            -addext "basicConstraints=critical,CA:TRUE" \
            -addext "keyUsage=critical,keyCertSign"
} 2>/dev/null
leaf() { # NAME ALGORITHM [EXTENSIONS]: NAME.key NAME.pem and NAME.chain
    case $2 in
    ed25519) openssl genpkey -algorithm ed25519 -out "$1.key" ;;
    rsa*) openssl genpkey -algorithm rsa -pkeyopt "rsa_keygen_bits:${2#rsa}" -out "$1.key" ;;
    *) openssl ecparam -name "$2" -genkey -noout -out "$1.key" ;;
    esac
    printf '%s\n' "basicConstraints=critical,CA:FALSE" "authorityKeyIdentifier=keyid" \
        "${3:-keyUsage=critical,digitalSignature
extendedKeyUsage=1.3.6.1.4.1.62558.2.1,emailProtection}" >"$1.ext"
    openssl req -new -key "$1.key" -subj "/O=test/CN=$1" -out "$1.csr" &&
        openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -days "${4:-90}" -extfile "$1.ext" \
            -set_serial "0x$(openssl rand -hex 15)" -out "$1.pem" &&
        cat "$1.pem" ca.pem >"$1.chain"
} 2>/dev/null
ok "an authority" authority
leaf p256 prime256v1
leaf ed ed25519
clip=$STILLHERE_SHARED/clips/nasa_13013.mp4
if [ ! -f "$clip" ]; then
    skip "signing clips" "no clips here"
    finish
fi
cp "$clip" in.mp4
before=$(sha256sum <in.mp4)

# ---- both algorithms ----
for key in p256 ed; do
    runs "$key" still sign in.mp4 $key.mp4 --cert $key.chain --key $key.key
    has "$key: whose certificate" "$out" "certificate of $key"
    same "$key: the hash is that of the bytes" "$(helper hash $key.mp4)" match
    same "$key: behind ftyp" "$(helper boxes $key.mp4 | cut -d' ' -f1-2)" "ftyp uuid"
    same "$key: every chunk is where the tables say" "$(helper samples $key.mp4)" \
        "$(helper samples in.mp4)"
done
same "IN is as it was" "$(sha256sum <in.mp4)" "$before"
helper text p256.mp4 >text
for word in c2pa.claim.v2 c2pa.hash.bmff.v3 c2pa.actions.v2 c2pa.opened c2pa.ingredient.v3; do
    has "holds $word" "$(cat text)" "$word"
done
lacks "no time, and no name of a file" "$(cat text)" 'sigTst|iat|nasa|/tmp'
runs "json" still sign in.mp4 j.mp4 --cert p256.chain --key p256.key --json
same "its algorithm" "$(json "['algorithm']")" ES256
same "its size" "$(json "['bytes']")" "$(stat -c %s j.mp4)"

# ---- RSA keys that are for RSASSA-PSS alone, with a hash of their own ----
certs=$STILLHERE_SHARED/vectors/c2pa/certs/sdk/tests/fixtures/certs
for bits in 256 384 512; do
    [ -f "$certs/ps$bits.pem" ] || continue
    runs "PS$bits" still sign in.mp4 ps$bits.mp4 --cert "$certs/ps$bits.pub" --key "$certs/ps$bits.pem" --json
    same "PS$bits: by its name" "$(json "['algorithm']")" PS$bits
    runs "PS$bits: holds" still verify ps$bits.mp4 --anchors "$certs/trust/test_cert_root_bundle.pem"
done

# ---- what was there ----
runs "of a signed file" still sign p256.mp4 second.mp4 --cert ed.chain --key ed.key
same "one box of credentials" "$(helper boxes second.mp4 | tr ' ' '\n' | grep -c uuid)" 1
same "its hash" "$(helper hash second.mp4)" match
helper text second.mp4 >text
same "two claims in it" "$(grep -c '^.*c2pa.claim.v2' text)" 2
has "the first is named" "$(cat text)" activeManifest
runs "an update" still sign p256.mp4 update.mp4 --update --cert ed.chain --key ed.key
same "at the end" "$(helper boxes update.mp4)" "$(helper boxes p256.mp4) uuid"
head -c "$(stat -c %s p256.mp4)" update.mp4 >head.mp4
same "and before it only \"manifest\" became \"original\"" "$(cmp -l head.mp4 p256.mp4 | wc -l)" 8
runs "an update of it" still sign update.mp4 update2.mp4 --update --cert p256.chain --key p256.key
same "still one at the end" "$(helper boxes update2.mp4)" "$(helper boxes update.mp4)"
runs "and a new manifest on top" still sign update2.mp4 third.mp4 --cert p256.chain --key p256.key
same "one box" "$(helper boxes third.mp4 | tr ' ' '\n' | grep -c uuid)" 1
same "its hash holds" "$(helper hash third.mp4)" match
fails 1 "no update of nothing" still sign in.mp4 no.mp4 --update --cert ed.chain --key ed.key
has "is said" "$err" 'no credentials to update'

# ---- blocks ----
runs "in blocks" still sign in.mp4 blocks.mp4 --merkle --cert p256.chain --key p256.key
same "its tree" "$(helper hash blocks.mp4)" match

# ---- beyond 4 GiB: what 32 bits cannot name is named with 64 (costs 10 GB of disk) ----
if [ "${STILLHERE_FULL:-}" = 1 ] && command -v ffmpeg >/dev/null; then
    frames() { ffmpeg -v error -i "$1" -map 0 -f framemd5 - 2>&1 | grep -v '^#' | sha256sum; }
    ffmpeg -v error -i in.mp4 -c copy -movflags +faststart fast.mp4
    for kind in in fast; do
        ok "$kind: a hole of 4 GiB" helper far $kind.mp4 far.mp4
        has "$kind: 32 bits name all of it" "$(helper tables far.mp4)" ' 0$'
        runs "$kind: is signed" still sign far.mp4 farther.mp4 --cert p256.chain --key p256.key
        has "$kind: with 64 bits" "$(helper tables farther.mp4)" '^0 '
        same "$kind: every chunk is where the tables say" "$(helper samples farther.mp4)" \
            "$(helper samples $kind.mp4)"
        same "$kind: the hash is that of the bytes" "$(helper hash farther.mp4)" match
        same "$kind: every frame is there" "$(frames farther.mp4)" "$(frames $kind.mp4)"
        runs "$kind: and it holds" still verify farther.mp4 --anchors ca.pem
        rm -f far.mp4 farther.mp4
    done
else
    skip "beyond 4 GiB" "STILLHERE_FULL=1 does it, with ffmpeg"
fi

# ---- by the channel's own certificate ----
channel home
runs "by a channel" still -C home sign in.mp4 own.mp4
same "its hash" "$(helper hash own.mp4)" match
runs "again, with the same one" still -C home sign in.mp4 own2.mp4
same "one key" "$(ls home/private/keys/c2pa-leaf.key | wc -l)" 1
fails 2 "no time stamp in such a file" still -C home sign in.mp4 no.mp4 --tsa http://127.0.0.1:9/
# Held fast in the middle of a long copy, it holds nobody else up: sign keeps no lock of the channel.
cp in.mp4 long.mp4
/usr/bin/python3 - <<'P'
import struct
with open('long.mp4', 'ab') as out: # 160 MB that a disk need not hold
    out.write(struct.pack('>I4s', 160000000, b'mdat'))
    out.truncate(out.tell() + 160000000 - 8)
P
runs "a long copy that stands still" /usr/bin/python3 "$STILLHERE_SOURCE/tests/cli/sign_halt.py" "$STILLHERE" home long.mp4 halted.mp4
same "stopped half-way, a word went out, the copy came to its end" "$out" "half a copy; checkin 0; sign 0"
runs "and holds, as the channel's, but of no dispatch" still --json verify home halted.mp4
has "says so" "$out" '"id":"signer-channel".*"id":"outside-dispatch"'
rm -f long.mp4 halted.mp4
fails 1 "no channel, no key" still -C nowhere sign in.mp4 no.mp4

# ---- other kinds ----
for file in c.mov sample1.m4a sample1.heic sample1.avif; do
    from=$STILLHERE_SHARED/vectors/c2pa/c2pa-rs/$file
    [ -f "$from" ] || continue
    runs "$file" still sign "$from" "out.$file" --cert p256.chain --key p256.key
    same "$file: its hash" "$(helper hash "out.$file")" match
done
# A file with an ingredient whose claim cannot be read is read by nobody.
unread=$STILLHERE_SHARED/vectors/c2pa/made-broken/24-claim-label-v3.mp4
if [ -f "$unread" ]; then
    fails 1 "credentials whose claim cannot be read" still sign "$unread" no.mp4 --cert p256.chain --key p256.key
    has "says so" "$err" 'cannot be carried on'
fi
# ffmpeg reads what was moved: places in fragments, and in tables in front and behind.
if command -v ffmpeg >/dev/null; then
    decoded() { ffmpeg -v error -i "$1" -map 0:v -f framemd5 - 2>&1 | grep -v '^#' | sha256sum; }
    ffmpeg -v error -i in.mp4 -c copy -movflags +faststart front.mp4
    ffmpeg -v error -i in.mp4 -c copy -movflags frag_keyframe+empty_moov frag.mp4
    ffmpeg -v error -i in.mp4 -c copy -movflags frag_keyframe+empty_moov+default_base_moof \
        -frag_duration 200000 dash.mp4
    for kind in front frag dash; do
        runs "$kind" still sign $kind.mp4 out-$kind.mp4 --cert p256.chain --key p256.key
        same "$kind: its hash" "$(helper hash out-$kind.mp4)" match
        same "$kind: every frame is there" "$(decoded out-$kind.mp4)" "$(decoded $kind.mp4)"
    done
else
    skip "frames" "no ffmpeg here"
fi

# ---- a recording in pieces ----
bunny=$STILLHERE_SHARED/vectors/c2pa/c2pa-rs/sdk/tests/fixtures/bunny/bunny_89283bps
if [ -d "$bunny" ]; then
    init=$(basename "$bunny"/*init*)
    runs "init and segments" still sign "$bunny/$init" "$bunny"/*.m4s set --cert p256.chain --key p256.key
    same "all of them" "$(ls set | wc -l)" "$(ls "$bunny" | grep -cE 'init|m4s')"
    runs "they hold" still verify "set/$init" set/*.m4s
    has "each of them" "$out" "looked at: $(ls set/*.m4s | wc -l)"
    first=$(ls set/*.m4s | head -1)
    same "a box in front of the fragment" "$(helper boxes "$first" | grep -o 'uuid moof')" "uuid moof"
    # What they brought is carried along, and was looked at with its segments.
    runs "of a signed set" still sign "set/$init" set/*.m4s set2 --cert ed.chain --key ed.key
    runs "they hold, too" still verify "set2/$init" set2/*.m4s
    same "one box in front of each fragment" "$(helper boxes "set2/$(basename "$first")" | grep -o uuid | wc -l)" 1
    helper text "set2/$init" >text
    same "two claims in it" "$(grep -c '^.*c2pa.claim.v2' text)" 2
    same "whose hashes held" "$(grep -c '^.*assertion.bmffHash.match' text)" 1
    fails 1 "no update of an init segment" still sign "set/$init" no.mp4 --update --cert ed.chain --key ed.key
    has "is said" "$err" 'init segment alone'
    flip "$first" 20000
    fails 3 "one changed byte is found" still verify "set/$init" set/*.m4s
    runs "it is carried along as such" still sign "set/$init" set/*.m4s set3 --cert ed.chain --key ed.key
    helper text "set3/$init" >text
    same "and what was found is said" "$(grep -c '^.*assertion.bmffHash.mismatch' text)" 1
    runs "the new ones hold of what there was" still verify "set3/$init" set3/*.m4s
    fails 1 "a folder that is there" still sign "$bunny/$init" "$bunny"/*.m4s set --cert p256.chain --key p256.key
    fails 1 "two inits" still sign "$bunny/$init" p256.mp4 no.mp4 --cert p256.chain --key p256.key
    fails 2 "no update of a set" still sign "$bunny/$init" "$bunny"/*.m4s no.mp4 --update --cert p256.chain --key p256.key
    has "is said, and why" "$err" 'A\.5\.3'
else
    skip "init and segments" "no such recording here"
fi

# ---- what is refused, and leaves nothing ----
fails 1 "OUT is there" still sign in.mp4 ed.mp4 --cert ed.chain --key ed.key
has "and is left as it is" "$err" 'such a file already'
fails 1 "IN is OUT" still sign in.mp4 in.mp4 --cert ed.chain --key ed.key
ln -s in.mp4 link.mp4
fails 1 "nor by a link" still sign in.mp4 link.mp4 --cert ed.chain --key ed.key
fails 1 "another's key" still sign in.mp4 no.mp4 --cert ed.chain --key p256.key
has "is said" "$err" 'not the one of the certificate'
fails 1 "a key that is none" still sign in.mp4 no.mp4 --cert ed.chain --key ed.pem
fails 1 "a certificate that is none" still sign in.mp4 no.mp4 --cert ed.key --key ed.key
fails 1 "the authority itself" still sign in.mp4 no.mp4 --cert ca.pem --key ca.key
leaf bare prime256v1 "keyUsage=critical,digitalSignature"
fails 1 "a certificate for nothing" still sign in.mp4 no.mp4 --cert bare.chain --key bare.key
leaf server prime256v1 "keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth"
fails 1 "one for servers" still sign in.mp4 no.mp4 --cert server.chain --key server.key
export STILLHERE_NOW=4000000000
fails 1 "one that has run out" still sign in.mp4 no.mp4 --cert ed.chain --key ed.key
has "is said with its days" "$err" 'is good from 20'
unset STILLHERE_NOW
head -c 100000 in.mp4 >cut.mp4
fails 1 "half a file" still sign cut.mp4 no.mp4 --cert ed.chain --key ed.key
fails 1 "no video" still sign ca.pem no.mp4 --cert ed.chain --key ed.key
{ cat in.mp4; printf 'tail'; } >tail.mp4
fails 1 "bytes behind the last box" still sign tail.mp4 no.mp4 --cert ed.chain --key ed.key
fails 1 "no file" still sign nowhere.mp4 no.mp4 --cert ed.chain --key ed.key
fails 1 "no folder" still sign in.mp4 nowhere/no.mp4 --cert ed.chain --key ed.key
fails 2 "no key" still sign in.mp4 no.mp4 --cert ed.chain
fails 2 "one word" still sign in.mp4
fails 2 "what goes with --tsa" still sign in.mp4 no.mp4 --cert ed.chain --key ed.key --trust ca.pem

# ---- and is told in words that a newcomer can act on ----
refused() { # NAME WORDS COMMAND...
    local name=$1 words=$2
    shift 2
    fails 1 "$name" "$@"
    has "$name: says so" "$err" "$words"
}
mine=(--cert p256.chain --key p256.key)
: >empty
printf 'hello\n' >words
printf '\xff\xd8\xff\xe0\0\x10JFIF\0' >photo.mp4
printf '\x1a\x45\xdf\xa3\x9fB\x86\x81\x01' >webm.mp4
openssl rand 3000 >random
mkdir folder
mkfifo pipe
openssl x509 -in p256.pem -outform DER -out p256.der
openssl pkey -in p256.key -outform DER -out p256.kder
openssl pkcs8 -topk8 -in p256.key -passout pass:x -out locked.key
refused "an empty file" 'empty: it is an empty file, and only MP4' still sign empty no.mp4 "${mine[@]}"
refused "words" 'words: it is text' still sign words no.mp4 "${mine[@]}"
refused "a photo" 'it is a photo \(JPEG\), and only MP4' still sign photo.mp4 no.mp4 "${mine[@]}"
refused "a WebM" 'it is WebM or MKV.*ffmpeg' still sign webm.mp4 no.mp4 "${mine[@]}"
refused "noise" 'random: it is no MP4' still sign random no.mp4 "${mine[@]}"
refused "a pipe" 'pipe: not a regular file' still sign pipe no.mp4 "${mine[@]}"
refused "a folder" 'folder: not a regular file' still sign folder no.mp4 "${mine[@]}"
refused "OUT is a folder" 'folder: there is such a folder already' still sign in.mp4 folder "${mine[@]}"
refused "a place for nobody's files" '/proc/no.mp4: no file can be made' still sign in.mp4 /proc/no.mp4 "${mine[@]}"
refused "no certificate, no channel" '--cert and --key, or the channel' still sign in.mp4 no.mp4
refused "a certificate as DER" 'it is DER.*openssl x509' still sign in.mp4 no.mp4 --cert p256.der --key p256.key
refused "a key as DER" 'openssl pkey' still sign in.mp4 no.mp4 --cert p256.chain --key p256.kder
refused "a key with a password" 'encrypted.*openssl pkey' still sign in.mp4 no.mp4 --cert p256.chain --key locked.key
refused "a key that is a pipe" '^stillhere: pipe: not a regular file$' still sign in.mp4 no.mp4 --cert p256.chain --key pipe
cat ca.pem p256.pem >order.chain
refused "the chain upside down" 'first certificate.*CA:TRUE.*must be your own' still sign in.mp4 no.mp4 --cert order.chain --key p256.key
refused "nobody gives time stamps" '--tsa: http://127.0.0.1:9/: no connection.*nothing is written' still sign in.mp4 no.mp4 "${mine[@]}" --tsa http://127.0.0.1:9/ --allow-host 127.0.0.1
fails 2 "no pipe" still sign in.mp4 - "${mine[@]}"
fails 2 "no tree in an update" still sign p256.mp4 no.mp4 "${mine[@]}" --update --merkle
mkdir small
# shellcheck disable=SC2016
if unshare -rm mount -t tmpfs -o size=64k tmpfs small 2>/dev/null; then
    refused "a full disk" 'small/no.mp4: the new file cannot be written: No space' unshare -rm bash -c \
        'mount -t tmpfs -o size=64k tmpfs small && "$STILLHERE" sign in.mp4 small/no.mp4 --cert p256.chain --key p256.key; code=$?; ls -A small; exit $code'
    same "and nothing is on it" "$out" ""
else
    skip "a full disk" "no file system can be mounted here"
fi
ok "nothing was left behind" test -z "$(ls -A | grep -E '^no\.mp4|^\.stillhere')"
same "and IN is as it was" "$(sha256sum <in.mp4)" "$before"
finish
