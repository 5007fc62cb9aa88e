import { clusterName, HandlerTable } from '../../../libs/pg-registry/src/calls';
import { PgRegistryNode } from '../../../libs/pg-registry/src/node';
import { localTransport } from '../../../libs/pg-registry/src/transport/local';
import { natsTransport } from '../../../libs/pg-registry/src/transport/nats';
import { eventually } from '../../support/eventually';
import { NatsServer } from '../../support/nats-server';

describe.each(['nats', '@nats-io/transport-node'] as const)('cluster names over %s', (client) => {
  let server: NatsServer;
  let nodes: PgRegistryNode[] = [];

  beforeEach(async () => {
    server = await NatsServer.start({ config: 'jetstream { store_dir: "DIR/jetstream" }' });
  });
  afterEach(async () => {
    await Promise.all(nodes.map((node) => node.close()));
    nodes = [];
    await server[Symbol.asyncDispose]();
  });

  async function start(node: string): Promise<PgRegistryNode> {
    const transport = natsTransport({
      servers: server.url,
      client,
      reconnectTimeWait: 20,
      reconnectJitter: 0,
    });
    const options = { node, transport, names: { ttlMs: 2000 } };
    const silent = { log: () => undefined, warn: () => undefined, error: () => undefined };
    const started = new PgRegistryNode(options, { defaultTransport: () => localTransport(), logger: silent });
    nodes.push(started);
    await started.connect();
    return started;
  }

  test('a key goes from node to node with rising tokens, also through a restart of the server', async () => {
    const [a, b] = [await start('a'), await start('b')];
    const first = await a.names.claim(['doc', 1], { value: 'a' });
    expect(await b.names.tryClaim(['doc', 1])).toBeUndefined();
    expect(await b.names.holder(['doc', 1])).toMatchObject({ token: first.token, value: 'a' });
    const waiting = b.names.claim(['doc', 1], { timeoutMs: 20_000 });
    await first.release();
    const second = await waiting;
    expect(second.token).toBeGreaterThan(first.token);
    await server.stop();
    await server.start();
    // What was held is held, or was lost because the restart took longer than the session; never does another have a lower token.
    const third = await eventually(
      async () => {
        await second.release();
        return await a.names.tryClaim(['doc', 1]);
      },
      { timeoutMs: 20_000 },
    );
    expect(third?.token).toBeGreaterThan(second.token);
  });

  test('calls to a name reach its holder, and none fails while it goes from a draining node to another one', async () => {
    const [a, b, c] = [await start('a'), await start('b'), await start('c')];
    const hold = async (node: PgRegistryNode): Promise<void> => {
      const handlers = new HandlerTable('Holder', { calls: new Map([['where', () => node.name]]) });
      const process = node.processes.mount({ label: 'holder', handlers, serial: false });
      await node.processes.run(process, () => node.names.claim('k', { timeoutMs: 20_000 }));
    };
    const answers: unknown[] = [];
    const where = async (): Promise<void> =>
      void answers.push(await c.processes.call(clusterName('k'), 'where'));
    const first = where(); // before anybody holds it
    await hold(a);
    await first;
    const next = hold(b);
    await eventually(() => expect(b.names.stats().waiting).toBe(1));
    const drained = a.drain();
    // One call after the other, through the change.
    // oxlint-disable-next-line no-await-in-loop
    for (let calls = 0; calls < 10_000 && !answers.includes('b'); calls += 1) await where();
    await Promise.all([drained, next]);
    expect([answers[0], answers.at(-1)]).toEqual(['a', 'b']);
    expect(answers.filter((answer, index) => answer === 'a' && answers.indexOf('b') < index)).toEqual([]);
    expect(c.stats().calls.finished).toEqual({ ok: answers.length });
  });
});
