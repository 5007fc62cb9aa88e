import { Controller, Module } from '@nestjs/common';
import { EventPattern } from '@nestjs/microservices';
import { lastValueFrom } from 'rxjs';
import { eventually } from '../../../../test/support/eventually';
import type { TestCluster } from '../testing';
import { createMicroserviceCluster } from './microservice.fixture';
import { PgRegistryClient } from '.';

class Heard {
  readonly events: unknown[] = [];
}

@Controller()
class EventController {
  readonly #heard: Heard;

  constructor(heard: Heard) {
    this.#heard = heard;
  }

  @EventPattern('news')
  onNews(data: unknown): void {
    this.#heard.events.push(data);
  }

  @EventPattern({ kind: 'job' }, { queue: 'workers' })
  onJob(data: unknown): void {
    this.#heard.events.push(data);
  }

  @EventPattern('broken')
  onBroken(): void {
    throw new Error('broken');
  }
}

@Controller()
class SecondController {
  readonly #heard: Heard;

  constructor(heard: Heard) {
    this.#heard = heard;
  }

  @EventPattern('news')
  onNews(data: unknown): void {
    this.#heard.events.push(['second', data]);
  }
}

@Module({ controllers: [EventController, SecondController], providers: [Heard] })
// oxlint-disable-next-line typescript/no-extraneous-class
class EventModule {}

describe('PgRegistryClient.emit', () => {
  let cluster: TestCluster;
  let client: PgRegistryClient;
  beforeEach(async () => {
    cluster = await createMicroserviceCluster([EventModule], { nodes: ['a', 'b', 'c'] });
    client = cluster.node('a').get(PgRegistryClient);
  });
  afterEach(() => cluster.close());

  const heardBy = (node: string): readonly unknown[] => cluster.node(node).get(Heard).events;

  it('an event reaches every handler on every node, this one included, in the order of emission', async () => {
    for (let i = 0; i < 3; i += 1) client.emit('news', i);
    const expected = [0, ['second', 0], 1, ['second', 1], 2, ['second', 2]];
    for (const node of ['a', 'b', 'c']) await eventually(() => expect(heardBy(node)).toEqual(expected));
  });

  it('one random member of a queue group handles an event', async () => {
    const jobs = Array.from({ length: 60 }, (_, i) => i);
    for (const job of jobs) client.emit({ kind: 'job' }, job);
    const all = (): unknown[] => cluster.nodes.flatMap(({ name }) => heardBy(name));
    await eventually(() => all().length >= jobs.length);
    await cluster.settle();
    expect(all().toSorted((x, y) => Number(x) - Number(y))).toEqual(jobs);
    for (const node of ['a', 'b', 'c']) expect(heardBy(node).length).toBeGreaterThan(0);
  });

  it('an event passes over members of a queue group that cannot be reached', async () => {
    cluster.crash('c');
    await cluster.settle();
    for (let job = 0; job < 20; job += 1) await lastValueFrom(client.emit({ kind: 'job' }, job));
    await eventually(() => expect(heardBy('a').length + heardBy('b').length).toBe(20));
  });

  it('an event without a handler is no error', async () => {
    await expect(
      lastValueFrom(client.emit('unheard of', 1), { defaultValue: 'done' }),
    ).resolves.toBeUndefined();
  });

  it('an event whose handler fails affects no other event', async () => {
    client.emit('broken', 1);
    client.emit('news', 2);
    await eventually(() => expect(heardBy('b')).toEqual([2, ['second', 2]]));
  });
});
