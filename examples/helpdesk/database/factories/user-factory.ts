import { defineFactory } from 'trilite';

export const userFactory = defineFactory(
  'users',
  ({ faker, sequence }) => ({
    name: faker.person.fullName(),
    email: `person${sequence}-${faker.string.alphanumeric(6).toLowerCase()}@example.com`,
    role: 'customer',
    created_at: faker.date.recent({ days: 30 }).getTime(),
  }),
  { states: { agent: { role: 'agent' } } },
);
