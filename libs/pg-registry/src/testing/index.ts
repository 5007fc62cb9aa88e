/**
 * testing/ runs a whole cluster inside one test: `nestjs-pg-registry/testing`, for the tests of applications.
 *
 * {@link createTestCluster} starts real Nest applications, each a node of its own, on one bus in memory: real frames, real
 * codec, real liveness with short times, and no broker. The methods of {@link TestCluster} cause and end faults. Promises:
 * `settle` resolves when every view matches the network; the same seed loses the same messages; after `close` nothing
 * runs any more. It depends on no test framework.
 *
 * May import: term, node, transport, transport/local, nest, rxjs, @nestjs/common, @nestjs/core.
 *
 * @packageDocumentation
 */
export { createTestCluster, TestCluster } from './test-cluster';
export { TEST_TIMING, type TestClusterOptions, type TestNodeSettings } from './test-cluster-options';
export { TestNode } from './test-node';
