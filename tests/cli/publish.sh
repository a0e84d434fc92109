#!/bin/bash
# Sealed dispatches: nothing of them is public before they are opened, by hand or when due.
. "${STILLHERE_SOURCE:?}/tests/lib.sh" || exit 1
export STILLHERE_NOW=1800000000
channel home
home=$scratch/home
public=$home/public
nowhere() { ! grep -rq "$1" "$public"; }
runs "sealed for six hours" still -C "$home" --json checkin --publish 6h --place Secretville "sealed words"
same "its index" "$(json "['index']")" 1
same "it is sealed" "$(json "['sealed']")" True
same "until then" "$(json "['publish_at']")" 1800021600
ok "no word of it is in public/" nowhere 'sealed words'
ok "nor its place" nowhere Secretville
ok "no document is public" bash -c "! ls '$public'/d/*/* 2>/dev/null"
ok "no page" test ! -e "$public/w/001"
runs "status counts it" still -C "$home" --json status
same "one waits" "$(json "['sealed']")" 1
runs "show tells its keeper" still -C "$home" show 1
has "the words" "$out" "sealed words"
runs "the tree holds" still verify "$home"
runs "not due yet" still -C "$home" --json publish --due
same "opened: none" "$(json "['opened']")" "[]"
same "and when it is" "$(json "['next']")" 1800021600
fails 1 "it cannot be corrected before" still -C "$home" correct 1 "better words"
export STILLHERE_NOW=1800021600
runs "due to the second" still -C "$home" --json publish --due
same "it is opened" "$(json "['opened']")" "[1]"
ok "its words are public" grep -q 'sealed words' "$public/w/001/index.html"
ok "on the front page" grep -q 'sealed words' "$public/index.html"
ok "in the feeds" grep -q 'sealed words' "$public/feed.atom"
ok "and on now/" grep -q 'sealed words' "$public/now/index.html"
document=$(grep -l 'sealed words' "$public"/d/*/*.json)
same "the document says no time" "$(grep -c published "$document")" 0
same "it came with the time of its publication" "$(($(stat -c %Y "$document") >= 1800021600))" 1
ok "nothing waits any more" bash -c "! find '$home/private/sealed' -type f | grep -q ."
runs "the tree holds" still verify "$home"
fails 1 "once only" still -C "$home" publish 1
has "says by which entry" "$err" "by entry 2"
runs "again: nothing is due" still -C "$home" --json publish --due
same "opened: none" "$(json "['opened']")" "[]"
still -C "$home" -q checkin --publish when-i-say "said later" >/dev/null
export STILLHERE_NOW=1900000000
still -C "$home" -q publish --due >/dev/null
ok "when-i-say waits for ever" nowhere 'said later'
still -C "$home" -q checkin --publish 6h "taken back" >/dev/null
runs "withdrawn before it was public" still -C "$home" withdraw 4
export STILLHERE_NOW=1900100000
runs "it is not opened when its time comes" still -C "$home" --json publish --due
same "opened: none" "$(json "['opened']")" "[]"
fails 1 "nor by hand" still -C "$home" publish 4
ok "never public" nowhere 'taken back'
runs "by hand" still -C "$home" --json publish 3
same "opened" "$(json "['opened']")" 3
ok "public" grep -q 'said later' "$public/index.html"
fails 1 "a dispatch is not sealed" still -C "$home" publish 0
fails 1 "beyond the log" still -C "$home" publish 99
fails 2 "no number" still -C "$home" publish
fails 2 "both" still -C "$home" publish 1 --due
for when in 0h yesterday "2020-01-01 10:00" 500d -1h; do
    fails 2 "--publish $when" still -C "$home" checkin --publish "$when" no
done
# A clock that was set back opens nothing too early, and nothing twice.
still -C "$home" -q checkin --publish 1h "after the jump" >/dev/null
export STILLHERE_NOW=1800000000
still -C "$home" -q publish --due >/dev/null
ok "set back: it waits" nowhere 'after the jump'
export STILLHERE_NOW=1900200000
still -C "$home" -q publish --due >/dev/null
ok "then it is public" grep -rq 'after the jump' "$public/index.html"
# Covers: nothing is logged but at slots, and one entry at each.
runs "covers" still -C "$home" settings covers every 1h
size() { sed -n 2p "$public/checkpoint"; }
before=$(size)
export STILLHERE_NOW=1900202400 # a whole hour
still -C "$home" -q publish --due >/dev/null
same "a cover at the slot" "$(size)" $((before + 1))
still -C "$home" -q publish --due >/dev/null
same "one only" "$(size)" $((before + 1))
fails 1 "a cover cannot be opened" still -C "$home" publish "$before"
export STILLHERE_NOW=1900203000
runs "with covers on it waits" still -C "$home" --json checkin --publish 3h "under cover"
same "for the slot" "$(json "['slot']")" 1900206000
same "nothing is logged" "$(size)" $((before + 1))
still -C "$home" -q publish --due >/dev/null
same "nor between slots" "$(size)" $((before + 1))
export STILLHERE_NOW=1900206030
still -C "$home" -q publish --due >/dev/null
same "it takes the slot" "$(size)" $((before + 2))
ok "unseen" nowhere 'under cover'
same "and is cleared from the queue" "$(ls "$home/private/waiting")" ""
export STILLHERE_NOW=1900210000
still -C "$home" -q publish --due >/dev/null
same "a slot that was missed is not made up for" "$(size)" $((before + 2))
export STILLHERE_NOW=1900213800
runs "opened when due" still -C "$home" --json publish --due
same "the one" "$(json "['opened']")" "[$((before + 1))]"
ok "now it is seen" grep -q 'under cover' "$public/index.html"
runs "rebuild" still -C "$home" rebuild
runs "the tree holds" still verify "$home"
still -C "$home" settings covers off >/dev/null
still -C "$home" -q checkin --publish when-i-say "kept by rebuild" >/dev/null
last=$(($(size) - 1))
cp -r "$home" "$scratch/copy"
rm "$scratch/copy/private/stillhere.db"*
runs "a database that is lost" still -C "$scratch/copy" rebuild
runs "what is sealed still opens" still -C "$scratch/copy" publish "$last"
ok "with its words" grep -q 'kept by rebuild' "$scratch/copy/public/index.html"
# A batch: all or nothing, one commit.
channel batch-home
printf '%s\n' '{"status":"well","words":"one"}' '{"words":"two","publish":"6h"}' '{"status":"tired"}' >"$scratch/batch"
runs "batch" still -C "$scratch/batch-home" --json post --batch "$scratch/batch"
same "three entries" "$(json "['count']")" 3
ok "what is sealed is not public" bash -c "! grep -rq two '$scratch/batch-home/public/d'"
printf '%s\n' '{"status":"well"}' '{"bogus":"x"}' >"$scratch/batch"
fails 1 "a bad line" still -C "$scratch/batch-home" post --batch "$scratch/batch"
has "is named" "$err" "line 2"
same "and nothing is logged" "$(sed -n 2p "$scratch/batch-home/public/checkpoint")" 4
runs "the tree holds" still verify "$scratch/batch-home"
finish
