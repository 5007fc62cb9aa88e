import { metrics } from '@opentelemetry/api';
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import { eventually } from '../../../../test/support/eventually';
import { EntityService, type EntityStart } from '../entities';
import { type Application, Applications } from './application.fixture';
import { Entity } from './decorators/entity.decorator';
import { HandleCall } from './decorators/handlers.decorator';

/** Collects when it is told to. */
class Reader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

class Counted {
  onProcessStart({ key }: EntityStart<string, number>): void {
    if (key === 'bad') throw new RangeError('deliberate');
  }
  @HandleCall()
  hi(): string {
    return 'hi';
  }
  onHandOver(): number {
    return 1;
  }
}

@Entity('room')
class Room extends Counted {}

@Entity('stateless')
class Stateless extends Counted {
  override onHandOver(): never {
    throw new RangeError('deliberate');
  }
}

describe('the metrics of entities', () => {
  const reader = new Reader();
  const applications = new Applications();
  let [a, b]: Application[] = [];

  beforeAll(async () => {
    metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
    const start = (node: string): Promise<Application> =>
      applications.start({ providers: [Room, Stateless] }, { node });
    [a, b] = [await start('a'), await start('b')];
    for (const { context } of [a, b])
      await eventually(() => context.get(EntityService).hosts(Stateless).length === 2);
  });
  afterAll(async () => {
    await applications.closeAll();
    metrics.disable();
  });

  /** What an instrument says of both nodes together, by its attributes. */
  async function of(name: string): Promise<Record<string, number>> {
    const { resourceMetrics, errors } = await reader.collect();
    expect(errors).toEqual([]);
    const metric = resourceMetrics.scopeMetrics
      .flatMap((scope) => scope.metrics)
      .find(({ descriptor }) => descriptor.name === `pg_registry.entities.${name}`);
    const sums: Record<string, number> = {};
    for (const { attributes, value } of metric?.dataPoints ?? []) {
      const { node: _, ...rest } = attributes;
      const key = Object.values(rest)
        .map(String)
        .toSorted((x, y) => (x < y ? -1 : 1))
        .join(' ');
      if (Number(value) > 0) sums[key] = (sums[key] ?? 0) + Number(value);
    }
    return sums;
  }

  test('count the living, activations, moves and failures by type', async () => {
    const entities = a.context.get(EntityService);
    await Promise.all(['one', 'two', 'three'].map((key) => entities.ref(Room, key).call('hi')));
    await entities.ref(Stateless, 'one').call('hi');
    await entities
      .ref(Room, 'bad')
      .call('hi')
      .catch(() => undefined);
    for (const type of [Room, Stateless]) {
      const from = await eventually(() => entities.find(type, 'one')?.node);
      expect(await entities.move(type, 'one', from === 'a' ? 'b' : 'a')).toBe(true);
    }
    expect(await of('living')).toEqual({ room: 3, stateless: 1 });
    expect(await of('started')).toEqual({
      'call room': 4,
      'hand-over room': 1,
      'call stateless': 1,
      'hand-over stateless': 1,
    });
    expect(await of('moves')).toEqual({ 'done room': 1, 'stateless without-state': 1 });
    expect(await of('failures')).toEqual({ 'room start': 1 });
    const { byType, failedStarts, started } = a.node.stats().entities;
    const other = b.node.stats().entities;
    expect(byType['room'].failedStarts + other.byType['room'].failedStarts).toBe(1);
    expect(failedStarts + other.failedStarts).toBe(1);
    expect((started['call'] ?? 0) + (other.started['call'] ?? 0)).toBe(5);
  });
});
