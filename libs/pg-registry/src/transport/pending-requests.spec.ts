import { PendingRequests } from './pending-requests';
import type { RequestOutcome } from './transport';

describe('PendingRequests', () => {
  test('close() ends every open request as timed out, except one that such an outcome leads to', () => {
    const requests = new PendingRequests();
    const outcomes: string[] = [];
    const note =
      (name: string) =>
      ({ type }: RequestOutcome): void => {
        outcomes.push(`${name}: ${type}`);
        requests.add('again', 1000, () => undefined);
      };
    requests.add('r.1', 1000, note('1'));
    requests.add('r.2', 1000, note('2'));
    requests.close();
    expect(outcomes).toEqual(['1: timeout', '2: timeout']);
    expect(requests.size).toBe(1);
    requests.close();
  });

  test('an answer that nobody waits for is dropped', () => {
    const requests = new PendingRequests();
    const outcomes: string[] = [];
    requests.add('r.1', 1000, ({ type }) => outcomes.push(type));
    requests.answer('r.2', new Uint8Array());
    requests.noResponders('r.1');
    requests.answer('r.1', new Uint8Array());
    expect(outcomes).toEqual(['no-responders']);
  });

  test('cancelling a request does not touch a later one with the same subject', () => {
    const requests = new PendingRequests();
    const first = requests.add('r', 1000, () => undefined);
    requests.answer('r', new Uint8Array());
    const second = requests.add('r', 1000, () => undefined);
    first.cancel();
    expect(requests.size).toBe(1);
    second.cancel();
    expect(requests.size).toBe(0);
  });
});
