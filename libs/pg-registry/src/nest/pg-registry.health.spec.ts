import { Test } from '@nestjs/testing';
import { localBus, localTransport } from '../transport/local';
import { PgRegistryHealthIndicator } from './pg-registry.health';
import { PgRegistryModule } from './pg-registry.module';

describe('the health indicator', () => {
  it('the health indicator is up once the application has started, and down as soon as it is closed', async () => {
    const module = await Test.createTestingModule({
      imports: [PgRegistryModule.forRoot({ transport: localTransport() })],
    }).compile();
    const indicator = module.get(PgRegistryHealthIndicator);
    expect(await indicator.isHealthy()).toMatchObject({ pgRegistry: { status: 'down' } });
    await module.init();
    expect(await indicator.isHealthy('registry')).toMatchObject({ registry: { status: 'up', peers: 0 } });
    await module.close();
    expect(await indicator.isHealthy()).toMatchObject({ pgRegistry: { status: 'down', state: 'stopped' } });
  });

  it('while the broker is away a node is alive and not ready; when it has stopped it is neither', async () => {
    const bus = localBus();
    const module = await Test.createTestingModule({
      imports: [PgRegistryModule.forRoot({ node: 'a', transport: localTransport({ bus }) })],
    }).compile();
    const indicator = module.get(PgRegistryHealthIndicator);
    const probes = async () => [
      (await indicator.isReady()).pgRegistry.status,
      indicator.isAlive().pgRegistry.status,
    ];
    expect(await probes()).toEqual(['down', 'up']);
    await module.init();
    expect(await probes()).toEqual(['up', 'up']);
    bus.disconnect('a');
    expect(await probes()).toEqual(['down', 'up']);
    bus.reconnect('a');
    expect(await probes()).toEqual(['up', 'up']);
    await module.close();
    expect(await probes()).toEqual(['down', 'down']);
    expect(indicator.isAlive('registry')).toEqual({
      registry: { status: 'down', reason: 'the node has stopped', state: 'stopped', overdueMs: 0 },
    });
  });
});
