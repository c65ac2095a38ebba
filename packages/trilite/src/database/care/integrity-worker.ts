import { parentPort, workerData } from 'node:worker_threads';
import { errorCode, messageOf, toError } from '../../support/errors';
import { verifyFile } from './integrity';
import type { VerifyAnswer, VerifyRequest } from './integrity-thread';

// The thread of `verifyCopy`: reads a file from its first page to its last, answers, and ends.

parentPort?.postMessage(answer(workerData as VerifyRequest));

function answer({ facts, settings }: VerifyRequest): VerifyAnswer {
  try {
    return { findings: verifyFile(facts, settings) };
  } catch (error) {
    return { code: errorCode(error), message: messageOf(toError(error)) };
  }
}
