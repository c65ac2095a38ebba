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
import { userOf } from '../user-of';

export const thePerson = bindRow('person', 'users');

const role = validated(z.object({ role: z.enum(['agent', 'customer']) }));

/** Who is an agent, and who a customer. */
@injectable()
export class PersonController {
  constructor(private readonly db: Database) {}

  async index({ query }: Request) {
    const people = this.db.selectFrom('users').selectAll().orderBy('role').orderBy('name');
    return view('people/index', { page: await paginate(this.db, people, { page: query['page'] }) });
  }

  @role
  async update(request: Request) {
    const person = request.bound(thePerson);
    // So that there is always an agent left
    if (person.id === userOf(request).id) {
      return back('/people').with('status', 'Have another agent change your own role.');
    }
    const people = this.db.updateTable('users').set(request.valid(role));
    await people.where('id', '=', person.id).execute();
    return redirectToRoute('people.index').with('status', `${person.name} is changed.`);
  }
}
