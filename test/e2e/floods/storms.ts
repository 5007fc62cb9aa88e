import { connect, type NatsConnection } from 'nats';
import { encodeExit } from '../../../libs/pg-registry/src/calls/frames/exit-frames';
import type { Pid } from '../../../libs/pg-registry/src/term';
import {
  beginsAsFrame,
  decodeFrame,
  encodeFrame,
  type Sender,
} from '../../../libs/pg-registry/src/wire/frame';
import { incarnationOf } from '../../../libs/pg-registry/src/wire/incarnation';

/** A message of a storm. */
type Message = readonly [subject: string, bytes: Uint8Array, options?: { readonly reply: string }];

const MESSAGES = 20_000;
const AT_ONCE = 500;
const LIFE = 7;

/** Requests to end processes that do not exist, by a node that is a peer. */
export function ofOneSender(sender: Sender, subject?: string): readonly Message[] {
  return messages((at) => [subject ?? `pgr.pg.to.b.exit.${sender.node}`, request(sender, at)]);
}

/** The same by nodes that do not exist, as nobody can send them whose broker enforces the permissions. */
export function ofInventedSenders(): readonly Message[] {
  return messages((at) => {
    const node = `n${at}`;
    const sender = { node, incarnation: incarnationOf(node, LIFE), epoch: 1 };
    return [`pgr.pg.to.b.exit.${node}`, request(sender, at)];
  });
}

/** Probes of a node that is a peer, whose answers go to somebody else. */
export function ofProbes(sender: Sender): readonly Message[] {
  const bytes = encodeFrame({ ...sender, version: 2, kind: 'alive', versions: undefined }, new Uint8Array());
  return messages(() => ['pgr.pg.alive.b', bytes, { reply: `pgr.pg.reply.a.${sender.node}.1` }]);
}

/** What is no frame, where calls of a node come in. */
export function ofNoFrames({ node }: Sender): readonly Message[] {
  return messages(() => [`pgr.pg.to.b.call.${node}`, new Uint8Array(20)]);
}

/** Sends messages on each connection, over and over, as fast as the server takes them. @returns How many in a second */
export async function storm(
  connections: readonly NatsConnection[],
  sent: readonly Message[],
  ms: number,
): Promise<number> {
  const rates = await Promise.all(connections.map((connection) => stormOn(connection, sent, ms)));
  return rates.reduce((sum, rate) => sum + rate);
}

async function stormOn(connection: NatsConnection, sent: readonly Message[], ms: number): Promise<number> {
  const begun = performance.now();
  let count = 0;
  while (performance.now() - begun < ms) {
    for (let i = 0; i < AT_ONCE; i += 1) connection.publish(...sent[(count += 1) % sent.length]);
    // oxlint-disable-next-line no-await-in-loop
    await connection.flush();
  }
  return (count * 1000) / (performance.now() - begun);
}

/** A connection that may send anything to anybody. */
export function connectStorm(url: string): Promise<NatsConnection> {
  return connect({ servers: url, user: 'storm', pass: 'storm' });
}

/** Waits for the first frame of a node, and returns who it says that it is. */
export function senderOf(connection: NatsConnection, node: string): Promise<Sender> {
  return new Promise((resolve) => {
    const subscription = connection.subscribe('pgr.pg.from.>', {
      callback: (_, { data }) => {
        // The server answers a message to nobody without content.
        if (!beginsAsFrame(data)) return;
        const { incarnation, epoch, ...frame } = decodeFrame(Uint8Array.from(data));
        if (frame.node !== node) return;
        subscription.unsubscribe();
        resolve({ node, incarnation, epoch });
      },
    });
  });
}

function messages(make: (at: number) => Message): readonly Message[] {
  return Array.from({ length: MESSAGES }, (_, at) => make(at));
}

function request(sender: Sender, at: number): Uint8Array {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- an address needs no more
  const pid = { node: 'b', incarnation: incarnationOf('b', LIFE), id: 2 ** 40 + at } as Pid;
  const body = encodeExit({ number: 1e6 + at, high: 1, low: 2 }, pid, 1);
  return encodeFrame({ ...sender, version: 2, kind: 'exit', versions: undefined }, body);
}
