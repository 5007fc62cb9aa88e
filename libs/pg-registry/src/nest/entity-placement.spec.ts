import { Injectable, Module } from '@nestjs/common';
import { eventually } from '../../../../test/support/eventually';
import { EntityType } from '../entities';
import { EntityUnavailableError, InvalidOptionError } from '../term';
import { createTestCluster, type TestCluster, type TestNode } from '../testing';
import { Entity } from './decorators/entity.decorator';
import { HandleCall } from './decorators/handlers.decorator';
import { InjectEntity } from './decorators/inject-entity.decorator';

let choose: (nodes: readonly string[]) => unknown;

@Entity('session', { guard: 'lease', placement: 'local' })
class Session {
  @HandleCall()
  hi(): string {
    return 'hi';
  }
}

@Entity('tenant', {
  guard: 'lease',
  placement: (_, hosts) => choose(hosts.map(({ node }) => node)) as string,
})
class Tenant extends Session {}

@Injectable()
class Sessions {
  constructor(@InjectEntity(Session) readonly sessions: EntityType<Session>) {}
}

@Module({ providers: [Session, Tenant, Sessions] })
// oxlint-disable-next-line typescript/no-extraneous-class
class Hosts {}

@Injectable()
class Callers {
  @InjectEntity('tenant') readonly tenants!: EntityType;
}

@Module({ providers: [Callers] })
// oxlint-disable-next-line typescript/no-extraneous-class
class Guests {}

describe('The placement of entities', () => {
  let cluster: TestCluster;
  let [a, b, guest]: TestNode[] = [];
  beforeAll(async () => {
    cluster = await createTestCluster({
      nodes: ['a', 'b', 'guest'],
      modules: ({ node }) => [node === 'guest' ? Guests : Hosts],
    });
    [a, b, guest] = cluster.nodes;
    for (const node of cluster.nodes) {
      await node.entities.ready();
      await eventually(() => node.entities.hosts('tenant').length === 2);
    }
  });
  afterAll(() => cluster.close());

  it("with placement 'local' an entity starts on the node of its first caller, and one of a caller without the class where it belongs", async () => {
    for (const node of [a, b]) {
      for (let i = 0; i < 5; i += 1) {
        const key = `${node.name} ${i}`;
        await node.get(Sessions).sessions.ref(key).call('hi');
        await eventually(() => expect(guest.entities.find(Session, key)?.node).toBe(node.name));
      }
    }
    const places = new Set<string | undefined>();
    for (let i = 0; i < 20; i += 1) {
      await guest.entities.ref<Session>('session', i).call('hi');
      await eventually(() => expect(guest.entities.find('session', i)).toBeDefined());
      places.add(guest.entities.find('session', i)?.node);
    }
    expect(places).toEqual(new Set(['a', 'b']));
  });

  it("with placement 'local' first calls from two nodes at once make one entity", async () => {
    const calls = [a, b].flatMap((node) =>
      [1, 2, 3].map(() => node.entities.ref(Session, 'both').call('hi')),
    );
    await Promise.all(calls);
    await eventually(() => expect(guest.entities.find(Session, 'both')).toBeDefined());
    expect(a.registry('pg.entities').lookup(['session', 'both'])).toHaveLength(1);
  });

  it('a function chooses the node, whoever calls', async () => {
    choose = () => 'b';
    for (const [i, node] of cluster.nodes.entries()) {
      await node.entities.ref('tenant', i).call('hi');
      await eventually(() => expect(guest.entities.find('tenant', i)?.node).toBe('b'));
    }
    choose = () => 'a';
    expect(await a.entities.rebalance(Tenant)).toBe(3);
    await eventually(() => expect(b.entities.find('tenant', 0)?.node).toBe('a'));
    await expect(guest.entities.rebalance('tenant')).rejects.toThrow(/Only nodes that offer 'tenant'/);
  });

  it.each([
    [
      'throws',
      () => {
        throw new RangeError('no zone');
      },
      /The placement of 'tenant' 'x' threw, and nothing was executed: .*no zone/,
    ],
    [
      'names a node that does not offer the type',
      () => 'guest',
      /returned 'guest'; it must return the name of a node that can take it: '[ab]', '[ab]'/,
    ],
    ['names nothing', () => undefined, /returned undefined/],
  ])('a function that %s fails the call, and says so', async (_, given, text) => {
    choose = given;
    for (const node of [a, guest]) {
      const error: unknown = await node.entities
        .ref('tenant', 'x')
        .call('hi')
        .catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(EntityUnavailableError);
      expect(String(error)).toMatch(text);
    }
  });

  it("anything but 'hash' needs guard 'lease'", () => {
    expect(() => Entity('x', { placement: 'local' })).toThrow(InvalidOptionError);
    expect(() => Entity('x', { placement: () => 'a' })).toThrow(/unless guard is 'lease'/);
    expect(() => Entity('x', { guard: 'lease', placement: 'near' as 'hash' })).toThrow(
      /'hash' or 'local'|'hash', 'local'/,
    );
  });

  it('the entities of one type are injected by its class or its name', async () => {
    choose = () => 'a';
    const { tenants } = guest.get(Callers);
    await tenants.ref('t').call('hi');
    await eventually(() => expect(tenants.find('t')?.node).toBe('a'));
    expect(tenants.list().map(({ key }) => key)).toContainEqual(['tenant', 't']);
    expect(() => InjectEntity(Callers)).toThrow(/no @Entity/);
  });
});
