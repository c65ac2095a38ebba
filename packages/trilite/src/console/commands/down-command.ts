import { readFileSync } from 'node:fs';
import { under } from '../../config/project';
import type { DownOptions } from '../../support/maintenance';
import { ViewRenderer } from '../../view/view-renderer';
import type { Command, CommandContext } from '../command';
import { CommandUsageError } from '../errors';
import { change, maintenanceOf } from '../maintenance';
import { defineSignature } from '../signature';

const signature = defineSignature({
  name: 'down',
  description: 'Keep requests and jobs out while something is done to the application',
  options: {
    secret: {
      type: 'string',
      value: '=text',
      isOptional: true,
      description: 'Let in whoever opens the address "/text"; without a text one is made',
    },
    retry: {
      type: 'integer',
      value: 'seconds',
      description: 'When to ask again: the header Retry-After',
      min: 1,
    },
    refresh: {
      type: 'integer',
      value: 'seconds',
      description: 'When browsers load the page again: the header Refresh',
      min: 1,
    },
    render: {
      type: 'string',
      value: 'page',
      description: 'The page that browsers are shown: a file of HTML, or a view, rendered now',
    },
    redirect: {
      type: 'string',
      value: 'path',
      description: 'Where every other request is sent: a path, or a whole address',
    },
    status: {
      type: 'integer',
      value: 'code',
      description: 'The status of the answers',
      default: 503,
      min: 200,
      max: 599,
    },
  },
});

type Context = CommandContext<typeof signature>;

/** Boots nothing, but to render a view: what is taken down may be an application that cannot boot. */
export class DownCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({ app, options, output, codePath }: Context): Promise<void> {
    const { maintenance, basePath } = maintenanceOf(codePath);
    const secret = readSecret(options.secret);
    const redirect = readRedirect(options.redirect);
    const status = readStatus(options.status);
    const { render } = options;
    const page = render === undefined ? undefined : await pageOf(render, { basePath, app });
    const wasDown = maintenance.isDown;
    const how: DownOptions = {
      status,
      retryAfterSeconds: options.retry,
      refreshSeconds: options.refresh,
      redirect,
      page,
      secret,
    };
    change(maintenance, (its) => its.begin(how));
    output.success(
      wasDown
        ? 'The application stays down, as you say now.'
        : 'The application is down for maintenance.',
    );
    if (secret !== undefined) output.line(`  Open "/${secret}" to be let in.`);
    output.line('  Workers take no new jobs from now on; "artisan up" ends it.');
  }
}

/** @returns undefined when nobody is to be let in */
function readSecret(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  if (text === '') {
    const { newSecret } =
      require('../../support/maintenance') as typeof import('../../support/maintenance');
    return newSecret();
  }
  if (/^[\w.-]{8,200}$/.test(text)) return text;
  const rule = 'a secret has 8 to 200 letters, digits, ".", "_" and "-"';
  throw CommandUsageError.because(signature.name, `"--secret" cannot be used: ${rule}`);
}

function readStatus(status: number): number {
  const { isDownStatus } =
    require('../../support/maintenance') as typeof import('../../support/maintenance');
  if (isDownStatus(status)) return status;
  const problem = `"--status=${status}" cannot be used: its answers have no body to show`;
  throw CommandUsageError.because(signature.name, problem);
}

function readRedirect(text: string | undefined): string | undefined {
  const { isDownRedirect } =
    require('../../support/maintenance') as typeof import('../../support/maintenance');
  if (text === undefined || isDownRedirect(text)) return text;
  const rule = 'a path such as "/soon", or a whole address';
  throw CommandUsageError.because(signature.name, `"--redirect=${text}" is no place: ${rule}`);
}

/** A view is rendered now, so that it is there though the application is broken meanwhile. @throws E_VIEW_NOT_FOUND, E_VIEW_FAILED */
async function pageOf(
  render: string,
  { basePath, app }: { readonly basePath: string; readonly app: Context['app'] },
): Promise<string> {
  if (/\.html?$/i.test(render)) return readPage(render, basePath);
  return (await app()).make(ViewRenderer).render(render);
}

function readPage(file: string, basePath: string): string {
  const path = under(basePath, [file]);
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { message } = error as Error;
    throw CommandUsageError.because(signature.name, `the page cannot be read: ${message}`);
  }
}
