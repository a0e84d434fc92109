#!/bin/bash
# doctor: what it finds good, and each thing that it must find wanting.
. "${STILLHERE_SOURCE:?}/tests/lib.sh" || exit 1
channel home
home=$scratch/home
runs "a good channel" still -C "$home" doctor
lacks "nothing wanting" "$out" '^wanting'
has "stillhere-fetch is there" "$out" 'stillhere-fetch is there'
runs "JSON" still -C "$home" doctor --json
same "no check is wanting" "$(json "['checks']" | grep -c "'wanting'")" 0
chmod 0755 "$home/private"
fails 3 "private/ open to others" still -C "$home" doctor
has "says what to run" "$out" 'chmod -R go-rwx'
chmod 0700 "$home/private"
user() { setpriv --reuid=65534 --regid=65534 --clear-groups "$STILLHERE" "$@"; }
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null && user --version >/dev/null 2>&1; then
    chmod 755 "$scratch"
    cp -a "$home" "$scratch/locked"
    chown -R 65534:65534 "$scratch/locked"
    runs "an owner who can write" user -C "$scratch/locked" doctor
    chmod 0500 "$scratch/locked/private"
    fails 3 "private/ that cannot be written" user -C "$scratch/locked" doctor
    has "says so" "$out" 'locked/private cannot be written'
else
    skip "private/ that cannot be written" "needs root, setpriv and a program that others can read"
fi
sheet=$home/recovery-sheet-$(still -C "$home" --json status | /usr/bin/python3 -c 'import json,sys; print(json.load(sys.stdin)["short_id"])').txt
touch "$sheet"
fails 3 "a recovery sheet beside the channel" still -C "$home" doctor
rm "$sheet"
cp "$scratch/home.sheet" "$home/public/now/../paper.txt"
fails 3 "a recovery sheet by another name where everybody reads" still -C "$home" doctor
has "says where it lies" "$out" 'wanting: .*home/public/paper\.txt'
rm "$home/public/paper.txt"
cp "$scratch/home.sheet" "$home/notes"
fails 3 "and one beside the channel" still -C "$home" doctor
rm "$home/notes"
mkdir "$home/public/.git"
runs "what is no part of the channel in public/" still -C "$home" doctor
has "is named" "$out" 'note: .*public/\.git'
rmdir "$home/public/.git"
lacks "what is a part of it is not" "$(still -C "$home" doctor)" 'public/[a-z.]'
STILLHERE_NOW=4102444800 still -C "$home" -q checkin >/dev/null
fails 3 "a word from the future" still -C "$home" doctor
has "shows its date" "$out" '2100'
runs "the next word has the clock's time again" still -C "$home" checkin
runs "and nothing is wanting" still -C "$home" doctor
runs "verify shows that the clock disagreed" still verify "$home" --json
has "as a note" "$out" 'clock-disagrees'
still -C "$home" -q settings zone Europe/Kyiv >/dev/null
runs "a zone that this machine knows" still -C "$home" doctor
echo "family-zone Mars/Base" >>"$home/private/settings"
fails 3 "one that it does not" still -C "$home" doctor
has "says which" "$out" 'Mars/Base'
echo "nonsense" >"$home/private/settings"
fails 3 "settings that cannot be read" still -C "$home" doctor
has "says where" "$out" 'private/settings: line 1'
rm "$home/private/settings"
runs_in_russian() { still --lang ru -C "$home" doctor | grep -q 'в порядке'; }
ok "in Russian" runs_in_russian
fails 1 "no channel" still -C "$scratch" doctor
finish
