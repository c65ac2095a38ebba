import { testSnippets } from '../helpers/snippets';

/* What of pages and iteration compiles, and what does not. */

const HEAD = `
import { chunk, cursorPaginate, Database, lazy, paginate, sql, type Generated, type Transaction } from 'trilite';

declare module 'trilite' {
  interface Tables {
    typed_notes: { id: Generated<number>; title: string; note: string | null };
  }
}

declare const db: Database;
declare const trx: Transaction<import('trilite').Tables>;
declare const unknownPage: unknown;
const notes = db.selectFrom('typed_notes').select(['id', 'note']);
const named = db.selectFrom('typed_notes').select(({ fn }) => ['title', fn.countAll<number>().as('total')]).groupBy('title');
const joined = db.selectFrom('typed_notes as a').leftJoin('typed_notes as b', 'b.id', 'a.id').select(['a.id', 'b.title as other']);
`;

const COMPILES = [
  `paginate(db, notes).then(({ data, total }) => data.map(({ id, note }): [number, string | null, number] => [id, note, total]));`,
  `paginate(trx, trx.selectFrom('typed_notes').selectAll(), { page: unknownPage, perPage: 20 });`,
  `paginate(db, named).then(({ data }) => data.map(({ title, total }): [string, number] => [title, total]));`,
  `paginate(db, joined).then(({ data }) => data.map(({ other }): string | null => other));`,
  `cursorPaginate(notes, { orderBy: [{ column: 'id', direction: 'desc' }] }).then(({ data }) => data.map(({ id }): number => id));`,
  `cursorPaginate(joined, { orderBy: [{ column: 'a.id' }], cursor: unknownPage }).then(({ nextCursor }): string | null => nextCursor);`,
  `(async () => { for await (const { id } of lazy(notes)) id.toFixed(); })();`,
  `lazy(named, { by: 'title' });`,
  `chunk(notes, { size: 5 }, async (rows) => rows.map(({ id }): number => id)).then((all): boolean => all);`,
];

const DOES_NOT_COMPILE = [
  `paginate(db, notes).then(({ data }) => data.map(({ title }) => title));`,
  `paginate(db, 'typed_notes');`,
  `paginate(db, notes, { perPge: 5 });`,
  `cursorPaginate(notes, {});`,
  `cursorPaginate(notes, { orderBy: [{ column: 'note' }] });`,
  `cursorPaginate(notes, { orderBy: [{ column: 'title' }] });`,
  `cursorPaginate(joined, { orderBy: [{ column: 'other' }] });`,
  `cursorPaginate(notes, { orderBy: [{ column: 'id', direction: 'down' }] });`,
  `lazy(notes, { by: 'note' });`,
  `lazy(notes, { size: '5' });`,
  `chunk(notes, { size: 5 }, (rows) => rows.map(({ title }) => title));`,
];

testSnippets(HEAD, { compiles: COMPILES, doesNot: DOES_NOT_COMPILE });
