#!/bin/bash
# key recover: which copy, since when, what a newer state left behind, and which secrets stay.
. "${STILLHERE_SOURCE:?}/tests/lib.sh" || exit 1
export STILLHERE_NOW=1790000000 # 2026-09-21 14:13:20 UTC
at() { STILLHERE_NOW=$((1790000000 + $1)) "$STILLHERE" "${@:2}"; }
channel home
home=$scratch/home
sheet=$home.sheet
id=$(still -C "$home" --json status | /usr/bin/python3 -c 'import json,sys; print(json.load(sys.stdin)["channel"])')
size() { sed -n 2p "$1/checkpoint"; }

# ---- secrets go when they are not needed any more ----
keys() { (cd "$1/private/keys" && find . -type f -printf '%f\n' | sed 's/-[0-9a-f]\{16\}\./-ID./' | sort | tr '\n' ' '); }
same "born with two" "$(keys "$home")" 'c2pa-ca.key log.key '
at 10 -C "$home" -q key rotate log --sheet "$sheet" >/dev/null
same "both log keys sign" "$(keys "$home")" 'c2pa-ca.key log-ID.key log.key '
at 20 -C "$home" -q backup "$scratch/both.age" >/dev/null
at 20 -C "$home" -q key rotate c2pa --sheet "$sheet" >/dev/null
same "after the next note neither of the first is there" "$(keys "$home")" 'c2pa-ca-ID.key log-ID.key '
runs "and it goes on" at 30 -C "$home" checkin "one"
cp "$home"/private/keys/log-*.key "$home/private/keys/log.key"
cp "$home"/private/keys/c2pa-ca-*.key "$home/private/keys/c2pa-ca.key"
at 40 -C "$home" -q checkin "two" >/dev/null
same "what a power cut left is swept by the next writer" "$(keys "$home")" 'c2pa-ca-ID.key log-ID.key '
runs "a backup from between restores" at 45 -C "$scratch/between" restore "$scratch/both.age" --sheet "$sheet"
same "with the keys of its own day" "$(keys "$scratch/between")" 'c2pa-ca.key log-ID.key log.key '

# ---- what others said of a checkpoint is kept ----
root=$(sed -n 3p "$home/public/checkpoint" | base64 -d | od -An -tx1 -N4 | tr -d ' \n')
number=$(printf '%03d' "$(size "$home/public")")
mkdir -p "$home/public/cp" "$home/public/ts"
cp "$home/public/checkpoint" "$home/public/cp/$number.$root"
echo stamp >"$home/public/ts/$number.$root.some-tsa.tsr"
echo other >"$home/public/ts/$number.00000000.some-tsa.tsr"
sed 's/^— /— x/' "$home/public/checkpoint" >"$home/public/cp/001.$root"
at 50 -C "$home" -q checkin "three, at 14:14:10" >/dev/null

# ---- since when ----
mine=$(size "$home/public")
cp -a "$home/public" "$scratch/mine"
cp -a "$home" "$scratch/thief"
at 3600 -C "$scratch/thief" -q checkin "the thief, honest about his time" >/dev/null
runs "a time" at 9000 -C "$scratch/n1" key recover --from "$scratch/thief" --since 2026-09-21T14:40:00Z --dry-run
has "says which entry it chose" "$out" "the first entry at or after it is $mine"
has "the last that is yours" "$out" "counts as yours: $((mine - 1)), .*three, at 14:14:10"
has "the first that is not" "$out" "does not: $mine, .*the thief, honest"
has "and that times are claims" "$out" 'the machine.s own clock'
runs "in JSON" at 9000 -C "$scratch/n1" key recover --from "$scratch/thief" --since 2026-09-21T14:40:00Z --dry-run --json
same "the index" "$(json "['since']['index']")" "$mine"
same "what was asked" "$(json "['since']['by']")" time
same "the last" "$(json "['since']['last']['index']")" "$((mine - 1))"
same "the first" "$(json "['since']['first']['words']")" 'the thief, honest about his time'
runs "an index shows both sides, too" still -C "$scratch/n1" key recover --from "$scratch/thief" --since "$mine" --dry-run
has "the last" "$out" "counts as yours: $((mine - 1))"
fails 1 "no time to come" still -C "$scratch/n1" key recover --from "$scratch/thief" --since 2030-01-01T00:00:00Z --dry-run
has "why" "$err" 'in the future'
runs "nothing that late" at 90000 -C "$scratch/n1" key recover --from "$scratch/thief" --since 2026-09-22T10:00:00Z --dry-run
has "is said" "$out" 'no entry says that time'
# The thief sets the clock back: his words look older than the theft.
cp -a "$home" "$scratch/sly"
at -7200 -C "$scratch/sly" -q checkin "the thief, back-dated" >/dev/null
at -7100 -C "$scratch/sly" -q checkin "and again" >/dev/null
fails 1 "a clock that was set back is not believed" at 9000 -C "$scratch/n1" key recover --from "$scratch/sly" --since 2026-09-21T14:20:00Z --dry-run
has "the last honest one is named" "$err" "entry $((mine - 1)) says 2026-09-21T14:14:10Z"
has "the first that goes back, too" "$err" "from entry $mine on"
has "and what to do" "$err" '--since NUMBER'
fails 1 "nor at home" at 9000 -C "$scratch/sly" key revoke "$(still -C "$scratch/sly" key show --json | /usr/bin/python3 -c "
import json,sys; print([k['id'] for k in json.load(sys.stdin)['keys'] if k['role']=='log' and 'until' not in k][0])")" --since 2026-09-21T14:20:00Z --dry-run
has "the same words" "$err" 'a clock was set back'
runs "the number is exact" at 9000 -C "$scratch/n1" key recover --from "$scratch/sly" --since "$mine" --sheet "$sheet"
has "and disputes him" "$(still verify "$scratch/n1")" "Entries $mine to $((mine + 1)) are disputed"
ok "the cosigned checkpoint came along" cmp "$home/public/cp/$number.$root" "$scratch/n1/public/cp/$number.$root"
ok "its stamp, too" test -f "$scratch/n1/public/ts/$number.$root.some-tsa.tsr"
ok "a stamp of nothing did not" test ! -e "$scratch/n1/public/ts/$number.00000000.some-tsa.tsr"
ok "nor a checkpoint that nobody signed" test ! -e "$scratch/n1/public/cp/001.$root"
runs "the recovered one holds" still verify "$scratch/n1" --channel "$id"
# An honest clock that was wrong once and went on is no obstacle.
cp -a "$home" "$scratch/once"
at -500 -C "$scratch/once" -q checkin "clock slow once" >/dev/null
at 700 -C "$scratch/once" -q checkin "clock right again" >/dev/null
runs "a clock that was set right again is believed" at 9000 -C "$scratch/n2" key recover --from "$scratch/once" --since 2026-09-21T14:26:00Z --dry-run

# ---- what was withdrawn stays so, though an old copy still has it ----
cp -a "$home" "$scratch/took"
at 60 -C "$scratch/took" -q withdraw 3 >/dev/null
hidden=$(cd "$scratch/took/private/quarantine" && find d -type f)
cp -an "$home/public/d" "$scratch/took/public/"
ok "the copy has it" test -f "$scratch/took/public/$hidden"
runs "recover" at 9000 -C "$scratch/kept" key recover --from "$scratch/took/public" --sheet "$sheet"
ok "it is not public again" test ! -e "$scratch/kept/public/$hidden"
fails 1 "a time of day that is to come" at 9000 -C "$scratch/n2" key recover --from "$home" --since 23:00 --dry-run

# ---- several copies: the newest is taken ----
runs "three copies" at 9000 -C "$scratch/n2" key recover --from "$scratch/mine" "$home" "$scratch/mine" --dry-run --json
at 100 -C "$home" -q checkin "newer" >/dev/null
runs "an older and a newer one" at 9000 -C "$scratch/n2" key recover --from "$scratch/mine" "$home/public" --dry-run --json
same "the newer is taken" "$(json "['from']")" "$home/public"
has "without --since nothing is disputed, which is said" "$(json "['text']")" 'Nothing that the copy shows is disputed'
same "whole" "$(json "['successor']")" "$(size "$home/public")"
fails 1 "not two channels" bash -c "'$STILLHERE' -q init '$scratch/other' --name Other --sheet '$scratch/other.sheet' && exec '$STILLHERE' -C '$scratch/n2' key recover --from '$scratch/mine' '$scratch/other' --dry-run"
has "named so" "$err" 'two channels'
fails 1 "not two histories under one key" still -C "$scratch/n2" key recover --from "$home" "$scratch/thief" --dry-run
has "what to do" "$err" '--at SIZE'
fails 1 "not from a copy that is none" still -C "$scratch/n2" key recover --from "$home" "$scratch/nowhere" --dry-run

# ---- a second recovery from an old copy ----
runs "the first recovery" at 9100 -C "$scratch/first" key recover --from "$home" --sheet "$sheet" --since "$mine"
has "says which note" "$out" 'This makes identity note 3'
has "and that the next must begin with it" "$out" "copy of $scratch/first/public in another place"
runs "with the new copy beside the old one" at 9200 -C "$scratch/n2" key recover --from "$scratch/mine" "$scratch/first" --dry-run --json
same "the new one is taken" "$(json "['from']")" "$scratch/first"
same "and the note after it" "$(json "['note']")" 4
runs "the thief's branch is evidence" at 9200 -C "$scratch/n2" key recover --from "$scratch/first" "$scratch/sly" --dry-run
has "says so" "$out" "$scratch/sly shows another branch, under older keys"
cp -a "$scratch/mine" "$scratch/mixed"
cp "$scratch"/first/public/id/c2pa-ca-*.pem "$scratch/mixed/id/"
fails 1 "an old copy with a trace of the recovery" at 9300 -C "$scratch/n2" key recover --from "$scratch/mixed" --sheet "$sheet"
has "names it" "$err" 'it has id/c2pa-ca-[0-9a-f]+\.pem'
has "and the danger" "$err" 'second identity note 3'
ok "made nothing" test ! -e "$scratch/n2"
cp -a "$scratch/first/public" "$scratch/gap"
rm "$scratch/gap/id/1.note"
fails 1 "a chain with a hole" at 9300 -C "$scratch/n2" key recover --from "$scratch/gap" --sheet "$sheet"
cp -a "$scratch/mine" "$scratch/torn"
cp -r "$home/public/tile" "$scratch/torn/"
fails 1 "entries beyond its checkpoint" at 9300 -C "$scratch/n2" key recover --from "$scratch/torn" --sheet "$sheet"
has "names them" "$err" 'it has tile/entries/'
runs "who knows it may go on" at 9300 -C "$scratch/second" key recover --from "$scratch/torn" --sheet "$sheet" --i-know
fails 3 "two notes of one number" still verify "$scratch/first" "$scratch/second"
has "are seen as that" "$out" 'have different identity notes 3, and both are signed'
has "and nobody decides" "$out" 'No identity note decides'
fails 1 "nor does a recovery from both" still -C "$scratch/n2" key recover --from "$scratch/first" "$scratch/second" --dry-run
has "which says it" "$err" 'have different identity notes 3'
finish
