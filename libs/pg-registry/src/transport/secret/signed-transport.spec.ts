import { inspect } from 'node:util';
import { InvalidOptionError } from '../../term';
import { type LocalBus, localBus, localTransport } from '../local';
import type { Connection, ConnectOptions, RequestOutcome, Transport } from '../transport';
import { type SharedSecretOptions, withSharedSecret } from '.';

const K1 = 'first key, at least thirty-two bytes';
const K2 = new Uint8Array(32).fill(7);
const SECRET: SharedSecretOptions = { signWith: 'k1', keys: { k1: K1 } };

interface Party {
  readonly connection: Connection;
  readonly warnings: string[];
}

/** Everything that passes a bus, as somebody with the credentials of the cluster sees it, who has no secret. */
class Eavesdropper {
  readonly heard: { readonly subject: string; readonly bytes: Uint8Array; readonly reply: string }[] = [];
  connection!: Connection;

  static async on(bus: LocalBus): Promise<Eavesdropper> {
    const eavesdropper = new Eavesdropper();
    eavesdropper.connection = await localTransport({ bus }).connect(optionsOf('eve', []));
    eavesdropper.connection.subscribe('>', (subject, bytes, reply) =>
      eavesdropper.heard.push({ subject, bytes, reply }),
    );
    return eavesdropper;
  }
}

function optionsOf(node: string, warnings: string[]): ConnectOptions {
  return {
    node,
    replies: `reply.${node}.>`,
    timeoutMs: 1000,
    onStatus: () => undefined,
    onError: (error) => {
      throw error;
    },
    onWarning: (message, kind = '') => warnings.push(`${kind}: ${message}`),
  };
}

async function join(
  bus: LocalBus,
  node: string,
  secret: SharedSecretOptions | undefined = SECRET,
  now: () => number = Date.now,
): Promise<Party> {
  const warnings: string[] = [];
  const plain = localTransport({ bus });
  const transport: Transport = secret === undefined ? plain : withSharedSecret(plain, secret, now);
  return { connection: await transport.connect(optionsOf(node, warnings)), warnings };
}

function received(party: Party, subject = 's'): string[] {
  const texts: string[] = [];
  party.connection.subscribe(subject, (_, bytes) => texts.push(Buffer.from(bytes).toString()));
  return texts;
}

function thrownBy(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}

const delivered = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

describe('a transport with a shared secret', () => {
  let bus: LocalBus;
  beforeEach(() => {
    bus = localBus();
  });

  it('delivers what another holder of the secret has sent, with the same bytes', async () => {
    const [a, b] = [await join(bus, 'a'), await join(bus, 'b')];
    const texts = received(b);
    a.connection.publish('s', Buffer.from('hello'));
    await delivered();
    expect([texts, b.warnings]).toEqual([['hello'], []]);
    expect(a.connection.maxPayload).toBeLessThan(1024 * 1024);
  });

  it('refuses, counts and explains a message of a sender without a secret', async () => {
    const [a, b] = [await join(bus, 'a'), await join(bus, 'b')];
    const plain = await Eavesdropper.on(bus);
    const texts = received(b);
    plain.connection.publish('s', Buffer.from('PGforged'));
    a.connection.publish('s', Buffer.from('mine'));
    await delivered();
    expect(texts).toEqual(['mine']);
    expect(b.connection.refused).toMatchObject({ unsigned: 1 });
    expect(b.warnings).toEqual([expect.stringMatching(/^secret unsigned: .*'s' was refused.*same secret/)]);
  });

  it('refuses a message that comes again, that was cut off or changed, or that was moved to another subject', async () => {
    const [a, b] = [await join(bus, 'a'), await join(bus, 'b')];
    const eve = await Eavesdropper.on(bus);
    const texts = received(b, '*');
    a.connection.publish('s', Buffer.from('once'), 'reply.a.1');
    await delivered();
    const { bytes } = eve.heard[0];
    const { connection } = eve;
    connection.publish('s', bytes.slice(), 'reply.a.1');
    connection.publish('other', bytes.slice(), 'reply.a.1');
    connection.publish('s', bytes.slice(), 'reply.eve.1');
    for (let length = 0; length < bytes.length; length += 1)
      connection.publish('s', bytes.slice(0, length), 'reply.a.1');
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = bytes.slice();
      changed[at] ^= 1;
      connection.publish('s', changed, 'reply.a.1');
    }
    await delivered();
    expect(texts).toEqual(['once']);
    const refused = Object.values(b.connection.refused ?? {});
    expect(refused.reduce((sum, count) => sum + count)).toBe(3 + 2 * bytes.length);
    expect(b.connection.refused).toMatchObject({ replayed: 1 });
  });

  it('lets a request go on when its answer is forged, and ends it with the true one', async () => {
    const [a, b] = [await join(bus, 'a'), await join(bus, 'b')];
    const eve = await Eavesdropper.on(bus);
    const answers: { readonly reply: string }[] = [];
    b.connection.subscribe('ask', (_, _bytes, reply) => answers.push({ reply }));
    const outcomes: RequestOutcome[] = [];
    const options = { reply: 'reply.a.1', timeoutMs: 1000 };
    a.connection.request('ask', Buffer.from('?'), options, (outcome) => outcomes.push(outcome));
    await delivered();
    eve.connection.publish('reply.a.1', Buffer.from('forged'));
    await delivered();
    expect(outcomes).toEqual([]);
    b.connection.publish(answers[0].reply, Buffer.from('true'));
    await delivered();
    expect(outcomes).toEqual([
      { type: 'answer', subject: 'reply.a.1', bytes: new TextEncoder().encode('true') },
    ]);
  });

  it('goes from one key to the next while nodes with the old and the new options talk to each other', async () => {
    const steps: SharedSecretOptions[] = [
      { signWith: 'k1', keys: { k1: K1 } },
      { signWith: 'k1', keys: { k1: K1, k2: K2 } },
      { signWith: 'k2', keys: { k1: K1, k2: K2 } },
      { signWith: 'k2', keys: { k2: K2 } },
    ];
    for (const [index, before] of steps.slice(0, -1).entries()) {
      const network = localBus();
      const [a, b] = [await join(network, 'a', before), await join(network, 'b', steps[index + 1])];
      const [toA, toB] = [received(a), received(b)];
      a.connection.publish('s', Buffer.from('from a'));
      b.connection.publish('s', Buffer.from('from b'));
      await delivered();
      expect([toA, toB, a.warnings, b.warnings]).toEqual([['from b'], ['from a'], [], []]);
    }
  });

  it('names the key that is missing when a step of a rotation was left out, and tells a wrong key of the same id apart', async () => {
    const a = await join(bus, 'a', { signWith: 'k2', keys: { k2: K2 } });
    const b = await join(bus, 'b');
    const other = await join(bus, 'other', { signWith: 'k1', keys: { k1: 'x'.repeat(32) } });
    const texts = received(b);
    a.connection.publish('s', Buffer.from('hello'));
    other.connection.publish('s', Buffer.from('hello'));
    await delivered();
    expect(texts).toEqual([]);
    expect(b.warnings).toEqual([
      expect.stringMatching(/^secret unknown-key: .*'k2'.* has k1/),
      expect.stringMatching(/^secret forged: .*'k1' is wrong/),
    ]);
  });

  it('refuses the first message of a sender whose clock is too far off, shows both times, and later goes by numbers alone', async () => {
    let [nowOfA, nowOfB] = [Date.parse('2026-01-01T00:00:00Z'), Date.parse('2026-01-01T00:06:00Z')];
    const a = await join(bus, 'a', SECRET, () => nowOfA);
    const b = await join(bus, 'b', SECRET, () => nowOfB);
    const texts = received(b);
    a.connection.publish('s', Buffer.from('far off'));
    await delivered();
    expect([texts, b.connection.refused]).toEqual([[], expect.objectContaining({ 'out-of-time': 1 })]);
    expect(b.warnings[0]).toMatch(/2026-01-01T00:00:00.000Z.*2026-01-01T00:06:00.000Z/);
    nowOfA += 120_000;
    a.connection.publish('s', Buffer.from('near'));
    await delivered();
    nowOfB += 3_600_000;
    a.connection.publish('s', Buffer.from('known'));
    await delivered();
    expect(texts).toEqual(['near', 'known']);
  });

  it('a message of a connection that has ended is refused by a receiver that starts later than the clocks may differ', async () => {
    const now = Date.now();
    const a = await join(bus, 'a', SECRET, () => now);
    const eve = await Eavesdropper.on(bus);
    a.connection.publish('s', Buffer.from('old'));
    await delivered();
    const late = await join(bus, 'late', SECRET, () => now + 300_001);
    const texts = received(late);
    eve.connection.publish('s', eve.heard[0].bytes.slice());
    await delivered();
    expect([texts, late.connection.refused]).toEqual([[], expect.objectContaining({ 'out-of-time': 1 })]);
  });

  it('delivers one message to each subscription that matches it', async () => {
    const [a, b] = [await join(bus, 'a'), await join(bus, 'b')];
    const [one, other] = [received(b, 's'), received(b, '*')];
    for (const text of ['1', '2']) a.connection.publish('s', Buffer.from(text));
    await delivered();
    expect([one, other]).toEqual([
      ['1', '2'],
      ['1', '2'],
    ]);
  });

  it('asks the broker for room for the signature beside the largest message that a node needs', async () => {
    const asked: (number | undefined)[] = [];
    const plain = localTransport({ bus });
    const transport = withSharedSecret(
      {
        kind: 'test',
        connect: (options) => {
          asked.push(options.needs?.maxPayload);
          return plain.connect(options);
        },
      },
      SECRET,
    );
    const connection = await transport.connect({
      ...optionsOf('a', []),
      needs: { publish: [], subscribe: [], maxPayload: 1000 },
    });
    expect(asked).toEqual([1000 + 1024 * 1024 - connection.maxPayload]);
  });

  const key = 'a key that must not be shown anywhere';
  it.each([
    [key, 'secret'],
    [{ keys: key, signWith: 'k' }, 'keys'],
    [{ keys: [key], signWith: '0' }, 'keys'],
    [{ keys: {}, signWith: 'k' }, 'keys'],
    [{ keys: { k: 'too short' }, signWith: 'k' }, 'keys'],
    [{ keys: { k: new Uint8Array(31) }, signWith: 'k' }, 'keys'],
    [{ keys: { k: { key } }, signWith: 'k' }, 'keys'],
    [{ keys: { 'not an id': key }, signWith: 'not an id' }, 'keys'],
    [{ keys: { k: key }, signWith: key }, 'signWith'],
    [{ keys: { k: key } }, 'signWith'],
    [{ keys: { k: key }, signWith: 'k', maxClockDifferenceMs: -1 }, 'maxClockDifferenceMs'],
    [{ keys: { k: key }, signWith: 'k', window: 1 }, 'window'],
  ])('refuses the secret %# and names the option without showing a key', (secret, option) => {
    const make = (): unknown => Reflect.apply(localTransport, undefined, [{ secret }]);
    const error = thrownBy(make);
    expect(error).toBeInstanceOf(InvalidOptionError);
    expect(error).toMatchObject({ option });
    for (const text of [key, 'too short']) expect(inspect(error)).not.toContain(text);
  });
});
