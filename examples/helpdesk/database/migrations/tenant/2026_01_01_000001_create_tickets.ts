import {
  createTenantIndex,
  createTenantSearch,
  createTenantTable,
  defineMigration,
  dropTenantSearch,
  dropTenantTable,
} from 'trilite';

export default defineMigration({
  async up(db) {
    await createTenantTable(db, 'tickets', (table) =>
      table
        .addColumn('id', 'integer', (column) => column.primaryKey())
        .addColumn('subject', 'text', (column) => column.notNull())
        .addColumn('body', 'text', (column) => column.notNull())
        .addColumn('status', 'text', (column) => column.notNull())
        .addColumn('priority', 'text', (column) => column.notNull())
        .addColumn('requester_id', 'integer', (column) => column.notNull().references('users.id'))
        .addColumn('assignee_id', 'integer', (column) => column.references('users.id'))
        // The import and its line, "7:12": a second run of the job finds what the first one did.
        .addColumn('source', 'text', (column) => column.unique())
        .addColumn('created_at', 'integer', (column) => column.notNull())
        .addColumn('updated_at', 'integer', (column) => column.notNull())
        // Null unless it is closed.
        .addColumn('closed_at', 'integer'),
    );
    await createTenantIndex(db, 'tickets_status', (index) =>
      index.on('tickets').columns(['status', 'updated_at']),
    );
    await createTenantIndex(db, 'tickets_requester', (index) =>
      index.on('tickets').columns(['requester_id', 'updated_at']),
    );
    await createTenantSearch(db, 'tickets_search', {
      table: 'tickets',
      columns: ['subject', 'body'],
    });
  },

  async down(db) {
    await dropTenantSearch(db, 'tickets_search');
    await dropTenantTable(db, 'tickets');
  },
});
