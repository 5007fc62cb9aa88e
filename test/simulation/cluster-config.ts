import type { ProtocolOptions } from '../../libs/pg-registry/src/cluster';
import { SeededRandom } from '../support/seeded-random';

/** The cluster of a scenario, drawn from its seed. */
export interface ClusterConfig {
  /** Names that nodes may have. */
  readonly names: readonly string[];
  readonly servers: readonly string[];
  readonly options: Partial<ProtocolOptions>;
  /** Names of nodes with little memory and small frames. */
  readonly tiny: readonly string[];
  /** The time in which a cluster with these options notices trouble, in milliseconds; steps are drawn relative to it. */
  readonly unitMs: number;
  /** How long a started process takes to connect, in milliseconds: short enough or too long to receive frames of its predecessor. */
  readonly bootMs: number;
  /** The largest message that the servers accept, in bytes. */
  readonly maxPayload: number;
  /** Whether a client subscribes to everything. */
  readonly onlooker: boolean;
  /** Whether one of the peers is hostile. */
  readonly isHostile: boolean;
  /** Names of nodes that speak only version 1 of the protocol. */
  readonly oldNames?: readonly string[];
  /** How many entries of lost peers the nodes remove in one turn. */
  readonly rowsPerTurn: number;
  /** How many deliveries of events they make in one turn. */
  readonly deliveriesPerTurn: number;
  /** What the machines' clocks show at virtual time 0, in milliseconds since 1970. */
  readonly wallMs: number;
}

/** A fifth of the default times, so that most scenarios run fast. */
const QUICK: Partial<ProtocolOptions> = {
  helloIntervalMs: 400,
  probeIntervalMs: 50,
  probeTimeoutMs: 200,
  confirmMs: 100,
  rejoinGraceMs: 1000,
  peerTimeoutMs: 3000,
  isolationTimeoutMs: 12_000,
  stallMs: 200,
  settleMs: 100,
};
/** How much memory a hostile peer may take: more than honest ones ever need, and little enough that it gets there. */
const PEER_BYTES = 32 * 1024 * 1024;
const QUICK_UNIT_MS = 1000;
const DEFAULT_UNIT_MS = 5000;

/** Options of a node with so little memory that it reaches every bound. */
export const TINY: Partial<ProtocolOptions> = {
  maxFrameBytes: 4096,
  maxHelloBytes: 1024,
  maxOpBytes: 16_384,
  ringBytes: 12_000,
  parkingBytes: 40_000,
  maxUnsentOps: 40,
  maxUnflushedBytes: 3000,
  maxTombstones: 8,
  maxScopes: 300,
};
const SMALL_PAYLOAD = 8192;
const LARGE_PAYLOAD = 1_048_576;

/** Draws the cluster of a scenario. */
export function drawClusterConfig(seed: number): ClusterConfig {
  const random = new SeededRandom(seed ^ 0x5eed);
  const isQuick = random.chance(0.85);
  const names = ['a', 'b', 'c', 'd', 'e'].slice(0, 2 + random.below(4));
  const part = random.pick([0, 0, 0.5, 1]);
  const tiny = names.filter(() => random.chance(part));
  const unitMs = isQuick ? QUICK_UNIT_MS : DEFAULT_UNIT_MS;
  return {
    names,
    servers: ['X', 'Y', 'Z'].slice(0, 1 + random.below(3)),
    options: { ...(isQuick ? QUICK : {}), maxPeerBytes: PEER_BYTES },
    tiny,
    unitMs,
    maxPayload: tiny.length > 0 && random.chance(0.5) ? SMALL_PAYLOAD : LARGE_PAYLOAD,
    onlooker: random.chance(0.1),
    bootMs: random.pick([0.002, 0.02, 0.1]) * unitMs,
    // A sequence of its own, so that the other draws of a seed do not depend on it.
    isHostile: new SeededRandom(seed ^ 0xbad).chance(0.4),
    oldNames: drawOldNames(names, new SeededRandom(seed ^ 0x01d)),
    rowsPerTurn: new SeededRandom(seed ^ 0x51ce).pick([1, 3, 2000]),
    deliveriesPerTurn: new SeededRandom(seed ^ 0xfeed).pick([1, 3, 3000]),
    wallMs: 1_700_000_000_000,
  };
}

function drawOldNames(names: readonly string[], random: SeededRandom): readonly string[] {
  return random.chance(0.2) ? names.filter(() => random.chance(0.5)) : [];
}
