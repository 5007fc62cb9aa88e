import type { ServiceEndpoint, ServiceFacts } from '../service-description';
import type { ConnectOptions } from '../transport';
import { ServiceResponder } from './service-responder';

const NODE: ConnectOptions = {
  node: 'a',
  replies: 'pgr.pg.reply.a.>',
  timeoutMs: 1000,
  onStatus: () => undefined,
  onError: () => undefined,
  onWarning: () => undefined,
};

function facts(endpoints: readonly ServiceEndpoint[] = []): ServiceFacts {
  return {
    describe: () => ({
      id: '0123456789abcdef',
      version: '1.2.3',
      description: 'Node a of namespace pg',
      startedAt: 0,
      metadata: { node: 'a' },
      subject: 'pgr.pg.to.a.calls.*',
    }),
    endpoints: () => endpoints,
  };
}

const endpoint = (runs: number): ServiceEndpoint => ({
  handler: `Worker.work${runs}`,
  runs,
  errors: 1,
  totalMs: 2 * runs,
});

describe('the answers to tools that look for NATS services', () => {
  const responder = (of = facts(), now = () => 0) => new ServiceResponder(NODE, of, now);
  const read = (bytes: Uint8Array | undefined) =>
    JSON.parse(Buffer.from(bytes ?? []).toString()) as Record<string, unknown>;

  it('have the form of ADR-32', () => {
    const one = responder(facts([endpoint(3)]));
    const head = { name: 'pg-registry', id: '0123456789abcdef', version: '1.2.3', metadata: { node: 'a' } };
    expect(read(one.answerTo('$SRV.PING', '_INBOX.x'))).toEqual({
      ...head,
      type: 'io.nats.micro.v1.ping_response',
    });
    const shown = {
      name: 'Worker_work3',
      subject: 'pgr.pg.to.a.calls.*',
      queue_group: '',
      metadata: { handler: 'Worker.work3' },
    };
    expect(read(one.answerTo('$SRV.INFO.pg-registry', '_INBOX.x'))).toEqual({
      ...head,
      type: 'io.nats.micro.v1.info_response',
      description: 'Node a of namespace pg',
      endpoints: [shown],
    });
    expect(read(one.answerTo('$SRV.STATS.pg-registry.0123456789abcdef', '_INBOX.x'))).toEqual({
      ...head,
      type: 'io.nats.micro.v1.stats_response',
      started: '1970-01-01T00:00:00.000Z',
      endpoints: [
        {
          ...shown,
          num_requests: 3,
          num_errors: 1,
          last_error: '',
          processing_time: 6_000_000,
          average_processing_time: 2_000_000,
        },
      ],
    });
    expect(one.answerTo('$SRV.SCHEMA', '_INBOX.x')).toBeUndefined();
  });

  it('go to no subject of this library or of the server, and to none that is no subject', () => {
    const one = responder();
    for (const reply of [
      '',
      'pgr',
      'pgr.pg.to.b.hello.a',
      'pgr.other.from.a.ops.pg',
      '$JS.API.STREAM.DELETE.orders',
      '$SRV.PING',
      '>',
      '_INBOX.*',
      '_INBOX.>',
      '_INBOX x',
      '_INBOX\r\nPUB pgr.x 0',
      '.x',
      `_INBOX.${'x'.repeat(300)}`,
    ])
      expect([reply, one.answerTo('$SRV.PING', reply)]).toEqual([reply, undefined]);
    expect(one.answerTo('$SRV.PING', 'pgrx.answers')).toBeDefined();
  });

  it('show the hundred handlers that ran most', () => {
    const many = Array.from({ length: 500 }, (_, runs) => endpoint(runs));
    const { endpoints } = read(responder(facts(many)).answerTo('$SRV.STATS', '_INBOX.x'));
    expect(endpoints).toHaveLength(100);
    expect((endpoints as readonly object[])[0]).toMatchObject({ num_requests: 499 });
  });

  it('have together at most 100,000 bytes at once and 20,000 in a second, and one answer more', () => {
    let now = 0;
    const long = { ...endpoint(1), handler: 'x'.repeat(120) };
    const one = responder(facts(Array.from({ length: 500 }, () => long)), () => now);
    const flood = (): number => {
      let bytes = 0;
      for (let i = 0; i < 1000; i += 1) bytes += one.answerTo('$SRV.STATS', `_INBOX.${i}`)?.length ?? 0;
      return bytes;
    };
    const longest = one.answerTo('$SRV.STATS', '_INBOX.x')?.length ?? 0;
    expect(longest).toBeLessThan(60_000);
    expect(flood() + longest).toBeLessThan(100_000 + longest);
    expect(flood()).toBe(0);
    let later = 0;
    for (; now <= 10_000; now += 100) later += flood();
    expect(later).toBeGreaterThan(100_000);
    expect(later).toBeLessThan(10 * 20_000 + longest);
  });

  it('are refused by a broker without harm: one warning, and it is no problem of the node', () => {
    const warnings: string[] = [];
    const refused: string[] = [];
    const node = {
      ...NODE,
      onWarning: (message: string) => warnings.push(message),
      onRefused: (subject: string) => refused.push(subject) > 1,
    };
    const one = new ServiceResponder(node, facts(), () => 0);
    const onRefused = (subject: string) => one.options.onRefused?.(subject);
    for (let i = 0; i < 100; i += 1) one.answerTo('$SRV.PING', `_INBOX.${i}`);
    expect(onRefused('_INBOX.99')).toBe(true);
    expect(onRefused('_INBOX.98')).toBe(true);
    expect(refused).toEqual([]);
    expect(warnings).toEqual([expect.stringContaining('permissionsOf(namespace, node, { services: true })')]);
    // It remembers 64, and leaves the rest to the node.
    expect(onRefused('_INBOX.0')).toBe(false);
    expect(onRefused('pgr.pg.to.b.exit.a')).toBe(true);
    expect(refused).toEqual(['_INBOX.0', 'pgr.pg.to.b.exit.a']);
  });

  it('need what the broker must permit, which is checked when the node connects', () => {
    const needs = { publish: [], subscribe: ['pgr.pg.reply.a.>'], maxPayload: 1000 };
    const { options } = new ServiceResponder({ ...NODE, needs }, facts());
    expect(options.needs?.subscribe).toEqual([
      'pgr.pg.reply.a.>',
      '$SRV.*',
      '$SRV.*.pg-registry',
      '$SRV.*.pg-registry.0123456789abcdef',
    ]);
    const warnings: string[] = [];
    expect(ServiceResponder.of({ ...NODE, onWarning: (message) => warnings.push(message) })).toBeUndefined();
    expect(warnings).toEqual([expect.stringContaining('observer: false')]);
  });
});
