import { Socket } from 'node:net';
import { MsgImpl as MsgImpl3 } from '@nats-io/nats-core/internal';
import { MsgImpl as MsgImpl2 } from 'nats/lib/nats-base-client/msg';
import { NatsConnection } from './nats-connection';
import type { NatsMessage } from '../nats-client';

type Callback = (error: Error | null, message: NatsMessage) => void;

/** What the connection uses of a client, with the callbacks that the connection gave it. */
class FakeClient {
  readonly callbacks = new Map<string, Callback>();
  info = { server_id: 's', max_payload: 1000 };
  closing: Promise<void | Error> = new Promise(() => undefined);
  statuses: AsyncIterable<{ type: string }> = (async function* () {})();

  publish(): void {}
  flush(): Promise<void> {
    return Promise.resolve();
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
  closed(): Promise<void | Error> {
    return this.closing;
  }
  getServer(): string {
    return '127.0.0.1:4222';
  }
  isClosed(): boolean {
    return false;
  }
  status(): AsyncIterable<{ type: string }> {
    return this.statuses;
  }
  subscribe(subject: string, { callback }: { callback: Callback }): { unsubscribe(): void } {
    this.callbacks.set(subject, callback);
    return { unsubscribe: () => undefined };
  }
}

/** What the clients give for an empty message with these headers. */
const withHeaders = (
  Message: typeof MsgImpl2 | typeof MsgImpl3,
  subject: string,
  text: string,
): NatsMessage => {
  const headers = Buffer.from(text);
  const told = { subject: Buffer.from(subject), sid: 1, hdr: headers.length, size: headers.length };
  return new Message(told, headers, { publish: () => undefined });
};

const message = (subject: string): NatsMessage => ({ subject, data: Uint8Array.of(1), reply: '' });

describe('a NATS connection', () => {
  let client: FakeClient;
  let errors: string[];
  let statuses: string[];
  let connection: NatsConnection;
  const connect = (): void => {
    errors = [];
    statuses = [];
    const options = {
      node: 'a',
      replies: 'replies',
      timeoutMs: 1,
      onStatus: ({ type }: { readonly type: string }) => void statuses.push(type),
      onError: (error: Error) => void errors.push(error.message),
      onWarning: () => undefined,
    };
    connection = new NatsConnection(client, options, {
      release: () => Promise.resolve(),
    });
  };
  beforeEach(() => {
    client = new FakeClient();
    connect();
  });

  it('gives bytes whose copy does not keep what the client has read', () => {
    let copied = Infinity;
    connection.subscribe('inbox', (_, bytes) => (copied = bytes.slice().buffer.byteLength));
    // The clients give a Buffer, whose own `slice` copies nothing.
    const data = Buffer.from(new ArrayBuffer(65_536)).subarray(100, 146);
    client.callbacks.get('inbox')!(null, { subject: 'inbox', data, reply: '' });
    expect(copied).toBe(46);
  });

  it('bounds what a turn reads from the socket of its client, until it is closed', async () => {
    const socket = new Socket();
    client = Object.assign(new FakeClient(), { protocol: { transport: { socket } } });
    connect();
    expect(socket.listenerCount('data')).toBe(1);
    await connection.close();
    expect(socket.listenerCount('data')).toBe(0);
  });

  describe.each([
    ['nats', MsgImpl2],
    ['@nats-io/transport-node', MsgImpl3],
  ])('an empty message with headers, from %s,', (_, Message) => {
    it.each(['inbox', 'replies'])('is dropped without a look at what a peer wrote there (%s)', (subject) => {
      const read = jest.spyOn(Message.prototype, 'headers', 'get');
      const heard: string[] = [];
      connection.subscribe('inbox', (on) => heard.push(on));
      client.callbacks.get(subject)!(null, withHeaders(Message, subject, 'NATS/1.0\r\na:\r\n\r\n'));
      client.callbacks.get('inbox')!(null, message('inbox'));
      expect(heard).toEqual(['inbox']);
      expect(read).not.toHaveBeenCalled();
      expect(errors).toEqual([]);
      read.mockRestore();
    });

    it.each(['NATS/1.0 503\r\n\r\n', 'NATS/1.0 503\r\nNats-Subject: s\r\n\r\n'])(
      'tells that nobody is subscribed (%j)',
      (text) => {
        const outcomes: string[] = [];
        const options = { reply: 'replies', timeoutMs: 1000 };
        connection.request('s', new Uint8Array(), options, ({ type }) => outcomes.push(type));
        client.callbacks.get('replies')!(null, withHeaders(Message, 'replies', 'NATS/1.0 5030\r\n\r\n'));
        expect(outcomes).toEqual([]);
        client.callbacks.get('replies')!(null, withHeaders(Message, 'replies', text));
        expect(outcomes).toEqual(['no-responders']);
      },
    );
  });

  it('a connection tells of a largest message that the server changes while the connection stays', async () => {
    client = new FakeClient();
    const taken: string[] = [];
    client.statuses = (async function* () {
      for (const type of ['update', 'update', 'ldm']) {
        if (taken.push(type) === 2) client.info = { server_id: 's', max_payload: 500 };
        yield { type };
      }
    })();
    connect();
    await new Promise(setImmediate);
    expect(taken).toHaveLength(3);
    expect(statuses).toEqual(['max-payload']);
    expect(connection.maxPayload).toBe(500);
  });

  it('a connection reports what the promises of its client reject with', async () => {
    client = new FakeClient();
    client.closing = Promise.reject(new Error('closed() failed'));
    client.statuses = {
      [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error('status() failed')) }),
    };
    connect();
    await new Promise(setImmediate);
    expect(errors.toSorted()).toEqual(['closed() failed', 'status() failed']);
  });
});
