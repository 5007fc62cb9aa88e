import { Allowance } from './allowance';

describe('What a node may make this one send', () => {
  it('is one introduction in five seconds, and more only as far as it paid', () => {
    const asker = new Allowance();
    const introductions = (bytes: number, from: number, to: number): number => {
      let count = 0;
      for (let now = from; now < to; now += 100) if (asker.introduce(bytes, now)) count += 1;
      return count;
    };
    expect(introductions(2000, 0, 20_000)).toBe(4);
    asker.earn(1000);
    expect(introductions(2000, 20_000, 25_000)).toBe(3);
    expect(introductions(2000, 25_000, 30_000)).toBe(1);
  });

  it('is four bytes sent again for each of its own, of which it saves up 8 KB', () => {
    const asker = new Allowance();
    expect([asker.pay(513), asker.pay(512), asker.pay(1)]).toEqual([false, true, false]);
    asker.earn(100);
    expect([asker.pay(401), asker.pay(400), asker.pay(1)]).toEqual([false, true, false]);
    asker.earn(1_000_000);
    expect([asker.pay(8193), asker.pay(8192), asker.pay(1)]).toEqual([false, true, false]);
  });

  it('is 32 probes at once for its suspicions, and four a second', () => {
    const asker = new Allowance();
    const followed = (now: number): number =>
      Array.from({ length: 100 }, () => asker.hint(now)).filter(Boolean).length;
    expect([followed(0), followed(0), followed(1000), followed(3000)]).toEqual([32, 0, 4, 8]);
  });
});
