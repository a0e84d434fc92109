#!/bin/bash
# watch: how copies stand, its exit codes, its usage.  What is told to whom: tests/watch.
. "${STILLHERE_SOURCE:?}/tests/lib.sh" || exit 1
export STILLHERE_NOW=1790000000 XDG_STATE_HOME=$scratch/xdg
channel home
home=$scratch/home
fails 2 "no source, and no channel here" still watch --once
fails 4 "nothing there to look at" still watch "$scratch/nowhere" --once
has "what is not known is not said" "$out" 'could not be read yet'
fails 4 "no word yet" still watch "$home" --once
still -C "$home" -q checkin --next-due 24h "Back from shopping" >/dev/null
cp -a "$home/public" copy
runs "all is well" still watch "$home" --once
has "it says so" "$out" 'No alarm'
has "until when" "$out" 'promised by 22 September 2026, 14:13 UTC'
has "nobody would be told" "$out" 'Nobody would be told'
runs "two copies" still watch "$home" copy --once --json
same "well" "$(json "['state']")" well
same "both agree" "$(json "['channels'][0]['agree']")" 2
same "the word" "$(json "['channels'][0]['word']['index']")" 1
ok "state in the person's own place, for nobody else" test "$(stat -c %a "$scratch/xdg/stillhere/watch")" = 700
cp -a "$scratch/xdg/stillhere/watch" "$scratch/bad"
head -c 9000 /dev/urandom >"$scratch/bad/watch.db"
printf '#!/bin/sh\necho "$STILLHERE_KIND" >>"%s"\ncat >>"%s"\n' "$scratch/heard" "$scratch/heard" >"$scratch/tell"
chmod 755 "$scratch/tell"
printf '[olena]\nto command:%s\n[petro]\nwords yes\nlang uk\nto command:%s\n' "$scratch/tell" "$scratch/tell" >"$scratch/people"
chmod 600 "$scratch/people"
cp "$scratch/bad/watch.db" "$scratch/was"
fails 1 "a book that is damaged: who only asks" still watch --log --state "$scratch/bad"
has "is told with what to do" "$err" 'damaged, or of an older program; move it away'
runs "a watch sets it aside and goes on" still watch "$home" --once --state "$scratch/bad" --contacts "$scratch/people"
has "it looks as ever" "$out" 'No alarm'
has "the operator reads it in the log" "$err" 'damaged=yes'
ok "the old one is kept" cmp "$scratch"/bad/damaged-*.db "$scratch/was"
has "one contact is told" "$(cat "$scratch/heard")" 'There is a new message'
has "what was lost" "$(cat "$scratch/heard")" 'can no longer notice it'
has "the other in his language" "$(cat "$scratch/heard")" 'Записи, які веде спостереження, пошкодилися'
lacks "no channel is named" "$(cat "$scratch/heard")" 'Test channel'
rm "$scratch/heard"
runs "the next look is as any other" still watch "$home" --once --state "$scratch/bad" --contacts "$scratch/people"
ok "it tells nobody again" test ! -e "$scratch/heard"
# Killed between setting the book aside and the messages: the mark is there, and a new book, or none.
: >"$scratch/bad/untold" && mv "$scratch/bad/watch.db" "$scratch/was"
runs "one that was killed before it told" still watch "$home" --once --state "$scratch/bad" --contacts "$scratch/people"
has "tells it the next time" "$(cat "$scratch/heard")" 'can no longer notice it'
ok "and then no more" test ! -e "$scratch/bad/untold"
rm "$scratch/heard"
/usr/bin/python3 - "$scratch/bad/watch.db" <<'SPOIL'
import sqlite3, sys
book = sqlite3.connect(sys.argv[1])
page = book.execute("SELECT rootpage FROM sqlite_master WHERE name='attempts_of'").fetchone()[0]
book.close()
with open(sys.argv[1], 'r+b') as file:
    file.seek((page - 1) * 4096)
    file.write(b'\xff' * 4096)
SPOIL
STILLHERE_NOW=1790000120 runs "one page that no start needs" still watch "$home" --once --state "$scratch/bad" --contacts "$scratch/people"
same "is found, too" "$(find "$scratch/bad" -name 'damaged-*.db' | wc -l)" 2
/usr/bin/python3 -c 'import sqlite3, sys
book = sqlite3.connect(sys.argv[1])
book.execute("PRAGMA user_version = 1")
book.commit()' "$scratch/xdg/stillhere/watch/watch.db" && mv "$scratch/xdg" "$scratch/older"
runs "one of an older program" still watch "$home" --once --state "$scratch/older/stillhere/watch"
has "is set aside the same" "$err" 'damaged=yes'
runs "the channel of -C" still -C "$home" watch --once
ok "state in the channel" test -f "$home/private/watch/watch.db"
channel hurt
still -C "$scratch/hurt" -q checkin --hurt --next-due 24h >/dev/null
runs "no alarm, and yet hurt" still watch "$scratch/hurt" --once --state "$scratch/seen"
has "the word itself is said" "$out" '^    Hurt'
runs "and again, when nothing is new" still watch "$scratch/hurt" --once --state "$scratch/seen" --json
same "in JSON" "$(json "['channels'][0]['word']['status']")" hurt
printf '#!/bin/sh\ncat >>"%s"\n' "$scratch/heard" >"$scratch/tell"
chmod 755 "$scratch/tell"
printf '[olena]\nwords yes\ngood yes\nto command:%s\n' "$scratch/tell" >"$scratch/people"
chmod 600 "$scratch/people"
still -C "$scratch/hurt" -q promise every 24h >/dev/null
withdrawn=$(still -C "$scratch/hurt" --json checkin --place Izmail "not to be told" | sed 's/.*"index":\([0-9]*\).*/\1/')
ok "before a withdrawal" still watch "$scratch/hurt" --once --state "$scratch/seen" --contacts "$scratch/people"
STILLHERE_NOW=1790000060 still -C "$scratch/hurt" -q withdraw "$withdrawn" >/dev/null
ok "after it" still watch "$scratch/hurt" --once --state "$scratch/seen" --contacts "$scratch/people"
has "the word was announced" "$(cat "$scratch/heard")" 'not to be told'
rm "$scratch/heard"
STILLHERE_NOW=1790090000 fails 3 "late after it" still watch "$scratch/hurt" --once --state "$scratch/seen" --contacts "$scratch/people"
lacks "what was withdrawn is not shown" "$out" 'Well\.'
has "Olena is told" "$(cat "$scratch/heard")" 'Test channel'
lacks "without the words that were withdrawn" "$(cat "$scratch/heard")" 'Izmail|not to be told'
ok "and they are not kept" test -z "$(/usr/bin/python3 -c 'import sqlite3, sys
print("".join(str(row[0]) for row in sqlite3.connect(sys.argv[1]).execute("SELECT word FROM channels") if row[0] and b"Izmail" in row[0]))' "$scratch/seen/watch.db")"
for lang in zh-Hans:没有警报 uk:'Тривог немає' ru:'Тревог нет'; do
    runs "in ${lang%%:*}" still --lang "${lang%%:*}" watch "$home" --once
    has "words of ${lang%%:*}" "$out" "${lang##*:}"
done
STILLHERE_NOW=1790086400 runs "in the promised second" still watch "$home" --once
STILLHERE_NOW=1790086401 fails 3 "late a second later" still watch "$home" copy --once --json
same "late" "$(json "['channels'][0]['late']")" True
same "not silent" "$(json "['channels'][0]['silent']")" False
same "since the promised time" "$(json "['channels'][0]['episodes'][0]['since']")" 1790086400
export STILLHERE_NOW=1790086500
still -C "$home" -q checkin --next-due 24h "Still here" >/dev/null
runs "a copy that is behind makes nobody late" still watch "$home" copy --once
has "all is well again" "$out" 'No alarm'
rm -r "$home/public/tile"
runs "nothing new, nothing read" still watch "$home" --once
mv "$home/public" away
fails 4 "the only copy is gone" still watch "$home" --once
STILLHERE_NOW=1790086600 fails 4 "and for a while that is all" still watch "$home" --once
STILLHERE_NOW=1790091000 fails 3 "then it is silence" still watch "$home" --once --json
same "silent" "$(json "['channels'][0]['silent']")" True
fails 2 "a source twice" still watch copy copy --once
fails 2 "not a channel's id" still watch copy --once --channel abc
fails 2 "another channel than expected" still watch copy --once --state s2 --channel "$(printf 'a%.0s' {1..52})"
fails 2 "no such length" still watch copy --every never
fails 2 "two things at once" still watch copy --once --log
fails 2 "a rehearsal without contacts" still watch copy --rehearse
fails 2 "another scheme" still watch ftp://example.org/ --once
fails 2 "contacts that are not there" still watch copy --once --contacts none
fails 1 "no watch has run here" still watch --log --state s9
fails 1 "a code that nobody has" still watch --ack abcdefghijklmnopqrstuvwxyz
fails 2 "no code at all" still watch --ack ''
fails 2 "no code" still watch --ack hello
fails 2 "more than a day between two looks" still watch copy --every 100d
fails 2 "roots of trust that are not there" still watch copy --once --trust "$scratch/none"
has "which is said" "$err" "$scratch/none"
fails 2 "roots of trust that are none" still watch copy --once --trust "$home/public/checkpoint"
fails 2 "an address without http://" still watch 127.0.0.1:9 --once
has "with a hint" "$err" 'https://'
fails 4 "a page of a channel" still watch http://127.0.0.1:9/odesa/now/index.uk.html --once --state s8
has "stands for the channel" "$out" 'http://127.0.0.1:9/odesa/$'
fails 2 "no such home" still -C "$scratch/nope" watch --once
has "is named" "$err" "$scratch/nope"
printf '[a]\nto ntfy:https://ntfy.example.org/\n' >topicless
chmod 600 topicless
fails 1 "ntfy without a topic" still watch copy --once --contacts topicless
has "is told what is missing" "$err" 'topic'
printf '[olena]\nto command:%s/ring\nafter 0h\n' "$scratch" >contacts
printf '#!/bin/sh\ncat >>%s/rung\n' "$scratch" >ring
chmod 700 ring
chmod 600 contacts
runs "a rehearsal" still watch --contacts contacts --rehearse --json
same "reaches her" "$(json "['tries'][0]['accepted']")" True
ok "and says what it is" grep -qi test rung
runs "one contact" still watch --contacts contacts --test olena
fails 2 "no such contact" still watch --contacts contacts --test nobody
has "the names are told" "$err" 'olena'
printf '#!/bin/sh\nexit 1\n' >ring
fails 3 "a rehearsal that fails" still watch --contacts contacts --rehearse
runs "the ledger" still watch --log --json
same "has all three" "$(json "['attempts'].__len__()")" 3
runs "for people" still watch --log
has "one line each" "$out" 'olena command rehearsal accepted'
finish
