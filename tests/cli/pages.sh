#!/bin/bash
# What pages say of withdrawn, corrected, opened, disputed words and of new keys; every page that an
# entry changes is made anew with it, also when the run was cut off, and rebuild gives the same.
. "${STILLHERE_SOURCE:?}/tests/lib.sh" || exit 1
channel home
home=$scratch/home
public=$home/public
sheet=$scratch/home.sheet
now=1772600000
say() {
    now=$((now + 3600))
    STILLHERE_NOW=$now still -C "$home" --json "$@" >"$scratch/said" || return
    python3 -c 'import json,sys; print(json.load(sys.stdin)["index"])' <"$scratch/said"
}
page() { cat "$public/w/$(printf %03d "$1")/index.en.html"; }
front() { cat "$public/index.en.html"; }
now_page() { cat "$public/now/index.en.html"; }
derived() { (cd "$public" && find w p now index* feed* rss* -type f 2>/dev/null | LC_ALL=C sort | xargs sha256sum); }
content() { (cd "$public" && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum); }
# The same pages after a rebuild: what was written step by step is what the log says.
rebuilt() {
    local before
    before=$(content)
    still -C "$home" -q rebuild || return
    diff <(printf '%s\n' "$before") <(content)
}
# As if the run had been killed before its pages: those of before, and the mark of before.
cut_off() {
    local copy=$scratch/before pages
    rm -rf "$copy" && mkdir "$copy" && cp -a "$public"/{w,now,index*,feed*,rss*} "$copy"
    pages=$(sqlite3 "$home/private/stillhere.db" 'SELECT pages_size FROM state')
    say "$@" >/dev/null || return
    wanted=$(derived)
    rm -rf "$public"/{w,now,index*,feed*,rss*} && cp -a "$copy"/* "$public"
    sqlite3 "$home/private/stillhere.db" "UPDATE state SET pages_size=$pages"
    [ "$wanted" != "$(derived)" ]
}

# ---- opened later than made: the log dates it by what stands behind it ----
first=$(say checkin "first words")
sealed=$(say checkin --publish when-i-say "sealed words")
dating=$(say checkin "the word behind it")
second=$(say checkin "and another")
lacks "nothing of a sealed entry is on any page" "$(cat "$public"/index* "$public"/now/*)" "sealed|Entry $sealed"
ok "it has no page" test ! -e "$public/w/00$sealed"
now=$((now + 3600)) && STILLHERE_NOW=$now still -C "$home" -q publish "$sealed" >/dev/null
has "the page says what being sealed means" "$(page "$sealed")" 'Made earlier and kept sealed: the log shows that it existed by 4 March 2026, 0[0-9]:[0-9]+ UTC\. It was opened, unchanged, on '
has "with the entry that shows it" "$(page "$sealed")" "the time of entry $dating, which stands behind it"
has "the timeline says so" "$(front)" 'Made earlier and kept sealed'
has "the family's page, too" "$(now_page)" 'It was made earlier and kept sealed: it existed by'
has "and the feed" "$(cat "$public/rss.xml")" 'Made earlier, kept sealed in the log, and opened'
ok "rebuild gives the same" rebuilt
say withdraw "$dating" >/dev/null
has "without that entry the next one dates it" "$(page "$sealed")" "the time of entry $second, which"
ok "rebuild gives the same" rebuilt
say withdraw "$second" >/dev/null
has "with none, no time is said" "$(page "$sealed")" 'Made earlier, kept sealed in the log, and opened, unchanged, on'
ok "rebuild gives the same" rebuilt

# ---- withdrawn: hidden, then deleted ----
has "hidden, by which entry" "$(page "$second")" "Entry $second, withdrawn by entry"
say withdraw "$second" --purge --sheet "$sheet" >/dev/null
has "deleted, it still says who hid it" "$(page "$second")" "Entry $second, withdrawn by entry"
ok "rebuild gives the same" rebuilt

# The order of a purge was good when it was given, whichever sheets change keys now.
runs "new sheets" env STILLHERE_NOW=$now "$STILLHERE" -C "$home" key sheet --sheet "$sheet" --to "$scratch/new.sheet"
sheet=$scratch/new.sheet
ok "rebuild gives the same" rebuilt
has "deleted it stays" "$(still -C "$home" --json show "$second")" '"purged_by": ?[0-9]'

# ---- cut off before the pages ----
if command -v sqlite3 >/dev/null; then
    ok "a correction, cut off" cut_off correct "$first" "better words"
    say checkin "after the cut" >/dev/null
    has "shows on the page of what it corrects" "$(page "$first")" 'This was corrected on'
    ok "rebuild gives the same" rebuilt
    ok "a withdrawal of what is corrected, cut off" cut_off withdraw "$first"
    say promise every 1d >/dev/null
    lacks "reaches every version" "$(cat "$public"/w/*/*)" 'better words|first words'
    ok "rebuild gives the same" rebuilt
else
    skip "cut off before the pages" "sqlite3 is not installed"
fi

# ---- disputed, and under a new key ----
waits=$(say checkin --publish when-i-say "sealed by the owner")
good=$(say checkin --next-due 2d "the last good word")
false=$(say checkin --place Kherson "a stranger's word")
twisted=$(say correct "$good" "a stranger's correction")
say withdraw "$good" >/dev/null
for i in $(seq 1 21); do say checkin "noise $i" >/dev/null; done
STILLHERE_NOW=4000000000 still -C "$home" -q publish "$waits" >/dev/null
log=$(still -C "$home" --json key show | python3 -c 'import json,sys
print([key["id"] for key in json.load(sys.stdin)["keys"] if key["role"] == "log"][0])')
now=$((now + 3600))
cp -a "$public" "$scratch/older"
runs "revoke" env STILLHERE_NOW=$now "$STILLHERE" -C "$home" key revoke "$log" --since "$false" --sheet "$sheet"
has "disputed, with the reason" "$(page "$false")" "from entry $false on the old key was in other hands"
has "in its title" "$(page "$false")" '<title>Disputed: Entry'
has "and its headline" "$(page "$false")" '<h1 class="long">Disputed: Well\.</h1>'
has "what previews show" "$(page "$false")" 'og:title" content="Disputed: Well · Kherson"'
has "a correction by a stranger has its page" "$(page "$twisted")" 'Disputed: Well'
has "and the first version stands" "$(page "$good")" 'the last good word'
has "with a way to the disputed one" "$(page "$good")" "Another version is disputed \\(entry $twisted\\)"
has "a stranger may have opened it" "$(page "$waits")" 'Entry [0-9]+ opened it, and that entry is disputed'
has "the owner's word stands first, beyond twenty disputed ones" "$(front)" 'the last good word'
has "and says that what is newer does not count" "$(front)" 'What is newer was withdrawn, is missing here, or is disputed'
has "with his words" "$(now_page)" 'the last good word'
has "and his promise" "$(now_page)" 'data-by="17'
has "what came after it is said" "$(now_page)" 'Something newer was posted, and it is disputed'
lacks "but not shown there" "$(now_page)" 'stranger'
lacks "a stranger's clock does not date this copy" "$(now_page)" 'data-made="4|2096'
has "under a new key, since when" "$(front)" 'This channel goes on under a new key, from entry [0-9]+ on\.'
has "who signed that, and what to do" "$(front)" 'signed this change with the recovery sheets\. The channel id stays the same: compare it'
has "from when on the old one is disputed" "$(front)" "The owner says that from entry $false on the old key was in other hands.*The last entry before that which counts: . March 2026"
has "the old key" "$(front)" "<code>$log</code>: entries 0 to [0-9]+, disputed from entry $false on"
has "the family's page leads there" "$(now_page)" 'href="../index.en.html#keys"'
has "the feed names it" "$(cat "$public/feed.atom")" 'Disputed: Well · Kherson'
ok "rebuild gives the same" rebuilt
# All pages are behind after a change of keys: the next command makes them.
for i in $(seq 1 21); do say checkin "again $i" >/dev/null; done
has "the owner's word is the newest" "$(now_page)" 'again 21'
lacks "nothing newer is disputed" "$(now_page)" 'disputed'
lacks "after twenty words the key is no news" "$(now_page)" 'new key'
has "but still listed" "$(front)" 'id="keys"'
ok "rebuild gives the same" rebuilt
for lang in zh uk ru; do
    lacks "no English sentence in $lang" "$(cat "$public"/w/*/index.$lang.html "$public/index.$lang.html" "$public/now/index.$lang.html")" \
        'Disputed|Made earlier|corrected on|new key|recovery sheet'
done
runs "the tree holds" still verify "$home"
finish
