#!/bin/bash
# A home that was copied: the copy says so; two that both write are two branches for readers.
. "${STILLHERE_SOURCE:?}/tests/lib.sh" || exit 1
channel home
home=$scratch/home
still -C "$home" -q checkin "one" >/dev/null
ok "the place is noted" test -f "$home/private/place"
lacks "without naming the machine" "$(cat "$home/private/place")" "$(cat /etc/machine-id 2>/dev/null || echo none-here)"
lacks "at home nothing is said" "$(still -C "$home" status 2>&1; still -C "$home" doctor; still -C "$home" checkin "two" 2>&1)" 'was copied here'
mv "$home" "$scratch/renamed"
lacks "nor after another name" "$(still -C "$scratch/renamed" status)" 'was copied here'
mv "$scratch/renamed" "$home"

cp -a "$home" "$scratch/clone"
runs "status of a copy" still -C "$scratch/clone" status
has "says so" "$out" 'was copied here, or moved'
runs "in JSON" still -C "$scratch/clone" status --json
same "too" "$(json "['copied']")" True
runs "doctor" still -C "$scratch/clone" doctor
has "says so" "$out" 'note: This home was copied here'
for lang in zh-Hans uk ru; do
    lacks "in $lang" "$(still --lang $lang -C "$scratch/clone" status)" 'was copied here'
done
runs "a word is posted" still -C "$scratch/clone" checkin "from the clone"
has "and said each time" "$err" 'two branches'
still -C "$scratch/clone" -q checkin "quietly" >/dev/null 2>"$scratch/quiet"
same "but with -q" "$(cat "$scratch/quiet")" ""
lacks "at home nobody can know" "$(still -C "$home" status 2>&1)" 'was copied here'
runs "home goes on" still -C "$home" checkin "from home"
fails 3 "a reader who sees both" still verify "$home" "$scratch/clone"
has "sees two branches" "$out" 'are two histories of one channel'
has "and that nobody decides" "$out" 'No identity note decides'
# One public folder for both: nothing is signed.
cp -a "$home" "$scratch/shared"
rm -r "$scratch/shared/public" && cp -a "$scratch/clone/public" "$scratch/shared/public"
fails 1 "a public folder of the other one" still -C "$scratch/shared" checkin
has "is seen" "$err" 'two histories|two copies|shows [0-9]+ entries'
runs "who moved it says so" still -C "$scratch/clone" recover --i-know --because "moved"
lacks "and it is calm" "$(still -C "$scratch/clone" status; still -C "$scratch/clone" checkin 2>&1)" 'was copied here'
fails 1 "once is enough" still -C "$scratch/clone" recover --i-know
runs "it holds" still verify "$scratch/clone"

# ---- a torn note of the place, or one of nobody: noted anew ----
for text in '' 'nonsense' 'stillhere-place/1' "$(printf 'stillhere-place/1\nmachine x\nfolder 01\n')"; do
    printf '%s' "$text" >"$home/private/place"
    runs "a place that says nothing" still -C "$home" checkin
    lacks "is no copy" "$err$(still -C "$home" status)" 'was copied here'
done
rm "$home/private/place"
still -C "$home" -q checkin >/dev/null
ok "and is there again" grep -q '^stillhere-place/1' "$home/private/place"
printf 'stillhere-place/1\nmachine \nfolder %s\n' "$(stat -c %i "$home/private")" >"$home/private/place"
lacks "a system that does not tell its name" "$(still -C "$home" status 2>&1)" 'was copied here|error'
# ---- a restored backup has its own mark, and after it its own place ----
still -C "$home" -q backup "$scratch/b.age" >/dev/null
still -C "$scratch/back" -q restore "$scratch/b.age" --sheet "$home.sheet" >/dev/null
has "a restored one asks first" "$(still -C "$scratch/back" status)" 'restored from a backup'
still -C "$scratch/back" -q recover --i-know >/dev/null
lacks "and is no copy then" "$(still -C "$scratch/back" status; still -C "$scratch/back" checkin 2>&1)" 'was copied here'
finish
