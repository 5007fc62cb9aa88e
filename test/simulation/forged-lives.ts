import { encodeExit } from '../../libs/pg-registry/src/calls/frames/exit-frames';
import { encodeHello, type ScopeNews } from '../../libs/pg-registry/src/cluster/hello';
import { incarnationOf } from '../../libs/pg-registry/src/wire';
import { PidInterner } from '../../libs/pg-registry/src/term';
import type { SeededRandom } from '../support/seeded-random';
import { SCOPE_NAMES } from './simulated-node';

/** Numbers of processes of honest nodes are below this, their root processes among them. */
const PROCESS_IDS = 8;
const BITS_32 = 2 ** 32;

/** Makes hellos of many scopes that are made up, in pages of which some never come. @param beat Of the sender's last hello */
export function helloStorm(random: SeededRandom, beat: number): Uint8Array[] {
  const names = random.pick([1, 60, 400]);
  const pages = random.pick([1, 3, 4096]);
  const isComplete = random.chance(0.6);
  return Array.from({ length: 5 + random.below(25) }, (_, at) =>
    encodeHello({
      beat: beat + random.pick([0, 1, at]),
      discover: random.chance(0.2),
      draining: random.chance(0.1),
      serverId: random.pick(['', 'made up', `server ${at}`]),
      revision: random.below(100) + at,
      since: isComplete ? undefined : random.below(100),
      page: random.below(pages),
      pages,
      running: Array.from({ length: names }, () => madeUpScope(random)),
      stopped: random.chance(0.2) ? Array.from({ length: names }, () => nameOf(random)) : [],
    }),
  );
}

/** Makes orders to end processes of a node: of a life of it that is over, of none, its root process and those that others watch. */
export function exitOrders(random: SeededRandom, incarnations: readonly string[]): Uint8Array[] {
  const pids = new PidInterner();
  const bits = (): number => random.below(BITS_32);
  return Array.from({ length: 1 + random.below(12) }, () => {
    const token = { number: random.below(1000), high: bits(), low: bits() };
    const id = random.pick([0, 1, random.below(PROCESS_IDS), 2 ** 40]);
    return encodeExit(
      token,
      pids.intern('victim', random.pick(incarnations), id),
      random.pick(['', null, 7]),
    );
  });
}

/** An incarnation of the name that never was. */
export function madeUpLife(random: SeededRandom, name: string): string {
  return incarnationOf(name, 2 ** 20 + random.below(2 ** 30));
}

function madeUpScope(random: SeededRandom): ScopeNews {
  const hash = (): number => random.below(BITS_32);
  return {
    name: nameOf(random),
    keys: random.pick(['duplicate', 'unique']),
    run: 1 + random.below(3),
    last: random.pick([0, 5, 2 ** 40]),
    count: random.pick([0, 5, 2 ** 40]),
    hashHigh: hash(),
    hashLow: hash(),
  };
}

function nameOf(random: SeededRandom): string {
  return random.chance(0.02) ? random.pick(SCOPE_NAMES) : `made up ${random.below(5000)}`;
}
