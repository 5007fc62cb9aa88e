import { TurnQueue } from './turn-queue';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('TurnQueue', () => {
  test('steps run in order: those added by steps last, those added by addFirst before all others', async () => {
    const queue = new TurnQueue();
    const ran: number[] = [];
    queue.add(() => {
      ran.push(1);
      queue.add(() => ran.push(4));
    });
    queue.add(() => ran.push(2));
    queue.add(() => ran.push(3));
    queue.addFirst([() => ran.push(-1), () => ran.push(0)]);
    expect(ran).toEqual([]);
    await turn();
    expect(ran).toEqual([-1, 0, 1, 2, 3, 4]);
  });

  test('many steps leave turns of the event loop to others, and keep their order', async () => {
    const queue = new TurnQueue();
    const ran: number[] = [];
    for (let i = 0; i < 20_000; i += 1) queue.add(() => ran.push(i));
    await turn();
    expect(ran.length).toBeLessThan(20_000);
    queue.addFirst([() => ran.push(-1)]);
    const before = ran.length;
    await turn();
    expect(ran[before]).toBe(-1);
    while (ran.length < 20_001) await turn();
    expect(ran.filter((i) => i >= 0)).toEqual(Array.from({ length: 20_000 }, (_, i) => i));
  });
});
