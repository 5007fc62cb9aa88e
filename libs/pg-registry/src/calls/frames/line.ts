import { Writer } from '../../wire';
import type { Timers } from '../../lifetime';
import type { CallChannel, Outlet, SingleKind } from './call-channel';
import { ITEM } from './item-kinds';
import type { Bundle, SentCall } from './sent-call';

/** What the lines of one node share. */
export interface LineDeps {
  readonly channel: Pick<CallChannel, 'limits'>;
  readonly timers: Timers;
  /** Returns a number in [0, 1) that nobody can guess. */
  readonly random: () => number;
  /** Lines with items that have not left. */
  readonly waiting: Set<Line>;
  /** The last of the lines with an item that left at once, and none after it yet; {@link Line.nextAlone} leads to the others. */
  alone: Line | undefined;
  /** Begins a new turn for those of these lines on which no other item came. */
  readonly endAlone: () => void;
  /** Lines on which items wait, or waited, for the end of this turn. */
  readonly spoken: Set<Line>;
  /** Ends the turn of those lines. */
  readonly endTurn: () => void;
  /** Frames with calls that wait for their reply, by number. */
  readonly bundles: Map<number, Bundle>;
  /** Writers that nobody uses. */
  readonly writers: Writer[];
  /** How many frames with calls have left. */
  lastFrame: number;
}

/** A frame leaves when it has so many bytes, so that its receiver begins while its sender goes on. No item begins behind them. */
export const FULL_BYTES = 16 * 1024;
/** So long after a turn with several items, items wait for the end of theirs from the first one on. */
const BUSY_MS = 5;
/** Writers that are kept for the next frames. */
const MOST_WRITERS = 8;
/** A writer of a frame with so many bytes is not kept. */
const LARGE_BYTES = 256 * 1024;
const BITS_32 = 2 ** 32;
/** What the length of an item takes. */
const LENGTH_BYTES = 4;
/** What stands before the body of an item: its kind and its length. */
export const ITEM_HEAD_BYTES = 1 + LENGTH_BYTES;

/**
 * What this node says to another one, as items of bundles, in the order in which they are written. Between `begin` and `end` the body of
 * one item is written. An item is `kind u8 · number of bytes u32 · body`, and refers to no other, so that one that cannot be read does no
 * harm to the others. Its kind is the number that the table of frames gives to what does the same in version 1.
 */
export class Line {
  /** Items of this turn. */
  items = 0;
  /** The line whose item left at once before that of this one. */
  nextAlone: Line | undefined;
  /** When a turn with several items was over; -Infinity once there was one with a single item. */
  busyAt = -Infinity;
  #writer: Writer | undefined;
  /** Bytes of the items that are complete. */
  #complete = 0;
  #partStart = 0;
  #bundle: Bundle = { calls: [], open: 0, number: 0, token: '' };
  /** What makes the tokens of its frames unguessable: only this line's receiver sees it. Made with the first frame that needs it. */
  #secret: string | undefined;
  /** In which the two nodes talk; the first with bundles for a node that is no peer. */
  readonly version: number;
  readonly #outlet: Outlet;
  readonly #deps: LineDeps;

  constructor(outlet: Outlet, version: number, deps: LineDeps) {
    this.version = version;
    this.#outlet = outlet;
    this.#deps = deps;
  }

  /** Begins an item; what is written next is its body. One that is not ended is dropped. */
  begin(kind: SingleKind | 'reply'): Writer {
    let writer = this.#writer;
    if (writer === undefined) {
      this.#writer = writer = this.#deps.writers.pop() ?? new Writer();
      writer.length = 0; // each part starts without names
    } else if (writer.length > this.#complete) writer.truncate(this.#complete);
    writer.u8(ITEM[kind]);
    this.#partStart = writer.startPart();
    return writer;
  }

  /**
   * Ends the item. It leaves at once on a quiet line, otherwise when the turn is over.
   *
   * @param call Set if the item is a call: it hears if nobody listens.
   * @returns 0, or the bytes of the item if it is larger than a frame. It is dropped then.
   */
  end(call?: SentCall): number {
    let writer = this.#writer!;
    const deps = this.#deps;
    const { maxBodyBytes } = deps.channel.limits;
    writer.u32(writer.length - this.#partStart, this.#partStart - LENGTH_BYTES);
    const bytes = writer.length - this.#complete;
    if (bytes > maxBodyBytes) {
      writer.truncate(this.#complete);
      return bytes;
    }
    if (writer.length > maxBodyBytes) writer = this.#splitOff(writer);
    this.#complete = writer.length;
    if (call !== undefined) {
      call.bundle = this.#bundle;
      this.#bundle.calls.push(call);
      this.#bundle.open += 1;
    }
    this.items += 1;
    const isFirst = this.items === 1;
    const isQuiet = isFirst && (this.busyAt === -Infinity || deps.timers.now() > this.busyAt + BUSY_MS);
    if (isQuiet) {
      if (deps.alone === undefined) queueMicrotask(deps.endAlone);
      this.nextAlone = deps.alone;
      deps.alone = this;
    } else {
      if (deps.spoken.size === 0) deps.timers.afterTurn(deps.endTurn);
      deps.spoken.add(this);
    }
    if (isQuiet || this.#complete >= FULL_BYTES) this.send();
    else deps.waiting.add(this);
    return 0;
  }

  /** Sends the items that wait, in one frame. */
  send(): void {
    const writer = this.#writer;
    if (writer === undefined) return;
    const deps = this.#deps;
    const { bundles, writers, waiting } = deps;
    const bundle = this.#bundle;
    const body = writer.view(this.#complete);
    if (bundle.calls.length === 0) {
      if (body.length > 0) this.#outlet.publish(body, '');
    } else {
      const number = (deps.lastFrame += 1);
      const token = `${number}-${(this.#secret ??= secretOf(deps.random))}`;
      this.#bundle = { calls: [], open: 0, number: 0, token: '' };
      if (!this.#outlet.publish(body, token)) {
        for (const call of bundle.calls) call.undelivered('not-connected');
      } else if (bundle.open > 0) {
        // All may have ended already: then nobody has to know.
        bundle.number = number;
        bundle.token = token;
        bundles.set(number, bundle);
      }
    }
    this.#complete = 0;
    this.#writer = undefined;
    if (writers.length < MOST_WRITERS && writer.length < LARGE_BYTES) writers.push(writer);
    waiting.delete(this);
  }

  /** Sends all but the last item, which would make the frame too large. @returns The writer of what is left */
  #splitOff(writer: Writer): Writer {
    const last = writer.view().slice(this.#complete);
    this.send();
    const next = new Writer();
    next.raw(last);
    this.#writer = next;
    return next;
  }
}

/** Returns the text of 64 random bits. */
function secretOf(random: () => number): string {
  const [high, low] = [Math.floor(random() * BITS_32), Math.floor(random() * BITS_32)];
  return `${high.toString(36)}-${low.toString(36)}`;
}
