import { defineFactory } from 'trilite';

export const reportFactory = defineFactory(
  'reports',
  ({ faker }) => ({
    id: faker.string.ulid(),
    visits: faker.number.int({ min: 1, max: 5000 }),
    built_at: faker.date.recent({ days: 30 }).getTime(),
  }),
  { states: { unvisited: { visits: 0 } } },
);
