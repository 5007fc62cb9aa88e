/**
 * `npm run measure:stalls -- [--bytes N] [--only TEXT]`: how long the most expensive frames that a peer can send hold a node's event loop, in ms of
 * its thread's processor time. Each kind is measured on a node of its own, a few times; the median counts. Status 1: one takes longer than
 * the 50 ms that docs/guide/security.md promises. A machine that does other things at the same time takes up to twice as long.
 */
import { parseArgs } from 'node:util';
import { type HostileKind, KINDS } from './hostile-frames';
import { Victim } from './victim';

const ROUNDS = 5;
const MOST_MS = 50;
/** What nats-server takes in one message unless it is told otherwise, without the room that nodes leave in it. */
const LARGEST_BYTES = 1024 * 1024 - 4096;

interface Measured {
  readonly name: string;
  /** The longest turn of the event loop. */
  readonly longest: number;
  /** All turns together. */
  readonly all: number;
}

async function measure({ name, prepare, before, frames }: HostileKind, bytes: number): Promise<Measured> {
  const runs: Omit<Measured, 'name'>[] = [];
  // The first round compiles.
  for (let round = 0; round <= ROUNDS; round += 1) {
    const victim = await Victim.start();
    prepare?.(victim);
    for (const frame of before?.(bytes) ?? []) await victim.receive([frame]);
    const sent = frames(bytes, victim.node.incarnation);
    globalThis.gc?.();
    const run = await victim.receive(sent);
    if (round > 0) runs.push(run);
    await victim.close();
  }
  const sorted = runs.toSorted((a, b) => a.longest - b.longest);
  return { name, ...sorted[ROUNDS >> 1] };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      bytes: { type: 'string', default: String(LARGEST_BYTES) },
      only: { type: 'string', default: '' },
    },
  });
  const measured: Measured[] = [];
  for (const kind of KINDS)
    if (kind.name.includes(values.only)) measured.push(await measure(kind, Number(values.bytes)));
  console.log('longest turn    all turns    frames in one read of the socket');
  for (const { name, longest, all } of measured.toSorted((a, b) => b.longest - a.longest))
    console.log(`${longest.toFixed(1).padStart(9)} ms ${all.toFixed(1).padStart(9)} ms    ${name}`);
  if (measured.some(({ longest }) => longest > MOST_MS)) process.exitCode = 1;
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 2;
});
