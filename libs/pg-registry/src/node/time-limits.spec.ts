import { InvalidOptionError } from '../term';
import { localTransport } from '../transport/local';
import { PgRegistryNode } from './pg-registry-node';

/** Every method with a time limit. */
const METHODS: readonly [name: string, call: (node: PgRegistryNode, options: object) => Promise<unknown>][] =
  [
    ['call', (node, options) => node.processes.call(echo(node), 'echo', 1, options)],
    ['lock', (node, options) => node.scope('pg').lock('k', () => 1, options)],
    ['replicated', (node, options) => node.scope('pg').replicated(options)],
    ['synced', (node, options) => node.synced(options)],
    ['health', (node, options) => node.health(options)],
    ['drain', (node, options) => node.drain(options)],
  ];

function echo(node: PgRegistryNode) {
  return node.processes.mount({
    label: 'echo',
    serial: false,
    handlers: { call: (_name, payload) => payload, cast: () => undefined, message: () => undefined },
  }).pid;
}

describe('timeoutMs', () => {
  let node: PgRegistryNode;
  beforeEach(async () => {
    node = new PgRegistryNode({ node: 'a' }, { defaultTransport: localTransport });
    await node.connect();
  });
  afterEach(() => node.close());

  it.each(METHODS)(
    'timeoutMs is refused by %s with the same error if it is no number of milliseconds',
    async (_, call) => {
      for (const timeoutMs of [-1, NaN, -Infinity, '5', null, 5n, {}]) {
        const error = await call(node, { timeoutMs }).catch((thrown: unknown) => thrown);
        expect(error).toBeInstanceOf(InvalidOptionError);
        expect(error).toMatchObject({ option: 'timeoutMs' });
        expect(String(error)).toMatch(/must be a number of milliseconds ≥ 0, or Infinity \(got /);
      }
      await expect(call(node, { timeout: 5 })).rejects.toBeInstanceOf(InvalidOptionError);
      expect(node.state).toBe('ready');
    },
  );

  it.each(METHODS)('timeoutMs may be Infinity, or longer than any timer, in %s', async (_, call) => {
    for (const timeoutMs of [Infinity, 2 ** 40, undefined]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other: a drain is made once
      const ended = await call(node, { timeoutMs }).then(() => 'in time');
      expect(ended).toBe('in time');
    }
  });

  it('timeoutMs is no time at all if it is 0: what can be had at once is had, all else fails', async () => {
    const registry = node.scope('pg');
    await node.synced();
    await node.synced({ timeoutMs: 0 });
    await registry.replicated({ timeoutMs: 0 });
    expect(await registry.lock('k', () => 'free', { timeoutMs: 0 })).toBe('free');
    let release!: () => void;
    const held = registry.lock('k', () => new Promise<void>((resolve) => (release = resolve)));
    await expect(registry.lock('k', () => 1, { timeoutMs: 0 })).rejects.toMatchObject({
      code: 'LOCK_TIMEOUT',
    });
    release();
    await held;
    await expect(node.processes.call(echo(node), 'echo', 1, { timeoutMs: 0 })).rejects.toMatchObject({
      code: 'CALL_TIMEOUT',
      message: "<a.1> had no time to answer 'echo', because timeoutMs is 0. Nothing was sent.",
    });
    await node.drain({ timeoutMs: 0 });
  });
});
