import { once } from 'node:events';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { SqliteSettings } from '../../config/schema';
import type { ConnectionFacts } from '../errors';
import { verifyFile, type FileFindings } from './integrity';

/** Compiled beside this file; from src, as under jest, it is found in dist, which lies equally deep. */
const WORKER = join(__dirname, '../../../dist/database/care/integrity-worker.js');

/** Read in about 2 ms; a thread takes 50 to start, and there may be thousands of tenants with files like that. */
const SMALL_BYTES = 256 * 1024;

/** What the thread is told. */
export interface VerifyRequest {
  readonly facts: ConnectionFacts;
  readonly settings: SqliteSettings;
}

/** What the thread answers: what it found, or what it failed with. */
export type VerifyAnswer =
  | { readonly findings: FileFindings }
  | { readonly code: string | undefined; readonly message: string };

/** `verifyFile`, in a thread of its own unless the file is small: the event loop stays free, however large it is. */
export async function verifyCopy(
  facts: ConnectionFacts,
  settings: SqliteSettings,
): Promise<FileFindings> {
  const isSmall = statSync(facts.file).size <= SMALL_BYTES;
  return isSmall ? verifyFile(facts, settings) : verifyInThread(facts, settings);
}

async function verifyInThread(
  { name, file }: ConnectionFacts,
  settings: SqliteSettings,
): Promise<FileFindings> {
  const workerData: VerifyRequest = { facts: { name, file }, settings };
  const worker = new Worker(WORKER, { execArgv: [], workerData });
  const [answer] = (await once(worker, 'message')) as [VerifyAnswer];
  if ('findings' in answer) return answer.findings;
  throw Object.assign(new Error(answer.message), { code: answer.code });
}
