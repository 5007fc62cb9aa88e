/**
 * Five projects: `unit` (beside the code, the report of the benchmarks, and what tests share), `nest12` (what touches Nest once more, on its next
 * version), `conformance` (the ancestors' rules), `simulation` (whole clusters on a virtual network), `e2e` (real processes,
 * real nats-server).
 */
const shared = {
  rootDir: __dirname,
  testEnvironment: 'node',
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
      { jsc: { parser: { syntax: 'ecmascript' }, target: 'es2022' }, module: { type: 'commonjs' } },
    ],
  },
  transformIgnorePatterns: ['/node_modules/(?!@nestjs/)'],
  modulePathIgnorePatterns: ['/dist/'],
};

module.exports = {
  coverageProvider: 'v8',
  // Far more than any test takes, because the machine may be busy with other work.
  testTimeout: 180_000,
  // A worker keeps some megabytes of each file that it ran, and collecting a heap of a gigabyte takes longer than the
  // time limits of some tests.
  workerIdleMemoryLimit: '600MB',
  projects: [
    {
      ...shared,
      displayName: 'unit',
      testMatch: [
        '<rootDir>/libs/**/*.spec.ts',
        '<rootDir>/apps/**/*.spec.ts',
        '<rootDir>/test/{bench,fuzz,support}/**/*.spec.ts',
      ],
    },
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
