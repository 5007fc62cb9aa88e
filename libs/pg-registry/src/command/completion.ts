import { OPTIONS } from './settings';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

/**
 * Returns the completion script of a shell; undefined for another one. Verbs and options stand in it; scopes and keys are asked of the cluster:
 * `nestjs-pg-registry __complete scopes` and `__complete keys SCOPE`.
 *
 * @param verbs The names of all verbs.
 * @param scoped Those whose first word is a scope.
 */
export function completionOf(
  shell: string | undefined,
  verbs: readonly string[],
  scoped: readonly string[],
): string | undefined {
  const options = Object.keys(OPTIONS).map((option) => `--${option}`);
  const words = [...verbs, 'completion'].join(' ');
  switch (shell) {
    case 'bash':
      return `_nestjs_pg_registry() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" verb="\${COMP_WORDS[1]}"
  if [[ "$cur" == -* ]]; then COMPREPLY=($(compgen -W "${options.join(' ')}" -- "$cur")); return; fi
  if [[ $COMP_CWORD -eq 1 ]]; then COMPREPLY=($(compgen -W "${words}" -- "$cur")); return; fi
  case "$verb" in
    ${scoped.join('|')})
      local IFS=$'\\n'
      if [[ $COMP_CWORD -eq 2 ]]; then COMPREPLY=($(compgen -W "$(nestjs-pg-registry __complete scopes 2>/dev/null)" -- "$cur"))
      else COMPREPLY=($(compgen -W "$(nestjs-pg-registry __complete keys "\${COMP_WORDS[2]}" 2>/dev/null)" -- "$cur")); fi ;;
  esac
}
complete -F _nestjs_pg_registry nestjs-pg-registry
`;
    case 'zsh':
      return `#compdef nestjs-pg-registry
_nestjs_pg_registry() {
  if [[ "$PREFIX" == -* ]]; then compadd -- ${options.join(' ')}; return; fi
  if (( CURRENT == 2 )); then compadd -- ${words}; return; fi
  case "$words[2]" in
    ${scoped.join('|')})
      if (( CURRENT == 3 )); then compadd -- \${(f)"$(nestjs-pg-registry __complete scopes 2>/dev/null)"}
      else compadd -- \${(f)"$(nestjs-pg-registry __complete keys "$words[3]" 2>/dev/null)"}; fi ;;
  esac
}
compdef _nestjs_pg_registry nestjs-pg-registry
`;
    case 'fish':
      return `complete -c nestjs-pg-registry -f
complete -c nestjs-pg-registry -n __fish_use_subcommand -a '${words}'
${Object.keys(OPTIONS)
  .map((option) => `complete -c nestjs-pg-registry -l ${option}`)
  .join('\n')}
complete -c nestjs-pg-registry -n '__fish_seen_subcommand_from ${scoped.join(' ')}' -a '(nestjs-pg-registry __complete scopes 2>/dev/null)'
`;
    default:
      return undefined;
  }
}

/** The shells that have one, for messages. */
export const SHELL_NAMES: string = SHELLS.join(', ');
