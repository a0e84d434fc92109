#!/bin/bash
# rebuild: the same pages from the same truth, with or without the index.
. "${STILLHERE_SOURCE:?}/tests/lib.sh" || exit 1
channel home
home=$scratch/home
public=$home/public
for i in $(seq 1 25); do still -C "$home" -q checkin "word $i" >/dev/null; done
still -C "$home" -q withdraw 3 >/dev/null
content() { (cd "$public" && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum); }
before=$(content)
runs "rebuild" still -C "$home" rebuild
same "every byte is the same" "$(content)" "$before"
rm -r "$public/w" "$public/p" "$public"/index*
runs "pages lost" still -C "$home" rebuild
same "they come back the same" "$(content)" "$before"
rm -f "$home"/private/stillhere.db*
runs "index lost" still -C "$home" rebuild
same "nothing changed in public" "$(content)" "$before"
ok "a check-in works afterwards" still -C "$home" -q checkin
runs "and the tree holds" still verify "$home"
# What stands in the way of files: readers follow no symbolic links, so neither does what is published.
blocked() { # PATH PATTERN COMMAND...: public/PATH is made by COMMAND with its name at the end
    local what=$1 pattern=$2
    shift 2
    rm -rf "$scratch/b" "$scratch/away"
    cp -a "$home" "$scratch/b"
    mkdir "$scratch/away"
    mv "$scratch/b/public/$what" "$scratch/away/real"
    "$@" "$scratch/b/public/$what"
    fails 3 "$what: $*" still -C "$scratch/b" status
    has "  is said" "$out$err" "public/.*$what.*$pattern"
    fails 1 "  nothing is signed" still -C "$scratch/b" checkin
}
for what in d id tile/0 w now; do
    blocked "$what" 'symbolic link, .*put the folder itself in its place' ln -s "$scratch/away/real"
    before=$(tree_hash "$scratch/away")
    fails 1 "  nor written through it by rebuild" still -C "$scratch/b" rebuild
    has "  which says what to do" "$err" "put the folder itself in its place"
    same "  nothing changed there" "$(tree_hash "$scratch/away")" "$before"
    rm "$scratch/b/public/$what" && mv "$scratch/away/real" "$scratch/b/public/$what"
    runs "  put back" still -C "$scratch/b" checkin
    runs "  it holds" still verify "$scratch/b"
done
number=tile/0/000.p/$(sed -n 2p "$public/checkpoint")
# Every place in every way; without STILLHERE_FULL one way in three, another at each place.
turn=0
for what in checkpoint id/0.note id/current id tile tile/entries "$number" w p; do
    for how in mkfifo "ln -s $scratch/none" "mkdir -p" "ln -s $scratch/away/real"; do
        [ ! -d "$public/$what" ] || case $how in mkdir* | *real) continue ;; esac
        [ "$what:${how##*/}" != "$number:real" ] || continue # The same bytes: not looked at again.
        turn=$((turn + 1))
        [ -n "${STILLHERE_FULL-}" ] || [ $((turn % 3)) = 1 ] || continue
        blocked "$what" 'stillhere rebuild. (sets it aside|writes it anew)' $how
        runs "  rebuild" still -C "$scratch/b" rebuild
        [ "$what" = "$number" ] || ok "  sets it aside" test -e "$scratch/b/private/quarantine/changed/$what" -o -L "$scratch/b/private/quarantine/changed/$what"
        runs "  a word" still -C "$scratch/b" checkin
        runs "  it holds" still verify "$scratch/b"
    done
done
# A page can be made anew at any time: what stands in its place is out of the way with the next word.
for how in "ln -s $scratch/away/page" mkdir; do
    mv "$scratch/b/public/now/index.uk.html" "$scratch/away/page"
    $how "$scratch/b/public/now/index.uk.html"
    runs "a word, with ${how%% *} for a page" still -C "$scratch/b" checkin
    ok "  the page is a file" test -f "$scratch/b/public/now/index.uk.html" -a ! -L "$scratch/b/public/now/index.uk.html"
done
mkdir "$scratch/b/public/checkpoint.d" && mv "$scratch/b/public/checkpoint" "$scratch/b/public/checkpoint.d"
mkfifo "$scratch/b/public/checkpoint" && still -C "$scratch/b" -q rebuild >/dev/null
rm "$scratch/b/public/checkpoint" && mkdir "$scratch/b/public/checkpoint"
runs "set aside twice" still -C "$scratch/b" rebuild
same "both are kept" "$(find "$scratch/b/private/quarantine/changed" -name 'checkpoint*' | wc -l)" 2
tile=$public/tile/entries/000.p/$(sed -n 2p "$public/checkpoint")
flip "$tile" 10
fails 3 "a changed entry tile is seen" still verify "$home"
runs "rebuild heals it from the index" still -C "$home" rebuild
runs "and the tree holds" still verify "$home"
flip "$tile" 10
rm -f "$home"/private/stillhere.db*
fails 1 "without the index it cannot, and says so" still -C "$home" rebuild
finish
