import { FrozenDate, FrozenMap, FrozenSet, InvalidValueError, Pid } from '../term';
import { ownPayload, plainPayload } from './payload';

describe('plainPayload', () => {
  it('a payload carries what JSON would carry', () => {
    class Address {
      constructor(readonly city: string) {}
    }
    class User {
      readonly tags = ['a'];
      readonly greet = (): string => 'hello';
      readonly nickname = undefined;
      constructor(readonly address: Address) {}
    }
    const user = new User(new Address('Oslo'));
    expect(plainPayload(user)).toStrictEqual({ tags: ['a'], address: { city: 'Oslo' } });
    expect(plainPayload(user)).toStrictEqual(JSON.parse(JSON.stringify(user)));
  });

  it('a payload carries what toJSON returns, if there is one', () => {
    const money = { amount: 1, toJSON: () => ({ text: '1 €', parts: [{ toJSON: () => 'part' }] }) };
    expect(plainPayload([money])).toStrictEqual([{ text: '1 €', parts: ['part'] }]);
  });

  it('a payload keeps dates, bytes, bigints and collections, which JSON does not', () => {
    const pid = new Pid('node', '0123456789abcdef', 1);
    const payload = [new Date(5), new Map([['a', { b: 1n }]]), new Set([1]), Buffer.from('x'), pid];
    expect(plainPayload(payload)).toEqual(payload);
    expect((plainPayload(payload) as unknown[])[4]).toBe(pid);
    expect(plainPayload(new Date(NaN))).toBeNull();
  });

  it('a payload keeps the message of an error and its own properties', () => {
    expect(plainPayload(Object.assign(new Error('full'), { code: 507 }))).toStrictEqual({
      message: 'full',
      code: 507,
    });
  });

  it('a payload leaves out what could reach into the prototype', () => {
    expect(plainPayload(JSON.parse('{"__proto__": {"admin": true}, "a": 1}'))).toStrictEqual({ a: 1 });
  });

  it('a payload that contains itself is refused', () => {
    const circle: unknown[] = [];
    circle.push({ circle });
    expect(() => plainPayload(circle)).toThrow(InvalidValueError);
  });
});

describe('ownPayload', () => {
  it('a received payload is a copy, so that its receiver may change it', () => {
    const arrived = Object.freeze({
      list: Object.freeze([1]),
      date: new FrozenDate(5),
      map: new FrozenMap([['a', Object.freeze([1])]]),
      set: new FrozenSet([1]),
    });
    const own = ownPayload(arrived) as {
      list: number[];
      date: Date;
      map: Map<string, number[]>;
      set: Set<number>;
    };
    own.list.push(2);
    own.date.setTime(6);
    own.map.get('a')?.push(2);
    own.set.add(2);
    expect(own).toEqual({
      list: [1, 2],
      date: new Date(6),
      map: new Map([['a', [1, 2]]]),
      set: new Set([1, 2]),
    });
    expect(arrived.list).toEqual([1]);
  });
});
