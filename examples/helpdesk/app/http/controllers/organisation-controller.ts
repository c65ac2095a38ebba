import {
  back,
  Database,
  injectable,
  isTenantId,
  paginate,
  redirectToRoute,
  Tenancy,
  UrlGenerator,
  validated,
  view,
  type Request,
  type Tenant,
} from 'trilite';
import { z } from 'zod';
import { newAccount } from '../../accounts/new-account';
import { Organisations } from '../../organisations/organisations';

const newOrganisation = validated(
  z.object({
    organisation: z.string().trim().min(1, 'What is it called?').max(80),
    id: z
      .string()
      .trim()
      .toLowerCase()
      .refine((id) => isTenantId(id) && id !== 'www', 'Take letters, digits and "-", 40 at most.'),
    about: z.string().trim().max(200).default(''),
    ...newAccount,
  }),
);

/** The central pages: who has a help desk here, and how to get one. */
@injectable()
export class OrganisationController {
  constructor(
    private readonly db: Database,
    private readonly tenancy: Tenancy,
    private readonly organisations: Organisations,
    private readonly urls: UrlGenerator,
  ) {}

  async index({ query }: Request) {
    const organisations = this.db.selectFrom('organisations').selectAll().orderBy('name');
    const page = await paginate(this.db, organisations, { page: query['page'] });
    const data = await Promise.all(
      page.data.map(async (row) => ({ ...row, address: await this.openAt(row.id) })),
    );
    return view('organisations/index', { page: { ...page, data } });
  }

  create() {
    return view('organisations/create');
  }

  @newOrganisation
  async store(request: Request) {
    const { organisation, id, about, ...agent } = request.valid(newOrganisation);
    const founded = await this.organisations.found({ id, name: organisation, about, agent });
    if (founded === undefined) {
      return back('/organisations/create').withInput().withErrors({ id: 'This one is taken.' });
    }
    // Signs the agent in over there: a session belongs to one host
    const urls = this.urls.of(founded.tenant);
    const user = { user: founded.agent.id };
    const address = urls.signedUrl('sessions.enter', user, { expiresIn: '5m' });
    return redirectToRoute('organisations.ready', { id }).with('address', address);
  }

  /** A page of its own, and no redirect: the policy of pages lets forms lead nowhere but to their own host. */
  async ready(request: Request) {
    const founded = await this.tenancy.findOrFail(request.param('id'));
    return view('organisations/ready', { founded, address: this.addressOf(founded) });
  }

  /** Where it is; undefined while it is suspended, or after it was deleted. */
  private async openAt(id: string): Promise<string | undefined> {
    const tenant = await this.tenancy.find(id);
    return tenant?.state === 'active' ? this.addressOf(tenant) : undefined;
  }

  private addressOf(tenant: Tenant): string {
    return this.urls.of(tenant).absoluteUrl('dashboard');
  }
}
