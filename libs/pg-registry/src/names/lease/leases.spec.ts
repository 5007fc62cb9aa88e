import { DEFAULT_VALUE_LIMITS, type Key, PidInterner } from '../../term';
import type { LeaseReadOutcome, LeaseWriteOutcome } from '../lease-store';
import { encodeRecord } from './lease-records';
import type { LeaseEffect } from './lease-effect';
import type { LeasesDeps } from './leases-deps';
import { claimName, Leases } from './leases';
import type { StoreRequest } from './store-requests';

describe('the leases of a node', () => {
  const pids = new PidInterner();
  const pid = pids.intern('a', 'a'.repeat(16), 1);
  const deps: LeasesDeps = {
    incarnation: 'a'.repeat(16),
    pids,
    limits: DEFAULT_VALUE_LIMITS,
    options: { ttlMs: 1000, takeover: 'lease', maxClockDrift: 0.05, disconnectedMs: 500 },
    random: () => 0.5,
  };
  let now = { monotonic: 0, wall: 0 };
  let leases: Leases;
  let requests: StoreRequest[];

  beforeEach(() => {
    now = { monotonic: 1000, wall: 1_700_000_000_000 };
    requests = [];
    leases = new Leases(deps);
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

  it('do not hold a key because the store takes a write of somebody else for the repetition of theirs', () => {
    const elected: LeaseEffect[] = [];
    const tick = (): void => {
      now = { monotonic: now.monotonic + 25, wall: now.wall + 25 };
      run(leases.tick(now));
    };
    run(leases.campaign('k', { pid, value: null, once: true }, now));
    answer('c:k', { type: 'absent', epoch: 1 });
    answer(`s:${'a'.repeat(16)}.1`, { type: 'written', revision: 1, epoch: 1, repeated: false });
    answer('c:k', { type: 'unknown', reason: 'no answer' });
    tick();
    // Somebody who heard the id of the first attempt, which was refused, has written another record with it.
    const { id } = requests.splice(
      requests.findIndex((request) => nameOf(request) === 'c:k'),
      1,
    )[0];
    const repeated = { type: 'written', revision: 7, epoch: 1, repeated: true } as const;
    const effects = leases.answered(id, repeated, now);
    elected.push(...effects.filter(({ type }) => type === 'elected'));
    run(effects);
    expect(elected).toEqual([]);
    answer('c:k', heldBy('other.1', 5));
    answer('c:k', heldBy('other.1', 5));
    answer('s:other.1', session(true, 4));
    expect(leases.holding('k', now)).toBeUndefined();
  });

  it('claim behind no release that they hear while the store is not trusted', () => {
    run(leases.campaign('k', { pid, value: null, once: false }, now));
    answer('c:k', heldBy('first.1', 10));
    answer(`s:${'a'.repeat(16)}.1`, { type: 'written', revision: 11, epoch: 1, repeated: false });
    answer('s:first.1', { ...session(true, 1), epoch: 2 } as LeaseReadOutcome);
    requests.length = 0;
    const release = encodeRecord({ type: 'claim', key: 'k', nonce: 'release', holder: undefined });
    run(leases.hint(claimName('k'), now, release));
    now = { monotonic: now.monotonic + 900, wall: now.wall + 900 };
    run(leases.tick(now));
    expect(requests.map(nameOf)).not.toContain('c:k');
  });

  it.each([
    ['the answer that shows it', false],
    ['an answer that was under way', true],
  ])('take no key by %s when the store was made anew', (_, isUnderWay) => {
    const own = (nth: number) => `s:${'a'.repeat(16)}.${nth}`;
    const written = (revision: number) => ({ type: 'written', revision, epoch: 1, repeated: false }) as const;
    const unavailable: string[] = [];
    const input = (effects: readonly LeaseEffect[]): void => {
      for (const effect of effects) if (effect.type === 'unavailable') unavailable.push(effect.reason);
      run(effects);
    };
    run(leases.campaign('other', { pid, value: null, once: true }, now));
    answer('c:s5:other', { type: 'absent', epoch: 1 });
    answer(own(1), written(1));
    answer('c:s5:other', written(2));
    run(leases.campaign('k', { pid, value: null, once: true }, now));
    const { id } = requests.splice(
      requests.findIndex((request) => nameOf(request) === 'c:k'),
      1,
    )[0];
    if (isUnderWay) {
      run(leases.update('other', 1, 'v', now));
      answer('c:s5:other', { type: 'written', revision: 1, epoch: 2, repeated: false });
    }
    input(leases.answered(id, { type: 'absent', epoch: 2 }, now));
    if (requests.some((request) => nameOf(request) === own(2)))
      answer(own(2), { type: 'written', revision: 3, epoch: 2, repeated: false });
    expect(requests.map(nameOf)).not.toContain('c:k');
    expect(unavailable).toEqual([expect.stringContaining('has lost records. Names are refused')]);
    // Later the key can be had.
    now = { monotonic: now.monotonic + 1061, wall: now.wall + 1061 };
    run(leases.campaign('k', { pid, value: null, once: true }, now));
    answer('c:k', { type: 'absent', epoch: 2 });
    expect(requests.filter(({ type }) => type === 'write')).not.toEqual([]);
  });

  describe('are believed', () => {
    const own = `s:${'a'.repeat(16)}.1`;
    const written = (revision: number, repeated = false) =>
      ({ type: 'written', revision, epoch: 1, repeated }) as const;
    const isHeld = () => leases.holding('k', now) !== undefined;
    const pass = (monotonic: number, wall = monotonic) => {
      now = { monotonic: now.monotonic + monotonic, wall: now.wall + wall };
      run(leases.tick(now));
    };

    function hold(): void {
      run(leases.campaign('k', { pid, value: null, once: false }, now));
      answer('c:k', { type: 'absent', epoch: 1 });
      answer(own, written(1));
      answer('c:k', written(2));
      expect(isHeld()).toBe(true);
    }

    it('for the ttl less the margin, and no longer', () => {
      hold();
      pass(939);
      expect(isHeld()).toBe(true);
      pass(1);
      expect(isHeld()).toBe(false);
    });

    it.each([
      ['the machine has slept, while its monotonic clock stood still', 0, 940],
      ['its wall clock was set back', 940, -3_600_000],
    ])('not when %s for as long', (_, monotonic, wall) => {
      hold();
      now = { monotonic: now.monotonic + monotonic, wall: now.wall + wall };
      expect(isHeld()).toBe(false);
    });

    it('from the first attempt of a renewal on, if only a later one is answered', () => {
      hold();
      pass(334); // the renewal is sent
      answer(own, { type: 'unknown', reason: 'no answer' });
      pass(300); // and sent again
      const sent = requests.find((request) => request.type === 'write' && nameOf(request) === own);
      const { record } = (sent as Extract<StoreRequest, { type: 'write' }>).write;
      answer(own, written(3, true));
      answer(own, { type: 'found', record, revision: 3, epoch: 1 }); // it is this node's own
      pass(639); // 939 after the first attempt
      expect(isHeld()).toBe(true);
      pass(1);
      expect(isHeld()).toBe(false);
    });

    it("for a short time after the node was disconnected, if others take keys of a crashed node (takeover 'crash')", () => {
      const { options } = deps;
      leases = new Leases({ ...deps, options: { ...options, ttlMs: 10_000, takeover: 'crash' } });
      hold();
      run(leases.disconnected(now));
      pass(499);
      expect(isHeld()).toBe(true);
      pass(1);
      expect(isHeld()).toBe(false);
    });
  });

  describe('of very many keys', () => {
    const KEYS = ['1', '2', '3', '4', '5'];
    const own = (nth: number) => `s:${'a'.repeat(16)}.${nth}`;
    const losses = (effects: readonly LeaseEffect[]) =>
      effects.flatMap((effect) => (effect.type === 'lost' ? [effect.key] : []));
    const heldNow = () => KEYS.filter((key) => leases.holding(key, now) !== undefined);

    /** Takes a key; opens a session if there is none. */
    function take(key: string, revision: number, nthSession: number): void {
      run(leases.campaign(key, { pid, value: null, once: false }, now));
      answer(claimName(key), { type: 'absent', epoch: 1 });
      if (requests.some((request) => nameOf(request) === own(nthSession)))
        answer(own(nthSession), { type: 'written', revision: revision * 10, epoch: 1, repeated: false });
      answer(claimName(key), { type: 'written', revision: revision * 10 + 1, epoch: 1, repeated: false });
    }

    /** One step after the other, until nothing is due now. @returns What was lost in each */
    function steps(): Key[][] {
      const told: Key[][] = [];
      for (let at = leases.nextDeadline(); at !== undefined && at <= now.monotonic + 0.01;) {
        now = { ...now, monotonic: Math.max(at, now.monotonic) };
        const effects = leases.tick(now);
        run(effects);
        told.push(losses(effects));
        at = leases.nextDeadline();
      }
      return told;
    }

    beforeEach(() => {
      leases = new Leases({ ...deps, mostEndsInStep: 2 });
      KEYS.forEach((key, nth) => take(key, nth + 1, 1));
      requests = [];
    });

    it('end all at once, tell some in each step, and then say it in the store', () => {
      expect(heldNow()).toEqual(KEYS);
      const effects = leases.stop(now);
      run(effects);
      expect(heldNow()).toEqual([]);
      expect(losses(effects)).toEqual(['1', '2']);
      expect(requests).toEqual([]);
      expect(leases.isSettled).toBe(false);
      expect(steps()).toEqual([['3', '4'], ['5']]);
      expect(requests.map(nameOf)).toEqual([own(1)]);
      answer(own(1), { type: 'written', revision: 99, epoch: 1, repeated: false });
      expect(leases.isSettled).toBe(true);
    });

    it('say their end in the store only when all holders know it, also if the session is being renewed', () => {
      now = { monotonic: now.monotonic + 334, wall: now.wall + 334 };
      run(leases.tick(now));
      expect(requests.map(nameOf)).toEqual([own(1)]);
      run(leases.stop(now));
      answer(own(1), { type: 'written', revision: 98, epoch: 1, repeated: false });
      expect(requests).toEqual([]);
      expect(steps()).toEqual([['3', '4'], ['5']]);
      expect(requests.map(nameOf)).toEqual([own(1)]);
    });

    it('tell all that are left in the last step that there will be', () => {
      run(leases.stop(now));
      expect(losses(leases.stop(now, true))).toEqual(['3', '4', '5']);
    });

    it('are not held again by the next session, even if their holders have not heard of the end of the last', () => {
      expect(losses(leases.expire(now))).toEqual(['1', '2']);
      take('1', 100, 2);
      expect(heldNow()).toEqual(['1']);
      expect(steps()).toEqual([['3', '4'], ['5']]);
      expect(heldNow()).toEqual(['1']);
    });
  });

  const nameOf = (request: StoreRequest): string => {
    const name = request.type === 'read' ? request.name : request.write.name;
    return name === claimName('k') ? 'c:k' : name;
  };
});
