# bash completion for stillhere: commands, options, and the files that some commands take.
_stillhere() {
    local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command="" i
    local globals="-C --json -q -v --no-color --lang --require-cage --help --version"
    local commands="init inspect post checkin promise status show publish correct withdraw original settings verify audit proof sign serve watch key backup restore recover rebuild doctor"
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        -C | --lang) i=$((i + 1)) ;;
        -*) ;;
        *)
            command=${COMP_WORDS[i]}
            break
            ;;
        esac
    done
    case $previous in
    -C)
        mapfile -t COMPREPLY < <(compgen -d -- "$word")
        return
        ;;
    --lang)
        mapfile -t COMPREPLY < <(compgen -W "en zh-Hans uk ru" -- "$word")
        return
        ;;
    --file | --policy | --anchors | --tsa-anchors | --allowed | --trust-config | --output | -o | --sheet | --to | --from | --tls-cert | --tls-key | --contacts | --trust | --cert | --key)
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        return
        ;;
    esac
    local options=""
    case $command in
    "")
        mapfile -t COMPREPLY < <(compgen -W "$commands $globals" -- "$word")
        return
        ;;
    init) options="--name --lang --two-of-three --sheet" ;;
    inspect) options="" ;;
    post) options="--well --hurt --moving --status --place --place-from-clip --commit-place --next-due --lang --publish --batch --dry-run --no-poster --transcode --keep-credentials --yes --keep-original --no-original" ;;
    checkin) options="--well --hurt --moving --status --place --next-due --lang --publish" ;;
    promise) options="every until silent because --lang --dry-run" ;;
    status) options="--state" ;;
    show) options="" ;;
    publish) options="--due --cancel" ;;
    correct) options="--well --hurt --moving --status --place --next-due --lang --no-video" ;;
    withdraw) options="--reason --purge --sheet --dry-run" ;;
    original) options="open --sheet --output -o" ;;
    settings) options="base zone family-zone family-place covers originals --unset" ;;
    verify) options="--channel --anchors --tsa-anchors --allowed --trust-config --explain-hash --manifest --file --policy --key" ;;
    proof) options="--output -o" ;;
    sign) options="--cert --key --tsa --allow-host --trust --update --merkle" ;;
    audit) options="--heal --read-data" ;;
    serve) options="--listen --tls-cert --tls-key --base --watch-state --front-at --cosign --allow-host --print-config" ;;
    watch) options="--once --contacts --rehearse --test --ack --log --state --channel --every --allow-host --trust" ;;
    key) options="show ca rotate revoke add sheet recover log c2pa archive cosigner mirror --vkey --sheet --since --to --two-of-three --one --check --from --i-know --at --dry-run" ;;
    backup) options="--force" ;;
    restore) options="--sheet" ;;
    recover) options="--from --i-know --because" ;;
    rebuild) options="" ;;
    doctor) options="" ;;
    esac
    if [[ $word == -* || $command =~ ^(key|promise|settings)$ ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$options $globals" -- "$word")
    else
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
    fi
}
complete -o filenames -F _stillhere stillhere
