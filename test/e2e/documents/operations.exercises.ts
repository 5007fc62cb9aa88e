import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import {
  type DynamicModule,
  type INestApplication,
  type INestMicroservice,
  Module,
  type Type,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type ConnectionOptions, connect, type NatsConnection } from 'nats';
import {
  type Permissions,
  PgRegistryClient,
  PgRegistryModule,
  PgRegistryNode,
  type Pid,
  type Transport,
} from 'nestjs-pg-registry';
import { BlockModule } from './block-module';
import { eventually } from '../../support/eventually';
import { blocksOf, ROOT } from '../../support/code-blocks';
import { NatsServer } from '../../support/nats-server';
import { guardAgainstOrphan } from '../../support/orphan-guard';
import type { Exercise } from './exercise';

const LIVENESS = 'docs/guide/liveness.md';
const SECURITY = 'docs/guide/security.md';
const PERMISSIONS = `${SECURITY}#a-user-with-permissions-for-each-node`;

/** A provider whose start fails. */
class Refusing {
  onModuleInit(): never {
    throw new Error('deliberate');
  }
}

/** The configuration of nats-server that a page gives. */
function configOf(page: string): string {
  return blocksOf(page).find(({ language }) => language === 'conf')!.code;
}

/** The blocks of the pages about running an application. */
export const operationsExercises: Readonly<Record<string, Exercise>> = {
  'docs/guide/observing.md#the-page': async (harness) => {
    const env = { NATS_URL: harness.url, OPERATOR_PASSWORD: 'secret' };
    const { AppModule } = harness.run<{ AppModule: Type }>({ process: { env } }).exports;
    const app = await NestFactory.create(AppModule, { logger: ['error', 'fatal'] });
    try {
      await app.listen(0, '127.0.0.1');
      const ask = async (path: string, headers = {}): Promise<Response> =>
        await fetch(`${await app.getUrl()}/pg-registry${path}`, { headers });
      const refused = await ask('');
      expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([
        401,
        'Basic realm="PgRegistry"',
      ]);
      const headers = { authorization: `Basic ${btoa('operator:secret')}` };
      expect((await ask('', headers)).status).toBe(200);
      expect(await (await ask('/api/nodes', headers)).json()).toMatchObject([{ answer: 'ok' }]);
    } finally {
      await app.close();
    }
  },

  'docs/guide/liveness.md#asking-the-node': async (harness) => {
    const { node, processes } = await harness.surround();
    const { look } = harness.run<{ look: (node: PgRegistryNode, pid: Pid) => string }>().exports;
    await eventually(() => expect(look(node, processes.self())).toBe('no-responders'));
  },

  [`${LIVENESS}#hints-from-the-server`]: async (harness) => {
    const server = await NatsServer.start({ config: configOf(LIVENESS) });
    const connections: NatsConnection[] = [];
    const remember = async (options: ConnectionOptions): Promise<NatsConnection> => {
      const connection = await connect(options);
      connections.push(connection);
      return connection;
    };
    try {
      const globals = { process: { env: { NATS_URL: server.url } } };
      const { transport } = harness.run<{ transport: () => Promise<Transport> }>(globals, {
        nats: { connect: remember },
      }).exports;
      @Module({ imports: [PgRegistryModule.forRoot({ transport: await transport() })] })
      class HintedModule {}
      const app = await harness.start(HintedModule);
      expect(app.get(PgRegistryNode).stats().connected).toBe(true);
      await harness.close();
      await connections[0].flush();
      expect(connections).toHaveLength(1);
      expect(server.log).not.toContain('Violation');
    } finally {
      for (const connection of connections) await connection.close();
      await server[Symbol.asyncDispose]();
    }
  },

  'docs/guide/deploys.md': async ({ block }) => {
    // A signal needs a process of its own.
    const cache = join(ROOT, 'node_modules', '.cache');
    mkdirSync(cache, { recursive: true });
    const folder = mkdtempSync(join(cache, 'block-'));
    try {
      writeFileSync(join(folder, 'app.ts'), blocksOf('docs/guide/processes-and-names.md')[0].code);
      writeFileSync(join(folder, 'main.ts'), block.code);
      const child = spawn(
        process.execPath,
        ['-r', join(ROOT, 'test', 'support', 'register.cjs'), join(folder, 'main.ts')],
        { env: { ...process.env, PORT: '0' }, stdio: ['ignore', 'pipe', 'inherit'] },
      );
      const unguard = guardAgainstOrphan(child.pid!);
      let log = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => (log += text));
      await eventually(() => expect(log).toContain('successfully started'), { timeoutMs: 20_000 });
      child.kill('SIGTERM');
      const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
      unguard();
      expect({ code, signal }).toEqual({ code: null, signal: 'SIGTERM' });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },

  'docs/guide/deploys.md#a-start-that-fails': async ({ app: { exports }, block }) => {
    @Module({ imports: [exports.AppModule], providers: [Refusing] })
    class FailingModule {}
    const modules = { './app.js': { AppModule: FailingModule } };
    const { exports: main } = new BlockModule<{ startOrLeave(): Promise<unknown> }>(block, { modules });
    const closed = jest.spyOn(PgRegistryNode.prototype, 'close');
    await expect(main.startOrLeave()).rejects.toThrow('deliberate');
    expect(closed).toHaveBeenCalledTimes(1);
    closed.mockRestore();
  },

  'docs/guide/deploys.md#readiness-and-liveness': async (harness) => {
    const { HealthController } = harness.run<{ HealthController: Type }>().exports;
    @Module({ imports: [PgRegistryModule.forRoot()], controllers: [HealthController] })
    class ReadyModule {}
    const app: INestApplication = await NestFactory.create(ReadyModule, { logger: ['error', 'fatal'] });
    try {
      await app.listen(0, '127.0.0.1');
      const probe = async (name: string): Promise<unknown> => {
        const response = await fetch(`${await app.getUrl()}/health/${name}`);
        return [response.status, await response.json()];
      };
      const answer = (status: string) => ({ pgRegistry: expect.objectContaining({ status }) as unknown });
      expect(await probe('ready')).toEqual([200, answer('up')]);
      await app.get(PgRegistryNode).drain();
      expect(await probe('ready')).toEqual([503, answer('down')]);
      expect(await probe('alive')).toEqual([200, answer('up')]);
    } finally {
      await app.close();
    }
  },

  'docs/guide/tuning.md#options-from-a-factory-or-a-class': async (harness) => {
    const env = { NATS_URL: harness.url };
    const { ShopModule } = harness.run<{ ShopModule: Type }>({ process: { env } }).exports;
    const app = await harness.start(ShopModule);
    expect(app.get(PgRegistryNode).stats()).toMatchObject({
      connected: true,
      scopes: { orders: { entries: 0 } },
    });
  },

  [PERMISSIONS]: async (harness) => {
    const { publish, subscribe } = JSON.parse(harness.run<object>().printed.join('\n')) as Permissions;
    const allowed = [...configOf(SECURITY).matchAll(/allow: (\[[^\]]*\])/g)].map(
      ([, list]) => JSON.parse(list.replaceAll(/#.*$/gm, '')) as string[],
    );
    expect(allowed).toEqual([publish.allow, subscribe.allow]);
  },

  [`${PERMISSIONS} 2`]: async (harness) => {
    const server = await NatsServer.start({ config: configOf(SECURITY) });
    try {
      const env = { NATS_URL: server.url };
      const { registry } = harness.run<{ registry: DynamicModule }>({ process: { env } }).exports;
      @Module({ imports: [registry] })
      class OrdersModule {}
      const app = await harness.start(OrdersModule);
      await app.get(PgRegistryNode).synced();
      expect(app.get(PgRegistryNode).stats().connected).toBe(true);
      await harness.close();
      expect(server.log).not.toContain('Violation');
    } finally {
      await server[Symbol.asyncDispose]();
    }
  },

  [`${SECURITY}#a-secret-that-all-nodes-share`]: async (harness) => {
    const env = { NATS_URL: harness.url, PG_KEY_1: 'the secret of this cluster, 32 bytes or more' };
    const start = async (given: Readonly<Record<string, string>>): Promise<PgRegistryNode> => {
      const { registry } = harness.run<{ registry: DynamicModule }>({ process: { env: given } }).exports;
      @Module({ imports: [registry] })
      class SharingModule {}
      const app = await harness.start(SharingModule);
      return app.get(PgRegistryNode);
    };
    const [one, other] = [await start(env), await start(env)];
    await eventually(() => expect(one.peers().map(({ node }) => node)).toEqual([other.name]));
    const stranger = await start({ NATS_URL: harness.url });
    await eventually(() => expect(one.stats().refused['forged']).toBeGreaterThan(0));
    expect(stranger.peers()).toEqual([]);
  },

  'docs/guide/microservices.md': async (harness) => {
    const block = harness.run<{
      Shop: Type<{
        buy(items: string[]): Promise<string>;
        firstTicks(): Promise<number[]>;
        announce(item: string): Promise<void>;
      }>;
      start(): Promise<INestApplication>;
    }>();
    const app = await block.exports.start();
    try {
      const shop = app.get(block.exports.Shop);
      await expect(shop.buy(['book', 'pen'])).resolves.toBe('14 EUR');
      await expect(shop.firstTicks()).resolves.toEqual([7, 8, 9]);
      await shop.announce('book');
      await eventually(() => expect(block.printed).toEqual(['book has another price']));
    } finally {
      await app.close();
    }
  },

  'docs/guide/microservices.md 2': async (harness) => {
    const block = harness.run<{ startWithoutHttp(): Promise<INestMicroservice> }>();
    const app = await block.exports.startWithoutHttp();
    expect(app.get<object>('PRICES')).toBe(app.get(PgRegistryClient));
    await app.close();
  },
};
