import type { ChangeFact } from '../src/observer';
import { EventLog } from './event-log';

const events = (from: number, count: number): ChangeFact[] =>
  Array.from({ length: count }, (_, at) => ({
    number: from + at,
    at: 0,
    type: 'join',
    scope: 'pg',
    key: 'k',
    keyText: 'k',
    pid: '',
    node: 'n',
    entries: 1,
    revision: 1,
    cause: 'call',
  }));

describe('the log of events', () => {
  it('shows the latest 200 first, and counts the others', () => {
    const log = new EventLog();
    log.add({ events: events(1, 150), skipped: 850 }, 0);
    log.add({ events: events(1001, 150), skipped: 0 }, 200);
    expect(log.shown.length).toBe(200);
    expect([log.shown[0]?.number, log.shown[199]?.number]).toEqual([1150, 101]);
    expect([log.total, log.skipped]).toEqual([1150, 850]);
  });

  it('says how many there are in a second, and that it shows a sample only as long as it does', () => {
    const log = new EventLog();
    log.add({ events: events(1, 60), skipped: 2940 }, 0);
    expect(log.rate(1000)).toEqual({ perSecond: 1000, isSample: true });
    log.add({ events: events(3001, 30), skipped: 0 }, 2500);
    expect(log.rate(3000)).toEqual({ perSecond: 10, isSample: false });
  });
});
