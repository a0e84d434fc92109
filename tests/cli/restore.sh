#!/bin/bash
# restore: a backup comes back whole and signs nothing; what is not a good one leaves no trace.
. "$STILLHERE_SOURCE/tests/lib.sh" || exit 1
terminal="/usr/bin/python3 $STILLHERE_SOURCE/tests/cli/terminal.py"
channel home "Kept"
channel other "Other"
home=$scratch/home
{
    for i in 1 2 3; do still -C "$home" -q checkin "word $i"; done
    still -C "$home" -q withdraw 2 --reason "shows a face"
    still -C "$home" -q backup "$scratch/good.age"
    still -C "$scratch/other" -q backup "$scratch/other.age"
} >/dev/null
# Two trees hold the same files; an empty folder is none.
alike() { [ "$(cd "$1" && find . -type f -exec sha256sum {} + | sort)" = "$(cd "$2" && find . -type f -exec sha256sum {} + | sort)" ]; }

runs "a restore" still -C "$scratch/back" restore "$scratch/good.age" --sheet "$scratch/home.sheet"
has "says what to do next" "$out" "stillhere -C $scratch/back recover --i-know"
runs "the tree holds" still verify "$scratch/back"
for folder in public/d public/id public/tile private/keys private/quarantine; do
    ok "$folder is the same" alike "$home/$folder" "$scratch/back/$folder"
done
ok "the checkpoint is the same" cmp "$home/public/checkpoint" "$scratch/back/public/checkpoint"
same "private/ is for its owner alone" "$(stat -c %a "$scratch/back/private")" 700
same "public/ is for all" "$(stat -c %a "$scratch/back/public")" 755
same "no file of private/ is for others" "$(find "$scratch/back/private" -type f -perm /077 | wc -l)" 0
same "every file of public/ is" "$(find "$scratch/back/public" -type f ! -perm -444 | wc -l)" 0
same "times are kept, for web caches" "$(stat -c %Y "$scratch/back/public/checkpoint")" "$(stat -c %Y "$home/public/checkpoint")"
ok "nothing is left over" test ! -e "$scratch/back/.init"
fails 1 "nothing is signed before recover" still -C "$scratch/back" checkin
has "says why and what to do" "$err" 'recover'
runs "reading works" still -C "$scratch/back" show 1
runs "recover" still -C "$scratch/back" recover --i-know --because "a test"
runs "then the channel goes on" still -C "$scratch/back" checkin "after the restore"
runs "and holds" still verify "$scratch/back"
ok "its pages are there" test -f "$scratch/back/public/index.html"
runs "a backup of the restored" still -C "$scratch/back" backup "$scratch/again.age"
runs "restores too, JSON" still -C "$scratch/back2" --json restore "$scratch/again.age" --sheet "$scratch/home.sheet"
same "JSON: size of the log" "$(json "['size']")" 6
mkdir "$scratch/empty"
runs "into an empty directory, the sheet on standard input" bash -c '"$0" -C "$1/empty" restore "$1/good.age" --sheet - <"$1/home.sheet"' "$STILLHERE" "$scratch"
grep -E '^(stillhere-sheet|channel|sheet|identity|archive) ?' "$scratch/home.sheet" | grep -A4 '^stillhere-sheet/1' | tr a-z A-Z | sed -E '/^(IDENTITY|ARCHIVE) /{s/ /\n/;s/ /-/g;s/\n/ /}' >"$scratch/typed"
runs "typed on a terminal, in capitals and with hyphens" $terminal "$scratch/typed" "$scratch/screen" "$scratch/stdout" "$STILLHERE" -C "$scratch/typed-home" restore "$scratch/good.age"
runs "that one holds" still verify "$scratch/typed-home"

long=$scratch/$(printf 'a%.0s' {1..130})/$(printf 'b%.0s' {1..130})
mkdir "$(dirname "$long")"
runs "into a directory with a long path" still -C "$long" restore "$scratch/good.age" --sheet "$scratch/home.sheet"

# ---- what must not be restored ----
refused() { # NAME PATTERN FILE [SHEET]
    fails 1 "$1" still -C "$scratch/new" restore "$3" --sheet "${4:-$scratch/home.sheet}"
    has "  says why" "$err" "$2"
    ok "  leaves nothing" test ! -e "$scratch/new"
    rm -rf "$scratch/new"
}
refused "the sheet of another channel" 'another recovery sheet' "$scratch/good.age" "$scratch/other.sheet"
# Its archive secret opens the backup, but the sheet is of no identity key of the channel.
identity=$(grep '^identity ' "$scratch/other.sheet")
sed "s/^identity .*/$identity/" "$scratch/home.sheet" >"$scratch/mixed.sheet"
refused "a sheet with another identity secret" "the sheet's keys are not those of the channel" "$scratch/good.age" "$scratch/mixed.sheet"
refused "a file that is no backup" 'not an age file' "$scratch/home.sheet"
: >"$scratch/nothing"
refused "an empty file" 'empty' "$scratch/nothing"
refused "a file that is not there" 'none\.age' "$scratch/none.age"
refused "a directory" 'not a regular file|[Dd]irectory' "$scratch/home"
refused "a sheet that is not there" 'none' "$scratch/good.age" "$scratch/none"
refused "a sheet that is none" 'sheet' "$scratch/good.age" "$scratch/nothing"
sed -E 's/^(archive [a-z2-7]{4} )[a-z2-7]/\11/' "$scratch/home.sheet" >"$scratch/typo.sheet"
refused "a sheet with a digit 1" 'group 2 of the archive' "$scratch/good.age" "$scratch/typo.sheet"
sed -E '/^identity /s/[a-z2-7]{4} ([a-z2-7]{4})$/aaaa \1/' "$scratch/home.sheet" >"$scratch/typo.sheet"
cmp -s "$scratch/typo.sheet" "$scratch/home.sheet" || refused "a sheet with a wrong group" 'identity secret' "$scratch/good.age" "$scratch/typo.sheet"
size=$(stat -c %s "$scratch/good.age")
for cut in 1 20 100 190 $((size / 2)) $((size - 17)) $((size - 1)); do
    head -c "$cut" "$scratch/good.age" >"$scratch/cut.age"
    fails 1 "cut after $cut of $size bytes" still -C "$scratch/new" restore "$scratch/cut.age" --sheet "$scratch/home.sheet"
    ok "  leaves nothing" test ! -e "$scratch/new"
done
for at in 3 30 80 150 190 250 $((size / 2)) $((size - 1)); do
    /usr/bin/python3 -c 'import sys; d=bytearray(open(sys.argv[1],"rb").read()); d[int(sys.argv[3])]^=1; open(sys.argv[2],"wb").write(d)' "$scratch/good.age" "$scratch/flip.age" "$at"
    fails 1 "one bit changed at $at" still -C "$scratch/new" restore "$scratch/flip.age" --sheet "$scratch/home.sheet"
    ok "  leaves nothing" test ! -e "$scratch/new"
done
before=$(tree_hash "$home")
fails 1 "over a channel" still -C "$home" restore "$scratch/good.age" --sheet "$scratch/home.sheet"
same "the channel is untouched" "$(tree_hash "$home")" "$before"
mkdir "$scratch/full"
touch "$scratch/full/holiday.jpg"
fails 1 "into a directory that is not empty" still -C "$scratch/full" restore "$scratch/good.age" --sheet "$scratch/home.sheet"
same "nothing is added there" "$(ls -A "$scratch/full")" holiday.jpg
fails 1 "below a directory that is not there" still -C "$scratch/none/x" restore "$scratch/good.age" --sheet "$scratch/home.sheet"
fails 2 "no file" still -C "$scratch/new" restore
fails 2 "no sheet and no terminal" bash -c '"$0" -C "$1/new" restore "$1/good.age" </dev/null' "$STILLHERE" "$scratch"

# ---- trouble on the way ----
small() { bash -c 'trap "" XFSZ; ulimit -f 16; exec "$@"' - "$@"; }
fails 1 "no room for it" small "$STILLHERE" -C "$scratch/new" restore "$scratch/good.age" --sheet "$scratch/home.sheet"
ok "leaves nothing" test ! -e "$scratch/new"
mkdir -p "$scratch/new/.init/private/keys"
touch "$scratch/new/.init/private/keys/log.key"
runs "what an interrupted run left is no hindrance" still -C "$scratch/new" restore "$scratch/good.age" --sheet "$scratch/home.sheet"
runs "and no part of the result" still verify "$scratch/new"
rm -rf "$scratch/new"
still -C "$scratch/new" -q restore "$scratch/good.age" --sheet "$scratch/home.sheet" >/dev/null
mkdir "$scratch/new/.init"
mv "$scratch/new/public" "$scratch/new/.init/public"
runs "cut off between its last two steps: the next command finishes it" still -C "$scratch/new" show 1
runs "and the tree holds" still verify "$scratch/new"
mkdir "$scratch/new/.init"
mv "$scratch/new/public" "$scratch/new/.init/public"
fails 1 "a second restore does not touch that" still -C "$scratch/new" restore "$scratch/good.age" --sheet "$scratch/home.sheet"
ok "its public tree is still where it was" test -f "$scratch/new/.init/public/checkpoint"
rm -rf "$scratch/new"
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
    chmod 755 "$scratch"
    mkdir -m 700 "$scratch/user"
    cp "$scratch/good.age" "$scratch/home.sheet" "$scratch/user"
    chown -R 65534 "$scratch/user"
    user() { setpriv --reuid=65534 --regid=65534 --clear-groups "$STILLHERE" "$@"; }
    if user --version >/dev/null 2>&1; then
        runs "an ordinary user restores" user -C "$scratch/user/home" restore "$scratch/user/good.age" --sheet "$scratch/user/home.sheet"
        runs "recovers" user -C "$scratch/user/home" recover --i-know
        runs "backs up" user -C "$scratch/user/home" backup "$scratch/user/next.age"
        fails 1 "cannot read the backup of somebody else" user -C "$scratch/user/x" restore "$scratch/good.age" --sheet "$scratch/user/home.sheet"
        fails 1 "cannot restore where he may not write" user -C "$scratch/new" restore "$scratch/user/good.age" --sheet "$scratch/user/home.sheet"
        ok "leaves nothing" test ! -e "$scratch/new"
    else
        skip "an ordinary user restores" "the program lies where only root can read"
    fi
else
    skip "an ordinary user restores" "needs root and setpriv"
fi

# ---- what somebody else sealed to the archive key, which is public ----
if ! command -v age >/dev/null; then
    skip "backups made by others" "age is not installed"
    finish
    exit
fi
tail -1 "$scratch/home.sheet" >"$scratch/key"
tail -1 "$scratch/other.sheet" >"$scratch/other.key"
cat >"$scratch/forge.py" <<'P'
# forge.py IN OUT RULE: read a tar of ours, change it, write it in the one form that we take.
import re, sys, tarfile
source, target, rule = sys.argv[1:4]
members = []
with tarfile.open(source) as tar:
    for m in tar:
        members.append([m.name, m.mode, m.mtime, tar.extractfile(m).read()])
def find(pattern):
    return next(m for m in members if re.search(pattern, m[0]))
if rule == 'same':
    pass
elif rule == 'climb':
    members.append(['public/d/../../../evil', 0o644, 0, b'x'])
elif rule == 'absolute':
    members.append(['/tmp/evil', 0o644, 0, b'x'])
elif rule == 'page':
    members.append(['public/index.html', 0o644, 0, b'<script>'])
elif rule == 'lock':
    members.append(['private/lock', 0o600, 0, b''])
elif rule == 'twice':
    members.append(find(r'^public/checkpoint$'))
elif rule == 'document':
    m = find(r'^public/d/'); m[3] = m[3].replace(b'word', b'sord')
elif rule == 'checkpoint':
    m = find(r'^public/checkpoint$'); m[3] = m[3].replace(b'\n5\n', b'\n4\n')
elif rule == 'tile':
    m = find(r'^public/tile/0/000.p/5'); m[3] = bytes([m[3][0] ^ 1]) + m[3][1:]
elif rule == 'missing':
    members.remove(find(r'^public/d/'))
elif rule == 'nokey':
    members.remove(find(r'^private/keys/log'))
elif rule == 'logkey':
    m = find(r'^private/keys/log'); m[3] = b'00' * 32 + b'\n'
elif rule == 'cakey':
    m = find(r'^private/keys/c2pa'); m[3] = b'11' * 32 + b'\n'
elif rule == 'database':
    m = find(r'\.db$'); m[3] = b'not a database' * 100
elif rule == 'nodatabase':
    members.remove(find(r'\.db$'))
elif rule == 'quarantine':
    m = find(r'^private/quarantine/d/'); m[3] = m[3] + b' '
elif rule == 'empty':
    members = []
else:
    sys.exit('no such rule')
def header(name, mode, size, mtime):
    h = bytearray(512)
    h[0:len(name)] = name.encode()
    for at, width, value in ((100, 7, mode), (108, 7, 0), (116, 7, 0), (124, 11, size), (136, 11, mtime), (329, 7, 0), (337, 7, 0)):
        h[at:at + width] = b'%0*o' % (width, value)
    h[156:157] = b'0'
    h[257:265] = b'ustar\x0000'
    h[148:156] = b' ' * 8
    h[148:156] = b'%06o\0 ' % sum(h)
    h[155] = 0x20
    return bytes(h)
with open(target, 'wb') as out:
    for name, mode, mtime, data in members:
        h = bytearray(header(name, mode, len(data), int(mtime)))
        h[148:156] = b'%06o\0 ' % (sum(h[:148]) + 8 * 32 + sum(h[156:]))
        out.write(bytes(h) + data + bytes(-len(data) % 512))
    out.write(bytes(1024))
P
forge() { # RULE
    age -d -i "$scratch/key" "$scratch/good.age" >"$scratch/good.tar"
    /usr/bin/python3 "$scratch/forge.py" "$scratch/good.tar" "$scratch/forged.tar" "$1"
    age -e -i "$scratch/key" -o "$scratch/forged.age" "$scratch/forged.tar"
}
forge same
ok "the forger's tar is ours, byte for byte" cmp "$scratch/good.tar" "$scratch/forged.tar"
runs "so an unchanged one is taken" still -C "$scratch/new" restore "$scratch/forged.age" --sheet "$scratch/home.sheet"
rm -rf "$scratch/new"
while read -r rule pattern; do
    forge "$rule"
    refused "made by others: $rule" "$pattern" "$scratch/forged.age"
done <<'P'
climb not a header as stillhere writes it
absolute not a header as stillhere writes it
page public/index.html
lock private/lock
twice twice
document SHA-256
checkpoint not whole
tile not whole
missing not whole
nokey log.key
logkey not the keys
cakey not the keys
database .
nodatabase .
quarantine SHA-256
empty .
P
age -d -i "$scratch/other.key" "$scratch/other.age" | age -e -i "$scratch/key" -o "$scratch/forged.age"
refused "another channel, sealed to this sheet" 'not whole|another' "$scratch/forged.age"
tar -C "$home" -cf - public private | age -e -i "$scratch/key" -o "$scratch/forged.age"
refused "a tar of another program" 'not a header as stillhere writes it' "$scratch/forged.age"
same "the good backup is untouched by all this" "$(age -d -i "$scratch/key" "$scratch/good.age" | sha256sum)" "$(sha256sum <"$scratch/good.tar")"
finish
