'use strict';

require('./scripts/tests-in-memory').prepare();

/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: '<rootDir>/dist/testing/environment.js',
  runtime: '<rootDir>/scripts/jest-runtime.js',
  testMatch: ['<rootDir>/tests/**/*.test.ts'],
  // One for each core: on two, jest would leave one idle.
  maxWorkers: '100%',
  globalTeardown: '<rootDir>/scripts/tests-in-memory.js',
  // A guard against what hangs, not a measure: a busy machine is slow.
  testTimeout: 120_000,
  transform: {
    '^.+\\.ts$': ['ts-jest', { tsconfig: '<rootDir>/tests/tsconfig.json', diagnostics: false }],
  },
  // Fixtures and examples write what applications write; here it means the sources.
  moduleNameMapper: {
    '^trilite$': '<rootDir>/src/index.ts',
    '^trilite/(artisan|testing)$': '<rootDir>/src/$1',
  },
};
