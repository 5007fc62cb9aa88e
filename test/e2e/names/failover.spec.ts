import { FailoverCluster, FAILOVERS } from './failover';

describe('a cluster name with JetStream', () => {
  let failovers: FailoverCluster;
  beforeAll(async () => {
    failovers = await FailoverCluster.start();
  });
  afterAll(() => failovers[Symbol.asyncDispose]());

  test.each(FAILOVERS)('never has two holders that believe, and gets the next one after %s', async (kind) => {
    const { overlapMs, tokenRise } = await failovers.run(kind);
    expect(overlapMs).toBeLessThan(0);
    expect(tokenRise).toBeGreaterThan(0);
  });
});
