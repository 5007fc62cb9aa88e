/**
 * `npm run histories`: random histories of real processes, judged by the checker. `--runs N` (20) histories of `--operations N` (2,000)
 * each, from `--seed N` (1). It ends with status 1 if one of them cannot be put in one order.
 */
import 'reflect-metadata';
import { parseArgs } from 'node:util';
import { isLinearizable } from './linearizability';
import { RandomHistory } from './random-history';

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
    const wrong = [...keys].flatMap(([key, { operations, faults }]) =>
      isLinearizable(operations, faults) ? [] : [key],
    );
    if (wrong.length > 0) isRight = false;
    const verdict = wrong.length === 0 ? 'linearizable' : `NOT LINEARIZABLE: ${wrong.join(', ')}`;
    console.log(`seed ${seed}: ${size} operations, faults ${JSON.stringify(injected)}: ${verdict}`);
  }
  return isRight;
}

check().then(
  (isRight) => process.exit(isRight ? 0 : 1),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
