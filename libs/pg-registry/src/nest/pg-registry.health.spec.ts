import { Test } from '@nestjs/testing';
import { localTransport } from '../transport/local';
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
});
