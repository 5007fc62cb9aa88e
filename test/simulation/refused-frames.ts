import type { Expectation } from './hostile-sender';
import type { SimulatedNode } from './simulated-node';

/** Counters of frames that no honest peer sends, whatever the limits of the two nodes are. */
const FORGERY_COUNTERS = [
  'malformed-frame',
  'forged-frame',
  'bad-subject',
  'oversized-frame',
  'foreign-reply',
];
/** Warnings that show an error of the protocol itself if no peer is hostile. */
const CLUSTER_FAULTS = new Set([...FORGERY_COUNTERS, 'digest-mismatch', 'refused']);

/** Checks which frames nodes refuse: never a frame of an honest peer, and no frame without counting it. */
export class RefusedFrames {
  /** How frames of the adversary must be treated, by their bytes; `undefined` if there is no adversary. */
  expectations: WeakMap<Uint8Array, Expectation> | undefined;

  /** Frames of a hostile peer that were refused. */
  count = 0;

  readonly #nodes: readonly SimulatedNode[];

  constructor(nodes: readonly SimulatedNode[]) {
    this.#nodes = nodes;
  }

  /** Tells whether a warning shows an error of the protocol, not an attack. */
  isClusterFault(reason: string, message: string): boolean {
    // Warnings are limited in rate, so one about a hostile frame may hide one about an honest frame; `faultOf` tells them apart.
    if (this.expectations !== undefined && reason !== 'digest-mismatch') return false;
    return (
      CLUSTER_FAULTS.has(reason) &&
      !this.#nodes.some((node) => node.isHostile && message.includes(` ${node.name} `))
    );
  }

  /** Lets a node receive a message. @returns What the node did wrong, or `undefined` */
  faultOf(node: SimulatedNode, subject: string, bytes: Uint8Array, receive: () => void): string | undefined {
    if (this.expectations === undefined) {
      receive();
      return undefined;
    }
    const expectation = this.expectations.get(bytes);
    const [forgeries, own] = [forgeryCount(node), node.protocol.count('own-frames')];
    const { backlog } = node;
    receive();
    // In a flood it waits for a later turn, and what is counted then cannot be told from what other messages cause.
    if (node.backlog.bytes > backlog.bytes) return undefined;
    // What is no frame is dropped in a flood, and counted there.
    const isDropped = node.backlog.dropped > backlog.dropped;
    const isRefused = forgeryCount(node) > forgeries;
    if (expectation !== undefined && (isRefused || isDropped)) this.count += 1;
    if (expectation === undefined && isRefused && !this.#isHostile(senderOf(subject)))
      return `${node.name} refuses a frame of an honest peer on ${subject}.`;
    const isCounted = isRefused || isDropped || node.protocol.count('own-frames') > own;
    if (expectation === 'must-be-refused' && !isCounted && node.isMember)
      return `${node.name} does not count that it refused a frame on ${subject}.`;
    return undefined;
  }

  #isHostile(name: string | undefined): boolean {
    return this.#nodes.some((node) => node.isHostile && node.name === name);
  }
}

/** Returns the sender's name, by the subject alone. */
export function senderOf(subject: string): string | undefined {
  const form = tokenOf(subject, 2);
  if (form === 'from') return tokenOf(subject, 3);
  return form === 'reply' ? tokenOf(subject, 4) : subject.slice(subject.lastIndexOf('.') + 1);
}

/** Every message of every history is looked at: taking all subjects apart took long. */
function tokenOf(subject: string, index: number): string | undefined {
  let start = 0;
  for (let passed = 0; passed < index; passed += 1) {
    start = subject.indexOf('.', start) + 1;
    if (start === 0) return undefined;
  }
  const end = subject.indexOf('.', start);
  return end < 0 ? subject.slice(start) : subject.slice(start, end);
}

function forgeryCount({ protocol }: SimulatedNode): number {
  let total = 0;
  for (const reason of FORGERY_COUNTERS) total += protocol.count(reason);
  return total;
}
