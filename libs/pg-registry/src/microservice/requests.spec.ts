import { once } from 'node:events';
import { CanActivate, Controller, Module, UseGuards } from '@nestjs/common';
import { Ctx, MessagePattern, Payload, RpcException } from '@nestjs/microservices';
import {
  catchError,
  concat,
  firstValueFrom,
  lastValueFrom,
  of,
  ReplaySubject,
  throwError,
  timeout,
  toArray,
} from 'rxjs';
import { eventually } from '../../../../test/support/eventually';
import { NotRegisteredError } from '../term';
import type { TestCluster } from '../testing';
import { createMicroserviceCluster } from './microservice.fixture';
import { PgRegistryClient, RegistryContext, RegistryRecord } from '.';

/** The signals of the handlers that wait. */
const waiting = new ReplaySubject<AbortSignal>(1);

class Nobody implements CanActivate {
  canActivate(): boolean {
    return false;
  }
}

class Sum {
  constructor(readonly total: number) {}
}

@Controller()
class MathController {
  @MessagePattern({ cmd: 'sum', version: 1 })
  async sum(numbers: number[]): Promise<Sum> {
    await Promise.resolve();
    return new Sum(numbers.reduce((a, b) => a + b));
  }

  @MessagePattern('sort')
  sort(numbers: number[]): number[] {
    // oxlint-disable-next-line unicorn/no-array-sort -- in place, for the payload is the handler's own
    return numbers.sort((a, b) => a - b);
  }

  @MessagePattern(7)
  seven(): number {
    return 7;
  }

  @MessagePattern('nothing')
  nothing(): void {
    // Answers nothing.
  }

  @MessagePattern('who')
  who(@Payload() name: string, @Ctx() context: RegistryContext): unknown {
    return {
      name,
      subject: context.getSubject(),
      node: context.getCaller().node,
      tenant: context.getHeaders()['tenant'],
    };
  }

  @MessagePattern('wait')
  async wait(@Payload() _: unknown, @Ctx() context: RegistryContext): Promise<void> {
    const signal = context.getSignal();
    waiting.next(signal);
    await once(signal, 'abort');
  }

  @MessagePattern('refuse')
  refuse(error: string | object): void {
    throw new RpcException(error);
  }

  @MessagePattern('break')
  break(): void {
    throw new TypeError('internal detail');
  }

  @MessagePattern('some then break')
  someThenBreak() {
    return concat(
      of(1, 2),
      throwError(() => new RpcException('enough')),
    );
  }

  @UseGuards(Nobody)
  @MessagePattern('forbidden')
  forbidden(): string {
    return 'secret';
  }
}

@Module({ controllers: [MathController] })
// oxlint-disable-next-line typescript/no-extraneous-class
class MathModule {}

describe('PgRegistryClient.send', () => {
  let cluster: TestCluster;
  let client: PgRegistryClient;
  beforeAll(async () => {
    cluster = await createMicroserviceCluster((node) => (node === 'b' ? [MathModule] : []));
    client = cluster.node('a').get(PgRegistryClient);
  });
  afterAll(() => cluster.close());

  const ask = (pattern: unknown, data: unknown, on = client): Promise<unknown> =>
    firstValueFrom(on.send(pattern, data));

  it('a request finds its handler by an object, whatever the order of its properties', async () => {
    await expect(ask({ version: 1, cmd: 'sum' }, [1, 2, 3])).resolves.toEqual({ total: 6 });
  });

  it('a request finds its handler by a number, and by its text', async () => {
    await expect(ask(7, '')).resolves.toBe(7);
    await expect(ask('7', '')).resolves.toBe(7);
  });

  it('a request hands over a payload that belongs to the handler', async () => {
    const numbers = [3, 1, 2];
    await expect(ask('sort', numbers)).resolves.toEqual([1, 2, 3]);
    await expect(ask('sort', numbers, cluster.node('b').get(PgRegistryClient))).resolves.toEqual([1, 2, 3]);
    expect(numbers).toEqual([3, 1, 2]);
  });

  it('a request ends without a value when the handler answers nothing', async () => {
    await expect(lastValueFrom(client.send('nothing', ''), { defaultValue: 'no value' })).resolves.toBe(
      'no value',
    );
  });

  it('the handler of a request gets its caller and headers', async () => {
    await expect(ask('who', new RegistryRecord('Ada', { tenant: 't1' }))).resolves.toEqual({
      name: 'Ada',
      subject: 'who',
      node: 'a',
      tenant: 't1',
    });
  });

  it('a request is answered within this process even when nothing passes between nodes', async () => {
    cluster.cut('a', 'b');
    await expect(ask('sort', [2, 1], cluster.node('b').get(PgRegistryClient))).resolves.toEqual([1, 2]);
    cluster.heal();
    await cluster.settle();
  });

  it('the signal of a handler aborts when nobody waits for its request any more', async () => {
    const request = client.send('wait', '').subscribe();
    const signal = await firstValueFrom(waiting);
    expect(signal.aborted).toBe(false);
    request.unsubscribe();
    await eventually(() => signal.aborted);
  });

  it('a request fails with what an RpcException says', async () => {
    await expect(ask('refuse', 'no')).rejects.toEqual({ status: 'error', message: 'no' });
    await expect(ask('refuse', { code: 42 })).rejects.toEqual({ code: 42 });
  });

  it('a request fails without a detail of any other exception', async () => {
    await expect(ask('break', '')).rejects.toEqual({ status: 'error', message: 'Internal server error' });
  });

  it('a request fails if a guard denies it', async () => {
    await expect(ask('forbidden', '')).rejects.toEqual({ status: 'error', message: 'Forbidden resource' });
  });

  it('a request gives the values before the error', async () => {
    const answers = client.send('some then break', '').pipe(
      catchError((error: unknown) => of(error)),
      toArray(),
    );
    await expect(firstValueFrom(answers)).resolves.toEqual([1, 2, { status: 'error', message: 'enough' }]);
  });

  it('a request fails with the pattern when nobody handles it', async () => {
    await expect(ask('unheard of', '')).rejects.toThrow(NotRegisteredError);
    await expect(ask('unheard of', '')).rejects.toThrow("'unheard of'");
  });

  it('a request ends with the timeout of its subscriber', async () => {
    cluster.pause('b');
    const answer = firstValueFrom(client.send('sort', [1]).pipe(timeout(20)));
    await expect(answer).rejects.toThrow('Timeout');
    cluster.resume('b');
    await cluster.settle();
  });

  it('a request fails before it is sent when the payload contains itself', async () => {
    const circle: unknown[] = [];
    circle.push(circle);
    await expect(ask('sort', circle)).rejects.toMatchObject({ code: 'INVALID_VALUE' });
  });
});
