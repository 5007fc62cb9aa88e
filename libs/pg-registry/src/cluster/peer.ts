import type { Allowance } from './allowance';
import type { KnownScopes } from './known-scopes';
import type { VersionRange } from '../wire';

/** Why a peer is a suspect: its probes get no responders, they get no answers, or this node is disconnected. */
export type Suspicion = 'crash' | 'silence' | 'disconnected';

/** Why a peer was removed. All but goodbye and superseded leave its incarnation free to come back. */
export type RemovalReason = 'goodbye' | 'superseded' | 'crash' | 'silence' | 'isolated';

/** A node that shares its entries with this one. One object for as long as the incarnation stays admitted. */
export interface Peer {
  readonly node: string;
  readonly incarnation: string;
  readonly epoch: number;
  /** The version in which the two nodes speak. */
  readonly version: number;
  readonly versions: VersionRange;
  /** Undefined: it is not suspected. Suspects stay listed and are sent everything; calls by name ask them only if no other member is left. */
  readonly suspicion: Suspicion | undefined;
  readonly draining: boolean;
  /** The server it is attached to, as it last said. */
  readonly serverId: string;
  readonly scopes: KnownScopes;
  /** What it may make this node send. */
  readonly allowance: Allowance;
  /** The latest picture of it, see {@link viewOf}. */
  readonly view: PeerView | undefined;
  /** Since when not all of its scopes were known, while they are not: an earlier life that ended so counts. */
  readonly incompleteSince: number;
}

/**
 * A {@link Peer} that can be written. Who writes which field:
 *
 *     suspicion   Liveness
 *     epoch       Membership, with each frame of the peer
 *     serverId    Membership from a hello, and the FrameRouter from the answer to a probe
 *     draining    `markDraining` of drain.ts, when a hello or a drain frame says so
 *     view        {@link viewOf}
 *     scopes      the object stays; Membership lets it learn from each hello
 *
 * The other fields never change.
 */
export type MutablePeer = { -readonly [K in keyof Peer]: Peer[K] };

/** A frozen picture of a peer, for users. */
export interface PeerView {
  /** Its name, unique among the living nodes. */
  readonly node: string;
  /** Which life of the node: 16 hexadecimal digits, see `incarnationOf`. */
  readonly incarnation: string;
  /** When it started, in milliseconds since 1970 by its own clock: of two nodes with one name the later one stays. */
  readonly epoch: number;
  /** `'draining'` from the moment it says that it is about to leave: it keeps its entries, and calls by name ask it only if no ready node has a member. */
  readonly state: 'ready' | 'draining';
  /** Why it is suspected of being gone, or false. Suspects stay listed, and calls by name ask them only if no other member is left. */
  readonly suspect: Suspicion | false;
  /** The server of the broker that it is attached to, as it last said. */
  readonly serverId: string;
  /** The scopes that run there. */
  readonly scopes: readonly string[];
}

/**
 * Takes a picture of a peer; the latest one, if nothing has changed since. Each change of any peer shows all of them, so a new one of each
 * would let a peer that comes and goes cost its receivers their number of peers and scopes every time.
 */
export function viewOf(peer: MutablePeer): PeerView {
  const { view: latest, node, incarnation, epoch, serverId } = peer;
  const state = peer.draining ? 'draining' : 'ready';
  const suspect = peer.suspicion ?? false;
  const scopes = peer.scopes.names();
  const isSame =
    latest?.scopes === scopes &&
    latest.epoch === epoch &&
    latest.serverId === serverId &&
    latest.state === state &&
    latest.suspect === suspect;
  if (isSame) return latest;
  return (peer.view = Object.freeze({ node, incarnation, epoch, state, suspect, serverId, scopes }));
}
