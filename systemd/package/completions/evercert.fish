# fish completion for evercert(1). The program itself says what can stand there: nothing here names a command.

function __evercert_complete
    set -l tokens (commandline -opc) (commandline -ct)
    for line in ($tokens[1] complete $tokens[2..-1] 2>/dev/null)
        if test "$line" = :files
            __fish_complete_path (commandline -ct)
        else
            echo $line
        end
    end
end

complete -c evercert -f -a '(__evercert_complete)'
