import { inspect } from 'node:util';
import type { Failure } from './queue-store';

/** What is kept of an error: beyond this, causes and stacks fill the file and help nobody. */
const DETAIL_LENGTH = 20_000;

/** An error as the queue keeps it: its message, and the whole with stack and causes. */
export function describeFailure(error: Error): Failure {
  const detail = inspect(error, { depth: 4, colors: false });
  return {
    message: error.message,
    detail: detail.length > DETAIL_LENGTH ? `${detail.slice(0, DETAIL_LENGTH)}…` : detail,
  };
}
