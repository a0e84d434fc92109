#!/bin/bash
# stillhere serve on the command line; what readers get is in tests/serve/test-serve.
. "${STILLHERE_SOURCE:?}/tests/lib.sh" || exit 1

runs "help" still serve --help
has "help names the address" "$out" "127.0.0.1:8480"
fails 2 "a name is no address" still serve --listen example.org:80
has "it says what is" "$err" "numeric address"
fails 2 "a certificate without a key" still serve --tls-cert x.pem
fails 2 "words are not expected" still serve here
fails 1 "no channel here" still -C "$scratch" serve
has "it says how to make one" "$err" "stillhere init"

runs "the configuration for another nginx" still -C /srv/wang serve --listen '*:80' --print-config
has "its root" "$out" 'root "/srv/wang/public";'
has "both families" "$out" 'listen \[::\]:80;'
lacks "no log" "$out" 'access_log [^o]'
fails 1 "a path that nginx cannot hold" still -C "/srv/\$wang" serve --print-config
has "it says why" "$err" "dollar"

if [ -x /usr/sbin/nginx ]; then
    # As root the pages are read by nobody, who must be able to come here.
    chmod 755 "$scratch"
    ok "a channel" channel home
    fails 2 "a base that is no address" still -C home serve --listen 127.0.0.1:0 --base example.org
    fails 2 "a base for somebody else's pages" still -C home serve --print-config \
        --base https://example.org/
    "$STILLHERE" -C home serve --listen 127.0.0.1:0 --base https://example.org/wang/ >url 2>talk &
    pid=$!
    for _ in $(seq 200); do [ -s url ] && break; sleep 0.05; done
    url=$(cat url)
    has "the address is on standard output" "$url" '^http://127\.0\.0\.1:[0-9]+/$'
    has "what to do next" "$(cat talk)" 'Ctrl-C'
    runs "it answers" /usr/bin/python3 -c \
        'import sys,urllib.request as u; print(u.urlopen(sys.argv[1] + "checkpoint", timeout=10).read().decode())' "$url"
    same "with the checkpoint" "$out" "$(cat home/public/checkpoint)"
    has "the feed has the address that --base gave" "$(cat home/public/feed.atom)" \
        'https://example\.org/wang/'
    same "and it is kept" "$(still -C home settings base)" "https://example.org/wang/"
    kill -TERM "$pid"
    wait "$pid"
    same "it ends when asked to" "$?" 0
    same "and leaves nothing" "$(ls home/private/serve 2>/dev/null)" ""
else
    skip "it answers" "no nginx here (apt-get install nginx-light)"
fi
finish
