import type { BrokerOutcome, BrokerRequest } from '../connection/broker-requests';
import type { NatsServerInfo } from '../nats-client';
import { JetStreamLeaseStore } from './jetstream-lease-store';
import { streamConfig } from './stream-shape';

const BUCKET = 'pgr_ns_names';
const OPTIONS = { namespace: 'ns', subject: 'pgr.ns.names', bucket: BUCKET };
const T0 = '2026-11-29T06:16:50.000001Z';
const T1 = '2026-11-29T06:16:51.000001Z';
const EPOCH = 1_795_933_010_000_001;

const RECORD = 'pgr.ns.names.aw';
const HEARD = { data: new Uint8Array([1]) };

/** Answers requests as a script says; each step takes the requests that it is for. */
class ScriptedServer {
  readonly asked: string[] = [];
  readonly answers = new Map<string, unknown[]>();
  readonly errors: Error[] = [];
  hear: (message: { readonly data: Uint8Array }) => void = () => undefined;
  info: NatsServerInfo = {
    server_id: 'S',
    server_name: 's',
    max_payload: 1000,
    version: '2.10.20',
    jetstream: true,
  };
  /** What its answers say about its cluster. */
  cluster: unknown = undefined;
  /** Answers to writes wait for it. */
  acknowledges: Promise<void> = Promise.resolve();
  created = T0;
  replicas = 1;
  /** Called with the subject of each request that it answers. */
  onAsked: (subject: string) => void = () => undefined;

  readonly store = new JetStreamLeaseStore(OPTIONS, {
    server: () => 'NATS at test',
    serverInfo: () => this.info,
    isConnected: () => true,
    ask: async (request) => {
      const answer = this.#answer(request);
      if (request.subject === RECORD) await this.acknowledges;
      return answer;
    },
    endRequests: () => undefined,
    subscribe: (_, onMessage) => {
      this.hear = onMessage;
      return { unsubscribe: () => (this.hear = () => undefined) };
    },
    onError: (error) => this.errors.push(error),
  });

  /** The next answers to requests of a subject. */
  script(subject: string, ...answers: readonly unknown[]): void {
    this.answers.set(subject, [...answers]);
  }

  write(fields: { readonly after?: number; readonly certainEpoch?: boolean } = {}) {
    const write = {
      name: 'k',
      record: new Uint8Array([1]),
      after: 0,
      id: 'w',
      certainEpoch: true,
      ...fields,
    };
    return this.store.write(write, { timeoutMs: 1000 });
  }

  #answer({ subject, accept }: BrokerRequest): BrokerOutcome {
    this.asked.push(subject);
    this.onAsked(subject);
    const scripted = this.answers.get(subject) ?? [];
    while (scripted.length > 0) {
      const body = scripted.shift();
      if (accept(body)) return { type: 'answer', body };
    }
    if (subject === `$JS.API.STREAM.INFO.${BUCKET}`) {
      const config = {
        ...streamConfig({ bucket: BUCKET, subjects: 'pgr.ns.names.*', replicas: this.replicas }),
      };
      const { created, cluster } = this;
      return { type: 'answer', body: { config: { ...config, max_msg_size: -1 }, created, cluster } };
    }
    return { type: 'timeout' };
  }
}

describe('JetStreamLeaseStore', () => {
  let server: ScriptedServer;
  beforeEach(() => {
    server = new ScriptedServer();
  });

  it('passes on a copy of a short record that was heard, and that there was a long one', () => {
    const heard: (Uint8Array | undefined)[] = [];
    server.store.watch('k', (record) => heard.push(record));
    const socket = Buffer.alloc(65_536, 7);
    server.hear({ data: socket.subarray(10, 20) });
    server.hear({ data: socket });
    expect(heard).toEqual([new Uint8Array(10).fill(7), undefined]);
    expect(heard[0]!.buffer.byteLength).toBe(10);
  });

  it('takes only the acknowledgement of its own stream', async () => {
    server.script(RECORD, { stream: 'archive', seq: 7 }, 'noise', { stream: BUCKET, seq: 3 });
    expect(await server.write()).toEqual({ type: 'written', revision: 3, epoch: EPOCH, repeated: false });
    server.script(RECORD, { stream: 'archive', seq: 8 });
    expect(await server.write()).toMatchObject({ type: 'unknown' });
  });

  it.each([
    [{ stream: BUCKET }],
    [{ stream: BUCKET, seq: 0 }],
    [{ stream: BUCKET, seq: 'x' }],
    [{ stream: BUCKET, seq: 1.5 }],
  ])('does not take %j for an acknowledgement', async (body) => {
    server.script(RECORD, body);
    expect(await server.write()).toMatchObject({ type: 'unknown' });
  });

  it('does not know in which life of the stream a write was made that others made anew around it', async () => {
    server.script(RECORD, { stream: BUCKET, seq: 1 });
    await server.write();
    server.created = T1;
    server.script(RECORD, { stream: BUCKET, seq: 2 }, { stream: BUCKET, seq: 2, duplicate: true });
    expect(await server.write()).toMatchObject({
      type: 'unknown',
      reason: 'The stream pgr_ns_names on NATS at test was made anew meanwhile.',
    });
    expect(await server.write()).toEqual({
      type: 'written',
      revision: 2,
      epoch: EPOCH + 1_000_000,
      repeated: true,
    });
  });

  it.each<[string, Partial<NatsServerInfo>, unknown, number]>([
    ['behind the write, where one server keeps the stream', {}, undefined, 2],
    ['behind the write, where that server says that it leads alone', {}, { leader: 's' }, 2],
    ['after the acknowledgement, where another server keeps the stream', {}, { leader: 't' }, 1],
    ['after the acknowledgement, in a cluster', { cluster: 'c' }, { name: 'c', leader: 's' }, 1],
    ['after the acknowledgement, where the server has no JetStream', { jetstream: false }, undefined, 1],
  ])('asks for the life of the stream %s', async (_, info, cluster, infosBefore) => {
    const infos = () => server.asked.filter((subject) => subject.includes('INFO')).length;
    server.info = { ...server.info, ...info };
    server.cluster = cluster;
    let acknowledge = (): void => undefined;
    server.acknowledges = new Promise((resolve) => (acknowledge = resolve));
    server.script(RECORD, { stream: BUCKET, seq: 1 });
    const written = server.write();
    await new Promise(setImmediate);
    expect(infos()).toBe(infosBefore);
    acknowledge();
    expect(await written).toEqual({ type: 'written', revision: 1, epoch: EPOCH, repeated: false });
    expect(infos()).toBe(2);
    expect(server.asked.indexOf(RECORD)).toBe(1);
  });

  it('asks once more where the server joined a cluster meanwhile', async () => {
    server.script(RECORD, { stream: BUCKET, seq: 1 }, { stream: BUCKET, seq: 2 });
    await server.write();
    server.cluster = { name: 'c' };
    expect(await server.write()).toMatchObject({ type: 'written', revision: 2 });
    expect(server.asked.filter((subject) => subject.includes('INFO'))).toHaveLength(4);
  });

  it('asks for the life of the stream again only where the epoch must be certain, or a revision comes twice', async () => {
    const infos = () => server.asked.filter((subject) => subject.includes('INFO')).length;
    server.script(RECORD, ...[4, 5, 5, 6].map((seq) => ({ stream: BUCKET, seq })));
    await server.write();
    expect(infos()).toBe(2);
    await server.write({ certainEpoch: false });
    expect(infos()).toBe(2);
    await server.write({ certainEpoch: false });
    expect(infos()).toBe(3);
    await server.write({ certainEpoch: false });
    expect(infos()).toBe(3);
  });

  it('refuses a stream that was made anew with an earlier time, because its tokens would not rise', async () => {
    server.created = T1;
    server.script(RECORD, { stream: BUCKET, seq: 1 });
    await server.write();
    server.store.onDisconnected();
    server.created = T0;
    expect(await server.write()).toMatchObject({
      type: 'unavailable',
      reason: expect.stringMatching(/tokens would not rise. Set the clock/) as string,
    });
  });

  it('hints once at a write to a stream of one server, and again after a moment where others must agree first', async () => {
    jest.useFakeTimers();
    try {
      for (const [replicas, expected] of [
        [1, 2],
        [3, 3],
      ] as const) {
        server = new ScriptedServer();
        server.replicas = replicas;
        server.script(RECORD, { stream: BUCKET, seq: 1 });
        await server.write();
        let hints = 0;
        const watch = server.store.watch('k', () => (hints += 1));
        server.hear(HEARD);
        server.hear(HEARD);
        jest.advanceTimersByTime(1000);
        expect(hints).toBe(expected);
        server.hear(HEARD);
        watch.stop();
        jest.advanceTimersByTime(1000);
        expect(hints).toBe(expected + 1);
      }
    } finally {
      jest.useRealTimers();
    }
  });

  it('reports what a watcher throws, also at the second hint', async () => {
    jest.useFakeTimers();
    try {
      server.replicas = 3;
      server.script(RECORD, { stream: BUCKET, seq: 1 });
      await server.write();
      server.store.watch('k', () => {
        throw new Error('thrown by the watcher');
      });
      server.hear(HEARD);
      jest.advanceTimersByTime(1000);
      expect(server.errors.map(({ message }) => message)).toEqual([
        'thrown by the watcher',
        'thrown by the watcher',
      ]);
    } finally {
      jest.useRealTimers();
    }
  });

  it.each<[string, unknown]>([
    ['one server', undefined],
    ['a cluster', { name: 'c', leader: 't' }],
  ])('never takes a record for one of a later life than it is of, with %s', async (_, cluster) => {
    server.cluster = cluster;
    const found = { message: { subject: RECORD, seq: 3, data: 'AQ==' } };
    server.script('$JS.API.STREAM.MSG.GET.pgr_ns_names', found, found);
    const now = jest.spyOn(performance, 'now').mockReturnValue(0);
    try {
      expect(await server.store.read('k', { timeoutMs: 1000 })).toMatchObject({ epoch: EPOCH });
      now.mockReturnValue(1001);
      // Somebody makes the stream anew right after the server has read the record.
      server.onAsked = (subject) => {
        if (subject.includes('MSG.GET')) server.created = T1;
      };
      expect(await server.store.read('k', { timeoutMs: 1000 })).toMatchObject({ revision: 3, epoch: EPOCH });
    } finally {
      now.mockRestore();
    }
  });

  it('asks for the record only when it knows the life of the stream, where the two may take ways of their own', async () => {
    server.cluster = { name: 'c', leader: 't' };
    server.script('$JS.API.STREAM.MSG.GET.pgr_ns_names', {
      message: { subject: RECORD, seq: 3, data: 'AQ==' },
    });
    const now = jest.spyOn(performance, 'now').mockReturnValue(0);
    try {
      server.script(RECORD, { stream: BUCKET, seq: 1 });
      await server.write();
      now.mockReturnValue(1002);
      server.asked.length = 0;
      const read = server.store.read('k', { timeoutMs: 1000 });
      expect(server.asked).toEqual(['$JS.API.STREAM.INFO.pgr_ns_names']);
      expect(await read).toMatchObject({ type: 'found', revision: 3 });
    } finally {
      now.mockRestore();
    }
  });

  it.each<[string, string, () => Promise<unknown>]>([
    ['read', 'MSG.GET', () => server.store.read('k', { timeoutMs: 1000 })],
    ['write', RECORD, () => server.write()],
  ])(
    'a %s that the server answers too late says how long it had, not how little was left for its last request',
    async (_, last, call) => {
      const now = jest.spyOn(performance, 'now').mockReturnValue(0);
      try {
        // Looking for the stream takes all the time.
        server.onAsked = (subject) => {
          if (subject.includes('INFO')) now.mockReturnValue(1000);
        };
        expect(await call()).toEqual({
          type: 'unknown',
          reason: 'JetStream on NATS at test did not answer within 1000 ms.',
        });
        expect(server.asked.join()).toContain(last);
      } finally {
        now.mockRestore();
      }
    },
  );

  it('gives up when the stream is deleted as soon as it is made', async () => {
    const notFound = { error: { code: 404, err_code: 10_059, description: 'stream not found' } };
    server.script('$JS.API.STREAM.MSG.GET.pgr_ns_names', notFound, notFound, notFound);
    expect(await server.store.read('k', { timeoutMs: 1000 })).toMatchObject({
      type: 'unknown',
      reason: expect.stringMatching(/deleted again and again/) as string,
    });
  });
});
