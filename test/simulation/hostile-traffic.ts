import { Violation } from './invariants';
import { senderOf } from './refused-frames';
import { NAMESPACE, SCOPE_NAMES, type SimulatedNode } from './simulated-node';

/** So many bytes may be sent to a peer for each byte that comes from it. */
const MOST_BYTES_EACH = 10;
/** What a node may send a peer once in a life of it: its recent operations and few entries, more than most nodes here have, … */
const ONCE_BYTES = 64 * 1024;
/** … and, where it has had thousands of entries, so much for each and the length of its text: both travel in a sync and in an operation. */
const ONCE_BYTES_EACH_ENTRY = 128;
const TIMES_A_TEXT_TRAVELS = 2;
const SECOND_MS = 1000;
/** What the subjects of all inboxes begin with. */
const INBOXES = `pgr.${NAMESPACE}.to.`;

/** What one node got of the hostile peer and sent to it, in one second. */
interface Second {
  readonly number: number;
  received: number;
  sent: number;
}

/** Compares what each node sends to the hostile peer with what it gets of it, second by second. */
export class HostileTraffic {
  readonly #seconds = new Map<SimulatedNode, Second>();
  /** What the entries of each node have been worth at most, and the digests of its entries when that was last counted. */
  readonly #most = new Map<SimulatedNode, { readonly digests: string; readonly bytes: number }>();

  readonly #now: () => number;
  readonly #isHostile: (name: string) => boolean;

  /** @param now Milliseconds of virtual time */
  constructor(now: () => number, isHostile: (name: string) => boolean) {
    this.#now = now;
    this.#isHostile = isHostile;
  }

  /** A node got a message. */
  received(node: SimulatedNode, subject: string, bytes: Uint8Array): void {
    const sender = senderOf(subject);
    if (sender !== undefined && this.#isHostile(sender)) this.#secondOf(node).received += bytes.length;
  }

  /** A node published a message. @throws Violation */
  sent(node: SimulatedNode, subject: string, bytes: Uint8Array): void {
    if (node.isHostile || !subject.startsWith(INBOXES)) return;
    const receiver = subject.slice(INBOXES.length, subject.indexOf('.', INBOXES.length));
    if (!this.#isHostile(receiver)) return;
    const second = this.#secondOf(node);
    second.sent += bytes.length;
    const once = ONCE_BYTES + this.#mostBytesOfEntries(node);
    if (second.sent <= second.received * MOST_BYTES_EACH + once) return;
    throw new Violation(
      11,
      `${node.name} sent ${second.sent} bytes to ${receiver} within a second, and got ${second.received} of it.`,
    );
  }

  #mostBytesOfEntries(node: SimulatedNode): number {
    const tables = SCOPE_NAMES.map((scope) => node.tableOf(scope)).filter((table) => table !== undefined);
    const digests = JSON.stringify(tables.map((table) => table.digest(table.incarnation)));
    const last = this.#most.get(node);
    if (last?.digests === digests) return last.bytes;
    const rows = tables.flatMap((table) => table.ownRowsAfter(0, Infinity));
    const now = rows.reduce((sum, { value }) => sum + bytesOfEntry(value), 0);
    const bytes = Math.max(now, last?.bytes ?? 0);
    this.#most.set(node, { digests, bytes });
    return bytes;
  }

  #secondOf(node: SimulatedNode): Second {
    const number = Math.floor(this.#now() / SECOND_MS);
    let second = this.#seconds.get(node);
    if (second?.number !== number) this.#seconds.set(node, (second = { number, received: 0, sent: 0 }));
    return second;
  }
}

/** Only texts are long in a simulation. */
function bytesOfEntry(value: unknown): number {
  return ONCE_BYTES_EACH_ENTRY + (typeof value === 'string' ? value.length * TIMES_A_TEXT_TRAVELS : 0);
}
