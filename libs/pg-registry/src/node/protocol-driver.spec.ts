import type { Effect } from '../cluster';
import type { Connection, Subscription } from '../transport';
import type { Clock } from './clock';
import { type DrivenProtocol, ProtocolDriver } from './protocol-driver';

const broken = (): never => {
  throw new Error('broken');
};

/** A clock whose timers are fired by hand. */
class ManualClock implements Clock {
  time = 0;
  timers: (() => void)[] = [];

  now = (): number => this.time;
  wall = (): number => this.time;
  setTimer = (_ms: number, fn: () => void): (() => void) => {
    this.timers.push(fn);
    return () => (this.timers = this.timers.filter((each) => each !== fn));
  };
  stayAlive = (): void => undefined;
  afterTurn = (fn: () => void): (() => void) => this.setTimer(0, fn);

  fire(): void {
    this.time += 10_000;
    for (const fn of this.timers.splice(0)) fn();
  }
}

/** A connection whose publish throws for the subject 'broken'. */
function connection(sent: string[]): Connection {
  const subscription: Subscription = { unsubscribe: () => undefined };
  return {
    publish: (subject) => (subject === 'broken' ? broken() : void sent.push(subject)),
    subscribe: () => subscription,
    request: () => ({ cancel: () => undefined }),
    flush: () => Promise.resolve(),
    close: () => Promise.resolve(),
  } as Partial<Connection> as Connection;
}

const send = (subject: string): Effect => ({ type: 'send', subject, bytes: new Uint8Array() });

describe('the protocol driver', () => {
  let errors: unknown[];
  let ticks: number;
  let clock: ManualClock;
  let sent: string[];
  beforeEach(() => {
    [errors, ticks, clock, sent] = [[], 0, new ManualClock(), []];
  });

  function driver(protocol: Partial<DrivenProtocol>, onEffect: () => void = () => undefined): ProtocolDriver {
    const whole = { receive: () => [], flushed: () => [], probeResult: () => [], isProbing: () => false, nextTick: { at: Infinity }, tick: () => [], ...protocol }; // prettier-ignore
    const made = new ProtocolDriver({
      protocol: whole,
      clock,
      waits: { open: new Set(), check: () => undefined },
      onDropped: () => undefined,
      onEffect,
      onError: (error) => errors.push(error),
    });
    made.attach(connection(sent), { receive: () => undefined, flush: () => undefined, waiting: new Set() });
    return made;
  }

  it('runs all other effects when one throws, and reports it', () => {
    const made = driver({});
    made.run([send('first'), send('broken'), send('second')]);
    made.run([send('third')]);
    expect(sent).toEqual(['first', 'second', 'third']);
    expect(errors).toEqual([new Error('broken')]);
  });

  it('reports an effect of the node that throws', () => {
    driver({}, broken).run([{ type: 'drained', missing: [] }, send('next')]);
    expect([sent, errors]).toEqual([['next'], [new Error('broken')]]);
  });

  it('goes on with a later tick when a tick throws', () => {
    const due = driver({
      nextTick: { at: 0 },
      tick: () => {
        ticks += 1;
        return ticks === 1 ? broken() : [send('alive')];
      },
    });
    due.run([]);
    clock.fire();
    expect([ticks, errors]).toEqual([1, [new Error('broken')]]);
    clock.fire();
    expect(sent).toContain('alive');
  });

  it('ticks once in a round of the event loop in which a timer fires and the turn ends: each tick has room for as many rows', () => {
    const nextTick = { at: 5000 };
    const made = driver({ nextTick, tick: () => ((ticks += 1), []) });
    made.run([]);
    nextTick.at = 0;
    made.run([]);
    expect(clock.timers).toHaveLength(2);
    clock.fire();
    expect(ticks).toBe(1);
    clock.fire();
    expect(ticks).toBe(2);
  });

  it('has one timer after a tick that threw at the end of a turn, so that nothing ticks after it was stopped', () => {
    const nextTick = { at: 5000 };
    const made = driver({ nextTick, tick: broken });
    made.run([]);
    nextTick.at = 0;
    made.run([]);
    clock.timers.pop()?.();
    expect([clock.timers.length, errors]).toEqual([1, [new Error('broken')]]);
    made.stop();
    expect(clock.timers).toEqual([]);
  });

  it('handles fifty requests to end processes in a turn of the event loop, however small they are', () => {
    const received: string[] = [];
    const made = driver({ receive: (subject) => (received.push(subject), []) });
    const frame = Uint8Array.from([0x50, 0x47, 0]);
    for (let nth = 0; nth < 120; nth += 1) made.receiveExit('pgr.pg.to.me.exit.a', frame, '');
    made.receive('pgr.pg.to.me.bundle.a', frame, '');
    const turns = [received.length];
    for (let turn = 0; turn < 4; turn += 1) {
      clock.fire();
      turns.push(received.length);
    }
    // The first turn of a backlog is in the same round of the event loop as what came at once.
    expect(turns).toEqual([50, 50, 100, 121, 121]);
    expect(received.at(-1)).toBe('pgr.pg.to.me.bundle.a');
  });

  it('lets a message that does not begin as a frame neither wait nor hold up frames', () => {
    const received: string[] = [];
    const made = driver({ receive: (subject) => (received.push(subject), []) });
    const frame = (size: number) => Uint8Array.from({ length: size }, (_, at) => [0x50, 0x47][at] ?? 0);
    // A server answers a request of anybody to any subject that the request names, with 12 KB for instance.
    for (let nth = 0; nth < 50; nth += 1) made.receive('from.a', new Uint8Array(12_000).fill(0x7b), '');
    expect(received).toHaveLength(50);
    expect(made.backlog).toEqual({ bytes: 0, dropped: 0 });
    made.receive('from.a', frame(1000), '');
    expect(received).toHaveLength(51);
    for (let nth = 0; nth < 9; nth += 1) made.receive('from.a', frame(12_000), '');
    made.receive('from.a', frame(1), '');
    expect(made.backlog.bytes).toBeGreaterThan(12_000);
  });

  it('refuses a few messages of a turn that are no frames, and drops the others', () => {
    const received: string[] = [];
    const made = driver({ receive: (subject) => (received.push(subject), []) });
    for (let number = 0; number < 1000; number += 1) made.receive(`s${number}`, new Uint8Array(20), '');
    expect(received).toHaveLength(128);
    expect(made.backlog).toEqual({ bytes: 0, dropped: 872 });
    clock.fire();
    made.receive('next', new Uint8Array(20), '');
    expect(received.at(-1)).toBe('next');
  });
});
