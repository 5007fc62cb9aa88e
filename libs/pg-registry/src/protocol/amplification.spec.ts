import { encodeHello } from '../cluster/hello';
import { writeRepairAsk, writeSyncAsk } from '../replication/body';
import { type FrameKind, Writer } from '../wire';
import { writeIncarnation } from '../wire/frame';
import { VirtualNetwork, type VirtualNode } from './virtual-network.fixture';

/** So many bytes may leave all nodes for each byte that one node sends, over any second. */
const MOST_BYTES_EACH = 10;
const NODES = 8;
const SCOPES = 20;

/** A cluster with something to send, one node of which asks and asks. */
class Flood {
  readonly network = new VirtualNetwork();
  readonly nodes: readonly VirtualNode[];
  readonly asker: VirtualNode;
  #out = 0;
  #in = 0;
  readonly #seconds: { readonly sent: number; readonly caused: number }[] = [];

  constructor() {
    const { network } = this;
    this.nodes = network.startCluster(NODES, 1000);
    this.asker = this.nodes[NODES - 1];
    for (const node of this.nodes) for (let at = 0; at < SCOPES; at += 1) node.startScope(`scope ${at}`);
    for (const node of this.nodes.slice(0, 3))
      for (let at = 0; at < 300; at += 1) node.join('s', `k${at}`, 'x'.repeat(500), [at]);
    network.run(5000);
    network.onPublish = ({ from, bytes }) => {
      if (from !== this.asker) this.#out += bytes.length;
    };
  }

  get others(): readonly VirtualNode[] {
    return this.nodes.filter((node) => node !== this.asker);
  }

  /** Sends a frame of the asker to one node. */
  tell(node: VirtualNode, kind: FrameKind & ('discover' | 'stale'), body?: Uint8Array): void {
    this.#deliver([node], this.asker.protocol.subjects.to(node.name, kind), this.asker.frame(kind, body));
  }

  /** Sends a frame of the asker to all nodes. */
  announce(kind: 'hello' | 'suspect', body: Uint8Array): void {
    this.#deliver(this.others, this.asker.protocol.subjects.announce(kind), this.asker.frame(kind, body));
  }

  ask(node: VirtualNode, kind: 'repair' | 'sync', body: Uint8Array): void {
    const writer = new Writer();
    writer.string('s');
    writer.raw(body);
    const frame = this.asker.frame(kind, writer.finish());
    this.#deliver([node], this.asker.protocol.subjects.to(node.name, kind), frame);
  }

  /** Lets the asker do something every millisecond for some seconds. Returns the worst second: bytes out for each byte in. */
  worst(act: (ms: number) => void, seconds = 2): number {
    const quiet = this.#quietSecond();
    for (let second = 0; second < seconds; second += 1) {
      [this.#in, this.#out] = [0, 0];
      for (let ms = 0; ms < 1000; ms += 1) {
        act(second * 1000 + ms);
        this.network.run(1);
      }
      this.#seconds.push({ sent: this.#in, caused: this.#out - quiet });
    }
    return Math.max(...this.#seconds.map(({ sent, caused }) => caused / sent));
  }

  #deliver(to: readonly VirtualNode[], subject: string, bytes: Uint8Array): void {
    this.#in += bytes.length;
    for (const node of to) this.network.inject(node, subject, bytes);
  }

  /** What all nodes send in a second without a flood. */
  #quietSecond(): number {
    this.#out = 0;
    this.network.run(5000);
    return this.#out / 5;
  }
}

function staleBody(incarnation: string, epoch: number): Uint8Array {
  const writer = new Writer();
  writeIncarnation(writer, incarnation);
  writer.uint(epoch);
  return writer.finish();
}

const hello = (beat: number): Uint8Array =>
  encodeHello({
    beat,
    discover: true,
    draining: false,
    serverId: '',
    revision: 0,
    since: undefined,
    page: 0,
    pages: 1,
    running: [],
    stopped: [],
  });

describe('What one node makes all others send', () => {
  it.each<[string, (flood: Flood) => (ms: number) => void]>([
    [
      'higher epochs that are held against a node',
      (flood) => (ms) => {
        if (ms % 1000 !== 0) return;
        for (const node of flood.others)
          flood.tell(node, 'stale', staleBody(node.incarnation, node.protocol.epoch + 1 + ms));
      },
    ],
    [
      'asks for repair',
      (flood) => (ms) => {
        const ask = writeRepairAsk(new Writer(), 1, { from: 1 + (ms % 200), to: 300 });
        flood.ask(flood.nodes[0], 'repair', ask);
      },
    ],
    [
      'asks for a sync',
      (flood) => (ms) => {
        const ask = { askerRun: 1 + (ms % 7), session: 100 + ms, cursor: 0, credit: 100 };
        flood.ask(flood.nodes[0], 'sync', writeSyncAsk(new Writer(), 1, ask));
      },
    ],
    [
      'questions who a node is',
      (flood) => (ms) => {
        if (ms % 150 === 0) for (const node of flood.others) flood.tell(node, 'discover');
      },
    ],
    [
      'hellos to all that ask for hellos',
      (flood) => (ms) => {
        if (ms % 20 === 0) flood.announce('hello', hello(1_000_000 + ms));
      },
    ],
    [
      'suspicions of all nodes',
      (flood) => (ms) => {
        const suspect = flood.others[ms % flood.others.length];
        flood.announce('suspect', Buffer.from(suspect.incarnation, 'hex'));
      },
    ],
  ])('is at most ten bytes for each byte that it sends, in any second: %s', (_what, attack) => {
    const flood = new Flood();
    const worst = flood.worst(attack(flood));
    expect(worst).toBeLessThanOrEqual(MOST_BYTES_EACH);
    expect(flood.others.map(({ protocol }) => protocol.state)).toEqual(flood.others.map(() => 'ready'));
  });
});
