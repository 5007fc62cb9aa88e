import { inspect } from 'node:util';
import { collectUntil } from '../../../../test/support/garbage';
import { InvalidArgumentError, isPid, Pid, PidInterner, samePid } from '.';

const LIFE = '0123456789abcdef';

describe('A Pid', () => {
  test('a Pid prints like <orders-1.42> everywhere', () => {
    const pid = new Pid('orders-1', LIFE, 42);
    expect(String(pid)).toBe('<orders-1.42>');
    expect(JSON.stringify({ pid })).toBe('{"pid":"<orders-1.42>"}');
    expect(inspect({ pid })).toBe('{ pid: <orders-1.42> }');
  });

  test('a Pid cannot be changed', () => {
    const pid: { id: number } = new Pid('orders-1', LIFE, 42);
    expect(() => (pid.id = 1)).toThrow(TypeError);
  });

  test('an object that only looks like a Pid is not one', () => {
    const pid = new Pid('orders-1', LIFE, 42);
    expect(isPid(pid)).toBe(true);
    expect(isPid({ node: pid.node, incarnation: pid.incarnation, id: pid.id })).toBe(false);
    expect(isPid(Object.create(Pid.prototype))).toBe(false);
    expect(isPid(null)).toBe(false);
  });

  test('two Pids are the same if node, incarnation and number are', () => {
    const pid = new Pid('orders-1', LIFE, 42);
    expect(samePid(pid, new Pid('orders-1', LIFE, 42))).toBe(true);
    expect(samePid(pid, new Pid('orders-2', LIFE, 42))).toBe(false);
    expect(samePid(pid, new Pid('orders-1', 'f'.repeat(16), 42))).toBe(false);
    expect(samePid(pid, new Pid('orders-1', LIFE, 43))).toBe(false);
  });

  test.each([
    ['', LIFE, 1],
    ['half \ud800', LIFE, 1],
    ['a', LIFE.toUpperCase(), 1],
    ['a', 'abc', 1],
    ['a', LIFE, -1],
    ['a', LIFE, 1.5],
    ['a', LIFE, 2 ** 53],
  ])('no Pid is made from %j, %j and %j', (node, incarnation, id) => {
    expect(() => new Pid(node, incarnation, id)).toThrow(InvalidArgumentError);
  });
});

describe('A PidInterner', () => {
  test('a PidInterner gives one object for one process', () => {
    const pids = new PidInterner();
    const pid = pids.intern('a', LIFE, 1);
    expect(pids.intern('a', LIFE, 1)).toBe(pid);
    expect(pids.internPid(new Pid('a', LIFE, 1))).toBe(pid);
    expect(pids.intern('b', LIFE, 1)).not.toBe(pid);
    expect(pids.size).toBe(2);
  });

  test('a PidInterner takes a pid that it does not know as it is', () => {
    const pid = new Pid('a', LIFE, 1);
    expect(new PidInterner().internPid(pid)).toBe(pid);
  });

  test('two PidInterners share nothing', () => {
    expect(new PidInterner().intern('a', LIFE, 1)).not.toBe(new PidInterner().intern('a', LIFE, 1));
  });

  test('a PidInterner forgets pids that nothing holds any more', async () => {
    const pids = new PidInterner();
    const held = pids.intern('a', LIFE, 0);
    const others: WeakRef<Pid>[] = [];
    for (let id = 1; id < 1024; id += 1) others.push(new WeakRef(pids.intern('a', LIFE, id)));
    await collectUntil(() => others.every((pid) => pid.deref() === undefined));
    const next = pids.intern('b', LIFE, 1);
    const more = Array.from({ length: 300 }, (_, id) => pids.intern('c', LIFE, id));
    expect(pids.size).toBeLessThan(more.length + 10);
    expect([pids.intern('a', LIFE, 0), pids.intern('b', LIFE, 1)]).toEqual([held, next]);
    expect(pids.intern('a', LIFE, 0)).toBe(held);
  });
});
