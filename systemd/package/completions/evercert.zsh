#compdef evercert
# zsh completion for evercert(1). The program itself says what can stand there: nothing here names a command.

_evercert() {
    local line tab=$'\t' files=no found=1
    local -a described
    while IFS= read -r line; do
        if [[ $line == :files ]]; then
            files=yes
        elif [[ $line == *$tab* ]]; then
            described+=("${line%%$tab*}:${${line#*$tab}//:/\\:}")
        else
            described+=("${line//:/\\:}")
        fi
    done < <(${words[1]} complete "${(@)words[2,CURRENT]}" 2>/dev/null)
    [[ $files == yes ]] && _files && found=0
    (( $#described )) && _describe -t words evercert described && found=0
    return found
}

if [[ $funcstack[1] == _evercert ]]; then
    _evercert "$@"
else
    compdef _evercert evercert
fi
