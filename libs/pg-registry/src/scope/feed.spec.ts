import type { MonitorEvent } from './event';
import { FakeNode, LoneScope } from './scope.fixture';

/** How many deliveries the feed makes in one turn, at most. */
const MOST = 10;

function scopeWithSlices(): LoneScope {
  const node = new FakeNode();
  node.deliveriesPerTurn = MOST;
  return new LoneScope({}, node);
}

/** Ends turns until nothing waits for the end of one. Calls `look` after each. */
function endTurns(scope: LoneScope, look: () => void = () => undefined): void {
  while (scope.node.endTurn()) look();
}

describe('deliveries to many', () => {
  it('pause until the turn of the event loop is over, in the order of the subscriptions', () => {
    const scope = scopeWithSlices();
    const told: number[] = [];
    for (let i = 0; i < 35; i += 1)
      scope.registry.monitor('k').subscribe(({ type }) => type === 'join' && told.push(i));
    scope.registry.register('k', 1);
    const counts = [told.length];
    endTurns(scope, () => counts.push(told.length));
    expect(counts).toEqual([10, 20, 30, 35]);
    expect(told).toEqual(Array.from({ length: 35 }, (_, i) => 34 - i));
  });

  it('make no pause for as many as one turn has room for', () => {
    const scope = scopeWithSlices();
    let told = 0;
    for (let i = 0; i < MOST; i += 1) scope.registry.monitorScope().subscribe(() => (told += 1));
    told = 0;
    scope.registry.register('k', 1);
    expect(told).toBe(MOST);
    expect(scope.node.endTurn()).toBe(false);
  });

  it('pause between the changes of a large operation, whose entries all count', () => {
    const scope = scopeWithSlices();
    let entries = 0;
    scope.registry.monitorScope().subscribe((event) => {
      if (event.type === 'leave') entries += event.entries.length;
    });
    for (let i = 0; i < 60; i += 1) scope.remoteJoin(`k${i % 20}`, i);
    endTurns(scope);
    scope.remoteGone();
    const counts = [entries];
    endTurns(scope, () => counts.push(entries));
    expect(counts).toEqual([12, 24, 36, 48, 60]);
  });

  it('keep the order of changes: one that comes during a pause follows those before it', () => {
    const scope = scopeWithSlices();
    const heard: unknown[][] = Array.from({ length: 25 }, () => []);
    for (const mine of heard)
      scope.registry.monitorScope().subscribe((event) => {
        if (event.type === 'join') mine.push(event.key);
      });
    scope.registry.register('a', 1);
    scope.registry.register('b', 1);
    expect(heard.map(({ length }) => length).filter((length) => length > 0)).toHaveLength(MOST);
    scope.node.endTurn();
    scope.registry.register('c', 1);
    endTurns(scope);
    expect(heard).toEqual(heard.map(() => ['a', 'b', 'c']));
  });

  it('fold to what a read returns, also for those who subscribe or unsubscribe during a pause', () => {
    const scope = scopeWithSlices();
    const folds: Map<string, unknown>[] = [];
    const follow = (): { unsubscribe(): void } => {
      const fold = new Map<string, unknown>();
      folds.push(fold);
      return scope.registry.monitor('k').subscribe((event: MonitorEvent) => {
        for (const entry of event.entries) {
          if (event.type === 'leave') fold.delete(entry.id);
          else fold.set(entry.id, 'value' in entry ? entry.value : undefined);
        }
      });
    };
    for (let i = 0; i < 25; i += 1) follow();
    const gone = follow();
    const fold = folds.pop();
    scope.registry.register('k', 1);
    follow();
    gone.unsubscribe();
    scope.node.endTurn();
    follow();
    scope.registry.updateValue('k', () => 2);
    follow();
    endTurns(scope);
    scope.registry.register('k', 3);
    endTurns(scope);
    const read = new Map(scope.registry.lookup('k').map(({ id, value }) => [id, value]));
    expect(folds).toEqual(folds.map(() => read));
    expect(fold?.size).toBe(1);
  });

  it('end with the run of the scope', () => {
    const scope = scopeWithSlices();
    let told = 0;
    for (let i = 0; i < 25; i += 1)
      scope.registry.monitor('k').subscribe(({ type }) => type === 'join' && (told += 1));
    scope.registry.register('k', 1);
    scope.run.stop();
    expect(scope.node.endTurn()).toBe(false);
    expect(told).toBe(MOST);
  });

  it('make no pause once too many changes wait, so that the queue does not grow for ever', () => {
    const scope = scopeWithSlices();
    let told = 0;
    for (let i = 0; i < 25; i += 1) scope.registry.monitorScope().subscribe(() => (told += 1));
    told = 0;
    for (let i = 0; i < 20_001; i += 1) scope.registry.register(i, null);
    expect(told).toBe(20_001 * 25);
  });
});
