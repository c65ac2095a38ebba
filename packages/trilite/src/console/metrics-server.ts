import type { RequestListener, ServerResponse } from 'node:http';
import type { MetricsSettings, MetricsText } from '../http/metrics-endpoint';
import type { CommandContext } from './command';
import { CommandUsageError } from './errors';

/** The option of a command that goes on for ever, and has no web server. */
export const metricsOptionSpecs = {
  metrics: {
    type: 'string',
    value: 'port',
    description:
      'Answer Prometheus at a port of this machine, 0 takes a free one, or at an address with a port; needs "http.metrics"',
  },
} as const;

type Context = Pick<CommandContext, 'app' | 'output'> & {
  readonly options: { readonly metrics?: string | undefined };
};

/** What it is for. */
interface Asked {
  /** The name of the command. */
  readonly command: string;
  /** Whether nothing is printed but what the command is asked for. */
  readonly isQuiet: boolean;
}

/**
 * Runs work while Prometheus may ask what this process counts; without `--metrics`, the work alone. Path and token are those of the web server. It
 * answers until the work has ended, so that the last runs of a worker that stops are counted as well.
 *
 * @throws E_COMMAND_USAGE, E_LISTEN
 */
export async function withMetrics<T>(
  { app, options, output }: Context,
  { command, isQuiet }: Asked,
  work: () => Promise<T>,
): Promise<T> {
  if (options.metrics === undefined) return work();
  const place = readPlace(command, options.metrics);
  const { config, observation } = await app();
  const [settings, counts] = [config.app.http.metrics, observation.metrics];
  if (settings === false || counts === undefined) {
    const why = '--metrics needs "http: { metrics: {} }" in config/app.ts, or nothing is counted';
    throw CommandUsageError.because(command, why);
  }
  counts.start();
  // Few workers are asked
  const { HttpServer } = require('../http/http-server') as typeof import('../http/http-server');
  const server = new HttpServer(answerWith(settings, () => counts.text()));
  const address = await server.start(place);
  if (!isQuiet) output.info(`Metrics at [${address}${settings.path}].`);
  return work().finally(() => server.stop(0));
}

/** What the worker with this number, from 1, is told of `--metrics`: no two can listen at one port. @throws E_COMMAND_USAGE */
export function metricsOfWorker(command: string, given: string, number: number): string {
  const { host, port } = readPlace(command, given);
  return `${host}:${port === 0 ? 0 : port + number - 1}`;
}

function answerWith(settings: MetricsSettings, text: MetricsText): RequestListener {
  const { metricsEndpoint } =
    require('../http/metrics-endpoint') as typeof import('../http/metrics-endpoint');
  const answer = metricsEndpoint(settings, text);
  return (request, response) => {
    const refuse = (): void => end(response, 404);
    if (request.url?.split('?')[0] !== settings.path) return refuse();
    answer(request, response, refuse).catch(() => end(response, 500));
  };
}

function end(response: ServerResponse, status: number): void {
  response.statusCode = status;
  response.end();
}

function readPlace(command: string, given: string): { host: string; port: number } {
  const [, host = '127.0.0.1', port] = /^(?:\[?(\S+?)\]?:)?(\d{1,5})$/.exec(given) ?? [];
  if (port !== undefined && Number(port) <= 65_535) return { host, port: Number(port) };
  const rule = 'a port such as "9091", or an address with one such as "0.0.0.0:9091"';
  throw CommandUsageError.because(command, `"--metrics=${given}" is none: it takes ${rule}`);
}
