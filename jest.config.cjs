/**
 * Six projects: `unit` (beside the code, and what tests share; fast enough to run at each save), `properties` (beside the code, too: what searches
 * for a counter-example or measures a cost; and the fuzzer and the comparison of benchmarks as programs), `nest12` (what touches Nest once more, on
 * its next version), `conformance` (the ancestors' rules), `simulation` (whole clusters on a virtual network), `e2e` (real processes, real
 * nats-server).
 */
const { availableParallelism } = require('node:os');

const shared = {
  rootDir: __dirname,
  testEnvironment: '<rootDir>/test/support/test-environment.cjs',
  transform: {
    '^.+\\.ts$': ['@swc/jest', require('./test/support/swc-options.cjs')],
  },
  moduleNameMapper: {
    '^nestjs-pg-registry$': '<rootDir>/libs/pg-registry/src',
    '^nestjs-pg-registry/(microservice|testing)$': '<rootDir>/libs/pg-registry/src/$1',
    '^nestjs-pg-registry/observer$': '<rootDir>/libs/pg-registry/src/observer-page',
  },
  modulePathIgnorePatterns: ['/dist/', '<rootDir>/compat/'],
};

/** What searches or measures: seconds of processor time for each of them, where a unit test takes milliseconds. */
const SEARCHES = [
  'libs/pg-registry/src/**/*.properties.spec.ts',
  'libs/pg-registry/src/protocol/{amplification,heap-bytes,linear-cost}.spec.ts',
  'libs/pg-registry/src/table/sharded-map.spec.ts',
  'libs/pg-registry/src/term/hash/v8-hash.spec.ts',
  'libs/pg-registry/src/wire/codec/weight.spec.ts',
  'test/{bench,fuzz,sizing}/**/*.spec.ts',
];

/**
 * The Nest face and the microservices once more, against Nest 12: an ES module there, made CommonJS by swc, for jest on
 * Node.js 20 has nothing else. (Node.js itself can `require()` it.) Dynamic imports are compiled, too: jest has none.
 */
const nest12 = {
  ...shared,
  moduleNameMapper: {
    ...shared.moduleNameMapper,
    '^(@nestjs/.+|rxjs|rxjs/.+|reflect-metadata)$': '<rootDir>/compat/nest12/node_modules/$1',
  },
  transform: {
    ...shared.transform,
    '/compat/nest12/node_modules/@nestjs/.+\\.js$': [
      '@swc/jest',
      {
        jsc: { parser: { syntax: 'ecmascript' }, target: 'es2022' },
        module: { type: 'commonjs' },
        sourceMaps: true,
      },
    ],
  },
  transformIgnorePatterns: ['/node_modules/(?!@nestjs/)'],
  modulePathIgnorePatterns: ['/dist/'],
};

module.exports = {
  coverageProvider: 'v8',
  // Far more than any test takes, because the machine may be busy with other work.
  testTimeout: 180_000,
  // One more than there are processors on a small machine, because many tests wait; half of a large one, because many start processes.
  maxWorkers: Math.max(Math.min(availableParallelism() + 1, 3), Math.floor(availableParallelism() / 2)),
  testSequencer: '<rootDir>/test/support/longest-first.cjs',
  // A worker keeps some megabytes of each file that it ran, and collecting a heap of a gigabyte takes longer than the
  // time limits of some tests.
  workerIdleMemoryLimit: '600MB',
  projects: [
    {
      ...shared,
      displayName: 'unit',
      testMatch: [
        '<rootDir>/{libs,apps,test/support}/**/*.spec.ts',
        ...SEARCHES.map((files) => `!**/${files}`),
      ],
    },
    { ...shared, displayName: 'properties', testMatch: SEARCHES.map((files) => `<rootDir>/${files}`) },
    {
      ...nest12,
      displayName: 'nest12',
      testMatch: [
        '<rootDir>/libs/pg-registry/src/{nest,microservice,observer-page}/**/*.spec.ts',
        '<rootDir>/test/nest12/**/*.spec.ts',
      ],
    },
    { ...shared, displayName: 'conformance', testMatch: ['<rootDir>/test/conformance/**/*.spec.ts'] },
    { ...shared, displayName: 'simulation', testMatch: ['<rootDir>/test/simulation/**/*.spec.ts'] },
    { ...shared, displayName: 'e2e', testMatch: ['<rootDir>/test/e2e/**/*.spec.ts'] },
  ],
};
