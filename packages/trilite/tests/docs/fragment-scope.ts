import type {
  CacheRepository,
  CommandContext,
  Database,
  Job,
  Locks,
  QueueDispatcher,
  RateLimiter,
  Request,
  Response,
  UrlGenerator,
} from 'trilite';
import type { TestApplication } from 'trilite/testing';

/*
 * What a fragment (a block without imports) finds around it: what a constructor was given, what a method is called with, and one job.
 * Executed fragments are given an application of their own.
 */
export declare const app: TestApplication;
export declare const cache: CacheRepository;
export declare const locks: Locks;
export declare const limiter: RateLimiter;
export declare const queue: QueueDispatcher;
export declare const db: Database;
export declare const urls: UrlGenerator;
export declare const request: Request;
export declare const response: Response;
export declare const output: CommandContext['output'];

/** The job that fragments dispatch. */
export class SendReceipt implements Job<{ orderId: number }> {
  static readonly sent: number[] = [];

  handle({ orderId }: { orderId: number }): void {
    SendReceipt.sent.push(orderId);
  }
}
