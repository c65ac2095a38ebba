import fs from 'node:fs';
import { createLogger } from '../../src/support/logger';
import { CENTRAL, labelWork, runInScope } from '../../src/support/scope-holder';

/** The lines that are logged meanwhile. */
function lines(work: () => void): Record<string, unknown>[] {
  const written: string[] = [];
  const write = jest.spyOn(fs, 'writeSync').mockImplementation((_fd: number, text: string) => {
    written.push(text);
    return text.length;
  });
  try {
    work();
  } finally {
    write.mockRestore();
  }
  return written.map((line) => {
    // Once: JSON.parse would take the last of several
    expect(line.match(/"tenantId"/g) ?? []).toHaveLength(line.includes('Acme') ? 1 : 0);
    return JSON.parse(line) as Record<string, unknown>;
  });
}

test('a line that is logged in the work of a tenant has its id, once', () => {
  const logger = createLogger();
  const logged = lines(() => {
    runInScope({ kind: 'tenant', tenantId: 'acme' }, () => {
      logger.info('Acme');
      logger.info({ tenantId: 'another' }, 'Acme itself');
      logger.child({ part: 'billing' }).warn({ order: 7 }, 'Acme owes');
    });
  });
  expect(logged).toMatchObject([
    { tenantId: 'acme', msg: 'Acme' },
    { tenantId: 'another' },
    { tenantId: 'acme', part: 'billing', order: 7 },
  ]);
});

test('a line has the ids of the work that it is logged in, and of the work around that', () => {
  const logger = createLogger();
  const logged = lines(() => {
    runInScope(CENTRAL, () => {
      labelWork({ requestId: 'r' });
      runInScope({ kind: 'tenant', tenantId: 'acme' }, () => {
        labelWork({ jobId: 'j' });
        logger.info('Acme');
      });
      logger.info('Central');
    });
    labelWork({ requestId: 'of nobody' });
    logger.info('Nobody');
  });
  expect(logged.map(({ requestId, jobId, tenantId }) => [requestId, jobId, tenantId])).toEqual([
    ['r', 'j', 'acme'],
    ['r', undefined, undefined],
    [undefined, undefined, undefined],
  ]);
});

test('a line of the application itself, or of nobody, has none', () => {
  const logger = createLogger();
  const logged = lines(() => {
    runInScope(CENTRAL, () => logger.info('Central'));
    logger.info('Nobody');
  });
  expect(logged).toHaveLength(2);
});
