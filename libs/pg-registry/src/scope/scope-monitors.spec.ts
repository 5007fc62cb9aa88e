import { config, Observable, Subscriber, take } from 'rxjs';
import { formatKey, type Key, KeyMap, ProcessExitedError, ScopeNotRunningError } from '../term';
import type { ChangeEvent, MonitorEvent, ScopeEvent } from './event';
import { LoneScope } from './scope.fixture';

const word = (key: Key): string => formatKey(key).replaceAll("'", '');

/** An event in one word: `+a:1` came, `-a:1` went, `~a:1>2` changed; a snapshot lists what is there. */
function brief(event: MonitorEvent | ScopeEvent): string {
  if (event.type === 'snapshot') {
    const entries = 'groups' in event ? [...event.groups].flatMap(([, each]) => each) : event.entries;
    return `[${entries.map(({ key, value }) => `${word(key)}:${String(value)}`).join(' ')}]`;
  }
  if (event.type === 'update')
    return `~${word(event.key)}:${event.entries.map((e) => `${String(e.old)}>${String(e.value)}`).join(',')}`;
  const sign = event.type === 'join' ? '+' : '-';
  return `${sign}${word(event.key)}:${event.entries.map((e) => String(e.value)).join(',')}`;
}

function record<T extends MonitorEvent | ScopeEvent>(
  events: Observable<T>,
  seen: string[] = [],
  name = '',
): string[] {
  events.subscribe((event) => seen.push(name + brief(event)));
  return seen;
}

describe('monitor', () => {
  it('monitor emits a snapshot, then every join, update and leave of its key', () => {
    const { registry } = new LoneScope();
    registry.register('a', 1);
    const seen = record(registry.monitor('a'));
    registry.register('a', 2);
    registry.register('b', 3);
    registry.updateValue('a', 9);
    registry.unregister('a');
    expect(seen).toEqual(['[a:1]', '+a:2', '~a:1>9,2>9', '-a:9']);
  });

  it('monitor emits an empty snapshot for an unknown key', () => {
    expect(record(new LoneScope().registry.monitor(['no', 'such']))).toEqual(['[]']);
  });

  it('monitor emits a snapshot of its own to each subscription', () => {
    const { registry } = new LoneScope();
    const events = registry.monitor('a');
    registry.register('a', 1);
    expect(record(events)).toEqual(['[a:1]']);
  });

  it('monitor emits one event per operation, with the entries in its order', () => {
    const { registry, node } = new LoneScope();
    const [p, q] = [node.processes.spawn().pid, node.processes.spawn().pid];
    const seen: ChangeEvent[] = [];
    registry.monitor('g').subscribe((event) => event.type !== 'snapshot' && seen.push(event));
    registry.join('g', [p, q, p], 1);
    registry.leave('g', [q, p]);
    expect(seen.map((event) => event.entries.map((entry) => entry.pid))).toEqual([
      [p, q, p],
      [q, p],
    ]);
  });

  it('monitor emits the cause of each change of this node', () => {
    const { registry, node } = new LoneScope();
    const causes: string[] = [];
    registry.monitorScope().subscribe((event) => event.type !== 'snapshot' && causes.push(event.cause));
    const process = node.processes.spawn();
    registry.join('a', process.pid);
    process.exit();
    expect(causes).toEqual(['call', 'exit']);
  });

  it('monitor emits the cause of each change of a peer', () => {
    const scope = new LoneScope();
    const causes: string[] = [];
    scope.registry.monitor('a').subscribe((event) => event.type !== 'snapshot' && causes.push(event.cause));
    scope.remoteJoin('a', 1);
    scope.remoteGone();
    expect(causes).toEqual(['peer', 'node-down']);
  });

  it('monitor emits the same frozen event to everybody', () => {
    const { registry } = new LoneScope();
    const seen: ChangeEvent[] = [];
    for (let i = 0; i < 2; i += 1)
      registry.monitor('a').subscribe((event) => event.type !== 'snapshot' && seen.push(event));
    registry.register('a', { n: 1 });
    expect(seen[0]).toBe(seen[1]);
    expect(seen[0].entries[0]).toBe(registry.lookup('a')[0]);
    expect([seen[0], seen[0].entries].every((part) => Object.isFrozen(part))).toBe(true);
  });

  it('monitor emits nothing after the unsubscribe, not even events that are queued', () => {
    const { registry } = new LoneScope();
    const seen: string[] = [];
    const first = registry.monitorScope().subscribe((event) => {
      if (brief(event) !== '+a:1') return;
      registry.register('a', 2);
      subscription.unsubscribe();
    });
    const subscription = registry.monitor('a').subscribe((event) => seen.push(brief(event)));
    registry.register('a', 1);
    expect(seen).toEqual(['[]']);
    first.unsubscribe();
    registry.register('a', 3);
    expect(seen).toEqual(['[]']);
  });

  it('monitor releases a subscriber that takes only the snapshot', () => {
    const { registry } = new LoneScope();
    const seen: string[] = [];
    registry
      .monitor('a')
      .pipe(take(1))
      .subscribe((event) => seen.push(brief(event)));
    registry.register('a', 1);
    expect(seen).toEqual(['[]']);
  });
});

describe('monitorScope', () => {
  it('monitorScope emits the entries of every key, oldest first, then every change', () => {
    const { registry } = new LoneScope();
    registry.register(['k', 1], 1);
    registry.register(['k', 1], 2);
    let groups = new KeyMap<readonly unknown[]>();
    registry.monitorScope().subscribe((event) => event.type === 'snapshot' && (groups = event.groups));
    expect(groups.size).toBe(1);
    expect(groups.get(['k', 1])).toEqual(registry.lookup(['k', 1]));
    const seen = record(registry.monitorScope());
    registry.register('b', 3);
    expect(seen).toEqual(['[[k, 1]:1 [k, 1]:2]', '+b:3']);
  });

  it('monitorScope emits an empty map in an empty scope', () => {
    expect(record(new LoneScope().registry.monitorScope())).toEqual(['[]']);
  });
});

describe('watch', () => {
  it('watch emits the entries, and again after every change', () => {
    const { registry } = new LoneScope();
    const seen: unknown[][] = [];
    registry.watch('a').subscribe((entries) => seen.push(entries.map((entry) => entry.value)));
    registry.register('a', 1);
    registry.register('b', 2);
    registry.updateValue('a', 3);
    registry.unregister('a');
    expect(seen).toEqual([[], [1], [3], []]);
  });
});

describe('delivery', () => {
  it('a change is delivered to subscriptions of the scope first, then of the key, newest first, then to listeners', () => {
    const seen: string[] = [];
    const { registry } = new LoneScope({ listeners: [{ onRegister: () => seen.push('listener') }] });
    for (const name of ['key 1', 'key 2'])
      registry.monitor('a').subscribe((e) => e.type === 'join' && seen.push(name));
    for (const name of ['all 1', 'all 2'])
      registry.monitorScope().subscribe((e) => e.type === 'join' && seen.push(name));
    registry.register('a');
    expect(seen).toEqual(['all 1', 'all 2', 'key 2', 'key 1', 'listener']);
  });

  it('the events of a write have been delivered when the write returns', () => {
    const { registry } = new LoneScope();
    const seen = record(registry.monitor('a'));
    registry.register('a', 1);
    expect(seen).toEqual(['[]', '+a:1']);
  });

  it('the writes of an observer are readable at once, and delivered in one order to everybody before the outermost write returns', () => {
    const { registry } = new LoneScope();
    const seen: string[] = [];
    registry.monitor('a').subscribe((event) => {
      if (brief(event) !== '+a:1') return;
      registry.register('a', 2);
      expect(registry.lookup('a').map((entry) => entry.value)).toEqual([1, 2]);
      seen.push('wrote');
    });
    record(registry.monitorScope(), seen, 'all ');
    record(registry.monitor('a'), seen, 'new ');
    seen.length = 0;
    registry.register('a', 1);
    expect(seen).toEqual(['all +a:1', 'new +a:1', 'wrote', 'all +a:2', 'new +a:2']);
  });

  it('the writes of a listener are delivered after the change that it was told of', () => {
    const { registry } = new LoneScope({
      listeners: [{ onRegister: ({ value }) => void (value === 1 && registry.register('a', 2)) }],
    });
    const seen = record(registry.monitor('a'));
    registry.register('a', 1);
    expect(seen).toEqual(['[]', '+a:1', '+a:2']);
  });

  it('the writes that the receiver of a snapshot makes are delivered after it has returned', () => {
    const { registry } = new LoneScope();
    const seen: string[] = [];
    registry.monitor('a').subscribe((event) => {
      if (event.type === 'snapshot') registry.register('a', 1);
      seen.push(brief(event));
    });
    expect(seen).toEqual(['[]', '+a:1']);
  });

  it('a subscription made during a delivery gets no event of what its snapshot contains', () => {
    const { registry } = new LoneScope();
    const seen: string[] = [];
    registry.monitorScope().subscribe((event) => {
      if (brief(event) !== '+a:1') return;
      registry.register('a', 2);
      record(registry.monitor('a'), seen, 'inner ');
      registry.register('a', 3);
    });
    registry.register('a', 1);
    expect(seen).toEqual(['inner [a:1 a:2]', 'inner +a:3']);
  });

  it('all rows of an operation are changed before its first event', () => {
    const { registry, node } = new LoneScope();
    const process = node.processes.spawn();
    registry.join('a', process.pid);
    registry.join('b', process.pid);
    const counts: number[] = [];
    registry.monitorScope().subscribe((event) => event.type === 'leave' && counts.push(registry.count()));
    process.exit();
    expect(counts).toEqual([0, 0]);
  });

  it('the exit of a process that an observer ends is delivered after the event under way', () => {
    const { registry, node } = new LoneScope();
    const process = node.processes.spawn();
    registry.monitor('a').subscribe((event) => {
      if (event.type === 'join') process.exit();
    });
    const seen = record(registry.monitor('a'));
    registry.join('a', process.pid, 1);
    expect(seen).toEqual(['[]', '+a:1', '-a:1']);
  });
});

describe('an observer that throws', () => {
  const unhandled: unknown[] = [];
  beforeEach(() => {
    jest.useFakeTimers();
    unhandled.length = 0;
    config.onUnhandledError = (error) => unhandled.push(error);
  });
  afterEach(() => {
    jest.useRealTimers();
    config.onUnhandledError = null;
  });

  it('an observer that throws disturbs neither the write nor other observers, and RxJS reports the error', () => {
    const { registry } = new LoneScope();
    const before = record(registry.monitor('a'));
    registry.monitor('a').subscribe((event) => {
      if (event.type === 'join') throw new Error('observer');
    });
    const after = record(registry.monitor('a'));
    registry.register('a', 1);
    registry.register('a', 2);
    expect([before, after]).toEqual([
      ['[]', '+a:1', '+a:2'],
      ['[]', '+a:1', '+a:2'],
    ]);
    jest.runAllTimers();
    expect(unhandled).toEqual([new Error('observer'), new Error('observer')]);
  });

  it('an observer that throws past RxJS, at an event, the end or the unsubscribe, disturbs nobody', () => {
    class Raw extends Subscriber<MonitorEvent> {
      override next(event: MonitorEvent): void {
        if (event.type !== 'snapshot') throw new Error('next');
      }
      override complete(): void {
        throw new Error('complete');
      }
    }
    const scope = new LoneScope();
    const { registry } = scope;
    registry.monitor('a').subscribe(new Raw());
    const seen = record(registry.monitor('a'));
    registry.register('a', 1);
    scope.run.stop();
    expect(seen).toEqual(['[]', '+a:1']);
    jest.runAllTimers();
    expect(unhandled).toEqual([new Error('next'), new Error('complete')]);
  });
});

describe('the process of an observer', () => {
  it('an observer runs as the process that subscribed, whichever process writes', () => {
    const { registry, node } = new LoneScope();
    const { processes } = node;
    const [watcher, writer] = [processes.spawn(), processes.spawn()];
    const seen: unknown[] = [];
    registry.monitor('a').subscribe(() => seen.push(processes.self()));
    processes.run(watcher, () => registry.monitor('a').subscribe(() => seen.push(processes.self())));
    seen.length = 0;
    processes.run(writer, () => registry.register('a'));
    expect(seen).toEqual([watcher, processes.root]);
  });

  it('a process that exits completes its subscriptions before its entries leave', () => {
    const { registry, node } = new LoneScope();
    const process = node.processes.spawn();
    const seen: string[] = [];
    node.processes.run(process, () => {
      registry.register('a', 1);
      registry
        .monitor('a')
        .subscribe({ next: (e) => seen.push(brief(e)), complete: () => seen.push('complete') });
      registry.monitorScope().subscribe({ complete: () => seen.push('complete') });
    });
    const other = record(registry.monitor('a'));
    process.exit();
    expect(seen).toEqual(['[a:1]', 'complete', 'complete']);
    expect(other).toEqual(['[a:1]', '-a:1']);
  });

  it('a process that has exited cannot subscribe', () => {
    const { registry, node } = new LoneScope();
    const process = node.processes.spawn();
    const errors: unknown[] = [];
    node.processes.run(process, () => {
      const events = registry.monitor('a');
      process.exit();
      events.subscribe({ error: (error) => errors.push(error) });
    });
    expect(errors).toEqual([expect.any(ProcessExitedError)]);
  });
});

describe('a scope that stops', () => {
  it('a scope that stops completes all subscriptions, without leave events and without queued events', () => {
    const scope = new LoneScope();
    const { registry } = scope;
    const seen: string[] = [];
    registry.register('a', 1);
    registry.monitorScope().subscribe({
      next: (event) => {
        seen.push(brief(event));
        if (brief(event) !== '+a:2') return;
        registry.register('a', 3);
        scope.run.stop();
      },
      complete: () => seen.push('complete'),
    });
    registry.watch('a').subscribe({ complete: () => seen.push('complete') });
    registry.register('a', 2);
    expect(seen).toEqual(['[a:1]', '+a:2', 'complete', 'complete']);
  });

  it('a stopped scope can be monitored after the next start, also by an Observable made before', () => {
    const scope = new LoneScope();
    const events = scope.registry.monitor('a');
    scope.run.stop();
    expect(() => scope.registry.monitor('a')).toThrow(ScopeNotRunningError);
    const errors: unknown[] = [];
    events.subscribe({ error: (error) => errors.push(error) });
    expect(errors).toEqual([expect.any(ScopeNotRunningError)]);
    scope.start();
    scope.registry.register('a', 1);
    expect(record(events)).toEqual(['[a:1]']);
  });
});
