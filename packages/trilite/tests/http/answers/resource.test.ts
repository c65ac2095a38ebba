import type { Kysely } from 'kysely';
import { cursorPaginate, Database, defineResource, paginate, sql, type Request } from 'trilite';
import { serve, useAnswers } from '../../helpers/answer-site';
import { openTenantSite } from '../../helpers/tenant-site';

useAnswers();

interface Report {
  readonly id: number;
  readonly title: string;
  readonly secret: string | null;
}

const authorResource = defineResource((author: { name: string }) => ({ name: author.name }));
const reportResource = defineResource((report: Report, request: Request) => ({
  id: report.id,
  title: report.title,
  by: authorResource.transform({ name: 'Ada' }, request),
  path: request.path,
}));

const REPORT = { id: 7, title: 'Sales', secret: 'x' };
const seen = (path: string) => ({ id: 7, title: 'Sales', by: { name: 'Ada' }, path });

test('a resource answers with what others may see', async () => {
  const { client } = await serve((route) => {
    route.get('/one', () => reportResource(REPORT));
    route.get('/all', () => reportResource.collection(new Set([REPORT])));
    route.get('/none', () => reportResource.collection([]));
  });
  const { headers } = await client.get('/one').expect(200, { data: seen('/one') });
  await client.get('/one').set('If-None-Match', String(headers['etag'])).expect(304, '');
  await client.get('/all').expect(200, { data: [seen('/all')] });
  await client.get('/none').expect(200, { data: [] });
});

test('its types are those of what it is made of', () => {
  const one = (request: Request): number => reportResource(REPORT).bodyFor(request).data.id;
  const name = (request: Request): string =>
    reportResource.collection([REPORT]).bodyFor(request).data[0]?.by.name ?? '';
  // @ts-expect-error what is not shown is not there
  // eslint-disable-next-line @typescript-eslint/no-unsafe-return -- of a type that is none
  const secret = (request: Request) => reportResource(REPORT).bodyFor(request).data.secret;
  // @ts-expect-error another item has no such resource
  const other = () => reportResource({ id: 7 }).bodyFor;
  expect([one, name, secret, other]).toHaveLength(4);
});

/** Routes that give pages of 45 rows, ten each. */
async function pages() {
  const site = await serve((route) => {
    const of = (db: Database) =>
      (db as unknown as Kysely<{ reports: Report }>).selectFrom('reports').selectAll();
    route.get('/reports', async ({ query }) => {
      const db = site.app.make(Database);
      const page = await paginate(db, of(db).orderBy('id'), { page: query['page'], perPage: 10 });
      return defineResource((report: Report) => report.id).page(page);
    });
    route.get('/empty', async () => {
      const db = site.app.make(Database);
      const page = await paginate(db, of(db).where('id', '=', -1), { perPage: 10 });
      return reportResource.page(page, { parameter: 'p' });
    });
    route.get('/{*rest}', async ({ query }) => {
      const db = site.app.make(Database);
      const page = await cursorPaginate(of(db), {
        orderBy: [{ column: 'id' }],
        perPage: 20,
        cursor: query['cursor'],
      });
      return defineResource((report: Report) => report.id).page(page);
    });
  });
  const db = site.app.make(Database);
  await db.schema
    .createTable('reports')
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('title', 'text')
    .addColumn('secret', 'text')
    .execute();
  await sql`insert into reports (id, title)
    with recursive numbers(n) as (select 1 union all select n + 1 from numbers where n < 45)
    select n, 'Report ' || n from numbers`.execute(db);
  return site;
}

test('a page leads to the others, and keeps what else the address says', async () => {
  const { client } = await pages();
  const at = (page: number) => `/reports?tag=a&tag=b+c&page=${page}`;
  const second = await client.get('/reports?tag=a&page=2&tag=b%20c').expect(200);
  expect(second.body).toEqual({
    data: [11, 12, 13, 14, 15, 16, 17, 18, 19, 20],
    links: {
      first: '/reports?tag=a&page=1&tag=b+c',
      prev: '/reports?tag=a&page=1&tag=b+c',
      next: '/reports?tag=a&page=3&tag=b+c',
      last: '/reports?tag=a&page=5&tag=b+c',
    },
    meta: { total: 45, page: 2, perPage: 10, lastPage: 5 },
  });
  const first = await client.get('/reports?tag=a&tag=b+c').expect(200);
  expect(first.body.links).toEqual({ first: at(1), prev: null, next: at(2), last: at(5) });
  const last = await client.get(at(5)).expect(200);
  expect(last.body.links).toEqual({ first: at(1), prev: at(4), next: null, last: at(5) });
  const behind = await client.get(at(9)).expect(200);
  expect(behind.body.data).toEqual([]);
  expect(behind.body.links).toEqual({ first: at(1), prev: at(5), next: null, last: at(5) });
});

test('an empty page is the only one', async () => {
  const { client } = await pages();
  const { body } = await client.get('/empty').expect(200);
  expect(body).toEqual({
    data: [],
    links: { first: '/empty?p=1', prev: null, next: null, last: '/empty?p=1' },
    meta: { total: 0, page: 1, perPage: 10, lastPage: 1 },
  });
});

test('the links of cursors lead through all rows, there and back', async () => {
  const { client } = await pages();
  const found: number[][] = [];
  let path: string | null = '/feed?tag=a';
  let last = '';
  while (path !== null) {
    const { body } = (await client.get(path).expect(200)) as {
      body: { data: number[]; links: { next: string | null }; meta: object };
    };
    found.push(body.data);
    expect(body.meta).toHaveProperty('perPage', 20);
    [last, path] = [path, body.links.next];
  }
  expect(found.map((ids) => ids.length)).toEqual([20, 20, 5]);
  expect(last).toMatch(/^\/feed\?tag=a&cursor=/);
  const { body } = await client.get(last);
  const before = await client.get(body.links.prev as string).expect(200);
  expect(before.body.data).toEqual(found[1]);
});

test('no link leads to another site, whatever the address began with', async () => {
  const { client } = await pages();
  const { body } = await client.get('//evil.example/feed').expect(200);
  expect(body.links.next).toMatch(/^\/evil\.example\/feed\?cursor=/);
});

test('the links of a tenant are below its path', async () => {
  const site = await openTenantSite({
    identification: `{ chain: ['path'] }`,
    tenantRoutes: (route) => {
      route.get('/reports', () =>
        reportResource.page({ data: [], total: 30, page: 1, perPage: 15, lastPage: 2 }),
      );
    },
    tenants: ['acme'],
  });
  try {
    const { json } = await site.ask({ path: '/t/acme/reports' });
    expect(json?.['links']).toMatchObject({ next: '/t/acme/reports?page=2' });
  } finally {
    await site.close();
  }
});
