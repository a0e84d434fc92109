#!/bin/bash
# --place: known places in four languages, two of one name, words that are no place.
. "${STILLHERE_SOURCE:?}/tests/lib.sh" || exit 1
channel home
home=$scratch/home
public=$home/public
terminal=$STILLHERE_SOURCE/tests/cli/terminal.py

# The newest document's place, as JSON with sorted keys.
place() {
    local newest # The shell would lose the exit code otherwise.
    newest=$(still -C "$home" --json show "$1" | /usr/bin/python3 -c \
        'import json,sys; print(json.dumps(json.load(sys.stdin)["document"].get("place"), sort_keys=True, ensure_ascii=False))')
    printf '%s' "$newest"
}
odesa='{"code": "698740", "level": "city", "names": {"en": "Odesa", "ru": "Одесса", "uk": "Одеса", "zh-Hans": "敖德萨"}}'

index=0
for name in Odesa odesa Одеса Одесса 敖德萨 敖德薩 698740 "Odessa, Ukraine" "odesa , ukraine"; do
    index=$((index + 1))
    runs "a known place: $name" still -C "$home" -q checkin --place "$name"
    same "its number and four names" "$(place $index)" "$odesa"
done
has "the English page says Odesa" "$(cat "$public/w/001/index.en.html")" 'Odesa'
has "the Chinese page says 敖德萨" "$(cat "$public/w/001/index.zh.html")" '敖德萨'
has "the Ukrainian page says Одеса" "$(cat "$public/w/001/index.uk.html")" 'Одеса'
has "the Russian page says Одесса" "$(cat "$public/w/001/index.ru.html")" 'Одесса'
has "the family's page too" "$(cat "$public/now/index.zh.html")" '敖德萨'

runs "a country" still -C "$home" -q checkin --place Україна
has "its level" "$(place 10)" '"code": "690791", "level": "country"'
runs "a region" still -C "$home" -q checkin --place "Одеська область"
has "its level" "$(place 11)" '"code": "698738", "level": "region"'
runs "a city that is a country: the country" still -C "$home" -q checkin --place Singapore
has "its level" "$(place 12)" '"level": "country"'

before=$(tree_hash "$public")
fails 2 "two places of one name" still -C "$home" checkin --place Springfield
has "they are listed with their numbers" "$err" 'Springfield \(city\), Illinois, United States is 4250542'
has "and what to do is said" "$err" 'after a comma'
fails 2 "Odessa is in Ukraine and in Texas" still -C "$home" checkin --place Odessa
has "the first of them" "$err" 'Odesa \(city\), .*Ukraine is 698740'
fails 2 "also in a batch" bash -c 'echo "{\"place\":\"Springfield\"}" | "$0" -C "$1" post --batch -' "$STILLHERE" "$home"
has "with its line" "$err" 'line 1: .*Springfield'
fails 1 "controls in a name" still -C "$home" checkin --place $'Odesa\a'
fails 1 "bidi controls in a name" still -C "$home" checkin --place $'Odesa\u202e'
fails 1 "no UTF-8" still -C "$home" checkin --place $'Odesa\xff'
fails 1 "too long" still -C "$home" checkin --place "$(printf 'a%.0s' {1..300})"
same "refusals left nothing" "$(tree_hash "$public")" "$before"

runs "its number is enough" still -C "$home" -q checkin --place 4250542
has "and has the four names" "$(place 13)" '"code": "4250542", "level": "city"'
runs "so is its region" still -C "$home" -q checkin --place "springfield, illinois"
has "the same place" "$(place 14)" '"code": "4250542"'
printf '1\n' >answer
runs "a terminal is asked which" /usr/bin/python3 "$terminal" answer transcript said "$STILLHERE" -C "$home" checkin --place Springfield
has "it lists them" "$(cat transcript)" 'Which one do you mean'
has "the largest stands first" "$(place 15)" '"code": "4409896"'
printf 'none\n' >answer
fails 2 "no answer publishes nothing" /usr/bin/python3 "$terminal" answer transcript said "$STILLHERE" -C "$home" checkin --place Springfield

runs "a nowhere name goes out as typed" still -C "$home" checkin --place "Nowhere-upon-Sea" --lang en
has "with a word said" "$err" 'not in the list of places'
same "level typed" "$(place 16)" '{"level": "typed", "names": {"en": "Nowhere-upon-Sea"}}'
runs "markup is text" still -C "$home" -q checkin --place '<b>Odesa</b>' --lang en
has "typed" "$(place 17)" '"level": "typed"'
lacks "no tag on the page" "$(cat "$public/w/017/index.en.html")" '<b>Odesa'
runs "in a batch" bash -c 'printf "%s\n" "{\"place\":\"Одеса\",\"words\":\"one\"}" "{\"place\":\"Львів\"}" | "$0" -C "$1" -q post --batch -' "$STILLHERE" "$home"
same "known as well" "$(place 18)" "$odesa"
has "the second line has its own" "$(place 19)" '"code": "702550"'
runs "a correction takes names too" still -C "$home" -q correct 1 --place Київ
has "Kyiv, by its number" "$(place 20)" '"code": "703448"'
runs "show tells it in the reader's language" still -C "$home" --lang uk show 2
has "Одеса" "$out" 'Одеса'
lacks "and in no other" "$out" 'Odesa'

# ---- from the clip ----
# clip NAME LOCATION: a tiny clip with this position in its moov/udta.
clip() {
    ffmpeg -nostdin -loglevel error -y -f lavfi -i testsrc=duration=0.2:size=64x48:rate=10 -c:v libx264 \
        -pix_fmt yuv420p ${2:+-metadata location="$2"} -movflags use_metadata_tags "$1"
}
post() { still -C "$home" post --no-poster "$@"; }
clip odesa.mp4 +46.4825+030.7233/
clip field.mp4 +46.7000+030.6000/
clip sea.mp4 -40.0000-120.0000/
clip zero.mp4 +00.0000+000.0000/
clip none.mp4 ""
clip chisinau.mp4 +47.0105+028.8638/
clip kharkiv.mp4 +49.9935+036.2304/

runs "the clip's position becomes its city" post odesa.mp4 --place-from-clip
has "which is said" "$err" 'Odesa \(city\), Odesa Oblast, Ukraine'
lacks "the position is not" "$out$err" '46[.,]4'
same "the same place as by name" "$(place 21)" "$odesa"
runs "as coarse as asked for: region" post odesa.mp4 --place-from-clip region
has "the region" "$(place 22)" '"code": "698738", "level": "region"'
runs "and country, after =" post odesa.mp4 --place-from-clip=country
has "the country" "$(place 23)" '"code": "690791", "level": "country"'
runs "outside of a city: the region" post --place-from-clip field.mp4
has "the region" "$(place 24)" '"code": "698738", "level": "region"'
runs "two clips in one country" post odesa.mp4 kharkiv.mp4 --place-from-clip
has "what holds both" "$(place 25)" '"code": "690791", "level": "country"'
runs "in a batch, where a line names none" bash -c 'printf "%s\n" "{\"clip\":\"odesa.mp4\"}" "{\"clip\":\"odesa.mp4\",\"place\":\"Львів\"}" "{}" | "$0" -C "$1" post --no-poster --batch - --place-from-clip country' "$STILLHERE" "$home"
has "the first line's" "$(place 26)" '"code": "690791", "level": "country"'
has "the second's own" "$(place 27)" '"code": "702550"'
same "the third has none" "$(place 28)" null
before=$(tree_hash "$public")
fails 1 "no position in the clip" post none.mp4 --place-from-clip
has "which is said, and what to do" "$err" 'no position was found .* --place NAME'
fails 1 "a position of no fix" post zero.mp4 --place-from-clip
fails 1 "in the middle of the sea" post sea.mp4 --place-from-clip
has "which is said" "$err" 'far from every known place'
fails 1 "in two countries" post odesa.mp4 chisinau.mp4 --place-from-clip
has "a person must say which" "$err" 'several countries'
fails 2 "two places at once" post odesa.mp4 --place-from-clip --place Odesa
fails 2 "a level that is none" post odesa.mp4 --place-from-clip=street
same "refusals left nothing" "$(tree_hash "$public")" "$before"
runs "a dry run says it too" post odesa.mp4 --place-from-clip region --dry-run
has "in words" "$out" 'Odesa Oblast'
runs "and as JSON" still -C "$home" --json post odesa.mp4 --place-from-clip region --dry-run
same "the same place" "$(json "['place']['code']")" 698738
# ---- the exact place, committed to ----
fails 1 "no position to commit to" post none.mp4 --commit-place
has "which is said" "$err" 'nothing to commit to'
fails 2 "commit without keeping" post odesa.mp4 --commit-place --no-original
fails 2 "not in a batch" bash -c 'echo "{}" | "$0" -C "$1" post --batch - --commit-place' "$STILLHERE" "$home"
same "refusals left nothing" "$(tree_hash "$public")" "$before"
runs "a coarse place, and the exact one committed to" post odesa.mp4 --place-from-clip region --commit-place
has "which is said" "$err" 'exact place'
has "the region is public" "$(place 29)" '"code": "698738", "level": "region"'
has "with a commitment" "$(still -C "$home" --json show 29)" '"orig":"[0-9a-f]{64}"'
runs "the sheet opens it" still -C "$home" --json original open 29 --sheet home.sheet -o opened.mp4
ok "the untouched clip" cmp odesa.mp4 opened.mp4
ok "with the position inside" grep -qa 46.4825 opened.mp4
ok "no position lies anywhere in the channel" bash -c '! grep -rqaE "46[.,]48|30[.,]72|\+46\.7" "$1"' - "$home"
runs "the tree holds" still verify "$home"
finish
