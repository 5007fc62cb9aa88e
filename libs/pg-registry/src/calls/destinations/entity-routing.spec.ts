import { EntityElsewhereError, type Pid, TransportError } from '../../term';
import { expectNoLeak, failureOf, FakeCluster, type FakeNode, turn } from '../calls.fixture';
import type { TriedMembers } from '../pick';
import { EntityName } from './entity-name';

const LIMIT_MS = 5000;
const DOCUMENT = new EntityName('document', 'a');

/** A caller, and a host that sends it to a process of a node that the caller has removed, until it says otherwise. */
class Disagreement {
  readonly cluster = new FakeCluster();
  readonly caller: FakeNode = this.cluster.node('caller');
  readonly host: FakeNode = this.cluster.node('host');
  readonly removed: Pid = this.cluster.node('removed').processes.spawn().pid;
  asked = 0;
  executed = 0;
  isHere = false;
  /** Whether the host names the removed node. */
  isNamed = true;

  constructor() {
    const process = this.host.processes.spawn();
    const { mailboxes } = this.host.calls;
    const mailbox = mailboxes.mount(process);
    mailboxes.useEntities(mailbox);
    mailbox.divert((queued) => {
      this.asked += 1;
      if (!this.isHere) {
        const pid = this.isNamed ? this.removed : undefined;
        const error = new EntityElsewhereError('It is elsewhere. Nothing was executed.', { pid });
        return queued.settle({ type: 'error', error, executed: false });
      }
      this.executed += 1;
      queued.settle({ type: 'result', value: 'edited' });
    });
    const { pid } = process;
    this.cluster.nodes.delete('removed');
    this.caller.calls.outgoing.useEntities({
      isReady: true,
      ready: () => Promise.resolve(),
      pick: (_, tried: TriedMembers | undefined) => (tried?.has(pid) === true ? undefined : pid),
      nobody: () => new Error('Nobody.'),
      suspects: () => [],
    });
  }

  call(options: { timeoutMs?: number; signal?: AbortSignal } = { timeoutMs: LIMIT_MS }): Promise<unknown> {
    return this.caller.calls.outgoing.call(DOCUMENT, 'edit', null, options);
  }

  async pass(ms: number, stepMs = 10): Promise<void> {
    for (let passed = 0; passed < ms; passed += stepMs) {
      this.cluster.timers.advance(stepMs);
      // oxlint-disable-next-line no-await-in-loop
      await turn();
    }
  }
}

describe('a call to an entity that a host believes on a node which the caller has removed', () => {
  it('waits, asks again, and is executed once as soon as the host knows better', async () => {
    const of = new Disagreement();
    const answer = of.call();
    await of.pass(1000);
    expect(of.asked).toBeGreaterThan(1);
    of.isHere = true;
    await of.pass(400);
    expect(await answer).toBe('edited');
    expect(of.executed).toBe(1);
    expectNoLeak(of.cluster);
  });

  it('fails when its time is up, not before, and says that nothing was executed', async () => {
    const of = new Disagreement();
    let isOver = false;
    const failure = failureOf(of.call()).finally(() => (isOver = true));
    await of.pass(LIMIT_MS - 10);
    expect(isOver).toBe(false);
    await of.pass(10);
    const error = await failure;
    expect(error).toBeInstanceOf(EntityElsewhereError);
    expect(error).toMatchObject({ pid: of.removed });
    expect(String(error)).toMatch(
      /within 5000 ms.*node 'removed'.*no peer of this node.*Nothing was executed/,
    );
    expectNoLeak(of.cluster);
  });

  it('asks at most 20 times in 5 s, and every 400 ms without a time limit', async () => {
    const of = new Disagreement();
    void of.call().catch(() => undefined);
    await of.pass(LIMIT_MS);
    expect(of.asked).toBeGreaterThan(8);
    expect(of.asked).toBeLessThanOrEqual(20);
    const endless = of.call({ timeoutMs: Infinity });
    await of.pass(10_000, 50);
    const before = of.asked;
    await of.pass(4000, 50);
    expect(of.asked - before).toBeLessThanOrEqual(11);
    of.isHere = true;
    await of.pass(400);
    expect(await endless).toBe('edited');
  });

  it('ends at once when its signal aborts, or the node stops', async () => {
    const of = new Disagreement();
    const { signal, abort } = abortable();
    const aborted = failureOf(of.call({ timeoutMs: LIMIT_MS, signal }));
    const stopped = failureOf(of.call());
    await of.pass(20);
    abort();
    expect(await aborted).toBe(signal.reason);
    of.caller.calls.close();
    const error = await stopped;
    expect(error).toBeInstanceOf(TransportError);
    expect(String(error)).toMatch(/'document' 'a'.*Nothing was executed/);
    expect(of.executed).toBe(0);
    expectNoLeak(of.cluster);
  });

  it('fails at once where no host names another one, because all are full', async () => {
    const of = new Disagreement();
    of.isNamed = false;
    const failure = failureOf(of.call());
    await turn();
    expect(await failure).toBeInstanceOf(EntityElsewhereError);
    expect(of.asked).toBe(1);
    expectNoLeak(of.cluster);
  });
});

function abortable(): { readonly signal: AbortSignal; readonly abort: () => void } {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}
