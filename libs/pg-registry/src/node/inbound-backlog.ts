import { quoteText } from '../term';
import { senderIn } from '../wire';
import type { Clock } from './clock';

/** What a message costs beside its bytes, in bytes: the smallest cost as much as so many of a large one. */
export const MESSAGE_BYTES = 64;
/** So many bytes are handled without a look at the turn of the event loop that they came in. */
export const FEW_BYTES = 8192;
/** So many bytes, or one message, are handled in a turn, what was handled at once included: both are in one round of the event loop. The most expensive ones take half a microsecond for each byte. */
const MOST_PER_TURN = 32_768;
/** So many processes end in a turn because other nodes ask for it, or so many orders are done: each takes a few dozen microseconds, whatever its bytes. */
const EXITS_PER_TURN = 50;
/** What a request to end a process costs at least, in bytes. */
export const EXIT_BYTES = Math.floor(MOST_PER_TURN / EXITS_PER_TURN);
/** So many bytes wait for later turns, over all senders. */
const MOST_WAITING_BYTES = 33_554_432;
/** What V8 takes for a message that waits, beside its bytes. */
const OVERHEAD_BYTES = 256;
/** So many senders have queues of their own; others share one. Where the broker does not check names, anybody can make up names. */
const MOST_SENDERS = 1024;

/** A message that waits. */
interface WaitingMessage {
  readonly subject: string;
  readonly bytes: Uint8Array;
  readonly reply: string;
  /** What it takes of the room of a turn, in bytes: an expensive one more than it has. */
  readonly cost: number;
}

/** The messages of one sender that wait, the oldest first. */
class SenderQueue {
  bytes = 0;
  #messages: WaitingMessage[] = [];
  /** Where the first is in the list: to move the others up each time would cost their number. */
  #first = 0;

  get isEmpty(): boolean {
    return this.#first === this.#messages.length;
  }

  get first(): WaitingMessage {
    return this.#messages[this.#first];
  }

  push(message: WaitingMessage): void {
    this.#messages.push(message);
    this.bytes += heldBytes(message.bytes);
  }

  shift(): WaitingMessage {
    const { first } = this;
    this.#first += 1;
    this.bytes -= heldBytes(first.bytes);
    if (this.#first * 2 > this.#messages.length) {
      this.#messages = this.#messages.slice(this.#first);
      this.#first = 0;
    }
    return first;
  }

  pop(): WaitingMessage {
    const last = this.#messages.pop()!;
    this.bytes -= heldBytes(last.bytes);
    return last;
  }
}

/** What an {@link InboundBacklog} is given. */
export interface InboundBacklogDeps {
  readonly clock: Pick<Clock, 'afterTurn'>;
  /** Handles a message. Must not throw. */
  readonly deliver: (subject: string, bytes: Uint8Array, reply: string) => void;
  /** Called for each message that was dropped, with the token of its sender. Must not throw. */
  readonly onDropped: (sender: string) => void;
}

/** Figures of the messages that wait. */
export interface BacklogStats {
  /** What they take in memory, in bytes. */
  readonly bytes: number;
  /** How many were dropped since the start, because too many waited. Each counts as lost on its way. */
  readonly dropped: number;
}

/**
 * The messages that came with more than one turn of the event loop has room for. Clients hand over all that the socket has, up to some
 * megabytes, and only what is small costs little.
 *
 *     few bytes since the last look ──► handled at once
 *     more ──► handled while the turn has room and nothing waits ── no room ──► waits ── its turn ──► handled
 *                                                                                 └── too many bytes wait ──► dropped
 *
 * Each sender's messages stay in their order, and the senders take turns: one that floods the node delays the others by one of its
 * messages, and loses its own when too many wait.
 */
export class InboundBacklog {
  /** What was handled since the last look costs so much. Its owner adds each message before it asks {@link receive}. */
  spent = 0;
  /** What of it was handled at once. */
  #atOnce = 0;
  /** By sender, in the order of their turns. */
  readonly #queues = new Map<string, SenderQueue>();
  #bytes = 0;
  #dropped = 0;
  #cancelTurn: (() => void) | undefined;
  /** The sender whose messages took the most when that was looked at last, and how much. */
  #largest: readonly [sender: string, queue: SenderQueue] | undefined;
  #largestBytes = 0;
  /** A flood comes on one subject, mostly, and taking one apart costs as much as all else that is done for a small message. */
  #lastSubject = '';
  #lastSender = '';
  readonly #deps: InboundBacklogDeps;

  constructor(deps: InboundBacklogDeps) {
    this.#deps = deps;
  }

  get stats(): BacklogStats {
    return { bytes: this.#bytes, dropped: this.#dropped };
  }

  /**
   * Takes a message when more than {@link FEW_BYTES} are spent, itself included: handles or keeps it.
   *
   * @param cost What its owner has added to {@link spent}.
   */
  receive(subject: string, bytes: Uint8Array, reply: string, cost: number): void {
    this.#cancelTurn ??= this.#deps.clock.afterTurn(() => this.#beginTurn());
    const isFirst = this.spent - cost <= FEW_BYTES;
    if (this.#queues.size === 0 && (isFirst || this.spent <= MOST_PER_TURN)) {
      this.#atOnce = this.spent;
      this.#deps.deliver(subject, bytes, reply);
    } else this.#keep(subject, bytes, reply, cost);
  }

  /** Drops a message that would only be refused, when more than {@link FEW_BYTES} are spent, itself included. */
  drop(): void {
    this.#cancelTurn ??= this.#deps.clock.afterTurn(() => this.#beginTurn());
    this.#dropped += 1;
  }

  /** Drops all that waits, without counting it. */
  clear(): void {
    this.#cancelTurn?.();
    this.#cancelTurn = undefined;
    this.#queues.clear();
    this.#largest = undefined;
    this.#bytes = 0;
  }

  #beginTurn(): void {
    this.#cancelTurn = undefined;
    this.spent = this.#atOnce;
    this.#atOnce = 0;
    for (const [sender, queue] of this.#queues) {
      const { cost } = queue.first;
      if (this.spent > 0 && this.spent + cost > MOST_PER_TURN) break;
      this.spent += cost;
      this.#deliverFirst(sender, queue);
    }
    if (this.#queues.size === 0) {
      this.spent = 0;
      return;
    }
    this.spent = MOST_PER_TURN;
    this.#cancelTurn ??= this.#deps.clock.afterTurn(() => this.#beginTurn());
  }

  /** Handles the first message of a sender, who is the last one then. The walk over the Map comes to it again. */
  #deliverFirst(sender: string, queue: SenderQueue): void {
    const message = queue.shift();
    const { subject, bytes, reply } = message;
    this.#bytes -= heldBytes(bytes);
    this.#queues.delete(sender);
    if (!queue.isEmpty) this.#queues.set(sender, queue);
    this.#deps.deliver(subject, bytes, reply);
  }

  #keep(subject: string, bytes: Uint8Array, reply: string, cost: number): void {
    if (subject !== this.#lastSubject) [this.#lastSubject, this.#lastSender] = [subject, senderIn(subject)];
    const named = this.#lastSender;
    const sender = this.#queues.size < MOST_SENDERS || this.#queues.has(named) ? named : '';
    const waiting = this.#queues.get(sender)?.bytes ?? 0;
    if (!this.#makeRoom(sender, waiting + heldBytes(bytes), heldBytes(bytes))) return;
    // Looked for now: what it had may have been dropped for this message.
    let queue = this.#queues.get(sender);
    if (queue === undefined) this.#queues.set(sender, (queue = new SenderQueue()));
    // A copy: clients give a part of what they have read from the socket, 64 KB, which would stay as long as any part of it.
    queue.push({ subject, bytes: copyOf(bytes), reply, cost });
    this.#bytes += heldBytes(bytes);
    if (queue.bytes > this.#largestBytes)
      [this.#largest, this.#largestBytes] = [[sender, queue], queue.bytes];
  }

  /**
   * Drops the newest messages of the senders of which the most wait until a new one has room.
   *
   * @param sender Whose message it is.
   * @param waiting How much of this sender would wait with it.
   * @param bytes What it takes itself.
   * @returns False if it was dropped itself: without a copy of it, because a flood of small ones is dropped by the ten thousand in a turn.
   */
  #makeRoom(sender: string, waiting: number, bytes: number): boolean {
    while (this.#bytes + bytes > MOST_WAITING_BYTES) {
      const [most, largest] = this.#largestQueue() ?? [sender, undefined];
      const isDropped = largest === undefined || waiting >= largest.bytes;
      this.#dropped += 1;
      this.#deps.onDropped(isDropped ? sender : most);
      if (isDropped) return false;
      this.#bytes -= heldBytes(largest.pop().bytes);
      if (largest.isEmpty) this.#queues.delete(most);
    }
    return true;
  }

  /**
   * Returns the queue that takes the most, or was the one that did until it lost half: made-up names have a thousand queues, and messages are
   * dropped by the ten thousand in a turn. Undefined if nothing waits.
   */
  #largestQueue(): readonly [sender: string, queue: SenderQueue] | undefined {
    const known = this.#largest;
    if (
      known !== undefined &&
      this.#queues.get(known[0]) === known[1] &&
      known[1].bytes * 2 > this.#largestBytes
    )
      return known;
    this.#largest = undefined;
    this.#largestBytes = 0;
    for (const each of this.#queues)
      if (each[1].bytes > this.#largestBytes) [this.#largest, this.#largestBytes] = [each, each[1].bytes];
    return this.#largest;
  }
}

/** What the log says of dropped messages of a sender. */
export function droppedText(sender: string): string {
  return (
    `Messages of node ${quoteText(sender)} were dropped: more came than this node has time for, and the most of that node. What was ` +
    'replicated is asked for again; calls end at their deadlines.'
  );
}

function heldBytes(bytes: Uint8Array): number {
  return bytes.length + OVERHEAD_BYTES;
}

/** The own `slice` of a Buffer copies nothing. */
function copyOf(bytes: Uint8Array): Uint8Array {
  return Uint8Array.prototype.slice.call(bytes);
}
