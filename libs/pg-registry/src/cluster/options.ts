import { OptionChecks } from '../term';
import { LONGEST_FRAME_BYTES } from '../wire';

/** Everything about the protocol that a user may tune. Durations are milliseconds, sizes are bytes unless the name says otherwise. */
export interface ProtocolOptions {
  /** How often a node says hello at least; the interval used is `max(helloIntervalMs, peers × 50 ms)`, so that nobody hears more than 20 a second. Default 2000 ms. */
  readonly helloIntervalMs: number;
  /** How often each of the next three nodes of the ring is probed, and a suspect while a crash is being confirmed. Default 250 ms. */
  readonly probeIntervalMs: number;
  /** How long a probe waits for its answer. Probes are sent whether or not the one before was answered. Default 1000 ms. */
  readonly probeTimeoutMs: number;
  /** How long "no responders" must last before a peer whose server is known to live is taken for crashed. Default 500 ms. */
  readonly confirmMs: number;
  /** How long "no responders" must last when its server may be the one that died, and how long after an own reconnect nobody unheard is removed. Default 5000 ms. */
  readonly rejoinGraceMs: number;
  /** How long a peer may leave our probes unanswered, its connection open, before it is removed. Default 15,000 ms. */
  readonly peerTimeoutMs: number;
  /** How long this node may be disconnected itself before it forgets its peers. Default 60,000 ms. */
  readonly isolationTimeoutMs: number;
  /** A deadline that is overdue by more than this means that this node itself stood still. Default 1000 ms. */
  readonly stallMs: number;
  /** How often the crash detection itself is tested with a name that nobody has. Default 60,000 ms. */
  readonly onlookerIntervalMs: number;
  /** How long `drain()` waits for the peers to acknowledge. Default 1000 ms. */
  readonly drainAckMs: number;
  /** How long after a connect a node without peers waits for one before it counts as synced. Default 250 ms. */
  readonly settleMs: number;
  /** At most one warning of a kind in this time. Default 60,000 ms. */
  readonly warnIntervalMs: number;
  /** How often at most, over all scopes, one write is followed until a peer has applied it: what that takes is the metric `pg_registry.propagation.lag`. 0: never. Default 0; 1000 ms where OpenTelemetry collects metrics. */
  readonly lagSampleMs: number;

  /** Largest frame; node/ lowers it to the server's `max_payload` − 4 KB. Default 524,288 bytes. */
  readonly maxFrameBytes: number;
  /** Largest page of a hello. Default 32,768 bytes. */
  readonly maxHelloBytes: number;
  /** Largest single operation, over all its parts; two must fit in the parking. Default 4 MB. */
  readonly maxOpBytes: number;
  /** Peers admitted at one time. Default 1000. */
  readonly maxPeers: number;
  /** Scopes that run here, and scopes believed of one peer. Default 10,000. */
  readonly maxScopes: number;
  /** Entries accepted from one peer in one scope. Default 1,000,000. */
  readonly maxEntriesPerPeer: number;
  /** Names of which the last epoch is remembered after they left. Default 4096. */
  readonly maxTombstones: number;

  /** Recent own operations kept for repair, over all scopes of the node. Default 16 MB. */
  readonly ringBytes: number;
  /** Frames parked ahead of a gap, over all scopes of the node. Default 16 MB. */
  readonly parkingBytes: number;
  /** Own operations not yet given to the client; beyond it the queue collapses and peers sync. Default 250,000. */
  readonly maxUnsentOps: number;
  /** Bytes given to the client since the last completed `flush()`; beyond it operations wait as references. Default 262,144 bytes. */
  readonly maxUnflushedBytes: number;
}

const KB = 1024;
const MB = 1024 * KB;

/** The defaults of {@link ProtocolOptions}. */
export const DEFAULT_PROTOCOL_OPTIONS: ProtocolOptions = Object.freeze({
  helloIntervalMs: 2000,
  probeIntervalMs: 250,
  probeTimeoutMs: 1000,
  confirmMs: 500,
  rejoinGraceMs: 5000,
  peerTimeoutMs: 15_000,
  isolationTimeoutMs: 60_000,
  stallMs: 1000,
  onlookerIntervalMs: 60_000,
  drainAckMs: 1000,
  settleMs: 250,
  warnIntervalMs: 60_000,
  lagSampleMs: 0,

  maxFrameBytes: 512 * KB,
  maxHelloBytes: 32 * KB,
  maxOpBytes: 4 * MB,
  maxPeers: 1000,
  maxScopes: 10_000,
  maxEntriesPerPeer: 1_000_000,
  maxTombstones: 4096,

  ringBytes: 16 * MB,
  parkingBytes: 16 * MB,
  maxUnsentOps: 250_000,
  maxUnflushedBytes: 256 * KB,
});

/** The smallest value of an option, where it is not 1. */
const LEAST: Readonly<Record<string, number>> = {
  maxFrameBytes: 4 * KB,
  maxHelloBytes: KB,
  maxOpBytes: KB,
  drainAckMs: 0,
  settleMs: 0,
  confirmMs: 0,
  rejoinGraceMs: 0,
  warnIntervalMs: 0,
  lagSampleMs: 0,
};

/** The largest value of an option that has one. */
const MOST: Readonly<Record<string, number>> = { maxFrameBytes: LONGEST_FRAME_BYTES };

const NAMES = Object.keys(DEFAULT_PROTOCOL_OPTIONS);
const CHECKS: OptionChecks = new OptionChecks('Nothing was started.');

/**
 * Checks the protocol's options and fills in the defaults. Every option is a whole number within its bounds.
 *
 * @throws InvalidOptionError naming an unknown or wrong option and what is allowed.
 */
export function protocolOptions(given: Partial<ProtocolOptions> = {}): ProtocolOptions {
  CHECKS.names(given, NAMES);
  for (const [option, value] of Object.entries(given))
    CHECKS.wholeNumber(option, value, LEAST[option] ?? 1, MOST[option]);
  const options = { ...DEFAULT_PROTOCOL_OPTIONS, ...given };
  return Object.freeze({ ...options, maxHelloBytes: Math.min(options.maxHelloBytes, options.maxFrameBytes) });
}
