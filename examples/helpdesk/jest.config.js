'use strict';

/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: 'trilite/testing/environment',
  testMatch: ['<rootDir>/tests/**/*.test.ts'],
  transform: { '^.+\\.ts$': ['ts-jest', { diagnostics: false }] },
};
