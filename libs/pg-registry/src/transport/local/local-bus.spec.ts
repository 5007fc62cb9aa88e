import type { Connection, ConnectionStatus } from '../transport';
import { localBus, localTransport } from '.';

interface Node {
  readonly connection: Connection;
  readonly heard: string[];
  readonly statuses: ConnectionStatus['type'][];
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

const say = (from: Node, text: string): void => from.connection.publish('from.somebody', bytesOf(text));
const probe = (from: Node, to: string): Promise<string> =>
  new Promise((resolve) =>
    from.connection.request(`to.${to}`, bytesOf(''), { reply: 'reply.a.1', timeoutMs: 20 }, ({ type }) =>
      resolve(type),
    ),
  );

describe('LocalBus', () => {
  let bus = localBus();
  beforeEach(() => {
    bus = localBus();
  });

  /** A node that notes what is said to everybody, and answers on `to.<name>`. */
  async function node(name: string, on: object = bus): Promise<Node> {
    const statuses: Node['statuses'] = [];
    const heard: string[] = [];
    const connection = await localTransport({ bus: on }).connect({
      node: name,
      replies: `reply.${name}.>`,
      timeoutMs: 100,
      onStatus: ({ type }) => statuses.push(type),
      onError: (error) => heard.push(error.message),
      onWarning: () => undefined,
    });
    connection.subscribe('from.>', (_, bytes) => heard.push(new TextDecoder().decode(bytes)));
    connection.subscribe(`to.${name}`, (_, __, reply) => connection.publish(reply, bytesOf('yes')));
    return { connection, heard, statuses };
  }

  async function heardWithLoss(seed: number): Promise<string[]> {
    const own = localBus();
    const [a, b] = [await node('a', own), await node('b', own)];
    own.lose({ rate: 0.3, seed });
    for (let i = 0; i < 1000; i += 1) say(a, String(i));
    await a.connection.flush();
    return b.heard;
  }

  test('nodes on different buses never meet', async () => {
    const [a, b] = [await node('a'), await node('b', localBus())];
    say(a, 'hello');
    await a.connection.flush();
    expect(b.heard).toEqual([]);
    await expect(probe(a, 'b')).resolves.toBe('no-responders');
  });

  test('any object can serve as a bus, and every object is another bus', async () => {
    const shared = Object.freeze({});
    const [a, b, c] = [await node('a', shared), await node('b', shared), await node('c', {})];
    say(a, 'hello');
    await a.connection.flush();
    expect([b.heard, c.heard]).toEqual([['hello'], []]);
  });

  test.each([null, 'a name', 7])('%j is no bus, and the error says how to make one', (other) => {
    const attempt = () => localTransport({ bus: other as never });
    expect(attempt).toThrow(expect.objectContaining({ code: 'INVALID_OPTION', option: 'bus' }));
    expect(attempt).toThrow('Make one with localBus()');
  });

  test('flush() resolves when everything published before has been delivered', async () => {
    const [a, b] = [await node('a'), await node('b')];
    for (let i = 0; i < 500; i += 1) say(a, String(i));
    await a.connection.flush();
    expect(b.heard).toEqual(Array.from({ length: 500 }, (_, i) => String(i)));
  });

  test('messages of several senders are delivered in the order of their publication', async () => {
    const [a, b, c] = [await node('a'), await node('b'), await node('c')];
    for (let i = 0; i < 100; i += 1) say(i % 2 === 0 ? a : b, String(i));
    await a.connection.flush();
    expect(c.heard).toEqual(Array.from({ length: 100 }, (_, i) => String(i)));
  });

  test('a cut drops everything between two nodes and tells neither, until it is healed', async () => {
    const [a, b, c] = [await node('a'), await node('b'), await node('c')];
    bus.cut('b', 'a');
    say(a, 'from a');
    say(b, 'from b');
    await expect(probe(a, 'b')).resolves.toBe('timeout');
    expect([a.heard, b.heard, c.heard]).toEqual([[], [], ['from a', 'from b']]);
    expect(a.statuses).toEqual([]);
    bus.heal('a', 'b');
    await expect(probe(a, 'b')).resolves.toBe('answer');
    bus.cut('a', 'b');
    bus.heal();
    await expect(probe(a, 'b')).resolves.toBe('answer');
  });

  test('a crashed node sends and receives nothing, is told nothing, and requests to it find no responders', async () => {
    const [a, b] = [await node('a'), await node('b')];
    say(a, 'on its way');
    bus.crash('b');
    say(b, 'too late');
    await expect(probe(a, 'b')).resolves.toBe('no-responders');
    expect([a.heard, b.heard, b.statuses]).toEqual([[], [], []]);
    bus.reconnect('b');
    expect(b.connection.isConnected).toBe(false);
    await b.connection.close();
  });

  test('a disconnected node is told, and receives again once it is reconnected', async () => {
    const [a, b] = [await node('a'), await node('b')];
    bus.disconnect('b');
    say(a, 'missed');
    await expect(probe(a, 'b')).resolves.toBe('no-responders');
    bus.reconnect('b');
    say(a, 'heard');
    await expect(probe(a, 'b')).resolves.toBe('answer');
    expect(b.heard).toEqual(['heard']);
    expect(b.statuses).toEqual(['disconnected', 'connected']);
  });

  test('a pause holds back what a node sends and receives, in order, while requests to it find a responder', async () => {
    const [a, b] = [await node('a'), await node('b')];
    say(a, '1');
    bus.pause('b');
    say(b, 'b1');
    await expect(probe(a, 'b')).resolves.toBe('timeout');
    say(a, '2');
    await a.connection.flush();
    expect([a.heard, b.heard]).toEqual([[], []]);
    say(a, '3');
    bus.resume('b');
    say(b, 'b2');
    say(a, '4');
    await b.connection.flush();
    expect(a.heard).toEqual(['b1', 'b2']);
    expect(b.heard).toEqual(['1', '2', '3', '4']);
  });

  test('a node that is paused again before it got what was held back gets it after the second pause, in order', async () => {
    const [a, b] = [await node('a'), await node('b')];
    bus.pause('b');
    say(a, '1');
    await a.connection.flush();
    bus.resume('b');
    bus.pause('b');
    say(a, '2');
    await a.connection.flush();
    expect(b.heard).toEqual([]);
    bus.resume('b');
    await a.connection.flush();
    expect(b.heard).toEqual(['1', '2']);
  });

  test('lose() loses the given share, and the same messages for the same seed', async () => {
    const first = await heardWithLoss(7);
    expect(first.length).toBeGreaterThan(600);
    expect(first.length).toBeLessThan(800);
    expect(await heardWithLoss(7)).toEqual(first);
    expect(await heardWithLoss(8)).not.toEqual(first);
    expect(() => bus.lose({ rate: 2, seed: 1 })).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
  });
});
