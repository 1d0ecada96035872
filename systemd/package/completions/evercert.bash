# bash completion for evercert(1). The program itself says what can stand there: nothing here names a command.

_evercert() {
    local IFS=$'\n' line word=$2 words=("${COMP_WORDS[@]:1:COMP_CWORD}") files=no
    # ":" parts words for bash only; none of ours has one.
    words[${#words[@]} - 1]=$word
    COMPREPLY=()
    while read -r line; do
        if [ "$line" = :files ]; then
            files=yes
        else
            COMPREPLY+=("${line%%$'\t'*}")
        fi
    done < <("${COMP_WORDS[0]}" complete "${words[@]}" 2>/dev/null)
    if [ "$files" = yes ]; then
        compopt -o filenames 2>/dev/null
        while read -r line; do
            COMPREPLY+=("$line")
        done < <(compgen -f -- "$word")
    fi
}
complete -F _evercert evercert
