import type { Link } from '../support/virtual-network/link';
import { type BrokerDeps, VirtualBroker } from '../support/virtual-network/virtual-broker';

type Message = Parameters<VirtualBroker['publish']>[0];

/** What went over one connection, as the client sees it. */
export class Traffic {
  sentMessages = 0;
  sentBytes = 0;
  receivedMessages = 0;
  receivedBytes = 0;
}

/** Bytes of a line of NATS around a message: `PUB subject reply size` and `MSG subject sid reply size`, and the two ends of lines. */
const PUB_BYTES = 'PUB  \r\n\r\n'.length;
const MSG_BYTES = 'MSG  9 \r\n\r\n'.length;
const LATENCY_MS = 0.3;
/** With what the broker adds for each start, as long as the id of a nats-server (56 characters), which answers to probes carry. */
const SERVER = 'N'.repeat(54);

/**
 * A server without faults that counts every message and every byte, those of the protocol of NATS included. It finds the subscribers of a
 * subject by an index, so that a thousand nodes do not cost a million comparisons for each message.
 */
export class CountingBroker extends VirtualBroker {
  readonly traffic = new Map<Link, Traffic>();
  /** Whether messages of one connection are passed on to another. */
  carries: (from: Link, to: Link) => boolean = () => true;
  readonly #subscribers = new Map<string, Set<Link>>();
  readonly #queue: BrokerDeps['queue'];

  constructor(deps: Pick<BrokerDeps, 'queue' | 'random'>) {
    super({ ...deps, servers: [SERVER], latency: { meanMs: LATENCY_MS, spread: 0 }, unitMs: 1000 });
    this.#queue = deps.queue;
  }

  override open(link: Link): void {
    super.open(link);
    this.traffic.set(link, new Traffic());
  }

  override subscribe(link: Link, pattern: string): void {
    if (pattern.split('.').filter((token) => token === '*' || token === '>').length > 2)
      throw new Error(`The index knows no pattern like ${pattern}.`);
    let links = this.#subscribers.get(pattern);
    if (links === undefined) this.#subscribers.set(pattern, (links = new Set()));
    links.add(link);
    super.subscribe(link, pattern);
  }

  override publish(message: Message): void {
    const { from, subject, bytes, reply, onNoResponders } = message;
    const size = bytes.length + String(bytes.length).length + subject.length + reply.length;
    const sent = this.traffic.get(from)!;
    sent.sentMessages += 1;
    sent.sentBytes += PUB_BYTES + size;
    this.#queue.after(2 * LATENCY_MS, () => {
      let receivers = 0;
      for (const pattern of patternsOf(subject)) {
        for (const link of this.#subscribers.get(pattern) ?? []) {
          if (link === from || !this.carries(from, link)) continue;
          receivers += 1;
          const received = this.traffic.get(link)!;
          received.receivedMessages += 1;
          received.receivedBytes += MSG_BYTES + size;
          link.deliver(subject, bytes, reply);
        }
      }
      if (receivers === 0) onNoResponders?.();
    });
  }
}

/** Every pattern with up to one `*` or one `>`, or both, that matches a subject. */
function* patternsOf(subject: string): Iterable<string> {
  const tokens = subject.split('.');
  for (let star = -1; star < tokens.length; star += 1) {
    const starred = star === -1 ? tokens : tokens.with(star, '*');
    yield starred.join('.');
    for (let end = Math.max(1, star + 1); end < tokens.length; end += 1)
      yield `${starred.slice(0, end).join('.')}.>`;
  }
}
