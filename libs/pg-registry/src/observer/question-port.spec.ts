import { PgRegistryNode } from '../node';
import { LocalBus, localTransport } from '../transport/local';
import type { Connection, OnMessage } from '../transport';
import { Subjects } from '../wire';
import { Answers } from './answers';
import { type Asked, QuestionSender } from './fact-source';
import type { LocalNode } from './local-node';
import { decodeAnswer, encodeQuestion, MOST_QUESTION_BYTES, type Question } from './question';
import { QuestionPort } from './question-port';
import { eventually } from '../../../../test/support/eventually';

/** Somebody who is no node of the cluster, with a connection of its own. */
class Stranger {
  readonly subjects = new Subjects('pg', 'stranger');
  readonly connection: Connection;
  readonly heard: string[] = [];
  #token = 0;

  private constructor(connection: Connection) {
    this.connection = connection;
  }

  static async on(bus: LocalBus): Promise<Stranger> {
    const connection = await localTransport({ bus }).connect({
      node: 'stranger',
      replies: new Subjects('pg', 'stranger').replies(),
      timeoutMs: 1000,
      onStatus: () => undefined,
      onError: () => undefined,
      onWarning: () => undefined,
    });
    return new Stranger(connection);
  }

  ask(node: string, question: Question): Promise<Asked> {
    const sender = new QuestionSender({
      subjects: this.subjects,
      connection: () => this.connection,
      token: () => `t${(this.#token += 1)}`,
      now: () => performance.now(),
    });
    return sender.ask(node, question, 2000);
  }

  /** Sends any bytes as a question, and resolves with the answer. */
  send(bytes: Uint8Array, subject = this.subjects.to('node1', 'ask')): Promise<unknown> {
    const reply = this.subjects.reply('node1', `t${(this.#token += 1)}`);
    return new Promise((resolve) => {
      this.connection.request(subject, bytes, { reply, timeoutMs: 2000 }, (outcome) => {
        resolve(outcome.type === 'answer' ? decodeAnswer(outcome.bytes) : outcome.type);
        return true;
      });
    });
  }
}

describe('questions of somebody who is no node', () => {
  let nodes: readonly PgRegistryNode[];
  let stranger: Stranger;
  beforeEach(async () => {
    const bus = new LocalBus();
    nodes = ['node1', 'node2'].map((node) => {
      const transport = localTransport({ bus });
      return new PgRegistryNode({ node, transport }, { defaultTransport: () => transport });
    });
    await Promise.all(nodes.map((node) => node.connect()));
    await eventually(() => nodes.every((node) => node.peers().length === 1));
    stranger = await Stranger.on(bus);
  });
  afterEach(async () => {
    await stranger.connection.close();
    await Promise.all(nodes.map((node) => node.close()));
  });

  it('are answered, and nobody takes the asker for a peer', async () => {
    const asked = await stranger.ask('node2', { ask: 'node' });
    expect(asked.type).toBe('ok');
    expect(asked.type === 'ok' && asked.json).toMatchObject({ node: 'node2', state: 'ready' });
    for (const node of nodes) {
      expect(node.peers().length).toBe(1);
      expect(node.stats().protocol.counters['from-strangers']).toBeUndefined();
    }
  });

  it('end at once if there is no such node', async () => {
    expect(await stranger.ask('nobody', { ask: 'node' })).toMatchObject({ type: 'nobody' });
  });

  it('are refused if they are none, too long, of a later version, or unknown', async () => {
    const json = (x: unknown): Uint8Array => Buffer.from(JSON.stringify(x));
    const unknown = { error: 'unknown', message: expect.any(String) as string };
    expect(await stranger.send(Uint8Array.of(1, 2, 3))).toEqual(unknown);
    expect(await stranger.send(json([]))).toEqual(unknown);
    expect(await stranger.send(json({ v: 99, ask: 'node' }))).toEqual(unknown);
    expect(await stranger.send(json({ v: 1, ask: 'constructor' }))).toEqual(unknown);
    expect(await stranger.send(new Uint8Array(MOST_QUESTION_BYTES + 1))).toEqual(unknown);
    expect(await stranger.send(json({ v: 1, ask: 'key', scope: 1, key: 'a' }))).toMatchObject({
      error: 'wrong',
    });
    expect(await stranger.send(json({ v: 1, ask: 'entries', scope: 'x'.repeat(400) }))).toMatchObject({
      error: 'wrong',
    });
    const deep = `{"v":1,"ask":"key","scope":"pg","key":${'['.repeat(9000)}${']'.repeat(9000)}}`;
    expect(await stranger.send(Buffer.from(deep))).toMatchObject({ error: 'wrong' });
  });

  it('change nothing on the subject that is for reading, whatever the node allows', async () => {
    const bytes = encodeQuestion({ ask: 'drain' });
    expect(await stranger.send(bytes)).toMatchObject({ error: 'wrong' });
    expect(await stranger.send(bytes, stranger.subjects.to('node1', 'act'))).toMatchObject({
      error: 'forbidden',
    });
    expect(nodes[0].state).toBe('ready');
  });

  it('are not answered to an address that is not the asker’s own', async () => {
    const heard: string[] = [];
    stranger.connection.subscribe('pgr.pg.>', (subject) => heard.push(subject));
    const [subject, bytes] = [stranger.subjects.to('node1', 'ask'), encodeQuestion({ ask: 'node' })];
    const other = new Subjects('pg', 'node2').reply('node1', 'x');
    stranger.connection.publish(subject, bytes, other);
    await stranger.ask('node1', { ask: 'node' });
    // What the nodes ask each other meanwhile has answers, too, at other addresses of theirs.
    expect(heard).not.toContain(other);
    expect(heard).toContainEqual(expect.stringContaining('.reply.stranger.'));
  });

  it('to everybody are answered by each node, to the asker’s own inbox', async () => {
    const heard: string[] = [];
    stranger.connection.subscribe(stranger.subjects.inbox('answer'), (subject) => heard.push(subject));
    stranger.connection.publish(stranger.subjects.announce('ask'), encodeQuestion({ ask: 'node' }));
    await eventually(() => heard.length === 2);
    expect(heard.toSorted()).toEqual(['pgr.pg.to.stranger.answer.node1', 'pgr.pg.to.stranger.answer.node2']);
  });

  it('of more followers than a node takes are refused, and none is kept whose asker has gone', async () => {
    const follow = (name: number): Promise<Asked> =>
      stranger.ask('node1', { ask: 'events', follow: `f${name}`, scope: 'pg' });
    for (let name = 0; name < 16; name += 1) expect((await follow(name)).type).toBe('ok');
    expect(await follow(16)).toMatchObject({
      type: 'refused',
      message: expect.stringContaining('Too many') as string,
    });
    await stranger.ask('node1', { ask: 'events', follow: 'f3', end: true });
    expect((await follow(16)).type).toBe('ok');
  });
});

describe('the share of time of those who look', () => {
  /** A node whose answers take a time of our choice, and its questions by hand. */
  function portWith(costMs: number): {
    ask: (by?: string) => void;
    readonly answers: string[];
    /** By the name of the asker. */
    readonly answersOf: (name: string) => readonly string[];
    pass: (ms: number) => void;
    /** Ends the turn of the event loop. */
    endTurn: () => void;
  } {
    let now = 0;
    const subjects = new Subjects('pg', 'node1');
    const stats = (): object => ((now += costMs), {});
    // Only what this question needs.
    const eventLoop = (): object => ({ active: 0, idle: 0 });
    const node = { name: 'node1', now: () => now, eventLoop, stats, journal: {} } as unknown as LocalNode;
    const later: (() => void)[] = [];
    const port = new QuestionPort({
      subjects,
      node: 'node1',
      answers: new Answers(node),
      now: () => now,
      afterTurn: (run) => later.push(run),
    });
    const heard = new Map<string, OnMessage>();
    const answers: string[] = [];
    const byAddress: (readonly [string, string])[] = [];
    port.attach({
      subscribe: (subject: string, onMessage: OnMessage) => (
        heard.set(subject, onMessage),
        { unsubscribe: () => undefined }
      ),
      publish: (subject: string, bytes: Uint8Array) => {
        const answer = decodeAnswer(bytes);
        const outcome = answer !== undefined && 'error' in answer ? answer.error : 'ok';
        answers.push(outcome);
        byAddress.push([subject, outcome]);
      },
    } as unknown as Connection);
    const bytes = encodeQuestion({ ask: 'counters' });
    const ask = (by = 'stranger'): void => {
      const asker = new Subjects('pg', by);
      heard.get(subjects.inbox('ask'))?.(asker.to('node1', 'ask'), bytes, asker.reply('node1', 't'));
    };
    const answersOf = (name: string): readonly string[] => {
      const address = new Subjects('pg', name).reply('node1', 't');
      return byAddress.flatMap(([subject, outcome]) => (subject === address ? [outcome] : []));
    };
    const endTurn = (): void => {
      for (const run of later.splice(0)) run();
    };
    return { ask, answers, answersOf, pass: (ms) => (now += ms), endTurn };
  }

  it('is 250 ms at a time and 50 ms of each second; beyond that they are refused, and then not answered', () => {
    const { ask, answers, pass, endTurn } = portWith(10);
    for (let i = 0; i < 2000; i += 1) {
      ask();
      endTurn();
    }
    const answered = answers.filter((answer) => answer === 'ok').length;
    const refused = answers.filter((answer) => answer === 'busy').length;
    expect(answered).toBeGreaterThanOrEqual(25);
    expect(answered).toBeLessThan(30);
    expect(refused).toBeGreaterThan(100);
    expect(answered + refused).toBeLessThan(1000);
    answers.length = 0;
    pass(1000);
    for (let i = 0; i < 20; i += 1) {
      ask();
      endTurn();
    }
    expect(answers.filter((answer) => answer === 'ok').length).toBeLessThanOrEqual(6);
    expect(answers).toContain('ok');
  });

  it('is for one asker alone until another asks, and then half of it is for each', () => {
    const { ask, answersOf, pass, endTurn } = portWith(4);
    /** In each tenth of a second one floods the node, and in each half another asks once. */
    const flood = (tenths: number, isAsking: boolean): void => {
      for (let tenth = 0; tenth < tenths; tenth += 1) {
        for (let i = 0; i < 200; i += 1) ask('flooding');
        if (isAsking && tenth % 5 === 0) ask('other');
        for (let turn = 0; turn < 20; turn += 1) endTurn();
        pass(100);
      }
    };
    flood(20, false);
    expect(answersOf('flooding').filter((answer) => answer === 'ok').length).toBeGreaterThan(50);
    flood(20, true);
    const before = answersOf('other').length;
    flood(50, true);
    // The others of a flood are not even refused once they would cost a share.
    expect(answersOf('other').slice(before)).toEqual(Array.from({ length: 10 }, () => 'ok'));
    expect(answersOf('flooding').filter((answer) => answer === 'ok').length).toBeGreaterThan(90);
  });

  it('is 10 ms in one turn of the event loop; then some wait for the next turns, and the others are refused', () => {
    const { ask, answers, endTurn } = portWith(4);
    for (let i = 0; i < 100; i += 1) ask();
    expect(answers.filter((answer) => answer === 'ok')).toHaveLength(3);
    expect(answers.filter((answer) => answer === 'busy')).toHaveLength(100 - 3 - 64);
    endTurn();
    expect(answers.filter((answer) => answer === 'ok')).toHaveLength(6);
    for (let turn = 0; turn < 30; turn += 1) endTurn();
    expect(answers).toHaveLength(100);
  });
});
