import { DEFAULT_VALUE_LIMITS, PidInterner } from '../../term';
import type { LeaseReadOutcome, LeaseWriteOutcome } from '../lease-store';
import { encodeRecord } from './lease-records';
import { claimName, type LeaseEffect, Leases } from './leases';
import type { StoreRequest } from './store-requests';

describe('the leases of a node', () => {
  const pids = new PidInterner();
  const pid = pids.intern('a', 'a'.repeat(16), 1);
  let now = { monotonic: 0, wall: 0 };
  let leases: Leases;
  let requests: StoreRequest[];

  beforeEach(() => {
    now = { monotonic: 1000, wall: 1_700_000_000_000 };
    requests = [];
    leases = new Leases({
      incarnation: 'a'.repeat(16),
      pids,
      limits: DEFAULT_VALUE_LIMITS,
      options: { ttlMs: 1000, takeover: 'lease', maxClockDrift: 0.05, disconnectedMs: 500 },
      random: () => 0.5,
    });
  });

  function run(effects: readonly LeaseEffect[]): void {
    for (const effect of effects) if (effect.type === 'request') requests.push(effect.request);
  }

  /** Answers the oldest open request for a name. */
  function answer(name: string, outcome: LeaseReadOutcome | LeaseWriteOutcome): void {
    const at = requests.findIndex((request) => nameOf(request) === name);
    expect(at).toBeGreaterThanOrEqual(0);
    const [{ id }] = requests.splice(at, 1);
    run(leases.answered(id, outcome, now));
  }

  const heldBy = (session: string, revision: number): LeaseReadOutcome => ({
    type: 'found',
    revision,
    epoch: 1,
    record: encodeRecord({
      type: 'claim',
      key: 'k',
      nonce: `nonce-${revision}`,
      holder: { session, pid, value: null, token: 0 },
    }),
  });
  const session = (open: boolean, revision: number): LeaseReadOutcome => ({
    type: 'found',
    revision,
    epoch: 1,
    record: encodeRecord({ type: 'session', open, ttlMs: 1000, takeover: 'lease', nonce: 'nonce' }),
  });

  it('never take a key because the session of an earlier holder is over', () => {
    run(leases.campaign('k', { pid, value: null, once: false }, now));
    answer('c:k', heldBy('first.1', 10));
    const own = `s:${'a'.repeat(16)}.1`;
    expect(requests.map(nameOf)).toEqual(['s:first.1', own]);
    answer(own, { type: 'written', revision: 11, epoch: 1, repeated: false });
    // Another node takes the key meanwhile, and a second change is told of while this node reads the first.
    run(leases.hint(claimName('k'), now));
    run(leases.hint(claimName('k'), now));
    answer('c:k', heldBy('second.1', 12));
    answer('c:k', { type: 'unknown', reason: 'no answer' });
    answer('s:first.1', session(false, 11));
    answer('s:second.1', session(true, 13));
    now = { monotonic: now.monotonic + 200, wall: now.wall + 200 };
    run(leases.tick(now));
    expect(requests.filter(({ type }) => type === 'write')).toEqual([]);
  });

  const nameOf = (request: StoreRequest): string => {
    const name = request.type === 'read' ? request.name : request.write.name;
    return name === claimName('k') ? 'c:k' : name;
  };
});
