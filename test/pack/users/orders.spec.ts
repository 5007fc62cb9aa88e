import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { natsTransport, PgRegistryModule, PgRegistryNode } from 'nestjs-pg-registry';
import { createTestCluster } from 'nestjs-pg-registry/testing';
import { newAdapter } from './adapter.js';
import { FrontModule, OrdersModule } from './orders.js';

/** For a busy machine. */
const TIMEOUT_MS = 60_000;

/** Runs under Jest and under Vitest, whose globals these are. */
describe('orders', () => {
  it(
    'a cluster in one process',
    async () => {
      const cluster = await createTestCluster({ nodes: 2, modules: [OrdersModule] });
      try {
        expect(cluster.nodes[0].registry().members('orders')).toHaveLength(2);
      } finally {
        await cluster.close();
      }
    },
    TIMEOUT_MS,
  );

  it(
    'a browser, and a node that validates',
    async () => {
      const cluster = await createTestCluster({
        nodes: ['back', 'front'],
        modules: ({ node }) => (node === 'back' ? [OrdersModule] : [FrontModule]),
        application: ({ root }) =>
          NestFactory.create(root, newAdapter(), { logger: false, forceCloseConnections: true }),
      });
      try {
        const app = cluster.node('front').app as INestApplication;
        await app.listen(0, '127.0.0.1');
        const post = async (path: string, body: unknown): Promise<unknown> => {
          const response = await fetch(`${await app.getUrl()}${path}`, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify(body),
          });
          return [response.status, await response.json()];
        };
        const tea = { items: [{ name: 'tea', price: 7 }] };
        expect(await post('/orders', tea)).toEqual([201, { secret: 'not for the browser', total: 7 }]);
        expect(await post('/orders/checked', tea)).toEqual([201, { total: 7 }]);
        expect(await post('/orders/serialized', tea)).toEqual([201, { total: 7 }]);
        expect(await post('/orders/sealed', tea)).toEqual([201, { total: 7 }]);
        expect(await post('/orders/back', tea)).toEqual([201, tea]);
        expect(await post('/orders', { items: [{ name: '', price: 0.5 }] })).toEqual([
          400,
          {
            statusCode: 400,
            error: 'Bad Request',
            message: [
              'items.0.name should not be empty',
              'items.0.price must not be less than 1',
              'items.0.price must be an integer number',
            ],
          },
        ]);
        expect(await post('/orders', { items: [{ name: 'gold', price: 2000 }] })).toEqual([
          400,
          { statusCode: 400, error: 'Bad Request', message: 'too expensive' },
        ]);
      } finally {
        await cluster.close();
      }
    },
    TIMEOUT_MS,
  );

  it(
    'the NATS client is loaded without a flag',
    async () => {
      const app = await NestFactory.createApplicationContext(
        {
          module: class {},
          imports: [
            PgRegistryModule.forRoot({
              transport: natsTransport({ servers: process.env['NATS_URL'] ?? 'nats://127.0.0.1:4222' }),
            }),
          ],
        },
        { logger: false, abortOnError: false },
      );
      expect(app.get(PgRegistryNode).stats().connected).toBe(true);
      await app.close();
    },
    TIMEOUT_MS,
  );
});
