import { backupFolder, listBackups } from '../../database/care/backup-files';
import { humanBytes } from '../../support/bytes';
import { clock } from '../../support/clock';
import { humanDuration } from '../../support/duration';
import type { Command, CommandContext } from '../command';
import { defineSignature } from '../signature';

const signature = defineSignature({
  name: 'db:backups',
  description: 'List the backups, newest first',
  options: {
    connection: {
      type: 'string',
      value: 'name',
      description: 'Backups of this connection; by default of all',
    },
    json: { description: 'Print JSON and nothing else' },
  },
});

export class DbBackupsCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({ app, options, output }: CommandContext<typeof signature>): Promise<void> {
    const { config, connections } = await app();
    const folder = backupFolder(config.storagePath);
    const backups = listBackups(folder, options.connection);
    // Backups may outlive their connection; a name that has neither is mistyped.
    if (backups.length === 0) connections.connection(options.connection);
    const listed = backups.map((backup) => ({ ...backup, ageMs: clock.now() - backup.madeAt }));
    if (options.json) {
      return output.json(listed.map((one) => ({ ...one, madeAt: new Date(one.madeAt) })));
    }
    if (listed.length === 0) return output.info(`No backups in ${folder}.`);
    output.table(
      ['Connection', 'Backup', 'Size', 'Made', 'Age'],
      listed.map(({ connection, name, bytes, madeAt, ageMs }) => [
        connection,
        name,
        humanBytes(bytes),
        new Date(madeAt).toISOString().replace('T', ' ').slice(0, 19),
        humanDuration(Math.max(0, ageMs)),
      ]),
    );
  }
}
