import { Schedule } from '../../cluster';
import { InboundStream } from './inbound-stream';
import { type Arrival, SyncTiming } from './sync-timing';
import type { InboundDeps } from '../stream-deps';
import type { StreamPeer } from '../stream-output';

/** How many names are remembered for which nobody waits long. */
const MAX_VAIN_NAMES = 256;
/** How many peers a scope syncs with at a time; the others queue. */
const MAX_WALKS = 4;

/** How far one peer's stream has come here, for those who look into a node. */
export interface StreamPosition {
  /** The peer's name. */
  readonly node: string;
  /** Which life of it. */
  readonly incarnation: string;
  /** Which life of the scope there. */
  readonly run: number;
  /** Where the stream is: see `InboundStream`. */
  readonly phase: 'queued' | 'walking' | 'live' | 'overfull';
  /** The peer's last operation that is contained in what is known here. */
  readonly applied: number;
  /** The peer's last operation that this node has heard of. */
  readonly heard: number;
}

/**
 * The followed streams of one Replicator: one per peer that has announced the scope, until the peer or its run of the scope ends.
 * Decides which streams may sync at a time, and when each has something to do.
 */
export class InboundStreams {
  readonly byIncarnation = new Map<string, InboundStream>();
  /** Streams that must sync, in the order of their turn, and those whose turn it is. */
  readonly #queue = new Set<InboundStream>();
  readonly #walking = new Set<InboundStream>();
  /** When which stream has something to do, if connected. */
  readonly schedule = new Schedule<InboundStream>();
  /** How long nodes were asked in vain, by name: a new life does not begin anew. Those that were synced are left out. */
  readonly #vain = new Map<string, number>();
  /** Number of the last walk: it rises, so that of two walks it is known which is the newer. */
  #walks = 0;

  readonly #deps: InboundDeps;

  constructor(deps: InboundDeps) {
    this.#deps = deps;
  }

  /** Whether no stream waits for its first sync, or is in it; those that were given up do not count. */
  get synced(): boolean {
    for (const stream of this.byIncarnation.values()) if (arrivalOf(stream) === 'awaited') return false;
    return true;
  }

  /** Where the entries of each followed peer are. */
  *arrivals(): Iterable<readonly [StreamPeer, Arrival]> {
    for (const stream of this.byIncarnation.values()) yield [stream.peer, arrivalOf(stream)];
  }

  /** How far each followed peer's stream has come. */
  positions(): readonly StreamPosition[] {
    return Array.from(this.byIncarnation.values(), ({ peer, run, phase, applied, heard }) => {
      const { node, incarnation } = peer;
      return { node, incarnation, run, phase, applied, heard };
    });
  }

  /** Who is followed. */
  peers(): StreamPeer[] {
    return Array.from(this.byIncarnation.values(), ({ peer }) => peer);
  }

  /** Follows the stream that `peer` has announced. */
  begin(peer: StreamPeer, run: number): InboundStream {
    const { output, budget } = this.#deps;
    const vainMs = this.#vain.get(peer.node) ?? 0;
    const timing = new SyncTiming(peer, output, budget.options.syncPatienceMs, vainMs);
    const stream = new InboundStream(peer, run, timing, this.#deps);
    this.byIncarnation.set(peer.incarnation, stream);
    return stream;
  }

  /** Forgets a stream; its entries leave. */
  end(stream: InboundStream, cause: 'peer' | 'node-down', now: number): void {
    const { incarnation } = stream.peer;
    this.byIncarnation.delete(incarnation);
    this.#queue.delete(stream);
    this.#walking.delete(stream);
    this.schedule.delete(stream);
    stream.timing.rest(now);
    remember(this.#vain, stream.peer.node, stream.timing.lost(now));
    stream.end(cause);
    this.#startWalks(now);
  }

  /** To be called after anything has happened to a stream: finds its place in queue and schedule. */
  settle(stream: InboundStream, now: number): void {
    stream.settle(now);
    if (stream.phase !== 'walking') this.#walking.delete(stream);
    if (stream.phase === 'queued') this.#queue.add(stream);
    else this.#queue.delete(stream);
    this.schedule.set(stream, stream.deadline);
    if (this.#queue.size > 0) this.#startWalks(now);
  }

  /** The peer can be reached again. */
  recovered(incarnation: string, now: number): void {
    const stream = this.byIncarnation.get(incarnation);
    if (stream === undefined) return;
    stream.recovered(now);
    this.schedule.set(stream, stream.deadline);
  }

  /** The own connection is gone. */
  disconnected(now: number): void {
    for (const stream of this.#walking) {
      stream.timing.rest(now);
      this.schedule.set(stream, stream.deadline);
    }
  }

  /** The own connection is back. */
  connected(now: number): void {
    for (const stream of this.#walking) {
      stream.connected(now);
      this.schedule.set(stream, stream.deadline);
    }
  }

  /** Does what is due. Ends after the first stream that applied something, or as soon as the turn has no room, so that it stays short. */
  tick(now: number): void {
    for (let stream = this.schedule.takeDue(now); stream !== undefined; stream = this.schedule.takeDue(now)) {
      const before = stream.applied;
      stream.tick(now);
      this.settle(stream, now);
      if (stream.applied > before || this.#deps.budget.rowsLeft <= 0) return;
    }
    this.#startWalks(now);
  }

  /** Gives back all memory, without touching the table. */
  clear(): void {
    for (const stream of this.byIncarnation.values()) stream.release();
    this.byIncarnation.clear();
    this.#queue.clear();
    this.#walking.clear();
    this.schedule.clear();
  }

  /** Lets queued streams walk, as many as may at a time. */
  #startWalks(now: number): void {
    if (!this.#deps.budget.online) return;
    for (const stream of this.#queue) {
      if (this.#walking.size >= MAX_WALKS) return;
      if (this.#deps.removals.has(stream.peer.incarnation)) continue;
      if (stream.notBefore > now) {
        this.schedule.hasten(stream, stream.notBefore);
        continue;
      }
      this.#queue.delete(stream);
      this.#walking.add(stream);
      stream.beginWalk((this.#walks += 1), now);
      this.schedule.set(stream, stream.deadline);
    }
  }
}

function arrivalOf({ phase, timing }: InboundStream): Arrival {
  if (phase === 'overfull') return 'overfull';
  if (timing.wasSynced) return 'complete';
  return timing.isGivenUp ? 'given-up' : 'awaited';
}

function remember(vain: Map<string, number>, node: string, vainMs: number): void {
  vain.delete(node);
  if (vainMs === 0) return;
  vain.set(node, vainMs);
  if (vain.size <= MAX_VAIN_NAMES) return;
  for (const oldest of vain.keys()) {
    vain.delete(oldest);
    return;
  }
}
