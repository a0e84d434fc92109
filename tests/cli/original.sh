#!/bin/bash
# original: the untouched clip is sealed in one pass, opened with a sheet, and is what was meant.
. "${STILLHERE_SOURCE:?}/tests/lib.sh" || exit 1
channel home
home=$scratch/home
private=$home/private
ffmpeg -nostdin -loglevel error -y -f lavfi -i testsrc=duration=1:size=160x120:rate=10 \
    -f lavfi -i sine=duration=1 -c:v libx264 -pix_fmt yuv420p -c:a aac \
    -metadata title=CANARYTITLE -metadata location=+46.4825+030.7233/ -movflags use_metadata_tags clip.mp4
# In clear nowhere: not the title that the untouched clip holds, and not its beginning.
sealed_only() { ! grep -rqa -e CANARYTITLE -e '+46.4825' "$1"; }
originals() { find "$1/private/originals" -type f 2>/dev/null | wc -l; }
open_it() { still -C "$home" --json original open "$1" --sheet "$scratch/home.sheet" -o "$2"; }
sha() { sha256sum "$1" | cut -d' ' -f1; }

# ---- not kept unless asked for ----
runs "by default" still -C "$home" --json post clip.mp4 --no-poster
same "nothing is kept" "$(originals "$home")" 0
lacks "and nothing committed to" "$out" '"orig"'
fails 1 "so there is nothing to open" open_it 1 none.mp4
has "it says so" "$err" "none was kept"
ok "and there is no file" test ! -e none.mp4

# ---- kept ----
runs "--keep-original" still -C "$home" --json post clip.mp4 --no-poster --keep-original "kept"
orig=$(json "['orig']")
same "one is kept" "$(originals "$home")" 1
sealed=$(find "$private/originals" -type f)
same "for its owner alone" "$(stat -c %a "$sealed" "$private/originals" | tr '\n' ' ')" "600 700 "
ok "in clear nowhere" sealed_only "$home"
same "an age file" "$(head -1 "$sealed")" age-encryption.org/v1
document=$(still -C "$home" --json show 2)
same "named for the dispatch" "$(basename "$sealed")" "$(printf '%s' "$document" | /usr/bin/python3 -c "import json,sys; print(json.load(sys.stdin)['document']['dispatch'])").age"
same "the document commits to it" "$(printf '%s' "$document" | /usr/bin/python3 -c "import json,sys; print(json.load(sys.stdin)['document']['orig'])")" "$orig"
has "show says it" "$(still -C "$home" show 2)" "$orig"
has "status counts it" "$(still -C "$home" status)" "Untouched clips kept here, sealed: 1"
still -C "$home" --json status >status.json
same "in JSON, too" "$(/usr/bin/python3 -c "import json; d=json.load(open('status.json')); print(d['originals']['count'], d['originals']['bytes'])")" "1 $(stat -c %s "$sealed")"
has "doctor names it" "$(still -C "$home" doctor)" "note: Untouched clips kept here, sealed: 1"
runs "the tree holds" still verify "$home"
same "nothing is staged afterwards" "$(ls "$private/staging" | wc -l)" 0
size=$(stat -c %s clip.mp4)
ok "padded by at most 12 % and a header" test "$(stat -c %s "$sealed")" -le $((size * 112 / 100 + 700)) -a "$(stat -c %s "$sealed")" -gt "$size"

# ---- opened ----
runs "with the sheet" open_it 2 back.mp4
same "says their SHA-256" "$(json "['sha256']")" "$(sha clip.mp4)"
same "and what the entry committed to" "$(json "['orig']")" "$orig"
same "which others can repeat" "$(/usr/bin/python3 -c 'import sys; sys.stdout.buffer.write(bytes.fromhex("".join(sys.argv[1:])))' \
    "$(json "['random']")" "$(json "['sha256']")" | sha256sum | cut -d' ' -f1)" "$orig"
same "the document is there" "$(/usr/bin/python3 -c "import json; print(json.load(open('$home/public/$(json "['document']")'))['orig'])")" "$orig"
ok "the untouched bytes" cmp clip.mp4 back.mp4
same "for their owner alone" "$(stat -c %a back.mp4)" 600
before=$(sha back.mp4)
fails 1 "never over a file" open_it 2 back.mp4
same "which stays as it was" "$(sha back.mp4)" "$before"
ln -s nowhere.mp4 link.mp4
fails 1 "nor through a link" open_it 2 link.mp4
ok "that leads nowhere" test ! -e nowhere.mp4
fails 2 "not into the public tree" open_it 2 "$home/public/x.mp4"
fails 2 "nor the private one" open_it 2 "$private/x.mp4"
ok "nothing lies there" test ! -e "$home/public/x.mp4" -a ! -e "$private/x.mp4"
fails 1 "nor where no folder is" open_it 2 none/x.mp4
same "nothing is left over" "$(find . -maxdepth 1 -name '.stillhere*' | wc -l)" 0
runs "in words" still -C "$home" original open 2 --sheet home.sheet
has "its own name" "$out" "original-2\.mp4: the untouched clip of entry 2"
has "what holds" "$out" "These bytes are what entry 2 committed to"
has "and what it does not show" "$out" "It does not show"
lacks "never a word of truth" "$out" "[Vv]erified|[Aa]uthentic|[Tt]rue"
ok "the same bytes" cmp clip.mp4 original-2.mp4
ok "the channel is as before: in clear nowhere" sealed_only "$home"
if command -v age >/dev/null; then
    tail -n 1 home.sheet >key
    age -d -i key "$sealed" >all
    tail -n 4 all >tail.txt
    has "age opens it, and it says what it is" "$(cat tail.txt)" 'stillhere-original/1'
    head -c "$((10#$(sed -n 's/^bytes //p' tail.txt)))" all >cut.mp4
    ok "cut to its size it is the clip" cmp clip.mp4 cut.mp4
    ok "and plays as it is" ffprobe -loglevel error all
else
    skip "age opens it" "age is not installed"
fi

# ---- clips of other sorts ----
ffmpeg -nostdin -loglevel error -y -i clip.mp4 -c copy -f mov clip.mov
ffmpeg -nostdin -loglevel error -y -i clip.mp4 -c copy clip.mkv
runs "a MOV" still -C "$home" --json post clip.mov --no-poster --keep-original
n=$(json "['index']")
runs "opens" still -C "$home" -q original open "$n" --sheet home.sheet
ok "as a MOV" cmp clip.mov "original-$n.mov"
rm "$private/originals/$(still -C "$home" --json show "$n" | /usr/bin/python3 -c "import json,sys; print(json.load(sys.stdin)['document']['dispatch'])").age"
runs "an MKV that is coded anew" still -C "$home" --json post clip.mkv --transcode --no-poster --keep-original
n=$(json "['index']")
runs "opens as it was" still -C "$home" -q original open "$n" --sheet home.sheet
ok "an MKV" cmp clip.mkv "original-$n.mkv"
ok "and in clear nowhere" sealed_only "$home"
rm "$private/originals/$(still -C "$home" --json show "$n" | /usr/bin/python3 -c "import json,sys; print(json.load(sys.stdin)['document']['dispatch'])").age"

# ---- wrong words, wrong sheets ----
channel other
fails 1 "another channel's sheet" still -C "$home" original open 2 --sheet other.sheet -o x.mp4
has "is named" "$err" "is of channel"
fails 2 "no sheet and no terminal" still -C "$home" original open 2 -o x.mp4 </dev/null
fails 2 "no number" still -C "$home" original open --sheet home.sheet
fails 2 "no verb" still -C "$home" original 2 --sheet home.sheet
fails 2 "the identity has none" still -C "$home" original open 0 --sheet home.sheet -o x.mp4
fails 1 "no such entry" still -C "$home" original open 99 --sheet home.sheet -o x.mp4
fails 2 "both options" still -C "$home" post clip.mp4 --keep-original --no-original
fails 2 "two clips" still -C "$home" post clip.mp4 clip.mp4 --keep-original
has "the way out" "$err" "no-original"
ok "no file came of it" test ! -e x.mp4
same "nothing more is kept" "$(originals "$home")" 1

# ---- what is not right is not handed out ----
cp "$sealed" good.age
cp clip.mp4 clip2.mp4
printf 'free' >>clip2.mp4
for how in flip cut more swap gone; do
    case $how in
    flip) flip "$sealed" 9000 ;;
    cut) truncate -s -1 "$sealed" ;;
    more) printf X >>"$sealed" ;;
    swap)
        still -C "$home" --json post clip2.mp4 --no-poster --keep-original >/dev/null 2>&1 ||
            still -C "$home" -q post clip.mp4 --no-poster --keep-original >/dev/null
        cp "$(find "$private/originals" -type f ! -path "$sealed")" "$sealed"
        ;;
    gone) rm "$sealed" ;;
    esac
    want=1
    [ $how = swap ] && want=3
    fails $want "$how" open_it 2 bad.mp4
    why=$err
    ok "$how: no file" test ! -e bad.mp4
    same "$how: none left over" "$(find . -maxdepth 1 -name '.stillhere*' | wc -l)" 0
    cp good.age "$sealed"
done
has "a sealed file that is gone is said" "$why" "is not here"

# ---- the setting ----
fails 2 "a setting of another kind" still -C "$home" settings originals some
runs "kept from now on" still -C "$home" settings originals keep
runs "so it is" still -C "$home" --json post clip.mp4 --no-poster
n=$(json "['index']")
same "one more" "$(originals "$home")" 3
runs "and opens" open_it "$n" set.mp4
ok "as it was" cmp clip.mp4 set.mp4
runs "but not when told" still -C "$home" --json post clip.mp4 --no-poster --no-original
same "none more" "$(originals "$home")" 3
fails 2 "two clips need to be told" still -C "$home" post clip.mp4 clip.mp4 --no-poster
printf '{"clip":"clip.mp4","words":"a"}\n{"words":"b"}\n{"clip":"clip.mp4","publish":"6h"}\n' >batch
runs "a batch" still -C "$home" --json post --batch batch --no-poster
b=$(json "['index']")
same "one for each clip" "$(originals "$home")" 5
runs "the first opens" open_it "$b" b1.mp4
runs "the sealed one, too" open_it $((b + 2)) b3.mp4
ok "the same bytes" cmp b1.mp4 b3.mp4
runs "published later" still -C "$home" -q publish $((b + 2))
same "it stays" "$(originals "$home")" 5
ok "and is not public" sealed_only "$home"
runs "off" still -C "$home" settings originals none

# ---- withdrawn, corrected ----
runs "corrected" still -C "$home" --json correct "$b" "b, better"
c=$(json "['index']")
has "the correction commits to it, too" "$(still -C "$home" --json show "$c")" '"orig"'
runs "opens by the correction" open_it "$c" c.mp4
rm c.mp4
runs "hidden" still -C "$home" -q withdraw "$b"
same "is kept" "$(originals "$home")" 5
runs "and opens" open_it "$b" c.mp4
runs "what a purge deletes" still -C "$home" withdraw "$b" --purge --dry-run
has "is said" "$out" '^private/originals/[0-9a-f]{64}\.age$'
lacks "what a hiding takes is less" "$(still -C "$home" withdraw 2 --dry-run)" originals
runs "purged" still -C "$home" -q withdraw "$b" --purge --sheet home.sheet
same "one less" "$(originals "$home")" 4
fails 1 "gone" open_it "$b" d.mp4
has "by which entry" "$err" "purged"

# ---- backup, restore, a new archive key ----
runs "backup" still -C "$home" -q backup b.age
runs "restore" still -C "$scratch/again" -q restore b.age --sheet home.sheet
same "all are there" "$(cd "$scratch/again/private/originals" && sha256sum -- * | sort)" "$(cd "$private/originals" && sha256sum -- * | sort)"
same "for their owner alone" "$(find "$scratch/again/private/originals" -type f -printf '%m\n' | sort -u)" 600
runs "rebuilt" still -C "$home" -q rebuild
runs "and they still open" open_it 2 e.mp4
runs "a new archive key" still -C "$home" -q key rotate archive --sheet home.sheet --to new.sheet
fails 1 "the new sheet opens no old one" still -C "$home" original open 2 --sheet new.sheet -o f.mp4
has "and says which does" "$err" "key rotate archive"
runs "the old one does" open_it 2 f.mp4
runs "what is sealed from now on" still -C "$home" --json post clip.mp4 --no-poster --keep-original
n=$(json "['index']")
runs "opens with the new one" still -C "$home" -q original open "$n" --sheet new.sheet -o g.mp4
fails 1 "not with the old one" open_it "$n" h.mp4

# ---- two of three, and covers ----
still -q init "$scratch/three" --name Three --two-of-three --sheet "$scratch/s1" --sheet "$scratch/s2" --sheet "$scratch/s3" >/dev/null 2>&1
runs "covers on" still -C three -q settings covers every 1h
export STILLHERE_NOW=1900200000
runs "one waits for its slot" still -C three --json post clip.mp4 --no-poster --keep-original --publish 6h
same "with its original beside it" "$(find three/private/waiting -name original | wc -l)" 1
ok "in clear nowhere" sealed_only three
runs "its slot" env STILLHERE_NOW=1900202400 "$STILLHERE" -C three -q publish --due
same "now it is kept" "$(originals three)" 1
same "and waits no more" "$(find three/private/waiting -type f | wc -l)" 0
runs "another waits" env STILLHERE_NOW=1900203000 "$STILLHERE" -C three --json post clip.mp4 --no-poster --keep-original --publish 6h
id=$(json "['id']")
runs "and is taken back" still -C three -q publish --cancel "$id"
same "with its original" "$(find three/private -name 'original' | wc -l)" 0
runs "any one sheet opens it" still -C three -q original open 1 --sheet s2 -o three.mp4
ok "the same bytes" cmp clip.mp4 three.mp4
{ cat s3; echo; } >typed
runs "one is asked for on a terminal" /usr/bin/python3 "$STILLHERE_SOURCE/tests/cli/terminal.py" "$scratch/typed" screen answer "$STILLHERE" -C three original open 1 -o typed.mp4
ok "the same bytes again" cmp clip.mp4 typed.mp4
finish
