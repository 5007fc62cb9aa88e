/**
 * `npm run histories`: random histories of real processes, judged by the checker. `--runs N` (20) histories of `--operations N` (2,000)
 * each, from `--seed N` (1). It ends with status 1 if one of them cannot be put in one order, and keeps what happened to that key in a file.
 */
import 'reflect-metadata';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { isLinearizable } from './linearizability';
import { type KeyHistory, RandomHistory } from './random-history';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '20' },
    operations: { type: 'string', default: '2000' },
    seed: { type: 'string', default: '1' },
  },
});

async function check(): Promise<boolean> {
  let isRight = true;
  for (let run = 0; run < Number(values.runs); run += 1) {
    const seed = Number(values.seed) + run;
    const { keys, injected, size } = await RandomHistory.run(Number(values.operations), seed);
    const wrong = [...keys].flatMap(([key, history]) =>
      isLinearizable(history.operations, history.faults)
        ? []
        : [`${key} (${kept(history, `history-${seed}-${key}.json`)})`],
    );
    if (wrong.length > 0) isRight = false;
    const verdict = wrong.length === 0 ? 'linearizable' : `NOT LINEARIZABLE: ${wrong.join(', ')}`;
    console.log(`seed ${seed}: ${size} operations, faults ${JSON.stringify(injected)}: ${verdict}`);
  }
  return isRight;
}

/** Writes a history to a file, in the order in which its calls began. @returns Where it is */
function kept({ operations, faults }: KeyHistory, name: string): string {
  const path = join(tmpdir(), name);
  const ordered = operations.toSorted((a, b) => a.begin - b.begin);
  writeFileSync(path, JSON.stringify({ operations: ordered, faults }, undefined, 1));
  return path;
}

check().then(
  (isRight) => process.exit(isRight ? 0 : 1),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
