#!/bin/bash
# init: the channel, the recovery sheet in all its forms, and what is refused.
. "$STILLHERE_SOURCE/tests/lib.sh" || exit 1
terminal="/usr/bin/python3 $STILLHERE_SOURCE/tests/cli/terminal.py"

# ---- to a file ----
umask 000
runs "init with a file for the sheet" still init "$scratch/home" --name "Слово <з> Одеси & далі" --lang uk --sheet "$scratch/sheet"
umask 022
has "the answer tells the channel's id" "$out" '[a-z2-7]{52}'
has "and what to do next" "$out" "stillhere -C $scratch/home checkin --well"
has "the files are named on standard error" "$err" "$scratch/sheet\.svg"
said=$out$err
same "the sheet is for its owner alone" "$(stat -c %a "$scratch/sheet")" 600
same "and so is the page to print" "$(stat -c %a "$scratch/sheet.svg")" 600
same "private/ too, whatever the umask" "$(stat -c %a "$scratch/home/private")" 700
same "public/ is for all, whatever the umask" "$(stat -c %a "$scratch/home/public")" 755
same "keys are for their owner alone" "$(find "$scratch/home/private/keys" -type f ! -perm 600 | wc -l)" 0
ok "the first page is there" test -f "$scratch/home/public/index.html"
runs "the tree holds" still verify "$scratch/home"
grep -E '^(stillhere-sheet/1$|channel [a-z2-7]{52}$|sheet 1 of 1$|(identity|archive)( [a-z2-7]{4}){14}$)' "$scratch/sheet" >"$scratch/five"
same "five lines for the program" "$(wc -l <"$scratch/five")" 5
same "the channel on it is this one" "$(sed -n 's/^channel //p' "$scratch/five")" "$(still -C "$scratch/home" --json status | /usr/bin/python3 -c 'import json,sys; print(json.load(sys.stdin)["channel"])')"
has "in the channel's language" "$(cat "$scratch/sheet")" 'Аркуш відновлення'
group=$(sed -n 's/^archive //p' "$scratch/five" | cut -d' ' -f2-4)
lacks "no secret in what the program said" "$said" "$group"
ok "no line of the text is too wide" /usr/bin/python3 -c 'import sys; sys.exit(any(len(l.rstrip("\n")) > 80 for l in open(sys.argv[1])))' "$scratch/sheet"
ok "the page to print is well-formed XML" /usr/bin/python3 -c 'import sys,xml.dom.minidom as m; m.parse(sys.argv[1])' "$scratch/sheet.svg"

cat >"$scratch/secrets.py" <<'P'
# The two secrets must be nowhere in the tree, in no usual form.
import base64, os, sys
five, home = sys.argv[1:]
bad = 0
for line in open(five):
    role, _, text = line.strip().partition(' ')
    if role not in ('identity', 'archive'):
        continue
    text = text.replace(' ', '')
    raw = base64.b32decode(text.upper())[:32]
    forms = [raw, raw.hex().encode(), base64.b64encode(raw).rstrip(b'='), text.encode()]
    for folder, _, names in os.walk(home):
        for name in names:
            data = open(os.path.join(folder, name), 'rb').read()
            bad += any(form in data for form in forms)
sys.exit(bad)
P
ok "the secrets are nowhere in the channel" /usr/bin/python3 "$scratch/secrets.py" "$scratch/five" "$scratch/home"

if command -v zbarimg >/dev/null && command -v rsvg-convert >/dev/null; then
    rsvg-convert -w 1240 "$scratch/sheet.svg" -o "$scratch/sheet.png"
    zbarimg -q --raw "$scratch/sheet.png" 2>/dev/null | grep . >"$scratch/scanned"
    ok "a phone reads the same five lines off the page" cmp "$scratch/scanned" "$scratch/five"
    /usr/bin/python3 - "$scratch/sheet" "$scratch/drawn.pbm" <<'P'
import sys
lines = [l.rstrip('\n') for l in open(sys.argv[1])]
width = max(len(l) for l in lines if '█' in l)
rows = [l.ljust(width) for l in lines if set(l) and set(l) <= set(' ▀▄█')]
bits = []
for row in rows:
    bits.append([c in '▀█' for c in row])
    bits.append([c in '▄█' for c in row])
S = 4
with open(sys.argv[2], 'w') as f:
    f.write(f'P1\n{width * S} {len(bits) * S}\n')
    for row in bits:
        line = ' '.join('1' if b else '0' for b in row for _ in range(S))
        f.write((line + '\n') * S)
P
    zbarimg -q --raw "$scratch/drawn.pbm" 2>/dev/null | grep . >"$scratch/scanned"
    ok "and off the drawing in the text" cmp "$scratch/scanned" "$scratch/five"
else
    skip "a phone reads the same five lines off the page" "zbar-tools or librsvg2-bin is not installed"
    skip "and off the drawing in the text" "zbar-tools or librsvg2-bin is not installed"
fi

# ---- a second init ----
before=$(tree_hash "$scratch/home")
fails 1 "a second init" still init "$scratch/home" --name Another --sheet "$scratch/second"
same "leaves the channel alone" "$(tree_hash "$scratch/home")" "$before"
ok "and leaves no sheet of nothing" test ! -e "$scratch/second" -a ! -e "$scratch/second.svg"
fails 1 "a sheet that is there" still init "$scratch/home2" --name Another --sheet "$scratch/sheet"
has "says that it is left as it is" "$err" 'left as it is'
ok "makes no channel" test ! -e "$scratch/home2/public" -a ! -e "$scratch/home2/private"
fails 1 "a page that is there" bash -c 'touch "$1/third.svg"; "$0" init "$1/home2" --name Another --sheet "$1/third"' "$STILLHERE" "$scratch"
ok "leaves no half of a sheet" test ! -e "$scratch/third"
fails 1 "a folder for the sheet that is not there" still init "$scratch/home2" --name Another --sheet "$scratch/none/sheet"
ok "makes no channel either" test ! -e "$scratch/home2/public"
ln -s "$scratch/elsewhere" "$scratch/link"
fails 1 "a sheet through a link" still init "$scratch/home2" --name Another --sheet "$scratch/link"
ok "writes nothing there" test ! -e "$scratch/elsewhere"
runs "and then it works" still init "$scratch/home2" --name Another --sheet "$scratch/sheet2"

# ---- no secret where everybody reads ----
cp -r "$scratch/home/public" "$scratch/copy"
mkdir "$scratch/copy/sub"
before=$(tree_hash "$scratch/home")
for where in home/public home/public/a/b copy copy/sub/../new; do
    fails 1 "a channel in $where" still init "$scratch/$where" --name Another --sheet "$scratch/never"
    has "is told to go elsewhere" "$err" 'lies in the public tree'
done
fails 1 "a sheet in a public tree" still init "$scratch/home3" --name Another --sheet "$scratch/home/public/now/sheet"
has "is told the same" "$err" 'lies in the public tree'
same "nothing was written there" "$(tree_hash "$scratch/home")" "$before"
ok "nor elsewhere" test ! -e "$scratch/never" -a ! -e "$scratch/home3/public" -a ! -e "$scratch/copy/private"
fails 1 "nor restored into" still -C "$scratch/copy/back" restore "$scratch/sheet.svg" --sheet "$scratch/sheet"
has "for the same reason" "$err" 'lies in the public tree'

# ---- the command to copy ----
odd="$scratch/a'b \$(id) {x}"
runs "a strange directory" still init "$odd" --name Another --sheet "$scratch/odd-sheet"
next=$(printf '%s\n' "$out" | sed -n 's/.*: stillhere \(-C .* checkin --well\)$/\1/p')
ok "the command that it names works in a shell" bash -c "'$STILLHERE' $next"

# ---- words ----
fails 2 "no directory" still init --name Name
fails 2 "no name" still init "$scratch/home3"
fails 2 "two directories" still init "$scratch/a" "$scratch/b" --name Name
fails 2 "a language that is none" still init "$scratch/home3" --name Name --lang de
fails 2 "an empty name" still init "$scratch/home3" --name ""
fails 1 "a name of two lines" still init "$scratch/home3" --name $'a\nb'
fails 1 "a name of 121 bytes" still init "$scratch/home3" --name "$(printf %0121d 0)"
fails 1 "a name with bidi controls" still init "$scratch/home3" --name $'a\u202eb'
ok "nothing was made" test ! -e "$scratch/home3/public"
runs "a name of 120 bytes, a path with a space, JSON" still --json init "$scratch/home 3" --name "$(printf %0120d 0)" --sheet "$scratch/sheet3"
same "JSON: version" "$(json "['version']")" 1
same "JSON: the sheet's file" "$(json "['sheet']")" "$scratch/sheet3"
same "JSON: the channel" "$(json "['channel']")" "$(sed -n 's/^channel //p' "$scratch/sheet3")"
for lang in en zh ru; do
    ok "init in $lang" still -q init "$scratch/lang-$lang" --name Name --lang $lang --sheet "$scratch/sheet-$lang"
    ok "the whole sheet of $lang fits what restore reads" test "$(stat -c %s "$scratch/sheet-$lang")" -lt 16384
done
has "the sheet in Chinese" "$(cat "$scratch/sheet-zh")" 恢复单

# ---- without a terminal and without --sheet ----
runs "no terminal, no file" still -q init "$scratch/home4" --name Name
has "the sheet lies in HOME, and even -q warns" "$err" "$scratch/home4/recovery-sheet-[a-z2-7-]+\.txt"
same "for its owner alone" "$(stat -c %a "$scratch"/home4/recovery-sheet-*[a-z2-7].txt)" 600
lacks "standard output has no secret" "$out" "$(sed -n 's/^identity //p' "$scratch"/home4/recovery-sheet-*[a-z2-7].txt | cut -d' ' -f1-3)"
ok "nothing of it is public" test -z "$(find "$scratch/home4/public" -name '*sheet*')"

# ---- on a terminal ----
runs "a terminal: two groups come back" $terminal right "$scratch/screen" "$scratch/stdout" "$STILLHERE" init "$scratch/home5" --name Name
shown=$(cat "$scratch/screen")
has "the sheet was shown" "$shown" 'stillhere-sheet/1'
has "and the screen was cleared" "$shown" $'\033\\[3J'
ok "no file of it anywhere" test -z "$(find "$scratch/home5" -name '*sheet*')"
lacks "not on standard output" "$(cat "$scratch/stdout")" 'identity'
runs "that channel holds" still verify "$scratch/home5"
runs "two wrong answers are forgiven" $terminal third "$scratch/screen" "$scratch/stdout" "$STILLHERE" init "$scratch/home6" --name Name
fails 1 "three are not" $terminal wrong "$scratch/screen" "$scratch/stdout" "$STILLHERE" init "$scratch/home7" --name Name
has "and it says so" "$(cat "$scratch/screen")" 'no channel was made'
same "nothing of a channel is there" "$(find "$scratch/home7" -type f 2>/dev/null | wc -l)" 0
$terminal leave "$scratch/screen" "$scratch/stdout" "$STILLHERE" init "$scratch/home8" --name Name >/dev/null 2>&1
ok "whoever hangs up has no channel" test ! -e "$scratch/home8/public"
runs "a terminal and a file" $terminal right "$scratch/screen" "$scratch/stdout" "$STILLHERE" init "$scratch/home9" --name Name --sheet "$scratch/sheet9"
lacks "then the screen shows no secret" "$(cat "$scratch/screen")" "$(sed -n 's/^identity //p' "$scratch/sheet9" | cut -d' ' -f1-3)"
fails 1 "wrong groups with a file" $terminal wrong "$scratch/screen" "$scratch/stdout" "$STILLHERE" init "$scratch/home10" --name Name --sheet "$scratch/sheet10"
ok "leave no sheet behind" test ! -e "$scratch/sheet10" -a ! -e "$scratch/sheet10.svg"
# ---- three sheets on a terminal: each is shown, asked back and cleared in its turn ----
runs "three sheets on a terminal" $terminal right "$scratch/screen" "$scratch/stdout" "$STILLHERE" init "$scratch/home11" --name Name --two-of-three
shown=$(cat "$scratch/screen")
same "three are shown" "$(printf '%s' "$shown" | grep -c '^stillhere-sheet/1')" 3
for number in 1 2 3; do has "sheet $number of 3 says which it is" "$shown" "^sheet $number of 3"; done
same "two groups of each are asked back" "$(printf '%s' "$shown" | grep -oE 'group [0-9]+: ' | wc -l)" 6
same "and the screen is cleared after each" "$(printf '%s' "$shown" | grep -oE $'\033\\[3J' | wc -l)" 3
ok "no file of them anywhere" test -z "$(find "$scratch/home11" -name '*sheet*')"
# What was on the paper is enough: two of the three, typed from the screen.
for number in 1 3; do
    printf '%s' "$shown" | tr -d '\r' | awk -v n="$number" '/^stillhere-sheet\/1/ { i++ } i == n' |
        sed -n '/^stillhere-sheet/,/^archive /p' >"$scratch/paper-$number"
done
runs "two of them change keys" still -C "$scratch/home11" key rotate log --sheet "$scratch/paper-1" --sheet "$scratch/paper-3"
fails 1 "the second one not copied: no channel" $terminal second "$scratch/screen" "$scratch/stdout" "$STILLHERE" init "$scratch/home12" --name Name --two-of-three
same "nothing of a channel is there" "$(find "$scratch/home12" -type f 2>/dev/null | wc -l)" 0
runs "three files and a terminal" $terminal right "$scratch/screen" "$scratch/stdout" "$STILLHERE" init "$scratch/home13" --name Name --two-of-three --sheet "$scratch/p1" --sheet "$scratch/p2" --sheet "$scratch/p3"
same "each in its file" "$(cat "$scratch"/p[123] | grep -c '^stillhere-sheet/1')" 3
fails 1 "the second one wrong" $terminal second "$scratch/screen" "$scratch/stdout" "$STILLHERE" init "$scratch/home14" --name Name --two-of-three --sheet "$scratch/q1" --sheet "$scratch/q2" --sheet "$scratch/q3"
ok "leaves none of the three behind" test -z "$(ls "$scratch"/q[123]* 2>/dev/null)"
ok "nor a channel" test ! -e "$scratch/home14/public"
# Longer than the paths below a home may be: the home itself may have any that SQLite takes.
long=$scratch/$(printf 'a%.0s' {1..130})/$(printf 'b%.0s' {1..130})
mkdir "$(dirname "$long")"
runs "a home with a long path" still init "$long" --name Name --sheet "$scratch/long-sheet"
runs "a word in it" still -C "$long" checkin one
ok "nothing is left over" test ! -e "$long/.init"
# A stranger umask neither locks the owner out nor lets others in.
if [ "$(id -u)" = 0 ] &&
    setpriv --reuid=65534 --regid=65534 --clear-groups "$STILLHERE" --version >/dev/null 2>&1; then
    user() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }
else
    user() { "$@"; }
fi
mkdir -m 555 "$scratch/sealed"
chmod 755 "$scratch"
if [ "$(id -u)" != 0 ] || [ "$(user id -u)" != 0 ]; then
    fails 1 "a folder that may not be written" user "$STILLHERE" init "$scratch/sealed" --name Name --sheet /dev/shm/none
    has "is named" "$err" "$scratch/sealed: .*Permission denied"
else
    skip "a folder that may not be written" "root may write it"
fi
for mask in 0000 0777; do
    mkdir -m 777 "$scratch/m$mask"
    chmod 755 "$scratch"
    runs "init with umask $mask" user bash -c "umask $mask; exec '$STILLHERE' -q init '$scratch/m$mask/home' --name Name --sheet '$scratch/m$mask/sheet'"
    runs "a word with umask $mask" user bash -c "umask $mask; exec '$STILLHERE' -q -C '$scratch/m$mask/home' checkin one"
    same "nothing is writable for others" "$(find "$scratch/m$mask" -mindepth 1 -perm /022)" ""
    same "private/ and the sheet are the owner's alone" \
        "$(find "$scratch/m$mask/home/private" "$scratch/m$mask/sheet"* -perm /077)" ""
    same "public/ is readable for all" \
        "$(find "$scratch/m$mask/home/public" ! -perm -044)" ""
done
finish
