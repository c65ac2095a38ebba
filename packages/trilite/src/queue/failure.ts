import { inspect } from 'node:util';
import { messageOf } from '../support/errors';
import type { Failure } from './queue-store';

/** What is kept of an error: beyond this, causes and stacks fill the file and help nobody. */
const DETAIL_LENGTH = 20_000;

/** An error as the queue keeps it: its message, and the whole with stack and causes. Never throws, whatever the error is. */
export function describeFailure(error: Error): Failure {
  const message = messageOf(error);
  const detail = detailOf(error, message);
  return {
    message,
    detail: detail.length > DETAIL_LENGTH ? `${detail.slice(0, DETAIL_LENGTH)}…` : detail,
  };
}

function detailOf(error: Error, message: string): string {
  try {
    return inspect(error, { depth: 4, colors: false });
  } catch {
    return message; // its own inspection throws
  }
}
