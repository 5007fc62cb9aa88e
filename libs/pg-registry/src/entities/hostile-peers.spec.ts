import { eventually } from '../../../../test/support/eventually';
import { Module } from '@nestjs/common';
import { Entity } from '../nest/decorators/entity.decorator';
import { HandleCall } from '../nest/decorators/handlers.decorator';
import { InvalidArgumentError, NoHandlerError, EntityUnavailableError } from '../term';
import { createTestCluster, type TestCluster, type TestNode, type TestNodeSettings } from '../testing';

jest.setTimeout(30_000);

const merges: unknown[] = [];

@Entity('thing', { maxPerNode: 3 })
class Thing {
  @HandleCall()
  hi(): string {
    return 'hi';
  }
  onMerge(state: unknown): void {
    merges.push(state);
  }
}
@Module({ providers: [Thing] })
// oxlint-disable-next-line typescript/no-extraneous-class
class Hosts {}

describe('A peer that says what it likes to a host of entities', () => {
  let cluster: TestCluster;
  let host: TestNode;
  let liar: TestNode;
  const say = (name: string, message: unknown): Promise<unknown> =>
    liar.processes.call(host.entities.hosts(Thing)[0].pid, name, message).catch((error: unknown) => error);

  beforeAll(async () => {
    const modules = ({ node }: TestNodeSettings) => (node === 'host' ? [Hosts] : []);
    cluster = await createTestCluster({ nodes: ['host', 'liar'], modules });
    host = cluster.node('host');
    liar = cluster.node('liar');
    await Promise.all([host.entities.ready(), liar.entities.ready()]);
    await eventually(() => liar.entities.hosts(Thing).length === 1);
  });
  afterAll(() => cluster.close());

  it.each([
    ['prepare', null],
    ['prepare', { type: 'thing', key: 'a', moveId: 7, from: 1 }],
    ['receive', { type: 'thing', key: new Map(), moveId: 'm', from: 1 }],
    ['receive', []],
    ['merge', { type: 'thing', key: 'a' }],
    ['known', { type: '', key: 'a' }],
    ['stop', { key: 'a' }],
  ])('is refused what no host says: %s %j', async (name, message) => {
    expect(['INVALID_ARGUMENT', 'INVALID_VALUE']).toContain(
      ((await say(name, message)) as { code: string }).code,
    );
  });

  it('announces no more entities than the host would start, and they do not stay announced', async () => {
    const from = liar.processes.self();
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, i) => say('prepare', { type: 'thing', key: i, moveId: `m${i}`, from })),
    );
    expect(answers.filter((answer) => answer === null)).toHaveLength(3);
    expect(answers.filter((answer) => answer instanceof EntityUnavailableError)).toHaveLength(7);
    const waiting = liar.entities.ref(Thing, 0).call('hi', undefined, { timeoutMs: 20_000 });
    cluster.crash(liar);
    void waiting.catch(() => undefined);
    await eventually(() => expect(host.node.peers()).toEqual([]), { timeoutMs: 15_000 });
    expect(await host.entities.ref(Thing, 0).call('hi')).toBe('hi');
    liar = await cluster.start('liar');
    await liar.entities.ready();
    await eventually(() => expect(liar.entities.hosts(Thing)).toHaveLength(1));
  });

  it('merges nothing into an entity by the name that hosts use among themselves', async () => {
    const error = await liar.entities
      .ref(Thing, 0)
      .call('pg.merge', 'forged')
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(NoHandlerError);
    expect(merges).toEqual([]);
  });

  it('moves nothing to a node that does not offer the type', async () => {
    const error = await say('move', { type: 'thing', key: 0, node: 'nowhere' });
    expect(error).toBeInstanceOf(InvalidArgumentError);
  });
});
