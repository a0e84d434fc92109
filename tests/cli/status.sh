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
lacks "no watch, no word about one" "$out" '"looked_at"'
same "and it does not run" "$(json "['watch']['running']")" False
STILLHERE_NOW=1790000000 still -C "$home" watch "$home" --once >/dev/null 2>&1
runs "after a look of the watch" still -C "$home" status
has "says when it looked and what it heard" "$out" \
    'Watch: it does not run\. Last look: .* 2026, .* Copies heard then: 1 of 1'
for lang in zh-Hans uk ru; do
    runs "the watch in $lang" still --lang $lang -C "$home" status
    has "has the figures" "$out" '1 (з|из|/) 1'
done
runs "the watch in JSON" still -C "$home" status --json
same "when it looked" "$(json "['watch']['looked_at']")" 1790000000
same "what it heard" "$(json "['watch']['heard']")" 1
STILLHERE_NOW=1790000500 still -C "$home" watch "$home" --once --state "$scratch/elsewhere" >/dev/null 2>&1
runs "a watch with its state elsewhere" still -C "$home" status --json --state "$scratch/elsewhere"
same "when it looked" "$(json "['watch']['looked_at']")" 1790000500
runs "in words" still -C "$home" status --state "$scratch/elsewhere"
has "what it heard" "$out" 'Copies heard then: 1 of 1'
runs "the one beside the channel" still -C "$home" status --json
same "is another" "$(json "['watch']['looked_at']")" 1790000000
fails 1 "a state that is not there" still -C "$home" status --state "$scratch/nowhere"
watching() {
    sqlite3 "$home/private/watch/watch.db" "$1"
}
if command -v sqlite3 >/dev/null; then
    watching "UPDATE about SET red=1, error='mail: no answer', error_at=1790000100;
        INSERT INTO queue(message, contact, channel, number, what, subject, body, created, next_try)
        VALUES('<a@stillhere>', 'olena', 'c', 1, 0, 's', 'b', 1, 1);"
    fails 3 "nobody can be reached" still -C "$home" status
    has "says so" "$out" 'No contact can be reached'
    has "the queue" "$out" 'waiting to be sent: 1'
    has "the last error" "$out" 'Last trouble of the watch, .* 2026, .*: mail: no answer'
    fails 3 "the same in JSON" still -C "$home" status --json
    same "reachable" "$(json "['watch']['reachable']")" False
    same "queued" "$(json "['watch']['queued']")" 1
    same "error" "$(json "['watch']['error']['text']")" "mail: no answer"
    watching "UPDATE about SET red=0"
else
    skip "a watch in trouble" "sqlite3 is not installed"
fi
# Itself, not the function of lib.sh: a shell around it would be killed in its place.
"$STILLHERE" -C "$home" -q watch "$home" --every 1s >/dev/null 2>&1 &
pid=$!
for _ in $(seq 100); do
    out=$(still -C "$home" status --json)
    [ "$(json "['watch']['running']")" = True ] && break
    sleep 0.1
done
same "a running watch is seen" "$(json "['watch']['running']")" True
kill "$pid"
wait "$pid" 2>/dev/null
cp -a "$home" "$scratch/cut"
still -C "$scratch/cut" -q checkin --moving >/dev/null
(cd "$scratch/cut/public" && find d -type f) | while read -r file; do
    [ -e "$home/public/$file" ] || rm "$scratch/cut/public/$file"
done
runs "the newest document is not there" still -C "$scratch/cut" status
has "the word before it stands" "$out" 'Newest word: Hurt'
fails 2 "no words" still -C "$home" status now
fails 1 "no channel" still -C "$scratch" status
fails 1 "a directory that is not there" still -C "$scratch/none" status
fails 1 "standard output is full" bash -c '"$0" -C "$1" status >/dev/full' "$STILLHERE" "$home"
finish
