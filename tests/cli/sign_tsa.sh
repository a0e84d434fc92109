#!/bin/bash
# sign --tsa: a time stamp of a real server (OpenSSL behind HTTP on loopback) in a signed file,
# held against openssl ts; and every wrong answer that a server can give.
. "${STILLHERE_SOURCE:?}/tests/lib.sh" || exit 1
tsa() { /usr/bin/python3 "$STILLHERE_SOURCE/tests/vectors/tsa.py" "$@"; }

# ---- an authority, a signer, a server ----
keys() {
    openssl ecparam -name prime256v1 -genkey -noout -out ca.key &&
        openssl req -x509 -new -key ca.key -subj "/O=test/CN=root" -days 1000 -out ca.pem \
            -addext "basicConstraints=critical,CA:TRUE" \
            -addext "keyUsage=critical,keyCertSign" &&
        printf '%s\n' "basicConstraints=critical,CA:FALSE" "authorityKeyIdentifier=keyid" \
            "keyUsage=critical,digitalSignature" \
            "extendedKeyUsage=1.3.6.1.4.1.62558.2.1,emailProtection" >ext &&
        for name in leaf second fresh; do
            openssl ecparam -name prime256v1 -genkey -noout -out $name.key &&
                openssl req -new -key $name.key -subj "/O=test/CN=$name" -out $name.csr &&
                openssl x509 -req -in $name.csr -CA ca.pem -CAkey ca.key -days "$([ $name = fresh ] && echo 900 || echo 90)" -extfile ext \
                    -set_serial "0x$(openssl rand -hex 15)" -out $name.pem || return 1
        done
} 2>/dev/null
ok "keys" keys
clip=$STILLHERE_SHARED/vectors/c2pa/c2pa-ts/test-video.mp4
if [ ! -f "$clip" ]; then
    skip "time stamps in files" "no clips here"
    finish
fi
cp "$clip" in.mp4
mkdir server
/usr/bin/python3 "$STILLHERE_SOURCE/tests/vectors/tsa.py" serve server >port 2>server.log &
server=$!
trap 'kill "$server" 2>/dev/null; chmod -R u+rwX "$scratch" 2>/dev/null; rm -rf "$scratch"' EXIT
for _ in $(seq 200); do
    [ -s port ] && break
    sleep 0.1
done
port=$(cat port)
stamped() { # PATH OUT
    still sign in.mp4 "$2" --cert leaf.pem --key leaf.key --allow-host 127.0.0.1 \
        --tsa "http://127.0.0.1:$port$1"
}

# ---- a stamp that holds ----
runs "a time stamp" stamped /tsa out.mp4
ok "it is in the file" tsa token out.mp4 .
ok "openssl ts: of this signature, by this authority" openssl ts -verify -token_in -in token.der \
    -data message.bin -CAfile server/ca.pem
out=$(still verify out.mp4 --anchors ca.pem --tsa-anchors server/ca.pem --json 2>/dev/null)
has "verify: trusted" "$out" 'timeStamp\.trusted'
lacks "verify: nothing against it" "$out" 'timeStamp\.(mismatch|malformed|untrusted)'
out=$(still verify out.mp4 --anchors ca.pem --json 2>/dev/null)
has "verify, nobody trusted for the time: so it says" "$out" 'timeStamp\.untrusted'
# ---- a stamp on an update of a signed file ----
runs "an update" still sign out.mp4 update.mp4 --update --cert leaf.pem --key leaf.key \
    --allow-host "127.0.0.1:$port" --tsa "http://127.0.0.1:$port/tsa"
ok "its token is of its own signature" tsa token update.mp4 .
ok "openssl ts holds it for good" openssl ts -verify -token_in -in token.der -data message.bin \
    -CAfile server/ca.pem
out=$(still verify update.mp4 --anchors ca.pem --tsa-anchors server/ca.pem --json 2>/dev/null)
has "verify: trusted, too" "$out" 'timeStamp\.trusted'
lacks "verify: nothing against it, either" "$out" 'timeStamp\.(mismatch|malformed|untrusted)'
# ---- and what an update brings an old file: the time of an outsider (C2PA 18.17) ----
runs "a file of then, without a stamp" still sign in.mp4 then.mp4 --cert leaf.pem --key leaf.key
update() { # IN OUT [OPTION...]
    local in=$1 out=$2
    shift 2
    still sign "$in" "$out" --update --cert second.pem --key second.key "$@"
}
server_tsa=(--allow-host 127.0.0.1 --tsa "http://127.0.0.1:$port/tsa")
runs "an update of it with a stamp" update then.mp4 now.mp4 "${server_tsa[@]}"
same "one earlier manifest is stamped" "$(tsa earlier now.mp4 .)" 1
earlier_holds() { # NUMBER
    openssl ts -verify -token_in -in "token$1.der" -data "message$1.bin" -CAfile server/ca.pem
}
ok "openssl ts: its signature, by this authority" earlier_holds 0
ok "and the update has a stamp of its own" tsa token now.mp4 .
runs "an update without" update then.mp4 bare.mp4
fails 1 "brings none" tsa earlier bare.mp4 .
runs "and one of that with a stamp" update bare.mp4 both.mp4 "${server_tsa[@]}"
same "stamps it and the one below" "$(tsa earlier both.mp4 .)" 2
ok "openssl ts: of the one" earlier_holds 0
ok "of the other" earlier_holds 1
anchors=(--anchors ca.pem --tsa-anchors server/ca.pem)
runs "verify" still verify now.mp4 "${anchors[@]}"
has "says when the earlier one was there" "$out" \
    "earlier file was signed not later than .* time stamp by “test time stamps”"
has "and who signed it" "$out" 'earlier file was signed by “leaf”'
runs "verify, without the authority" still verify now.mp4 --anchors ca.pem
lacks "takes no time from it" "$out" 'earlier file was signed not later'
# Both leaves of 90 days have run out; the authority for time has not.
export STILLHERE_NOW=$(($(date +%s) + 98 * 86400))
fails 3 "later: the file alone has run out" still verify then.mp4 "${anchors[@]}"
fails 3 "so has an update without a stamp" still verify bare.mp4 "${anchors[@]}"
for file in now both; do
    runs "$file: the stamps hold it" still verify "$file.mp4" "${anchors[@]}"
    has "$file: at the time they say" "$out" 'earlier file was signed not later than'
    has "$file: by whom is known still" "$out" 'earlier file was signed by “.*”; an authority'
done
fails 1 "too late for an update" still sign then.mp4 late.mp4 --update --cert fresh.pem --key fresh.key \
    "${server_tsa[@]}"
has "is said" "$err" 'certificate'
unset STILLHERE_NOW
fails 1 "no stamp, no update" update then.mp4 no.mp4 --allow-host 127.0.0.1 \
    --tsa "http://127.0.0.1:$port/rejects"
fails 1 "an update of nothing" update in.mp4 no.mp4 "${server_tsa[@]}"
has "is said" "$err" 'no credentials to update'
ok "nothing was written" test ! -e no.mp4 -a ! -e late.mp4
runs "without" still sign in.mp4 plain.mp4 --cert leaf.pem --key leaf.key
fails 1 "no token where none was asked for" tsa token plain.mp4 .

# ---- answers that are none ----
bad() { # PATH WORDS
    fails 1 "$1: refused" stamped "/$1" "$1.mp4"
    has "$1: says why" "$err" "$2"
    ok "$1: nothing was written" test ! -e "$1.mp4"
}
bad rejects "not today"
bad other "something else"
bad page "time stamp|DER"
bad fails "503"
bad big "larger|more than|too (large|much)|bytes"
bad damaged "does not hold"
ok "again: the first time it is an answer" stamped /again first.mp4
bad again "something else|another question"
same "no half of a file is left" "$(find . -name '.stillhere-sign-*' | wc -l)" 0
kill "$server"
wait "$server" 2>/dev/null
bad gone "connect|reach|127"

# ---- the command line ----
wrong() { still sign in.mp4 w.mp4 --cert leaf.pem --key leaf.key "$@"; }
fails 2 "no address" wrong --tsa nonsense
fails 2 "another scheme" wrong --tsa smtp://127.0.0.1
fails 2 "--allow-host alone" wrong --allow-host 127.0.0.1
fails 1 "an address that is not public" wrong --tsa "http://127.0.0.1:$port/tsa"
has "is named as such" "$err" "public|loopback"
ok "nothing was written" test ! -e w.mp4
finish
