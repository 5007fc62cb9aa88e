import { BrokerRequests, type BrokerOutcome } from './broker-requests';

const REQUEST = { subject: 'records.a', bytes: new Uint8Array(), timeoutMs: 1000, accept: () => true };

describe('Requests to the broker', () => {
  const addresses: string[] = [];
  const requests = new BrokerRequests({
    replies: 'pgr.pg.reply.a.>',
    send: (_subject, _bytes, { reply }) => void addresses.push(reply),
  });
  const ask = (outcomes: BrokerOutcome[]): string => {
    void requests.request(REQUEST).then((outcome) => outcomes.push(outcome));
    return addresses.at(-1)!;
  };
  const answer = (subject: string, text: string): boolean =>
    requests.take({ subject, data: new TextEncoder().encode(text) });

  it('have addresses that tell nothing of the next, whoever has seen them', async () => {
    const seen = Array.from({ length: 50 }, () => ask([]));
    const ends = seen.map((address) => /^pgr\.pg\.reply\.a\.\$JS\.[\w-]{8}-([\w-]{16})$/.exec(address)?.[1]);
    expect(new Set(ends).size).toBe(50);
    const first = (at: number): number => new Set(ends.map((end) => end?.[at])).size;
    // A number that counts up would have the same digit in front each time.
    expect(first(0)).toBeGreaterThan(5);
    expect(first(15)).toBeGreaterThan(5);
    requests.lost();
    await Promise.resolve();
  });

  it('do not end with an answer that is longer than any', async () => {
    const outcomes: BrokerOutcome[] = [];
    const address = ask(outcomes);
    answer(address, JSON.stringify('x'.repeat(1024 * 1024)));
    await new Promise((resolve) => setImmediate(resolve));
    expect(outcomes).toEqual([]);
    requests.lost();
    await Promise.resolve();
  });

  it('end only with what comes to their own address', async () => {
    const outcomes: BrokerOutcome[] = [];
    const address = ask(outcomes);
    const strays = requests.strays;
    expect(answer(`${address.slice(0, -1)}~`, '{"forged":true}')).toBe(true);
    expect(answer('pgr.pg.reply.a.b.token', '{}')).toBe(false);
    await Promise.resolve();
    expect([outcomes, requests.strays]).toEqual([[], strays + 1]);
    answer(address, '{"seq":1}');
    await new Promise((resolve) => setImmediate(resolve));
    expect(outcomes).toEqual([{ type: 'answer', body: { seq: 1 } }]);
  });
});
