# bash completion for sogoc: verbs and options as `sogoc --help` has them.

_sogoc_verbs() {
    sogoc --help --lang en 2>/dev/null |
        sed -n '/^$/,$ s/^  \([a-z][a-z -]*[a-z]\)  *[^ ].*/\1/p' |
        sed 's/  .*//'
}

_sogoc() {
    local word=${COMP_WORDS[COMP_CWORD]} verb=() i
    local verbs
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        [[ ${COMP_WORDS[i]} == -* ]] && break
        verb+=("${COMP_WORDS[i]}")
    done
    if [[ $word == -* ]]; then
        local options
        options=$(sogoc "${verb[@]:0:2}" --help --lang en 2>/dev/null ||
            sogoc "${verb[@]:0:1}" --help --lang en 2>/dev/null)
        options=$(grep -o -- '--[a-z][a-z-]*' <<<"$options"
            printf '%s\n' --dir --json --lang --help --progress \
                --passphrase-file --node-passphrase-file)
        options=$(sort -u <<<"$options")
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
    elif ((${#verb[@]} == 0)); then
        verbs=$(_sogoc_verbs | cut -d' ' -f1 | sort -u)
        mapfile -t COMPREPLY < <(compgen -W "$verbs" -- "$word")
    elif ((${#verb[@]} == 1)) &&
        verbs=$(_sogoc_verbs | sed -n "s/^${verb[0]} //p") &&
        [[ -n $verbs ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$verbs" -- "$word")
    else
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
    fi
}

complete -o filenames -F _sogoc sogoc
