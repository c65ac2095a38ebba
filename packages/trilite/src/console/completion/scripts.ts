import type { SHELLS } from './completions';

/*
 * What a shell is given to read once. Each asks node_modules/.bin/artisan of the folder one is in, and knows `artisan`, `npx artisan`,
 * `npx ts-node artisan.ts` and `node dist/artisan.js`; what else npx and node take is completed as if there were no such script.
 */

const bash = String.raw`_trilite_artisan() {
  local line=${'$'}{COMP_LINE:0:COMP_POINT} words answer i at=
  read -ra words <<< "$line"
  [[ $line == *[[:space:]] ]] && words+=("")
  for i in "${'$'}{!words[@]}"; do
    case "${'$'}{words[*]:0:i}:${'$'}{words[i]##*/}" in
      :artisan | npx:artisan | "npx ts-node:artisan.ts" | ts-node:artisan.ts | node:artisan.js) at=$((i + 1)) ;;
    esac
  done
  COMPREPLY=()
  [[ -n $at && -e node_modules/.bin/artisan ]] && ((at < ${'$'}{#words[@]})) || return 0
  # bash takes ":" and "=" for the ends of words, and completes what is behind them
  local current=${'$'}{words[-1]}
  local typed=${'$'}{current%"${'$'}{current##*[:=]}"}
  while IFS=$'\t' read -r answer _; do
    COMPREPLY+=("${'$'}{answer#"$typed"}")
  done < <(node_modules/.bin/artisan --complete "${'$'}{words[@]:at}" 2> /dev/null)
  [[ ${'$'}{#COMPREPLY[@]} == 1 && ${'$'}{COMPREPLY[0]} == *= ]] && compopt -o nospace 2> /dev/null
  return 0
}
complete -o bashdefault -o default -F _trilite_artisan artisan npx ts-node node
`;

const zsh = String.raw`(( $+functions[compdef] )) || { autoload -Uz compinit && compinit -u }
_trilite_artisan() {
  local -a answers values shown
  local i at= answer
  for i in {1..$((CURRENT - 1))}; do
    case "${'$'}{(j. .)words[1,i-1]}:${'$'}{words[i]:t}" in
      :artisan | npx:artisan | "npx ts-node:artisan.ts" | ts-node:artisan.ts | node:artisan.js) at=$((i + 1)) ;;
    esac
  done
  [[ -n $at && -e node_modules/.bin/artisan ]] || { _default; return }
  answers=("${'$'}{(@f)$(node_modules/.bin/artisan --complete "${'$'}{(@)words[at,CURRENT]}" 2> /dev/null)}")
  for answer in $answers; do
    values+=("${'$'}{answer%%$'\t'*}")
    shown+=("${'$'}{(r:32:)${'$'}{answer%%$'\t'*}} ${'$'}{answer#*$'\t'}")
  done
  if [[ ${'$'}{#values} == 1 && $values[1] == *= ]]; then compadd -S '' -a values
  else compadd -l -d shown -a values
  fi
}
compdef _trilite_artisan artisan npx ts-node node
`;

const fish = String.raw`function __trilite_artisan_words
  set -l words (commandline -opc)
  for i in (seq (count $words))
    switch (string join ' ' $words[1..$i] | string replace -r '[^ ]*/' '')
      case artisan 'npx artisan' 'npx ts-node artisan.ts' 'ts-node artisan.ts' 'node artisan.js'
        test -e node_modules/.bin/artisan; or return 1
        set -e words[1..$i]
        printf '%s\n' $words (commandline -ct)
        return 0
    end
  end
  return 1
end
function __trilite_artisan
  set -l words (__trilite_artisan_words)
  node_modules/.bin/artisan --complete $words 2> /dev/null
end
for program in artisan npx ts-node node
  complete -c $program -n '__trilite_artisan_words > /dev/null' -f -a '(__trilite_artisan)'
end
`;

export const SCRIPTS: Readonly<Record<(typeof SHELLS)[number], string>> = { bash, zsh, fish };
