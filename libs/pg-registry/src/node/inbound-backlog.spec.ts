import { type BacklogStats, FEW_BYTES, InboundBacklog, MESSAGE_BYTES } from './inbound-backlog';

const KB = 1024;
/** What a message comes with in one memory. */
const READ_BYTES = 1 * KB;

/** A backlog whose turns are ended by hand; it notes what is handled in each, as `<sender><number>`. */
class Turns {
  readonly handled: string[] = [];
  readonly dropped: string[] = [];
  /** How large the memory is that each message was a part of, in bytes. */
  readonly held: number[] = [];
  #ends: (() => void)[] = [];
  readonly #backlog = new InboundBacklog({
    clock: {
      afterTurn: (end) => {
        this.#ends.push(end);
        return () => (this.#ends = this.#ends.filter((each) => each !== end));
      },
    },
    deliver: (subject, bytes, reply) => {
      this.handled.push(`${subject.split('.')[5] ?? 'probe'}${reply}`);
      this.held.push(bytes.buffer.byteLength);
    },
    onDropped: (sender) => this.dropped.push(sender),
  });

  get stats(): BacklogStats {
    return this.#backlog.stats;
  }

  /** A message comes, as the driver takes it. */
  receive(from: string, number: number, size: number): void {
    // As clients give them: a part of what they have read, and a Buffer, whose own `slice` copies nothing.
    const bytes = Buffer.from(new ArrayBuffer(size + READ_BYTES)).subarray(READ_BYTES);
    const subject = from === '' ? 'pgr.pg.alive.me' : `pgr.pg.to.me.bundle.${from}`;
    const cost = size + MESSAGE_BYTES;
    this.#backlog.spent += cost;
    if (this.#backlog.spent > FEW_BYTES) this.#backlog.receive(subject, bytes, String(number), cost);
    else this.handled.push(`${from === '' ? 'probe' : from}${number}`);
  }

  /** The turn ends. @returns What was handled since the last one ended */
  end(): string[] {
    for (const end of this.#ends.splice(0)) end();
    return this.handled.splice(0);
  }

  clear(): void {
    this.#backlog.clear();
  }
}

describe('messages that come with one turn of the event loop', () => {
  it('are handled at once while they are small, whatever the turns', () => {
    const turns = new Turns();
    for (let number = 0; number < 40; number += 1) turns.receive('a', number, 100);
    expect(turns.handled).toHaveLength(40);
  });

  it('wait for the next turns beyond 32 KB, each after those of the same sender before it', () => {
    const turns = new Turns();
    for (let number = 0; number < 9; number += 1) turns.receive('a', number, 12 * KB);
    expect(turns.end()).toEqual(['a0', 'a1']);
    turns.receive('a', 9, 1);
    expect([turns.end(), turns.end(), turns.end(), turns.end(), turns.end()]).toEqual([
      ['a2', 'a3'],
      ['a4', 'a5'],
      ['a6', 'a7'],
      ['a8', 'a9'],
      [],
    ]);
    expect(turns.stats).toEqual({ bytes: 0, dropped: 0 });
  });

  it('are handled one a turn if each is larger than a turn has room for', () => {
    const turns = new Turns();
    for (let number = 0; number < 3; number += 1) turns.receive('a', number, 500 * KB);
    // The turn of the first one ends before anything else is handled: both are in one round of the event loop.
    expect([turns.end(), turns.end(), turns.end(), turns.end()]).toEqual([['a0'], ['a1'], ['a2'], []]);
  });

  it('are taken from one sender after the other, so that a flood delays others by one message', () => {
    const turns = new Turns();
    for (let number = 0; number < 20; number += 1) turns.receive('m', number, 30 * KB);
    turns.receive('a', 0, 100);
    turns.receive('', 0, 100);
    turns.receive('a', 1, 100);
    expect(turns.end()).toEqual(['m0']);
    expect(turns.end()).toEqual(['m1', 'a0', 'probe0']);
    expect(turns.end()).toEqual(['m2', 'a1']);
  });

  it('keep no more of what a client has read than their own bytes', () => {
    const turns = new Turns();
    for (let number = 0; number < 60; number += 1) turns.receive('a', number, 1 * KB);
    turns.held.length = 0;
    for (let ends = 0; ends < 2; ends += 1) turns.end();
    expect(turns.held).toEqual(turns.held.map(() => 1 * KB));
    expect(turns.held.length).toBeGreaterThan(20);
  });

  it('are dropped beyond 32 MB, the newest of the sender that has the most, and counted', () => {
    const turns = new Turns();
    turns.receive('a', 0, 20 * KB);
    for (let number = 1; number < 20; number += 1) turns.receive('a', number, 20 * KB);
    for (let number = 0; number < 80; number += 1) turns.receive('m', number, 500 * KB);
    expect(turns.stats.bytes).toBeLessThanOrEqual(2 ** 25);
    expect(new Set(turns.dropped)).toEqual(new Set(['m']));
    expect(turns.stats.dropped).toBe(turns.dropped.length);
    const handled: string[] = [];
    for (let turn = 0; turn < 200; turn += 1) handled.push(...turns.end());
    expect(handled.filter((name) => name.startsWith('a'))).toEqual(
      Array.from({ length: 20 }, (_, number) => `a${number}`),
    );
    expect(handled.filter((name) => name.startsWith('m'))).toEqual(
      Array.from({ length: 80 - turns.dropped.length }, (_, number) => `m${number}`),
    );
  });

  it('are dropped without a copy while those of their sender take all the room', () => {
    const turns = new Turns();
    for (let number = 0; number < 80; number += 1) turns.receive('m', number, 500 * KB);
    const copies = jest.spyOn(Uint8Array.prototype, 'slice');
    for (let number = 0; number < 1000; number += 1) turns.receive('m', number, 500 * KB);
    expect(copies).not.toHaveBeenCalled();
    copies.mockRestore();
    turns.receive('a', 0, 100);
    expect([turns.end(), turns.end(), turns.end()]).toEqual([['m0'], ['m1'], ['a0']]);
  });

  it('are dropped without a look at all senders for each, however many names there are', () => {
    const turns = new Turns();
    const receive = (number: number): void => turns.receive(`n${number % 1500}`, number, KB);
    for (let number = 0; number < 30_000; number += 1) receive(number);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- spyOn() has no type for symbols
    const looks = jest.spyOn(Map.prototype, Symbol.iterator as never);
    for (let number = 0; number < 3000; number += 1) receive(number);
    const { length } = looks.mock.calls;
    looks.mockRestore();
    expect(turns.dropped.length).toBeGreaterThan(3000);
    expect(length).toBeLessThan(300);
    expect(turns.stats.bytes).toBeLessThanOrEqual(2 ** 25);
  });

  it('wait in bounded memory even if each names another sender', () => {
    const turns = new Turns();
    for (let number = 0; number < 5000; number += 1) turns.receive(`n${number}`, number, 10 * KB);
    expect(turns.stats.bytes).toBeLessThanOrEqual(2 ** 25);
    turns.clear();
    expect([turns.end(), turns.stats.bytes]).toEqual([expect.any(Array), 0]);
    expect(turns.end()).toEqual([]);
  });
});
