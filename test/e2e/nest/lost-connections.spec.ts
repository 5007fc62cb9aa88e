import { eventually } from '../../support/eventually';
import { NatsServer } from '../../support/nats-server';
import { NodeProcess } from '../../support/node-process';
import type { DocumentsStart } from './documents';

const CLIENTS = ['nats', '@nats-io/transport-node'] as const;
const users = (password: string): string => `authorization { users: [{ user: app, password: ${password} }] }`;

describe.each(CLIENTS)('an application with open documents that uses the client %s', (client) => {
  let server: NatsServer;
  let host: NodeProcess;
  beforeAll(async () => {
    server = await NatsServer.start({ config: users('one') });
    host = await NodeProcess.start('e2e/nest/documents.fixture.ts');
  });
  afterEach(() => reload('one'));
  afterAll(async () => {
    await host[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  const start = (key: string, options: Partial<DocumentsStart> = {}): Promise<unknown> =>
    host.ask('start', {
      key,
      node: key,
      servers: server.url,
      user: 'app',
      pass: 'one',
      client,
      given: false,
      maxReconnectAttempts: -1,
      ...options,
    } satisfies DocumentsStart);

  async function reload(password: string): Promise<void> {
    const reloads = (): number => server.log.split('Reloaded server configuration').length;
    const before = reloads();
    server.reload(users(password));
    await eventually(() => reloads() > before);
  }

  /** Lines of an application about its documents, in the order in which it wrote them. */
  const linesOf = (key: string): string[] =>
    host.output.split('\n').filter((line) => /^(saving|saved|left) /.test(line) && line.endsWith(key));

  /** The same when the application has been left: what it wrote may come after the answer that says so. */
  async function allLinesOf(key: string): Promise<string[]> {
    await eventually(() => linesOf(key).includes(`left ${key}`));
    return linesOf(key);
  }

  /** What an application writes when its documents are saved and it is closed after that. */
  const savedThenLeft = (key: string): string[] => [
    `saving y of ${key}`,
    `saving x of ${key}`,
    `saved y of ${key}`,
    `saved x of ${key}`,
    `left ${key}`,
  ];

  /**
   * Waits until the node of an application that nobody has closed saves its documents, then closes the application while that goes on.
   *
   * @returns The state of the node before that, and what the application wrote.
   */
  async function endOf(key: string): Promise<{ state: unknown; lines: string[] }> {
    await eventually(() => linesOf(key).length === 2);
    const state = await host.ask('state', key);
    const left = host.ask('leave', key);
    await host.ask('maySave');
    await left;
    return { state, lines: await allLinesOf(key) };
  }

  test.each(['drain', 'close'])(
    'saves them when the owner of its connection calls %s(), and closes after that',
    async (how) => {
      await start(how, { given: true });
      await host.ask(how, how);
      expect(await endOf(how)).toEqual({ state: 'draining', lines: savedThenLeft(how) });
    },
  );

  test('saves them when the client of a given connection gives up because its credentials were revoked', async () => {
    await start('revoked', { given: true });
    await reload('two');
    expect(await endOf('revoked')).toEqual({ state: 'draining', lines: savedThenLeft('revoked') });
  });

  test('saves them when natsTransport gives up because its credentials were revoked', async () => {
    await start('given-up', { maxReconnectAttempts: 2 });
    await reload('two');
    expect(await endOf('given-up')).toEqual({ state: 'draining', lines: savedThenLeft('given-up') });
  });

  test('saves them when it is closed while its credentials are refused', async () => {
    await start('refused');
    await reload('two');
    await eventually(() => expect(host.output).toMatch(/'refused' lost its connection/));
    await host.ask('maySave');
    await host.ask('leave', 'refused');
    expect(await allLinesOf('refused')).toEqual(savedThenLeft('refused'));
  });

  test('saves them when a younger node takes its name', async () => {
    await start('older', { node: 'twin' });
    await start('younger', { node: 'twin' });
    expect(await endOf('older')).toEqual({ state: 'fenced', lines: savedThenLeft('older') });
    await host.ask('leave', 'younger');
  });

  test('ends its process by itself after that', async () => {
    await host.ask('end');
    expect(await host.exited).toEqual({ code: 0, signal: null });
  });
});
