import { Controller, type INestMicroservice, Module, type OnApplicationBootstrap } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { EventPattern, MessagePattern } from '@nestjs/microservices';
import { firstValueFrom } from 'rxjs';
import { eventually } from '../../../../test/support/eventually';
import { PgRegistryModule } from '../nest';
import { PgRegistryNode } from '../node';
import { createTestCluster, type TestCluster } from '../testing';
import { localBus, localTransport } from '../transport/local';
import { createMicroserviceCluster } from './microservice.fixture';
import { PgRegistryClient, PgRegistryServer } from '.';

/** A handler that is busy until the test lets it go on. */
class Gate {
  waiting = 0;
  open!: () => void;
  readonly opened = new Promise<void>((resolve) => (this.open = resolve));
}

@Controller()
class GateController {
  readonly #gate: Gate;
  readonly #node: PgRegistryNode;

  constructor(gate: Gate, node: PgRegistryNode) {
    this.#gate = gate;
    this.#node = node;
  }

  @MessagePattern('pass')
  async pass(): Promise<string> {
    this.#gate.waiting += 1;
    await this.#gate.opened;
    return this.#node.name;
  }

  @MessagePattern('who')
  who(): string {
    return this.#node.name;
  }
}

@Module({ controllers: [GateController], providers: [Gate] })
// oxlint-disable-next-line typescript/no-extraneous-class
class GateModule {}

describe('PgRegistryServer', () => {
  let cluster: TestCluster | undefined;
  afterEach(async () => {
    await cluster?.close();
    cluster = undefined;
  });

  const rpc = (on: TestCluster, node: string, pattern: string) =>
    on.node(node).registry('rpc').lookup(pattern);

  it('the server registers each pattern once, in scope rpc', async () => {
    cluster = await createMicroserviceCluster([GateModule]);
    expect(rpc(cluster, 'a', 'who').map(({ pid, value }) => [pid.node, value])).toEqual([
      ['a', null],
      ['b', null],
    ]);
  });

  it('the server registers nothing before the application has bootstrapped', async () => {
    let seen: number | undefined;
    @Module({ imports: [GateModule] })
    class EagerModule implements OnApplicationBootstrap {
      readonly #node: PgRegistryNode;

      constructor(node: PgRegistryNode) {
        this.#node = node;
      }

      onApplicationBootstrap(): void {
        seen = this.#node.scope('rpc').count();
      }
    }
    cluster = await createMicroserviceCluster([EagerModule], { nodes: ['a'] });
    expect(seen).toBe(0);
    expect(rpc(cluster, 'a', 'who')).toHaveLength(1);
  });

  it('the server refuses a pattern with a NATS wildcard, by name', async () => {
    @Controller()
    class WildController {
      @EventPattern('orders.*')
      on(): void {
        // Never called.
      }
    }
    @Module({ controllers: [WildController] })
    // oxlint-disable-next-line typescript/no-extraneous-class
    class WildModule {}
    await expect(createMicroserviceCluster([WildModule], { nodes: ['a'] })).rejects.toThrow("'orders.*'");
  });

  it('the server leaves patterns with a wildcard to the transports that they are for', async () => {
    @Controller()
    class OtherController {
      @EventPattern('orders.>', Symbol('another transport'))
      on(): void {
        // Never called.
      }
    }
    @Module({ controllers: [OtherController] })
    // oxlint-disable-next-line typescript/no-extraneous-class
    class OtherModule {}
    cluster = await createMicroserviceCluster([OtherModule], { nodes: ['a'] });
    expect(cluster.node('a').registry('rpc').count()).toBe(0);
  });

  it('a server that Nest closes finishes running requests, while others take new ones', async () => {
    const on = (cluster = await createMicroserviceCluster([GateModule]));
    const [client, server, gate] = [PgRegistryClient, PgRegistryServer, Gate].map((type) =>
      on.node('a').get<unknown>(type),
    ) as [PgRegistryClient, PgRegistryServer, Gate];
    const answer = firstValueFrom(client.send('pass', ''));
    await eventually(() => gate.waiting === 1);
    const closed = Promise.all([server.close(), server.close()]);
    await expect(firstValueFrom(client.send('who', ''))).resolves.toBe('b');
    gate.open();
    await expect(answer).resolves.toBe('a');
    await closed;
    await expect(firstValueFrom(client.send('who', ''))).resolves.toBe('b');
    await server.close();
  });

  it('the server does not wait for longer than its grace period', async () => {
    const on = (cluster = await createMicroserviceCluster([GateModule], { nodes: 1 }, { gracePeriodMs: 10 }));
    const answer = firstValueFrom(on.nodes[0].get(PgRegistryClient).send('pass', ''));
    await eventually(() => on.nodes[0].get(Gate).waiting === 1);
    await Promise.all([
      expect(answer).rejects.toMatchObject({ code: 'PROCESS_EXITED', mayHaveExecuted: true }),
      on.nodes[0].get(PgRegistryServer).close(),
    ]);
  });

  it('the server finishes running requests when the application stops', async () => {
    const on = (cluster = await createMicroserviceCluster([GateModule]));
    const answer = firstValueFrom(on.node('a').get(PgRegistryClient).send('pass', ''));
    await eventually(() => on.node('a').get(Gate).waiting === 1);
    const stopped = on.stop('a');
    on.node('a').get(Gate).open();
    await expect(answer).resolves.toBe('a');
    await stopped;
  });

  it('the server works in an application that is nothing but a microservice', async () => {
    const bus = localBus();
    @Module({
      imports: [
        PgRegistryModule.forRoot({
          node: 'pure',
          transport: localTransport({ bus }),
          settleMs: 10,
          drainAckMs: 10,
        }),
        GateModule,
      ],
    })
    // oxlint-disable-next-line typescript/no-extraneous-class
    class PureModule {}
    const app: INestMicroservice = await NestFactory.createMicroservice(PureModule, {
      logger: false,
      inject: [PgRegistryServer],
      useFactory: (strategy: PgRegistryServer) => ({ strategy }),
    } as never);
    await app.listen();
    await expect(firstValueFrom(app.get(PgRegistryClient).send('who', ''))).resolves.toBe('pure');
    await app.close();
  });

  it('the server shows the node and its connection', async () => {
    const on = (cluster = await createMicroserviceCluster([GateModule]));
    const { node } = on.node('a');
    const told: string[] = [];
    const [server, client] = [on.node('a').get(PgRegistryServer), on.node('a').get(PgRegistryClient)];
    expect([server.unwrap(), client.unwrap()]).toEqual([node, node]);
    server.status.subscribe((status) => told.push(status));
    client.on('disconnect', () => told.push('on disconnect'));
    client.on('reconnect', () => told.push('on reconnect'));
    on.disconnect('a');
    on.reconnect('a');
    expect(told).toEqual(['connected', 'disconnected', 'on disconnect', 'connected', 'on reconnect']);
  });

  it('the server emits update when the peers of its node change', async () => {
    const on = (cluster = await createMicroserviceCluster([GateModule]));
    const told: number[] = [];
    on.node('a')
      .get(PgRegistryServer)
      .on('update', (peers) => told.push(peers.length));
    on.crash('b');
    await eventually(() => expect(told.at(-1)).toBe(0));
  });

  it('the server puts handlers that name no queue group into the one that it was given', async () => {
    const on = (cluster = await createMicroserviceCluster([GateModule], { nodes: 1 }, { queue: 'gates' }));
    expect(rpc(on, 'node1', 'who')).toMatchObject([{ value: { queue: 'gates' } }]);
  });

  it('scope rpc runs only on nodes that listen or send', async () => {
    const on = (cluster = await createTestCluster({ nodes: 1 }));
    const scopes = (): string[] => Object.keys(on.nodes[0].node.stats().scopes);
    expect(scopes()).toEqual(['pg']);
    await on.nodes[0].get(PgRegistryClient).connect();
    expect(scopes()).toEqual(['pg', 'rpc']);
  });

  it('the server refuses options by name', async () => {
    const on = (cluster = await createTestCluster({ nodes: 1 }));
    const server = on.nodes[0].get(PgRegistryServer);
    expect(() => server.configure({ queue: '' })).toThrow("'queue'");
    expect(() => server.configure({ gracePeriodMs: -1 })).toThrow("'gracePeriodMs'");
    expect(() => server.configure({ quue: 'q' } as never)).toThrow("'quue'");
  });
});
