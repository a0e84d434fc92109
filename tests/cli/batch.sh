#!/bin/bash
# Many entries in one commit: all of them or none, also after a power cut in the middle.
. "${STILLHERE_SOURCE:?}/tests/lib.sh" || exit 1
export STILLHERE_NOW=1800000000
channel home
home=$scratch/home
public=$home/public
still -C "$home" -q checkin "an early word" >/dev/null
cp -a "$home" "$scratch/before"
for i in $(seq 1 120); do
    if [ $((i % 40)) = 0 ]; then
        printf '{"words":"sealed %d","publish":"6h"}\n' "$i"
    else
        printf '{"words":"word %d","status":"well"}\n' "$i"
    fi
done >"$scratch/lines"
runs "120 lines" still -C "$home" --json post --batch "$scratch/lines"
same "all logged" "$(json "['count']")" 120
runs "the tree holds" still verify "$home"
pages() { find "$1/w" -name 'index*.html' | wc -l; }
same "five pages for each that is public" "$(pages "$public")" $((5 * 118))
has "the last is on the front page" "$(cat "$public/index.html")" "word 119"
same "the pages are readable for all" "$(find "$public/w" -type f ! -perm 644 -o -type d ! -perm 755 | wc -l)" 0
same "what is sealed is for its owner" "$(find "$home/private/sealed" -type f ! -perm 600 -o -type d ! -perm 700 | wc -l)" 0
same "one time for all of them" "$(find "$public/w" -type f -newer "$public/checkpoint" | wc -l)" 0
same "nothing is left over" "$(find "$home/private/tmp" "$home/private/staging" -mindepth 1 | wc -l)" 0
content() { (cd "$1" && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum); }
made=$(content "$public")

# The power goes before the one wait for the disk: names are there, what they hold is not.
cut() { # WHAT IS LEFT: "empty" names, "half" of them, or "none"
    rm -rf "$scratch/cut"
    cp -a "$home" "$scratch/cut"
    cp -a "$scratch/before/public/checkpoint" "$scratch/cut/public/checkpoint"
    local new=$scratch/new
    (cd "$scratch/cut" && find public/d public/tile private/sealed -type f | LC_ALL=C sort) >"$scratch/after.list"
    (cd "$scratch/before" && find public/d public/tile -type f | LC_ALL=C sort) >"$scratch/before.list"
    LC_ALL=C comm -23 "$scratch/after.list" "$scratch/before.list" >"$new"
    (cd "$scratch/cut" && case $1 in
        empty) xargs truncate -s 0 <"$new" ;;
        half) awk 'NR % 2' "$new" | xargs truncate -s 20 ;;
        none) xargs rm <"$new" ;;
    esac)
    rm -rf "$scratch/cut/public/w"
    cp -a "$scratch/before/public/w" "$scratch/cut/public/w"
}
for left in empty half none; do
    cut $left
    runs "$left: the next command" still -C "$scratch/cut" status
    has "knows them all" "$out" "Log: 122 entries"
    runs "$left: the tree holds" still verify "$scratch/cut"
    runs "$left: all of it is there" still audit "$scratch/cut"
    runs "$left: another word" still -C "$scratch/cut" -q checkin "after"
    same "$left: as many pages as there are words" "$(pages "$scratch/cut/public")" $((5 * 119))
    STILLHERE_NOW=1800021600 runs "$left: what is sealed opens" still -C "$scratch/cut" --json publish --due
    same "$left: all of it" "$(json "['opened'].__len__()")" 3
    cut $left
    runs "$left: rebuild" still -C "$scratch/cut" rebuild
    runs "$left: the tree holds" still verify "$scratch/cut"
    same "$left: as it was" "$(content "$scratch/cut/public")" "$made"
    STILLHERE_NOW=1800021600 runs "$left: what is sealed opens" still -C "$scratch/cut" --json publish --due
    same "$left: all of it" "$(json "['opened'].__len__()")" 3
done

# One entry, cut between its commit and its publication, and then a rebuild.
for kind in "--publish 6h" "--publish when-i-say"; do
    rm -rf "$scratch/cut"
    cp -a "$scratch/before" "$scratch/cut"
    # shellcheck disable=SC2086
    still -C "$scratch/cut" -q checkin $kind "sealed alone" >/dev/null
    rm -rf "$scratch/cut/private/sealed" "$scratch/cut/public"
    cp -a "$scratch/before/public" "$scratch/cut/public"
    runs "$kind: rebuild" still -C "$scratch/cut" rebuild
    runs "$kind: it waits" still -C "$scratch/cut" --json status
    same "$kind: one" "$(json "['sealed']")" 1
    STILLHERE_NOW=1800021600 still -C "$scratch/cut" -q publish --due >/dev/null
    STILLHERE_NOW=1800021600 still -C "$scratch/cut" -q publish 2 >/dev/null
    has "$kind: it opens" "$(cat "$scratch/cut/public/index.html")" "sealed alone"
    runs "$kind: the tree holds" still verify "$scratch/cut"
done
# So with a withdrawal: what it hides stays hidden.
rm -rf "$scratch/cut"
cp -a "$scratch/before" "$scratch/cut"
still -C "$scratch/cut" -q withdraw 1 --reason "a mistake" >/dev/null
rm -rf "$scratch/cut/private/quarantine" "$scratch/cut/public"
cp -a "$scratch/before/public" "$scratch/cut/public"
runs "withdraw: rebuild" still -C "$scratch/cut" rebuild
lacks "its words are gone" "$(cat "$scratch/cut/public/index.html")" "an early word"
has "its reason is there" "$(cat "$scratch/cut/public/w/001/index.html")" "a mistake"
runs "withdraw: the tree holds" still verify "$scratch/cut"
# Each clip's folder stays open until all are logged: more of them than a shell allows at first.
if ffmpeg -nostdin -loglevel error -y -f lavfi -i testsrc=duration=1:size=64x64:rate=10 \
    -pix_fmt yuv420p -c:v libx264 "$scratch/clip.mp4" 2>/dev/null; then
    for i in $(seq 1 40); do printf '{"clip":"%s","words":"clip %d"}\n' "$scratch/clip.mp4" "$i"; done >"$scratch/clips"
    runs "clips, with few descriptors" bash -c 'ulimit -Sn 60 && exec "$0" -C "$1" --json post --no-poster --batch "$2"' "$STILLHERE" "$home" "$scratch/clips"
    same "all logged" "$(json "['count']")" 40
    runs "the tree holds" still verify "$home"
else
    skip "clips, with few descriptors" "ffmpeg makes no H.264 here"
fi
finish
