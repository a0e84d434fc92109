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
tile=$public/tile/entries/000.p/$(sed -n 2p "$public/checkpoint")
damage() { printf 'x' | dd of="$tile" bs=1 seek=10 conv=notrunc status=none; }
damage
fails 3 "a changed entry tile is seen" still verify "$home"
runs "rebuild heals it from the index" still -C "$home" rebuild
runs "and the tree holds" still verify "$home"
damage
rm -f "$home"/private/stillhere.db*
fails 1 "without the index it cannot, and says so" still -C "$home" rebuild
finish
