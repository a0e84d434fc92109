#!/bin/bash
# status: the channel in one screen, in four languages and JSON.
. "${STILLHERE_SOURCE:?}/tests/lib.sh" || exit 1
channel home "Test & channel"
home=$scratch/home
runs "a new channel" still -C "$home" status
has "says its name" "$out" 'Test & channel'
has "and that there is no word" "$out" 'No word yet'
still -C "$home" -q checkin --hurt >/dev/null
runs "after a word" still -C "$home" status
has "the word" "$out" 'Hurt\.'
runs "Ukrainian" still --lang uk -C "$home" status
has "in Ukrainian" "$out" 'Канал: Test'
runs "Chinese by locale" env LC_ALL=zh_CN.UTF-8 "$STILLHERE" -C "$home" status
has "in Chinese" "$out" '频道'
runs "JSON" still -C "$home" status --json
same "size" "$(json "['checkpoint']['size']")" 2
same "newest" "$(json "['newest']['status']")" hurt
same "id has 52 characters" "$(json "['channel']" | tr -d '\n' | wc -c)" 52
fails 2 "no words" still -C "$home" status now
fails 1 "no channel" still -C "$scratch" status
fails 1 "a directory that is not there" still -C "$scratch/none" status
fails 1 "standard output is full" bash -c '"$0" -C "$1" status >/dev/full' "$STILLHERE" "$home"
finish
