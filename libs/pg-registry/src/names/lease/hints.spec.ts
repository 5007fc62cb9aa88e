import { DEFAULT_VALUE_LIMITS, type Pid, PidInterner } from '../../term';
import { encodeRecord, type LeaseRecord } from './lease-records';
import type { LeaseEffect } from './lease-effect';
import { claimName, Leases } from './leases';

const HOLDER = 'a'.repeat(16);
const SESSION = `${HOLDER}.1`;
const KEY = 'leader';

/** A node that waits for a key which another node holds, with the store as this test says it is. */
class WaitingNode {
  readonly pids = new PidInterner();
  readonly holder: Pid = this.pids.intern('holder', HOLDER, 1);
  readonly leases = new Leases({
    incarnation: 'b'.repeat(16),
    pids: this.pids,
    limits: DEFAULT_VALUE_LIMITS,
    options: { ttlMs: 30_000, takeover: 'lease', maxClockDrift: 0.01, disconnectedMs: 1000 },
    random: () => 0.5,
  });
  now = 0;
  revision = 2;
  isFree = false;
  readonly reads: string[] = [];
  readonly writes: string[] = [];
  /** What each write names as the last record. */
  readonly afters: (number | string)[] = [];
  /** Whether the store refuses writes that name a write. */
  refusesIds = false;
  readonly seen: LeaseEffect[] = [];

  constructor() {
    const candidate = { pid: this.pids.intern('b', 'b'.repeat(16), 1), value: null, once: false };
    this.run(this.leases.campaign(KEY, candidate, this.instant));
  }

  get instant() {
    return { monotonic: this.now, wall: this.now };
  }

  /** Passes time in steps of a tenth of a millisecond. @param each Called before each step */
  pass(ms: number, each: () => void = () => undefined): void {
    for (const end = this.now + ms; this.now < end; this.now += 0.1) {
      each();
      if ((this.leases.nextDeadline() ?? Infinity) <= this.now) this.run(this.leases.tick(this.instant));
    }
  }

  hint(name: string, heard?: LeaseRecord | Uint8Array): void {
    const record = heard === undefined || heard instanceof Uint8Array ? heard : encodeRecord(heard);
    this.run(this.leases.hint(name, this.instant, record));
  }

  run(effects: readonly LeaseEffect[]): void {
    for (const effect of effects) {
      this.seen.push(effect);
      if (effect.type !== 'request') continue;
      const { request } = effect;
      if (request.type === 'read') {
        this.reads.push(request.name);
        const record = encodeRecord(this.recordOf(request.name));
        const { revision } = this;
        this.run(
          this.leases.answered(request.id, { type: 'found', record, revision, epoch: 1000 }, this.instant),
        );
      } else {
        this.writes.push(request.write.name);
        this.afters.push(request.write.after);
        if (typeof request.write.after === 'string' && this.refusesIds) {
          this.run(this.leases.answered(request.id, { type: 'refused' }, this.instant));
          continue;
        }
        // Of another record than the one that it reads, or the end of the waiting.
        const written = {
          type: 'written',
          revision: 1000 + this.writes.length,
          epoch: 1000,
          repeated: false,
        } as const;
        this.run(this.leases.answered(request.id, written, this.instant));
      }
    }
  }

  recordOf(name: string): LeaseRecord {
    if (name.startsWith('s:'))
      return { type: 'session', open: true, ttlMs: 30_000, takeover: 'lease', nonce: 'n' };
    const holder = this.isFree ? undefined : { session: SESSION, pid: this.holder, value: null, token: 0 };
    return { type: 'claim', key: KEY, nonce: 'n', holder };
  }
}

describe('A node that waits for a key', () => {
  it.each([
    ['of the key', claimName(KEY)],
    ["of the holder's session", `s:${SESSION}`],
  ])(
    'reads no more than a few times in a second however often somebody hints at the record %s',
    (_, name) => {
      const node = new WaitingNode();
      node.pass(10);
      const before = node.reads.length;
      node.pass(2000, () => node.hint(name));
      expect(node.reads.length - before).toBeLessThan(40);
      expect(node.reads.length - before).toBeGreaterThan(5);
    },
  );

  it.each([
    ['of the key', claimName(KEY)],
    ["of the holder's session", `s:${SESSION}`],
  ])(
    'reads no more than some fifty times in a second however often somebody writes the record %s',
    (_, name) => {
      const node = new WaitingNode();
      node.pass(10);
      const before = node.reads.length;
      node.pass(2000, () => {
        node.revision += 1;
        node.hint(name);
      });
      expect(node.reads.length - before).toBeLessThan(150);
      expect(node.reads.length - before).toBeGreaterThan(50);
    },
  );

  it('follows hints at once again after a second without any', () => {
    const node = new WaitingNode();
    const write = (): void => {
      node.revision += 1;
      node.hint(claimName(KEY));
    };
    node.pass(500, write);
    node.pass(1100);
    const before = node.reads.length;
    for (let at = 0; at < 10; at += 1) write();
    expect(node.reads.length - before).toBe(10);
  });

  it('sees within half a second that the key is free while somebody hints in vain', () => {
    const node = new WaitingNode();
    node.pass(3000, () => node.hint(claimName(KEY)));
    node.isFree = true;
    node.revision += 1;
    node.pass(510, () => node.hint(claimName(KEY)));
    expect(node.seen.some(({ type }) => type === 'elected')).toBe(true);
  });

  it('follows a hint at once that comes after a pause, and those that show something new', () => {
    const node = new WaitingNode();
    node.pass(1000, () => node.hint(claimName(KEY)));
    node.pass(2000);
    const before = node.reads.length;
    for (let at = 0; at < 20; at += 1) {
      node.revision += 1;
      node.hint(claimName(KEY));
      node.pass(5);
    }
    expect(node.reads.length - before).toBeGreaterThanOrEqual(20);
  });

  it('opens its session while it waits, so that one write takes the key when it is free', () => {
    const node = new WaitingNode();
    node.pass(10);
    expect(node.writes).toEqual([`s:${'b'.repeat(16)}.1`]);
    node.isFree = true;
    node.revision += 1;
    node.hint(claimName(KEY));
    expect(node.writes.slice(1)).toEqual([claimName(KEY)]);
    expect(node.seen.some(({ type }) => type === 'elected')).toBe(true);
  });

  it('has a session again a third of its time after it has lost the one before', () => {
    const node = new WaitingNode();
    node.pass(10);
    node.run(node.leases.expire(node.instant));
    node.pass(10_100);
    expect(node.writes).toContain(`s:${'b'.repeat(16)}.2`);
  });

  it.each([
    ['in 3 ms', 1, 3],
    ['in 25 ms', 10, 25],
  ])('sees %s that a key is free whose hint was faster than the write', (_, writtenAfterMs, seenAfterMs) => {
    const node = new WaitingNode();
    node.pass(1000);
    node.hint(claimName(KEY));
    node.pass(writtenAfterMs);
    node.isFree = true;
    node.revision += 1;
    node.pass(seenAfterMs - writtenAfterMs);
    expect(node.seen.some(({ type }) => type === 'elected')).toBe(true);
  });

  it('reads no more than three times for one hint', () => {
    const node = new WaitingNode();
    node.pass(1000);
    const before = node.reads.length;
    node.hint(claimName(KEY));
    node.pass(1000);
    expect(node.reads.length - before).toBe(3);
  });
});

describe('A node that hears the release of a key that it waits for', () => {
  const release: LeaseRecord = { type: 'claim', key: KEY, nonce: 'release', holder: undefined };
  let node: WaitingNode;
  beforeEach(() => {
    node = new WaitingNode();
    node.pass(1000);
    node.reads.length = node.afters.length = 0;
  });

  it('claims behind it without reading', () => {
    node.hint(claimName(KEY), release);
    expect([node.reads, node.afters]).toEqual([[], ['release']]);
    expect(node.seen.some(({ type }) => type === 'elected')).toBe(true);
  });

  it('reads when the store refuses that claim, and claims on the revision that it finds', () => {
    node.refusesIds = true;
    node.isFree = true;
    node.revision += 1;
    node.hint(claimName(KEY), release);
    expect([node.reads, node.afters]).toEqual([[claimName(KEY)], ['release', node.revision]]);
    expect(node.seen.some(({ type }) => type === 'elected')).toBe(true);
  });

  it('goes on waiting for the session of the holder when nobody has released', () => {
    node.refusesIds = true;
    node.hint(claimName(KEY), release);
    expect(node.seen.some(({ type }) => type === 'elected')).toBe(false);
    node.pass(31_000);
    expect(node.writes).toContain(`s:${SESSION}`);
    expect(node.seen.some(({ type }) => type === 'elected')).toBe(true);
  });

  it('sends no more than a few claims in a second however often somebody sends releases that are refused', () => {
    node.refusesIds = true;
    node.pass(2000, () => node.hint(claimName(KEY), release));
    expect(node.writes.length).toBeLessThan(20);
    expect(node.reads.length).toBeLessThan(60);
  });

  it.each<[string, LeaseRecord | Uint8Array | undefined]>([
    ['that the store does not show', undefined],
    ['that nobody can read', new Uint8Array([1, 2, 3])],
    ['that is longer than one of a release', new Uint8Array(9000)],
    ['of another key', { ...release, key: 'other' }],
    ['of a session', { type: 'session', open: false, ttlMs: 1000, takeover: 'lease', nonce: 'n' }],
    ['that keeps the key for another node', { ...release, reservedFor: { incarnation: 'c', forMs: 1000 } }],
  ])('reads before it claims after a record %s', (_, heard) => {
    node.hint(claimName(KEY), heard);
    expect([node.reads, node.afters]).toEqual([[claimName(KEY)], []]);
  });

  it('claims behind one that keeps the key for this very node', () => {
    node.hint(claimName(KEY), { ...release, reservedFor: { incarnation: 'b'.repeat(16), forMs: 1000 } });
    expect(node.afters).toEqual(['release']);
  });
});
