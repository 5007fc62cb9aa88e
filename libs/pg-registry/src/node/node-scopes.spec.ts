import { collectUntil } from '../../../../test/support/garbage';
import { PidInterner, DEFAULT_VALUE_LIMITS, FIXED_SEED } from '../term';
import { Processes } from '../lifetime';
import type { ReplicationPort, ScopeDeps } from '../scope';
import { NodeScopes } from './node-scopes';

const NO_PEERS: ReplicationPort = {
  operations: { last: 0 },
  fits: () => true,
  write: () => undefined,
  replicated: () => Promise.resolve(),
  stop: () => undefined,
};

function depsOfNode(): ScopeDeps {
  const pids = new PidInterner();
  return {
    processes: new Processes({ node: 'a', incarnation: 'a'.repeat(16), pids }),
    pids,
    seed: FIXED_SEED,
    limits: DEFAULT_VALUE_LIMITS,
    numbers: { last: 0 },
    logger: { error: () => undefined },
    resolveListener: () => undefined,
    send: () => undefined,
    afterTurn: () => () => undefined,
    runningScopes: () => [],
  };
}

describe('the scopes of a node', () => {
  const startAndStop = (scopes: NodeScopes, name: string): void => {
    scopes.start(name).register('editor');
    scopes.stop(name);
  };

  it('a node forgets scopes that were started and stopped', async () => {
    const scopes = new NodeScopes(depsOfNode(), () => NO_PEERS, Infinity);
    scopes.start('running');
    for (let at = 0; at < 100; at += 1) startAndStop(scopes, `document ${at}`);
    await collectUntil(() => scopes.remembered === 1);
    expect(scopes.remembered).toBe(1);
    expect(scopes.names()).toEqual(['running']);
  });

  it('a node keeps the registry of a stopped scope the same object as long as somebody holds it', async () => {
    const scopes = new NodeScopes(depsOfNode(), () => NO_PEERS, Infinity);
    const held = scopes.start('held');
    scopes.stop('held');
    startAndStop(scopes, 'other');
    await collectUntil(() => scopes.remembered === 1);
    expect(scopes.service('held')).toBe(held);
    expect(scopes.start('held')).toBe(held);
    expect(held.count()).toBe(0);
  });

  it('a node keeps listeners for the next run of a scope, although nobody holds its registry', async () => {
    const scopes = new NodeScopes(depsOfNode(), () => NO_PEERS, Infinity);
    const seen: unknown[] = [];
    let remove: (() => void) | undefined = scopes.service('a').addListener({
      onRegister: ({ key }) => void seen.push(key),
      onUnregister: () => undefined,
    });
    startAndStop(scopes, 'a');
    startAndStop(scopes, 'b');
    await collectUntil(() => scopes.remembered === 1);
    startAndStop(scopes, 'a');
    remove();
    remove = undefined;
    startAndStop(scopes, 'a');
    expect(seen).toEqual(['editor', 'editor']);
    await collectUntil(() => scopes.remembered === 0);
    expect(scopes.remembered).toBe(0);
  });
});
