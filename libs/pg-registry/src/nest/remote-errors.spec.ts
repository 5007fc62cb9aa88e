import {
  BadRequestException,
  Catch,
  Controller,
  type ExceptionFilter,
  Get,
  HttpException,
  Injectable,
  type INestApplication,
  InternalServerErrorException,
  type LoggerService,
  Module,
  Param,
  UseFilters,
} from '@nestjs/common';
import { APP_FILTER, NestFactory } from '@nestjs/core';
import { RpcException } from '@nestjs/microservices';
import { via } from '../calls';
import { ProcessService } from '../process';
import { RemoteError } from '../term';
import { localBus, localTransport } from '../transport/local';
import { Application, Applications, MemoryLogger } from './application.fixture';
import { HandleCall } from './decorators/handlers.decorator';
import { RegisterVia } from './decorators/register-via.decorator';
import { PgRegistryModule } from './pg-registry.module';
import { RemoteErrorFilter } from './remote-error.filter';

const target = via('pg', 'k');

class OutOfStock extends Error {
  readonly code = 'OUT_OF_STOCK';
  readonly secret = 'the query of a database';
}

const validation = new BadRequestException(['price must be a number', 'item should not be empty']);

@Injectable()
@RegisterVia('pg', 'k')
class Worker {
  constructor(readonly processes: ProcessService) {}
  @HandleCall()
  validate(): void {
    throw validation;
  }
  @HandleCall()
  teapot(): void {
    throw new HttpException('short and stout', 418);
  }
  @HandleCall()
  broken(): void {
    throw new InternalServerErrorException('the disk is full');
  }
  @HandleCall()
  strange(): void {
    throw new HttpException('wrong status', 200);
  }
  @HandleCall()
  rpc(): void {
    throw new RpcException({ status: 'error', item: 'tea' });
  }
  @HandleCall()
  custom(): void {
    throw new OutOfStock('no tea');
  }
  @HandleCall()
  async passOn(name: string): Promise<unknown> {
    return await this.processes.call(target, name);
  }
}

describe('an error of a handler', () => {
  let applications: Applications;
  let near: Application;
  let far: Application;
  beforeAll(async () => {
    applications = new Applications();
    near = await applications.start({ providers: [Worker] });
    far = await applications.start();
    await far.seen('k', 1);
  });
  afterAll(() => applications.closeAll());

  describe.each([
    ['the same node', () => near],
    ['another node', () => far],
  ])('called from %s', (_, from) => {
    const failureOf = async (name: string, payload?: unknown): Promise<RemoteError> => {
      const error: unknown = await from()
        .processes.call(target, name, payload)
        .catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(RemoteError);
      return error as RemoteError;
    };

    it.each(['validate', 'passOn'])(
      'an HttpException arrives with its status and fields (%s)',
      async (name) => {
        const error = await failureOf(name, 'validate');
        expect(Object.fromEntries(Object.entries(error))).toEqual({
          code: 'REMOTE',
          status: 400,
          statusCode: 400,
          expose: true,
          remote: {
            name: 'BadRequestException',
            code: undefined,
            message: 'Bad Request Exception',
            status: 400,
            response: {
              message: ['price must be a number', 'item should not be empty'],
              error: 'Bad Request',
              statusCode: 400,
            },
          },
        });
        expect(error).not.toHaveProperty('cause');
      },
    );

    it('a status of 500 or more exposes nothing, and one that is no error is left out', async () => {
      expect(await failureOf('broken')).toMatchObject({ status: 500, expose: false });
      const strange = await failureOf('strange');
      expect(strange).not.toHaveProperty('status');
      expect(strange.remote).not.toHaveProperty('status');
    });

    it('an RpcException arrives with its details, and a custom error with its name and code, without its other properties', async () => {
      expect((await failureOf('rpc')).remote).toMatchObject({
        name: 'RpcException',
        details: { status: 'error', item: 'tea' },
      });
      expect((await failureOf('custom')).remote).toEqual({
        name: 'OutOfStock',
        code: 'OUT_OF_STOCK',
        message: 'no tea',
      });
    });

    it('stacks of the handler stay where it ran', async () => {
      expect((await failureOf('custom')).stack).not.toContain('Worker.custom');
    });
  });

  it('what a handler says on purpose is not logged as an error, and a bug is', async () => {
    applications.logger.lines.length = 0;
    const errors = () => applications.logger.lines.filter(({ level }) => level === 'error');
    const swallow = (): undefined => undefined;
    for (const name of ['rpc', 'validate', 'teapot']) {
      await far.processes.call(target, name).catch(swallow);
      await far.processes.call(target, 'passOn', name).catch(swallow);
    }
    expect(errors()).toEqual([]);
    await far.processes.call(target, 'custom').catch(swallow);
    expect(errors()).toHaveLength(1);
  });

  it('a filter sees what a handler says on purpose, and an RpcException that no filter takes is not logged', async () => {
    @Catch(RangeError)
    class RangeFilter implements ExceptionFilter<RangeError> {
      catch(): unknown {
        return 'mapped';
      }
    }
    @Catch(RpcException)
    class RpcFilter implements ExceptionFilter<RpcException> {
      catch(error: RpcException): unknown {
        return error.getError();
      }
    }
    @Injectable()
    @RegisterVia('pg', 'filtered')
    class Filtered {
      @HandleCall()
      @UseFilters(RangeFilter)
      other(): void {
        throw new RpcException('deliberate');
      }
      @HandleCall()
      @UseFilters(RangeFilter, RpcFilter)
      own(): void {
        throw new RpcException('deliberate');
      }
    }
    const app = await applications.start({ providers: [Filtered] });
    applications.logger.lines.length = 0;
    const filtered = via('pg', 'filtered');
    await expect(app.processes.call(filtered, 'other')).rejects.toMatchObject({
      remote: { details: 'deliberate' },
    });
    await expect(app.processes.call(filtered, 'own')).resolves.toBe('deliberate');
    expect(applications.logger.lines.filter(({ level }) => level === 'error')).toEqual([]);
  });
});

describe('a browser', () => {
  @Controller()
  class Front {
    constructor(readonly processes: ProcessService) {}
    @Get(':name')
    async ask(@Param('name') name: string): Promise<unknown> {
      return await this.processes.call(target, name);
    }
  }

  const logger = new MemoryLogger();
  async function start(metadata: object, use: (app: INestApplication) => void = () => undefined) {
    const bus = localBus();
    @Module({
      imports: [PgRegistryModule.forRoot({ transport: localTransport({ bus }) })],
      providers: [Worker],
    })
    class BackModule {}
    const { providers = [] } = metadata as { providers?: [] };
    @Module({
      imports: [PgRegistryModule.forRoot({ transport: localTransport({ bus }) })],
      controllers: [Front],
      providers,
    })
    class FrontModule {}
    const options = { logger: logger as LoggerService, forceCloseConnections: true };
    const back = await NestFactory.createApplicationContext(BackModule, options);
    const front = await NestFactory.create(FrontModule, options);
    use(front);
    await front.listen(0, '127.0.0.1');
    await new Application(front).seen('k', 1);
    logger.lines.length = 0;
    const url = await front.getUrl();
    return {
      ask: async (name: string): Promise<unknown> => {
        const response = await fetch(`${url}/${name}`);
        return [response.status, await response.json()];
      },
      [Symbol.asyncDispose]: async () => {
        await front.close();
        await back.close();
      },
    };
  }
  const errors = () => logger.lines.filter(({ level }) => level === 'error').length;

  it("gets the status and message of a remote HttpException from Nest's own filter", async () => {
    await using app = await start({});
    expect(await app.ask('validate')).toEqual([400, { statusCode: 400, message: 'Bad Request Exception' }]);
    expect(await app.ask('teapot')).toEqual([418, { statusCode: 418, message: 'short and stout' }]);
    expect(await app.ask('custom')).toEqual([500, { statusCode: 500, message: 'Internal server error' }]);
  });

  it.each([
    ['APP_FILTER', { providers: [{ provide: APP_FILTER, useClass: RemoteErrorFilter }] }, undefined],
    [
      'useGlobalFilters',
      {},
      (app: INestApplication) => void app.useGlobalFilters(new RemoteErrorFilter(app.getHttpAdapter())),
    ],
  ])('gets the fields of a remote HttpException with RemoteErrorFilter as %s', async (_, metadata, use) => {
    await using app = await start(metadata, use);
    expect(await app.ask('validate')).toEqual([400, validation.getResponse()]);
    expect(await app.ask('teapot')).toEqual([418, { statusCode: 418, message: 'short and stout' }]);
    expect(errors()).toBe(0);
    expect(await app.ask('broken')).toEqual([
      500,
      { message: 'the disk is full', error: 'Internal Server Error', statusCode: 500 },
    ]);
    expect(await app.ask('custom')).toEqual([500, { statusCode: 500, message: 'Internal server error' }]);
    // One of each here, and the last one where it was thrown, too.
    expect(errors()).toBe(3);
  });

  it('RemoteErrorFilter without an HTTP adapter says how to make it', () => {
    const host = { getType: () => 'http' };
    const error = new RemoteError('m', { remote: { name: 'Error', code: undefined, message: 'm' } });
    expect(() => new RemoteErrorFilter().catch(error, host as never)).toThrow(
      'RemoteErrorFilter needs the HTTP adapter: provide it as { provide: APP_FILTER, useClass: RemoteErrorFilter }',
    );
    expect(() => new RemoteErrorFilter().catch(error, { getType: () => 'graphql' } as never)).toThrow(error);
  });
});
