#!/bin/bash
# key show: public keys, the vkey line.
. "${STILLHERE_SOURCE:?}/tests/lib.sh" || exit 1
channel home
home=$scratch/home
id=$(still -C "$home" --json status | /usr/bin/python3 -c 'import json,sys; print(json.load(sys.stdin)["channel"])')
runs "vkey" still -C "$home" key show --vkey
has "is one verifier key line of the origin" "$out" "^stillhere/1/$id\\+[0-9a-f]{8}\\+[A-Za-z0-9+/]+=*\$"
runs "keys" still -C "$home" key show
for role in identity log archive c2pa-ca; do has "lists $role" "$out" "^$role "; done
runs "JSON" still -C "$home" key show --json
same "four keys" "$(json "['keys'].__len__()")" 4
fails 2 "no verb" still -C "$home" key
fails 2 "a verb that is not there" still -C "$home" key rotate
ok "no secret is printed" bash -c "! '$STILLHERE' -C '$home' key show | grep -qf <(cut -c1-20 '$home'/private/keys/*)"
finish
