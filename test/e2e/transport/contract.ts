import { eventually } from '../../support/eventually';
import type { Transport } from '../../../libs/pg-registry/src/transport';
import { answerIn, ask, bytes, collect, participate, type Participant, text } from './participant';

/** What the contract needs of a transport: connections for its nodes, and control over their broker. */
export interface TransportHarness {
  /** Returns a transport for one more node. All nodes of one harness reach each other. */
  transport(): Promise<Transport>;
  /** Disconnects all nodes from the broker, or reconnects them. */
  setBroker(up: boolean): Promise<void>;
  /** Ends everything. */
  dispose(): Promise<void>;
}

/** Defines the tests of everything that the transport port promises (see `Transport`). */
export function provesTransportContract(prepare: () => Promise<TransportHarness>): void {
  let harness: TransportHarness;
  let participants: Participant[] = [];
  const join = async (node: string): Promise<Participant> => {
    const participant = await participate(await harness.transport(), node);
    participants.push(participant);
    return participant;
  };

  beforeAll(async () => {
    harness = await prepare();
  });
  afterEach(async () => {
    await Promise.all(participants.map((participant) => participant.close()));
    participants = [];
  });
  afterAll(() => harness.dispose());

  test('messages of one sender reach each subscriber once and in order, whatever their subjects', async () => {
    const [a, b, c] = [await join('a'), await join('b'), await join('c')];
    const toB = await collect(b, 'order.>');
    const toC = await collect(c, 'order.*.even');
    for (let i = 0; i < 1000; i += 1)
      a.publish(i % 2 === 0 ? 'order.n.even' : 'order.n.odd', bytes(String(i)));
    await eventually(() => expect(toB).toHaveLength(1000));
    expect(toB).toEqual(Array.from({ length: 1000 }, (_, i) => String(i)));
    await eventually(() => expect(toC).toHaveLength(500));
    expect(toC).toEqual(toB.filter((_, i) => i % 2 === 0));
  });

  test('a subscription matches subjects token by token, with * for one token and > for one or more', async () => {
    const [a, b] = [await join('a'), await join('b')];
    const texts: Record<string, string[]> = {};
    for (const subject of ['m.x', 'm.*', 'm.>', 'm.*.y', '*.x']) texts[subject] = await collect(b, subject);
    for (const subject of ['m', 'm.x', 'm.x.y', 'm.xx', 'n.x']) a.publish(subject, bytes(subject));
    await eventually(() => expect(texts['*.x']).toEqual(['m.x', 'n.x']));
    expect(texts).toEqual({
      'm.x': ['m.x'],
      'm.*': ['m.x', 'm.xx'],
      'm.>': ['m.x', 'm.x.y', 'm.xx'],
      'm.*.y': ['m.x.y'],
      '*.x': ['m.x', 'n.x'],
    });
  });

  test('nothing is delivered inside the call that publishes it', async () => {
    const [a, b] = [await join('a'), await join('b')];
    const texts = await collect(b, 'later');
    a.publish('later', bytes('1'));
    expect(texts).toEqual([]);
    await eventually(() => expect(texts).toEqual(['1']));
  });

  test('receivers share no memory with the sender and with each other', async () => {
    const [a, b, c] = [await join('a'), await join('b'), await join('c')];
    const seen: string[] = [];
    for (const to of [b, c]) {
      to.subscribe('memory', (_, message) => {
        seen.push(text(message));
        message.fill(0);
      });
      await to.flush();
    }
    const sent = bytes('mine');
    a.publish('memory', sent);
    await eventually(() => expect(seen).toEqual(['mine', 'mine']));
    expect(text(sent)).toBe('mine');
  });

  test('messages arrive with their subject, and with the subject for an answer if there is one', async () => {
    const [a, b] = [await join('a'), await join('b')];
    const seen: string[][] = [];
    b.subscribe('whole.*', (subject, message, reply) => seen.push([subject, text(message), reply]));
    await b.flush();
    a.publish('whole.1', bytes(''));
    a.publish('whole.2', bytes('two'), 'test.reply.a.whole');
    await eventually(() => expect(seen).toHaveLength(2));
    expect(seen).toEqual([
      ['whole.1', '', ''],
      ['whole.2', 'two', 'test.reply.a.whole'],
    ]);
  });

  test('unsubscribing ends delivery at once, also of messages that have arrived already', async () => {
    const [a, b] = [await join('a'), await join('b')];
    const seen: string[] = [];
    const subscription = b.subscribe('stop', (_, message) => {
      seen.push(text(message));
      subscription.unsubscribe();
    });
    const rest = await collect(b, 'stop');
    for (const message of ['1', '2', '3']) a.publish('stop', bytes(message));
    await eventually(() => expect(rest).toHaveLength(3));
    expect(seen).toEqual(['1']);
    subscription.unsubscribe();
  });

  test('an error of a subscriber is reported, and disturbs neither this nor other subscribers', async () => {
    const [a, b] = [await join('a'), await join('b')];
    const seen: string[] = [];
    b.subscribe('throw', (_, message) => {
      seen.push(text(message));
      throw new Error(`no ${text(message)}`);
    });
    const others = await collect(b, 'throw');
    for (const message of ['1', '2']) a.publish('throw', bytes(message));
    await eventually(() => expect(others).toEqual(['1', '2']));
    expect(seen).toEqual(['1', '2']);
    expect(b.errors.map((error) => error.message)).toEqual(['no 1', 'no 2']);
  });

  test('a request ends with the first answer, and later answers are dropped', async () => {
    const [a, b] = [await join('a'), await join('b')];
    b.subscribe('twice', (_, message, reply) => {
      b.publish(reply, bytes(`${text(message)} 1`));
      b.publish(reply, bytes(`${text(message)} 2`));
    });
    await b.flush();
    const outcome = await ask(a, 'twice', 'q');
    expect(outcome).toMatchObject({
      type: 'answer',
      subject: expect.stringMatching(/^test\.reply\.a\.r\d+$/),
    });
    expect(answerIn(outcome)).toBe('q 1');
    const next = await ask(a, 'twice', 'r');
    expect(answerIn(next)).toBe('r 1');
  });

  test('a request goes on after answers that are not accepted, and they are counted', async () => {
    const [a, b] = [await join('a'), await join('b')];
    b.subscribe('noisy', (_, message, reply) => {
      for (const answer of ['noise', 'more noise', text(message)]) b.publish(reply, bytes(answer));
    });
    await b.flush();
    const heard: string[] = [];
    const before = a.strayAnswers;
    a.request('noisy', bytes('q'), { reply: 'test.reply.a.noisy', timeoutMs: 30_000 }, (outcome) => {
      heard.push(answerIn(outcome));
      return outcome.type === 'answer' && text(outcome.bytes) === 'q';
    });
    await eventually(() => expect(heard).toEqual(['noise', 'more noise', 'q']));
    expect(a.strayAnswers - before).toBe(2);
  });

  test('a request that only gets answers which are not accepted times out', async () => {
    const [a, b] = [await join('a'), await join('b')];
    b.subscribe('nonsense', (_, message, reply) => b.publish(reply, message));
    await b.flush();
    const heard: string[] = [];
    a.request('nonsense', bytes(''), { reply: 'test.reply.a.nonsense', timeoutMs: 50 }, (outcome) => {
      heard.push(outcome.type);
    });
    await eventually(() => expect(heard).toEqual(['answer', 'timeout']));
  });

  test('many requests in flight each get their own answer', async () => {
    const [a, b] = [await join('a'), await join('b')];
    b.subscribe('echo', (_, message, reply) => b.publish(reply, message));
    await b.flush();
    const outcomes = await Promise.all(Array.from({ length: 200 }, (_, i) => ask(a, 'echo', String(i))));
    expect(outcomes.map(answerIn)).toEqual(Array.from({ length: 200 }, (_, i) => String(i)));
  });

  test('a request to a subject without subscribers ends at once with no responders', async () => {
    const a = await join('a');
    await expect(ask(a, 'nobody', '', 60_000)).resolves.toEqual({ type: 'no-responders' });
  });

  test('a request that nobody answers times out', async () => {
    const [a, b] = [await join('a'), await join('b')];
    await collect(b, 'silent');
    await expect(ask(a, 'silent', '', 30)).resolves.toEqual({ type: 'timeout' });
  });

  test('a cancelled request has no outcome, whatever arrives', async () => {
    const [a, b] = [await join('a'), await join('b')];
    b.subscribe('cancel', (_, message, reply) => b.publish(reply, message));
    await b.flush();
    const outcomes: string[] = [];
    const request = a.request(
      'cancel',
      bytes(''),
      { reply: 'test.reply.a.cancel', timeoutMs: 1 },
      (outcome) => outcomes.push(outcome.type),
    );
    request.cancel();
    request.cancel();
    await ask(a, 'cancel');
    expect(outcomes).toEqual([]);
  });

  test('an error in the callback of a request is reported', async () => {
    const a = await join('a');
    a.request('nobody', bytes(''), { reply: 'test.reply.a.throws', timeoutMs: 30_000 }, () => {
      throw new Error('in the outcome');
    });
    await eventually(() => expect(a.errors.map((error) => error.message)).toEqual(['in the outcome']));
  });

  test('a message that is too large is reported and counted, and publish does not throw', async () => {
    const [a, b] = [await join('a'), await join('b')];
    const texts = await collect(b, 'large');
    a.publish('large', new Uint8Array(a.maxPayload + 1));
    a.publish('large', bytes('small'));
    await eventually(() => expect(texts).toEqual(['small']));
    expect(a.errors).toEqual([
      expect.objectContaining({
        code: 'TRANSPORT',
        message: expect.stringMatching(/at most 1048\d\d\d bytes/),
      }),
    ]);
    expect(a.dropped).toBe(1);
  });

  test('without a broker, publishes are dropped and counted and flush rejects; after the reconnect everything works again', async () => {
    const [a, b] = [await join('a'), await join('b')];
    const texts = await collect(b, 'broker');
    await harness.setBroker(false);
    await eventually(() => expect([a.isConnected, b.isConnected]).toEqual([false, false]));
    a.publish('broker', bytes('lost'));
    expect(a.dropped).toBe(1);
    await expect(a.flush()).rejects.toMatchObject({ code: 'TRANSPORT' });
    await expect(ask(a, 'broker', 'lost', 20)).resolves.toEqual({ type: 'timeout' });

    await harness.setBroker(true);
    await eventually(() => expect([a.isConnected, b.isConnected]).toEqual([true, true]));
    await b.flush();
    a.publish('broker', bytes('after'));
    await eventually(() => expect(texts).toEqual(['after']));
    expect(a.statuses).toEqual([{ type: 'disconnected' }, { type: 'connected', serverId: a.serverId }]);
  });

  test('a closed connection receives nothing, answers nothing and leaves no request open', async () => {
    const [a, b] = [await join('a'), await join('b')];
    const texts = await collect(b, 'closing');
    const open = ask(b, 'closing', '', 60_000);
    const asked = ask(a, 'closing', 'before', 60);
    await eventually(() => expect(texts).toContain('before'));
    await Promise.all([b.close(), b.close()]);
    await expect(open).resolves.toMatchObject({ type: expect.stringMatching(/timeout|no-responders/) });
    await asked;
    expect(b.isConnected).toBe(false);
    // A question that meets the subscription of the closed node still is never answered: it is asked again soon.
    await eventually(async () =>
      expect(await ask(a, 'closing', 'after', 1000)).toEqual({ type: 'no-responders' }),
    );
    b.publish('closing', bytes('from the grave'));
    expect(() => b.subscribe('closing', () => undefined).unsubscribe()).not.toThrow();
    await expect(b.flush()).rejects.toMatchObject({ code: 'TRANSPORT' });
    expect(texts).not.toContain('after');
    expect(b.statuses).toEqual([]);
  });

  test('all nodes of one broker report the same server id', async () => {
    const [a, b] = [await join('a'), await join('b')];
    expect(a.serverId).not.toBe('');
    expect(b.serverId).toBe(a.serverId);
  });
}
