import {
  OnlookerCheck,
  Drain,
  Endpoint,
  InitialDiscovery,
  Liveness,
  Membership,
  NameGuard,
  OwnScopes,
  Probes,
  protocolOptions,
  type ProtocolOptions,
} from '../cluster';
import { Streams } from '../replication';
import type { PidInterner, ValueLimits } from '../term';
import { OWN_VERSIONS, type Sender, type VersionRange } from '../wire';
import { FrameGate } from './frame-gate';
import { FrameRouter } from './frame-router';

/** What a `PeerProtocol` is given. */
export interface PeerProtocolDeps {
  readonly node: string;
  /** Made by `incarnationOf` from the name and random bits. */
  readonly incarnation: string;
  /** At first the start time in milliseconds since 1970; the protocol may raise it. */
  readonly epoch: number;
  readonly namespace: string;
  readonly pids: PidInterner;
  readonly limits: ValueLimits;
  /** A number in [0, 1), like `Math.random`. */
  readonly random: () => number;
  readonly options?: Partial<ProtocolOptions>;
  /** For tests of negotiation; default {@link OWN_VERSIONS}. */
  readonly versions?: VersionRange;
  /** For tests: how many entries of peers are removed in one turn of the event loop at most. */
  readonly rowsPerTurn?: number | undefined;
}

/** The components of one node's protocol, wired to one another. */
export interface ProtocolComponents {
  readonly endpoint: Endpoint;
  readonly probes: Probes;
  readonly onlookerCheck: OnlookerCheck;
  readonly drain: Drain;
  readonly nameGuard: NameGuard;
  readonly membership: Membership;
  readonly initialDiscovery: InitialDiscovery;
  readonly liveness: Liveness;
  readonly streams: Streams;
  readonly router: FrameRouter;
}

/**
 * Makes the components and wires them: Membership decides who is a peer and tells Liveness, Streams and Drain; Liveness asks
 * Membership to remove the dead; the router takes frames to all of them; each speaks through the one Endpoint.
 *
 * @param fence Called when a namesake with a higher epoch answered
 * @throws InvalidOptionError naming the option that is wrong
 */
export function createProtocolComponents(
  deps: PeerProtocolDeps,
  fence: (by: Sender) => void,
): ProtocolComponents {
  const { options, versions = OWN_VERSIONS } = deps;
  const endpoint = new Endpoint({ ...deps, versions, options: protocolOptions(options) });
  const ownScopes = new OwnScopes(() => Math.min(endpoint.options.maxHelloBytes, endpoint.maxFrameBytes));
  const probes = new Probes(endpoint);
  const onlookerCheck = new OnlookerCheck(endpoint, probes);
  const drain = new Drain(endpoint);
  const nameGuard = new NameGuard(endpoint, probes, {
    fence,
    epochRaised: () => membership.sayEpoch(),
    helloIntervalMs: () => membership.helloIntervalMs(),
  });
  const membership: Membership = new Membership(endpoint, ownScopes, nameGuard, {
    serverId: () => liveness.ownServerId,
    admitted: (peer) => {
      liveness.admitted(peer);
      initialDiscovery.met();
    },
    removed: (peer) => {
      liveness.removed(peer);
      streams.removed(peer);
      drain.drop(peer);
    },
    serverNamed: (peer) => liveness.serverNamed(peer),
    scopeListed: (peer, news) => streams.listed(peer, news),
    scopeGone: (peer, scope) => streams.gone(peer, scope),
  });
  const initialDiscovery = new InitialDiscovery(endpoint, membership.peers);
  const liveness: Liveness = new Liveness(endpoint, probes, membership, (peer) => streams.recovered(peer));
  const streams = createStreams(deps, endpoint, ownScopes, membership);
  const gate = new FrameGate(endpoint, membership.peers);
  const router = new FrameRouter({ endpoint, gate, membership, liveness, nameGuard, streams, drain });
  return {
    endpoint,
    probes,
    onlookerCheck,
    drain,
    nameGuard,
    membership,
    initialDiscovery,
    liveness,
    streams,
    router,
  };
}

function createStreams(
  { pids, limits, rowsPerTurn }: PeerProtocolDeps,
  endpoint: Endpoint,
  ownScopes: OwnScopes,
  membership: Membership,
): Streams {
  return new Streams({
    endpoint,
    ownScopes,
    pids,
    limits,
    rowsPerTurn,
    peers: membership.peers,
    ask: (node) => membership.ask(node),
    introduce: (node) => membership.introduce(node),
    changed: () => membership.changed(),
  });
}
