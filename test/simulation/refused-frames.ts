import type { Mark } from './adversary';
import type { SimulatedNode } from './simulated-node';

/** Counters of what no faithful peer sends, whatever the limits of the two. */
const FORGERIES = ['malformed-frame', 'forged-frame', 'bad-subject', 'oversized-frame', 'foreign-reply'];
/** Warnings that mean that the cluster itself is at fault, if nobody in it is hostile. */
const SHAMEFUL = new Set([...FORGERIES, 'digest-mismatch', 'refused']);

/** What the nodes refuse: the words of a faithful peer never, and nothing without counting it. */
export class RefusedFrames {
  /** What hostile frames are, by their bytes; `undefined`: nobody is hostile. */
  marks: WeakMap<Uint8Array, Mark> | undefined;

  /** Frames of a hostile peer that were refused. */
  count = 0;

  readonly #nodes: readonly SimulatedNode[];

  constructor(nodes: readonly SimulatedNode[]) {
    this.#nodes = nodes;
  }

  /** Whether a warning tells of a fault of the cluster, not of a hostile peer. */
  isShameful(reason: string, message: string): boolean {
    // A warning may be held back for a hostile frame that was warned of before: `faultOf` sees to it who said what.
    if (this.marks !== undefined && reason !== 'digest-mismatch') return false;
    return (
      SHAMEFUL.has(reason) &&
      !this.#nodes.some((node) => node.isHostile && message.includes(` ${node.name} `))
    );
  }

  /** Lets a node take a message in. @returns What is wrong with how it did */
  faultOf(node: SimulatedNode, subject: string, bytes: Uint8Array, take: () => void): string | undefined {
    if (this.marks === undefined) {
      take();
      return undefined;
    }
    const mark = this.marks.get(bytes);
    const [forgeries, own] = [forgeriesOf(node), node.protocol.count('own-frames')];
    take();
    const isRefused = forgeriesOf(node) > forgeries;
    if (mark !== undefined && isRefused) this.count += 1;
    if (mark === undefined && isRefused && !this.#isHostile(speakerOf(subject)))
      return `${node.name} refuses what a faithful peer said on ${subject}.`;
    const isCounted = isRefused || node.protocol.count('own-frames') > own;
    if (mark === 'refusable' && !isCounted && node.takesPart)
      return `${node.name} counts nowhere that it refused a frame on ${subject}.`;
    return undefined;
  }

  #isHostile(name: string | undefined): boolean {
    return this.#nodes.some((node) => node.isHostile && node.name === name);
  }
}

/** Who says something, by the subject alone. */
function speakerOf(subject: string): string | undefined {
  const tokens = subject.split('.');
  if (tokens[2] === 'from') return tokens[3];
  return tokens[2] === 'reply' ? tokens[4] : tokens.at(-1);
}

function forgeriesOf({ protocol }: SimulatedNode): number {
  let total = 0;
  for (const reason of FORGERIES) total += protocol.count(reason);
  return total;
}
