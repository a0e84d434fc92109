#!/bin/bash
# correct N: what was wrong is put right; the first version stays on record.
. "${STILLHERE_SOURCE:?}/tests/lib.sh" || exit 1
channel home
home=$scratch/home
public=$home/public
still -C "$home" -q checkin --hurt --place Odesa "first words" >/dev/null
page() { cat "$public/w/$1/index.en.html"; }
runs "correct" still -C "$home" --json correct 1 --place Lviv
same "its own entry" "$(json "['index']")" 2
same "its own page" "$(json "['page']")" w/002/index.html
has "shows the new place" "$(page 002)" Lviv
has "and what was not changed" "$(page 002)" 'first words'
has "and where the version before is" "$(page 002)" 'href="../../w/001/index.en.html">The version before it \(entry 1\)'
has "the first says that it was corrected" "$(page 001)" 'This was corrected on .* UTC\.'
has "and where to read it" "$(page 001)" 'href="../../w/002/index.en.html">Read the correction \(entry 2\)'
has "and stays readable" "$(page 001)" 'Odesa'
has "the timeline shows the new one" "$(cat "$public/index.en.html")" 'Lviv'
has "and says so" "$(cat "$public/index.en.html")" 'Corrected on .*; this is the newest version\.'
has "so does the family's page" "$(cat "$public/now/index.en.html")" 'This word corrects an earlier one\. <a href="../w/002/'
has "and the feed, with its time" "$(cat "$public/feed.json")" 'date_modified'
ok "the first document is still public" bash -c "grep -lq Odesa '$public'/d/*/*.json"
runs "show" still -C "$home" --json show 1
same "by which entry" "$(json "['corrected_by']")" 2
runs "again" still -C "$home" correct 1 --well "second words"
has "newest words" "$(page 003)" 'second words'
has "the place of the correction before stays" "$(page 003)" Lviv
has "it leads to its neighbour" "$(page 003)" 'href="../../w/002/'
has "and the neighbour to it" "$(page 002)" 'href="../../w/003/index.en.html">Read the correction'
has "the first leads to its neighbour" "$(page 001)" 'href="../../w/002/'
has "and to the newest" "$(page 001)" 'href="../../w/003/index.en.html">The newest version \(entry 3\)'
lacks "the timeline shows one of them" "$(cat "$public/index.en.html")" 'first words'
runs "the tree holds" still verify "$home"
runs "rebuild" still -C "$home" rebuild
has "shows the same" "$(page 003)" 'second words'
fails 1 "the identity" still -C "$home" correct 0 no
fails 1 "a correction" still -C "$home" correct 2 no
fails 1 "beyond the log" still -C "$home" correct 99 no
fails 2 "nothing to change" still -C "$home" correct 1
fails 2 "no number" still -C "$home" correct
fails 2 "two statuses" still -C "$home" correct 1 --well --hurt
runs "withdraw" still -C "$home" withdraw 1
ok "takes the corrections with it" bash -c "! grep -rqE 'first words|second words|Lviv|Odesa' '$public'"
has "each version says so" "$(page 002)" 'Entry 2, withdrawn by entry 4'
fails 1 "then there is nothing to correct" still -C "$home" correct 1 no
runs "the tree holds" still verify "$home"
finish
