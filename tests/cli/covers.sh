#!/bin/bash
# Covers: what waits for a slot is taken back, passed by when damaged, and never stuck or lost.
. "${STILLHERE_SOURCE:?}/tests/lib.sh" || exit 1
export STILLHERE_NOW=1900200000
channel home
home=$scratch/home
public=$home/public
size() { sed -n 2p "$public/checkpoint"; }
waits() { find "$home/private/waiting" -mindepth 1 -maxdepth 1 | wc -l; }
nowhere() { ! grep -rqa "$1" "$home"; }
post() { still -C "$home" --json checkin --publish "$1" "$2"; }
runs "covers" still -C "$home" settings covers every 1h

# Taken back before it was logged: nothing of it is left.
runs "one waits" post 6h "never said"
id=$(json "['id']")
runs "status names it" still -C "$home" --json status
same "by its id" "$(json "['waiting_ids']")" "['$id']"
runs "status says it" still -C "$home" status
has "by its id" "$out" "$id"
for bad in ../keys .. . "" nobody "$id/document" "$id$id"; do
    fails 1 "no such id: $bad" still -C "$home" publish --cancel "$bad"
done
ok "the keys are there" test -e "$home/private/keys/log.key"
same "it still waits" "$(waits)" 1
fails 2 "not with a number" still -C "$home" publish 1 --cancel "$id"
fails 2 "nor with --due" still -C "$home" publish --due --cancel "$id"
runs "taken back" still -C "$home" --json publish --cancel "$id"
same "says which" "$(json "['cancelled']")" "$id"
same "none waits" "$(waits)" 0
ok "no byte of it is left" nowhere 'never said'
fails 1 "once only" still -C "$home" publish --cancel "$id"
export STILLHERE_NOW=1900202400
still -C "$home" -q publish --due >/dev/null
same "its slot has a cover" "$(size)" 2
runs "nothing sealed waits" still -C "$home" --json status
same "none" "$(json "['sealed']")" 0

# They cannot be switched off under what waits.
export STILLHERE_NOW=1900203000
runs "two wait" post when-i-say "first of two"
first=$(json "['id']")
runs "the second" post when-i-say "second of two"
second=$(json "['id']")
same "in their order" "$(printf '%s\n%s\n' "$first" "$second" | LC_ALL=C sort | head -1)" "$first"
fails 1 "covers stay on" still -C "$home" settings covers off
has "says how many" "$err" "2 wait"
has "and what to do" "$err" "publish --cancel"
fails 1 "by --unset too" still -C "$home" settings --unset covers
runs "the setting stands" still -C "$home" --json settings covers
same "one hour" "$(json "['covers_s']")" 3600
runs "another length is fine" still -C "$home" settings covers every 30m
still -C "$home" settings covers every 1h >/dev/null

# Settings that are lost, as by hand: doctor says so, and nothing else is lost.
mv "$home/private/settings" "$scratch/settings"
fails 3 "doctor" still -C "$home" doctor
has "says that nothing will log them" "$out" "covers are off"
mv "$scratch/settings" "$home/private/settings"

# A damaged one is named and passed by.
cp -a "$home/private/waiting/$first" "$scratch/kept"
printf 'x' >"$home/private/waiting/$first/files"
export STILLHERE_NOW=1900206000
fails 1 "the damaged one is named" still -C "$home" publish --due
has "by its id" "$err" "$first"
has "and how to take it away" "$err" "publish --cancel"
same "the next took the slot" "$(size)" 3
same "the damaged one stays" "$(ls "$home/private/waiting")" "$first"
runs "which one it was" still -C "$home" show 2
has "the second" "$out" "second of two"
fails 3 "doctor names it" still -C "$home" --json doctor
has "by its id" "$out" "$first"
export STILLHERE_NOW=1900209600
fails 1 "alone" still -C "$home" publish --due
same "it gets a cover" "$(size)" 4
for part in document files; do
    rm "$home/private/waiting/$first/$part"
    export STILLHERE_NOW=$((STILLHERE_NOW + 3600))
    fails 1 "without its $part" still -C "$home" publish --due
    has "it is named" "$err" "$first"
    rm -r "${home:?}/private/waiting/$first"
    cp -a "$scratch/kept" "$home/private/waiting/$first"
done
same "a cover each time" "$(size)" 6
export STILLHERE_NOW=$((STILLHERE_NOW + 3600))
runs "mended, it takes its slot" still -C "$home" publish --due
runs "it is there" still -C "$home" show 6
has "its words" "$out" "first of two"
runs "doctor finds nothing of it" still -C "$home" doctor
lacks "no word of waiting" "$out" "waiting"
runs "covers go off when none waits" still -C "$home" settings covers off
runs "the tree holds" still verify "$home"

# A batch with covers on: what is sealed waits, the rest is logged, all or nothing.
still -C "$home" settings covers every 1h >/dev/null
printf '%s\n' '{"words":"open one"}' '{"words":"sealed one","publish":"6h"}' \
    '{"words":"sealed two","publish":"when-i-say"}' >"$scratch/batch"
before=$(size)
runs "batch" still -C "$home" --json post --batch "$scratch/batch"
same "one logged" "$(json "['count']")" 1
same "two wait" "$(json "['waiting'].__len__()")" 2
ids=$(json "['waiting']" | tr -d "[]',")
same "one entry" "$(size)" $((before + 1))
same "by the same ids" "$(ls "$home/private/waiting" | tr '\n' ' ')" "$ids "
for words in "sealed one" "sealed two"; do
    export STILLHERE_NOW=$((STILLHERE_NOW + 3600))
    still -C "$home" -q publish --due >/dev/null
    runs "at its slot" still -C "$home" show $(($(size) - 1))
    has "in the order of the lines" "$out" "$words"
done
printf '%s\n' '{"words":"sealed three","publish":"6h"}' '{"words":"x","bogus":"y"}' >"$scratch/batch"
fails 1 "a bad line" still -C "$home" post --batch "$scratch/batch"
same "leaves none waiting" "$(waits)" 0
printf '%s\n' '{"words":"sealed four","publish":"6h"}' >"$scratch/batch"
runs "nothing but sealed ones" still -C "$home" post --batch "$scratch/batch"
has "says that one waits" "$out" "slots: 1"
same "one waits" "$(waits)" 1

# A rebuild remembers the slot that was taken.
export STILLHERE_NOW=$((STILLHERE_NOW + 3600))
still -C "$home" -q publish --due >/dev/null
before=$(size)
runs "rebuild" still -C "$home" rebuild
still -C "$home" -q publish --due >/dev/null
same "no slot is taken twice" "$(size)" "$before"
export STILLHERE_NOW=$((STILLHERE_NOW + 3600))
still -C "$home" -q publish --due >/dev/null
same "the next one is" "$(size)" $((before + 1))
runs "the tree holds" still verify "$home"

# A clock that was set years ahead, and back again, does not stop the covers.
STILLHERE_NOW=$((STILLHERE_NOW + 3600 * 24 * 3650)) still -C "$home" -q publish --due >/dev/null
before=$(size)
export STILLHERE_NOW=$((STILLHERE_NOW + 3600))
still -C "$home" -q publish --due >/dev/null
same "the next slot is taken" "$(size)" $((before + 1))
finish
