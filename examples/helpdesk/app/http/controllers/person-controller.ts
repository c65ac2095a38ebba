import {
  back,
  bindRow,
  Database,
  injectable,
  paginate,
  redirectToRoute,
  validated,
  view,
  type Request,
} from 'trilite';
import { z } from 'zod';
import { Accounts } from '../../accounts/accounts';
import { userOf } from '../user-of';

export const thePerson = bindRow('person', 'users');

const role = validated(z.object({ role: z.enum(['agent', 'customer']) }));

/** Who is an agent, and who a customer. */
@injectable()
export class PersonController {
  constructor(
    private readonly db: Database,
    private readonly accounts: Accounts,
  ) {}

  async index({ query }: Request) {
    const people = this.db.selectFrom('users').selectAll().orderBy('role').orderBy('name');
    return view('people/index', { page: await paginate(this.db, people, { page: query['page'] }) });
  }

  @role
  async update(request: Request) {
    const person = request.bound(thePerson);
    if (person.id === userOf(request).id) {
      return back('/people').with('status', 'Have another agent change your own role.');
    }
    const isGiven = await this.accounts.give(person.id, request.valid(role).role);
    if (!isGiven) return back('/people').with('status', 'There is no other agent.');
    return redirectToRoute('people.index').with('status', `${person.name} is changed.`);
  }
}
