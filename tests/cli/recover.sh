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
fails 1 "no channel" still -C "$scratch" recover --i-know
finish
