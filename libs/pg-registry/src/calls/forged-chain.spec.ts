import { Writer } from '../wire';
import { FakeCluster, turn } from './calls.fixture';
import { writeRequest } from './frames/call-items';
import { ITEM } from './frames/item-kinds';
import { NO_HEADERS } from './call-context';
import { MOST_LINKS } from './delivery/call-chain';

describe('A peer that makes up who waits for its call', () => {
  it('is not let in to a reentrant process that handles a message', async () => {
    const cluster = new FakeCluster();
    const [owner, honest, liar] = ['owner', 'honest', 'liar'].map((name) => cluster.node(name));
    const begun: unknown[] = [];
    let end: (value: string) => void = () => undefined;
    const { pid } = owner.serve(
      { work: (payload) => (begun.push(payload), new Promise((resolve) => (end = resolve))) },
      { serial: true, isReentrant: true },
    );
    const answer = honest.service.call(pid, 'work', 'honest');
    await turn();
    for (let guess = 0; guess < 200; guess += MOST_LINKS) {
      const chain = Array.from({ length: MOST_LINKS }, (_, at) => ({
        incarnation: pid.incarnation,
        id: pid.id,
        delivery: guess + at,
      }));
      const writer = new Writer();
      const message = {
        kind: 'cast',
        name: 'work',
        payload: 'forged',
        caller: liar.processes.root.pid,
        headers: NO_HEADERS,
        trace: undefined,
        deadline: undefined,
        chain,
        entity: undefined,
      } as const;
      writeRequest(writer, pid, message, 3);
      const item = writer.finish();
      const bundle = new Writer();
      bundle.u8(ITEM.cast);
      bundle.u32(item.length);
      bundle.raw(item);
      owner.receive(liar, { kind: 'bundle', body: bundle.finish() });
    }
    await turn();
    expect(begun).toEqual(['honest']);
    end('done');
    expect(await answer).toBe('done');
  });
});
