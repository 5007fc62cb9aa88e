import type { Timers } from '../../lifetime';
import type { Writer } from '../../wire';
import type { Peers } from '../resolver';
import type { CallChannel, NodeIdentity } from './call-channel';
import { Line, type LineDeps } from './line';
import type { Bundle } from './sent-call';

/** What {@link Lines} need of their node. */
export interface LinesDeps {
  readonly channel: CallChannel;
  readonly peers: Peers;
  readonly timers: Timers;
  /** Returns a number in [0, 1) that nobody can guess. */
  readonly random: () => number;
}

/** The first version of the protocol with bundles. */
const BUNDLES = 2;

/**
 * Collects what is said to each node within one turn of the event loop, calls, casts, cancels, replies and watches alike, so that it
 * travels in one frame. The first item on a quiet line leaves at once: with one call in flight nothing waits.
 *
 *     quiet ── first item of a turn: leaves ──► the others of the turn wait for its end ──► busy, if there were any
 *     busy ── all items of a turn wait for its end ──► quiet, after a turn with one item or a pause
 */
export class Lines implements LineDeps {
  /** To peers that know bundles and were spoken to, by their incarnation. Deleted when the peer is gone. */
  readonly byIncarnation = new Map<string, Line>();
  /** Lines with items that have not left. */
  readonly waiting = new Set<Line>();
  alone: Line | undefined;
  readonly spoken = new Set<Line>();
  /** Frames with calls that wait for their reply, by number. */
  readonly bundles = new Map<number, Bundle>();
  /** Writers that nobody uses. */
  readonly writers: Writer[] = [];
  readonly channel: CallChannel;
  readonly timers: Timers;
  readonly random: () => number;
  readonly #peers: Peers;
  /** How many frames with calls have left. */
  lastFrame = 0;
  /** Incarnations of nodes that are no peers: their lines are given up after the turn. */
  readonly #transient: string[] = [];

  constructor(deps: LinesDeps) {
    this.channel = deps.channel;
    this.timers = deps.timers;
    this.random = deps.random;
    this.#peers = deps.peers;
  }

  /** Returns the line to a peer; undefined if it does not know bundles, or the node is no peer. */
  to({ node, incarnation }: NodeIdentity): Line | undefined {
    let line = this.byIncarnation.get(incarnation);
    if (line !== undefined) return line;
    const version = this.#peers.versionOf({ node, incarnation });
    if (version < BUNDLES) return undefined;
    line = new Line(this.channel.outlet(node), version, this);
    this.byIncarnation.set(incarnation, line);
    return line;
  }

  /** Returns the line to a node that said something in a bundle, so it knows them. If it is no peer, the line is for this turn. */
  back(to: NodeIdentity): Line {
    let line = this.to(to);
    if (line !== undefined) return line;
    line = new Line(this.channel.outlet(to.node), BUNDLES, this);
    this.byIncarnation.set(to.incarnation, line);
    this.#transient.push(to.incarnation);
    return line;
  }

  /** Sends everything that waits now, so that what the caller sends next does not overtake it. */
  flush(): void {
    for (const line of this.waiting) line.send();
  }

  /** Drops everything that waits: the node has left. */
  close(): void {
    this.waiting.clear();
    this.byIncarnation.clear();
    this.bundles.clear();
    this.spoken.clear();
  }

  /** A node is no peer any more. What waits for it is lost with it. */
  nodeLost({ incarnation }: NodeIdentity): void {
    const line = this.byIncarnation.get(incarnation);
    if (line !== undefined) this.waiting.delete(line);
    this.byIncarnation.delete(incarnation);
  }

  /**
   * Runs when the microtasks that were there at the first item are over. Waiting for the end of the turn costs the event loop a round, which
   * one call in flight should not pay for. A field, because it is passed on as a function.
   */
  readonly endAlone = (): void => {
    let line = this.alone;
    this.alone = undefined;
    while (line !== undefined) {
      const next: Line | undefined = line.nextAlone;
      line.nextAlone = undefined;
      if (line.items === 1) line.items = 0;
      line = next;
    }
    if (this.#transient.length > 0) this.#dropTransient();
  };

  /** A field, because it is passed on as a function. */
  readonly endTurn = (): void => {
    let now = -Infinity;
    try {
      for (const line of this.spoken) {
        this.spoken.delete(line);
        if (line.items > 1 && now === -Infinity) now = this.timers.now();
        line.busyAt = line.items > 1 ? now : -Infinity;
        line.items = 0;
        line.send();
      }
    } finally {
      // Also if one of them threw: the end of the turn is waited for only once.
      if (this.spoken.size > 0) this.timers.afterTurn(this.endTurn);
    }
    if (this.#transient.length > 0) this.#dropTransient();
  };

  #dropTransient(): void {
    for (const incarnation of this.#transient) this.byIncarnation.delete(incarnation);
    this.#transient.length = 0;
  }
}
