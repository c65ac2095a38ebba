import { defineFactory } from 'trilite';
import { PRIORITIES } from '../../app/tickets/ticket';
import { userFactory } from './user-factory';

const THINGS = ['printer', 'invoice', 'password', 'parcel', 'login page', 'phone', 'order', 'app'];
const TROUBLES = ['is lost', 'does not answer', 'is on fire', 'is too slow', 'says "error 7"'];

export const ticketFactory = defineFactory(
  'tickets',
  ({ faker }) => {
    const created_at = faker.date.recent({ days: 14 }).getTime();
    return {
      subject: `The ${faker.helpers.arrayElement(THINGS)} ${faker.helpers.arrayElement(TROUBLES)}`,
      body: faker.lorem.paragraph(),
      status: 'open',
      priority: faker.helpers.arrayElement(PRIORITIES),
      requester_id: (db) => userFactory.create(db).then(({ id }) => id),
      created_at,
      updated_at: created_at,
    };
  },
  {
    states: {
      open: { status: 'open' },
      pending: { status: 'pending' },
      closed: ({ updated_at }) => ({ status: 'closed', closed_at: updated_at }),
    },
  },
);
