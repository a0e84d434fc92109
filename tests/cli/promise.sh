#!/bin/bash
# promise: each rule, how times are read, what is refused, and when he counts as late.
. "${STILLHERE_SOURCE:?}/tests/lib.sh" || exit 1
channel home
home=$scratch/home
public=$home/public
at() { # TIME-IN-SECONDS COMMAND...
    STILLHERE_NOW=$1 "$STILLHERE" -C "$home" "${@:2}"
}
put() { at "$@" >/dev/null; }
now=1790000000 # 2026-09-21 14:13:20 UTC

# ---- the rules ----
runs "every" at $now promise every 24h
has "says what was promised" "$out" '^Promised: a word every 1 d\.'
has "and when the next is due" "$out" 'due by 22 September 2026, 14:13 UTC;'
same "JSON: a week" "$(at $now --json promise every 1w1d --dry-run | grep -o "[0-9]*}" | head -1)" "691200}"
runs "JSON" at $now --json promise every 1d12h
same "JSON: first field" "${out:0:12}" '{"version":1'
same "JSON: index" "$(json "['index']")" 2
same "JSON: rule" "$(json "['rule']")" "{'every_s': 129600}"
same "JSON: due" "$(json "['due']")" "{'promised': True, 'by': 1790129600, 'silent': False, 'late': False}"
same "JSON: the root is the checkpoint's line" "$(json "['checkpoint']['root']")" "$(sed -n 3p "$public/checkpoint")"
same "JSON: size" "$(json "['checkpoint']['size']")" 3
runs "until" at $now --json promise until +3h
same "its due" "$(json "['due']['by']")" $((now + 10800))
same "its rule" "$(json "['rule']")" "{'until': $((now + 10800))}"
runs "silent until, with a comma and a reason" at $now --json promise silent until +2d, because no power at home
same "is silent" "$(json "['due']['silent']")" True
runs "show tells the rule" at $now show 4
has "the rule" "$out" '^Announced: silence until 23 September 2026, 14:13 UTC'
has "and why" "$out" '^Because \(en\): no power at home$'
runs "show --json" at $now show 4 --json
same "the document" "$(json "['document']['rule']")" "{'silent_until': $((now + 172800))}"
runs "a reason in a language" at $now promise until +1h because --lang uk "Їду додому"
runs "in Ukrainian" at $now --lang uk show 5
has "Ukrainian" "$out" '^Обіцяно: звістка до 21 вересня 2026'
for lang in zh-Hans uk ru; do
    runs "the answer in $lang" at $now --lang $lang status
    lacks "is not English ($lang)" "$out" 'due|promised|Announced'
done
runs "words from the shell, unquoted" at $now promise until 2026-09-30 10:00 because of the bridge
runs "dry run" at $now --json promise every 48h --dry-run
same "says its rule" "$(json "['rule']")" "{'every_s': 172800}"
same "and when" "$(json "['due']['by']")" $((now + 172800))
runs "nothing was published by it" at $now show 6
fails 1 "there is no entry more" at $now show 7
runs "the tree holds" still verify "$home"

# ---- when he counts as late ----
late() { out=$(at "$1" status --json); json "['due']['late']"; }
put $now promise every 24h
put $((now + 100)) checkin
same "not late on the second" "$(late $((now + 100 + 86400)))" False
same "late after it" "$(late $((now + 101 + 86400)))" True
runs "and says since when" at $((now + 90000)) status
has "late since" "$out" '^Late since 22 September 2026, 14:15 UTC'
put $((now + 90000)) checkin --next-due 2h
same "a word ends it" "$(late $((now + 90001)))" False
same "its own time holds" "$(late $((now + 90001 + 7200)))" True
runs "the newest word is taken back" at $((now + 90100)) --json withdraw 9
same "the rule counts from then, and nobody is late at once" "$(json "['due']['by']")" $((now + 90100 + 86400))
put $((now + 90000)) checkin --next-due 2h
runs "silence after that word" at $((now + 91000)) --json promise silent until +1d
same "replaces its time" "$(json "['due']")" "{'promised': True, 'by': $((now + 91000 + 86400)), 'silent': True, 'late': False}"
put $((now + 92000)) checkin
same "a word amid silence ends nothing" "$(late $((now + 91000 + 86401)))" True
put $((now + 200000)) checkin
runs "a word after it keeps it" at $((now + 200001)) status
has "nothing is promised" "$out" '^No next word is promised\.'

# ---- how times are read ----
by() { out=$(at "$1" --json promise until "${@:2}" --dry-run); json "['due']['by']" 2>/dev/null; }
put $now promise until +399d # so that what is asked below is not outranked
utc() { date -u -d "$1" +%s; }
same "14:05 is tomorrow's when it is past" "$(by $now 14:05)" "$(utc '2026-09-22 14:05')"
same "15:00 is today's" "$(by $now 15:00)" "$(utc '2026-09-21 15:00')"
same "with an offset" "$(by $now 2026-11-25T14:05:00+02:00)" "$(utc '2026-11-25 12:05')"
same "with Z" "$(by $now 2026-11-25T14:05Z)" "$(utc '2026-11-25 14:05')"
same "with an offset to the west" "$(by $now '2026-11-25 14:05:30 -0330')" "$(utc '2026-11-25 17:35:30')"
same "a leap day" "$(by 1830000000 2028-02-29T00:00)" "$(utc 2028-02-29)"
ok "a zone" at $now settings zone Europe/Kyiv
same "in the zone, summer" "$(by $now '2026-10-20 14:05')" "$(utc '2026-10-20 11:05')"
same "in the zone, winter" "$(by $now '2026-11-20 14:05')" "$(utc '2026-11-20 12:05')"
same "just before the gap" "$(by $now '2027-03-28 02:59:59')" "$(utc '2027-03-28 00:59:59')"
same "just after it" "$(by $now '2027-03-28 04:00')" "$(utc '2027-03-28 01:00')"
fails 2 "in the gap" at $now promise until 2027-03-28 03:00
has "says why" "$err" 'left out in Europe/Kyiv'
fails 2 "in the gap, the next one" at "$(utc '2027-03-28 00:00')" promise until 03:30
fails 2 "twice in autumn" at $now promise until "2026-10-25 03:30"
has "says both" "$err" '2026-10-25T03:30:00\+03:00 or 2026-10-25T03:30:00\+02:00'
same "the first of them" "$(by $now 2026-10-25T03:30:00+03:00)" "$(utc '2026-10-25 00:30')"
same "the next 00:30 is by the zone's calendar" "$(by "$(utc '2026-09-21 21:15')" 00:30)" "$(utc '2026-09-21 21:30')"
runs "the answer has both" at $now promise until 21:00 --dry-run
has "UTC and the zone" "$out" '21 September 2026, 18:00 UTC \(2026-09-21 21:00 Europe/Kyiv\)'
runs "in Chinese" at $now --lang zh-Hans promise until 21:00 --dry-run
has "with full-width brackets" "$out" '18:00 UTC（2026-09-21 21:00 Europe/Kyiv）'
ok "a zone without such changes" at $now settings zone Asia/Shanghai
same "there" "$(by $now '2027-03-28 03:30')" "$(utc '2027-03-27 19:30')"
ok "the zone is taken away" at $now settings --unset zone

# ---- what is refused, and leaves nothing ----
before=$(tree_hash "$public")
fails 2 "in the past" at $now promise until 2026-09-21T14:13:20Z
has "says so, what time it is, and what to write" "$err" \
    'promise in the past: .*2026-09-21T14:13:20Z.*clock says 2026-09-21T14:13:20Z; give a time to come, such as \+24h'
has "and where to read on" "$err" '^Try: stillhere promise --help$'
fails 2 "silence in the past" at $now promise silent until 2020-01-01 10:00
fails 2 "silence of 8 days" at $now promise silent until +8d
has "says why and what to do" "$err" 'at most 7 days .* shorter'
runs "silence of 7 days" at $now promise silent until +7d --dry-run
fails 2 "401 days" at $now promise until +401d
for bad in 59m 401d 0h 24 h 24hh 1h1d 1h1h -24h 1.5h 24H "24 h" 99999999999999999999h 18446744073709551615s; do
    fails 2 "every $bad" at $now promise every -- "$bad"
    has "says how it is written ($bad)" "$err" 'write it like 90m, 24h|from 1h to 400d'
done
for bad in 24:00 12:60 9:05 2026-02-30T10:00 2026-13-01T10:00 2026-09-31T10:00 0000-01-01T00:00 \
    1969-12-31T23:59Z 9999-12-31T23:59:59Z 2026-09-30 2026-09-30T10 "2026-09-30T10:00 Kyiv" \
    2026-09-30T10:00+25:00 2026-09-30T10:00+2 tomorrow + +h 1790001000; do
    fails 2 "until $bad" at $now promise until "$bad"
done
fails 2 "no rule" at $now promise
fails 2 "another rule" at $now promise weekly
fails 2 "no time" at $now promise until
fails 2 "no time before the reason" at $now promise until because of rain
fails 2 "no reason after because" at $now promise until +1h because
fails 2 "silent for ever" at $now promise silent
fails 2 "silent without until" at $now promise silent +1h
fails 1 "a reason with bidi controls" at $now promise every 24h because $'abc\u202edef'
fails 1 "a reason of two lines" at $now promise every 24h because $'one\ntwo'
fails 1 "a reason that is no text" at $now promise every 24h because $'\xff'
fails 2 "a language that is none" at $now promise every 24h --lang "x y" because words
fails 1 "no channel" still -C "$scratch" promise every 24h
same "refusals left nothing" "$(tree_hash "$public")" "$before"

# ---- --next-due ----
runs "a check-in with a length" at $now --json checkin --next-due 24h
same "its due" "$(json "['due']['by']")" $((now + 86400))
runs "with a time" at $now --json checkin --next-due 21:00
same "its due" "$(json "['due']['by']")" "$(utc '2026-09-21 21:00')"
runs "in the document" at $now --json show "$(json "['index']")"
same "as seconds" "$(json "['document']['next_due']")" "$(utc '2026-09-21 21:00')"
runs "show tells it" at $now show "$(json "['index']")"
has "in words" "$out" '^Promised: a word by 21 September 2026, 21:00 UTC'
runs "a check-in without" at $now checkin
before=$(tree_hash "$public")
for bad in "" 0h 1x -5 401d 2020-01-01T10:00Z; do
    fails 2 "--next-due '$bad'" at $now checkin --next-due "$bad"
    has "the message names the option ('$bad')" "$err" '^stillhere: --next-due'
    has "and where to read on ('$bad')" "$err" '^Try: stillhere checkin --help$'
done
same "refusals left nothing" "$(tree_hash "$public")" "$before"

# ---- what must survive ----
runs "rebuild" at $now rebuild
runs "status after it" at $now --json status
for i in 1 2 3; do at $now -q --json promise every $((i + 1))h >"$scratch/answer$i" & done
wait
same "promises at once: each has its own index" "$(cat "$scratch"/answer? | grep -o '"index":[0-9]*' | sort -u | wc -l)" 3
runs "and the tree holds" still verify "$home"
tail -1 "$scratch/home.sheet" >/dev/null
ok "a backup" still -q -C "$home" backup "$scratch/b.age"
ok "comes back" still -q -C "$scratch/again" restore "$scratch/b.age" --sheet "$scratch/home.sheet"
a=$(at $now status --json)
b=$(STILLHERE_NOW=$now "$STILLHERE" -C "$scratch/again" status --json)
out=$a a=$(json "['due']") out=$b b=$(json "['due']")
same "with its promises" "$b" "$a"
finish
