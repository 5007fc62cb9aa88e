import { Follows } from './follows';
import type { Journal } from './journal';

/** A journal in which a test makes changes. */
class Taps {
  readonly taps = new Set<(change: () => never, scope: string) => void>();
  readonly tap = (onChange: (change: () => never, scope: string) => void): (() => void) => {
    this.taps.add(onChange);
    return () => this.taps.delete(onChange);
  };

  change(scope: string): void {
    for (const tap of this.taps) tap(() => ({ scope }) as never, scope);
  }
}

describe('Those who follow a node', () => {
  let taps: Taps;
  let follows: Follows;
  beforeEach(() => {
    taps = new Taps();
    follows = new Follows('a', taps as unknown as Journal, () => 0);
  });

  it('get, and end, only what they follow themselves, whatever name others give', () => {
    follows.take('operator', 'f', undefined, undefined);
    taps.change('s');
    expect(follows.take('mallory', 'f', undefined, undefined)?.events).toEqual([]);
    follows.end('mallory', 'f');
    taps.change('s');
    expect(follows.take('operator', 'f', undefined, undefined)?.events).toHaveLength(2);
  });

  it('find room although one of them took all', () => {
    for (let at = 0; at < 40; at += 1) follows.take('mallory', `f${at}`, undefined, undefined);
    expect([follows.size, taps.taps.size]).toEqual([16, 16]);
    expect(follows.take('operator', 'f', undefined, undefined)).toBeDefined();
    expect(follows.take('other', 'f', undefined, undefined)).toBeDefined();
    for (let at = 0; at < 40; at += 1) follows.take('mallory', `g${at}`, undefined, undefined);
    taps.change('s');
    expect(follows.take('operator', 'f', undefined, undefined)?.events).toHaveLength(1);
    expect(follows.size).toBe(16);
    follows.close();
    expect([follows.size, taps.taps.size]).toEqual([0, 0]);
  });
});
