#!/bin/bash
# show N: an entry and its document.
. "${STILLHERE_SOURCE:?}/tests/lib.sh" || exit 1
channel home
home=$scratch/home
still -C "$home" -q checkin --place Odesa --lang en "Back from shopping" >/dev/null
runs "a dispatch" still -C "$home" show 1
has "its words" "$out" 'Back from shopping'
has "its place, and how coarse it is" "$out" 'Odesa \(city\)'
runs "JSON" still -C "$home" show 1 --json
same "the document's words" "$(json "['document']['words'][0]['text']")" "Back from shopping"
same "the hash is the document's" "$(json "['hash']")" \
    "$(cat "$home"/public/d/*/*.json | sha256sum | cut -d' ' -f1)"
runs "the identity" still -C "$home" show 0
fails 1 "beyond the log" still -C "$home" show 2
fails 2 "not a number" still -C "$home" show -- -1
fails 2 "leading zero" still -C "$home" show 01
still -C "$home" -q withdraw 1 >/dev/null
runs "withdrawn" still -C "$home" show 1 --json
same "state" "$(json "['state']")" withdrawn
same "by" "$(json "['withdrawn_by']")" 2
runs "the withdrawal" still -C "$home" show 2 --json
same "refers to" "$(json "['ref']")" 1
finish
