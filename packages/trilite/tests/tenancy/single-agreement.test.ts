import { sql } from 'kysely';
import { databaseSchema } from '../../src/config/schema';
import { ConnectionRegistry } from '../../src/database/connection-registry';
import { Database } from '../../src/database/database';
import type { Migration } from '../../src/database/migrations/migration';
import { Migrator } from '../../src/database/migrations/migrator';
import { createTenantTable } from '../../src/database/migrations/tenant-table';
import { as, connections, db, useSingleDatabase } from '../helpers/single';

// Whatever is asked, the answer is the one that a tenant with a file of its own gets.

const SHOP: Migration = {
  async up(schema) {
    await createTenantTable(schema, 'goods', (table) =>
      table
        .addColumn('id', 'integer', (column) => column.primaryKey())
        .addColumn('name', 'text', (column) => column.notNull().unique())
        .addColumn('price', 'integer', (column) => column.notNull().defaultTo(1)),
    );
    await createTenantTable(schema, 'sales', (table) =>
      table
        .addColumn('good_id', 'integer', (column) => column.references('goods.id'))
        .addColumn('day', 'text')
        .addColumn('pieces', 'integer', (column) => column.notNull())
        .addPrimaryKeyConstraint('sales_key', ['good_id', 'day'])
        .modifyEnd(sql`without rowid`),
    );
  },
};

useSingleDatabase(SHOP);

/** In this order, each on what those before it have left. */
const STATEMENTS = [
  `insert into goods (id, name, price) values (1, 'pen', 2), (2, 'ink', 5), (3, 'cap', 1)`,
  `insert into goods values (4, 'jar', 7) returning *`,
  `insert into goods (id, name) values (5, 'box') returning id as number, upper(goods.name) as name`,
  `insert into sales values (1, 'mon', 3), (1, 'tue', 4), (2, 'mon', 1)`,
  `insert into sales (good_id, day, pieces) values (1, 'mon', 2) on conflict (good_id, day) do update set pieces = pieces + excluded.pieces returning *`,
  `insert or ignore into goods (id, name) values (9, 'pen')`,
  `insert or replace into goods (id, name, price) values (5, 'bag', 8)`,
  `replace into goods (id, name) values (6, 'jar') returning id`,
  `insert into goods as g (id, name) values (1, 'pen') on conflict (name) do update set price = g.price + 1 where g.price > 0`,
  `insert into goods (id, name) values (1, 'pen') on conflict (id) do nothing`,
  `insert into goods (id, name) values (7, 'pen') on conflict do nothing returning id`,
  `insert into goods (id, name) select id + 10, name || '!' from goods where price > 2 returning id`,
  `insert into goods (id, name) values (30, 'x') on conflict (id) do update set name = 'y' on conflict (name) do nothing`,
  `with more as (select max(id) + 1 as id from goods) insert into goods (id, name) select id, 'more' from more returning *`,
  `update goods set price = price * 2 where id < 3 returning goods.id, price`,
  `update goods set price = (select sum(pieces) from sales where sales.good_id = goods.id) where id in (select good_id from sales)`,
  `update goods as g set price = s.pieces from sales as s where s.good_id = g.id and s.day = 'tue'`,
  `update or ignore goods set name = 'pen' where id = 2`,
  `update goods set name = name || case when price > 5 then '+' else '' end;`,
  `update sales set pieces = 0 where (good_id, day) = (1, 'tue') or pieces in (1)`,
  `delete from sales where pieces = 0 returning *`,
  `delete from goods where not exists (select 1 from sales where good_id = goods.id) and id > 20 -- the last`,
  `select goods.*, pieces from goods left join sales on sales.good_id = goods.id order by goods.id, day`,
  `select name, rank() over (order by price desc, id) as place from goods order by id`,
  `select day, count(*), sum(pieces * price) from sales join goods on id = good_id group by day having count(*) > 0`,
  `with recursive chain(id) as (select 1 union all select chain.id + 1 from chain where chain.id < 3) select name from goods join chain using (id)`,
  `select 1 from goods where name = 'nothing' union select count(*) from sales`,
  `select id from goods g where price = (select max(price) from goods where id <> g.id) or id = 2 order by 1 limit 3 offset 0`,
  `insert into sales values (99, 'mon', 1)`,
  `insert into goods (name) values (null)`,
  `insert into nowhere values (1)`,
  `update goods set nothing = 1`,
  `delete from goods where id = 1`,
  `delete from sales`,
  `delete from goods`,
  `select count(*) from goods`,
];

async function answer(on: typeof db, text: string): Promise<unknown> {
  try {
    const { rows, numAffectedRows } = await sql.raw(text).execute(on);
    return { rows, numAffectedRows };
  } catch (error) {
    return (error as { sqliteCode?: string }).sqliteCode ?? error;
  }
}

test('every statement does what it does in a file of the tenant’s own', async () => {
  const own = new ConnectionRegistry(
    databaseSchema.parse({
      default: 'default',
      connections: { default: { driver: 'sqlite', file: ':memory:' } },
    }),
  );
  const migrations = [{ name: '0001', load: () => SHOP }];
  await new Migrator(own, [{ connection: 'default', migrations }]).migrate();
  const alone = new Database(own);
  // Rows of another tenant lie among them, with the same names
  await as('globex', async () => {
    await sql`insert into goods (id, name) values (101, 'pen'), (102, 'ink'), (103, 'jar')`.execute(
      db,
    );
    await sql`insert into sales values (101, 'mon', 8), (102, 'tue', 9)`.execute(db);
  });
  const others = (): Promise<unknown[]> =>
    connections
      .connection()
      .read((handle) =>
        handle
          .statement(
            `select * from goods_all left join sales_all on good_id = id where goods_all.tenant_id = 'globex'`,
          )
          .all(),
      );
  const before = await others();
  for (const text of STATEMENTS) {
    const expected = await answer(alone, text);
    expect({ text, answer: await as('acme', () => answer(db, text)) }).toEqual({
      text,
      answer: expected,
    });
  }
  expect(await others()).toEqual(before);
  await own.close();
});
