import { Module } from '@nestjs/common';
import { eventually } from '../../../../test/support/eventually';
import { EntityLeases } from '../entities/entity-leases';
import { createTestCluster, type TestCluster, type TestNode } from '../testing';
import { LocalConnection } from '../transport/local/local-connection';
import { Entity } from './decorators/entity.decorator';
import { HandleCall } from './decorators/handlers.decorator';

/** What calls to entities cost on the wire. */
class Counting {
  #calls = 0;

  @HandleCall()
  count(): number {
    return (this.#calls += 1);
  }
}

@Entity('viewed')
class Viewed extends Counting {}

@Entity('leased', { guard: 'lease' })
class Leased extends Counting {}

@Module({ providers: [Viewed, Leased] })
// oxlint-disable-next-line typescript/no-extraneous-class
class Hosts {}

/** The frames that tell of entries, at once or later. */
const NEWS = new Set<string | undefined>(['ops', 'repair', 'sync']);

let cluster: TestCluster;
let guest: TestNode;
/** What travelled between processes, as `from → to`. */
let messages: string[];
/** Whether the guest hears where entities are. */
let isTold: boolean;

beforeEach(async () => {
  isTold = true;
  messages = [];
  // oxlint-disable-next-line typescript/unbound-method
  const { publish, subscribe } = LocalConnection.prototype;
  jest.spyOn(LocalConnection.prototype, 'subscribe').mockImplementation(function (
    this: LocalConnection,
    subject,
    onMessage,
  ) {
    return subscribe.call(this, subject, (on, bytes, reply) => {
      const isHeard = isTold || this.node !== 'guest' || !NEWS.has(kindOf(on));
      if (isHeard) onMessage(on, bytes, reply);
    });
  });
  jest.spyOn(LocalConnection.prototype, 'publish').mockImplementation(function (
    this: LocalConnection,
    subject,
    bytes,
    reply,
  ) {
    if (kindOf(subject) === 'bundle') messages.push(`${this.node} → ${subject.split('.')[3]}`);
    publish.call(this, subject, bytes, reply);
  });
  cluster = await createTestCluster({
    nodes: ['a', 'b', 'guest'],
    // The leases of a test cluster last a second: an entity whose process gets no processor for longer would begin again, and ask its store.
    options: { names: { ttlMs: 30_000 } },
    modules: ({ node }) => (node === 'guest' ? [] : [Hosts]),
  });
  guest = cluster.nodes.find(({ name }) => name === 'guest')!;
  for (const node of cluster.nodes) {
    await node.entities.ready();
    await eventually(
      () => node.entities.hosts('viewed').length === 2 && node.entities.hosts('leased').length === 2,
    );
  }
});
afterEach(async () => {
  jest.restoreAllMocks();
  await cluster.close();
});

/** The kind of a frame: `pgr.<namespace>.to.<node>.<kind>.<sender>` or `pgr.<namespace>.from.<sender>.<kind>.<scope>`. */
function kindOf(subject: string): string | undefined {
  const [, , form, , kind] = subject.split('.');
  return form === 'to' || form === 'from' ? kind : undefined;
}

/** Calls from the guest. @returns What it and others said to each other until the answer */
async function callFromGuest(type: typeof Viewed | typeof Leased): Promise<readonly string[]> {
  messages = [];
  await guest.entities.ref(type, 'k').call('count');
  return messages.filter((message) => message.includes('guest'));
}

/** Starts an entity by a call of the node that does not get it. @returns Where it is, and the other host */
async function start(
  type: typeof Viewed | typeof Leased,
): Promise<readonly [here: TestNode, there: TestNode]> {
  const [a, b] = cluster.nodes.filter(({ name }) => name !== 'guest');
  await a.entities.ref(type, 'k').call('count');
  await eventually(() => a.entities.find(type, 'k') !== undefined);
  const at = a.entities.find(type, 'k')?.node;
  return at === a.name ? [a, b] : [b, a];
}

describe.each([Viewed, Leased])('A call to a living entity of %p', (type) => {
  it('costs one round trip from a node that knows where it is, and asks no store of leases', async () => {
    const [{ name }] = await start(type);
    await eventually(() => guest.entities.find(type, 'k') !== undefined);
    await cluster.settle();
    const take = jest.spyOn(EntityLeases.prototype, 'take');
    for (let i = 0; i < 3; i += 1)
      // oxlint-disable-next-line no-await-in-loop
      expect(await callFromGuest(type)).toEqual([`guest → ${name}`, `${name} → guest`]);
    expect(take).not.toHaveBeenCalled();
  });

  it('costs one round trip from a node that does not know that it lives', async () => {
    isTold = false;
    const [{ name }] = await start(type);
    expect(guest.entities.find(type, 'k')).toBeUndefined();
    const sent = await callFromGuest(type);
    expect(sent).toEqual([`guest → ${name}`, `${name} → guest`]);
    expect(guest.entities.find(type, 'k')).toBeUndefined();
  });

  it('costs two from a node that knows where it was before it moved', async () => {
    const [here, there] = await start(type);
    await eventually(() => guest.entities.find(type, 'k') !== undefined);
    isTold = false;
    const moved = here.entities.move(type, 'k', there.name);
    await eventually(() => there.entities.find(type, 'k')?.node === there.name);
    expect(guest.entities.find(type, 'k')?.node).toBe(here.name);
    const sent = await callFromGuest(type);
    expect(sent).toEqual([
      `guest → ${here.name}`,
      `${here.name} → guest`,
      `guest → ${there.name}`,
      `${there.name} → guest`,
    ]);
    isTold = true;
    expect(await moved).toBe(true);
  });
});
