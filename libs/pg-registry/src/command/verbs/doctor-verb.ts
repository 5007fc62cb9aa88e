import type { ObservedNode, ObservedScope } from '../../observer';
import type { Verb } from '../verb';
import { CHECKS, type Examined } from './checks';

/** Something that was looked at: what was found, and what to do if it is not well. */
export interface Finding {
  readonly check: string;
  readonly isWell: boolean;
  readonly found: string;
  readonly remedy: string;
}

/** Looks for what is wrong with a cluster: one finding for each check, in their order. */
export function findingsOf(
  nodes: readonly ObservedNode[],
  scopes: readonly ObservedScope[],
  session: Examined['session'],
): readonly Finding[] {
  const facts = nodes.flatMap(({ fact }) => (fact === undefined ? [] : [fact]));
  const examined = { nodes, facts, scopes, session };
  return CHECKS.map(({ name, wrong, well, remedy }) => {
    const found = wrong(examined);
    return found === ''
      ? { check: name, isWell: true, found: typeof well === 'string' ? well : well(examined), remedy: '' }
      : { check: name, isWell: false, found, remedy };
  });
}

/** Looks for what is wrong, and says what to do. */
export const DOCTOR_VERB: Verb = {
  name: 'doctor',
  words: '',
  summary: 'looks for what is wrong, and says what to do about it',
  help: 'Checks the broker and its permissions, whether all nodes answer and know each other, JetStream, crash detection, clocks, versions, names, modes of keys, replication and load. Ends with 1 if something is not well.',
  example: 'nestjs-pg-registry doctor',
  run: async ({ facts, out, session }) => {
    const [nodes, scopes] = [await facts.nodes(), await facts.scopes()];
    const findings = findingsOf(nodes, scopes, session);
    for (const finding of findings) {
      out.either(finding, () => {
        out.line(
          `${finding.isWell ? 'ok  ' : 'BAD '} ${finding.check}: ${finding.found}`,
          finding.isWell ? 'green' : 'red',
        );
        if (!finding.isWell) out.line(`     ${finding.remedy}`);
      });
    }
    return findings.every(({ isWell }) => isWell) ? 0 : 1;
  },
};
