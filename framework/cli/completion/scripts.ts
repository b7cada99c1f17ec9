/** What shells are told, so that they ask `gaia __complete` what may come next. */

/** Hidden: its answer is lines, and after them one of `askedFor`. */
export const completeWord = '__complete';
/** The shell itself knows names of files best. */
export const askedFor = { files: ':files', directories: ':directories', nothing: ':nothing' } as const;

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

export const completionScript = (shell: Shell): string => scripts[shell];

/** Bash 4 and later breaks words at "=" and ":"; what it puts in follows the last of them. */
const bash = `# gaia completion for bash. Once: gaia completion bash > ~/.local/share/bash-completion/completions/gaia
_gaia() {
  local current="\${COMP_WORDS[COMP_CWORD]}" candidates directive
  local words=("\${COMP_WORDS[@]:1:COMP_CWORD}")
  [[ $current == "=" ]] && current=""
  mapfile -t candidates < <("\${COMP_WORDS[0]}" ${completeWord} bash "\${words[@]}" 2>/dev/null)
  COMPREPLY=()
  ((\${#candidates[@]})) || return 0
  directive="\${candidates[-1]}"
  unset 'candidates[-1]'
  case $directive in
    ${askedFor.files}) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
    ${askedFor.directories}) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$current") ;;
    *) COMPREPLY=("\${candidates[@]%%$'\\t'*}") ;;
  esac
}
complete -F _gaia gaia
`;

const zsh = `#compdef gaia
# gaia completion for zsh. Once: gaia completion zsh > a folder of $fpath, as _gaia
_gaia() {
  local -a candidates described
  local directive line
  candidates=("\${(@f)$("\${words[1]}" ${completeWord} zsh "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  directive="\${candidates[-1]}"
  candidates[-1]=()
  case $directive in
    ${askedFor.files}) _files ;;
    ${askedFor.directories}) _files -/ ;;
    *)
      for line in "\${candidates[@]}"; do described+=("\${\${line%%$'\\t'*}//:/\\\\:}\${\${(M)line%$'\\t'*}:+:}\${\${(M)line%$'\\t'*}#$'\\t'}"); done
      _describe gaia described
      ;;
  esac
}
if [[ \${funcstack[1]} == _gaia ]]; then _gaia "$@"; else compdef _gaia gaia; fi
`;

const fish = `# gaia completion for fish. Once: gaia completion fish > ~/.config/fish/completions/gaia.fish
function __gaia_complete
    set -l words (commandline -opc)
    set -l lines ($words[1] ${completeWord} fish $words[2..-1] (commandline -ct) 2>/dev/null)
    set -l directive $lines[-1]
    set -e lines[-1]
    switch "$directive"
        case ${askedFor.files}
            __fish_complete_path (commandline -ct)
        case ${askedFor.directories}
            __fish_complete_directories (commandline -ct)
        case '*'
            printf '%s\\n' $lines
    end
end
complete -c gaia -f -a '(__gaia_complete)'
`;

const scripts: Record<Shell, string> = { bash, zsh, fish };
