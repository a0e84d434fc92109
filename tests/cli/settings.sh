#!/bin/bash
# settings: listed, changed, refused; pages follow at once, backups keep them.
. "${STILLHERE_SOURCE:?}/tests/lib.sh" || exit 1
channel home
home=$scratch/home
still -C "$home" -q checkin >/dev/null
runs "none at first" still -C "$home" settings
same "six names" "$(printf '%s\n' "$out" | grep -c '(not set)')" 6
runs "JSON" still -C "$home" --json settings
same "JSON: all" "$(json "")" "{'version': 1, 'base': '', 'zone': '', 'family_zone': '', 'family_place': '', 'covers_s': '', 'originals': ''}"
runs "set one" still -C "$home" settings zone Europe/Kyiv
same "answers with it" "$out" Europe/Kyiv
runs "a place in its own letters" still -C "$home" settings family-place "北京 <b>"
runs "the family's zone" still -C "$home" settings family-zone Asia/Shanghai
runs "a base" still -C "$home" --json settings base https://example.org/a/
same "JSON: the one that was set" "$(json "")" "{'version': 1, 'base': 'https://example.org/a/'}"
runs "one" still -C "$home" settings family-place
same "is told" "$out" "北京 <b>"
runs "all" still -C "$home" --json settings
same "together" "$(json "")" "{'version': 1, 'base': 'https://example.org/a/', 'zone': 'Europe/Kyiv', 'family_zone': 'Asia/Shanghai', 'family_place': '北京 <b>', 'covers_s': '', 'originals': ''}"
same "readable for its owner alone" "$(stat -c %a "$home/private/settings")" 600
runs "the pages are current" still -C "$home" --json status
same "at once" "$(json "['pages_current']")" True
runs "the tree holds" still verify "$home"
lacks "markup is text" "$(cat "$home/public"/index*.html "$home/public"/now/*.html 2>/dev/null)" '<b>'

before=$(cat "$home/private/settings")
fails 2 "an unknown name" still -C "$home" settings colour blue
has "says which there are" "$err" 'base, zone, family-zone, family-place'
fails 2 "an empty value" still -C "$home" settings zone ""
fails 2 "two values" still -C "$home" settings zone UTC Europe/Kyiv
fails 2 "--unset with a name and a value" still -C "$home" settings --unset zone UTC
fails 2 "--unset of nothing known" still -C "$home" settings --unset colour
for bad in Kyiv ../../etc/passwd /etc/localtime EST5EDT4,M3.2.0 "Europe/Kyiv " right/UTC; do
    fails 2 "zone $bad" still -C "$home" settings zone "$bad"
    has "the message names it ($bad)" "$err" '^stillhere: zone: '
done
for bad in example.org/ ftp://example.org/ https://example.org/a "https://example.org/a b/" https://u:p@example.org/ \
    'https://example.org/?a=/' 'https://example.org/#/' javascript:alert\(1\)/ https:/// "https://приклад/" 'https://example.org/"/'; do
    fails 2 "base $bad" still -C "$home" settings base "$bad"
done
runs "a base has one form" still -C "$home" settings base HTTPS://EXAMPLE.org:443/b/
same "the plain one" "$out" https://example.org/b/
runs "a base with a port and IPv6" still -C "$home" settings base "http://[::1]:8080/"
ok "and back" still -C "$home" settings base https://example.org/a/
fails 2 "a base of 3000 bytes" still -C "$home" settings base "https://example.org/$(head -c 3000 /dev/zero | tr '\0' a)/"
fails 2 "a place of two lines" still -C "$home" settings family-place $'a\nzone UTC'
fails 2 "a place with bidi controls" still -C "$home" settings family-place $'a\u202eb'
same "refusals change nothing" "$(cat "$home/private/settings")" "$before"
fails 1 "no channel" still -C "$scratch" settings

ok "unset" still -C "$home" settings --unset family-place
ok "unset what is not set" still -C "$home" settings --unset family-place
lacks "is gone" "$(cat "$home/private/settings")" family-place
ok "a backup" still -q -C "$home" backup "$scratch/b.age"
ok "comes back" still -q -C "$scratch/again" restore "$scratch/b.age" --sheet "$scratch/home.sheet"
same "with its settings" "$(cat "$scratch/again/private/settings")" "$(cat "$home/private/settings")"
same "for its owner alone" "$(stat -c %a "$scratch/again/private/settings")" 600

printf 'zone UTC\nzone UTC\n' >"$home/private/settings"
fails 1 "a damaged file is refused" still -C "$home" settings
has "by file and line" "$err" 'private/settings: line 2'
runs "a word goes out all the same" still -C "$home" checkin
fails 1 "a time that needs it does not" still -C "$home" checkin --next-due 21:00
rm "$home/private/settings"
runs "without the file all is as at first" still -C "$home" settings
if [ "$(id -u)" != 0 ]; then
    chmod a-w "$home/private"
    fails 1 "a disk that cannot be written" still -C "$home" settings zone UTC
    chmod u+w "$home/private"
fi
finish
