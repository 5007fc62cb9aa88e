import { RECORD_AGE_MS, REPEAT_MS } from '../../names/lease-store';
import { LocalLeases } from './local-leases';

describe('LocalLeases', () => {
  let now = 0;
  let leases: LocalLeases;
  beforeEach(() => {
    now = 5000;
    leases = new LocalLeases({ monotonic: () => now, wall: () => 1_700_000_000_000.5 });
  });
  const write = (name: string, id: string, after = 0) =>
    leases.write({ name, id, after, record: new Uint8Array([1]), certainEpoch: true });

  test('the epoch is the time of the making in whole microseconds', () => {
    expect(leases.epoch).toBe(1_700_000_000_000_000);
  });

  test('a record is gone when it is older than its age, and a write of it keeps it', () => {
    write('old', '1');
    write('kept', '2');
    now += RECORD_AGE_MS;
    expect(leases.read('old')?.revision).toBe(1);
    expect(write('kept', '3', 2)?.revision).toBe(3);
    now += 1;
    expect(leases.read('old')).toBeUndefined();
    expect(leases.read('kept')?.revision).toBe(3);
    expect(write('old', '4', 1)).toBeUndefined();
    expect(write('old', '5')?.revision).toBe(4);
  });

  test('a repetition is recognised for as long as promised', () => {
    write('k', '1');
    now += REPEAT_MS;
    expect(write('k', '1')).toEqual({ revision: 1, repeated: true });
    now += 1;
    expect(write('k', '1')).toBeUndefined();
  });
});
