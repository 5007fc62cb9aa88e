import type { SuspicionGrounds } from './suspicion';

/** The latest answered probe to some peer on a server. */
interface ServerAnswer {
  readonly sentAt: number;
  readonly answeredAt: number;
}

const MAX_SERVERS = 256;

/**
 * Whether the server of a peer is known to live, as seen from this node. A living peer also gets "no responders" while its server dies
 * or a route between servers flaps. Only if the server itself is alive and reachable does it mean that the peer's connection is gone.
 * One of three reasons is enough:
 *
 *   1. it is this node's own server, and the node has been connected to it for longer than `rejoinGraceMs`, so that peers
 *      that were thrown off together with it have come back;
 *   2. it is this node's own server, and the peer named it over this very connection. A server id is drawn anew at each start, so the
 *      peer was attached to the process that has served this node ever since: it cannot have been thrown off by that server's death.
 *      (So a young node sees a crash as fast as an old one.)
 *   3. another peer on it answered a probe that was sent after the refusals began, and the peer was refused once more a moment later:
 *      a returning route does not bring back all subscriptions at the same instant.
 */
export class ServerEvidence {
  readonly #answers = new Map<string, ServerAnswer>();
  /** The server this node is attached to. */
  ownServerId = '';
  /** When the connection began; Infinity while there is none. */
  connectedAt = Infinity;

  readonly #rejoinGraceMs: number;
  readonly #witnessDelayMs: number;

  /**
   * @param rejoinGraceMs The option of this name
   * @param witnessDelayMs Milliseconds between a witness's answer and the refusal that counts; `probeIntervalMs`
   */
  constructor(rejoinGraceMs: number, witnessDelayMs: number) {
    this.#rejoinGraceMs = rejoinGraceMs;
    this.#witnessDelayMs = witnessDelayMs;
  }

  connected(serverId: string, now: number): void {
    this.ownServerId = serverId;
    this.connectedAt = now;
    this.#answers.clear();
  }

  disconnected(): void {
    this.connectedAt = Infinity;
  }

  /** A peer on `serverId` answered a probe. */
  answered(serverId: string, sentAt: number, now: number): void {
    this.#answers.delete(serverId);
    this.#answers.set(serverId, { sentAt, answeredAt: now });
    if (this.#answers.size <= MAX_SERVERS) return;
    for (const oldest of this.#answers.keys()) {
      this.#answers.delete(oldest);
      break;
    }
  }

  /** Whether a witness has to be asked for a peer on that server. */
  needsWitness(serverId: string): boolean {
    return serverId !== this.ownServerId;
  }

  /** Whether the last refusal of a peer on `serverId` can be trusted. Notes on its grounds when the first witness answered. */
  serverLives(serverId: string, grounds: SuspicionGrounds): boolean {
    if (serverId === '') return false;
    if (serverId === this.ownServerId) {
      const longConnected = grounds.refusedAt - this.connectedAt > this.#rejoinGraceMs;
      const namedOnThisConnection = grounds.serverNamedAt >= this.connectedAt;
      return longConnected || namedOnThisConnection;
    }
    const answer = this.#answers.get(serverId);
    if (answer !== undefined && grounds.refusedSince !== undefined && answer.sentAt >= grounds.refusedSince) {
      grounds.witnessedAt ??= answer.answeredAt;
    }
    return (
      grounds.witnessedAt !== undefined && grounds.refusedAt >= grounds.witnessedAt + this.#witnessDelayMs
    );
  }
}
