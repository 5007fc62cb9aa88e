import { Controller, Module } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { EMPTY, firstValueFrom, from, lastValueFrom, Observable, range, Subject, take, toArray } from 'rxjs';
import { eventually } from '../../../../test/support/eventually';
import type { TestCluster } from '../testing';
import { createMicroserviceCluster } from './microservice.fixture';
import { PgRegistryClient } from '.';

/** What the handlers of this test do, and what became of it. */
class Source {
  values = new Subject<unknown>();
  subscribed = 0;
  unsubscribed = 0;
  /** The present turn of the event loop, as the test counts them. */
  turn = 0;
  /** The turns in which streams that cost much began. */
  readonly begun: number[] = [];

  observe(): Observable<unknown> {
    return new Observable((subscriber) => {
      this.subscribed += 1;
      const subscription = this.values.subscribe(subscriber);
      return () => {
        this.unsubscribed += 1;
        subscription.unsubscribe();
      };
    });
  }
}

@Controller()
class StreamController {
  readonly #source: Source;

  constructor(source: Source) {
    this.#source = source;
  }

  @MessagePattern('watch')
  watch(): Observable<unknown> {
    return this.#source.observe();
  }

  @MessagePattern('count')
  count(to: number): Observable<number> {
    return range(1, to);
  }

  @MessagePattern('repeat')
  repeat({ length, times }: { length: number; times: number }): Observable<string> {
    return from(Array.from({ length: times }, () => 'x'.repeat(length)));
  }

  @MessagePattern('busy')
  busy(): Observable<number> {
    return new Observable((subscriber) => {
      const since = performance.now();
      while (performance.now() - since < 5);
      this.#source.begun.push(this.#source.turn);
      subscriber.next(1);
      subscriber.complete();
    });
  }

  @MessagePattern('empty')
  empty(): Observable<never> {
    return EMPTY;
  }
}

@Module({ controllers: [StreamController], providers: [Source] })
// oxlint-disable-next-line typescript/no-extraneous-class
class StreamModule {}

describe('streams of replies', () => {
  let cluster: TestCluster;
  let client: PgRegistryClient;
  let source: Source;
  beforeEach(async () => {
    cluster = await createMicroserviceCluster((node) => (node === 'b' ? [StreamModule] : []));
    client = cluster.node('a').get(PgRegistryClient);
    source = cluster.node('b').get(Source);
  });
  afterEach(() => cluster.close());

  const all = (pattern: string, data: unknown): Promise<unknown[]> =>
    firstValueFrom(client.send<unknown>(pattern, data).pipe(toArray()));

  it('a stream gives every value in order, and its end', async () => {
    await expect(all('count', 5000)).resolves.toEqual(Array.from({ length: 5000 }, (_, i) => i + 1));
    await expect(all('empty', '')).resolves.toEqual([]);
  });

  it('a stream gives each value when it comes', async () => {
    const heard: unknown[] = [];
    const subscription = client.send('watch', '').subscribe((value) => heard.push(value));
    await eventually(() => source.subscribed === 1);
    for (const value of ['first', 'second']) {
      source.values.next(value);
      await eventually(() => expect(heard.at(-1)).toBe(value));
    }
    subscription.unsubscribe();
  });

  it('streams begin in several turns if what they emit at once takes long', async () => {
    let isOver = false;
    const countTurn = (): void => {
      source.turn += 1;
      if (!isOver) setImmediate(countTurn);
    };
    countTurn();
    await Promise.all(Array.from({ length: 30 }, () => firstValueFrom(client.send('busy', ''))));
    isOver = true;
    const begunIn = (turn: number): number => source.begun.filter((each) => each === turn).length;
    expect(source.begun).toHaveLength(30);
    expect(Math.max(...source.begun.map(begunIn))).toBeLessThanOrEqual(6);
  });

  it('a stream divides values that are too much for one frame', async () => {
    const values = await all('repeat', { length: 100_000, times: 20 });
    expect(values).toHaveLength(20);
  });

  it('a stream fails at a value that is too large by itself', async () => {
    await expect(all('repeat', { length: 600_000, times: 3 })).rejects.toMatchObject({
      code: 'VALUE_TOO_LARGE',
    });
  });

  it('a stream is cancelled at the owner by unsubscribing', async () => {
    const subscription = client.send('watch', '').subscribe();
    await eventually(() => source.subscribed === 1);
    subscription.unsubscribe();
    await eventually(() => expect(source.unsubscribed).toBe(1));
  });

  it('a stream is cancelled at the owner when the subscriber has enough', async () => {
    const two = lastValueFrom(client.send('watch', '').pipe(take(2), toArray()));
    await eventually(() => source.subscribed === 1);
    for (let i = 0; i < 10; i += 1) source.values.next(i);
    await expect(two).resolves.toEqual([0, 1]);
    await eventually(() => expect(source.unsubscribed).toBe(1));
  });

  it('a stream is cancelled at the owner when the subscriber crashes', async () => {
    client.send('watch', '').subscribe({ error: () => undefined });
    await eventually(() => source.subscribed === 1);
    cluster.crash('a');
    await eventually(() => expect(source.unsubscribed).toBe(1));
  });

  it('a stream fails when its owner crashes', async () => {
    const answer = lastValueFrom(client.send('watch', ''));
    await eventually(() => source.subscribed === 1);
    cluster.crash('b');
    await expect(answer).rejects.toMatchObject({ code: 'NODE_DOWN', mayHaveExecuted: true });
  });

  it('a stream fails rather than leave out a value', async () => {
    const heard: unknown[] = [];
    const failed = new Promise((resolve) =>
      client.send('watch', '').subscribe({ next: (value) => heard.push(value), error: resolve }),
    );
    await eventually(() => source.subscribed === 1);
    source.values.next('before');
    await eventually(() => heard.length === 1);
    cluster.cut('a', 'b');
    source.values.next('lost');
    await new Promise(setImmediate);
    cluster.heal();
    source.values.next('after');
    await expect(failed).resolves.toMatchObject({ code: 'TRANSPORT' });
    expect(heard).toEqual(['before']);
    await eventually(() => expect(source.unsubscribed).toBe(1));
  });

  it('a stream fails when the client is closed, which can be used again', async () => {
    const answer = lastValueFrom(client.send('watch', ''));
    await eventually(() => source.subscribed === 1);
    client.close();
    await expect(answer).rejects.toMatchObject({ code: 'TRANSPORT' });
    await expect(all('count', 1000)).resolves.toHaveLength(1000);
  });
});
