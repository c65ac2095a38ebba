import type { Command, CommandContext } from '../command';
import { requireOwnFiles } from '../own-files';
import { defineSignature } from '../signature';

const signature = defineSignature({
  name: 'tenants:work-index:rebuild',
  description: 'Look into the queue files of all tenants, and put right which of them have work',
});

export class TenantsWorkIndexRebuildCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({ app, output }: CommandContext<typeof signature>): Promise<void> {
    const booted = await app();
    requireOwnFiles(booted, 'look into the queue of each tenant', 'queue:status');
    const { workIndex, tenancy } = booted;
    await tenancy.count(); // says so where there are no tenants to look at
    const queues = await workIndex.rebuild();
    output.success(`There is work in ${queues} ${queues === 1 ? 'queue' : 'queues'} of tenants.`);
  }
}
