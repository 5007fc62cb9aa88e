import { Announced } from './announced';

describe('What peers have announced', () => {
  const type = {};

  it('is bounded in number and in size for each of them', () => {
    const announced = new Announced<object, number>();
    const short = Array.from({ length: 1500 }, (_, key) => announced.add(type, key, 'a', key));
    expect(short.filter(Boolean)).toHaveLength(1000);
    const long = Array.from({ length: 200 }, (_, at) =>
      announced.add(type, `${at}`.padEnd(4000, 'x'), 'b', at),
    );
    expect(long.filter(Boolean)).toHaveLength(65);
    expect(announced.add(type, 'c', 'c', 1)).toBe(true);
    expect([...announced]).toHaveLength(1066);
  });

  it('counts no more when it has come or is given up', () => {
    const announced = new Announced<object, number>();
    for (let round = 0; round < 3; round += 1) {
      for (let key = 0; key < 1000; key += 1) expect(announced.add(type, key, 'a', key)).toBe(true);
      expect(announced.add(type, 'more', 'a', 1)).toBe(false);
      expect(announced.get(type, 7)).toBe(7);
      for (const [, key] of announced) announced.delete(type, key);
      expect([...announced]).toEqual([]);
    }
    announced.delete(type, 'unknown');
    announced.delete({}, 1);
    expect(announced.get(type, 7)).toBeUndefined();
  });
});
