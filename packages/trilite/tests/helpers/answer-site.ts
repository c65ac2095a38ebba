import { get, type IncomingMessage } from 'node:http';
import { HttpServer, type MiddlewareEntry, type RouteFile } from 'trilite';
import { createTestApplication, type TestApplication } from 'trilite/testing';
import request from 'supertest';
import { newAppKey } from '../../src/support/app-key';
import { createProject, exportDefault, type TestProject } from './project';

/** An application whose answers are looked at. */
export interface AnswerSite {
  readonly app: TestApplication;
  readonly project: TestProject;
  readonly client: ReturnType<typeof request>;
  /** Starts a server in front of it. @returns its address */
  listen(): Promise<string>;
  /** Stops that as "artisan serve" does. */
  stop(deadlineMs: number): Promise<void>;
}

let opened: AnswerSite | undefined;

/** Closes what the tests of a file open. */
export function useAnswers(): void {
  afterEach(async () => {
    await opened?.stop(0);
    await opened?.app.close();
    await opened?.app.http().settled(); // of streams that a test has left behind
    opened?.project.remove();
    opened = undefined;
  });
}

/** Opens an application with routes. */
export async function serve(
  routes: RouteFile,
  middleware: readonly MiddlewareEntry[] = [],
): Promise<AnswerSite> {
  const project = createProject({ 'config/app.js': exportDefault(`{ key: '${newAppKey()}' }`) });
  const app = await createTestApplication({
    basePath: project.path,
    routes: (route) => route.group({ middleware }, routes),
  });
  const server = new HttpServer(app.http().handler);
  let isListening = false;
  opened = {
    app,
    project,
    client: request(app.http().handler),
    listen: () => {
      isListening = true;
      return server.start({ host: '127.0.0.1', port: 0 });
    },
    stop: async (deadlineMs) => {
      if (isListening) await server.stop(deadlineMs);
    },
  };
  return opened;
}

/** Asks for an address, and gives the answer once its headers are there. */
export function ask(
  address: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get(address, { agent: false, headers }, resolve).once('error', reject);
  });
}

/** The next piece of an answer as text; '' at its end. */
export async function nextText(answer: IncomingMessage): Promise<string> {
  for (;;) {
    const chunk = answer.read() as Buffer | null;
    if (chunk !== null) return chunk.toString();
    if (answer.readableEnded || answer.destroyed) return '';
    await new Promise<void>((resolve) => {
      const goOn = (): void => {
        answer.off('readable', goOn).off('end', goOn).off('close', goOn);
        resolve();
      };
      answer.once('readable', goOn).once('end', goOn).once('close', goOn);
    });
  }
}

/** What is left of an answer, and whether it came whole. */
export async function restOf(
  answer: IncomingMessage,
): Promise<{ readonly text: string; readonly isWhole: boolean }> {
  const chunks: Buffer[] = [];
  answer.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', () => undefined);
  if (!answer.closed) await new Promise<void>((resolve) => answer.once('close', resolve));
  return { text: Buffer.concat(chunks).toString(), isWhole: answer.complete };
}
