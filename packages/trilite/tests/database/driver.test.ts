import {
  driverVersions,
  refuseCrashingPair,
  refuseOldSqlite,
} from '../../src/database/connection-driver';

test('better-sqlite3 13 on a Node without Node-API 10 is refused before it can crash', () => {
  expect(() => refuseCrashingPair('13.2.0', 9, '20.20.2')).toThrow(
    expect.objectContaining({ code: 'E_DATABASE_DRIVER', help: expect.stringContaining('~12.11') }),
  );
  expect(() => refuseCrashingPair('13.2.0', 10, '22.14.0')).not.toThrow();
  expect(() => refuseCrashingPair('12.11.1', 9, '20.20.2')).not.toThrow();
});

test('an SQLite older than 3.51.3 is refused', () => {
  expect(() => refuseOldSqlite('3.51.2')).toThrow(
    expect.objectContaining({ code: 'E_DATABASE_DRIVER' }),
  );
  expect(() => refuseOldSqlite('3.51.3')).not.toThrow();
  expect(() => refuseOldSqlite('3.53.0')).not.toThrow();
});

test('the versions in use can be told', () => {
  expect(driverVersions()).toEqual({
    driver: expect.stringMatching(/^\d+\.\d+\.\d+$/),
    sqlite: expect.stringMatching(/^3\./),
  });
});
