import type { Route } from '../../http/route';
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
    const routes = (await app()).http().routes.map(describe);
    if (options.json) return output.json(routes);
    output.line();
    for (const { method, path, name, action } of routes) {
      const left = `${output.colors.yellow(method.padEnd(7))} ${path}`;
      output.twoColumn(
        left,
        [name, action].filter((part) => part !== null).join(output.colors.dim(' › ')),
      );
    }
    output.line(
      `\n  ${output.colors.dim(`${routes.length} route${routes.length === 1 ? '' : 's'}, and GET /up`)}\n`,
    );
  }
}

function describe({ methods, path, name, action, middleware }: Route) {
  const target = typeof action === 'function' ? 'Function' : `${action[0].name}.${action[1]}`;
  const passed = middleware.map((entry) => (typeof entry === 'string' ? entry : entry.name));
  const method = methods.join('|');
  return { method, path, name: name ?? null, action: target, middleware: passed };
}
