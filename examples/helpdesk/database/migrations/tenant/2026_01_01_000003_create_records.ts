import { createTenantTable, defineMigration, dropTenantTable } from 'trilite';

/** What the help desk notes of its own work. */
export default defineMigration({
  async up(db) {
    // What the dashboard shows as it happens. The order of its ids is that of the live page.
    await createTenantTable(db, 'activities', (table) =>
      table
        .addColumn('id', 'integer', (column) => column.primaryKey().autoIncrement())
        .addColumn('text', 'text', (column) => column.notNull())
        .addColumn('ticket_id', 'integer', (column) => column.references('tickets.id'))
        .addColumn('created_at', 'integer', (column) => column.notNull()),
    );
    await createTenantTable(db, 'notifications', (table) =>
      table
        .addColumn('id', 'integer', (column) => column.primaryKey())
        // What it is about and whom it is for: it is sent once.
        .addColumn('key', 'text', (column) => column.notNull().unique())
        .addColumn('sent_at', 'integer', (column) => column.notNull()),
    );
    await createTenantTable(db, 'imports', (table) =>
      table
        .addColumn('id', 'integer', (column) => column.primaryKey())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('batch_id', 'text', (column) => column.notNull())
        .addColumn('rows', 'integer', (column) => column.notNull())
        // Null while it goes on.
        .addColumn('finished_at', 'integer')
        .addColumn('created_at', 'integer', (column) => column.notNull()),
    );
    await createTenantTable(db, 'import_problems', (table) =>
      table
        .addColumn('id', 'integer', (column) => column.primaryKey())
        .addColumn('import_id', 'integer', (column) => column.notNull().references('imports.id'))
        .addColumn('line', 'integer', (column) => column.notNull())
        .addColumn('problem', 'text', (column) => column.notNull())
        .addUniqueConstraint('import_problems_line', ['import_id', 'line']),
    );
    await createTenantTable(db, 'reports', (table) =>
      table
        // 2026-01-31
        .addColumn('day', 'text', (column) => column.primaryKey().notNull())
        .addColumn('opened', 'integer', (column) => column.notNull())
        .addColumn('closed', 'integer', (column) => column.notNull())
        .addColumn('comments', 'integer', (column) => column.notNull())
        .addColumn('waiting', 'integer', (column) => column.notNull()),
    );
  },

  async down(db) {
    for (const table of ['reports', 'import_problems', 'imports', 'notifications', 'activities']) {
      await dropTenantTable(db, table);
    }
  },
});
