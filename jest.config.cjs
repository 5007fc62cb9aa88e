/** Three projects: `unit` (beside the code and type-free), `e2e` (real processes, real nats-server), `conformance`. */
const shared = {
  rootDir: __dirname,
  testEnvironment: 'node',
  transform: {
    '^.+\\.ts$': ['@swc/jest', require('./test/support/swc-options.cjs')],
  },
  moduleNameMapper: {
    '^nestjs-pg-registry$': '<rootDir>/libs/pg-registry/src',
    '^nestjs-pg-registry/(microservice|testing)$': '<rootDir>/libs/pg-registry/src/$1',
  },
  modulePathIgnorePatterns: ['/dist/', '<rootDir>/compat/'],
};

module.exports = {
  coverageProvider: 'v8',
  projects: [
    {
      ...shared,
      displayName: 'unit',
      testMatch: ['<rootDir>/libs/**/*.spec.ts', '<rootDir>/apps/**/*.spec.ts'],
    },
    { ...shared, displayName: 'conformance', testMatch: ['<rootDir>/test/conformance/**/*.spec.ts'] },
    { ...shared, displayName: 'simulation', testMatch: ['<rootDir>/test/simulation/**/*.spec.ts'] },
    { ...shared, displayName: 'e2e', testMatch: ['<rootDir>/test/e2e/**/*.spec.ts'] },
  ],
};
