import { firstValueFrom } from 'rxjs';
import {
  AlreadyRegisteredError,
  InvalidArgumentError,
  InvalidValueError,
  NotLocalError,
  ProcessExitedError,
  ScopeNotRunningError,
  ValueTooLargeError,
} from '../term';
import { via } from '../calls';
import { callLoosely, LoneScope, MAX_JOIN } from './scope.fixture';
import { PgRegistryService } from './pg-registry-service';

const values = ({ registry }: LoneScope, key: string): unknown[] =>
  registry.lookup(key).map((entry) => entry.value);

function failAtTwo(old: unknown): unknown {
  if (old === 2) throw new Error('no');
  return 9;
}

describe('register', () => {
  it('register adds an entry of the running process, with null as its value unless one is given', () => {
    const { registry, node } = new LoneScope();
    const process = node.processes.spawn();
    const registration = node.processes.run(process, () => registry.register('a'));
    expect(registry.lookup('a')).toEqual([{ id: registration.id, key: 'a', pid: process.pid, value: null }]);
    registry.register('a', 2);
    expect(registry.members('a')).toEqual([process.pid, node.processes.root.pid]);
  });

  it('register stores copies in normal form', () => {
    const { registry } = new LoneScope();
    const key = ['doc', { n: -0 }];
    const value = { list: [1] };
    registry.register(key, value);
    value.list.push(2);
    expect(registry.lookup(['doc', { n: 0 }])[0].value).toEqual({ list: [1] });
  });

  it('register throws for a held unique key and changes nothing, even for the holder itself', () => {
    const heard: unknown[] = [];
    const scope = new LoneScope({
      keys: 'unique',
      listeners: [{ onRegister: (entry) => heard.push(entry) }],
    });
    const { registry, node } = scope;
    registry.register('a', 1);
    registry.monitorScope().subscribe((event) => heard.push(event));
    heard.length = 0;
    const other = node.processes.spawn();
    for (const process of [node.processes.root, other]) {
      const attempt = () => node.processes.run(process, () => registry.register('a', 2));
      expect(attempt).toThrow(AlreadyRegisteredError);
      expect(attempt).toThrow(expect.objectContaining({ pid: node.processes.root.pid }));
    }
    expect([values(scope, 'a'), heard, scope.replicated.length]).toEqual([[1], [], 1]);
  });

  it('register takes a unique key that only another node holds', () => {
    const scope = new LoneScope({ keys: 'unique' });
    scope.remoteJoin('a', 1, 'theirs');
    scope.registry.register('a', 'ours');
    expect(values(scope, 'a')).toEqual(['theirs', 'ours']);
  });

  it('register throws for code of a process that has exited', () => {
    const { registry, node } = new LoneScope();
    const process = node.processes.spawn();
    node.processes.run(process, () => {
      process.exit('gone');
      expect(() => registry.register('a')).toThrow(ProcessExitedError);
    });
    expect(registry.count()).toBe(0);
  });
});

describe('unregister', () => {
  it('unregister removes the newest entry of the running process, if there is one', () => {
    const scope = new LoneScope();
    for (const value of [1, 2, 3]) scope.registry.register('a', value);
    scope.registry.unregister('a');
    expect(values(scope, 'a')).toEqual([1, 2]);
    for (let i = 0; i < 3; i += 1) scope.registry.unregister('a');
    expect(scope.registry.groups()).toEqual([]);
  });
});

describe('join and leave', () => {
  it('join and leave take one pid or a list, a pid once per occurrence', () => {
    const { registry, node } = new LoneScope();
    const [p, q] = [node.processes.spawn().pid, node.processes.spawn().pid];
    registry.join('g', [p, q, p], 'v');
    registry.join('g', q, 'w');
    expect(registry.members('g')).toEqual([p, q, p, q]);
    expect(registry.leave('g', [p, p, p])).toBe(true);
    expect(registry.leave('g', p)).toBe(false);
    expect(registry.values('g', q)).toEqual(['v', 'w']);
  });

  it('join and leave of an empty list do nothing', () => {
    const scope = new LoneScope();
    const events: unknown[] = [];
    scope.registry.monitorScope().subscribe((event) => events.push(event));
    scope.registry.join('g', []);
    expect(scope.registry.leave('g', [])).toBe(true);
    expect([events.length, scope.replicated, scope.registry.groups()]).toEqual([1, [], []]);
  });

  it('join and leave refuse the whole list for one pid of another node', () => {
    const scope = new LoneScope();
    const here = scope.node.processes.spawn().pid;
    const there = scope.remotePid(7);
    expect(() => scope.registry.join('g', [here, there])).toThrow(NotLocalError);
    expect(() => scope.registry.leave('g', there)).toThrow(expect.objectContaining({ pid: there }));
    expect(scope.registry.count()).toBe(0);
  });

  it.each([[undefined], [null], ['pid'], [{}], [['pid']]])(
    'join and leave refuse %j, which is not a pid',
    (wrong) => {
      const { registry } = new LoneScope();
      expect(() => callLoosely(registry, 'join', 'g', wrong)).toThrow(InvalidArgumentError);
      expect(() => callLoosely(registry, 'leave', 'g', wrong)).toThrow(/got .*Nothing was changed\./);
    },
  );

  it('join throws for a process that has exited, and leave returns false', () => {
    const { registry, node } = new LoneScope();
    const process = node.processes.spawn();
    process.exit();
    const living = node.processes.spawn().pid;
    expect(() => registry.join('g', [living, process.pid])).toThrow(ProcessExitedError);
    expect(registry.leave('g', process.pid)).toBe(false);
    expect(registry.count()).toBe(0);
  });

  it('join takes one pid where keys are unique', () => {
    const { registry, node } = new LoneScope({ keys: 'unique' });
    const [p, q] = [node.processes.spawn().pid, node.processes.spawn().pid];
    expect(() => registry.join('g', [p, q])).toThrow(InvalidArgumentError);
    expect(() => registry.join('g', [p, p])).toThrow(InvalidArgumentError);
    registry.join('g', [p]);
    expect(registry.whereis('g')).toBe(p);
  });

  it('join refuses more processes than fit into one operation, and changes nothing', () => {
    const { registry, node } = new LoneScope();
    const process = node.processes.spawn();
    const pids = Array.from({ length: MAX_JOIN + 1 }, () => process.pid);
    expect(() => registry.join('k', pids)).toThrow(ValueTooLargeError);
    expect(registry.count()).toBe(0);
    registry.join('k', pids.slice(1));
    expect(registry.count()).toBe(MAX_JOIN);
  });
});

describe('the exit of a process', () => {
  it('an exit removes the entries of the process in the same turn: one leave per key, newest first, and frees unique keys', () => {
    const { registry, node } = new LoneScope();
    const process = node.processes.spawn();
    const seen: unknown[] = [];
    node.processes.run(process, () => {
      for (const [key, value] of [
        ['k1', 1],
        ['k1', 2],
        ['k2', 3],
        ['k1', 4],
      ] as const)
        registry.register(key, value);
    });
    registry.monitorScope().subscribe((event) => {
      if (event.type === 'leave') seen.push([event.key, event.entries.map((entry) => entry.value)]);
    });
    process.exit('killed');
    expect(seen).toHaveLength(2);
    expect(seen).toEqual(
      expect.arrayContaining([
        ['k1', [4, 2, 1]],
        ['k2', [3]],
      ]),
    );
    expect([registry.count(), registry.keys(process.pid)]).toEqual([0, []]);
  });

  it('an exit removes the entries from every scope of the node before the first observer is notified', () => {
    const one = new LoneScope({ name: 'one' });
    const two = new LoneScope({ name: 'two' }, one.node);
    const process = one.node.processes.spawn();
    const counts: number[] = [];
    for (const [here, there] of [
      [one, two],
      [two, one],
    ]) {
      here.registry.join('a', process.pid);
      here.registry
        .monitor('a')
        .subscribe((event) => event.type === 'leave' && counts.push(there.registry.count()));
    }
    process.exit();
    expect(counts).toEqual([0, 0]);
  });
});

describe('leaving altogether', () => {
  it('leaveAll removes every entry of this node, in one operation per process, before the first observer is notified', () => {
    const scope = new LoneScope();
    const { registry, node } = scope;
    const { pid } = node.processes.spawn();
    registry.register('a');
    registry.join(['b', 'b'], pid);
    scope.remoteJoin('a', 1);
    const seen: unknown[] = [];
    registry
      .monitorScope()
      .subscribe((event) => event.type === 'leave' && seen.push([event.cause, registry.countLocal()]));
    scope.replicated.length = 0;
    scope.run.leaveAll();
    scope.run.leaveAll();
    expect(seen).toEqual([
      ['exit', 0],
      ['exit', 0],
    ]);
    expect([scope.replicated.length, registry.count()]).toEqual([2, 1]);
  });
});

describe('updateValue', () => {
  it('updateValue replaces the values of all entries of the process under the key, which keep their places', () => {
    const scope = new LoneScope();
    const { registry, node } = scope;
    const other = node.processes.spawn().pid;
    registry.register('a', 1);
    registry.join('a', other, 2);
    registry.register('a', 3);
    const ids = registry.lookup('a').map((entry) => entry.id);
    expect(registry.updateValue('a', 9)).toBe(true);
    expect(registry.updateValue('a', 8, other)).toBe(true);
    expect(values(scope, 'a')).toEqual([9, 8, 9]);
    expect(registry.lookup('a').map((entry) => entry.id)).toEqual(ids);
  });

  it('updateValue calls the function once per entry of the process, with its old value', () => {
    const scope = new LoneScope();
    const { registry, node } = scope;
    registry.register('a', 1);
    registry.join('a', node.processes.spawn().pid, 100);
    registry.register('a', 2);
    const seen: unknown[] = [];
    expect(registry.updateValue('a', (old) => (seen.push(old), Number(old) * 10))).toBe(true);
    expect([seen, values(scope, 'a')]).toEqual([
      [1, 2],
      [10, 100, 20],
    ]);
  });

  it('updateValue returns false without an entry, and does not call the function', () => {
    const { registry, node } = new LoneScope();
    registry.join('a', node.processes.spawn().pid);
    const next = jest.fn();
    expect([
      registry.updateValue('a', next),
      registry.updateValue('b', next),
      registry.updateValue('b', 1),
    ]).toEqual([false, false, false]);
    expect(next).not.toHaveBeenCalled();
  });

  it('updateValue changes nothing if the function throws, returns something that cannot be stored, or writes', () => {
    const scope = new LoneScope();
    const { registry } = scope;
    registry.register('a', 1);
    registry.register('a', 2);
    expect(() => registry.updateValue('a', failAtTwo)).toThrow('no');
    expect(() => registry.updateValue('a', () => Symbol('no'))).toThrow(InvalidValueError);
    expect(() => registry.updateValue('a', () => registry.register('b').id)).toThrow(InvalidArgumentError);
    // Two registrations, and the function's own, once per entry.
    expect([values(scope, 'a'), scope.replicated.length]).toEqual([[1, 2], 4]);
  });

  it('updateValue takes only a process of this node', () => {
    const scope = new LoneScope();
    scope.remoteJoin('a', 1);
    expect(() => scope.registry.updateValue('a', 1, scope.remotePid(1))).toThrow(NotLocalError);
    expect(() => callLoosely(scope.registry, 'updateValue', 'a', 1, 'pid')).toThrow(InvalidArgumentError);
  });
});

describe('arguments', () => {
  const bad = { not: () => undefined };
  it.each<[string, ...unknown[]]>([
    ['register', bad],
    ['register', 'a', bad],
    ['register', 'a', 'x'.repeat(100_000)],
    ['unregister', Symbol('a')],
    ['join', 'a', [], bad],
    ['updateValue', 'a', bad],
    ['lookup', undefined],
    ['monitor', bad],
    ['keys', 'pid'],
    ['values', 'a', {}],
  ])(
    '%s checks its arguments before it asks whether the scope runs, and changes nothing',
    (method, ...args) => {
      const scope = new LoneScope();
      scope.registry.register('a', 1);
      const attempt = () => callLoosely(scope.registry, method, ...args);
      const code = expect.stringMatching(/^(INVALID_ARGUMENT|INVALID_VALUE|VALUE_TOO_LARGE)$/);
      expect(attempt).toThrow(expect.objectContaining({ code }));
      expect([values(scope, 'a'), scope.replicated.length]).toEqual([[1], 1]);
      scope.run.stop();
      expect(attempt).toThrow(expect.objectContaining({ code }));
    },
  );
});

describe('a stopped scope', () => {
  it('a stopped scope refuses reads and writes, counts 0, and is empty after the next start', () => {
    const scope = new LoneScope({ meta: { region: 'eu' } });
    const { registry, node } = scope;
    const { pid } = node.processes.root;
    registry.register('a', 1);
    registry.putMeta('b', 1);
    scope.run.stop();
    scope.run.stop();
    for (const call of [
      () => registry.lookup('a'),
      () => registry.register('a'),
      () => registry.unregister('a'),
      () => registry.leave('a', pid),
      () => registry.groups(),
      () => registry.keysMode,
      () => registry.meta('b'),
      () => registry.watch('a'),
      () => registry.dispatch('a', () => undefined),
      () => registry.send(pid, 'hello'),
    ]) {
      expect(call).toThrow(ScopeNotRunningError);
    }
    expect([registry.count(), registry.countLocal()]).toEqual([0, 0]);
    scope.start();
    expect([registry.count(), registry.hasMeta('b'), registry.meta('region')]).toEqual([0, false, 'eu']);
    registry.register('a', 2);
    expect(values(scope, 'a')).toEqual([2]);
  });

  it('a scope that was never started refuses reads and writes', () => {
    const { node } = new LoneScope();
    const other = new PgRegistryService('other', node);
    expect(() => other.lookup('a')).toThrow("Scope 'other' is not running on this node");
    expect(other.count()).toBe(0);
  });

  it('a stopped scope refuses with ScopeNotRunningError even if the process has exited, as after the end of the node', async () => {
    const scope = new LoneScope({ keys: 'unique' });
    const { registry, node } = scope;
    const subscriptions = [registry.monitor('a'), registry.liveSelect({ head: {} })];
    const { pid } = node.processes.root;
    scope.run.stop();
    node.processes.exitAll('shutdown');
    const stopped = expect.objectContaining({ code: 'SCOPE_NOT_RUNNING' });
    expect(() => registry.register('a')).toThrow(stopped);
    expect(() => registry.join('a', pid)).toThrow(stopped);
    expect(() => registry.registerName(via('test', 'a'), pid)).toThrow(stopped);
    await expect(registry.lock('a', () => 1)).rejects.toEqual(stopped);
    for (const events of subscriptions)
      await expect(firstValueFrom<unknown>(events)).rejects.toEqual(stopped);
  });

  it('a stopped scope ignores exits of processes', () => {
    const scope = new LoneScope();
    const process = scope.node.processes.spawn();
    scope.registry.join('a', process.pid);
    scope.run.stop();
    process.exit();
    expect(scope.replicated).toHaveLength(1);
  });
});
