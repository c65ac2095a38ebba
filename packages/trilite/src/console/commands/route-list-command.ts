import { HTTP_METHODS, type Route } from '../../http/route';
import type { Command, CommandContext } from '../command';
import { defineSignature } from '../signature';

const signature = defineSignature({
  name: 'route:list',
  description: 'List the routes',
  options: { json: { description: 'Print JSON and nothing else' } },
});

export class RouteListCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({ app, options, output }: CommandContext<typeof signature>): Promise<void> {
    const booted = await app();
    const routes = booted.http().routes.map(describe);
    if (options.json) return output.json(routes);
    const { yellow, dim } = output.colors;
    output.line();
    for (const { method, side, path, name, action } of routes) {
      const whose = booted.tenancy.isOn ? `${dim(side.padEnd(7))} ` : '';
      const left = `${yellow(method.padEnd(7))} ${whose}${path}`;
      output.twoColumn(left, [name, action].filter((part) => part !== null).join(dim(' › ')));
    }
    output.line(
      `\n  ${dim(`${routes.length} route${routes.length === 1 ? '' : 's'}, and GET /up`)}\n`,
    );
  }
}

function describe({ methods, side, path, name, action, middleware }: Route) {
  const target = typeof action === 'function' ? 'Function' : `${action[0].name}.${action[1]}`;
  const passed = middleware.map((entry) => (typeof entry === 'string' ? entry : entry.name));
  const method = methods.length === HTTP_METHODS.length ? 'ANY' : methods.join('|');
  return { method, side, path, name: name ?? null, action: target, middleware: passed };
}
