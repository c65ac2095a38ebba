import type { Tenant } from '../../tenancy/tenant';
import type { Command, CommandContext } from '../command';
import { CommandUsageError } from '../errors';
import type { Output } from '../output';
import { defineSignature } from '../signature';
import { wordsOf } from '../tenant-selection';

const signature = defineSignature({
  name: 'tenants:config',
  description: 'Show or change the settings that the application keeps of a tenant',
  arguments: {
    id: { description: 'The tenant, by id' },
    settings: {
      description: 'What they are to be, as "locale=de" or "seats=5": JSON, else a text',
      required: false,
      variadic: true,
    },
  },
  options: {
    unset: { type: 'string', value: 'a,b', description: 'Settings that are to be no more' },
    json: { description: 'Print JSON and nothing else' },
  },
});

export class TenantsConfigCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({
    app,
    arguments: { id, settings },
    options,
    output,
  }: CommandContext<typeof signature>): Promise<void> {
    const changes = Object.fromEntries(settings.map(readSetting));
    const dropped = new Set(wordsOf(options.unset ?? ''));
    const { tenancy } = await app();
    let tenant = await tenancy.findOrFail(id);
    if (settings.length > 0 || dropped.size > 0) {
      const all = Object.entries({ ...tenant.config, ...changes });
      const config = Object.fromEntries(all.filter(([key]) => !dropped.has(key)));
      tenant = await tenancy.rename(id, { config });
    }
    if (options.json) output.json({ id, config: tenant.config });
    else print(tenant, output);
  }
}

function readSetting(text: string): [string, unknown] {
  const [, key, value] = /^([^=\s]+)=(.*)$/s.exec(text) ?? [];
  if (key === undefined || value === undefined) {
    throw CommandUsageError.because(signature.name, `"${text}" is no setting such as "locale=de"`);
  }
  try {
    return [key, JSON.parse(value) as unknown];
  } catch {
    return [key, value];
  }
}

function print({ id, config }: Tenant, output: Output): void {
  const settings = Object.entries(config);
  if (settings.length === 0) return output.info(`The tenant "${id}" has no settings of its own.`);
  output.heading(id);
  for (const [key, value] of settings) output.twoColumn(key, JSON.stringify(value));
  output.line();
}
