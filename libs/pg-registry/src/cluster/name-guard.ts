import {
  DecodeError,
  MAX_EPOCH,
  Reader,
  readIncarnation,
  type Sender,
  writeIncarnation,
  Writer,
} from '../wire';
import type { Endpoint } from './endpoint';
import { supersedes } from './name-ledger';
import type { Probes } from './liveness/probes';
import { Throttle } from './throttle';

const STALE_INTERVAL_MS = 1000;
const MAX_STALE_NAMES = 1024;
/**
 * A node follows the word of others no further than ten thousand years beyond its own start: more than clocks are ever wrong,
 * and so little of all epochs that a liar cannot bring a name to the end of them, where its next life could not rise above it.
 */
const MAX_LEAP_MS = 10_000 * 365.25 * 86_400_000;
/** Hello intervals for which a namesake that was heard is taken to live although it does not answer. */
const PATIENCE = 1.5;

/** What a {@link NameGuard} is given: what carries out its decisions, and the interval of hellos. */
export interface NameGuardDeps {
  /** Another living node has the name and is the current one. */
  fence(by: Sender): void;
  /** The epoch rose: everybody has to hear it. */
  epochRaised(): void;
  /** The interval of hellos in a cluster of this size. */
  helloIntervalMs(): number;
}

/**
 * Keeps one name with one living node.
 *
 * Higher epoch wins, and **only the living can claim a name**: a frame proves that its sender lived when it sent it, and may
 * have lain in a socket since, while the sender said goodbye. So nobody gives way to what it happens to hear. Who hears a
 * newer incarnation under its own name asks who has the name now, and is fenced by the answer: for good, without ever raising
 * its epoch again, so two living namesakes cannot outbid each other. Epochs rise from each that gives way to the one that
 * answered it, so of any number of living namesakes the last in that order stays.
 *
 * Whoever hears a lower epoch than it knows answers `stale { incarnation, epoch }`. The receiver asks the same question;
 * only if nobody else answers, nor a newer one was heard lately, it raises its epoch above the one named. That heals a clock
 * that went backwards between two lives of a node, and gives a node the name that only the dead hold against it.
 */
export class NameGuard {
  readonly #staleSaid = new Throttle<string>(STALE_INTERVAL_MS, MAX_STALE_NAMES);
  /** The highest epoch that somebody holds against ours, while we ask who else has our name. */
  #outbidBy: number | undefined;
  /** When we last asked; −Infinity if that question has ended. */
  #askedAt = -Infinity;
  /** The epoch that this life began with. */
  readonly #startedAt: number;
  /** When a newer namesake was last heard, without being asked. */
  #heardAt = -Infinity;

  readonly #endpoint: Endpoint;
  readonly #probes: Probes;
  readonly #deps: NameGuardDeps;

  constructor(endpoint: Endpoint, probes: Probes, deps: NameGuardDeps) {
    this.#endpoint = endpoint;
    this.#probes = probes;
    this.#deps = deps;

    this.#startedAt = endpoint.epoch;
  }

  /** Asks whether anybody else answers on this node's name. At start and after each reconnect. */
  check(): void {
    this.#askedAt = this.#endpoint.now;
    this.#probes.ask(this.#endpoint.node, { of: 'own-name' });
  }

  /** The connection broke: a question under way will not be answered. */
  disconnected(): void {
    this.#askedAt = -Infinity;
    this.#outbidBy = undefined;
  }

  /** A frame under our own name, of another incarnation: reason to ask who has the name now, never more than that. */
  namesake(sender: Sender): void {
    const endpoint = this.#endpoint;
    this.#warnOf(sender);
    if (!supersedes(sender, endpoint)) return this.sayStale(sender, endpoint.epoch);
    this.#heardAt = endpoint.now;
    this.#ask();
  }

  /** Another incarnation answers on our name: it lives, for it was asked just now. */
  answered(sender: Sender): void {
    const endpoint = this.#endpoint;
    this.#warnOf(sender);
    if (supersedes(sender, endpoint)) this.#deps.fence(sender);
    else this.sayStale(sender, endpoint.epoch);
  }

  /** Tells a node that a higher epoch of its name is known here; at most once a second per name. */
  sayStale(sender: Sender, epoch: number): void {
    const endpoint = this.#endpoint;
    endpoint.count('stale-senders');
    if (!this.#staleSaid.pass(sender.node, endpoint.now)) return;
    const writer = new Writer();
    writeIncarnation(writer, sender.incarnation);
    writer.uint(epoch);
    endpoint.tell(sender.node, 'stale', writer.finish());
  }

  /** Somebody knows a higher epoch of our name. @throws DecodeError if the body is none, or names one that no clock says */
  staleHeard(body: Uint8Array): void {
    const reader = new Reader(body);
    const incarnation = readIncarnation(reader);
    const epoch = reader.uint();
    reader.end();
    const endpoint = this.#endpoint;
    if (epoch > this.#startedAt + MAX_LEAP_MS || epoch >= MAX_EPOCH)
      throw new DecodeError(`Epoch ${epoch} is beyond every clock.`);
    // Race: said to a namesake of ours, or before we rose already.
    if (incarnation !== endpoint.incarnation || epoch < endpoint.epoch) return;
    this.#outbidBy = Math.max(this.#outbidBy ?? 0, epoch);
    this.#ask();
  }

  /**
   * The question on our own name has ended. A foreign answer went through `answered` before: if it did not fence us, its
   * node is the older one and will be fenced by us, and the epoch that outbids us is somebody's memory of it.
   */
  checkEnded(outcome: 'answer' | 'no-responders' | 'timeout'): void {
    const outbidBy = this.#outbidBy;
    this.#askedAt = -Infinity;
    this.#outbidBy = undefined;
    if (outbidBy === undefined || outcome === 'answer' || this.#heardLately) return;
    this.#endpoint.epoch = outbidBy + 1;
    this.#endpoint.count('epoch-raised');
    this.#deps.epochRaised();
  }

  /** Whether a newer namesake seems to live although it does not answer, as one that does not hear us: we must not outbid it. */
  get #heardLately(): boolean {
    return this.#endpoint.now <= this.#heardAt + PATIENCE * this.#deps.helloIntervalMs();
  }

  #ask(): void {
    // Race: an own stall voids the question under way, so its end may never come.
    const { now, options } = this.#endpoint;
    if (now > this.#askedAt + 2 * options.probeTimeoutMs) this.check();
  }

  #warnOf(sender: Sender): void {
    const endpoint = this.#endpoint;
    endpoint.warn(
      'namesake',
      `Another node is named '${endpoint.node}': ${sender.incarnation} (epoch ${sender.epoch}); this one is ` +
        `${endpoint.incarnation} (epoch ${endpoint.epoch}). If both live, the one with the higher epoch stays.`,
    );
  }
}
