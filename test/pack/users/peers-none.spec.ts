import { NestFactory } from '@nestjs/core';
import { natsTransport, PgRegistryModule, PgRegistryNode, type Transport } from 'nestjs-pg-registry';

/** For a busy machine. */
const TIMEOUT_MS = 60_000;

/** Starts an application. */
const start = (options: { transport?: Transport }) =>
  NestFactory.createApplicationContext(
    { module: class {}, imports: [PgRegistryModule.forRoot(options)] },
    { logger: false, abortOnError: false },
  );

/** Runs under Jest and under Vitest, in an application that has no optional package. */
describe('without any optional package', () => {
  it(
    'an application starts and closes',
    async () => {
      const app = await start({});
      expect(app.get(PgRegistryNode).stats().connected).toBe(true);
      await app.close();
    },
    TIMEOUT_MS,
  );

  it(
    'natsTransport says which packages it could use',
    async () => {
      await expect(start({ transport: natsTransport({ servers: 'nats://127.0.0.1:4222' }) })).rejects.toThrow(
        "needs the package 'nats' or '@nats-io/transport-node', which is not installed",
      );
    },
    TIMEOUT_MS,
  );
});
