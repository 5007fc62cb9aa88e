/** The example of `createTestCluster`, as a user would paste it. */
import { Module } from '@nestjs/common';
import { createTestCluster, type TestCluster } from 'nestjs-pg-registry/testing';

@Module({})
// oxlint-disable-next-line typescript/no-extraneous-class
class JobsModule {}

describe('jobs', () => {
  let cluster: TestCluster;
  beforeEach(async () => {
    cluster = await createTestCluster({ nodes: 3, modules: [JobsModule], options: { scopes: ['jobs'] } });
  });
  afterEach(() => cluster.close());

  it('jobs are forgotten when their node crashes', async () => {
    const [first, second] = cluster.nodes;
    first.registry('jobs').register('job-1');
    await cluster.settle();
    expect(second.registry('jobs').members('job-1')).toHaveLength(1);

    cluster.crash(first);
    await cluster.settle();
    expect(second.registry('jobs').members('job-1')).toEqual([]);
    cluster.expectConverged();
  });
});
