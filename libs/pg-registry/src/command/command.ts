import { messageOfThrown, printable } from '../term';
import { completionOf, SHELL_NAMES } from './completion';
import { Output, type Terminal } from './output';
import type { OpenSession } from './session';
import { OPTIONS_HELP, type Settings, settingsOf, UsageError } from './settings';
import type { Verb } from './verb';
import { CLUSTER_VERBS } from './verbs/cluster-verbs';
import { DOCTOR_VERB } from './verbs/doctor-verb';
import { EXPLAIN_VERB } from './verbs/explain-verb';
import { PROCESS_VERBS } from './verbs/process-verbs';
import { SCOPE_VERBS } from './verbs/scope-verbs';

/** All verbs, in the order of the help. */
export const VERBS: readonly Verb[] = [
  ...CLUSTER_VERBS,
  ...SCOPE_VERBS,
  ...PROCESS_VERBS,
  EXPLAIN_VERB,
  DOCTOR_VERB,
];

const NAME = 'nestjs-pg-registry';
/** So many keys are offered by completion. */
const MOST_COMPLETIONS = 200;

/** What the command is given. */
export interface CommandDeps {
  readonly terminal: Terminal;
  readonly env: NodeJS.ProcessEnv;
  readonly open: OpenSession;
  /** Aborts when the user wants to leave. */
  readonly signal: AbortSignal;
}

/**
 * Runs the command once.
 *
 * @param args What stands behind its name.
 * @returns The exit status: 0, 1 or 2. Never rejects.
 */
export async function runCommand(args: readonly string[], deps: CommandDeps): Promise<0 | 1 | 2> {
  const { terminal } = deps;
  try {
    return await run(settingsOf(args, deps.env), deps);
  } catch (error) {
    if (deps.signal.aborted) return 0;
    terminal.writeError(`${NAME}: ${printable(messageOfThrown(error), 4000)}\n`);
    if (error instanceof UsageError) terminal.writeError(`Try ${NAME} --help.\n`);
    return 2;
  }
}

async function run(settings: Settings, deps: CommandDeps): Promise<0 | 1 | 2> {
  const { terminal, open, signal } = deps;
  const { verb: name, words } = settings;
  const verb = VERBS.find((one) => one.name === name);
  if (name === undefined || (settings.help && verb === undefined)) {
    terminal.write(helpOf());
    return name === undefined && !settings.help ? 2 : 0;
  }
  if (name === 'completion') return complete(words[0], terminal);
  if (name !== '__complete' && verb === undefined) throw new UsageError(`There is no verb '${name}'.`);
  if (verb !== undefined && settings.help) {
    terminal.write(helpOfVerb(verb));
    return 0;
  }
  if (verb !== undefined) checkWords(verb, words);
  const session = await open(settings, signal);
  try {
    const out = new Output(terminal, settings.json);
    if (verb === undefined) {
      for (const word of await completions(session.facts, words)) terminal.write(`${printable(word)}\n`);
      return 0;
    }
    return await verb.run({ facts: session.facts, session, settings, out, signal }, words);
  } finally {
    await session.close();
  }
}

function checkWords({ name, words: expected }: Verb, words: readonly string[]): void {
  const most = expected === '' ? 0 : expected.split(' ').length;
  const least = expected.split(' ').filter((word) => word !== '' && !word.startsWith('[')).length;
  if (words.length >= least && words.length <= most) return;
  throw new UsageError(`'${name}' takes ${expected === '' ? 'no words' : expected} (got ${words.length}).`);
}

function complete(shell: string | undefined, terminal: Terminal): 0 {
  const scoped = VERBS.filter(({ words }) => words.startsWith('SCOPE')).map(({ name }) => name);
  const script = completionOf(
    shell,
    VERBS.map(({ name }) => name),
    scoped,
  );
  if (script === undefined) throw new UsageError(`'completion' takes one of ${SHELL_NAMES}.`);
  terminal.write(script);
  return 0;
}

async function completions(
  facts: Awaited<ReturnType<OpenSession>>['facts'],
  [what, scope]: readonly string[],
): Promise<readonly string[]> {
  if (what === 'scopes') return (await facts.scopes()).map((one) => one.scope);
  if (what !== 'keys' || scope === undefined) return [];
  const { entries } = await facts.entries(scope, { limit: MOST_COMPLETIONS });
  const texts = entries.map(({ key }) => (typeof key === 'string' ? key : JSON.stringify(key)));
  return [...new Set(texts)];
}

function helpOf(): string {
  const width = Math.max(...VERBS.map(({ name, words }) => name.length + words.length + 1));
  const lines = VERBS.map(
    ({ name, words, summary }) => `  ${`${name} ${words}`.trimEnd().padEnd(width)}  ${summary}`,
  );
  return `${NAME} VERB [WORDS] [OPTIONS]: looks into a running cluster of nestjs-pg-registry

${lines.join('\n')}
  ${'completion SHELL'.padEnd(width)}  the completion script of ${SHELL_NAMES}

${OPTIONS_HELP}`;
}

function helpOfVerb({ name, words, summary, help, example }: Verb): string {
  return `${`${NAME} ${name} ${words}`.trimEnd()}: ${summary}\n\n${help}\n\nExample: ${example}\n\n${OPTIONS_HELP}`;
}
