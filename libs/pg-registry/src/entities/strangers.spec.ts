import { EntityUnavailableError, type Key, KeyMap, type Pid, PidInterner } from '../term';
import { Arrivals, type Delivery } from './arrivals';
import { Outcomes } from './memory/outcomes';

const pids = new PidInterner();

/** A process of some life of a node that never becomes a peer. */
function strangerOf(life: number): Pid {
  return pids.intern('mallory', life.toString(16).padStart(16, '0'), 1);
}

function deliveryOf(life: number, key: Key): Delivery {
  const more = { stateVersion: 1, hasState: false, state: null };
  return { type: 'thing', key, moveId: `m${key as number}`, from: strangerOf(life), ...more };
}

/** What a host has of the deliveries of others, in front of one that knows no peer, and takes any number of entities. */
function arrivalsOf(): Arrivals {
  const thing = { type: { name: 'thing' }, isFull: false, lives: new KeyMap(), parked: new KeyMap() };
  return new Arrivals(
    {
      availability: () => 'unknown',
      timers: { setTimer: () => () => undefined },
      calls: { mailboxes: { detached: () => ({ divert: () => undefined }) } },
    } as never,
    { otherThan: () => undefined } as never,
    { types: new Map([['thing', thing]]), isOpen: true, refusals: { ofType: () => undefined } } as never,
  );
}

describe('Nodes that are no peers, of which nobody hears that they are gone', () => {
  it('have outcomes remembered for all of them together, the latest ones', async () => {
    const arrivals = arrivalsOf();
    const receive = (life: number): Promise<unknown> => {
      const arrived = arrivals.receive({ ...deliveryOf(life, 1), type: 'nothing' });
      void arrived.catch(() => undefined);
      return arrived;
    };
    const first = receive(1);
    expect(receive(1)).toBe(first);
    for (let life = 2; life <= 10_001; life += 1) void receive(life);
    expect(receive(1)).not.toBe(first);
    const latest = receive(10_001);
    expect(receive(10_001)).toBe(latest);
    await expect(first).rejects.toBeInstanceOf(EntityUnavailableError);
  });

  it('announce no more entities all together than one peer may', () => {
    const arrivals = arrivalsOf();
    for (let life = 1; life <= 1000; life += 1) arrivals.prepare(deliveryOf(life, life));
    expect(() => arrivals.prepare(deliveryOf(1001, 1001))).toThrow(EntityUnavailableError);
  });

  it('have outcomes that stay theirs when they become peers', () => {
    const outcomes = new Outcomes<number>(3);
    outcomes.remember('a', false, 'move', () => 1);
    expect(outcomes.remember('a', true, 'move', () => 2)).toBe(1);
    for (let life = 0; life < 10; life += 1) outcomes.remember(`${life}`, false, 'move', () => 3);
    expect(outcomes.remember('a', true, 'move', () => 2)).toBe(1);
    expect(outcomes.size).toBe(4);
  });
});
