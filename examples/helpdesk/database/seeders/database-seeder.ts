import { injectable, Tenancy, type Seeder, type SeederContext } from 'trilite';
import { Organisations } from '../../app/organisations/organisations';
import { DemoSeeder } from './demo-seeder';

/** What the demo's agents sign in with. */
export const DEMO_PASSWORD = 'helpdesk-demo';

const ORGANISATIONS = [
  { id: 'acme', name: 'Acme', about: 'Anvils, magnets and everything that explodes.' },
  { id: 'globex', name: 'Globex', about: 'Weather, made to measure.' },
];

/** "artisan db:seed": two organisations with people and tickets. A second run finds them there. */
@injectable()
export class DatabaseSeeder implements Seeder {
  constructor(
    private readonly tenancy: Tenancy,
    private readonly organisations: Organisations,
  ) {}

  async run({ call }: SeederContext): Promise<void> {
    for (const organisation of ORGANISATIONS) {
      const agent = { name: 'Ada', email: 'ada@example.com', password: DEMO_PASSWORD };
      const founded = await this.organisations.found({ ...organisation, agent });
      if (founded !== undefined) await this.tenancy.run(founded.tenant, () => call(DemoSeeder));
    }
  }
}
