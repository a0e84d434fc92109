#!/bin/bash
# key: public keys, rotation, revocation, sheets, the rehearsal, and a channel recovered from paper.
. "${STILLHERE_SOURCE:?}/tests/lib.sh" || exit 1
channel home
home=$scratch/home
sheet=$home.sheet
id=$(still -C "$home" --json status | /usr/bin/python3 -c 'import json,sys; print(json.load(sys.stdin)["channel"])')
open_key() { still -C "${2:-$home}" key show --json | /usr/bin/python3 -c "
import json,sys; print([k['id'] for k in json.load(sys.stdin)['keys'] if k['role']=='$1' and 'until' not in k][0])"; }
signatures() { grep -c '^— ' "$1/public/checkpoint"; }

runs "vkey" still -C "$home" key show --vkey
has "is one verifier key line of the origin" "$out" "^stillhere/1/$id\\+[0-9a-f]{8}\\+[A-Za-z0-9+/]+=*\$"
runs "keys" still -C "$home" key show
for role in identity log archive c2pa-ca; do has "lists $role" "$out" "^$role "; done
has "says how many sheets" "$out" 'Sheets that can change keys: 1; needed together: 1'
runs "JSON" still -C "$home" key show --json
same "four keys" "$(json "['keys'].__len__()")" 4
runs "ca" still -C "$home" key ca
has "prints a certificate" "$out" 'BEGIN CERTIFICATE'
pem=$out
runs "ca as JSON" still -C "$home" key ca --json
same "holds the same" "$(json "['pem']")" "$pem"
fails 2 "no verb" still -C "$home" key
fails 2 "a verb that is not there" still -C "$home" key turn
fails 2 "rotate needs what" still -C "$home" key rotate
ok "no secret is printed" bash -c "! '$STILLHERE' -C '$home' key show | grep -qf <(cut -c1-20 '$home'/private/keys/*)"

# ---- a dry run changes nothing ----
still -C "$home" -q checkin "one" >/dev/null
still -C "$home" -q checkin "two" >/dev/null
before=$(tree_hash "$home/public")$(ls "$home/private/keys")
for verb in "rotate log" "rotate c2pa" "rotate archive" "sheet --two-of-three" \
    "revoke $(open_key log) --since 2"; do
    # shellcheck disable=SC2086
    runs "dry run: $verb" still -C "$home" key $verb --dry-run
    has "says so" "$out" 'Nothing is changed'
done
same "nothing was changed" "$(tree_hash "$home/public")$(ls "$home/private/keys")" "$before"
fails 1 "without a sheet nothing is changed" still -C "$home" key rotate log </dev/null
channel other
fails 1 "nor with a sheet of another channel" still -C "$home" key rotate log --sheet "$scratch/other.sheet"
has "which it names" "$err" 'it is of channel'
same "still nothing" "$(tree_hash "$home/public")$(ls "$home/private/keys")" "$before"

# ---- rotation ----
old=$(open_key log)
runs "rotate log" still -C "$home" key rotate log --sheet "$sheet"
ok "another log key" test "$(open_key log)" != "$old"
same "both sign" "$(signatures "$home")" 2
same "the origin stays" "$(head -1 "$home/public/checkpoint")" "stillhere/1/$id"
cmp -s "$home/public/id/1.note" "$home/public/id/current"
result $? "id/current is the newest note"
runs "the channel holds" still verify "$home"
runs "and goes on" still -C "$home" checkin "three"
same "both still sign" "$(signatures "$home")" 2
runs "rotate c2pa" still -C "$home" key rotate c2pa --sheet "$sheet"
same "after the next note one signs" "$(signatures "$home")" 1
ok "its certificate is public" test -f "$home/public/id/c2pa-ca-$(open_key c2pa-ca).pem"
runs "it holds" still verify "$home"
runs "rebuild knows the chain" still -C "$home" rebuild
runs "it holds after a rebuild" still verify "$home"
vkey=$(still -C "$scratch/other" key show --vkey)
runs "add a cosigner" still -C "$home" key add cosigner "$vkey" --sheet "$sheet"
has "it is listed" "$(still -C "$home" key show)" '^cosigner  ed25519'
fails 1 "not twice" still -C "$home" key add cosigner "$vkey" --sheet "$sheet"
fails 1 "no verifier key" still -C "$home" key add mirror "nonsense" --sheet "$sheet"
fails 2 "no such role" still -C "$home" key add friend "$vkey" --sheet "$sheet"

# ---- revocation brings files back ----
still -C "$home" -q withdraw 1 >/dev/null
ok "withdrawn" test -n "$(find "$home/private/quarantine" -type f)"
size=$(sed -n 2p "$home/public/checkpoint")
fails 2 "revoke needs since" still -C "$home" key revoke "$(open_key log)" --sheet "$sheet"
fails 1 "since an entry that is not there" still -C "$home" key revoke "$(open_key log)" --since 900 --sheet "$sheet"
fails 1 "a key that is not there" still -C "$home" key revoke 0123456789abcdef --since 1 --sheet "$sheet"
fails 1 "the only sheet is not revoked" still -C "$home" key revoke "$(open_key identity)" --since 1 --sheet "$sheet"
has "but replaced" "$err" 'key sheet'
runs "revoke the log key" still -C "$home" key revoke "$(open_key log)" --since $((size - 1)) --sheet "$sheet"
same "a new origin" "$(head -1 "$home/public/checkpoint")" "stillhere/1/$id/4"
same "one signature" "$(signatures "$home")" 1
ok "the file is back" test -z "$(find "$home/private/quarantine" -type f)"
runs "it holds" still verify "$home"
has "and says what is disputed" "$out" "Entries $((size - 1)) to $((size - 1)) are disputed"
runs "rebuild holds to it" still -C "$home" rebuild
ok "the file stays" test -z "$(find "$home/private/quarantine" -type f)"
runs "it goes on" still -C "$home" checkin "four"
has "key show tells it" "$(still -C "$home" key show)" 'the key before that was taken'

# ---- sheets ----
# Every file and folder of the home, with its time: a rehearsal leaves all of it as it was.
everything() { (cd "$1" && find . -printf '%p %y %m %s %T@ %C@\n' | LC_ALL=C sort; find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum); }
before=$(everything "$home")
runs "the rehearsal" still -C "$home" key sheet --check "$sheet"
has "says every step" "$out" 'Nothing was changed now'
runs "in JSON" still -C "$home" key sheet --check "$sheet" --json
fails 3 "with a wrong sheet" still -C "$home" key sheet --check "$scratch/other.sheet"
fails 1 "with no sheet" still -C "$home" key sheet --check /dev/null
same "nothing at all was changed" "$(everything "$home")" "$before"
runs "from a copy of the public folder alone" still -C "$home/public" key sheet --check "$sheet"
same "nor there" "$(everything "$home")" "$before"
fails 1 "where there is no channel" still -C "$scratch" key sheet --check "$sheet"
has "what is wanted" "$err" 'copy of its public folder'

# ---- sheets as people give them ----
check() { still -C "$home" key sheet --check "$@"; }
sed 's/$/\r/' "$sheet" >"$scratch/crlf"
runs "with CRLF" check "$scratch/crlf"
(printf '\357\273\277'; grep -E '^(stillhere-sheet|channel |sheet |identity |archive )' "$sheet") >"$scratch/bom"
runs "five lines after a byte order mark" check "$scratch/bom"
iconv -t UTF-16 "$scratch/bom" >"$scratch/utf16"
fails 1 "UTF-16" check "$scratch/utf16"
has "says so" "$err" 'saved as UTF-16'
tr a-z A-Z <"$scratch/crlf" >"$scratch/capitals"
runs "in capitals" check "$scratch/capitals"
tr A-Z a-z <"$sheet" >"$scratch/small"
runs "all in small letters" check "$scratch/small"
sed -E '/^(identity|archive) /s/ ([a-z2-7]{4}) ([a-z2-7]{4})/ \1-\2/g' "$sheet" >"$scratch/hyphens"
runs "with hyphens" check "$scratch/hyphens"
bad() { /usr/bin/python3 - "$sheet" "$1" "$2" <<'P' >"$scratch/bad"
import sys
role, group = sys.argv[2], int(sys.argv[3])
for line in open(sys.argv[1]):
    words = line.split()
    if words and words[0] == role and len(words) == 15:
        old = words[group]
        words[group] = ('a' if old[0] != 'a' else 'b') + old[1:]
        line = ' '.join(words) + '\n'
    sys.stdout.write(line)
P
}
for group in 1 7 14; do
    bad identity $group
    fails 1 "a slip in group $group" check "$scratch/bad"
    has "which is named" "$err" "identity secret is copied wrongly, most likely in group $group;"
done
bad archive 3
fails 1 "a slip in the other secret" check "$scratch/bad"
has "both are named" "$err" 'archive secret is copied wrongly, most likely in group 3;'
for lines in 1 2 3 4; do
    head -$lines "$scratch/bom" >"$scratch/cut"
    fails 1 "cut after line $lines" check "$scratch/cut"
    has "what is missing" "$err" 'copy all five lines'
done
head -c 190 "$scratch/bom" >"$scratch/cut"
fails 1 "cut in a secret" check "$scratch/cut"
has "where" "$err" 'ends in group|no line that begins'
fails 1 "a sheet that is not there" check "$scratch/nowhere"
has "names it" "$err" 'nowhere'
fails 1 "the same sheet twice" check "$sheet" "$sheet"
has "says so" "$err" 'was given twice'

runs "two of three" still -C "$home" key sheet --two-of-three --sheet "$sheet" --to "$scratch/s"
fails 3 "the old sheet is closed" still -C "$home" key sheet --check "$sheet"
has "says so" "$out" 'was replaced'
fails 3 "one of three is too few" still -C "$home" key sheet --check "$scratch/s-1"
fails 3 "a sheet of another channel" still -C "$home" key sheet --check "$scratch/other.sheet"
runs "two are enough" still -C "$home" key sheet --check "$scratch/s-1" "$scratch/s-3" --json
same "enough" "$(json "['enough']")" True
fails 1 "the same one twice is not two" still -C "$home" key rotate log --sheet "$scratch/s-1" --sheet "$scratch/s-1"
fails 1 "the old sheet changes nothing" still -C "$home" key rotate log --sheet "$sheet"
runs "two change keys" still -C "$home" key rotate log --sheet "$scratch/s-3" --sheet "$scratch/s-2"
still -C "$home" -q backup "$scratch/b.age" >/dev/null
runs "any one restores" still -C "$scratch/back" restore "$scratch/b.age" --sheet "$scratch/s-2"
runs "back to one" still -C "$home" key rotate archive --one --sheet "$scratch/s-1" --sheet "$scratch/s-2" --to "$scratch/one"
runs "it holds" still verify "$home"
has "each sheet says which it is" "$(cat "$scratch/s-2")" 'Sheet 2 of 3'

# ---- three sheets on a terminal, each with two groups asked back ----
cp -a "$home" "$scratch/typed"
terminal="/usr/bin/python3 $STILLHERE_SOURCE/tests/cli/terminal.py"
runs "three sheets on a terminal" $terminal right "$scratch/screen" "$scratch/stdout" "$STILLHERE" -C "$scratch/typed" key sheet --two-of-three --sheet "$scratch/one"
same "each was shown" "$(tr -d '\r' <"$scratch/screen" | grep -c '^stillhere-sheet/1')" 3
for part in 2 3; do
    tr -d '\r' <"$scratch/screen" | awk -v n=$part '/^stillhere-sheet/ {k++} k == n' | grep -E '^(stillhere-sheet|channel |sheet |identity |archive )' >"$scratch/screen-$part"
done
runs "and two of them are enough" still -C "$scratch/typed" key sheet --check "$scratch/screen-2" "$scratch/screen-3"
cp -a "$home" "$scratch/typed2"
fails 1 "wrong groups change nothing" $terminal wrong "$scratch/screen" "$scratch/stdout" "$STILLHERE" -C "$scratch/typed2" key sheet --two-of-three --sheet "$scratch/one"
runs "the old sheet still speaks" still -C "$scratch/typed2" key sheet --check "$scratch/one"
runs "a sheet that is typed" $terminal "$scratch/one" "$scratch/screen" "$scratch/stdout" "$STILLHERE" -C "$scratch/typed2" key rotate log

# ---- the machine is taken; the owner has a copy and the paper ----
cp -a "$home" "$scratch/thief"
size=$(sed -n 2p "$home/public/checkpoint")
still -C "$scratch/thief" -q checkin "all is well, believe me" >/dev/null
still -C "$scratch/thief" -q withdraw 2 >/dev/null
cp -a "$scratch/thief/public" "$scratch/seen"
cp -an "$home/public/d" "$scratch/seen/"
fails 2 "recover needs a new directory" still key recover --from "$scratch/seen" --sheet "$scratch/one"
fails 1 "not with the old sheet" still -C "$scratch/new" key recover --from "$scratch/seen" --sheet "$sheet"
ok "nothing is left of that" test ! -e "$scratch/new"
runs "what would be done" still -C "$scratch/new" key recover --from "$scratch/seen" --since "$size" --dry-run
ok "nothing was made" test ! -e "$scratch/new"
runs "recover" still -C "$scratch/new" key recover --from "$scratch/seen" --sheet "$scratch/one" --since "$size"
runs "it holds, is the same channel" still verify "$scratch/new" --channel "$id"
has "what the thief did is disputed" "$out" "Entries $size to $((size + 1)) are disputed"
has "what he hid is back" "$(still -C "$scratch/new" show 2)" 'two'
lacks "the thief's word is not the newest" "$(still -C "$scratch/new" status)" "entry $size\\)"
runs "and the owner writes" still -C "$scratch/new" checkin "it is me again"
fails 1 "HOME is taken now" still -C "$scratch/new" key recover --from "$scratch/seen" --sheet "$scratch/one"
runs "going back before him" still -C "$scratch/new2" key recover --from "$scratch/seen" --sheet "$scratch/one" --at "$size" --json
same "from there" "$(json "['successor']")" "$size"
runs "holds, too" still verify "$scratch/new2"
lacks "without a word of his" "$(cat "$scratch"/new2/public/d/*/*)" 'believe me'

# ---- a copy that was changed is none ----
sed -i '2s/.*/7/' "$scratch/seen/checkpoint"
fails 1 "a checkpoint that nobody signed" still -C "$scratch/new3" key recover --from "$scratch/seen" --sheet "$scratch/one"
ok "made nothing" test ! -e "$scratch/new3"

# ---- three sheets from the first day ----
runs "init --two-of-three" still init "$scratch/three" --name Three --two-of-three --sheet "$scratch/a" --sheet "$scratch/b" --sheet "$scratch/c"
has "two are needed" "$(still -C "$scratch/three" key show)" 'change keys: 3; needed together: 2'
runs "and do" still -C "$scratch/three" key rotate log --sheet "$scratch/a" --sheet "$scratch/c"
fails 2 "three sheets, three files" still init "$scratch/four" --name Four --two-of-three --sheet "$scratch/x"
runs "it holds" still verify "$scratch/three"
finish
