#!/bin/bash
# correct N: what was wrong is put right; the first version stays on record.
. "${STILLHERE_SOURCE:?}/tests/lib.sh" || exit 1
channel home
home=$scratch/home
public=$home/public
still -C "$home" -q checkin --hurt --place Odesa "first words" >/dev/null
runs "correct" still -C "$home" --json correct 1 --place Lviv
same "its own entry" "$(json "['index']")" 2
same "the page of what it corrects" "$(json "['page']")" w/001/index.html
ok "the page shows the new place" grep -q Lviv "$public/w/001/index.html"
ok "and what was not changed" grep -q 'first words' "$public/w/001/index.html"
ok "the first document is still public" bash -c "grep -lq Odesa '$public'/d/*/*.json"
runs "show" still -C "$home" --json show 1
same "by which entry" "$(json "['corrected_by']")" 2
runs "again" still -C "$home" correct 1 --well "second words"
ok "newest words" grep -q 'second words' "$public/w/001/index.html"
ok "the place of the correction before stays" grep -q Lviv "$public/w/001/index.html"
runs "the tree holds" still verify "$home"
runs "rebuild" still -C "$home" rebuild
ok "shows the same" grep -q 'second words' "$public/w/001/index.html"
fails 1 "the identity" still -C "$home" correct 0 no
fails 1 "a correction" still -C "$home" correct 2 no
fails 1 "beyond the log" still -C "$home" correct 99 no
fails 2 "nothing to change" still -C "$home" correct 1
fails 2 "no number" still -C "$home" correct
fails 2 "two statuses" still -C "$home" correct 1 --well --hurt
runs "withdraw" still -C "$home" withdraw 1
ok "takes the corrections with it" bash -c "! grep -rqE 'first words|second words|Lviv|Odesa' '$public'"
fails 1 "then there is nothing to correct" still -C "$home" correct 1 no
runs "the tree holds" still verify "$home"
finish
