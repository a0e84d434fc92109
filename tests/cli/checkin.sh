#!/bin/bash
# checkin: a word without a clip; what may be said, what is refused, and that nothing is lost.
. "${STILLHERE_SOURCE:?}/tests/lib.sh" || exit 1
channel home
home=$scratch/home
public=$home/public

runs "a check-in says well by default" still -C "$home" checkin
runs "status, place and words" still -C "$home" checkin --hurt --place Одеса --lang uk "Живий, нога болить"
has "the answer names the page" "$out" 'w/002/index\.html'
runs "JSON answer" still -C "$home" --json checkin --status "cold & well" "three"
same "JSON: version" "$(json "['version']")" 1
same "JSON: index" "$(json "['index']")" 3
same "JSON: page" "$(json "['page']")" w/003/index.html
same "JSON: no blobs" "$(json "['blobs']")" "[]"
same "JSON: size" "$(json "['checkpoint']['size']")" 4
same "JSON: the root is the checkpoint's line" "$(json "['checkpoint']['root']")" "$(sed -n 3p "$public/checkpoint")"
ok "the page is there" test -f "$public/w/003/index.uk.html"
ok "four languages of the timeline" test -f "$public/index.zh.html" -a -f "$public/index.ru.html"
runs "words from standard input" bash -c 'printf "one\ntwo\n" | "$0" -C "$1" checkin -' "$STILLHERE" "$home"
runs "options after words, and = forms" still -C "$home" checkin "words" --place=Lviv --moving
runs "words that begin with a dash" still -C "$home" checkin -- "--not an option"
runs "the channel by environment" env STILLHERE_HOME="$home" "$STILLHERE" checkin
runs "the tree holds" still verify "$home"

before=$(tree_hash "$public")
fails 2 "two statuses" still -C "$home" checkin --well --hurt
fails 2 "two texts" still -C "$home" checkin one two
fails 2 "unknown option" still -C "$home" checkin --publsh 6h
fails 2 "a value is missing" still -C "$home" checkin --place
fails 1 "bidi controls" still -C "$home" checkin $'abc\u202edef'
has "the message says what and where" "$err" 'U\+202E at byte 3'
fails 1 "invalid UTF-8" still -C "$home" checkin $'abc\xff'
fails 1 "control characters" still -C "$home" checkin $'bell\a'
fails 1 "words of 9000 bytes" still -C "$home" checkin "$(head -c 9000 /dev/zero | tr '\0' a)"
fails 1 "a megabyte of words" bash -c 'head -c 1000000 /dev/zero | tr "\0" a | "$0" -C "$1" checkin -' "$STILLHERE" "$home"
fails 1 "binary on standard input" bash -c 'head -c 100 /dev/zero | "$0" -C "$1" checkin -' "$STILLHERE" "$home"
fails 1 "an empty place" still -C "$home" checkin --place ""
fails 2 "a language that is none" still -C "$home" checkin --lang "x y" words
fails 2 "also without words" still -C "$home" checkin --lang xx_YY
has "the message names the option" "$err" "^stillhere: --lang xx_YY"
fails 1 "no channel here" still -C "$scratch" checkin
has "says what to do" "$err" 'init'
same "refusals left nothing" "$(tree_hash "$public")" "$before"
ok "and the channel works on" still -C "$home" -q checkin

for i in 1 2 3 4 5 6; do still -C "$home" -q --json checkin "at once $i" >"$scratch/answer$i" & done
wait
ok "posters at once: all succeed" test "$(cat "$scratch"/answer? | grep -c '"index"')" = 6
same "each has an index of its own" "$(cat "$scratch"/answer? | grep -o '"index":[0-9]*' | sort -u | wc -l)" 6
runs "and the tree holds" still verify "$home"
ok "markup in words is text on the page" still -C "$home" -q checkin '<script>alert(1)</script> & "quotes"'
lacks "no script tag" "$(cat "$public/index.html")" '<script'
finish
