import { keyOfText } from '../../observer';
import { jsonText, shortPid, type Verb } from '../verb';
import { CHANGE_COLUMNS } from './scope-verbs';

/** What every node believes about a key. */
export const EXPLAIN_VERB: Verb = {
  name: 'explain',
  words: 'SCOPE KEY',
  summary: 'what every node believes about a key, and why they differ',
  help:
    'Asks every node for the entries of a key and compares them with what their owners say. Where nodes differ it says why, as far as that is ' +
    'known: they are cut off from each other, suspect each other, are still syncing, or wait for a missing operation. Then come the last ' +
    'changes with cause and time. Ends with 1 if nodes differ.',
  example: 'nestjs-pg-registry explain sessions \'["user","ann"]\'',
  run: async ({ facts, out }, [scope, key]) => {
    const explanation = await facts.explain(scope, keyOfText(key));
    out.either(explanation, () => {
      for (const finding of explanation.findings) out.line(finding);
      out.line('');
      out.rows(
        explanation.nodes,
        [
          { title: 'NODE', of: ({ node }) => node },
          {
            title: 'BELIEVES',
            of: ({ answer, runs, entries }) =>
              answer !== 'ok'
                ? `(${answer})`
                : !runs
                  ? '(does not run the scope)'
                  : entries.map(({ pid, revision }) => `${shortPid(pid)} rev ${revision}`).join(', ') ||
                    '(no entry)',
            colour: ({ node }) =>
              explanation.differences.some((difference) => difference.node === node) ? 'red' : 'green',
          },
          { title: 'VALUES', of: ({ entries }) => entries.map(({ value }) => jsonText(value)).join(', ') },
        ],
        'No node answers.',
      );
      if (explanation.differences.length > 0) out.line('');
      for (const { node, owner, id, kind, text } of explanation.differences)
        out.line(`${node} differs from ${owner} about ${id} (${kind}): ${text}`, 'red');
      if (explanation.changes.length === 0) return;
      out.line('');
      out.rows(
        explanation.changes,
        [{ title: 'SEEN BY', of: ({ seenBy }) => seenBy }, ...CHANGE_COLUMNS],
        '',
      );
    });
    return explanation.differences.length === 0 ? 0 : 1;
  },
};
