import { HTTP_METHODS, type HttpMethod, type Route } from '../../http/route';
import type { Command, CommandContext } from '../command';
import { CommandUsageError } from '../errors';
import type { Output } from '../output';
import { defineSignature } from '../signature';

const signature = defineSignature({
  name: 'route:list',
  description: 'List the routes; -v with their middleware',
  options: {
    name: { type: 'string', value: 'text', description: 'Those alone whose name contains it' },
    path: { type: 'string', value: 'text', description: 'Those alone whose path contains it' },
    method: { type: 'string', value: 'method', description: 'Those alone that answer it' },
    side: { type: 'string', value: 'side', description: 'Those alone of "central" or "tenant"' },
    json: { description: 'Print JSON and nothing else' },
  },
});

type Options = CommandContext<typeof signature>['options'];

export class RouteListCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({
    app,
    options,
    output,
    terminal,
  }: CommandContext<typeof signature>): Promise<void> {
    const fits = filterOf(options);
    const booted = await app();
    const all = booted.http().routes;
    const routes = all.filter(fits).map(describe);
    if (options.json) return output.json(routes);
    output.line();
    for (const route of routes) {
      printRoute(route, booted.tenancy.isOn, output);
      if (terminal.verbose) {
        for (const one of route.middleware) output.line(output.colors.dim(`          ⇂ ${one}`));
      }
    }
    const count = `${routes.length} route${routes.length === 1 ? '' : 's'}`;
    const rest = routes.length === all.length ? ', and GET /up' : ` of ${all.length}`;
    output.line(`\n  ${output.colors.dim(count + rest)}\n`);
  }
}

/** @throws E_COMMAND_USAGE for what no route could fit */
function filterOf({ name, path, method, side }: Options): (route: Route) => boolean {
  const wanted = method?.toUpperCase();
  if (wanted !== undefined && !isMethod(wanted)) {
    throw usage(`"--method" is one of ${HTTP_METHODS.join(', ')}`);
  }
  if (side !== undefined && side !== 'central' && side !== 'tenant') {
    throw usage('"--side" is "central" or "tenant"');
  }
  return (route) =>
    (name === undefined || route.name?.includes(name) === true) &&
    (path === undefined || route.path.includes(path)) &&
    (wanted === undefined || route.methods.includes(wanted)) &&
    (side === undefined || route.side === side);
}

function isMethod(word: string): word is HttpMethod {
  return (HTTP_METHODS as readonly string[]).includes(word);
}

function usage(problem: string): CommandUsageError {
  return CommandUsageError.because(signature.name, problem);
}

function printRoute(
  { method, side, domain, path, name, action }: ReturnType<typeof describe>,
  hasTenants: boolean,
  output: Output,
): void {
  const { yellow, dim } = output.colors;
  const whose = hasTenants ? `${dim(side.padEnd(7))} ` : '';
  const left = `${yellow(method.padEnd(7))} ${whose}${dim(domain ?? '')}${path}`;
  output.twoColumn(left, [name, action].filter((part) => part !== null).join(dim(' › ')));
}

function describe({ methods, side, domain, path, patterns, name, action, middleware }: Route) {
  const target = typeof action === 'function' ? 'Function' : `${action[0].name}.${action[1]}`;
  const passed = middleware.map((entry) => (typeof entry === 'string' ? entry : entry.name));
  return {
    method: methods.length === HTTP_METHODS.length ? 'ANY' : methods.join('|'),
    side,
    domain: domain ?? null,
    path,
    where: Object.fromEntries(
      Object.entries(patterns).map(([parameter, pattern]) => [parameter, String(pattern)]),
    ),
    name: name ?? null,
    action: target,
    middleware: passed,
  };
}
