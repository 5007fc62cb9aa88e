import type { StreamKind } from '../wire/frame';
import { protocolOptions, type ProtocolOptions } from '../cluster/options';
import type { StreamPeer } from './effect';
import { TestNode } from './test-node.fixture';

/** A small deterministic generator (mulberry32), so that a seed names a history. */
export function randomFrom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What a link does to frames; all zero is a perfect one. */
export interface Faults {
  readonly loss: number;
  readonly duplication: number;
  /** Frames take up to so long, each its own time, so they overtake each other. */
  readonly delayMs: number;
}

export const NO_FAULTS: Faults = { loss: 0, duplication: 0, delayMs: 0 };

/** Nodes joined by links with faults, in virtual time. */
export class TestMesh {
  now = 0;
  faults: Faults = NO_FAULTS;
  flushMs = 1;
  readonly nodes: TestNode[];
  readonly random: () => number;
  /** Every frame that was handed to the link. */
  sent = 0;
  /** Intercepts frames: return false to drop one. */
  filter: (from: TestNode, to: TestNode, kind: StreamKind, body: Uint8Array) => boolean = () => true;
  readonly #due: { at: number; order: number; run: () => void }[] = [];
  #order = 0;

  constructor(
    names: readonly string[],
    {
      seed = 1,
      maxBodyBytes = 500_000,
      ...options
    }: Partial<ProtocolOptions> & { seed?: number; maxBodyBytes?: number } = {},
  ) {
    this.random = randomFrom(seed);
    const all = protocolOptions(options);
    this.nodes = names.map((name, index) => new TestNode(name, index + 1, this, all, maxBodyBytes));
    for (const node of this.nodes) node.connect();
  }

  /** Everybody tells everybody what a hello would. */
  announceAll(): void {
    const connected = this.nodes.filter((node) => node.connected);
    for (const from of connected) for (const to of connected) if (from !== to) from.announceTo(to);
  }

  carry(from: TestNode, to: StreamPeer | undefined, kind: StreamKind, body: Uint8Array): void {
    for (const receiver of this.nodes) {
      const isMeant = to === undefined ? receiver !== from : receiver.incarnation === to.incarnation;
      if (isMeant) this.#carryTo(from, receiver, kind, body);
    }
  }

  later(delay: number, run: () => void): void {
    this.#due.push({ at: this.now + delay, order: this.#order++, run });
  }

  /** Runs everything up to `ms` from now. */
  advance(ms: number): void {
    const end = this.now + ms;
    for (let steps = 0; ; steps += 1) {
      if (steps > 200_000) throw new Error('no rest: something is due again and again');
      const event = this.#nextEvent();
      const node = this.#nextNode();
      const at = Math.max(
        this.now,
        Math.min(event?.at ?? Infinity, node?.replicator.nextDeadline() ?? Infinity),
      );
      if (at > end) break;
      this.now = at;
      if (event !== undefined && event.at <= at) {
        this.#due.splice(this.#due.indexOf(event), 1);
        event.run();
      } else {
        node!.tick();
      }
    }
    this.now = end;
  }

  /** Do all nodes hold of each owner what the owner has? Returns the first difference in words. */
  difference(): string | undefined {
    for (const owner of this.nodes) {
      const truth = [...owner.picture(owner.incarnation)].join('\n');
      for (const node of this.nodes) {
        const view = [...node.picture(owner.incarnation)].join('\n');
        if (view !== truth) return `${node.node} holds of ${owner.node}:\n${view}\nbut it has:\n${truth}`;
      }
    }
    return undefined;
  }

  #carryTo(from: TestNode, to: TestNode, kind: StreamKind, body: Uint8Array): void {
    this.sent += 1;
    if (!from.connected || !this.filter(from, to, kind, body)) return;
    const { loss, duplication, delayMs } = this.faults;
    const copies = (this.random() < loss ? 0 : 1) + (this.random() < duplication ? 1 : 0);
    for (let copy = 0; copy < copies; copy += 1) {
      this.later(0.2 + this.random() * delayMs, () => to.receive(from, kind, body.slice()));
    }
  }

  #nextEvent(): { at: number; order: number; run: () => void } | undefined {
    let first = this.#due[0];
    for (const event of this.#due) {
      if (event.at < first.at || (event.at === first.at && event.order < first.order)) first = event;
    }
    return first;
  }

  #nextNode(): TestNode | undefined {
    let first: TestNode | undefined;
    for (const node of this.nodes) {
      if (first === undefined || node.replicator.nextDeadline() < first.replicator.nextDeadline())
        first = node;
    }
    return first;
  }
}

type Options = ConstructorParameters<typeof TestMesh>[1];

/** Nodes that know each other and are in sync. */
export function meshOf(names: readonly string[], options: Options = {}): TestMesh {
  const mesh = new TestMesh(names, options);
  mesh.announceAll();
  mesh.advance(100);
  return mesh;
}

/** Nodes `a` and `b`, in sync. */
export function two(options: Options = {}) {
  const mesh = meshOf(['a', 'b'], options);
  const [a, b] = mesh.nodes;
  return { mesh, a, b };
}

/** Nodes `a`, `b` and `c`, in sync. */
export function three(options: Options = {}) {
  const mesh = meshOf(['a', 'b', 'c'], options);
  const [a, b, c] = mesh.nodes;
  return { mesh, a, b, c };
}

/** Loses everything that `from` broadcasts, until the returned function is called. */
export function loseBroadcasts(mesh: TestMesh, from: TestNode): () => void {
  mesh.filter = (sender, _to, kind) => sender !== from || kind !== 'ops';
  return () => {
    mesh.filter = () => true;
  };
}
