"""The scripts by which shells complete: typer's, and for bash our own, as bash breaks words at colons and the like."""

SHELLS = ("bash", "zsh", "fish", "powershell", "pwsh")

# Bash hands over `account:contract` as three words and puts what is chosen in the place of the last. So words without
# a space between them are put together again, and what stands before the last break is taken off every offer.
_BASH = """
%(complete_func)s() {
    local IFS=$'\\n' i word rest=$COMP_LINE before
    local -a words=()
    for ((i = 0; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if [[ ${#words[@]} -eq 0 || -z $rest || $rest == [[:space:]]* ]]; then
            words+=("$word")
        else
            words[${#words[@]}-1]+=$word
        fi
        rest=${rest#"${rest%%%%[![:space:]]*}"}
        rest=${rest#"$word"}
    done
    word=${words[${#words[@]}-1]}
    before=
    for i in : = @; do
        if [[ $COMP_WORDBREAKS == *"$i"* && ${word#"$before"} == *"$i"* ]]; then
            before=${word%%"${word##*"$i"}"}
        fi
    done
    COMPREPLY=( $( env COMP_WORDS="${words[*]}" \\
                   COMP_CWORD=$((${#words[@]} - 1)) \\
                   %(autocomplete_var)s=complete_bash $1 ) )
    COMPREPLY=( "${COMPREPLY[@]#"$before"}" )
    return 0
}

complete -o default -F %(complete_func)s %(prog_name)s
"""


def script(shell: str) -> str:
    """The script of a shell that is among those known."""
    from typer._completion_shared import get_completion_script

    prepare()
    return get_completion_script(prog_name="rebal", complete_var="_REBAL_COMPLETE", shell=shell) + "\n"


def prepare() -> None:
    """Have typer hand out our script where it installs one."""
    from typer import _completion_shared

    _completion_shared._completion_scripts["bash"] = _BASH
