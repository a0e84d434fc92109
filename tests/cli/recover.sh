#!/bin/bash
# recover: a restored copy is used again only by somebody who says that he knows.
. "$STILLHERE_SOURCE/tests/lib.sh" || exit 1
channel home
still -C "$scratch/home" -q checkin "before" >/dev/null
still -C "$scratch/home" -q backup "$scratch/a.age" >/dev/null
still -C "$scratch/back" -q restore "$scratch/a.age" --sheet "$scratch/home.sheet" >/dev/null

before=$(tree_hash "$scratch/back/public")
fails 2 "not without --i-know" still -C "$scratch/back" recover
has "says what is to be known" "$err" 'newer copy'
fails 2 "no words" still -C "$scratch/back" recover --i-know now
fails 1 "a reason of two kilobytes" still -C "$scratch/back" recover --i-know --because "$(printf %02000d 0)"
fails 1 "and still nothing is signed" still -C "$scratch/back" checkin
fails 1 "nor withdrawn" still -C "$scratch/back" withdraw 1
same "the public tree is as it was" "$(tree_hash "$scratch/back/public")" "$before"
has "status says so" "$(still -C "$scratch/back" status 2>&1)" 'restore'
runs "recover" still -C "$scratch/back" recover --i-know --because "the disk broke"
ok "the page is there again" test -f "$scratch/back/public/index.html"
runs "a check-in" still -C "$scratch/back" checkin "after"
runs "the tree holds" still verify "$scratch/back"
lacks "status is calm" "$(still -C "$scratch/back" status 2>&1)" 'restore'
lacks "the reason is not published" "$(cat "$scratch/back/public/index.html")" 'the disk broke'

# ---- from a newer copy ----
still -C "$scratch/home" -q checkin "between" >/dev/null
still -C "$scratch/home" -q backup "$scratch/b.age" >/dev/null
still -C "$scratch/home" -q checkin "newer" >/dev/null
still -C "$scratch/home" -q withdraw 1 >/dev/null
still -C "$scratch/late" -q restore "$scratch/b.age" --sheet "$scratch/home.sheet" >/dev/null
channel other
fails 1 "not from another channel" still -C "$scratch/late" recover --from "$scratch/other"
has "which it names" "$err" 'another channel'
fails 1 "not from nothing" still -C "$scratch/late" recover --from "$scratch/none"
fails 2 "one or the other" still -C "$scratch/late" recover --from "$scratch/home" --i-know
fails 1 "not from the branch of the other restored one" still -C "$scratch/late" recover --from "$scratch/back/public"
fails 1 "still nothing is signed" still -C "$scratch/late" checkin
# ---- a copy that shows nothing new shows not that nothing new exists ----
cp -a "$scratch/late/public" "$scratch/same"
cp -a "$scratch/late" "$scratch/late2"
fails 1 "not from a copy as old as the backup" still -C "$scratch/late" recover --from "$scratch/same"
has "says so" "$err" 'as old as the backup: it has [0-9]+ entries'
has "and what then" "$err" 'recover --i-know'
still -C "$scratch/older" -q restore "$scratch/a.age" --sheet "$scratch/home.sheet" >/dev/null
fails 1 "nor from an older one" still -C "$scratch/late" recover --from "$scratch/older/public"
has "says that it is older" "$err" 'older'
fails 1 "the mark stays" still -C "$scratch/late" checkin
ok "its own tree is no copy" test -f "$scratch/late/private/restored"
# A run that was cut off after the index was there: the next one still counts from the backup.
cp -a "$scratch/home" "$scratch/ahead"
runs "catch up, and put the mark back" still -C "$scratch/late2" recover --from "$scratch/home"
printf 'restored 1 size %s\n' "$(sed -n 2p "$scratch/same/checkpoint")" >"$scratch/late2/private/restored"
runs "a cut run is begun again" still -C "$scratch/late2" --json recover --from "$scratch/ahead"
same "and knows what was new" "$(json "['newer']")" 2
printf 'nonsense' >"$scratch/bad-copy"
mkdir -p "$scratch/junk/id" && cp "$scratch/bad-copy" "$scratch/junk/checkpoint"
fails 1 "not from a folder of nonsense" still -C "$scratch/late" recover --from "$scratch/junk"

runs "catch up" still -C "$scratch/late" --json recover --from "$scratch/home"
same "two newer entries" "$(json "['newer']")" 2
same "the same log" "$(sed -n 3p "$scratch/late/public/checkpoint")" "$(sed -n 3p "$scratch/home/public/checkpoint")"
same "the same documents" "$(cd "$scratch/late/public" && find d b -type f 2>/dev/null | sort)" "$(cd "$scratch/home/public" && find d b -type f 2>/dev/null | sort)"
runs "it holds" still verify "$scratch/late"
runs "and goes on" still -C "$scratch/late" checkin "caught up"
fails 1 "no second time" still -C "$scratch/late" recover --from "$scratch/home"
still -C "$scratch/old" -q restore "$scratch/a.age" --sheet "$scratch/home.sheet" >/dev/null
cp -a "$scratch/home" "$scratch/renewed"
still -C "$scratch/renewed" -q key rotate c2pa --sheet "$scratch/home.sheet" >/dev/null
fails 1 "nor is a newer key for videos" still -C "$scratch/old" recover --from "$scratch/renewed"
has "which is named" "$err" "newest c2pa-ca key is not in this backup"
still -C "$scratch/home" -q key rotate log --sheet "$scratch/home.sheet" >/dev/null
fails 1 "keys that were changed since are not in the backup" still -C "$scratch/old" recover --from "$scratch/home"
has "what then" "$err" 'key recover'
fails 1 "no channel" still -C "$scratch" recover --i-know
finish
