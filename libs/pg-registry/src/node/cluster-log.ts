import type { PeerEvent } from '../cluster';
import type { Clock } from './clock';
import type { ErrorLog } from './logger';

/** What a {@link ClusterLog} needs of its node. */
export interface ClusterLogDeps {
  readonly node: string;
  readonly namespace: string;
  readonly log: ErrorLog;
  readonly clock: Clock;
  /** Returns the names of the peers as they are now. */
  readonly peers: () => readonly string[];
}

/** Peers that come or go within this time share a line: a cluster of hundreds may start at once. */
const GATHER_MS = 100;
/** The longest such time. It doubles while peers come and go all the time, because a peer can do so for ever. */
const MOST_GATHER_MS = 10_000;
/** How many peers a line names at most. */
const MOST_NAMED = 10;

/** Why a peer was removed, as the rest of a sentence. */
const WHY_GONE = {
  goodbye: 'said goodbye',
  superseded: 'was replaced by a newer node of its name',
  crash: 'crashed: its connection was closed without a goodbye',
  silence: 'fell silent: it did not answer for peerTimeoutMs',
  isolated: 'is forgotten: this node was disconnected for isolationTimeoutMs',
};
type Gone = keyof typeof WHY_GONE;

/**
 * Writes into the log when the node joins the cluster, loses its connection and regains it, and when peers come and go. An operator sees
 * from these lines who could talk to whom, and since when.
 */
export class ClusterLog {
  /** By what happened: to how many peers since the last line, and to which, as far as they are named. */
  readonly #gathered = new Map<'up' | Gone, { count: number; readonly names: string[] }>();
  #gatherMs = GATHER_MS;
  #writtenAt = -Infinity;
  #hasJoined = false;
  #disconnectedAt: number | undefined;
  #cancelTimer: (() => void) | undefined;

  readonly #deps: ClusterLogDeps;

  constructor(deps: ClusterLogDeps) {
    this.#deps = deps;
  }

  /** The node is connected, and its peers have had the time to answer. @param server Where it is connected. */
  joined(server: string): void {
    const { log, node, namespace } = this.#deps;
    this.#hasJoined = true;
    log.log(`Node '${node}' joined namespace '${namespace}' over ${server}; ${this.#peers()}.`);
  }

  /** The connection was lost; the transport tries to reconnect. */
  disconnected(server: string): void {
    const { log, node, clock } = this.#deps;
    this.#disconnectedAt = clock.now();
    log.warn(
      `Node '${node}' lost its connection to ${server} and tries to reconnect. Reads, and calls within this process, go on; ` +
        'writes reach the peers after the reconnect; calls to other nodes fail with TransportError until then.',
    );
  }

  /** The connection is back. */
  reconnected(server: string): void {
    const { log, node, clock } = this.#deps;
    if (this.#disconnectedAt === undefined) return;
    const seconds = ((clock.now() - this.#disconnectedAt) / 1000).toFixed(1);
    this.#disconnectedAt = undefined;
    log.log(`Node '${node}' is connected again, over ${server}, after ${seconds} s; ${this.#peers()}.`);
  }

  /** Something happened to a peer. Those that the node meets while it joins are named in the line about that. */
  peer(event: PeerEvent): void {
    if (!this.#hasJoined) return;
    if (event.type === 'peer-up') this.#gather('up', event.node);
    else if (event.type === 'peer-removed') this.#gather(event.reason, event.node);
  }

  /** Writes what is gathered. No line follows. */
  end(): void {
    this.#write();
    this.#hasJoined = false;
  }

  #gather(what: 'up' | Gone, node: string): void {
    const { clock } = this.#deps;
    const gathered = this.#gathered.get(what) ?? { count: 0, names: [] };
    gathered.count += 1;
    if (gathered.names.length < MOST_NAMED) gathered.names.push(node);
    this.#gathered.set(what, gathered);
    if (this.#cancelTimer !== undefined) return;
    const isQuiet = clock.now() > this.#writtenAt + 2 * this.#gatherMs;
    this.#gatherMs = isQuiet ? GATHER_MS : Math.min(2 * this.#gatherMs, MOST_GATHER_MS);
    this.#cancelTimer = clock.setTimer(this.#gatherMs, () => this.#write());
  }

  #write(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#writtenAt = this.#deps.clock.now();
    for (const [what, { count, names }] of this.#gathered) {
      const subject = `${count === 1 ? 'Peer' : `${count} peers`} ${named(names, count)}`;
      this.#deps.log.log(`${subject} ${what === 'up' ? 'joined' : WHY_GONE[what]}; ${this.#peers()} now.`);
    }
    this.#gathered.clear();
  }

  #peers(): string {
    const peers = this.#deps.peers();
    if (peers.length === 0) return 'no peers';
    return `${peers.length} ${peers.length === 1 ? 'peer' : 'peers'}: ${named(peers)}`;
  }
}

function named(nodes: readonly string[], count = nodes.length): string {
  const more = count - MOST_NAMED;
  const names = nodes.slice(0, MOST_NAMED).map((node) => `'${node}'`);
  return names.join(', ') + (more > 0 ? ` and ${more} more` : '');
}
