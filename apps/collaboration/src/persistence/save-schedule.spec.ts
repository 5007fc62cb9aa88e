import { SAVE_OPTIONS, SaveSchedule } from './save-schedule';

describe('SaveSchedule', () => {
  test('changes are saved two seconds after the last one', () => {
    const schedule = new SaveSchedule();
    expect(schedule.dueAt()).toBeUndefined();
    schedule.added(0);
    schedule.added(1500);
    expect(schedule.dueAt()).toBe(3500);
    schedule.began();
    expect(schedule.dueAt()).toBeUndefined();
  });

  test('a stream of changes is saved after thirty seconds at most', () => {
    const schedule = new SaveSchedule();
    for (let now = 0; now <= 29_500; now += 500) schedule.added(now);
    expect(schedule.dueAt()).toBe(30_000);
  });

  test('a hundred changes are saved at once', () => {
    const schedule = new SaveSchedule();
    for (let now = 1; now < SAVE_OPTIONS.updates; now += 1) schedule.added(now);
    expect(schedule.dueAt()).toBeGreaterThan(1000);
    schedule.added(100);
    expect(schedule.dueAt()).toBe(1);
  });

  test('a save that fails is tried again later each time, up to ten seconds, and at once after a success', () => {
    const schedule = new SaveSchedule({ ...SAVE_OPTIONS, updates: 1 });
    schedule.added(0);
    const pauses: number[] = [];
    let now = 0;
    for (let attempt = 0; attempt < 8; attempt += 1) {
      schedule.began();
      schedule.failed(1, now);
      pauses.push(schedule.dueAt()! - now);
      now = schedule.dueAt()!;
    }
    expect(pauses).toEqual([250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
    schedule.began();
    schedule.succeeded();
    schedule.added(now);
    expect(schedule.dueAt()).toBe(now);
  });

  test('changes that wait again after a failure count with those that came meanwhile', () => {
    const schedule = new SaveSchedule({ ...SAVE_OPTIONS, updates: 3 });
    schedule.added(0);
    schedule.added(0);
    schedule.began();
    schedule.added(10);
    schedule.failed(2, 20);
    expect(schedule.dueAt()).toBe(270);
  });
});
