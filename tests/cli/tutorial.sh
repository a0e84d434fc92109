#!/bin/bash
# man/stillhere.7: every command of the walk, run in its order as it stands.  Only what a test
# cannot have is replaced: the contacts are reached by a program, the addresses are copies here.
. "${STILLHERE_SOURCE:?}/tests/lib.sh" || exit 1
page=$STILLHERE_SOURCE/man/stillhere.7
chmod 755 "$scratch" # nginx's workers are somebody else
export STILLHERE_NOW=1772546700 # Tuesday 3 March 2026, 14:05 UTC

# The indented lines between .nf and .fi, as a reader sees them.
lines() { sed -n '/^\.nf/,/^\.fi/p' "$page" | sed -n 's/^  //p' | sed 's/\\-/-/g'; }
lines | grep -E '^(stillhere|export|chmod) ' >commands
sed -n '/^\.SS 4/,/^\.SS 5/p' "$page" | sed -n '/^\.nf/,/^\.fi/p' | sed '/^\.fi/,$d; /^\.nf/d; s/\\-/-/g; s/^  //' >contacts
same "the page has its commands" "$(wc -l <commands)" 20
printf 'secret\n' >mail.password
printf '#!/bin/sh\nexec cat >>"%s"\n' "$scratch/told" >tell
chmod 755 tell

stillhere() { still "$@"; }
# A process that stays: wait for its first words, then end it.
stays() { # WORDS COMMAND...
    local words=$1 pid
    shift
    "$STILLHERE" "$@" >stays.out 2>&1 &
    pid=$!
    for _ in $(seq 200); do
        grep -qE "$words" stays.out && break
        sleep 0.05
    done
    kill "$pid"
    wait "$pid"
    grep -qE "$words" stays.out
}
by_program() { sed -i -e "s|^to .*|to command:$scratch/tell|" contacts; }
while IFS= read -r line; do
    case $line in
    *' serve '*)
        if [ -x /usr/sbin/nginx ]; then
            ok "$line" stays '^http://' serve --listen 127.0.0.1:0
        else
            skip "$line" "nginx is not installed"
        fi
        ;;
    'chmod '*)
        eval "$line"
        # The file as it stands is understood; all is well, so that nobody is told.
        ok "the contacts file of the page" still watch --contacts contacts --once
        by_program
        ;;
    *'--rehearse')
        runs "$line" eval "$line"
        same "three were reached" "$(printf '%s\n' "$out" | grep -c 'command: accepted')" 3
        has "and read that it is a test" "$(cat told)" 'This is only a test'
        ;;
    'stillhere watch --contacts contacts') ok "$line" stays 'watch start sources=1 contacts=3' watch --contacts contacts ;;
    *'https://odesa.example/ https'*)
        cp -r channel/public copy
        ok "two copies instead of: $line" still watch channel/public copy --contacts contacts --state cousin --once
        ;;
    *'--ack CODE')
        : >told
        # The newest word is of 14:05 and promised the next one in twelve hours.
        STILLHERE_NOW=$((STILLHERE_NOW + 31 * 3600)) fails 3 "a missed day" still watch --contacts contacts --once
        has "Olena reads it in her language" "$(cat told)" 'обіцяної звістки ще немає'
        lacks "and not yet the third one" "$(cat told)" '新消息'
        code=$(grep -xE '[a-z2-7]{26}' told | tail -1)
        ok "$line" still watch --ack "$code"
        : >told
        STILLHERE_NOW=$((STILLHERE_NOW + 70 * 3600)) fails 3 "later" still watch --contacts contacts --once
        lacks "acknowledged: nobody else is told" "$(cat told)" '新消息'
        ;;
    'export '*) eval "$line" ;;
    *)
        if ! eval "$line" >line.out 2>&1; then
            out=$(cat line.out) result 1 "$line"
        else
            result 0 "$line"
        fi
        ;;
    esac
done <commands
has "the log names what was told" "$(still watch --log)" 'late accepted'
finish
