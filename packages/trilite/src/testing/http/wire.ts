import type { IncomingHttpHeaders, RequestListener } from 'node:http';
import { TestClientError } from '../errors';

/** The methods that a test client sends. */
export type Verb = 'get' | 'head' | 'options' | 'post' | 'put' | 'patch' | 'delete';

/** A request as it goes over the wire. */
export interface WireRequest {
  readonly method: Verb;
  /** Path and query. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer | undefined;
}

/** What came back, to its end. */
export interface WireAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/**
 * Sends a request to a listener over a socket of its own, and reads the whole answer.
 *
 * @throws E_TEST_CLIENT_SUPERTEST_MISSING
 */
export async function exchange(
  listener: RequestListener,
  { method, target, headers, body }: WireRequest,
): Promise<WireAnswer> {
  const client = loadSupertest()(listener);
  const sending = client[method](target)
    .set({ Connection: 'close', ...headers })
    .buffer(true)
    .parse(readBytes)
    .serialize((given: string) => given);
  const answer = await (body === undefined ? sending : sending.send(body));
  const bytes: unknown = answer.body;
  return {
    status: answer.status,
    headers: answer.headers,
    body: Buffer.isBuffer(bytes) ? bytes : Buffer.alloc(0), // HEAD has none
  };
}

type Supertest = typeof import('supertest');

/**
 * It is the application's development dependency, looked for from there too. No optional peer of this package: npm would keep that in
 * production.
 */
function loadSupertest(): Supertest {
  return require(supertestPath()) as Supertest;
}

function supertestPath(): string {
  try {
    return require.resolve('supertest', { paths: [process.cwd(), __dirname] });
  } catch (error) {
    throw TestClientError.supertestMissing(error);
  }
}

/** The types of superagent call an answer that is still to be read what it becomes afterwards. */
function readBytes(answer: unknown, done: (error: Error | null, body: unknown) => void): void {
  const chunks: Buffer[] = [];
  const stream = answer as NodeJS.ReadableStream;
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  stream.on('end', () => done(null, Buffer.concat(chunks)));
}
