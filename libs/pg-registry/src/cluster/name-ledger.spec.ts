import { NameLedger } from './name-ledger';

const sender = (node: string, incarnation: string, epoch: number) => ({ node, incarnation, epoch });

describe('the ledger of names', () => {
  it('the ledger of names tells the present incarnation from newer, older and ended ones', () => {
    const ledger = new NameLedger(10, () => false);
    expect(ledger.statusOf(sender('a', 'x', 5))).toBe('unknown');
    ledger.record(sender('a', 'x', 5));
    expect(ledger.statusOf(sender('a', 'x', 4))).toBe('current');
    expect(ledger.statusOf(sender('a', 'y', 6))).toBe('newer');
    expect(ledger.statusOf(sender('a', 'y', 4))).toBe('older');
    ledger.record(sender('a', 'x', 5), true);
    expect(ledger.statusOf(sender('a', 'x', 5))).toBe('ended');
  });

  it('the ledger of names takes an incarnation that said goodbye for a living one when its epoch rises, until the next goodbye', () => {
    const ledger = new NameLedger(10, () => false);
    const statuses = (): readonly string[] =>
      [4, 5, 6].map((epoch) => ledger.statusOf(sender('a', 'x', epoch)));
    ledger.record(sender('a', 'x', 5), true);
    ledger.record(sender('a', 'x', 5));
    expect(statuses()).toEqual(['ended', 'ended', 'current']);
    ledger.record(sender('a', 'x', 6));
    expect(statuses()).toEqual(['current', 'current', 'current']);
    ledger.record(sender('a', 'x', 6), true);
    expect(statuses()).toEqual(['ended', 'ended', 'ended']);
  });

  it('the ledger of names orders incarnations of one epoch alike, whichever it heard first', () => {
    const ledger = new NameLedger(10, () => false);
    ledger.record(sender('a', 'x', 5));
    ledger.record(sender('b', 'y', 5));
    expect([ledger.statusOf(sender('a', 'y', 5)), ledger.statusOf(sender('b', 'x', 5))]).toEqual([
      'newer',
      'older',
    ]);
  });

  it('the ledger of names forgets the name that was silent longest and is not in use, and keeps no more than its capacity', () => {
    const ledger = new NameLedger(3, (node) => node === 'used');
    for (const node of ['used', 'b', 'c', 'd', 'e']) ledger.record(sender(node, 'x', 1));
    expect(ledger.size).toBe(3);
    expect(['used', 'b', 'c', 'd', 'e'].map((node) => ledger.epochOf(node))).toEqual([
      1,
      undefined,
      undefined,
      1,
      1,
    ]);
  });
});
