import { Module } from '@nestjs/common';
import { eventually } from '../../../../test/support/eventually';
import type { EntityStart } from '../entities';
import { createTestCluster, type TestCluster, type TestNode } from '../testing';
import { Entity } from './decorators/entity.decorator';
import { HandleCall } from './decorators/handlers.decorator';

const IN_FLIGHT = 64;
const MOVES = 10;

/** Every call that was executed anywhere, by its number, in the order of the executions. */
let executed: number[] = [];

class Listing {
  #count = 0;

  onProcessStart({ state }: EntityStart<string, number>): void {
    this.#count = state ?? 0;
  }
  @HandleCall()
  async add(number: number): Promise<number> {
    executed.push(number);
    if (number % 10 === 0) await new Promise<void>((resolve) => setImmediate(resolve));
    return (this.#count += 1);
  }
  onHandOver(): number {
    return this.#count;
  }
}

@Entity('viewed')
class Viewed extends Listing {}

@Entity('leased', { guard: 'lease' })
class Leased extends Listing {}

@Module({ providers: [Viewed, Leased] })
// oxlint-disable-next-line typescript/no-extraneous-class
class Hosts {}

let cluster: TestCluster;
/** Two hosts, and a caller without the classes. */
let [a, b, guest]: TestNode[] = [];
beforeEach(async () => {
  executed = [];
  const modules = ({ node }: { node: string }) => (node === 'guest' ? [] : [Hosts]);
  cluster = await createTestCluster({ nodes: ['a', 'b', 'guest'], modules });
  [a, b, guest] = cluster.nodes;
  for (const node of cluster.nodes) {
    await node.entities.ready();
    await eventually(
      () => node.entities.hosts('viewed').length === 2 && node.entities.hosts('leased').length === 2,
    );
  }
});
afterEach(() => cluster.close());

describe.each([Viewed, Leased])('Calls to an entity of %p that moves again and again', (type) => {
  it('are executed once each, when one caller has many of them in flight', async () => {
    const entity = guest.entities.ref(type, 'k');
    await entity.call('add', -1);
    const load = { isOver: false };
    let next = 0;
    const counts: number[] = [];
    const callOn = async (): Promise<void> => {
      while (!load.isOver) {
        next += 1;
        // oxlint-disable-next-line no-await-in-loop
        counts.push(await entity.call<number>('add', next - 1));
      }
    };
    const calls = Promise.all(Array.from({ length: IN_FLIGHT }, callOn));
    for (let move = 0; move < MOVES; move += 1) {
      const to = move % 2 === 0 ? b : a;
      // oxlint-disable-next-line no-await-in-loop
      await eventually(() => a.entities.move(type, 'k', to.name));
    }
    load.isOver = true;
    await calls;
    expect(executed.toSorted((one, other) => one - other)).toEqual([-1, ...Array(next).keys()]);
    expect(new Set(counts).size).toBe(next);
    expect(await entity.call('add', next)).toBe(next + 2);
  });
});
