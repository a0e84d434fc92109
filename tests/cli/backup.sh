#!/bin/bash
# backup: sealed, whole, consistent while posting goes on, and never instead of another file.
. "$STILLHERE_SOURCE/tests/lib.sh" || exit 1
channel home "A name to look for"
home=$scratch/home
for i in 1 2 3 4 5; do still -C "$home" -q checkin "word number $i" >/dev/null; done
still -C "$home" -q withdraw 2 >/dev/null
# Two trees hold the same files; an empty folder is none.
alike() { [ "$(cd "$1" && find . -type f -exec sha256sum {} + | sort)" = "$(cd "$2" && find . -type f -exec sha256sum {} + | sort)" ]; }
tail -1 "$scratch/home.sheet" >"$scratch/key"

before=$(tree_hash "$home/public")
runs "a backup" still -C "$home" backup "$scratch/one.age"
has "says where it is and how far it reaches" "$out" "one\.age.*entry 6"
same "readable for its owner alone" "$(stat -c %a "$scratch/one.age")" 600
same "the public tree is as before" "$(tree_hash "$home/public")" "$before"
same "an age file" "$(head -1 "$scratch/one.age")" age-encryption.org/v1
lacks "nothing of it in clear" "$(strings "$scratch/one.age" 2>/dev/null || cat -v "$scratch/one.age")" 'name to look for|stillhere-entry|ustar'
same "no other file is left beside it" "$(find "$scratch" -maxdepth 1 -name '.stillhere*' | wc -l)" 0
runs "JSON" still -C "$home" --json backup "$scratch/json.age"
same "JSON: size of the log" "$(json "['size']")" 7
same "JSON: bytes" "$(json "['bytes']")" "$(stat -c %s "$scratch/json.age")"

if command -v age >/dev/null; then
    mkdir "$scratch/out"
    age -d -i "$scratch/key" "$scratch/one.age" >"$scratch/one.tar"
    ok "age and tar open it with the sheet's last line" tar -C "$scratch/out" -xf "$scratch/one.tar"
    for path in checkpoint id/0.note id/current tile/0/000.p/7 tile/entries/000.p/7; do
        ok "public/$path is the same" cmp "$home/public/$path" "$scratch/out/public/$path"
    done
    ok "every document too" alike "$home/public/d" "$scratch/out/public/d"
    ok "what was withdrawn too" alike "$home/private/quarantine" "$scratch/out/private/quarantine"
    ok "the keys too" alike "$home/private/keys" "$scratch/out/private/keys"
    runs "and it is a tree that holds" still verify "$scratch/out/public"
    ok "pages, locks and temporary files are left out" test ! -e "$scratch/out/public/index.html" -a ! -e "$scratch/out/private/lock" -a ! -e "$scratch/out/private/tmp"
else
    skip "age and tar open it with the sheet's last line" "age is not installed"
fi

# ---- what is there already ----
sum=$(sha256sum "$scratch/one.age")
fails 1 "a file that is there" still -C "$home" backup "$scratch/one.age"
same "is left alone" "$(sha256sum "$scratch/one.age")" "$sum"
has "the message tells the way out" "$err" '--force'
runs "unless --force says otherwise" still -C "$home" backup --force "$scratch/one.age"
ok "then it is another one" test "$(sha256sum "$scratch/one.age")" != "$sum"
fails 1 "a folder that is not there" still -C "$home" backup "$scratch/none/x.age"
fails 1 "a directory for a file" still -C "$home" backup "$scratch/out/"
fails 1 "inside of the public tree" still -C "$home" backup "$home/public/x.age"
fails 1 "below the private tree" still -C "$home" backup "$home/private/keys/x.age"
ok "nothing was written there" test ! -e "$home/public/x.age" -a ! -e "$home/private/keys/x.age"
fails 2 "no file" still -C "$home" backup
fails 2 "two files" still -C "$home" backup a b
fails 1 "no channel" still -C "$scratch" backup "$scratch/y.age"
ok "leaves no file" test ! -e "$scratch/y.age"
cp -a "$home" "$scratch/torn"
find "$scratch/torn/public/d" -name '*.json' | head -1 | xargs rm
fails 1 "a document that is missing is no whole backup" still -C "$scratch/torn" backup "$scratch/torn.age"
ok "so there is none" test ! -e "$scratch/torn.age"
same "nor a part of one" "$(find "$scratch" -maxdepth 1 -name '.stillhere*' | wc -l)" 0

# ---- a disk that fills ----
sum=$(sha256sum "$scratch/one.age")
room=$(($(stat -c %s "$scratch/one.age") / 1024 - 1)) # as good as enough, so that the end fails
small() { bash -c 'trap "" XFSZ; ulimit -f "$0"; exec "$@"' "$room" "$@"; }
fails 1 "no room for it" small "$STILLHERE" -C "$home" backup --force "$scratch/one.age"
has "says so" "$err" 'one\.age'
same "the older backup is still there" "$(sha256sum "$scratch/one.age")" "$sum"
same "and no part of the new one" "$(find "$scratch" -maxdepth 1 -name '.stillhere*' | wc -l)" 0

# ---- what is sealed, and what waits for a slot of the covers ----
(
    export STILLHERE_NOW=1900202400 # a whole hour
    channel sealed-home
    still -C sealed-home -q checkin --publish 3h "sealed for later" >/dev/null
    still -C sealed-home -q settings covers every 1h >/dev/null
    STILLHERE_NOW=1900202500 still -C sealed-home -q checkin --publish when-i-say "first in the queue" >/dev/null
    STILLHERE_NOW=1900202600 still -C sealed-home -q checkin --publish 9h "second in the queue" >/dev/null
)
waits=$scratch/sealed-home/private/waiting
same "two wait for a slot" "$(ls "$waits" | wc -l)" 2
runs "a backup of them" still -C "$scratch/sealed-home" backup "$scratch/sealed.age"
same "its links are gone" "$(ls "$scratch/sealed-home/private/staging")" ""
runs "is restored" still -C "$scratch/sealed-back" restore "$scratch/sealed.age" --sheet "$scratch/sealed-home.sheet"
ok "with all that waits" alike "$waits" "$scratch/sealed-back/private/waiting"
ok "and all that is sealed" alike "$scratch/sealed-home/private/sealed" "$scratch/sealed-back/private/sealed"
runs "which goes on" still -C "$scratch/sealed-back" recover --i-know
(
    export STILLHERE_NOW=1900206000
    still -C sealed-back -q publish --due
    export STILLHERE_NOW=1900209600
    still -C sealed-back -q publish --due
    export STILLHERE_NOW=1900213200
    still -C sealed-back -q publish --due
) >/dev/null
same "each took its slot" "$(ls "$scratch/sealed-back/private/waiting")" ""
ok "what was sealed came in its time" grep -q 'sealed for later' "$scratch/sealed-back/public/index.html"
ok "what waited is sealed" grep -rq 'second in the queue' "$scratch/sealed-back/private/sealed"
runs "the restored tree holds" still verify "$scratch/sealed-back"
rm "$waits/$(ls "$waits" | head -1)/document"
fails 1 "one that waits and is damaged is no whole backup" still -C "$scratch/sealed-home" backup "$scratch/cut.age"
has "says which" "$err" "private/waiting/$(ls "$waits" | head -1)"
ok "so there is none" test ! -e "$scratch/cut.age"

# ---- what waits for a slot, where the file system knows no hard links ----
cat >"$scratch/nolink.c" <<'C'
#include <errno.h>
int linkat(int a, const char *b, int c, const char *d, int e)
{
    (void)a, (void)b, (void)c, (void)d, (void)e;
    errno = EPERM;
    return -1;
}
C
if gcc -shared -fPIC -o "$scratch/nolink.so" "$scratch/nolink.c" 2>/dev/null; then
    channel links
    still -C "$scratch/links" -q settings covers every 1h >/dev/null
    still -C "$scratch/links" -q checkin --publish 6h "waits" >/dev/null
    runs "a backup without links" env LD_PRELOAD="$scratch/nolink.so" ASAN_OPTIONS=verify_asan_link_order=0 \
        "$STILLHERE" -C "$scratch/links" backup "$scratch/links.age"
    runs "restores" still -C "$scratch/links2" restore "$scratch/links.age" --sheet "$scratch/links.sheet"
    same "with what waits" "$(cd "$scratch/links2/private/waiting" && find . -type f | sort | xargs cat | sha256sum)" \
        "$(cd "$scratch/links/private/waiting" && find . -type f | sort | xargs cat | sha256sum)"
    ok "which is something" test -n "$(find "$scratch/links2/private/waiting" -type f)"
else
    skip "a backup without links" "no gcc to build the preload"
fi

# ---- while posting and withdrawing go on ----
(for i in $(seq 1 40); do
    still -C "$home" -q checkin "meanwhile $i"
    [ $((i % 5)) = 0 ] && still -C "$home" -q withdraw $((i + 6))
done) >/dev/null 2>&1 &
poster=$!
made=0
whole=0
while kill -0 $poster 2>/dev/null; do
    made=$((made + 1))
    still -C "$home" -q backup "$scratch/live$made.age" >/dev/null 2>"$scratch/live.err" || cat "$scratch/live.err" | sed 's/^/# /'
done
wait $poster
for i in $(seq 1 $made); do
    still -C "$scratch/live$i" -q restore "$scratch/live$i.age" --sheet "$scratch/home.sheet" >/dev/null 2>&1 &&
        still verify "$scratch/live$i" >/dev/null 2>&1 && whole=$((whole + 1))
done
ok "backups were made meanwhile" test "$made" -gt 1
same "each of them holds" "$whole" "$made"
runs "and the channel itself does" still verify "$home"
# A clock that was once far ahead: the times of files stay there, and are more than an archive can hold.
channel ahead "Ahead"
STILLHERE_NOW=64060588800 still -C "$scratch/ahead" -q checkin "in the year 4000" >/dev/null
runs "a backup after a clock was far ahead" still -C "$scratch/ahead" backup "$scratch/ahead.age"
runs "restores" still -C "$scratch/ahead-again" restore "$scratch/ahead.age" --sheet "$scratch/ahead.sheet"
runs "and holds" still verify "$scratch/ahead-again"
finish
