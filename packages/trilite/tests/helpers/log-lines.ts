import type { Application } from 'trilite';

/** What was logged. */
export interface LogLine {
  readonly message: string;
  readonly [field: string]: unknown;
}

/** Keeps what is logged at a level from now on, and prints none of it. */
export function keepLines(
  { logger }: Pick<Application, 'logger'>,
  level: 'info' | 'warn' | 'error' = 'info',
): LogLine[] {
  const kept: LogLine[] = [];
  jest.spyOn(logger, level).mockImplementation(((fields: object, message: string) => {
    kept.push({ ...fields, message });
  }) as typeof logger.info);
  return kept;
}
