import { encodeHello } from '../../../libs/pg-registry/src/cluster/hello';
import { ITEM } from '../../../libs/pg-registry/src/calls/frames/item-kinds';
import { Pid } from '../../../libs/pg-registry/src/term';
import { Writer } from '../../../libs/pg-registry/src/wire';
import type { HostileFrame, Victim } from './victim';

/** How many processes of the hostile node the victim watches, or how often the hostile node comes and goes in one read of the socket. */
const WATCHED = 100_000;
const LIVES = 500;
/** An item of a bundle that asks for all watches again. */
const AGAIN = 2;

const GOODBYE: HostileFrame = { kind: 'goodbye', body: new Uint8Array(0) };

function hello(life: number): HostileFrame {
  const page = { revision: 1, since: undefined, page: 0, pages: 1, running: [], stopped: [] };
  const said = { beat: life, discover: false, draining: false, serverId: 's' };
  return { kind: 'hello', body: encodeHello({ ...said, ...page }), life };
}

/** Lets the victim watch processes of the hostile node, which hears nothing of it. */
function watchMany({ node, hostile, tapOfHostile }: Victim): void {
  tapOfHostile.isDeaf = true;
  for (let id = 1; id <= WATCHED; id += 1)
    node.processes.monitor(new Pid('m', hostile.incarnation, id)).subscribe();
}

function again(): HostileFrame {
  const writer = new Writer();
  writer.u8(ITEM.down);
  writer.u32(1);
  writer.u8(AGAIN);
  return { kind: 'bundle', body: writer.finish() };
}

/** Kinds of frames with which a node comes or goes. */
export const LIVES_KINDS: readonly {
  readonly name: string;
  readonly prepare?: (victim: Victim) => void;
  readonly frames: () => readonly HostileFrame[];
}[] = [
  {
    name: 'a goodbye of a node of which 100,000 processes are watched',
    prepare: watchMany,
    frames: () => [GOODBYE],
  },
  {
    name: 'a question for the watches of 100,000 processes',
    prepare: watchMany,
    frames: () => [again()],
  },
  {
    name: 'hellos of 500 lives in turn',
    frames: () => Array.from({ length: LIVES }, (_, at) => hello(at + 1)),
  },
  {
    name: 'hellos and goodbyes of 500 lives in turn',
    frames: () =>
      Array.from({ length: LIVES }, (_, at) => [hello(at + 1), { ...GOODBYE, life: at + 1 }]).flat(),
  },
];
