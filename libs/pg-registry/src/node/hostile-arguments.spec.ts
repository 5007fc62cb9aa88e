import { hashBy, via } from '../calls';
import { KeyMap, PgRegistryError } from '../term';
import { localBus, localTransport } from '../transport/local';
import type { NodeOptions } from './node-options';
import { PgRegistryNode } from './pg-registry-node';

const silent = { log: () => undefined, warn: () => undefined, error: () => undefined };

function make(options: unknown): PgRegistryNode {
  return new PgRegistryNode(options as NodeOptions, {
    defaultTransport: () => localTransport({ bus: localBus() }),
    logger: silent,
  });
}

const node = make({ node: 'a' });
const registry = node.scope('pg');
const { processes } = node;
afterAll(() => node.close());

/** What a caller without types might pass where nothing of the kind is allowed. */
type Anything = never;

/** Public functions, each with the argument that is hostile. */
const FUNCTIONS: readonly (readonly [string, (x: Anything) => unknown])[] = [
  ['new KeyMap().get(key)', (x) => new KeyMap().get(x)],
  ['new KeyMap().set(key)', (x) => new KeyMap().set(x, 1)],
  ['hashBy(key)', (x) => hashBy(x)],
  ['via(scope)', (x) => via(x, 1)],
  ['register(key)', (x) => registry.register(x, x)],
  ['register(key, value)', (x) => registry.register('k', x)],
  ['lookup(key)', (x) => registry.lookup(x)],
  ['watch(key)', (x) => registry.watch(x)],
  ['join(key, pids)', (x) => registry.join('k', x)],
  ['leave(key, pids)', (x) => registry.leave('k', x)],
  ['match(key, pattern)', (x) => registry.match('k', x)],
  ['select(spec)', (x) => registry.select(x)],
  ['selectPrefix(prefix)', (x) => registry.selectPrefix(x)],
  ['putMeta(key)', (x) => registry.putMeta(x, x)],
  ['lock(key)', (x) => registry.lock(x, () => 1)],
  ['lock(key, run, options)', (x) => registry.lock('k', () => 1, x)],
  ['replicated(options)', (x) => registry.replicated(x)],
  ['call(to)', (x) => processes.call(x, 'n')],
  ['call(to, name, payload)', (x) => processes.call(processes.self(), 'n', x)],
  ['call(to, name, payload, options)', (x) => processes.call(processes.self(), 'n', 1, x)],
  ['cast(to)', (x) => processes.cast(x, 'n')],
  ['send(to)', (x) => processes.send(x, 1)],
  ['spawn(options)', (x) => processes.spawn(x)],
  ['spawn({ signal })', (x) => processes.spawn({ signal: x })],
  ['run(process)', (x) => processes.run(x, () => 1)],
  ['start(type)', (x) => processes.start(x)],
  ['reachable(pid)', (x) => node.reachable(x)],
  ['scope(options)', (x) => node.scope(x)],
  ['startScope({ meta })', (x) => node.startScope({ name: 'z', meta: x })],
  ['startScope({ listeners })', (x) => node.startScope({ name: 'z', listeners: x })],
  ['startScope({ listeners: [listener] })', (x) => node.startScope({ name: 'z', listeners: [x] })],
  ['new PgRegistryNode(options)', make],
  ['new PgRegistryNode({ transport })', (x) => make({ transport: x })],
];

function revoked(): Anything {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy as Anything;
}

describe('public functions', () => {
  it.each(FUNCTIONS)('%s refuses a revoked proxy with an error of the library', async (_, call) => {
    const failure: unknown = await (async () => call(revoked()))().then(
      () => 'nothing',
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(PgRegistryError);
  });
});
