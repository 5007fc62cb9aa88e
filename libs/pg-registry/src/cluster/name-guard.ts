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
/** A node raises its epoch at most once in this time, because everybody answers it. */
const RAISE_INTERVAL_MS = 1000;
const MAX_STALE_NAMES = 1024;
/**
 * A node raises its epoch on the word of others to at most ten thousand years beyond its own start. Clocks are never that wrong, and
 * a hostile peer cannot bring a name to the last epoch, above which its next life could not rise.
 */
const MAX_LEAP_MS = 10_000 * 365.25 * 86_400_000;
/** Hello intervals for which a namesake that was heard counts as living although it does not answer. */
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
 * The higher epoch wins, and **only a living node can claim a name**: a frame proves that its sender lived when it sent it, and may
 * have waited in a socket since, while the sender said goodbye. So no node gives way to a frame that it happens to receive. A node
 * that hears a newer incarnation under its own name asks who has the name now, and the answer fences it: for good, without ever
 * raising its epoch again, so two living namesakes cannot outbid each other. Each node that gives way does so to one with a higher
 * epoch, so of any number of living namesakes the last in that order stays.
 *
 * A node that hears a lower epoch than it knows answers `stale { incarnation, epoch }`. The receiver asks the same question. Only if
 * nobody else answers, and no newer namesake was heard lately, it raises its epoch above the one in the answer. That heals a clock that
 * went backwards between two lives of a node, and gives a node a name that only dead incarnations hold against it. It also brings back a
 * node in whose name somebody else said goodbye: those who believed it answer its next frame with `stale`.
 *
 * **Clocks do not decide between two living nodes.** A node that answers another's first question was there before it, whatever the two
 * clocks say. So a node that has just started raises its epoch above that of the node that answers, once.
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
  /** When this node last raised its epoch. */
  #raisedAt = -Infinity;
  /** Until when a node that answers was there before this one: it answers the first question. */
  #startsUntil = Infinity;

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
    const { now, options } = this.#endpoint;
    this.#askedAt = now;
    this.#startsUntil = Math.min(this.#startsUntil, now + 2 * options.probeTimeoutMs);
    this.#probes.ask(this.#endpoint.node, { of: 'own-name' });
  }

  /** The connection broke: a question under way will not be answered. */
  disconnected(): void {
    this.#askedAt = -Infinity;
    this.#outbidBy = undefined;
  }

  /** A frame under this node's name that it has not sent: a reason to ask who has the name now, never more than that. */
  namesake(sender: Sender): void {
    const endpoint = this.#endpoint;
    if (sender.incarnation === endpoint.incarnation) return this.#takenForGone(sender);
    this.#warnOf(sender);
    if (!supersedes(sender, endpoint)) return this.sayStale(sender, endpoint.epoch);
    this.#heardAt = endpoint.now;
    this.#ask();
  }

  /** Another incarnation answers on this node's name: it lives, because it was asked just now. */
  answered(sender: Sender): void {
    const endpoint = this.#endpoint;
    this.#warnOf(sender);
    if (!supersedes(sender, endpoint)) this.sayStale(sender, endpoint.epoch);
    else if (endpoint.now <= this.#startsUntil && this.#isWithinClocks(sender.epoch))
      this.#raiseAbove(sender.epoch);
    else this.#deps.fence(sender);
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

  /** A node knows a higher epoch of this node's name. @throws DecodeError if the body is malformed, or the epoch is beyond every clock */
  staleHeard(body: Uint8Array): void {
    const reader = new Reader(body);
    const incarnation = readIncarnation(reader);
    const epoch = reader.uint();
    reader.end();
    if (!this.#isWithinClocks(epoch)) throw new DecodeError(`Epoch ${epoch} is beyond every clock.`);
    // Race: it was sent to a namesake.
    if (incarnation === this.#endpoint.incarnation) this.#outbid(epoch);
  }

  /**
   * The question on our own name has ended. A foreign answer went through `answered` before: if it did not fence us, its
   * node is the older one and will be fenced by us, and the epoch that outbids us is somebody's memory of it.
   */
  checkEnded(outcome: 'answer' | 'no-responders' | 'timeout'): void {
    const outbidBy = this.#outbidBy;
    this.#askedAt = -Infinity;
    this.#outbidBy = undefined;
    this.#startsUntil = -Infinity;
    if (outbidBy === undefined || outcome === 'answer' || this.#heardLately) return;
    // If it is too early, the next frame of this node is answered with `stale` again.
    if (this.#endpoint.now >= this.#raisedAt + RAISE_INTERVAL_MS) this.#raiseAbove(outbidBy);
  }

  /** Somebody said goodbye in this node's name. */
  #takenForGone({ epoch }: Sender): void {
    const { node } = this.#endpoint;
    this.#endpoint.warn(
      'forged-goodbye',
      `Somebody said goodbye in the name of this node, '${node}', which lives. It introduces itself again. Give each node a user ` +
        'with permissions of its own (permissionsOf), or all nodes a shared secret.',
    );
    if (this.#isWithinClocks(epoch)) this.#outbid(epoch);
  }

  /** Somebody holds an epoch against this node: the present one or a higher one. */
  #outbid(epoch: number): void {
    if (epoch < this.#endpoint.epoch) return; // Race: this node has raised its epoch meanwhile.
    this.#outbidBy = Math.max(this.#outbidBy ?? 0, epoch);
    this.#ask();
  }

  #raiseAbove(epoch: number): void {
    const endpoint = this.#endpoint;
    this.#startsUntil = -Infinity;
    this.#raisedAt = endpoint.now;
    endpoint.epoch = epoch + 1;
    endpoint.count('epoch-raised');
    this.#deps.epochRaised();
  }

  #isWithinClocks(epoch: number): boolean {
    return epoch <= this.#startedAt + MAX_LEAP_MS && epoch < MAX_EPOCH;
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
      `Another node is named '${endpoint.node}': ${sender.incarnation}, started at ${timeOf(sender)} by its clock; this one is ` +
        `${endpoint.incarnation}, started at ${timeOf(endpoint)}. If both live, the one that started last stays.`,
    );
  }
}

/** The start time of a node, as others know it: the node may have raised it. */
function timeOf({ epoch }: { readonly epoch: number }): string {
  return new Date(epoch).toISOString();
}
