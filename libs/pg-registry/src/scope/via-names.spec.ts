import { via } from '../calls';
import {
  InvalidArgumentError,
  NotLocalError,
  NotRegisteredError,
  ProcessExitedError,
  UniqueKeysRequiredError,
} from '../term';
import { callLoosely, LoneScope } from './scope.fixture';

const name = (key: string, value: number | null = null) => via('test', key, value);

describe('registerName', () => {
  it('registerName registers a process, with the value of the name or null', () => {
    const { registry, node } = new LoneScope();
    const { pid } = node.processes.spawn();
    expect([registry.registerName(name('a'), pid), registry.registerName(name('a', 7), pid)]).toEqual([
      true,
      true,
    ]);
    expect(registry.values('a', pid)).toEqual([null, 7]);
  });

  it('registerName returns false for a unique key that is held, even by the same process', () => {
    const { registry, node } = new LoneScope({ keys: 'unique' });
    const [p, q] = [node.processes.spawn(), node.processes.spawn()];
    expect([p, p, q].map(({ pid }) => registry.registerName(name('a'), pid))).toEqual([true, false, false]);
    p.exit();
    expect(registry.registerName(name('a'), q.pid)).toBe(true);
  });

  it('registerName refuses a process that has exited or lives on another node', () => {
    const scope = new LoneScope();
    const process = scope.node.processes.spawn();
    process.exit();
    expect(() => scope.registry.registerName(name('a'), process.pid)).toThrow(ProcessExitedError);
    expect(() => scope.registry.registerName(name('a'), scope.remotePid(1))).toThrow(NotLocalError);
  });
});

describe('unregisterName', () => {
  it('unregisterName removes every entry of this node and no other, newest first, in one event', () => {
    const scope = new LoneScope();
    const { registry, node } = scope;
    const [p, q] = [node.processes.spawn().pid, node.processes.spawn().pid];
    registry.join('a', p, 1);
    registry.join('a', q, 2);
    registry.join('a', p, 3);
    scope.remoteJoin('a', 1, 'theirs');
    const left: unknown[][] = [];
    registry.monitor('a').subscribe((event) => {
      if (event.type === 'leave') left.push(event.entries.map((entry) => entry.value));
    });
    registry.unregisterName(name('a', 9));
    registry.unregisterName(name('a'));
    expect(left).toEqual([[3, 1, 2]]);
    expect(registry.lookup('a').map((entry) => entry.value)).toEqual(['theirs']);
  });
});

describe('whereisName and send', () => {
  it('whereisName and send find the holder of this node only', () => {
    const scope = new LoneScope({ keys: 'unique' });
    scope.remoteJoin('a', 1);
    const { registry, node } = scope;
    expect([registry.whereisName(name('a')), registry.whereis('a')]).toEqual([undefined, undefined]);
    expect(() => registry.send(name('a'), 'hello')).toThrow(NotRegisteredError);
    const { pid } = registry.register('a');
    expect([registry.whereisName(name('a', 5)), registry.whereis('a')]).toEqual([pid, pid]);
    expect([registry.send(name('a'), 1), registry.send('a', 2)]).toEqual([pid, pid]);
    expect(node.sent).toEqual([
      { pid, message: 1 },
      { pid, message: 2 },
    ]);
  });

  it('whereisName and send need unique keys, unless the destination is a pid', () => {
    const scope = new LoneScope();
    const { registry, node } = scope;
    registry.register('a');
    for (const call of [
      () => registry.whereis('a'),
      () => registry.whereisName(name('a')),
      () => registry.send('a', 1),
    ]) {
      expect(call).toThrow(UniqueKeysRequiredError);
    }
    const there = scope.remotePid(1);
    expect(registry.send(there, 1)).toBe(there);
    expect(node.sent).toEqual([{ pid: there, message: 1 }]);
  });
});

describe('send', () => {
  it('send takes a plain object as a key, even if it looks like a pid or name', () => {
    const { registry } = new LoneScope({ keys: 'unique' });
    const key = { scope: 'other', key: 'a' };
    const { pid } = registry.register(key);
    expect(registry.send(key, 1)).toBe(pid);
  });
});

describe('a name', () => {
  it('a name of another scope, or something else than a name, is refused', () => {
    const { registry, node } = new LoneScope({ keys: 'unique' });
    const { pid } = node.processes.root;
    const foreign = via('other', 'a');
    for (const call of [
      () => registry.registerName(foreign, pid),
      () => registry.unregisterName(foreign),
      () => registry.whereisName(foreign),
      () => registry.send(foreign, 1),
    ]) {
      expect(call).toThrow(
        "The name must belong to scope 'test' (got one of scope 'other'). Nothing was changed.",
      );
    }
    for (const wrong of ['a', null, { scope: 'test', key: 'a' }]) {
      expect(() => callLoosely(registry, 'unregisterName', wrong)).toThrow(InvalidArgumentError);
    }
    expect(registry.count()).toBe(0);
  });
});
