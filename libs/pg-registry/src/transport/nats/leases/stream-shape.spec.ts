import { recordSubject } from './record-subject';
import { faultsOfStream, microsecondsOf, replicatesSafely, streamConfig } from './stream-shape';

const PLAN = { bucket: 'b', subjects: 's.*', replicas: undefined };

describe('the stream of a lease store', () => {
  it('is as planned if it was made by the plan', () => {
    expect(faultsOfStream({ ...streamConfig(PLAN), max_msg_size: -1 }, PLAN)).toEqual([]);
    const ofThree = { ...PLAN, replicas: 3 };
    expect(faultsOfStream({ ...streamConfig(ofThree), max_msg_size: -1 }, ofThree)).toEqual([]);
    expect(faultsOfStream({ ...streamConfig(ofThree), max_msg_size: -1 }, PLAN)).toEqual([]);
  });

  it.each([
    ['mirror', { name: 'other' }],
    ['sources', [{ name: 'other' }]],
    ['sealed', true],
    ['discard_new_per_subject', true],
    ['subject_transform', { src: 'a', dest: 'b' }],
    ['republish', { src: 's.*', dest: 'pgr.pg.to.a.bundle.{{wildcard(1)}}' }],
    ['persist_mode', 'async'],
  ])('has a fault where %s is set, also if only later servers know it', (field, value) => {
    const config = { ...streamConfig(PLAN), max_msg_size: -1, [field]: value };
    expect(faultsOfStream(config, PLAN)).toEqual([expect.stringMatching(`^${field} is `)]);
  });

  it.each([
    ['2.9.10', false],
    ['2.10.18', false],
    ['2.10.19', true],
    ['2.10.20', true],
    ['2.11.0-RC.1', true],
    ['3.0.0', true],
    ['2.9.99', false],
    ['a new one', false],
    [undefined, false],
  ])('may have replicas on a server of version %s: %s', (version, may) => {
    expect(replicatesSafely(version)).toBe(may);
  });

  it.each([
    ['2026-11-29T06:16:50.475056013Z', 1_795_933_010_475_056],
    ['2026-11-29T06:16:50.4Z', 1_795_933_010_400_000],
    ['2026-11-29T06:16:50Z', 1_795_933_010_000_000],
    ['2026-11-29 06:16:50', undefined],
    ['2026-13-29T06:16:50Z', undefined],
    [5, undefined],
  ])('was made at %s, in microseconds', (created, microseconds) => {
    expect(microsecondsOf(created)).toBe(microseconds);
  });
});

describe('the subject of a record', () => {
  it('is its name in base64url, and a hash where that is long, empty or not unique', () => {
    expect(recordSubject('r', 'a.*>')).toBe('r.YS4qPg');
    const hashed = ['', 'x'.repeat(151), 'x'.repeat(4000), '\ud800', '\udc00'].map((name) =>
      recordSubject('r', name),
    );
    for (const subject of hashed) expect(subject).toMatch(/^r\.~[\w-]{43}$/);
    expect(new Set(hashed).size).toBe(hashed.length);
    expect(recordSubject('r', 'x'.repeat(150))).toHaveLength(202);
  });
});
