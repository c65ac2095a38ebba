import { humanBytes } from '../../support/bytes';
import { TenantArchives } from '../../tenancy/archive/tenant-archives';
import type { Command, CommandContext } from '../command';
import { CommandUsageError } from '../errors';
import { defineSignature } from '../signature';
import { untilStopped } from '../until-stopped';

const signature = defineSignature({
  name: 'tenants:export',
  description: 'Write all that belongs to a tenant into one file, to be handed over',
  arguments: { tenant: { description: 'Its id' } },
  options: {
    output: { type: 'string', value: 'file', description: 'The file, such as acme.tar.gz' },
    force: { description: 'Replace the file if it is there' },
    'without-queue': { description: 'Leave its jobs behind' },
    json: { description: 'Print JSON and nothing else' },
  },
});

export class TenantsExportCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({
    app,
    arguments: { tenant },
    options,
    output,
  }: CommandContext<typeof signature>): Promise<number> {
    const { output: file, force, 'without-queue': withoutQueue, json } = options;
    if (file === undefined || file === '') {
      throw CommandUsageError.because(signature.name, '"--output=<file>" is missing');
    }
    const archives = (await app()).make(TenantArchives);
    const exported = await untilStopped((signal) =>
      archives.export(tenant, file, { force, withoutQueue, signal }),
    );
    if (exported === undefined) {
      output.warn('Stopped: there is no archive.');
      return 130;
    }
    const { bytes, files, hasQueue } = exported;
    if (json) {
      output.json({ tenant: exported.tenant.id, file: exported.file, bytes, files, hasQueue });
      return 0;
    }
    output.success(`The tenant "${exported.tenant.id}" lies in ${exported.file}.`);
    output.twoColumn('Size', humanBytes(bytes));
    output.twoColumn('Jobs', hasQueue ? 'in it' : 'left behind');
    output.twoColumn('Files of its own', String(files));
    return 0;
  }
}
