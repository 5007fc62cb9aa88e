import type { LeaseWritten } from '../lease-store';
import { type StoreBreak, type StoreRequest, StoreRequests } from './store-requests';

describe('the requests to a store', () => {
  const now = { monotonic: 0, wall: 0 };
  let sent: StoreRequest[];
  let breaks: StoreBreak[];
  let requests: StoreRequests;

  beforeEach(() => {
    sent = [];
    breaks = [];
    requests = new StoreRequests(
      (request) => sent.push(request),
      (kind) => breaks.push(kind),
      100,
    );
  });

  /** Sends a write. @returns What answers it */
  function write(): (answer: Partial<LeaseWritten>) => void {
    const request = { name: 'c:k', record: new Uint8Array(), after: 0, id: 'id', certainEpoch: false };
    requests.write(request, now, () => undefined);
    const { id } = sent.at(-1)!;
    return (answer) =>
      requests.answered(id, { type: 'written', revision: 1, epoch: 1000, repeated: false, ...answer });
  }

  it('show that the store was set back by a write with a revision that it had before, once', () => {
    write()({ revision: 20 });
    write()({ revision: 21 });
    expect(breaks).toEqual([]);
    write()({ revision: 5 });
    expect(breaks).toEqual(['rolled-back']);
    for (const revision of [6, 7, 8]) write()({ revision });
    expect(breaks).toEqual(['rolled-back']);
    write()({ revision: 3 });
    expect(breaks).toEqual(['rolled-back', 'rolled-back']);
  });

  it('show that the store was made anew, or that an earlier life of it came back', () => {
    write()({ revision: 20 });
    write()({ revision: 1, epoch: 2000 });
    write()({ revision: 2, epoch: 2000 });
    write()({ revision: 21, epoch: 1000 });
    write()({ revision: 22, epoch: 1000 });
    expect(breaks).toEqual(['remade', 'rolled-back']);
  });

  it('say nothing of answers in another order, and of writes that were made before', () => {
    const answers = [write(), write(), write()];
    for (const [nth, answer] of answers.toReversed().entries()) answer({ revision: 10 - nth });
    write()({ revision: 4, repeated: true });
    expect(breaks).toEqual([]);
  });
});
