import * as fc from 'fast-check';
import { Subject, takeUntil } from 'rxjs';
import { runs } from '../../../../test/support/runs';
import { via } from '../calls';
import { KeyMap, type Key } from '../term';
import type { MonitorEvent, ScopeEvent } from './event';
import { LoneScope } from './scope.fixture';

/** A copy of a scope that is made of nothing but what a subscription said. */
class Fold {
  readonly entries = new KeyMap<{ id: string; value: unknown }[]>();

  take(event: MonitorEvent | ScopeEvent): void {
    switch (event.type) {
      case 'snapshot': {
        if ('groups' in event)
          for (const [key, entries] of event.groups) this.entries.set(key, entries.map(short));
        else for (const entry of event.entries) this.#of(entry.key).push(short(entry));
        return;
      }
      case 'join':
        this.#of(event.key).push(...event.entries.map(short));
        return;
      case 'leave': {
        const gone = new Set(event.entries.map((entry) => entry.id));
        const left = this.#of(event.key).filter((entry) => !gone.delete(entry.id));
        if (gone.size > 0) throw new Error(`left without having come: ${[...gone].join(', ')}`);
        this.entries.set(event.key, left);
        return;
      }
      case 'update':
        for (const { id, old, value } of event.entries) {
          const at = this.#of(event.key).findIndex((entry) => entry.id === id);
          if (this.#of(event.key)[at]?.value !== old)
            throw new Error(`${id} had another value than ${String(old)}`);
          this.#of(event.key)[at] = { id, value };
        }
    }
  }

  #of(key: Key): { id: string; value: unknown }[] {
    let entries = this.entries.get(key);
    if (entries === undefined) this.entries.set(key, (entries = []));
    return entries;
  }
}

const short = ({ id, value }: { id: string; value: unknown }) => ({ id, value });

const KEYS: readonly Key[] = ['a', 'b', ['a', 1]];

type Step =
  | { do: 'join' | 'update'; key: number; process: number; value: number }
  | { do: 'leave' | 'unregisterName' | 'exit' | 'remoteJoin' | 'remoteGone'; key: number; process: number }
  | { do: 'subscribe'; key: number; writes: Step[]; takes: number };

const small = fc.nat({ max: 2 });
const { step: anyStep } = fc.letrec<{ step: Step }>((tie) => ({
  step: fc.oneof(
    { maxDepth: 2, depthIdentifier: 'observer' },
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constant('join' as const), key: small, process: small, value: small }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant('update' as const), key: small, process: small, value: small }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constantFrom('leave' as const, 'unregisterName', 'exit', 'remoteJoin', 'remoteGone'),
        key: small,
        process: small,
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant('subscribe' as const),
        key: fc.nat({ max: 3 }),
        writes: fc.array(tie('step'), { maxLength: 3, depthIdentifier: 'observer' }),
        takes: fc.nat({ max: 6 }),
      }),
    },
  ),
}));

/** Runs steps on a scope and keeps a fold per subscription that is still open. */
class Run {
  readonly scope = new LoneScope();
  readonly folds = new Map<Fold, Key | undefined>();
  #processes = [0, 1, 2].map(() => this.scope.node.processes.spawn());
  #remote = 0;
  #failure: unknown;

  do(step: Step): void {
    const { registry, node } = this.scope;
    if (step.do === 'subscribe') return this.#subscribe(step);
    const key = KEYS[step.key];
    const { pid } = this.#processes[step.process];
    switch (step.do) {
      case 'join':
        return registry.join(key, [pid, pid], step.value);
      case 'update':
        return void registry.updateValue(key, (old) => Number(old) + step.value, pid);
      case 'leave':
        return void registry.leave(key, pid);
      case 'unregisterName':
        return registry.unregisterName(via('test', key));
      case 'remoteJoin':
        return this.scope.remoteJoin(key, (this.#remote += 1), this.#remote);
      case 'remoteGone':
        return this.scope.remoteGone();
      case 'exit': {
        const ended = this.#processes[step.process];
        this.#processes[step.process] = node.processes.spawn();
        ended.exit();
      }
    }
  }

  /** Subscribes, and lets the observer do one more of its writes at each event, then unsubscribe. */
  #subscribe({ key: index, writes, takes }: Extract<Step, { do: 'subscribe' }>): void {
    const { registry } = this.scope;
    const key = KEYS[index];
    const fold = new Fold();
    const queue = [...writes];
    const stop = new Subject<void>();
    this.folds.set(fold, key);
    const observe = (event: MonitorEvent | ScopeEvent): void => {
      this.#guard(() => fold.take(event));
      const write = queue.shift();
      if (write !== undefined) this.#guard(() => this.do(write));
      if ((takes -= 1) !== 0) return;
      this.folds.delete(fold);
      stop.next();
    };
    if (key === undefined) registry.monitorScope().pipe(takeUntil(stop)).subscribe(observe);
    else registry.monitor(key).pipe(takeUntil(stop)).subscribe(observe);
  }

  /** What an observer finds wrong must fail the property, not go where RxJS sends it. */
  #guard(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#failure ??= error;
    }
  }

  /** What subscriptions say of their keys, and what reads say. */
  views(): { folded: unknown[]; read: unknown[] } {
    if (this.#failure !== undefined) throw this.#failure;
    const { registry } = this.scope;
    const views: { folded: unknown[]; read: unknown[] } = { folded: [], read: [] };
    for (const [fold, key] of this.folds) {
      for (const each of key === undefined ? KEYS : [key]) {
        views.folded.push(fold.entries.get(each) ?? []);
        views.read.push(registry.lookup(each).map(short));
      }
    }
    return views;
  }
}

describe('the events of a subscription, folded over its snapshot', () => {
  it('the events of a subscription, folded over its snapshot, are what a read returns, whatever observers write and subscribe', () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 25 }), (steps) => {
        const run = new Run();
        run.do({ do: 'subscribe', key: 3, writes: [], takes: 0 });
        for (const each of steps) {
          run.do(each);
          const { folded, read } = run.views();
          expect(folded).toEqual(read);
        }
      }),
      { numRuns: runs(300) },
    );
  });
});
