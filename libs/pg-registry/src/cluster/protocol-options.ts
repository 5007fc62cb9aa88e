import { OptionChecks } from '../term';
import { LONGEST_FRAME_BYTES } from '../wire';

/**
 * The options of the protocol between nodes, all with defaults. Units are in the names: `Ms` milliseconds, `Bytes` bytes.
 *
 * They are here, and not each in the room that reads it, because an operator tunes them together and they are checked at once;
 * cluster/ is the lowest room that reads any.
 */
export interface ProtocolOptions {
  /** How often a node sends its hello. Longer in a large cluster, `peers × 50 ms`, so that no node receives more than 20 a second. Default 2000 ms. */
  readonly helloIntervalMs: number;
  /** How often a node probes each of the next three nodes of the ring, and a suspect until its crash is confirmed. Default 250 ms. */
  readonly probeIntervalMs: number;
  /** How long a probe waits for its answer. The next probe is sent whether or not this one is answered. Default 1000 ms. */
  readonly probeTimeoutMs: number;
  /** How long probes must meet "no responders" before a peer counts as crashed, if its server is known to run. Default 500 ms. */
  readonly confirmMs: number;
  /** How long probes must meet "no responders" before a peer counts as crashed, if its server may have failed instead. After its own reconnect, a node waits as long before it removes peers that it has not heard since. Default 5000 ms. */
  readonly rejoinGraceMs: number;
  /** How long a peer with an open connection may leave probes unanswered before it is removed. Default 15,000 ms. */
  readonly peerTimeoutMs: number;
  /** How long this node may be disconnected before it removes its peers. Default 60,000 ms. */
  readonly isolationTimeoutMs: number;
  /** By how much a timer of this node may be late before the node concludes that it stalled itself. Default 1000 ms. */
  readonly stallMs: number;
  /** How often the node tests its crash detection, by probing a name that no node has. Default 60,000 ms. */
  readonly onlookerIntervalMs: number;
  /** How long `drain()` waits for acknowledgements of the peers. Default 1000 ms. */
  readonly drainAckMs: number;
  /** How long after connecting a node waits for a first peer before it counts as synced. Default 250 ms. */
  readonly settleMs: number;
  /** How long a peer may be asked for its entries and send none before `synced()` waits for it no more. It is asked on, ever less often. Default 2000 ms. */
  readonly syncPatienceMs: number;
  /** In how long a time the same kind of warning is logged at most once. Default 60,000 ms. */
  readonly warnIntervalMs: number;
  /** The shortest time between two measurements of `pg_registry.propagation.lag`, the time from a write to its application at a peer, over all scopes. 0 for no measurement. Default 0; 1000 ms where OpenTelemetry collects metrics. */
  readonly lagSampleMs: number;

  /** The largest frame; lowered to the server's `max_payload` − 4 KB. Default 524,288 bytes. */
  readonly maxFrameBytes: number;
  /** The largest page of a hello; at most `maxFrameBytes`. Default 32,768 bytes. */
  readonly maxHelloBytes: number;
  /** The largest operation, all its parts together. `parkingBytes` should be at least twice as much. Default 1 MB. */
  readonly maxOpBytes: number;
  /** How many peers a node accepts. Default 1000. */
  readonly maxPeers: number;
  /** How many scopes of one peer a node accepts; it ignores the others. The number of own scopes has no limit. Default 10,000. */
  readonly maxScopes: number;
  /** How many entries of one scope a node accepts from one peer. Default 1,000,000. */
  readonly maxEntriesPerPeer: number;
  /** How much memory the entries of one peer may take, over all scopes, as the node estimates it. With more, none of those of the scope that grew are shown until they take less. Default here 256 MB; of a node a quarter of the heap that V8 may take. */
  readonly maxPeerBytes: number;
  /** Of how many nodes that left the last epoch is remembered. Default 4096. */
  readonly maxTombstones: number;

  /** How many bytes of recent own operations are kept for repair, over all scopes. Default 16 MB. */
  readonly ringBytes: number;
  /** How many bytes of frames may wait behind a missing one, over all scopes. Default 16 MB. */
  readonly parkingBytes: number;
  /** How many own operations may wait for the client; with more, the queue is dropped and peers sync. Default 250,000. */
  readonly maxUnsentOps: number;
  /** How many bytes may be given to the client before a `flush()` completes; further operations wait unencoded. Default 262,144 bytes. */
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
  syncPatienceMs: 2000,
  warnIntervalMs: 60_000,
  lagSampleMs: 0,

  maxFrameBytes: 512 * KB,
  maxHelloBytes: 32 * KB,
  maxOpBytes: MB,
  maxPeers: 1000,
  maxScopes: 10_000,
  maxEntriesPerPeer: 1_000_000,
  maxPeerBytes: 256 * MB,
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

/** What a message takes of the broker's `max_payload` beside the frame, with room to spare. */
const BESIDE_FRAME_BYTES = 4 * KB;

/** The broker must take messages of this size, or not every frame can be sent. */
export const LEAST_MAX_PAYLOAD: number = LEAST['maxFrameBytes'] + BESIDE_FRAME_BYTES;

/**
 * Returns how large a frame may be.
 *
 * @param optionBytes The option `maxFrameBytes`.
 * @param maxPayload The broker's largest message. Below {@link LEAST_MAX_PAYLOAD}, the smallest frames are larger than it takes.
 */
export function maxFrameBytesFor(optionBytes: number, maxPayload: number): number {
  return Math.min(optionBytes, Math.max(maxPayload, LEAST_MAX_PAYLOAD) - BESIDE_FRAME_BYTES);
}

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
