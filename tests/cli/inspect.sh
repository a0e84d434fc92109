#!/bin/bash
# inspect CLIP: what a clip tells, what of it would go out, and what was not looked at.
. "${STILLHERE_SOURCE:?}/tests/lib.sh" || exit 1
ffmpeg -nostdin -loglevel error -y -f lavfi -i testsrc=duration=1:size=64x48:rate=10 \
    -f lavfi -i sine=duration=1 -c:v libx264 -bsf:v filter_units=remove_types=6 \
    -pix_fmt yuv420p -c:a aac -flags +bitexact -fflags +bitexact \
    -metadata location=+46.4825+030.7233/ -metadata location-eng=+46.4825+030.7233/ \
    -metadata com.apple.quicktime.make=Xiaomi -metadata artist="Wang Jixian" \
    -metadata creation_time=2022-02-24T05:00:00Z -metadata title=$'Kitchen\e[31m' \
    -movflags use_metadata_tags clip.mp4 \
    -c:v libx264 -c:a aac -map_metadata -1 -fflags +bitexact -color_primaries bt709 \
    -color_trc bt709 -colorspace bt709 -movflags +write_colr plain.mp4
mkdir home && cd home || exit 1
mv ../clip.mp4 ../plain.mp4 .

# ---- what it tells ----
runs "a clip, without a channel" still inspect clip.mp4
has "place in words, and how exact" "$out" 'Place: Odesa \(city\), .*Ukraine \(46\.48249, 30\.72329\), exact to 2 m'
has "time" "$out" 'Time: 24 February 2022, 05:00 UTC'
has "device" "$out" 'Device: Xiaomi'
has "person" "$out" 'People: Wang Jixian'
has "text, without what a terminal would obey" "$out" 'Text: Kitchen \[31m'
has "the file's own name" "$out" 'name and date: clip.mp4; '
has "what is published" "$out" 'nothing but picture and sound: 64 × 48 pixels'
has "that it will be signed" "$out" 'signed with content credentials, .*the channel, the dispatch .*no place, device or person, and of the time only the year'
has "the new file was looked into" "$out" 'nothing of what is listed above is in it'
has "what is kept" "$out" 'keeps no copy'
has "what nobody takes out" "$out" 'skyline.*noise of this camera'
has "and that it was not looked at" "$out" 'We did not look at what is seen and heard'
ok "one screen: at most 24 lines" test "$(printf '%s\n' "$out" | wc -l)" -le 24
lacks "never says what no program can say" "$out" '[Vv]erified|[Aa]uthentic|[Ss]afe|[Cc]lean|✓|✔'
same "writes nothing" "$(ls | tr '\n' ' ')" "clip.mp4 plain.mp4 "
runs "all of it, with where it stands" still inspect -v clip.mp4
has "where" "$out" 'Wang Jixian \[moov/udta/meta/artist\]'
for lang in zh-Hans uk ru; do
    runs "in $lang" still --lang $lang inspect clip.mp4
    has "place in $lang" "$out" '敖德萨|Одеса|Одесса'
    lacks "no English left in $lang" "$out" 'Place|exact|nothing|Voices|Device|credentials'
    has "that it will be signed, in $lang" "$out" '内容凭证签名|підписано даними|подписан данными'
done

runs "the encoder's own words" still inspect plain.mp4
has "are found in the picture and the sound" "$out" 'Software: .*x264.*; .*Lavc|Software: .*Lavc.*x264'
has "and nowhere in the new file" "$out" 'nothing of what is listed above is in it'

for seed in "$STILLHERE_SOURCE"/tests/fuzz/seeds/bmff/*; do
    still --json inspect "$seed" >answer
    lacks "a rebuilt $(basename "$seed") tells nothing" "$? $(cat answer)" '^3 '
done
rm answer

# ---- for programs ----
runs "JSON" still --json inspect clip.mp4
same "its version is first" "$(printf '%s' "$out" | cut -c1-12)" '{"version":1'
same "the position" "$(json "['leaks'][0]['kind']+' '+d['leaks'][0]['latitude']+' '+d['leaks'][0]['longitude']+' '+str(d['leaks'][0]['exact_to_m'])")" \
    "position 46.4825000 30.7233000 11"
same "its place as in a document" "$(json "['leaks'][0]['place']['code']")" 698740
same "a time" "$(json "['leaks'][2]['time']")" 1645678800
same "post would take it" "$(json "['published']['taken']")" True
same "signed, and no credentials of the clip's in it" "$(json "['published']['signed']")/$(json "['published']['credentials_kept']")" True/False
same "nothing of it would be left" "$(json "['published']['still']")" "[]"
same "what is never looked at" "$(json "['unseen']")" "['picture-and-sound']"

# ---- where phones, cameras and drones write ----
told() { # FILE WHAT PATTERN
    out=$(still --json inspect "$STILLHERE_SOURCE/tests/fuzz/seeds/leaks/$1")
    has "$2" "$out" "$3"
}
spot='"latitude":"46.4825000","longitude":"30.7233000"'
told udta.mp4 "user data: position" "\"where\":\"moov/udta/\(c\)xyz\",$spot,\"exact_to_m\":11,"
told udta.mp4 "in 3GPP's form, with its name" '"where":"moov/udta/loci","text":"Odesa"'
told loci16.mp4 "and in UTF-16" '"where":"moov/udta/loci","latitude":"46.4824981","longitude":"30.7244262".*"text":"Одеса"'
told udta.mp4 "an author in UTF-16" '"kind":"person","where":"moov/udta/auth","text":"Wang"'
told udta.mp4 "a camera's number" '"kind":"identifier","where":"moov/udta/CAME","text":"000102'
told udta.mp4 "a small picture" '"kind":"picture","where":"moov/udta/thmb"'
told udta.mp4 "XMP: position" '"where":"moov/udta/XMP_","latitude":"46.4825000","longitude":"-30.7233333"'
told udta.mp4 "XMP: who" '"kind":"person","where":"moov/udta/XMP_","text":"Jixian"'
told keys.mov "Apple's keys, as exact as the phone says" '"where":"moov/meta/location.ISO6709".*"exact_to_m":15,'
told keys.mov "a serial number" '"kind":"identifier","where":"moov/meta/serial","text":"X1"'
told meta.mp4 "a dashcam's free space" "\"where\":\"free\",$spot"
told tx3g.mp4 "a drone's subtitles" "\"where\":\"moov/trak\[0\]/tx3g\",$spot"
told gpmd.mp4 "GoPro's track" "\"where\":\"moov/trak\[0\]/gpmd\",$spot"
told gpmd.mp4 "and its name" '"kind":"device","where":"moov/trak\[0\]/DVNM","text":"GoPro"'
told camm.mp4 "camera motion" "\"where\":\"moov/trak\[0\]/camm\",$spot"
told sei.mp4 "the encoder between the pictures" '"where":"moov/trak\[0\]/SEI","text":"x264 164"'
told sound.mp4 "the encoder in the sound, at any bit" '"where":"moov/trak\[0\]/sound","text":"Lavc59.37.100"'
told c2pa.mp4 "content credentials" '"kind":"credentials","where":"C2PA"}'
told c2pa.mp4 "what made them" '"kind":"software","where":"C2PA","text":"make/1.0"'
told c2pa.mp4 "and where" '"kind":"position","where":"C2PA","latitude":"46.4825000"'
told end.mp4 "a streaming clock" '"where":"prft","time":1645683600'
told end.mp4 "a box that nobody knows" '"kind":"text","where":"moov/wait","text":"hidden text here"'

# ---- a channel says whether originals are kept ----
channel kept
still -q -C "$scratch/kept" settings originals keep >/dev/null
runs "a channel that keeps originals" still -C "$scratch/kept" inspect clip.mp4
has "sealed" "$out" 'sealed: only your recovery sheet opens it'
runs "dry run says the same" still -C "$scratch/kept" post --dry-run clip.mp4
has "place" "$out" 'Place: Odesa'
has "and that the original is kept" "$out" 'A copy of the clip as it is, sealed'
has "and that it will be signed" "$out" 'signed with content credentials'
runs "and in JSON" still -C "$scratch/kept" --json post --dry-run clip.mp4
same "signed" "$(json "['blobs'][0]['published']['signed']")" True
same "leaks" "$(json "['blobs'][0]['leaks'][0]['kind']")" position

# ---- what stillhere made itself ----
still -q -C "$scratch/kept" post plain.mp4 --no-poster --no-original >/dev/null
cp "$(find "$scratch/kept/public/b" -name '*.mp4')" own.mp4
runs "a file that post made" still inspect own.mp4
has "its credentials are ours, by their own word" "$out" 'Content credentials \(who signed this file, .*\): stillhere'
has "and tell the channel" "$out" "identifiers: $(still -C "$scratch/kept" --json status | sed 's/.*"channel":"\([a-z2-7]*\)".*/\1/')"
lacks "nothing else, and nobody else's" "$out" 'another program|Place|Time:|Device|People|Text'
runs "JSON" still --json inspect own.mp4
same "so too" "$(json "['leaks'][1]['kind']")/$(json "['leaks'][1]['text']")/$(json "['published']['removed']")" "credentials/stillhere/['credentials']"
runs "dry run that carries them over" still -C "$scratch/kept" post --dry-run --keep-credentials own.mp4
has "says so" "$out" 'go along, with all that stands in them'
lacks "and not that they are left out" "$out" 'Left out.*credentials|nothing of what is listed above is in it'
runs "JSON: the same" still -C "$scratch/kept" --json post --dry-run --keep-credentials own.mp4
same "kept, not removed" "$(json "['blobs'][0]['published']['credentials_kept']")/$(json "['blobs'][0]['published']['removed']")" "True/[]"
runs "of a clip without any" still -C "$scratch/kept" post --dry-run --keep-credentials clip.mp4
has "nothing goes along" "$out" 'nothing of what is listed above is in it'

# ---- what was not looked at is never called clean ----
head -c 2000 clip.mp4 >cut.mp4
fails 4 "cut off" still inspect cut.mp4
has "says that a part is missing" "$out" 'damaged or missing'
has "and why post does not take it" "$out" 'post does not take this file: .*cut off'
lacks "does not say that nothing is left" "$out" 'nothing of what is listed'
python3 -c 'd = open("clip.mp4", "rb").read(); open("headless.mp4", "wb").write(d.replace(b"moov", b"free", 1))'
fails 4 "without an index" still inspect headless.mp4
has "says that a part is missing" "$out" 'damaged or missing'
{ cat clip.mp4; head -c 200000 /dev/zero | tr '\0' 'Z'; printf 'CANARY'; } >long.mp4
runs "a long trailer" still inspect long.mp4
has "is found" "$out" 'no player shows: trailer'
has "and said to be looked at in part" "$out" 'more in this file than was looked at'
printf '\xff\xd8\xff\xe0photo' >photo.mp4
fails 4 "a photo" still inspect photo.mp4
has "of which only the sort is known" "$out" 'a photo or a picture. We do not look into files of this sort'
: >empty.mp4
fails 4 "an empty file" still inspect empty.mp4
printf '#EXTM3U\nfile:///etc/passwd\n' >list.mp4
fails 4 "a playlist" still inspect list.mp4
lacks "names nothing of it" "$out" passwd
fails 1 "no such file" still inspect nowhere.mp4
fails 1 "a folder" still inspect .
fails 2 "two clips" still inspect clip.mp4 plain.mp4
fails 2 "none" still inspect
cp clip.mp4 $'bad\e[31m\nname.mp4'
runs "a name that a terminal would obey" still inspect $'bad\e[31m\nname.mp4'
lacks "is not shown" "$out" $'\e'
own=$STILLHERE_SHARED/vectors/safety/own-leaks
if [ -d "$own" ]; then
    out=$(still inspect "$own/t.mp4")
    has "a drone's subtitles: position" "$out" 'Place: Odesa'
    has "and a track of text" "$out" 'tx3g: text, such as subtitles'
    out=$(still inspect "$own/mb.mp4")
    has "timed metadata" "$out" 'mebx: readings of sensors'
    out=$(still inspect "$own/bomb.mp4")
    has "too large to post, and looked at all the same" "$out" 'Software: Lavf'
else
    skip "own leaks" "no test data"
fi
finish
