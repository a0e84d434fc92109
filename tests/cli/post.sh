#!/bin/bash
# post CLIP: real clips become dispatches; what is refused says why, and leaves nothing.
. "${STILLHERE_SOURCE:?}/tests/lib.sh" || exit 1
channel home
home=$scratch/home
public=$home/public
clips=$STILLHERE_SHARED/clips
vectors=$STILLHERE_SHARED/vectors/safety
ffmpeg -nostdin -loglevel error -y -f lavfi -i testsrc=duration=2:size=320x240:rate=25 \
    -f lavfi -i sine=duration=2 -c:v libx264 -pix_fmt yuv420p -c:a aac \
    -metadata title=CANARYTITLE -metadata location=+46.4825+030.7233/ -movflags use_metadata_tags clip.mp4

# ---- what is posted ----
runs "a clip" still -C "$home" --json post clip.mp4 --well --place Odesa "Back from shopping"
same "index" "$(json "['index']")" 1
same "video and poster" "$(json "['blobs'][0]['role']+d['blobs'][1]['role']")" videoposter
video=$public/$(json "['blobs'][0]['path']")
same "the blob has the SHA-256 it is named by" "$(sha256sum <"$video" | cut -d' ' -f1)" "$(json "['blobs'][0]['sha256']")"
same "and the size" "$(stat -c %s "$video")" "$(json "['blobs'][0]['bytes']")"
lacks "no title, no place in the file" "$(strings -n 4 "$video")" 'CANARY|46\.48|Lavf'
same "pictures and sound are the same" \
    "$(ffmpeg -nostdin -loglevel error -i "$video" -f framemd5 - | grep -v '^#')" \
    "$(ffmpeg -nostdin -loglevel error -i clip.mp4 -f framemd5 - | grep -v '^#')"
has "the page plays it" "$(cat "$public/w/001/index.html")" '<video'
runs "the tree holds" still verify "$home"
runs "two clips are one dispatch" still -C "$home" --json post clip.mp4 clip.mp4 --no-poster
same "two videos" "$(json "['blobs'].__len__()")" 2
before=$(tree_hash "$public")
runs "dry run" still -C "$home" post clip.mp4 --dry-run "words"
has "says what is left out" "$out" 'place, maker and author'
has "and what the clip tells" "$out" 'Place: Odesa.*exact to 2 m'
lacks "once" "$err" .
same "and published nothing" "$(tree_hash "$public")" "$before"
same "nothing is staged afterwards" "$(ls "$home/private/staging" | wc -l)" 0
runs "the next word is promised" env STILLHERE_NOW=1790000000 "$STILLHERE" -C "$home" --json post clip.mp4 --no-poster --next-due 1d12h
same "by then" "$(json "['due']")" "{'promised': True, 'by': 1790129600, 'silent': False, 'late': False}"
runs "a dry run promises it too" env STILLHERE_NOW=1790000000 "$STILLHERE" -C "$home" --json post clip.mp4 --dry-run --next-due 21:00
same "by the next 21:00" "$(json "['next_due']")" 1790024400
printf x >"$scratch/loose.mp4"
fails 2 "words without quotes" still -C "$home" post "$scratch/loose.mp4" Back from shopping
has "are asked for in quotes" "$err" 'in quotes'
fails 2 "a promise in the past" still -C "$home" post clip.mp4 --next-due 2020-01-01T00:00Z
# The time that was promised passes while the clip is read: the word goes out, without it.
passed=
for _ in 1 2 3 4 5 6 7 8 9 10; do
    "$STILLHERE" -C "$home" --json post clip.mp4 --no-poster --next-due 1s >"$scratch/late" 2>"$scratch/late.err" &
    poster=$!
    while kill -0 $poster 2>/dev/null && [ -z "$(ls "$home/private/staging")" ]; do :; done
    kill -STOP $poster 2>/dev/null && sleep 2.1 && kill -CONT $poster
    wait $poster || break
    out=$(cat "$scratch/late")
    if grep -q 'has passed while' "$scratch/late.err"; then
        passed=$(json "['due']['promised']")
        break
    fi
done
same "a word is not late when it comes" "$passed" False
runs "in Ukrainian" still --lang uk -C "$home" post clip.mp4 --no-poster --lang uk "слова"
runs "a file whose name looks like an option" bash -c 'cp clip.mp4 ./--odd.mp4; "$0" -C "$1" post --no-poster -- --odd.mp4' "$STILLHERE" "$home"
runs "closed descriptors are not taken by files of the channel" \
    bash -c '"$0" -C "$1" post --no-poster clip.mp4 <&- >&- 2>&-; "$0" verify "$1"' "$STILLHERE" "$home"
lacks "no progress in a pipe" "$err" '%'

# ---- what is refused ----
before=$(tree_hash "$public")
refuse() { # NAME PATTERN FILE [ARGS...]
    local name=$1 pattern=$2
    shift 2
    fails 1 "$name" still -C "$home" post "$@"
    has "$name: says why" "$err" "$pattern"
}
: >empty.mp4
echo "this is only text" >text.mp4
head -c 10000 clip.mp4 >cut.mp4
ffmpeg -nostdin -loglevel error -y -i clip.mp4 -c copy -movflags +faststart front.mp4
head -c $(($(stat -c %s front.mp4) - 1)) front.mp4 >cutdata.mp4
/usr/bin/python3 - <<'P'
import struct
def box(kind, body): return struct.pack(">I", 8 + len(body)) + kind + body
deep = b""
for _ in range(1000): deep = box(b"moov", deep)
open("deep.mp4", "wb").write(box(b"ftyp", b"isom\0\0\0\0isom") + deep)
clip = open("clip.mp4", "rb").read()
at = clip.find(b"moov") - 4
open("halfmoov.mp4", "wb").write(clip[:at + 200])
P
refuse "an empty file" 'empty' empty.mp4
refuse "text named .mp4" 'text' text.mp4
refuse "a truncated clip" 'cut|missing|short|end' cut.mp4
refuse "a clip whose last byte is missing" 'cut|missing|short|end' cutdata.mp4
refuse "a truncated moov" 'cut|missing|short|end' halfmoov.mp4
refuse "1,000 nested moov" 'moov' deep.mp4
ffmpeg -nostdin -loglevel error -y -i clip.mp4 -frames:v 1 photo.jpg
refuse "a photo" 'photo' photo.jpg
ffmpeg -nostdin -loglevel error -y -i clip.mp4 -c:v libvpx -c:a libvorbis -t 0.4 clip.webm
refuse "WebM" 'WebM|Matroska' clip.webm
ffmpeg -nostdin -loglevel error -y -i clip.mp4 -c copy clip.mkv
refuse "MKV" 'WebM|Matroska' clip.mkv
ffmpeg -nostdin -loglevel error -y -i clip.mp4 -vn -c:a copy voice.m4a
refuse "a voice message" 'no video|sound only|without (a )?video|voice' voice.m4a
ffmpeg -nostdin -loglevel error -y -f lavfi -i testsrc=duration=1:size=352x288:rate=15 -c:v h263 h263.3gp
refuse "H.263" 'H\.263|s263' h263.3gp
refuse "words with bidi controls" 'U\+202E' clip.mp4 $'a\u202eb'
fails 2 "a file that is not there looks like no words" still -C "$home" post clip.mp4 clip2.mp4
fails 2 "no clip" still -C "$home" post
refuse "a directory" '^stillhere: [^:]*: a folder; name the clip in it$' "$scratch"
refuse "a clip that is not there" '^stillhere: none.mp4: no such file; look at the name' none.mp4
lacks "it is named once" "$err" 'none.mp4.*none.mp4'
mkfifo pipe.mp4
fails 1 "a pipe" timeout 20 "$STILLHERE" -C "$home" post pipe.mp4
has "a pipe: says why" "$err" '^stillhere: pipe.mp4: a pipe, device or socket; save the clip'
ln -s ring.mp4 round.mp4 && ln -s round.mp4 ring.mp4
refuse "links in a circle" 'ring.mp4: links that lead in a circle' ring.mp4
cp text.mp4 $'a\e[2J\u202eb.mp4'
refuse "a name that steers a terminal is shown without that" 'a\?\[2J\?b.mp4: this is text' $'a\e[2J\u202eb.mp4'
lacks "no escape" "$err" $'\e'
fails 2 "two statuses" still -C "$home" post clip.mp4 --well --hurt
has "says that one is enough" "$err" 'one status only'
truncate -s 4500M huge.mp4
fails 1 "more than 4 GiB" still -C "$home" post huge.mp4
rm huge.mp4
same "refusals changed nothing in public" "$(tree_hash "$public")" "$before"
same "nor left anything staged" "$(ls "$home/private/staging" | wc -l)" 0

# ---- what is fine, and said ----
ffmpeg -nostdin -loglevel error -y -i clip.mp4 -c copy -movflags frag_keyframe+empty_moov frag.mp4
runs "a fragmented file is fine" still -C "$home" post --dry-run frag.mp4
ffmpeg -nostdin -loglevel error -y -i clip.mp4 -an -c copy silent.mp4
runs "no audio is fine" still -C "$home" post --no-poster silent.mp4
has "and said" "$err$out" 'audio|sound'
ffmpeg -nostdin -loglevel error -y -i clip.mp4 -i clip.mp4 -map 0:v -map 0:a -map 1:a -c copy two.mp4
runs "two audio tracks: the first is kept" still -C "$home" post --no-poster two.mp4
has "and said" "$err$out" 'audio|sound'

# ---- data of others ----
if [ -d "$vectors" ]; then
    for file in "$vectors"/own-leaks/evil*.mp4; do
        fails 1 "playlist $(basename "$file")" still -C "$home" post "$file"
    done
    fails 1 "a picture of 16384x8640" still -C "$home" post "$vectors/own-leaks/bomb.mp4"
    for name in a t gp mb; do
        runs "leaky $name.mp4" still -C "$home" --json post --no-poster "$vectors/own-leaks/$name.mp4"
        lacks "nothing leaks from $name.mp4" \
            "$(strings -n 5 "$public/$(json "['blobs'][0]['path']")")" 'GPS|[+-][0-9]{2}\.[0-9]{2}|apple|Lavf'
    done
    crashed=0 posted=0 refused=0
    while IFS= read -r file; do
        timeout 60 "$STILLHERE" -C "$home" -q post --no-poster "$file" >/dev/null 2>"$scratch/.err"
        rc=$?
        case $rc in 0) posted=$((posted + 1)) ;; 1) refused=$((refused + 1)) ;; *) crashed=$((crashed + 1)); echo "# $file: $rc" ;; esac
        if grep -qE 'cage|signal|mistake of the program|Sanitizer' "$scratch/.err"; then
            crashed=$((crashed + 1)); echo "# $file: $(head -1 "$scratch/.err")"
        fi
    done < <(find "$vectors"/mp4parse "$vectors"/fuzzcorp/mp4 "$vectors"/fuzzcorp/3gp -type f | if [ -n "${STILLHERE_FULL:-}" ]; then cat; else awk 'NR % 7 == 0'; fi)
    echo "# hostile files: $posted posted, $refused refused"
    same "hostile files: none stops the reader" "$crashed" 0
else
    skip "data of others" "no $vectors"
fi
# Every frame is compared by tests/media/test-bmff; here the first ones are, but with --full.
frames_of() { # FILE STREAM
    # shellcheck disable=SC2046
    ffmpeg -nostdin -loglevel error -i "$1" -map "$2" $([ -n "${STILLHERE_FULL:-}" ] || echo -frames:v 10) \
        -f framemd5 - | grep -v '^#' | md5sum
}
if [ -d "$clips" ]; then
    for file in "$clips"/*.mp4; do
        runs "real clip $(basename "$file")" still -C "$home" --json post "$file"
        same "$(basename "$file"): frames are the same" \
            "$(frames_of "$public/$(json "['blobs'][0]['path']")" 0:v)" "$(frames_of "$file" 0:v:0)"
    done
    fails 1 "a 3GP with AMR or H.263 is refused" still -C "$home" post "$clips/exo_desks.3gp"
    fails 1 "MKV of others" still -C "$home" post "$clips/intel_walk.mkv"
else
    skip "real clips" "no $clips"
fi
runs "at the end the tree holds" still verify "$home"
finish
