import { NatsServer } from '../../support/nats-server';
import type { Cluster } from './cluster';
import { LocalCluster } from './local-cluster';
import { NatsCluster } from './nats-cluster';

/**
 * Defines tests twice: on the local transport and on a real nats-server.
 *
 * @param define Gets a function that returns the cluster of the current test, which is closed after the test
 */
export function onEveryTransport(define: (cluster: () => Cluster) => void): void {
  describe('on the local transport', () => {
    let cluster: Cluster;
    beforeEach(() => {
      cluster = new LocalCluster();
    });
    afterEach(() => cluster.close());
    define(() => cluster);
  });

  describe('on the nats transport', () => {
    let server: NatsServer;
    let cluster: Cluster;
    beforeAll(async () => {
      server = await NatsServer.start();
    });
    beforeEach(() => {
      cluster = new NatsCluster(server);
    });
    afterEach(() => cluster.close());
    afterAll(() => server[Symbol.asyncDispose]());
    define(() => cluster);
  });
}
