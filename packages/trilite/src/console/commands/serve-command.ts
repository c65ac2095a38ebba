import type { RequestListener } from 'node:http';
import { monotonicMs } from '../../support/clock';
import { humanDuration } from '../../support/duration';
import type { Command, CommandContext } from '../command';
import type { ConsoleApplication } from '../console-application';
import { warnOfMaintenance } from '../maintenance';
import type { Output } from '../output';
import { shutdownRequested } from '../shutdown';
import { warnOfOutdated } from '../tenant-migrations';
import { defineSignature } from '../signature';
import { refreshRouteTypes } from './route-types-command';

const signature = defineSignature({
  name: 'serve',
  description: 'Start the web server',
  options: {
    host: {
      type: 'string',
      value: 'address',
      description: 'Address to listen on; by default HOST',
    },
    port: {
      type: 'integer',
      value: 'number',
      description: 'Port to listen on, 0 takes a free one; by default PORT',
      max: 65535,
    },
  },
});

export class ServeCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({ app, options, output }: CommandContext<typeof signature>): Promise<void> {
    const application = await app();
    const {
      app: { http, env },
      logging,
    } = application.config;
    await warnOfPending(application, output);
    // Other commands need no server
    const { HttpServer } =
      require('../../http/http-server') as typeof import('../../http/http-server');
    const { handler } = application.http();
    if (env === 'development' && (await refreshRouteTypes(application))) {
      output.info('Wrote app/routes.ts anew: named routes have changed.');
    }
    const printsLines = env === 'development' && logging.access === false;
    const server = new HttpServer(printsLines ? withLines(handler, output) : handler, {
      requestTimeoutMs: http.requestTimeout,
      headersTimeoutMs: http.headersTimeout,
      keepAliveTimeoutMs: http.keepAliveTimeout,
      sendTimeoutMs: http.sendTimeout,
      maxHeaderBytes: http.maxHeaderBytes,
    });
    const address = await server.start({
      host: options.host ?? http.host,
      port: options.port ?? http.port,
    });
    application.walKeeper.start();
    warnOfMaintenance(application, output, 'every request is told so');
    output.info(`Server running on [${address}] (${env}).`);
    output.line(`  ${output.colors.dim('Press Ctrl+C to stop it.')}\n`);
    await shutdownRequested();
    await server.stop(http.shutdownTimeout);
  }
}

async function warnOfPending(app: ConsoleApplication, output: Output): Promise<void> {
  const pending = await app.migrator().pending();
  if (pending.length === 0) return warnOfOutdated(app, output);
  const names = pending.map(({ connection, name }) => `  ${connection}: ${name}`).join('\n');
  output.warn(`These migrations are pending; run "artisan migrate".\n${names}`);
}

/** A line for each request, while somebody develops. */
function withLines(handler: RequestListener, output: Output): RequestListener {
  return (request, response) => {
    const startedAt = monotonicMs();
    const { method = '', url = '' } = request;
    response.once('close', () => {
      const status = response.writableFinished ? String(response.statusCode) : 'ABORTED';
      const took = output.colors.dim(humanDuration(monotonicMs() - startedAt));
      output.twoColumn(`${method} ${url.split('?')[0] ?? ''}`, `${took} ${status}`);
    });
    handler(request, response);
  };
}
