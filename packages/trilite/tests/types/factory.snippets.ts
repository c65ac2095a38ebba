import { testSnippets } from '../helpers/snippets';

/* What of factories compiles, and what does not. */

const HEAD = `
import { Database, defineFactory, type Generated, type Transaction } from 'trilite';

declare module 'trilite' {
  interface Tables {
    typed_users: { id: Generated<number>; name: string; role: Generated<'user' | 'admin'>; note: string | null };
    typed_posts: { id: Generated<number>; user_id: number; editor_id: number | null; title: string };
  }
}

declare const db: Database;
declare const trx: Transaction<import('trilite').Tables>;

const users = defineFactory(
  'typed_users',
  ({ faker, sequence }) => ({ name: faker.person.fullName() + sequence }),
  { states: { admin: { role: 'admin' }, loud: (row) => ({ name: row.name.toUpperCase() }) } },
);
const posts = defineFactory('typed_posts', ({ faker }) => ({
  title: faker.lorem.sentence(),
  user_id: (db) => users.create(db).then((user) => user.id),
}));
`;

const COMPILES = [
  `users.create(db).then(({ id }: { id: number }) => id);`,
  `users.create(trx).then(({ role }: { role: 'user' | 'admin' }) => role);`,
  `users.count(2).create(db).then(([first]) => first?.name);`,
  `users.make().name satisfies string;`,
  `users.count(2).make().map(({ name }): string => name);`,
  `users.state('admin').state('loud').state({ name: 'Ada' }).count(2).make().length;`,
  `users.state((row, { index }) => ({ name: row.name + index }));`,
  `users.sequence({ role: 'user' }, { role: 'admin' }, (row) => ({ note: row.name }));`,
  `posts.make().title satisfies string;`,
  `posts.state({ user_id: 5 });`,
  `posts.state({ user_id: async (db) => (await users.create(db)).id });`,
  `posts.state({ editor_id: (db) => users.create(db).then(({ id }) => id) });`,
  `users.afterCreating((user, db) => posts.count(3).state({ user_id: user.id }).create(db));`,
  `defineFactory('typed_users', () => ({ name: 'Ada' }), { locale: 'de' }).create(db);`,
];

const DOES_NOT_COMPILE = [
  `defineFactory('nowhere', () => ({}));`,
  `defineFactory('typed_users', () => ({}));`,
  `defineFactory('typed_users', () => ({ name: 5 }));`,
  `defineFactory('typed_users', () => ({ name: 'Ada' }), { states: { admin: { role: 'boss' } } });`,
  `defineFactory('typed_users', () => ({ name: 'Ada' }), { states: { admin: { rule: 'admin' } } });`,
  `defineFactory('typed_posts', () => ({ title: '', user_id: () => 'five' }));`,
  `users.state('boss');`,
  `users.state({ nome: 'Ada' });`,
  `users.state({ role: 'boss' });`,
  `users.state({ name: () => 'left out by make, which says it is there' });`,
  `users.sequence();`,
  `users.sequence({ role: 'boss' });`,
  `users.make().length;`,
  `users.make().id satisfies number;`,
  `posts.make().user_id;`,
  `users.count(2).make().name;`,
  `users.create();`,
  `users.count(2).create(db).then((row) => row.name);`,
  `users.count('2');`,
  `users.afterCreating((user) => user.nome);`,
];

testSnippets(HEAD, { compiles: COMPILES, doesNot: DOES_NOT_COMPILE });
